//! The program that makes Debian's root file systems: found, started, followed and ended.

use std::{
    path::{Path, PathBuf},
    process::Stdio,
    time::{Duration, Instant},
};

use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
};

use crate::engine::output::keep;
use crate::{
    engine::Progress,
    error::{Error, Result},
};

/// The release whose packages have the official images' majors: Python 3.13, Postgres 17.
const RELEASE: &str = "trixie";
/// Bound on a run that says nothing.
const SILENT: Duration = Duration::from_secs(300);
/// A person reads no faster.
const BETWEEN_PHASES: Duration = Duration::from_millis(100);

/// The program, installed where that is possible.
pub(super) async fn find(progress: &Progress) -> Result<PathBuf> {
    if let Some(found) = in_path("mmdebstrap") {
        return Ok(found);
    }
    let missing = || {
        Error::environment("stand-in images can't be built")
            .why("the program mmdebstrap is not installed")
            .suggest("sudo apt-get install mmdebstrap    # on Debian or Ubuntu")
            .suggest("breakfix images load FILE    # a file that `breakfix images save FILE` wrote elsewhere")
    };
    if !crate::system::is_root() {
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

/// A run of it, which ends with this value.
pub(super) struct Run {
    child: Child,
}

impl Run {
    pub(super) fn start(program: &Path, work: &Path) -> Result<Self> {
        let mut command = Command::new(program);
        command
            .args(["-v", "--variant=minbase", "--format=null"])
            .args(["--aptopt=APT::Install-Recommends \"false\"", "--dpkgopt=force-unsafe-io"])
            .arg(format!("--hook-directory={}", work.join("hooks").display()))
            .args(["--include=python3-venv,ca-certificates", RELEASE, "-"])
            .env("TMPDIR", work.join("tmp"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        // A group of its own, so that all of it ends at once.
        #[cfg(unix)]
        command.process_group(0);
        let child =
            command.spawn().map_err(|cause| Error::environment("mmdebstrap can't be started").because(cause))?;
        Ok(Self { child })
    }

    /// Follows the run to its end, and tells its phases.
    pub(super) async fn finish(&mut self, mut tell: impl FnMut(String)) -> Result<()> {
        let failed = |why: String| {
            Error::environment("the stand-in images can't be built")
                .why(why)
                .suggest("is Debian's package mirror reachable from here? Try: apt-get update")
                .suggest("breakfix images load FILE    # a file that `breakfix images save FILE` wrote elsewhere")
        };
        let mut said = std::collections::VecDeque::new();
        let mut told: Option<Instant> = None;
        if let Some(stderr) = self.child.stderr.take() {
            let mut lines = BufReader::new(stderr).lines();
            loop {
                match tokio::time::timeout(SILENT, lines.next_line()).await {
                    Err(_) => return Err(failed(format!("mmdebstrap said nothing for {} s", SILENT.as_secs()))),
                    Ok(Err(cause)) => return Err(failed(cause.to_string())),
                    Ok(Ok(None)) => break,
                    Ok(Ok(Some(line))) => {
                        let pause_over = told.is_none_or(|told| told.elapsed() >= BETWEEN_PHASES);
                        if let Some(phase) = phase(&line).filter(|_| pause_over) {
                            tell(phase);
                            told = Some(Instant::now());
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

#[cfg(unix)]
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
    let text = crate::engine::sanitize::clean(text);
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let telling: Vec<&str> =
        lines.iter().copied().filter(|line| line.starts_with("E: ") || line.starts_with("Err:")).collect();
    let chosen =
        if telling.is_empty() { &lines[lines.len().saturating_sub(5)..] } else { &telling[..telling.len().min(5)] };
    chosen.join("; ")
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
