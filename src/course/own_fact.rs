//! Facts of a course's own: what the stack's files say, beside what the program reads from every stack.

use serde::Deserialize;

/// One fact.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct OwnFact {
    /// Its name, of two words: `worker.queue`.
    pub name: String,
    /// How it is read.
    pub reader: FactReader,
    /// Of `environment`: the service, by role.
    pub service: Option<String>,
    /// Of `text`: the file, by its path inside the stack.
    pub file: Option<String>,
    /// Of `environment`: the variable. Of `text`: a regular expression, whose first group is taken.
    pub what: String,
    /// What it is where it cannot be read; without it, nothing is known of it.
    pub default: Option<String>,
}

/// How a fact is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum FactReader {
    /// A variable that the compose file gives to a service, by whatever way.
    Environment,
    /// A text in a file.
    Text,
}
