//! Finding the engine: flag, `DOCKER_HOST`, Docker contexts, known sockets, Podman's socket.

use std::time::{SystemTime, UNIX_EPOCH};

use bollard::{API_DEFAULT_VERSION, Docker};

use super::{
    address::{Candidate, check_address, known_sockets, reached_at, told},
    install_plan::{Machine, Plan, plan},
};
use crate::engine::{
    clock::parse_time,
    handle::{ANSWER_WITHIN, Engine, EngineInfo, EngineKind},
    request::{Fault, ask},
};
use crate::error::{Error, Result};

/// Bollard's own bound, in seconds, on the time to an answer's first byte; each call has a tighter one of ours.
const CLIENT_TIMEOUT: u64 = 900;

/// Why a candidate is not used.
#[derive(Debug)]
enum Trouble {
    /// No socket file.
    Missing,
    /// Not allowed to open the socket.
    Denied,
    /// Something is there and does not answer, or not as an engine.
    Silent(String),
    /// It runs containers of another system.
    Foreign(String),
}

impl Engine {
    /// Finds an engine that answers: `url` alone when given; else `DOCKER_HOST`, the Docker context, the known sockets.
    ///
    /// # Errors
    /// Usage: the address is no address of an engine. Environment: nobody answers, access is refused, or containers of
    /// another system are run; with what was tried.
    pub async fn find(url: Option<&str>) -> Result<Self> {
        if let Some(candidate) = told(url)? {
            check_address(&candidate)?;
            return match connect(&candidate).await {
                Ok(engine) => Ok(engine),
                Err(trouble) => Err(nobody(&[(candidate, trouble)])),
            };
        }
        // All at once, so that a silent socket costs two seconds in all; the first of the list that answers is taken.
        let candidates = known_sockets();
        let answers = futures_util::future::join_all(candidates.iter().map(connect)).await;
        let mut tried = Vec::new();
        for (candidate, answer) in candidates.into_iter().zip(answers) {
            match answer {
                Ok(engine) => return Ok(engine),
                Err(trouble) => tried.push((candidate, trouble)),
            }
        }
        Err(nobody(&tried))
    }
}

/// Connects and asks who answers.
async fn connect(candidate: &Candidate) -> Result<Engine, Trouble> {
    #[cfg(unix)]
    let tunnel = match super::ssh::Target::parse(&candidate.url) {
        Some(target) => Some(super::ssh::Tunnel::open(target).await.map_err(Trouble::Silent)?),
        None => None,
    };
    #[cfg(not(unix))]
    let (tunnel, address) = (None, candidate.url.clone());
    #[cfg(unix)]
    let address = tunnel.as_ref().map_or_else(|| candidate.url.clone(), |tunnel| tunnel.url());
    let docker = open(&address).await?;
    let ask_all =
        async { tokio::try_join!(ask(ANSWER_WITHIN * 5, docker.version()), ask(ANSWER_WITHIN * 5, docker.info())) };
    // Both may take their time on a busy machine (Podman asks all of its programs); that the engine is there is known by the ping.
    ask(ANSWER_WITHIN, docker.ping()).await.map_err(trouble)?;
    let asked = SystemTime::now();
    let (version, info) = ask_all.await.map_err(trouble)?;
    let ours = asked.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64()
        + asked.elapsed().unwrap_or_default().as_secs_f64() / 2.0;
    let theirs = info.system_time.as_deref().and_then(parse_time);

    if let Some(system) = info.os_type.filter(|system| system != "linux") {
        return Err(Trouble::Foreign(system));
    }
    let is_podman = version.components.iter().flatten().any(|part| part.name.contains("Podman"));
    let is_desktop = info.operating_system.as_deref().is_some_and(|name| name.contains("Docker Desktop"));
    Ok(Engine::new(
        docker,
        tunnel,
        EngineInfo {
            url: candidate.url.clone(),
            found_by: candidate.found_by.clone(),
            kind: match (is_podman, is_desktop) {
                (true, _) => EngineKind::Podman,
                (false, true) => EngineKind::DockerDesktop,
                (false, false) => EngineKind::Docker,
            },
            version: version.version.unwrap_or_default(),
            rootless: info.security_options.iter().flatten().any(|option| option.contains("name=rootless")),
            host: reached_at(&candidate.url),
            cpus: info.ncpu.unwrap_or(1).max(1) as u64,
            memory: info.mem_total.unwrap_or(0).max(0) as u64,
            clock_ahead: theirs.map_or(0.0, |nanos| nanos as f64 / 1e9 - ours),
        },
    ))
}

/// A client for an address. Looks at a socket's file first, since its errors say more than a connection's.
async fn open(url: &str) -> Result<Docker, Trouble> {
    #[cfg(unix)]
    if let Some(path) = url.strip_prefix("unix://") {
        let socket = tokio::time::timeout(ANSWER_WITHIN, tokio::net::UnixStream::connect(path)).await;
        return match socket.map_err(|_| Trouble::Silent(Fault::NoAnswer(ANSWER_WITHIN).message()))? {
            Ok(_) => Docker::connect_with_unix(url, CLIENT_TIMEOUT, API_DEFAULT_VERSION)
                .map_err(|error| Trouble::Silent(error.to_string())),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Err(Trouble::Missing),
            Err(error) if error.kind() == std::io::ErrorKind::PermissionDenied => Err(Trouble::Denied),
            Err(error) => Err(Trouble::Silent(error.to_string())),
        };
    }
    #[cfg(windows)]
    if url.starts_with("npipe://") {
        return Docker::connect_with_named_pipe(url, CLIENT_TIMEOUT, API_DEFAULT_VERSION)
            .map_err(|error| Trouble::Silent(error.to_string()));
    }
    if url.starts_with("tcp://") || url.starts_with("http://") {
        return Docker::connect_with_http(url, CLIENT_TIMEOUT, API_DEFAULT_VERSION)
            .map_err(|error| Trouble::Silent(error.to_string()));
    }
    Err(Trouble::Silent("such addresses are not used on this system".into()))
}

fn trouble(fault: Fault) -> Trouble {
    Trouble::Silent(match fault {
        Fault::Gone(text) => text,
        other => other.message(),
    })
}

/// The error of a search in vain: all that was tried, and what to type in this situation.
fn nobody(tried: &[(Candidate, Trouble)]) -> Error {
    let one = match tried {
        [(candidate, _)] => Some(candidate),
        _ => None,
    };
    let mut error = Error::environment(match one {
        Some(candidate) => format!("no container engine answers at {} ({})", candidate.url, candidate.found_by),
        None => "no container engine answers".into(),
    });
    let missing: Vec<&str> =
        tried.iter().filter(|(_, why)| matches!(why, Trouble::Missing)).map(|(c, _)| c.url.as_str()).collect();
    for (candidate, why) in tried {
        match why {
            Trouble::Missing => {}
            Trouble::Denied => error = error.why(format!("{}: permission denied", candidate.url)),
            Trouble::Silent(text) => error = error.why(format!("{}: {text}", candidate.url)),
            Trouble::Foreign(system) => {
                error = error
                    .why(format!("{}: runs {system} containers, and these are Linux containers", candidate.url))
                    .suggest("switch Docker Desktop to Linux containers (its menu: \"Switch to Linux containers\")");
            }
        }
    }
    match missing.as_slice() {
        [] => {}
        [url] => error = error.why(format!("{url}: there is no such socket")),
        [first, rest @ ..] => {
            let names: Vec<&str> = rest.iter().filter_map(|url| url.strip_prefix("unix://")).collect();
            error = error.why(format!("no socket at {first}, nor at {}", names.join(", ")));
        }
    }
    let plan = plan(&Machine::look(one.map(|candidate| candidate.url.as_str())));
    if tried.iter().any(|(_, why)| matches!(why, Trouble::Denied)) {
        return error
            .suggest("sudo usermod -aG docker $USER    # then log out and in again")
            .suggest("or, for now: run breakfix with sudo")
            .suggest_all(fix(&plan));
    }
    if let Some(candidate) = one {
        if candidate.found_by == "--engine" {
            return error.suggest_all(fix(&plan)).suggest("leave --engine away: the usual places are looked at");
        }
        if candidate.found_by == "DOCKER_HOST" {
            error = error.suggest("unset DOCKER_HOST    # if that engine is not the one you mean");
        } else {
            error = error.suggest("docker context use default    # if that engine is not the one you mean");
        }
    }
    error.suggest_all(fix(&plan)).suggest_all(plan.by_hand)
}

/// The command that carries the plan out, where there is something in it.
fn fix(plan: &Plan) -> Option<String> {
    (!plan.remedies.is_empty()).then(|| "breakfix doctor --fix    # says what it would do, and asks".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Blame;

    fn candidate(url: &str) -> Candidate {
        Candidate { url: url.into(), found_by: "--engine".into() }
    }

    #[tokio::test]
    async fn a_missing_socket_fails_at_once_and_blames_the_machine() {
        let error = Engine::find(Some("unix:///nowhere/docker.sock")).await.unwrap_err();
        assert_eq!(error.blame, Blame::Environment);
        assert!(error.to_string().contains("/nowhere/docker.sock: there is no such socket"), "{error}");
        assert!(!error.try_next.is_empty());
    }

    #[tokio::test]
    async fn a_socket_that_is_no_engine_is_told() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("silent.sock");
        let _listener = std::os::unix::net::UnixListener::bind(&path).unwrap();
        let error = Engine::find(Some(&format!("unix://{}", path.display()))).await.unwrap_err();
        assert_eq!(error.blame, Blame::Environment);
        assert!(error.to_string().contains("no answer within 2 s"), "{error}");
    }

    #[test]
    fn a_denied_socket_names_the_group() {
        let error = nobody(&[
            (candidate("unix:///var/run/docker.sock"), Trouble::Denied),
            (candidate("unix:///run/user/1/docker.sock"), Trouble::Missing),
        ]);
        assert!(error.try_next[0].contains("usermod -aG docker"), "{error}");
        assert!(error.to_string().contains("permission denied"));
    }
}
