//! A look into the containers: what they listen on, what they log, how old they are.

use std::{collections::BTreeMap, time::Duration};

use tokio::time::Instant;

use super::{
    ListenSocket, clean,
    prober::{Part, Parts, Prober},
    slowness, sockets,
};
use crate::engine::Container;
use crate::engine::ServiceState;

/// How long reading a container's sockets or log may take.
pub(super) const INSIDE: Duration = Duration::from_secs(5);
/// How long a container that cannot be asked is taken for one that is just ending.
const ENDING: Duration = Duration::from_secs(2);
/// How much later than the end the last words may come.
const LAST_WORDS: Duration = Duration::from_millis(300);
/// How often they are looked for.
const LOOKS_FOR_WORDS: usize = 3;
/// Between two looks at a proxy that starts.
const BETWEEN_LOOKS: Duration = Duration::from_millis(50);
/// How long a program that has logged a traceback may take to end, in seconds after its last line.
const GIVEN_UP: f64 = 1.2;
/// How often a script that waits may fail to find the program that it asks with.
const IN_VAIN: usize = 3;
/// Lines of a log that are kept.
const LOG_LINES: usize = 200;

/// What the parts were seen to listen on.
#[derive(Debug, Clone, Default)]
pub(super) struct Inside(BTreeMap<Part, Seen>);

#[derive(Debug, Clone)]
struct Seen {
    /// The container, and when it was started: another run has other sockets.
    run: (String, u64),
    sockets: Sockets,
    since: Instant,
}

/// What asking for a container's sockets came to.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Sockets {
    Known(Vec<ListenSocket>),
    /// It has no program that could read them.
    CannotRead,
    /// The engine did not run the question.
    CannotAsk,
    /// The engine or the container is too busy to answer in time: nothing is known yet.
    Late,
}

impl Inside {
    /// The sockets of a part, as far as they are known.
    pub(super) fn of(&self, part: Part) -> &[ListenSocket] {
        match self.0.get(&part).map(|seen| &seen.sockets) {
            Some(Sockets::Known(sockets)) => sockets,
            _ => &[],
        }
    }

    /// Whether this very run of the container was seen listening.
    fn listens(&self, part: Part, container: &Container) -> bool {
        let same = |seen: &Seen| seen.run.0 == container.id && seen.run.1 == container.started_at;
        self.0.get(&part).is_some_and(same) && !self.of(part).is_empty()
    }
}

impl Prober {
    /// Whether a running container may still come to listen.
    pub(super) async fn is_starting(&self, part: Part, container: &Container, seen: &Inside) -> bool {
        match seen.0.get(&part).map(|seen| (&seen.sockets, seen.since)) {
            Some((Sockets::Known(sockets), _)) => {
                sockets.is_empty()
                    && self.age(container) < self.starts_within * slowness()
                    && !self.has_given_up(container).await
            }
            // The engine cannot run a command in a container that is just ending, and soon knows that it ended.
            Some((Sockets::CannotAsk, since)) => since.elapsed() < ENDING.mul_f64(slowness()),
            // A busy machine starts slowly, too: what it could not say is no reason to call anything broken.
            Some((Sockets::Late, _)) => self.age(container) < self.starts_within * slowness(),
            Some((Sockets::CannotRead, _)) | None => false,
        }
    }

    /// Whether a program that listens nowhere has said that it failed, and stays alive all the same: a reloader does, and a script
    /// that asks again and again with a program that is not there.
    async fn has_given_up(&self, container: &Container) -> bool {
        let failed =
            |line: &str| line.starts_with("Traceback (most recent call last)") || line.contains("SyntaxError:");
        let given_up = GIVEN_UP * slowness();
        if self.age(container) < given_up {
            return false;
        }
        let Ok(lines) = self.engine.log_tail(&container.id, &container.service, LOG_LINES).await else { return false };
        let last = lines.last().map_or(0.0, |line| line.at as f64 / 1000.0);
        let waits_in_vain = lines.iter().filter(|line| line.text.contains(": not found")).count() >= IN_VAIN;
        waits_in_vain || lines.iter().any(|line| failed(&line.text)) && self.engine.info.now() - last > given_up
    }

    /// Seconds since a container was started, by the engine's clock.
    pub(super) fn age(&self, container: &Container) -> f64 {
        self.engine.info.now() - container.started_at as f64 / 1000.0
    }

    /// Reads what these parts listen on, as far as they run and were not seen listening before.
    pub(super) async fn look_inside(&self, parts: &Parts, which: &[Part], seen: &mut Inside) {
        let ask = |part: Part| {
            let running = parts.get(part).filter(|one| one.state == ServiceState::Running);
            let container = running.filter(|_| which.contains(&part));
            let container = container.filter(|one| !seen.listens(part, one));
            async move {
                match container {
                    Some(container) => Some(self.sockets(container).await),
                    None => None,
                }
            }
        };
        let (proxy, app, database) = tokio::join!(ask(Part::Proxy), ask(Part::App), ask(Part::Database));
        for (part, asked) in Part::ALL.into_iter().zip([proxy, app, database]) {
            match (parts.get(part).filter(|one| one.state == ServiceState::Running), asked) {
                (Some(container), Some(sockets)) => {
                    let run = (container.id.clone(), container.started_at);
                    // Since when it cannot be asked, if it could not before either.
                    let since = match (&sockets, seen.0.get(&part)) {
                        (Sockets::CannotAsk, Some(old)) if old.run == run && old.sockets == sockets => old.since,
                        _ => Instant::now(),
                    };
                    seen.0.insert(part, Seen { run, sockets, since });
                }
                (Some(_), None) => {}
                (None, _) => {
                    seen.0.remove(&part);
                }
            }
        }
    }

    /// What a container listens on.
    async fn sockets(&self, container: &Container) -> Sockets {
        let within = INSIDE.mul_f64(slowness());
        match tokio::time::timeout(within, self.engine.proc_net(container, 2 * within)).await {
            Ok(Ok(text)) if text.contains("local_address") => Sockets::Known(sockets::listening(&text)),
            Ok(Ok(_)) => Sockets::CannotRead,
            Ok(Err(_)) => Sockets::CannotAsk,
            Err(_) => Sockets::Late,
        }
    }

    /// What a container listens on; `None` when that cannot be said.
    pub(super) async fn listening(&self, container: &Container) -> Option<Vec<ListenSocket>> {
        match self.sockets(container).await {
            Sockets::Known(sockets) => Some(sockets),
            Sockets::CannotRead | Sockets::CannotAsk | Sockets::Late => None,
        }
    }

    /// Waits until the proxy listens or has ended, for so long at most.
    pub(crate) async fn wait_proxy(&self, within: Duration) {
        self.wait_listens(Part::Proxy, within).await;
    }

    /// Waits until the app listens or has ended, for so long at most; whether it runs.
    pub(crate) async fn wait_app(&self, within: Duration) -> bool {
        self.wait_listens(Part::App, within).await
    }

    async fn wait_listens(&self, part: Part, within: Duration) -> bool {
        let until = Instant::now() + within;
        loop {
            let found = self.engine.container_of(&self.stack.project, self.service(part)).await;
            let Ok(Some(container)) = found else { return false };
            if container.state != ServiceState::Running {
                return false;
            }
            let listens = self.listening(&container).await.is_some_and(|sockets| !sockets.is_empty());
            if listens || Instant::now() >= until {
                return true;
            }
            tokio::time::sleep(BETWEEN_LOOKS).await;
        }
    }

    /// The end of a container's log since its last start, cleaned.
    pub(super) async fn log(&self, container: &Container) -> Vec<String> {
        let read = async || {
            let tail = self.engine.log_tail(&container.id, &container.service, LOG_LINES);
            match tokio::time::timeout(INSIDE.mul_f64(slowness()), tail).await {
                Ok(Ok(lines)) => lines.iter().map(|line| clean::line(&line.text)).collect(),
                _ => Vec::new(),
            }
        };
        let mut lines: Vec<String> = read().await;
        let mut looks = 1;
        // A busy engine may tell the end before the last words.
        while lines.is_empty() && container.state == ServiceState::Exited && looks < LOOKS_FOR_WORDS {
            tokio::time::sleep(LAST_WORDS.mul_f64(slowness())).await;
            lines = read().await;
            looks += 1;
        }
        lines
    }
}
