//! Why a file of a stack cannot be read.

/// Why a file cannot be read: words that follow its name, and what was expected.
#[derive(Debug)]
pub(super) struct Unreadable {
    pub message: String,
    pub expected: String,
    /// Line and column of the first bad byte, where there is one.
    pub at: Option<(u32, u32)>,
    /// It lies outside the directory, which is told elsewhere.
    pub outside: bool,
    /// It is a pipe, a socket or a device.
    pub special: bool,
}

impl Unreadable {
    pub fn new(message: impl Into<String>, expected: &str) -> Self {
        Self { message: message.into(), expected: expected.into(), at: None, outside: false, special: false }
    }
}
