//! What a course has to prove, from its lessons.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::{
    course::{Condition, Course, Edit, Lesson, Making, apply_all},
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

impl Case {
    /// A state of the stack that no lesson claims.
    pub(in crate::conductor) fn made(id: &str, seen: Option<Condition>, making: Making) -> Self {
        Self { lesson: String::new(), kind: Kind::Bug, id: id.to_owned(), remark: false, seen, making }
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
    if !lesson.fix.is_empty() {
        all.push(Case { seen: lesson.seen.clone(), ..case(Kind::Bug, "bug", Making::plain(start.clone())) });
        all.push(case(Kind::Variant, "fix", Making::plain(edited("fix", &lesson.fix)?)));
    }
    for variant in &lesson.variants {
        all.push(case(Kind::Variant, &variant.id, Making::plain(edited(&variant.id, &variant.edits)?)));
    }
    for turn in lesson.wrong_turns.iter().filter(|turn| turn.not_made.is_none()) {
        let making = Making::of_turn(turn, &start).map_err(|error| does_not_apply(lesson, &turn.id, error))?;
        all.push(Case { remark: turn.remark, ..case(Kind::WrongTurn, &turn.id, making) });
    }
    Ok(())
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
