//! The files of a build context, as Docker would send them, and what has changed in them.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use sha2::{Digest, Sha256};

use super::{
    dockerfile,
    door::{Closed, Door, FileKind, Found},
    files::is_compose_file,
    ignore::{Ignore, clean, glob, matches_or_below},
    model::Build,
    source_map::absolute,
};
use crate::error::{Error, Result, tells_of_the_machine};

/// Files and directories that a context may hold.
const MAX_ENTRIES: usize = 50_000;
/// Bytes that a context may hold.
const MAX_BYTES: u64 = 1 << 30;
/// Bytes of paths that are compared with the patterns of `.dockerignore`, each with each.
const MAX_EFFORT: usize = 100_000_000;
/// Our own notes in a lab: they change with every step of the learner, and belong in no image.
const OWN_NOTES: &str = ".breakfix";

/// One thing in a build context. Sockets, pipes and devices are left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContextFile {
    /// Path in the context, with `/` between its parts.
    pub path: PathBuf,
    /// Path on the disk.
    pub absolute: PathBuf,
    /// What it is.
    pub kind: FileKind,
    /// By which it is read.
    pub door: Door,
}

impl ContextFile {
    /// The file, opened for reading without waiting for anybody.
    ///
    /// # Errors
    /// It is no ordinary file any more, or the system refuses.
    pub fn open(&self) -> io::Result<fs::File> {
        self.door.open(&self.absolute).map_err(Closed::into_io)
    }

    /// What the system tells of a directory.
    ///
    /// # Errors
    /// It is no directory any more, or the system refuses.
    pub fn directory(&self) -> io::Result<fs::Metadata> {
        self.door.directory(&self.absolute).map_err(Closed::into_io)
    }

    /// Where a link leads, as it is written.
    ///
    /// # Errors
    /// It is no link any more, or the system refuses.
    pub fn link(&self) -> io::Result<PathBuf> {
        self.door.link(&self.absolute).map_err(Closed::into_io)
    }
}

impl Build {
    /// The files that are sent to the builder: all that `.dockerignore` leaves, and in any case the Dockerfile and
    /// `.dockerignore` themselves. Sorted by path; a directory comes before what is in it.
    ///
    /// # Errors
    /// A fault of the stack: a pattern that is none. Environment: a directory that the system does not open, a context past all
    /// measure of ours.
    pub fn context_files(&self) -> Result<Vec<ContextFile>> {
        let ignore = self.ignore()?;
        let always =
            [clean(&self.dockerfile), ".dockerignore".to_string(), format!("{}.dockerignore", clean(&self.dockerfile))];
        let mut files = vec![];
        let (mut bytes, mut effort) = (0, 0);
        let mut open = vec![PathBuf::new()];
        while let Some(dir) = open.pop() {
            for (path, kind, length) in entries(&self.door, &self.context, &dir)? {
                let text = path.to_string_lossy().into_owned();
                if text == OWN_NOTES {
                    continue;
                }
                effort += ignore.effort(&text);
                if effort > MAX_EFFORT {
                    return Err(Error::environment(
                        ".dockerignore holds too many patterns for the files that are there",
                    )
                    .why("each path is compared with each pattern")
                    .suggest("name whole directories in it, not file by file"));
                }
                let ignored = ignore.ignores(&text) && !always.contains(&text);
                let holds_some = ignore.keeps_some() || always.iter().any(|kept| kept.starts_with(&format!("{text}/")));
                if kind == FileKind::Directory && (!ignored || holds_some) {
                    open.push(path.clone());
                }
                if !ignored {
                    bytes += if kind == FileKind::File { length } else { 0 };
                    let (absolute, door) = (self.context.join(&path), self.door.clone());
                    files.push(ContextFile { path, absolute, kind, door });
                }
                if files.len() + open.len() > MAX_ENTRIES || bytes > MAX_BYTES {
                    return Err(Error::environment(format!(
                        "the build context {} is too large",
                        self.context.display()
                    ))
                    .why(format!("it holds more than {MAX_ENTRIES} files or {} MiB", MAX_BYTES >> 20))
                    .suggest("name what the image does not need in .dockerignore"));
                }
            }
        }
        files.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(files)
    }

    /// What the image is made from, as a hash: paths, modes and contents of the files that the Dockerfile takes (all of
    /// the context where that cannot be told), the Dockerfile, arguments and target. No times, and nothing that editors
    /// and Python leave lying about.
    ///
    /// # Errors
    /// As [`Build::context_files`]; or a file that cannot be read.
    pub fn context_hash(&self) -> Result<String> {
        let text = self.dockerfile_text()?;
        let taken: Option<Vec<_>> = dockerfile::Text::of(&text)
            .read()
            .sources()
            .and_then(|sources| sources.iter().map(|source| glob(&clean(source))).collect());
        let whole = taken.iter().flatten().any(|matcher| matcher.is_match("."));
        let mut hash = Sha256::new();
        field(&mut hash, text.as_bytes());
        field(&mut hash, self.target.as_deref().unwrap_or_default().as_bytes());
        for (name, value) in &self.args {
            field(&mut hash, name.as_bytes());
            field(&mut hash, value.as_deref().unwrap_or_default().as_bytes());
        }
        for file in self.context_files()? {
            let wanted = match &taken {
                Some(taken) if !whole => taken.iter().any(|matcher| matches_or_below(matcher, &file.path)),
                _ => true,
            };
            if wanted && !is_litter(&file.path) {
                hash_file(&mut hash, &self.door, &file.path, &file.absolute, file.kind)?;
            }
        }
        Ok(hex(hash))
    }

    /// The Dockerfile's text: the inline one, or the file's, wherever it lies.
    ///
    /// # Errors
    /// A fault of the stack: it cannot be read.
    pub fn dockerfile_text(&self) -> Result<String> {
        match &self.dockerfile_inline {
            Some(text) => Ok(text.clone()),
            None => {
                let path = absolute(&self.context, &self.dockerfile);
                super::files::read_text(&self.door, &path).map_err(|unreadable| {
                    told(format!("{} {}", path.display(), unreadable.message)).suggest(unreadable.expected)
                })
            }
        }
    }

    /// The patterns: those beside a Dockerfile of another name come first, as the builder has it.
    fn ignore(&self) -> Result<Ignore> {
        for name in [format!("{}.dockerignore", self.dockerfile), ".dockerignore".into()] {
            let path = absolute(&self.context, &name);
            if self.door.look(&path) != Found::File {
                continue;
            }
            let text = super::files::read_text(&self.door, &path)
                .map_err(|unreadable| told(format!("{name} {}", unreadable.message)).suggest(unreadable.expected))?;
            return Ignore::parse(&text).map_err(|(line, why)| Error::stack(format!("{name}:{line}: {why}")));
        }
        Ok(Ignore::default())
    }
}

/// A file of the stack that cannot be read, in words.
fn told(words: String) -> Error {
    if tells_of_the_machine(&words) { Error::environment(words) } else { Error::stack(words) }
}

/// What lies in a directory below a root, sockets, pipes and devices left out.
pub(super) fn entries(door: &Door, root: &Path, dir: &Path) -> Result<Vec<(PathBuf, FileKind, u64)>> {
    let at = root.join(dir);
    let found = door.entries(&at).map_err(|closed| cannot_be_read(&at, closed))?;
    Ok(found.into_iter().map(|entry| (dir.join(entry.name), entry.kind, entry.length)).collect())
}

/// What is not there or not what it seems is the stack's fault; what the system does not open may be the machine's.
fn cannot_be_read(path: &Path, closed: Closed) -> Error {
    let what = format!("{} cannot be read", path.display());
    match closed {
        Closed::Failed(error) => Error::unreadable(what, error),
        closed => Error::stack(what).because(closed.into_io()),
    }
}

/// True for what editors, Python and version control leave lying about, and for the compose files themselves: no program
/// in a container behaves differently by it.
pub(super) fn is_litter(path: &Path) -> bool {
    let dirs = path.components().any(|part| {
        matches!(
            part.as_os_str().to_str(),
            Some("__pycache__" | ".git" | ".breakfix" | ".mypy_cache" | ".pytest_cache")
        )
    });
    let name = path.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
    let ends = ["~", ".pyc", ".swp", ".swo", ".swx", ".tmp"];
    // `COPY . .` takes the compose file along, and no program in the image reads it.
    if is_compose_file(&path.to_string_lossy()) {
        return true;
    }
    dirs || name == "4913"
        || name == ".DS_Store"
        || name.starts_with(".#")
        || ends.iter().any(|end| name.ends_with(end))
}

/// Adds a path, its mode and its content.
pub(super) fn hash_file(hash: &mut Sha256, door: &Door, path: &Path, absolute: &Path, kind: FileKind) -> Result<()> {
    field(hash, path.as_os_str().as_encoded_bytes());
    match kind {
        FileKind::Directory => field(hash, b"directory"),
        FileKind::Symlink => {
            let target = door.link(absolute).unwrap_or_default();
            field(hash, target.as_os_str().as_encoded_bytes());
        }
        FileKind::File => match door.open(absolute) {
            Ok(mut file) => {
                let cannot = |error: io::Error| cannot_be_read(absolute, error.into());
                let mode = crate::system::mode(&file.metadata().map_err(cannot)?);
                field(hash, &(mode & 0o777).to_be_bytes());
                let mut content = Sha256::new();
                io::copy(&mut file, &mut Writer(&mut content)).map_err(cannot)?;
                field(hash, &content.finalize());
            }
            Err(Closed::Is(Found::Nothing)) => {}
            Err(closed) => return Err(cannot_be_read(absolute, closed)),
        },
    }
    Ok(())
}

struct Writer<'hash>(&'hash mut Sha256);

impl std::io::Write for Writer<'_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Adds bytes with their length, so that no two lists of fields look alike.
pub(super) fn field(hash: &mut Sha256, bytes: &[u8]) {
    hash.update((bytes.len() as u64).to_be_bytes());
    hash.update(bytes);
}

/// The hash in hexadecimal digits.
pub(super) fn hex(hash: Sha256) -> String {
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}
