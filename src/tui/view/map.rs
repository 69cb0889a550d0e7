//! Draws the chain.

use ratatui::{buffer::Buffer, layout::Rect};

use crate::tui::{
    chain,
    content::chain_map::lines_at,
    model::{Focus, Model, Tab},
};

/// Draws it.
pub fn draw(model: &Model, area: Rect, buffer: &mut Buffer) {
    let map = chain::map(model);
    let chosen = model.nav.hop.filter(|_| model.nav.tab == Tab::Evidence && model.nav.focus != Focus::Lesson);
    let mut lines = lines_at(&map, usize::from(area.width), model.theme, chosen);
    if area.height == 2 && lines[2].width() > 0 {
        // With two lines, two numbers that do not agree say more than what was seen.
        lines.swap(1, 2);
    }
    for (row, line) in (0..area.height).zip(&lines) {
        super::put(buffer, area, row, line);
    }
}
