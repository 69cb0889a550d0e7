//! `breakfix check`: grades directories, side by side, and prints their verdicts in the order in which they were named.

use std::sync::Arc;

use futures_util::future::join_all;
use tokio_util::sync::CancellationToken;

use super::{
    Context,
    cli::{CheckArgs, Format},
    terminal::{Paint, ProgressLine, note, print, render_error},
    verdicts,
};
use crate::{
    conductor::{self, CheckOptions, ClassOptions, SubmissionReport},
    diagnosis::Verdict,
    engine::{Engine, Progress},
    error::{Error, Result},
};

/// Runs the command; gives the exit code.
///
/// # Errors
/// Usage: a directory or the lesson does not exist. Environment: standard output cannot be written.
pub async fn check(context: &Context, args: &CheckArgs) -> Result<u8> {
    for dir in &args.dirs {
        if !dir.is_dir() {
            return Err(Error::usage(format!("{} is not a directory", dir.display())));
        }
    }
    if let Some(lesson) = &args.lesson {
        context.course.lesson_or_error(lesson)?;
    }
    let out = Paint::stdout(context.color);
    let cancel = CancellationToken::new();
    let signals = tokio::spawn(cancel_on_signal(cancel.clone()));
    let submissions = submissions(context, args, cancel.clone(), out).await?;
    signals.abort();
    match args.format {
        Format::Human => {
            if submissions.len() > 1 {
                print(&verdicts::table(&submissions, out))?;
            }
        }
        Format::Json => print(&verdicts::json(&submissions))?,
        Format::Junit => print(&verdicts::junit(&submissions))?,
        Format::Tap => print(&verdicts::tap(&submissions))?,
        Format::Github => print(&verdicts::github(&submissions))?,
    }
    Ok(if cancel.is_cancelled() { Error::cancelled().exit_code() } else { exit_code(&submissions) })
}

/// Grades the directories, and prints each verdict for people as it comes. Without an engine nothing can be told of any.
pub(super) async fn submissions(
    context: &Context,
    args: &CheckArgs,
    cancel: CancellationToken,
    out: Paint,
) -> Result<Vec<SubmissionReport>> {
    match engines(context).await {
        Ok(engines) => graded(context, args, engines, cancel, out).await,
        Err(error) => {
            let submissions: Vec<_> =
                args.dirs.iter().map(|dir| conductor::not_checked(dir, &context.course, &error)).collect();
            if args.format == Format::Human {
                note(render_error(&error, Paint::stderr(context.color)).trim_end());
                for submission in &submissions {
                    print(&verdicts::human(submission, out))?;
                }
            }
            Ok(submissions)
        }
    }
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
    engines: Vec<Engine>,
    cancel: CancellationToken,
    out: Paint,
) -> Result<Vec<SubmissionReport>> {
    let line = ProgressLine::start(context.verbose > 0);
    for engine in &engines {
        sweep(engine, line.progress()).await;
    }
    let each = CheckOptions {
        engine: engines[0].clone(),
        course: Arc::clone(&context.course),
        images: context.images,
        timeout: args.timeout,
        keep: args.keep,
        lesson: args.lesson.clone(),
        cancel,
    };
    let class = ClassOptions { engines, jobs: args.jobs.map(usize::from), each };
    let told = |submission: &SubmissionReport| {
        aside(submission, context);
        if args.format != Format::Human {
            return Ok(());
        }
        line.clear();
        print(&verdicts::human(submission, out))
    };
    let submissions = conductor::check_class(&args.dirs, &class, line.progress(), told).await?;
    line.finish().await;
    Ok(submissions)
}

/// How much is done side by side: as much as asked for, or as the engine has processors.
pub(super) fn jobs(engine: &Engine, asked: Option<u16>) -> usize {
    asked.map_or_else(|| usize::try_from(engine.info.cpus).unwrap_or(1).max(1), usize::from)
}

/// Removes what was left behind when a process was killed.
pub(super) async fn sweep(engine: &Engine, progress: &Progress) {
    if let Err(error) = conductor::sweep(engine, progress).await {
        note(&format!("what an earlier check left behind could not be removed: {error}"));
    }
}

/// What belongs beside the verdict: what was kept, what could not be removed, and with `-v` where the time went.
fn aside(submission: &SubmissionReport, context: &Context) {
    let dir = super::terminal::clean(&submission.dir.display().to_string());
    if let Some(project) = &submission.kept {
        note(&format!("{dir} is left running; to remove it: docker compose -p {project} down --volumes"));
    }
    if let Some(error) = &submission.left_behind {
        note(render_error(error, Paint::stderr(context.color)).trim_end());
    }
    if context.verbose > 0 {
        let phases: Vec<_> = submission.phases.iter().map(|(name, seconds)| format!("{name} {seconds:.2}")).collect();
        note(&format!("{dir}: {}", phases.join(", ")));
    }
}

/// 1 when one is broken, else 3 when one could not be told, else 0.
pub(super) fn exit_code(submissions: &[SubmissionReport]) -> u8 {
    let any = |verdict| submissions.iter().any(|submission| submission.report.verdict == verdict);
    if any(Verdict::Broken) {
        1
    } else if any(Verdict::Unknown) {
        3
    } else {
        0
    }
}

/// The first signal ends the checks, which then remove what they started; a second one ends the process at once.
pub(super) async fn cancel_on_signal(cancel: CancellationToken) {
    super::signal().await;
    note("ending, and removing what was started …");
    cancel.cancel();
    super::signal().await;
    note("ended at once; the next check removes what is left");
    std::process::exit(i32::from(Error::cancelled().exit_code()));
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn one_broken_submission_decides_then_one_that_could_not_be_told() {
        let with = |verdict| {
            let error = Error::environment("x");
            let course = crate::course::Course::load(Path::new("tests/fixtures/course")).unwrap();
            let mut submission = conductor::not_checked(Path::new("a"), &course, &error);
            submission.report.verdict = verdict;
            submission
        };
        use Verdict::{Broken, Unknown, Works};
        for (verdicts, code) in [(vec![Works, Works], 0), (vec![Works, Unknown], 3), (vec![Unknown, Broken, Works], 1)]
        {
            let submissions: Vec<_> = verdicts.into_iter().map(with).collect();
            assert_eq!(exit_code(&submissions), code);
        }
    }
}
