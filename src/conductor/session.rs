//! The task that owns a lab, its journal and its engine: one work at a time, everything else at once.

use std::{
    collections::VecDeque,
    future::Future,
    path::PathBuf,
    pin::Pin,
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::sync::mpsc;

use super::{
    Action, EngineStatus, Told, Update, Work, Works,
    files::{self, Files},
    perform::{Finish, bounded, label},
    plan::plan,
    watch::{Followers, Heard, Watch},
    works::{base_image_names, front_port, moved_ports},
};
use crate::{
    course::Course,
    diagnosis::{self, LessonVerdict, Report, Status},
    engine::{Container, Engine, ImagePolicy, ImageStatus, Progress, Step},
    error::{Blame, Error, Result},
    journal::{self, Event, Journal, Outcome, WorkKind},
    lab::{Lab, LabLock},
    probe::Survey,
};

/// Updates that wait for a slow front end; then everything here waits too, logs included.
const UPDATES: usize = 1024;
/// How long one question to the engine about what is there may take.
const LOOK_WITHIN: Duration = Duration::from_secs(10);

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

/// What waits for its turn.
#[derive(Debug, Clone, PartialEq)]
enum Task {
    Work(WorkKind),
    Verify { lesson: String },
    MakeLive,
}

struct Running {
    work: Work,
    started: Instant,
    future: Pin<Box<dyn Future<Output = Result<Finish>> + Send>>,
}

/// What comes back from looking at the engine.
enum Seen {
    Containers(Result<Vec<Container>>),
    Images(Result<Vec<ImageStatus>>),
}

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
        let progress = journal::Progress::fold(journal.entries());
        let files = Files::open(&lab, front_port(&options.course));
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
                () = self.files.changed() => self.look_at_files().await,
                result = finished(&mut self.running) => self.work_ended(result).await,
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
            Action::Verify { lesson } => self.queue(Task::Verify { lesson }).await,
            Action::Down { volumes } => {
                // Whatever was being started is to go away: there is nothing to wait for.
                self.cancel().await;
                self.queue(Task::Work(WorkKind::Down { volumes })).await;
            }
            Action::Reset { files } => self.reset(files).await,
            Action::Reveal { lesson } => self.reveal(&lesson).await,
            Action::Record(event) => self.record(event).await,
            Action::Refresh => {
                self.look_at_files().await;
                self.look_at_engine();
            }
            Action::Cancel => self.cancel().await,
            Action::Quit => {}
        }
    }

    async fn queue(&mut self, task: Task) {
        // A key pressed twice asks for the same thing once.
        if !self.queue.contains(&task) {
            self.queue.push_back(task);
        }
        self.next().await;
    }

    /// Starts what waits first, when nothing is going on.
    async fn next(&mut self) {
        while self.running.is_none() {
            let Some(task) = self.queue.pop_front() else { return };
            let Some(engine) = self.engine.clone() else {
                self.queue.clear();
                let error =
                    self.missing.clone().unwrap_or_else(|| Error::environment("no container engine was found yet"));
                self.update(Update::Failed(error)).await;
                return;
            };
            match task {
                Task::MakeLive => self.plan(&engine).await,
                Task::Verify { lesson } => self.start(engine, WorkKind::Verify, lesson).await,
                Task::Work(kind) => self.start(engine, kind, String::new()).await,
            }
        }
    }

    async fn plan(&mut self, engine: &Engine) {
        self.look_at_files().await;
        match tokio::time::timeout(LOOK_WITHIN, engine.containers(&self.project())).await {
            Ok(containers) => self.see(Seen::Containers(containers)).await,
            Err(_) => return self.update(Update::Failed(Error::environment("the engine does not answer"))).await,
        }
        let works = plan(self.files.stale(), &self.files.services(), &self.containers);
        if works.is_empty() {
            self.update(Update::Notice("Everything that was saved is live.".to_owned())).await;
        }
        for work in works.into_iter().rev() {
            self.queue.push_front(Task::Work(work));
        }
    }

    async fn start(&mut self, engine: Engine, kind: WorkKind, lesson: String) {
        self.last_id += 1;
        let works = Works {
            engine,
            course: Arc::clone(&self.options.course),
            dir: self.lab.dir().to_owned(),
            images: self.options.images,
            told: self.told.0.clone(),
            moved: moved_ports(&self.progress, &self.containers),
            reloaded: self.files.reloaded().clone(),
        };
        let work = Work { id: self.last_id, label: label(&kind), kind: kind.clone() };
        let future = bounded(works, kind.clone(), lesson, Progress::to(self.steps.0.clone()));
        self.running = Some(Running { work: work.clone(), started: Instant::now(), future: Box::pin(future) });
        self.record(Event::WorkStarted { id: work.id, work: kind }).await;
        self.update(Update::Work(Some(work))).await;
    }

    async fn work_ended(&mut self, result: Result<Finish>) {
        let Some(running) = self.running.take() else { return };
        self.drain().await;
        let seconds = running.started.elapsed().as_secs_f64();
        let outcome = match &result {
            Ok(_) => Outcome::Done,
            Err(error) if error.blame == Blame::Cancelled => Outcome::Cancelled,
            Err(error) => Outcome::Failed { error: error.to_string() },
        };
        self.record(Event::WorkEnded { id: running.work.id, work: running.work.kind, outcome, seconds }).await;
        match result {
            Ok(Finish::Done) => {}
            Ok(Finish::Images(images)) => self.update(Update::Images(images)).await,
            Ok(Finish::Verified { lesson, report, survey }) => self.verified(lesson, *report, *survey).await,
            Err(error) => self.update(Update::Failed(error)).await,
        }
        self.update(Update::Work(None)).await;
        self.look_at_engine();
        self.next().await;
    }

    /// What the work said until its end belongs before its end.
    async fn drain(&mut self) {
        while let Ok(step) = self.steps.1.try_recv() {
            self.update(Update::Step(step)).await;
        }
        while let Ok(told) = self.told.1.try_recv() {
            self.tell(told).await;
        }
    }

    async fn cancel(&mut self) {
        self.queue.clear();
        let Some(running) = self.running.take() else { return };
        let (work, seconds) = (running.work, running.started.elapsed().as_secs_f64());
        // Dropping the future ends the work where it stands; what it would still have told is of no interest.
        drop(running.future);
        self.drain().await;
        let event = Event::WorkEnded { id: work.id, work: work.kind, outcome: Outcome::Cancelled, seconds };
        self.record(event).await;
        self.update(Update::Work(None)).await;
        self.look_at_engine();
    }

    async fn verified(&mut self, lesson: String, report: Report, survey: Survey) {
        let changes = changed_lessons(&self.options.course, &self.progress, &lesson, &report);
        self.record(Event::Verified { lesson, report, survey }).await;
        self.show_facts().await;
        for event in changes {
            self.record(event).await;
        }
    }

    async fn tell(&mut self, told: Told) {
        match told {
            Told::Event(event) => self.record(*event).await,
            Told::Notice(line) => self.update(Update::Notice(line)).await,
            Told::Reloaded { container, at } => self.files.was_reloaded(container, at),
        }
    }

    async fn hear(&mut self, heard: Heard) {
        match heard {
            Heard::Found(engine) => {
                self.update(Update::Engine(EngineStatus::Here(engine.info.clone()))).await;
                self.missing = None;
                self.look_at_images(&engine);
                self.engine = Some(*engine);
                self.look_at_engine();
            }
            Heard::Missing(error) => {
                self.engine = None;
                self.followers.pause();
                self.missing = Some(error.clone());
                self.update(Update::Engine(EngineStatus::Missing(error))).await;
                self.containers.clear();
                self.show_containers().await;
            }
            Heard::Happened => self.look_at_engine(),
        }
    }

    /// Asks for the containers in the background; many events in a row cost two looks.
    fn look_at_engine(&mut self) {
        let Some(engine) = self.engine.clone() else { return };
        if self.looking {
            self.look_again = true;
            return;
        }
        self.looking = true;
        let (project, seen) = (self.project(), self.seen.0.clone());
        tokio::spawn(async move {
            let containers = match tokio::time::timeout(LOOK_WITHIN, engine.containers(&project)).await {
                Ok(containers) => containers,
                Err(_) => Err(Error::environment("the engine does not answer")),
            };
            let _ = seen.send(Seen::Containers(containers));
        });
    }

    fn look_at_images(&self, engine: &Engine) {
        let (engine, seen) = (engine.clone(), self.seen.0.clone());
        tokio::spawn(async move {
            let _ = seen.send(Seen::Images(engine.image_status(&base_image_names()).await));
        });
    }

    async fn see(&mut self, seen: Seen) {
        match seen {
            Seen::Images(Ok(images)) => self.update(Update::Images(images)).await,
            Seen::Containers(result) => {
                self.looking = false;
                if let Ok(containers) = result {
                    self.containers = containers;
                    self.show_containers().await;
                }
                if std::mem::take(&mut self.look_again) {
                    self.look_at_engine();
                }
            }
            Seen::Images(Err(error)) => self.update(Update::Failed(error)).await,
        }
    }

    async fn show_containers(&mut self) {
        let views = match &self.engine {
            Some(engine) => {
                self.followers.follow(engine, &self.containers, &self.updates);
                files::views(engine, &self.containers)
            }
            None => Vec::new(),
        };
        self.update(Update::Containers(views)).await;
        if self.files.judge(self.engine.as_ref(), &self.containers) {
            self.show_files().await;
        }
    }

    async fn show_files(&mut self) {
        let (findings, stale) = (self.files.findings().to_vec(), self.files.stale().to_vec());
        self.update(Update::Files { findings, stale }).await;
        self.show_facts().await;
    }

    async fn show_facts(&mut self) {
        let facts = match &self.progress.last_survey {
            Some(survey) => diagnosis::with_live(self.files.facts(), survey),
            None => self.files.facts().clone(),
        };
        self.update(Update::Facts(facts)).await;
    }

    async fn look_at_files(&mut self) {
        for change in self.files.look(&self.lab) {
            self.record(Event::FileChanged { file: change.file, diff: change.diff }).await;
        }
        self.files.judge(self.engine.as_ref(), &self.containers);
        self.show_files().await;
    }

    async fn reset(&mut self, files: Vec<PathBuf>) {
        self.look_at_files().await;
        match self.lab.reset(&self.options.course, &files) {
            Ok(backup) => {
                self.take_files_as_they_are();
                self.record(Event::Reset { backup, files }).await;
                self.show_files().await;
            }
            Err(error) => self.update(Update::Failed(error)).await,
        }
    }

    async fn reveal(&mut self, lesson: &str) {
        self.look_at_files().await;
        let course = Arc::clone(&self.options.course);
        match self.lab.reveal(&course, lesson, &self.fixed_by(lesson)) {
            Ok(revealed) => {
                self.take_files_as_they_are();
                if let Some(backup) = revealed.backup {
                    let notice =
                        format!("Your own changes stood in the way; your files are kept in {}.", backup.display());
                    self.update(Update::Notice(notice)).await;
                }
                self.record(Event::Revealed { lesson: lesson.to_owned(), diff: revealed.diff }).await;
                self.show_files().await;
            }
            Err(error) => self.update(Update::Failed(error)).await,
        }
    }

    /// The lessons whose fixes the lab's files hold, as far as is known: those before this one, and the solved ones.
    fn fixed_by(&self, lesson: &str) -> Vec<&str> {
        let position = self.options.course.position(lesson).unwrap_or_default();
        let lessons = self.options.course.lessons.iter().enumerate();
        let fixed = lessons.filter(|(index, other)| *index < position || self.progress.lesson(&other.id).is_solved());
        fixed.map(|(_, other)| other.id.as_str()).filter(|id| *id != lesson).collect()
    }

    /// What the tutor has just written is not the learner's change.
    fn take_files_as_they_are(&mut self) {
        drop(self.files.look(&self.lab));
        self.files.judge(self.engine.as_ref(), &self.containers);
    }
}

async fn finished(running: &mut Option<Running>) -> Result<Finish> {
    match running {
        Some(running) => running.future.as_mut().await,
        None => std::future::pending().await,
    }
}

/// The lessons that this report solves for the first time (or again), and those that it takes back. A lesson without checks is
/// solved by being the one that was verified.
fn changed_lessons(course: &Course, progress: &journal::Progress, open: &str, report: &Report) -> Vec<Event> {
    let can_be_solved = |id: &str| id == open || course.lesson(id).is_some_and(|lesson| !lesson.checks.is_empty());
    let change = |verdict: &LessonVerdict| {
        let before = progress.lesson(&verdict.id);
        let lesson = verdict.id.clone();
        match verdict.status {
            Status::Pass if !before.is_solved() => Some(Event::LessonSolved { lesson, revealed: before.revealed }),
            Status::Fail if before.is_solved() => Some(Event::LessonRegressed { lesson }),
            _ => None,
        }
    };
    report.lessons.iter().filter(|verdict| can_be_solved(&verdict.id)).filter_map(change).collect()
}
