//! What a verification comes to.

use serde::{Deserialize, Serialize};

use crate::lab::Stale;

/// The three verdicts on a stack.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Everything that was asked holds.
    Works,
    /// Something does not.
    Broken,
    /// The environment failed, or nothing was asked: nothing can be said.
    #[default]
    Unknown,
}

/// Status of one hop or check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// It holds.
    Pass,
    /// It does not.
    Fail,
    /// It was not asked, or could not be.
    Unknown,
}

/// One hop.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HopVerdict {
    /// `browser-nginx`, `nginx-flaskapp`, `flaskapp-db`.
    pub id: String,
    /// Whether it works.
    pub status: Status,
    /// What a person would type.
    pub command: String,
    /// What was seen, in a few words: `connection refused`, `502 Bad Gateway`.
    pub observed: String,
}

/// One check of a lesson.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckVerdict {
    /// The check's id.
    pub id: String,
    /// The lesson that it belongs to.
    pub lesson: String,
    /// Whether it holds.
    pub status: Status,
    /// What a person would type.
    pub command: String,
    /// What was seen, or why it was not asked.
    pub observed: String,
    /// The check in words.
    #[serde(skip_serializing_if = "String::is_empty", default)]
    pub label: String,
    /// The lesson's words, when it fails.
    #[serde(skip_serializing_if = "String::is_empty", default)]
    pub words: String,
}

/// One lesson.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LessonVerdict {
    /// The lesson's id.
    pub id: String,
    /// Pass when all its checks pass, fail when one fails, unknown otherwise.
    pub status: Status,
}

/// A wrong turn that was recognised.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NamedWrongTurn {
    /// Its id.
    pub id: String,
    /// The lesson that it belongs to.
    pub lesson: String,
    /// In a few words.
    pub title: String,
    /// One question to think about.
    pub question: String,
    /// It works, but is worth a word.
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub remark: bool,
}

/// Something that differs from a working stack, where no wrong turn explains it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Odd {
    /// The hop, check or service that it is about.
    pub about: String,
    /// What a person would type to see it.
    pub command: String,
    /// What was seen.
    pub observed: String,
    /// What a working stack has there, in the course's words; empty where the observation speaks for itself.
    #[serde(skip_serializing_if = "String::is_empty", default)]
    pub expected: String,
}

/// What a verification comes to; the default is one in which nothing was asked.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Report {
    /// The verdict over everything.
    pub verdict: Verdict,
    /// Why nothing can be said, when the verdict is unknown.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub reason: Option<String>,
    /// The first hop that does not work, from the browser on.
    pub first_broken_hop: Option<String>,
    /// The first lesson that is not solved.
    pub first_failed_lesson: Option<String>,
    /// Per hop.
    pub hops: Vec<HopVerdict>,
    /// Per check.
    pub checks: Vec<CheckVerdict>,
    /// Per lesson.
    pub lessons: Vec<LessonVerdict>,
    /// The one that explains most first; remarks last.
    pub wrong_turns: Vec<NamedWrongTurn>,
    /// The evidence behind failures that none of the wrong turns explains; empty when all is explained or works.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub odd: Vec<Odd>,
    /// What was saved and does not run yet, with the smallest action.
    pub stale: Vec<Stale>,
}
