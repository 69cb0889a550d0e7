//! A YAML file as a tree of nodes that know where they stand. The only module that knows the YAML crate.

use std::collections::HashMap;

use granit_parser::{Event, Parser, ScalarStyle, Span, Tag};

use super::{
    desk::{Desk, Spot},
    yaml_error::explain,
};

/// Nodes that one file may hold, those that aliases repeat included: a bomb ends here.
const MAX_NODES: usize = 50_000;
/// Characters that one file may hold, those that aliases repeat included.
const MAX_CHARS: usize = 8 << 20;
/// Entries of one list or map.
const MAX_ENTRIES: usize = 5_000;
/// Collections within collections.
const MAX_DEPTH: usize = 64;

/// A value with its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Node {
    pub spot: Spot,
    pub value: Value,
    pub merge: Merge,
}

/// What a compose tag says about merging with an earlier file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Merge {
    #[default]
    Usual,
    /// `!reset`: as if the key had never been there.
    Reset,
    /// `!override`: in place of what was there.
    Override,
}

/// What a node holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Value {
    Null,
    Text(Text),
    List(Vec<Node>),
    Map(Vec<Entry>),
}

/// A scalar.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Text {
    pub text: String,
    /// Not quoted, and no variable stood in it: `80` is then a number, `true` is no text.
    pub plain: bool,
}

/// One line of a map.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    pub key: String,
    pub spot: Spot,
    pub node: Node,
}

/// What an unquoted scalar is taken for, as the YAML library of compose does.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Scalar {
    Bool(bool),
    Integer(i64),
    Float(f64),
    Text,
}

impl Text {
    /// What this scalar is taken for.
    pub fn scalar(&self) -> Scalar {
        if !self.plain {
            return Scalar::Text;
        }
        match self.text.as_str() {
            "true" | "True" | "TRUE" => Scalar::Bool(true),
            "false" | "False" | "FALSE" => Scalar::Bool(false),
            text => number(text),
        }
    }
}

fn number(text: &str) -> Scalar {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    if !digits.starts_with(|c: char| c.is_ascii_digit() || c == '.') {
        return Scalar::Text;
    }
    let plain = digits.replace('_', "");
    let radix = match plain.get(..2) {
        Some("0x") => i64::from_str_radix(&plain[2..], 16),
        Some("0o") => i64::from_str_radix(&plain[2..], 8),
        Some("0b") => i64::from_str_radix(&plain[2..], 2),
        _ if plain.len() > 1 && plain.starts_with('0') => i64::from_str_radix(&plain, 8),
        _ => plain.parse(),
    };
    if let Ok(value) = radix {
        return Scalar::Integer(sign * value);
    }
    match plain.parse::<f64>() {
        Ok(value) if plain.contains(|c: char| c.is_ascii_digit()) => Scalar::Float(f64::from(sign as i8) * value),
        _ => Scalar::Text,
    }
}

impl Node {
    /// A text node at a place, as if it had been written in quotes.
    pub fn text(spot: Spot, text: impl Into<String>) -> Self {
        Self { spot, value: Value::Text(Text { text: text.into(), plain: false }), merge: Merge::Usual }
    }

    /// A node at a place.
    pub fn new(spot: Spot, value: Value) -> Self {
        Self { spot, value, merge: Merge::Usual }
    }

    /// What it is, in words: `a list`, `the number 80`.
    pub fn kind(&self) -> String {
        match &self.value {
            Value::Null => "empty".into(),
            Value::List(_) => "a list".into(),
            Value::Map(_) => "a map".into(),
            Value::Text(text) => match text.scalar() {
                Scalar::Bool(_) => format!("the truth value `{}`", text.text),
                Scalar::Integer(_) | Scalar::Float(_) => format!("the number `{}`", text.text),
                Scalar::Text => "text".into(),
            },
        }
    }

    /// The node at a key, when this is a map.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.entry(key).map(|entry| &entry.node)
    }

    /// The line at a key, when this is a map.
    pub fn entry(&self, key: &str) -> Option<&Entry> {
        match &self.value {
            Value::Map(entries) => entries.iter().find(|entry| entry.key == key),
            _ => None,
        }
    }

    fn weight(&self) -> (usize, usize) {
        match &self.value {
            Value::Null => (1, 0),
            Value::Text(text) => (1, text.text.len()),
            Value::List(nodes) => sum(nodes.iter().map(Node::weight)),
            Value::Map(entries) => sum(entries.iter().map(|entry| {
                let (nodes, chars) = entry.node.weight();
                (nodes, chars + entry.key.len())
            })),
        }
    }
}

fn sum(weights: impl Iterator<Item = (usize, usize)>) -> (usize, usize) {
    weights.fold((1, 0), |(nodes, chars), (n, c)| (nodes + n, chars + c))
}

/// A collection that is not closed yet.
enum Open {
    List { spot: Spot, anchor: usize, merge: Merge, nodes: Vec<Node> },
    Map { spot: Spot, anchor: usize, merge: Merge, entries: Vec<Entry>, key: Option<(String, Spot)> },
}

struct Tree<'desk> {
    desk: &'desk mut Desk,
    file: u32,
    open: Vec<Open>,
    anchors: HashMap<usize, Node>,
    documents: Vec<Node>,
    nodes: usize,
    chars: usize,
}

/// Reads the documents of a file that the desk knows. `None` after an error, which the desk then holds.
pub(super) fn parse(text: &str, whole: Spot, desk: &mut Desk) -> Option<Vec<Node>> {
    let options = granit_parser::options! {
        flow_nesting_limit: MAX_DEPTH,
        block_nesting_limit: MAX_DEPTH,
        emit_comments: false,
    };
    let mut tree =
        Tree { desk, file: whole.file, open: vec![], anchors: HashMap::new(), documents: vec![], nodes: 0, chars: 0 };
    for event in Parser::new_from_str_with_options(text, options) {
        match event {
            Ok((event, span)) => tree.take(&event, &span)?,
            Err(error) => {
                let (line, column, message, expected) = explain(&error, text);
                let spot = tree.spot(line, column);
                tree.desk.error(spot, message, expected);
                return None;
            }
        }
    }
    Some(tree.documents)
}

impl Tree<'_> {
    fn spot(&self, line: usize, column: usize) -> Spot {
        let small = |number| u32::try_from(number).unwrap_or(u32::MAX);
        Spot { file: self.file, line: small(line), column: small(column) }
    }

    fn take(&mut self, event: &Event, span: &Span) -> Option<()> {
        let spot = self.spot(span.start.line(), span.start.col() + 1);
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                self.count(1, text.len(), spot)?;
                let plain = *style == ScalarStyle::Plain;
                let core = tag.as_ref().and_then(|tag| tag.core_suffix());
                let empty =
                    plain && matches!(text.as_ref(), "" | "~" | "null" | "Null" | "NULL") && core != Some("str");
                let merge = self.merge(tag.as_deref(), spot)?;
                let value = if empty {
                    Value::Null
                } else {
                    Value::Text(Text { text: text.to_string(), plain: plain && core != Some("str") })
                };
                self.add(Node { spot, value, merge }, *anchor)
            }
            Event::SequenceStart(_, anchor, tag) => {
                let merge = self.merge(tag.as_deref(), spot)?;
                self.count(1, 0, spot)?;
                self.open.push(Open::List { spot, anchor: *anchor, merge, nodes: vec![] });
                Some(())
            }
            Event::MappingStart(_, anchor, tag) => {
                let merge = self.merge(tag.as_deref(), spot)?;
                self.count(1, 0, spot)?;
                self.open.push(Open::Map { spot, anchor: *anchor, merge, entries: vec![], key: None });
                Some(())
            }
            Event::SequenceEnd | Event::MappingEnd => match self.open.pop()? {
                Open::List { spot, anchor, merge, nodes } => {
                    self.add(Node { spot, value: Value::List(nodes), merge }, anchor)
                }
                Open::Map { spot, anchor, merge, entries, .. } => {
                    let entries = self.merge_keys(entries)?;
                    self.add(Node { spot, value: Value::Map(entries), merge }, anchor)
                }
            },
            Event::Alias(anchor) => match self.anchors.get(anchor).cloned() {
                Some(node) => {
                    let (nodes, chars) = node.weight();
                    self.count(nodes, chars, spot)?;
                    self.add(node, 0)
                }
                None => {
                    self.desk.error(
                        spot,
                        "this alias stands inside the very thing that it names",
                        "a thing cannot hold itself",
                    );
                    None
                }
            },
            Event::DocumentStart(..) => {
                self.anchors.clear();
                Some(())
            }
            _ => Some(()),
        }
    }

    fn merge(&mut self, tag: Option<&Tag>, spot: Spot) -> Option<Merge> {
        match tag {
            Some(tag) if tag.handle() == "!" && tag.suffix() == "reset" => Some(Merge::Reset),
            Some(tag) if tag.handle() == "!" && tag.suffix() == "override" => Some(Merge::Override),
            Some(tag) if tag.is_custom() && tag.handle() == "!" && !tag.suffix().is_empty() => {
                self.desk.error(
                    spot,
                    format!("the tag `!{}` means nothing here", tag.suffix()),
                    "compose knows `!reset` and `!override`; text that begins with `!` wants quotes",
                );
                None
            }
            _ => Some(Merge::Usual),
        }
    }

    /// Puts a finished node where it belongs.
    fn add(&mut self, node: Node, anchor: usize) -> Option<()> {
        if anchor != 0 {
            self.anchors.insert(anchor, node.clone());
        }
        let entries = match self.open.last() {
            Some(Open::List { nodes, .. }) => nodes.len(),
            Some(Open::Map { entries, .. }) => entries.len(),
            None => 0,
        };
        if entries >= MAX_ENTRIES {
            self.desk.error(node.spot, format!("more than {MAX_ENTRIES} entries in one place"), "fewer of them");
            return None;
        }
        match self.open.last_mut() {
            None => self.documents.push(node),
            Some(Open::List { nodes, .. }) => nodes.push(node),
            Some(Open::Map { key: key @ None, .. }) => {
                let spot = node.spot;
                *key = match node.value {
                    Value::Text(text) => Some((text.text, spot)),
                    Value::Null => Some((String::new(), spot)),
                    Value::List(_) | Value::Map(_) => {
                        self.desk.error(spot, "a key is a word, not a list or a map", "write `word: value`");
                        return None;
                    }
                };
            }
            Some(Open::Map { entries, key, .. }) => {
                // The arm above has seen a map without a key.
                let (key, spot) = key.take()?;
                if key != "<<"
                    && let Some(first) = entries.iter().find(|entry| entry.key == key)
                {
                    let expected = format!("one `{key}`; the first one stands on line {}", first.spot.line);
                    self.desk.error(spot, format!("the key `{key}` is there twice"), expected);
                    return None;
                }
                entries.push(Entry { key, spot, node });
            }
        }
        Some(())
    }

    fn count(&mut self, nodes: usize, chars: usize, spot: Spot) -> Option<()> {
        self.nodes += nodes;
        self.chars += chars;
        if self.nodes > MAX_NODES || self.chars > MAX_CHARS {
            let message = format!("the file unfolds to more than {MAX_NODES} values or {} MiB", MAX_CHARS >> 20);
            self.desk.error(spot, message, "fewer aliases (`*name`) within aliases");
            return None;
        }
        Some(())
    }

    /// Unfolds `<<: *anchor`: what the map says itself wins, then the earlier of several.
    fn merge_keys(&mut self, entries: Vec<Entry>) -> Option<Vec<Entry>> {
        if entries.iter().all(|entry| entry.key != "<<") {
            return Some(entries);
        }
        let (merged, mut own): (Vec<_>, Vec<_>) = entries.into_iter().partition(|entry| entry.key == "<<");
        for entry in merged {
            let maps = match entry.node.value {
                Value::List(nodes) => nodes,
                _ => vec![entry.node],
            };
            for map in maps {
                let (nodes, chars) = map.weight();
                self.count(nodes, chars, entry.spot)?;
                let Value::Map(entries) = map.value else {
                    self.desk.error(entry.spot, "`<<` takes a map, or a list of maps", "write `<<: *anchor`");
                    return None;
                };
                for entry in entries {
                    if own.iter().all(|known| known.key != entry.key) {
                        own.push(entry);
                    }
                }
            }
        }
        Some(own)
    }
}
