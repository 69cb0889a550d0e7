//! The images of a submission: those that are not to be had are replaced by relatives, or their services left out, where that can
//! still show that a stack works. That it does not work proves nothing then, unless the reason is plainly elsewhere.

use std::collections::{BTreeMap, BTreeSet};

use super::Desired;
use crate::{
    compose::{FoundRoles, Service, Stack},
    course::Roles,
    engine::{Engine, ImageOrigin, ImagePolicy, Progress, ServiceState, base_images, is_as_good, rebased, relatives},
    error::{Error, Result},
    probe::{Observation, ServiceReport, Survey, evidence_id},
};

/// What nginx of any version says where it ends because a name in its files is nobody's.
const NO_UPSTREAM: &str = "host not found in upstream";
/// How Python's errors begin that no version of Python, Flask or SQLAlchemy is free of. SQLAlchemy forgot `postgres` in 1.4: who asks for an
/// older one gets it here, too.
const FAULTS_IN_ANY_VERSION: [&str; 7] = [
    "NameError: ",
    "UnboundLocalError: ",
    "IndentationError: ",
    "TabError: ",
    "jinja2.exceptions.",
    "NoSuchModuleError: Can't load plugin: sqlalchemy.dialects:postgres",
    "positional argument but 5 were given",
];
/// What Postgres says of a data directory of another major version.
const OTHER_DATA: &str = "The data directory was initialized by PostgreSQL version";
/// How SQLAlchemy names what the driver says of a server: of its age, among others.
const OF_THE_DATABASE: &str = "OperationalError";

/// What is otherwise than the files ask for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Supplies {
    /// Image that was asked for, the one in its place, and the services that stand on it.
    replaced: BTreeMap<String, (&'static str, Vec<String>)>,
    /// Services that were left out, with their image.
    left_out: Vec<(String, String)>,
}

/// Makes all images be here; changes the stack where that cannot be.
///
/// # Errors
/// Environment: an image that is needed is not to be had.
pub(super) async fn supply(
    engine: &Engine,
    desired: &mut Desired,
    policy: ImagePolicy,
    progress: &Progress,
) -> Result<Supplies> {
    let wanted = wanted(&desired.stack);
    let names: Vec<String> = wanted.keys().cloned().collect();
    let mut supplies = Supplies::default();
    for image in engine.image_status(&names).await?.into_iter().filter(|image| image.origin == ImageOrigin::Absent) {
        let services = &wanted[&image.name];
        let Err(error) = engine.ensure_images(std::slice::from_ref(&image.name), policy, progress).await else {
            continue;
        };
        let relatives = if may_be_replaced(&error, policy) { relatives(&image.name) } else { vec![] };
        match first_to_be_had(engine, &relatives, policy, progress).await? {
            Some(other) => {
                supplies.replaced.insert(image.name, (other, services.clone()));
            }
            None if services.iter().all(|service| is_guest(desired, service)) => {
                let left_out = services.iter().map(|service| (service.clone(), image.name.clone()));
                supplies.left_out.extend(left_out);
            }
            None => return Err(error),
        }
    }
    supplies.apply(&mut desired.stack);
    Ok(supplies)
}

/// The first of these images that can be had; none where there are none.
///
/// # Errors
/// Environment: not one is to be had; why not is said of the last.
async fn first_to_be_had(
    engine: &Engine,
    images: &[&'static str],
    policy: ImagePolicy,
    progress: &Progress,
) -> Result<Option<&'static str>> {
    let mut refused = None;
    for image in images {
        match engine.ensure_images(&[(*image).to_owned()], policy, progress).await {
            Ok(_) => return Ok(Some(image)),
            Err(error) => refused = Some(error),
        }
    }
    refused.map_or(Ok(None), Err)
}

/// Images by name, with the services that stand on them. Those that the stack builds itself are not among them: the stack is
/// isolated, so they have its project's name.
pub(super) fn wanted(stack: &Stack) -> BTreeMap<String, Vec<String>> {
    let of_its_own = stack.services.iter().filter(|service| service.build.is_some());
    let built: BTreeSet<String> = of_its_own.map(|service| format!("{}-{}", stack.project, service.name)).collect();
    let mut wanted: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for service in stack.services.iter().filter(|service| service.profiles.is_empty() && service.scale > 0) {
        for image in images_of(service).into_iter().filter(|image| !built.contains(image)) {
            wanted.entry(image).or_default().push(service.name.clone());
        }
    }
    wanted
}

fn images_of(service: &Service) -> Vec<String> {
    match &service.build {
        // A Dockerfile that cannot be read is told when it is built.
        Some(build) => build.dockerfile_text().map(|text| base_images(&text, &build.args)).unwrap_or_default(),
        None => service.image.iter().cloned().collect(),
    }
}

/// Whether a relative may take the place of an image: not of one that the registry knows not to be there.
fn may_be_replaced(error: &Error, policy: ImagePolicy) -> bool {
    let known_absent = error.why.iter().any(|why| why.contains("no such image"));
    matches!(policy, ImagePolicy::Auto | ImagePolicy::Build) && !known_absent
}

/// Whether none of the three parts needs this service.
fn is_guest(desired: &Desired, service: &str) -> bool {
    let FoundRoles { proxy: Some(proxy), app: Some(app), database: Some(database) } = &desired.roles else {
        return false;
    };
    let mut needed = vec![proxy.as_str(), app, database];
    let mut at = 0;
    while let Some(name) = needed.get(at).copied() {
        let dependencies = desired.stack.service(name).map(|one| one.depends_on.as_slice()).unwrap_or_default();
        for dependency in dependencies.iter().filter(|dependency| dependency.required) {
            if !needed.contains(&dependency.service.as_str()) {
                needed.push(&dependency.service);
            }
        }
        at += 1;
    }
    !needed.contains(&service)
}

impl Supplies {
    fn apply(&self, stack: &mut Stack) {
        let by: BTreeMap<String, String> =
            self.replaced.iter().map(|(image, (other, _))| (image.clone(), (*other).to_owned())).collect();
        for service in &mut stack.services {
            match &mut service.build {
                Some(build) => {
                    if let Ok(text) = build.dockerfile_text()
                        && base_images(&text, &build.args).iter().any(|image| by.contains_key(image))
                    {
                        build.dockerfile_inline = Some(rebased(&text, &build.args, &by));
                    }
                }
                None => {
                    if let Some(other) = service.image.as_ref().and_then(|image| by.get(image)) {
                        service.image = Some(other.clone());
                    }
                }
            }
        }
        // A guest that needs one that is left out goes with it.
        let mut gone: BTreeSet<String> = self.left_out.iter().map(|(service, _)| service.clone()).collect();
        loop {
            let needs_gone = |service: &&Service| {
                !gone.contains(&service.name)
                    && service.depends_on.iter().any(|needed| needed.required && gone.contains(&needed.service))
            };
            let Some(next) = stack.services.iter().find(needs_gone).map(|service| service.name.clone()) else { break };
            gone.insert(next);
        }
        stack.services.retain(|service| !gone.contains(&service.name));
        for service in &mut stack.services {
            service.depends_on.retain(|dependency| !gone.contains(&dependency.service));
        }
    }

    /// What is otherwise than the files ask for, in words.
    pub(super) fn notes(&self) -> Vec<String> {
        let replaced = self
            .replaced
            .iter()
            .map(|(image, (other, _))| format!("{image} is not to be had here: {other} stands in for it"));
        let left_out = self
            .left_out
            .iter()
            .map(|(service, image)| format!("{service} is left out: {image} is not to be had here"));
        replaced.chain(left_out).collect()
    }

    /// Whether nothing is otherwise than the files ask for.
    pub(super) fn is_as_asked(&self) -> bool {
        self.replaced.is_empty() && self.left_out.is_empty()
    }

    /// Whether all that stands in for something else does all that was asked for, and nothing is left out.
    pub(super) fn are_as_good(&self) -> bool {
        self.left_out.is_empty() && self.replaced.iter().all(|(image, (other, _))| is_as_good(other, image))
    }

    /// Whether a stack that does not work may do so only for want of what its files ask for. It does not where what was
    /// replaced runs and does its part (two ports that do not meet are two ports that do not meet), and not where what was said
    /// last is a fault in any version.
    pub(super) fn may_be_the_reason(&self, roles: &FoundRoles, names: &Roles, survey: &Survey) -> bool {
        let stands_in = |service: &Option<String>| {
            self.replaced.iter().any(|(image, (other, services))| {
                !is_as_good(other, image) && service.as_ref().is_some_and(|name| services.contains(name))
            })
        };
        let says = |role: &str, words: &[&str]| {
            let log = survey.services.get(role).map(|one| one.log.as_slice()).unwrap_or_default();
            log.iter().any(|line| words.iter().any(|word| line.contains(word)))
        };
        let seen = |id: &str| survey.evidence.get(id).map(|evidence| &evidence.observation);
        let replaced = |service: &Option<String>| {
            let by = self.replaced.values();
            by.into_iter().any(|(_, services)| service.as_ref().is_some_and(|name| services.contains(name)))
        };
        // Data are of one major version, which a name without a number does not tell.
        if replaced(&roles.database) && says(&names.database, &[OTHER_DATA]) {
            return true;
        }
        // What is left out may be what makes the tables, the pages, the settings. It has no part in two numbers that do not meet,
        // nor in a fault of the program itself.
        let plain = says(&names.app, &FAULTS_IN_ANY_VERSION)
            || matches!(seen(evidence_id::BROWSER_NGINX), Some(Observation::NotPublished { .. }))
            || matches!(seen(evidence_id::UPSTREAM), Some(Observation::Refused))
                && survey.services.get(&names.app).is_some_and(|app| !app.listens.is_empty());
        if !self.left_out.is_empty() && !plain {
            return true;
        }
        let proxy = stands_in(&roles.proxy) && !says(&names.proxy, &[NO_UPSTREAM]);
        let app = stands_in(&roles.app) && !says(&names.app, &FAULTS_IN_ANY_VERSION);
        let database = stands_in(&roles.database);
        // A page that came proves that who made it listens.
        let page =
            matches!(seen(evidence_id::PAGE), Some(Observation::Http(answer)) if !(502..=504).contains(&answer.status));
        let idle = |role: &str| {
            let listens = |one: &ServiceReport| page || !one.listens.is_empty();
            survey.services.get(role).is_none_or(|one| one.state != ServiceState::Running || !listens(one))
        };
        let confesses = [evidence_id::PAGE, evidence_id::SUBMIT]
            .into_iter()
            .any(|id| matches!(seen(id), Some(Observation::Http(answer)) if answer.status == 500));
        proxy && idle(&names.proxy)
            || app && (idle(&names.app) || confesses)
            || database && (idle(&names.database) || confesses && says(&names.app, &[OF_THE_DATABASE]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        compose::{Dependency, DependencyCondition},
        course::Course,
    };

    fn stack() -> Desired {
        let service = |name: &str, image: &str, needs: &[&str]| Service {
            name: name.into(),
            image: Some(image.into()),
            scale: 1,
            depends_on: needs
                .iter()
                .map(|name| Dependency {
                    service: (*name).into(),
                    condition: DependencyCondition::Started,
                    required: true,
                })
                .collect(),
            ..Service::default()
        };
        let services = vec![
            service("web", "nginx:latest", &["app"]),
            service("app", "python:3", &["db", "cache"]),
            service("db", "postgres:9", &[]),
            service("cache", "redis", &[]),
            service("adminer", "adminer", &["db"]),
            service("beside", "nginx:1.28", &["adminer"]),
        ];
        let roles = FoundRoles { proxy: Some("web".into()), app: Some("app".into()), database: Some("db".into()) };
        Desired { stack: Stack { services, ..Stack::default() }, roles }
    }

    #[test]
    fn what_one_of_the_three_needs_is_no_guest() {
        let desired = stack();
        let guests: Vec<&str> = desired.stack.services.iter().map(|one| one.name.as_str()).collect();
        let guests: Vec<&str> = guests.into_iter().filter(|name| is_guest(&desired, name)).collect();
        assert_eq!(guests, ["adminer", "beside"]);
    }

    #[test]
    fn what_is_left_out_takes_along_what_needs_it() {
        let mut desired = stack();
        let supplies = Supplies {
            replaced: [("postgres:9".to_owned(), ("postgres:17", vec!["db".to_owned()]))].into(),
            left_out: vec![("adminer".into(), "adminer".into())],
        };
        supplies.apply(&mut desired.stack);
        let left: Vec<&str> = desired.stack.services.iter().map(|one| one.name.as_str()).collect();
        assert_eq!(left, ["web", "app", "db", "cache"]);
        assert_eq!(desired.stack.service("db").unwrap().image.as_deref(), Some("postgres:17"));
        assert_eq!(supplies.notes().len(), 2);
    }

    /// Whether an image of this name may be the reason where the app's container has ended with this in its log.
    fn may_be_python(image: &str, log: &str) -> bool {
        let by = (relatives(image)[0], vec!["app".to_owned()]);
        let supplies = Supplies { replaced: [(image.to_owned(), by)].into(), left_out: vec![] };
        let report = |service: &str, state: ServiceState, log: &str| ServiceReport {
            service: service.into(),
            state,
            exit_code: None,
            ports: vec![],
            listens: vec![],
            log: vec![log.into()],
            restarts: 0,
            ..ServiceReport::default()
        };
        let names = Course::embedded().unwrap().roles.clone();
        let survey = Survey {
            services: [
                (names.app.clone(), report("app", ServiceState::Exited, log)),
                (names.proxy.clone(), report("web", ServiceState::Running, "")),
                (names.database.clone(), report("db", ServiceState::Running, "")),
            ]
            .into(),
            ..Survey::default()
        };
        supplies.may_be_the_reason(&stack().roles, &names, &survey)
    }

    #[test]
    fn another_version_is_no_excuse_for_what_is_wrong_in_any() {
        let gone = "AttributeError: module 'collections' has no attribute 'Mapping'";
        assert!(may_be_python("python:3.6", gone), "3.6 has it");
        assert!(!may_be_python("python:3", gone), "what is newest has it no more");
        assert!(!may_be_python("python:3.6", "NameError: name 'Item' is not defined"));
        assert!(may_be_python("python:3-alpine", "ImportError: libpq.so.5"));
    }
}
