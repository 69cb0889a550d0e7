//! Stacks that are not trusted.

use bollard::query_parameters::*;
use breakfix::engine::{BindStyle, ChangeKind, Limits, PortStyle, UpOptions};

use crate::support::*;

fn strict() -> UpOptions {
    UpOptions {
        binds: BindStyle::Copy,
        ports: PortStyle::Free,
        limits: Some(Limits { memory: 256 << 20, nano_cpus: 1_000_000_000, pids: 128, disk: 1 << 30 }),
        small_subnets: true,
        labels: [("dev.breakfix.submission".into(), "7".into())].into(),
        ..Default::default()
    }
}

#[tokio::test]
async fn a_strangers_stack_runs_within_limits_on_copies() {
    let compose = COMPOSE
        .replace("init: true", "init: true\n    restart: always\n    volumes: [\"./note.txt:/deep/down/note.txt\"]");
    let files = [("docker-compose.yml", compose.as_str()), ("conf.d/app.conf", CONF), ("note.txt", "from the host\n")];
    let Some(lab) = Lab::new(&files).await else { return };
    let report = lab.up_with(&strict()).await;
    lab.page(report.moved_ports[0].to).await;

    let web = lab.docker.inspect_container(&lab.id("web").await, None::<InspectContainerOptions>).await.unwrap();
    let host = web.host_config.unwrap();
    assert_eq!((host.memory, host.nano_cpus, host.pids_limit), (Some(256 << 20), Some(1_000_000_000), Some(128)));
    assert_eq!(host.security_opt, Some(vec!["no-new-privileges".to_owned()]));
    assert!(web.mounts.unwrap().iter().all(|mount| mount.typ.as_deref() == Some("volume")));
    let labels = web.config.unwrap().labels.unwrap();
    assert_eq!(labels.get("dev.breakfix.submission").map(String::as_str), Some("7"));
    let app = lab.docker.inspect_container(&lab.id("app").await, None::<InspectContainerOptions>).await.unwrap();
    let policy = app.host_config.unwrap().restart_policy.unwrap();
    assert_eq!((policy.name.unwrap().to_string().as_str(), policy.maximum_retry_count), ("on-failure", Some(8)));

    // The file is there, deep down; what the container writes stays in the container.
    let write = "cat /deep/down/note.txt && echo changed > /deep/down/note.txt";
    let output = lab
        .engine
        .exec(&lab.id("app").await, &["sh", "-c", write], &Default::default(), std::time::Duration::from_secs(20))
        .await
        .unwrap();
    assert_eq!((output.code, output.stdout.as_str()), (0, "from the host\n"));
    assert_eq!(std::fs::read_to_string(lab.path("note.txt")).unwrap(), "from the host\n");

    let network =
        lab.docker.inspect_network(&format!("{}_default", lab.project), None::<InspectNetworkOptions>).await.unwrap();
    let subnet = network.ipam.unwrap().config.unwrap()[0].subnet.clone().unwrap();
    assert!(subnet.starts_with("172.30.") && subnet.ends_with("/28"), "{subnet}");

    // A copy is part of the container: new content asks for a new one.
    lab.write("conf.d/app.conf", &CONF.replace("listen 80;", "listen 80; server_name other;"));
    let again = lab.up_with(&strict()).await;
    assert_eq!(change(&again, "web").kind, ChangeKind::Recreated);
    assert_eq!(change(&again, "app").kind, ChangeKind::Unchanged);
}

#[tokio::test]
async fn many_small_networks_side_by_side_do_not_meet() {
    let compose = "
services:
  one:
    image: python:3.13-slim
    command: sleep 600
    networks: [a, b, c, d, e, f]
networks: {a: {}, b: {}, c: {}, d: {}, e: {}, f: {}}
";
    let mut labs = Vec::new();
    for _ in 0..3 {
        let Some(lab) = Lab::new(&[("docker-compose.yml", compose)]).await else { return };
        labs.push(lab);
    }
    let options = UpOptions { small_subnets: true, ..Default::default() };
    let all = labs.iter().map(|lab| lab.up_with(&options));
    futures_util::future::join_all(all).await;
    let mut subnets = std::collections::BTreeSet::new();
    for lab in &labs {
        for key in ["a", "b", "c", "d", "e", "f"] {
            let name = format!("{}_{key}", lab.project);
            let network = lab.docker.inspect_network(&name, None::<InspectNetworkOptions>).await.unwrap();
            subnets.insert(network.ipam.unwrap().config.unwrap()[0].subnet.clone().unwrap());
        }
        assert_eq!(lab.engine.containers(&lab.project).await.unwrap()[0].networks.len(), 6);
    }
    assert_eq!(subnets.len(), 18);
}
