//! What the files of a stack say, as named facts.

use std::collections::BTreeMap;

/// Facts read from a stack's files, and the files' texts.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Facts {
    /// Facts by name; one that cannot be read is absent.
    pub values: BTreeMap<String, String>,
    /// Text files by their path inside the stack.
    pub texts: BTreeMap<String, String>,
}
