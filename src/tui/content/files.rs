//! The lab's files: a tree where there is room, line numbers, colours, the lines that differ from the start, and what the
//! compose file says wrong under its line.

use std::collections::BTreeSet;

use ratatui::text::{Line, Span};

use crate::{
    compose::{Finding, Severity},
    tui::{
        highlight::{Highlighter, Language},
        model::Model,
        text,
    },
};

/// Columns of the tree, and from how many columns on it is there.
const TREE: usize = 26;
const TREE_FROM: usize = 90;

fn shown(model: &Model) -> Option<&(String, String)> {
    model.lab.files.files.get(model.nav.file_at)
}

fn findings<'a>(model: &'a Model, path: &str) -> Vec<&'a Finding> {
    let mut findings: Vec<&Finding> =
        model.lab.findings.iter().filter(|finding| finding.place.file.to_string_lossy() == path).collect();
    findings.sort_by_key(|finding| finding.place.line);
    findings
}

/// Lines, and columns of the widest.
pub fn size(model: &Model) -> (usize, usize) {
    let Some((path, file)) = shown(model) else { return (1, 0) };
    let widest = file.lines().map(str::len).max().unwrap_or(0);
    (file.lines().count().max(1) + findings(model, path).len(), widest + 6)
}

/// The lines for the pane, from the n-th on and without their first columns.
pub fn window(model: &Model, top: usize, left: usize, columns: usize, height: usize) -> Vec<Line<'static>> {
    let code: Vec<Line<'static>> =
        code(model, top, height).iter().map(|line| super::lines::shifted(line, left)).collect();
    if columns < TREE_FROM || model.lab.files.files.is_empty() {
        return code;
    }
    let mut rows = tree(model);
    let at = rows.iter().position(|(_, file)| *file == Some(model.nav.file_at)).unwrap_or(0);
    rows.drain(..at.saturating_sub(height / 2).min(rows.len().saturating_sub(height)));
    (0..height.min(rows.len().max(code.len())))
        .map(|row| {
            let (words, file) = rows.get(row).cloned().unwrap_or_default();
            let style = match file {
                Some(file) if file == model.nav.file_at => model.theme.selected(),
                Some(_) => Default::default(),
                None => model.theme.faint(),
            };
            let words = text::cut(&words, TREE - 1);
            let pad = " ".repeat(TREE - text::width(&words));
            let mut spans = vec![Span::styled(words, style), Span::raw(pad), Span::styled("│ ", model.theme.faint())];
            spans.extend(code.get(row).map(|line| line.spans.clone()).unwrap_or_default());
            Line::from(spans)
        })
        .collect()
}

/// The tree's rows: words, and the index of the file where the row is one.
fn tree(model: &Model) -> Vec<(String, Option<usize>)> {
    let mut rows = Vec::new();
    let mut dir = "";
    for (index, (path, _)) in model.lab.files.files.iter().enumerate() {
        let (parent, name) = path.rsplit_once('/').unwrap_or(("", path));
        if parent != dir {
            dir = parent;
            if !parent.is_empty() {
                rows.push((format!(" {}/", text::clean(parent)), None));
            }
        }
        let changed = if is_changed(model, path) { " +" } else { "" };
        let indent = if parent.is_empty() { " " } else { "   " };
        rows.push((format!("{indent}{}{changed} ", text::clean(name)), Some(index)));
    }
    rows
}

fn is_changed(model: &Model, path: &str) -> bool {
    model.lab.files.diffs.iter().any(|(changed, _)| changed == path)
}

fn code(model: &Model, top: usize, height: usize) -> Vec<Line<'static>> {
    let theme = model.theme;
    let Some((path, file)) = shown(model) else {
        return super::lines::quiet(model, "The lab's files are not read yet.");
    };
    if file.is_empty() {
        return super::lines::quiet(model, "(an empty file)");
    }
    let findings = findings(model, path);
    let digits = file.lines().count().to_string().len().max(2);
    let diff = model.lab.files.diffs.iter().find(|(changed, _)| changed == path);
    let added = diff.map(|(_, diff)| added_lines(diff)).unwrap_or_default();
    let pointed = model.pointed();
    let mut highlighter = Highlighter::new(Language::of(path), theme);
    let numbered = file.lines().enumerate().flat_map(|(index, line)| {
        let number = index + 1;
        let wrong = findings.iter().filter(move |finding| finding.place.line == number);
        let mark = match (pointed == Some(index), added.contains(&number)) {
            (true, _) => "▸ ",
            (false, true) => "+ ",
            (false, false) => "  ",
        };
        let mut code =
            vec![Span::styled(format!("{number:>digits$} "), theme.faint()), Span::styled(mark, theme.attention())];
        code.extend(highlighter.line(&text::clean(line)));
        std::iter::once(Line::from(code)).chain(wrong.map(move |finding| {
            let (symbol, style) =
                if finding.severity == Severity::Warning { ("!", theme.attention()) } else { ("✗", theme.bad()) };
            let indent = " ".repeat(digits + 2 + finding.place.column.min(60));
            Line::styled(format!("{indent}{symbol} {}", text::clean(&finding.message)), style)
        }))
    });
    numbered.skip(top).take(height).collect()
}

/// Numbers of the lines that a unified diff adds.
fn added_lines(diff: &str) -> BTreeSet<usize> {
    let mut added = BTreeSet::new();
    let mut number = 0;
    for line in diff.lines() {
        if let Some(hunk) = line.strip_prefix("@@ ") {
            let new = hunk.split('+').nth(1).and_then(|new| new.split([',', ' ']).next());
            number = new.and_then(|new| new.parse().ok()).unwrap_or(0);
        } else if line.starts_with("+++") || line.starts_with("---") || line.starts_with('-') || line.starts_with('\\')
        {
        } else {
            if line.starts_with('+') {
                added.insert(number);
            }
            number += 1;
        }
    }
    added
}

/// Which file, and how to get to the others.
pub fn label(model: &Model) -> Option<String> {
    let (path, _) = shown(model)?;
    let changed = if is_changed(model, path) { ", changed" } else { "" };
    Some(format!(" {path}{changed} · [ ] {} of {} ", model.nav.file_at + 1, model.lab.files.files.len()))
}

/// The file as it is.
pub fn as_text(model: &Model) -> String {
    shown(model).map(|(_, file)| text::clean(file)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lines_that_a_diff_adds() {
        let diff = "--- a/x\n+++ b/x\n@@ -1,3 +1,4 @@\n a\n-b\n+c\n+d\n e\n@@ -20 +21,2 @@\n f\n+g\n\\ No newline at end of file\n";
        assert_eq!(added_lines(diff).into_iter().collect::<Vec<_>>(), [2, 3, 22]);
    }
}
