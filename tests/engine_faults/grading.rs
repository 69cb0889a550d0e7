//! `check`, with one thing that goes wrong between it and the engine.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use breakfix::course::Course;
use serde_json::Value;

use crate::{
    cases::{Case, case, matrix, side_by_side},
    common::{
        all, containers,
        engine_proxy::{EngineProxy, When, engine_socket},
        left_by, write_files,
    },
    table::{Outcome, tell},
};

/// What each run gets, in seconds.
pub const TIMEOUT: u64 = 45;
/// How much longer a run may last: removing takes its time, too.
const GRACE: Duration = Duration::from_secs(30);
/// Between two looks whether it has ended.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// A stack, with what is true of it.
pub struct Graded {
    pub name: &'static str,
    pub dir: PathBuf,
    verdict: &'static str,
    hop: Option<&'static str>,
    wrong_turn: Option<&'static str>,
}

/// The right stack, the broken one, and one with a wrong turn.
pub fn stacks(home: &Path) -> Vec<Graded> {
    let course = Course::embedded().unwrap();
    let lesson = course.lesson("app-port").unwrap();
    let turn = lesson.wrong_turns.iter().find(|turn| turn.id == "db-port-changed").unwrap();
    let mut texts = course.stack_without("app-port").unwrap();
    for edit in &turn.edits {
        edit.apply(&mut texts).unwrap();
    }
    let write = |name: &str, texts: &BTreeMap<String, String>| {
        let dir = home.join(name);
        write_files(&dir, texts);
        dir
    };
    let graded =
        |name, texts, verdict, hop, wrong_turn| Graded { name, dir: write(name, texts), verdict, hop, wrong_turn };
    vec![
        graded("right", course.fixed_stack(), "works", None, None),
        graded("broken", &course.stack_with(&[]).unwrap(), "broken", Some("browser-nginx"), None),
        graded("wrong-turn", &texts, "broken", Some("flaskapp-db"), Some("db-port-changed")),
    ]
}

/// `check` on one directory, through this engine's address.
pub fn start(url: &str, dir: &Path) -> Child {
    Command::new(env!("CARGO_BIN_EXE_breakfix"))
        .args(["check", "--format", "json", "--engine", url, "--timeout", &TIMEOUT.to_string()])
        .arg(dir)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

/// What it said, and what is wrong with that; it is ended where it goes on beyond its deadline.
pub fn judge(mut child: Child, graded: &Graded) -> (char, Vec<String>) {
    let (pid, mut had, mut wrong) = (child.id(), Duration::ZERO, Vec::new());
    let most = Duration::from_secs(TIMEOUT) + GRACE;
    while child.try_wait().unwrap().is_none() {
        if had > most && wrong.is_empty() {
            wrong.push(format!("still there after {} s", most.as_secs()));
            child.kill().unwrap();
        }
        let began = Instant::now();
        std::thread::sleep(LOOK_EVERY);
        // The deadline counts the time that a run had.
        had += began.elapsed().div_f64(breakfix::probe::slowness());
    }
    let output = child.wait_with_output().unwrap();
    let Ok(report) = serde_json::from_slice::<Value>(&output.stdout) else {
        if wrong.is_empty() {
            wrong.push(format!("no report: {}", String::from_utf8_lossy(&output.stderr)));
        }
        return ('!', wrong);
    };
    let (letter, said) = compare(&report["submissions"][0], graded);
    wrong.extend(said);
    let code = output.status.code();
    let fits = match report["submissions"][0]["verdict"].as_str() {
        Some("works") => code == Some(0),
        Some("broken") => code == Some(1),
        _ => code == Some(3),
    };
    if !fits {
        wrong.push(format!("it ended with {code:?}"));
    }
    let left = left_by(pid);
    let told = String::from_utf8_lossy(&output.stderr);
    // What could not be removed is told, and goes with the next check.
    if !left.is_empty() && told.trim().is_empty() {
        wrong.push(format!("left without a word: {left:?}"));
    }
    (letter, wrong)
}

fn compare(said: &Value, graded: &Graded) -> (char, Option<String>) {
    let verdict = said["verdict"].as_str().unwrap_or_default();
    let reason = said["reason"].as_str().unwrap_or_default();
    if verdict == "unknown" {
        return ('?', reason.trim().is_empty().then(|| "could not tell, and not why".to_owned()));
    }
    let hop = said["first_broken_hop"].as_str();
    let turns: Vec<&str> =
        said["wrong_turns"].as_array().into_iter().flatten().filter_map(|turn| turn["id"].as_str()).collect();
    let turn_fits = graded.wrong_turn.is_none_or(|turn| turns.first() == Some(&turn));
    if (verdict, hop) != (graded.verdict, graded.hop) || !turn_fits {
        return ('!', Some(format!("{verdict} at {hop:?}, {turns:?}: {reason}")));
    }
    ('r', None)
}

fn run(home: &Path, number: usize, graded: &Graded, case: Case) -> Outcome {
    let proxy = EngineProxy::start(home, &format!("{}-{number}.sock", graded.name), Some(case.rule));
    let child = start(&proxy.url(), &graded.dir);
    let pid = child.id();
    let (letter, wrong) = judge(child, graded);
    let letter = if proxy.hits() == 0 && wrong.is_empty() { '.' } else { letter };
    if all() {
        println!("{letter} {}: {case} {wrong:?}", graded.name);
    }
    Outcome { of: graded.name.into(), case, letter, wrong, pid }
}

/// What the sample holds: those kinds that once gave a wrong verdict, a hang, or something that stayed.
fn sample() -> Vec<(usize, Case)> {
    vec![
        (0, case("start", "500", When::Once(0))),
        (0, case("create container", "403 html", When::From(0))),
        (0, case("start exec", "head only", When::From(0))),
        (1, case("start", "500 done", When::Once(1))),
        (0, case("build", "429", When::Once(0))),
        (2, case("inspect container", "404", When::Once(3))),
    ]
}

#[test]
fn no_fault_of_the_engine_is_told_as_the_stacks() {
    if !containers() {
        return;
    }
    let home = tempfile::tempdir().unwrap();
    let stacks = stacks(home.path());
    let cases: Vec<(usize, Case)> = if all() {
        matrix().into_iter().flat_map(|case| (0..3).map(move |stack| (stack, case))).collect()
    } else {
        sample()
    };
    let numbered: Vec<(usize, (usize, Case))> = cases.into_iter().enumerate().collect();
    let outcomes = side_by_side(&numbered, |(number, (stack, case))| run(home.path(), *number, &stacks[*stack], *case));
    let wrong = tell("check", &outcomes);
    let pids: Vec<u32> = outcomes.iter().map(|one| one.pid).collect();
    assert_eq!(left_after_sweep(home.path(), &pids), Vec::<String>::new());
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

/// The next check, with which goes what could not be removed before: what is left even then.
pub fn left_after_sweep(home: &Path, pids: &[u32]) -> Vec<String> {
    let empty = home.join("empty");
    std::fs::create_dir_all(&empty).unwrap();
    let url = format!("unix://{}", engine_socket());
    start(&url, &empty).wait_with_output().unwrap();
    pids.iter().flat_map(|pid| left_by(*pid)).collect()
}
