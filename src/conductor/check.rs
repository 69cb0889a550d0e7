//! Grading one directory: a stack of its own from nothing to a verdict, and away again.

mod attempt;
mod own_names;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use tokio_util::sync::CancellationToken;

pub use attempt::remove;
use attempt::{Allowance, Clock, attempt};

use super::{
    db_setup::{Starting, Tables, makes_own_tables},
    fault_location,
    image_substitution::supply,
    isolate::{Data, isolate, limits},
    janitor,
    project::{self, Desired},
};
use crate::{
    compose::{self, Finding, Place, Severity},
    course::Course,
    diagnosis::{self, CheckVerdict, HopVerdict, Judgement, LessonVerdict, Report, Status, Verdict},
    engine::{
        BindStyle, BuildPolicy, Engine, HostWall, ImagePolicy, PortStyle, Progress, UpOptions, Witness, slowness_now,
    },
    error::{Blame, Error, Result},
    lab::{self, Facts},
    probe::{BrowserProgram, HostPorts, Observation, Prober, Survey, SurveyOptions, evidence_id, slowness},
};

/// How long a stack may take until it can be asked; what has not come up by then is judged as it is.
pub const READY_WITHIN: Duration = Duration::from_secs(45);
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
    /// Nothing else is graded meanwhile: what makes the machine slow from now on is the submission itself.
    pub alone: bool,
    /// Judge only this lesson.
    pub lesson: Option<String>,
    /// Who asks pages that need scripts.
    pub browser: Option<BrowserProgram>,
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
    /// What was seen, where the stack could be asked.
    pub survey: Option<Box<Survey>>,
    /// How long each phase took, in order.
    pub phases: Vec<(&'static str, f64)>,
    /// The project that was left running, when asked to.
    pub kept: Option<String>,
    /// Why something was left behind against our will.
    pub left_behind: Option<Left>,
    /// A time ran out on the way: with less to do, the machine may give another verdict.
    pub late: bool,
}

/// What could not be removed.
#[derive(Debug, Clone, PartialEq)]
pub struct Left {
    /// The project that it belongs to.
    pub project: String,
    /// Why it stays.
    pub error: Error,
}

/// What belongs to one try at a submission.
struct Try<'t> {
    project: String,
    clock: &'t Clock,
    time: &'t Allowance,
    witness: Witness,
    /// Stands until all is removed.
    wall: tokio::sync::Mutex<HostWall>,
}

/// What judging a stack comes to.
#[derive(Debug)]
struct Judged {
    report: Report,
    notes: Vec<String>,
    place: Option<Place>,
    survey: Option<Box<Survey>>,
    /// Something of the environment failed on the way, which may go well the next time.
    again: bool,
    /// A time ran out.
    late: bool,
}

/// Grades one directory. Never fails: what fails is a verdict, *broken* where the stack is to blame and *unknown* where not.
/// What the environment made fail is tried once more.
pub async fn check_submission(dir: &Path, options: &CheckOptions, progress: &Progress) -> SubmissionReport {
    let started = Instant::now();
    let clock = Clock::default();
    let time = Allowance::new(options.timeout, if options.alone { Some(slowness_now().await) } else { None });
    let first = attempt(dir, options, progress, &clock, &time).await;
    let mut submission = first.0;
    if first.1 && submission.left_behind.is_none() && !options.keep && !options.cancel.is_cancelled() {
        progress.step(dir.display().to_string(), "check", "something here failed: once more");
        let second = attempt(dir, options, progress, &clock, &time).await.0;
        // A second try that came to no end says less than the first.
        if second.report.verdict() != Verdict::Unknown {
            submission = second;
        }
    }
    submission.seconds = started.elapsed().as_secs_f64();
    submission.phases = clock.phases();
    submission
}

async fn judge(dir: &Path, options: &CheckOptions, progress: &Progress, each: &Try<'_>) -> Result<Judged> {
    let Try { project, clock, time, witness, wall } = each;
    clock.phase("read");
    let (here, name, course) = (dir.to_owned(), project.clone(), Arc::clone(&options.course));
    let (mut desired, facts) = aside(move || read(&here, &name, &course)).await??;
    let engine = &options.engine;
    let up = up_options(engine, options.images, options.keep);
    let tables = if makes_own_tables(&facts.texts) { Tables::Own } else { Tables::Asked };
    clock.phase("images");
    let stack = desired.stack.clone();
    let owner = janitor::owner();
    let mut wall = wall.lock().await;
    let raised = wall.raise(engine, &stack, &owner);
    let (supplies, ()) = tokio::join!(supply(engine, &mut desired, options.images, progress), raised);
    let supplies = supplies?;

    clock.phase("start");
    let prober =
        Prober::new(engine.clone(), desired.stack.clone(), desired.roles.clone(), facts.clone(), &options.course)
            .with_browser(options.browser.clone());
    let starting =
        Starting { engine, desired: &desired, up: &up, course: &options.course, prober: &prober, tables, progress };
    let in_doubt = |reason: Option<&str>| {
        let what = ["with other images than it asks for it does not work, which proves nothing".to_owned()];
        what.into_iter().chain(supplies.notes()).chain(reason.map(str::to_owned)).collect::<Vec<_>>().join("\n")
    };
    let not_started = match starting.start(|| clock.phase("tables")).await {
        Err(error) if error.blame == Blame::Stack && !supplies.are_as_good() => {
            return Err(Error::environment(in_doubt(Some(&error.told("\n")))));
        }
        outcome => outcome?,
    };

    clock.phase("ask");
    witness.remember(&desired.stack, not_started.is_none()).await?;
    // Whatever never answers is to be judged before the deadline, and not given up at it.
    let within = READY_WITHIN.min(time.left() / 2).mul_f64(slowness());
    let asked = SurveyOptions { within, ports: HostPorts::Free, thorough: false, brisk: false, submit: true };
    let mut survey = prober.survey(&asked, progress).await?;
    if contradicts_itself(&survey) || knows_an_old_address(&survey) {
        // How fast an app starts, and whose address changes, is a matter of luck, and no grade depends on it.
        if let Some(proxy) = desired.roles.proxy.as_ref().filter(|_| knows_an_old_address(&survey)) {
            starting.start_again(proxy).await?;
        }
        survey = prober.survey(&asked, progress).await?;
    }
    let not_started = not_started.map(|error| own_names::without(error, project));
    let place_of = |report: &Report| {
        // A mistake that has a name has its place; an engine's error names no more than the service.
        let named = report.wrong_turns.iter().any(|turn| !turn.remark);
        let not_started = not_started.as_ref().filter(|_| report.verdict() != Verdict::Works && !named);
        not_started
            .and_then(|error| fault_location::of_error(error, &facts.texts))
            .or_else(|| diagnosis::place(&options.course, report, &survey, &facts))
    };
    let mut report = verdict(&options.course, &survey, facts.clone(), not_started.as_ref(), options.lesson.as_deref());
    if report.verdict() == Verdict::Broken && !supplies.is_as_asked() {
        if supplies.may_be_the_reason(&desired.roles, &options.course.roles, &survey) {
            report.judgement = Judgement::unknown(in_doubt(report.reason()));
            // A misconception behind what may be no mistake is none.
            report.wrong_turns.clear();
        } else {
            let told = report.reason().map(str::to_owned).into_iter().chain(supplies.notes());
            report.judgement = Judgement::broken(told.collect::<Vec<_>>().join("\n"));
        }
    }
    let passed_over: Vec<String> = desired.stack.passed_over.iter().map(Finding::at_its_place).collect();
    if report.verdict() == Verdict::Broken && !passed_over.is_empty() {
        let what = "it does not work without what is passed over, which proves nothing".to_owned();
        let told = [what].into_iter().chain(passed_over).chain(report.reason().map(str::to_owned));
        report.judgement = Judgement::unknown(told.collect::<Vec<_>>().join("\n"));
    }
    let failed = |seen: &Observation| matches!(seen, Observation::Unknown { .. });
    let said = desired.stack.warnings.iter().map(Finding::at_its_place);
    Ok(Judged {
        again: report.verdict() == Verdict::Unknown && survey.evidence.values().any(|one| failed(&one.observation)),
        late: not_started.as_ref().is_some_and(|error| error.late)
            || survey.evidence.values().any(|one| matches!(one.observation, Observation::TimedOut { .. })),
        place: place_of(&report),
        notes: supplies.notes().into_iter().chain(said).chain(engine.unbounded()).collect(),
        report,
        survey: Some(Box::new(survey)),
    })
}

/// Does work with files on a thread of its own, so that whoever waits for it may give up: a disk may never answer.
///
/// # Errors
/// Environment: the work came to no end.
async fn aside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(|error| Error::environment("a reader ended").because(error))
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
        facts.values.insert(diagnosis::STACK_ERROR.to_owned(), error.told("\n"));
    }
    let mut report = diagnosis::diagnose(course, survey, &facts, lesson);
    if let Some(error) = not_started
        && report.verdict() != Verdict::Works
    {
        report.judgement = Judgement::broken(error.told("\n"));
        // All else follows from that.
        report.odd.clear();
    }
    report
}

/// The report on a stack with these files that could not be asked.
pub fn not_asked(course: &Course, texts: BTreeMap<String, String>, error: &Error) -> Report {
    let mut report = not_judged(course, error);
    if error.blame == Blame::Stack {
        report.wrong_turns = diagnosis::unstarted(course, texts, &error.told("\n"));
    }
    report
}

/// The stack in a directory, as it is started beside others under this project name, and what its files say.
///
/// # Errors
/// Stack: the compose file cannot be used. Environment: it asks for what it does not get here.
pub fn read(dir: &Path, project: &str, course: &Course) -> Result<(Desired, Facts)> {
    let refused = |finding: &Finding| {
        Error::environment(format!("refused: {}", finding.at_its_place())).why(finding.expected.clone())
    };
    let is_refused = |finding: &&Finding| finding.severity == Severity::Refused;
    let mut desired = project::read_alone(dir, project.to_owned()).map_err(|findings| {
        // What else is wrong with it does not matter: it is not looked at any further.
        findings.iter().find(is_refused).map_or_else(|| project::unusable(&findings), refused)
    })?;
    if let Some(finding) = compose::refusals(&desired.stack).first() {
        return Err(refused(finding));
    }
    let facts = lab::facts(Some(&desired.stack), &desired.roles, course, lab::texts_of(dir));
    isolate(&mut desired.stack, Data::Dropped);
    Ok((desired, facts))
}

/// How a stack is brought up that nobody answers for.
pub fn up_options(engine: &Engine, images: ImagePolicy, keep: bool) -> UpOptions {
    UpOptions {
        services: None,
        build: BuildPolicy::Always,
        recreate: false,
        images,
        binds: BindStyle::Copy,
        ports: PortStyle::Free,
        limits: Some(limits(engine)),
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
        survey: None,
        phases: vec![],
        kept: None,
        left_behind: None,
        late: false,
    }
}

/// The report where the questions could not be asked: broken where the stack is to blame, unknown where not.
fn not_judged(course: &Course, error: &Error) -> Report {
    let observed = format!("not asked: {}", error.what.lines().next().unwrap_or_default());
    Report {
        judgement: Judgement::of_error(error),
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
        let place = fault_location::of_error(&error, &BTreeMap::new()).unwrap();
        assert_eq!((place.file.to_str(), place.line), (Some("docker-compose.yml"), 12));
    }
}
