//! A stack as plain data, from compose's own words and from our reading, so that the two can be compared.

use std::{collections::BTreeMap, time::Duration};

use breakfix::compose::{Dependency, DependencyCondition, MountKind, Service, Stack};
use serde_json::{Map, Value, json};

/// Keys of a service that are compared as compose writes them.
const PLAIN: [&str; 34] = [
    "image",
    "container_name",
    "hostname",
    "domainname",
    "user",
    "working_dir",
    "stop_signal",
    "network_mode",
    "tty",
    "stdin_open",
    "read_only",
    "init",
    "privileged",
    "cap_add",
    "cap_drop",
    "security_opt",
    "sysctls",
    "device_cgroup_rules",
    "group_add",
    "dns",
    "dns_opt",
    "dns_search",
    "mac_address",
    "uts",
    "userns_mode",
    "cgroup",
    "cgroup_parent",
    "runtime",
    "storage_opt",
    "annotations",
    "labels",
    "extra_hosts",
    "cpuset",
    "environment",
];

/// What compose says, without what nobody compares.
pub fn theirs(config: &Value) -> Value {
    let config = unescaped(config);
    let none = Map::new();
    let section = |name: &str| config[name].as_object().unwrap_or(&none).clone();
    let services: Map<String, Value> =
        section("services").iter().map(|(name, service)| (name.clone(), their_service(service, &config))).collect();
    let networks: Map<String, Value> =
        section("networks").iter().map(|(key, network)| (key.clone(), their_network(network))).collect();
    let volumes: Map<String, Value> = section("volumes")
        .iter()
        .map(|(key, volume)| {
            let value = pruned(json!({
                "name": volume["name"], "external": volume["external"], "driver": volume["driver"],
                "driver_opts": volume["driver_opts"], "labels": volume["labels"],
            }));
            (key.clone(), value)
        })
        .collect();
    json!({ "name": config["name"], "services": services, "networks": networks, "volumes": volumes })
}

fn their_network(network: &Value) -> Value {
    pruned(json!({
        "name": network["name"], "external": network["external"], "internal": network["internal"],
        "driver": network["driver"], "driver_opts": network["driver_opts"], "attachable": network["attachable"],
        "enable_ipv6": network["enable_ipv6"], "labels": network["labels"], "ipam": network["ipam"],
    }))
}

fn their_service(service: &Value, config: &Value) -> Value {
    let mut out = Map::new();
    for key in PLAIN {
        out.insert(key.into(), service[key].clone());
    }
    for key in ["pid", "ipc"] {
        // One that names a service is told and passed over.
        let own = service[key].as_str().is_none_or(|text| !text.starts_with("service:"));
        out.insert(key.into(), if own { service[key].clone() } else { Value::Null });
    }
    for key in ["command", "entrypoint", "links", "external_links"] {
        out.insert(key.into(), service[key].clone());
    }
    out["links"] = their_links(service);
    out.remove("external_links");
    out.insert(
        "tmpfs".into(),
        match &service["tmpfs"] {
            Value::String(one) => json!([one]),
            other => other.clone(),
        },
    );
    let build = &service["build"];
    if !build.is_null() {
        let mut kept = Map::new();
        for key in [
            "context",
            "dockerfile",
            "dockerfile_inline",
            "target",
            "labels",
            "extra_hosts",
            "network",
            "shm_size",
            "args",
        ] {
            kept.insert(key.into(), build[key].clone());
        }
        if kept["dockerfile"].is_null() && kept["dockerfile_inline"].is_null() {
            kept["dockerfile"] = json!("Dockerfile");
        }
        out.insert("build".into(), pruned(Value::Object(kept)));
    }
    let empty = vec![];
    let list = |key: &str| service[key].as_array().unwrap_or(&empty).clone();
    out.insert("ports".into(), sorted(list("ports").iter().map(their_port).collect()));
    out.insert("expose".into(), sorted(list("expose").iter().flat_map(their_expose).collect()));
    out.insert("volumes".into(), sorted(list("volumes").iter().map(their_mount).collect()));
    let mut given = vec![];
    for (section, root) in [("secrets", "/run/secrets/"), ("configs", "/")] {
        for item in list(section) {
            let source = item["source"].as_str().unwrap_or_default();
            let target = item["target"].as_str().filter(|target| !target.is_empty()).unwrap_or(source);
            let target = if target.starts_with('/') { target.to_string() } else { format!("{root}{target}") };
            let file = config[section][source]["file"].clone();
            given.push(json!({ "target": target, "file": file }));
        }
    }
    out.insert("given".into(), sorted(given));
    let networks = service["networks"].as_object().cloned().unwrap_or_default();
    let networks: Map<String, Value> = networks
        .iter()
        .map(|(key, network)| {
            let mut kept = Map::new();
            for key in
                ["aliases", "ipv4_address", "ipv6_address", "link_local_ips", "mac_address", "driver_opts", "priority"]
            {
                kept.insert(key.into(), network[key].clone());
            }
            (key.clone(), pruned(Value::Object(kept)))
        })
        .collect();
    out.insert("networks".into(), networks.into());
    let needs = service["depends_on"].as_object().cloned().unwrap_or_default();
    let needs: Map<String, Value> = needs
        .iter()
        .map(|(key, need)| (key.clone(), json!({ "condition": need["condition"], "required": need["required"] })))
        .collect();
    out.insert("depends_on".into(), needs.into());
    let health = &service["healthcheck"];
    if !health.is_null() {
        let time = |key: &str| health[key].as_str().map(nanoseconds);
        let test = if health["disable"] == true { json!(["NONE"]) } else { health["test"].clone() };
        out.insert(
            "healthcheck".into(),
            pruned(json!({
                "test": test, "interval": time("interval"), "timeout": time("timeout"), "retries": health["retries"],
                "start_period": time("start_period"), "start_interval": time("start_interval"),
            })),
        );
    }
    out.insert("stop_grace_period".into(), json!(service["stop_grace_period"].as_str().map(nanoseconds)));
    let deploy = &service["deploy"];
    out.insert("restart".into(), their_restart(service));
    let scale = [&service["scale"], &deploy["replicas"]].into_iter().find(|scale| !scale.is_null()).cloned();
    out.insert("scale".into(), scale.unwrap_or(json!(1)));
    let (limits, reserved) = (&deploy["resources"]["limits"], &deploy["resources"]["reservations"]);
    let first = |values: [&Value; 2]| {
        values.into_iter().map(number).find(|value| !value.is_null() && *value != json!(0)).unwrap_or_default()
    };
    out.insert("memory".into(), first([&limits["memory"], &service["mem_limit"]]));
    out.insert("memory_reservation".into(), first([&reserved["memory"], &service["mem_reservation"]]));
    out.insert("cpus".into(), cpus([&limits["cpus"], &service["cpus"]]));
    out.insert("pids".into(), first([&limits["pids"], &service["pids_limit"]]));
    for key in ["memswap_limit", "mem_swappiness", "shm_size"] {
        out.insert(key.into(), number(&service[key]));
    }
    for key in ["cpu_shares", "cpu_quota", "cpu_period", "cpu_rt_period", "cpu_rt_runtime", "oom_score_adj"] {
        out.insert(key.into(), service[key].clone());
    }
    out.insert("oom_kill_disable".into(), service["oom_kill_disable"].clone());
    let ulimits = service["ulimits"].as_object().cloned().unwrap_or_default();
    let pair =
        |limit: &Value| if limit.is_object() { json!([limit["soft"], limit["hard"]]) } else { json!([limit, limit]) };
    let ulimits: Map<String, Value> = ulimits.iter().map(|(name, limit)| (name.clone(), pair(limit))).collect();
    out.insert("ulimits".into(), ulimits.into());
    let devices = list("devices")
        .iter()
        .map(|device| json!([device["source"], device["target"], device["permissions"]]))
        .collect();
    out.insert("devices".into(), Value::Array(devices));
    let logging = &service["logging"];
    if !logging.is_null() {
        out.insert(
            "logging".into(),
            json!([
                logging["driver"].as_str().unwrap_or_default(),
                logging["options"].as_object().cloned().unwrap_or_default()
            ]),
        );
    }
    pruned(Value::Object(out))
}

fn their_links(service: &Value) -> Value {
    let mut links = vec![];
    for (key, external) in [("links", false), ("external_links", true)] {
        for link in service[key].as_array().into_iter().flatten().filter_map(Value::as_str) {
            let (target, alias) = link.split_once(':').unwrap_or((link, link));
            links.push(json!([target, alias, external]));
        }
    }
    Value::Array(links)
}

fn their_restart(service: &Value) -> Value {
    let policy = &service["deploy"]["restart_policy"];
    if policy.is_null() {
        return service["restart"].as_str().filter(|text| !text.is_empty()).map_or(Value::Null, Value::from);
    }
    match policy["condition"].as_str() {
        Some("none") => json!("no"),
        Some("on-failure") => match policy["max_attempts"].as_u64() {
            Some(attempts) => json!(format!("on-failure:{attempts}")),
            None => json!("on-failure"),
        },
        Some("unless-stopped") => json!("unless-stopped"),
        _ => json!("always"),
    }
}

fn their_port(port: &Value) -> Value {
    // Of a range of the host's ports the first is taken.
    let published = port["published"].as_str().and_then(|text| text.split('-').next()?.parse::<u16>().ok());
    let protocol = port["protocol"].as_str().filter(|text| !text.is_empty()).unwrap_or("tcp").to_lowercase();
    let address = port["host_ip"].as_str().filter(|text| !text.is_empty());
    json!([address, published.filter(|port| *port != 0), port["target"], protocol])
}

fn their_expose(port: &Value) -> Vec<Value> {
    let text = port.as_str().map_or_else(|| port.to_string(), str::to_string);
    let (numbers, protocol) = text.split_once('/').unwrap_or((&text, "tcp"));
    let (first, last) = numbers.split_once('-').unwrap_or((numbers, numbers));
    match (first.parse::<u16>(), last.parse::<u16>()) {
        (Ok(first), Ok(last)) => (first..=last).map(|port| json!(format!("{port}/{protocol}"))).collect(),
        _ => vec![],
    }
}

fn their_mount(mount: &Value) -> Value {
    let (bind, volume, tmpfs) = (&mount["bind"], &mount["volume"], &mount["tmpfs"]);
    let kind = mount["type"].as_str().unwrap_or_default();
    pruned(json!({
        "type": kind, "source": if kind == "tmpfs" { &Value::Null } else { &mount["source"] }, "target": mount["target"],
        "read_only": mount["read_only"],
        "propagation": bind["propagation"], "selinux": bind["selinux"], "create": bind["create_host_path"],
        "nocopy": volume["nocopy"], "subpath": volume["subpath"], "size": number(&tmpfs["size"]), "mode": tmpfs["mode"],
    }))
}

/// What our reading says.
pub fn ours(stack: &Stack) -> Value {
    let awake = stack.services.iter().filter(|service| service.profiles.is_empty());
    let services: Map<String, Value> =
        awake.map(|service| (service.name.clone(), our_service(service, stack))).collect();
    // Compose leaves out what nobody uses.
    let all = || stack.services.iter().filter(|service| service.profiles.is_empty());
    let joined = |key: &String| all().any(|service| service.networks.iter().any(|network| network.network == *key));
    let named = |key: &String| MountKind::Volume(key.clone());
    let mounted = |key: &String| all().any(|service| service.mounts.iter().any(|mount| mount.kind == named(key)));
    let networks: Map<String, Value> = stack
        .networks
        .iter()
        .filter(|(key, _)| joined(key))
        .map(|(key, network)| {
            let pools: Vec<Value> = network
                .pools
                .iter()
                .map(|pool| {
                    pruned(json!({
                        "subnet": pool.subnet, "ip_range": pool.ip_range, "gateway": pool.gateway,
                        "aux_addresses": pool.aux_addresses,
                    }))
                })
                .collect();
            let ipam = json!({ "driver": network.ipam_driver, "config": pools });
            let value = pruned(json!({
                "name": network.name, "external": network.external, "internal": network.internal,
                "driver": network.driver, "driver_opts": network.driver_opts, "attachable": network.attachable,
                "enable_ipv6": network.enable_ipv6, "labels": network.labels, "ipam": ipam,
            }));
            (key.clone(), value)
        })
        .collect();
    let volumes: Map<String, Value> = stack
        .volumes
        .iter()
        .filter(|(key, _)| mounted(key))
        .map(|(key, volume)| {
            let value = pruned(json!({
                "name": volume.name, "external": volume.external, "driver": volume.driver,
                "driver_opts": volume.driver_opts, "labels": volume.labels,
            }));
            (key.clone(), value)
        })
        .collect();
    json!({ "name": stack.project, "services": services, "networks": networks, "volumes": volumes })
}

fn our_service(service: &Service, stack: &Stack) -> Value {
    let settings = &service.settings;
    let time = |time: Option<Duration>| time.map(|time| time.as_nanos() as u64);
    let volumes = service.mounts.iter().filter(|mount| !is_given(stack, &mount.target, service));
    let mounts = volumes.map(|mount| {
        let (kind, source) = match &mount.kind {
            MountKind::Bind(path) => ("bind", Some(path.display().to_string())),
            MountKind::Volume(name) => ("volume", Some(name.clone())),
            MountKind::Anonymous => ("volume", None),
            MountKind::Tmpfs => ("tmpfs", None),
        };
        let options = &mount.options;
        let create = kind == "bind" && options.create_host_path;
        pruned(json!({
            "type": kind, "source": source, "target": mount.target, "read_only": mount.read_only,
            "propagation": options.propagation, "selinux": options.selinux, "create": create,
            "nocopy": options.nocopy, "subpath": options.subpath, "size": options.size, "mode": options.mode,
        }))
    });
    let mut given: Vec<Value> =
        service.files.iter().map(|file| json!({ "target": file.target, "file": null })).collect();
    for mount in service.mounts.iter().filter(|mount| is_given(stack, &mount.target, service)) {
        if let MountKind::Bind(path) = &mount.kind {
            given.push(json!({ "target": mount.target, "file": path }));
        }
    }
    let networks: Map<String, Value> = service
        .networks
        .iter()
        .map(|network| {
            let value = pruned(json!({
                "aliases": network.aliases, "ipv4_address": network.ipv4_address, "ipv6_address": network.ipv6_address,
                "link_local_ips": network.link_local_ips, "mac_address": network.mac_address,
                "driver_opts": network.driver_opts, "priority": (network.priority != 0).then_some(network.priority),
            }));
            (network.network.clone(), value)
        })
        .collect();
    let needs: Map<String, Value> = service.depends_on.iter().map(our_need).collect();
    let health = service.healthcheck.as_ref().map(|check| {
        pruned(json!({
            "test": check.test, "interval": time(check.interval), "timeout": time(check.timeout), "retries": check.retries,
            "start_period": time(check.start_period), "start_interval": time(check.start_interval),
        }))
    });
    let build = service.build.as_ref().map(|build| {
        let inline = build.dockerfile_inline.is_some();
        // The builder finds it in either case.
        let dockerfile = if build.dockerfile == "dockerfile" { "Dockerfile" } else { &build.dockerfile };
        let args: BTreeMap<_, _> = build.args.iter().filter(|(_, value)| value.is_some()).collect();
        pruned(json!({
            "context": build.context, "dockerfile": (!inline).then_some(dockerfile), "dockerfile_inline": build.dockerfile_inline,
            "args": args, "target": build.target, "labels": build.labels, "extra_hosts": equals(&build.extra_hosts),
            "network": build.network, "shm_size": build.shm_size.map(|bytes| bytes.to_string()),
        }))
    });
    let ports = service
        .ports
        .iter()
        .map(|port| json!([port.host_ip, port.published, port.target, port.protocol.to_string()]))
        .collect();
    let mut out = json!({
        "image": service.image, "build": build, "command": service.command, "entrypoint": service.entrypoint,
        "environment": service.environment, "ports": sorted(ports),
        "expose": sorted(service.expose.iter().map(|port| json!(port)).collect()),
        "volumes": sorted(mounts.collect()), "given": sorted(given), "networks": networks, "depends_on": needs,
        "healthcheck": health, "restart": service.restart, "init": service.init, "labels": service.labels,
        "container_name": service.container_name, "hostname": service.hostname, "user": service.user,
        "working_dir": service.working_dir, "stop_signal": service.stop_signal,
        "stop_grace_period": time(service.stop_grace_period), "tty": service.tty, "stdin_open": service.stdin_open,
        "read_only": service.read_only, "tmpfs": service.tmpfs, "shm_size": service.shm_size,
        "extra_hosts": equals(&service.extra_hosts), "network_mode": service.network_mode, "scale": service.scale,
        "links": service.links.iter().map(|link| json!([link.target, link.alias, link.external])).collect::<Vec<_>>(),
    });
    let more = json!({
        "memory": settings.memory, "memory_reservation": settings.memory_reservation,
        "memswap_limit": settings.memory_swap, "mem_swappiness": settings.memory_swappiness,
        "cpus": settings.nano_cpus, "pids": settings.pids, "cpu_shares": settings.cpu_shares,
        "cpu_quota": settings.cpu_quota, "cpu_period": settings.cpu_period, "cpu_rt_period": settings.cpu_rt_period,
        "cpu_rt_runtime": settings.cpu_rt_runtime, "cpuset": settings.cpuset, "oom_kill_disable": settings.oom_kill_disable,
        "oom_score_adj": settings.oom_score_adj, "ulimits": settings.ulimits, "cap_add": settings.cap_add,
        "cap_drop": settings.cap_drop, "privileged": settings.privileged, "security_opt": settings.security_opt,
        "sysctls": settings.sysctls, "devices": settings.devices, "device_cgroup_rules": settings.device_cgroup_rules,
        "group_add": settings.group_add, "dns": settings.dns, "dns_opt": settings.dns_opt, "dns_search": settings.dns_search,
        "domainname": settings.domainname, "mac_address": settings.mac_address, "ipc": settings.ipc, "pid": settings.pid,
        "uts": settings.uts, "userns_mode": settings.userns_mode, "cgroup": settings.cgroup,
        "cgroup_parent": settings.cgroup_parent, "runtime": settings.runtime, "logging": settings.logging,
        "storage_opt": settings.storage_opt, "annotations": settings.annotations,
    });
    if let (Value::Object(out), Value::Object(more)) = (&mut out, more) {
        out.extend(more);
    }
    pruned(out)
}

/// Whether a bind is that of a secret or config.
fn is_given(stack: &Stack, target: &str, service: &Service) -> bool {
    let mount = service.mounts.iter().find(|mount| mount.target == target);
    let Some(MountKind::Bind(path)) = mount.map(|mount| &mount.kind) else { return false };
    let secret = |request: &breakfix::compose::PathRequest| request.asked == breakfix::compose::Asked::Secret;
    stack.paths.iter().any(|request| secret(request) && request.path == *path)
}

fn our_need(need: &Dependency) -> (String, Value) {
    let condition = match need.condition {
        DependencyCondition::Started => "service_started",
        DependencyCondition::Healthy => "service_healthy",
        DependencyCondition::Completed => "service_completed_successfully",
    };
    (need.service.clone(), json!({ "condition": condition, "required": need.required }))
}

fn equals(hosts: &[String]) -> Value {
    let mut hosts: Vec<String> = hosts.iter().map(|host| host.replacen(':', "=", 1)).collect();
    hosts.sort();
    json!(hosts)
}

/// Without what says nothing: null, `false`, empty lists and maps. An empty command says something.
fn pruned(value: Value) -> Value {
    let Value::Object(map) = value else { return value };
    let says_something = |(key, value): &(String, Value)| match value {
        Value::Null => false,
        Value::Bool(value) => *value || key == "init",
        Value::Array(list) => !list.is_empty() || matches!(key.as_str(), "command" | "entrypoint"),
        Value::Object(map) => !map.is_empty() || key == "healthcheck",
        Value::String(text) => !text.is_empty(),
        Value::Number(number) => number.as_i64() != Some(0) || key == "scale" || key == "retries",
    };
    Value::Object(map.into_iter().map(|(key, value)| (key, pruned_inner(value))).filter(says_something).collect())
}

fn pruned_inner(value: Value) -> Value {
    match value {
        Value::Object(map)
            if map.contains_key("config") || map.contains_key("driver") && map.contains_key("options") =>
        {
            pruned(Value::Object(map))
        }
        other => other,
    }
}

fn sorted(mut list: Vec<Value>) -> Value {
    list.sort_by_key(Value::to_string);
    Value::Array(list)
}

fn number(value: &Value) -> Value {
    match value {
        Value::String(text) => text.parse::<i64>().map_or(Value::Null, Value::from),
        other => other.clone(),
    }
}

fn cpus(values: [&Value; 2]) -> Value {
    let cpus = |value: &Value| value.as_f64().or_else(|| value.as_str()?.parse().ok());
    let cpus = values.into_iter().filter_map(cpus).find(|cpus| *cpus != 0.0);
    cpus.map_or(Value::Null, |cpus| json!((f64::from(cpus as f32) * 1e9).round() as i64))
}

/// Compose writes `$` as `$$`.
fn unescaped(value: &Value) -> Value {
    match value {
        Value::String(text) => Value::from(text.replace("$$", "$")),
        Value::Array(list) => list.iter().map(unescaped).collect(),
        Value::Object(map) => map.iter().map(|(key, value)| (key.clone(), unescaped(value))).collect(),
        other => other.clone(),
    }
}

/// `1m30s`, as Go writes lengths of time; what is below zero says as little as none.
fn nanoseconds(text: &str) -> u64 {
    let mut rest = text.strip_prefix('-').unwrap_or(text);
    let mut total = 0.0;
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        let number: f64 = rest[..end].parse().unwrap_or(0.0);
        rest = &rest[end..];
        let end = rest.find(|c: char| c.is_ascii_digit()).unwrap_or(rest.len());
        let unit = match &rest[..end] {
            "h" => 3.6e12,
            "m" => 6e10,
            "s" => 1e9,
            "ms" => 1e6,
            "µs" => 1e3,
            _ => 1.0,
        };
        rest = &rest[end..];
        total += number * unit;
    }
    if text.starts_with('-') { 0 } else { total.round() as u64 }
}

/// The first place at which two readings part.
pub fn differs(theirs: &Value, ours: &Value) -> String {
    fn walk(path: &str, theirs: &Value, ours: &Value) -> Option<String> {
        if theirs == ours {
            return None;
        }
        if let (Value::Object(one), Value::Object(other)) = (theirs, ours) {
            let keys: std::collections::BTreeSet<&String> = one.keys().chain(other.keys()).collect();
            let null = Value::Null;
            return keys.into_iter().find_map(|key| {
                walk(&format!("{path}.{key}"), one.get(key).unwrap_or(&null), other.get(key).unwrap_or(&null))
            });
        }
        Some(format!("{path}: compose {theirs}, we {ours}"))
    }
    walk("", theirs, ours).unwrap_or_default()
}
