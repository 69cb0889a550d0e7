//! The learner's working copy: made, reset, edited, compared with where it started, and read for facts.
//!
//! Everything that the tutor itself keeps lies in the lab's `.breakfix` directory; a directory without one can be looked
//! at, and is left as it is.

mod change;
mod export;
mod facts;
mod lock;
mod patch;
mod snapshot;
mod stale;
mod texts;
mod watch;
mod working_copy;
mod write;

pub use change::{Revealed, could_change_the_stack};
pub use facts::{Facts, facts};
pub use lock::LabLock;
pub use patch::patch;
pub use snapshot::{FileChange, FileDiff, Snapshot};
pub use stale::{MakeLive, RunningService, Stale, stale};
pub use texts::{MAX_FILES, MAX_TEXT, texts_of};
pub use watch::Watch;
pub use working_copy::Lab;
