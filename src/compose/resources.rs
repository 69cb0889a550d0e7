//! `networks:`, `volumes:`, `secrets:` and `configs:` at the left margin.

use std::{collections::BTreeMap, net::IpAddr};

use super::{
    diagnostics::Diagnostics,
    interpolate::Variables,
    layers::RESOLVED,
    model::{AddressPool, Asked, Network, Volume},
    mounts::host_path,
    schema,
    secret_source::SecretSource,
    yaml::{Entry, Node, Value},
};

/// The option that says which bridge of the host a network is.
const BRIDGE_NAME: &str = "com.docker.network.bridge.name";

/// The lines of a section.
fn section<'n>(node: &'n Node, name: &str, desk: &mut Diagnostics) -> &'n [Entry] {
    match &node.value {
        Value::Map(entries) => entries,
        Value::Null => &[],
        _ => {
            desk.wrong_kind(node, name, "a map", "`name:` lines, indented below it");
            &[]
        }
    }
}

/// `external: true`, or the old form `external: {name: …}`.
fn external(entry: &Entry, what: &str, desk: &mut Diagnostics) -> (bool, Option<String>) {
    let (external, name) = match &entry.node.value {
        Value::Map(_) => (true, entry.node.get("name").and_then(|node| desk.string(node, "name"))),
        _ => (desk.boolean(&entry.node, "external").unwrap_or(false), None),
    };
    if external {
        desk.refuse(entry.spot, format!("{what} is external"), "it belongs to other stacks, too");
    }
    (external, name)
}

/// The networks of a project.
pub(super) fn networks(node: &Node, project: &str, desk: &mut Diagnostics) -> BTreeMap<String, Network> {
    let mut networks = BTreeMap::new();
    for entry in section(node, "networks", desk) {
        let what = format!("network `{}`", entry.key);
        let mut network = Network { place: desk.files.place(entry.spot), ..Network::default() };
        let mut name = None;
        let mut external_name = None;
        for line in desk.entries(&entry.node, &what, schema::NETWORK) {
            let value = &line.node;
            match line.key.as_str() {
                "name" => name = desk.string(value, "name"),
                "external" => (network.external, external_name) = external(line, &what, desk),
                "internal" => network.internal = desk.boolean(value, "internal").unwrap_or(false),
                "driver" => {
                    network.driver = desk.string(value, "driver");
                    if let Some(driver) = network.driver.as_deref()
                        && !matches!(driver, "bridge" | "default" | "")
                    {
                        desk.refuse(
                            line.spot,
                            format!("{what} asks for the driver `{driver}`"),
                            "it reaches the host's own network",
                        );
                    }
                }
                "driver_opts" => {
                    network.driver_opts = desk.options(value, "driver_opts");
                    if network.driver_opts.contains_key(BRIDGE_NAME) {
                        desk.refuse(line.spot, format!("{what} names a bridge of the host"), "others may be on it");
                    }
                }
                "ipam" => ipam(value, &mut network, desk),
                "attachable" => network.attachable = desk.boolean(value, "attachable").unwrap_or(false),
                "enable_ipv6" => network.enable_ipv6 = desk.boolean(value, "enable_ipv6"),
                _ => network.labels = desk.labels(value, "labels"),
            }
        }
        network.name = name.or(external_name).unwrap_or_else(|| default_name(project, &entry.key, network.external));
        networks.insert(entry.key.clone(), network);
    }
    networks
}

/// Of what is external, compose takes only the name, and that from one place.
fn alone(entry: &Entry, is_external: bool, name: &Option<String>, old: &Option<String>, desk: &mut Diagnostics) {
    let Value::Map(keys) = &entry.node.value else { return };
    let kept = |key: &&Entry| matches!(key.key.as_str(), "name" | "external") || key.key.starts_with("x-");
    if let Some(other) = keys.iter().find(|key| !kept(key)).filter(|_| is_external) {
        let message = format!("`{}` is external, and has `{}`", entry.key, other.key);
        desk.error(other.spot, message, "`external: true` and `name:` alone");
    }
    if let (Some(name), Some(old)) = (name, old)
        && name != old
    {
        desk.error(entry.spot, format!("`{}` has two names: `{name}` and `{old}`", entry.key), "`name:` alone");
    }
}

/// What compose calls a network or volume of the project without a `name:`.
pub(super) fn default_name(project: &str, key: &str, external: bool) -> String {
    if external { key.to_string() } else { format!("{project}_{key}") }
}

fn ipam(node: &Node, network: &mut Network, desk: &mut Diagnostics) {
    for line in desk.entries(node, "ipam", schema::IPAM) {
        match line.key.as_str() {
            "driver" => {
                network.ipam_driver = desk.string(&line.node, "driver").filter(|driver| !driver.is_empty());
                if network.ipam_driver.as_deref().is_some_and(|driver| driver != "default") {
                    desk.refuse(line.spot, "a network asks for a driver of addresses", "it reaches beyond this stack");
                }
            }
            _ => {
                for item in desk.list(&line.node, "config", "`- subnet: 172.28.0.0/16`") {
                    let pool = pool(item, desk);
                    network.pools.push(pool);
                }
            }
        }
    }
}

fn pool(item: &Node, desk: &mut Diagnostics) -> AddressPool {
    let mut pool = AddressPool::default();
    for line in desk.entries(item, "an entry of config", schema::POOL) {
        let (key, value) = (line.key.as_str(), &line.node);
        match key {
            "subnet" => pool.subnet = desk.string(value, key).inspect(|subnet| subnet_is_good(subnet, value, desk)),
            "ip_range" => pool.ip_range = desk.string(value, key),
            "gateway" => pool.gateway = desk.string(value, key),
            _ => pool.aux_addresses = desk.options(value, key),
        }
    }
    pool
}

fn subnet_is_good(text: &str, node: &Node, desk: &mut Diagnostics) {
    let good = text.split_once('/').is_some_and(|(address, bits)| {
        address.parse::<IpAddr>().is_ok() && bits.parse::<u8>().is_ok_and(|bits| bits <= 128)
    });
    if !good {
        desk.error(node.spot, format!("`{text}` is not a subnet"), "write `172.28.0.0/16`");
    } else if !is_private(text) {
        let why = "a network takes its addresses from the host: 10.…, 172.16.… to 172.31.… or 192.168.…, at most a /16";
        desk.refuse(node.spot, format!("the subnet `{text}` holds addresses of others"), why);
    }
}

/// Whether all addresses of a subnet are for private use, and not too many.
fn is_private(subnet: &str) -> bool {
    let Some((address, bits)) = subnet.split_once('/') else { return false };
    match (address.parse(), bits.parse::<u8>()) {
        (Ok(IpAddr::V4(address)), Ok(bits)) => bits >= 16 && address.is_private(),
        (Ok(IpAddr::V6(address)), Ok(bits)) => bits >= 48 && address.is_unique_local(),
        _ => false,
    }
}

/// The named volumes of a project.
pub(super) fn volumes(
    node: &Node,
    project: &str,
    variables: &Variables,
    desk: &mut Diagnostics,
) -> BTreeMap<String, Volume> {
    let mut volumes = BTreeMap::new();
    for entry in section(node, "volumes", desk) {
        let what = format!("volume `{}`", entry.key);
        let mut volume = Volume { place: desk.files.place(entry.spot), ..Volume::default() };
        let mut name = None;
        let mut external_name = None;
        for line in desk.entries(&entry.node, &what, schema::VOLUME) {
            let value = &line.node;
            match line.key.as_str() {
                "name" => name = desk.string(value, "name"),
                "external" => (volume.external, external_name) = external(line, &what, desk),
                "driver" => {
                    volume.driver = desk.string(value, "driver");
                    if let Some(driver) = volume.driver.as_deref()
                        && !matches!(driver, "local" | "default" | "")
                    {
                        desk.refuse(
                            line.spot,
                            format!("{what} asks for the driver `{driver}`"),
                            "it brings in what is elsewhere",
                        );
                    }
                }
                "driver_opts" => {
                    volume.driver_opts = desk.options(value, "driver_opts");
                    let option = |name| volume.driver_opts.get(name).map_or("", String::as_str);
                    let (device, kind) = (option("device"), option("type"));
                    // With `o: bind`, the kernel takes the device whatever the type says.
                    let binds = option("o").split(',').any(|word| matches!(word.trim(), "bind" | "rbind"));
                    if !device.is_empty() && (kind != "tmpfs" || binds) {
                        let why = "its `driver_opts` bring in what is on the host or elsewhere";
                        desk.refuse(line.spot, format!("{what} mounts `{device}` ({kind})"), why);
                    }
                }
                _ => volume.labels = desk.labels(value, "labels"),
            }
        }
        alone(entry, volume.external, &name, &external_name, desk);
        if volume.driver.as_deref() == Some("local")
            && volume.driver_opts.get("o").is_some_and(|option| option == "bind")
            && let Some(device) = volume.driver_opts.get_mut("device")
        {
            *device = host_path(device, entry.spot, variables, desk).display().to_string();
        }
        volume.name = name.or(external_name).unwrap_or_else(|| default_name(project, &entry.key, volume.external));
        volumes.insert(entry.key.clone(), volume);
    }
    volumes
}

/// The entries of `secrets:` or `configs:`. That a file is there is asked of those that a service uses.
pub(super) fn secrets(
    node: &Node,
    name: &str,
    variables: &Variables,
    desk: &mut Diagnostics,
) -> BTreeMap<String, SecretSource> {
    let mut secrets = BTreeMap::new();
    for entry in section(node, name, desk) {
        let what = format!("`{}` of {name}", entry.key);
        let mut sources: Vec<(&str, SecretSource)> = vec![];
        let mut elsewhere = false;
        for line in desk.entries(&entry.node, &what, schema::SECRET) {
            let (key, value) = (line.key.as_str(), &line.node);
            match key {
                "external" => elsewhere |= external(line, &what, desk).0,
                "driver" => elsewhere = true,
                "file" => {
                    let Some(file) = desk.string(value, key) else { continue };
                    let path = host_path(&file, value.spot, variables, desk);
                    desk.ask(Asked::Secret, &path, value.spot);
                    sources.push((key, SecretSource::File(path, value.spot)));
                }
                "environment" => {
                    let Some(variable) = desk.string(value, key) else { continue };
                    let source = variables.get(&variable).map_or(SecretSource::Unset(variable), SecretSource::Text);
                    sources.push((key, source));
                }
                _ => sources.extend(desk.string(value, key).map(|content| (key, SecretSource::Text(content)))),
            }
        }
        // An included file's variable is filled in already.
        let resolved = match entry.node.get(RESOLVED).map(|node| &node.value) {
            Some(Value::Text(text)) => Some(SecretSource::Text(text.text.clone())),
            _ => None,
        };
        if let [(one, _), (other, _), ..] = sources.as_slice() {
            let message = format!("{what} comes from both `{one}` and `{other}`");
            desk.error(entry.spot, message, "one of the two");
        } else if sources.is_empty()
            && resolved.is_none()
            && entry.node.get("external").is_none()
            && !(elsewhere && name == "configs")
        {
            let content = if name == "configs" { ", `content:`" } else { "" };
            let expected = format!("`file:`, `environment:`{content}");
            desk.error(entry.spot, format!("{what} comes from nowhere"), expected);
        }
        let source = resolved.or_else(|| sources.pop().map(|(_, source)| source)).unwrap_or(SecretSource::Elsewhere);
        secrets.insert(entry.key.clone(), source);
    }
    secrets
}
