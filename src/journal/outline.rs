//! A journal read entry by entry, for whoever reads a thousand of them: nothing is held, and what a verification saw, which is nine
//! tenths of a journal, is passed over.

use std::{
    borrow::Cow,
    fs::File,
    io::{BufRead, BufReader, Read, Seek, SeekFrom},
    path::Path,
};

use serde::Deserialize;

use super::{Entry, Event};
use crate::{
    diagnosis::Report,
    error::{Error, Result},
    probe::Survey,
};

/// Bytes that one line may have; a longer one is passed over.
const MOST_LINE: u64 = 16 << 20;

/// How far a journal was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Outline {
    /// Where its whole lines end, in bytes: from there on it can be read later.
    pub read_to: u64,
    /// Lines that are no entries.
    pub skipped: usize,
}

/// A verification without what it saw.
#[derive(Deserialize)]
struct Verified<'a> {
    at: u64,
    #[serde(borrow)]
    event: Cow<'a, str>,
    lesson: String,
    report: Report,
}

/// Hands on each entry of a journal that begins at `from`, in bytes. [`Event::Verified`] comes with an empty survey. A last line that
/// is not at its end yet is left for the next time.
///
/// # Errors
/// Environment: the file can't be read.
pub fn outline(path: &Path, from: u64, mut each: impl FnMut(&Entry)) -> Result<Outline> {
    let failed = |cause: std::io::Error| {
        Error::environment(format!("the journal {} can't be read", path.display())).because(cause)
    };
    let mut file = File::open(path).map_err(failed)?;
    file.seek(SeekFrom::Start(from)).map_err(failed)?;
    let mut reader = BufReader::with_capacity(64 << 10, file);
    let (mut line, mut outline) = (Vec::new(), Outline { read_to: from, skipped: 0 });
    loop {
        line.clear();
        let read = reader.by_ref().take(MOST_LINE).read_until(b'\n', &mut line).map_err(failed)?;
        if line.last() == Some(&b'\n') {
            outline.read_to += read as u64;
        } else if (read as u64) < MOST_LINE {
            return Ok(outline);
        } else {
            let Some(rest) = skip_line(&mut reader).map_err(failed)? else { return Ok(outline) };
            outline.read_to += read as u64 + rest;
            line.clear();
            outline.skipped += 1;
        }
        if line.trim_ascii().is_empty() {
            continue;
        }
        match entry(&line) {
            Some(entry) => each(&entry),
            None => outline.skipped += 1,
        }
        line.shrink_to(1 << 20);
    }
}

/// Passes over the rest of a line: its bytes, with the end; `None` where there is no end yet.
fn skip_line(reader: &mut impl BufRead) -> std::io::Result<Option<u64>> {
    let mut passed = 0;
    loop {
        let bytes = reader.fill_buf()?;
        if bytes.is_empty() {
            return Ok(None);
        }
        let end = bytes.iter().position(|byte| *byte == b'\n');
        let length = end.map_or(bytes.len(), |end| end + 1);
        reader.consume(length);
        passed += length as u64;
        if end.is_some() {
            return Ok(Some(passed));
        }
    }
}

fn entry(line: &[u8]) -> Option<Entry> {
    match serde_json::from_slice::<Verified<'_>>(line) {
        Ok(Verified { at, event, lesson, report }) if event == "verified" => {
            Some(Entry { at, event: Event::Verified { lesson, report, survey: Survey::default() } })
        }
        _ => serde_json::from_slice(line).ok(),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;
    use crate::journal::Journal;

    fn read(path: &Path, from: u64) -> (Vec<Entry>, Outline) {
        let mut entries = Vec::new();
        let outline = outline(path, from, |entry| entries.push(entry.clone())).unwrap();
        (entries, outline)
    }

    #[test]
    fn it_tells_what_the_journal_tells_but_what_was_seen() {
        let dir = tempfile::tempdir().unwrap();
        let mut journal = Journal::open(dir.path()).unwrap();
        let survey = Survey { seconds: 2.5, ..Survey::default() };
        let report = Report { first_broken_hop: Some("browser-nginx".into()), ..Report::default() };
        journal.append(Event::LessonOpened { lesson: "host-port".into() }).unwrap();
        journal.append(Event::Verified { lesson: "host-port".into(), report: report.clone(), survey }).unwrap();
        journal.append(Event::SessionEnded).unwrap();
        let path = dir.path().join("journal.jsonl");
        std::fs::OpenOptions::new().append(true).open(&path).unwrap().write_all(b"no entry\n{\"at\":1,\"ev").unwrap();
        let (entries, told) = read(&path, 0);
        let mut expected = journal.entries().to_vec();
        expected[1].event = Event::Verified { lesson: "host-port".into(), report, survey: Survey::default() };
        assert_eq!(entries, expected);
        assert_eq!(told.skipped, 1);

        // What is written on is read on, from where the whole lines ended.
        std::fs::OpenOptions::new().append(true).open(&path).unwrap().write_all(b"ent\":\"session-ended\"}\n").unwrap();
        let (entries, told) = read(&path, told.read_to);
        assert_eq!(entries, [Entry { at: 1, event: Event::SessionEnded }]);
        assert_eq!(told.read_to, path.metadata().unwrap().len());
    }

    #[test]
    fn a_line_without_end_is_not_held() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("journal.jsonl");
        let mut text = vec![b'x'; usize::try_from(MOST_LINE).unwrap() + 100];
        text.extend(b"\n{\"at\":1,\"event\":\"session-ended\"}\n");
        std::fs::write(&path, &text).unwrap();
        let (entries, told) = read(&path, 0);
        assert_eq!((entries.len(), told.skipped, told.read_to), (1, 1, text.len() as u64));
    }
}
