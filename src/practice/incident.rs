//! An incident: files that do not work, and what is said of them.

use std::collections::BTreeMap;

use serde::Serialize;

use super::seed::Seed;
use crate::course::{Class, Costume, Edit, Fault, Making};

/// An incident that was drawn.
#[derive(Debug, Clone, PartialEq)]
pub struct Incident {
    /// The seed.
    pub seed: Seed,
    /// What is broken: one fault, or two.
    pub faults: Vec<Fault>,
    /// The words that stand in the place of others.
    pub costume: Costume,
    /// The files that work.
    pub working: BTreeMap<String, String>,
    /// How it is made.
    pub making: Making,
    /// What is said of it.
    pub ticket: Ticket,
}

/// Who reports it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Voice {
    /// Somebody who buys.
    Customer,
    /// Somebody who works with it.
    Colleague,
    /// A machine that looks.
    Monitoring,
}

impl Voice {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Customer, Self::Colleague, Self::Monitoring];

    /// Its word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Customer => "a customer",
            Self::Colleague => "a colleague",
            Self::Monitoring => "the monitoring",
        }
    }
}

/// What is said of an incident, and no more than whoever says it can know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Ticket {
    /// Who says it.
    pub voice: Voice,
    /// What they say.
    pub said: String,
    /// Since when.
    pub since: String,
    /// What changed last.
    pub changes: Vec<Change>,
    /// Where the site is.
    pub address: String,
}

/// Something that was changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Change {
    /// As somebody mentions it.
    pub text: String,
    /// It has nothing to do with the incident; told in the debrief only.
    #[serde(skip)]
    pub red_herring: bool,
}

impl Ticket {
    /// Line by line, as a page shows it.
    pub fn text(&self) -> String {
        let mut text = format!(
            "{} says: {}\n\nSince {}. The site is {}\n",
            title(self.voice.word()),
            self.said,
            self.since,
            self.address
        );
        text.push_str("\nChanged last:\n\n");
        for change in &self.changes {
            text.push_str(&format!("- {}\n", change.text));
        }
        text
    }
}

fn title(word: &str) -> String {
    let mut chars = word.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

impl Incident {
    /// The class of what is broken first.
    pub fn class(&self) -> Class {
        self.faults[0].class
    }

    /// Edits that take it back.
    pub fn undo(&self) -> Vec<Edit> {
        let write = self.working.iter().filter(|(path, text)| self.making.files.get(*path) != Some(text));
        let write = write.map(|(path, text)| Edit::Write { file: path.clone(), contents: text.clone() });
        let gone = self.making.files.keys().filter(|path| !self.working.contains_key(*path));
        write.chain(gone.map(|path| Edit::Delete { delete: path.clone() })).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        course::{Course, apply_all},
        practice::{Wanted, draw},
    };

    #[test]
    fn taking_it_back_gives_the_files_that_work() {
        let course = Course::embedded().unwrap();
        for seed in 0..200 {
            let incident = draw(&course, Seed(seed), 0, &Wanted { two: seed % 3 == 0, ..Wanted::default() }).unwrap();
            let mut files = incident.making.files.clone();
            apply_all(&incident.undo(), &mut files).unwrap();
            assert_eq!(files, incident.working, "seed {seed}");
        }
    }

    #[test]
    fn no_file_of_the_lab_holds_a_word_of_the_answer() {
        let course = Course::embedded().unwrap();
        for seed in 0..50 {
            let incident = draw(&course, Seed(seed), 0, &Wanted::default()).unwrap();
            let fault = &incident.faults[0];
            for text in incident.making.files.values() {
                for words in [fault.id(), &fault.cause, &fault.tell, &fault.way, &fault.changed] {
                    assert!(!text.contains(words), "seed {seed}: {words}");
                }
            }
        }
    }
}
