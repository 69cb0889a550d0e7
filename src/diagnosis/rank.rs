//! Which wrong turns are recognised, which one explains most, and what none of them explains.
//!
//! The order (`docs/authoring/reference.md` tells it to authors): those that explain the failure nearest to the browser first; of those,
//! one whose condition follows from another's after that other; then by the author's weight; then those that ask more; then
//! as the course has them. Remarks come last.

use std::{borrow::Cow, cmp::Reverse, collections::BTreeSet};

use super::{
    CheckVerdict, HopVerdict, LessonVerdict, NamedWrongTurn, Status,
    condition::{Scene, Truth},
    words::filled,
};
use crate::{
    course::{Condition, Course, Lesson, StatusTest, WrongTurn},
    engine::ServiceState,
    probe::evidence_id,
};

/// What does not hold: a hop, or a check that asks something else than a hop that fails anyway.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Failure {
    /// The hop's or the check's id.
    pub(super) id: String,
    /// The evidence behind it.
    pub(super) evidence: String,
    /// What ought to hold, in the course's words.
    pub(super) expected: String,
    /// Checks that fail with it, itself included.
    checks: Vec<String>,
    /// The lessons of those checks.
    lessons: Vec<String>,
}

/// The failures, from the browser on.
pub(super) fn failures(course: &Course, hops: &[HopVerdict], checks: &[CheckVerdict]) -> Vec<Failure> {
    let mut found: Vec<Failure> = Vec::new();
    for hop in hops.iter().filter(|hop| hop.status == Status::Fail) {
        let expected = course.hops.iter().find(|one| one.id == hop.id).map_or(String::new(), |one| one.needs.clone());
        let (id, evidence) = (hop.id.clone(), hop.id.clone());
        found.push(Failure { id, evidence, expected, checks: Vec::new(), lessons: Vec::new() });
    }
    let asked = course.lessons.iter().flat_map(|lesson| lesson.checks.iter().map(move |check| (lesson, check)));
    for ((lesson, check), verdict) in asked.zip(checks) {
        if verdict.status != Status::Fail {
            continue;
        }
        let at = found.iter().position(|one| one.id == check.evidence).unwrap_or_else(|| {
            found.push(Failure {
                id: check.id.clone(),
                evidence: check.evidence.clone(),
                expected: check.label.clone(),
                checks: Vec::new(),
                lessons: Vec::new(),
            });
            found.len() - 1
        });
        found[at].checks.push(check.id.clone());
        found[at].lessons.push(lesson.id.clone());
    }
    found
}

/// The wrong turns that are recognised (of lessons that are not solved, of any lesson while a hop is broken, and remarks),
/// the one that explains most first; and the failures that none of them explains.
pub(super) fn wrong_turns(
    course: &Course,
    scene: &Scene<'_>,
    lessons: &[LessonVerdict],
    failures: &[Failure],
) -> (Vec<NamedWrongTurn>, Vec<Failure>) {
    let hop_broken = scene.hops.values().any(|status| *status == Status::Fail);
    let mut found: Vec<(&Lesson, &WrongTurn, BTreeSet<usize>)> = Vec::new();
    for (lesson, verdict) in course.lessons.iter().zip(lessons) {
        for turn in &lesson.wrong_turns {
            let open = turn.remark || hop_broken || verdict.status != Status::Pass;
            if open && scene.holds(&turn.when) == Truth::True {
                found.push((lesson, turn, explained(course, lesson, turn, failures)));
            }
        }
    }
    let follows = |turn: &WrongTurn| {
        found.iter().any(|(_, other, _)| {
            other.remark == turn.remark && other.when.implies(&turn.when) && !turn.when.implies(&other.when)
        })
    };
    let order = |(_, turn, explains): &(&Lesson, &WrongTurn, BTreeSet<usize>)| {
        let first = explains.first().copied().unwrap_or(failures.len());
        (turn.remark, first, follows(turn), Reverse(turn.weight), Reverse(turn.when.tests()))
    };
    let mut ranked: Vec<_> = found.iter().map(|one| (order(one), one)).collect();
    ranked.sort_by_key(|(order, _)| *order);
    let named = ranked.iter().map(|(_, (lesson, turn, _))| NamedWrongTurn {
        id: turn.id.clone(),
        lesson: lesson.id.clone(),
        title: turn.title.clone(),
        question: filled(&turn.question, &scene.facts, scene.course).into_owned(),
        explain: match filled(&turn.explain, &scene.facts, scene.course) {
            Cow::Borrowed(_) => None,
            Cow::Owned(words) => Some(words),
        },
        remark: turn.remark,
    });
    let mut explained: BTreeSet<usize> = found
        .iter()
        .filter(|(_, turn, _)| !turn.remark)
        .flat_map(|(_, _, explains)| explains.iter().copied())
        .collect();
    // A proxy that ends because of what it calls is not at its front door either.
    let at = |id: &str| failures.iter().position(|failure| failure.id == id);
    if proxy_ended(course, scene)
        && let (Some(front), Some(behind)) = (at(evidence_id::BROWSER_NGINX), at(evidence_id::NGINX_FLASKAPP))
        && explained.contains(&behind)
    {
        explained.insert(front);
    }
    // While a link is down, what was asked over it follows from that.
    let hop_fails = failures.iter().any(Failure::is_hop);
    let as_it_came: Vec<&Lesson> = course.lessons.iter().filter(|lesson| is_as_it_came(scene, lesson)).collect();
    let is_of_the_story = |failure: &Failure| as_it_came.iter().any(|lesson| failure.is_of(lesson));
    let counts = |failure: &Failure| (failure.is_hop() || !hop_fails) && !is_of_the_story(failure);
    let unexplained = failures.iter().enumerate().filter(|(at, failure)| !explained.contains(at) && counts(failure));
    (named.collect(), unexplained.map(|(_, failure)| failure.clone()).collect())
}

fn proxy_ended(course: &Course, scene: &Scene<'_>) -> bool {
    scene.survey.services.get(&course.roles.proxy).is_some_and(|proxy| proxy.state == ServiceState::Exited)
}

/// Whether the lesson's bug is still as the course made it: there is nothing odd about that. The files are as its fix expects
/// them, and what is seen is what the story tells, as far as it can be seen. In files that are not the course's, all of it
/// has to be seen, and it has to be more than one sign, which many faults may give.
fn is_as_it_came(scene: &Scene<'_>, lesson: &Lesson) -> bool {
    let mut texts = scene.texts.clone();
    let awaits_fix = !lesson.fix.is_empty() && lesson.fix.iter().all(|edit| edit.apply(&mut texts).is_ok());
    match &lesson.seen {
        None => awaits_fix,
        Some(seen) => match scene.holds(seen) {
            Truth::True => awaits_fix || seen.tests() > 1,
            Truth::Unknown => awaits_fix,
            Truth::False => false,
        },
    }
}

/// Which failures a wrong turn explains: those that its condition names; where it names none, those of the links and
/// evidence that it speaks of; and else those of its lesson.
fn explained(course: &Course, lesson: &Lesson, turn: &WrongTurn, failures: &[Failure]) -> BTreeSet<usize> {
    let mut named = BTreeSet::new();
    let mut touched = BTreeSet::new();
    turn.when.each_positive(&mut |test| {
        let mut fails = |test: &StatusTest| {
            named.extend(
                failures.iter().enumerate().filter(|(_, one)| test.is == "fail" && one.is(&test.id)).map(first),
            );
        };
        match test {
            Condition::Hop(test) | Condition::Check(test) => fails(test),
            Condition::Saw(test) => {
                touched.extend(failures.iter().enumerate().filter(|(_, one)| one.evidence == test.evidence).map(first));
            }
            Condition::Log(test) => touched.extend(at_service(course, &test.service, failures)),
            Condition::State(test) => touched.extend(at_service(course, &test.service, failures)),
            Condition::Stale(test) => touched.extend(at_service(course, test.service(), failures)),
            _ => {}
        }
    });
    let of_lesson = || failures.iter().enumerate().filter(|(_, one)| one.lessons.contains(&lesson.id)).map(first);
    match (named.is_empty(), touched.is_empty()) {
        (false, _) => named,
        (true, false) => touched,
        (true, true) => of_lesson().collect(),
    }
}

fn first(pair: (usize, &Failure)) -> usize {
    pair.0
}

/// Failures of the links that end or start at a service.
fn at_service<'a>(
    course: &'a Course,
    service: &'a str,
    failures: &'a [Failure],
) -> impl Iterator<Item = usize> + use<'a> {
    let touches =
        move |id: &str| course.hops.iter().any(|hop| hop.id == id && (hop.to == service || hop.from == service));
    failures.iter().enumerate().filter(move |(_, one)| touches(&one.id)).map(first)
}

impl Failure {
    fn is_hop(&self) -> bool {
        self.id == self.evidence
    }

    /// Whether this is what the lesson's first check asks for: the one on which its bug shows.
    fn is_of(&self, lesson: &Lesson) -> bool {
        let Some(check) = lesson.checks.first() else { return false };
        let mut asks = check.evidence == self.evidence;
        check.pass.each_positive(&mut |test| {
            asks |= matches!(test, Condition::Hop(test) if test.id == self.id);
        });
        asks
    }

    fn is(&self, id: &str) -> bool {
        self.id == id || self.checks.iter().any(|check| check == id)
    }
}
