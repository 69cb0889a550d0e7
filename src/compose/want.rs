//! Values of a certain kind out of nodes; what is of another kind is told.

use std::{collections::BTreeMap, time::Duration};

use super::{
    desk::{Desk, Spot, named},
    keys::{self, Treatment},
    merge::pairs_as_map,
    yaml::{Entry, Node, Scalar, Text, Value},
};

impl Desk {
    /// A text that is one: `5` and `true` without quotes are none, as compose insists.
    pub fn string(&mut self, node: &Node, name: &str) -> Option<String> {
        match &node.value {
            Value::Text(text) if text.scalar() == Scalar::Text => Some(text.text.clone()),
            Value::Text(text) => {
                let quoted = format!("\"{}\"", text.text);
                self.wrong_kind(node, name, "text", &format!("`{quoted}`, in quotes"));
                None
            }
            Value::Null => None,
            _ => {
                self.wrong_kind(node, name, "text", "");
                None
            }
        }
    }

    /// A text, or a number or a truth value as the text that compose makes of it.
    pub fn scalar(&mut self, node: &Node, name: &str) -> Option<String> {
        match &node.value {
            Value::Text(text) => Some(scalar_text(text)),
            Value::Null => None,
            _ => {
                self.wrong_kind(node, name, "text or a number", "");
                None
            }
        }
    }

    /// True or false.
    pub fn boolean(&mut self, node: &Node, name: &str) -> Option<bool> {
        match &node.value {
            Value::Text(text) => match text.text.to_lowercase().as_str() {
                "true" | "yes" | "on" | "y" | "1" => Some(true),
                "false" | "no" | "off" | "n" | "0" => Some(false),
                other => {
                    self.error(
                        node.spot,
                        format!("`{name}` is `{other}`, not true or false"),
                        "write `true` or `false`",
                    );
                    None
                }
            },
            Value::Null => None,
            _ => {
                self.wrong_kind(node, name, "true or false", "");
                None
            }
        }
    }

    /// A whole number within bounds.
    pub fn integer(&mut self, node: &Node, name: &str, least: i64, most: i64) -> Option<i64> {
        let Value::Text(text) = &node.value else {
            if node.value != Value::Null {
                self.wrong_kind(node, name, "a number", "");
            }
            return None;
        };
        let value = match text.scalar() {
            Scalar::Integer(value) => Some(value),
            _ => text.text.trim().parse().ok(),
        };
        match value {
            Some(value) if (least..=most).contains(&value) => Some(value),
            Some(value) => {
                let expected = format!("a number from {least} to {most}");
                self.error(node.spot, format!("`{name}` is {value}, out of range"), expected);
                None
            }
            None => {
                self.error(node.spot, format!("`{name}` is `{}`, not a whole number", text.text), "expected a number");
                None
            }
        }
    }

    /// A length of time: `10s`, `1m30s`, `1.5h`.
    pub fn duration(&mut self, node: &Node, name: &str) -> Option<Duration> {
        if let Value::Text(text) = &node.value
            && matches!(text.scalar(), Scalar::Integer(1..) | Scalar::Float(_))
        {
            let expected = format!("write `{}s` for seconds", text.text);
            self.error(node.spot, format!("`{name}` is `{}`, without a unit", text.text), expected);
            return None;
        }
        let text = self.string(node, name)?;
        let parsed = duration(&text);
        if parsed.is_none() {
            self.error(
                node.spot,
                format!("`{name}` is `{text}`, not a length of time"),
                "write `10s`, `1m30s`, `500ms`",
            );
        }
        parsed
    }

    /// A number of bytes: `64m`, `1g`, `1024`.
    pub fn bytes(&mut self, node: &Node, name: &str) -> Option<i64> {
        let text = self.scalar(node, name)?;
        let parsed = bytes(&text);
        if parsed.is_none() {
            self.error(
                node.spot,
                format!("`{name}` is `{text}`, not a size"),
                "write `64m`, `1g`, or a number of bytes",
            );
        }
        parsed
    }

    /// The entries of a list; `example` shows what one looks like.
    pub fn list<'n>(&mut self, node: &'n Node, name: &str, example: &str) -> &'n [Node] {
        match &node.value {
            Value::List(nodes) => nodes,
            Value::Null => &[],
            Value::Text(Text { text, plain: true }) if text.len() > 1 && text.starts_with('-') => {
                let first = text.split(" -").next().unwrap_or(text);
                self.error(node.spot, "no space follows the dash", format!("write `- {}`", &first[1..]));
                &[]
            }
            _ => {
                self.wrong_kind(node, name, "a list", example);
                &[]
            }
        }
    }

    /// A list of texts.
    pub fn strings(&mut self, node: &Node, name: &str, example: &str) -> Vec<String> {
        self.list(node, name, example).iter().filter_map(|item| self.item(item, name)).collect()
    }

    fn item(&mut self, node: &Node, name: &str) -> Option<String> {
        if node.value == Value::Null {
            self.error(node.spot, format!("an entry of `{name}` is empty"), "something after the `-`, or no `-`");
        }
        self.string(node, &format!("an entry of {name}"))
    }

    /// A text, or a list of them.
    pub fn string_or_list(&mut self, node: &Node, name: &str) -> Vec<String> {
        match &node.value {
            Value::Text(_) => self.string(node, name).into_iter().collect(),
            _ => self.strings(node, name, ""),
        }
    }

    /// A command: a list, or a text that is split as a shell would.
    pub fn command(&mut self, node: &Node, name: &str) -> Option<Vec<String>> {
        match &node.value {
            Value::Null => None,
            Value::Text(_) => {
                let text = self.string(node, name)?;
                let words = shell_words::split(&text).ok();
                if words.is_none() {
                    let expected = "a quote at the end of what it opens, or the list form: [\"sh\", \"-c\", \"…\"]";
                    self.error(node.spot, format!("a quote in `{name}` is not closed"), expected);
                }
                words
            }
            _ => Some(self.strings(node, name, "`[\"python\", \"app.py\"]`")),
        }
    }

    /// `A: b` or `- A=b`, with places. A name without a value has none.
    pub fn pairs(&mut self, node: &Node, name: &str) -> Vec<(String, Option<String>, Spot)> {
        let listed = matches!(node.value, Value::List(_));
        let mut pairs = vec![];
        let map = pairs_as_map(node.clone());
        match &map.value {
            Value::Map(entries) => {
                for entry in entries {
                    let inner = format!("{name}.{}", entry.key);
                    let value = self.scalar(&entry.node, &inner);
                    if entry.key.trim() != entry.key || entry.key.is_empty() {
                        let message = format!("`{}` is not a name for `{name}`", entry.key);
                        let expected =
                            if listed { "`- NAME=value`, without spaces around `=`" } else { "`NAME: value`" };
                        self.error(entry.spot, message, expected);
                    }
                    pairs.push((entry.key.clone(), value, entry.spot));
                }
            }
            Value::Null => {}
            Value::List(nodes) => {
                for node in nodes {
                    if let Value::Map(entries) = &node.value
                        && let [entry] = entries.as_slice()
                        && let Value::Text(text) = &entry.node.value
                    {
                        let expected = format!("`- {}={}`, or leave out the dashes", entry.key, text.text);
                        self.error(
                            node.spot,
                            format!("an entry of `{name}` mixes the list with the map form"),
                            expected,
                        );
                    } else {
                        self.string(node, &format!("an entry of {name}"));
                    }
                }
            }
            Value::Text(_) => self.wrong_kind(node, name, "a map or a list", "`NAME: value` lines, indented below it"),
        }
        pairs
    }

    /// The pairs of `labels:`, `args:` and the like, values that are missing as empty text.
    pub fn labels(&mut self, node: &Node, name: &str) -> BTreeMap<String, String> {
        self.pairs(node, name).into_iter().map(|(key, value, _)| (key, value.unwrap_or_default())).collect()
    }

    /// The lines of a map that are to be read. What compose does not know is an error, the rest is told if need be.
    pub fn entries<'n>(
        &mut self,
        node: &'n Node,
        name: &str,
        known: &'static [(&'static str, Treatment)],
    ) -> Vec<&'n Entry> {
        let Value::Map(entries) = &node.value else {
            if node.value != Value::Null {
                self.wrong_kind(node, name, "a map", "");
            }
            return vec![];
        };
        let mut read = vec![];
        for entry in entries {
            match keys::treatment(known, &entry.key) {
                Some(Treatment::Read) => read.push(entry),
                Some(Treatment::Quiet) => {}
                Some(Treatment::PassedOver) => self.passed_over(entry, name),
                Some(Treatment::Refused(why)) if !is_nothing(&entry.node) => {
                    self.passed_over(entry, name);
                    self.refuse(entry.spot, format!("{} asks for `{}`", named(name), entry.key), why);
                }
                Some(Treatment::Refused(_)) => {}
                None if entry.key.starts_with("x-") || self.told_enough() => {}
                None => {
                    let message = format!("{} has no key `{}`", named(name), entry.key);
                    let expected = match keys::nearest(&entry.key, known.iter().map(|(key, _)| *key)) {
                        Some(key) => format!("did you mean `{key}`?"),
                        None if known.len() > 12 => {
                            format!("a key that compose knows; `x-{}` for a note of yours", entry.key)
                        }
                        None => {
                            let known: Vec<_> = known.iter().map(|(key, _)| format!("`{key}`")).collect();
                            format!("expected one of {}", known.join(", "))
                        }
                    };
                    self.error(entry.spot, message, expected);
                }
            }
        }
        read
    }

    fn passed_over(&mut self, entry: &Entry, name: &str) {
        self.warn(
            entry.spot,
            format!("`{}` of {name} is passed over", entry.key),
            "Breakfix runs the stack without it",
        );
    }
}

/// True for a key that asks for nothing: empty, `false`, an empty list.
pub(super) fn is_nothing(node: &Node) -> bool {
    match &node.value {
        Value::Null => true,
        Value::Text(text) => matches!(text.text.as_str(), "" | "false"),
        Value::List(nodes) => nodes.is_empty(),
        Value::Map(entries) => entries.is_empty(),
    }
}

fn scalar_text(text: &Text) -> String {
    match text.scalar() {
        Scalar::Bool(value) => value.to_string(),
        Scalar::Integer(value) => value.to_string(),
        Scalar::Float(value) => value.to_string(),
        Scalar::Text => text.text.clone(),
    }
}

/// `1h2m3.5s`, as Go writes lengths of time. A year at most.
fn duration(text: &str) -> Option<Duration> {
    const YEAR: f64 = 365.0 * 86_400.0;
    let mut rest = text.trim();
    if rest == "0" {
        return Some(Duration::ZERO);
    }
    let mut seconds = 0.0;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let number: f64 = rest[..end].parse().ok()?;
        rest = &rest[end..];
        let end = rest.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(rest.len());
        let unit = match &rest[..end] {
            "ns" => 1e-9,
            "us" | "µs" | "μs" => 1e-6,
            "ms" => 1e-3,
            "s" => 1.0,
            "m" => 60.0,
            "h" => 3_600.0,
            _ => return None,
        };
        rest = &rest[end..];
        seconds += number * unit;
    }
    (seconds <= YEAR).then(|| Duration::try_from_secs_f64(seconds).ok()).flatten()
}

/// `64m`, `1gb`, `1.5 GiB`, `1024`.
fn bytes(text: &str) -> Option<i64> {
    let lower = text.trim().to_lowercase();
    let end = lower.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(lower.len());
    let number: f64 = lower[..end].parse().ok()?;
    let unit = match lower[end..].trim() {
        "" | "b" => 1.0,
        "k" | "kb" | "kib" => 1024.0,
        "m" | "mb" | "mib" => 1024.0 * 1024.0,
        "g" | "gb" | "gib" => 1024.0 * 1024.0 * 1024.0,
        "t" | "tb" | "tib" => 1024.0 * 1024.0 * 1024.0 * 1024.0,
        _ => return None,
    };
    let total = number * unit;
    (total < 9e18).then_some(total as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_of_time() {
        for (text, wanted) in [("1m30s", 90_000), ("500ms", 500), ("1.5h", 5_400_000), ("0", 0), ("10s", 10_000)] {
            assert_eq!(duration(text), Some(Duration::from_millis(wanted)), "{text}");
        }
        for text in ["", "10", "s", "1x", "-1s", "1s2", "9999999999999h", "1..2s"] {
            assert_eq!(duration(text), None, "{text}");
        }
    }

    #[test]
    fn sizes() {
        for (text, wanted) in [("64m", 64 << 20), ("1gb", 1 << 30), ("1024", 1024), ("1.5k", 1536), ("2 GiB", 2 << 30)]
        {
            assert_eq!(bytes(text), Some(wanted), "{text}");
        }
        for text in ["", "m", "-1", "1q", "1e30g"] {
            assert_eq!(bytes(text), None, "{text}");
        }
    }
}
