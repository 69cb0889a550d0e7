//! The course as a talk: beats of few words, each with the state in which it wants the stack, and notes for the speaker.

use serde::Deserialize;

use super::{Course, Lesson, Making, WrongTurn, stack::apply_all, validate::Validator};
use crate::error::{Error, Result};

/// `talk.toml`: the beats in order.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Talk {
    /// The beats.
    pub beats: Vec<TalkBeat>,
}

/// One beat of the talk: what the room sees at once.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TalkBeat {
    /// Unique within the talk.
    pub id: String,
    /// The lesson that it belongs to.
    pub lesson: String,
    /// A few big words; empty for none.
    #[serde(default)]
    pub title: String,
    /// The words, few, in Markdown's plainest form.
    #[serde(default)]
    pub text: String,
    /// The lesson whose question is put to the room.
    pub ask: Option<String>,
    /// The lesson whose question is answered.
    pub reveal: Option<String>,
    /// What was seen and is shown: an evidence id, or `logs:SERVICE`.
    pub show: Option<String>,
    /// The state in which the stack has to be; without one, that of the beat before.
    pub stack: Option<Staging>,
    /// For the speaker only.
    #[serde(default)]
    pub notes: String,
    /// Questions to ask the room, for the speaker only.
    #[serde(default)]
    pub questions: Vec<String>,
}

/// A state of the stack, as data: which fixes are in, and one other right or wrong way.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Staging {
    /// The lessons whose golden fix is in.
    #[serde(default)]
    pub fixed: Vec<String>,
    /// A wrong turn that is taken on top, by its id.
    pub turn: Option<String>,
    /// Another right fix that is in, as `LESSON/ID`.
    pub variant: Option<String>,
}

impl Staging {
    /// Only the lesson's bug is left: where its variants and wrong turns start from.
    pub fn only_bug(course: &Course, lesson: &str) -> Self {
        let fixed = course.lessons.iter().filter(|other| other.id != lesson && !other.fix.is_empty());
        Self { fixed: fixed.map(|other| other.id.clone()).collect(), ..Self::default() }
    }

    /// A name that two states share exactly if they are the same.
    pub fn key(&self, course: &Course) -> String {
        let fixed = course.lessons.iter().filter(|lesson| !lesson.fix.is_empty() && self.fixed.contains(&lesson.id));
        let mut key = fixed.map(|lesson| lesson.id.as_str()).collect::<Vec<_>>().join("+");
        if key.is_empty() {
            key.push_str("broken");
        }
        for (sign, id) in [(" turn ", &self.turn), (" variant ", &self.variant)] {
            if let Some(id) = id {
                key.push_str(sign);
                key.push_str(id);
            }
        }
        key
    }
}

impl Course {
    /// The beats of the talk: the course's own, or in a course without any, those that its lessons' texts make.
    pub fn talk_beats(&self) -> Vec<TalkBeat> {
        if self.talk.beats.is_empty() { derived(self) } else { self.talk.beats.clone() }
    }

    /// How a state is made.
    ///
    /// # Errors
    /// Usage: it names what does not exist, or edits that do not apply there (which `lint` tells beforehand).
    pub fn making(&self, staging: &Staging) -> Result<Making> {
        let fixed: Vec<&str> = staging.fixed.iter().map(String::as_str).collect();
        let mut files = self.stack_with(&fixed)?;
        if let Some(name) = &staging.variant {
            let (lesson, id) = name.split_once('/').unwrap_or((name, ""));
            let variants = &self.lesson_or_error(lesson)?.variants;
            let variant = variants.iter().find(|variant| variant.id == id);
            let variant = variant.ok_or_else(|| Error::usage(format!("there is no variant {name}")))?;
            apply_all(&variant.edits, &mut files)?;
        }
        let Some(id) = &staging.turn else { return Ok(Making::plain(files)) };
        let (_, turn) = self.turn(id).ok_or_else(|| Error::usage(format!("there is no wrong turn {id}")))?;
        Making::of_turn(turn, &files)
    }

    /// The wrong turn with this id, and the lesson that names it.
    pub fn turn(&self, id: &str) -> Option<(&Lesson, &WrongTurn)> {
        self.lessons.iter().find_map(|lesson| Some((lesson, lesson.wrong_turns.iter().find(|turn| turn.id == id)?)))
    }
}

/// A talk out of the lessons' own texts: the symptom, the question, the fix, the answer.
fn derived(course: &Course) -> Vec<TalkBeat> {
    let mut beats = Vec::new();
    let mut fixed: Vec<String> = Vec::new();
    for lesson in &course.lessons {
        let stack = |fixed: &[String]| Some(Staging { fixed: fixed.to_vec(), ..Staging::default() });
        let beat = |name: &str| TalkBeat {
            id: format!("{}-{name}", lesson.id),
            lesson: lesson.id.clone(),
            title: String::new(),
            text: String::new(),
            ask: None,
            reveal: None,
            show: None,
            stack: None,
            notes: String::new(),
            questions: Vec::new(),
        };
        let show = lesson.checks.first().map(|check| check.evidence.clone());
        let story: String = lesson.beats.iter().map(|beat| format!("{}\n", beat.text)).collect();
        beats.push(TalkBeat {
            title: lesson.title.clone(),
            text: lesson.symptom.clone(),
            stack: stack(&fixed),
            show: show.clone(),
            notes: story,
            ..beat("symptom")
        });
        let asks = lesson.prediction.as_ref().map(|_| lesson.id.clone());
        if asks.is_some() {
            beats.push(TalkBeat { ask: asks.clone(), ..beat("question") });
        }
        if !lesson.fix.is_empty() {
            fixed.push(lesson.id.clone());
            beats.push(TalkBeat { stack: stack(&fixed), notes: lesson.golden.clone(), ..beat("fix") });
        }
        beats.push(TalkBeat { reveal: asks, show, notes: lesson.debrief.clone(), ..beat("reveal") });
    }
    beats
}

impl Validator<'_> {
    /// The talk names only what there is, and its states can be made.
    pub(super) fn talk(&mut self) {
        let course = self.course;
        let Some(file) = &course.talk_file else { return };
        self.file.clone_from(file);
        let ids = course.talk.beats.iter().enumerate().map(|(i, beat)| (format!("beats.{i}.id"), beat.id.as_str()));
        self.unique("beat", ids);
        for (index, beat) in course.talk.beats.iter().enumerate() {
            let path = |key: &str| format!("beats.{index}.{key}");
            for (key, lesson) in
                [("lesson", Some(&beat.lesson)), ("ask", beat.ask.as_ref()), ("reveal", beat.reveal.as_ref())]
            {
                match lesson.map(|id| (id, course.lesson(id))) {
                    None => {}
                    Some((id, None)) => self.error(&path(key), format!("there is no lesson {id}")),
                    Some((id, Some(lesson))) if key != "lesson" && lesson.prediction.is_none() => {
                        self.error(&path(key), format!("the lesson {id} asks nothing"));
                    }
                    Some(_) => {}
                }
            }
            if let Some(show) = &beat.show {
                match show.strip_prefix("logs:") {
                    Some(service) => self.role(&path("show"), service),
                    None if !self.evidence_is_known(show) => self.unknown_evidence(&path("show"), show),
                    None => {}
                }
            }
            if let Some(error) = beat.stack.as_ref().and_then(|stack| course.making(stack).err()) {
                self.error(&path("stack"), error.told("; "));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_states_of_the_talk_can_be_made_and_end_in_the_fixed_stack() {
        let course = Course::embedded().unwrap();
        let beats = course.talk_beats();
        let stages: Vec<&Staging> = beats.iter().filter_map(|beat| beat.stack.as_ref()).collect();
        for stage in &stages {
            course.making(stage).unwrap();
        }
        assert_eq!(course.making(stages[0]).unwrap().files, *course.broken_stack());
        assert_eq!(course.making(stages[stages.len() - 1]).unwrap().files, *course.fixed_stack());
        for lesson in &course.lessons {
            assert!(beats.iter().any(|beat| beat.lesson == lesson.id), "no beat for {}", lesson.id);
        }
    }

    #[test]
    fn every_variant_and_wrong_turn_can_be_staged() {
        let course = Course::embedded().unwrap();
        for lesson in &course.lessons {
            let base = Staging::only_bug(&course, &lesson.id);
            let before = course.making(&base).unwrap().files;
            for variant in &lesson.variants {
                let stage = Staging { variant: Some(format!("{}/{}", lesson.id, variant.id)), ..base.clone() };
                assert_ne!(course.making(&stage).unwrap().files, before);
            }
            for turn in lesson.wrong_turns.iter().filter(|turn| turn.not_made.is_none()) {
                let stage = Staging { turn: Some(turn.id.clone()), ..base.clone() };
                let making = course.making(&stage).unwrap();
                assert_ne!(making, Making::plain(before.clone()), "{}", turn.id);
                assert_eq!(making.first() == &before, turn.edits.is_empty() || making.before.is_some(), "{}", turn.id);
            }
        }
    }

    #[test]
    fn a_course_without_a_talk_makes_one_of_its_lessons() {
        let mut course = Course::embedded().unwrap();
        course.talk = Talk::default();
        let beats = course.talk_beats();
        let fixes = beats.iter().filter(|beat| beat.id.ends_with("-fix")).count();
        assert_eq!(fixes, course.lessons.iter().filter(|lesson| !lesson.fix.is_empty()).count());
        let last = beats.iter().rev().find_map(|beat| beat.stack.as_ref()).unwrap();
        assert_eq!(course.making(last).unwrap().files, *course.fixed_stack());
    }

    #[test]
    fn a_state_is_named_by_what_is_in_it() {
        let course = Course::embedded().unwrap();
        let fixed =
            |ids: &[&str]| Staging { fixed: ids.iter().map(|id| (*id).to_owned()).collect(), ..Staging::default() };
        assert_eq!(fixed(&[]).key(&course), "broken");
        assert_eq!(fixed(&["app-port", "host-port"]).key(&course), fixed(&["host-port", "app-port"]).key(&course));
        let turn = Staging { turn: Some("both-8080".into()), ..fixed(&["app-port"]) };
        assert_eq!(turn.key(&course), "app-port turn both-8080");
    }
}
