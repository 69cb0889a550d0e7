use breakfix::engine::{Progress, UpOptions};

use crate::support::*;

const DATABASE: &str = "
services:
  db:
    image: postgres:17
    environment: {POSTGRES_PASSWORD: secret}
    volumes: [dbdata:/var/lib/postgresql/data]
volumes: {dbdata: {}}
";

#[tokio::test]
async fn everything_goes_with_down_and_down_again_is_no_error() {
    let Some(lab) = Lab::usual().await else { return };
    lab.up().await;
    let toolbox = lab.engine.toolbox(&lab.project, &format!("{}_default", lab.project)).await.unwrap();
    let report = lab.engine.down(&lab.project, Some(lab.dir()), false, &Progress::silent()).await.unwrap();
    assert_eq!(report.containers.len(), 2);
    assert_eq!(report.networks, [format!("{}_default", lab.project)]);
    assert_eq!(lab.leftovers().await, [] as [&str; 0]);
    drop(toolbox);
    let again = lab.engine.down(&lab.project, Some(lab.dir()), true, &Progress::silent()).await.unwrap();
    assert_eq!(again, Default::default());
}

#[tokio::test]
async fn a_database_is_stopped_properly_while_its_volume_stays() {
    let Some(lab) = Lab::new(&[("docker-compose.yml", DATABASE)]).await else { return };
    // In the middle of its very first start: half-filled, the volume would be no use to anybody.
    lab.up().await;
    lab.engine.down(&lab.project, Some(lab.dir()), false, &Progress::silent()).await.unwrap();
    lab.up().await;
    wait_until_ready(&lab).await;
    let report = lab.engine.down(&lab.project, Some(lab.dir()), false, &Progress::silent()).await.unwrap();
    assert_eq!(report.volumes, [] as [&str; 0]);
    assert_eq!(lab.leftovers().await, [format!("{}_dbdata", lab.project)]);

    lab.up().await;
    wait_until_ready(&lab).await;
    let id = lab.id("db").await;
    let log = lab.engine.log_tail(&id, "db", 100).await.unwrap();
    let text: Vec<&str> = log.iter().map(|line| line.text.as_str()).collect();
    assert!(text.iter().any(|line| line.contains("database system was shut down at")), "{text:#?}");
    assert!(!text.iter().any(|line| line.contains("not properly shut down")), "{text:#?}");

    let report = lab.engine.down(&lab.project, Some(lab.dir()), true, &Progress::silent()).await.unwrap();
    assert_eq!(report.volumes, [format!("{}_dbdata", lab.project)]);
    assert_eq!(lab.leftovers().await, [] as [&str; 0]);
}

async fn wait_until_ready(lab: &Lab) {
    let id = lab.id("db").await;
    for _ in 0..300 {
        let output = lab
            .engine
            .exec(&id, &["pg_isready", "-h", "127.0.0.1"], &Default::default(), std::time::Duration::from_secs(10))
            .await;
        if output.is_ok_and(|output| output.code == 0) {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    panic!("the database never got ready: {:#?}", lab.engine.log_tail(&id, "db", 30).await);
}

#[tokio::test]
async fn what_is_not_the_projects_is_not_touched() {
    let Some(lab) = Lab::usual().await else { return };
    lab.up().await;
    let unlabelled = lab.stranger("plain", &[]).await;
    let other_project = lab.stranger("other", &[("com.docker.compose.project", "somebody-else")]).await;
    let elsewhere = "/somewhere/else";
    let other_dir = lab
        .stranger(
            "elsewhere",
            &[
                ("com.docker.compose.project", &lab.project),
                ("com.docker.compose.service", "x"),
                ("com.docker.compose.project.working_dir", elsewhere),
            ],
        )
        .await;

    // Containers of another directory under the same name: `up` says so and changes nothing.
    let error = lab.engine.up(&lab.stack(), &UpOptions::default(), &Progress::silent()).await.unwrap_err();
    assert_eq!(error.blame, breakfix::Blame::Environment);
    assert!(error.to_string().contains(elsewhere), "{error}");

    let report = lab.engine.down(&lab.project, Some(lab.dir()), true, &Progress::silent()).await.unwrap();
    assert_eq!(report.containers.len(), 2);
    for stranger in [&unlabelled, &other_project, &other_dir] {
        let there =
            lab.docker.inspect_container(&stranger.0, None::<bollard::query_parameters::InspectContainerOptions>).await;
        assert_eq!(there.unwrap().state.unwrap().running, Some(true), "{}", stranger.0);
    }
}

#[tokio::test]
async fn a_network_in_use_by_a_stranger_is_told_and_the_rest_is_gone() {
    let Some(lab) = Lab::usual().await else { return };
    lab.up().await;
    let stranger = lab.stranger("guest", &[]).await;
    let network = format!("{}_default", lab.project);
    let request = bollard::models::NetworkConnectRequest { container: stranger.0.clone(), endpoint_config: None };
    lab.docker.connect_network(&network, request).await.unwrap();
    let error = lab.engine.down(&lab.project, Some(lab.dir()), true, &Progress::silent()).await.unwrap_err();
    assert_eq!(error.blame, breakfix::Blame::Environment);
    assert!(error.to_string().contains(&stranger.0), "{error}");
    assert_eq!(lab.leftovers().await, [network]);
}

#[tokio::test]
async fn an_up_that_is_abandoned_leaves_only_what_down_finds() {
    for wait in [0_u64, 20, 60, 110, 180, 260, 350, 500, 700, 1000] {
        let Some(lab) = Lab::usual().await else { return };
        let stack = lab.stack();
        let options = UpOptions { small_subnets: true, ..Default::default() };
        let progress = Progress::silent();
        let up = lab.engine.up(&stack, &options, &progress);
        let _ = tokio::time::timeout(std::time::Duration::from_millis(wait), up).await;
        // The engine may still be at work on the last question: what it makes of it has to be found as well.
        tokio::time::sleep(std::time::Duration::from_millis(300)).await;
        lab.engine.down(&lab.project, Some(lab.dir()), true, &Progress::silent()).await.unwrap();
        assert_eq!(lab.leftovers().await, [] as [&str; 0], "abandoned after {wait} ms");
    }
}

#[tokio::test]
async fn a_build_that_is_abandoned_ends_on_the_engine_too() {
    let compose = "services:\n  app:\n    build: .\n";
    let Some(lab) = Lab::new(&[("docker-compose.yml", compose)]).await else { return };
    lab.write("Dockerfile", &format!("FROM python:3.13-slim\nRUN echo {} && sleep 600\n", lab.project));
    // What BuildKit runs is no container that the engine lists: the step's own process is looked for.
    let running = || {
        let mut all = std::fs::read_dir("/proc").unwrap().flatten();
        all.any(|one| {
            std::fs::read_to_string(one.path().join("cmdline"))
                .is_ok_and(|line| line.contains(&lab.project) && line.contains("sleep 600"))
        })
    };
    let (stack, options, progress) = (lab.stack(), UpOptions::default(), Progress::silent());
    {
        let mut up = std::pin::pin!(lab.engine.up(&stack, &options, &progress));
        while !running() {
            let step = tokio::time::timeout(std::time::Duration::from_millis(100), up.as_mut()).await;
            assert!(step.is_err(), "the build ended: {step:?}");
        }
    }
    for _ in 0..200 {
        if !running() {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("the abandoned build still runs");
}
