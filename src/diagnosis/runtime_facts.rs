//! Facts of the running stack, under names that start with `live.`, so that lessons can compare files with containers.

use std::collections::BTreeMap;

use crate::{
    compose::PublishedPort,
    course::Roles,
    probe::{ListenSocket, ServiceReport, Survey},
};

/// All facts: those of the files, and of each role `live.ROLE.state`, `.exit_code`, `.restarts`, `.listens`, `.address`, `.published`,
/// `.health` with `.health_says` (the output of the newest check), `.memory` (`exhausted`), `.edited` (files changed in the container), `.start_error`; `live.front.service`,
/// `live.front.target`; and those that logs and answers give, see [`super::log_facts`]. What could not be seen is absent.
pub fn with_live(values: &BTreeMap<String, String>, survey: &Survey, roles: &Roles) -> BTreeMap<String, String> {
    let mut all = values.clone();
    for stale in &survey.stale {
        let names = stale.files.iter().map(|file| file.file_name().unwrap_or(file.as_os_str()).to_string_lossy());
        all.insert(format!("stale.{}", role_of(survey, &stale.service)), names.collect::<Vec<_>>().join(","));
    }
    for (role, report) in &survey.services {
        let mut put = |name: &str, value: String| {
            all.insert(format!("live.{role}.{name}"), value);
        };
        put("state", state_name(report).to_string());
        put("restarts", report.restarts.to_string());
        if let Some(code) = report.exit_code {
            put("exit_code", code.to_string());
        }
        if !report.listens.is_empty() {
            put("listens", ports(&report.listens));
            put("address", address(&report.listens));
        }
        if let Some(health) = &report.health {
            put("health", health.status.clone());
            put("health_says", format!("{}: {}", health.exit_code, health.output.trim_end()));
        }
        if report.out_of_memory {
            put("memory", "exhausted".into());
        }
        if !report.edited.is_empty() {
            put("edited", report.edited.join(","));
        }
        if !report.start_error.is_empty() {
            put("start_error", report.start_error.clone());
        }
        put("published", report.ports.iter().map(PublishedPort::mapping).collect::<Vec<_>>().join(","));
    }
    if let Some(front) = &survey.front {
        all.insert("live.front.service".into(), role_of(survey, &front.service).to_string());
        all.insert("live.front.target".into(), front.target.to_string());
    }
    super::log_facts::read(&mut all, survey, roles);
    all
}

/// The role that a service plays, or its own name.
pub(super) fn role_of<'a>(survey: &'a Survey, service: &'a str) -> &'a str {
    survey.services.iter().find(|(_, report)| report.service == service).map_or(service, |(role, _)| role)
}

/// The service that plays a role, or the role's name.
pub(super) fn service_of<'a>(survey: &'a Survey, role: &'a str) -> &'a str {
    survey.services.get(role).map_or(role, |report| &report.service)
}

/// The state's name as lessons write it.
pub(super) fn state_name(report: &ServiceReport) -> &'static str {
    use crate::engine::ServiceState::{Created, Exited, Missing, Paused, Restarting, Running};
    match report.state {
        Running => "running",
        Exited => "exited",
        Restarting => "restarting",
        Created => "created",
        Paused => "paused",
        Missing => "missing",
    }
}

fn ports(sockets: &[ListenSocket]) -> String {
    let mut ports: Vec<u16> = sockets.iter().map(|socket| socket.port).collect();
    ports.sort_unstable();
    ports.dedup();
    ports.iter().map(u16::to_string).collect::<Vec<_>>().join(",")
}

/// The widest address: one that others can reach, if there is any.
fn address(sockets: &[ListenSocket]) -> String {
    let wide = sockets.iter().find(|socket| matches!(socket.address.as_str(), "0.0.0.0" | "::"));
    let reachable = sockets.iter().find(|socket| !socket.address.starts_with("127.") && socket.address != "::1");
    wide.or(reachable).or(sockets.first()).map(|socket| socket.address.clone()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{engine::ServiceState, probe::FrontDoor};

    fn shop() -> Roles {
        crate::course::Course::embedded().unwrap().roles
    }

    #[test]
    fn names_and_values() {
        let socket = |address: &str, port| ListenSocket { address: address.into(), port };
        let report = ServiceReport {
            service: "web".into(),
            state: ServiceState::Running,
            exit_code: None,
            ports: ["127.0.0.1:8080->80/tcp", "[::1]:8080->80/tcp"].map(|port| port.parse().unwrap()).into(),
            listens: vec![socket("127.0.0.1", 9000), socket("0.0.0.0", 80), socket("::", 80)],
            log: Vec::new(),
            restarts: 0,
            ..ServiceReport::default()
        };
        let survey = Survey {
            services: [("nginx".to_string(), report)].into(),
            front: Some(FrontDoor { service: "web".into(), target: 80 }),
            ..Survey::default()
        };
        let facts = with_live(&[("nginx.listen".to_string(), "80".to_string())].into(), &survey, &shop());
        let expected = [
            ("live.front.service", "nginx"),
            ("live.front.target", "80"),
            ("live.nginx.address", "0.0.0.0"),
            ("live.nginx.listens", "80,9000"),
            ("live.nginx.published", "8080:80,8080:80"),
            ("live.nginx.restarts", "0"),
            ("live.nginx.state", "running"),
            ("nginx.listen", "80"),
        ];
        let found: Vec<(&str, &str)> = facts.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(found, expected);
    }
}
