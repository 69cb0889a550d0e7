//! One command in a new container of a service, as `docker compose run --rm` does.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bollard::query_parameters::*;
use futures_util::StreamExt;

use super::{
    exec::drain,
    spec::{Spec, network_keys},
};
use crate::engine::{
    BuildPolicy, Engine, Output, Progress, UpOptions, labels,
    network::networks::network,
    order::needs,
    request::{Fault, QUICK, SLOW, ask},
    service_images::Supply,
};
use crate::{
    compose::{MountKind, Service, Stack},
    error::{Error, Result},
};

/// How long such a command may run.
const RUN_WITHIN: Duration = Duration::from_secs(180);

/// Removes a container when the work on it ends, also when it is abandoned half-way.
struct Guard {
    engine: Engine,
    id: Option<String>,
}

impl Guard {
    async fn remove(mut self) -> Result<()> {
        match self.id.take() {
            Some(id) => self.engine.remove(&id).await,
            None => Ok(()),
        }
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        if let (Some(id), Ok(runtime)) = (self.id.take(), tokio::runtime::Handle::try_current()) {
            let engine = self.engine.clone();
            // Where even this does not come to its end, `down` finds the container by its labels.
            runtime.spawn(async move { engine.remove(&id).await });
        }
    }
}

impl Engine {
    /// Runs one command in a new container of a service, as `docker compose run --rm` does, and removes it.
    /// What the service depends on is started before. The command may take three minutes.
    ///
    /// # Errors
    /// Stack: the container cannot be made, or the command does not end. Environment: engine. A non-zero exit is no
    /// error but part of the output.
    pub async fn run_once(
        &self,
        stack: &Stack,
        service: &str,
        command: &[String],
        options: &UpOptions,
        progress: &Progress,
    ) -> Result<Output> {
        let named = crate::engine::order::select(stack, Some(&[service.to_owned()]))?;
        let Some(&service) = named.last().filter(|last| last.name == service) else {
            return Err(Error::stack(format!("{service} is scaled to none")));
        };
        self.flights.landed(&stack.project).await;
        let before: Vec<String> = needs(service).into_iter().map(|dependency| dependency.service).collect();
        let options = UpOptions {
            services: Some(before.iter().filter(|name| stack.service(name).is_some()).cloned().collect()),
            recreate: false,
            ..options.clone()
        };
        if !before.is_empty() {
            self.up(stack, &options, progress).await?;
        }
        self.wait_for_needs(stack, service, progress).await?;

        let supply = Supply::gather(self, stack, &[service], &options, progress).await?;
        let there = match options.build {
            BuildPolicy::Always => self.inspect_project(&stack.project).await?,
            BuildPolicy::IfMissing => Vec::new(),
        };
        let there = there.iter().find(|container| super::inventory::service_of(container) == service.name);
        supply.image(self, stack, service, &options, there, progress).await?;
        let keys = network_keys(service);
        let volumes: Vec<&str> = service
            .mounts
            .iter()
            .filter_map(|mount| match &mount.kind {
                MountKind::Volume(key) => Some(key.as_str()),
                _ => None,
            })
            .collect();
        tokio::try_join!(
            self.ensure_networks(stack, &keys, options.small_subnets, &options.labels),
            self.ensure_volumes(stack, &volumes, &options.labels),
        )?;

        let shared = self.shared_id(stack, service).await?;
        let mut spec = Spec::new(self, stack, service, &options, shared.as_deref())?;
        make_oneoff(&mut spec, stack, service, command);
        progress.step(&service.name, "start", command.join(" "));
        let guard = Guard { engine: self.clone(), id: Some(self.create(service, &spec).await?) };
        let id = guard.id.clone().unwrap_or_default();
        let outcome = tokio::time::timeout(RUN_WITHIN, self.watch_oneoff(service, &id)).await;
        guard.remove().await?;
        let output = outcome.unwrap_or_else(|_| {
            Err(Error::stack(format!("`{}` in {} does not end", command.join(" "), service.name))
                .why(format!("it was ended after {} s", RUN_WITHIN.as_secs())))
        })?;
        progress.finished(&service.name, "start", format!("exit code {}", output.code));
        Ok(output)
    }

    /// Attached before the start, so that nothing of the output is missed.
    async fn watch_oneoff(&self, service: &Service, id: &str) -> Result<Output> {
        let failed = |fault: Fault| fault.environment(format!("the container of {} cannot be watched", service.name));
        let options = AttachContainerOptionsBuilder::default().stdout(true).stderr(true).stream(true).build();
        let attached = ask(QUICK, self.docker.attach_container(id, Some(options))).await.map_err(failed)?;
        self.start(id).await.map_err(|fault| super::create::explain_start(service, &fault))?;
        let mut output = Output::default();
        drain(attached.output, &mut output).await.map_err(failed)?;
        let mut waiting = Box::pin(self.docker.wait_container(id, None::<WaitContainerOptions>));
        let ended = ask(SLOW, async { waiting.next().await.transpose() }).await;
        output.code = match ended {
            Ok(ended) => ended.map_or(0, |ended| ended.status_code),
            // A code other than 0 comes as an error of the client.
            Err(fault) => match self.inspect(id).await?.and_then(|there| there.state).and_then(|state| state.exit_code)
            {
                Some(code) if code != 0 => code,
                _ => return Err(failed(fault)),
            },
        };
        Ok(output)
    }

    async fn wait_for_needs(&self, stack: &Stack, service: &Service, progress: &Progress) -> Result<()> {
        let there = if needs(service).is_empty() { Vec::new() } else { self.inspect_project(&stack.project).await? };
        for dependency in needs(service) {
            let found = there.iter().find(|container| super::inventory::service_of(container) == dependency.service);
            if let Some(id) = found.and_then(|container| container.id.as_deref()) {
                self.wait_for(service, &dependency, id, progress).await?;
            }
        }
        Ok(())
    }

    async fn shared_id(&self, stack: &Stack, service: &Service) -> Result<Option<String>> {
        let Some(other) = service.network_mode.as_deref().and_then(|mode| mode.strip_prefix("service:")) else {
            return Ok(None);
        };
        let there = self.inspect_project(&stack.project).await?;
        let found = there.into_iter().find(|container| super::inventory::service_of(container) == other);
        Ok(found.and_then(|container| container.id))
    }
}

/// Turns a service's container into a one-off one: own name, no ports, no restarts, no alias of the service.
fn make_oneoff(spec: &mut Spec, stack: &Stack, service: &Service, command: &[String]) {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos();
    let slug = format!("{:012x}", (now ^ (u128::from(std::process::id()) << 32)) & 0xffff_ffff_ffff);
    spec.name = format!("{}-{}-run-{slug}", stack.project, service.name);
    spec.remember(labels::ONEOFF, "True");
    spec.remember("com.docker.compose.slug", slug);
    spec.body.cmd = Some(command.to_vec());
    spec.body.tty = Some(false);
    spec.body.open_stdin = Some(false);
    spec.body.exposed_ports = None;
    let host = spec.body.host_config.get_or_insert_default();
    host.port_bindings = None;
    host.restart_policy = None;
    // The service's name must keep leading to the service itself.
    let key = network_keys(service).first().map(|key| network(stack, key).name);
    let endpoints = spec.body.networking_config.as_mut().and_then(|config| config.endpoints_config.as_mut());
    if let (Some(key), Some(endpoints)) = (key, endpoints)
        && let Some(endpoint) = endpoints.get_mut(&key)
    {
        endpoint.aliases = Some(vec![spec.name.clone()]);
    }
    for (_, endpoint) in &mut spec.more_networks {
        endpoint.aliases = Some(vec![spec.name.clone()]);
    }
}
