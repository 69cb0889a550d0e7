//! The desired stack as plain data.

use std::{collections::BTreeMap, path::PathBuf, time::Duration};

use serde::{Deserialize, Serialize};

use super::{door::Door, settings::Settings};

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
    /// Those of the warnings that may be why the stack behaves otherwise than under compose.
    pub passed_over: Vec<Finding>,
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
    /// By which its files are read.
    pub door: Door,
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
    /// Secrets and configs that come from no file of the host.
    pub files: Vec<InlineFile>,
    /// `links:` and `external_links:`, as container or service and the name that it has for this service alone.
    pub links: Vec<Link>,
    /// What it asks of the engine beside.
    pub settings: Settings,
    /// `extra_hosts:` as `name:address`.
    pub extra_hosts: Vec<String>,
    /// `network_mode:` as written (`host`, `none`, `bridge`, `service:x`).
    pub network_mode: Option<String>,
    /// `scale:` or `deploy.replicas`, 1 when the file says nothing; with 0 the service is not started.
    pub scale: u32,
    /// `profiles:`; a service with profiles is not started by default.
    pub profiles: Vec<String>,
}

/// Another name for a service, or for a container of others, that one service alone knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// The service, or the container's name.
    pub target: String,
    /// The other name.
    pub alias: String,
    /// Whether it is a container of others.
    pub external: bool,
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
    /// `labels:`.
    pub labels: BTreeMap<String, String>,
    /// `extra_hosts:` as `name:address`.
    pub extra_hosts: Vec<String>,
    /// `network:`.
    pub network: Option<String>,
    /// `shm_size:` in bytes.
    pub shm_size: Option<i64>,
    /// Where it stands.
    pub place: Place,
    /// By which its files are read.
    pub door: Door,
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
    /// tcp, udp or sctp.
    pub protocol: Protocol,
    /// Where it stands.
    pub place: Place,
}

/// Transport protocol of a port.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Protocol {
    /// `tcp`
    #[default]
    Tcp,
    /// `udp`
    Udp,
    /// `sctp`
    Sctp,
}

impl Protocol {
    /// The protocol of this name, in lower case.
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "tcp" => Some(Self::Tcp),
            "udp" => Some(Self::Udp),
            "sctp" => Some(Self::Sctp),
            _ => None,
        }
    }
}

impl std::fmt::Display for Protocol {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(match self {
            Self::Tcp => "tcp",
            Self::Udp => "udp",
            Self::Sctp => "sctp",
        })
    }
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
    /// How it is mounted.
    pub options: MountOptions,
    /// Where it stands.
    pub place: Place,
}

/// How something is mounted; what the file does not say is left to the engine.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MountOptions {
    /// Makes a directory where the bind's source is not there, as the short form does.
    pub create_host_path: bool,
    /// `rprivate`, `shared` …
    pub propagation: Option<String>,
    /// `z` or `Z`: the bind's files get a label of SELinux, shared or private.
    pub selinux: Option<String>,
    /// `bind.recursive`.
    pub recursive: Option<String>,
    /// A new volume does not take over what the image holds there.
    pub nocopy: bool,
    /// The directory of the volume that is mounted.
    pub subpath: Option<String>,
    /// Bytes that a tmpfs may hold.
    pub size: Option<i64>,
    /// Rights of a tmpfs' root.
    pub mode: Option<i64>,
}

/// A small file that a container gets before it starts: a secret or config that comes from no file of the host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InlineFile {
    /// Path in the container.
    pub target: String,
    /// What it holds.
    pub content: String,
    /// Owner.
    pub uid: u64,
    /// Group.
    pub gid: u64,
    /// Rights.
    pub mode: u32,
    /// Where it is asked for.
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
    /// `ipv6_address:`.
    pub ipv6_address: Option<String>,
    /// `link_local_ips:`.
    pub link_local_ips: Vec<String>,
    /// `mac_address:`.
    pub mac_address: Option<String>,
    /// `priority:`: the network with the highest is joined first.
    pub priority: i64,
    /// `driver_opts:`.
    pub driver_opts: BTreeMap<String, String>,
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
    /// `attachable: true`.
    pub attachable: bool,
    /// `enable_ipv6:`.
    pub enable_ipv6: Option<bool>,
    /// `ipam.driver`.
    pub ipam_driver: Option<String>,
    /// `ipam.config`.
    pub pools: Vec<AddressPool>,
    /// `labels:`.
    pub labels: BTreeMap<String, String>,
    /// Where it stands.
    pub place: Place,
}

/// Addresses of a network: one entry of `ipam.config`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AddressPool {
    /// `subnet:`.
    pub subnet: Option<String>,
    /// `ip_range:`.
    pub ip_range: Option<String>,
    /// `gateway:`.
    pub gateway: Option<String>,
    /// `aux_addresses:`.
    pub aux_addresses: BTreeMap<String, String>,
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
