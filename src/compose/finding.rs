//! How a finding is told to people: place, the line itself, a caret, what was expected.

use std::fmt;

use unicode_width::UnicodeWidthChar;

use super::model::{Finding, Severity};

/// Columns of the line that are shown around the caret.
const SHOWN: usize = 100;

impl Severity {
    /// The word in front of a message: `warning`, `error`, `refused`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Warning => "warning",
            Self::Error => "error",
            Self::Refused => "refused",
        }
    }
}

impl Finding {
    /// The finding in one line: `docker-compose.yml:12:7: error: what is wrong`, safe for a terminal.
    pub fn headline(&self) -> String {
        format!("{}: {}: {}", self.at(), self.severity.word(), printable(&self.message))
    }

    /// The same without its severity, for where that is said already: `docker-compose.yml:12:7: what is wrong`.
    pub fn at_its_place(&self) -> String {
        format!("{}: {}", self.at(), printable(&self.message))
    }

    fn at(&self) -> String {
        let file = printable(&self.place.file.to_string_lossy());
        match (self.place.line, self.place.column) {
            (0, _) => file,
            (line, column) => format!("{file}:{line}:{column}"),
        }
    }

    /// The finding as a compiler would show it, over several lines, safe for a terminal: nothing that stands in the
    /// file reaches it unescaped.
    pub fn render(&self) -> String {
        let mut out = self.headline();
        let number = self.place.line.to_string();
        let margin = " ".repeat(number.len());
        if self.place.line > 0 && !self.line_text.trim().is_empty() {
            let (line, caret) = window(&self.line_text, self.place.column);
            out.push_str(&format!("\n{margin} |\n{number} | {line}\n{margin} | {}^", " ".repeat(caret)));
        }
        if !self.expected.is_empty() {
            let word = if self.severity == Severity::Refused { "because" } else { "help" };
            out.push_str(&format!("\n{margin} = {word}: {}", printable(&self.expected)));
        }
        out
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render())
    }
}

/// The part of a line around a column (from 1), and how many cells stand before that column.
fn window(line: &str, column: usize) -> (String, usize) {
    let column = column.saturating_sub(1);
    let from = column.saturating_sub(SHOWN * 3 / 4);
    let mut shown = String::new();
    let mut caret = 0;
    if from > 0 {
        shown.push('…');
        caret = 1;
    }
    for (index, character) in line.chars().enumerate().skip(from) {
        if index - from >= SHOWN {
            shown.push('…');
            break;
        }
        let before = shown.len();
        push_printable(&mut shown, character);
        if index < column {
            caret += shown[before..].chars().map(|c| c.width().unwrap_or(0)).sum::<usize>();
        }
    }
    (shown, caret)
}

/// The text with control and direction characters made visible.
fn printable(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    text.chars().for_each(|character| push_printable(&mut out, character));
    out
}

fn push_printable(out: &mut String, character: char) {
    match character {
        '\t' => out.push('→'),
        other => crate::sanitize::write_out(out, other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compose::Place;

    fn finding(line_text: &str, column: usize) -> Finding {
        Finding {
            severity: Severity::Error,
            place: Place { file: "docker-compose.yml".into(), line: 12, column },
            line_text: line_text.into(),
            message: "unknown key `port`".into(),
            expected: "did you mean `ports`?".into(),
        }
    }

    #[test]
    fn is_told_as_a_compiler_would() {
        insta::assert_snapshot!(finding("    port:", 5).render(), @r"
        docker-compose.yml:12:5: error: unknown key `port`
           |
        12 |     port:
           |     ^
           = help: did you mean `ports`?
        ");
    }

    #[test]
    fn shows_tabs_and_escapes_what_a_terminal_would_obey() {
        let told = finding("\tport: \u{1b}[31mred\u{202e}", 2).render();
        assert!(told.contains("12 | →port: \\u{1b}[31mred\\u{202e}\n   |  ^"), "{told}");
        assert!(!told.contains('\u{1b}'));
    }

    #[test]
    fn keeps_the_caret_under_the_column_of_a_long_or_wide_line() {
        let told = finding(&format!("{}X{}", "a".repeat(300), "b".repeat(300)), 301).render();
        let lines: Vec<&str> = told.lines().collect();
        let caret = lines[3].chars().position(|c| c == '^').unwrap();
        assert_eq!(lines[2].chars().nth(caret), Some('X'));
        assert!(lines[2].chars().count() < 120);
        let wide = finding("漢字: X", 5).render();
        assert!(wide.lines().nth(3).unwrap().ends_with("|       ^"), "{wide}");
    }
}
