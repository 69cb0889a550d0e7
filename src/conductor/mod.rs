//! Takes an [`Action`], drives lab, engine, probe and diagnosis, and tells what happens as [`Update`]s; cancels cleanly.

mod action;

use std::{path::PathBuf, sync::Arc};

pub use action::{Action, ContainerView, EngineStatus, Update, Work};
use tokio::sync::mpsc;

use crate::{course::Course, engine::ImagePolicy};

/// What a conductor is started with.
#[derive(Debug, Clone)]
pub struct Options {
    /// The lab's directory; made from the broken stack when missing.
    pub lab: PathBuf,
    /// The engine's address, when given.
    pub engine: Option<String>,
    /// Where base images may come from.
    pub images: ImagePolicy,
    /// The course.
    pub course: Arc<Course>,
}

/// The way to a conductor.
#[derive(Debug, Clone)]
pub struct Remote(mpsc::UnboundedSender<Action>);

impl Remote {
    /// Asks for something; never blocks.
    pub fn send(&self, action: Action) {
        let _ = self.0.send(action);
    }
}

/// Starts a conductor.
pub fn spawn(_options: Options) -> (Remote, mpsc::Receiver<Update>) {
    let (actions, mut asked) = mpsc::unbounded_channel();
    let (updates, told) = mpsc::channel(64);
    tokio::spawn(async move {
        while let Some(action) = asked.recv().await {
            if action == Action::Quit {
                break;
            }
        }
        let _ = updates.send(Update::Closed).await;
    });
    (Remote(actions), told)
}
