//! Questions of a course's own: what is asked of which service, and what the answer has to show.

use regex::Regex;
use serde::Deserialize;

use crate::compose::{Stack, other_role};

/// A service beside the proxy, the app and the database.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct OtherService {
    /// What lessons call it, and what it is called in our own stacks: `worker`.
    pub role: String,
    /// How it is recognised where it is called otherwise: the name of its image, or of the one that it is built on.
    pub image: Option<String>,
    /// Likewise: regular expression; what it is started with matches.
    pub command: Option<String>,
    /// It does its work and ends: an end with 0 is no death.
    #[serde(default)]
    pub ends: bool,
}

impl OtherService {
    /// The service of a stack that plays this part; one of the role's own name where none does.
    pub fn found_in(&self, stack: &Stack) -> String {
        let pattern = self.command.as_ref().and_then(|pattern| Regex::new(pattern).ok());
        let starts = |text: &str| pattern.as_ref().is_some_and(|pattern| pattern.is_match(text));
        other_role(stack, &self.role, self.image.as_deref(), starts).unwrap_or_else(|| self.role.clone())
    }
}

/// One question to the running stack. The kinds are known to the program, the questions to the course.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Probe {
    /// Its name: as evidence in conditions, and for hops.
    pub id: String,
    /// How it is asked.
    pub kind: ProbeKind,
    /// The service that is asked, or from whose networks is asked (`tcp`, `dns`, and `http` with a `host`).
    pub service: Option<String>,
    /// Of `exec`: the program and its arguments. Of `redis`: what `redis-cli` is told.
    #[serde(default)]
    pub command: Vec<String>,
    /// Of `sql`: the statement.
    pub query: Option<String>,
    /// Of `http` and `form`: the path behind the story's address, e.g. `/`.
    pub path: Option<String>,
    /// Of `tcp`, `dns` and `http`: whom that service calls.
    pub host: Option<String>,
    /// Of `tcp` and `http`: on which port.
    pub port: Option<u16>,
    /// Of `eventually`: the probe that is asked again; of a form, the page that it led to.
    pub of: Option<String>,
    /// Regular expression; what was printed, or what a browser would show of the page, matches. Without it, that it ended with 0, or
    /// that a page came, is enough.
    pub shows: Option<String>,
    /// Probes that have to hold before this one is asked.
    #[serde(default)]
    pub needs: Vec<String>,
    /// It changes something, as placing an order does: a mere look at the links does not ask it.
    #[serde(default)]
    pub writes: bool,
    /// Seconds for which it is asked again while it does not hold.
    #[serde(default)]
    pub within: u32,
}

/// How a question is put.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum ProbeKind {
    /// A command in a service's container.
    Exec,
    /// A page, asked for from the host through the front door; with a `host`, from inside a service's networks.
    Http,
    /// The form of such a page, filled in with fresh words and sent; then the page that it leads to.
    Form,
    /// A statement, in the container of a Postgres service.
    Sql,
    /// A command to redis, in its container.
    Redis,
    /// Whether somebody listens, seen from a service's networks.
    Tcp,
    /// What a name means in a service's container.
    Dns,
    /// A container's state, health, exit code and restarts.
    State,
    /// What a service has logged since its last start.
    Log,
    /// How long a service takes to stop, by which signal and with which exit code; then it is started again.
    Stops,
    /// Another probe, until it holds or time is up.
    Eventually,
}

/// A key of a probe that belongs to some kinds only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProbeKey {
    /// `service`
    Service,
    /// `command`
    Command,
    /// `query`
    Query,
    /// `path`
    Path,
    /// `host`
    Host,
    /// `port`
    Port,
    /// `of`
    Of,
    /// `shows`
    Shows,
    /// `within`
    Within,
}

use ProbeKey::{Command, Host, Of, Path, Port, Query, Service, Shows, Within};

/// The kinds, with the keys that each has to have, and those that it may have.
const KINDS: [(ProbeKind, &[ProbeKey], &[ProbeKey]); 11] = [
    (ProbeKind::Exec, &[Service, Command], &[Shows, Within]),
    (ProbeKind::Http, &[Path], &[Service, Host, Port, Shows, Within]),
    (ProbeKind::Form, &[Path], &[Shows, Within]),
    (ProbeKind::Sql, &[Service, Query], &[Shows, Within]),
    (ProbeKind::Redis, &[Service, Command], &[Shows, Within]),
    (ProbeKind::Tcp, &[Service, Host, Port], &[Within]),
    (ProbeKind::Dns, &[Service, Host], &[Shows, Within]),
    (ProbeKind::State, &[Service, Shows], &[Within]),
    (ProbeKind::Log, &[Service, Shows], &[Within]),
    (ProbeKind::Stops, &[Service, Shows], &[]),
    (ProbeKind::Eventually, &[Of, Shows, Within], &[]),
];

impl ProbeKind {
    /// The keys that a probe of this kind has to have, and those that it may have.
    pub fn keys(self) -> (&'static [ProbeKey], &'static [ProbeKey]) {
        let (_, needed, allowed) = KINDS.into_iter().find(|(kind, ..)| *kind == self).expect("every kind has a row");
        (needed, allowed)
    }
}

impl ProbeKey {
    /// All of them.
    pub const ALL: [Self; 9] = [Service, Command, Query, Path, Host, Port, Of, Shows, Within];

    /// As it is written.
    pub fn name(self) -> &'static str {
        match self {
            Service => "service",
            Command => "command",
            Query => "query",
            Path => "path",
            Host => "host",
            Port => "port",
            Of => "of",
            Shows => "shows",
            Within => "within",
        }
    }

    /// Whether this probe has it.
    pub fn is_in(self, probe: &Probe) -> bool {
        match self {
            Service => probe.service.is_some(),
            Command => !probe.command.is_empty(),
            Query => probe.query.is_some(),
            Path => probe.path.is_some(),
            Host => probe.host.is_some(),
            Port => probe.port.is_some(),
            Of => probe.of.is_some(),
            Shows => probe.shows.is_some(),
            Within => probe.within > 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_one_row_in_the_table() {
        for (index, (kind, needed, allowed)) in KINDS.iter().enumerate() {
            assert!(!KINDS[..index].iter().any(|(other, ..)| other == kind), "{kind:?} twice");
            assert!(!needed.is_empty() && needed.iter().all(|key| !allowed.contains(key)), "{kind:?}");
        }
        // As the files write them: a kind without a row would not be found here.
        for name in ["exec", "http", "form", "sql", "redis", "tcp", "dns", "state", "log", "stops", "eventually"] {
            let probe: Probe = toml::from_str(&format!("id = 'x'\nkind = '{name}'")).unwrap();
            assert!(!probe.kind.keys().0.is_empty(), "{name}");
        }
    }
}
