//! A submission's database gets its tables, in whatever way the submission has for it.

use std::time::Duration;

use tokio::time::Instant;

use super::{Desired, bootstrap::too_early};
use crate::{
    course::Course,
    engine::{Container, Engine, Output, Progress, UpOptions},
    error::{Blame, Result},
    probe::{Prober, ServiceState},
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

/// Waits for the database and runs the command that makes the tables. A command that fails is no error: an app may make its
/// tables itself, and where it does not, the questions will show it. Gives whether containers had to be started again: those
/// that gave up before the tables (or each other) were there.
///
/// # Errors
/// Environment: the engine does not answer.
pub async fn make(
    engine: &Engine,
    desired: &Desired,
    course: &Course,
    prober: &Prober,
    up: &UpOptions,
    progress: &Progress,
) -> Result<bool> {
    let Some(app) = &desired.roles.app else { return Ok(false) };
    let project = &desired.stack.project;
    if desired.roles.database.is_some() && prober.wait_database(DATABASE_WITHIN, progress).await? {
        progress.step(app, "run", "making the tables");
        let elsewhere: Vec<String> = ["sh", "-c", ELSEWHERE].map(str::to_owned).into();
        if !run(engine, desired, app, &course.stack.bootstrap.command, up, progress).await? {
            run(engine, desired, app, &elsewhere, up, progress).await?;
        }
    }
    let mut again = false;
    let order = [Some(app), desired.roles.proxy.as_ref()];
    for service in order.into_iter().flatten() {
        let containers = engine.containers(project).await?;
        if containers.iter().any(|c| c.service == *service && c.state == ServiceState::Exited) {
            progress.step(service, "start", "it ended before the others were there; once more");
            match engine.restart(project, service, progress).await {
                Ok(()) => again = true,
                Err(error) if error.blame == Blame::Stack => {}
                Err(error) => return Err(error),
            }
        }
    }
    Ok(again)
}

/// Runs the command where the app runs, or else in a container of its own; whether it worked.
async fn run(
    engine: &Engine,
    desired: &Desired,
    app: &str,
    command: &[String],
    up: &UpOptions,
    progress: &Progress,
) -> Result<bool> {
    let deadline = Instant::now() + COMMAND_WITHIN;
    loop {
        let containers = engine.containers(&desired.stack.project).await?;
        let running = containers.iter().find(|c| c.service == app && c.state == ServiceState::Running);
        let output = match in_container(engine, running, command).await {
            Some(output) => output,
            None => match engine.run_once(&desired.stack, app, command, up, progress).await {
                Ok(output) => output,
                Err(error) if error.blame == Blame::Stack => return Ok(false),
                Err(error) => return Err(error),
            },
        };
        if !too_early(&output) || Instant::now() >= deadline {
            return Ok(output.code == 0);
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// An exec costs a tenth of a new container. `None` when there is nothing to run it in, or it ended meanwhile.
async fn in_container(engine: &Engine, running: Option<&Container>, command: &[String]) -> Option<Output> {
    let command: Vec<&str> = command.iter().map(String::as_str).collect();
    engine.exec(&running?.id, &command, &Default::default(), COMMAND_WITHIN).await.ok()
}
