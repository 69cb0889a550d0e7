//! `breakfix learn --plain`: the whole course line by line on real containers, by somebody who does what the `next:` line says.
//!
//! Where no engine answers, the test on containers fails and says what to start; `BREAKFIX_SKIP_DOCKER=1` leaves it out.
use std::{
    io::{Read, Write},
    path::Path,
    process::{Child, ChildStdin, Command, Stdio},
    sync::mpsc::{Receiver, channel},
    time::{Duration, Instant},
};

use breakfix::{course::Course, lab::Lab};

/// Longer than any step takes.
const PATIENCE: Duration = Duration::from_secs(300);

/// After a prompt, news that come at once come within this.
const QUIET: Duration = Duration::from_millis(200);

struct Talk {
    child: Child,
    input: ChildStdin,
    output: Receiver<u8>,
    said: String,
}

impl Talk {
    fn start(lab: &Path, more: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_breakfix"))
            .args(["learn", "--plain", "--lab"])
            .arg(lab)
            .args(more)
            .env_remove("VISUAL")
            .env_remove("EDITOR")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (input, mut out) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        let (sender, output) = channel();
        std::thread::spawn(move || {
            let mut byte = [0];
            while out.read_exact(&mut byte).is_ok() && sender.send(byte[0]).is_ok() {}
        });
        Self { child, input, output, said: String::new() }
    }

    /// What is said until the next line is asked for, and nothing more comes for a moment: news come unasked.
    fn listen(&mut self) -> String {
        let until = Instant::now() + PATIENCE;
        let mut bytes = Vec::new();
        loop {
            let asked = bytes.ends_with(b"\n> ");
            let within = if asked { QUIET } else { until.saturating_duration_since(Instant::now()) };
            match self.output.recv_timeout(within) {
                Ok(byte) => bytes.push(byte),
                Err(_) if asked => break,
                Err(error) => panic!("no prompt ({error}) after\n{}{}", self.said, String::from_utf8_lossy(&bytes)),
            }
        }
        let said = String::from_utf8(bytes).unwrap();
        self.said.push_str(&said);
        said
    }

    fn answer(&mut self, line: &str) -> String {
        self.said.push_str(line);
        self.said.push('\n');
        writeln!(self.input, "{line}").unwrap();
        self.listen()
    }
}

/// The key that the last `next:` line names, with its words.
fn next(said: &str) -> (String, String) {
    let line = said.lines().rev().find(|line| line.starts_with("next: ") || line.starts_with("(type a line"));
    match line.unwrap_or_default().strip_prefix("next: ") {
        Some(step) => {
            let known = step.split_once(", ").filter(|(key, _)| !key.contains(' '));
            let (key, words) = known.unwrap_or(("", step));
            (key.to_owned(), words.to_owned())
        }
        None => (String::new(), "type a line".to_owned()),
    }
}

#[test]
fn without_an_engine_the_story_is_read_and_the_end_of_the_input_is_the_end() {
    let home = tempfile::tempdir().unwrap();
    let mut talk = Talk::start(&home.path().join("lab"), &["--engine", "unix:///nonexistent/breakfix-test.sock"]);
    let said = talk.listen();
    assert!(said.contains("engine") && said.contains("next: Enter"), "{said}");
    let said = talk.answer("");
    assert!(said.contains("page 1 of") && said.contains("browser to nginx: not asked"), "{said}");
    let said = talk.answer("no such key");
    assert!(said.contains("“no such key” is nothing here"), "{said}");
    let said = talk.answer("?");
    assert!(said.contains("What can be typed"), "{said}");
    drop(talk.input);
    assert!(talk.child.wait().unwrap().success());
}

#[test]
#[ignore = "longer than others: cargo test -- --include-ignored"]
fn who_does_what_the_next_line_says_solves_the_whole_course() {
    if crate::common::left_out() {
        return;
    }
    let home = tempfile::Builder::new().prefix("breakfix-plain-").tempdir().unwrap();
    let (dir, course) = (home.path().join("plain"), Course::embedded().unwrap());
    let mut talk = Talk::start(&dir, &[]);
    let _down = Down(&dir);
    let mut said = talk.listen();
    let mut bugs = course.lessons.iter().filter(|lesson| !lesson.fix.is_empty());
    let mut narrated = false;
    for _ in 0..200 {
        narrated |= said.contains("How I debugged the systems puzzle");
        let (key, words) = next(&said);
        if narrated && (key == "q" || key == "Enter" && !words.contains("keep")) {
            break;
        }
        said = match key.as_str() {
            // The one thing that a person has to do: find the cause, and change it in an editor of their own.
            "e" => {
                let lesson = bugs.next().unwrap_or_else(|| panic!("an edit too many is asked for:\n{}", talk.said));
                Lab::open(&dir).unwrap().apply(&lesson.fix).unwrap();
                // Nothing is typed: a saved file is noticed.
                let mut said = talk.listen();
                while next(&said).0 == "e" {
                    said = talk.listen();
                }
                said
            }
            "Enter" => talk.answer(""),
            "" if words.contains("type a line") => talk.answer("because it said so"),
            "" if words.starts_with("wait for") => talk.listen(),
            "" => panic!("it waits for something that it does not name: {words}\n{}", talk.said),
            key if key.contains('–') => talk.answer("2"),
            key => talk.answer(key),
        };
    }
    assert!(narrated, "the two stories never came:\n{}", talk.said);
    assert!(bugs.next().is_none(), "a lesson was passed over:\n{}", talk.said);
    let said = talk.answer("q");
    assert!(said.contains("take it down"), "{said}");
    writeln!(talk.input, "d").unwrap();
    assert!(talk.child.wait().unwrap().success());
    let story = Command::new(env!("CARGO_BIN_EXE_breakfix")).args(["hindsight", "--lab"]).arg(&dir).output().unwrap();
    let story = String::from_utf8(story.stdout).unwrap();
    assert!(story.contains("6 of 6 lessons solved") && story.contains("because it said so"), "{story}");
}

/// Removes what the lab started, however the test ends.
struct Down<'a>(&'a Path);

impl Drop for Down<'_> {
    fn drop(&mut self) {
        let _ = Command::new(env!("CARGO_BIN_EXE_breakfix")).args(["down", "--volumes", "--lab"]).arg(self.0).status();
    }
}
