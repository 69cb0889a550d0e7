//! Exec, one-off commands, logs, events.

use std::{collections::BTreeMap, time::Duration};

use breakfix::{
    Blame,
    engine::{Container, Progress, Stream, UpOptions},
};
use futures_util::StreamExt;

use crate::support::*;

const TALKER: &str = "
services:
  app:
    image: python:3.13-slim
    init: true
    command: [\"python\", \"-u\", \"-c\", \"import sys, time; print('out', time.time()); time.sleep(0.3); print('err', file=sys.stderr); time.sleep(0.3); print('x' * 20000); time.sleep(600)\"]
";

async fn talker() -> Option<Lab> {
    let lab = Lab::new(&[("docker-compose.yml", TALKER)]).await?;
    lab.up().await;
    Some(lab)
}

#[tokio::test]
async fn exec_tells_output_and_code_and_is_bounded() {
    let Some(lab) = talker().await else { return };
    let id = lab.id("app").await;
    let within = Duration::from_secs(30);
    let env = BTreeMap::from([("WHO".to_owned(), "me".to_owned())]);
    let output = lab.engine.exec(&id, &["sh", "-c", "echo $WHO; echo oops >&2; exit 7"], &env, within).await.unwrap();
    assert_eq!((output.code, output.stdout.as_str(), output.stderr.as_str()), (7, "me\n", "oops\n"));

    let flood =
        lab.engine.exec(&id, &["sh", "-c", "head -c 3000000 /dev/zero"], &BTreeMap::new(), within).await.unwrap();
    assert_eq!((flood.code, flood.stdout.len()), (0, 256 * 1024));

    let missing = lab.engine.exec(&id, &["no-such-program"], &BTreeMap::new(), within).await.unwrap();
    assert!(matches!(missing.code, 126 | 127), "{missing:?}");

    let error = lab.engine.exec(&id, &["sleep", "60"], &BTreeMap::new(), Duration::from_millis(500)).await.unwrap_err();
    assert_eq!(error.blame, Blame::Environment);
    assert!(error.why[0].contains("did not end within 0.5 s"), "{error}");
    assert!(lab.engine.exec("no-such-container", &["true"], &BTreeMap::new(), within).await.is_err());
}

const LISTENER: &str = "
services:
  app:
    image: python:3.13-slim
    init: true
    command: [\"python\", \"-u\", \"-c\", \"import socket, time; s = socket.create_server(('127.0.0.1', 4321)); print('up'); time.sleep(600)\"]
";

#[tokio::test]
async fn a_containers_sockets_are_the_same_from_outside_and_from_inside() {
    let Some(lab) = Lab::new(&[("docker-compose.yml", LISTENER)]).await else { return };
    lab.up().await;
    let container = lab.engine.containers(&lab.project).await.unwrap().remove(0);
    wait_for_lines(&lab, &container.id, 1).await;
    let within = Duration::from_secs(30);
    let elsewhere = Container { pid: None, ..container.clone() };
    for asked in [&container, &elsewhere] {
        let text = lab.engine.proc_net(asked, within).await.unwrap();
        assert!(text.contains("0100007F:10E1 00000000:0000 0A"), "{text}");
    }
    lab.engine.down(&lab.project, None, true, &Progress::silent()).await.unwrap();
    assert!(lab.engine.proc_net(&container, within).await.is_err(), "it is gone, and its process with it");
}

#[tokio::test]
async fn a_one_off_command_runs_beside_the_service_and_leaves_nothing() {
    // Without `init` the engine itself says that a program is not there.
    let talker = TALKER.replace("    init: true\n", "");
    let compose = format!(
        "{talker}    depends_on: [db]\n    ports: [\"PORT:5000\"]\n  db:\n    image: python:3.13-slim\n    command: sleep 600\n    init: true\n"
    );
    let Some(lab) = Lab::new(&[("docker-compose.yml", &compose)]).await else { return };
    let command = ["sh", "-c", "getent hosts db >/dev/null && echo found; echo oops >&2; exit 3"].map(Into::into);
    let run = |command: Vec<String>| {
        let (engine, stack) = (lab.engine.clone(), lab.stack());
        async move { engine.run_once(&stack, "app", &command, &UpOptions::default(), &Progress::silent()).await }
    };
    let output = run(command.to_vec()).await.unwrap();
    assert_eq!((output.code, output.stdout.as_str(), output.stderr.as_str()), (3, "found\n", "oops\n"));
    // What it depends on was started and stays; the service itself was not.
    let containers = lab.engine.containers(&lab.project).await.unwrap();
    assert_eq!(containers.iter().map(|c| c.service.as_str()).collect::<Vec<_>>(), ["db"]);
    let names = lab.leftovers().await;
    assert!(!names.iter().any(|name| name.contains("-run-")), "{names:?}");

    let error = run(vec!["no-such-program".into()]).await.unwrap_err();
    assert_eq!(error.blame, Blame::Stack, "{error}");
    assert!(!lab.leftovers().await.iter().any(|name| name.contains("-run-")));

    // Abandoned half-way: removed in the background.
    let abandoned = tokio::time::timeout(Duration::from_millis(1500), run(vec!["sleep".into(), "600".into()]));
    assert!(abandoned.await.is_err());
    for _ in 0..100 {
        if !lab.leftovers().await.iter().any(|name| name.contains("-run-")) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("the abandoned container stays: {:?}", lab.leftovers().await);
}

#[tokio::test]
async fn logs_are_of_the_last_run_in_lines_that_are_cut() {
    let Some(lab) = talker().await else { return };
    let id = lab.id("app").await;
    let first = wait_for_lines(&lab, &id, 3).await;
    assert_eq!((first[0].stream, first[1].stream, first[1].text.as_str()), (Stream::Out, Stream::Err, "err"));
    assert_eq!(first[2].text, "x".repeat(4096));
    assert!(first[0].at > 1_600_000_000_000);

    lab.engine.restart(&lab.project, "app", &Progress::silent()).await.unwrap();
    assert_eq!(lab.id("app").await, id);
    let second = wait_for_lines(&lab, &id, 3).await;
    assert_eq!(second.len(), 3, "only the last run's lines: {second:?}");
    assert_ne!(second[0].text, first[0].text);
    assert_eq!(lab.engine.log_tail(&id, "app", 1).await.unwrap().len(), 1);
}

async fn wait_for_lines(lab: &Lab, id: &str, count: usize) -> Vec<breakfix::engine::LogLine> {
    for _ in 0..100 {
        let lines = lab.engine.log_tail(id, "app", 50).await.unwrap();
        if lines.len() >= count {
            return lines;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the container said too little");
}

#[tokio::test]
async fn a_followed_log_goes_on_after_a_restart_and_ends_with_the_container() {
    let Some(lab) = talker().await else { return };
    let id = lab.id("app").await;
    let mut events = lab.engine.events(&lab.project);
    let mut log = lab.engine.follow_log(&id, "app", 50);
    let mut next = async |text: &str| {
        loop {
            let line = tokio::time::timeout(Duration::from_secs(30), log.next()).await.expect("a line in time");
            let line = line?.unwrap();
            if line.text.starts_with(text) {
                return Some(line);
            }
        }
    };
    let first = next("out").await.unwrap();
    next("xxx").await.unwrap();
    lab.engine.restart(&lab.project, "app", &Progress::silent()).await.unwrap();
    let second = next("out").await.unwrap();
    assert_ne!(second.text, first.text);
    next("xxx").await.unwrap();
    lab.engine.down(&lab.project, None, true, &Progress::silent()).await.unwrap();
    assert_eq!(next("out").await, None);

    let mut seen = Vec::new();
    let wanted = ["die", "start", "destroy", "network destroy"];
    while !wanted.iter().all(|action| seen.iter().any(|seen| seen == action)) {
        let event = tokio::time::timeout(Duration::from_secs(20), events.next()).await.expect("an event in time");
        let event = event.unwrap().unwrap();
        match event.kind.as_str() {
            "network" => seen.push(format!("network {}", event.action)),
            _ => {
                assert_eq!(event.service.as_deref(), Some("app"));
                assert!(event.action != "die" || event.exit_code.is_some());
                seen.push(event.action);
            }
        }
    }
}
