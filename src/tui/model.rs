//! All that the screen shows, as plain data. Only [`super::update`] changes it, and a view only reads it.

use std::sync::Arc;

use super::{config::Config, keymap::Place, text, theme::Theme};
pub use super::{
    model_parts::{Dialog, Lab, Nav, Ongoing},
    model_types::{Focus, Leaving, OtherCourse, Overlay, Page, Screen, Scroll, Start, Tab, WorkView},
};
use crate::{
    conductor::EngineStatus,
    course::{Course, Lesson, Shown},
    diagnosis::NamedWrongTurn,
    engine::{ImageOrigin, ServiceState},
    journal::LessonProgress,
};

/// The state of the screen.
#[derive(Debug)]
pub struct Model {
    /// The course.
    pub course: Arc<Course>,
    /// The other courses that there are to choose from.
    pub others: Vec<OtherCourse>,
    /// Colours and weights.
    pub theme: Theme,
    /// Whether the learner has an editor of their own (`$VISUAL` or `$EDITOR`).
    pub own_editor: bool,
    /// The learner's settings; keys may change them for this session.
    pub config: Config,
    /// When this session began, in milliseconds since the Unix epoch.
    pub started: u64,
    /// The time now, likewise; the runtime sets it before each message.
    pub now: u64,
    /// Columns and rows of the terminal.
    pub size: (u16, u16),
    /// What is known of the lab: its engine, its files, its containers, its journal.
    pub lab: Lab,
    /// Where the learner is on the screen.
    pub nav: Nav,
    /// What is said to the learner, and what the learner is asked.
    pub dialog: Dialog,
    /// What goes on, what comes after it, and what it all ends with.
    pub work: Ongoing,
}

impl Model {
    /// The first second: nothing is known yet.
    pub fn new(start: Start) -> Self {
        let wanted = start.lesson.as_deref().and_then(|id| start.course.position(id));
        let mut model = Self {
            course: start.course,
            others: start.others,
            theme: start.theme,
            own_editor: start.own_editor,
            config: start.config,
            started: start.now,
            now: start.now,
            size: start.size,
            lab: Lab::new(start.lab),
            nav: Nav::new(wanted),
            dialog: Dialog::default(),
            work: Ongoing::default(),
        };
        model.nav.page = model.first_page();
        model
    }

    /// The lesson that is open; none in a course without lessons.
    pub fn lesson(&self) -> Option<&Lesson> {
        self.course.lessons.get(self.nav.lesson)
    }

    /// The id of the lesson that is open.
    pub fn lesson_id(&self) -> &str {
        self.lesson().map_or("", |lesson| lesson.id.as_str())
    }

    /// Where the learner stands in the lesson that is open.
    pub fn here(&self) -> LessonProgress {
        self.lab.progress.lesson(self.lesson_id())
    }

    /// The pages of the lesson that is open, in order.
    pub fn pages(&self) -> Vec<Page> {
        let Some(lesson) = self.lesson() else { return Vec::new() };
        // Who knows Docker has the symptom and what must hold; the story is for the others.
        let story = !self.config.fast_track || lesson.checks.is_empty();
        let beats = if story { lesson.beats.len() } else { 0 };
        let mut pages: Vec<Page> = (0..beats).map(Page::Beat).collect();
        if lesson.prediction.is_some() && !self.config.fast_track {
            // Predict before you look: the first page that locates the cause would tell the answer.
            pages.insert(lesson.pages_before_question().min(beats), Page::Question);
        }
        if !lesson.checks.is_empty() {
            pages.push(Page::Work);
        }
        if self.closing_page() == Page::Hindsight || lesson.checks.is_empty() || self.here().solved_at.is_some() {
            pages.push(self.closing_page());
        }
        pages
    }

    /// The lessons before this one whose bugs are still there, as far as is known.
    pub fn unsolved_before(&self, lesson: usize) -> Vec<&Lesson> {
        let before = self.course.lessons.iter().take(lesson);
        before.filter(|lesson| !lesson.fix.is_empty() && !self.lab.progress.lesson(&lesson.id).is_solved()).collect()
    }

    /// The page with which the lesson closes: the last one's is the two narratives.
    pub fn closing_page(&self) -> Page {
        if self.nav.lesson + 1 == self.course.lessons.len() { Page::Hindsight } else { Page::Solved }
    }

    /// Index of the page that is open, in [`Model::pages`].
    pub fn page_index(&self) -> usize {
        self.pages().iter().position(|page| *page == self.nav.page).unwrap_or(0)
    }

    /// The page on which a learner who comes (back) to the lesson begins.
    pub fn first_page(&self) -> Page {
        let here = self.here();
        let pages = self.pages();
        // A lesson that was solved on the way, before anybody turned to it, still has its story to tell.
        let page = if here.opened_at.is_none() {
            Page::Beat(0)
        } else if here.solved_at.is_some() {
            self.closing_page()
        } else if here.attempts > 0 && pages.contains(&Page::Work) {
            Page::Work
        } else {
            Page::Beat(here.beat)
        };
        if pages.contains(&page) { page } else { pages.first().copied().unwrap_or(Page::Beat(0)) }
    }

    /// What the page of the story that is open shows beside it.
    pub fn shown(&self) -> Option<Shown<'_>> {
        match self.nav.page {
            Page::Beat(beat) => self.lesson()?.beats.get(beat)?.shown(),
            _ => None,
        }
    }

    /// The line of the file in the Files pane that the page speaks of, from 0.
    pub fn pointed(&self) -> Option<usize> {
        let Some(Shown::File { path, at: Some(at) }) = self.shown() else { return None };
        let (file, text) = self.lab.files.files.get(self.nav.file_at)?;
        is_named(file, path).then(|| text.lines().position(|line| line.contains(at)))?
    }

    /// Whether the page that is open is not past the lesson's question.
    pub fn question_is_ahead(&self) -> bool {
        let pages = self.pages();
        let question = pages.iter().position(|page| *page == Page::Question);
        question.is_some_and(|question| self.page_index() <= question)
    }

    /// Whether the question is open: shown and neither answered nor skipped.
    pub fn question_open(&self) -> bool {
        self.nav.page == Page::Question && self.here().prediction.is_none()
    }

    /// Number of the lesson among those with a bug, from 1; the system and the hindsight have none.
    pub fn bug_number(&self, lesson: usize) -> Option<usize> {
        let is_bug = |lesson: &Lesson| !lesson.fix.is_empty();
        self.course.lessons.get(lesson).filter(|lesson| is_bug(lesson))?;
        Some(self.course.lessons[..=lesson].iter().filter(|lesson| is_bug(lesson)).count())
    }

    /// How many lessons have a bug.
    pub fn bugs(&self) -> usize {
        self.course.lessons.iter().filter(|lesson| !lesson.fix.is_empty()).count()
    }

    /// Whether this is wide enough for two panes.
    pub fn is_wide(&self) -> bool {
        self.size.0 >= 100
    }

    /// Whether nothing but a request for a larger window fits.
    pub fn is_tiny(&self) -> bool {
        self.size.0 < 60 || self.size.1 < 15
    }

    /// Where the keys go.
    pub fn place(&self) -> Place {
        match &self.dialog.overlay {
            Some(Overlay::Help | Overlay::Tour | Overlay::Reading { .. } | Overlay::Error(_)) => Place::Reading,
            Some(Overlay::Files { .. } | Overlay::Shell(_) | Overlay::Courses(_)) => Place::Chooser,
            Some(Overlay::Lessons(_)) => Place::Lessons,
            Some(Overlay::Jumping(_)) => Place::Jumping,
            Some(Overlay::Note(_) | Overlay::Search(_) | Overlay::Hypothesis { .. }) => Place::Writing,
            Some(Overlay::Leaving) => Place::Leaving,
            Some(Overlay::Resetting) => Place::Resetting,
            Some(Overlay::Revealing | Overlay::Repeating(_) | Overlay::Images) => Place::Asking,
            Some(Overlay::Editor(editor)) if editor.asks => Place::Unsaved,
            Some(Overlay::Editor(_)) => Place::Editor,
            None => self.place_behind(),
        }
    }

    /// Where they go once nothing lies over the screen.
    pub fn place_behind(&self) -> Place {
        if self.nav.screen == Screen::Welcome {
            return Place::Welcome;
        }
        match (self.nav.focus, self.nav.tab) {
            (Focus::Lesson, _) if self.dialog.reflecting.is_some() => Place::Writing,
            (Focus::Lesson, _) if self.question_open() => Place::Question,
            (Focus::Lesson, _) => Place::Story,
            (Focus::Map, _) => Place::Map,
            (Focus::Side, Tab::Evidence) => Place::Evidence,
            (Focus::Side, Tab::Logs) => Place::Logs,
            (Focus::Side, Tab::Files) => Place::Files,
            (Focus::Side, Tab::Diff) => Place::Diff,
            (Focus::Side, Tab::Journal) => Place::Journal,
        }
    }

    /// Whether something on the screen moves: work goes on, or a save is so young that its age is told in seconds.
    pub fn moves(&self) -> Option<std::time::Duration> {
        let waits = self.work.beginning.is_some() && matches!(self.lab.engine, EngineStatus::Here(_));
        if self.work.current.is_some() || self.work.leaving.is_some() || waits {
            return Some(std::time::Duration::from_millis(250));
        }
        // Ages that are told: each is told anew when its words change.
        let stale = if self.shows_stale() { self.stale_since() } else { None };
        let started = self.lab.stale.iter().filter_map(|stale| {
            self.lab.containers.iter().find(|container| container.service == stale.service)?.started_at
        });
        let asked = self.lab.asked_at.filter(|_| !self.lab.asked && self.nav.screen == Screen::Lesson);
        let ages = stale.into_iter().chain(started).chain(asked).map(|at| self.now.saturating_sub(at));
        ages.map(text::until_older).min().map(std::time::Duration::from_millis)
    }

    /// Whether what is saved and not live is told now.
    pub fn shows_stale(&self) -> bool {
        !self.lab.stale.is_empty()
    }

    /// When the youngest file that is not live was saved.
    pub fn stale_since(&self) -> Option<u64> {
        let files = self.lab.stale.iter().flat_map(|stale| &stale.files);
        files.filter_map(|file| self.lab.saved.get(file)).max().copied()
    }

    /// The wrong turn that explains most of the last verification: this lesson's first, remarks last.
    pub fn wrong_turn(&self) -> Option<&NamedWrongTurn> {
        let turns = &self.lab.progress.last_report.as_ref()?.wrong_turns;
        let here = self.lesson_id();
        turns.iter().min_by_key(|turn| (turn.remark, turn.lesson != here))
    }

    /// The others that were recognised, without remarks: each is true of what runs.
    pub fn other_turns(&self) -> impl Iterator<Item = &NamedWrongTurn> {
        let first = self.wrong_turn().map(|turn| turn.id.as_str());
        let turns = self.lab.progress.last_report.iter().flat_map(|report| &report.wrong_turns);
        turns.filter(move |turn| !turn.remark && Some(turn.id.as_str()) != first).take(2)
    }

    /// Names of the base images that are not here.
    pub fn missing_images(&self) -> impl Iterator<Item = &str> {
        let images = self.lab.images.iter().flatten();
        images.filter(|image| image.origin == ImageOrigin::Absent).map(|image| image.name.as_str())
    }

    /// The services that run.
    pub fn running(&self) -> Vec<&str> {
        let running = self.lab.containers.iter().filter(|one| one.state == ServiceState::Running);
        running.map(|one| one.service.as_str()).collect()
    }

    /// The lab's files to choose from: those that the story has shown first, then the other ones.
    pub fn files_to_edit(&self) -> Vec<&str> {
        let shown: Vec<&str> = self
            .lesson()
            .into_iter()
            .flat_map(|lesson| &lesson.beats)
            .filter_map(|beat| match beat.shown()? {
                Shown::File { path, .. } => Some(path),
                _ => None,
            })
            .collect();
        let mut files: Vec<&str> = self.lab.files.files.iter().map(|(path, _)| path.as_str()).collect();
        files.sort_by_key(|path| {
            let rank = shown.iter().position(|shown| is_named(path, shown)).unwrap_or(shown.len());
            (rank, *path)
        });
        files
    }

    /// The scroll of the pane that has the keys; logs have their own.
    pub fn scroll_mut(&mut self) -> &mut Scroll {
        if self.dialog.overlay.is_some() {
            return &mut self.nav.scrolls.overlay;
        }
        match (self.nav.focus, self.nav.tab) {
            (Focus::Lesson, _) => &mut self.nav.scrolls.lesson,
            (Focus::Map, _) | (Focus::Side, Tab::Evidence | Tab::Logs) => &mut self.nav.scrolls.evidence,
            (Focus::Side, Tab::Files) => &mut self.nav.scrolls.files,
            (Focus::Side, Tab::Diff) => &mut self.nav.scrolls.diff,
            (Focus::Side, Tab::Journal) => &mut self.nav.scrolls.journal,
        }
    }
}

/// Whether a lesson means this file: by its path in the lab, or by the end of it.
pub fn is_named(path: &str, name: &str) -> bool {
    path == name || path.strip_suffix(name).is_some_and(|before| before.ends_with('/'))
}
