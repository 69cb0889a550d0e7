//! Grading one directory: a stack of its own from nothing to a verdict, and away again.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use tokio_util::sync::CancellationToken;

use super::{Desired, isolate::isolate, janitor, tables::Starting};
use crate::{
    compose,
    course::Course,
    diagnosis::{self, CheckVerdict, HopVerdict, LessonVerdict, Report, Status, Verdict},
    engine::{BindStyle, BuildPolicy, Engine, ImagePolicy, Limits, PortStyle, Progress, UpOptions},
    error::{Blame, Error, Result},
    lab::{self, Facts},
    probe::{HostPorts, Prober, Survey, SurveyOptions},
};

/// How long a stack may take until it can be asked; what has not come up by then is judged as it is.
const READY_WITHIN: Duration = Duration::from_secs(45);
/// How long removing a submission's containers may take.
const DOWN_WITHIN: Duration = Duration::from_secs(60);

/// How long an engine may take to notice that nobody waits for a build any more.
const LATE_BUILD: Duration = Duration::from_millis(400);

/// How submissions are graded.
#[derive(Debug, Clone)]
pub struct CheckOptions {
    /// The engine.
    pub engine: Engine,
    /// The course.
    pub course: Arc<Course>,
    /// Where base images may come from.
    pub images: ImagePolicy,
    /// Without a verdict after this long, there is none.
    pub timeout: Duration,
    /// Leave the containers running.
    pub keep: bool,
    /// Judge only this lesson.
    pub lesson: Option<String>,
    /// Ends the check when cancelled; everything is removed even then.
    pub cancel: CancellationToken,
}

/// What a submission comes to.
#[derive(Debug, Clone, PartialEq)]
pub struct SubmissionReport {
    /// The directory, as it was named.
    pub dir: PathBuf,
    /// Seconds until the verdict.
    pub seconds: f64,
    /// The verdict.
    pub report: Report,
    /// How long each phase took, in order.
    pub phases: Vec<(&'static str, f64)>,
    /// The project that was left running, when asked to.
    pub kept: Option<String>,
    /// Why something was left behind against our will.
    pub left_behind: Option<Error>,
}

/// Grades one directory. Never fails: what fails is a verdict, *broken* where the stack is to blame and *unknown* where not.
pub async fn check_submission(dir: &Path, options: &CheckOptions, progress: &Progress) -> SubmissionReport {
    let started = Instant::now();
    let clock = Clock::default();
    let project = janitor::new_project();
    let judged = tokio::select! {
        () = options.cancel.cancelled() => Err(Error::cancelled()),
        judged = tokio::time::timeout(options.timeout, judge(dir, &project, options, progress, &clock)) => {
            judged.unwrap_or_else(|_| Err(too_slow(options.timeout, &clock)))
        }
    };
    clock.phase("remove");
    let cut_short = judged.as_ref().is_err_and(|error| error.blame != Blame::Stack);
    let seconds = started.elapsed().as_secs_f64();
    let report = judged.unwrap_or_else(|error| not_asked(&options.course, lab::texts_of(dir), &error));
    let mut submission =
        SubmissionReport { dir: dir.to_owned(), seconds, report, phases: vec![], kept: None, left_behind: None };
    if options.keep {
        submission.kept = Some(project);
    } else {
        submission.left_behind = remove(&options.engine, &project, progress).await.err();
        if cut_short && submission.left_behind.is_none() {
            // A build that was in its last step names its image after all; what comes later still, the next check removes.
            tokio::time::sleep(LATE_BUILD).await;
            submission.left_behind = janitor::remove_images(&options.engine, &project).await.err();
        }
    }
    submission.phases = clock.phases();
    submission
}

/// Removes all of a project, within a bound.
///
/// # Errors
/// Environment: the engine refuses, or takes too long.
pub async fn remove(engine: &Engine, project: &str, progress: &Progress) -> Result<()> {
    match tokio::time::timeout(DOWN_WITHIN, janitor::remove(engine, project, progress)).await {
        Ok(removed) => removed,
        Err(_) => Err(Error::environment(format!("removing {project} takes too long"))
            .suggest("the next check tries again")
            .suggest(format!("docker compose -p {project} down --volumes"))),
    }
}

async fn judge(
    dir: &Path,
    project: &str,
    options: &CheckOptions,
    progress: &Progress,
    clock: &Clock,
) -> Result<Report> {
    clock.phase("read");
    let (desired, facts) = read(dir, project, &options.course)?;
    let up = up_options(options.images, options.keep);
    let engine = &options.engine;

    clock.phase("start");
    let prober =
        Prober::new(engine.clone(), desired.stack.clone(), desired.roles.clone(), facts.clone(), &options.course);
    let starting = Starting { engine, desired: &desired, up: &up, course: &options.course, prober: &prober, progress };
    let not_started = starting.start(|| clock.phase("tables")).await?;

    clock.phase("ask");
    let asked = SurveyOptions { within: READY_WITHIN, ports: HostPorts::Free, thorough: false, submit: true };
    let survey = prober.survey(&asked, progress).await?;
    Ok(verdict(&options.course, &survey, facts, not_started.as_ref(), options.lesson.as_deref()))
}

/// What was seen of a stack, judged; what did not start is the reason why one that does not work is broken.
pub fn verdict(
    course: &Course,
    survey: &Survey,
    mut facts: Facts,
    not_started: Option<&Error>,
    lesson: Option<&str>,
) -> Report {
    if let Some(error) = not_started {
        facts.values.insert(diagnosis::STACK_ERROR.to_owned(), in_words(error));
    }
    let mut report = diagnosis::diagnose(course, survey, &facts, lesson);
    if let Some(error) = not_started
        && report.verdict != Verdict::Works
    {
        report.verdict = Verdict::Broken;
        report.reason = Some(in_words(error));
    }
    report
}

/// The report on a stack with these files that could not be asked.
pub fn not_asked(course: &Course, texts: BTreeMap<String, String>, error: &Error) -> Report {
    let mut report = not_judged(course, error);
    if error.blame == Blame::Stack {
        report.wrong_turns = diagnosis::unstarted(course, texts, &in_words(error));
    }
    report
}

/// The stack in a directory, as it is started beside others under this project name, and what its files say.
///
/// # Errors
/// Stack: the compose file cannot be used. Environment: it asks for what it does not get here.
pub fn read(dir: &Path, project: &str, course: &Course) -> Result<(Desired, Facts)> {
    let mut desired = Desired::load(dir, Some(project.to_owned()))?;
    if let Some(refused) = compose::refusals(&desired.stack).first() {
        return Err(Error::environment(format!("refused: {}", refused.headline())).why(refused.expected.clone()));
    }
    let port = super::works::front_port(course);
    let facts = lab::facts(Some(&desired.stack), &desired.roles, lab::texts_of(dir), port);
    isolate(&mut desired.stack);
    Ok((desired, facts))
}

/// How a stack is brought up that nobody answers for.
pub fn up_options(images: ImagePolicy, keep: bool) -> UpOptions {
    UpOptions {
        services: None,
        build: BuildPolicy::Always,
        recreate: false,
        images,
        binds: BindStyle::Copy,
        ports: PortStyle::Free,
        limits: Some(Limits { memory: 512 << 20, nano_cpus: 2_000_000_000, pids: 256 }),
        small_subnets: true,
        labels: janitor::labels(keep),
    }
}

/// The report on a submission that was not checked, for this reason.
pub fn not_checked(dir: &Path, course: &Course, error: &Error) -> SubmissionReport {
    SubmissionReport {
        dir: dir.to_owned(),
        seconds: 0.0,
        report: not_judged(course, error),
        phases: vec![],
        kept: None,
        left_behind: None,
    }
}

/// The report where the questions could not be asked: broken where the stack is to blame, unknown where not.
fn not_judged(course: &Course, error: &Error) -> Report {
    let observed = format!("not asked: {}", error.what);
    Report {
        verdict: if error.blame == Blame::Stack { Verdict::Broken } else { Verdict::Unknown },
        reason: Some(in_words(error)),
        first_broken_hop: None,
        first_failed_lesson: None,
        hops: course
            .hops
            .iter()
            .map(|hop| HopVerdict {
                id: hop.id.clone(),
                status: Status::Unknown,
                command: String::new(),
                observed: observed.clone(),
            })
            .collect(),
        checks: course
            .lessons
            .iter()
            .flat_map(|lesson| lesson.checks.iter().map(move |check| (lesson, check)))
            .map(|(lesson, check)| CheckVerdict {
                id: check.id.clone(),
                lesson: lesson.id.clone(),
                status: Status::Unknown,
                command: String::new(),
                observed: observed.clone(),
                label: check.label.clone(),
                words: String::new(),
            })
            .collect(),
        lessons: course
            .lessons
            .iter()
            .map(|one| LessonVerdict { id: one.id.clone(), status: Status::Unknown })
            .collect(),
        wrong_turns: vec![],
        odd: vec![],
        stale: vec![],
    }
}

fn in_words(error: &Error) -> String {
    std::iter::once(&error.what).chain(&error.why).cloned().collect::<Vec<_>>().join("\n")
}

fn too_slow(timeout: Duration, clock: &Clock) -> Error {
    Error::environment(format!("no verdict within {} s (while: {})", timeout.as_secs(), clock.current()))
        .suggest("give it longer: --timeout SECONDS")
}

/// Where the time went.
#[derive(Debug, Default)]
struct Clock(Mutex<Vec<(&'static str, Instant)>>);

impl Clock {
    fn phase(&self, name: &'static str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push((name, Instant::now()));
    }

    fn current(&self) -> &'static str {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).last().map_or("start", |(name, _)| name)
    }

    fn phases(&self) -> Vec<(&'static str, f64)> {
        let marks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let ends = marks.iter().skip(1).map(|(_, at)| *at).chain([Instant::now()]);
        marks.iter().zip(ends).map(|((name, from), to)| (*name, to.duration_since(*from).as_secs_f64())).collect()
    }
}
