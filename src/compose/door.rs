//! The one door by which files of a stack are read.
//!
//! A learner's own files lie wherever they say. What a stranger wrote is opened below its directory, whatever its links, its paths and
//! the moment say: resolved by the kernel (`openat2`, `RESOLVE_BENEATH`) where it can, step by step where not. Either way only
//! ordinary files are read, none is waited for, and none is read past a bound.

use std::{
    fs, io,
    io::Read,
    path::{Path, PathBuf},
};

use cap_fs_ext::{FollowSymlinks, OpenOptionsFollowExt, OpenOptionsSyncExt};
use cap_std::{ambient_authority, fs::Dir};

use super::paths::absolute;

/// Parts of a path. Systems allow some two thousand, and no stack needs them.
const MAX_PARTS: usize = 512;
/// Things of one directory that are looked at.
const MAX_ENTRIES: usize = 50_001;

/// Where files may be read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Door {
    /// The directory outside of which nothing is opened; nothing where all may be.
    root: Option<Root>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Root {
    /// Its path as it was named, absolute.
    named: PathBuf,
    /// Its path with links followed.
    real: PathBuf,
}

/// What stands at a path, links followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// Nothing.
    Nothing,
    /// An ordinary file.
    File,
    /// A directory.
    Directory,
    /// A pipe, a socket or a device.
    Special,
    /// What stands there is not looked at: it lies outside the directory.
    Outside,
}

/// What a thing in a directory is. Sockets, pipes and devices are left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileKind {
    /// A directory.
    Directory,
    /// A file.
    File,
    /// A symbolic link: sent as a link, never followed.
    Symlink,
}

/// A thing in a directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    /// Its name.
    pub name: std::ffi::OsString,
    /// What it is.
    pub kind: FileKind,
    /// Bytes of a file.
    pub length: u64,
}

/// Why something is not read.
#[derive(Debug)]
pub enum Closed {
    /// It lies outside the directory.
    Outside,
    /// It is no ordinary file: what it is instead.
    Is(Found),
    /// It is larger than it may be.
    TooLarge,
    /// The system refuses.
    Failed(io::Error),
}

impl Closed {
    /// As an error of input and output.
    pub(crate) fn into_io(self) -> io::Error {
        match self {
            Self::Failed(error) => error,
            Self::Outside => io::Error::other("it lies outside the directory"),
            Self::TooLarge => io::Error::other("it is too large"),
            Self::Is(Found::Directory) => io::Error::other("it is a directory"),
            // Number 2 is *no such file* on every Unix and on Windows.
            Self::Is(Found::Nothing) => io::Error::from_raw_os_error(2),
            Self::Is(_) => io::Error::other("it is not an ordinary file"),
        }
    }
}

impl From<io::Error> for Closed {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::NotFound => Self::Is(Found::Nothing),
            _ => Self::Failed(error),
        }
    }
}

impl Door {
    /// A door to nothing but what lies in this directory.
    pub fn beneath(dir: &Path) -> Self {
        let named = std::path::absolute(dir).map_or_else(|_| dir.to_path_buf(), |dir| absolute(&dir, "."));
        Self { root: Some(Root { real: dir.canonicalize().unwrap_or_else(|_| named.clone()), named }) }
    }

    /// Whether it leads to one directory only, as for a stranger's stack.
    pub fn is_narrow(&self) -> bool {
        self.root.is_some()
    }

    /// What stands at a path, links followed. Nothing outside is looked at.
    pub fn look(&self, path: &Path) -> Found {
        let of = |is_file: bool, is_dir: bool| match (is_file, is_dir) {
            (true, _) => Found::File,
            (_, true) => Found::Directory,
            _ => Found::Special,
        };
        let Some(root) = &self.root else {
            return fs::metadata(path).map_or(Found::Nothing, |meta| of(meta.is_file(), meta.is_dir()));
        };
        match root.at(path, |dir, inside| dir.metadata(inside)) {
            Ok(meta) => of(meta.is_file(), meta.is_dir()),
            Err(Closed::Outside) => Found::Outside,
            Err(_) => Found::Nothing,
        }
    }

    /// An ordinary file, opened for reading without waiting for anybody.
    ///
    /// # Errors
    /// It is none, lies outside, or the system refuses.
    pub fn open(&self, path: &Path) -> Result<fs::File, Closed> {
        // A pipe and a device do something already when they are opened.
        match self.look(path) {
            Found::File => {}
            Found::Outside => return Err(Closed::Outside),
            // Not there, or not to be looked at: opening it tells which.
            Found::Nothing if !self.is_narrow() => fs::metadata(path).map(drop)?,
            Found::Nothing => {}
            other => return Err(Closed::Is(other)),
        }
        let file = match &self.root {
            None => {
                let mut options = fs::OpenOptions::new();
                crate::system::wait_for_nobody(&mut options);
                options.read(true).open(path)?
            }
            Some(root) => {
                let mut options = cap_std::fs::OpenOptions::new();
                options.read(true).nonblock(true).follow(FollowSymlinks::No);
                root.at(path, |dir, inside| dir.open_with(inside, &options))?.into_std()
            }
        };
        // It may be another one than a moment ago.
        match file.metadata()?.is_file() {
            true => Ok(file),
            false => Err(Closed::Is(Found::Special)),
        }
    }

    /// The bytes of an ordinary file, which are at most so many.
    ///
    /// # Errors
    /// As [`Door::open`]; or it is larger.
    pub fn read(&self, path: &Path, most: u64) -> Result<Vec<u8>, Closed> {
        let mut bytes = vec![];
        self.open(path)?.take(most + 1).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > most { Err(Closed::TooLarge) } else { Ok(bytes) }
    }

    /// What lies in a directory, in no order; sockets, pipes and devices left out, and of very many things the first 50,000.
    ///
    /// # Errors
    /// It is no directory, lies outside, or the system refuses.
    pub(crate) fn entries(&self, path: &Path) -> Result<Vec<Entry>, Closed> {
        // Editors make and remove files all the time: what is gone when it is looked at is left out.
        let Some(root) = &self.root else {
            let found = fs::read_dir(path)?.take(MAX_ENTRIES);
            return of_each(found, |entry| {
                let meta = entry.metadata().ok()?;
                let kind = kind(meta.is_dir(), meta.is_file(), meta.is_symlink())?;
                Some(Entry { name: entry.file_name(), kind, length: meta.len() })
            });
        };
        let found = root.at(path, |dir, inside| dir.open_dir(inside)?.entries())?.take(MAX_ENTRIES);
        of_each(found, |entry| {
            let meta = entry.metadata().ok()?;
            let kind = kind(meta.is_dir(), meta.is_file(), meta.is_symlink())?;
            Some(Entry { name: entry.file_name(), kind, length: meta.len() })
        })
    }

    /// Where a link leads, as it is written.
    ///
    /// # Errors
    /// It is no link, lies outside, or the system refuses.
    pub(crate) fn link(&self, path: &Path) -> Result<PathBuf, Closed> {
        let Some(root) = &self.root else { return Ok(fs::read_link(path)?) };
        let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else { return Err(Closed::Outside) };
        root.at(parent, |dir, inside| dir.read_link_contents(inside.join(name)))
    }

    /// What the system tells of a directory.
    ///
    /// # Errors
    /// It is no directory, lies outside, or the system refuses.
    pub(crate) fn directory(&self, path: &Path) -> Result<fs::Metadata, Closed> {
        let Some(root) = &self.root else { return Ok(fs::metadata(path)?) };
        root.at(path, |dir, inside| dir.open_dir(inside)?.into_std_file().metadata())
    }
}

fn of_each<E>(
    found: impl Iterator<Item = io::Result<E>>,
    entry: impl Fn(E) -> Option<Entry>,
) -> Result<Vec<Entry>, Closed> {
    let mut entries = vec![];
    for one in found {
        entries.extend(entry(one?));
    }
    Ok(entries)
}

fn kind(is_dir: bool, is_file: bool, is_symlink: bool) -> Option<FileKind> {
    match (is_dir, is_symlink, is_file) {
        (true, ..) => Some(FileKind::Directory),
        (_, true, _) => Some(FileKind::Symlink),
        (_, _, true) => Some(FileKind::File),
        _ => None,
    }
}

impl Root {
    /// Does something at a path, seen from the root. The kernel follows links as far as they stay below; a link that names the full
    /// path of something inside is followed here, and tried again without any.
    fn at<T>(&self, path: &Path, work: impl Fn(&Dir, &Path) -> io::Result<T>) -> Result<T, Closed> {
        let dir = Dir::open_ambient_dir(&self.real, ambient_authority())?;
        // The root itself has a name, too.
        let named =
            |inside: &Path| if inside.as_os_str().is_empty() { PathBuf::from(".") } else { inside.to_path_buf() };
        if let Some(inside) = [&self.named, &self.real].into_iter().find_map(|root| path.strip_prefix(root).ok())
            && let Ok(done) = work(&dir, &named(inside))
        {
            return Ok(done);
        }
        let real = real(path);
        let inside = real.strip_prefix(&self.real).map_err(|_| Closed::Outside)?;
        Ok(work(&dir, &named(inside))?)
    }
}

/// The path with links followed; of one that is not there, as far as it is. Nothing is opened for it.
pub(super) fn real(path: &Path) -> PathBuf {
    follow(path, 0)
}

fn follow(path: &Path, links: usize) -> PathBuf {
    /// As many links as the kernel follows; a circle of them leads nowhere that we would allow.
    const MAX_LINKS: usize = 40;
    if links > MAX_LINKS || path.components().take(MAX_PARTS + 1).count() > MAX_PARTS {
        return PathBuf::from("/");
    }
    if let Ok(real) = path.canonicalize() {
        return real;
    }
    match (path.parent(), path.file_name()) {
        // A link that leads nowhere yet may lead anywhere later.
        (Some(parent), Some(_)) if path.is_symlink() => {
            let target = fs::read_link(path).unwrap_or_default();
            follow(&absolute(&follow(parent, links + 1), &target.to_string_lossy()), links + 1)
        }
        (Some(parent), Some(name)) => follow(parent, links).join(name),
        _ => path.to_path_buf(),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    /// A directory `home/stack` with a file `a`, and a file `home/secret` beside it.
    fn home() -> (tempfile::TempDir, PathBuf) {
        let home = tempfile::tempdir().unwrap();
        let stack = home.path().join("stack");
        fs::create_dir_all(stack.join("sub")).unwrap();
        fs::write(stack.join("a"), "mine").unwrap();
        fs::write(home.path().join("secret"), "hunter2").unwrap();
        (home, stack)
    }

    #[test]
    fn nothing_outside_is_opened() {
        let (home, stack) = home();
        symlink("../secret", stack.join("up")).unwrap();
        symlink("/", stack.join("top")).unwrap();
        symlink("loop", stack.join("loop")).unwrap();
        symlink("/nowhere/at/all", stack.join("dangling")).unwrap();
        let door = Door::beneath(&stack);
        for path in ["up", "top/etc/hostname", "../secret", "sub/../../secret", "loop", "dangling", "top"] {
            let path = stack.join(path);
            assert!(matches!(door.open(&path), Err(Closed::Outside)), "{}", path.display());
            assert!(matches!(door.entries(&path), Err(Closed::Outside)), "{}", path.display());
            assert_eq!(door.look(&path), Found::Outside, "{}", path.display());
        }
        assert!(matches!(door.open(&home.path().join("secret")), Err(Closed::Outside)));
        assert!(matches!(door.read(Path::new("/proc/kmsg"), 10), Err(Closed::Outside)));
        assert_eq!(
            Door::default().read(&stack.join("up"), 10).unwrap(),
            b"hunter2",
            "the learner's own may lie anywhere"
        );
    }

    #[test]
    fn links_inside_are_followed_as_written_or_by_their_full_path() {
        let (_home, stack) = home();
        symlink("../a", stack.join("sub/back")).unwrap();
        symlink(stack.join("a"), stack.join("full")).unwrap();
        let door = Door::beneath(&stack);
        for path in ["a", "sub/back", "full", "sub/../a"] {
            assert_eq!(door.read(&stack.join(path), 4).unwrap(), b"mine", "{path}");
        }
        assert!(matches!(door.read(&stack.join("a"), 3), Err(Closed::TooLarge)));
        assert!(matches!(door.read(&stack.join("none"), 3), Err(Closed::Is(Found::Nothing))));
        assert!(matches!(door.open(&stack), Err(Closed::Is(Found::Directory))));
        let mut names: Vec<_> =
            door.entries(&stack).unwrap().into_iter().map(|entry| (entry.name, entry.kind)).collect();
        names.sort_by(|a, b| a.0.cmp(&b.0));
        let names: Vec<_> = names.iter().map(|(name, kind)| (name.to_str().unwrap(), *kind)).collect();
        assert_eq!(names, [("a", FileKind::File), ("full", FileKind::Symlink), ("sub", FileKind::Directory)]);
        assert_eq!(door.link(&stack.join("sub/back")).unwrap(), Path::new("../a"));
    }

    #[test]
    fn nobody_is_waited_for() {
        let (_home, stack) = home();
        let pipe = stack.join("pipe");
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        let _socket = std::os::unix::net::UnixListener::bind(stack.join("socket")).unwrap();
        for door in [Door::default(), Door::beneath(&stack)] {
            for name in ["pipe", "socket"] {
                assert!(matches!(door.open(&stack.join(name)), Err(Closed::Is(Found::Special))), "{name}");
            }
            assert!(door.entries(&stack).unwrap().iter().all(|entry| entry.name != "pipe" && entry.name != "socket"));
        }
        assert!(matches!(Door::default().open(Path::new("/dev/zero")), Err(Closed::Is(Found::Special))));
    }

    /// Whatever stands at the path in the moment between looking and opening: never what is outside, and never a wait.
    #[test]
    fn a_file_that_becomes_a_link_leads_nowhere() {
        let (_home, stack) = home();
        let (path, stop) = (stack.join("a"), std::sync::atomic::AtomicBool::new(false));
        std::thread::scope(|scope| {
            scope.spawn(|| {
                while !stop.load(std::sync::atomic::Ordering::Relaxed) {
                    let next = stack.join("next");
                    let _ = symlink("../secret", &next);
                    let _ = fs::rename(&next, &path);
                    let _ = fs::write(&next, "mine");
                    let _ = fs::rename(&next, &path);
                    let _ = std::process::Command::new("mkfifo").arg(&next).status();
                    let _ = fs::rename(&next, &path);
                }
            });
            let door = Door::beneath(&stack);
            for _ in 0..3_000 {
                if let Ok(text) = door.read(&path, 100) {
                    assert_ne!(text, b"hunter2");
                }
            }
            stop.store(true, std::sync::atomic::Ordering::Relaxed);
        });
    }
}
