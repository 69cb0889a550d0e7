//! What practice keeps, outside of any lab: the history of what was played, and the answers to what is being played.
//!
//! Both lie in `$XDG_STATE_HOME/breakfix`, else in `~/.local/state/breakfix`: `practice.jsonl`, a line for each incident, and
//! `incidents/ID.json`, the answer to the incident of which the lab's `.breakfix/incident` has the id.

use std::{
    fs, io,
    io::Write,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use super::schedule::Record;
use crate::{
    error::{Error, Result},
    user_dirs::UserDir,
};

/// The file in a lab that names its incident.
const ID: &str = ".breakfix/incident";

/// The answer to an incident, sealed outside of its lab.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sealed {
    /// Version of this format.
    pub format: u32,
    /// The course's id.
    pub course: String,
    /// Where the course lies, if the program does not hold it.
    pub from: Option<PathBuf>,
    /// The seed.
    pub seed: u64,
    /// Ids of the faults.
    pub faults: Vec<String>,
    /// Ids of the wrong turns that the proof recognised.
    pub named: Vec<String>,
    /// When it was handed out, in milliseconds since the Unix epoch.
    pub at: u64,
}

/// Where practice keeps what it keeps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Store {
    dir: PathBuf,
}

impl Store {
    /// The user's own.
    pub fn own() -> Self {
        Self { dir: UserDir::State.path().unwrap_or_default() }
    }

    /// One in this directory.
    pub fn at(dir: &Path) -> Self {
        Self { dir: dir.to_owned() }
    }

    fn history_file(&self) -> PathBuf {
        self.dir.join("practice.jsonl")
    }

    /// All that was played. A line that cannot be read, as the last one where a process was killed, is passed over.
    ///
    /// # Errors
    /// Environment: the file is there and cannot be read.
    pub fn history(&self) -> Result<Vec<Record>> {
        let file = self.history_file();
        match fs::read_to_string(&file) {
            Ok(text) => Ok(text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
            Err(error) => Err(failed("read", &file, error)),
        }
    }

    /// Adds an incident that was played.
    ///
    /// # Errors
    /// Environment: the file cannot be written.
    pub fn add(&self, record: &Record) -> Result<()> {
        let file = self.history_file();
        let line = serde_json::to_string(record).map_err(|error| failed("write", &file, io::Error::other(error)))?;
        let written = fs::create_dir_all(&self.dir).and_then(|()| {
            let mut open = fs::OpenOptions::new().create(true).append(true).open(&file)?;
            // In one write, so that two who end at once do not mix their lines.
            open.write_all(format!("{line}\n").as_bytes())
        });
        written.map_err(|error| failed("write", &file, error))
    }

    /// Seals an answer, and names it in the lab's directory; that directory is there.
    ///
    /// # Errors
    /// Environment: one of the files cannot be written.
    pub fn seal(&self, lab: &Path, id: &str, answer: &Sealed) -> Result<()> {
        let (sealed, named) = (self.answer_file(id), lab.join(ID));
        let text =
            serde_json::to_string_pretty(answer).map_err(|error| failed("write", &sealed, io::Error::other(error)))?;
        for (file, text) in [(&sealed, format!("{text}\n")), (&named, format!("{id}\n"))] {
            let dir = file.parent().map_or(Ok(()), fs::create_dir_all);
            dir.and_then(|()| fs::write(file, text)).map_err(|error| failed("write", file, error))?;
        }
        Ok(())
    }

    /// The answer to the incident in this directory; none where the directory holds no incident.
    ///
    /// # Errors
    /// Usage: it was handed out by somebody else, or on another machine: nothing is known of it here.
    pub fn open(&self, lab: &Path) -> Result<Option<Sealed>> {
        let Ok(id) = fs::read_to_string(lab.join(ID)) else { return Ok(None) };
        let id = id.trim();
        let unknown = || {
            Error::usage(format!("nothing is known here of the incident in {}", lab.display()))
                .why(format!("its answer is sealed where it was made, in {}", self.dir.join("incidents").display()))
                .suggest("as the same user on the same machine, it is known; or begin another: breakfix practice")
        };
        if !id.chars().all(|char| char.is_ascii_hexdigit()) {
            return Err(unknown());
        }
        let text = fs::read_to_string(self.answer_file(id)).map_err(|error| unknown().because(error))?;
        serde_json::from_str(&text).map(Some).map_err(|error| unknown().because(error))
    }

    fn answer_file(&self, id: &str) -> PathBuf {
        self.dir.join("incidents").join(format!("{id}.json"))
    }
}

fn failed(verb: &str, file: &Path, cause: io::Error) -> Error {
    Error::environment(format!("{} cannot be {verb}", file.display()).replace("be write", "be written")).because(cause)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::course::Class;

    fn record(at: u64) -> Record {
        Record {
            at,
            course: "c".into(),
            fault: "f".into(),
            class: Class::Port,
            seed: 1,
            solved: true,
            bet_right: false,
            hints: 0,
            false_starts: 2,
            seconds: 30,
        }
    }

    #[test]
    fn what_was_played_is_there_again_and_a_torn_line_costs_no_other() {
        let home = tempfile::tempdir().unwrap();
        let store = Store::at(&home.path().join("state"));
        assert_eq!(store.history().unwrap(), []);
        store.add(&record(1)).unwrap();
        fs::OpenOptions::new().append(true).open(store.history_file()).unwrap().write_all(b"{\"at\": 2, \n").unwrap();
        store.add(&record(3)).unwrap();
        assert_eq!(store.history().unwrap(), [record(1), record(3)]);
    }

    #[test]
    fn an_answer_is_found_by_its_lab_and_lies_outside_of_it() {
        let home = tempfile::tempdir().unwrap();
        let (store, lab) = (Store::at(&home.path().join("state")), home.path().join("lab"));
        assert_eq!(store.open(&lab).unwrap(), None);
        let answer = Sealed {
            format: 1,
            course: "c".into(),
            from: None,
            seed: 9,
            faults: vec!["loopback-only".into()],
            named: vec![],
            at: 1,
        };
        store.seal(&lab, "0a1b", &answer).unwrap();
        assert_eq!(store.open(&lab).unwrap(), Some(answer));
        assert_eq!(fs::read_to_string(lab.join(ID)).unwrap(), "0a1b\n");
        assert!(Store::at(home.path()).open(&lab).unwrap_err().what.contains("nothing is known here"));
        fs::write(lab.join(ID), "../../etc").unwrap();
        assert!(store.open(&lab).is_err());
    }
}
