//! What was asked and what was seen: the command that a person would type, and what it would have printed.

use ratatui::text::Line;

use super::{
    answer::{question, seen},
    containers,
    evidence_list::{as_typed_here, ids, ids_of_link, piece_of, pieces},
    log_excerpt,
};
use crate::{
    diagnosis::transcript,
    journal::Event,
    probe::{Evidence, Observation},
    tui::{
        model::Model,
        text::{self, Break},
        theme::Theme,
        withheld,
    },
};

/// The command of the evidence that the pane begins with; before any, of the first hop's question.
pub fn current_command(model: &Model) -> Option<String> {
    current(model).map(|evidence| as_typed_here(model, evidence).command.clone())
}

/// What was said to it, uncut.
pub fn current_output(model: &Model) -> String {
    let mut all = String::new();
    if let Some(evidence) = current(model) {
        write_answer(evidence, &mut all);
    }
    text::clean(&all)
}

fn current(model: &Model) -> Option<&Evidence> {
    let ids = model.nav.hop.map_or_else(|| ids(model), |link| ids_of_link(model, link));
    let survey = model.lab.progress.last_survey.as_ref()?;
    let id = ids.get(model.nav.evidence_at.min(ids.len().saturating_sub(1)))?;
    survey.evidence.get(id)
}

fn write_answer(evidence: &Evidence, all: &mut String) {
    match (transcript(evidence), &evidence.observation) {
        (Some(printed), _) => all.push_str(&format!("{printed}\n")),
        (None, Observation::Http(answer)) => {
            all.push_str(&format!("HTTP/1.1 {} {}\n", answer.status, answer.reason));
            for (name, value) in &answer.headers {
                all.push_str(&format!("{name}: {value}\n"));
            }
            all.push_str(&format!("\n{}\n", answer.sent()));
        }
        (None, observation) => {
            for line in seen(observation, Theme::MONO, 120) {
                all.push_str(&format!("{line}\n"));
            }
        }
    }
}

/// The line on which each piece starts.
pub fn starts(model: &Model, columns: usize) -> Vec<usize> {
    let Some(survey) = &model.lab.progress.last_survey else { return Vec::new() };
    let mut line = old_note(model).len();
    let said = said(model, columns).len();
    ids(model)
        .iter()
        .filter_map(|id| survey.evidence.get(id))
        .enumerate()
        .map(|(index, evidence)| {
            let start = line;
            line += piece_of(model, evidence, columns).len() + 1;
            line += if index == 0 { said } else { 0 };
            start
        })
        .collect()
}

fn old_note(model: &Model) -> Vec<Line<'static>> {
    if model.lab.asked {
        return Vec::new();
    }
    let seen = model.lab.entries.iter().rev().find(|entry| matches!(entry.event, Event::Verified { .. }));
    let words = if seen.is_some_and(|seen| seen.at < model.started) {
        "Seen in an earlier session. v looks again."
    } else {
        "Seen before the last change. v looks again."
    };
    vec![Line::styled(words, model.theme.faint()), Line::default()]
}

/// The pane.
pub fn lines(model: &Model, columns: usize) -> Vec<Line<'static>> {
    let theme = model.theme;
    if let Some(link) = model.nav.hop {
        return super::link_detail::lines(model, link, columns);
    }
    let Some(_) = &model.lab.progress.last_survey else {
        let mut lines = vec![Line::raw("Nothing has been asked yet."), Line::default()];
        let words = "v asks the running stack, each link from where it starts. What was asked and what came back is shown here: what you can type yourself behind a $, the rest in words.";
        lines.extend(text::wrap(&Line::styled(words, theme.faint()), columns, 0, Break::Words));
        return lines;
    };
    let mut lines = old_note(model);
    let ids = ids(model);
    // The answer that the page speaks of comes first, then what the containers said about it.
    let (first, others) = ids.split_at(ids.len().min(1));
    lines.extend(pieces(model, first, columns));
    lines.extend(said(model, columns));
    lines.extend(pieces(model, others, columns));
    lines
}

/// The lines of the logs that matter, and who runs, where nobody answers at the front door.
fn said(model: &Model, columns: usize) -> Vec<Line<'static>> {
    let front =
        model.course.hops.first().and_then(|hop| model.lab.progress.last_survey.as_ref()?.evidence.get(&hop.id));
    let front = front.filter(|front| !withheld::id(model, &front.id));
    let mut lines = match front.map(|front| &front.observation) {
        Some(Observation::Refused | Observation::NotPublished { .. } | Observation::NotRunning { .. }) => {
            containers::lines(model, columns)
        }
        _ => Vec::new(),
    };
    let log = log_excerpt::lines(model, &log_excerpt::find(model, None), columns);
    lines.extend(withheld::all_or_none(model, log));
    withheld::lines(model, lines)
}

/// Everything that was seen, uncut.
pub fn as_text(model: &Model) -> String {
    if let Some(link) = model.nav.hop {
        let lines = super::link_detail::lines(model, link, 120);
        return text::clean(&lines.iter().map(|line| format!("{line}\n")).collect::<String>());
    }
    let Some(survey) = &model.lab.progress.last_survey else { return String::new() };
    let mut all = String::new();
    for id in ids(model) {
        let Some(evidence) = survey.evidence.get(&id) else { continue };
        let evidence = &as_typed_here(model, evidence);
        if withheld::id(model, &id) {
            all.push_str(&format!("{}\n", withheld::LONG));
        } else {
            all.push_str(&format!("{}\n", question(evidence)));
            write_answer(evidence, &mut all);
            if let Observation::Http(answer) = &evidence.observation
                && answer.visible.trim() != answer.sent().trim()
            {
                let shown = if answer.visible.trim().is_empty() { "(nothing)" } else { answer.visible.trim() };
                all.push_str(&format!("\nthe browser shows:\n{shown}\n"));
            }
        }
        all.push('\n');
    }
    text::clean(&all)
}
