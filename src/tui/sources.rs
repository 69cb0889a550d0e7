//! Where messages come from: the keyboard, the conductor, and the signals that end the program.

use std::collections::BTreeMap;

use crossterm::event::{Event, EventStream, KeyEventKind};
use futures_util::StreamExt as _;
use tokio::sync::mpsc::{Receiver, Sender, error::TrySendError};

use super::msg::Msg;
use crate::{
    conductor::Update,
    error::{Error, Result},
};

/// Updates that are taken in one go.
const BATCH: usize = 256;

/// Passes keys on, until nobody listens.
pub async fn read_keys(sender: Sender<Msg>) {
    let mut events = EventStream::new();
    while let Some(event) = events.next().await {
        let message = match event {
            Ok(Event::Key(key)) if key.kind != KeyEventKind::Release => Msg::Key(key),
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
        match sender.try_send(Msg::Updates(updates)) {
            Ok(()) => {}
            Err(TrySendError::Closed(_)) => return,
            Err(TrySendError::Full(message)) => {
                if let Msg::Updates(updates) = message {
                    for update in updates {
                        if let Update::Log(line) = update {
                            *skipped.entry(line.service).or_default() += 1;
                        }
                    }
                }
                continue;
            }
        }
        while let Some((service, lines)) = skipped.pop_first() {
            if sender.send(Msg::Skipped { service, lines }).await.is_err() {
                return;
            }
        }
    }
    // The conductor's end is the end, whether it said so or not.
    let _ = sender.send(Msg::Updates(vec![Update::Closed])).await;
}

/// The signals that end the program.
#[cfg(unix)]
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
        let listen =
            |kind| signal(kind).map_err(|error| Error::environment("cannot listen for signals").because(error));
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
