//! How much disk a stranger's containers take, and the end of those that take too much: engines bound memory and processes, and most
//! of them not what is written.

use std::{path::PathBuf, time::Duration};

use bollard::{
    models::{ContainerSummary, ContainerUpdateBody},
    query_parameters::InspectContainerOptionsBuilder,
};
use futures_util::future::join_all;

use crate::engine::{
    Engine, Limits, labels,
    request::{QUICK, ask},
};
use crate::error::Error;

/// Between two looks.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// Between two looks whether something has ended.
const LOOK_AGAIN: Duration = Duration::from_millis(50);
/// How long an engine may take to end a build that was cut off.
const STEP_ENDS_WITHIN: Duration = Duration::from_secs(5);
/// How many times what one step may write an image may hold: large ones are a gigabyte before anything is added.
const MOST_IMAGE: u64 = 4;
/// Files of a volume that are looked at; one that holds more is too large.
const MOST_FILES: usize = 100_000;

impl Engine {
    /// Watches what the project's containers write, in their own layers and in their volumes on the disk, and never ends unless
    /// one writes more than this. Volumes are seen where the engine's directory can be read from here.
    pub async fn watch_disk(&self, project: &str, most: u64) -> Error {
        loop {
            tokio::time::sleep(LOOK_EVERY).await;
            // What cannot be asked now is asked again; that no engine answers is told by those who need it.
            let Ok(containers) = self.list_by_label(labels::PROJECT, project).await else { continue };
            let weighed = join_all(containers.iter().map(|container| self.weigh(container, most))).await;
            if let Some((container, _)) = containers.iter().zip(weighed).find(|(_, bytes)| *bytes > most) {
                let service = container.labels.as_ref().and_then(|labels| labels.get(labels::SERVICE));
                return too_much(service.map_or("a container", String::as_str), most);
            }
        }
    }

    async fn weigh(&self, container: &ContainerSummary, most: u64) -> u64 {
        let Some(id) = &container.id else { return 0 };
        let mut dirs = Vec::new();
        let mut layer = 0;
        match self.written(id).await {
            Some(dir) => dirs.push(dir),
            None => layer = self.layer_size(id).await,
        }
        if self.is_local() {
            let volumes = container.mounts.iter().flatten().filter(|mount| mount.typ.as_deref() == Some("volume"));
            dirs.extend(volumes.filter_map(|mount| Some(PathBuf::from(mount.source.as_ref()?))));
        }
        let weighed = tokio::task::spawn_blocking(move || dirs.into_iter().map(|dir| size_of(dir, most)).sum::<u64>());
        weighed.await.unwrap_or_default().saturating_add(layer)
    }

    /// The directory that holds what a container has written, where it can be read from here, by whom nothing is hidden.
    async fn written(&self, container: &str) -> Option<PathBuf> {
        if !self.is_local() || !crate::system::is_root() {
            return None;
        }
        let driver = self.inspect(container).await.ok()??.graph_driver?;
        let dir = PathBuf::from(driver.data.get("UpperDir")?);
        dir.read_dir().is_ok().then_some(dir)
    }

    /// The same as the engine counts it: some compare two whole trees for it.
    async fn layer_size(&self, container: &str) -> u64 {
        let options = InspectContainerOptionsBuilder::default().size(true).build();
        let there = ask(QUICK, self.docker.inspect_container(container, Some(options))).await;
        there.ok().and_then(|there| u64::try_from(there.size_rw?).ok()).unwrap_or_default()
    }

    /// Watches the container of a build's step: gives it the bound on processes that the builder cannot be asked for, and
    /// ends it when it writes too much. `None` when it has ended by itself, or is no build of ours.
    pub(crate) async fn watch_step(&self, id: &str, memory: i64, limits: &Limits) -> Option<Error> {
        if !self.is_step(id, memory).await {
            return None;
        }
        let update = ContainerUpdateBody { pids_limit: Some(limits.pids), ..Default::default() };
        // Where it is over already, nothing is to be bounded.
        let _ = ask(QUICK, self.docker.update_container(id, update)).await;
        loop {
            tokio::time::sleep(LOOK_EVERY).await;
            let options = InspectContainerOptionsBuilder::default().size(true).build();
            let there = ask(QUICK, self.docker.inspect_container(id, Some(options))).await.ok()?;
            let more_than =
                |bytes: Option<i64>, most: u64| u64::try_from(bytes.unwrap_or_default()).is_ok_and(|b| b > most);
            if more_than(there.size_rw, limits.disk) {
                return Some(too_much("a step of the build", limits.disk));
            }
            if more_than(there.size_root_fs, limits.disk * MOST_IMAGE) {
                return Some(too_much("the build, with the image that it stands on,", limits.disk * MOST_IMAGE));
            }
        }
    }

    /// Waits until the container of a build's step is gone, which a build that was cut off removes by itself; or removes it.
    pub(crate) async fn step_ends(&self, id: &str, memory: i64) {
        let gone = async {
            while self.is_step(id, memory).await {
                tokio::time::sleep(LOOK_AGAIN).await;
            }
        };
        if tokio::time::timeout(STEP_ENDS_WITHIN, gone).await.is_err() && self.is_step(id, memory).await {
            let _ = self.remove(id).await;
        }
    }

    /// Whether this is the container of a step of this build. Output may name any container, and labels are the Dockerfile's to set: it
    /// is told by its bound on memory, which no other build has.
    async fn is_step(&self, id: &str, memory: i64) -> bool {
        let Ok(Some(there)) = self.inspect(id).await else { return false };
        let host = there.host_config.unwrap_or_default();
        host.memory == Some(memory) && host.memory_swap == Some(memory)
    }
}

fn too_much(who: &str, most: u64) -> Error {
    Error::stack(format!("{who} writes more than {} MiB to the disk", most >> 20))
        .why("it was ended there")
        .suggest("write less, or to a place in memory (`tmpfs:`)")
}

/// Bytes below a directory, counted no further than is needed to see that it is too large. Links are not followed, and what
/// cannot be read weighs nothing.
fn size_of(dir: PathBuf, most: u64) -> u64 {
    let (mut bytes, mut files, mut open) = (0u64, 0, vec![dir]);
    while let Some(dir) = open.pop() {
        for entry in std::fs::read_dir(dir).into_iter().flatten().flatten() {
            let Ok(meta) = entry.metadata() else { continue };
            files += 1;
            if meta.is_dir() {
                open.push(entry.path());
            } else {
                bytes = bytes.saturating_add(crate::system::on_disk(&meta));
            }
            if bytes > most || files > MOST_FILES {
                return most.saturating_add(1);
            }
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_is_weighed_by_what_it_takes() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("sub")).unwrap();
        std::fs::write(dir.path().join("sub/file"), vec![1; 100_000]).unwrap();
        std::fs::File::create(dir.path().join("holes")).unwrap().set_len(1 << 40).unwrap();
        std::os::unix::fs::symlink("/", dir.path().join("all")).unwrap();
        let bytes = size_of(dir.path().to_owned(), 1 << 30);
        assert!((100_000..1_000_000).contains(&bytes), "{bytes}");
        assert_eq!(size_of(dir.path().to_owned(), 1000), 1001);
        assert_eq!(size_of(dir.path().join("none"), 1000), 0);
    }
}
