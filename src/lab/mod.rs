//! The learner's working copy: made, reset, edited, compared with where it started, and read for facts.

mod facts;
mod stale;

pub use facts::Facts;
pub use stale::{MakeLive, Stale};
