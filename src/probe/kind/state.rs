//! A container's state, health, exit code and restarts, as `docker inspect` tells them.

use tokio::time::Instant;

use crate::{
    course::Probe,
    probe::{
        Evidence, Observation, clean,
        prober::{Prober, evidence},
    },
};

/// What `docker inspect` is asked to print.
const FORMAT: &str = "{{.State.Status}}{{with .State.Health}}, {{.Status}}{{end}}, exit code {{.State.ExitCode}}, \
                      restarts {{.RestartCount}}";

impl Prober {
    pub(super) async fn inspect_service(&self, probe: &Probe) -> Evidence {
        let begun = Instant::now();
        let service = self.service_asked(probe);
        let command = format!("docker inspect -f '{FORMAT}' $(docker compose ps -aq {service})");
        let container = match self.container_to_ask(probe, &command).await {
            Ok(container) => container,
            Err(instead) => return instead,
        };
        let health = container.health.as_deref().map(|health| format!(", {health}")).unwrap_or_default();
        let output = format!(
            "{}{health}, exit code {}, restarts {}",
            format!("{:?}", container.state).to_lowercase(),
            container.exit_code.unwrap_or_default(),
            container.restarts
        );
        let seen = Observation::Exit { code: 0, output: clean::line(&output) };
        evidence(&probe.id, command, "host", seen, begun.elapsed().as_secs_f64())
    }
}
