//! Progress of long work, as values; who shows them decides how.

use tokio::sync::mpsc;

/// One step of a long work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// What is worked on: a service, an image.
    pub subject: String,
    /// What is done to it: `build`, `pull`, `create`, `start`, `wait`, `remove`.
    pub verb: &'static str,
    /// More, in a few words: `step 5 of 6  COPY src src`.
    pub detail: String,
    /// How much is done, and of how much; bytes unless the detail says otherwise.
    pub amount: Option<(u64, u64)>,
    /// Whether this subject's work is done.
    pub finished: bool,
}

/// Where steps are told. Never blocks: a reader that is slow misses steps.
#[derive(Debug, Clone, Default)]
pub struct Progress(Option<mpsc::Sender<Step>>);

impl Progress {
    /// Tells steps to this channel.
    pub fn to(sender: mpsc::Sender<Step>) -> Self {
        Self(Some(sender))
    }

    /// Tells nobody.
    pub fn silent() -> Self {
        Self(None)
    }

    /// A step that goes on.
    pub fn step(&self, subject: impl Into<String>, verb: &'static str, detail: impl Into<String>) {
        self.send(Step { subject: subject.into(), verb, detail: detail.into(), amount: None, finished: false });
    }

    /// A step that goes on, with an amount.
    pub fn amount(
        &self,
        subject: impl Into<String>,
        verb: &'static str,
        detail: impl Into<String>,
        done: u64,
        total: u64,
    ) {
        self.send(Step {
            subject: subject.into(),
            verb,
            detail: detail.into(),
            amount: Some((done, total)),
            finished: false,
        });
    }

    /// The subject's work is done.
    pub fn finished(&self, subject: impl Into<String>, verb: &'static str, detail: impl Into<String>) {
        self.send(Step { subject: subject.into(), verb, detail: detail.into(), amount: None, finished: true });
    }

    fn send(&self, step: Step) {
        if let Some(sender) = &self.0 {
            // A full channel means a slow reader, and a newer step will come.
            let _ = sender.try_send(step);
        }
    }
}
