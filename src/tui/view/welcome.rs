//! The first screen: what is here, what is missing, and how to begin. It is drawn before anything was asked.

use ratatui::{
    buffer::Buffer,
    layout::Rect,
    text::{Line, Span},
};

use super::bar;
use crate::{
    conductor::EngineStatus,
    tui::{
        chain,
        content::{self, chain_map},
        model::Model,
        text::{self},
    },
};

/// Draws it.
pub fn draw(model: &Model, area: Rect, buffer: &mut Buffer) {
    let theme = model.theme;
    let columns = usize::from(area.width);
    let mut lines = vec![head(model, columns), Line::default()];
    let mut drawn = chain_map::lines(&chain::map(model), columns, theme).into_iter();
    lines.extend(drawn.next());
    let words = drawn.next().unwrap_or_default();
    // Before anything was asked, three times "not asked" says nothing.
    let asked = model.lab.progress.last_report.is_some();
    lines.push(if asked { words } else { Line::default() });
    lines.extend(drawn.skip(1).filter(|_| asked));
    if area.height >= 20 {
        lines.push(Line::default());
    }
    lines.extend(content::welcome(model, columns));
    let body = Rect { height: area.height.saturating_sub(3), ..area };
    for (row, line) in (0..body.height).zip(&lines) {
        super::put(buffer, body, row, line);
    }
    let status_area = Rect { y: area.bottom().saturating_sub(3), height: 1, ..area };
    if let Some(notice) = &model.dialog.notice {
        super::put(buffer, status_area, 0, &Line::raw(format!(" {}", text::cut(notice, columns.saturating_sub(2)))));
    } else if let Some(work) = model.work.current.as_ref().filter(|_| model.lab.images.is_none()) {
        let lines = content::work_lines(model, work, columns);
        super::put(buffer, status_area, 0, lines.first().unwrap_or(&Line::default()));
    }
    bar::draw_next(model, Rect { y: area.bottom().saturating_sub(2), height: 1, ..area }, buffer);
    bar::draw_keys(model, Rect { y: area.bottom().saturating_sub(1), height: 1, ..area }, buffer);
}

fn head(model: &Model, columns: usize) -> Line<'static> {
    let left = format!(" · {}", model.course.title);
    let right = match &model.lab.engine {
        EngineStatus::Looking => "looking for Docker … ".to_owned(),
        EngineStatus::Here(_) | EngineStatus::Missing(_) => String::new(),
    };
    let gap = columns.saturating_sub(9 + text::width(&left) + text::width(&right));
    Line::from(vec![
        Span::raw(" "),
        Span::styled("Breakfix", model.theme.strong()),
        Span::raw(left),
        Span::raw(" ".repeat(gap)),
        Span::styled(right, model.theme.faint()),
    ])
}
