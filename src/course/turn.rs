//! Ways to mend a stack, and mistakes with a name, as lessons and practice write them.

use serde::Deserialize;

use super::{Condition, Edit};

/// Another right fix.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Variant {
    /// Unique within the lesson.
    pub id: String,
    /// In a few words.
    pub title: String,
    /// From this lesson's bug (earlier and later lessons fixed) to the fix.
    pub edits: Vec<Edit>,
}

/// A mistake with a name: how it is made, how it is recognised, and the belief behind it.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct WrongTurn {
    /// Unique within the course.
    pub id: String,
    /// In a few words.
    pub title: String,
    /// The belief behind it, as one sentence.
    pub belief: String,
    /// One question to think about.
    pub question: String,
    /// The explanation, shown on a further key.
    pub explain: String,
    /// How it is made, from this lesson's bug (the other lessons fixed).
    #[serde(default)]
    pub edits: Vec<Edit>,
    /// The edits are saved beside a running stack and not made live: the wrong turn is just that.
    #[serde(default)]
    pub saved_only: bool,
    /// The edits come to a stack that runs already, and `up` makes live what they change: the volume and all else stay.
    #[serde(default)]
    pub while_running: bool,
    /// Only these services are started.
    #[serde(default)]
    pub start: Vec<String>,
    /// It is met right after the start, before anything has come to rest.
    #[serde(default)]
    pub at_once: bool,
    /// These services' containers are made anew at another address, while the others run on.
    #[serde(default)]
    pub moved: Vec<String>,
    /// Why `selftest` does not make it: what it needs lies outside of what a course can say.
    pub not_made: Option<String>,
    /// How it is recognised.
    pub when: Condition,
    /// Where in the files it can be seen, the first that is found. Without it, where the files and facts that `when` speaks of
    /// stand; with an empty list, nowhere.
    pub place: Option<Vec<PlaceTest>>,
    /// It works, but is worth a word: never fails a lesson.
    #[serde(default)]
    pub remark: bool,
    /// Higher explains more: the highest of several that match is named first.
    #[serde(default)]
    pub weight: i32,
}

/// A place in the stack's files: where a text stands, or what a fact was read from.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct PlaceTest {
    /// Path inside the stack, with `matches`.
    pub file: Option<String>,
    /// Regular expression; the first line in which a match begins is the place.
    pub matches: Option<String>,
    /// The fact's name.
    pub fact: Option<String>,
    /// The line of one of the stack's files that a service's log complains of, by role name.
    pub complaint: Option<String>,
}
