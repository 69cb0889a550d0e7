//! Hints, and the explanation of a wrong turn.

use super::{course_flow::record, scroll};
use crate::{
    course::Rung,
    journal::Event,
    tui::{
        model::{Focus, Model, Overlay, Page},
        msg::Effect,
        next_step,
    },
};

/// The next hint. Without an attempt since the last one it has to be asked for twice.
pub fn hint(model: &mut Model, effects: &mut Vec<Effect>) {
    let here = model.here();
    let Some(lesson) = model.lesson() else { return };
    let id = lesson.id.clone();
    if lesson.hints.is_empty() {
        model.dialog.notice = Some("This lesson needs no hints: the story tells it all.".to_owned());
        return;
    }
    // What was seen speaks first: a wrong turn that was recognised is the best hint there is.
    let recognised = model.wrong_turn().is_some_and(|turn| !turn.remark);
    if recognised && next_step::unexplained_turn(model).is_some() && model.lab.asked {
        explain(model, effects);
        model.dialog.notice = Some("That comes before any hint. Close it, and h gives the next one.".to_owned());
        return;
    }
    let Some(lesson) = model.lesson() else { return };
    let next = lesson.hints.get(here.hints.len()).map(|hint| hint.rung);
    let waits = !here.hints.is_empty() && here.attempts_since_hint == 0 && !here.is_solved();
    match next {
        None => model.dialog.notice = Some("These are all the hints. R shows the fix itself.".to_owned()),
        Some(_) if waits && !model.dialog.hint_insisted => {
            model.dialog.hint_insisted = true;
            model.dialog.notice =
                Some("One attempt in between? v asks the stack. h again gives the next hint now.".to_owned());
            return;
        }
        Some(rung) => {
            model.dialog.hint_insisted = false;
            record(Event::HintShown { lesson: id, rung }, effects);
            if rung == Rung::Show && !here.is_solved() {
                // The last rung shows the fix itself, and applies it on request.
                model.nav.scrolls.overlay = Default::default();
                model.dialog.overlay = Some(Overlay::Revealing);
            }
        }
    }
    if model.pages().contains(&Page::Work) {
        model.nav.page = Page::Work;
    }
    model.nav.focus = Focus::Lesson;
    // Where it was shown before; a new one is scrolled to as soon as it is there.
    scroll::to_last_hint(model);
}

/// The explanation of the wrong turn that was recognised.
pub fn explain(model: &mut Model, effects: &mut Vec<Effect>) {
    let Some(named) = model.wrong_turn().cloned() else {
        model.dialog.notice = Some("No wrong turn is recognised. Read the evidence, or h for a hint.".to_owned());
        return;
    };
    let id = named.id;
    let Some((_, turn)) = model.course.turn(&id) else { return };
    // As it was when the stack was asked: the words name what was seen then.
    let explain = named.explain.as_ref().unwrap_or(&turn.explain);
    let words = format!("**What is often believed there:** {}\n\n{}\n\n{explain}", turn.belief, named.question);
    let title = turn.title.clone();
    if !model.here().explained.contains(&id) {
        record(Event::WrongTurnExplained { id }, effects);
    }
    model.nav.scrolls.overlay = Default::default();
    model.dialog.overlay = Some(Overlay::Reading { title, words });
}
