//! Values of a certain kind out of nodes; what is of another kind is told.

use std::{collections::BTreeMap, time::Duration};

use super::{
    cast::truth,
    diagnostics::{Diagnostics, named},
    merge::pairs_as_map,
    scalar::{Scalar, float_text},
    schema::{self, Treatment},
    shellwords,
    source_map::Spot,
    yaml::{Entry, Node, Text, Value},
};

impl Diagnostics {
    /// `name` holds something of the wrong kind.
    pub fn wrong_kind(&mut self, node: &Node, name: &str, wanted: &str, example: &str) {
        let message = format!("{} is {}, not {wanted}", named(name), node.kind());
        let expected = if example.is_empty() { format!("expected {wanted}") } else { format!("write {example}") };
        self.error(node.mark(), message, expected);
    }

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
            Value::Text(text) => {
                let value = truth(&text.text);
                if value.is_none() {
                    let message = format!("`{name}` is `{}`, not true or false", text.text);
                    self.error(node.spot, message, "write `true` or `false`");
                }
                value
            }
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
        if let Value::Text(text) = &node.value {
            match text.scalar() {
                Scalar::Integer(bytes) => return Some(bytes),
                // Compose takes no notice of a number with a point.
                Scalar::Float(_) => return None,
                _ => {}
            }
        }
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
                let expected = "the list form: [\"sh\", \"-c\", \"…\"]";
                match shellwords::split(&text) {
                    Some((words, left_out)) => {
                        if let Some(left_out) = left_out {
                            let message = format!("compose cuts `{name}` at `{left_out}`: no shell reads this line");
                            self.warn(self.files.spot_of(node.spot, left_out), message, expected);
                        }
                        Some(words)
                    }
                    None => {
                        let message = format!("a quote or a parenthesis in `{name}` is not closed");
                        self.error(node.spot, message, format!("another one where it ends, or {expected}"));
                        None
                    }
                }
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
                        let message = format!("`{}` is an odd name for `{name}`, and is taken as it stands", entry.key);
                        let expected =
                            if listed { "`- NAME=value`, without spaces around `=`" } else { "`NAME: value`" };
                        self.warn(entry.spot, message, expected);
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

    /// Options with their values as text.
    pub fn options(&mut self, node: &Node, name: &str) -> BTreeMap<String, String> {
        match &node.value {
            Value::Map(entries) => entries
                .iter()
                .map(|entry| (entry.key.clone(), self.scalar(&entry.node, &entry.key).unwrap_or_default()))
                .collect(),
            Value::Null => BTreeMap::new(),
            _ => {
                self.wrong_kind(node, name, "a map", "`name: value` lines, indented below it");
                BTreeMap::new()
            }
        }
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
            match schema::treatment(known, &entry.key) {
                Some(Treatment::Read) => read.push(entry),
                Some(Treatment::Guarded(why)) => {
                    if !is_nothing(&entry.node) {
                        self.refuse(entry.spot, format!("{} asks for `{}`", named(name), entry.key), why);
                    }
                    read.push(entry);
                }
                Some(Treatment::Quiet) => {}
                Some(Treatment::Told) if is_nothing(&entry.node) => {}
                Some(Treatment::Told) => {
                    let message = format!("`{}` of {name} is not looked at", entry.key);
                    self.warn(entry.spot, message, "it changes nothing that the stack does by itself");
                }
                Some(Treatment::PassedOver) if is_nothing(&entry.node) => {}
                Some(Treatment::PassedOver) => self.passed_over(entry, name),
                Some(Treatment::Refused(why)) if !is_nothing(&entry.node) => {
                    self.passed_over(entry, name);
                    self.refuse(entry.spot, format!("{} asks for `{}`", named(name), entry.key), why);
                }
                Some(Treatment::Refused(_)) => {}
                None if entry.key.starts_with("x-") || self.told_enough() => {}
                None => {
                    let message = format!("{} has no key `{}`", named(name), entry.key);
                    let expected = match schema::nearest(&entry.key, known.iter().map(|(key, _)| *key)) {
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

    /// A key that the stack is run without.
    pub fn passed_over(&mut self, entry: &Entry, name: &str) {
        let message = format!("`{}` of {name} is passed over", entry.key);
        self.pass_over(entry.spot, message, "Breakfix runs the stack without it");
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
        Scalar::Float(value) => float_text(value),
        Scalar::Date(text) => text,
        Scalar::Text => text.text.clone(),
    }
}

/// `1h2m3.5s`, as Go writes lengths of time. A year at most.
fn duration(text: &str) -> Option<Duration> {
    const YEAR: f64 = 365.0 * 86_400.0;
    // One below zero says as little as none.
    let (negative, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
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
    let seconds = if negative { 0.0 } else { seconds };
    (seconds <= YEAR).then(|| Duration::try_from_secs_f64(seconds).ok()).flatten()
}

/// `64m`, `1gb`, `1.5 GiB`, `1024`, as Docker's own library reads sizes.
fn bytes(text: &str) -> Option<i64> {
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    if !number.starts_with(|c: char| c.is_ascii_digit()) || !number.ends_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let unit = unit.strip_prefix(' ').unwrap_or(unit).to_lowercase();
    let unit = unit.strip_suffix('b').unwrap_or(&unit);
    let power = match unit.strip_suffix('i').unwrap_or(unit) {
        "" => 0,
        "k" => 1,
        "m" => 2,
        "g" => 3,
        "t" => 4,
        "p" => 5,
        _ => return None,
    };
    let total = number.parse::<f64>().ok()? * 1024_f64.powi(power);
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
        for text in ["", "10", "s", "1x", "5 s", "1s2", "9999999999999h", "1..2s"] {
            assert_eq!(duration(text), None, "{text}");
        }
    }

    #[test]
    fn sizes() {
        for (text, wanted) in [("64m", 64 << 20), ("1gb", 1 << 30), ("1024", 1024), ("1.5k", 1536), ("2 GiB", 2 << 30)]
        {
            assert_eq!(bytes(text), Some(wanted), "{text}");
        }
        for text in ["", "m", "-1", "1q", "1 k b", "1mm", ".5m", " 5m", "10bb"] {
            assert_eq!(bytes(text), None, "{text}");
        }
    }
}
