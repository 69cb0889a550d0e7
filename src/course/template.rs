//! A small course to begin with: one bug in the shop, with everything that a lesson has.

use std::{collections::BTreeMap, fs, path::Path};

use super::Course;
use crate::error::{Error, Result};

const COURSE: &str = include_str!("template/course.toml");
const LESSON: &str = include_str!("template/01-first.toml");
/// The bug, as it stands in the shop that works and in the one that does not.
const BUG: (&str, &str, &str) = ("src/app.py", "host=\"0.0.0.0\"", "host=\"127.0.0.1\"");

/// Writes the small course into a new or empty directory; it is called after that.
///
/// # Errors
/// Usage: something is there already, or the directory's name is none for a course. Environment: it cannot be written.
pub fn write_new(dir: &Path) -> Result<()> {
    let name = dir.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if name.is_empty() || !name.chars().all(fits) || !name.starts_with(|c: char| c.is_ascii_lowercase()) {
        return Err(Error::usage(format!("a course cannot be called {name:?}"))
            .why("its name is that of its directory: small letters, digits and -")
            .suggest("breakfix course new ./my-course"));
    }
    if fs::read_dir(dir).is_ok_and(|mut entries| entries.next().is_some()) || dir.is_file() {
        return Err(Error::usage(format!("{} is there already, and nothing of yours is overwritten", dir.display())));
    }
    for (path, text) in texts(&name)? {
        let path = dir.join(path);
        path.parent()
            .map_or(Ok(()), fs::create_dir_all)
            .and_then(|()| fs::write(&path, text))
            .map_err(|error| Error::environment(format!("{} cannot be written", path.display())).because(error))?;
    }
    Ok(())
}

/// All files of the course, by path.
fn texts(id: &str) -> Result<BTreeMap<String, String>> {
    let mut texts = BTreeMap::from([
        ("course.toml".to_owned(), COURSE.replace("{id}", id)),
        ("01-first.toml".to_owned(), LESSON.to_owned()),
    ]);
    for (path, text) in Course::embedded()?.fixed_stack() {
        let (file, right, wrong) = BUG;
        let broken = if path == file { text.replace(right, wrong) } else { text.clone() };
        texts.insert(format!("broken/{path}"), broken);
        texts.insert(format!("fixed/{path}"), text.clone());
    }
    Ok(texts)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::course::{Origin, lint};

    #[test]
    fn what_is_written_is_a_course_with_nothing_to_complain_about() {
        let home = tempfile::tempdir().unwrap();
        let dir = home.path().join("my-course");
        write_new(&dir).unwrap();
        assert_eq!(lint(&Origin::at(&dir).unwrap()), []);
        let course = Course::load(&dir).unwrap();
        assert_eq!((course.id.as_str(), course.lessons.len()), ("my-course", 1));
        assert_ne!(course.broken_stack(), course.fixed_stack());
        assert!(write_new(&dir).unwrap_err().what.contains("is there already"));
    }

    #[test]
    fn a_name_that_is_none_is_refused_and_nothing_is_written() {
        let home = tempfile::tempdir().unwrap();
        for name in ["My Course", "1st", "käse"] {
            let dir = home.path().join(name);
            assert!(write_new(&dir).unwrap_err().what.contains("cannot be called"), "{name}");
            assert!(!dir.exists());
        }
    }
}
