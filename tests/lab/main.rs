//! The learner's working copy: its life, the facts read from it, and what is saved but does not run.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod facts;
mod life;
mod stale;
