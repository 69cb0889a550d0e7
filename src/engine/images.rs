//! Base images: present, pulled, or built as stand-ins.

use std::path::Path;

use super::{Engine, Progress};
use crate::error::{Error, Result};

/// Where images may come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ImagePolicy {
    /// Present, else pulled, else built as stand-ins.
    #[default]
    Auto,
    /// Only what is present.
    Local,
    /// Present, else pulled; `images pull` replaces stand-ins.
    Pull,
    /// Present, else built as stand-ins.
    Build,
}

/// Where an image came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ImageOrigin {
    /// From a registry.
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

/// The base images of our own stacks.
pub const BASE_IMAGES: [&str; 3] = ["postgres:17", "nginx:1.28", "python:3.13-slim"];

impl Engine {
    /// Which of these images are here, and where they came from.
    ///
    /// # Errors
    /// Environment: the engine does not answer.
    pub async fn image_status(&self, _names: &[String]) -> Result<Vec<ImageStatus>> {
        Err(Error::environment("stub"))
    }

    /// Makes these images be here, as the policy allows. A registry that hangs is given up after a bound and not asked again for a while.
    ///
    /// # Errors
    /// Environment: an image is not to be had, with each way that was tried and why it failed.
    pub async fn ensure_images(
        &self,
        _names: &[String],
        _policy: ImagePolicy,
        _progress: &Progress,
    ) -> Result<Vec<ImageStatus>> {
        Err(Error::environment("stub"))
    }

    /// Pulls these images even where stand-ins are here, and replaces those.
    ///
    /// # Errors
    /// Environment: the registry does not give one.
    pub async fn pull_images(&self, _names: &[String], _progress: &Progress) -> Result<()> {
        Err(Error::environment("stub"))
    }

    /// Builds stand-ins for those of these images that are absent.
    ///
    /// # Errors
    /// Environment: a package or program is missing, or the build fails.
    pub async fn build_stand_ins(&self, _names: &[String], _progress: &Progress) -> Result<()> {
        Err(Error::environment("stub"))
    }

    /// Writes these images into one file.
    ///
    /// # Errors
    /// Environment: an image is absent, or the file cannot be written.
    pub async fn save_images(&self, _names: &[String], _file: &Path, _progress: &Progress) -> Result<()> {
        Err(Error::environment("stub"))
    }

    /// Loads the images of a file that [`Engine::save_images`] (or `docker save`) wrote.
    ///
    /// # Errors
    /// Environment: the file cannot be read or is no image archive.
    pub async fn load_images(&self, _file: &Path, _progress: &Progress) -> Result<()> {
        Err(Error::environment("stub"))
    }
}
