//! The text files of a directory, within limits that keep a stray `venv` or database from being read.

use std::{collections::BTreeMap, fs, path::Path};

use crate::compose::{Door, FileKind};

/// Larger files are passed over, in bytes.
pub const MAX_TEXT: u64 = 256 * 1024;
/// More files than this are not read.
pub const MAX_FILES: usize = 2_000;
/// More text than this is not read, in bytes.
const MAX_TOTAL: usize = 16 * 1024 * 1024;
/// More directory entries than this are not looked at.
const MAX_ENTRIES: usize = 20_000;
/// Directories in directories.
const MAX_DEPTH: usize = 64;

/// Directories that are never part of a stack.
pub(super) fn is_skipped(name: &str) -> bool {
    matches!(name, ".git" | ".breakfix" | "__pycache__" | "node_modules")
}

/// Whether a directory of this name is no part of a stack: a cache, the tutor's own, a virtual environment of Python's.
pub(super) fn is_skipped_dir(dir: &Path) -> bool {
    dir.file_name().and_then(|name| name.to_str()).is_some_and(is_skipped) || dir.join("pyvenv.cfg").exists()
}

/// Whether a link leads to something inside this directory, whose path is free of links.
pub(super) fn leads_inside(root: &Path, link: &Path) -> bool {
    fs::canonicalize(link).is_ok_and(|target| target.starts_with(root))
}

/// The text files below a directory, by path with forward slashes. Binary files, files over [`MAX_TEXT`], Python's virtual
/// environments, symlinks that leave the directory, and what cannot be read are passed over; at most [`MAX_FILES`] are read,
/// those higher up first.
pub fn texts_of(dir: &Path) -> BTreeMap<String, String> {
    let mut reader = Reader { door: Door::beneath(dir), texts: BTreeMap::new(), entries: 0, bytes: 0 };
    reader.walk(dir);
    reader.texts
}

struct Reader {
    door: Door,
    texts: BTreeMap<String, String>,
    entries: usize,
    bytes: usize,
}

impl Reader {
    fn walk(&mut self, dir: &Path) {
        // No recursion: a stranger's directories may be as deep as the system allows.
        let mut open = vec![(dir.to_owned(), String::new())];
        while let Some((dir, prefix)) = open.pop() {
            let Ok(mut entries) = self.door.entries(&dir) else { continue };
            if !prefix.is_empty() && entries.iter().any(|entry| entry.name == "pyvenv.cfg") {
                continue;
            }
            entries.sort_by(|a, b| a.name.cmp(&b.name));
            let mut dirs = Vec::new();
            for entry in entries {
                self.entries += 1;
                if self.entries > MAX_ENTRIES || self.texts.len() >= MAX_FILES || self.bytes >= MAX_TOTAL {
                    return;
                }
                let absolute = dir.join(&entry.name);
                // A name that is not UTF-8 cannot be named in a compose file or a lesson either.
                let Ok(name) = entry.name.into_string() else { continue };
                let path = format!("{prefix}{name}");
                if entry.kind == FileKind::Directory {
                    if !is_skipped(&name) && path.matches('/').count() < MAX_DEPTH {
                        dirs.push((absolute, format!("{path}/")));
                    }
                } else if let Some(text) = self.door.read(&absolute, MAX_TEXT).ok().and_then(text) {
                    self.bytes += text.len();
                    self.texts.insert(path, text);
                }
            }
            open.extend(dirs.into_iter().rev());
        }
    }
}

/// A file's text, if it is one. Bytes that are no UTF-8 (a comment in another encoding) become `U+FFFD`.
fn text(bytes: Vec<u8>) -> Option<String> {
    (!bytes.contains(&0)).then(|| match String::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => String::from_utf8_lossy(error.as_bytes()).into_owned(),
    })
}
