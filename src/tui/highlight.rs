//! Colours for the files of a stack: YAML, Python, nginx's and Docker's own formats. Line by line, by a small reader of our
//! own: it need not be a parser, only never be in the way.

use std::path::Path;

use ratatui::{style::Style, text::Span};

use super::theme::Theme;

/// What a file is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// Compose files.
    Yaml,
    /// The app.
    Python,
    /// The web server's configuration.
    Nginx,
    /// The image's recipe.
    Dockerfile,
    /// `NAME=value`.
    Env,
    /// Anything else.
    Plain,
}

impl Language {
    /// By the file's name.
    pub fn of(path: &str) -> Self {
        let name = Path::new(path).file_name().map_or("", |name| name.to_str().unwrap_or("")).to_lowercase();
        match name.rsplit_once('.').map_or("", |(_, extension)| extension) {
            "yml" | "yaml" => Self::Yaml,
            "py" => Self::Python,
            "conf" => Self::Nginx,
            "env" => Self::Env,
            _ if name.starts_with("dockerfile") || name.ends_with("dockerfile") => Self::Dockerfile,
            _ if name.contains("env_file") || name.starts_with(".env") => Self::Env,
            _ => Self::Plain,
        }
    }
}

const PYTHON: [&str; 35] = [
    "False", "None", "True", "and", "as", "assert", "async", "await", "break", "class", "continue", "def", "del",
    "elif", "else", "except", "finally", "for", "from", "global", "if", "import", "in", "is", "lambda", "nonlocal",
    "not", "or", "pass", "raise", "return", "self", "try", "while", "with",
];

/// Reads lines from the first on: a string of several lines is known as one.
#[derive(Debug, Clone)]
pub struct Highlighter {
    language: Language,
    theme: Theme,
    /// The quotes that the string that is open ends with.
    open: Option<&'static str>,
}

impl Highlighter {
    /// At the beginning of a file.
    pub fn new(language: Language, theme: Theme) -> Self {
        Self { language, theme, open: None }
    }

    /// The next line, cut into pieces that together are the line.
    pub fn line(&mut self, line: &str) -> Vec<Span<'static>> {
        if self.language == Language::Plain {
            return vec![Span::raw(line.to_owned())];
        }
        let mut pieces = Pieces { line, spans: Vec::new(), plain_from: 0 };
        let mut at = 0;
        if let Some(quotes) = self.open {
            let end = line.find(quotes).map(|found| found + quotes.len());
            if end.is_some() {
                self.open = None;
            }
            at = end.unwrap_or(line.len());
            pieces.push(0..at, self.theme.literal());
        } else {
            at = self.head(line, at, &mut pieces);
        }
        while let Some(c) = line[at..].chars().next() {
            at = self.token(line, at, c, &mut pieces);
        }
        pieces.end()
    }

    /// What only the beginning of a line can be: a key, a directive, an instruction.
    fn head(&self, line: &str, at: usize, pieces: &mut Pieces<'_>) -> usize {
        let start = line.len() - line.trim_start().len();
        let rest = &line[start..];
        let word = |ends: fn(char) -> bool| rest.find(ends).unwrap_or(rest.len());
        let range = match self.language {
            Language::Yaml => {
                let dash = if rest.starts_with("- ") { 2 } else { 0 };
                let key = &rest[dash..];
                let end = key.find(':').filter(|end| key[*end + 1..].is_empty() || key[*end + 1..].starts_with(' '));
                end.filter(|end| !key[..*end].contains(['"', '\'', '#', '{', '[']))
                    .map(|end| start + dash..start + dash + end)
            }
            Language::Nginx => Some(start..start + word(|c: char| !(c.is_alphanumeric() || c == '_'))),
            Language::Dockerfile => {
                let end = word(char::is_whitespace);
                let instruction = end > 1 && rest[..end].chars().all(|c| c.is_ascii_alphabetic());
                instruction.then(|| start..start + end)
            }
            Language::Env => rest.find('=').filter(|_| !rest.starts_with('#')).map(|end| start..start + end),
            Language::Python => {
                rest.starts_with('@').then(|| start..start + word(|c: char| c == '(' || c.is_whitespace()))
            }
            Language::Plain => None,
        };
        match range.filter(|range| !range.is_empty()) {
            Some(range) => {
                let end = range.end;
                pieces.push(range, self.theme.keyword());
                end
            }
            None => at,
        }
    }

    fn token(&mut self, line: &str, at: usize, c: char, pieces: &mut Pieces<'_>) -> usize {
        let rest = &line[at..];
        let before = line[..at].chars().next_back();
        match c {
            '#' if before.is_none_or(char::is_whitespace) || self.language == Language::Python => {
                pieces.push(at..line.len(), self.theme.faint());
                line.len()
            }
            '"' | '\'' => {
                // An apostrophe within a word opens nothing.
                if self.language != Language::Python && before.is_some_and(char::is_alphanumeric) {
                    return at + 1;
                }
                let end = at + self.string(rest, c);
                pieces.push(at..end, self.theme.literal());
                end
            }
            '$' if self.language != Language::Python => {
                let name = |c: char| !(c.is_alphanumeric() || matches!(c, '_' | '{' | '}' | ':' | '-'));
                let end = at + 1 + rest[1..].find(name).unwrap_or(rest.len() - 1);
                pieces.push(at..end, self.theme.literal());
                end
            }
            c if c.is_alphanumeric() || c == '_' => {
                let end = at + rest.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(rest.len());
                let word = &line[at..end];
                if word.chars().all(|c| c.is_ascii_digit()) {
                    pieces.push(at..end, self.theme.literal());
                } else if self.language == Language::Python && PYTHON.contains(&word) {
                    pieces.push(at..end, self.theme.keyword());
                }
                end
            }
            c => at + c.len_utf8(),
        }
    }

    /// Bytes of the string that begins here; Python's may go on in the next line.
    fn string(&mut self, rest: &str, quote: char) -> usize {
        let triple = if quote == '"' { "\"\"\"" } else { "'''" };
        if self.language == Language::Python && rest.starts_with(triple) {
            return match rest[3..].find(triple) {
                Some(end) => end + 6,
                None => {
                    self.open = Some(triple);
                    rest.len()
                }
            };
        }
        let mut escaped = false;
        for (index, c) in rest.char_indices().skip(1) {
            match c {
                _ if escaped => escaped = false,
                '\\' => escaped = true,
                c if c == quote => return index + c.len_utf8(),
                _ => {}
            }
        }
        rest.len()
    }
}

/// A line's pieces; what lies between two of them is plain.
struct Pieces<'a> {
    line: &'a str,
    spans: Vec<Span<'static>>,
    plain_from: usize,
}

impl Pieces<'_> {
    fn push(&mut self, range: std::ops::Range<usize>, style: Style) {
        self.plain_until(range.start);
        self.plain_from = range.end;
        self.spans.push(Span::styled(self.line[range].to_owned(), style));
    }

    fn plain_until(&mut self, end: usize) {
        if self.plain_from < end {
            self.spans.push(Span::raw(self.line[self.plain_from..end].to_owned()));
        }
    }

    fn end(mut self) -> Vec<Span<'static>> {
        self.plain_until(self.line.len());
        self.spans
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Keywords in `<>`, literals in `[]`, comments in `()`.
    fn shown(language: Language, text: &str) -> String {
        let theme = Theme::COLOUR;
        let mut highlighter = Highlighter::new(language, theme);
        let mut all = String::new();
        for line in text.lines() {
            for span in highlighter.line(line) {
                let (open, close) = match span.style {
                    style if style == theme.keyword() => ("<", ">"),
                    style if style == theme.literal() => ("[", "]"),
                    style if style == theme.faint() => ("(", ")"),
                    _ => ("", ""),
                };
                all.push_str(&format!("{open}{}{close}", span.content));
            }
            all.push('\n');
        }
        all
    }

    #[test]
    fn the_stacks_own_files() {
        assert_eq!(
            shown(Language::Yaml, "services:\n  - \"80:8080\"  # swapped\n  image: nginx:1.28\n"),
            "<services>:\n  - [\"80:8080\"]  (# swapped)\n  <image>: nginx:[1].[28]\n"
        );
        assert_eq!(
            shown(Language::Nginx, "    proxy_set_header Host $host;\n    listen 80;\n"),
            "    <proxy_set_header> Host [$host];\n    <listen> [80];\n"
        );
        assert_eq!(shown(Language::Dockerfile, "FROM python:3\n# no\n"), "<FROM> python:[3]\n(# no)\n");
        assert_eq!(shown(Language::Env, "USER=shop # x\n"), "<USER>=shop (# x)\n");
    }

    #[test]
    fn python_and_its_long_strings() {
        let text = "@app.route('/')\ndef f(self):\n    \"\"\"One\n    two\"\"\" + x  # y\n    return 'it\\'s'\n";
        let expected = "<@app.route>([\'/\'])\n<def> f(<self>):\n    [\"\"\"One]\n[    two\"\"\"] + x  (# y)\n    <return> [\'it\\\'s\']\n";
        assert_eq!(shown(Language::Python, text), expected);
    }

    #[test]
    fn files_are_known_by_their_names() {
        for (name, language) in [
            ("docker-compose.yml", Language::Yaml),
            ("src/app.py", Language::Python),
            ("conf.d/flaskapp.conf", Language::Nginx),
            ("docker/app.Dockerfile", Language::Dockerfile),
            ("Dockerfile", Language::Dockerfile),
            ("env_file", Language::Env),
            ("README.md", Language::Plain),
        ] {
            assert_eq!(Language::of(name), language, "{name}");
        }
    }

    proptest! {
        #[test]
        fn no_letter_is_lost(lines in prop::collection::vec(".{0,40}", 0..6), which in 0usize..5) {
            let languages = [Language::Yaml, Language::Python, Language::Nginx, Language::Dockerfile, Language::Env];
            let mut highlighter = Highlighter::new(languages[which], Theme::COLOUR);
            for line in lines {
                let again: String = highlighter.line(&line).iter().map(|span| span.content.as_ref()).collect();
                prop_assert_eq!(again, line);
            }
        }
    }
}
