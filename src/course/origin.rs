//! Where a course comes from.

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::error::{Error, Result};

/// What a packed course's file name ends with.
pub(super) const PACKED: &str = ".tar.gz";
/// The course that is meant where none is named.
pub(super) const DEFAULT: &str = "systems-puzzle";

/// Where a course comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// The program holds it, under this id.
    BuiltIn(String),
    /// A directory.
    Directory(PathBuf),
    /// A file, packed by `tar czf`.
    Archive(PathBuf),
}

impl Default for Origin {
    /// The course that is meant where none is named.
    fn default() -> Self {
        Self::BuiltIn(DEFAULT.to_owned())
    }
}

impl Origin {
    /// The directory or file; none for a course that the program holds.
    pub fn path(&self) -> Option<&Path> {
        match self {
            Self::BuiltIn(_) => None,
            Self::Directory(path) | Self::Archive(path) => Some(path),
        }
    }

    /// What is at this path.
    ///
    /// # Errors
    /// Usage: nothing is, or something that is no course.
    pub fn at(path: &Path) -> Result<Self> {
        let here = fs::canonicalize(path)
            .map_err(|error| Error::usage(format!("there is no course at {}", path.display())).because(error))?;
        if here.is_dir() {
            Ok(Self::Directory(here))
        } else if is_packed(&here) {
            Ok(Self::Archive(here))
        } else {
            Err(Error::usage(format!("{} is no course", path.display()))
                .why(format!("a course is a directory, or a file whose name ends with {PACKED}")))
        }
    }
}

/// Whether a file is called as a packed course is.
pub(super) fn is_packed(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.to_string_lossy().ends_with(PACKED))
}
