//! What the room sees, out of the recorded run.

use crossterm::event::KeyCode;

use super::room::Room;
use crate::{conductor::Update, tui::withheld};

fn assert_picture(name: &str, room: &Room) {
    for (columns, rows) in [(80, 24), (100, 30)] {
        let mut settings = insta::Settings::clone_current();
        settings.add_filter(r"RECORDING of \d+ \w+ \d+ {2} *", "RECORDING of (a day)  ");
        settings.bind(|| insta::assert_snapshot!(format!("{name}-{columns}x{rows}"), room.picture(columns, rows)));
    }
}

#[test]
fn the_first_beat() {
    let mut room = Room::recorded();
    room.settle();
    assert_picture("shop", &room);
}

#[test]
fn a_question() {
    let mut room = Room::recorded();
    room.settle();
    room.go_to("what-will-you-see");
    assert_picture("question", &room);
}

/// Up to the beat that asks, neither the chain nor the line at the bottom says what would answer.
#[test]
fn no_beat_answers_a_question_that_is_still_to_come() {
    let course = Room::recorded().model.course.clone();
    let beats = Room::recorded().model.beats.clone();
    for (asks, question) in beats
        .iter()
        .enumerate()
        .filter_map(|(at, beat)| Some((at, course.lesson(beat.ask.as_deref()?).unwrap().prediction.as_ref().unwrap())))
    {
        for beat in &beats[..=asks] {
            let mut room = Room::recorded();
            room.settle();
            room.go_to(&beat.id);
            room.settle();
            for (hop, link) in course.hops.iter().zip(&room.model.map().links) {
                let kept =
                    link.facing.is_none() && link.port.is_empty() && matches!(link.word.as_str(), "" | withheld::SHORT);
                assert!(kept || !question.is_revealed_by(&hop.id), "{}: {} {}", beat.id, hop.id, link.word);
            }
            let picture = room.picture(100, 30);
            let status = picture.lines().rev().nth(1).unwrap();
            let told = course.hops.iter().filter(|hop| question.is_revealed_by(&hop.id));
            for hop in told {
                assert!(!status.contains(&format!("{} → {}: ", hop.from, hop.to)), "{}: {status}", beat.id);
            }
            assert!(!question.is_revealed_in(status), "{}: {status}", beat.id);
        }
    }
}

#[test]
fn an_edit_half_typed_and_live() {
    let mut room = Room::recorded();
    room.settle();
    room.go_to("swap");
    room.wait(300);
    assert_picture("typing", &room);
    room.settle();
    assert_picture("live", &room);
}

#[test]
fn two_eyes() {
    let mut room = Room::recorded();
    room.settle();
    room.press(KeyCode::Char('4'));
    room.settle();
    room.go_to("two-eyes");
    assert_picture("two-eyes", &room);
}

#[test]
fn the_menu() {
    let mut room = Room::recorded();
    room.settle();
    room.press(KeyCode::Char('2'));
    room.settle();
    room.press(KeyCode::Char('b'));
    room.write("port");
    room.press(KeyCode::Down);
    assert_picture("menu", &room);
}

#[test]
fn a_port_that_somebody_else_has() {
    let mut room = Room::live();
    room.tell(Update::PortHeld { port: 8080, by: Some("the container systems-puzzle-nginx-1".into()) });
    assert_picture("port", &room);
}

#[test]
fn a_wrong_turn_that_is_more_than_its_files() {
    let mut room = Room::live();
    room.press(KeyCode::Char('b'));
    room.write("nginx-keeps-old-address");
    room.press(KeyCode::Enter);
    room.wait(5_000);
    assert_picture("moved", &room);
}

#[test]
fn a_wrong_turn_that_was_called() {
    let mut room = Room::recorded();
    room.settle();
    room.press(KeyCode::Char('b'));
    room.write("database port");
    room.press(KeyCode::Enter);
    room.settle();
    assert_picture("wrong-turn", &room);
}

#[test]
fn the_keys() {
    let mut room = Room::recorded();
    room.press(KeyCode::Char('?'));
    assert_picture("keys", &room);
}

#[test]
fn a_small_window_asks_for_a_larger_one_and_a_blank_one_is_blank() {
    let mut room = Room::recorded();
    assert!(room.picture(50, 10).contains("make the window larger"));
    room.press(KeyCode::Char('.'));
    assert!(!room.picture(100, 30).contains(|c: char| c.is_alphanumeric()));
}

#[test]
fn every_beat_fits_every_size_that_is_promised() {
    let mut room = Room::recorded();
    for _ in 0..room.model.beats.len() {
        room.settle();
        for (columns, rows) in [(60, 15), (80, 24), (100, 30), (200, 60)] {
            let picture = room.picture(columns, rows);
            let cut = picture.lines().any(|line| line.trim_matches(|c| c == '"' || c == ' ') == "…");
            // The talk is made for 100 by 30; in a smaller window the end of a long beat may be left out, and `…` says so.
            assert!(!cut || columns < 100, "{} is cut at {columns}x{rows}\n{picture}", room.model.beat().unwrap().id);
        }
        room.press(KeyCode::PageDown);
        room.press(KeyCode::PageDown);
    }
}
