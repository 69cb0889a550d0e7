//! One compose file over another, as the Compose specification merges them.

use super::{
    desk::Spot,
    yaml::{Entry, Merge, Node, Scalar, Text, Value},
};

/// How two values at the same path become one.
enum Rule {
    /// The later one stands.
    Replace,
    /// `A=B` lists become maps first.
    Pairs,
    /// Lists of names become maps first.
    Names,
    /// Single texts become lists first.
    Lists,
    /// A text is short for a map with this key.
    Short(&'static str),
    /// Maps by key, lists one after the other, anything else replaced.
    Usual,
}

fn rule(path: &[&str]) -> Rule {
    match path {
        ["services", _, "command" | "entrypoint" | "logging"] | ["services", _, "healthcheck", "test"] => Rule::Replace,
        ["services", _, "environment" | "labels" | "annotations" | "sysctls"]
        | ["services", _, "build", "args" | "labels" | "additional_contexts"]
        | ["services", _, "deploy", "labels"]
        | ["networks" | "volumes", _, "labels"] => Rule::Pairs,
        ["services", _, "depends_on" | "networks"] => Rule::Names,
        ["services", _, "env_file" | "tmpfs" | "dns" | "dns_search" | "label_file"] => Rule::Lists,
        ["services", _, "build"] => Rule::Short("context"),
        ["services", _, "extends"] => Rule::Short("service"),
        _ => Rule::Usual,
    }
}

/// Lays `over` over `base`; `path` says where both stand.
pub(super) fn merge(base: Node, over: Node, path: &[&str]) -> Node {
    if over.merge != Merge::Usual {
        return over;
    }
    let rule = if path.last().is_some_and(|key| key.starts_with("x-")) { Rule::Replace } else { rule(path) };
    let (base, over) = match rule {
        Rule::Replace => return over,
        Rule::Pairs => (pairs_as_map(base), pairs_as_map(over)),
        Rule::Names => {
            let dependencies = path.last() == Some(&"depends_on");
            (names_as_map(base, dependencies), names_as_map(over, dependencies))
        }
        Rule::Lists => (as_list(base), as_list(over)),
        Rule::Short(key) => (as_map(base, key), as_map(over, key)),
        Rule::Usual => (base, over),
    };
    match (base.value, over.value) {
        (Value::Map(below), Value::Map(above)) => {
            Node { spot: base.spot, value: Value::Map(merge_maps(below, above, path)), merge: base.merge }
        }
        (Value::List(mut below), Value::List(above)) => {
            below.extend(above);
            Node { spot: base.spot, value: Value::List(below), merge: base.merge }
        }
        // A key without a value says nothing new about a map or a list.
        (value @ (Value::Map(_) | Value::List(_)), Value::Null) => Node { value, ..base },
        // A value of another kind is judged where it is read.
        (_, value) => Node { spot: over.spot, value, merge: over.merge },
    }
}

fn merge_maps(mut below: Vec<Entry>, above: Vec<Entry>, path: &[&str]) -> Vec<Entry> {
    for entry in above {
        let Some(at) = below.iter().position(|known| known.key == entry.key) else {
            below.push(entry);
            continue;
        };
        let mut path = path.to_vec();
        path.push(&entry.key);
        let known = std::mem::replace(&mut below[at].node, Node::new(entry.spot, Value::Null));
        // A place in the later file, for a value that the later file decides.
        let replaced = !matches!(known.value, Value::Map(_) | Value::List(_)) || entry.node.merge != Merge::Usual;
        below[at].node = merge(known, entry.node, &path);
        if replaced {
            below[at].spot = entry.spot;
        }
    }
    below
}

/// Takes out what `!reset` marks, below a node, and forgets the other marks.
pub(super) fn settle(node: &mut Node) {
    node.merge = Merge::Usual;
    match &mut node.value {
        Value::Map(entries) => {
            entries.retain(|entry| entry.node.merge != Merge::Reset);
            entries.iter_mut().for_each(|entry| settle(&mut entry.node));
        }
        Value::List(nodes) => {
            nodes.retain(|node| node.merge != Merge::Reset);
            nodes.iter_mut().for_each(settle);
        }
        Value::Null | Value::Text(_) => {}
    }
}

/// `- A=B` as `A: "B"`, `- A` as `A:`.
pub(super) fn pairs_as_map(node: Node) -> Node {
    list_as_map(node, |text, spot| match text.split_once('=') {
        Some((key, value)) => (key.to_string(), Node::text(spot, value)),
        None => (text.to_string(), Node::new(spot, Value::Null)),
    })
}

/// `- A` as `A:`, with the condition that a short dependency has.
fn names_as_map(node: Node, dependencies: bool) -> Node {
    list_as_map(node, |text, spot| {
        let condition = Entry { key: "condition".into(), spot, node: Node::text(spot, "service_started") };
        let value = if dependencies { Value::Map(vec![condition]) } else { Value::Null };
        (text.to_string(), Node::new(spot, value))
    })
}

/// A list as a map; a list that holds anything but text stays, to be told where it is read.
fn list_as_map(node: Node, entry: impl Fn(&str, Spot) -> (String, Node)) -> Node {
    match &node.value {
        Value::List(nodes) if nodes.iter().all(is_text) => {
            let mut entries: Vec<Entry> = Vec::with_capacity(nodes.len());
            for item in nodes {
                let Value::Text(text) = &item.value else { continue };
                let (key, value) = entry(&text.text, item.spot);
                match entries.iter_mut().find(|known| known.key == key) {
                    Some(known) => known.node = value,
                    None => entries.push(Entry { key, spot: item.spot, node: value }),
                }
            }
            Node { value: Value::Map(entries), ..node }
        }
        _ => node,
    }
}

fn is_text(node: &Node) -> bool {
    matches!(&node.value, Value::Text(text) if text.scalar() == Scalar::Text)
}

fn as_list(node: Node) -> Node {
    match node.value {
        Value::Text(_) => Node { spot: node.spot, merge: node.merge, value: Value::List(vec![node]) },
        _ => node,
    }
}

fn as_map(node: Node, key: &str) -> Node {
    match node.value {
        Value::Text(Text { .. }) => {
            let spot = node.spot;
            Node::new(spot, Value::Map(vec![Entry { key: key.to_string(), spot, node }]))
        }
        _ => node,
    }
}
