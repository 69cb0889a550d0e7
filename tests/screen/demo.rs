//! `breakfix demo` on real containers, driven as a room drives it: forwards, backwards and at random; and without an engine.
//!
//! Where no engine answers, the container test fails and says what to start; `BREAKFIX_SKIP_DOCKER=1` leaves it out.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};

use breakfix::{
    conductor::{self, Options, Remote, Update},
    course::Course,
    diagnosis::Status,
    engine::{Engine, ImagePolicy, Progress},
    journal::{Entry, Event, now_ms},
    lab::texts_of,
    tui::{
        Msg, Theme,
        demo::{At, Effect, Model, Overlay, Phase, Recording, Source, Start, Way, begin, update, view},
    },
};
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::{Terminal, backend::TestBackend};
use tokio::sync::mpsc;

use crate::common::{all, one_of};

/// The demo's own loop, with a hand instead of a keyboard.
struct Demo {
    model: Model,
    remote: Remote,
    told: mpsc::Receiver<Update>,
    lab: PathBuf,
    /// Asides that came out otherwise than the course says.
    strange: Vec<String>,
    /// What each verdict since the last wrong turn stood on.
    seen: Vec<String>,
}

impl Demo {
    fn open(lab: &Path) -> Self {
        let course = Arc::new(Course::embedded().unwrap());
        let options =
            Options { lab: lab.to_owned(), engine: None, images: ImagePolicy::Auto, course: Arc::clone(&course) };
        let (remote, told) = conductor::spawn(options);
        let model = Model::new(Start {
            course,
            recording: Recording::default(),
            lesson: None,
            replay: None,
            theme: Theme::MONO,
            lab: "./demo".into(),
            auto: None,
            once: false,
            all: false,
            is_watched: true,
            last: None,
            now: now_ms(),
        })
        .unwrap();
        let mut demo = Self { model, remote, told, lab: lab.to_owned(), strange: Vec::new(), seen: Vec::new() };
        let effects = begin(&mut demo.model);
        demo.carry_out(effects);
        demo
    }

    fn carry_out(&self, effects: Vec<Effect>) {
        for effect in effects {
            if let Effect::Conduct(action) = effect {
                self.remote.send(action);
            }
        }
    }

    fn take(&mut self, message: Msg) {
        self.model.now = now_ms();
        let effects = update(&mut self.model, message);
        self.carry_out(effects);
    }

    fn press(&mut self, code: KeyCode) {
        self.take(Msg::Key(KeyEvent::new(code, KeyModifiers::NONE)));
    }

    /// What happens within so many milliseconds.
    async fn wait(&mut self, ms: u64) {
        let until = Instant::now() + Duration::from_millis(ms);
        while Instant::now() < until {
            let next = self.model.next_change().map_or(ms, |due| due.saturating_sub(now_ms()));
            let left = until.saturating_duration_since(Instant::now());
            match tokio::time::timeout(left.min(Duration::from_millis(next)), self.told.recv()).await {
                Ok(Some(update)) => {
                    if let Update::Event(entry) = &update
                        && let Event::Verified { report, survey, .. } = &entry.event
                    {
                        let pieces = survey.evidence.values();
                        let pieces =
                            pieces.map(|one| format!("{} {:?} {:.1} s", one.id, one.observation.kind(), one.seconds));
                        let named: Vec<&str> = report.wrong_turns.iter().map(|turn| turn.id.as_str()).collect();
                        self.seen.push(format!("{named:?} {:?} {:?}", survey.stale, pieces.collect::<Vec<_>>()));
                    }
                    self.take(Msg::Updates(vec![update]));
                }
                Ok(None) => panic!("the conductor has closed: {:?}", self.model.shop.notice),
                Err(_) => self.take(Msg::Tick),
            }
        }
    }

    /// Waits until what is shown is so, and proves that it is. `step` is for the message.
    async fn arrive(&mut self, step: &str) {
        let begun = Instant::now();
        while !self.model.shop.is_at_rest() {
            assert!(
                begun.elapsed() < Duration::from_secs(240),
                "{step}: never arrived at {}: {}",
                self.key(),
                self.picture()
            );
            self.wait(50).await;
        }
        if let Some(Overlay::Port { by }) = &self.model.overlay {
            // Whoever runs these tests has something there: the shop takes another number.
            eprintln!("{step}: 8080 is held by {by}");
            self.press(KeyCode::Enter);
        }
        let scene = self.model.scene().unwrap().clone();
        let wanted = self.model.shop.wanted.clone().unwrap();
        assert_eq!(wanted.scene.key, scene.key, "{step}");
        let declared = matches!(wanted.phase, Phase::Settled { declared: true, .. });
        if self.model.aside().is_none() {
            assert!(declared, "{step}: {}", self.picture());
        } else if !declared {
            // Whether each wrong turn is known by its name is for the selftest to prove; here the screen has to say so.
            assert!(self.picture().contains("not what this beat tells of"), "{step}: {}", self.picture());
            self.strange.push(scene.key.clone());
        }
        let files = texts_of(&self.lab);
        for (path, text) in scene.texts() {
            assert!(files.get(path) == Some(text), "{step}: {path} is not as {} declares it", scene.key);
        }
        // Read apart from what the demo says of itself.
        let report = self.model.shop.progress.last_report.as_ref().unwrap();
        let holds: BTreeMap<&str, bool> =
            report.hops.iter().map(|hop| (hop.id.as_str(), hop.status == Status::Pass)).collect();
        if scene.staging.turn.is_none() && scene.staging.variant.is_none() {
            let fixed = |id: &str| scene.staging.fixed.iter().any(|fixed| fixed == id);
            assert_eq!(holds["browser-nginx"], fixed("host-port"), "{step}: {}", self.picture());
            assert!(holds["flaskapp-db"], "{step}: {}", self.picture());
            let page = fixed("host-port") && fixed("app-port");
            let row = page && fixed("constructor") && fixed("representation");
            let check = |id: &str| report.checks.iter().any(|check| check.id == id && check.status == Status::Pass);
            assert_eq!((check("form-there"), check("row-shown")), (page, row), "{step}: {}", self.picture());
        }
    }

    /// Takes this wrong turn out of the menu, waits until it is made, and goes back to the beat; gives how long it took.
    async fn take_turn(&mut self, id: &str) -> u64 {
        self.seen.clear();
        self.press(KeyCode::Char('b'));
        for letter in id.chars() {
            self.press(KeyCode::Char(letter));
        }
        assert_eq!(self.model.found().len(), 1, "{id} is not one entry of the menu");
        self.press(KeyCode::Enter);
        self.arrive(id).await;
        let wanted = self.model.shop.wanted.clone().unwrap();
        assert!(!wanted.anew, "{id} was only there after the shop was made anew: {:#?}", self.seen);
        assert_eq!(self.strange, Vec::<String>::new(), "{}", self.picture());
        let took = self.model.measured.last().unwrap().1;
        self.press(KeyCode::PageUp);
        self.arrive(&format!("back from {id}")).await;
        assert!(!self.model.shop.wanted.as_ref().unwrap().anew, "{id} has left something behind");
        took
    }

    fn key(&self) -> String {
        self.model.scene().unwrap().key.clone()
    }

    fn picture(&self) -> String {
        let mut terminal = Terminal::new(TestBackend::new(100, 30)).unwrap();
        terminal.draw(|frame| view(&self.model, frame)).unwrap();
        terminal.backend().to_string()
    }
}

/// Numbers that look random and are the same in every run.
struct Dice(u64);

impl Dice {
    fn throw(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % sides
    }
}

/// Steps at random at the end.
const AT_RANDOM: usize = 8;

/// How many steps are taken: some way through the talk, and then at random. With `BREAKFIX_ALL=1` all the way, and all the way back.
fn steps_to_take() -> usize {
    if all() { 100 } else { 22 }
}

/// A wrong turn of each kind that is more than its files, taken from the end of the talk.
async fn each_kind(demo: &mut Demo) {
    demo.press(KeyCode::Char('5'));
    demo.arrive("the end of the talk").await;
    for (kind, id) in [
        ("saved only", "conf-not-live"),
        ("while it runs", "volume-keeps-old-settings"),
        ("while it runs", "table-without-the-column"),
        ("some start", "one-container-alone"),
        ("asked at once", "db-not-ready"),
        ("moved", "nginx-keeps-old-address"),
    ]
    .into_iter()
    .step_by(one_of(2))
    {
        let ms = demo.take_turn(id).await;
        eprintln!("{kind}: {id} in {ms} ms");
    }
}

async fn talk(lab: PathBuf) {
    let mut demo = Demo::open(&lab);
    demo.arrive("the first beat").await;
    each_kind(&mut demo).await;
    demo.press(KeyCode::Char('0'));
    demo.arrive("the first beat again").await;
    assert_eq!(demo.model.source, Source::Live);
    let beats = demo.model.beats.len();
    let (mut steps, most) = (0, steps_to_take());
    let last = if all() { beats - 1 } else { most - AT_RANDOM };
    for beat in 1..=last {
        demo.press(KeyCode::PageDown);
        // Every other edit is watched; the others are cut short by the next press.
        if demo.model.typing.is_some() && beat % 2 == 0 {
            demo.press(KeyCode::PageDown);
        }
        assert_eq!(demo.model.at, At::Beat(beat));
        demo.arrive(&format!("forwards to {beat}")).await;
        steps += 1;
    }
    for beat in (0..last).rev() {
        if steps + AT_RANDOM >= most {
            break;
        }
        demo.press(KeyCode::PageUp);
        assert_eq!(demo.model.at, At::Beat(beat));
        demo.arrive(&format!("back to {beat}")).await;
        steps += 1;
    }
    let mut dice = Dice(7);
    let mut asides: Vec<(Way, u64)> = Vec::new();
    while steps < most {
        steps += 1;
        let what = match dice.throw(10) {
            0..=3 => {
                demo.press(KeyCode::PageDown);
                "on"
            }
            4..=6 => {
                demo.press(KeyCode::PageUp);
                "back"
            }
            7 => {
                demo.press(KeyCode::Char(char::from_digit(u32::try_from(dice.throw(6)).unwrap(), 10).unwrap()));
                "a lesson"
            }
            way => {
                demo.press(KeyCode::Char(if way == 8 { 'b' } else { 'm' }));
                for _ in 0..dice.throw(demo.model.found().len()) {
                    demo.press(KeyCode::Down);
                }
                demo.press(KeyCode::Enter);
                "an aside"
            }
        };
        // Sometimes the hand is quicker than the shop: what was on its way is left behind.
        if dice.throw(4) == 0 {
            demo.wait(u64::try_from(dice.throw(1_500)).unwrap()).await;
            continue;
        }
        demo.arrive(&format!("step {steps}, {what}, {}", demo.key())).await;
        if let (Some(item), Some((_, ms)), "an aside") = (demo.model.aside(), demo.model.measured.last(), what) {
            asides.push((item.way, *ms));
        }
    }
    demo.arrive("the last step").await;
    eprintln!("otherwise than the course says: {:?}", demo.strange);
    assert!(demo.strange.len() <= 2, "{:?}", demo.strange);
    for way in [Way::Break, Way::Mend] {
        let mut took: Vec<u64> = asides.iter().filter(|(other, _)| *other == way).map(|(_, ms)| *ms).collect();
        took.sort_unstable();
        eprintln!(
            "{way:?}: {} times, median {:?} ms, worst {:?} ms",
            took.len(),
            took.get(took.len() / 2),
            took.last()
        );
    }
    demo.remote.send(conductor::Action::Quit);
}

#[test]
fn a_hundred_steps_forwards_backwards_and_at_random_are_each_as_the_beat_declares() {
    if crate::common::left_out() {
        return;
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let engine = match Engine::find(None).await {
            Ok(engine) => engine,
            Err(error) => panic!("{error}\nor set BREAKFIX_SKIP_DOCKER=1 to leave these tests out"),
        };
        let home = tempfile::Builder::new().prefix("breakfix-demo-").tempdir().unwrap();
        let name = home.path().file_name().unwrap().to_str().unwrap().to_lowercase();
        let lab = home.path().join(name);
        let ended = tokio::spawn(talk(lab.clone())).await;
        let project = conductor::project(&lab, &Course::embedded().unwrap());
        engine.down(&project, Some(&lab), true, &Progress::silent()).await.unwrap();
        engine.remove_images(&[format!("{project}-flaskapp:latest")]).await.unwrap();
        if let Err(failure) = ended {
            std::panic::resume_unwind(failure.into_panic());
        }
    });
}

/// The demo without a terminal and without an engine: exit code, standard error, and the recording that it wrote.
fn cast(home: &Path, args: &[&str]) -> (Option<i32>, String, Vec<serde_json::Value>) {
    let file = home.join("x.cast");
    let output = Command::new(env!("CARGO_BIN_EXE_breakfix"))
        .args(["demo", "--engine", "unix:///nowhere.sock", "--cast"])
        .arg(&file)
        .args(args)
        .current_dir(home)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let lines = std::fs::read_to_string(&file).unwrap_or_default();
    let lines = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned(), lines)
}

/// What a terminal shows after each picture of a recording.
fn screens(lines: &[serde_json::Value]) -> Vec<String> {
    let size = |name: &str| u16::try_from(lines[0][name].as_u64().unwrap()).unwrap();
    let mut screen = vt100::Parser::new(size("height"), size("width"), 0);
    let pictures = lines[1..].iter().map(|line| {
        screen.process(line[2].as_str().unwrap().as_bytes());
        screen.screen().contents()
    });
    pictures.collect()
}

#[test]
fn without_an_engine_the_talk_goes_on_by_itself_from_the_recorded_run() {
    let home = tempfile::tempdir().unwrap();
    let (code, stderr, lines) = cast(home.path(), &["hindsight", "--auto", "1"]);
    assert_eq!((code, stderr.as_str()), (Some(0), ""));
    assert_eq!((&lines[0]["version"], &lines[0]["width"], &lines[0]["height"]), (&2.into(), &100.into(), &30.into()));
    let screens = screens(&lines);
    assert!(screens.iter().any(|screen| screen.contains("RECORDING of ") && screen.contains("✓ everything works")));
    assert!(
        screens.iter().any(|screen| screen.contains("27 / 28"))
            || screens.iter().any(|screen| screen.contains("Hindsight"))
    );
}

#[test]
fn any_journal_plays_without_an_engine() {
    let home = tempfile::tempdir().unwrap();
    let journal = home.path().join("journal.jsonl");
    let diff = "--- a/docker-compose.yml\n+++ b/docker-compose.yml\n@@ -21,7 +21,7 @@\n   nginx:\n     image: nginx:1.28\n     ports:\n-      - \"80:8080\"\n+      - \"8080:80\"\n     volumes:\n       - ./conf.d:/etc/nginx/conf.d:ro\n     depends_on:\n";
    let note = |text: &str| Event::Noted { lesson: "host-port".into(), text: text.into() };
    let events = [
        Event::LabMade { course: "systems-puzzle".into(), version: "0.1.0".into() },
        note("Is it the port?"),
        Event::FileChanged { file: "docker-compose.yml".into(), diff: diff.into(), while_closed: false },
        note("It was."),
    ];
    let entries = (1..).zip(events).map(|(n, event)| Entry { at: 1_795_478_400_000 + n * 1_000, event });
    let text: String = entries.map(|entry| serde_json::to_string(&entry).unwrap() + "\n").collect();
    std::fs::write(&journal, text).unwrap();
    let (code, stderr, lines) = cast(home.path(), &["--speed", "8", "--replay", "journal.jsonl"]);
    assert_eq!((code, stderr.as_str()), (Some(0), ""));
    let screens = screens(&lines);
    let all = screens.join("\n");
    assert!(all.contains("RECORDING of 24 November 2026"), "{all}");
    assert!(all.contains("+   - \"8080:80\"") || all.contains("- \"8080:80\""), "the edit is seen: {all}");
    assert!(all.contains(":8080") && all.contains("journal.jsonl"));
    assert!(!home.path().join("systems-puzzle-demo").exists(), "a journal that is played makes no lab");
}

#[test]
fn a_learners_lab_is_not_touched() {
    let home = tempfile::tempdir().unwrap();
    let state = home.path().join("mine").join(".breakfix");
    std::fs::create_dir_all(&state).unwrap();
    let opened = Entry { at: 1, event: Event::LessonOpened { lesson: "host-port".into() } };
    std::fs::write(state.join("journal.jsonl"), serde_json::to_string(&opened).unwrap() + "\n").unwrap();
    let (code, stderr, _) = cast(home.path(), &["--auto", "1", "--lab", "mine"]);
    assert_eq!(code, Some(2), "{stderr}");
    assert!(stderr.contains("somebody has worked"), "{stderr}");
    assert!(!home.path().join("mine/docker-compose.yml").exists());
}

#[test]
fn without_a_terminal_it_says_what_would_run() {
    let output = Command::new(env!("CARGO_BIN_EXE_breakfix"))
        .args(["demo", "--lab", "nowhere-demo"])
        .current_dir(std::env::temp_dir())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
}
