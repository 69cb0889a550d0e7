use std::collections::BTreeMap;

use bollard::query_parameters::TagImageOptionsBuilder;
use breakfix::engine::{BuildPolicy, ChangeKind, Progress, ServiceState, Step, UpOptions};

use crate::support::*;

#[tokio::test]
async fn a_stack_comes_up_and_only_what_changed_is_made_anew() {
    let Some(lab) = Lab::usual().await else { return };
    let report = lab.up().await;
    assert_eq!(kinds(&report), BTreeMap::from([("app", ChangeKind::Created), ("web", ChangeKind::Created)]));
    assert_eq!(report.moved_ports, []);

    let containers = lab.engine.containers(&lab.project).await.unwrap();
    assert_eq!(containers.iter().map(|c| c.service.as_str()).collect::<Vec<_>>(), ["app", "web"]);
    let web = &containers[1];
    assert_eq!(web.name, format!("{}-web-1", lab.project));
    assert_eq!(web.state, ServiceState::Running);
    assert_eq!(web.networks, [format!("{}_default", lab.project)]);
    let port = web.ports[0].host;
    assert_eq!(web.ports[0].to_string(), format!("127.0.0.1:{port}->80/tcp"));
    assert!(web.started_at > web.image_created && web.image_created > 0);
    for (name, value) in [
        ("com.docker.compose.project", lab.project.as_str()),
        ("com.docker.compose.oneoff", "False"),
        ("com.docker.compose.container-number", "1"),
        ("com.docker.compose.depends_on", "app:service_started:false"),
        ("com.docker.compose.project.working_dir", lab.dir().to_str().unwrap()),
    ] {
        assert_eq!(web.labels.get(name).map(String::as_str), Some(value), "{name}");
    }
    assert!(lab.page(port).await.contains("Directory listing"));

    let again = lab.up().await;
    assert_eq!(kinds(&again), BTreeMap::from([("app", ChangeKind::Unchanged), ("web", ChangeKind::Unchanged)]));
    assert_eq!(lab.engine.drift(&lab.stack(), &UpOptions::default()).await.unwrap(), BTreeMap::new());

    lab.replace("docker-compose.yml", "init: true", "init: true\n    environment: {COLOUR: red}");
    let drift = lab.engine.drift(&lab.stack(), &UpOptions::default()).await.unwrap();
    assert_eq!(drift, BTreeMap::from([("app".into(), "environment changed".into())]));
    let changed = lab.up().await;
    assert_eq!(change(&changed, "app").kind, ChangeKind::Recreated);
    assert_eq!(change(&changed, "app").why, "environment changed");
    assert_eq!(change(&changed, "web").kind, ChangeKind::Unchanged);

    let port_now = free_port();
    lab.replace("docker-compose.yml", &format!("{port}:80"), &format!("{port_now}:80"));
    let moved = lab.up().await;
    assert_eq!(
        (change(&moved, "web").kind, change(&moved, "web").why.as_str()),
        (ChangeKind::Recreated, "ports changed")
    );
    assert_eq!(published(&lab, "web", 80).await, port_now);
}

#[tokio::test]
async fn a_stopped_container_is_started_and_recreate_is_obeyed() {
    let Some(lab) = Lab::usual().await else { return };
    lab.up().await;
    // nginx looks its neighbour's name up when it starts, and must have done so.
    lab.page(published(&lab, "web", 80).await).await;
    let id = lab.id("app").await;
    lab.docker.kill_container(&id, None::<bollard::query_parameters::KillContainerOptions>).await.unwrap();
    let report = lab.up().await;
    assert_eq!(kinds(&report), BTreeMap::from([("app", ChangeKind::Started), ("web", ChangeKind::Unchanged)]));
    assert_eq!(lab.id("app").await, id);

    let options = UpOptions { services: Some(vec!["web".into()]), recreate: true, ..Default::default() };
    let report = lab.up_with(&options).await;
    assert_eq!(kinds(&report), BTreeMap::from([("app", ChangeKind::Unchanged), ("web", ChangeKind::Recreated)]));
}

#[tokio::test]
async fn a_service_that_left_the_file_is_removed_with_its_port() {
    let Some(lab) = Lab::usual().await else { return };
    lab.up().await;
    let port = published(&lab, "web", 80).await;
    lab.replace("docker-compose.yml", "  web:", "  front:");
    let report = lab.up().await;
    assert_eq!(kinds(&report), BTreeMap::from([("app", ChangeKind::Unchanged), ("front", ChangeKind::Created)]));
    assert_eq!(published(&lab, "front", 80).await, port);
    assert_eq!(lab.engine.containers(&lab.project).await.unwrap().len(), 2);
}

/// Builds are the slowest thing here: one test walks through all of a built image's life.
#[tokio::test]
async fn an_image_is_built_when_its_context_changed_and_not_otherwise() {
    let files = [
        ("docker-compose.yml", "services:\n  app:\n    build: .\n    init: true\n"),
        ("Dockerfile", "FROM python:3.13-slim\nCMD [\"python\", \"-u\", \"/srv/app.py\"]\nCOPY app.py /srv/\n"),
        ("app.py", "import time\nprint('one')\ntime.sleep(600)\n"),
        ("unrelated.txt", "not copied"),
    ];
    let Some(lab) = Lab::new(&files).await else { return };
    let always = UpOptions { build: BuildPolicy::Always, ..Default::default() };
    lab.up().await;
    let context = lab.stack().services[0].build.clone().unwrap().context_hash().unwrap();
    let containers = lab.engine.containers(&lab.project).await.unwrap();
    assert_eq!(containers[0].image_labels.get("dev.breakfix.context"), Some(&context));
    wait_for_line(&lab, "one").await;

    // Nothing changed: no build at all, also where one is asked for.
    let (sender, mut steps) = tokio::sync::mpsc::channel::<Step>(100);
    let report = lab.engine.up(&lab.stack(), &always, &Progress::to(sender)).await.unwrap();
    assert_eq!(change(&report, "app").kind, ChangeKind::Unchanged);
    let mut told = Vec::new();
    while let Some(step) = steps.recv().await {
        told.push(step.detail);
    }
    assert!(told.contains(&"nothing changed".to_owned()), "{told:?}");

    // Changed and not built: what runs is the old image, and says so by its label.
    lab.replace("app.py", "one", "two");
    assert_eq!(change(&lab.up().await, "app").kind, ChangeKind::Unchanged);
    let containers = lab.engine.containers(&lab.project).await.unwrap();
    assert_eq!(containers[0].image_labels.get("dev.breakfix.context"), Some(&context));

    let (sender, mut steps) = tokio::sync::mpsc::channel::<Step>(100);
    let report = lab.engine.up(&lab.stack(), &always, &Progress::to(sender)).await.unwrap();
    assert_eq!(
        (change(&report, "app").kind, change(&report, "app").why.as_str()),
        (ChangeKind::Recreated, "image changed")
    );
    let mut told = Vec::new();
    while let Some(step) = steps.recv().await {
        told.push(step.detail);
    }
    assert!(told.contains(&"step 3 of 3  COPY app.py /srv/".to_owned()), "{told:?}");
    wait_for_line(&lab, "two").await;
    let containers = lab.engine.containers(&lab.project).await.unwrap();
    assert_ne!(containers[0].image_labels.get("dev.breakfix.context"), Some(&context));

    // Down and up again: the image is there and is used.
    lab.engine.down(&lab.project, Some(lab.dir()), false, &Progress::silent()).await.unwrap();
    lab.up().await;
    wait_for_line(&lab, "two").await;
    lab.engine.down(&lab.project, Some(lab.dir()), true, &Progress::silent()).await.unwrap();
    let name = format!("{}-app:latest", lab.project);
    let names = lab.engine.images_named(&format!("{}-", lab.project)).await.unwrap();
    assert_eq!(names, [name.as_str()]);
    lab.engine.remove_images(&names).await.unwrap();
    assert!(lab.docker.inspect_image(&name).await.is_err());
}

#[tokio::test]
async fn an_image_whose_name_begins_alike_is_somebody_elses() {
    let Some(lab) = Lab::usual().await else { return };
    let (ours, theirs) = (format!("{}-web", lab.project), format!("{}-web-2", lab.project));
    for name in [&ours, &theirs] {
        let options = TagImageOptionsBuilder::default().repo(name).tag("latest").build();
        lab.docker.tag_image("python:3.13-slim", Some(options)).await.unwrap();
    }
    lab.engine.remove_images(&[format!("{ours}:latest")]).await.unwrap();
    assert!(lab.docker.inspect_image(&ours).await.is_err());
    assert!(lab.docker.inspect_image(&theirs).await.is_ok());
    // What it named all the time.
    assert!(lab.docker.inspect_image("python:3.13-slim").await.is_ok());
}

async fn wait_for_line(lab: &Lab, text: &str) {
    let id = lab.id("app").await;
    for _ in 0..100 {
        let lines = lab.engine.log_tail(&id, "app", 20).await.unwrap();
        if lines.iter().any(|line| line.text == text) {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("the container never said {text}");
}

#[tokio::test]
async fn dependencies_are_waited_for_as_their_condition_asks() {
    let compose = "
services:
  first:
    image: python:3.13-slim
    command: python -c 'import time; time.sleep(0.5); open(\"/shared/done\", \"w\")'
    volumes: [shared:/shared]
  second:
    image: python:3.13-slim
    command: sh -c 'test -e /shared/done && sleep 0.7 && touch /tmp/ready && sleep 600'
    init: true
    volumes: [shared:/shared]
    depends_on: {first: {condition: service_completed_successfully}}
    healthcheck: {test: test -e /tmp/ready, interval: 200ms, timeout: 5s, retries: 30}
  third:
    image: python:3.13-slim
    command: sleep 600
    init: true
    depends_on: {second: {condition: service_healthy}}
volumes: {shared: {}}
";
    let Some(lab) = Lab::new(&[("docker-compose.yml", compose)]).await else { return };
    let report = lab.up().await;
    let order: Vec<&str> = report.changes.iter().map(|change| change.service.as_str()).collect();
    assert_eq!(order, ["first", "second", "third"]);
    let containers = lab.engine.containers(&lab.project).await.unwrap();
    assert_eq!((containers[0].state, containers[0].exit_code), (ServiceState::Exited, Some(0)));
    assert_eq!(containers[1].health.as_deref(), Some("healthy"));
}

#[tokio::test]
async fn a_dependency_that_fails_is_told_in_composes_words() {
    let compose = "
services:
  broken:
    image: python:3.13-slim
    command: python -c 'raise SystemExit(3)'
  sick:
    image: python:3.13-slim
    command: sleep 600
    init: true
    healthcheck: {test: exit 1, interval: 100ms, timeout: 5s, retries: 1}
  after:
    image: python:3.13-slim
    depends_on: {WHICH}
";
    for (which, words) in [
        ("broken: {condition: service_completed_successfully}", "broken exited (3)"),
        ("sick: {condition: service_healthy}", "sick is unhealthy"),
        // It runs for a moment, and has no health check; or it has ended already.
        ("broken: {condition: service_healthy}", "broken "),
    ] {
        let compose = compose.replace("WHICH", which);
        let Some(lab) = Lab::new(&[("docker-compose.yml", &compose)]).await else { return };
        let error = lab.engine.up(&lab.stack(), &UpOptions::default(), &Progress::silent()).await.unwrap_err();
        assert_eq!(error.blame, breakfix::Blame::Stack, "{error}");
        assert_eq!(error.what, "after is not started: dependency failed");
        assert!(error.why[0].contains(words), "{error}");
    }
}
