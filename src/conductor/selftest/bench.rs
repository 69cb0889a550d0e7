//! One place on the engine where cases are tried, one after the other.
//!
//! What stays from one case to the next is the database *server*, with its networks, where the next case asks for the very
//! same one. Before it is used again everything else of the project is gone, all its databases are dropped and made anew, and
//! it has to look as it did at first: the same run of the same container, nothing new in its log, the same roles and settings.
//! Where any of this is not so, it is thrown away and the case starts from nothing. Tables that a case's own code has made are given to
//! those after it whose code would make the very same.

use std::{collections::BTreeMap, fs, path::Path, time::Duration};

use tempfile::TempDir;

use super::{
    SelftestOptions,
    cases::{Case, Texts},
    tables,
};
use crate::{
    compose::{Door, MountKind, Network, Place, Service, Stack, Volume},
    conductor::{
        Desired,
        check::{READY_WITHIN, read, remove, up_options, verdict},
        db_setup::{Starting, Tables},
        files::{Reloaded, stale},
        janitor, scenario,
    },
    course::Making,
    diagnosis::{self, Report, Verdict},
    engine::{Container, Engine, Progress, ServiceState, UpOptions, Witness},
    error::{Blame, Error, Result},
    probe::{HostPorts, Prober, SurveyOptions, slowness},
};

/// How long the database server may take to its first answer.
const DATABASE_WITHIN: Duration = Duration::from_secs(45);
/// How long emptying it may take.
const EMPTY_WITHIN: Duration = Duration::from_secs(20);
/// Lines of its log that are compared.
const LOG_LINES: usize = 1_000;

/// Makes all databases anew, and prints what they share: the same after every case that kept to its own.
const EMPTY: &str = include_str!("empty.sh");

/// A project on the engine.
#[derive(Debug)]
pub(super) struct Bench {
    home: TempDir,
    project: String,
    /// Whether something was started.
    used: bool,
    kept: Option<Kept>,
}

/// A database server that may be used again.
#[derive(Debug)]
struct Kept {
    ground: Ground,
    container: String,
    started_at: u64,
    /// Its log since its start.
    log: Vec<String>,
    /// What its databases share: roles, settings.
    shared: String,
    /// The tables that were made in it, by what they were made from.
    tables: BTreeMap<String, String>,
}

/// What has to be the same for a database server to be the same.
#[derive(Debug, Clone, PartialEq)]
struct Ground {
    database: Service,
    /// All services by name: one that is gone would stay.
    services: Vec<String>,
    networks: BTreeMap<String, Network>,
    volumes: BTreeMap<String, Volume>,
}

impl Bench {
    pub fn new() -> Result<Self> {
        let home = tempfile::Builder::new().prefix("breakfix-selftest-").tempdir();
        let home = home.map_err(|error| Error::environment("no temporary directory can be made").because(error))?;
        Ok(Self { home, project: janitor::new_project(), used: false, kept: None })
    }

    pub fn project(&self) -> &str {
        &self.project
    }

    /// The next case starts from nothing.
    pub fn forget(&mut self) {
        self.kept = None;
    }

    /// Makes a case, and asks. Also tells whether the lesson's symptom was seen, where the case has one.
    ///
    /// # Errors
    /// Stack: the case's files cannot be used. Environment: the engine does not answer, an image is not to be had.
    pub async fn ask(
        &mut self,
        case: &Case,
        options: &SelftestOptions,
        progress: &Progress,
    ) -> Result<(Report, Option<bool>)> {
        let (making, engine, course) = (&case.making, &options.engine, &options.course);
        let up = up_options(engine, options.images, false);
        let witness = Witness::begin(engine, &self.project);
        // Only a case that comes to its end leaves something to build on.
        let kept = self.kept.take();
        self.write(making.first())?;
        let (mut running, mut facts) = read(self.home.path(), &self.project, course)?;
        adjust(&mut running.stack, making);
        // A stack that makes its tables by itself has a start of its own to prove.
        let from_nothing = options.fresh || is_alone(making) || course.stack.bootstrap.is_none();
        let ground = if from_nothing { None } else { Ground::of(&running) };
        let mut prober = prober(engine, &running, &facts, options);
        let made_from = tables::made_from(making.first(), &running).unwrap_or_default();
        let mut kept = self.lay(ground, kept, &made_from, engine, &running, &up, &prober, progress).await?;
        let given = kept.as_ref().is_some_and(|kept| kept.tables.contains_key(&made_from));

        let mut not_started = if making.at_once {
            engine.up(&running.stack, &up, progress).await.map(|_| None)?
        } else {
            let (desired, up, prober) = (&running, &up, &prober);
            let starting = |tables| Starting { engine, desired, up, course, prober, tables, progress };
            let started = starting(if given { Tables::There } else { Tables::Asked }).start(|| {}).await?;
            match &kept {
                // The server that has them was made anew after all: the files ask for another one.
                Some(kept) if given && engine.inspect(&kept.container).await?.is_none() => {
                    starting(Tables::Asked).start(|| {}).await?
                }
                _ => started,
            }
        };
        if let Some(kept) = kept.as_mut().filter(|_| !given && not_started.is_none())
            && let Some(made) = tables::written_down(engine, &kept.container).await
        {
            kept.tables.insert(made_from, made);
        }
        for service in &making.moved {
            scenario::move_away(engine, &running.stack, service, &up, progress).await?;
        }
        let mut saved = running.clone();
        if making.before.is_some() {
            self.write(&making.files)?;
            (saved, facts) = read(self.home.path(), &self.project, course)?;
            adjust(&mut saved.stack, making);
            if making.live {
                running = saved.clone();
                not_started = match engine.up(&running.stack, &up, progress).await {
                    Ok(_) => None,
                    Err(error) if error.blame == Blame::Stack => Some(error),
                    Err(error) => return Err(error),
                };
            }
            // The containers are those of the stack that runs; what is known of the files is what was saved.
            prober = self::prober(engine, &running, &facts, options);
        }
        let within = if making.at_once { Duration::ZERO } else { READY_WITHIN };
        let asked = SurveyOptions { within, ports: HostPorts::Free, thorough: true, brisk: false, submit: true };
        let mut survey = prober.survey(&asked, progress).await?;
        let containers = engine.containers(&self.project).await?;
        survey.stale = stale(&saved.stack, engine, &containers, &Reloaded::new());
        let report = verdict(course, &survey, facts.clone(), not_started.as_ref(), None);
        let symptom =
            case.seen.as_ref().and_then(|condition| diagnosis::holds(course, condition, &survey, &facts, &report));
        if report.verdict() == Verdict::Broken
            && let Some(what) = witness.changed().await?
        {
            return Err(Error::environment("somebody else changed what was being proved").why(what));
        }
        self.kept = kept;
        Ok((report, symptom))
    }

    /// Makes the bench ready: with the database server that is there, with a new one, or, where there is no `ground` to keep,
    /// with nothing at all.
    #[allow(clippy::too_many_arguments, reason = "one step of `ask`, and its only caller")]
    async fn lay(
        &mut self,
        ground: Option<Ground>,
        kept: Option<Kept>,
        made_from: &str,
        engine: &Engine,
        desired: &Desired,
        up: &UpOptions,
        prober: &Prober,
        progress: &Progress,
    ) -> Result<Option<Kept>> {
        if let (Some(kept), Some(ground)) = (kept, &ground)
            && kept.ground == *ground
            && let Some(kept) = self.again(kept, made_from, engine).await?
        {
            progress.step(&ground.database.name, "keep", "emptied");
            return Ok(Some(kept));
        }
        if std::mem::replace(&mut self.used, true) {
            remove(engine, &self.project, progress).await?;
        }
        let Some(ground) = ground else { return Ok(None) };
        let alone = UpOptions { services: Some(vec![ground.database.name.clone()]), ..up.clone() };
        match engine.up(&desired.stack, &alone, progress).await {
            Ok(_) => {}
            // It is told when all is started.
            Err(error) if error.blame == Blame::Stack => return Ok(None),
            Err(error) => return Err(error),
        }
        if !prober.wait_database(DATABASE_WITHIN.mul_f64(slowness()), progress).await? {
            return Ok(None);
        }
        let Some(container) = engine.container_of(&self.project, &ground.database.name).await? else { return Ok(None) };
        let Some(shared) = empty(engine, &container.id, "").await else { return Ok(None) };
        let log = log(engine, &container).await?;
        Ok(Some(Kept {
            ground,
            container: container.id,
            started_at: container.started_at,
            log,
            shared,
            tables: BTreeMap::new(),
        }))
    }

    /// The database server that was kept, emptied but for the tables that are known to be made from this, if it is still what it was;
    /// all else of the project is removed.
    async fn again(&self, kept: Kept, made_from: &str, engine: &Engine) -> Result<Option<Kept>> {
        let containers = engine.containers(&self.project).await?;
        let (database, others): (Vec<&Container>, Vec<&Container>) =
            containers.iter().partition(|container| container.id == kept.container);
        let Some(database) = database
            .first()
            .filter(|one| one.state == ServiceState::Running && one.started_at == kept.started_at && one.restarts == 0)
        else {
            return Ok(None);
        };
        let removals = others.iter().map(|container| engine.remove(&container.id));
        futures_util::future::try_join_all(removals).await?;
        let log = log(engine, database).await?;
        if log != kept.log {
            tracing::debug!(new = ?log.get(kept.log.len()..), "the database server has logged something");
            return Ok(None);
        }
        let tables = kept.tables.get(made_from).map(String::as_str).unwrap_or_default();
        let shared = empty(engine, &database.id, tables).await;
        if shared.as_ref() != Some(&kept.shared) {
            let changed: Vec<_> =
                shared.iter().flat_map(|text| text.lines()).filter(|line| !kept.shared.contains(line)).collect();
            tracing::debug!(?changed, "the database server cannot be emptied, or is not as it was");
            return Ok(None);
        }
        Ok(Some(kept))
    }

    /// Makes the directory hold these files and no others. What is the same already keeps its date.
    fn write(&self, texts: &Texts) -> Result<()> {
        let home = self.home.path();
        write(home, texts)
            .map_err(|error| Error::environment(format!("{} cannot be written", home.display())).because(error))
    }
}

fn prober(engine: &Engine, desired: &Desired, facts: &crate::lab::Facts, options: &SelftestOptions) -> Prober {
    Prober::new(engine.clone(), desired.stack.clone(), desired.roles.clone(), facts.clone(), &options.course)
}

/// The server without its databases' contents, but for these tables; `None` where that cannot be had.
async fn empty(engine: &Engine, container: &str, tables: &str) -> Option<String> {
    let command = ["sh", "-c", EMPTY, "sh", tables];
    let output = engine.exec(container, &command, &BTreeMap::new(), EMPTY_WITHIN.mul_f64(slowness())).await.ok()?;
    (output.code == 0).then_some(output.stdout)
}

/// What a database server has logged, but for its routine.
async fn log(engine: &Engine, container: &Container) -> Result<Vec<String>> {
    let lines = engine.log_tail(&container.id, &container.service, LOG_LINES).await?;
    Ok(lines.into_iter().map(|line| line.text).filter(|text| !text.contains("LOG:  checkpoint ")).collect())
}

/// Whether a case needs, or leaves, a database that no other case may have.
fn is_alone(making: &Making) -> bool {
    making.live || making.at_once || !making.start.is_empty()
}

/// The stack as this case starts it.
fn adjust(stack: &mut Stack, making: &Making) {
    if making.live {
        // What is in memory is gone with the last container that uses it.
        for volume in stack.volumes.values_mut() {
            volume.driver_opts.clear();
        }
    }
    if !making.start.is_empty() {
        scenario::only(stack, &making.start);
    }
}

impl Ground {
    /// `None` where the database is more than a server with a volume of its own.
    fn of(desired: &Desired) -> Option<Self> {
        let stack = &desired.stack;
        let database = wherever(stack.service(desired.roles.database.as_deref()?)?);
        let plain = database.build.is_none()
            && database.depends_on.is_empty()
            && database.mounts.iter().all(|mount| !matches!(mount.kind, MountKind::Bind(_)));
        let (mut networks, mut volumes) = (stack.networks.clone(), stack.volumes.clone());
        networks.values_mut().for_each(|network| network.place = Place::default());
        volumes.values_mut().for_each(|volume| volume.place = Place::default());
        let services = stack.services.iter().map(|service| service.name.clone()).collect();
        plain.then_some(Self { database, services, networks, volumes })
    }
}

/// A service as it is, wherever in its file it stands.
pub(super) fn wherever(service: &Service) -> Service {
    let mut service = service.clone();
    service.place = Place::default();
    // Each case lies in a directory of its own.
    service.door = Door::default();
    service.ports.iter_mut().for_each(|port| port.place = Place::default());
    service.mounts.iter_mut().for_each(|mount| mount.place = Place::default());
    service.build.iter_mut().for_each(|build| (build.place, build.door) = (Place::default(), Door::default()));
    service
}

fn write(home: &Path, texts: &Texts) -> std::io::Result<()> {
    let mut open = vec![home.to_owned()];
    while let Some(dir) = open.pop() {
        for entry in fs::read_dir(&dir)? {
            let path = entry?.path();
            if path.is_dir() {
                open.push(path);
            } else if !path.strip_prefix(home).is_ok_and(|inside| texts.contains_key(&*inside.to_string_lossy())) {
                fs::remove_file(&path)?;
            }
        }
    }
    for (path, text) in texts {
        let path = home.join(path);
        if fs::read_to_string(&path).is_ok_and(|there| there == *text) {
            continue;
        }
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        fs::write(&path, text)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(files: &[(&str, &str)]) -> Texts {
        files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect()
    }

    #[test]
    fn a_directory_holds_the_files_of_the_last_case_only() {
        let home = tempfile::tempdir().unwrap();
        write(home.path(), &texts(&[("a", "1"), ("src/b", "2"), ("src/c", "3")])).unwrap();
        let date = || fs::metadata(home.path().join("a")).unwrap().modified().unwrap();
        let before = date();
        write(home.path(), &texts(&[("a", "1"), ("src/c", "4")])).unwrap();
        assert_eq!(crate::lab::texts_of(home.path()), texts(&[("a", "1"), ("src/c", "4")]));
        assert_eq!(date(), before, "what is the same is not written again");
    }

    fn ground(edit: impl Fn(&mut Texts)) -> Option<Ground> {
        let course = crate::course::Course::embedded().unwrap();
        let home = tempfile::tempdir().unwrap();
        let mut texts = course.fixed_stack().clone();
        edit(&mut texts);
        write(home.path(), &texts).unwrap();
        let (mut desired, _) = read(home.path(), "p", &course).unwrap();
        desired.stack.dir = "/".into();
        let mut ground = Ground::of(&desired)?;
        ground.database.env_files.clear();
        Some(ground)
    }

    fn with(file: &'static str, from: &'static str, to: &'static str) -> impl Fn(&mut Texts) {
        move |texts| {
            let text = texts.get_mut(file).unwrap();
            assert!(text.contains(from), "{file} has no {from}");
            *text = text.replacen(from, to, 1);
        }
    }

    #[test]
    fn only_the_very_same_database_server_is_kept() {
        const FILE: &str = "docker-compose.yml";
        let plain = ground(|_| {});
        assert!(plain.is_some());
        assert_eq!(ground(with(FILE, "services:", "# more lines\n\nservices:")), plain);
        assert_eq!(ground(with(FILE, "8080:80", "80:8080")), plain);
        for changed in [
            ground(with("env_file", "POSTGRES_PASSWORD=docker", "POSTGRES_PASSWORD=other")),
            ground(with(FILE, "image: postgres:17", "image: postgres:17\n    command: postgres -c port=5433")),
            ground(with(FILE, "  front:\n  back:\n", "  front:\n  back:\n    internal: true\n")),
            ground(with(FILE, "      - back\n\n", "      - back\n      - front\n\n")),
            ground(with(FILE, "services:", "services:\n  more:\n    image: nginx:1.28\n")),
        ] {
            assert!(changed.is_some() && changed != plain, "{changed:#?}");
        }
        let init = ground(with(FILE, "dbdata:/var", "./init:/docker-entrypoint-initdb.d\n      - dbdata:/var"));
        assert_eq!(init, None, "what is in a directory may change");
    }
}
