//! Pulling images, from a real registry into a second engine that has none: as most people's engines do, and as registries and
//! networks fail them.
//!
//! It takes root, `dockerd`, `ip` and Debian's `docker-registry`; where one of them is missing, the tests say so and pass.
//! `.ci/run` installs the registry.

// Support functions are part of the tests, and a failed step there is a failed test.
#![allow(clippy::unwrap_used)]
#![cfg(target_os = "linux")]

#[path = "../common/mod.rs"]
mod common;
mod daemon;
mod proxy;
mod registry;
mod room;
mod stand_ins;
mod stopped;

use std::time::{Duration, Instant};

use bollard::{
    Docker,
    query_parameters::{PushImageOptionsBuilder, RemoveImageOptions, TagImageOptionsBuilder},
};
use breakfix::{
    Blame, Error,
    engine::{Engine, ImageOrigin, ImagePolicy, Progress, Step},
};
use daemon::Daemon;
use futures_util::TryStreamExt;
use proxy::{Manner, Proxy};
use registry::Registry;
use serde_json::json;

/// Whether something is missing that these tests need; then it is said.
fn skipped() -> bool {
    if common::left_out() {
        return true;
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    let there = |name: &str| std::env::split_paths(&path).any(|dir| dir.join(name).is_file());
    let missing: Vec<&str> = ["dockerd", "ip", registry::PROGRAM].into_iter().filter(|name| !there(name)).collect();
    if !missing.is_empty() {
        eprintln!("SKIPPED: pulling is not tested without {}", missing.join(", "));
        return true;
    }
    let root = rustix::process::geteuid().is_root();
    if !root {
        eprintln!("SKIPPED: pulling is not tested without root, which a second engine needs");
    }
    !root
}

/// Pulls one image, and gives what was told on the way.
async fn pull(daemon: &Daemon, name: &str) -> (Result<(), Error>, Vec<Step>) {
    let (sender, mut steps) = tokio::sync::mpsc::channel(10_000);
    let pulled = daemon.engine.ensure_images(&[name.to_owned()], ImagePolicy::Pull, &Progress::to(sender)).await;
    let mut told = Vec::new();
    while let Ok(step) = steps.try_recv() {
        told.push(step);
    }
    (pulled.map(drop), told)
}

/// What people read of an error: all its parts are there.
fn parts(pulled: Result<(), Error>) -> (String, String, String) {
    let error = pulled.expect_err("a failure");
    assert_eq!(error.blame, Blame::Environment);
    assert!(!error.why.is_empty() && !error.try_next.is_empty(), "{error}");
    (error.what, error.why.join("\n"), error.try_next.join("\n"))
}

fn runs_forward(steps: &[Step]) -> Vec<(u64, u64)> {
    let amounts: Vec<(u64, u64)> = steps.iter().filter_map(|step| step.amount).collect();
    assert!(amounts.windows(2).all(|pair| pair[0].0 <= pair[1].0 && pair[0].1 == pair[1].1), "{amounts:?}");
    assert!(amounts.iter().all(|(done, all)| done <= all), "{amounts:?}");
    amounts
}

#[tokio::test]
async fn a_pull_tells_how_far_it_is() {
    if skipped() {
        return;
    }
    let registry = Registry::start().await;
    let proxy = Proxy::start(registry.port, Manner::Slow).await;
    let id = registry.put("shop/web", "1", &[3_000_000, 2_000_000, 40, 2_500_000], json!({})).await;
    let daemon = Daemon::start(&[]).await;
    let name = format!("localhost:{}/shop/web:1", proxy.port);
    let (pulled, steps) = pull(&daemon, &name).await;
    pulled.unwrap_or_else(|error| panic!("{error}\n{}", daemon.log()));
    let image = daemon.engine.image_status(std::slice::from_ref(&name)).await.unwrap().remove(0);
    assert_eq!((image.origin, image.id), (ImageOrigin::Registry, Some(id)));

    assert!(steps.iter().all(|step| step.subject == name && step.verb == "pull"), "{steps:#?}");
    assert_eq!(steps[0].detail, "asking the registry");
    let amounts = runs_forward(&steps);
    assert!(amounts.len() > 10, "{steps:#?}");
    // The layers are tar files: a little more than what is in them.
    assert!(amounts.iter().all(|(_, all)| (7_500_000..7_510_000).contains(all)), "{amounts:?}");
    assert!(steps.iter().any(|step| step.amount.is_some() && step.detail == "2 of 4 layers"), "{steps:#?}");
    assert!(steps.iter().any(|step| step.detail.starts_with("unpacking: ")), "{steps:#?}");
    let last = steps.last().unwrap();
    assert_eq!((last.detail.as_str(), last.finished), ("pulled", true));
}

#[tokio::test]
async fn a_whole_image_comes_over_as_it_is() {
    if skipped() {
        return;
    }
    let registry = Registry::start().await;
    let daemon = Daemon::start(&[]).await;
    let first = Engine::find(None).await.unwrap_or_else(|error| panic!("these tests need a container engine: {error}"));
    let base = "python:3.13-slim".to_owned();
    let here = first.ensure_images(&[base], ImagePolicy::Auto, &Progress::silent()).await.unwrap().remove(0);
    let pushed = Pushed::new(&first, &here.name, &format!("localhost:{}/base", registry.port)).await;
    let (pulled, steps) = pull(&daemon, &pushed.name).await;
    pulled.unwrap_or_else(|error| panic!("{error}\n{}", daemon.log()));
    runs_forward(&steps);
    let there = daemon.engine.image_status(std::slice::from_ref(&pushed.name)).await.unwrap().remove(0);
    assert_eq!((there.id, there.origin), (here.id, here.origin));
}

/// A name that an image of the machine's own engine has for the time of a push.
struct Pushed {
    name: String,
    docker: Docker,
}

impl Pushed {
    async fn new(engine: &Engine, image: &str, repository: &str) -> Self {
        let docker = Docker::connect_with_defaults().unwrap();
        assert!(engine.info.url.starts_with("unix://"), "an engine on this machine reaches this machine's registry");
        let options = TagImageOptionsBuilder::default().repo(repository).tag("1").build();
        docker.tag_image(image, Some(options)).await.unwrap();
        let pushed = Self { name: format!("{repository}:1"), docker };
        let options = PushImageOptionsBuilder::default().tag("1").build();
        pushed.docker.push_image(repository, Some(options), None).try_collect::<Vec<_>>().await.unwrap();
        pushed
    }
}

impl Drop for Pushed {
    fn drop(&mut self) {
        let (docker, name) = (self.docker.clone(), self.name.clone());
        // On a thread with its own runtime: the test's may be ending in a panic.
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            let _ = runtime.block_on(docker.remove_image(&name, None::<RemoveImageOptions>, None));
        });
        let _ = thread.join();
    }
}

#[tokio::test]
async fn a_layer_that_is_cut_off_is_asked_for_again() {
    if skipped() {
        return;
    }
    let registry = Registry::start().await;
    let proxy = Proxy::start(registry.port, Manner::CutOff(1)).await;
    registry.put("cut", "1", &[4_000_000, 1_000_000], json!({})).await;
    let daemon = Daemon::start(&[]).await;
    let (pulled, steps) = pull(&daemon, &format!("localhost:{}/cut:1", proxy.port)).await;
    pulled.unwrap_or_else(|error| panic!("{error}\n{}", daemon.log()));
    assert!(steps.iter().any(|step| step.detail.starts_with("a layer was cut off; asked for again in")), "{steps:#?}");
    runs_forward(&steps);

    // One that never comes whole is told, and nothing of the image is here.
    proxy.behave(Manner::CutOff(usize::MAX));
    registry.put("cut", "2", &[5_000_000], json!({})).await;
    let name = format!("localhost:{}/cut:2", proxy.port);
    let (pulled, steps) = pull(&daemon, &name).await;
    let (what, why, suggestion) = parts(pulled);
    assert_eq!(what, format!("{name} can't be pulled"));
    assert!(why.contains("the download was cut off, more than once"), "{why}");
    assert!(suggestion.contains(&format!("docker pull {name}")), "{suggestion}");
    assert!(!steps.last().unwrap().finished);
    assert_eq!(daemon.engine.image_status(&[name]).await.unwrap()[0].origin, ImageOrigin::Absent);
}

#[tokio::test]
async fn what_a_registry_refuses_is_told_as_what_it_is() {
    if skipped() {
        return;
    }
    let registry = Registry::start().await;
    let proxy = Proxy::start(registry.port, Manner::Faithful).await;
    registry.put("there", "1", &[1000], json!({})).await;
    let daemon = Daemon::start(&[]).await;
    let host = format!("localhost:{}", proxy.port);
    let login = "401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"shop\"";
    let too_many = r#"{"errors":[{"code":"TOOMANYREQUESTS","message":"You have reached your pull rate limit."}]}"#;
    for (manner, image, reason, suggestion) in [
        (Manner::Faithful, "there:2", "the registry has no such image", "typing mistake in `HOST/there:2`"),
        (Manner::Faithful, "nowhere:1", "the registry has no such image", "typing mistake in `HOST/nowhere:1`"),
        (Manner::Says(login, ""), "there:1", "the registry asks for a login", "docker login HOST && docker pull HOST/"),
        (
            Manner::Says("429 Too Many Requests", too_many),
            "there:1",
            "the registry has had too many requests from here",
            "docker login HOST && docker pull HOST/there:1",
        ),
        // Without a word on why, as some proxies say it.
        (
            Manner::Says("429 Too Many Requests", ""),
            "there:1",
            "the registry has had too many requests from here",
            "in an hour",
        ),
        (Manner::Says("503 Service Unavailable", ""), "there:1", "the pull failed", "docker pull HOST/there:1"),
    ] {
        proxy.behave(manner.clone());
        let (pulled, _) = pull(&daemon, &format!("{host}/{image}")).await;
        let (what, why, tried) = parts(pulled);
        assert_eq!(what, format!("{host}/{image} can't be pulled"));
        assert_eq!(why.lines().next(), Some(reason), "{manner:?}: {why}");
        assert!(tried.contains(&suggestion.replace("HOST", &host)), "{manner:?}: {tried}");
        // A registry that answers is asked the next time, too.
        let asked = proxy.asked();
        let _ = pull(&daemon, &format!("{host}/{image}")).await;
        assert!(proxy.asked() > asked, "{manner:?}");
    }
}

#[tokio::test]
async fn a_registry_that_hangs_is_given_up_and_left_alone_for_a_while() {
    if skipped() {
        return;
    }
    let registry = Registry::start().await;
    registry.put("there", "1", &[1000], json!({})).await;
    let hangs = Proxy::start(registry.port, Manner::Silent).await;
    let daemon = Daemon::start(&[]).await;
    let name = format!("localhost:{}/there:1", hangs.port);
    let reason = format!("the registry localhost:{} does not answer", hangs.port);

    let began = Instant::now();
    let (pulled, steps) = pull(&daemon, &name).await;
    let took = began.elapsed();
    assert!(took < Duration::from_secs(30), "{took:?}");
    let (_, why, _) = parts(pulled);
    assert!(why.starts_with(&reason), "{why}");
    assert_eq!(steps.last().unwrap().detail, reason);

    let (asked, began) = (hangs.asked(), Instant::now());
    let (pulled, _) = pull(&daemon, &name).await;
    let (_, why, _) = parts(pulled);
    assert!(why.contains("the next try is in 10 min"), "{why}");
    assert!(began.elapsed() < Duration::from_secs(5));
    assert_eq!(hangs.asked(), asked);

    // Another registry has done nothing wrong.
    let (pulled, _) = pull(&daemon, &format!("localhost:{}/there:1", registry.port)).await;
    pulled.unwrap();

    // Somebody who asks for it in so many words gets it.
    hangs.behave(Manner::Faithful);
    daemon.engine.pull_images(std::slice::from_ref(&name), &Progress::silent()).await.unwrap();
    assert_eq!(daemon.engine.image_status(&[name]).await.unwrap()[0].origin, ImageOrigin::Registry);
}

/// The base images of the first course, as `breakfix images` lists them.
pub const SHOP_IMAGES: [&str; 3] = ["postgres:17", "nginx:1.28", "python:3.13-slim"];

#[tokio::test]
async fn what_is_missing_is_pulled_before_anything_is_built() {
    if skipped() {
        return;
    }
    let bridge = std::path::Path::new("/sys/class/net/docker0");
    let had_bridge = bridge.exists();
    let registry = Registry::start().await;
    let names: Vec<String> = SHOP_IMAGES.map(str::to_owned).into();
    for name in &names {
        let (repository, tag) = name.split_once(':').unwrap();
        registry.put(&format!("library/{repository}"), tag, &[2000, name.len()], json!({})).await;
    }
    let daemon = Daemon::start(&[format!("http://127.0.0.1:{}", registry.port)]).await;
    let (sender, mut steps) = tokio::sync::mpsc::channel(10_000);
    let images = daemon.engine.ensure_images(&names, ImagePolicy::Auto, &Progress::to(sender)).await.unwrap();
    assert!(images.iter().all(|image| image.origin == ImageOrigin::Registry), "{images:#?}");
    while let Ok(step) = steps.try_recv() {
        assert_eq!(step.verb, "pull", "{step:#?}");
    }

    // Where nothing can be built in its place, the registry's answer is the answer.
    let (sender, mut steps) = tokio::sync::mpsc::channel(10_000);
    let unknown = ["redis:70".to_owned()];
    let error = daemon.engine.ensure_images(&unknown, ImagePolicy::Auto, &Progress::to(sender)).await.unwrap_err();
    assert_eq!(error.what, "redis:70 can't be pulled");
    assert!(!error.to_string().contains("stand-in"), "{error}");
    while let Ok(step) = steps.try_recv() {
        assert_eq!(step.verb, "pull", "{step:#?}");
    }

    drop(daemon);
    assert_eq!(bridge.exists(), had_bridge, "the machine's own engine has lost its bridge");
}
