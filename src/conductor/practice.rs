//! An incident is proved before it is shown, on containers; and made in a lab, as it was drawn.

use std::{sync::Arc, time::Duration};

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::{
    Told, Works,
    db_setup::{Starting, Tables},
    files,
    plan::plan,
    selftest::{Case, Selftest, SelftestOptions},
};
use crate::{
    course::{Condition, Course, Fault, Making},
    diagnosis::{Report, Verdict},
    engine::{BuildPolicy, Engine, ImagePolicy, Progress, UpOptions},
    error::{Blame, Result},
    journal::{Event, WorkKind},
    lab::Lab,
    practice::Incident,
};

/// How long tables may be tried to be made, where the database may be what is broken.
const TABLES_WITHIN: Duration = Duration::from_secs(15);
/// A file's date is some milliseconds old when it is written.
const CLOCK_TICK: Duration = Duration::from_millis(20);

/// How incidents are proved.
#[derive(Debug, Clone)]
pub struct ProofOptions {
    /// The engine.
    pub engine: Engine,
    /// Where base images may come from.
    pub images: ImagePolicy,
    /// One state without a verdict after this long has none.
    pub timeout: Duration,
    /// Ends it when cancelled; everything is removed even then.
    pub cancel: CancellationToken,
}

/// What the proof of an incident has shown: it works, it fails as it should and in no other way, and undone it works.
#[derive(Debug, Clone, PartialEq)]
pub struct Proof {
    /// Ids of the wrong turns that were recognised: the answer, and what follows from it.
    pub named: Vec<String>,
    /// Seconds that it took.
    pub seconds: f64,
}

/// Why an incident is not fair.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Disproof {
    /// The stack does not work in this costume, before anything was broken.
    WorksNot(String),
    /// What was broken does not show.
    StillWorks,
    /// Another symptom is seen than the ticket tells.
    OtherSymptom,
    /// It is not recognised by its own signature: these were named.
    Misnamed(Vec<String>),
    /// The signature of another fault is seen as well.
    TwoSignatures(Vec<String>),
    /// Taken back, it does not work again.
    StaysBroken(String),
    /// The engine did not do what it should: nothing is said of the incident.
    Unknown(String),
}

impl std::fmt::Display for Disproof {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::WorksNot(why) => write!(f, "the costume does not work: {why}"),
            Self::StillWorks => write!(f, "it works, though it is broken"),
            Self::OtherSymptom => write!(f, "another symptom is seen than the ticket tells"),
            Self::Misnamed(named) if named.is_empty() => write!(f, "its signature is not seen"),
            Self::Misnamed(named) => write!(f, "another signature is seen: {}", named.join(", ")),
            Self::TwoSignatures(named) => write!(f, "two signatures are seen: {}", named.join(", ")),
            Self::StaysBroken(why) => write!(f, "undone, it does not work: {why}"),
            Self::Unknown(why) => write!(f, "could not tell: {why}"),
        }
    }
}

/// Proves an incident on containers: the costumed stack works; it fails with its own signature and no other fault's; undone, it works.
///
/// # Errors
/// Environment: the engine does not remove what was started. Cancelled: on request.
pub async fn prove_incident(
    incident: &Incident,
    course: &Course,
    options: &ProofOptions,
    progress: &Progress,
) -> Result<Result<Proof, Disproof>> {
    let began = Instant::now();
    let selftest = Selftest::new(selftest_options(incident.to_prove(course), options));
    let proved = proved(incident, course, &selftest, progress).await;
    let closed = selftest.close(progress).await;
    let proved = proved?;
    closed?;
    Ok(proved.map(|named| Proof { named, seconds: began.elapsed().as_secs_f64() }))
}

fn selftest_options(course: Course, options: &ProofOptions) -> SelftestOptions {
    SelftestOptions {
        engine: options.engine.clone(),
        course: Arc::new(course),
        images: options.images,
        timeout: options.timeout,
        fresh: false,
        cancel: options.cancel.clone(),
    }
}

async fn proved(
    incident: &Incident,
    course: &Course,
    selftest: &Selftest,
    progress: &Progress,
) -> Result<Result<Vec<String>, Disproof>> {
    let works = Making::plain(incident.working.clone());
    let before = match seen(selftest, "working", None, works.clone(), progress).await? {
        Ok((report, _)) => report,
        Err(unknown) => return Ok(Err(unknown)),
    };
    if before.verdict() != Verdict::Works {
        return Ok(Err(Disproof::WorksNot(told(&before))));
    }
    let symptom = incident.symptom(course);
    let (broken, looks_so) = match seen(selftest, "broken", symptom, incident.making.clone(), progress).await? {
        Ok(seen) => seen,
        Err(unknown) => return Ok(Err(unknown)),
    };
    let named = match fair(incident, course, &broken, looks_so) {
        Ok(named) => named,
        Err(disproof) => return Ok(Err(disproof)),
    };
    let after = match seen(selftest, "undone", None, works, progress).await? {
        Ok((report, _)) => report,
        Err(unknown) => return Ok(Err(unknown)),
    };
    Ok(if after.verdict() == Verdict::Works { Ok(named) } else { Err(Disproof::StaysBroken(told(&after))) })
}

async fn seen(
    selftest: &Selftest,
    id: &str,
    symptom: Option<Condition>,
    making: Making,
    progress: &Progress,
) -> Result<Result<(Report, Option<bool>), Disproof>> {
    match selftest.ask(&Case::made(id, symptom, making), progress).await.0 {
        Ok((report, _)) if report.verdict() == Verdict::Unknown => Ok(Err(Disproof::Unknown(told(&report)))),
        Ok(seen) => Ok(Ok(seen)),
        Err(error) if error.blame == Blame::Cancelled => Err(error),
        Err(error) => Ok(Err(Disproof::Unknown(error.told(": ")))),
    }
}

/// What a report says first.
fn told(report: &Report) -> String {
    let hop = report.first_broken_hop.as_ref().map(|hop| format!("{hop} fails"));
    let reason = report.reason().and_then(|reason| reason.lines().next()).map(str::to_owned);
    let lesson = report.first_failed_lesson.as_ref().map(|lesson| format!("{lesson} is not as it should be"));
    reason.or(hop).or(lesson).unwrap_or_else(|| "no reason was given".to_owned())
}

/// Whether the broken stack shows what it should, and nothing that is another fault's. Gives what was recognised.
fn fair(incident: &Incident, course: &Course, report: &Report, symptom: Option<bool>) -> Result<Vec<String>, Disproof> {
    if report.verdict() == Verdict::Works {
        return Err(Disproof::StillWorks);
    }
    if symptom != Some(true) {
        return Err(Disproof::OtherSymptom);
    }
    let named: Vec<String> =
        report.wrong_turns.iter().filter(|turn| !turn.remark).map(|turn| turn.id.clone()).collect();
    let is_own = |id: &str| incident.faults.iter().any(|fault| fault.id() == id);
    let is_bug = |fault: &Fault| fault.bug.is_some();
    let recognised = match named.first() {
        Some(first) => is_own(first),
        None => incident.faults.iter().any(is_bug),
    };
    if !recognised {
        return Err(Disproof::Misnamed(named));
    }
    let others: Vec<String> =
        named.iter().filter(|id| !is_own(id) && course.practice.fault(id).is_some()).cloned().collect();
    if !others.is_empty() {
        return Err(Disproof::TwoSignatures(others));
    }
    Ok(named)
}

/// One state that a fault claims: a right fix, or one that only seems to be; and what came of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Mending {
    /// The fault's id.
    pub fault: String,
    /// The fix's or the slip's.
    pub id: String,
    /// Whether it should work.
    pub right: bool,
    /// Whether it does; none where nothing can be said.
    pub works: Option<bool>,
    /// What was seen first, where it is not as it should be.
    pub told: String,
    /// Seconds that it took.
    pub seconds: f64,
}

/// Tries a fault's right fixes, which have to work, and its slips, which have to leave it broken. `each` is told of every one.
///
/// # Errors
/// Environment: the engine does not remove what was started. Cancelled: on request. Usage: edits that do not apply.
pub async fn prove_mending(
    fault: &Fault,
    course: &Course,
    options: &ProofOptions,
    progress: &Progress,
    mut each: impl FnMut(&Mending) -> Result<()>,
) -> Result<()> {
    let selftest = Selftest::new(selftest_options(course.clone(), options));
    let fixes = fault.fixes.iter().map(|fix| (fix.id.as_str(), true, &fix.edits));
    let slips = fault.slips.iter().map(|slip| (slip.id.as_str(), false, &slip.edits));
    let mut outcome = Ok(());
    for (id, right, edits) in fixes.chain(slips) {
        let began = Instant::now();
        let making = course.mended(fault, edits).map(|files| Making { files, ..course_making(course, fault) });
        let seen = match making {
            Ok(making) => seen(&selftest, id, None, making, progress).await,
            Err(error) => Err(error),
        };
        let (works, told) = match seen {
            Ok(Ok((report, _))) => (Some(report.verdict() == Verdict::Works), told(&report)),
            Ok(Err(unknown)) => (None, unknown.to_string()),
            Err(error) => {
                outcome = Err(error);
                break;
            }
        };
        let (fault, id) = (fault.id().to_owned(), id.to_owned());
        let mending = Mending { fault, id, right, works, told, seconds: began.elapsed().as_secs_f64() };
        outcome = each(&mending);
        if outcome.is_err() {
            break;
        }
    }
    let closed = selftest.close(progress).await;
    outcome.and(closed)
}

fn course_making(course: &Course, fault: &Fault) -> Making {
    course.making_of(fault).unwrap_or_default()
}

impl Works {
    /// Makes an incident in the lab, whose files are those of the incident or will be: starts the stack as it says, from nothing.
    ///
    /// # Errors
    /// Environment: the engine does not answer, an image is not to be had, or the files cannot be written.
    pub async fn make_incident(&self, making: &Making, progress: &Progress) -> Result<()> {
        let lab = Lab::open(&self.dir)?;
        lab.put(making.first())?;
        self.start_from_nothing(progress).await?;
        for service in &making.moved {
            self.move_away(service, progress).await?;
        }
        if making.before.is_some() {
            tokio::time::sleep(CLOCK_TICK).await;
            lab.put(&making.files)?;
            if making.live {
                match self.up(&[], true, progress).await {
                    Err(error) if error.blame != Blame::Stack => return Err(error),
                    _ => {}
                }
            }
        }
        Ok(())
    }

    async fn start_from_nothing(&self, progress: &Progress) -> Result<()> {
        let desired = match self.desired() {
            // What cannot be read is not started: that is the incident.
            Err(error) if error.blame == Blame::Stack => return Ok(()),
            desired => desired?,
        };
        let up = UpOptions { build: BuildPolicy::Always, ..self.up_options() };
        let prober = self.prober(&desired, self.facts(&desired));
        let starting = Starting {
            engine: &self.engine,
            desired: &desired,
            up: &up,
            course: &self.course,
            prober: &prober,
            tables: Tables::Asked,
            progress,
        };
        match starting.start(|| {}).await {
            Err(error) if error.blame != Blame::Stack => Err(error),
            _ => Ok(()),
        }
    }

    /// Does the smallest things that make live what was saved, and gives the database its tables where it may lack them. Gives
    /// what was done, in order.
    ///
    /// # Errors
    /// Stack: the compose file, a build, a container. Environment: engine.
    pub async fn make_live(&mut self, tables: bool, progress: &Progress) -> Result<Vec<WorkKind>> {
        let desired = self.desired()?;
        let containers = self.engine.containers(&desired.stack.project).await?;
        let stale = files::stale(&desired.stack, &self.engine, &containers, &self.reloaded);
        let services: Vec<String> = desired.stack.services.iter().map(|service| service.name.clone()).collect();
        let works = plan(&stale, &services, &containers);
        for work in &works {
            match work {
                WorkKind::Up { services, build } => drop(self.up(services, *build, progress).await?),
                WorkKind::Restart { service } => self.restart(service, progress).await?,
                WorkKind::Reload { service } => self.reload(service, progress).await?,
                _ => {}
            }
        }
        if tables {
            // Where the database is what is broken, this is in vain, and the next look says so.
            let _ = tokio::time::timeout(TABLES_WITHIN, self.bootstrap(progress)).await;
        }
        Ok(works)
    }

    /// Remembers what a work told of which containers have read their files anew.
    pub fn take_in(&mut self, told: &Told, now: u64) {
        if let Told::Event(event) = told
            && let Event::Reloaded { container, .. } = &**event
        {
            self.reloaded.insert(container.clone(), now);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        diagnosis::{Judgement, NamedWrongTurn},
        practice::{Seed, redraw},
    };

    fn report(named: &[&str]) -> Report {
        let turn = |id: &&str| NamedWrongTurn {
            id: (*id).to_owned(),
            lesson: String::new(),
            title: String::new(),
            explain: None,
            question: String::new(),
            remark: false,
        };
        let wrong_turns = named.iter().map(turn).collect();
        Report { judgement: Judgement::seen_broken(), wrong_turns, ..Report::default() }
    }

    #[test]
    fn an_incident_is_fair_where_its_own_signature_is_seen_and_no_other_faults() {
        let course = Course::embedded().unwrap();
        let incident = redraw(&course, Seed(1), &["loopback-only".to_owned()]).unwrap();
        let fair = |named: &[&str], symptom| fair(&incident, &course, &report(named), symptom);
        assert_eq!(fair(&["loopback-only", "app-died"], Some(true)).unwrap(), ["loopback-only", "app-died"]);
        assert_eq!(fair(&["loopback-only"], Some(false)), Err(Disproof::OtherSymptom));
        assert_eq!(fair(&["loopback-only"], None), Err(Disproof::OtherSymptom));
        assert_eq!(fair(&["app-died"], Some(true)), Err(Disproof::Misnamed(vec!["app-died".into()])));
        assert_eq!(fair(&[], Some(true)), Err(Disproof::Misnamed(vec![])));
        let two = fair(&["loopback-only", "unknown-upstream"], Some(true));
        assert_eq!(two, Err(Disproof::TwoSignatures(vec!["unknown-upstream".into()])));
    }

    #[test]
    fn a_bug_has_no_wrong_turn_of_its_own() {
        let course = Course::embedded().unwrap();
        let incident = redraw(&course, Seed(1), &["host-port".to_owned()]).unwrap();
        assert_eq!(fair(&incident, &course, &report(&[]), Some(true)), Ok(vec![]));
        assert!(fair(&incident, &course, &report(&["both-80"]), Some(true)).is_err());
        assert_eq!(
            fair(&incident, &course, &Report::default(), Some(true)).is_ok(),
            Report::default().verdict() != Verdict::Works
        );
    }
}
