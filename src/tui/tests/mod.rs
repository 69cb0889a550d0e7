//! The screen without a terminal: a stage on which keys are pressed and a conductor's part is spoken by the test.

mod evidence;
mod files;
mod flows;
mod goes_on;
mod lessons;
mod map;
mod panic;
mod spoilers;
pub(in crate::tui) mod stage;
mod staleness;
mod storm;
mod thinking;
mod views;
