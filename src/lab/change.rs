//! Changes that the tutor makes to the lab's files: edits, revealed fixes, resets. All at once or not at all, as far as
//! can be known beforehand, and never without a copy of what is lost.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs, io,
    path::{Component, Path, PathBuf},
};

use super::{
    FileDiff, Lab,
    snapshot::diffs,
    texts::{is_skipped, texts_of},
    write::{io_error, make_dirs, replace_file},
};
use crate::{
    course::{Course, Edit},
    error::{Error, Result},
};

/// What revealing a fix did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revealed {
    /// Unified diff of what was applied.
    pub diff: String,
    /// Where the files lie that had to be replaced as a whole, relative to the lab.
    pub backup: Option<PathBuf>,
}

impl Lab {
    /// Applies edits to the lab's files, all of them or, when one does not apply, none.
    ///
    /// # Errors
    /// Stack: a file is not as the edit expects it. Environment: a file cannot be read or written.
    pub fn apply(&self, edits: &[Edit]) -> Result<String> {
        let old = self.texts_named(edits.iter().map(Edit::file))?;
        let mut new = old.clone();
        edits.iter().try_for_each(|edit| edit.apply(&mut new))?;
        self.write_changes(&old, &new)?;
        Ok(joined(&diffs(&old, &new)))
    }

    /// Applies a lesson's fix. Where the learner's own changes stand in its way, the files that it touches are replaced by
    /// the course's, with this lesson's and the `solved` lessons' fixes, and a copy is kept.
    ///
    /// # Errors
    /// Usage: there is no such lesson. Environment: a file cannot be read or written.
    pub fn reveal(&self, course: &Course, lesson: &str, solved: &[&str]) -> Result<Revealed> {
        let fix = &course.lesson_or_error(lesson)?.fix;
        if let Ok(diff) = self.apply(fix) {
            return Ok(Revealed { diff, backup: None });
        }
        let with: Vec<&str> = solved.iter().copied().chain([lesson]).collect();
        let target = course.stack_with(&with)?;
        let (diff, backup) = self.replace_files_of(fix, target)?;
        Ok(Revealed { diff, backup: Some(backup) })
    }

    /// Makes the lab's files exactly these, and gives the unified diff of what that changed. What could not change a stack
    /// (notes, dot files) is left.
    ///
    /// # Errors
    /// Usage: a path that leaves the lab. Environment: a file cannot be read or written.
    pub fn put(&self, files: &BTreeMap<String, String>) -> Result<String> {
        for path in files.keys() {
            self.inside(Path::new(path))?;
        }
        let mut old = self.texts();
        old.retain(|path, _| files.contains_key(path) || could_change_the_stack(path));
        self.write_changes(&old, files)?;
        Ok(joined(&diffs(&old, files)))
    }

    /// Puts a lesson's bug back: the files that its fix touches become the course's, with the `solved` lessons' fixes and
    /// without this one's. A copy of what they held is kept; gives the copy's place, relative to the lab.
    ///
    /// # Errors
    /// Usage: there is no such lesson. Environment: a file cannot be read or written.
    pub fn put_bug_back(&self, course: &Course, lesson: &str, solved: &[&str]) -> Result<PathBuf> {
        let fix = &course.lesson_or_error(lesson)?.fix;
        let with: Vec<&str> = solved.iter().copied().filter(|id| *id != lesson).collect();
        let target = course.stack_with(&with)?;
        self.replace_files_of(fix, target).map(|(_, backup)| backup)
    }

    /// Makes the files that a fix touches those of `target`; gives the unified diff, and where a copy of them lies.
    fn replace_files_of(&self, fix: &[Edit], target: BTreeMap<String, String>) -> Result<(String, PathBuf)> {
        let old = self.texts_named(fix.iter().map(Edit::file))?;
        let new: BTreeMap<String, String> =
            target.into_iter().filter(|(path, _)| fix.iter().any(|edit| edit.file() == path)).collect();
        let changed = diffs(&old, &new);
        let backup = self.back_up(changed.iter().map(|diff| diff.file.as_path()))?;
        self.write_changes(&old, &new)?;
        Ok((joined(&changed), backup))
    }

    /// Puts files back to the broken stack's, keeping a copy of what is replaced; gives the copy's place, relative to
    /// the lab. A file that the broken stack does not have is moved there. Without files, all of the stack's are put back, and
    /// what was added and could change the stack goes too; notes (`*.md`), dot files and binary files are left.
    ///
    /// # Errors
    /// Usage: no lab, or a path that leaves it or that neither has. Environment: a file cannot be read or written.
    pub fn reset(&self, course: &Course, files: &[PathBuf]) -> Result<PathBuf> {
        if self.is_adopted() {
            return Err(Error::usage(format!(
                "{} is no lab, so there is nothing to put it back to",
                self.dir().display()
            )));
        }
        let start = course.broken_stack();
        let mut paths = BTreeSet::new();
        for file in files {
            let path = self.inside(file)?;
            if !start.contains_key(&path) && fs::symlink_metadata(self.dir().join(&path)).is_err() {
                return Err(Error::usage(format!("neither the lab nor the broken stack has a file {path}")));
            }
            paths.insert(path);
        }
        if files.is_empty() {
            paths.extend(start.keys().cloned());
            paths.extend(self.texts().into_keys().filter(|path| could_change_the_stack(path)));
        }
        let changed = |path: &&String| self.bytes(path).as_deref() != start.get(*path).map(String::as_bytes);
        let changed: Vec<&String> = paths.iter().filter(changed).collect();
        let backup = self.back_up(changed.iter().map(|path| Path::new(path.as_str())))?;
        for path in changed {
            let absolute = self.dir().join(path);
            match start.get(path) {
                Some(text) => replace_file(&absolute, text.as_bytes())?,
                None => fs::remove_file(&absolute).map_err(|error| io_error("remove", &absolute, error))?,
            }
        }
        Ok(backup)
    }

    /// What differs between the broken stack and the lab's files now.
    ///
    /// # Errors
    /// Environment: the lab's directory is gone.
    pub fn diff_from_start(&self, course: &Course) -> Result<Vec<FileDiff>> {
        fs::read_dir(self.dir()).map_err(|error| io_error("read", self.dir(), error))?;
        Ok(diffs(course.broken_stack(), &texts_of(self.dir())))
    }

    fn bytes(&self, path: &str) -> Option<Vec<u8>> {
        fs::read(self.dir().join(path)).ok()
    }

    /// The texts of these files, those that are there. Other than [`Lab::texts`], a file that is no text is an error: it is
    /// about to be written.
    fn texts_named<'a>(&self, files: impl Iterator<Item = &'a str>) -> Result<BTreeMap<String, String>> {
        let mut texts = BTreeMap::new();
        for file in files {
            let path = self.inside(Path::new(file))?;
            let absolute = self.dir().join(&path);
            match fs::read_to_string(&absolute) {
                Ok(text) => drop(texts.insert(path, text)),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(io_error("read", &absolute, error)),
            }
        }
        Ok(texts)
    }

    fn write_changes(&self, old: &BTreeMap<String, String>, new: &BTreeMap<String, String>) -> Result<()> {
        for (path, text) in new.iter().filter(|(path, text)| old.get(*path) != Some(*text)) {
            replace_file(&self.target(path)?, text.as_bytes())?;
        }
        for path in old.keys().filter(|path| !new.contains_key(*path)) {
            let absolute = self.dir().join(path);
            fs::remove_file(&absolute).map_err(|error| io_error("remove", &absolute, error))?;
        }
        Ok(())
    }

    /// The file to write for a path: a link inside the lab is followed, so that it stays one.
    fn target(&self, path: &str) -> Result<PathBuf> {
        let absolute = self.dir().join(path);
        match fs::canonicalize(&absolute) {
            Ok(target) if target.starts_with(self.dir()) => Ok(target),
            Ok(_) => Err(leaves(path)),
            Err(_) => Ok(absolute),
        }
    }

    /// A path of a caller as a path inside the lab.
    fn inside(&self, file: &Path) -> Result<String> {
        let relative = file.strip_prefix(self.dir()).unwrap_or(file);
        let mut parts = Vec::new();
        for component in relative.components() {
            match component {
                Component::CurDir => {}
                Component::Normal(part) if part.to_str().is_some_and(|part| !is_skipped(part)) => {
                    parts.push(part.to_string_lossy());
                }
                _ => return Err(leaves(&file.display().to_string())),
            }
        }
        if parts.is_empty() { Err(leaves(&file.display().to_string())) } else { Ok(parts.join("/")) }
    }

    /// Copies these files to the next `before-reset-N`, and gives its path relative to the lab.
    fn back_up<'a>(&self, files: impl Iterator<Item = &'a Path>) -> Result<PathBuf> {
        let state = self.state_dir();
        let backup = (1..)
            .map(|n| state.join(format!("before-reset-{n}")))
            .find(|candidate| !candidate.exists())
            .unwrap_or_else(|| state.join("before-reset"));
        make_dirs(&backup).map_err(|error| io_error("make", &backup, error))?;
        for file in files {
            let from = self.dir().join(file);
            if fs::symlink_metadata(&from).is_err() {
                continue;
            }
            let to = backup.join(file);
            let copied = to.parent().map_or(Ok(()), make_dirs).and_then(|()| fs::copy(&from, &to));
            copied.map_err(|error| io_error("copy", &from, error))?;
        }
        Ok(backup.strip_prefix(self.dir()).map(Path::to_owned).unwrap_or(backup))
    }
}

fn joined(diffs: &[FileDiff]) -> String {
    diffs.iter().map(|diff| diff.diff.as_str()).collect()
}

/// Whether a file at this path could change a stack: notes and most hidden files could not.
pub fn could_change_the_stack(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    let hidden = path.split('/').any(|part| part.starts_with('.'));
    matches!(name, ".env" | ".dockerignore" | ".flaskenv") || !hidden && !name.to_lowercase().ends_with(".md")
}

fn leaves(path: &str) -> Error {
    Error::usage(format!("{path} is not a file inside the lab"))
}
