//! One work, from its kind to what it came to, within a bound.

use std::time::Duration;

use super::{Asking, Works};
use crate::{
    diagnosis::Report,
    engine::{ImageStatus, Progress},
    error::{Error, Result},
    journal::WorkKind,
    probe::Survey,
};

/// What a work came to.
pub enum Finish {
    /// It is done.
    Done,
    /// The base images.
    Images(Vec<ImageStatus>),
    /// What a verification found.
    Verified {
        /// The lesson that was open.
        lesson: String,
        /// What it came to.
        report: Box<Report>,
        /// What was seen.
        survey: Box<Survey>,
    },
}

/// What is asked of a running stack: the lesson, and how.
pub type Question = (String, Asking);

/// Does the work, or gives it up after a while. `question` is for `Verify`.
///
/// # Errors
/// Whatever the work meets; environment when it takes too long.
pub async fn bounded(works: Works, kind: WorkKind, question: Question, progress: Progress) -> Result<Finish> {
    let within = deadline(&kind);
    let what = label(&kind);
    match tokio::time::timeout(within, perform(works, kind, question, progress)).await {
        Ok(result) => result,
        Err(_) => Err(Error::environment(format!("given up after {} s: {what}", within.as_secs()))
            .suggest("look at the logs, then try again")),
    }
}

async fn perform(works: Works, kind: WorkKind, (lesson, asking): Question, progress: Progress) -> Result<Finish> {
    match kind {
        WorkKind::Images => return Ok(Finish::Images(works.base_images(&progress).await?)),
        WorkKind::Verify => {
            let (report, survey) = works.verify(&lesson, asking, &progress).await?;
            return Ok(Finish::Verified { lesson, report: Box::new(report), survey: Box::new(survey) });
        }
        WorkKind::Up { services, build } => drop(works.up(&services, build, &progress).await?),
        WorkKind::UpAlone { services } => works.up_alone(&services, &progress).await?,
        WorkKind::MoveAway { service } => works.move_away(&service, &progress).await?,
        WorkKind::Bootstrap => works.bootstrap(&progress).await?,
        WorkKind::Restart { service } => works.restart(&service, &progress).await?,
        WorkKind::Reload { service } => works.reload(&service, &progress).await?,
        WorkKind::Down { volumes } => drop(works.down(volumes, &progress).await?),
    }
    Ok(Finish::Done)
}

/// How long a work may take before it is given up.
fn deadline(kind: &WorkKind) -> Duration {
    Duration::from_secs(match kind {
        WorkKind::Images => 1800,
        WorkKind::Up { .. } | WorkKind::UpAlone { .. } => 900,
        WorkKind::Verify => 240,
        WorkKind::Bootstrap | WorkKind::Down { .. } => 120,
        WorkKind::Restart { .. } | WorkKind::Reload { .. } | WorkKind::MoveAway { .. } => 60,
    })
}

/// The work in a few words.
pub fn label(kind: &WorkKind) -> String {
    let names = |services: &[String]| if services.is_empty() { "the stack".to_owned() } else { services.join(", ") };
    match kind {
        WorkKind::Images => "getting the base images".to_owned(),
        WorkKind::Up { services, build: false } => format!("starting {}", names(services)),
        WorkKind::Up { services, build: true } => format!("building and starting {}", names(services)),
        WorkKind::UpAlone { services } => format!("starting {} alone", names(services)),
        WorkKind::MoveAway { service } => format!("making {service} anew at another address"),
        WorkKind::Bootstrap => "giving the database its tables".to_owned(),
        WorkKind::Restart { service } => format!("restarting {service}"),
        WorkKind::Reload { service } => format!("reloading {service}"),
        WorkKind::Verify => "asking the running stack".to_owned(),
        WorkKind::Down { .. } => "removing the stack".to_owned(),
    }
}
