//! What it takes to make a state of a stack beside saving files: for `selftest`, and before a room.

use std::collections::BTreeMap;

use super::{Works, proxy::addresses};
use crate::{
    compose::Stack,
    engine::{BuildPolicy, Engine, Progress, UpOptions},
    error::{Error, Result},
};

/// Leaves only these services in a stack, and what they name of each other.
pub(super) fn only(stack: &mut Stack, services: &[String]) {
    stack.services.retain(|service| services.contains(&service.name));
    for service in &mut stack.services {
        service.depends_on.retain(|dependency| services.contains(&dependency.service));
    }
}

/// Makes a service's container anew at another address, as happens when something else has taken its own meanwhile.
///
/// # Errors
/// Stack: it has no container, or none can be made. Environment: the engine does not answer.
pub(super) async fn move_away(
    engine: &Engine,
    stack: &Stack,
    service: &str,
    up: &UpOptions,
    progress: &Progress,
) -> Result<()> {
    let Some(old) = engine.container_of(&stack.project, service).await? else {
        return Err(Error::stack(format!("{service} has no container that could move")));
    };
    let before = addresses(engine, &old).await?;
    engine.remove(&old.id).await?;
    let mut taken = Vec::new();
    for network in before.keys() {
        taken.push(engine.toolbox(&stack.project, network).await?);
    }
    engine.up(stack, up, progress).await?;
    for toolbox in taken {
        toolbox.close().await?;
    }
    let after = match engine.container_of(&stack.project, service).await? {
        Some(new) => addresses(engine, &new).await?,
        None => BTreeMap::new(),
    };
    if before.iter().any(|(network, address)| after.get(network) == Some(address)) {
        return Err(Error::environment(format!("{service} came back at the address that it had")));
    }
    Ok(())
}

impl Works {
    /// Builds and starts only these services; whatever else of the stack runs is removed, and volumes stay.
    ///
    /// # Errors
    /// Stack: the compose file, a build or a container. Environment: engine, image, disk.
    pub async fn up_alone(&self, services: &[String], progress: &Progress) -> Result<()> {
        let mut desired = self.desired()?;
        only(&mut desired.stack, services);
        self.bring_up(&desired, &[], true, progress).await.map(drop)
    }

    /// Makes a service's container anew at another address, and tells nobody.
    ///
    /// # Errors
    /// Stack: it has no container, or none can be made. Environment: engine.
    pub async fn move_away(&self, service: &str, progress: &Progress) -> Result<()> {
        let desired = self.desired()?;
        // What is not there is built; else nobody knows from which files the new container is.
        let up = UpOptions { build: BuildPolicy::Always, ..self.up_options() };
        move_away(&self.engine, &desired.stack, service, &up, progress).await
    }
}
