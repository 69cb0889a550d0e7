//! The learner's screen in the loop: messages in, effects out, a picture when something changed.

use std::{collections::VecDeque, path::PathBuf, process::Stdio, sync::Arc};

use tokio::{process::Command, sync::mpsc::Receiver, task::JoinHandle, time::Instant};

use super::{
    config::Config,
    event_loop::{CLOSING, EventLoop, Woken},
    events::read_keys,
    lab_files,
    model::Model,
    msg::{Effect, Msg},
    terminal::{self, Terminal},
    update::update,
    view::view,
};
use crate::{
    conductor::{Action, Remote, Update},
    course::Course,
    error::{Error, Result},
    journal::now_ms,
};

/// Where the lab is, and on which engine.
#[derive(Debug, Clone)]
pub struct Place {
    /// The lab's directory.
    pub dir: PathBuf,
    /// The engine's address, where it was named.
    pub engine: Option<String>,
}

/// Everything that the loop works with.
pub struct Runtime {
    terminal: Terminal,
    model: Model,
    events: EventLoop,
    input: Option<JoinHandle<()>>,
    remote: Remote,
    place: Place,
    course: Arc<Course>,
    /// Set when the program may end.
    over: bool,
}

impl Runtime {
    /// Starts to listen: keys, and what the conductor tells.
    ///
    /// # Errors
    /// Environment: the system has no room for it.
    pub fn new(terminal: Terminal, model: Model, remote: Remote, told: Receiver<Update>, place: Place) -> Result<Self> {
        let events = EventLoop::new(Some(told))?;
        let course = Arc::clone(&model.course);
        let mut runtime = Self { terminal, model, events, input: None, remote, place, course, over: false };
        runtime.listen();
        Ok(runtime)
    }

    /// Takes the mouse, or leaves it to the terminal.
    ///
    /// # Errors
    /// Environment: the terminal is gone.
    pub fn take_mouse(&mut self, take: bool) -> Result<()> {
        terminal::take_mouse(take).map_err(gone)
    }

    /// Runs until the learner leaves or a signal ends it; gives the signal's number.
    ///
    /// # Errors
    /// Environment: the terminal is gone.
    pub async fn run(&mut self) -> Result<Option<i32>> {
        self.carry_out(Effect::ReadLab).await?;
        let mut ticked_at = Instant::now();
        while !self.over {
            let mut pressed = false;
            let tick = self.model.moves().map(|every| ticked_at + every);
            match self.events.next(tick).await {
                Woken::Signal(signal) => {
                    self.remote.send(Action::Quit);
                    return Ok(Some(signal));
                }
                Woken::Messages(messages) => {
                    for message in messages {
                        pressed |= self.take(message).await?;
                    }
                }
                Woken::Due => {}
                Woken::Over => break,
            }
            if tick.is_some_and(|due| Instant::now() >= due) {
                ticked_at = Instant::now();
                self.take(Msg::Tick).await?;
            }
            if self.events.draws(pressed) {
                self.draw()?;
            }
        }
        Ok(None)
    }

    /// Why nothing could go on, if that is how it ended.
    pub fn fatal(&mut self) -> Option<Error> {
        self.model.work.fatal.take()
    }

    /// Lets the conductor put its toolbox away; not for ever.
    pub async fn wait_for_the_conductor(&mut self) {
        let closed = async {
            while let Some(message) = self.events.message().await {
                if matches!(&message, Msg::Updates(updates) if updates.contains(&Update::Closed)) {
                    return;
                }
            }
        };
        let _ = tokio::time::timeout(CLOSING, closed).await;
    }

    fn draw(&mut self) -> Result<()> {
        let model = &self.model;
        self.terminal.draw(|frame| view(model, frame)).map_err(gone)?;
        self.events.drawn();
        Ok(())
    }

    /// Takes a message in; tells whether the learner waits for what comes of it.
    async fn take(&mut self, message: Msg) -> Result<bool> {
        let pressed = matches!(message, Msg::Key(_) | Msg::Mouse(_) | Msg::Paste(_) | Msg::Resize(..));
        self.model.now = now_ms();
        self.events.changed();
        let mut effects: VecDeque<Effect> = update(&mut self.model, message).into();
        while let Some(effect) = effects.pop_front() {
            if let Some(answer) = Box::pin(self.carry_out(effect)).await? {
                effects.extend(update(&mut self.model, answer));
            }
        }
        Ok(pressed)
    }

    /// Does what an effect asks for; what comes of it at once is given back.
    async fn carry_out(&mut self, effect: Effect) -> Result<Option<Msg>> {
        match effect {
            Effect::Conduct(action) => {
                if action == Action::Quit {
                    self.events.close();
                }
                self.remote.send(action);
            }
            Effect::ReadLab => {
                let (dir, course) = (self.place.dir.clone(), Arc::clone(&self.course));
                self.off_main(move || Msg::Lab(lab_files::read_lab(&dir, &course)));
            }
            Effect::ReadFile(file) => {
                let dir = self.place.dir.clone();
                self.off_main(move || {
                    let text = lab_files::read_file(&dir, &file);
                    Msg::Opened { file, text }
                });
            }
            Effect::SaveFile { file, text } => {
                let dir = self.place.dir.clone();
                self.off_main(move || {
                    let result = lab_files::save_file(&dir, file.clone(), text);
                    Msg::Saved { file, result }
                });
            }
            Effect::OpenEditor(file) => {
                let path = self.place.dir.join(&file).into_os_string();
                let result = match own_editor(&self.model.config) {
                    Some(editor) => self.in_lab(&editor, path, "E   edits in the built-in editor").await?,
                    None => Err(Error::usage("no editor is set").suggest("export EDITOR=nano")),
                };
                return Ok(Some(Msg::Returned(result)));
            }
            Effect::OpenShell(service) => {
                return Ok(Some(Msg::Returned(self.shell(&service).await?)));
            }
            Effect::GetEngine => {
                let mut command = self.again(&["doctor", "--fix", "--from-tutorial", "--lab"]);
                command.arg(&self.place.dir);
                return Ok(Some(Msg::Returned(self.outside(command, "breakfix doctor --fix").await?)));
            }
            Effect::PlayRecorded => {
                let command = self.again(&["demo"]);
                return Ok(Some(Msg::Returned(self.outside(command, "breakfix demo").await?)));
            }
            Effect::Practise => {
                let course =
                    self.course.origin.path().map_or(self.course.id.clone(), |path| path.display().to_string());
                let command = self.again(&["--course", &course, "practice", "--from-tutorial"]);
                return Ok(Some(Msg::Returned(self.outside(command, "breakfix practice").await?)));
            }
            Effect::BeginCourse(name) => {
                let command = self.again(&["--course", &name, "learn"]);
                // Two tutorials on one screen would be one too many.
                self.remote.send(Action::Quit);
                self.events.close();
                let result = self.outside(command, &format!("breakfix --course {name}")).await?;
                self.over = result.is_ok();
                return Ok(Some(Msg::Returned(result)));
            }
            Effect::OpenPager(text) => {
                return Ok(Some(Msg::Returned(self.page(&text).await?)));
            }
            Effect::Copy(text) => {
                let copy = crossterm::clipboard::CopyToClipboard::to_clipboard_from(text);
                crossterm::execute!(std::io::stdout(), copy).map_err(gone)?;
            }
            Effect::Mouse(take) => self.take_mouse(take)?,
            Effect::Suspend => self.suspend().await?,
            Effect::Redraw => self.terminal.forget().map_err(gone)?,
            Effect::Exit => self.over = true,
        }
        Ok(None)
    }

    fn off_main(&self, work: impl FnOnce() -> Msg + Send + 'static) {
        let sender = self.events.sender();
        tokio::task::spawn_blocking(move || {
            // Nobody to hear it means that the program is over.
            let _ = sender.blocking_send(work());
        });
    }

    /// Reads keys, until told to stop.
    fn listen(&mut self) {
        self.input = Some(tokio::spawn(read_keys(self.events.sender())));
    }

    /// Stops to read keys. The stream has to be gone before another program reads them, or it would steal some.
    async fn stop_listening(&mut self) {
        if let Some(input) = self.input.take() {
            input.abort();
            let _ = input.await;
        }
    }

    /// The words of a setting and a file, as a command in the lab's directory that is given the terminal.
    async fn in_lab(&mut self, words: &[String], file: std::ffi::OsString, otherwise: &str) -> Result<Result<()>> {
        let Some((name, arguments)) = words.split_first() else {
            return Ok(Err(Error::usage("the command is empty").suggest(otherwise)));
        };
        let mut command = Command::new(name);
        command.args(arguments).arg(file).current_dir(&self.place.dir);
        self.outside(command, otherwise).await
    }

    /// This program once more, on the same engine.
    fn again(&self, arguments: &[&str]) -> Command {
        let program = std::env::current_exe().unwrap_or_else(|_| "breakfix".into());
        let mut command = Command::new(program);
        if let Some(engine) = &self.place.engine {
            command.args(["--engine", engine]);
        }
        command.args(arguments);
        command
    }

    /// Gives the terminal to another program, and takes it again when that ends. What happens meanwhile is not missed.
    /// `otherwise` is what to try when it cannot be started.
    async fn outside(&mut self, mut command: Command, otherwise: &str) -> Result<Result<()>> {
        self.stop_listening().await;
        terminal::give_back();
        let name = command.as_std().get_program().to_string_lossy().into_owned();
        let spawned = command.stdin(Stdio::inherit()).stdout(Stdio::inherit()).stderr(Stdio::inherit()).spawn();
        let result = match spawned {
            Err(error) => Err(Error::environment(format!("cannot start {name}")).because(error).suggest(otherwise)),
            Ok(mut child) => loop {
                tokio::select! {
                    status = child.wait() => break match status {
                        Ok(status) if status.success() => Ok(()),
                        Ok(status) => Err(Error::environment(format!("{name} ended with {status}"))),
                        Err(error) => Err(Error::environment(format!("{name} was lost sight of")).because(error)),
                    },
                    Some(message) = self.events.message() => {
                        self.model.now = now_ms();
                        for effect in update(&mut self.model, message) {
                            // Only keys ask for the terminal, and none come in here.
                            match effect {
                                Effect::Conduct(action) => self.remote.send(action),
                                Effect::Exit => self.over = true,
                                _ => {}
                            }
                        }
                    }
                }
            },
        };
        self.return_to_screen()?;
        Ok(result)
    }

    fn return_to_screen(&mut self) -> Result<()> {
        self.terminal.take_again().map_err(gone)?;
        self.take_mouse(self.model.config.mouse)?;
        self.model.size = self.terminal.size();
        self.events.changed();
        self.listen();
        Ok(())
    }

    /// A shell in a container: this program once more, so that the terminal is the shell's alone and no other has to be there.
    async fn shell(&mut self, service: &str) -> Result<Result<()>> {
        // The lab's directory is where it is started; an adopted one is found there, too.
        let mut command = self.again(&["shell", "--lab", ".", service]);
        command.current_dir(&self.place.dir);
        self.outside(command, &format!("docker compose exec {service} sh")).await
    }

    /// A text in the learner's pager.
    async fn page(&mut self, text: &str) -> Result<Result<()>> {
        let own = Some(self.model.config.pager.clone()).filter(|pager| !pager.trim().is_empty());
        let pager = own.or_else(|| std::env::var("PAGER").ok().filter(|pager| !pager.trim().is_empty()));
        let pager = pager.unwrap_or_else(|| "less".to_owned());
        let words = match shell_words::split(&pager) {
            Ok(words) => words,
            Err(error) => return Ok(Err(Error::usage(format!("PAGER cannot be read: {pager}")).because(error))),
        };
        let file = tempfile::Builder::new().prefix("breakfix-").suffix(".txt").tempfile();
        let written = file.and_then(|mut file| {
            std::io::Write::write_all(&mut file, text.as_bytes())?;
            Ok(file)
        });
        match written {
            Ok(file) => self.in_lab(&words, file.path().into(), "export PAGER=more").await,
            Err(error) => Ok(Err(Error::environment("cannot write a file for the pager").because(error))),
        }
    }

    /// Stops, as any program does at Ctrl-Z, until the shell's `fg`.
    async fn suspend(&mut self) -> Result<()> {
        self.stop_listening().await;
        terminal::give_back();
        #[cfg(unix)]
        {
            use rustix::process::{Signal, getpid, kill_process};
            if let Err(error) = kill_process(getpid(), Signal::TSTP) {
                tracing::warn!(%error, "cannot stop");
            }
        }
        self.return_to_screen()
    }
}

fn gone(error: std::io::Error) -> Error {
    Error::environment("the terminal is gone").because(error)
}

/// The learner's editor as words, from the settings, `$VISUAL` or `$EDITOR`.
pub fn own_editor(config: &Config) -> Option<Vec<String>> {
    let named = ["VISUAL", "EDITOR"].into_iter().filter_map(|name| std::env::var(name).ok());
    std::iter::once(config.editor.clone()).chain(named).find_map(|command| {
        let words = shell_words::split(&command).ok()?;
        (!words.is_empty()).then_some(words)
    })
}
