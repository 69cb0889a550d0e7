//! Where messages come from: the keyboard, the conductor, and the signals that end the program.

use std::collections::BTreeMap;

use crossterm::event::{Event, EventStream, KeyEventKind};
use futures_util::StreamExt as _;
use tokio::sync::mpsc::{Receiver, Sender};

use super::msg::Msg;
use crate::{conductor::Update, error::Result};

/// Updates that are taken in one go.
const BATCH: usize = 256;

/// Passes keys on, until nobody listens.
pub async fn read_keys(sender: Sender<Msg>) {
    let mut events = EventStream::new();
    while let Some(event) = events.next().await {
        let message = match event {
            Ok(Event::Key(key)) if key.kind != KeyEventKind::Release => Msg::Key(key),
            Ok(Event::Mouse(mouse)) => Msg::Mouse(mouse),
            Ok(Event::Paste(text)) => Msg::Paste(text),
            Ok(Event::Resize(columns, rows)) => Msg::Resize(columns, rows),
            Ok(_) => continue,
            // The terminal is gone: the signal for that ends the program.
            Err(_) => break,
        };
        if sender.send(message).await.is_err() {
            break;
        }
    }
}

/// Passes on what the conductor tells. Log lines that come faster than they can be taken are counted, and nothing else is
/// ever dropped.
pub async fn forward(mut told: Receiver<Update>, sender: Sender<Msg>) {
    let mut skipped: BTreeMap<String, u64> = BTreeMap::new();
    let mut batch = Vec::new();
    while told.recv_many(&mut batch, BATCH).await > 0 {
        let updates = std::mem::take(&mut batch);
        let only_logs = updates.iter().all(|update| matches!(update, Update::Log(_)));
        if !only_logs {
            if sender.send(Msg::Updates(updates)).await.is_err() {
                return;
            }
            continue;
        }
        let Ok(room) = sender.try_reserve() else {
            for update in updates {
                if let Update::Log(line) = update {
                    *skipped.entry(line.service).or_default() += 1;
                }
            }
            continue;
        };
        if skipped.is_empty() {
            room.send(Msg::Updates(updates));
            continue;
        }
        // The mark stands where the lines are missing.
        room.send(Msg::Skipped(std::mem::take(&mut skipped)));
        if sender.send(Msg::Updates(updates)).await.is_err() {
            return;
        }
    }
    if !skipped.is_empty() {
        let _ = sender.send(Msg::Skipped(skipped)).await;
    }
    // The conductor's end is the end, whether it said so or not.
    let _ = sender.send(Msg::Updates(vec![Update::Closed])).await;
}

/// The signals that end the program.
#[cfg(unix)]
#[derive(Debug)]
pub struct Signals {
    terminate: tokio::signal::unix::Signal,
    hang_up: tokio::signal::unix::Signal,
    _interrupt: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    /// Listens from now on.
    ///
    /// # Errors
    /// Environment: the system has no room for it.
    pub fn new() -> Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        let listen = |kind| {
            signal(kind).map_err(|error| crate::error::Error::environment("cannot listen for signals").because(error))
        };
        Ok(Self {
            terminate: listen(SignalKind::terminate())?,
            hang_up: listen(SignalKind::hangup())?,
            // Ctrl-C in an editor that has the terminal reaches us too, and must not end us.
            _interrupt: listen(SignalKind::interrupt())?,
        })
    }

    /// The number of the next one.
    pub async fn next(&mut self) -> i32 {
        tokio::select! {
            _ = self.terminate.recv() => 15,
            _ = self.hang_up.recv() => 1,
        }
    }
}

#[cfg(not(unix))]
#[derive(Debug)]
pub struct Signals;

#[cfg(not(unix))]
impl Signals {
    /// Listens from now on.
    ///
    /// # Errors
    /// Environment: the system has no room for it.
    pub fn new() -> Result<Self> {
        Ok(Self)
    }

    /// The number of the next one.
    pub async fn next(&mut self) -> i32 {
        std::future::pending().await
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::mpsc::channel;

    use super::*;
    use crate::engine::{LogLine, Stream};

    fn log(number: usize) -> Update {
        Update::Log(LogLine { service: "nginx".into(), stream: Stream::Out, text: number.to_string(), at: 0 })
    }

    #[tokio::test]
    async fn a_flood_loses_lines_and_counts_them_and_loses_nothing_else() {
        const LINES: usize = 20_000;
        let (tell, told) = channel(1_024);
        let (sender, mut messages) = channel(4);
        tokio::spawn(forward(told, sender));
        // Nobody reads yet: the lines have to go somewhere all the same.
        for number in 0..LINES {
            tell.send(log(number)).await.unwrap();
        }
        let reader = tokio::spawn(async move {
            let (mut lines, mut skipped, mut others) = (0, 0, Vec::new());
            while let Some(message) = messages.recv().await {
                match message {
                    Msg::Skipped(by_service) => skipped += by_service["nginx"],
                    Msg::Updates(updates) => {
                        for update in updates {
                            if let Update::Log(_) = update {
                                lines += 1;
                            } else {
                                others.push(update);
                            }
                        }
                    }
                    other => panic!("{other:?}"),
                }
            }
            (lines, skipped, others)
        });
        tell.send(Update::Notice("kept".into())).await.unwrap();
        drop(tell);
        let (lines, skipped, others) = reader.await.unwrap();
        assert!(skipped > 0);
        assert_eq!(lines + skipped, u64::try_from(LINES).unwrap());
        assert_eq!(others, [Update::Notice("kept".into()), Update::Closed]);
    }
}
