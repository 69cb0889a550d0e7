//! Where a class's labs and verdicts are, and reading them: side by side, each journal one entry at a time, and later only what was
//! added.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    io::{BufRead, BufReader, Read},
    path::{Path, PathBuf},
    thread,
};

use serde::Deserialize;

use super::Learner;
use crate::{
    diagnosis::{NamedWrongTurn, Status, Verdict},
    error::{Error, Result},
    journal::outline,
    practice::sheet::Sheet,
};

/// Where a lab has its journal.
const JOURNAL: &str = ".breakfix/journal.jsonl";
/// How deep below a directory that is named its labs may lie.
const DEPTH: usize = 4;
/// Bytes that one verdict may have.
const MOST_VERDICT: u64 = 4 << 20;

/// The labs and verdicts of a class.
#[derive(Debug, Default)]
pub struct Class {
    named: Vec<PathBuf>,
    labs: BTreeMap<PathBuf, Lab>,
    verdicts: BTreeMap<PathBuf, VerdictFile>,
    sheets: BTreeMap<PathBuf, Sheet>,
}

#[derive(Debug, Default)]
struct Lab {
    journal: PathBuf,
    learner: Learner,
    read_to: u64,
    skipped: usize,
    error: Option<Error>,
}

#[derive(Debug, Default)]
struct VerdictFile {
    length: u64,
    handed_in: Vec<HandedIn>,
    skipped: usize,
}

/// What is read of a verdict, a line of `check --format jsonl`.
#[derive(Debug, Clone, Deserialize)]
struct HandedIn {
    dir: String,
    verdict: Verdict,
    checks: Vec<OneCheck>,
    wrong_turns: Vec<NamedWrongTurn>,
}

#[derive(Debug, Clone, Deserialize)]
struct OneCheck {
    lesson: String,
    status: Status,
}

/// What could not be read.
#[derive(Debug, Clone, PartialEq)]
pub struct Unread {
    /// The file.
    pub file: PathBuf,
    /// What is wrong with it, in words.
    pub why: String,
}

impl Class {
    /// Reads the labs and verdict files in these directories, and those that are named themselves.
    ///
    /// # Errors
    /// Usage: one does not exist, or there is neither a lab nor a verdict in all of them.
    pub fn read(named: &[PathBuf]) -> Result<Self> {
        if let Some(path) = named.iter().find(|path| !path.exists()) {
            return Err(Error::usage(format!("there is no {}", path.display())));
        }
        let mut class = Self { named: named.to_vec(), ..Self::default() };
        class.refresh()?;
        if class.labs.is_empty() && class.verdicts.is_empty() && class.sheets.is_empty() {
            return Err(Error::usage("there is no lab and no verdict in what was named")
                .why(format!(
                    "a lab holds {JOURNAL}; a verdict stands in a file of check --format jsonl, or of its --out"
                ))
                .suggest("breakfix class LABS... verdicts.jsonl"));
        }
        Ok(class)
    }

    /// Looks for new labs, and reads what was added to the journals and verdicts since; whether there was anything.
    ///
    /// # Errors
    /// Environment: a verdict file cannot be read.
    pub fn refresh(&mut self) -> Result<bool> {
        let mut found = Found::default();
        for path in &self.named {
            found.take(path);
        }
        for dir in found.labs {
            let journal = dir.join(JOURNAL);
            self.labs.entry(dir).or_insert_with(|| Lab { journal, ..Lab::default() });
        }
        let mut grown: Vec<&mut Lab> = self.labs.values_mut().filter(|lab| lab.has_grown()).collect();
        let mut changed = !grown.is_empty();
        let workers = thread::available_parallelism().map_or(1, usize::from);
        let share = grown.len().div_ceil(workers).max(1);
        thread::scope(|scope| {
            for labs in grown.chunks_mut(share) {
                scope.spawn(move || labs.iter_mut().for_each(|lab| lab.read()));
            }
        });
        for file in found.files {
            let length = file.metadata().map_or(0, |metadata| metadata.len());
            if self.verdicts.get(&file).is_none_or(|known| known.length != length) {
                let read = read_verdicts(&file, length)?;
                if read.handed_in.is_empty()
                    && let Some(sheet) = read_sheet(&file, length)
                    && self.sheets.get(&file) != Some(&sheet)
                {
                    self.sheets.insert(file.clone(), sheet);
                    changed = true;
                }
                // A file that is named with others, and holds something else, is none of ours.
                if !read.handed_in.is_empty() {
                    self.verdicts.insert(file, read);
                    changed = true;
                }
            }
        }
        Ok(changed)
    }

    /// The learners, by name: a lab and a submission of the same name are the same learner's.
    pub fn learners(&self) -> Vec<Learner> {
        let mut learners: BTreeMap<String, Learner> = BTreeMap::new();
        for (lab, name) in self.labs.values().zip(names(self.labs.keys())) {
            let mut learner = lab.learner.clone();
            learner.name.clone_from(&name);
            learners.insert(name, learner);
        }
        let mut last: BTreeMap<PathBuf, &HandedIn> = BTreeMap::new();
        for one in self.verdicts.values().flat_map(|file| &file.handed_in) {
            let dir = PathBuf::from(&one.dir);
            // Of two verdicts on one directory the one that could be told counts, else the later one.
            if one.verdict != Verdict::Unknown || last.get(&dir).is_none_or(|old| old.verdict == Verdict::Unknown) {
                last.insert(dir, one);
            }
        }
        for (one, name) in last.values().zip(names(last.keys())) {
            let learner = learners.entry(name.clone()).or_insert_with(|| Learner::new(&name));
            learner.hand_in(one.verdict, &one.lessons(), &one.wrong_turns);
        }
        learners.into_values().collect()
    }

    /// The sheets of exams, by file.
    pub fn sheets(&self) -> impl Iterator<Item = &Sheet> {
        self.sheets.values()
    }

    /// What could not be read, or only in part.
    pub fn unread(&self) -> Vec<Unread> {
        let lines = |skipped: usize| format!("{skipped} of its lines say nothing to this version, and are left out");
        let mut unread = Vec::new();
        for lab in self.labs.values() {
            let why = lab.error.as_ref().map(ToString::to_string);
            let why = why.or_else(|| (lab.skipped > 0).then(|| lines(lab.skipped)));
            unread.extend(why.map(|why| Unread { file: lab.journal.clone(), why }));
        }
        for (file, verdicts) in self.verdicts.iter().filter(|(_, verdicts)| verdicts.skipped > 0) {
            unread.push(Unread { file: file.clone(), why: lines(verdicts.skipped) });
        }
        unread
    }
}

impl Lab {
    fn has_grown(&self) -> bool {
        self.journal.metadata().map_or(true, |metadata| metadata.len() != self.read_to)
    }

    fn read(&mut self) {
        if self.journal.metadata().is_ok_and(|metadata| metadata.len() < self.read_to) {
            // It is another one now.
            *self = Self { journal: std::mem::take(&mut self.journal), ..Self::default() };
        }
        let learner = &mut self.learner;
        match outline(&self.journal, self.read_to, |entry| learner.apply(entry)) {
            Ok(told) => {
                (self.read_to, self.error) = (told.read_to, None);
                self.skipped += told.skipped;
            }
            Err(error) => self.error = Some(error),
        }
    }
}

impl HandedIn {
    fn lessons(&self) -> BTreeMap<String, bool> {
        let mut lessons = BTreeMap::new();
        for check in &self.checks {
            *lessons.entry(check.lesson.clone()).or_insert(true) &= check.status == Status::Pass;
        }
        lessons
    }
}

/// Labs and files with verdicts, each once.
#[derive(Default)]
struct Found {
    labs: BTreeSet<PathBuf>,
    files: BTreeSet<PathBuf>,
}

impl Found {
    fn take(&mut self, path: &Path) {
        if path.is_file() {
            self.files.insert(path.to_owned());
        } else {
            self.walk(path, DEPTH);
        }
    }

    /// Links are not followed: what students may write need not stay where it is.
    fn walk(&mut self, dir: &Path, depth: usize) {
        if dir.join(JOURNAL).is_file() {
            self.labs.insert(dir.to_owned());
            return;
        }
        let Ok(entries) = fs::read_dir(dir) else { return };
        for entry in entries.flatten() {
            let (path, hidden) = (entry.path(), entry.file_name().as_encoded_bytes().starts_with(b"."));
            match entry.file_type() {
                Ok(kind) if kind.is_dir() && !hidden && depth > 0 => self.walk(&path, depth - 1),
                Ok(kind) if kind.is_file() && depth == DEPTH && has_verdicts(&path) => drop(self.files.insert(path)),
                _ => {}
            }
        }
    }
}

/// Whether a file may hold verdicts, by its name.
fn has_verdicts(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "jsonl" || extension == "json")
}

fn read_verdicts(path: &Path, length: u64) -> Result<VerdictFile> {
    let failed = |cause| Error::environment(format!("{} cannot be read", path.display())).because(cause);
    let mut reader = BufReader::new(fs::File::open(path).map_err(failed)?);
    let mut read = VerdictFile { length, ..VerdictFile::default() };
    let mut line = Vec::new();
    loop {
        line.clear();
        if reader.by_ref().take(MOST_VERDICT).read_until(b'\n', &mut line).map_err(failed)? == 0 {
            return Ok(read);
        }
        match serde_json::from_slice(&line) {
            Ok(verdict) => read.handed_in.push(verdict),
            // The head of a part, or a verdict that was cut off.
            Err(_) => read.skipped += usize::from(line.ends_with(b"\n") && !is_head(&line)),
        }
    }
}

/// The sheet of an exam, if that is what the file holds.
fn read_sheet(path: &Path, length: u64) -> Option<Sheet> {
    let may_be = length <= MOST_VERDICT && path.extension().is_some_and(|extension| extension == "json");
    if may_be { serde_json::from_slice(&fs::read(path).ok()?).ok() } else { None }
}

/// Whether it is the first line of a sharded check, or empty.
fn is_head(line: &[u8]) -> bool {
    let names_shard = |value: serde_json::Value| value.get("shard").is_some();
    line.trim_ascii().is_empty() || serde_json::from_slice(line).is_ok_and(names_shard)
}

/// A name for each directory: its own where no other has the same, else its path.
fn names<'p>(dirs: impl Iterator<Item = &'p PathBuf> + Clone) -> Vec<String> {
    let own = |dir: &Path| match dir.file_name() {
        Some(name) => name.to_string_lossy().into_owned(),
        None => dir
            .canonicalize()
            .ok()
            .and_then(|dir| dir.file_name().map(|name| name.to_string_lossy().into_owned()))
            .unwrap_or_else(|| dir.display().to_string()),
    };
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for dir in dirs.clone() {
        *counts.entry(own(dir)).or_default() += 1;
    }
    dirs.map(|dir| if counts[&own(dir)] == 1 { own(dir) } else { dir.display().to_string() }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::{Event, Journal};

    fn lab(home: &Path, name: &str) -> Journal {
        Journal::open(&home.join(name).join(".breakfix")).unwrap()
    }

    fn opened(lesson: &str) -> Event {
        Event::LessonOpened { lesson: lesson.into() }
    }

    fn verdict(dir: &str, verdict: &str, status: &str) -> String {
        format!(
            r#"{{"dir":"{dir}","verdict":"{verdict}","checks":[{{"lesson":"host-port","status":"{status}"}}],"wrong_turns":[]}}"#
        ) + "\n"
    }

    #[test]
    fn labs_and_verdicts_are_found_and_joined_by_name() {
        let home = tempfile::tempdir().unwrap();
        lab(home.path(), "labs/room-1/ana").append(opened("host-port")).unwrap();
        lab(home.path(), "labs/ben").append(opened("host-port")).unwrap();
        let text = format!(
            "{{\"shard\":[1,2],\"directories\":[]}}\n{}{}{}{}",
            verdict("in/ana", "unknown", "unknown"),
            verdict("in/ana", "works", "pass"),
            verdict("in/eve", "broken", "fail"),
            &verdict("in/cut", "broken", "fail")[..20],
        );
        fs::write(home.path().join("labs/all.jsonl"), text).unwrap();
        let class = Class::read(&[home.path().join("labs")]).unwrap();
        let learners = class.learners();
        let told: Vec<_> = learners.iter().map(|one| (one.name.as_str(), one.has_lab, one.handed_in)).collect();
        assert_eq!(
            told,
            [("ana", true, Some(Verdict::Works)), ("ben", true, None), ("eve", false, Some(Verdict::Broken))]
        );
        assert_eq!(learners[0].lessons["host-port"].passes, Some(true));
        assert_eq!(class.unread(), []);
    }

    #[test]
    fn what_is_added_is_read_on() {
        let home = tempfile::tempdir().unwrap();
        let mut journal = lab(home.path(), "ana");
        journal.append(opened("host-port")).unwrap();
        let mut class = Class::read(&[home.path().to_owned()]).unwrap();
        assert!(!class.refresh().unwrap());
        journal.append(Event::LessonSolved { lesson: "host-port".into(), revealed: false }).unwrap();
        lab(home.path(), "ben").append(opened("host-port")).unwrap();
        assert!(class.refresh().unwrap());
        let learners = class.learners();
        assert!(learners.len() == 2 && learners[0].lessons["host-port"].solved);
        // Reading in parts and reading at once is the same.
        assert_eq!(Class::read(&[home.path().to_owned()]).unwrap().learners(), learners);
    }

    #[test]
    fn labs_of_one_name_are_told_apart() {
        let home = tempfile::tempdir().unwrap();
        for name in ["a/lab", "b/lab"] {
            lab(home.path(), name).append(opened("host-port")).unwrap();
        }
        let learners = Class::read(&[home.path().to_owned()]).unwrap().learners();
        assert!(learners.len() == 2 && learners.iter().all(|one| one.name.ends_with("/lab")), "{learners:?}");
    }

    #[test]
    fn the_sheet_of_an_exam_is_read() {
        let home = tempfile::tempdir().unwrap();
        let sheet = Sheet {
            format: 1,
            name: "ana".into(),
            course: "c".into(),
            seed: 4,
            minutes: 30,
            incidents: 3,
            results: vec![],
        };
        fs::write(home.path().join("exam-4.json"), serde_json::to_string_pretty(&sheet).unwrap()).unwrap();
        let class = Class::read(&[home.path().to_owned()]).unwrap();
        assert_eq!(class.sheets().collect::<Vec<_>>(), [&sheet]);
        assert!(class.learners().is_empty());
    }

    #[test]
    fn nothing_to_read_is_said() {
        let home = tempfile::tempdir().unwrap();
        assert!(Class::read(&[home.path().to_owned()]).unwrap_err().to_string().contains("no lab and no verdict"));
        assert!(Class::read(&[home.path().join("absent")]).is_err());
    }
}
