//! The chain: three lines on which the eye finds where it breaks, and which two numbers do not agree.

use ratatui::{
    buffer::Buffer,
    layout::Rect,
    style::Style,
    text::{Line, Span},
};

use crate::tui::{
    hops::{self, HopMap, Link, LinkState},
    model::{Focus, Model, Tab},
    text,
    theme::Theme,
};

/// Draws it.
pub fn draw(model: &Model, area: Rect, buffer: &mut Buffer) {
    let map = hops::map(model);
    let chosen = model.hop.filter(|_| model.tab == Tab::Evidence && model.focus != Focus::Lesson);
    let mut lines = lines_at(&map, usize::from(area.width), model.theme, chosen);
    if area.height == 2 && lines[2].width() > 0 {
        // With two lines, two numbers that do not agree say more than what was seen.
        lines.swap(1, 2);
    }
    for (row, line) in (0..area.height).zip(&lines) {
        super::put(buffer, area, row, line);
    }
}

/// The link that is drawn in this column.
pub fn link_at(model: &Model, columns: usize, column: usize) -> Option<usize> {
    let map = hops::map(model);
    let [chain, ..] = lines(&map, columns, model.theme);
    let mut at = 0;
    let mut link = 0;
    for span in &chain.spans {
        let wide = span.width();
        if span.content.starts_with('─') {
            if (at..=at + wide).contains(&column) {
                return Some(link);
            }
            link += 1;
        }
        at += wide;
    }
    None
}

/// A link's state as a symbol.
pub fn symbol(state: LinkState) -> &'static str {
    match state {
        LinkState::Works => "✓",
        LinkState::Broken => "✗",
        LinkState::Asking => "…",
        LinkState::NotAsked => "?",
    }
}

/// The colour of a link; of one that was seen before the last change, fainter.
pub fn style(link: &Link, theme: Theme) -> Style {
    let style = match link.state {
        LinkState::Works => theme.good(),
        LinkState::Broken => theme.bad(),
        LinkState::Asking => theme.attention(),
        LinkState::NotAsked => theme.faint(),
    };
    if link.old && matches!(link.state, LinkState::Works | LinkState::Broken) {
        style.patch(theme.faint())
    } else {
        style
    }
}

/// The chain in so many columns: the links, what was seen on each, and the numbers that do not agree.
pub fn lines(map: &HopMap, columns: usize, theme: Theme) -> [Line<'static>; 3] {
    lines_at(map, columns, theme, None)
}

/// The same, with one link chosen.
pub fn lines_at(map: &HopMap, columns: usize, theme: Theme, chosen: Option<usize>) -> [Line<'static>; 3] {
    let names: usize = map.nodes.iter().map(|name| text::width(name)).sum();
    let ports: usize = map.links.iter().map(|link| text::width(&link.port)).sum();
    let volume = text::width(&map.volume) + 4;
    // A blank at the left; a blank, a symbol and a blank at each link.
    let fixed = 1 + names + ports + 3 * map.links.len();
    let links = map.links.len().max(1);
    let with_volume = fixed + volume + 4 * links <= columns;
    let spare = columns.saturating_sub(fixed + if with_volume { volume } else { 0 } + 2);
    let dashes = (spare / links / 2).clamp(1, 6);
    let mut chain = vec![Span::raw(" ")];
    let mut words = Row::with_margin(1);
    let mut facing = Row::with_margin(1);
    let mut at = 1;
    for (index, name) in map.nodes.iter().enumerate() {
        chain.push(Span::styled(name.clone(), theme.strong()));
        at += text::width(name);
        let Some(link) = map.links.get(index) else { continue };
        let style = style(link, theme);
        let shown = if chosen == Some(index) { style.patch(theme.selected()) } else { style };
        let line = format!("{}{}{}", "─".repeat(dashes), link.port, "─".repeat(dashes));
        let middle = at + 1 + text::width(&line) / 2;
        chain.push(Span::raw(" "));
        chain.push(Span::styled(line.clone(), shown));
        chain.push(Span::styled(symbol(link.state), shown));
        chain.push(Span::raw(" "));
        at += text::width(&line) + 3;
        words.centred(&text::cut(&link.word, text::width(&line) + 12), middle, columns, style);
        if let Some((left, right)) = &link.facing {
            facing.centred(&format!("{left}   {right}"), middle, columns, theme.attention());
        }
    }
    if with_volume {
        chain.push(Span::styled(format!(" ── {}", map.volume), theme.faint()));
    }
    [Line::from(chain), words.line(), facing.line()]
}

/// Words placed on one row, each as near to its place as the one before it allows.
#[derive(Default)]
pub struct Row {
    spans: Vec<Span<'static>>,
    end: usize,
    /// Columns that stay blank at either end.
    margin: usize,
}

impl Row {
    /// A row with so many blank columns at either end.
    pub fn with_margin(margin: usize) -> Self {
        Self { margin, ..Self::default() }
    }

    /// Puts words around a column.
    pub fn centred(&mut self, words: &str, middle: usize, columns: usize, style: Style) {
        let wide = text::width(words);
        let wanted = middle.saturating_sub(wide / 2).min(columns.saturating_sub(wide + self.margin));
        let start = if self.end == 0 { wanted.max(self.margin) } else { wanted.max(self.end + 2) };
        self.spans.push(Span::raw(" ".repeat(start - self.end)));
        self.spans.push(Span::styled(words.to_owned(), style));
        self.end = start + wide;
    }

    /// The row as it stands.
    pub fn line(self) -> Line<'static> {
        Line::from(self.spans)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map() -> HopMap {
        let link = |state, port: &str, word: &str| Link {
            state,
            port: port.into(),
            word: word.into(),
            facing: None,
            old: false,
        };
        let mut broken = link(LinkState::Broken, ":5001", "refused");
        broken.facing = Some(("asks :5001".into(), "listens :5000".into()));
        HopMap {
            nodes: ["browser", "nginx", "flaskapp", "db"].map(str::to_owned).to_vec(),
            links: vec![
                link(LinkState::Works, ":8080", "502 Bad Gateway"),
                broken,
                link(LinkState::NotAsked, ":5432", "not asked"),
            ],
            volume: "dbdata".into(),
        }
    }

    #[test]
    fn the_chain_fits_eighty_columns_and_sixty() {
        for columns in [60, 80, 120, 200] {
            for line in lines(&map(), columns, Theme::MONO) {
                assert!(line.width() <= columns, "{columns}: {line}");
            }
        }
    }

    #[test]
    fn numbers_that_do_not_agree_face_each_other_under_their_link() {
        let [chain, words, facing] = lines(&map(), 80, Theme::MONO).map(|line| line.to_string());
        assert_eq!(chain, " browser ───:8080───✓ nginx ───:5001───✗ flaskapp ───:5432───? db ── dbdata");
        assert!(words.find("502") < words.find("refused") && words.find("refused") < words.find("not asked"));
        assert_eq!(facing.trim(), "asks :5001   listens :5000");
        let column = |line: &str, words: &str| text::width(line.split(words).next().unwrap_or(""));
        assert!(column(&facing, "asks") < column(&chain, ":5001"));
        assert!(column(&chain, ":5001") < column(&facing, "listens"));
    }
}
