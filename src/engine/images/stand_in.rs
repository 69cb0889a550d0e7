//! Stand-ins for the official images, made of Debian's packages by `mmdebstrap`: one run gives two root file systems,
//! python's first, and with Postgres and nginx added a second one, which two images share.

use std::{
    fs::File,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
    sync::mpsc,
};

use super::{
    super::{
        build::{Pieces, keep},
        call::{QUICK, ask},
    },
    STAND_IN,
    archive::{self, OneLayer},
    transfer::load_stream,
};
use crate::{
    engine::{Engine, Progress},
    error::{Error, Result},
};

/// The release whose packages have the official images' majors: Python 3.13, Postgres 17.
const RELEASE: &str = "trixie";
/// Room that the build needs, in bytes.
const ROOM: u64 = 2_000_000_000;
/// Bound on a run that says nothing.
const SILENT: Duration = Duration::from_secs(300);

/// What mmdebstrap calls on its way, and the files that it puts in.
const PARTS: [(&str, &str); 9] = [
    ("hooks/lib.sh", include_str!("stand_in/hooks/lib.sh")),
    ("hooks/essential01.sh", include_str!("stand_in/hooks/essential01.sh")),
    ("hooks/extract01.sh", include_str!("stand_in/hooks/extract01.sh")),
    ("hooks/customize01-python.sh", include_str!("stand_in/hooks/customize01-python.sh")),
    ("hooks/customize02-servers.sh", include_str!("stand_in/hooks/customize02-servers.sh")),
    ("files/postgres-entrypoint.sh", include_str!("stand_in/files/postgres-entrypoint.sh")),
    ("files/nginx-entrypoint.sh", include_str!("stand_in/files/nginx-entrypoint.sh")),
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
        match rustix::fs::flock(&file, rustix::fs::FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => return Ok(file),
            Err(rustix::io::Errno::WOULDBLOCK) => {
                progress.step("images", "wait", "another breakfix builds them");
                tokio::time::sleep(Duration::from_millis(500)).await;
            }
            Err(cause) => return Err(failed(cause.into())),
        }
    }
}

/// Builds stand-ins for these of the base images.
pub(super) async fn build(engine: &Engine, names: &[String], progress: &Progress) -> Result<()> {
    let architecture = architecture(engine).await?;
    let program = mmdebstrap(progress).await?;
    let work = prepare()?;
    let python_only = names.iter().all(|name| name.starts_with("python"));
    if python_only {
        let _ = std::fs::remove_file(work.path().join("hooks/customize02-servers.sh"));
    }
    let mut run = Run::start(&program, work.path())?;
    let wanted = |layer: &str| {
        images(work.path(), layer)
            .into_iter()
            .filter(|image| names.iter().any(|name| name == image.name))
            .collect::<Vec<_>>()
    };
    // The engine takes python's image while the servers are still being put together.
    let python = async {
        let images = wanted("python");
        if images.is_empty() {
            return Ok(());
        }
        while !work.path().join("out/python.tar").exists() {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        load(engine, images, &architecture, progress).await
    };
    let built = async { run.finish(progress).await };
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
        progress.finished(*name, "build", "stand-in built");
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

/// The program that makes Debian's root file systems, installed where that is possible.
async fn mmdebstrap(progress: &Progress) -> Result<PathBuf> {
    if let Some(found) = in_path("mmdebstrap") {
        return Ok(found);
    }
    let missing = || {
        Error::environment("stand-in images can't be built")
            .why("the program mmdebstrap is not installed")
            .suggest("sudo apt-get install mmdebstrap    # on Debian or Ubuntu")
            .suggest("breakfix images load FILE    # a file that `breakfix images save FILE` wrote elsewhere")
    };
    if !rustix::process::geteuid().is_root() {
        return Err(missing());
    }
    let Some(apt) = in_path("apt-get") else { return Err(missing()) };
    let mut packages = vec!["mmdebstrap"];
    if !Path::new("/usr/share/keyrings/debian-archive-keyring.gpg").exists() {
        packages.push("debian-archive-keyring");
    }
    progress.step("images", "build", "apt-get install mmdebstrap");
    for arguments in [vec!["update", "-q"], [vec!["install", "-q", "-y", "--no-install-recommends"], packages].concat()]
    {
        let output = Command::new(&apt)
            .args(arguments)
            .env("DEBIAN_FRONTEND", "noninteractive")
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .output()
            .await;
        match output {
            Ok(output) if output.status.success() => {}
            Ok(output) => return Err(missing().why(last_lines(&String::from_utf8_lossy(&output.stderr)))),
            Err(cause) => return Err(missing().because(cause)),
        }
    }
    in_path("mmdebstrap").ok_or_else(missing)
}

fn in_path(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    // Root's programs may be missing from a plain user's path.
    std::env::split_paths(&path)
        .chain(["/usr/sbin".into(), "/sbin".into()])
        .map(|dir| dir.join(program))
        .find(|path| path.is_file())
}

/// A fresh directory with the hooks, in memory where there is room.
fn prepare() -> Result<TempDir> {
    let failed = |cause: std::io::Error| {
        Error::environment("there is no room to build stand-in images")
            .because(cause)
            .suggest("df -h /dev/shm /tmp    # 2 GB are needed")
    };
    let memory = Path::new("/dev/shm");
    let place = if room(memory).is_some_and(|room| room > ROOM) { memory.to_owned() } else { std::env::temp_dir() };
    let work = tempfile::Builder::new().prefix("breakfix-images-").tempdir_in(place).map_err(failed)?;
    for dir in ["hooks", "files", "out", "tmp"] {
        std::fs::create_dir(work.path().join(dir)).map_err(failed)?;
    }
    for (name, text) in PARTS {
        std::fs::write(work.path().join(name), text).map_err(failed)?;
        set_mode(&work.path().join(name), 0o755).map_err(failed)?;
    }
    // Without root, mmdebstrap works as another user.
    set_mode(work.path(), 0o755).map_err(failed)?;
    for dir in ["out", "tmp"] {
        set_mode(&work.path().join(dir), 0o1777).map_err(failed)?;
    }
    let trusted = std::env::var_os("SSL_CERT_FILE").map(PathBuf::from).filter(|path| path.is_file());
    let trusted = trusted.unwrap_or_else(|| "/etc/ssl/certs/ca-certificates.crt".into());
    if trusted.is_file() {
        std::fs::copy(trusted, work.path().join("ca.pem")).map_err(failed)?;
    }
    Ok(work)
}

fn set_mode(path: &Path, mode: u32) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode))
}

/// Free bytes of the file system at this path.
fn room(path: &Path) -> Option<u64> {
    let stat = rustix::fs::statvfs(path).ok()?;
    Some(stat.f_bavail * stat.f_frsize)
}

/// A run of mmdebstrap, which ends with this value.
struct Run {
    child: Child,
}

impl Run {
    fn start(program: &Path, work: &Path) -> Result<Self> {
        let child = Command::new(program)
            .args(["-v", "--variant=minbase", "--format=null"])
            .args(["--aptopt=APT::Install-Recommends \"false\"", "--dpkgopt=force-unsafe-io"])
            .arg(format!("--hook-directory={}", work.join("hooks").display()))
            .args(["--include=python3-venv,ca-certificates", RELEASE, "-"])
            .env("TMPDIR", work.join("tmp"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            // A group of its own, so that all of it ends at once.
            .process_group(0)
            .spawn()
            .map_err(|cause| Error::environment("mmdebstrap can't be started").because(cause))?;
        Ok(Self { child })
    }

    /// Follows the run to its end.
    async fn finish(&mut self, progress: &Progress) -> Result<()> {
        let failed = |why: String| {
            Error::environment("the stand-in images can't be built")
                .why(why)
                .suggest("is Debian's package mirror reachable from here? Try: apt-get update")
                .suggest("breakfix images load FILE    # a file that `breakfix images save FILE` wrote elsewhere")
        };
        let mut said = std::collections::VecDeque::new();
        if let Some(stderr) = self.child.stderr.take() {
            let mut lines = BufReader::new(stderr).lines();
            loop {
                match tokio::time::timeout(SILENT, lines.next_line()).await {
                    Err(_) => return Err(failed(format!("mmdebstrap said nothing for {} s", SILENT.as_secs()))),
                    Ok(Err(cause)) => return Err(failed(cause.to_string())),
                    Ok(Ok(None)) => break,
                    Ok(Ok(Some(line))) => {
                        if let Some(phase) = phase(&line) {
                            progress.step("images", "build", phase);
                        }
                        keep(&mut said, line, 40);
                    }
                }
            }
        }
        let status = self.child.wait().await.map_err(|cause| failed(cause.to_string()))?;
        if status.success() {
            return Ok(());
        }
        let text: Vec<String> = said.into();
        Err(failed(last_lines(&text.join("\n"))))
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        if let Some(group) =
            self.child.id().and_then(|id| i32::try_from(id).ok()).and_then(rustix::process::Pid::from_raw)
        {
            // A polite end first, on which mmdebstrap clears up after itself.
            let _ = rustix::process::kill_process_group(group, rustix::process::Signal::TERM);
            for _ in 0..20 {
                if !matches!(self.child.try_wait(), Ok(None)) {
                    return;
                }
                std::thread::sleep(Duration::from_millis(50));
            }
            let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
        }
    }
}

/// What a line of mmdebstrap's says of how far it is, for people.
fn phase(line: &str) -> Option<String> {
    let line = line.trim();
    let package =
        |verb: &str| line.strip_prefix(verb).and_then(|rest| rest.split([' ', ':']).next()).map(str::to_owned);
    if let Some(name) = package("Unpacking ") {
        return Some(format!("unpacking {name}"));
    }
    if let Some(name) = package("Setting up ") {
        return Some(format!("setting up {name}"));
    }
    if line.starts_with("Get:") {
        let name = line.split_whitespace().nth(4)?;
        return Some(format!("downloading {name}"));
    }
    let told = line.strip_prefix("I: ")?;
    told.starts_with("installing").then(|| told.trim_end_matches("...").to_owned())
}

/// The lines that say why, of a long output.
fn last_lines(text: &str) -> String {
    let text = super::super::text::clean(text);
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let telling: Vec<&str> =
        lines.iter().copied().filter(|line| line.starts_with("E: ") || line.starts_with("Err:")).collect();
    let chosen =
        if telling.is_empty() { &lines[lines.len().saturating_sub(5)..] } else { &telling[..telling.len().min(5)] };
    chosen.join("; ")
}

fn now() -> String {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    super::super::text::rfc3339(since.as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_run_is_told_in_words() {
        assert_eq!(phase("Setting up libc6:amd64 (2.41-12) ...").as_deref(), Some("setting up libc6"));
        assert_eq!(phase("Unpacking python3 (3.13.5-1) ...").as_deref(), Some("unpacking python3"));
        assert_eq!(
            phase("Get:1 http://mirror trixie/main amd64 postgresql-17 amd64 17.6 [1 kB]").as_deref(),
            Some("downloading postgresql-17")
        );
        assert_eq!(phase("debconf: delaying package configuration"), None);
    }

    #[test]
    fn the_reason_is_found_in_a_long_output() {
        assert_eq!(last_lines("a\nE: Unable to locate package x\nb\n"), "E: Unable to locate package x");
        assert_eq!(last_lines("1\n2\n3\n4\n5\n6\n"), "2; 3; 4; 5; 6");
        assert_eq!(last_lines(""), "");
    }
}
