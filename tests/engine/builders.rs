//! What newer Dockerfiles say is built as `docker compose build` does it, by BuildKit and, as far as it goes, by the classic builder.

use std::{os::unix::fs::PermissionsExt, time::Duration};

use breakfix::{
    Blame,
    engine::{BuildPolicy, Limits, Progress, UpOptions},
};

use crate::support::Lab;

const COMPOSE: &str = "services:\n  app:\n    build: .\n    init: true\n";

/// A frontend that nobody has, a cache of a step, texts in the file, a link; two stages.
const NEWER: &str = "# syntax=docker/dockerfile:1.99-nobody-has-this
FROM python:3.13-slim AS base
WORKDIR /srv
COPY --link data/ /data/
COPY <<EOF /etc/shop.conf
port = 80
EOF
RUN --mount=type=cache,target=/cache <<EOF
cd /srv
echo \"from a text\" > /srv/text
EOF
RUN python <<EOF
open('/srv/python', 'w').write('of ' + 'python')
EOF
FROM base
";
/// What the classic builder has no words for.
const OF_BUILDKIT: &str = "COPY --chmod=751 run.sh /run.sh
RUN --mount=type=bind,source=secret.txt,target=/tmp/bound cat /tmp/bound > /srv/bound
";
const LOOK: &str = "cat /data/deep/file /etc/shop.conf /srv/text /srv/python";

async fn lab(dockerfile: &str) -> Option<Lab> {
    let lab = Lab::new(&[
        ("docker-compose.yml", COMPOSE),
        ("Dockerfile", &format!("{dockerfile}COPY . /all\nCMD [\"sleep\", \"600\"]\n")),
        (".dockerignore", "*.tmp\n"),
        ("data/deep/file", "one\n"),
        ("run.sh", "#!/bin/sh\n"),
        ("secret.txt", "bound\n"),
        ("left.tmp", ""),
    ])
    .await?;
    std::fs::set_permissions(lab.path("secret.txt"), std::fs::Permissions::from_mode(0o600)).unwrap();
    std::os::unix::fs::symlink("data/deep", lab.path("link")).unwrap();
    Some(lab)
}

fn always() -> UpOptions {
    UpOptions { build: BuildPolicy::Always, ..UpOptions::default() }
}

async fn says(lab: &Lab, command: &str) -> String {
    let id = lab.id("app").await;
    let said =
        lab.engine.exec(&id, &["sh", "-c", command], &Default::default(), Duration::from_secs(20)).await.unwrap();
    assert_eq!(said.code, 0, "{said:?}");
    said.stdout
}

#[tokio::test]
async fn what_newer_dockerfiles_say_is_built() {
    let Some(lab) = lab(&format!("{NEWER}{OF_BUILDKIT}")).await else { return };
    lab.up_with(&always()).await;
    let look = format!("{LOOK} /srv/bound && stat -c %a /run.sh /all/secret.txt && readlink /all/link && ls /all");
    let said = says(&lab, &look).await;
    let first = "one\nport = 80\nfrom a text\nof pythonbound\n751\n600\ndata/deep\n";
    assert_eq!(said, format!("{first}Dockerfile\ndata\ndocker-compose.yml\nlink\nrun.sh\nsecret.txt\n"));

    // Of the same size, and saved at the same moment as far as the clock tells.
    let saved = std::fs::metadata(lab.path("data/deep/file")).unwrap().modified().unwrap();
    lab.write("data/deep/file", "two\n");
    let file = std::fs::File::options().write(true).open(lab.path("data/deep/file")).unwrap();
    file.set_modified(saved).unwrap();
    lab.up_with(&always()).await;
    assert!(says(&lab, LOOK).await.starts_with("two\n"));
}

#[tokio::test]
async fn a_stranger_gets_what_can_be_bounded() {
    let limits = Limits { memory: 256 << 20, nano_cpus: 1_000_000_000, pids: 128, disk: 1 << 30 };
    let limits = UpOptions { limits: Some(limits), ..always() };
    let Some(known) = lab(NEWER).await else { return };
    known.up_with(&limits).await;
    assert_eq!(says(&known, LOOK).await, "one\nport = 80\nfrom a text\nof python");

    let Some(unknown) = lab(&format!("FROM python:3.13-slim\n{OF_BUILDKIT}")).await else { return };
    let error = unknown.engine.up(&unknown.stack(), &limits, &Progress::silent()).await.unwrap_err();
    assert_eq!(error.blame, Blame::Environment, "{error}");
    assert!(error.what.contains("needs BuildKit"), "{error}");
}

#[tokio::test]
async fn a_build_that_is_given_up_ends() {
    let slow = "FROM python:3.13-slim\nRUN --mount=type=cache,sharing=locked,target=/given-up sleep 40\n";
    let Some(lab) = lab(slow).await else { return };
    let (stack, options, silent) = (lab.stack(), always(), Progress::silent());
    let up = lab.engine.up(&stack, &options, &silent);
    assert!(tokio::time::timeout(Duration::from_secs(4), up).await.is_err(), "it sleeps for longer");
    // The cache of that step is free again, long before it would have ended.
    lab.replace("Dockerfile", "sleep 40", "true");
    let began = std::time::Instant::now();
    lab.up_with(&options).await;
    assert!(began.elapsed() < Duration::from_secs(25), "{:?}", began.elapsed());
}
