//! What practice's files must not contradict: that a fault can be made, that what it names is there, that a costume is complete.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Class, Condition, Costume, Edit, Fault, Making, Practice, costume::is_word, practice::FOLDER, validate::Validator,
};

/// How many right fixes, and how many that only seem to be, a fault of its own has at least.
const ENOUGH: usize = 3;
/// Words shorter than this stand in too many others to look for them there.
const LONG: usize = 4;

type Texts = BTreeMap<String, String>;

impl Validator<'_> {
    /// References, ids and edits of what practice draws from.
    pub fn practice(&mut self) {
        let course = self.course;
        let mut seen = BTreeSet::new();
        for (file, one) in self.practice_files() {
            self.file = file;
            let symptoms = one.symptoms.iter().enumerate();
            self.unique("symptom", symptoms.clone().map(|(i, one)| (format!("symptoms.{i}.id"), one.id.as_str())));
            for (index, symptom) in symptoms {
                self.condition(&format!("symptoms.{index}.when"), &symptom.when);
            }
            for (index, fault) in one.faults.iter().enumerate() {
                let path = |key: &str| format!("faults.{index}.{key}");
                if !seen.insert(fault.id().to_owned()) {
                    self.error(&format!("faults.{index}"), format!("a second fault with the id {}", fault.id()));
                }
                let ways = [fault.bug.is_some(), fault.turn.is_some(), fault.own.is_some()];
                if ways.iter().filter(|way| **way).count() != 1 {
                    self.error(&format!("faults.{index}"), "a fault is either a bug, a turn or one of its own");
                    continue;
                }
                if let Some(id) = fault.bug.as_ref().filter(|id| course.lesson(id).is_none_or(|one| one.fix.is_empty()))
                {
                    self.error(&path("bug"), format!("there is no lesson {id} with a bug"));
                    continue;
                }
                if let Some(id) = fault.turn.as_ref().filter(|id| course.turn(id).is_none()) {
                    self.error(&path("turn"), format!("there is no wrong turn {id}"));
                    continue;
                }
                if let Some(own) = &fault.own {
                    self.condition(&path("own.when"), &own.when);
                    if course.turn(&own.id).is_some() {
                        self.error(&path("own.id"), format!("a wrong turn of a lesson is called {}, too", own.id));
                    }
                }
                if course.practice.symptom(&fault.symptom).is_none() {
                    self.error(&path("symptom"), format!("there is no symptom {}", fault.symptom));
                }
                if fault.bug.is_some() != fault.belief.is_some() {
                    self.error(&path("belief"), "a bug needs a belief, and a wrong turn has its own");
                }
                if !(1..=3).contains(&fault.level) {
                    self.error(&path("level"), "a level is 1, 2 or 3");
                }
                if let Some(link) = fault.link.as_ref().filter(|link| !course.hops.iter().any(|hop| hop.id == **link)) {
                    self.error(&path("link"), format!("there is no hop {link}"));
                }
                self.mending(index, fault);
            }
        }
    }

    /// What practice's files say, file by file.
    fn practice_files(&self) -> Vec<(String, Practice)> {
        let texts = self.course.sources.texts.iter().filter(|(file, _)| file.starts_with(FOLDER));
        texts.filter_map(|(file, text)| Some((file.clone(), toml::from_str(text).ok()?))).collect()
    }

    /// Whether a fault can be made, and all that mends it or seems to.
    fn mending(&mut self, index: usize, fault: &Fault) {
        let course = self.course;
        let making = match course.making_of(fault) {
            Ok(making) => making,
            Err(error) => return self.error(&format!("faults.{index}"), error.told(": ")),
        };
        if Making::plain(course.fixed_stack().clone()) == making {
            self.error(&format!("faults.{index}"), "it breaks nothing: its files are those of the fixed stack");
        }
        let fixes = fault.fixes.iter().enumerate().map(|(i, fix)| (format!("fixes.{i}"), &fix.edits));
        let slips = fault.slips.iter().enumerate().map(|(i, slip)| (format!("slips.{i}"), &slip.edits));
        for (path, edits) in fixes.chain(slips) {
            if let Err(error) = course.mended(fault, edits) {
                self.error(&format!("faults.{index}.{path}.edits"), error.told(": "));
            }
        }
        for (what, count) in [("fixes", fault.fixes.len()), ("slips", fault.slips.len())] {
            if fault.own.is_some() && count < ENOUGH {
                let message = format!("a fault of its own has at least {ENOUGH} {what}, and this one has {count}");
                self.error(&format!("faults.{index}.{what}"), message);
            }
        }
    }

    /// Whether a costume is complete: each name of the stack changes, or is said to stay; what stands in its place stands nowhere
    /// yet; and nothing of the former word is left inside of another.
    pub(super) fn costume(&mut self) {
        let course = self.course;
        let practice = &course.practice;
        if practice.faults.is_empty() {
            return;
        }
        let stacks: Vec<Texts> = [course.broken_stack().clone(), course.fixed_stack().clone()]
            .into_iter()
            .chain(practice.faults.iter().filter_map(|fault| course.making_of(fault).ok()).map(|making| making.files))
            .collect();
        for (file, one) in self.practice_files() {
            self.file = file;
            for (index, word) in one.costume.iter().enumerate() {
                let path = format!("costume.{index}.word");
                if !stacks[1].iter().any(|(path, text)| holds(path, &word.word) || holds(text, &word.word)) {
                    self.error(&path, format!("no file of the fixed stack holds the word {}", word.word));
                }
                for (at, take) in word.takes.iter().enumerate() {
                    let there = |files: &Texts| files.iter().any(|(path, text)| holds(path, take) || holds(text, take));
                    let taken = practice
                        .costume
                        .iter()
                        .any(|other| other.word == *take || other.word != word.word && other.takes.contains(take));
                    if taken || stacks.iter().any(there) {
                        self.error(
                            &format!("costume.{index}.takes.{at}"),
                            format!("{take} stands for something already"),
                        );
                    }
                }
                let bare = Practice { costume: vec![word.clone()], ..Practice::default() };
                let costume = Costume::choose(&bare, |_, _| 0);
                let mut said = BTreeSet::new();
                for (file, text) in stacks.iter().flatten() {
                    let (at, dressed) = (costume.text(file), costume.text(text));
                    if costume.back().text(&dressed) != *text || costume.back().text(&at) != *file {
                        said.insert(format!("what stands for {} cannot be told back in {file}", word.word));
                    }
                    let kept = word.keep.iter().fold(format!("{at}\n{dressed}"), |text, keep| text.replace(keep, ""));
                    if word.word.len() >= LONG && kept.contains(&word.word) {
                        said.insert(format!("{} is left inside of another word in {file}", word.word));
                    }
                }
                said.into_iter().for_each(|message| self.error(&path, message));
            }
        }
        let known: BTreeSet<&str> = practice.costume.iter().map(|word| word.word.as_str()).collect();
        let kept: BTreeSet<&str> = practice.kept.iter().map(|name| name.word.as_str()).collect();
        self.file = self.practice_files().first().map_or_else(String::new, |(file, _)| file.clone());
        for name in compose_names(course.fixed_stack()) {
            if !known.contains(name.as_str()) && !kept.contains(name.as_str()) {
                self.error(
                    "costume",
                    format!("the costume leaves the name {name} as it is, and `kept` does not say why"),
                );
            }
        }
        for class in Class::ALL {
            if !practice.classes.iter().any(|words| words.class == class) {
                self.error("classes", format!("the class {class} has no words"));
            }
        }
    }

    /// Every symptom is somebody's, and every file that a condition names is one that there is.
    pub(super) fn practice_is_used(&mut self) {
        let course = self.course;
        for (file, one) in self.practice_files() {
            self.file = file;
            for (index, symptom) in one.symptoms.iter().enumerate() {
                if !course.practice.faults.iter().any(|fault| fault.symptom == symptom.id) {
                    self.warn(&format!("symptoms.{index}.id"), format!("no fault has the symptom {}", symptom.id));
                }
            }
            for (index, fault) in one.faults.iter().enumerate() {
                let Some(own) = &fault.own else { continue };
                let mut paths: BTreeSet<&str> = course.fixed_stack().keys().map(String::as_str).collect();
                let more = fault.fixes.iter().flat_map(|fix| &fix.edits).chain(&own.edits);
                paths.extend(more.chain(fault.slips.iter().flat_map(|slip| &slip.edits)).map(Edit::file));
                let mut nowhere = Vec::new();
                own.when.each_positive(&mut |test| {
                    if let Condition::File(test) = test
                        && !paths.contains(test.path.as_str())
                    {
                        nowhere.push(test.path.clone());
                    }
                });
                for path in nowhere {
                    self.error(&format!("faults.{index}.own.when"), format!("no stack and no edit has a file {path}"));
                }
            }
        }
    }
}

/// Whether a text holds a whole word.
fn holds(text: &str, word: &str) -> bool {
    text.match_indices(word).any(|(at, _)| {
        !text[..at].chars().next_back().is_some_and(is_word) && !text[at + word.len()..].starts_with(is_word)
    })
}

/// The names of services, networks and volumes in a stack's compose file.
fn compose_names(files: &Texts) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for (_, text) in files.iter().filter(|(path, _)| crate::compose::is_compose_file(path)) {
        let mut section = "";
        for line in text.lines() {
            if let Some(key) = line.strip_suffix(':').filter(|key| !key.starts_with([' ', '#'])) {
                section = key;
            }
            let name = line.strip_prefix("  ").and_then(|line| line.strip_suffix(':'));
            if let Some(name) = name.filter(|name| !name.starts_with([' ', '#', '-']))
                && matches!(section, "services" | "networks" | "volumes")
            {
                names.insert(name.to_owned());
            }
        }
    }
    names
}
