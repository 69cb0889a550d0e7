//! What was asked and what came back: each thing once, and three eyes on one page.

use super::stage::{Stage, survey, works, wrong_turn};
use crate::{
    journal::Event,
    probe::{Evidence, HttpAnswer, Observation, Rows, Survey},
    tui::{Focus, Tab},
};

fn told(stage: &mut Stage, report: crate::diagnosis::Report, survey: Survey) {
    stage.event(Event::Verified { lesson: "app-port".into(), report, survey });
    stage.model.nav.hop = None;
    stage.model.nav.focus = Focus::Side;
    stage.model.nav.tab = Tab::Evidence;
}

#[test]
fn one_question_with_two_names_is_shown_once() {
    let mut seen = survey();
    let hop = Evidence { id: "nginx-flaskapp".into(), ..seen.evidence["upstream"].clone() };
    let command = crate::tui::content::answer::question(&hop);
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
        ("submit", "curl -iL -d name=… http://localhost:8080/", Observation::Http(page)),
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
        let submit = crate::tui::content::evidence_list::position(&stage.model, "submit").unwrap();
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

/// Each kind of answer, to questions as they are asked.
fn asked() -> Vec<(&'static str, &'static str, Observation)> {
    let of_curl = "curl -i http://localhost:8080/";
    let inside = "docker compose exec nginx curl -i http://flaskapp:5001/";
    let as_app = "docker compose exec flaskapp python -c \"import database; database.engine.connect()\"";
    let page = |body: &str, visible: &str| HttpAnswer {
        status: 200,
        reason: "OK".into(),
        server: Some("nginx/1.28.0".into()),
        headers: vec![("Server".into(), "nginx/1.28.0".into())],
        body: body.into(),
        visible: visible.into(),
        ..HttpAnswer::default()
    };
    let sold = hides_them();
    let submit =
        "curl -iL -b cookies -c cookies -d 'csrf_token=…' -d name=teapot -d quantity=42 http://localhost:8080/";
    let longer =
        "<html>\n<body>\n<h1>Sell something</h1>\n<p>to whom it may concern, and to others</p>\n</body>\n</html>";
    let psql =
        "docker compose exec db psql -U docker -P null=NULL -c \"SELECT * FROM items WHERE name = 'teapot-ab12cd34'\"";
    let ended =
        Observation::NotRunning { service: "flaskapp".into(), exit_code: Some(1), last_line: Some("no".into()) };
    vec![
        ("browser-nginx", of_curl, Observation::Http(page("Hello", "Hello"))),
        ("page", of_curl, Observation::Http(page(longer, "Sell something\n\nto whom it may concern, and to others"))),
        ("browser-nginx", of_curl, Observation::Refused),
        ("browser-nginx", of_curl, Observation::TimedOut { seconds: 10.0 }),
        ("upstream", inside, Observation::Refused),
        ("upstream", inside, Observation::Http(page("Hello", "Hello"))),
        ("flaskapp-db", as_app, Observation::Connected { what: "PostgreSQL 17.5".into() }),
        ("flaskapp-db", as_app, Observation::Exit { code: 1, output: "FATAL: no such user".into() }),
        ("nginx-flaskapp", "docker compose logs flaskapp", ended),
        ("submit", submit, sold.evidence["submit"].observation.clone()),
        ("rows", psql, sold.evidence["rows"].observation.clone()),
        ("rows", psql, Observation::Rows(Rows::default())),
    ]
}

#[test]
fn what_stands_behind_a_dollar_sign_is_what_the_command_prints() {
    use crate::{
        diagnosis::transcript,
        tui::{Theme, content::answer},
    };
    let words = |text: &str| text.replace(['│', '|'], " ").split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    let mut seen = 0;
    for (id, command, observation) in asked() {
        let vantage = if command.contains("exec") { "db" } else { "host" };
        let evidence = Evidence {
            id: id.to_owned(),
            command: command.to_owned(),
            vantage: vantage.to_owned(),
            observation,
            seconds: 0.1,
        };
        for columns in [60, 76, 100, 140] {
            let lines = answer::piece(&evidence, Theme::MONO, columns, answer::Beside::Nothing);
            let text: Vec<String> = lines.iter().map(ToString::to_string).collect();
            let Some(printed) = transcript(&evidence) else {
                assert!(text[0].starts_with("Breakfix "), "{text:?}");
                continue;
            };
            seen += 1;
            assert!(text[0].starts_with("$ "), "{text:?}");
            let mut printed = words(&printed);
            if let Observation::Http(answer) = &evidence.observation {
                printed.extend(words(&answer.visible));
            }
            // The eyes have headings of their own, and the browser's eye stands beside what was sent.
            let own = ["the browser shows", "what was sent", "the database holds", "… more", "(the same"];
            let eyes = words("the browser shows what was sent database holds, in items (nothing)");
            for line in
                text.iter().skip(1).filter(|line| !line.starts_with("  ") && !own.iter().any(|own| line.contains(own)))
            {
                for word in words(line) {
                    assert!(printed.contains(&word) || eyes.contains(&word), "{word:?} of {line:?} in {printed:?}");
                }
            }
        }
    }
    assert!(seen > 0);
}
