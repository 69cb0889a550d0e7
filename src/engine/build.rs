//! Building a service's image with the classic builder, which every engine has.

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    fs,
    hash::{BuildHasher, Hasher, RandomState},
    io::{self, Write},
    os::unix::fs::PermissionsExt,
    path::Path,
};

use bollard::{
    body_try_stream,
    models::ImageInspect,
    query_parameters::{BuildImageOptionsBuilder, BuilderVersion},
};
use futures_util::{StreamExt, future::join_all, stream::FuturesUnordered};
use hyper::body::Bytes;
use tokio::sync::mpsc;

use super::{
    Engine, Limits, Progress,
    build_failure::{BuildLog, explain},
    call::{Fault, IDLE},
    context::{Config, config_dir},
    dockerfile::{Metadata, base_images, metadata_moved},
    images::is_carried,
    layers::{LayerLog, is_id},
    spec::image_name,
};
use crate::{
    compose::{Build, ContextFile, FileKind, Service, Stack},
    error::{Error, Result},
};

/// Name under which an inline Dockerfile goes into the context.
const INLINE: &str = ".breakfix.dockerfile";
/// Containers of a build's steps that are watched: output may name any number of them.
const MOST_STEPS: usize = 256;
/// Lines of a build's output that are kept.
const KEPT_LINES: usize = 200;
/// Bytes that the build of a stranger's stack may print. Installing packages prints a few thousand.
const MOST_OUTPUT: usize = 16 << 20;
/// Microseconds in which a step's share of the processors is counted.
const CPU_PERIOD: i32 = 100_000;

/// A Dockerfile, read.
pub(crate) struct Recipe {
    /// Its text.
    pub text: String,
    /// The images that it stands on.
    pub bases: Vec<String>,
}

impl Recipe {
    /// Reads the Dockerfile of a service.
    pub(crate) fn read(build: &Build) -> Result<Self> {
        let text = build.dockerfile_text()?;
        let bases = base_images(&text, &build.args);
        Ok(Self { text, bases })
    }
}

impl Engine {
    /// Builds the image of a service from its context.
    pub(crate) async fn build(
        &self,
        stack: &Stack,
        service: &Service,
        build: &Build,
        recipe: &Recipe,
        limits: Option<&Limits>,
        progress: &Progress,
    ) -> Result<ImageInspect> {
        let image = image_name(stack, service);
        progress.step(&service.name, "build", "sending the files");
        let inside = Path::new(&build.dockerfile)
            .components()
            .all(|part| matches!(part, std::path::Component::Normal(_) | std::path::Component::CurDir));
        let carried = self.loaded().await?;
        // What was fetched for an image that travels has to be found again below a Dockerfile in which a port was added.
        let travels = is_carried(&image) || !carried.is_empty();
        let text = metadata_moved(&recipe.text, if travels { Metadata::AfterRun } else { Metadata::BeforeCopy });
        let own = build.dockerfile_inline.is_some() || !inside;
        let dockerfile = if own { INLINE } else { build.dockerfile.trim_start_matches("./") };
        let mut options = BuildImageOptionsBuilder::default()
            .dockerfile(dockerfile)
            .t(&tagged(&image))
            .rm(true)
            .forcerm(true)
            .buildargs(&arguments(build))
            .version(BuilderVersion::BuilderV1);
        if !carried.is_empty() {
            // With such a list, what was built here counts only as far as it leads to an image of the list.
            options = options.cachefrom(&[carried, vec![tagged(&image)]].concat());
        }
        if let Some(target) = &build.target {
            options = options.target(target);
        }
        let memory = limits.map_or(0, step_memory);
        if let Some(limits) = limits {
            let bytes = i32::try_from(memory).unwrap_or(i32::MAX);
            let share = i32::try_from(limits.nano_cpus / (1_000_000_000 / i64::from(CPU_PERIOD))).unwrap_or(CPU_PERIOD);
            options = options.memory(bytes).memswap(bytes).cpuperiod(CPU_PERIOD).cpuquota(share);
        }
        let _building = self.layers.building().await;

        let (writer, reader) = mpsc::channel(8);
        let (packed, dockerfile) = (build.clone(), (dockerfile.to_owned(), text));
        let packing = tokio::task::spawn_blocking(move || pack(&packed, &dockerfile.0, &dockerfile.1, writer));
        let body =
            futures_util::stream::unfold(reader, |mut reader| async move { Some((reader.recv().await?, reader)) });
        let mut messages = Box::pin(self.docker.build_image(options.build(), None, Some(body_try_stream(body))));

        let mut log = BuildLog::new(KEPT_LINES);
        let mut layers = limits.map(|_| LayerLog::new(&self.layers, self.info.now()));
        let mut steps = FuturesUnordered::new();
        let (mut printed, mut named) = (0, Vec::new());
        let ended = loop {
            let message = tokio::select! {
                message = tokio::time::timeout(IDLE, messages.next()) => message,
                Some(ended) = steps.next() => match ended {
                    Some(error) => break Err(error),
                    None => continue,
                },
            };
            match message {
                Err(_) => break Ok(Some(Fault::NoAnswer(IDLE))),
                Ok(None) => break Ok(None),
                Ok(Some(Err(error))) => break Ok(Some(error.into())),
                Ok(Some(Ok(message))) => {
                    if let Some(detail) = message.error_detail {
                        let text = detail.message.unwrap_or_default();
                        break Ok(Some(Fault::Says { status: 200, message: super::text::clean(&text) }));
                    }
                    let Some(text) = message.stream else { continue };
                    if let (Some(layers), Some(limits)) = (&mut layers, limits) {
                        layers.take(&text);
                        printed += text.len();
                        let step = running_in(&text);
                        named.extend(step.clone());
                        if printed > MOST_OUTPUT || named.len() > MOST_STEPS {
                            break Err(prints_too_much(&service.name, log.instruction()));
                        }
                        if let Some(id) = step {
                            steps.push(async move { self.watch_step(&id, memory, limits).await });
                        }
                    }
                    if let Some(step) = log.take(&text) {
                        progress.step(&service.name, "build", step);
                    }
                }
            }
        };
        drop(messages);
        if ended.is_err() {
            // The engine ends a build that nobody listens to any more. What comes next counts on it.
            join_all(named.iter().map(|step| self.step_ends(step, memory))).await;
        }
        let failed = ended?;
        match packing.await {
            Ok(Err(PackError::File(error))) => return Err(error),
            // The engine ended the upload, and has said why.
            Ok(Err(PackError::Unwanted)) | Ok(Ok(())) => {}
            Err(error) => return Err(Error::environment("the build context could not be packed").because(error)),
        }
        if let Some(fault) = failed {
            return Err(explain(&service.name, &fault, &log, &recipe.text));
        }
        // A failure may also come as a line that is no error to the client: the image itself is the proof.
        let built = self.image(&image).await?;
        let built = built.ok_or_else(|| {
            explain(&service.name, &Fault::Other("the build ended without an image".into()), &log, &recipe.text)
        })?;
        if let Some(layers) = &mut layers {
            layers.ended_well(built.size.unwrap_or(i64::MAX));
        }
        progress.finished(&service.name, "build", "built");
        Ok(built)
    }
}

fn prints_too_much(service: &str, instruction: &str) -> Error {
    Error::stack(format!(
        "building {service} prints more than {} MiB, or names {MOST_STEPS} containers",
        MOST_OUTPUT >> 20
    ))
    .why(format!("it was ended there, at the step: {instruction}"))
    .suggest("let what runs in the build say less, or end")
}

/// Bytes of memory that a step of a build gets: installing packages takes more than serving pages. A few pages more or less tell the
/// containers of this build from all others.
fn step_memory(limits: &Limits) -> i64 {
    const PAGE: i64 = 4096;
    let mark = i64::try_from(RandomState::new().build_hasher().finish() & 0xfff).unwrap_or_default();
    (limits.memory * 2).clamp(1 << 30, i64::from(i32::MAX) / PAGE * PAGE - 0xfff * PAGE) + mark * PAGE
}

/// The container of a step, as the classic builder names it: ` ---> Running in 0123456789ab`.
fn running_in(text: &str) -> Option<String> {
    let id = text.trim().strip_prefix("---> Running in ")?;
    is_id(id).then(|| id.to_owned())
}

/// With a tag: a bare name means all tags to some calls.
pub(crate) fn tagged(image: &str) -> String {
    let last = image.rsplit('/').next().unwrap_or(image);
    if last.contains(':') || image.contains('@') { image.to_owned() } else { format!("{image}:latest") }
}

/// The file's arguments and the proxies of the surroundings, which are known to builders and do not spoil the cache.
fn arguments(build: &Build) -> HashMap<String, String> {
    let mut arguments: HashMap<String, String> = HashMap::new();
    if let Some(dir) = config_dir() {
        arguments.extend(Config::read(&dir).proxy_arguments());
    }
    for name in ["HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "FTP_PROXY", "ALL_PROXY"] {
        for name in [name.to_owned(), name.to_lowercase()] {
            if let Ok(value) = std::env::var(&name)
                && !value.is_empty()
                && !is_loopback(&value)
            {
                arguments.insert(name, value);
            }
        }
    }
    for (name, value) in &build.args {
        match value.clone().or_else(|| std::env::var(name).ok()) {
            Some(value) => arguments.insert(name.clone(), value),
            None => None,
        };
    }
    arguments
}

/// A proxy on this machine's loopback is not there inside a build.
fn is_loopback(proxy: &str) -> bool {
    let host = proxy.split_once("://").map_or(proxy, |(_, rest)| rest);
    let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
    host.starts_with("127.") || host.starts_with("localhost") || host.starts_with("[::1]")
}

enum PackError {
    /// A file cannot be read.
    File(Error),
    /// Nobody takes the bytes any more.
    Unwanted,
}

/// Writes the context as a tar stream, a piece at a time: a context may be larger than memory.
fn pack(
    build: &Build,
    dockerfile: &str,
    text: &str,
    to: mpsc::Sender<std::io::Result<Bytes>>,
) -> Result<(), PackError> {
    let files = build.context_files().map_err(PackError::File)?;
    let mut tar = tar::Builder::new(std::io::BufWriter::with_capacity(1 << 16, Pieces(to)));
    tar.follow_symlinks(false);
    for file in &files {
        // Its text goes in below, as it is built.
        if file.path == Path::new(dockerfile) {
            continue;
        }
        append(&mut tar, file).map_err(|error| match error.kind() {
            std::io::ErrorKind::BrokenPipe => PackError::Unwanted,
            _ => PackError::File(
                Error::stack(format!("the build context's file {} cannot be read", file.path.display())).because(error),
            ),
        })?;
    }
    let ended = (|| {
        // Even one that is inline, outside the context, or kept out by .dockerignore: the builder needs it all the same.
        let mut header = tar::Header::new_gnu();
        header.set_size(text.len() as u64);
        header.set_mode(0o644);
        tar.append_data(&mut header, dockerfile, text.as_bytes())?;
        tar.into_inner()?.flush()
    })();
    ended.map_err(|_| PackError::Unwanted)
}

/// A file as it looks whoever sends it: root's, and written by nobody else where that comes from a habit of the machine (`umask 002`).
/// Owner and mode are part of what the builder's cache compares, and an image that was built elsewhere has to be found in it.
pub(crate) fn append(tar: &mut tar::Builder<impl Write>, file: &ContextFile) -> io::Result<()> {
    let metadata = fs::symlink_metadata(&file.absolute)?;
    let mut header = tar::Header::new_gnu();
    header.set_metadata(&metadata);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mode(mode(metadata.permissions().mode()));
    match file.kind {
        FileKind::File => tar.append_data(&mut header, &file.path, fs::File::open(&file.absolute)?),
        FileKind::Directory => tar.append_data(&mut header, &file.path, io::empty()),
        FileKind::Symlink => tar.append_link(&mut header, &file.path, fs::read_link(&file.absolute)?),
    }
}

/// What all may write was meant so; what only the group may write was not.
fn mode(mode: u32) -> u32 {
    if mode & 0o002 == 0 { mode & !0o020 } else { mode }
}

/// Hands pieces to the request's body.
pub(crate) struct Pieces(pub mpsc::Sender<std::io::Result<Bytes>>);

impl Write for Pieces {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let piece = Bytes::copy_from_slice(bytes);
        self.0.blocking_send(Ok(piece)).map_err(|_| std::io::Error::from(std::io::ErrorKind::BrokenPipe))?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Keeps the newest lines.
pub(crate) fn keep<T>(lines: &mut VecDeque<T>, line: T, most: usize) {
    if lines.len() == most {
        lines.pop_front();
    }
    lines.push_back(line);
}

/// Ids of the images that a recipe stands on, joined: another base image asks for another build.
pub(crate) fn base_ids(recipe: &Recipe, images: &BTreeMap<String, ImageInspect>) -> String {
    let ids: Vec<&str> = recipe.bases.iter().filter_map(|name| images.get(name)?.id.as_deref()).collect();
    ids.join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_gets_a_tag_once() {
        assert_eq!(tagged("shop-flaskapp"), "shop-flaskapp:latest");
        assert_eq!(tagged("localhost:5000/shop"), "localhost:5000/shop:latest");
        assert_eq!(tagged("shop:2"), "shop:2");
    }

    #[test]
    fn a_step_tells_its_container() {
        assert_eq!(running_in(" ---> Running in 0123456789ab\n").as_deref(), Some("0123456789ab"));
        assert_eq!(running_in(" ---> Running in ../../images/x"), None);
        assert_eq!(running_in(" ---> Using cache\n"), None);
    }

    #[test]
    fn a_file_is_the_same_whoever_sends_it() {
        let dir = tempfile::tempdir().unwrap();
        let sent = |bits: u32| {
            let absolute = dir.path().join("requirements.txt");
            fs::write(&absolute, "Flask\n").unwrap();
            fs::set_permissions(&absolute, fs::Permissions::from_mode(bits)).unwrap();
            let mut tar = tar::Builder::new(Vec::new());
            let file = ContextFile { path: "requirements.txt".into(), absolute, kind: FileKind::File };
            append(&mut tar, &file).unwrap();
            let bytes = tar.into_inner().unwrap();
            let mut archive = tar::Archive::new(bytes.as_slice());
            let entry = archive.entries().unwrap().next().unwrap().unwrap();
            let header = entry.header();
            (header.mode().unwrap() & 0o777, header.uid().unwrap(), header.gid().unwrap(), header.size().unwrap())
        };
        assert_eq!(sent(0o664), (0o644, 0, 0, 6));
        assert_eq!(sent(0o664), sent(0o644));
        assert_eq!(sent(0o775).0, 0o755);
        assert_eq!(sent(0o600).0, 0o600);
        assert_eq!(sent(0o666).0, 0o666);
    }

    #[test]
    fn a_loopback_proxy_does_not_go_into_a_build() {
        assert!(is_loopback("http://127.0.0.1:3128"));
        assert!(is_loopback("http://me:pw@localhost:3128/"));
        assert!(!is_loopback("http://proxy.corp:3128"));
    }
}
