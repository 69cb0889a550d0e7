//! Stand-ins: replaced as soon as a registry is back, and built where none answers.

use std::{collections::BTreeMap, process::Command};

use bollard::query_parameters::{CreateImageOptionsBuilder, RemoveImageOptions, TagImageOptionsBuilder};
use breakfix::engine::{ImageOrigin, ImagePolicy, ImageStatus, Progress};
use futures_util::TryStreamExt;
use serde_json::json;

use super::{Daemon, Manner, Proxy, Registry, SHOP_IMAGES, skipped};

async fn status(daemon: &Daemon) -> Vec<ImageStatus> {
    daemon.engine.image_status(&SHOP_IMAGES.map(str::to_owned)).await.unwrap()
}

/// Runs `breakfix images pull`; gives the exit code, and what was said.
async fn images_pull(daemon: &Daemon) -> (i32, String, String) {
    let url = daemon.url.clone();
    let run = move || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_breakfix"));
        command.args(["images", "pull", "--engine", &url]).output().unwrap()
    };
    let output = tokio::task::spawn_blocking(run).await.unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code().unwrap(), text(&output.stdout), text(&output.stderr))
}

#[tokio::test]
async fn stand_ins_give_way_as_soon_as_a_registry_is_back() {
    if skipped() {
        return;
    }
    let registry = Registry::start().await;
    let proxy = Proxy::start(registry.port, Manner::Says("503 Service Unavailable", "")).await;
    let daemon = Daemon::start(&[format!("http://127.0.0.1:{}", proxy.port)]).await;
    for (index, name) in SHOP_IMAGES.iter().enumerate() {
        let (repository, tag) = name.split_once(':').unwrap();
        registry.put(&format!("library/{repository}"), tag, &[30_000 + index], json!({})).await;
        // An image of the stand-ins' kind, under the name.
        registry.put(repository, "ours", &[20_000 + index], json!({ "dev.breakfix.stand-in": "true" })).await;
        let ours = format!("localhost:{}/{repository}", registry.port);
        let options = CreateImageOptionsBuilder::default().from_image(&ours).tag("ours").build();
        daemon.docker.create_image(Some(options), None, None).try_collect::<Vec<_>>().await.unwrap();
        let options = TagImageOptionsBuilder::default().repo(repository).tag(tag).build();
        daemon.docker.tag_image(&format!("{ours}:ours"), Some(options)).await.unwrap();
        let name = format!("{ours}:ours");
        daemon.docker.remove_image(&name, None::<RemoveImageOptions>, None).await.unwrap();
    }
    let before = status(&daemon).await;
    assert!(before.iter().all(|image| image.origin == ImageOrigin::StandIn), "{before:#?}");

    // Not yet: an image under the name does not make a pull of it.
    let (code, _, said) = images_pull(&daemon).await;
    assert_eq!(code, 3, "{said}");
    assert!(said.starts_with("error: postgres:17, nginx:1.28, python:3.13-slim can't be pulled\n"), "{said}");
    assert!(said.contains("  because ") && said.contains("  try     "), "{said}");
    assert_eq!(status(&daemon).await, before);

    proxy.behave(Manner::Faithful);
    let (code, printed, said) = images_pull(&daemon).await;
    assert_eq!((code, said.as_str()), (0, ""));
    assert_eq!(
        printed.lines().filter(|line| line.starts_with("✓ ") && line.contains(" pulled")).count(),
        3,
        "{printed}"
    );
    for (old, new) in before.iter().zip(status(&daemon).await) {
        assert_eq!(new.origin, ImageOrigin::Registry, "{new:#?}");
        assert_ne!(old.id, new.id);
        let gone = daemon.docker.inspect_image(old.id.as_ref().unwrap()).await;
        assert!(gone.is_err(), "the stand-in for {} is still here", old.name);
    }
}

/// The real work of a first start without a registry; it takes a minute.
#[tokio::test]
#[ignore = "longer than others: cargo test -- --include-ignored"]
async fn where_no_registry_answers_stand_ins_are_built() {
    if skipped() {
        return;
    }
    let daemon = Daemon::start(&[]).await;
    let names: Vec<String> = SHOP_IMAGES.map(str::to_owned).into();
    let (sender, mut steps) = tokio::sync::mpsc::channel(100_000);
    let images = daemon.engine.ensure_images(&names, ImagePolicy::Auto, &Progress::to(sender)).await;
    let images = images.unwrap_or_else(|error| panic!("{error}\n{}", daemon.log()));
    assert!(images.iter().all(|image| image.origin == ImageOrigin::StandIn), "{images:#?}");

    let mut told: BTreeMap<String, Vec<String>> = BTreeMap::new();
    while let Ok(step) = steps.try_recv() {
        let states = told.entry(step.subject).or_default();
        let end = if step.finished { " ✓" } else { "" };
        let words = step.detail.split(' ').next().unwrap_or_default();
        let state = format!("{} {words}{end}", step.verb);
        if states.last() != Some(&state) {
            states.push(state);
        }
    }
    let after_pull = |name: &str| {
        let states = &told[name];
        assert_eq!(states[..2], ["pull asking", "pull no"], "{states:?}");
        states[2..].to_vec()
    };
    let python = after_pull("python:3.13-slim");
    assert!(python.contains(&"build unpacking".to_owned()), "{python:?}");
    assert_eq!(python.last().unwrap(), "build a ✓");
    for server in ["postgres:17", "nginx:1.28"] {
        let states = after_pull(server);
        assert_eq!(states[0], "wait for", "{states:?}");
        assert!(states.contains(&"build unpacking".to_owned()), "{states:?}");
        assert_eq!(states.last().unwrap(), "build a ✓");
    }
    assert_eq!(told["images"].last().unwrap(), "build stand-ins ✓");
}
