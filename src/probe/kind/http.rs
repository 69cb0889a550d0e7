//! A page: behind the story's address, asked for as a browser on the host does; or at an address inside, asked for from a service's
//! networks.

use std::time::Duration;

use tokio::time::Instant;

use super::tcp::Call;
use crate::{
    course::Probe,
    probe::{
        Evidence, Observation,
        browser::Browser,
        front_door::Front,
        http::{Door, Failure},
        prober::{HostPorts, Prober, evidence, not_asked},
        settle::Look,
    },
};

/// How long a page is waited for.
const ANSWER: Duration = Duration::from_secs(10);
/// The port of a web server of which nothing else is said.
const HTTP: u16 = 80;

impl Prober {
    pub(super) async fn visit_path(&self, probe: &Probe, look: &Look, ports: &HostPorts) -> Evidence {
        let path = probe.path.as_deref().unwrap_or("/");
        match &probe.host {
            Some(host) => self.visit_inside(probe, look, (host, path)).await,
            None => self.visit_at_front(&probe.id, path, look, ports).await,
        }
    }

    /// A page through the front door.
    pub(super) async fn visit_at_front(&self, id: &str, path: &str, look: &Look, ports: &HostPorts) -> Evidence {
        let command = format!("curl -i {}", self.address(look, ports, path));
        let Front::Published { at, .. } = &look.front else {
            return not_asked(id, command, "host", "nothing answers at the front door");
        };
        let begun = Instant::now();
        let mut browser = Browser::new(Door::Host(self.engine.info.host.clone(), *at), self.authority.clone());
        let visit = browser.visit(path, look.patience(ANSWER)).await;
        let observation = visit.map_or_else(Failure::observation, |visit| Observation::Http(visit.answer));
        evidence(id, command, "host", observation, begun.elapsed().as_secs_f64())
    }

    async fn visit_inside(&self, probe: &Probe, look: &Look, (host, path): (&str, &str)) -> Evidence {
        let port = probe.port.unwrap_or(HTTP);
        let service = self.service_asked(probe);
        let authority = if port == HTTP { host.to_owned() } else { format!("{host}:{port}") };
        let command = format!("docker compose exec {service} curl -i http://{authority}{path}");
        let call = Call { host, port, page: Some((&authority, path)) };
        self.call_from_networks(probe, &command, look, call).await
    }
}
