//! A difference that types itself: what is taken away first, then what comes, letter by letter.

use std::collections::BTreeMap;

use crate::lab::Snapshot;

/// Letters a second.
const SPEED: u64 = 28;
/// Longer than this nobody watches: longer differences are typed faster.
const LONGEST_MS: u64 = 4_500;

/// One line of a difference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DiffLine {
    /// The file's name.
    File(String),
    /// Some lines are left out.
    Gap,
    /// As it was.
    Same(String),
    /// Taken away.
    Gone(String),
    /// New.
    New(String),
}

/// The difference between two states of the files.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Difference {
    /// Its lines.
    pub lines: Vec<DiffLine>,
}

impl Difference {
    /// Between these files and those.
    pub fn between(old: &BTreeMap<String, String>, new: &BTreeMap<String, String>) -> Self {
        let changes = Snapshot { texts: old.clone() }.changes_to(&Snapshot { texts: new.clone() });
        let diffs: String = changes.iter().map(|change| change.diff.as_str()).collect();
        Self::read(&diffs)
    }

    /// Out of a unified diff, with one line of surroundings.
    pub fn read(unified: &str) -> Self {
        let mut lines = Vec::new();
        let mut first = false;
        for line in unified.lines() {
            match line.as_bytes().first() {
                _ if line.starts_with("--- ") => {
                    let name = line[4..].strip_prefix("a/");
                    lines.extend(name.map(|name| DiffLine::File(name.to_owned())));
                    first = true;
                }
                _ if line.starts_with("+++ ") => {
                    if let (Some(name), false) =
                        (line[4..].strip_prefix("b/"), matches!(lines.last(), Some(DiffLine::File(_))))
                    {
                        lines.push(DiffLine::File(name.to_owned()));
                    }
                }
                Some(b'@') if std::mem::take(&mut first) => {}
                Some(b'@') => lines.push(DiffLine::Gap),
                Some(b'-') => lines.push(DiffLine::Gone(line[1..].to_owned())),
                Some(b'+') => lines.push(DiffLine::New(line[1..].to_owned())),
                Some(b' ') => lines.push(DiffLine::Same(line[1..].to_owned())),
                _ => {}
            }
        }
        Self { lines: close(lines) }
    }

    /// Whether nothing differs.
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    fn letters(&self) -> u64 {
        let of =
            |line: &DiffLine| if let DiffLine::New(text) = line { text.trim_start().chars().count() + 2 } else { 0 };
        self.lines.iter().map(of).sum::<usize>() as u64
    }

    /// How long the typing takes, in milliseconds.
    pub fn duration(&self) -> u64 {
        (self.letters() * 1000 / SPEED).min(LONGEST_MS)
    }

    /// The lines as they stand after so many milliseconds; the line that is being typed ends with `▏`.
    pub fn typed(&self, ms: u64) -> Vec<DiffLine> {
        let (all, duration) = (self.letters(), self.duration());
        if ms >= duration {
            return self.lines.clone();
        }
        let mut left = usize::try_from(all * ms / duration.max(1)).unwrap_or(usize::MAX);
        let mut lines = Vec::new();
        for line in &self.lines {
            let DiffLine::New(text) = line else {
                lines.push(line.clone());
                continue;
            };
            let indent = text.len() - text.trim_start().len();
            let letters = text.trim_start().chars().count() + 2;
            if left >= letters {
                left -= letters;
                lines.push(line.clone());
                continue;
            }
            let shown: String = text[indent..].chars().take(left).collect();
            lines.push(DiffLine::New(format!("{}{shown}▏", &text[..indent])));
            // What was taken away below stands there until its turn comes.
            lines.extend(self.lines[lines.len()..].iter().filter(|line| !matches!(line, DiffLine::New(_))).cloned());
            break;
        }
        lines
    }
}

/// Of what is the same, only the nearest line on each side stays.
fn close(lines: Vec<DiffLine>) -> Vec<DiffLine> {
    let changed = |line: Option<&DiffLine>| matches!(line, Some(DiffLine::Gone(_) | DiffLine::New(_)));
    let keep: Vec<bool> = (0..lines.len())
        .map(|at| {
            !matches!(lines[at], DiffLine::Same(_))
                || changed(at.checked_sub(1).and_then(|before| lines.get(before)))
                || changed(lines.get(at + 1))
        })
        .collect();
    let mut kept: Vec<DiffLine> = Vec::new();
    let mut gap = false;
    for (line, keep) in lines.into_iter().zip(keep) {
        if keep {
            let between = matches!(kept.last(), Some(DiffLine::Same(_) | DiffLine::New(_) | DiffLine::Gone(_)));
            if gap && between && matches!(line, DiffLine::Same(_)) {
                kept.push(DiffLine::Gap);
            }
            kept.push(line);
        }
        gap = !keep;
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    fn between(old: &str, new: &str) -> Difference {
        let files = |text: &str| BTreeMap::from([("a.yml".to_owned(), text.to_owned())]);
        Difference::between(&files(old), &files(new))
    }

    #[test]
    fn the_surroundings_are_one_line() {
        let difference = between("1\n2\n3\n4\n5\n6\n7\n", "1\n2\n3\nfour\n5\n6\n7\n");
        let same = |text: &str| DiffLine::Same(text.into());
        assert_eq!(
            difference.lines,
            [
                DiffLine::File("a.yml".into()),
                same("3"),
                DiffLine::Gone("4".into()),
                DiffLine::New("four".into()),
                same("5")
            ]
        );
    }

    #[test]
    fn a_new_file_has_its_name() {
        let difference = Difference::between(&BTreeMap::new(), &BTreeMap::from([("b".to_owned(), "x\n".to_owned())]));
        assert_eq!(difference.lines, [DiffLine::File("b".into()), DiffLine::New("x".into())]);
    }

    #[test]
    fn typing_begins_with_what_goes_and_ends_with_everything() {
        let difference = between("  old\nz\n", "  new line\nz\n");
        let begun = difference.typed(0);
        assert!(begun.contains(&DiffLine::Gone("  old".into())) && begun.contains(&DiffLine::New("  ▏".into())));
        assert!(begun.contains(&DiffLine::Same("z".into())));
        let half = difference.typed(difference.duration() / 2);
        assert!(
            half.iter().any(|line| matches!(line, DiffLine::New(text) if text.ends_with('▏') && text.contains("new"))),
            "{half:?}"
        );
        assert_eq!(difference.typed(difference.duration()), difference.lines);
        let long = between("", &"x".repeat(10_000));
        assert_eq!(long.duration(), LONGEST_MS);
    }
}
