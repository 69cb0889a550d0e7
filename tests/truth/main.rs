//! What is shown as a command with its output is what a person gets who types it there, now.
//!
//! The shop is started in a lab, with a bug or a wrong turn of the course. Breakfix asks it, and each command that the evidence
//! then shows behind a `$` is typed into a shell in the lab's directory: it has to say the same, but for what [`ALLOWED`] lists.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[path = "../common/mod.rs"]
mod common;
mod explain;
#[path = "../common/lab.rs"]
mod lab;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use breakfix::{
    course::{Course, Making},
    diagnosis::transcript,
    engine::Progress,
    probe::{Evidence, Observation},
};
use lab::Lab;
use regex::Regex;

/// What may differ from one time that a thing is asked to the next: a pattern, what is put in its place on both sides, and why.
const ALLOWED: [(&str, &str, &str); 7] = [
    (r"(?m)^Date: .*$", "", "each answer has its own time"),
    (r"(?m)^Content-Length: .*$", "", "nginx pads its own error pages for a browser, and the padding is not shown"),
    (r"(?m)^Set-Cookie: .*$", "Set-Cookie: …", "each visitor has a session of its own"),
    (r#"(name="csrf_token"[^>]*value=")[^"]*"#, "$1…", "each page has a secret of its own"),
    (r"(?m)^(HTTP/1\.1 3\d\d) .*$", "$1", "of a redirect the number is told, and not its words"),
    (r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)?", "…", "each row says when it was made"),
    (r"-{3,}", "---", "psql draws its lines as wide as its columns"),
];

/// The same words, whatever differs by right or by alignment.
fn normalised(text: &str) -> String {
    let mut text = text.replace('\r', "");
    for (pattern, instead, _) in ALLOWED {
        text = Regex::new(pattern).unwrap().replace_all(&text, instead).into_owned();
    }
    let lines = text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "));
    lines.filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n")
}

/// The port of the story is one test's at a time.
fn port_8080() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// One state of the shop.
struct Case {
    name: String,
    lesson: String,
    files: BTreeMap<String, String>,
}

/// Each bug, and one in so many of the wrong turns that take no more than their files.
fn cases(course: &Course, one_in: usize) -> Vec<Case> {
    let mut bugs = Vec::new();
    let mut turns = Vec::new();
    for lesson in &course.lessons {
        let start = course.stack_without(&lesson.id).unwrap();
        let case = |id: &str, files| Case { name: format!("{} {id}", lesson.id), lesson: lesson.id.clone(), files };
        if !lesson.fix.is_empty() {
            bugs.push(case("bug", start.clone()));
        }
        for turn in lesson.wrong_turns.iter().filter(|turn| turn.not_made.is_none()) {
            let making = Making::of_turn(turn, &start).unwrap();
            if making.is_plain() {
                turns.push(case(&turn.id, making.files));
            }
        }
    }
    bugs.into_iter().chain(turns.into_iter().step_by(one_in)).collect()
}

/// Tells how what was typed differs from what was shown.
fn difference(lab: &Lab, evidence: &Evidence) -> Option<String> {
    let shown = normalised(&transcript(evidence)?);
    let typed = normalised(&lab.typed(&evidence.command));
    let cut = matches!(&evidence.observation, Observation::Http(answer) if answer.cut);
    let same = if cut { typed.starts_with(shown.trim_end_matches("… (cut)").trim_end()) } else { typed == shown };
    (!same).then(|| format!("$ {}\n--- shown\n{shown}\n--- typed\n{typed}", evidence.command))
}

#[test]
fn what_is_shown_behind_a_dollar_sign_is_what_a_person_gets() {
    if !common::containers() {
        return;
    }
    let _alone = port_8080();
    let compose = common::answers(&["compose", "version"]);
    let course = Arc::new(Course::embedded().unwrap());
    let cases = cases(&course, if common::all() { 3 } else { 91 });
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let mut wrong = Vec::new();
    let (mut by_curl, mut by_compose) = (0, 0);
    runtime.block_on(async {
        let mut lab = Lab::new(&course).await;
        for case in &cases {
            let begun = std::time::Instant::now();
            let mut seen = BTreeSet::new();
            lab.start(&case.files).await;
            let (_, survey) = lab.verify(&case.lesson, &Progress::silent()).await;
            for evidence in survey.evidence.into_values() {
                let through_compose = evidence.command.starts_with("docker compose");
                if through_compose && !compose || !seen.insert(evidence.command.clone()) {
                    continue;
                }
                if transcript(&evidence).is_some() {
                    *(if through_compose { &mut by_compose } else { &mut by_curl }) += 1;
                }
                wrong.extend(difference(&lab, &evidence).map(|words| format!("{}\n{words}\n", case.name)));
            }
            eprintln!("{} in {:.1} s", case.name, begun.elapsed().as_secs_f64());
        }
        lab.end().await;
    });
    if !compose {
        eprintln!("SKIPPED: docker compose is not installed, so what is asked through it was not typed");
    }
    eprintln!("{} states, {by_curl} commands for curl, {by_compose} for docker compose", cases.len());
    assert!(wrong.is_empty(), "{} differ\n{}", wrong.len(), wrong.join("\n"));
    assert!(by_curl > 0 && (by_compose > 0 || !compose), "nothing was typed");
}
