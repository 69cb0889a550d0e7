//! Docker Engine through bollard: find it, images, build, up, down, logs, events, exec, dial.
//!
//! Everything that is made carries compose's labels, so that `docker compose ps`, `logs`, `exec` and `down` work on it;
//! nothing without our project's labels is ever touched. A future that is dropped half-way leaves only what is labelled.
//!
//! | room or file | what it knows |
//! |---|---|
//! | `handle` | the engine that has answered: read it first |
//! | `connect` | where engines are, which one is meant, what would give a machine one |
//! | `request`, `in_flight` | bounds on every question; calls that are seen through when their work is cancelled |
//! | `up` | the order of the work; `order`, `service_images` |
//! | `build` | images from the stack's own files, by BuildKit or the classic builder |
//! | `images` | images from elsewhere |
//! | `containers` | one container: what to ask for, what is there, what runs in it |
//! | `network` | networks, ports, questions from inside |
//! | `down`, `leftovers`, `labels` | what is ours, and taking it away |
//! | `events`, `output`, `progress`, `stack` | what is told, and in which words |
//! | `blame`, `witness`, `deeds` | whose fault a refusal is; what others did to what was made, and what we did |
//! | `slowness` | how busy this machine is |

mod blame;
mod build;
mod clock;
mod compose_hash;
mod connect;
mod containers;
mod deeds;
mod down;
mod events;
mod handle;
mod images;
mod in_flight;
mod labels;
mod leftovers;
mod network;
mod order;
mod output;
mod progress;
mod request;
mod sanitize;
mod service_images;
mod slowness;
mod stack;
mod up;
mod witness;

use std::path::Path;

pub(crate) use build::dockerfile::{base_images, rebased};
pub use connect::install_plan;
pub(crate) use containers::exec::KEPT_BYTES;
pub use handle::{Engine, EngineInfo, EngineKind, Tunnel};
pub use images::{BASE_IMAGES, ImageOrigin, ImagePolicy, ImageStatus};
pub(crate) use images::{is_as_good, relatives};
pub use leftovers::Labelled;
pub use network::host_wall::{HostWall, lift_those_of};
pub(crate) use network::proc_net::{ListenRow, listen_rows};
pub use network::toolbox::{DialError, DialStream, Toolbox};
pub use output::{EngineEvent, LogLine, Output, Stream};
pub use progress::{Progress, Step};
pub use slowness::{slowness, slowness_now};
pub use stack::{
    BindStyle, BuildPolicy, Change, ChangeKind, Container, DownReport, LEAST_INTERVAL, Limits, MovedPort, PortStyle,
    ServiceState, Stopped, UpOptions, UpReport,
};
pub use witness::Witness;

/// Whether two paths name the same directory, also through links.
pub(crate) fn same_dir(one: &Path, other: &Path) -> bool {
    one == other
        || match (one.canonicalize(), other.canonicalize()) {
            (Ok(one), Ok(other)) => one == other,
            _ => false,
        }
}

/// See [`crate::fuzz`].
#[cfg(any(test, fuzzing))]
pub(crate) fn fuzz_dockerfile(text: &str) {
    build::fuzz(text);
}
