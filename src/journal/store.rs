//! The journal's file: append-only, one JSON object a line, written per event, tolerant of a torn last line.

use std::{
    fs::{File, OpenOptions},
    io::{Read, Write},
    path::{Path, PathBuf},
    time::{SystemTime, UNIX_EPOCH},
};

use super::{Entry, Event};
use crate::error::{Error, Result};

/// The journal of one lab, `journal.jsonl` in the lab's state directory.
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    file: File,
    entries: Vec<Entry>,
    skipped: usize,
}

impl Journal {
    /// Opens the journal, making it when there is none, and reads what it holds. Lines that are no entries (a torn last line,
    /// an event of a newer version) are kept in the file and passed over.
    ///
    /// # Errors
    /// Environment: the file can't be read or written.
    pub fn open(state_dir: &Path) -> Result<Self> {
        let path = state_dir.join("journal.jsonl");
        let failed = |cause: std::io::Error| {
            Error::environment(format!("the journal {} can't be opened", path.display()))
                .because(cause)
                .suggest("check that the directory exists and that you may write to it")
        };
        std::fs::create_dir_all(state_dir).map_err(failed)?;
        let mut file = OpenOptions::new().read(true).append(true).create(true).open(&path).map_err(failed)?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(failed)?;
        let (entries, skipped) = parse(&bytes);
        if bytes.last().is_some_and(|last| *last != b'\n') {
            // The last writer died in the middle of a line: end it, so that the next entry starts on its own.
            file.write_all(b"\n").map_err(failed)?;
        }
        Ok(Self { path, file, entries, skipped })
    }

    /// Reads a journal without opening it for writing.
    ///
    /// # Errors
    /// Environment: the file can't be read.
    pub fn read(path: &Path) -> Result<Vec<Entry>> {
        let bytes = std::fs::read(path).map_err(|cause| {
            Error::environment(format!("the journal {} can't be read", path.display())).because(cause)
        })?;
        Ok(parse(&bytes).0)
    }

    /// Appends an event, stamped with the time, and returns the entry.
    ///
    /// # Errors
    /// Environment: the disk is full or the file can't be written.
    pub fn append(&mut self, event: Event) -> Result<Entry> {
        let entry = Entry { at: now_ms(), event };
        let failed = |why: String| {
            Error::environment(format!("nothing can be added to the journal {}", self.path.display()))
                .why(why)
                .suggest("free some disk space; what happened until now is safe")
        };
        let mut line = serde_json::to_string(&entry).map_err(|cause| failed(cause.to_string()))?;
        line.push('\n');
        self.file.write_all(line.as_bytes()).map_err(|cause| failed(cause.to_string()))?;
        self.entries.push(entry.clone());
        Ok(entry)
    }

    /// All entries, oldest first.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Lines that were passed over when the file was read.
    pub fn skipped(&self) -> usize {
        self.skipped
    }
}

/// Now, in milliseconds since the Unix epoch.
pub fn now_ms() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}

fn parse(bytes: &[u8]) -> (Vec<Entry>, usize) {
    let mut skipped = 0;
    let entries = bytes
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty())
        .filter_map(|line| {
            let entry = serde_json::from_slice(line).ok();
            skipped += usize::from(entry.is_none());
            entry
        })
        .collect();
    (entries, skipped)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn note(text: &str) -> Event {
        Event::Noted { lesson: "host-port".into(), text: text.into() }
    }

    #[test]
    fn what_is_appended_is_read_back() {
        let dir = tempfile::tempdir().unwrap();
        let mut journal = Journal::open(dir.path()).unwrap();
        journal.append(Event::LabMade { course: "c".into(), version: "1".into() }).unwrap();
        journal.append(note("line\nbreak")).unwrap();
        let again = Journal::open(dir.path()).unwrap();
        assert_eq!(again.entries(), journal.entries());
        assert_eq!(again.entries().len(), 2);
        assert_eq!(again.skipped(), 0);
    }

    #[test]
    fn a_line_torn_anywhere_costs_only_itself() {
        let dir = tempfile::tempdir().unwrap();
        let mut journal = Journal::open(dir.path()).unwrap();
        journal.append(note("first")).unwrap();
        journal.append(note("torn")).unwrap();
        let path = dir.path().join("journal.jsonl");
        let whole = std::fs::read(&path).unwrap();
        let first = whole.iter().position(|byte| *byte == b'\n').unwrap() + 1;
        for cut in first..whole.len() - 1 {
            std::fs::write(&path, &whole[..cut]).unwrap();
            let mut torn = Journal::open(dir.path()).unwrap();
            assert_eq!(torn.entries().len(), 1, "cut at {cut}");
            torn.append(note("after")).unwrap();
            let texts: Vec<_> = Journal::read(&path).unwrap().into_iter().map(|entry| entry.event).collect();
            assert_eq!(texts, [note("first"), note("after")], "cut at {cut}");
        }
    }

    #[test]
    fn an_event_of_a_newer_version_is_passed_over_and_kept() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("journal.jsonl");
        std::fs::write(&path, "{\"at\":1,\"event\":\"from-the-future\",\"x\":1}\n").unwrap();
        let mut journal = Journal::open(dir.path()).unwrap();
        assert_eq!((journal.entries().len(), journal.skipped()), (0, 1));
        journal.append(note("now")).unwrap();
        assert!(std::fs::read_to_string(&path).unwrap().starts_with("{\"at\":1,\"event\":\"from-the-future\""));
    }
}
