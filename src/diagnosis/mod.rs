//! **Pure**: evidence + facts + course → a verdict per hop and check, the wrong turn, the next smallest action.

mod condition;
mod holds;
mod judge;
mod live;
mod odd;
mod rank;
mod report;
mod words;

pub use holds::holds;
pub use judge::{STACK_ERROR, diagnose, unstarted};
pub use live::with_live;
pub use report::{CheckVerdict, HopVerdict, LessonVerdict, NamedWrongTurn, Odd, Report, Status, Verdict};
pub use words::{observed, transcript};
