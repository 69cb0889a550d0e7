//! Gradescope: `/autograder/results/results.json`. (Gradescope, *Autograder Specifications*, "Output Format".)

use serde_json::{Value, json};

use super::{Record, Scale};
use crate::cli::terminal::{clean_lines, json_text};

/// A test for each lesson. Where it could not be told: a message, and neither score nor tests.
pub fn render(record: &Record, scale: &Scale) -> String {
    let mut object = json!({
        "output": clean_lines(&record.words()),
        "output_format": "text",
        "execution_time": record.seconds.round(),
        "visibility": "visible",
        "stdout_visibility": "hidden",
    });
    if let Some(lessons) = scale.earned(record) {
        object["score"] = lessons.iter().map(|lesson| lesson.points).sum::<u32>().into();
        let tests = lessons.iter().enumerate().map(|(at, lesson)| {
            json!({
                "number": (at + 1).to_string(),
                "name": lesson.id,
                "status": if lesson.why.is_empty() { "passed" } else { "failed" },
                "score": lesson.points,
                "max_score": lesson.max,
                "output": clean_lines(&lesson.why),
                "output_format": "text",
            })
        });
        object["tests"] = tests.collect::<Value>();
    }
    json_text(&object)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::formats::{points::tests::scale, record::tests::*};

    #[test]
    fn no_score_where_it_could_not_be_told() {
        let read = |record: &Record| serde_json::from_str::<Value>(&render(record, &scale())).unwrap();
        let told = read(&broken());
        assert_eq!((&told["score"], &told["tests"][0]["status"]), (&json!(0), &json!("failed")));
        assert_eq!(read(&works())["score"], 3);
        let unknown = read(&unknown());
        assert_eq!((unknown.get("score"), unknown.get("tests")), (None, None));
        assert_eq!(
            unknown["output"],
            "could not tell: no engine\nat all\nlook at docker-compose.yml:24\nnginx:1.28 stood in for nginx:1.13"
        );
        assert!(!render(&broken(), &scale()).contains('\u{1b}'));
    }
}
