//! The course as data: lessons, hops, checks, hints, wrong turns and edits, loaded from `lessons/*.toml`.
//!
//! Words that a learner reads live in the TOML files, never in Rust: adding a lesson needs no Rust at all.

mod archive;
mod condition;
mod costume;
mod edit;
mod fault_making;
mod finding;
mod lesson;
mod library;
mod lint;
mod lint_turns;
mod load;
mod origin;
mod own_fact;
mod pages;
mod practice;
mod practice_lint;
mod probe;
mod scenario;
#[cfg(test)]
mod schema;
mod stack;
mod talk;
mod template;
mod turn;
mod validate;
mod validate_condition;
pub mod vocabulary;

pub use condition::{
    Condition, EvidenceTest, FactTest, FileTest, LogTest, MARKER, StaleTest, StaleWith, StateTest, StatusTest,
};
pub use costume::Costume;
pub use edit::Edit;
pub use finding::CourseFinding;
pub use lesson::{Beat, Bootstrap, Check, Choice, Course, Hint, Hop, Lesson, Prediction, Roles, Rung, Shown, Stacks};
pub use library::{Offer, find, library, offers};
pub use lint::lint;
pub use load::{FORMAT, embedded_stack};
pub use origin::Origin;
pub use own_fact::{FactReader, OwnFact};
pub use practice::{Class, ClassWords, CostumeWord, Fault, KeptName, Practice, Slip, Symptom};
pub use probe::{OtherService, Probe, ProbeKey, ProbeKind};
pub use scenario::Making;
pub use stack::apply_all;
pub use talk::{Staging, Talk, TalkBeat};
pub use template::write_new;
pub use turn::{PlaceTest, Variant, WrongTurn};
pub use validate::validate;
