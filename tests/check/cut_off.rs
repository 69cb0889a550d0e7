//! A class that is cut off, taken up again, and spread over machines: no verdict is lost, none is there twice.
//!
//! The directories hold compose files that nothing can be started from, so that a verdict takes no container.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
    time::Instant,
};

use crate::common::{all, containers};
use serde_json::Value;

const CLASS: usize = 40;

fn class(home: &Path) -> Vec<String> {
    let dirs: Vec<String> = (0..CLASS).map(|number| format!("class/s{number:02}")).collect();
    for dir in &dirs {
        std::fs::create_dir_all(home.join(dir)).unwrap();
        std::fs::write(home.join(dir).join("docker-compose.yml"), format!("services:\n  {}: 1\n", &dir[6..])).unwrap();
    }
    dirs
}

fn command(home: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_breakfix"));
    command.args(args).current_dir(home).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn run(home: &Path, args: &[&str]) -> (i32, String, String) {
    let output = command(home, args).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap_or(-1), text(output.stdout), text(output.stderr))
}

/// The verdicts of a file of lines, by directory; what was cut off in the last line does not count.
fn verdicts(file: &Path) -> BTreeMap<String, usize> {
    let mut found = BTreeMap::new();
    for line in
        std::fs::read_to_string(file).unwrap_or_default().split_inclusive('\n').filter(|line| line.ends_with('\n'))
    {
        let value: Value = serde_json::from_str(line).unwrap();
        if let Some(dir) = value["dir"].as_str() {
            *found.entry(dir.to_owned()).or_insert(0) += 1;
        }
    }
    found
}

#[test]
fn a_run_that_is_killed_anywhere_is_taken_up_again() {
    if !containers() {
        return;
    }
    let home = tempfile::tempdir().unwrap();
    let dirs = class(home.path());
    let dirs: Vec<&str> = dirs.iter().map(String::as_str).collect();
    let whole = [&["check", "--report", "jsonl=v.jsonl", "--out", "out", "--resume", "-j", "2"], &dirs[..]].concat();
    let clean = Instant::now();
    assert_eq!(run(home.path(), &whole).0, 1);
    let long = clean.elapsed();
    let kills = if all() { 20 } else { 4 };
    for kill in 0..kills {
        let _ = std::fs::remove_dir_all(home.path().join("out"));
        let _ = std::fs::remove_file(home.path().join("v.jsonl"));
        let mut child = command(home.path(), &whole).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        thread::sleep(long.mul_f64(f64::from(kill) / f64::from(kills)));
        child.kill().unwrap();
        child.wait().unwrap();
        let before = verdicts(&home.path().join("v.jsonl"));
        let (code, _, stderr) = run(home.path(), &whole);
        assert_eq!(code, 1, "{stderr}");
        let after = verdicts(&home.path().join("v.jsonl"));
        assert_eq!(after.len(), CLASS, "kill {kill}");
        assert!(after.values().all(|times| *times == 1), "kill {kill}: {after:?}");
        let graded = stderr.lines().filter(|line| line.contains(" of ") && line.contains("class/")).count();
        assert!(graded <= CLASS - before.len(), "kill {kill}: {graded} graded, {} had a verdict", before.len());
        let own: BTreeSet<PathBuf> =
            std::fs::read_dir(home.path().join("out")).unwrap().map(|entry| entry.unwrap().path()).collect();
        assert!(own.len() <= CLASS + 1, "kill {kill}: {own:?}");
        for path in own.iter().filter(|path| path.extension().is_some_and(|end| end == "json")) {
            let value: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
            assert_eq!(value["verdict"], "broken", "kill {kill}");
        }
    }
    std::fs::write(home.path().join("class/s07/docker-compose.yml"), "services:\n  other: 1\n").unwrap();
    let (_, _, stderr) = run(home.path(), &whole);
    let graded: Vec<&str> = stderr.lines().filter(|line| line.contains("class/")).collect();
    assert!(graded.len() == 1 && graded[0].contains("class/s07"), "what was changed is graded again: {stderr}");
}

#[test]
fn parts_come_together_and_a_missing_one_is_named() {
    if !containers() {
        return;
    }
    let home = tempfile::tempdir().unwrap();
    let dirs = class(home.path());
    let mut files = Vec::new();
    for part in 1..=7 {
        // Named in another order on each machine.
        let mut mine: Vec<&str> = dirs.iter().map(String::as_str).collect();
        mine.rotate_left(part);
        let shard = format!("{part}/7");
        let (code, lines, stderr) =
            run(home.path(), &[&["check", "--shard", &shard, "--format", "jsonl"], &mine[..]].concat());
        assert_eq!(code, 1, "{stderr}");
        let file = format!("part-{part}.jsonl");
        std::fs::write(home.path().join(&file), lines).unwrap();
        files.push(file);
    }
    let files: Vec<&str> = files.iter().map(String::as_str).collect();
    let merge = |files: &[&str]| run(home.path(), &[&["merge", "--format", "json"], files].concat());
    let (code, json, stderr) = merge(&files);
    let value: Value = serde_json::from_str(&json).unwrap();
    let found: Vec<&str> =
        value["submissions"].as_array().unwrap().iter().map(|one| one["dir"].as_str().unwrap()).collect();
    assert_eq!((code, stderr.as_str(), found), (1, "", dirs.iter().map(String::as_str).collect()));
    let (_, json, stderr) = merge(&files[1..]);
    assert!(stderr.starts_with("missing: part 1 of 7\nmissing: a verdict on class/s00\n"), "{stderr}");
    let value: Value = serde_json::from_str(&json).unwrap();
    let unknown = value["submissions"].as_array().unwrap().iter().filter(|one| one["verdict"] == "unknown").count();
    assert_eq!((value["submissions"].as_array().unwrap().len(), unknown), (CLASS, 6));
}

#[test]
fn gradebooks_get_a_mark_or_none() {
    if !containers() {
        return;
    }
    let home = tempfile::tempdir().unwrap();
    class(home.path());
    let args = ["check", "class/s00", "--report", "classroom50=result.json", "--report", "gradescope=results.json"];
    assert_eq!(run(home.path(), &args).0, 1);
    let read = |file: &str| -> Value {
        serde_json::from_str(&std::fs::read_to_string(home.path().join(file)).unwrap()).unwrap()
    };
    assert_eq!((&read("result.json")["score"], &read("result.json")["max-score"]), (&0.into(), &4.into()));
    assert_eq!(read("results.json")["score"], 0);
    let nobody = [&["--engine", "unix:///nowhere.sock"], &args[..]].concat();
    assert_eq!(run(home.path(), &nobody).0, 3);
    assert!(!home.path().join("result.json").exists(), "an old mark is no mark of this run");
    assert_eq!(read("results.json").get("score"), None);
    let (code, _, stderr) = run(home.path(), &["check", "class/s00", "class/s01", "--format", "autolab"]);
    assert!(code == 2 && stderr.contains("takes one directory"), "{stderr}");
    let mut child = command(home.path(), &["check", "-", "--format", "csv"]).stdin(Stdio::piped()).spawn().unwrap();
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), b"class/s00\nclass/s01\n").unwrap();
    let output = child.wait_with_output().unwrap();
    let table = String::from_utf8(output.stdout).unwrap();
    assert_eq!(table.lines().count(), 3, "{table}");
    assert!(
        table.starts_with("directory,verdict,host-port,app-port,constructor,representation,points,max,"),
        "{table}"
    );
}
