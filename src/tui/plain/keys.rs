//! From a line that was typed to the keys that it stands for.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use crate::tui::{
    keymap::{Place, TABLE},
    model::{Model, Overlay},
};

/// What a line stands for.
#[derive(Debug, Clone, PartialEq)]
pub enum Typed {
    /// These keys.
    Keys(Vec<KeyEvent>),
    /// Words, where words are asked for.
    Words(String),
    /// The lines of the page that hold this.
    Find(String),
    /// The page once more.
    Again,
}

/// What reads the page once more.
const AGAIN: [&str; 2] = [".", "again"];

/// What a line stands for: an empty one is Enter; a key's name or its word (`v`, `verify`, `Esc`) is that key; where words
/// are asked for, the line is those words; in a list, a number or a name chooses; `/word` finds. `None` where it is nothing of these.
pub fn typed(model: &Model, line: &str) -> Option<Typed> {
    let place = model.place();
    let word = line.trim();
    if place == Place::Writing {
        // Who goes on to the next step has nothing to say to this question.
        let skips = matches!(model.dialog.overlay, None | Some(Overlay::Hypothesis { .. }));
        let goes_on = word == "Esc" || skips && matches!(word, "u" | "v");
        return match named(word, if word == "Esc" { place } else { Place::Story }).filter(|_| goes_on) {
            Some(key) => Some(Typed::Keys(vec![key])),
            None => Some(Typed::Words(line.to_owned())),
        };
    }
    if AGAIN.contains(&word) {
        return Some(Typed::Again);
    }
    if let (Place::Files | Place::Logs, Some(wanted @ [_, ..])) = (place, word.strip_prefix('/').map(str::as_bytes)) {
        return Some(Typed::Find(String::from_utf8_lossy(wanted).into_owned()));
    }
    keys(model, place, word).map(Typed::Keys)
}

fn keys(model: &Model, place: Place, word: &str) -> Option<Vec<KeyEvent>> {
    if word.is_empty() {
        return Some(vec![plain(KeyCode::Enter)]);
    }
    if let (Place::Chooser | Place::Lessons, Ok(number @ 1..)) = (place, word.parse::<usize>()) {
        return Some(choose(model, number));
    }
    if let Some(key) = named(word, place) {
        return Some(vec![key]);
    }
    if let Some(Overlay::Files { .. }) = model.dialog.overlay {
        return Some(choose(model, file(&model.files_to_edit(), word)? + 1));
    }
    if place == Place::Files {
        let files: Vec<&str> = model.lab.files.files.iter().map(|(path, _)| path.as_str()).collect();
        let steps = (file(&files, word)? + files.len() - model.nav.file_at) % files.len();
        return Some(vec![plain(KeyCode::Char(']')); steps]);
    }
    // A text that has been read need not be closed first.
    let behind = (place == Place::Reading).then(|| named(word, model.place_behind())).flatten()?;
    Some(vec![plain(KeyCode::Esc), behind])
}

/// The file that is meant: by its path, or by its name where no other has it.
fn file(files: &[&str], word: &str) -> Option<usize> {
    let named = |path: &&&str| path.rsplit('/').next() == Some(word);
    let by_path = files.iter().position(|path| *path == word);
    by_path.or_else(|| {
        let mut found = files.iter().enumerate().filter(|(_, path)| named(path));
        let first = found.next()?;
        found.next().is_none().then_some(first.0)
    })
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
    let at = match &model.dialog.overlay {
        Some(Overlay::Lessons(at) | Overlay::Files { at, .. } | Overlay::Shell(at) | Overlay::Courses(at)) => *at,
        _ => 0,
    };
    let mut keys = vec![plain(KeyCode::Up); at];
    keys.extend(vec![plain(KeyCode::Down); number - 1]);
    keys.push(plain(KeyCode::Enter));
    keys
}
