//! The chain in big: a box for each service, an arrow for each link, what was seen under it.

use ratatui::text::{Line, Span};

use crate::tui::{
    chain::{HopMap, LinkState},
    content::chain_map::{self, Row, style, symbol},
    text,
    theme::Theme,
};

/// Rows that it takes.
pub const ROWS: usize = 5;
/// A column of white on each side of a box and of an arrow's head.
const ARROW_LEAST: usize = 9;

/// The map in so many columns.
pub fn lines(map: &HopMap, columns: usize, theme: Theme) -> Vec<Line<'static>> {
    let boxes: usize = map.nodes.iter().map(|name| text::width(name) + 4).sum();
    let links = map.links.len().max(1);
    let room = columns.saturating_sub(boxes + 4) / links;
    let is_chain = map.ends.iter().enumerate().all(|(at, ends)| *ends == (at, at + 1));
    if room < ARROW_LEAST || !is_chain {
        let mut lines = chain_map::lines(map, columns, theme);
        lines.insert(0, Line::default());
        lines.resize(ROWS, Line::default());
        return lines;
    }
    let room = room.min(26);
    let left = columns.saturating_sub(boxes + room * map.links.len()) / 2;
    let mut rows: [Vec<Span<'static>>; 3] = std::array::from_fn(|_| vec![Span::raw(" ".repeat(left))]);
    let (mut words, mut facing) = (Row::default(), Row::default());
    let mut at = left;
    for (index, name) in map.nodes.iter().enumerate() {
        let wide = text::width(name) + 2;
        rows[0].push(Span::raw(format!("╭{}╮", "─".repeat(wide))));
        rows[1].push(Span::raw("│ "));
        rows[1].push(Span::styled(name.clone(), theme.strong()));
        rows[1].push(Span::raw(" │"));
        rows[2].push(Span::raw(format!("╰{}╯", "─".repeat(wide))));
        at += wide + 2;
        let Some(link) = map.links.get(index) else { continue };
        let (symbol, mut style) = (symbol(link.state), style(link, theme));
        if matches!(link.state, LinkState::Works | LinkState::Broken) {
            style = style.patch(theme.strong());
        }
        let dashes = room.saturating_sub(text::width(&link.port) + 4);
        let (before, after) = (dashes / 2, dashes - dashes / 2);
        rows[0].push(Span::raw(" ".repeat(room)));
        rows[2].push(Span::raw(" ".repeat(room)));
        let line = format!(" {}{}{} ", "━".repeat(before), link.port, "━".repeat(after));
        rows[1].push(Span::styled(line, style));
        rows[1].push(Span::styled(format!("{symbol} "), style));
        let middle = at + room / 2;
        words.centred(&text::cut(&link.word, room + 12), middle, columns, style);
        if let Some((asks, answers)) = &link.facing {
            facing.centred(&format!("{asks}   {answers}"), middle, columns, theme.attention());
        }
        at += room;
    }
    let mut lines: Vec<Line<'static>> = rows.into_iter().map(Line::from).collect();
    lines.push(words.line());
    lines.push(facing.line());
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::chain::Link;

    #[test]
    fn it_fits_from_sixty_columns_on() {
        let link = |state, facing| Link { state, port: ":5001".into(), word: "502 Bad Gateway".into(), facing };
        let facing = Some(("asks :5001".to_owned(), "listens :5000".to_owned()));
        let map = HopMap {
            nodes: ["browser", "nginx", "flaskapp", "db"].map(str::to_owned).to_vec(),
            links: vec![link(LinkState::Works, None), link(LinkState::Broken, facing), link(LinkState::NotAsked, None)],
            ends: vec![(0, 1), (1, 2), (2, 3)],
            volume: "dbdata".into(),
        };
        for columns in [60, 76, 80, 96, 120, 200] {
            let lines = lines(&map, columns, Theme::MONO);
            assert_eq!(lines.len(), ROWS);
            for line in &lines {
                assert!(line.width() <= columns, "{columns}: {line}");
            }
            let all: String = lines.iter().map(|line| format!("{line}\n")).collect();
            assert!(all.contains("asks :5001   listens :5000") && all.contains('✗'), "{columns}:\n{all}");
        }
    }
}
