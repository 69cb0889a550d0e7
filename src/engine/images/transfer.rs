//! Images in a file, for a room without internet.

use std::path::Path;

use bollard::query_parameters::ImportImageOptionsBuilder;
use futures_util::{Stream, StreamExt};
use hyper::body::Bytes;
use tokio::{fs::File, io::AsyncWriteExt};
use tokio_util::io::ReaderStream;

use crate::engine::request::{Fault, IDLE};
use crate::{
    engine::{Engine, Progress},
    error::{Error, Result},
};

/// Writes the images beside the file's name, and renames when all is there.
pub(super) async fn save(engine: &Engine, names: &[String], path: &Path, progress: &Progress) -> Result<()> {
    let subject = path.display().to_string();
    let failed = |cause: std::io::Error| {
        Error::environment(format!("{subject} can't be written"))
            .because(cause)
            .suggest("choose another place, with enough room")
    };
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let part = tempfile::Builder::new().prefix(".breakfix-images-").tempfile_in(parent).map_err(failed)?;
    let mut file = File::from_std(part.reopen().map_err(failed)?);
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut pieces = Box::pin(engine.docker.export_images(&names));
    let mut written: u64 = 0;
    while let Some(piece) = next(&mut pieces).await.map_err(|fault| fault.environment("the images can't be saved"))? {
        file.write_all(&piece).await.map_err(failed)?;
        written += piece.len() as u64;
        progress.step(subject.clone(), "save", format!("{} MB", written / 1_000_000));
    }
    file.sync_all().await.map_err(failed)?;
    crate::system::set_mode(part.path(), 0o644).map_err(failed)?;
    part.persist(path).map_err(|error| failed(error.error))?;
    progress.finished(subject, "save", format!("{} MB", written / 1_000_000));
    Ok(())
}

/// Loads the file's images.
pub(super) async fn load(engine: &Engine, path: &Path, progress: &Progress) -> Result<()> {
    let subject = path.display().to_string();
    let opened = async {
        let file = File::open(path).await?;
        let size = file.metadata().await?.len();
        Ok((file, size))
    };
    let (file, size) = opened.await.map_err(|cause: std::io::Error| {
        Error::environment(format!("{subject} can't be read"))
            .because(cause)
            .suggest("breakfix images save FILE    # on a machine that has the images")
    })?;
    let mut done = 0;
    let (told, name) = (progress.clone(), subject.clone());
    let pieces = ReaderStream::with_capacity(file, 1 << 18).inspect(move |piece| {
        done += piece.as_ref().map_or(0, |piece| piece.len() as u64);
        told.amount(name.clone(), "load", "", done, size);
    });
    load_stream(engine, pieces).await.map_err(|fault| {
        fault
            .environment(format!("{subject} can't be loaded"))
            .suggest("is it a file of `breakfix images save` or `docker save`?")
    })?;
    progress.finished(subject, "load", "loaded");
    Ok(())
}

/// Gives the engine an image archive.
pub(crate) async fn load_stream(
    engine: &Engine,
    pieces: impl Stream<Item = std::io::Result<Bytes>> + Send + 'static,
) -> Result<(), Fault> {
    // The engine answers when it has taken all: longer than any other question.
    let docker = engine.docker.clone().with_timeout(IDLE);
    let mut messages = Box::pin(docker.import_image_stream(ImportImageOptionsBuilder::default().build(), pieces, None));
    while let Some(message) = next(&mut messages).await? {
        if let Some(detail) = message.error_detail {
            return Err(Fault::Says { status: 200, message: detail.message.unwrap_or_default() });
        }
    }
    Ok(())
}

async fn next<T>(
    stream: &mut (impl Stream<Item = Result<T, bollard::errors::Error>> + Unpin),
) -> Result<Option<T>, Fault> {
    match tokio::time::timeout(IDLE, stream.next()).await {
        Err(_) => Err(Fault::NoAnswer(IDLE)),
        Ok(None) => Ok(None),
        Ok(Some(item)) => item.map(Some).map_err(Fault::from),
    }
}
