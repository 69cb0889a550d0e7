//! The shop as the demo knows it, and the way into a declared state: files, then what makes them live, then the verdict.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::scene::Scene;
use crate::{
    conductor::{Action, Asking, ContainerView, EngineStatus, Update, label},
    course::{Course, Making},
    diagnosis,
    engine::ImageStatus,
    error::{Blame, Error},
    journal::{Entry, Event, Outcome, Progress, WorkKind},
    tui::chain::{self, HopMap, Seen},
};

/// How far the way into a state has come.
#[derive(Debug, Clone, PartialEq)]
pub enum Phase {
    /// There is no engine yet.
    Waiting,
    /// The difference types itself; nothing is done before its end.
    Typing {
        /// When it ends.
        until: u64,
    },
    /// The files are being put in place.
    Staging,
    /// They are there; works go on.
    Working,
    /// The stack was asked.
    Settled {
        /// From the first action to the verdict, in milliseconds.
        took: u64,
        /// It says what was declared.
        declared: bool,
    },
    /// It could not be brought there.
    Failed(Error),
}

/// The state that is wanted.
#[derive(Debug, Clone, PartialEq)]
pub struct Wanted {
    /// The state.
    pub scene: Scene,
    /// How far it is.
    pub phase: Phase,
    /// When the first action was asked for.
    pub since: u64,
    /// It was not as declared once, so the stack was made anew.
    pub anew: bool,
    /// What was met on the way.
    pub trouble: Option<Error>,
}

/// A work that goes on.
#[derive(Debug, Clone, PartialEq)]
pub struct Doing {
    /// In a few words.
    pub label: String,
    /// What it is.
    pub kind: WorkKind,
    /// Since when.
    pub since: u64,
    /// Its last step.
    pub step: String,
}

/// All that is known of the shop.
#[derive(Debug, Clone)]
pub struct Shop {
    /// The engine.
    pub engine: EngineStatus,
    /// The base images, once they were looked at.
    pub images: Vec<ImageStatus>,
    /// The containers.
    pub containers: Vec<ContainerView>,
    /// The work that goes on.
    pub doing: Option<Doing>,
    /// The fold of what happened.
    pub progress: Progress,
    /// What files and containers say.
    pub facts: BTreeMap<String, String>,
    /// The state that is wanted.
    pub wanted: Option<Wanted>,
    /// One line worth saying.
    pub notice: Option<String>,
    /// What a recording has still to tell, and when.
    pub pending: VecDeque<(u64, Entry)>,
    /// The stack has changed since it was asked.
    pub old: bool,
    /// When it was asked last, in milliseconds since the Unix epoch.
    pub asked_at: Option<u64>,
    /// How the state was made to which it was last set out.
    pub made: Option<Making>,
}

impl Default for Shop {
    fn default() -> Self {
        Self {
            engine: EngineStatus::Looking,
            images: Vec::new(),
            containers: Vec::new(),
            doing: None,
            progress: Progress::default(),
            facts: BTreeMap::new(),
            wanted: None,
            notice: None,
            pending: VecDeque::new(),
            old: true,
            asked_at: None,
            made: None,
        }
    }
}

impl Shop {
    /// The chain as it stands.
    pub fn map(&self, course: &Course, now: u64) -> HopMap {
        let asking = self.doing.as_ref().is_some_and(|doing| doing.kind == WorkKind::Verify);
        chain::map_of(Seen {
            course,
            facts: &self.facts,
            progress: &self.progress,
            containers: &self.containers,
            asking,
            old: self.old.then(|| self.asked_at.map_or(0, |at| now.saturating_sub(at))),
        })
    }

    /// Whether the wanted state was reached and asked.
    pub fn is_settled(&self) -> bool {
        matches!(self.wanted.as_ref().map(|wanted| &wanted.phase), Some(Phase::Settled { .. }))
    }

    /// Whether the way has ended, well or not.
    pub fn is_at_rest(&self) -> bool {
        matches!(self.wanted.as_ref().map(|wanted| &wanted.phase), Some(Phase::Settled { .. } | Phase::Failed(_)))
    }

    /// Whether this state is where the shop is, or where it is going.
    pub fn wants(&self, key: &str) -> bool {
        self.wanted.as_ref().is_some_and(|wanted| wanted.scene.key == key && !matches!(wanted.phase, Phase::Failed(_)))
    }

    /// The actions that bring the stack into the wanted state. What was asked for before is ended.
    pub fn set_out(&mut self, now: u64) -> Vec<Action> {
        let here = matches!(self.engine, EngineStatus::Here(_));
        let moved = self.progress.moved_ports.keys().map(|(service, _)| service.clone());
        let fresh =
            self.wanted.as_ref().is_some_and(|wanted| begins_from_nothing(self.made.as_ref(), &wanted.scene.making));
        let ground = Ground {
            bootstrapped: self.progress.bootstrapped && !fresh,
            moved: BTreeSet::from_iter(moved).into_iter().collect(),
        };
        let Some(wanted) = &mut self.wanted else { return Vec::new() };
        wanted.since = now;
        wanted.trouble = None;
        wanted.anew = false;
        self.old = true;
        self.notice = None;
        if !here {
            wanted.phase = Phase::Waiting;
            // The files can be shown all the same.
            return vec![stage(&wanted.scene.key, wanted.scene.texts())];
        }
        wanted.phase = Phase::Staging;
        let mut actions = vec![Action::Cancel];
        if fresh {
            actions.push(Action::Down { volumes: true });
        }
        actions.extend(way(&wanted.scene, ground));
        self.made = Some(wanted.scene.making.clone());
        actions
    }

    /// The same, from nothing: containers and volume go first.
    fn set_out_anew(&mut self) -> Vec<Action> {
        let Some(wanted) = &mut self.wanted else { return Vec::new() };
        wanted.anew = true;
        wanted.phase = Phase::Staging;
        self.notice = Some("Not as declared: the shop is made anew.".to_owned());
        let mut actions = vec![Action::Down { volumes: true }];
        actions.extend(way(&wanted.scene, Ground::default()));
        actions
    }

    /// Takes in what the conductor tells; gives what is to be done about it.
    pub fn take(&mut self, course: &Course, update: Update, now: u64, started: u64) -> Vec<Action> {
        match update {
            Update::Event(entry) => return self.event(course, &entry, now, entry.at >= started),
            Update::Engine(status) => {
                if status == EngineStatus::Looking {
                    // The journal of earlier runs has been told; what was seen then may long be otherwise.
                    self.progress.last_report = None;
                    self.progress.last_survey = None;
                }
                self.engine = status;
                let waits = self.wanted.as_ref().is_some_and(|wanted| wanted.phase == Phase::Waiting);
                if waits && matches!(self.engine, EngineStatus::Here(_)) {
                    return self.set_out(now);
                }
            }
            Update::Images(images) => self.images = images,
            Update::Work(None) => self.doing = None,
            Update::Step(step) => {
                if let Some(doing) = &mut self.doing {
                    doing.step = format!("{} {}", step.verb, step.detail).trim().to_owned();
                }
            }
            Update::Facts(facts) => self.facts = facts,
            Update::Failed(error) => self.failed(error),
            Update::Notice(notice) => self.notice = Some(notice),
            Update::Containers(containers) => self.containers = containers,
            Update::PortHeld { .. }
            | Update::Work(Some(_))
            | Update::Log(_)
            | Update::Places(_)
            | Update::Files { .. }
            | Update::Closed => {}
        }
        Vec::new()
    }

    fn failed(&mut self, error: Error) {
        if error.blame == Blame::Cancelled {
            return;
        }
        if let Some(wanted) = &mut self.wanted
            && matches!(wanted.phase, Phase::Staging | Phase::Working)
        {
            let no_engine = !matches!(self.engine, EngineStatus::Here(_));
            if no_engine {
                wanted.phase = Phase::Waiting;
            } else if wanted.phase == Phase::Staging && error.blame == Blame::Environment {
                // The files could not be written: nothing more comes.
                wanted.phase = Phase::Failed(error.clone());
            }
            wanted.trouble = Some(error);
        } else {
            self.notice = Some(error.to_string());
        }
    }

    /// Takes one event in; `live` when it is of this run.
    pub fn event(&mut self, course: &Course, entry: &Entry, now: u64, live: bool) -> Vec<Action> {
        self.progress.apply(entry);
        match &entry.event {
            Event::WorkStarted { work, .. } if live => {
                self.doing = Some(Doing { label: label(work), kind: work.clone(), since: now, step: String::new() });
            }
            Event::WorkEnded { work, outcome, .. } => {
                self.doing = None;
                self.old |= !matches!(work, WorkKind::Verify | WorkKind::Images);
                let working = |wanted: &&mut Wanted| wanted.phase == Phase::Working;
                if let (WorkKind::Verify, Outcome::Failed { error }, Some(wanted)) =
                    (work, outcome, self.wanted.as_mut().filter(working))
                {
                    let told = wanted.trouble.take().unwrap_or_else(|| Error::environment(error.clone()));
                    wanted.phase = Phase::Failed(told);
                }
            }
            Event::Staged { name, .. } => {
                self.old = true;
                let acknowledged = |wanted: &&mut Wanted| wanted.phase == Phase::Staging && wanted.scene.key == *name;
                if let Some(wanted) = self.wanted.as_mut().filter(acknowledged) {
                    wanted.phase = Phase::Working;
                }
            }
            Event::Verified { report, .. } => {
                self.old = false;
                self.asked_at = Some(entry.at);
                return self.verified(course, report, now);
            }
            _ => {}
        }
        Vec::new()
    }

    fn verified(&mut self, course: &Course, report: &diagnosis::Report, now: u64) -> Vec<Action> {
        let Some(wanted) = self.wanted.as_mut().filter(|wanted| wanted.phase == Phase::Working) else {
            return Vec::new();
        };
        let declared = wanted.scene.is_declared(course, report);
        if !declared && !wanted.anew {
            // Whatever is left of an earlier state goes: an old volume, a hand that has been in the lab.
            return self.set_out_anew();
        }
        wanted.phase = Phase::Settled { took: now.saturating_sub(wanted.since), declared };
        Vec::new()
    }
}

fn stage(name: &str, files: &BTreeMap<String, String>) -> Action {
    Action::Stage { name: name.to_owned(), files: files.clone() }
}

/// Whether containers and volume have to go before this is made, on what was made like that.
fn begins_from_nothing(before: Option<&Making>, making: &Making) -> bool {
    // A database that was asked at once may not hear that it is to stop, and would be waited for. A proxy that has spoken with
    // the app remembers for a while where that was, and waits there for longer than a room does.
    before.is_some_and(|made| made.at_once || !made.moved.is_empty()) || !making.moved.is_empty()
}

/// What a way begins on.
#[derive(Debug, Default)]
struct Ground {
    /// The database has its tables.
    bootstrapped: bool,
    /// Services that publish another number than the file's, since that was taken: it may be free by now.
    moved: Vec<String>,
}

/// As `selftest` makes it, but from what is there and not from nothing.
fn way(scene: &Scene, ground: Ground) -> Vec<Action> {
    let making = &scene.making;
    let live = if making.before.is_some() { format!("before {}", scene.key) } else { scene.key.clone() };
    let mut actions = vec![stage(&live, making.first())];
    if making.start.is_empty() {
        actions.push(Action::MakeLive);
        if !ground.moved.is_empty() {
            actions.push(Action::Up { services: ground.moved, build: false });
        }
    } else {
        actions.push(Action::UpAlone { services: making.start.clone() });
    }
    // What is asked at once, or alone, has a database that does not answer.
    if !ground.bootstrapped && !making.at_once && making.start.is_empty() {
        actions.push(Action::Bootstrap);
    }
    actions.extend(making.moved.iter().map(|service| Action::MoveAway { service: service.clone() }));
    if making.before.is_some() {
        actions.push(stage(&scene.key, &making.files));
        if making.live {
            actions.push(Action::MakeLive);
        }
    }
    let asking = if making.at_once { Asking::AtOnce } else { Asking::Brisk };
    actions.push(Action::Verify { lesson: scene.lesson.clone(), asking });
    actions
}
