//! Which evidence there is to show, in which order, and what stands beside what.

use std::borrow::Cow;

use ratatui::text::Line;

use super::answer::{Beside, piece};
use crate::{
    course::Shown,
    diagnosis::Status,
    probe::{Evidence, Observation, evidence_id},
    tui::{chain, model::Model, withheld},
};

/// Ids of the evidence that there is: what the story's page names, what does not hold, then the lesson's checks', the
/// hops', and the rest.
pub fn ids(model: &Model) -> Vec<String> {
    let Some(survey) = &model.lab.progress.last_survey else { return Vec::new() };
    let lesson = model.lesson();
    let named = match model.shown() {
        Some(Shown::Evidence(id)) => Some(id.to_owned()),
        _ => None,
    };
    let checks = lesson.into_iter().flat_map(|lesson| &lesson.checks).map(|check| check.evidence.clone());
    let hops = model.course.hops.iter().map(|hop| hop.id.clone());
    let mut ids: Vec<String> = Vec::new();
    let mut add = |id: String| {
        let Some(evidence) = survey.evidence.get(&id) else { return };
        if !ids.iter().any(|known| is_the_same(&survey.evidence[known], evidence)) {
            ids.push(id);
        }
    };
    let rest = std::iter::once(evidence_id::SUBMIT.to_owned()).chain(survey.evidence.keys().cloned());
    for id in named.into_iter().chain(failing(model)).chain(checks).chain(hops).chain(rest) {
        // The page's eye, curl's eye and the database's eye belong together.
        let submitted = id == evidence_id::SUBMIT;
        add(id);
        if submitted {
            add(evidence_id::ROWS.to_owned());
        }
    }
    // What was not asked has the least to say.
    ids.sort_by_key(|id| matches!(survey.evidence[id].observation, Observation::NotAsked { .. }));
    // That something is kept back is said once.
    let mut said = false;
    ids.retain(|id| !withheld::id(model, id) || !std::mem::replace(&mut said, true));
    ids
}

/// Whether two questions are one: asked from the same place in the same words, and answered alike.
pub fn is_the_same(one: &Evidence, other: &Evidence) -> bool {
    let answers = match (&one.observation, &other.observation) {
        // Headers tell the time, and forms have a secret of their own in each page.
        (Observation::Http(one), Observation::Http(other)) => {
            one.status == other.status && one.visible == other.visible
        }
        (one, other) => one == other,
    };
    one.id == other.id || (one.command == other.command && one.vantage == other.vantage && answers)
}

/// The evidence of this lesson's first check that does not hold.
fn failing(model: &Model) -> Option<String> {
    let report = model.lab.progress.last_report.as_ref()?;
    let checks = &model.lesson()?.checks;
    let check = checks
        .iter()
        .find(|check| report.checks.iter().any(|verdict| verdict.id == check.id && verdict.status == Status::Fail))?;
    Some(check.evidence.clone())
}

/// Whether an earlier piece of the pane shows the same page.
fn repeats(model: &Model, evidence: &Evidence) -> bool {
    let (Some(survey), Observation::Http(answer)) = (&model.lab.progress.last_survey, &evidence.observation) else {
        return false;
    };
    let earlier = ids(model).into_iter().take_while(|id| *id != evidence.id);
    earlier.filter_map(|id| survey.evidence.get(&id)).any(|earlier| match &earlier.observation {
        Observation::Http(other) => other.body == answer.body && !answer.body.trim().is_empty(),
        _ => false,
    })
}

/// The page that came of the submission and the submitted row belong side by side.
pub fn beside<'a>(model: &'a Model, evidence: &Evidence) -> Beside<'a> {
    if repeats(model, evidence) {
        return Beside::PageAbove;
    }
    let ids = ids(model);
    let at = |id: &str| ids.iter().position(|known| known == id);
    if at(evidence_id::SUBMIT) > at(evidence_id::ROWS) {
        // The page speaks of the rows: they come first, by themselves.
        return Beside::Nothing;
    }
    let seen = |id: &str| model.lab.progress.last_survey.as_ref().and_then(|survey| survey.evidence.get(id));
    let page = seen(evidence_id::SUBMIT).filter(|page| !repeats(model, page)).map(|page| &page.observation);
    let rows = seen(evidence_id::ROWS).map(|rows| &rows.observation);
    match (evidence.id.as_str(), page, rows) {
        (id, Some(Observation::Http(page)), Some(Observation::Rows(rows)))
            if !page.body.trim().is_empty() && !rows.rows.is_empty() =>
        {
            match id {
                evidence_id::SUBMIT => Beside::Rows(rows),
                evidence_id::ROWS => Beside::OfPage,
                _ => Beside::Nothing,
            }
        }
        _ => Beside::Nothing,
    }
}

/// The evidence with the port that was really asked: the story's may be taken here.
pub fn as_typed_here<'a>(model: &Model, evidence: &'a Evidence) -> Cow<'a, Evidence> {
    match chain::moved_front_port(model).filter(|_| evidence.vantage == "host") {
        Some((from, to)) => {
            let command = evidence.command.replace(&format!("localhost:{from}"), &format!("localhost:{to}"));
            Cow::Owned(Evidence { command, ..evidence.clone() })
        }
        None => Cow::Borrowed(evidence),
    }
}

/// One question and its answer, as far as it is not kept back.
pub fn piece_of(model: &Model, evidence: &Evidence, columns: usize) -> Vec<Line<'static>> {
    let evidence = &as_typed_here(model, evidence);
    if withheld::id(model, &evidence.id) {
        return vec![Line::styled(withheld::LONG, model.theme.faint())];
    }
    withheld::lines(model, piece(evidence, model.theme, columns, beside(model, evidence)))
}

/// These questions and their answers.
pub fn pieces(model: &Model, ids: &[String], columns: usize) -> Vec<Line<'static>> {
    let Some(survey) = &model.lab.progress.last_survey else { return Vec::new() };
    let mut lines = Vec::new();
    for evidence in ids.iter().filter_map(|id| survey.evidence.get(id)) {
        lines.extend(piece_of(model, evidence, columns));
        lines.push(Line::default());
    }
    lines
}

/// Ids of the evidence that belongs to a link.
pub fn ids_of_link(model: &Model, link: usize) -> Vec<String> {
    let Some(hop) = model.course.hops.get(link) else { return Vec::new() };
    let also = match hop.id.as_str() {
        evidence_id::NGINX_FLASKAPP => Some(evidence_id::UPSTREAM),
        _ => None,
    };
    let evidence = |id: &str| model.lab.progress.last_survey.as_ref().and_then(|survey| survey.evidence.get(id));
    let said = |id: &&str| matches!((evidence(&hop.id), evidence(id)), (Some(of_hop), Some(also)) if is_the_same(of_hop, also));
    let mut ids = vec![hop.id.clone()];
    ids.extend(also.filter(|id| !said(id)).map(str::to_owned));
    ids
}

/// Where in the pane the answer to this question stands, itself or the one that says the same.
pub fn position(model: &Model, id: &str) -> Option<usize> {
    let survey = model.lab.progress.last_survey.as_ref()?;
    let wanted = survey.evidence.get(id)?;
    ids(model).iter().position(|known| is_the_same(&survey.evidence[known], wanted))
}
