//! What was asked and what came back: each thing once, and three eyes on one page.

use super::stage::{Stage, survey, works, wrong_turn};
use crate::{
    journal::Event,
    probe::{Evidence, HttpAnswer, Observation, Rows, Survey},
    tui::{Focus, Tab},
};

fn told(stage: &mut Stage, report: crate::diagnosis::Report, survey: Survey) {
    stage.event(Event::Verified { lesson: "app-port".into(), report, survey });
    stage.model.hop = None;
    stage.model.focus = Focus::Side;
    stage.model.tab = Tab::Evidence;
}

#[test]
fn one_question_with_two_names_is_shown_once() {
    let mut seen = survey();
    let hop = Evidence { id: "nginx-flaskapp".into(), ..seen.evidence["upstream"].clone() };
    let command = hop.command.clone();
    seen.evidence.insert(hop.id.clone(), hop);
    let mut stage = Stage::at_work(80, 80, "app-port");
    told(&mut stage, wrong_turn(), seen.clone());
    let count = |stage: &Stage| stage.screen().matches(&command).count();
    assert_eq!(count(&stage), 1, "{}", stage.screen());
    // The link's own pane, too.
    stage.press("m");
    assert_eq!(count(&stage), 1, "{}", stage.screen());
    // Two answers to one question are two.
    seen.evidence.get_mut("nginx-flaskapp").unwrap().observation = Observation::Reset;
    told(&mut stage, wrong_turn(), seen);
    assert_eq!(count(&stage), 2, "{}", stage.screen());
}

/// A shop that hides its items: the page in the browser, as it was sent, and the row.
fn hides_them() -> Survey {
    let page = HttpAnswer {
        status: 200,
        reason: "OK".into(),
        body: "[<models.Items object at 0x7f21c0a3d1d0>, <models.Items object at 0x7f21c0a3d2e0>]".into(),
        visible: "[, ]".into(),
        ..HttpAnswer::default()
    };
    let rows = Rows {
        table: "items".into(),
        columns: ["id", "name", "quantity", "description", "date_added"].map(str::to_owned).to_vec(),
        rows: vec![vec![
            Some("2".into()),
            Some("teapot-ab12cd34".into()),
            Some("42".into()),
            Some("blue".into()),
            None,
        ]],
        total: 2,
        ..Rows::default()
    };
    let mut seen = survey();
    for (id, command, observation) in [
        ("submit", "curl -siL -d name=… http://localhost:8080/", Observation::Http(page)),
        ("rows", "docker compose exec db psql -c \"select * from items\"", Observation::Rows(rows)),
    ] {
        let evidence =
            Evidence { id: id.into(), command: command.into(), vantage: "host".into(), observation, seconds: 0.1 };
        seen.evidence.insert(id.into(), evidence);
    }
    seen
}

#[test]
fn three_eyes_stand_side_by_side_where_there_is_room() {
    for (columns, rows) in [(220, 40), (120, 40), (80, 40)] {
        let mut stage = Stage::at_work(columns, rows, "app-port");
        told(&mut stage, works(), hides_them());
        let submit = crate::tui::view::evidence_position(&stage.model, "submit").unwrap();
        for _ in 0..submit {
            stage.press("]");
        }
        let screen = stage.screen();
        insta::assert_snapshot!(format!("three-eyes@{columns}x{rows}"), screen);
        let row = |words: &str| screen.lines().position(|line| line.contains(words)).unwrap();
        let wide = columns >= 200;
        assert_eq!(row("the browser shows") == row("the database holds"), wide);
        assert_eq!(screen.contains("these rows stand beside the page"), wide);
        assert!(screen.contains("teapot-ab12cd34") && screen.contains("NULL"));
    }
}
