//! Lines that are written, and the built-in editor.

use crossterm::event::KeyEvent;

use super::course_flow;
use crate::{
    compose::Severity,
    conductor::Action,
    error::Error,
    journal::Event,
    tui::{
        changes,
        editor::Editor,
        input::Input,
        keymap::{self, Command, Place},
        model::{Model, Overlay},
        msg::Effect,
    },
};

/// A key for the line that is written.
pub fn write(model: &mut Model, key: KeyEvent) {
    if let Some(input) = line(model) {
        input.press(key);
    }
}

/// Pasted text, wherever something is written.
pub fn paste(model: &mut Model, text: &str) {
    if let Some(Overlay::Editor(editor)) = &mut model.dialog.overlay {
        match &mut editor.search {
            Some(search) => search.paste(text),
            None => editor.paste(text),
        }
    } else if model.place() == Place::Writing
        && let Some(input) = line(model)
    {
        input.paste(text);
    }
}

fn line(model: &mut Model) -> Option<&mut Input> {
    match &mut model.dialog.overlay {
        Some(Overlay::Note(input) | Overlay::Search(input) | Overlay::Hypothesis { input, .. }) => Some(input),
        None => model.dialog.reflecting.as_mut(),
        _ => None,
    }
}

/// Keeps the closing question's answer; an empty one skips it.
pub fn reflect(model: &mut Model, effects: &mut Vec<Effect>) {
    if let Some(input) = model.dialog.reflecting.take()
        && !input.is_blank()
    {
        let lesson = model.lesson_id().to_owned();
        course_flow::record(Event::Reflected { lesson, text: input.text().trim().to_owned() }, effects);
        model.dialog.notice = Some("Kept, in your words.".to_owned());
    }
}

/// Skipped so often in a row, a hypothesis is asked for no more.
const SKIPS: usize = 2;

/// Before an edit is made live, asks what the learner thinks is wrong, and says once that one change at a time tells more;
/// `false` where there is nothing to ask.
pub fn ask_first(model: &mut Model, actions: &[Action]) -> bool {
    let at_a_bug = model.lesson().is_some_and(|lesson| !lesson.fix.is_empty()) && !model.here().is_solved();
    if !at_a_bug || !model.lab.edited || model.lab.stale.is_empty() || model.work.current.is_some() {
        return false;
    }
    let mut changes = changes::since_asked(model);
    if changes.len() < 2 || model.dialog.said_one_change {
        changes.clear();
    }
    let asks = model.config.hypothesis && !model.dialog.hypothesis_asked && model.dialog.hypotheses_skipped < SKIPS;
    if !asks && changes.is_empty() {
        return false;
    }
    model.dialog.hypothesis_asked = true;
    model.dialog.said_one_change |= !changes.is_empty();
    model.nav.scrolls.overlay = Default::default();
    model.dialog.overlay = Some(Overlay::Hypothesis { input: Input::default(), actions: actions.to_vec(), changes });
    true
}

/// Keeps what the learner thinks is wrong; an empty line skips it.
pub fn keep_hypothesis(model: &mut Model, input: &Input, effects: &mut Vec<Effect>) {
    if input.is_blank() {
        model.dialog.hypotheses_skipped += 1;
    } else {
        model.dialog.hypotheses_skipped = 0;
        let lesson = model.lesson_id().to_owned();
        course_flow::record(Event::Hypothesis { lesson, text: input.text().trim().to_owned() }, effects);
    }
}

/// Keeps a note.
pub fn keep_note(model: &mut Model, input: &Input, effects: &mut Vec<Effect>) {
    if !input.is_blank() {
        let lesson = model.lesson_id().to_owned();
        course_flow::record(Event::Noted { lesson, text: input.text().trim().to_owned() }, effects);
        model.dialog.notice = Some("Noted. It will stand in your report.".to_owned());
    }
}

/// Searches the logs; without a word, for the last one again.
pub fn search_logs(model: &mut Model, input: &Input) {
    if !input.is_blank() {
        model.lab.logs.search = input.text();
    }
    if model.lab.logs.search.is_empty() {
        return;
    }
    if !model.lab.logs.find(true) {
        model.dialog.notice = Some(format!("No line holds: {}", model.lab.logs.search));
    }
}

/// A file was read for the built-in editor.
pub fn opened(model: &mut Model, file: String, text: Result<String, Error>) {
    match text {
        Ok(text) => {
            let mut editor = Editor::new(file, &text, model.theme);
            // Where the compose file cannot be read, the place is known; else it may be the one that the page speaks of.
            let wrong = model.lab.findings.iter().find(|finding| {
                finding.severity != Severity::Warning && finding.place.file.to_string_lossy() == editor.file
            });
            let shown = model.lab.files.files.get(model.nav.file_at).is_some_and(|(path, _)| *path == editor.file);
            if let Some(finding) = wrong {
                editor.go_to(finding.place.line, finding.place.column);
            } else if let Some(line) = model.pointed().filter(|_| shown) {
                editor.go_to(line + 1, 1);
            }
            model.dialog.overlay = Some(Overlay::Editor(Box::new(editor)));
        }
        Err(error) => model.dialog.errors.push(error),
    }
}

/// The lab's files were read again: the one that is being edited may have been written by another program.
pub fn changed_outside(model: &mut Model) {
    let Some(Overlay::Editor(editor)) = &mut model.dialog.overlay else { return };
    let now = model.lab.files.files.iter().find(|(path, _)| *path == editor.file).map(|(_, text)| text);
    let Some(now) = now.filter(|now| editor.differs_outside(now)) else { return };
    if editor.is_changed() {
        model.dialog.notice = Some(format!("{} was changed outside. Ctrl-S writes yours over it.", editor.file));
        editor.saw(now);
    } else {
        let cursor = editor.area.cursor();
        let mut anew = Editor::new(editor.file.clone(), now, model.theme);
        anew.go_to(cursor.0 + 1, cursor.1 + 1);
        model.dialog.notice = Some(format!("{} was changed outside, and read again.", editor.file));
        **editor = anew;
    }
}

/// A file was written, or not.
pub fn saved(model: &mut Model, file: &str, result: Result<(), Error>, effects: &mut Vec<Effect>) {
    let mut leaves = false;
    if let Some(Overlay::Editor(editor)) = &mut model.dialog.overlay
        && editor.file == file
    {
        if result.is_ok() {
            editor.was_saved();
        }
        leaves = std::mem::take(&mut editor.leaves) && result.is_ok();
    }
    match result {
        Ok(()) => {
            model.dialog.notice = Some(format!("Saved {file}."));
            effects.extend([Effect::Conduct(Action::Refresh), Effect::ReadLab]);
        }
        Err(error) => model.dialog.notice = Some(format!("Not saved: {}", error.to_string().replace('\n', " "))),
    }
    if leaves {
        model.dialog.overlay = None;
    }
}

/// A key in the editor; `false` when it is not the editor's.
pub fn press_in_editor(model: &mut Model, key: KeyEvent, effects: &mut Vec<Effect>) -> bool {
    let Some(Overlay::Editor(editor)) = &mut model.dialog.overlay else { return false };
    if let Some(search) = &mut editor.search {
        match keymap::command(key, Place::Writing) {
            Some((Command::Forward, _)) => {
                let word = if search.is_blank() { editor.sought.clone() } else { search.text() };
                editor.sought.clone_from(&word);
                editor.search = None;
                if !editor.find(&word) {
                    model.dialog.notice = Some(format!("No line holds: {word}"));
                }
            }
            Some((Command::Cancel, _)) => editor.search = None,
            Some((Command::Suspend | Command::Redraw, _)) => return false,
            _ => search.press(key),
        }
        return true;
    }
    let place = if editor.asks { Place::Unsaved } else { Place::Editor };
    match keymap::command(key, place).map(|(command, _)| command) {
        Some(Command::Save) => {
            editor.leaves = editor.asks;
            editor.asks = false;
            let text = editor.text_to_save();
            effects.push(Effect::SaveFile { file: editor.file.clone(), text });
        }
        Some(Command::Discard) => model.dialog.overlay = None,
        Some(Command::Undo) => {
            editor.area.undo();
        }
        Some(Command::Redo) => {
            editor.area.redo();
        }
        Some(Command::Search) => editor.search = Some(Input::default()),
        Some(Command::Cancel) if editor.asks => editor.asks = false,
        Some(Command::Cancel) if editor.is_changed() => editor.asks = true,
        Some(Command::Cancel) => model.dialog.overlay = None,
        Some(Command::Redraw) => effects.push(Effect::Redraw),
        _ if editor.asks => {}
        _ => editor.press(key),
    }
    true
}
