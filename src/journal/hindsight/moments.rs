//! What happened while a lesson was open, one moment at a time, in the learner's own voice.

use std::fmt::Write as _;

use crate::{
    course::{Course, Lesson},
    diagnosis::{Report, Status, Verdict},
    journal::{Entry, Event, Outcome, WorkKind},
};

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Moment {
    /// Milliseconds since the journal began.
    pub(super) at_ms: u64,
    pub(super) kind: Kind,
    /// One paragraph of Markdown.
    pub(super) words: String,
    /// The lines that were taken out and put in.
    pub(super) diff: Option<String>,
}

/// What sort of a moment it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A file was changed, or put back.
    Change,
    /// The stack was started, built, restarted, taken down.
    Work,
    /// The stack was asked, and it holds.
    Holds,
    /// The stack was asked, and it does not hold.
    Fails,
    /// It could not be told.
    Unknown,
    /// A hint, or the fix itself, was asked for.
    Help,
    /// The learner's own words.
    Words,
    /// A lesson was solved.
    Solved,
}

impl Kind {
    /// A symbol for it: it is never told by colour alone.
    pub(super) fn symbol(self) -> &'static str {
        match self {
            Self::Change => "✎",
            Self::Work => "▸",
            Self::Holds => "✓",
            Self::Fails => "✗",
            Self::Unknown | Self::Help => "?",
            Self::Words => "“",
            Self::Solved => "★",
        }
    }
}

/// The moments in which this lesson was the open one.
pub(super) fn of_lesson(course: &Course, lesson: &Lesson, entries: &[Entry]) -> Vec<Moment> {
    let start = entries.first().map_or(0, |entry| entry.at);
    let mut open = false;
    let here = entries.iter().filter(|entry| {
        if let Event::LessonOpened { lesson: opened } = &entry.event {
            open = opened == &lesson.id;
        }
        open
    });
    here.filter_map(|entry| {
        let (kind, words, diff) = told(course, lesson, &entry.event)?;
        Some(Moment { at_ms: entry.at.saturating_sub(start), kind, words, diff })
    })
    .collect()
}

fn told(course: &Course, lesson: &Lesson, event: &Event) -> Option<(Kind, String, Option<String>)> {
    let (kind, words) = match event {
        Event::FileChanged { file, diff, while_closed } => {
            let when = if *while_closed { "While the tutor was closed, " } else { "" };
            let words = format!("{when}I changed `{}`:", file.display());
            return Some((Kind::Change, words, Some(changed_lines(diff))));
        }
        Event::Revealed { diff, .. } => {
            return Some((Kind::Help, "I had the fix shown and applied:".to_owned(), Some(changed_lines(diff))));
        }
        Event::Verified { report, .. } => verified(course, report),
        Event::HintShown { rung, .. } => {
            (Kind::Help, format!("I asked for a hint ({}).", format!("{rung:?}").to_lowercase()))
        }
        Event::Repeated { .. } => (Kind::Change, "I had the bug put back, to find it once more.".to_owned()),
        Event::Hypothesis { text, .. } => (Kind::Words, format!("I thought: {}", own_words(text))),
        Event::Noted { text, .. } => (Kind::Words, format!("Note: {}", own_words(text))),
        Event::LessonSolved { lesson: solved, .. } if *solved == lesson.id => (Kind::Solved, "**Solved.**".to_owned()),
        Event::LessonSolved { lesson: solved, .. } => {
            (Kind::Solved, format!("With that, “{}” holds as well.", title(course, solved)))
        }
        Event::LessonRegressed { lesson: broken } => {
            (Kind::Fails, format!("“{}” was broken again.", title(course, broken)))
        }
        Event::Reset { files, .. } if files.is_empty() => {
            (Kind::Change, "I put all files back to where they started.".to_owned())
        }
        Event::Reset { files, .. } => {
            let names: Vec<_> = files.iter().map(|file| format!("`{}`", file.display())).collect();
            (Kind::Change, format!("I put {} back.", names.join(", ")))
        }
        Event::WorkEnded { work, outcome, seconds, .. } => (Kind::Work, worked(work, outcome, *seconds)?),
        Event::PortMoved { from, to, why, .. } => {
            (Kind::Work, format!("Port {from} of the file became {to} on this machine: {why}."))
        }
        _ => return None,
    };
    Some((kind, words, None))
}

fn title<'a>(course: &'a Course, lesson: &'a str) -> &'a str {
    course.lesson(lesson).map_or(lesson, |lesson| &lesson.title)
}

fn worked(work: &WorkKind, outcome: &Outcome, seconds: f64) -> Option<String> {
    let what = match work {
        WorkKind::Up { services, build } => {
            let services = if services.is_empty() { "everything".into() } else { services.join(", ") };
            format!("I {} {services}", if *build { "rebuilt and started" } else { "started" })
        }
        WorkKind::UpAlone { services } => format!("I started {} alone", services.join(", ")),
        WorkKind::MoveAway { service } => format!("I made {service} anew at another address"),
        WorkKind::Bootstrap => "I gave the database its tables".into(),
        WorkKind::Restart { service } => format!("I restarted {service}"),
        WorkKind::Reload { service } => format!("I reloaded {service}"),
        WorkKind::Down { .. } => "I took the stack down".into(),
        WorkKind::Images | WorkKind::Verify => return None,
    };
    Some(match outcome {
        Outcome::Done => format!("{what} ({seconds:.1} s)."),
        Outcome::Failed { error } => format!("{what}, which failed: {}.", code(error)),
        Outcome::Cancelled => format!("{what}, and stopped it."),
    })
}

fn verified(course: &Course, report: &Report) -> (Kind, String) {
    let (kind, mut words) = match report.verdict {
        Verdict::Works => (Kind::Holds, "I looked again, and it held.".to_owned()),
        Verdict::Unknown => {
            (Kind::Unknown, format!("I looked: {}.", code(report.reason.as_deref().unwrap_or("could not tell"))))
        }
        Verdict::Broken => (Kind::Fails, what_fails(course, report)),
    };
    for turn in report.wrong_turns.iter().filter(|turn| !turn.remark) {
        let belief = course
            .lessons
            .iter()
            .flat_map(|lesson| &lesson.wrong_turns)
            .find(|known| known.id == turn.id)
            .map_or("", |known| known.belief.trim());
        let _ = write!(words, " Wrong turn: **{}**. I believed: {belief}", turn.title);
    }
    for stale in &report.stale {
        let _ = write!(words, " (`{}` still ran the old files.)", stale.service);
    }
    (kind, words)
}

fn what_fails(course: &Course, report: &Report) -> String {
    let hop = report.hops.iter().find(|hop| Some(&hop.id) == report.first_broken_hop.as_ref());
    let check = report.checks.iter().find(|check| check.status == Status::Fail);
    match (hop, check) {
        (Some(hop), _) => {
            let known = course.hops.iter().find(|known| known.id == hop.id);
            let name = known.map_or_else(|| hop.id.clone(), |known| format!("{} → {}", known.from, known.to));
            format!("I looked: {name}: {}.", code(&hop.observed))
        }
        (None, Some(check)) => format!("I looked: {}: {}.", check.label, code(&check.observed)),
        (None, None) => "I looked: not yet.".into(),
    }
}

/// What a program said, as code: a page that says `<b>` or `[, ]` is to be read so in the story, too.
fn code(said: &str) -> String {
    let said = said.lines().next().unwrap_or_default().trim().trim_end_matches('.');
    if said.contains('`') { format!("`` {said} ``") } else { format!("`{said}`") }
}

/// What the learner typed, on one line, with every `<` shown and none taken for a tag.
pub(super) fn own_words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").replace('<', "&lt;")
}

fn changed_lines(diff: &str) -> String {
    let changed = diff.lines().filter(|line| {
        (line.starts_with('+') || line.starts_with('-')) && !line.starts_with("+++") && !line.starts_with("---")
    });
    changed.fold(String::new(), |mut text, line| {
        text.push_str(line);
        text.push('\n');
        text
    })
}
