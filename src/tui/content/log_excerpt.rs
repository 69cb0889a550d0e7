//! The line of a log that matters: found among the others, and marked, with the service that it came from.

use std::{ops::Range, sync::LazyLock};

use ratatui::{
    style::Style,
    text::{Line, Span},
};
use regex::Regex;

use crate::{
    diagnosis::Status,
    probe::Observation,
    tui::{
        model::Model,
        text::{self, Break},
    },
};

/// One line that matters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastWords {
    /// Who said it.
    pub service: String,
    /// The line.
    pub line: String,
    /// The part of it that says most.
    pub mark: Range<usize>,
}

/// What a service says when it is in trouble; the first group is marked.
static TROUBLE: LazyLock<[Regex; 3]> = LazyLock::new(|| {
    [
        // nginx: whom it called, else what it complains of.
        r#"\[(?:emerg|alert|crit|error)\].*?upstream: "([^"]*)""#,
        r"\[(?:emerg|alert|crit|error)\] [^:]*: (.*)",
        // Python's last line of a traceback, and Postgres.
        r"^\s*((?:[A-Za-z_][\w.]*\.)?[A-Za-z_]\w*(?:Error|Exception)\b.*|(?:FATAL|PANIC|ERROR): .*|.*\b(?:FATAL|PANIC): .*)",
    ]
    .map(|pattern| Regex::new(pattern).expect("the patterns are fixed"))
});

/// Where a server says that it listens.
static LISTENS: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"(?:Running on|Listening at:?) \S*?(:\d+)\b").expect("the pattern is fixed"));

/// The last line that tells of trouble.
fn trouble(log: &[String]) -> Option<(String, Range<usize>)> {
    log.iter().rev().find_map(|line| {
        let mark = TROUBLE.iter().find_map(|pattern| pattern.captures(line)?.get(1))?;
        Some((line.clone(), mark.range()))
    })
}

/// The last line that tells where the service listens.
fn listens(log: &[String]) -> Option<(String, Range<usize>)> {
    log.iter().rev().find_map(|line| Some((line.clone(), LISTENS.captures(line)?.get(1)?.range())))
}

/// The lines that matter for what the last verification saw: nothing where nothing is broken. With a link, only its two
/// ends'.
pub fn find(model: &Model, link: Option<usize>) -> Vec<LastWords> {
    let (Some(survey), Some(report)) = (&model.lab.progress.last_survey, &model.lab.progress.last_report) else {
        return Vec::new();
    };
    let roles = &model.course.roles;
    let log = |role: &str| survey.services.get(role).map_or(&[][..], |service| &service.log);
    let fails = |hop: usize| {
        let id = model.course.hops.get(hop).map(|hop| &hop.id);
        report.hops.iter().any(|verdict| Some(&verdict.id) == id && verdict.status == Status::Fail)
    };
    let answered = |wanted: &[u16]| {
        survey.evidence.values().any(|evidence| match &evidence.observation {
            Observation::Http(answer) => wanted.contains(&answer.status),
            _ => false,
        })
    };
    let mut found = Vec::new();
    let mut add = |role: &str, words: Option<(String, Range<usize>)>| {
        if let Some((line, mark)) = words {
            let service = survey.services.get(role).map_or(role, |report| &report.service).to_owned();
            found.push(LastWords { service, line, mark });
        }
    };
    // The lines may be older than the fault: only where an answer points at the service do they count.
    let proxy_complains = answered(&[502, 503, 504]) || fails(0);
    let app_complains = answered(&[500]) || fails(2) || fails(1);
    if proxy_complains && link.is_none_or(|link| link <= 1) {
        add(&roles.proxy, trouble(log(&roles.proxy)));
    }
    if app_complains && link != Some(0) {
        let words = trouble(log(&roles.app));
        let words = if fails(1) && !fails(2) { words.or_else(|| listens(log(&roles.app))) } else { words };
        add(&roles.app, words);
    }
    if fails(2) && link.is_none_or(|link| link == 2) {
        add(&roles.database, trouble(log(&roles.database)));
    }
    found
}

/// The lines, each under the command that shows it.
pub fn lines(model: &Model, words: &[LastWords], columns: usize) -> Vec<Line<'static>> {
    let theme = model.theme;
    let mut lines = Vec::new();
    for LastWords { service, line, mark } in words {
        lines.push(Line::styled(format!("In the log of {}:", text::clean(service)), theme.command()));
        let piece = |range: Range<usize>| line.get(range).unwrap_or_default().to_owned();
        let spans = vec![
            Span::styled(format!("{} │ ", text::clean(service)), theme.faint()),
            Span::raw(text::clean(&piece(0..mark.start)).trim_start().to_owned()),
            Span::styled(text::clean(&piece(mark.clone())), theme.attention().patch(theme.selected())),
            Span::styled(text::clean(&piece(mark.end..line.len())), Style::new()),
        ];
        lines.extend(text::wrap(&Line::from(spans), columns, text::width(service) + 3, Break::Words));
        lines.push(Line::default());
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marked(lines: &[&str]) -> Option<String> {
        let log: Vec<String> = lines.iter().map(|line| (*line).to_owned()).collect();
        trouble(&log).map(|(line, mark)| line[mark].to_owned())
    }

    #[test]
    fn the_line_that_matters_is_found_and_its_telling_part_marked() {
        let refused = r#"2026/11/24 10:00:00 [error] 29#29: *1 connect() failed (111: Connection refused) while connecting to upstream, client: 172.20.0.1, server: , request: "GET / HTTP/1.1", upstream: "http://172.20.0.3:5001/", host: "localhost""#;
        assert_eq!(marked(&["a", refused, "172.20.0.1 - GET / 502"]).as_deref(), Some("http://172.20.0.3:5001/"));
        let unknown =
            "2026/11/24 10:00:00 [emerg] 1#1: host not found in upstream \"web\" in /etc/nginx/conf.d/x.conf:5";
        assert_eq!(
            marked(&[unknown]).as_deref(),
            Some("host not found in upstream \"web\" in /etc/nginx/conf.d/x.conf:5")
        );
        let traceback = ["Traceback (most recent call last):", "  File \"app.py\", line 20, in add", "TypeError: no"];
        assert_eq!(marked(&traceback).as_deref(), Some("TypeError: no"));
        assert_eq!(
            marked(&["sqlalchemy.exc.OperationalError: (x) refused"]).as_deref().map(|line| &line[..14]),
            Some("sqlalchemy.exc")
        );
        let fatal = "2026-11-24 10:00:00.000 UTC [33] FATAL:  role \"x\" does not exist";
        assert_eq!(marked(&[fatal]).as_deref(), Some(fatal));
        assert_eq!(marked(&["all is well", "GET / 200", "an error in prose"]), None);
    }

    #[test]
    fn where_a_server_listens_is_marked_by_its_port() {
        let log = [" * Running on all addresses (0.0.0.0)", " * Running on http://127.0.0.1:5000"].map(str::to_owned);
        let (line, mark) = listens(&log).unwrap();
        assert_eq!(&line[mark], ":5000");
    }
}
