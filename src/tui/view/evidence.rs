//! What was asked and what was seen: the command that a person would type, and what it would have printed.

use ratatui::text::{Line, Span};

use super::{
    eyes::{self, BODY_LINES},
    last_words,
};
use crate::{
    course::Shown,
    diagnosis::Status,
    journal::Event,
    probe::{Evidence, HttpAnswer, Observation, Rows, evidence_id},
    tui::{
        model::Model,
        text::{self, Break},
        theme::Theme,
    },
};

/// Ids of the evidence that there is: what the story's page names, what does not hold, then the lesson's checks', the
/// hops', and the rest.
pub fn ids(model: &Model) -> Vec<String> {
    let Some(survey) = &model.progress.last_survey else { return Vec::new() };
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
    ids
}

/// Whether two questions are one: asked from the same place in the same words, and answered alike.
fn is_the_same(one: &Evidence, other: &Evidence) -> bool {
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
    let report = model.progress.last_report.as_ref()?;
    let checks = &model.lesson()?.checks;
    let check = checks
        .iter()
        .find(|check| report.checks.iter().any(|verdict| verdict.id == check.id && verdict.status == Status::Fail))?;
    Some(check.evidence.clone())
}

/// The command of the evidence that the pane begins with; before any, of the first hop's question.
pub fn current_command(model: &Model) -> Option<String> {
    current(model).map(|evidence| evidence.command.clone())
}

/// What was said to it, uncut.
pub fn current_output(model: &Model) -> String {
    let mut all = String::new();
    if let Some(evidence) = current(model) {
        write_answer(&evidence.observation, &mut all);
    }
    text::clean(&all)
}

fn current(model: &Model) -> Option<&Evidence> {
    let ids = model.hop.map_or_else(|| ids(model), |link| ids_of_link(model, link));
    let survey = model.progress.last_survey.as_ref()?;
    let id = ids.get(model.evidence_at.min(ids.len().saturating_sub(1)))?;
    survey.evidence.get(id)
}

fn write_answer(observation: &Observation, all: &mut String) {
    if let Observation::Http(answer) = observation {
        all.push_str(&format!("HTTP {} {}\n", answer.status, answer.reason));
        for (name, value) in &answer.headers {
            all.push_str(&format!("{name}: {value}\n"));
        }
        all.push_str(&format!("\n{}\n", answer.body));
    } else {
        for line in seen(observation, Theme::MONO, 120) {
            all.push_str(&format!("{line}\n"));
        }
    }
}

/// The line on which each piece starts.
pub fn starts(model: &Model, columns: usize) -> Vec<usize> {
    let Some(survey) = &model.progress.last_survey else { return Vec::new() };
    let mut line = old_note(model).len();
    let said = said(model, columns).len();
    ids(model)
        .iter()
        .filter_map(|id| survey.evidence.get(id))
        .enumerate()
        .map(|(index, evidence)| {
            let start = line;
            line += piece(evidence, model.theme, columns, beside(model, evidence)).len() + 1;
            line += if index == 0 { said } else { 0 };
            start
        })
        .collect()
}

/// Whether an earlier piece of the pane shows the same page.
fn repeats(model: &Model, evidence: &Evidence) -> bool {
    let (Some(survey), Observation::Http(answer)) = (&model.progress.last_survey, &evidence.observation) else {
        return false;
    };
    let earlier = ids(model).into_iter().take_while(|id| *id != evidence.id);
    earlier.filter_map(|id| survey.evidence.get(&id)).any(|earlier| match &earlier.observation {
        Observation::Http(other) => other.body == answer.body && !answer.body.trim().is_empty(),
        _ => false,
    })
}

/// What stands above a piece of the pane, or is to stand beside it.
#[derive(Debug, Clone, Copy)]
pub enum Beside<'a> {
    /// Nothing that says the same.
    Nothing,
    /// The same page is shown above.
    PageAbove,
    /// The rows of the database, which stand beside this page where there is room.
    Rows(&'a Rows),
    /// The page beside which these rows stand, where there is room.
    OfPage,
}

/// The page that came of the submission and the submitted row belong side by side.
fn beside<'a>(model: &'a Model, evidence: &Evidence) -> Beside<'a> {
    if repeats(model, evidence) {
        return Beside::PageAbove;
    }
    let ids = ids(model);
    let at = |id: &str| ids.iter().position(|known| known == id);
    if at(evidence_id::SUBMIT) > at(evidence_id::ROWS) {
        // The page speaks of the rows: they come first, by themselves.
        return Beside::Nothing;
    }
    let seen = |id: &str| model.progress.last_survey.as_ref().and_then(|survey| survey.evidence.get(id));
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

fn old_note(model: &Model) -> Vec<Line<'static>> {
    if model.asked {
        return Vec::new();
    }
    let seen = model.entries.iter().rev().find(|entry| matches!(entry.event, Event::Verified { .. }));
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
    if let Some(link) = model.hop {
        return super::hop::lines(model, link, columns);
    }
    let Some(_) = &model.progress.last_survey else {
        let mut lines = vec![Line::raw("Nothing has been asked yet."), Line::default()];
        let words = "v asks the running stack, each link from where it starts. What was asked and what came back is shown here, as you could have typed it.";
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
    let front = model.course.hops.first().and_then(|hop| model.progress.last_survey.as_ref()?.evidence.get(&hop.id));
    let mut lines = match front.map(|front| &front.observation) {
        Some(Observation::Refused | Observation::NotPublished { .. } | Observation::NotRunning { .. }) => {
            super::hop::containers(model, columns)
        }
        _ => Vec::new(),
    };
    lines.extend(last_words::lines(model, &last_words::find(model, None), columns));
    lines
}

/// These questions and their answers.
pub fn pieces(model: &Model, ids: &[String], columns: usize) -> Vec<Line<'static>> {
    let Some(survey) = &model.progress.last_survey else { return Vec::new() };
    let mut lines = Vec::new();
    for evidence in ids.iter().filter_map(|id| survey.evidence.get(id)) {
        lines.extend(piece(evidence, model.theme, columns, beside(model, evidence)));
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
    let evidence = |id: &str| model.progress.last_survey.as_ref().and_then(|survey| survey.evidence.get(id));
    let said = |id: &&str| matches!((evidence(&hop.id), evidence(id)), (Some(of_hop), Some(also)) if is_the_same(of_hop, also));
    let mut ids = vec![hop.id.clone()];
    ids.extend(also.filter(|id| !said(id)).map(str::to_owned));
    ids
}

/// Where in the pane the answer to this question stands, itself or the one that says the same.
pub fn position(model: &Model, id: &str) -> Option<usize> {
    let survey = model.progress.last_survey.as_ref()?;
    let wanted = survey.evidence.get(id)?;
    ids(model).iter().position(|known| is_the_same(&survey.evidence[known], wanted))
}

/// Everything that was seen, uncut.
pub fn as_text(model: &Model) -> String {
    if let Some(link) = model.hop {
        let lines = super::hop::lines(model, link, 120);
        return text::clean(&lines.iter().map(|line| format!("{line}\n")).collect::<String>());
    }
    let Some(survey) = &model.progress.last_survey else { return String::new() };
    let mut all = String::new();
    for id in ids(model) {
        let Some(evidence) = survey.evidence.get(&id) else { continue };
        all.push_str(&format!("$ {}\n", text::clean(&evidence.command)));
        write_answer(&evidence.observation, &mut all);
        all.push('\n');
    }
    text::clean(&all)
}

/// One question and its answer.
pub fn piece(evidence: &Evidence, theme: Theme, columns: usize, beside: Beside<'_>) -> Vec<Line<'static>> {
    let mut spans =
        vec![Span::styled(format!("$ {}", text::clean(&evidence.command).replace('\n', " ")), theme.command())];
    let says_so = evidence.command.contains(&evidence.vantage);
    if evidence.vantage != "host" && !says_so {
        spans.push(Span::styled(format!("   asked from {}", text::clean(&evidence.vantage)), theme.faint()));
    }
    let mut lines = text::wrap(&Line::from(spans), columns, 2, Break::Words);
    match (&evidence.observation, beside) {
        (Observation::Http(answer), Beside::PageAbove) => {
            lines.extend(http_head(answer, theme, columns));
            lines.push(Line::styled("(the same page as above)", theme.faint()));
        }
        (Observation::Http(answer), Beside::Rows(rows)) if columns >= eyes::THREE_FROM => {
            lines.extend(http_head(answer, theme, columns));
            lines.extend(eyes::three(answer, rows, theme, columns));
        }
        (Observation::Rows(_), Beside::OfPage) if columns >= eyes::THREE_FROM => {
            lines.push(Line::styled("(these rows stand beside the page)", theme.faint()));
        }
        (observation, _) => lines.extend(seen(observation, theme, columns)),
    }
    lines
}

fn seen(observation: &Observation, theme: Theme, columns: usize) -> Vec<Line<'static>> {
    let say = |style, words: String| text::wrap(&Line::styled(text::clean(&words), style), columns, 2, Break::Words);
    match observation {
        Observation::Refused => say(theme.bad(), "connection refused: nobody listens there".to_owned()),
        Observation::Reset => say(theme.bad(), "the connection was closed without an answer".to_owned()),
        Observation::TimedOut { seconds } => say(theme.bad(), format!("no answer within {seconds:.0} s")),
        Observation::NameUnknown { name } => say(theme.bad(), format!("the name {name} is not known there")),
        Observation::Unreachable => say(theme.bad(), "no route to that host".to_owned()),
        Observation::NotPublished { port, published } => {
            let mut lines = say(theme.bad(), format!("connection refused: no container publishes {port}"));
            for mapping in published {
                lines.extend(say(ratatui::style::Style::new(), format!("published is {mapping}")));
            }
            lines
        }
        Observation::NotRunning { service, exit_code, last_line } => {
            let code = exit_code.map(|code| format!(" (exit code {code})")).unwrap_or_default();
            let mut lines = say(theme.bad(), format!("{service} does not run{code}"));
            if let Some(line) = last_line {
                lines.extend(say(theme.faint(), format!("its last words: {line}")));
            }
            lines
        }
        Observation::Http(answer) => {
            let mut lines = http_head(answer, theme, columns);
            lines.extend(eyes::two(answer, theme, columns));
            lines
        }
        Observation::Connected { what } => say(theme.good(), format!("connected: {what}")),
        Observation::Rows(rows) => eyes::table(rows, theme, columns),
        Observation::Exit { code, output } => {
            let mut lines = eyes::printed(output, columns, BODY_LINES * 2, Break::Anywhere, theme);
            if *code != 0 {
                lines.extend(say(theme.bad(), format!("(exit code {code})")));
            }
            lines
        }
        Observation::NotAsked { because } => say(theme.faint(), format!("not asked: {because}")),
        Observation::Unknown { because } => say(theme.attention(), format!("could not be asked: {because}")),
    }
}

/// Status, server, and the redirects on the way.
fn http_head(answer: &HttpAnswer, theme: Theme, columns: usize) -> Vec<Line<'static>> {
    let mut lines = Vec::new();
    for (status, location) in &answer.redirects {
        let words = format!("HTTP {status}, leads on to {}", text::clean(location));
        lines.extend(text::wrap(&Line::styled(words, theme.faint()), columns, 2, Break::Words));
    }
    let style = if answer.status < 400 { theme.good() } else { theme.bad() };
    let mut head = vec![Span::styled(format!("HTTP {} {}", answer.status, text::clean(&answer.reason)), style)];
    if let Some(server) = &answer.server {
        head.push(Span::raw(format!("   Server: {}", text::clean(server))));
    }
    lines.extend(text::wrap(&Line::from(head), columns, 2, Break::Words));
    if let Some(astray) = &answer.astray {
        let words = format!("a browser cannot follow: {}", text::clean(astray));
        lines.extend(text::wrap(&Line::styled(words, theme.bad()), columns, 2, Break::Words));
    }
    lines
}
