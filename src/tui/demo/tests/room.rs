//! A demo before an empty room: keys in, pictures out; the recorded run, or updates by hand, in place of containers.

use std::sync::Arc;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::{Terminal, backend::TestBackend};

use crate::{
    conductor::{self, Action, EngineStatus, Update},
    course::Course,
    engine::{EngineInfo, EngineKind},
    error::Error,
    journal::{Entry, Event},
    lab::Lab,
    tui::{
        Theme,
        demo::{Effect, Model, Recording, Replay, Start, begin, update, view},
        msg::Msg,
    },
};

pub struct Room {
    pub model: Model,
    /// What the conductor was asked.
    pub asked: Vec<Action>,
    /// The program has ended.
    pub over: bool,
    lab: Lab,
    _home: tempfile::TempDir,
}

impl Room {
    /// The demo as it is started, before an engine is known.
    pub fn new(auto: Option<u64>, replay: Option<Replay>) -> Self {
        let course = Arc::new(Course::embedded().unwrap());
        let home = tempfile::tempdir().unwrap();
        let (lab, _) = Lab::open_or_make(&home.path().join("systems-puzzle-demo"), &course).unwrap();
        let model = Model::new(Start {
            course,
            recording: Recording::embedded(),
            lesson: None,
            replay,
            theme: Theme::MONO,
            lab: "./systems-puzzle-demo".into(),
            auto,
            once: true,
            all: false,
            is_watched: true,
            last: None,
            now: 1_000_000,
        })
        .unwrap();
        let mut room = Self { model, asked: Vec::new(), over: false, lab, _home: home };
        let effects = begin(&mut room.model);
        room.carry_out(effects);
        room
    }

    /// With an engine that answers, and does nothing.
    pub fn live() -> Self {
        let mut room = Self::new(None, None);
        let info = EngineInfo {
            url: "unix:///var/run/docker.sock".into(),
            found_by: "known socket".into(),
            kind: EngineKind::Docker,
            version: "28.5.1".into(),
            rootless: false,
            host: "127.0.0.1".into(),
            cpus: 4,
            memory: 8 << 30,
            clock_ahead: 0.0,
        };
        room.asked.clear();
        room.tell(Update::Engine(EngineStatus::Here(info)));
        room
    }

    /// Without an engine: the recorded run.
    pub fn recorded() -> Self {
        let mut room = Self::new(None, None);
        room.tell(Update::Engine(EngineStatus::Missing(Error::environment("nobody answers"))));
        room
    }

    pub fn tell(&mut self, told: Update) {
        let effects = update(&mut self.model, Msg::Updates(vec![told]));
        self.carry_out(effects);
    }

    pub fn event(&mut self, event: Event) {
        let at = self.model.now;
        self.tell(Update::Event(Box::new(Entry { at, event })));
    }

    pub fn press(&mut self, code: KeyCode) {
        let effects = update(&mut self.model, Msg::Key(KeyEvent::new(code, KeyModifiers::NONE)));
        self.carry_out(effects);
    }

    pub fn write(&mut self, text: &str) {
        for letter in text.chars() {
            self.press(KeyCode::Char(letter));
        }
    }

    /// Lets so many milliseconds pass, as the runtime would.
    pub fn wait(&mut self, ms: u64) {
        let until = self.model.now + ms;
        while let Some(due) = self.model.next_change().filter(|due| *due <= until) {
            self.model.now = self.model.now.max(due);
            let effects = update(&mut self.model, Msg::Tick);
            self.carry_out(effects);
        }
        self.model.now = until;
    }

    /// Waits until the state of the beat is reached.
    pub fn settle(&mut self) {
        for _ in 0..600 {
            if self.model.shop.is_at_rest() {
                self.wait(5_000);
                return;
            }
            self.wait(100);
        }
        let wanted = self.model.shop.wanted.as_ref().map(|wanted| (&wanted.scene.key, &wanted.phase));
        panic!("never at rest: {wanted:?}");
    }

    /// To the beat with this id, page by page.
    pub fn go_to(&mut self, id: &str) {
        for _ in 0..200 {
            if self.model.beat().is_some_and(|beat| beat.id == id) {
                return;
            }
            self.press(KeyCode::PageDown);
        }
        panic!("there is no beat {id}");
    }

    fn carry_out(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Conduct(action) => {
                    if let Action::Stage { files, .. } = &action {
                        self.lab.put(files).unwrap();
                        let facts = conductor::facts_of(self.lab.dir(), &self.model.course);
                        self.asked.push(action);
                        self.tell(Update::Facts(facts));
                    } else {
                        self.asked.push(action);
                    }
                }
                Effect::Exit => self.over = true,
                Effect::Suspend | Effect::Redraw => {}
            }
        }
    }

    pub fn picture(&self, columns: u16, rows: u16) -> String {
        let mut terminal = Terminal::new(TestBackend::new(columns, rows)).unwrap();
        terminal.draw(|frame| view(&self.model, frame)).unwrap();
        terminal.backend().to_string()
    }
}
