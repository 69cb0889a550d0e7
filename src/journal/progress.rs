//! The fold: where a learner stands, computed from the entries and from nothing else.

use std::collections::BTreeMap;

use super::{Entry, Event, Outcome, WorkKind};
use crate::{course::Rung, diagnosis::Report, probe::Survey};

/// Pauses longer than this between two entries are not counted as work.
pub(super) const PAUSE_MS: u64 = 10 * 60 * 1000;

/// Where a learner stands.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Progress {
    /// When the lab was made, in milliseconds since the Unix epoch.
    pub started_at: Option<u64>,
    /// Milliseconds of work, long pauses left out.
    pub active_ms: u64,
    /// The lesson that is open.
    pub current_lesson: Option<String>,
    /// Per lesson id.
    pub lessons: BTreeMap<String, LessonProgress>,
    /// What the last verification came to.
    pub last_report: Option<Report>,
    /// What the last verification saw.
    pub last_survey: Option<Survey>,
    /// The learner's own notes, oldest first.
    pub notes: Vec<Note>,
    /// Host ports that were moved: service and the file's port → the port in use.
    pub moved_ports: BTreeMap<(String, u16), u16>,
    /// When a container's process last read its files again without being started: container id → milliseconds since the
    /// Unix epoch.
    pub reloaded: BTreeMap<String, u64>,
    /// Whether the stack was ever started to the end.
    pub was_up: bool,
    /// Whether the database was given its tables, and its volume not removed since.
    pub bootstrapped: bool,
    /// A session that was started and not ended: the tutor runs, or was killed.
    pub session_open: bool,
    last_at: u64,
}

/// Where a learner stands in one lesson.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LessonProgress {
    /// When it was first opened.
    pub opened_at: Option<u64>,
    /// When it was first solved.
    pub solved_at: Option<u64>,
    /// It was solved, and the last verification says that it no longer is.
    pub regressed: bool,
    /// Its fix was applied by the tutor.
    pub revealed: bool,
    /// The page of its story that was last shown.
    pub beat: usize,
    /// The prediction: none yet, skipped (`Some(None)`), or a choice.
    pub prediction: Option<Option<usize>>,
    /// The hints that were shown, in order.
    pub hints: Vec<Rung>,
    /// Verifications while it was open and not solved.
    pub attempts: usize,
    /// Verifications since the last hint.
    pub attempts_since_hint: usize,
    /// Wrong turns that were recognised, in order of their first appearance.
    pub wrong_turns: Vec<String>,
    /// Wrong turns whose explanation was read.
    pub explained: Vec<String>,
    /// What the learner thought was wrong, each said before an edit was made live.
    pub hypotheses: Vec<String>,
    /// The answer to its closing question.
    pub reflection: Option<String>,
    /// Milliseconds of work while it was open.
    pub active_ms: u64,
}

/// A note of the learner's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// When, in milliseconds since the Unix epoch.
    pub at: u64,
    /// The lesson that was open.
    pub lesson: String,
    /// The words.
    pub text: String,
}

impl LessonProgress {
    /// Solved, and still so as far as the last verification could tell.
    pub fn is_solved(&self) -> bool {
        self.solved_at.is_some() && !self.regressed
    }
}

impl Progress {
    /// Folds a whole journal.
    pub fn fold<'a>(entries: impl IntoIterator<Item = &'a Entry>) -> Self {
        let mut progress = Self::default();
        for entry in entries {
            progress.apply(entry);
        }
        progress
    }

    /// The state of this lesson; all zero when nothing happened in it.
    pub fn lesson(&self, id: &str) -> LessonProgress {
        self.lessons.get(id).cloned().unwrap_or_default()
    }

    /// Takes one more entry in.
    pub fn apply(&mut self, entry: &Entry) {
        self.count_time(entry);
        match &entry.event {
            Event::LabMade { .. } => self.started_at = Some(entry.at),
            Event::SessionStarted { .. } => self.session_open = true,
            Event::SessionEnded => self.session_open = false,
            Event::LessonOpened { lesson } => {
                self.at(lesson).opened_at.get_or_insert(entry.at);
                self.current_lesson = Some(lesson.clone());
            }
            Event::BeatShown { lesson, beat } => self.at(lesson).beat = *beat,
            Event::Predicted { lesson, choice } => self.at(lesson).prediction = Some(*choice),
            Event::WorkEnded { work, outcome: Outcome::Done, .. } => self.work_done(work),
            Event::Verified { lesson, report, survey } => {
                let state = self.at(lesson);
                if state.solved_at.is_none() {
                    state.attempts += 1;
                    state.attempts_since_hint += 1;
                    for turn in report.wrong_turns.iter().filter(|turn| !turn.remark) {
                        if !state.wrong_turns.contains(&turn.id) {
                            state.wrong_turns.push(turn.id.clone());
                        }
                    }
                }
                self.last_report = Some(report.clone());
                self.last_survey = Some(survey.clone());
            }
            Event::LessonSolved { lesson, revealed } => {
                let state = self.at(lesson);
                state.solved_at.get_or_insert(entry.at);
                state.regressed = false;
                state.revealed |= revealed;
            }
            Event::LessonRegressed { lesson } => self.at(lesson).regressed = true,
            Event::HintShown { lesson, rung } => {
                let state = self.at(lesson);
                state.hints.push(*rung);
                state.attempts_since_hint = 0;
            }
            Event::WrongTurnExplained { id } => {
                if let Some(lesson) = self.current_lesson.clone() {
                    self.at(&lesson).explained.push(id.clone());
                }
            }
            Event::Revealed { lesson, .. } => self.at(lesson).revealed = true,
            Event::Noted { lesson, text } => {
                self.notes.push(Note { at: entry.at, lesson: lesson.clone(), text: text.clone() });
            }
            // A bug that is back is to be found anew; the time that it took before stays.
            Event::Repeated { lesson, .. } => {
                let state = self.at(lesson);
                *state =
                    LessonProgress { opened_at: state.opened_at, active_ms: state.active_ms, ..Default::default() };
            }
            Event::Hypothesis { lesson, text } => self.at(lesson).hypotheses.push(text.clone()),
            Event::Reflected { lesson, text } => self.at(lesson).reflection = Some(text.clone()),
            Event::PortMoved { service, from, to, .. } => {
                self.moved_ports.insert((service.clone(), *from), *to);
            }
            Event::Reloaded { container, .. } => drop(self.reloaded.insert(container.clone(), entry.at)),
            Event::TakenDown { volumes } => {
                self.reloaded.clear();
                self.moved_ports.clear();
                self.was_up = false;
                self.bootstrapped &= !volumes;
            }
            Event::WorkStarted { .. }
            | Event::WorkEnded { .. }
            | Event::FileChanged { .. }
            | Event::Reset { .. }
            | Event::Presented { .. }
            | Event::Staged { .. } => {}
        }
    }

    fn work_done(&mut self, work: &WorkKind) {
        match work {
            WorkKind::Up { .. } | WorkKind::UpAlone { .. } => self.was_up = true,
            WorkKind::Bootstrap => self.bootstrapped = true,
            WorkKind::Images
            | WorkKind::Restart { .. }
            | WorkKind::Reload { .. }
            | WorkKind::MoveAway { .. }
            | WorkKind::Verify
            | WorkKind::Down { .. } => {}
        }
    }

    fn at(&mut self, lesson: &str) -> &mut LessonProgress {
        self.lessons.entry(lesson.to_owned()).or_default()
    }

    fn count_time(&mut self, entry: &Entry) {
        let worked = worked_ms(self.last_at, entry);
        self.active_ms += worked;
        if let Some(lesson) = self.current_lesson.clone().filter(|_| worked > 0) {
            self.at(&lesson).active_ms += worked;
        }
        self.last_at = entry.at;
    }
}

/// Milliseconds of work between the entry before, at `last_at` (0: there is none), and this one. A long pause is none, and neither is
/// the time between two sessions, however short.
pub fn worked_ms(last_at: u64, entry: &Entry) -> u64 {
    let since = entry.at.saturating_sub(last_at);
    let worked = last_at > 0 && since <= PAUSE_MS && !matches!(entry.event, Event::SessionStarted { .. });
    if worked { since } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::{Judgement, NamedWrongTurn};

    fn at(at: u64, event: Event) -> Entry {
        Entry { at, event }
    }

    fn report(turn: Option<&str>) -> Report {
        Report {
            judgement: Judgement::seen_broken(),
            wrong_turns: turn
                .map(|id| NamedWrongTurn {
                    id: id.into(),
                    lesson: "host-port".into(),
                    title: String::new(),
                    explain: None,
                    question: String::new(),
                    remark: false,
                })
                .into_iter()
                .collect(),
            ..Report::default()
        }
    }

    fn verified(lesson: &str, turn: Option<&str>) -> Event {
        Event::Verified { lesson: lesson.into(), report: report(turn), survey: Survey::default() }
    }

    fn solved(lesson: &str) -> Event {
        Event::LessonSolved { lesson: lesson.into(), revealed: false }
    }

    #[test]
    fn a_lesson_from_opening_to_regression() {
        let progress = Progress::fold(&[
            at(1_000, Event::LabMade { course: "c".into(), version: "1".into() }),
            at(2_000, Event::LessonOpened { lesson: "host-port".into() }),
            at(3_000, Event::Predicted { lesson: "host-port".into(), choice: Some(1) }),
            at(4_000, verified("host-port", Some("expose-only"))),
            at(5_000, Event::HintShown { lesson: "host-port".into(), rung: Rung::Where }),
            at(6_000, verified("host-port", Some("expose-only"))),
            at(7_000, verified("host-port", None)),
            at(7_000, solved("host-port")),
            at(9_000, verified("host-port", None)),
            at(9_000, Event::LessonRegressed { lesson: "host-port".into() }),
        ]);
        let lesson = progress.lesson("host-port");
        assert_eq!(lesson.prediction, Some(Some(1)));
        assert_eq!(lesson.wrong_turns, ["expose-only"]);
        assert_eq!((lesson.attempts, lesson.attempts_since_hint), (3, 2));
        assert_eq!(lesson.solved_at, Some(7_000));
        assert!(lesson.regressed && !lesson.is_solved());
        assert_eq!(lesson.active_ms, 7_000);
        assert_eq!(progress.active_ms, 8_000);
    }

    #[test]
    fn pauses_and_closed_hours_are_not_work() {
        let progress = Progress::fold(&[
            at(1_000, Event::SessionStarted { version: "1".into() }),
            at(2_000, Event::LessonOpened { lesson: "a".into() }),
            at(2_000 + PAUSE_MS + 1, Event::BeatShown { lesson: "a".into(), beat: 1 }),
            at(2_000 + PAUSE_MS + 2_001, Event::SessionEnded),
            at(2_000 + PAUSE_MS + 5_000, Event::SessionStarted { version: "1".into() }),
        ]);
        assert_eq!(progress.active_ms, 1_000 + 2_000);
        assert_eq!(progress.lesson("a").beat, 1);
        assert!(progress.session_open);
    }

    #[test]
    fn taking_the_volume_down_forgets_the_tables() {
        let done = |work| Event::WorkEnded { id: 1, work, outcome: Outcome::Done, seconds: 1.0 };
        let mut progress = Progress::default();
        progress.apply(&at(1, done(WorkKind::Up { services: vec![], build: false })));
        progress.apply(&at(2, done(WorkKind::Bootstrap)));
        assert!(progress.was_up && progress.bootstrapped);
        progress.apply(&at(3, Event::TakenDown { volumes: false }));
        assert!(!progress.was_up && progress.bootstrapped);
        progress.apply(&at(4, Event::TakenDown { volumes: true }));
        assert!(!progress.bootstrapped);
    }
}
