//! The learner's compose file: read, interpolated, judged, and turned into the desired stack as plain data.
//!
//! The subset of the Compose specification that such stacks use is parsed by our own visitors, so that each mistake is
//! told with file, line, column, the line itself and what was expected. Nothing here talks to Docker.

mod model;
mod roles;

pub use model::{
    Build, Dependency, DependencyCondition, Finding, Healthcheck, Mount, MountKind, Network, NetworkAttachment, Place,
    Port, Protocol, Service, Severity, Stack, Volume,
};
pub use roles::FoundRoles;
