//! One link by itself: what its two ends say, number above number, and what was seen on it.

use ratatui::text::{Line, Span};

use super::{containers, evidence_list as evidence, log_excerpt};
use crate::tui::{
    chain::{self, End, LinkState},
    model::Model,
    text::{self, Break},
};

/// The pane while a link is chosen.
pub fn lines(model: &Model, link: usize, columns: usize) -> Vec<Line<'static>> {
    let theme = model.theme;
    let (Some(hop), Some(shown)) = (model.course.hops.get(link), chain::map(model).links.get(link).cloned()) else {
        return Vec::new();
    };
    let (symbol, style) = match shown.state {
        LinkState::Works => ("✓ works", theme.good()),
        LinkState::Broken => ("✗ broken", theme.bad()),
        LinkState::Asking => ("… asking", theme.attention()),
        LinkState::Old => ("?", theme.faint()),
        LinkState::NotAsked | LinkState::NotReached => ("? not asked", theme.faint()),
    };
    let old =
        if shown.state == LinkState::Old { format!(" {}, before the last change", shown.word) } else { String::new() };
    let mut lines = vec![Line::from(vec![
        Span::styled(format!("{} → {}", hop.from, hop.to), theme.strong()),
        Span::raw("   "),
        Span::styled(symbol, style),
        Span::styled(old, theme.faint()),
    ])];
    lines.extend(text::wrap(&Line::styled(hop.needs.clone(), theme.faint()), columns, 0, Break::Words));
    lines.push(Line::default());
    lines.extend(numbers(model, &chain::ends(model, link), columns));
    lines.push(Line::default());
    if link == 0 {
        lines.extend(containers::lines(model, columns));
    }
    lines.extend(evidence::pieces(model, &evidence::ids_of_link(model, link), columns));
    lines.extend(log_excerpt::lines(model, &log_excerpt::find(model, Some(link)), columns));
    lines
}

/// The ends, one above the other. A number that stands alone among those of its column is marked.
fn numbers(model: &Model, ends: &[End], columns: usize) -> Vec<Line<'static>> {
    let theme = model.theme;
    let wide = |of: fn(&End) -> &str| ends.iter().map(|end| text::width(of(end))).max().unwrap_or(0);
    let (who, left, right) = (wide(|end| &end.who), wide(|end| &end.left), wide(|end| &end.right));
    let agree = |of: fn(&End) -> &str| {
        let mut numbers = ends.iter().map(of).filter(|number| !number.is_empty());
        let first = numbers.next();
        // A server may listen on several, separated by commas.
        numbers.all(|number| {
            number.split(',').any(|one| first.is_some_and(|first| first.split(',').any(|other| other == one)))
        })
    };
    let style = |agrees: bool| if agrees { theme.strong() } else { theme.attention() };
    let (left_style, right_style) = (style(agree(|end| &end.left)), style(agree(|end| &end.right)));
    ends.iter()
        .flat_map(|end| {
            let joins = if !end.left.is_empty() && !end.right.is_empty() { " → " } else { "   " };
            let mut spans = vec![
                Span::raw(format!("{}   ", text::pad(&end.who, who))),
                Span::styled(format!("{}{}", " ".repeat(left - text::width(&end.left)), end.left), left_style),
            ];
            if right > 0 {
                spans.push(Span::styled(joins, theme.faint()));
                spans.push(Span::styled(text::pad(&end.right, right), right_style));
            }
            spans.push(Span::styled(format!("   {}", text::clean(&end.from)), theme.faint()));
            text::wrap(&Line::from(spans), columns, who + 3, Break::Words)
        })
        .collect()
}
