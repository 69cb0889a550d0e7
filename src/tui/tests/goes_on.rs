//! No dead end: what a key asks for is seen at once, and the key that goes on goes on.

use super::stage::{DAWN, Stage, bad_gateway, containers, log, no_engine, rebuild_app, works};
use crate::{
    conductor::{Action, Asking, Update},
    engine::{LogLine, ServiceState, Stream},
    journal::{Event, WorkKind},
    tui::{OtherCourse, Overlay, Page, Tab, keymap, next_step, view::bar::next_line},
};

fn asked(columns: u16, rows: u16) -> Stage {
    let mut stage = Stage::at_work(columns, rows, "app-port");
    stage.verified("app-port", bad_gateway());
    stage.asked();
    stage
}

fn verify() -> Action {
    Action::Verify { lesson: "app-port".into(), asking: Asking::Patient }
}

#[test]
fn a_new_hint_is_in_sight_where_the_page_is_longer_than_the_screen() {
    for (columns, rows) in [(80, 24), (80, 16), (100, 24), (200, 60)] {
        let mut stage = asked(columns, rows);
        for count in 1..=3 {
            stage.press("h");
            if stage.model.here().hints.len() < count {
                // Without an attempt in between it has to be asked for twice.
                stage.press("h");
            }
            // The last one shows the fix.
            stage.press("Esc");
            assert!(stage.shows(&format!("Hint {count} ·")), "{columns}x{rows}\n{}", stage.screen());
        }
    }
}

#[test]
fn an_error_steps_aside_for_the_key_that_goes_on() {
    for (key, action) in [("v", verify()), ("u", Action::MakeLive)] {
        let mut stage = asked(80, 24);
        stage.stale(rebuild_app());
        stage.model.config.hypothesis = false;
        stage.tell(Update::Failed(no_engine()));
        assert!(matches!(stage.model.dialog.overlay, Some(Overlay::Error(_))));
        stage.asked();
        stage.press(key);
        assert_eq!(stage.asked(), [action], "{key}");
    }
}

#[test]
fn a_line_that_nobody_has_begun_eats_no_key() {
    let hypothesis = || {
        let mut stage = asked(80, 24);
        stage.edited("app.py");
        stage.stale(rebuild_app());
        stage.asked();
        stage.press("u");
        assert!(matches!(stage.model.dialog.overlay, Some(Overlay::Hypothesis { .. })));
        stage
    };
    let mut stage = hypothesis();
    stage.press("u");
    assert_eq!(stage.asked(), [Action::MakeLive]);
    let mut stage = hypothesis();
    stage.press("v");
    assert_eq!(stage.asked(), [verify()]);
    let mut stage = hypothesis();
    stage.write("nginx vaguely uses 5001");
    assert_eq!(stage.asked(), [], "they are letters of a line that was begun");
    stage.press("Enter");
    assert_eq!(stage.model.here().hypotheses, ["nginx vaguely uses 5001"]);

    let mut stage = asked(80, 24);
    stage.verified("app-port", works());
    assert!(stage.model.dialog.reflecting.is_some());
    stage.asked();
    stage.press("v");
    assert_eq!(stage.asked(), [verify()]);
    assert!(stage.model.dialog.reflecting.is_none());
}

#[test]
fn the_logs_open_at_the_service_that_is_spoken_of() {
    let mut stage = asked(80, 24);
    let mut all = containers();
    all[0].state = ServiceState::Exited;
    stage.tell(Update::Containers(all));
    for (service, words) in [("nginx", "nginx speaks"), ("db", "FATAL: no room")] {
        stage.tell(log(service, words));
    }
    assert!(stage.shows("db has ended") && stage.shows("(2)"), "{}", stage.screen());
    stage.press("2");
    assert_eq!(stage.model.nav.tab, Tab::Logs);
    assert!(stage.shows("FATAL: no room") && !stage.shows("nginx speaks"), "{}", stage.screen());
}

#[test]
fn a_shop_that_was_stopped_as_a_whole_is_not_told_as_a_death() {
    let mut stage = asked(80, 24);
    let mut all = containers();
    all.iter_mut().for_each(|one| one.state = ServiceState::Exited);
    stage.tell(Update::Containers(all));
    assert!(stage.shows("Nothing of the shop runs") && !stage.shows("has ended"), "{}", stage.screen());
}

#[test]
fn putting_files_back_says_what_it_undoes() {
    let mut stage = asked(100, 30);
    let diff = |file: &str| (file.to_owned(), format!("--- a/{file}\n+++ b/{file}\n@@ -1 +1 @@\n-a\n+b\n"));
    stage.model.lab.files.diffs = vec![diff("Dockerfile"), diff("conf.d/flaskapp.conf"), diff("app.py")];
    stage.verified("app-port", works());
    stage.model.dialog.reflecting = None;
    stage.press("r");
    for words in ["Dockerfile", "conf.d/flaskapp.conf", "longer: 502 Bad Gateway"] {
        assert!(stage.shows(words), "{words}\n{}", stage.screen());
    }
    let title = stage.model.lesson().unwrap().title.clone();
    assert!(stage.screen().matches(&title).count() >= 1, "{}", stage.screen());
    stage.model.lab.files.diffs.clear();
    assert!(stage.shows("as they were"), "{}", stage.screen());
}

#[test]
fn the_question_that_comes_next_is_what_is_next() {
    let mut stage = Stage::ready(100, 30);
    stage.shop_runs();
    stage.press("Enter");
    let pages = stage.model.pages();
    let question = pages.iter().position(|page| *page == Page::Question).unwrap();
    stage.model.nav.page = pages[question - 1];
    assert!(next_step(&stage.model).words.starts_with("read on"), "{}", stage.screen());
}

#[test]
fn no_word_about_another_course_is_cut() {
    let words = "the order that never arrives: 3 lessons, about 30 minutes, and a good deal more to be said about it";
    for columns in [60, 80, 100, 140, 200] {
        let mut stage = Stage::ready(columns, 24);
        let course = |name: &str| OtherCourse { name: name.into(), words: words.into() };
        stage.model.others = vec![course("orders"), course("harbour")];
        stage.press("c");
        let screen = stage.screen();
        assert!(words.split(' ').all(|word| screen.contains(word)), "{columns}: {screen}");
        assert!(stage.shows(" orders") && stage.shows(" harbour"), "{columns}: {screen}");
    }
}

/// A state of the screen, and how it comes about.
type State = (&'static str, fn(&mut Stage));

#[test]
fn no_word_of_the_bottom_lines_is_cut() {
    let prepare: [State; 7] = [
        ("asked", |_| {}),
        ("not live", |stage| stage.stale(rebuild_app())),
        ("works", |stage| stage.verified("app-port", works())),
        ("busy", |stage| stage.work_starts(WorkKind::Verify)),
        ("list", |stage| stage.press("l")),
        ("logs", |stage| stage.press("2")),
        ("editor", |stage| stage.press("E")),
    ];
    for columns in [60, 72, 80, 100, 140, 200] {
        for (name, prepare) in prepare {
            let mut stage = asked(columns, 24);
            prepare(&mut stage);
            let line = next_line(&stage.model, usize::from(columns));
            assert!(line.width() <= usize::from(columns), "{name} at {columns}: {line}");
            let whole = next_line(&stage.model, 10_000).to_string();
            let ends_well = whole.starts_with(line.to_string().trim_end_matches('…').trim_end());
            let said = line.to_string();
            let last = said.trim_end_matches('…').split_whitespace().next_back().unwrap().to_owned();
            assert!(!ends_well || whole.split_whitespace().any(|word| word == last), "{name} at {columns}: {line}");
            let keys = stage.screen().lines().last().unwrap().to_owned();
            for row in keymap::bar(stage.model.place()) {
                let name = row.keys[0].name();
                let label: Vec<&str> = row.label.split(' ').collect();
                // A label that is begun is there as a whole.
                if keys.contains(&format!(" {name} {}", label[0])) && !matches!(label[0], "up" | "hint" | "next") {
                    assert!(keys.contains(row.label), "{} at {columns}: {keys}", row.label);
                }
            }
        }
        // The list of keys holds each name of a key as a whole, at every width.
        let mut stage = asked(columns, 24);
        stage.press("?");
        if [80, 100, 140, 200].contains(&columns) {
            insta::assert_snapshot!(format!("all-keys@{columns}"), stage.screen());
        }
        let mut all = String::new();
        for _ in 0..80 {
            all.push_str(&stage.screen());
            stage.press("Down");
        }
        for row in keymap::TABLE {
            assert!(all.contains(&keymap::names(row)), "{} at {columns}", keymap::names(row));
        }
        assert!(!all.contains("Ctr…"), "{columns}");
    }
}

#[test]
fn breakfix_s_own_requests_are_marked_in_the_logs() {
    let mut stage = asked(140, 40);
    let at = |stage: &Stage| stage.model.now;
    let line = |at: u64, text: &str| {
        Update::Log(LogLine { service: "nginx".into(), stream: Stream::Out, text: text.into(), at })
    };
    let own = at(&stage) + 60_000;
    stage.tell(line(own, "\"GET / HTTP/1.1\" 200 by hand"));
    stage.model.now = own + 60_000;
    stage.work_starts(WorkKind::Verify);
    stage.event(Event::WorkStarted { id: 99, work: WorkKind::Verify });
    stage.tell(line(at(&stage), "\"GET / HTTP/1.1\" 502 asked"));
    stage.press("2");
    let screen = stage.screen();
    let marked = |words: &str| screen.lines().any(|line| line.contains(words) && line.contains("while Breakfix asked"));
    assert!(marked("502 asked") && !marked("200 by hand"), "{screen}");
    assert!(own > DAWN);
}

#[test]
fn the_fast_track_is_offered_first_asks_nothing_and_ends_in_hindsight() {
    let mut stage = Stage::ready(100, 30);
    assert!(stage.shows("F fast track"), "{}", stage.screen());
    stage.press("F");
    assert!(stage.model.config.fast_track && stage.shows("no stories, no questions"), "{}", stage.screen());
    for at in 0..stage.model.course.lessons.len() {
        stage.model.nav.lesson = at;
        assert!(!stage.model.pages().contains(&Page::Question));
    }

    let mut stage = Stage::ready(100, 30);
    stage.shop_runs();
    for lesson in stage.model.course.lessons.clone() {
        stage.past(Event::LessonOpened { lesson: lesson.id.clone() });
        stage.past(Event::LessonSolved { lesson: lesson.id.clone(), revealed: false });
    }
    stage.model.config.fast_track = true;
    stage.press("Enter");
    assert_eq!(stage.model.nav.lesson + 1, stage.model.course.lessons.len());
}

#[test]
fn two_mistakes_are_each_named() {
    let mut stage = asked(100, 30);
    let mut report = super::stage::wrong_turn();
    let mut other = report.wrong_turns[0].clone();
    (other.id, other.title) = ("another".into(), "The database's port was changed too".into());
    report.wrong_turns.push(other);
    let first = report.wrong_turns[0].title.clone();
    stage.verified("app-port", report);
    assert!(stage.shows(&first) && stage.shows("And also: The database's port"), "{}", stage.screen());
}
