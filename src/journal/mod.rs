//! What happened in a lab: events, one JSON object a line, appended; everything else is a fold over them.

mod date;
mod event;
mod hindsight;
mod outline;
mod progress;
mod store;
mod texts;

pub use date::date;
pub use event::{Entry, Event, Outcome, WorkKind};
pub(crate) use hindsight::plural;
pub use hindsight::{hindsight_html, hindsight_markdown, narrative_markdown};
pub use outline::{Outline, outline};
pub use progress::{LessonProgress, Note, Progress, worked_ms};
pub use store::{Journal, now_ms};
pub use texts::KnownTexts;
