//! Practice: an incident that nobody has seen before, drawn from a course and a seed.
//!
//! Why it is a room of its own: what is drawn must be the same on every machine, so that nothing here knows of engines or clocks.
//! [`draw()`] picks faults and a costume, [`Incident`] makes the files, the ticket and the debrief of them, [`schedule`] says
//! when a class of cause comes back, and [`store`] keeps both, outside the lab. Read `draw` first.

mod courses;
mod debrief;
mod draw;
mod incident;
pub mod schedule;
mod seed;
pub mod sheet;
pub mod store;

pub use courses::LESSON;
pub use debrief::{Guess, Played, debrief, debrief_lines};
pub use draw::{Wanted, draw, redraw};
pub use incident::{Change, Incident, Ticket, Voice};
pub use seed::Seed;
