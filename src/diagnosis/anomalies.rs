//! What differs from a working stack, where no wrong turn explains it: to be shown, not explained away.

use super::{Odd, rank::Failure, runtime_facts, words::observed};
use crate::{engine::ServiceState, probe::Survey};

/// Words with which a program's log begins to complain.
const COMPLAINTS: [&str; 6] = ["[emerg]", "FATAL", "Error", "ERROR", "error:", "Exception"];

/// The evidence behind what nothing explains, and what the containers themselves say.
pub(super) fn odd(survey: &Survey, unexplained: &[Failure]) -> Vec<Odd> {
    if unexplained.is_empty() {
        return Vec::new();
    }
    let mut found: Vec<Odd> = Vec::new();
    let seen = unexplained.iter().filter_map(|failure| Some((failure, survey.evidence.get(&failure.evidence)?)));
    for (failure, evidence) in seen {
        found.push(Odd {
            about: failure.id.clone(),
            command: evidence.command.clone(),
            observed: observed(&evidence.observation),
            expected: failure.expected.clone(),
        });
    }
    for (role, report) in &survey.services {
        let mut say = |command: &str, observed: String| {
            let (about, expected) = (role.clone(), String::new());
            found.push(Odd {
                about,
                command: format!("docker compose {command} {}", report.service),
                observed,
                expected,
            });
        };
        match (report.state, report.exit_code) {
            (ServiceState::Running, _) if report.restarts > 0 => {
                say("ps -a", format!("running, after {} restarts", report.restarts));
            }
            (ServiceState::Running, _) => {}
            (_, Some(code)) => say("ps -a", format!("{} ({code})", runtime_facts::state_name(report))),
            (_, None) => say("ps -a", runtime_facts::state_name(report).into()),
        }
        let complains = |line: &&String| COMPLAINTS.iter().any(|word| line.contains(word));
        if let Some(line) = report.log.iter().rev().find(complains) {
            say("logs", line.trim().to_owned());
        }
    }
    found
}
