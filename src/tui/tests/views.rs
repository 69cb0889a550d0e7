//! Pictures, as text; a few with their styles.

use super::stage::{Stage, bad_gateway, images, log, no_engine, rebuild_app, up, works, wrong_turn};
use crate::{
    conductor::{EngineStatus, Update},
    engine::{ImageOrigin, Step},
    journal::WorkKind,
    tui::Theme,
};

const SIZES: [(u16, u16); 4] = [(80, 24), (100, 30), (200, 60), (40, 12)];

/// One picture per size.
fn pictures(name: &str, make: impl Fn(u16, u16) -> Stage) {
    for (columns, rows) in SIZES {
        let stage = make(columns, rows);
        insta::assert_snapshot!(format!("{name}@{columns}x{rows}"), stage.screen());
    }
}

#[test]
fn the_first_second() {
    pictures("first-second", Stage::new);
}

#[test]
fn everything_is_here() {
    pictures("ready", Stage::ready);
}

#[test]
fn no_engine_answers() {
    pictures("no-engine", |columns, rows| {
        let mut stage = Stage::new(columns, rows);
        stage.made();
        stage.tell(Update::Engine(EngineStatus::Missing(no_engine())));
        stage
    });
}

#[test]
fn images_are_got() {
    let mut stage = Stage::ready(80, 24);
    stage.tell(Update::Images(images(ImageOrigin::Absent)));
    stage.press("Enter");
    insta::assert_snapshot!("images-question", stage.screen());
    stage.press("Enter");
    stage.work_starts(WorkKind::Images);
    let step = |subject: &str, verb, detail: &str, amount| {
        Update::Step(Step { subject: subject.into(), verb, detail: detail.into(), amount, finished: false })
    };
    stage.tell(step("postgres:17", "pull", "layer 3 of 14", Some((92_000_000, 151_000_000))));
    stage.tell(step("nginx:1.28", "pull", "waiting", None));
    stage.later(21_000);
    insta::assert_snapshot!("images-progress", stage.screen());
    // What is done stays done while the others are still being made.
    let done = Step {
        subject: "python:3.13-slim".into(),
        verb: "build",
        detail: "a stand-in, built from Debian's packages".into(),
        amount: None,
        finished: true,
    };
    stage.tell(Update::Step(done));
    stage.tell(step("nginx:1.28", "build", "unpacking nginx-light", None));
    insta::assert_snapshot!("images-stand-ins", stage.screen());
}

#[test]
fn the_story() {
    pictures("story", |columns, rows| {
        let mut stage = Stage::ready(columns, rows);
        stage.shop_runs();
        stage.press("Enter l Down Enter");
        stage
    });
}

#[test]
fn the_question() {
    pictures("question", |columns, rows| {
        let mut stage = Stage::ready(columns, rows);
        stage.shop_runs();
        stage.press("Enter l Down Down Enter o Enter");
        stage
    });
}

#[test]
fn a_wrong_turn() {
    pictures("wrong-turn", |columns, rows| {
        let mut stage = Stage::at_work(columns, rows, "app-port");
        stage.verified("app-port", wrong_turn());
        stage
    });
}

#[test]
fn a_right_fix_that_is_not_live() {
    pictures("not-live", |columns, rows| {
        let mut stage = Stage::at_work(columns, rows, "app-port");
        stage.edited("app.py");
        stage.stale(rebuild_app());
        let mut report = bad_gateway();
        report.stale = rebuild_app();
        stage.verified("app-port", report);
        stage.later(12_000);
        stage
    });
}

#[test]
fn solved() {
    pictures("solved", |columns, rows| {
        let mut stage = Stage::ready(columns, rows);
        stage.shop_runs();
        stage.press("Enter l Down Down Enter o Enter 2 Enter Enter");
        stage.verified("app-port", wrong_turn());
        stage.edited("conf.d/flaskapp.conf");
        stage.later(240_000);
        stage.verified("app-port", works());
        stage
    });
}

#[test]
fn work_in_progress() {
    let mut stage = Stage::at_work(80, 24, "app-port");
    stage.work_starts(up(&[]));
    let step = Step {
        subject: "flaskapp".into(),
        verb: "build",
        detail: "step 5 of 6  COPY src src".into(),
        amount: None,
        finished: false,
    };
    stage.tell(Update::Step(step));
    stage.later(300);
    insta::assert_snapshot!("work", stage.screen());
}

#[test]
fn the_tabs() {
    let mut stage = Stage::at_work(80, 24, "app-port");
    stage.verified("app-port", wrong_turn());
    for line in ["* Running on all addresses (0.0.0.0)", " * Running on http://172.20.0.3:5000"] {
        stage.tell(log("flaskapp", line));
    }
    stage.tell(log("nginx", "2026/11/24 [error] connect() failed (111: Connection refused) while connecting to upstream, client: 172.20.0.1, server: , request: \"GET / HTTP/1.1\", upstream: \"http://172.20.0.3:5001/\""));
    for (key, name) in [("1", "evidence"), ("2", "logs"), ("3", "files"), ("4", "diff"), ("5", "journal")] {
        stage.press(key);
        insta::assert_snapshot!(format!("tab-{name}"), stage.screen());
    }
}

#[test]
fn what_lies_over_the_screen() {
    let mut stage = Stage::at_work(80, 24, "app-port");
    stage.verified("app-port", wrong_turn());
    for (keys, name) in [
        ("?", "help"),
        ("l", "lessons"),
        ("t", "tour"),
        ("w", "explain"),
        ("e", "chooser"),
        ("r", "reset"),
        ("R", "reveal"),
        ("q", "leaving"),
        ("n", "note"),
    ] {
        stage.press(keys);
        insta::assert_snapshot!(format!("over-{name}"), stage.screen());
        stage.press("Esc");
    }
    let error = no_engine();
    stage.tell(Update::Failed(error));
    insta::assert_snapshot!("over-error", stage.screen());
}

#[test]
fn the_editor() {
    let mut stage = Stage::at_work(80, 24, "app-port");
    stage.send(crate::tui::Msg::Opened { file: "app.py".into(), text: Ok(super::stage::texts().files[1].1.clone()) });
    stage.write("# ");
    insta::assert_snapshot!("editor", stage.screen());
}

#[test]
fn nothing_on_a_light_screen_counts_on_a_dark_ground() {
    use ratatui::style::Color;
    let looked_at = |stage: &Stage, what: &str| {
        for cell in &stage.buffer().content {
            let known = matches!(cell.fg, Color::Reset | Color::Indexed(16..=231)) && cell.bg == Color::Reset;
            assert!(known, "{what}: {:?} on {:?} at {:?}", cell.fg, cell.bg, cell.symbol());
        }
    };
    for (columns, rows) in [(80, 24), (120, 40)] {
        let mut stage = Stage::at_work(columns, rows, "app-port");
        stage.model.theme = Theme::COLOUR.with(crate::tui::Palette::Light, None);
        stage.verified("app-port", wrong_turn());
        stage.edited("app.py");
        stage.stale(rebuild_app());
        stage.tell(log("flaskapp", "\u{1b}[97;40mwhite\u{1b}[0m \u{1b}[33myellow\u{1b}[0m 127.0.0.1 - - GET / 500"));
        for key in ["0", "1", "2", "3", "4", "5", "m", "?", "l", "t", "w", "e", "x", "r", "R", "q", "n"] {
            stage.press(key);
            looked_at(&stage, key);
            stage.press("Esc");
        }
        let file = "docker-compose.yml".to_owned();
        stage.send(crate::tui::Msg::Opened { file, text: Ok(super::stage::texts().files[3].1.clone()) });
        looked_at(&stage, "the editor");
        stage.press("Esc");
        stage.verified("app-port", works());
        looked_at(&stage, "the end");
        stage.tell(Update::Engine(EngineStatus::Missing(no_engine())));
        looked_at(&stage, "no engine");
    }
}

#[test]
fn in_colour_and_without() {
    for (theme, name) in [(Theme::COLOUR, "colour"), (Theme::MONO, "mono")] {
        let mut stage = Stage::at_work(80, 24, "app-port");
        stage.model.theme = theme;
        stage.verified("app-port", wrong_turn());
        insta::assert_snapshot!(format!("styles-{name}"), stage.styles());
    }
}
