//! Bind mounts brought in as copies: nothing of the host is reachable from the container, nothing is written to it.

use std::{
    fs::{File, Metadata},
    io::{self, Read},
    path::{Path, PathBuf},
};

use bollard::{
    body_full,
    query_parameters::{ContainerArchiveInfoOptionsBuilder, UploadToContainerOptionsBuilder},
};

use crate::engine::{
    Engine,
    blame::container_is_to_blame,
    request::{QUICK, SLOW, ask},
};
use crate::{
    compose::{Closed, Door, FileKind, Found, InlineFile, Mount, MountKind, Service},
    error::{Error, Result},
};

/// What one mount may bring in, in bytes: submissions mount settings, not archives.
const MOST_BYTES: u64 = 64 << 20;
/// Bytes of a head in an archive.
const BLOCK: u64 = 512;

impl Engine {
    /// Copies the sources of these mounts into a container that was made and not started.
    pub(crate) async fn copy_in(&self, container: &str, service: &Service, mounts: &[Mount]) -> Result<()> {
        let (door, service) = (&service.door, &service.name);
        for mount in mounts {
            let MountKind::Bind(source) = &mount.kind else { continue };
            let (door, source, target) = (door.clone(), source.clone(), mount.target.clone());
            let packed = tokio::task::spawn_blocking(move || pack(&door, &source, &target)).await;
            let packed = packed.map_err(|error| Error::environment("a mount could not be copied").because(error))?;
            let cannot = |error: Error| Error { what: format!("{service}: cannot bring in {}", mount.target), ..error };
            let Some((path, tar)) = packed.map_err(cannot)? else { continue };
            let options = UploadToContainerOptionsBuilder::default().path(&path).build();
            let upload = self.docker.upload_to_container(container, Some(options), body_full(tar.into()));
            ask(SLOW, upload).await.map_err(|fault| {
                let what = format!("{service}: cannot bring in {}", mount.target);
                if container_is_to_blame(&fault) {
                    return Error::stack(what).why(fault.message());
                }
                fault.environment(what)
            })?;
        }
        Ok(())
    }

    /// Writes secrets and configs that come from no file into a container that does not run yet.
    pub(crate) async fn write_files(&self, container: &str, service: &str, files: &[InlineFile]) -> Result<()> {
        for file in files {
            let what = || format!("{service}: cannot bring in {}", file.target);
            let packed = pack_text(file).map_err(|error| Error::environment(what()).because(error))?;
            let options = UploadToContainerOptionsBuilder::default().path("/").build();
            let upload = self.docker.upload_to_container(container, Some(options), body_full(packed.into()));
            ask(SLOW, upload).await.map_err(|fault| match container_is_to_blame(&fault) {
                true => Error::stack(what()).why(fault.message()),
                false => fault.environment(what()),
            })?;
        }
        Ok(())
    }
}

fn pack_text(file: &InlineFile) -> std::io::Result<Vec<u8>> {
    let mut header = tar::Header::new_gnu();
    header.set_size(file.content.len() as u64);
    header.set_mode(file.mode);
    header.set_uid(file.uid);
    header.set_gid(file.gid);
    let mut tar = tar::Builder::new(Vec::new());
    tar.append_data(&mut header, file.target.trim_start_matches('/'), file.content.as_bytes())?;
    tar.into_inner()
}

/// Files of a source that are looked for.
const LOOKED_FOR: usize = 5;

/// Whether anything of a source that was copied to this place of a container is there; of one without files nothing can be said.
///
/// # Errors
/// Environment: the engine does not answer.
pub(crate) async fn is_there(
    engine: &Engine,
    container: &str,
    door: &Door,
    (source, target): (&Path, &str),
) -> Result<bool> {
    let mut places = Vec::new();
    if door.look(source) == Found::File {
        places.push(target.to_owned());
    } else {
        let files = door.entries(source).unwrap_or_default().into_iter();
        let files = files.filter(|entry| entry.kind == FileKind::File);
        places.extend(files.take(LOOKED_FOR).filter_map(|file| Some(format!("{target}/{}", file.name.to_str()?))));
    }
    let looked_for = !places.is_empty();
    for place in places {
        let options = ContainerArchiveInfoOptionsBuilder::default().path(&place).build();
        match ask(QUICK, engine.docker.get_container_archive_info(container, Some(options))).await {
            Ok(_) => return Ok(true),
            Err(fault) if fault.status() == Some(404) => {}
            Err(fault) => return Err(fault.environment(format!("what is in the container {container} cannot be seen"))),
        }
    }
    Ok(!looked_for)
}

/// Where to unpack, and the archive; `None` for a source that is not there (compose mounts an empty directory).
///
/// # Errors
/// Why not, to which the caller says what. Environment: it is larger than we bring in, or the system refuses.
fn pack(door: &Door, source: &Path, target: &str) -> Result<Option<(String, Vec<u8>)>> {
    let mut archive = Archive { tar: tar::Builder::new(Vec::new()), left: MOST_BYTES };
    match door.look(source) {
        Found::File => {
            // By its full path from the root, since its directory need not be there.
            let file = door.open(source).map_err(|closed| unreadable(source, closed))?;
            archive.file(Path::new(target.trim_start_matches('/')), source, &file)?;
            return Ok(Some(("/".into(), archive.bytes(source)?)));
        }
        Found::Directory => {}
        Found::Nothing | Found::Special | Found::Outside => return Ok(None),
    }
    let mut open = vec![PathBuf::new()];
    while let Some(dir) = open.pop() {
        let at = source.join(&dir);
        // Sockets, pipes and devices are not among them: reading one could last for ever.
        for entry in door.entries(&at).map_err(|closed| unreadable(&at, closed))? {
            let (name, path) = (dir.join(&entry.name), at.join(&entry.name));
            let cannot = |closed| unreadable(&path, closed);
            match entry.kind {
                FileKind::Directory => {
                    archive.directory(&name, &path, &door.directory(&path).map_err(cannot)?)?;
                    open.push(name);
                }
                FileKind::File => archive.file(&name, &path, &door.open(&path).map_err(cannot)?)?,
                FileKind::Symlink => archive.link(&name, &path, &door.link(&path).map_err(cannot)?)?,
            }
        }
    }
    Ok(Some((target.into(), archive.bytes(source)?)))
}

fn unreadable(path: &Path, closed: Closed) -> Error {
    Error::unreadable("", closed.into_io()).why(path.display().to_string())
}

struct Archive {
    tar: tar::Builder<Vec<u8>>,
    /// Bytes that may still be added.
    left: u64,
}

impl Archive {
    fn take(&mut self, bytes: u64, path: &Path) -> Result<()> {
        self.left = self.left.checked_sub(bytes).ok_or_else(|| {
            Error::environment("").why(format!("with {} it is more than {} MiB", path.display(), MOST_BYTES >> 20))
        })?;
        Ok(())
    }

    fn file(&mut self, name: &Path, path: &Path, file: &File) -> Result<()> {
        let cannot = |error: io::Error| unreadable(path, Closed::Failed(error));
        let metadata = file.metadata().map_err(cannot)?;
        // Its name takes room, too.
        self.take(metadata.len() + BLOCK, path)?;
        let mut header = tar::Header::new_gnu();
        header.set_metadata(&metadata);
        // It may grow while it is read.
        self.tar.append_data(&mut header, name, file.take(metadata.len())).map_err(cannot)
    }

    fn directory(&mut self, name: &Path, path: &Path, metadata: &Metadata) -> Result<()> {
        self.take(BLOCK, path)?;
        let mut header = tar::Header::new_gnu();
        header.set_metadata(metadata);
        self.tar.append_data(&mut header, name, io::empty()).map_err(|error| unreadable(path, Closed::Failed(error)))
    }

    fn link(&mut self, name: &Path, path: &Path, target: &Path) -> Result<()> {
        self.take(BLOCK, path)?;
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(tar::EntryType::Symlink);
        header.set_mode(0o777);
        header.set_size(0);
        self.tar.append_link(&mut header, name, target).map_err(|error| unreadable(path, Closed::Failed(error)))
    }

    fn bytes(self, source: &Path) -> Result<Vec<u8>> {
        self.tar.into_inner().map_err(|error| unreadable(source, Closed::Failed(error)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_is_packed_as_a_link() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("sub")).unwrap();
        std::fs::write(dir.path().join("sub/a.conf"), "a").unwrap();
        std::os::unix::fs::symlink("/etc/passwd", dir.path().join("link")).unwrap();
        let (path, bytes) = pack(&Door::beneath(dir.path()), dir.path(), "/etc/nginx/conf.d").unwrap().unwrap();
        assert_eq!(path, "/etc/nginx/conf.d");
        let mut archive = tar::Archive::new(bytes.as_slice());
        let mut seen: Vec<(String, tar::EntryType)> = archive
            .entries()
            .unwrap()
            .map(|entry| entry.unwrap())
            .map(|entry| (entry.path().unwrap().display().to_string(), entry.header().entry_type()))
            .collect();
        seen.sort_by(|a, b| a.0.cmp(&b.0));
        assert_eq!(seen[0], ("link".into(), tar::EntryType::Symlink));
        assert!(seen.iter().any(|(name, _)| name == "sub/a.conf"), "{seen:?}");
    }

    #[test]
    fn a_file_goes_by_its_full_path_and_a_missing_source_is_empty() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("x.conf");
        std::fs::write(&file, "x").unwrap();
        let (path, bytes) = pack(&Door::beneath(dir.path()), &file, "/etc/x/y.conf").unwrap().unwrap();
        assert_eq!(path, "/");
        let mut archive = tar::Archive::new(bytes.as_slice());
        let entry = archive.entries().unwrap().next().unwrap().unwrap();
        assert_eq!(entry.path().unwrap().display().to_string(), "etc/x/y.conf");
        assert!(pack(&Door::beneath(dir.path()), &dir.path().join("none"), "/x").unwrap().is_none());
    }
}
