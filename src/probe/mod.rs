//! One question to the running stack, one [`Evidence`] back.
//!
//! Each hop is asked from where it starts: the host for the browser, a toolbox container inside the stack's networks for
//! the rest. No verdicts here and no words for learners: only what was asked, and what was seen.

mod again;
mod as_app;
mod browser;
mod clean;
mod cookies;
mod evidence;
mod form;
mod front;
mod hops;
mod http;
mod inside;
mod look;
mod meaning;
mod page;
mod page_with_form;
mod prober;
mod rows;
mod sockets;
mod survey;
mod url;

pub use evidence::{
    Evidence, FrontDoor, HttpAnswer, ListenSocket, Observation, Rows, ServiceReport, Survey, evidence_id,
};
pub use inside::slowness;
pub use prober::{HostPorts, Prober, SurveyOptions};
