//! Ports that are taken or not allowed, and where they go instead.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::TcpListener,
};

use bollard::models::{ContainerInspectResponse, ContainerSummary};

use crate::engine::{
    Engine, MovedPort, PortStyle,
    containers::{
        inventory::{asked_ports, ports_of},
        spec::host_address,
    },
    labels,
};
use crate::{
    compose::{Port, PublishedPort, Service},
    error::{Error, Result},
};

/// Why a container's port could not be bound, as engines say it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    Taken,
    NotAllowed,
}

/// Reads the refusal of a port out of the engine's words at a container's start.
pub(crate) fn refusal(message: &str) -> Option<Refusal> {
    let message = message.to_lowercase();
    let about_port = ["bind", "listen", "expose", "port", "forward"].iter().any(|word| message.contains(word));
    if message.contains("port is already allocated") || message.contains("ports are not available") {
        return Some(Refusal::Taken);
    }
    if message.contains("address already in use") && about_port {
        return Some(Refusal::Taken);
    }
    let not_allowed = message.contains("cannot expose privileged port")
        || (message.contains("permission denied") && (message.contains("bind:") || message.contains("listen ")));
    not_allowed.then_some(Refusal::NotAllowed)
}

/// The ports of the file that a refusal names; all of them where it names none.
pub(crate) fn named(message: &str, service: &Service, moved: &BTreeMap<u16, u16>) -> Vec<u16> {
    let published: Vec<u16> = service.ports.iter().filter_map(|port| port.published).collect();
    let numbers: BTreeSet<u16> = message
        .split(|c: char| !c.is_ascii_digit() && c != '.')
        .filter_map(|part| part.trim_matches('.').parse().ok())
        .collect();
    let hit = |port: &&u16| numbers.contains(moved.get(port).unwrap_or(port));
    let hits: Vec<u16> = published.iter().filter(hit).copied().collect();
    if hits.is_empty() { published } else { hits }
}

/// A free number for a port: the file's number plus 10,000 where that is free, since it is easy to remember.
pub(crate) fn another(port: u16, tried: &BTreeSet<u16>) -> Result<u16> {
    let near = (1..=5).filter_map(|step| port.checked_add(10_000 * step));
    let usable = |candidate: &u16| !tried.contains(candidate) && can_bind("127.0.0.1", *candidate);
    if let Some(candidate) = near.into_iter().find(usable) {
        return Ok(candidate);
    }
    TcpListener::bind(("127.0.0.1", 0))
        .and_then(|listener| listener.local_addr())
        .map(|address| address.port())
        .map_err(|error| Error::environment(format!("no free port instead of {port} was found")).because(error))
}

fn can_bind(address: &str, port: u16) -> bool {
    TcpListener::bind((address, port)).is_ok()
}

/// Two services of one file that ask for the same port of the host: one of them can never start.
pub(crate) fn refuse_doubles(services: &[&Service]) -> Result<()> {
    let mut seen: BTreeMap<(u16, &str), (&str, &Port)> = BTreeMap::new();
    for service in services {
        for port in &service.ports {
            let Some(number) = port.published else { continue };
            let protocol = if port.protocol == Default::default() { "tcp" } else { "udp" };
            match seen.get(&(number, protocol)) {
                Some((other, first))
                    if addresses_meet(first, port) && !(*other == service.name && first.target == port.target) =>
                {
                    let who = if *other == service.name {
                        format!("{} publishes port {number} of the host twice", service.name)
                    } else {
                        format!("{other} and {} both publish port {number} of the host", service.name)
                    };
                    let place = &port.place;
                    return Err(Error::stack(who)
                        .why(format!(
                            "{}:{}: a port of the host leads to one container",
                            place.file.display(),
                            place.line
                        ))
                        .suggest("give one of them another number on the left of the colon"));
                }
                Some(_) => {}
                None => {
                    seen.insert((number, protocol), (&service.name, port));
                }
            }
        }
    }
    Ok(())
}

fn addresses_meet(one: &Port, other: &Port) -> bool {
    let any =
        |address: &Option<String>| address.as_deref().is_none_or(|address| matches!(address, "0.0.0.0" | "::" | ""));
    any(&one.host_ip) || any(&other.host_ip) || one.host_ip == other.host_ip
}

impl Engine {
    /// Whether a port that was moved could go back to the file's number.
    pub(crate) fn could_move_back(&self, service: &Service, there: &ContainerInspectResponse) -> Option<u16> {
        if !self.is_local() {
            return None;
        }
        moved_ports(service, PortStyle::AsWritten, there, "").into_iter().map(|moved| moved.from).find(|from| {
            service.ports.iter().any(|port| {
                port.published == Some(*from) && can_bind(&host_address(self, port, PortStyle::AsWritten), *from)
            })
        })
    }

    /// Who of this project holds a port of the host.
    pub(crate) async fn own_holder(&self, project: &str, service: &str, port: u16) -> Result<Option<String>> {
        let listed = self.list_by_label(labels::PROJECT, project).await?;
        let holds = |summary: &ContainerSummary| {
            let ports = summary.ports.iter().flatten();
            ports.into_iter().any(|held| held.public_port == Some(port))
        };
        let name = |summary: &ContainerSummary| summary.labels.as_ref()?.get(labels::SERVICE).cloned();
        Ok(listed.iter().filter(|summary| holds(summary)).filter_map(name).find(|name| name != service))
    }
}

/// The ports that are published on another number than the file's.
pub(crate) fn moved_ports(
    service: &Service,
    style: PortStyle,
    there: &ContainerInspectResponse,
    why: &str,
) -> Vec<MovedPort> {
    let mut actual = ports_of(there);
    if actual.is_empty() && style == PortStyle::AsWritten {
        // It does not run: what it asks for is what it will get.
        actual = asked_ports(there);
    }
    let mut moved = Vec::new();
    // Ports that are where the file wants them are no candidates for the others.
    let mut others: Vec<&Port> = Vec::new();
    for port in &service.ports {
        let at = actual.iter().position(|there| there.target == port.target && Some(there.host) == port.published);
        match at {
            Some(at) => drop(actual.remove(at)),
            None => others.push(port),
        }
    }
    for port in others {
        let Some(from) = port.published else { continue };
        let Some(at) = actual.iter().position(|there| there.target == port.target) else { continue };
        let PublishedPort { target, host: to, .. } = actual.remove(at);
        moved.push(MovedPort { service: service.name.clone(), from, to, target, why: why.to_owned() });
    }
    moved
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Blame;

    fn service(name: &str, ports: &[(u16, u16)]) -> Service {
        let ports = ports.iter().map(|(host, target)| Port {
            host_ip: None,
            published: Some(*host),
            target: *target,
            protocol: Default::default(),
            place: Default::default(),
        });
        Service { name: name.into(), ports: ports.collect(), ..Default::default() }
    }

    #[test]
    fn engines_words_for_a_refused_port() {
        for taken in [
            "driver failed programming external connectivity on endpoint x: Bind for 127.0.0.1:8080 failed: port is already allocated",
            "Error starting userland proxy: listen tcp4 127.0.0.1:8080: bind: address already in use",
            "failed to bind host port for 127.0.0.1:8080:172.18.0.2:80/tcp: address already in use",
            "Ports are not available: exposing port TCP 127.0.0.1:8080 -> 0.0.0.0:0: listen tcp: bind: address in use",
        ] {
            assert_eq!(refusal(taken), Some(Refusal::Taken), "{taken}");
            assert_eq!(named(taken, &service("nginx", &[(8080, 80), (9, 9)]), &BTreeMap::new()), [8080], "{taken}");
        }
        let rootless =
            "error while calling PortManager.AddPort(): cannot expose privileged port 80, you might need to add";
        assert_eq!(refusal(rootless), Some(Refusal::NotAllowed));
        assert_eq!(refusal("listen tcp 127.0.0.1:80: bind: permission denied"), Some(Refusal::NotAllowed));
        assert_eq!(refusal("exec: \"./run.sh\": permission denied: unknown"), None);
        assert_eq!(refusal("no such image"), None);
    }

    #[test]
    fn one_port_leads_to_one_service() {
        let (a, b) = (service("nginx", &[(8080, 80)]), service("flaskapp", &[(8080, 5000)]));
        let error = refuse_doubles(&[&a, &b]).unwrap_err();
        assert_eq!(error.blame, Blame::Stack);
        assert!(error.what.contains("nginx and flaskapp both publish port 8080"));
        let mut c = service("flaskapp", &[(8080, 5000)]);
        c.ports[0].host_ip = Some("127.0.0.2".into());
        let mut d = a.clone();
        d.ports[0].host_ip = Some("127.0.0.1".into());
        assert_eq!(refuse_doubles(&[&d, &c]), Ok(()));
        assert_eq!(refuse_doubles(&[&a, &service("x", &[(8081, 80)])]), Ok(()));
    }

    #[test]
    fn a_moved_port_is_easy_to_remember_unless_taken() {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let taken = listener.local_addr().unwrap().port();
        assert!(another(taken, &BTreeSet::new()).is_ok_and(|port| port != taken));
        let first = another(8099, &BTreeSet::new()).unwrap();
        assert_ne!(another(8099, &BTreeSet::from([first])).unwrap(), first);
    }
}
