//! One service, key by key.

use std::collections::BTreeMap;

use super::{
    build::build,
    decode::is_nothing,
    diagnostics::Diagnostics,
    environment,
    health::healthcheck,
    hosts,
    interpolate::Variables,
    model::{Dependency, DependencyCondition, Link, NetworkAttachment, Service},
    mounts, ports, schema,
    secret_source::SecretSource,
    source_map::Spot,
    yaml::{Entry, Node, Text, Value},
    yaml_error::colonless,
};

/// What a service needs to know of the rest of the files.
pub(super) struct Around<'a> {
    pub variables: &'a Variables,
    /// `secrets:` and `configs:` by name.
    pub secrets: BTreeMap<String, SecretSource>,
    pub configs: BTreeMap<String, SecretSource>,
}

/// A service, and what of it can only be judged when all services are known.
pub(super) struct Read {
    pub service: Service,
    pub spot: Spot,
    /// Names of other services, with the place that names them.
    pub names: Vec<(String, Spot)>,
    /// Networks that it names itself.
    pub networks: Vec<(String, Spot)>,
    /// Services whose mounts it takes over.
    pub volumes_from: Vec<(String, bool)>,
}

/// Reads a service. What is wrong with it is on the desk afterwards.
pub(super) fn service(entry: &Entry, around: &Around, desk: &mut Diagnostics) -> Read {
    let mut read = Read {
        service: Service {
            name: entry.key.clone(),
            door: desk.door.clone(),
            place: desk.files.place(entry.spot),
            scale: 1,
            ..Service::default()
        },
        spot: entry.spot,
        names: vec![],
        networks: vec![],
        volumes_from: vec![],
    };
    if let Some(misplaced) = misplaced(entry) {
        desk.error(misplaced.0, misplaced.1, misplaced.2);
        return read;
    }
    let name = format!("service `{}`", entry.key);
    for line in service_entries(&entry.node, &name, desk) {
        match line.key.as_str() {
            "ports" => read.service.ports = ports::ports(&line.node, desk),
            "expose" => read.service.expose = ports::expose(&line.node, desk),
            "volumes" => read.service.mounts = mounts::mounts(&line.node, around.variables, desk),
            // After all mounts, below.
            "secrets" | "configs" => {}
            "build" => read.service.build = build(line, around.variables, desk),
            "healthcheck" => read.service.healthcheck = healthcheck(&line.node, desk),
            "networks" => networks(&line.node, &mut read, desk),
            "depends_on" => depends_on(&line.node, &mut read, desk),
            "links" => links(&line.node, &mut read, desk),
            "external_links" => external_links(&line.node, &mut read.service, desk),
            "volumes_from" => volumes_from(line, &mut read, desk),
            "pid" | "ipc" | "uts" | "userns_mode" | "cgroup" | "network_mode" => {
                shared_with_host(line, &name, &mut read, desk);
            }
            // Judged together, below; and `extends` is worked in before.
            "deploy" | "environment" | "env_file" | "labels" | "label_file" | "extends" => {}
            _ if read.service.settings.read(line, desk) => {}
            _ => plain(line, &mut read.service, desk),
        }
    }
    for (section, known) in [("secrets", &around.secrets), ("configs", &around.configs)] {
        // What a service without its profile asks for is asked for by nobody.
        if let Some(node) = entry.node.get(section) {
            mounts::secrets(node, section, known, &mut read.service, desk);
        }
    }
    if read.service.settings.privileged {
        let spot = entry.node.entry("privileged").map_or(entry.spot, |line| line.spot);
        desk.refuse(spot, format!("{name} asks to be `privileged`"), "it takes over the host");
    }
    if let Some(line) = entry.node.entry("deploy") {
        deploy(line, &name, &mut read.service, desk);
    }
    environment::environment(&entry.node, around.variables, &mut read.service, desk);
    environment::labels(&entry.node, around.variables, &mut read.service, desk);
    finish(entry, &mut read, desk);
    read
}

/// The lines of a service; another service among them is told as what it is.
fn service_entries<'n>(node: &'n Node, name: &str, desk: &mut Diagnostics) -> Vec<&'n Entry> {
    let Value::Map(entries) = &node.value else { return vec![] };
    let looks_like_service = |node: &Node| node.get("image").is_some() || node.get("build").is_some();
    let strangers: Vec<&Entry> = entries
        .iter()
        .filter(|entry| schema::treatment(schema::SERVICE, &entry.key).is_none() && looks_like_service(&entry.node))
        .collect();
    for entry in &strangers {
        let message = format!("`{}` stands inside {name}, and looks like a service of its own", entry.key);
        desk.error(entry.spot, message, "the same indentation as the other services");
    }
    if strangers.is_empty() {
        return desk.entries(node, name, schema::SERVICE);
    }
    let own = entries.iter().filter(|entry| !strangers.contains(entry)).cloned().collect();
    desk.entries(&Node::new(node.spot, Value::Map(own)), name, schema::SERVICE);
    vec![]
}

/// A key of a service that stands where a service's name is expected, or a service without a body.
fn misplaced(entry: &Entry) -> Option<(Spot, String, String)> {
    let name = &entry.key;
    match &entry.node.value {
        Value::Map(_) => None,
        _ if schema::treatment(schema::SERVICE, name).is_some() => Some((
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
fn plain(line: &Entry, service: &mut Service, desk: &mut Diagnostics) {
    let (key, node) = (line.key.as_str(), &line.node);
    match key {
        "image" => service.image = desk.string(node, key).filter(|image| !image.is_empty()),
        "command" => service.command = desk.command(node, key),
        "entrypoint" => service.entrypoint = desk.command(node, key),
        "restart" => service.restart = restart(node, desk),
        "init" => service.init = desk.boolean(node, key),
        "container_name" => service.container_name = given(node, key, desk),
        "hostname" => service.hostname = given(node, key, desk),
        "user" => service.user = given(node, key, desk),
        "working_dir" => service.working_dir = given(node, key, desk),
        "stop_signal" => service.stop_signal = given(node, key, desk),
        "stop_grace_period" => service.stop_grace_period = desk.duration(node, key),
        "tty" => service.tty = desk.boolean(node, key).unwrap_or(false),
        "stdin_open" => service.stdin_open = desk.boolean(node, key).unwrap_or(false),
        "read_only" => service.read_only = desk.boolean(node, key).unwrap_or(false),
        "tmpfs" => service.tmpfs = desk.string_or_list(node, key),
        "shm_size" => service.shm_size = desk.bytes(node, key).filter(|bytes| *bytes != 0),
        "extra_hosts" => service.extra_hosts = hosts::extra_hosts(node, desk),
        "profiles" => service.profiles = desk.strings(node, key, "`- name`"),
        "scale" => set_scale(node, key, service, desk),
        _ => {}
    }
}

/// A text that says something: to compose an empty one says nothing.
fn given(node: &Node, key: &str, desk: &mut Diagnostics) -> Option<String> {
    desk.string(node, key).filter(|text| !text.is_empty())
}

fn set_scale(node: &Node, key: &str, service: &mut Service, desk: &mut Diagnostics) {
    let Some(scale) = desk.integer(node, key, 0, 1_000) else { return };
    if scale > 1 {
        desk.warn(node.spot, format!("{scale} containers of one service: Breakfix runs one"), format!("`{key}: 1`"));
    }
    service.scale = u32::try_from(scale).unwrap_or(1);
}

fn restart(node: &Node, desk: &mut Diagnostics) -> Option<String> {
    let Value::Text(Text { text, .. }) = &node.value else { return desk.string(node, "restart") };
    if text.is_empty() {
        return None;
    }
    let (policy, retries) = text.split_once(':').unwrap_or((text, "0"));
    let known = matches!(policy, "no" | "always" | "unless-stopped") && !text.contains(':')
        || policy == "on-failure" && retries.parse::<u32>().is_ok();
    if !known {
        let expected = "`no`, `always`, `unless-stopped`, `on-failure` or `on-failure:3`";
        desk.error(node.spot, format!("`restart` is `{text}`"), expected);
    }
    Some(text.clone())
}

fn networks(node: &Node, read: &mut Read, desk: &mut Diagnostics) {
    if let Value::Map(entries) = &node.value {
        for entry in entries {
            let mut attachment = NetworkAttachment { network: entry.key.clone(), ..NetworkAttachment::default() };
            for line in desk.entries(&entry.node, &format!("network `{}`", entry.key), schema::ATTACHMENT) {
                let (key, node) = (line.key.as_str(), &line.node);
                match key {
                    "aliases" => attachment.aliases = desk.strings(node, key, "`- name`"),
                    "ipv4_address" => attachment.ipv4_address = given(node, key, desk),
                    "ipv6_address" => attachment.ipv6_address = given(node, key, desk),
                    "link_local_ips" => attachment.link_local_ips = desk.strings(node, key, "`- 169.254.8.8`"),
                    "mac_address" => attachment.mac_address = given(node, key, desk),
                    "driver_opts" => attachment.driver_opts = desk.options(node, key),
                    _ => attachment.priority = desk.integer(node, key, i64::MIN, i64::MAX).unwrap_or(0),
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

fn depends_on(node: &Node, read: &mut Read, desk: &mut Diagnostics) {
    if let Value::Map(entries) = &node.value {
        for entry in entries {
            let mut dependency = started(&entry.key);
            if is_nothing(&entry.node) {
                let expected = format!("`condition: service_started` below it, or the list form: `- {}`", entry.key);
                desk.error(entry.spot, format!("the dependency on `{}` has no `condition`", entry.key), expected);
            }
            for line in desk.entries(&entry.node, &format!("the dependency on `{}`", entry.key), schema::DEPENDENCY) {
                match line.key.as_str() {
                    "condition" => dependency.condition = condition(&line.node, desk),
                    _ => dependency.required = desk.boolean(&line.node, "required").unwrap_or(true),
                }
            }
            read.names.push((entry.key.clone(), entry.spot));
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

fn condition(node: &Node, desk: &mut Diagnostics) -> DependencyCondition {
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
fn links(node: &Node, read: &mut Read, desk: &mut Diagnostics) {
    for item in desk.list(node, "links", "`- name` on a line of its own") {
        let Some(text) = desk.string(item, "an entry of links") else { continue };
        // With more colons than one, compose looks for a service of that name.
        let (name, alias) = match text.split(':').collect::<Vec<_>>().as_slice() {
            [name, alias] => (*name, *alias),
            _ => (text.as_str(), text.as_str()),
        };
        read.names.push((name.to_string(), item.spot));
        add_dependency(read, started(name));
        let link = Link { target: name.to_string(), alias: alias.to_string(), external: false };
        read.service.links.push(link);
    }
}

/// Names for containers that are none of this stack's.
fn external_links(node: &Node, service: &mut Service, desk: &mut Diagnostics) {
    for text in desk.strings(node, "external_links", "`- container:name`") {
        let (target, alias) = text.split_once(':').unwrap_or((&text, &text));
        service.links.push(Link { target: target.to_string(), alias: alias.to_string(), external: true });
    }
}

fn volumes_from(line: &Entry, read: &mut Read, desk: &mut Diagnostics) {
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
fn shared_with_host(line: &Entry, name: &str, read: &mut Read, desk: &mut Diagnostics) {
    let key = line.key.as_str();
    if line.node.value == Value::Null {
        desk.general_error(line.spot, format!("`{key}` is empty"), format!("a word behind it, or no `{key}`"));
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
    if let Some(other) = text.strip_prefix("service:") {
        read.names.push((other.to_string(), line.node.spot));
        add_dependency(read, started(other));
    }
    if text.is_empty() && key != "network_mode" {
        return;
    }
    if text.starts_with("service:") && key != "network_mode" {
        return desk.passed_over(line, name);
    }
    let settings = &mut read.service.settings;
    match key {
        "network_mode" => read.service.network_mode = Some(text),
        "pid" => settings.pid = Some(text),
        "ipc" => settings.ipc = Some(text),
        "uts" => settings.uts = Some(text),
        "userns_mode" => settings.userns_mode = Some(text),
        _ => settings.cgroup = Some(text),
    }
}

/// What `deploy:` says outside a swarm: how many, within which limits, and when to start again.
fn deploy(line: &Entry, name: &str, service: &mut Service, desk: &mut Diagnostics) {
    for entry in desk.entries(&line.node, &format!("deploy of {name}"), schema::DEPLOY) {
        match entry.key.as_str() {
            "replicas" => {
                let own = (service.scale != 1).then_some(service.scale);
                set_scale(&entry.node, "replicas", service, desk);
                if own.is_some_and(|own| own != service.scale) {
                    desk.error(entry.spot, "`scale` and `deploy.replicas` say different numbers", "one of the two");
                }
            }
            "resources" => service.settings.resources(&entry.node, desk),
            "update_config" | "rollback_config" => times(&entry.node, desk),
            _ => restart_policy(&entry.node, service, desk),
        }
    }
    if let Some(devices) = line.node.get("resources").and_then(|r| r.get("reservations")).and_then(|r| r.get("devices"))
        && !is_nothing(devices)
    {
        desk.pass_over(
            devices.spot,
            format!("`devices` of {name} is passed over"),
            "Breakfix runs the stack without it",
        );
        desk.refuse(devices.spot, format!("{name} asks for `devices`"), "it opens devices of the host");
    }
}

/// Lengths of time that nobody waits for here, and that compose reads all the same.
fn times(node: &Node, desk: &mut Diagnostics) {
    for key in ["delay", "monitor", "window"] {
        if let Some(node) = node.get(key) {
            desk.duration(node, key);
        }
    }
}

/// `deploy.restart_policy`, which wins over `restart`.
fn restart_policy(node: &Node, service: &mut Service, desk: &mut Diagnostics) {
    let condition = node.get("condition").and_then(|node| desk.string(node, "condition")).unwrap_or_default();
    times(node, desk);
    let attempts = node.get("max_attempts").and_then(|node| desk.integer(node, "max_attempts", 0, 100_000));
    service.restart = Some(match condition.as_str() {
        "none" | "no" => "no".to_string(),
        "on-failure" => attempts.map_or("on-failure".into(), |attempts| format!("on-failure:{attempts}")),
        "unless-stopped" => "unless-stopped".to_string(),
        _ => "always".to_string(),
    });
}

fn is_empty(node: &Node) -> bool {
    matches!(&node.value, Value::Text(text) if text.text.is_empty())
}

/// What only the whole of a service tells.
fn finish(entry: &Entry, read: &mut Read, desk: &mut Diagnostics) {
    let name = &entry.key;
    let says = |key| entry.node.get(key).is_some_and(|node| !is_empty(node));
    if !says("image") && entry.node.get("build").is_none() {
        let expected = "`image: …` or `build: …`, indented below the service's name";
        desk.lacking(entry.spot, format!("service `{name}` has neither `image` nor `build`"), expected);
    }
    if let Some(networks) = entry.node.entry("networks")
        && read.service.network_mode.is_some()
        && !read.networks.is_empty()
    {
        let message = format!("service `{name}` has both `network_mode` and `networks`");
        desk.lacking(networks.spot, message, "one of the two");
    }
}
