//! The small language in which lessons say what must be true: of the evidence, the logs, the files and the facts.
//!
//! In TOML a condition is a table with one key: `{ hop = { id = "browser-nginx", is = "fail" } }`,
//! `{ all = [ … ] }`, `{ any = [ … ] }`, `{ not = … }`.

use serde::{Deserialize, Serialize};

/// A condition over what was seen. What could not be seen makes it *unknown*, which is neither true nor false.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Condition {
    /// Every one holds.
    All(Vec<Condition>),
    /// At least one holds.
    Any(Vec<Condition>),
    /// It does not hold.
    Not(Box<Condition>),
    /// A hop's status.
    Hop(StatusTest),
    /// A check's status.
    Check(StatusTest),
    /// What a probe saw.
    Saw(EvidenceTest),
    /// A line of a service's log since its last start.
    Log(LogTest),
    /// The text of one of the stack's files.
    File(FileTest),
    /// A fact read from the files or the running stack.
    Fact(FactTest),
    /// What state a service's container is in.
    State(StateTest),
    /// The service (by role name: `nginx`, `flaskapp`, `db`) runs something older than the files.
    Stale(String),
}

/// `{ id = "…", is = "pass" | "fail" | "unknown" }`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StatusTest {
    /// Hop or check id.
    pub id: String,
    /// `pass`, `fail` or `unknown`.
    pub is: String,
}

/// Tests of one piece of evidence; all that are given must hold.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct EvidenceTest {
    /// Evidence id: a hop's id, `page`, `submit`, `rows`, `upstream`, `database-as-app`, …
    pub evidence: String,
    /// The kind of observation: `refused`, `reset`, `timed-out`, `name-unknown`, `unreachable`, `http`, `rows`, `connected`, `not-running`, `not-published`, `exit`.
    pub kind: Option<String>,
    /// HTTP status: `200`, `2xx`, `5xx`, `502|504`.
    pub status: Option<String>,
    /// Regular expression over the `Server` header.
    pub server: Option<String>,
    /// Regular expression over what a browser shows.
    pub visible: Option<String>,
    /// Regular expression over the body as sent.
    pub body: Option<String>,
    /// Regular expression over the output or the one-line observation.
    pub text: Option<String>,
    /// The unique name that was submitted stands in what a browser shows (`true`) or does not (`false`).
    pub shows_marker: Option<bool>,
    /// The page has a form with these fields.
    pub form: Option<Vec<String>>,
    /// Number of matching rows in the database is at least this.
    pub rows_at_least: Option<usize>,
    /// The row holds the submitted values in these columns (`name`, `quantity`, `description`).
    pub row_holds: Option<Vec<String>>,
}

/// A regular expression over a service's log lines since its last start.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogTest {
    /// Role name: `nginx`, `flaskapp`, `db`.
    pub service: String,
    /// Regular expression, tried on each line.
    pub matches: String,
}

/// A regular expression (multi-line mode) over a file of the stack.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileTest {
    /// Path inside the stack.
    pub path: String,
    /// Regular expression, `^` and `$` match at lines.
    pub matches: String,
}

/// A test of one fact by name (see `lab::facts` for the names).
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FactTest {
    /// The fact's name.
    pub name: String,
    /// It has exactly this value.
    pub is: Option<String>,
    /// It has another value than this (a missing fact is unknown).
    pub is_not: Option<String>,
    /// This regular expression matches its value.
    pub matches: Option<String>,
    /// It has the same value as the fact of this name.
    pub same_as: Option<String>,
    /// It has another value than the fact of this name.
    pub differs_from: Option<String>,
}

/// `{ service = "nginx", is = "running" | "exited" | "restarting" | "missing" }`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StateTest {
    /// Role name: `nginx`, `flaskapp`, `db`.
    pub service: String,
    /// The state.
    pub is: String,
}
