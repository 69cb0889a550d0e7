//! Conditions are true, false, or unknown where the evidence is missing: what was not seen proves nothing.

use std::collections::BTreeMap;

use regex::RegexBuilder;

use super::{Status, runtime_facts, words};
use crate::{
    course::{Condition, Course, EvidenceTest, FactTest, MARKER, StaleTest, StatusTest},
    probe::{Evidence, HttpAnswer, Observation, Rows, Survey, evidence_id},
};

/// Three-valued truth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Truth {
    True,
    False,
    Unknown,
}

use Truth::{False, True, Unknown};

/// What conditions are evaluated over.
pub(super) struct Scene<'a> {
    pub(super) survey: &'a Survey,
    pub(super) course: &'a Course,
    /// Facts with the live ones.
    pub(super) facts: BTreeMap<String, String>,
    /// Files of the stack by path.
    pub(super) texts: &'a BTreeMap<String, String>,
    pub(super) hops: BTreeMap<String, Status>,
    pub(super) checks: BTreeMap<String, Status>,
}

impl From<bool> for Truth {
    fn from(value: bool) -> Self {
        if value { True } else { False }
    }
}

impl std::ops::Not for Truth {
    type Output = Self;

    fn not(self) -> Self {
        match self {
            True => False,
            False => True,
            Unknown => Unknown,
        }
    }
}

/// False as soon as one is, whatever is unknown.
fn all(truths: impl Iterator<Item = Truth>) -> Truth {
    let mut result = True;
    for truth in truths {
        match truth {
            False => return False,
            Unknown => result = Unknown,
            True => {}
        }
    }
    result
}

fn any(truths: impl Iterator<Item = Truth>) -> Truth {
    !all(truths.map(|truth| !truth))
}

impl Scene<'_> {
    /// Whether the condition holds.
    pub(super) fn holds(&self, condition: &Condition) -> Truth {
        match condition {
            Condition::All(list) => all(list.iter().map(|one| self.holds(one))),
            Condition::Any(list) => any(list.iter().map(|one| self.holds(one))),
            Condition::Not(one) => !self.holds(one),
            Condition::Hop(test) => status(&self.hops, test),
            Condition::Check(test) => status(&self.checks, test),
            Condition::Saw(test) => self.saw(test),
            Condition::Log(test) => match self.survey.services.get(&test.service) {
                Some(report) => any(report.log.iter().map(|line| matches(&test.matches, line))),
                None => Unknown,
            },
            Condition::File(test) => match self.texts.get(&test.path) {
                Some(text) => matches(&test.matches, text),
                None => Unknown,
            },
            Condition::Fact(test) => self.fact(test),
            Condition::State(test) => match self.survey.services.get(&test.service) {
                Some(report) => (runtime_facts::state_name(report) == test.is).into(),
                None => Unknown,
            },
            Condition::Stale(test) => self.stale(test),
        }
    }

    fn stale(&self, test: &StaleTest) -> Truth {
        let service = runtime_facts::service_of(self.survey, test.service());
        any(self.survey.stale.iter().filter(|stale| stale.service == service).map(|stale| match test {
            StaleTest::Service(_) => True,
            StaleTest::Precise(test) => all([
                test.action.as_ref().is_none_or(|action| action == stale.action.name()).into(),
                test.file
                    .as_ref()
                    .map_or(True, |file| any(stale.files.iter().map(|path| matches(file, &path.to_string_lossy())))),
            ]
            .into_iter()),
        }))
    }

    fn fact(&self, test: &FactTest) -> Truth {
        let Some(value) = self.facts.get(&test.name) else { return Unknown };
        let compare = |other: &Option<String>, equal: bool| match other {
            None => True,
            Some(name) => self.facts.get(name).map_or(Unknown, |other| ((value == other) == equal).into()),
        };
        all([
            test.is.as_ref().is_none_or(|is| value == is).into(),
            test.is_not.as_ref().is_none_or(|is_not| value != is_not).into(),
            test.matches.as_ref().map_or(True, |pattern| matches(pattern, value)),
            compare(&test.same_as, true),
            compare(&test.differs_from, false),
        ]
        .into_iter())
    }

    fn saw(&self, test: &EvidenceTest) -> Truth {
        let Some(evidence) = self.survey.evidence.get(&test.evidence) else { return Unknown };
        let observation = &evidence.observation;
        if matches!(observation, Observation::NotAsked { .. } | Observation::Unknown { .. }) {
            return match &test.kind {
                Some(kind) if kind == observation.kind() => True,
                _ => Unknown,
            };
        }
        let http = match observation {
            Observation::Http(answer) => Some(answer),
            _ => None,
        };
        let rows = match observation {
            Observation::Rows(rows) => Some(rows),
            _ => None,
        };
        // A test of a page cannot hold where there is no page.
        let of_page =
            |wanted: bool, test: &dyn Fn(&HttpAnswer) -> Truth| if wanted { http.map_or(False, test) } else { True };
        let of_rows = |wanted: bool, test: &dyn Fn(&Rows) -> bool| {
            if wanted { rows.is_some_and(test).into() } else { True }
        };
        all([
            test.kind.as_ref().is_none_or(|kind| is_kind(observation, kind)).into(),
            of_page(test.status.is_some(), &|answer| {
                test.status.as_ref().is_none_or(|wanted| has_status(answer, wanted)).into()
            }),
            of_page(test.server.is_some(), &|answer| {
                pattern(&test.server, answer.server.as_deref().unwrap_or_default())
            }),
            of_page(test.header.is_some(), &|answer| {
                let lines: Vec<String> =
                    answer.headers.iter().map(|(name, value)| format!("{name}: {value}")).collect();
                pattern(&test.header, &lines.join("\n"))
            }),
            of_page(test.visible.is_some(), &|answer| pattern(&test.visible, &answer.visible)),
            of_page(test.body.is_some(), &|answer| match (&test.body, &answer.marker) {
                (Some(body), Some(marker)) => matches(&body.replace(MARKER, &regex::escape(marker)), &answer.body),
                (Some(body), None) if body.contains(MARKER) => Unknown,
                _ => pattern(&test.body, &answer.body),
            }),
            of_page(test.shows_marker.is_some(), &|answer| match &answer.marker {
                // What a script would have shown is not known.
                Some(marker) if answer.scripted && answer.status < 400 && !answer.shows(marker) => Unknown,
                Some(marker) => (Some(answer.shows(marker)) == test.shows_marker).into(),
                None => Unknown,
            }),
            of_page(test.from_database.is_some(), &|answer| (answer.from_database == test.from_database).into()),
            of_page(test.lists_earlier.is_some(), &|answer| (answer.lists_earlier == test.lists_earlier).into()),
            of_page(test.shows_third.is_some(), &|answer| (answer.shows_third == test.shows_third).into()),
            of_page(test.conceals_marker.is_some(), &|answer| match &answer.marker {
                Some(marker) => (Some(answer.conceals(marker)) == test.conceals_marker).into(),
                None => Unknown,
            }),
            of_page(test.shows_values.is_some(), &|answer| self.shows_values(answer, test)),
            of_page(test.form.is_some(), &|answer| {
                test.form.iter().flatten().all(|field| answer.form.contains(field)).into()
            }),
            test.text.as_ref().map_or(True, |wanted| matches(wanted, &text_of(evidence))),
            of_rows(test.rows_at_least.is_some(), &|rows| {
                test.rows_at_least.is_none_or(|least| rows.rows.len() >= least)
            }),
            of_rows(test.rows_at_most.is_some(), &|rows| test.rows_at_most.is_none_or(|most| rows.rows.len() <= most)),
            of_rows(test.kept.is_some(), &|rows| rows.kept == test.kept),
            of_rows(test.row_holds.is_some(), &|rows| row_holds(rows, test.row_holds.as_deref().unwrap_or_default())),
        ]
        .into_iter())
    }
}

impl Scene<'_> {
    /// Whether a page shows what was entered in these fields, as the row tells it.
    fn shows_values(&self, answer: &HttpAnswer, test: &EvidenceTest) -> Truth {
        let Some(Observation::Rows(rows)) = self.survey.evidence.get(evidence_id::ROWS).map(|one| &one.observation)
        else {
            return Unknown;
        };
        all(test.shows_values.iter().flatten().map(|field| match rows.submitted.get(field) {
            Some(value) => holds_word(&answer.visible, value).into(),
            None => Unknown,
        }))
    }
}

/// Whether a text holds a value that is not a part of a longer word or number.
fn holds_word(text: &str, value: &str) -> bool {
    let (text, value) = (text.to_lowercase(), value.to_lowercase());
    let outside = |char: Option<char>| char.is_none_or(|char| !char.is_alphanumeric());
    !value.is_empty()
        && text.match_indices(&value).any(|(at, found)| {
            outside(text[..at].chars().next_back()) && outside(text[at + found.len()..].chars().next())
        })
}

fn status(known: &BTreeMap<String, Status>, test: &StatusTest) -> Truth {
    match (known.get(&test.id), test.is.as_str()) {
        (Some(Status::Pass), "pass") | (Some(Status::Fail), "fail") | (Some(Status::Unknown), "unknown") => True,
        (Some(Status::Unknown) | None, _) => Unknown,
        _ => False,
    }
}

fn is_kind(observation: &Observation, kind: &str) -> bool {
    // Who asks a port that nothing publishes is refused.
    kind == observation.kind() || kind == "refused" && matches!(observation, Observation::NotPublished { .. })
}

/// `200`, `2xx`, `502|504`
fn has_status(answer: &HttpAnswer, wanted: &str) -> bool {
    let digits = answer.status.to_string();
    wanted.split('|').map(str::trim).any(|wanted| {
        wanted.len() == digits.len()
            && wanted.chars().zip(digits.chars()).all(|(wanted, digit)| matches!(wanted, 'x' | 'X') || wanted == digit)
    })
}

/// Whether one of the rows holds what was submitted in these columns; where there is no such column, anywhere.
fn row_holds(rows: &Rows, columns: &[String]) -> bool {
    rows.rows.iter().any(|row| {
        columns.iter().all(|column| {
            let Some(sent) = rows.submitted.get(column) else { return false };
            let holds = |cell: Option<&Option<String>>| {
                cell.and_then(Option::as_ref).is_some_and(|held| held.trim() == sent.trim())
            };
            match rows.columns.iter().position(|name| name.eq_ignore_ascii_case(column)) {
                Some(at) => holds(row.get(at)),
                // A table may call its columns as it likes.
                None => row.iter().any(|cell| holds(Some(cell))),
            }
        })
    })
}

/// The output of a command, the body of a page, or the observation in words.
fn text_of(evidence: &Evidence) -> String {
    match &evidence.observation {
        Observation::Exit { output, .. } => output.clone(),
        Observation::NotRunning { last_line: Some(line), .. } => line.clone(),
        Observation::Connected { what } => what.clone(),
        other => words::observed(other),
    }
}

fn pattern(pattern: &Option<String>, text: &str) -> Truth {
    pattern.as_ref().map_or(True, |pattern| matches(pattern, text))
}

/// A pattern that is no regular expression matches nothing and misses nothing.
fn matches(pattern: &str, text: &str) -> Truth {
    match RegexBuilder::new(pattern).multi_line(true).build() {
        Ok(regex) => regex.is_match(text).into(),
        Err(_) => Unknown,
    }
}
