//! All that the demo's screen shows, as plain data.

use std::sync::Arc;

use super::{
    difference::Difference,
    keymap::Place,
    recording::Recording,
    replay::{Replay, edit},
    scene::{Item, Scene, Way, menu},
    shop::{Phase, Shop},
};
use crate::{
    course::{Course, Staging, TalkBeat},
    error::Result,
    tui::theme::Theme,
};

/// Where the demo is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum At {
    /// At a beat of the talk.
    Beat(usize),
    /// At a way to break or mend, taken from this beat.
    Aside {
        /// Index in the menu.
        item: usize,
        /// The beat to which it goes back.
        from: usize,
    },
}

/// Where what is shown comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// The containers.
    Live,
    /// The recorded run.
    Recorded,
    /// A journal, played from its beginning to its end.
    Journal,
}

/// What lies over the screen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Overlay {
    /// The ways to break or mend.
    Menu {
        /// Which.
        way: Way,
        /// What was typed.
        filter: String,
        /// Index among those that match.
        at: usize,
    },
    /// The keys.
    Help,
    /// What becomes of the shop.
    Leaving,
    /// Somebody else holds the port at which the story says the shop is.
    Port {
        /// Who.
        by: String,
    },
    /// Nothing is shown.
    Blank,
}

/// Started with.
#[derive(Debug)]
pub struct Start {
    /// The course.
    pub course: Arc<Course>,
    /// The recorded run.
    pub recording: Recording,
    /// The lesson to begin with.
    pub lesson: Option<String>,
    /// A journal to play.
    pub replay: Option<Replay>,
    /// Colours and weights.
    pub theme: Theme,
    /// The demo's lab, as one would write it.
    pub lab: String,
    /// Goes on by itself after so many milliseconds.
    pub auto: Option<u64>,
    /// At the end of the talk it ends, and does not begin again.
    pub once: bool,
    /// After the talk it goes through the menus, too: the run is recorded.
    pub all: bool,
    /// The time now.
    pub now: u64,
}

/// The state of the screen.
#[derive(Debug)]
pub struct Model {
    /// The course.
    pub course: Arc<Course>,
    /// The talk.
    pub beats: Vec<TalkBeat>,
    /// The state of each beat.
    pub scenes: Vec<Scene>,
    /// The difference that each beat makes; empty where it makes none.
    pub differences: Vec<Difference>,
    /// Every way to break and to mend.
    pub menu: Vec<Item>,
    /// Colours and weights.
    pub theme: Theme,
    /// The demo's lab, as one would write it.
    pub lab: String,
    /// When it began, in milliseconds since the Unix epoch.
    pub started: u64,
    /// The time now, likewise; the runtime sets it before each message.
    pub now: u64,
    /// Where the demo is.
    pub at: At,
    /// Since when.
    pub since: u64,
    /// When the difference began to type itself; `None` shows it whole.
    pub typing: Option<u64>,
    /// Where what is shown comes from.
    pub source: Source,
    /// The shop.
    pub shop: Shop,
    /// The recorded run.
    pub recording: Recording,
    /// The journal that is played.
    pub replay: Option<Replay>,
    /// What lies over the screen.
    pub overlay: Option<Overlay>,
    /// Goes on by itself after so many milliseconds.
    pub auto: Option<u64>,
    /// When it will.
    pub auto_at: Option<u64>,
    /// When it is asked again who holds the shop's port.
    pub port_at: Option<u64>,
    /// Who held it when that was last told.
    pub port_told: Option<String>,
    /// At the end of the talk it ends.
    pub once: bool,
    /// After the talk it goes through the menus, too.
    pub all: bool,
    /// The conductor has closed, or is about to.
    pub leaving: bool,
    /// The stack goes before the program does.
    pub taking_down: bool,
    /// Milliseconds from the key to the verdict, with the state's name, in order.
    pub measured: Vec<(String, u64)>,
}

impl Model {
    /// The first picture, before anything was asked.
    ///
    /// # Errors
    /// Usage: the talk's states cannot be made, or there is no such lesson.
    pub fn new(start: Start) -> Result<Self> {
        let course = start.course;
        let beats = course.talk_beats();
        let scenes = scenes(&course, &beats)?;
        let differences = (0..beats.len())
            .map(|at| match at.checked_sub(1) {
                Some(before) => Difference::between(scenes[before].texts(), scenes[at].texts()),
                None => Difference::default(),
            })
            .collect();
        let menu = menu(&course)?;
        let first = match &start.lesson {
            Some(id) => {
                course.lesson_or_error(id)?;
                beats.iter().position(|beat| beat.lesson == *id).unwrap_or(0)
            }
            None => 0,
        };
        let source = if start.replay.is_some() { Source::Journal } else { Source::Live };
        Ok(Self {
            beats,
            scenes,
            differences,
            menu,
            theme: start.theme,
            lab: start.lab,
            started: start.now,
            now: start.now,
            at: At::Beat(first),
            since: start.now,
            typing: None,
            source,
            shop: Shop::default(),
            recording: start.recording,
            replay: start.replay,
            overlay: None,
            auto: start.auto,
            auto_at: None,
            port_at: None,
            port_told: None,
            once: start.once,
            all: start.all,
            leaving: false,
            taking_down: false,
            measured: Vec::new(),
            course,
        })
    }

    /// The beat that is shown, or to which an aside goes back.
    pub fn beat_index(&self) -> usize {
        match self.at {
            At::Beat(beat) | At::Aside { from: beat, .. } => beat,
        }
    }

    /// The beat that is shown; none in an aside.
    pub fn beat(&self) -> Option<&TalkBeat> {
        match self.at {
            At::Beat(beat) => self.beats.get(beat),
            At::Aside { .. } => None,
        }
    }

    /// The aside that is shown.
    pub fn aside(&self) -> Option<&Item> {
        match self.at {
            At::Aside { item, .. } => self.menu.get(item),
            At::Beat(_) => None,
        }
    }

    /// The state that what is shown declares.
    pub fn scene(&self) -> Option<&Scene> {
        match self.at {
            At::Beat(beat) => self.scenes.get(beat),
            At::Aside { item, .. } => self.menu.get(item).map(|item| &item.scene),
        }
    }

    /// The difference that is shown.
    pub fn difference(&self) -> Difference {
        if let Some(replay) = self.replay.as_ref().filter(|replay| !replay.is_talk()) {
            let last = replay.told().last().and_then(|entry| edit(&entry.event));
            return last.map(Difference::read).unwrap_or_default();
        }
        match self.at {
            At::Beat(beat) => self.differences.get(beat).cloned().unwrap_or_default(),
            At::Aside { item, .. } => self
                .menu
                .get(item)
                .map(|item| Difference::between(&item.before, item.scene.texts()))
                .unwrap_or_default(),
        }
    }

    /// Milliseconds for which the difference has been typing itself.
    pub fn typed_for(&self) -> u64 {
        let speed = self.replay.as_ref().map_or(100, Replay::speed);
        self.typing.map_or(u64::MAX, |since| self.now.saturating_sub(since) * speed / 100)
    }

    /// The menu's items that are meant, those of the lesson at hand first.
    pub fn found(&self) -> Vec<usize> {
        let Some(Overlay::Menu { way, filter, .. }) = &self.overlay else { return Vec::new() };
        let here = self.beats.get(self.beat_index()).map_or("", |beat| beat.lesson.as_str());
        // The recorded run offers what it can show.
        let known = |item: &Item| self.source == Source::Live || self.recording.knows(&item.scene.key);
        let meant = |(_, item): &(usize, &Item)| item.way == *way && known(item) && item.matches(filter);
        let mut found: Vec<usize> = self.menu.iter().enumerate().filter(meant).map(|(index, _)| index).collect();
        found.sort_by_key(|index| self.menu[*index].scene.lesson != here);
        found
    }

    /// Number of the lesson among those with a bug, and how many there are.
    pub fn bug_number(&self, lesson: &str) -> Option<(usize, usize)> {
        let bugs: Vec<&str> = self
            .course
            .lessons
            .iter()
            .filter(|lesson| !lesson.fix.is_empty())
            .map(|lesson| lesson.id.as_str())
            .collect();
        bugs.iter().position(|id| *id == lesson).map(|index| (index + 1, bugs.len()))
    }

    /// Where the keys go.
    pub fn place(&self) -> Place {
        match &self.overlay {
            Some(Overlay::Menu { .. }) => Place::Menu,
            Some(Overlay::Help | Overlay::Blank) => Place::Reading,
            Some(Overlay::Leaving) => Place::Leaving,
            Some(Overlay::Port { .. }) => Place::Port,
            None if self.source == Source::Journal => Place::Journal,
            None => Place::Talk,
        }
    }

    /// When something changes without a key: letters are typed, a work takes its time, a recording goes on.
    pub fn next_change(&self) -> Option<u64> {
        let every = |ms: u64, since: u64| since + (self.now.saturating_sub(since) / ms + 1) * ms;
        let duration = self.difference().duration();
        let letters = self.typing.filter(|since| self.now < since + duration).map(|since| every(40, since));
        let typed = match self.shop.wanted.as_ref().map(|wanted| &wanted.phase) {
            Some(Phase::Typing { until }) => Some(*until),
            _ => None,
        };
        // The seconds that a work has taken are on the screen.
        let works = self.shop.doing.as_ref().map(|doing| every(1_000, doing.since));
        let told = self.shop.pending.front().map(|(due, _)| *due);
        let played = self.replay.as_ref().and_then(Replay::due);
        [letters, typed, works, told, played, self.auto_at, self.port_at].into_iter().flatten().min()
    }
}

/// The state of each beat: its own, else that of the one before; else the first that there is.
fn scenes(course: &Course, beats: &[TalkBeat]) -> Result<Vec<Scene>> {
    let mut staging = beats.iter().find_map(|beat| beat.stack.clone()).unwrap_or_else(Staging::default);
    let mut scenes = Vec::new();
    for beat in beats {
        if let Some(own) = &beat.stack {
            staging = own.clone();
        }
        scenes.push(Scene::new(course, &beat.lesson, &staging)?);
    }
    Ok(scenes)
}
