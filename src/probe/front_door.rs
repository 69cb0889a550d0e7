//! Who is behind the port that the story's browser asks.

use super::{
    FrontDoor,
    prober::{HostPorts, Part, Prober},
};
use crate::{
    compose::{Port, Protocol},
    engine::{Container, ServiceState},
};

/// Who is behind the port that the story's browser asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Front {
    /// This service's container publishes it, reachable here at this number.
    Published { door: FrontDoor, at: u16 },
    /// The file lets this service publish it, but its container does not run.
    Down(FrontDoor),
    /// Nobody, only these are published.
    Nobody(Vec<String>),
}

impl Prober {
    /// Who is behind the story's port.
    pub(super) fn front(&self, containers: &[Container], ports: &HostPorts) -> Front {
        let mut front = self.published_front(containers, ports);
        if let Front::Published { door, .. } | Front::Down(door) = &mut front
            && self.shares_its_network(door)
        {
            door.service = self.service(Part::Proxy).to_owned();
        }
        front
    }

    /// Whether the proxy listens there in the network place of the service that publishes the port (`network_mode: service:…`).
    fn shares_its_network(&self, door: &FrontDoor) -> bool {
        let mode = self.stack.service(self.service(Part::Proxy)).and_then(|proxy| proxy.network_mode.as_deref());
        mode.and_then(|mode| mode.strip_prefix("service:")) == Some(door.service.as_str())
            && self
                .fact("proxy.listen")
                .is_some_and(|ports| ports.split(',').any(|port| port.parse() == Ok(door.target)))
    }

    fn published_front(&self, containers: &[Container], ports: &HostPorts) -> Front {
        let running = |container: &&Container| container.state == ServiceState::Running;
        let live = |number: u16, service: Option<&str>| {
            containers.iter().filter(running).filter(|one| service.is_none_or(|name| name == one.service)).find_map(
                |one| {
                    let port = one.ports.iter().find(|port| port.is_tcp(port.target) && port.host == number)?;
                    let door = FrontDoor { service: one.service.clone(), target: port.target };
                    Some(Front::Published { door, at: number })
                },
            )
        };
        match ports {
            HostPorts::AsWritten(moved) => {
                let mut moved = moved.iter().filter(|moved| moved.from == self.port);
                let found = live(self.port, None).or_else(|| moved.find_map(|one| live(one.to, Some(&one.service))));
                found.unwrap_or_else(|| {
                    let of = |one: &Container| -> Vec<String> {
                        let told = one
                            .ports
                            .iter()
                            .map(|port| format!("{}->{}/{} ({})", port.host, port.target, port.protocol, one.service));
                        told.collect()
                    };
                    let mut published: Vec<String> = containers.iter().filter(running).flat_map(of).collect();
                    published.sort();
                    published.dedup();
                    Front::Nobody(published)
                })
            }
            HostPorts::Free => {
                let written = self.stack.services.iter().find_map(|service| {
                    let tcp = service.ports.iter().filter(|port| port.protocol == Protocol::Tcp);
                    let port = tcp.clone().find(|port| port.published == Some(self.port) && is_at_localhost(port))?;
                    Some(FrontDoor { service: service.name.clone(), target: port.target })
                });
                let Some(door) = written else { return Front::Nobody(self.ports_in_file()) };
                let container = containers.iter().filter(running).find(|one| one.service == door.service);
                let at = container.and_then(|one| one.ports.iter().find(|port| port.is_tcp(door.target)));
                match at {
                    Some(port) => Front::Published { at: port.host, door },
                    None => Front::Down(door),
                }
            }
        }
    }
}

/// Whether a browser on the host finds the port where the story sends it, at `localhost`.
fn is_at_localhost(port: &Port) -> bool {
    matches!(port.host_ip.as_deref(), None | Some("" | "0.0.0.0" | "127.0.0.1" | "::" | "::1" | "[::]" | "[::1]"))
}
