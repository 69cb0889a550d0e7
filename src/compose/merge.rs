//! One compose file over another, as compose merges them.

use super::{
    diagnostics::Diagnostics,
    scalar::Scalar,
    source_map::Spot,
    yaml::{Entry, Merge, Node, Text, Value},
};

/// How two values at the same path become one.
enum Rule {
    /// The later one stands.
    Replace,
    /// `A=B` lists become maps first.
    Pairs,
    /// Lists of names become maps first.
    Names,
    /// Single texts and maps become lists first.
    Lists,
    /// A text is short for a map with this key.
    Short(&'static str),
    /// Options of another driver are of no use to this one.
    Logging,
    /// One subnet over the same one.
    Subnets,
    /// Maps by key, lists one after the other, anything else replaced.
    Usual,
}

fn rule(path: &[&str]) -> Rule {
    match path {
        // A name alone takes the place of a name with a value.
        [above @ .., _] if matches!(rule(above), Rule::Pairs) => Rule::Replace,
        ["services", _, "command" | "entrypoint"] | ["services", _, "healthcheck", "test"] => Rule::Replace,
        ["services", _, "ulimits", _] => Rule::Replace,
        ["services", _, "environment" | "labels" | "annotations" | "sysctls"]
        | ["services", _, "build", "args" | "labels" | "additional_contexts"]
        | ["services", _, "deploy", "labels"]
        | ["networks" | "volumes", _, "labels"] => Rule::Pairs,
        ["services", _, "depends_on" | "networks"] => Rule::Names,
        ["services", _, "env_file" | "tmpfs" | "dns" | "dns_opt" | "dns_search" | "label_file" | "extra_hosts"]
        | ["services", _, "build", "extra_hosts"] => Rule::Lists,
        ["services", _, "build"] => Rule::Short("context"),
        ["services", _, "logging"] => Rule::Logging,
        ["networks", _, "ipam", "config"] => Rule::Subnets,
        _ => Rule::Usual,
    }
}

/// Lays `over` over `base`; `path` says where both stand.
pub(super) fn merge(base: Node, over: Node, path: &[&str], desk: &mut Diagnostics) -> Node {
    if over.merge != Merge::Usual {
        return over;
    }
    let (base, over) = match rule(path) {
        Rule::Replace => return over,
        Rule::Pairs => (pairs_as_map(base), pairs_as_map(text_as_list(over))),
        Rule::Names => {
            let dependencies = path.last() == Some(&"depends_on");
            (names_as_map(base, dependencies), names_as_map(over, dependencies))
        }
        Rule::Lists => (as_list(base), as_list(over)),
        Rule::Short(key) => (as_map(base, key), as_map(over, key)),
        Rule::Logging => {
            let (before, after) = (driver(&base), driver(&over));
            if before.is_some() && after.is_some() && before != after {
                return over;
            }
            (base, over)
        }
        Rule::Subnets => (base, over),
        Rule::Usual => (base, over),
    };
    match (base.value, over.value) {
        (Value::Map(below), Value::Map(above)) => {
            Node { spot: base.spot, value: Value::Map(merge_maps(below, above, path, desk)), merge: base.merge }
        }
        (Value::List(below), Value::List(above)) => {
            let value = Value::List(merge_lists(below, above, path, desk));
            Node { spot: base.spot, value, merge: base.merge }
        }
        // A key without a value says nothing new.
        (value, Value::Null) => Node { value, ..base },
        (kind @ (Value::Map(_) | Value::List(_)), value) => {
            let what = if matches!(kind, Value::Map(_)) { "a map" } else { "a list" };
            let key = path.last().copied().unwrap_or("the file");
            let over = Node { spot: over.spot, value, merge: over.merge };
            let expected = format!("{what} here, too");
            desk.general_error(over.mark(), format!("`{key}` is {what} in the file below this one"), expected);
            Node { spot: over.spot, value: over.value, merge: over.merge }
        }
        (_, value) => Node { spot: over.spot, value, merge: over.merge },
    }
}

fn driver(logging: &Node) -> Option<&Value> {
    logging.get("driver").map(|driver| &driver.value)
}

fn merge_lists(mut below: Vec<Node>, above: Vec<Node>, path: &[&str], desk: &mut Diagnostics) -> Vec<Node> {
    let subnet = |node: &Node| match node.get("subnet").map(|subnet| &subnet.value) {
        Some(Value::Text(text)) => Some(text.text.clone()),
        _ => None,
    };
    for node in above {
        if path.last() == Some(&"extra_hosts") && below.iter().any(|known| known.says_the_same(&node)) {
            continue;
        }
        let same = match rule(path) {
            Rule::Subnets => below.iter().position(|known| subnet(known) == subnet(&node)),
            _ => None,
        };
        match same {
            Some(at) => below[at] = merge(below[at].clone(), node, &[], desk),
            None => below.push(node),
        }
    }
    below
}

fn merge_maps(mut below: Vec<Entry>, above: Vec<Entry>, path: &[&str], desk: &mut Diagnostics) -> Vec<Entry> {
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
        below[at].node = if entry.key.starts_with("x-") { entry.node } else { merge(known, entry.node, &path, desk) };
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

/// A text as a list of one. A number or a truth value says nothing here, to compose neither.
fn text_as_list(node: Node) -> Node {
    match &node.value {
        Value::Text(text) if text.scalar() != Scalar::Text => Node::new(node.spot, Value::Null),
        Value::Text(_) => Node { spot: node.spot, merge: node.merge, value: Value::List(vec![node]) },
        _ => node,
    }
}

/// A text as a list of one, and a map as a list of `KEY=VALUE`.
fn as_list(node: Node) -> Node {
    let value = match &node.value {
        Value::Text(_) => return text_as_list(node),
        Value::Map(entries) => Value::List(entries.iter().flat_map(pairs).collect()),
        _ => return node,
    };
    Node { value, ..node }
}

fn pairs(entry: &Entry) -> Vec<Node> {
    let pair = |node: &Node| match &node.value {
        Value::Text(text) => Node::text(node.spot, format!("{}={}", entry.key, text.text)),
        _ => Node::text(entry.spot, entry.key.clone()),
    };
    match &entry.node.value {
        Value::List(nodes) => nodes.iter().map(pair).collect(),
        _ => vec![pair(&entry.node)],
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
