//! One line of text that is written.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use unicode_width::UnicodeWidthChar;

/// A line and the place in it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Input {
    chars: Vec<char>,
    at: usize,
}

/// Longest line that is taken, in characters.
const LONGEST: usize = 2_000;

impl Input {
    /// What is written.
    pub fn text(&self) -> String {
        self.chars.iter().collect()
    }

    /// Whether nothing is written but blanks.
    pub fn is_blank(&self) -> bool {
        self.chars.iter().all(|c| c.is_whitespace())
    }

    /// Takes a key in; others than those for writing change nothing.
    pub fn press(&mut self, key: KeyEvent) {
        let ctrl = key.modifiers.contains(KeyModifiers::CONTROL);
        match key.code {
            KeyCode::Char('u') if ctrl => {
                self.chars.drain(..self.at);
                self.at = 0;
            }
            KeyCode::Char('w') if ctrl => {
                let mut from = self.at;
                while from > 0 && self.chars[from - 1] == ' ' {
                    from -= 1;
                }
                while from > 0 && self.chars[from - 1] != ' ' {
                    from -= 1;
                }
                self.chars.drain(from..self.at);
                self.at = from;
            }
            KeyCode::Char('a') if ctrl => self.at = 0,
            KeyCode::Char('e') if ctrl => self.at = self.chars.len(),
            KeyCode::Char(c) if !ctrl => self.insert(c),
            KeyCode::Backspace if self.at > 0 => {
                self.at -= 1;
                self.chars.remove(self.at);
            }
            KeyCode::Delete if self.at < self.chars.len() => {
                self.chars.remove(self.at);
            }
            KeyCode::Left => self.at = self.at.saturating_sub(1),
            KeyCode::Right => self.at = (self.at + 1).min(self.chars.len()),
            KeyCode::Home => self.at = 0,
            KeyCode::End => self.at = self.chars.len(),
            _ => {}
        }
    }

    /// Takes pasted text in; line ends become spaces.
    pub fn paste(&mut self, text: &str) {
        for c in text.chars() {
            self.insert(if c == '\n' || c == '\t' { ' ' } else { c });
        }
    }

    fn insert(&mut self, c: char) {
        if !c.is_control() && self.chars.len() < LONGEST {
            self.chars.insert(self.at, c);
            self.at += 1;
        }
    }

    /// The part that fits into so many columns around the place, split at it: before, under, after.
    pub fn shown(&self, columns: usize) -> (String, String, String) {
        let wide = |c: &char| c.width().unwrap_or(0);
        let mut start = self.at;
        let mut used = self.chars.get(self.at).map_or(1, wide);
        while start > 0 && used + wide(&self.chars[start - 1]) <= columns {
            start -= 1;
            used += wide(&self.chars[start]);
        }
        let mut end = self.at;
        while end < self.chars.len() && (end == self.at || used + wide(&self.chars[end]) <= columns) {
            if end > self.at {
                used += wide(&self.chars[end]);
            }
            end += 1;
        }
        let under = self.chars.get(self.at).map_or_else(|| " ".to_owned(), ToString::to_string);
        let after = self.chars.get(self.at + 1..end).unwrap_or_default().iter().collect();
        (self.chars[start..self.at].iter().collect(), under, after)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(keys: &str) -> Input {
        let mut input = Input::default();
        for c in keys.chars() {
            input.press(KeyEvent::new(KeyCode::Char(c), KeyModifiers::NONE));
        }
        input
    }

    #[test]
    fn writing_in_the_middle() {
        let mut input = typed("helo");
        input.press(KeyEvent::new(KeyCode::Left, KeyModifiers::NONE));
        input.press(KeyEvent::new(KeyCode::Char('l'), KeyModifiers::NONE));
        assert_eq!(input.text(), "hello");
        input.press(KeyEvent::new(KeyCode::Char('u'), KeyModifiers::CONTROL));
        assert_eq!(input.text(), "o");
    }

    #[test]
    fn pasted_lines_become_one_and_control_characters_go() {
        let mut input = typed("a");
        input.paste("b\nc\u{1b}[2J");
        assert_eq!(input.text(), "ab c[2J");
    }

    #[test]
    fn a_long_line_shows_the_part_around_the_place() {
        let input = typed("abcdefghij");
        assert_eq!(input.shown(4), ("hij".into(), " ".into(), String::new()));
        let mut input = input;
        input.press(KeyEvent::new(KeyCode::Home, KeyModifiers::NONE));
        assert_eq!(input.shown(4), (String::new(), "a".into(), "bcd".into()));
        assert_eq!(input.shown(0).1, "a");
    }

    #[test]
    fn a_word_is_deleted() {
        let mut input = typed("one two ");
        input.press(KeyEvent::new(KeyCode::Char('w'), KeyModifiers::CONTROL));
        assert_eq!(input.text(), "one ");
    }
}
