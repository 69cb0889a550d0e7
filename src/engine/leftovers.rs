//! What is on the engine under a label or a name of ours, whichever project it belongs to.

use std::collections::{BTreeSet, HashMap};

use bollard::{
    models::ImageSummary,
    query_parameters::{
        ListContainersOptionsBuilder, ListImagesOptionsBuilder, ListNetworksOptionsBuilder, ListVolumesOptionsBuilder,
        RemoveImageOptionsBuilder,
    },
};
use futures_util::future::join_all;

use super::{
    Engine, labels,
    request::{QUICK, SLOW, ask},
};
use crate::error::Result;

/// A project that has something under a label.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Labelled {
    /// Its name.
    pub project: String,
    /// The label's value.
    pub value: String,
}

impl Engine {
    /// The projects that have a container, network or volume with this label.
    ///
    /// # Errors
    /// Environment: the engine does not answer.
    pub async fn labelled(&self, label: &str) -> Result<BTreeSet<Labelled>> {
        let filters = HashMap::from([("label", vec![label.to_owned()])]);
        let containers = ListContainersOptionsBuilder::default().all(true).filters(&filters).build();
        let networks = ListNetworksOptionsBuilder::default().filters(&filters).build();
        let volumes = ListVolumesOptionsBuilder::default().filters(&filters).build();
        let (containers, networks, volumes) = tokio::try_join!(
            ask(QUICK, self.docker.list_containers(Some(containers))),
            ask(QUICK, self.docker.list_networks(Some(networks))),
            ask(QUICK, self.docker.list_volumes(Some(volumes))),
        )
        .map_err(|fault| fault.environment("what is on the engine cannot be listed"))?;
        let containers = containers.into_iter().filter_map(|container| container.labels);
        let networks = networks.into_iter().filter_map(|network| network.labels);
        let volumes = volumes.volumes.into_iter().flatten().map(|volume| volume.labels);
        Ok(containers
            .chain(networks)
            .chain(volumes)
            .filter_map(|mut all| Some(Labelled { project: all.remove(labels::PROJECT)?, value: all.remove(label)? }))
            .collect())
    }

    /// The projects that have a toolbox.
    ///
    /// # Errors
    /// Environment: the engine does not answer.
    pub async fn toolbox_projects(&self) -> Result<BTreeSet<String>> {
        let filters = HashMap::from([("label", vec![labels::TOOLBOX.to_owned()])]);
        let options = ListContainersOptionsBuilder::default().all(true).filters(&filters).build();
        let toolboxes = ask(QUICK, self.docker.list_containers(Some(options)))
            .await
            .map_err(|fault| fault.environment("what is on the engine cannot be listed"))?;
        Ok(toolboxes.into_iter().filter_map(|mut toolbox| toolbox.labels.as_mut()?.remove(labels::TOOLBOX)).collect())
    }

    /// Removes the toolboxes of a project, and nothing else.
    ///
    /// # Errors
    /// Environment: the engine refuses or does not answer; what could be removed is removed all the same.
    pub async fn remove_toolboxes(&self, project: &str) -> Result<()> {
        let toolboxes = self.list_by_label(labels::TOOLBOX, project).await?;
        let removals = toolboxes.iter().map(|toolbox| self.remove(toolbox.id.as_deref().unwrap_or_default()));
        join_all(removals).await.into_iter().collect()
    }

    /// Removes the volumes whose name begins so. An engine makes a volume that a container names and nobody has made, and
    /// gives it no labels: such a one is known by its name only.
    ///
    /// # Errors
    /// Environment: the engine refuses or does not answer; what could be removed is removed all the same.
    pub async fn remove_volumes_named(&self, prefix: &str) -> Result<()> {
        let filters = HashMap::from([("name", vec![prefix.to_owned()])]);
        let options = ListVolumesOptionsBuilder::default().filters(&filters).build();
        let listed = ask(QUICK, self.docker.list_volumes(Some(options)))
            .await
            .map_err(|fault| fault.environment("the engine's volumes cannot be listed"))?;
        let names = listed.volumes.into_iter().flatten().map(|volume| volume.name);
        let ours: Vec<String> = names.filter(|name| name.starts_with(prefix)).collect();
        join_all(ours.iter().map(|name| self.remove_volume(name))).await.into_iter().collect()
    }

    /// Takes these names off their images, which go with their last name. Their layers stay in the engine's cache, so that the
    /// next build of the same files is quick. Whose a name is can't be told from its beginning (`shop-2-web` is of `shop`'s
    /// service `2-web` or of `shop-2`'s `web`): so each is to be named in full.
    ///
    /// # Errors
    /// Environment: the engine does not answer.
    pub async fn remove_images(&self, names: &[String]) -> Result<()> {
        let removals = names.iter().map(|name| async move {
            let options = RemoveImageOptionsBuilder::default().noprune(true).build();
            match ask(SLOW, self.docker.remove_image(name, Some(options), None)).await {
                // A build that found this image in its cache is working on it: the name goes when the layers do.
                Err(fault) if fault.status() == Some(409) => self.layers.keeps_name(name),
                // Two names of one image, taken off at once: the second may be gone when it is its turn.
                Err(fault) if !fault.is_absent() && self.image(name).await?.is_some() => {
                    return Err(fault.environment(format!("the image {name} cannot be removed")));
                }
                _ => {}
            }
            Ok(())
        });
        join_all(removals).await.into_iter().collect()
    }

    /// The images whose name begins so, with their tags.
    ///
    /// # Errors
    /// Environment: the engine does not answer.
    pub async fn images_named(&self, prefix: &str) -> Result<Vec<String>> {
        let images = self.summaries_named(prefix).await?;
        let names = images.into_iter().flat_map(|image| image.repo_tags);
        Ok(names.filter(|name| name.starts_with(prefix)).collect())
    }

    /// The same, with what the engine's list says of them.
    pub(crate) async fn summaries_named(&self, prefix: &str) -> Result<Vec<ImageSummary>> {
        let filters = HashMap::from([("reference", vec![format!("{prefix}*")])]);
        let listed = ListImagesOptionsBuilder::default().filters(&filters).build();
        ask(QUICK, self.docker.list_images(Some(listed)))
            .await
            .map_err(|fault| fault.environment("the engine's images cannot be listed"))
    }
}
