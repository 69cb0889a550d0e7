//! The two panes: borders with titles, scrolled contents, and where in them we are.

use ratatui::{
    buffer::Buffer,
    layout::{Alignment, Rect},
    text::{Line, Span},
    widgets::{Block, Padding, Widget},
};

use super::{diff, evidence, files, journal, layout, lesson, overlay};
use crate::{
    course::Shown,
    tui::{
        model::{Focus, Model, Page, Screen, Tab},
        text,
    },
};

/// A part of the screen that scrolls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pane {
    /// The lesson.
    Lesson,
    /// The open tab.
    Side,
    /// What lies over the screen.
    Overlay,
}

/// How much there is to see, and how much of it is shown at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Extent {
    /// Lines in all.
    pub total: usize,
    /// Lines that are shown.
    pub height: usize,
    /// Columns of the widest line, where lines are not wrapped.
    pub widest: usize,
}

fn whole(model: &Model) -> Rect {
    Rect { x: 0, y: 0, width: model.size.0, height: model.size.1 }
}

/// A pane without its border and the blank inside it.
pub fn inner(area: Rect) -> Rect {
    Rect {
        x: area.x.saturating_add(2).min(area.right()),
        y: area.y.saturating_add(1).min(area.bottom()),
        width: area.width.saturating_sub(4),
        height: area.height.saturating_sub(2),
    }
}

/// Columns that the open tab has for its text.
pub fn side_columns(model: &Model) -> usize {
    let layout = layout(model, whole(model));
    usize::from(inner(layout.side.unwrap_or(layout.panes)).width)
}

/// How much of this pane there is to see.
pub fn extent(model: &Model, pane: Pane) -> Extent {
    if model.is_tiny() {
        return Extent::default();
    }
    if pane == Pane::Overlay {
        return overlay::extent(model, whole(model));
    }
    if model.screen == Screen::Welcome {
        return Extent::default();
    }
    let layout = layout(model, whole(model));
    let area = inner(match pane {
        Pane::Lesson => layout.lesson.unwrap_or(layout.panes),
        _ => layout.side.unwrap_or(layout.panes),
    });
    let columns = usize::from(area.width);
    let (total, widest) = match pane {
        Pane::Lesson => (lesson::lines(model, reading_columns(columns)).len(), 0),
        _ => match model.tab {
            Tab::Evidence => (evidence::lines(model, columns).len(), 0),
            Tab::Logs => (model.logs.len(), 0),
            Tab::Files => files::size(model),
            Tab::Diff => {
                let lines = diff::lines(model);
                (lines.len(), lines.iter().map(Line::width).max().unwrap_or(0))
            }
            Tab::Journal => (journal::lines(model, columns).len(), 0),
        },
    };
    Extent { total, height: usize::from(area.height), widest }
}

/// The extent of the pane that has the keys.
pub fn focused_extent(model: &Model) -> Extent {
    let pane = match model.focus {
        _ if model.overlay.is_some() => Pane::Overlay,
        Focus::Lesson => Pane::Lesson,
        Focus::Side | Focus::Map => Pane::Side,
    };
    extent(model, pane)
}

/// Longer lines of prose are hard to read.
fn reading_columns(columns: usize) -> usize {
    columns.min(82)
}

/// The lesson.
pub fn draw_lesson(model: &Model, area: Rect, buffer: &mut Buffer) {
    let focused = model.focus == Focus::Lesson;
    let block = if model.is_wide() {
        frame(model, focused).title(lesson_title(model, focused))
    } else {
        frame(model, true).title(tab_titles(model))
    };
    let inside = inner(area);
    let mut lines = lesson::lines(model, reading_columns(usize::from(inside.width)));
    let (first, last, total) = window(&mut lines, model.scrolls.lesson.top, usize::from(inside.height));
    let mut block = where_we_are(model, block, first, last, total);
    if let Some(count) = page_count(model) {
        block = block.title_bottom(Line::styled(count, model.theme.faint()).alignment(Alignment::Left));
    }
    block.render(area, buffer);
    draw_lines(buffer, inside, &lines, 0);
}

/// The open tab.
pub fn draw_side(model: &Model, area: Rect, buffer: &mut Buffer) {
    let focused = model.focus == Focus::Side;
    let block = frame(model, focused || !model.is_wide()).title(tab_titles(model));
    let inside = inner(area);
    let (columns, height) = (usize::from(inside.width), usize::from(inside.height));
    let scroll = match model.tab {
        Tab::Evidence | Tab::Logs => model.scrolls.evidence,
        Tab::Files => model.scrolls.files,
        Tab::Diff => model.scrolls.diff,
        Tab::Journal => model.scrolls.journal,
    };
    let (lines, first, last, total, left, label) = match model.tab {
        Tab::Logs => {
            let (mut lines, first, last) = model.logs.window(columns, height, model.theme);
            let which = model.logs.only.and_then(|only| model.logs.services.get(only));
            if lines.is_empty() {
                let who = which.map_or("No container", String::as_str);
                let words = if which.is_some() { "has not said anything yet." } else { "has said anything yet." };
                lines = quiet(model, &format!("{who} {words}"));
            }
            let what = which.map_or("all services", String::as_str);
            let mode = if model.logs.anchor.is_none() { "follows" } else { "holds" };
            (lines, first, last, model.logs.len(), 0, Some(format!(" {what} · {mode} ")))
        }
        Tab::Files => {
            let (total, widest) = files::size(model);
            let top = scroll.top.min(total.saturating_sub(height));
            let lines = files::window(model, top, scroll.left.min(widest), columns, height);
            (lines, top + 1, (top + height).min(total), total, 0, files::label(model))
        }
        tab => {
            let mut lines = match tab {
                Tab::Evidence => evidence::lines(model, columns),
                Tab::Diff => diff::lines(model),
                _ => journal::lines(model, columns),
            };
            let (first, last, total) = window(&mut lines, scroll.top, height);
            (lines, first, last, total, if tab == Tab::Diff { scroll.left } else { 0 }, None)
        }
    };
    let mut block = where_we_are(model, block, first, last, total);
    if let Some(label) = label {
        block = block.title_bottom(Line::styled(label, model.theme.faint()).alignment(Alignment::Left));
    }
    block.render(area, buffer);
    draw_lines(buffer, inside, &lines, left);
}

/// A faint sentence where there is nothing to show.
pub fn quiet(model: &Model, words: &str) -> Vec<Line<'static>> {
    vec![Line::styled(words.to_owned(), model.theme.faint())]
}

/// Keeps the lines that are shown; gives the numbers (from 1) of the first and last of them, and how many there are.
pub fn window(lines: &mut Vec<Line<'static>>, top: usize, height: usize) -> (usize, usize, usize) {
    let total = lines.len();
    let top = top.min(total.saturating_sub(height));
    lines.drain(..top);
    lines.truncate(height);
    (top + 1, top + lines.len(), total)
}

/// A pane's border.
pub fn frame(model: &Model, focused: bool) -> Block<'static> {
    Block::bordered().border_style(model.theme.border(focused)).padding(Padding::horizontal(1))
}

/// Says in the border which part of the contents is shown, when it is not all.
pub fn where_we_are<'a>(model: &Model, block: Block<'a>, first: usize, last: usize, total: usize) -> Block<'a> {
    if last.saturating_sub(first) + 1 >= total {
        return block;
    }
    let words = format!(" {first}–{last}/{total} ");
    block.title_bottom(Line::styled(words, model.theme.strong()).alignment(Alignment::Right))
}

/// Draws lines from the n-th column on.
pub fn draw_lines(buffer: &mut Buffer, area: Rect, lines: &[Line<'_>], left: usize) {
    for (row, line) in (0..area.height).zip(lines) {
        if left == 0 {
            super::put(buffer, area, row, line);
        } else {
            super::put(buffer, area, row, &shifted(line, left));
        }
    }
}

/// The line without its first columns.
pub fn shifted(line: &Line<'_>, left: usize) -> Line<'static> {
    let mut skip = left;
    let mut spans = Vec::new();
    for span in &line.spans {
        let mut kept = String::new();
        for c in span.content.chars() {
            let wide = text::width(c.encode_utf8(&mut [0; 4]));
            if skip >= wide.max(1) {
                skip -= wide.max(1);
            } else {
                skip = 0;
                kept.push(c);
            }
        }
        spans.push(Span::styled(kept, span.style));
    }
    Line::from(spans).style(line.style)
}

fn lesson_title(model: &Model, focused: bool) -> Line<'static> {
    let title = format!(" {} ", page_title(model));
    Line::styled(title, if focused { model.theme.strong() } else { model.theme.border(false) })
}

/// What the lesson's page is.
fn page_title(model: &Model) -> String {
    match model.page {
        Page::Beat(beat) => {
            let step = model.lesson().and_then(|lesson| lesson.beats.get(beat)).map_or("", |beat| beat.step.as_str());
            if step.is_empty() { "the story".to_owned() } else { step.to_owned() }
        }
        Page::Question => "before you look".to_owned(),
        Page::Work => {
            let asked = model.progress.last_report.is_some() && model.here().attempts > 0;
            let solved = model.here().is_solved();
            match (asked, solved) {
                (_, true) => "Verify: it works".to_owned(),
                (true, false) => "Verify: not yet".to_owned(),
                (false, false) => "what must hold".to_owned(),
            }
        }
        Page::Solved => "solved".to_owned(),
        Page::Hindsight => "hindsight".to_owned(),
    }
}

fn page_count(model: &Model) -> Option<String> {
    let count = model.pages().len();
    (count > 1).then(|| {
        let title = if model.is_wide() { String::new() } else { format!("{} · ", page_title(model)) };
        let beside = beside(model).map(|tab| format!("· shown in {tab} ")).unwrap_or_default();
        format!(" {title}page {} of {count} {beside}", model.page_index() + 1)
    })
}

/// On a narrow screen, the tab that holds what the page speaks of.
fn beside(model: &Model) -> Option<String> {
    let tab = match model.shown().filter(|_| !model.is_wide())? {
        Shown::File { .. } => Tab::Files,
        Shown::Logs(_) => Tab::Logs,
        Shown::Evidence(_) => Tab::Evidence,
    };
    let digit = Tab::ALL.iter().position(|known| *known == tab)? + 1;
    Some(format!("{digit} {}", tab.title()))
}

/// The tab whose title stands in this column of the pane's border.
pub fn tab_at(model: &Model, column: usize) -> Option<super::Spot> {
    let mut at = 1;
    let lesson = (!model.is_wide()).then_some(None);
    for tab in lesson.into_iter().chain(Tab::ALL.into_iter().map(Some)) {
        // A digit, and a blank around and between.
        let wide = tab.map_or("Lesson", Tab::title).len() + 4;
        if (at..at + wide).contains(&column) {
            return Some(tab.map_or(super::Spot::Lesson, super::Spot::Tab));
        }
        at += wide;
    }
    None
}

fn tab_titles(model: &Model) -> Line<'static> {
    let theme = model.theme;
    let mut spans = Vec::new();
    let mut tab = |words: String, open: bool| {
        let style = if open { theme.selected() } else { theme.border(model.focus == Focus::Side && model.is_wide()) };
        // Reversed words need air, and the others the same columns.
        spans.push(Span::styled(format!(" {words} "), style));
    };
    if !model.is_wide() {
        tab("0 Lesson".to_owned(), model.focus == Focus::Lesson);
    }
    for (index, this) in Tab::ALL.iter().enumerate() {
        let open = *this == model.tab && (model.is_wide() || model.focus != Focus::Lesson);
        tab(format!("{} {}", index + 1, this.title()), open);
    }
    Line::from(spans)
}
