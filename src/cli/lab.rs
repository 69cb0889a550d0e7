//! The lab's stack without the screen: up, down, status, logs, reset.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use futures_util::{StreamExt, stream};
use tokio::sync::mpsc;

use super::{
    Context,
    args::LogsArgs,
    terminal::{Paint, ProgressLine, clean, note, plain, print},
    trust, verdicts,
};
use crate::{
    conductor::{self, Told, Works},
    diagnosis::{HopVerdict, Status},
    engine::{ChangeKind, Container, Engine, LogLine, ServiceState},
    error::{Error, Result},
    journal::{self, Event, Journal, Outcome, WorkKind},
    lab::{Lab, LabLock},
};

/// A lab with the engine that runs it.
struct Desk {
    works: Works,
    told: mpsc::UnboundedReceiver<Told>,
    journal: Notebook,
}

impl Desk {
    async fn open(context: &Context, lab: &Lab) -> Result<Self> {
        let (sender, told) = mpsc::unbounded_channel();
        let works = Works {
            engine: Engine::find(context.engine.as_deref()).await?,
            course: Arc::clone(&context.course),
            dir: lab.dir().to_owned(),
            images: context.images,
            told: sender,
            moved: Vec::new(),
            reloaded: Default::default(),
        };
        Ok(Self { works, told, journal: Notebook::open(lab) })
    }

    /// Writes down and says what the works told.
    fn tell(&mut self) -> Result<()> {
        while let Ok(told) = self.told.try_recv() {
            match told {
                Told::Event(event) => self.journal.write(*event)?,
                Told::Notice(line) => note(&clean(&line)),
            }
        }
        Ok(())
    }
}

/// The lab's journal, where this process may write it: not in a directory that is no lab, nor beside an open tutor, which sees
/// what happens by itself.
struct Notebook(Option<(LabLock, Journal)>);

impl Notebook {
    fn open(lab: &Lab) -> Self {
        if lab.is_adopted() {
            return Self(None);
        }
        Self(lab.lock().ok().and_then(|lock| Some((lock, Journal::open(&lab.state_dir()).ok()?))))
    }

    fn write(&mut self, event: Event) -> Result<()> {
        match &mut self.0 {
            Some((_, journal)) => journal.append(event).map(drop),
            None => Ok(()),
        }
    }
}

/// Starts the stack, the lab made where there is none yet, and gives the database its tables.
///
/// # Errors
/// Usage: the directory holds something else. Stack: the compose file, a build, a container. Environment: engine, image.
pub async fn up(context: &Context, dir: &Path) -> Result<u8> {
    let lab = match Lab::open(dir) {
        Ok(lab) if lab.is_adopted() => lab,
        _ => {
            trust::ask(context, dir)?;
            made(dir, context)?
        }
    };
    let mut desk = Desk::open(context, &lab).await?;
    let paint = Paint::stdout(context.color);
    let line = ProgressLine::start(context.verbose > 0);
    let began = Instant::now();
    for finding in desk.works.desired()?.stack.warnings {
        note(&clean(&finding.at_its_place()));
    }
    let result = async {
        let report = desk.works.up(&[], true, line.progress()).await?;
        line.clear();
        for change in &report.changes {
            let done = match change.kind {
                ChangeKind::Created => "created",
                ChangeKind::Recreated => "recreated",
                ChangeKind::Started => "started",
                ChangeKind::Unchanged => "running",
            };
            print(&format!("{} {:<12} {done}\n", paint.good("✓"), clean(&change.service)))?;
        }
        let started = began.elapsed();
        desk.works.bootstrap(line.progress()).await?;
        Ok((started, began.elapsed() - started))
    }
    .await;
    line.finish().await;
    desk.tell()?;
    let (started, given): (Duration, Duration) = result?;
    // As the tutor does: it does not start with what was done here.
    let works = [(WorkKind::Up { services: vec![], build: true }, started), (WorkKind::Bootstrap, given)];
    for (id, (work, took)) in (0..).zip(works) {
        desk.journal.write(Event::WorkStarted { id, work: work.clone() })?;
        let ended = Event::WorkEnded { id, work, outcome: Outcome::Done, seconds: took.as_secs_f64() };
        desk.journal.write(ended)?;
    }
    if context.course.stack.bootstrap.is_some() {
        print(&format!("{} the database has its tables\n", paint.good("✓")))?;
    }
    print(&format!("The story's address is {}; breakfix status says what works.\n", context.course.stack.url))?;
    Ok(0)
}

fn made(dir: &Path, context: &Context) -> Result<Lab> {
    let (lab, made) = Lab::open_or_make(dir, &context.course)?;
    if made {
        let version = env!("CARGO_PKG_VERSION").to_owned();
        Notebook::open(&lab).write(Event::LabMade { course: context.course.id.clone(), version })?;
        print(&format!("{} is new, made from the broken stack\n", dir.display()))?;
    }
    Ok(lab)
}

/// Removes the stack's containers and networks, whoever started them, and the volumes when asked.
///
/// # Errors
/// Usage: no lab there. Environment: engine.
pub async fn down(context: &Context, dir: &Path, volumes: bool) -> Result<u8> {
    let lab = Lab::open(dir)?;
    let mut desk = Desk::open(context, &lab).await?;
    let line = ProgressLine::start(context.verbose > 0);
    let result = desk.works.down(volumes, line.progress()).await;
    line.finish().await;
    desk.tell()?;
    let removed = result?;
    let names = removed.containers.iter().chain(&removed.networks).chain(&removed.volumes);
    let mut any = false;
    for name in names {
        any = true;
        print(&format!("{} {} removed\n", Paint::stdout(context.color).good("✓"), clean(name)))?;
    }
    if !any {
        print("nothing was running\n")?;
    }
    if volumes {
        name_images(&desk.works).await?;
    }
    Ok(0)
}

/// Says which images the lab leaves behind, and what removes them.
async fn name_images(works: &Works) -> Result<()> {
    let Ok(desired) = works.desired() else { return Ok(()) };
    let built = desired.stack.services.iter().filter(|service| service.build.is_some() && service.image.is_none());
    let wanted: Vec<String> =
        built.map(|service| format!("{}-{}:latest", desired.stack.project, service.name)).collect();
    let there = works.engine.images_named(&format!("{}-", desired.stack.project)).await?;
    let left: Vec<String> =
        there.into_iter().filter(|image| wanted.contains(image)).map(|image| clean(&image)).collect();
    if !left.is_empty() {
        print(&format!("the lab's image stays: docker image rm {}   removes it\n", left.join(" ")))?;
    }
    Ok(())
}

/// Shows the containers, and asks the links of the chain; nothing is written into the database.
///
/// # Errors
/// Usage: no lab there. Stack: the compose file. Environment: engine.
pub async fn status(context: &Context, dir: &Path) -> Result<u8> {
    let lab = Lab::open(dir)?;
    let mut desk = Desk::open(context, &lab).await?;
    let paint = Paint::stdout(context.color);
    let containers = desk.works.engine.containers(&conductor::project(lab.dir(), &context.course)).await?;
    if containers.is_empty() {
        print("nothing is running\n")?;
        note("breakfix up   starts it");
        return Ok(1);
    }
    for view in conductor::views(&desk.works.engine, &containers) {
        let state = match (view.state, view.exit_code) {
            (ServiceState::Running, _) => paint.good("running"),
            (ServiceState::Exited, Some(code)) => paint.bad(&format!("exited ({code})")),
            (state, _) => paint.attention(&format!("{state:?}").to_lowercase()),
        };
        print(&format!(
            "{:<12} {state}  {}\n",
            clean(&view.service),
            view.ports.iter().map(ToString::to_string).collect::<Vec<_>>().join("  ")
        ))?;
    }
    let past = past(&lab);
    desk.works.moved = conductor::moved_ports(&past, &containers);
    desk.works.reloaded.clone_from(&past.reloaded);
    let line = ProgressLine::start(context.verbose > 0);
    let looked = desk.works.look(line.progress()).await;
    line.finish().await;
    let report = looked?;
    print(&format!("\n{}", verdicts::hops(&report, paint)))?;
    for stale in &report.stale {
        let files: Vec<_> = stale.files.iter().map(|file| file.display().to_string()).collect();
        let line = format!("{} is not live in {} yet", files.join(", "), stale.service);
        print(&format!("{} {}: {}\n", paint.attention("!"), clean(&line), clean(&stale.command())))?;
    }
    Ok(exit_code(&report.hops))
}

/// What the links come to: nothing is sold here, so that the lessons' checks are not asked.
fn exit_code(hops: &[HopVerdict]) -> u8 {
    let any = |status| hops.iter().any(|hop| hop.status == status);
    if any(Status::Fail) {
        1
    } else if any(Status::Unknown) {
        3
    } else {
        0
    }
}

/// What happened in this lab until now, as far as can be read.
fn past(lab: &Lab) -> journal::Progress {
    let entries = Journal::read(&lab.state_dir().join("journal.jsonl")).unwrap_or_default();
    journal::Progress::fold(&entries)
}

/// Shows what the containers log, oldest first; with `follow`, what they go on to log.
///
/// # Errors
/// Usage: no lab there, or no such service. Environment: engine.
pub async fn logs(context: &Context, dir: &Path, args: &LogsArgs) -> Result<u8> {
    let lab = Lab::open(dir)?;
    let engine = Engine::find(context.engine.as_deref()).await?;
    let all = engine.containers(&conductor::project(lab.dir(), &context.course)).await?;
    let wanted = |container: &&Container| args.service.as_ref().is_none_or(|service| container.service == *service);
    let containers: Vec<&Container> = all.iter().filter(wanted).collect();
    if containers.is_empty() {
        let known: Vec<_> = all.iter().map(|container| container.service.as_str()).collect();
        return Err(match &args.service {
            Some(service) if !all.is_empty() => Error::usage(format!("no container of a service {service}"))
                .suggest(format!("one of: {}", known.join(", "))),
            _ => Error::environment("nothing is running").suggest("breakfix up"),
        });
    }
    let width = containers.iter().map(|container| container.service.len()).max().unwrap_or_default();
    let paint = Paint::stdout(context.color);
    let show = |line: &LogLine| {
        print(&format!("{} {}\n", paint.faint(&format!("{:<width$} |", clean(&line.service))), plain(&line.text)))
    };
    if args.follow {
        let streams = containers.iter().map(|one| engine.follow_log(&one.id, &one.service, args.tail));
        let mut lines = stream::select_all(streams);
        while let Some(line) = lines.next().await {
            show(&line?)?;
        }
        return Ok(0);
    }
    let mut lines = Vec::new();
    for container in containers {
        lines.extend(engine.log_tail(&container.id, &container.service, args.tail).await?);
    }
    lines.sort_by_key(|line| line.at);
    lines.iter().try_for_each(show)?;
    Ok(0)
}

/// Puts files back to the broken stack's, keeping a copy.
///
/// # Errors
/// Usage: no lab there, or no such file. Environment: a file cannot be written.
pub fn reset(context: &Context, dir: &Path, files: &[PathBuf]) -> Result<u8> {
    let lab = Lab::open(dir)?;
    if lab.is_adopted() {
        return Err(Error::usage(format!("{} is not a lab, so there is nothing to put it back to", dir.display()))
            .suggest("name the lab: --lab DIR"));
    }
    let backup = lab.reset(&context.course, files)?;
    print(&format!("put back; what was replaced is kept in {}\n", lab.dir().join(&backup).display()))?;
    Notebook::open(&lab).write(Event::Reset { backup, files: files.to_vec() })?;
    Ok(0)
}
