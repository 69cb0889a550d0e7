//! Lines that several contents are made of.

use ratatui::text::{Line, Span};

use crate::tui::{input::Input, model::Model, text};

/// A faint sentence where there is nothing to show.
pub fn quiet(model: &Model, words: &str) -> Vec<Line<'static>> {
    vec![Line::styled(words.to_owned(), model.theme.faint())]
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

/// A line that is written, with the place in it.
pub fn input_line(model: &Model, lead: &str, input: &Input, columns: usize) -> Line<'static> {
    let room = columns.saturating_sub(text::width(lead) + 1);
    let (before, under, after) = input.shown(room);
    Line::from(vec![
        Span::styled(lead.to_owned(), model.theme.attention()),
        Span::raw(before),
        Span::styled(under, model.theme.selected()),
        Span::raw(after),
    ])
}
