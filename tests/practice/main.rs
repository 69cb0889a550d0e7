//! `breakfix practice` on real containers: an incident handed out and judged, and one played to its debrief, one wrong first.
//!
//! Where no engine answers these tests fail and say what to start; `BREAKFIX_SKIP_DOCKER=1` leaves them out.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[path = "../common/mod.rs"]
mod common;
#[path = "../common/pty.rs"]
mod pty;

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
    time::{Duration, Instant},
};

use breakfix::{
    course::{Class, Course, apply_all},
    lab::texts_of,
    practice::{Incident, Seed, Wanted, draw},
};
use portable_pty::CommandBuilder;

const SEED: u64 = 11;
/// An incident is proved with three stacks, one after the other, before anything is asked.
const PROVED_WITHIN: Duration = Duration::from_secs(300);

/// Takes in what comes until these words are on the screen, however long the proof takes.
fn wait_for_proof(screen: &mut pty::Screen, words: &str) {
    let until = Instant::now() + PROVED_WITHIN;
    while !screen.parser.screen().contents().contains(words) {
        assert!(Instant::now() < until, "{words} never came; the screen is\n{}", screen.parser.screen().contents());
        screen.take_in(Duration::from_millis(200));
    }
}

fn breakfix(home: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_breakfix"))
        .args(args)
        .current_dir(home)
        .env("XDG_STATE_HOME", home.join("state"))
        .output()
        .unwrap()
}

/// What the seed stands for, by the library.
fn incident(wanted: &Wanted) -> Incident {
    draw(&Course::embedded().unwrap(), Seed(SEED), 0, wanted).unwrap()
}

fn all_files(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![dir.to_owned()];
    while let Some(dir) = open.pop() {
        for entry in fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { open.push(path) } else { found.push(path) }
        }
    }
    found
}

#[test]
fn what_is_handed_out_is_broken_and_mended_by_taking_it_back() {
    if !common::containers() {
        return;
    }
    let home = tempfile::tempdir().unwrap();
    let seed = SEED.to_string();
    let made = breakfix(home.path(), &["practice", "--class", "address", "--seed", &seed, "--headless", "shop"]);
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let ticket: serde_json::Value = serde_json::from_slice(&made.stdout).unwrap();
    assert_eq!(ticket["format"], 1);
    assert!(!ticket["ticket"]["said"].as_str().unwrap().is_empty(), "{ticket}");

    let drawn = incident(&Wanted { class: Some(Class::Address), plain: true, ..Wanted::default() });
    let dir = home.path().join("shop");
    assert_eq!(texts_of(&dir), drawn.making.files, "the same seed, the same bytes");
    let fault = &drawn.faults[0];
    for file in all_files(&dir) {
        let text = fs::read_to_string(&file).unwrap_or_default();
        for words in [fault.id(), fault.cause.as_str(), fault.tell.as_str(), fault.way.as_str()] {
            assert!(!text.contains(words), "{} holds {words}", file.display());
        }
    }
    assert!(!String::from_utf8_lossy(&made.stdout).contains(fault.id()));

    let judged = breakfix(home.path(), &["check", "--practice", "--format", "json", "shop"]);
    let verdict: serde_json::Value = serde_json::from_slice(&judged.stdout).unwrap();
    assert_eq!((judged.status.code(), &verdict["submissions"][0]["verdict"]), (Some(1), &"broken".into()));
    assert!(!String::from_utf8_lossy(&judged.stdout).contains(fault.id()), "the judge does not name it either");

    let mut files = drawn.making.files.clone();
    apply_all(&drawn.undo(), &mut files).unwrap();
    common::write_files(&dir, &files);
    let judged = breakfix(home.path(), &["check", "--practice", "shop"]);
    assert_eq!(judged.status.code(), Some(0), "{}", String::from_utf8_lossy(&judged.stdout));

    let stranger = tempfile::tempdir().unwrap();
    let told = Command::new(env!("CARGO_BIN_EXE_breakfix"))
        .args(["check", "--practice"])
        .arg(&dir)
        .env("XDG_STATE_HOME", stranger.path())
        .output()
        .unwrap();
    assert_eq!(told.status.code(), Some(2), "elsewhere nothing is known of it");
}

#[test]
fn an_incident_is_played_to_its_debrief_one_wrong_first() {
    if !common::containers() {
        return;
    }
    let home = tempfile::tempdir().unwrap();
    let dir = home.path().join(format!("breakfix-play-{}", std::process::id()));
    let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_breakfix"));
    command.args(["practice", "--class", "port", "--seed", &SEED.to_string(), "--lab"]);
    command.arg(&dir);
    command.cwd(home.path());
    command.env("XDG_STATE_HOME", home.path().join("state"));
    let mut screen = pty::Screen::start(command, 50, 120);
    let drawn = incident(&Wanted { class: Some(Class::Port), ..Wanted::default() });
    screen.wait_for("says:");
    wait_for_proof(&mut screen, "? > ");

    screen.press("h\r");
    screen.wait_for("First a bet");
    screen.press("4i\r");
    screen.wait_for("Noted");
    // A change that mends nothing, and a look: a false start.
    let compose = fs::read_to_string(dir.join("docker-compose.yml")).unwrap();
    fs::write(dir.join("docker-compose.yml"), format!("# looked at\n{compose}")).unwrap();
    screen.press("v\r");
    screen.wait_for("broken");
    screen.press("h\r");
    screen.wait("the first hint", |screen| {
        let text = screen.contents();
        text.contains("Between ") || text.contains(" itself.")
    });

    let mut files = drawn.making.files.clone();
    apply_all(&drawn.undo(), &mut files).unwrap();
    common::write_files(&dir, &files);
    screen.press("u\r");
    screen.wait("the edit is live", |screen| {
        screen.contents().contains("Done: ") || screen.contents().contains("is live")
    });
    screen.press("v\r");
    screen.wait_for("It works again.");
    screen.wait_for("misconception");
    let (code, parser) = screen.end();
    let text = parser.screen().contents();
    assert_eq!(code, 0, "{text}");
    assert!(
        text.contains("cause") && text.contains("another class") && text.contains("1 false start, 1 hint"),
        "{text}"
    );

    let history = fs::read_to_string(home.path().join("state/breakfix/practice.jsonl")).unwrap();
    let record: serde_json::Value = serde_json::from_str(history.lines().next().unwrap()).unwrap();
    assert_eq!((&record["solved"], &record["class"]), (&true.into(), &"port".into()));
    let stats = breakfix(home.path(), &["practice", "--stats"]);
    assert!(String::from_utf8_lossy(&stats.stdout).contains("1 of 1"), "{stats:?}");
    let project = dir.file_name().unwrap().to_str().unwrap().to_lowercase();
    let left = common::docker(&["ps", "-aq", "--filter", &format!("label=com.docker.compose.project={project}")]);
    assert!(left.is_empty(), "the stack is taken down: {left:?}");
}
