//! A first look: what runs, what listens, who is at the front door; waiting until that no longer changes by itself.

use std::{collections::BTreeSet, time::Duration};

use tokio::{sync::Mutex, time::Instant};

use super::{
    Observation,
    browser::{Browser, Visit},
    container_state::Inside,
    front_door::Front,
    http::{Door, Failure},
    prober::{HostPorts, Part, Parts, Prober, SurveyOptions, patience},
    slowness,
};
use crate::{
    engine::{Progress, ServiceState},
    error::Result,
};

/// Time between two looks at a stack that is starting.
const PAUSE: Duration = Duration::from_millis(40);
/// How long an answer at the front door is waited for.
const ANSWER: Duration = Duration::from_secs(10);
/// Restarts after which a container counts as one that dies again and again.
const CRASH_LOOP: i64 = 3;
/// Age in seconds up to which a container may still be starting.
const YOUNG: f64 = 3.0;
/// How often a missing page is asked for again although everything listens.
const MOST_CONTRADICTIONS: usize = 3;
/// What a first look saw.
#[derive(Debug)]
pub(super) struct Look {
    pub(super) parts: Parts,
    /// What the running parts listen on, as far as that was needed.
    pub(super) inside: Inside,
    pub(super) front: Front,
    pub(super) knock: Knock,
    /// An answer that takes long counts as none.
    pub(super) brisk: bool,
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
    /// How long an answer is waited for that may take this long.
    pub(super) fn patience(&self, most: Duration) -> Duration {
        patience(self.brisk, most)
    }

    pub(super) fn ports(&self, part: Part) -> Vec<u16> {
        self.inside.of(part).iter().map(|socket| socket.port).collect()
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
        let mut inside = Inside::default();
        let mut contradictions = 0;
        let mut suspects: &[Part] = &[];
        let mut waited: BTreeSet<Part> = BTreeSet::new();
        loop {
            let containers = self.engine.containers(&self.stack.project).await?;
            let parts = self.parts(&containers);
            let front = self.front(&containers, &options.ports);
            let young = |part: Part| parts.get(part).is_some_and(|container| self.age(container) < YOUNG * slowness());
            let young: Vec<Part> = Part::ALL.into_iter().filter(|part| young(*part)).collect();
            // What has been running for a while is only looked into when no page comes. Asking for a page while the app
            // starts would fill nginx's log with refusals that mean nothing.
            let doubtful = if suspects.is_empty() { young.as_slice() } else { suspects };
            self.look_inside(&parts, doubtful, &mut inside).await;
            if self.waits(doubtful, &parts, &inside, deadline, progress, &mut waited).await {
                continue;
            }
            for part in std::mem::take(&mut waited) {
                progress.finished(self.service(part), "wait", "waited for");
            }
            let knock = self.knock(&front, options).await;
            if !knock.is_page() && suspects.is_empty() {
                suspects = &Part::ALL;
                self.look_inside(&parts, suspects, &mut inside).await;
                if self.waits(suspects, &parts, &inside, deadline, progress, &mut waited).await {
                    continue;
                }
            }
            let brisk = options.brisk;
            let look = Look { parts, inside, front, knock, brisk, toolbox: Mutex::default() };
            let settled = look.knock.is_page() || !self.contradicts(&look);
            // What began to listen after the last knock has to be asked once, however long it took on a busy machine.
            let most = if young.is_empty() { 1 } else { MOST_CONTRADICTIONS };
            if settled || contradictions >= most || Instant::now() >= deadline {
                return Ok(look);
            }
            contradictions += 1;
            inside = look.inside;
            tokio::time::sleep(4 * PAUSE).await;
        }
    }

    /// Whether one of these parts is still starting, and there is time: then a moment was waited.
    async fn waits(
        &self,
        which: &[Part],
        parts: &Parts,
        inside: &Inside,
        deadline: Instant,
        progress: &Progress,
        waited: &mut BTreeSet<Part>,
    ) -> bool {
        let Some(part) = self.waiting_for(which, parts, inside).await else { return false };
        if Instant::now() >= deadline {
            return false;
        }
        progress.step(self.service(part), "wait", "not ready yet: nothing in it listens so far");
        waited.insert(part);
        tokio::time::sleep(PAUSE).await;
        true
    }

    /// Whether nginx and the app listen where they should, and still no page came.
    fn contradicts(&self, look: &Look) -> bool {
        let upstream = self.port_fact("proxy.upstream_port");
        let app_listens = upstream.is_some_and(|port| look.ports(Part::App).contains(&port));
        match &look.front {
            Front::Published { door, .. } => {
                look.ports(Part::Proxy).contains(&door.target) && (app_listens || look.knock.page.is_err())
            }
            _ => false,
        }
    }

    /// The one of these parts that is still starting, if any.
    async fn waiting_for(&self, which: &[Part], parts: &Parts, inside: &Inside) -> Option<Part> {
        let database_listens = !inside.of(Part::Database).is_empty();
        for &part in which {
            let Some(container) = parts.get(part) else { continue };
            let starting = match container.state {
                ServiceState::Restarting => {
                    let database_dead = parts.get(Part::Database).is_none_or(|db| db.state == ServiceState::Exited);
                    container.restarts < CRASH_LOOP || !(database_listens || database_dead || part == Part::Database)
                }
                ServiceState::Running => self.is_starting(part, container, inside).await,
                _ => false,
            };
            if starting {
                return Some(part);
            }
        }
        None
    }

    /// Asks at the front door as a browser would.
    async fn knock(&self, front: &Front, options: &SurveyOptions) -> Knock {
        let begun = Instant::now();
        let at = match front {
            Front::Published { at, .. } => *at,
            Front::Down(_) | Front::Nobody(_) => self.port,
        };
        let door = Door::published(&self.engine, at);
        let mut browser = Browser::new(door.clone(), self.authority.clone());
        let page = match front {
            Front::Published { .. } => {
                browser.visit(&self.path, patience(options.brisk, ANSWER)).await.map_err(Failure::observation)
            }
            // The container would have published it.
            Front::Down(_) => Err(Observation::Refused),
            // With free ports, the story's number on this machine is none of ours: it is not even tried.
            Front::Nobody(_) if options.ports != HostPorts::Free && door.is_refused().await => {
                Err(Observation::Refused)
            }
            Front::Nobody(published) => {
                Err(Observation::NotPublished { port: self.port, published: published.clone() })
            }
        };
        Knock { browser, page, seconds: begun.elapsed().as_secs_f64() }
    }
}
