//! The picture of the model. Nothing here changes anything, waits for anything, or takes a lock.
//!
//! ```text
//! header                      where we are, and how the lessons stand
//! map                         the chain, and where it breaks
//! ┌ lesson ─────┐┌ tabs ────┐ from 100 columns side by side, else one at a time
//! └─────────────┘└──────────┘
//! status                      work that goes on, what is wrong, what was said
//! next                        the one thing to do now
//! keys
//! ```

mod bar;
mod diff;
pub(in crate::tui) mod evidence;
mod eyes;
mod files;
mod header;
mod hop;
pub(in crate::tui) mod hopmap;
pub(in crate::tui) mod journal;
mod last_words;
mod lesson;
mod overlay;
mod panes;
mod status;
mod welcome;

use ratatui::{Frame, buffer::Buffer, layout::Rect, text::Line};

#[cfg(test)]
pub use bar::next_line;
pub use overlay::as_lines as overlay_lines;
pub use panes::{Extent, Pane, extent, focused_extent};
pub use status::lines as status_lines;
pub use welcome::facts as welcome_lines;

use super::{
    model::{Focus, Model, Overlay, Screen, Tab},
    text,
};

/// Draws the whole screen.
pub fn view(model: &Model, frame: &mut Frame<'_>) {
    let area = frame.area();
    let buffer = frame.buffer_mut();
    if area.width < 60 || area.height < 15 {
        too_small(model, area, buffer);
        return;
    }
    if model.screen == Screen::Welcome {
        welcome::draw(model, area, buffer);
    } else {
        lesson_screen(model, area, buffer);
    }
    overlay::draw(model, area, buffer);
}

fn too_small(model: &Model, area: Rect, buffer: &mut Buffer) {
    let lines = [
        Line::styled("make the window larger", model.theme.strong()),
        Line::raw(format!("(now {}×{}, needs 60×15)", area.width, area.height)),
    ];
    let top = area.y + area.height.saturating_sub(2) / 2;
    for (row, line) in (top..area.bottom()).zip(lines) {
        let left = area.width.saturating_sub(u16::try_from(line.width()).unwrap_or(u16::MAX)) / 2;
        buffer.set_line(area.x + left, row, &line, area.width.saturating_sub(left));
    }
}

fn lesson_screen(model: &Model, area: Rect, buffer: &mut Buffer) {
    let layout = layout(model, area);
    header::draw(model, layout.header, buffer);
    hopmap::draw(model, layout.map, buffer);
    if let Some(Overlay::Editor(editor)) = &model.overlay {
        overlay::draw_editor(model, editor, layout.panes, buffer);
    } else {
        if let Some(area) = layout.lesson {
            panes::draw_lesson(model, area, buffer);
        }
        if let Some(area) = layout.side {
            panes::draw_side(model, area, buffer);
        }
    }
    status::draw(model, layout.status, buffer);
    bar::draw_next(model, layout.next, buffer);
    bar::draw_keys(model, layout.keys, buffer);
}

/// Where everything is.
#[derive(Debug, Clone, Copy)]
struct Layout {
    header: Rect,
    map: Rect,
    panes: Rect,
    lesson: Option<Rect>,
    side: Option<Rect>,
    status: Rect,
    next: Rect,
    keys: Rect,
}

fn layout(model: &Model, area: Rect) -> Layout {
    // White space where there is room for it.
    let roomy = area.height >= 32;
    let map_rows = if area.height >= 22 { 3 } else { 2 };
    let status_rows =
        u16::try_from(status::lines(model, area.width).len()).unwrap_or(1).clamp(1, status_limit(model, area));
    let row = |y: u16, height: u16| Rect { x: area.x, y: area.y + y, width: area.width, height };
    let map_top = 1 + u16::from(roomy);
    let panes_top = map_top + map_rows;
    let below = status_rows + 2;
    let panes = row(panes_top, area.height.saturating_sub(panes_top + below));
    let bottom = panes_top + panes.height;
    let (lesson, side) = if area.width >= 100 {
        let left = (area.width / 2).min(90);
        let lesson = Rect { width: left, ..panes };
        let side = Rect { x: panes.x + left, width: panes.width - left, ..panes };
        (Some(lesson), Some(side))
    } else if model.focus == Focus::Lesson {
        (Some(panes), None)
    } else {
        (None, Some(panes))
    };
    Layout {
        header: row(0, 1),
        map: row(map_top, map_rows),
        panes,
        lesson,
        side,
        status: row(bottom, status_rows),
        next: row(bottom + status_rows, 1),
        keys: row(bottom + status_rows + 1, 1),
    }
}

/// What lies under a place of the screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spot {
    /// A link of the chain.
    Link(usize),
    /// A tab's title.
    Tab(Tab),
    /// The lesson.
    Lesson,
    /// The open tab.
    Side,
}

/// What lies there.
pub fn spot(model: &Model, column: u16, row: u16) -> Option<Spot> {
    if model.is_tiny() {
        return None;
    }
    let layout = layout(model, Rect { x: 0, y: 0, width: model.size.0, height: model.size.1 });
    let place = ratatui::layout::Position { x: column, y: row };
    if layout.map.contains(place) {
        return hopmap::link_at(model, usize::from(layout.map.width), usize::from(column)).map(Spot::Link);
    }
    let titles = layout.side.filter(|_| model.is_wide()).unwrap_or(layout.panes);
    if row == titles.y && titles.contains(place) {
        return panes::tab_at(model, usize::from(column - titles.x));
    }
    if layout.lesson.is_some_and(|area| area.contains(place)) {
        return Some(Spot::Lesson);
    }
    layout.side.is_some_and(|area| area.contains(place)).then_some(Spot::Side)
}

fn status_limit(model: &Model, area: Rect) -> u16 {
    let limit = match area.height {
        0..20 => 1,
        20..30 => 2,
        _ => 4,
    };
    // What is said once is said to its end, and is gone with the next key.
    limit + u16::from(model.notice.is_some())
}

/// Draws one line, cut at the area's right edge.
fn put(buffer: &mut Buffer, area: Rect, row: u16, line: &Line<'_>) {
    if row < area.height {
        buffer.set_line(area.x, area.y + row, line, area.width);
    }
}

/// Whether the lesson's page goes on below what is shown of it.
pub fn more_below(model: &Model) -> bool {
    let extent = extent(model, Pane::Lesson);
    extent.total > model.scrolls.lesson.top + extent.height
}

/// The command that `y` copies: that of the evidence shown, or what would make a change live, or the first failing question.
pub fn copyable(model: &Model) -> Option<String> {
    if model.shows_stale() {
        return model.stale.first().map(crate::lab::Stale::command);
    }
    evidence::current_command(model)
}

/// The most that is put into a clipboard: many terminals take no more in one piece.
const CLIPBOARD: usize = 64 * 1024;

/// What `Y` copies: the answer that the Evidence pane begins with, else the pane's text.
pub fn copyable_output(model: &Model) -> String {
    let at_evidence = matches!((model.focus, model.tab), (Focus::Side, Tab::Evidence) | (Focus::Map, _));
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
    let lines = match (model.focus, model.tab) {
        (Focus::Lesson, _) => lesson::lines(model, 78),
        (Focus::Map, _) | (Focus::Side, Tab::Evidence) => return evidence::as_text(model),
        (Focus::Side, Tab::Logs) => return model.logs.as_text(),
        (Focus::Side, Tab::Files) => return files::as_text(model),
        (Focus::Side, Tab::Diff) => diff::lines(model),
        (Focus::Side, Tab::Journal) => journal::lines(model, 78),
    };
    text::clean(&lines.iter().map(|line| format!("{line}\n")).collect::<String>())
}

/// Which answer of the Evidence pane is that to this question.
pub fn evidence_position(model: &Model, id: &str) -> Option<usize> {
    evidence::position(model, id)
}

/// The line on which each piece of evidence starts in its pane.
pub fn evidence_starts(model: &Model) -> Vec<usize> {
    evidence::starts(model, panes::side_columns(model))
}

/// The line on which each file starts in the Diff pane.
pub fn diff_starts(model: &Model) -> Vec<usize> {
    diff::starts(model)
}
