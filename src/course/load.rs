//! Reading a course: from the binary, or from a directory.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use include_dir::{Dir, include_dir};
use serde::de::DeserializeOwned;

use super::{
    Course, CourseFinding, Lesson,
    finding::{Sources, as_error, toml_finding},
    stack::{StackFiles, embedded_texts, is_part},
    validate,
};
use crate::{
    compose::{Place, Severity},
    error::Result,
};

/// The version of the file format that this program reads.
pub const FORMAT: u32 = 1;

static LESSONS: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/lessons");
static BROKEN: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/broken-stack");
static FIXED: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/fixed-stack");
static EMPTY: Dir<'static> = Dir::new("", &[]);

const COURSE_FILE: &str = "course.toml";

/// A stack that the binary holds: `broken-stack` or `fixed-stack`. Any other name gives an empty directory.
pub fn embedded_stack(name: &str) -> &'static Dir<'static> {
    match name {
        "broken-stack" => &BROKEN,
        "fixed-stack" => &FIXED,
        _ => &EMPTY,
    }
}

impl Course {
    /// The course that the binary holds.
    ///
    /// # Errors
    /// Usage: its files cannot be read as a course; the tests of this repository see to it that they can.
    pub fn embedded() -> Result<Self> {
        parse_embedded().map_err(|findings| as_error(&findings))
    }

    /// The course in a directory: one that holds `course.toml`, or whose `lessons/` does.
    ///
    /// # Errors
    /// Usage: a file is absent or not as the format wants it, or the lessons contradict themselves; each with
    /// file, line and column.
    pub fn load(dir: &Path) -> Result<Self> {
        let course = parse_dir(dir).map_err(|findings| as_error(&findings))?;
        let findings = validate(&course);
        if findings.iter().any(|finding| finding.severity == Severity::Error) {
            return Err(as_error(&findings));
        }
        Ok(course)
    }

    /// A course from texts: `course.toml` and the lessons by file name, and the files of the two stacks by path.
    ///
    /// # Errors
    /// Usage: as for [`Course::load`], without the contradictions that [`validate`] finds.
    pub fn from_texts(
        texts: BTreeMap<String, String>,
        broken: BTreeMap<String, String>,
        fixed: BTreeMap<String, String>,
    ) -> Result<Self> {
        let sources = Sources { root: PathBuf::new(), texts };
        parse(sources, |_| StackFiles { broken, fixed }).map_err(|findings| as_error(&findings))
    }
}

/// The embedded course, or what keeps it from being read.
pub(super) fn parse_embedded() -> Result<Course, Vec<CourseFinding>> {
    let sources = Sources { root: "lessons".into(), texts: embedded_texts(&LESSONS) };
    parse(sources, |course| StackFiles {
        broken: embedded_texts(embedded_stack(&course.stack.broken)),
        fixed: embedded_texts(embedded_stack(&course.stack.fixed)),
    })
}

/// The course in a directory, or what keeps it from being read.
pub(super) fn parse_dir(dir: &Path) -> Result<Course, Vec<CourseFinding>> {
    let inner = dir.join("lessons");
    let root = if !dir.join(COURSE_FILE).exists() && inner.join(COURSE_FILE).exists() { inner } else { dir.to_owned() };
    let texts = toml_texts(&root).map_err(|error| vec![unreadable(&root, &error)])?;
    let beside = root.clone();
    parse(Sources { root, texts }, |course| StackFiles {
        broken: stack_texts(&beside, &course.stack.broken),
        fixed: stack_texts(&beside, &course.stack.fixed),
    })
}

fn unreadable(root: &Path, error: &std::io::Error) -> CourseFinding {
    let place = Place { file: root.to_owned(), line: 1, column: 1 };
    CourseFinding { place, severity: Severity::Error, message: format!("the directory cannot be read: {error}") }
}

fn toml_texts(root: &Path) -> std::io::Result<BTreeMap<String, String>> {
    let mut texts = BTreeMap::new();
    for entry in fs::read_dir(root)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "toml")
            && let Some(name) = path.file_name()
        {
            texts.insert(name.to_string_lossy().into_owned(), fs::read_to_string(&path)?);
        }
    }
    Ok(texts)
}

/// The stack named in `course.toml`, which lies in the course's directory or beside it. An absent one has no files.
fn stack_texts(root: &Path, name: &str) -> BTreeMap<String, String> {
    let parent = fs::canonicalize(root).ok().and_then(|root| root.parent().map(Path::to_owned));
    let mut texts = BTreeMap::new();
    let dirs = [Some(root.to_owned()), parent];
    if let Some(dir) = dirs.into_iter().flatten().map(|dir| dir.join(name)).find(|dir| dir.is_dir()) {
        walk(&dir, "", &mut texts);
    }
    texts
}

fn walk(dir: &Path, prefix: &str, texts: &mut BTreeMap<String, String>) {
    let Ok(entries) = fs::read_dir(dir) else { return };
    for entry in entries.flatten() {
        let path = format!("{prefix}{}", entry.file_name().to_string_lossy());
        if !is_part(&path) {
            continue;
        }
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            walk(&entry.path(), &format!("{path}/"), texts);
        } else if let Ok(text) = fs::read_to_string(entry.path()) {
            texts.insert(path, text);
        }
    }
}

fn parse(sources: Sources, stacks: impl FnOnce(&Course) -> StackFiles) -> Result<Course, Vec<CourseFinding>> {
    let mut findings = Vec::new();
    let mut course: Course = match parse_file(&sources, COURSE_FILE) {
        Ok(course) => course,
        Err(finding) => return Err(vec![finding]),
    };
    for (index, file) in course.lesson_files.iter().enumerate() {
        if !sources.texts.contains_key(file) {
            findings.push(CourseFinding {
                place: sources.place(COURSE_FILE, &format!("lessons.{index}")),
                severity: Severity::Error,
                message: format!("there is no file {file}"),
            });
            continue;
        }
        match parse_file::<Lesson>(&sources, file) {
            Ok(lesson) => course.lessons.push(lesson),
            Err(finding) => findings.push(finding),
        }
    }
    if let Some(file) = course.talk_file.clone() {
        match parse_file(&sources, &file) {
            Ok(talk) => course.talk = talk,
            Err(_) if !sources.texts.contains_key(&file) => findings.push(CourseFinding {
                place: sources.place(COURSE_FILE, "talk"),
                severity: Severity::Error,
                message: format!("there is no file {file}"),
            }),
            Err(finding) => findings.push(finding),
        }
    }
    if !findings.is_empty() {
        return Err(findings);
    }
    course.stack_files = stacks(&course);
    course.sources = sources;
    Ok(course)
}

fn parse_file<T: DeserializeOwned>(sources: &Sources, file: &str) -> Result<T, CourseFinding> {
    let path = sources.root.join(file);
    let Some(text) = sources.texts.get(file) else {
        return Err(CourseFinding {
            place: Place { file: path, line: 1, column: 1 },
            severity: Severity::Error,
            message: "there is no such file, and and a course begins with it".to_owned(),
        });
    };
    if file == COURSE_FILE {
        refuse_newer(sources, text)?;
    }
    toml::from_str(text).map_err(|error| toml_finding(&path, text, &error))
}

/// A newer format may hold anything: it is told as such, and not as a list of unknown keys.
fn refuse_newer(sources: &Sources, text: &str) -> Result<(), CourseFinding> {
    let format = text.parse::<toml::Table>().ok().and_then(|table| table.get("format")?.as_integer());
    match format {
        Some(format) if format != i64::from(FORMAT) => Err(CourseFinding {
            place: sources.place(COURSE_FILE, "format"),
            severity: Severity::Error,
            message: format!("this is version {format} of the format, and this program reads version {FORMAT}"),
        }),
        _ => Ok(()),
    }
}
