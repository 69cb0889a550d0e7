//! The two stories: what a clear thinker would have done, beside what this learner really did.
//!
//! [`Story`] is the fold of a journal into a story, as plain data with words; Markdown and HTML only lay it out.

mod html;
mod markdown;
mod moments;
#[cfg(test)]
mod tests;

pub use html::hindsight_html;
pub use markdown::{hindsight_markdown, narrative_markdown};

use std::fmt::Write as _;

use super::{Entry, Event, LessonProgress, Progress, progress::PAUSE_MS};
use crate::{
    course::{Course, Lesson},
    diagnosis::Verdict,
};

/// A journal, told.
#[derive(Debug, Clone, PartialEq)]
struct Story {
    /// How I debugged the systems puzzle.
    title: String,
    /// When the last thing happened, in milliseconds since the Unix epoch.
    ended_at: Option<u64>,
    tally: Tally,
    chapters: Vec<Chapter>,
    links: Vec<LinkTime>,
    bets: Bets,
    takeaways: Takeaways,
}

/// The figures at the top.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Tally {
    active_ms: u64,
    verifications: usize,
    wrong_turns: usize,
    hints: usize,
    solved: usize,
    lessons: usize,
}

/// One lesson: how it should have gone, and how it went.
#[derive(Debug, Clone, PartialEq)]
struct Chapter {
    number: usize,
    title: String,
    golden: String,
    /// `None` when the lesson was never opened.
    actual: Option<Actual>,
}

/// How a lesson went.
#[derive(Debug, Clone, PartialEq)]
struct Actual {
    active_ms: u64,
    attempts: usize,
    /// Whether it counts verifications at all.
    graded: bool,
    end: End,
    bet: Option<Bet>,
    moments: Vec<moments::Moment>,
    reflection: Option<String>,
}

/// Where a lesson stands at the end of the journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Solved,
    Shown,
    BrokenAgain,
    Open,
}

impl End {
    fn words(self) -> &'static str {
        match self {
            Self::Solved => "solved",
            Self::Shown => "solved with the fix shown",
            Self::BrokenAgain => "solved, and broken again",
            Self::Open => "open",
        }
    }
}

/// A prediction and what came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Bet {
    question: String,
    chosen: String,
    /// What it really was, where that is not what was chosen.
    instead: Option<String>,
    because: String,
}

/// How the predictions came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Bets {
    right: usize,
    wrong: usize,
    skipped: usize,
}

/// How long one link was the first broken one.
#[derive(Debug, Clone, PartialEq, Eq)]
struct LinkTime {
    label: String,
    ms: u64,
}

/// What is kept.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Takeaways {
    /// What was believed, and how it really is.
    beliefs: Vec<(String, String)>,
    notes: Vec<String>,
    /// The course's own, as questions.
    course: Vec<String>,
}

impl Story {
    fn tell(course: &Course, entries: &[Entry]) -> Self {
        let progress = Progress::fold(entries);
        Self {
            title: format!("How I debugged {}", course.title),
            ended_at: entries.last().map(|entry| entry.at),
            tally: tally(course, &progress),
            chapters: course
                .lessons
                .iter()
                .enumerate()
                .map(|(number, lesson)| chapter(course, number, lesson, &progress.lesson(&lesson.id), entries))
                .collect(),
            links: link_times(course, entries),
            bets: bets(course, &progress),
            takeaways: takeaways(course, &progress),
        }
    }
}

fn tally(course: &Course, progress: &Progress) -> Tally {
    let graded: Vec<_> = course.lessons.iter().filter(|lesson| !lesson.checks.is_empty()).collect();
    let sum = |count: fn(&LessonProgress) -> usize| progress.lessons.values().map(count).sum::<usize>();
    Tally {
        active_ms: progress.active_ms,
        verifications: sum(|lesson| lesson.attempts),
        wrong_turns: sum(|lesson| lesson.wrong_turns.len()),
        hints: sum(|lesson| lesson.hints.len()),
        solved: graded.iter().filter(|lesson| progress.lesson(&lesson.id).is_solved()).count(),
        lessons: graded.len(),
    }
}

impl Tally {
    fn sentence(&self) -> String {
        format!(
            "{} of work, {}, {}, {}; {} of {} solved.",
            duration(self.active_ms),
            plural(self.verifications, "verification"),
            plural(self.wrong_turns, "wrong turn"),
            plural(self.hints, "hint"),
            self.solved,
            plural(self.lessons, "lesson"),
        )
    }
}

fn chapter(course: &Course, number: usize, lesson: &Lesson, state: &LessonProgress, entries: &[Entry]) -> Chapter {
    let actual = state.opened_at.is_some().then(|| Actual {
        active_ms: state.active_ms,
        attempts: state.attempts,
        graded: !lesson.checks.is_empty(),
        end: match (state.is_solved(), state.revealed) {
            (true, false) => End::Solved,
            (true, true) => End::Shown,
            (false, _) if state.regressed => End::BrokenAgain,
            (false, _) => End::Open,
        },
        bet: bet(lesson, state),
        moments: moments::of_lesson(course, lesson, entries),
        reflection: state.reflection.as_deref().map(moments::own_words).filter(|words| !words.is_empty()),
    });
    Chapter { number, title: lesson.title.clone(), golden: lesson.golden.trim().to_owned(), actual }
}

impl Actual {
    /// `2 min, 3 attempts, solved`.
    fn sentence(&self) -> String {
        let mut words = duration(self.active_ms);
        if self.graded && self.attempts > 0 {
            let _ = write!(words, ", {}", plural(self.attempts, "attempt"));
        }
        let _ = write!(words, ", {}", self.end.words());
        words
    }
}

fn bet(lesson: &Lesson, state: &LessonProgress) -> Option<Bet> {
    let prediction = lesson.prediction.as_ref()?;
    let chosen = prediction.choices.get(state.prediction??)?;
    let right = prediction.choices.iter().find(|choice| choice.right);
    Some(Bet {
        question: prediction.question.trim().to_owned(),
        chosen: chosen.text.trim().to_owned(),
        instead: right.filter(|right| right.text != chosen.text).map(|right| right.text.trim().to_owned()),
        because: chosen.because.trim().to_owned(),
    })
}

fn bets(course: &Course, progress: &Progress) -> Bets {
    let mut bets = Bets::default();
    for lesson in &course.lessons {
        let state = progress.lesson(&lesson.id);
        match (bet(lesson, &state), state.prediction) {
            (Some(Bet { instead: None, .. }), _) => bets.right += 1,
            (Some(_), _) => bets.wrong += 1,
            (None, Some(None)) => bets.skipped += 1,
            (None, _) => {}
        }
    }
    bets
}

/// How long each link was known to be the first broken one; what is broken behind all links counts as the page's.
fn link_times(course: &Course, entries: &[Entry]) -> Vec<LinkTime> {
    const PAGE: &str = "";
    let mut times: Vec<(String, u64)> =
        course.hops.iter().map(|hop| hop.id.clone()).chain([PAGE.to_owned()]).map(|id| (id, 0)).collect();
    let mut broken: Option<String> = None;
    for pair in entries.windows(2) {
        if let Event::Verified { report, .. } = &pair[0].event {
            let page_broken = report.verdict == Verdict::Broken;
            broken = report.first_broken_hop.clone().or_else(|| page_broken.then(|| PAGE.to_owned()));
        }
        let since = pair[1].at.saturating_sub(pair[0].at);
        let worked = since <= PAUSE_MS && !matches!(pair[1].event, Event::SessionStarted { .. });
        if let Some((_, ms)) = times.iter_mut().find(|(id, _)| worked && Some(id) == broken.as_ref()) {
            *ms += since;
        }
    }
    let label = |id: &str| course.hops.iter().find(|hop| hop.id == id).map(|hop| format!("{} → {}", hop.from, hop.to));
    times
        .into_iter()
        .filter(|(_, ms)| *ms >= 1000)
        .map(|(id, ms)| LinkTime { label: label(&id).unwrap_or_else(|| "what the page shows".to_owned()), ms })
        .collect()
}

fn takeaways(course: &Course, progress: &Progress) -> Takeaways {
    let mut beliefs = Vec::new();
    for lesson in &course.lessons {
        for id in progress.lesson(&lesson.id).wrong_turns {
            if let Some(turn) = lesson.wrong_turns.iter().find(|turn| turn.id == id) {
                beliefs.push((turn.belief.trim().to_owned(), turn.explain.trim().to_owned()));
            }
        }
    }
    Takeaways {
        beliefs,
        notes: progress.notes.iter().map(|note| moments::own_words(&note.text)).collect(),
        course: course.takeaways.iter().map(|words| words.trim().to_owned()).collect(),
    }
}

fn plural(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

fn duration(ms: u64) -> String {
    let seconds = ms / 1000;
    match seconds {
        0..60 => format!("{seconds} s"),
        60..600 if !seconds.is_multiple_of(60) => format!("{} min {} s", seconds / 60, seconds % 60),
        60..3600 => format!("{} min", seconds / 60),
        _ => format!("{} h {} min", seconds / 3600, seconds % 3600 / 60),
    }
}

fn clock(ms: u64) -> String {
    let seconds = ms / 1000;
    format!("{:02}:{:02}:{:02}", seconds / 3600, seconds % 3600 / 60, seconds % 60)
}

/// `2026-11-24`, in universal time.
fn date(ms: u64) -> String {
    let at = i64::try_from(ms / 1000).ok().and_then(|at| time::OffsetDateTime::from_unix_timestamp(at).ok());
    at.map(|at| at.date().to_string()).unwrap_or_default()
}
