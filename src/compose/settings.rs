//! What a service asks of the engine beside its program, its files and its networks: limits, rights, names, logs.

use std::collections::BTreeMap;

/// What a service asks of the engine, as written; what the file does not say is left to the engine.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Settings {
    /// `mem_limit:` or `deploy.resources.limits.memory`, in bytes.
    pub memory: Option<i64>,
    /// `mem_reservation:` or `deploy.resources.reservations.memory`, in bytes.
    pub memory_reservation: Option<i64>,
    /// `memswap_limit:` in bytes, -1 for no limit.
    pub memory_swap: Option<i64>,
    /// `mem_swappiness:` in percent.
    pub memory_swappiness: Option<i64>,
    /// `cpus:` or `deploy.resources.limits.cpus`, in billionths of a processor.
    pub nano_cpus: Option<i64>,
    /// `cpu_shares:`.
    pub cpu_shares: Option<i64>,
    /// `cpu_period:` in microseconds.
    pub cpu_period: Option<i64>,
    /// `cpu_quota:` in microseconds.
    pub cpu_quota: Option<i64>,
    /// `cpu_rt_period:` in microseconds.
    pub cpu_rt_period: Option<i64>,
    /// `cpu_rt_runtime:` in microseconds.
    pub cpu_rt_runtime: Option<i64>,
    /// `cpuset:`, e.g. `0-1`.
    pub cpuset: Option<String>,
    /// `pids_limit:` or `deploy.resources.limits.pids`.
    pub pids: Option<i64>,
    /// `oom_kill_disable:`.
    pub oom_kill_disable: bool,
    /// `oom_score_adj:`.
    pub oom_score_adj: Option<i64>,
    /// `ulimits:`, soft and hard.
    pub ulimits: BTreeMap<String, (i64, i64)>,
    /// `cap_add:`.
    pub cap_add: Vec<String>,
    /// `cap_drop:`.
    pub cap_drop: Vec<String>,
    /// `privileged:`.
    pub privileged: bool,
    /// `security_opt:`.
    pub security_opt: Vec<String>,
    /// `sysctls:`.
    pub sysctls: BTreeMap<String, String>,
    /// `devices:` as path on the host, path in the container, rights.
    pub devices: Vec<[String; 3]>,
    /// `device_cgroup_rules:`.
    pub device_cgroup_rules: Vec<String>,
    /// `group_add:`.
    pub group_add: Vec<String>,
    /// `dns:`.
    pub dns: Vec<String>,
    /// `dns_opt:`.
    pub dns_opt: Vec<String>,
    /// `dns_search:`.
    pub dns_search: Vec<String>,
    /// `domainname:`.
    pub domainname: Option<String>,
    /// `mac_address:`.
    pub mac_address: Option<String>,
    /// `ipc:` as written, e.g. `host`, `service:x`.
    pub ipc: Option<String>,
    /// `pid:` as written.
    pub pid: Option<String>,
    /// `uts:` as written.
    pub uts: Option<String>,
    /// `userns_mode:` as written.
    pub userns_mode: Option<String>,
    /// `cgroup:` as written.
    pub cgroup: Option<String>,
    /// `cgroup_parent:`.
    pub cgroup_parent: Option<String>,
    /// `runtime:`.
    pub runtime: Option<String>,
    /// `logging:` as driver and options.
    pub logging: Option<(String, BTreeMap<String, String>)>,
    /// `storage_opt:`.
    pub storage_opt: BTreeMap<String, String>,
    /// `annotations:`.
    pub annotations: BTreeMap<String, String>,
}
