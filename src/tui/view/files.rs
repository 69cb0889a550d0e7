//! The lab's files, with line numbers, and what the compose file says wrong under its line.

use ratatui::text::{Line, Span};

use crate::{
    compose::{Finding, Severity},
    tui::{model::Model, text},
};

fn shown(model: &Model) -> Option<&(String, String)> {
    model.files.files.get(model.file_at)
}

fn findings<'a>(model: &'a Model, path: &str) -> Vec<&'a Finding> {
    let mut findings: Vec<&Finding> =
        model.findings.iter().filter(|finding| finding.place.file.to_string_lossy() == path).collect();
    findings.sort_by_key(|finding| finding.place.line);
    findings
}

/// Lines, and columns of the widest.
pub fn size(model: &Model) -> (usize, usize) {
    let Some((path, file)) = shown(model) else { return (1, 0) };
    let widest = file.lines().map(str::len).max().unwrap_or(0);
    (file.lines().count().max(1) + findings(model, path).len(), widest + 6)
}

/// The lines for the pane, from the n-th on.
pub fn window(model: &Model, top: usize, height: usize) -> Vec<Line<'static>> {
    let theme = model.theme;
    let Some((path, file)) = shown(model) else {
        return super::panes::quiet(model, "The lab's files are not read yet.");
    };
    if file.is_empty() {
        return super::panes::quiet(model, "(an empty file)");
    }
    let findings = findings(model, path);
    let digits = file.lines().count().to_string().len().max(2);
    let numbered = file.lines().enumerate().flat_map(|(index, line)| {
        let number = index + 1;
        let wrong = findings.iter().filter(move |finding| finding.place.line == number);
        let code =
            Line::from(vec![Span::styled(format!("{number:>digits$}  "), theme.faint()), Span::raw(text::clean(line))]);
        std::iter::once(code).chain(wrong.map(move |finding| {
            let (symbol, style) =
                if finding.severity == Severity::Warning { ("!", theme.attention()) } else { ("✗", theme.bad()) };
            let indent = " ".repeat(digits + 1 + finding.place.column.min(60));
            Line::styled(format!("{indent}{symbol} {}", text::clean(&finding.message)), style)
        }))
    });
    numbered.skip(top).take(height).collect()
}

/// Which file, and how to get to the others.
pub fn label(model: &Model) -> Option<String> {
    let (path, _) = shown(model)?;
    let changed = model.files.diffs.iter().any(|(changed, _)| changed == path);
    let changed = if changed { ", changed" } else { "" };
    Some(format!(" {path}{changed} · [ ] {} of {} ", model.file_at + 1, model.files.files.len()))
}

/// The file as it is.
pub fn as_text(model: &Model) -> String {
    shown(model).map(|(_, file)| text::clean(file)).unwrap_or_default()
}
