//! The database gets its tables: the one-off command of the course, tried again while the database is not ready yet.

use std::time::Duration;

use tokio::time::Instant;

use super::Works;
use crate::{
    engine::{Output, Progress},
    error::{Error, Result},
    probe::slowness,
};

/// How long the database may take to its first answer.
const DATABASE_WITHIN: Duration = Duration::from_secs(60);
/// How long a connection may still be refused by a database that has begun to listen.
const SETTLES_WITHIN: Duration = Duration::from_secs(2);
/// Between two tries.
const PAUSE: Duration = Duration::from_millis(300);

impl Works {
    /// Runs the course's one-off command in a new container of the app's image; starts the database when it does not run.
    ///
    /// # Errors
    /// Stack: the command fails, or the database does not answer within a minute. Environment: engine, image.
    pub async fn bootstrap(&self, progress: &Progress) -> Result<()> {
        let Some(bootstrap) = &self.course.stack.bootstrap else { return Ok(()) };
        let desired = self.desired()?;
        // A learner's file may name its services otherwise than the story does.
        let service = match desired.stack.service(&bootstrap.service) {
            Some(service) => service.name.clone(),
            None => desired.roles.app.clone().ok_or_else(|| no_app(&bootstrap.service))?,
        };
        if let Some(database) = &desired.roles.database
            && !self.runs(&desired.stack.project, database).await?
        {
            self.up(std::slice::from_ref(database), false, progress).await?;
        }
        let deadline = Instant::now() + DATABASE_WITHIN;
        let options = self.up_options();
        let mut told = false;
        let mut listens_since = None;
        loop {
            progress.step(&service, "run", bootstrap.command.join(" "));
            let output = self.engine.run_once(&desired.stack, &service, &bootstrap.command, &options, progress).await?;
            if output.code == 0 {
                progress.finished(&service, "run", "the tables are there");
                if told {
                    self.say("Now the database was ready, and has its tables. Started is not ready: it took a moment.");
                }
                return Ok(());
            }
            if !too_early(&output, listens_since) || Instant::now() >= deadline {
                return Err(failed(&bootstrap.command, &output));
            }
            progress.step(&service, "run", "the database is not ready yet, trying again");
            if !std::mem::replace(&mut told, true) {
                self.say("The database was started, but it is not ready yet: the command is tried again when it is.");
            }
            let within = deadline.saturating_duration_since(Instant::now());
            if self.prober(&desired, self.facts(&desired)).wait_database(within, progress).await? {
                listens_since = listens_since.or(Some(Instant::now()));
            }
            tokio::time::sleep(PAUSE).await;
        }
    }
}

/// Whether the output says that the database does not take connections *yet*. What is refused although the database has been
/// listening for a while was sent to another door, and no waiting helps.
pub fn too_early(output: &Output, listens_since: Option<Instant>) -> bool {
    let says = |sign: &str| output.stderr.contains(sign) || output.stdout.contains(sign);
    let settled = listens_since.is_some_and(|since| since.elapsed() > SETTLES_WITHIN.mul_f64(slowness()));
    says("the database system is starting up")
        || !settled && (says("Connection refused") || says("could not connect to server"))
}

fn failed(command: &[String], output: &Output) -> Error {
    let words = if output.stderr.trim().is_empty() { &output.stdout } else { &output.stderr };
    let last = words.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("it printed nothing");
    Error::stack(format!("the database did not get its tables: the command ended with code {}", output.code))
        .why(last.trim().to_owned())
        .why(command.join(" "))
        .suggest("docker compose logs db   says what the database thinks of it")
}

fn no_app(name: &str) -> Error {
    Error::stack(format!("the compose file has no service `{name}`, whose image prepares the database"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refused_connection_is_too_early_and_a_traceback_is_not() {
        let output = |stderr: &str| Output { code: 1, stdout: String::new(), stderr: stderr.to_owned() };
        let refused = output("psycopg.OperationalError: connection failed: Connection refused\n\tIs the server");
        let starting = output("FATAL:  the database system is starting up");
        let missing = output("ModuleNotFoundError: No module named 'database'");
        let now = Instant::now();
        let long_ago = now.checked_sub(Duration::from_secs(600));
        for listens_since in [None, Some(now)] {
            assert!(too_early(&refused, listens_since) && too_early(&starting, listens_since));
            assert!(!too_early(&missing, listens_since));
        }
        assert!(!too_early(&refused, long_ago), "it listens, and elsewhere");
        assert!(too_early(&starting, long_ago));
    }

    #[test]
    fn the_error_quotes_the_last_line() {
        let output =
            Output { code: 1, stdout: String::new(), stderr: "Traceback\n  …\nKeyError: 'x'\n\n".to_owned() };
        assert_eq!(failed(&["c".to_owned()], &output).why, ["KeyError: 'x'", "c"]);
    }
}
