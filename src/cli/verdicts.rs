//! Verdicts on submissions, as people read them; for programs: `formats`.

use super::{
    explain,
    formats::Record,
    terminal::{Paint, clean, symbol},
};
use crate::{
    conductor::SubmissionReport,
    course::Course,
    diagnosis::{Report, Status, Verdict},
    sanitize,
};

/// One submission for people; with each question explained where a course is given that it is explained by.
pub fn human(submission: &SubmissionReport, explained: Option<&Course>, paint: Paint) -> String {
    let report = &submission.report;
    let mut text = format!(
        "{}  {}  {}\n",
        paint.strong(&clean(&submission.dir.display().to_string())),
        verdict_word(report.verdict(), paint),
        paint.faint(&format!("({:.1} s)", submission.seconds))
    );
    if let Some(reason) = report.reason() {
        text.push_str(&format!("  {}\n", super::terminal::clean_lines(reason).replace('\n', "\n  ")));
    }
    // The reason of a verdict other than *works* names them already.
    for note in submission.notes.iter().filter(|_| report.reason().is_none()) {
        text.push_str(&format!("  {}\n", paint.attention(&clean(note))));
    }
    match explained {
        Some(course) => text.push_str(&explain::explain(course, submission, paint)),
        None => text.push_str(&format!("{}{}", hops(report, paint), failed_checks(report, paint))),
    }
    if let Some(place) = submission.place.as_ref().filter(|place| place.line > 0) {
        text.push_str(&format!("  look at {}:{}\n", clean(&place.file.display().to_string()), place.line));
    }
    for turn in &report.wrong_turns {
        let mark = if turn.remark { "remark" } else { "wrong turn" };
        text.push_str(&format!("  {} {}\n", paint.attention(&format!("{mark}:")), clean(&turn.title)));
        text.push_str(&format!("    {}\n", clean(&turn.question)));
    }
    text.push_str(&odd(report, paint));
    sanitize::without_commands(&text)
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
        text.push_str(&format!("{line}  {}\n", paint.faint(&format!("see: {}", clean(&odd.command)))));
        if !odd.expected.is_empty() {
            text.push_str(&format!("      {}\n", paint.faint(&format!("should be: {}", clean(&odd.expected)))));
        }
    }
    text
}

/// A verdict of an earlier run, in two lines.
pub fn before(record: &Record, paint: Paint) -> String {
    let verdict = verdict_word(record.verdict, paint);
    let mut text = format!("{}  {verdict}  {}\n", paint.strong(&clean(&record.dir)), paint.faint("(graded before)"));
    if record.verdict != Verdict::Works {
        text.push_str(&format!("  {}\n", clean(&record.why())));
    }
    text
}

/// A class at a glance: a line for each directory, and the tally.
pub fn table(records: &[Record], paint: Paint) -> String {
    let dirs: Vec<String> = records.iter().map(|one| clean(&one.dir)).collect();
    let wide = dirs.iter().map(|dir| dir.chars().count()).max().unwrap_or(0).max("directory".len());
    let head =
        format!("{:<wide$}  {:<14}  {:<16}  {:<16}  {:>7}", "directory", "verdict", "broken at", "lesson", "seconds");
    let mut text = format!("\n{}\n", paint.strong(&head));
    for (record, dir) in records.iter().zip(&dirs) {
        let (verdict, word) = (verdict_word(record.verdict, paint), verdict_word(record.verdict, Paint::none()));
        text.push_str(&format!(
            "{dir:<wide$}  {verdict}{:gap$}  {:<16}  {:<16}  {:>7.1}\n",
            "",
            record.first_broken_hop.as_deref().unwrap_or("-"),
            record.first_failed_lesson.as_deref().unwrap_or("-"),
            record.seconds,
            gap = 14_usize.saturating_sub(word.chars().count()),
        ));
    }
    let count = |verdict| records.iter().filter(|record| record.verdict == verdict).count();
    text.push_str(&format!(
        "{} checked: {} work, {} broken, {} could not tell\n",
        records.len(),
        count(Verdict::Works),
        count(Verdict::Broken),
        count(Verdict::Unknown)
    ));
    sanitize::without_commands(&text)
}

/// The hops, one a line, with the command that shows the same; what it prints is not told here, so nothing stands for it.
pub fn hops(report: &Report, paint: Paint) -> String {
    let mut text = String::new();
    for hop in &report.hops {
        let line = format!("  {} {:<15} {}", symbol(hop.status, paint), hop.id, clean(&hop.observed));
        if hop.command.is_empty() {
            text.push_str(&format!("{line}\n"));
        } else {
            text.push_str(&format!("{line:<52}  {}\n", paint.faint(&format!("see: {}", clean(&hop.command)))));
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

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use crate::diagnosis::{CheckVerdict, HopVerdict, Judgement};

    fn broken() -> SubmissionReport {
        let observed = "said <no> & \"\x1b[31m\"".to_owned();
        SubmissionReport {
            dir: PathBuf::from("a,b"),
            seconds: 3.0617,
            kept: None,
            left_behind: None,
            late: false,
            notes: vec![],
            place: None,
            survey: None,
            phases: vec![],
            report: Report {
                judgement: Judgement::broken("nothing answers"),
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
        submission.report = Report { judgement: Judgement::unknown("no engine\nat all"), ..Report::default() };
        submission
    }

    #[test]
    fn nothing_of_a_submission_reaches_the_terminal_unescaped() {
        for text in [human(&broken(), None, Paint::none()), table(&[Record::from(&broken())], Paint::none())] {
            assert!(!text.contains('\x1b'), "{text:?}");
        }
    }

    #[test]
    fn a_class_is_a_table() {
        assert_eq!(
            table(&[Record::from(&broken()), Record::from(&unknown())], Paint::none()),
            "\ndirectory  verdict         broken at         lesson            seconds\n\
             a,b        broken          browser-nginx     host-port             3.1\n\
             a,b        could not tell  -                 -                     3.1\n\
             2 checked: 0 work, 1 broken, 1 could not tell\n"
        );
    }
}
