//! The one place where the model changes: a message comes in, effects go out. Nothing here waits or does I/O.
//!
//! Why it is a room of its own: what a key does can be tested without a terminal or an engine. Read `keys` first.

mod conductor_updates;
mod course_flow;
mod editing;
mod hints;
mod keys;
mod mouse;
mod scroll;

use super::{
    model::{Model, Overlay, Screen},
    msg::{Effect, Msg},
};
use crate::conductor::Action;

/// Takes one message in.
pub fn update(model: &mut Model, msg: Msg) -> Vec<Effect> {
    let mut effects = Vec::new();
    match msg {
        Msg::Key(key) => keys::press(model, key, &mut effects),
        Msg::Mouse(mouse) => mouse::mouse(model, mouse),
        Msg::Paste(text) => editing::paste(model, &text),
        Msg::Resize(columns, rows) => {
            model.size = (columns, rows);
            scroll::clamp(model);
        }
        Msg::Updates(updates) => {
            for told in updates {
                conductor_updates::take(model, told, &mut effects);
            }
        }
        Msg::Skipped(skipped) => skipped.iter().for_each(|(service, lines)| model.lab.logs.skip(service, *lines)),
        Msg::Tick => course_flow::begin_if_possible(model, &mut effects),
        Msg::Lab(texts) => {
            let shown = model.lab.files.files.get(model.nav.file_at).map(|(path, _)| path.clone());
            let first = model.lab.files.files.is_empty();
            model.lab.files = texts;
            // A file that came or went must not put another one under the reader's eyes.
            let again = shown.and_then(|shown| model.lab.files.files.iter().position(|(path, _)| *path == shown));
            model.nav.file_at = again.unwrap_or(0);
            editing::changed_outside(model);
            if first && model.nav.screen == Screen::Lesson {
                course_flow::show_beside(model);
            }
        }
        Msg::Opened { file, text } => editing::opened(model, file, text),
        Msg::Saved { file, result } => editing::saved(model, &file, result, &mut effects),
        Msg::Returned(result) => {
            if let Err(error) = result {
                model.dialog.errors.push(error);
            }
            effects.extend([Effect::Conduct(Action::Refresh), Effect::ReadLab]);
        }
        Msg::Notice(notice) => model.dialog.notice = Some(notice),
    }
    if model.dialog.overlay.is_none() && !model.dialog.errors.is_empty() {
        let error = model.dialog.errors.remove(0);
        model.nav.scrolls.overlay = Default::default();
        model.dialog.overlay = Some(Overlay::Error(error));
    }
    effects
}
