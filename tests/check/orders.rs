//! `breakfix check --course orders` over what might be handed in: the second course has its own services, and they may have other names.
//!
//! Where no engine answers, this test fails and says what to start; `BREAKFIX_SKIP_DOCKER=1` leaves it out.

use std::{
    collections::BTreeMap,
    process::{Command, Stdio},
};

use breakfix::course::{Course, Edit, apply_all, find};
use serde_json::Value;

use crate::common::{
    containers, one_of,
    submissions::{Submission, write},
};

fn replaced(file: &str, from: &str, to: &str) -> Edit {
    Edit::Replace { file: file.into(), replace: from.into(), with: to.into() }
}

/// What came of one: the verdict, the first lesson that fails, the first wrong turn.
type Deserved = (&'static str, Option<&'static str>, Option<&'static str>);

fn handed_in(course: &Course) -> Vec<(Submission, Deserved)> {
    let one = |name: &str, files: &BTreeMap<String, String>, edits: &[Edit], deserved: Deserved| {
        let mut files = files.clone();
        apply_all(edits, &mut files).unwrap();
        (Submission { name: name.into(), expected: BTreeMap::new(), files }, deserved)
    };
    let turn = |lesson: &str, id: &'static str| {
        let known = course.lesson(lesson).unwrap().wrong_turns.iter().find(|turn| turn.id == id).unwrap();
        let lesson: &'static str = course.lesson(lesson).map(|lesson| String::leak(lesson.id.clone())).unwrap();
        one(id, &course.stack_without(lesson).unwrap(), &known.edits, ("broken", Some(lesson), Some(id)))
    };
    let compose = "docker-compose.yml";
    let mut renamed = course.fixed_stack().clone();
    let file = renamed.get_mut(compose).unwrap();
    // Who plays which part is seen by image and by command.
    *file = file.replace("\n  worker:\n", "\n  cook:\n").replace("\n  redis:\n", "\n  broker:\n");
    *file = file.replace("      redis:\n", "      broker:\n").replace("redis://redis:", "redis://broker:");
    let same_names = [replaced(compose, "      QUEUE: order\n", "      QUEUE: orders\n")];
    vec![
        one("renamed", &renamed, &[], ("works", None, None)),
        one("as-given", course.broken_stack(), &[], ("broken", Some("second-try"), None)),
        one("as-mended", course.fixed_stack(), &[], ("works", None, None)),
        turn("never-done", "other-database"),
        one("queue-alone", course.broken_stack(), &same_names, ("broken", Some("second-try"), None)),
        turn("ten-seconds", "init-in-front-of-the-shell"),
    ]
}

#[test]
fn hand_ins_of_the_second_course_get_the_verdict_that_they_deserve() {
    let course = Course::open(&find("orders").unwrap()).unwrap();
    let all: Vec<_> = handed_in(&course).into_iter().step_by(one_of(3)).collect();
    if !containers() {
        return;
    }
    let home = tempfile::tempdir().unwrap();
    for (submission, _) in &all {
        write(home.path(), submission);
    }
    let output = Command::new(env!("CARGO_BIN_EXE_breakfix"))
        .args(["check", "--course", "orders", "-v", "-j", "2", "--format", "json"])
        .args(all.iter().map(|(one, _)| &one.name))
        .current_dir(home.path())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    let report: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("no JSON: {stderr}"));
    for (got, (submission, (verdict, lesson, turn))) in report["submissions"].as_array().unwrap().iter().zip(&all) {
        let first = got["wrong_turns"][0]["id"].as_str();
        let seen = (got["verdict"].as_str(), got["first_failed_lesson"].as_str());
        assert_eq!(seen, (Some(*verdict), *lesson), "{}: {got:#}\n{stderr}", submission.name);
        assert!(turn.is_none() || first == *turn, "{}: {first:?}\n{stderr}", submission.name);
    }
}
