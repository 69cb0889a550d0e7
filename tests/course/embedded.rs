//! The course in the binary: sound, and its right fixes make the numbers agree that the lab reads from the files.

use std::{collections::BTreeMap, fs};

use breakfix::{
    compose::{LoadOptions, load, roles},
    course::{Course, Edit, Origin, lint},
    lab::{Facts, facts},
};

#[test]
fn it_has_nothing_to_say_against_it() {
    let findings: Vec<String> = lint(&Origin::default()).iter().map(ToString::to_string).collect();
    assert!(findings.is_empty(), "{}", findings.join("\n"));
}

#[test]
fn all_fixes_make_the_fixed_stack() {
    let course = Course::embedded().unwrap();
    let all: Vec<&str> = course.lessons.iter().map(|lesson| lesson.id.as_str()).collect();
    assert_eq!(&course.stack_with(&all).unwrap(), course.fixed_stack());
    assert_ne!(course.broken_stack(), course.fixed_stack());
}

#[test]
fn every_right_fix_of_a_port_makes_two_numbers_agree() {
    let course = Course::embedded().unwrap();
    for (lesson, one, other) in
        [("host-port", "front.target", "nginx.listen"), ("app-port", "nginx.upstream_port", "flaskapp.port")]
    {
        let start = course.stack_without(lesson).unwrap();
        let before = read(&start);
        assert!(!agree(&before, one, other), "{lesson}: nothing is broken");
        let lesson = course.lesson(lesson).unwrap();
        let variants = lesson.variants.iter().map(|variant| (variant.id.as_str(), &variant.edits));
        for (id, edits) in variants.chain([("the golden fix", &lesson.fix)]) {
            let after = read(&edited(&start, edits));
            assert!(
                agree(&after, one, other),
                "{} by {id}: {:?} and {:?}",
                lesson.id,
                after.get(one),
                after.get(other)
            );
        }
    }
}

fn agree(facts: &Facts, one: &str, other: &str) -> bool {
    match (facts.get(one), facts.get(other)) {
        (Some(one), Some(others)) => others.split(',').any(|other| other == one),
        _ => false,
    }
}

fn edited(start: &BTreeMap<String, String>, edits: &[Edit]) -> BTreeMap<String, String> {
    let mut texts = start.clone();
    edits.iter().try_for_each(|edit| edit.apply(&mut texts)).unwrap();
    texts
}

fn read(texts: &BTreeMap<String, String>) -> Facts {
    let dir = tempfile::tempdir().unwrap();
    for (path, text) in texts {
        let path = dir.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    let stack = load(dir.path(), &LoadOptions::default()).unwrap();
    facts(Some(&stack), &roles(&stack), &Course::embedded().unwrap(), texts.clone())
}

/// Each course that the program holds, by name.
#[test]
fn there_is_nothing_to_complain_about_in_the_second_course() {
    let origin = breakfix::course::find("orders").unwrap();
    let findings: Vec<String> = lint(&origin).iter().map(ToString::to_string).collect();
    assert_eq!(findings, Vec::<String>::new());
    let course = Course::open(&origin).unwrap();
    assert!(course.is_ours() && course.stack.bootstrap.is_none());
    assert_eq!(course.probe_of("redis-worker").map(|probe| probe.id.as_str()), Some("nothing-waits"));
    assert_eq!(course.probe_of("browser-nginx"), None);
}
