//! A container that was mended by hand, inside: it works, and the files do not hold it.

use std::{process::Command, sync::Arc};

use breakfix::{conductor::project, course::Course, diagnosis::Verdict, engine::Progress};

use crate::{common, lab::Lab};

#[tokio::test(flavor = "multi_thread")]
async fn what_was_mended_inside_a_container_works_and_is_remarked() {
    if !common::containers() {
        return;
    }
    let course = Arc::new(Course::embedded().unwrap());
    let mut lab = Lab::new(&course).await;
    lab.start(&course.stack_without("app-port").unwrap()).await;
    let (before, _) = lab.verify("app-port", &Progress::silent()).await;
    assert_eq!(before.verdict(), Verdict::Broken);

    // As somebody does who has no editor at hand but a shell in the container.
    let name = project(lab.dir(), &course);
    let app = lab.works.engine.container_of(&name, "flaskapp").await.unwrap().unwrap().id;
    let docker = |args: &[&str]| assert!(Command::new("docker").args(args).status().unwrap().success(), "{args:?}");
    let mend = r#"s/app.run(host="0.0.0.0")/app.run(host="0.0.0.0", port=5001)/"#;
    docker(&["exec", &app, "sed", "-i", mend, "app.py"]);
    docker(&["restart", "--time", "1", &app]);
    let (after, _) = lab.verify("app-port", &Progress::silent()).await;
    let named: Vec<(&str, bool)> = after.wrong_turns.iter().map(|turn| (turn.id.as_str(), turn.remark)).collect();
    lab.end().await;
    assert_eq!(after.verdict(), Verdict::Works, "{after:#?}");
    assert_eq!(named, [("edited-in-the-container", true)]);
}
