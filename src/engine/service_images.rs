//! Each service's image: present, fetched, or built; and the knowledge of what it was built from.

use std::collections::{BTreeMap, BTreeSet};

use bollard::models::{ContainerInspectResponse, ImageInspect};
use futures_util::future::try_join_all;

use super::{
    BuildPolicy, Engine, Progress, UpOptions,
    build::image::{Recipe, base_ids},
    containers::{inventory::label, spec::image_name},
    labels,
};
use crate::{
    compose::{Service, Stack},
    error::{Error, Result},
};

/// Images by name, and recipes by service, as they were found before anything was built.
pub(crate) struct Supply {
    images: BTreeMap<String, ImageInspect>,
    recipes: BTreeMap<String, Recipe>,
}

/// The image of a service, ready to use.
#[derive(Debug, Clone)]
pub(crate) struct Ready {
    /// The image.
    pub image: ImageInspect,
    /// Hash of the build context that it was built from, where known.
    pub context: Option<String>,
    /// Ids of the images that it was built on, where known.
    pub base: Option<String>,
}

impl Supply {
    /// Looks for all images that these services need, and fetches those that are to be had from elsewhere.
    pub(crate) async fn gather(
        engine: &Engine,
        stack: &Stack,
        services: &[&Service],
        options: &UpOptions,
        progress: &Progress,
    ) -> Result<Self> {
        let own: BTreeSet<String> = services.iter().map(|service| image_name(stack, service)).collect();
        let mut images = look(engine, own).await?;
        let mut recipes = BTreeMap::new();
        let mut needed = BTreeSet::new();
        for service in services {
            let image = image_name(stack, service);
            match &service.build {
                Some(build) if options.build == BuildPolicy::Always || !images.contains_key(&image) => {
                    let recipe = Recipe::read(build)?;
                    needed.extend(recipe.bases.iter().cloned());
                    recipes.insert(service.name.clone(), recipe);
                }
                Some(_) => {}
                None => drop(needed.insert(image)),
            }
        }
        // An image that another service of this stack builds is not fetched.
        let built: BTreeSet<String> = services
            .iter()
            .filter(|service| service.build.is_some())
            .map(|service| image_name(stack, service))
            .collect();
        needed.retain(|name| !images.contains_key(name) && !built.contains(name));
        images.extend(look(engine, needed.clone()).await?);
        let absent: Vec<String> = needed.into_iter().filter(|name| !images.contains_key(name)).collect();
        if !absent.is_empty() {
            engine.ensure_images(&absent, options.images, progress).await?;
            images.extend(look(engine, absent.into_iter().collect()).await?);
        }
        Ok(Self { images, recipes })
    }

    /// The image of one service, built where that is asked for. A build whose context and base images are those of
    /// the running container's image is left out: it would give the same image.
    pub(crate) async fn image(
        &self,
        engine: &Engine,
        stack: &Stack,
        service: &Service,
        options: &UpOptions,
        there: Option<&ContainerInspectResponse>,
        progress: &Progress,
    ) -> Result<Ready> {
        let name = image_name(stack, service);
        let present = self.images.get(&name);
        // What is known of the running container's image holds as long as it is still the service's image.
        let known = there.filter(|there| present.is_some_and(|image| image.id == there.image));
        let known_context = known.and_then(|there| label(there, labels::CONTEXT));
        let known_base = known.and_then(|there| label(there, labels::BASE));
        let (Some(build), Some(recipe)) = (&service.build, self.recipes.get(&service.name)) else {
            let Some(image) = present.cloned() else {
                // Another service builds it, side by side with this one: the builder's cache makes the second build nothing.
                let builder = stack
                    .services
                    .iter()
                    .find(|other| self.recipes.contains_key(&other.name) && image_name(stack, other) == name);
                return match builder {
                    Some(other) => Box::pin(self.image(engine, stack, other, options, None, progress)).await,
                    None => Err(Error::environment(format!("the image {name} is not here"))),
                };
            };
            return Ok(Ready { image, context: known_context.map(Into::into), base: known_base.map(Into::into) });
        };
        let base = base_ids(recipe, &self.images);
        let hashed = build.clone();
        let context = tokio::task::spawn_blocking(move || hashed.context_hash())
            .await
            .map_err(|error| Error::environment("the build context could not be read").because(error))??;
        if let Some(image) = present
            && known_context == Some(context.as_str())
            && known_base == Some(base.as_str())
        {
            progress.finished(&service.name, "build", "nothing changed");
            return Ok(Ready { image: image.clone(), context: Some(context), base: Some(base) });
        }
        let image = engine.build(stack, service, build, recipe, options.limits.as_ref(), progress).await?;
        Ok(Ready { image, context: Some(context), base: Some(base) })
    }
}

async fn look(engine: &Engine, names: BTreeSet<String>) -> Result<BTreeMap<String, ImageInspect>> {
    let images = try_join_all(names.iter().map(|name| engine.image(name))).await?;
    Ok(names.into_iter().zip(images).filter_map(|(name, image)| Some((name, image?))).collect())
}
