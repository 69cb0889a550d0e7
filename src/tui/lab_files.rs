//! The lab's files as the screen needs them. All of it blocks: the runtime calls it off the main task.

use std::{fs, path::Path};

use super::msg::LabTexts;
use crate::{
    course::{Course, Edit},
    error::{Error, Result},
    lab::Lab,
};

/// The lab's text files, and what differs from the start. Empty where there is no lab yet.
pub fn read_lab(dir: &Path, course: &Course) -> LabTexts {
    let Ok(lab) = Lab::open(dir) else { return LabTexts::default() };
    let diffs = lab.diff_from_start(course).unwrap_or_default();
    LabTexts {
        files: lab.texts().into_iter().collect(),
        diffs: diffs.into_iter().map(|diff| (diff.file.to_string_lossy().into_owned(), diff.diff)).collect(),
    }
}

/// One file, for the built-in editor.
///
/// # Errors
/// Environment: it cannot be read, or is no text.
pub fn read_file(dir: &Path, file: &str) -> Result<String> {
    fs::read_to_string(dir.join(file)).map_err(|error| Error::environment(format!("cannot read {file}")).because(error))
}

/// Writes one file, as a whole or not at all.
///
/// # Errors
/// Environment: it cannot be written.
pub fn save_file(dir: &Path, file: String, contents: String) -> Result<()> {
    Lab::open(dir)?.apply(&[Edit::Write { file, contents }]).map(|_| ())
}
