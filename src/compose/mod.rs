//! The learner's compose file: read, interpolated, judged, and turned into the desired stack as plain data.
//!
//! [`load`] takes a directory. The way of a file: its text (`files`) becomes a tree of nodes that know where they stand
//! (`yaml`), variables are filled in (`interpolate`, `dotenv`), included, extended and later files are laid over each
//! other (`layers`, `merge`), the whole is held against compose's schema (`conform`), and what it says is read key by key
//! into the [`Stack`] (`service` and its neighbours). Whatever is wrong on that way is kept (`diagnostics`) as
//! [`Finding`]s: file, line, column, the line itself, what was expected. Nothing here talks to Docker.

mod build;
mod build_context;
mod cast;
mod conform;
mod decode;
mod decode_settings;
mod diagnostics;
pub(crate) mod dockerfile;
mod door;
mod dotenv;
mod environment;
mod files;
mod finding;
mod hash;
mod health;
mod hosts;
mod ignore;
mod interpolate;
mod layers;
mod load;
mod merge;
mod model;
mod mounts;
mod paths;
mod ports;
mod published_port;
mod resources;
mod roles;
mod scalar;
mod schema;
mod secret_source;
mod service;
mod settings;
mod shellwords;
mod source_map;
mod unique;
mod unreadable;
mod untrusted;
mod untrusted_build;
mod validate;
mod yaml;
mod yaml_error;

pub use build_context::ContextFile;
pub use door::{Closed, Door, FileKind, Found};
pub(crate) use files::is_compose_file;
pub use load::{LoadOptions, load, load_beneath, project_name};
pub use model::{
    AddressPool, Asked, Build, Dependency, DependencyCondition, Finding, Healthcheck, InlineFile, Link, Mount,
    MountKind, MountOptions, Network, NetworkAttachment, PathRequest, Place, Port, Protocol, Service, Severity, Stack,
    Volume,
};
pub use published_port::PublishedPort;
pub use roles::{FoundRoles, other as other_role, roles};
pub use settings::Settings;
pub use untrusted::refusals;
pub use yaml::panic_is_caught;
