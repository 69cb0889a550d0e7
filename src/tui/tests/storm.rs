//! Whatever is pressed, told and resized, in whatever order: the screen stands.

use proptest::prelude::*;

use super::stage::{
    Stage, bad_gateway, containers, facts, images, key_event, log, no_engine, rebuild_app, works, wrong_turn,
};
use crate::{
    conductor::{EngineStatus, Update},
    engine::{ImageOrigin, Step},
    journal::{Outcome, WorkKind},
    tui::{Msg, Theme},
};

const KEYS: [&str; 67] = [
    "M",
    "x",
    "Ctrl-R",
    "Y",
    "m",
    "Enter",
    "Enter",
    "Enter",
    "Esc",
    "Tab",
    "Shift-Tab",
    "Backspace",
    "Up",
    "Down",
    "Left",
    "Right",
    "PgUp",
    "PgDn",
    "Home",
    "End",
    "Space",
    "0",
    "1",
    "2",
    "3",
    "4",
    "5",
    "9",
    "v",
    "u",
    "b",
    "B",
    "e",
    "E",
    "h",
    "h",
    "n",
    "d",
    "w",
    "r",
    "R",
    "l",
    "t",
    "j",
    "k",
    "g",
    "G",
    "/",
    "y",
    "o",
    "?",
    "s",
    "[",
    "]",
    "i",
    "a",
    "f",
    "x",
    "é",
    "Ctrl-C",
    "Ctrl-Z",
    "Ctrl-L",
    "Ctrl-S",
    "Ctrl-F",
    "Ctrl-U",
    "Ctrl-Y",
    "q",
];

#[derive(Debug, Clone)]
enum Happening {
    Press(usize),
    Resize(u16, u16),
    Tell(u8),
    Paste,
    Wait(u32),
}

fn happening() -> impl Strategy<Value = Happening> {
    prop_oneof![
        8 => (0..KEYS.len()).prop_map(Happening::Press),
        2 => (1u16..300, 1u16..100).prop_map(|(columns, rows)| Happening::Resize(columns, rows)),
        1 => (60u16..110, 15u16..30).prop_map(|(columns, rows)| Happening::Resize(columns, rows)),
        4 => (0u8..20).prop_map(Happening::Tell),
        1 => Just(Happening::Paste),
        1 => (0u32..100_000).prop_map(Happening::Wait),
    ]
}

fn tell(stage: &mut Stage, what: u8) {
    match what {
        0 => stage.made(),
        1 => stage.tell(Update::Engine(EngineStatus::Here(super::stage::engine()))),
        2 => stage.tell(Update::Engine(EngineStatus::Missing(no_engine()))),
        3 => stage.tell(Update::Images(images(ImageOrigin::Absent))),
        4 => stage.tell(Update::Images(images(ImageOrigin::StandIn))),
        5 => stage.shop_runs(),
        6 => stage.verified("app-port", wrong_turn()),
        7 => stage.verified("app-port", works()),
        8 => stage.verified("host-port", bad_gateway()),
        9 => {
            stage.edited("app.py");
            stage.stale(rebuild_app());
        }
        10 => stage.work_starts(WorkKind::Images),
        11 => stage.work_ends(WorkKind::Images, Outcome::Cancelled),
        12 => stage.tell(Update::Failed(no_engine())),
        13 => stage.tell(Update::Notice("日本語 \u{1b}[2J and a very long line ".repeat(9))),
        14 => {
            for number in 0..200 {
                stage.tell(log("nginx", &format!("{number} \u{1b}[31m日本語\u{202e} {}", "x".repeat(number))));
            }
        }
        15 => {
            for (detail, amount) in
                [("step 1 of 2\nx", None), ("", Some((3, 2))), ("layer", Some((u64::MAX, u64::MAX)))]
            {
                let subject = format!("image {detail}");
                stage.tell(Update::Step(Step {
                    subject,
                    verb: "pull",
                    detail: detail.into(),
                    amount,
                    finished: false,
                }));
            }
        }
        16 => {
            let mut odd = facts();
            odd.insert("nginx.published".into(), "a".repeat(400));
            odd.insert("nginx.upstream_port".into(), "日本".into());
            stage.tell(Update::Facts(odd));
        }
        17 => stage.send(Msg::Opened { file: "app.py".into(), text: Ok("x\ty 日本\r\n\r\n".repeat(50)) }),
        18 => stage.tell(Update::Containers(containers())),
        _ => stage.send(Msg::Lab(crate::tui::LabTexts::default())),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]

    #[test]
    fn the_screen_stands(happenings in proptest::collection::vec(happening(), 1..60)) {
        let mut stage = Stage::with(80, 24, Theme::COLOUR, None);
        for happening in happenings {
            match happening {
                Happening::Press(key) => stage.send(Msg::Key(key_event(KEYS[key]))),
                Happening::Resize(columns, rows) => stage.send(Msg::Resize(columns, rows)),
                Happening::Tell(what) => tell(&mut stage, what),
                Happening::Paste => stage.send(Msg::Paste("one\r\ntwo\u{1b}[31m\t日本".into())),
                Happening::Wait(ms) => stage.later(ms.into()),
            }
            let picture = stage.buffer();
            for cell in &picture.content {
                prop_assert!(!cell.symbol().chars().any(char::is_control), "{:?}", cell.symbol());
                prop_assert_eq!(cell.bg, ratatui::style::Color::Reset);
            }
        }
    }

    #[test]
    fn every_size_has_a_picture(columns in 1u16..=300, rows in 1u16..=100, lesson in 0usize..4) {
        let mut stage = Stage::ready(columns, rows);
        stage.shop_runs();
        stage.press("Enter l");
        for _ in 0..lesson {
            stage.press("Down");
        }
        stage.press("Enter");
        stage.verified("app-port", wrong_turn());
        for keys in ["", "1", "2", "3", "4", "5", "?", "Esc l", "Esc n", "Esc e"] {
            stage.press(keys);
            stage.buffer();
        }
    }
}

#[test]
fn a_hundred_thousand_log_lines_are_a_ring() {
    let mut stage = Stage::at_work(200, 60, "app-port");
    stage.press("2");
    for batch in 0..400 {
        let lines = (0..250).map(|line| log("nginx", &format!("{batch} {line} {}", "word ".repeat(30)))).collect();
        stage.send(Msg::Updates(lines));
    }
    assert_eq!(stage.model.lab.logs.len(), 5_000);
    assert!(stage.shows("399 249"));
    stage.press("g");
    assert!(stage.shows("380 0 "));
}
