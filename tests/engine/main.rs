//! The engine room on real containers.
//!
//! Where no engine answers these tests fail and say what to start; `BREAKFIX_SKIP_DOCKER=1` skips them.

// Support functions are part of the tests, and a failed step there is a failed test.
#![allow(clippy::unwrap_used)]

mod builders;
#[path = "../common/mod.rs"]
mod common;
mod down;
mod interop;
mod observe;
mod ports;
mod stranger;
mod support;
mod toolbox;
mod troubles;
mod up;
