//! A submission's stack, changed so that many run side by side and none meets what else is on the machine.
//!
//! Nothing here changes how the stack behaves for its own services: names that are global on an engine become the
//! project's own, and are still known inside the stack's networks.

use std::collections::BTreeMap;

use crate::{
    compose::{MountKind, NetworkAttachment, Service, Stack},
    engine::LEAST_INTERVAL,
};

/// How large a disk in memory is. It counts as memory of the containers that write to it, which have twice as much.
const MEMORY_DISK: &str = "size=256m";
/// Bytes of shared memory that a container gets at most.
const MOST_SHARED: i64 = 256 << 20;

/// Gives the stack names of its own for containers, images, networks and volumes.
pub fn isolate(stack: &mut Stack) {
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
        volume.driver_opts.clear();
        if in_memory || holds_only_data(&stack.services, key) {
            // Nothing of it is kept, so it need not go to a disk: Postgres' first start takes half the time in memory.
            let options = [("type", "tmpfs"), ("device", "tmpfs"), ("o", MEMORY_DISK)];
            volume.driver_opts = options.map(|(k, v)| (k.into(), v.into())).into();
        }
        volume.labels.clear();
    }
    let fixed_address = |service: &Service| service.networks.iter().any(|network| network.ipv4_address.is_some());
    if !stack.services.iter().any(fixed_address) {
        for network in stack.networks.values_mut() {
            network.subnets.clear();
        }
    }
}

/// Whether a volume is there for Postgres alone. Any other may begin with what the image holds at its place, which one in memory
/// would lose.
fn holds_only_data(services: &[Service], key: &str) -> bool {
    let mounts = services.iter().flat_map(|service| &service.mounts);
    let mut targets = mounts.filter(|mount| mount.kind == MountKind::Volume(key.to_owned())).map(|mount| &mount.target);
    targets.all(|target| target.starts_with("/var/lib/postgresql"))
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
    service.shm_size = service.shm_size.map(|bytes| bytes.min(MOST_SHARED));
    service.mounts.retain(|mount| {
        let in_memory = mount.kind == MountKind::Tmpfs;
        if in_memory {
            service.tmpfs.push(mount.target.clone());
        }
        !in_memory
    });
    for entry in &mut service.tmpfs {
        let (path, options) = entry.split_once(':').unwrap_or((entry, ""));
        let others = options.split(',').filter(|option| !option.is_empty() && !option.starts_with("size="));
        let options: Vec<&str> = others.chain([MEMORY_DISK]).collect();
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
    use crate::compose::{Build, Healthcheck, Mount, Network, Volume};

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
                (
                    "front".into(),
                    Network { name: "shared".into(), subnets: vec!["10.0.0.0/8".into()], ..Default::default() },
                ),
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
        isolate(&mut stack);
        assert_eq!(stack.services[0].container_name, None);
        assert_eq!(stack.services[0].networks[0].aliases, ["web"]);
    }

    #[test]
    fn base_images_and_the_names_of_others_are_never_taken() {
        let mut stack = stack();
        isolate(&mut stack);
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
            place: Default::default(),
        };
        stack.volumes.insert("static".into(), Volume::default());
        stack.services[1].mounts = vec![mount("static", "/app/static")];
        stack.services[3].mounts = vec![mount("data", "/var/lib/postgresql/data")];
        isolate(&mut stack);
        assert!(stack.volumes["static"].driver_opts.is_empty());
        assert_eq!(stack.volumes["data"].driver_opts["type"], "tmpfs");
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
        service.mounts =
            vec![Mount { kind: MountKind::Tmpfs, target: "/more".into(), read_only: false, place: Default::default() }];
        let build = stack.services[1].build.as_mut().unwrap();
        build.args = [("TOKEN".to_owned(), None), ("A".to_owned(), Some("b".to_owned()))].into();
        let network = stack.networks.get_mut("front").unwrap();
        network.labels = label.clone();
        network.driver_opts = label.clone();
        stack.volumes.get_mut("data").unwrap().labels = label;
        isolate(&mut stack);
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
        isolate(&mut free);
        assert!(free.networks["front"].subnets.is_empty());
        let mut fixed = stack();
        fixed.services[0].networks[0].ipv4_address = Some("10.0.0.9".into());
        isolate(&mut fixed);
        assert_eq!(fixed.networks["front"].subnets, ["10.0.0.0/8"]);
    }
}
