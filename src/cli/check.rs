//! `breakfix check`: grades directories, side by side, and writes each verdict when it is there.

use std::{
    io::{self, BufRead, IsTerminal},
    path::PathBuf,
    sync::Arc,
    time::Duration,
};

use futures_util::future::join_all;
use tokio_util::sync::CancellationToken;

use super::{
    Context,
    args::{CheckArgs, Format},
    formats::{self, Record, Scale},
    results::{self, Head, Known, Lines},
    shard,
    terminal::{Paint, ProgressLine, clean, note, print, render_error},
    verdicts,
};
use crate::{
    conductor::{self, CheckOptions, News, PoolOptions, SubmissionReport},
    diagnosis::Verdict,
    engine::{Engine, Progress},
    error::{Error, Result},
    probe::BrowserProgram,
};

/// How long removing what earlier checks left behind may take: it keeps nobody waiting for a verdict.
const SWEEP_WITHIN: Duration = Duration::from_secs(30);

/// Runs the command; gives the exit code.
///
/// # Errors
/// Usage: a directory or the lesson does not exist, or a gradebook takes one directory and several are named. Environment: standard
/// output, or a file, cannot be written.
pub async fn check(context: &Context, args: &CheckArgs) -> Result<u8> {
    let scale = Scale::new(&context.course, args.lesson.as_deref(), &args.output.points)?;
    let (dirs, head) = directories(args)?;
    if let Some(lesson) = &args.lesson {
        context.course.lesson_or_error(lesson)?;
    }
    if args.explain && args.output.format != Format::Human {
        return Err(Error::usage("--explain is for people, and another --format is asked for")
            .suggest("leave --format away, and write the other one beside: --report junit=FILE"));
    }
    let formats = args.output.reports.iter().map(|(format, _)| *format).chain([args.output.format]);
    if let Some(format) = formats.filter(|format| format.takes_one()).find(|_| dirs.len() != 1) {
        return Err(formats::one_only(format, dirs.len()));
    }
    let cancel = CancellationToken::new();
    let records = or_second_signal(grade(context, args, &dirs, head.as_ref(), cancel.clone()), &cancel).await?;
    let out = Paint::stdout(context.color);
    if args.output.format == Format::Human && records.len() > 1 {
        print(&verdicts::table(&records, out))?;
    }
    // Lines were written one by one.
    let whole: Vec<_> = args.output.reports.iter().filter(|(format, _)| *format != Format::Jsonl).cloned().collect();
    let format = if args.output.format == Format::Jsonl { Format::Human } else { args.output.format };
    write(&records, format, &whole, &scale)?;
    let code = exit_code(records.iter().map(|record| record.verdict));
    Ok(if cancel.is_cancelled() { Error::cancelled().exit_code() } else { code })
}

/// Prints the records in a format for programs, and writes them to files. A gradebook's file that would hold no mark is not there.
///
/// # Errors
/// Environment: standard output, or a file, cannot be written. Usage: a gradebook takes one directory.
pub(super) fn write(records: &[Record], format: Format, files: &[(Format, PathBuf)], scale: &Scale) -> Result<()> {
    for (format, file) in files {
        let text = formats::render(*format, records, scale)?;
        let written =
            if text.is_empty() && file.exists() { std::fs::remove_file(file) } else { std::fs::write(file, text) };
        written.map_err(|cause| Error::environment(format!("{} cannot be written", file.display())).because(cause))?;
    }
    print(&formats::render(format, records, scale)?)
}

/// The directories that are meant, and, where they are a part, what belongs to the whole.
fn directories(args: &CheckArgs) -> Result<(Vec<PathBuf>, Option<Head>)> {
    let mut dirs = Vec::new();
    for dir in &args.dirs {
        if dir.as_os_str() == "-" {
            let lines: Vec<String> = io::stdin()
                .lock()
                .lines()
                .collect::<io::Result<_>>()
                .map_err(|cause| Error::environment("standard input cannot be read").because(cause))?;
            dirs.extend(lines.into_iter().filter(|line| !line.is_empty()).map(PathBuf::from));
        } else {
            dirs.push(dir.clone());
        }
    }
    if let Some(dir) = dirs.iter().find(|dir| !dir.is_dir()) {
        return Err(Error::usage(format!("{} is not a directory", dir.display())));
    }
    let Some(shard) = args.shard else { return Ok((dirs, None)) };
    let shard = shard.resolve(&|name| std::env::var(name).ok())?;
    let directories = dirs.iter().map(|dir| dir.display().to_string()).collect();
    Ok((shard::part(&dirs, shard), Some(Head { shard, directories })))
}

/// Where verdicts go as soon as they are there.
struct Outlets<'a> {
    context: &'a Context,
    args: &'a CheckArgs,
    out: Paint,
    lines: Vec<Lines>,
    /// Verdicts for people, in the order in which the directories were named: those that wait for others before them.
    waiting: Vec<Option<String>>,
    told: usize,
    done: usize,
}

impl<'a> Outlets<'a> {
    fn open(
        context: &'a Context,
        args: &'a CheckArgs,
        head: Option<&Head>,
        known: &[Option<Record>],
        out: Paint,
    ) -> Result<Self> {
        let mut text = head.map(formats::line).unwrap_or_default();
        text.extend(known.iter().flatten().map(formats::line));
        if args.output.format == Format::Jsonl {
            print(&text)?;
        }
        let files = args.output.reports.iter().filter(|(format, _)| *format == Format::Jsonl);
        let lines = files.map(|(_, file)| Lines::begin(file, &text)).collect::<Result<_>>()?;
        if let Some(dir) = &args.out {
            std::fs::create_dir_all(dir)
                .map_err(|cause| Error::environment(format!("{} cannot be made", dir.display())).because(cause))?;
        }
        let waiting = known.iter().map(|known| known.as_ref().map(|record| verdicts::before(record, out))).collect();
        Ok(Self { context, args, out, lines, waiting, told: 0, done: 0 })
    }

    fn add(&mut self, at: usize, submission: &SubmissionReport, record: &Record) -> Result<()> {
        aside(submission, self.context);
        let line = formats::line(record);
        for lines in &mut self.lines {
            lines.add(&line)?;
        }
        if let Some(out) = &self.args.out {
            results::write_own(out, record, &line)?;
        }
        if self.args.output.format == Format::Jsonl {
            print(&line)?;
        }
        let explained = self.args.explain.then_some(&*self.context.course);
        self.waiting[at] = Some(verdicts::human(submission, explained, self.out));
        self.done += 1;
        // With a terminal, the line that moves tells it.
        if self.waiting.len() > 1 && !io::stderr().is_terminal() {
            let verdict = verdicts::verdict_word(record.verdict, Paint::none());
            note(&format!("{} of {}: {}  {verdict}", self.done, self.waiting.len(), clean(&record.dir)));
        }
        self.flush()
    }

    /// Prints for people whatever has nothing to wait for any more.
    fn flush(&mut self) -> Result<()> {
        while let Some(text) = self.waiting.get_mut(self.told).and_then(Option::take) {
            if self.args.output.format == Format::Human {
                print(&text)?;
            }
            self.told += 1;
        }
        Ok(())
    }
}

/// Grades the directories; gives a record for each, in their order. Without an engine nothing can be told of any.
pub(super) async fn grade(
    context: &Context,
    args: &CheckArgs,
    dirs: &[PathBuf],
    head: Option<&Head>,
    cancel: CancellationToken,
) -> Result<Vec<Record>> {
    let keep =
        args.out.is_some() || args.resume || args.output.format == Format::Jsonl || !args.output.reports.is_empty();
    let print_of =
        |dir: &PathBuf| keep.then(|| results::fingerprint(dir, args.lesson.as_deref().unwrap_or_default()))?;
    let fingerprints: Vec<Option<String>> = dirs.iter().map(print_of).collect();
    let known = known(args)?;
    let mut records: Vec<Option<Record>> =
        dirs.iter().zip(&fingerprints).map(|(dir, print)| known.of(dir, print.as_deref()).cloned()).collect();
    let left: Vec<usize> = (0..dirs.len()).filter(|at| records[*at].is_none()).collect();
    let mut outlets = Outlets::open(context, args, head, &records, Paint::stdout(context.color))?;
    outlets.flush()?;
    let mut told = |at: usize, submission: SubmissionReport| {
        let at = left[at];
        let mut record = Record::from(&submission);
        record.fingerprint.clone_from(&fingerprints[at]);
        outlets.add(at, &submission, &record)?;
        records[at] = Some(record);
        Ok(())
    };
    let asked: Vec<PathBuf> = left.iter().map(|at| dirs[*at].clone()).collect();
    if !asked.is_empty() {
        match engines(context).await {
            Ok(engines) => graded(context, args, &asked, engines, cancel, &mut told).await?,
            Err(error) => {
                note(render_error(&error, Paint::stderr(context.color)).trim_end());
                for (at, dir) in asked.iter().enumerate() {
                    told(at, conductor::not_checked(dir, &context.course, &error))?;
                }
            }
        }
    }
    Ok(records.into_iter().flatten().collect())
}

/// What an earlier run found, where it is to be taken up.
fn known(args: &CheckArgs) -> Result<Known> {
    let mut known = Known::default();
    if !args.resume {
        return Ok(known);
    }
    let mut files = args.output.reports.iter().filter(|(format, _)| *format == Format::Jsonl).peekable();
    if args.out.is_none() && files.peek().is_none() {
        return Err(Error::usage("--resume has nothing to go on from")
            .suggest("--out DIR, or --report jsonl=FILE, as in the run that was cut off"));
    }
    for (_, file) in files {
        known.add(file)?;
    }
    if let Some(dir) = &args.out {
        known.add_all(dir)?;
    }
    Ok(known)
}

/// The engines that are named, else the one that is found. One of several that does not answer is told and left aside.
async fn engines(context: &Context) -> Result<Vec<Engine>> {
    if context.engines.len() < 2 {
        return Ok(vec![Engine::find(context.engine.as_deref()).await?]);
    }
    let found = join_all(context.engines.iter().map(|url| Engine::find(Some(url)))).await;
    let (mut engines, mut last) = (Vec::new(), None);
    for one in found {
        match one {
            Ok(engine) => engines.push(engine),
            Err(error) => {
                note(render_error(&error, Paint::stderr(context.color)).trim_end());
                last = Some(error);
            }
        }
    }
    last.filter(|_| engines.is_empty()).map_or(Ok(engines), Err)
}

async fn graded(
    context: &Context,
    args: &CheckArgs,
    dirs: &[PathBuf],
    engines: Vec<Engine>,
    cancel: CancellationToken,
    mut told: impl FnMut(usize, SubmissionReport) -> Result<()>,
) -> Result<()> {
    let line = ProgressLine::start(context.verbose > 0);
    for engine in &engines {
        sweep(engine, line.progress()).await;
    }
    let browser = args.browser.as_deref().map(BrowserProgram::find).transpose()?;
    let each = CheckOptions {
        engine: engines[0].clone(),
        course: Arc::clone(&context.course),
        images: context.images,
        timeout: args.timeout,
        keep: args.keep,
        alone: false,
        lesson: args.lesson.clone(),
        browser,
        cancel,
    };
    let pool = PoolOptions { engines, jobs: args.jobs.map(usize::from), each };
    let told = |news: News<'_>| {
        line.clear();
        let name = |engine: &Engine| clean(&engine.info.url);
        match news {
            News::Graded(at, submission) => told(at, *submission)?,
            News::Gone(engine) => note(&format!("{} does not answer any more: its work moves on", name(engine))),
            News::Back(engine) => note(&format!("{} answers again", name(engine))),
        }
        Ok(())
    };
    conductor::check_pool(dirs, &pool, line.progress(), told).await?;
    line.finish().await;
    Ok(())
}

/// How much is done side by side: as much as asked for, or as the engine has processors.
pub(super) fn jobs(engine: &Engine, asked: Option<u16>) -> usize {
    asked.map_or_else(|| usize::try_from(engine.info.cpus).unwrap_or(1).max(1), usize::from)
}

/// Removes what was left behind when a process was killed.
pub(super) async fn sweep(engine: &Engine, progress: &Progress) {
    match tokio::time::timeout(SWEEP_WITHIN, conductor::sweep(engine, progress)).await {
        Ok(Ok(_)) => {}
        Ok(Err(error)) => note(&format!("what an earlier check left behind could not be removed: {error}")),
        Err(_) => note("what an earlier check left behind could not be removed: the engine does not answer"),
    }
}

/// What belongs beside the verdict: what was kept, what could not be removed, and with `-v` where the time went.
fn aside(submission: &SubmissionReport, context: &Context) {
    let dir = super::terminal::clean(&submission.dir.display().to_string());
    if let Some(project) = &submission.kept {
        note(&format!("{dir} is left running; to remove it: docker compose -p {project} down --volumes"));
    }
    if let Some(left) = &submission.left_behind {
        note(render_error(&left.error, Paint::stderr(context.color)).trim_end());
    }
    if context.verbose > 0 {
        let phases: Vec<_> = submission.phases.iter().map(|(name, seconds)| format!("{name} {seconds:.2}")).collect();
        note(&format!("{dir}: {}", phases.join(", ")));
    }
}

/// 1 when one is broken, else 3 when one could not be told, else 0.
pub(super) fn exit_code(verdicts: impl Iterator<Item = Verdict>) -> u8 {
    let code = |verdict| match verdict {
        Verdict::Works => 0,
        Verdict::Broken => 1,
        Verdict::Unknown => 3,
    };
    let codes: Vec<u8> = verdicts.map(code).collect();
    if codes.contains(&1) { 1 } else { codes.into_iter().max().unwrap_or(0) }
}

/// Does the work. The first signal cancels it, and then it removes what it started; a second one leaves it where it stands.
pub(super) async fn or_second_signal<T>(
    work: impl Future<Output = Result<T>>,
    cancel: &CancellationToken,
) -> Result<T> {
    let signals = async {
        super::signal().await;
        note("ending, and removing what was started …");
        cancel.cancel();
        super::signal().await;
        note("ended at once; the next check removes what is left");
    };
    tokio::select! {
        result = work => result,
        () = signals => Err(Error::cancelled()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_broken_submission_decides_then_one_that_could_not_be_told() {
        use Verdict::{Broken, Unknown, Works};
        for (verdicts, code) in [(vec![Works, Works], 0), (vec![Works, Unknown], 3), (vec![Unknown, Broken, Works], 1)]
        {
            assert_eq!(exit_code(verdicts.into_iter()), code);
        }
    }
}
