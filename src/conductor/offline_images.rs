//! What a course needs, made ready for a place without internet.

use std::fs;

use tempfile::TempDir;

use super::{Desired, image_substitution::wanted};
use crate::{
    course::Course,
    engine::{BASE_IMAGES, Engine, Progress},
    error::{Error, Result},
};

/// The base images of the course's stack: what its services run on, and what those that it builds stand on.
///
/// # Errors
/// Stack: its compose file cannot be used. Environment: disk.
pub fn images_of(course: &Course) -> Result<Vec<String>> {
    let (_home, desired) = written_out(course)?;
    let mut names: Vec<String> = wanted(&desired.stack).into_keys().collect();
    // In one order everywhere, and what the program knows first.
    names.sort_by_key(|name| BASE_IMAGES.iter().position(|base| base == name).unwrap_or(usize::MAX));
    Ok(names)
}

/// Builds the images of the course's stack under names of their own, so that they can be carried along; gives the names.
///
/// # Errors
/// Stack: a build fails. Environment: engine, network, disk.
pub async fn images_to_carry(course: &Course, engine: &Engine, progress: &Progress) -> Result<Vec<String>> {
    let (_home, desired) = written_out(course)?;
    engine.build_carried(&course.id, &desired.stack, progress).await
}

/// The stack that a lab starts from, in a directory that goes when it is dropped.
///
/// # Errors
/// Stack: its compose file cannot be used. Environment: disk.
pub fn written_out(course: &Course) -> Result<(TempDir, Desired)> {
    let failed = |cause| Error::environment("the course's stack cannot be written").because(cause);
    let home = tempfile::Builder::new().prefix("breakfix-stack-").tempdir().map_err(failed)?;
    for (path, text) in course.broken_stack() {
        let path = home.path().join(path);
        path.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| fs::write(&path, text)).map_err(failed)?;
    }
    let desired = Desired::of_lab(home.path(), course)?;
    Ok((home, desired))
}
