//! What `check`, `up`, `down` and `status` say when the engine, or the way to it, does not behave: one fault at a time, put
//! between this program and the engine. No wrong verdict, no wait beyond the deadline, and nothing stays behind.
//!
//! A sample runs with the other tests. All of it, with its table, takes hours:
//!
//! ```text
//! BREAKFIX_ALL=1 cargo test --test engine_faults -- --nocapture
//! ```
//!
//! `BREAKFIX_JOBS` says how many runs go side by side; `BREAKFIX_KINDS=start,build` and `BREAKFIX_FAULTS=lost` take a part.

// Support functions are part of the tests, and a failed step there is a failed test.
#![allow(clippy::unwrap_used)]

mod cases;
#[path = "../common/mod.rs"]
mod common;
mod grading;
mod lab;
mod restart;
mod strangers;
mod table;
