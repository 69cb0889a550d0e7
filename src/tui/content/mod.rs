//! The text of every part of the screen, as styled lines of so many columns.
//!
//! Why it is a room of its own: a key that scrolls has to know how long a text is, a picture has to show it, and the plain
//! mode prints it. All three ask here, and nothing here knows where on the screen it will stand. Read `lesson` first.

pub mod answer;
pub mod chain_map;
mod containers;
pub mod diff;
pub mod evidence;
pub mod evidence_list;
pub mod files;
pub mod journal;
pub mod lesson;
pub mod lines;
mod link_detail;
mod log_excerpt;
mod overlay;
mod side_by_side;
mod standing;
mod status;
mod welcome;

pub use chain_map::{branch_rows, link_at};
pub use diff::lines as diff;
pub use evidence::lines as evidence;
pub use files::size as files_size;
pub use journal::lines as journal;
pub use lesson::lines as lesson;
pub use overlay::{Content, content as overlay};
pub use standing::standing;
pub use status::{dead, has_died, lines as status_lines, work_lines};
pub use welcome::facts as welcome;

use super::{
    model::{Focus, Model, Tab},
    text,
};

/// The command that `y` copies: that of the evidence shown, or what would make a change live, or the first failing question.
pub fn copyable(model: &Model) -> Option<String> {
    if model.shows_stale() {
        return model.lab.stale.first().map(crate::lab::Stale::command);
    }
    evidence::current_command(model)
}

/// The most that is put into a clipboard: many terminals take no more in one piece.
const CLIPBOARD: usize = 64 * 1024;

/// What `Y` copies: the answer that the Evidence pane begins with, else the pane's text.
pub fn copyable_output(model: &Model) -> String {
    let at_evidence = matches!((model.nav.focus, model.nav.tab), (Focus::Side, Tab::Evidence) | (Focus::Map, _));
    let mut text = if at_evidence { evidence::current_output(model) } else { as_text(model) };
    let mut end = text.len().min(CLIPBOARD);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.truncate(end);
    text
}

/// The text of the pane that has the keys, for the pager.
pub fn as_text(model: &Model) -> String {
    let lines = match (model.nav.focus, model.nav.tab) {
        (Focus::Lesson, _) => lesson(model, 78),
        (Focus::Map, _) | (Focus::Side, Tab::Evidence) => return evidence::as_text(model),
        (Focus::Side, Tab::Logs) => return model.lab.logs.as_text(),
        (Focus::Side, Tab::Files) => return files::as_text(model),
        (Focus::Side, Tab::Diff) => diff(model),
        (Focus::Side, Tab::Journal) => journal(model, 78),
    };
    text::clean(&lines.iter().map(|line| format!("{line}\n")).collect::<String>())
}
