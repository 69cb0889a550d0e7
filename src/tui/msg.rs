//! What comes in, and what goes out.

use std::collections::BTreeMap;

use crossterm::event::{KeyEvent, MouseEvent};

use crate::{
    conductor::{Action, Update},
    error::Error,
};

/// Something that happened. Everything that the model learns comes as one of these.
#[derive(Debug, Clone, PartialEq)]
pub enum Msg {
    /// A key.
    Key(KeyEvent),
    /// The mouse, where it was taken: wheel and clicks.
    Mouse(MouseEvent),
    /// Text pasted into the terminal.
    Paste(String),
    /// The terminal has another size: columns, rows.
    Resize(u16, u16),
    /// The conductor told these things, oldest first.
    Updates(Vec<Update>),
    /// By service, so many log lines came faster than they could be taken.
    Skipped(BTreeMap<String, u64>),
    /// Time passed while something on the screen moves.
    Tick,
    /// The lab's files were read.
    Lab(LabTexts),
    /// A file was read for the built-in editor.
    Opened {
        /// Path inside the lab.
        file: String,
        /// Its text, or why not.
        text: Result<String, Error>,
    },
    /// A file was written by the built-in editor.
    Saved {
        /// Path inside the lab.
        file: String,
        /// Whether it worked.
        result: Result<(), Error>,
    },
    /// A program that had the terminal has given it back.
    Returned(Result<(), Error>),
    /// Something to say in one line.
    Notice(String),
}

/// Something to do that the model cannot.
#[expect(clippy::large_enum_variant, reason = "a few effects a minute: a plain value is worth more than the bytes")]
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Ask the conductor.
    Conduct(Action),
    /// Read the lab's files, and their differences to the start; comes back as [`Msg::Lab`].
    ReadLab,
    /// Read one file; comes back as [`Msg::Opened`].
    ReadFile(String),
    /// Write one file; comes back as [`Msg::Saved`].
    SaveFile {
        /// Path inside the lab.
        file: String,
        /// All of its text.
        text: String,
    },
    /// Give the terminal to the learner's editor.
    OpenEditor(String),
    /// Give the terminal to a shell in this service's container.
    OpenShell(String),
    /// Give the terminal to `breakfix doctor --fix`.
    GetEngine,
    /// Give the terminal to `breakfix demo`, which plays the recorded course where no engine answers.
    PlayRecorded,
    /// Give the terminal to `breakfix practice`, with this course.
    Practise,
    /// Give the terminal to the tutorial of this course, and end with it.
    BeginCourse(String),
    /// Give the terminal to the pager, with this text.
    OpenPager(String),
    /// Put this text into the clipboard.
    Copy(String),
    /// Take the mouse, or leave it to the terminal.
    Mouse(bool),
    /// Stop until the shell's `fg`.
    Suspend,
    /// Draw every cell anew.
    Redraw,
    /// Leave.
    Exit,
}

/// The texts of a lab.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LabTexts {
    /// Path inside the lab and text of each file, sorted by path.
    pub files: Vec<(String, String)>,
    /// Path and unified diff of each file that is not as it was at the start.
    pub diffs: Vec<(String, String)>,
}
