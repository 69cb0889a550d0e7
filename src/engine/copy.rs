//! Bind mounts brought in as copies: nothing of the host is reachable from the container, nothing is written to it.

use std::path::Path;

use bollard::{body_full, query_parameters::UploadToContainerOptionsBuilder};

use super::{
    Engine,
    call::{SLOW, ask},
};
use crate::{
    compose::{Mount, MountKind},
    error::{Error, Result},
};

/// What one mount may bring in, in bytes: submissions mount settings, not archives.
const MOST_BYTES: u64 = 64 << 20;

impl Engine {
    /// Copies the sources of these mounts into a container that was made and not started.
    pub(crate) async fn copy_in(&self, container: &str, service: &str, mounts: &[Mount]) -> Result<()> {
        for mount in mounts {
            let MountKind::Bind(source) = &mount.kind else { continue };
            let (source, target) = (source.clone(), mount.target.clone());
            let packed = tokio::task::spawn_blocking(move || pack(&source, &target)).await;
            let packed = packed.map_err(|error| Error::environment("a mount could not be copied").because(error))?;
            let Some((path, tar)) = packed
                .map_err(|error| Error::stack(format!("{service}: cannot bring in {}", mount.target)).why(error))?
            else {
                continue;
            };
            let options = UploadToContainerOptionsBuilder::default().path(&path).build();
            let upload = self.docker.upload_to_container(container, Some(options), body_full(tar.into()));
            ask(SLOW, upload).await.map_err(|fault| {
                let what = format!("{service}: cannot bring in {}", mount.target);
                match fault.status() {
                    Some(400 | 403 | 404) => Error::stack(what).why(fault.message()),
                    _ => fault.environment(what),
                }
            })?;
        }
        Ok(())
    }
}

/// Where to unpack, and the archive; `None` for a source that is not there (compose mounts an empty directory).
fn pack(source: &Path, target: &str) -> Result<Option<(String, Vec<u8>)>, String> {
    let text = |error: std::io::Error| format!("{}: {error}", source.display());
    let mut tar = tar::Builder::new(Vec::new());
    tar.follow_symlinks(false);
    if source.is_file() {
        // By its full path from the root, since its directory need not be there.
        let size = std::fs::metadata(source).map_err(text)?.len();
        if size > MOST_BYTES {
            return Err(format!("{} is larger than {} MiB", source.display(), MOST_BYTES >> 20));
        }
        let mut file = std::fs::File::open(source).map_err(text)?;
        tar.append_file(target.trim_start_matches('/'), &mut file).map_err(text)?;
        return Ok(Some(("/".into(), tar.into_inner().map_err(text)?)));
    }
    if !source.is_dir() {
        return Ok(None);
    }
    let mut bytes = 0;
    let mut open = vec![source.to_path_buf()];
    while let Some(dir) = open.pop() {
        for entry in std::fs::read_dir(&dir).map_err(text)? {
            let entry = entry.map_err(text)?;
            let (path, kind) = (entry.path(), entry.file_type().map_err(text)?);
            let name = path.strip_prefix(source).unwrap_or(&path).to_path_buf();
            // Sockets, pipes and devices are left out: reading one could last for ever.
            if kind.is_dir() {
                tar.append_dir(&name, &path).map_err(text)?;
                open.push(path);
            } else if kind.is_file() || kind.is_symlink() {
                bytes += entry.metadata().map_err(text)?.len();
                if bytes > MOST_BYTES {
                    return Err(format!("{} holds more than {} MiB", source.display(), MOST_BYTES >> 20));
                }
                tar.append_path_with_name(&path, &name).map_err(text)?;
            }
        }
    }
    Ok(Some((target.into(), tar.into_inner().map_err(text)?)))
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
        let (path, bytes) = pack(dir.path(), "/etc/nginx/conf.d").unwrap().unwrap();
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
        let (path, bytes) = pack(&file, "/etc/x/y.conf").unwrap().unwrap();
        assert_eq!(path, "/");
        let mut archive = tar::Archive::new(bytes.as_slice());
        let entry = archive.entries().unwrap().next().unwrap().unwrap();
        assert_eq!(entry.path().unwrap().display().to_string(), "etc/x/y.conf");
        assert!(pack(&dir.path().join("none"), "/x").unwrap().is_none());
    }
}
