//! The commands without a screen: they run works and print. Also where each command of the command line begins.

pub mod args;
mod author;
mod check;
mod class;
mod courses;
mod demo;
mod doctor;
mod explain;
mod formats;
mod hand_in;
mod images;
mod install_engine;
mod lab;
mod merge;
mod practice;
mod preflight;
mod results;
mod selftest;
mod shard;
mod shell;
mod terminal;
mod tracing;
mod trust;
mod verdicts;

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use clap::CommandFactory;
pub use terminal::{Paint, print, render_error};

use self::args::{Cli, ColorChoice, Command, CourseCommand, Global, HindsightFormat, LabArgs, LearnArgs, PlainCommand};
use crate::{
    compose, conductor,
    course::{self, Course, Origin},
    engine::ImagePolicy,
    error::{Error, Result},
    journal, tui,
};

/// What all commands with a course need to know.
#[derive(Debug, Clone)]
pub struct Context {
    /// The engine's address; `None` looks for one.
    pub engine: Option<String>,
    /// All engines that were named: `check` spreads its directories over them.
    pub engines: Vec<String>,
    /// Where base images may come from.
    pub images: ImagePolicy,
    /// When to use colour.
    pub color: ColorChoice,
    /// How much to say.
    pub verbose: u8,
    /// The course.
    pub course: Arc<Course>,
    /// The lab that was named before the command: `breakfix --lab DIR up` means what `breakfix up --lab DIR` means.
    lab: Option<PathBuf>,
}

impl Context {
    fn new(global: Global, course: Course, lab: Option<PathBuf>) -> Self {
        Self {
            engine: global.engine.first().cloned(),
            engines: global.engine,
            images: global.images.into(),
            color: global.color,
            verbose: global.verbose,
            course: Arc::new(course),
            lab,
        }
    }

    /// The lab that is meant: the one that is named, else this directory where it is one, else the course's default name.
    fn lab(&self, args: &LabArgs) -> PathBuf {
        match args.lab.as_ref().or(self.lab.as_ref()) {
            Some(dir) => dir.clone(),
            None if Path::new(".breakfix").is_dir() => PathBuf::from("."),
            None => PathBuf::from(&self.course.id),
        }
    }
}

/// From now on a panic that is caught, and told as a file's fault, is not shown as ours, too.
pub fn show_only_own_panics() {
    let show = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        if !compose::panic_is_caught() {
            show(info);
        }
    }));
}

/// Runs the command that was asked for, and gives the exit code.
///
/// # Errors
/// Whatever the command meets: see [`Error::exit_code`].
pub async fn run(cli: Cli) -> Result<u8> {
    let command = match cli.command {
        Some(Command::Plain(command)) => return plain(&command, &cli.global),
        Some(Command::Author { action }) => return author::author(action, cli.global).await,
        Some(Command::Course(command)) => command,
        None => CourseCommand::Learn(cli.learn.clone()),
    };
    let (engines, lab) = (cli.global.engine, cli.learn.lab.lab);
    let incident = match &command {
        CourseCommand::Check(args) if args.practice => Some(practice::only_dir(&args.dirs)?),
        _ => None,
    };
    let at = incident.or(command.lab()).or(lab.as_deref());
    let course = match cli.global.course.as_deref() {
        None => course(at, !matches!(command, CourseCommand::Practice(_)))?,
        Some(named) => Course::named(named)?,
    };
    if engines.len() > 1 && !matches!(command, CourseCommand::Check(_)) {
        return Err(Error::usage("several engines are named, and only check works on several")
            .suggest("one --engine URL, or: breakfix check --engine URL --engine URL DIR..."));
    }
    let context = Context::new(Global { engine: engines, ..cli.global }, course, lab);
    let context = &context;
    match &command {
        CourseCommand::Learn(args) => tracing::to_lab(context.lab(&args.lab).join(".breakfix"), context.verbose),
        CourseCommand::Demo(args) => {
            tracing::to_lab(context.demo_lab(args.lab.as_deref()).join(".breakfix"), context.verbose)
        }
        _ => tracing::to_stderr(context.verbose),
    }
    match command {
        CourseCommand::Learn(args) => learn(context, args).await,
        CourseCommand::Demo(args) => demo::demo(context, args).await,
        CourseCommand::Practice(args) => practice::practice(context, args).await,
        CourseCommand::Check(args) => check::check(context, &args).await,
        CourseCommand::Class(args) => class::class(context, args).await,
        CourseCommand::Merge(args) => merge::merge(context, &args),
        CourseCommand::Selftest(args) => selftest::selftest(context, &args).await,
        CourseCommand::Up(args) => or_signal(lab::up(context, &context.lab(&args))).await,
        CourseCommand::Down(args) => or_signal(lab::down(context, &context.lab(&args.lab), args.volumes)).await,
        CourseCommand::Status(args) => or_signal(lab::status(context, &context.lab(&args))).await,
        CourseCommand::Logs(args) => or_signal(lab::logs(context, &context.lab(&args.lab), &args)).await,
        CourseCommand::Shell(args) => shell::shell(context, &context.lab(&args.lab), &args.service).await,
        CourseCommand::Reset(args) => lab::reset(context, &context.lab(&args.lab), &args.files),
        CourseCommand::Hindsight(args) => hindsight(context, &context.lab(&args.lab), args.format),
        CourseCommand::HandIn(args) => hand_in::hand_in(context, &context.lab(&args.lab), &args).await,
        CourseCommand::Images(args) => or_signal(images::images(context, args.action.unwrap_or_default())).await,
        CourseCommand::Doctor(args) if args.room => {
            or_signal(preflight::room(context, &context.demo_lab(args.lab.lab.as_deref()))).await
        }
        CourseCommand::Doctor(args) if args.fix => {
            or_signal(install_engine::fix(context, &context.lab(&args.lab), &args)).await
        }
        CourseCommand::Doctor(args) => or_signal(doctor::doctor(context, &context.lab(&args.lab))).await,
    }
}

/// The course of the lab that is meant, else the one that needs no name. Where the lab holds an incident of practice, and is not to be
/// played anew, that is the course.
fn course(lab: Option<&Path>, played: bool) -> Result<Course> {
    let lab = lab.unwrap_or(Path::new("."));
    if let Some(course) = practice::course_of(lab).transpose().filter(|_| played) {
        return course;
    }
    let origin = crate::lab::Lab::course_of(lab)?;
    Course::open(&origin.unwrap_or_default())
}

fn plain(command: &PlainCommand, global: &Global) -> Result<u8> {
    let paint = Paint::stdout(global.color);
    match command {
        PlainCommand::Courses => courses::list(paint),
        PlainCommand::Lint(args) => {
            let origin = match (&args.dir, &global.course) {
                (Some(dir), _) => Origin::at(dir)?,
                (None, Some(named)) => course::find(named)?,
                (None, None) => Origin::default(),
            };
            lint(&origin, paint)
        }
        PlainCommand::Completions { shell } => {
            let mut text = Vec::new();
            clap_complete::generate(*shell, &mut Cli::command(), "breakfix", &mut text);
            print(&String::from_utf8_lossy(&text)).map(|()| 0)
        }
        PlainCommand::Man => man(),
    }
}

async fn learn(context: &Context, args: LearnArgs) -> Result<u8> {
    if args.print_config {
        // A file that cannot be used is the reason to look at what one may say.
        let config = tui::Config::load().unwrap_or_else(|error| {
            terminal::note(&format!("{error}\nThese are the defaults:"));
            tui::Config::default()
        });
        return print(&config.explained()).map(|()| 0);
    }
    if let Some(lesson) = &args.lesson {
        context.course.lesson_or_error(lesson).map_err(|error| {
            // A mistyped command looks like a lesson, too.
            error.suggest("breakfix --help   lists the commands")
        })?;
    }
    let lab = context.lab(&args.lab);
    trust::ask(context, &lab)?;
    let conductor = conductor::Options {
        lab,
        engine: context.engine.clone(),
        images: context.images,
        course: Arc::clone(&context.course),
    };
    let plain = args.plain || std::env::var_os("TERM").is_some_and(|term| term == "dumb");
    let color = tui_color(context.color);
    let config = tui::Config::load()?;
    let others = courses::others(&context.course);
    tui::run(tui::Options { conductor, others, lesson: args.lesson, color, config, plain }).await
}

fn tui_color(color: ColorChoice) -> tui::ColorChoice {
    match color {
        ColorChoice::Auto => tui::ColorChoice::Auto,
        ColorChoice::Always => tui::ColorChoice::Always,
        ColorChoice::Never => tui::ColorChoice::Never,
    }
}

fn hindsight(context: &Context, lab: &Path, format: HindsightFormat) -> Result<u8> {
    let path = crate::lab::Lab::open(lab)?.state_dir().join("journal.jsonl");
    if !path.is_file() {
        return Err(Error::usage(format!("nothing has happened yet in {}", lab.display())).suggest("breakfix learn"));
    }
    let entries = journal::Journal::read(&path)?;
    match format {
        HindsightFormat::Md => print(&journal::hindsight_markdown(&context.course, &entries))?,
        HindsightFormat::Html => print(&journal::hindsight_html(&context.course, &entries))?,
    }
    Ok(0)
}

fn lint(origin: &Origin, paint: Paint) -> Result<u8> {
    linted(origin, paint).map(|errors| u8::from(errors > 0))
}

/// Prints what lint says; gives how much of it is wrong.
///
/// # Errors
/// Environment: standard output cannot be written.
fn linted(origin: &Origin, paint: Paint) -> Result<usize> {
    let findings = course::lint(origin);
    let errors = findings.iter().filter(|finding| finding.severity == crate::compose::Severity::Error).count();
    for finding in &findings {
        print(&format!("{}\n", terminal::clean_lines(&finding.to_string())))?;
    }
    if findings.is_empty() {
        print(&format!("{}\n", paint.good("nothing to complain about")))?;
    }
    Ok(errors)
}

fn man() -> Result<u8> {
    let failed = |cause| Error::environment("the manual page cannot be written").because(cause);
    let mut page = Vec::new();
    let command = Cli::command();
    clap_mangen::Man::new(command.clone()).render(&mut page).map_err(failed)?;
    print(&String::from_utf8_lossy(&page)).map(|()| 0)
}

/// Ends the work on Ctrl-C, SIGTERM or SIGHUP.
async fn or_signal(work: impl Future<Output = Result<u8>>) -> Result<u8> {
    tokio::select! {
        result = work => result,
        () = signal() => Err(Error::cancelled()),
    }
}

/// Waits for a signal that asks the process to end.
async fn signal() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let (terminate, hangup) = (signal(SignalKind::terminate()), signal(SignalKind::hangup()));
        if let (Ok(mut terminate), Ok(mut hangup)) = (terminate, hangup) {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminate.recv() => {}
                _ = hangup.recv() => {}
            }
            return;
        }
    }
    // Without a handler, the signal's own way to end the process stays.
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}
