//! Asking registries, with bounds: what hangs is given up, told, and not asked again for a while.

use std::{
    collections::BTreeMap,
    path::PathBuf,
    time::{Duration, SystemTime},
};

use bollard::query_parameters::{CreateImageOptionsBuilder, RemoveImageOptionsBuilder};
use futures_util::StreamExt;

use super::{
    super::call::{Fault, SLOW, ask},
    ImageStatus,
};
use crate::{
    engine::{Engine, Progress},
    error::{Error, Result},
};

/// Bound until a registry says its first word.
const FIRST_WORD: Duration = Duration::from_secs(20);
/// Bound between two messages of a pull that has begun.
const NEXT_WORD: Duration = Duration::from_secs(60);
/// How long a registry that gave no answer is left alone.
const LEFT_ALONE: Duration = Duration::from_secs(10 * 60);

/// Why images could not be pulled.
pub(super) struct PullFailure {
    /// The reason in a few words: `no registry answers`.
    pub reason: String,
    what: String,
    detail: String,
    suggestion: Option<&'static str>,
    /// Nobody answered at all, as opposed to an answer that says no.
    unreachable: bool,
}

impl PullFailure {
    pub(super) fn error(&self) -> Error {
        let error = Error::environment(self.what.clone()).why(self.reason.clone()).why(self.detail.clone());
        match self.suggestion {
            Some(suggestion) => error.suggest(suggestion),
            None => error.suggest("breakfix images build    # stand-ins from Debian's packages"),
        }
    }

    fn new(name: &str, fault: &Fault) -> Self {
        let detail = fault.message();
        let (reason, suggestion) = reason(fault, &detail);
        Self {
            what: format!("{name} can't be pulled"),
            reason: reason.into(),
            suggestion,
            unreachable: matches!(fault, Fault::NoAnswer(_)) || reason == UNREACHABLE,
            detail,
        }
    }
}

const UNREACHABLE: &str = "no registry answers";

/// What a refusal means, and what to try.
fn reason(fault: &Fault, text: &str) -> (&'static str, Option<&'static str>) {
    let has = |words: &[&str]| words.iter().any(|word| text.contains(word));
    match fault {
        Fault::NoAnswer(_) => (UNREACHABLE, None),
        Fault::Gone(_) => ("the engine went away", Some("breakfix doctor")),
        _ if has(&["toomanyrequests", "429", "rate limit"]) => {
            ("the registry has had too many requests from here", Some("docker login    # or wait an hour"))
        }
        _ if has(&[
            "no such host",
            "dial tcp",
            "connection refused",
            "i/o timeout",
            "network is unreachable",
            "TLS handshake timeout",
            "Client.Timeout",
            "deadline exceeded",
        ]) =>
        {
            (UNREACHABLE, None)
        }
        _ if has(&["x509", "certificate"]) => (
            "the engine does not trust the registry's certificate",
            Some("add your proxy's CA to the engine's machine and restart Docker"),
        ),
        _ if has(&["unauthorized", "authentication required", "no basic auth", "denied"]) => {
            ("the registry asks for a login", Some("docker login"))
        }
        _ if has(&["manifest unknown", "not found", "manifest for"]) => ("the registry has no such image", None),
        _ if has(&["no space left on device"]) => {
            ("the disk is full", Some("docker system df    # what takes the space"))
        }
        _ => ("the pull failed", None),
    }
}

impl Engine {
    /// Pulls these images side by side. A registry that was silent a few minutes ago is not asked.
    pub(super) async fn pull_all(&self, names: &[String], progress: &Progress) -> Result<(), PullFailure> {
        let memory = Silence::of(&self.info.url);
        if let Some(since) = memory.lasting() {
            return Err(PullFailure {
                reason: UNREACHABLE.into(),
                what: format!("{} can't be pulled", names.join(", ")),
                detail: format!(
                    "none answered {} s ago; the next try is in {} min",
                    since.as_secs(),
                    (LEFT_ALONE.saturating_sub(since).as_secs() / 60) + 1
                ),
                suggestion: None,
                unreachable: true,
            });
        }
        let pulls = names.iter().map(|name| self.pull(name, progress));
        let failure = futures_util::future::join_all(pulls).await.into_iter().find_map(Result::err);
        match failure {
            None => {
                memory.forget();
                Ok(())
            }
            Some(failure) => {
                if failure.unreachable {
                    memory.keep();
                }
                Err(failure)
            }
        }
    }

    async fn pull(&self, name: &str, progress: &Progress) -> Result<(), PullFailure> {
        let (repository, tag) = split(name);
        let options = CreateImageOptionsBuilder::default().from_image(repository).tag(tag).build();
        progress.step(name, "pull", "asking the registry");
        let mut messages = Box::pin(self.docker.create_image(Some(options), None, None));
        let mut layers = Layers::default();
        let mut bound = FIRST_WORD;
        let failed = loop {
            match tokio::time::timeout(bound, messages.next()).await {
                Err(_) => break Some(Fault::NoAnswer(bound)),
                Ok(None) => break None,
                Ok(Some(Err(error))) => break Some(Fault::from(error)),
                Ok(Some(Ok(message))) => {
                    if let Some(text) = message.error_detail.and_then(|detail| detail.message) {
                        break Some(Fault::Says { status: 200, message: text });
                    }
                    let detail = message.progress_detail.unwrap_or_default();
                    layers.take(
                        message.id.unwrap_or_default(),
                        message.status.as_deref(),
                        detail.current,
                        detail.total,
                    );
                    let (done, total) = layers.sum();
                    if total > 0 {
                        progress.amount(name, "pull", "", done, total);
                    }
                    bound = NEXT_WORD;
                }
            }
        };
        // The end of a pull may come garbled: the image itself is the proof.
        if matches!(self.image(name).await, Ok(Some(_))) {
            progress.finished(name, "pull", "pulled");
            return Ok(());
        }
        let fault = failed.unwrap_or_else(|| Fault::Other("the pull ended without an image".into()));
        let failure = PullFailure::new(name, &fault);
        progress.step(name, "pull", failure.reason.clone());
        Err(failure)
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

/// Bytes of each layer of a pull.
#[derive(Default)]
struct Layers(BTreeMap<String, (u64, u64)>);

impl Layers {
    fn take(&mut self, id: String, status: Option<&str>, current: Option<i64>, total: Option<i64>) {
        let known = |value: Option<i64>| value.and_then(|value| u64::try_from(value).ok());
        match status {
            Some("Downloading") => {
                if let (Some(current), Some(total)) = (known(current), known(total)) {
                    self.0.insert(id, (current, total));
                }
            }
            Some("Download complete" | "Pull complete") => {
                if let Some((current, total)) = self.0.get_mut(&id) {
                    *current = *total;
                }
            }
            _ => {}
        }
    }

    fn sum(&self) -> (u64, u64) {
        self.0.values().fold((0, 0), |(done, all), (current, total)| (done + current, all + total))
    }
}

/// The memory that no registry answered, kept in a file per engine so that the next start need not wait again.
struct Silence(Option<PathBuf>);

impl Silence {
    fn of(engine: &str) -> Self {
        let home = std::env::var_os("XDG_CACHE_HOME")
            .map(PathBuf::from)
            .or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cache")));
        let name: String = engine.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
        Self(home.map(|home| home.join("breakfix").join(format!("registry-silent{name}"))))
    }

    /// How long ago nobody answered, while that still counts.
    fn lasting(&self) -> Option<Duration> {
        let written = std::fs::metadata(self.0.as_ref()?).ok()?.modified().ok()?;
        SystemTime::now().duration_since(written).ok().filter(|since| *since < LEFT_ALONE)
    }

    // Only a convenience: where the file can't be written, the next start asks once more.
    fn keep(&self) {
        if let Some(path) = &self.0 {
            let _ = path.parent().map(std::fs::create_dir_all);
            let _ = std::fs::write(path, "");
        }
    }

    fn forget(&self) {
        if let Some(path) = &self.0 {
            let _ = std::fs::remove_file(path);
        }
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

    #[test]
    fn a_pull_is_counted_in_bytes() {
        let mut layers = Layers::default();
        layers.take("a".into(), Some("Downloading"), Some(10), Some(100));
        layers.take("b".into(), Some("Downloading"), Some(5), Some(50));
        layers.take("b".into(), Some("Download complete"), None, None);
        layers.take("a".into(), Some("Extracting"), Some(1), Some(100));
        assert_eq!(layers.sum(), (60, 150));
    }

    #[test]
    fn refusals_are_told_apart() {
        let says = |message: &str| {
            let fault = Fault::Says { status: 500, message: message.into() };
            PullFailure::new("postgres:17", &fault)
        };
        assert_eq!(says("Get \"https://r/v2/\": dial tcp: lookup r: no such host").reason, UNREACHABLE);
        assert!(says("net/http: TLS handshake timeout").unreachable);
        assert!(!says("toomanyrequests: You have reached your pull rate limit").unreachable);
        assert_eq!(says("manifest unknown: manifest unknown").reason, "the registry has no such image");
        assert_eq!(says("unauthorized: authentication required").reason, "the registry asks for a login");
        assert_eq!(
            says("x509: certificate signed by unknown authority").reason,
            "the engine does not trust the registry's certificate"
        );
        assert!(PullFailure::new("a", &Fault::NoAnswer(FIRST_WORD)).unreachable);
    }
}
