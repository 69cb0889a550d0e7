//! Takes the pictures of `docs/screens`: the real program on a pseudo-terminal, on real containers, driven by keys.
//! `docs/screens/make.sh` runs it.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a picture that cannot be taken ends it all")]

#[path = "../../tests/common/pty.rs"]
mod pty;
mod svg;

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};

use breakfix::course::Course;
use portable_pty::CommandBuilder;
use pty::Screen;

const SIZE: (u16, u16) = (34, 120);
/// Longer than any one step takes on a busy machine.
const STEP: Duration = Duration::from_secs(240);

/// One start of the program, and where its pictures go.
struct Sitting<'a> {
    screen: Screen,
    to: &'a Path,
}

impl<'a> Sitting<'a> {
    fn start(program: &Path, arguments: &[&str], home: &Path, to: &'a Path) -> Self {
        let mut command = CommandBuilder::new(program);
        command.args(arguments);
        command.cwd(home);
        for name in ["VISUAL", "EDITOR", "NO_COLOR"] {
            command.env_remove(name);
        }
        command.env("COLORTERM", "truecolor");
        // The settings of whoever takes the pictures are none of theirs.
        command.env("XDG_CONFIG_HOME", home);
        Self { screen: Screen::start(command, SIZE.0, SIZE.1), to }
    }

    /// Waits until the screen has these words, and is still for a moment.
    fn wait(&mut self, words: &str) {
        self.wait_until(words, |text| text.contains(words));
    }

    fn wait_until(&mut self, what: &str, wanted: impl Fn(&str) -> bool) {
        let until = Instant::now() + STEP;
        while !(self.screen.is_whole() && wanted(&self.screen.parser.screen().contents())) {
            assert!(Instant::now() < until, "{what} never came:\n{}", self.screen.parser.screen().contents());
            self.screen.take_in(Duration::from_millis(100));
        }
        let still = Instant::now() + Duration::from_millis(500);
        while Instant::now() < still || !self.screen.is_whole() {
            self.screen.take_in(Duration::from_millis(50));
        }
    }

    /// Does what the line that says what is next says, until these words are on the screen.
    fn play(&mut self, words: &str) {
        let until = Instant::now() + STEP;
        loop {
            let text = self.screen.parser.screen().contents();
            if self.screen.is_whole() && text.contains(words) {
                return;
            }
            assert!(Instant::now() < until, "{words} never came:\n{text}");
            let next = text.split("▸ next: ").nth(1).and_then(|rest| rest.lines().next()).unwrap_or_default().trim();
            let keys = match next {
                next if next.is_empty() || next.starts_with("wait for") || next.starts_with("looking") => "",
                next if next.contains("  answer") => "2",
                next if next.starts_with("u ") => "u",
                next if next.starts_with("v ") => "v",
                _ => "\r",
            };
            self.press(keys);
            let moment = Instant::now() + Duration::from_millis(700);
            while Instant::now() < moment || !self.screen.is_whole() {
                self.screen.take_in(Duration::from_millis(50));
            }
        }
    }

    /// Pages through the talk until these words are on the screen: its first beats keep back what they ask for.
    fn page_on(&mut self, words: &str) {
        for _ in 0..20 {
            let until = Instant::now() + Duration::from_secs(4);
            while Instant::now() < until {
                self.screen.take_in(Duration::from_millis(100));
            }
            if self.screen.parser.screen().contents().contains(words) {
                return self.wait(words);
            }
            self.press(" ");
        }
        panic!("{words} never came:\n{}", self.screen.parser.screen().contents());
    }

    fn press(&mut self, keys: &str) {
        self.screen.press(keys);
    }

    fn picture(&self, name: &str) {
        fs::write(self.to.join(format!("{name}.svg")), svg::svg(self.screen.parser.screen())).unwrap();
        println!("{name}\n{}", self.screen.parser.screen().contents());
    }
}

/// The lab's stack goes away, however it ends.
struct Lab<'a>(&'a Path, PathBuf);

impl Drop for Lab<'_> {
    fn drop(&mut self) {
        let _ = Command::new(self.0).args(["down", "--volumes", "--lab"]).arg(&self.1).output();
    }
}

fn main() {
    let arguments: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let [program, to] = &arguments[..] else { panic!("screens PROGRAM DIRECTORY") };
    let program = fs::canonicalize(program).unwrap();
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    demo(&program, home, to);
    course(&program, home, to);
}

/// The recorded talk, which needs no engine.
fn demo(program: &Path, home: &Path, to: &Path) {
    let arguments = ["demo", "--engine", "unix:///nonexistent.sock"];
    let mut talk = Sitting::start(program, &arguments, home, to);
    talk.page_on("connection refused");
    talk.picture("demo");
    talk.press("qq");
}

/// The tutor: its first screen, a link that is broken, a wrong turn that it knows, and a page as curl and as a browser see it.
fn course(program: &Path, home: &Path, to: &Path) {
    let dir = home.join(format!("shop-{}", std::process::id()));
    let course = Course::embedded().unwrap();
    let lab = Lab(program, dir.clone());
    let path = dir.display().to_string();
    let learn = |lesson: &str| Sitting::start(program, &["learn", lesson, "--lab", &path], home, to);

    let mut port = learn("app-port");
    port.wait("next: Enter  begin");
    port.picture("first");
    write(&dir, &course.stack_with(&["host-port"]).unwrap());
    port.play("asks :5001");
    port.press("1");
    port.wait("docker compose exec nginx");
    port.picture("broken");
    let mut texts = course.stack_with(&["host-port"]).unwrap();
    let (_, turn) = course.turn("expose-5001").unwrap();
    turn.edits.iter().try_for_each(|edit| edit.apply(&mut texts)).unwrap();
    write(&dir, &texts);
    port.wait("Dockerfile was saved");
    port.play("w  explain: ");
    port.press("1");
    port.wait("docker compose exec nginx");
    port.picture("wrong-turn");
    port.press("q");
    port.wait("leave the shop running");
    port.press("k");
    port.screen.end();

    write(&dir, &course.stack_with(&["host-port", "app-port", "constructor"]).unwrap());
    let mut eyes = learn("representation");
    eyes.play("the browser shows");
    eyes.press("1");
    eyes.wait("the browser shows");
    eyes.picture("two-eyes");
    eyes.press("q");
    eyes.wait("leave the shop running");
    eyes.press("k");
    eyes.screen.end();
    drop(lab);
}

/// Saves what differs: a file that is saved again counts as edited.
fn write(dir: &Path, texts: &std::collections::BTreeMap<String, String>) {
    for (path, text) in texts.iter().map(|(path, text)| (dir.join(path), text)) {
        if fs::read_to_string(&path).ok().as_ref() != Some(text) {
            fs::write(path, text).unwrap();
        }
    }
}
