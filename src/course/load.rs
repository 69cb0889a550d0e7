//! Reading a course: from the binary, or from a directory.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Component, Path, PathBuf},
};

use include_dir::{Dir, include_dir};
use serde::de::DeserializeOwned;

use super::{
    Course, CourseFinding, Lesson, archive,
    finding::{Sources, as_error, toml_finding},
    origin::{DEFAULT, Origin},
    practice::{self, Practice},
    stack::{StackFiles, embedded_texts, is_part},
    validate,
};
use crate::{
    compose::{Closed, Door, FileKind, Found, Place, Severity},
    error::Result,
};

/// The newest version of the file format that this program reads; older ones are read, too.
pub const FORMAT: u32 = 2;

/// Ids of the courses that the binary holds.
pub(super) const BUILT_IN: [&str; 2] = [DEFAULT, "orders"];

static LESSONS: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/lessons");
static BROKEN: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/broken-stack");
static FIXED: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/fixed-stack");
static ORDERS: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/courses/orders");
static EMPTY: Dir<'static> = Dir::new("", &[]);

const COURSE_FILE: &str = "course.toml";
/// Bytes of one file of a course in a directory at most: it is text.
const MOST_BYTES: u64 = 4 << 20;

/// A stack that the binary holds: `broken-stack` or `fixed-stack`. Any other name gives an empty directory.
pub fn embedded_stack(name: &str) -> &'static Dir<'static> {
    match name {
        "broken-stack" => &BROKEN,
        "fixed-stack" => &FIXED,
        _ => &EMPTY,
    }
}

impl Course {
    /// The course that is meant where none is named: the binary holds it.
    ///
    /// # Errors
    /// Usage: its files cannot be read as a course; the tests of this repository see to it that they can.
    pub fn embedded() -> Result<Self> {
        parse_built_in(DEFAULT).map_err(|findings| as_error(&findings))
    }

    /// The course in a directory: one that holds `course.toml`, or whose `lessons/` does.
    ///
    /// # Errors
    /// Usage: a file is absent or not as the format wants it, or the lessons contradict themselves; each with
    /// file, line and column.
    pub fn load(dir: &Path) -> Result<Self> {
        Self::open(&Origin::Directory(dir.to_owned()))
    }

    /// The course from there.
    ///
    /// # Errors
    /// Usage: as for [`Course::load`].
    pub fn open(origin: &Origin) -> Result<Self> {
        let course = parse_origin(origin).map_err(|findings| as_error(&findings))?;
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

/// The course with this id that the binary holds, or what keeps it from being read.
fn parse_built_in(id: &str) -> Result<Course, Vec<CourseFinding>> {
    if !BUILT_IN.contains(&id) {
        let place = Place { file: id.into(), line: 1, column: 1 };
        let message = "this program holds no such course".to_owned();
        return Err(vec![CourseFinding { place, severity: Severity::Error, message }]);
    }
    if id == DEFAULT {
        let sources = Sources { root: "lessons".into(), texts: embedded_texts(&LESSONS) };
        return parse(sources, |course| StackFiles {
            broken: embedded_texts(embedded_stack(&course.stack.broken)),
            fixed: embedded_texts(embedded_stack(&course.stack.fixed)),
        });
    }
    let lessons = embedded_texts(&ORDERS).into_iter().filter(|(path, _)| is_lesson(path)).collect();
    let stack = |name: &str| embedded_texts(ORDERS.get_dir(name).unwrap_or(&EMPTY));
    parse(Sources { root: "courses/orders".into(), texts: lessons }, |course| StackFiles {
        broken: stack(&course.stack.broken),
        fixed: stack(&course.stack.fixed),
    })
}

/// The course from there, or what keeps it from being read.
pub(super) fn parse_origin(origin: &Origin) -> Result<Course, Vec<CourseFinding>> {
    let mut course = match origin {
        Origin::BuiltIn(id) => parse_built_in(id),
        Origin::Directory(dir) => parse_dir(dir),
        Origin::Archive(file) => parse_archive(file),
    }?;
    course.origin = origin.clone();
    Ok(course)
}

/// The course in a packed file: the directory in it that holds `course.toml`, with the stacks in it or beside it.
fn parse_archive(file: &Path) -> Result<Course, Vec<CourseFinding>> {
    let all = archive::texts(file).map_err(|error| vec![unreadable(file, &error)])?;
    let places = all.keys().filter_map(|path| path.strip_suffix(COURSE_FILE));
    let places = places.filter(|prefix| prefix.is_empty() || prefix.ends_with('/'));
    let root = places.min_by_key(|prefix| prefix.len()).unwrap_or_default().to_owned();
    let below = |prefix: &str| -> BTreeMap<String, String> {
        let inside = all.iter().filter_map(|(path, text)| Some((path.strip_prefix(prefix)?, text)));
        inside.map(|(path, text)| (path.to_owned(), text.clone())).collect()
    };
    let texts = below(&root).into_iter().filter(|(path, _)| is_lesson(path)).collect();
    let parent = root.trim_end_matches('/').rsplit_once('/').map_or(String::new(), |(parent, _)| format!("{parent}/"));
    let stack = |name: &str| {
        let dirs = [format!("{root}{name}/"), format!("{parent}{name}/")];
        let mut found = dirs.iter().map(|dir| below(dir)).filter(|texts| !texts.is_empty());
        let texts = found.next().unwrap_or_default();
        texts.into_iter().filter(|(path, _)| is_part(path)).collect()
    };
    parse(Sources { root: file.join(&root), texts }, |course| StackFiles {
        broken: stack(&course.stack.broken),
        fixed: stack(&course.stack.fixed),
    })
}

/// Whether a path inside a course's directory is that of `course.toml`, one of its lessons, or what practice draws from.
fn is_lesson(path: &str) -> bool {
    path.ends_with(".toml") && !path.strip_prefix(practice::FOLDER).unwrap_or(path).contains('/')
}

/// The course in a directory, or what keeps it from being read.
fn parse_dir(dir: &Path) -> Result<Course, Vec<CourseFinding>> {
    let inner = dir.join("lessons");
    let root = if !dir.join(COURSE_FILE).exists() && inner.join(COURSE_FILE).exists() { inner } else { dir.to_owned() };
    let texts = toml_texts(&root).map_err(|error| vec![unreadable(&root, &error)])?;
    let beside = root.clone();
    parse(Sources { root, texts }, |course| StackFiles {
        broken: stack_texts(&beside, &course.stack.broken),
        fixed: stack_texts(&beside, &course.stack.fixed),
    })
}

fn unreadable(root: &Path, error: &io::Error) -> CourseFinding {
    let place = Place { file: root.to_owned(), line: 1, column: 1 };
    CourseFinding { place, severity: Severity::Error, message: format!("the course cannot be read: {error}") }
}

fn toml_texts(root: &Path) -> io::Result<BTreeMap<String, String>> {
    let door = Door::beneath(root);
    let mut texts = BTreeMap::new();
    let mut dirs = vec![(root.to_owned(), "")];
    let more = root.join(practice::FOLDER);
    if door.look(&more) == Found::Directory {
        dirs.push((more, practice::FOLDER));
    }
    for (dir, prefix) in dirs {
        for entry in door.entries(&dir).map_err(Closed::into_io)? {
            let name = format!("{prefix}{}", entry.name.to_string_lossy());
            if is_lesson(&name) {
                let told = |error: io::Error| io::Error::other(format!("{name}: {error}"));
                let bytes = door.read(&dir.join(&entry.name), MOST_BYTES).map_err(|closed| told(closed.into_io()))?;
                let text = String::from_utf8(bytes).map_err(|_| told(io::Error::other("it is no text")))?;
                texts.insert(name, text);
            }
        }
    }
    Ok(texts)
}

/// The stack named in `course.toml`, which lies in the course's directory or beside it. An absent one has no files, and neither has
/// one that lies elsewhere.
fn stack_texts(root: &Path, name: &str) -> BTreeMap<String, String> {
    let mut texts = BTreeMap::new();
    if !Path::new(name).components().all(|part| matches!(part, Component::Normal(_))) {
        return texts;
    }
    let parent = fs::canonicalize(root).ok().and_then(|root| root.parent().map(Path::to_owned));
    for home in [Some(root.to_owned()), parent].into_iter().flatten() {
        let (door, dir) = (Door::beneath(&home), home.join(name));
        if door.look(&dir) == Found::Directory {
            walk(&door, &dir, "", &mut texts);
            break;
        }
    }
    texts
}

/// What is no text, too large or no ordinary file, and links that lead elsewhere, are left out.
fn walk(door: &Door, dir: &Path, prefix: &str, texts: &mut BTreeMap<String, String>) {
    for entry in door.entries(dir).unwrap_or_default() {
        let (at, path) = (dir.join(&entry.name), format!("{prefix}{}", entry.name.to_string_lossy()));
        if !is_part(&path) {
            continue;
        }
        if entry.kind == FileKind::Directory {
            walk(door, &at, &format!("{path}/"), texts);
        } else if let Some(text) = door.read(&at, MOST_BYTES).ok().and_then(|bytes| String::from_utf8(bytes).ok()) {
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
    for file in sources.texts.keys().filter(|file| file.starts_with(practice::FOLDER)) {
        match parse_file::<Practice>(&sources, file) {
            Ok(more) => course.practice.add(more),
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
            message: "there is no such file, and a course begins with it".to_owned(),
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
        Some(format) if !(1..=i64::from(FORMAT)).contains(&format) => Err(CourseFinding {
            place: sources.place(COURSE_FILE, "format"),
            severity: Severity::Error,
            message: format!("this is version {format} of the format, and this program reads 1 to {FORMAT}"),
        }),
        _ => Ok(()),
    }
}
