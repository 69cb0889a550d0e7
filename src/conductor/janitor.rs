//! What checks make is theirs by label, is removed with them, and is found when a check was killed.

use std::{
    collections::BTreeMap,
    hash::{BuildHasher, Hasher, RandomState},
};

use super::owner::Owner;
use crate::{
    engine::{Engine, Progress},
    error::Result,
};

/// Label on all that a check makes: the process that it belongs to.
const OWNER: &str = "dev.breakfix.check";

/// Every check's project begins so.
const PREFIX: &str = "breakfix-check-";

/// A project name that nobody else has.
pub fn new_project() -> String {
    // The standard library seeds each of these at random; that is all that is needed of chance here.
    format!("{PREFIX}{:08x}", RandomState::new().build_hasher().finish() & 0xffff_ffff)
}

/// The labels of all that a check makes. What is kept on purpose belongs to no process, so that it outlives this one.
pub fn labels(keep: bool) -> BTreeMap<String, String> {
    let owner = Owner::me().map_or_else(|| "unknown".to_owned(), |owner| owner.to_string());
    [(OWNER.to_owned(), if keep { format!("kept:{owner}") } else { owner })].into()
}

/// Removes everything of a check's project: containers, networks, volumes, and the images that were built for it. The layers
/// of these images stay, as the build cache that they are: the next submission needs most of them.
///
/// # Errors
/// Environment: the engine refuses or does not answer.
pub async fn remove(engine: &Engine, project: &str, progress: &Progress) -> Result<()> {
    let down = engine.down(project, None, true, progress).await;
    let images = engine.remove_images_of(project).await;
    down?;
    images
}

/// Removes what checks left behind whose process was killed; gives their projects.
///
/// # Errors
/// Environment: the engine refuses or does not answer.
pub async fn sweep(engine: &Engine, progress: &Progress) -> Result<Vec<String>> {
    let mut dead: Vec<String> = engine
        .labelled(OWNER)
        .await?
        .into_iter()
        .filter(|found| found.project.starts_with(PREFIX))
        .filter(|found| Owner::parse(&found.value).is_some_and(|owner| owner.is_dead()))
        .map(|found| found.project)
        .collect();
    dead.dedup();
    for project in &dead {
        progress.step(project, "remove", "left behind by a check that was killed");
        remove(engine, project, progress).await?;
    }
    Ok(dead)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_never_counts_as_left_behind() {
        let dead = |text: &str| Owner::parse(text).is_some_and(|owner| owner.is_dead());
        assert!(!dead(&labels(true)[OWNER].replace(&std::process::id().to_string(), "1")));
    }

    #[test]
    fn two_checks_never_share_a_project() {
        assert_ne!(new_project(), new_project());
    }
}
