//! What is asked and told about a stack on the engine, as plain data.

use std::{collections::BTreeMap, time::Duration};

use serde::{Deserialize, Serialize};

use super::ImagePolicy;
use crate::compose::PublishedPort;

/// How a stack is brought up.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct UpOptions {
    /// Only these services and what they depend on; `None` means all.
    pub services: Option<Vec<String>>,
    /// When images are built.
    pub build: BuildPolicy,
    /// Make these services' containers anew even where nothing changed.
    pub recreate: bool,
    /// Where base images may come from.
    pub images: ImagePolicy,
    /// How bind mounts are brought in.
    pub binds: BindStyle,
    /// How ports are published.
    pub ports: PortStyle,
    /// Limits on each container, for untrusted stacks.
    pub limits: Option<Limits>,
    /// Use own small subnets for the networks (the engine's default pools end at about thirty networks).
    pub small_subnets: bool,
    /// More labels on all that is made.
    pub labels: BTreeMap<String, String>,
}

/// When images are built.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum BuildPolicy {
    /// When there is none.
    #[default]
    IfMissing,
    /// Always (the cache makes it cheap where nothing changed).
    Always,
}

/// How bind mounts are brought in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum BindStyle {
    /// As mounts.
    #[default]
    Mount,
    /// As a copy in an anonymous volume: nothing of the host is reachable, nothing is written to it.
    Copy,
}

/// How ports are published. Always on 127.0.0.1 unless the file names an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PortStyle {
    /// On the number in the file; moved to a free one where that is taken or not allowed.
    #[default]
    AsWritten,
    /// On free numbers.
    Free,
}

/// The shortest pause between two looks of a stranger's health check.
pub const LEAST_INTERVAL: Duration = Duration::from_millis(500);

/// Limits on one container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Bytes.
    pub memory: i64,
    /// Billionths of a processor.
    pub nano_cpus: i64,
    /// Processes and threads.
    pub pids: i64,
    /// Bytes of one file, and of all that a step of a build writes.
    pub disk: u64,
}

/// What `up` did.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct UpReport {
    /// Per service, in the order in which it was done.
    pub changes: Vec<Change>,
    /// Ports that are published on another number than the file's.
    pub moved_ports: Vec<MovedPort>,
}

/// What was done to one service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The service.
    pub service: String,
    /// What was done.
    pub kind: ChangeKind,
    /// Why, in a few words: `ports changed`.
    pub why: String,
}

/// What was done to a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChangeKind {
    /// A container was made and started.
    Created,
    /// The container was replaced.
    Recreated,
    /// The container was there, and was started.
    Started,
    /// Nothing to do.
    Unchanged,
}

/// A port that is published on another number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MovedPort {
    /// The service.
    pub service: String,
    /// The number in the file.
    pub from: u16,
    /// The number that is used.
    pub to: u16,
    /// Port in the container.
    pub target: u16,
    /// Why: `port 80 is taken`.
    pub why: String,
}

/// The state of a service's container.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ServiceState {
    /// It runs.
    Running,
    /// It ended.
    Exited,
    /// It dies and is started again and again.
    Restarting,
    /// Made, not started.
    Created,
    /// Halted.
    Paused,
    /// There is no container.
    #[default]
    Missing,
}

/// A container of a stack, whoever made it (we, or `docker compose`).
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Container {
    /// Id.
    pub id: String,
    /// Name, without the slash.
    pub name: String,
    /// The service's name.
    pub service: String,
    /// State.
    pub state: ServiceState,
    /// Exit code of the last run.
    pub exit_code: Option<i64>,
    /// Health, when it has a health check: `starting`, `healthy`, `unhealthy`.
    pub health: Option<String>,
    /// What its health check said last: its exit code and output.
    pub last_check: Option<(i64, String)>,
    /// Whether its main process was killed because the container had used up its memory.
    pub out_of_memory: bool,
    /// Why it could not be started, in the engine's words; empty when it could.
    pub start_error: String,
    /// Its addresses on its networks.
    pub addresses: Vec<String>,
    /// Its main process, as the engine's machine numbers it; while it runs.
    pub pid: Option<u32>,
    /// Restarts by the engine so far.
    pub restarts: i64,
    /// When it was made, in milliseconds since the Unix epoch by the engine's clock.
    pub made_at: u64,
    /// When it was last started, in milliseconds since the Unix epoch by the engine's clock; 0 when never.
    pub started_at: u64,
    /// When its image was made, likewise.
    pub image_created: u64,
    /// Published ports.
    pub ports: Vec<PublishedPort>,
    /// Its networks, by full name.
    pub networks: Vec<String>,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// Its image's labels.
    pub image_labels: BTreeMap<String, String>,
    /// Main command of the running container, joined.
    pub command: String,
}

/// How a container stopped.
#[derive(Debug, Clone, PartialEq)]
pub struct Stopped {
    /// The signal that asked it to.
    pub signal: String,
    /// Seconds until it had ended.
    pub seconds: f64,
    /// Its exit code.
    pub exit_code: i64,
}

/// What `down` removed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DownReport {
    /// Containers, by name.
    pub containers: Vec<String>,
    /// Networks, by name.
    pub networks: Vec<String>,
    /// Volumes, by name.
    pub volumes: Vec<String>,
}
