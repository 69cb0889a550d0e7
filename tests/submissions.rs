//! What people really hand in: other compose files, names, servers, forms, ways to the tables. Each with the verdict that it deserves.
//!
//! `tests/fixtures/submissions/` holds one file for each: what it is, the verdict, and the files in which it differs from `fixed-stack`.
//! A part `--- PATH` gives a whole file, `--- PATH edit` replaces what stands above `=>` by what stands below, `--- PATH gone` removes.
//!
//! Where no engine answers, this test fails and says what to start; `BREAKFIX_SKIP_DOCKER=1` leaves it out.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod common;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use breakfix::course::Course;
use common::containers;
use serde_json::Value;

/// What several of them need beside the packages of `fixed-stack`; one list, so that they share a layer.
const MORE_REQUIREMENTS: &str = "
Flask-SQLAlchemy==3.1.1
gunicorn==27.0.1
psycopg2-binary==2.9.13
pyuwsgi==2.0.30.post1
waitress==3.0.2
";

struct Submission {
    name: String,
    expected: BTreeMap<String, String>,
    files: BTreeMap<String, String>,
}

fn submissions() -> Vec<Submission> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/submissions");
    let only = std::env::var("BREAKFIX_SUBMISSION").unwrap_or_default();
    let mut paths: Vec<PathBuf> = std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let course = Course::embedded().unwrap();
    let all = paths.iter().map(|path| {
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        read(name, &std::fs::read_to_string(path).unwrap(), course.fixed_stack())
    });
    // One in two, where nobody asks for all or for one.
    let every = if only.is_empty() && std::env::var_os("BREAKFIX_ALL").is_none() { 2 } else { 1 };
    all.filter(|one| one.name.contains(&only)).step_by(every).collect()
}

fn read(name: String, text: &str, fixed: &BTreeMap<String, String>) -> Submission {
    let mut parts = text.split("\n--- ");
    let head = parts.next().unwrap().lines().skip(1);
    let expected =
        head.filter_map(|line| line.split_once(": ")).map(|(key, value)| (key.into(), value.into())).collect();
    let mut files = fixed.clone();
    for part in parts {
        let (line, body) = part.split_once('\n').unwrap_or((part, ""));
        match line.rsplit_once(' ') {
            Some((path, "gone")) => {
                let before = files.len();
                files.retain(|known, _| known != path && !known.starts_with(&format!("{path}/")));
                assert!(files.len() < before, "{name}: there is no {path}");
            }
            Some((path, "edit")) => {
                let (from, to) = body.split_once("=>").unwrap_or_else(|| panic!("{name}: an edit without =>"));
                let (from, to) = (from.trim_end_matches('\n'), to.strip_prefix('\n').unwrap_or(to));
                let text = files.get_mut(path).unwrap_or_else(|| panic!("{name}: there is no {path}"));
                assert_eq!(text.matches(from).count(), 1, "{name}: {path} holds this once: {from}");
                *text = text.replace(from, to.trim_end_matches('\n'));
            }
            _ => drop(files.insert(line.to_owned(), format!("{}\n", body.trim_end_matches('\n')))),
        }
    }
    let more = format!("{}{MORE_REQUIREMENTS}", fixed["requirements.txt"]);
    for text in files.values_mut() {
        *text = text.replace("{more requirements}\n", &more);
    }
    Submission { name, expected, files }
}

fn write(home: &Path, submission: &Submission) {
    for (path, text) in &submission.files {
        let path = home.join(&submission.name).join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
}

/// In what a verdict differs from the one that is deserved.
fn differences(submission: &Submission, got: &Value) -> Vec<String> {
    let mut differences = Vec::new();
    for (key, wanted) in &submission.expected {
        let seen = match key.as_str() {
            "verdict" => got["verdict"].as_str(),
            "lesson" => got["first_failed_lesson"].as_str(),
            "hop" => got["first_broken_hop"].as_str(),
            "turn" => got["wrong_turns"]
                .as_array()
                .unwrap()
                .iter()
                .find_map(|turn| turn["id"].as_str().filter(|id| id == wanted)),
            "reason" => got["reason"].as_str().map(|reason| if reason.contains(wanted) { wanted } else { reason }),
            other => panic!("{}: what is `{other}`?", submission.name),
        };
        if seen != Some(wanted) {
            differences.push(format!("{key}: wanted {wanted}, got {seen:?}"));
        }
    }
    differences
}

#[test]
fn what_people_hand_in_gets_the_verdict_that_it_deserves() {
    let submissions = submissions();
    assert!(submissions.len() >= 18 || std::env::var_os("BREAKFIX_SUBMISSION").is_some());
    assert!(submissions.iter().all(|one| one.expected.contains_key("verdict")));
    if !containers() {
        return;
    }
    let home = tempfile::tempdir().unwrap();
    for submission in &submissions {
        write(home.path(), submission);
    }
    // The base images come from wherever they come from. All others are not to be had, wherever this runs.
    let fetch = Command::new(env!("CARGO_BIN_EXE_breakfix"))
        .args(["check", &submissions[0].name])
        .current_dir(home.path())
        .output();
    assert!(fetch.is_ok());
    let output = Command::new(env!("CARGO_BIN_EXE_breakfix"))
        .args(["check", "-v", "-j", "3", "--images", "build", "--format", "json"])
        .args(submissions.iter().map(|one| &one.name))
        .current_dir(home.path())
        .env_remove("SECRET_KEY")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    let report: Value =
        serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: no JSON\n{stderr}"));
    let mut wrong = Vec::new();
    for (submission, got) in submissions.iter().zip(report["submissions"].as_array().unwrap()) {
        assert_eq!(got["dir"], submission.name.as_str(), "in the order in which they were named");
        let differences = differences(submission, got);
        if !differences.is_empty() {
            wrong.push(format!("{}: {}\n{got:#}", submission.name, differences.join("; ")));
        }
    }
    assert!(wrong.is_empty(), "{} of {} are wrong:\n{}", wrong.len(), submissions.len(), wrong.join("\n\n"));
}
