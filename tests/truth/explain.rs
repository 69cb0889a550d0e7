//! `check --explain`: what a student who disagrees gets. Typed from its first command to its last, it says what it said.

use std::{path::Path, process::Command};

use breakfix::course::Course;

use crate::{common, normalised, port_8080};

/// What a person reads who types this there.
fn typed(dir: &Path, command: &str) -> String {
    let output = Command::new("sh").args(["-c", command]).current_dir(dir).output().unwrap();
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// The commands of an explanation in their order, each with the answer that it is shown with.
fn told(explanation: &str) -> Vec<(String, String)> {
    let mut told = Vec::new();
    let mut answer = String::new();
    for line in explanation.lines() {
        if let Some(said) = line.strip_prefix("            | ") {
            answer.push_str(said);
            answer.push('\n');
        } else if let Some((_, command)) = line.split_once("$ ") {
            told.push((command.to_owned(), std::mem::take(&mut answer)));
        }
    }
    told
}

#[test]
fn an_explanation_typed_from_top_to_bottom_says_what_it_said() {
    if !common::containers() {
        return;
    }
    if !common::answers(&["compose", "version"]) {
        eprintln!("SKIPPED: docker compose is not installed, so nothing of it can be typed");
        return;
    }
    let _alone = port_8080();
    let course = Course::embedded().unwrap();
    let home = tempfile::Builder::new().prefix("breakfix-explain-").tempdir().unwrap();
    let dir = home.path().join("shop");
    common::write_files(&dir, course.stack_without("representation").unwrap());
    let output = Command::new(env!("CARGO_BIN_EXE_breakfix"))
        .args(["check", "--explain", "--color", "never"])
        .arg(&dir)
        .output()
        .unwrap();
    let explanation = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(1), "{explanation}\n{}", String::from_utf8_lossy(&output.stderr));

    let told = told(&explanation);
    let mut wrong = Vec::new();
    let mut compared = 0;
    let commands = told.iter().map(|(command, _)| command.as_str());
    assert!(commands.clone().any(|command| command == "docker compose up -d --build"), "{explanation}");
    // What was written to one shell: a hidden field that was looked up is used by the command after it.
    let mut before = String::new();
    for (command, answer) in &told {
        if command.starts_with("cd ") {
            continue;
        }
        if command.starts_with("hidden=") {
            before = format!("{command}\n");
            continue;
        }
        let came = normalised(&typed(&dir, &format!("{before}{command}")));
        before.clear();
        let shown = normalised(answer);
        let shown = shown.split("\n…").next().unwrap_or_default().trim_end_matches('…');
        if !shown.is_empty() {
            compared += 1;
            if !came.contains(shown) {
                wrong.push(format!("$ {command}\n--- shown\n{shown}\n--- typed\n{came}\n"));
            }
        }
    }
    typed(&dir, "docker compose down --volumes --rmi local");
    assert!(wrong.is_empty(), "{}\n{explanation}", wrong.join("\n"));
    assert!(compared >= 2, "only {compared} answers were compared\n{explanation}");
}
