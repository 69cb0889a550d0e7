//! What there is to say about the files of a stack: errors, warnings, refusals, each with its place.

use std::path::Path;

use super::{
    door::Door,
    model::{Asked, Build, Finding, PathRequest, Place, Severity},
    source_map::{SourceMap, Spot},
    unreadable::Unreadable,
};

/// More findings than this help nobody.
const MAX_FINDINGS: usize = 100;
/// Bytes that variables may put into all values together.
const MAX_GROWN: usize = 8 << 20;

/// What was found in the files.
#[derive(Debug)]
pub(super) struct Diagnostics {
    /// The texts that positions point into.
    pub files: SourceMap,
    /// By which files are read.
    pub door: Door,
    pub findings: Vec<Finding>,
    pub refused: Vec<Finding>,
    pub paths: Vec<PathRequest>,
    /// What a stranger's stack wants to build.
    pub builds: Vec<Build>,
    /// What the stack is run without, though it may need it.
    pub passed_over: Vec<Finding>,
    /// While a service is read that nobody starts: what it lacks is no fault then.
    pub asleep: bool,
    /// Errors in general words, told where no closer look finds better ones.
    general: Vec<Finding>,
    /// Bytes that variables have put into values so far.
    grown: usize,
}

impl Diagnostics {
    pub fn new(dir: &Path, door: Door) -> Self {
        Self {
            files: SourceMap::new(dir),
            door,
            findings: vec![],
            refused: vec![],
            paths: vec![],
            builds: vec![],
            passed_over: vec![],
            asleep: false,
            general: vec![],
            grown: 0,
        }
    }

    fn finding(&self, severity: Severity, spot: Spot, message: String, expected: String) -> Finding {
        Finding { severity, place: self.files.place(spot), line_text: self.files.line(spot), message, expected }
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

    /// Something that makes a service unusable that is to be started.
    pub fn lacking(&mut self, spot: Spot, message: impl Into<String>, expected: impl Into<String>) {
        if !self.asleep {
            self.error(spot, message, expected);
        }
    }

    /// A file that cannot be read, by its name. One outside the directory is no error: the path that asks for it is refused. A
    /// stranger's pipe or device is refused itself.
    pub fn unreadable(&mut self, spot: Spot, name: &str, why: Unreadable) {
        let message = format!("{name} {}", why.message);
        match why.outside {
            true => {}
            false if why.special && self.door.is_narrow() => self.refuse(spot, message, why.expected),
            false => self.error(spot, message, why.expected),
        }
    }

    /// The same, where only the place is known.
    pub fn error_at(&mut self, place: &Place, message: String, expected: String) {
        self.error(self.files.spot(place), message, expected);
    }

    /// The same in words that hold for any key: told only where nothing else makes the files unusable.
    pub fn general_error(&mut self, spot: Spot, message: impl Into<String>, expected: impl Into<String>) {
        if self.general.len() < MAX_FINDINGS {
            let finding = self.finding(Severity::Error, spot, message.into(), expected.into());
            if !self.general.contains(&finding) {
                self.general.push(finding);
            }
        }
    }

    /// Tells the errors in general words, unless closer ones were found.
    pub fn settle(&mut self) {
        let general = std::mem::take(&mut self.general);
        if !self.failed() {
            self.findings.extend(general);
        }
    }

    /// Something that is told and passed over.
    pub fn warn(&mut self, spot: Spot, message: impl Into<String>, expected: impl Into<String>) {
        self.push(Severity::Warning, spot, message.into(), expected.into());
    }

    /// The same, where the stack may need it.
    pub fn pass_over(&mut self, spot: Spot, message: impl Into<String>, expected: impl Into<String>) {
        let (message, expected) = (message.into(), expected.into());
        let finding = self.finding(Severity::Warning, spot, message.clone(), expected.clone());
        if self.passed_over.len() < MAX_FINDINGS && !self.passed_over.contains(&finding) {
            self.passed_over.push(finding);
        }
        self.warn(spot, message, expected);
    }

    /// Something that is not done for an untrusted stack.
    pub fn refuse(&mut self, spot: Spot, message: impl Into<String>, expected: impl Into<String>) {
        self.push(Severity::Refused, spot, message.into(), expected.into());
    }

    /// Notes a path of the host that the stack wants to use.
    pub fn ask(&mut self, asked: Asked, path: &Path, spot: Spot) {
        let (place, line_text) = (self.files.place(spot), self.files.line(spot));
        let request = PathRequest { asked, path: path.to_path_buf(), place, line_text };
        if !self.paths.contains(&request) {
            self.paths.push(request);
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_told_even_after_a_hundred_warnings() {
        let mut desk = Diagnostics::new(Path::new("/a"), Door::default());
        for line in 1..200 {
            desk.warn(Spot { line, ..Spot::default() }, "unset", "");
        }
        assert!(!desk.failed());
        desk.error(Spot::default(), "broken", "");
        assert!(desk.failed());
    }

    #[test]
    fn general_words_give_way_to_closer_ones() {
        let mut desk = Diagnostics::new(Path::new("/a"), Door::default());
        desk.general_error(Spot::default(), "of the wrong kind", "");
        assert!(!desk.failed());
        desk.error(Spot::default(), "broken", "");
        desk.settle();
        assert_eq!(desk.findings.len(), 1);
        let mut desk = Diagnostics::new(Path::new("/a"), Door::default());
        desk.general_error(Spot::default(), "of the wrong kind", "");
        desk.settle();
        assert!(desk.failed());
    }
}
