//! `.env` and `env_file`: `NAME=value` lines, as compose reads them.

use std::collections::BTreeMap;

use super::{
    desk::{Desk, Spot},
    expand::{Lookup, expand, warn_unset},
};

/// Reads the lines of an env file that the desk knows as `whole`. Later lines see earlier ones; `outer` comes first.
///
/// A name without a value takes it from `outer`, and is left out where there is none.
pub(super) fn parse(text: &str, whole: Spot, outer: &Lookup<'_>, desk: &mut Desk) -> BTreeMap<String, String> {
    let mut values = BTreeMap::new();
    let mut reader = Reader { rest: text, line: 1 };
    while let Some(statement) = reader.next_statement() {
        let spot = Spot { line: reader.line, column: 1, ..whole };
        match reader.statement(statement) {
            Ok((name, None)) => {
                if let Some(value) = outer(&name) {
                    values.insert(name, value);
                }
            }
            Ok((name, Some(Raw { text, expands: false }))) => {
                values.insert(name, text);
            }
            Ok((name, Some(Raw { text, expands: true }))) => {
                match expand(&text, &|name| outer(name).or_else(|| values.get(name).cloned())) {
                    Ok(expanded) => {
                        for unset in &expanded.unset {
                            warn_unset(desk, spot, unset);
                        }
                        desk.grown(spot, expanded.text.len());
                        if desk.outgrown() {
                            return values;
                        }
                        values.insert(name, expanded.text);
                    }
                    Err(problem) => {
                        let spot = desk.spot_of(spot, &problem.at);
                        desk.error(spot, problem.message, problem.expected);
                    }
                }
            }
            Err((column, message, expected)) => {
                let column = u32::try_from(column).unwrap_or(1);
                desk.error(Spot { column, ..spot }, message, expected);
            }
        }
    }
    values
}

struct Raw {
    text: String,
    expands: bool,
}

/// Column from 1, what is wrong, what was expected.
type Problem = (usize, String, String);

struct Reader<'text> {
    rest: &'text str,
    line: u32,
}

impl<'text> Reader<'text> {
    /// The next line that says something, with all that follows it; the reader stands at its start.
    fn next_statement(&mut self) -> Option<&'text str> {
        loop {
            self.skip(self.rest.len() - self.rest.trim_start().len());
            match self.rest.chars().next()? {
                '#' => self.skip(self.rest.find('\n').unwrap_or(self.rest.len())),
                _ => return Some(self.rest),
            }
        }
    }

    fn skip(&mut self, bytes: usize) {
        let lines = self.rest[..bytes].matches('\n').count();
        self.line = self.line.saturating_add(u32::try_from(lines).unwrap_or(u32::MAX));
        self.rest = &self.rest[bytes..];
    }

    /// One statement. The reader ends behind it, also when it is wrong.
    fn statement(&mut self, text: &'text str) -> Result<(String, Option<Raw>), Problem> {
        let line = text.lines().next().unwrap_or_default();
        let named = match line.strip_prefix("export") {
            Some(named) if named.starts_with([' ', '\t']) => named.trim_start(),
            _ => line,
        };
        let end = named.find(['=', ':']).unwrap_or(named.len());
        let name = named[..end].trim_end();
        let column = |part: &str| line[..line.len() - part.len()].chars().count() + 1;
        if let Some(at) = name.find(|c: char| !c.is_alphanumeric() && !matches!(c, '_' | '.' | '-')) {
            let found = column(&named[at..]);
            self.skip(line.len());
            let what = name[at..].chars().next().unwrap_or(' ');
            return Err((found, format!("`{what}` cannot stand in a variable's name"), "write `NAME=value`".into()));
        }
        if name.is_empty() {
            self.skip(line.len());
            return Err((1, "a value without a name".into(), "write `NAME=value`".into()));
        }
        if end == named.len() {
            self.skip(line.len());
            return Ok((name.to_string(), None));
        }
        let value = named[end + 1..].trim_start_matches([' ', '\t']);
        let start = line.len() - value.len();
        let raw = match value.chars().next() {
            Some(quote @ ('"' | '\'')) => {
                let inner = &text[start + 1..];
                let Some(length) = closing_quote(inner, quote) else {
                    self.skip(line.len());
                    let message = format!("the quote {quote} is not closed");
                    return Err((column(value), message, format!("a {quote} at the end of the value")));
                };
                self.skip(start + 1 + length + 1);
                // What follows a quoted value on its line is a comment at best.
                let after = self.rest.find('\n').unwrap_or(self.rest.len());
                let tail = self.rest[..after].trim();
                let line = self.line;
                self.skip(after);
                if !tail.is_empty() && !tail.starts_with('#') {
                    self.line = line;
                    return Err((
                        1,
                        format!("`{tail}` follows the closing quote"),
                        "one value in one pair of quotes".into(),
                    ));
                }
                let inner = &inner[..length];
                match quote {
                    '"' => Raw { text: unescape(inner), expands: true },
                    _ => Raw { text: inner.replace("\\'", "'"), expands: false },
                }
            }
            _ => {
                self.skip(line.len());
                let end = comment_start(value);
                Raw { text: value[..end].trim_end().to_string(), expands: true }
            }
        };
        Ok((name.to_string(), Some(raw)))
    }
}

/// Where a comment starts in an unquoted value: at a `#` that follows a space.
fn comment_start(value: &str) -> usize {
    value.find(" #").unwrap_or(value.len())
}

fn closing_quote(text: &str, quote: char) -> Option<usize> {
    let mut escaped = false;
    for (at, character) in text.char_indices() {
        match character {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            c if c == quote => return Some(at),
            _ => {}
        }
    }
    None
}

fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        if character != '\\' {
            out.push(character);
            continue;
        }
        match characters.next() {
            Some('n') => out.push('\n'),
            Some('r') => out.push('\r'),
            Some('t') => out.push('\t'),
            // A dollar sign that is escaped is no variable.
            Some('$') => out.push_str("$$"),
            Some(other @ ('"' | '\\' | '\'')) => out.push(other),
            Some(other) => out.extend(['\\', other]),
            None => out.push('\\'),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn read(text: &str) -> (BTreeMap<String, String>, Vec<String>) {
        let mut desk = Desk::new(Path::new("/stack"));
        let whole = desk.add_source(Path::new("/stack/.env"), Path::new("/stack"), text.into());
        let outer = |name: &str| (name == "HOME").then(|| "/root".to_string());
        let values = parse(text, whole, &outer, &mut desk);
        (values, desk.findings.iter().map(|finding| finding.headline()).collect())
    }

    #[test]
    fn values_as_compose_reads_them() {
        let (values, told) = read(concat!(
            "# a comment\r\n\r\nPLAIN=value\r\nexport EXPORTED = spaced value  # told\nHASH=a#b\nEMPTY=\n",
            "SINGLE='$PLAIN \"x\"'\nDOUBLE=\"$PLAIN\\n${PLAIN}\"\nYAML: yes\nHOME\nMISSING\nAPP_KEY=\"two\nlines\" # end\n",
            "USES=${PLAIN}-${NONE:-x}\nNAME.with-dots=1\nESCAPED=\"\\$PLAIN\"\nCOMMENT=#nothing",
        ));
        assert_eq!(told, Vec::<String>::new());
        let wanted = [
            ("APP_KEY", "two\nlines"),
            ("COMMENT", "#nothing"),
            ("DOUBLE", "value\nvalue"),
            ("EMPTY", ""),
            ("ESCAPED", "$PLAIN"),
            ("EXPORTED", "spaced value"),
            ("HASH", "a#b"),
            ("HOME", "/root"),
            ("NAME.with-dots", "1"),
            ("PLAIN", "value"),
            ("SINGLE", "$PLAIN \"x\""),
            ("USES", "value-x"),
            ("YAML", "yes"),
        ];
        assert_eq!(values.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect::<Vec<_>>(), wanted);
    }

    #[test]
    fn mistakes_are_told_with_their_line() {
        let (values, told) = read("A=1\nB C=2\n=3\nE=x$\nF=\"a\" b\nG=${NONE}\nD=\"open\n");
        assert_eq!(values.keys().collect::<Vec<_>>(), ["A", "G"]);
        insta::assert_snapshot!(told.join("\n"), @r#"
        .env:2:2: error: ` ` cannot stand in a variable's name
        .env:3:1: error: a value without a name
        .env:4:4: error: `$` starts a variable, and no name follows
        .env:5:1: error: `b` follows the closing quote
        .env:6:3: warning: the variable `NONE` is not set: nothing is put in its place
        .env:7:3: error: the quote " is not closed
        "#);
    }
}
