//! What a course needs, made ready for a place without internet.

use std::fs;

use super::Desired;
use crate::{
    course::Course,
    engine::{Engine, Progress},
    error::{Error, Result},
};

/// Builds the images of the course's stack under names of their own, so that they can be carried along; gives the names.
///
/// # Errors
/// Stack: a build fails. Environment: engine, network, disk.
pub async fn images_to_carry(course: &Course, engine: &Engine, progress: &Progress) -> Result<Vec<String>> {
    let failed = |cause| Error::environment("the course's stack cannot be written").because(cause);
    let home = tempfile::Builder::new().prefix("breakfix-carry-").tempdir().map_err(failed)?;
    for (path, text) in course.broken_stack() {
        let path = home.path().join(path);
        path.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| fs::write(&path, text)).map_err(failed)?;
    }
    let desired = Desired::load(home.path(), None)?;
    engine.build_carried(&course.id, &desired.stack, progress).await
}
