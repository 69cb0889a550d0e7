//! The course proves itself on real containers: each bug shows the symptom that its story tells, each fix works, each wrong
//! turn is the one that is named.
//!
//! A case is tried on a [`bench::Bench`]: a project on the engine whose database server stays from one case to the next where
//! that can change nothing about the outcome, with tables that were made from the very same files. All else is made anew for each case.

mod bench;
mod cases;
mod expect;
mod tables;

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use tokio_util::sync::CancellationToken;

use self::{
    bench::Bench,
    expect::{expected, judged},
};
pub use self::{
    cases::{Case, Kind, cases},
    expect::Outcome,
};
use super::check::{not_asked, remove};
use crate::{
    course::Course,
    diagnosis::{Report, Verdict},
    engine::{Engine, ImagePolicy, Progress},
    error::{Blame, Error, Result},
};

/// How a course is proved.
#[derive(Debug, Clone)]
pub struct SelftestOptions {
    /// The engine.
    pub engine: Engine,
    /// The course.
    pub course: Arc<Course>,
    /// Where base images may come from.
    pub images: ImagePolicy,
    /// A case without a verdict after this long has none.
    pub timeout: Duration,
    /// Every case from nothing: no database server is kept from one to the next.
    pub fresh: bool,
    /// Ends it when cancelled; everything is removed even then.
    pub cancel: CancellationToken,
}

/// What a case came to.
#[derive(Debug, Clone, PartialEq)]
pub struct CaseReport {
    /// The lesson's id.
    pub lesson: String,
    /// What kind of case.
    pub kind: Kind,
    /// Its id: of the variant or the wrong turn; `bug`, `fix`.
    pub id: String,
    /// What has to come of it, in a few words.
    pub expected: String,
    /// What came of it, in the same words where it is the same.
    pub got: String,
    /// Whether these agree.
    pub outcome: Outcome,
    /// How long it took.
    pub seconds: f64,
    /// It was not as it should be, or the engine failed, and it was tried again from nothing.
    pub retried: bool,
    /// What was seen.
    pub report: Report,
}

/// Proves cases, any number of them side by side.
#[derive(Debug)]
pub struct Selftest {
    options: SelftestOptions,
    /// Benches on which nobody works at the moment.
    idle: Mutex<Vec<Bench>>,
}

impl Selftest {
    /// Nothing is started yet.
    pub fn new(options: SelftestOptions) -> Self {
        Self { options, idle: Mutex::default() }
    }

    /// Tries one case; `None` when it was ended on request. Never fails: what fails is the case, or nothing can be said of it.
    /// Where the engine failed, or it is not as it should be, it is tried once more from nothing, and the report says so: a busy machine,
    /// or what a bench has kept, is no fault of the course.
    pub async fn prove(&self, case: &Case, progress: &Progress) -> Option<CaseReport> {
        let started = Instant::now();
        let (mut seen, mut retried) = self.ask(case, progress).await;
        if let Ok((report, symptom)) = &seen
            && !retried
        {
            let (got, outcome) = judged(case, report, *symptom);
            retried = outcome != Outcome::Ok;
            if retried {
                tracing::warn!(case = case.id, got, reason = report.reason(), "not as it should be: once more");
                seen = self.attempt(case, true, progress).await;
            }
        }
        if seen.as_ref().is_err_and(|error| error.blame == Blame::Cancelled) {
            return None;
        }
        let (report, symptom) =
            seen.unwrap_or_else(|error| (not_asked(&self.options.course, case.making.files.clone(), &error), None));
        let (got, outcome) = judged(case, &report, symptom);
        Some(CaseReport {
            lesson: case.lesson.clone(),
            kind: case.kind,
            id: case.id.clone(),
            expected: expected(case),
            got,
            outcome,
            seconds: started.elapsed().as_secs_f64(),
            retried,
            report,
        })
    }

    /// Makes a case and says what is seen, whatever it should be; and whether the engine failed, so that it took a second try.
    pub(super) async fn ask(&self, case: &Case, progress: &Progress) -> (Result<(Report, Option<bool>)>, bool) {
        let seen = self.attempt(case, false, progress).await;
        let failed = match &seen {
            Ok((report, _)) => report.verdict() == Verdict::Unknown,
            Err(error) => error.blame == Blame::Environment,
        };
        if failed { (self.attempt(case, true, progress).await, true) } else { (seen, false) }
    }

    async fn attempt(&self, case: &Case, anew: bool, progress: &Progress) -> Result<(Report, Option<bool>)> {
        if self.options.cancel.is_cancelled() {
            return Err(Error::cancelled());
        }
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        if let Some(bench) = idle.as_mut().filter(|_| anew) {
            bench.forget();
        }
        let mut bench = match idle {
            Some(bench) => bench,
            None => Bench::new()?,
        };
        let seen = tokio::select! {
            () = self.options.cancel.cancelled() => Err(Error::cancelled()),
            seen = tokio::time::timeout(self.options.timeout, bench.ask(case, &self.options, progress)) => {
                seen.unwrap_or_else(|_| {
                    Err(Error::environment(format!("no verdict within {} s", self.options.timeout.as_secs())))
                })
            }
        };
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(bench);
        seen
    }

    /// Removes everything that was started.
    ///
    /// # Errors
    /// Environment: the engine refuses, or does not answer in time.
    pub async fn close(self, progress: &Progress) -> Result<()> {
        let benches = self.idle.into_inner().unwrap_or_else(PoisonError::into_inner);
        let removals = benches.iter().map(|bench| remove(&self.options.engine, bench.project(), progress));
        futures_util::future::join_all(removals).await.into_iter().collect::<Result<()>>()?;
        self.options.engine.remove_layers().await
    }
}
