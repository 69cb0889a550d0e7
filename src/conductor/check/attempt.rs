//! One try at a submission: within the time that it has, with everything removed after it, and with a second look before anything
//! is called broken.

use std::{
    collections::BTreeMap,
    path::Path,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use super::{
    super::{fault_location, isolate::MOST_DISK, janitor},
    CheckOptions, Judged, Left, SubmissionReport, Try, aside, judge, not_asked, own_names,
};
use crate::{
    diagnosis::Verdict,
    engine::{Engine, Progress, Witness},
    error::{Blame, Error, Result},
    lab,
    probe::slowness,
};

/// How long removing a submission's containers may take, on a machine with nothing else to do.
const DOWN_WITHIN: Duration = Duration::from_secs(15);
/// How long looking again may take, on such a machine.
const LOOK_WITHIN: Duration = Duration::from_secs(10);
/// How often removing is tried.
const REMOVALS: usize = 3;
/// Between two tries.
const BETWEEN_REMOVALS: Duration = Duration::from_millis(500);
/// How long an engine may take to notice that nobody waits for a build any more.
const LATE_BUILD: Duration = Duration::from_millis(400);
/// How long the texts of a submission that could not be judged may take to be read.
const TEXTS_WITHIN: Duration = Duration::from_secs(5);
/// A submission that keeps the machine busy itself has its time four times over at the most.
const MOST_PATIENCE: f64 = 4.0;
/// How often the time that a submission had is counted.
const TICK: Duration = Duration::from_millis(250);

/// The time that a submission has, counted as it had it: on a machine that does six things at once, six seconds are one.
#[derive(Debug)]
pub(super) struct Allowance {
    timeout: Duration,
    /// How slow the machine is all the while, if that is settled.
    settled: Option<f64>,
    spent: Mutex<Duration>,
}

impl Allowance {
    pub(super) fn new(timeout: Duration, settled: Option<f64>) -> Self {
        Self { timeout, settled, spent: Mutex::default() }
    }

    /// What is left of it.
    pub(super) fn left(&self) -> Duration {
        self.timeout.saturating_sub(*self.spent.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Ends when it is used up.
    async fn passes(&self) {
        while !self.left().is_zero() {
            let begun = Instant::now();
            tokio::time::sleep(TICK.min(self.left())).await;
            let had = begun.elapsed().div_f64(self.settled.unwrap_or_else(slowness).min(MOST_PATIENCE));
            // Never so little that it would not end.
            *self.spent.lock().unwrap_or_else(PoisonError::into_inner) += had.max(Duration::from_millis(1));
        }
    }
}

/// One try, with everything removed after it; and whether another may go better.
pub(super) async fn attempt(
    dir: &Path,
    options: &CheckOptions,
    progress: &Progress,
    clock: &Clock,
    time: &Allowance,
) -> (SubmissionReport, bool) {
    let project = janitor::new_project();
    let witness = Witness::begin(&options.engine, &project);
    let each = Try { project: project.clone(), clock, time, witness, wall: Default::default() };
    let judged = tokio::select! {
        () = options.cancel.cancelled() => Err(Error::cancelled()),
        error = options.engine.watch_disk(&project, MOST_DISK) => Err(error),
        judged = judge(dir, options, progress, &each) => judged,
        () = time.passes() => Err(too_slow(options.timeout, clock)),
    };
    let started = !matches!(clock.current(), "read" | "images");
    let judged = if started { not_by_others(judged, &each.witness).await } else { judged };
    let in_time = !time.left().is_zero();
    clock.phase("remove");
    let cut_short = judged.as_ref().is_err_and(|error| error.blame != Blame::Stack);
    let failed = judged.is_err() && started;
    let judged = match judged {
        Ok(judged) => judged,
        Err(error) => {
            let error = own_names::without(error, &project);
            let dir = dir.to_owned();
            let texts = tokio::time::timeout(TEXTS_WITHIN, aside(move || lab::texts_of(&dir))).await;
            let texts = texts.unwrap_or_else(|_| Ok(BTreeMap::new())).unwrap_or_default();
            Judged {
                notes: vec![],
                place: fault_location::of_error(&error, &texts),
                report: not_asked(&options.course, texts, &error),
                survey: None,
                again: error.blame == Blame::Environment && started && in_time,
                late: error.late,
            }
        }
    };
    let mut submission = SubmissionReport {
        dir: dir.to_owned(),
        seconds: 0.0,
        report: judged.report,
        notes: judged.notes,
        place: judged.place,
        survey: judged.survey,
        phases: vec![],
        kept: None,
        left_behind: None,
        late: judged.late,
    };
    if options.keep {
        submission.kept = Some(project);
    } else {
        let removed = clear_away(&options.engine, &project, cut_short, failed, progress).await;
        if cut_short || removed.is_err() {
            janitor::may_be_left(&options.engine, &project);
        }
        submission.left_behind = removed.err().map(|error| Left { project, error });
    }
    // Nothing of it runs any more.
    let wall = each.wall.into_inner();
    let _ = aside(move || drop(wall)).await;
    (submission, judged.again)
}

/// The same, unless it blames the stack and somebody else had a hand in it.
async fn not_by_others(judged: Result<Judged>, witness: &Witness) -> Result<Judged> {
    let blamed = match &judged {
        Ok(judged) => judged.report.verdict() == Verdict::Broken,
        Err(error) => error.blame == Blame::Stack,
    };
    if !blamed {
        return judged;
    }
    let changed = tokio::time::timeout(LOOK_WITHIN.mul_f64(slowness()), witness.changed()).await;
    let cannot = "something does not work, and whether that is the stack's doing cannot be seen";
    match changed {
        Ok(Ok(None)) => judged,
        Ok(Ok(Some(what))) => Err(Error::environment("somebody else changed what was being checked")
            .why(what)
            .suggest("check it again when nobody else works on this engine")),
        Ok(Err(error)) => Err(error.under(cannot)),
        Err(_) => Err(Error::environment(cannot).why("the engine does not answer")),
    }
}

/// Removes what a try has made, and what it was built from where nobody needs that.
async fn clear_away(engine: &Engine, project: &str, cut_short: bool, failed: bool, progress: &Progress) -> Result<()> {
    let all = async {
        let mut tries = 1;
        while let Err(error) = janitor::remove(engine, project, progress).await {
            if tries == REMOVALS {
                return Err(error);
            }
            tries += 1;
            tokio::time::sleep(BETWEEN_REMOVALS).await;
        }
        if cut_short {
            // A build that was in its last step names its image after all; what comes later still, the next check removes.
            tokio::time::sleep(LATE_BUILD).await;
            janitor::remove_images(engine, project).await?;
        }
        if failed {
            // It may be large. What others were built from waits for the end of them all.
            engine.remove_layers().await?;
        }
        Ok(())
    };
    within(engine, project, all).await
}

/// Removes all of a project, within a bound.
///
/// # Errors
/// Environment: the engine refuses, or takes too long.
pub async fn remove(engine: &Engine, project: &str, progress: &Progress) -> Result<()> {
    within(engine, project, janitor::remove(engine, project, progress)).await
}

async fn within(engine: &Engine, project: &str, removal: impl Future<Output = Result<()>>) -> Result<()> {
    let later = |error: Error| {
        error.suggest("the next check tries again").suggest(format!("docker compose -p {project} down --volumes"))
    };
    // Each question to an engine that is silent would be waited for.
    if !engine.answers().await && !engine.answers().await {
        return Err(later(
            Error::environment(format!("{project} cannot be removed")).why("the engine does not answer"),
        ));
    }
    match tokio::time::timeout(DOWN_WITHIN.mul_f64(slowness()), removal).await {
        Ok(removed) => removed.map_err(later),
        Err(_) => Err(later(Error::environment(format!("removing {project} takes too long")))),
    }
}

fn too_slow(timeout: Duration, clock: &Clock) -> Error {
    Error::environment(format!("no verdict within {} s (while: {})", timeout.as_secs(), clock.current()))
        .suggest("give it longer: --timeout SECONDS")
        .late()
}

/// Where the time went.
#[derive(Debug, Default)]
pub(super) struct Clock(Mutex<Vec<(&'static str, Instant)>>);

impl Clock {
    pub(super) fn phase(&self, name: &'static str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push((name, Instant::now()));
    }

    fn current(&self) -> &'static str {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).last().map_or("start", |(name, _)| name)
    }

    pub(super) fn phases(&self) -> Vec<(&'static str, f64)> {
        let marks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let ends = marks.iter().skip(1).map(|(_, at)| *at).chain([Instant::now()]);
        marks.iter().zip(ends).map(|((name, from), to)| (*name, to.duration_since(*from).as_secs_f64())).collect()
    }
}
