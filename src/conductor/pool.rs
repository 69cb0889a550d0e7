//! A pool: many directories, spread over one engine or several, with their verdicts in the order in which they were named.

use std::{
    collections::{BTreeMap, VecDeque},
    path::{Path, PathBuf},
    time::Duration,
};

use futures_util::{FutureExt, StreamExt, future::BoxFuture, stream::FuturesUnordered};
use tokio::time::Instant;

use super::{CheckOptions, SubmissionReport, check_submission, not_checked};
use crate::{
    diagnosis::Verdict,
    engine::{Engine, Progress},
    error::{Error, Result},
};

/// How many directories are graded.
#[derive(Debug, Clone)]
pub struct PoolOptions {
    /// The engines; the directories are spread over them.
    pub engines: Vec<Engine>,
    /// How many directories at the same time, on all engines together; as many as each has processors when nothing is said.
    pub jobs: Option<usize>,
    /// How each directory is graded; its engine is the one that is free.
    pub each: CheckOptions,
}

/// What a pool has to tell.
#[derive(Debug)]
pub enum News<'a> {
    /// A directory was graded: its number among them, and the report.
    Graded(usize, Box<SubmissionReport>),
    /// This engine does not answer any more, and what was on it moves on.
    Gone(&'a Engine),
    /// It answers again, and gets work again.
    Back(&'a Engine),
}

/// How long an engine that went away is waited for where nothing else goes on: one that is started again takes a few seconds.
const BACK_WITHIN: Duration = Duration::from_secs(30);
/// Between two looks whether it is back.
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// How long removing the layers of all builds may take.
const LAYERS_WITHIN: Duration = Duration::from_secs(20);

/// A directory that waits for its turn.
#[derive(Debug, Clone, Copy)]
struct Turn {
    index: usize,
    /// An engine went away under it.
    second: bool,
}

/// What was waited for.
enum Ended {
    /// A directory was graded on this engine; whether the engine went away under it.
    Graded { engine: usize, turn: Turn, report: Box<SubmissionReport>, died: bool },
    /// An engine that went away: whether it is back.
    Back { engine: usize, is_back: bool },
}

/// Places on engines: those that are free, and those of engines that went away.
struct Places {
    free: VecDeque<usize>,
    away: BTreeMap<usize, usize>,
}

impl Places {
    /// One of this engine's, which went away; whether that is news.
    fn lose(&mut self, engine: usize) -> bool {
        let is_news = !self.away.contains_key(&engine);
        let before = self.free.len();
        self.free.retain(|free| *free != engine);
        *self.away.entry(engine).or_default() += 1 + before - self.free.len();
        is_news
    }

    /// An engine is back.
    fn regain(&mut self, engine: usize) {
        let places = self.away.remove(&engine).unwrap_or_default();
        self.free.extend(std::iter::repeat_n(engine, places));
    }
}

/// Grades directories side by side. `told` gets each report as soon as it is there. Where an engine goes away, what was on it is
/// tried once more, on another one or on the same when it is back: as long as others work, it is looked for. What took too long
/// beside others is graded again alone, at the end.
///
/// # Errors
/// Whatever `told` meets.
pub async fn check_pool(
    dirs: &[PathBuf],
    options: &PoolOptions,
    progress: &Progress,
    mut told: impl FnMut(News<'_>) -> Result<()>,
) -> Result<()> {
    let cpus: Vec<u64> = options.engines.iter().map(|engine| engine.info.cpus).collect();
    let mut places = Places { free: places(&cpus, options.jobs), away: BTreeMap::new() };
    let side_by_side = places.free.len() > 1 && dirs.len() > 1;
    let mut waiting: VecDeque<Turn> = (0..dirs.len()).map(|index| Turn { index, second: false }).collect();
    let mut late = Vec::new();
    let mut running: FuturesUnordered<BoxFuture<'_, Ended>> = FuturesUnordered::new();
    let mut graded_now = 0;
    loop {
        while !places.free.is_empty()
            && let Some(turn) = waiting.pop_front()
            && let Some(engine) = places.free.pop_front()
        {
            running.push(options.grade(&dirs[turn.index], engine, turn, progress).boxed());
            graded_now += 1;
        }
        match running.next().await {
            None => break,
            Some(Ended::Back { engine, is_back: true }) => {
                places.regain(engine);
                told(News::Back(&options.engines[engine]))?;
            }
            // As long as others work, there may be something left for it.
            Some(Ended::Back { engine, is_back: false }) if graded_now > 0 => {
                running.push(options.back(engine, progress).boxed());
            }
            Some(Ended::Back { .. }) => {}
            Some(Ended::Graded { engine, turn, report, died }) => {
                graded_now -= 1;
                if !died {
                    places.free.push_back(engine);
                } else if places.lose(engine) {
                    told(News::Gone(&options.engines[engine]))?;
                    running.push(options.back(engine, progress).boxed());
                }
                if died && !turn.second {
                    waiting.push_front(Turn { second: true, ..turn });
                } else if side_by_side && report.late && report.report.verdict() != Verdict::Works {
                    late.push((engine, Turn { second: true, ..turn }));
                } else {
                    told(News::Graded(turn.index, report))?;
                }
            }
        }
    }
    // No engine is left for these.
    for turn in waiting {
        let error = Error::environment("no engine answers any more").suggest("breakfix doctor");
        let report = not_checked(&dirs[turn.index], &options.each.course, &error);
        told(News::Graded(turn.index, Box::new(report)))?;
    }
    for (engine, turn) in late {
        let dir = &dirs[turn.index];
        progress.step(dir.display().to_string(), "check", "it took too long beside others: again, alone");
        let alone = CheckOptions { alone: true, ..options.on(engine) };
        let report = check_submission(dir, &alone, progress).await;
        told(News::Graded(turn.index, Box::new(report)))?;
    }
    for engine in &options.engines {
        sweep_left(engine, progress).await;
        // Only the disk suffers where it fails; no verdict does.
        match tokio::time::timeout(LAYERS_WITHIN, engine.remove_layers()).await {
            Ok(Err(error)) => tracing::warn!(%error, "layers of the builds stay"),
            Err(_) => tracing::warn!("layers of the builds stay: the engine does not answer"),
            Ok(Ok(())) => {}
        }
    }
    Ok(())
}

impl PoolOptions {
    fn on(&self, engine: usize) -> CheckOptions {
        CheckOptions { engine: self.engines[engine].clone(), ..self.each.clone() }
    }

    async fn grade(&self, dir: &Path, engine: usize, turn: Turn, progress: &Progress) -> Ended {
        let each = self.on(engine);
        let report = check_submission(dir, &each, progress).await;
        let unclear = report.report.verdict() == Verdict::Unknown && !each.cancel.is_cancelled();
        let died = unclear && (report.left_behind.is_some() || !each.engine.answers().await);
        Ended::Graded { engine, turn, report: Box::new(report), died }
    }

    /// Waits for an engine that went away, and removes what had to be left on it.
    async fn back(&self, number: usize, progress: &Progress) -> Ended {
        let engine = &self.engines[number];
        let until = Instant::now() + BACK_WITHIN;
        while !engine.answers().await {
            if Instant::now() >= until || self.each.cancel.is_cancelled() {
                return Ended::Back { engine: number, is_back: false };
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
        sweep_left(engine, progress).await;
        Ended::Back { engine: number, is_back: true }
    }
}

/// Removes what had to be left on an engine. Where that fails, the next check does it.
async fn sweep_left(engine: &Engine, progress: &Progress) {
    let swept = tokio::time::timeout(BACK_WITHIN, super::janitor::sweep_left(engine, progress)).await;
    if !matches!(swept, Ok(Ok(()))) {
        tracing::warn!("what was left when the engine went away stays");
    }
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
    fn an_engine_that_is_back_has_all_its_places_again() {
        let mut places = Places { free: [0, 1, 0].into(), away: BTreeMap::new() };
        assert!(places.lose(0) && !places.lose(0));
        assert_eq!(places.free, [1]);
        places.regain(0);
        assert_eq!(places.free, [1, 0, 0, 0, 0]);
        assert!(places.lose(1));
        assert_eq!(places.free, [0, 0, 0, 0]);
    }

    #[test]
    fn engines_take_turns() {
        assert_eq!(places(&[2, 4], None), [0, 1, 0, 1, 1, 1]);
        assert_eq!(places(&[2, 4], Some(3)), [0, 1, 0]);
        assert_eq!(places(&[8, 8], Some(1)), [0]);
        assert_eq!(places(&[0], None), [0]);
    }
}
