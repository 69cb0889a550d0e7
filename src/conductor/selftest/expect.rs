//! What a case has to come to, and what it came to, in the same words.

use super::{Case, Kind};
use crate::diagnosis::{Report, Status, Verdict};

/// How what came compares with what was expected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// As expected.
    Ok,
    /// The stack fails, or works, where it should not.
    Wrong,
    /// It fails as it should, and another wrong turn, or none, is named first.
    Misnamed,
    /// The environment failed: nothing can be said.
    Unknown,
}

/// What has to come of it.
pub(super) fn expected(case: &Case) -> String {
    match case.kind {
        Kind::Bug if case.seen.is_some() => format!("broken at {}, symptom seen", case.lesson),
        Kind::Bug => format!("broken at {}", case.lesson),
        Kind::Variant => "works".to_owned(),
        Kind::WrongTurn if case.remark => format!("works, remarked: {}", case.id),
        Kind::WrongTurn => format!("broken, named: {}", case.id),
    }
}

/// What came of it. `symptom` is whether the lesson's symptom was seen, where it has one as a condition.
pub(super) fn judged(case: &Case, report: &Report, symptom: Option<bool>) -> (String, Outcome) {
    let got = got(case, report, symptom);
    let right_verdict = match case.kind {
        Kind::Variant => Verdict::Works,
        Kind::WrongTurn if case.remark => Verdict::Works,
        Kind::Bug | Kind::WrongTurn => Verdict::Broken,
    };
    let outcome = match report.verdict() {
        _ if got == expected(case) => Outcome::Ok,
        Verdict::Unknown => Outcome::Unknown,
        verdict if case.kind == Kind::WrongTurn && verdict == right_verdict => Outcome::Misnamed,
        _ => Outcome::Wrong,
    };
    (got, outcome)
}

fn got(case: &Case, report: &Report, symptom: Option<bool>) -> String {
    let word = match report.verdict() {
        Verdict::Works => "works",
        Verdict::Broken => "broken",
        Verdict::Unknown => {
            return format!("could not tell: {}", report.reason().unwrap_or("no reason was given"));
        }
    };
    match case.kind {
        Kind::Variant => word.to_owned(),
        Kind::Bug if report.verdict() == Verdict::Broken => {
            let at = report.first_failed_lesson.as_deref().unwrap_or("no lesson");
            let own = report.lessons.iter().find(|lesson| lesson.id == case.lesson);
            let untouched = at == case.lesson && own.is_none_or(|lesson| lesson.status != Status::Fail);
            let seen = match (&case.seen, symptom) {
                (None, _) => "",
                (Some(_), Some(true)) => ", symptom seen",
                (Some(_), Some(false)) => ", symptom not seen",
                (Some(_), None) => ", symptom could not be looked for",
            };
            format!("{word} at {at}{seen}{}", if untouched { ", and none of its checks fails" } else { "" })
        }
        Kind::Bug => word.to_owned(),
        Kind::WrongTurn => {
            let named: Vec<&str> = report
                .wrong_turns
                .iter()
                .filter(|turn| turn.remark == case.remark)
                .map(|turn| turn.id.as_str())
                .collect();
            let verb = if case.remark { "remarked" } else { "named" };
            match named.as_slice() {
                [] => format!("{word}, nothing {verb}"),
                // Others may be named beside it.
                [first, ..] if *first == case.id => format!("{word}, {verb}: {first}"),
                several => format!("{word}, {verb}: {}", several.join(", ")),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        course::{Condition, Course, Making, StatusTest},
        diagnosis::{Judgement, LessonVerdict, NamedWrongTurn},
    };

    fn case(kind: Kind, remark: bool) -> Case {
        Case { lesson: "one".into(), kind, id: "x".into(), remark, seen: None, making: Making::default() }
    }

    fn judgement(verdict: Verdict) -> Judgement {
        match verdict {
            Verdict::Works => Judgement::Works,
            Verdict::Broken => Judgement::seen_broken(),
            Verdict::Unknown => Judgement::default(),
        }
    }

    fn report(verdict: Verdict, named: &[(&str, bool)]) -> Report {
        let turn = |(id, remark): &(&str, bool)| NamedWrongTurn {
            id: (*id).into(),
            lesson: "one".into(),
            title: String::new(),
            explain: None,
            question: String::new(),
            remark: *remark,
        };
        Report {
            judgement: judgement(verdict),
            first_failed_lesson: (verdict == Verdict::Broken).then(|| "one".into()),
            lessons: vec![LessonVerdict { id: "one".into(), status: Status::Fail }],
            wrong_turns: named.iter().map(turn).collect(),
            ..Report::default()
        }
    }

    #[test]
    fn a_wrong_turn_has_to_fail_and_to_be_named_first() {
        let turn = case(Kind::WrongTurn, false);
        let outcome = |report: Report| judged(&turn, &report, None);
        assert_eq!(outcome(report(Verdict::Broken, &[("x", false), ("y", false)])).1, Outcome::Ok);
        let misnamed = outcome(report(Verdict::Broken, &[("y", false), ("x", false)]));
        assert_eq!(misnamed, ("broken, named: y, x".into(), Outcome::Misnamed));
        assert_eq!(
            outcome(report(Verdict::Broken, &[("x", true)])),
            ("broken, nothing named".into(), Outcome::Misnamed)
        );
        assert_eq!(outcome(report(Verdict::Works, &[])).1, Outcome::Wrong);
        assert_eq!(outcome(report(Verdict::Unknown, &[])).1, Outcome::Unknown);
    }

    #[test]
    fn a_remark_has_to_work() {
        let turn = case(Kind::WrongTurn, true);
        assert_eq!(judged(&turn, &report(Verdict::Works, &[("x", true)]), None).1, Outcome::Ok);
        assert_eq!(judged(&turn, &report(Verdict::Works, &[]), None).1, Outcome::Misnamed);
        assert_eq!(judged(&turn, &report(Verdict::Broken, &[("x", true)]), None).1, Outcome::Wrong);
    }

    #[test]
    fn a_variant_has_to_work() {
        let variant = case(Kind::Variant, false);
        assert_eq!(judged(&variant, &report(Verdict::Works, &[("y", true)]), None), ("works".into(), Outcome::Ok));
        assert_eq!(judged(&variant, &report(Verdict::Broken, &[]), None).1, Outcome::Wrong);
    }

    #[test]
    fn a_bug_has_to_fail_its_own_lesson_with_the_symptom_of_the_story() {
        let seen = Condition::Hop(StatusTest { id: "browser-nginx".into(), is: "fail".into() });
        let bug = Case { seen: Some(seen), ..case(Kind::Bug, false) };
        let broken = report(Verdict::Broken, &[]);
        assert_eq!(judged(&bug, &broken, Some(true)).1, Outcome::Ok);
        assert_eq!(judged(&bug, &broken, Some(false)), ("broken at one, symptom not seen".into(), Outcome::Wrong));
        assert_eq!(judged(&bug, &broken, None).1, Outcome::Wrong);
        assert_eq!(judged(&bug, &report(Verdict::Works, &[]), Some(false)).1, Outcome::Wrong);
        let mut elsewhere = broken.clone();
        elsewhere.first_failed_lesson = Some("two".into());
        assert_eq!(judged(&bug, &elsewhere, Some(true)).1, Outcome::Wrong);
        let mut unmet = broken;
        unmet.lessons[0].status = Status::Unknown;
        assert_eq!(judged(&bug, &unmet, Some(true)).1, Outcome::Wrong);
    }

    #[test]
    fn each_bug_of_the_course_states_its_symptom() {
        for lesson in Course::embedded().unwrap().lessons.iter().filter(|lesson| !lesson.fix.is_empty()) {
            assert!(lesson.seen.is_some(), "{} has no `seen`", lesson.id);
        }
    }
}
