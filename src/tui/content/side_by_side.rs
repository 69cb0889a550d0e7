//! The same thing seen with three eyes: what a browser shows, what was really sent, and what the database holds.

use ratatui::text::{Line, Span};

use crate::{
    probe::{HttpAnswer, Rows},
    tui::{
        text::{self, Break},
        theme::Theme,
    },
};

/// Lines of a body that are shown; the pager has them all.
pub const BODY_LINES: usize = 10;
/// From so many columns on, the browser's eye and curl's stand side by side.
const TWO_FROM: usize = 84;
/// And from so many on, the database's stands beside them.
pub const THREE_FROM: usize = 100;

/// What a browser makes of a page, and what was really sent: side by side, or one under the other.
pub fn two(answer: &HttpAnswer, theme: Theme, columns: usize) -> Vec<Line<'static>> {
    if answer.body.trim().is_empty() {
        return Vec::new();
    }
    if columns >= TWO_FROM {
        let wide = columns / 2;
        return abreast(&[(wide, shown(answer, wide, theme)), (wide, sent(answer, wide, theme))], theme);
    }
    let mut lines = vec![Line::styled("the browser shows", theme.faint())];
    lines.extend(
        printed(answer.visible.trim(), columns, BODY_LINES, Break::Words, theme)
            .into_iter()
            .map(|line| set_in(line, theme)),
    );
    lines.push(Line::styled("what was sent", theme.faint()));
    lines.extend(
        printed(answer.sent().trim(), columns, BODY_LINES, Break::Words, theme)
            .into_iter()
            .map(|line| set_in(line, theme)),
    );
    lines
}

/// The same with the submitted rows beside them.
pub fn three(answer: &HttpAnswer, rows: &Rows, theme: Theme, columns: usize) -> Vec<Line<'static>> {
    let (side, middle) = (columns * 3 / 10, columns * 4 / 10);
    let eyes =
        [(side, shown(answer, side, theme)), (middle, sent(answer, middle, theme)), (side, held(rows, side, theme))];
    abreast(&eyes, theme)
}

/// Columns that a frame and air take from a part.
const FRAME: usize = 4;

fn shown(answer: &HttpAnswer, wide: usize, theme: Theme) -> Vec<Line<'static>> {
    let mut lines = vec![Line::styled("the browser shows", theme.faint())];
    lines.extend(printed(answer.visible.trim(), wide - FRAME, BODY_LINES, Break::Words, theme));
    lines
}

fn sent(answer: &HttpAnswer, wide: usize, theme: Theme) -> Vec<Line<'static>> {
    let mut lines = vec![Line::styled("what was sent", theme.faint())];
    lines.extend(printed(answer.sent().trim(), wide - FRAME, BODY_LINES, Break::Words, theme));
    lines
}

fn held(rows: &Rows, wide: usize, theme: Theme) -> Vec<Line<'static>> {
    let room = wide - FRAME;
    let mut lines = vec![Line::styled(text::cut(&heading(rows), room + 2), theme.faint())];
    lines.extend(by_name(rows, room, theme));
    lines.push(Line::styled(counted(rows), theme.faint()));
    lines
}

/// The rows where a table does not fit: each value behind its column's name.
fn by_name(rows: &Rows, room: usize, theme: Theme) -> Vec<Line<'static>> {
    let names: Vec<String> = rows.columns.iter().map(|name| cell(Some(name))).collect();
    let longest = names.iter().map(|name| text::width(name)).max().unwrap_or(0).min(room / 2);
    let mut lines = Vec::new();
    for row in &rows.rows {
        for (name, value) in names.iter().zip(row) {
            let line = Line::from(vec![
                Span::styled(format!("{} ", text::pad(name, longest)), theme.strong()),
                Span::raw(cell(value.as_deref())),
            ]);
            lines.extend(text::wrap(&line, room, longest + 1, Break::Anywhere));
        }
    }
    lines
}

/// Parts of so many columns each, side by side; the first line of each is its heading.
fn abreast(parts: &[(usize, Vec<Line<'static>>)], theme: Theme) -> Vec<Line<'static>> {
    let rows = parts.iter().map(|(_, lines)| lines.len()).max().unwrap_or(0);
    (0..rows)
        .map(|row| {
            let mut spans = Vec::new();
            for (wide, lines) in parts {
                let line = lines.get(row).cloned().unwrap_or_default();
                let frame = if row == 0 { "" } else { "│ " };
                let pad = wide.saturating_sub(line.width() + text::width(frame));
                spans.push(Span::styled(frame, theme.faint()));
                spans.extend(line.spans.into_iter().map(|span| span.patch_style(line.style)));
                spans.push(Span::raw(" ".repeat(pad)));
            }
            Line::from(spans)
        })
        .collect()
}

/// What a program or server sent, some lines of it.
pub fn printed(output: &str, columns: usize, most: usize, how: Break, theme: Theme) -> Vec<Line<'static>> {
    let output = text::clean(output);
    let columns = columns.saturating_sub(2).max(1);
    let mut lines: Vec<Line<'static>> = Vec::new();
    let mut left = 0;
    for line in output.lines() {
        if lines.len() >= most {
            left += 1;
            continue;
        }
        lines.extend(text::wrap(&Line::raw(line.trim_end().to_owned()), columns, 0, how));
    }
    if lines.is_empty() {
        lines.push(Line::styled("(nothing)", theme.faint()));
    }
    if lines.len() > most + 4 {
        left += 1;
        lines.truncate(most + 4);
    }
    if left > 0 {
        lines.push(Line::styled("… more: o opens all of it", theme.faint()));
    }
    lines
}

/// The database's eye: a table, where it fits.
pub fn table(rows: &Rows, theme: Theme, columns: usize) -> Vec<Line<'static>> {
    if rows.table.is_empty() {
        return vec![Line::styled("no row holds it", theme.bad())];
    }
    let mut cells: Vec<Vec<String>> = vec![rows.columns.iter().map(|name| cell(Some(name))).collect()];
    for row in &rows.rows {
        cells.push(row.iter().map(|value| cell(value.as_deref())).collect());
    }
    let wide = |column: usize| {
        cells.iter().filter_map(|row| row.get(column)).map(|cell| text::width(cell)).max().unwrap_or(0).min(24)
    };
    let widths: Vec<usize> = (0..cells.iter().map(Vec::len).max().unwrap_or(0)).map(wide).collect();
    let mut lines = vec![Line::styled(heading(rows), theme.faint())];
    if widths.iter().map(|wide| wide + 3).sum::<usize>() <= columns + 1 {
        for (index, row) in cells.iter().enumerate() {
            let words: Vec<String> = row.iter().zip(&widths).map(|(cell, wide)| text::pad(cell, *wide)).collect();
            let style = if index == 0 { theme.strong() } else { ratatui::style::Style::new() };
            lines.push(set_in(Line::styled(words.join(" │ ").trim_end().to_owned(), style), theme));
        }
    } else {
        lines.extend(by_name(rows, columns.saturating_sub(2), theme).into_iter().map(|line| set_in(line, theme)));
    }
    lines.push(Line::styled(counted(rows), theme.faint()));
    lines
}

/// A line behind the frame of what a program said.
fn set_in(mut line: Line<'static>, theme: Theme) -> Line<'static> {
    let style = line.style;
    line.spans.iter_mut().for_each(|span| span.style = style.patch(span.style));
    line.style = Default::default();
    line.spans.insert(0, Span::styled("│ ", theme.faint()));
    line
}

fn heading(rows: &Rows) -> String {
    let database = rows.database.as_ref().map(|name| format!(" of the database {name}")).unwrap_or_default();
    format!("the database holds, in {}{}", text::clean(&rows.table), text::clean(&database))
}

fn cell(value: Option<&str>) -> String {
    value.map_or_else(|| "NULL".to_owned(), |value| text::clean(value).replace('\n', " "))
}

/// As `psql` counts: what came, and not what else the table holds.
fn counted(rows: &Rows) -> String {
    match rows.rows.len() {
        1 => "(1 row)".to_owned(),
        count => format!("({count} rows)"),
    }
}
