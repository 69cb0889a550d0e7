//! Whether somebody listens there, seen from a service's networks.

use std::time::Duration;

use tokio::time::Instant;

use crate::{
    course::Probe,
    engine::Toolbox,
    probe::{
        Evidence, Observation,
        browser::Browser,
        http::{Door, Failure, from_dial},
        prober::{Prober, evidence},
        settle::Look,
        url,
    },
};

/// How long a connection may take, on a machine with nothing else to do.
const DIAL: Duration = Duration::from_secs(3);
/// How long a page may take.
const ANSWER: Duration = Duration::from_secs(10);

impl Prober {
    pub(super) async fn dial_from_service(&self, probe: &Probe, look: &Look) -> Evidence {
        let (host, port) = (probe.host.as_deref().unwrap_or_default(), probe.port.unwrap_or_default());
        let service = self.service_asked(probe).to_owned();
        let command = format!("docker compose exec {service} bash -c '</dev/tcp/{host}/{port}'");
        self.call_from_networks(probe, &command, look, Call { host, port, page: None }).await
    }

    /// Calls from each network of the probe's service, until one knows the name; localhost is the service itself.
    pub(super) async fn call_from_networks(
        &self,
        probe: &Probe,
        command: &str,
        look: &Look,
        call: Call<'_>,
    ) -> Evidence {
        let begun = Instant::now();
        let container = match self.container_to_ask(probe, command).await {
            Ok(container) => container,
            Err(instead) => return instead,
        };
        let target = if url::is_loopback(call.host) { container.service.as_str() } else { call.host };
        // One network at a time: a toolbox that is on two would know names that the service does not.
        let _alone = look.toolbox.lock().await;
        let mut seen = Observation::NotAsked { because: format!("{} is on no network", container.service) };
        for network in &container.networks {
            seen = match self.engine.toolbox(&self.stack.project, network).await {
                Ok(toolbox) => {
                    let seen = call.through(&toolbox, target, look).await;
                    if let Err(error) = toolbox.close().await {
                        // It is tried again when the toolbox is dropped.
                        tracing::warn!(%error, "cannot take the toolbox off a network");
                    }
                    seen
                }
                Err(error) => Failure::Environment(error).observation(),
            };
            if !matches!(seen, Observation::NameUnknown { .. } | Observation::Unknown { .. }) {
                break;
            }
        }
        evidence(&probe.id, command, &container.service, seen, begun.elapsed().as_secs_f64())
    }
}

/// Whom a service calls, and for what.
pub(super) struct Call<'a> {
    pub(super) host: &'a str,
    pub(super) port: u16,
    /// The name in the address bar, and the path; a connection alone where there is none.
    pub(super) page: Option<(&'a str, &'a str)>,
}

impl Call<'_> {
    async fn through(&self, toolbox: &Toolbox, target: &str, look: &Look) -> Observation {
        match self.page {
            Some((authority, path)) => {
                let door = Door::Inside(toolbox.clone(), target.to_owned(), self.port);
                let visit = Browser::new(door, authority).visit(path, look.patience(ANSWER)).await;
                visit.map_or_else(Failure::observation, |visit| Observation::Http(visit.answer))
            }
            None => match toolbox.dial(target, self.port, look.patience(DIAL)).await {
                Ok(_) => Observation::Connected { what: format!("{}:{}", self.host, self.port) },
                Err(error) => from_dial(error, self.host, DIAL).observation(),
            },
        }
    }
}
