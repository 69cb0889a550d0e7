//! `breakfix practice`: draws an incident, proves it on containers, and hands it out: to be played, as JSON, or in a row as an exam.

mod exam;
mod hand_out;
mod play;
mod prove;
mod stats;
mod table;

use std::{
    hash::{BuildHasher, Hasher, RandomState},
    path::{Path, PathBuf},
    sync::Arc,
};

use tokio_util::sync::CancellationToken;

use super::{
    Context,
    args::PracticeArgs,
    check::or_second_signal,
    terminal::{note, print},
};
use crate::{
    conductor::{Disproof, Proof, ProofOptions, prove_incident},
    course::{Class, Course, Origin},
    engine::{Engine, Progress},
    error::{Error, Result},
    journal::now_ms,
    practice::{Incident, Seed, Wanted, draw, redraw, schedule, store::Store},
};

/// How many incidents are drawn until one can be proved.
const MOST_DRAWS: u32 = 8;

/// Runs the command; gives the exit code: 0 where the incident was solved, 1 where not.
///
/// # Errors
/// Usage: the course has nothing of that kind, or the directory holds something else. Environment: no engine, an image that is not to
/// be had, or a file that cannot be written.
pub async fn practice(context: &Context, args: PracticeArgs) -> Result<u8> {
    let store = Store::own();
    if args.stats {
        return stats::stats(&store, now_ms());
    }
    if args.due {
        let (history, now) = (store.history()?, now_ms());
        if schedule::next_due(&history, now).is_none() {
            return print(&stats::nothing_due(&history, now)).map(|()| 0);
        }
    }
    let cancel = CancellationToken::new();
    let desk = Desk::open(context, &args, store, cancel.clone()).await?;
    let work = async {
        if let Some(seeds) = args.prove {
            prove::seeds(&desk, &args, seeds).await
        } else if let Some(ids) = &args.prove_faults {
            prove::faults(&desk, ids).await
        } else if let Some(dir) = &args.headless {
            hand_out::headless(&desk, &args, dir).await
        } else if let Some(incidents) = args.exam {
            exam::exam(&desk, &args, incidents.into()).await
        } else {
            play::play(&desk, &args).await
        }
    };
    or_second_signal(work, &cancel).await
}

/// What all of these need.
struct Desk<'a> {
    context: &'a Context,
    course: Arc<Course>,
    store: Store,
    proof: ProofOptions,
}

/// An incident that was proved.
struct Proved {
    incident: Incident,
    proof: Proof,
    /// Those that came before it, and why they were not fair.
    thrown_away: Vec<(String, Disproof)>,
}

impl<'a> Desk<'a> {
    async fn open(context: &'a Context, args: &PracticeArgs, store: Store, cancel: CancellationToken) -> Result<Self> {
        let engine = Engine::find(context.engine.as_deref()).await?;
        super::check::sweep(&engine, &Progress::silent()).await;
        let proof = ProofOptions { engine, images: context.images, timeout: args.timeout, cancel };
        Ok(Self { context, course: Arc::clone(&context.course), store, proof })
    }

    /// What is to be drawn: what was asked for, and where nothing was, what is due, and never the last one again.
    fn wanted(&self, args: &PracticeArgs) -> Result<Wanted> {
        let history = self.store.history()?;
        let due = schedule::next_due(&history, now_ms());
        let is_open = args.seed.is_none() && args.seed_from.is_none();
        let class = args.class.or(due.filter(|_| args.due || is_open && args.level.is_none()));
        let last = history.last().filter(|last| is_open && last.course == self.course.id);
        Ok(Wanted {
            class: class.filter(|class| args.class.is_some() || self.has(*class)),
            level: args.level,
            two: args.faults > 1,
            not: last.map(|last| last.fault.clone()).into_iter().collect(),
            plain: args.headless.is_some(),
        })
    }

    fn has(&self, class: Class) -> bool {
        self.course.practice.faults.iter().filter(|fault| fault.class == class).count() > 1
    }

    /// Draws until an incident can be proved. `told` hears of each as soon as it is drawn: what is told is read while it is proved.
    async fn proved(
        &self,
        seed: Seed,
        wanted: &Wanted,
        progress: &Progress,
        mut told: impl FnMut(&Incident) -> Result<()>,
    ) -> Result<Proved> {
        let mut thrown_away = Vec::new();
        for attempt in 0..MOST_DRAWS {
            let incident = draw(&self.course, seed, attempt, wanted)?;
            told(&incident)?;
            match prove_incident(&incident, &self.course, &self.proof, progress).await? {
                Ok(proof) => return Ok(Proved { incident, proof, thrown_away }),
                Err(Disproof::Unknown(why)) => {
                    return Err(Error::environment("the incident could not be proved")
                        .why(why)
                        .suggest("breakfix doctor"));
                }
                Err(disproof) => thrown_away.push((incident.faults[0].id().to_owned(), disproof)),
            }
        }
        let error = Error::environment(format!("none of {MOST_DRAWS} incidents could be proved"));
        let error = thrown_away.iter().fold(error, |error, (_, why)| error.why(why.to_string()));
        Err(error.suggest("breakfix selftest   says whether the course's lessons can be proved on this engine"))
    }
}

/// The seed that was asked for, or any.
fn seed(args: &PracticeArgs) -> Seed {
    match (args.seed, &args.seed_from) {
        (Some(seed), _) => Seed(seed),
        (None, Some(name)) => Seed::of_name(name),
        // The standard library seeds each of these at random; that is all that is needed of chance here.
        (None, None) => Seed(RandomState::new().build_hasher().finish() % 1_000_000_000),
    }
}

/// A name that nobody else has.
fn fresh_id() -> String {
    format!("{:016x}", RandomState::new().build_hasher().finish())
}

/// The one directory of which an incident is judged.
///
/// # Errors
/// Usage: there are several.
pub(super) fn only_dir(dirs: &[PathBuf]) -> Result<&Path> {
    match dirs {
        [dir] if dir.as_os_str() != "-" => Ok(dir),
        _ => Err(Error::usage("each incident is judged by what it has to do, and several are named")
            .suggest("breakfix check --practice DIR   for each of them")),
    }
}

/// The incident in this lab, with its course; none where it holds none.
///
/// # Errors
/// Usage: it was made elsewhere, or its course is gone.
fn incident_of(lab: &Path) -> Result<Option<(Incident, Course, Vec<String>)>> {
    let Some(sealed) = Store::own().open(lab)? else { return Ok(None) };
    let origin = match &sealed.from {
        Some(from) => Origin::at(from)?,
        None => Origin::BuiltIn(sealed.course.clone()),
    };
    let course = Course::open(&origin)?;
    let incident = redraw(&course, Seed(sealed.seed), &sealed.faults)?;
    Ok(Some((incident, course, sealed.named)))
}

/// The course by which the incident in this lab is played and judged; none where it holds none.
///
/// # Errors
/// Usage: it was made elsewhere, or its course is gone.
pub(super) fn course_of(lab: &Path) -> Result<Option<Course>> {
    Ok(incident_of(lab)?.map(|(incident, course, named)| incident.to_play(&course, &named)))
}

/// Says how many were thrown away.
fn tell_thrown_away(proved: &Proved) {
    if !proved.thrown_away.is_empty() {
        let count = proved.thrown_away.len();
        let what = if count == 1 { "one incident".to_owned() } else { format!("{count} incidents") };
        note(&format!("{what} could not be proved, and was drawn again"));
    }
}
