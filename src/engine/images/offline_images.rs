//! Images built from a course's stack, which go along with the base images: what their builds fetched from the internet is in them,
//! and a builder without internet finds it there.

use crate::{
    compose::{Service, Stack},
    engine::{
        Engine, Progress,
        build::{
            image::Recipe,
            offline_cache::{REPOSITORY, names},
        },
    },
    error::Result,
};

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
}
