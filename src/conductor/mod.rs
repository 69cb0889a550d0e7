//! Takes an [`Action`], drives lab, engine, probe and diagnosis, and tells what happens as [`Update`]s; cancels cleanly.

mod action;

pub use action::{Action, ContainerView, EngineStatus, Update, Work};
