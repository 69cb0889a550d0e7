//! What checks make is theirs by label, is removed with them, and is found when a check was killed.

use std::{
    collections::{BTreeMap, BTreeSet},
    hash::{BuildHasher, Hasher, RandomState},
};

use super::owner::Owner;
use crate::{
    engine::{Engine, Labelled, Progress},
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
    let images = remove_images(engine, project).await;
    down?;
    images
}

/// Removes the images that were built for a check's project.
///
/// # Errors
/// Environment: the engine refuses or does not answer.
pub async fn remove_images(engine: &Engine, project: &str) -> Result<()> {
    let mut names = engine.images_named(&format!("{project}-")).await?;
    names.retain(|name| project_of(name).as_deref() == Some(project));
    engine.remove_images(&names).await
}

/// Removes what checks left behind whose process was killed; gives their projects. Also images without anything else: an engine
/// may finish a build that nobody waits for any more.
///
/// # Errors
/// Environment: the engine refuses or does not answer.
pub async fn sweep(engine: &Engine, progress: &Progress) -> Result<BTreeSet<String>> {
    // In this order: a check that begins meanwhile has its networks before its image.
    let images = engine.images_named(PREFIX).await?;
    let there = engine.labelled(OWNER).await?;
    let is_dead = |found: &&Labelled| Owner::parse(&found.value).is_some_and(|owner| owner.is_dead());
    let dead = there.iter().filter(is_dead).map(|found| found.project.clone());
    let alone = images.iter().filter_map(|image| project_of(image));
    let alone = alone.filter(|project| !there.iter().any(|found| found.project == *project));
    let left: BTreeSet<String> = dead.chain(alone).filter(|project| project.starts_with(PREFIX)).collect();
    for project in &left {
        progress.step(project, "remove", "left behind by a check that was killed");
        remove(engine, project, progress).await?;
    }
    Ok(left)
}

/// The project of an image that was built for a check: `breakfix-check-0123abcd` of `breakfix-check-0123abcd-flaskapp:latest`.
fn project_of(image: &str) -> Option<String> {
    let (number, _) = image.strip_prefix(PREFIX)?.split_once('-')?;
    let is_ours = number.len() == 8 && number.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_ours.then(|| format!("{PREFIX}{number}"))
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
    fn an_image_tells_its_project() {
        let project = new_project();
        assert_eq!(project_of(&format!("{project}-my-app:latest")), Some(project));
        assert_eq!(project_of("breakfix-checkers:latest"), None);
        assert_eq!(project_of("breakfix-check-my-shop:latest"), None);
    }

    #[test]
    fn two_checks_never_share_a_project() {
        assert_ne!(new_project(), new_project());
    }
}
