//! A build's files as a tar stream, which the classic builder takes.

use std::{
    fs,
    io::{self, Read, Write},
    path::Path,
};

use hyper::body::Bytes;
use tokio::sync::mpsc;

use crate::{
    compose::{Build, ContextFile, FileKind},
    error::{Error, Result},
};

pub(super) enum PackError {
    /// A file cannot be read.
    File(Error),
    /// Nobody takes the bytes any more.
    Unwanted,
}

/// Writes the context as a tar stream, a piece at a time: a context may be larger than memory.
pub(super) fn pack(
    build: &Build,
    dockerfile: &str,
    text: &str,
    to: mpsc::Sender<std::io::Result<Bytes>>,
) -> Result<(), PackError> {
    let files = build.context_files().map_err(PackError::File)?;
    let mut tar = tar::Builder::new(std::io::BufWriter::with_capacity(1 << 16, Pieces(to)));
    tar.follow_symlinks(false);
    for file in &files {
        // Its text goes in below, as it is built.
        if file.path == Path::new(dockerfile) {
            continue;
        }
        append(&mut tar, file).map_err(|error| match error.kind() {
            std::io::ErrorKind::BrokenPipe => PackError::Unwanted,
            _ => PackError::File(Error::unreadable(
                format!("the build context's file {} cannot be read", file.path.display()),
                error,
            )),
        })?;
    }
    let ended = (|| {
        // Even one that is inline, outside the context, or kept out by .dockerignore: the builder needs it all the same.
        let mut header = tar::Header::new_gnu();
        header.set_size(text.len() as u64);
        header.set_mode(0o644);
        tar.append_data(&mut header, dockerfile, text.as_bytes())?;
        tar.into_inner()?.flush()
    })();
    ended.map_err(|_| PackError::Unwanted)
}

/// A file as it looks whoever sends it: root's, and written by nobody else where that comes from a habit of the machine (`umask 002`).
/// Owner and mode are part of what the builder's cache compares, and an image that was built elsewhere has to be found in it.
pub(crate) fn append(tar: &mut tar::Builder<impl Write>, file: &ContextFile) -> io::Result<()> {
    let mut header = tar::Header::new_gnu();
    let mut describe = |metadata: fs::Metadata| {
        header.set_metadata(&metadata);
        header.set_uid(0);
        header.set_gid(0);
        header.set_mode(plain_mode(crate::system::mode(&metadata)));
        metadata.len()
    };
    match file.kind {
        FileKind::File => {
            let content = file.open()?;
            // It may grow while it is read.
            let length = describe(content.metadata()?);
            tar.append_data(&mut header, &file.path, content.take(length))
        }
        FileKind::Directory => {
            describe(file.directory()?);
            tar.append_data(&mut header, &file.path, io::empty())
        }
        FileKind::Symlink => {
            let target = file.link()?;
            header.set_entry_type(tar::EntryType::Symlink);
            header.set_mode(0o777);
            header.set_size(0);
            tar.append_link(&mut header, &file.path, target)
        }
    }
}

/// What all may write was meant so; what only the group may write was not.
pub(super) fn plain_mode(mode: u32) -> u32 {
    if mode & 0o002 == 0 { mode & !0o020 } else { mode }
}

/// Hands pieces to the request's body.
pub(crate) struct Pieces(pub mpsc::Sender<std::io::Result<Bytes>>);

impl Write for Pieces {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let piece = Bytes::copy_from_slice(bytes);
        self.0.blocking_send(Ok(piece)).map_err(|_| std::io::Error::from(std::io::ErrorKind::BrokenPipe))?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compose::Door;

    #[test]
    fn a_file_is_the_same_whoever_sends_it() {
        let dir = tempfile::tempdir().unwrap();
        let sent = |bits: u32| {
            let absolute = dir.path().join("requirements.txt");
            fs::write(&absolute, "Flask\n").unwrap();
            crate::system::set_mode(&absolute, bits).unwrap();
            let mut tar = tar::Builder::new(Vec::new());
            let file =
                ContextFile { path: "requirements.txt".into(), absolute, kind: FileKind::File, door: Door::default() };
            append(&mut tar, &file).unwrap();
            let bytes = tar.into_inner().unwrap();
            let mut archive = tar::Archive::new(bytes.as_slice());
            let entry = archive.entries().unwrap().next().unwrap().unwrap();
            let header = entry.header();
            (header.mode().unwrap() & 0o777, header.uid().unwrap(), header.gid().unwrap(), header.size().unwrap())
        };
        assert_eq!(sent(0o664), (0o644, 0, 0, 6));
        assert_eq!(sent(0o664), sent(0o644));
        assert_eq!(sent(0o775).0, 0o755);
        assert_eq!(sent(0o600).0, 0o600);
        assert_eq!(sent(0o666).0, 0o666);
    }
}
