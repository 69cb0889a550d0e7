//! Writing a file so that a reader, or the next start after a crash, sees the old one or the new one and nothing between.

use std::{
    fs::{self, Metadata, Permissions},
    io::{self, Write},
    os::unix::fs::{MetadataExt, PermissionsExt, chown},
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
    file.as_file().set_permissions(old.as_ref().map_or_else(|| new_mode(contents), Metadata::permissions))?;
    give_to_owner_of(&old.map_or_else(|| fs::metadata(parent), Ok)?, file.path());
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
    give_to_owner_of(&fs::metadata(parent)?, dir);
    Ok(())
}

/// Under sudo, a learner's files have to stay the learner's. Only root can give files away: otherwise nothing happens.
fn give_to_owner_of(model: &Metadata, path: &Path) {
    if fs::metadata(path).is_ok_and(|made| (made.uid(), made.gid()) != (model.uid(), model.gid())) {
        let _ = chown(path, Some(model.uid()), Some(model.gid()));
    }
}

/// A new file can be read by all, since a container's user may be another one; scripts can be run.
fn new_mode(contents: &[u8]) -> Permissions {
    Permissions::from_mode(if contents.starts_with(b"#!") { 0o755 } else { 0o644 })
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
