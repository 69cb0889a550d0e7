//! A first look: what runs, what listens, who is at the front door; waiting until that no longer changes by itself.

use std::{collections::BTreeMap, time::Duration};

use tokio::{sync::Mutex, time::Instant};

use super::{
    FrontDoor, ListenSocket, Observation, ServiceState,
    browser::{Browser, Visit},
    clean,
    http::{self, Door, Failure},
    prober::{HostPorts, Part, Parts, Prober, SurveyOptions},
    sockets,
};
use crate::{
    compose::Protocol,
    engine::{Container, Progress},
    error::Result,
};

/// Time between two looks at a stack that is starting.
const PAUSE: Duration = Duration::from_millis(40);
/// How long an answer at the front door is waited for.
const ANSWER: Duration = Duration::from_secs(10);
/// How long reading a container's sockets or log may take.
pub(super) const INSIDE: Duration = Duration::from_secs(5);
/// Restarts after which a container counts as one that dies again and again.
const CRASH_LOOP: i64 = 3;
/// How long a program that has logged a traceback may take to end, in seconds after its last line.
const GIVEN_UP: f64 = 1.2;
/// Age in seconds up to which a container may still be starting.
const YOUNG: f64 = 3.0;
/// How often a missing page is asked for again although everything listens.
const MOST_CONTRADICTIONS: usize = 3;
/// Lines of a log that are kept.
pub(super) const LOG_LINES: usize = 200;

/// Who is behind the port that the story's browser asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Front {
    /// This service's container publishes it, reachable here at this number.
    Published { door: FrontDoor, at: u16 },
    /// The file lets this service publish it, but its container does not run.
    Down(FrontDoor),
    /// Nobody, only these are published.
    Nobody(Vec<String>),
}

/// What a first look saw.
#[derive(Debug)]
pub(super) struct Look {
    pub(super) parts: Parts,
    /// What the running parts listen on; no entry where that cannot be asked.
    pub(super) listens: BTreeMap<Part, Vec<ListenSocket>>,
    pub(super) front: Front,
    pub(super) knock: Knock,
    /// Held while a toolbox is on a network.
    pub(super) toolbox: Mutex<()>,
}

/// A browser at the front door, and what it sees there.
#[derive(Debug, Clone)]
pub(super) struct Knock {
    pub(super) browser: Browser,
    pub(super) page: Result<Visit, Observation>,
    pub(super) seconds: f64,
}

impl Knock {
    /// Whether a page came that is neither nginx's excuse nor a missing answer.
    pub(super) fn is_page(&self) -> bool {
        matches!(&self.page, Ok(visit) if !is_gateway_error(visit.answer.status))
    }
}

impl Look {
    pub(super) fn ports(&self, part: Part) -> Vec<u16> {
        self.listens.get(&part).into_iter().flatten().map(|socket| socket.port).collect()
    }
}

/// Whether a proxy says that the server behind it did not answer.
pub(super) fn is_gateway_error(status: u16) -> bool {
    matches!(status, 502..=504)
}

impl Prober {
    /// Waits until the stack can be asked: containers run or are dead for good, Postgres accepts, the app listens or has
    /// given up, nginx answers. Ends after `within` whatever the state.
    ///
    /// # Errors
    /// Environment: the engine does not answer.
    pub async fn wait_ready(&self, within: Duration, ports: &HostPorts, progress: &Progress) -> Result<()> {
        let options = SurveyOptions { within, ports: ports.clone(), ..SurveyOptions::default() };
        self.look(&options, progress).await.map(drop)
    }

    /// Waits until Postgres accepts connections from other containers. Tells whether it does.
    ///
    /// # Errors
    /// Environment: the engine does not answer.
    pub async fn wait_database(&self, within: Duration, progress: &Progress) -> Result<bool> {
        let deadline = Instant::now() + within;
        progress.step(self.service(Part::Database), "wait", "until it accepts connections");
        loop {
            let parts = self.parts(&self.engine.containers(&self.stack.project).await?);
            let container = parts.get(Part::Database);
            let runs = container.is_some_and(|container| container.state == ServiceState::Running);
            let listens = match container {
                Some(container) if runs => self.listening(container).await,
                _ => None,
            };
            if listens.is_some_and(|sockets| !sockets.is_empty()) {
                progress.finished(self.service(Part::Database), "wait", "accepts connections");
                return Ok(true);
            }
            let dead = container.is_none_or(|container| container.state == ServiceState::Exited);
            if dead || Instant::now() >= deadline {
                return Ok(false);
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Looks again and again until nothing is about to change by itself.
    pub(super) async fn look(&self, options: &SurveyOptions, progress: &Progress) -> Result<Look> {
        let deadline = Instant::now() + options.within;
        let mut listens: BTreeMap<Part, Vec<ListenSocket>> = BTreeMap::new();
        let mut contradictions = 0;
        let mut first = true;
        loop {
            let containers = self.engine.containers(&self.stack.project).await?;
            let parts = self.parts(&containers);
            let front = self.front(&containers, &options.ports);
            let young = Part::ALL.iter().filter_map(|part| parts.get(*part)).any(|one| self.age(one) < YOUNG);
            // Asking while the app starts would fill nginx's log with refusals that mean nothing.
            let early = if young || !std::mem::take(&mut first) {
                self.look_inside(&parts, &mut listens).await;
                None
            } else {
                let ((), early) =
                    tokio::join!(self.look_inside(&parts, &mut listens), self.knock(&front, &options.ports));
                Some(early).filter(Knock::is_page)
            };
            if early.is_none()
                && let Some(part) = self.waiting_for(&parts, &listens).await
                && Instant::now() < deadline
            {
                progress.step(self.service(part), "wait", "until it listens");
                tokio::time::sleep(PAUSE).await;
                continue;
            }
            let knock = match early {
                Some(early) => early,
                None => self.knock(&front, &options.ports).await,
            };
            let look = Look { parts, listens, front, knock, toolbox: Mutex::default() };
            let settled = look.knock.is_page() || !young || !self.contradicts(&look);
            if settled || contradictions >= MOST_CONTRADICTIONS || Instant::now() >= deadline {
                return Ok(look);
            }
            contradictions += 1;
            listens = look.listens;
            tokio::time::sleep(4 * PAUSE).await;
        }
    }

    /// Whether nginx and the app listen where they should, and still no page came.
    fn contradicts(&self, look: &Look) -> bool {
        let upstream = self.port_fact("nginx.upstream_port");
        let app_listens = upstream.is_some_and(|port| look.ports(Part::App).contains(&port));
        match &look.front {
            Front::Published { door, .. } => {
                look.ports(Part::Proxy).contains(&door.target) && (app_listens || look.knock.page.is_err())
            }
            _ => false,
        }
    }

    /// The part that is still starting, if any.
    async fn waiting_for(&self, parts: &Parts, listens: &BTreeMap<Part, Vec<ListenSocket>>) -> Option<Part> {
        let database_listens = listens.get(&Part::Database).is_some_and(|sockets| !sockets.is_empty());
        for part in Part::ALL {
            let Some(container) = parts.get(part) else { continue };
            let starting = match container.state {
                ServiceState::Restarting => {
                    let database_dead = parts.get(Part::Database).is_none_or(|db| db.state == ServiceState::Exited);
                    container.restarts < CRASH_LOOP || !(database_listens || database_dead || part == Part::Database)
                }
                ServiceState::Running => match listens.get(&part) {
                    Some(sockets) => sockets.is_empty() && !self.has_given_up(container).await,
                    // It cannot be asked, perhaps because it is just ending.
                    None => self.age(container) < YOUNG,
                },
                _ => false,
            };
            if starting {
                return Some(part);
            }
        }
        None
    }

    /// Whether a program that listens nowhere has said that it failed, and stays alive all the same (a reloader does).
    async fn has_given_up(&self, container: &Container) -> bool {
        let failed =
            |line: &str| line.starts_with("Traceback (most recent call last)") || line.contains("SyntaxError:");
        if self.age(container) < GIVEN_UP {
            return false;
        }
        let Ok(lines) = self.engine.log_tail(&container.id, &container.service, LOG_LINES).await else { return false };
        let last = lines.last().map_or(0.0, |line| line.at as f64 / 1000.0);
        lines.iter().any(|line| failed(&line.text)) && self.engine_now() - last > GIVEN_UP
    }

    /// Seconds since a container was started, by the engine's clock.
    pub(super) fn age(&self, container: &Container) -> f64 {
        self.engine_now() - container.started_at as f64 / 1000.0
    }

    /// Seconds since the Unix epoch, by the engine's clock.
    fn engine_now(&self) -> f64 {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        now.as_secs_f64() + self.engine.info.clock_ahead
    }

    /// Reads what the running parts listen on, of those that were not seen listening before.
    async fn look_inside(&self, parts: &Parts, listens: &mut BTreeMap<Part, Vec<ListenSocket>>) {
        let ask = |part: Part| {
            let known = listens.get(&part).is_some_and(|sockets| !sockets.is_empty());
            let container = parts.get(part).filter(|one| one.state == ServiceState::Running && !known);
            async move {
                match container {
                    Some(container) => self.listening(container).await,
                    None => None,
                }
            }
        };
        let (proxy, app, database) = tokio::join!(ask(Part::Proxy), ask(Part::App), ask(Part::Database));
        for (part, sockets) in Part::ALL.into_iter().zip([proxy, app, database]) {
            if let Some(sockets) = sockets {
                listens.insert(part, sockets);
            }
            if parts.get(part).is_none_or(|container| container.state != ServiceState::Running) {
                listens.remove(&part);
            }
        }
    }

    /// What a container listens on; `None` when that cannot be asked.
    async fn listening(&self, container: &Container) -> Option<Vec<ListenSocket>> {
        // The second file is missing where there is no IPv6.
        let command = ["cat", "/proc/net/tcp", "/proc/net/tcp6"];
        let output = self.engine.exec(&container.id, &command, &BTreeMap::new(), INSIDE).await.ok()?;
        output.stdout.contains("local_address").then(|| sockets::listening(&output.stdout))
    }

    /// The end of a container's log since its last start, cleaned.
    pub(super) async fn log(&self, container: &Container) -> Vec<String> {
        let tail = self.engine.log_tail(&container.id, &container.service, LOG_LINES);
        match tokio::time::timeout(INSIDE, tail).await {
            Ok(Ok(lines)) => lines.iter().map(|line| clean::line(&line.text)).collect(),
            _ => Vec::new(),
        }
    }

    /// Who is behind the story's port.
    fn front(&self, containers: &[Container], ports: &HostPorts) -> Front {
        let running = |container: &&Container| container.state == ServiceState::Running;
        let live = |number: u16, service: Option<&str>| {
            containers.iter().filter(running).filter(|one| service.is_none_or(|name| name == one.service)).find_map(
                |one| {
                    let port = one.ports.iter().find(|(_, protocol, _, host)| protocol == "tcp" && *host == number)?;
                    let door = FrontDoor { service: one.service.clone(), target: port.0 };
                    Some(Front::Published { door, at: number })
                },
            )
        };
        match ports {
            HostPorts::AsWritten(moved) => {
                let mut moved = moved.iter().filter(|moved| moved.from == self.port);
                let found = live(self.port, None).or_else(|| moved.find_map(|one| live(one.to, Some(&one.service))));
                found.unwrap_or_else(|| {
                    let of = |one: &Container| -> Vec<String> {
                        let told = one.ports.iter().map(|(target, protocol, _, host)| {
                            format!("{host}->{target}/{protocol} ({})", one.service)
                        });
                        told.collect()
                    };
                    let mut published: Vec<String> = containers.iter().filter(running).flat_map(of).collect();
                    published.sort();
                    published.dedup();
                    Front::Nobody(published)
                })
            }
            HostPorts::Free => {
                let written = self.stack.services.iter().find_map(|service| {
                    let tcp = service.ports.iter().filter(|port| port.protocol == Protocol::Tcp);
                    let port = tcp.clone().find(|port| port.published == Some(self.port))?;
                    Some(FrontDoor { service: service.name.clone(), target: port.target })
                });
                let Some(door) = written else { return Front::Nobody(self.ports_in_file()) };
                let container = containers.iter().filter(running).find(|one| one.service == door.service);
                let at = container.and_then(|one| {
                    one.ports.iter().find(|(target, protocol, _, _)| protocol == "tcp" && *target == door.target)
                });
                match at {
                    Some((_, _, _, at)) => Front::Published { at: *at, door },
                    None => Front::Down(door),
                }
            }
        }
    }

    /// Asks at the front door as a browser would.
    async fn knock(&self, front: &Front, ports: &HostPorts) -> Knock {
        let begun = Instant::now();
        let host = &self.engine.info.host;
        let at = match front {
            Front::Published { at, .. } => *at,
            Front::Down(_) | Front::Nobody(_) => self.port,
        };
        let mut browser = Browser::new(Door::Host(host.clone(), at), self.authority.clone());
        let page = match front {
            Front::Published { .. } => browser.visit(&self.path, ANSWER).await.map_err(Failure::observation),
            // The container would have published it.
            Front::Down(_) => Err(Observation::Refused),
            // With free ports, the story's number on this machine is none of ours: it is not even tried.
            Front::Nobody(_) if *ports != HostPorts::Free && http::is_refused(host, at).await => {
                Err(Observation::Refused)
            }
            Front::Nobody(published) => {
                Err(Observation::NotPublished { port: self.port, published: published.clone() })
            }
        };
        Knock { browser, page, seconds: begun.elapsed().as_secs_f64() }
    }
}
