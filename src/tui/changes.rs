//! How many separate things a learner has changed since the stack was last asked.

use std::collections::{BTreeMap, BTreeSet};

use super::model::Model;
use crate::journal::{Entry, Event};

/// The numbers and names of each link: both ends of one link are one cause.
const LINKS: [(&str, &[&str]); 3] = [
    ("the link from the browser", &["nginx.published", "nginx.listen", "front.published"]),
    ("the link to the app", &["nginx.upstream_host", "nginx.upstream_port", "flaskapp.port", "flaskapp.host"]),
    ("the link to the database", &["db.host", "db.port"]),
];

/// What was changed since the last verification, in words: each link whose numbers differ, and each function that came or
/// went.
pub fn since_asked(model: &Model) -> Vec<String> {
    let mut changes: Vec<String> = LINKS
        .iter()
        .filter(|(_, facts)| facts.iter().any(|fact| differs(&model.facts_asked, &model.facts, fact)))
        .map(|(words, _)| (*words).to_owned())
        .collect();
    let edits = model.entries.iter().rev().take_while(|entry| !matches!(entry.event, Event::Verified { .. }));
    changes.extend(functions(edits).into_iter().map(|name| format!("{name}()")));
    changes
}

fn differs(before: &BTreeMap<String, String>, now: &BTreeMap<String, String>, fact: &str) -> bool {
    // What was not known before tells of no change.
    before.get(fact).is_some_and(|old| now.get(fact).is_some_and(|new| new != old))
}

/// The Python functions that were added or taken away by these edits, and are not back as they were.
fn functions<'a>(edits: impl Iterator<Item = &'a Entry>) -> BTreeSet<String> {
    let mut balance: BTreeMap<String, i32> = BTreeMap::new();
    for entry in edits {
        let Event::FileChanged { file, diff, .. } = &entry.event else { continue };
        if file.extension().is_none_or(|extension| extension != "py") {
            continue;
        }
        for line in diff.lines() {
            let (sign, rest) = match line.split_at_checked(1) {
                Some(("+", rest)) => (1, rest),
                Some(("-", rest)) => (-1, rest),
                _ => continue,
            };
            let name = rest.trim_start().strip_prefix("def ").and_then(|rest| rest.split('(').next());
            if let Some(name) = name {
                *balance.entry(name.trim().to_owned()).or_default() += sign;
            }
        }
    }
    balance.into_iter().filter(|(_, balance)| *balance != 0).map(|(name, _)| name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edit(file: &str, diff: &str) -> Entry {
        Entry { at: 0, event: Event::FileChanged { file: file.into(), diff: diff.into(), while_closed: false } }
    }

    #[test]
    fn functions_that_came_are_counted_and_those_that_went_again_are_not() {
        let both =
            edit("src/models.py", "--- a\n+++ b\n+    def __init__(self):\n+        pass\n+    def __repr__(self):\n");
        let back = edit("src/models.py", "-    def __repr__(self):\n");
        let other = edit("README.md", "+ def nothing():\n");
        let names = |edits: &[Entry]| functions(edits.iter()).into_iter().collect::<Vec<_>>();
        assert_eq!(names(&[both.clone(), other.clone()]), ["__init__", "__repr__"]);
        assert_eq!(names(&[both, back, other]), ["__init__"]);
    }
}
