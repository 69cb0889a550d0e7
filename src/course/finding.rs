//! What there is to say about a course's files, and where it stands.

use std::{
    collections::BTreeMap,
    fmt,
    path::{Path, PathBuf},
};

use toml::de::{DeTable, DeValue};

use crate::{
    compose::{Place, Severity},
    error::Error,
};

/// Something to say about a course.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CourseFinding {
    /// Where it stands.
    pub place: Place,
    /// How much it matters: an error makes the course unusable or untrue, a warning is worth a look.
    pub severity: Severity,
    /// What is wrong, and what would be right.
    pub message: String,
}

impl fmt::Display for CourseFinding {
    /// `lessons/01-host-port.toml:12:3: error: …`, as editors and terminals link it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Place { file, line, column } = &self.place;
        let severity = if self.severity == Severity::Warning { "warning" } else { "error" };
        write!(f, "{}:{line}:{column}: {severity}: {}", file.display(), self.message)
    }
}

/// The findings as one error of the call: the first says what happened, the others follow.
pub(super) fn as_error(findings: &[CourseFinding]) -> Error {
    let told: Vec<String> =
        findings.iter().filter(|finding| finding.severity != Severity::Warning).map(ToString::to_string).collect();
    let mut error = Error::usage(match told.len() {
        1 => "the course cannot be used".to_owned(),
        several => format!("the course cannot be used: {several} mistakes"),
    });
    error.why = told;
    error.suggest("breakfix lint DIR says all that is wrong with a course")
}

/// The TOML texts that a course was read from, so that a mistake found later can still be told with its place.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Sources {
    /// Directory of the course, as it is told to people.
    pub root: PathBuf,
    /// By file name.
    pub texts: BTreeMap<String, String>,
}

impl Sources {
    /// Where the value at this dotted path (`checks.2.needs.0`) stands; its nearest parent's place where it is absent.
    pub fn place(&self, file: &str, path: &str) -> Place {
        let text = self.texts.get(file).map_or("", String::as_str);
        let (line, column) = position(text, offset_of(text, path));
        Place { file: self.root.join(file), line, column }
    }

    /// Where a line of the text at this path stands; the text itself where the line is written with escapes.
    pub fn place_of_line(&self, file: &str, path: &str, line: &str) -> Place {
        let text = self.texts.get(file).map_or("", String::as_str);
        let start = offset_of(text, path);
        let found = text.get(start..).and_then(|rest| rest.find(&format!("\n{line}\n")));
        let (line, column) = position(text, found.map_or(start, |at| start + at + 1));
        Place { file: self.root.join(file), line, column }
    }
}

/// Line and column, from 1, of a byte offset.
pub(super) fn position(text: &str, offset: usize) -> (usize, usize) {
    let before = text.get(..offset).unwrap_or(text);
    let start_of_line = before.rfind('\n').map_or(0, |newline| newline + 1);
    (before.matches('\n').count() + 1, before[start_of_line..].chars().count() + 1)
}

fn offset_of(text: &str, path: &str) -> usize {
    let Ok(table) = DeTable::parse(text) else { return 0 };
    let mut keys = path.split('.');
    let Some(mut value) = keys.next().and_then(|key| table.get_ref().get(key)) else { return 0 };
    for key in keys {
        let inner = match value.get_ref() {
            DeValue::Table(table) => table.get(key),
            DeValue::Array(array) => key.parse::<usize>().ok().and_then(|index| array.get(index)),
            _ => None,
        };
        match inner {
            Some(inner) => value = inner,
            None => break,
        }
    }
    value.span().start
}

/// A TOML error with its place.
pub(super) fn toml_finding(file: &Path, text: &str, error: &toml::de::Error) -> CourseFinding {
    let (line, column) = position(text, error.span().map_or(0, |span| span.start));
    CourseFinding {
        place: Place { file: file.to_owned(), line, column },
        severity: Severity::Error,
        message: error.message().to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_found_by_its_path_and_else_its_parent() {
        let text = "id = 'x'\n[[checks]]\nid = 'a'\n[[checks]]\nid = 'b'\nneeds = ['p',\n  'q']\n";
        let sources = Sources { root: "l".into(), texts: BTreeMap::from([("f".to_owned(), text.to_owned())]) };
        let at = |path: &str| {
            let place = sources.place("f", path);
            (place.line, place.column)
        };
        assert_eq!(at("id"), (1, 6));
        assert_eq!(at("checks.1.needs.1"), (7, 3));
        assert_eq!(at("checks.1.id"), (5, 6));
        assert_eq!(at("checks.1.label").0, 4);
        assert_eq!(at("nothing"), (1, 1));
    }
}
