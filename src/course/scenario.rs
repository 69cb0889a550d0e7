//! How a state of the stack is made: its files, and what else it takes to get there.

use std::collections::BTreeMap;

use super::{WrongTurn, stack::apply_all};
use crate::error::Result;

/// How a state of the stack is made.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Making {
    /// What runs before `files` are saved; where there is nothing, the stack is started from `files`.
    pub before: Option<BTreeMap<String, String>>,
    /// The files that are there in the end.
    pub files: BTreeMap<String, String>,
    /// Files that were saved beside a running stack are made live.
    pub live: bool,
    /// Only these services are started; all where none is named.
    pub start: Vec<String>,
    /// It is asked at once.
    pub at_once: bool,
    /// These services come back at another address.
    pub moved: Vec<String>,
}

impl Making {
    /// All of the stack, started from these files.
    pub fn plain(files: BTreeMap<String, String>) -> Self {
        Self { files, ..Self::default() }
    }

    /// A wrong turn, taken from these files.
    ///
    /// # Errors
    /// Usage: its edits do not apply there.
    pub fn of_turn(turn: &WrongTurn, from: &BTreeMap<String, String>) -> Result<Self> {
        let mut files = from.clone();
        apply_all(&turn.edits, &mut files)?;
        Ok(Self {
            before: (turn.saved_only || turn.while_running).then(|| from.clone()),
            files,
            live: turn.while_running,
            start: turn.start.clone(),
            at_once: turn.at_once,
            moved: turn.moved.clone(),
        })
    }

    /// The files that the stack is started from.
    pub fn first(&self) -> &BTreeMap<String, String> {
        self.before.as_ref().unwrap_or(&self.files)
    }

    /// Whether it takes no more than its files.
    pub fn is_plain(&self) -> bool {
        *self == Self::plain(self.files.clone())
    }
}
