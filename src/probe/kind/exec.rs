//! A command in a service's container, as `docker compose exec` runs it.

use std::{collections::BTreeMap, time::Duration};

use tokio::time::Instant;

use crate::{
    course::Probe,
    engine::{Container, ServiceState},
    probe::{
        Evidence, Observation, clean,
        last_words::last_words,
        prober::{Prober, evidence, not_asked},
        slowness,
    },
};

/// How long a command may take, on a machine with nothing else to do.
const COMMAND: Duration = Duration::from_secs(20);

impl Prober {
    pub(super) async fn run_in_service(&self, probe: &Probe) -> Evidence {
        let words: Vec<&str> = probe.command.iter().map(String::as_str).collect();
        self.run_words(probe, &words, &shell_words::join(&probe.command)).await
    }

    /// Runs these words in the probe's service; a person would type the `typed` ones behind `docker compose exec SERVICE`.
    pub(super) async fn run_words(&self, probe: &Probe, words: &[&str], typed: &str) -> Evidence {
        let begun = Instant::now();
        let service = self.service_asked(probe).to_owned();
        let command = format!("docker compose exec {service} {typed}");
        let container = match self.container_to_ask(probe, &command).await {
            Ok(container) => container,
            Err(instead) => return instead,
        };
        if container.state != ServiceState::Running {
            let last_line = last_words(&self.log(&container).await);
            let exit_code = container.exit_code.filter(|_| container.started_at > 0);
            let seen = Observation::NotRunning { service: service.clone(), exit_code, last_line };
            return evidence(&probe.id, command, &service, seen, begun.elapsed().as_secs_f64());
        }
        let within = COMMAND.mul_f64(slowness());
        let seen = match self.engine.exec(&container.id, words, &BTreeMap::new(), within).await {
            Ok(output) => {
                let said = if output.stdout.trim().is_empty() { &output.stderr } else { &output.stdout };
                let lines: Vec<String> = said.lines().map(clean::line).collect();
                Observation::Exit { code: output.code, output: lines.join("\n") }
            }
            Err(error) => Observation::Unknown { because: error.what },
        };
        evidence(&probe.id, command, &service, seen, begun.elapsed().as_secs_f64())
    }

    /// The container of the probe's service; what is to be told instead, where there is none.
    pub(super) async fn container_to_ask(&self, probe: &Probe, command: &str) -> Result<Container, Evidence> {
        let service = self.service_asked(probe);
        match self.engine.container_of(&self.stack.project, service).await {
            Ok(Some(container)) => Ok(container),
            Ok(None) => Err(not_asked(&probe.id, command, service, &format!("{service} has no container"))),
            Err(error) => {
                let unknown = Observation::Unknown { because: error.what };
                Err(evidence(&probe.id, command, service, unknown, 0.0))
            }
        }
    }
}
