//! What a story reads like.

use super::*;
use crate::{
    course::Rung,
    diagnosis::{HopVerdict, NamedWrongTurn, Report, Status},
    journal::{Outcome, WorkKind},
    probe::Survey,
};

const COURSE: &str = r#"
format = 1
id = "puzzle"
title = "the systems puzzle"
welcome = "A shop."
method = ["look"]
lessons = []
[stack]
broken = "broken-stack"
fixed = "fixed-stack"
url = "http://localhost:8080/"
[stack.bootstrap]
service = "flaskapp"
command = ["true"]
table = "items"
[roles]
proxy = "nginx"
app = "flaskapp"
database = "db"
[[hops]]
id = "browser-nginx"
from = "browser"
to = "nginx"
needs = "…"
"#;
const LESSON: &str = r#"
id = "host-port"
title = "Nobody answers on 8080"
symptom = "refused"
debrief = "…"
golden = "Read the mapping aloud: host first, container second."
[prediction]
question = "What will curl say?"
choices = [
  { text = "refused", right = true, because = "Nobody listens." },
  { text = "502", because = "A 502 needs an nginx that answers." },
]
[[checks]]
id = "site-answers"
label = "somebody answers"
evidence = "browser-nginx"
pass = { hop = { id = "browser-nginx", is = "pass" } }
fail = "nobody answers"
[[wrong_turns]]
id = "expose"
title = "EXPOSE opens ports"
belief = "EXPOSE in a Dockerfile opens a port."
question = "What does EXPOSE do?"
explain = "It is a note to people."
when = { any = [] }
"#;

fn course() -> Course {
    let mut course: Course = toml::from_str(COURSE).unwrap();
    course.lessons.push(toml::from_str(LESSON).unwrap());
    course
}

fn report(broken: bool) -> Report {
    Report {
        verdict: if broken { Verdict::Broken } else { Verdict::Works },
        first_broken_hop: broken.then(|| "browser-nginx".into()),
        hops: vec![HopVerdict {
            id: "browser-nginx".into(),
            status: if broken { Status::Fail } else { Status::Pass },
            command: "curl".into(),
            observed: "connection refused".into(),
        }],
        wrong_turns: if broken {
            vec![NamedWrongTurn {
                id: "expose".into(),
                lesson: "host-port".into(),
                title: "EXPOSE opens ports".into(),
                question: "What does EXPOSE do?".into(),
                remark: false,
            }]
        } else {
            vec![]
        },
        ..Report::default()
    }
}

/// One lesson, with a wrong turn on the way.
fn entries(note: &str) -> Vec<Entry> {
    let lesson = || "host-port".to_owned();
    let verified = |broken| Event::Verified { lesson: lesson(), report: report(broken), survey: Survey::default() };
    let events = [
        Event::LabMade { course: "puzzle".into(), version: "0".into() },
        Event::LessonOpened { lesson: lesson() },
        Event::Predicted { lesson: lesson(), choice: Some(1) },
        Event::FileChanged {
            file: "Dockerfile".into(),
            diff: "--- a\n+++ b\n@@ -1 +1 @@\n+EXPOSE 8080\n".into(),
            while_closed: false,
        },
        verified(true),
        Event::HintShown { lesson: lesson(), rung: Rung::Where },
        Event::Noted { lesson: lesson(), text: note.into() },
        Event::WorkEnded {
            id: 1,
            work: WorkKind::Up { services: vec!["nginx".into()], build: false },
            outcome: Outcome::Done,
            seconds: 1.24,
        },
        verified(false),
        Event::LessonSolved { lesson: lesson(), revealed: false },
        Event::Reflected { lesson: lesson(), text: "Read it aloud.".into() },
    ];
    events
        .into_iter()
        .enumerate()
        .map(|(index, event)| Entry { at: 1_000_000 + index as u64 * 60_000, event })
        .collect()
}

#[test]
fn the_story_of_one_lesson_reads_well() {
    insta::assert_snapshot!(hindsight_markdown(&course(), &entries("left is the host")));
}

#[test]
fn as_a_part_of_a_readme_it_has_no_title_and_lower_headings() {
    let part = narrative_markdown(&course(), &entries("left is the host"));
    assert!(part.starts_with("### A golden narrative\n") && part.contains("\n#### 0 · Nobody answers"), "{part}");
}

#[test]
fn the_page_stands_alone_and_holds_the_same_story() {
    let page = hindsight_html(&course(), &entries("left is the host"));
    for part in ["<!doctype html>", "EXPOSE opens ports", "<ins>+EXPOSE 8080</ins>", "left is the host", "1970-01-01"] {
        assert!(page.contains(part), "{part} is missing in\n{page}");
    }
    for outside in ["src=", "href=", "@import", "url("] {
        assert!(!page.contains(outside), "the page asks for something else: {outside}");
    }
}

#[test]
fn what_somebody_typed_stays_text() {
    let page = hindsight_html(&course(), &entries("<script>alert(1)</script> [here](javascript:alert) <img src=x>"));
    assert!(page.contains("&lt;script&gt;") && page.contains("here"), "{page}");
    assert!(!page.contains("<script") && !page.contains("<img") && !page.contains("href"), "{page}");
    let text = hindsight_markdown(&course(), &entries("curl shows <models.Items object>"));
    assert!(text.contains("curl shows &lt;models.Items object>"), "a reader of the README would not see it: {text}");
}
