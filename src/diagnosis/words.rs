//! What was seen, in a few words; and as the typed command prints it, where it does.

use std::{borrow::Cow, collections::BTreeMap, sync::LazyLock};

use regex::{Captures, Regex};

use crate::course::Course;
use crate::probe::{Evidence, HttpAnswer, Observation, Rows, evidence_id};

/// Characters of a page's first line that are quoted.
const QUOTED: usize = 40;

/// What a course's words may take from what was seen: `{nginx.listen}`, `{live.db.listens}`, `{stale.flaskapp}`.
static FACT: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"\{(([a-z0-9_-]+)\.[a-z0-9_.-]+)\}").expect("the pattern is fixed"));

/// A course's words with what was seen in the place of each fact that they name.
pub fn filled<'a>(words: &'a str, facts: &BTreeMap<String, String>, course: &Course) -> Cow<'a, str> {
    FACT.replace_all(words, |name: &Captures<'_>| match facts.get(&name[1]).map(String::as_str) {
        _ if !course.begins_a_fact(&name[2]) => name[0].to_owned(),
        None | Some("") => "…".to_owned(),
        Some(value) => value.split(',').collect::<Vec<_>>().join(" and "),
    })
}

/// What was seen, in a few words: `connection refused`, `502 Bad Gateway`.
pub fn observed(observation: &Observation) -> String {
    match observation {
        Observation::Refused => "connection refused".into(),
        Observation::Reset => "empty reply: the connection was closed without an answer".into(),
        Observation::TimedOut { seconds } => format!("no answer within {seconds:.0} s"),
        Observation::NameUnknown { name } => format!("unknown host name {name}"),
        Observation::Unreachable => "no route to host".into(),
        Observation::NotPublished { port, published } if published.is_empty() => {
            format!("connection refused: nothing is published on {port}")
        }
        Observation::NotPublished { port, published } => {
            format!("connection refused: nothing is published on {port}, only {}", published.join(", "))
        }
        Observation::NotRunning { service, exit_code, last_line } => {
            let state = match exit_code {
                Some(code) => format!("{service} has exited ({code})"),
                None => format!("{service} is not running"),
            };
            match last_line {
                Some(line) => format!("{state}: {line}"),
                None => state,
            }
        }
        Observation::Http(answer) => page(answer),
        Observation::Connected { what } => format!("{what} answers"),
        Observation::Rows(rows) => match (rows.rows.len(), rows.table.as_str()) {
            (0, "") => "the row is in no table".into(),
            (0, table) => format!("the row is not in {table}"),
            (1, table) => format!("the row is in {table}"),
            (count, table) => format!("the row is in {table} {count} times"),
        },
        Observation::Exit { code: 0, output } => last_line(output).unwrap_or("nothing was printed").into(),
        Observation::Exit { code, output } => match last_line(output) {
            Some(line) => line.to_string(),
            None => format!("exit code {code}"),
        },
        Observation::NotAsked { because } => format!("not asked: {because}"),
        Observation::Unknown { because } => format!("could not tell: {because}"),
    }
}

fn page(answer: &HttpAnswer) -> String {
    let mut words = status_line(answer);
    if let Some(astray) = &answer.astray {
        words.push_str(&format!(", but {astray}"));
    } else if let Some(marker) = &answer.marker
        && answer.status < 400
    {
        if answer.redirects.is_empty() && !answer.form.is_empty() && !answer.shows(marker) {
            words.push_str(", shows the form again");
        } else {
            words.push_str(&format!(", shows {}", quote(answer, marker)));
        }
        if answer.scripted && !answer.shows(marker) {
            words.push_str("; a script may show more in a browser, and is not run here");
        }
    }
    words
}

/// The line with the submitted name, or the first line.
fn quote(answer: &HttpAnswer, marker: &str) -> String {
    let visible = answer.visible.trim();
    if visible.is_empty() {
        return "nothing".into();
    }
    if answer.shows(marker) {
        return marker.into();
    }
    let line = visible.lines().next().unwrap_or_default();
    match line.char_indices().nth(QUOTED) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line.into(),
    }
}

fn status_line(answer: &HttpAnswer) -> String {
    format!("{} {}", answer.status, answer.reason).trim_end().to_string()
}

fn last_line(output: &str) -> Option<&str> {
    output.lines().rev().map(str::trim).find(|line| !line.is_empty())
}

/// What a person gets who types the command there, now; `None` where what was seen can only be told in sentences: a form that is
/// sent once more enters another item, the app's own Python prints more than its last words, and what does not answer is
/// told by each program in its own way.
pub fn transcript(evidence: &Evidence) -> Option<String> {
    let submitted = matches!(evidence.id.as_str(), evidence_id::SUBMIT | evidence_id::SUBMIT_AGAIN);
    match &evidence.observation {
        Observation::Http(answer) if !submitted && is_curls(answer) => Some(http(answer)),
        Observation::Rows(rows) if !rows.rows.is_empty() && rows.database.is_none() => Some(table(rows)),
        _ => None,
    }
}

/// Whether curl ends on the same page as a browser: it follows redirects, and nothing that stands in a page.
fn is_curls(answer: &HttpAnswer) -> bool {
    answer.astray.is_none() && answer.redirects.iter().all(|(status, _)| (300..400).contains(status))
}

fn http(answer: &HttpAnswer) -> String {
    let mut text = String::new();
    for (status, location) in &answer.redirects {
        text.push_str(&format!("HTTP/1.1 {status}\nLocation: {location}\n\n"));
    }
    text.push_str(&format!("HTTP/1.1 {}\n", status_line(answer)));
    for (name, value) in &answer.headers {
        text.push_str(&format!("{name}: {value}\n"));
    }
    text.push('\n');
    text.push_str(answer.sent());
    if answer.cut {
        text.push_str("\n… (cut)");
    }
    text.trim_end().to_string()
}

/// As psql prints it.
fn table(rows: &Rows) -> String {
    let count = rows.rows.len();
    let footer = format!("({count} row{})", if count == 1 { "" } else { "s" });
    if rows.columns.is_empty() {
        return footer;
    }
    let cell =
        |row: &[Option<String>], column: usize| row.get(column).cloned().flatten().unwrap_or_else(|| "NULL".to_owned());
    let width = |text: &str| unicode_width::UnicodeWidthStr::width(text);
    let widths: Vec<usize> = (0..rows.columns.len())
        .map(|column| {
            rows.rows
                .iter()
                .map(|row| width(&cell(row, column)))
                .chain([width(&rows.columns[column])])
                .max()
                .unwrap_or(0)
        })
        .collect();
    let line = |cells: Vec<String>| {
        let padded: Vec<String> = cells
            .iter()
            .zip(&widths)
            .map(|(text, wide)| format!(" {text}{} ", " ".repeat(wide - width(text))))
            .collect();
        padded.join("|").trim_end().to_string()
    };
    let mut lines = vec![line(rows.columns.clone())];
    lines.push(widths.iter().map(|wide| "-".repeat(wide + 2)).collect::<Vec<_>>().join("+"));
    for row in &rows.rows {
        lines.push(line((0..rows.columns.len()).map(|column| cell(row, column)).collect()));
    }
    lines.push(footer);
    lines.join("\n")
}
