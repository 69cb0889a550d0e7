//! Big letters, four columns by four rows each, out of quarter blocks.

use font8x8::{BASIC_FONTS, LATIN_FONTS, UnicodeFonts};
use ratatui::{
    style::Style,
    text::{Line, Span},
};

/// Columns of a letter.
pub const COLUMNS: usize = 4;
/// Rows of a letter.
pub const ROWS: usize = 4;

const QUARTERS: [char; 16] = [' ', '▘', '▝', '▀', '▖', '▌', '▞', '▛', '▗', '▚', '▐', '▜', '▄', '▙', '▟', '█'];

fn glyph(letter: char) -> Option<[u8; 8]> {
    BASIC_FONTS.get(letter).or_else(|| LATIN_FONTS.get(letter))
}

/// Whether there is a big letter for each of these.
pub fn can(text: &str) -> bool {
    text.chars().all(|letter| glyph(letter).is_some())
}

/// One line of words, each in its style, as four rows.
pub fn line(words: &[(String, Style)]) -> Vec<Line<'static>> {
    (0..ROWS)
        .map(|row| {
            let spans = words.iter().map(|(text, style)| {
                let letters = text.chars().flat_map(|letter| quarters(glyph(letter).unwrap_or_default(), row));
                Span::styled(letters.collect::<String>(), *style)
            });
            Line::from(spans.collect::<Vec<_>>())
        })
        .collect()
}

/// One row of a letter; the lowest bit of a byte is its leftmost dot.
fn quarters(glyph: [u8; 8], row: usize) -> [char; COLUMNS] {
    let (upper, lower) = (glyph[2 * row], glyph[2 * row + 1]);
    std::array::from_fn(|column| {
        let pair = |byte: u8| usize::from(byte >> (2 * column) & 0b11);
        QUARTERS[pair(upper) | pair(lower) << 2]
    })
}

/// Words broken into lines of at most so many letters; `None` when a word does not fit or has no big letters.
pub fn wrap(spans: &[(String, Style)], letters: usize) -> Option<Vec<Vec<(String, Style)>>> {
    let mut lines = vec![Vec::new()];
    let mut used = 0;
    for (text, style) in spans {
        for piece in text.split_inclusive(' ') {
            let word = piece.trim_end_matches(' ');
            let wide = word.chars().count();
            if wide > letters || !can(word) {
                return None;
            }
            if used + wide > letters {
                lines.push(Vec::new());
                used = 0;
            }
            if let Some(line) = lines.last_mut() {
                line.push((piece.to_owned(), *style));
            }
            used += piece.chars().count();
        }
    }
    Some(lines)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_letter_is_four_by_four() {
        let rows: Vec<String> = line(&[("I".to_owned(), Style::new())]).iter().map(ToString::to_string).collect();
        assert_eq!(rows, ["▝█▘ ", " █  ", " █  ", "▝▀▘ "].map(|row| row.to_owned()));
    }

    #[test]
    fn words_are_kept_whole() {
        let words = |text: &str| vec![(text.to_owned(), Style::new())];
        let broken = wrap(&words("Each arrow has"), 10).unwrap();
        assert_eq!(broken.len(), 2);
        assert!(wrap(&words("unbreakable"), 5).is_none());
        assert!(wrap(&words("漢字"), 5).is_none(), "no letters for these");
    }
}
