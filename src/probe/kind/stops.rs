//! How a service stops: how long it takes, by which signal, and with which exit code. Then it is started again.

use tokio::time::Instant;

use crate::{
    course::Probe,
    engine::{ServiceState, Stopped},
    probe::{
        Evidence, Observation,
        prober::{Prober, evidence},
    },
};

impl Prober {
    pub(super) async fn stop_service(&self, probe: &Probe) -> Evidence {
        let begun = Instant::now();
        let service = self.service_asked(probe);
        let command = format!(
            "time docker compose stop {service}; docker compose ps -a {service}; docker compose start {service}"
        );
        let container = match self.container_to_ask(probe, &command).await {
            Ok(container) => container,
            Err(instead) => return instead,
        };
        let seen = |observation| evidence(&probe.id, command, "host", observation, begun.elapsed().as_secs_f64());
        if container.state != ServiceState::Running {
            let exit_code = container.exit_code.filter(|_| container.started_at > 0);
            return seen(Observation::NotRunning { service: service.to_owned(), exit_code, last_line: None });
        }
        // Who gives up waiting must not leave it stopped.
        let (engine, id) = (self.engine.clone(), container.id);
        let stopped = tokio::spawn(async move { engine.stop_and_start(&id).await }).await;
        seen(match stopped {
            Ok(Ok(stopped)) => Observation::Exit { code: 0, output: told(&stopped) },
            Ok(Err(error)) => Observation::Unknown { because: error.told(": ") },
            Err(error) => Observation::Unknown { because: error.to_string() },
        })
    }
}

/// `SIGTERM sent, ended after 10.2 s, exit code 137 (SIGKILL)`
fn told(stopped: &Stopped) -> String {
    let by = match stopped.exit_code {
        130 => " (SIGINT)",
        137 => " (SIGKILL)",
        143 => " (SIGTERM)",
        _ => "",
    };
    format!("{} sent, ended after {:.1} s, exit code {}{by}", stopped.signal, stopped.seconds, stopped.exit_code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_exit_code_tells_the_signal_that_ended_it() {
        let stopped = |exit_code| Stopped { signal: "SIGTERM".into(), seconds: 10.234, exit_code };
        assert_eq!(told(&stopped(137)), "SIGTERM sent, ended after 10.2 s, exit code 137 (SIGKILL)");
        assert_eq!(told(&stopped(0)), "SIGTERM sent, ended after 10.2 s, exit code 0");
    }
}
