//! The same course line by line: for a screen reader, a dumb terminal, or a pipe.
//!
//! Nothing is done twice: the model, the keys and what they do are those of the screen. What differs is that a line is typed
//! where a key would be pressed ([`keys`]), and that only what has changed is said, once, from top to bottom ([`words`]).
//! Read `words` first.

mod keys;
#[cfg(test)]
mod tests;
mod words;

use std::{
    collections::VecDeque,
    io::{BufRead, Write},
    path::PathBuf,
    process::Stdio,
    sync::Arc,
    time::Duration,
};

use crossterm::event::KeyCode;
use tokio::{
    process::Command,
    sync::mpsc::{self, Receiver},
    time::Instant,
};

use self::keys::Typed;
use super::{
    event_loop::{EventLoop, Woken},
    keymap::Place,
    lab_files,
    model::{Model, Screen},
    msg::{Effect, Msg},
    runtime::own_editor,
    update::update,
};
use crate::{
    conductor::{Action, EngineStatus, Remote, Update},
    error::{Error, Result},
    journal::now_ms,
};

/// How long the first look at engine and images may take before the first line is taken in any case.
const FIRST_LOOK: Duration = Duration::from_secs(10);
/// How long a work that was asked for may take to begin; some find nothing to do, and never begin.
const BEGINS: Duration = Duration::from_secs(2);
/// How often somebody who waits is told that it goes on.
const HEARTBEAT: Duration = Duration::from_secs(10);
/// Between two works of one request; a line typed ahead must not fall in between.
const BETWEEN: Duration = Duration::from_millis(200);

/// Runs until the learner leaves, the input ends, or a signal comes; gives the signal's number.
///
/// # Errors
/// Environment: standard output is gone. Usage and environment: the lab cannot be worked in.
pub async fn run(model: Model, remote: Remote, told: Receiver<Update>, dir: PathBuf) -> Result<Option<i32>> {
    let now = Instant::now();
    let mut plain = Plain {
        model,
        events: EventLoop::new(Some(told))?,
        remote,
        dir,
        lines: Lines::new(),
        said: words::Said::default(),
        waits: Some(Wait { until: now + FIRST_LOOK, begun: false, first: true, ending: false }),
        heartbeat: None,
        over: false,
    };
    let signal = plain.run().await?;
    plain.model.work.fatal.take().map_or(Ok(signal), Err)
}

/// What the next line of input waits for.
#[derive(Debug, Clone, Copy)]
struct Wait {
    until: Instant,
    begun: bool,
    /// The first look, not a work that was asked for.
    first: bool,
    /// It is over, unless something more begins at once.
    ending: bool,
}

struct Plain {
    model: Model,
    events: EventLoop,
    remote: Remote,
    dir: PathBuf,
    lines: Lines,
    said: words::Said,
    waits: Option<Wait>,
    /// When it is next said that a work still goes on.
    heartbeat: Option<Instant>,
    over: bool,
}

impl Plain {
    async fn run(&mut self) -> Result<Option<i32>> {
        self.carry_out(Effect::ReadLab).await?;
        // There is no picture here.
        self.events.drawn();
        let mut prompted = false;
        let mut ended = false;
        while !self.over {
            let ready = self.waits.is_none() && !self.events.is_closing();
            prompted &= ready;
            if ready && !prompted {
                self.say()?;
                self.put("> ")?;
                self.lines.ask();
                prompted = true;
            }
            let due = self.waits.filter(|wait| !wait.begun || wait.ending).map(|wait| wait.until);
            let due = due.into_iter().chain(self.heartbeat).min();
            tokio::select! {
                biased;
                _ = tokio::signal::ctrl_c() => {
                    prompted = false;
                    self.put("\n")?;
                    let key = if self.model.work.current.is_some() { "Esc" } else { "Ctrl-C" };
                    self.typed(key).await?;
                }
                woken = self.events.next(due) => match woken {
                    Woken::Signal(signal) => {
                        self.remote.send(Action::Quit);
                        return Ok(Some(signal));
                    }
                    Woken::Messages(messages) => {
                        for message in messages {
                            self.take(message).await?;
                            self.look_whether_to_wait()?;
                        }
                    }
                    Woken::Due => {
                        let now = Instant::now();
                        self.still_goes_on(now)?;
                        self.waits = self.waits.filter(|wait| (wait.begun && !wait.ending) || now < wait.until);
                    }
                    Woken::Over => break,
                },
                line = self.lines.next(), if ready && !ended => {
                    prompted = false;
                    match line {
                        Some(line) => self.typed(&line).await?,
                        None => {
                            // Nobody types any more: the shop stays as it is.
                            ended = true;
                            self.put("\n")?;
                            self.carry_out(Effect::Conduct(Action::Quit)).await?;
                        }
                    }
                }
            }
            self.look_whether_to_wait()?;
            // Nobody is interrupted in the middle of a sentence.
            if prompted && self.model.place() != Place::Writing && self.said.is_old(&self.model) {
                // What was typed so far stays typed; only the prompt is said again.
                self.put("\n")?;
                self.say()?;
                self.put("> ")?;
            }
        }
        Ok(None)
    }

    async fn typed(&mut self, line: &str) -> Result<()> {
        let line = line.trim_end_matches(['\n', '\r']);
        self.said.heard();
        match keys::typed(&self.model, line) {
            Some(Typed::Keys(keys)) => {
                for key in keys {
                    self.take(Msg::Key(key)).await?;
                }
            }
            Some(Typed::Words(words)) => {
                self.take(Msg::Paste(words)).await?;
                self.take(Msg::Key(KeyCode::Enter.into())).await?;
            }
            Some(Typed::Find(words)) => self.put(&words::found(&self.model, &words))?,
            Some(Typed::Again) => self.said.again(),
            None => {
                let hint =
                    format!("“{}” is nothing here. ? says what can be typed.\n", super::text::clean(line.trim()));
                self.put(&hint)?;
            }
        }
        Ok(())
    }

    /// A line that is typed ahead has to meet what it was meant for: the end of the work before it.
    fn look_whether_to_wait(&mut self) -> Result<()> {
        let model = &self.model;
        if let Some(view) = &model.work.current {
            let wait =
                self.waits.get_or_insert(Wait { until: Instant::now(), begun: false, first: false, ending: false });
            wait.ending = false;
            if !wait.begun {
                wait.begun = true;
                self.heartbeat = Some(Instant::now() + HEARTBEAT);
                let label = format!("… {}\n", super::text::clean(&view.work.label));
                self.put(&label)?;
            }
            return Ok(());
        }
        self.heartbeat = None;
        let Some(wait) = &mut self.waits else { return Ok(()) };
        let known = match &model.lab.engine {
            EngineStatus::Looking => false,
            EngineStatus::Missing(_) => true,
            EngineStatus::Here(_) => model.lab.images.is_some(),
        };
        let first_look_done = wait.first && known && !model.lab.files.files.is_empty();
        let begins = model.nav.screen == Screen::Welcome && model.work.beginning.is_some() && known;
        if (wait.begun || first_look_done) && model.work.queue.is_empty() && !begins && !wait.ending {
            wait.ending = true;
            wait.until = Instant::now() + BETWEEN;
        }
        Ok(())
    }

    /// Says every now and then what is waited for, and how long it has taken.
    fn still_goes_on(&mut self, now: Instant) -> Result<()> {
        if self.heartbeat.is_none_or(|at| now < at) {
            return Ok(());
        }
        self.heartbeat = Some(now + HEARTBEAT);
        let Some(view) = &self.model.work.current else {
            self.heartbeat = None;
            return Ok(());
        };
        let seconds = now_ms().saturating_sub(view.since) / 1000;
        let step = view.steps.iter().rev().find(|step| !step.finished);
        let step = step.map(|step| format!(": {} {} {}", step.subject, step.verb, step.detail)).unwrap_or_default();
        let label = super::text::clean(&format!("{}{step}", view.work.label)).replace('\n', " ");
        self.put(&format!("… still {}, {seconds} s (Ctrl-C stops it)\n", label.trim_end()))
    }

    fn say(&mut self) -> Result<()> {
        let words = self.said.anew(&self.model);
        self.put(&words)
    }

    fn put(&self, words: &str) -> Result<()> {
        let mut out = std::io::stdout().lock();
        out.write_all(words.as_bytes())
            .and_then(|()| out.flush())
            .map_err(|error| Error::environment("standard output is gone").because(error))
    }

    async fn take(&mut self, message: Msg) -> Result<()> {
        self.model.now = now_ms();
        let mut effects: VecDeque<Effect> = update(&mut self.model, message).into();
        while let Some(effect) = effects.pop_front() {
            if let Some(answer) = Box::pin(self.carry_out(effect)).await? {
                effects.extend(update(&mut self.model, answer));
            }
        }
        Ok(())
    }

    async fn carry_out(&mut self, effect: Effect) -> Result<Option<Msg>> {
        match effect {
            Effect::Conduct(action) => {
                if action == Action::Quit {
                    self.events.close();
                }
                if takes_time(&action) {
                    self.waits =
                        Some(Wait { until: Instant::now() + BEGINS, begun: false, first: false, ending: false });
                }
                self.remote.send(action);
            }
            Effect::ReadLab => {
                let (dir, course, sender) = (self.dir.clone(), Arc::clone(&self.model.course), self.events.sender());
                tokio::task::spawn_blocking(move || sender.blocking_send(Msg::Lab(lab_files::read_lab(&dir, &course))));
            }
            Effect::OpenEditor(file) => return Ok(Some(Msg::Returned(self.edit(&file).await))),
            Effect::OpenPager(text) | Effect::Copy(text) => self.put(&format!("{text}\n"))?,
            Effect::OpenShell(service) => {
                // What is typed here is the tutor's; a shell wants a terminal of its own.
                let lab = self.dir.display();
                self.put(&format!("In another terminal: breakfix shell {service} --lab {lab}\n"))?;
            }
            Effect::GetEngine => self.put("In another terminal: breakfix doctor --fix\n")?,
            Effect::Practise => self.put("In another terminal: breakfix practice\n")?,
            Effect::PlayRecorded => self.put("In another terminal: breakfix demo\n")?,
            Effect::BeginCourse(name) => {
                self.put(&format!("In another terminal: breakfix --course {name} learn --plain\n"))?
            }
            Effect::Exit => self.over = true,
            // There is no editor of ours here, and no picture to draw.
            _ => {}
        }
        Ok(None)
    }

    async fn edit(&self, file: &str) -> Result<()> {
        let path = self.dir.join(file);
        let Some(editor) = own_editor(&self.model.config) else {
            return Err(Error::usage("no editor is set")
                .why(format!("the file is {}", path.display()))
                .suggest("edit it in another window: what you save is noticed here")
                .suggest("export EDITOR=ed   before the next start"));
        };
        let (name, arguments) = editor.split_first().ok_or_else(|| Error::usage("the editor's command is empty"))?;
        let status = Command::new(name)
            .args(arguments)
            .arg(&path)
            .current_dir(&self.dir)
            .stdin(Stdio::inherit())
            .status()
            .await
            .map_err(|error| Error::environment(format!("cannot start {name}")).because(error))?;
        if status.success() { Ok(()) } else { Err(Error::environment(format!("{name} ended with {status}"))) }
    }
}

fn takes_time(action: &Action) -> bool {
    matches!(
        action,
        Action::Images
            | Action::Up { .. }
            | Action::Bootstrap
            | Action::MakeLive
            | Action::Restart { .. }
            | Action::UpAlone { .. }
            | Action::MoveAway { .. }
            | Action::Verify { .. }
            | Action::Down { .. }
    )
}

/// Lines of standard input. The next one is read only when it is asked for, so that an editor finds its own.
struct Lines {
    wanted: std::sync::mpsc::Sender<()>,
    read: Receiver<String>,
    /// One is being read already.
    asked: bool,
}

impl Lines {
    fn new() -> Self {
        let (wanted, asked) = std::sync::mpsc::channel();
        let (sender, read) = mpsc::channel(1);
        std::thread::spawn(move || {
            while asked.recv().is_ok() {
                let mut line = String::new();
                match std::io::stdin().lock().read_line(&mut line) {
                    Ok(1..) if sender.blocking_send(line).is_ok() => {}
                    _ => break,
                }
            }
        });
        Self { wanted, read, asked: false }
    }

    fn ask(&mut self) {
        if !self.asked {
            // Where nobody reads any more, the input has ended, and `next` says so.
            let _ = self.wanted.send(());
            self.asked = true;
        }
    }

    async fn next(&mut self) -> Option<String> {
        let line = self.read.recv().await;
        self.asked = false;
        line
    }
}
