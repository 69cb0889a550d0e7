//! `docker compose` and we on the same stack. Skipped, and said so, where it is not installed.

use std::collections::BTreeMap;

use breakfix::engine::{ChangeKind, Progress, UpOptions};

use crate::support::*;

/// Runs `docker compose` on the lab; `None` where it is not installed.
async fn compose(lab: &Lab, arguments: &[&str]) -> Option<String> {
    let compose = |arguments: &[&str]| {
        let mut command = tokio::process::Command::new("docker");
        command.current_dir(lab.dir()).args(["compose", "-p", &lab.project]).args(arguments);
        command
    };
    if !compose(&["version"]).output().await.is_ok_and(|output| output.status.success()) {
        eprintln!("SKIPPED: `docker compose` is not installed");
        return None;
    }
    let output = compose(arguments).output().await.unwrap();
    let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "docker compose {arguments:?}: {text}");
    Some(text)
}

#[tokio::test]
async fn compose_sees_and_removes_what_we_made() {
    let Some(lab) = Lab::usual().await else { return };
    lab.up().await;
    let network = format!("{}_default", lab.project);
    let toolbox = lab.engine.toolbox(&lab.project, &network).await.unwrap();
    toolbox.close().await.unwrap();
    let Some(listed) = compose(&lab, &["ps", "--format", "{{.Service}} {{.State}}"]).await else { return };
    assert!(listed.contains("web running") && listed.contains("app running"), "{listed}");
    assert!(!listed.to_lowercase().contains("orphan"), "{listed}");
    let executed = compose(&lab, &["exec", "-T", "app", "echo", "inside"]).await.unwrap();
    assert!(executed.contains("inside"), "{executed}");
    compose(&lab, &["logs", "app"]).await.unwrap();
    let down = compose(&lab, &["down", "-t", "1"]).await.unwrap();
    assert!(!down.contains("in use"), "{down}");
    let left = lab.leftovers().await;
    assert!(left.iter().all(|name| name.contains("toolbox")), "{left:?}");
}

#[tokio::test]
async fn what_compose_made_is_kept_when_it_is_what_the_file_asks() {
    let Some(lab) = Lab::usual().await else { return };
    let Some(up) = compose(&lab, &["up", "-d"]).await else { return };
    assert!(!up.contains("WARN") || up.contains("obsolete"), "{up}");
    let id = lab.id("web").await;
    assert_eq!(lab.engine.drift(&lab.stack(), &UpOptions::default()).await.unwrap(), BTreeMap::new());
    let report = lab.up().await;
    assert_eq!(kinds(&report), BTreeMap::from([("app", ChangeKind::Unchanged), ("web", ChangeKind::Unchanged)]));
    assert_eq!(lab.id("web").await, id);

    // An edit is seen on its containers as on ours.
    lab.replace("docker-compose.yml", "init: true", "init: true\n    environment: {COLOUR: red}");
    let report = lab.up().await;
    assert_eq!(change(&report, "app").why, "environment changed");
    assert_eq!(change(&report, "web").kind, ChangeKind::Unchanged);

    // And it goes on with what we made: same network, no complaint.
    let again = compose(&lab, &["up", "-d", "-t", "1"]).await.unwrap();
    assert!(!again.contains("incorrect label") && !again.contains("not created by Docker Compose"), "{again}");
    lab.page(published(&lab, "web", 80).await).await;
    lab.engine.down(&lab.project, Some(lab.dir()), true, &Progress::silent()).await.unwrap();
    assert_eq!(lab.leftovers().await, [] as [&str; 0]);
}
