//! Whom to ask, and what is known of them beforehand.

use std::{collections::BTreeMap, time::Duration};

use super::{BrowserProgram, Evidence, Observation, url};
use crate::{
    compose::{FoundRoles, Protocol, PublishedPort, Stack},
    course::{Course, Probe, Roles},
    engine::{Container, Engine, MovedPort},
    lab::Facts,
};

/// Asks one running stack.
#[derive(Debug, Clone)]
pub struct Prober {
    pub(super) engine: Engine,
    pub(super) stack: Stack,
    pub(super) services: FoundRoles,
    pub(super) facts: Facts,
    pub(super) names: Roles,
    /// What stands in the browser's address bar: `localhost:8080`.
    pub(super) authority: String,
    /// The port in it.
    pub(super) port: u16,
    /// The path behind it.
    pub(super) path: String,
    /// The table that the course speaks of.
    pub(super) table: String,
    /// Whether the shop's form is filled in, and what was entered looked for in that table.
    pub(super) sells: bool,
    /// More services by the name that lessons call them, with the one that plays the part.
    pub(super) others: Vec<(String, String)>,
    /// The course's own questions.
    pub(super) probes: Vec<Probe>,
    /// Its links, with the probe that says whether they work, where it has one.
    pub(super) hops: Vec<(String, Option<String>)>,
    /// Age in seconds until which a program that listens nowhere may still be starting.
    pub(super) starts_within: f64,
    /// Who asks pages that need scripts.
    pub(super) browser: Option<BrowserProgram>,
}

/// How long a room waits for an answer, on a machine with nothing else to do: nginx says after three seconds that nobody is at an
/// address.
const BRISK: Duration = Duration::from_secs(4);

/// Age in seconds at which a program that listens nowhere is not going to, on a machine with nothing else to do.
const NEVER: f64 = 30.0;

/// How a stack is surveyed.
#[derive(Debug, Clone, PartialEq)]
pub struct SurveyOptions {
    /// How long states that may still change (a program that starts) are waited for.
    pub within: Duration,
    /// Where the file's host ports are found on this machine.
    pub ports: HostPorts,
    /// Ask each hop from where it starts, also where a later answer proves that it works.
    pub thorough: bool,
    /// Somebody stands before a room: an answer that takes long counts as none sooner than it otherwise would.
    pub brisk: bool,
    /// Fill in the form and send it; without, nothing is written into the database.
    pub submit: bool,
}

/// Where the file's host ports are found on this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HostPorts {
    /// At their own numbers, but for these.
    AsWritten(Vec<MovedPort>),
    /// At free numbers (`PortStyle::Free`): evidence speaks of the numbers in the file.
    Free,
}

impl Default for SurveyOptions {
    fn default() -> Self {
        Self {
            within: Duration::from_secs(20),
            ports: HostPorts::AsWritten(Vec::new()),
            thorough: true,
            brisk: false,
            submit: true,
        }
    }
}

/// How long an answer is waited for that may take this long.
pub(super) fn patience(brisk: bool, most: Duration) -> Duration {
    (if brisk { most.min(BRISK) } else { most }).mul_f64(super::slowness())
}

/// A part of the chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Part {
    Proxy,
    App,
    Database,
}

impl Part {
    pub(super) const ALL: [Self; 3] = [Self::Proxy, Self::App, Self::Database];
}

/// The containers of the parts, where there are any.
#[derive(Debug, Clone, Default)]
pub(super) struct Parts(pub(super) BTreeMap<Part, Container>);

impl Parts {
    pub(super) fn get(&self, part: Part) -> Option<&Container> {
        self.0.get(&part)
    }
}

impl Prober {
    /// A prober for this stack, whose services play these parts, and whose files say these facts.
    pub fn new(engine: Engine, stack: Stack, services: FoundRoles, facts: Facts, course: &Course) -> Self {
        let (authority, path) = url::split_address(&course.stack.url);
        let others = course.services.iter().map(|one| (one.role.clone(), one.found_in(&stack))).collect();
        Self {
            engine,
            stack,
            services,
            facts,
            names: course.roles.clone(),
            authority: authority.to_string(),
            port: url::host_and_port(authority).1.unwrap_or(80),
            path: path.to_string(),
            table: course.stack.bootstrap.as_ref().map(|bootstrap| bootstrap.table.clone()).unwrap_or_default(),
            sells: course.stack.bootstrap.is_some(),
            others,
            probes: course.probes.clone(),
            hops: course.hops.iter().map(|hop| (hop.id.clone(), hop.probe.clone())).collect(),
            starts_within: NEVER,
            browser: None,
        }
    }

    /// The same for somebody who can wait: a program that does not listen is starting until it is this old, in seconds.
    pub fn starting_until(self, age: f64) -> Self {
        Self { starts_within: age, ..self }
    }

    /// The same, with a real browser for pages whose scripts count.
    pub fn with_browser(self, browser: Option<BrowserProgram>) -> Self {
        Self { browser, ..self }
    }

    /// The service that plays a part; the role's own name where none was found.
    pub(super) fn service(&self, part: Part) -> &str {
        let found = match part {
            Part::Proxy => &self.services.proxy,
            Part::App => &self.services.app,
            Part::Database => &self.services.database,
        };
        found.as_deref().unwrap_or(self.role(part))
    }

    /// The service that lessons call so.
    pub(super) fn service_of<'n>(&'n self, name: &'n str) -> &'n str {
        let part = Part::ALL.into_iter().find(|part| self.role(*part) == name);
        let other = || self.others.iter().find(|(role, _)| role == name).map(|(_, service)| service.as_str());
        part.map(|part| self.service(part)).or_else(other).unwrap_or(name)
    }

    /// The service that a probe asks.
    pub(super) fn service_asked<'n>(&'n self, probe: &'n Probe) -> &'n str {
        self.service_of(probe.service.as_deref().unwrap_or_default())
    }

    /// Whether this link is one that the program itself asks.
    pub(super) fn asks(&self, hop: &str) -> bool {
        self.hops.iter().any(|(id, probe)| id == hop && probe.is_none())
    }

    /// A part's name in the lessons.
    pub(super) fn role(&self, part: Part) -> &str {
        match part {
            Part::Proxy => &self.names.proxy,
            Part::App => &self.names.app,
            Part::Database => &self.names.database,
        }
    }

    pub(super) fn parts(&self, containers: &[Container]) -> Parts {
        let of = |part: Part| containers.iter().find(|container| container.service == self.service(part)).cloned();
        Parts(Part::ALL.into_iter().filter_map(|part| Some((part, of(part)?))).collect())
    }

    pub(super) fn fact(&self, name: &str) -> Option<&str> {
        self.facts.values.get(&self.names.fact(name)).map(String::as_str)
    }

    pub(super) fn port_fact(&self, name: &str) -> Option<u16> {
        self.fact(name)?.split(',').next()?.trim().parse().ok()
    }

    /// A variable that the file gives to the database.
    pub(super) fn database_variable(&self, name: &str) -> Option<&str> {
        self.stack.service(self.service(Part::Database))?.environment.get(name)?.as_deref()
    }

    /// Ports that the file publishes, as `8080->80/tcp (nginx)`.
    pub(super) fn ports_in_file(&self) -> Vec<String> {
        let of = |service: &crate::compose::Service| -> Vec<String> {
            let tcp = service.ports.iter().filter(|port| port.protocol == Protocol::Tcp);
            let address = |port: &crate::compose::Port| match port.host_ip.as_deref() {
                None | Some("" | "0.0.0.0") => String::new(),
                Some(address) => format!("{address}:"),
            };
            let told = |port: &crate::compose::Port| {
                Some(format!("{}{}->{}/tcp ({})", address(port), port.published?, port.target, service.name))
            };
            tcp.filter_map(told).collect()
        };
        self.stack.services.iter().flat_map(of).collect()
    }

    /// Published ports of a container; with the file's numbers where ports are free ones.
    pub(super) fn ports_of(&self, container: &Container, ports: &HostPorts) -> Vec<PublishedPort> {
        let file = self.stack.service(&container.service).map(|service| service.ports.as_slice()).unwrap_or_default();
        let mut told: Vec<PublishedPort> = Vec::new();
        for live in &container.ports {
            let written: Vec<u16> =
                file.iter().filter(|port| port.target == live.target).filter_map(|port| port.published).collect();
            let numbers = if *ports == HostPorts::Free && !written.is_empty() { written } else { vec![live.host] };
            told.extend(numbers.into_iter().map(|host| PublishedPort { host, ..live.clone() }));
        }
        told.sort();
        told.dedup();
        told
    }
}

/// A piece of evidence.
pub(super) fn evidence(
    id: &str,
    command: impl Into<String>,
    vantage: &str,
    observation: Observation,
    seconds: f64,
) -> Evidence {
    Evidence { id: id.into(), command: command.into(), vantage: vantage.into(), observation, seconds }
}

/// A question that was not asked.
pub(super) fn not_asked(id: &str, command: impl Into<String>, vantage: &str, because: &str) -> Evidence {
    evidence(id, command, vantage, Observation::NotAsked { because: because.into() }, 0.0)
}
