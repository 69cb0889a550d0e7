//! What happened in a lab: events, one JSON object a line, appended; everything else is a fold over them.

mod date;
mod event;
mod hindsight;
mod progress;
mod store;
mod texts;

pub use date::date;
pub use event::{Entry, Event, Outcome, WorkKind};
pub use hindsight::{hindsight_html, hindsight_markdown, narrative_markdown};
pub use progress::{LessonProgress, Note, Progress};
pub use store::{Journal, now_ms};
pub use texts::KnownTexts;
