//! The demo in the loop: keys, the conductor and the clock in; pictures, actions, notes and a recording out.

use std::{path::PathBuf, time::Duration};

use tokio::{sync::mpsc::Receiver, task::JoinHandle, time::Instant};

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
        event_loop::{EventLoop, Woken},
        events::read_keys,
        msg::Msg,
        terminal::{self, Terminal},
    },
};

/// Everything that the loop works with.
pub struct Runtime {
    /// The model.
    pub model: Model,
    terminal: Option<Terminal>,
    cast: Option<Cast>,
    events: EventLoop,
    input: Option<JoinHandle<()>>,
    remote: Option<Remote>,
    /// Where the notes are written.
    lab: Option<PathBuf>,
    place: Option<Place>,
    place_at: Instant,
    over: bool,
    last_error: Option<Error>,
    failed: Option<Error>,
}

impl Runtime {
    /// Begins to listen. Without a terminal nobody sees it, but a recording may.
    ///
    /// # Errors
    /// Environment: the system has no room for it.
    pub fn new(
        model: Model,
        terminal: Option<Terminal>,
        cast: Option<Cast>,
        conductor: Option<(Remote, Receiver<Update>)>,
        lab: Option<PathBuf>,
    ) -> Result<Self> {
        let (remote, told) = conductor.unzip();
        let events = EventLoop::new(told)?;
        let input = terminal.as_ref().map(|_| tokio::spawn(read_keys(events.sender())));
        Ok(Self {
            model,
            terminal,
            cast,
            events,
            input,
            remote,
            lab,
            place: None,
            place_at: Instant::now(),
            over: false,
            last_error: None,
            failed: None,
        })
    }

    /// Runs until it is left, or a signal ends it; gives the signal's number.
    ///
    /// # Errors
    /// Environment: the terminal is gone, the recording cannot be written, or the lab cannot be worked in.
    pub async fn run(&mut self) -> Result<Option<i32>> {
        self.model.now = now_ms();
        let effects = begin(&mut self.model);
        self.carry_out(effects)?;
        while !self.over {
            if self.model.replay.as_ref().is_some_and(|replay| replay.is_over()) && self.model.once {
                break;
            }
            if self.events.draws(false) {
                self.draw()?;
                self.events.drawn();
            }
            self.tell_place();
            let now = Instant::now();
            let change = self.model.next_change().map(|at| now + Duration::from_millis(at.saturating_sub(now_ms())));
            let beat = self.lab.as_ref().map(|_| self.place_at + HEARTBEAT);
            match self.events.next([change, beat].into_iter().flatten().min()).await {
                Woken::Signal(signal) => {
                    self.ask(Action::Quit);
                    return Ok(Some(signal));
                }
                Woken::Messages(messages) => {
                    for message in messages {
                        self.take(message)?;
                    }
                }
                Woken::Due if change.is_some_and(|at| Instant::now() >= at) => self.take(Msg::Tick)?,
                Woken::Due => {}
                Woken::Over => break,
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
        self.events.changed();
        let effects = update(&mut self.model, message);
        self.carry_out(effects)
    }

    fn carry_out(&mut self, effects: Vec<Effect>) -> Result<()> {
        for effect in effects {
            match effect {
                Effect::Conduct(action) => {
                    if action == Action::Quit {
                        self.events.close();
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
        self.input = Some(tokio::spawn(read_keys(self.events.sender())));
        Ok(())
    }
}

fn gone(error: std::io::Error) -> Error {
    Error::environment("the terminal is gone").because(error)
}
