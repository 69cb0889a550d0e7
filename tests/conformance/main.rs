//! Our reading of compose files against that of `docker compose config`: the same files are refused, and the others ask for
//! the same.
#![allow(clippy::unwrap_used)]

mod cases;
#[path = "../common/mod.rs"]
mod common;
mod differences;
mod reading;

use std::{
    path::Path,
    process::Command,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use breakfix::compose::{LoadOptions, load};
use cases::{Case, Row};
use serde_json::Value;

/// How many of the cases that the tables give are tried where nobody asks for all.
const SAMPLE: usize = 160;
/// How many mixed cases are tried besides, and how many where all are asked for.
const MIXED: (usize, usize) = (60, 1_500);
/// The row of mixed cases.
const SEED: u64 = 0x5eed_0014;

/// What compose makes of a directory: what it asks for, or why it is refused.
fn theirs(case: &Case, dir: &Path) -> Result<Value, String> {
    let mut command = Command::new("docker");
    command.args(["compose", "config", "--format", "json"]).current_dir(dir);
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("COMPOSE_")) {
        command.env_remove(name);
    }
    let out = command.envs(case.shell.iter().cloned()).output().unwrap();
    match out.status.success() {
        true => Ok(reading::theirs(&serde_json::from_slice(&out.stdout).unwrap())),
        false => Err(String::from_utf8_lossy(&out.stderr).lines().last().unwrap_or_default().to_string()),
    }
}

fn ours(case: &Case, dir: &Path) -> Result<Value, String> {
    let env = case.shell.iter().cloned().collect();
    match load(dir, &LoadOptions { project: None, env }) {
        Ok(stack) => Ok(reading::ours(&stack)),
        Err(findings) => Err(findings.iter().map(|finding| finding.headline()).collect::<Vec<_>>().join(" / ")),
    }
}

/// How a case is read differently, if it is and nobody means it to be.
fn difference(case: &Case) -> Option<String> {
    let home = tempfile::tempdir().unwrap();
    let dir = home.path().join("case");
    common::write_files(&dir, case.files.iter().map(|(name, text)| (name, text)));
    let (theirs, ours) = (theirs(case, &dir), ours(case, &dir));
    let told = match (theirs, ours) {
        (Ok(theirs), Ok(ours)) if theirs == ours => return None,
        (Err(_), Err(_)) => return None,
        (Ok(theirs), Ok(ours)) => format!("read differently: {}", reading::differs(&theirs, &ours)),
        (Ok(_), Err(ours)) => format!("refused by us alone: {ours}"),
        (Err(theirs), Ok(_)) => format!("refused by compose alone: {theirs}"),
    };
    let told = told.replace(dir.to_str().unwrap(), "DIR");
    (!differences::is_meant(&told)).then(|| format!("{}\n    {told}", case.name))
}

fn compose_is_there() -> bool {
    Command::new("docker").args(["compose", "version"]).output().is_ok_and(|out| out.status.success())
}

#[test]
fn reads_as_compose_does() {
    if !compose_is_there() {
        eprintln!("skipped: `docker compose` is not installed");
        return;
    }
    let mut tried = cases::each();
    let every = common::one_of(tried.len().div_ceil(SAMPLE));
    tried = tried.into_iter().step_by(every).collect();
    let mut row = Row::new(SEED);
    tried.extend((0..if common::all() { MIXED.1 } else { MIXED.0 }).map(|_| cases::mixed(&mut row)));
    let (next, found) = (AtomicUsize::new(0), Mutex::new(vec![]));
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(2, usize::from) {
            scope.spawn(|| {
                while let Some(case) = tried.get(next.fetch_add(1, Ordering::Relaxed)) {
                    found.lock().unwrap().extend(difference(case));
                }
            });
        }
    });
    let found = found.into_inner().unwrap();
    assert!(found.is_empty(), "{} of {} are read differently:\n{}", found.len(), tried.len(), found.join("\n"));
}
