//! The two panes: borders with titles, scrolled contents, and where in them we are.

use ratatui::{
    buffer::Buffer,
    layout::{Alignment, Rect},
    text::{Line, Span},
    widgets::{Block, Padding, Widget},
};

use crate::{
    course::Shown,
    diagnosis::Status,
    tui::{
        content::{
            self,
            lines::{quiet, shifted},
        },
        layout::{inner, reading_columns},
        model::{Focus, Model, Page, Tab},
    },
};

/// The lesson.
pub fn draw_lesson(model: &Model, area: Rect, buffer: &mut Buffer) {
    let focused = model.nav.focus == Focus::Lesson;
    let block = if model.is_wide() {
        frame(model, focused).title(lesson_title(model, focused))
    } else {
        frame(model, true).title(tab_titles(model))
    };
    let inside = inner(area);
    let mut lines = content::lesson(model, reading_columns(usize::from(inside.width)));
    let (first, last, total) = window(&mut lines, model.nav.scrolls.lesson.top, usize::from(inside.height));
    let mut block = where_we_are(model, block, first, last, total);
    if let Some(count) = page_count(model) {
        block = block.title_bottom(Line::styled(count, model.theme.faint()).alignment(Alignment::Left));
    }
    block.render(area, buffer);
    draw_lines(buffer, inside, &lines, 0);
}

/// The open tab.
pub fn draw_side(model: &Model, area: Rect, buffer: &mut Buffer) {
    let focused = model.nav.focus == Focus::Side;
    let block = frame(model, focused || !model.is_wide()).title(tab_titles(model));
    let inside = inner(area);
    let (columns, height) = (usize::from(inside.width), usize::from(inside.height));
    let scroll = match model.nav.tab {
        Tab::Evidence | Tab::Logs => model.nav.scrolls.evidence,
        Tab::Files => model.nav.scrolls.files,
        Tab::Diff => model.nav.scrolls.diff,
        Tab::Journal => model.nav.scrolls.journal,
    };
    let (lines, first, last, total, left, label) = match model.nav.tab {
        Tab::Logs => {
            let (mut lines, first, last) = model.lab.logs.window(columns, height, model.theme);
            let which = model.lab.logs.only.and_then(|only| model.lab.logs.services.get(only));
            if lines.is_empty() {
                let who = which.map_or("No container", String::as_str);
                let words = if which.is_some() { "has not said anything yet." } else { "has said anything yet." };
                lines = quiet(model, &format!("{who} {words}"));
            }
            let what = which.map_or("all services", String::as_str);
            let mode = if model.lab.logs.anchor.is_none() { "follows" } else { "holds" };
            (lines, first, last, model.lab.logs.len(), 0, Some(format!(" {what} · {mode} ")))
        }
        Tab::Files => {
            let (total, widest) = content::files_size(model);
            let top = scroll.top.min(total.saturating_sub(height));
            let lines = content::files::window(model, top, scroll.left.min(widest), columns, height);
            (lines, top + 1, (top + height).min(total), total, 0, content::files::label(model))
        }
        tab => {
            let mut lines = match tab {
                Tab::Evidence => content::evidence(model, columns),
                Tab::Diff => content::diff(model),
                _ => content::journal(model, columns),
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

fn lesson_title(model: &Model, focused: bool) -> Line<'static> {
    let title = format!(" {} ", page_title(model));
    Line::styled(title, if focused { model.theme.strong() } else { model.theme.border(false) })
}

/// What the lesson's page is.
fn page_title(model: &Model) -> String {
    match model.nav.page {
        Page::Beat(beat) => {
            let step = model.lesson().and_then(|lesson| lesson.beats.get(beat)).map_or("", |beat| beat.step.as_str());
            if step.is_empty() { "the story".to_owned() } else { step.to_owned() }
        }
        Page::Question => "before you look".to_owned(),
        Page::Work => {
            let seen = model.here().attempts > 0 || model.here().is_solved();
            let status = |id: &str| {
                let report = model.lab.progress.last_report.as_ref().filter(|_| seen)?;
                report.checks.iter().find(|verdict| verdict.id == id).map(|verdict| verdict.status)
            };
            let checks = model.lesson().map_or(&[][..], |lesson| lesson.checks.as_slice());
            let of = |wanted| checks.iter().filter(|check| status(&check.id) == Some(wanted)).count();
            match (of(Status::Pass), of(Status::Fail), of(Status::Unknown)) {
                (0, 0, 0) => "what must hold".to_owned(),
                _ if !model.lab.asked => "Verify: before the last change".to_owned(),
                (passed, ..) if passed == checks.len() => "Verify: it works".to_owned(),
                (_, 0, _) => "Verify: could not tell".to_owned(),
                _ => "Verify: not yet".to_owned(),
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

fn tab_titles(model: &Model) -> Line<'static> {
    let theme = model.theme;
    let mut spans = Vec::new();
    let mut tab = |words: String, open: bool| {
        let style =
            if open { theme.selected() } else { theme.border(model.nav.focus == Focus::Side && model.is_wide()) };
        // Reversed words need air, and the others the same columns.
        spans.push(Span::styled(format!(" {words} "), style));
    };
    if !model.is_wide() {
        tab("0 Lesson".to_owned(), model.nav.focus == Focus::Lesson);
    }
    for (index, this) in Tab::ALL.iter().enumerate() {
        let open = *this == model.nav.tab && (model.is_wide() || model.nav.focus != Focus::Lesson);
        tab(format!("{} {}", index + 1, this.title()), open);
    }
    Line::from(spans)
}
