//! Noticing that a file of the lab changed.

use std::{path::Path, time::Duration};

use notify::{
    Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher,
    event::{AccessKind, AccessMode},
};
use tokio::{
    sync::mpsc,
    time::{Instant, timeout_at},
};

use super::{Lab, texts::is_skipped};
use crate::error::{Error, Result};

/// Silence after which a burst of changes counts as one: editors write beside, rename, and touch again.
const QUIET: Duration = Duration::from_millis(60);
/// A file that never stops changing is told about at least this often.
const AT_MOST: Duration = Duration::from_secs(1);

/// Tells when something in the lab's files changed, once per burst.
#[derive(Debug)]
pub struct Watch {
    changes: mpsc::Receiver<()>,
    /// When the burst that is going on began, and when it counts as over.
    burst: Option<(Instant, Instant)>,
    _watcher: RecommendedWatcher,
}

impl Lab {
    /// Watches the lab's files. The tutor's own directory, `.git`, `__pycache__` and `node_modules` are left out.
    ///
    /// # Errors
    /// Environment: the system has no watch left, or none at all; then look at the files on request.
    pub fn watch(&self) -> Result<Watch> {
        // One waiting change says all that there is to say.
        let (sender, changes) = mpsc::channel(1);
        let root = self.dir().to_owned();
        let watcher = notify::recommended_watcher(move |event: notify::Result<Event>| {
            // An error while watching (an overflow) means that something may have been missed: look.
            if event.map_or(true, |event| matters(&root, &event)) {
                let _ = sender.try_send(());
            }
        })
        .and_then(|mut watcher| watcher.watch(self.dir(), RecursiveMode::Recursive).map(|()| watcher))
        .map_err(|error| {
            Error::environment(format!("changes in {} cannot be watched", self.dir().display()))
                .because(error)
                .suggest("more watches for all programs: sudo sysctl fs.inotify.max_user_watches=524288")
        })?;
        Ok(Watch { changes, burst: None, _watcher: watcher })
    }
}

impl Watch {
    /// Waits for the end of the next burst of changes; `None` when watching ended. Nothing is lost when it is dropped
    /// while waiting, as in a `select!`.
    pub async fn recv(&mut self) -> Option<()> {
        loop {
            let Some((began, over)) = self.burst else {
                self.changes.recv().await?;
                let now = Instant::now();
                self.burst = Some((now, now + QUIET));
                continue;
            };
            match timeout_at(over, self.changes.recv()).await {
                Ok(Some(())) => self.burst = Some((began, (Instant::now() + QUIET).min(began + AT_MOST))),
                Ok(None) | Err(_) => {
                    self.burst = None;
                    return Some(());
                }
            }
        }
    }
}

/// Whether an event is a change of a file that could matter; reading one, which we do ourselves, is none.
fn matters(root: &Path, event: &Event) -> bool {
    let changes = match event.kind {
        EventKind::Access(kind) => kind == AccessKind::Close(AccessMode::Write),
        _ => true,
    };
    changes
        && (event.paths.is_empty()
            || event.paths.iter().any(|path| {
                let inside = path.strip_prefix(root).unwrap_or(path);
                !inside.components().any(|part| part.as_os_str().to_str().is_some_and(is_skipped))
            }))
}
