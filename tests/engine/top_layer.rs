//! What only the last `COPY` of a Dockerfile brings is put on the layers that are there: no other image than a builder makes.

use std::{os::unix::fs::PermissionsExt, time::Duration};

use breakfix::engine::{BuildPolicy, Progress, Step, UpOptions};

use crate::support::Lab;

const COMPOSE: &str = "services:\n  app:\n    build: .\n    init: true\n";
const DOCKERFILE: &str = "FROM python:3.13-slim
ENV SHOP=yes
WORKDIR /opt/shop/src
COPY requirements.txt ../
RUN echo fetched > ../fetched
CMD [\"python\", \"-u\", \"app.py\"]
EXPOSE 5000
COPY src .
";
const APP: &str = "import time\nprint('one', flush=True)\ntime.sleep(600)\n";
/// All that can be seen of the files below `/opt`, but for times.
const LOOK: &str =
    "find /opt | sort | while read path; do stat -c '%A %u %g %N' \"$path\"; done; find /opt -type f -exec cat {} +";

async fn up(lab: &Lab) -> Vec<String> {
    let always = UpOptions { build: BuildPolicy::Always, ..Default::default() };
    let (sender, mut steps) = tokio::sync::mpsc::channel::<Step>(100);
    lab.engine.up(&lab.stack(), &always, &Progress::to(sender)).await.unwrap();
    let mut told = Vec::new();
    while let Some(step) = steps.recv().await {
        told.extend((step.verb == "build").then_some(step.detail));
    }
    told
}

/// The image's config, and its files as a container of it shows them.
async fn image(lab: &Lab) -> (bollard::models::ImageConfig, String, Vec<String>) {
    let id = lab.id("app").await;
    let output = lab.engine.exec(&id, &["sh", "-c", LOOK], &Default::default(), Duration::from_secs(20)).await.unwrap();
    assert_eq!(output.code, 0, "{output:?}");
    let image = lab.docker.inspect_image(&format!("{}-app", lab.project)).await.unwrap();
    (image.config.unwrap(), output.stdout, image.root_fs.unwrap().layers.unwrap())
}

#[tokio::test]
async fn the_image_is_the_one_that_a_builder_makes() {
    let files = [
        ("docker-compose.yml", COMPOSE),
        ("Dockerfile", DOCKERFILE),
        ("requirements.txt", "nothing\n"),
        ("src/app.py", APP),
        ("src/gone.py", ""),
    ];
    let Some(lab) = Lab::new(&files).await else { return };
    let built = up(&lab).await;
    assert!(built.iter().any(|step| step.starts_with("step 8 of 8")), "{built:?}");

    lab.replace("src/app.py", "one", "two");
    std::fs::remove_file(lab.path("src/gone.py")).unwrap();
    lab.write("src/templates/a name.html", "<p>\n");
    std::fs::set_permissions(lab.path("src/templates"), std::fs::Permissions::from_mode(0o700)).unwrap();
    std::fs::set_permissions(lab.path("src/app.py"), std::fs::Permissions::from_mode(0o751)).unwrap();
    std::os::unix::fs::symlink("app.py", lab.path("src/link.py")).unwrap();
    let put = up(&lab).await;
    assert_eq!(put, ["COPY src .", "built"], "no builder");
    let ours = image(&lab).await;
    assert!(ours.1.contains("print('two'") && ours.1.contains("link.py") && !ours.1.contains("gone.py"), "{}", ours.1);

    // The builder, asked by another name for the same files, makes the same of them.
    lab.engine.down(&lab.project, Some(lab.dir()), false, &Progress::silent()).await.unwrap();
    let name = format!("{}-app:latest", lab.project);
    lab.engine.remove_images(&[name]).await.unwrap();
    let fresh = breakfix::engine::Engine::find(None).await.unwrap();
    fresh.up(&lab.stack(), &UpOptions::default(), &Progress::silent()).await.unwrap();
    let builders = image(&lab).await;
    assert_eq!(ours.0, builders.0);
    assert_eq!(ours.1, builders.1);
    assert_eq!(ours.2.len(), builders.2.len());
    assert_eq!(ours.2[..ours.2.len() - 1], builders.2[..builders.2.len() - 1]);
}

#[tokio::test]
async fn whatever_else_has_changed_is_the_builders() {
    // Of two that build the same at the same moment, a later build may find the layer of either.
    let dockerfile = DOCKERFILE.replacen("ENV", "ENV OTHER=yes\nENV", 1);
    let files = [
        ("docker-compose.yml", COMPOSE),
        ("Dockerfile", &dockerfile),
        ("requirements.txt", "nothing\n"),
        ("src/app.py", APP),
    ];
    let Some(lab) = Lab::new(&files).await else { return };
    let is_built = |steps: &[String]| steps.iter().any(|step| step.starts_with("step "));
    assert!(is_built(&up(&lab).await));
    lab.write("requirements.txt", "something\n");
    assert!(is_built(&up(&lab).await), "another copy below");
    lab.replace("Dockerfile", "SHOP=yes", "SHOP=no");
    assert!(is_built(&up(&lab).await), "another line");
    let (config, ..) = image(&lab).await;
    assert!(config.env.unwrap().contains(&"SHOP=no".to_owned()));
    // Back to what was known: with the settings of that time.
    lab.replace("Dockerfile", "SHOP=no", "SHOP=yes");
    lab.replace("src/app.py", "one", "three");
    assert!(!is_built(&up(&lab).await));
    let (config, files, _) = image(&lab).await;
    assert!(config.env.unwrap().contains(&"SHOP=yes".to_owned()));
    assert!(files.contains("something\n") && files.contains("print('three'"), "{files}");
}
