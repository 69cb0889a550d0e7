//! Verdicts on disk: written when they are there, and read again by `check --resume` and `merge`.

use std::{
    collections::BTreeMap,
    fs::{self, File, OpenOptions},
    io::{Read, Write},
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::formats::Record;
use crate::{
    diagnosis::Verdict,
    error::{Error, Result},
};

/// Files of a directory beyond which it has no fingerprint, and is graded anew each time.
const MOST_FILES: usize = 20_000;
/// Bytes of a directory, likewise.
const MOST_BYTES: u64 = 256 << 20;

/// The first line of a part's `jsonl`: what belongs to the whole, so that what is missing can be told.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Head {
    /// Which part this is, from 1, and of how many.
    pub shard: (usize, usize),
    /// All directories, of all parts.
    pub directories: Vec<String>,
}

/// What a line of `jsonl` is.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Line {
    Verdict(Box<Record>),
    Head(Head),
}

/// The object of `--format json`.
#[derive(Debug, Deserialize)]
struct Object {
    submissions: Vec<Record>,
}

/// What a file of verdicts holds.
#[derive(Debug, Default)]
pub struct Verdicts {
    /// The verdicts, in the file's order.
    pub records: Vec<Record>,
    /// Its first line, where it is a part's.
    pub head: Option<Head>,
    /// Lines that are no verdicts, by number. A last line that was cut off is not among them.
    pub odd: Vec<usize>,
}

/// Reads verdicts as `jsonl`, or as one JSON object.
///
/// # Errors
/// Environment: the file cannot be read.
pub fn read(file: &Path) -> Result<Verdicts> {
    let text = fs::read(file)
        .map_err(|cause| Error::environment(format!("{} cannot be read", file.display())).because(cause))?;
    let text = String::from_utf8_lossy(&text);
    if let Ok(Object { submissions }) = serde_json::from_str(&text) {
        return Ok(Verdicts { records: submissions, ..Verdicts::default() });
    }
    let mut verdicts = Verdicts::default();
    for (at, line) in text.split_inclusive('\n').enumerate() {
        match serde_json::from_str(line) {
            Ok(Line::Verdict(record)) => verdicts.records.push(*record),
            Ok(Line::Head(head)) => verdicts.head = Some(head),
            Err(_) if line.ends_with('\n') && !line.trim().is_empty() => verdicts.odd.push(at + 1),
            Err(_) => {}
        }
    }
    Ok(verdicts)
}

/// Verdicts that were found by an earlier run, by the directory's fingerprint. What could not be told is not among them.
#[derive(Debug, Default)]
pub struct Known(BTreeMap<(String, String), Record>);

impl Known {
    /// Takes in what a file holds; one that is not there holds nothing.
    ///
    /// # Errors
    /// Environment: it cannot be read.
    pub fn add(&mut self, file: &Path) -> Result<()> {
        if !file.exists() {
            return Ok(());
        }
        for record in read(file)?.records {
            if let (Some(fingerprint), true) = (&record.fingerprint, record.verdict != Verdict::Unknown) {
                self.0.insert((record.dir.clone(), fingerprint.clone()), record);
            }
        }
        Ok(())
    }

    /// Takes in what a directory of `--out` holds.
    ///
    /// # Errors
    /// Environment: it, or a file in it, cannot be read.
    pub fn add_all(&mut self, dir: &Path) -> Result<()> {
        let Ok(entries) = fs::read_dir(dir) else { return Ok(()) };
        for path in
            entries.flatten().map(|entry| entry.path()).filter(|path| path.extension().is_some_and(|e| e == "json"))
        {
            self.add(&path)?;
        }
        Ok(())
    }

    /// The verdict on the very same directory.
    pub fn of(&self, dir: &Path, fingerprint: Option<&str>) -> Option<&Record> {
        self.0.get(&(dir.display().to_string(), fingerprint?.to_owned()))
    }
}

/// One hash over all that a directory holds and `asked`, how it is judged; `None` where there is more than one would want to read
/// twice, or something cannot be read.
pub fn fingerprint(dir: &Path, asked: &str) -> Option<String> {
    let mut hash = Sha256::new();
    let mut add = |part: &[u8]| {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    };
    add(env!("CARGO_PKG_VERSION").as_bytes());
    add(asked.as_bytes());
    let (mut files, mut bytes) = (0, 0);
    let mut open = vec![dir.to_owned()];
    while let Some(here) = open.pop() {
        let mut entries: Vec<_> = fs::read_dir(&here).ok()?.collect::<std::io::Result<_>>().ok()?;
        entries.sort_by_key(fs::DirEntry::file_name);
        for entry in entries {
            files += 1;
            let kind = entry.file_type().ok()?;
            add(entry.path().strip_prefix(dir).ok()?.as_os_str().as_encoded_bytes());
            if kind.is_dir() {
                // What git keeps of the past is not started.
                if entry.file_name() != ".git" {
                    open.push(entry.path());
                }
            } else if kind.is_symlink() {
                add(fs::read_link(entry.path()).ok()?.as_os_str().as_encoded_bytes());
            } else if kind.is_file() {
                bytes += entry.metadata().ok()?.len();
                if files > MOST_FILES || bytes > MOST_BYTES {
                    return None;
                }
                let mut content = Vec::new();
                File::open(entry.path()).ok()?.take(MOST_BYTES).read_to_end(&mut content).ok()?;
                add(&content);
            } else {
                add(b"neither file nor directory");
            }
        }
    }
    Some(hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}

/// Writes a verdict to its own file in a directory: whole or not at all.
///
/// # Errors
/// Environment: it cannot be written.
pub fn write_own(out: &Path, record: &Record, text: &str) -> Result<()> {
    let path = out.join(file_name(&record.dir));
    let failed = |cause: std::io::Error| {
        Error::environment(format!("the verdict on {} cannot be written", record.dir))
            .because(cause)
            .suggest("free some room there, then the same command with --resume")
    };
    let mut file = tempfile::NamedTempFile::new_in(out).map_err(failed)?;
    file.write_all(text.as_bytes()).map_err(failed)?;
    file.persist(&path).map(drop).map_err(|error| failed(error.error))
}

/// A file name that tells the directory, and is no other's.
fn file_name(dir: &str) -> String {
    let plain: String =
        dir.chars().map(|c| if c.is_ascii_alphanumeric() || c == '.' || c == '-' { c } else { '_' }).collect();
    let tail: String =
        plain.trim_matches(['.', '_']).chars().rev().take(80).collect::<Vec<_>>().into_iter().rev().collect();
    let hash: String = Sha256::digest(dir).iter().take(4).map(|byte| format!("{byte:02x}")).collect();
    format!("{tail}-{hash}.json")
}

/// A `jsonl` file that grows by a line for each verdict.
#[derive(Debug)]
pub struct Lines {
    file: File,
    path: PathBuf,
}

impl Lines {
    /// Begins the file anew with what is known already.
    ///
    /// # Errors
    /// Environment: it cannot be written.
    pub fn begin(path: &Path, known: &str) -> Result<Self> {
        let failed =
            |cause: std::io::Error| Error::environment(format!("{} cannot be written", path.display())).because(cause);
        let dir = path.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let mut fresh = tempfile::NamedTempFile::new_in(dir).map_err(failed)?;
        fresh.write_all(known.as_bytes()).map_err(failed)?;
        fresh.persist(path).map_err(|error| failed(error.error))?;
        let file = OpenOptions::new().append(true).open(path).map_err(failed)?;
        Ok(Self { file, path: path.to_owned() })
    }

    /// Adds a line, with its end.
    ///
    /// # Errors
    /// Environment: it cannot be written.
    pub fn add(&mut self, line: &str) -> Result<()> {
        self.file
            .write_all(line.as_bytes())
            .map_err(|cause| Error::environment(format!("{} cannot be written", self.path.display())).because(cause))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(dir: &str, verdict: &str, fingerprint: &str) -> String {
        format!(
            "{{\"dir\":\"{dir}\",\"verdict\":\"{verdict}\",\"seconds\":1.0,\"first_broken_hop\":null,\"first_failed_lesson\":null,\"hops\":[],\"checks\":[],\"wrong_turns\":[],\"fingerprint\":\"{fingerprint}\"}}\n"
        )
    }

    #[test]
    fn a_file_that_was_cut_off_anywhere_loses_no_whole_verdict() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("v.jsonl");
        let head = "{\"shard\":[1,2],\"directories\":[\"a\",\"b\"]}\n";
        let whole = format!("{head}{}{}", record("a", "works", "1"), record("b", "broken", "2"));
        for length in 0..=whole.len() {
            fs::write(&file, &whole.as_bytes()[..length]).unwrap();
            let found = read(&file).unwrap();
            let written = whole[..length].matches('\n').count();
            assert!(found.records.len() + 1 >= written && found.odd.is_empty(), "{length}: {found:?}");
        }
        assert_eq!(read(&file).unwrap().head.unwrap().shard, (1, 2));
    }

    #[test]
    fn what_was_changed_or_not_told_is_not_known() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("v.jsonl");
        fs::write(&file, format!("{}{}", record("a", "works", "1"), record("b", "unknown", "2"))).unwrap();
        let mut known = Known::default();
        known.add(&file).unwrap();
        known.add(&dir.path().join("absent")).unwrap();
        assert!(known.of(Path::new("a"), Some("1")).is_some());
        assert!(known.of(Path::new("a"), Some("3")).is_none());
        assert!(known.of(Path::new("a"), None).is_none());
        assert!(known.of(Path::new("b"), Some("2")).is_none());
    }

    #[test]
    fn a_fingerprint_tells_every_change() {
        let dir = tempfile::tempdir().unwrap();
        let print = || fingerprint(dir.path(), "all").unwrap();
        fs::create_dir(dir.path().join("src")).unwrap();
        fs::write(dir.path().join("src/a"), "1").unwrap();
        let first = print();
        assert_eq!(first, print());
        assert_ne!(fingerprint(dir.path(), "host-port").unwrap(), first);
        fs::write(dir.path().join("src/a"), "2").unwrap();
        let second = print();
        fs::rename(dir.path().join("src/a"), dir.path().join("src/b")).unwrap();
        let third = print();
        std::os::unix::fs::symlink("b", dir.path().join("src/c")).unwrap();
        let fourth = print();
        let all: std::collections::BTreeSet<_> = [first, second, third, fourth].into();
        assert_eq!(all.len(), 4);
    }

    #[test]
    fn own_files_have_plain_names_of_their_own() {
        let (one, other) = (file_name("../class/ana b"), file_name("../class/ana_b"));
        assert!(one != other && one.ends_with(".json") && !one.contains('/'), "{one} {other}");
        assert!(file_name(&"x".repeat(500)).len() < 120);
    }
}
