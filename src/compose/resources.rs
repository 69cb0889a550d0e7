//! `networks:`, `volumes:`, `secrets:` and `configs:` at the left margin.

use std::{collections::BTreeMap, net::IpAddr, path::PathBuf};

use super::{
    desk::Desk,
    expand::Variables,
    keys,
    model::{Asked, Network, Volume},
    mounts::host_path,
    yaml::{Entry, Node, Value},
};

/// The option that says which bridge of the host a network is.
const BRIDGE_NAME: &str = "com.docker.network.bridge.name";

/// The lines of a section.
fn section<'n>(node: &'n Node, name: &str, desk: &mut Desk) -> &'n [Entry] {
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
fn external(entry: &Entry, what: &str, desk: &mut Desk) -> (bool, Option<String>) {
    let (external, name) = match &entry.node.value {
        Value::Map(_) => (true, entry.node.get("name").and_then(|node| desk.string(node, "name"))),
        _ => (desk.boolean(&entry.node, "external").unwrap_or(false), None),
    };
    if external {
        desk.refuse(entry.spot, format!("{what} is external"), "it belongs to other stacks, too");
    }
    (external, name)
}

fn options(node: &Node, desk: &mut Desk) -> BTreeMap<String, String> {
    match &node.value {
        Value::Map(entries) => entries
            .iter()
            .filter_map(|entry| Some((entry.key.clone(), desk.scalar(&entry.node, &entry.key)?)))
            .collect(),
        Value::Null => BTreeMap::new(),
        _ => {
            desk.wrong_kind(node, "driver_opts", "a map", "`name: value` lines, indented below it");
            BTreeMap::new()
        }
    }
}

/// The networks of a project.
pub(super) fn networks(node: &Node, project: &str, desk: &mut Desk) -> BTreeMap<String, Network> {
    let mut networks = BTreeMap::new();
    for entry in section(node, "networks", desk) {
        let what = format!("network `{}`", entry.key);
        let mut network = Network { place: desk.place(entry.spot), ..Network::default() };
        let mut name = None;
        let mut external_name = None;
        for line in desk.entries(&entry.node, &what, keys::NETWORK) {
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
                    network.driver_opts = options(value, desk);
                    if network.driver_opts.contains_key(BRIDGE_NAME) {
                        desk.refuse(line.spot, format!("{what} names a bridge of the host"), "others may be on it");
                    }
                }
                "ipam" => network.subnets = subnets(value, desk),
                _ => network.labels = desk.labels(value, "labels"),
            }
        }
        network.name = name.or(external_name).unwrap_or_else(|| default_name(project, &entry.key, network.external));
        networks.insert(entry.key.clone(), network);
    }
    networks
}

/// What compose calls a network or volume of the project without a `name:`.
pub(super) fn default_name(project: &str, key: &str, external: bool) -> String {
    if external { key.to_string() } else { format!("{project}_{key}") }
}

fn subnets(node: &Node, desk: &mut Desk) -> Vec<String> {
    let Some(config) = node.get("config") else { return vec![] };
    let mut subnets = vec![];
    for item in desk.list(config, "config", "`- subnet: 172.28.0.0/16`") {
        if let Some(subnet) = item.get("subnet")
            && let Some(text) = desk.string(subnet, "subnet")
        {
            let good = text.split_once('/').is_some_and(|(address, bits)| {
                address.parse::<std::net::IpAddr>().is_ok() && bits.parse::<u8>().is_ok_and(|bits| bits <= 128)
            });
            if !good {
                desk.error(subnet.spot, format!("`{text}` is not a subnet"), "write `172.28.0.0/16`");
            }
            if good && !is_private(&text) {
                let why = "a network takes its addresses from the host: 10.…, 172.16.… to 172.31.… or 192.168.…, at most a /16";
                desk.refuse(subnet.spot, format!("the subnet `{text}` holds addresses of others"), why);
            }
            subnets.push(text);
        }
    }
    subnets
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
pub(super) fn volumes(node: &Node, project: &str, desk: &mut Desk) -> BTreeMap<String, Volume> {
    let mut volumes = BTreeMap::new();
    for entry in section(node, "volumes", desk) {
        let what = format!("volume `{}`", entry.key);
        let mut volume = Volume { place: desk.place(entry.spot), ..Volume::default() };
        let mut name = None;
        let mut external_name = None;
        for line in desk.entries(&entry.node, &what, keys::VOLUME) {
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
                    volume.driver_opts = options(value, desk);
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
        volume.name = name.or(external_name).unwrap_or_else(|| default_name(project, &entry.key, volume.external));
        volumes.insert(entry.key.clone(), volume);
    }
    volumes
}

/// The files of `secrets:` or `configs:`; nothing for those that come from elsewhere.
pub(super) fn secrets(
    node: &Node,
    name: &str,
    variables: &Variables,
    desk: &mut Desk,
) -> BTreeMap<String, Option<PathBuf>> {
    let mut secrets = BTreeMap::new();
    for entry in section(node, name, desk) {
        let what = format!("`{}` of {name}", entry.key);
        let mut path = None;
        for line in desk.entries(&entry.node, &what, keys::SECRET) {
            if line.key == "external" {
                external(line, &what, desk);
                continue;
            }
            let Some(file) = desk.string(&line.node, "file") else { continue };
            let absolute = host_path(&file, line.node.spot, variables, desk);
            desk.ask(Asked::Secret, &absolute, line.node.spot);
            if !absolute.exists() {
                desk.error(line.node.spot, format!("the file `{file}` is not there"), "a file at that path");
            }
            path = Some(absolute);
        }
        secrets.insert(entry.key.clone(), path);
    }
    secrets
}
