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
    course::{Course, Lesson, WrongTurn},
    diagnosis::Verdict,
};

/// What the golden narrative is.
const GOLDEN: &str = "How someone who thinks clearly would have gone from the beginning. It is the author's way, with the author's \
    numbers: where yours differ and your shop works, yours are as right.";

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

/// The figures at the top: each is counted in what stands below it.
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
    /// Whether it can be solved at all.
    graded: bool,
    /// `None` when the lesson was neither opened nor solved.
    actual: Option<Actual>,
}

/// How a lesson went.
#[derive(Debug, Clone, PartialEq)]
struct Actual {
    active_ms: u64,
    /// Whether it can be solved at all.
    graded: bool,
    end: End,
    bet: Option<Bet>,
    moments: Vec<moments::Moment>,
    reflection: Option<Reflection>,
}

/// What the learner wrote at a lesson's end.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Reflection {
    question: String,
    answer: String,
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
    /// `None` where the question was skipped.
    answer: Option<BetAnswer>,
}

/// What was predicted.
#[derive(Debug, Clone, PartialEq, Eq)]
struct BetAnswer {
    chosen: String,
    /// What it really was, where that is not what was chosen.
    instead: Option<String>,
    because: String,
}

impl Bet {
    /// The question with its answer, as Markdown.
    fn words(&self) -> String {
        let asked = format!("Before looking I was asked: {}", self.question);
        match &self.answer {
            None => format!("{asked} I went on without an answer."),
            Some(BetAnswer { chosen, instead: Some(right), because }) => {
                format!("{asked} I said “{chosen}”. ✗ It was “{right}”. {because}")
            }
            Some(BetAnswer { chosen, instead: None, because }) => {
                format!("{asked} I said “{chosen}”. ✓ It was. {because}")
            }
        }
    }
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
    /// The wrong turns that were taken, each with what is often believed by who takes it, and how it really is.
    turns: Vec<String>,
    notes: Vec<String>,
    /// The course's own, as questions.
    course: Vec<String>,
}

impl Story {
    fn tell(course: &Course, entries: &[Entry]) -> Self {
        let progress = Progress::fold(entries);
        let mut moments = moments::by_lesson(course, entries);
        let chapters: Vec<Chapter> = course
            .lessons
            .iter()
            .enumerate()
            .map(|(number, lesson)| {
                let here = moments.remove(&lesson.id).unwrap_or_default();
                chapter(number, lesson, &progress.lesson(&lesson.id), here)
            })
            .collect();
        Self {
            title: format!("How I debugged {}", course.title),
            ended_at: entries.last().map(|entry| entry.at),
            tally: tally(&chapters, progress.active_ms),
            links: link_times(course, entries),
            bets: bets(&chapters),
            takeaways: takeaways(course, &chapters, &progress),
            chapters,
        }
    }
}

fn tally(chapters: &[Chapter], active_ms: u64) -> Tally {
    let actual = || chapters.iter().filter_map(|chapter| chapter.actual.as_ref());
    let moments = || actual().flat_map(|actual| &actual.moments);
    let solved = |actual: &&Actual| actual.graded && matches!(actual.end, End::Solved | End::Shown);
    Tally {
        active_ms,
        verifications: moments().filter(|moment| moment.is_verification).count(),
        wrong_turns: moments().map(|moment| moment.new_turns.len()).sum(),
        hints: moments().filter(|moment| moment.is_hint).count(),
        solved: actual().filter(solved).count(),
        lessons: chapters.iter().filter(|chapter| chapter.graded).count(),
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

fn chapter(number: usize, lesson: &Lesson, state: &LessonProgress, moments: Vec<moments::Moment>) -> Chapter {
    let graded = !lesson.checks.is_empty();
    let begun = state.opened_at.is_some() || state.solved_at.is_some();
    let reflection = state.reflection.as_deref().map(moments::own_words).filter(|words| !words.is_empty());
    let actual = begun.then(|| Actual {
        active_ms: state.active_ms,
        graded,
        end: match (state.is_solved(), state.revealed) {
            (true, false) => End::Solved,
            (true, true) => End::Shown,
            (false, _) if state.regressed => End::BrokenAgain,
            (false, _) => End::Open,
        },
        bet: bet(lesson, state),
        moments,
        reflection: reflection.map(|answer| Reflection {
            question: lesson.reflection.as_deref().unwrap_or_default().trim().to_owned(),
            answer,
        }),
    });
    Chapter { number, title: lesson.title.clone(), golden: lesson.golden.trim().to_owned(), graded, actual }
}

impl Actual {
    /// `2 min, 3 verifications, solved`; a lesson that cannot be solved has only its time.
    fn sentence(&self) -> String {
        let mut words = duration(self.active_ms);
        let looks = self.moments.iter().filter(|moment| moment.is_verification).count();
        if looks > 0 {
            let _ = write!(words, ", {}", plural(looks, "verification"));
        }
        if self.graded {
            let _ = write!(words, ", {}", self.end.words());
        }
        words
    }
}

fn bet(lesson: &Lesson, state: &LessonProgress) -> Option<Bet> {
    let prediction = lesson.prediction.as_ref()?;
    let question = prediction.question.trim().to_owned();
    let Some(choice) = state.prediction? else { return Some(Bet { question, answer: None }) };
    let chosen = prediction.choices.get(choice)?;
    let right = prediction.choices.iter().find(|choice| choice.right);
    let answer = BetAnswer {
        chosen: chosen.text.trim().to_owned(),
        instead: right.filter(|right| right.text != chosen.text).map(|right| right.text.trim().to_owned()),
        because: chosen.because.trim().to_owned(),
    };
    Some(Bet { question, answer: Some(answer) })
}

fn bets(chapters: &[Chapter]) -> Bets {
    let mut bets = Bets::default();
    for bet in chapters.iter().filter_map(|chapter| chapter.actual.as_ref()?.bet.as_ref()) {
        match &bet.answer {
            None => bets.skipped += 1,
            Some(BetAnswer { instead: None, .. }) => bets.right += 1,
            Some(_) => bets.wrong += 1,
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
            let page_broken = report.verdict() == Verdict::Broken;
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

fn takeaways(course: &Course, chapters: &[Chapter], progress: &Progress) -> Takeaways {
    let moments = chapters.iter().filter_map(|chapter| chapter.actual.as_ref()).flat_map(|actual| &actual.moments);
    let known = |id: &String| course.lessons.iter().flat_map(|lesson| &lesson.wrong_turns).find(|turn| turn.id == *id);
    let seen = |id: &str| {
        let turns = progress.last_report.iter().flat_map(|report| &report.wrong_turns);
        turns.filter(|turn| turn.id == id).find_map(|turn| turn.explain.clone())
    };
    let turn = |turn: &WrongTurn| {
        let told = seen(&turn.id).unwrap_or_else(|| plain_words(course, &turn.explain));
        let (belief, explain) = (turn.belief.trim(), told.trim().replace('\n', " "));
        format!("**{}.** Often believed by who goes this way: “{belief}” {explain}", turn.title.trim())
    };
    let note = |note: &super::Note| {
        let title = course.lesson(&note.lesson).map_or(note.lesson.as_str(), |lesson| &lesson.title);
        format!("{} ({title})", moments::own_words(&note.text))
    };
    Takeaways {
        turns: moments.flat_map(|moment| &moment.new_turns).filter_map(known).map(turn).collect(),
        notes: progress.notes.iter().map(note).collect(),
        course: course.takeaways.iter().map(|words| words.trim().to_owned()).collect(),
    }
}

/// A course's words where what was seen is not known any more.
fn plain_words(course: &Course, words: &str) -> String {
    crate::diagnosis::filled(words, &Default::default(), course).into_owned()
}

/// `1 lab`, `2 labs`.
pub(crate) fn plural(count: usize, noun: &str) -> String {
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
