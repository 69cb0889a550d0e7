//! All that the screen shows, as plain data. Only [`super::update`] changes it, and a view only reads it.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    path::PathBuf,
    sync::Arc,
};

pub use super::parts::{Focus, Leaving, Overlay, Page, Screen, Scroll, Scrolls, Start, Tab, WorkView};
use super::{config::Config, input::Input, keymap::Place, logs::Logs, msg::LabTexts, theme::Theme};
use crate::{
    compose::{Finding, Place as FilePlace},
    conductor::{Action, ContainerView, EngineStatus},
    course::{Course, Lesson, Shown},
    diagnosis::NamedWrongTurn,
    engine::{ImageStatus, ServiceState},
    error::Error,
    journal::{Entry, LessonProgress, Progress},
    lab::Stale,
};

/// The state of the screen.
#[derive(Debug)]
pub struct Model {
    /// The course.
    pub course: Arc<Course>,
    /// The lab's directory, as the learner would write it.
    pub lab: String,
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

    /// The engine.
    pub engine: EngineStatus,
    /// The base images, once they were looked at.
    pub images: Option<Vec<ImageStatus>>,
    /// The work that goes on.
    pub work: Option<WorkView>,
    /// That work has ended, and the next one of the row was asked for.
    pub between: bool,
    /// What is asked of the conductor once that work has ended well.
    pub queue: VecDeque<Action>,
    /// The lab's containers.
    pub containers: Vec<ContainerView>,
    /// What the compose file says wrong.
    pub findings: Vec<Finding>,
    /// What was saved and does not run.
    pub stale: Vec<Stale>,
    /// What files and containers say, by name.
    pub facts: BTreeMap<String, String>,
    /// Where in the files they stand, by the same names.
    pub places: BTreeMap<String, FilePlace>,
    /// When files were last saved.
    pub saved: BTreeMap<PathBuf, u64>,
    /// Where the learner stands.
    pub progress: Progress,
    /// The journal, without what each verification saw.
    pub entries: Vec<Entry>,
    /// What files and containers said when the stack was last asked.
    pub facts_asked: BTreeMap<String, String>,
    /// The hypotheses that were skipped in a row: who does not want to be asked is not asked.
    pub hypotheses_skipped: usize,
    /// A hypothesis was asked for, and nothing was edited since.
    pub hypothesis_asked: bool,
    /// It was said that one change at a time tells more.
    pub said_one_change: bool,
    /// The last verification is newer than the last change.
    pub asked: bool,
    /// A file was edited since the last verification of this session.
    pub edited: bool,
    /// The containers' logs.
    pub logs: Logs,
    /// The lab's files.
    pub files: LabTexts,

    /// Which screen.
    pub screen: Screen,
    /// Index of the lesson.
    pub lesson: usize,
    /// The lesson was chosen in this session; the journal no longer decides it.
    pub lesson_chosen: bool,
    /// The page of the lesson.
    pub page: Page,
    /// Where the keys go.
    pub focus: Focus,
    /// The tab of the right pane.
    pub tab: Tab,
    /// How far each pane is scrolled.
    pub scrolls: Scrolls,
    /// The link whose evidence alone is shown; `None` shows all.
    pub hop: Option<usize>,
    /// Index of the answer that the Evidence pane begins with.
    pub evidence_at: usize,
    /// Index of the file that the Files pane shows.
    pub file_at: usize,
    /// What lies over the screen.
    pub overlay: Option<Overlay>,
    /// Errors that wait until nothing lies over the screen.
    pub errors: Vec<Error>,
    /// The closing question's answer, while it is written.
    pub reflecting: Option<Input>,
    /// The lessons whose closing question was put in this session: once is enough.
    pub questioned: BTreeSet<String>,
    /// One line worth saying.
    pub notice: Option<String>,
    /// The last work that was done, until another key is pressed.
    pub done: Option<String>,
    /// A hint was asked for without an attempt in between; asking again gives it.
    pub hint_insisted: bool,
    /// Since when the learner wants to begin, as soon as that is possible.
    pub beginning: Option<u64>,
    /// The last error that was told.
    pub last_error: Option<Error>,
    /// Why the conductor has closed without being asked to: nothing can go on.
    pub fatal: Option<Error>,
    /// The program is about to end; what it waits for.
    pub leaving: Option<Leaving>,
}

impl Model {
    /// The first second: nothing is known yet.
    pub fn new(start: Start) -> Self {
        let wanted = start.lesson.as_deref().and_then(|id| start.course.position(id));
        let mut model = Self {
            course: start.course,
            lab: start.lab,
            theme: start.theme,
            own_editor: start.own_editor,
            config: start.config,
            started: start.now,
            now: start.now,
            size: start.size,
            engine: EngineStatus::Looking,
            images: None,
            work: None,
            between: false,
            queue: VecDeque::new(),
            containers: Vec::new(),
            findings: Vec::new(),
            stale: Vec::new(),
            facts: BTreeMap::new(),
            places: BTreeMap::new(),
            saved: BTreeMap::new(),
            progress: Progress::default(),
            entries: Vec::new(),
            facts_asked: BTreeMap::new(),
            hypotheses_skipped: 0,
            hypothesis_asked: false,
            said_one_change: false,
            asked: false,
            edited: false,
            logs: Logs::default(),
            files: LabTexts::default(),
            screen: Screen::Welcome,
            lesson: wanted.unwrap_or(0),
            lesson_chosen: wanted.is_some(),
            page: Page::Beat(0),
            focus: Focus::Lesson,
            tab: Tab::Evidence,
            scrolls: Scrolls::default(),
            hop: None,
            evidence_at: 0,
            file_at: 0,
            overlay: None,
            errors: Vec::new(),
            reflecting: None,
            questioned: BTreeSet::new(),
            notice: None,
            done: None,
            hint_insisted: false,
            beginning: None,
            last_error: None,
            fatal: None,
            leaving: None,
        };
        model.page = model.first_page();
        model
    }

    /// The lesson that is open; none in a course without lessons.
    pub fn lesson(&self) -> Option<&Lesson> {
        self.course.lessons.get(self.lesson)
    }

    /// The id of the lesson that is open.
    pub fn lesson_id(&self) -> &str {
        self.lesson().map_or("", |lesson| lesson.id.as_str())
    }

    /// Where the learner stands in the lesson that is open.
    pub fn here(&self) -> LessonProgress {
        self.progress.lesson(self.lesson_id())
    }

    /// The pages of the lesson that is open, in order.
    pub fn pages(&self) -> Vec<Page> {
        let Some(lesson) = self.lesson() else { return Vec::new() };
        // Who knows Docker has the symptom and what must hold; the story is for the others.
        let story = !self.config.fast_track || lesson.checks.is_empty();
        let beats = if story { lesson.beats.len() } else { 0 };
        let mut pages: Vec<Page> = (0..beats).map(Page::Beat).collect();
        if let Some(prediction) = &lesson.prediction {
            // Predict before you look: the first page that locates the cause would tell the answer.
            let step = prediction.before.as_deref().unwrap_or("locate");
            let before = lesson.beats.iter().position(|beat| beat.step == step).unwrap_or(beats).min(beats);
            pages.insert(before, Page::Question);
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
        before.filter(|lesson| !lesson.fix.is_empty() && !self.progress.lesson(&lesson.id).is_solved()).collect()
    }

    /// The page with which the lesson closes: the last one's is the two narratives.
    pub fn closing_page(&self) -> Page {
        if self.lesson + 1 == self.course.lessons.len() { Page::Hindsight } else { Page::Solved }
    }

    /// Index of the page that is open, in [`Model::pages`].
    pub fn page_index(&self) -> usize {
        self.pages().iter().position(|page| *page == self.page).unwrap_or(0)
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
        match self.page {
            Page::Beat(beat) => self.lesson()?.beats.get(beat)?.shown(),
            _ => None,
        }
    }

    /// The line of the file in the Files pane that the page speaks of, from 0.
    pub fn pointed(&self) -> Option<usize> {
        let Some(Shown::File { path, at: Some(at) }) = self.shown() else { return None };
        let (file, text) = self.files.files.get(self.file_at)?;
        is_named(file, path).then(|| text.lines().position(|line| line.contains(at)))?
    }

    /// Whether the question is open: shown and neither answered nor skipped.
    pub fn question_open(&self) -> bool {
        self.page == Page::Question && self.here().prediction.is_none()
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
        match &self.overlay {
            Some(Overlay::Help | Overlay::Tour | Overlay::Reading { .. } | Overlay::Error(_)) => Place::Reading,
            Some(Overlay::Files { .. } | Overlay::Shell(_)) => Place::Chooser,
            Some(Overlay::Lessons(_)) => Place::Lessons,
            Some(Overlay::Jumping(_)) => Place::Jumping,
            Some(Overlay::Note(_) | Overlay::Search(_) | Overlay::Hypothesis { .. }) => Place::Writing,
            Some(Overlay::Leaving) => Place::Leaving,
            Some(Overlay::Resetting) => Place::Resetting,
            Some(Overlay::Revealing | Overlay::Repeating(_) | Overlay::Images) => Place::Asking,
            Some(Overlay::Editor(editor)) if editor.asks => Place::Unsaved,
            Some(Overlay::Editor(_)) => Place::Editor,
            None if self.screen == Screen::Welcome => Place::Welcome,
            None => match (self.focus, self.tab) {
                (Focus::Lesson, _) if self.reflecting.is_some() => Place::Writing,
                (Focus::Lesson, _) if self.question_open() => Place::Question,
                (Focus::Lesson, _) => Place::Story,
                (Focus::Map, _) => Place::Map,
                (Focus::Side, Tab::Evidence) => Place::Evidence,
                (Focus::Side, Tab::Logs) => Place::Logs,
                (Focus::Side, Tab::Files) => Place::Files,
                (Focus::Side, Tab::Diff) => Place::Diff,
                (Focus::Side, Tab::Journal) => Place::Journal,
            },
        }
    }

    /// Whether something on the screen moves: work goes on, or a save is so young that its age is told in seconds.
    pub fn moves(&self) -> Option<std::time::Duration> {
        let waits = self.beginning.is_some() && matches!(self.engine, EngineStatus::Here(_));
        if self.work.is_some() || self.leaving.is_some() || waits {
            return Some(std::time::Duration::from_millis(250));
        }
        let youngest = if self.shows_stale() { self.stale_since() } else { None };
        match youngest.map(|at| self.now.saturating_sub(at)) {
            Some(0..60_000) => Some(std::time::Duration::from_secs(1)),
            Some(60_000..3_600_000) => Some(std::time::Duration::from_secs(60)),
            _ => None,
        }
    }

    /// Whether what is saved and not live is told now.
    pub fn shows_stale(&self) -> bool {
        !self.stale.is_empty()
    }

    /// When the youngest file that is not live was saved.
    pub fn stale_since(&self) -> Option<u64> {
        let files = self.stale.iter().flat_map(|stale| &stale.files);
        files.filter_map(|file| self.saved.get(file)).max().copied()
    }

    /// The wrong turn that explains most of the last verification: this lesson's first, remarks last.
    pub fn wrong_turn(&self) -> Option<&NamedWrongTurn> {
        let turns = &self.progress.last_report.as_ref()?.wrong_turns;
        let here = self.lesson_id();
        turns.iter().min_by_key(|turn| (turn.remark, turn.lesson != here))
    }

    /// The services that run.
    pub fn running(&self) -> Vec<&str> {
        let running = self.containers.iter().filter(|one| one.state == ServiceState::Running);
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
        let mut files: Vec<&str> = self.files.files.iter().map(|(path, _)| path.as_str()).collect();
        files.sort_by_key(|path| {
            let rank = shown.iter().position(|shown| is_named(path, shown)).unwrap_or(shown.len());
            (rank, *path)
        });
        files
    }

    /// The scroll of the pane that has the keys; logs have their own.
    pub fn scroll_mut(&mut self) -> &mut Scroll {
        if self.overlay.is_some() {
            return &mut self.scrolls.overlay;
        }
        match (self.focus, self.tab) {
            (Focus::Lesson, _) => &mut self.scrolls.lesson,
            (Focus::Map, _) | (Focus::Side, Tab::Evidence | Tab::Logs) => &mut self.scrolls.evidence,
            (Focus::Side, Tab::Files) => &mut self.scrolls.files,
            (Focus::Side, Tab::Diff) => &mut self.scrolls.diff,
            (Focus::Side, Tab::Journal) => &mut self.scrolls.journal,
        }
    }
}

/// Whether a lesson means this file: by its path in the lab, or by the end of it.
pub fn is_named(path: &str, name: &str) -> bool {
    path == name || path.strip_suffix(name).is_some_and(|before| before.ends_with('/'))
}
