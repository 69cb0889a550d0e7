//! From a service of the compose file to the container that the engine is asked for.

use std::collections::{BTreeMap, HashMap};

use bollard::models::{
    ContainerCreateBody, EndpointIpamConfig, EndpointSettings, HealthConfig, HostConfig, ImageInspect,
    Mount as Mounted, MountBindOptions, MountTmpfsOptions, MountType, MountVolumeOptions, NetworkingConfig,
    PortBinding, RestartPolicy, RestartPolicyNameEnum,
};
use sha2::{Digest, Sha256};

use super::host_settings::host_settings;
use crate::engine::{BindStyle, Engine, LEAST_INTERVAL, PortStyle, UpOptions, labels, network::networks::network};
use crate::{
    compose::{DependencyCondition, Found, InlineFile, Link, Mount, MountKind, Port, Service, Stack},
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
    /// Small files that are written into it before it starts.
    pub files: Vec<InlineFile>,
    /// Hash of all the above and of the ports.
    pub hash: String,
    /// It has bounds of ours, as a stranger's containers have.
    pub bounded: bool,
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
            mounts: Some(
                service.mounts.iter().filter_map(|mount| mounted(stack, service, mount, options.binds)).collect(),
            ),
            binds: labelled_binds(service, options.binds),
            tmpfs: (!service.tmpfs.is_empty()).then(|| service.tmpfs.iter().map(|entry| tmpfs(entry)).collect()),
            restart_policy: restart_policy(service.restart.as_deref(), options.limits.is_some()),
            init: service.init,
            // A single file is copied beside the image's own files, which a read-only root would refuse.
            readonly_rootfs: Some(service.read_only && copies.is_empty()),
            shm_size: service.shm_size,
            extra_hosts: (!service.extra_hosts.is_empty()).then(|| service.extra_hosts.clone()),
            ..host_settings(service, options.limits.as_ref())
        };
        let bounded = options.limits.is_some();
        let mut host_config = host_config;
        if bounded {
            engine.unset.leave_out(&mut host_config);
        }
        let body = ContainerCreateBody {
            hostname: service.hostname.clone(),
            domainname: service.settings.domainname.clone(),
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
        let files = service.files.clone();
        let mut spec = Self { name, body, more_networks, networks, copies, files, hash: String::new(), bounded };
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

    /// The value of a label.
    pub(crate) fn label(&self, name: &str) -> Option<&str> {
        self.body.labels.as_ref()?.get(name).map(String::as_str)
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
    format!("{}/{}", port.target, port.protocol)
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
        (labels::CONFIG, service.config_hash()),
        // Compose's own takes its place where compose can be asked.
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
            let address = declared.map(|attachment| EndpointIpamConfig {
                ipv4_address: attachment.ipv4_address.clone(),
                ipv6_address: attachment.ipv6_address.clone(),
                link_local_ips: (!attachment.link_local_ips.is_empty()).then(|| attachment.link_local_ips.clone()),
            });
            let own = declared.and_then(|attachment| attachment.mac_address.clone());
            let settings = EndpointSettings {
                aliases: Some(aliases),
                ipam_config: address.filter(|address| *address != EndpointIpamConfig::default()),
                links: links(stack, service),
                mac_address: own.or_else(|| service.settings.mac_address.clone()),
                driver_opts: declared
                    .filter(|attachment| !attachment.driver_opts.is_empty())
                    .map(|attachment| attachment.driver_opts.clone().into_iter().collect()),
                ..Default::default()
            };
            (network(stack, key).name, settings)
        })
        .collect()
}

/// The names that this service alone has for containers: `container:name`.
fn links(stack: &Stack, service: &Service) -> Option<Vec<String>> {
    let link = |link: &Link| {
        let target = stack.service(&link.target).filter(|_| !link.external);
        let container = target.map_or_else(|| link.target.clone(), |target| container_name(stack, target));
        format!("{container}:{}", link.alias)
    };
    (!service.links.is_empty()).then(|| service.links.iter().map(link).collect())
}

/// Binds whose files get a label of SELinux: only the short form of the engine has that.
fn labelled_binds(service: &Service, binds: BindStyle) -> Option<Vec<String>> {
    let bind = |mount: &Mount| match (&mount.kind, &mount.options.selinux) {
        (MountKind::Bind(path), Some(label)) if binds != BindStyle::Copy => {
            let mode = if mount.read_only { "ro" } else { "rw" };
            let propagation = mount.options.propagation.iter().map(|word| format!(",{word}")).collect::<String>();
            Some(format!("{}:{}:{mode},{label}{propagation}", path.display(), mount.target))
        }
        _ => None,
    };
    let binds: Vec<String> = service.mounts.iter().filter_map(bind).collect();
    (!binds.is_empty()).then_some(binds)
}

fn mounted(stack: &Stack, service: &Service, mount: &Mount, binds: BindStyle) -> Option<Mounted> {
    let options = &mount.options;
    let mut mounted = Mounted {
        target: Some(mount.target.clone()),
        read_only: Some(mount.read_only),
        typ: Some(MountType::VOLUME),
        ..Default::default()
    };
    match &mount.kind {
        MountKind::Bind(path) if binds == BindStyle::Copy => {
            if service.door.look(path) == Found::File {
                return None;
            }
            mounted.read_only = Some(false);
            mounted.volume_options = Some(MountVolumeOptions { no_copy: Some(true), ..Default::default() });
        }
        MountKind::Bind(_) if options.selinux.is_some() => return None,
        MountKind::Bind(path) => {
            mounted.typ = Some(MountType::BIND);
            mounted.source = Some(path.display().to_string());
            if let Some(word) = &options.propagation {
                let propagation = serde_json::from_value(word.as_str().into()).ok();
                mounted.bind_options = Some(MountBindOptions { propagation, ..Default::default() });
            }
        }
        MountKind::Volume(key) => {
            let name = stack.volumes.get(key).map(|volume| volume.name.clone());
            mounted.source = Some(name.unwrap_or_else(|| format!("{}_{key}", stack.project)));
            if options.nocopy || options.subpath.is_some() {
                mounted.volume_options = Some(MountVolumeOptions {
                    no_copy: options.nocopy.then_some(true),
                    subpath: options.subpath.clone(),
                    ..Default::default()
                });
            }
        }
        MountKind::Anonymous => {}
        MountKind::Tmpfs => {
            mounted.typ = Some(MountType::TMPFS);
            mounted.read_only = None;
            if options.size.is_some() || options.mode.is_some() {
                let (size_bytes, mode) = (options.size, options.mode);
                mounted.tmpfs_options = Some(MountTmpfsOptions { size_bytes, mode, ..Default::default() });
            }
        }
    }
    Some(mounted)
}

/// `/run:size=64m` → path and options.
fn tmpfs(entry: &str) -> (String, String) {
    let (path, options) = entry.split_once(':').unwrap_or((entry, ""));
    (path.to_owned(), options.to_owned())
}

/// How often an untrusted service is started again. What fails until another is ready may need some seconds: the engine's pause begins
/// with a tenth of one, and doubles.
const MOST_RESTARTS: i64 = 8;

/// `always` is softened for untrusted stacks: a crash loop has to end, and to stay visible.
fn restart_policy(written: Option<&str>, soften: bool) -> Option<RestartPolicy> {
    let (name, count) = written?.split_once(':').map_or((written?, None), |(name, n)| (name, n.parse::<i64>().ok()));
    let (name, count) = match name {
        "always" | "unless-stopped" if soften => (RestartPolicyNameEnum::ON_FAILURE, Some(MOST_RESTARTS)),
        "on-failure" if soften => {
            (RestartPolicyNameEnum::ON_FAILURE, Some(count.unwrap_or(MOST_RESTARTS).min(MOST_RESTARTS)))
        }
        "always" => (RestartPolicyNameEnum::ALWAYS, None),
        "unless-stopped" => (RestartPolicyNameEnum::UNLESS_STOPPED, None),
        "on-failure" => (RestartPolicyNameEnum::ON_FAILURE, count),
        _ => (RestartPolicyNameEnum::NO, None),
    };
    Some(RestartPolicy { name: Some(name), maximum_retry_count: count })
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
    let files: String = spec.files.iter().map(|file| format!("\n{file:?}")).collect();
    Sha256::digest(format!("{}\n{body}\n{more}{files}", spec.name)).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn restart_policies_are_softened_for_untrusted_stacks_only() {
        let policy = |text, soften| restart_policy(Some(text), soften).unwrap();
        assert_eq!(policy("always", false).name, Some(RestartPolicyNameEnum::ALWAYS));
        assert_eq!(policy("always", true).maximum_retry_count, Some(MOST_RESTARTS));
        assert_eq!(policy("on-failure:9", true).maximum_retry_count, Some(MOST_RESTARTS));
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
