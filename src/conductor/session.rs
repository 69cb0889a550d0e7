//! The task that owns a lab, its journal and its engine: one work at a time, everything else at once.

mod ahead;
mod observe;
mod queue;

use std::{collections::VecDeque, path::PathBuf, sync::Arc};

use tokio::sync::mpsc;
use tokio_util::task::AbortOnDropHandle;

use self::{
    observe::Seen,
    queue::{Running, Task},
};
use super::{
    Action, EngineStatus, Told, Update,
    files::Files,
    watch::{Followers, Heard, Watch},
};
use crate::{
    course::Course,
    engine::{Container, Engine, ImagePolicy, Step},
    error::{Error, Result},
    journal::{self, Event, Journal, KnownTexts, WorkKind},
    lab::{FileChange, Lab, LabLock},
};

/// Updates that wait for a slow front end; then everything here waits too, logs included.
const UPDATES: usize = 1024;

/// What a conductor is opened on.
#[derive(Debug, Clone)]
pub struct Options {
    /// The lab's directory; made when missing.
    pub lab: PathBuf,
    /// The engine's address; `None` looks for one.
    pub engine: Option<String>,
    /// Where base images may come from.
    pub images: ImagePolicy,
    /// The course.
    pub course: Arc<Course>,
}

/// Where actions go.
#[derive(Debug, Clone)]
pub struct Remote(mpsc::UnboundedSender<Action>);

impl Remote {
    /// Asks for something. Never blocks; after `Quit`, nothing happens any more.
    pub fn send(&self, action: Action) {
        let _ = self.0.send(action);
    }
}

/// Opens the lab in a task of its own. The journal's history comes first, then what happens, and `Update::Closed` at the end.
pub fn spawn(options: Options) -> (Remote, mpsc::Receiver<Update>) {
    let (remote, actions) = mpsc::unbounded_channel();
    let (updates, receiver) = mpsc::channel(UPDATES);
    tokio::spawn(async move {
        let closing = updates.clone();
        match Session::open(options, updates).await {
            Ok(session) => session.run(actions).await,
            Err(error) => {
                let _ = closing.send(Update::Failed(error)).await;
            }
        }
        let _ = closing.send(Update::Closed).await;
    });
    (Remote(remote), receiver)
}

/// A lab that is open.
struct Session {
    options: Options,
    updates: mpsc::Sender<Update>,
    lab: Lab,
    _lock: LabLock,
    journal: Journal,
    progress: journal::Progress,
    files: Files,
    engine: Option<Engine>,
    missing: Option<Error>,
    _watch: Watch,
    heard: mpsc::Receiver<Heard>,
    followers: Followers,
    containers: Vec<Container>,
    looking: bool,
    look_again: bool,
    seen: (mpsc::UnboundedSender<Seen>, mpsc::UnboundedReceiver<Seen>),
    told: (mpsc::UnboundedSender<Told>, mpsc::UnboundedReceiver<Told>),
    steps: (mpsc::Sender<Step>, mpsc::Receiver<Step>),
    queue: VecDeque<Task>,
    running: Option<Running>,
    last_id: u64,
    ahead: Option<AbortOnDropHandle<()>>,
}

impl Session {
    async fn open(options: Options, updates: mpsc::Sender<Update>) -> Result<Self> {
        let (lab, made) = Lab::open_or_make(&options.lab, &options.course)?;
        let lock = lab.lock()?;
        let mut journal = Journal::open(&lab.state_dir())?;
        let version = env!("CARGO_PKG_VERSION").to_owned();
        if made {
            journal.append(Event::LabMade { course: options.course.id.clone(), version: version.clone() })?;
        }
        journal.append(Event::SessionStarted { version })?;
        // What was edited while nobody looked belongs to the story, too.
        for FileChange { file, diff } in
            KnownTexts::fold(&options.course, journal.entries()).changes_to(&lab.snapshot())
        {
            journal.append(Event::FileChanged { file, diff, while_closed: true })?;
        }
        let progress = journal::Progress::fold(journal.entries());
        let files = Files::open(&lab, Arc::clone(&options.course), progress.reloaded.clone());
        let (watch, heard) = Watch::start(options.engine.clone(), files.project(&lab));
        Ok(Self {
            files,
            updates,
            _lock: lock,
            journal,
            progress,
            engine: None,
            missing: None,
            _watch: watch,
            heard,
            followers: Followers::default(),
            containers: Vec::new(),
            looking: false,
            look_again: false,
            seen: mpsc::unbounded_channel(),
            told: mpsc::unbounded_channel(),
            steps: mpsc::channel(256),
            queue: VecDeque::new(),
            running: None,
            last_id: 0,
            ahead: None,
            lab,
            options,
        })
    }

    async fn run(mut self, mut actions: mpsc::UnboundedReceiver<Action>) {
        for entry in self.journal.entries().to_vec() {
            self.update(Update::Event(Box::new(entry))).await;
        }
        self.update(Update::Engine(EngineStatus::Looking)).await;
        self.look_at_files().await;
        loop {
            tokio::select! {
                action = actions.recv() => match action {
                    None | Some(Action::Quit) => break,
                    Some(action) => self.act(action).await,
                },
                Some(heard) = self.heard.recv() => self.hear(heard).await,
                Some(seen) = self.seen.1.recv() => self.see(seen).await,
                Some(told) = self.told.1.recv() => self.tell(told).await,
                Some(step) = self.steps.1.recv() => self.update(Update::Step(step)).await,
                () = self.files.changed() => {
                    self.look_at_files().await;
                    self.build_ahead();
                }
                result = queue::finished(&mut self.running) => self.work_ended(result).await,
            }
        }
        self.close().await;
    }

    async fn close(mut self) {
        self.cancel().await;
        self.followers.pause();
        self.record(Event::SessionEnded).await;
    }

    /// A front end that has gone away needs nothing any more; the loop ends with its actions.
    async fn update(&mut self, update: Update) {
        let _ = self.updates.send(update).await;
    }

    async fn record(&mut self, event: Event) {
        match self.journal.append(event) {
            Ok(entry) => {
                self.progress.apply(&entry);
                self.files.reloaded.clone_from(&self.progress.reloaded);
                self.update(Update::Event(Box::new(entry))).await;
            }
            Err(error) => self.update(Update::Failed(error)).await,
        }
    }

    fn project(&self) -> String {
        self.files.project(&self.lab)
    }

    async fn act(&mut self, action: Action) {
        match action {
            Action::Images => self.queue(Task::Work(WorkKind::Images)).await,
            Action::Up { services, build } => self.queue(Task::Work(WorkKind::Up { services, build })).await,
            Action::Bootstrap => self.queue(Task::Work(WorkKind::Bootstrap)).await,
            Action::MakeLive => self.queue(Task::MakeLive).await,
            Action::Restart { service } => self.queue(Task::Work(WorkKind::Restart { service })).await,
            Action::UpAlone { services } => self.queue(Task::Work(WorkKind::UpAlone { services })).await,
            Action::MoveAway { service } => self.queue(Task::Work(WorkKind::MoveAway { service })).await,
            Action::Verify { lesson, asking } => self.queue(Task::Verify { lesson, asking }).await,
            Action::Down { volumes } => {
                // Whatever was being started is to go away: there is nothing to wait for.
                self.cancel().await;
                self.queue(Task::Work(WorkKind::Down { volumes })).await;
            }
            Action::Reset { files } => self.reset(files).await,
            Action::Reveal { lesson } => self.reveal(&lesson).await,
            Action::Stage { name, files } => self.queue(Task::Stage { name, files }).await,
            Action::Repeat { lesson } => self.repeat(&lesson).await,
            Action::Record(event) => self.record(event).await,
            Action::AskPort { port } => self.ask_port(port),
            Action::Refresh => {
                self.look_at_files().await;
                self.look_at_engine();
            }
            Action::Cancel => self.cancel().await,
            Action::Quit => {}
        }
    }

    async fn tell(&mut self, told: Told) {
        match told {
            Told::Event(event) => self.record(*event).await,
            Told::Notice(line) => self.update(Update::Notice(line)).await,
        }
    }
}
