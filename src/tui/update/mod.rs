//! The one place where the model changes: a message comes in, effects go out. Nothing here waits or does I/O.

mod editing;
mod feed;
mod going;
mod keys;
mod moving;
mod pointing;

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
        Msg::Mouse(mouse) => pointing::mouse(model, mouse),
        Msg::Paste(text) => editing::paste(model, &text),
        Msg::Resize(columns, rows) => {
            model.size = (columns, rows);
            moving::clamp(model);
        }
        Msg::Updates(updates) => {
            for told in updates {
                feed::take(model, told, &mut effects);
            }
        }
        Msg::Skipped(skipped) => skipped.iter().for_each(|(service, lines)| model.logs.skip(service, *lines)),
        Msg::Tick => going::begin_if_possible(model, &mut effects),
        Msg::Lab(texts) => {
            let shown = model.files.files.get(model.file_at).map(|(path, _)| path.clone());
            let first = model.files.files.is_empty();
            model.files = texts;
            // A file that came or went must not put another one under the reader's eyes.
            let again = shown.and_then(|shown| model.files.files.iter().position(|(path, _)| *path == shown));
            model.file_at = again.unwrap_or(0);
            editing::changed_outside(model);
            if first && model.screen == Screen::Lesson {
                going::show_beside(model);
            }
        }
        Msg::Opened { file, text } => editing::opened(model, file, text),
        Msg::Saved { file, result } => editing::saved(model, &file, result, &mut effects),
        Msg::Returned(result) => {
            if let Err(error) = result {
                model.errors.push(error);
            }
            effects.extend([Effect::Conduct(Action::Refresh), Effect::ReadLab]);
        }
        Msg::Notice(notice) => model.notice = Some(notice),
    }
    if model.overlay.is_none() && !model.errors.is_empty() {
        let error = model.errors.remove(0);
        model.scrolls.overlay = Default::default();
        model.overlay = Some(Overlay::Error(error));
    }
    effects
}
