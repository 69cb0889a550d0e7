//! What only a Unix knows of files and users, and what stands in for it elsewhere. One place for all rooms.

pub(crate) use this::{
    changed_ms, free_bytes, is_root, mode, modified_ns, on_disk, same_owner, set_mode, wait_for_nobody,
};

#[cfg(unix)]
mod this {
    use std::{
        fs::{self, Metadata, OpenOptions, Permissions},
        io,
        os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt, chown},
        path::Path,
    };

    /// Whether this process runs as the administrator.
    pub(crate) fn is_root() -> bool {
        rustix::process::geteuid().is_root()
    }

    /// Who may do what with a file, as `chmod` says it.
    pub(crate) fn mode(meta: &Metadata) -> u32 {
        meta.permissions().mode()
    }

    /// Says who may do what with a file.
    pub(crate) fn set_mode(path: &Path, mode: u32) -> io::Result<()> {
        fs::set_permissions(path, Permissions::from_mode(mode))
    }

    /// Gives a path to the owner of what is described. Only root can give files away: otherwise nothing happens.
    pub(crate) fn same_owner(model: &Metadata, path: &Path) {
        if fs::metadata(path).is_ok_and(|made| (made.uid(), made.gid()) != (model.uid(), model.gid())) {
            let _ = chown(path, Some(model.uid()), Some(model.gid()));
        }
    }

    /// When a file was written last, in nanoseconds since the Unix epoch.
    pub(crate) fn modified_ns(meta: &Metadata) -> i64 {
        meta.mtime().saturating_mul(1_000_000_000).saturating_add(meta.mtime_nsec())
    }

    /// When a file came to be as it is, in milliseconds since the Unix epoch: one moved here from a backup keeps its old date of writing.
    pub(crate) fn changed_ms(meta: &Metadata) -> u64 {
        let ms = |seconds: i64, nanoseconds: i64| {
            u64::try_from(seconds * 1_000 + nanoseconds / 1_000_000).unwrap_or_default()
        };
        ms(meta.mtime(), meta.mtime_nsec()).max(ms(meta.ctime(), meta.ctime_nsec()))
    }

    /// Bytes that a file takes of the disk, and not what one with holes claims.
    pub(crate) fn on_disk(meta: &Metadata) -> u64 {
        meta.blocks().saturating_mul(512)
    }

    /// Free bytes of the file system at this path.
    #[allow(clippy::useless_conversion, reason = "the numbers have other types on other systems")]
    pub(crate) fn free_bytes(path: &Path) -> Option<u64> {
        let disk = rustix::fs::statvfs(path).ok()?;
        Some(u64::from(disk.f_bavail).saturating_mul(disk.f_frsize.into()))
    }

    /// Opens no pipe that nobody writes to, and makes no terminal ours.
    pub(crate) fn wait_for_nobody(options: &mut OpenOptions) {
        let flags = rustix::fs::OFlags::NONBLOCK | rustix::fs::OFlags::NOCTTY;
        options.custom_flags(i32::try_from(flags.bits()).unwrap_or_default());
    }
}

#[cfg(not(unix))]
mod this {
    use std::{
        fs::{Metadata, OpenOptions},
        io,
        path::Path,
        time::{Duration, UNIX_EPOCH},
    };

    pub(crate) fn is_root() -> bool {
        false
    }

    /// As Docker's own client has it for the files of such systems: all may be run.
    pub(crate) fn mode(_meta: &Metadata) -> u32 {
        0o755
    }

    pub(crate) fn set_mode(_path: &Path, _mode: u32) -> io::Result<()> {
        Ok(())
    }

    pub(crate) fn same_owner(_model: &Metadata, _path: &Path) {}

    fn since(meta: &Metadata) -> Duration {
        meta.modified().ok().and_then(|at| at.duration_since(UNIX_EPOCH).ok()).unwrap_or_default()
    }

    pub(crate) fn modified_ns(meta: &Metadata) -> i64 {
        i64::try_from(since(meta).as_nanos()).unwrap_or(i64::MAX)
    }

    pub(crate) fn changed_ms(meta: &Metadata) -> u64 {
        u64::try_from(since(meta).as_millis()).unwrap_or(u64::MAX)
    }

    pub(crate) fn on_disk(meta: &Metadata) -> u64 {
        meta.len()
    }

    pub(crate) fn free_bytes(_path: &Path) -> Option<u64> {
        None
    }

    pub(crate) fn wait_for_nobody(_options: &mut OpenOptions) {}
}
