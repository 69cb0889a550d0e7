//! Where engines are: what the caller or the surroundings name, and the sockets of the engines that people run.

use std::path::PathBuf;

use super::docker_context::{Config, config_dir, context_host};
use crate::{
    error::{Error, Result},
    user_dirs::UserDir,
};

/// Where an engine may be, and who said so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Candidate {
    /// The address.
    pub url: String,
    /// Who said so: `--engine`, `DOCKER_HOST`, a context, or `known socket`.
    pub found_by: String,
}

/// The one engine that the caller or the surroundings name, if they do.
pub(crate) fn told(url: Option<&str>) -> Result<Option<Candidate>> {
    if let Some(url) = url {
        return Ok(Some(Candidate { url: url.trim().to_owned(), found_by: "--engine".into() }));
    }
    let variable = |name| std::env::var(name).ok().filter(|value: &String| !value.trim().is_empty());
    if let Some(url) = variable("DOCKER_HOST") {
        return Ok(Some(Candidate { url: url.trim().to_owned(), found_by: "DOCKER_HOST".into() }));
    }
    let Some(dir) = config_dir() else { return Ok(None) };
    let (name, by) = match variable("DOCKER_CONTEXT") {
        Some(name) if name == "default" => return Ok(None),
        Some(name) => (name, "DOCKER_CONTEXT"),
        None => match Config::read(&dir).current_context() {
            Some(name) => (name.to_owned(), "docker context use"),
            None => return Ok(None),
        },
    };
    match context_host(&dir, &name).filter(|host| !host.is_empty()) {
        Some(url) => Ok(Some(Candidate { url, found_by: format!("context \"{name}\"") })),
        None => Err(Error::environment(format!("the Docker context \"{name}\" (from {by}) does not exist"))
            .why(format!("no such context under {}", dir.join("contexts/meta").display()))
            .suggest("docker context ls")
            .suggest("docker context use default")),
    }
}

/// An address that cannot be used is told before anything is tried.
pub(crate) fn check_address(candidate: &Candidate) -> Result<()> {
    let Candidate { url, found_by } = candidate;
    let usage = |what: String| Error::usage(what).why(format!("it comes from {found_by}"));
    match url.split_once("://") {
        Some(("unix" | "npipe", path)) if !path.is_empty() => Ok(()),
        Some(("tcp" | "http", rest))
            if rest.rsplit(':').next().is_some_and(|port| port.trim_end_matches('/').parse::<u16>().is_ok()) =>
        {
            if std::env::var_os("DOCKER_TLS_VERIFY").is_some_and(|value| !value.is_empty()) {
                return Err(usage(format!("{url} asks for TLS (DOCKER_TLS_VERIFY), which is not supported"))
                    .suggest("reach the engine through SSH: --engine ssh://USER@HOST"));
            }
            Ok(())
        }
        #[cfg(unix)]
        Some(("ssh", _)) if super::ssh::Target::parse(url).is_some() => Ok(()),
        Some(("ssh", _)) => Err(usage(format!("\"{url}\" is no address that ssh can be given"))
            .suggest("ssh://USER@HOST, or ssh://USER@HOST:PORT/run/podman/podman.sock for another socket there")),
        Some(("https", _)) => Err(usage(format!("{url} asks for TLS, which is not supported"))
            .suggest("reach the engine through SSH: --engine ssh://USER@HOST")),
        _ => Err(usage(format!("\"{url}\" is no address of an engine"))
            .suggest("addresses look like unix:///var/run/docker.sock, tcp://127.0.0.1:2375 or ssh://USER@HOST")),
    }
}

/// The sockets of the engines that people run, the likeliest first.
pub(crate) fn known_sockets() -> Vec<Candidate> {
    if cfg!(windows) {
        return ["docker_engine", "dockerDesktopLinuxEngine"]
            .map(|name| Candidate { url: format!("npipe:////./pipe/{name}"), found_by: "known socket".into() })
            .into();
    }
    let home = std::env::home_dir().unwrap_or_default();
    let runtime = runtime_dir();
    let [own, own_at_home] = own_sockets();
    let paths = [
        "/var/run/docker.sock".into(),
        runtime.join("docker.sock"),
        home.join(".docker/run/docker.sock"),
        home.join(".docker/desktop/docker.sock"),
        home.join(".orbstack/run/docker.sock"),
        home.join(".colima/default/docker.sock"),
        home.join(".colima/docker/docker.sock"),
        home.join(".rd/docker.sock"),
        home.join(".lima/default/sock/docker.sock"),
        home.join(".lima/docker/sock/docker.sock"),
        runtime.join("podman/podman.sock"),
        PathBuf::from("/run/podman/podman.sock"),
        home.join(".local/share/containers/podman/machine/podman.sock"),
        own,
        own_at_home,
    ];
    paths
        .iter()
        .map(|path| Candidate { url: format!("unix://{}", path.display()), found_by: "known socket".into() })
        .collect()
}

/// Where a Podman that we start for this user listens: in the directory that goes with the session, else at home.
pub(crate) fn own_socket() -> PathBuf {
    let [own, at_home] = own_sockets();
    if runtime_dir().is_dir() { own } else { at_home }
}

fn own_sockets() -> [PathBuf; 2] {
    let state = UserDir::State.path().unwrap_or_default();
    [runtime_dir().join("breakfix"), state].map(|dir| dir.join("podman.sock"))
}

fn runtime_dir() -> PathBuf {
    std::env::var_os("XDG_RUNTIME_DIR")
        .filter(|dir| !dir.is_empty())
        .map_or_else(|| PathBuf::from(format!("/run/user/{}", user_id())), PathBuf::from)
}

#[cfg(unix)]
fn user_id() -> u32 {
    rustix::process::getuid().as_raw()
}

#[cfg(not(unix))]
fn user_id() -> u32 {
    0
}

/// Where published ports are reached: the engine's machine.
pub(crate) fn reached_at(url: &str) -> String {
    #[cfg(unix)]
    if let Some(target) = super::ssh::Target::parse(url) {
        return target.host().to_owned();
    }
    let Some(rest) = url.strip_prefix("tcp://").or_else(|| url.strip_prefix("http://")) else {
        return "127.0.0.1".into();
    };
    let host = rest.trim_end_matches('/').rsplit_once(':').map_or(rest, |(host, _)| host);
    match host.trim_matches(['[', ']']) {
        "localhost" | "127.0.0.1" | "::1" | "0.0.0.0" => "127.0.0.1".into(),
        host => host.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Blame;

    fn candidate(url: &str) -> Candidate {
        Candidate { url: url.into(), found_by: "--engine".into() }
    }

    #[test]
    fn addresses_are_judged_before_they_are_tried() {
        for good in
            ["unix:///nowhere", "tcp://127.0.0.1:2375", "tcp://[::1]:2375/", "npipe:////./pipe/x", "ssh://me@box:2222"]
        {
            assert_eq!(check_address(&candidate(good)), Ok(()), "{good}");
        }
        for bad in ["nonsense", "unix://", "tcp://host", "ftp://x:1", "https://x:2376", "ssh://", "ssh://-box", ""] {
            assert_eq!(check_address(&candidate(bad)).unwrap_err().blame, Blame::Usage, "{bad}");
        }
    }

    #[test]
    fn ports_are_reached_where_the_engine_is() {
        assert_eq!(reached_at("unix:///var/run/docker.sock"), "127.0.0.1");
        assert_eq!(reached_at("tcp://localhost:2375"), "127.0.0.1");
        assert_eq!(reached_at("tcp://10.0.0.7:2375"), "10.0.0.7");
        assert_eq!(reached_at("ssh://me@localhost:2222"), "localhost");
    }
}
