//! What the compose file publishes, and where the rows are kept.

use super::{Facts, Sources, joined};
use crate::compose::{MountKind, Port, Protocol, Service};

pub(super) fn read(sources: &Sources<'_>, front_port: u16, facts: &mut Facts) {
    let Some(stack) = sources.stack else { return };
    let front = stack.services.iter().find_map(|service| {
        let port = tcp(service).find(|port| port.published == Some(front_port))?;
        Some((service, port))
    });
    if let Some((service, port)) = front {
        facts.put("front.published", mapping(port), Some(port.place.clone()));
        facts.put("front.service", &service.name, Some(service.place.clone()));
        facts.put("front.target", port.target.to_string(), Some(port.place.clone()));
    }
    let parts = [("proxy", &sources.roles.proxy), ("app", &sources.roles.app), ("database", &sources.roles.database)];
    for (part, name) in parts {
        let Some(service) = sources.service(name.as_ref()) else { continue };
        let Some(first) = tcp(service).next() else { continue };
        facts.put(&format!("{part}.published"), joined(tcp(service).map(mapping)), Some(first.place.clone()));
        if part == "proxy" {
            let targets = joined(tcp(service).map(|port| port.target.to_string()));
            facts.put("proxy.target", targets, Some(first.place.clone()));
        }
    }
}

/// The named volume on which the database keeps its rows, and what it keeps them on at all: `volume`, `directory`, `memory`, or its
/// `container`.
pub(super) fn read_volume(sources: &Sources<'_>, facts: &mut Facts) {
    let Some(database) = sources.service(sources.roles.database.as_ref()) else { return };
    let mounted = |kind: fn(&MountKind) -> bool| database.mounts.iter().any(|mount| kind(&mount.kind));
    let kept_on = if mounted(|kind| matches!(kind, MountKind::Volume(_))) {
        "volume"
    } else if mounted(|kind| matches!(kind, MountKind::Bind(_))) {
        "directory"
    } else if mounted(|kind| matches!(kind, MountKind::Tmpfs)) {
        "memory"
    } else {
        "container"
    };
    facts.put("database.kept_on", kept_on, Some(database.place.clone()));
    for mount in &database.mounts {
        if let MountKind::Volume(key) = &mount.kind {
            return facts.put("database.volume", key, Some(mount.place.clone()));
        }
    }
}

fn tcp(service: &Service) -> impl Iterator<Item = &Port> {
    service.ports.iter().filter(|port| port.protocol == Protocol::Tcp)
}

/// `8080:80`; a port of the engine's choice is `0`, as compose shows it.
fn mapping(port: &Port) -> String {
    format!("{}:{}", port.published.unwrap_or_default(), port.target)
}
