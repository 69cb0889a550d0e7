//! What checks make is theirs by label, is removed with them, and is found when a check was killed.

use std::{
    collections::{BTreeMap, BTreeSet},
    hash::{BuildHasher, Hasher, RandomState},
    sync::{Mutex, OnceLock, PoisonError},
    time::{SystemTime, UNIX_EPOCH},
};

use super::process_label::Owner;
use crate::{
    engine::{Engine, Progress, lift_those_of},
    error::{Error, Result},
};

/// Label on all that a check makes: the process that it belongs to.
const OWNER: &str = "dev.breakfix.check";

/// How the owner of what is kept on purpose begins.
const KEPT: &str = "kept:";
/// Label on the same: when that process began to make it, in seconds since the Unix epoch.
const MADE: &str = "dev.breakfix.made";
/// Age in seconds from which what belongs to a process that cannot be seen from here is nobody's any more: no class lasts a week.
const OLDEST: u64 = 7 * 24 * 60 * 60;

/// Every check's project begins so.
const PREFIX: &str = "breakfix-check-";

/// A project name that nobody else has.
pub fn new_project() -> String {
    // The standard library seeds each of these at random; that is all that is needed of chance here.
    format!("{PREFIX}{:08x}", RandomState::new().build_hasher().finish() & 0xffff_ffff)
}

/// This process, as what it makes names it.
pub fn owner() -> String {
    Owner::me().map_or_else(|| "unknown".to_owned(), |owner| owner.to_string())
}

/// When this process began to make things: the same in all labels, or what is to be used again would count as changed.
fn began() -> u64 {
    static BEGAN: OnceLock<u64> = OnceLock::new();
    *BEGAN.get_or_init(now)
}

/// The labels of all that a check makes. What is kept on purpose belongs to no process, so that it outlives this one.
pub fn labels(keep: bool) -> BTreeMap<String, String> {
    let owner = owner();
    let owner = if keep { format!("{KEPT}{owner}") } else { owner };
    [(OWNER.to_owned(), owner), (MADE.to_owned(), began().to_string())].into()
}

/// Removes everything of a check's project: containers, networks, volumes, and the images that were built for it. The layers
/// of these images stay, as the build cache that they are: the next submission needs most of them.
///
/// # Errors
/// Environment: the engine refuses or does not answer.
pub async fn remove(engine: &Engine, project: &str, progress: &Progress) -> Result<()> {
    let down = engine.down(project, None, true, progress).await;
    let prefix = format!("{project}_");
    let (volumes, images) = tokio::join!(engine.remove_volumes_named(&prefix), remove_images(engine, project));
    down.and(volumes).and(images)
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

/// Removes what checks left behind whose process was killed, or of which nothing is known any more and which is old; gives their
/// projects. Also images and toolboxes without anything else: an engine may finish a build that nobody waits for any more.
///
/// # Errors
/// Environment: the engine refuses or does not answer.
pub async fn sweep(engine: &Engine, progress: &Progress) -> Result<BTreeSet<String>> {
    let is_gone = |owner: &str| Owner::parse(owner).is_some_and(|owner| owner.is_dead());
    // Only the firewall's own list is the worse for it where this fails.
    let _ = tokio::task::spawn_blocking(move || lift_those_of(is_gone)).await;
    // In this order: a check that begins meanwhile has its networks before its image.
    let images = engine.images_named(PREFIX).await?;
    let toolboxes = engine.toolbox_projects().await?;
    let there = engine.labelled(OWNER).await?;
    let made = engine.labelled(MADE).await?;
    let now = now();
    let dead = there.iter().filter(|found| {
        let age = made.iter().find(|one| one.project == found.project).and_then(|one| one.value.parse::<u64>().ok());
        is_left_behind(&found.value, age.map(|made| now.saturating_sub(made)))
    });
    let dead = dead.map(|found| found.project.clone());
    let mut left: BTreeSet<String> = dead.filter(|project| project.starts_with(PREFIX)).collect();
    for project in &left {
        progress.step(project, "remove", "left behind by a check that was killed");
        remove(engine, project, progress).await?;
    }
    let alone = images.iter().filter_map(|image| project_of(image)).chain(toolboxes);
    let alone: BTreeSet<String> =
        alone.filter(|project| project.starts_with(PREFIX) && !left.contains(project)).collect();
    for project in alone {
        // Whose it is nobody knows. One that lives may be between two stacks of this name: what it has made since stays.
        if !engine.labelled(OWNER).await?.iter().any(|found| found.project == project) {
            progress.step(&project, "remove", "nobody's any more");
            engine.remove_toolboxes(&project).await?;
            remove_images(engine, &project).await?;
            left.insert(project);
        }
    }
    Ok(left)
}

/// Whether what belongs to this owner, and is so many seconds old, is nobody's any more.
fn is_left_behind(owner: &str, age: Option<u64>) -> bool {
    if owner.starts_with(KEPT) {
        return false;
    }
    let Some(owner) = Owner::parse(owner) else { return false };
    owner.is_dead() || age.is_some_and(|age| age > OLDEST && Owner::me().as_ref() != Some(&owner))
}

/// Seconds since the Unix epoch.
fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}

/// Projects of this process that may not be gone, each with the address of its engine.
static LEFT: Mutex<BTreeSet<(String, String)>> = Mutex::new(BTreeSet::new());

/// Remembers a project that could not be removed, or of which something may come after all: what was asked for on a connection
/// that was cut, the engine does when it gets to it.
pub(super) fn may_be_left(engine: &Engine, project: &str) {
    LEFT.lock().unwrap_or_else(PoisonError::into_inner).insert((engine.info.url.clone(), project.to_owned()));
}

/// Removes what this process had to leave on an engine.
///
/// # Errors
/// Environment: the engine refuses or does not answer.
pub(super) async fn sweep_left(engine: &Engine, progress: &Progress) -> Result<()> {
    let mut left = LEFT.lock().unwrap_or_else(PoisonError::into_inner).clone();
    left.retain(|(url, _)| *url == engine.info.url);
    // Each question to an engine that is silent would be waited for.
    if !left.is_empty() && !engine.answers().await {
        return Err(Error::environment("the engine does not answer"));
    }
    for one in left {
        remove(engine, &one.1, progress).await?;
        LEFT.lock().unwrap_or_else(PoisonError::into_inner).remove(&one);
    }
    Ok(())
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
    fn what_cannot_be_seen_is_left_behind_when_it_is_old() {
        let elsewhere = "another-machine/pid:[1]/7/0-1";
        assert!(!is_left_behind(elsewhere, None) && !is_left_behind(elsewhere, Some(60)));
        assert!(is_left_behind(elsewhere, Some(OLDEST + 1)));
        assert!(!is_left_behind(&format!("{KEPT}{elsewhere}"), Some(OLDEST + 1)), "kept on purpose");
        assert!(!is_left_behind(&labels(false)[OWNER], Some(OLDEST + 1)), "this very process");
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
