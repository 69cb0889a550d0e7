//! Takes an [`Action`], drives lab, engine, probe and diagnosis, and tells what happens as [`Update`]s; cancels cleanly.
//!
//! [`spawn`] opens a lab for a front end; [`Works`] are the long works themselves, for commands that do one of them;
//! [`check_submission`] grades a directory; [`Selftest`] proves a course.

mod action;
mod bootstrap;
mod check;
mod db_setup;
mod edited;
mod fault_location;
mod files;
mod image_substitution;
mod isolate;
mod janitor;
mod job;
mod jobs;
mod offline_images;
mod plan;
mod pool;
mod practice;
mod process_label;
mod project;
mod proxy;
mod scenario;
mod selftest;
mod session;
mod watch;

pub use action::{Action, ContainerView, EngineStatus, Update, Work};
pub use check::{CheckOptions, Left, SubmissionReport, check_submission, not_checked};
pub use files::{Reloaded, facts_of, views};
pub use janitor::sweep;
pub use job::label;
pub use jobs::{Asking, Told, Works, moved_ports, project};
pub use offline_images::{images_of, images_to_carry, written_out};
pub use pool::{News, PoolOptions, check_pool};
pub use practice::{Disproof, Mending, Proof, ProofOptions, prove_incident, prove_mending};
pub use project::Desired;
pub use selftest::{Case, CaseReport, Kind, Outcome, Selftest, SelftestOptions, cases};
pub use session::{Options, Remote, spawn};
