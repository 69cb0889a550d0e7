//! The one error of the house: what happened, why, and what to try.

use std::fmt;

/// Whose fault an error is. It decides the exit code, and that a fault of the machine is never told as the learner's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Blame {
    /// The engine, an image, a port, the disk, the network: exit code 3.
    Environment,
    /// The stack's own files or programs: exit code 1.
    Stack,
    /// How the program was called: exit code 2.
    Usage,
    /// Ended on request (`Esc`, Ctrl-C): nobody's fault.
    Cancelled,
}

/// `Result` with this crate's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What happened, why (the whole chain of causes, never dropped), and what to try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    /// Whose fault it is.
    pub blame: Blame,
    /// What happened, one sentence without a final full stop.
    pub what: String,
    /// The causes, outermost first.
    pub why: Vec<String>,
    /// What to type or do next, one entry per suggestion.
    pub try_next: Vec<String>,
}

impl Error {
    /// A new error with this blame and sentence.
    pub fn new(blame: Blame, what: impl Into<String>) -> Self {
        Self { blame, what: what.into(), why: Vec::new(), try_next: Vec::new() }
    }

    /// A fault of the machine: engine, image, port, disk, network.
    pub fn environment(what: impl Into<String>) -> Self {
        Self::new(Blame::Environment, what)
    }

    /// A fault in the stack's own files or programs.
    pub fn stack(what: impl Into<String>) -> Self {
        Self::new(Blame::Stack, what)
    }

    /// A fault in how the program was called.
    pub fn usage(what: impl Into<String>) -> Self {
        Self::new(Blame::Usage, what)
    }

    /// The work was ended on request.
    pub fn cancelled() -> Self {
        Self::new(Blame::Cancelled, "ended on request")
    }

    /// Adds a cause in words.
    #[must_use]
    pub fn why(mut self, why: impl Into<String>) -> Self {
        self.why.push(why.into());
        self
    }

    /// Adds an error as the cause, with its whole chain of sources.
    #[must_use]
    pub fn because(mut self, cause: impl std::error::Error) -> Self {
        let mut last = cause.to_string();
        self.why.push(last.clone());
        let mut source = cause.source();
        while let Some(cause) = source {
            let text = cause.to_string();
            // Many libraries print their source in their own message: say each thing once.
            if !last.contains(&text) {
                self.why.push(text.clone());
            }
            last = text;
            source = cause.source();
        }
        self
    }

    /// Adds a suggestion: a command to type or a thing to do.
    #[must_use]
    pub fn suggest(mut self, suggestion: impl Into<String>) -> Self {
        self.try_next.push(suggestion.into());
        self
    }

    /// Adds suggestions, in order.
    #[must_use]
    pub fn suggest_all(mut self, suggestions: impl IntoIterator<Item = String>) -> Self {
        self.try_next.extend(suggestions);
        self
    }

    /// The process exit code of the command-line contract: 1 stack, 2 usage, 3 environment, 130 cancelled.
    pub fn exit_code(&self) -> u8 {
        match self.blame {
            Blame::Stack => 1,
            Blame::Usage => 2,
            Blame::Environment => 3,
            Blame::Cancelled => 130,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)?;
        for why in &self.why {
            write!(f, "\n  because: {why}")?;
        }
        for suggestion in &self.try_next {
            write!(f, "\n  try: {suggestion}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Error {}
