//! Reading compose files: what is understood, what is refused, and in which words.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod cases;
#[path = "../common/mod.rs"]
mod common;
mod fixtures;
mod hashes;
mod mistakes;
mod properties;
mod shop;
mod untrusted;
