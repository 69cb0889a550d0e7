//! An edit of a lab's file, as lessons write it.

use serde::{Deserialize, Serialize};

/// One edit of one file. Exactly one of the ways below is used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged, deny_unknown_fields)]
pub enum Edit {
    /// Replaces the one place where `replace` stands by `with`. Standing nowhere, or twice, is an error.
    Replace {
        /// Path inside the stack, with forward slashes.
        file: String,
        /// The text to replace, exactly once in the file.
        replace: String,
        /// What comes in its place.
        with: String,
    },
    /// Writes a whole file, new or not.
    Write {
        /// Path inside the stack, with forward slashes.
        file: String,
        /// All of its text.
        contents: String,
    },
    /// Removes a file.
    Delete {
        /// Path inside the stack, with forward slashes.
        delete: String,
    },
}

impl Edit {
    /// The file that it touches.
    pub fn file(&self) -> &str {
        match self {
            Self::Replace { file, .. } | Self::Write { file, .. } => file,
            Self::Delete { delete } => delete,
        }
    }
}
