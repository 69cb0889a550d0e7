//! Verdicts on submissions, as people and as other programs read them.

use std::path::{Component, PathBuf};

use serde::Serialize;

use super::terminal::{Paint, clean, json_text};
use crate::{
    compose::Place,
    conductor::SubmissionReport,
    diagnosis::{Report, Status, Verdict},
};

/// One JSON object with all submissions: the contract of `check --format json`.
pub fn json(submissions: &[SubmissionReport]) -> String {
    json_text(&JsonReport { format: 1, submissions: submissions.iter().map(JsonSubmission::from).collect() })
}

#[derive(Serialize)]
struct JsonReport<'a> {
    format: u32,
    submissions: Vec<JsonSubmission<'a>>,
}

#[derive(Serialize)]
struct JsonSubmission<'a> {
    dir: String,
    verdict: Verdict,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    notes: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    place: Option<JsonPlace>,
    seconds: f64,
    first_broken_hop: Option<&'a str>,
    first_failed_lesson: Option<&'a str>,
    hops: Vec<JsonHop<'a>>,
    checks: Vec<JsonCheck<'a>>,
    wrong_turns: &'a [crate::diagnosis::NamedWrongTurn],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    odd: &'a [crate::diagnosis::Odd],
}

#[derive(Serialize)]
struct JsonPlace {
    file: String,
    line: usize,
}

#[derive(Serialize)]
struct JsonHop<'a> {
    id: &'a str,
    status: Status,
    command: &'a str,
    observed: &'a str,
}

#[derive(Serialize)]
struct JsonCheck<'a> {
    id: &'a str,
    lesson: &'a str,
    status: Status,
    command: &'a str,
    observed: &'a str,
}

impl<'a> From<&'a SubmissionReport> for JsonSubmission<'a> {
    fn from(submission: &'a SubmissionReport) -> Self {
        let report = &submission.report;
        Self {
            dir: submission.dir.display().to_string(),
            verdict: report.verdict,
            reason: report.reason.as_deref(),
            notes: &submission.notes,
            place: submission
                .place
                .as_ref()
                .map(|place| JsonPlace { file: place.file.display().to_string(), line: place.line }),
            seconds: (submission.seconds * 100.0).round() / 100.0,
            first_broken_hop: report.first_broken_hop.as_deref(),
            first_failed_lesson: report.first_failed_lesson.as_deref(),
            hops: report
                .hops
                .iter()
                .map(|hop| JsonHop { id: &hop.id, status: hop.status, command: &hop.command, observed: &hop.observed })
                .collect(),
            checks: report
                .checks
                .iter()
                .map(|check| JsonCheck {
                    id: &check.id,
                    lesson: &check.lesson,
                    status: check.status,
                    command: &check.command,
                    observed: &check.observed,
                })
                .collect(),
            wrong_turns: &report.wrong_turns,
            odd: &report.odd,
        }
    }
}

/// One submission for people.
pub fn human(submission: &SubmissionReport, paint: Paint) -> String {
    let report = &submission.report;
    let mut text = format!(
        "{}  {}  {}\n",
        paint.strong(&clean(&submission.dir.display().to_string())),
        verdict_word(report.verdict, paint),
        paint.faint(&format!("({:.1} s)", submission.seconds))
    );
    if let Some(reason) = &report.reason {
        text.push_str(&format!("  {}\n", super::terminal::clean_lines(reason).replace('\n', "\n  ")));
    }
    // The reason of a verdict other than *works* names them already.
    for note in submission.notes.iter().filter(|_| report.reason.is_none()) {
        text.push_str(&format!("  {}\n", paint.attention(&clean(note))));
    }
    text.push_str(&hops(report, paint));
    text.push_str(&failed_checks(report, paint));
    if let Some(place) = submission.place.as_ref().filter(|place| place.line > 0) {
        text.push_str(&format!("  look at {}:{}\n", clean(&place.file.display().to_string()), place.line));
    }
    for turn in &report.wrong_turns {
        let mark = if turn.remark { "remark" } else { "wrong turn" };
        text.push_str(&format!("  {} {}\n", paint.attention(&format!("{mark}:")), clean(&turn.title)));
        text.push_str(&format!("    {}\n", clean(&turn.question)));
    }
    text.push_str(&odd(report, paint));
    text
}

/// What no wrong turn explains, with the command that shows it.
pub fn odd(report: &Report, paint: Paint) -> String {
    let mut text = String::new();
    if !report.odd.is_empty() {
        text.push_str(&format!(
            "  {}\n",
            paint.attention("no wrong turn of this course explains all of it. What is odd:")
        ));
    }
    for odd in &report.odd {
        let line = format!("    {}: {}", odd.about, clean(&odd.observed));
        text.push_str(&format!("{line}  {}\n", paint.faint(&format!("$ {}", clean(&odd.command)))));
        if !odd.expected.is_empty() {
            text.push_str(&format!("      {}\n", paint.faint(&format!("should be: {}", clean(&odd.expected)))));
        }
    }
    text
}

/// A class at a glance: a line for each submission, and the tally.
pub fn table(submissions: &[SubmissionReport], paint: Paint) -> String {
    let dirs: Vec<String> = submissions.iter().map(|one| clean(&one.dir.display().to_string())).collect();
    let wide = dirs.iter().map(|dir| dir.chars().count()).max().unwrap_or(0).max("directory".len());
    let head =
        format!("{:<wide$}  {:<14}  {:<16}  {:<16}  {:>7}", "directory", "verdict", "broken at", "lesson", "seconds");
    let mut text = format!("\n{}\n", paint.strong(&head));
    for (submission, dir) in submissions.iter().zip(&dirs) {
        let report = &submission.report;
        let (verdict, word) = (verdict_word(report.verdict, paint), verdict_word(report.verdict, Paint::none()));
        text.push_str(&format!(
            "{dir:<wide$}  {verdict}{:gap$}  {:<16}  {:<16}  {:>7.1}\n",
            "",
            report.first_broken_hop.as_deref().unwrap_or("-"),
            report.first_failed_lesson.as_deref().unwrap_or("-"),
            submission.seconds,
            gap = 14_usize.saturating_sub(word.chars().count()),
        ));
    }
    let count = |verdict| submissions.iter().filter(|submission| submission.report.verdict == verdict).count();
    text.push_str(&format!(
        "{} checked: {} work, {} broken, {} could not tell\n",
        submissions.len(),
        count(Verdict::Works),
        count(Verdict::Broken),
        count(Verdict::Unknown)
    ));
    text
}

/// The hops, one a line, with the command that asks the same.
pub fn hops(report: &Report, paint: Paint) -> String {
    let mut text = String::new();
    for hop in &report.hops {
        let line = format!("  {} {:<15} {}", symbol(hop.status, paint), hop.id, clean(&hop.observed));
        if hop.command.is_empty() {
            text.push_str(&format!("{line}\n"));
        } else {
            text.push_str(&format!("{line:<52}  {}\n", paint.faint(&format!("$ {}", clean(&hop.command)))));
        }
    }
    text
}

/// The checks that fail, one a line.
pub fn failed_checks(report: &Report, paint: Paint) -> String {
    let mut text = String::new();
    for check in report.checks.iter().filter(|check| check.status == Status::Fail) {
        let label = if check.label.is_empty() { &check.id } else { &check.label };
        text.push_str(&format!(
            "  {} {}: {}  {}\n",
            symbol(check.status, paint),
            check.lesson,
            clean(label),
            paint.faint(&clean(&check.observed))
        ));
    }
    text
}

/// The verdict as a word in its colour.
pub fn verdict_word(verdict: Verdict, paint: Paint) -> String {
    match verdict {
        Verdict::Works => paint.good("works"),
        Verdict::Broken => paint.bad("broken"),
        Verdict::Unknown => paint.attention("could not tell"),
    }
}

/// ✓, ✗ or ? in its colour.
pub fn symbol(status: Status, paint: Paint) -> String {
    match status {
        Status::Pass => paint.good("✓"),
        Status::Fail => paint.bad("✗"),
        Status::Unknown => paint.attention("?"),
    }
}

/// Every check of every submission as one line of the Test Anything Protocol, version 14.
pub fn tap(submissions: &[SubmissionReport]) -> String {
    let mut lines = Vec::new();
    for submission in submissions {
        let dir = tap_text(&submission.dir.display().to_string());
        let report = &submission.report;
        if report.checks.is_empty() {
            lines.push((report.verdict == Verdict::Works, format!("{dir}: works"), why(report)));
        }
        for check in &report.checks {
            let name = format!("{dir}: {} {}", tap_text(&check.lesson), tap_text(&check.id));
            lines.push((
                check.status == Status::Pass,
                name,
                (check.status != Status::Pass).then(|| clean(&check.observed)),
            ));
        }
    }
    let mut text = format!("TAP version 14\n1..{}\n", lines.len());
    for (index, (ok, name, why)) in lines.into_iter().enumerate() {
        text.push_str(&format!("{}ok {} - {name}\n", if ok { "" } else { "not " }, index + 1));
        if let Some(why) = why {
            text.push_str(&format!("  ---\n  message: {}\n  ...\n", serde_json::Value::from(why)));
        }
    }
    text
}

fn tap_text(text: &str) -> String {
    clean(text).replace('\\', "\\\\").replace('#', "\\#")
}

fn why(report: &Report) -> Option<String> {
    (report.verdict != Verdict::Works).then(|| clean(report.reason.as_deref().unwrap_or("see the hops")))
}

/// JUnit's XML: a suite per submission, a case per check.
pub fn junit(submissions: &[SubmissionReport]) -> String {
    let mut text = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n");
    for submission in submissions {
        let report = &submission.report;
        let dir = xml(&submission.dir.display().to_string());
        let count = |status| report.checks.iter().filter(|check| check.status == status).count();
        let failures = count(Status::Fail);
        // What no check tells, the verdict tells: a suite of skipped checks alone would count as a success.
        let verdict = match report.verdict {
            Verdict::Works if report.checks.is_empty() => Some(String::new()),
            Verdict::Works => None,
            Verdict::Broken if failures > 0 => None,
            Verdict::Broken => Some(format!("<failure message=\"{}\"/>", xml(&broken_in_words(report)))),
            Verdict::Unknown => {
                let reason = report.reason.as_deref().unwrap_or("no reason was given");
                Some(format!("<error message=\"{}\"/>", xml(reason)))
            }
        };
        text.push_str(&format!(
            "  <testsuite name=\"{dir}\" tests=\"{}\" failures=\"{}\" errors=\"{}\" skipped=\"{}\" time=\"{:.2}\">\n",
            report.checks.len() + usize::from(verdict.is_some()),
            failures + usize::from(report.verdict == Verdict::Broken && verdict.is_some()),
            usize::from(report.verdict == Verdict::Unknown),
            count(Status::Unknown),
            submission.seconds
        ));
        if let Some(inside) = verdict {
            text.push_str(&format!("    <testcase classname=\"{dir}\" name=\"works\">{inside}</testcase>\n"));
        }
        for check in &report.checks {
            let inside = match check.status {
                Status::Pass => String::new(),
                Status::Fail => {
                    format!("<failure message=\"{}\">{}</failure>", xml(&check.observed), xml(&check.command))
                }
                Status::Unknown => format!("<skipped message=\"{}\"/>", xml(&check.observed)),
            };
            text.push_str(&format!(
                "    <testcase classname=\"{dir}.{}\" name=\"{}\">{inside}</testcase>\n",
                xml(&check.lesson),
                xml(&check.id)
            ));
        }
        text.push_str("  </testsuite>\n");
    }
    text.push_str("</testsuites>\n");
    text
}

/// Text for XML, cleaned.
pub fn xml(text: &str) -> String {
    // Control characters cannot stand in XML 1.0, not even escaped, so they are written out first.
    clean(text).replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// GitHub's workflow commands: an annotation for each submission, at the line that is to be looked at where one is known, and
/// one for each wrong turn that is recognised.
pub fn github(submissions: &[SubmissionReport]) -> String {
    let mut text = String::new();
    for submission in submissions {
        let report = &submission.report;
        let dir = submission.dir.display().to_string();
        let mut say = |command: &str, title: &str, place: Option<&Place>, message: &str| {
            let mut properties: Vec<String> = Vec::new();
            if let Some(place) = place {
                // A path from where the command runs, without `./`: so GitHub finds it in the repository.
                let file = submission
                    .dir
                    .join(&place.file)
                    .components()
                    .filter(|part| *part != Component::CurDir)
                    .collect::<PathBuf>();
                properties.push(format!("file={}", workflow_property(&file.display().to_string())));
                if place.line > 0 {
                    properties.push(format!("line={}", place.line));
                }
            }
            properties.push(format!("title={}", workflow_property(title)));
            text.push_str(&format!("::{command} {}::{}\n", properties.join(","), workflow_data(message)));
        };
        let notes = submission.notes.iter().map(|note| format!("\n{note}")).collect::<String>();
        let place = submission.place.as_ref();
        match report.verdict {
            Verdict::Works => say("notice", &dir, None, &format!("works{notes}")),
            Verdict::Broken => say("error", &dir, place, &broken_in_words(report)),
            Verdict::Unknown => {
                let reason = report.reason.as_deref().unwrap_or("no reason was given");
                say("warning", &dir, place, &format!("could not tell: {reason}"));
            }
        }
        for turn in &report.wrong_turns {
            let kind = if turn.remark { "notice" } else { "warning" };
            say(kind, &format!("{dir}: {}", turn.title), place, &turn.question);
        }
    }
    text
}

fn broken_in_words(report: &Report) -> String {
    let hop = report.hops.iter().find(|hop| Some(&hop.id) == report.first_broken_hop.as_ref());
    let check = report.checks.iter().find(|check| check.status == Status::Fail);
    match (&report.reason, hop, check) {
        (Some(reason), _, _) => format!("broken: {reason}"),
        (None, Some(hop), _) => format!("broken at {}: {}", hop.id, hop.observed),
        (None, None, Some(check)) => format!("broken: {} {}: {}", check.lesson, check.id, check.observed),
        (None, None, None) => "broken".to_owned(),
    }
}

fn workflow_data(text: &str) -> String {
    let text = super::terminal::clean_lines(text);
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn workflow_property(text: &str) -> String {
    workflow_data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::{CheckVerdict, HopVerdict};

    fn broken() -> SubmissionReport {
        let observed = "said <no> & \"\x1b[31m\"".to_owned();
        SubmissionReport {
            dir: PathBuf::from("a,b"),
            seconds: 3.0617,
            kept: None,
            left_behind: None,
            notes: vec![],
            place: None,
            phases: vec![],
            report: Report {
                verdict: Verdict::Broken,
                first_broken_hop: Some("browser-nginx".into()),
                first_failed_lesson: Some("host-port".into()),
                hops: vec![HopVerdict {
                    id: "browser-nginx".into(),
                    status: Status::Fail,
                    command: "curl -i http://localhost:8080/".into(),
                    observed: "connection refused".into(),
                }],
                checks: vec![CheckVerdict {
                    id: "site-answers".into(),
                    lesson: "host-port".into(),
                    status: Status::Fail,
                    command: "curl".into(),
                    observed,
                    label: "somebody answers".into(),
                    words: "long words".into(),
                }],
                ..Report::default()
            },
        }
    }

    fn unknown() -> SubmissionReport {
        let mut submission = broken();
        submission.report =
            Report { verdict: Verdict::Unknown, reason: Some("no engine\nat all".into()), ..Report::default() };
        submission
    }

    #[test]
    fn json_holds_exactly_the_contract() {
        let value: serde_json::Value = serde_json::from_str(&json(&[broken(), unknown()])).unwrap();
        assert_eq!(value["format"], 1);
        let keys = |value: &serde_json::Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
        let first = &value["submissions"][0];
        assert_eq!(
            keys(first),
            ["checks", "dir", "first_broken_hop", "first_failed_lesson", "hops", "seconds", "verdict", "wrong_turns"]
        );
        assert_eq!(keys(&first["hops"][0]), ["command", "id", "observed", "status"]);
        assert_eq!(keys(&first["checks"][0]), ["command", "id", "lesson", "observed", "status"]);
        assert_eq!(first["seconds"], 3.06);
        assert_eq!(value["submissions"][1]["verdict"], "unknown");
        assert_eq!(value["submissions"][1]["reason"], "no engine\nat all");
    }

    #[test]
    fn nothing_of_a_submission_reaches_the_terminal_unescaped() {
        for text in [human(&broken(), Paint::none()), tap(&[broken()]), junit(&[broken()]), github(&[broken()])] {
            assert!(!text.contains('\x1b'), "{text:?}");
        }
    }

    #[test]
    fn junit_escapes_and_counts() {
        let text = junit(&[broken(), unknown()]);
        assert!(text.contains("message=\"said &lt;no&gt; &amp; &quot;\\u{1b}[31m&quot;\""), "{text}");
        assert!(text.contains("tests=\"1\" failures=\"1\" errors=\"0\" skipped=\"0\""), "{text}");
        assert!(text.contains("failures=\"0\" errors=\"1\""), "{text}");
        let mut unusable = broken();
        unusable.report.checks[0].status = Status::Unknown;
        let text = junit(&[unusable]);
        assert!(
            text.contains("tests=\"2\" failures=\"1\" errors=\"0\" skipped=\"1\""),
            "skipped alone is no failure: {text}"
        );
    }

    #[test]
    fn a_class_is_a_table() {
        assert_eq!(
            table(&[broken(), unknown()], Paint::none()),
            "\ndirectory  verdict         broken at         lesson            seconds\n\
             a,b        broken          browser-nginx     host-port             3.1\n\
             a,b        could not tell  -                 -                     3.1\n\
             2 checked: 0 work, 1 broken, 1 could not tell\n"
        );
    }

    #[test]
    fn annotations_stand_at_the_line_and_name_wrong_turns() {
        let mut submission = broken();
        submission.dir = "./class/ana".into();
        submission.place = Some(Place { file: "docker-compose.yml".into(), line: 24, column: 9 });
        submission.report.wrong_turns.push(crate::diagnosis::NamedWrongTurn {
            id: "expose".into(),
            lesson: "host-port".into(),
            title: "EXPOSE, edited".into(),
            question: "What does it do?".into(),
            remark: false,
        });
        assert_eq!(
            github(&[submission]),
            "::error file=class/ana/docker-compose.yml,line=24,title=./class/ana::broken at browser-nginx: connection refused\n\
             ::warning file=class/ana/docker-compose.yml,line=24,title=./class/ana%3A EXPOSE%2C edited::What does it do?\n"
        );
    }

    #[test]
    fn tap_and_github_name_the_submission() {
        assert!(tap(&[broken()]).starts_with("TAP version 14\n1..1\nnot ok 1 - a,b: host-port site-answers\n"));
        assert_eq!(
            github(&[broken(), unknown()]),
            "::error title=a%2Cb::broken at browser-nginx: connection refused\n::warning title=a%2Cb::could not tell: no engine%0Aat all\n"
        );
    }
}
