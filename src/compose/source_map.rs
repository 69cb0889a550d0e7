//! The texts of the files that a stack is read from, and the positions in them.

use std::path::{Path, PathBuf};

use super::model::Place;
pub(super) use super::paths::absolute;

/// A line is kept up to this many characters.
const MAX_LINE: usize = 1_000;

/// A position: which file, line and column from 1 (0 for the file as a whole).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub(super) struct Spot {
    pub file: u32,
    pub line: u32,
    pub column: u32,
}

/// One file that was read.
#[derive(Debug)]
pub(super) struct Source {
    /// As people know it: relative to the stack's directory where it lies inside.
    pub shown: PathBuf,
    /// The directory that its relative paths start from.
    pub base: PathBuf,
    /// Its text; empty for a file whose lines are nobody's business.
    text: String,
    /// Where its lines start and end in the text.
    lines: Vec<(usize, usize)>,
}

/// The files that were read, by their number.
#[derive(Debug)]
pub(super) struct SourceMap {
    /// The stack's directory.
    pub dir: PathBuf,
    /// The directory with all symbolic links followed.
    real_dir: PathBuf,
    sources: Vec<Source>,
}

impl SourceMap {
    /// No files yet, of a stack in this directory.
    pub fn new(dir: &Path) -> Self {
        let real_dir = dir.canonicalize().unwrap_or_else(|_| dir.to_path_buf());
        Self { dir: dir.to_path_buf(), real_dir, sources: vec![] }
    }

    /// Takes a file in, and gives the position that stands for the whole of it.
    pub fn add(&mut self, path: &Path, base: &Path, text: String) -> Spot {
        let shown = match path.strip_prefix(&self.dir) {
            Ok(inner) if inner.as_os_str().is_empty() => PathBuf::from("."),
            Ok(inner) => inner.to_path_buf(),
            Err(_) => path.to_path_buf(),
        };
        // What stands in a file elsewhere on the machine is not shown: the stack may be a stranger's.
        let inside = path.canonicalize().map_or(path.starts_with(&self.dir), |real| real.starts_with(&self.real_dir));
        let text = if inside { text } else { String::new() };
        let start = |line: &str| line.as_ptr().addr() - text.as_ptr().addr();
        let lines = lines(&text).map(|line| (start(line), start(line) + line.len())).collect();
        self.sources.push(Source { shown, base: base.to_path_buf(), text, lines });
        Spot { file: u32::try_from(self.sources.len() - 1).unwrap_or(u32::MAX), line: 0, column: 0 }
    }

    fn source(&self, spot: Spot) -> Option<&Source> {
        self.sources.get(spot.file as usize)
    }

    /// The position as people read it.
    pub fn place(&self, spot: Spot) -> Place {
        let file = self.source(spot).map(|source| source.shown.clone()).unwrap_or_default();
        Place { file, line: spot.line as usize, column: spot.column as usize }
    }

    /// The position that people read like this.
    pub fn spot(&self, place: &Place) -> Spot {
        let file = self.sources.iter().rposition(|source| source.shown == place.file).unwrap_or_default();
        let small = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        Spot { file: small(file), line: small(place.line), column: small(place.column) }
    }

    /// The line at a position, without its line break.
    pub fn line(&self, spot: Spot) -> String {
        let Some(source) = self.source(spot) else { return String::new() };
        let line = (spot.line as usize).checked_sub(1).and_then(|index| source.lines.get(index));
        let line = line.map(|(start, end)| &source.text[*start..*end]);
        line.unwrap_or_default().chars().take(MAX_LINE).collect()
    }

    /// The directory that relative paths at this position start from.
    pub fn base(&self, spot: Spot) -> PathBuf {
        self.source(spot).map_or_else(|| self.dir.clone(), |source| source.base.clone())
    }

    /// The place of a word on the line of a position, at or after it; the position itself when it is not there.
    pub fn spot_of(&self, spot: Spot, word: &str) -> Spot {
        let line = self.line(spot);
        let skipped: usize = line.chars().take((spot.column as usize).saturating_sub(1)).map(char::len_utf8).sum();
        match line[skipped..].find(word) {
            Some(at) if !word.is_empty() => {
                let before = line[skipped..skipped + at].chars().count();
                Spot { column: spot.column.max(1) + u32::try_from(before).unwrap_or(0), ..spot }
            }
            _ => spot,
        }
    }
}

/// The lines of a text, as YAML counts them: ended by a line feed, a carriage return or both.
pub(super) fn lines(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let text = rest?;
        match text.find(['\n', '\r']) {
            Some(at) => {
                let ended = if text[at..].starts_with("\r\n") { at + 2 } else { at + 1 };
                rest = Some(&text[ended..]);
                Some(&text[..at])
            }
            None => {
                rest = None;
                Some(text)
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_end_as_yaml_ends_them() {
        assert_eq!(lines("a\r\nb\rc\n\nd").collect::<Vec<_>>(), ["a", "b", "c", "", "d"]);
        assert_eq!(lines("").collect::<Vec<_>>(), [""]);
    }

    #[test]
    fn a_line_is_found_at_any_kind_of_line_break() {
        let mut files = SourceMap::new(Path::new("/a"));
        let whole = files.add(Path::new("/a/b"), Path::new("/a"), "one\r\n\rthree\nfour".into());
        let line = |line| files.line(Spot { line, column: 1, ..whole });
        assert_eq!([line(0), line(1), line(2), line(3), line(4), line(5)], ["", "one", "", "three", "four", ""]);
        assert_eq!(files.spot_of(Spot { line: 3, column: 2, ..whole }, "e").column, 4);
        assert_eq!(files.spot_of(Spot { line: 3, column: 2, ..whole }, "x").column, 2);
    }
}
