use std::time::Duration;

use breakfix::engine::{DialError, Progress};

use crate::support::*;

const WITHIN: Duration = Duration::from_secs(10);

#[tokio::test]
async fn questions_are_asked_from_inside_and_answers_are_told_apart() {
    let Some(lab) = Lab::usual().await else { return };
    lab.up().await;
    lab.page(published(&lab, "web", 80).await).await;
    let network = format!("{}_default", lab.project);
    let toolbox = lab.engine.toolbox(&lab.project, &network).await.unwrap();
    let page = http(toolbox.dial("app", 5000, WITHIN).await.map_err(|e| format!("{e:?}")).unwrap()).await.unwrap();
    assert!(page.starts_with("HTTP/1.0 200"), "{page}");
    assert_eq!(toolbox.dial("app", 5001, WITHIN).await.err(), Some(DialError::Refused));
    assert_eq!(toolbox.dial("appp", 80, WITHIN).await.err(), Some(DialError::NameUnknown));

    // Many at once, through the one pair of pipes.
    let pages = (0..20).map(|_| async {
        let stream = toolbox.dial("app", 5000, WITHIN).await.map_err(|e| format!("{e:?}")).unwrap();
        http(stream).await.unwrap()
    });
    assert!(futures_util::future::join_all(pages).await.iter().all(|page| page.contains("Directory listing")));

    // It wears no label of compose's, so that its commands do not see it.
    let all = bollard::query_parameters::ListContainersOptionsBuilder::default()
        .filters(&[("label", vec![format!("dev.breakfix.toolbox={}", lab.project)])].into())
        .build();
    let boxes = lab.docker.list_containers(Some(all)).await.unwrap();
    assert_eq!(boxes.len(), 1);
    assert!(boxes[0].labels.iter().flatten().all(|(name, _)| !name.starts_with("com.docker.compose")));

    // Off the network it is in nobody's way; the same one comes back for the next question.
    toolbox.close().await.unwrap();
    lab.engine.down("nothing-of-this-name", None, true, &Progress::silent()).await.unwrap();
    let inspected = lab.docker.inspect_network(&network, None::<bollard::query_parameters::InspectNetworkOptions>);
    assert_eq!(inspected.await.unwrap().containers.unwrap().len(), 2);
    let again = lab.engine.toolbox(&lab.project, &network).await.unwrap();
    assert!(again.dial("web", 80, WITHIN).await.is_ok());
    // Dropped without a word, it leaves the network as well.
    drop(again);
    for _ in 0..100 {
        let inspected = lab.docker.inspect_network(&network, None::<bollard::query_parameters::InspectNetworkOptions>);
        if inspected.await.unwrap().containers.unwrap().len() == 2 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the toolbox stays on the network");
}

#[tokio::test]
async fn a_toolbox_survives_a_down_and_up_by_being_made_anew() {
    let Some(lab) = Lab::usual().await else { return };
    lab.up().await;
    let network = format!("{}_default", lab.project);
    let toolbox = lab.engine.toolbox(&lab.project, &network).await.unwrap();
    toolbox.close().await.unwrap();
    lab.engine.down(&lab.project, None, true, &Progress::silent()).await.unwrap();
    assert_eq!(lab.leftovers().await, [] as [&str; 0]);
    assert!(lab.engine.toolbox(&lab.project, &network).await.is_err(), "there is no network");
    lab.up().await;
    let toolbox = lab.engine.toolbox(&lab.project, &network).await.unwrap();
    assert!(toolbox.dial("app", 5000, WITHIN).await.is_ok() || toolbox.dial("app", 5000, WITHIN).await.is_err());
    assert_eq!(toolbox.dial("nobody", 80, WITHIN).await.err(), Some(DialError::NameUnknown));
}

/// Not a test of its own: the program that the next test kills.
#[tokio::test]
async fn helper_that_waits_with_a_toolbox() {
    let Ok(project) = std::env::var("BREAKFIX_TEST_TOOLBOX") else { return };
    let engine = engine().await.unwrap();
    let _toolbox = engine.toolbox(&project, &format!("{project}_default")).await.unwrap();
    println!("toolbox is there");
    tokio::time::sleep(Duration::from_secs(120)).await;
}

#[tokio::test]
async fn a_killed_program_leaves_no_toolbox() {
    use tokio::io::AsyncBufReadExt;
    let Some(lab) = Lab::usual().await else { return };
    lab.up().await;
    let mut child = tokio::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "toolbox::helper_that_waits_with_a_toolbox", "--nocapture"])
        .env("BREAKFIX_TEST_TOOLBOX", &lab.project)
        .stdout(std::process::Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut lines = tokio::io::BufReader::new(child.stdout.take().unwrap()).lines();
    while !lines.next_line().await.unwrap().expect("the helper's word").contains("toolbox is there") {}
    let is_there = async || lab.leftovers().await.iter().any(|name| name.contains("toolbox"));
    assert!(is_there().await);
    child.kill().await.unwrap();
    for _ in 0..200 {
        if !is_there().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the toolbox of a killed program stays: {:?}", lab.leftovers().await);
}
