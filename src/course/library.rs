//! Which courses there are: those that the program holds, those in the learner's library, and any in a directory or a packed file.

use std::{
    fs,
    path::{Path, PathBuf},
};

use super::{
    Course, Origin,
    load::BUILT_IN,
    origin::{PACKED, is_packed},
};
use crate::{
    error::{Error, Result},
    user_dirs::UserDir,
};

impl Course {
    /// The course that is meant by a name or a path, see [`find`].
    ///
    /// # Errors
    /// Usage: there is no such course, or it cannot be used, see [`Course::load`].
    pub fn named(name: &str) -> Result<Self> {
        Self::open(&find(name)?)
    }
}

/// The course that a name or a path means. A word alone is a name, of a course that the program holds or of one in the library;
/// with a `/`, or where no course has that name, it is a path.
///
/// # Errors
/// Usage: there is no such course.
pub fn find(named: &str) -> Result<Origin> {
    let path = Path::new(named);
    let is_word = path.components().count() == 1 && !named.starts_with('.') && !is_packed(path);
    if is_word {
        if BUILT_IN.contains(&named) {
            return Ok(Origin::BuiltIn(named.to_owned()));
        }
        if let Some(found) = library().and_then(|library| in_library(&library, named)) {
            return Ok(found);
        }
    }
    Origin::at(path).map_err(|error| match is_word {
        true => Error::usage(format!("there is no course {named}")).suggest("breakfix courses   lists those there are"),
        false => error,
    })
}

/// One of the courses that there are to choose from.
#[derive(Debug, Clone)]
pub struct Offer {
    /// What `--course` calls it.
    pub name: String,
    /// Where it comes from.
    pub origin: Origin,
    /// The course, or why it cannot be used.
    pub course: Result<Course>,
}

/// The courses to choose from: first those that the program holds, then those in the library by name.
pub fn offers() -> Vec<Offer> {
    let offer = |name: String, origin: Origin| Offer { name, course: Course::open(&origin), origin };
    let mut offers: Vec<Offer> =
        BUILT_IN.iter().map(|id| offer((*id).to_owned(), Origin::BuiltIn((*id).to_owned()))).collect();
    for path in library().map(|library| entries(&library)).unwrap_or_default() {
        let Ok(origin) = Origin::at(&path) else { continue };
        // A name that is taken means the course before it, so this one is called by its path.
        let name = name_of(&path).filter(|name| offers.iter().all(|other| other.name != *name));
        offers.push(offer(name.unwrap_or_else(|| path.display().to_string()), origin));
    }
    offers
}

/// Where a learner keeps courses: below `$XDG_DATA_HOME`, else below the home directory's `.local/share`.
pub fn library() -> Option<PathBuf> {
    Some(UserDir::Data.path()?.join("courses"))
}

fn in_library(library: &Path, name: &str) -> Option<Origin> {
    let path = entries(library).into_iter().find(|path| name_of(path).as_deref() == Some(name))?;
    Origin::at(&path).ok()
}

/// What may be courses in the library, by name.
fn entries(library: &Path) -> Vec<PathBuf> {
    let found = fs::read_dir(library).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut paths: Vec<PathBuf> =
        found.filter(|path| name_of(path).is_some() && (path.is_dir() || is_packed(path))).collect();
    paths.sort();
    paths
}

/// What the library calls a course; hidden files are none.
fn name_of(path: &Path) -> Option<String> {
    let name = path.file_name()?.to_string_lossy().into_owned();
    let name = name.strip_suffix(PACKED).map(str::to_owned).unwrap_or(name);
    (!name.is_empty() && !name.starts_with('.')).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_a_name_first_and_a_path_with_a_slash_is_one() {
        assert_eq!(find("systems-puzzle").unwrap(), Origin::BuiltIn("systems-puzzle".to_owned()));
        let unknown = find("no-such-course").unwrap_err();
        assert!(unknown.what.contains("no course no-such-course"), "{unknown}");
        assert!(find("./tests/fixtures/course").unwrap().path().unwrap().ends_with("tests/fixtures/course"));
        let file = find("./Cargo.toml").unwrap_err();
        assert!(file.why[0].contains(".tar.gz"), "{file}");
    }

    #[test]
    fn the_library_holds_directories_and_packed_files_and_nothing_hidden() {
        let dir = tempfile::tempdir().unwrap();
        for name in ["kitchen", ".trash"] {
            fs::create_dir(dir.path().join(name)).unwrap();
        }
        for name in ["harbour.tar.gz", "notes.txt", ".tar.gz"] {
            fs::write(dir.path().join(name), "").unwrap();
        }
        let names: Vec<_> = entries(dir.path()).iter().filter_map(|path| name_of(path)).collect();
        assert_eq!(names, ["harbour", "kitchen"]);
        assert!(matches!(in_library(dir.path(), "harbour"), Some(Origin::Archive(_))));
        assert!(matches!(in_library(dir.path(), "kitchen"), Some(Origin::Directory(_))));
        assert_eq!(in_library(dir.path(), "trash"), None);
    }
}
