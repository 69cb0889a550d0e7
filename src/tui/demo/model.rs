//! All that the demo's screen shows, as plain data.

use std::sync::Arc;

use super::{
    difference::Difference,
    keymap::Place,
    own_slide::OwnSlide,
    recording::Recording,
    replay::{Replay, edit},
    scene::{Item, Scene, Way, menu},
    shop::{Phase, Shop},
};
use crate::{
    course::{Course, Fault, Lesson, Staging, TalkBeat},
    error::Result,
    tui::HopMap,
    tui::theme::Theme,
};

/// The menu's line for what nobody in the room is told.
pub const SURPRISE: &str = "Surprise me";

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

/// One line of a menu.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pick {
    /// One that is drawn, and not told to the room.
    Surprise,
    /// The one of this index.
    Item(usize),
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
    /// The keys, from this line on.
    Help(usize),
    /// The talk was recorded: whether the menus are recorded as well.
    GoOn,
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
    /// Somebody sees the screen, and can be asked.
    pub is_watched: bool,
    /// The speaker's own last slide.
    pub last: Option<OwnSlide>,
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
    /// The aside was drawn: what it is stands in the notes alone, until the speaker opens it.
    pub sealed: bool,
    /// What was drawn already.
    pub drawn: Vec<usize>,
    /// Since when.
    pub since: u64,
    /// When the difference began to type itself; `None` shows it whole.
    pub typing: Option<u64>,
    /// The difference that was really made on the way here, and the lessons that it mends beside what is called for.
    pub made: Option<(Difference, Vec<String>)>,
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
    /// Somebody sees the screen, and can be asked.
    pub is_watched: bool,
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
        let mut beats = course.talk_beats();
        if let Some(own) = &start.last {
            own.put_last(&mut beats);
        }
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
            sealed: false,
            drawn: Vec::new(),
            since: start.now,
            typing: None,
            made: None,
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
            is_watched: start.is_watched,
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

    /// The chain as the room may see it: without what would answer a question that the room is asked now or later.
    pub fn map(&self) -> HopMap {
        let mut map = self.shop.map(&self.course, self.now);
        for (hop, link) in self.course.hops.iter().zip(&mut map.links) {
            if self.keeps_back(&hop.id, &link.word) {
                link.keep_back();
            }
        }
        map
    }

    /// Whether the answer to this question to the stack, or these words, would answer one that the room is asked now or later.
    /// Who has turned aside from the talk has asked for all; but for what was drawn.
    pub fn keeps_back(&self, evidence: &str, words: &str) -> bool {
        let At::Beat(at) = self.at else { return self.sealed };
        let asked = self.beats.iter().skip(at).filter_map(|beat| beat.ask.as_deref());
        let mut questions = asked.filter_map(|lesson| self.course.lesson(lesson)?.prediction.as_ref());
        questions.any(|asked| asked.is_revealed_by(evidence) || asked.is_revealed_in(words))
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

    /// The lessons whose bugs go on the way from one state to another, beside the one that the second is about.
    pub fn also_mended(&self, before: &Scene, after: &Scene) -> Vec<&Lesson> {
        let about_a_bug = self.course.lesson(&after.lesson).is_some_and(|lesson| !lesson.fix.is_empty());
        if !before.is_as_it_came() || !about_a_bug {
            // Then all of it is typed out.
            return Vec::new();
        }
        let goes = |lesson: &&Lesson| {
            let is_in = |scene: &Scene| scene.staging.fixed.contains(&lesson.id);
            lesson.id != after.lesson && !is_in(before) && is_in(after)
        };
        self.course.lessons.iter().filter(goes).collect()
    }

    /// The difference that is made on the way from one state to another. Where other bugs have to be mended with it, that is told
    /// in words (see [`Model::also_mended`]), and what is typed begins after it.
    pub fn difference_to(&self, before: &Scene, after: &Scene) -> Difference {
        let also = self.also_mended(before, after).into_iter().map(|lesson| lesson.id.clone());
        let fixed = before.staging.fixed.iter().cloned().chain(also).collect();
        let base = self.course.making(&Staging { fixed, ..Staging::default() }).ok();
        let base = base.filter(|_| before.is_as_it_came());
        Difference::between(base.as_ref().map_or(before.texts(), |base| &base.files), after.texts())
    }

    /// The difference that is shown.
    pub fn difference(&self) -> Difference {
        if let Some(replay) = self.replay.as_ref().filter(|replay| !replay.is_talk()) {
            let last = replay.told().last().and_then(|entry| edit(&entry.event));
            return last.map(Difference::read).unwrap_or_default();
        }
        // What is typed out is what is done.
        if let Some((made, _)) = &self.made {
            return made.clone();
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

    /// What practice knows of an item: the class of its cause, and what is said of it.
    pub fn fault(&self, item: &Item) -> Option<&Fault> {
        let staging = &item.scene.staging;
        let is_it = |fault: &&Fault| match (&staging.turn, &staging.variant) {
            (Some(turn), _) => fault.turn.as_ref() == Some(turn),
            (None, None) => fault.bug.as_ref() == Some(&item.scene.lesson),
            (None, Some(_)) => false,
        };
        self.course.practice.faults.iter().find(is_it).filter(|_| item.way == Way::Break)
    }

    /// The recorded run offers what it can show.
    fn can_show(&self, item: &Item) -> bool {
        self.source == Source::Live || self.recording.knows(&item.scene.key)
    }

    /// What may be drawn: whatever practice has words for, and nothing twice before all was there.
    pub fn to_draw(&self) -> Vec<usize> {
        let fits = |(index, item): (usize, &Item)| (self.can_show(item) && self.fault(item).is_some()).then_some(index);
        let all: Vec<usize> = self.menu.iter().enumerate().filter_map(fits).collect();
        let new: Vec<usize> = all.iter().filter(|index| !self.drawn.contains(index)).copied().collect();
        if new.is_empty() { all } else { new }
    }

    /// The menu's lines that are meant: the surprise, then the items of the lesson at hand, then the others.
    pub fn found(&self) -> Vec<Pick> {
        let Some(Overlay::Menu { way, filter, .. }) = &self.overlay else { return Vec::new() };
        let here = self.beats.get(self.beat_index()).map_or("", |beat| beat.lesson.as_str());
        let meant = |(_, item): &(usize, &Item)| item.way == *way && self.can_show(item) && item.matches(filter);
        let mut found: Vec<usize> = self.menu.iter().enumerate().filter(meant).map(|(index, _)| index).collect();
        found.sort_by_key(|index| self.menu[*index].scene.lesson != here);
        let surprise = *way == Way::Break
            && SURPRISE.to_lowercase().starts_with(&filter.to_lowercase())
            && !self.to_draw().is_empty();
        surprise.then_some(Pick::Surprise).into_iter().chain(found.into_iter().map(Pick::Item)).collect()
    }

    /// Of a run that is recorded: which state this is, of how many, and how many minutes the rest may take, as the states so
    /// far took.
    pub fn recorded_so_far(&self) -> Option<(usize, usize, Option<u64>)> {
        if !self.all {
            return None;
        }
        let at = match self.at {
            At::Beat(beat) => beat + 1,
            At::Aside { item, .. } => self.beats.len() + item + 1,
        };
        let all = self.beats.len() + self.menu.len();
        let spent = self.now.saturating_sub(self.started);
        let left = u64::try_from(all - at.min(all)).unwrap_or(0);
        let done = u64::try_from(at - 1).unwrap_or(0);
        Some((at, all, (done > 2).then(|| (spent / done * left).div_ceil(60_000))))
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
            Some(Overlay::Help(_) | Overlay::Blank) => Place::Reading,
            Some(Overlay::GoOn) => Place::GoOn,
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
        // So are those until it goes on by itself.
        let counted = self.auto_at.map(|at| at.min(every(1_000, self.since)));
        [letters, typed, works, told, played, counted, self.port_at].into_iter().flatten().min()
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
