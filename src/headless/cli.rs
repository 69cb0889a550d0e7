//! The command line, as types. Help texts, completions and the man page all come from here.

use std::{path::PathBuf, time::Duration};

use clap::{Args, CommandFactory, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

use crate::engine::ImagePolicy;

/// A break-fix lab in a terminal: find the bugs of a broken shop (nginx, Flask, Postgres), each fix proved by the running containers.
#[derive(Debug, Parser)]
#[command(
    name = "breakfix",
    version,
    subcommand_help_heading = "Commands",
    after_help = "Without a command, the tutorial starts.\nExit codes: 0 works, 1 broken, 2 usage, 3 could not tell (engine, image, port, disk)."
)]
pub struct Cli {
    /// Options of every command.
    #[command(flatten)]
    pub global: Global,
    /// What to do; the tutorial when nothing is said.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// The tutorial's arguments, without its name.
    #[command(flatten)]
    pub learn: LearnArgs,
}

/// Options of every command.
#[derive(Debug, Clone, Args)]
pub struct Global {
    /// Address of the container engine, e.g. unix:///var/run/docker.sock [default: found]; several for check
    #[arg(long, global = true, value_name = "URL")]
    pub engine: Vec<String>,
    /// Where base images may come from
    #[arg(long, global = true, value_enum, default_value_t = Images::Auto)]
    pub images: Images,
    /// When to use colour
    #[arg(long, global = true, value_enum, default_value_t = ColorChoice::Auto)]
    pub color: ColorChoice,
    /// Say more; twice: say all
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,
}

/// Where base images may come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Images {
    /// Those that are here; else pulled; else built from Debian's packages
    Auto,
    /// Only those that are here
    Local,
    /// Those that are here; else pulled
    Pull,
    /// Those that are here; else built from Debian's packages
    Build,
}

impl From<Images> for ImagePolicy {
    fn from(images: Images) -> Self {
        match images {
            Images::Auto => Self::Auto,
            Images::Local => Self::Local,
            Images::Pull => Self::Pull,
            Images::Build => Self::Build,
        }
    }
}

/// When to use colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum ColorChoice {
    /// On a terminal, unless NO_COLOR is set
    #[default]
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// With a course.
    #[command(flatten)]
    Course(CourseCommand),
    /// Without one.
    #[command(flatten)]
    Plain(PlainCommand),
}

/// What is done with a course.
#[derive(Debug, Subcommand)]
pub enum CourseCommand {
    /// The tutorial
    Learn(LearnArgs),
    /// Grade directories: does the shop in them work?
    Check(CheckArgs),
    /// The course as a talk before a room
    Demo(DemoArgs),
    /// Prove the lessons on real containers: bugs, fixes and wrong turns
    Selftest(SelftestArgs),
    /// Start the lab's stack and give its database the tables
    Up(LabArgs),
    /// Remove what the lab started
    Down(DownArgs),
    /// Show the containers, and which links of the chain work
    Status(LabArgs),
    /// Show what the containers log
    Logs(LogsArgs),
    /// Open a shell in one of the lab's containers
    Shell(ShellArgs),
    /// Put files of the lab back to the broken stack's, keeping a copy
    Reset(ResetArgs),
    /// The story of this lab's debugging
    Hindsight(HindsightArgs),
    /// The working code and the story, as a folder for a repository of your own
    HandIn(HandInArgs),
    /// The base images: where they come from, and carrying them along
    Images(ImagesArgs),
    /// What is here, what is missing, what to type
    Doctor(DoctorArgs),
}

/// What is done without the course inside this program.
#[derive(Debug, Subcommand)]
pub enum PlainCommand {
    /// Validate a course, without Docker
    Lint(LintArgs),
    /// Print completions for a shell
    Completions {
        /// Which shell
        #[arg(value_enum)]
        shell: Shell,
    },
    /// Print the manual page
    Man,
}

/// `learn`
#[derive(Debug, Clone, Default, Args)]
pub struct LearnArgs {
    /// Lesson to open, e.g. host-port [default: where you left off]
    #[arg(value_name = "LESSON")]
    pub lesson: Option<String>,
    /// Print the settings, as they are now, and end
    #[arg(long)]
    pub print_config: bool,
    /// Line by line: for a screen reader, a dumb terminal, or a pipe
    #[arg(long)]
    pub plain: bool,
    /// Which lab.
    #[command(flatten)]
    pub lab: LabArgs,
}

/// `demo`
#[derive(Debug, Clone, Args)]
pub struct DemoArgs {
    /// Lesson to begin with, e.g. host-port
    #[arg(value_name = "LESSON")]
    pub lesson: Option<String>,
    /// Directory of the demo's own lab [default: ./systems-puzzle-demo]
    #[arg(long, value_name = "DIR")]
    pub lab: Option<PathBuf>,
    /// Go on by itself, so many seconds after each verdict
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    pub auto: Option<Duration>,
    /// Play a journal (a lab's .breakfix/journal.jsonl), without an engine
    #[arg(long, value_name = "FILE", conflicts_with_all = ["lesson", "auto"])]
    pub replay: Option<PathBuf>,
    /// How fast a journal is played
    #[arg(long, value_name = "FACTOR", default_value = "1", value_parser = factor, requires = "replay")]
    pub speed: u64,
    /// Write an asciinema recording of what the screen shows
    #[arg(long, value_name = "FILE")]
    pub cast: Option<PathBuf>,
    /// With --auto: keep the run, menus and all, for --replay
    #[arg(long, value_name = "FILE", requires = "auto")]
    pub record: Option<PathBuf>,
    /// The speaker's notes, in another terminal beside the demo
    #[arg(long, conflicts_with_all = ["lesson", "auto", "replay", "cast"])]
    pub notes: bool,
}

/// Which lab.
#[derive(Debug, Clone, Default, Args)]
pub struct LabArgs {
    /// Directory of the lab [default: here if this is a lab, else ./systems-puzzle]
    #[arg(long, value_name = "DIR")]
    pub lab: Option<PathBuf>,
}

/// `check`
#[derive(Debug, Args)]
pub struct CheckArgs {
    /// Directories that hold a compose file each
    #[arg(value_name = "DIR", default_value = ".")]
    pub dirs: Vec<PathBuf>,
    /// Judge only this lesson
    #[arg(long, value_name = "ID")]
    pub lesson: Option<String>,
    /// How the verdicts are printed
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub format: Format,
    /// How many directories at the same time [default: the engines' processors]
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=64))]
    pub jobs: Option<u16>,
    /// Give up on a directory after this many seconds
    #[arg(long, value_name = "SECONDS", default_value = PATIENCE, value_parser = seconds)]
    pub timeout: Duration,
    /// Leave the containers running, and say what they are called
    #[arg(long)]
    pub keep: bool,
}

/// Seconds that one directory, or one case, is given.
const PATIENCE: &str = "180";

impl CheckArgs {
    /// For one directory, as if nothing else were said.
    pub fn of(dir: PathBuf) -> Self {
        let timeout = seconds(PATIENCE).expect("a whole number");
        Self { dirs: vec![dir], lesson: None, format: Format::Human, jobs: None, timeout, keep: false }
    }
}

fn seconds(text: &str) -> Result<Duration, String> {
    match text.parse::<u32>() {
        Ok(seconds) if seconds > 0 => Ok(Duration::from_secs(seconds.into())),
        _ => Err("a whole number of seconds, 1 or more".to_owned()),
    }
}

/// A factor, as hundredths.
fn factor(text: &str) -> Result<u64, String> {
    match text.parse::<f64>() {
        Ok(factor) if (0.25..=100.0).contains(&factor) => Ok((factor * 100.0).round() as u64),
        _ => Err("a number from 0.25 to 100".to_owned()),
    }
}

/// How verdicts are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people
    Human,
    /// One JSON object
    Json,
    /// JUnit's XML, as CI servers read it
    Junit,
    /// The Test Anything Protocol
    Tap,
    /// GitHub's workflow commands
    Github,
}

/// `selftest`
#[derive(Debug, Args)]
pub struct SelftestArgs {
    /// Only this lesson [default: all]
    #[arg(value_name = "LESSON")]
    pub lesson: Option<String>,
    /// Only this case: `bug`, `fix`, or the id of a variant or a wrong turn; may be repeated
    #[arg(long = "case", value_name = "ID")]
    pub cases: Vec<String>,
    /// Directory that holds lessons/ and the stacks [default: the course inside this program]
    #[arg(long, value_name = "DIR")]
    pub course: Option<PathBuf>,
    /// How the results are printed
    #[arg(long, value_enum, default_value_t = SelftestFormat::Human)]
    pub format: SelftestFormat,
    /// How many cases at the same time [default: the engine's processors]
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=64))]
    pub jobs: Option<u16>,
    /// Start every case from nothing: slower, and proves that keeping the database server changes nothing
    #[arg(long)]
    pub fresh: bool,
    /// Give up on a case after this many seconds
    #[arg(long, value_name = "SECONDS", default_value = PATIENCE, value_parser = seconds)]
    pub timeout: Duration,
}

/// How the results of `selftest` are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum SelftestFormat {
    /// For people
    Human,
    /// One JSON object
    Json,
    /// JUnit's XML, as CI servers read it
    Junit,
}

/// `down`
#[derive(Debug, Args)]
pub struct DownArgs {
    /// Which lab.
    #[command(flatten)]
    pub lab: LabArgs,
    /// The database's volume too
    #[arg(long)]
    pub volumes: bool,
}

/// `doctor`
#[derive(Debug, Args)]
pub struct DoctorArgs {
    /// Whether this machine is ready for the demo before a room: engine, images, ports, disk, memory, proxy
    #[arg(long, conflicts_with = "fix")]
    pub room: bool,
    /// Get an engine where none answers: start the Podman or Docker that is installed, or install Docker (says what, and asks)
    #[arg(long)]
    pub fix: bool,
    /// With --fix: do it without a question
    #[arg(long, requires = "fix")]
    pub yes: bool,
    /// The tutorial asks for it, and takes the screen back after Enter.
    #[arg(long, hide = true, requires = "fix")]
    pub from_tutorial: bool,
    /// Which lab.
    #[command(flatten)]
    pub lab: LabArgs,
}

/// `logs`
#[derive(Debug, Args)]
pub struct LogsArgs {
    /// Only this service
    pub service: Option<String>,
    /// Go on until Ctrl-C
    #[arg(long, short)]
    pub follow: bool,
    /// How many lines of each container
    #[arg(long, value_name = "N", default_value_t = 200)]
    pub tail: usize,
    /// Which lab.
    #[command(flatten)]
    pub lab: LabArgs,
}

/// `shell`
#[derive(Debug, Args)]
pub struct ShellArgs {
    /// The service, e.g. nginx
    pub service: String,
    /// Which lab.
    #[command(flatten)]
    pub lab: LabArgs,
}

/// `reset`
#[derive(Debug, Args)]
pub struct ResetArgs {
    /// Files to put back, relative to the lab [default: all]
    #[arg(value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Which lab.
    #[command(flatten)]
    pub lab: LabArgs,
}

/// `hindsight`
#[derive(Debug, Args)]
pub struct HindsightArgs {
    /// Which lab.
    #[command(flatten)]
    pub lab: LabArgs,
    /// How it is written
    #[arg(long, value_enum, default_value_t = HindsightFormat::Md)]
    pub format: HindsightFormat,
}

/// How the hindsight report is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum HindsightFormat {
    /// Markdown
    Md,
    /// One HTML page that needs nothing else
    Html,
}

/// `hand-in`
#[derive(Debug, Args)]
pub struct HandInArgs {
    /// The folder to make
    #[arg(value_name = "DIR")]
    pub dir: PathBuf,
    /// Which lab.
    #[command(flatten)]
    pub lab: LabArgs,
}

/// `images`
#[derive(Debug, Args)]
pub struct ImagesArgs {
    /// What to do with them; `status` when nothing is said.
    #[command(subcommand)]
    pub action: Option<ImagesAction>,
}

/// What to do with the base images.
#[derive(Debug, Clone, Default, Subcommand)]
pub enum ImagesAction {
    /// Which are here, and where they came from
    #[default]
    Status,
    /// Pull them, replacing stand-ins
    Pull,
    /// Build stand-ins from Debian's packages for those that are absent
    Build,
    /// Write them into a file, with what the course's builds take from the internet
    Save {
        /// The file
        file: PathBuf,
    },
    /// Load them from such a file
    Load {
        /// The file
        file: PathBuf,
    },
}

/// `lint`
#[derive(Debug, Args)]
pub struct LintArgs {
    /// Directory that holds lessons/ and the stacks [default: the course inside this program]
    #[arg(value_name = "COURSE_DIR")]
    pub course: Option<PathBuf>,
}

impl Cli {
    /// Reads the command line. Usage errors print themselves and end the process with code 2; `--help` with 0.
    pub fn from_args() -> Self {
        let cli = Self::parse();
        if let (Some(_), Some(lesson)) = (&cli.command, &cli.learn.lesson) {
            Self::command()
                .error(
                    clap::error::ErrorKind::ArgumentConflict,
                    format!("`{lesson}` stands before the command: put what belongs to a command after it"),
                )
                .exit();
        }
        cli
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_definition_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn without_a_command_a_word_is_a_lesson() {
        let cli = Cli::try_parse_from(["breakfix", "host-port", "--lab", "x"]).unwrap();
        assert!(cli.command.is_none());
        assert_eq!(cli.learn.lesson.as_deref(), Some("host-port"));
        assert_eq!(cli.learn.lab.lab, Some(PathBuf::from("x")));
    }

    #[test]
    fn options_of_every_command_stand_before_or_after_it() {
        for args in [["breakfix", "--engine", "tcp://h:1", "check"], ["breakfix", "check", "--engine", "tcp://h:1"]] {
            let cli = Cli::try_parse_from(args).unwrap();
            assert_eq!(cli.global.engine, ["tcp://h:1"]);
            assert!(matches!(cli.command, Some(Command::Course(CourseCommand::Check(_)))));
        }
    }

    #[test]
    fn an_engine_may_be_named_more_than_once() {
        let args = ["breakfix", "check", "a", "--engine", "tcp://h:1", "--engine", "tcp://h:2", "b"];
        let cli = Cli::try_parse_from(args).unwrap();
        assert_eq!(cli.global.engine, ["tcp://h:1", "tcp://h:2"]);
    }

    #[test]
    fn check_looks_here_when_no_directory_is_given() {
        let cli = Cli::try_parse_from(["breakfix", "check"]).unwrap();
        let Some(Command::Course(CourseCommand::Check(args))) = cli.command else { panic!("not check") };
        assert_eq!(args.dirs, [PathBuf::from(".")]);
        assert_eq!(args.timeout, Duration::from_secs(180));
    }
}
