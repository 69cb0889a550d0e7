//! The schema that compose holds a file against: which keys there are, and what kind of thing each of them holds.
//!
//! The readers of single keys know more, and have closer words for what people get wrong; what is found here is told
//! where they find nothing.

use std::sync::LazyLock;

use serde_json::{Map, Value as Json};

use super::{
    cast::truth,
    diagnostics::{Diagnostics, named},
    scalar::Scalar,
    schema::nearest,
    source_map::Spot,
    yaml::{Entry, Node, Value},
};

static SCHEMA: LazyLock<Json> =
    LazyLock::new(|| serde_json::from_str(include_str!("compose-spec.json")).unwrap_or_default());

/// Holds the files, as far as they are laid over each other, against the schema.
pub(super) fn conform(tree: &Node, desk: &mut Diagnostics) {
    let mut found = vec![];
    check(tree, tree.spot, "the file", &SCHEMA, &mut found);
    for Deviation { spot, message, expected } in found {
        desk.general_error(spot, message, expected);
    }
}

/// The keys that the schema knows at a path; `*` stands for a name that people choose.
#[cfg(test)]
pub(super) fn keys_at(path: &[&str]) -> Vec<String> {
    let mut at = vec![&*SCHEMA];
    for part in path {
        at = at.into_iter().flat_map(alternatives).filter_map(|schema| below(schema, part)).collect();
    }
    let maps = at.into_iter().flat_map(alternatives).filter_map(|schema| schema.get("properties")?.as_object());
    maps.flat_map(|map| map.keys().cloned()).collect()
}

#[cfg(test)]
fn below<'s>(schema: &'s Json, part: &str) -> Option<&'s Json> {
    match part {
        "*" => {
            schema.get("patternProperties")?.as_object()?.iter().find(|(pattern, _)| *pattern != "^x-").map(|(_, s)| s)
        }
        "[]" => schema.get("items"),
        key => schema.get("properties")?.get(key),
    }
}

#[cfg(test)]
fn alternatives(schema: &'static Json) -> Vec<&'static Json> {
    let schema = referred(schema);
    match schema.get("oneOf").and_then(Json::as_array) {
        Some(list) => list.iter().flat_map(alternatives).collect(),
        None => vec![schema],
    }
}

struct Deviation {
    spot: Spot,
    message: String,
    expected: String,
}

/// A schema, or the one that it refers to.
fn referred(schema: &'static Json) -> &'static Json {
    let name = schema.get("$ref").and_then(Json::as_str).and_then(|path| path.rsplit('/').next());
    name.and_then(|name| SCHEMA.get("definitions")?.get(name)).map_or(schema, referred)
}

/// Holds a node against a schema. `spot` is where to point at when nothing stands there.
fn check(node: &Node, spot: Spot, name: &str, schema: &'static Json, found: &mut Vec<Deviation>) {
    let schema = referred(schema);
    if let Some(list) = schema.get("oneOf").and_then(Json::as_array) {
        return one_of(node, spot, name, list, found);
    }
    let kinds = kinds(schema);
    if !kinds.is_empty() && !kinds.iter().any(|kind| is_kind(node, kind)) {
        found.push(wrong_kind(node, spot, name, &kinds));
        return;
    }
    // Where text is taken as well, it has to be a word for true or false.
    if kinds == ["boolean", "string"]
        && let Value::Text(text) = &node.value
        && text.scalar() == Scalar::Text
        && truth(&text.text).is_none()
    {
        found.push(wrong_kind(node, spot, name, &["boolean"]));
        return;
    }
    match &node.value {
        Value::Map(entries) => map(node, entries, name, schema, found),
        Value::List(nodes) => list(nodes, name, schema, found),
        Value::Text(text) => {
            if let Scalar::Float(value) = text.scalar()
                && !value.is_finite()
            {
                let message = format!("{} is `{}`, not a number that compose reads", named(name), text.text);
                found.push(Deviation { spot: node.spot, message, expected: "a number, or quotes".into() });
            }
            words(node, &text.text, name, schema, found);
        }
        Value::Null => {}
    }
}

/// Values that only some words or numbers can be.
fn words(node: &Node, text: &str, name: &str, schema: &Json, found: &mut Vec<Deviation>) {
    let mut wrong = |expected: String| {
        let message = format!("{} is `{text}`", named(name));
        found.push(Deviation { spot: node.spot, message, expected });
    };
    if let Some(words) = schema.get("enum").and_then(Json::as_array)
        && !words.iter().any(|word| word == text)
    {
        let words: Vec<String> = words.iter().filter_map(Json::as_str).map(|word| format!("`{word}`")).collect();
        wrong(format!("one of {}", words.join(", ")));
    }
    if let Some(pattern) = schema.get("pattern").and_then(Json::as_str)
        && regex::Regex::new(pattern).is_ok_and(|pattern| !pattern.is_match(text))
    {
        wrong(format!("one of {}", pattern.replace('|', ", ")));
    }
    let bound = |key| schema.get(key).and_then(Json::as_f64);
    if let (Some(least), Ok(value)) = (bound("minimum"), text.parse::<f64>())
        && (value < least || bound("maximum").is_some_and(|most| value > most))
    {
        let most = bound("maximum").map(|most| format!(" to {most}")).unwrap_or_default();
        wrong(format!("a number from {least}{most}"));
    }
}

fn one_of(node: &Node, spot: Spot, name: &str, list: &'static [Json], found: &mut Vec<Deviation>) {
    let mut best: Option<Vec<Deviation>> = None;
    for schema in list {
        let mut here = vec![];
        check(node, spot, name, schema, &mut here);
        if here.is_empty() {
            return;
        }
        let fits = kinds(referred(schema)).iter().any(|kind| is_kind(node, kind));
        if fits && best.is_none() {
            best = Some(here);
        }
    }
    match best {
        Some(best) => found.extend(best),
        None => {
            let kinds: Vec<&str> = list.iter().flat_map(|schema| alternatives_of(schema)).collect();
            found.push(wrong_kind(node, spot, name, &kinds));
        }
    }
}

fn alternatives_of(schema: &'static Json) -> Vec<&'static str> {
    let schema = referred(schema);
    match schema.get("oneOf").and_then(Json::as_array) {
        Some(list) => list.iter().flat_map(alternatives_of).collect(),
        None => kinds(schema),
    }
}

fn kinds(schema: &'static Json) -> Vec<&'static str> {
    match schema.get("type") {
        Some(Json::String(kind)) => vec![kind],
        Some(Json::Array(kinds)) => kinds.iter().filter_map(Json::as_str).collect(),
        _ => vec![],
    }
}

fn is_kind(node: &Node, kind: &str) -> bool {
    let is = node.type_name();
    is == kind || kind == "number" && is == "integer"
}

fn wrong_kind(node: &Node, spot: Spot, name: &str, kinds: &[&str]) -> Deviation {
    let mut words: Vec<&str> = vec![];
    for kind in kinds {
        let word = match *kind {
            "object" => "a map",
            "array" => "a list",
            "string" => "text",
            "number" | "integer" => "a number",
            "boolean" => "true or false",
            _ => continue,
        };
        if !words.contains(&word) {
            words.push(word);
        }
    }
    let wanted = match words.split_last() {
        Some((last, [])) => (*last).to_string(),
        Some((last, others)) => format!("{} or {last}", others.join(", ")),
        None => "nothing".to_string(),
    };
    let message = format!("{} is {}, not {wanted}", named(name), node.kind());
    match node.value {
        Value::Null => Deviation { spot, message, expected: format!("{wanted} behind it, or no {}", named(name)) },
        _ => Deviation { spot: node.mark(), message, expected: format!("expected {wanted}") },
    }
}

fn map(node: &Node, entries: &[Entry], name: &str, schema: &'static Json, found: &mut Vec<Deviation>) {
    let object = |key| schema.get(key).and_then(Json::as_object);
    let properties = object("properties");
    let patterns = object("patternProperties");
    let closed = schema.get("additionalProperties") == Some(&Json::Bool(false));
    for entry in entries {
        let known = properties.and_then(|properties| properties.get(&entry.key));
        let known = known.or_else(|| by_pattern(patterns, &entry.key));
        match known {
            Some(schema) => check(&entry.node, entry.spot, &entry.key, schema, found),
            None if closed => found.push(unknown(entry, name, properties)),
            None => {}
        }
    }
    for key in schema.get("required").and_then(Json::as_array).into_iter().flatten().filter_map(Json::as_str) {
        if entries.iter().all(|entry| entry.key != key) {
            let message = format!("{} has no `{key}`", named(name));
            found.push(Deviation { spot: node.mark(), message, expected: format!("`{key}:` and its value") });
        }
    }
}

/// The schema of a key that people choose.
fn by_pattern(patterns: Option<&'static Map<String, Json>>, key: &str) -> Option<&'static Json> {
    let fits = |pattern: &str| match pattern {
        "^x-" => key.starts_with("x-"),
        "^[a-z]+$" => !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_lowercase()),
        "^[a-zA-Z0-9._-]+$" => {
            !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
        }
        _ => !key.is_empty(),
    };
    patterns?.iter().find(|(pattern, _)| fits(pattern)).map(|(_, schema)| schema)
}

fn unknown(entry: &Entry, name: &str, properties: Option<&'static Map<String, Json>>) -> Deviation {
    let known = properties.into_iter().flat_map(|properties| properties.keys().map(String::as_str));
    let expected = match nearest(&entry.key, known.clone()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => match known.take(12).map(|key| format!("`{key}`")).collect::<Vec<_>>().as_slice() {
            [] => "a name of letters, digits, `.`, `-` and `_`".to_string(),
            keys => format!("a key that compose knows: {} …", keys.join(", ")),
        },
    };
    Deviation { spot: entry.spot, message: format!("{} has no key `{}`", named(name), entry.key), expected }
}

fn list(nodes: &[Node], name: &str, schema: &'static Json, found: &mut Vec<Deviation>) {
    let entry = format!("an entry of `{name}`");
    if let Some(items) = schema.get("items") {
        for node in nodes {
            check(node, node.spot, &entry, items, found);
        }
    }
    if schema.get("uniqueItems") == Some(&Json::Bool(true)) {
        for (at, node) in nodes.iter().enumerate() {
            if nodes[..at].iter().any(|other| other.says_the_same(node)) {
                let message = format!("{entry} is there twice");
                found.push(Deviation { spot: node.mark(), message, expected: "each of them once".into() });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schema_is_there() {
        assert!(SCHEMA.get("definitions").is_some());
        assert!(keys_at(&["services", "*"]).contains(&"image".to_string()));
        assert!(keys_at(&["services", "*", "build"]).contains(&"context".to_string()));
        assert!(keys_at(&["services", "*", "ports", "[]"]).contains(&"target".to_string()));
    }
}
