//! Stacks as people write them, read: each directory of `tests/fixtures/compose` against what is understood of it.
use std::{collections::BTreeMap, fmt::Write, path::Path};

use breakfix::compose::{DependencyCondition, LoadOptions, MountKind, Protocol, Service, Stack, load, refusals, roles};

#[test]
fn stacks_are_understood() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/compose");
    let mut dirs: Vec<_> = std::fs::read_dir(&root).unwrap().map(|entry| entry.unwrap().path()).collect();
    dirs.sort();
    assert!(dirs.len() >= 15, "the fixtures are there");
    for dir in dirs {
        let name = dir.file_name().unwrap().to_str().unwrap().to_string();
        let env = BTreeMap::from([("SHELL_ONLY".to_string(), "from the shell".to_string())]);
        let options = LoadOptions { project: None, env };
        let told = match load(&dir, &options) {
            Ok(stack) => describe(&stack),
            Err(findings) => findings.iter().map(|finding| format!("{finding}\n")).collect(),
        };
        let told = told.replace(dir.to_str().unwrap(), "DIR");
        insta::with_settings!({ snapshot_suffix => name, prepend_module_to_snapshot => false, omit_expression => true }, {
            insta::assert_snapshot!("stack", told);
        });
    }
}

/// What a stack asks for, a line for each thing that was asked.
fn describe(stack: &Stack) -> String {
    let mut out = String::new();
    let found = roles(stack);
    let who = |name: &Option<String>| name.clone().unwrap_or_else(|| "nobody".into());
    let (proxy, app, database) = (who(&found.proxy), who(&found.app), who(&found.database));
    let files: Vec<_> = stack.files.iter().map(|file| file.file_name().unwrap().to_str().unwrap()).collect();
    writeln!(out, "project {}, files {}", stack.project, files.join(", ")).unwrap();
    writeln!(out, "proxy {proxy}, app {app}, database {database}").unwrap();
    for service in &stack.services {
        writeln!(out, "\nservice {} (line {})", service.name, service.place.line).unwrap();
        describe_service(service, &mut out);
    }
    for (key, network) in &stack.networks {
        let internal = if network.internal { ", internal" } else { "" };
        let subnets: Vec<&String> = network.pools.iter().filter_map(|pool| pool.subnet.as_ref()).collect();
        writeln!(out, "\nnetwork {key}: {}{internal} {:?} {subnets:?}", network.name, network.driver_opts).unwrap();
    }
    for (key, volume) in &stack.volumes {
        writeln!(out, "\nvolume {key}: {}", volume.name).unwrap();
    }
    for finding in stack.warnings.iter().chain(&refusals(stack)) {
        writeln!(out, "\n{finding}").unwrap();
    }
    out
}

fn describe_service(service: &Service, out: &mut String) {
    let mut line = |name: &str, value: String| {
        if !value.is_empty() {
            writeln!(out, "  {name}: {value}").unwrap();
        }
    };
    line("image", service.image.clone().unwrap_or_default());
    if let Some(build) = &service.build {
        let inline = if build.dockerfile_inline.is_some() { " (inline)" } else { "" };
        let target = build.target.as_ref().map(|target| format!(" target {target}")).unwrap_or_default();
        let args = if build.args.is_empty() { String::new() } else { format!(" {:?}", build.args) };
        line("build", format!("{} {}{inline}{target}{args}", build.context.display(), build.dockerfile));
    }
    line("command", service.command.as_ref().map(|words| format!("{words:?}")).unwrap_or_default());
    line("entrypoint", service.entrypoint.as_ref().map(|words| format!("{words:?}")).unwrap_or_default());
    for (name, value) in &service.environment {
        line("env", value.as_ref().map_or_else(|| format!("{name} (not set)"), |value| format!("{name}={value}")));
    }
    for port in &service.ports {
        let ip = port.host_ip.as_ref().map(|ip| format!("{ip} ")).unwrap_or_default();
        let published = port.published.map_or("any".into(), |port| port.to_string());
        let udp = if port.protocol == Protocol::Udp { "/udp" } else { "" };
        line("port", format!("{ip}{published} -> {}{udp} (line {})", port.target, port.place.line));
    }
    line("expose", service.expose.join(" "));
    for mount in &service.mounts {
        let ro = if mount.read_only { " (ro)" } else { "" };
        let what = match &mount.kind {
            MountKind::Bind(path) => format!("bind {}", path.display()),
            MountKind::Volume(name) => format!("volume {name}"),
            MountKind::Anonymous => "anonymous".into(),
            MountKind::Tmpfs => "tmpfs".into(),
        };
        line("mount", format!("{what} -> {}{ro}", mount.target));
    }
    for network in &service.networks {
        let ip = network.ipv4_address.as_ref().map(|ip| format!(" at {ip}")).unwrap_or_default();
        let aliases =
            if network.aliases.is_empty() { String::new() } else { format!(" as {}", network.aliases.join(", ")) };
        line("network", format!("{}{aliases}{ip}", network.network));
    }
    for dependency in &service.depends_on {
        let condition = match dependency.condition {
            DependencyCondition::Started => "started",
            DependencyCondition::Healthy => "healthy",
            DependencyCondition::Completed => "completed",
        };
        let optional = if dependency.required { "" } else { " (optional)" };
        line("after", format!("{} {condition}{optional}", dependency.service));
    }
    if let Some(check) = &service.healthcheck {
        let times = [check.interval, check.timeout, check.start_period, check.start_interval];
        line("health", format!("{:?} {times:?} {:?}", check.test, check.retries));
    }
    if !service.labels.is_empty() {
        line("labels", format!("{:?}", service.labels));
    }
    let words = [
        ("restart", &service.restart),
        ("name", &service.container_name),
        ("hostname", &service.hostname),
        ("user", &service.user),
        ("dir", &service.working_dir),
        ("signal", &service.stop_signal),
        ("mode", &service.network_mode),
    ];
    for (name, value) in words {
        line(name, value.clone().unwrap_or_default());
    }
    line("hosts", service.extra_hosts.join(" "));
    line("tmpfs", service.tmpfs.join(" "));
    line("shm", service.shm_size.map(|size| size.to_string()).unwrap_or_default());
    line("grace", service.stop_grace_period.map(|grace| format!("{grace:?}")).unwrap_or_default());
    line("profiles", service.profiles.join(" "));
    let flags = [
        (service.init == Some(true), "init"),
        (service.tty, "tty"),
        (service.stdin_open, "stdin"),
        (service.read_only, "read-only"),
        (service.scale != 1, "scale is not 1"),
    ];
    line("flags", flags.iter().filter(|(set, _)| *set).map(|(_, name)| *name).collect::<Vec<_>>().join(" "));
}
