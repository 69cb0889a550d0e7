//! The command line, without an engine.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod contract;
mod courses;
mod install_engine;
