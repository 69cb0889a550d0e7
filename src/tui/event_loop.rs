//! The one place that waits. The screen, the demo and the plain mode differ in what they do with what comes; what can
//! come, how much of it may wait, and how long an end may take is the same for all three.

use std::time::Duration;

use tokio::{
    sync::mpsc::{self, Receiver, Sender},
    time::{Instant, sleep_until},
};

use super::{
    events::{Signals, forward},
    msg::Msg,
};
use crate::{conductor::Update, error::Result};

/// Messages that may wait. Each holds a few hundred updates at most.
const WAITING: usize = 64;
/// Between two pictures that no key has asked for.
const FRAME: Duration = Duration::from_millis(33);
/// How long the conductor may take to close before the program ends without it.
pub const CLOSING: Duration = Duration::from_secs(3);

/// What the loop was woken by.
#[derive(Debug)]
pub enum Woken {
    /// A signal that ends the program, by its number.
    Signal(i32),
    /// Something happened; what else has arrived meanwhile comes along, oldest first, so that it comes into one picture.
    Messages(Vec<Msg>),
    /// A picture is due, or the time that was asked for has come.
    Due,
    /// Nothing comes any more, or closing has taken too long.
    Over,
}

/// What is waited for.
#[derive(Debug)]
pub struct EventLoop {
    messages: Receiver<Msg>,
    sender: Sender<Msg>,
    signals: Signals,
    closing_since: Option<Instant>,
    drawn_at: Instant,
    dirty: bool,
}

impl EventLoop {
    /// Listens for signals, and for what the conductor tells where there is one.
    ///
    /// # Errors
    /// Environment: the system has no room for it.
    pub fn new(told: Option<Receiver<Update>>) -> Result<Self> {
        let (sender, messages) = mpsc::channel(WAITING);
        if let Some(told) = told {
            tokio::spawn(forward(told, sender.clone()));
        }
        let signals = Signals::new()?;
        Ok(Self { messages, sender, signals, closing_since: None, drawn_at: Instant::now() - FRAME, dirty: true })
    }

    /// Where other tasks send what they have to tell.
    pub fn sender(&self) -> Sender<Msg> {
        self.sender.clone()
    }

    /// The conductor was told to close: from now on it is waited for, and not for ever.
    pub fn close(&mut self) {
        self.closing_since.get_or_insert_with(Instant::now);
    }

    /// Whether it was.
    pub fn is_closing(&self) -> bool {
        self.closing_since.is_some()
    }

    /// Something is to be seen that the picture does not show yet.
    pub fn changed(&mut self) {
        self.dirty = true;
    }

    /// Whether it is time for a picture: one that somebody waits for comes at once.
    pub fn draws(&self, awaited: bool) -> bool {
        self.dirty && (awaited || self.drawn_at.elapsed() >= FRAME)
    }

    /// The picture shows all there is.
    pub fn drawn(&mut self) {
        self.dirty = false;
        self.drawn_at = Instant::now();
    }

    /// The next message alone, for who waits for one thing.
    pub async fn message(&mut self) -> Option<Msg> {
        self.messages.recv().await
    }

    /// Waits: for messages, for a picture that is due, for `due`. Nothing is lost where the waiting is given up.
    pub async fn next(&mut self, due: Option<Instant>) -> Woken {
        let frame = self.dirty.then(|| self.drawn_at + FRAME);
        let closing = self.closing_since.map(|since| since + CLOSING);
        let due = [frame, due, closing].into_iter().flatten().min();
        tokio::select! {
            biased;
            signal = self.signals.next() => Woken::Signal(signal),
            message = self.messages.recv() => {
                let Some(message) = message else { return Woken::Over };
                let mut all = vec![message];
                while all.len() <= WAITING && let Ok(message) = self.messages.try_recv() {
                    all.push(message);
                }
                Woken::Messages(all)
            }
            () = sleep_until(due.unwrap_or_else(Instant::now)), if due.is_some() => {
                if closing.is_some_and(|at| Instant::now() >= at) { Woken::Over } else { Woken::Due }
            }
        }
    }
}
