//! Finding the engine: flag, `DOCKER_HOST`, Docker contexts, known sockets, Podman's socket.

use bollard::Docker;

use crate::error::{Error, Result};

/// A connection to a container engine that has answered.
#[derive(Debug, Clone)]
pub struct Engine {
    pub(crate) docker: Docker,
    /// What is known of it.
    pub info: EngineInfo,
}

/// What is known of an engine.
#[derive(Debug, Clone, PartialEq)]
pub struct EngineInfo {
    /// Its address, e.g. `unix:///var/run/docker.sock`.
    pub url: String,
    /// How it was found, e.g. `DOCKER_HOST`, `context "colima"`, `known socket`.
    pub found_by: String,
    /// Which make.
    pub kind: EngineKind,
    /// Its version, e.g. `20.10.24`.
    pub version: String,
    /// Whether it runs without root.
    pub rootless: bool,
    /// Where ports published on it are reached from here, e.g. `127.0.0.1`.
    pub host: String,
    /// Its processors.
    pub cpus: u64,
    /// Its memory in bytes.
    pub memory: u64,
    /// Seconds by which its clock is ahead of ours.
    pub clock_ahead: f64,
}

/// Makes of engines that behave differently somewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EngineKind {
    /// Docker Engine.
    Docker,
    /// Docker Desktop.
    DockerDesktop,
    /// Podman's compatible API.
    Podman,
}

impl Engine {
    /// Finds an engine that answers: `url` alone when given; else `DOCKER_HOST`, the Docker context, the known sockets.
    ///
    /// # Errors
    /// Environment: nobody answers, access is refused, or containers of another system are run; with what was tried.
    pub async fn find(_url: Option<&str>) -> Result<Self> {
        Err(Error::environment("stub"))
    }
}
