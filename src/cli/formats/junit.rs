//! JUnit's XML, as CI servers read it: a suite for each directory, a case for each check.

use super::Record;
use crate::{
    cli::terminal::xml,
    diagnosis::{Status, Verdict},
};

/// The document. A check that was not asked is skipped; what no check tells, a case `works` tells, since a suite of skipped checks
/// alone would count as a success.
pub fn render(records: &[Record]) -> String {
    let mut text = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n");
    for record in records {
        let dir = xml(&record.dir);
        let count = |status| record.checks.iter().filter(|check| check.status == status).count();
        let failures = count(Status::Fail);
        let verdict = match record.verdict {
            Verdict::Works if record.checks.is_empty() => Some(String::new()),
            Verdict::Works => None,
            Verdict::Broken if failures > 0 => None,
            Verdict::Broken => Some(format!("<failure message=\"{}\"/>", xml(&record.why()))),
            Verdict::Unknown => Some(format!("<error message=\"{}\"/>", xml(&record.why()))),
        };
        text.push_str(&format!(
            "  <testsuite name=\"{dir}\" tests=\"{}\" failures=\"{}\" errors=\"{}\" skipped=\"{}\" time=\"{:.2}\">\n",
            record.checks.len() + usize::from(verdict.is_some()),
            failures + usize::from(record.verdict == Verdict::Broken && verdict.is_some()),
            usize::from(record.verdict == Verdict::Unknown),
            count(Status::Unknown),
            record.seconds
        ));
        if let Some(inside) = verdict {
            text.push_str(&format!("    <testcase classname=\"{dir}\" name=\"works\">{inside}</testcase>\n"));
        }
        for check in &record.checks {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::formats::record::tests::*;

    #[test]
    fn junit_escapes_and_counts() {
        let text = render(&[broken(), unknown()]);
        assert!(text.contains("]]&gt; &lt;no&gt; &amp; &quot;\\u{1b}[31m&quot;"), "{text}");
        assert!(text.contains("tests=\"2\" failures=\"1\" errors=\"0\" skipped=\"1\""), "{text}");
        assert!(text.contains("tests=\"1\" failures=\"0\" errors=\"1\" skipped=\"0\""), "{text}");
        let mut unusable = broken();
        unusable.checks.iter_mut().for_each(|check| check.status = Status::Unknown);
        let text = render(&[unusable]);
        assert!(text.contains("tests=\"3\" failures=\"1\""), "skipped alone is no failure: {text}");
    }

    #[test]
    fn others_read_what_was_meant() {
        use quick_junit::{NonSuccessKind, Report, TestCaseStatus};
        let records = [broken(), works(), unknown()];
        let report = Report::deserialize_from_str(&render(&records)).unwrap();
        assert_eq!(report.test_suites.len(), 3);
        for (suite, record) in report.test_suites.iter().zip(&records) {
            let count =
                |is: &dyn Fn(&TestCaseStatus) -> bool| suite.test_cases.iter().filter(|case| is(&case.status)).count();
            let ended =
                |wanted| count(&|status| matches!(status, TestCaseStatus::NonSuccess { kind, .. } if *kind == wanted));
            assert_eq!(suite.tests, suite.test_cases.len());
            assert_eq!(suite.failures, ended(NonSuccessKind::Failure));
            assert_eq!(suite.errors, ended(NonSuccessKind::Error));
            let skipped = record.checks.iter().filter(|check| check.status == Status::Unknown).count();
            assert_eq!(count(&|status| matches!(status, TestCaseStatus::Skipped { .. })), skipped);
            assert_eq!(suite.name.as_str(), crate::cli::terminal::clean(&record.dir));
        }
        let said = report.test_suites[0].test_cases.iter().find_map(|case| match &case.status {
            TestCaseStatus::NonSuccess { message, .. } => message.clone(),
            _ => None,
        });
        assert_eq!(said.unwrap().as_str(), crate::cli::terminal::clean(&broken().checks[0].observed));
    }

    #[test]
    fn every_character_is_one_of_xml() {
        // XML 1.0, production 2.
        let allowed = |c: char| matches!(c, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..='\u{10ffff}');
        assert!(render(&[broken(), unknown()]).chars().all(allowed));
    }
}
