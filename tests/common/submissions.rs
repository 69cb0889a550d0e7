//! What people really hand in, as files: `tests/fixtures/submissions/` holds one file for each, with what it is, the verdict, and the
//! files in which it differs from `fixed-stack`. `not` names wrong turns that may not be named, `not at` files that may not be pointed at.
//! A part `--- PATH` gives a whole file, `--- PATH edit` replaces what stands above `=>` by
//! what stands below, `--- PATH gone` removes.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use breakfix::course::Course;

/// What several of them need beside the packages of `fixed-stack`; one list, so that they share a layer.
const MORE_REQUIREMENTS: &str = "
Flask-SQLAlchemy==3.1.1
gunicorn==27.0.1
psycopg2-binary==2.9.13
pyuwsgi==2.0.30.post1
waitress==3.0.2
";

/// One of them.
pub struct Submission {
    /// The file's name.
    pub name: String,
    /// The verdict that it deserves, and what else is to be told.
    pub expected: BTreeMap<String, String>,
    /// Its files.
    pub files: BTreeMap<String, String>,
}

/// All of them, by name.
pub fn submissions() -> Vec<Submission> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/submissions");
    let mut paths: Vec<PathBuf> = std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let course = Course::embedded().unwrap();
    let all = paths.iter().map(|path| {
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        read(name, &std::fs::read_to_string(path).unwrap(), course.fixed_stack())
    });
    all.collect()
}

fn read(name: String, text: &str, fixed: &BTreeMap<String, String>) -> Submission {
    let mut parts = text.split("\n--- ");
    let head = parts.next().unwrap().lines().skip(1);
    let expected =
        head.filter_map(|line| line.split_once(": ")).map(|(key, value)| (key.into(), value.into())).collect();
    let mut files = fixed.clone();
    for part in parts {
        let (line, body) = part.split_once('\n').unwrap_or((part, ""));
        match line.rsplit_once(' ') {
            Some((path, "gone")) => {
                let before = files.len();
                files.retain(|known, _| known != path && !known.starts_with(&format!("{path}/")));
                assert!(files.len() < before, "{name}: there is no {path}");
            }
            Some((path, "edit")) => {
                let (from, to) = body.split_once("=>").unwrap_or_else(|| panic!("{name}: an edit without =>"));
                let (from, to) = (from.trim_end_matches('\n'), to.strip_prefix('\n').unwrap_or(to));
                let text = files.get_mut(path).unwrap_or_else(|| panic!("{name}: there is no {path}"));
                assert_eq!(text.matches(from).count(), 1, "{name}: {path} holds this once: {from}");
                *text = text.replace(from, to.trim_end_matches('\n'));
            }
            _ => drop(files.insert(line.to_owned(), format!("{}\n", body.trim_end_matches('\n')))),
        }
    }
    let more = format!("{}{MORE_REQUIREMENTS}", fixed["requirements.txt"]);
    for text in files.values_mut() {
        *text = text.replace("{more requirements}\n", &more);
    }
    Submission { name, expected, files }
}

/// Writes its files into a directory of its name below `home`.
pub fn write(home: &Path, submission: &Submission) {
    for (path, text) in &submission.files {
        let path = home.join(&submission.name).join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
}
