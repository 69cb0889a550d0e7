//! Keys in, actions out: a learner's way through the screen, with the conductor's part spoken by the test.

use super::stage::{
    DAWN, Stage, bad_gateway, containers, images, log, no_engine, rebuild_app, texts, up, works, wrong_turn,
};
use crate::{
    compose::{Finding, Place, Severity},
    conductor::{Action, Asking, EngineStatus, Update},
    course::Rung,
    engine::ImageOrigin,
    error::Error,
    journal::{Event, Outcome, WorkKind},
    lab::{MakeLive, Stale},
    tui::{Effect, Focus, Msg, Overlay, Page, Screen, Tab, Theme, next_step},
};

fn start(services: &[&str]) -> Action {
    Action::Up { services: services.iter().map(|name| (*name).to_owned()).collect(), build: false }
}

fn next(stage: &Stage) -> String {
    let columns = usize::from(stage.model.size.0);
    let line = crate::tui::view::next_line(&stage.model, columns).to_string();
    line.trim_start_matches(" ▸ next: ").to_owned()
}

#[test]
fn a_newcomer_is_led_from_the_first_second_to_the_first_look() {
    let mut stage = Stage::new(100, 30);
    assert_eq!(next(&stage), "Enter  begin");
    stage.press("Enter");
    assert_eq!(next(&stage), "it begins as soon as Docker answers");
    assert_eq!(stage.model.nav.screen, Screen::Welcome);
    stage.made();
    stage.tell(Update::Images(images(ImageOrigin::Registry)));
    stage.tell(Update::Engine(EngineStatus::Here(super::stage::engine())));
    assert_eq!(stage.model.nav.screen, Screen::Lesson);
    assert_eq!(next(&stage), "Enter  read on (1 of 5)");
    assert_eq!(stage.model.nav.tab, Tab::Files, "the page names a file, which is shown beside it");

    stage.press("Enter");
    assert_eq!(next(&stage), "u  start the shop, in the developer's order   ·   Enter  read on");
    stage.asked();
    stage.press("u");
    assert_eq!(stage.asked(), [start(&["db"])]);
    stage.work_done(up(&["db"]));
    assert_eq!(stage.asked(), [Action::Bootstrap]);
    stage.work_done(WorkKind::Bootstrap);
    assert_eq!(stage.asked(), [start(&[])]);
    stage.work_done(up(&[]));
    stage.tell(Update::Containers(containers()));
    assert_eq!(stage.asked(), []);

    assert_eq!(next(&stage), "Enter  read on (2 of 5)");
    stage.press("Enter");
    assert_eq!(next(&stage), "Enter  read on (3 of 5)", "to the question");
    stage.press("v");
    assert_eq!(stage.asked(), [], "the question is the next page, and comes before the look");
    assert!(stage.shows("First your guess.") && stage.model.question_open());
    stage.press("2");
    assert_eq!(next(&stage), "v  ask the running stack");
    stage.press("v");
    assert_eq!(stage.asked(), [Action::Verify { lesson: "the-system".into(), asking: Asking::Patient }]);
}

#[test]
fn beginning_waits_for_the_images_unless_pressed_twice() {
    let mut stage = Stage::new(80, 24);
    stage.made();
    stage.tell(Update::Engine(EngineStatus::Here(super::stage::engine())));
    stage.press("Enter");
    assert_eq!(next(&stage), "it begins as soon as the images are looked at");
    stage.press("Enter");
    assert_eq!(stage.model.nav.screen, Screen::Lesson);

    let mut stage = Stage::new(80, 24);
    stage.tell(Update::Engine(EngineStatus::Here(super::stage::engine())));
    stage.press("Enter");
    assert!(stage.model.moves().is_some(), "or until it has waited long enough");
    stage.later(3_500);
    assert_eq!(stage.model.nav.screen, Screen::Lesson);
}

#[test]
fn a_question_that_is_still_to_come_is_asked_before_the_end_tells_its_answer() {
    let mut stage = Stage::ready(100, 30);
    stage.shop_runs();
    stage.press("Enter Enter Enter");
    let mut report = works();
    report.lessons[0].id = "the-system".into();
    stage.verified("the-system", report);
    assert_eq!(stage.model.nav.page, Page::Question);
    assert!(stage.model.dialog.reflecting.is_none());
    stage.press("2");
    assert_eq!(stage.model.here().prediction, Some(Some(1)));
    stage.press("Enter");
    assert_eq!(stage.model.nav.page, Page::Solved);
    assert!(stage.shows("and so it was"));
    assert!(stage.model.dialog.reflecting.is_some());
}

#[test]
fn the_shop_is_started_by_one_key_and_a_failure_ends_the_row() {
    let mut stage = Stage::ready(80, 24);
    stage.press("Enter");
    stage.asked();
    stage.press("u");
    assert_eq!(stage.asked(), [start(&["db"])]);
    stage.work_starts(up(&["db"]));
    stage.press("v");
    assert_eq!(stage.asked(), [], "one work at a time");
    assert!(stage.shows("First the work that goes on"));
    stage.work_ends(up(&["db"]), Outcome::Failed { error: "no space left".into() });
    stage.tell(Update::Failed(Error::environment("no space left on this machine")));
    assert_eq!(stage.asked(), []);
    assert!(matches!(stage.model.dialog.overlay, Some(Overlay::Error(_))));
    assert!(stage.shows("no space left on this machine"));
}

#[test]
fn escape_stops_the_work() {
    let mut stage = Stage::ready(80, 24);
    stage.press("Enter u");
    stage.work_starts(up(&["db"]));
    stage.asked();
    stage.press("Esc");
    assert_eq!(stage.asked(), [Action::Cancel]);
    stage.work_ends(up(&["db"]), Outcome::Cancelled);
    stage.tell(Update::Failed(Error::cancelled()));
    assert_eq!(stage.asked(), []);
    assert!(stage.shows("Stopped.") && stage.model.dialog.overlay.is_none());
}

#[test]
fn a_right_fix_is_told_apart_from_a_live_one() {
    let mut stage = Stage::at_work(100, 30, "app-port");
    stage.verified("app-port", bad_gateway());
    stage.edited("app.py");
    stage.stale(rebuild_app());
    assert!(stage.shows("does not have it"), "told as soon as it is saved");
    let mut report = bad_gateway();
    report.stale = rebuild_app();
    stage.verified("app-port", report);
    stage.later(12_000);
    assert!(stage.shows("app.py was saved 12 s ago. flaskapp, started 2 min ago, does not have it."));
    assert_eq!(next(&stage), "u  build flaskapp anew  ($ docker compose up -d --build flaskapp)");
    stage.asked();
    stage.press("u");
    assert_eq!(stage.asked(), [Action::MakeLive]);
    stage.work_done(up(&["flaskapp"]));
    stage.stale(vec![]);
    assert_eq!(next(&stage), "v  ask the running stack");
}

#[test]
fn a_wrong_turn_is_explained_on_request() {
    let mut stage = Stage::at_work(80, 24, "app-port");
    stage.verified("app-port", wrong_turn());
    assert_eq!(next(&stage), "w  explain: You opened port 5001 with EXPOSE   ·   e  edit a file");
    stage.press("w");
    assert!(stage.shows("EXPOSE opens a port.") && stage.shows("a note in the image"));
    stage.press("Enter");
    assert_eq!(stage.model.here().explained, ["expose-only"]);
    assert_eq!(next(&stage), "e  change one thing   ·   h  a hint");
    stage.press("w");
    assert!(stage.shows("EXPOSE opens a port."));
    stage.press("w");
    assert!(stage.model.dialog.overlay.is_none(), "the key that opened it closes it");
    stage.press("? w");
    assert!(matches!(stage.model.dialog.overlay, Some(Overlay::Help)), "and no other text");
}

#[test]
fn what_a_work_has_to_say_stays_to_the_end_of_its_row() {
    let words = "Your database has old rows: systems-puzzle_dbdata was made for the lab /home/lee/old/systems-puzzle, of the same name. To begin empty: breakfix down; docker volume rm systems-puzzle_dbdata";
    let mut stage = Stage::ready(80, 24);
    stage.press("Enter Enter u");
    stage.work_starts(up(&["db"]));
    stage.tell(Update::Notice(words.into()));
    stage.work_ends(up(&["db"]), Outcome::Done);
    stage.work_done(WorkKind::Bootstrap);
    stage.work_done(up(&[]));
    assert!(stage.shows("Your database has old rows") && stage.shows("docker volume rm"), "{}", stage.screen());
    let said: String = stage.screen().lines().skip_while(|line| !line.contains("Your database")).take(3).collect();
    assert!(said.ends_with("systems-puzzle_dbdata"), "to its end: {said}");
    stage.work_starts(WorkKind::Verify);
    assert_eq!(stage.model.dialog.notice, None, "and no longer");
}

#[test]
fn what_was_done_is_said_until_the_next_key() {
    let mut stage = Stage::ready(80, 24);
    stage.shop_runs();
    stage.press("Enter Enter");
    assert!(!stage.shows("✓ started"));
    stage.work_done(up(&[]));
    assert!(stage.shows("✓ started everything (1.5 s)"), "{}", stage.screen());
    stage.press("Enter");
    assert!(!stage.shows("✓ started"));
}

#[test]
fn on_the_page_that_asks_for_an_edit_the_edit_is_next() {
    let mut stage = Stage::ready(80, 24);
    stage.shop_runs();
    stage.press("Enter l Down Enter");
    stage.verified("host-port", bad_gateway());
    stage.press("0 Enter Enter 1");
    assert_eq!(next(&stage), "e  edit a file   ·   Enter  read on (4 of 5)");
}

#[test]
fn an_edit_and_its_verdict_are_past_the_story() {
    let mut stage = Stage::ready(80, 24);
    stage.shop_runs();
    stage.press("Enter l Down Enter");
    stage.verified("host-port", bad_gateway());
    stage.press("0 Enter");
    let page = stage.model.nav.page;
    stage.verified("host-port", bad_gateway());
    assert_eq!(stage.model.nav.page, page, "only looked: the story goes on");
    stage.press("0 Enter 1");
    stage.edited("docker-compose.yml");
    stage.verified("host-port", bad_gateway());
    assert_eq!((stage.model.nav.page, stage.model.nav.focus), (Page::Work, crate::tui::model::Focus::Lesson));
}

#[test]
fn what_is_not_live_is_told_whole_on_a_small_screen() {
    for action in [MakeLive::Rebuild, MakeLive::Recreate, MakeLive::Restart, MakeLive::Reload] {
        let mut stage = Stage::at_work(80, 24, "app-port");
        stage.stale(vec![Stale { service: "flaskapp".into(), files: vec!["docker-compose.yml".into()], action }]);
        let told = crate::tui::content::status_lines(&stage.model, 80);
        assert_eq!(told.len(), 2);
        assert!(told.iter().all(|line| line.width() <= 80 && !line.to_string().contains('…')), "{told:?}");
        // Many files, and a while ago.
        let files: Vec<std::path::PathBuf> = ["docker-compose.yml", "b", "c", "d"].map(Into::into).to_vec();
        stage.edited("docker-compose.yml");
        stage.later(59 * 60_000);
        stage.stale(vec![Stale { service: "flaskapp".into(), files, action }]);
        let told = crate::tui::content::status_lines(&stage.model, 80);
        assert!(told.iter().all(|line| line.width() <= 80 && !line.to_string().contains('…')), "{told:?}");
    }
}

#[test]
fn an_edit_made_while_this_was_closed_is_told_as_such() {
    let mut stage = Stage::at_work(80, 24, "app-port");
    stage.event(Event::FileChanged { file: "app.py".into(), diff: String::new(), while_closed: true });
    stage.press("5");
    assert!(stage.shows("edited app.py, while this was closed"), "{}", stage.screen());
    assert!(stage.model.lab.saved.is_empty(), "nobody saw when");
}

#[test]
fn hints_ask_for_an_attempt_in_between_and_do_not_insist() {
    let mut stage = Stage::at_work(80, 24, "app-port");
    stage.press("h");
    assert!(stage.shows("Hint 1 · where"));
    stage.press("h");
    assert!(stage.shows("One attempt in between?") && !stage.shows("Hint 2"));
    stage.press("h");
    assert!(stage.shows("Hint 2 · what"));
    stage.verified("app-port", bad_gateway());
    stage.press("h");
    assert!(stage.shows("keep looking yourself"), "the last rung is the fix itself");
    stage.press("Esc");
    assert!(stage.shows("Hint 3 · show"));
    assert_eq!(stage.model.here().hints, [Rung::Where, Rung::What, Rung::Show]);
    stage.press("h");
    assert!(stage.shows("These are all the hints."));
}

#[test]
fn a_solved_lesson_asks_one_question_and_goes_on() {
    let mut stage = Stage::at_work(80, 24, "app-port");
    stage.verified("app-port", works());
    assert_eq!(stage.model.nav.page, Page::Solved);
    stage.write("the log, q v u");
    stage.press("Enter");
    assert_eq!(stage.model.here().reflection.as_deref(), Some("the log, q v u"));
    assert!(stage.shows("Kept, in your words."));
    assert_eq!(next(&stage), "Enter  read on");
    stage.press("Enter");
    assert_eq!(next(&stage), "Enter  go on to: Hindsight");
    stage.press("Enter");
    assert_eq!(stage.model.lesson_id(), "hindsight");
}

#[test]
fn the_closing_question_is_skipped_by_one_key_and_not_asked_again() {
    let mut stage = Stage::at_work(80, 24, "app-port");
    stage.verified("app-port", works());
    stage.press("Enter");
    assert!(stage.model.dialog.reflecting.is_none() && stage.model.here().reflection.is_none());
    stage.press("Backspace Enter");
    assert!(stage.model.dialog.reflecting.is_none());
}

#[test]
fn an_earlier_session_tells_where_to_go_on_and_moves_nothing() {
    let mut stage = Stage::new(80, 24);
    stage.past(Event::LabMade { course: "systems-puzzle".into(), version: "0".into() });
    stage.past(Event::LessonOpened { lesson: "host-port".into() });
    stage.past(Event::BeatShown { lesson: "host-port".into(), beat: 1 });
    assert_eq!(stage.model.nav.screen, Screen::Welcome);
    assert!(stage.shows("you were at 1 of 2: Nobody answers on 8080"));
    stage.tell(Update::Engine(EngineStatus::Here(super::stage::engine())));
    assert_eq!(next(&stage), "Enter  go on where you were");
    stage.tell(Update::Images(images(ImageOrigin::Registry)));
    stage.press("Enter");
    assert_eq!((stage.model.lesson_id(), stage.model.nav.page), ("host-port", Page::Beat(1)));
    assert_eq!(stage.asked(), [], "the journal knows it already");
}

#[test]
fn a_lesson_asked_for_on_the_command_line_wins_over_the_journal() {
    let mut stage = Stage::with(80, 24, Theme::MONO, Some("app-port"));
    stage.past(Event::LessonOpened { lesson: "host-port".into() });
    assert_eq!(stage.model.lesson_id(), "app-port");
}

#[test]
fn without_an_engine_the_story_can_be_read_and_keys_say_why_not() {
    let mut stage = Stage::new(80, 24);
    stage.made();
    stage.tell(Update::Engine(EngineStatus::Missing(no_engine())));
    assert_eq!(next(&stage), "Enter  read the story meanwhile   ·   f  get an engine");
    stage.press("f");
    stage.press("p");
    assert_eq!(stage.effects, [Effect::GetEngine, Effect::PlayRecorded]);
    stage.press("Enter");
    assert_eq!(stage.model.nav.screen, Screen::Lesson);
    stage.asked();
    stage.press("u");
    assert_eq!(stage.asked(), []);
    assert!(stage.shows("sudo systemctl start docker"));
    stage.press("Enter");
    stage.tell(Update::Engine(EngineStatus::Here(super::stage::engine())));
    assert!(!stage.shows("nobody answers"));
}

#[test]
fn with_an_engine_there_is_none_to_get() {
    let mut stage = Stage::ready(80, 24);
    stage.press("p");
    assert!(stage.shows("nothing to practise"), "this small course has no faults");
    std::sync::Arc::make_mut(&mut stage.model.course).practice = crate::course::Course::embedded().unwrap().practice;
    stage.press("p");
    assert_eq!(stage.effects, [Effect::Practise], "p is for practice then");
    stage.press("f");
    assert!(!stage.effects.iter().any(|effect| matches!(effect, Effect::GetEngine | Effect::PlayRecorded)));
    assert!(stage.shows("An engine answers"));
}

#[test]
fn missing_images_are_asked_for_once_and_the_lesson_follows() {
    let mut stage = Stage::ready(80, 24);
    stage.tell(Update::Images(images(ImageOrigin::Absent)));
    stage.press("Enter");
    assert!(matches!(stage.model.dialog.overlay, Some(Overlay::Images)));
    stage.press("Enter");
    assert_eq!(stage.asked(), [Action::Images]);
    stage.work_starts(WorkKind::Images);
    stage.tell(Update::Images(images(ImageOrigin::StandIn)));
    assert_eq!(stage.model.nav.screen, Screen::Welcome);
    stage.work_ends(WorkKind::Images, Outcome::Done);
    assert_eq!(stage.model.nav.screen, Screen::Lesson);
}

#[test]
fn leaving_asks_what_becomes_of_the_shop() {
    let mut stage = Stage::at_work(80, 24, "app-port");
    stage.asked();
    stage.press("q Esc");
    assert!(stage.model.dialog.overlay.is_none());
    stage.press("q Enter");
    assert_eq!(stage.asked(), [Action::Quit]);
    stage.tell(Update::Closed);
    assert_eq!(stage.effects, [Effect::Exit]);
}

#[test]
fn leaving_can_take_the_shop_down_first() {
    let mut stage = Stage::at_work(80, 24, "app-port");
    stage.asked();
    stage.press("Ctrl-C d");
    assert_eq!(stage.asked(), [Action::Down { volumes: false }]);
    stage.work_done(WorkKind::Down { volumes: false });
    assert_eq!(stage.asked(), [Action::Quit]);
}

#[test]
fn a_lab_that_cannot_be_opened_ends_the_program_and_says_why() {
    let mut stage = Stage::new(80, 24);
    stage.tell(Update::Failed(Error::usage("systems-puzzle is a file, and a lab is a directory")));
    stage.tell(Update::Closed);
    stage.tell(Update::Closed);
    assert!(stage.effects.contains(&Effect::Exit));
    assert_eq!(stage.model.work.fatal.as_ref().map(|error| error.exit_code()), Some(2));
}

#[test]
fn a_port_that_was_moved_stands_on_the_map() {
    let mut stage = Stage::at_work(80, 24, "app-port");
    let why = "port 8080 is taken".to_owned();
    stage.verified("app-port", bad_gateway());
    stage.event(Event::PortMoved { service: "nginx".into(), from: 8080, to: 8081, why });
    let with_port = |port: &str| {
        let mut all = containers();
        all[2].ports = vec![port.parse().unwrap()];
        Update::Containers(all)
    };
    stage.tell(with_port("127.0.0.1:8081->80/tcp"));
    assert!(stage.shows(":8081") && stage.shows("nginx is on 8081 instead"));
    stage.tell(with_port("127.0.0.1:8080->80/tcp"));
    assert!(!stage.shows("instead"), "told only while it is so");
    assert!(stage.shows(":8080") && !stage.shows(":8081"), "the map, too");
}

#[test]
fn nothing_runs_so_nothing_is_asked() {
    let mut stage = Stage::ready(80, 24);
    stage.press("q");
    assert_eq!(stage.asked(), [Action::Quit]);
}

#[test]
fn ctrl_c_twice_leaves_at_once() {
    let mut stage = Stage::at_work(80, 24, "app-port");
    stage.effects.clear();
    stage.press("Ctrl-C Ctrl-C");
    assert_eq!(stage.effects, [Effect::Exit]);
}

#[test]
fn a_file_is_edited_here_saved_and_looked_at_again() {
    let mut stage = Stage::at_work(80, 24, "app-port");
    stage.effects.clear();
    stage.press("e");
    assert!(stage.shows("app.py") && stage.shows("docker-compose.yml"));
    stage.press("Enter");
    let Some(Effect::ReadFile(file)) = stage.effects.pop() else { panic!("a file is read") };
    let text = texts().files.into_iter().find(|(path, _)| *path == file).unwrap().1;
    stage.send(Msg::Opened { file: file.clone(), text: Ok(text.clone()) });
    stage.write("# q");
    stage.press("Esc");
    assert!(stage.shows("not saved"), "leaving asks");
    stage.press("Esc Ctrl-S");
    let saved = Effect::SaveFile { file: file.clone(), text: format!("# q{text}") };
    assert_eq!(stage.effects, [saved]);
    stage.send(Msg::Saved { file, result: Ok(()) });
    assert!(stage.effects.contains(&Effect::Conduct(Action::Refresh)));
    stage.press("Esc");
    assert!(stage.model.dialog.overlay.is_none());
}

#[test]
fn a_file_that_cannot_be_written_stays_open() {
    let mut stage = Stage::at_work(80, 24, "app-port");
    stage.send(Msg::Opened { file: "app.py".into(), text: Ok("x\n".into()) });
    stage.write("y");
    stage.press("Esc s");
    stage.send(Msg::Saved { file: "app.py".into(), result: Err(Error::environment("disk full")) });
    assert!(matches!(stage.model.dialog.overlay, Some(Overlay::Editor(_))));
    assert!(stage.shows("Not saved: disk full"));
}

#[test]
fn an_own_editor_is_given_the_terminal() {
    let mut stage = Stage::at_work(80, 24, "app-port");
    stage.model.own_editor = true;
    stage.effects.clear();
    stage.press("e Down Enter");
    assert_eq!(stage.effects, [Effect::OpenEditor("app.py".into())]);
    stage.effects.clear();
    stage.press("E Enter");
    assert_eq!(stage.effects, [Effect::ReadFile("Dockerfile".into())]);
}

#[test]
fn a_compose_file_that_cannot_be_used_comes_before_everything() {
    let mut stage = Stage::at_work(80, 24, "app-port");
    let finding = Finding {
        severity: Severity::Error,
        place: Place { file: "docker-compose.yml".into(), line: 15, column: 9 },
        line_text: "      - 80:8080:9".into(),
        message: "this is no port mapping".into(),
        expected: "HOST:CONTAINER, as in \"8080:80\"".into(),
    };
    stage.tell(Update::Files { findings: vec![finding], stale: vec![] });
    assert!(stage.shows("✗ docker-compose.yml:15  this is no port mapping"));
    assert_eq!(next(&stage), "e  put docker-compose.yml right, line 15");
    stage.press("e");
    assert!(matches!(stage.model.dialog.overlay, Some(Overlay::Files { at: 3, .. })), "that file is offered first");
}

#[test]
fn notes_resets_and_reveals_are_asked_for_and_sent() {
    let mut stage = Stage::at_work(80, 24, "app-port");
    stage.asked();
    stage.press("n");
    stage.write("why 5001?");
    stage.press("Enter");
    assert_eq!(stage.model.lab.progress.notes[0].text, "why 5001?");
    stage.press("r Esc r a");
    assert_eq!(stage.asked(), [Action::Reset { files: vec![] }]);
    stage.press("3 [ r f");
    assert_eq!(stage.asked(), [Action::Reset { files: vec!["conf.d/flaskapp.conf".into()] }]);
    stage.press("R Esc R");
    assert!(stage.shows("+ flaskapp:80"));
    stage.press("Enter");
    assert_eq!(stage.asked(), [Action::Reveal { lesson: "app-port".into() }]);
}

#[test]
fn logs_follow_hold_and_are_searched() {
    let mut stage = Stage::at_work(80, 24, "app-port");
    assert_eq!(stage.model.lab.logs.services, ["nginx"], "the story has shown these");
    stage.model.lab.logs.only = None;
    for number in 0..100 {
        stage.tell(log(if number % 2 == 0 { "nginx" } else { "flaskapp" }, &format!("line {number}")));
    }
    stage.press("2");
    assert!(stage.shows("line 99") && stage.shows("follows"));
    stage.press("PgUp");
    stage.tell(log("nginx", "line 100"));
    assert!(!stage.shows("line 100") && stage.shows("holds"));
    stage.press("/");
    stage.write("line 12");
    stage.press("Enter");
    assert!(stage.shows("line 12") && stage.model.lab.logs.anchor == Some(12));
    stage.press("G");
    assert!(stage.shows("line 100"));
    stage.press("s");
    assert!(stage.shows("line 100") && !stage.shows("line 99"));
    stage.send(Msg::Skipped([("nginx".into(), 1_234)].into()));
    assert!(stage.shows("… 1,234 lines skipped"));
}

#[test]
fn narrow_panes_are_tabs_and_enter_comes_back_to_the_story() {
    let mut stage = Stage::ready(80, 24);
    stage.shop_runs();
    stage.press("Enter l Down Enter 2");
    assert_eq!((stage.model.nav.focus, stage.model.nav.tab), (Focus::Side, Tab::Logs));
    stage.press("Tab Tab Tab Tab");
    assert_eq!(stage.model.nav.focus, Focus::Lesson);
    stage.press("Shift-Tab Enter");
    assert_eq!((stage.model.nav.focus, stage.model.nav.page), (Focus::Lesson, Page::Beat(1)));
}

#[test]
fn a_look_in_the_middle_of_the_story_does_not_turn_the_page() {
    let mut stage = Stage::ready(100, 30);
    stage.shop_runs();
    stage.press("Enter l Down Down Enter");
    stage.verified("app-port", bad_gateway());
    assert_eq!((stage.model.nav.page, stage.model.nav.tab), (Page::Beat(0), Tab::Evidence));
    assert!(stage.shows("refused") && !stage.shows("asks :5001"), "the question comes before the two numbers");
}

#[test]
fn enter_from_the_evidence_never_skips_a_question_unseen() {
    let mut stage = Stage::ready(100, 30);
    stage.shop_runs();
    stage.press("Enter l Down Down Enter Enter Tab Enter");
    assert!(stage.model.question_open() && stage.model.here().prediction.is_none());
    stage.press("Enter");
    assert_eq!(stage.model.here().prediction, Some(None));
}

#[test]
fn copying_takes_the_command_that_is_shown() {
    let mut stage = Stage::at_work(100, 30, "app-port");
    stage.verified("app-port", bad_gateway());
    stage.effects.clear();
    stage.press("y");
    let command = "docker compose exec nginx curl -i http://flaskapp:5001/";
    assert_eq!(stage.effects, [Effect::Copy(command.into())]);
}

#[test]
fn nothing_moves_when_nothing_goes_on() {
    let mut stage = Stage::at_work(100, 30, "app-port");
    assert_eq!(stage.model.moves(), None);
    stage.work_starts(up(&[]));
    assert!(stage.model.moves().is_some());
    stage.work_ends(up(&[]), Outcome::Done);
    assert_eq!(stage.model.moves(), None);
    assert!(stage.model.now >= DAWN);
}

#[test]
fn every_state_has_a_next_step() {
    for lesson in ["the-system", "host-port", "app-port"] {
        let mut stage = Stage::ready(80, 24);
        stage.enter(lesson);
        assert!(!next_step(&stage.model).words.is_empty());
        stage.shop_runs();
        assert!(next_step(&stage.model).key.is_some());
    }
}

#[test]
fn a_lesson_that_was_solved_on_the_way_still_tells_its_story() {
    let mut stage = Stage::at_work(80, 24, "host-port");
    let mut report = works();
    report.lessons[0].id = "host-port".into();
    stage.verified("host-port", report);
    stage.event(Event::LessonSolved { lesson: "app-port".into(), revealed: false });
    stage.press("Enter l Down Enter");
    assert_eq!((stage.model.lesson_id(), stage.model.nav.page), ("app-port", Page::Beat(0)));
}

#[test]
fn the_last_lesson_ends_with_both_stories() {
    let mut stage = Stage::at_work(100, 30, "app-port");
    stage.verified("app-port", works());
    stage.press("Enter Enter Enter");
    assert_eq!(stage.model.nav.page, Page::Hindsight);
    assert!(stage.shows("golden narrative") || stage.shows("Golden"));
}
