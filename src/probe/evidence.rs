//! What was asked and what was seen.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{compose::PublishedPort, engine::ServiceState};

/// The ids of the evidence that a survey gathers. Hops use their own ids.
pub mod evidence_id {
    /// `curl -i http://localhost:8080/` on the host: the browser's hop.
    pub const BROWSER_NGINX: &str = "browser-nginx";
    /// nginx asked from inside its own network, which shows whether it reaches the app.
    pub const NGINX_FLASKAPP: &str = "nginx-flaskapp";
    /// The database asked as the app asks it.
    pub const FLASKAPP_DB: &str = "flaskapp-db";
    /// The address that nginx's files name, asked directly from nginx's network.
    pub const UPSTREAM: &str = "upstream";
    /// The front page through the front door.
    pub const PAGE: &str = "page";
    /// The form, filled in and sent, and the page on which a browser ends.
    pub const SUBMIT: &str = "submit";
    /// The form once more, with another item.
    pub const SUBMIT_AGAIN: &str = "submit-again";
    /// The submitted row in the database, by SQL.
    pub const ROWS: &str = "rows";
}

/// One question and its answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    /// See [`evidence_id`].
    pub id: String,
    /// The command that a person would type for the same question.
    pub command: String,
    /// Where it was asked from: `host`, or a service's name.
    pub vantage: String,
    /// What was seen.
    pub observation: Observation,
    /// Seconds it took.
    pub seconds: f64,
}

/// What was seen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Observation {
    /// Nobody listens there.
    Refused,
    /// The connection was closed without an answer.
    Reset,
    /// No answer within this many seconds.
    TimedOut {
        /// How long was waited.
        seconds: f64,
    },
    /// The name cannot be resolved from there.
    NameUnknown {
        /// The name.
        name: String,
    },
    /// No route to that host.
    Unreachable,
    /// No container of the stack publishes the port that was asked.
    NotPublished {
        /// The host port.
        port: u16,
        /// What is published instead, as `8080->80/tcp (nginx)`.
        published: Vec<String>,
    },
    /// The service's container does not run.
    NotRunning {
        /// The service.
        service: String,
        /// Its exit code, if it ran.
        exit_code: Option<i64>,
        /// The last line that it logged.
        last_line: Option<String>,
    },
    /// A web server answered.
    Http(HttpAnswer),
    /// A database answered the greeting, or accepted a login.
    Connected {
        /// Who answered, e.g. `PostgreSQL 17.5`.
        what: String,
    },
    /// SQL rows.
    Rows(Rows),
    /// A command ran.
    Exit {
        /// Its exit code.
        code: i64,
        /// What it printed, cleaned and capped.
        output: String,
    },
    /// Not asked, because something earlier is broken.
    NotAsked {
        /// Why.
        because: String,
    },
    /// The question could not be put: the environment failed.
    Unknown {
        /// Why.
        because: String,
    },
}

/// An HTTP answer, after following redirects as a browser would.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct HttpAnswer {
    /// Status of the last answer.
    pub status: u16,
    /// Reason phrase of the status, e.g. `Bad Gateway`.
    pub reason: String,
    /// The `Server` header of the last answer.
    pub server: Option<String>,
    /// All headers of the last answer, as sent.
    pub headers: Vec<(String, String)>,
    /// The body, at most 64 KiB, as text.
    pub body: String,
    /// Whether the body was cut.
    pub cut: bool,
    /// What a browser would show of it.
    pub visible: String,
    /// Text that is in the page and out of sight: hidden by a style, or until a visitor opens something.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub concealed: String,
    /// The redirects on the way: status and `Location`.
    pub redirects: Vec<(u16, String)>,
    /// Field names of the form that a visitor would fill in, if any; then what they stand for, where they are called otherwise.
    pub form: Vec<String>,
    /// The unique name that was submitted on the way here.
    pub marker: Option<String>,
    /// Set when a redirect pointed somewhere a browser could not follow, with the reason.
    pub astray: Option<String>,
    /// Whether scripts, which are not run, may show more in a browser or lead it elsewhere.
    #[serde(default)]
    pub scripted: bool,
    /// Of a page that lists an earlier item whose row was renamed meanwhile: whether it shows the name that the database
    /// holds now, or the former one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from_database: Option<bool>,
    /// Of the page after a second item: whether it lists the first one, by whatever name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lists_earlier: Option<bool>,
    /// Of the page after a second item, where a third one was entered: whether the page shows that one, too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shows_third: Option<bool>,
}

/// Rows of a table that hold the submitted marker.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Rows {
    /// Table they stand in; empty when no table holds the marker.
    pub table: String,
    /// The database that holds it, where it is not the one that the database server was told to make.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub database: Option<String>,
    /// Column names.
    pub columns: Vec<String>,
    /// The rows that hold the marker, as text; `None` is NULL.
    pub rows: Vec<Vec<Option<String>>>,
    /// What was submitted, by field name.
    pub submitted: BTreeMap<String, String>,
    /// All rows of that table, counted.
    pub total: usize,
    /// Whether the row was still there after a second item was entered, where that was looked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kept: Option<bool>,
}

/// A socket that a container listens on.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ListenSocket {
    /// Address: `0.0.0.0`, `127.0.0.1`, `::`.
    pub address: String,
    /// Port.
    pub port: u16,
}

/// What a container's health check came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HealthReport {
    /// `starting`, `healthy` or `unhealthy`.
    pub status: String,
    /// Exit code of its newest run; -1 where its program could not be started.
    pub exit_code: i64,
    /// What that run printed, cleaned.
    pub output: String,
}

/// What is known of one service's container.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ServiceReport {
    /// Name of the service in the compose file.
    pub service: String,
    /// State of its container.
    pub state: ServiceState,
    /// Exit code of the last run.
    pub exit_code: Option<i64>,
    /// Published ports; with the file's numbers where ours are free ones.
    pub ports: Vec<PublishedPort>,
    /// What it listens on, asked in the container; empty when it does not run or cannot be asked.
    pub listens: Vec<ListenSocket>,
    /// The end of its log since its last start, cleaned of control characters.
    pub log: Vec<String>,
    /// Restarts by the engine so far.
    pub restarts: i64,
    /// Its networks, by full name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub networks: Vec<String>,
    /// Its addresses on them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub addresses: Vec<String>,
    /// What its health check came to, when it has one that ran.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub health: Option<HealthReport>,
    /// Whether it was killed because it had used up its memory.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub out_of_memory: bool,
    /// Files in it that hold something else than the files that it was made from.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub edited: Vec<String>,
    /// Why it could not be started, in the engine's words; empty when it could.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub start_error: String,
}

/// The container behind the port that the story's browser asks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FrontDoor {
    /// Name of the service in the compose file.
    pub service: String,
    /// The port in its container.
    pub target: u16,
}

/// Everything that one verification saw.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Survey {
    /// By evidence id.
    pub evidence: BTreeMap<String, Evidence>,
    /// By role name: `nginx`, `flaskapp`, `db`.
    pub services: BTreeMap<String, ServiceReport>,
    /// Who publishes the port that the story's browser asks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub front: Option<FrontDoor>,
    /// Roles whose running container is older than the files, with the smallest action.
    pub stale: Vec<crate::lab::Stale>,
    /// Seconds it took.
    pub seconds: f64,
}

/// What nginx puts below its own error pages for some browsers, and for curl not.
const PADDING: &str = "<!-- a padding to disable MSIE and Chrome friendly error page -->";

impl HttpAnswer {
    /// The body as curl gets it.
    pub fn sent(&self) -> &str {
        let mut body = self.body.trim_end();
        while let Some(before) = body.strip_suffix(PADDING) {
            body = before.trim_end();
        }
        body
    }

    /// Whether a visitor reads this name on the page, in small letters or capitals. In a form that comes back as it was sent, it says
    /// what was typed, and of no item.
    pub fn shows(&self, name: &str) -> bool {
        holds(&self.visible, name) && !self.is_only_typed(name)
    }

    fn is_only_typed(&self, name: &str) -> bool {
        let typed = |at: usize| ["value=\"", "value='"].iter().any(|before| self.body[..at].ends_with(before));
        let mut places = self.body.match_indices(name).map(|(at, _)| at).peekable();
        self.redirects.is_empty() && !self.form.is_empty() && places.peek().is_some() && places.all(typed)
    }

    /// Whether the page holds this name out of sight only.
    pub fn conceals(&self, name: &str) -> bool {
        !holds(&self.visible, name) && holds(&self.concealed, name)
    }
}

fn holds(text: &str, name: &str) -> bool {
    text.contains(name) || text.to_lowercase().contains(&name.to_lowercase())
}

impl Observation {
    /// The kind's name as lessons write it: `refused`, `http`, `not-running`, …
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Refused => "refused",
            Self::Reset => "reset",
            Self::TimedOut { .. } => "timed-out",
            Self::NameUnknown { .. } => "name-unknown",
            Self::Unreachable => "unreachable",
            Self::NotPublished { .. } => "not-published",
            Self::NotRunning { .. } => "not-running",
            Self::Http(_) => "http",
            Self::Connected { .. } => "connected",
            Self::Rows(_) => "rows",
            Self::Exit { .. } => "exit",
            Self::NotAsked { .. } => "not-asked",
            Self::Unknown { .. } => "unknown",
        }
    }
}
