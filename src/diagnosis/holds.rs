//! A condition of a lesson, held against what was seen.

use std::collections::BTreeMap;

use super::{
    Report,
    condition::{Scene, Truth},
    runtime_facts,
};
use crate::{
    course::{Condition, Course},
    lab::Facts,
    probe::Survey,
};

/// Whether a condition holds in a survey that was judged so; `None` where what it asks for was not seen.
pub fn holds(course: &Course, condition: &Condition, survey: &Survey, facts: &Facts, report: &Report) -> Option<bool> {
    match scene(course, survey, facts, report).holds(condition) {
        Truth::True => Some(true),
        Truth::False => Some(false),
        Truth::Unknown => None,
    }
}

/// What conditions are held against, once hops and checks were judged.
pub(super) fn scene<'a>(course: &'a Course, survey: &'a Survey, facts: &'a Facts, report: &Report) -> Scene<'a> {
    Scene {
        survey,
        course,
        facts: runtime_facts::with_live(&facts.values, survey, &course.roles),
        texts: &facts.texts,
        hops: report.hops.iter().map(|hop| (hop.id.clone(), hop.status)).collect(),
        checks: report.checks.iter().map(|check| (check.id.clone(), check.status)).collect::<BTreeMap<_, _>>(),
    }
}
