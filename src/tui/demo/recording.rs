//! A recorded run of the demo, by state: what happened between the files being put in place and the verdict.

use std::{
    collections::{BTreeMap, VecDeque},
    io::Read,
};

use flate2::read::GzDecoder;

use crate::{
    diagnosis::Report,
    journal::{Entry, Event, Outcome, WorkKind},
    probe::Observation,
};

/// A pause in a recording is not played longer than this.
const LONGEST_MS: u64 = 1_200;
/// Of each log, so many lines are kept in a recording.
const LOG_LINES: usize = 16;

/// A recorded run.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Recording {
    /// When it was made, in milliseconds since the Unix epoch.
    pub made_at: Option<u64>,
    /// What happened on the way into each state.
    ways: BTreeMap<String, Vec<Entry>>,
}

impl Recording {
    /// The run that the program carries.
    pub fn embedded() -> Self {
        let mut text = String::new();
        let packed: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/talk.jsonl.gz"));
        // It is what the build has packed: where it could not be read, no state would be known.
        let _ = GzDecoder::new(packed).read_to_string(&mut text);
        Self::read(&text)
    }

    /// Out of a journal's text. Lines that are no entries are passed over.
    pub fn read(text: &str) -> Self {
        Self::of(&text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect::<Vec<Entry>>())
    }

    /// Out of a journal. Of several ways into one state, the last that came to a verdict counts.
    pub fn of(entries: &[Entry]) -> Self {
        let mut recording = Self { made_at: entries.first().map(|entry| entry.at), ways: BTreeMap::new() };
        let mut way: Vec<Entry> = Vec::new();
        let mut name = String::new();
        for entry in entries {
            match &entry.event {
                Event::Staged { name: other, .. } => {
                    // Where a wrong turn is only saved, the way begins with the state before.
                    if name.strip_prefix("before ") != Some(other) {
                        way.clear();
                    }
                    name.clone_from(other);
                    way.push(entry.clone());
                }
                Event::WorkStarted { .. } | Event::WorkEnded { outcome: Outcome::Done, .. } => way.push(entry.clone()),
                Event::Verified { .. } if !name.is_empty() => {
                    way.push(entry.clone());
                    recording.ways.insert(name.clone(), way.clone());
                }
                _ => {}
            }
        }
        recording
    }

    /// Whether it knows this state.
    pub fn knows(&self, key: &str) -> bool {
        self.ways.contains_key(key)
    }

    /// What the stack said in this state.
    pub fn verdict(&self, key: &str) -> Option<&Report> {
        self.ways.get(key)?.iter().rev().find_map(|entry| match &entry.event {
            Event::Verified { report, .. } => Some(report),
            _ => None,
        })
    }

    /// How many states it knows.
    pub fn len(&self) -> usize {
        self.ways.len()
    }

    /// Whether it knows none.
    pub fn is_empty(&self) -> bool {
        self.ways.is_empty()
    }

    /// What happened on the way into a state, with the times at which it is told when it is begun now. Empty when unknown.
    pub fn play(&self, key: &str, now: u64) -> VecDeque<(u64, Entry)> {
        let Some(way) = self.ways.get(key) else { return VecDeque::new() };
        let mut due = now;
        let mut before = way.first().map_or(0, |entry| entry.at);
        let mut told = VecDeque::new();
        for entry in way {
            due += entry.at.saturating_sub(before).min(LONGEST_MS);
            before = entry.at;
            told.push_back((due, entry.clone()));
        }
        told
    }
}

/// What a recording that travels keeps of a journal: states, works and verdicts, without what only this machine knows.
pub fn keep(entries: &[Entry]) -> Vec<Entry> {
    let kept = |event: &Event| match event {
        Event::Staged { .. } | Event::Presented { .. } => true,
        Event::WorkStarted { work, .. } | Event::WorkEnded { work, outcome: Outcome::Done, .. } => {
            *work != WorkKind::Images
        }
        Event::Verified { report, .. } => report.reason().is_none(),
        _ => false,
    };
    let mut entries: Vec<Entry> = entries.iter().filter(|entry| kept(&entry.event)).cloned().collect();
    for entry in &mut entries {
        if let Event::Verified { report, survey, .. } = &mut entry.event {
            // The words are the course's own.
            report.checks.iter_mut().for_each(|check| check.words.clear());
            for evidence in survey.evidence.values_mut() {
                if let Observation::Http(answer) = &mut evidence.observation {
                    answer.headers.clear();
                }
            }
            for report in survey.services.values_mut() {
                // The screen shows the end of a log.
                let from = report.log.len().saturating_sub(LOG_LINES);
                report.log.drain(..from);
            }
        }
    }
    entries
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{diagnosis::Report, probe::Survey};

    fn at(at: u64, event: Event) -> Entry {
        Entry { at, event }
    }

    fn staged(name: &str) -> Event {
        Event::Staged { name: name.into(), diff: String::new() }
    }

    fn verified() -> Event {
        Event::Verified { lesson: "x".into(), report: Report::default(), survey: Survey::default() }
    }

    #[test]
    fn ways_are_found_by_state_and_pauses_are_short() {
        let recording = Recording::of(&[
            at(1_000, staged("a")),
            at(1_300, Event::WorkStarted { id: 1, work: WorkKind::Verify }),
            at(9_000, verified()),
            at(9_500, staged("never asked")),
            at(9_600, staged("before b turn c")),
            at(9_700, staged("b turn c")),
            at(9_900, verified()),
        ]);
        assert_eq!(recording.len(), 2);
        let told = recording.play("a", 50);
        let due: Vec<u64> = told.iter().map(|(due, _)| *due).collect();
        assert_eq!(due, [50, 350, 350 + LONGEST_MS]);
        assert_eq!(recording.play("b turn c", 0).len(), 3, "the state before belongs to the way");
        assert!(recording.play("never asked", 0).is_empty() && !recording.knows("never asked"));
    }

    #[test]
    fn the_embedded_run_knows_every_beat_and_has_enough_for_the_menus() {
        let course = crate::course::Course::embedded().unwrap();
        let recording = Recording::embedded();
        assert!(recording.made_at.is_some());
        let beats = course.talk_beats();
        let stages = beats.iter().filter_map(|beat| beat.stack.as_ref());
        let unknown: Vec<String> = stages.map(|stack| stack.key(&course)).filter(|key| !recording.knows(key)).collect();
        assert!(unknown.is_empty(), "record the run anew, these are not in it: {unknown:?}");
        // The course may grow between two recordings: the menus of the recorded run offer what is in it.
        let menu = super::super::scene::menu(&course).unwrap();
        for way in [super::super::scene::Way::Break, super::super::scene::Way::Mend] {
            let known = menu.iter().filter(|item| item.way == way && recording.knows(&item.scene.key)).count();
            assert!(known >= 10, "record the run anew: it knows {known} ways to {way:?}");
        }
    }
}
