//! The hops behind the front door, each asked from where it starts.

use std::{collections::BTreeMap, time::Duration};

use tokio::time::Instant;

use super::{
    Evidence, Observation, as_app,
    browser::Browser,
    evidence_id::{FLASKAPP_DB, NGINX_FLASKAPP, UPSTREAM},
    front_door::Front,
    http::{Door, Failure, from_dial},
    last_words::last_words,
    prober::{Part, Parts, Prober, evidence, not_asked},
    settle::{Look, is_gateway_error},
    slowness, url,
};
use crate::engine::ServiceState;
use crate::engine::{Container, Toolbox};

/// How long an answer from inside a network is waited for.
const ANSWER: Duration = Duration::from_secs(5);
/// How long a connection from inside a network may take.
const DIAL: Duration = Duration::from_secs(3);
/// How long the app's Python may take to ask the database.
const AS_APP: Duration = Duration::from_secs(40);
/// How long of that its modules may take to load.
const MODULES: Duration = Duration::from_secs(30);
/// The port of a database of which nothing else is known.
pub(super) const POSTGRES: u16 = 5432;

/// What was seen, and the seconds it took.
type Timed = (Observation, f64);

impl Prober {
    /// nginx asked from inside its network, and the address behind it asked directly.
    pub(super) async fn ask_proxy(&self, look: &Look) -> [Evidence; 2] {
        let service = self.service(Part::Proxy);
        let upstream_command = match (self.fact("proxy.upstream_host"), self.fact("proxy.upstream_port")) {
            (Some(host), Some(port)) => format!("docker compose exec {service} curl -i http://{host}:{port}/"),
            _ => String::new(),
        };
        let Some(container) = running(look, Part::Proxy) else {
            let mut observation = self.not_running(&look.parts, Part::Proxy).await;
            let mut about = service;
            let app = self.service(Part::App);
            let ended = look.parts.get(Part::App).is_some_and(|one| one.state == ServiceState::Exited);
            if ended && self.fact("proxy.upstream_host") == Some(app) && missed_a_name(&observation) {
                // The engine forgets the name of a container that ended: what ended it says more.
                (observation, about) = (self.not_running(&look.parts, Part::App).await, app);
            }
            let because = format!("{service} is not running");
            return [
                evidence(NGINX_FLASKAPP, format!("docker compose logs {about}"), "host", observation, 0.0),
                not_asked(UPSTREAM, upstream_command, service, &because),
            ];
        };
        let app = self.service(Part::App);
        if self.fact("proxy.upstream_host") == Some(app) && running(look, Part::App).is_none() && !look.knock.is_page()
        {
            // Nobody is there to be asked, and nginx takes seconds to notice.
            let observation = self.not_running(&look.parts, Part::App).await;
            let because = format!("{app} is not running");
            return [
                evidence(NGINX_FLASKAPP, format!("docker compose logs {app}"), "host", observation, 0.0),
                not_asked(UPSTREAM, upstream_command, service, &because),
            ];
        }
        let port = self.proxy_port(look);
        let command = format!("docker compose exec {service} curl -i http://localhost:{port}/");
        let (through, (upstream_seen, upstream_seconds)) = self.ask_from(look, container, port).await;
        let broken = !matches!(&through.0, Observation::Http(answer) if !is_gateway_error(answer.status));
        // What tells most about a gateway error is what the gateway met.
        let tells_more = broken
            && !matches!(
                upstream_seen,
                Observation::Http(_) | Observation::NotAsked { .. } | Observation::Unknown { .. }
            );
        let gone = if tells_more { self.app_is_gone(&upstream_seen).await } else { None };
        let hop = if let Some(observation) = gone {
            let command = format!("docker compose logs {app}");
            evidence(NGINX_FLASKAPP, command, "host", observation, upstream_seconds)
        } else if tells_more {
            evidence(NGINX_FLASKAPP, upstream_command.clone(), service, upstream_seen.clone(), upstream_seconds)
        } else {
            evidence(NGINX_FLASKAPP, followed(command, &through.0), service, through.0, through.1)
        };
        let upstream_command = followed(upstream_command, &upstream_seen);
        [hop, evidence(UPSTREAM, upstream_command, service, upstream_seen, upstream_seconds)]
    }

    /// Whether the app does not run (any more), where its address does not answer. The engine forgets the name of a container that ended.
    async fn app_is_gone(&self, upstream: &Observation) -> Option<Observation> {
        let no_answer = matches!(
            upstream,
            Observation::NameUnknown { .. } | Observation::Refused | Observation::Unreachable | Observation::Reset
        );
        if !no_answer || self.fact("proxy.upstream_host") != Some(self.service(Part::App)) {
            return None;
        }
        let parts = self.parts(&self.engine.containers(&self.stack.project).await.ok()?);
        let runs = parts.get(Part::App).is_some_and(|container| container.state == ServiceState::Running);
        if runs { None } else { Some(self.not_running(&parts, Part::App).await) }
    }

    /// The port on which nginx is asked: the one behind the front door, else the one in its files, else one it listens on.
    fn proxy_port(&self, look: &Look) -> u16 {
        let listens = look.ports(Part::Proxy);
        let proved = match &look.front {
            Front::Published { door, .. } if look.knock.is_page() && door.service == self.service(Part::Proxy) => {
                Some(door.target)
            }
            _ => None,
        };
        let possible = |port: &u16| listens.is_empty() || listens.contains(port);
        let front = self.port_fact("front.target").filter(|port| listens.contains(port));
        let files = self.port_fact("proxy.listen").filter(possible);
        proved.or(front).or(files).or(listens.first().copied()).unwrap_or(80)
    }

    /// nginx itself, and the address in its files, asked side by side from its networks in turn, with the seconds it took.
    async fn ask_from(&self, look: &Look, proxy: &Container, port: u16) -> (Timed, Timed) {
        let upstream = self.fact("proxy.upstream_host").zip(self.port_fact("proxy.upstream_port"));
        // One network at a time: a toolbox that is on two would know names that nginx does not.
        let _alone = look.toolbox.lock().await;
        let within = look.patience(ANSWER);
        let unknown = Observation::Unknown { because: format!("{} is on no network", proxy.service) };
        let mut seen = ((unknown.clone(), 0.0), (unknown, 0.0));
        for network in shared_first(proxy, look.parts.get(Part::App)) {
            let toolbox = match self.engine.toolbox(&self.stack.project, network).await {
                Ok(toolbox) => toolbox,
                Err(error) => {
                    let failed = Failure::Environment(error).observation();
                    seen = ((failed.clone(), 0.0), (failed, 0.0));
                    continue;
                }
            };
            let direct = async {
                match upstream {
                    Some((host, port)) => {
                        // Inside a container, localhost is the container itself.
                        let target = if url::is_loopback(host) { proxy.service.as_str() } else { host };
                        get(&toolbox, target, port, &format!("{host}:{port}"), within).await
                    }
                    None => (Observation::NotAsked { because: "its files name no server behind it".into() }, 0.0),
                }
            };
            seen = tokio::join!(get(&toolbox, &proxy.service, port, &self.authority, within), direct);
            close(toolbox).await;
            // A name may be known on another network.
            let unknown =
                |seen: &Timed| matches!(seen.0, Observation::NameUnknown { .. } | Observation::Unknown { .. });
            if !unknown(&seen.0) && !unknown(&seen.1) {
                break;
            }
        }
        seen
    }

    /// The database, as the app asks it.
    pub(super) async fn ask_database(&self, look: &Look) -> Evidence {
        let app = self.service(Part::App);
        let begun = Instant::now();
        let command = format!("docker compose exec {app} python -c \"import database; database.engine.connect()\"");
        if !self.asks(FLASKAPP_DB) {
            return not_asked(FLASKAPP_DB, command, app, "the course asks of other links");
        }
        if self.services.database.is_some() && running(look, Part::Database).is_none() {
            let observation = self.not_running(&look.parts, Part::Database).await;
            let command = format!("docker compose logs {}", self.service(Part::Database));
            return evidence(FLASKAPP_DB, command, "host", observation, begun.elapsed().as_secs_f64());
        }
        if let Some(container) = running(look, Part::App)
            && let Some(observation) = self.run_as_app(container, look.brisk).await
        {
            return evidence(FLASKAPP_DB, command, app, observation, begun.elapsed().as_secs_f64());
        }
        let (command, observation) = self.greet_database(look).await;
        evidence(FLASKAPP_DB, command, app, observation, begun.elapsed().as_secs_f64())
    }

    /// Lets the app's own Python ask; briskly, no answer in time is not asked for a second time. `None` when it cannot.
    async fn run_as_app(&self, app: &Container, brisk: bool) -> Option<Observation> {
        let deadline = Instant::now() + AS_APP;
        let mut timed_out = brisk;
        loop {
            let mut output = self.exec(app, &["python3", "-c", as_app::SCRIPT]).await?;
            if matches!(output.code, 126 | 127) {
                output = self.exec(app, &["python", "-c", as_app::SCRIPT]).await?;
            }
            let observation = as_app::read(&output.stdout).ok()?;
            let again = match &observation {
                Observation::Exit { output, .. } => output.contains("starting up"),
                // A busy machine can be slow once.
                Observation::TimedOut { .. } => !std::mem::replace(&mut timed_out, true),
                _ => false,
            };
            if !again || Instant::now() >= deadline {
                return Some(observation);
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }

    async fn exec(&self, container: &Container, command: &[&str]) -> Option<crate::engine::Output> {
        let slowness = slowness();
        let patience = MODULES.mul_f64(slowness).as_secs().to_string();
        let environment = BTreeMap::from([("BREAKFIX_PATIENCE".to_owned(), patience)]);
        self.engine.exec(&container.id, command, &environment, AS_APP.mul_f64(slowness)).await.ok()
    }

    /// Greets the database from the app's networks, at the address that the app's files name.
    async fn greet_database(&self, look: &Look) -> (String, Observation) {
        let app = self.service(Part::App);
        let host = self.fact("database.host").unwrap_or(self.service(Part::Database));
        let port = self.port_fact("database.port").unwrap_or(POSTGRES);
        // The app's image has no program that asks like this; the database's has, and knows the same names.
        let command = format!("docker compose exec {} pg_isready -h {host} -p {port}", self.service(Part::Database));
        let from = look.parts.get(Part::App).or(look.parts.get(Part::Database));
        let Some(from) = from.filter(|container| !container.networks.is_empty()) else {
            return (command, Observation::NotAsked { because: format!("{app} has no container") });
        };
        // In the app's container, localhost is the app itself.
        let target = if url::is_loopback(host) { app } else { host };
        let _alone = look.toolbox.lock().await;
        let within = DIAL.mul_f64(slowness());
        let mut seen = Observation::NameUnknown { name: host.to_string() };
        for network in shared_first(from, look.parts.get(Part::Database)) {
            seen = match self.engine.toolbox(&self.stack.project, network).await {
                Ok(toolbox) => {
                    let answer = match toolbox.dial(target, port, within).await {
                        Ok(stream) => as_app::greet(stream).await,
                        Err(error) => from_dial(error, host, within).observation(),
                    };
                    let answer = match answer {
                        Observation::Reset if !toolbox.is_alive() => {
                            Observation::Unknown { because: "the toolbox went away while a question was put".into() }
                        }
                        answer => answer,
                    };
                    close(toolbox).await;
                    answer
                }
                Err(error) => Failure::Environment(error).observation(),
            };
            if !matches!(seen, Observation::NameUnknown { .. } | Observation::Unknown { .. }) {
                break;
            }
        }
        (command, seen)
    }

    /// A service that does not run, with its last words.
    pub(super) async fn not_running(&self, parts: &Parts, part: Part) -> Observation {
        let container = parts.get(part);
        let last_line = match container {
            Some(container) => last_words(&self.log(container).await),
            None => None,
        };
        let exit_code = container.filter(|one| one.started_at > 0).and_then(|one| one.exit_code);
        Observation::NotRunning { service: self.service(part).to_string(), exit_code, last_line }
    }
}

/// The command that asks the same, where the answer led elsewhere.
fn followed(command: String, seen: &Observation) -> String {
    match seen {
        Observation::Http(answer) if !answer.redirects.is_empty() => command.replacen("curl -i ", "curl -iL ", 1),
        _ => command,
    }
}

/// Whether nginx ended because nobody had the name that it calls.
fn missed_a_name(observation: &Observation) -> bool {
    matches!(observation, Observation::NotRunning { last_line: Some(line), .. } if line.contains("host not found in upstream"))
}

/// A page asked for from inside a network, and the seconds it took.
async fn get(toolbox: &Toolbox, host: &str, port: u16, authority: &str, within: Duration) -> Timed {
    let begun = Instant::now();
    let door = Door::Inside(toolbox.clone(), host.to_string(), port);
    let visit = Browser::new(door, authority).visit("/", within).await;
    let seen = visit.map_or_else(Failure::observation, |visit| Observation::Http(visit.answer));
    (seen, begun.elapsed().as_secs_f64())
}

/// Takes the toolbox off its network, so that nothing of ours is in the way of a `docker compose down`.
async fn close(toolbox: Toolbox) {
    if let Err(error) = toolbox.close().await {
        // It is tried again when the toolbox is dropped.
        tracing::warn!(%error, "cannot take the toolbox off a network");
    }
}

/// A container's networks, those that it shares with another first: a name that is unknown takes its time.
fn shared_first<'a>(from: &'a Container, with: Option<&Container>) -> Vec<&'a String> {
    let mut networks: Vec<&String> = from.networks.iter().collect();
    networks.sort_by_key(|network| !with.is_some_and(|other| other.networks.contains(network)));
    networks
}

/// The container of a part, when it runs.
pub(super) fn running(look: &Look, part: Part) -> Option<&Container> {
    look.parts.get(part).filter(|container| container.state == ServiceState::Running)
}
