//! Base images: present, pulled, or built as stand-ins from Debian's packages.
//!
//! `pull` asks registries, with bounds (`layers`: how far it is; `refusal`: why not; `silence`: whom not to ask for a while);
//! `stand_in` builds what no registry gives, by `mmdebstrap`, and `full_python` what is larger than that; `archive` writes what an engine loads; `transfer` carries images
//! from one machine to another in a file, `carried` what builds would fetch there.

mod archive;
mod family;
mod full_python;
mod layers;
mod mmdebstrap;
mod offline_images;
mod policy;
mod pull;
mod refusal;
mod silence;
mod stand_in;
mod transfer;

use std::path::Path;

pub(crate) use family::{is_as_good, relatives};
use full_python::FULL_PYTHON;
pub use policy::ImagePolicy;
use pull::Ask;
use refusal::Refusal;

use super::{Engine, Progress};
use crate::error::{Error, Result};

/// Label of the images that we built in place of official ones.
pub(crate) const STAND_IN: &str = "dev.breakfix.stand-in";

/// Where an image came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ImageOrigin {
    /// From a registry, or loaded from a file.
    Registry,
    /// Built by us from Debian's packages.
    StandIn,
    /// Not here.
    Absent,
}

/// One base image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageStatus {
    /// e.g. `postgres:17`.
    pub name: String,
    /// Where it came from.
    pub origin: ImageOrigin,
    /// Its id, when here.
    pub id: Option<String>,
    /// Bytes, when here.
    pub size: Option<u64>,
}

/// The base images of our own stacks, which stand-ins exist for.
pub const BASE_IMAGES: [&str; 4] = ["postgres:17", "nginx:1.28", "python:3.13-slim", "redis:8"];

/// Whether an image can be built here, where no registry gives it.
fn has_stand_in(name: &str) -> bool {
    BASE_IMAGES.contains(&name) || name == FULL_PYTHON
}

impl Engine {
    /// Which of these images are here, and where they came from.
    ///
    /// # Errors
    /// Environment: the engine does not answer.
    pub async fn image_status(&self, names: &[String]) -> Result<Vec<ImageStatus>> {
        let looks = names.iter().map(|name| async move {
            let image = self.image(name).await?;
            let stand_in = |image: &bollard::models::ImageInspect| {
                let labels = image.config.as_ref().and_then(|config| config.labels.as_ref());
                labels.is_some_and(|labels| labels.contains_key(STAND_IN))
            };
            Ok(ImageStatus {
                name: name.clone(),
                origin: match &image {
                    None => ImageOrigin::Absent,
                    Some(image) if stand_in(image) => ImageOrigin::StandIn,
                    Some(_) => ImageOrigin::Registry,
                },
                size: image.as_ref().and_then(|image| u64::try_from(image.size?).ok()),
                id: image.and_then(|image| image.id),
            })
        });
        futures_util::future::try_join_all(looks).await
    }

    /// Makes these images be here, as the policy allows. A registry that does not answer is given up after a bound, told,
    /// and not asked again for a while.
    ///
    /// # Errors
    /// Environment: an image is not to be had, with each way that was tried and why it failed.
    pub async fn ensure_images(
        &self,
        names: &[String],
        policy: ImagePolicy,
        progress: &Progress,
    ) -> Result<Vec<ImageStatus>> {
        let missing = self.absent(names).await?;
        if !missing.is_empty() {
            match policy {
                ImagePolicy::Local => return Err(not_here(&missing)),
                ImagePolicy::Pull => self
                    .pull_all(&missing, Ask::UnlessSilent, progress)
                    .await
                    .map_err(|refused| refusal::error(&refused))?,
                ImagePolicy::Build => self.build_stand_ins(&missing, progress).await?,
                ImagePolicy::Auto => self.pull_or_build(&missing, progress).await?,
            }
        }
        self.image_status(names).await
    }

    /// Pulls these images even where stand-ins are here, and replaces those. A registry that was silent is asked again.
    ///
    /// # Errors
    /// Environment: the registry does not give one.
    pub async fn pull_images(&self, names: &[String], progress: &Progress) -> Result<()> {
        let before = self.image_status(names).await?;
        let pulled = self.pull_all(names, Ask::Always, progress).await;
        // Those that came are here, whatever became of the others.
        let replaced = before.iter().filter(|old| old.origin == ImageOrigin::StandIn);
        let forgotten = futures_util::future::join_all(replaced.map(|old| self.forget_replaced(old))).await;
        pulled.map_err(|refused| refusal::error(&refused))?;
        forgotten.into_iter().collect()
    }

    /// Builds stand-ins for those of these images that are absent.
    ///
    /// # Errors
    /// Environment: there is no stand-in for one of the names, a program is missing, or the build fails.
    pub async fn build_stand_ins(&self, names: &[String], progress: &Progress) -> Result<()> {
        let missing = self.absent(names).await?;
        let unknown: Vec<_> = missing.iter().filter(|name| !has_stand_in(name)).collect();
        if !unknown.is_empty() {
            let names: Vec<_> = unknown.iter().map(|name| name.as_str()).collect();
            return Err(Error::environment(format!("{} can't be built here", names.join(", ")))
                .why(format!("stand-ins are made for {} only", BASE_IMAGES.join(", ")))
                .suggest(format!("docker pull {}", names[0])));
        }
        if missing.is_empty() {
            return Ok(());
        }
        // Whoever else builds them at this moment builds them for us, too.
        let _turn = stand_in::turn(progress).await?;
        let full = missing.iter().any(|name| name == FULL_PYTHON);
        let needed = missing.iter().filter(|name| *name != FULL_PYTHON).cloned();
        let needed = needed.chain(full.then(|| full_python::BASE.to_owned())).collect::<Vec<_>>();
        let needed = self.absent(&needed).await?;
        if !needed.is_empty() {
            stand_in::build(self, &needed, progress).await?;
        }
        if full && !self.absent(&[FULL_PYTHON.to_owned()]).await?.is_empty() {
            full_python::build(self, progress).await?;
        }
        Ok(())
    }

    /// Writes these images into one file, from which [`Engine::load_images`] (or `docker load`) brings them back.
    ///
    /// # Errors
    /// Environment: an image is absent, or the file can't be written.
    pub async fn save_images(&self, names: &[String], file: &Path, progress: &Progress) -> Result<()> {
        let missing = self.absent(names).await?;
        if !missing.is_empty() {
            return Err(not_here(&missing));
        }
        transfer::save(self, names, file, progress).await
    }

    /// Loads the images of a file that [`Engine::save_images`] (or `docker save`) wrote.
    ///
    /// # Errors
    /// Environment: the file can't be read or is no image archive.
    pub async fn load_images(&self, file: &Path, progress: &Progress) -> Result<()> {
        transfer::load(self, file, progress).await
    }

    async fn absent(&self, names: &[String]) -> Result<Vec<String>> {
        let all = self.image_status(names).await?;
        Ok(all.into_iter().filter(|image| image.origin == ImageOrigin::Absent).map(|image| image.name).collect())
    }

    async fn pull_or_build(&self, missing: &[String], progress: &Progress) -> Result<()> {
        let refused = match self.pull_all(missing, Ask::UnlessSilent, progress).await {
            Ok(()) => return Ok(()),
            Err(refused) => refused,
        };
        if refused.iter().any(|refusal| !refusal.has_stand_in()) {
            // Nothing that is built here makes up for it.
            return Err(refusal::error(&refused));
        }
        let reason = refused.first().map_or_else(String::new, Refusal::reason);
        let rest = self.absent(missing).await?;
        progress.step("images", "build", format!("{reason}: building stand-ins from Debian's packages"));
        self.build_stand_ins(&rest, progress).await.map_err(|error| Error {
            why: [refusal::error(&refused).why, vec![error.what], error.why].concat(),
            ..Error::environment(format!("{} can be neither pulled nor built", rest.join(", ")))
                .suggest_all(error.try_next)
                .suggest("breakfix images load FILE    # a file that `breakfix images save FILE` wrote elsewhere")
        })?;
        progress.finished("images", "build", "stand-ins are here");
        Ok(())
    }
}

fn not_here(missing: &[String]) -> Error {
    Error::environment(format!("not here: {}", missing.join(", ")))
        .why("no image may be fetched (--images local)")
        .suggest("breakfix images pull")
        .suggest("breakfix images build    # stand-ins from Debian's packages")
        .suggest("breakfix images load FILE")
}
