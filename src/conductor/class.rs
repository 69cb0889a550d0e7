//! A class: many directories, spread over one engine or several, with their verdicts in the order in which they were named.

use std::{
    collections::{BTreeSet, VecDeque},
    path::PathBuf,
};

use futures_util::{StreamExt, stream::FuturesUnordered};

use super::{CheckOptions, SubmissionReport, check_submission, not_checked};
use crate::{
    diagnosis::Verdict,
    engine::{Engine, Progress},
    error::{Error, Result},
};

/// How a class is graded.
#[derive(Debug, Clone)]
pub struct ClassOptions {
    /// The engines; the directories are spread over them.
    pub engines: Vec<Engine>,
    /// How many directories at the same time, on all engines together; as many as each has processors when nothing is said.
    pub jobs: Option<usize>,
    /// How each directory is graded; its engine is the one that is free.
    pub each: CheckOptions,
}

/// A directory that waits for its turn.
#[derive(Debug, Clone, Copy)]
struct Turn {
    index: usize,
    /// An engine died under it.
    second: bool,
}

/// Grades directories side by side. `told` gets each report as soon as those before it are there. Where an engine dies, what
/// was on it is tried once more on another one, and nothing more is given to it.
///
/// # Errors
/// Whatever `told` meets.
pub async fn check_class(
    dirs: &[PathBuf],
    options: &ClassOptions,
    progress: &Progress,
    mut told: impl FnMut(&SubmissionReport) -> Result<()>,
) -> Result<Vec<SubmissionReport>> {
    let cpus: Vec<u64> = options.engines.iter().map(|engine| engine.info.cpus).collect();
    let mut free = places(&cpus, options.jobs);
    let mut dead: BTreeSet<usize> = BTreeSet::new();
    let mut waiting: VecDeque<Turn> = (0..dirs.len()).map(|index| Turn { index, second: false }).collect();
    let mut done: Vec<Option<SubmissionReport>> = vec![None; dirs.len()];
    let mut next = 0;
    let mut running = FuturesUnordered::new();
    loop {
        free.retain(|engine| !dead.contains(engine));
        while !free.is_empty()
            && let Some(turn) = waiting.pop_front()
            && let Some(engine) = free.pop_front()
        {
            let each = CheckOptions { engine: options.engines[engine].clone(), ..options.each.clone() };
            running.push(async move {
                let report = check_submission(&dirs[turn.index], &each, progress).await;
                let unclear = report.report.verdict == Verdict::Unknown && !each.cancel.is_cancelled();
                let died = unclear && !each.engine.answers().await;
                (engine, turn, report, died)
            });
        }
        let Some((engine, turn, report, died)) = running.next().await else { break };
        if died {
            dead.insert(engine);
        } else {
            free.push_back(engine);
        }
        if died && !turn.second && dead.len() < options.engines.len() {
            waiting.push_front(Turn { second: true, ..turn });
        } else {
            done[turn.index] = Some(report);
        }
        tell(&done, &mut next, &mut told)?;
    }
    // No engine is left for these.
    for turn in waiting {
        let error = Error::environment("no engine answers any more").suggest("breakfix doctor");
        done[turn.index] = Some(not_checked(&dirs[turn.index], &options.each.course, &error));
    }
    tell(&done, &mut next, &mut told)?;
    for engine in &options.engines {
        // Only the disk suffers where it fails; no verdict does.
        if let Err(error) = engine.remove_layers().await {
            tracing::warn!(%error, "layers of the builds stay");
        }
    }
    Ok(done.into_iter().flatten().collect())
}

fn tell(
    done: &[Option<SubmissionReport>],
    next: &mut usize,
    told: &mut impl FnMut(&SubmissionReport) -> Result<()>,
) -> Result<()> {
    while let Some(Some(report)) = done.get(*next) {
        told(report)?;
        *next += 1;
    }
    Ok(())
}

/// A place for each directory that is graded at the same time: the number of its engine. Engines take turns.
fn places(cpus: &[u64], jobs: Option<usize>) -> VecDeque<usize> {
    if let Some(jobs) = jobs {
        return (0..jobs).filter(|_| !cpus.is_empty()).map(|job| job % cpus.len()).collect();
    }
    let most = cpus.iter().copied().max().unwrap_or(0).max(1);
    let round = |round: u64| cpus.iter().enumerate().filter(move |(_, cpus)| round < (**cpus).max(1)).map(|(at, _)| at);
    (0..most).flat_map(round).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn engines_take_turns() {
        assert_eq!(places(&[2, 4], None), [0, 1, 0, 1, 1, 1]);
        assert_eq!(places(&[2, 4], Some(3)), [0, 1, 0]);
        assert_eq!(places(&[8, 8], Some(1)), [0]);
        assert_eq!(places(&[0], None), [0]);
    }
}
