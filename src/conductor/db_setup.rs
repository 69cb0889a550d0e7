//! A submission's database gets its tables, in whatever way the submission has for it.

use std::{collections::BTreeMap, time::Duration};

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::{Desired, bootstrap::too_early};
use crate::{
    course::{Bootstrap, Course},
    engine::{Container, Engine, Output, Progress, ServiceState, UpOptions},
    error::{Blame, Error, Result},
    probe::{HostPorts, Prober, slowness},
};

/// How long the database may take to its first answer.
const DATABASE_WITHIN: Duration = Duration::from_secs(45);
/// How long the command may take.
const COMMAND_WITHIN: Duration = Duration::from_secs(30);
/// Between two tries.
const PAUSE: Duration = Duration::from_millis(100);

/// How long a proxy may take to look up what it calls.
const PROXY_WITHIN: Duration = Duration::from_secs(3);
/// How long an app that makes its own tables may take to listen.
const OWN_WITHIN: Duration = Duration::from_secs(20);

/// Finds the app's own way to its tables and takes it.
const MAKE_TABLES: &str = include_str!("make_tables.py");
/// Runs a script, its first argument, with whatever the image calls Python.
const WITH_PYTHON: &str = "python=$(command -v python3 || command -v python) || exit 97; exec \"$python\" -c \"$1\"";
/// Counts the tables, in the database's container.
const COUNT_TABLES: &str = r#"
user=${POSTGRES_USER:-postgres}
[ -z "$POSTGRES_USER_FILE" ] || user=$(cat "$POSTGRES_USER_FILE")
export PGPASSWORD="$POSTGRES_PASSWORD" PGCONNECT_TIMEOUT=5
for name in $(psql -X -At -U "$user" -d "${POSTGRES_DB:-$user}" -c "SELECT datname FROM pg_database WHERE datallowconn AND NOT datistemplate LIMIT 20"); do
  psql -X -At -U "$user" -d "$name" -c "SELECT count(*) FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
done"#;

/// Where a database has its tables from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tables {
    /// They are asked for, by the course's command or whatever else makes them.
    Asked,
    /// The files have a way of their own, which goes first.
    Own,
    /// They are there already.
    There,
}

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
    /// Where the database has its tables from.
    pub tables: Tables,
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
        let by_hand = self.course.stack.bootstrap.as_ref();
        let tables = async {
            match by_hand.filter(|_| self.tables != Tables::There) {
                Some(bootstrap) => self.make_tables(bootstrap, &nothing_more).await,
                None => Ok(()),
            }
        };
        // The tables take as long as the proxy's start: side by side.
        let (started, tables) = tokio::join!(up, tables);
        if let Err(error) = &started
            && (error.blame != Blame::Stack || self.engine.containers(&self.desired.stack.project).await?.is_empty())
        {
            return Err(error.clone());
        }
        tables?;
        // Where nobody waited for tables, nobody gave up too early for them.
        if by_hand.is_some() {
            self.start_the_ended().await?;
        }
        Ok(started.err())
    }

    /// Makes the tables as soon as the app runs and the database answers: by the course's command, or else in whatever way
    /// the files have for it. Where they do so by themselves when they start, that is waited for. `all_started` says that
    /// nothing more will be started. A way that fails is no error: where no table is made, the questions will show it.
    ///
    /// # Errors
    /// Environment: the engine does not answer.
    async fn make_tables(&self, bootstrap: &Bootstrap, all_started: &CancellationToken) -> Result<()> {
        let (Some(app), Some(database)) = (&self.desired.roles.app, &self.desired.roles.database) else {
            return Ok(());
        };
        if self.tables == Tables::Own {
            all_started.cancelled().await;
        }
        while !all_started.is_cancelled() {
            if self.runs(app).await? && self.runs(database).await? {
                break;
            }
            tokio::select! {
                () = all_started.cancelled() => {}
                () = tokio::time::sleep(PAUSE) => {}
            }
        }
        // One that was made and not started when all was done is not going to answer.
        let never_started =
            self.container(database).await?.is_some_and(|container| container.state == ServiceState::Created);
        if never_started && all_started.is_cancelled() {
            return Ok(());
        }
        if !self.prober.wait_database(DATABASE_WITHIN.mul_f64(slowness()), self.progress).await? {
            return Ok(());
        }
        if self.tables == Tables::Own {
            // Two who make the same tables at the same moment are in each other's way.
            self.start_the_ended().await?;
            let within = OWN_WITHIN.mul_f64(slowness());
            // The first request may be what makes them. To an app that is gone, it would wait for seconds in the proxy.
            if self.prober.wait_app(within).await {
                self.prober.wait_ready(within, &HostPorts::Free, self.progress).await?;
            }
            if self.has_tables(database).await? {
                return Ok(());
            }
        }
        self.progress.step(app, "run", "making the tables");
        let listens_since = Instant::now();
        let otherwise: Vec<String> = ["sh", "-c", WITH_PYTHON, "sh", MAKE_TABLES].map(str::to_owned).into();
        if !self.run(app, &bootstrap.command, listens_since).await? {
            self.run(app, &otherwise, listens_since).await?;
        }
        Ok(())
    }

    /// Whether the database holds a table. One that cannot be asked holds none.
    async fn has_tables(&self, database: &str) -> Result<bool> {
        let Some(container) = self.container(database).await? else { return Ok(false) };
        let command: Vec<String> = ["sh", "-c", COUNT_TABLES].map(str::to_owned).into();
        let counted = self.run_in(&container, &command).await.map(|output| output.stdout).unwrap_or_default();
        Ok(counted.lines().any(|line| line.trim().parse().is_ok_and(|tables: u32| tables > 0)))
    }

    /// Starts the app and the proxy again where they have ended: they may have given up before the tables, or each other, were
    /// there. A proxy that was there before the app is started again with it, since it may know an old address. Where they
    /// end again, it is their own fault.
    ///
    /// # Errors
    /// Environment: the engine does not answer.
    async fn start_the_ended(&self) -> Result<()> {
        let (app, proxy) = (self.desired.roles.app.as_ref(), self.desired.roles.proxy.as_ref());
        let state = async |service: Option<&String>| match service {
            Some(service) => Ok(self.container(service).await?.map(|container| container.state)),
            None => Ok(None),
        };
        let app_ended = state(app).await? == Some(ServiceState::Exited);
        let mut held = None;
        if let Some(app) = app.filter(|_| app_ended) {
            self.again(app).await?;
            held = self.container(app).await?;
        }
        let proxy_now = state(proxy).await?;
        let stale = app_ended && proxy_now == Some(ServiceState::Running);
        if let Some(proxy) = proxy.filter(|_| stale || proxy_now == Some(ServiceState::Exited)) {
            // The proxy looks the app's name up when it starts. Whether an app that ends at once is there by then must not be a
            // matter of luck: the answer would be another one.
            if let Some(app) = &held {
                self.engine.hold(&app.id).await;
            }
            self.again(proxy).await?;
            if let Some(app) = &held {
                self.prober.wait_proxy(PROXY_WITHIN.mul_f64(slowness())).await;
                self.engine.release(&app.id).await?;
            }
        }
        Ok(())
    }

    async fn again(&self, service: &str) -> Result<()> {
        self.progress.step(service, "start", "it ended before the others were there: once more");
        self.start_again(service).await
    }

    /// Starts a service again; where it does not start, the questions will show it.
    ///
    /// # Errors
    /// Environment: the engine does not answer.
    pub async fn start_again(&self, service: &str) -> Result<()> {
        match self.engine.restart(&self.desired.stack.project, service, self.progress).await {
            Err(error) if error.blame != Blame::Stack => Err(error),
            _ => Ok(()),
        }
    }

    async fn container(&self, service: &str) -> Result<Option<Container>> {
        self.engine.container_of(&self.desired.stack.project, service).await
    }

    async fn runs(&self, service: &str) -> Result<bool> {
        Ok(self.container(service).await?.is_some_and(|container| container.state == ServiceState::Running))
    }

    /// Runs the command where the app runs, or else in a container of its own; whether it worked.
    async fn run(&self, app: &str, command: &[String], listens_since: Instant) -> Result<bool> {
        let deadline = Instant::now() + COMMAND_WITHIN.mul_f64(slowness());
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
            if !too_early(&output, Some(listens_since)) || Instant::now() >= deadline {
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

/// Whether a stack's files hold more ways to the tables than the course's function that is to be called by hand.
pub fn makes_own_tables(texts: &BTreeMap<String, String>) -> bool {
    let mut ways = 0;
    for (path, text) in texts.iter().filter(|(path, _)| !path.ends_with(".md")) {
        let calls = text.matches("init_db(").count() - text.matches("def init_db(").count();
        let sql = text.to_lowercase().matches("create table").count();
        ways += 2 * (calls + sql) + text.matches("create_all(").count();
        if path.contains("migrations/") || path.contains("alembic") {
            ways += 2;
        }
    }
    ways > 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_that_are_made_at_the_start_are_told_from_those_made_by_hand() {
        let course = Course::embedded().unwrap();
        let mut texts = course.fixed_stack().clone();
        assert!(!makes_own_tables(&texts), "the README names the function, and nothing calls it");
        for (path, text) in
            [("src/run.sh", "python -c 'from database import *; init_db()'"), ("db/1.sql", "Create Table x")]
        {
            let mut more = texts.clone();
            more.insert(path.into(), text.into());
            assert!(makes_own_tables(&more), "{path}");
        }
        texts.insert("src/models.py".into(), "Base.metadata.create_all(engine)".into());
        assert!(makes_own_tables(&texts));
    }
}
