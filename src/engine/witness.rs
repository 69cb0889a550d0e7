//! What others do on the same engine to what was made here: before anything is called broken, it is looked at again.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use futures_util::StreamExt;
use tokio::task::JoinHandle;

use super::{
    Container, Engine, ServiceState,
    containers::{copy::is_there, spec::network_keys},
    network::networks::network,
    request::Fault,
};
use crate::{
    compose::{MountKind, Service, Stack},
    error::Result,
};

/// How much later than a change its event may come, when it is waited for.
const SETTLES_WITHIN: Duration = Duration::from_millis(60);

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Sees what happens to a project from its beginning to its verdict.
#[derive(Debug)]
pub struct Witness {
    engine: Engine,
    project: String,
    seen: Arc<Mutex<Vec<String>>>,
    /// The engine's events ended: what it did since then is not known.
    broke_off: Arc<AtomicBool>,
    made: Mutex<Option<Made>>,
    listening: JoinHandle<()>,
}

/// What was made.
#[derive(Debug)]
struct Made {
    stack: Stack,
    ids: BTreeMap<String, String>,
    /// Everything was started without an error.
    whole: bool,
}

impl Witness {
    /// Listens from now on.
    pub fn begin(engine: &Engine, project: &str) -> Self {
        let seen: Arc<Mutex<Vec<String>>> = Arc::default();
        let broke_off: Arc<AtomicBool> = Arc::default();
        let (told, ended, mut deeds) = (Arc::clone(&seen), Arc::clone(&broke_off), engine.done_by_others(project));
        let listening = tokio::spawn(async move {
            while let Some(deed) = deeds.next().await {
                match deed {
                    Ok(deed) => lock(&told).push(deed),
                    // An engine that tells no events, or does not let us hear them, is none that went away.
                    Err(Fault::Says { .. }) => return,
                    Err(_) => break,
                }
            }
            ended.store(true, Ordering::SeqCst);
        });
        Self { engine: engine.clone(), project: project.to_owned(), seen, broke_off, made: Mutex::default(), listening }
    }

    /// Remembers what there is of this stack, now that it was started; `whole` where each service was.
    ///
    /// # Errors
    /// Environment: the engine does not answer.
    pub async fn remember(&self, stack: &Stack, whole: bool) -> Result<()> {
        let there = self.engine.containers(&self.project).await?;
        let ids = there.into_iter().map(|container| (container.service, container.id)).collect();
        *lock(&self.made) = Some(Made { stack: stack.clone(), ids, whole });
        Ok(())
    }

    /// What somebody else has changed, in words; `None` where all is as it was made, or went its own way.
    ///
    /// # Errors
    /// Environment: the engine does not answer.
    pub async fn changed(&self) -> Result<Option<String>> {
        let there = self.engine.containers(&self.project).await?;
        tokio::time::sleep(SETTLES_WITHIN).await;
        if let Some(deed) = lock(&self.seen).first() {
            return Ok(Some(deed.clone()));
        }
        let runs = |container: &Container| container.state == ServiceState::Running;
        if self.broke_off.load(Ordering::SeqCst) && !there.iter().all(runs) {
            return Ok(Some("the engine was started again, or the way to it broke".to_owned()));
        }
        let Some(Made { stack, ids, whole }) = lock(&self.made).take() else { return Ok(None) };
        let started = |service: &&Service| whole && service.profiles.is_empty() && service.scale > 0;
        for service in &stack.services {
            let now = there.iter().find(|container| container.service == service.name);
            let changed = match (ids.get(&service.name), now) {
                (Some(id), Some(now)) if now.id != *id => Some("was replaced by another"),
                (Some(_), None) => Some("was removed"),
                (None, None) if started(&service) => Some("was removed"),
                (_, Some(now)) => self.is_otherwise(&stack, service, now, whole).await?,
                (None, None) => None,
            };
            if let Some(changed) = changed {
                return Ok(Some(format!("the container of {} {changed}", service.name)));
            }
        }
        Ok(None)
    }

    /// What is otherwise with a container than it was made.
    async fn is_otherwise(
        &self,
        stack: &Stack,
        service: &Service,
        now: &Container,
        whole: bool,
    ) -> Result<Option<&'static str>> {
        let on = |key: &&str| now.networks.contains(&network(stack, key).name);
        Ok(match now.state {
            ServiceState::Paused => Some("is paused"),
            ServiceState::Created if whole => Some("was not started, though the engine said so"),
            ServiceState::Running if !network_keys(service).iter().all(on) => Some("was taken off a network"),
            _ if !self.holds(&now.id, service).await? => Some("does not hold what was copied into it"),
            _ => None,
        })
    }

    /// Whether the sources of these mounts, where they were copied in, are in a container.
    async fn holds(&self, container: &str, service: &Service) -> Result<bool> {
        for mount in &service.mounts {
            if let MountKind::Bind(source) = &mount.kind
                && !is_there(&self.engine, container, &service.door, (source, &mount.target)).await?
            {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

impl Drop for Witness {
    fn drop(&mut self) {
        self.listening.abort();
    }
}
