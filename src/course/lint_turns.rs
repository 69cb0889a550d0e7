//! Wrong turns that cannot do what they are for, as far as that shows without Docker: two that nothing tells apart, one
//! that its own edits rule out, one that is a right fix.

use std::{collections::BTreeMap, sync::LazyLock};

use regex::{Regex, RegexBuilder};

use super::{Condition, Lesson, WrongTurn, stack::apply_all, validate::Validator};

type Texts = BTreeMap<String, String>;

/// What was seen, as words name it.
static FACT: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"\{(([a-z0-9_-]+)\.[a-z0-9_.-]+)\}").expect("the pattern is fixed"));
/// Words that give a number to who listens or calls.
static CLAIM: LazyLock<Regex> = LazyLock::new(|| {
    let words = r"(?:listens? (?:only )?on|calls?|asks?|takes|is on|still says|own door) `?(\d{2,5})\b";
    Regex::new(words).expect("the pattern is fixed")
});

impl Validator<'_> {
    /// Conditions of all lessons, each with each: at most one of two that hold together can be named first.
    pub(super) fn told_apart(&mut self) {
        let course = self.course;
        let turns = || {
            course.lessons.iter().zip(&course.lesson_files).flat_map(|(lesson, file)| {
                lesson.wrong_turns.iter().enumerate().map(move |(index, turn)| (file, index, turn))
            })
        };
        for (position, (file, index, turn)) in turns().enumerate() {
            let twin = turns().take(position).find(|(_, _, other)| {
                other.remark == turn.remark && other.when.implies(&turn.when) && turn.when.implies(&other.when)
            });
            if let Some((_, _, other)) = twin {
                self.file.clone_from(file);
                let message = format!("nothing tells {} from {}: their conditions hold together", turn.id, other.id);
                self.error(&format!("wrong_turns.{index}.when"), message);
            }
        }
    }

    /// What a wrong turn says of what runs comes from what runs: a fact that it names is one that there is, and a number that it
    /// gives to a listener or a caller is one that its condition asks for.
    pub(super) fn words_of_turns(&mut self, lesson: &Lesson) {
        let (story, course) = (self.course.front_port().to_string(), self.course);
        for (index, turn) in lesson.wrong_turns.iter().enumerate() {
            for (key, text) in [("title", &turn.title), ("belief", &turn.belief)] {
                if FACT.captures_iter(text).any(|found| course.begins_a_fact(&found[2])) {
                    let message =
                        "only the question and the explanation may name a fact: this is shown before anything is seen";
                    self.error(&format!("wrong_turns.{index}.{key}"), message);
                }
            }
            let asked = format!("{:?}", turn.when);
            for (key, text) in [("question", &turn.question), ("explain", &turn.explain)] {
                let path = format!("wrong_turns.{index}.{key}");
                let named = FACT.captures_iter(text).filter(|found| course.begins_a_fact(&found[2]));
                for name in named.map(|found| found[1].to_owned()) {
                    let known = self.facts.contains(&name) || name.starts_with("live.") || name.starts_with("stale.");
                    if !known {
                        self.error(&path, format!("there is no fact {name}"));
                    }
                }
                for claim in CLAIM.captures_iter(text) {
                    let number = &claim[1];
                    let is_asked = asked.split(|c: char| !c.is_ascii_digit()).any(|other| other == number);
                    if *number != *story && !is_asked {
                        let message = format!(
                            "its condition does not ask for {number}, so that it may be another one: name the fact"
                        );
                        self.error(&path, message);
                    }
                }
            }
        }
    }

    /// What a lesson's wrong turns do to the files, and what their conditions say of these files.
    pub(super) fn turns_are_made(&mut self, lesson: &Lesson) {
        let Ok(start) = self.course.stack_without(&lesson.id) else { return };
        let mut right: Vec<(String, Texts)> = Vec::new();
        for (name, edits) in std::iter::once(("the fix".to_owned(), &lesson.fix))
            .chain(lesson.variants.iter().map(|variant| (format!("variant {}", variant.id), &variant.edits)))
        {
            let mut texts = start.clone();
            if apply_all(edits, &mut texts).is_ok() && texts != start {
                right.push((name, texts));
            }
        }
        for (at, (name, texts)) in right.iter().enumerate().skip(1) {
            if let Some((other, _)) = right[..at].iter().find(|(_, other)| other == texts) {
                let path = lesson.variants.iter().position(|variant| *name == format!("variant {}", variant.id));
                self.error(
                    &format!("variants.{}", path.unwrap_or_default()),
                    format!("{name} does the same as {other}"),
                );
            }
        }
        let mut made: Vec<(&WrongTurn, Texts)> = Vec::new();
        for (index, turn) in lesson.wrong_turns.iter().enumerate() {
            let path = format!("wrong_turns.{index}");
            self.can_hold(&format!("{path}.when"), &turn.when);
            let mut texts = start.clone();
            if turn.edits.is_empty() || apply_all(&turn.edits, &mut texts).is_err() {
                continue;
            }
            if texts == start {
                self.error(&path, "this wrong turn changes nothing");
            } else if let Some((name, _)) =
                right.iter().find(|(_, right)| *right == texts && !turn.remark && !is_made_otherwise(turn))
            {
                self.error(&path, format!("this wrong turn does the same as {name}, which is right"));
            } else if let Some((other, _)) =
                made.iter().find(|(other, others)| *others == texts && ways(other) == ways(turn))
            {
                self.error(&path, format!("this wrong turn makes the same files as {}", other.id));
            }
            if of_files(&turn.when, &texts) == Some(false) {
                let message = "the edits of this wrong turn make its own condition false";
                self.error(&format!("{path}.when"), message);
            }
            made.push((turn, texts));
        }
    }

    /// A test that must hold beside its own contrary.
    fn can_hold(&mut self, path: &str, when: &Condition) {
        if let Condition::All(several) = when {
            let denied = several.iter().enumerate().find(|(_, one)| match one {
                Condition::Not(denied) => several.iter().any(|other| other.implies(denied)),
                _ => false,
            });
            if let Some((at, _)) = denied {
                self.error(&format!("{path}.all.{at}"), "this can never hold beside the other conditions");
            }
        }
    }
}

/// What a condition comes to where only the files are known. A file that is not there says nothing, as when it is judged.
fn of_files(condition: &Condition, texts: &Texts) -> Option<bool> {
    match condition {
        Condition::All(several) => {
            let known: Vec<Option<bool>> = several.iter().map(|one| of_files(one, texts)).collect();
            if known.contains(&Some(false)) {
                Some(false)
            } else {
                known.into_iter().collect::<Option<Vec<_>>>().map(|_| true)
            }
        }
        Condition::Any(several) => {
            let known: Vec<Option<bool>> = several.iter().map(|one| of_files(one, texts)).collect();
            if known.contains(&Some(true)) {
                Some(true)
            } else {
                known.into_iter().collect::<Option<Vec<_>>>().map(|_| false)
            }
        }
        Condition::Not(one) => of_files(one, texts).map(|holds| !holds),
        Condition::File(test) => {
            let regex = RegexBuilder::new(&test.matches).multi_line(true).build().ok()?;
            texts.get(&test.path).map(|text| regex.is_match(text))
        }
        _ => None,
    }
}
/// Whether more than its edits makes a wrong turn.
fn is_made_otherwise(turn: &WrongTurn) -> bool {
    ways(turn) != (false, false, false, &[], &[])
}

/// How it is made, beside its edits.
fn ways(turn: &WrongTurn) -> (bool, bool, bool, &[String], &[String]) {
    (turn.saved_only, turn.while_running, turn.at_once, &turn.start, &turn.moved)
}
