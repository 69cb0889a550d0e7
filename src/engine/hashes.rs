//! Stand-in for the compose room's hashes and context walk until they land there.

use std::path::PathBuf;

use sha2::{Digest, Sha256};

use crate::{
    compose::{Build, MountKind, Service},
    error::{Error, Result},
};

pub(crate) enum FileKind {
    Directory,
    File,
    Symlink,
}
pub(crate) struct ContextFile {
    pub path: PathBuf,
    pub absolute: PathBuf,
    pub kind: FileKind,
}

fn walk(root: &std::path::Path) -> std::io::Result<Vec<ContextFile>> {
    let mut list = Vec::new();
    let mut stack = vec![root.to_path_buf()];
    while let Some(dir) = stack.pop() {
        for entry in std::fs::read_dir(&dir)? {
            let entry = entry?;
            let kind = entry.file_type()?;
            let absolute = entry.path();
            let path = absolute.strip_prefix(root).expect("under root").to_path_buf();
            if kind.is_dir() {
                stack.push(absolute.clone());
            }
            let kind = if kind.is_dir() {
                FileKind::Directory
            } else if kind.is_symlink() {
                FileKind::Symlink
            } else {
                FileKind::File
            };
            list.push(ContextFile { path, absolute, kind });
        }
    }
    list.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(list)
}

pub(crate) fn context_files(build: &Build) -> Result<Vec<ContextFile>> {
    walk(&build.context).map_err(|e| Error::stack("context unreadable").because(e))
}
fn hash_tree(list: &[ContextFile], hash: &mut Sha256) -> Result<()> {
    for f in list {
        hash.update(f.path.to_string_lossy().as_bytes());
        if matches!(f.kind, FileKind::File) {
            hash.update(std::fs::read(&f.absolute).map_err(|e| Error::stack("context unreadable").because(e))?);
        }
    }
    Ok(())
}
fn hex(hash: Sha256) -> String {
    hash.finalize().iter().map(|b| format!("{b:02x}")).collect()
}
pub(crate) fn context_hash(build: &Build) -> Result<String> {
    let mut hash = Sha256::new();
    hash_tree(&context_files(build)?, &mut hash)?;
    hash.update(format!("{:?}{:?}{:?}{:?}", build.args, build.target, build.dockerfile, build.dockerfile_inline));
    Ok(hex(hash))
}
pub(crate) fn config_hash(service: &Service) -> String {
    let mut hash = Sha256::new();
    hash.update(format!("{service:?}"));
    hex(hash)
}
pub(crate) fn mounts_hash(service: &Service) -> Result<String> {
    let mut hash = Sha256::new();
    for m in &service.mounts {
        if let MountKind::Bind(path) = &m.kind
            && path.is_dir()
        {
            hash_tree(&walk(path).map_err(|e| Error::stack("mount unreadable").because(e))?, &mut hash)?;
        }
    }
    Ok(hex(hash))
}
