//! What is known while a stack is read: the files' texts, and what there is to say about them.

use std::path::{Path, PathBuf};

use super::{
    model::{Asked, Finding, PathRequest, Place, Severity},
    yaml::{Node, Value},
};

/// More findings than this help nobody.
const MAX_FINDINGS: usize = 100;
/// Bytes that variables may put into all values together.
const MAX_GROWN: usize = 8 << 20;
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

/// The files, and what was found in them.
#[derive(Debug)]
pub(super) struct Desk {
    pub dir: PathBuf,
    /// The directory with all symbolic links followed.
    real_dir: PathBuf,
    pub sources: Vec<Source>,
    pub findings: Vec<Finding>,
    pub refused: Vec<Finding>,
    pub paths: Vec<PathRequest>,
    /// Bytes that variables have put into values so far.
    grown: usize,
}

impl Desk {
    pub fn new(dir: &Path) -> Self {
        let real_dir = dir.canonicalize().unwrap_or_else(|_| dir.to_path_buf());
        Self {
            dir: dir.to_path_buf(),
            real_dir,
            sources: vec![],
            findings: vec![],
            refused: vec![],
            paths: vec![],
            grown: 0,
        }
    }

    /// Takes a file in, and gives the position that stands for the whole of it.
    pub fn add_source(&mut self, path: &Path, base: &Path, text: String) -> Spot {
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

    fn finding(&self, severity: Severity, spot: Spot, message: String, expected: String) -> Finding {
        Finding { severity, place: self.place(spot), line_text: self.line(spot), message, expected }
    }

    fn push(&mut self, severity: Severity, spot: Spot, message: String, expected: String) {
        let told = if severity == Severity::Refused { self.refused.len() } else { self.findings.len() };
        // An error is never lost behind a hundred warnings.
        if told >= MAX_FINDINGS && (severity != Severity::Error || self.failed()) {
            return;
        }
        let finding = self.finding(severity, spot, message, expected);
        let list = if severity == Severity::Refused { &mut self.refused } else { &mut self.findings };
        // An anchor's node is judged wherever it is used: say it once.
        if !list.contains(&finding) {
            list.push(finding);
        }
    }

    /// Something that makes the file unusable.
    pub fn error(&mut self, spot: Spot, message: impl Into<String>, expected: impl Into<String>) {
        self.push(Severity::Error, spot, message.into(), expected.into());
    }

    /// The same, where only the place is known.
    pub fn error_at(&mut self, place: &Place, message: String, expected: String) {
        let file = self.sources.iter().rposition(|source| source.shown == place.file).unwrap_or_default();
        let small = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        self.error(Spot { file: small(file), line: small(place.line), column: small(place.column) }, message, expected);
    }

    /// Something that is told and passed over.
    pub fn warn(&mut self, spot: Spot, message: impl Into<String>, expected: impl Into<String>) {
        self.push(Severity::Warning, spot, message.into(), expected.into());
    }

    /// Something that is not done for an untrusted stack.
    pub fn refuse(&mut self, spot: Spot, message: impl Into<String>, expected: impl Into<String>) {
        self.push(Severity::Refused, spot, message.into(), expected.into());
    }

    /// Notes a path of the host that the stack wants to use.
    pub fn ask(&mut self, asked: Asked, path: &Path, spot: Spot) {
        let request =
            PathRequest { asked, path: path.to_path_buf(), place: self.place(spot), line_text: self.line(spot) };
        if !self.paths.contains(&request) {
            self.paths.push(request);
        }
    }

    /// `name` holds something of the wrong kind.
    pub fn wrong_kind(&mut self, node: &Node, name: &str, wanted: &str, example: &str) {
        let message = format!("{} is {}, not {wanted}", named(name), node.kind());
        let expected = if example.is_empty() { format!("expected {wanted}") } else { format!("write {example}") };
        let spot = match &node.value {
            // The first entry is what has the wrong shape; the collection itself has no mark of its own.
            Value::Map(entries) => entries.first().map_or(node.spot, |entry| entry.spot),
            _ => node.spot,
        };
        self.error(spot, message, expected);
    }

    /// Counts what variables put into a value; past all measure it is an error.
    pub fn grown(&mut self, spot: Spot, bytes: usize) {
        let before = self.outgrown();
        self.grown = self.grown.saturating_add(bytes);
        if self.outgrown() && !before {
            self.error(spot, "the variables unfold to more than 8 MiB", "shorter values, or fewer of them");
        }
    }

    /// True when the variables have put more into the values than they may.
    pub fn outgrown(&self) -> bool {
        self.grown > MAX_GROWN
    }

    /// True when no further warning would be told.
    pub fn warned_enough(&self) -> bool {
        self.findings.len() >= MAX_FINDINGS
    }

    /// True when nothing more would be told.
    pub fn told_enough(&self) -> bool {
        self.warned_enough() && self.failed()
    }

    /// True when something makes the files unusable.
    pub fn failed(&self) -> bool {
        self.findings.iter().any(|finding| finding.severity == Severity::Error)
    }
}

/// A key in backticks; words that describe something as they are.
pub(super) fn named(name: &str) -> String {
    if name.contains([' ', '`']) { name.to_string() } else { format!("`{name}`") }
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

/// Joins a path to a directory and takes out `.` and `..`, without asking the disk.
pub(super) fn absolute(base: &Path, path: &str) -> PathBuf {
    let mut out = PathBuf::new();
    for part in base.join(path).components() {
        match part {
            std::path::Component::CurDir => {}
            std::path::Component::ParentDir => {
                out.pop();
            }
            other => out.push(other),
        }
    }
    out
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
    fn an_error_is_told_even_after_a_hundred_warnings() {
        let mut desk = Desk::new(Path::new("/a"));
        for line in 1..200 {
            desk.warn(Spot { line, ..Spot::default() }, "unset", "");
        }
        assert!(!desk.failed());
        desk.error(Spot::default(), "broken", "");
        assert!(desk.failed());
    }

    #[test]
    fn a_line_is_found_at_any_kind_of_line_break() {
        let mut desk = Desk::new(Path::new("/a"));
        let whole = desk.add_source(Path::new("/a/b"), Path::new("/a"), "one\r\n\rthree\nfour".into());
        let line = |line| desk.line(Spot { line, column: 1, ..whole });
        assert_eq!([line(0), line(1), line(2), line(3), line(4), line(5)], ["", "one", "", "three", "four", ""]);
        assert_eq!(desk.spot_of(Spot { line: 3, column: 2, ..whole }, "e").column, 4);
        assert_eq!(desk.spot_of(Spot { line: 3, column: 2, ..whole }, "x").column, 2);
    }

    #[test]
    fn dots_are_taken_out_of_paths() {
        assert_eq!(absolute(Path::new("/a/b"), "./c/../d"), Path::new("/a/b/d"));
        assert_eq!(absolute(Path::new("/a/b"), "../../../x"), Path::new("/x"));
        assert_eq!(absolute(Path::new("/a/b"), "/etc"), Path::new("/etc"));
    }
}
