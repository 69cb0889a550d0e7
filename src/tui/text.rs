//! Text made fit for a screen: cleaned of what a terminal would obey, measured, cut and wrapped.

use ratatui::{
    style::Style,
    text::{Line, Span},
};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Columns that this text takes.
pub fn width(text: &str) -> usize {
    text.width()
}

/// Removes everything that a terminal would obey rather than show; tabs become spaces, and lines stay lines.
pub fn clean(text: &str) -> String {
    crate::sanitize::stripped(text).replace('\t', "    ")
}

/// Like [`clean`], but colour and weight (`ESC [ … m`) stay.
pub fn clean_keeping_colour(text: &str) -> String {
    crate::sanitize::stripped_to_colour(text).replace('\t', "    ")
}

/// The text cut to so many columns, with `…` where something was cut: after a word, where one of several fits.
pub fn cut(text: &str, columns: usize) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    let mut kept = String::new();
    let mut used = 0;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next_if(|c| used + c.width().unwrap_or(0) < columns) {
        used += c.width().unwrap_or(0);
        kept.push(c);
    }
    let inside_a_word = chars.peek().is_some_and(|next| *next != ' ') && !kept.ends_with(' ');
    let before = kept.trim_end().rfind(' ').map(|space| kept[..space].trim_end());
    if let Some(words) = before.filter(|words| inside_a_word && !words.trim().is_empty()) {
        kept.truncate(words.len());
        kept.push(' ');
    }
    if columns > 0 {
        kept.push('…');
    }
    kept
}

/// The text padded with spaces to so many columns, cut where it is longer.
pub fn pad(text: &str, columns: usize) -> String {
    let mut text = cut(text, columns);
    let missing = columns.saturating_sub(width(&text));
    text.extend(std::iter::repeat_n(' ', missing));
    text
}

/// How lines are broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Break {
    /// Between words, for prose.
    Words,
    /// Anywhere, for what a program printed: each of its spaces counts.
    Anywhere,
}

/// Breaks one styled line into lines of at most `columns`, the second and later ones indented by `hang`.
pub fn wrap(line: &Line<'_>, columns: usize, hang: usize, how: Break) -> Vec<Line<'static>> {
    let columns = columns.max(1);
    let hang = if hang + 8 > columns { 0 } else { hang };
    let cells: Vec<(char, Style, usize)> = line
        .spans
        .iter()
        .flat_map(|span| {
            let style = line.style.patch(span.style);
            span.content.chars().map(move |c| (c, style, c.width().unwrap_or(0)))
        })
        .collect();
    let mut lines = Vec::new();
    let mut start = 0;
    while start < cells.len() {
        let indent = if lines.is_empty() { 0 } else { hang };
        let (end, next) = break_at(&cells, start, columns - indent, how);
        lines.push(line_of(&cells[start..end], indent));
        start = next;
    }
    if lines.is_empty() {
        lines.push(Line::default());
    }
    lines
}

/// Where the line that begins at `start` ends, and where the next one begins.
fn break_at(cells: &[(char, Style, usize)], start: usize, columns: usize, how: Break) -> (usize, usize) {
    let mut used = 0;
    let mut last_space = None;
    for (index, (c, _, wide)) in cells.iter().enumerate().skip(start) {
        if *c == ' ' {
            last_space = Some(index);
        }
        used += wide;
        if used > columns {
            return match last_space {
                Some(space) if how == Break::Words && space > start => (space, space + 1),
                // A wide character in a narrow column still has to go somewhere.
                _ => (index.max(start + 1), index.max(start + 1)),
            };
        }
    }
    (cells.len(), cells.len())
}

fn line_of(cells: &[(char, Style, usize)], indent: usize) -> Line<'static> {
    let mut spans: Vec<Span<'static>> = Vec::new();
    if indent > 0 {
        spans.push(Span::raw(" ".repeat(indent)));
    }
    let mut cells = cells.iter().peekable();
    while let Some((first, style, _)) = cells.next() {
        let mut text = String::from(*first);
        while let Some((c, _, _)) = cells.next_if(|(_, other, _)| other == style) {
            text.push(*c);
        }
        spans.push(Span::styled(text, *style));
    }
    Line::from(spans)
}

/// A time in words: `a moment`, `12 s`, `4 min`, `3 h`, `2 d`.
pub fn span(ms: u64) -> String {
    let seconds = ms / 1000;
    match seconds {
        0..2 => "a moment".to_owned(),
        2..60 => format!("{seconds} s"),
        60..3_600 => format!("{} min", seconds / 60),
        3_600..86_400 => format!("{} h", seconds / 3_600),
        _ => format!("{} d", seconds / 86_400),
    }
}

/// In how many milliseconds the words of [`span`] for this age change.
pub fn until_older(ms: u64) -> u64 {
    let step = match ms {
        0..60_000 => 1_000,
        60_000..3_600_000 => 60_000,
        3_600_000..86_400_000 => 3_600_000,
        _ => 86_400_000,
    };
    step - ms % step
}

/// An amount of bytes in words: `92 MB`.
pub fn bytes(amount: u64) -> String {
    match amount {
        0..10_000 => format!("{amount} B"),
        10_000..10_000_000 => format!("{} kB", amount / 1_000),
        10_000_000..10_000_000_000 => format!("{} MB", amount / 1_000_000),
        _ => format!("{} GB", amount / 1_000_000_000),
    }
}

/// A number with a comma at each thousand: `1,234`.
pub fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(lines: &[Line<'_>]) -> Vec<String> {
        lines.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn nothing_that_a_terminal_obeys_gets_through() {
        let hostile =
            "a\u{1b}[2Jb\u{1b}]0;title\u{7}c\u{1b}]52;c;AAAA\u{1b}\\d\u{1b}Pq\u{1b}\\e\rf\u{7}g\u{9b}31mh\u{202e}i";
        assert_eq!(clean(hostile), "abcdefghi");
        assert_eq!(clean("a\tb\nc"), "a    b\nc");
        assert_eq!(clean("\u{1b}[31"), "");
    }

    #[test]
    fn only_colour_may_stay() {
        assert_eq!(clean_keeping_colour("\u{1b}[1;31mred\u{1b}[0m\u{1b}[5A"), "\u{1b}[1;31mred\u{1b}[0m");
        assert_eq!(clean_keeping_colour("\u{1b}[?25lx"), "x");
    }

    #[test]
    fn prose_breaks_between_words() {
        let line = Line::from("one two three four");
        assert_eq!(plain(&wrap(&line, 9, 0, Break::Words)), ["one two", "three", "four"]);
        assert_eq!(plain(&wrap(&Line::from("abcdefghij"), 4, 0, Break::Words)), ["abcd", "efgh", "ij"]);
    }

    #[test]
    fn output_keeps_its_spaces_and_wide_characters_their_columns() {
        assert_eq!(plain(&wrap(&Line::from("a  b  c"), 4, 0, Break::Anywhere)), ["a  b", "  c"]);
        assert_eq!(plain(&wrap(&Line::from("日本語"), 4, 0, Break::Anywhere)), ["日本", "語"]);
        assert_eq!(plain(&wrap(&Line::from("日本"), 1, 0, Break::Words)), ["日", "本"]);
    }

    #[test]
    fn cutting_and_padding_count_columns() {
        assert_eq!(cut("日本語", 5), "日本…");
        assert_eq!(pad("ab", 4), "ab  ");
        assert_eq!(cut("abc", 0), "");
        assert_eq!(thousands(1_234_567), "1,234,567");
        assert_eq!(thousands(12), "12");
    }
}
