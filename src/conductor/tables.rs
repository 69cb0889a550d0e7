//! A submission's database gets its tables, in whatever way the submission has for it.

use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::{Desired, bootstrap::too_early};
use crate::{
    course::Course,
    engine::{Container, Engine, Output, Progress, ServiceState, UpOptions},
    error::{Blame, Error, Result},
    probe::Prober,
};

/// How long the database may take to its first answer.
const DATABASE_WITHIN: Duration = Duration::from_secs(45);
/// How long the command may take.
const COMMAND_WITHIN: Duration = Duration::from_secs(30);
/// Between two tries.
const PAUSE: Duration = Duration::from_millis(100);

/// Where `database.py` is looked for when it is not where the course's command goes.
const ELSEWHERE: &str = r#"
python=$(command -v python || command -v python3) || exit 97
for dir in "$PWD" "$PWD/src" "$PWD/app" /app /app/src /src /code /usr/src/app /srv/app /opt/app; do
  if [ -f "$dir/database.py" ] && grep -q 'def init_db' "$dir/database.py"; then
    cd "$dir" && exec "$python" -c 'import database; database.init_db()'
  fi
done
exit 98"#;

/// A submission's stack that is being started.
pub struct Starting<'a> {
    /// The engine.
    pub engine: &'a Engine,
    /// The stack.
    pub desired: &'a Desired,
    /// How it is brought up.
    pub up: &'a UpOptions,
    /// The course.
    pub course: &'a Course,
    /// Asks it.
    pub prober: &'a Prober,
    /// Where steps are told.
    pub progress: &'a Progress,
}

impl Starting<'_> {
    /// Starts all services, makes the tables, and starts once more what gave up too early. Gives what keeps something from
    /// starting, where the rest is there to be asked; `all_started` is called when the tables are all that is waited for.
    ///
    /// # Errors
    /// Stack: nothing can be made from the files. Environment: the engine does not answer, an image is not to be had.
    pub async fn start(&self, all_started: impl FnOnce()) -> Result<Option<Error>> {
        let nothing_more = CancellationToken::new();
        let up = async {
            let started = self.engine.up(&self.desired.stack, self.up, self.progress).await;
            nothing_more.cancel();
            all_started();
            started
        };
        // The tables take as long as the proxy's start: side by side.
        let (started, tables) = tokio::join!(up, self.make_tables(&nothing_more));
        if let Err(error) = &started
            && (error.blame != Blame::Stack || self.engine.containers(&self.desired.stack.project).await?.is_empty())
        {
            return Err(error.clone());
        }
        tables?;
        self.start_the_ended().await?;
        Ok(started.err())
    }

    /// Runs the command that makes the tables as soon as the app runs and the database answers. `all_started` says that nothing
    /// more will be started. A command that fails is no error: an app may make its tables itself, and where it does not, the
    /// questions will show it.
    ///
    /// # Errors
    /// Environment: the engine does not answer.
    async fn make_tables(&self, all_started: &CancellationToken) -> Result<()> {
        let (Some(app), Some(database)) = (&self.desired.roles.app, &self.desired.roles.database) else {
            return Ok(());
        };
        while !all_started.is_cancelled() {
            if self.runs(app).await? && self.runs(database).await? {
                break;
            }
            tokio::select! {
                () = all_started.cancelled() => {}
                () = tokio::time::sleep(PAUSE) => {}
            }
        }
        if !self.prober.wait_database(DATABASE_WITHIN, self.progress).await? {
            return Ok(());
        }
        self.progress.step(app, "run", "making the tables");
        let elsewhere: Vec<String> = ["sh", "-c", ELSEWHERE].map(str::to_owned).into();
        if !self.run(app, &self.course.stack.bootstrap.command).await? {
            self.run(app, &elsewhere).await?;
        }
        Ok(())
    }

    /// Starts the app and the proxy again where they have ended: they may have given up before the tables, or each other, were
    /// there. Where they end again, it is their own fault.
    ///
    /// # Errors
    /// Environment: the engine does not answer.
    async fn start_the_ended(&self) -> Result<()> {
        for service in [&self.desired.roles.app, &self.desired.roles.proxy].into_iter().flatten() {
            if self.container(service).await?.is_none_or(|container| container.state != ServiceState::Exited) {
                continue;
            }
            self.progress.step(service, "start", "it ended before the others were there: once more");
            match self.engine.restart(&self.desired.stack.project, service, self.progress).await {
                Err(error) if error.blame != Blame::Stack => return Err(error),
                _ => {}
            }
        }
        Ok(())
    }

    async fn container(&self, service: &str) -> Result<Option<Container>> {
        let containers = self.engine.containers(&self.desired.stack.project).await?;
        Ok(containers.into_iter().find(|container| container.service == service))
    }

    async fn runs(&self, service: &str) -> Result<bool> {
        Ok(self.container(service).await?.is_some_and(|container| container.state == ServiceState::Running))
    }

    /// Runs the command where the app runs, or else in a container of its own; whether it worked.
    async fn run(&self, app: &str, command: &[String]) -> Result<bool> {
        let deadline = Instant::now() + COMMAND_WITHIN;
        loop {
            let Some(container) = self.container(app).await? else { return Ok(false) };
            let output = match self.run_in(&container, command).await {
                Some(output) => output,
                None => {
                    let stack = &self.desired.stack;
                    match self.engine.run_once(stack, app, command, self.up, self.progress).await {
                        Ok(output) => output,
                        Err(error) if error.blame == Blame::Stack => return Ok(false),
                        Err(error) => return Err(error),
                    }
                }
            };
            if !too_early(&output) || Instant::now() >= deadline {
                return Ok(output.code == 0);
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// An exec costs a tenth of a new container. `None` when it does not run, or ended meanwhile.
    async fn run_in(&self, container: &Container, command: &[String]) -> Option<Output> {
        if container.state != ServiceState::Running {
            return None;
        }
        let command: Vec<&str> = command.iter().map(String::as_str).collect();
        self.engine.exec(&container.id, &command, &Default::default(), COMMAND_WITHIN).await.ok()
    }
}
