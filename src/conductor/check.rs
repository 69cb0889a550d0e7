//! Grading one directory: a stack of its own from nothing to a verdict, and away again.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use tokio_util::sync::CancellationToken;

use super::{
    desired::{self, Desired},
    isolate::isolate,
    janitor,
    supplies::supply,
    tables::{Starting, Tables, makes_own_tables},
    whereabouts,
};
use crate::{
    compose::{self, Place},
    course::Course,
    diagnosis::{self, CheckVerdict, HopVerdict, LessonVerdict, Report, Status, Verdict},
    engine::{BindStyle, BuildPolicy, Engine, ImagePolicy, Limits, PortStyle, Progress, UpOptions},
    error::{Blame, Error, Result},
    lab::{self, Facts},
    probe::{HostPorts, Observation, Prober, Survey, SurveyOptions, evidence_id, slowness},
};

/// How long a stack may take until it can be asked; what has not come up by then is judged as it is.
pub const READY_WITHIN: Duration = Duration::from_secs(45);
/// Bytes that one container of a submission may write to the disk. A file of Postgres may grow to this.
const MOST_DISK: u64 = 1 << 30;
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
    /// What has to be known beside the verdict: images that others stood in for, services that were left out.
    pub notes: Vec<String>,
    /// Where in its files what is broken first can be seen.
    pub place: Option<Place>,
    /// How long each phase took, in order.
    pub phases: Vec<(&'static str, f64)>,
    /// The project that was left running, when asked to.
    pub kept: Option<String>,
    /// Why something was left behind against our will.
    pub left_behind: Option<Error>,
}

/// What judging a stack comes to.
#[derive(Debug)]
struct Judged {
    report: Report,
    notes: Vec<String>,
    place: Option<Place>,
    /// Something of the environment failed on the way, which may go well the next time.
    again: bool,
}

/// Grades one directory. Never fails: what fails is a verdict, *broken* where the stack is to blame and *unknown* where not.
/// What the environment made fail is tried once more.
pub async fn check_submission(dir: &Path, options: &CheckOptions, progress: &Progress) -> SubmissionReport {
    let started = Instant::now();
    let clock = Clock::default();
    let deadline = tokio::time::Instant::now() + options.timeout;
    let first = attempt(dir, options, progress, &clock, deadline).await;
    let mut submission = first.0;
    if first.1 && submission.left_behind.is_none() && !options.keep && !options.cancel.is_cancelled() {
        progress.step(dir.display().to_string(), "check", "something here failed: once more");
        let second = attempt(dir, options, progress, &clock, deadline).await.0;
        // A second try that came to no end says less than the first.
        if second.report.verdict != Verdict::Unknown {
            submission = second;
        }
    }
    submission.seconds = started.elapsed().as_secs_f64();
    submission.phases = clock.phases();
    submission
}

/// One try, with everything removed after it; and whether another may go better.
async fn attempt(
    dir: &Path,
    options: &CheckOptions,
    progress: &Progress,
    clock: &Clock,
    deadline: tokio::time::Instant,
) -> (SubmissionReport, bool) {
    let project = janitor::new_project();
    let judged = tokio::select! {
        () = options.cancel.cancelled() => Err(Error::cancelled()),
        error = options.engine.watch_disk(&project, MOST_DISK) => Err(error),
        judged = tokio::time::timeout_at(deadline, judge(dir, &project, options, progress, clock, deadline)) => {
            judged.unwrap_or_else(|_| Err(too_slow(options.timeout, clock)))
        }
    };
    let started = !matches!(clock.current(), "read" | "images");
    let in_time = tokio::time::Instant::now() < deadline;
    clock.phase("remove");
    let failed = judged.is_err() && started;
    let cut_short = judged.as_ref().is_err_and(|error| error.blame != Blame::Stack);
    let judged = judged.unwrap_or_else(|error| {
        let texts = lab::texts_of(dir);
        Judged {
            notes: vec![],
            place: whereabouts::of_error(&error, &texts),
            report: not_asked(&options.course, texts, &error),
            again: error.blame == Blame::Environment && started && in_time,
        }
    });
    let mut submission = SubmissionReport {
        dir: dir.to_owned(),
        seconds: 0.0,
        report: judged.report,
        notes: judged.notes,
        place: judged.place,
        phases: vec![],
        kept: None,
        left_behind: None,
    };
    if options.keep {
        submission.kept = Some(project);
    } else {
        submission.left_behind = remove(&options.engine, &project, progress).await.err();
        if cut_short && submission.left_behind.is_none() {
            // A build that was in its last step names its image after all; what comes later still, the next check removes.
            tokio::time::sleep(LATE_BUILD).await;
            submission.left_behind = janitor::remove_images(&options.engine, &project).await.err();
        }
        if failed && submission.left_behind.is_none() {
            // Nobody needs what it was built from, and it may be large. What others were built from waits for the end of them all.
            submission.left_behind = options.engine.remove_layers().await.err();
        }
    }
    (submission, judged.again)
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
    deadline: tokio::time::Instant,
) -> Result<Judged> {
    clock.phase("read");
    let (mut desired, facts) = read(dir, project, &options.course)?;
    let engine = &options.engine;
    let up = up_options(engine, options.images, options.keep);
    let tables = if makes_own_tables(&facts.texts) { Tables::Own } else { Tables::Asked };
    clock.phase("images");
    let supplies = supply(engine, &mut desired, options.images, progress).await?;

    clock.phase("start");
    let prober =
        Prober::new(engine.clone(), desired.stack.clone(), desired.roles.clone(), facts.clone(), &options.course);
    let starting =
        Starting { engine, desired: &desired, up: &up, course: &options.course, prober: &prober, tables, progress };
    let in_doubt = |reason: Option<&str>| {
        let what = ["with other images than it asks for it does not work, which proves nothing".to_owned()];
        what.into_iter().chain(supplies.notes()).chain(reason.map(str::to_owned)).collect::<Vec<_>>().join("\n")
    };
    let not_started = match starting.start(|| clock.phase("tables")).await {
        Err(error) if error.blame == Blame::Stack && !supplies.are_as_good() => {
            return Err(Error::environment(in_doubt(Some(&in_words(&error)))));
        }
        outcome => outcome?,
    };

    clock.phase("ask");
    // Whatever never answers is to be judged before the deadline, and not given up at it.
    let left = deadline.saturating_duration_since(tokio::time::Instant::now());
    let within = READY_WITHIN.mul_f64(slowness()).min(left / 2);
    let asked = SurveyOptions { within, ports: HostPorts::Free, thorough: false, brisk: false, submit: true };
    let mut survey = prober.survey(&asked, progress).await?;
    if contradicts_itself(&survey) || knows_an_old_address(&survey) {
        // How fast an app starts, and whose address changes, is a matter of luck, and no grade depends on it.
        if let Some(proxy) = desired.roles.proxy.as_ref().filter(|_| knows_an_old_address(&survey)) {
            starting.start_again(proxy).await?;
        }
        survey = prober.survey(&asked, progress).await?;
    }
    let place_of = |report: &Report| {
        let not_started = not_started.as_ref().filter(|_| report.verdict != Verdict::Works);
        not_started
            .and_then(|error| whereabouts::of_error(error, &facts.texts))
            .or_else(|| whereabouts::of_report(report, &survey, &facts))
    };
    let mut report = verdict(&options.course, &survey, facts.clone(), not_started.as_ref(), options.lesson.as_deref());
    if report.verdict == Verdict::Broken && !supplies.is_as_asked() {
        if supplies.may_be_the_reason(&desired.roles, &options.course.roles, &survey) {
            report.verdict = Verdict::Unknown;
            report.reason = Some(in_doubt(report.reason.as_deref()));
        } else {
            let told = report.reason.iter().cloned().chain(supplies.notes());
            report.reason = Some(told.collect::<Vec<_>>().join("\n"));
        }
    }
    let failed = |seen: &Observation| matches!(seen, Observation::Unknown { .. });
    Ok(Judged {
        again: report.verdict == Verdict::Unknown && survey.evidence.values().any(|one| failed(&one.observation)),
        place: place_of(&report),
        notes: supplies.notes(),
        report,
    })
}

/// Whether nginx does not get through to an address that answers: it looked the name up before the app was started again.
fn knows_an_old_address(survey: &Survey) -> bool {
    is_gateway(status(survey, evidence_id::NGINX_FLASKAPP)) && answers(status(survey, evidence_id::UPSTREAM))
}

/// Whether the app answered a moment after nginx had said that it does not: it was still starting.
fn contradicts_itself(survey: &Survey) -> bool {
    is_gateway(status(survey, evidence_id::PAGE)) && answers(status(survey, evidence_id::NGINX_FLASKAPP))
}

fn status(survey: &Survey, id: &str) -> Option<u16> {
    match &survey.evidence.get(id)?.observation {
        Observation::Http(answer) => Some(answer.status),
        _ => None,
    }
}

fn is_gateway(status: Option<u16>) -> bool {
    matches!(status, Some(502 | 504))
}

fn answers(status: Option<u16>) -> bool {
    status.is_some() && !is_gateway(status)
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
        // All else follows from that.
        report.odd.clear();
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
    let mut desired = desired::read_alone(dir, project.to_owned()).map_err(|findings| desired::unusable(&findings))?;
    if let Some(refused) = compose::refusals(&desired.stack).first() {
        return Err(Error::environment(format!("refused: {}", refused.at_its_place())).why(refused.expected.clone()));
    }
    let port = course.front_port();
    let facts = lab::facts(Some(&desired.stack), &desired.roles, lab::texts_of(dir), port);
    isolate(&mut desired.stack);
    Ok((desired, facts))
}

/// How a stack is brought up that nobody answers for.
pub fn up_options(engine: &Engine, images: ImagePolicy, keep: bool) -> UpOptions {
    // One that never rests leaves the others a processor.
    let nano_cpus = i64::try_from(engine.info.cpus / 2).unwrap_or(2).clamp(1, 2) * 1_000_000_000;
    UpOptions {
        services: None,
        build: BuildPolicy::Always,
        recreate: false,
        images,
        binds: BindStyle::Copy,
        ports: PortStyle::Free,
        limits: Some(Limits { memory: 512 << 20, nano_cpus, pids: 256, disk: MOST_DISK }),
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
        notes: vec![],
        place: None,
        phases: vec![],
        kept: None,
        left_behind: None,
    }
}

/// The report where the questions could not be asked: broken where the stack is to blame, unknown where not.
fn not_judged(course: &Course, error: &Error) -> Report {
    let observed = format!("not asked: {}", error.what.lines().next().unwrap_or_default());
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_refused_is_told_once_with_its_place() {
        let course = Course::embedded().unwrap();
        let dir = tempfile::tempdir().unwrap();
        for (path, text) in course.fixed_stack() {
            let path = dir.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text.replace("    init: true", "    privileged: true")).unwrap();
        }
        let error = read(dir.path(), "p", &course).unwrap_err();
        assert!(error.what.starts_with("refused: docker-compose.yml:12:"), "{}", error.what);
        assert_eq!(error.what.matches("refused").count(), 1, "{}", error.what);
        let place = whereabouts::of_error(&error, &BTreeMap::new()).unwrap();
        assert_eq!((place.file.to_str(), place.line), (Some("docker-compose.yml"), 12));
    }
}
