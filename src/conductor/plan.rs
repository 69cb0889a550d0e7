//! The smallest works that make everything live that was saved.

use crate::{
    engine::Container,
    engine::ServiceState,
    journal::WorkKind,
    lab::{MakeLive, Stale},
};

/// The works, in the order in which they are to be done. `services` are those that should run.
pub fn plan(stale: &[Stale], services: &[String], containers: &[Container]) -> Vec<WorkKind> {
    let runs = |service: &String| containers.iter().any(|c| c.service == *service && c.state == ServiceState::Running);
    if !services.iter().any(runs) {
        // Nothing tells whether an image that lies there is older than the files; building it anew is cheap if it is not.
        return vec![WorkKind::Up { services: Vec::new(), build: true }];
    }
    let with =
        |action: MakeLive| stale.iter().filter(move |stale| stale.action == action).map(|stale| stale.service.clone());
    let rebuilt: Vec<String> = with(MakeLive::Rebuild).collect();
    let build = !rebuilt.is_empty();
    let mut up: Vec<String> = rebuilt.into_iter().chain(with(MakeLive::Recreate)).collect();
    up.extend(services.iter().filter(|service| !runs(service) && !ended_well(containers, service)).cloned());
    up.sort();
    up.dedup();
    let mut works = Vec::new();
    let again: Vec<WorkKind> = with(MakeLive::Restart)
        .map(|service| WorkKind::Restart { service })
        .chain(with(MakeLive::Reload).map(|service| WorkKind::Reload { service }))
        .filter(|work| !matches!(work, WorkKind::Restart { service } | WorkKind::Reload { service } if up.contains(service)))
        .collect();
    if !up.is_empty() {
        works.push(WorkKind::Up { services: up, build });
    }
    works.extend(again);
    works
}

/// A service that does one thing and ends is not missing afterwards.
fn ended_well(containers: &[Container], service: &str) -> bool {
    containers.iter().any(|c| c.service == service && c.state == ServiceState::Exited && c.exit_code == Some(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn container(service: &str, state: ServiceState, exit_code: Option<i64>) -> Container {
        Container {
            id: service.into(),
            name: service.into(),
            service: service.into(),
            state,
            exit_code,
            started_at: 1,
            image_created: 1,
            ..Container::default()
        }
    }

    fn stale(service: &str, action: MakeLive) -> Stale {
        Stale { service: service.into(), files: vec![], action }
    }

    fn planned(stale: &[Stale], containers: &[Container]) -> Vec<WorkKind> {
        plan(stale, &["db", "flaskapp", "nginx"].map(str::to_owned), containers)
    }

    fn up(services: &[&str], build: bool) -> WorkKind {
        WorkKind::Up { services: services.iter().map(|name| (*name).to_owned()).collect(), build }
    }

    fn all_run() -> Vec<Container> {
        ["db", "flaskapp", "nginx"].map(|name| container(name, ServiceState::Running, None)).into()
    }

    #[test]
    fn nothing_runs_so_everything_is_built_and_started() {
        assert_eq!(planned(&[], &[]), [up(&[], true)]);
        assert_eq!(planned(&[], &[container("nginx", ServiceState::Exited, Some(1))]), [up(&[], true)]);
    }

    #[test]
    fn each_edit_takes_the_smallest_action() {
        assert_eq!(planned(&[], &all_run()), []);
        assert_eq!(planned(&[stale("nginx", MakeLive::Recreate)], &all_run()), [up(&["nginx"], false)]);
        assert_eq!(
            planned(&[stale("flaskapp", MakeLive::Rebuild), stale("nginx", MakeLive::Reload)], &all_run()),
            [up(&["flaskapp"], true), WorkKind::Reload { service: "nginx".into() }]
        );
        assert_eq!(
            planned(&[stale("db", MakeLive::Restart)], &all_run()),
            [WorkKind::Restart { service: "db".into() }]
        );
    }

    #[test]
    fn what_has_ended_is_started_unless_it_ended_well() {
        let mut containers = all_run();
        containers[2] = container("nginx", ServiceState::Exited, Some(1));
        // Starting it reads its files, too: no reload beside it.
        assert_eq!(planned(&[stale("nginx", MakeLive::Reload)], &containers), [up(&["nginx"], false)]);
        containers[2] = container("nginx", ServiceState::Exited, Some(0));
        assert_eq!(planned(&[], &containers), []);
    }
}
