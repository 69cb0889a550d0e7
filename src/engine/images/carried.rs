//! Images built from a course's stack, which go along with the base images: what their builds fetched from the internet is in them,
//! and a builder without internet finds it there.

use bollard::{models::ImageSummary, query_parameters::TagImageOptionsBuilder};

use crate::{
    compose::{Service, Stack},
    engine::{
        Engine, Progress,
        build::Recipe,
        call::{QUICK, ask},
    },
    error::Result,
};

/// They are `breakfix-app:COURSE-SERVICE`.
const REPOSITORY: &str = "breakfix-app:";
/// A second name for those that were loaded from a file.
const LOADED: &str = "breakfix-loaded:";

impl Engine {
    /// Builds what a course's stack builds, under names of its own, to be saved with the base images; gives the names.
    ///
    /// # Errors
    /// Stack: a build fails. Environment: engine, network.
    pub async fn build_carried(&self, course: &str, stack: &Stack, progress: &Progress) -> Result<Vec<String>> {
        let mut names = Vec::new();
        for service in &stack.services {
            let Some(build) = &service.build else { continue };
            let name = format!("{REPOSITORY}{course}-{}", service.name);
            let service = Service { image: Some(name.clone()), ..service.clone() };
            self.build(stack, &service, build, &Recipe::read(build)?, None, progress).await?;
            names.push(name);
        }
        Ok(names)
    }

    /// The images of this kind that are here, of one course.
    ///
    /// # Errors
    /// Environment: the engine does not answer.
    pub async fn carried(&self, course: &str) -> Result<Vec<String>> {
        let images = self.summaries_named(&format!("{REPOSITORY}{course}-")).await?;
        Ok(images.into_iter().flat_map(names).collect())
    }

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
fn names(image: ImageSummary) -> impl Iterator<Item = String> {
    image.repo_tags.into_iter().filter(|name| name.trim_start_matches("localhost/").starts_with(REPOSITORY))
}
