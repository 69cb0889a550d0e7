//! One verdict on one directory: an element of `submissions` in the JSON contract, and a line of `jsonl`.

use serde::{Deserialize, Serialize};

use crate::{
    conductor::SubmissionReport,
    diagnosis::{CheckVerdict, HopVerdict, NamedWrongTurn, Odd, Report, Status, Verdict},
};

/// A verdict that can be written, read again, and put into any format.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// The directory, as it was named.
    pub dir: String,
    /// Works, broken or unknown.
    pub verdict: Verdict,
    /// Why, where no hop or check tells.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub reason: Option<String>,
    /// What has to be known beside the verdict.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub notes: Vec<String>,
    /// Where in the directory's files what is broken first can be seen.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub place: Option<Place>,
    /// Seconds until the verdict, to a hundredth.
    pub seconds: f64,
    /// The first hop that does not work.
    pub first_broken_hop: Option<String>,
    /// The first lesson that is not solved.
    pub first_failed_lesson: Option<String>,
    /// Per hop.
    pub hops: Vec<HopVerdict>,
    /// Per check.
    pub checks: Vec<Check>,
    /// The wrong turns that were recognised.
    pub wrong_turns: Vec<NamedWrongTurn>,
    /// What no wrong turn explains.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub odd: Vec<Odd>,
    /// What the directory held and how it was asked, as one hash: the same again need not be graded again.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub fingerprint: Option<String>,
}

/// A line of a file of the directory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// The file, from the directory on.
    pub file: String,
    /// The line, from 1; 0 for the file as a whole.
    pub line: usize,
}

/// One check of a lesson.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// The check's id.
    pub id: String,
    /// The lesson that it belongs to.
    pub lesson: String,
    /// Whether it holds.
    pub status: Status,
    /// What a person would type.
    pub command: String,
    /// What was seen, or why it was not asked.
    pub observed: String,
}

impl Record {
    /// A directory on which there is no verdict.
    pub fn missing(dir: &str) -> Self {
        Self {
            dir: dir.to_owned(),
            verdict: Verdict::Unknown,
            reason: Some("there is no verdict on it in these files".to_owned()),
            notes: vec![],
            place: None,
            seconds: 0.0,
            first_broken_hop: None,
            first_failed_lesson: None,
            hops: vec![],
            checks: vec![],
            wrong_turns: vec![],
            odd: vec![],
            fingerprint: None,
        }
    }

    /// Why it is not *works*, in one sentence; empty where it works.
    pub fn why(&self) -> String {
        let hop = self.hops.iter().find(|hop| Some(&hop.id) == self.first_broken_hop.as_ref());
        let check = self.checks.iter().find(|check| check.status == Status::Fail);
        match (self.verdict, &self.reason, hop, check) {
            (Verdict::Works, ..) => String::new(),
            (Verdict::Unknown, reason, ..) => {
                format!("could not tell: {}", reason.as_deref().unwrap_or("no reason was given"))
            }
            (Verdict::Broken, Some(reason), ..) => format!("broken: {reason}"),
            (Verdict::Broken, None, Some(hop), _) => format!("broken at {}: {}", hop.id, hop.observed),
            (Verdict::Broken, None, None, Some(check)) => {
                format!("broken: {} {}: {}", check.lesson, check.id, check.observed)
            }
            (Verdict::Broken, None, None, None) => "broken".to_owned(),
        }
    }

    /// The lines that belong below a mark: why, what has to be known, and the question of each wrong turn.
    pub fn words(&self) -> String {
        let mut lines: Vec<String> = Some(self.why()).filter(|why| !why.is_empty()).into_iter().collect();
        if let Some(place) = self.place.as_ref().filter(|place| place.line > 0) {
            lines.push(format!("look at {}:{}", place.file, place.line));
        }
        lines.extend(self.wrong_turns.iter().map(|turn| format!("{} {}", turn.title, turn.question)));
        lines.extend(self.notes.iter().cloned());
        lines.join("\n")
    }
}

impl From<&SubmissionReport> for Record {
    fn from(submission: &SubmissionReport) -> Self {
        let (verdict, reason) = (submission.report.verdict(), submission.report.reason().map(str::to_owned));
        let Report { first_broken_hop, first_failed_lesson, hops, wrong_turns, odd, .. } = submission.report.clone();
        Self {
            dir: submission.dir.display().to_string(),
            verdict,
            reason,
            notes: submission.notes.clone(),
            place: submission
                .place
                .as_ref()
                .map(|place| Place { file: place.file.display().to_string(), line: place.line }),
            seconds: (submission.seconds * 100.0).round() / 100.0,
            first_broken_hop,
            first_failed_lesson,
            hops,
            checks: submission.report.checks.iter().map(Check::from).collect(),
            wrong_turns,
            odd,
            fingerprint: None,
        }
    }
}

impl From<&CheckVerdict> for Check {
    fn from(check: &CheckVerdict) -> Self {
        let CheckVerdict { id, lesson, status, command, observed, .. } = check.clone();
        Self { id, lesson, status, command, observed }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A broken submission whose words are as hostile as they come.
    pub fn broken() -> Record {
        let check = |id: &str, lesson: &str, status, observed: &str| Check {
            id: id.into(),
            lesson: lesson.into(),
            status,
            command: "curl -i http://localhost:8080/".into(),
            observed: observed.into(),
        };
        Record {
            dir: "=cmd|' /C calc'!A0,\u{fffe}<b>&\"\n::error::x\u{1b}[31m\u{202e}".into(),
            verdict: Verdict::Broken,
            reason: None,
            notes: vec!["nginx:1.28 stood in for nginx:1.13".into()],
            place: Some(Place { file: "docker-compose.yml".into(), line: 24 }),
            seconds: 3.06,
            first_broken_hop: Some("browser-nginx".into()),
            first_failed_lesson: Some("host-port".into()),
            hops: vec![HopVerdict {
                id: "browser-nginx".into(),
                status: Status::Fail,
                command: "curl -i http://localhost:8080/".into(),
                observed: "connection refused".into(),
            }],
            checks: vec![
                check("site-answers", "host-port", Status::Fail, "@SUM(1)]]> <no> & \"\u{1b}[31m\"\n##vso[x]"),
                check("app-reached", "app-port", Status::Unknown, "not asked: nginx is not reached"),
            ],
            wrong_turns: vec![NamedWrongTurn {
                id: "expose".into(),
                lesson: "host-port".into(),
                title: "EXPOSE, edited".into(),
                explain: None,
                question: "What does it do?".into(),
                remark: false,
            }],
            odd: vec![],
            fingerprint: None,
        }
    }

    /// A submission that works.
    pub fn works() -> Record {
        let mut record = broken();
        record.dir = "ana".into();
        record.verdict = Verdict::Works;
        (record.place, record.first_broken_hop, record.first_failed_lesson) = (None, None, None);
        record.wrong_turns.clear();
        record.notes.clear();
        for check in &mut record.checks {
            check.status = Status::Pass;
        }
        record.hops[0].status = Status::Pass;
        record
    }

    /// A submission that could not be judged.
    pub fn unknown() -> Record {
        Record {
            verdict: Verdict::Unknown,
            reason: Some("no engine\nat all".into()),
            first_broken_hop: None,
            first_failed_lesson: None,
            hops: vec![],
            checks: vec![],
            wrong_turns: vec![],
            ..broken()
        }
    }

    #[test]
    fn read_again_it_is_the_same() {
        for record in [broken(), works(), unknown()] {
            let text = serde_json::to_string(&record).unwrap();
            assert_eq!(serde_json::from_str::<Record>(&text).unwrap(), record);
        }
    }

    #[test]
    fn why_says_what_is_known() {
        assert_eq!(broken().why(), "broken at browser-nginx: connection refused");
        assert_eq!(unknown().why(), "could not tell: no engine\nat all");
        assert_eq!(works().why(), "");
        assert!(broken().words().contains("look at docker-compose.yml:24\nEXPOSE, edited What does it do?"));
    }
}
