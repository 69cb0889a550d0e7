//! Lists in which a later entry takes the place of an earlier one of the same name.

use super::yaml::{Entry, Node, Value};

/// What tells that two entries of a list are the same thing.
enum Name {
    /// What stands before `=`.
    BeforeEquals,
    /// The key `path`, or the whole text.
    Path,
    /// The key `target`, or where a name lands.
    Target(&'static str),
    /// The path in the container.
    Device,
    /// All of it. (Where a mount or a port of another spelling is the same, its own reader knows.)
    Whole,
}

fn name_rule(path: &[&str]) -> Option<Name> {
    let ["services", _, rest @ ..] = path else {
        return matches!(path, ["networks", _, "labels"] | ["networks", _, "ipam", "options"])
            .then_some(Name::BeforeEquals);
    };
    match rest {
        ["annotations" | "cap_add" | "cap_drop" | "dns" | "dns_opt" | "dns_search" | "environment" | "labels"]
        | ["links" | "profiles" | "sysctls" | "tmpfs"]
        | ["build", "args" | "additional_contexts" | "tags" | "labels"]
        | ["deploy", "labels"]
        | ["networks", _, "aliases" | "link_local_ips"] => Some(Name::BeforeEquals),
        ["env_file"] => Some(Name::Path),
        ["configs"] => Some(Name::Target("")),
        ["secrets"] => Some(Name::Target("/run/secrets")),
        ["devices"] => Some(Name::Device),
        ["ports" | "volumes" | "expose"] => Some(Name::Whole),
        _ => None,
    }
}

/// Of entries that say the same thing, keeps the last, at the place of the first.
pub(super) fn keep_last(tree: &mut Node) {
    walk(tree, &mut vec![]);
}

fn walk(node: &mut Node, path: &mut Vec<String>) {
    match &mut node.value {
        Value::Map(entries) => {
            for Entry { key, node, .. } in entries {
                path.push(key.clone());
                walk(node, path);
                path.pop();
            }
        }
        Value::List(nodes) => {
            let parts: Vec<&str> = path.iter().map(String::as_str).collect();
            let Some(rule) = name_rule(&parts) else { return };
            let mut kept: Vec<(Option<String>, Node)> = Vec::with_capacity(nodes.len());
            for node in std::mem::take(nodes) {
                let name = name_of(&node, &rule);
                let same = |known: &(Option<String>, Node)| match rule {
                    Name::Whole => known.1.says_the_same(&node),
                    _ => name.is_some() && known.0 == name,
                };
                match kept.iter().position(same) {
                    Some(at) => kept[at].1 = node,
                    None => kept.push((name, node)),
                }
            }
            *nodes = kept.into_iter().map(|(_, node)| node).collect();
        }
        Value::Null | Value::Text(_) => {}
    }
}

/// The name of an entry; none for what is no such entry, which is told elsewhere.
fn name_of(node: &Node, rule: &Name) -> Option<String> {
    let text = |node: &Node| match &node.value {
        Value::Text(text) => Some(text.text.clone()),
        _ => None,
    };
    match rule {
        Name::Whole => None,
        Name::BeforeEquals => text(node).map(|text| text.split('=').next().unwrap_or_default().to_string()),
        Name::Device => match text(node) {
            Some(text) => text.split(':').take(2).last().map(str::to_string),
            None => node.get("target").and_then(text),
        },
        Name::Path => text(node).or_else(|| node.get("path").and_then(text)),
        Name::Target(root) => {
            let target = node.get("target").and_then(text);
            target.or_else(|| Some(format!("{root}/{}", text(node).or_else(|| node.get("source").and_then(text))?)))
        }
    }
}
