//! What is left when a program is killed anywhere: the tutor, the talk, practice, `up`, `down` and `check`, each at random points,
//! by SIGKILL, SIGTERM, SIGHUP, Ctrl-C or a terminal that is closed. The learner's files are whole, the journal can be read to its
//! end, the stack is found again, and after `down --volumes` (for a check: after the next one) nothing is left.
//!
//! Three kills run with the other tests. Two hundred take half an hour, and print a table:
//!
//! ```text
//! BREAKFIX_KILLS=200 cargo test --test endurance -- --nocapture
//! ```
//!
//! `BREAKFIX_SEED` chooses other points; `BREAKFIX_PROGRAMS=up,check` takes a part.

// Support functions are part of the tests, and a failed step there is a failed test.
#![allow(clippy::unwrap_used)]
#![cfg(unix)]

#[path = "../common/mod.rs"]
mod common;
#[path = "../common/pty.rs"]
mod pty;

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    time::{Duration, Instant},
};

use breakfix::{course::Course, journal::Journal, lab::texts_of};
use portable_pty::CommandBuilder;

/// A program that is killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Program {
    Up,
    Down,
    Check,
    Learn,
    Demo,
    Practice,
}

const PROGRAMS: [(Program, &str); 6] = [
    (Program::Learn, "learn"),
    (Program::Check, "check"),
    (Program::Up, "up"),
    (Program::Down, "down"),
    (Program::Demo, "demo"),
    (Program::Practice, "practice"),
];

/// How it is killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Way {
    Signal(&'static str),
    TerminalClosed,
}

const WAYS: [Way; 5] =
    [Way::Signal("KILL"), Way::Signal("TERM"), Way::Signal("HUP"), Way::Signal("INT"), Way::TerminalClosed];

/// Keys that a learner or a speaker might press, and that change no file.
const KEYS: [&str; 14] = ["\r", "\r", "\r", " ", " ", "u", "v", "h", "m", "1", "2", "3", "\u{1b}", "l"];

/// Numbers that look random, and are the same for one seed (Knuth's MMIX constants).
struct Random(u64);

impl Random {
    fn below(&mut self, most: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % most
    }

    fn among<T: Copy>(&mut self, all: &[T]) -> T {
        all[usize::try_from(self.below(all.len() as u64)).unwrap()]
    }
}

struct Room {
    home: tempfile::TempDir,
    dir: PathBuf,
}

impl Room {
    fn new(number: usize) -> Self {
        let home = tempfile::tempdir().unwrap();
        let dir = home.path().join(format!("bfk-{}-{number}", std::process::id()));
        Self { home, dir }
    }

    fn breakfix(&self, args: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_breakfix"))
            .args(args)
            .current_dir(self.home.path())
            .env("XDG_STATE_HOME", self.home.path().join("state"))
            .stdin(Stdio::null())
            .output()
            .unwrap()
    }

    /// A command on the lab, with what it said where it did not end well.
    fn on_lab(&self, args: &[&str]) -> Result<(), String> {
        let lab = self.dir.to_str().unwrap();
        let output = self.breakfix(&[args, &["--lab", lab]].concat());
        let said = || format!("{args:?} ended with {:?}: {}", output.status, String::from_utf8_lossy(&output.stderr));
        output.status.success().then_some(()).ok_or_else(said)
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        drop(self.on_lab(&["down", "--volumes"]));
    }
}

fn signal(pid: u32, name: &str) {
    Command::new("kill").args([&format!("-{name}"), &pid.to_string()]).status().unwrap();
}

/// Runs it without a terminal, and ends it after so long; its process number.
fn kill_piped(room: &Room, args: &[&str], way: Way, after: Duration) -> u32 {
    let mut child = Command::new(env!("CARGO_BIN_EXE_breakfix"))
        .args(args)
        .current_dir(room.home.path())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let pid = child.id();
    std::thread::sleep(after);
    // Where there is no terminal, its end is told by SIGHUP.
    signal(pid, if let Way::Signal(name) = way { name } else { "HUP" });
    let until = Instant::now() + pty::PATIENCE;
    while child.try_wait().unwrap().is_none() {
        assert!(Instant::now() < until, "{args:?} did not end within {:?} of {way:?}", pty::PATIENCE);
        std::thread::sleep(Duration::from_millis(20));
    }
    pid
}

/// Runs it on a terminal, presses keys at random, and ends it after so long; its process number.
fn kill_on_terminal(room: &Room, args: &[&str], way: Way, after: Duration, random: &mut Random) -> u32 {
    let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_breakfix"));
    command.args(args);
    command.cwd(room.home.path());
    command.env("XDG_STATE_HOME", room.home.path().join("state"));
    command.env("XDG_CONFIG_HOME", room.home.path());
    let mut screen = pty::Screen::start(command, 30, 100);
    let pid = screen.child.process_id().unwrap();
    let until = Instant::now() + after;
    while Instant::now() < until && screen.child.try_wait().unwrap().is_none() {
        screen.press(random.among(&KEYS));
        let pause = Instant::now() + Duration::from_millis(150);
        while Instant::now() < pause.min(until) && screen.child.try_wait().unwrap().is_none() {
            screen.take_in(Duration::from_millis(30));
        }
    }
    match way {
        Way::TerminalClosed => drop(screen.vanish()),
        Way::Signal(name) => {
            signal(pid, name);
            drop(screen.end());
        }
    }
    pid
}

/// What is wrong after a kill; nothing is as it should be.
fn killed(program: Program, way: Way, after: Duration, number: usize, random: &mut Random) -> Result<(), String> {
    let room = Room::new(number);
    let lab = room.dir.to_str().unwrap().to_owned();
    let in_lab = |command: &'static str| [command, "--lab", &lab].map(str::to_owned);
    let words = |all: &[String]| all.iter().map(String::as_str).map(str::to_owned).collect::<Vec<_>>();
    let (args, on_terminal): (Vec<String>, bool) = match program {
        Program::Up => (words(&in_lab("up")), false),
        Program::Down => (words(&[&in_lab("down")[..], &["--volumes".to_owned()]].concat()), false),
        Program::Check => (vec!["check".into(), lab.clone()], false),
        Program::Learn => (words(&in_lab("learn")), true),
        Program::Demo => (words(&in_lab("demo")), true),
        Program::Practice => {
            let seed = random.below(1_000).to_string();
            (words(&[&in_lab("practice")[..], &["--seed".to_owned(), seed]].concat()), true)
        }
    };
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    if !on_terminal {
        common::write_shop_at_own_port(&room.dir);
    }
    if program == Program::Down {
        room.on_lab(&["up"])?;
    }
    let before = texts_of(&room.dir);
    let pid = if on_terminal {
        kill_on_terminal(&room, &args, way, after, random)
    } else {
        kill_piped(&room, &args, way, after)
    };

    files_are_whole(program, &before, &texts_of(&room.dir))?;
    journal_is_whole(&room.dir)?;
    if program == Program::Check {
        return nothing_of_a_check(&room, pid);
    }
    if room.dir.exists() {
        let up = room.on_lab(&["up"]);
        // Broken stacks need not start; what is there must be found all the same.
        if matches!(program, Program::Up | Program::Down) {
            up?;
        }
        room.on_lab(&["down", "--volumes"])?;
    }
    match common::left_of_lab(&room.dir) {
        left if left.is_empty() => {}
        left => return Err(format!("left after down: {left:?}")),
    }
    if program == Program::Practice { nothing_of_a_check(&room, pid) } else { Ok(()) }
}

/// A learner's files are as they were; a lab that was being made is made whole, or can be told from one that is.
fn files_are_whole(
    program: Program,
    before: &BTreeMap<String, String>,
    after: &BTreeMap<String, String>,
) -> Result<(), String> {
    let course = Course::embedded().unwrap();
    match program {
        Program::Up | Program::Down | Program::Check if before != after => {
            let of = |texts: &BTreeMap<String, String>| texts.keys().cloned().collect::<Vec<_>>();
            Err(format!("files are other ones: {:?}, {:?}", of(before), of(after)))
        }
        Program::Learn => {
            let other =
                course.broken_stack().iter().find(|(path, text)| after.get(*path).is_some_and(|now| now != *text));
            other.map_or(Ok(()), |(path, _)| Err(format!("{path} is half written")))
        }
        _ => match after.iter().find(|(path, text)| text.is_empty() && !path.ends_with("__init__.py")) {
            Some((path, _)) => Err(format!("{path} is empty")),
            None => Ok(()),
        },
    }
}

/// Every line of the journal is an event; the last may be cut off, and is dropped by who reads it.
fn journal_is_whole(lab: &Path) -> Result<(), String> {
    let path = lab.join(".breakfix/journal.jsonl");
    if !path.exists() {
        return Ok(());
    }
    let entries = Journal::read(&path).map_err(|error| format!("the journal: {error}"))?;
    let text = fs::read_to_string(&path).unwrap();
    let whole = text.split_inclusive('\n').filter(|line| line.ends_with('\n')).count();
    if entries.len() < whole { Err(format!("{whole} lines, and {} events are read", entries.len())) } else { Ok(()) }
}

/// What a killed check left goes with the next one.
fn nothing_of_a_check(room: &Room, pid: u32) -> Result<(), String> {
    let none = room.home.path().join("not-a-stack");
    fs::create_dir_all(&none).unwrap();
    fs::write(none.join("readme"), "").unwrap();
    room.breakfix(&["check", none.to_str().unwrap()]);
    match common::left_by(pid) {
        left if left.is_empty() => Ok(()),
        left => Err(format!("left after the next check: {left:?}")),
    }
}

fn number(variable: &str, otherwise: u64) -> u64 {
    std::env::var(variable).ok().and_then(|value| value.parse().ok()).unwrap_or(otherwise)
}

#[test]
fn whatever_is_killed_anywhere_loses_nothing_and_leaves_nothing() {
    if !common::containers() {
        return;
    }
    let meant = std::env::var("BREAKFIX_PROGRAMS").ok();
    let is_meant = |name: &str| meant.as_ref().is_none_or(|list| list.split(',').any(|one| one == name));
    let programs: Vec<(Program, &str)> = PROGRAMS.into_iter().filter(|(_, name)| is_meant(name)).collect();
    let kills = usize::try_from(number("BREAKFIX_KILLS", 3)).unwrap();
    let mut random = Random(number("BREAKFIX_SEED", 1));
    let mut table: BTreeMap<(Program, Way), (usize, usize)> = BTreeMap::new();
    let mut wrong = Vec::new();
    for index in 0..kills {
        let (program, name) = programs[index % programs.len()];
        let way = random.among(&WAYS);
        let after = Duration::from_millis(50 + random.below(if program == Program::Practice { 12_000 } else { 6_000 }));
        let found = killed(program, way, after, index, &mut random);
        println!("{index:>3} {name:<8} {way:?} after {after:.1?}: {found:?}");
        let row = table.entry((program, way)).or_default();
        row.0 += 1;
        if let Err(what) = found {
            row.1 += 1;
            wrong.push(format!("{name}, {way:?} after {after:.1?}: {what}"));
        }
    }
    for ((program, way), (killed, wrong)) in &table {
        println!("{program:?} {way:?}: killed {killed}, wrong {wrong}");
    }
    assert!(wrong.is_empty(), "{} of {kills} are wrong:\n{}", wrong.len(), wrong.join("\n"));
}
