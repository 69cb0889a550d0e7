//! The picture of the model. Nothing here changes anything, waits for anything, or takes a lock.
//!
//! Why it is a room of its own: what is said stands in [`super::content`], and here is only how it is drawn. Read this file
//! first, then `panes`.
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

pub(in crate::tui) mod bar;
mod header;
mod map;
mod overlay;
mod panes;
mod welcome;

use ratatui::{Frame, buffer::Buffer, layout::Rect, text::Line};

#[cfg(test)]
pub use bar::next_line;

use super::{
    content,
    layout::layout,
    model::{Model, Overlay, Screen},
};

/// Draws the whole screen.
pub fn view(model: &Model, frame: &mut Frame<'_>) {
    let area = frame.area();
    let buffer = frame.buffer_mut();
    if area.width < 60 || area.height < 15 {
        too_small(model, area, buffer);
        return;
    }
    if model.nav.screen == Screen::Welcome {
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
    map::draw(model, layout.map, buffer);
    if let Some(Overlay::Editor(editor)) = &model.dialog.overlay {
        overlay::draw_editor(model, editor, layout.panes, buffer);
    } else {
        if let Some(area) = layout.lesson {
            panes::draw_lesson(model, area, buffer);
        }
        if let Some(area) = layout.side {
            panes::draw_side(model, area, buffer);
        }
    }
    for (row, line) in (0..layout.status.height).zip(content::status_lines(model, layout.status.width)) {
        put(buffer, layout.status, row, &line);
    }
    bar::draw_next(model, layout.next, buffer);
    bar::draw_keys(model, layout.keys, buffer);
}

/// Draws one line, cut at the area's right edge.
fn put(buffer: &mut Buffer, area: Rect, row: u16, line: &Line<'_>) {
    if row < area.height {
        buffer.set_line(area.x, area.y + row, line, area.width);
    }
}
