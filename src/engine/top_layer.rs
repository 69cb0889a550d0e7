//! The image of a service of which only those files have changed that its Dockerfile's last `COPY` takes: the layer that this `COPY`
//! makes is made here, and given to the engine with the names of the layers below, which it has. A builder compares the whole tree of
//! the image with the one before to find out what a `COPY` has brought, which can take a second.
//!
//! Where anything is not as plain as that, there is no such image, and the builder builds.

use std::{
    collections::VecDeque,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use bollard::models::{ImageConfig, ImageInspect};

use super::{
    Engine, Progress,
    build::{append, tagged},
    call::{QUICK, ask},
    dockerfile::{LastCopy, last_copy},
    images::{OnTop, load_stream},
    text::rfc3339,
};
use crate::{
    compose::{Build, ContextFile, FileKind, Service},
    error::Result,
};

/// Bytes of files that are put into a layer here.
const MOST_BYTES: u64 = 16 << 20;
/// Images of which is remembered what they stand on.
const REMEMBERED: usize = 64;
/// Directories at the root that an image may have as a link, or as more than root's own.
const SPECIAL: [&str; 19] = [
    "bin", "boot", "dev", "etc", "home", "lib", "lib32", "lib64", "libx32", "media", "mnt", "proc", "root", "run",
    "sbin", "sys", "tmp", "usr", "var",
];

/// What is on top of a service's image, and a hash of all that is below.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TopLayer {
    copy: LastCopy,
    below: String,
}

/// What was built, by the hash of what is below its top layer; the newest last. Nothing where the engine cannot take a layer alone.
#[derive(Debug, Clone, Default)]
pub(crate) struct TopLayers(Option<Shelf>);

type Shelf = Arc<Mutex<VecDeque<(String, Known)>>>;

/// An image that was built.
#[derive(Debug, Clone)]
struct Known {
    architecture: String,
    config: ImageConfig,
    /// The layers below the top one, as the engine names them.
    layers: Vec<String>,
}

impl TopLayer {
    /// Reads from a Dockerfile's text whether its last `COPY` alone is on top; `base` tells the images that it stands on from others.
    ///
    /// # Errors
    /// Stack: a file of the context cannot be read.
    pub fn of(service: &Service, build: &Build, text: &str, base: &str) -> Result<Option<Self>> {
        let Some(copy) = last_copy(text).filter(|copy| is_plain(&copy.target)) else { return Ok(None) };
        if service.user.is_some() || build.target.is_some() {
            return Ok(None);
        }
        let below = Build { dockerfile_inline: Some(copy.below.clone()), ..build.clone() }.context_hash()?;
        Ok(Some(Self { below: format!("{below} {base} {}", copy.target.display()), copy }))
    }

    /// The target as a layer names it.
    fn in_layer(&self) -> &Path {
        self.copy.target.strip_prefix("/").unwrap_or(&self.copy.target)
    }

    /// The layer as a tar file: the target's directories, and the files. `None` where the source is not a directory, or too large.
    fn pack(&self, build: &Build) -> Result<Option<Vec<u8>>> {
        let files = build.context_files()?;
        let (source, whole) = (&self.copy.source, self.copy.source.as_os_str().is_empty());
        let is_dir = |file: &ContextFile| file.path == *source && file.kind == FileKind::Directory;
        if !(whole || files.iter().any(is_dir)) {
            return Ok(None);
        }
        let mut bytes = 0;
        let mut tar = tar::Builder::new(Vec::new());
        tar.follow_symlinks(false);
        let mut packed = directories(&mut tar, self.in_layer());
        for file in &files {
            let Ok(inside) = file.path.strip_prefix(source) else { continue };
            if inside.as_os_str().is_empty() {
                continue;
            }
            bytes += std::fs::symlink_metadata(&file.absolute).map_or(0, |there| there.len());
            if bytes > MOST_BYTES {
                return Ok(None);
            }
            let target = ContextFile { path: self.in_layer().join(inside), ..file.clone() };
            packed = packed.and_then(|()| append(&mut tar, &target));
        }
        // Something has changed meanwhile: the builder tells what, where it matters.
        Ok(packed.and_then(|()| tar.into_inner()).ok())
    }
}

impl TopLayers {
    /// Whether it is of any use to look for a top layer.
    pub fn are_taken(&self) -> bool {
        self.0.is_some()
    }

    /// Remembers nothing where the engine takes no layer alone.
    pub fn new(takes_layers: bool) -> Self {
        Self(takes_layers.then(Arc::default))
    }

    fn known(&self, below: &str) -> Option<Known> {
        let known = self.0.as_ref()?.lock().unwrap_or_else(PoisonError::into_inner);
        known.iter().find(|(key, _)| key == below).map(|(_, known)| known.clone())
    }

    fn remember(&self, below: &str, known: Option<Known>) {
        let Some(all) = &self.0 else { return };
        let mut all = all.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|(key, _)| key != below);
        all.extend(known.map(|known| (below.to_owned(), known)));
        if all.len() > REMEMBERED {
            all.pop_front();
        }
    }
}

impl Engine {
    /// Remembers an image that was built from these files.
    pub(crate) async fn remember_top(&self, top: &TopLayer, built: &ImageInspect) {
        if self.top_layers.known(&top.below).is_none() {
            self.top_layers.remember(&top.below, self.below(built).await);
        }
    }

    async fn below(&self, built: &ImageInspect) -> Option<Known> {
        let config =
            built.config.clone().filter(|config| matches!(config.user.as_deref(), None | Some("" | "0" | "root")))?;
        let history = ask(QUICK, self.docker.image_history(built.id.as_deref()?)).await.ok()?;
        let top = history.iter().map(|step| step.created_by.as_str()).find(|step| makes_layer(step))?;
        if !top.trim_start_matches("/bin/sh -c #(nop) ").trim_start().starts_with("COPY ") {
            return None;
        }
        let mut layers = built.root_fs.as_ref()?.layers.clone()?;
        layers.pop()?;
        Some(Known { architecture: built.architecture.clone()?, config, layers })
    }

    /// The service's image with what its last `COPY` takes now, where the layers below are known; else `None`.
    pub(crate) async fn put_on_top(
        &self,
        service: &Service,
        build: &Build,
        top: &TopLayer,
        name: &str,
        of_stranger: bool,
        progress: &Progress,
    ) -> Result<Option<ImageInspect>> {
        let Some(known) = self.top_layers.known(&top.below) else { return Ok(None) };
        // What is below must not be removed now.
        let _building = self.layers.building().await;
        progress.step(&service.name, "build", format!("COPY {}", top.copy.words));
        let (packing, files) = (top.clone(), build.clone());
        let packed = tokio::task::spawn_blocking(move || packing.pack(&files)).await;
        let Ok(Some(layer)) = packed.unwrap_or(Ok(None)) else { return Ok(None) };
        let now = self.info.now();
        // Finer than seconds: it is compared with when files were saved.
        let created = rfc3339(now as u64).replace('Z', &format!(".{:03}Z", (now.fract() * 1e3) as u32));
        let archive = OnTop {
            name: &tagged(name),
            below: &known.layers,
            layer: &layer,
            config: &known.config,
            architecture: &known.architecture,
            created: &created,
            created_by: &format!("COPY {}", top.copy.words),
        };
        let loaded = match archive.bytes() {
            Ok(bytes) => {
                let piece = futures_util::stream::iter([Ok(hyper::body::Bytes::from(bytes))]);
                load_stream(self, piece).await.map_err(|fault| fault.message())
            }
            Err(error) => Err(error.to_string()),
        };
        if let Err(message) = loaded {
            tracing::debug!(service = service.name, message, "its top layer cannot be put on those below");
            self.top_layers.remember(&top.below, None);
            return Ok(None);
        }
        let Some(image) = self.image(name).await? else { return Ok(None) };
        if of_stranger {
            self.layers.made_here(image.id.as_deref().unwrap_or_default(), now);
        }
        progress.finished(&service.name, "build", "built");
        Ok(Some(image))
    }
}

/// Whether a step of an image's history has made a layer, or might have.
fn makes_layer(step: &str) -> bool {
    const NONE: [&str; 9] =
        ["CMD", "EXPOSE", "ENV", "LABEL", "ENTRYPOINT", "STOPSIGNAL", "HEALTHCHECK", "ARG", "MAINTAINER"];
    let step = step.trim_start_matches("/bin/sh -c #(nop)").trim_start();
    !NONE.contains(&step.split_whitespace().next().unwrap_or_default())
}

/// A directory that root has made in a usual way, and that leads nowhere else.
fn is_plain(target: &Path) -> bool {
    let mut parts = target.components().skip(1).map(|part| part.as_os_str().to_str().unwrap_or("usr"));
    match (parts.next(), parts.next()) {
        (Some("usr"), Some("src")) => true,
        (Some(first), _) => !SPECIAL.contains(&first),
        _ => false,
    }
}

/// The directories down to the target: a layer that does not name them gives them to nobody but root.
fn directories(tar: &mut tar::Builder<Vec<u8>>, target: &Path) -> std::io::Result<()> {
    let mut path = PathBuf::new();
    for part in target.components() {
        path.push(part);
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(tar::EntryType::Directory);
        header.set_mode(0o755);
        header.set_size(0);
        tar.append_data(&mut header, &path, std::io::empty())?;
    }
    Ok(())
}
