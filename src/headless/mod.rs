//! The commands without a screen: they run works and print. Also where each command of the command line begins.

mod check;
pub mod cli;
mod demo;
mod doctor;
mod fix;
mod hand_in;
mod images;
mod lab;
mod room;
mod selftest;
mod shell;
mod terminal;
mod tracing;
mod verdicts;

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use clap::CommandFactory;
pub use terminal::{Paint, print, render_error};

use self::cli::{Cli, ColorChoice, Command, CourseCommand, HindsightFormat, LabArgs, LearnArgs, PlainCommand};
use crate::{
    conductor,
    course::{self, Course},
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
    /// The lab that is meant: the one that is named, else this directory where it is one, else the course's default name.
    fn lab(&self, args: &LabArgs) -> PathBuf {
        match args.lab.as_ref().or(self.lab.as_ref()) {
            Some(dir) => dir.clone(),
            None if Path::new(".breakfix").is_dir() => PathBuf::from("."),
            None => PathBuf::from(&self.course.id),
        }
    }
}

/// Runs the command that was asked for, and gives the exit code.
///
/// # Errors
/// Whatever the command meets: see [`Error::exit_code`].
pub async fn run(cli: Cli) -> Result<u8> {
    let command = match cli.command {
        Some(Command::Plain(command)) => return plain(&command, Paint::stdout(cli.global.color)),
        Some(Command::Course(command)) => command,
        None => CourseCommand::Learn(cli.learn.clone()),
    };
    let engines = cli.global.engine;
    if engines.len() > 1 && !matches!(command, CourseCommand::Check(_)) {
        return Err(Error::usage("several engines are named, and only check works on several")
            .suggest("one --engine URL, or: breakfix check --engine URL --engine URL DIR..."));
    }
    let context = Context {
        engine: engines.first().cloned(),
        engines,
        images: cli.global.images.into(),
        color: cli.global.color,
        verbose: cli.global.verbose,
        course: Arc::new(Course::embedded()?),
        lab: cli.learn.lab.lab,
    };
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
        CourseCommand::Check(args) => check::check(context, &args).await,
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
            or_signal(room::room(context, &context.demo_lab(args.lab.lab.as_deref()))).await
        }
        CourseCommand::Doctor(args) if args.fix => or_signal(fix::fix(context, &context.lab(&args.lab), &args)).await,
        CourseCommand::Doctor(args) => or_signal(doctor::doctor(context, &context.lab(&args.lab))).await,
    }
}

fn plain(command: &PlainCommand, paint: Paint) -> Result<u8> {
    match command {
        PlainCommand::Lint(args) => lint(args.course.as_deref(), paint),
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
        return print(&tui::Config::load()?.explained()).map(|()| 0);
    }
    if let Some(lesson) = &args.lesson {
        context.course.lesson_or_error(lesson).map_err(|error| {
            // A mistyped command looks like a lesson, too.
            error.suggest("breakfix --help   lists the commands")
        })?;
    }
    let conductor = conductor::Options {
        lab: context.lab(&args.lab),
        engine: context.engine.clone(),
        images: context.images,
        course: Arc::clone(&context.course),
    };
    let plain = args.plain || std::env::var_os("TERM").is_some_and(|term| term == "dumb");
    let color = tui_color(context.color);
    let config = tui::Config::load()?;
    tui::run(tui::Options { conductor, lesson: args.lesson, color, config, plain }).await.map(|()| 0)
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

fn lint(dir: Option<&Path>, paint: Paint) -> Result<u8> {
    if let Some(dir) = dir
        && !dir.is_dir()
    {
        return Err(Error::usage(format!("{} is not a directory", dir.display())));
    }
    let findings = course::lint(dir);
    let errors = findings.iter().filter(|finding| finding.severity == crate::compose::Severity::Error).count();
    for finding in &findings {
        print(&format!("{}\n", terminal::clean_lines(&finding.to_string())))?;
    }
    if findings.is_empty() {
        print(&format!("{}\n", paint.good("nothing to complain about")))?;
    }
    Ok(u8::from(errors > 0))
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
