//! The real binary on a real pseudo-terminal, without an engine: what only a terminal can tell.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::{
    fs,
    io::{Read, Write},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::mpsc::{Receiver, RecvTimeoutError, channel},
    time::{Duration, Instant},
};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

/// Longer than any machine takes; a test that works never waits so long.
const PATIENCE: Duration = Duration::from_secs(60);

struct Screen {
    child: Box<dyn Child + Send + Sync>,
    master: Box<dyn MasterPty + Send>,
    keys: Box<dyn Write + Send>,
    output: Receiver<Vec<u8>>,
    parser: vt100::Parser,
}

impl Screen {
    fn start(mut command: CommandBuilder, rows: u16, cols: u16) -> Self {
        let pair = native_pty_system().openpty(PtySize { rows, cols, pixel_width: 0, pixel_height: 0 }).unwrap();
        command.env("TERM", "xterm-256color");
        let child = pair.slave.spawn_command(command).unwrap();
        let mut reader = pair.master.try_clone_reader().unwrap();
        let (sender, output) = channel();
        std::thread::spawn(move || {
            let mut buffer = [0; 8192];
            while let Ok(read @ 1..) = reader.read(&mut buffer) {
                if sender.send(buffer[..read].to_vec()).is_err() {
                    break;
                }
            }
        });
        let keys = pair.master.take_writer().unwrap();
        Self { child, master: pair.master, keys, output, parser: vt100::Parser::new(rows, cols, 0) }
    }

    /// Takes in what comes until the screen is as wanted.
    fn wait(&mut self, what: &str, wanted: impl Fn(&vt100::Screen) -> bool) {
        let until = Instant::now() + PATIENCE;
        while !wanted(self.parser.screen()) {
            match self.output.recv_timeout(until.saturating_duration_since(Instant::now())) {
                Ok(bytes) => self.parser.process(&bytes),
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
                    panic!("{what} never came; the screen is\n{}", self.parser.screen().contents())
                }
            }
        }
    }

    fn wait_for(&mut self, words: &str) {
        self.wait(words, |screen| screen.contents().contains(words));
    }

    fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).unwrap();
        self.keys.flush().unwrap();
    }

    fn resize(&mut self, rows: u16, cols: u16) {
        self.parser.screen_mut().set_size(rows, cols);
        self.master.resize(PtySize { rows, cols, pixel_width: 0, pixel_height: 0 }).unwrap();
    }

    /// Waits for the end; gives the exit code, with the screen as it was left.
    fn end(mut self) -> (u32, vt100::Parser) {
        let until = Instant::now() + PATIENCE;
        let code = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status.exit_code();
            }
            if let Ok(bytes) = self.output.recv_timeout(Duration::from_millis(20)) {
                self.parser.process(&bytes);
            }
            assert!(Instant::now() < until, "it never ended; the screen is\n{}", self.parser.screen().contents());
        };
        drop(self.keys);
        drop(self.master);
        while let Ok(bytes) = self.output.recv_timeout(PATIENCE) {
            self.parser.process(&bytes);
        }
        (code, self.parser)
    }
}

fn tutor(lab: &Path) -> CommandBuilder {
    let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_breakfix"));
    command.args(["learn", "--lab"]);
    command.arg(lab);
    command.args(["--engine", "unix:///nonexistent/breakfix-test.sock"]);
    for name in ["VISUAL", "EDITOR", "NO_COLOR"] {
        command.env_remove(name);
    }
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
    assert!(String::from_utf8_lossy(&output.stderr).contains("breakfix check"));
    assert!(!lab.exists(), "nothing was begun");
}
