//! How long one frame takes at 200×60, on each screen of a full model: `cargo bench --bench frame`.
//!
//! A frame is `view`, ratatui's comparison with the frame before, and the cells that changed, on a terminal in memory. Before
//! each, a log line comes in, so that no two are alike.

#![allow(clippy::unwrap_used, reason = "a measurement that cannot go on ends")]

use std::{collections::BTreeMap, sync::Arc, time::Instant};

use breakfix::{
    conductor::{Action, ContainerView, EngineStatus, Update},
    course::Course,
    diagnosis::{HopVerdict, Judgement, LessonVerdict, Report, Status},
    engine::{EngineInfo, EngineKind, ImageOrigin, ImageStatus, LogLine, ServiceState, Stream},
    journal::{Entry, Event},
    probe::{Evidence, HttpAnswer, Observation, Survey},
    tui::{Config, Effect, LabTexts, Model, Msg, Page, Start, Theme, update, view},
};
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::{Terminal, backend::TestBackend};

const COLUMNS: u16 = 200;
const ROWS: u16 = 60;
const FRAMES: usize = 2000;
const DAWN: u64 = 1_800_000_000_000;

fn main() {
    let mut stage = Stage::new();
    println!("frames at {COLUMNS}×{ROWS}, {FRAMES} of each");
    println!("{:<22} {:>9} {:>9} {:>9}", "screen", "median", "p95", "worst");
    stage.measure("first screen");
    stage.press(KeyCode::Enter);
    stage.measure("story");
    stage.go_to_work("app-port");
    for (digit, name) in [('1', "evidence"), ('2', "logs"), ('3', "files"), ('4', "differences"), ('5', "journal")] {
        stage.press(KeyCode::Char(digit));
        stage.measure(name);
    }
    stage.press(KeyCode::Char('?'));
    stage.measure("all keys");
}

struct Stage {
    model: Model,
    lines: usize,
}

impl Stage {
    /// The real course; the shop runs, its logs are full, it was asked, and files were changed.
    fn new() -> Self {
        let course = Arc::new(Course::embedded().unwrap());
        let files: Vec<(String, String)> =
            course.broken_stack().iter().map(|(path, text)| (path.clone(), text.clone())).collect();
        let model = Model::new(Start {
            course,
            others: Vec::new(),
            lab: "./systems-puzzle".into(),
            theme: Theme::COLOUR,
            own_editor: false,
            lesson: None,
            now: DAWN,
            size: (COLUMNS, ROWS),
            config: Config { tour: false, ..Config::default() },
        });
        let mut stage = Self { model, lines: 0 };
        stage.event(Event::LabMade { course: "systems-puzzle".into(), version: "0".into() });
        let diff: String = (0..400).map(|line| format!("-    old line {line}\n+    new line {line}\n")).collect();
        let diffs =
            vec![("src/app.py".into(), format!("--- a/src/app.py\n+++ b/src/app.py\n@@ -1,400 +1,400 @@\n{diff}"))];
        stage.send(Msg::Lab(LabTexts { files, diffs }));
        let engine = EngineInfo {
            url: "unix:///var/run/docker.sock".into(),
            found_by: "known socket".into(),
            kind: EngineKind::Docker,
            version: "28.1.0".into(),
            rootless: false,
            host: "127.0.0.1".into(),
            cpus: 2,
            memory: 8 << 30,
            clock_ahead: 0.0,
        };
        stage.tell(Update::Engine(EngineStatus::Here(engine)));
        let image = |name: &str| ImageStatus { name: name.into(), origin: ImageOrigin::Registry, id: None, size: None };
        stage.tell(Update::Images(["postgres:17", "nginx:1.28", "python:3.13-slim"].map(image).to_vec()));
        let container = |service: &str| ContainerView {
            service: service.into(),
            state: ServiceState::Running,
            exit_code: None,
            ports: vec![],
            started_at: Some(DAWN - 130_000),
            by_us: false,
        };
        stage.tell(Update::Containers(["db", "flaskapp", "nginx"].map(container).to_vec()));
        for _ in 0..20_000 {
            stage.log();
        }
        stage.event(Event::Verified { lesson: "app-port".into(), report: report(), survey: survey() });
        stage
    }

    fn send(&mut self, message: Msg) {
        let mut effects = update(&mut self.model, message);
        // What is to be recorded comes back as an event.
        while let Some(effect) = effects.pop() {
            if let Effect::Conduct(Action::Record(event)) = effect {
                effects.extend(update(
                    &mut self.model,
                    Msg::Updates(vec![Update::Event(Box::new(Entry { at: DAWN, event }))]),
                ));
            }
        }
    }

    fn tell(&mut self, told: Update) {
        self.send(Msg::Updates(vec![told]));
    }

    fn event(&mut self, event: Event) {
        self.tell(Update::Event(Box::new(Entry { at: DAWN, event })));
    }

    fn press(&mut self, code: KeyCode) {
        self.send(Msg::Key(KeyEvent::new(code, KeyModifiers::NONE)));
    }

    fn log(&mut self) {
        self.lines += 1;
        let service = ["nginx", "flaskapp", "db"][self.lines % 3];
        let text = format!(
            "\u{1b}[33m172.18.0.1\u{1b}[0m - - [24/Nov/2026 10:00:00] \"GET /?page={} HTTP/1.1\" \u{1b}[31m502\u{1b}[0m 157 \"-\" \"curl/8.5\"",
            self.lines
        );
        self.tell(Update::Log(LogLine { service: service.into(), stream: Stream::Out, text, at: DAWN }));
    }

    /// To the page of a lesson on which one works.
    fn go_to_work(&mut self, lesson: &str) {
        let at = self.model.course.position(lesson).unwrap();
        self.press(KeyCode::Char('l'));
        for _ in self.model.nav.lesson..at {
            self.press(KeyCode::Down);
        }
        for _ in 0..50 {
            if self.model.nav.page == Page::Work && self.model.nav.lesson == at {
                return;
            }
            self.press(KeyCode::Enter);
        }
        panic!("the lesson's working page never came: {:?}", self.model.nav.page);
    }

    fn measure(&mut self, name: &str) {
        let mut terminal = Terminal::new(TestBackend::new(COLUMNS, ROWS)).unwrap();
        let mut took = Vec::with_capacity(FRAMES);
        for _ in 0..FRAMES {
            self.log();
            let began = Instant::now();
            terminal.draw(|frame| view(&self.model, frame)).unwrap();
            took.push(began.elapsed());
        }
        took.sort();
        let at = |part: usize| format!("{:.2} ms", took[(took.len() - 1) * part / 100].as_secs_f64() * 1000.0);
        println!("{name:<22} {:>9} {:>9} {:>9}", at(50), at(95), at(100));
    }
}

fn report() -> Report {
    let hop = |id: &str, status, observed: &str| HopVerdict {
        id: id.into(),
        status,
        command: format!("curl -si {id}"),
        observed: observed.into(),
    };
    Report {
        judgement: Judgement::broken("connection refused"),
        first_broken_hop: Some("nginx-flaskapp".into()),
        first_failed_lesson: Some("app-port".into()),
        hops: vec![
            hop("browser-nginx", Status::Pass, "502 Bad Gateway"),
            hop("nginx-flaskapp", Status::Fail, "connection refused"),
            hop("flaskapp-db", Status::Pass, "ready"),
        ],
        lessons: vec![LessonVerdict { id: "app-port".into(), status: Status::Fail }],
        ..Report::default()
    }
}

fn survey() -> Survey {
    let line = "<tr><td>9</td><td>hammer</td><td>a tool of some use, with a description</td></tr>\n";
    let page = HttpAnswer {
        status: 502,
        reason: "Bad Gateway".into(),
        server: Some("nginx/1.28.0".into()),
        headers: vec![("Server".into(), "nginx/1.28.0".into())],
        body: line.repeat(200),
        visible: "9 hammer a tool of some use, with a description\n".repeat(200),
        ..HttpAnswer::default()
    };
    let evidence = ["browser-nginx", "upstream", "page", "form", "flaskapp-db"].map(|id| {
        let evidence = Evidence {
            id: id.into(),
            command: format!("docker compose exec nginx curl -si http://flaskapp:5001/{id}"),
            vantage: "nginx".into(),
            observation: Observation::Http(page.clone()),
            seconds: 0.01,
        };
        (id.to_owned(), evidence)
    });
    Survey { evidence: BTreeMap::from(evidence), ..Survey::default() }
}
