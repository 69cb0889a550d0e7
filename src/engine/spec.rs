//! From a service of the compose file to the container that the engine is asked for.

use std::collections::{BTreeMap, HashMap};

use bollard::models::{
    ContainerCreateBody, EndpointIpamConfig, EndpointSettings, HealthConfig, HostConfig, HostConfigLogConfig,
    ImageInspect, Mount as Mounted, MountType, MountVolumeOptions, NetworkingConfig, PortBinding, ResourcesUlimits,
    RestartPolicy, RestartPolicyNameEnum,
};
use sha2::{Digest, Sha256};

use super::{BindStyle, Engine, LEAST_INTERVAL, PortStyle, UpOptions, labels, network::network};
use crate::{
    compose::{DependencyCondition, Mount, MountKind, Port, Protocol, Service, Stack},
    error::Result,
};

/// A container to make.
#[derive(Debug, Clone)]
pub(crate) struct Spec {
    /// Its name.
    pub name: String,
    /// What the engine is asked for.
    pub body: ContainerCreateBody,
    /// Networks beyond the first, by full name: engines before API 1.44 take one at creation.
    pub more_networks: Vec<(String, EndpointSettings)>,
    /// All its networks, by full name.
    pub networks: Vec<String>,
    /// Bind mounts that are copied in.
    pub copies: Vec<Mount>,
    /// Hash of all the above and of the ports.
    pub hash: String,
}

/// Where a service's container is numbered for `docker compose`: one each.
pub(crate) fn container_name(stack: &Stack, service: &Service) -> String {
    service.container_name.clone().unwrap_or_else(|| format!("{}-{}-1", stack.project, service.name))
}

/// The image of a service: `image:`, or compose's name for a built one.
pub(crate) fn image_name(stack: &Stack, service: &Service) -> String {
    service.image.clone().unwrap_or_else(|| format!("{}-{}", stack.project, service.name))
}

/// Networks of a service, by key.
pub(crate) fn network_keys(service: &Service) -> Vec<&str> {
    match (&service.network_mode, service.networks.as_slice()) {
        (Some(_), _) => Vec::new(),
        (None, []) => vec!["default"],
        (None, list) => list.iter().map(|attachment| attachment.network.as_str()).collect(),
    }
}

impl Spec {
    /// The container of a service. `shared` is the id of the container whose network `network_mode: service:x` names.
    pub(crate) fn new(
        engine: &Engine,
        stack: &Stack,
        service: &Service,
        options: &UpOptions,
        shared: Option<&str>,
    ) -> Result<Self> {
        let name = container_name(stack, service);
        let endpoints = endpoints(stack, service, &name);
        let networks: Vec<String> = endpoints.iter().map(|(name, _)| name.clone()).collect();
        let copied = |mount: &&Mount| options.binds == BindStyle::Copy && matches!(mount.kind, MountKind::Bind(_));
        let copies: Vec<Mount> = service.mounts.iter().filter(copied).cloned().collect();

        let mut labels: HashMap<String, String> =
            service.labels.iter().chain(&options.labels).map(|(k, v)| (k.clone(), v.clone())).collect();
        labels.extend(project_labels(stack, service));
        let mounts = if service.mounts.is_empty() { None } else { Some(service.mounts_hash()?) };
        if let Some(mounts) = mounts.as_ref().filter(|_| !copies.is_empty()) {
            // What is copied in is part of the container; what is mounted follows the host's files by itself.
            labels.insert(labels::MOUNTS.into(), mounts.clone());
        }

        let mut endpoints = endpoints.into_iter();
        let first = endpoints.next();
        let network_mode = match (service.network_mode.as_deref(), shared, &first) {
            (Some(mode), Some(id), _) if mode.starts_with("service:") => Some(format!("container:{id}")),
            (Some(mode), _, _) => Some(mode.to_owned()),
            (None, _, Some((network, _))) => Some(network.clone()),
            (None, _, None) => None,
        };
        let host_config = HostConfig {
            network_mode,
            mounts: Some(service.mounts.iter().filter_map(|mount| mounted(stack, mount, options.binds)).collect()),
            tmpfs: (!service.tmpfs.is_empty()).then(|| service.tmpfs.iter().map(|entry| tmpfs(entry)).collect()),
            restart_policy: restart_policy(service.restart.as_deref(), options.limits.is_some()),
            init: service.init,
            // A single file is copied beside the image's own files, which a read-only root would refuse.
            readonly_rootfs: Some(service.read_only && copies.is_empty()),
            shm_size: service.shm_size,
            extra_hosts: (!service.extra_hosts.is_empty()).then(|| service.extra_hosts.clone()),
            ..limits(options)
        };
        let body = ContainerCreateBody {
            hostname: service.hostname.clone(),
            user: service.user.clone(),
            tty: Some(service.tty),
            open_stdin: Some(service.stdin_open),
            env: Some(environment(service)),
            cmd: service.command.clone(),
            entrypoint: service.entrypoint.clone(),
            healthcheck: service.healthcheck.as_ref().map(|check| HealthConfig {
                test: (!check.test.is_empty()).then(|| check.test.clone()),
                interval: check.interval.map(nanoseconds),
                timeout: check.timeout.map(nanoseconds),
                retries: check.retries.map(i64::from),
                start_period: check.start_period.map(nanoseconds),
                start_interval: check.start_interval.map(nanoseconds),
            }),
            image: Some(image_name(stack, service)),
            working_dir: service.working_dir.clone(),
            stop_signal: service.stop_signal.clone(),
            stop_timeout: service.stop_grace_period.map(|period| period.as_secs() as i64),
            exposed_ports: exposed(service),
            labels: Some(labels),
            host_config: Some(host_config),
            networking_config: first.map(|(network, endpoint)| NetworkingConfig {
                endpoints_config: Some(HashMap::from([(network, endpoint)])),
            }),
            ..Default::default()
        };
        let more_networks: Vec<_> = endpoints.collect();
        let mut spec = Self { name, body, more_networks, networks, copies, hash: String::new() };
        spec.publish(engine, service, options.ports, &BTreeMap::new());
        spec.hash = hash(&spec);
        let hash = spec.hash.clone();
        spec.remember(labels::SPEC, hash);
        if let Some(mounts) = mounts {
            spec.remember(labels::MOUNTS, mounts);
        }
        Ok(spec)
    }

    /// Sets the ports; `moved` maps numbers of the file to those that are used instead.
    pub(crate) fn publish(&mut self, engine: &Engine, service: &Service, style: PortStyle, moved: &BTreeMap<u16, u16>) {
        let mut bindings: HashMap<String, Option<Vec<PortBinding>>> = HashMap::new();
        for port in &service.ports {
            let number = match style {
                PortStyle::AsWritten => port.published.map(|port| *moved.get(&port).unwrap_or(&port)),
                PortStyle::Free => None,
            };
            let binding = PortBinding {
                host_ip: Some(host_address(engine, port, style)),
                // Empty asks the engine for any free port.
                host_port: Some(number.map(|number| number.to_string()).unwrap_or_default()),
            };
            let of_target = bindings.entry(target(port)).or_default().get_or_insert_default();
            // Written twice, a number is still bound once.
            if number.is_none() || !of_target.contains(&binding) {
                of_target.push(binding);
            }
        }
        self.body.host_config.get_or_insert_default().port_bindings = Some(bindings);
    }

    /// Lets a health check that the image of a stranger brings along pause between two looks.
    pub(crate) fn pause_checks(&mut self, image: &ImageInspect) {
        let check = image.config.as_ref().and_then(|config| config.healthcheck.as_ref());
        let Some(interval) = check.and_then(|check| check.interval).filter(|interval| *interval > 0) else { return };
        let own = self.body.healthcheck.get_or_insert_default();
        if own.interval.is_none_or(|interval| interval == 0) {
            own.interval = Some(interval.max(nanoseconds(LEAST_INTERVAL)));
        }
    }

    /// Adds a label that does not count as a change.
    pub(crate) fn remember(&mut self, name: &str, value: impl Into<String>) {
        self.body.labels.get_or_insert_default().insert(name.into(), value.into());
    }
}

/// The address to which a port is bound.
pub(crate) fn host_address(engine: &Engine, port: &Port, style: PortStyle) -> String {
    match (&port.host_ip, style) {
        (Some(address), PortStyle::AsWritten) => address.clone(),
        _ => engine.bind_address().to_owned(),
    }
}

/// `80/tcp`
pub(crate) fn target(port: &Port) -> String {
    let protocol = match port.protocol {
        Protocol::Tcp => "tcp",
        Protocol::Udp => "udp",
    };
    format!("{}/{protocol}", port.target)
}

/// Compose's labels for a service's container, and ours.
pub(crate) fn project_labels(stack: &Stack, service: &Service) -> Vec<(String, String)> {
    let files: Vec<String> = stack.files.iter().map(|file| file.display().to_string()).collect();
    let depends_on: Vec<String> = service
        .depends_on
        .iter()
        .map(|dependency| {
            let condition = match dependency.condition {
                DependencyCondition::Started => "service_started",
                DependencyCondition::Healthy => "service_healthy",
                DependencyCondition::Completed => "service_completed_successfully",
            };
            format!("{}:{condition}:false", dependency.service)
        })
        .collect();
    [
        (labels::PROJECT, stack.project.clone()),
        (labels::SERVICE, service.name.clone()),
        (labels::ONEOFF, "False".into()),
        (labels::CONFIG_HASH, service.config_hash()),
        (labels::NUMBER, "1".into()),
        (labels::WORKING_DIR, stack.dir.display().to_string()),
        (labels::CONFIG_FILES, files.join(",")),
        (labels::VERSION, labels::VERSION_VALUE.into()),
        (labels::DEPENDS_ON, depends_on.join(",")),
        (labels::LAB, stack.dir.display().to_string()),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into()
}

/// `NAME=value`; a name alone takes the image's variable away.
pub(crate) fn environment(service: &Service) -> Vec<String> {
    let entry = |(name, value): (&String, &Option<String>)| match value {
        Some(value) => format!("{name}={value}"),
        None => name.clone(),
    };
    service.environment.iter().map(entry).collect()
}

fn endpoints(stack: &Stack, service: &Service, name: &str) -> Vec<(String, EndpointSettings)> {
    network_keys(service)
        .into_iter()
        .map(|key| {
            let declared = service.networks.iter().find(|attachment| attachment.network == key);
            let mut aliases = vec![service.name.clone(), name.to_owned()];
            aliases.extend(declared.iter().flat_map(|attachment| attachment.aliases.iter().cloned()));
            let address = declared.and_then(|attachment| attachment.ipv4_address.clone());
            let settings = EndpointSettings {
                aliases: Some(aliases),
                ipam_config: address
                    .map(|address| EndpointIpamConfig { ipv4_address: Some(address), ..Default::default() }),
                ..Default::default()
            };
            (network(stack, key).name, settings)
        })
        .collect()
}

fn mounted(stack: &Stack, mount: &Mount, binds: BindStyle) -> Option<Mounted> {
    let mut mounted = Mounted {
        target: Some(mount.target.clone()),
        read_only: Some(mount.read_only),
        typ: Some(MountType::VOLUME),
        ..Default::default()
    };
    match &mount.kind {
        MountKind::Bind(path) if binds == BindStyle::Copy => {
            if path.is_file() {
                return None;
            }
            mounted.read_only = Some(false);
            mounted.volume_options = Some(MountVolumeOptions { no_copy: Some(true), ..Default::default() });
        }
        MountKind::Bind(path) => {
            mounted.typ = Some(MountType::BIND);
            mounted.source = Some(path.display().to_string());
        }
        MountKind::Volume(key) => {
            let name = stack.volumes.get(key).map(|volume| volume.name.clone());
            mounted.source = Some(name.unwrap_or_else(|| format!("{}_{key}", stack.project)));
        }
        MountKind::Anonymous => {}
        MountKind::Tmpfs => {
            mounted.typ = Some(MountType::TMPFS);
            mounted.read_only = None;
        }
    }
    Some(mounted)
}

/// `/run:size=64m` → path and options.
fn tmpfs(entry: &str) -> (String, String) {
    let (path, options) = entry.split_once(':').unwrap_or((entry, ""));
    (path.to_owned(), options.to_owned())
}

/// `always` is softened for untrusted stacks: a crash loop has to end, and to stay visible.
fn restart_policy(written: Option<&str>, soften: bool) -> Option<RestartPolicy> {
    let (name, count) = written?.split_once(':').map_or((written?, None), |(name, n)| (name, n.parse::<i64>().ok()));
    let (name, count) = match name {
        "always" | "unless-stopped" if soften => (RestartPolicyNameEnum::ON_FAILURE, Some(3)),
        "on-failure" if soften => (RestartPolicyNameEnum::ON_FAILURE, Some(count.unwrap_or(3).min(3))),
        "always" => (RestartPolicyNameEnum::ALWAYS, None),
        "unless-stopped" => (RestartPolicyNameEnum::UNLESS_STOPPED, None),
        "on-failure" => (RestartPolicyNameEnum::ON_FAILURE, count),
        _ => (RestartPolicyNameEnum::NO, None),
    };
    Some(RestartPolicy { name: Some(name), maximum_retry_count: count })
}

fn limits(options: &UpOptions) -> HostConfig {
    let Some(limits) = &options.limits else { return HostConfig::default() };
    HostConfig {
        memory: Some(limits.memory),
        // As much again as memory means: no swap.
        memory_swap: Some(limits.memory),
        nano_cpus: Some(limits.nano_cpus),
        pids_limit: Some(limits.pids),
        security_opt: Some(vec!["no-new-privileges".into()]),
        // Between two looks at what is written, one file cannot fill the disk.
        ulimits: Some(vec![ResourcesUlimits {
            name: Some("fsize".into()),
            soft: i64::try_from(limits.disk).ok(),
            hard: i64::try_from(limits.disk).ok(),
        }]),
        log_config: Some(HostConfigLogConfig {
            typ: Some("json-file".into()),
            config: Some(HashMap::from([("max-size".into(), "8m".into()), ("max-file".into(), "1".into())])),
        }),
        ..Default::default()
    }
}

fn exposed(service: &Service) -> Option<Vec<String>> {
    let mut ports: Vec<String> = service.expose.iter().map(|port| with_protocol(port)).collect();
    ports.extend(service.ports.iter().map(target));
    ports.sort();
    ports.dedup();
    (!ports.is_empty()).then_some(ports)
}

fn with_protocol(port: &str) -> String {
    if port.contains('/') { port.to_owned() } else { format!("{port}/tcp") }
}

fn nanoseconds(duration: std::time::Duration) -> i64 {
    i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX)
}

fn hash(spec: &Spec) -> String {
    // Through a `Value`, whose maps are sorted: the same wish gives the same text.
    let body = serde_json::to_value(&spec.body).unwrap_or_default();
    let more = serde_json::to_value(&spec.more_networks).unwrap_or_default();
    Sha256::digest(format!("{}\n{body}\n{more}", spec.name)).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn restart_policies_are_softened_for_untrusted_stacks_only() {
        let policy = |text, soften| restart_policy(Some(text), soften).unwrap();
        assert_eq!(policy("always", false).name, Some(RestartPolicyNameEnum::ALWAYS));
        assert_eq!(policy("always", true).maximum_retry_count, Some(3));
        assert_eq!(policy("on-failure:9", true).maximum_retry_count, Some(3));
        assert_eq!(policy("on-failure:2", false).maximum_retry_count, Some(2));
        assert_eq!(policy("no", true).name, Some(RestartPolicyNameEnum::NO));
        assert_eq!(restart_policy(None, true), None);
    }

    #[test]
    fn expose_takes_both_forms() {
        let service = Service { expose: vec!["80".into(), "53/udp".into()], ..Default::default() };
        assert_eq!(exposed(&service), Some(vec!["53/udp".into(), "80/tcp".into()]));
    }
}
