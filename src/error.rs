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
    /// A time ran out: on a machine with less to do it may go otherwise.
    pub late: bool,
}

impl Error {
    /// A new error with this blame and sentence.
    pub fn new(blame: Blame, what: impl Into<String>) -> Self {
        Self { blame, what: what.into(), why: Vec::new(), try_next: Vec::new(), late: false }
    }

    /// A fault of the machine: engine, image, port, disk, network.
    pub fn environment(what: impl Into<String>) -> Self {
        Self::new(Blame::Environment, what)
    }

    /// A fault in the stack's own files or programs.
    pub fn stack(what: impl Into<String>) -> Self {
        Self::new(Blame::Stack, what)
    }

    /// Something of the stack that cannot be read: the stack's fault, unless the machine has not what reading takes.
    pub fn unreadable(what: impl Into<String>, error: std::io::Error) -> Self {
        let blame = if error.raw_os_error().is_some_and(is_machines) { Blame::Environment } else { Blame::Stack };
        Self::new(blame, what).because(error)
    }

    /// A fault in how the program was called.
    pub fn usage(what: impl Into<String>) -> Self {
        Self::new(Blame::Usage, what)
    }

    /// The work was ended on request.
    pub fn cancelled() -> Self {
        Self::new(Blame::Cancelled, "ended on request")
    }

    /// A time ran out.
    #[must_use]
    pub fn late(mut self) -> Self {
        self.late = true;
        self
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

    /// The same as the cause of something else.
    #[must_use]
    pub fn under(mut self, what: impl Into<String>) -> Self {
        self.why.insert(0, std::mem::replace(&mut self.what, what.into()));
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

    /// What happened and why, with this between the parts.
    pub fn told(&self, between: &str) -> String {
        std::iter::once(self.what.as_str()).chain(self.why.iter().map(String::as_str)).collect::<Vec<_>>().join(between)
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

/// Whether an error number of the system tells what a machine lacks (files, memory, room, a disk that answers), whatever file was meant.
fn is_machines(number: i32) -> bool {
    // EINTR, EIO, EAGAIN, ENOMEM, ENFILE, EMFILE, ENOSPC, ENOBUFS, ETIMEDOUT, ESTALE, EDQUOT; <https://man7.org/linux/man-pages/man3/errno.3.html>
    const LINUX: [i32; 11] = [4, 5, 11, 12, 23, 24, 28, 105, 110, 116, 122];
    LINUX.contains(&number)
}

/// Whether words that were made from an error of the system tell what the machine lacks: `… (os error 24)`.
pub(crate) fn tells_of_the_machine(words: &str) -> bool {
    let numbers = words.split("(os error ").skip(1).filter_map(|rest| rest.split(')').next()?.parse().ok());
    numbers.into_iter().any(is_machines)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_without_files_left_is_not_the_stacks_fault() {
        let full = std::io::Error::from_raw_os_error(24);
        assert!(tells_of_the_machine(&format!("Dockerfile cannot be read: {full}")));
        assert_eq!(Error::unreadable("x", full).blame, Blame::Environment);
        let denied = std::io::Error::from_raw_os_error(13);
        assert!(!tells_of_the_machine(&format!("Dockerfile cannot be read: {denied}")));
        assert_eq!(Error::unreadable("x", denied).blame, Blame::Stack);
        assert!(!tells_of_the_machine("no number (os error x"));
    }
}
