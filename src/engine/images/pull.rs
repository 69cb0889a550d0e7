//! Asking registries, with bounds: what hangs is given up, told, and not asked again for a while.

use std::time::Duration;

use bollard::{
    models::CreateImageInfo,
    query_parameters::{CreateImageOptionsBuilder, RemoveImageOptionsBuilder},
};
use futures_util::{Stream, StreamExt};

use super::{
    ImageStatus,
    layers::{Far, Layers},
    refusal::{Refusal, registry},
    silence::{LEFT_ALONE, Silence},
};
use crate::engine::request::{Fault, IDLE, SLOW, ask};
use crate::{
    engine::{Engine, Progress},
    error::Result,
};

/// Bounds on the time until the next message of a pull.
struct Bounds {
    /// Until a registry says its first word.
    first: Duration,
    /// While it sends. A slow line gives a message only once in half a megabyte.
    next: Duration,
    /// While the engine unpacks what has come.
    own: Duration,
}

const BOUNDS: Bounds = Bounds { first: Duration::from_secs(20), next: Duration::from_secs(60), own: IDLE };

/// Which registries are asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ask {
    /// All: a person said so.
    Always,
    /// Those that were not silent a few minutes ago.
    UnlessSilent,
}

impl Engine {
    /// Pulls these images side by side.
    pub(super) async fn pull_all(&self, names: &[String], whom: Ask, progress: &Progress) -> Result<(), Vec<Refusal>> {
        let pulls = names.iter().map(|name| async move {
            let memory = Silence::of(&self.info.url, registry(name));
            if let Some(since) = memory.lasting().filter(|_| whom == Ask::UnlessSilent) {
                let left = LEFT_ALONE.saturating_sub(since).as_secs() / 60 + 1;
                let refusal = Refusal::not_asked(name, since.as_secs(), left);
                progress.step(name, "pull", refusal.reason());
                return Err((refusal, None));
            }
            self.pull(name, progress).await.map(|()| memory.forget()).map_err(|refusal| (refusal, Some(memory)))
        });
        // What is kept of a silence counts from now on, not for the others of this round.
        let ended = futures_util::future::join_all(pulls).await;
        let refused = ended.into_iter().filter_map(Result::err).map(|(refusal, memory)| {
            if let Some(memory) = memory.filter(|_| refusal.is_silence()) {
                memory.keep();
            }
            refusal
        });
        let refused: Vec<Refusal> = refused.collect();
        if refused.is_empty() { Ok(()) } else { Err(refused) }
    }

    async fn pull(&self, name: &str, progress: &Progress) -> Result<(), Refusal> {
        let before = self.id_of(name).await;
        let (repository, tag) = split(name);
        let options = CreateImageOptionsBuilder::default().from_image(repository).tag(tag).build();
        progress.step(name, "pull", "asking the registry");
        let messages = Box::pin(self.docker.create_image(Some(options), None, None));
        let mut layers = Layers::default();
        let ended = follow(messages, &BOUNDS, &mut layers, |far| match far {
            Far::Asked => {}
            Far::Words(words) => progress.step(name, "pull", words),
            Far::Bytes(words, done, all) => progress.amount(name, "pull", words, done, all),
        })
        .await;
        // The end of a pull may come garbled: a new image under the name is the proof. An old one is none, where the engine
        // does not say that it is the registry's.
        let after = self.id_of(name).await;
        if after.is_some() && (ended.is_ok() || after != before) {
            progress.finished(name, "pull", "pulled");
            return Ok(());
        }
        let fault = ended.err().unwrap_or_else(|| Fault::Other("the pull ended without an image".into()));
        let refusal = Refusal::new(name, &fault, layers.far() != Far::Asked);
        progress.step(name, "pull", refusal.reason());
        Err(refusal)
    }

    async fn id_of(&self, name: &str) -> Option<String> {
        self.image(name).await.ok().flatten()?.id
    }

    /// Removes a stand-in whose name a pulled image has taken, unless something still uses it.
    pub(super) async fn forget_replaced(&self, old: &ImageStatus) -> Result<()> {
        let Some(id) = &old.id else { return Ok(()) };
        let still = self.image(id).await?;
        if still.is_none_or(|image| image.repo_tags.is_some_and(|tags| !tags.is_empty())) {
            return Ok(());
        }
        match ask(SLOW, self.docker.remove_image(id, Some(RemoveImageOptionsBuilder::default().build()), None)).await {
            Err(fault) if !matches!(fault.status(), Some(404 | 409)) => {
                Err(fault.environment(format!("the stand-in for {} can't be removed", old.name)))
            }
            _ => Ok(()),
        }
    }
}

/// Follows a pull to its end, and tells how far it is.
async fn follow(
    mut messages: impl Stream<Item = Result<CreateImageInfo, bollard::errors::Error>> + Unpin,
    bounds: &Bounds,
    layers: &mut Layers,
    mut tell: impl FnMut(Far),
) -> Result<(), Fault> {
    let mut bound = bounds.first;
    loop {
        let Ok(message) = tokio::time::timeout(bound, messages.next()).await else {
            return Err(Fault::NoAnswer(bound));
        };
        let Some(message) = message else { return Ok(()) };
        let message = message?;
        if let Some(text) = message.error_detail.and_then(|detail| detail.message) {
            return Err(Fault::Says { status: 200, message: crate::engine::sanitize::clean(&text) });
        }
        let (id, status) = (message.id.unwrap_or_default(), message.status.unwrap_or_default());
        let detail = message.progress_detail.unwrap_or_default();
        layers.take(&id, &status, detail.current, detail.total);
        tell(layers.far());
        bound = if layers.all_here() { bounds.own } else { bounds.next };
    }
}

/// Repository and tag; `latest` where none is named (without a tag the engine would fetch all of them).
fn split(name: &str) -> (&str, &str) {
    if let Some((repository, digest)) = name.split_once('@') {
        return (repository, digest);
    }
    match name.rsplit_once(':') {
        Some((repository, tag)) if !tag.contains('/') => (repository, tag),
        _ => (name, "latest"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_split_into_repository_and_tag() {
        assert_eq!(split("postgres:17"), ("postgres", "17"));
        assert_eq!(split("nginx"), ("nginx", "latest"));
        assert_eq!(split("localhost:5000/nginx"), ("localhost:5000/nginx", "latest"));
        assert_eq!(split("localhost:5000/nginx:1.28"), ("localhost:5000/nginx", "1.28"));
        assert_eq!(split("nginx@sha256:ab"), ("nginx", "sha256:ab"));
    }

    #[tokio::test]
    async fn a_pull_that_falls_silent_is_given_up() {
        let bounds = Bounds {
            first: Duration::from_millis(40),
            next: Duration::from_millis(20),
            own: Duration::from_millis(80),
        };
        let says = |status: &str| CreateImageInfo {
            id: Some("a".into()),
            status: Some(status.into()),
            ..CreateImageInfo::default()
        };
        for (said, bound) in [(vec![], bounds.first), (vec!["Waiting"], bounds.next), (vec!["Extracting"], bounds.own)]
        {
            let messages: Vec<_> = said.into_iter().map(|status| Ok(says(status))).collect();
            let messages = futures_util::stream::iter(messages).chain(futures_util::stream::pending());
            let ended = follow(messages, &bounds, &mut Layers::default(), |_| {}).await;
            assert_eq!(ended, Err(Fault::NoAnswer(bound)));
        }
    }
}
