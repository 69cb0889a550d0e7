//! The course as data: lessons, hops, checks, hints, wrong turns and edits, loaded from `lessons/*.toml`.
//!
//! Words that a learner reads live in the TOML files, never in Rust: adding a lesson needs no Rust at all.

mod condition;
mod edit;
mod finding;
mod lesson;
mod lint;
mod lint_turns;
mod load;
mod making;
mod pages;
#[cfg(test)]
mod schema;
mod stack;
mod talk;
mod validate;
mod validate_condition;
pub mod vocabulary;

pub use condition::{
    Condition, EvidenceTest, FactTest, FileTest, LogTest, MARKER, StaleTest, StaleWith, StateTest, StatusTest,
};
pub use edit::Edit;
pub use finding::CourseFinding;
pub use lesson::{
    Beat, Bootstrap, Check, Choice, Course, Hint, Hop, Lesson, Prediction, Roles, Rung, Shown, Stacks, Variant,
    WrongTurn,
};
pub use lint::lint;
pub use load::{FORMAT, embedded_stack};
pub use making::Making;
pub use stack::apply_all;
pub use talk::{Staging, Talk, TalkBeat};
pub use validate::validate;
