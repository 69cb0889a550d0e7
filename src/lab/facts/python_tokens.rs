//! Python's tokens, as far as reading a few calls and constants needs them.

/// What a token is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    Name(String),
    Number(String),
    /// A string's value; with `format`, an f-string whose braces are still in it.
    Text {
        value: String,
        format: bool,
    },
    Sign(&'static str),
    /// The end of a statement.
    End,
}

/// A token and the line on which it begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Token {
    pub kind: Kind,
    pub line: usize,
}

impl Token {
    pub fn is(&self, sign: &str) -> bool {
        matches!(self.kind, Kind::Sign(own) if own == sign)
    }

    pub fn name(&self) -> Option<&str> {
        if let Kind::Name(name) = &self.kind { Some(name) } else { None }
    }

    pub fn text(&self) -> Option<&str> {
        if let Kind::Text { value, .. } = &self.kind { Some(value) } else { None }
    }
}

/// Longer signs first. Those that matter to nobody still have to be told from `=`.
const SIGNS: [&str; 35] = [
    "**", "==", "!=", "<=", ">=", ":=", "+=", "-=", "*=", "/=", "->", "//", "(", ")", "[", "]", "{", "}", ",", ":",
    ";", ".", "=", "+", "-", "*", "/", "%", "@", "<", ">", "|", "&", "~", "^",
];

/// Splits a program into tokens; what is no Python is passed over.
pub(super) fn tokens(text: &str) -> Vec<Token> {
    let mut lexer = Lexer { rest: text, line: 1, depth: 0, tokens: Vec::new() };
    while !lexer.rest.is_empty() {
        lexer.step();
    }
    lexer.push(Kind::End, lexer.line);
    lexer.tokens
}

struct Lexer<'a> {
    rest: &'a str,
    line: usize,
    depth: usize,
    tokens: Vec<Token>,
}

impl Lexer<'_> {
    fn push(&mut self, kind: Kind, line: usize) {
        self.tokens.push(Token { kind, line });
    }

    fn skip(&mut self, bytes: usize) {
        self.line += self.rest[..bytes].matches('\n').count();
        self.rest = &self.rest[bytes..];
    }

    fn step(&mut self) {
        let Some(first) = self.rest.chars().next() else { return };
        let line = self.line;
        if first == '\n' {
            if self.depth == 0 {
                self.push(Kind::End, line);
            }
            self.skip(1);
        } else if self.rest.starts_with("\\\n") {
            self.skip(2);
        } else if first == '#' {
            self.skip(self.rest.find('\n').unwrap_or(self.rest.len()));
        } else if let Some((prefix, quote)) = string_start(self.rest) {
            self.string(prefix, quote);
        } else if first.is_alphabetic() || first == '_' {
            let name = self.word();
            self.push(Kind::Name(name), line);
        } else if first.is_ascii_digit() {
            let number = self.word().replace('_', "");
            self.push(Kind::Number(number), line);
        } else if let Some(sign) = SIGNS.iter().find(|sign| self.rest.starts_with(**sign)) {
            match *sign {
                "(" | "[" | "{" => self.depth += 1,
                ")" | "]" | "}" => self.depth = self.depth.saturating_sub(1),
                _ => {}
            }
            let kind = if *sign == ";" { Kind::End } else { Kind::Sign(sign) };
            self.push(kind, line);
            self.skip(sign.len());
        } else {
            self.skip(first.len_utf8());
        }
    }

    fn word(&mut self) -> String {
        let end = self.rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(self.rest.len());
        let word = self.rest[..end].to_owned();
        self.skip(end);
        word
    }

    fn string(&mut self, prefix: usize, quote: &str) {
        let line = self.line;
        let flags = self.rest[..prefix].to_ascii_lowercase();
        self.skip(prefix + quote.len());
        let (raw, format) = (flags.contains('r'), flags.contains('f'));
        let end = string_end(self.rest, quote, format);
        let inside = &self.rest[..end];
        let value = if raw { inside.to_owned() } else { unescaped(inside) };
        self.push(Kind::Text { value, format }, line);
        let closing = if self.rest[end..].starts_with(quote) { quote.len() } else { 0 };
        self.skip(end + closing);
    }
}

/// The length of a string's prefix and its quotes, if a string begins here.
fn string_start(rest: &str) -> Option<(usize, &'static str)> {
    let prefix =
        rest.bytes().take(3).take_while(|b| matches!(b.to_ascii_lowercase(), b'r' | b'b' | b'u' | b'f')).count();
    let quote = ["\"\"\"", "'''", "\"", "'"].into_iter().find(|quote| rest[prefix..].starts_with(quote))?;
    (prefix <= 2).then_some((prefix, quote))
}

/// Where the closing quotes are. Inside the braces of an f-string, a string of its own may hold the same quotes.
fn string_end(rest: &str, quote: &str, format: bool) -> usize {
    let bytes = rest.as_bytes();
    let mut at = 0;
    let mut braces = 0_usize;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' => at += 1,
            b'\n' if quote.len() == 1 => return at,
            b'{' if format && bytes.get(at + 1) == Some(&b'{') && braces == 0 => at += 1,
            b'{' if format => braces += 1,
            b'}' if format => braces = braces.saturating_sub(1),
            inner @ (b'"' | b'\'') if braces > 0 => {
                let Some(length) = bytes[at + 1..].iter().position(|b| *b == inner || *b == b'\n') else { return at };
                at += length + 1;
            }
            _ if braces == 0 && bytes[at..].starts_with(quote.as_bytes()) => return at,
            _ => {}
        }
        at += 1;
    }
    bytes.len()
}

fn unescaped(inside: &str) -> String {
    let mut value = String::new();
    let mut chars = inside.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next() {
                Some('n') => value.push('\n'),
                Some('t') => value.push('\t'),
                Some('\n') | None => {}
                Some(other) => value.push(other),
            },
            c => value.push(c),
        }
    }
    value
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn told(text: &str) -> String {
        let words = tokens(text).into_iter().map(|token| match token.kind {
            Kind::Name(name) => name,
            Kind::Number(number) => format!("#{number}"),
            Kind::Text { value, format } => format!("{}<{value}>", if format { "f" } else { "" }),
            Kind::Sign(sign) => sign.to_owned(),
            Kind::End => "|".to_owned(),
        });
        words.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn tokens_are_told_apart() {
        assert_eq!(told("app.run(port=80)  # port=5001\nx"), "app . run ( port = #80 ) | x |");
        assert_eq!(told("f(\n  1_0,\n)\ny == z"), "f ( #10 , ) | y == z |");
        assert_eq!(told("'a\\'b' \"c\" rb'\\d' '''x\ny'''"), "<a'b> <c> <\\d> <x\ny> |");
        assert_eq!(told("f'{a[\"x\"]}:{{' + f\"{b[\"y\"]}\""), "f<{a[\"x\"]}:{{> + f<{b[\"y\"]}> |");
        assert_eq!(told("'open\nx"), "<open> | x |");
        assert_eq!(tokens("a\n'''\n\n'''\nb").iter().rev().nth(1).unwrap().line, 5);
    }

    proptest! {
        #[test]
        fn no_text_is_too_strange(text in "[a-z'\"{}()\\\\\n#f=é]{0,60}") {
            prop_assert!(!tokens(&text).is_empty());
        }
    }
}
