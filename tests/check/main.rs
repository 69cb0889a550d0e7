//! The judge on real containers: `breakfix check` and `breakfix selftest`.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[path = "../common/mod.rs"]
mod common;
mod cut_off;
mod orders;
mod selftest;
mod stack_cases;
mod submissions;
mod verdicts;
