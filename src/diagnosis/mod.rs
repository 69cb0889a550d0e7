//! **Pure**: evidence + facts + course → a verdict per hop and check, the wrong turn, the next smallest action.

mod anomalies;
mod condition;
mod holds;
mod judge;
mod log_facts;
mod place;
mod rank;
mod report;
mod runtime_facts;
mod words;

pub use holds::holds;
pub use judge::{STACK_ERROR, diagnose, unstarted};
pub use place::place;
pub use report::{
    CheckVerdict, HopVerdict, Judgement, LessonVerdict, NamedWrongTurn, Odd, Reason, Report, Status, Verdict,
};
pub use runtime_facts::with_live;
pub use words::{filled, observed, transcript};
