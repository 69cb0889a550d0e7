//! What builds find without internet: images that were built elsewhere from a course's stack, and loaded from a file.

use bollard::{models::ImageSummary, query_parameters::TagImageOptionsBuilder};

use crate::{
    engine::{
        Engine,
        request::{QUICK, ask},
    },
    error::Result,
};

/// They are `breakfix-app:COURSE-SERVICE`.
pub(crate) const REPOSITORY: &str = "breakfix-app:";
/// A second name for those that were loaded from a file.
const LOADED: &str = "breakfix-loaded:";

impl Engine {
    /// Those of all courses that were loaded from a file: the builder does not look for what it needs among them unless it is told.
    /// Where one was built here, its steps are in the builder's own cache.
    pub(crate) async fn loaded(&self) -> Result<Vec<String>> {
        let images = self.summaries_named(REPOSITORY).await?;
        if images.is_empty() {
            return Ok(Vec::new());
        }
        // Asked apart: engines tell only the names that were asked for.
        let marks = self.summaries_named(LOADED).await?;
        let mut loaded = Vec::new();
        for image in images {
            let marked = marks.iter().any(|mark| mark.id == image.id);
            if !marked && !image.parent_id.is_empty() {
                continue;
            }
            for name in names(image) {
                // The first build that finds all of its steps there makes it look as if it had been built here.
                if let Some((_, tag)) = name.rsplit_once(':').filter(|_| !marked) {
                    let options = TagImageOptionsBuilder::default().repo(LOADED.trim_end_matches(':')).tag(tag).build();
                    if let Err(fault) = ask(QUICK, self.docker.tag_image(&name, Some(options))).await {
                        tracing::debug!(name, "not marked: {}", fault.message());
                    }
                }
                loaded.push(name);
            }
        }
        Ok(loaded)
    }
}

/// Whether an image of this name is one of them.
pub(crate) fn is_carried(name: &str) -> bool {
    name.starts_with(REPOSITORY)
}

/// Podman names what has no registry by `localhost/`.
pub(crate) fn names(image: ImageSummary) -> impl Iterator<Item = String> {
    image.repo_tags.into_iter().filter(|name| name.trim_start_matches("localhost/").starts_with(REPOSITORY))
}
