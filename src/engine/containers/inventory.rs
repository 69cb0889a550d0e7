//! What is on the engine of one project.

use std::collections::{BTreeMap, HashMap};

use bollard::{models::*, query_parameters::*};
use futures_util::future::try_join_all;

use crate::engine::{
    Container, Engine,
    clock::{epoch_ms, millis},
    labels,
    request::{QUICK, ask, found},
};
use crate::{compose::PublishedPort, engine::ServiceState, error::Result};

/// Characters of a health check's output that are kept.
const MOST_OUTPUT: usize = 2_000;

impl Engine {
    /// The project's containers, one per service (one-off containers left out).
    ///
    /// # Errors
    /// Environment: the engine does not answer.
    pub async fn containers(&self, project: &str) -> Result<Vec<Container>> {
        let found = self.inspect_project(project).await?;
        let mut images: BTreeMap<String, Option<ImageInspect>> = BTreeMap::new();
        for container in &found {
            images.entry(container.image.clone().unwrap_or_default()).or_default();
        }
        let inspected = try_join_all(images.keys().map(|id| self.image(id))).await?;
        for (slot, image) in images.values_mut().zip(inspected) {
            *slot = image;
        }
        let mut containers: Vec<Container> = Vec::new();
        for container in found {
            let image = images.get(container.image.as_deref().unwrap_or_default()).and_then(Option::as_ref);
            let container = describe(&container, image);
            // Where a service was scaled by hand, its first container stands for it.
            if containers.iter().all(|known| known.service != container.service) {
                containers.push(container);
            }
        }
        Ok(containers)
    }

    /// The container of one service, if there is one.
    ///
    /// # Errors
    /// Environment: the engine does not answer.
    pub async fn container_of(&self, project: &str, service: &str) -> Result<Option<Container>> {
        let containers = self.containers(project).await?;
        Ok(containers.into_iter().find(|container| container.service == service))
    }

    /// An image by name or id, if it is here.
    pub(crate) async fn image(&self, name: &str) -> Result<Option<ImageInspect>> {
        found(ask(QUICK, self.docker.inspect_image(name)).await)
            .map_err(|fault| fault.environment(format!("the image {name} cannot be looked at")))
    }

    /// A container by name or id, if it is there.
    pub(crate) async fn inspect(&self, container: &str) -> Result<Option<ContainerInspectResponse>> {
        found(ask(QUICK, self.docker.inspect_container(container, None::<InspectContainerOptions>)).await)
            .map_err(|fault| fault.environment(format!("the container {container} cannot be looked at")))
    }

    /// Containers that carry this label, whatever their state.
    pub(crate) async fn list_by_label(&self, label: &str, value: &str) -> Result<Vec<ContainerSummary>> {
        let filters = HashMap::from([("label", vec![format!("{label}={value}")])]);
        let options = ListContainersOptionsBuilder::default().all(true).filters(&filters).build();
        ask(QUICK, self.docker.list_containers(Some(options)))
            .await
            .map_err(|fault| fault.environment("the engine's containers cannot be listed"))
    }

    /// All that is known of the project's service containers, by service and number.
    pub(crate) async fn inspect_project(&self, project: &str) -> Result<Vec<ContainerInspectResponse>> {
        let listed = self.list_by_label(labels::PROJECT, project).await?;
        let services = listed.into_iter().filter(|summary| {
            let labels = summary.labels.as_ref();
            let has = |name| labels.and_then(|labels| labels.get(name));
            has(labels::ONEOFF).is_none_or(|value| value != "True") && has(labels::SERVICE).is_some()
        });
        let ids: Vec<String> = services.filter_map(|summary| summary.id).collect();
        // One that is removed in between is simply not there any more.
        let inspected = try_join_all(ids.iter().map(|id| self.inspect(id))).await?;
        let mut containers: Vec<ContainerInspectResponse> = inspected.into_iter().flatten().collect();
        containers.sort_by_key(|container| {
            let number = label(container, labels::NUMBER).and_then(|number| number.parse::<u32>().ok());
            (label(container, labels::SERVICE).unwrap_or_default().to_owned(), number)
        });
        Ok(containers)
    }
}

impl Container {
    /// The file's numbers of host ports, and those that were used instead when it was made.
    pub fn moved(&self) -> Vec<(u16, u16)> {
        let told = self.labels.get(labels::MOVED).map(String::as_str).unwrap_or_default();
        let pair = |pair: &str| {
            let (from, to) = pair.split_once(':')?;
            Some((from.parse().ok()?, to.parse().ok()?))
        };
        told.split(',').filter_map(pair).collect()
    }
}

/// A label of a container.
pub(crate) fn label<'a>(container: &'a ContainerInspectResponse, name: &str) -> Option<&'a str> {
    container.config.as_ref()?.labels.as_ref()?.get(name).map(String::as_str)
}

/// The service of a container.
pub(crate) fn service_of(container: &ContainerInspectResponse) -> &str {
    label(container, labels::SERVICE).unwrap_or_default()
}

/// Its name without the slash.
pub(crate) fn name_of(container: &ContainerInspectResponse) -> &str {
    container.name.as_deref().unwrap_or_default().trim_start_matches('/')
}

/// Its state in our words.
pub(crate) fn state_of(container: &ContainerInspectResponse) -> ServiceState {
    use ContainerStateStatusEnum as Status;
    match container.state.as_ref().and_then(|state| state.status) {
        Some(Status::RUNNING) => ServiceState::Running,
        Some(Status::RESTARTING) => ServiceState::Restarting,
        Some(Status::CREATED) => ServiceState::Created,
        Some(Status::PAUSED) => ServiceState::Paused,
        Some(Status::REMOVING | Status::STOPPING | Status::EXITED | Status::DEAD) => ServiceState::Exited,
        _ => ServiceState::Missing,
    }
}

/// Its published ports; each once per address family's number.
pub(crate) fn ports_of(container: &ContainerInspectResponse) -> Vec<PublishedPort> {
    let mut list = bound(container.network_settings.as_ref().and_then(|settings| settings.ports.as_ref()));
    list.sort();
    // A port on all addresses is told twice, for IPv4 and IPv6.
    let twice: Vec<_> = list.iter().filter(|port| port.address == "0.0.0.0").cloned().collect();
    let again = |port: &PublishedPort| twice.iter().any(|other| other.target == port.target && other.host == port.host);
    list.retain(|port| port.address != "::" || !again(port));
    list
}

/// The ports that it asks for, whether it runs or not.
pub(crate) fn asked_ports(container: &ContainerInspectResponse) -> Vec<PublishedPort> {
    bound(container.host_config.as_ref().and_then(|host| host.port_bindings.as_ref()))
}

fn bound(ports: Option<&PortMap>) -> Vec<PublishedPort> {
    let all = ports.into_iter().flatten().flat_map(|(target, bindings)| {
        bindings.iter().flatten().filter_map(move |binding| {
            PublishedPort::new(target, binding.host_ip.as_deref().unwrap_or_default(), binding.host_port.as_deref()?)
        })
    });
    all.collect()
}

/// Exit code and output of the newest run of a health check.
fn last_check(health: &Health) -> Option<(i64, String)> {
    let newest = health.log.as_ref()?.last()?;
    let output = newest.output.as_deref().unwrap_or_default().chars().take(MOST_OUTPUT).collect();
    Some((newest.exit_code.unwrap_or_default(), output))
}

fn describe(container: &ContainerInspectResponse, image: Option<&ImageInspect>) -> Container {
    let state = container.state.clone().unwrap_or_default();
    let config = container.config.clone().unwrap_or_default();
    let labels: BTreeMap<String, String> = config.labels.unwrap_or_default().into_iter().collect();
    let mut image_labels: BTreeMap<String, String> =
        image.and_then(|image| image.config.as_ref()?.labels.clone()).unwrap_or_default().into_iter().collect();
    // A label in the image would cost a layer at each build: the container remembers what its image was built from.
    if let Some(context) = labels.get(labels::CONTEXT) {
        image_labels.insert(labels::CONTEXT.into(), context.clone());
    }
    let running = state_of(container);
    let command: Vec<&str> = container.path.iter().chain(container.args.iter().flatten()).map(String::as_str).collect();
    Container {
        id: container.id.clone().unwrap_or_default(),
        name: name_of(container).to_owned(),
        service: service_of(container).to_owned(),
        state: running,
        exit_code: match running {
            ServiceState::Running | ServiceState::Paused | ServiceState::Created => None,
            _ => state.exit_code,
        },
        last_check: state.health.as_ref().and_then(last_check),
        out_of_memory: state.oom_killed.unwrap_or(false),
        start_error: state.error.unwrap_or_default(),
        addresses: {
            let networks = container.network_settings.as_ref().and_then(|settings| settings.networks.as_ref());
            let endpoints = networks.into_iter().flatten().map(|(_, endpoint)| endpoint);
            let both = endpoints.flat_map(|one| [one.ip_address.clone(), one.global_ipv6_address.clone()]);
            both.flatten().filter(|address| !address.is_empty()).collect()
        },
        health: state
            .health
            .and_then(|health| health.status)
            .map(|status| status.to_string())
            .filter(|status| !status.is_empty() && status != "none"),
        pid: state.pid.and_then(|pid| u32::try_from(pid).ok()).filter(|pid| *pid > 0),
        restarts: container.restart_count.unwrap_or(0),
        made_at: container.created.map_or(0, |time| millis(time.unix_timestamp_nanos())),
        started_at: state.started_at.as_deref().map_or(0, epoch_ms),
        image_created: image.and_then(|image| image.created).map_or(0, |time| millis(time.unix_timestamp_nanos())),
        ports: ports_of(container),
        networks: {
            let networks = container.network_settings.as_ref().and_then(|settings| settings.networks.as_ref());
            let mut names: Vec<String> = networks.into_iter().flatten().map(|(name, _)| name.clone()).collect();
            names.sort();
            names
        },
        labels,
        image_labels,
        command: command.join(" "),
    }
}
