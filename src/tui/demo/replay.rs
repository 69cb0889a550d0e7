//! A journal that is played: forwards by itself, forwards and back by hand, at any speed.

use std::collections::BTreeMap;

use super::difference::Difference;
use crate::journal::{Entry, Event};

/// A pause in a journal is not played longer than this, at normal speed.
const LONGEST_MS: u64 = 4_000;
/// Something that is to be read stays at least this long.
const SHORTEST_MS: u64 = 1_500;
/// Speeds in hundredths.
const SPEEDS: [u64; 8] = [25, 50, 100, 200, 400, 800, 1_600, 10_000];

/// A journal that is played.
#[derive(Debug, Clone, PartialEq)]
pub struct Replay {
    /// What it is called on the screen.
    pub name: String,
    /// The entries.
    pub entries: Vec<Entry>,
    /// What the files said, from these entries on.
    pub facts: Vec<(usize, BTreeMap<String, String>)>,
    /// How many entries have been told.
    pub at: usize,
    /// Whether it goes on by itself.
    pub playing: bool,
    speed: usize,
    due: Option<u64>,
}

impl Replay {
    /// From its beginning, at this speed in hundredths.
    pub fn new(name: String, entries: Vec<Entry>, facts: Vec<(usize, BTreeMap<String, String>)>, speed: u64) -> Self {
        let speed = SPEEDS.iter().rposition(|known| *known <= speed).unwrap_or(0);
        Self { name, entries, facts, at: 0, playing: true, speed, due: Some(0) }
    }

    /// Speed in hundredths.
    pub fn speed(&self) -> u64 {
        SPEEDS[self.speed]
    }

    /// Whether everything was told.
    pub fn is_over(&self) -> bool {
        self.at >= self.entries.len()
    }

    /// When the next entry is due.
    pub fn due(&self) -> Option<u64> {
        self.due.filter(|_| self.playing && !self.is_over())
    }

    /// Faster or slower by one step.
    pub fn change_speed(&mut self, faster: bool) {
        self.speed = if faster { (self.speed + 1).min(SPEEDS.len() - 1) } else { self.speed.saturating_sub(1) };
        self.due = self.due.map(|_| 0);
    }

    /// Stops, or goes on.
    pub fn pause(&mut self, now: u64) {
        self.playing = !self.playing;
        self.due = self.playing.then_some(now);
    }

    /// The next entry that is worth a picture and all before it; sets when the one after is due.
    pub fn step(&mut self, now: u64) -> Vec<Entry> {
        let from = self.at;
        while let Some(entry) = self.entries.get(self.at) {
            self.at += 1;
            if is_telling(&entry.event) {
                break;
            }
        }
        let told = self.entries[from..self.at].to_vec();
        let pause = match (told.last(), self.entries.get(self.at)) {
            (Some(last), Some(next)) => {
                let least = match &last.event {
                    Event::WorkStarted { .. } => 100,
                    event => SHORTEST_MS + edit(event).map_or(0, |diff| Difference::read(diff).duration()),
                };
                next.at.saturating_sub(last.at).clamp(least, LONGEST_MS.max(least))
            }
            _ => 0,
        };
        self.due = Some(now + pause * 100 / self.speed());
        told
    }

    /// Goes back to before the last entry that was worth a picture; all has to be told anew from the beginning.
    pub fn back(&mut self) {
        let telling = |index: &usize| is_telling(&self.entries[*index].event);
        let mut before = (0..self.at).rev().filter(telling);
        before.next();
        self.at = before.next().map_or(0, |index| index + 1);
        self.playing = false;
        self.due = None;
    }

    /// Whether it is a demo's, in which beats were shown, as far as it was told.
    pub fn is_talk(&self) -> bool {
        self.told().iter().any(|entry| matches!(entry.event, Event::Presented { .. }))
    }

    /// What was told.
    pub fn told(&self) -> &[Entry] {
        &self.entries[..self.at.min(self.entries.len())]
    }

    /// What the files said at this point.
    pub fn facts_now(&self) -> BTreeMap<String, String> {
        let known = self.facts.iter().rev().find(|(from, _)| *from <= self.at);
        known.map(|(_, facts)| facts.clone()).unwrap_or_default()
    }
}

/// The unified diff of an event that is an edit.
pub fn edit(event: &Event) -> Option<&str> {
    match event {
        Event::FileChanged { diff, .. } | Event::Revealed { diff, .. } | Event::Staged { diff, .. } => Some(diff),
        _ => None,
    }
}

/// Whether a picture changes with it.
fn is_telling(event: &Event) -> bool {
    !matches!(
        event,
        Event::SessionStarted { .. }
            | Event::SessionEnded
            | Event::LessonOpened { .. }
            | Event::BeatShown { .. }
            | Event::Reloaded { .. }
            | Event::WorkEnded { .. }
            | Event::Predicted { choice: None, .. }
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entries() -> Vec<Entry> {
        let note = |text: &str| Event::Noted { lesson: "x".into(), text: text.into() };
        let started = Event::SessionStarted { version: "1".into() };
        [(1_000, started), (2_000, note("a")), (2_100, note("b")), (900_000, note("c"))]
            .into_iter()
            .map(|(at, event)| Entry { at, event })
            .collect()
    }

    #[test]
    fn it_steps_over_what_is_nothing_to_see_and_back_again() {
        let mut replay = Replay::new("x".into(), entries(), Vec::new(), 100);
        assert_eq!(replay.step(10).len(), 2, "the session's start is told with the first note");
        assert_eq!(replay.due(), Some(10 + SHORTEST_MS));
        assert_eq!(replay.step(20).len(), 1);
        assert_eq!(replay.due(), Some(20 + LONGEST_MS), "nobody waits a quarter of an hour");
        replay.back();
        assert_eq!((replay.at, replay.due()), (2, None));
        replay.back();
        assert_eq!(replay.at, 0);
        replay.back();
        assert_eq!(replay.at, 0);
        for _ in 0..5 {
            replay.step(0);
        }
        assert!(replay.is_over() && replay.due().is_none());
    }

    #[test]
    fn speed_has_bounds() {
        let mut replay = Replay::new("x".into(), entries(), Vec::new(), 200);
        assert_eq!(replay.speed(), 200);
        replay.step(0);
        assert_eq!(replay.due(), Some(SHORTEST_MS / 2));
        for _ in 0..20 {
            replay.change_speed(true);
        }
        assert_eq!(replay.speed(), 10_000);
        for _ in 0..20 {
            replay.change_speed(false);
        }
        assert_eq!(replay.speed(), 25);
    }
}
