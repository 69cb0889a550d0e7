//! The long works on one lab: each is one async function, ended by dropping its future.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use tokio::{sync::mpsc, time::Instant};

use super::{
    Desired,
    edited::edited,
    files::{self, Reloaded},
    isolate::limits,
    offline_images::images_of,
    project::read,
};
use crate::{
    compose,
    course::Course,
    diagnosis::{self, Report},
    engine::{
        BuildPolicy, ChangeKind, Container, DownReport, Engine, ImageOrigin, ImagePolicy, ImageStatus, MovedPort,
        Progress, ServiceState, UpOptions, UpReport,
    },
    error::Result,
    journal::{self, Event},
    lab::{self, Facts},
    probe::{HostPorts, Observation, Prober, SLOW_MODULES, Survey, SurveyOptions, slowness},
};

/// How long a command inside nginx may take.
const RELOAD_WITHIN: Duration = Duration::from_secs(10);
/// How long nginx may take to do what it was told.
const RELOADED_WITHIN: Duration = Duration::from_secs(3);

/// What a work says beside its result.
#[derive(Debug, Clone, PartialEq)]
pub enum Told {
    /// Something for the journal.
    Event(Box<Event>),
    /// One line worth saying.
    Notice(String),
}

/// How long a learner's stack is given to come to rest before what it says counts; Esc stops the waiting.
const COMES_TO_REST: Duration = Duration::from_secs(150);
/// Age in seconds until which a program of a learner's stack that does not listen is *not ready yet*, and not broken.
const SLOW_START: f64 = 120.0;

/// Age in seconds until which an app that takes a call and gives no answer is *not ready yet*, on a machine with nothing else to do.
const SLOW_ANSWER: f64 = 45.0;
/// Between two times that it is asked.
const ASK_AGAIN: Duration = Duration::from_secs(1);

/// How a stack is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Asking {
    /// Once it has settled, with as much patience as a slow answer takes.
    #[default]
    Patient,
    /// Once it has settled; a room waits, so an answer that takes long counts as none.
    Brisk,
    /// As it is in this moment, and briskly.
    AtOnce,
}

/// The works on one lab, on an engine that answers.
#[derive(Debug, Clone)]
pub struct Works {
    /// The engine.
    pub engine: Engine,
    /// The course.
    pub course: Arc<Course>,
    /// The lab's directory, absolute.
    pub dir: PathBuf,
    /// Where base images may come from.
    pub images: ImagePolicy,
    /// Host ports that were moved.
    pub moved: Vec<MovedPort>,
    /// Which containers read their files anew since they were started.
    pub reloaded: Reloaded,
    /// Where a work says what happens beside its result.
    pub told: mpsc::UnboundedSender<Told>,
}

impl Works {
    /// The stack that the lab asks for.
    ///
    /// # Errors
    /// Stack: the compose file cannot be used.
    pub fn desired(&self) -> Result<Desired> {
        Desired::of_lab(&self.dir, &self.course)
    }

    /// Says one line.
    pub(super) fn say(&self, notice: impl Into<String>) {
        self.tell(Told::Notice(notice.into()));
    }

    fn tell(&self, told: Told) {
        // Nobody to hear it is no error.
        let _ = self.told.send(told);
    }

    pub(super) fn up_options(&self) -> UpOptions {
        let labels = [("dev.breakfix.lab".to_owned(), self.dir.display().to_string())].into();
        let limits = (!self.course.is_ours()).then(|| limits(&self.engine));
        UpOptions { images: self.images, labels, limits, ..UpOptions::default() }
    }

    /// Whether the service's container runs.
    pub(super) async fn runs(&self, project: &str, service: &str) -> Result<bool> {
        let there = self.engine.container_of(project, service).await?;
        Ok(there.is_some_and(|one| one.state == ServiceState::Running))
    }

    /// Makes the base images be here, and says when stand-ins are used.
    ///
    /// # Errors
    /// Environment: an image is not to be had.
    pub async fn base_images(&self, progress: &Progress) -> Result<Vec<ImageStatus>> {
        let images = self.engine.ensure_images(&images_of(&self.course)?, self.images, progress).await?;
        if images.iter().any(|image| image.origin == ImageOrigin::StandIn) {
            self.say(
                "Stand-ins built from Debian's packages are used for the base images; breakfix images says which.",
            );
        }
        Ok(images)
    }

    /// Starts the stack (or these services and what they need); recreates what changed. A proxy that ran on asks for the
    /// app's address again where that changed.
    ///
    /// # Errors
    /// Stack: the compose file, a build or a container. Environment: engine, image, disk.
    pub async fn up(&self, services: &[String], build: bool, progress: &Progress) -> Result<UpReport> {
        self.bring_up(&self.desired()?, services, build, progress).await
    }

    pub(super) async fn bring_up(
        &self,
        desired: &Desired,
        services: &[String],
        build: bool,
        progress: &Progress,
    ) -> Result<UpReport> {
        let before = self.whereabouts(desired).await?;
        // An image of an earlier day is not taken for one of these files: what was never made is built.
        let made = self.engine.containers(&desired.stack.project).await?;
        let unmade = desired
            .stack
            .services
            .iter()
            .any(|service| service.build.is_some() && !made.iter().any(|one| one.service == service.name));
        let options = UpOptions {
            services: (!services.is_empty()).then(|| services.to_vec()),
            build: if build || unmade { BuildPolicy::Always } else { BuildPolicy::IfMissing },
            ..self.up_options()
        };
        let report = self.engine.up(&desired.stack, &options, progress).await?;
        for port in &report.moved_ports {
            let (service, why) = (port.service.clone(), port.why.clone());
            self.say(format!("{service}: {why}, so {} in the file is {} here.", port.from, port.to));
            self.tell(Told::Event(Box::new(Event::PortMoved { service, from: port.from, to: port.to, why })));
        }
        if services.is_empty() && report.changes.iter().any(|change| change.kind == ChangeKind::Created) {
            self.tell_of_older_data(&desired.stack.project).await;
        }
        self.refresh_proxy(desired, before, progress).await?;
        Ok(report)
    }

    /// A volume is found by its project's name, which is the directory's: a lab elsewhere of the same name has left its rows.
    async fn tell_of_older_data(&self, project: &str) {
        // The stack is up: what cannot be told of it takes nothing back.
        for (volume, lab) in self.engine.volumes_of_another(project, &self.dir).await.unwrap_or_default() {
            self.say(older_data(&volume, &lab));
        }
    }

    /// Starts a service's process again; the proxy asks for the app's address again where that changed.
    ///
    /// # Errors
    /// Stack: it does not start. Environment: engine.
    pub async fn restart(&self, service: &str, progress: &Progress) -> Result<()> {
        let desired = self.desired()?;
        let before = self.whereabouts(&desired).await?;
        self.engine.restart(&desired.stack.project, service, progress).await?;
        self.refresh_proxy(&desired, before, progress).await
    }

    /// Makes nginx read its files again; starts it anew where it does not run or does not take them.
    ///
    /// # Errors
    /// Stack: it does not start. Environment: engine.
    pub async fn reload(&self, service: &str, progress: &Progress) -> Result<()> {
        let project = project(&self.dir, &self.course);
        let there = self.engine.container_of(&project, service).await?;
        let Some(container) = there.filter(|one| one.state == ServiceState::Running) else {
            return self.engine.restart(&project, service, progress).await;
        };
        progress.step(service, "reload", "nginx -s reload");
        let workers = self.nginx_workers(&container.id).await;
        // It reads the files before it tells the running nginx of them: what is wrong in them is said here.
        let told = ["nginx", "-s", "reload"];
        let asked = self.engine.exec(&container.id, &told, &Default::default(), RELOAD_WITHIN).await?;
        if asked.code == 0 {
            self.await_other_workers(&container.id, &workers).await;
            let reloaded = Event::Reloaded { service: service.to_owned(), container: container.id.clone() };
            self.tell(Told::Event(Box::new(reloaded)));
            progress.finished(service, "reload", "");
            return Ok(());
        }
        let words = asked.stderr.lines().find(|line| line.contains("[emerg]")).unwrap_or("nginx -s reload fails");
        self.say(format!("{service} does not take its new files, so it is started again: {words}"));
        self.engine.restart(&project, service, progress).await
    }

    /// Waits until none of these workers takes connections any more: nginx says that it will reload, and does it a moment later.
    async fn await_other_workers(&self, container: &str, before: &BTreeSet<String>) {
        let until = Instant::now() + RELOADED_WITHIN;
        loop {
            let now = self.nginx_workers(container).await;
            // An engine that cannot list processes lists none before either.
            if Instant::now() >= until || (!now.is_empty() || before.is_empty()) && now.is_disjoint(before) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// The processes of nginx that take connections; none where the engine cannot say.
    async fn nginx_workers(&self, container: &str) -> BTreeSet<String> {
        let processes = self.engine.processes(container).await.unwrap_or_default();
        let works = |command: &str| command.contains("nginx: worker process") && !command.contains("shutting down");
        processes.into_iter().filter(|(_, command)| works(command)).map(|(pid, _)| pid).collect()
    }

    /// Asks the running stack, for this lesson.
    ///
    /// # Errors
    /// Stack: the compose file cannot be used. Environment: engine.
    pub async fn verify(&self, lesson: &str, asking: Asking, progress: &Progress) -> Result<(Report, Survey)> {
        let options = SurveyOptions { brisk: asking != Asking::Patient, ..SurveyOptions::default() };
        let within = match asking {
            Asking::AtOnce => Duration::ZERO,
            Asking::Brisk => options.within,
            Asking::Patient => COMES_TO_REST,
        };
        self.ask(SurveyOptions { within, ..options }, Some(lesson), progress).await
    }

    /// Asks the links of the chain. Nothing is written into the database.
    ///
    /// # Errors
    /// Stack: the compose file cannot be used. Environment: engine.
    pub async fn look(&self, progress: &Progress) -> Result<Report> {
        let options = SurveyOptions { submit: false, ..SurveyOptions::default() };
        Ok(self.ask(options, None, progress).await?.0)
    }

    async fn ask(&self, options: SurveyOptions, lesson: Option<&str>, progress: &Progress) -> Result<(Report, Survey)> {
        let desired = self.desired()?;
        let facts = self.facts(&desired);
        let options = SurveyOptions { ports: HostPorts::AsWritten(self.moved.clone()), ..options };
        let mut prober = self.prober(&desired, facts.clone());
        if options.within == COMES_TO_REST {
            prober = prober.starting_until(SLOW_START);
        }
        let begun = Instant::now();
        let (mut survey, containers) = loop {
            let survey = prober.survey(&options, progress).await?;
            let containers = self.engine.containers(&desired.stack.project).await?;
            let patient = options.within == COMES_TO_REST && begun.elapsed() < COMES_TO_REST;
            match self.not_ready_yet(&survey, &containers).filter(|_| patient) {
                Some(service) => progress.step(&service, "wait", "not ready yet: it gives no answer so far"),
                None => break (survey, containers),
            }
            tokio::time::sleep(ASK_AGAIN).await;
        };
        survey.stale = files::stale(&desired.stack, &self.engine, &containers, &self.reloaded);
        for report in survey.services.values_mut().filter(|_| lesson.is_some()) {
            let service = desired.stack.service(&report.service);
            if let (Some(service), Some(container)) =
                (service, containers.iter().find(|one| one.service == report.service))
            {
                report.edited = edited(&self.engine, service, container).await;
            }
        }
        Ok((diagnosis::diagnose(&self.course, &survey, &facts, lesson), survey))
    }

    /// The app's service, where it took a call and gave no answer, soon after its start.
    fn not_ready_yet(&self, survey: &Survey, containers: &[Container]) -> Option<String> {
        let app = survey.services.get(&self.course.roles.app).filter(|app| !app.listens.is_empty())?;
        let container = containers.iter().find(|one| one.service == app.service)?;
        let age = self.engine.info.now() - container.started_at as f64 / 1000.0;
        let young = container.state == ServiceState::Running && age < SLOW_ANSWER * slowness();
        (young && survey.evidence.values().any(|evidence| is_too_slow(&evidence.observation)))
            .then(|| app.service.clone())
    }

    pub(super) fn prober(&self, desired: &Desired, facts: Facts) -> Prober {
        Prober::new(self.engine.clone(), desired.stack.clone(), desired.roles.clone(), facts, &self.course)
    }

    /// What the lab's files say.
    pub(super) fn facts(&self, desired: &Desired) -> Facts {
        let texts = lab::texts_of(&self.dir);
        // What keeps a stranger's stack to itself does not stand in its files.
        let as_written = if self.course.is_ours() { None } else { read(&self.dir, &self.course).ok() };
        let written = as_written.as_ref().unwrap_or(desired);
        lab::facts(Some(&written.stack), &written.roles, &self.course, texts)
    }

    /// Removes what the lab started.
    ///
    /// # Errors
    /// Environment: engine.
    pub async fn down(&self, volumes: bool, progress: &Progress) -> Result<DownReport> {
        let report = self.engine.down(&project(&self.dir, &self.course), Some(&self.dir), volumes, progress).await?;
        self.tell(Told::Event(Box::new(Event::TakenDown { volumes })));
        Ok(report)
    }
}

/// Whether nobody answered in time, or a proxy says so of the server behind it.
fn is_too_slow(observation: &Observation) -> bool {
    match observation {
        Observation::TimedOut { .. } => true,
        Observation::Http(answer) => answer.status == 504,
        // The app's own Python was asked, and did not come to the question.
        Observation::Unknown { because } => because == SLOW_MODULES,
        _ => false,
    }
}

/// What is said of a volume that was made for another lab: what it means, why, and what would change it.
fn older_data(volume: &str, lab: &str) -> String {
    format!(
        "Your database has old rows: {volume} was made for the lab {lab}, of the same name. \
         To begin empty: breakfix down; docker volume rm {volume}"
    )
}

/// The name of the project in this lab's directory, as compose has it.
pub fn project(dir: &Path, course: &Course) -> String {
    Desired::of_lab(dir, course).map_or_else(|_| compose::project_name(dir), |desired| desired.stack.project)
}

/// The ports that the journal says were moved, as far as containers publish them still.
pub fn moved_ports(progress: &journal::Progress, containers: &[Container]) -> Vec<MovedPort> {
    let published = |service: &str, to: u16| {
        let mut ports = containers.iter().filter(|one| one.service == service).flat_map(|one| &one.ports);
        ports.find(|port| port.host == to).map(|port| port.target)
    };
    // The container knows it, too: a journal is not kept in every directory, nor while somebody else writes it.
    let told =
        containers.iter().flat_map(|one| one.moved().into_iter().map(|(from, to)| (one.service.clone(), from, to)));
    let known = progress.moved_ports.iter().map(|((service, from), to)| (service.clone(), *from, *to));
    let all: BTreeSet<(String, u16, u16)> = told.chain(known).collect();
    all.into_iter()
        .filter_map(|(service, from, to)| {
            let target = published(&service, to)?;
            Some(MovedPort { service, from, to, target, why: String::new() })
        })
        .collect()
}
