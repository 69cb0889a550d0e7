//! A YAML file as a tree of nodes that know where they stand. Read by the same parser that compose has
//! (libyaml), so that what is YAML to the one is YAML to the other.

use std::{borrow::Cow, collections::HashMap};

use libyaml_safer::{Event, EventData, Mark, Parser, ScalarStyle};

use super::{
    diagnostics::Diagnostics,
    scalar::{Scalar, resolve},
    source_map::Spot,
    yaml_error::{explain, from_one},
};
use crate::caught;

/// What ends a line of YAML.
const BREAKS: [char; 5] = ['\n', '\r', '\u{85}', '\u{2028}', '\u{2029}'];
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

impl Text {
    /// What this scalar is taken for.
    pub fn scalar(&self) -> Scalar {
        if self.plain { resolve(&self.text) } else { Scalar::Text }
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
                Scalar::Date(_) => format!("the date `{}`", text.text),
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

    /// Where to point at when the whole of it is meant: a collection has no mark of its own, its first entry has.
    pub fn mark(&self) -> Spot {
        match &self.value {
            Value::Map(entries) => entries.first().map_or(self.spot, |entry| entry.spot),
            _ => self.spot,
        }
    }

    /// What compose's schema calls this kind of value.
    pub fn type_name(&self) -> &'static str {
        match &self.value {
            Value::Null => "null",
            Value::List(_) => "array",
            Value::Map(_) => "object",
            Value::Text(text) => match text.scalar() {
                Scalar::Bool(_) => "boolean",
                Scalar::Integer(_) => "integer",
                Scalar::Float(value) if value.fract() == 0.0 => "integer",
                Scalar::Float(_) => "number",
                Scalar::Date(_) | Scalar::Text => "string",
            },
        }
    }

    /// Whether both say the same, wherever they stand.
    pub fn says_the_same(&self, other: &Self) -> bool {
        match (&self.value, &other.value) {
            (Value::Null, Value::Null) => true,
            (Value::Text(one), Value::Text(other)) => one.text == other.text && one.scalar() == other.scalar(),
            (Value::List(one), Value::List(other)) => {
                one.len() == other.len() && one.iter().zip(other).all(|(one, other)| one.says_the_same(other))
            }
            (Value::Map(one), Value::Map(other)) => {
                one.len() == other.len()
                    && one.iter().all(|entry| {
                        let same = other.iter().find(|other| other.key == entry.key);
                        same.is_some_and(|other| entry.node.says_the_same(&other.node))
                    })
            }
            _ => false,
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
    List { spot: Spot, anchor: Option<String>, merge: Merge, nodes: Vec<Node> },
    Map { spot: Spot, anchor: Option<String>, merge: Merge, entries: Vec<Entry>, key: Option<(String, Spot)> },
}

struct Tree<'desk> {
    desk: &'desk mut Diagnostics,
    file: u32,
    open: Vec<Open>,
    /// What the anchors name; nothing while the thing itself is still open.
    anchors: HashMap<String, Option<Node>>,
    documents: Vec<Node>,
    nodes: usize,
    chars: usize,
}

/// Reads the documents of a file that is known as `whole`. `None` after an error, which has been told then.
pub(super) fn parse(text: &str, whole: Spot, desk: &mut Diagnostics) -> Option<Vec<Node>> {
    let mut tree =
        Tree { desk, file: whole.file, open: vec![], anchors: HashMap::new(), documents: vec![], nodes: 0, chars: 0 };
    let ended = with_last_line_ended(text);
    let mut bytes = ended.as_bytes();
    let mut parser = Parser::new();
    parser.set_encoding(libyaml_safer::Encoding::Utf8);
    parser.set_input_string(&mut bytes);
    let mut read_to = Mark::default();
    loop {
        match caught::on_text(|| parser.parse()) {
            Some(Ok(Event { data: EventData::StreamEnd, .. })) => return Some(tree.documents),
            Some(Ok(mut event)) => {
                if ended.len() > text.len() {
                    take_end_back(&mut event, &ended);
                }
                read_to = event.end_mark;
                tree.take(event.data, event.start_mark)?;
            }
            None => {
                let spot = tree.spot(from_one(read_to.line), from_one(read_to.column));
                tree.desk.error(spot, "what follows here is not YAML", "a space behind a tag such as `!reset`");
                return None;
            }
            Some(Err(error)) => {
                let (line, column, message, expected) = explain(&error, text);
                let spot = tree.spot(line, column);
                tree.desk.error(spot, message, expected);
                return None;
            }
        }
    }
}

/// The parser panics on a block (`|`, `>`) and on a backslash in a last line that has no end.
fn with_last_line_ended(text: &str) -> Cow<'_, str> {
    if text.ends_with(BREAKS) || !text.contains(['|', '>', '\\']) { text.into() } else { format!("{text}\n").into() }
}

/// The block that goes to the end of the file, as it is without the line's end that was added there.
fn take_end_back(event: &mut Event, ended: &str) {
    let last_line = |text: &str| text.strip_suffix('\n').and_then(|text| text.rsplit(BREAKS).next()).map(str::to_owned);
    if let EventData::Scalar { value, style: ScalarStyle::Literal | ScalarStyle::Folded, .. } = &mut event.data
        && event.end_mark.index == ended.len() as u64
        && let (Some(of_file), Some(of_value)) = (last_line(ended), last_line(value))
        // A last line without words belongs to the block where it is part of the value.
        && (!of_file.trim().is_empty() || of_file.ends_with(&of_value))
    {
        value.pop();
    }
}

impl Tree<'_> {
    fn spot(&self, line: usize, column: usize) -> Spot {
        let small = |number| u32::try_from(number).unwrap_or(u32::MAX);
        Spot { file: self.file, line: small(line), column: small(column) }
    }

    fn take(&mut self, event: EventData, mark: Mark) -> Option<()> {
        let spot = self.spot(from_one(mark.line), from_one(mark.column));
        match event {
            EventData::Scalar { anchor, tag, value, style, .. } => {
                self.count(1, value.len(), spot)?;
                let merge = merge_tag(tag.as_deref());
                let plain = match tag.as_deref() {
                    None | Some("!") => style == ScalarStyle::Plain,
                    Some(tag) => tag.starts_with(CORE) && tag != libyaml_safer::STR_TAG,
                };
                let value = if plain && matches!(value.as_str(), "" | "~" | "null" | "Null" | "NULL") {
                    Value::Null
                } else {
                    Value::Text(Text { text: value, plain })
                };
                self.add(Node { spot, value, merge }, anchor)
            }
            EventData::SequenceStart { anchor, tag, .. } => {
                let merge = merge_tag(tag.as_deref());
                self.enter(spot, anchor.as_ref())?;
                self.open.push(Open::List { spot, anchor, merge, nodes: vec![] });
                Some(())
            }
            EventData::MappingStart { anchor, tag, .. } => {
                let merge = merge_tag(tag.as_deref());
                self.enter(spot, anchor.as_ref())?;
                self.open.push(Open::Map { spot, anchor, merge, entries: vec![], key: None });
                Some(())
            }
            EventData::SequenceEnd | EventData::MappingEnd => match self.open.pop()? {
                Open::List { spot, anchor, merge, nodes } => {
                    self.add(Node { spot, value: Value::List(nodes), merge }, anchor)
                }
                Open::Map { spot, anchor, merge, entries, .. } => {
                    let entries = self.merge_keys(entries)?;
                    self.add(Node { spot, value: Value::Map(entries), merge }, anchor)
                }
            },
            EventData::Alias { anchor } => match self.anchors.get(&anchor).cloned() {
                Some(Some(node)) => {
                    let (nodes, chars) = node.weight();
                    self.count(nodes, chars, spot)?;
                    self.add(node, None)
                }
                Some(None) => {
                    let message = "this alias stands inside the very thing that it names";
                    self.desk.error(spot, message, "a thing cannot hold itself");
                    None
                }
                None => {
                    let expected = format!("`&{anchor}` on an earlier line; quotes, if the star is meant");
                    self.desk.error(spot, format!("`*{anchor}` names an anchor that is not there"), expected);
                    None
                }
            },
            EventData::DocumentStart { version_directive, .. } => {
                self.anchors.clear();
                if version_directive.is_some_and(|version| (version.major, version.minor) != (1, 1)) {
                    self.desk.error(spot, "compose reads no other version of YAML than 1.1", "no `%YAML` at all");
                    return None;
                }
                Some(())
            }
            _ => Some(()),
        }
    }

    /// Goes into a collection.
    fn enter(&mut self, spot: Spot, anchor: Option<&String>) -> Option<()> {
        self.count(1, 0, spot)?;
        if self.open.len() >= MAX_DEPTH {
            self.desk.error(spot, "this is nested too deep", format!("at most {MAX_DEPTH} levels"));
            return None;
        }
        if let Some(anchor) = anchor {
            self.anchors.insert(anchor.clone(), None);
        }
        Some(())
    }

    /// Puts a finished node where it belongs.
    fn add(&mut self, node: Node, anchor: Option<String>) -> Option<()> {
        if let Some(anchor) = anchor {
            self.anchors.insert(anchor, Some(node.clone()));
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
                *key = Some((key_of(node, self.desk)?, spot));
            }
            Some(Open::Map { entries, key, .. }) => {
                // The arm above has seen a map without a key.
                let (key, spot) = key.take()?;
                if let Some(first) = entries.iter().find(|entry| entry.key == key) {
                    let expected = match key.as_str() {
                        "<<" => "one `<<` with a list: `<<: [*one, *other]`".to_string(),
                        _ => format!("one `{key}`; the first one stands on line {}", first.spot.line),
                    };
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

/// What core tags (`!!int`) begin with.
const CORE: &str = "tag:yaml.org,2002:";

/// What a tag says about merging; compose takes no notice of those that it does not know.
fn merge_tag(tag: Option<&str>) -> Merge {
    match tag {
        Some("!reset") => Merge::Reset,
        Some("!override") => Merge::Override,
        _ => Merge::Usual,
    }
}

/// A key as text. What is a number, a truth value or nothing is told, unless closer words are found later.
fn key_of(node: Node, desk: &mut Diagnostics) -> Option<String> {
    if let Value::Text(text) = &node.value
        && text.scalar() == Scalar::Text
    {
        if text.text == "<<" && !text.plain {
            desk.general_error(node.spot, "`<<` in quotes lays nothing over anything", "write `<<`, without quotes");
        }
        return Some(text.text.clone());
    }
    let kind = node.kind();
    match node.value {
        Value::Text(text) => {
            let expected = format!("write `\"{}\":`, in quotes", text.text);
            desk.general_error(node.spot, format!("{kind} stands where a key has to be a word"), expected);
            Some(text.text)
        }
        Value::Null => {
            desk.general_error(node.spot, "a key is empty", "a word before the colon");
            Some(String::new())
        }
        Value::List(_) | Value::Map(_) => {
            desk.error(node.spot, "a key is a word, not a list or a map", "write `word: value`");
            None
        }
    }
}
