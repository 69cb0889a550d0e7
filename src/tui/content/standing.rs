//! How a lesson stands.

use crate::tui::model::Model;

/// How a lesson stands: its symbol and its word.
pub fn standing(model: &Model, lesson: usize) -> (&'static str, &'static str) {
    let Some(id) = model.course.lessons.get(lesson).map(|lesson| lesson.id.as_str()) else { return ("○", "to do") };
    let progress = model.lab.progress.lesson(id);
    if progress.regressed {
        ("✗", "broken again")
    } else if progress.solved_at.is_some() && progress.revealed {
        ("✓", "solved, shown")
    } else if progress.solved_at.is_some() {
        ("✓", "solved")
    } else if lesson == model.nav.lesson {
        ("▸", "here")
    } else if progress.opened_at.is_some() {
        ("◐", "begun")
    } else {
        ("○", "to do")
    }
}
