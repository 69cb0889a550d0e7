//! The two stories: what a clear thinker would have done, beside what this learner really did.

use std::fmt::Write as _;

use super::{Entry, Event, LessonProgress, Progress, WorkKind};
use crate::{
    course::{Course, Lesson},
    diagnosis::{Report, Status, Verdict},
};

/// The hindsight report as Markdown, ready for a README: the golden narrative, the actual process, the takeaways.
pub fn hindsight_markdown(course: &Course, entries: &[Entry]) -> String {
    let progress = Progress::fold(entries);
    let mut out = format!("# How I debugged {}\n\n## A golden narrative\n\n", course.title);
    out.push_str("What someone who thinks clearly and efficiently would have done from the beginning.\n\n");
    for lesson in course.lessons.iter().filter(|lesson| !lesson.golden.trim().is_empty()) {
        let _ = writeln!(out, "**{}.** {}\n", lesson.title, lesson.golden.trim());
    }
    out.push_str("## The actual process\n\n");
    let _ = writeln!(out, "{}\n", summary(course, &progress));
    for (number, lesson) in course.lessons.iter().enumerate() {
        let state = progress.lesson(&lesson.id);
        if state.opened_at.is_some() {
            write_lesson(&mut out, course, number, lesson, &state, entries);
        }
    }
    write_takeaways(&mut out, course, &progress);
    out
}

fn summary(course: &Course, progress: &Progress) -> String {
    let graded: Vec<_> = course.lessons.iter().filter(|lesson| !lesson.checks.is_empty()).collect();
    let solved = graded.iter().filter(|lesson| progress.lesson(&lesson.id).is_solved()).count();
    let sum = |count: fn(&LessonProgress) -> usize| progress.lessons.values().map(count).sum::<usize>();
    format!(
        "{} of work, {}, {}, {}; {solved} of {} solved.",
        duration(progress.active_ms),
        plural(sum(|lesson| lesson.attempts), "verification"),
        plural(sum(|lesson| lesson.wrong_turns.len()), "wrong turn"),
        plural(sum(|lesson| lesson.hints.len()), "hint"),
        plural(graded.len(), "lesson"),
    )
}

fn write_lesson(
    out: &mut String,
    course: &Course,
    number: usize,
    lesson: &Lesson,
    state: &LessonProgress,
    entries: &[Entry],
) {
    let how = match (state.is_solved(), state.revealed) {
        (true, false) => "solved",
        (true, true) => "solved with the fix shown",
        (false, _) if state.regressed => "solved, and broken again",
        (false, _) => "open",
    };
    let _ = writeln!(
        out,
        "### {number} · {} ({}, {}, {how})\n",
        lesson.title,
        duration(state.active_ms),
        plural(state.attempts, "attempt")
    );
    if let (Some(prediction), Some(Some(choice))) = (&lesson.prediction, state.prediction)
        && let Some(chosen) = prediction.choices.get(choice)
    {
        let right = prediction.choices.iter().find(|choice| choice.right);
        let verdict = match right {
            Some(right) if right.text != chosen.text => format!("It was “{}”. {}", right.text, chosen.because),
            _ => format!("It was. {}", chosen.because),
        };
        let _ =
            writeln!(out, "Before looking I was asked: {} I said “{}”. {verdict}\n", prediction.question, chosen.text);
    }
    let start = entries.first().map_or(0, |entry| entry.at);
    for entry in of_lesson(entries, &lesson.id) {
        if let Some(line) = line(course, &entry.event) {
            let _ = writeln!(out, "- `{}` {line}", clock(entry.at.saturating_sub(start)));
        }
    }
    if let Some(reflection) = &state.reflection {
        let _ = writeln!(out, "\n> {}", reflection.replace('\n', "\n> "));
    }
    out.push('\n');
}

/// The entries that fell into the time in which this lesson was open.
fn of_lesson<'a>(entries: &'a [Entry], lesson: &'a str) -> impl Iterator<Item = &'a Entry> {
    let mut open = false;
    entries.iter().filter(move |entry| {
        if let Event::LessonOpened { lesson: opened } = &entry.event {
            open = opened == lesson;
        }
        open
    })
}

fn line(course: &Course, event: &Event) -> Option<String> {
    Some(match event {
        Event::FileChanged { file, diff } => {
            format!("I changed `{}`:\n\n  ```diff\n{}  ```\n", file.display(), indent(&changed_lines(diff)))
        }
        Event::Verified { report, .. } => verified(course, report),
        Event::HintShown { rung, .. } => format!("I asked for a hint ({}).", format!("{rung:?}").to_lowercase()),
        Event::Revealed { diff, .. } => {
            format!("I had the fix shown and applied:\n\n  ```diff\n{}  ```\n", indent(&changed_lines(diff)))
        }
        Event::Repeated { .. } => "I had the bug put back, to find it once more.".into(),
        Event::Hypothesis { text, .. } => format!("I thought: {}", text.replace('\n', " ")),
        Event::Noted { text, .. } => format!("Note: {}", text.replace('\n', " ")),
        Event::LessonSolved { .. } => "**Solved.**".into(),
        Event::LessonRegressed { lesson } => {
            format!("“{}” was broken again.", course.lesson(lesson).map_or(lesson.as_str(), |lesson| &lesson.title))
        }
        Event::Reset { files, .. } if files.is_empty() => "I put all files back to where they started.".into(),
        Event::Reset { files, .. } => {
            let names: Vec<_> = files.iter().map(|file| format!("`{}`", file.display())).collect();
            format!("I put {} back.", names.join(", "))
        }
        Event::WorkEnded { work, outcome, seconds, .. } => worked(work, outcome, *seconds)?,
        Event::PortMoved { from, to, why, .. } => {
            format!("Port {from} of the file became {to} on this machine: {why}.")
        }
        _ => return None,
    })
}

fn worked(work: &WorkKind, outcome: &super::Outcome, seconds: f64) -> Option<String> {
    let what = match work {
        WorkKind::Up { services, build } => {
            let services = if services.is_empty() { "everything".into() } else { services.join(", ") };
            format!("I {} {services}", if *build { "rebuilt and started" } else { "started" })
        }
        WorkKind::Bootstrap => "I gave the database its tables".into(),
        WorkKind::Restart { service } => format!("I restarted {service}"),
        WorkKind::Reload { service } => format!("I reloaded {service}"),
        WorkKind::Down { .. } => "I took the stack down".into(),
        WorkKind::Images | WorkKind::Verify => return None,
    };
    Some(match outcome {
        super::Outcome::Done => format!("{what} ({seconds:.1} s)."),
        super::Outcome::Failed { error } => {
            format!("{what}, which failed: {}.", error.lines().next().unwrap_or_default())
        }
        super::Outcome::Cancelled => format!("{what}, and stopped it."),
    })
}

fn verified(course: &Course, report: &Report) -> String {
    let mut text = match report.verdict {
        Verdict::Works => "I looked again: everything works.".to_owned(),
        Verdict::Unknown => format!("I looked: {}.", report.reason.as_deref().unwrap_or("could not tell")),
        Verdict::Broken => {
            let hop = report.hops.iter().find(|hop| Some(&hop.id) == report.first_broken_hop.as_ref());
            let check = report.checks.iter().find(|check| check.status == Status::Fail);
            match (hop, check) {
                (Some(hop), _) => {
                    let name = course
                        .hops
                        .iter()
                        .find(|known| known.id == hop.id)
                        .map_or_else(|| hop.id.clone(), |known| format!("{} → {}", known.from, known.to));
                    format!("I looked: {name}: {}.", hop.observed)
                }
                (None, Some(check)) => format!("I looked: {}: {}.", check.label, check.observed),
                (None, None) => "I looked: not yet.".into(),
            }
        }
    };
    for turn in report.wrong_turns.iter().filter(|turn| !turn.remark) {
        let belief = course
            .lessons
            .iter()
            .flat_map(|lesson| &lesson.wrong_turns)
            .find(|known| known.id == turn.id)
            .map_or("", |known| known.belief.trim());
        let _ = write!(text, " Wrong turn: **{}**. I believed: {belief}", turn.title);
    }
    for stale in &report.stale {
        let _ = write!(text, " (`{}` still ran the old files.)", stale.service);
    }
    text
}

fn write_takeaways(out: &mut String, course: &Course, progress: &Progress) {
    let notes = &progress.notes;
    let mut turns: Vec<_> = Vec::new();
    for lesson in &course.lessons {
        for id in progress.lesson(&lesson.id).wrong_turns {
            if let Some(turn) = lesson.wrong_turns.iter().find(|turn| turn.id == id) {
                turns.push(turn);
            }
        }
    }
    if turns.is_empty() && notes.is_empty() {
        return;
    }
    out.push_str("## What I take away\n\n");
    for turn in turns {
        let _ = writeln!(out, "- I believed: {} {}", turn.belief.trim(), turn.explain.trim().replace('\n', " "));
    }
    for note in notes {
        let _ = writeln!(out, "- {}", note.text.replace('\n', " "));
    }
}

fn changed_lines(diff: &str) -> String {
    diff.lines()
        .filter(|line| {
            (line.starts_with('+') || line.starts_with('-')) && !line.starts_with("+++") && !line.starts_with("---")
        })
        .fold(String::new(), |mut text, line| {
            text.push_str(line);
            text.push('\n');
            text
        })
}

fn indent(text: &str) -> String {
    text.lines().fold(String::new(), |mut out, line| {
        let _ = writeln!(out, "  {line}");
        out
    })
}

fn plural(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

fn duration(ms: u64) -> String {
    let seconds = ms / 1000;
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3600 => format!("{} min", seconds / 60),
        _ => format!("{} h {} min", seconds / 3600, seconds % 3600 / 60),
    }
}

fn clock(ms: u64) -> String {
    let seconds = ms / 1000;
    format!("{:02}:{:02}:{:02}", seconds / 3600, seconds % 3600 / 60, seconds % 60)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        course::Rung,
        diagnosis::{HopVerdict, NamedWrongTurn},
        journal::Outcome,
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

    #[test]
    fn the_story_of_one_lesson_reads_well() {
        let lesson = || "host-port".to_owned();
        let verified = |broken| Event::Verified { lesson: lesson(), report: report(broken), survey: Survey::default() };
        let events = [
            Event::LabMade { course: "puzzle".into(), version: "0".into() },
            Event::LessonOpened { lesson: lesson() },
            Event::Predicted { lesson: lesson(), choice: Some(1) },
            Event::FileChanged { file: "Dockerfile".into(), diff: "--- a\n+++ b\n@@ -1 +1 @@\n+EXPOSE 8080\n".into() },
            verified(true),
            Event::HintShown { lesson: lesson(), rung: Rung::Where },
            Event::Noted { lesson: lesson(), text: "left is the host".into() },
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
        let entries: Vec<_> = events
            .into_iter()
            .enumerate()
            .map(|(index, event)| Entry { at: 1_000_000 + index as u64 * 60_000, event })
            .collect();
        insta::assert_snapshot!(hindsight_markdown(&course(), &entries));
    }
}
