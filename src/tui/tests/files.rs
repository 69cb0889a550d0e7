//! The lab's files: their colours, their tree, what changed, and the built-in editor beside another one.

use super::stage::{Stage, texts};
use crate::{
    compose::{Finding, Place, Severity},
    conductor::{Action, Update},
    tui::{Effect, Msg, Overlay, Theme},
};

#[test]
fn files_have_colours_and_the_changed_lines_a_mark() {
    let mut stage = Stage::at_work(80, 24, "app-port");
    stage.model.theme = Theme::COLOUR;
    stage.press("3");
    insta::assert_snapshot!("files-styles", stage.styles());
    stage.press("]");
    assert!(stage.shows(" 3 + EXPOSE 5001"));
}

#[test]
fn where_there_is_room_the_files_stand_as_a_tree() {
    let mut stage = Stage::at_work(200, 60, "app-port");
    stage.press("3 ] ]");
    insta::assert_snapshot!("files-tree", stage.screen());
}

#[test]
fn a_page_brings_the_line_that_it_speaks_of_into_sight() {
    let mut stage = Stage::ready(100, 20);
    stage.shop_runs();
    stage.press("Enter l Down Enter Enter Enter 1");
    assert!(stage.shows("13 ▸     image: nginx:1.28") && stage.shows("15         - \"80:8080\""), "{}", stage.screen());
    assert!(!stage.shows(" 1   services:"));
    // What the learner has scrolled to stays, and a file in which nothing of the kind is left begins at its top.
    stage.press("3 Home");
    assert!(stage.shows(" 1   services:"), "{}", stage.screen());
    let mut now = texts();
    now.files[3].1 = now.files[3].1.replace("nginx:1.28", "nginx:1.29");
    stage.send(Msg::Lab(now));
    stage.press("0 Backspace Enter");
    assert!(stage.shows(" 1   services:") && !stage.shows("▸     image"), "{}", stage.screen());
}

#[test]
fn the_editor_opens_at_the_line_that_the_page_speaks_of() {
    let mut stage = Stage::ready(80, 24);
    stage.shop_runs();
    stage.press("Enter l Down Enter Enter Enter 1 e Enter");
    stage.send(Msg::Opened { file: "docker-compose.yml".into(), text: Ok(texts().files[3].1.clone()) });
    assert!(stage.shows("line 13 of"), "{}", stage.screen());
    stage.press("Esc e Up Enter");
    stage.send(Msg::Opened { file: "app.py".into(), text: Ok(texts().files[1].1.clone()) });
    assert!(stage.shows("line 1 of"), "another file begins at its top");
}

fn editing() -> Stage {
    let mut stage = Stage::at_work(80, 24, "app-port");
    stage.send(Msg::Opened { file: "app.py".into(), text: Ok(texts().files[1].1.clone()) });
    stage
}

fn outside(stage: &mut Stage, text: &str) {
    let mut now = texts();
    now.files[1].1 = text.to_owned();
    stage.send(Msg::Lab(now));
}

#[test]
fn the_editor_has_the_files_colours() {
    let mut stage = editing();
    stage.model.theme = Theme::COLOUR;
    insta::assert_snapshot!("editor-styles", stage.styles());
}

#[test]
fn what_another_program_writes_is_read_again_unless_something_is_not_saved() {
    let mut stage = editing();
    outside(&mut stage, "import flask\n");
    assert!(stage.shows("import flask") && stage.shows("changed outside, and read again"));
    stage.write("x");
    outside(&mut stage, "import os\n");
    assert!(stage.shows("ximport flask") && stage.shows("Ctrl-S writes yours over it"), "{}", stage.screen());
}

#[test]
fn a_look_that_began_before_the_save_takes_nothing_back() {
    let mut stage = editing();
    stage.write("# ");
    stage.press("Ctrl-S");
    stage.send(Msg::Saved { file: "app.py".into(), result: Ok(()) });
    stage.send(Msg::Lab(texts()));
    assert!(stage.shows("# from flask"), "{}", stage.screen());
}

#[test]
fn the_editor_opens_where_the_compose_file_is_wrong() {
    let mut stage = Stage::at_work(80, 24, "app-port");
    let place = Place { file: "docker-compose.yml".into(), line: 15, column: 9 };
    let finding = Finding {
        severity: Severity::Error,
        place,
        message: "no such port".into(),
        expected: String::new(),
        line_text: String::new(),
    };
    stage.tell(Update::Files { findings: vec![finding], stale: vec![] });
    stage.send(Msg::Opened { file: "docker-compose.yml".into(), text: Ok(texts().files[3].1.clone()) });
    assert!(stage.shows("line 15 of"));
    let Some(Overlay::Editor(editor)) = &stage.model.dialog.overlay else { panic!("no editor") };
    assert_eq!(editor.area.cursor().1, 8);
}

#[test]
fn searching_without_a_word_finds_the_last_one_again() {
    let mut stage = editing();
    stage.press("Ctrl-F");
    stage.write("app");
    stage.press("Enter");
    assert!(stage.shows("line 3 of"));
    stage.press("Ctrl-F Enter");
    assert!(stage.shows("line 6 of"), "{}", stage.screen());
}

#[test]
fn a_key_looks_at_everything_again() {
    let mut stage = Stage::at_work(80, 24, "app-port");
    stage.effects.clear();
    stage.press("Ctrl-R");
    assert_eq!(stage.effects, [Effect::Conduct(Action::Refresh), Effect::ReadLab]);
}
