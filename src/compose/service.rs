//! One service, key by key.

use std::{collections::BTreeMap, path::PathBuf};

use super::{
    build::build,
    desk::{Desk, Spot},
    environment,
    expand::Variables,
    health::healthcheck,
    keys,
    model::{Dependency, DependencyCondition, NetworkAttachment, Service},
    mounts, ports,
    want::is_nothing,
    yaml::{Entry, Node, Text, Value},
    yaml_error::colonless,
};

/// What a service needs to know of the rest of the files.
pub(super) struct Around<'a> {
    pub variables: &'a Variables,
    /// `secrets:` and `configs:` by name; the path of those that come from a file.
    pub secrets: BTreeMap<String, Option<PathBuf>>,
    pub configs: BTreeMap<String, Option<PathBuf>>,
}

/// A service, and what of it can only be judged when all services are known.
pub(super) struct Read {
    pub service: Service,
    pub spot: Spot,
    /// Names of other services, with the place that names them.
    pub names: Vec<(String, Spot)>,
    /// Networks that it names itself.
    pub networks: Vec<(String, Spot)>,
    /// `links:` with an alias: the service, and the other name.
    pub links: Vec<(String, String)>,
    /// Services whose mounts it takes over.
    pub volumes_from: Vec<(String, bool)>,
}

/// Reads a service. What is wrong with it is on the desk afterwards.
pub(super) fn service(entry: &Entry, around: &Around, desk: &mut Desk) -> Read {
    let mut read = Read {
        service: Service { name: entry.key.clone(), place: desk.place(entry.spot), scale: 1, ..Service::default() },
        spot: entry.spot,
        names: vec![],
        networks: vec![],
        links: vec![],
        volumes_from: vec![],
    };
    if let Some(misplaced) = misplaced(entry) {
        desk.error(misplaced.0, misplaced.1, misplaced.2);
        return read;
    }
    let name = format!("service `{}`", entry.key);
    let mut secrets = vec![];
    for line in service_entries(&entry.node, &name, desk) {
        match line.key.as_str() {
            "ports" => read.service.ports = ports::ports(&line.node, desk),
            "expose" => read.service.expose = ports::expose(&line.node, desk),
            "volumes" => read.service.mounts = mounts::mounts(&line.node, around.variables, desk),
            "secrets" => secrets.extend(mounts::secrets(&line.node, "secrets", &around.secrets, desk)),
            "configs" => secrets.extend(mounts::secrets(&line.node, "configs", &around.configs, desk)),
            "build" => read.service.build = build(line, around.variables, desk),
            "healthcheck" => read.service.healthcheck = healthcheck(&line.node, desk),
            "networks" => networks(&line.node, &mut read, desk),
            "depends_on" => depends_on(&line.node, &mut read, desk),
            "links" => links(&line.node, &mut read, desk),
            "volumes_from" => volumes_from(line, &mut read, desk),
            "pid" | "ipc" | "uts" | "userns_mode" | "cgroup" | "network_mode" | "privileged" => {
                shared_with_host(line, &name, &mut read, desk);
            }
            "deploy" => deploy(line, &name, &mut read.service, desk),
            // Judged together, below; and `extends` is worked in before.
            "environment" | "env_file" | "extends" => {}
            _ => plain(line, &mut read.service, desk),
        }
    }
    read.service.mounts.extend(secrets);
    environment::environment(&entry.node, around.variables, &mut read.service, desk);
    finish(entry, &mut read, desk);
    read
}

/// The lines of a service; another service among them is told as what it is.
fn service_entries<'n>(node: &'n Node, name: &str, desk: &mut Desk) -> Vec<&'n Entry> {
    let Value::Map(entries) = &node.value else { return vec![] };
    let looks_like_service = |node: &Node| node.get("image").is_some() || node.get("build").is_some();
    let strangers: Vec<&Entry> = entries
        .iter()
        .filter(|entry| keys::treatment(keys::SERVICE, &entry.key).is_none() && looks_like_service(&entry.node))
        .collect();
    for entry in &strangers {
        let message = format!("`{}` stands inside {name}, and looks like a service of its own", entry.key);
        desk.error(entry.spot, message, "the same indentation as the other services");
    }
    if strangers.is_empty() {
        return desk.entries(node, name, keys::SERVICE);
    }
    let own = entries.iter().filter(|entry| !strangers.contains(entry)).cloned().collect();
    desk.entries(&Node::new(node.spot, Value::Map(own)), name, keys::SERVICE);
    vec![]
}

/// A key of a service that stands where a service's name is expected, or a service without a body.
fn misplaced(entry: &Entry) -> Option<(Spot, String, String)> {
    let name = &entry.key;
    match &entry.node.value {
        Value::Map(_) => None,
        _ if keys::treatment(keys::SERVICE, name).is_some() => Some((
            entry.spot,
            format!("`{name}` stands where the name of a service is expected"),
            "a line with the service's name above it, and this line indented below that".into(),
        )),
        Value::Null => Some((
            entry.spot,
            format!("service `{name}` is empty"),
            "`image:` or `build:`, indented below the service's name".into(),
        )),
        Value::Text(Text { text, plain: true }) if colonless(text).is_some() => {
            colonless(text).map(|(message, expected)| (entry.node.spot, message.to_string(), expected))
        }
        _ => Some((
            entry.node.spot,
            format!("service `{name}` is {}, not a map", entry.node.kind()),
            "`image:` or `build:` on a line of its own, indented below the service's name".into(),
        )),
    }
}

/// Keys that hold one value.
fn plain(line: &Entry, service: &mut Service, desk: &mut Desk) {
    let (key, node) = (line.key.as_str(), &line.node);
    match key {
        "image" => service.image = desk.string(node, key).filter(|image| !image.is_empty()),
        "command" => service.command = desk.command(node, key),
        "entrypoint" => service.entrypoint = desk.command(node, key),
        "restart" => service.restart = restart(node, desk),
        "init" => service.init = desk.boolean(node, key),
        "labels" => service.labels = desk.labels(node, key),
        "container_name" => service.container_name = desk.string(node, key),
        "hostname" => service.hostname = desk.string(node, key),
        "user" => service.user = desk.string(node, key),
        "working_dir" => service.working_dir = desk.string(node, key),
        "stop_signal" => service.stop_signal = desk.string(node, key),
        "stop_grace_period" => service.stop_grace_period = desk.duration(node, key),
        "tty" => service.tty = desk.boolean(node, key).unwrap_or(false),
        "stdin_open" => service.stdin_open = desk.boolean(node, key).unwrap_or(false),
        "read_only" => service.read_only = desk.boolean(node, key).unwrap_or(false),
        "tmpfs" => service.tmpfs = desk.string_or_list(node, key),
        "shm_size" => service.shm_size = desk.bytes(node, key),
        "extra_hosts" => service.extra_hosts = extra_hosts(node, desk),
        "profiles" => service.profiles = desk.strings(node, key, "`- name`"),
        "scale" => set_scale(node, key, service, desk),
        _ => {}
    }
}

fn set_scale(node: &Node, key: &str, service: &mut Service, desk: &mut Desk) {
    let Some(scale) = desk.integer(node, key, 0, 1_000) else { return };
    if scale > 1 {
        desk.warn(node.spot, format!("{scale} containers of one service: Breakfix runs one"), format!("`{key}: 1`"));
    }
    service.scale = u32::try_from(scale).unwrap_or(1);
}

fn restart(node: &Node, desk: &mut Desk) -> Option<String> {
    let Value::Text(Text { text, .. }) = &node.value else { return desk.string(node, "restart") };
    let (policy, retries) = text.split_once(':').unwrap_or((text, "0"));
    let known = matches!(policy, "no" | "always" | "unless-stopped") && !text.contains(':')
        || policy == "on-failure" && retries.parse::<u32>().is_ok();
    if !known {
        let expected = "`no`, `always`, `unless-stopped`, `on-failure` or `on-failure:3`";
        desk.error(node.spot, format!("`restart` is `{text}`"), expected);
    }
    Some(text.clone())
}

fn extra_hosts(node: &Node, desk: &mut Desk) -> Vec<String> {
    let mut hosts = vec![];
    match &node.value {
        Value::Map(entries) => {
            for entry in entries {
                for address in desk.string_or_list(&entry.node, "extra_hosts") {
                    hosts.push((format!("{}:{address}", entry.key), entry.spot));
                }
            }
        }
        _ => {
            for item in desk.list(node, "extra_hosts", "`- \"name:127.0.0.1\"`") {
                let Some(text) = desk.string(item, "an entry of extra_hosts") else { continue };
                match text.split_once('=').or_else(|| text.split_once(':')) {
                    Some((name, address)) => hosts.push((format!("{name}:{address}"), item.spot)),
                    None => desk.error(item.spot, format!("`{text}` has no address"), "write `\"name:127.0.0.1\"`"),
                }
            }
        }
    }
    for (host, spot) in &hosts {
        if host.ends_with(":host-gateway") {
            desk.refuse(
                *spot,
                format!("`extra_hosts` names the host itself: `{host}`"),
                "it reaches what runs on the host",
            );
        }
    }
    hosts.into_iter().map(|(host, _)| host).collect()
}

fn networks(node: &Node, read: &mut Read, desk: &mut Desk) {
    if let Value::Map(entries) = &node.value {
        for entry in entries {
            let mut attachment = NetworkAttachment { network: entry.key.clone(), ..NetworkAttachment::default() };
            for line in desk.entries(&entry.node, &format!("network `{}`", entry.key), keys::ATTACHMENT) {
                match line.key.as_str() {
                    "aliases" => attachment.aliases = desk.strings(&line.node, "aliases", "`- name`"),
                    _ => attachment.ipv4_address = desk.string(&line.node, "ipv4_address"),
                }
            }
            read.networks.push((entry.key.clone(), entry.spot));
            read.service.networks.push(attachment);
        }
        return;
    }
    for item in desk.list(node, "networks", "`- name` on a line of its own") {
        let Some(name) = desk.string(item, "an entry of networks") else { continue };
        if !read.networks.iter().any(|(known, _)| *known == name) {
            read.networks.push((name.clone(), item.spot));
            read.service.networks.push(NetworkAttachment { network: name, ..NetworkAttachment::default() });
        }
    }
}

fn depends_on(node: &Node, read: &mut Read, desk: &mut Desk) {
    if let Value::Map(entries) = &node.value {
        for entry in entries {
            let mut dependency = started(&entry.key);
            if is_nothing(&entry.node) {
                let expected = format!("`condition: service_started` below it, or the list form: `- {}`", entry.key);
                desk.error(entry.spot, format!("the dependency on `{}` has no `condition`", entry.key), expected);
            }
            for line in desk.entries(&entry.node, &format!("the dependency on `{}`", entry.key), keys::DEPENDENCY) {
                match line.key.as_str() {
                    "condition" => dependency.condition = condition(&line.node, desk),
                    _ => dependency.required = desk.boolean(&line.node, "required").unwrap_or(true),
                }
            }
            if dependency.required {
                read.names.push((entry.key.clone(), entry.spot));
            }
            add_dependency(read, dependency);
        }
        return;
    }
    for item in desk.list(node, "depends_on", "`- name` on a line of its own") {
        let Some(name) = desk.string(item, "an entry of depends_on") else { continue };
        read.names.push((name.clone(), item.spot));
        add_dependency(read, started(&name));
    }
}

fn started(name: &str) -> Dependency {
    Dependency { service: name.to_string(), condition: DependencyCondition::Started, required: true }
}

fn add_dependency(read: &mut Read, dependency: Dependency) {
    let known = &mut read.service.depends_on;
    if !known.iter().any(|other| other.service == dependency.service) {
        known.push(dependency);
    }
}

fn condition(node: &Node, desk: &mut Desk) -> DependencyCondition {
    match desk.string(node, "condition").as_deref() {
        Some("service_healthy") => DependencyCondition::Healthy,
        Some("service_completed_successfully") => DependencyCondition::Completed,
        Some("service_started") | None => DependencyCondition::Started,
        Some(other) => {
            let expected = "`service_started`, `service_healthy` or `service_completed_successfully`";
            desk.error(node.spot, format!("`condition` is `{other}`"), expected);
            DependencyCondition::Started
        }
    }
}

/// A link is a dependency, and another name for the service.
fn links(node: &Node, read: &mut Read, desk: &mut Desk) {
    for item in desk.list(node, "links", "`- name` on a line of its own") {
        let Some(text) = desk.string(item, "an entry of links") else { continue };
        let (name, alias) = text.split_once(':').unwrap_or((&text, &text));
        read.names.push((name.to_string(), item.spot));
        add_dependency(read, started(name));
        if alias != name {
            read.links.push((name.to_string(), alias.to_string()));
        }
    }
}

fn volumes_from(line: &Entry, read: &mut Read, desk: &mut Desk) {
    for item in desk.list(&line.node, "volumes_from", "`- name` on a line of its own") {
        let Some(text) = desk.string(item, "an entry of volumes_from") else { continue };
        if text.starts_with("container:") {
            desk.warn(
                item.spot,
                format!("`volumes_from: {text}` is passed over"),
                "Breakfix runs the stack without it",
            );
            desk.refuse(
                item.spot,
                format!("`volumes_from` takes the mounts of `{text}`"),
                "it is not a container of this stack",
            );
            continue;
        }
        let (name, mode) = text.split_once(':').unwrap_or((&text, "rw"));
        read.names.push((name.to_string(), item.spot));
        add_dependency(read, started(name));
        read.volumes_from.push((name.to_string(), mode == "ro"));
    }
}

/// Keys that give a container a part of the host, or of another container.
fn shared_with_host(line: &Entry, name: &str, read: &mut Read, desk: &mut Desk) {
    let key = line.key.as_str();
    if key == "privileged" {
        if desk.boolean(&line.node, key) == Some(true) {
            desk.warn(
                line.spot,
                format!("`privileged` of {name} is passed over"),
                "Breakfix runs the stack without it",
            );
            desk.refuse(line.spot, format!("{name} asks to be `privileged`"), "it takes over the host");
        }
        return;
    }
    let Some(text) = desk.string(&line.node, key) else { return };
    let own = text == "none" || text.starts_with("service:");
    let foreign = match key {
        // Any other word is the name of a network on the engine, `bridge` that of all who name none.
        "network_mode" => !own && !text.is_empty(),
        _ => text == "host" || text.starts_with("container:"),
    };
    if foreign {
        let why = if text == "host" { "it shares the host's own" } else { "it shares that of others" };
        desk.refuse(line.spot, format!("{name} asks for `{key}: {text}`"), why);
    }
    if key == "network_mode" {
        if let Some(other) = text.strip_prefix("service:") {
            read.names.push((other.to_string(), line.node.spot));
            add_dependency(read, started(other));
        }
        read.service.network_mode = Some(text);
    } else if foreign {
        desk.warn(line.spot, format!("`{key}` of {name} is passed over"), "Breakfix runs the stack without it");
    }
}

/// Of `deploy:`, the number of containers is read.
fn deploy(line: &Entry, name: &str, service: &mut Service, desk: &mut Desk) {
    let Value::Map(entries) = &line.node.value else {
        if line.node.value != Value::Null {
            desk.wrong_kind(&line.node, "deploy", "a map", "");
        }
        return;
    };
    for entry in entries {
        match entry.key.as_str() {
            "replicas" => set_scale(&entry.node, "replicas", service, desk),
            "labels" | "mode" => {}
            key => {
                let message = format!("`deploy.{key}` of {name} is passed over");
                desk.warn(entry.spot, message, "Breakfix runs the stack without it");
            }
        }
    }
    if let Some(devices) = line.node.get("resources").and_then(|r| r.get("reservations")).and_then(|r| r.get("devices"))
        && !is_nothing(devices)
    {
        desk.refuse(devices.spot, format!("{name} asks for `devices`"), "it opens devices of the host");
    }
}

/// What only the whole of a service tells.
fn finish(entry: &Entry, read: &mut Read, desk: &mut Desk) {
    let name = &entry.key;
    if entry.node.get("image").is_none() && entry.node.get("build").is_none() {
        let expected = "`image: …` or `build: …`, indented below the service's name";
        desk.error(entry.spot, format!("service `{name}` has neither `image` nor `build`"), expected);
    }
    if let (Some(_), Some(networks)) = (&read.service.network_mode, entry.node.entry("networks")) {
        desk.error(networks.spot, format!("service `{name}` has both `network_mode` and `networks`"), "one of the two");
    }
}
