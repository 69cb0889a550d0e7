//! Variables in values: `$X`, `${X}`, `${X:-default}`, `${X?message}`, `${X:+instead}`, `$$`, one within another.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    desk::{Desk, Spot},
    yaml::{Node, Value},
};

/// Defaults within defaults.
const MAX_DEPTH: usize = 16;
/// Characters that one value may grow to.
const MAX_LENGTH: usize = 1 << 20;

/// The variables that a stack sees: the shell's win over those of `.env`.
#[derive(Debug, Default)]
pub(super) struct Variables {
    pub shell: BTreeMap<String, String>,
    pub dotenv: BTreeMap<String, String>,
}

impl Variables {
    pub fn get(&self, name: &str) -> Option<String> {
        self.shell.get(name).or_else(|| self.dotenv.get(name)).cloned()
    }
}

/// Gives the value of a variable.
pub(super) type Lookup<'a> = dyn Fn(&str) -> Option<String> + 'a;

/// A text with its variables filled in.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Expanded {
    pub text: String,
    /// Variables that are not set and have no default: they were left empty.
    pub unset: BTreeSet<String>,
}

/// Why a text cannot be filled in.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Problem {
    /// The part of the text to point at.
    pub at: String,
    pub message: String,
    pub expected: String,
}

impl Problem {
    fn new(at: &str, message: impl Into<String>, expected: impl Into<String>) -> Self {
        let at = at.chars().take(40).take_while(|c| !matches!(c, '\n' | '\r')).collect();
        Self { at, message: message.into(), expected: expected.into() }
    }
}

/// Fills in the variables of a text.
pub(super) fn expand(text: &str, get: &Lookup<'_>) -> Result<Expanded, Problem> {
    let mut expanded = Expanded { text: String::new(), unset: BTreeSet::new() };
    expand_into(text, get, &mut expanded, 0)?;
    Ok(expanded)
}

fn expand_into(text: &str, get: &Lookup<'_>, out: &mut Expanded, depth: usize) -> Result<(), Problem> {
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        out.text.push_str(&rest[..at]);
        rest = &rest[at..];
        let after = &rest[1..];
        if let Some(escaped) = after.strip_prefix('$') {
            out.text.push('$');
            rest = escaped;
        } else if let Some(braced) = after.strip_prefix('{') {
            let end = closing_brace(braced).ok_or_else(|| {
                Problem::new(rest, "`${` is not closed", "write `${NAME}`, or `$$` for a dollar sign")
            })?;
            braced_into(&braced[..end], get, out, depth)?;
            rest = &braced[end + 1..];
        } else {
            let end = name_length(after);
            if end == 0 {
                return Err(Problem::new(
                    rest,
                    "`$` starts a variable, and no name follows",
                    "write `$$` for a dollar sign, `${NAME}` for a variable",
                ));
            }
            plain_into(&after[..end], get, out);
            rest = &after[end..];
        }
        if out.text.len() > MAX_LENGTH {
            return Err(Problem::new(text, "the value grows without end", "a value of at most 1 MiB"));
        }
    }
    out.text.push_str(rest);
    Ok(())
}

fn plain_into(name: &str, get: &Lookup<'_>, out: &mut Expanded) {
    match get(name) {
        Some(value) => out.text.push_str(&value),
        None => {
            out.unset.insert(name.to_string());
        }
    }
}

/// `NAME`, `NAME:-default` and so on, without the braces.
fn braced_into(inner: &str, get: &Lookup<'_>, out: &mut Expanded, depth: usize) -> Result<(), Problem> {
    let written = format!("${{{inner}}}");
    if depth >= MAX_DEPTH {
        return Err(Problem::new(&written, "defaults within defaults, too deep", "fewer of them"));
    }
    let (name, operator) = inner.split_at(name_length(inner));
    let (needs_text, operator) = match operator.strip_prefix(':') {
        Some(operator) => (true, operator),
        None => (false, operator),
    };
    let value = get(name).filter(|value| !(needs_text && value.is_empty()));
    let mut kind = operator.chars();
    match (name.is_empty(), kind.next()) {
        (false, None) if !needs_text => plain_into(name, get, out),
        (false, Some('-')) => match value {
            Some(value) => out.text.push_str(&value),
            None => expand_into(kind.as_str(), get, out, depth + 1)?,
        },
        (false, Some('+')) => {
            if value.is_some() {
                expand_into(kind.as_str(), get, out, depth + 1)?;
            }
        }
        (false, Some('?')) => match value {
            Some(value) => out.text.push_str(&value),
            None => {
                let mut told = Expanded { text: String::new(), unset: BTreeSet::new() };
                expand_into(kind.as_str(), get, &mut told, depth + 1)?;
                let told = if told.text.is_empty() { String::new() } else { format!(": {}", told.text) };
                let message = format!("the variable `{name}` is required and has no value{told}");
                return Err(Problem::new(&written, message, format!("`{name}=…` in `.env`, or in the shell")));
            }
        },
        _ => {
            return Err(Problem::new(
                &written,
                format!("`{written}` is not a variable"),
                "write `${NAME}`, `${NAME:-default}`, or `$$` for a dollar sign",
            ));
        }
    }
    Ok(())
}

/// Bytes of the name that a text starts with.
fn name_length(text: &str) -> usize {
    let starts = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    if starts { text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(text.len()) } else { 0 }
}

/// Where the brace ends that was opened before this text.
fn closing_brace(text: &str) -> Option<usize> {
    let mut open = 1usize;
    let bytes = text.as_bytes();
    for (at, byte) in bytes.iter().enumerate() {
        match byte {
            b'}' => open -= 1,
            b'{' if at > 0 && bytes[at - 1] == b'$' => open += 1,
            _ => {}
        }
        if open == 0 {
            return Some(at);
        }
    }
    None
}

/// Fills in the variables of every value below a node.
pub(super) fn expand_node(node: &mut Node, variables: &Variables, desk: &mut Desk) {
    match &mut node.value {
        Value::Null => {}
        Value::List(nodes) => nodes.iter_mut().for_each(|node| expand_node(node, variables, desk)),
        Value::Map(entries) => entries.iter_mut().for_each(|entry| expand_node(&mut entry.node, variables, desk)),
        Value::Text(text) if text.text.contains('$') => {
            match expand(&text.text, &|name| variables.get(name)) {
                Ok(expanded) => {
                    for name in &expanded.unset {
                        warn_unset(desk, node.spot, name);
                    }
                    desk.grown(node.spot, expanded.text.len());
                    text.text = if desk.outgrown() { String::new() } else { expanded.text };
                    text.plain = false;
                }
                Err(problem) => {
                    let spot = desk.spot_of(node.spot, &problem.at);
                    desk.error(spot, problem.message, problem.expected);
                }
            };
        }
        Value::Text(_) => {}
    }
}

/// Tells a variable that was left empty, at the word itself where it can be found.
pub(super) fn warn_unset(desk: &mut Desk, spot: Spot, name: &str) {
    if desk.warned_enough() {
        return;
    }
    let braced = desk.spot_of(spot, &format!("${{{name}"));
    let spot = if braced == spot { desk.spot_of(spot, &format!("${name}")) } else { braced };
    desk.warn(
        spot,
        format!("the variable `{name}` is not set: nothing is put in its place"),
        format!("`{name}=…` in `.env` or in the shell, or a default: `${{{name}:-…}}`"),
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(text: &str) -> Result<String, String> {
        let get = |name: &str| match name {
            "SET" => Some("value".to_string()),
            "EMPTY" => Some(String::new()),
            _ => None,
        };
        expand(text, &get).map(|expanded| expanded.text).map_err(|problem| problem.message)
    }

    #[test]
    fn all_forms_of_the_specification() {
        for (text, wanted) in [
            ("a $SET b", "a value b"),
            ("${SET}", "value"),
            ("${SET:-x}${EMPTY:-x}${NONE:-x}", "valuexx"),
            ("${SET-x}${EMPTY-x}${NONE-x}", "valuex"),
            ("${SET:+x}|${EMPTY:+x}|${NONE:+x}", "x||"),
            ("${SET+x}|${EMPTY+x}|${NONE+x}", "x|x|"),
            ("${SET:?needed}${SET?needed}", "valuevalue"),
            ("${EMPTY?needed}", ""),
            ("$$SET and $$$SET", "$SET and $value"),
            ("${NONE:-${EMPTY:-${SET}}}", "value"),
            ("${NONE:-a:b/c?d}", "a:b/c?d"),
            ("${NONE}|$NONE", "|"),
            ("no variable", "no variable"),
        ] {
            assert_eq!(filled(text), Ok(wanted.to_string()), "{text}");
        }
    }

    #[test]
    fn what_is_refused() {
        assert_eq!(filled("${NONE:?set me}").unwrap_err(), "the variable `NONE` is required and has no value: set me");
        assert_eq!(filled("${EMPTY:?}").unwrap_err(), "the variable `EMPTY` is required and has no value");
        for text in ["${", "${SET", "pa$5", "50$", "$-", "${}", "${1}", "${SET!x}", "${SET:}", "${A B}"] {
            assert!(filled(text).is_err(), "{text}");
        }
    }

    #[test]
    fn nesting_ends_somewhere() {
        let deep = format!("{}x{}", "${A:-".repeat(5_000), "}".repeat(5_000));
        assert!(filled(&deep).unwrap_err().contains("too deep"));
    }
}
