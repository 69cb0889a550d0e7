//! What was changed since the start, as unified diffs.

use ratatui::{style::Style, text::Line};

use crate::{
    course::Edit,
    tui::{model::Model, text, theme::Theme},
};

/// The pane.
pub fn lines(model: &Model) -> Vec<Line<'static>> {
    if model.lab.files.diffs.is_empty() {
        return super::lines::quiet(model, "No file differs from the start.");
    }
    let mut lines = Vec::new();
    for (path, diff) in &model.lab.files.diffs {
        lines.push(Line::styled(path.clone(), model.theme.strong()));
        lines.extend(unified(diff, model.theme));
        lines.push(Line::default());
    }
    lines
}

/// The line on which each file starts.
pub fn starts(model: &Model) -> Vec<usize> {
    let mut at = 0;
    model
        .lab
        .files
        .diffs
        .iter()
        .map(|(_, diff)| {
            let start = at;
            at += unified(diff, model.theme).len() + 2;
            start
        })
        .collect()
}

/// A unified diff, without the lines that name the file.
pub fn unified(diff: &str, theme: Theme) -> Vec<Line<'static>> {
    diff.lines()
        .filter(|line| !line.starts_with("---") && !line.starts_with("+++"))
        .map(|line| {
            let style = match line.as_bytes().first() {
                Some(b'+') => theme.good(),
                Some(b'-') => theme.bad(),
                Some(b'@') => theme.faint(),
                _ => Style::new(),
            };
            Line::styled(text::clean(line), style)
        })
        .collect()
}

/// A lesson's edits as removed and added lines.
pub fn edits(edits: &[Edit], theme: Theme) -> Vec<Line<'static>> {
    let mut lines = Vec::new();
    let side = |mark: char, words: &str, style: Style, lines: &mut Vec<Line<'static>>| {
        lines.extend(words.lines().map(|line| Line::styled(format!("{mark} {}", text::clean(line)), style)));
    };
    for edit in edits {
        lines.push(Line::styled(edit.file().to_owned(), theme.strong()));
        match edit {
            Edit::Replace { replace, with, .. } => {
                side('-', replace, theme.bad(), &mut lines);
                side('+', with, theme.good(), &mut lines);
            }
            Edit::Write { contents: words, .. } | Edit::Append { append: words, .. } => {
                side('+', words, theme.good(), &mut lines);
            }
            Edit::Delete { .. } => lines.push(Line::styled("- (the whole file)", theme.bad())),
        }
        lines.push(Line::default());
    }
    lines
}
