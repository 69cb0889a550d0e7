//! The command line, as types. Help texts, completions and the man page all come from here.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use clap::{Args, CommandFactory, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

use super::shard::Shard;
use crate::{course::Class, engine::ImagePolicy};

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
    /// Which course: a name that `breakfix courses` lists, a directory, or a .tar.gz [default: the lab's own, else systems-puzzle]
    #[arg(long, global = true, value_name = "NAME|DIR|FILE", env = "BREAKFIX_COURSE", hide_env_values = true)]
    pub course: Option<String>,
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
    /// Make a course of your own: begin it, look at it, prove it, pack it
    #[command(name = "course")]
    Author {
        /// What is done.
        #[command(subcommand)]
        action: AuthorAction,
    },
}

/// What is done with a course.
#[derive(Debug, Subcommand)]
pub enum CourseCommand {
    /// The tutorial
    Learn(LearnArgs),
    /// Grade directories: does the shop in them work?
    Check(CheckArgs),
    /// Put the parts of a check together that was spread over machines, and say what is missing
    Merge(MergeArgs),
    /// How a class worked: six figures, each with who, and who is stuck now
    Class(ClassArgs),
    /// An incident that nobody has seen before: drawn, proved on containers, and told as a ticket
    Practice(PracticeArgs),
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

impl CourseCommand {
    /// The lab that the command is told to work on, if any.
    pub fn lab(&self) -> Option<&Path> {
        let lab = match self {
            Self::Learn(args) => &args.lab.lab,
            Self::Demo(args) => &args.lab,
            Self::Practice(args) => &args.lab.lab,
            Self::Up(args) | Self::Status(args) => &args.lab,
            Self::Down(args) => &args.lab.lab,
            Self::Logs(args) => &args.lab.lab,
            Self::Shell(args) => &args.lab.lab,
            Self::Reset(args) => &args.lab.lab,
            Self::Hindsight(args) => &args.lab.lab,
            Self::HandIn(args) => &args.lab.lab,
            Self::Doctor(args) => &args.lab.lab,
            Self::Check(_) | Self::Merge(_) | Self::Class(_) | Self::Selftest(_) | Self::Images(_) => &None,
        };
        lab.as_deref()
    }
}

/// What is done without a course, or with its files alone.
#[derive(Debug, Subcommand)]
pub enum PlainCommand {
    /// List the courses that there are to choose from
    Courses,
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

/// `course`
#[derive(Debug, Subcommand)]
pub enum AuthorAction {
    /// Make a small course that works, to begin with
    New {
        /// The directory; the course is called after it
        #[arg(value_name = "DIR")]
        dir: PathBuf,
    },
    /// Show every page as a learner will see it, and again at each save; without an engine
    Preview {
        /// The course's directory, or its .tar.gz
        #[arg(value_name = "DIR")]
        dir: PathBuf,
        /// Print all pages, one below the other, and end
        #[arg(long)]
        print: bool,
    },
    /// Prove it: lint, and all bugs, fixes and wrong turns on real containers, twice
    Prove(ProveArgs),
    /// Pack it into one file, for handing on
    Pack {
        /// The course's directory
        #[arg(value_name = "DIR")]
        dir: PathBuf,
        /// The file [default: named as the directory, with .tar.gz]
        #[arg(value_name = "FILE")]
        file: Option<PathBuf>,
    },
}

/// `course prove`
#[derive(Debug, Args)]
pub struct ProveArgs {
    /// The course's directory, or its .tar.gz
    #[arg(value_name = "DIR")]
    pub dir: PathBuf,
    /// Write the report, as Markdown, to this file
    #[arg(long, value_name = "FILE")]
    pub report: Option<PathBuf>,
    /// How many cases at the same time [default: the engine's processors]
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=64))]
    pub jobs: Option<u16>,
    /// Give up on a case after this many seconds
    #[arg(long, value_name = "SECONDS", default_value = PATIENCE, value_parser = seconds)]
    pub timeout: Duration,
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
    /// Directory of the demo's own lab [default: one that is called as the course, with -demo]
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

/// `practice`
#[derive(Debug, Args)]
pub struct PracticeArgs {
    /// Only this class of cause: name, port, address, order, value, identity, staleness, lifetime
    #[arg(long, value_name = "WORD", value_parser = class)]
    pub class: Option<Class>,
    /// Only faults that are so hard: 1 to 3
    #[arg(long, value_name = "1..3", value_parser = clap::value_parser!(u8).range(1..=3))]
    pub level: Option<u8>,
    /// How many faults at once: 1 or 2
    #[arg(long, value_name = "1|2", default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=2))]
    pub faults: u8,
    /// The same seed gives the same incident, on any machine [default: another one each time]
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// A seed that is made from a name: each of a class has one of their own
    #[arg(long, value_name = "NAME", conflicts_with = "seed")]
    pub seed_from: Option<String>,
    /// The class that is due, if one is
    #[arg(long, conflicts_with_all = ["class", "seed", "seed_from"])]
    pub due: bool,
    /// How it went so far, class by class
    #[arg(long, conflicts_with_all = ["due", "prove", "prove_faults", "headless", "exam"])]
    pub stats: bool,
    /// Make the incident in this directory, print its ticket as JSON, and end
    #[arg(long, value_name = "DIR", conflicts_with_all = ["prove", "prove_faults", "exam"])]
    pub headless: Option<PathBuf>,
    /// So many incidents in a row; nothing is told before the end
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=50), conflicts_with_all = ["prove", "prove_faults"])]
    pub exam: Option<u16>,
    /// Minutes that an exam takes at most
    #[arg(long, value_name = "M", default_value_t = 60, requires = "exam", value_parser = clap::value_parser!(u32).range(1..=600))]
    pub minutes: u32,
    /// Write the sheet of an exam to this file, and as a page beside it [default: exam-SEED.json]
    #[arg(long, value_name = "FILE", requires = "exam")]
    pub sheet: Option<PathBuf>,
    /// Prove so many seeds, from --seed or 0 on, and say what was thrown away and why
    #[arg(long, value_name = "N", conflicts_with = "prove_faults")]
    pub prove: Option<u32>,
    /// Prove each fault's right fixes, and that what only seems to be one is none; of these faults, or of all
    #[arg(long, value_name = "ID", num_args = 0..)]
    pub prove_faults: Option<Vec<String>>,
    /// The tutorial waits for its end, with its own screen
    #[arg(long, hide = true)]
    pub from_tutorial: bool,
    /// Give up on one state of a stack after this many seconds
    #[arg(long, value_name = "SECONDS", default_value = PATIENCE, value_parser = seconds)]
    pub timeout: Duration,
    /// Which lab.
    #[command(flatten)]
    pub lab: LabArgs,
}

fn class(word: &str) -> Result<Class, String> {
    let known = Class::ALL.map(Class::word).join(", ");
    Class::ALL.into_iter().find(|class| class.word() == word).ok_or_else(|| format!("one of {known}"))
}

/// Which lab.
#[derive(Debug, Clone, Default, Args)]
pub struct LabArgs {
    /// Directory of the lab [default: here if this is a lab, else one that is called as the course]
    #[arg(long, value_name = "DIR")]
    pub lab: Option<PathBuf>,
}

/// How verdicts are told, by whichever command found them.
#[derive(Debug, Args)]
pub struct OutputArgs {
    /// How the verdicts are printed
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub format: Format,
    /// Write the verdicts to a file, too; may be repeated
    #[arg(long = "report", value_name = "FORMAT=FILE", value_parser = report)]
    pub reports: Vec<(Format, PathBuf)>,
    /// What a lesson is worth in a gradebook: host-port=2,app-port=1 [default: 1 each]
    #[arg(long, value_name = "LESSON=POINTS")]
    pub points: Vec<String>,
}

/// `check`
#[derive(Debug, Args)]
pub struct CheckArgs {
    /// Directories that hold a compose file each; `-` reads them from standard input, a line each
    #[arg(value_name = "DIR", default_value = ".")]
    pub dirs: Vec<PathBuf>,
    /// Judge only this lesson
    #[arg(long, value_name = "ID")]
    pub lesson: Option<String>,
    /// The directory holds an incident of `practice`: judge it by what that has to do
    #[arg(long, conflicts_with = "lesson")]
    pub practice: bool,
    /// How the verdicts are told.
    #[command(flatten)]
    pub output: OutputArgs,
    /// Say for each link and check what was asked, what came, what was wanted, and how to see it oneself
    #[arg(long)]
    pub explain: bool,
    /// Write each verdict to a file of its own in this directory, as soon as it is there
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Take up a run that was cut off: what --out, or --report jsonl=FILE, has a verdict on is not graded again, unless it was
    /// changed or could not be told
    #[arg(long)]
    pub resume: bool,
    /// Grade a part of the directories: 2/7, or `auto` in a job array, auto/7 where the array does not say how many
    #[arg(long, value_name = "K/N", value_parser = Shard::parse)]
    pub shard: Option<Shard>,
    /// How many directories at the same time [default: the engines' processors]
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=64))]
    pub jobs: Option<u16>,
    /// Give up on a directory after this many seconds
    #[arg(long, value_name = "SECONDS", default_value = PATIENCE, value_parser = seconds)]
    pub timeout: Duration,
    /// Ask pages that need scripts with this browser of the Chromium family: chromium, google-chrome
    #[arg(long, value_name = "PROGRAM")]
    pub browser: Option<PathBuf>,
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
        Self {
            dirs: vec![dir],
            lesson: None,
            practice: false,
            output: OutputArgs { format: Format::Human, reports: vec![], points: vec![] },
            explain: false,
            out: None,
            resume: false,
            shard: None,
            jobs: None,
            timeout,
            browser: None,
            keep: false,
        }
    }
}

fn seconds(text: &str) -> Result<Duration, String> {
    match text.parse::<u32>() {
        Ok(seconds) if seconds > 0 => Ok(Duration::from_secs(seconds.into())),
        _ => Err("a whole number of seconds, 1 or more".to_owned()),
    }
}

/// `junit=report.xml`
fn report(text: &str) -> Result<(Format, PathBuf), String> {
    let (format, file) = text.split_once('=').ok_or("a format and a file: junit=report.xml")?;
    let format = Format::from_str(format, true)?;
    match (format, file) {
        (Format::Human, _) => Err("a report for people goes to the terminal only".to_owned()),
        (_, "") => Err(format!("{text} names no file")),
        _ => Ok((format, file.into())),
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
    /// A line of JSON for each verdict, as soon as it is there
    Jsonl,
    /// A table for a spreadsheet
    Csv,
    /// The Common Test Report Format
    Ctrf,
    /// Classroom 50's result.json
    Classroom50,
    /// Gradescope's results.json
    Gradescope,
    /// PrairieLearn's results.json
    Prairielearn,
    /// Autolab's line of scores
    Autolab,
}

impl Format {
    /// Its name on the command line.
    pub fn name(self) -> String {
        self.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned())
    }

    /// Whether it holds the verdict on one directory only.
    pub fn takes_one(self) -> bool {
        matches!(self, Self::Classroom50 | Self::Gradescope | Self::Prairielearn | Self::Autolab)
    }
}

/// `merge`
#[derive(Debug, Args)]
pub struct MergeArgs {
    /// Files of `check --format jsonl`, or of its --out
    #[arg(value_name = "FILE", required = true)]
    pub files: Vec<PathBuf>,
    /// How the verdicts are told.
    #[command(flatten)]
    pub output: OutputArgs,
}

/// `class`
#[derive(Debug, Args)]
pub struct ClassArgs {
    /// Labs, folders with labs in them, and verdicts: files of `check --format jsonl`, or folders of its --out
    #[arg(value_name = "DIR", required = true)]
    pub dirs: Vec<PathBuf>,
    /// How the figures are told; for people: on a screen to walk through where there is a terminal
    #[arg(long, value_enum, default_value_t = ClassFormat::Human)]
    pub format: ClassFormat,
    /// Write the figures to a file, too; may be repeated
    #[arg(long = "report", value_name = "FORMAT=FILE", value_parser = class_report)]
    pub reports: Vec<(ClassFormat, PathBuf)>,
    /// Look again and again, and show who is stuck now: no headway for five minutes
    #[arg(long)]
    pub watch: bool,
}

/// How the figures of a class are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ClassFormat {
    /// For people
    Human,
    /// One page with plots that needs nothing else
    Html,
    /// A table for a spreadsheet
    Csv,
    /// One JSON object
    Json,
}

/// `html=class.html`
fn class_report(text: &str) -> Result<(ClassFormat, PathBuf), String> {
    let (format, file) = text.split_once('=').ok_or("a format and a file: html=class.html")?;
    match (ClassFormat::from_str(format, true)?, file) {
        (ClassFormat::Human, _) => Err("figures for people go to the terminal only".to_owned()),
        (_, "") => Err(format!("{text} names no file")),
        (format, file) => Ok((format, file.into())),
    }
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
    /// The course's directory, or its .tar.gz [default: what --course says, else systems-puzzle]
    #[arg(value_name = "COURSE_DIR")]
    pub dir: Option<PathBuf>,
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
