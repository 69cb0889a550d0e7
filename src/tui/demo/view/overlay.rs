//! What lies over the screen: the menus, the keys, the question on leaving.

use ratatui::{
    buffer::Buffer,
    layout::Rect,
    text::{Line, Span},
    widgets::{Block, Borders, Clear, Widget},
};

use super::headline;
use crate::tui::{
    demo::{
        keymap,
        model::{Model, Overlay, Pick, SURPRISE},
        scene::{Item, Way},
    },
    text,
};

/// Draws it.
pub fn draw(model: &Model, area: Rect, buffer: &mut Buffer) {
    match &model.overlay {
        Some(Overlay::Menu { way, filter, at }) => {
            let turns = model.course.lessons.iter().flat_map(|lesson| &lesson.wrong_turns);
            let title = match (way, turns.filter(|turn| turn.not_made.is_some()).count()) {
                (Way::Break, 0) => "Break it".to_owned(),
                (Way::Break, told) => format!("Break it · {told} wrong turns are not here, since no key can make them"),
                (Way::Mend, _) => "Mend it".to_owned(),
            };
            // The map stays in sight: it is what the room looks at.
            let top = 8.min(area.height / 3);
            let inner = window(Rect { y: area.y + top, height: area.height - top - 2, ..area }, &title, buffer);
            menu(model, filter, *at, inner, buffer);
        }
        Some(Overlay::Help(top)) => {
            let inner = window(Rect { y: area.y + 1, height: area.height - 2, ..area }, "Keys", buffer);
            let lines = help(model, usize::from(inner.width));
            let rows = usize::from(inner.height);
            let top = (*top).min(lines.len().saturating_sub(rows));
            put_all(&lines[top..], inner, buffer);
            if lines.len() > rows {
                let words = format!(" {}–{}/{}  ↑ ↓ ", top + 1, (top + rows).min(lines.len()), lines.len());
                let wide = u16::try_from(text::width(&words)).unwrap_or(0);
                let x = inner.right().saturating_sub(wide);
                let place = Rect { x, y: inner.bottom(), width: wide.min(inner.width), height: 1 };
                super::put(buffer, place, 0, &Line::styled(words, model.theme.strong()));
            }
        }
        Some(Overlay::GoOn) => {
            let (ways, minutes) = (model.menu.len(), model.recorded_so_far().and_then(|(.., minutes)| minutes));
            let minutes = minutes.map(|minutes| format!(", about {minutes} min")).unwrap_or_default();
            let mut lines =
                vec![Line::raw(format!("  {ways} ways to break and to mend are left{minutes}.")), Line::default()];
            lines.extend(keys_of(model, keymap::Place::GoOn));
            choice("The talk is recorded", &lines, area, buffer);
        }
        Some(Overlay::Leaving) => {
            choice("What becomes of the shop?", &keys_of(model, keymap::Place::Leaving), area, buffer);
        }
        Some(Overlay::Port { by }) => {
            let port = model.course.front_port();
            let mut lines = vec![
                Line::raw(format!("  {by} has it.")),
                Line::raw("  The room's browser would meet that, and not the shop."),
                Line::default(),
            ];
            lines.extend(keys_of(model, keymap::Place::Port));
            lines.push(Line::default());
            let free = format!("  This closes by itself as soon as {port} is free.");
            lines.push(Line::styled(free, model.theme.faint()));
            choice(&format!("{port} is taken"), &lines, area, buffer);
        }
        Some(Overlay::Blank) | None => {}
    }
}

/// The keys that hold in a place, one a line, with what each does.
fn keys_of(model: &Model, place: keymap::Place) -> Vec<Line<'static>> {
    let key = |name: String| Span::styled(format!("  {name:<5}"), model.theme.command());
    keymap::bar(place)
        .into_iter()
        .map(|row| Line::from(vec![key(row.keys[0].name()), Span::raw(format!("  {}", row.help))]))
        .collect()
}

/// A question in the middle.
fn choice(title: &str, lines: &[Line<'static>], area: Rect, buffer: &mut Buffer) {
    let height = u16::try_from(lines.len()).unwrap_or(3) + 4;
    let top = area.height.saturating_sub(height) / 2;
    let inner = window(Rect { y: area.y + top, height: height.min(area.height), ..area }, title, buffer);
    put_all(lines, Rect { y: inner.y + 1, height: inner.height.saturating_sub(1), ..inner }, buffer);
}

fn window(area: Rect, title: &str, buffer: &mut Buffer) -> Rect {
    let wide = area.width.saturating_sub(6).min(110);
    let area = Rect { x: area.x + (area.width - wide) / 2, width: wide, ..area };
    Clear.render(area, buffer);
    let block = Block::new().borders(Borders::ALL).title(format!(" {title} "));
    let inner = block.inner(area);
    block.render(area, buffer);
    Rect { x: inner.x + 1, width: inner.width.saturating_sub(2), ..inner }
}

fn put_all(lines: &[Line<'static>], area: Rect, buffer: &mut Buffer) {
    for (row, line) in (0..area.height).zip(lines) {
        super::put(buffer, area, row, line);
    }
}

fn menu(model: &Model, filter: &str, at: usize, area: Rect, buffer: &mut Buffer) {
    let theme = model.theme;
    let found = model.found();
    let typed =
        if filter.is_empty() { Span::styled("type to find", theme.faint()) } else { Span::raw(filter.to_owned()) };
    let line = Line::from(vec![Span::styled("▏", theme.attention()), typed]);
    super::put(buffer, area, 0, &line);
    let count = format!("{} of {}", (at + 1).min(found.len()), found.len());
    let right = area.width.saturating_sub(u16::try_from(text::width(&count)).unwrap_or(0));
    super::put(
        buffer,
        Rect { x: area.x + right, width: area.width - right, ..area },
        0,
        &Line::styled(count, theme.faint()),
    );
    let list = Rect { y: area.y + 2, height: area.height.saturating_sub(2), ..area };
    let rows = usize::from(list.height);
    let first = at.saturating_sub(rows.saturating_sub(1));
    let columns = usize::from(list.width);
    let about_columns = if columns >= 80 { 38 } else { 0 };
    for (row, (position, pick)) in (0..list.height).zip(found.iter().enumerate().skip(first)) {
        let item = if let Pick::Item(index) = pick { model.menu.get(*index) } else { None };
        let (title, seen) = match item {
            Some(item) => (item.title.as_str(), will_be_seen(model, item)),
            None => (SURPRISE, "only the notes tell what".to_owned()),
        };
        let mark = if position == at { "▸ " } else { "  " };
        let title = text::pad(&text::cut(title, columns - about_columns - 4), columns - about_columns - 3);
        let style = if position == at { theme.selected() } else { ratatui::style::Style::new() };
        let line = Line::from(vec![
            Span::raw(mark),
            Span::styled(title, style),
            Span::styled(format!(" {}", text::cut(&seen, about_columns)), theme.faint()),
        ]);
        super::put(buffer, list, row, &line);
    }
    if found.is_empty() {
        super::put(buffer, list, 0, &Line::styled("Nothing by that name.", theme.faint()));
    }
}

/// What was seen in this state when the talk was recorded; else which lesson it is of.
fn will_be_seen(model: &Model, item: &Item) -> String {
    match model.recording.verdict(&item.scene.key) {
        Some(report) => headline(&model.course, report),
        None => item.about.clone(),
    }
}

fn help(model: &Model, columns: usize) -> Vec<Line<'static>> {
    let place = if model.replay.is_some() { keymap::Place::Journal } else { keymap::Place::Talk };
    keymap::TABLE
        .iter()
        .filter(|row| row.holds.contains(&place))
        .flat_map(|row| {
            let names: Vec<String> = match row.keys {
                [first, .., last] if row.keys.len() > 5 => vec![format!("{} … {}", first.name(), last.name())],
                keys => keys.iter().map(|key| key.name()).collect(),
            };
            let line = Line::from(vec![
                Span::styled(format!("  {:<26}", names.join("  ")), model.theme.command()),
                Span::raw(row.help),
            ]);
            text::wrap(&line, columns, 28, text::Break::Words)
        })
        .collect()
}
