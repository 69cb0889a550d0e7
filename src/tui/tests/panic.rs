//! A panic in a task, on a terminal: this test binary starts itself anew on a pseudo-terminal.
#![cfg(unix)]

use std::{io::Read, time::Duration};

use portable_pty::{CommandBuilder, PtySize, native_pty_system};

use crate::tui::terminal::{Terminal, end_on_panic};

const REPORTS: &str = "BREAKFIX_TEST_REPORTS";

#[test]
#[ignore = "started by the test below, on a terminal of its own"]
fn a_task_panics() {
    let Ok(reports) = std::env::var(REPORTS) else { return };
    let mut terminal = Terminal::take().unwrap();
    end_on_panic(reports.into());
    terminal.draw(|frame| frame.render_widget("drawn", frame.area())).unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.spawn(async { panic!("on purpose") });
    // The main task knows nothing of it; the program has to end all the same.
    std::thread::sleep(Duration::from_secs(60));
}

#[test]
fn a_panicking_task_gives_the_terminal_back_and_ends_the_program() {
    let reports = tempfile::tempdir().unwrap();
    let pair = native_pty_system().openpty(PtySize { rows: 24, cols: 80, pixel_width: 0, pixel_height: 0 }).unwrap();
    let mut command = CommandBuilder::new(std::env::current_exe().unwrap());
    command.args(["--ignored", "--exact", "tui::tests::panic::a_task_panics", "--nocapture"]);
    command.env(REPORTS, reports.path());
    command.env("TERM", "xterm-256color");
    let mut child = pair.slave.spawn_command(command).unwrap();
    drop(pair.slave);
    let mut output = Vec::new();
    // At the end of its other side a terminal's reader fails instead of ending.
    let _ = pair.master.try_clone_reader().unwrap().read_to_end(&mut output);
    assert_eq!(child.wait().unwrap().exit_code(), 101);
    let mut screen = vt100::Parser::new(24, 80, 0);
    screen.process(&output);
    let screen = screen.screen();
    assert!(!screen.alternate_screen() && !screen.hide_cursor() && !screen.bracketed_paste());
    assert!(screen.contents().contains("on purpose") && screen.contents().contains("The report is in"));
    let report = std::fs::read_dir(reports.path()).unwrap().next().unwrap().unwrap().path();
    assert!(std::fs::read_to_string(report).unwrap().contains("on purpose"));
}
