//! What can be asked of the conductor, and what it tells.

use std::{collections::BTreeMap, path::PathBuf};

use super::jobs::Asking;
use crate::{
    compose::{Finding, Place, PublishedPort},
    engine::ServiceState,
    engine::{EngineInfo, ImageStatus, LogLine, Step},
    error::Error,
    journal::{Entry, WorkKind},
    lab::Stale,
};

/// Something to do.
#[expect(clippy::large_enum_variant, reason = "a few actions a minute: a plain value is worth more than the bytes")]
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// Make the base images be here.
    Images,
    /// Start the stack (or these services), recreating what changed; with `build`, images are built anew.
    Up {
        /// Services; empty means all.
        services: Vec<String>,
        /// Build images anew.
        build: bool,
    },
    /// Give the database its tables.
    Bootstrap,
    /// Do the smallest things that make all saved edits live.
    MakeLive,
    /// Start a service's process again.
    Restart {
        /// Service.
        service: String,
    },
    /// Start only these services; whatever else of the stack runs is removed. Only for a lab of the demo's own.
    UpAlone {
        /// Services.
        services: Vec<String>,
    },
    /// Make a service's container anew at another address. Only for a lab of the demo's own.
    MoveAway {
        /// Service.
        service: String,
    },
    /// Ask the running stack, for this lesson.
    Verify {
        /// Lesson id.
        lesson: String,
        /// How.
        asking: Asking,
    },
    /// Remove what the lab started.
    Down {
        /// Volumes too.
        volumes: bool,
    },
    /// Put files back to the broken stack's, keeping a copy; empty means all.
    Reset {
        /// Paths inside the lab.
        files: Vec<PathBuf>,
    },
    /// Apply the lesson's fix to the lab's files.
    Reveal {
        /// Lesson id.
        lesson: String,
    },
    /// Put the lab's files into exactly this state, once what was asked for before is done. Only for a lab of the demo's own.
    Stage {
        /// The state's name, for the journal.
        name: String,
        /// All of its files, by path.
        files: BTreeMap<String, String>,
    },
    /// Put the lesson's bug back into the lab's files, keeping a copy.
    Repeat {
        /// Lesson id.
        lesson: String,
    },
    /// Write an event that only a front end can know: a prediction, a note, a hint, a lesson opened.
    Record(crate::journal::Event),
    /// Say who holds this port of the host.
    AskPort {
        /// Port.
        port: u16,
    },
    /// Look at the lab's files again now (where watching fails).
    Refresh,
    /// End the work that is going on.
    Cancel,
    /// Close the toolbox and stop; the stack keeps running.
    Quit,
}

/// Something that happened, for a front end.
#[derive(Debug, Clone, PartialEq)]
pub enum Update {
    /// An event was appended to the journal.
    Event(Box<Entry>),
    /// What is known of the engine changed.
    Engine(EngineStatus),
    /// The base images, when looked at.
    Images(Vec<ImageStatus>),
    /// The work that is going on, or `None` when it ended.
    Work(Option<Work>),
    /// A step of the work that is going on.
    Step(Step),
    /// A line of a container's log.
    Log(LogLine),
    /// The lab's containers, after something happened to one.
    Containers(Vec<ContainerView>),
    /// The lab's files, after one changed: what the compose file says is wrong, and what is not live.
    Files {
        /// Errors and warnings of the compose file.
        findings: Vec<Finding>,
        /// What was saved and does not run yet.
        stale: Vec<Stale>,
    },
    /// Where in the lab's files each fact stands, by the same names; comes before the facts.
    Places(BTreeMap<String, Place>),
    /// What the lab's files and running containers say, by name (`nginx.listen`, `flaskapp.port`, …), after one changed.
    Facts(BTreeMap<String, String>),
    /// Who holds a port of the host, when that was asked; nobody, or this stack, where there is no name.
    PortHeld {
        /// Port.
        port: u16,
        /// In a few words.
        by: Option<String>,
    },
    /// A work failed, or the conductor has something to say.
    Failed(Error),
    /// One line worth saying: a port was moved, stand-ins are used.
    Notice(String),
    /// Everything is closed; nothing more comes.
    Closed,
}

/// What is known of the engine.
#[derive(Debug, Clone, PartialEq)]
pub enum EngineStatus {
    /// It is looked for.
    Looking,
    /// It answers.
    Here(EngineInfo),
    /// It does not; it is looked for again every second or two.
    Missing(Error),
}

/// A work that is going on.
#[derive(Debug, Clone, PartialEq)]
pub struct Work {
    /// Unique within the session.
    pub id: u64,
    /// What it is.
    pub kind: WorkKind,
    /// What it waits for, in a few words.
    pub label: String,
}

/// A container of the lab, as a front end needs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContainerView {
    /// The service.
    pub service: String,
    /// State.
    pub state: ServiceState,
    /// Exit code of the last run.
    pub exit_code: Option<i64>,
    /// Published ports.
    pub ports: Vec<PublishedPort>,
    /// When it was started, in milliseconds since the Unix epoch by this machine's clock, where it runs.
    pub started_at: Option<u64>,
    /// It is stopped or started by this program, now or some seconds ago: a question may have to.
    pub by_us: bool,
}
