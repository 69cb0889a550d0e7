//! Every question to the engine has a bound, and every failure is told apart: no answer, gone, refused.

use std::{future::Future, time::Duration};

use bollard::errors::Error as Bollard;

use super::sanitize::clean;
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
        Err(fault) if fault.is_absent() => Ok(None),
        Err(fault) => Err(fault),
    }
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

    /// Whether the engine says that there is no such thing; a 404 of something else, which does not know the question, is none.
    pub(crate) fn is_absent(&self) -> bool {
        // Docker; then Podman, pkg/api/handlers/utils/errors.go and libpod/define/errors.go.
        const SAYS: [&str; 7] = [
            "no such",
            "no container with",
            "no image with",
            "image not known",
            "network not found",
            "volume not found",
            "unable to find",
        ];
        let Self::Says { status: 404, message } = self else { return false };
        let message = message.to_lowercase();
        let of_a_network = message.starts_with("network ") && message.ends_with("not found");
        of_a_network || SAYS.iter().any(|says| message.contains(says))
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
    fn what_is_not_there_is_told_from_a_question_that_is_not_known() {
        let says = |status, message: &str| Fault::Says { status, message: message.into() };
        for message in [
            "No such container: 1f2e",
            "No such image: shop:latest",
            "network shop_default not found",
            "get shop_data: no such volume",
            "No such exec instance: 1f2e",
            "no container with name or ID \"x\" found: no such container",
            "unable to find network with name or ID x: network not found",
        ] {
            assert!(says(404, message).is_absent(), "{message}");
        }
        assert!(!says(404, "page not found").is_absent());
        assert!(!says(404, "<html><title>404 Not Found</title></html>").is_absent());
        assert!(!says(404, "").is_absent());
        assert!(!says(500, "No such container: 1f2e").is_absent());
    }
}
