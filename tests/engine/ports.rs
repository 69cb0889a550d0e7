use breakfix::{
    Blame,
    engine::{ChangeKind, PortStyle, Progress, UpOptions},
};

use crate::support::*;

#[tokio::test]
async fn a_port_that_is_taken_is_moved_and_comes_back() {
    let Some(lab) = Lab::usual().await else { return };
    let port = lab.stack().service("web").unwrap().ports[0].published.unwrap();
    let holder = std::net::TcpListener::bind(("127.0.0.1", port)).unwrap();
    let report = lab.up().await;
    let moved = &report.moved_ports[0];
    assert_eq!((moved.service.as_str(), moved.from, moved.target), ("web", port, 80));
    let us = format!("(process {})", std::process::id());
    assert!(moved.why.starts_with(&format!("port {port} is taken by ")) && moved.why.ends_with(&us), "{}", moved.why);
    assert_eq!(published(&lab, "web", 80).await, moved.to);
    lab.page(moved.to).await;

    // As long as it is taken, the container stays as it is, and the move is told again.
    let again = lab.up().await;
    assert_eq!(change(&again, "web").kind, ChangeKind::Unchanged);
    assert_eq!((again.moved_ports[0].from, again.moved_ports[0].to), (port, moved.to));

    drop(holder);
    let back = lab.up().await;
    assert_eq!(change(&back, "web").why, format!("port {port} is free again"));
    assert_eq!(back.moved_ports, []);
    assert_eq!(published(&lab, "web", 80).await, port);
}

#[tokio::test]
async fn a_grader_gets_free_ports_of_loopback() {
    let Some(lab) = Lab::usual().await else { return };
    lab.replace("docker-compose.yml", "ports: [\"", "ports: [\"0.0.0.0:");
    let port = lab.stack().service("web").unwrap().ports[0].published.unwrap();
    let report = lab.up_with(&UpOptions { ports: PortStyle::Free, ..Default::default() }).await;
    let moved = &report.moved_ports[0];
    assert_eq!((moved.from, moved.target), (port, 80));
    let containers = lab.engine.containers(&lab.project).await.unwrap();
    let web = containers.iter().find(|container| container.service == "web").unwrap();
    assert_eq!(web.ports, [format!("127.0.0.1:{}->80/tcp", moved.to).parse().unwrap()]);
    lab.page(moved.to).await;
}

#[tokio::test]
async fn two_services_on_one_port_are_the_files_mistake() {
    let Some(lab) = Lab::usual().await else { return };
    let port = lab.stack().service("web").unwrap().ports[0].published.unwrap();
    lab.up().await;
    lab.replace("docker-compose.yml", "init: true", &format!("init: true\n    ports: [\"{port}:5000\"]"));
    let error = lab.engine.up(&lab.stack(), &UpOptions::default(), &Progress::silent()).await.unwrap_err();
    assert_eq!(error.blame, Blame::Stack);
    assert!(error.what.contains(&format!("both publish port {port}")), "{error}");
}

#[tokio::test]
async fn a_port_can_change_hands_within_the_stack() {
    let Some(lab) = Lab::usual().await else { return };
    let port = lab.stack().service("web").unwrap().ports[0].published.unwrap();
    lab.up().await;
    lab.replace("docker-compose.yml", &format!("    ports: [\"{port}:80\"]\n"), "");
    lab.replace("docker-compose.yml", "init: true", &format!("init: true\n    ports: [\"{port}:5000\"]"));
    // Only the new holder is brought up: the old one, which the file no longer gives the port, is named.
    let only = UpOptions { services: Some(vec!["app".into()]), ..Default::default() };
    let error = lab.engine.up(&lab.stack(), &only, &Progress::silent()).await.unwrap_err();
    assert_eq!((error.blame, error.why[0].as_str()), (Blame::Stack, "web of this stack publishes it"));
    // All are: it is given over.
    let report = lab.up().await;
    assert_eq!(report.moved_ports, []);
    assert_eq!(published(&lab, "app", 5000).await, port);
}
