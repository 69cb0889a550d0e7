//! Watching the engine: whether it answers, what it says of the lab's containers, and their logs.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use futures_util::StreamExt;
use tokio::{sync::mpsc, task::AbortHandle};

use super::Update;
use crate::{
    engine::ServiceState,
    engine::{Container, Engine},
    error::Error,
};

/// Between two looks for an engine that is missing.
const LOOK_AGAIN: Duration = Duration::from_millis(1500);
/// Between two tries to hear of an engine's events.
const LISTEN_AGAIN: Duration = Duration::from_millis(300);
/// Lines of a container's past that are told when it is first followed.
const TAIL: usize = 500;

/// What the watch on the engine hears.
#[derive(Debug)]
pub enum Heard {
    /// An engine answers.
    Found(Box<Engine>),
    /// None does.
    Missing(Error),
    /// Something happened to the lab's containers or networks.
    Happened,
}

/// Looks for the engine for ever, and tells what it says of this project, until nobody listens any more.
pub async fn watch_engine(url: Option<String>, project: String, heard: mpsc::Sender<Heard>) {
    let mut last_error = None;
    loop {
        match Engine::find(url.as_deref()).await {
            Ok(engine) => {
                last_error = None;
                if heard.send(Heard::Found(Box::new(engine.clone()))).await.is_err() {
                    return;
                }
                if listen(&engine, &project, &heard).await.is_err() {
                    return;
                }
            }
            Err(error) => {
                // Told once per reason, not every second and a half.
                if last_error.as_ref() != Some(&error) {
                    last_error = Some(error.clone());
                    if heard.send(Heard::Missing(error)).await.is_err() {
                        return;
                    }
                }
                tokio::time::sleep(LOOK_AGAIN).await;
            }
        }
    }
}

/// Tells events until the engine goes away. `Err` when nobody listens any more.
async fn listen(
    engine: &Engine,
    project: &str,
    heard: &mpsc::Sender<Heard>,
) -> Result<(), mpsc::error::SendError<Heard>> {
    loop {
        let mut events = engine.events(project);
        while let Some(Ok(_)) = events.next().await {
            heard.send(Heard::Happened).await?;
        }
        if !engine.answers().await {
            return Ok(());
        }
        tokio::time::sleep(LISTEN_AGAIN).await;
    }
}

/// The logs that are followed, one task per container that runs.
#[derive(Debug, Default)]
pub struct Followers(HashMap<String, Follower>);

#[derive(Debug)]
struct Follower {
    task: tokio::task::JoinHandle<()>,
    /// Time of the last line that was told, so that a container that is followed again does not tell its past twice.
    told_until: Arc<AtomicU64>,
}

impl Followers {
    /// Follows those of these containers that run and are not followed yet; forgets those that are gone.
    pub fn follow(&mut self, engine: &Engine, containers: &[Container], updates: &mpsc::Sender<Update>) {
        // The stream of a container that is gone ends by itself, after its last lines.
        self.0.retain(|id, _| containers.iter().any(|container| container.id == *id));
        for container in containers.iter().filter(|container| has_a_log(container.state)) {
            let told_until = match self.0.get(&container.id) {
                Some(follower) if !follower.task.is_finished() => continue,
                // Followed to its end before, and not started since: all is told.
                Some(_) if container.state != ServiceState::Running => continue,
                Some(follower) => Arc::clone(&follower.told_until),
                None => Arc::default(),
            };
            let lines = engine.follow_log(&container.id, &container.service, TAIL);
            let task = tokio::spawn(tell_lines(lines, Arc::clone(&told_until), updates.clone()));
            self.0.insert(container.id.clone(), Follower { task, told_until });
        }
    }

    /// Ends all. What was told is not told again when the same containers are followed anew.
    pub fn pause(&mut self) {
        for follower in self.0.values() {
            follower.task.abort();
        }
    }
}

fn has_a_log(state: ServiceState) -> bool {
    matches!(state, ServiceState::Running | ServiceState::Restarting | ServiceState::Exited)
}

async fn tell_lines(
    mut lines: futures_util::stream::BoxStream<'static, crate::Result<crate::engine::LogLine>>,
    told_until: Arc<AtomicU64>,
    updates: mpsc::Sender<Update>,
) {
    let past = told_until.load(Ordering::Relaxed);
    while let Some(Ok(line)) = lines.next().await {
        if line.at <= past {
            continue;
        }
        told_until.fetch_max(line.at, Ordering::Relaxed);
        // A reader that is slow slows the stream down; nothing is lost.
        if updates.send(Update::Log(line)).await.is_err() {
            return;
        }
    }
}

/// A task that ends when this is dropped.
#[derive(Debug)]
pub struct Watch(AbortHandle);

impl Watch {
    /// Watches the engine in a task of its own.
    pub fn start(url: Option<String>, project: String) -> (Self, mpsc::Receiver<Heard>) {
        let (sender, heard) = mpsc::channel(64);
        (Self(tokio::spawn(watch_engine(url, project, sender)).abort_handle()), heard)
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.0.abort();
    }
}
