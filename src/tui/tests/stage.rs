//! The stage: a model, a picture, and what went out.

use std::{collections::BTreeMap, sync::Arc};

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::{Terminal, backend::TestBackend, buffer::Buffer, style::Color};

use crate::{
    compose::Place,
    conductor::{Action, ContainerView, EngineStatus, Update, Work},
    course::Course,
    diagnosis::{CheckVerdict, HopVerdict, Judgement, LessonVerdict, NamedWrongTurn, Report, Status},
    engine::{EngineInfo, EngineKind, ImageOrigin, ImageStatus, LogLine, ServiceState, Stream},
    error::Error,
    journal::{Entry, Event, Outcome, WorkKind},
    lab::{MakeLive, Stale},
    probe::{Evidence, HttpAnswer, Observation, ServiceReport, Survey},
    tui::{Config, Effect, LabTexts, Model, Msg, Overlay, Start, Theme, update, view},
};

/// The moment at which every test begins.
pub const DAWN: u64 = 1_800_000_000_000;

pub struct Stage {
    pub model: Model,
    pub effects: Vec<Effect>,
    next_work: u64,
}

pub fn course() -> Arc<Course> {
    let text = |name: &str, text: &str| (name.to_owned(), text.to_owned());
    let texts = BTreeMap::from([
        text("course.toml", include_str!("course/course.toml")),
        text("0.toml", include_str!("course/0.toml")),
        text("1.toml", include_str!("course/1.toml")),
        text("2.toml", include_str!("course/2.toml")),
        text("3.toml", include_str!("course/3.toml")),
    ]);
    Arc::new(Course::from_texts(texts, BTreeMap::new(), BTreeMap::new()).unwrap())
}

impl Stage {
    pub fn new(columns: u16, rows: u16) -> Self {
        Self::with(columns, rows, Theme::MONO, None)
    }

    pub fn with(columns: u16, rows: u16, theme: Theme, lesson: Option<&str>) -> Self {
        let model = Model::new(Start {
            course: course(),
            others: Vec::new(),
            lab: "./systems-puzzle".into(),
            theme,
            own_editor: false,
            lesson: lesson.map(str::to_owned),
            now: DAWN,
            size: (columns, rows),
            config: Config { tour: false, ..Config::default() },
        });
        Self { model, effects: Vec::new(), next_work: 1 }
    }

    /// The first screen, with everything there.
    pub fn ready(columns: u16, rows: u16) -> Self {
        let mut stage = Self::new(columns, rows);
        stage.made();
        stage.tell(Update::Engine(EngineStatus::Here(engine())));
        stage.tell(Update::Images(images(ImageOrigin::Registry)));
        stage
    }

    /// In a lesson, the shop running and bootstrapped, the story read to its last page.
    pub fn at_work(columns: u16, rows: u16, lesson: &str) -> Self {
        let mut stage = Self::ready(columns, rows);
        stage.shop_runs();
        stage.enter(lesson);
        stage
    }

    /// Opens a lesson on its working page.
    pub fn enter(&mut self, lesson: &str) {
        let at = self.model.course.position(lesson).unwrap();
        self.press("Enter l");
        let from = self.model.nav.lesson;
        for _ in from..at {
            self.press("Down");
        }
        self.press("Enter");
        if matches!(self.model.dialog.overlay, Some(Overlay::Jumping(_))) {
            self.press("o");
        }
        while self.model.nav.page != crate::tui::Page::Work {
            self.press("Enter");
        }
        self.answer_records();
    }

    pub fn made(&mut self) {
        self.event(Event::LabMade { course: "systems-puzzle".into(), version: "0".into() });
        self.event(Event::SessionStarted { version: "0".into() });
        self.send(Msg::Lab(texts()));
    }

    pub fn shop_runs(&mut self) {
        for work in [up(&["db"]), WorkKind::Bootstrap, up(&[])] {
            self.work_done(work);
        }
        self.tell(Update::Containers(containers()));
        self.tell(Update::Places(places()));
        self.tell(Update::Facts(facts()));
    }

    pub fn send(&mut self, message: Msg) {
        let effects = update(&mut self.model, message);
        self.effects.extend(effects);
        self.answer_records();
    }

    /// The conductor writes what it is told to write, and says so.
    pub fn answer_records(&mut self) {
        while let Some(at) = self.effects.iter().position(|effect| matches!(effect, Effect::Conduct(Action::Record(_))))
        {
            if let Effect::Conduct(Action::Record(event)) = self.effects.remove(at) {
                self.event(event);
            }
        }
    }

    pub fn tell(&mut self, told: Update) {
        self.send(Msg::Updates(vec![told]));
    }

    pub fn event(&mut self, event: Event) {
        self.tell(Update::Event(Box::new(Entry { at: self.model.now, event })));
    }

    /// An event of an earlier session.
    pub fn past(&mut self, event: Event) {
        self.tell(Update::Event(Box::new(Entry { at: DAWN - 86_400_000, event })));
    }

    pub fn later(&mut self, ms: u64) {
        self.model.now += ms;
        self.send(Msg::Tick);
    }

    pub fn work_starts(&mut self, kind: WorkKind) {
        let id = self.next_work;
        self.next_work += 1;
        self.tell(Update::Work(Some(Work { id, kind, label: "getting ready".into() })));
    }

    pub fn work_ends(&mut self, kind: WorkKind, outcome: Outcome) {
        self.event(Event::WorkEnded { id: self.next_work - 1, work: kind, outcome, seconds: 1.5 });
        self.tell(Update::Work(None));
    }

    pub fn work_done(&mut self, kind: WorkKind) {
        self.work_starts(kind.clone());
        self.work_ends(kind, Outcome::Done);
    }

    pub fn verified(&mut self, lesson: &str, report: Report) {
        self.work_starts(WorkKind::Verify);
        let solved = report.lessons.iter().any(|verdict| verdict.id == lesson && verdict.status == Status::Pass);
        self.event(Event::Verified { lesson: lesson.into(), report, survey: survey() });
        if solved {
            self.event(Event::LessonSolved { lesson: lesson.into(), revealed: false });
        }
        self.work_ends(WorkKind::Verify, Outcome::Done);
    }

    pub fn edited(&mut self, file: &str) {
        self.event(Event::FileChanged { file: file.into(), diff: String::new(), while_closed: false });
    }

    pub fn stale(&mut self, stale: Vec<Stale>) {
        self.tell(Update::Files { findings: vec![], stale });
    }

    /// Presses keys, written as on the screen and parted by blanks.
    pub fn press(&mut self, keys: &str) {
        for key in keys.split(' ').filter(|key| !key.is_empty()) {
            self.send(Msg::Key(key_event(key)));
        }
    }

    /// Types a text, letter by letter.
    pub fn write(&mut self, text: &str) {
        for c in text.chars() {
            self.send(Msg::Key(KeyEvent::new(KeyCode::Char(c), KeyModifiers::NONE)));
        }
    }

    /// What the conductor was asked for since the last look.
    pub fn asked(&mut self) -> Vec<Action> {
        std::mem::take(&mut self.effects)
            .into_iter()
            .filter_map(|effect| match effect {
                Effect::Conduct(action) => Some(action),
                _ => None,
            })
            .collect()
    }

    pub fn buffer(&self) -> Buffer {
        let (columns, rows) = self.model.size;
        let mut terminal = Terminal::new(TestBackend::new(columns, rows)).unwrap();
        terminal.draw(|frame| view(&self.model, frame)).unwrap();
        terminal.backend().buffer().clone()
    }

    /// The screen as text.
    pub fn screen(&self) -> String {
        rows(&self.buffer()).join("\n")
    }

    /// Whether these words stand somewhere on the screen.
    pub fn shows(&self, words: &str) -> bool {
        self.screen().contains(words)
    }

    /// Every stretch of the screen that has a style, with it.
    pub fn styles(&self) -> String {
        let buffer = self.buffer();
        let mut all = String::new();
        for y in 0..buffer.area.height {
            let mut x = 0;
            while x < buffer.area.width {
                let first = &buffer[(x, y)];
                let start = x;
                let mut text = String::new();
                while x < buffer.area.width {
                    let cell = &buffer[(x, y)];
                    if (cell.fg, cell.bg, cell.modifier) != (first.fg, first.bg, first.modifier) {
                        break;
                    }
                    text.push_str(cell.symbol());
                    x += 1;
                }
                let plain = first.fg == Color::Reset && first.bg == Color::Reset && first.modifier.is_empty();
                if !plain && !text.trim().is_empty() {
                    let mut style = Vec::new();
                    if first.fg != Color::Reset {
                        style.push(first.fg.to_string());
                    }
                    if first.bg != Color::Reset {
                        style.push(format!("on {}", first.bg));
                    }
                    style.extend(first.modifier.iter_names().map(|(name, _)| name.to_lowercase()));
                    all.push_str(&format!("{y:>2},{start:<3} {:<24} {}\n", style.join(" "), text.trim()));
                }
            }
        }
        all
    }
}

fn rows(buffer: &Buffer) -> Vec<String> {
    (0..buffer.area.height)
        .map(|y| {
            let mut row = String::new();
            let mut x = 0;
            while x < buffer.area.width {
                let symbol = buffer[(x, y)].symbol();
                row.push_str(symbol);
                x += u16::try_from(crate::tui::text::width(symbol).max(1)).unwrap();
            }
            row.trim_end().to_owned()
        })
        .collect()
}

pub fn key_event(name: &str) -> KeyEvent {
    if let Some(letter) = name.strip_prefix("Ctrl-") {
        let letter = letter.chars().next().unwrap().to_ascii_lowercase();
        return KeyEvent::new(KeyCode::Char(letter), KeyModifiers::CONTROL);
    }
    let code = match name {
        "Enter" => KeyCode::Enter,
        "Esc" => KeyCode::Esc,
        "Tab" => KeyCode::Tab,
        "Shift-Tab" => KeyCode::BackTab,
        "Backspace" => KeyCode::Backspace,
        "Up" => KeyCode::Up,
        "Down" => KeyCode::Down,
        "Left" => KeyCode::Left,
        "Right" => KeyCode::Right,
        "PgUp" => KeyCode::PageUp,
        "PgDn" => KeyCode::PageDown,
        "Home" => KeyCode::Home,
        "End" => KeyCode::End,
        "Space" => KeyCode::Char(' '),
        one => {
            let mut chars = one.chars();
            let (Some(c), None) = (chars.next(), chars.next()) else { panic!("no key is called {one}") };
            KeyCode::Char(c)
        }
    };
    KeyEvent::new(code, KeyModifiers::NONE)
}

pub fn up(services: &[&str]) -> WorkKind {
    WorkKind::Up { services: services.iter().map(|name| (*name).to_owned()).collect(), build: false }
}

pub fn engine() -> EngineInfo {
    EngineInfo {
        url: "unix:///var/run/docker.sock".into(),
        found_by: "known socket".into(),
        kind: EngineKind::Docker,
        version: "28.1.0".into(),
        rootless: false,
        host: "127.0.0.1".into(),
        cpus: 2,
        memory: 8 << 30,
        clock_ahead: 0.0,
    }
}

pub fn no_engine() -> Error {
    Error::environment("nobody answers on unix:///var/run/docker.sock")
        .why("tried: DOCKER_HOST, the context \"default\", 3 known sockets")
        .suggest("sudo systemctl start docker")
}

pub fn images(origin: ImageOrigin) -> Vec<ImageStatus> {
    ["postgres:17", "nginx:1.28", "python:3.13-slim"]
        .map(|name| ImageStatus { name: name.into(), origin, id: None, size: None })
        .to_vec()
}

pub fn containers() -> Vec<ContainerView> {
    ["db", "flaskapp", "nginx"]
        .map(|service| ContainerView {
            service: service.into(),
            state: ServiceState::Running,
            exit_code: None,
            ports: vec![],
            started_at: Some(DAWN - 130_000),
            by_us: false,
        })
        .to_vec()
}

pub fn facts() -> BTreeMap<String, String> {
    [
        ("front.published", "8080:80"),
        ("nginx.published", "8080:80"),
        ("nginx.listen", "80"),
        ("nginx.upstream_host", "flaskapp"),
        ("nginx.upstream_port", "5001"),
        ("flaskapp.port", "5000"),
        ("db.host", "db"),
        ("db.port", "5432"),
        ("db.volume", "dbdata"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into()
}

pub fn places() -> BTreeMap<String, Place> {
    let place = |file: &str, line| Place { file: file.into(), line, column: 1 };
    [
        ("nginx.published", place("docker-compose.yml", 15)),
        ("nginx.listen", place("conf.d/flaskapp.conf", 2)),
        ("nginx.upstream_port", place("conf.d/flaskapp.conf", 4)),
        ("db.port", place("database.py", 3)),
    ]
    .map(|(name, place)| (name.to_owned(), place))
    .into()
}

pub fn texts() -> LabTexts {
    let compose = "services:\n  db:\n    image: postgres:17\n    volumes:\n      - dbdata:/var/lib/postgresql/data\n\n  flaskapp:\n    build: .\n    depends_on:\n      - db\n\n  nginx:\n    image: nginx:1.28\n    ports:\n      - \"80:8080\"\n    volumes:\n      - ./conf.d:/etc/nginx/conf.d\n    depends_on:\n      - flaskapp\n\nvolumes:\n  dbdata:\n";
    LabTexts {
        files: vec![
            ("Dockerfile".into(), "FROM python:3.13-slim\nCOPY . .\nEXPOSE 5001\n".into()),
            ("app.py".into(), "from flask import Flask\n\napp = Flask(__name__)\n\nif __name__ == '__main__':\n    app.run(host='0.0.0.0')\n".into()),
            ("conf.d/flaskapp.conf".into(), "server {\n    listen 80;\n    location / {\n        proxy_pass http://flaskapp:5001;\n    }\n}\n".into()),
            ("docker-compose.yml".into(), compose.into()),
        ],
        diffs: vec![("Dockerfile".into(), "--- a/Dockerfile\n+++ b/Dockerfile\n@@ -1,2 +1,3 @@\n FROM python:3.13-slim\n COPY . .\n+EXPOSE 5001\n".into())],
    }
}

pub fn log(service: &str, text: &str) -> Update {
    Update::Log(LogLine { service: service.into(), stream: Stream::Out, text: text.into(), at: DAWN })
}

pub fn rebuild_app() -> Vec<Stale> {
    vec![Stale { service: "flaskapp".into(), files: vec!["app.py".into()], action: MakeLive::Rebuild }]
}

/// What lesson 2 sees at its start: a 502.
pub fn bad_gateway() -> Report {
    let hop = |id: &str, status, observed: &str| HopVerdict {
        id: id.into(),
        status,
        command: format!("curl {id}"),
        observed: observed.into(),
    };
    let check = |id: &str, status, observed: &str| CheckVerdict {
        id: id.into(),
        lesson: "app-port".into(),
        status,
        command: String::new(),
        observed: observed.into(),
        label: String::new(),
        words: String::new(),
    };
    Report {
        judgement: Judgement::seen_broken(),
        first_broken_hop: Some("nginx-flaskapp".into()),
        first_failed_lesson: Some("app-port".into()),
        hops: vec![
            hop("browser-nginx", Status::Pass, "502 Bad Gateway"),
            hop("nginx-flaskapp", Status::Fail, "connection refused"),
            hop("flaskapp-db", Status::Pass, "ready"),
        ],
        checks: vec![
            check("somebody-answers", Status::Pass, "502 Bad Gateway"),
            check("app-reached", Status::Fail, "refused on 5001"),
            check("form-there", Status::Unknown, "not asked: nginx reaches the app"),
        ],
        lessons: vec![LessonVerdict { id: "app-port".into(), status: Status::Fail }],
        ..Report::default()
    }
}

pub fn wrong_turn() -> Report {
    let turn = NamedWrongTurn {
        id: "expose-only".into(),
        lesson: "app-port".into(),
        title: "You opened port 5001 with EXPOSE".into(),
        explain: None,
        question: "What does `EXPOSE` do when the container runs?".into(),
        remark: false,
    };
    Report { wrong_turns: vec![turn], ..bad_gateway() }
}

pub fn works() -> Report {
    let mut report = bad_gateway();
    report.judgement = Judgement::Works;
    report.first_broken_hop = None;
    report.first_failed_lesson = None;
    for hop in &mut report.hops {
        hop.status = Status::Pass;
    }
    report.hops[0].observed = "200 OK".into();
    report.hops[1].observed = "200 OK".into();
    for check in &mut report.checks {
        check.status = Status::Pass;
        check.observed = "200 OK".into();
    }
    report.lessons[0].status = Status::Pass;
    report
}

pub fn survey() -> Survey {
    let evidence = |id: &str, command: &str, vantage: &str, observation| {
        let evidence =
            Evidence { id: id.into(), command: command.into(), vantage: vantage.into(), observation, seconds: 0.01 };
        (id.to_owned(), evidence)
    };
    let page = HttpAnswer {
        status: 502,
        reason: "Bad Gateway".into(),
        server: Some("nginx/1.28.0".into()),
        headers: vec![("Server".into(), "nginx/1.28.0".into())],
        body: "<html>\n<head><title>502 Bad Gateway</title></head>\n<body>\n<center><h1>502 Bad Gateway</h1></center>\n<hr><center>nginx/1.28.0</center>\n</body>\n</html>".into(),
        visible: "502 Bad Gateway\nnginx/1.28.0".into(),
        ..HttpAnswer::default()
    };
    let report = |service: &str, log: &[&str]| {
        let report = ServiceReport {
            service: service.into(),
            state: ServiceState::Running,
            exit_code: None,
            ports: vec![],
            listens: vec![],
            log: log.iter().map(|line| (*line).to_owned()).collect(),
            restarts: 0,
            ..ServiceReport::default()
        };
        (service.to_owned(), report)
    };
    Survey {
        services: BTreeMap::from([
            report(
                "nginx",
                &[
                    "2026/11/24 10:00:00 [error] 29#29: *1 connect() failed (111: Connection refused) while connecting to upstream, client: 172.20.0.1, server: , request: \"GET / HTTP/1.1\", upstream: \"http://172.20.0.3:5001/\", host: \"localhost:8080\"",
                ],
            ),
            report("flaskapp", &[" * Running on all addresses (0.0.0.0)", " * Running on http://172.20.0.3:5000"]),
        ]),
        evidence: BTreeMap::from([
            evidence("browser-nginx", "curl -i http://localhost:8080/", "host", Observation::Http(page.clone())),
            evidence(
                "upstream",
                "docker compose exec nginx curl -i http://flaskapp:5001/",
                "nginx",
                Observation::Refused,
            ),
            evidence("page", "curl -sL http://localhost:8080/", "host", Observation::Http(page)),
            evidence(
                "flaskapp-db",
                "docker compose exec db pg_isready",
                "flaskapp",
                Observation::Connected { what: "PostgreSQL 17.5".into() },
            ),
        ]),
        ..Survey::default()
    }
}
