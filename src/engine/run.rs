//! Things of a running container: exec, logs, events.

use std::{collections::BTreeMap, time::Duration};

use futures_util::stream::BoxStream;

use super::Engine;
use crate::error::{Error, Result};

/// What a command printed, and how it ended.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Output {
    /// Exit code.
    pub code: i64,
    /// Standard output, capped at 256 KiB.
    pub stdout: String,
    /// Standard error, capped likewise.
    pub stderr: String,
}

/// Which stream a log line came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stream {
    /// Standard output.
    Out,
    /// Standard error.
    Err,
}

/// One line of a container's log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogLine {
    /// The service.
    pub service: String,
    /// Which stream.
    pub stream: Stream,
    /// The line as sent, at most 4 KiB, without its end.
    pub text: String,
    /// When, in milliseconds since the Unix epoch by the engine's clock.
    pub at: u64,
}

/// Something that the engine says of the project's containers or networks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EngineEvent {
    /// `container` or `network`.
    pub kind: String,
    /// `start`, `die`, `destroy`, `health_status: healthy`, …
    pub action: String,
    /// The service, where there is one.
    pub service: Option<String>,
    /// Exit code of a `die`.
    pub exit_code: Option<i64>,
}

impl Engine {
    /// Runs a command in a running container. The output is drained, capped, and bounded in time.
    ///
    /// # Errors
    /// Environment: no such container, or the engine does not answer in time.
    pub async fn exec(
        &self,
        _container: &str,
        _command: &[&str],
        _env: &BTreeMap<String, String>,
        _within: Duration,
    ) -> Result<Output> {
        Err(Error::environment("stub"))
    }

    /// The last lines that a container logged since its last start.
    ///
    /// # Errors
    /// Environment: the engine does not answer.
    pub async fn log_tail(&self, _container: &str, _service: &str, _lines: usize) -> Result<Vec<LogLine>> {
        Err(Error::environment("stub"))
    }

    /// Follows the logs of one container until it is gone or the stream is dropped, from its last `tail` lines on.
    pub fn follow_log(&self, _container: &str, _service: &str, _tail: usize) -> BoxStream<'static, Result<LogLine>> {
        Box::pin(futures_util::stream::empty())
    }

    /// Follows what happens to the project's containers and networks, until the stream is dropped or the engine goes away.
    pub fn events(&self, _project: &str) -> BoxStream<'static, Result<EngineEvent>> {
        Box::pin(futures_util::stream::empty())
    }

    /// Whether the engine still answers, within two seconds.
    pub async fn answers(&self) -> bool {
        false
    }
}
