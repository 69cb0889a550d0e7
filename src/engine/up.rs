//! Bringing a stack up: every service as early as what it depends on allows, and only what changed is made anew.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Mutex, PoisonError},
};

use bollard::models::ContainerInspectResponse;
use futures_util::{
    FutureExt,
    future::{BoxFuture, Shared, join_all, try_join_all},
};

use super::{
    BindStyle, Change, ChangeKind, Engine, Progress, UpOptions, UpReport,
    compose_hash::compose_hashes,
    containers::{
        drift::{Need, need},
        inventory::{label, name_of, service_of},
        spec::{Spec, network_keys},
    },
    labels,
    network::{
        networks::{named, network},
        ports::{moved_ports, refuse_doubles},
    },
    order::select,
    service_images::{Ready, Supply},
};
use crate::{
    compose::{Dependency, DependencyCondition, MountKind, Service, Stack},
    error::{Error, Result},
};

/// A piece of work that several others wait for; the outcome is the id of the service's container.
type Awaited<'a, T> = Shared<BoxFuture<'a, Result<T>>>;

/// Compose's own hashes of the services, asked once and beside the work that needs no answer.
type Hashes<'a> = Shared<BoxFuture<'a, BTreeMap<String, String>>>;

/// Everything that the work on one service needs.
struct Run<'a> {
    hashes: Hashes<'a>,
    engine: &'a Engine,
    stack: &'a Stack,
    options: &'a UpOptions,
    progress: &'a Progress,
    supply: Supply,
    there: BTreeMap<String, ContainerInspectResponse>,
    report: Mutex<UpReport>,
}

impl Engine {
    /// Brings the stack up: images, networks, volumes, build, create, start, in dependency order; recreates only what changed.
    ///
    /// Containers that `docker compose` made are kept when they are what the file asks for. Where one service fails, the
    /// others are still brought up (as far as they do not depend on it) before the error is told.
    ///
    /// # Errors
    /// Stack: a build fails, a container cannot be made from what the file says. Environment: image, disk, engine.
    pub async fn up(&self, stack: &Stack, options: &UpOptions, progress: &Progress) -> Result<UpReport> {
        let services = select(stack, options.services.as_deref())?;
        refuse_doubles(&services)?;
        self.flights.landed(&stack.project).await;
        let there = self.inspect_project(&stack.project).await?;
        refuse_foreign(stack, &there)?;
        make_sources(self, options, &services)?;
        let (there, obsolete) = sort_out(there, &services, options.services.is_none(), stack);
        let supply = Supply::gather(self, stack, &services, options, progress).await?;
        // A stranger's files are not given to another program.
        let asks = options.limits.is_none();
        let hashes: Hashes<'_> =
            async move { if asks { compose_hashes(stack).await } else { BTreeMap::new() } }.boxed().shared();
        let run = Run { hashes, engine: self, stack, options, progress, supply, there, report: Mutex::default() };
        let run = &run;

        let ground: Awaited<'_, BTreeMap<String, String>> = run.ground(&services, obsolete).boxed().shared();
        let images: Vec<Awaited<'_, Ready>> =
            services.iter().map(|service| run.image(service).boxed().shared()).collect();
        // Where one awaits another's end, the course of the start is part of what the file says: as with Compose, all images are
        // there before the first container.
        let images_first = services.iter().flat_map(|service| &service.depends_on).any(ends);
        let mut work: BTreeMap<&str, Awaited<'_, String>> = BTreeMap::new();
        let mut all = Vec::new();
        for (&service, image) in services.iter().zip(&images) {
            let image = image.clone();
            let others = if images_first { images.clone() } else { Vec::new() };
            let image = async move {
                try_join_all(others).await?;
                image.await
            };
            let before: Vec<(Dependency, Awaited<'_, String>)> = super::order::needs(service)
                .into_iter()
                .filter_map(|dependency| Some((work.get(dependency.service.as_str())?.clone(), dependency)))
                .map(|(work, dependency)| (dependency, work))
                .collect();
            let one = run.service(service, image, ground.clone(), before).boxed().shared();
            work.insert(&service.name, one.clone());
            all.push(one);
        }
        for outcome in join_all(all).await {
            outcome?;
        }
        Ok(run.report.lock().unwrap_or_else(PoisonError::into_inner).clone())
    }

    /// What `up` would do to each of these services' containers that is not what the file asks for: service and reason
    /// (`ports changed`, `image changed`, `not made yet`). Nothing is built or changed; holds for containers of `docker compose` too.
    ///
    /// # Errors
    /// Environment: the engine does not answer. Stack: the file cannot be made into containers.
    pub async fn drift(&self, stack: &Stack, options: &UpOptions) -> Result<BTreeMap<String, String>> {
        let services = select(stack, options.services.as_deref())?;
        let there = self.inspect_project(&stack.project).await?;
        let ids = self.network_ids(stack, &services).await?;
        let mut drift = BTreeMap::new();
        for service in services {
            let found = there.iter().find(|container| service_of(container) == service.name);
            let Some(found) = found else {
                drift.insert(service.name.clone(), "not made yet".to_owned());
                continue;
            };
            let image = self.image(&super::containers::spec::image_name(stack, service)).await?;
            let shared = shared_container(service)
                .and_then(|other| there.iter().find(|container| service_of(container) == other)?.id.as_deref());
            let spec = Spec::new(self, stack, service, options, shared)?;
            let why = match image {
                None => Some("image is not here".to_owned()),
                Some(image) => match need(Some(found), &spec, &image, &ids) {
                    Need::Recreate(why) => Some(why),
                    _ => None,
                },
            };
            drift.extend(why.map(|why| (service.name.clone(), why)));
        }
        Ok(drift)
    }

    async fn network_ids(&self, stack: &Stack, services: &[&Service]) -> Result<BTreeMap<String, String>> {
        let names: BTreeSet<String> =
            services.iter().flat_map(|service| network_keys(service)).map(|key| network(stack, key).name).collect();
        let present = self.list_networks().await?;
        let id = |name: &String| named(&present, name, &stack.project)?.id.clone();
        Ok(names.iter().filter_map(|name| Some((name.clone(), id(name)?))).collect())
    }
}

impl Run<'_> {
    /// What all services stand on: networks (their ids by full name) and volumes; what is in the way is removed.
    async fn ground(
        &self,
        services: &[&Service],
        obsolete: Vec<ContainerInspectResponse>,
    ) -> Result<BTreeMap<String, String>> {
        let keys: BTreeSet<&str> = services.iter().flat_map(|service| network_keys(service)).collect();
        let keys: Vec<&str> = keys.into_iter().collect();
        let volumes: BTreeSet<&str> = services
            .iter()
            .flat_map(|service| &service.mounts)
            .filter_map(|mount| match &mount.kind {
                MountKind::Volume(key) => Some(key.as_str()),
                _ => None,
            })
            .collect();
        let volumes: Vec<&str> = volumes.into_iter().collect();
        let labels = &self.options.labels;
        let away = try_join_all(obsolete.iter().map(|container| {
            self.progress.step(service_of(container), "remove", name_of(container));
            self.engine.retire(container, true)
        }));
        let (networks, (), _) = tokio::try_join!(
            self.engine.ensure_networks(self.stack, &keys, self.options.small_subnets, labels),
            self.engine.ensure_volumes(self.stack, &volumes, labels),
            away,
        )?;
        Ok(networks.into_iter().map(|(key, id)| (network(self.stack, &key).name, id)).collect())
    }

    /// The image of a service, built or fetched where it is not there.
    async fn image(&self, service: &Service) -> Result<Ready> {
        let there = self.there.get(&service.name);
        self.supply.image(self.engine, self.stack, service, self.options, there, self.progress).await
    }

    /// One service, from its image to its running container, whose id is returned.
    async fn service(
        &self,
        service: &Service,
        image: impl Future<Output = Result<Ready>>,
        ground: Awaited<'_, BTreeMap<String, String>>,
        before: Vec<(Dependency, Awaited<'_, String>)>,
    ) -> Result<String> {
        let there = self.there.get(&service.name);
        let dependencies = try_join_all(before.into_iter().map(|(dependency, work)| async move {
            let id = work.await?;
            self.engine.wait_for(service, &dependency, &id, self.progress).await?;
            Ok((dependency.service, id))
        }));
        let hashes = self.hashes.clone().map(Ok);
        let (ready, networks, dependencies, hashes) = tokio::try_join!(image, ground, dependencies, hashes)?;
        let shared = shared_container(service)
            .and_then(|other| dependencies.iter().find(|(name, _)| name == other).map(|(_, id)| id.as_str()));
        let mut spec = Spec::new(self.engine, self.stack, service, self.options, shared)?;
        self.remember(&mut spec, &ready);
        if let Some(hash) = hashes.get(&service.name) {
            spec.remember(labels::CONFIG_HASH, hash.clone());
        }
        if self.options.limits.is_some() {
            spec.pause_checks(&ready.image);
        }

        let named = self.options.services.as_ref().is_none_or(|named| named.contains(&service.name));
        let need = match need(there, &spec, &ready.image, &networks) {
            Need::Nothing | Need::Start if self.options.recreate && named => Need::Recreate("asked for".into()),
            Need::Nothing | Need::Start if forgets(there, &ready) => Need::Recreate("image rebuilt".into()),
            Need::Nothing | Need::Start => match there.and_then(|there| self.engine.could_move_back(service, there)) {
                Some(port) if self.options.ports == super::PortStyle::AsWritten => {
                    Need::Recreate(format!("port {port} is free again"))
                }
                _ => need(there, &spec, &ready.image, &networks),
            },
            need => need,
        };
        self.apply(service, &spec, there, need).await
    }

    /// What the container is to know of its image.
    fn remember(&self, spec: &mut Spec, ready: &Ready) {
        spec.remember(labels::IMAGE, ready.image.id.clone().unwrap_or_default());
        for (name, value) in [(labels::CONTEXT, &ready.context), (labels::BASE, &ready.base)] {
            if let Some(value) = value {
                spec.remember(name, value);
            }
        }
    }

    async fn apply(
        &self,
        service: &Service,
        spec: &Spec,
        there: Option<&ContainerInspectResponse>,
        need: Need,
    ) -> Result<String> {
        let Self { engine, stack, options, progress, .. } = self;
        let mut moves = BTreeMap::new();
        let (kind, why, id) = match (need, there) {
            (Need::Nothing, Some(there)) => {
                progress.finished(&service.name, "start", "running");
                (ChangeKind::Unchanged, String::new(), there.id.clone().unwrap_or_default())
            }
            (Need::Start, Some(there)) => {
                let id = there.id.clone().unwrap_or_default();
                match engine.start_again(stack, service, there, progress).await? {
                    true => (ChangeKind::Started, String::new(), id),
                    false => {
                        // Its port was taken meanwhile.
                        engine.retire(there, true).await?;
                        let id = engine.make(stack, service, spec, options, &mut moves, progress).await?;
                        (ChangeKind::Recreated, "port taken".into(), id)
                    }
                }
            }
            (Need::Recreate(why), Some(there)) => {
                progress.step(&service.name, "remove", why.clone());
                engine.retire(there, true).await?;
                let id = engine.make(stack, service, spec, options, &mut moves, progress).await?;
                (ChangeKind::Recreated, why, id)
            }
            _ => {
                let id = engine.make(stack, service, spec, options, &mut moves, progress).await?;
                (ChangeKind::Created, "there was none".into(), id)
            }
        };
        let mut moved = Vec::new();
        if service.ports.iter().any(|port| port.published.is_some())
            && let Some(now) = engine.inspect(&id).await?
        {
            moved = moved_ports(service, options.ports, &now, "the file's number was taken when it was made");
            for port in &mut moved {
                if let Some(why) = moves.get(&port.from) {
                    port.why.clone_from(why);
                }
            }
        }
        let mut report = self.report.lock().unwrap_or_else(PoisonError::into_inner);
        report.changes.push(Change { service: service.name.clone(), kind, why });
        report.moved_ports.extend(moved);
        Ok(id)
    }
}

/// Whether the end of a service is awaited, and not its start.
fn ends(dependency: &Dependency) -> bool {
    dependency.condition == DependencyCondition::Completed
}

/// Whether the container does not know what its image was built from, though that is known now.
fn forgets(there: Option<&ContainerInspectResponse>, ready: &Ready) -> bool {
    let Some(there) = there else { return false };
    ready.context.as_deref().is_some_and(|context| label(there, labels::CONTEXT) != Some(context))
}

/// The service whose network `network_mode: service:x` shares.
fn shared_container(service: &Service) -> Option<&str> {
    service.network_mode.as_deref()?.strip_prefix("service:")
}

/// Containers of another directory that use the same project name are not ours to replace.
fn refuse_foreign(stack: &Stack, there: &[ContainerInspectResponse]) -> Result<()> {
    for container in there {
        if let Some(dir) = label(container, labels::WORKING_DIR)
            && !super::same_dir(dir.as_ref(), &stack.dir)
        {
            return Err(Error::environment(format!(
                "the project name {} is in use by containers of another directory",
                stack.project
            ))
            .why(format!("{} was made from {dir}", name_of(container)))
            .suggest(format!("remove those: docker compose -p {} down", stack.project))
            .suggest("or give this directory another name"));
        }
    }
    Ok(())
}

/// Splits what is there into one container per service, and what is in the way: second containers of a service,
/// services that the file no longer has (when all are brought up), and holders of a port that now is another's.
fn sort_out(
    there: Vec<ContainerInspectResponse>,
    services: &[&Service],
    all: bool,
    stack: &Stack,
) -> (BTreeMap<String, ContainerInspectResponse>, Vec<ContainerInspectResponse>) {
    let mut kept: BTreeMap<String, ContainerInspectResponse> = BTreeMap::new();
    let mut obsolete = Vec::new();
    for container in there {
        let name = service_of(&container).to_owned();
        let service = services.iter().find(|service| service.name == name);
        let orphan = all && stack.service(&name).is_none();
        let in_the_way = service.is_some_and(|service| {
            super::containers::inventory::ports_of(&container).iter().any(|port| {
                let wants =
                    |service: &&&Service| service.ports.iter().any(|wanted| wanted.published == Some(port.host));
                !wants(&service) && services.iter().any(|other| wants(&other))
            })
        });
        if orphan || in_the_way || (service.is_some() && kept.contains_key(&name)) {
            obsolete.push(container);
        } else if service.is_some() {
            kept.insert(name, container);
        }
    }
    (kept, obsolete)
}

/// A bind mount whose source is not there gets an empty directory, as `docker compose` does.
fn make_sources(engine: &Engine, options: &UpOptions, services: &[&Service]) -> Result<()> {
    if options.binds == BindStyle::Copy || !engine.is_local() {
        return Ok(());
    }
    for service in services {
        for mount in &service.mounts {
            if let MountKind::Bind(path) = &mount.kind
                && !path.exists()
            {
                std::fs::create_dir_all(path).map_err(|error| {
                    Error::stack(format!("{}: {} is not there and cannot be made", service.name, path.display()))
                        .because(error)
                })?;
            }
        }
    }
    Ok(())
}
