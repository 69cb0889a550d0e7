//! Reads the [`Settings`] of a service.

use std::collections::BTreeMap;

use super::{
    decode::is_nothing,
    diagnostics::Diagnostics,
    scalar::Scalar,
    settings::Settings,
    yaml::{Entry, Node, Value},
};

impl Settings {
    /// Reads a key that belongs here; false for one that does not.
    pub(super) fn read(&mut self, line: &Entry, desk: &mut Diagnostics) -> bool {
        let (key, node) = (line.key.as_str(), &line.node);
        match key {
            "mem_limit" => self.memory = desk.bytes(node, key).filter(|bytes| *bytes != 0),
            "mem_reservation" => self.memory_reservation = desk.bytes(node, key).filter(|bytes| *bytes != 0),
            "memswap_limit" => self.memory_swap = swap(node, desk),
            "mem_swappiness" => self.memory_swappiness = desk.bytes(node, key),
            "cpus" => self.nano_cpus = cpus(node, key, desk),
            "cpu_shares" => self.cpu_shares = number(node, key, desk),
            "cpu_period" => self.cpu_period = number(node, key, desk),
            "cpu_quota" => self.cpu_quota = number(node, key, desk),
            "cpu_rt_period" => self.cpu_rt_period = number(node, key, desk),
            "cpu_rt_runtime" => self.cpu_rt_runtime = number(node, key, desk),
            "cpuset" => self.cpuset = desk.string(node, key),
            "pids_limit" => self.pids = number(node, key, desk).filter(|most| *most != 0),
            "oom_kill_disable" => self.oom_kill_disable = desk.boolean(node, key).unwrap_or(false),
            "oom_score_adj" => self.oom_score_adj = number(node, key, desk),
            "ulimits" => self.ulimits = ulimits(node, desk),
            "cap_add" => self.cap_add = desk.strings(node, key, ""),
            "cap_drop" => self.cap_drop = desk.strings(node, key, ""),
            "privileged" => self.privileged = desk.boolean(node, key).unwrap_or(false),
            "security_opt" => self.security_opt = desk.strings(node, key, ""),
            "sysctls" => self.sysctls = desk.labels(node, key),
            "devices" => self.devices = devices(node, desk),
            "device_cgroup_rules" => self.device_cgroup_rules = desk.strings(node, key, ""),
            "group_add" => self.group_add = scalars(node, key, desk),
            "dns" => self.dns = desk.string_or_list(node, key).into_iter().filter(|dns| !dns.is_empty()).collect(),
            "dns_opt" => self.dns_opt = desk.strings(node, key, ""),
            "dns_search" => self.dns_search = desk.string_or_list(node, key),
            "domainname" => self.domainname = desk.string(node, key),
            "mac_address" => self.mac_address = desk.string(node, key),
            "cgroup_parent" => self.cgroup_parent = desk.string(node, key),
            "runtime" => self.runtime = desk.string(node, key),
            "logging" => self.logging = logging(node, desk),
            "storage_opt" => self.storage_opt = desk.options(node, key),
            "annotations" => self.annotations = desk.labels(node, key),
            _ => return false,
        }
        true
    }

    /// `deploy.resources`: the same limits in other words. Two that differ are an error to compose.
    pub(super) fn resources(&mut self, resources: &Node, desk: &mut Diagnostics) {
        if let Some(limits) = resources.entry("limits").filter(|limits| !is_nothing(&limits.node)) {
            let at = |key| limits.node.get(key);
            let memory = at("memory").and_then(|node| desk.bytes(node, "deploy.resources.limits.memory"));
            let cpus = at("cpus").and_then(|node| cpus(node, "deploy.resources.limits.cpus", desk));
            let pids = at("pids").and_then(|node| number(node, "deploy.resources.limits.pids", desk));
            settle(&mut self.memory, memory, limits, ["mem_limit", "memory"], desk);
            settle(&mut self.nano_cpus, cpus, limits, ["cpus", "cpus"], desk);
            settle(&mut self.pids, pids, limits, ["pids_limit", "pids"], desk);
        }
        if let Some(reserved) = resources.entry("reservations").filter(|reserved| !is_nothing(&reserved.node)) {
            let memory = reserved.node.get("memory");
            let memory = memory.and_then(|node| desk.bytes(node, "deploy.resources.reservations.memory"));
            settle(&mut self.memory_reservation, memory, reserved, ["mem_reservation", "memory"], desk);
            if let Some(cpus) = reserved.node.entry("cpus") {
                let message = "`deploy.resources.reservations.cpus` is for a swarm: it does nothing here";
                desk.warn(cpus.spot, message, "`limits`, or nothing");
            }
        }
    }
}

/// Takes the value of `deploy`, and tells when the service's own key says another one.
fn settle(own: &mut Option<i64>, deploy: Option<i64>, at: &Entry, keys: [&str; 2], desk: &mut Diagnostics) {
    let deploy = deploy.filter(|value| *value != 0);
    if own.is_some() && *own != deploy {
        let [key, other] = keys;
        let message = format!("`{key}` and `deploy.resources.{}.{other}` say different things", at.key);
        desk.error(at.spot, message, "one of the two");
    }
    if deploy.is_some() {
        *own = deploy;
    }
}

fn number(node: &Node, name: &str, desk: &mut Diagnostics) -> Option<i64> {
    let Value::Text(text) = &node.value else { return desk.integer(node, name, i64::MIN, i64::MAX) };
    match text.text.parse::<f64>() {
        // Compose drops what stands behind the point.
        Ok(value) if text.text.contains(['.', 'e', 'E']) && value.is_finite() => Some(value as i64),
        _ => desk.integer(node, name, i64::MIN, i64::MAX),
    }
}

fn cpus(node: &Node, name: &str, desk: &mut Diagnostics) -> Option<i64> {
    let Value::Text(text) = &node.value else {
        desk.string(node, name);
        return None;
    };
    match text.text.parse::<f32>() {
        Ok(cpus) if cpus.is_finite() => Some((f64::from(cpus) * 1e9).round() as i64).filter(|cpus| *cpus != 0),
        _ => {
            let message = format!("`{name}` is `{}`, not a number of processors", text.text);
            desk.error(node.spot, message, "write `0.5`, `2`");
            None
        }
    }
}

fn swap(node: &Node, desk: &mut Diagnostics) -> Option<i64> {
    match &node.value {
        Value::Text(text) if text.plain && text.text == "-1" => Some(-1),
        _ => desk.bytes(node, "memswap_limit").filter(|bytes| *bytes != 0),
    }
}

/// `nofile: 1024`, or `nofile: {soft: 1024, hard: 2048}`.
fn ulimits(node: &Node, desk: &mut Diagnostics) -> BTreeMap<String, (i64, i64)> {
    let Value::Map(entries) = &node.value else {
        if node.value != Value::Null {
            desk.wrong_kind(node, "ulimits", "a map", "`nofile: 1024`");
        }
        return BTreeMap::new();
    };
    let mut limits = BTreeMap::new();
    for entry in entries.iter().filter(|entry| !entry.key.starts_with("x-")) {
        let limit = match &entry.node.value {
            Value::Map(_) => {
                let mut part = |key| entry.node.get(key).and_then(|node| number(node, key, desk));
                part("soft").zip(part("hard"))
            }
            _ => number(&entry.node, &entry.key, desk).map(|limit| (limit, limit)),
        };
        limits.extend(limit.map(|limit| (entry.key.clone(), limit)));
    }
    limits
}

/// `/dev/a[:/dev/b[:rwm]]`, or a map of the three.
fn devices(node: &Node, desk: &mut Diagnostics) -> Vec<[String; 3]> {
    let mut devices = vec![];
    for item in desk.list(node, "devices", "`- /dev/fuse` on a line of its own") {
        let device = match &item.value {
            Value::Map(_) => {
                if item.get("target").is_none() {
                    desk.general_error(item.mark(), "this device has no `target`", "`target: /dev/…`");
                }
                let mut part = |key| item.get(key).and_then(|node| desk.string(node, key));
                let source = part("source").unwrap_or_default();
                let target = part("target").unwrap_or_else(|| source.clone());
                [source, target, part("permissions").unwrap_or_default()]
            }
            _ => {
                let Some(text) = desk.string(item, "an entry of devices") else { continue };
                let parts: Vec<&str> = text.split(':').collect();
                if parts.len() > 3 {
                    let message = format!("`{text}` is not a device: too many colons");
                    desk.error(item.spot, message, "`/dev/here:/dev/there:rwm`");
                    continue;
                }
                let part = |at: usize| parts.get(at).filter(|part| !part.is_empty()).map(|part| (*part).to_string());
                let source = part(0).unwrap_or_default();
                [source.clone(), part(1).unwrap_or(source), part(2).unwrap_or_else(|| "rwm".into())]
            }
        };
        devices.push(device);
    }
    devices
}

fn scalars(node: &Node, name: &str, desk: &mut Diagnostics) -> Vec<String> {
    let items = desk.list(node, name, "");
    for item in items
        .iter()
        .filter(|item| matches!(&item.value, Value::Text(text) if matches!(text.scalar(), Scalar::Float(_))))
    {
        desk.general_error(item.spot, format!("an entry of `{name}` has a point"), "a name, or a whole number");
    }
    items.iter().filter_map(|item| desk.scalar(item, &format!("an entry of {name}"))).collect()
}

fn logging(node: &Node, desk: &mut Diagnostics) -> Option<(String, BTreeMap<String, String>)> {
    if !matches!(node.value, Value::Map(_)) {
        return None;
    }
    let driver = node.get("driver").and_then(|node| desk.string(node, "driver")).unwrap_or_default();
    let options = node.get("options").map(|node| desk.options(node, "options")).unwrap_or_default();
    Some((driver, options))
}
