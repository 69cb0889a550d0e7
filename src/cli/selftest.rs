//! `breakfix selftest`: proves a course on real containers, and prints what each case came to, in the course's order.

use std::{collections::BTreeMap, sync::Arc, time::Instant};

use futures_util::{StreamExt, stream};
use serde::Serialize;
use tokio_util::sync::CancellationToken;

use super::{
    Context,
    args::{SelftestArgs, SelftestFormat},
    check::{jobs, or_second_signal, sweep},
    terminal::{Paint, ProgressLine, clean, clean_lines, json_text, note, print, render_error, symbol, xml},
    verdicts,
};
use crate::{
    conductor::{self, Case, CaseReport, Kind, Outcome, Selftest, SelftestOptions},
    course::Course,
    diagnosis::Status,
    engine::Engine,
    error::{Error, Result},
};

/// Runs the command; gives the exit code.
///
/// # Errors
/// Usage: no such course, lesson or case. Environment: no engine, or standard output cannot be written.
pub async fn selftest(context: &Context, args: &SelftestArgs) -> Result<u8> {
    let begun = Instant::now();
    let (reports, cancelled) = reports(context, args).await?;
    match args.format {
        SelftestFormat::Human => print(&tally(&reports, begun.elapsed().as_secs_f64()))?,
        SelftestFormat::Json => print(&json(&reports))?,
        SelftestFormat::Junit => print(&junit(&reports))?,
    }
    Ok(if cancelled { Error::cancelled().exit_code() } else { exit_code(&reports) })
}

/// What the cases come to, each printed for people as it comes; and whether it was ended on request.
///
/// # Errors
/// As [`selftest`].
pub(super) async fn reports(context: &Context, args: &SelftestArgs) -> Result<(Vec<CaseReport>, bool)> {
    let course = Arc::clone(&context.course);
    let cases = chosen(&course, args)?;
    let engine = Engine::find(context.engine.as_deref()).await?;
    let jobs = jobs(&engine, args.jobs);
    let cancel = CancellationToken::new();
    let options = SelftestOptions {
        engine,
        course,
        images: context.images,
        timeout: args.timeout,
        fresh: args.fresh,
        cancel: cancel.clone(),
    };
    let (reports, closed) = or_second_signal(proved(context, args, &cases, options, jobs), &cancel).await?;
    if let Err(error) = closed {
        note(render_error(&error, Paint::stderr(context.color)).trim_end());
    }
    Ok((reports, cancel.is_cancelled()))
}

/// The cases that were asked for.
fn chosen(course: &Course, args: &SelftestArgs) -> Result<Vec<Case>> {
    let mut cases = conductor::cases(course, args.lesson.as_deref())?;
    if let Some(unknown) = args.cases.iter().find(|id| cases.iter().all(|case| case.id != **id)) {
        let known: Vec<&str> = cases.iter().map(|case| case.id.as_str()).collect();
        return Err(
            Error::usage(format!("there is no case {unknown}")).suggest(format!("one of: {}", known.join(", ")))
        );
    }
    if !args.cases.is_empty() {
        cases.retain(|case| args.cases.contains(&case.id));
    }
    if cases.is_empty() {
        return Err(Error::usage("there is nothing to prove in this lesson: it has no bug and no wrong turns"));
    }
    Ok(cases)
}

/// Proves the cases, prints them for people as they come, and removes everything.
async fn proved(
    context: &Context,
    args: &SelftestArgs,
    cases: &[Case],
    options: SelftestOptions,
    jobs: usize,
) -> Result<(Vec<CaseReport>, Result<()>)> {
    let out = Paint::stdout(context.color);
    let line = ProgressLine::start(context.verbose > 0);
    sweep(&options.engine, line.progress()).await;
    let cancel = options.cancel.clone();
    let selftest = Selftest::new(options);
    let mut reports = Vec::new();
    let mut printed = Ok(());
    {
        let each = |(index, case)| {
            let (selftest, progress) = (&selftest, line.progress());
            async move { (index, selftest.prove(case, progress).await) }
        };
        // Each waits for a part of its time, one of them a whole minute: one more than there are processors keeps these busy.
        let at_once = if jobs > 1 { jobs + 1 } else { 1 };
        let mut results = stream::iter(cases.iter().enumerate()).map(each).buffer_unordered(at_once);
        let mut early: BTreeMap<usize, CaseReport> = BTreeMap::new();
        while let Some((index, report)) = results.next().await {
            let Some(report) = report else { continue };
            early.insert(index, report);
            while let Some(report) = early.remove(&reports.len()) {
                if args.format != SelftestFormat::Human && report.outcome != Outcome::Ok {
                    // The file tells what came of it; why stands in the log beside it.
                    note(human(&report, Paint::stderr(context.color)).trim_end());
                }
                if args.format == SelftestFormat::Human && printed.is_ok() {
                    line.clear();
                    printed = print(&human(&report, out));
                    if printed.is_err() {
                        // Nobody reads it: no use in going on.
                        cancel.cancel();
                    }
                }
                reports.push(report);
            }
        }
    }
    let closed = selftest.close(line.progress()).await;
    line.finish().await;
    printed.map(|()| (reports, closed))
}

/// 1 when a case is not as it should be, else 3 when one could not be told, else 0.
pub(super) fn exit_code(reports: &[CaseReport]) -> u8 {
    let any = |wanted: &[Outcome]| reports.iter().any(|report| wanted.contains(&report.outcome));
    if any(&[Outcome::Wrong, Outcome::Misnamed]) {
        1
    } else if any(&[Outcome::Unknown]) {
        3
    } else {
        0
    }
}

pub(super) fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::Bug => "bug",
        Kind::Variant => "variant",
        Kind::WrongTurn => "wrong turn",
    }
}

/// One case for people: a line, and where it is not as it should be, what was seen.
fn human(report: &CaseReport, paint: Paint) -> String {
    let status = match report.outcome {
        Outcome::Ok => Status::Pass,
        Outcome::Wrong | Outcome::Misnamed => Status::Fail,
        Outcome::Unknown => Status::Unknown,
    };
    let mut text = format!(
        "{} {:<14} {:<10} {:<27} {}{}\n",
        symbol(status, paint),
        clean(&report.lesson),
        kind(report.kind),
        clean(&report.id),
        paint.faint(&format!("{:.1} s", report.seconds)),
        if report.retried { paint.attention("  at the second try") } else { String::new() }
    );
    if report.outcome == Outcome::Ok {
        return text;
    }
    text.push_str(&format!("  expected  {}\n  got       {}\n", clean(&report.expected), clean(&report.got)));
    if let Some(reason) = report.report.reason() {
        text.push_str(&format!("  because   {}\n", clean_lines(reason).replace('\n', "\n            ")));
    }
    text.push_str(&verdicts::hops(&report.report, paint));
    text.push_str(&verdicts::failed_checks(&report.report, paint));
    for turn in &report.report.wrong_turns {
        let mark = if turn.remark { "remark" } else { "wrong turn" };
        text.push_str(&format!("  {} {}: {}\n", paint.attention(mark), clean(&turn.id), clean(&turn.title)));
    }
    text
}

/// The last line for people.
fn tally(reports: &[CaseReport], seconds: f64) -> String {
    let of = |wanted: Kind| {
        let all = reports.iter().filter(|report| report.kind == wanted);
        let ok = all.clone().filter(|report| report.outcome == Outcome::Ok).count();
        format!("{ok} of {}", all.count())
    };
    let outcome = |wanted: Outcome| reports.iter().filter(|report| report.outcome == wanted).count();
    let retried = reports.iter().filter(|report| report.retried).count();
    format!(
        "bugs {}, variants {}, wrong turns {}; misnamed {}, unknown {}, tried twice {retried}; {seconds:.0} s\n",
        of(Kind::Bug),
        of(Kind::Variant),
        of(Kind::WrongTurn),
        outcome(Outcome::Misnamed),
        outcome(Outcome::Unknown)
    )
}

/// The contract of `selftest --format json`.
fn json(reports: &[CaseReport]) -> String {
    json_text(&JsonReport { format: 1, cases: reports.iter().map(JsonCase::from).collect() })
}

#[derive(Serialize)]
struct JsonReport<'a> {
    format: u32,
    cases: Vec<JsonCase<'a>>,
}

#[derive(Serialize)]
struct JsonCase<'a> {
    lesson: &'a str,
    kind: Kind,
    id: &'a str,
    expected: &'a str,
    got: &'a str,
    ok: bool,
    seconds: f64,
}

impl<'a> From<&'a CaseReport> for JsonCase<'a> {
    fn from(report: &'a CaseReport) -> Self {
        Self {
            lesson: &report.lesson,
            kind: report.kind,
            id: &report.id,
            expected: &report.expected,
            got: &report.got,
            ok: report.outcome == Outcome::Ok,
            seconds: (report.seconds * 100.0).round() / 100.0,
        }
    }
}

/// JUnit's XML: a suite per lesson.
fn junit(reports: &[CaseReport]) -> String {
    let mut text = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n");
    for suite in reports.chunk_by(|one, next| one.lesson == next.lesson) {
        let count = |wanted: &[Outcome]| suite.iter().filter(|report| wanted.contains(&report.outcome)).count();
        text.push_str(&format!(
            "  <testsuite name=\"{}\" tests=\"{}\" failures=\"{}\" errors=\"{}\" skipped=\"0\" time=\"{:.2}\">\n",
            xml(&suite[0].lesson),
            suite.len(),
            count(&[Outcome::Wrong, Outcome::Misnamed]),
            count(&[Outcome::Unknown]),
            suite.iter().map(|report| report.seconds).sum::<f64>()
        ));
        for report in suite {
            let message = format!("expected {}, got {}", xml(&report.expected), xml(&report.got));
            let inside = match report.outcome {
                Outcome::Ok => String::new(),
                Outcome::Wrong | Outcome::Misnamed => format!("<failure message=\"{message}\"/>"),
                Outcome::Unknown => format!("<error message=\"{message}\"/>"),
            };
            text.push_str(&format!(
                "    <testcase classname=\"{}.{}\" name=\"{}\" time=\"{:.2}\">{inside}</testcase>\n",
                xml(&report.lesson),
                kind(report.kind).replace(' ', "_"),
                xml(&report.id),
                report.seconds
            ));
        }
        text.push_str("  </testsuite>\n");
    }
    text.push_str("</testsuites>\n");
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::{Judgement, Report};

    fn report(kind: Kind, id: &str, outcome: Outcome) -> CaseReport {
        CaseReport {
            lesson: "app-port".into(),
            kind,
            id: id.into(),
            expected: format!("broken, named: {id}"),
            got: if outcome == Outcome::Ok { format!("broken, named: {id}") } else { "works <\x1b[31m>".into() },
            outcome,
            seconds: 2.3456,
            retried: outcome == Outcome::Unknown,
            report: Report { judgement: Judgement::unknown("no engine\nat \x1b[2Jall"), ..Report::default() },
        }
    }

    fn all() -> [CaseReport; 4] {
        [
            report(Kind::Bug, "bug", Outcome::Ok),
            report(Kind::Variant, "fix", Outcome::Wrong),
            report(Kind::WrongTurn, "a", Outcome::Misnamed),
            report(Kind::WrongTurn, "b", Outcome::Unknown),
        ]
    }

    #[test]
    fn json_holds_exactly_the_contract() {
        let value: serde_json::Value = serde_json::from_str(&json(&all())).unwrap();
        assert_eq!(value["format"], 1);
        let first = value["cases"][0].as_object().unwrap();
        assert_eq!(
            first.keys().collect::<Vec<_>>(),
            ["expected", "got", "id", "kind", "lesson", "ok", "seconds"],
            "nothing else"
        );
        assert_eq!(first["seconds"], 2.35);
        let kinds: Vec<_> = value["cases"].as_array().unwrap().iter().map(|case| case["kind"].clone()).collect();
        assert_eq!(kinds, ["bug", "variant", "wrong_turn", "wrong_turn"]);
        let ok: Vec<_> = value["cases"].as_array().unwrap().iter().map(|case| case["ok"].clone()).collect();
        assert_eq!(ok, [true, false, false, false]);
    }

    #[test]
    fn a_wrong_case_decides_then_one_that_could_not_be_told() {
        let [ok, wrong, misnamed, unknown] = all();
        assert_eq!(exit_code(&[ok.clone(), wrong, unknown.clone()]), 1);
        assert_eq!(exit_code(&[misnamed, unknown.clone()]), 1);
        assert_eq!(exit_code(&[ok.clone(), unknown]), 3);
        assert_eq!(exit_code(&[ok]), 0);
    }

    #[test]
    fn the_tally_counts_everything() {
        assert_eq!(
            tally(&all(), 71.4),
            "bugs 1 of 1, variants 0 of 1, wrong turns 0 of 2; misnamed 1, unknown 1, tried twice 1; 71 s\n"
        );
    }

    #[test]
    fn what_failed_says_why_and_cannot_drive_the_terminal() {
        let [ok, wrong, ..] = all();
        assert_eq!(human(&ok, Paint::none()).lines().count(), 1);
        let text = human(&wrong, Paint::none());
        assert!(text.contains("expected  broken, named: fix") && text.contains("because   no engine"), "{text}");
        let junit = junit(&all());
        assert!(junit.contains("tests=\"4\" failures=\"2\" errors=\"1\""), "{junit}");
        assert!(!text.contains('\x1b') && !junit.contains('\x1b'));
    }
}
