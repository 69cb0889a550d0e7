//! `.env`, `env_file` and `label_file`: `NAME=value` lines, as compose reads them.

use std::collections::BTreeMap;

use super::{
    diagnostics::Diagnostics,
    interpolate::{Lookup, expand, warn_unset},
    source_map::Spot,
};

/// Reads the lines of an env file that is known as `whole`. Later lines see earlier ones; `outer` comes first.
///
/// A name without a value takes it from `outer`, and is left out where there is none.
pub(super) fn parse(text: &str, whole: Spot, outer: &Lookup<'_>, desk: &mut Diagnostics) -> BTreeMap<String, String> {
    let mut values = BTreeMap::new();
    let mut reader = Reader { text, at: 0, line: 1, line_start: 0 };
    while reader.find_statement() {
        let start = reader.at;
        let statement = reader.statement();
        let told = desk.findings.len();
        match statement {
            Ok((name, None)) => {
                if let Some(value) = outer(&name) {
                    values.insert(name, value);
                }
            }
            Ok((name, Some(Raw { text, expands: false }))) => {
                values.insert(name, text);
            }
            Ok((name, Some(Raw { text, expands: true }))) => {
                let spot = reader.spot(start, whole);
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
                        let spot = desk.files.spot_of(spot, &problem.at);
                        desk.error(spot, problem.message, problem.expected);
                    }
                }
            }
            Err(Problem { at, message, expected }) => {
                desk.error(reader.spot(at, whole), message, expected);
                reader.skip_line();
            }
        }
        if desk.findings.len() > told && desk.told_enough() {
            return values;
        }
    }
    values
}

struct Raw {
    text: String,
    expands: bool,
}

/// What is wrong at a byte, and what was expected.
struct Problem {
    at: usize,
    message: String,
    expected: String,
}

struct Reader<'text> {
    text: &'text str,
    /// Byte at which it stands.
    at: usize,
    /// The line that was last asked for, and the byte where it starts: each look goes on from there.
    line: usize,
    line_start: usize,
}

impl<'text> Reader<'text> {
    fn rest(&self) -> &'text str {
        &self.text[self.at..]
    }

    /// Line and column of a byte.
    fn spot(&mut self, at: usize, whole: Spot) -> Spot {
        if at < self.line_start {
            (self.line, self.line_start) = (1, 0);
        }
        let passed = &self.text[self.line_start..at];
        self.line += passed.matches('\n').count();
        self.line_start += passed.rfind('\n').map_or(0, |end| end + 1);
        let column = self.text[self.line_start..at].chars().count() + 1;
        let small = |number| u32::try_from(number).unwrap_or(u32::MAX);
        Spot { line: small(self.line), column: small(column), ..whole }
    }

    /// Goes to the next thing that is neither space nor comment; false at the end.
    fn find_statement(&mut self) -> bool {
        loop {
            self.skip_spaces(char::is_whitespace);
            match self.rest().chars().next() {
                None => return false,
                Some('#') => self.skip_line(),
                Some(_) => return true,
            }
        }
    }

    fn skip_spaces(&mut self, is_space: fn(char) -> bool) {
        self.at += self.rest().len() - self.rest().trim_start_matches(is_space).len();
    }

    fn skip_line(&mut self) {
        self.at += self.rest().find('\n').unwrap_or(self.rest().len());
    }

    /// One statement. The reader ends behind it, when it is right.
    fn statement(&mut self) -> Result<(String, Option<Raw>), Problem> {
        if self.rest().strip_prefix("export").is_some_and(|rest| rest.starts_with(char::is_whitespace)) {
            self.at += "export".len();
            self.skip_spaces(is_space);
        }
        let start = self.at;
        let mut end = None;
        for (offset, character) in self.rest().char_indices() {
            match character {
                '=' | ':' | '\n' => {
                    end = Some((offset, character));
                    break;
                }
                '_' | '.' | '-' | '[' | ']' => {}
                other if is_space(other) || other.is_alphanumeric() => {}
                other => {
                    let message = format!("`{other}` cannot stand in a variable's name");
                    return Err(Problem { at: start + offset, message, expected: "write `NAME=value`".into() });
                }
            }
        }
        // At the very end, without a line break, compose takes the line for a value without a name.
        let (name, bare) = match end {
            Some((offset, character)) => {
                let name = self.rest()[..offset].trim_end();
                self.at += offset + 1;
                (name, character == '\n')
            }
            None => ("", false),
        };
        if let Some(space) = name.find(' ') {
            let message = "` ` cannot stand in a variable's name".to_string();
            return Err(Problem { at: start + space, message, expected: "write `NAME=value`".into() });
        }
        self.skip_spaces(is_space);
        if bare { Ok((name.to_string(), None)) } else { Ok((name.to_string(), Some(self.value()?))) }
    }

    fn value(&mut self) -> Result<Raw, Problem> {
        let text = self.rest();
        let Some(quote @ ('"' | '\'')) = text.chars().next() else {
            let line = &text[..text.find('\n').unwrap_or(text.len())];
            self.at += line.len();
            // A comment starts at a `#` that follows a space.
            let value = line.find(" #").map_or(line, |end| &line[..end]);
            return Ok(Raw { text: value.trim_end().to_string(), expands: true });
        };
        let mut inner = String::new();
        let mut escaped = false;
        for (offset, character) in text.char_indices().skip(1) {
            match character {
                c if c == quote && escaped => inner.push(c),
                c if c == quote => {
                    self.at += offset + 1;
                    let expands = quote == '"';
                    return Ok(Raw { text: if expands { unescape(&inner) } else { inner }, expands });
                }
                '\\' if !escaped => {
                    escaped = true;
                    continue;
                }
                c if escaped => inner.extend(['\\', c]),
                c => inner.push(c),
            }
            escaped = false;
        }
        let message = format!("the quote {quote} is not closed");
        Err(Problem { at: self.at, message, expected: format!("a {quote} at the end of the value") })
    }
}

/// What compose takes for a space within a line.
fn is_space(character: char) -> bool {
    matches!(character, '\t' | '\u{b}' | '\u{c}' | '\r' | ' ' | '\u{85}' | '\u{a0}')
}

/// Escapes within double quotes; `\$` becomes the `$$` that is no variable.
fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        let mut next = rest.chars();
        let Some(character) = next.next() else {
            out.push('\\');
            break;
        };
        let after = next.as_str();
        match character {
            '$' => out.push_str("$$"),
            'a' => out.push('\u{7}'),
            'b' => out.push('\u{8}'),
            'f' => out.push('\u{c}'),
            'n' => out.push('\n'),
            'r' => out.push('\r'),
            't' => out.push('\t'),
            'v' => out.push('\u{b}'),
            '\\' | '"' => out.push(character),
            '0' => {
                let digits = &after[..after.bytes().take(3).take_while(u8::is_ascii_digit).count()];
                match u8::from_str_radix(digits, 8) {
                    Ok(code) if digits.len() == 3 => {
                        out.push(char::from(code));
                        rest = &after[3..];
                        continue;
                    }
                    _ => out.push_str("\\0"),
                }
            }
            other => out.extend(['\\', other]),
        }
        rest = after;
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn read(text: &str) -> (BTreeMap<String, String>, Vec<String>) {
        let mut desk = Diagnostics::new(Path::new("/stack"), super::super::door::Door::default());
        let whole = desk.files.add(Path::new("/stack/.env"), Path::new("/stack"), text.into());
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
    fn what_compose_takes_is_taken() {
        let (values, told) = read("=3\nE=x$\nH=pa$5w0rd$(x)\nF=\"a\" b\nOCTAL=\"\\0101\"\nTAKEN[0]=1\nLAST");
        assert_eq!(told, Vec::<String>::new());
        let wanted = [("", "LAST"), ("E", "x$"), ("F", "a"), ("H", "pa$5w0rd$(x)"), ("OCTAL", "A"), ("TAKEN[0]", "1")];
        assert_eq!(values.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect::<Vec<_>>(), wanted);
    }

    #[test]
    fn mistakes_are_told_with_their_line() {
        let (values, told) = read("A=1\nB C=2\nE!=x\nE=${x!}\nG=${NONE}\nD=\"open\n");
        assert_eq!(values.keys().collect::<Vec<_>>(), ["A", "G"]);
        insta::assert_snapshot!(told.join("\n"), @r#"
        .env:2:2: error: ` ` cannot stand in a variable's name
        .env:3:2: error: `!` cannot stand in a variable's name
        .env:4:3: error: `${x!}` is not a variable
        .env:5:3: warning: the variable `NONE` is not set: nothing is put in its place
        .env:6:3: error: the quote " is not closed
        "#);
    }
}
