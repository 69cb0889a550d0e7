//! What a course has to prove, from its lessons.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::{
    course::{Condition, Course, Edit, Lesson, WrongTurn, apply_all},
    error::{Error, Result},
};

/// Files of a stack, by path.
pub(super) type Texts = BTreeMap<String, String>;

/// What kind of case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A lesson's bug, with all other lessons' fixed.
    Bug,
    /// A right fix: the golden one, or another.
    Variant,
    /// A mistake with a name.
    WrongTurn,
}

/// One thing that a lesson claims, and how it is made true.
#[derive(Debug, Clone, PartialEq)]
pub struct Case {
    /// The lesson's id.
    pub lesson: String,
    /// What kind of case.
    pub kind: Kind,
    /// The id of the variant or the wrong turn; `bug` or `fix`.
    pub id: String,
    /// The wrong turn works, and is only remarked on.
    pub(super) remark: bool,
    /// The lesson's symptom as a condition, for its bug.
    pub(super) seen: Option<Condition>,
    pub(super) making: Making,
}

/// How a case is made.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Making {
    /// What runs before `files` are saved; where there is nothing, the stack is started from `files`.
    pub before: Option<Texts>,
    /// The files that are there in the end.
    pub files: Texts,
    /// Files that were saved beside a running stack are made live.
    pub live: bool,
    /// Only these services are started; all where none is named.
    pub start: Vec<String>,
    /// It is asked at once.
    pub at_once: bool,
    /// These services come back at another address.
    pub moved: Vec<String>,
}

impl Making {
    /// Whether it needs, or leaves, a database that no other case may have.
    pub fn is_alone(&self) -> bool {
        self.live || self.at_once || !self.start.is_empty()
    }

    /// Whether a volume has to outlive its containers.
    pub fn keeps_volumes(&self) -> bool {
        self.live
    }
}

/// All cases of a course, or of one lesson, in its order.
///
/// # Errors
/// Usage: no such lesson, or edits that do not apply (which `lint` tells beforehand).
pub fn cases(course: &Course, lesson: Option<&str>) -> Result<Vec<Case>> {
    let mut all = Vec::new();
    match lesson {
        Some(id) => of_lesson(course, course.lesson_or_error(id)?, &mut all)?,
        None => course.lessons.iter().try_for_each(|lesson| of_lesson(course, lesson, &mut all))?,
    }
    Ok(all)
}

fn of_lesson(course: &Course, lesson: &Lesson, all: &mut Vec<Case>) -> Result<()> {
    let start = course.stack_without(&lesson.id)?;
    let case = |kind, id: &str, making| Case {
        lesson: lesson.id.clone(),
        kind,
        id: id.to_owned(),
        remark: false,
        seen: None,
        making,
    };
    let edited = |id: &str, edits: &[Edit]| {
        let mut texts = start.clone();
        apply_all(edits, &mut texts).map_err(|error| does_not_apply(lesson, id, error))?;
        Ok::<_, Error>(texts)
    };
    let from_nothing = |files| Making { files, ..Making::default() };
    if !lesson.fix.is_empty() {
        all.push(Case { seen: lesson.seen.clone(), ..case(Kind::Bug, "bug", from_nothing(start.clone())) });
        all.push(case(Kind::Variant, "fix", from_nothing(edited("fix", &lesson.fix)?)));
    }
    for variant in &lesson.variants {
        all.push(case(Kind::Variant, &variant.id, from_nothing(edited(&variant.id, &variant.edits)?)));
    }
    for turn in lesson.wrong_turns.iter().filter(|turn| turn.not_made.is_none()) {
        let making = made(turn, &start, edited(&turn.id, &turn.edits)?);
        all.push(Case { remark: turn.remark, ..case(Kind::WrongTurn, &turn.id, making) });
    }
    Ok(())
}

fn made(turn: &WrongTurn, start: &Texts, files: Texts) -> Making {
    Making {
        before: (turn.saved_only || turn.while_running).then(|| start.clone()),
        files,
        live: turn.while_running,
        start: turn.start.clone(),
        at_once: turn.at_once,
        moved: turn.moved.clone(),
    }
}

fn does_not_apply(lesson: &Lesson, id: &str, cause: Error) -> Error {
    let error = Error::usage(format!("{} of lesson {} does not apply", id, lesson.id)).why(cause.what);
    cause.why.into_iter().fold(error, Error::why).suggest("breakfix lint   says where")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_claim_of_the_course_is_a_case() {
        let course = Course::embedded().unwrap();
        let all = cases(&course, None).unwrap();
        let count = |kind| all.iter().filter(|case| case.kind == kind).count();
        let sum = |of: &dyn Fn(&Lesson) -> usize| course.lessons.iter().map(of).sum::<usize>();
        let bugs = sum(&|lesson| usize::from(!lesson.fix.is_empty()));
        assert_eq!(count(Kind::Bug), bugs);
        assert_eq!(count(Kind::Variant), bugs + sum(&|lesson| lesson.variants.len()));
        let made = |lesson: &Lesson| lesson.wrong_turns.iter().filter(|turn| turn.not_made.is_none()).count();
        assert_eq!(count(Kind::WrongTurn), sum(&made));
        let fix = all.iter().find(|case| case.id == "fix").unwrap();
        assert_eq!(&fix.making.files, course.fixed_stack());
    }

    #[test]
    fn a_lesson_can_be_taken_alone_and_has_to_be_there() {
        let course = Course::embedded().unwrap();
        let one = cases(&course, Some("constructor")).unwrap();
        assert!(!one.is_empty() && one.iter().all(|case| case.lesson == "constructor"));
        assert!(cases(&course, Some("nonsense")).is_err());
    }
}
