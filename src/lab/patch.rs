//! Unified diffs, applied: the other way round of what a journal keeps.

use std::collections::BTreeMap;

/// Applies unified diffs, as [`super::Snapshot::changes_to`] makes them, to the texts by path. A piece that does not fit is left
/// out: the journal of a lab in which something was missed still tells most of it.
pub fn patch(texts: &mut BTreeMap<String, String>, diffs: &str) {
    let mut lines = diffs.split_inclusive('\n').peekable();
    while let Some(line) = lines.next() {
        let Some(from) = line.strip_prefix("--- ") else { continue };
        let Some(to) = lines.next_if(|line| line.starts_with("+++ ")) else { continue };
        let name = |line: &str, side| line.trim_end().strip_prefix(side).map(str::to_owned);
        let (from, to) = (name(from, "a/"), name(&to[4..], "b/"));
        let old = from.as_ref().and_then(|path| texts.get(path)).cloned().unwrap_or_default();
        let mut pieces = Vec::new();
        while let Some(line) = lines.next_if(|line| !line.starts_with("--- ")) {
            pieces.push(line);
        }
        if let Some(path) = from.filter(|path| Some(path) != to.as_ref()) {
            texts.remove(&path);
        }
        if let Some(path) = to {
            texts.insert(path, patched(&old, &pieces));
        }
    }
}

fn patched(old: &str, pieces: &[&str]) -> String {
    let old: Vec<&str> = old.split_inclusive('\n').collect();
    let (mut new, mut at) = (String::new(), 0);
    for (index, line) in pieces.iter().enumerate() {
        let no_newline = pieces.get(index + 1).is_some_and(|next| next.starts_with('\\'));
        let body = line.get(1..).unwrap_or("");
        let body = if no_newline { body.strip_suffix('\n').unwrap_or(body) } else { body };
        match line.as_bytes().first() {
            Some(b'@') => {
                let start = start_of(line).min(old.len());
                new.extend(old.get(at..start).unwrap_or_default().iter().copied());
                at = at.max(start);
            }
            Some(b' ') => {
                new.push_str(body);
                at += 1;
            }
            Some(b'-') => at += 1,
            Some(b'+') => new.push_str(body),
            _ => {}
        }
    }
    new.extend(old.get(at..).unwrap_or_default().iter().copied());
    new
}

/// The index of the first line of a hunk in the old text, out of `@@ -2,5 +2,5 @@`.
fn start_of(header: &str) -> usize {
    let old = header.strip_prefix("@@ -").and_then(|rest| rest.split(' ').next()).unwrap_or("");
    let (start, count) = old.split_once(',').unwrap_or((old, "1"));
    let start: usize = start.parse().unwrap_or(1);
    if count == "0" { start } else { start.saturating_sub(1) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::lab::Snapshot;

    proptest! {
        #[test]
        fn what_a_diff_tells_is_made_again(
            old in proptest::collection::btree_map("[ab]/[cd]", "([xyz]{0,2}\n){0,20}[xyz]?", 0..4),
            new in proptest::collection::btree_map("[ab]/[cd]", "([xyz]{0,2}\n){0,20}[xyz]?", 0..4),
        ) {
            let changes = Snapshot { texts: old.clone() }.changes_to(&Snapshot { texts: new.clone() });
            let diffs: String = changes.iter().map(|change| change.diff.as_str()).collect();
            let mut texts = old;
            patch(&mut texts, &diffs);
            prop_assert_eq!(texts, new);
        }
    }

    #[test]
    fn nonsense_changes_nothing() {
        let mut texts = BTreeMap::from([("a".to_owned(), "1\n".to_owned())]);
        for diff in ["", "x", "--- a/a\n", "@@ -9,9 +1 @@\n-x\n", "… (the rest is left out)\n"] {
            patch(&mut texts, diff);
        }
        assert_eq!(texts["a"], "1\n");
    }
}
