//! An engine that has answered: the client, what is known of the engine, and what this process has under way on it. What is done
//! with it stands in the rooms.

use std::{
    sync::{Arc, atomic::AtomicBool},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use bollard::Docker;

#[cfg(unix)]
pub use super::connect::ssh::Tunnel;
/// Other systems have no way by ssh.
#[cfg(not(unix))]
pub type Tunnel = std::convert::Infallible;

use super::{
    build::layer_log::Layers, containers::bounds::Unset, deeds::Deeds, in_flight::Flights, network::toolbox::Toolboxes,
    request::ask,
};

/// How long an engine may take to say that it is there.
pub(crate) const ANSWER_WITHIN: Duration = Duration::from_secs(2);

/// A connection to a container engine that has answered.
#[derive(Debug, Clone)]
pub struct Engine {
    pub(crate) docker: Docker,
    /// The way to its machine, where that is another one reached by ssh.
    pub(crate) tunnel: Option<Arc<Tunnel>>,
    /// What is known of it.
    pub info: EngineInfo,
    pub(crate) toolboxes: Toolboxes,
    pub(crate) flights: Flights,
    pub(crate) deeds: Deeds,
    pub(crate) unset: Unset,
    pub(crate) layers: Layers,
    /// Whether a frontend that a Dockerfile names was out of reach.
    pub(crate) no_frontends: Arc<AtomicBool>,
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

impl EngineInfo {
    /// Seconds since the Unix epoch, by the engine's clock.
    pub(crate) fn now(&self) -> f64 {
        SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64() + self.clock_ahead
    }
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
    /// An engine of which nothing is under way yet.
    pub(crate) fn new(docker: Docker, tunnel: Option<Arc<Tunnel>>, info: EngineInfo) -> Self {
        let (toolboxes, flights, deeds, unset, layers, no_frontends) = Default::default();
        Self { docker, tunnel, info, toolboxes, flights, deeds, unset, layers, no_frontends }
    }

    /// Bounds on strangers' containers that this engine was found not to set, in words.
    pub fn unbounded(&self) -> Vec<String> {
        self.unset.in_words()
    }

    /// Whether the engine still answers, within two seconds; where the way to it has ended, it is gone anew first.
    pub async fn answers(&self) -> bool {
        #[cfg(unix)]
        if let Some(tunnel) = &self.tunnel {
            tunnel.keep_up().await;
        }
        ask(ANSWER_WITHIN, self.docker.ping()).await.is_ok()
    }

    /// Where connections to the engine are opened: its address, or this side of the way to it.
    pub(crate) fn address(&self) -> String {
        #[cfg(unix)]
        if let Some(tunnel) = &self.tunnel {
            return tunnel.url();
        }
        self.info.url.clone()
    }

    /// The address on the engine's machine to which ports are bound: loopback, unless only the network leads there.
    pub(crate) fn bind_address(&self) -> &'static str {
        if self.is_local() || self.tunnel.is_some() { "127.0.0.1" } else { "0.0.0.0" }
    }

    /// Whether the engine's ports are this machine's ports.
    pub(crate) fn is_local(&self) -> bool {
        self.tunnel.is_none() && self.info.host == "127.0.0.1"
    }
}
