//! The conductor on real containers: a lab from its first start to solved lessons and back, driven as a front end drives it.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use breakfix::{
    conductor::{self, Action, Asking, EngineStatus, Options, Remote, Update},
    course::Course,
    diagnosis::{Status, Verdict},
    engine::ServiceState,
    engine::{Engine, ImagePolicy, Progress},
    journal::{Event, Outcome},
    lab::MakeLive,
};
use tokio::sync::mpsc;

/// A front end that remembers nothing but waits for what it wants to see.
struct FrontEnd {
    remote: Remote,
    updates: mpsc::Receiver<Update>,
    seen: Vec<Update>,
}

impl FrontEnd {
    fn open(lab: &Path, engine: Option<String>) -> Self {
        let course = Arc::new(Course::embedded().unwrap());
        let options = Options { lab: lab.to_owned(), engine, images: ImagePolicy::Auto, course };
        let (remote, updates) = conductor::spawn(options);
        Self { remote, updates, seen: Vec::new() }
    }

    fn send(&self, action: Action) {
        self.remote.send(action);
    }

    /// The first update from now on of which this makes something.
    async fn until<T>(&mut self, what: &str, mut wanted: impl FnMut(&Update) -> Option<T>) -> T {
        let begun = self.seen.len();
        let waiting = async {
            while let Some(update) = self.updates.recv().await {
                let found = wanted(&update);
                self.seen.push(update);
                if let Some(found) = found {
                    return found;
                }
            }
            panic!("the conductor closed before: {what}\n{:#?}", &self.seen[begun..]);
        };
        match tokio::time::timeout(Duration::from_secs(240), waiting).await {
            Ok(found) => found,
            Err(_) => panic!("never came: {what}\n{:#?}", &self.seen[begun..]),
        }
    }

    async fn event<T>(&mut self, what: &str, mut wanted: impl FnMut(&Event) -> Option<T>) -> T {
        self.until(what, |update| match update {
            Update::Event(entry) => wanted(&entry.event),
            _ => None,
        })
        .await
    }

    /// Waits for the end of the work that was asked for last, which has to succeed.
    async fn done(&mut self) {
        let outcome = self
            .event("the end of a work", |event| match event {
                Event::WorkEnded { outcome, .. } => Some(outcome.clone()),
                _ => None,
            })
            .await;
        assert_eq!(outcome, Outcome::Done, "{:#?}", self.seen.last());
        self.until("idle", |update| matches!(update, Update::Work(None)).then_some(())).await;
    }

    /// Verifies, and gives the verdict, the lessons' status by id, and what the journal said of lessons.
    async fn verify(&mut self, lesson: &str) -> (Verdict, Vec<(String, Status)>, Vec<Event>) {
        self.send(Action::Verify { lesson: lesson.to_owned(), asking: Asking::Patient });
        let report = self
            .event("a verdict", |event| match event {
                Event::Verified { report, .. } => Some(report.clone()),
                _ => None,
            })
            .await;
        let mut told = Vec::new();
        self.until("idle", |update| match update {
            Update::Event(entry) => {
                told.push(entry.event.clone());
                None
            }
            Update::Work(None) => Some(()),
            _ => None,
        })
        .await;
        let lessons = report.lessons.iter().map(|lesson| (lesson.id.clone(), lesson.status)).collect();
        (report.verdict(), lessons, told)
    }

    /// The saved files that are not live, once they are told as this service's.
    async fn stale(&mut self, service: &str) -> MakeLive {
        self.until("a stale service", |update| match update {
            Update::Files { stale, .. } => stale.iter().find(|one| one.service == service).map(|one| one.action),
            _ => None,
        })
        .await
    }

    async fn quit(mut self) -> Vec<Update> {
        self.send(Action::Quit);
        self.until("the end", |update| (*update == Update::Closed).then_some(())).await;
        self.seen
    }
}

/// A lab in a directory of its own, whose project nobody else has; its containers go when this is dropped.
struct Place {
    home: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        Self { home: tempfile::Builder::new().prefix("breakfix-conductor-").tempdir().unwrap() }
    }

    fn lab(&self) -> PathBuf {
        let name = self.home.path().file_name().unwrap().to_str().unwrap().to_lowercase();
        self.home.path().join(name)
    }

    fn edit(&self, file: &str, from: &str, to: &str) {
        let path = self.lab().join(file);
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "{file} has no {from}");
        std::fs::write(&path, text.replace(from, to)).unwrap();
    }

    /// Removes what the lab started; also when a test has failed.
    async fn tidy(&self) {
        let engine = Engine::find(None).await.unwrap();
        let project = conductor::project(&self.lab(), &Course::embedded().unwrap());
        engine.down(&project, Some(&self.lab()), true, &Progress::silent()).await.unwrap();
        engine.remove_images(&[format!("{project}-flaskapp:latest")]).await.unwrap();
    }
}

/// Runs a test's story, and tidies up after it whatever its end.
fn on_real_containers<F: Future<Output = ()> + Send + 'static>(story: impl FnOnce(Arc<Place>) -> F) {
    if crate::common::left_out() {
        return;
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        if let Err(error) = Engine::find(None).await {
            panic!("{error}\nor set BREAKFIX_SKIP_DOCKER=1 to leave these tests out");
        }
        let place = Arc::new(Place::new());
        let ended = tokio::spawn(story(Arc::clone(&place))).await;
        place.tidy().await;
        if let Err(failure) = ended {
            std::panic::resume_unwind(failure.into_panic());
        }
    });
}

#[test]
fn a_lab_from_its_first_start_to_solved_lessons_and_back() {
    on_real_containers(|place| async move {
        let mut front = FrontEnd::open(&place.lab(), None);
        front.event("a new lab", |event| matches!(event, Event::LabMade { .. }).then_some(())).await;
        front.until("an engine", |update| matches!(update, Update::Engine(EngineStatus::Here(_))).then_some(())).await;

        // Nothing runs: making live is bringing up. Then the tables, and the first verdict.
        front.send(Action::MakeLive);
        front.done().await;
        front.send(Action::Bootstrap);
        front.done().await;
        let (verdict, lessons, told) = front.verify("host-port").await;
        assert_eq!(verdict, Verdict::Broken);
        assert!(lessons.contains(&("host-port".to_owned(), Status::Fail)), "{lessons:?}");
        let solved = |event: &Event| matches!(event, Event::LessonSolved { lesson, .. } if lesson == "host-port");
        assert!(!told.iter().any(solved), "{told:?}");
        front
            .until("three containers that run", |update| match update {
                Update::Containers(all) => {
                    (all.iter().filter(|one| one.state == ServiceState::Running).count() == 3).then_some(())
                }
                _ => None,
            })
            .await;

        // The learner's edit is noticed, is not live, and a new container makes it live.
        place.edit("docker-compose.yml", "80:8080", "8080:80");
        let diff = front
            .event("the learner's edit", |event| match event {
                Event::FileChanged { file, diff, .. } if file == Path::new("docker-compose.yml") => Some(diff.clone()),
                _ => None,
            })
            .await;
        assert!(diff.contains("+      - \"8080:80\""), "{diff}");
        assert_eq!(front.stale("nginx").await, MakeLive::Recreate);
        front.send(Action::MakeLive);
        front.done().await;
        let (verdict, _, told) = front.verify("host-port").await;
        assert_eq!(verdict, Verdict::Works);
        assert!(told.contains(&Event::LessonSolved { lesson: "host-port".into(), revealed: false }), "{told:?}");

        // A fix in two places, each live by its own smallest action.
        place.edit("conf.d/flaskapp.conf", "5001", "5000");
        assert_eq!(front.stale("nginx").await, MakeLive::Reload);
        front.send(Action::MakeLive);
        front.done().await;
        let (verdict, _, told) = front.verify("app-port").await;
        assert_eq!(verdict, Verdict::Works, "{told:?}");

        // The bug of a solved lesson comes back on request, and what was the learner's is kept.
        front.send(Action::Repeat { lesson: "app-port".into() });
        let backup = front
            .event("the bug's return", |event| match event {
                Event::Repeated { lesson, backup } if lesson == "app-port" => Some(backup.clone()),
                _ => None,
            })
            .await;
        let kept = std::fs::read_to_string(place.lab().join(backup).join("conf.d/flaskapp.conf")).unwrap();
        assert!(kept.contains("flaskapp:5000"), "{kept}");
        assert_eq!(front.stale("nginx").await, MakeLive::Reload);
        front.send(Action::MakeLive);
        front.done().await;
        let (verdict, lessons, _) = front.verify("app-port").await;
        assert_eq!(verdict, Verdict::Broken);
        assert!(lessons.contains(&("host-port".to_owned(), Status::Pass)), "the others stay mended: {lessons:?}");

        // Back to the bug: what was solved is no longer, and the file's way back is told.
        place.edit("docker-compose.yml", "8080:80", "80:8080");
        assert_eq!(front.stale("nginx").await, MakeLive::Recreate);
        front.send(Action::MakeLive);
        front.done().await;
        let (verdict, _, told) = front.verify("host-port").await;
        assert_eq!(verdict, Verdict::Broken);
        assert!(told.contains(&Event::LessonRegressed { lesson: "host-port".into() }), "{told:?}");

        front.send(Action::Down { volumes: true });
        front.done().await;
        let seen = front.quit().await;
        let logged = seen.iter().any(|update| matches!(update, Update::Log(line) if line.service == "flaskapp"));
        assert!(logged, "the app's log was followed");
    });
}

#[test]
fn what_the_tutor_writes_is_not_the_learners_change() {
    on_real_containers(|place| async move {
        let mut front = FrontEnd::open(&place.lab(), None);
        front.event("a new lab", |event| matches!(event, Event::LabMade { .. }).then_some(())).await;
        front.send(Action::Reveal { lesson: "host-port".into() });
        let diff = front
            .event("the fix", |event| match event {
                Event::Revealed { diff, .. } => Some(diff.clone()),
                _ => None,
            })
            .await;
        assert!(diff.contains("8080:80"), "{diff}");
        // The learner's own text stands in the way: the whole file is written, and theirs is kept.
        std::fs::write(place.lab().join("conf.d/flaskapp.conf"), "mine\n").unwrap();
        front.send(Action::Refresh);
        front.send(Action::Reveal { lesson: "app-port".into() });
        front.event("the second fix", |event| matches!(event, Event::Revealed { .. }).then_some(())).await;
        assert!(std::fs::read_to_string(place.lab().join("conf.d/flaskapp.conf")).unwrap().contains("flaskapp"));
        front.send(Action::Reset { files: vec![] });
        let backup = front
            .event("the way back", |event| match event {
                Event::Reset { backup, .. } => Some(backup.clone()),
                _ => None,
            })
            .await;
        assert!(place.lab().join(backup).join("docker-compose.yml").is_file());
        front.send(Action::Refresh);
        let seen = front.quit().await;
        let changes: Vec<&Event> = seen
            .iter()
            .filter_map(|update| match update {
                Update::Event(entry) if matches!(entry.event, Event::FileChanged { .. }) => Some(&entry.event),
                _ => None,
            })
            .collect();
        assert_eq!(changes.len(), 1, "only the learner's own edit: {changes:#?}");
    });
}

#[test]
fn a_cancelled_work_is_over_at_once_and_another_can_follow() {
    on_real_containers(|place| async move {
        let mut front = FrontEnd::open(&place.lab(), None);
        front.until("an engine", |update| matches!(update, Update::Engine(EngineStatus::Here(_))).then_some(())).await;
        front.send(Action::Up { services: vec![], build: true });
        front.until("a step", |update| matches!(update, Update::Step(_)).then_some(())).await;
        front.send(Action::Verify { lesson: "host-port".into(), asking: Asking::Patient });
        front.send(Action::Cancel);
        let outcome = front
            .event("the end", |event| match event {
                Event::WorkEnded { outcome, .. } => Some(outcome.clone()),
                _ => None,
            })
            .await;
        assert_eq!(outcome, Outcome::Cancelled);
        front.until("idle", |update| matches!(update, Update::Work(None)).then_some(())).await;
        // What was queued behind it is gone too; what is asked now is done.
        front.send(Action::Up { services: vec!["db".into()], build: false });
        front.done().await;
        let seen = front.quit().await;
        assert!(
            !seen
                .iter()
                .any(|update| matches!(update, Update::Event(entry) if matches!(entry.event, Event::Verified { .. })))
        );
    });
}

#[test]
fn a_lab_has_one_tutor_and_a_history() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let place = Place::new();
        // No engine is needed for any of this.
        let nobody = Some("unix:///nowhere/docker.sock".to_owned());
        let mut first = FrontEnd::open(&place.lab(), nobody.clone());
        let missing = first
            .until("a missing engine", |update| match update {
                Update::Engine(EngineStatus::Missing(error)) => Some(error.clone()),
                _ => None,
            })
            .await;
        first.send(Action::Up { services: vec![], build: false });
        let error = first
            .until("a failure", |update| match update {
                Update::Failed(error) => Some(error.clone()),
                _ => None,
            })
            .await;
        assert_eq!(error, missing, "the reason is the engine's");
        first.send(Action::Record(Event::Noted { lesson: "host-port".into(), text: "hm".into() }));
        first.event("a note", |event| matches!(event, Event::Noted { .. }).then_some(())).await;

        let mut second = FrontEnd::open(&place.lab(), nobody.clone());
        let error = second
            .until("a refusal", |update| match update {
                Update::Failed(error) => Some(error.clone()),
                _ => None,
            })
            .await;
        assert_eq!(error.blame, breakfix::Blame::Usage, "{error}");
        second.until("the end", |update| (*update == Update::Closed).then_some(())).await;

        first.quit().await;
        // What is edited while nobody looks is told at the next start, once.
        place.edit("docker-compose.yml", "80:8080", "8080:80");
        let mut again = FrontEnd::open(&place.lab(), nobody.clone());
        again.event("the note, from the journal", |event| matches!(event, Event::Noted { .. }).then_some(())).await;
        let edits = |seen: &[Update]| {
            let edits = seen.iter().filter_map(|update| match update {
                Update::Event(entry) => match &entry.event {
                    Event::FileChanged { file, diff, while_closed } => {
                        Some((file.clone(), diff.clone(), *while_closed))
                    }
                    _ => None,
                },
                _ => None,
            });
            edits.collect::<Vec<_>>()
        };
        let told = edits(&again.quit().await);
        let [(file, diff, true)] = &told[..] else { panic!("{told:#?}") };
        assert!(file == Path::new("docker-compose.yml") && diff.contains("+      - \"8080:80\""), "{diff}");
        let third = FrontEnd::open(&place.lab(), nobody);
        assert_eq!(edits(&third.quit().await), told, "the third start has nothing new to tell");
    });
}

#[test]
fn what_is_taken_down_in_the_middle_of_its_start_is_gone() {
    on_real_containers(|place| async move {
        let mut front = FrontEnd::open(&place.lab(), None);
        front.until("an engine", |update| matches!(update, Update::Engine(EngineStatus::Here(_))).then_some(())).await;
        // At several moments: while networks, then containers, are being made.
        for moment in [0, 60, 120, 250, 500, 900] {
            front.send(Action::Up { services: vec![], build: true });
            front.until("a work", |update| matches!(update, Update::Work(Some(_))).then_some(())).await;
            tokio::time::sleep(Duration::from_millis(moment)).await;
            front.send(Action::Down { volumes: true });
            front.event("all is removed", |event| matches!(event, Event::TakenDown { .. }).then_some(())).await;
            front.until("idle", |update| matches!(update, Update::Work(None)).then_some(())).await;
            let project = conductor::project(&place.lab(), &Course::embedded().unwrap());
            let left = Engine::find(None).await.unwrap().labelled("dev.breakfix.lab").await.unwrap();
            assert!(!left.iter().any(|one| one.project == project), "after {moment} ms: {left:?}");
        }
        front.quit().await;
    });
}

/// Forwards a socket to the engine's until it is dropped; then every connection through it breaks.
#[cfg(unix)]
fn forward(from: PathBuf, to: PathBuf) -> tokio::task::JoinSet<()> {
    let mut forwarding = tokio::task::JoinSet::new();
    let listener = tokio::net::UnixListener::bind(&from).unwrap();
    forwarding.spawn(async move {
        let mut connections = tokio::task::JoinSet::new();
        while let Ok((mut client, _)) = listener.accept().await {
            let to = to.clone();
            connections.spawn(async move {
                let mut engine = tokio::net::UnixStream::connect(&to).await.unwrap();
                let _ = tokio::io::copy_bidirectional(&mut client, &mut engine).await;
            });
        }
    });
    forwarding
}

#[cfg(unix)]
#[test]
fn an_engine_that_goes_away_is_noticed_and_found_again() {
    on_real_containers(|place| async move {
        let url = Engine::find(None).await.unwrap().info.url;
        let Some(real) = url.strip_prefix("unix://").map(PathBuf::from) else {
            return eprintln!("skipped: the engine is not behind a socket here, but at {url}");
        };
        let socket = place.home.path().join("engine.sock");
        let forwarding = forward(socket.clone(), real.clone());
        let mut front = FrontEnd::open(&place.lab(), Some(format!("unix://{}", socket.display())));
        let here = |update: &Update| matches!(update, Update::Engine(EngineStatus::Here(_))).then_some(());
        front.until("an engine", here).await;
        front.send(Action::Up { services: vec!["db".into()], build: false });
        front.done().await;
        front.send(Action::Verify { lesson: "host-port".into(), asking: Asking::Patient });
        front
            .until("a question", |update| matches!(update, Update::Step(step) if step.verb == "ask").then_some(()))
            .await;

        drop(forwarding);
        std::fs::remove_file(&socket).unwrap();
        front
            .until("that it is gone", |update| matches!(update, Update::Engine(EngineStatus::Missing(_))).then_some(()))
            .await;
        let gone = front
            .until("no containers", |update| match update {
                Update::Containers(all) => Some(all.is_empty()),
                _ => None,
            })
            .await;
        assert!(gone);

        let _forwarding = forward(socket, real);
        front.until("that it is back", here).await;
        front
            .until("its containers", |update| match update {
                Update::Containers(all) => all.iter().any(|one| one.service == "db").then_some(()),
                _ => None,
            })
            .await;
        front.send(Action::Down { volumes: true });
        front.event("all is removed", |event| matches!(event, Event::TakenDown { .. }).then_some(())).await;
        front.quit().await;
    });
}
