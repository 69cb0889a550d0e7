//! What a session sees beside its works: the engine, the containers, the lab's files.

use std::{collections::BTreeMap, path::PathBuf, sync::Arc, time::Duration};

use super::Session;
use crate::conductor::{EngineStatus, Update, files, offline_images::images_of, watch::Heard};
use crate::{
    diagnosis,
    engine::{Container, Engine, ImageStatus},
    error::{Error, Result},
    journal::Event,
};

/// How long one question to the engine about what is there may take.
pub(super) const LOOK_WITHIN: Duration = Duration::from_secs(10);

/// How much a file's date may be behind the clock.
const CLOCK_TICK: Duration = Duration::from_millis(20);

/// What comes back from looking at the engine.
pub(super) enum Seen {
    Containers(Result<Vec<Container>>),
    Images(Result<Vec<ImageStatus>>),
    Port { port: u16, by: Option<String> },
}

impl Session {
    pub(super) async fn hear(&mut self, heard: Heard) {
        match heard {
            Heard::Found(engine) => {
                self.update(Update::Engine(EngineStatus::Here(engine.info.clone()))).await;
                self.missing = None;
                self.look_at_images(&engine);
                self.engine = Some(*engine);
                self.look_at_engine();
            }
            Heard::Missing(error) => {
                self.engine = None;
                self.followers.pause();
                self.missing = Some(error.clone());
                self.update(Update::Engine(EngineStatus::Missing(error))).await;
                self.containers.clear();
                self.show_containers().await;
            }
            Heard::Happened => self.look_at_engine(),
        }
    }

    /// Asks for the containers in the background; many events in a row cost two looks.
    pub(super) fn look_at_engine(&mut self) {
        let Some(engine) = self.engine.clone() else { return };
        if self.looking {
            self.look_again = true;
            return;
        }
        self.looking = true;
        let (project, seen) = (self.project(), self.seen.0.clone());
        tokio::spawn(async move {
            let containers = match tokio::time::timeout(LOOK_WITHIN, engine.containers(&project)).await {
                Ok(containers) => containers,
                Err(_) => Err(Error::environment("the engine does not answer")),
            };
            let _ = seen.send(Seen::Containers(containers));
        });
    }

    fn look_at_images(&self, engine: &Engine) {
        let (engine, seen, course) = (engine.clone(), self.seen.0.clone(), Arc::clone(&self.options.course));
        tokio::spawn(async move {
            let images = match images_of(&course) {
                Ok(names) => engine.image_status(&names).await,
                Err(error) => Err(error),
            };
            let _ = seen.send(Seen::Images(images));
        });
    }

    pub(super) fn ask_port(&self, port: u16) {
        let Some(engine) = self.engine.clone() else { return };
        let (project, seen) = (self.project(), self.seen.0.clone());
        tokio::spawn(async move {
            let _ = seen.send(Seen::Port { port, by: engine.holder(&project, port).await });
        });
    }

    pub(super) async fn see(&mut self, seen: Seen) {
        match seen {
            Seen::Images(Ok(images)) => self.update(Update::Images(images)).await,
            Seen::Containers(result) => {
                self.looking = false;
                if let Ok(containers) = result {
                    self.containers = containers;
                    self.show_containers().await;
                }
                if std::mem::take(&mut self.look_again) {
                    self.look_at_engine();
                }
            }
            Seen::Port { port, by } => self.update(Update::PortHeld { port, by }).await,
            Seen::Images(Err(error)) => self.update(Update::Failed(error)).await,
        }
    }

    async fn show_containers(&mut self) {
        let views = match &self.engine {
            Some(engine) => {
                self.followers.follow(engine, &self.containers, &self.updates);
                files::views(engine, &self.containers)
            }
            None => Vec::new(),
        };
        self.update(Update::Containers(views)).await;
        if self.files.judge(self.engine.as_ref(), &self.containers) {
            self.show_files().await;
        }
    }

    pub(super) async fn show_files(&mut self) {
        let (findings, stale) = (self.files.findings().to_vec(), self.files.stale().to_vec());
        self.update(Update::Files { findings, stale }).await;
        self.show_facts().await;
    }

    pub(super) async fn show_facts(&mut self) {
        let facts = match &self.progress.last_survey {
            Some(survey) => diagnosis::with_live(self.files.facts(), survey, &self.options.course.roles),
            None => self.files.facts().clone(),
        };
        self.update(Update::Places(self.files.places().clone())).await;
        self.update(Update::Facts(facts)).await;
    }

    pub(super) async fn look_at_files(&mut self) {
        for change in self.files.look(&self.lab) {
            self.record(Event::FileChanged { file: change.file, diff: change.diff, while_closed: false }).await;
        }
        self.files.judge(self.engine.as_ref(), &self.containers);
        self.show_files().await;
    }

    pub(super) async fn reset(&mut self, files: Vec<PathBuf>) {
        self.look_at_files().await;
        match self.lab.reset(&self.options.course, &files) {
            Ok(backup) => {
                self.take_files_as_they_are();
                self.record(Event::Reset { backup, files }).await;
                self.show_files().await;
            }
            Err(error) => self.update(Update::Failed(error)).await,
        }
    }

    pub(super) async fn stage(&mut self, name: String, files: &BTreeMap<String, String>) {
        self.look_at_files().await;
        // A file's date is some milliseconds old when it is written: what was read a moment ago has to be older than it.
        tokio::time::sleep(CLOCK_TICK).await;
        match self.lab.put(files) {
            Ok(diff) => {
                self.take_files_as_they_are();
                self.record(Event::Staged { name, diff }).await;
                self.show_files().await;
            }
            Err(error) => {
                self.queue.clear();
                self.update(Update::Failed(error)).await;
            }
        }
    }

    pub(super) async fn reveal(&mut self, lesson: &str) {
        self.look_at_files().await;
        let course = Arc::clone(&self.options.course);
        match self.lab.reveal(&course, lesson, &self.fixed_by(lesson)) {
            Ok(revealed) => {
                self.take_files_as_they_are();
                if let Some(backup) = revealed.backup {
                    let notice =
                        format!("Your own changes stood in the way; your files are kept in {}.", backup.display());
                    self.update(Update::Notice(notice)).await;
                }
                self.record(Event::Revealed { lesson: lesson.to_owned(), diff: revealed.diff }).await;
                self.show_files().await;
            }
            Err(error) => self.update(Update::Failed(error)).await,
        }
    }

    pub(super) async fn repeat(&mut self, lesson: &str) {
        self.look_at_files().await;
        let course = Arc::clone(&self.options.course);
        let lessons = course.lessons.iter();
        let solved = lessons.filter(|other| self.progress.lesson(&other.id).is_solved());
        let solved: Vec<&str> = solved.map(|other| other.id.as_str()).collect();
        match self.lab.put_bug_back(&course, lesson, &solved) {
            Ok(backup) => {
                self.take_files_as_they_are();
                self.record(Event::Repeated { lesson: lesson.to_owned(), backup }).await;
                self.show_files().await;
            }
            Err(error) => self.update(Update::Failed(error)).await,
        }
    }

    /// The lessons whose fixes the lab's files hold, as far as is known: those before this one, and the solved ones.
    fn fixed_by(&self, lesson: &str) -> Vec<&str> {
        let position = self.options.course.position(lesson).unwrap_or_default();
        let lessons = self.options.course.lessons.iter().enumerate();
        let fixed = lessons.filter(|(index, other)| *index < position || self.progress.lesson(&other.id).is_solved());
        fixed.map(|(_, other)| other.id.as_str()).filter(|id| *id != lesson).collect()
    }

    /// What the tutor has just written is not the learner's change.
    fn take_files_as_they_are(&mut self) {
        drop(self.files.look(&self.lab));
        self.files.judge(self.engine.as_ref(), &self.containers);
    }
}
