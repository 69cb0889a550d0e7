//! Thinking before doing: the hypothesis, one change at a time, hints, and the prediction compared.

use super::stage::{Stage, bad_gateway, facts, rebuild_app, works, wrong_turn};
use crate::{
    conductor::{Action, Update},
    course::Rung,
    journal::Event,
    tui::{Effect, Overlay, Page},
};

/// An edit that is saved and not live.
fn edited(stage: &mut Stage) {
    stage.edited("app.py");
    stage.stale(rebuild_app());
}

fn asked() -> Stage {
    let mut stage = Stage::at_work(80, 24, "app-port");
    stage.tell(Update::Facts(facts()));
    stage.verified("app-port", bad_gateway());
    stage.asked();
    stage
}

#[test]
fn before_an_edit_is_made_live_one_line_is_asked_for() {
    let mut stage = asked();
    edited(&mut stage);
    stage.asked();
    stage.press("u");
    assert_eq!(stage.asked(), []);
    insta::assert_snapshot!("hypothesis", stage.screen());
    stage.write("the port, because the logs name two");
    stage.press("Enter");
    assert_eq!(stage.asked(), [Action::MakeLive]);
    assert_eq!(stage.model.here().hypotheses, ["the port, because the logs name two"]);
    stage.press("u");
    assert_eq!(stage.asked(), [Action::MakeLive], "asked once for an edit");

    edited(&mut stage);
    stage.verified("app-port", works());
    assert!(stage.model.nav.page == Page::Solved);
    stage.press("Enter End");
    assert!(stage.shows("you thought: the port"), "{}", stage.screen());
}

#[test]
fn a_hypothesis_can_be_skipped_and_is_then_not_asked_for_again() {
    let mut stage = asked();
    for _ in 0..2 {
        edited(&mut stage);
        stage.press("u");
        assert!(matches!(stage.model.dialog.overlay, Some(Overlay::Hypothesis { .. })));
        stage.press("Enter");
    }
    stage.asked();
    edited(&mut stage);
    stage.press("u");
    assert!(stage.model.dialog.overlay.is_none(), "two in a row mean no");
    assert!(stage.asked().contains(&Action::MakeLive));
    assert!(stage.model.here().hypotheses.is_empty());
}

#[test]
fn escape_makes_nothing_live() {
    let mut stage = asked();
    edited(&mut stage);
    stage.asked();
    stage.press("b Esc");
    assert!(stage.model.dialog.overlay.is_none());
    assert_eq!(stage.asked(), []);
}

#[test]
fn more_than_one_cause_at_once_is_remarked_on_once() {
    let mut stage = asked();
    let mut both = facts();
    both.insert("flaskapp.port".into(), "5001".into());
    both.insert("db.port".into(), "5433".into());
    edited(&mut stage);
    stage.tell(Update::Facts(both.clone()));
    stage.press("u");
    insta::assert_snapshot!("many-changes", stage.screen());
    stage.press("Enter");
    edited(&mut stage);
    stage.press("u");
    assert!(!stage.shows("More than one thing"));
    stage.press("Enter");

    let mut stage = asked();
    let mut one = facts();
    one.insert("flaskapp.port".into(), "80".into());
    one.insert("nginx.upstream_port".into(), "80".into());
    edited(&mut stage);
    stage.tell(Update::Facts(one));
    stage.press("u");
    assert!(stage.shows("One line first") && !stage.shows("More than one thing"), "both ends of a link are one cause");
}

#[test]
fn a_wrong_turn_that_was_recognised_speaks_before_the_hints() {
    let mut stage = Stage::at_work(80, 24, "app-port");
    stage.verified("app-port", wrong_turn());
    stage.press("h");
    assert!(matches!(stage.model.dialog.overlay, Some(Overlay::Reading { .. })));
    assert_eq!(stage.model.here().explained, ["expose-only"]);
    stage.press("Enter h");
    assert_eq!(stage.model.here().hints, [Rung::Where]);
}

#[test]
fn the_last_rung_shows_the_fix_and_applies_it_on_request() {
    let mut stage = Stage::at_work(80, 24, "app-port");
    let hints = stage.model.lesson().unwrap().hints.len();
    for _ in 0..hints {
        stage.press("h h");
    }
    assert!(stage.model.here().hints.contains(&Rung::Show));
    assert!(matches!(stage.model.dialog.overlay, Some(Overlay::Revealing)), "{}", stage.screen());
    stage.asked();
    stage.press("Enter");
    assert_eq!(stage.asked(), [Action::Reveal { lesson: "app-port".into() }]);
}

#[test]
fn a_shell_is_opened_in_a_container_that_runs() {
    let mut stage = asked();
    stage.press("m x");
    insta::assert_snapshot!("shell", stage.screen());
    stage.press("Enter");
    assert!(stage.effects.contains(&Effect::OpenShell("flaskapp".into())), "that of the link");
    stage.tell(Update::Containers(vec![]));
    stage.press("x");
    assert!(stage.shows("No container runs"));
}

#[test]
fn what_was_said_can_be_copied() {
    let mut stage = asked();
    stage.press("1 Y");
    let copied = stage.effects.iter().find_map(|effect| match effect {
        Effect::Copy(text) => Some(text.clone()),
        _ => None,
    });
    assert_eq!(copied.as_deref(), Some("connection refused: nobody listens there\n"));
    stage.event(Event::Noted { lesson: "app-port".into(), text: "x".into() });
    stage.press("5 Y");
    assert!(stage.shows("Copied"));
}
