//! The events of a lab.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::{course::Rung, diagnosis::Report, probe::Survey};

/// One line of the journal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// When, in milliseconds since the Unix epoch.
    pub at: u64,
    /// What.
    #[serde(flatten)]
    pub event: Event,
}

/// Something that happened.
#[expect(clippy::large_enum_variant, reason = "a few events a minute: a plain value is worth more than the bytes")]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum Event {
    /// The lab was made from the broken stack.
    LabMade {
        /// Course id.
        course: String,
        /// Version of this program.
        version: String,
    },
    /// The tutor was opened on the lab.
    SessionStarted {
        /// Version of this program.
        version: String,
    },
    /// The tutor was left, on purpose.
    SessionEnded,
    /// The learner turned to a lesson.
    LessonOpened {
        /// Lesson id.
        lesson: String,
    },
    /// The learner turned to a page of the lesson's story.
    BeatShown {
        /// Lesson id.
        lesson: String,
        /// Index of the beat, from 0.
        beat: usize,
    },
    /// The learner answered the lesson's question, or skipped it (`choice` is `None`).
    Predicted {
        /// Lesson id.
        lesson: String,
        /// Index of the choice, from 0.
        choice: Option<usize>,
    },
    /// A long work began.
    WorkStarted {
        /// Unique within the journal's session.
        id: u64,
        /// What it is.
        work: WorkKind,
    },
    /// A long work ended.
    WorkEnded {
        /// Its id.
        id: u64,
        /// What it was.
        work: WorkKind,
        /// How it ended.
        outcome: Outcome,
        /// Seconds it took.
        seconds: f64,
    },
    /// One of the lab's files was changed by the learner.
    FileChanged {
        /// Path inside the lab.
        file: PathBuf,
        /// Unified diff against the version before.
        diff: String,
        /// It was changed while no tutor was open, and noticed at the next start.
        #[serde(skip_serializing_if = "std::ops::Not::not", default)]
        while_closed: bool,
    },
    /// The stack was verified.
    Verified {
        /// The lesson that was open.
        lesson: String,
        /// What it came to.
        report: Report,
        /// What was seen.
        survey: Survey,
    },
    /// All checks of a lesson passed for the first time.
    LessonSolved {
        /// Lesson id.
        lesson: String,
        /// Whether the fix was revealed and applied by the tutor.
        revealed: bool,
    },
    /// All checks of a solved lesson no longer pass.
    LessonRegressed {
        /// Lesson id.
        lesson: String,
    },
    /// A hint was shown.
    HintShown {
        /// Lesson id.
        lesson: String,
        /// Which rung.
        rung: Rung,
    },
    /// The explanation of a wrong turn was read.
    WrongTurnExplained {
        /// Its id.
        id: String,
    },
    /// The tutor applied a lesson's fix.
    Revealed {
        /// Lesson id.
        lesson: String,
        /// Unified diff of what was applied.
        diff: String,
    },
    /// The learner said what they thought was wrong, before an edit was made live.
    Hypothesis {
        /// The lesson that was open.
        lesson: String,
        /// The words.
        text: String,
    },
    /// A lesson's bug was put back, to find it once more.
    Repeated {
        /// Lesson id.
        lesson: String,
        /// Where the copy of what was replaced lies, inside the lab.
        backup: PathBuf,
    },
    /// The learner wrote a note.
    Noted {
        /// The lesson that was open.
        lesson: String,
        /// The words.
        text: String,
    },
    /// The learner answered a lesson's closing question.
    Reflected {
        /// Lesson id.
        lesson: String,
        /// The words.
        text: String,
    },
    /// Files were put back to the broken stack's.
    Reset {
        /// Where the copy of what was replaced lies, inside the lab.
        backup: PathBuf,
        /// The files that were put back; empty means all.
        files: Vec<PathBuf>,
    },
    /// The demo turned to a beat of its talk.
    Presented {
        /// The beat's id.
        beat: String,
    },
    /// The demo put the lab's files into a state that it declares.
    Staged {
        /// The state's name.
        name: String,
        /// Unified diff against the files before; empty when they were so already.
        diff: String,
    },
    /// A host port was taken or not allowed, and another one is used.
    PortMoved {
        /// Service.
        service: String,
        /// The port in the file.
        from: u16,
        /// The port that is used.
        to: u16,
        /// Why.
        why: String,
    },
    /// A service's process read its files again without being started.
    Reloaded {
        /// Service.
        service: String,
        /// Id of its container.
        container: String,
    },
    /// Containers, networks (and volumes) of the lab were removed.
    TakenDown {
        /// Whether the volumes went too.
        volumes: bool,
    },
}

/// A long work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum WorkKind {
    /// Base images are looked for, pulled or built.
    Images,
    /// The stack, or some services, are started.
    Up {
        /// Services; empty means all.
        services: Vec<String>,
        /// Whether images are built anew.
        build: bool,
    },
    /// Only these services are started, and the others removed.
    UpAlone {
        /// Services.
        services: Vec<String>,
    },
    /// A service's container is made anew at another address.
    MoveAway {
        /// Service.
        service: String,
    },
    /// The database gets its tables.
    Bootstrap,
    /// A service's process starts again.
    Restart {
        /// Service.
        service: String,
    },
    /// nginx reads its files again.
    Reload {
        /// Service.
        service: String,
    },
    /// The running stack is asked.
    Verify,
    /// Everything of the lab is removed.
    Down {
        /// Whether the volumes go too.
        volumes: bool,
    },
}

/// How a work ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "kebab-case")]
pub enum Outcome {
    /// It was done.
    Done,
    /// It failed.
    Failed {
        /// The error in words.
        error: String,
    },
    /// It was ended on request.
    Cancelled,
}
