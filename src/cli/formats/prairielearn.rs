//! PrairieLearn: `/grade/results/results.json`. (PrairieLearn, *External grading*, "Grading results".)

use serde_json::{Value, json};

use super::{Record, Scale};
use crate::cli::terminal::{clean_lines, json_text};

/// A test for each lesson, and a score from 0 to 1. What could not be told is not gradable, which costs no attempt.
pub fn render(record: &Record, scale: &Scale) -> String {
    let words = clean_lines(&record.words());
    let Some(lessons) = scale.earned(record) else {
        return json_text(&json!({ "gradable": false, "message": words }));
    };
    let points: u32 = lessons.iter().map(|lesson| lesson.points).sum();
    let score = if scale.max() == 0 { 0.0 } else { f64::from(points) / f64::from(scale.max()) };
    let tests: Value = lessons
        .iter()
        .map(|lesson| {
            json!({
                "name": lesson.id,
                "points": lesson.points,
                "max_points": lesson.max,
                "message": clean_lines(&lesson.why),
            })
        })
        .collect();
    json_text(&json!({ "gradable": true, "score": score, "message": words, "tests": tests }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::formats::{points::tests::scale, record::tests::*};

    #[test]
    fn a_share_or_not_gradable() {
        let read = |record: &Record| serde_json::from_str::<Value>(&render(record, &scale())).unwrap();
        assert_eq!(read(&works())["score"], 1.0);
        assert_eq!(read(&broken())["score"], 0.0);
        let mut half = broken();
        half.checks[0].status = crate::diagnosis::Status::Pass;
        assert!((read(&half)["score"].as_f64().unwrap() - 2.0 / 3.0).abs() < 1e-9);
        let unknown = read(&unknown());
        assert_eq!((&unknown["gradable"], unknown.get("score")), (&json!(false), None));
    }
}
