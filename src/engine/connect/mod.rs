//! Which engine is talked to: what the caller or the surroundings name, the sockets that people's engines have, and what
//! would give a machine an engine. Read `discover.rs` first.

pub(super) mod address;
pub(super) mod discover;
pub(super) mod docker_context;
pub mod install_plan;
#[cfg(unix)]
pub(super) mod ssh;
pub(super) mod upgrade;
