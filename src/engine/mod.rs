//! Docker Engine through bollard: find it, images, build, up, down, logs, events, exec, dial.
//!
//! Everything that is made carries compose's labels, so that `docker compose ps`, `logs`, `exec` and `down` work on it;
//! nothing without our project's labels is ever touched.

mod discover;
mod images;
mod progress;
mod run;
mod stack;
mod toolbox;

pub use discover::{Engine, EngineInfo, EngineKind};
pub use images::{ImageOrigin, ImagePolicy, ImageStatus};
pub use progress::{Progress, Step};
pub use run::{EngineEvent, LogLine, Output, Stream};
pub use stack::{
    BindStyle, BuildPolicy, Change, ChangeKind, Container, DownReport, Limits, MovedPort, PortStyle, UpOptions,
    UpReport,
};
pub use toolbox::{DialError, DialStream, Toolbox};
