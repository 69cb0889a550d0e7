//! A submission's stack, changed so that many run side by side and none meets what else is on the machine.
//!
//! Nothing here changes how the stack behaves for its own services: names that are global on an engine become the
//! project's own, and are still known inside the stack's networks.

use std::collections::BTreeMap;

use crate::{
    compose::{MountKind, NetworkAttachment, Service, Stack},
    engine::{Engine, LEAST_INTERVAL, Limits},
};

/// Bytes that a disk in memory holds at most. They count as memory of the containers that write to it, which have twice
/// as much.
const MEMORY_DISK: u64 = 256 << 20;
/// Bytes of shared memory that a container gets at most.
const MOST_SHARED: i64 = 256 << 20;

/// Bytes that one container of such a stack may write to the disk. A file of Postgres may grow to this.
pub const MOST_DISK: u64 = 1 << 30;

/// What a container gets of the machine in a stack that nobody answers for.
pub fn limits(engine: &Engine) -> Limits {
    // One that never rests leaves the others a processor.
    let nano_cpus = i64::try_from(engine.info.cpus / 2).unwrap_or(2).clamp(1, 2) * 1_000_000_000;
    Limits { memory: 512 << 20, nano_cpus, pids: 256, disk: MOST_DISK }
}

/// What becomes of a stack's data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Data {
    /// It is gone with the stack.
    Dropped,
    /// It stays until it is removed on request.
    Kept,
}

/// Gives the stack names of its own for containers, images, networks and volumes. Nothing of the host is written to.
pub fn isolate(stack: &mut Stack, data: Data) {
    own_images(stack);
    let project = stack.project.clone();
    for service in &mut stack.services {
        bound(service);
        if let Some(name) = service.container_name.take() {
            // Other services may call it by its container's name.
            if service.networks.is_empty() && service.network_mode.is_none() {
                service.networks.push(NetworkAttachment { network: "default".to_owned(), ..Default::default() });
            }
            for network in &mut service.networks {
                network.aliases.push(name.clone());
            }
        }
    }
    for (key, network) in stack.networks.iter_mut().filter(|(_, network)| !network.external) {
        network.name = format!("{project}_{key}");
        // They are about the host's side of it.
        network.driver_opts.clear();
        network.labels.clear();
    }
    for (key, volume) in stack.volumes.iter_mut().filter(|(_, volume)| !volume.external) {
        volume.name = format!("{project}_{key}");
        let in_memory = volume.driver_opts.get("type").is_some_and(|kind| kind == "tmpfs");
        let own = volume.driver_opts.remove("o").filter(|_| in_memory).unwrap_or_default();
        volume.driver_opts.clear();
        if in_memory || data == Data::Dropped && holds_only_data(&stack.services, key) {
            // Nothing of it is kept, so it need not go to a disk: Postgres' first start takes half the time in memory.
            let options = [("type", "tmpfs".to_owned()), ("device", "tmpfs".to_owned()), ("o", memory_disk(&own))];
            volume.driver_opts = options.map(|(k, v)| (k.into(), v)).into();
        }
        volume.labels.clear();
    }
    let fixed_address = |service: &Service| service.networks.iter().any(|network| network.ipv4_address.is_some());
    if !stack.services.iter().any(fixed_address) {
        for network in stack.networks.values_mut() {
            network.pools.clear();
        }
    }
}

/// Whether a volume is there for a Postgres alone that starts as root. Any other may begin with what the image holds at its
/// place, or belong to the image's own user, which one in memory would lose.
fn holds_only_data(services: &[Service], key: &str) -> bool {
    let volume = MountKind::Volume(key.to_owned());
    let holds = |service: &Service| {
        let mut mounts = service.mounts.iter().filter(|mount| mount.kind == volume).peekable();
        mounts.peek().is_none()
            || starts_as_root(service) && mounts.all(|mount| mount.target.starts_with("/var/lib/postgresql"))
    };
    services.iter().all(holds)
}

fn starts_as_root(service: &Service) -> bool {
    let sets_user = |text: &str| text.lines().any(|line| line.trim_start().to_ascii_uppercase().starts_with("USER "));
    let built = service.build.as_ref().and_then(|build| build.dockerfile_text().ok());
    service.user.as_deref().is_none_or(|user| matches!(user, "root" | "0" | "0:0"))
        && !built.is_some_and(|text| sets_user(&text))
}

/// The options of a disk in memory: as written, and no larger than ours.
fn memory_disk(written: &str) -> String {
    let own = written.split(',').filter_map(|option| option.strip_prefix("size=")).next_back();
    let size = match own.and_then(bytes) {
        Some(own) if own < MEMORY_DISK => own.to_string(),
        _ => format!("{}m", MEMORY_DISK >> 20),
    };
    let keeps = |option: &&str| ["uid=", "gid=", "mode="].iter().any(|kept| option.starts_with(kept));
    let others = written.split(',').filter(keeps).map(str::to_owned);
    others.chain([format!("size={size}")]).collect::<Vec<_>>().join(",")
}

/// `20m`, as the kernel reads the size of a disk in memory.
fn bytes(size: &str) -> Option<u64> {
    let (number, power) = match size.to_ascii_lowercase().as_bytes() {
        [number @ .., b'k'] => (number.len(), 10),
        [number @ .., b'm'] => (number.len(), 20),
        [number @ .., b'g'] => (number.len(), 30),
        number => (number.len(), 0),
    };
    size.get(..number)?.parse::<u64>().ok()?.checked_mul(1 << power).filter(|bytes| *bytes > 0)
}

/// Takes from a service what would reach further than its own containers: labels, by which we and others find things; variables
/// of this process for its build; disks in memory of any size; health checks without a pause, which are work for the engine itself.
fn bound(service: &mut Service) {
    service.labels.clear();
    if let Some(build) = &mut service.build {
        build.args.retain(|_, value| value.is_some());
    }
    if let Some(check) = &mut service.healthcheck {
        for interval in [&mut check.interval, &mut check.start_interval] {
            *interval = interval.map(|interval| interval.max(LEAST_INTERVAL));
        }
    }
    for mount in service.mounts.iter_mut().filter(|mount| matches!(mount.kind, MountKind::Bind(_))) {
        mount.read_only = true;
    }
    service.shm_size = service.shm_size.map(|bytes| bytes.min(MOST_SHARED));
    service.mounts.retain(|mount| {
        let in_memory = mount.kind == MountKind::Tmpfs;
        if in_memory {
            let size = mount.options.size.map(|size| format!("size={size}"));
            let mode = mount.options.mode.map(|mode| format!("mode={mode:o}"));
            let options: Vec<String> = mode.into_iter().chain(size).collect();
            service.tmpfs.push(format!("{}:{}", mount.target, options.join(",")));
        }
        !in_memory
    });
    for entry in &mut service.tmpfs {
        let (path, options) = entry.split_once(':').unwrap_or((entry, ""));
        // Words such as `noexec` are the kernel's own, and harmless.
        let words = options.split(',').filter(|option| !option.is_empty() && !option.contains('=')).map(str::to_owned);
        let options: Vec<String> = words.chain([memory_disk(options)]).collect();
        *entry = format!("{path}:{}", options.join(","));
    }
}

/// An image that is built here gets its default name, which is the project's own: `image: python:3.13-slim` beside `build:` would
/// replace the base image of everybody else. Services that use it under its name follow.
fn own_images(stack: &mut Stack) {
    let project = &stack.project;
    let mut built = BTreeMap::new();
    for service in stack.services.iter_mut().filter(|service| service.build.is_some()) {
        if let Some(name) = service.image.take() {
            built.insert(name, format!("{project}-{}", service.name));
        }
    }
    for service in stack.services.iter_mut().filter(|service| service.build.is_none()) {
        if let Some(own) = service.image.as_ref().and_then(|image| built.get(image)) {
            service.image = Some(own.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::compose::{AddressPool, Build, Healthcheck, Mount, Network, Volume};

    fn pools() -> Vec<AddressPool> {
        vec![AddressPool { subnet: Some("10.0.0.0/8".into()), ..Default::default() }]
    }

    fn stack() -> Stack {
        let service = |name: &str| Service { name: name.into(), ..Service::default() };
        Stack {
            project: "p".into(),
            services: vec![
                Service {
                    container_name: Some("web".into()),
                    networks: vec![NetworkAttachment { network: "front".into(), ..Default::default() }],
                    ..service("nginx")
                },
                Service { build: Some(Build::default()), image: Some("python:3".into()), ..service("app") },
                Service { image: Some("python:3".into()), ..service("init") },
                Service { image: Some("postgres:17".into()), ..service("db") },
            ],
            networks: [
                ("front".into(), Network { name: "shared".into(), pools: pools(), ..Default::default() }),
                ("other".into(), Network { name: "theirs".into(), external: true, ..Default::default() }),
            ]
            .into(),
            volumes: [("data".into(), Volume { name: "precious".into(), ..Default::default() })].into(),
            ..Stack::default()
        }
    }

    #[test]
    fn a_container_name_becomes_an_alias() {
        let mut stack = stack();
        isolate(&mut stack, Data::Dropped);
        assert_eq!(stack.services[0].container_name, None);
        assert_eq!(stack.services[0].networks[0].aliases, ["web"]);
    }

    #[test]
    fn base_images_and_the_names_of_others_are_never_taken() {
        let mut stack = stack();
        isolate(&mut stack, Data::Dropped);
        let image = |index: usize| stack.services[index].image.as_deref();
        assert_eq!((image(1), image(2), image(3)), (None, Some("p-app"), Some("postgres:17")));
        assert_eq!(stack.networks["front"].name, "p_front");
        assert_eq!(stack.networks["other"].name, "theirs");
        assert_eq!(stack.volumes["data"].name, "p_data");
        assert_eq!(stack.volumes["data"].driver_opts["type"], "tmpfs");
    }

    #[test]
    fn a_volume_that_begins_with_the_images_files_stays_on_the_disk() {
        let mut stack = stack();
        let mount = |key: &str, target: &str| Mount {
            kind: MountKind::Volume(key.into()),
            target: target.into(),
            read_only: false,
            options: Default::default(),
            place: Default::default(),
        };
        stack.volumes.insert("static".into(), Volume::default());
        stack.services[1].mounts = vec![mount("static", "/app/static")];
        stack.services[3].mounts = vec![mount("data", "/var/lib/postgresql/data")];
        isolate(&mut stack, Data::Dropped);
        assert!(stack.volumes["static"].driver_opts.is_empty());
        assert_eq!(stack.volumes["data"].driver_opts["type"], "tmpfs");
    }

    #[test]
    fn a_database_that_is_not_started_by_root_keeps_its_volume_on_the_disk() {
        let data = |user: Option<&str>| {
            let mut stack = stack();
            stack.services[3].user = user.map(str::to_owned);
            stack.services[3].mounts = vec![Mount {
                kind: MountKind::Volume("data".into()),
                target: "/var/lib/postgresql/data".into(),
                read_only: false,
                options: Default::default(),
                place: Default::default(),
            }];
            isolate(&mut stack, Data::Dropped);
            stack.volumes["data"].driver_opts.get("type").cloned()
        };
        assert_eq!([data(None), data(Some("root"))], [Some("tmpfs".to_owned()), Some("tmpfs".to_owned())]);
        assert_eq!([data(Some("999")), data(Some("postgres"))], [None, None]);
    }

    #[test]
    fn a_small_disk_in_memory_stays_small() {
        assert_eq!(memory_disk("size=20m"), "size=20971520");
        assert_eq!(memory_disk("uid=999,size=20m,mode=0700"), "uid=999,mode=0700,size=20971520");
        for large in ["", "size=100g", "size=0", "size=50%", "size=99999999999999g"] {
            assert_eq!(memory_disk(large), "size=256m", "{large}");
        }
    }

    #[test]
    fn labels_and_sizes_are_ours() {
        let mut stack = stack();
        let label: BTreeMap<String, String> = [("dev.breakfix.check".to_owned(), "kept:x".to_owned())].into();
        let service = &mut stack.services[0];
        service.labels = label.clone();
        service.shm_size = Some(1 << 40);
        service.healthcheck = Some(Healthcheck { interval: Some(Duration::from_nanos(1)), ..Default::default() });
        service.tmpfs = vec!["/run".into(), "/tmp:size=100g,mode=1777".into()];
        service.mounts = vec![Mount {
            kind: MountKind::Tmpfs,
            target: "/more".into(),
            read_only: false,
            options: Default::default(),
            place: Default::default(),
        }];
        let build = stack.services[1].build.as_mut().unwrap();
        build.args = [("TOKEN".to_owned(), None), ("A".to_owned(), Some("b".to_owned()))].into();
        let network = stack.networks.get_mut("front").unwrap();
        network.labels = label.clone();
        network.driver_opts = label.clone();
        stack.volumes.get_mut("data").unwrap().labels = label;
        isolate(&mut stack, Data::Dropped);
        let service = &stack.services[0];
        assert_eq!(service.tmpfs, ["/run:size=256m", "/tmp:mode=1777,size=256m", "/more:size=256m"]);
        assert_eq!((service.labels.len(), service.mounts.len(), service.shm_size), (0, 0, Some(256 << 20)));
        assert_eq!(service.healthcheck.as_ref().unwrap().interval, Some(LEAST_INTERVAL));
        assert_eq!(service.healthcheck.as_ref().unwrap().start_interval, None);
        assert_eq!(stack.services[1].build.as_ref().unwrap().args.keys().collect::<Vec<_>>(), ["A"]);
        assert!(stack.networks["front"].labels.is_empty() && stack.networks["front"].driver_opts.is_empty());
        assert!(stack.volumes["data"].labels.is_empty());
        assert_eq!(stack.volumes["data"].driver_opts["o"], "size=256m");
    }

    #[test]
    fn a_subnet_stays_only_where_an_address_needs_it() {
        let mut free = stack();
        isolate(&mut free, Data::Dropped);
        assert!(free.networks["front"].pools.is_empty());
        let mut fixed = stack();
        fixed.services[0].networks[0].ipv4_address = Some("10.0.0.9".into());
        isolate(&mut fixed, Data::Dropped);
        assert_eq!(fixed.networks["front"].pools, pools());
    }
}
