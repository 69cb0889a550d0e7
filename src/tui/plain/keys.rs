//! From a line that was typed to the keys that it stands for.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use crate::tui::{
    keymap::{Place, TABLE},
    model::{Model, Overlay},
};

/// The keys that a line stands for: an empty one is Enter; a key's name or its word (`v`, `verify`, `Esc`) is that key; where words
/// are asked for, the line is those words; in a list, a number chooses. `None` where it is nothing of these.
pub fn keys(model: &Model, line: &str) -> Option<Vec<KeyEvent>> {
    let place = model.place();
    if place == Place::Writing {
        let mut keys: Vec<_> = line.chars().map(|c| plain(KeyCode::Char(c))).collect();
        keys.push(plain(KeyCode::Enter));
        return Some(keys);
    }
    let word = line.trim();
    if word.is_empty() {
        return Some(vec![plain(KeyCode::Enter)]);
    }
    if let (Place::Chooser | Place::Lessons, Ok(number @ 1..)) = (place, word.parse::<usize>()) {
        return Some(choose(model, number));
    }
    if let Some(key) = named(word, place) {
        return Some(vec![key]);
    }
    // A text that has been read need not be closed first.
    let behind = (place == Place::Reading).then(|| named(word, Place::Story)).flatten()?;
    Some(vec![plain(KeyCode::Esc), behind])
}

fn plain(code: KeyCode) -> KeyEvent {
    KeyEvent::new(code, KeyModifiers::NONE)
}

fn named(word: &str, place: Place) -> Option<KeyEvent> {
    let rows = || TABLE.iter().filter(|row| row.holds.contains(&place));
    let by_key = rows().flat_map(|row| row.keys).find(|key| key.name() == word);
    let by_lower =
        || rows().flat_map(|row| row.keys).find(|key| key.name().eq_ignore_ascii_case(word) && word.len() > 1);
    let by_label = || rows().find(|row| row.label.eq_ignore_ascii_case(word)).and_then(|row| row.keys.first());
    by_key.or_else(by_lower).or_else(by_label).map(|key| key.pressed())
}

/// Down to the chosen line of a list, and Enter.
fn choose(model: &Model, number: usize) -> Vec<KeyEvent> {
    let at = match &model.overlay {
        Some(Overlay::Lessons(at) | Overlay::Files { at, .. } | Overlay::Shell(at)) => *at,
        _ => 0,
    };
    let mut keys = vec![plain(KeyCode::Up); at];
    keys.extend(vec![plain(KeyCode::Down); number - 1]);
    keys.push(plain(KeyCode::Enter));
    keys
}
