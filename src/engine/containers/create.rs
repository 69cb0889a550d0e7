//! Making, starting, and replacing single containers.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, Instant},
};

use bollard::{
    models::{ContainerCreateResponse, ContainerInspectResponse, NetworkConnectRequest},
    query_parameters::*,
};
use futures_util::StreamExt;

use super::{bounds::Bound, drift::is_anonymous, inventory::state_of, spec::Spec};
use crate::engine::{
    Engine, PortStyle, Progress, UpOptions,
    blame::container_is_to_blame,
    labels,
    network::ports::{Refusal, another, named, refusal},
    request::{Fault, QUICK, SLOW, ask},
    slowness,
};
use crate::{
    compose::{Dependency, DependencyCondition, Service, Stack},
    engine::{ServiceState, Stopped},
    error::{Error, Result},
};

/// How often another port is tried.
const PORT_TRIES: usize = 5;
/// How long a database gets to write its files and stop. It takes one second, unless it still fills an empty volume,
/// which would be no use to anybody when left half-filled.
const DATA_STOP: Duration = Duration::from_secs(30);
/// How long other services with data get.
const SHORT_STOP: Duration = Duration::from_secs(2);
/// How often a container that is asked to stop is asked again.
const ASK_AGAIN: Duration = Duration::from_millis(500);
/// Seconds that a container gets to stop where nothing else is said, as the engine has them.
const GRACE: i64 = 10;
/// Seconds that are waited for at most, whatever a file says.
const MOST_GRACE: i64 = 60;
/// How often a dependency's state is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// The shortest bound on the wait for a dependency's health.
const HEALTH_WITHIN: Duration = Duration::from_secs(60);
/// The bound on the wait for a dependency's end.
const COMPLETED_WITHIN: Duration = Duration::from_secs(600);

impl Engine {
    /// Makes and starts a container; a port that is taken is moved (`moves`: the file's number → why). Its id.
    pub(crate) async fn make(
        &self,
        stack: &Stack,
        service: &Service,
        spec: &Spec,
        options: &UpOptions,
        moves: &mut BTreeMap<u16, String>,
        progress: &Progress,
    ) -> Result<String> {
        let mut moved: BTreeMap<u16, u16> = BTreeMap::new();
        let mut tried = BTreeSet::new();
        let mut spec = spec.clone();
        for _ in 0..PORT_TRIES {
            let mut asked = spec.clone();
            if !moved.is_empty() {
                asked.publish(self, service, options.ports, &moved);
                let told: Vec<String> = moved.iter().map(|(from, to)| format!("{from}:{to}")).collect();
                asked.remember(labels::MOVED, told.join(","));
            }
            progress.step(&service.name, "create", "");
            let id = self.create(service, &asked).await?;
            progress.step(&service.name, "start", "");
            let Err(fault) = self.start(&id).await else {
                progress.finished(&service.name, "start", "started");
                return Ok(id);
            };
            if self.leaves_out(&fault, &mut spec) {
                self.remove(&id).await?;
                continue;
            }
            let Some(refused) = refusal(&fault.message()).filter(|_| options.ports == PortStyle::AsWritten) else {
                return Err(explain_start(service, &fault));
            };
            for port in named(&fault.message(), service, &moved) {
                let holder = self.own_holder(&stack.project, &service.name, *moved.get(&port).unwrap_or(&port)).await?;
                if let Some(holder) = holder {
                    return Err(Error::stack(format!("{} cannot publish port {port} of the host", service.name))
                        .why(format!("{holder} of this stack publishes it"))
                        .suggest(format!("docker compose up -d {holder}    # where the file says otherwise by now")));
                }
                let to = another(port, &tried)?;
                tried.insert(to);
                moved.insert(port, to);
                let why = match (refused, self.holder(&stack.project, port).await) {
                    (Refusal::Taken, Some(who)) => format!("port {port} is taken by {who}"),
                    (Refusal::Taken, None) => format!("port {port} is taken"),
                    (Refusal::NotAllowed, _) => format!("port {port} is not allowed"),
                };
                progress.step(&service.name, "start", format!("{why}: {to} is used instead"));
                moves.insert(port, why);
            }
            self.remove(&id).await?;
        }
        Err(Error::environment(format!("no free port for {} was found", service.name)))
    }

    /// Makes a container with what is copied into it, on all its networks, and does not start it. Its id.
    pub(crate) async fn create(&self, service: &Service, spec: &Spec) -> Result<String> {
        let mut made = self.create_bare(spec).await;
        let mut less = spec.clone();
        while let Err(fault) = &made
            && self.leaves_out(fault, &mut less)
        {
            made = self.create_bare(&less).await;
        }
        let made = made.map_err(|fault| explain_create(service, spec, &fault))?;
        self.copy_in(&made.id, service, &spec.copies).await?;
        self.write_files(&made.id, &service.name, &spec.files).await?;
        for (network, endpoint) in &spec.more_networks {
            let request = NetworkConnectRequest { container: made.id.clone(), endpoint_config: Some(endpoint.clone()) };
            ask(QUICK, self.docker.connect_network(network, request))
                .await
                .map_err(|fault| fault.environment(format!("{} cannot join the network {network}", service.name)))?;
        }
        Ok(made.id)
    }

    /// Whether the engine refuses a bound of ours without which the container can be made as well: then it is left out.
    fn leaves_out(&self, fault: &Fault, spec: &mut Spec) -> bool {
        let Some(host) = spec.body.host_config.as_mut().filter(|_| spec.bounded) else { return false };
        let Some(bound) = Bound::refused(&fault.message()) else { return false };
        let before = host.clone();
        bound.leave_out(host);
        self.unset.add(bound);
        *host != before
    }

    async fn create_bare(&self, spec: &Spec) -> Result<ContainerCreateResponse, Fault> {
        let options = CreateContainerOptionsBuilder::default().name(&spec.name).build();
        let (docker, body) = (self.docker.clone(), spec.body.clone());
        let project = body.labels.as_ref().and_then(|labels| labels.get(labels::PROJECT)).cloned().unwrap_or_default();
        let call = async move { ask(QUICK, docker.create_container(Some(options), body)).await };
        self.flights.see_through(&project, call).await
    }

    pub(crate) async fn start(&self, id: &str) -> Result<(), Fault> {
        ask(SLOW, self.docker.start_container(id, None::<StartContainerOptions>)).await
    }

    /// Starts a container that is there; `false` when its port is taken meanwhile.
    pub(crate) async fn start_again(
        &self,
        stack: &Stack,
        service: &Service,
        there: &ContainerInspectResponse,
        progress: &Progress,
    ) -> Result<bool> {
        let id = there.id.as_deref().unwrap_or_default();
        progress.step(&service.name, "start", "");
        let started = match state_of(there) {
            ServiceState::Paused => ask(QUICK, self.docker.unpause_container(id)).await,
            _ => self.start(id).await,
        };
        match started {
            Ok(()) => {
                progress.finished(&service.name, "start", "started");
                Ok(true)
            }
            Err(fault) if refusal(&fault.message()).is_some() => {
                tracing::info!(project = stack.project, service = service.name, "port taken: {}", fault.message());
                Ok(false)
            }
            Err(fault) => Err(explain_start(service, &fault)),
        }
    }

    /// Removes a container. One that keeps data in a named volume is stopped first, as its image asks, when the data stays.
    pub(crate) async fn retire(&self, container: &ContainerInspectResponse, data_stays: bool) -> Result<()> {
        let id = container.id.as_deref().unwrap_or_default();
        if data_stays && let Some(patience) = patience(container) {
            self.stop_politely(id, stop_signal(container), patience).await;
        }
        self.remove(id).await
    }

    /// Asks a container to stop, again and again: one that still fills an empty volume does not hear it the first time.
    /// One that does not stop in time is left to whoever removes or restarts it.
    async fn stop_politely(&self, id: &str, signal: &str, patience: Duration) {
        let _ours = self.deeds.begin(id);
        let ends = async {
            let mut end = Box::pin(self.docker.wait_container(id, None::<WaitContainerOptions>));
            end.next().await;
        };
        let asks = async {
            loop {
                let options = KillContainerOptionsBuilder::default().signal(signal).build();
                let _ = ask(QUICK, self.docker.kill_container(id, Some(options))).await;
                tokio::time::sleep(ASK_AGAIN).await;
            }
        };
        let stopped = async {
            tokio::select! {
                () = ends => {}
                () = asks => {}
            }
        };
        let _ = tokio::time::timeout(patience, stopped).await;
    }

    /// Kills and removes a container with its anonymous volumes; one that is gone or just going is as good.
    pub(crate) async fn remove(&self, id: &str) -> Result<()> {
        let options = RemoveContainerOptionsBuilder::default().force(true).v(true).build();
        let _ours = self.deeds.begin(id);
        match ask(SLOW, self.docker.remove_container(id, Some(options))).await {
            Ok(()) => Ok(()),
            Err(fault) if fault.is_absent() => Ok(()),
            Err(fault) if fault.status() == Some(409) && fault.message().contains("already in progress") => {
                self.wait_until_gone(id).await
            }
            Err(fault) => Err(fault.environment(format!("the container {id} cannot be removed"))),
        }
    }

    async fn wait_until_gone(&self, id: &str) -> Result<()> {
        for _ in 0..100 {
            if self.inspect(id).await?.is_none() {
                return Ok(());
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
        Err(Error::environment(format!("the container {id} is being removed, and stays")))
    }

    /// Starts a service's process again, with a short stop time.
    ///
    /// # Errors
    /// Stack: it does not start, or there is no such container. Environment: the engine does not answer.
    pub async fn restart(&self, project: &str, service: &str, progress: &Progress) -> Result<()> {
        let found = self.inspect_project(project).await?;
        let container = found.iter().find(|container| super::inventory::service_of(container) == service);
        let Some(container) = container else {
            return Err(Error::stack(format!("{service} has no container to start again"))
                .suggest(format!("docker compose up -d {service}")));
        };
        progress.step(service, "start", "again");
        let id = container.id.as_deref().unwrap_or_default();
        if let Some(patience) = patience(container) {
            self.stop_politely(id, stop_signal(container), patience).await;
        }
        let options = RestartContainerOptionsBuilder::default().t(0).build();
        let _ours = self.deeds.begin(id);
        ask(SLOW, self.docker.restart_container(id, Some(options))).await.map_err(|fault| {
            let service = Service { name: service.to_owned(), ..Default::default() };
            explain_start(&service, &fault)
        })?;
        progress.finished(service, "start", "started");
        Ok(())
    }

    /// Stops a container as `docker stop` does, with its own signal and within its own grace, and starts it again.
    ///
    /// # Errors
    /// Environment: the engine does not answer, or it does not start again.
    pub async fn stop_and_start(&self, id: &str) -> Result<Stopped> {
        let environment = |what: &str| {
            let what = format!("the container {id} cannot be {what}");
            move |fault: Fault| fault.environment(what)
        };
        let Some(container) = self.inspect(id).await? else {
            return Err(Error::environment(format!("the container {id} is gone")));
        };
        let signal = stop_signal(&container).to_owned();
        let grace =
            container.config.as_ref().and_then(|config| config.stop_timeout).unwrap_or(GRACE).clamp(0, MOST_GRACE);
        let _ours = self.deeds.begin(id);
        let begun = Instant::now();
        let options = StopContainerOptionsBuilder::default().t(i32::try_from(grace).unwrap_or_default()).build();
        let within = Duration::from_secs(grace.unsigned_abs()) + SLOW;
        ask(within, self.docker.stop_container(id, Some(options))).await.map_err(environment("stopped"))?;
        let seconds = begun.elapsed().as_secs_f64();
        let ended = self.inspect(id).await?.and_then(|container| container.state);
        let exit_code = ended.and_then(|state| state.exit_code).unwrap_or_default();
        self.start(id).await.map_err(environment("started again"))?;
        Ok(Stopped { signal, seconds, exit_code })
    }

    /// Holds a container still. One that has ended meanwhile, or cannot be held, goes on as it does.
    pub(crate) async fn hold(&self, id: &str) {
        let _ours = self.deeds.begin(id);
        let _ = ask(QUICK, self.docker.pause_container(id)).await;
    }

    /// Lets a container go on that is held.
    ///
    /// # Errors
    /// Environment: the engine does not answer.
    pub(crate) async fn release(&self, id: &str) -> Result<()> {
        match ask(QUICK, self.docker.unpause_container(id)).await {
            // It was never held, or is gone.
            Ok(()) | Err(Fault::Says { .. }) => Ok(()),
            Err(fault) => Err(fault.environment("a container can't be let go on")),
        }
    }

    /// Waits until a dependency is what its condition asks, as `docker compose` does, and in its words.
    pub(crate) async fn wait_for(
        &self,
        service: &Service,
        dependency: &Dependency,
        id: &str,
        progress: &Progress,
    ) -> Result<()> {
        let (within, words) = match dependency.condition {
            DependencyCondition::Started => return Ok(()),
            DependencyCondition::Healthy => (HEALTH_WITHIN, "healthy"),
            DependencyCondition::Completed => (COMPLETED_WITHIN, "done"),
        };
        let name = &dependency.service;
        progress.step(&service.name, "wait", format!("until {name} is {words}"));
        let begun = tokio::time::Instant::now();
        loop {
            let container = self.inspect(id).await?;
            let container =
                container.ok_or_else(|| Error::environment(format!("the container of {name} was removed")))?;
            let slowness = slowness();
            match verdict(name, &container, dependency.condition, slowness) {
                Some(Ok(())) => return Ok(()),
                Some(Err(unmet)) if dependency.required => {
                    let error =
                        Error::stack(format!("{} is not started: dependency failed", service.name)).why(unmet.why);
                    return Err(if unmet.late { error.late() } else { error });
                }
                Some(Err(_)) => return Ok(()),
                None => {}
            }
            if begun.elapsed() > within.max(patience_of_check(&container)).mul_f64(slowness) {
                return Err(Error::stack(format!("{} is not started: dependency failed", service.name))
                    .why(format!("{name} was not {words} after {} s", begun.elapsed().as_secs()))
                    .late());
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }
}

/// Why a dependency's condition cannot be met, and whether a busy machine may be the reason.
#[derive(Debug, PartialEq, Eq)]
struct Unmet {
    why: String,
    late: bool,
}

/// Whether a dependency's condition is met, cannot be met any more (why), or may still be (`None`).
fn verdict(
    name: &str,
    container: &ContainerInspectResponse,
    condition: DependencyCondition,
    slowness: f64,
) -> Option<Result<(), Unmet>> {
    use bollard::models::HealthStatusEnum as Health;
    let state = container.state.as_ref();
    let code = state.and_then(|state| state.exit_code).unwrap_or_default();
    let ended = state_of(container) == ServiceState::Exited;
    let never = |why: String| Some(Err(Unmet { why, late: false }));
    match condition {
        DependencyCondition::Started => Some(Ok(())),
        DependencyCondition::Completed if ended && code == 0 => Some(Ok(())),
        DependencyCondition::Completed if ended => never(format!("{name} exited ({code})")),
        DependencyCondition::Completed => None,
        DependencyCondition::Healthy if ended => never(format!("{name} exited ({code})")),
        DependencyCondition::Healthy => {
            match state.and_then(|state| state.health.as_ref()).and_then(|health| health.status) {
                Some(Health::HEALTHY) => Some(Ok(())),
                Some(Health::UNHEALTHY) if may_recover(container, slowness) => None,
                // A check of its health has a bound, which a busy machine may exceed.
                Some(Health::UNHEALTHY) => {
                    Some(Err(Unmet { why: format!("{name} is unhealthy{}", check_says(container)), late: true }))
                }
                Some(Health::STARTING) => None,
                _ => never(format!("{name} has no health check")),
            }
        }
    }
}

/// Whether a health check has failed no more often than a busy machine explains: it goes on after *unhealthy*, and may succeed.
fn may_recover(container: &ContainerInspectResponse, slowness: f64) -> bool {
    let check = container.config.as_ref().and_then(|config| config.healthcheck.as_ref());
    let retries = retries(check.and_then(|check| check.retries));
    let failed = container.state.as_ref().and_then(|state| state.health.as_ref()?.failing_streak).unwrap_or(i64::MAX);
    (failed as f64) < (retries as f64) * slowness
}

/// How often a check fails before a container is *unhealthy*; the engine's default is 3.
fn retries(written: Option<i64>) -> i64 {
    written.filter(|retries| *retries > 0).unwrap_or(3)
}

/// What the newest run of a health check said: the reason why it fails.
fn check_says(container: &ContainerInspectResponse) -> String {
    let health = container.state.as_ref().and_then(|state| state.health.as_ref());
    let newest = health.and_then(|health| health.log.as_ref()?.last());
    let output = newest.and_then(|run| run.output.as_deref()).unwrap_or_default();
    // A hint on how to ask better is not what went wrong.
    let tells = |line: &&str| !line.is_empty() && !line.contains("hint:");
    let line = output.lines().map(str::trim).rfind(tells).unwrap_or_default();
    match line {
        "" => String::new(),
        line => format!(": its check says: {}", crate::engine::sanitize::clean(line)),
    }
}

/// How long a container's own health check may take until it says *unhealthy*.
fn patience_of_check(container: &ContainerInspectResponse) -> Duration {
    let check = container.config.as_ref().and_then(|config| config.healthcheck.clone()).unwrap_or_default();
    let nanos = |value: Option<i64>, default: u64| match value {
        Some(value) if value > 0 => Duration::from_nanos(value.unsigned_abs()),
        _ => Duration::from_secs(default),
    };
    let retries = retries(check.retries);
    let round = nanos(check.interval, 30) + nanos(check.timeout, 30);
    nanos(check.start_period, 0) + round * (u32::try_from(retries).unwrap_or(3) + 1)
}

/// How long to wait for a container that keeps data in a named volume; `None` when nothing is lost by killing it.
fn patience(container: &ContainerInspectResponse) -> Option<Duration> {
    let keeps_data = container.mounts.iter().flatten().any(|mount| {
        mount.typ.as_deref() == Some("volume")
            && mount.rw.unwrap_or(true)
            && !is_anonymous(mount.name.as_deref().unwrap_or_default())
    });
    if !keeps_data || state_of(container) != ServiceState::Running {
        return None;
    }
    // An image that names its own signal has a program that listens to it; others often ignore SIGTERM.
    Some(if matches!(stop_signal(container), "SIGTERM" | "15") { SHORT_STOP } else { DATA_STOP })
}

fn stop_signal(container: &ContainerInspectResponse) -> &str {
    container.config.as_ref().and_then(|config| config.stop_signal.as_deref()).unwrap_or("SIGTERM")
}

fn explain_create(service: &Service, spec: &Spec, fault: &Fault) -> Error {
    let what = format!("the container of {} cannot be made", service.name);
    let message = fault.message();
    match fault.status() {
        Some(409) if message.contains("name") => fault
            .environment(format!("the name {} is taken by a container that is not this project's", spec.name))
            .suggest(format!("docker rm -f {}    # if nobody needs it", spec.name)),
        Some(400) if message.contains("bind source path does not exist") => fault.environment(what).suggest(
            "the engine does not see this directory: is it on another machine, or in a VM that does not share it?",
        ),
        Some(_) if message.contains("container-init") => {
            fault.environment(what).suggest("sudo apt-get install catatonit    # Podman runs `init: true` with it")
        }
        _ => explain(service, what, fault),
    }
}

/// The error for a container that did not start.
pub(crate) fn explain_start(service: &Service, fault: &Fault) -> Error {
    explain(service, format!("{} cannot be started", service.name), fault)
}

fn explain(service: &Service, what: String, fault: &Fault) -> Error {
    if container_is_to_blame(fault) {
        return blame_place(service, Error::stack(what).why(fault.message()));
    }
    fault.environment(what)
}

fn blame_place(service: &Service, error: Error) -> Error {
    if service.place.line == 0 {
        return error;
    }
    error.why(format!("{}:{}: service {}", service.place.file.display(), service.place.line, service.name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use bollard::models::{ContainerConfig, ContainerState, Health, HealthConfig, HealthStatusEnum, HealthcheckResult};

    /// A container whose check, of three tries, has failed so often in a row.
    fn unhealthy(failed: i64) -> ContainerInspectResponse {
        let said = HealthcheckResult { output: Some("role \"root\" does not exist\n".into()), ..Default::default() };
        let health =
            Health { status: Some(HealthStatusEnum::UNHEALTHY), failing_streak: Some(failed), log: Some(vec![said]) };
        ContainerInspectResponse {
            state: Some(ContainerState { running: Some(true), health: Some(health), ..Default::default() }),
            config: Some(ContainerConfig {
                healthcheck: Some(HealthConfig { retries: Some(3), ..Default::default() }),
                ..Default::default()
            }),
            ..Default::default()
        }
    }

    #[test]
    fn unhealthy_on_a_busy_machine_may_be_its_fault() {
        let at = |failed, slowness| verdict("db", &unhealthy(failed), DependencyCondition::Healthy, slowness);
        let unmet = Unmet { why: "db is unhealthy: its check says: role \"root\" does not exist".into(), late: true };
        assert_eq!(at(3, 1.0), Some(Err(unmet)));
        assert_eq!(at(3, 2.0), None, "it is asked more often where all takes longer");
        assert!(at(6, 2.0).is_some());
    }
}
