//! Every question to the engine has a bound, and every failure is told apart: no answer, gone, refused.

use std::{future::Future, time::Duration};

use bollard::errors::Error as Bollard;

use super::text::clean;
use crate::error::Error;

/// Bound of a call that looks something up or makes something small.
pub(crate) const QUICK: Duration = Duration::from_secs(30);
/// Bound of a call that starts, stops or removes something.
pub(crate) const SLOW: Duration = Duration::from_secs(120);
/// Bound between two messages of a stream that works.
pub(crate) const IDLE: Duration = Duration::from_secs(600);

/// Why a call failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fault {
    /// No answer within this time.
    NoAnswer(Duration),
    /// The connection could not be made, or broke.
    Gone(String),
    /// The engine answered that it does not do it.
    Says { status: u16, message: String },
    /// Anything else, e.g. an answer that cannot be read.
    Other(String),
}

/// Puts one question to the engine, within a bound.
pub(crate) async fn ask<T>(within: Duration, call: impl Future<Output = Result<T, Bollard>>) -> Result<T, Fault> {
    match tokio::time::timeout(within, call).await {
        Ok(answer) => answer.map_err(Fault::from),
        Err(_) => Err(Fault::NoAnswer(within)),
    }
}

/// `None` where the engine says that there is no such thing.
pub(crate) fn found<T>(answer: Result<T, Fault>) -> Result<Option<T>, Fault> {
    match answer {
        Ok(thing) => Ok(Some(thing)),
        Err(fault) if fault.status() == Some(404) => Ok(None),
        Err(fault) => Err(fault),
    }
}

/// Whether the engine's words are about its machine, whatever was asked of it.
pub(crate) fn is_machine(message: &str) -> bool {
    const SIGNS: [&str; 13] = [
        "no space left on device",
        "No space left on device",
        "cannot allocate memory",
        "too many open files",
        "input/output error",
        "cgroup",
        "address already in use",
        "port is already allocated",
        "failed to create endpoint",
        "failed programming external connectivity",
        "error creating overlay mount",
        "setrlimit",
        "container-init binary not found",
    ];
    SIGNS.iter().any(|sign| message.contains(sign))
}

impl From<Bollard> for Fault {
    fn from(error: Bollard) -> Self {
        let chain = |error: &dyn std::error::Error| {
            let mut text = error.to_string();
            let mut source = error.source();
            while let Some(cause) = source {
                let cause_text = cause.to_string();
                if !text.contains(&cause_text) {
                    text = format!("{text}: {cause_text}");
                }
                source = cause.source();
            }
            text
        };
        match error {
            Bollard::DockerResponseServerError { status_code, message } => {
                Self::Says { status: status_code, message: clean(message.trim()) }
            }
            Bollard::DockerStreamError { error } => Self::Says { status: 200, message: clean(error.trim()) },
            Bollard::RequestTimeoutError => Self::NoAnswer(SLOW),
            Bollard::IOError { .. }
            | Bollard::HyperResponseError { .. }
            | Bollard::HyperLegacyError { .. }
            | Bollard::SocketNotFoundError(_) => Self::Gone(chain(&error)),
            other => Self::Other(chain(&other)),
        }
    }
}

impl Fault {
    /// The HTTP status, where the engine answered.
    pub(crate) fn status(&self) -> Option<u16> {
        match self {
            Self::Says { status, .. } => Some(*status),
            _ => None,
        }
    }

    /// What was said, in words.
    pub(crate) fn message(&self) -> String {
        match self {
            Self::NoAnswer(within) => format!("no answer within {} s", within.as_secs_f64()),
            Self::Gone(text) => format!("the engine went away: {text}"),
            Self::Says { message, .. } | Self::Other(message) => message.clone(),
        }
    }

    /// As a fault of the machine.
    pub(crate) fn environment(&self, what: impl Into<String>) -> Error {
        let error = Error::environment(what).why(self.message());
        match self {
            Self::Gone(_) | Self::NoAnswer(_) => error.suggest("breakfix doctor"),
            Self::Says { message, .. } if message.contains("no space left on device") => {
                error.suggest("docker system df    # what takes the space")
            }
            _ => error,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_machine_lacks_is_not_the_files_fault() {
        for message in [
            "crun: setrlimit `RLIMIT_NOFILE`: Operation not permitted: OCI permission denied",
            "container create: container-init binary not found on the host: stat /usr/libexec/podman/catatonit: no such file",
        ] {
            assert!(is_machine(message), "{message}");
        }
        assert!(!is_machine("exec: \"./run.sh\": permission denied: unknown"));
    }
}
