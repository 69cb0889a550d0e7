//! What is kept back for a while, because it would answer a question before it was put.
//!
//! A course says of each question what reveals its answer: ids of evidence, and words. Until the question is answered or
//! skipped, none of it is shown, wherever it would stand. Who turns to a link by hand has asked for it, and gets it.

use ratatui::text::Line;

use super::model::Model;
use crate::course::{Lesson, Prediction};

/// What stands in its place on the map.
pub const SHORT: &str = "guess first";
/// What stands in the place of a line.
pub const LONG: &str = "(kept back: a question comes first)";

/// The questions that are still to come, of this lesson and of those after it.
fn open_questions(model: &Model) -> impl Iterator<Item = (&Lesson, &Prediction)> {
    let lessons = model.course.lessons.iter().enumerate().skip(model.nav.lesson);
    let lessons = lessons.filter(|_| !model.config.fast_track);
    lessons.filter_map(|(at, lesson)| {
        let progress = model.lab.progress.lesson(&lesson.id);
        // Who looks early may solve a lesson before its question was put.
        let open = progress.prediction.is_none()
            && (progress.solved_at.is_none() || at == model.nav.lesson && model.question_is_ahead());
        Some((lesson, lesson.prediction.as_ref().filter(|_| open)?))
    })
}

/// Whether the answer to this question to the stack is kept back.
pub fn id(model: &Model, id: &str) -> bool {
    let link = model.course.hops.iter().position(|hop| hop.id == id);
    if link.is_some_and(|link| model.nav.opened.contains(&link)) {
        return false;
    }
    let own = |lesson: &Lesson| lesson.id == model.lesson_id();
    let checked = model.lesson().is_some_and(|lesson| lesson.checks.iter().any(|check| check.evidence == id));
    open_questions(model).filter(|(lesson, _)| own(lesson) || !checked).any(|(_, asked)| asked.is_revealed_by(id))
}

/// Whether these words would reveal an answer.
pub fn holds(model: &Model, words: &str) -> bool {
    open_questions(model).any(|(_, asked)| asked.is_revealed_in(words))
}

/// The lines without what is kept back; each is still there, so that nothing moves when it comes.
pub fn lines(model: &Model, mut lines: Vec<Line<'static>>) -> Vec<Line<'static>> {
    let words: Vec<String> = lines.iter().map(ToString::to_string).collect();
    let mut kept = vec![false; words.len()];
    for at in 0..words.len() {
        // What is said may go on in the next line.
        let next = words.get(at + 1).map_or("", |next| next.trim());
        if holds(model, &words[at]) {
            kept[at] = true;
        } else if !next.is_empty() && !holds(model, next) && holds(model, &format!("{} {next}", words[at].trim_end())) {
            kept[at] = true;
            kept[at + 1] = true;
        }
    }
    for at in (0..kept.len()).filter(|at| kept[*at]) {
        // Of several in a row, the first says it.
        let said = at > 0 && kept[at - 1];
        lines[at] = if said { Line::default() } else { Line::styled(LONG, model.theme.faint()) };
    }
    lines
}

/// The same lines, or one in the place of all where any is kept back: what stands around a secret often tells it.
pub fn all_or_none(model: &Model, lines: Vec<Line<'static>>) -> Vec<Line<'static>> {
    let words: String = lines.iter().map(|line| format!("{} ", line.to_string().trim())).collect();
    if holds(model, &words) { vec![Line::styled(LONG, model.theme.faint()), Line::default()] } else { lines }
}
