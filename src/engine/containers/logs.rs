//! Logs of containers, line by line.

use std::time::Duration;

use bollard::{container::LogOutput, query_parameters::LogsOptionsBuilder};
use futures_util::{StreamExt, stream::BoxStream};

use crate::engine::{
    Engine, LogLine, Stream,
    clock::parse_time,
    request::{Fault, ask},
    slowness,
};
use crate::error::Result;

/// What is kept of one line.
const LINE_BYTES: usize = 4096;
/// By how much an engine may note a start too late, on a machine with nothing else to do.
const LATE_START: Duration = Duration::from_secs(1);
/// Bound on the reading of a log's end.
const TAIL_WITHIN: Duration = Duration::from_secs(20);

impl Engine {
    /// The last lines that a container logged since its last start, in the order in which they were written.
    ///
    /// # Errors
    /// Environment: the engine does not answer.
    pub async fn log_tail(&self, container: &str, service: &str, lines: usize) -> Result<Vec<LogLine>> {
        let failed = |fault: Fault| fault.environment(format!("the log of {service} cannot be read"));
        let state = self.inspect(container).await?.and_then(|there| there.state);
        let begun = beginning_of_run(&state.unwrap_or_default(), LATE_START.mul_f64(slowness()));
        let options = LogsOptionsBuilder::default()
            .stdout(true)
            .stderr(true)
            .timestamps(true)
            .since(seconds(begun))
            .tail(&lines.to_string())
            .build();
        let mut pieces = self.docker.logs(container, Some(options));
        let mut assembler = Assembler::new(service);
        let read = async {
            let mut list = Vec::new();
            while let Some(piece) = pieces.next().await {
                assembler.take(&piece?, &mut list);
            }
            assembler.end(&mut list);
            Ok(list)
        };
        let mut list = ask(TAIL_WITHIN, read).await.map_err(failed)?;
        list.sort_by_key(|(at, _)| *at);
        // The engine counts from whole seconds: lines of the run before may be among them.
        Ok(list.into_iter().filter(|(at, _)| *at >= begun).map(|(_, line)| line).collect())
    }

    /// Follows the logs of one container until it is gone or the stream is dropped, from its last `tail` lines on.
    /// A container that is started again is followed on.
    pub fn follow_log(&self, container: &str, service: &str, tail: usize) -> BoxStream<'static, Result<LogLine>> {
        let (sender, receiver) = tokio::sync::mpsc::channel(256);
        let follower =
            Follower { engine: self.clone(), container: container.to_owned(), service: service.to_owned(), sender };
        // The task ends with the stream: nobody takes its lines any more.
        tokio::spawn(async move {
            let closed = follower.sender.clone();
            tokio::select! {
                () = follower.run(tail) => {}
                () = closed.closed() => {}
            }
        });
        futures_util::stream::unfold(receiver, |mut receiver| async move { Some((receiver.recv().await?, receiver)) })
            .boxed()
    }
}

struct Follower {
    engine: Engine,
    container: String,
    service: String,
    sender: tokio::sync::mpsc::Sender<Result<LogLine>>,
}

impl Follower {
    async fn run(&self, tail: usize) {
        let mut last = 0;
        let mut tail = tail.to_string();
        loop {
            // Listened to before the log is read: a start in between is not missed.
            let mut life = self.engine.life_of(&self.container);
            if let Err(fault) = self.follow(&tail, &mut last).await {
                if !fault.is_absent() {
                    let error = fault.environment(format!("the log of {} cannot be followed", self.service));
                    let _ = self.sender.send(Err(error)).await;
                }
                return;
            }
            tail = "all".to_owned();
            // The log ends with the run; it goes on when the container is started again.
            loop {
                match self.engine.inspect(&self.container).await {
                    Ok(Some(there)) if super::inventory::state_of(&there) == crate::engine::ServiceState::Running => {
                        break;
                    }
                    Ok(Some(_)) => {}
                    Ok(None) => return,
                    Err(error) => return drop(self.sender.send(Err(error)).await),
                }
                match life.next().await {
                    Some(action) if action != "destroy" => {}
                    _ => return,
                }
            }
        }
    }

    async fn follow(&self, tail: &str, last: &mut i128) -> Result<(), Fault> {
        let options = LogsOptionsBuilder::default()
            .follow(true)
            .stdout(true)
            .stderr(true)
            .timestamps(true)
            .since(seconds(*last))
            .tail(tail)
            .build();
        let mut pieces = self.engine.docker.logs(&self.container, Some(options));
        let mut assembler = Assembler::new(&self.service);
        let mut lines = Vec::new();
        while let Some(piece) = pieces.next().await {
            assembler.take(&piece?, &mut lines);
            for (at, line) in lines.drain(..) {
                if at > *last || at == 0 {
                    *last = (*last).max(at);
                    if self.sender.send(Ok(line)).await.is_err() {
                        return Ok(());
                    }
                }
            }
        }
        assembler.end(&mut lines);
        for (at, line) in lines {
            *last = (*last).max(at);
            let _ = self.sender.send(Ok(line)).await;
        }
        Ok(())
    }
}

/// When the last run began, in nanoseconds. Engines note the start after the program has begun to write: a program that
/// dies at once has said everything before its own start. So a run begins where the one before ended, where that is known.
fn beginning_of_run(state: &bollard::models::ContainerState, late: Duration) -> i128 {
    let time = |text: &Option<String>| text.as_deref().and_then(parse_time).unwrap_or(0).max(0);
    let (started, ended) = (time(&state.started_at), time(&state.finished_at));
    let late = i128::try_from(late.as_nanos()).unwrap_or(i128::MAX);
    if ended < started { ended } else { started.saturating_sub(late).max(0) }
}

fn seconds(nanos: i128) -> i32 {
    i32::try_from(nanos / 1_000_000_000).unwrap_or(0)
}

/// Makes lines of the pieces in which engines send them: a long line comes in several, each with its own time.
struct Assembler {
    service: String,
    open: [Option<(i128, Vec<u8>)>; 2],
}

impl Assembler {
    fn new(service: &str) -> Self {
        Self { service: service.to_owned(), open: [None, None] }
    }

    fn take(&mut self, piece: &LogOutput, lines: &mut Vec<(i128, LogLine)>) {
        let (stream, message) = match piece {
            LogOutput::StdErr { message } => (Stream::Err, message),
            LogOutput::StdOut { message } | LogOutput::Console { message } | LogOutput::StdIn { message } => {
                (Stream::Out, message)
            }
        };
        let (at, text) = split_time(message);
        let open = &mut self.open[stream as usize];
        let (_, line) = open.get_or_insert_with(|| (at, Vec::new()));
        let room = LINE_BYTES.saturating_sub(line.len());
        line.extend_from_slice(&text[..text.len().min(room)]);
        if text.ends_with(b"\n") || text.is_empty() {
            self.close(stream, lines);
        }
    }

    fn end(&mut self, lines: &mut Vec<(i128, LogLine)>) {
        self.close(Stream::Out, lines);
        self.close(Stream::Err, lines);
    }

    fn close(&mut self, stream: Stream, lines: &mut Vec<(i128, LogLine)>) {
        let Some((at, bytes)) = self.open[stream as usize].take() else { return };
        let mut text = String::from_utf8_lossy(&bytes).into_owned();
        text.truncate(text.trim_end_matches(['\n', '\r']).len());
        crate::engine::sanitize::cut(&mut text, LINE_BYTES);
        let at_ms = (at / 1_000_000).max(0) as u64;
        lines.push((at, LogLine { service: self.service.clone(), stream, text, at: at_ms }));
    }
}

/// `2026-01-02T03:04:05.678901234Z text`
fn split_time(message: &[u8]) -> (i128, &[u8]) {
    let end = message.iter().take(40).position(|byte| *byte == b' ');
    let time = end.and_then(|end| Some((end, parse_time(std::str::from_utf8(&message[..end]).ok()?)?)));
    match time {
        Some((end, at)) => (at, &message[end + 1..]),
        None => (0, message),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn piece(text: &str) -> LogOutput {
        LogOutput::StdOut { message: text.to_owned().into() }
    }

    #[test]
    fn a_run_begins_where_the_one_before_ended() {
        let state = |started: &str, finished: &str| bollard::models::ContainerState {
            started_at: Some(started.into()),
            finished_at: Some(finished.into()),
            ..Default::default()
        };
        let never = "0001-01-01T00:00:00Z";
        assert_eq!(beginning_of_run(&state("1970-01-01T00:00:09Z", never), LATE_START), 0);
        assert_eq!(
            beginning_of_run(&state("1970-01-01T00:00:09Z", "1970-01-01T00:00:08.9Z"), LATE_START),
            8_900_000_000
        );
        assert_eq!(beginning_of_run(&state("1970-01-01T00:00:09Z", "1970-01-01T00:00:10Z"), LATE_START), 8_000_000_000);
        assert_eq!(
            beginning_of_run(&state("1970-01-01T00:00:09Z", "1970-01-01T00:00:10Z"), LATE_START * 3),
            6_000_000_000
        );
    }

    #[test]
    fn a_line_in_pieces_is_one_line_and_is_cut() {
        let mut assembler = Assembler::new("flaskapp");
        let mut lines = Vec::new();
        let time = "1970-01-01T00:00:02.5Z";
        assembler.take(&piece(&format!("{time} {}", "a".repeat(16_384))), &mut lines);
        assembler.take(&LogOutput::StdErr { message: format!("{time} other\r\n").into() }, &mut lines);
        assembler.take(&piece(&format!("{time} {}\n", "b".repeat(100))), &mut lines);
        assert_eq!(lines.len(), 2);
        assert_eq!((lines[0].1.text.as_str(), lines[0].1.stream), ("other", Stream::Err));
        assert_eq!((lines[1].1.text.len(), lines[1].1.at), (LINE_BYTES, 2500));
    }

    #[test]
    fn a_line_without_end_or_time_is_not_lost() {
        let mut assembler = Assembler::new("flaskapp");
        let mut lines = Vec::new();
        assembler.take(&piece("no newline"), &mut lines);
        assembler.end(&mut lines);
        assert_eq!(lines[0].1.text, "no newline");
    }
}
