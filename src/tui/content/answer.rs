//! One question and its answer, as a person would have got it; else in sentences.

use ratatui::text::{Line, Span};

use super::side_by_side::{self, BODY_LINES};
use crate::{
    diagnosis::transcript,
    probe::{Evidence, HttpAnswer, Observation, Rows, evidence_id},
    tui::{
        text::{self, Break},
        theme::Theme,
    },
};

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

/// The question: behind a `$` only where what follows is what a person gets who types it; else told as a sentence.
pub fn question(evidence: &Evidence) -> String {
    let command = text::clean(&evidence.command).replace('\n', " ");
    if transcript(evidence).is_some() {
        return format!("$ {command}");
    }
    let from = text::clean(&evidence.vantage);
    let submitted = matches!(evidence.id.as_str(), evidence_id::SUBMIT | evidence_id::SUBMIT_AGAIN);
    if let Observation::Rows(_) = evidence.observation {
        return format!("Breakfix looked in each table of {from} for what was submitted.");
    }
    if let Some((address, fields)) = submission(&command).filter(|_| submitted) {
        let sent = if fields.is_empty() { String::new() } else { format!(" and sent: {}", fields.join(", ")) };
        return format!("Breakfix asked as a browser does: it filled in the form at {address}{sent}");
    }
    if let Some(address) = address_of_database(&command) {
        return format!("Breakfix asked from {from}: does a database answer at {address}?");
    }
    match command.strip_prefix(&format!("docker compose exec {from} ")) {
        Some(inside) if inside.starts_with("curl") => {
            format!("Breakfix asked from {from}'s network: {}", inside.replace("//localhost", &format!("//{from}")))
        }
        _ => format!("Breakfix asked: {command}"),
    }
}

/// The address of a form in the command that would send it, and what was typed into it.
fn submission(command: &str) -> Option<(String, Vec<String>)> {
    let words = shell_words::split(command).ok()?;
    let address = words.last()?.clone();
    let values = words.windows(2).filter(|pair| pair[0] == "-d").map(|pair| pair[1].clone());
    // A secret of the page's own is not typed in by anybody, nor is what was never sent.
    Some((address, values.filter(|value| !value.ends_with('…')).collect()))
}

/// Whom `pg_isready` would ask; most images do not have it, and it is asked in another way.
fn address_of_database(command: &str) -> Option<String> {
    let (_, arguments) = command.split_once("pg_isready")?;
    let after = |flag: &str| arguments.split_whitespace().skip_while(|word| *word != flag).nth(1);
    Some(format!("{}:{}", after("-h")?, after("-p").unwrap_or("5432")))
}

/// The same as lines.
fn command(evidence: &Evidence, theme: Theme, columns: usize) -> Vec<Line<'static>> {
    let asked = question(evidence);
    let says_so = asked.contains(&evidence.vantage) || asked.starts_with("Breakfix looked");
    let mut spans = vec![Span::styled(asked, theme.command())];
    if evidence.vantage != "host" && !says_so {
        spans.push(Span::styled(format!("   asked from {}", text::clean(&evidence.vantage)), theme.faint()));
    }
    text::wrap(&Line::from(spans), columns, 2, Break::Words)
}

/// One question and its answer.
pub fn piece(evidence: &Evidence, theme: Theme, columns: usize, beside: Beside<'_>) -> Vec<Line<'static>> {
    let mut lines = command(evidence, theme, columns);
    match (&evidence.observation, beside) {
        (Observation::Http(answer), Beside::PageAbove) => {
            lines.extend(http_head(answer, theme, columns));
            lines.push(Line::styled("(the same page as above)", theme.faint()));
        }
        (Observation::Http(answer), Beside::Rows(rows)) if columns >= side_by_side::THREE_FROM => {
            lines.extend(http_head(answer, theme, columns));
            lines.extend(side_by_side::three(answer, rows, theme, columns));
        }
        (Observation::Rows(_), Beside::OfPage) if columns >= side_by_side::THREE_FROM => {
            lines.push(Line::styled("(these rows stand beside the page)", theme.faint()));
        }
        (observation, _) => lines.extend(seen(observation, theme, columns)),
    }
    lines
}

/// What was seen, by itself.
pub fn seen(observation: &Observation, theme: Theme, columns: usize) -> Vec<Line<'static>> {
    let say = |style, words: String| text::wrap(&Line::styled(text::clean(&words), style), columns, 2, Break::Words);
    match observation {
        Observation::Refused => say(theme.bad(), "connection refused: nobody listens there".to_owned()),
        Observation::Reset => say(theme.bad(), "the connection was closed without an answer".to_owned()),
        Observation::TimedOut { seconds } => say(theme.bad(), format!("no answer within {seconds:.0} s")),
        Observation::NameUnknown { name } => say(theme.bad(), format!("the name {name} is not known there")),
        Observation::Unreachable => say(theme.bad(), "no route to that host".to_owned()),
        Observation::NotPublished { port, published } => {
            let mut lines = say(
                theme.bad(),
                format!("no container of this lab publishes {port}: whoever answers there is not the shop"),
            );
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
            lines.extend(side_by_side::two(answer, theme, columns));
            lines
        }
        Observation::Connected { what } => say(theme.good(), format!("connected: {what}")),
        Observation::Rows(rows) => side_by_side::table(rows, theme, columns),
        Observation::Exit { code, output } => {
            let mut lines = side_by_side::printed(output, columns, BODY_LINES * 2, Break::Anywhere, theme);
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
        let words = format!("HTTP/1.1 {status}   Location: {}", text::clean(location));
        lines.extend(text::wrap(&Line::styled(words, theme.faint()), columns, 2, Break::Words));
    }
    let style = if answer.status < 400 { theme.good() } else { theme.bad() };
    let mut head = vec![Span::styled(format!("HTTP/1.1 {} {}", answer.status, text::clean(&answer.reason)), style)];
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
