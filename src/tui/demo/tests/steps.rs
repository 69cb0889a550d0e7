//! What a key, an update and the clock change, and what the conductor is asked.

use crossterm::event::KeyCode;

use super::room::Room;
use crate::{
    conductor::{Action, Asking, EngineStatus, Update},
    course::Staging,
    diagnosis::{HopVerdict, Judgement, LessonVerdict, NamedWrongTurn, Report, Status},
    error::Error,
    journal::{Event, Outcome, WorkKind},
    probe::Survey,
    tui::demo::{At, Overlay, Phase, Pick, Place, Replay, Source, Way, difference::Difference},
};

/// What is asked, in a word each.
fn told(actions: &[Action]) -> Vec<String> {
    let word = |action: &Action| match action {
        Action::Stage { name, .. } => format!("stage {name}"),
        Action::Verify { lesson, asking: Asking::AtOnce } => format!("verify {lesson} at once"),
        Action::Verify { lesson, .. } => format!("verify {lesson}"),
        Action::Down { volumes } => format!("down {volumes}"),
        Action::AskPort { port } => format!("who holds {port}"),
        Action::Up { services, .. } => format!("up {}", services.join(" ")),
        Action::UpAlone { services } => format!("alone {}", services.join(" ")),
        Action::MoveAway { service } => format!("move {service}"),
        Action::Record(Event::Presented { beat }) => format!("beat {beat}"),
        other => format!("{other:?}").to_lowercase(),
    };
    actions.iter().map(word).collect()
}

/// A verdict in which these lessons with bugs hold, in order, and this wrong turn is named.
fn verdict(holds: usize, turn: Option<&str>) -> Event {
    let lessons = ["host-port", "app-port", "constructor", "representation"];
    let status = |index| if index < holds { Status::Pass } else { Status::Fail };
    let mut all: Vec<LessonVerdict> = lessons
        .iter()
        .enumerate()
        .map(|(index, id)| LessonVerdict { id: (*id).into(), status: status(index) })
        .collect();
    let rest = if holds == lessons.len() { Status::Pass } else { Status::Unknown };
    all.extend(["the-system", "hindsight"].map(|id| LessonVerdict { id: id.into(), status: rest }));
    let named = |id: &str| NamedWrongTurn {
        id: id.into(),
        lesson: "app-port".into(),
        title: "A turn".into(),
        explain: None,
        question: "Why?".into(),
        remark: false,
    };
    let report = Report {
        judgement: if holds == lessons.len() { Judgement::Works } else { Judgement::seen_broken() },
        hops: vec![HopVerdict {
            id: "browser-nginx".into(),
            status: status(0),
            command: String::new(),
            observed: "x".into(),
        }],
        lessons: all,
        wrong_turns: turn.map(named).into_iter().collect(),
        ..Report::default()
    };
    Event::Verified { lesson: "x".into(), report, survey: Survey::default() }
}

fn staged(name: &str) -> Event {
    Event::Staged { name: name.into(), diff: String::new() }
}

fn phase(room: &Room) -> Phase {
    room.model.shop.wanted.as_ref().unwrap().phase.clone()
}

#[test]
fn an_engine_that_answers_is_set_to_work_at_once() {
    let room = Room::live();
    assert_eq!(
        told(&room.asked),
        ["who holds 8080", "cancel", "stage broken", "makelive", "bootstrap", "verify the-system"]
    );
    assert_eq!(phase(&room), Phase::Staging);
}

/// Takes this wrong turn out of the menu; gives what is asked for it.
fn take_turn(room: &mut Room, id: &str) -> Vec<String> {
    room.asked.clear();
    room.press(KeyCode::Char('b'));
    room.write(id);
    room.press(KeyCode::Enter);
    told(&room.asked)
}

#[test]
fn a_wrong_turn_that_is_more_than_its_files_is_made_as_it_is_declared() {
    let mut room = Room::live();
    room.event(staged("broken"));
    room.event(verdict(0, None));
    room.event(Event::WorkEnded { id: 1, work: WorkKind::Bootstrap, outcome: Outcome::Done, seconds: 1.0 });
    let all = "host-port+app-port+constructor+representation";
    let cases: [(&str, &[&str]); 5] = [
        ("one-container-alone", &["cancel", "stage KEY", "alone flaskapp", "verify the-system"]),
        ("db-not-ready", &["cancel", "stage KEY", "makelive", "verify the-system at once"]),
        (
            // The database sleeps still, and would be waited for.
            "volume-keeps-old-settings",
            &[
                "cancel",
                "down true",
                "stage before KEY",
                "makelive",
                "bootstrap",
                "stage KEY",
                "makelive",
                "verify the-system",
            ],
        ),
        (
            "nginx-keeps-old-address",
            &["cancel", "down true", "stage KEY", "makelive", "bootstrap", "move flaskapp", "verify app-port"],
        ),
        // nginx asks at the former address still.
        (
            "conf-not-live",
            &["cancel", "down true", "stage before KEY", "makelive", "bootstrap", "stage KEY", "verify app-port"],
        ),
    ];
    for (id, wanted) in cases {
        let base =
            if wanted.last().unwrap().contains("app-port") { "host-port+constructor+representation" } else { all };
        let wanted: Vec<String> = wanted.iter().map(|word| word.replace("KEY", &format!("{base} turn {id}"))).collect();
        assert_eq!(take_turn(&mut room, id), wanted);
    }
}

#[test]
fn who_else_holds_the_shops_port_is_told_until_it_is_free() {
    let mut room = Room::live();
    let held = |by: Option<&str>| Update::PortHeld { port: 8080, by: by.map(str::to_owned) };
    room.tell(held(None));
    assert_eq!(room.model.overlay, None);
    room.tell(held(Some("nginx (process 7)")));
    let shown = room.picture(100, 30);
    assert!(shown.contains("8080 is taken") && shown.contains("nginx (process 7) has it"), "{shown}");
    room.asked.clear();
    room.wait(1_100);
    assert_eq!(told(&room.asked), ["who holds 8080"], "it may be free by now");
    room.tell(held(None));
    assert_eq!(room.model.overlay, None);
    // Who goes on is not told the same again.
    room.tell(held(Some("another (process 8)")));
    room.press(KeyCode::Enter);
    room.tell(held(Some("another (process 8)")));
    assert_eq!(room.model.overlay, None);
    room.asked.clear();
    room.event(Event::PortMoved { service: "nginx".into(), from: 8080, to: 18080, why: "taken".into() });
    assert_eq!(told(&room.asked), ["who holds 8080"]);
    // On the way into the next state the story's number is tried again.
    room.event(staged("broken"));
    room.event(verdict(0, None));
    room.press(KeyCode::Char('a'));
    assert!(told(&room.asked).contains(&"up nginx".to_owned()), "{:?}", told(&room.asked));
}

#[test]
fn nobody_at_the_keys_is_not_asked_about_a_port() {
    let mut room = Room::new(Some(1_000), None);
    room.tell(Update::PortHeld { port: 8080, by: Some("nginx (process 7)".into()) });
    assert_eq!(room.model.overlay, None);
}

#[test]
fn a_state_is_reached_when_its_files_were_put_in_place_and_the_stack_was_asked() {
    let mut room = Room::live();
    room.event(verdict(0, None));
    assert_eq!(phase(&room), Phase::Staging, "this verdict is on what was there before");
    room.event(staged("broken"));
    assert_eq!(phase(&room), Phase::Working);
    room.model.now += 2_500;
    room.event(verdict(0, None));
    assert_eq!(phase(&room), Phase::Settled { took: 2_500, declared: true });
    assert_eq!(room.model.measured, [("broken".to_owned(), 2_500)]);
}

#[test]
fn beats_that_share_a_state_ask_for_nothing_and_another_state_types_itself_first() {
    let mut room = Room::live();
    room.event(staged("broken"));
    room.event(verdict(0, None));
    room.asked.clear();
    room.go_to("what-makes-it-count");
    let only_beats = told(&room.asked).iter().all(|word| word.starts_with("beat "));
    assert!(only_beats, "{:?}", told(&room.asked));
    room.press(KeyCode::Char(' '));
    assert_eq!(told(&room.asked).last().unwrap(), "beat swap", "nothing is done while it types");
    assert!(matches!(phase(&room), Phase::Typing { .. }));
    room.asked.clear();
    room.event(Event::WorkEnded { id: 1, work: WorkKind::Bootstrap, outcome: Outcome::Done, seconds: 1.0 });
    room.wait(5_000);
    assert_eq!(told(&room.asked), ["cancel", "stage host-port", "makelive", "verify host-port"]);
    room.event(staged("host-port"));
    room.event(verdict(1, None));
    assert!(room.model.shop.is_settled());
    // Back: the state from before, at once.
    room.asked.clear();
    room.press(KeyCode::PageUp);
    assert_eq!(
        told(&room.asked),
        ["beat what-makes-it-count", "cancel", "stage broken", "makelive", "verify host-port"]
    );
    assert_eq!(room.model.typing, None);
}

#[test]
fn a_press_while_it_types_shows_it_whole_and_begins() {
    let mut room = Room::live();
    room.event(staged("broken"));
    room.event(verdict(0, None));
    room.go_to("swap");
    room.asked.clear();
    room.wait(100);
    room.press(KeyCode::PageDown);
    assert_eq!(room.model.beat().unwrap().id, "swap");
    assert_eq!(told(&room.asked)[..2], ["cancel", "stage host-port"]);
    room.press(KeyCode::PageDown);
    assert_eq!(room.model.beat().unwrap().id, "another-error", "the second press goes on");
    assert!(!told(&room.asked).iter().skip(2).any(|word| word == "cancel"), "its state is on its way already");
}

#[test]
fn what_is_not_as_declared_is_made_anew_once_and_then_told() {
    let mut room = Room::live();
    room.event(staged("broken"));
    room.asked.clear();
    room.event(verdict(4, None));
    assert_eq!(told(&room.asked), ["down true", "stage broken", "makelive", "bootstrap", "verify the-system"]);
    assert_eq!(phase(&room), Phase::Staging);
    room.event(staged("broken"));
    room.asked.clear();
    room.event(verdict(4, None));
    assert!(matches!(phase(&room), Phase::Settled { declared: false, .. }));
    assert!(room.asked.is_empty());
    assert!(room.picture(100, 30).contains("not what this beat tells of: everything works"));
}

#[test]
fn a_verdict_that_never_comes_is_told_and_asked_for_again() {
    let mut room = Room::live();
    room.event(staged("broken"));
    room.tell(Update::Failed(Error::environment("the engine does not answer")));
    let outcome = Outcome::Failed { error: "the engine does not answer".into() };
    room.event(Event::WorkEnded { id: 3, work: WorkKind::Verify, outcome, seconds: 1.0 });
    assert!(matches!(phase(&room), Phase::Failed(_)));
    assert!(room.picture(100, 30).contains("the engine does not answer"));
    room.asked.clear();
    room.press(KeyCode::Char('a'));
    assert!(told(&room.asked).contains(&"stage broken".to_owned()));
}

#[test]
fn a_lesson_comes_at_its_number() {
    let mut room = Room::live();
    room.press(KeyCode::Char('3'));
    assert_eq!(room.model.beat().unwrap().lesson, "constructor");
    assert_eq!(told(&room.asked).last().unwrap(), "verify constructor");
    let At::Beat(at) = room.model.at else { panic!("an aside") };
    room.press(KeyCode::Char('9'));
    assert_eq!(room.model.at, At::Beat(at), "there is no lesson 9");
}

#[test]
fn the_menu_finds_what_was_called_and_space_goes_back_to_the_talk() {
    let mut room = Room::live();
    room.event(staged("broken"));
    room.event(verdict(0, None));
    room.press(KeyCode::Char('b'));
    room.write("db-port");
    assert_eq!(room.model.found().len(), 1);
    room.asked.clear();
    room.press(KeyCode::Enter);
    let key = "host-port+constructor+representation turn db-port-changed";
    assert_eq!(told(&room.asked), ["cancel", &format!("stage {key}"), "makelive", "bootstrap", "verify app-port"]);
    room.event(staged(key));
    room.asked.clear();
    room.event(verdict(1, Some("db-port-changed")));
    assert!(matches!(phase(&room), Phase::Settled { declared: true, .. }));
    room.wait(5_000);
    room.press(KeyCode::Char(' '));
    assert_eq!(room.model.at, At::Beat(0));
    assert!(told(&room.asked).contains(&"stage broken".to_owned()), "the talk's own state comes back");
    room.press(KeyCode::Char('m'));
    assert!(matches!(room.model.overlay, Some(Overlay::Menu { way: Way::Mend, .. })));
    room.press(KeyCode::Esc);
    assert_eq!(room.model.overlay, None);
}

#[test]
fn a_surprise_stands_in_the_notes_and_nowhere_on_the_screen_until_it_is_opened() {
    let mut room = Room::live();
    room.event(staged("broken"));
    room.event(verdict(0, None));
    let mut met = std::collections::BTreeSet::new();
    for round in 0..8 {
        room.wait(1_000 + round * 37);
        room.press(KeyCode::Char('b'));
        assert_eq!(room.model.found()[0], Pick::Surprise);
        room.press(KeyCode::Enter);
        let item = room.model.aside().unwrap().clone();
        let turn = item.turn.clone();
        room.event(staged(&item.scene.key));
        room.event(verdict(1, turn.as_deref()));
        room.wait(60_000);
        let fault = room.model.fault(&item).unwrap().clone();
        let lesson = room.model.course.lesson(&item.scene.lesson).unwrap().title.clone();
        let shown = room.picture(120, 40);
        for answer in [&item.title, &lesson, &fault.cause, &fault.tell] {
            assert!(!shown.contains(answer.trim()), "{answer}\n{shown}");
        }
        assert!(shown.contains("a customer:") && shown.contains("a colleague:"), "{shown}");
        assert!(!shown.contains('✗') && !shown.contains(":5001"), "the map is not drawn:\n{shown}");
        let place = Place::of(&room.model);
        assert!(place.sealed && place.aside.as_ref() == Some(&item.title) && place.explain.is_some());
        room.press(KeyCode::Char(' '));
        room.wait(60_000);
        assert!(room.picture(120, 40).contains(&item.about), "opened: {}", room.picture(120, 40));
        assert!(!Place::of(&room.model).sealed);
        room.press(KeyCode::Char(' '));
        assert!(matches!(room.model.at, At::Beat(_)), "and then back to the talk");
        assert!(met.insert(item.scene.key), "the same twice");
    }
}

#[test]
fn what_is_only_saved_is_put_in_place_after_what_runs() {
    let mut room = Room::live();
    room.press(KeyCode::Char('b'));
    room.write("model-not-built");
    room.asked.clear();
    room.press(KeyCode::Enter);
    let asked = told(&room.asked);
    let key = "host-port+app-port+representation turn model-not-built";
    let expected = [
        "cancel".to_owned(),
        format!("stage before {key}"),
        "makelive".into(),
        "bootstrap".into(),
        format!("stage {key}"),
        "verify constructor".into(),
    ];
    assert_eq!(asked, expected);
    room.event(staged(&format!("before {key}")));
    assert_eq!(phase(&room), Phase::Staging, "not there yet");
    room.event(staged(key));
    assert_eq!(phase(&room), Phase::Working);
}

#[test]
fn without_an_engine_the_recorded_run_tells_every_beat() {
    let mut room = Room::recorded();
    assert_eq!(room.model.source, Source::Recorded);
    let beats = room.model.beats.len();
    for _ in 0..beats {
        room.settle();
        let wanted = room.model.shop.wanted.clone().unwrap();
        assert!(
            matches!(wanted.phase, Phase::Settled { declared: true, .. }),
            "{}: {:?}",
            wanted.scene.key,
            wanted.phase
        );
        assert!(room.picture(100, 30).contains("RECORDING of "));
        room.press(KeyCode::PageDown);
        room.press(KeyCode::Null);
    }
    for _ in 0..beats {
        room.press(KeyCode::PageUp);
        room.settle();
        assert!(matches!(phase(&room), Phase::Settled { declared: true, .. }));
    }
    assert!(!room.asked.iter().any(|action| matches!(action, Action::MakeLive | Action::Verify { .. })));
}

#[test]
fn the_recorded_run_takes_over_at_a_key_and_gives_back() {
    let mut room = Room::live();
    room.event(staged("broken"));
    room.press(KeyCode::Char('r'));
    assert_eq!(room.model.source, Source::Recorded);
    room.event(verdict(4, None));
    room.settle();
    assert!(
        matches!(phase(&room), Phase::Settled { declared: true, .. }),
        "the containers' verdict is not the recording's"
    );
    room.asked.clear();
    room.press(KeyCode::Char('r'));
    assert_eq!(room.model.source, Source::Live);
    assert!(told(&room.asked).contains(&"makelive".to_owned()));
}

#[test]
fn an_engine_that_goes_away_in_the_middle_is_waited_for() {
    let mut room = Room::live();
    room.event(staged("broken"));
    room.event(verdict(0, None));
    let gone = Error::environment("nobody answers");
    room.tell(Update::Engine(EngineStatus::Missing(gone.clone())));
    assert_eq!(room.model.source, Source::Live, "what was shown live does not turn into a recording by itself");
    room.press(KeyCode::Char('2'));
    assert_eq!(phase(&room), Phase::Waiting);
    assert!(room.picture(100, 30).contains("the recorded run"));
}

#[test]
fn by_itself_it_goes_on_after_each_verdict_and_ends() {
    let mut room = Room::new(Some(2_000), None);
    room.tell(Update::Engine(EngineStatus::Missing(Error::environment("nobody answers"))));
    for _ in 0..3_000 {
        if room.asked.contains(&Action::Quit) {
            break;
        }
        room.wait(200);
    }
    assert!(room.asked.contains(&Action::Quit), "at {:?}", room.model.at);
    let beats = room.asked.iter().filter(|action| matches!(action, Action::Record(Event::Presented { .. }))).count();
    assert!(beats >= room.model.beats.len(), "{beats}");
}

#[test]
fn leaving_asks_what_becomes_of_the_shop() {
    let mut room = Room::live();
    room.press(KeyCode::Char('q'));
    assert_eq!(room.model.overlay, Some(Overlay::Leaving));
    room.press(KeyCode::Esc);
    room.press(KeyCode::Char('q'));
    room.asked.clear();
    room.press(KeyCode::Char('t'));
    assert_eq!(told(&room.asked), ["down true"]);
    room.event(Event::TakenDown { volumes: true });
    assert_eq!(told(&room.asked), ["down true", "quit"]);
    room.tell(Update::Closed);
    assert!(room.over);
}

#[test]
fn a_journal_plays_steps_and_goes_back() {
    let text = include_str!("../../../../recordings/talk.jsonl");
    let entries: Vec<_> = text.lines().take(40).map(|line| serde_json::from_str(line).unwrap()).collect();
    let mut room = Room::new(None, Some(Replay::new("x.jsonl".into(), entries, Vec::new(), 100)));
    room.wait(400_000);
    let replay = room.model.replay.as_ref().unwrap();
    assert!(replay.is_over());
    assert!(room.model.shop.progress.last_report.is_some());
    let (at, end) = (replay.at, room.picture(100, 30));
    assert!(end.contains("RECORDING of ") && end.contains("the end"));
    room.press(KeyCode::Left);
    assert!(room.model.replay.as_ref().unwrap().at < at);
    assert!(room.picture(100, 30).contains("stopped"));
    for _ in 0..3 {
        room.press(KeyCode::Right);
    }
    assert_eq!(room.picture(100, 30).replace("stopped", ""), end.replace("playing", "").replace("stopped", ""));
    assert!(!room.asked.iter().any(|action| !matches!(action, Action::Record(_))), "nobody is asked for anything");
}

#[test]
fn what_is_typed_out_is_what_is_made() {
    let room = Room::live();
    let model = &room.model;
    for before in &model.scenes {
        for item in &model.menu {
            let after = &item.scene;
            // What goes without being typed is told in words; the rest is typed.
            let told = model.also_mended(before, after).into_iter().map(|lesson| lesson.id.clone());
            let fixed = before.staging.fixed.iter().cloned().chain(told).collect();
            let files = model.course.making(&Staging { fixed, ..before.staging.clone() }).unwrap().files;
            let really = Difference::between(&files, after.texts());
            let is_told = !model.also_mended(before, after).is_empty();
            assert!(is_told || files == *before.texts(), "{} from {}", item.title, before.key);
            assert_eq!(model.difference_to(before, after), really, "{} from {}", item.title, before.key);
        }
    }
}

#[test]
fn a_blank_screen_wakes_at_any_key() {
    for key in [KeyCode::Char('x'), KeyCode::Down, KeyCode::Char('.'), KeyCode::Char('q'), KeyCode::Esc, KeyCode::F(5)]
    {
        let mut room = Room::live();
        room.press(KeyCode::Char('.'));
        assert_eq!(room.model.overlay, Some(Overlay::Blank));
        room.press(key);
        assert_eq!(room.model.overlay, None, "{key:?}");
    }
}
