//! What a service has logged since its last start.

use tokio::time::Instant;

use crate::{
    course::Probe,
    probe::{
        Evidence, Observation,
        prober::{Prober, evidence},
    },
};

impl Prober {
    pub(super) async fn read_log(&self, probe: &Probe) -> Evidence {
        let begun = Instant::now();
        let service = self.service_asked(probe);
        let command = format!("docker compose logs --no-log-prefix {service}");
        let container = match self.container_to_ask(probe, &command).await {
            Ok(container) => container,
            Err(instead) => return instead,
        };
        let seen = Observation::Exit { code: 0, output: self.log(&container).await.join("\n") };
        evidence(&probe.id, command, "host", seen, begun.elapsed().as_secs_f64())
    }
}
