//! The lab's files as they were last seen: what changed, what the compose file says, and what does not run yet.

use std::{collections::BTreeMap, path::Path, sync::Arc};

use super::{ContainerView, project};
use crate::{
    compose::{self, Finding, FoundRoles, Place, Service, Stack},
    course::Course,
    engine::ServiceState,
    engine::{Container, Engine},
    lab::{self, FileChange, Lab, MakeLive, RunningService, Snapshot, Stale, Watch},
};

/// When nginx last read its files anew without being started, by container id, in milliseconds since the Unix epoch.
pub type Reloaded = BTreeMap<String, u64>;

/// The lab's files as they were last seen.
pub struct Files {
    watch: Option<Watch>,
    snapshot: Snapshot,
    stack: Option<Stack>,
    findings: Vec<Finding>,
    stale: Vec<Stale>,
    facts: BTreeMap<String, String>,
    places: BTreeMap<String, Place>,
    course: Arc<Course>,
    /// Which containers read their files anew since they were started.
    pub reloaded: Reloaded,
}

impl Files {
    /// Takes the files as they are, and begins to watch them. Where the system cannot watch, changes are seen on request.
    pub fn open(lab: &Lab, course: Arc<Course>, reloaded: Reloaded) -> Self {
        let watch = lab.watch().inspect_err(|error| tracing::warn!(%error, "the lab is not watched")).ok();
        let snapshot = lab.snapshot();
        let mut files = Self {
            watch,
            snapshot,
            stack: None,
            findings: vec![],
            stale: vec![],
            facts: BTreeMap::new(),
            places: BTreeMap::new(),
            course,
            reloaded,
        };
        files.read_compose(lab);
        files
    }

    /// Waits until something was saved.
    pub async fn changed(&mut self) {
        if let Some(watch) = &mut self.watch {
            if watch.recv().await.is_some() {
                return;
            }
            self.watch = None;
        }
        std::future::pending::<()>().await;
    }

    /// Looks at the files again; gives what changed since the last look.
    pub fn look(&mut self, lab: &Lab) -> Vec<FileChange> {
        let now = lab.snapshot();
        let changes = self.snapshot.changes_to(&now);
        self.snapshot = now;
        self.read_compose(lab);
        changes
    }

    /// Compares with what runs; gives whether something else is stale than before.
    pub fn judge(&mut self, engine: Option<&Engine>, containers: &[Container]) -> bool {
        let stale = match (&self.stack, engine) {
            (Some(stack), Some(engine)) => stale(stack, engine, containers, &self.reloaded),
            _ => Vec::new(),
        };
        let other = stale != self.stale;
        self.stale = stale;
        other
    }

    /// Errors and warnings of the compose file.
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// What was saved and does not run yet.
    pub fn stale(&self) -> &[Stale] {
        &self.stale
    }

    /// The services whose image was built from other files than those that were saved.
    pub fn to_build(&self) -> Vec<Service> {
        let stale = self.stale.iter().filter(|stale| stale.action == MakeLive::Rebuild);
        stale.filter_map(|stale| self.stack.as_ref()?.service(&stale.service).cloned()).collect()
    }

    /// What the files say: the numbers and names of the chain.
    pub fn facts(&self) -> &BTreeMap<String, String> {
        &self.facts
    }

    /// Where in the files each of them stands.
    pub fn places(&self) -> &BTreeMap<String, Place> {
        &self.places
    }

    /// The project's name.
    pub fn project(&self, lab: &Lab) -> String {
        self.stack.as_ref().map_or_else(|| compose::project_name(lab.dir()), |stack| stack.project.clone())
    }

    /// The services that the compose file starts, and none where it cannot be read.
    pub fn services(&self) -> Vec<String> {
        self.stack.as_ref().map(started_by_default).unwrap_or_default()
    }

    fn read_compose(&mut self, lab: &Lab) {
        match project::read(lab.dir(), &self.course) {
            Ok(mut desired) => {
                let facts = lab::facts(Some(&desired.stack), &desired.roles, &self.course, lab.texts());
                (self.facts, self.places) = (facts.values, facts.places);
                desired.isolate_for(&self.course);
                self.findings = desired.stack.warnings.clone();
                self.stack = Some(desired.stack);
            }
            Err(findings) => {
                // A slip of the pen hides nothing: what the files said when they could last be read still stands.
                self.findings = findings;
                self.stack = None;
            }
        }
    }
}

/// What the files in this directory say: the numbers and names of the chain.
pub fn facts_of(dir: &Path, course: &Course) -> BTreeMap<String, String> {
    let texts = lab::texts_of(dir);
    match project::read(dir, course) {
        Ok(desired) => lab::facts(Some(&desired.stack), &desired.roles, course, texts).values,
        Err(_) => lab::facts(None, &FoundRoles::default(), course, texts).values,
    }
}

fn started_by_default(stack: &Stack) -> Vec<String> {
    let starts = |service: &&compose::Service| service.profiles.is_empty() && service.scale > 0;
    stack.services.iter().filter(starts).map(|service| service.name.clone()).collect()
}

/// What was saved and does not run yet in these containers of this engine.
pub fn stale(stack: &Stack, engine: &Engine, containers: &[Container], reloaded: &Reloaded) -> Vec<Stale> {
    let started = containers.iter().filter(|container| container.started_at > 0);
    let running: Vec<RunningService> = started.map(|one| running(one, engine, reloaded)).collect();
    lab::stale(stack, &running)
}

fn running(container: &Container, engine: &Engine, reloaded: &Reloaded) -> RunningService {
    let label = |name: &str| container.labels.get(name).or_else(|| container.image_labels.get(name)).cloned();
    RunningService {
        service: container.service.clone(),
        started_at_ms: by_our_clock(engine, container.started_at),
        has_ended: container.state != ServiceState::Running,
        reloaded_at_ms: reloaded.get(&container.id).copied(),
        made_at_ms: Some(by_our_clock(engine, container.made_at)),
        image_created_ms: by_our_clock(engine, container.image_created),
        context_hash: label("dev.breakfix.context"),
        config_hash: label("dev.breakfix.config"),
        mounts_hash: label("dev.breakfix.mounts"),
        published: container.ports.clone(),
    }
}

/// A time by the engine's clock, as this machine's clock has it; both in milliseconds since the Unix epoch.
fn by_our_clock(engine: &Engine, at_ms: u64) -> u64 {
    at_ms.saturating_add_signed(-(engine.info.clock_ahead * 1000.0) as i64)
}

/// The containers as a front end needs them.
pub fn views(engine: &Engine, containers: &[Container]) -> Vec<ContainerView> {
    containers
        .iter()
        .map(|container| ContainerView {
            service: container.service.clone(),
            state: container.state,
            exit_code: container.exit_code,
            ports: container.ports.clone(),
            started_at: (container.state == ServiceState::Running).then(|| by_our_clock(engine, container.started_at)),
            by_us: engine.deeds.is_ours(&container.id),
        })
        .collect()
}
