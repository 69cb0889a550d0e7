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
    let roles = [("nginx", &sources.roles.proxy), ("flaskapp", &sources.roles.app), ("db", &sources.roles.database)];
    for (role, name) in roles {
        let Some(service) = sources.service(name.as_ref()) else { continue };
        let Some(first) = tcp(service).next() else { continue };
        facts.put(&format!("{role}.published"), joined(tcp(service).map(mapping)), Some(first.place.clone()));
        if role == "nginx" {
            let targets = joined(tcp(service).map(|port| port.target.to_string()));
            facts.put("nginx.target", targets, Some(first.place.clone()));
        }
    }
}

/// The named volume on which the database keeps its rows.
pub(super) fn read_volume(sources: &Sources<'_>, facts: &mut Facts) {
    let Some(database) = sources.service(sources.roles.database.as_ref()) else { return };
    for mount in &database.mounts {
        if let MountKind::Volume(key) = &mount.kind {
            return facts.put("db.volume", key, Some(mount.place.clone()));
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
