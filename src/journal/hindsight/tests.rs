//! What a story reads like.

use super::*;
use crate::{
    course::Rung,
    diagnosis::{HopVerdict, Judgement, NamedWrongTurn, Report, Status},
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
        judgement: if broken { Judgement::seen_broken() } else { Judgement::Works },
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
                explain: None,
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

#[test]
fn what_is_typed_is_no_markdown() {
    let page = hindsight_html(&course(), &entries("`__init__` and *args* in [x](y) | ~~z~~"));
    assert!(page.contains("Note: `__init__` and *args* in [x](y) | ~~z~~"), "{page}");
    for heading in ["# one", "- one", "1. one", "> one", "=== one"] {
        let page = hindsight_html(&course(), &entries(heading));
        assert!(page.contains(&heading.replace('>', "&gt;")), "{heading}: {page}");
    }
}

mod any_journal {
    use proptest::prelude::*;

    use super::*;

    fn event() -> impl Strategy<Value = Event> {
        let lesson = || prop_oneof![Just("host-port".to_owned()), Just("app-port".to_owned())];
        let words = "[ -~]{0,30}";
        let outcome = prop_oneof![
            Just(Outcome::Done),
            Just(Outcome::Cancelled),
            words.prop_map(|error| Outcome::Failed { error })
        ];
        let work = prop_oneof![
            Just(WorkKind::Bootstrap),
            Just(WorkKind::Down { volumes: true }),
            words.prop_map(|service| WorkKind::Restart { service }),
            any::<bool>().prop_map(|build| WorkKind::Up { services: vec![], build }),
        ];
        prop_oneof![
            lesson().prop_map(|lesson| Event::LessonOpened { lesson }),
            (lesson(), proptest::option::of(0..2_usize))
                .prop_map(|(lesson, choice)| Event::Predicted { lesson, choice }),
            (lesson(), any::<bool>()).prop_map(|(lesson, broken)| Event::Verified {
                lesson,
                report: report(broken),
                survey: Survey::default()
            }),
            lesson().prop_map(|lesson| Event::LessonSolved { lesson, revealed: false }),
            lesson().prop_map(|lesson| Event::LessonRegressed { lesson }),
            lesson().prop_map(|lesson| Event::HintShown { lesson, rung: Rung::Where }),
            (lesson(), words).prop_map(|(lesson, text)| Event::Noted { lesson, text }),
            (lesson(), words).prop_map(|(lesson, text)| Event::Hypothesis { lesson, text }),
            (lesson(), words).prop_map(|(lesson, text)| Event::Reflected { lesson, text }),
            (work, outcome).prop_map(|(work, outcome)| Event::WorkEnded { id: 1, work, outcome, seconds: 1.0 }),
        ]
    }

    fn two_lessons() -> Course {
        let mut course = course();
        let second =
            LESSON.replace("host-port", "app-port").replace("Nobody answers on 8080", "502").replace("expose", "other");
        course.lessons.push(toml::from_str(&second).unwrap());
        course
    }

    /// How often something stands in a text.
    fn times(text: &str, what: &str) -> usize {
        text.matches(what).count()
    }

    /// The figure before a noun in the story's first line.
    fn figure(text: &str, noun: &str) -> usize {
        let line = text.lines().find(|line| line.contains(" of work, ")).unwrap();
        let part = line.split([',', ';']).find(|part| part.contains(noun)).unwrap();
        part.split_whitespace().next().unwrap().parse().unwrap()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]

        #[test]
        fn each_figure_is_what_stands_below_it(events in proptest::collection::vec(event(), 0..40)) {
            let course = two_lessons();
            let mut all = vec![Event::LessonOpened { lesson: "host-port".into() }];
            all.extend(events);
            let entries: Vec<Entry> =
                all.into_iter().enumerate().map(|(at, event)| Entry { at: 1 + at as u64 * 1000, event }).collect();
            let text = hindsight_markdown(&course, &entries);
            let count = |is: fn(&Event) -> bool| entries.iter().filter(|entry| is(&entry.event)).count();
            let looks = count(|event| matches!(event, Event::Verified { .. }));
            prop_assert_eq!(figure(&text, "verification"), looks);
            prop_assert_eq!(times(&text, "` I looked"), looks);
            let hints = count(|event| matches!(event, Event::HintShown { .. }));
            prop_assert_eq!((figure(&text, "hint"), times(&text, "` I asked for a hint")), (hints, hints));
            prop_assert_eq!(figure(&text, "wrong turn"), times(&text, " Wrong turn: **"));
            let solved = text.lines().filter(|line| line.starts_with("### ") && line.contains(", solved") && !line.contains("broken again")).count();
            let line = text.lines().find(|line| line.contains(" of work, ")).unwrap();
            let expected = format!("; {solved} of 2 lessons solved.");
            prop_assert!(line.ends_with(&expected), "{} {}", line, expected);
            let in_chapters: usize = text
                .lines()
                .filter(|line| line.starts_with("### "))
                .filter_map(|line| line.split(", ").find(|part| part.contains("verification")))
                .map(|part| part.split_whitespace().next().unwrap().parse::<usize>().unwrap())
                .sum();
            prop_assert_eq!(in_chapters, looks);
            prop_assert_eq!(times(&text, "Before looking I was asked"), {
                let line = text.lines().find(|line| line.starts_with("Predictions: "));
                line.map_or(0, |line| line.split(|c: char| !c.is_ascii_digit()).filter_map(|n| n.parse::<usize>().ok()).sum())
            });
            // Each line of the process is an event's, and each event that has a line has one.
            let lines = text.lines().filter(|line| line.starts_with("- `")).count();
            let told = count(|event| matches!(event, Event::Noted { .. } | Event::Hypothesis { .. } | Event::WorkEnded { .. }))
                + looks + hints
                + count(|event| matches!(event, Event::LessonSolved { .. } | Event::LessonRegressed { .. }));
            prop_assert_eq!(lines, told);
            prop_assert!(!text.contains("I believed"), "no belief is put into anybody's mouth");
        }
    }
}
