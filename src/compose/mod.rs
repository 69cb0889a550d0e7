//! The learner's compose file: read, interpolated, judged, and turned into the desired stack as plain data.
//!
//! [`load`] takes a directory. The way of a file: its text (`files`) becomes a tree of nodes that know where they stand
//! (`yaml`), variables are filled in (`expand`, `dotenv`), later files are laid over earlier ones (`merge`), and what
//! the tree says is read key by key into the [`Stack`] (`service` and its neighbours). Whatever is wrong on that way
//! lies on a desk (`desk`) as [`Finding`]s: file, line, column, the line itself, what was expected. Nothing here talks
//! to Docker.

mod build;
mod check;
mod context;
mod desk;
mod dockerfile;
mod dotenv;
mod environment;
mod expand;
mod files;
mod finding;
mod hash;
mod health;
mod ignore;
mod keys;
mod load;
mod merge;
mod model;
mod mounts;
mod ports;
mod refuse;
mod resources;
mod roles;
mod service;
mod want;
mod yaml;
mod yaml_error;

pub use context::{ContextFile, FileKind};
pub(crate) use files::is_compose_file;
pub use load::{LoadOptions, load, project_name};
pub use model::{
    Asked, Build, Dependency, DependencyCondition, Finding, Healthcheck, Mount, MountKind, Network, NetworkAttachment,
    PathRequest, Place, Port, Protocol, Service, Severity, Stack, Volume,
};
pub use refuse::refusals;
pub use roles::{FoundRoles, roles};
