//! The front ends that a person looks at: the screen, the same line by line, the demo.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[path = "../common/mod.rs"]
mod common;
#[cfg(unix)]
mod course;
mod demo;
mod plain;
#[cfg(unix)]
#[path = "../common/pty.rs"]
mod pty;
#[cfg(unix)]
mod terminal;
