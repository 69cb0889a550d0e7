//! The four groups of the [`Model`](super::model::Model)'s state.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    path::PathBuf,
};

use super::{
    input::Input,
    logs::Logs,
    model_types::{Focus, Leaving, Overlay, Page, Screen, Scrolls, Tab, WorkView},
    msg::LabTexts,
};
use crate::{
    compose::{Finding, Place as FilePlace},
    conductor::{Action, ContainerView, EngineStatus},
    engine::ImageStatus,
    error::Error,
    journal::{Entry, Progress},
    lab::Stale,
};

/// What is known of the lab: its engine, its files, its containers, its journal.
#[derive(Debug)]
pub struct Lab {
    /// The lab's directory, as the learner would write it.
    pub dir: String,
    /// The engine.
    pub engine: EngineStatus,
    /// The base images, once they were looked at.
    pub images: Option<Vec<ImageStatus>>,
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
    /// What runs, by the same names: of a file that was saved and is not live, what it said before.
    pub live: BTreeMap<String, String>,
    /// The last verification is newer than the last change.
    pub asked: bool,
    /// When it was, in milliseconds since the Unix epoch.
    pub asked_at: Option<u64>,
    /// The containers as they were when the verification that goes on began.
    pub asking_of: Option<Vec<ContainerView>>,
    /// They changed while it went on.
    pub changed_meanwhile: bool,
    /// A file was edited since the last verification of this session.
    pub edited: bool,
    /// The containers' logs.
    pub logs: Logs,
    /// The lab's files.
    pub files: LabTexts,
}

impl Lab {
    /// Nothing is known yet of the lab in this directory.
    pub fn new(dir: String) -> Self {
        Self {
            dir,
            engine: EngineStatus::Looking,
            images: None,
            containers: Vec::new(),
            findings: Vec::new(),
            stale: Vec::new(),
            facts: BTreeMap::new(),
            places: BTreeMap::new(),
            saved: BTreeMap::new(),
            progress: Progress::default(),
            entries: Vec::new(),
            facts_asked: BTreeMap::new(),
            live: BTreeMap::new(),
            asked: false,
            asked_at: None,
            asking_of: None,
            changed_meanwhile: false,
            edited: false,
            logs: Logs::default(),
            files: LabTexts::default(),
        }
    }
}

/// Where the learner is on the screen.
#[derive(Debug)]
pub struct Nav {
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
    /// The links of the chain that the learner has turned to in this session.
    pub opened: BTreeSet<usize>,
    /// Index of the answer that the Evidence pane begins with.
    pub evidence_at: usize,
    /// Index of the file that the Files pane shows.
    pub file_at: usize,
}

impl Nav {
    /// On the first screen; in the lesson that was asked for, or the first.
    pub fn new(wanted: Option<usize>) -> Self {
        Self {
            screen: Screen::Welcome,
            lesson: wanted.unwrap_or(0),
            lesson_chosen: wanted.is_some(),
            page: Page::Beat(0),
            focus: Focus::Lesson,
            tab: Tab::Evidence,
            scrolls: Scrolls::default(),
            hop: None,
            opened: BTreeSet::new(),
            evidence_at: 0,
            file_at: 0,
        }
    }
}

/// What is said to the learner, and what the learner is asked.
#[derive(Debug, Default)]
pub struct Dialog {
    /// What lies over the screen.
    pub overlay: Option<Overlay>,
    /// Errors that wait until nothing lies over the screen.
    pub errors: Vec<Error>,
    /// The last error that was told.
    pub last_error: Option<Error>,
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
    /// The hypotheses that were skipped in a row: who does not want to be asked is not asked.
    pub hypotheses_skipped: usize,
    /// A hypothesis was asked for, and nothing was edited since.
    pub hypothesis_asked: bool,
    /// It was said that one change at a time tells more.
    pub said_one_change: bool,
}

/// What goes on, what comes after it, and what it all ends with.
#[derive(Debug, Default)]
pub struct Ongoing {
    /// The work that goes on.
    pub current: Option<WorkView>,
    /// That work has ended, and the next one of the row was asked for.
    pub between: bool,
    /// What is asked of the conductor once that work has ended well.
    pub queue: VecDeque<Action>,
    /// Since when the learner wants to begin, as soon as that is possible.
    pub beginning: Option<u64>,
    /// The program is about to end; what it waits for.
    pub leaving: Option<Leaving>,
    /// Why the conductor has closed without being asked to: nothing can go on.
    pub fatal: Option<Error>,
}
