//! The desired stack as plain data.

use std::{collections::BTreeMap, path::PathBuf, time::Duration};

use serde::{Deserialize, Serialize};

/// A position in a file, told to people: line and column start at 1.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize, Deserialize)]
pub struct Place {
    /// File, relative to the stack's directory.
    pub file: PathBuf,
    /// Line, from 1.
    pub line: usize,
    /// Column, from 1.
    pub column: usize,
}

/// How much a finding matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Told and passed over, e.g. a key that compose knows and we do not.
    Warning,
    /// The file cannot be used as it is.
    Error,
    /// Understood, and not done for an untrusted stack.
    Refused,
}

/// Something to say about a compose file, with the place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// How much it matters.
    pub severity: Severity,
    /// Where.
    pub place: Place,
    /// The line itself, as written.
    pub line_text: String,
    /// What is wrong.
    pub message: String,
    /// What was expected, or what to write instead.
    pub expected: String,
}

/// Everything that a compose project asks for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Stack {
    /// Project name: `-p`, `name:`, `COMPOSE_PROJECT_NAME` or the directory's name, normalised as compose does.
    pub project: String,
    /// Absolute directory of the compose file.
    pub dir: PathBuf,
    /// Absolute paths of the compose files, the base first.
    pub files: Vec<PathBuf>,
    /// The services, in the order of the file.
    pub services: Vec<Service>,
    /// Networks by key; `default` is there when a service uses it.
    pub networks: BTreeMap<String, Network>,
    /// Named volumes by key.
    pub volumes: BTreeMap<String, Volume>,
    /// Warnings: keys that are passed over, variables that are not set.
    pub warnings: Vec<Finding>,
    /// What the files ask for and an untrusted stack does not get, as far as the words alone tell;
    /// [`crate::compose::refusals`] adds what the disk tells.
    pub refused: Vec<Finding>,
    /// Every path of the host that the files name.
    pub paths: Vec<PathRequest>,
}

/// A path of the host that the files name, with the line that does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PathRequest {
    /// What it is wanted for.
    pub asked: Asked,
    /// The path, absolute.
    pub path: PathBuf,
    /// Where it stands.
    pub place: Place,
    /// The line itself, as written.
    pub line_text: String,
}

/// What a path of the host is wanted for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// A bind mount.
    Bind,
    /// A build context.
    Context,
    /// A Dockerfile.
    Dockerfile,
    /// An `env_file:` or `label_file:`.
    EnvFile,
    /// Another compose file: `include:`, `extends:` or `COMPOSE_FILE`.
    ComposeFile,
    /// A file of `secrets:` or `configs:`.
    Secret,
}

/// One service.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Service {
    /// Its key.
    pub name: String,
    /// Where it starts in the file.
    pub place: Place,
    /// `image:`.
    pub image: Option<String>,
    /// `build:`.
    pub build: Option<Build>,
    /// `command:` as arguments; the string form is split as a shell would. `Some(vec![])` clears the image's.
    pub command: Option<Vec<String>>,
    /// `entrypoint:` as arguments.
    pub entrypoint: Option<Vec<String>>,
    /// `env_file:` then `environment:`, resolved. `None` is a variable named without a value and not set in the shell.
    pub environment: BTreeMap<String, Option<String>>,
    /// Absolute paths of the env files.
    pub env_files: Vec<PathBuf>,
    /// Published ports, one per port (ranges are expanded).
    pub ports: Vec<Port>,
    /// `expose:`, e.g. `80/tcp`.
    pub expose: Vec<String>,
    /// Mounts, short and long form.
    pub mounts: Vec<Mount>,
    /// Networks it is attached to, by key.
    pub networks: Vec<NetworkAttachment>,
    /// What has to be there before it.
    pub depends_on: Vec<Dependency>,
    /// `healthcheck:`.
    pub healthcheck: Option<Healthcheck>,
    /// `restart:` as written: `no`, `always`, `on-failure`, `on-failure:3`, `unless-stopped`.
    pub restart: Option<String>,
    /// `init:`.
    pub init: Option<bool>,
    /// `labels:`.
    pub labels: BTreeMap<String, String>,
    /// `container_name:`.
    pub container_name: Option<String>,
    /// `hostname:`.
    pub hostname: Option<String>,
    /// `user:`.
    pub user: Option<String>,
    /// `working_dir:`.
    pub working_dir: Option<String>,
    /// `stop_signal:`.
    pub stop_signal: Option<String>,
    /// `stop_grace_period:`.
    pub stop_grace_period: Option<Duration>,
    /// `tty:`.
    pub tty: bool,
    /// `stdin_open:`.
    pub stdin_open: bool,
    /// `read_only:`.
    pub read_only: bool,
    /// `tmpfs:` targets.
    pub tmpfs: Vec<String>,
    /// `shm_size:` in bytes.
    pub shm_size: Option<i64>,
    /// `extra_hosts:` as `name:address`.
    pub extra_hosts: Vec<String>,
    /// `network_mode:` as written (`host`, `none`, `bridge`, `service:x`).
    pub network_mode: Option<String>,
    /// `scale:` or `deploy.replicas`, 1 when the file says nothing; with 0 the service is not started.
    pub scale: u32,
    /// `profiles:`; a service with profiles is not started by default.
    pub profiles: Vec<String>,
}

/// `build:`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Build {
    /// Absolute path of the context.
    pub context: PathBuf,
    /// Path of the Dockerfile, relative to the context.
    pub dockerfile: String,
    /// `dockerfile_inline:`.
    pub dockerfile_inline: Option<String>,
    /// `args:`.
    pub args: BTreeMap<String, Option<String>>,
    /// `target:`.
    pub target: Option<String>,
    /// Where it stands.
    pub place: Place,
}

/// One published port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Port {
    /// Address on the host, when the file names one.
    pub host_ip: Option<String>,
    /// Port on the host; `None` asks for any free one.
    pub published: Option<u16>,
    /// Port in the container.
    pub target: u16,
    /// tcp or udp.
    pub protocol: Protocol,
    /// Where it stands.
    pub place: Place,
}

/// Transport protocol of a port.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Protocol {
    /// `tcp`
    #[default]
    Tcp,
    /// `udp`
    Udp,
}

/// One mount of a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mount {
    /// What is mounted.
    pub kind: MountKind,
    /// Path in the container.
    pub target: String,
    /// `ro`.
    pub read_only: bool,
    /// Where it stands.
    pub place: Place,
}

/// What a mount brings in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MountKind {
    /// A directory or file of the host, absolute.
    Bind(PathBuf),
    /// A named volume, by its key in `volumes:`.
    Volume(String),
    /// A volume without a name.
    Anonymous,
    /// Memory.
    Tmpfs,
}

/// A service on a network.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct NetworkAttachment {
    /// The network's key.
    pub network: String,
    /// `aliases:` declared by the file (compose's own, the service and container name, are added by the engine room).
    pub aliases: Vec<String>,
    /// `ipv4_address:`.
    pub ipv4_address: Option<String>,
}

/// A network of the project.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Network {
    /// `name:`, or `project_key`.
    pub name: String,
    /// `external: true`.
    pub external: bool,
    /// `internal: true`.
    pub internal: bool,
    /// `driver:`.
    pub driver: Option<String>,
    /// `driver_opts:`.
    pub driver_opts: BTreeMap<String, String>,
    /// `ipam.config[].subnet`.
    pub subnets: Vec<String>,
    /// `labels:`.
    pub labels: BTreeMap<String, String>,
    /// Where it stands.
    pub place: Place,
}

/// A named volume of the project.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Volume {
    /// `name:`, or `project_key`.
    pub name: String,
    /// `external: true`.
    pub external: bool,
    /// `driver:`.
    pub driver: Option<String>,
    /// `driver_opts:`.
    pub driver_opts: BTreeMap<String, String>,
    /// `labels:`.
    pub labels: BTreeMap<String, String>,
    /// Where it stands.
    pub place: Place,
}

/// `depends_on:` of one service on another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dependency {
    /// The service that has to be there first.
    pub service: String,
    /// What "there" means.
    pub condition: DependencyCondition,
    /// `required: false`.
    pub required: bool,
}

/// What a dependency waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DependencyCondition {
    /// `service_started`
    #[default]
    Started,
    /// `service_healthy`
    Healthy,
    /// `service_completed_successfully`
    Completed,
}

/// `healthcheck:`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Healthcheck {
    /// `test:` in the engine's form: `["CMD", …]`, `["CMD-SHELL", …]` or `["NONE"]`; empty inherits the image's.
    pub test: Vec<String>,
    /// `interval:`.
    pub interval: Option<Duration>,
    /// `timeout:`.
    pub timeout: Option<Duration>,
    /// `retries:`.
    pub retries: Option<u32>,
    /// `start_period:`.
    pub start_period: Option<Duration>,
    /// `start_interval:`.
    pub start_interval: Option<Duration>,
}

impl Stack {
    /// The service with this name.
    pub fn service(&self, name: &str) -> Option<&Service> {
        self.services.iter().find(|service| service.name == name)
    }
}
