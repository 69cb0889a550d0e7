//! The smallest works that make everything live that was saved.

use crate::{
    engine::Container,
    journal::WorkKind,
    lab::{MakeLive, Stale},
    probe::ServiceState,
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
