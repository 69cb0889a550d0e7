//! Writing a file so that a reader, or the next start after a crash, sees the old one or the new one and nothing between.

use std::{
    fs::{self, Metadata},
    io::{self, Write},
    path::Path,
};

use crate::error::{Error, Result};

/// Writes a file beside and renames it over the old one, whose mode and owner it keeps. Missing directories are made.
///
/// # Errors
/// Environment: disk full, no permission, a directory with this name.
pub(super) fn replace_file(path: &Path, contents: &[u8]) -> Result<()> {
    try_replace(path, contents).map_err(|error| io_error("write", path, error))
}

fn try_replace(path: &Path, contents: &[u8]) -> io::Result<()> {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    make_dirs(parent)?;
    let old = fs::symlink_metadata(path).ok();
    if old.as_ref().is_some_and(Metadata::is_dir) {
        return Err(io::Error::new(io::ErrorKind::IsADirectory, "there is a directory with this name"));
    }
    let mut file = tempfile::Builder::new().prefix(".breakfix-").suffix(".tmp").tempfile_in(parent)?;
    file.write_all(contents)?;
    // A link of the learner's is replaced by a file, and lends it nothing.
    let old = old.filter(Metadata::is_file);
    match &old {
        Some(old) => file.as_file().set_permissions(old.permissions())?,
        // A new file can be read by all, since a container's user may be another one; scripts can be run.
        None => crate::system::set_mode(file.path(), if contents.starts_with(b"#!") { 0o755 } else { 0o644 })?,
    }
    // Under sudo, a learner's files have to stay the learner's.
    crate::system::same_owner(&old.map_or_else(|| fs::metadata(parent), Ok)?, file.path());
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}

/// Makes a directory and those above it.
pub(super) fn make_dirs(dir: &Path) -> io::Result<()> {
    if dir.is_dir() {
        return Ok(());
    }
    let parent = dir.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    make_dirs(parent)?;
    match fs::create_dir(dir) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists || !dir.is_dir() => return Err(error),
        _ => {}
    }
    crate::system::same_owner(&fs::metadata(parent)?, dir);
    Ok(())
}

/// The error of the machine for a file that could not be read, written, …
pub(super) fn io_error(verb: &str, path: &Path, error: io::Error) -> Error {
    let kind = error.kind();
    let told = Error::environment(format!("cannot {verb} {}", path.display())).because(error);
    match kind {
        io::ErrorKind::PermissionDenied => told.suggest("see who owns the directory: ls -la"),
        io::ErrorKind::StorageFull => told.suggest("make room on the disk: df -h"),
        _ => told,
    }
}
