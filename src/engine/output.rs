//! What is told about running containers, as plain data.

use std::collections::VecDeque;

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

/// Keeps the newest lines.
pub(crate) fn keep<T>(lines: &mut VecDeque<T>, line: T, most: usize) {
    if lines.len() == most {
        lines.pop_front();
    }
    lines.push_back(line);
}
