//! The chain: three lines on which the eye finds where it breaks, and which two numbers do not agree.

use std::ops::Range;

use ratatui::{
    style::Style,
    text::{Line, Span},
};

use crate::tui::{
    chain::{self, HopMap, Link, LinkState},
    model::Model,
    text,
    theme::Theme,
};

/// The link that is drawn there: rows and columns of the map's own.
pub fn link_at(model: &Model, columns: usize, (column, row): (usize, usize)) -> Option<usize> {
    let drawn = draw(&chain::map(model), columns, model.theme, None);
    drawn.spots.into_iter().find(|spot| spot.row == row && spot.columns.contains(&column)).map(|spot| spot.link)
}

/// Rows of the map below the chain, for what branches off it; as many as there are, whatever was seen.
pub fn branch_rows(model: &Model, columns: usize) -> usize {
    // The usual course has a plain chain, and this is asked at each key.
    let hops = &model.course.hops;
    if hops.windows(2).all(|pair| pair[0].to == pair[1].from) && hops.len() <= PLAIN_LINKS {
        return 0;
    }
    let map = chain::map(model);
    branches(&map, columns).len()
}

/// A link's state as a symbol.
pub fn symbol(state: LinkState) -> &'static str {
    match state {
        LinkState::Works => "✓",
        LinkState::Broken => "✗",
        LinkState::Asking => "…",
        LinkState::Old | LinkState::NotAsked => "?",
        LinkState::NotReached => "·",
    }
}

/// The colour of a link.
pub fn style(link: &Link, theme: Theme) -> Style {
    match link.state {
        LinkState::Works => theme.good(),
        LinkState::Broken => theme.bad(),
        LinkState::Asking => theme.attention(),
        LinkState::Old | LinkState::NotAsked | LinkState::NotReached => theme.faint(),
    }
}

/// The chain in so many columns: the links, what was seen on each, the numbers that do not agree; then the branches.
pub fn lines(map: &HopMap, columns: usize, theme: Theme) -> Vec<Line<'static>> {
    lines_at(map, columns, theme, None)
}

/// The same, with one link chosen.
pub fn lines_at(map: &HopMap, columns: usize, theme: Theme, chosen: Option<usize>) -> Vec<Line<'static>> {
    draw(map, columns, theme, chosen).lines
}

/// A map as it is drawn.
struct Drawn {
    lines: Vec<Line<'static>>,
    spots: Vec<Spot>,
}

/// Where a link is drawn.
struct Spot {
    link: usize,
    row: usize,
    columns: Range<usize>,
}

/// Links that a chain has at most, to have room for its ports in any terminal.
const PLAIN_LINKS: usize = 4;
/// Columns for what was seen on a link of a branch.
const BRANCH_WORD: usize = 16;

/// The links as walks: the first from where the course begins, as far as one link leads to the next; each other from where it
/// branches off. Each link is in one of them.
fn walks(map: &HopMap) -> Vec<Vec<usize>> {
    let mut left: Vec<usize> = (0..map.links.len()).collect();
    let mut walks = Vec::new();
    while !left.is_empty() {
        let mut walk = vec![left.remove(0)];
        let mut been = vec![map.ends[walk[0]].0, map.ends[walk[0]].1];
        let next = |end: usize, been: &[usize], left: &[usize]| {
            left.iter().position(|link| map.ends[*link].0 == end && !been.contains(&map.ends[*link].1))
        };
        while let Some(at) = next(map.ends[walk[walk.len() - 1]].1, &been, &left) {
            let link = left.remove(at);
            been.push(map.ends[link].1);
            walk.push(link);
        }
        walks.push(walk);
    }
    walks
}

/// Columns that a walk takes at least: its names, and a blank, two dashes, a symbol and a blank for each link.
fn least(map: &HopMap, walk: &[usize], ports: bool) -> usize {
    let name = |at: usize| text::width(&map.nodes[at]);
    let port = |link: &usize| if ports { text::width(&map.links[*link].port) } else { 0 };
    let first = walk.first().map_or(0, |link| name(map.ends[*link].0));
    first + walk.iter().map(|link| name(map.ends[*link].1) + 5 + port(link)).sum::<usize>()
}

/// The chain, as much of the first walk as fits.
fn trunk(map: &HopMap, columns: usize) -> Vec<usize> {
    let mut walk = walks(map).into_iter().next().unwrap_or_default();
    while walk.len() > 1 && least(map, &walk, false) + 2 > columns {
        walk.pop();
    }
    walk
}

/// Rows of links that are not on the chain: each a walk, or as much of one as fits.
fn branches(map: &HopMap, columns: usize) -> Vec<Vec<Vec<usize>>> {
    let trunk = trunk(map, columns);
    let wide = |walk: &[usize]| least(map, walk, true) + walk.len() * (BRANCH_WORD + 3) + 3;
    let mut pieces: Vec<Vec<usize>> = Vec::new();
    for mut walk in walks(map) {
        walk.retain(|link| !trunk.contains(link));
        let mut piece: Vec<usize> = Vec::new();
        for link in walk {
            if !piece.is_empty() && wide(&[piece.as_slice(), &[link]].concat()) > columns {
                pieces.push(std::mem::take(&mut piece));
            }
            piece.push(link);
        }
        pieces.extend((!piece.is_empty()).then_some(piece));
    }
    let mut rows: Vec<Vec<Vec<usize>>> = Vec::new();
    for piece in pieces {
        match rows.last_mut() {
            Some(row) if row.iter().chain([&piece]).map(|piece| wide(piece)).sum::<usize>() <= columns => {
                row.push(piece);
            }
            _ => rows.push(vec![piece]),
        }
    }
    rows
}

fn draw(map: &HopMap, columns: usize, theme: Theme, chosen: Option<usize>) -> Drawn {
    let trunk = trunk(map, columns);
    let ports = least(map, &trunk, true) + 2 <= columns;
    let port = |link: &Link| if ports { link.port.clone() } else { String::new() };
    let links = trunk.len().max(1);
    let volume = text::width(&map.volume) + 4;
    // A blank at the left; a blank, a symbol and a blank at each link.
    let fixed = 1 + least(map, &trunk, ports) - 2 * trunk.len();
    let with_volume = fixed + volume + 4 * links <= columns;
    let spare = columns.saturating_sub(fixed + if with_volume { volume } else { 0 } + 2);
    let dashes = (spare / links / 2).clamp(1, 6);
    let shown = |at: usize, style: Style| if chosen == Some(at) { style.patch(theme.selected()) } else { style };
    let mut chain = vec![Span::raw(" ")];
    let mut words = Row::with_margin(1);
    let mut facing = Row::with_margin(1);
    let mut spots = Vec::new();
    let mut at = 1;
    // Long words would push those of the links behind them out of sight.
    let most = if links > PLAIN_LINKS - 1 { (columns / links).saturating_sub(2) } else { columns };
    for (index, end) in
        trunk.iter().map(|link| map.ends[*link].0).chain(trunk.last().map(|link| map.ends[*link].1)).enumerate()
    {
        let name = map.nodes[end].clone();
        at += text::width(&name);
        chain.push(Span::styled(name, theme.strong()));
        let Some((number, link)) = trunk.get(index).map(|link| (*link, &map.links[*link])) else { continue };
        let style = style(link, theme);
        let line = format!("{}{}{}", "─".repeat(dashes), port(link), "─".repeat(dashes));
        let middle = at + 1 + text::width(&line) / 2;
        spots.push(Spot { link: number, row: 0, columns: at..at + text::width(&line) + 3 });
        chain.push(Span::raw(" "));
        chain.push(Span::styled(line.clone(), shown(number, style)));
        chain.push(Span::styled(symbol(link.state), shown(number, style)));
        chain.push(Span::raw(" "));
        at += text::width(&line) + 3;
        words.centred(&text::cut(&link.word, (text::width(&line) + 14).min(most)), middle, columns, style);
        if let Some((left, right)) = &link.facing {
            facing.centred(&format!("{left}   {right}"), middle, columns, theme.attention());
        }
    }
    if with_volume {
        chain.push(Span::styled(format!(" ── {}", map.volume), theme.faint()));
    }
    let mut lines = vec![Line::from(chain), words.line(), facing.line()];
    for row in branches(map, columns) {
        let mut spans = Vec::new();
        let mut at = 0;
        for piece in row {
            let first = map.ends[piece[0]].0;
            let mut push = |span: Span<'static>| {
                at += span.width();
                spans.push(span);
                at
            };
            push(Span::raw("  "));
            push(Span::styled(map.nodes[first].clone(), theme.strong()));
            for number in piece {
                let link = &map.links[number];
                let style = style(link, theme);
                let begin = push(Span::raw(" "));
                push(Span::styled(format!("─{}─{}", link.port, symbol(link.state)), shown(number, style)));
                let end = push(Span::raw(" "));
                push(Span::styled(map.nodes[map.ends[number].1].clone(), theme.strong()));
                spots.push(Spot { link: number, row: lines.len(), columns: begin - 1..end });
                if !link.word.is_empty() {
                    push(Span::styled(format!("  {}", text::cut(&link.word, BRANCH_WORD)), style));
                }
            }
        }
        lines.push(Line::from(spans));
    }
    Drawn { lines, spots }
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
        // What there is no room for is not said.
        let words = text::cut(words, columns.saturating_sub(start + self.margin));
        let wide = text::width(&words);
        if wide == 0 {
            return;
        }
        self.spans.push(Span::raw(" ".repeat(start - self.end)));
        self.spans.push(Span::styled(words, style));
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
        let link = |state, port: &str, word: &str| Link { state, port: port.into(), word: word.into(), facing: None };
        let mut broken = link(LinkState::Broken, ":5001", "refused");
        broken.facing = Some(("asks :5001".into(), "listens :5000".into()));
        HopMap {
            nodes: ["browser", "nginx", "flaskapp", "db"].map(str::to_owned).to_vec(),
            links: vec![
                link(LinkState::Works, ":8080", "502 Bad Gateway"),
                broken,
                link(LinkState::NotAsked, ":5432", "not asked"),
            ],
            ends: vec![(0, 1), (1, 2), (2, 3)],
            volume: "dbdata".into(),
        }
    }

    /// A map of these links, each `from-to`.
    fn map_of(links: &[&str]) -> HopMap {
        let mut nodes: Vec<String> = Vec::new();
        let mut place = |name: &str| {
            nodes.iter().position(|node| node == name).unwrap_or_else(|| {
                nodes.push(name.to_owned());
                nodes.len() - 1
            })
        };
        let ends: Vec<(usize, usize)> =
            links.iter().map(|link| link.split_once('-').map(|(from, to)| (place(from), place(to))).unwrap()).collect();
        let link = |number: usize| Link {
            state: LinkState::Works,
            port: format!(":{}", 5000 + number),
            word: "accepting connections".into(),
            facing: None,
        };
        HopMap { links: (0..ends.len()).map(link).collect(), nodes, ends, volume: "data".into() }
    }

    #[test]
    fn any_graph_of_seven_services_is_drawn_at_eighty_columns() {
        let seven = ["browser", "nginx", "flaskapp", "redis", "worker", "scheduler", "db", "objectstore"];
        let names = |from: usize, to: usize| format!("{}-{}", seven[from], seven[to]);
        let chain: Vec<String> = (0..7).map(|at| names(at, at + 1)).collect();
        let fan: Vec<String> = (1..8).map(|to| names(0, to)).collect();
        let into: Vec<String> = (0..7).map(|from| names(from, 7)).collect();
        let circle: Vec<String> = (0..8).map(|at| names(at, (at + 1) % 8)).collect();
        let all: Vec<String> =
            (0..8).flat_map(|from| (from + 1..8).map(move |to| (from, to))).map(|(f, t)| names(f, t)).collect();
        for links in [chain, fan, into, circle, all] {
            let links: Vec<&str> = links.iter().map(String::as_str).collect();
            let map = map_of(&links);
            for columns in [60, 80, 120, 200] {
                let drawn = draw(&map, columns, Theme::MONO, None);
                for line in &drawn.lines {
                    assert!(line.width() <= columns, "{columns}: {line}");
                }
                let mut shown: Vec<usize> = drawn.spots.iter().map(|spot| spot.link).collect();
                shown.sort_unstable();
                assert_eq!(shown, (0..links.len()).collect::<Vec<_>>(), "each link once, at {columns}");
                assert_eq!(drawn.lines.len(), 3 + branches(&map, columns).len());
                for spot in drawn.spots {
                    let text: String = drawn.lines[spot.row]
                        .to_string()
                        .chars()
                        .skip(spot.columns.start)
                        .take(spot.columns.len())
                        .collect();
                    assert!(text.contains('─') && text.contains('✓'), "{columns}: {text:?}");
                }
            }
        }
    }

    #[test]
    fn what_branches_off_has_a_row_of_its_own() {
        let map = map_of(&["browser-nginx", "nginx-api", "api-redis", "redis-worker", "worker-db", "api-db"]);
        let lines: Vec<String> = lines(&map, 80, Theme::MONO).iter().map(ToString::to_string).collect();
        assert_eq!(lines.len(), 4);
        assert_eq!(lines[3], "  api ─:5005─✓ db  accepting …");
        assert!(lines[0].contains("worker ─:5004─✓ db"), "{lines:#?}");
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
        let drawn = lines(&map(), 80, Theme::MONO);
        let [chain, words, facing] = [0, 1, 2].map(|row| drawn[row].to_string());
        assert_eq!(chain, " browser ───:8080───✓ nginx ───:5001───✗ flaskapp ───:5432───? db ── dbdata");
        assert!(words.find("502") < words.find("refused") && words.find("refused") < words.find("not asked"));
        assert_eq!(facing.trim(), "asks :5001   listens :5000");
        let column = |line: &str, words: &str| text::width(line.split(words).next().unwrap_or(""));
        assert!(column(&facing, "asks") < column(&chain, ":5001"));
        assert!(column(&chain, ":5001") < column(&facing, "listens"));
    }
}
