//! The real binary on a real pseudo-terminal, without an engine: what only a terminal can tell.
#![cfg(unix)]
use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use portable_pty::CommandBuilder;

use crate::pty::Screen;

fn tutor(lab: &Path) -> CommandBuilder {
    let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_breakfix"));
    command.args(["learn", "--lab"]);
    command.arg(lab);
    command.args(["--engine", "unix:///nonexistent/breakfix-test.sock"]);
    for name in ["VISUAL", "EDITOR", "NO_COLOR"] {
        command.env_remove(name);
    }
    // The settings of whoever runs the tests are none of theirs.
    command.env("XDG_CONFIG_HOME", lab.parent().unwrap());
    command
}

fn lab() -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let lab = dir.path().join("lab");
    (dir, lab)
}

/// In a lesson whose story can be read without an engine.
fn in_the_story(mut command: CommandBuilder, lab: &Path) -> Screen {
    command.cwd(lab.parent().unwrap());
    let mut screen = Screen::start(command, 24, 80);
    screen.wait_for("read the story meanwhile");
    screen.press("\r");
    screen.wait_for("The tour");
    screen.press("\r");
    screen.wait_for("page 1 of");
    screen
}

#[test]
fn the_first_screen_comes_and_quitting_gives_the_terminal_back() {
    let (_dir, lab) = lab();
    let mut screen = Screen::start(tutor(&lab), 24, 80);
    screen.wait_for("Breakfix");
    screen.wait("the other screen", |screen| screen.alternate_screen());
    screen.press("q");
    let (code, parser) = screen.end();
    assert_eq!(code, 0);
    assert!(
        !parser.screen().alternate_screen() && !parser.screen().hide_cursor() && !parser.screen().bracketed_paste()
    );
}

#[test]
fn without_an_engine_it_says_so_and_the_story_can_be_read() {
    let (_dir, lab) = lab();
    let mut screen = in_the_story(tutor(&lab), &lab);
    screen.wait_for("no engine");
    screen.press("q");
    assert_eq!(screen.end().0, 0);
    assert!(lab.join("docker-compose.yml").is_file());
}

#[test]
fn a_second_tutor_in_the_same_lab_says_who_has_it() {
    let (_dir, lab) = lab();
    let mut first = Screen::start(tutor(&lab), 24, 80);
    first.wait_for("begin");
    let (code, screen) = Screen::start(tutor(&lab), 24, 80).end();
    assert_eq!(code, 2);
    let said = screen.screen().contents();
    assert!(said.contains("another tutor works in"), "{said}");
}

#[test]
fn it_follows_the_window() {
    let (_dir, lab) = lab();
    let mut screen = in_the_story(tutor(&lab), &lab);
    screen.resize(30, 120);
    screen.wait("two panes", |screen| {
        screen.rows(0, 120).any(|row| row.contains("1 Evidence") && !row.contains("0 Lesson"))
    });
    screen.resize(12, 40);
    screen.wait_for("make the window larger");
    screen.resize(24, 80);
    screen.wait_for("page 1 of");
    screen.press("q");
    assert_eq!(screen.end().0, 0);
}

#[test]
fn without_colour_the_highlight_stays() {
    let (_dir, lab) = lab();
    let mut command = tutor(&lab);
    command.env("NO_COLOR", "1");
    let mut screen = in_the_story(command, &lab);
    screen.press("l");
    screen.wait("a chosen line", |screen| {
        screen.contents().contains("Lessons") && screen.cell(5, 10).is_some_and(vt100::Cell::inverse)
    });
    let picture = screen.parser.screen();
    for row in 0..24 {
        for col in 0..80 {
            let cell = picture.cell(row, col).unwrap();
            assert_eq!((cell.fgcolor(), cell.bgcolor()), (vt100::Color::Default, vt100::Color::Default));
        }
    }
    screen.press("\u{1b}");
    // A key that came in the same moment as Esc would be another key: Alt with it.
    screen.wait("the list is gone", |screen| {
        !screen.contents().contains("Lessons") && screen.contents().contains("page 1 of")
    });
    screen.press("q");
    assert_eq!(screen.end().0, 0);
}

#[test]
fn the_editor_has_the_terminal_to_itself_and_gives_it_back() {
    let (dir, lab) = lab();
    let editor = dir.path().join("my editor");
    let typed = dir.path().join("typed");
    let script = format!("#!/bin/sh\necho EDITING\nhead -n 1 > '{}'\necho '# edited' >> \"$1\"\n", typed.display());
    fs::write(&editor, script).unwrap();
    fs::set_permissions(&editor, fs::Permissions::from_mode(0o755)).unwrap();
    let mut command = tutor(&lab);
    command.env("EDITOR", format!("'{}'", editor.display()));
    let mut screen = in_the_story(command, &lab);
    screen.press("e");
    screen.wait_for("Edit in your editor");
    screen.press("\r");
    screen.wait_for("EDITING");
    assert!(!screen.parser.screen().alternate_screen());
    screen.press("0123456789abcdefghij\n");
    screen.wait("the screen again", |screen| screen.alternate_screen() && screen.contents().contains("page 1 of"));
    assert_eq!(fs::read_to_string(typed).unwrap(), "0123456789abcdefghij\n", "no key was stolen");
    let compose = fs::read_to_string(lab.join("docker-compose.yml")).unwrap();
    assert!(compose.ends_with("# edited\n"));
    screen.press("q");
    assert_eq!(screen.end().0, 0);
}

#[test]
fn ctrl_z_goes_to_the_shell_and_fg_comes_back() {
    let (dir, lab) = lab();
    let mut shell = CommandBuilder::new("sh");
    shell.arg("-i");
    shell.cwd(dir.path());
    shell.env("PS1", "SHELL> ");
    shell.env_remove("ENV");
    let mut screen = Screen::start(shell, 24, 80);
    screen.wait_for("SHELL>");
    let engine = "unix:///nonexistent/breakfix-test.sock";
    screen.press(&format!("'{}' learn --lab '{}' --engine {engine}\n", env!("CARGO_BIN_EXE_breakfix"), lab.display()));
    screen.wait_for("read the story meanwhile");
    screen.press("\u{1a}");
    screen.wait("the shell", |screen| !screen.alternate_screen() && screen.contents().contains("topped"));
    screen.press("fg\n");
    screen.wait("the screen again", |screen| screen.alternate_screen() && screen.contents().contains("Breakfix"));
    screen.press("q");
    screen.wait("the shell", |screen| !screen.alternate_screen() && screen.contents().trim_end().ends_with("SHELL>"));
    screen.press("exit\n");
    screen.end();
}

#[test]
fn the_mouse_is_taken_on_request_and_given_back() {
    use vt100::MouseProtocolMode as Mode;
    let (dir, lab) = lab();
    fs::create_dir_all(dir.path().join("breakfix")).unwrap();
    fs::write(dir.path().join("breakfix/config.toml"), "mouse = true\ntour = false\n").unwrap();
    let mut screen = Screen::start(tutor(&lab), 24, 80);
    screen.wait("the mouse", |screen| screen.mouse_protocol_mode() == Mode::PressRelease);
    screen.wait_for("read the story meanwhile");
    screen.press("\r");
    screen.wait_for("page 1 of");
    screen.press("M");
    screen.wait("the mouse left alone", |screen| screen.mouse_protocol_mode() == Mode::None);
    screen.press("M");
    screen.wait("the mouse again", |screen| screen.mouse_protocol_mode() == Mode::PressRelease);
    screen.press("q");
    let (code, parser) = screen.end();
    assert_eq!(code, 0);
    assert_eq!(parser.screen().mouse_protocol_mode(), Mode::None);
}

#[test]
fn a_signal_gives_the_terminal_back() {
    let (_dir, lab) = lab();
    let mut screen = in_the_story(tutor(&lab), &lab);
    let pid = i32::try_from(screen.child.process_id().unwrap()).unwrap();
    screen.wait_for("page 1 of");
    rustix::process::kill_process(rustix::process::Pid::from_raw(pid).unwrap(), rustix::process::Signal::TERM).unwrap();
    let (code, parser) = screen.end();
    assert_eq!(code, 143);
    assert!(!parser.screen().alternate_screen() && !parser.screen().hide_cursor());
}

#[test]
fn a_terminal_that_vanishes_is_no_panic() {
    let (_dir, lab) = lab();
    let screen = in_the_story(tutor(&lab), &lab);
    let code = screen.vanish();
    let left: Vec<_> = fs::read_dir(lab.join(".breakfix")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    let report = left.iter().find(|name| name.to_string_lossy().starts_with("panic"));
    let report = report.map(|name| fs::read_to_string(lab.join(".breakfix").join(name)).unwrap());
    assert_eq!(report, None, "it panicked");
    let journal = fs::read_to_string(lab.join(".breakfix/journal.jsonl")).unwrap();
    assert!(journal.ends_with("\"event\":\"session-ended\"}\n"), "{journal}");
    assert_ne!(code, 101);
}

#[test]
fn without_a_terminal_it_names_the_other_commands() {
    let (_dir, lab) = lab();
    let output = Command::new(env!("CARGO_BIN_EXE_breakfix"))
        .args(["learn", "--lab"])
        .arg(&lab)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(output.stdout.is_empty());
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(told.contains("breakfix learn --plain") && told.contains("breakfix check"), "{told}");
    assert!(!lab.exists(), "nothing was begun");
}
