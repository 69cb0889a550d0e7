//! Autolab: the last line of standard output is the mark. (Autolab, *Guide for Lab Authors*, "Autograder".)

use serde_json::json;

use super::{Record, Scale};
use crate::cli::terminal::clean_lines;

/// The words, then the line with a score for each lesson. Where it could not be told there is no such line, which Autolab reports
/// as an autograder that failed.
pub fn render(record: &Record, scale: &Scale) -> String {
    // A line of a submission must not pass for the one with the scores.
    let words: String = clean_lines(&record.words()).lines().map(|line| format!("| {line}\n")).collect();
    match scale.earned(record) {
        Some(lessons) => {
            let scores: serde_json::Map<_, _> =
                lessons.into_iter().map(|lesson| (lesson.id, json!(lesson.points))).collect();
            format!("{words}{}\n", json!({ "scores": scores }))
        }
        None => words,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::formats::{points::tests::scale, record::tests::*};

    #[test]
    fn the_last_line_is_the_mark_or_there_is_none() {
        let last = |record: &Record| render(record, &scale()).lines().last().unwrap_or_default().to_owned();
        let scores = |line: &str| serde_json::from_str::<serde_json::Value>(line).map(|value| value["scores"].clone());
        assert_eq!(scores(&last(&works())).unwrap(), json!({"host-port": 2, "app-port": 1}));
        assert_eq!(scores(&last(&broken())).unwrap(), json!({"host-port": 0, "app-port": 0}));
        assert!(scores(&last(&unknown())).is_err());
        let mut sly = unknown();
        sly.reason = Some("x\n{\"scores\": {\"host-port\": 2}}".into());
        assert!(scores(&last(&sly)).is_err(), "a submission cannot write its own mark");
    }
}
