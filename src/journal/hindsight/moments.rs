//! What happened while a lesson was open, one moment at a time, in the learner's own voice.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
};

use crate::{
    course::Course,
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
    /// The stack was asked.
    pub(super) is_verification: bool,
    /// A hint was shown.
    pub(super) is_hint: bool,
    /// Wrong turns that were named here for the first time, by id.
    pub(super) new_turns: Vec<String>,
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

/// The moments by the lesson that was open; what happened before the first one belongs to the first one.
pub(super) fn by_lesson(course: &Course, entries: &[Entry]) -> BTreeMap<String, Vec<Moment>> {
    let start = entries.first().map_or(0, |entry| entry.at);
    let mut named: BTreeSet<String> = BTreeSet::new();
    let mut open = course.lessons.first().map(|lesson| lesson.id.clone()).unwrap_or_default();
    let mut moments: BTreeMap<String, Vec<Moment>> = BTreeMap::new();
    for entry in entries {
        if let Event::LessonOpened { lesson } = &entry.event {
            open.clone_from(lesson);
        }
        let mut new_turns = Vec::new();
        if let Event::Verified { report, .. } = &entry.event {
            let turns = report.wrong_turns.iter().filter(|turn| !turn.remark).map(|turn| &turn.id);
            new_turns.extend(turns.filter(|id| named.insert((*id).clone())).cloned());
        }
        if let Some((kind, words, diff)) = told(course, &open, &entry.event, &new_turns) {
            moments.entry(open.clone()).or_default().push(Moment {
                at_ms: entry.at.saturating_sub(start),
                kind,
                words,
                diff,
                is_verification: matches!(entry.event, Event::Verified { .. }),
                is_hint: matches!(entry.event, Event::HintShown { .. }),
                new_turns,
            });
        }
    }
    moments
}

fn told(course: &Course, open: &str, event: &Event, new_turns: &[String]) -> Option<(Kind, String, Option<String>)> {
    let (kind, words) = match event {
        Event::FileChanged { file, diff, while_closed } => {
            let when = if *while_closed { "While the tutor was closed, " } else { "" };
            let words = format!("{when}I changed {}:", code(&file.display().to_string()));
            return Some((Kind::Change, words, Some(changed_lines(diff))));
        }
        Event::Revealed { diff, .. } => {
            return Some((Kind::Help, "I had the fix shown and applied:".to_owned(), Some(changed_lines(diff))));
        }
        Event::Verified { report, .. } => verified(course, report, new_turns),
        Event::HintShown { rung, .. } => {
            (Kind::Help, format!("I asked for a hint ({}).", format!("{rung:?}").to_lowercase()))
        }
        Event::Repeated { .. } => (Kind::Change, "I had the bug put back, to find it once more.".to_owned()),
        Event::Hypothesis { text, .. } => (Kind::Words, format!("I thought: {}", own_words(text))),
        Event::Noted { text, .. } => (Kind::Words, format!("Note: {}", own_words(text))),
        Event::LessonSolved { lesson: solved, .. } if solved == open => (Kind::Solved, "**Solved.**".to_owned()),
        Event::LessonSolved { lesson: solved, .. } => {
            (Kind::Solved, format!("With that, “{}” held as well.", title(course, solved)))
        }
        Event::LessonRegressed { lesson: broken } => {
            (Kind::Fails, format!("“{}” was broken again.", title(course, broken)))
        }
        Event::Reset { files, .. } if files.is_empty() => {
            (Kind::Change, "I put all files back to where they started.".to_owned())
        }
        Event::Reset { files, .. } => {
            let names: Vec<_> = files.iter().map(|file| code(&file.display().to_string())).collect();
            (Kind::Change, format!("I put {} back.", names.join(", ")))
        }
        Event::WorkEnded { work, outcome, seconds, .. } => (Kind::Work, worked(work, outcome, *seconds)?),
        Event::PortMoved { from, to, why, .. } => {
            (Kind::Work, format!("Port {from} of the file became {to} on this machine: {}.", own_words(why)))
        }
        _ => return None,
    };
    Some((kind, words, None))
}

fn title<'a>(course: &'a Course, lesson: &'a str) -> &'a str {
    course.lesson(lesson).map_or(lesson, |lesson| &lesson.title)
}

fn worked(work: &WorkKind, outcome: &Outcome, seconds: f64) -> Option<String> {
    let named = |services: &[String]| {
        if services.is_empty() { "everything".to_owned() } else { own_words(&services.join(", ")) }
    };
    // What was done, and what was to be done.
    let (past, aim) = match work {
        WorkKind::Up { services, build: true } => {
            let what = named(services);
            (format!("rebuilt and started {what}"), format!("rebuild and start {what}"))
        }
        WorkKind::Up { services, build: false } => {
            let what = named(services);
            (format!("started {what}"), format!("start {what}"))
        }
        WorkKind::UpAlone { services } => {
            let what = named(services);
            (format!("started {what} alone"), format!("start {what} alone"))
        }
        WorkKind::MoveAway { service } => {
            let what = own_words(service);
            (format!("made {what} anew at another address"), format!("make {what} anew at another address"))
        }
        WorkKind::Bootstrap => ("gave the database its tables".into(), "give the database its tables".into()),
        WorkKind::Restart { service } => {
            (format!("restarted {}", own_words(service)), format!("restart {}", own_words(service)))
        }
        WorkKind::Reload { service } => {
            (format!("reloaded {}", own_words(service)), format!("reload {}", own_words(service)))
        }
        WorkKind::Down { .. } => ("took the stack down".into(), "take the stack down".into()),
        WorkKind::Images | WorkKind::Verify => return None,
    };
    Some(match outcome {
        Outcome::Done => format!("I {past} ({seconds:.1} s)."),
        Outcome::Failed { error } => format!("I tried to {aim}, which failed: {}.", code(error)),
        Outcome::Cancelled => format!("I began to {aim}, and broke it off."),
    })
}

fn verified(course: &Course, report: &Report, new_turns: &[String]) -> (Kind, String) {
    let (kind, mut words) = match report.verdict() {
        Verdict::Works => (Kind::Holds, "I looked again, and it held.".to_owned()),
        Verdict::Unknown => {
            (Kind::Unknown, format!("I looked: {}.", code(report.reason().unwrap_or("could not tell"))))
        }
        Verdict::Broken => (Kind::Fails, what_fails(course, report)),
    };
    for turn in report.wrong_turns.iter().filter(|turn| !turn.remark) {
        let mark = if new_turns.contains(&turn.id) { "Wrong turn" } else { "Still" };
        let _ = write!(words, " {mark}: **{}**.", turn.title.trim().trim_end_matches('.'));
    }
    for stale in &report.stale {
        let _ = write!(words, " ({} still ran the old files.)", code(&stale.service));
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

/// What the learner typed, on one line, as text: nothing of it is taken for Markdown or for a tag.
pub(super) fn own_words(text: &str) -> String {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut words = String::with_capacity(text.len());
    for (at, c) in text.char_indices() {
        match c {
            '<' => words.push_str("&lt;"),
            '&' => words.push_str("&amp;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '~' => words.extend(['\\', c]),
            // These begin a heading, a list or a quotation.
            '#' | '-' | '+' | '>' | '=' if at == 0 => words.extend(['\\', c]),
            '.' | ')' if text[..at].chars().all(|c| c.is_ascii_digit()) => words.extend(['\\', c]),
            c => words.push(c),
        }
    }
    words
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
