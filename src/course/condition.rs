//! The small language in which lessons say what must be true: of the evidence, the logs, the files and the facts.
//!
//! In TOML a condition is a table with one key: `{ hop = { id = "browser-nginx", is = "fail" } }`,
//! `{ all = [ … ] }`, `{ any = [ … ] }`, `{ not = … }`.

use serde::{Deserialize, Serialize};

/// A condition over what was seen. What could not be seen makes it *unknown*, which is neither true nor false.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
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
    /// The service runs something older than the files.
    Stale(StaleTest),
}

/// `"flaskapp"`, or `{ service = "flaskapp", action = "recreate" }`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(untagged)]
pub enum StaleTest {
    /// The service, by role name: `nginx`, `flaskapp`, `db`.
    Service(String),
    /// The service, and more.
    Precise(StaleWith),
}

/// A service that runs something older than the files, where the smallest action that makes them live or the files count.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct StaleWith {
    /// Role name: `nginx`, `flaskapp`, `db`.
    pub service: String,
    /// `reload`, `restart`, `recreate` or `rebuild`.
    #[cfg_attr(test, schemars(extend("enum" = crate::course::vocabulary::ACTIONS)))]
    pub action: Option<String>,
    /// Regular expression; one of the files that are newer matches.
    pub file: Option<String>,
}

impl StaleTest {
    /// The service, by role name.
    pub fn service(&self) -> &str {
        match self {
            Self::Service(service) => service,
            Self::Precise(test) => &test.service,
        }
    }
}

impl Condition {
    /// Calls `f` with every test that has to hold, or is one of several of which one has to: nothing below a `not`.
    pub fn each_positive(&self, f: &mut impl FnMut(&Self)) {
        match self {
            Self::All(several) | Self::Any(several) => several.iter().for_each(|one| one.each_positive(f)),
            Self::Not(_) => {}
            test => f(test),
        }
    }

    /// How many tests it consists of.
    pub fn tests(&self) -> usize {
        match self {
            Self::All(several) | Self::Any(several) => several.iter().map(Self::tests).sum(),
            Self::Not(one) => one.tests(),
            _ => 1,
        }
    }

    /// Whether the other holds wherever this one does, as far as that shows in how the two are built. Two patterns are
    /// compared letter by letter only.
    pub fn implies(&self, other: &Self) -> bool {
        match (self, other) {
            (_, Self::All(others)) => others.iter().all(|other| self.implies(other)),
            (Self::Any(several), _) => several.iter().all(|one| one.implies(other)),
            (_, Self::Any(others)) if others.iter().any(|other| self.implies(other)) => true,
            (Self::All(several), _) => several.iter().any(|one| one.implies(other)),
            (Self::Not(one), Self::Not(other)) => other.implies(one),
            (Self::Saw(one), Self::Saw(other)) => one.implies(other),
            (Self::Fact(one), Self::Fact(other)) => one.implies(other),
            (Self::Stale(one), Self::Stale(StaleTest::Service(service))) => one.service() == service,
            (one, other) => one == other,
        }
    }
}

/// What is asked for is asked for by the other too.
fn asks<T: PartialEq>(one: &Option<T>, other: &Option<T>) -> bool {
    other.is_none() || one == other
}

impl EvidenceTest {
    fn implies(&self, other: &Self) -> bool {
        self.evidence == other.evidence
            && asks(&self.kind, &other.kind)
            && asks(&self.status, &other.status)
            && asks(&self.server, &other.server)
            && asks(&self.header, &other.header)
            && asks(&self.visible, &other.visible)
            && asks(&self.body, &other.body)
            && asks(&self.text, &other.text)
            && asks(&self.shows_marker, &other.shows_marker)
            && asks(&self.form, &other.form)
            && asks(&self.rows_at_least, &other.rows_at_least)
            && asks(&self.row_holds, &other.row_holds)
            && asks(&self.from_database, &other.from_database)
            && asks(&self.conceals_marker, &other.conceals_marker)
            && asks(&self.lists_earlier, &other.lists_earlier)
            && asks(&self.shows_third, &other.shows_third)
            && asks(&self.shows_values, &other.shows_values)
            && asks(&self.rows_at_most, &other.rows_at_most)
            && asks(&self.kept, &other.kept)
    }
}

impl FactTest {
    fn implies(&self, other: &Self) -> bool {
        let is_not = match (&self.is, &other.is_not) {
            (Some(is), Some(is_not)) => is != is_not,
            _ => asks(&self.is_not, &other.is_not),
        };
        self.name == other.name
            && is_not
            && asks(&self.is, &other.is)
            && asks(&self.matches, &other.matches)
            && asks(&self.same_as, &other.same_as)
            && asks(&self.differs_from, &other.differs_from)
    }
}

/// Stands for the submitted name in a pattern over a page's body.
pub const MARKER: &str = "{marker}";

/// `{ id = "…", is = "pass" | "fail" | "unknown" }`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct StatusTest {
    /// Hop or check id.
    pub id: String,
    /// `pass`, `fail` or `unknown`.
    #[cfg_attr(test, schemars(extend("enum" = crate::course::vocabulary::STATUSES)))]
    pub is: String,
}

/// Tests of one piece of evidence; all that are given must hold.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct EvidenceTest {
    /// Evidence id: a hop's id, `page`, `submit`, `rows`, `submit-again`, `upstream`.
    pub evidence: String,
    /// The kind of observation: `refused`, `reset`, `timed-out`, `name-unknown`, `unreachable`, `http`, `rows`, `connected`, `not-running`, `not-published`, `exit`.
    #[cfg_attr(test, schemars(extend("enum" = crate::course::vocabulary::KINDS)))]
    pub kind: Option<String>,
    /// HTTP status: `200`, `2xx`, `5xx`, `502|504`.
    pub status: Option<String>,
    /// Regular expression over the `Server` header.
    pub server: Option<String>,
    /// Regular expression over the lines of the headers, as sent: `Name: value`.
    pub header: Option<String>,
    /// Regular expression over what a browser shows.
    pub visible: Option<String>,
    /// Regular expression over the body as sent; `{marker}` in it stands for the unique name that was submitted.
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
    /// The page lists an earlier item by the name that the database holds by now (`true`), or by its former one (`false`).
    /// Of `submit-again`, which gives the first row another name by SQL; a page that does not list it does neither.
    pub from_database: Option<bool>,
    /// The unique name that was submitted is in the page and out of sight: hidden by a style, or until something is opened.
    pub conceals_marker: Option<bool>,
    /// The page after a second item lists the first one, too. Of `submit-again`.
    pub lists_earlier: Option<bool>,
    /// The page after a third item shows it. Of `submit-again`; a third one is entered where the files look as if only
    /// so many rows were shown.
    pub shows_third: Option<bool>,
    /// What was entered in these fields (`name`, `quantity`, `description`) stands in what a browser shows. Of `submit`.
    pub shows_values: Option<Vec<String>>,
    /// Number of matching rows in the database is at most this.
    pub rows_at_most: Option<usize>,
    /// The first row was still there after a second item was entered (`true`), or was not (`false`). Of `rows`.
    pub kept: Option<bool>,
}

/// A regular expression over a service's log lines since its last start.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct LogTest {
    /// Role name: `nginx`, `flaskapp`, `db`.
    pub service: String,
    /// Regular expression, tried on each line.
    pub matches: String,
}

/// A regular expression (multi-line mode) over a file of the stack.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct FileTest {
    /// Path inside the stack.
    pub path: String,
    /// Regular expression, `^` and `$` match at lines.
    pub matches: String,
}

/// A test of one fact by name (see `lab::facts` for the names).
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
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
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct StateTest {
    /// Role name: `nginx`, `flaskapp`, `db`.
    pub service: String,
    /// The state.
    #[cfg_attr(test, schemars(extend("enum" = crate::course::vocabulary::STATES)))]
    pub is: String,
}
