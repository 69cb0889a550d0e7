//! The conductor on real containers: a lab from its first start to its last, alone and beside `docker compose`.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[path = "../common/mod.rs"]
mod common;
mod edited;
mod interop;
#[path = "../common/lab.rs"]
mod lab;
mod session;
mod slow;
