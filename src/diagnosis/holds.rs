//! A condition of a lesson, held against what was seen.

use std::collections::BTreeMap;

use super::{
    Report,
    condition::{Scene, Truth},
    live,
};
use crate::{course::Condition, lab::Facts, probe::Survey};

/// Whether a condition holds in a survey that was judged so; `None` where what it asks for was not seen.
pub fn holds(condition: &Condition, survey: &Survey, facts: &Facts, report: &Report) -> Option<bool> {
    let scene = Scene {
        survey,
        facts: live::with_live(&facts.values, survey),
        texts: &facts.texts,
        hops: report.hops.iter().map(|hop| (hop.id.clone(), hop.status)).collect(),
        checks: report.checks.iter().map(|check| (check.id.clone(), check.status)).collect::<BTreeMap<_, _>>(),
    };
    match scene.holds(condition) {
        Truth::True => Some(true),
        Truth::False => Some(false),
        Truth::Unknown => None,
    }
}
