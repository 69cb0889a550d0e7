//! What happened in a lab: events, one JSON object a line, appended; everything else is a fold over them.

mod event;

pub use event::{Entry, Event, Outcome, WorkKind};
