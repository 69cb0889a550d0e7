//! What was asked and what was seen: the command that a person would type, and what it would have printed.

use ratatui::text::{Line, Span};

use super::last_words;

use crate::{
    diagnosis::Status,
    probe::{Evidence, HttpAnswer, Observation, Rows, evidence_id},
    tui::{
        model::{Model, Page},
        text::{self, Break},
        theme::Theme,
    },
};

/// Lines of a body that are shown; the pager has them all.
const BODY_LINES: usize = 10;

/// Ids of the evidence that there is: what the story's page names, what does not hold, then the lesson's checks', the
/// hops', and the rest.
pub fn ids(model: &Model) -> Vec<String> {
    let Some(survey) = &model.progress.last_survey else { return Vec::new() };
    let lesson = model.lesson();
    let named = match model.page {
        Page::Beat(beat) => lesson.and_then(|lesson| lesson.beats.get(beat)).and_then(|beat| beat.show.clone()),
        _ => None,
    };
    let checks = lesson.into_iter().flat_map(|lesson| &lesson.checks).map(|check| check.evidence.clone());
    let hops = model.course.hops.iter().map(|hop| hop.id.clone());
    let mut ids: Vec<String> = Vec::new();
    let mut add = |id: String| {
        if survey.evidence.contains_key(&id) && !ids.contains(&id) {
            ids.push(id);
        }
    };
    for id in named.into_iter().chain(failing(model)).chain(checks).chain(hops).chain(survey.evidence.keys().cloned()) {
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
            line += piece(evidence, model.theme, columns, repeats(model, evidence)).len() + 1;
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

fn old_note(model: &Model) -> Vec<Line<'static>> {
    if model.asked {
        return Vec::new();
    }
    let words = "Seen before the last change.";
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
        lines.extend(piece(evidence, model.theme, columns, repeats(model, evidence)));
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
    let mut ids = vec![hop.id.clone()];
    ids.extend(also.map(str::to_owned));
    ids.dedup();
    ids
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
pub fn piece(evidence: &Evidence, theme: Theme, columns: usize, repeats: bool) -> Vec<Line<'static>> {
    let mut spans =
        vec![Span::styled(format!("$ {}", text::clean(&evidence.command).replace('\n', " ")), theme.command())];
    let says_so = evidence.command.contains(&evidence.vantage);
    if evidence.vantage != "host" && !says_so {
        spans.push(Span::styled(format!("   asked from {}", text::clean(&evidence.vantage)), theme.faint()));
    }
    let mut lines = text::wrap(&Line::from(spans), columns, 2, Break::Words);
    match &evidence.observation {
        Observation::Http(answer) if repeats => {
            lines.extend(http_head(answer, theme, columns));
            lines.push(Line::styled("(the same page as above)", theme.faint()));
        }
        observation => lines.extend(seen(observation, theme, columns)),
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
        Observation::Http(answer) => http(answer, theme, columns),
        Observation::Connected { what } => say(theme.good(), format!("connected: {what}")),
        Observation::Rows(rows) => table(rows, theme, columns),
        Observation::Exit { code, output } => {
            let mut lines = printed(output, columns, BODY_LINES * 2, theme);
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

fn http(answer: &HttpAnswer, theme: Theme, columns: usize) -> Vec<Line<'static>> {
    let mut lines = http_head(answer, theme, columns);
    // The two eyes: what a browser makes of it, and what was really sent.
    let visible = printed(answer.visible.trim(), columns, BODY_LINES, theme);
    let body = printed(answer.body.trim(), columns, BODY_LINES, theme);
    if !answer.body.trim().is_empty() {
        if columns >= 84 {
            lines.extend(side_by_side(&answer.visible, &answer.body, theme, columns));
        } else {
            lines.push(Line::styled("the browser shows", theme.faint()));
            lines.extend(visible.into_iter().map(|line| set_in(line, theme)));
            lines.push(Line::styled("what was sent", theme.faint()));
            lines.extend(body.into_iter().map(|line| set_in(line, theme)));
        }
    }
    lines
}

fn set_in(mut line: Line<'static>, theme: Theme) -> Line<'static> {
    line.spans.insert(0, Span::styled("│ ", theme.faint()));
    line
}

fn side_by_side(visible: &str, body: &str, theme: Theme, columns: usize) -> Vec<Line<'static>> {
    let half = (columns - 4) / 2;
    let mut left = vec![Line::styled("the browser shows", theme.faint())];
    left.extend(printed(visible.trim(), half - 2, BODY_LINES, theme));
    let mut right = vec![Line::styled("what was sent", theme.faint())];
    right.extend(printed(body.trim(), half - 2, BODY_LINES, theme));
    (0..left.len().max(right.len()))
        .map(|row| {
            let mut spans = Vec::new();
            for side in [&left, &right] {
                let line = side.get(row).cloned().unwrap_or_default();
                let gap = half.saturating_sub(line.width() + 2);
                spans.push(Span::styled(if row == 0 { "" } else { "│ " }, theme.faint()));
                let pad = if row == 0 { gap + 2 } else { gap };
                spans.extend(line.spans.into_iter().map(|span| span.patch_style(line.style)));
                spans.push(Span::raw(" ".repeat(pad + 2)));
            }
            Line::from(spans)
        })
        .collect()
}

/// What a program or server sent, some lines of it.
fn printed(output: &str, columns: usize, most: usize, theme: Theme) -> Vec<Line<'static>> {
    let output = text::clean(output);
    let columns = columns.saturating_sub(2).max(1);
    let mut lines: Vec<Line<'static>> = Vec::new();
    let mut left = 0;
    for line in output.lines() {
        if lines.len() >= most {
            left += 1;
            continue;
        }
        lines.extend(text::wrap(&Line::raw(line.trim_end().to_owned()), columns, 0, Break::Anywhere));
    }
    if lines.is_empty() {
        lines.push(Line::styled("(nothing)", theme.faint()));
    }
    if lines.len() > most + 4 {
        left += 1;
        lines.truncate(most + 4);
    }
    if left > 0 {
        lines.push(Line::styled("… more: o opens all of it", theme.faint()));
    }
    lines
}

/// The database's eye.
fn table(rows: &Rows, theme: Theme, columns: usize) -> Vec<Line<'static>> {
    let mut lines = Vec::new();
    if rows.table.is_empty() {
        let words = "no table holds what was submitted";
        lines.extend(text::wrap(&Line::styled(words, theme.bad()), columns, 0, Break::Words));
        return lines;
    }
    lines.push(Line::styled(format!("the database holds, in {}", text::clean(&rows.table)), theme.faint()));
    let clean = |cell: &str| text::clean(cell).replace('\n', " ");
    let mut cells: Vec<Vec<String>> = vec![rows.columns.iter().map(|name| clean(name)).collect()];
    for row in &rows.rows {
        cells.push(row.iter().map(|cell| cell.as_deref().map_or_else(|| "NULL".to_owned(), clean)).collect());
    }
    let count = cells.iter().map(Vec::len).max().unwrap_or(0);
    let wide = |column: usize| {
        cells.iter().filter_map(|row| row.get(column)).map(|cell| text::width(cell)).max().unwrap_or(0).min(24)
    };
    let widths: Vec<usize> = (0..count).map(wide).collect();
    for (index, row) in cells.iter().enumerate() {
        let words: Vec<String> = row.iter().zip(&widths).map(|(cell, wide)| text::pad(cell, *wide)).collect();
        let line = words.join(" │ ");
        let style = if index == 0 { theme.strong() } else { ratatui::style::Style::new() };
        lines.extend(text::wrap(&Line::styled(format!("│ {}", line.trim_end()), style), columns, 4, Break::Anywhere));
    }
    if rows.rows.is_empty() {
        lines.push(Line::styled("│ no row holds what was submitted", theme.bad()));
    }
    lines.push(Line::styled(format!("{} rows in all", rows.total), theme.faint()));
    lines
}
