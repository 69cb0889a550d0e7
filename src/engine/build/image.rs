//! Building a service's image: by BuildKit where the engine has it, else by the classic builder, which every engine has.

use std::{
    collections::{BTreeMap, HashMap},
    hash::{BuildHasher, Hasher, RandomState},
    path::Path,
    sync::atomic::Ordering,
};

use bollard::{
    body_try_stream,
    models::ImageInspect,
    query_parameters::{BuildImageOptionsBuilder, BuilderVersion},
};
use futures_util::{StreamExt, future::join_all, stream::FuturesUnordered};
use tokio::sync::mpsc;

use super::{
    buildkit::{self, Ended},
    dockerfile::{base_images, is_too_new, needs_buildkit, without_frontend},
    failure::{BuildLog, KEPT_LINES, explain},
    layer_log::{LayerLog, is_id},
    offline_cache::is_carried,
    older::{for_classic, for_old_buildkit, settings_last},
    pack::{PackError, pack},
};
use crate::engine::{
    Engine, EngineKind, Limits, Progress,
    connect::docker_context::{Config, config_dir},
    containers::spec::image_name,
    request::{Fault, IDLE},
};
use crate::{
    compose::{Build, Service, Stack},
    error::{Error, Result},
};

/// Name under which an inline Dockerfile goes into the context.
const INLINE: &str = ".breakfix.dockerfile";
/// Containers of a build's steps that are watched: output may name any number of them.
const MOST_STEPS: usize = 256;
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
        let carried = self.loaded().await?;
        if limits.is_none() && !is_carried(&image) && self.prefers_buildkit(recipe, &carried) {
            let image = tagged(&image);
            let order = self.order(service, build, recipe, &image);
            if let Some(built) = self.build_by_buildkit(&order, progress).await? {
                return Ok(built);
            }
        }
        let mut text = for_classic(&recipe.text);
        if !carried.is_empty() || is_carried(&image) {
            text = settings_last(&text);
        }
        let inside = Path::new(&build.dockerfile)
            .components()
            .all(|part| matches!(part, std::path::Component::Normal(_) | std::path::Component::CurDir));
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
        if !build.labels.is_empty() {
            options = options.labels(&build.labels.clone().into_iter().collect());
        }
        // It takes one; where a stranger names several, that is said at their line.
        if let Some(host) = build.extra_hosts.first() {
            options = options.extrahosts(host);
        }
        if let Some(network) = &build.network {
            options = options.networkmode(network);
        }
        if let Some(bytes) = build.shm_size.and_then(|bytes| i32::try_from(bytes).ok()) {
            options = options.shmsize(bytes);
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
                        break Ok(Some(Fault::Says { status: 200, message: crate::engine::sanitize::clean(&text) }));
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

    /// A stranger's build is bounded by the classic builder only, and what was loaded from a file is found by it only. So it makes what is
    /// carried, too: one that BuildKit has made would pass for one that was loaded, and named as the cache hide the builder's own.
    fn prefers_buildkit(&self, recipe: &Recipe, carried: &[String]) -> bool {
        let wanted = std::env::var("DOCKER_BUILDKIT").as_deref() != Ok("0");
        wanted && self.info.kind != EngineKind::Podman && (carried.is_empty() || needs_buildkit(&recipe.text))
    }

    /// Docker before 23 has a BuildKit that does not know what Dockerfiles say since 2022.
    fn is_old(&self) -> bool {
        let major = self.info.version.split('.').next().and_then(|major| major.parse::<u32>().ok());
        major.is_some_and(|major| major < 23)
    }

    /// Builds the image of a service into the builder's cache alone, so that a build of the same files has little left to do: nothing is
    /// replaced, nothing gets a name. Does nothing where the engine has no BuildKit.
    ///
    /// # Errors
    /// Stack: a file cannot be read. How the build itself ends is told when it is asked for.
    pub async fn build_ahead(&self, service: &Service) -> Result<()> {
        let Some(build) = &service.build else { return Ok(()) };
        let recipe = Recipe::read(build)?;
        if self.prefers_buildkit(&recipe, &self.loaded().await?) {
            let order = self.order(service, build, &recipe, "");
            self.ask_buildkit(&order, &Progress::silent()).await?;
        }
        Ok(())
    }

    fn order<'a>(
        &self,
        service: &'a Service,
        build: &'a Build,
        recipe: &Recipe,
        image: &'a str,
    ) -> buildkit::Order<'a> {
        let text = if self.is_old() { for_old_buildkit(&recipe.text) } else { recipe.text.clone() };
        buildkit::Order { service: &service.name, build, text, image, arguments: arguments(build) }
    }

    /// By the frontend that the file asks for; where that cannot be fetched, by the engine's own.
    async fn ask_buildkit(&self, order: &buildkit::Order<'_>, progress: &Progress) -> Result<Ended> {
        let Some(text) = without_frontend(&order.text) else {
            return buildkit::build(&self.address(), order, progress).await;
        };
        // Where one was out of reach, each further try would take its time, too.
        if !self.no_frontends.load(Ordering::Relaxed) {
            let ended = buildkit::build(&self.address(), order, progress).await?;
            if !matches!(ended, Ended::Failed { no_frontend: true, .. }) {
                return Ok(ended);
            }
            self.no_frontends.store(true, Ordering::Relaxed);
        }
        let told = "the frontend that the Dockerfile names cannot be fetched: by the engine's own";
        progress.step(order.service, "build", told);
        buildkit::build(&self.address(), &buildkit::Order { text, ..order.clone() }, progress).await
    }

    /// Nothing where the engine has no BuildKit.
    async fn build_by_buildkit(
        &self,
        order: &buildkit::Order<'_>,
        progress: &Progress,
    ) -> Result<Option<ImageInspect>> {
        let ended = self.ask_buildkit(order, progress).await?;
        match ended {
            Ended::NoBuildKit => Ok(None),
            Ended::Failed { fault, .. } if self.is_old() && is_too_new(&fault.message(), &order.text) => {
                let version = &self.info.version;
                Err(Error::environment(format!("the Dockerfile of {} needs a newer BuildKit", order.service))
                    .why(fault.message())
                    .why(format!("this engine is Docker {version}, whose BuildKit does not know this"))
                    .suggest("write that line in an older way, or update Docker to 23 or newer"))
            }
            Ended::Failed { fault, log, .. } => Err(explain(order.service, &fault, &log, &order.text)),
            Ended::Built => {
                let built = self.image(order.image).await?;
                let none = || Error::environment(format!("building {} ended without an image", order.service));
                progress.finished(order.service, "build", "built");
                Ok(Some(built.ok_or_else(none)?))
            }
        }
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
    fn a_loopback_proxy_does_not_go_into_a_build() {
        assert!(is_loopback("http://127.0.0.1:3128"));
        assert!(is_loopback("http://me:pw@localhost:3128/"));
        assert!(!is_loopback("http://proxy.corp:3128"));
    }
}
