//! Docker Engine through bollard: find it, images, build, up, down, logs, events, exec, dial.
//!
//! Everything that is made carries compose's labels, so that `docker compose ps`, `logs`, `exec` and `down` work on it;
//! nothing without our project's labels is ever touched. A future that is dropped half-way leaves only what is labelled.
//!
//! | file | what it knows |
//! |---|---|
//! | `discover`, `address`, `context` | where engines are, and which one is meant |
//! | `remedy` | what would give a machine without an engine one |
//! | `call` | bounds on every question, and what its failure means |
//! | `flight` | calls that are seen through when their work is cancelled |
//! | `up` | the order of the work; `order`, `supply` (images), `drift` (what changed), `spec` (what to ask for), `make` |
//! | `build`, `build_failure`, `dockerfile` | images from the stack's own files |
//! | `network`, `ports`, `copy` | what containers need around them |
//! | `down`, `inventory`, `labels`, `leftovers`, `layers` | what is there, and taking it away |
//! | `exec`, `oneoff`, `logs`, `events`, `disk`, `proc_net` | things of running containers |
//! | `toolbox`, `relay` | questions from inside a network |

mod address;
mod build;
mod build_failure;
mod call;
mod context;
mod copy;
mod discover;
mod disk;
mod dockerfile;
mod down;
mod drift;
mod events;
mod exec;
mod flight;
mod holder;
mod images;
mod inventory;
mod labels;
mod layers;
mod leftovers;
mod logs;
mod make;
mod network;
mod oneoff;
mod order;
mod ports;
mod proc_net;
mod progress;
mod relay;
pub mod remedy;
mod run;
mod shell;
mod spec;
mod stack;
mod supply;
mod text;
mod toolbox;
mod top_layer;
mod up;

use std::path::Path;

pub use discover::{Engine, EngineInfo, EngineKind};
pub(crate) use dockerfile::{base_images, rebased};
pub use images::{BASE_IMAGES, ImageOrigin, ImagePolicy, ImageStatus};
pub(crate) use images::{is_as_good, relatives};
pub use leftovers::Labelled;
pub(crate) use proc_net::{ListenRow, listen_rows};
pub use progress::{Progress, Step};
pub use run::{EngineEvent, LogLine, Output, Stream};
pub use stack::{
    BindStyle, BuildPolicy, Change, ChangeKind, Container, DownReport, LEAST_INTERVAL, Limits, MovedPort, PortStyle,
    ServiceState, UpOptions, UpReport,
};
pub use toolbox::{DialError, DialStream, Toolbox};

/// Whether two paths name the same directory, also through links.
pub(crate) fn same_dir(one: &Path, other: &Path) -> bool {
    one == other
        || match (one.canonicalize(), other.canonicalize()) {
            (Ok(one), Ok(other)) => one == other,
            _ => false,
        }
}
