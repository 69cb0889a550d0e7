//! Variables in values: `$X`, `${X}`, `${X:-default}`, `${X?message}`, `${X:+instead}`, `$$`, one within another. A `$`
//! that none of these follows stands for itself.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    cast::cast,
    diagnostics::Diagnostics,
    source_map::Spot,
    yaml::{Node, Text, Value},
};

/// Defaults within defaults.
const MAX_DEPTH: usize = 16;
/// Characters that one value may grow to.
const MAX_LENGTH: usize = 1 << 20;

/// The variables that a file sees: the shell's win over those of `.env`.
#[derive(Debug, Clone, Default)]
pub(super) struct Variables {
    pub values: BTreeMap<String, String>,
}

impl Variables {
    pub fn get(&self, name: &str) -> Option<String> {
        self.values.get(name).cloned()
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
    if depth > MAX_DEPTH {
        return Err(Problem::new(text, "the defaults are nested too deep", "fewer defaults within defaults"));
    }
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        out.text.push_str(&rest[..at]);
        rest = &rest[at..];
        let after = &rest[1..];
        if let Some(escaped) = after.strip_prefix('$') {
            out.text.push('$');
            rest = escaped;
        } else if let Some(braced) = after.strip_prefix('{') {
            let end = braced_end(braced).ok_or_else(|| no_variable(rest))?;
            braced_into(&braced[..end], get, out, depth)?;
            rest = &braced[end + 1..];
        } else {
            match name_length(after) {
                0 => out.text.push('$'),
                end => plain_into(&after[..end], get, out),
            }
            rest = &after[name_length(after)..];
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

/// What stands between `${` and its `}`: a name, and perhaps what is to stand in its place.
fn braced_into(inner: &str, get: &Lookup<'_>, out: &mut Expanded, depth: usize) -> Result<(), Problem> {
    let (name, rest) = inner.split_at(name_length(inner));
    if rest.is_empty() {
        plain_into(name, get, out);
        return Ok(());
    }
    let (filled, rest) = match rest.strip_prefix(':') {
        Some(rest) => (true, rest),
        None => (false, rest),
    };
    let value = get(name).filter(|value| !filled || !value.is_empty());
    let (kind, rest) = rest.split_at(1);
    // Compose looks at it even where it is not needed.
    let mut other = Expanded { text: String::new(), unset: BTreeSet::new() };
    expand_into(rest, get, &mut other, depth + 1)?;
    match (kind, value) {
        ("-", Some(value)) | ("?", Some(value)) => out.text.push_str(&value),
        ("-", None) | ("+", Some(_)) => {
            out.text.push_str(&other.text);
            out.unset.append(&mut other.unset);
        }
        ("?", None) => {
            let told = if other.text.is_empty() { String::new() } else { format!(": {}", other.text) };
            let message = format!("the variable `{name}` is required and has no value{told}");
            let written = format!("${{{inner}}}");
            return Err(Problem::new(&written, message, format!("`{name}=…` in `.env`, or in the shell")));
        }
        _ => out.text.push_str(&get(name).unwrap_or_default()),
    }
    Ok(())
}

/// Bytes of the name that a text starts with.
fn name_length(text: &str) -> usize {
    let starts = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    if starts { text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(text.len()) } else { 0 }
}

/// Where the brace ends that was opened before this text; nothing where no variable stands in it. As compose finds it:
/// a default ends at the brace that closes the outermost one, or else at the last brace of the line.
fn braced_end(text: &str) -> Option<usize> {
    let name = name_length(text);
    if name == 0 {
        return None;
    }
    let rest = &text[name..];
    if rest.starts_with('}') {
        return Some(name);
    }
    if !rest.strip_prefix(':').unwrap_or(rest).starts_with(['-', '+', '?']) {
        return None;
    }
    let line = &text[..text.find('\n').unwrap_or(text.len())];
    let last = line.rfind('}')?;
    let mut open = 1usize;
    // The character behind a brace is no brace to it.
    let mut skip = true;
    for (at, byte) in line.bytes().enumerate() {
        match byte {
            _ if skip => skip = false,
            b'}' => open -= 1,
            b'{' => (open, skip) = (open + 1, true),
            _ => {}
        }
        if open == 0 {
            return Some(at);
        }
    }
    Some(last)
}

fn no_variable(rest: &str) -> Problem {
    match rest.find(['}', '\n']) {
        Some(end) if rest[end..].starts_with('}') => {
            let written = &rest[..=end];
            let expected = "write `${NAME}`, `${NAME:-default}`, or `$$` for a dollar sign";
            Problem::new(written, format!("`{written}` is not a variable"), expected)
        }
        _ => Problem::new(rest, "`${` is not closed", "write `${NAME}`, or `$$` for a dollar sign"),
    }
}

/// Fills in the variables of every value below a node; `path` says where it stands.
pub(super) fn expand_node(node: &mut Node, path: &mut Vec<String>, variables: &Variables, desk: &mut Diagnostics) {
    let Node { spot, value, .. } = node;
    match value {
        Value::Null => {}
        Value::List(nodes) => {
            path.push("[]".into());
            nodes.iter_mut().for_each(|node| expand_node(node, path, variables, desk));
            path.pop();
        }
        Value::Map(entries) => {
            for entry in entries {
                path.push(entry.key.clone());
                expand_node(&mut entry.node, path, variables, desk);
                path.pop();
            }
        }
        Value::Text(text) => expand_text(text, *spot, variables, desk),
    }
    let path: Vec<&str> = path.iter().map(String::as_str).collect();
    if let Value::Text(text) = value
        && let Some((message, expected)) = cast(&path, text)
    {
        desk.error(*spot, message, expected);
    }
}

fn expand_text(text: &mut Text, spot: Spot, variables: &Variables, desk: &mut Diagnostics) {
    if !text.text.contains('$') {
        return;
    }
    match expand(&text.text, &|name| variables.get(name)) {
        Ok(expanded) => {
            for name in &expanded.unset {
                warn_unset(desk, spot, name);
            }
            desk.grown(spot, expanded.text.len());
            text.text = if desk.outgrown() { String::new() } else { expanded.text };
            text.plain = false;
        }
        Err(problem) => {
            let spot = desk.files.spot_of(spot, &problem.at);
            desk.error(spot, problem.message, problem.expected);
        }
    }
}

/// Tells a variable that was left empty, at the word itself where it can be found.
pub(super) fn warn_unset(desk: &mut Diagnostics, spot: Spot, name: &str) {
    if desk.warned_enough() {
        return;
    }
    let braced = desk.files.spot_of(spot, &format!("${{{name}"));
    let spot = if braced == spot { desk.files.spot_of(spot, &format!("${name}")) } else { braced };
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
            ("pa$5 50$ $- $(date) a$", "pa$5 50$ $- $(date) a$"),
            ("$2b$12$abc", "$2b$12"),
            ("${SET}}", "value}"),
            ("{${SET}}", "{value}"),
            ("${NONE:-x} ${SET:-y} $SET", "x value value"),
        ] {
            assert_eq!(filled(text), Ok(wanted.to_string()), "{text}");
        }
    }

    #[test]
    fn what_is_refused() {
        assert_eq!(filled("${NONE:?set me}").unwrap_err(), "the variable `NONE` is required and has no value: set me");
        assert_eq!(filled("${EMPTY:?}").unwrap_err(), "the variable `EMPTY` is required and has no value");
        for text in [
            "${",
            "${SET",
            "${}",
            "${1}",
            "${SET!x}",
            "${SET:}",
            "${A B}",
            "${SET:-${",
            "${SET:-\n}",
            "${NONE:-{}} ${SET}",
        ] {
            assert!(filled(text).is_err(), "{text}");
        }
    }

    #[test]
    fn nesting_ends_somewhere() {
        let deep = format!("{}x{}", "${A:-".repeat(5_000), "}".repeat(5_000));
        assert!(filled(&deep).unwrap_err().contains("too deep"));
    }
}
