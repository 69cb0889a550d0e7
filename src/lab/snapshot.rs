//! The lab's texts at one moment, and what changed between two.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
    time::Duration,
};

use serde::{Deserialize, Serialize};
use similar::{Algorithm, TextDiffConfig};

/// Longer diffs are cut: a journal is read by people.
const MAX_DIFF: usize = 64 * 1024;

/// The lab's texts at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Snapshot {
    /// By path inside the lab, with forward slashes.
    pub texts: BTreeMap<String, String>,
}

/// A file that changed between two snapshots.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileChange {
    /// Path inside the lab.
    pub file: PathBuf,
    /// Unified diff.
    pub diff: String,
}

/// A file that differs from the stack that the lab was made from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileDiff {
    /// Path inside the lab.
    pub file: PathBuf,
    /// Unified diff.
    pub diff: String,
    /// Lines that were not there.
    pub added: usize,
    /// Lines that are gone.
    pub removed: usize,
}

impl Snapshot {
    /// What changed from this one to a newer one, by path.
    pub fn changes_to(&self, newer: &Self) -> Vec<FileChange> {
        diffs(&self.texts, &newer.texts)
            .into_iter()
            .map(|FileDiff { file, diff, .. }| FileChange { file, diff })
            .collect()
    }
}

/// The files that differ, by path.
pub(super) fn diffs(old: &BTreeMap<String, String>, new: &BTreeMap<String, String>) -> Vec<FileDiff> {
    let paths: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    paths.into_iter().filter_map(|path| diff(path, old.get(path), new.get(path))).collect()
}

/// The difference between two texts of one file; nothing where they are the same.
fn diff(path: &str, old: Option<&String>, new: Option<&String>) -> Option<FileDiff> {
    if old == new {
        return None;
    }
    let name = |side: &str, text: Option<&String>| match text {
        Some(_) => format!("{side}/{path}"),
        None => "/dev/null".to_owned(),
    };
    let (old_text, new_text) = (old.map_or("", String::as_str), new.map_or("", String::as_str));
    let mut config = TextDiffConfig::default();
    // A hostile pair of files must not hold up the screen; past this the diff is correct and only less small.
    config.algorithm(Algorithm::Myers).timeout(Duration::from_millis(200));
    let lines = config.diff_lines(old_text, new_text);
    let mut text = lines.unified_diff().context_radius(3).header(&name("a", old), &name("b", new)).to_string();
    if text.is_empty() {
        // An empty file has no lines to show.
        text = format!("--- {}\n+++ {}\n", name("a", old), name("b", new));
    }
    let count = |tag| lines.iter_all_changes().filter(|change| change.tag() == tag).count();
    Some(FileDiff {
        file: PathBuf::from(path),
        diff: cut(text),
        added: count(similar::ChangeTag::Insert),
        removed: count(similar::ChangeTag::Delete),
    })
}

fn cut(mut text: String) -> String {
    if text.len() > MAX_DIFF {
        let end = text[..text.floor_char_boundary(MAX_DIFF)].rfind('\n').map_or(0, |newline| newline + 1);
        text.truncate(end);
        text.push_str("… (the rest is left out)\n");
    }
    text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn snapshot(files: &[(&str, &str)]) -> Snapshot {
        Snapshot { texts: files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect() }
    }

    /// What `patch` would make of the old text: an independent reading of the unified format.
    fn patched(old: &str, diff: &str) -> String {
        let old: Vec<&str> = old.split_inclusive('\n').collect();
        let (mut out, mut at) = (String::new(), 0);
        let mut lines = diff.split_inclusive('\n').skip(2).peekable();
        while let Some(line) = lines.next() {
            if let Some(header) = line.strip_prefix("@@ -") {
                let (start, count) = match header.split_once(' ').unwrap().0.split_once(',') {
                    Some((start, count)) => (start.parse().unwrap(), count.parse().unwrap()),
                    None => (header.split_once(' ').unwrap().0.parse().unwrap(), 1_usize),
                };
                let start: usize = if count == 0 { start } else { start - 1 };
                out.extend(old[at..start].iter().copied());
                at = start;
                continue;
            }
            let mut body = line[1..].to_owned();
            if lines.next_if(|next| next.starts_with("\\ No newline")).is_some() {
                body.pop();
            }
            match line.as_bytes()[0] {
                b' ' => {
                    assert_eq!(old[at], body);
                    out.push_str(&body);
                    at += 1;
                }
                b'-' => {
                    assert_eq!(old[at], body);
                    at += 1;
                }
                b'+' => out.push_str(&body),
                other => panic!("unexpected line {}", other as char),
            }
        }
        out.extend(old[at..].iter().copied());
        out
    }

    #[test]
    fn an_edit_is_told_with_its_surroundings() {
        let old = snapshot(&[("docker-compose.yml", "a\nb\nc\nd\n- \"80:8080\"\ne\n"), ("app.py", "x\n")]);
        let new = snapshot(&[("docker-compose.yml", "a\nb\nc\nd\n- \"8080:80\"\ne\n"), ("app.py", "x\n")]);
        let changes = old.changes_to(&new);
        assert_eq!(changes.len(), 1);
        assert_eq!(changes[0].file, PathBuf::from("docker-compose.yml"));
        assert_eq!(
            changes[0].diff,
            "--- a/docker-compose.yml\n+++ b/docker-compose.yml\n@@ -2,5 +2,5 @@\n b\n c\n d\n-- \"80:8080\"\n+- \"8080:80\"\n e\n"
        );
    }

    #[test]
    fn new_and_removed_files_are_told_as_such() {
        let changes = snapshot(&[("a", "1\n")]).changes_to(&snapshot(&[("b", "2\n"), ("c", "")]));
        let diffs: Vec<&str> = changes.iter().map(|change| change.diff.as_str()).collect();
        assert_eq!(
            diffs,
            [
                "--- a/a\n+++ /dev/null\n@@ -1 +0,0 @@\n-1\n",
                "--- /dev/null\n+++ b/b\n@@ -0,0 +1 @@\n+2\n",
                "--- /dev/null\n+++ b/c\n"
            ]
        );
    }

    #[test]
    fn a_huge_diff_is_cut_at_a_line() {
        let new = "é\n".repeat(100_000);
        let change = &snapshot(&[]).changes_to(&snapshot(&[("a", &new)]))[0];
        assert!(change.diff.len() < MAX_DIFF + 100);
        assert!(change.diff.ends_with("+é\n… (the rest is left out)\n"));
    }

    proptest! {
        #[test]
        fn a_diff_applied_to_the_old_text_gives_the_new_one(old in "([abc]{0,2}\n){0,12}[ab]{0,2}", new in "([abc]{0,2}\n){0,12}[ab]{0,2}") {
            let changes = snapshot(&[("f", &old)]).changes_to(&snapshot(&[("f", &new)]));
            match changes.first() {
                None => prop_assert_eq!(old, new),
                Some(change) => prop_assert_eq!(patched(&old, &change.diff), new),
            }
        }
    }
}
