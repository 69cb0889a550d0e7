//! Takes an [`Action`], drives lab, engine, probe and diagnosis, and tells what happens as [`Update`]s; cancels cleanly.
//!
//! [`spawn`] opens a lab for a front end; [`Works`] are the long works themselves, for commands that do one of them;
//! [`check_submission`] grades a directory; [`Selftest`] proves a course.

mod action;
mod bootstrap;
mod carry;
mod check;
mod class;
mod desired;
mod files;
mod isolate;
mod janitor;
mod making;
mod owner;
mod perform;
mod plan;
mod proxy;
mod selftest;
mod session;
mod supplies;
mod tables;
mod watch;
mod whereabouts;
mod works;

pub use action::{Action, ContainerView, EngineStatus, Update, Work};
pub use carry::images_to_carry;
pub use check::{CheckOptions, SubmissionReport, check_submission, not_checked};
pub use class::{ClassOptions, check_class};
pub use desired::Desired;
pub use files::{Reloaded, facts_of, views};
pub use janitor::sweep;
pub use perform::label;
pub use selftest::{Case, CaseReport, Kind, Outcome, Selftest, SelftestOptions, cases};
pub use session::{Options, Remote, spawn};
pub use works::{Asking, Told, Works, base_image_names, moved_ports, project};
