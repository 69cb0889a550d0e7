//! Stand-ins for the official images, made of Debian's packages by `mmdebstrap`: one run gives two root file systems,
//! python's first, and with Postgres, nginx and redis added a second one, which three images share.

use std::{
    fs::{File, TryLockError},
    path::{Path, PathBuf},
    time::Duration,
};

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::mpsc;

use super::{
    STAND_IN,
    archive::{self, OneLayer},
    mmdebstrap::{self, Run},
    transfer::load_stream,
};
use crate::engine::{
    build::pack::Pieces,
    request::{QUICK, ask},
};
use crate::{
    engine::{Engine, Progress},
    error::{Error, Result},
};

/// Room that the build needs, in bytes.
const ROOM: u64 = 2_000_000_000;

/// What mmdebstrap calls on its way, and the files that it puts in.
const PARTS: [(&str, &str); 10] = [
    ("hooks/lib.sh", include_str!("stand_in/hooks/lib.sh")),
    ("hooks/essential01.sh", include_str!("stand_in/hooks/essential01.sh")),
    ("hooks/extract01.sh", include_str!("stand_in/hooks/extract01.sh")),
    ("hooks/customize01-python.sh", include_str!("stand_in/hooks/customize01-python.sh")),
    ("hooks/customize02-servers.sh", include_str!("stand_in/hooks/customize02-servers.sh")),
    ("files/postgres-entrypoint.sh", include_str!("stand_in/files/postgres-entrypoint.sh")),
    ("files/nginx-entrypoint.sh", include_str!("stand_in/files/nginx-entrypoint.sh")),
    ("files/redis-entrypoint.sh", include_str!("stand_in/files/redis-entrypoint.sh")),
    ("files/nginx.conf", include_str!("stand_in/files/nginx.conf")),
    ("files/nginx-default.conf", include_str!("stand_in/files/nginx-default.conf")),
];

/// Waits for the turn to build: two builds at once would do the same work twice. The turn ends with the file's drop.
pub(super) async fn turn(progress: &Progress) -> Result<File> {
    let path = std::env::temp_dir().join("breakfix-stand-ins.lock");
    let failed = |cause: std::io::Error| {
        Error::environment(format!("{} can't be used", path.display()))
            .because(cause)
            .suggest("set TMPDIR to a directory of your own")
    };
    let file = File::options().create(true).append(true).open(&path).map_err(failed)?;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) => {
                progress.step("images", "wait", "another breakfix builds them");
                tokio::time::sleep(Duration::from_millis(500)).await;
            }
            Err(TryLockError::Error(cause)) => return Err(failed(cause)),
        }
    }
}

/// Builds stand-ins for these of the base images.
pub(super) async fn build(engine: &Engine, names: &[String], progress: &Progress) -> Result<()> {
    let architecture = architecture(engine).await?;
    let program = mmdebstrap::find(progress).await?;
    let work = prepare()?;
    let wanted = |layer: &str| {
        images(work.path(), layer)
            .into_iter()
            .filter(|image| names.iter().any(|name| name == image.name))
            .collect::<Vec<_>>()
    };
    let names_of = |layer: &str| wanted(layer).iter().map(|image| image.name).collect::<Vec<_>>();
    let (first, then) = (names_of("python"), names_of("servers"));
    if then.is_empty() {
        let _ = std::fs::remove_file(work.path().join("hooks/customize02-servers.sh"));
    }
    for name in &then {
        match first.first() {
            Some(first) => progress.step(*name, "wait", format!("for its turn, after {first}")),
            None => progress.step(*name, "build", "beginning"),
        }
    }
    let python_is_made = || work.path().join("out/python.tar").exists();
    let mut run = Run::start(&program, work.path())?;
    // The engine takes python's image while the servers are still being put together.
    let python = async {
        if first.is_empty() {
            return Ok(());
        }
        while !python_is_made() {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        load(engine, wanted("python"), &architecture, progress).await
    };
    let built = run.finish(|phase| {
        let at = if first.is_empty() || python_is_made() { &then } else { &first };
        for name in at {
            progress.step(*name, "build", phase.clone());
        }
    });
    tokio::pin!(python, built);
    // Where the run fails, python's layer may never come.
    let python_loaded = tokio::select! {
        loaded = &mut python => { loaded?; true }
        done = &mut built => { done?; false }
    };
    if python_loaded {
        built.await?;
    } else {
        python.await?;
    }
    load(engine, wanted("servers"), &architecture, progress).await
}

/// The images that a layer carries, with what the official ones say of themselves.
fn images(work: &Path, layer: &str) -> Vec<OneLayer> {
    const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
    let labels = json!({ STAND_IN: "true" });
    let path = work.join("out").join(format!("{layer}.tar"));
    let image = |name, config: Value| OneLayer { name, layer: path.clone(), config };
    match layer {
        "python" => vec![image(
            "python:3.13-slim",
            json!({
                "Env": [
                    format!("PATH={PATH}"),
                    "LANG=C.UTF-8",
                    "PIP_CERT=/usr/local/share/breakfix/ca.pem",
                    "PIP_ROOT_USER_ACTION=ignore",
                    "PIP_BREAK_SYSTEM_PACKAGES=1",
                    "PIP_DISABLE_PIP_VERSION_CHECK=1",
                ],
                "Cmd": ["python3"],
                "Labels": labels,
            }),
        )],
        _ => vec![
            image(
                "nginx:1.28",
                json!({
                    "Env": [format!("PATH={PATH}")],
                    "Entrypoint": ["/docker-entrypoint.sh"],
                    "Cmd": ["nginx", "-g", "daemon off;"],
                    "ExposedPorts": { "80/tcp": {} },
                    "StopSignal": "SIGQUIT",
                    "Labels": labels,
                }),
            ),
            image(
                "redis:8",
                json!({
                    "Env": [format!("PATH={PATH}")],
                    "Entrypoint": ["redis-entrypoint.sh"],
                    "Cmd": ["redis-server"],
                    "ExposedPorts": { "6379/tcp": {} },
                    "Volumes": { "/data": {} },
                    "WorkingDir": "/data",
                    "Labels": labels,
                }),
            ),
            image(
                "postgres:17",
                json!({
                    "Env": [
                        format!("PATH={PATH}:/usr/lib/postgresql/17/bin"),
                        "LANG=en_US.utf8",
                        "PG_MAJOR=17",
                        "PGDATA=/var/lib/postgresql/data",
                    ],
                    "Entrypoint": ["docker-entrypoint.sh"],
                    "Cmd": ["postgres"],
                    "ExposedPorts": { "5432/tcp": {} },
                    "Volumes": { "/var/lib/postgresql/data": {} },
                    "StopSignal": "SIGINT",
                    "Labels": labels,
                }),
            ),
        ],
    }
}

async fn load(engine: &Engine, images: Vec<OneLayer>, architecture: &str, progress: &Progress) -> Result<()> {
    if images.is_empty() {
        return Ok(());
    }
    let names: Vec<&str> = images.iter().map(|image| image.name).collect();
    for name in &names {
        progress.step(*name, "load", "the engine takes it in");
    }
    let (writer, reader) = mpsc::channel(8);
    let architecture = architecture.to_owned();
    let writing = tokio::task::spawn_blocking(move || archive::write(&images, &architecture, &now(), Pieces(writer)));
    let pieces = futures_util::stream::unfold(reader, |mut reader| async move { Some((reader.recv().await?, reader)) });
    let taken = load_stream(engine, pieces).await;
    let written = writing.await.map_err(std::io::Error::other).and_then(|written| written);
    let failed = || format!("the stand-ins {} can't be loaded", names.join(", "));
    taken.map_err(|fault| fault.environment(failed()))?;
    written.map_err(|cause| Error::environment(failed()).because(cause))?;
    for name in &names {
        progress.finished(*name, "build", "a stand-in, built from Debian's packages");
    }
    Ok(())
}

/// Docker's word for this machine's processor, if the engine has the same.
async fn architecture(engine: &Engine) -> Result<String> {
    let here = match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    };
    let version = ask(QUICK, engine.docker.version()).await;
    let there =
        version.map_err(|fault| fault.environment("the engine's processor is not known"))?.arch.unwrap_or_default();
    if there.is_empty() || there == here {
        return Ok(here.into());
    }
    Err(Error::environment("stand-ins can't be built for this engine")
        .why(format!("they are made on this machine's processor ({here}), and the engine has another ({there})"))
        .suggest("breakfix images load FILE    # a file made on a machine like the engine's"))
}

/// A fresh directory with the hooks, in memory where there is room.
fn prepare() -> Result<TempDir> {
    let failed = |cause: std::io::Error| {
        Error::environment("there is no room to build stand-in images")
            .because(cause)
            .suggest("df -h /dev/shm /tmp    # 2 GB are needed")
    };
    let memory = Path::new("/dev/shm");
    let place = if crate::system::free_bytes(memory).is_some_and(|room| room > ROOM) {
        memory.to_owned()
    } else {
        std::env::temp_dir()
    };
    let work = tempfile::Builder::new().prefix("breakfix-images-").tempdir_in(place).map_err(failed)?;
    for dir in ["hooks", "files", "out", "tmp"] {
        std::fs::create_dir(work.path().join(dir)).map_err(failed)?;
    }
    for (name, text) in PARTS {
        std::fs::write(work.path().join(name), text).map_err(failed)?;
        crate::system::set_mode(&work.path().join(name), 0o755).map_err(failed)?;
    }
    // Without root, mmdebstrap works as another user.
    crate::system::set_mode(work.path(), 0o755).map_err(failed)?;
    for dir in ["out", "tmp"] {
        crate::system::set_mode(&work.path().join(dir), 0o1777).map_err(failed)?;
    }
    let trusted = std::env::var_os("SSL_CERT_FILE").map(PathBuf::from).filter(|path| path.is_file());
    let trusted = trusted.unwrap_or_else(|| "/etc/ssl/certs/ca-certificates.crt".into());
    if trusted.is_file() {
        std::fs::copy(trusted, work.path().join("ca.pem")).map_err(failed)?;
    }
    Ok(work)
}

fn now() -> String {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    crate::engine::clock::rfc3339(since.as_secs())
}
