//! Starting anywhere: jumping ahead, repeating, the fast track, the tour; and the mouse.

use crossterm::event::{KeyModifiers, MouseButton, MouseEvent, MouseEventKind};

use super::stage::{Stage, works, wrong_turn};
use crate::{
    conductor::Action,
    journal::Event,
    tui::{Effect, Focus, Msg, Overlay, Page, Screen, Tab},
};

fn reveal(lesson: &str) -> Action {
    Action::Reveal { lesson: lesson.into() }
}

#[test]
fn jumping_ahead_mends_what_lies_before_after_asking() {
    let mut stage = Stage::ready(80, 24);
    stage.shop_runs();
    stage.press("Enter l Down Down");
    stage.asked();
    stage.press("Enter");
    insta::assert_snapshot!("jumping", stage.screen());
    assert_eq!(stage.model.nav.lesson, 0, "nothing happens before the answer");
    stage.press("m");
    assert_eq!(stage.asked(), [reveal("host-port")]);
    assert_eq!(stage.model.lesson_id(), "app-port");
}

#[test]
fn a_lesson_can_be_opened_with_the_bugs_before_it_left_alone() {
    let mut stage = Stage::ready(80, 24);
    stage.shop_runs();
    stage.press("Enter l Down Down Enter");
    stage.asked();
    stage.press("o");
    assert_eq!(stage.asked(), []);
    assert_eq!(stage.model.lesson_id(), "app-port");
    stage.press("l Up Enter");
    assert_eq!(stage.model.lesson_id(), "host-port", "back needs no question");
}

#[test]
fn a_solved_lesson_is_repeated_with_its_bug_back() {
    let mut stage = Stage::at_work(80, 24, "app-port");
    stage.press("l r");
    assert!(stage.shows("Only a lesson whose bug was mended"));
    stage.press("Esc");
    stage.verified("app-port", works());
    stage.press("Enter l r");
    insta::assert_snapshot!("repeating", stage.screen());
    stage.asked();
    stage.press("Enter");
    assert_eq!(stage.asked(), [Action::Repeat { lesson: "app-port".into() }]);
    stage.event(Event::Repeated { lesson: "app-port".into(), backup: ".breakfix/backup/1".into() });
    assert!(!stage.model.here().is_solved() && stage.model.here().attempts == 0);
    assert_eq!(stage.model.nav.page, Page::Beat(0));
}

#[test]
fn the_fast_track_leaves_the_stories_out() {
    let mut stage = Stage::at_work(80, 24, "app-port");
    stage.press("l f");
    assert!(stage.shows("fast track: only the symptoms"));
    stage.press("Esc");
    assert_eq!(stage.model.pages(), [Page::Work]);
    stage.press("l f Esc");
    assert!(stage.model.pages().len() > 2);
}

#[test]
fn a_first_start_shows_the_tour_and_any_key_leaves_it() {
    let mut stage = Stage::ready(80, 24);
    stage.model.config.tour = true;
    stage.press("Enter");
    assert!(matches!(stage.model.dialog.overlay, Some(Overlay::Tour)));
    stage.press("Down");
    assert!(stage.model.dialog.overlay.is_some(), "it can be scrolled");
    stage.press("v");
    assert!(stage.model.dialog.overlay.is_none());
    assert!(!stage.asked().iter().any(|action| matches!(action, Action::Verify { .. })), "the key only leaves it");
}

#[test]
fn the_tour_comes_once() {
    let mut stage = Stage::ready(80, 24);
    stage.model.config.tour = true;
    stage.press("t Esc Enter");
    assert_eq!(stage.model.nav.screen, Screen::Lesson);
    assert!(stage.model.dialog.overlay.is_none(), "{}", stage.screen());
}

fn mouse(stage: &mut Stage, kind: MouseEventKind, column: u16, row: u16) {
    stage.send(Msg::Mouse(MouseEvent { kind, column, row, modifiers: KeyModifiers::NONE }));
}

#[test]
fn the_mouse_is_taken_on_request_and_points_at_links_panes_and_tabs() {
    let mut stage = Stage::at_work(120, 30, "app-port");
    stage.verified("app-port", wrong_turn());
    stage.press("M");
    assert!(stage.effects.contains(&Effect::Mouse(true)));
    let click = MouseEventKind::Down(MouseButton::Left);
    let find = |stage: &Stage, words: &str| {
        let screen = stage.screen();
        let (row, line) = screen.lines().enumerate().find(|(_, line)| line.contains(words)).unwrap();
        let column = line[..line.find(words).unwrap()].chars().count();
        (u16::try_from(column).unwrap(), u16::try_from(row).unwrap())
    };
    let (column, row) = find(&stage, "not reached yet");
    mouse(&mut stage, click, column + 4, row - 1);
    assert_eq!((stage.model.nav.focus, stage.model.nav.hop), (Focus::Map, Some(2)));
    let (column, row) = find(&stage, "4 Diff");
    mouse(&mut stage, click, column, row);
    assert_eq!((stage.model.nav.focus, stage.model.nav.tab, stage.model.nav.hop), (Focus::Side, Tab::Diff, None));
    mouse(&mut stage, click, 5, 12);
    assert_eq!(stage.model.nav.focus, Focus::Lesson);
    stage.press("1");
    mouse(&mut stage, MouseEventKind::ScrollDown, 80, 12);
    assert!(stage.model.nav.scrolls.evidence.top > 0 && stage.model.nav.focus == Focus::Side);
    stage.press("M");
    assert!(stage.effects.contains(&Effect::Mouse(false)));
}
