//! What people really hand in: other compose files, names, servers, forms, ways to the tables. Each with the verdict that it deserves:
//! `tests/common/submissions.rs` reads them.
//!
//! Where no engine answers, this test fails and says what to start; `BREAKFIX_SKIP_DOCKER=1` leaves it out.

use std::process::{Command, Stdio};

use crate::common::{
    containers, one_of,
    submissions::{self, Submission, write},
};
use serde_json::Value;

fn submissions() -> Vec<Submission> {
    let only = std::env::var("BREAKFIX_SUBMISSION").unwrap_or_default();
    let every = if only.is_empty() { one_of(11) } else { 1 };
    submissions::submissions().into_iter().filter(|one| one.name.contains(&only)).step_by(every).collect()
}

/// In what a verdict differs from the one that is deserved.
fn differences(submission: &Submission, got: &Value) -> Vec<String> {
    let mut differences = Vec::new();
    for (key, wanted) in &submission.expected {
        // What only another cause leaves, and a file that has no part in it.
        let excluded = |said: &str| wanted.split(' ').any(|word| word == said);
        let said: Vec<&str> = match key.as_str() {
            "not" => got["wrong_turns"].as_array().unwrap().iter().filter_map(|turn| turn["id"].as_str()).collect(),
            "not at" => got["place"]["file"].as_str().into_iter().collect(),
            _ => vec![],
        };
        differences.extend(said.iter().filter(|said| excluded(said)).map(|said| format!("{key}: {said}")));
        let seen = match key.as_str() {
            "not" | "not at" => continue,
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
    assert!(submissions.len() >= 7 || std::env::var_os("BREAKFIX_SUBMISSION").is_some());
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

/// What is *could not tell* without one, a browser tells.
#[test]
#[ignore = "longer than others: cargo test -- --include-ignored"]
fn a_browser_runs_the_scripts() {
    if !containers() {
        return;
    }
    if std::env::var_os("BREAKFIX_SKIP_BROWSER").is_some_and(|value| value == "1") {
        eprintln!("SKIPPED, for BREAKFIX_SKIP_BROWSER=1: this test needs a browser");
        return;
    }
    let home = tempfile::tempdir().unwrap();
    let scripted: Vec<Submission> = submissions::submissions()
        .into_iter()
        .filter(|one| one.name.starts_with("script-") && one.expected["verdict"] == "unknown")
        .collect();
    let names: Vec<&str> = scripted.iter().map(|one| one.name.as_str()).collect();
    assert_eq!(names, ["script-redirect", "script-sends-form", "script-shows-nothing"]);
    scripted.iter().for_each(|one| write(home.path(), one));
    let check = |more: &[&str]| -> Vec<Value> {
        let output = Command::new(env!("CARGO_BIN_EXE_breakfix"))
            .args(["check", "-j", "1", "--format", "json"])
            .args(more)
            .args(&names)
            .current_dir(home.path())
            .output()
            .unwrap();
        let report: Value = serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&output.stderr)));
        report["submissions"].as_array().unwrap().clone()
    };
    let verdicts =
        |all: &[Value]| all.iter().map(|one| one["verdict"].as_str().unwrap().to_owned()).collect::<Vec<_>>();
    let with = check(&["--browser", "chromium"]);
    assert_eq!(verdicts(&with), ["works", "works", "broken"], "{with:#?}");
    let without = check(&[]);
    assert!(verdicts(&without).iter().all(|verdict| verdict == "unknown"), "{without:#?}");
}
