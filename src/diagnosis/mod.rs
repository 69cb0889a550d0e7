//! **Pure**: evidence + facts + course → a verdict per hop and check, the wrong turn, the next smallest action.

mod report;

pub use report::{CheckVerdict, HopVerdict, LessonVerdict, NamedWrongTurn, Report, Status, Verdict};
