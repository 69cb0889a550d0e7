//! The parts of the [`Model`](super::model::Model).

use std::sync::Arc;

use super::{config::Config, editor::Editor, input::Input, theme::Theme};
use crate::{
    conductor::{Action, Work},
    course::Course,
    engine::Step,
    error::Error,
};

/// What has to end before the program does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Leaving {
    /// The containers are taken down first.
    TakingDown,
    /// The conductor closes.
    Closing,
}

/// The screens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Screen {
    /// The first second.
    Welcome,
    /// A lesson.
    Lesson,
}

/// The page of a lesson.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Page {
    /// A page of the story.
    Beat(usize),
    /// The question before the look.
    Question,
    /// What must hold, and what was seen.
    Work,
    /// What is said when it is solved.
    Solved,
    /// The two narratives.
    Hindsight,
}

/// Which half of the screen has the keys; on a narrow screen, which is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Focus {
    /// The chain at the top; beside it stands the evidence of the link that it is at.
    Map,
    /// The lesson.
    Lesson,
    /// The tabs.
    Side,
}

/// The tabs of the right pane.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tab {
    /// What was asked and what was seen.
    Evidence,
    /// The containers' logs.
    Logs,
    /// The lab's files.
    Files,
    /// What was changed since the start.
    Diff,
    /// What happened.
    Journal,
}

impl Tab {
    /// All of them, in order.
    pub const ALL: [Self; 5] = [Self::Evidence, Self::Logs, Self::Files, Self::Diff, Self::Journal];

    /// Its title.
    pub fn title(self) -> &'static str {
        match self {
            Self::Evidence => "Evidence",
            Self::Logs => "Logs",
            Self::Files => "Files",
            Self::Diff => "Diff",
            Self::Journal => "Journal",
        }
    }
}

/// How far a pane is scrolled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Scroll {
    /// Lines above the first that is shown.
    pub top: usize,
    /// Columns to the left of the first that is shown.
    pub left: usize,
}

/// How far each pane is scrolled. Logs keep their own place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Scrolls {
    /// The lesson.
    pub lesson: Scroll,
    /// Evidence.
    pub evidence: Scroll,
    /// Files.
    pub files: Scroll,
    /// Diff.
    pub diff: Scroll,
    /// Journal.
    pub journal: Scroll,
    /// What lies over the screen.
    pub overlay: Scroll,
}

/// Work that goes on, as it is shown.
#[derive(Debug, Clone, PartialEq)]
pub struct WorkView {
    /// What it is.
    pub work: Work,
    /// When it was first heard of.
    pub since: u64,
    /// The last step of each subject, in order of appearance.
    pub steps: Vec<Step>,
}

/// What lies over the screen and has the keys.
#[derive(Debug)]
pub enum Overlay {
    /// All keys.
    Help,
    /// Words to read, in Markdown.
    Reading {
        /// Its title.
        title: String,
        /// The words.
        words: String,
    },
    /// An error in its three parts.
    Error(Error),
    /// The list of lessons, at this one.
    Lessons(usize),
    /// The tour; any key leaves it.
    Tour,
    /// A lesson further on, while bugs before it are still there: mend them first?
    Jumping(usize),
    /// A lesson that is solved: put its bug back?
    Repeating(usize),
    /// The files to edit, at this one; in the built-in editor or the learner's own.
    Files {
        /// Index in [`Model::files_to_edit`].
        at: usize,
        /// In the built-in editor.
        here: bool,
    },
    /// The other courses, at this one: begin it?
    Courses(usize),
    /// The running containers, at this one: open a shell in it?
    Shell(usize),
    /// A note.
    Note(Input),
    /// A word to find in the logs.
    Search(Input),
    /// What the learner thinks is wrong, before these actions make an edit live; first, where it is to be said, that more
    /// than one thing was changed.
    Hypothesis {
        /// The line.
        input: Input,
        /// What is asked for afterwards.
        actions: Vec<Action>,
        /// What was changed, where that is more than one thing.
        changes: Vec<String>,
    },
    /// What becomes of the shop?
    Leaving,
    /// Which files are put back?
    Resetting,
    /// This lesson's fix: apply it?
    Revealing,
    /// Shall the base images be got?
    Images,
    /// The built-in editor.
    Editor(Box<Editor>),
}

/// Another course that there is to choose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OtherCourse {
    /// What `--course` calls it.
    pub name: String,
    /// Its title, lessons and time, in words.
    pub words: String,
}

/// What is told to the model at the start.
#[derive(Debug, Clone)]
pub struct Start {
    /// The course.
    pub course: Arc<Course>,
    /// The other courses that there are to choose from.
    pub others: Vec<OtherCourse>,
    /// The lab's directory, as the learner would write it.
    pub lab: String,
    /// Colours and weights.
    pub theme: Theme,
    /// Whether the learner has an editor of their own.
    pub own_editor: bool,
    /// The lesson that was asked for on the command line.
    pub lesson: Option<String>,
    /// The time now.
    pub now: u64,
    /// Columns and rows of the terminal.
    pub size: (u16, u16),
    /// The learner's settings.
    pub config: Config,
}
