//! When a class of cause comes back: sooner where it was hard, later where it was solved without help.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use rs_fsrs::{Card, FSRS, Parameters, Rating};
use serde::{Deserialize, Serialize};

use crate::course::Class;

/// One incident that was played: a line of the history.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// When it ended, in milliseconds since the Unix epoch.
    pub at: u64,
    /// The course's id.
    pub course: String,
    /// The fault's id.
    pub fault: String,
    /// Its class.
    pub class: Class,
    /// The seed.
    pub seed: u64,
    /// It works again.
    pub solved: bool,
    /// The first bet was on the right link and the right class.
    pub bet_right: bool,
    /// Hints that were read.
    pub hints: u32,
    /// How often it was asked in vain after a change.
    pub false_starts: u32,
    /// Seconds that it took.
    pub seconds: u64,
}

impl Record {
    /// How well it went, as the scheduler asks it.
    fn rating(&self) -> Rating {
        match self {
            Self { solved: false, .. } => Rating::Again,
            Self { hints: 1.., .. } | Self { false_starts: 3.., .. } => Rating::Hard,
            Self { bet_right: true, false_starts: 0, .. } => Rating::Easy,
            _ => Rating::Good,
        }
    }
}

/// When each class that was met is due, in milliseconds since the Unix epoch.
pub fn due(history: &[Record]) -> BTreeMap<Class, u64> {
    // Days, not minutes: nobody plays the same class again while they still remember the last one.
    let scheduler = FSRS::new(Parameters { enable_short_term: false, ..Parameters::default() });
    let mut cards: BTreeMap<Class, Card> = BTreeMap::new();
    for record in history {
        let at = time(record.at);
        let card = cards.remove(&record.class).unwrap_or(Card { due: at, last_review: at, ..Card::default() });
        cards.insert(record.class, scheduler.next(card, at, record.rating()).card);
    }
    let millis = |card: Card| u64::try_from(card.due.timestamp_millis()).unwrap_or_default();
    cards.into_iter().map(|(class, card)| (class, millis(card))).collect()
}

fn time(millis: u64) -> DateTime<Utc> {
    i64::try_from(millis).ok().and_then(DateTime::from_timestamp_millis).unwrap_or_default()
}

/// Which class is to be practised now: of those that are due, the one that has been so for longest.
pub fn next_due(history: &[Record], now: u64) -> Option<Class> {
    let due = due(history).into_iter().filter(|(_, at)| *at <= now);
    due.min_by_key(|(_, at)| *at).map(|(class, _)| class)
}

/// How one class went so far.
#[derive(Debug, Clone, PartialEq)]
pub struct ClassStats {
    /// The class.
    pub class: Class,
    /// Incidents of it.
    pub played: usize,
    /// Those that were solved.
    pub solved: usize,
    /// Median of the seconds of those that were solved.
    pub median: Option<u64>,
    /// Hints in all.
    pub hints: u32,
    /// False starts in all.
    pub false_starts: u32,
    /// How each ended, in order: solved without help, with help, not at all.
    pub course: Vec<How>,
    /// When it is due, in milliseconds since the Unix epoch.
    pub due: Option<u64>,
}

/// How an incident ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    /// Solved, without hints.
    Alone,
    /// Solved, with hints.
    Helped,
    /// Given up.
    Unsolved,
}

/// Each class, in their order, as far as it was met.
pub fn stats(history: &[Record]) -> Vec<ClassStats> {
    let due = due(history);
    let of = |class: Class| {
        let records: Vec<&Record> = history.iter().filter(|record| record.class == class).collect();
        let mut seconds: Vec<u64> = records.iter().filter(|one| one.solved).map(|one| one.seconds).collect();
        seconds.sort_unstable();
        ClassStats {
            class,
            played: records.len(),
            solved: seconds.len(),
            median: seconds.get(seconds.len() / 2).copied(),
            hints: records.iter().map(|one| one.hints).sum(),
            false_starts: records.iter().map(|one| one.false_starts).sum(),
            course: records.iter().map(|one| how(one)).collect(),
            due: due.get(&class).copied(),
        }
    };
    Class::ALL.into_iter().map(of).filter(|stats| stats.played > 0).collect()
}

fn how(record: &Record) -> How {
    match record {
        Record { solved: false, .. } => How::Unsolved,
        Record { hints: 0, .. } => How::Alone,
        _ => How::Helped,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: u64 = 24 * 60 * 60 * 1000;

    fn record(at: u64, class: Class, solved: bool, hints: u32) -> Record {
        Record {
            at,
            course: "c".into(),
            fault: format!("f{at}"),
            class,
            seed: at,
            solved,
            bet_right: solved && hints == 0,
            hints,
            false_starts: 0,
            seconds: 60 + at / DAY,
        }
    }

    #[test]
    fn an_interval_grows_when_solved_alone_and_shrinks_otherwise() {
        let interval = |history: &[Record]| due(history)[&Class::Port] - history.last().unwrap().at;
        let mut history = vec![record(DAY, Class::Port, true, 0)];
        let first = interval(&history);
        history.push(record(DAY + first, Class::Port, true, 0));
        let second = interval(&history);
        assert!(second > first, "{first} {second}");
        history.push(record(DAY + first + second, Class::Port, false, 4));
        let third = interval(&history);
        assert!(third < second && third >= DAY, "{second} {third}");
    }

    #[test]
    fn what_was_hard_comes_sooner() {
        let history = [record(DAY, Class::Port, true, 0), record(DAY, Class::Name, false, 3)];
        let due = due(&history);
        assert!(due[&Class::Name] < due[&Class::Port]);
        assert_eq!(next_due(&history, DAY), None);
        assert_eq!(next_due(&history, 400 * DAY), Some(Class::Name));
    }

    #[test]
    fn the_figures_of_a_class() {
        let history: Vec<Record> = [(1, true, 0), (2, true, 2), (3, false, 1)]
            .map(|(day, solved, hints)| record(day * DAY, Class::Order, solved, hints))
            .into();
        let stats = stats(&history);
        assert_eq!(stats.len(), 1);
        let one = &stats[0];
        assert_eq!((one.played, one.solved, one.median, one.hints), (3, 2, Some(62), 3));
        assert_eq!(one.course, [How::Alone, How::Helped, How::Unsolved]);
    }
}
