//! The lab's directory: made from the broken stack, found again, told apart from what is no lab.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use super::{
    Snapshot,
    texts::texts_of,
    write::{io_error, make_dirs, replace_file},
};
use crate::{
    course::{Course, Origin},
    error::{Error, Result},
};

pub(super) const STATE: &str = ".breakfix";
const COMPOSE_FILES: [&str; 4] = ["compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml"];

/// A directory in which a learner works.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lab {
    dir: PathBuf,
    adopted: bool,
}

/// `.breakfix/lab.toml`.
#[derive(Debug, Serialize, Deserialize)]
struct Passport {
    /// Course id.
    course: String,
    /// Where the course comes from, where the program does not hold it.
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<PathBuf>,
    /// Version of the program that made it.
    version: String,
    /// Whether all files of the broken stack have been written.
    complete: bool,
}

impl Lab {
    /// The lab in this directory, made from the course's broken stack when there is none yet; then the second value is
    /// `true`. A lab whose making was interrupted is completed.
    ///
    /// # Errors
    /// Usage: the directory holds something else, or the lab of another course. Environment: it cannot be read or written.
    pub fn open_or_make(dir: &Path, course: &Course) -> Result<(Self, bool)> {
        match fs::metadata(dir) {
            Ok(found) if !found.is_dir() => {
                return Err(Error::usage(format!("{} is a file, and a lab is a directory", dir.display())));
            }
            Ok(_) if !dir.join(STATE).is_dir() && !is_empty(dir)? => return Err(not_a_lab(dir)),
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                make_dirs(dir).map_err(|error| io_error("make", dir, error))?;
            }
            Err(error) => return Err(io_error("read", dir, error)),
        }
        let lab = Self { dir: absolute(dir)?, adopted: false };
        match lab.passport()? {
            Some(passport) if passport.course != course.id => Err(Error::usage(format!(
                "{} is a lab of the course {}, and this is the course {}",
                dir.display(),
                passport.course,
                course.id
            ))
            .suggest("take another directory: --lab DIR")),
            Some(Passport { complete: true, .. }) => Ok((lab, false)),
            _ => lab.make(course).map(|()| (lab, true)),
        }
    }

    /// The lab in this directory, or a stack that is no lab of ours; in either case nothing is written.
    ///
    /// # Errors
    /// Usage: there is neither.
    pub fn open(dir: &Path) -> Result<Self> {
        if dir.join(STATE).is_dir() {
            return Ok(Self { dir: absolute(dir)?, adopted: false });
        }
        if holds_compose_file(dir) {
            return Ok(Self { dir: absolute(dir)?, adopted: true });
        }
        let what = if dir.is_dir() { "holds neither a lab nor a compose file" } else { "is not there" };
        Err(Error::usage(format!("{} {what}", dir.display()))
            .suggest("breakfix learn makes the lab ./systems-puzzle")
            .suggest("name another directory: --lab DIR"))
    }

    /// Which course the lab in this directory is of; none where there is no lab, or none that says so.
    ///
    /// # Errors
    /// Usage: the course is no longer where it was. Environment: the lab cannot be read.
    pub fn course_of(dir: &Path) -> Result<Option<Origin>> {
        let lab = Self { dir: dir.to_owned(), adopted: false };
        let Some(Passport { course, from, .. }) = lab.passport()? else { return Ok(None) };
        let Some(from) = from else { return Ok(Some(Origin::BuiltIn(course))) };
        Origin::at(&from).map(Some).map_err(|error| {
            error
                .under(format!("the lab {} is of the course {course}, which is gone", dir.display()))
                .suggest("say where it is now: --course DIR")
        })
    }

    /// Its absolute directory.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// The tutor's own directory inside it; absent for an adopted one.
    pub fn state_dir(&self) -> PathBuf {
        self.dir.join(STATE)
    }

    /// Whether this is a directory with a compose file that no tutor has worked in.
    pub fn is_adopted(&self) -> bool {
        self.adopted
    }

    /// Its text files, see [`texts_of`].
    pub fn texts(&self) -> BTreeMap<String, String> {
        texts_of(&self.dir)
    }

    /// Its text files at this moment, for comparing.
    pub fn snapshot(&self) -> Snapshot {
        Snapshot { texts: self.texts() }
    }

    fn passport(&self) -> Result<Option<Passport>> {
        let path = self.state_dir().join("lab.toml");
        match fs::read_to_string(&path) {
            // A passport that cannot be read is written anew; the learner's files are kept as they are.
            Ok(text) => Ok(toml::from_str(&text).ok()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(io_error("read", &path, error)),
        }
    }

    /// Writes the files that are not there yet. The passport goes first and is completed last, so that a lab whose
    /// making was interrupted is known as one.
    fn make(&self, course: &Course) -> Result<()> {
        if course.broken_stack().is_empty() {
            return Err(Error::usage(format!("the course {} has no broken stack to make a lab from", course.id)));
        }
        let write_passport = |complete| {
            let passport = Passport {
                course: course.id.clone(),
                from: course.origin.path().map(Path::to_owned),
                version: env!("CARGO_PKG_VERSION").to_owned(),
                complete,
            };
            let text = toml::to_string(&passport)
                .map_err(|error| Error::environment("the lab's passport cannot be written").because(error))?;
            replace_file(&self.state_dir().join("lab.toml"), text.as_bytes())
        };
        write_passport(false)?;
        // The learner's repository, if there is one, has no use for the tutor's notes.
        replace_file(&self.state_dir().join(".gitignore"), b"*\n")?;
        for (path, text) in course.broken_stack() {
            let path = self.dir.join(path);
            if fs::symlink_metadata(&path).is_err() {
                replace_file(&path, text.as_bytes())?;
            }
        }
        write_passport(true)
    }
}

/// Whether a directory holds nothing that someone could miss.
fn is_empty(dir: &Path) -> Result<bool> {
    let entries = fs::read_dir(dir).map_err(|error| io_error("read", dir, error))?;
    Ok(entries.flatten().all(|entry| matches!(entry.file_name().to_str(), Some(".git" | ".DS_Store"))))
}

fn holds_compose_file(dir: &Path) -> bool {
    COMPOSE_FILES.iter().any(|name| dir.join(name).is_file())
}

fn not_a_lab(dir: &Path) -> Error {
    let error = Error::usage(format!("{} is not empty, and is not a lab", dir.display()))
        .why("a lab is only ever made in a new or empty directory, so that nothing of yours is overwritten")
        .suggest("take another directory: --lab DIR");
    if holds_compose_file(dir) {
        error.suggest(format!("to grade the stack in it: breakfix check {}", dir.display()))
    } else {
        error
    }
}

fn absolute(dir: &Path) -> Result<PathBuf> {
    fs::canonicalize(dir).map_err(|error| io_error("read", dir, error))
}
