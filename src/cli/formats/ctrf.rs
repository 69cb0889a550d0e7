//! Common Test Report Format. (ctrf.io, its JSON Schema: nothing else may stand inside.)

use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use super::Record;
use crate::{
    cli::terminal::{clean, json_text},
    diagnosis::{Status, Verdict},
};

/// A test for each directory, with its time, and one for each check. What could not be told is `other`; a check that was not asked
/// is `skipped`. A check's own time is not known, and 0.
pub fn render(records: &[Record]) -> String {
    let stop = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis() as u64;
    let seconds: f64 = records.iter().map(|record| record.seconds).sum();
    let tests: Vec<Value> = records.iter().flat_map(of).collect();
    let count = |status: &str| tests.iter().filter(|test| test["status"] == status).count();
    json_text(&json!({
        "reportFormat": "CTRF",
        "specVersion": "0.0.0",
        "results": {
            "tool": { "name": "breakfix", "version": env!("CARGO_PKG_VERSION") },
            "summary": {
                "tests": tests.len(),
                "passed": count("passed"),
                "failed": count("failed"),
                "skipped": count("skipped"),
                "pending": 0,
                "other": count("other"),
                "start": stop.saturating_sub((seconds * 1000.0) as u64),
                "stop": stop,
            },
            "tests": tests,
        }
    }))
}

fn of(record: &Record) -> Vec<Value> {
    let dir = clean(&record.dir);
    let status = match record.verdict {
        Verdict::Works => "passed",
        Verdict::Broken => "failed",
        Verdict::Unknown => "other",
    };
    let mut whole = json!({
        "name": "works",
        "suite": [dir],
        "status": status,
        "rawStatus": format!("{:?}", record.verdict).to_lowercase(),
        "duration": (record.seconds * 1000.0).round() as u64,
    });
    if record.verdict != Verdict::Works {
        whole["message"] = clean(&record.why()).into();
        if let Some(place) = &record.place {
            whole["filePath"] = clean(&format!("{}/{}", record.dir, place.file)).into();
            if place.line > 0 {
                whole["line"] = place.line.into();
            }
        }
    }
    let mut tests = vec![whole];
    for check in &record.checks {
        let status = match check.status {
            Status::Pass => "passed",
            Status::Fail => "failed",
            Status::Unknown => "skipped",
        };
        let mut test = json!({
            "name": clean(&format!("{} {}", check.lesson, check.id)),
            "suite": [dir, clean(&check.lesson)],
            "status": status,
            "duration": 0,
        });
        if check.status != Status::Pass {
            test["message"] = clean(&check.observed).into();
        }
        tests.push(test);
    }
    tests
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::formats::record::tests::*;

    #[test]
    fn counts_and_states() {
        let text = render(&[broken(), works(), unknown()]);
        let value: Value = serde_json::from_str(&text).unwrap();
        let results = &value["results"];
        let summary: Vec<u64> = ["tests", "passed", "failed", "skipped", "other"]
            .map(|key| results["summary"][key].as_u64().unwrap())
            .into();
        assert_eq!(summary, [7, 3, 2, 1, 1]);
        let states: Vec<&str> =
            results["tests"].as_array().unwrap().iter().map(|test| test["status"].as_str().unwrap()).collect();
        assert_eq!(states, ["failed", "failed", "skipped", "passed", "passed", "passed", "other"]);
        assert_eq!(results["tests"][6]["message"], "could not tell: no engine\\nat all");
    }

    #[test]
    fn nothing_stands_inside_that_the_schema_has_not() {
        let value: Value = serde_json::from_str(&render(&[broken(), works(), unknown()])).unwrap();
        let known = ["name", "status", "duration", "suite", "message", "line", "rawStatus", "filePath"];
        for test in value["results"]["tests"].as_array().unwrap() {
            let object = test.as_object().unwrap();
            assert!(object.keys().all(|key| known.contains(&key.as_str())), "{object:?}");
            assert!(test["duration"].is_u64() && test["suite"].as_array().is_some_and(|suite| !suite.is_empty()));
        }
    }
}
