//! How many separate things a learner has changed since the stack was last asked.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use super::model::Model;
use crate::journal::{Entry, Event};

/// The numbers and names of each link, by part: both ends of one link are one cause.
const LINKS: [(&str, &[&str]); 4] = [
    ("the link from the browser", &["proxy.published", "proxy.listen", "front.published"]),
    ("the link to the app", &["proxy.upstream_host", "proxy.upstream_port", "app.port", "app.host"]),
    ("the link to the database", &["database.host", "database.port"]),
    ("what the image says that it exposes", &["app.expose"]),
];

/// What was changed since the last verification, in words: each link whose numbers differ, and each function that came or
/// went.
pub fn since_asked(model: &Model) -> Vec<String> {
    let roles = &model.course.roles;
    let mut changes: Vec<String> = LINKS
        .iter()
        .filter(|(_, facts)| {
            facts.iter().any(|fact| differs(&model.lab.facts_asked, &model.lab.facts, &roles.fact(fact)))
        })
        .map(|(words, _)| (*words).to_owned())
        .collect();
    let edits = model.lab.entries.iter().rev().take_while(|entry| !matches!(entry.event, Event::Verified { .. }));
    let mut known: BTreeSet<&Path> = BTreeSet::new();
    for name in LINKS.iter().flat_map(|(_, facts)| facts.iter()).map(|fact| roles.fact(fact)) {
        if differs(&model.lab.facts_asked, &model.lab.facts, &name) {
            known.extend(model.lab.places.get(&name).map(|place| place.file.as_path()));
        }
    }
    for (file, lines) in &changed_lines(edits) {
        let functions = functions(file, lines);
        // A file with a number of a link, or with a function, is told by that.
        if functions.is_empty() && !known.iter().any(|known| file.ends_with(known) || known.ends_with(file)) {
            changes.push(format!("`{}`", file.display()));
        }
        changes.extend(functions);
    }
    changes
}

fn differs(before: &BTreeMap<String, String>, now: &BTreeMap<String, String>, fact: &str) -> bool {
    // What was not known before tells of no change.
    before.get(fact).is_some_and(|old| now.get(fact).is_some_and(|new| new != old))
}

/// Of each file, the lines that were added (counted up) and taken away (counted down) by these edits, but for those that are
/// back as they were, empty ones and remarks.
fn changed_lines<'a>(edits: impl Iterator<Item = &'a Entry>) -> BTreeMap<&'a Path, BTreeMap<&'a str, i32>> {
    let mut files: BTreeMap<&Path, BTreeMap<&str, i32>> = BTreeMap::new();
    for entry in edits {
        let Event::FileChanged { file, diff, .. } = &entry.event else { continue };
        for line in diff.lines().filter(|line| !line.starts_with("+++") && !line.starts_with("---")) {
            let (sign, rest) = match line.split_at_checked(1) {
                Some(("+", rest)) => (1, rest),
                Some(("-", rest)) => (-1, rest),
                _ => continue,
            };
            let says_something = !rest.trim().is_empty() && !rest.trim_start().starts_with('#');
            if says_something {
                *files.entry(file).or_default().entry(rest).or_default() += sign;
            }
        }
    }
    for lines in files.values_mut() {
        lines.retain(|_, balance| *balance != 0);
    }
    files.retain(|_, lines| !lines.is_empty());
    files
}

/// The Python functions that came or went; one that was given another name is one change.
fn functions(file: &Path, lines: &BTreeMap<&str, i32>) -> Vec<String> {
    if file.extension().is_none_or(|extension| extension != "py") {
        return Vec::new();
    }
    let named = |line: &str| Some(line.trim_start().strip_prefix("def ")?.split('(').next()?.trim().to_owned());
    let of = |wanted: fn(i32) -> bool| -> BTreeSet<String> {
        lines.iter().filter(|(_, balance)| wanted(**balance)).filter_map(|(line, _)| named(line)).collect()
    };
    let (came, gone) = (of(|balance| balance > 0), of(|balance| balance < 0));
    let (new, old) = (came.difference(&gone).collect::<Vec<_>>(), gone.difference(&came).collect::<Vec<_>>());
    let renamed = new.len().min(old.len());
    let pairs = old.iter().zip(&new).map(|(old, new)| format!("{old}() to {new}()"));
    let rest = new[renamed..].iter().chain(&old[renamed..]).map(|name| format!("{name}()"));
    let all: Vec<String> = pairs.chain(rest).collect();
    if all.is_empty() && !came.is_empty() { came.iter().map(|name| format!("{name}()")).collect() } else { all }
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
        let names = |edits: &[Entry]| {
            changed_lines(edits.iter()).iter().flat_map(|(file, lines)| functions(file, lines)).collect::<Vec<_>>()
        };
        assert_eq!(names(&[both.clone(), other.clone()]), ["__init__()", "__repr__()"]);
        assert_eq!(names(&[both, back, other]), ["__init__()"]);
        let renamed = edit("src/models.py", "-    def __str__(self):\n+    def __repr__(self):\n");
        assert_eq!(names(&[renamed]), ["__str__() to __repr__()"]);
    }
}
