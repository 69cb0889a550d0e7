//! A copy of the lab's files for somewhere else: the learner's work, and nothing of the tutor's.

use std::{
    fs,
    path::{Path, PathBuf},
};

use super::{
    Lab,
    texts::{is_skipped_dir, leads_inside},
    working_copy::STATE,
    write::io_error,
};
use crate::error::{Error, Result};

impl Lab {
    /// Copies the lab's files into a directory that does not exist yet or is empty. Gives the paths, relative to the lab, that
    /// were left out because they are links to somewhere else or no files at all. Caches, a `.git` and what the tutor keeps for
    /// itself stay behind.
    ///
    /// # Errors
    /// Usage: the directory holds something already. Environment: something cannot be read or written.
    pub fn export(&self, to: &Path) -> Result<Vec<PathBuf>> {
        match fs::read_dir(to) {
            Ok(mut entries) => {
                if entries.next().is_some() {
                    return Err(Error::usage(format!("{} is not empty", to.display()))
                        .suggest("name a directory that does not exist yet"));
                }
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(io_error("read", to, error)),
        }
        let root = fs::canonicalize(self.dir()).map_err(|error| io_error("read", self.dir(), error))?;
        fs::create_dir_all(to).map_err(|error| io_error("make", to, error))?;
        let inside = fs::canonicalize(to).map_err(|error| io_error("read", to, error))?;
        if inside.starts_with(&root) {
            let _ = fs::remove_dir(to);
            return Err(Error::usage(format!("{} lies in the lab itself", to.display()))
                .suggest("name a directory beside the lab"));
        }
        let mut left_out = Vec::new();
        copy(&root, Path::new(""), to, &mut left_out)?;
        forget_us(&to.join(".dockerignore"))?;
        Ok(left_out)
    }
}

/// Takes the line for the lab's own notes out of a list of files that builds do without: there are none.
fn forget_us(list: &Path) -> Result<()> {
    let Ok(text) = fs::read_to_string(list) else { return Ok(()) };
    let kept: String = text.split_inclusive('\n').filter(|line| line.trim() != STATE).collect();
    if kept == text { Ok(()) } else { fs::write(list, kept).map_err(|error| io_error("write", list, error)) }
}

fn copy(root: &Path, below: &Path, to: &Path, left_out: &mut Vec<PathBuf>) -> Result<()> {
    let from = root.join(below);
    let read = |error| io_error("read", &from, error);
    for entry in fs::read_dir(&from).map_err(read)? {
        let entry = entry.map_err(read)?;
        let path = below.join(entry.file_name());
        let kind = entry.file_type().map_err(read)?;
        let target = to.join(&path);
        if kind.is_dir() {
            if !is_skipped_dir(&entry.path()) {
                fs::create_dir_all(&target).map_err(|error| io_error("make", &target, error))?;
                copy(root, &path, to, left_out)?;
            }
        } else if kind.is_file() || entry.path().is_file() && leads_inside(root, &entry.path()) {
            fs::copy(entry.path(), &target).map_err(|error| io_error("copy", &entry.path(), error))?;
        } else {
            left_out.push(path);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::course::Course;

    #[test]
    fn the_work_goes_along_and_what_is_the_tutors_stays() {
        let dir = tempfile::tempdir().unwrap();
        let (lab, _) = Lab::open_or_make(&dir.path().join("lab"), &Course::embedded().unwrap()).unwrap();
        fs::create_dir_all(lab.dir().join("src/__pycache__")).unwrap();
        fs::write(lab.dir().join("src/__pycache__/app.pyc"), "x").unwrap();
        #[cfg(unix)]
        std::os::unix::fs::symlink("/etc/passwd", lab.dir().join("src/outside")).unwrap();
        let to = dir.path().join("hand-in");
        let left_out = lab.export(&to).unwrap();
        assert!(to.join("src/app.py").is_file() && to.join("docker-compose.yml").is_file());
        assert!(!to.join(".breakfix").exists() && !to.join("src/__pycache__").exists());
        assert_eq!(fs::read_to_string(to.join(".dockerignore")).unwrap(), ".git\n", "no word of the tutor");
        #[cfg(unix)]
        assert_eq!(left_out, [PathBuf::from("src/outside")]);
    }

    #[test]
    fn nothing_is_written_over_and_nothing_into_the_lab_itself() {
        let dir = tempfile::tempdir().unwrap();
        let (lab, _) = Lab::open_or_make(&dir.path().join("lab"), &Course::embedded().unwrap()).unwrap();
        fs::create_dir(dir.path().join("full")).unwrap();
        fs::write(dir.path().join("full/mine"), "x").unwrap();
        assert_eq!(lab.export(&dir.path().join("full")).unwrap_err().exit_code(), 2);
        assert_eq!(lab.export(&lab.dir().join("inside")).unwrap_err().exit_code(), 2);
        assert!(!lab.dir().join("inside").exists());
    }
}
