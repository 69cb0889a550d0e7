//! The demo's one task that waits: keys, the conductor and the clock in; pictures, actions, notes and a recording out.

use std::{path::PathBuf, time::Duration};

use tokio::{
    sync::mpsc::{self, Receiver, Sender},
    task::JoinHandle,
    time::{Instant, sleep_until},
};

use super::{
    cast::Cast,
    model::Model,
    notes::{HEARTBEAT, Place},
    update::{Effect, begin, update},
    view::view,
};
use crate::{
    conductor::{Action, Remote, Update},
    error::{Error, Result},
    journal::now_ms,
    tui::{
        msg::Msg,
        sources::{Signals, forward, read_keys},
        terminal::{self, Terminal},
    },
};

/// Messages that may wait.
const WAITING: usize = 64;
/// Between two pictures.
const FRAME: Duration = Duration::from_millis(33);
/// How long the conductor may take to close.
const CLOSING: Duration = Duration::from_secs(3);

/// Everything that the loop works with.
pub struct Runtime {
    /// The model.
    pub model: Model,
    terminal: Option<Terminal>,
    cast: Option<Cast>,
    messages: Receiver<Msg>,
    sender: Sender<Msg>,
    input: Option<JoinHandle<()>>,
    remote: Option<Remote>,
    /// Where the notes are written.
    lab: Option<PathBuf>,
    place: Option<Place>,
    place_at: Instant,
    closing_since: Option<Instant>,
    over: bool,
    last_error: Option<Error>,
    failed: Option<Error>,
}

impl Runtime {
    /// Begins to listen. Without a terminal nobody sees it, but a recording may.
    pub fn new(
        model: Model,
        terminal: Option<Terminal>,
        cast: Option<Cast>,
        conductor: Option<(Remote, Receiver<Update>)>,
        lab: Option<PathBuf>,
    ) -> Self {
        let (sender, messages) = mpsc::channel(WAITING);
        let remote = conductor.map(|(remote, told)| {
            tokio::spawn(forward(told, sender.clone()));
            remote
        });
        let input = terminal.as_ref().map(|_| tokio::spawn(read_keys(sender.clone())));
        Self {
            model,
            terminal,
            cast,
            messages,
            sender,
            input,
            remote,
            lab,
            place: None,
            place_at: Instant::now(),
            closing_since: None,
            over: false,
            last_error: None,
            failed: None,
        }
    }

    /// Runs until it is left, or a signal ends it; gives the signal's number.
    ///
    /// # Errors
    /// Environment: the terminal is gone, the recording cannot be written, or the lab cannot be worked in.
    pub async fn run(&mut self) -> Result<Option<i32>> {
        let mut signals = Signals::new()?;
        self.model.now = now_ms();
        let effects = begin(&mut self.model);
        self.carry_out(effects)?;
        let mut dirty = true;
        let mut drawn_at = Instant::now() - FRAME;
        while !self.over {
            if self.model.replay.as_ref().is_some_and(|replay| replay.is_over()) && self.model.once {
                break;
            }
            let now = Instant::now();
            if dirty && now >= drawn_at + FRAME {
                self.draw()?;
                drawn_at = Instant::now();
                dirty = false;
            }
            self.tell_place();
            let change = self.model.next_change().map(|at| now + Duration::from_millis(at.saturating_sub(now_ms())));
            let frame = dirty.then(|| drawn_at + FRAME);
            let beat = self.lab.as_ref().map(|_| self.place_at + HEARTBEAT);
            let closing = self.closing_since.map(|since| since + CLOSING);
            let due = [change, frame, beat, closing].into_iter().flatten().min();
            tokio::select! {
                biased;
                signal = signals.next() => {
                    self.ask(Action::Quit);
                    return Ok(Some(signal));
                }
                message = self.messages.recv() => {
                    let Some(message) = message else { break };
                    self.take(message)?;
                    for _ in 0..WAITING {
                        let Ok(message) = self.messages.try_recv() else { break };
                        self.take(message)?;
                    }
                    dirty = true;
                }
                () = sleep_until(due.unwrap_or(now)), if due.is_some() => {
                    if change.is_some_and(|at| Instant::now() >= at) {
                        self.take(Msg::Tick)?;
                        dirty = true;
                    }
                }
            }
            if closing.is_some_and(|at| Instant::now() >= at) {
                break;
            }
        }
        self.draw()?;
        self.tell_place();
        match self.failed.take() {
            Some(error) => Err(error),
            None => Ok(None),
        }
    }

    fn take(&mut self, message: Msg) -> Result<()> {
        if let Msg::Updates(updates) = &message {
            for update in updates {
                match update {
                    Update::Failed(error) => self.last_error = Some(error.clone()),
                    // It has closed by itself: the last thing that it said is why.
                    Update::Closed if !self.model.leaving => self.failed = self.last_error.take(),
                    _ => {}
                }
            }
        }
        self.model.now = now_ms();
        let effects = update(&mut self.model, message);
        self.carry_out(effects)
    }

    fn carry_out(&mut self, effects: Vec<Effect>) -> Result<()> {
        for effect in effects {
            match effect {
                Effect::Conduct(action) => {
                    if action == Action::Quit {
                        self.closing_since.get_or_insert_with(Instant::now);
                        if self.remote.is_none() {
                            self.over = true;
                        }
                    }
                    self.ask(action);
                }
                Effect::Suspend => self.suspend()?,
                Effect::Redraw => {
                    if let Some(terminal) = &mut self.terminal {
                        terminal.forget().map_err(gone)?;
                    }
                }
                Effect::Exit => self.over = true,
            }
        }
        Ok(())
    }

    fn ask(&self, action: Action) {
        if let Some(remote) = &self.remote {
            remote.send(action);
        }
    }

    fn draw(&mut self) -> Result<()> {
        let model = &self.model;
        if let Some(terminal) = &mut self.terminal {
            terminal.draw(|frame| view(model, frame)).map_err(gone)?;
        }
        if let Some(cast) = &mut self.cast {
            cast.draw(|frame| view(model, frame))?;
        }
        Ok(())
    }

    /// Writes where the demo is, for the notes.
    fn tell_place(&mut self) {
        let Some(lab) = &self.lab else { return };
        let place = Place::of(&self.model);
        if self.place.as_ref() != Some(&place) || self.place_at.elapsed() >= HEARTBEAT {
            Place { written: now_ms(), ..place.clone() }.write(lab);
            self.place = Some(place);
            self.place_at = Instant::now();
        }
    }

    fn suspend(&mut self) -> Result<()> {
        let Some(terminal) = &mut self.terminal else { return Ok(()) };
        if let Some(input) = self.input.take() {
            input.abort();
        }
        terminal::give_back();
        #[cfg(unix)]
        {
            use rustix::process::{Signal, getpid, kill_process};
            if let Err(error) = kill_process(getpid(), Signal::TSTP) {
                tracing::warn!(%error, "cannot stop");
            }
        }
        terminal.take_again().map_err(gone)?;
        self.input = Some(tokio::spawn(read_keys(self.sender.clone())));
        Ok(())
    }
}

fn gone(error: std::io::Error) -> Error {
    Error::environment("the terminal is gone").because(error)
}
