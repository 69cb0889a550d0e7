//! Removing the layers that strangers' builds have left in the builder's cache.

use std::{collections::BTreeSet, time::Duration};

use bollard::{
    models::ImageSummary,
    query_parameters::{ListImagesOptionsBuilder, RemoveImageOptionsBuilder},
};
use futures_util::future::join_all;

use super::layer_log::Layer;
use crate::engine::{
    Engine,
    request::{Fault, QUICK, SLOW, ask},
};
use crate::error::Result;

/// How long a layer that is held is let be, and how often.
const HELD: Duration = Duration::from_millis(300);
const HELD_TRIES: usize = 5;

impl Engine {
    /// Removes the layers that builds of strangers' stacks have made in this process, and names that could not be taken off before.
    /// Those below an image
    /// that has a name stay. While such a build is under way nothing is done: the next call does it.
    ///
    /// # Errors
    /// Environment: the engine does not answer.
    pub async fn remove_layers(&self) -> Result<()> {
        let Some(_none_builds) = self.layers.none_builds() else { return Ok(()) };
        let named = std::mem::take(&mut *self.layers.named());
        self.remove_images(&named).await?;
        let made = self.layers.made().clone();
        if made.is_empty() {
            return Ok(());
        }
        let listed = ListImagesOptionsBuilder::default().all(true).build();
        let mut there = ask(QUICK, self.docker.list_images(Some(listed)))
            .await
            .map_err(|fault| fault.environment("the engine's images cannot be listed"))?;
        let mut ours = left_by(&made, &there);
        let mut stay = BTreeSet::new();
        loop {
            let parents: BTreeSet<&str> = there.iter().map(|image| image.parent_id.as_str()).collect();
            let leaves: Vec<String> = ours.iter().filter(|id| !parents.contains(id.as_str())).cloned().collect();
            if leaves.is_empty() {
                break;
            }
            let removals = leaves.iter().map(|id| self.remove_layer(id));
            for (id, outcome) in leaves.iter().zip(join_all(removals).await) {
                ours.remove(id);
                match outcome {
                    Err(fault) if fault.status() != Some(404) => drop(stay.insert(id.clone())),
                    _ => there.retain(|image| image.id != *id),
                }
            }
        }
        stay.extend(ours);
        // What a container or a name still holds is tried again when more is removed.
        self.layers.made().retain(|layer| stay.iter().any(|id| layer.begins(id)));
        Ok(())
    }

    /// Removes one. The container of a step that failed may hold it for a moment longer than its build lasts.
    async fn remove_layer(&self, id: &str) -> Result<(), Fault> {
        let mut tries = 0;
        loop {
            let options = RemoveImageOptionsBuilder::default().noprune(true).build();
            match ask(SLOW, self.docker.remove_image(id, Some(options), None)).await {
                Err(fault) if fault.status() == Some(409) && tries < HELD_TRIES => tries += 1,
                outcome => return outcome.map(drop),
            }
            tokio::time::sleep(HELD).await;
        }
    }
}

/// The images that are layers of these builds: those that were told, and what stands on them without a name, as a build that was
/// cut off makes it in its last moment.
fn left_by(made: &[Layer], there: &[ImageSummary]) -> BTreeSet<String> {
    let nameless = |image: &&ImageSummary| image.repo_tags.iter().all(|tag| tag == "<none>:<none>");
    let told = |image: &ImageSummary| made.iter().any(|layer| image.created >= layer.since && layer.begins(&image.id));
    let mut ours: BTreeSet<String> =
        there.iter().filter(nameless).filter(|image| told(image)).map(|image| image.id.clone()).collect();
    loop {
        let above = |image: &&ImageSummary| ours.contains(&image.parent_id) && !ours.contains(&image.id);
        let more: Vec<String> = there.iter().filter(nameless).filter(above).map(|image| image.id.clone()).collect();
        if more.is_empty() {
            return ours;
        }
        ours.extend(more);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_made_since_and_has_no_name_is_a_layer_of_ours() {
        let image = |id: &str, parent: &str, created, tags: &[&str]| ImageSummary {
            id: format!("sha256:{id}"),
            parent_id: format!("sha256:{parent}"),
            created,
            repo_tags: tags.iter().map(|tag| (*tag).to_owned()).collect(),
            ..Default::default()
        };
        let there = [
            image("aaaaaaaaaaaa1", "base", 100, &["<none>:<none>"]),
            image("aaaaaaaaaaaa2", "aaaaaaaaaaaa1", 100, &[]),
            image("bbbbbbbbbbbb1", "base", 99, &[]),
            image("cccccccccccc1", "base", 100, &["precious:latest"]),
            image("dddddddddddd1", "base", 100, &[]),
        ];
        let layer = |id: &str| Layer { id: id.to_owned(), since: 100 };
        let made = [layer("aaaaaaaaaaaa"), layer("bbbbbbbbbbbb"), layer("cccccccccccc")];
        let ours: Vec<String> = left_by(&made, &there).into_iter().collect();
        assert_eq!(ours, ["sha256:aaaaaaaaaaaa1", "sha256:aaaaaaaaaaaa2"]);
    }
}
