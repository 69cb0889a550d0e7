//! Taking a stack down: everything that carries the project's labels, whoever made it, and nothing else.

use std::{collections::HashMap, path::Path, time::Duration};

use bollard::{models::*, query_parameters::*};
use futures_util::future::join_all;

use super::{
    DownReport, Engine, Progress, labels,
    request::{QUICK, SLOW, ask, found},
    same_dir,
};
use crate::error::{Error, Result};

/// How often the removal of a network is tried: its last containers may still be leaving it.
const NETWORK_TRIES: u32 = 20;

impl Engine {
    /// Removes the containers and networks of this project, whoever made them, and its volumes when asked; never waits for slow stops.
    /// Only what carries the project's labels is touched; where `dir` is given, only what was made from that directory.
    ///
    /// # Errors
    /// Environment: the engine refuses or does not answer; what could be removed is removed all the same.
    pub async fn down(
        &self,
        project: &str,
        dir: Option<&Path>,
        volumes: bool,
        progress: &Progress,
    ) -> Result<DownReport> {
        let mut report = DownReport::default();
        let mut failures = Vec::new();
        self.flights.landed(project).await;
        let (listed, networks) =
            tokio::try_join!(self.list_by_label(labels::PROJECT, project), self.project_networks(project))?;
        let total = listed.len();
        let ours: Vec<ContainerSummary> = listed.into_iter().filter(|container| made_from(container, dir)).collect();
        let others_stay = ours.len() < total;

        let removals = ours.iter().map(|container| self.remove_service(container, !volumes, progress));
        let (removed, tools) = tokio::join!(join_all(removals), self.remove_toolboxes(project));
        for (container, outcome) in ours.iter().zip(removed) {
            match outcome {
                Ok(()) => report.containers.push(summary_name(container)),
                Err(error) => failures.push(error),
            }
        }
        failures.extend(tools.err());

        // Containers of another directory with the same project name keep what carries no mark of ours.
        let mine = |labels: Option<&HashMap<String, String>>| {
            let lab = labels.and_then(|labels| labels.get(labels::LAB));
            match (dir, lab) {
                (Some(dir), Some(lab)) => same_dir(lab.as_ref(), dir),
                _ => !others_stay,
            }
        };
        let networks: Vec<Network> = networks.into_iter().filter(|network| mine(network.labels.as_ref())).collect();
        for (network, outcome) in
            networks.iter().zip(join_all(networks.iter().map(|network| self.remove_network(network))).await)
        {
            match outcome {
                Ok(()) => report.networks.push(network.name.clone().unwrap_or_default()),
                Err(error) => failures.push(error),
            }
        }
        if volumes {
            let listed: Vec<Volume> = self.project_volumes(project).await?;
            let listed: Vec<Volume> = listed.into_iter().filter(|volume| mine(Some(&volume.labels))).collect();
            for (volume, outcome) in
                listed.iter().zip(join_all(listed.iter().map(|volume| self.remove_volume(&volume.name))).await)
            {
                match outcome {
                    Ok(()) => report.volumes.push(volume.name.clone()),
                    Err(error) => failures.push(error),
                }
            }
        }
        progress.finished(project, "remove", "removed");
        match failures.into_iter().next() {
            Some(error) => Err(error),
            None => Ok(report),
        }
    }

    async fn remove_service(&self, summary: &ContainerSummary, data_stays: bool, progress: &Progress) -> Result<()> {
        let id = summary.id.as_deref().unwrap_or_default();
        progress.step(summary_name(summary), "remove", "");
        // Only a container with a named volume may have to be stopped before; the list knows the mounts already.
        let may_keep_data = summary.mounts.iter().flatten().any(|mount| mount.typ.as_deref() == Some("volume"));
        if data_stays && may_keep_data {
            return match self.inspect(id).await? {
                Some(container) => self.retire(&container, true).await,
                None => Ok(()),
            };
        }
        self.remove(id).await
    }

    async fn project_networks(&self, project: &str) -> Result<Vec<Network>> {
        let filters = HashMap::from([("label", vec![format!("{}={project}", labels::PROJECT)])]);
        let options = ListNetworksOptionsBuilder::default().filters(&filters).build();
        ask(QUICK, self.docker.list_networks(Some(options)))
            .await
            .map_err(|fault| fault.environment("the engine's networks cannot be listed"))
    }

    async fn project_volumes(&self, project: &str) -> Result<Vec<Volume>> {
        let filters = HashMap::from([("label", vec![format!("{}={project}", labels::PROJECT)])]);
        let options = ListVolumesOptionsBuilder::default().filters(&filters).build();
        let listed = ask(QUICK, self.docker.list_volumes(Some(options)))
            .await
            .map_err(|fault| fault.environment("the engine's volumes cannot be listed"))?;
        Ok(listed.volumes.unwrap_or_default())
    }

    /// The project's volumes that were made for another directory of the same name: name, and that directory.
    ///
    /// # Errors
    /// Environment: the engine does not answer.
    pub async fn volumes_of_another(&self, project: &str, dir: &Path) -> Result<Vec<(String, String)>> {
        let volumes = self.project_volumes(project).await?;
        let of_another = volumes.into_iter().filter_map(|mut volume| {
            let lab = volume.labels.remove(labels::LAB).filter(|lab| !same_dir(lab.as_ref(), dir))?;
            Some((volume.name, lab))
        });
        Ok(of_another.collect())
    }

    async fn remove_network(&self, network: &Network) -> Result<()> {
        let (id, name) = (network.id.as_deref().unwrap_or_default(), network.name.as_deref().unwrap_or_default());
        let mut tries = 0;
        loop {
            let fault = match ask(SLOW, self.docker.remove_network(id)).await {
                Ok(()) => return Ok(()),
                Err(fault) if fault.is_absent() => return Ok(()),
                Err(fault) => fault,
            };
            tries += 1;
            if !fault.message().contains("active endpoints") {
                return Err(fault.environment(format!("the network {name} cannot be removed")));
            }
            let inspected = ask(QUICK, self.docker.inspect_network(id, None::<InspectNetworkOptions>)).await;
            let users: Vec<String> = found(inspected)
                .ok()
                .flatten()
                .and_then(|network| network.containers)
                .into_iter()
                .flatten()
                .filter_map(|(_, endpoint)| endpoint.name)
                .collect();
            if tries >= NETWORK_TRIES {
                let error = Error::environment(format!("the network {name} cannot be removed"));
                return Err(users.iter().fold(error.why(fault.message()), |error, user| {
                    error
                        .why(format!("the container {user} uses it, and is not this project's"))
                        .suggest(format!("docker network disconnect -f {name} {user}    # then again"))
                }));
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    pub(super) async fn remove_volume(&self, name: &str) -> Result<()> {
        let options = RemoveVolumeOptionsBuilder::default().force(true).build();
        match ask(SLOW, self.docker.remove_volume(name, Some(options))).await {
            Ok(()) => Ok(()),
            Err(fault) if fault.is_absent() => Ok(()),
            Err(fault) => Err(fault.environment(format!("the volume {name} cannot be removed"))),
        }
    }
}

/// Whether a container was made from this directory; one that does not say so is the project's.
fn made_from(container: &ContainerSummary, dir: Option<&Path>) -> bool {
    let made = container.labels.as_ref().and_then(|labels| labels.get(labels::WORKING_DIR));
    match (dir, made) {
        (Some(dir), Some(made)) => same_dir(made.as_ref(), dir),
        _ => true,
    }
}

fn summary_name(container: &ContainerSummary) -> String {
    let name = container.names.iter().flatten().next();
    name.map(|name| name.trim_start_matches('/').to_owned()).unwrap_or_default()
}
