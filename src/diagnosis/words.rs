//! What was seen, in a few words and as the typed command would have printed it.

use crate::probe::{Evidence, HttpAnswer, Observation, Rows};

/// Characters of a page's first line that are quoted.
const QUOTED: usize = 40;

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
            (0, table) => format!("no such row in {table}"),
            (1, table) => format!("1 row in {table}"),
            (count, table) => format!("{count} rows in {table}"),
        },
        Observation::Exit { code: 0, output } => last_line(output).unwrap_or("it ended without a word").into(),
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
        if answer.redirects.is_empty() && !answer.form.is_empty() && !answer.visible.contains(marker) {
            words.push_str(", shows the form again");
        } else {
            words.push_str(&format!(", shows {}", quote(answer, marker)));
        }
        if answer.scripted && !answer.visible.contains(marker) {
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
    if visible.contains(marker) {
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

/// What the typed command would have printed, the command itself not included.
pub fn transcript(evidence: &Evidence) -> String {
    let curl = evidence.command.contains("curl");
    let (host, port) = address(&evidence.command);
    match &evidence.observation {
        Observation::Http(answer) => http(answer),
        Observation::Rows(rows) => table(rows),
        Observation::Exit { code, output } if curl => format!("curl: ({code}) {output}"),
        Observation::Exit { output, .. } => output.trim_end().to_string(),
        Observation::Refused | Observation::NotPublished { .. } if curl => {
            format!("curl: (7) Failed to connect to {host} port {port}: Connection refused")
        }
        Observation::Unreachable if curl => {
            format!("curl: (7) Failed to connect to {host} port {port}: No route to host")
        }
        Observation::Reset if curl => "curl: (52) Empty reply from server".into(),
        Observation::TimedOut { seconds } if curl => {
            format!("curl: (28) Operation timed out after {:.0} milliseconds with 0 bytes received", seconds * 1000.0)
        }
        Observation::NameUnknown { name } if curl => format!("curl: (6) Could not resolve host: {name}"),
        Observation::NotRunning { service, .. } if evidence.command.contains("docker compose exec") => {
            format!("service \"{service}\" is not running\n{}", observed(&evidence.observation))
        }
        other => observed(other),
    }
}

/// Host and port of the address in a command.
fn address(command: &str) -> (&str, &str) {
    let rest = command.split_once("http://").map_or("", |(_, rest)| rest);
    let end = rest
        .find(|char: char| char == '/' || char == '\'' || char == '"' || char.is_whitespace())
        .unwrap_or(rest.len());
    rest[..end].rsplit_once(':').unwrap_or((&rest[..end], "80"))
}

fn http(answer: &HttpAnswer) -> String {
    let mut text = String::new();
    let followed =
        if answer.astray.is_some() { answer.redirects.len().saturating_sub(1) } else { answer.redirects.len() };
    for (status, location) in &answer.redirects[..followed] {
        text.push_str(&format!("HTTP/1.1 {status}\nLocation: {location}\n\n"));
    }
    text.push_str(&format!("HTTP/1.1 {}\n", status_line(answer)));
    for (name, value) in &answer.headers {
        text.push_str(&format!("{name}: {value}\n"));
    }
    text.push('\n');
    text.push_str(answer.body.trim_end());
    if answer.cut {
        text.push_str("\n… (cut)");
    }
    if let Some(astray) = &answer.astray {
        text.push_str(&format!("\n({astray})"));
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
    let cell = |row: &[Option<String>], column: usize| {
        row.get(column).cloned().flatten().unwrap_or_default().replace('\n', "+")
    };
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
