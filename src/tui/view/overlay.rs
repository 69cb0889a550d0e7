//! Draws what lies over the screen, and the built-in editor.

use ratatui::{
    buffer::Buffer,
    layout::Rect,
    text::Line,
    widgets::{Block, Clear, Widget},
};

use super::panes;
use crate::tui::{
    content,
    editor::Editor,
    highlight::{Highlighter, Language},
    layout::{columns, inner, overlay_place},
    model::Model,
    text,
};

/// Draws it, if anything lies over the screen.
pub fn draw(model: &Model, area: Rect, buffer: &mut Buffer) {
    let area = overlay_place(model, area);
    let Some(content::Content { title, mut lines, selected }) = content::overlay(model, columns(area)) else { return };
    let inside = inner(area);
    let height = usize::from(inside.height);
    let top = match selected {
        // The chosen line stays in sight, in the middle where possible.
        Some(selected) => selected.saturating_sub(height / 2),
        None => model.nav.scrolls.overlay.top,
    };
    let (first, last, total) = panes::window(&mut lines, top, height);
    Clear.render(area, buffer);
    let title = Line::styled(format!(" {} ", text::cut(&title, columns(area))), model.theme.strong());
    panes::where_we_are(model, Block::bordered().title(title), first, last, total).render(area, buffer);
    panes::draw_lines(buffer, inside, &lines, 0);
}

/// The built-in editor, in place of the panes.
pub fn draw_editor(model: &Model, editor: &Editor, area: Rect, buffer: &mut Buffer) {
    let changed = if editor.is_changed() { " · not saved" } else { "" };
    let title = Line::styled(format!(" {}{changed} ", text::clean(&editor.file)), model.theme.strong());
    let cursor = editor.area.cursor();
    let place = format!(" line {} of {} ", cursor.0 + 1, editor.area.lines().len());
    let block = Block::bordered().title(title).title_bottom(Line::styled(place, model.theme.faint()).right_aligned());
    let inside = block.inner(area);
    Clear.render(area, buffer);
    block.render(area, buffer);
    if inside.width > 0 && inside.height > 0 {
        Widget::render(&editor.area, inside, buffer);
        colour(model, editor, inside, buffer);
    }
}

/// Colours for what the editor shows. Which lines those are is told by their numbers; a line that is scrolled sideways
/// stays as it is.
fn colour(model: &Model, editor: &Editor, area: Rect, buffer: &mut Buffer) {
    let lines = editor.area.lines();
    // The numbers stand right-aligned in a column, with a blank on either side.
    let gutter = u16::try_from(lines.len().to_string().len()).unwrap_or(0) + 2;
    let number = |buffer: &Buffer, row: u16| {
        let digits: String = (0..gutter).map(|x| buffer[(area.x + x, row)].symbol()).collect();
        digits.trim().parse::<usize>().ok()
    };
    if area.width <= gutter {
        return;
    }
    let Some(first) = number(buffer, area.y) else { return };
    let mut highlighter = Highlighter::new(Language::of(&editor.file), model.theme);
    for (index, line) in lines.iter().enumerate().take(first + usize::from(area.height)) {
        let spans = highlighter.line(line);
        let Some(row) = (index + 1).checked_sub(first).and_then(|row| u16::try_from(row).ok()) else { continue };
        if row >= area.height {
            break;
        }
        let (row, mut x) = (area.y + row, area.x + gutter);
        'line: for span in spans {
            for c in span.content.chars() {
                let wide = u16::try_from(text::width(c.encode_utf8(&mut [0; 4]))).unwrap_or(1);
                if x >= area.right() || buffer[(x, row)].symbol() != c.to_string() {
                    break 'line;
                }
                buffer[(x, row)].set_style(span.style);
                x += wide.max(1);
            }
        }
    }
}
