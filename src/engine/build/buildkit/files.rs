//! The files of a build, as BuildKit asks for them: first what there is, then the contents of those that it wants. The protocol is
//! that of <https://github.com/tonistiigi/fsutil>.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::Metadata,
    path::{Path, PathBuf},
    sync::Arc,
};

use bollard_buildkit_proto::{
    fsutil::types::{Packet, Stat, packet::PacketType},
    moby::filesync::packet::file_sync_server::FileSync,
};
use tokio::{io::AsyncReadExt, sync::mpsc};
use tonic::{Request, Response, Status, Streaming, codegen::BoxStream};

use super::super::pack::plain_mode;
use crate::{
    compose::{ContextFile, FileKind},
    error::{Error, Result},
};

/// Bytes of a file in one message.
const PIECE: usize = 32 << 10;
/// Kinds of files, as Go has them in a mode.
const DIRECTORY: u32 = 1 << 31;
const SYMLINK: u32 = 1 << 27;

/// A directory that a build may ask for: what is in it, in the order of its paths.
#[derive(Debug, Default)]
pub(super) struct Tree(Vec<(Stat, Content)>);

#[derive(Debug)]
enum Content {
    None,
    Text(Arc<str>),
    File(ContextFile),
}

/// The directories that a build may ask for, by name.
#[derive(Debug)]
pub(super) struct Files(pub BTreeMap<String, Arc<Tree>>);

impl Tree {
    /// One file of this text.
    pub fn of_text(name: &str, text: &str) -> Self {
        let size = i64::try_from(text.len()).unwrap_or(i64::MAX);
        let stat = Stat { path: name.to_owned(), mode: 0o644, size, ..Stat::default() };
        Self(vec![(stat, Content::Text(text.into()))])
    }

    /// These files, with the directories above them.
    ///
    /// # Errors
    /// Stack: a file cannot be read, or has no name that can be sent.
    pub fn of(files: Vec<ContextFile>) -> Result<Self> {
        let mut there: BTreeSet<PathBuf> =
            files.iter().filter(|file| file.kind == FileKind::Directory).map(|file| file.path.clone()).collect();
        let mut entries = BTreeMap::new();
        for file in files {
            for above in file.path.ancestors().skip(1).filter(|above| !above.as_os_str().is_empty()) {
                if there.insert(above.to_owned()) {
                    let mode = DIRECTORY | 0o755;
                    entries.insert(above.to_owned(), (Stat { mode, ..Stat::default() }, Content::None));
                }
            }
            // What is gone meanwhile was not there.
            let Some(entry) = entry(&file).map_err(|error| {
                Error::unreadable(format!("the build context's file {} cannot be read", file.path.display()), error)
            })?
            else {
                continue;
            };
            entries.insert(file.path, entry);
        }
        let named = entries.into_iter().map(|(path, (mut stat, content))| {
            stat.path = wire_path(&path)?;
            Ok((stat, content))
        });
        Ok(Self(named.collect::<Result<_>>()?))
    }
}

fn entry(file: &ContextFile) -> std::io::Result<Option<(Stat, Content)>> {
    let described = |metadata: &Metadata| {
        let mode = plain_mode(crate::system::mode(metadata)) & 0o777;
        Stat { mode, mod_time: crate::system::modified_ns(metadata), ..Stat::default() }
    };
    let entry = match file.kind {
        FileKind::Directory => file.directory().map(|metadata| {
            let stat = described(&metadata);
            (Stat { mode: stat.mode | DIRECTORY, ..stat }, Content::None)
        }),
        FileKind::Symlink => file.link().map(|target| {
            let linkname = target.to_string_lossy().into_owned();
            (Stat { mode: 0o777 | SYMLINK, linkname, ..Stat::default() }, Content::None)
        }),
        FileKind::File => file.open().and_then(|open| open.metadata()).map(|metadata| {
            let size = i64::try_from(metadata.len()).unwrap_or(i64::MAX);
            (Stat { size, ..described(&metadata) }, Content::File(file.clone()))
        }),
    };
    match entry {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        entry => entry.map(Some),
    }
}

fn wire_path(path: &Path) -> Result<String> {
    path.to_str().map(str::to_owned).ok_or_else(|| {
        Error::stack(format!("the build context's file {} has a name that is not UTF-8", path.display()))
            .suggest("rename it, or name it in .dockerignore")
    })
}

#[tonic::async_trait]
impl FileSync for Files {
    type DiffCopyStream = BoxStream<Packet>;
    type TarStreamStream = BoxStream<Packet>;

    async fn diff_copy(&self, request: Request<Streaming<Packet>>) -> Result<Response<Self::DiffCopyStream>, Status> {
        let name = request.metadata().get("dir-name").and_then(|name| name.to_str().ok()).unwrap_or_default();
        let tree = self.0.get(name).cloned().ok_or_else(|| Status::not_found(format!("no directory {name}")))?;
        let (sender, receiver) = mpsc::channel(16);
        // Ends when the other side has what it wants, or is gone.
        tokio::spawn(async move {
            if let Err(status) = send(&tree, request.into_inner(), &sender).await {
                let _ = sender.send(Err(status)).await;
            }
        });
        let packets =
            futures_util::stream::unfold(
                receiver,
                |mut receiver| async move { Some((receiver.recv().await?, receiver)) },
            );
        Ok(Response::new(Box::pin(packets)))
    }

    async fn tar_stream(&self, _: Request<Streaming<Packet>>) -> Result<Response<Self::TarStreamStream>, Status> {
        Err(Status::unimplemented("only the newer protocol is spoken"))
    }
}

type Sender = mpsc::Sender<Result<Packet, Status>>;

/// Tells what there is, then sends what is asked for until the other side has enough.
async fn send(tree: &Tree, mut asked: Streaming<Packet>, to: &Sender) -> Result<(), Status> {
    for (stat, _) in &tree.0 {
        tell(to, PacketType::PacketStat, Some(stat.clone()), 0, Vec::new()).await?;
    }
    tell(to, PacketType::PacketStat, None, 0, Vec::new()).await?;
    while let Some(packet) = asked.message().await? {
        match PacketType::try_from(packet.r#type) {
            Ok(PacketType::PacketReq) => {
                let wanted = usize::try_from(packet.id).ok().and_then(|id| tree.0.get(id));
                let (stat, content) = wanted.ok_or_else(|| Status::invalid_argument("no such file"))?;
                match content {
                    Content::None => {}
                    Content::Text(text) => {
                        tell(to, PacketType::PacketData, None, packet.id, text.as_bytes().to_vec()).await?;
                    }
                    Content::File(file) => {
                        let failed =
                            |error: std::io::Error| Status::aborted(format!("{} cannot be read: {error}", stat.path));
                        let file = file.clone();
                        let opened = tokio::task::spawn_blocking(move || file.open()).await;
                        let opened = opened.map_err(|error| failed(error.into()))?.map_err(failed)?;
                        let mut file = tokio::fs::File::from_std(opened);
                        let mut piece = vec![0; PIECE];
                        loop {
                            let length = file.read(&mut piece).await.map_err(failed)?;
                            if length == 0 {
                                break;
                            }
                            tell(to, PacketType::PacketData, None, packet.id, piece[..length].to_vec()).await?;
                        }
                    }
                }
                tell(to, PacketType::PacketData, None, packet.id, Vec::new()).await?;
            }
            Ok(PacketType::PacketFin) => return tell(to, PacketType::PacketFin, None, 0, Vec::new()).await,
            Ok(PacketType::PacketErr) => return Err(Status::aborted(String::from_utf8_lossy(&packet.data))),
            _ => {}
        }
    }
    Ok(())
}

async fn tell(to: &Sender, kind: PacketType, stat: Option<Stat>, id: u32, data: Vec<u8>) -> Result<(), Status> {
    let packet = Packet { r#type: kind.into(), stat, id, data };
    to.send(Ok(packet)).await.map_err(|_| Status::cancelled("nobody takes the files any more"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_comes_after_the_directories_above_it() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(dir.path().join("a/b")).unwrap();
        let file = |path: &str| {
            std::fs::write(dir.path().join(path), "x").unwrap();
            ContextFile {
                path: path.into(),
                absolute: dir.path().join(path),
                kind: FileKind::File,
                door: Default::default(),
            }
        };
        // The directories were kept out by .dockerignore, one file in them was not.
        let tree = Tree::of(vec![file("a.txt"), file("a/b/c")]).unwrap();
        let told: Vec<_> = tree.0.iter().map(|(stat, _)| (stat.path.as_str(), stat.mode & DIRECTORY != 0)).collect();
        assert_eq!(told, [("a", true), ("a/b", true), ("a/b/c", false), ("a.txt", false)]);
    }
}
