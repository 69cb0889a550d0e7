//! Classroom 50: `result.json` in the student's checkout. (Classroom 50's wiki, *Advanced Autograding*: `classroom50/result/v1`.)

use serde_json::{Map, Value, json};

use super::{Record, Scale};
use crate::cli::terminal::{clean, clean_lines, json_text};

/// What the workflow's variables are called in the file.
const FROM_ENVIRONMENT: [(&str, &str); 6] = [
    ("classroom", "CLASSROOM"),
    ("assignment", "ASSIGNMENT"),
    ("submission", "SUBMISSION_TAG"),
    ("commit", "COMMIT_URL"),
    ("release", "RELEASE_URL"),
    ("review", "REVIEW_URL"),
];

/// The object. Where it could not be told there is none: the empty text, and the exit code 3 says that the run did not come to its end.
pub fn render(record: &Record, scale: &Scale, environment: &dyn Fn(&str) -> Option<String>) -> String {
    let Some(lessons) = scale.earned(record) else { return String::new() };
    let mut object = Map::new();
    object.insert("schema".into(), json!("classroom50/result/v1"));
    for (key, variable) in FROM_ENVIRONMENT {
        object.insert(key.into(), environment(variable).map_or(Value::Null, Value::from));
    }
    object.insert("datetime".into(), json!(now()));
    object.insert("score".into(), json!(lessons.iter().map(|lesson| lesson.points).sum::<u32>()));
    object.insert("max-score".into(), json!(scale.max()));
    let tests = lessons.iter().map(|lesson| {
        json!({
            "test-name": lesson.id,
            "passed": lesson.why.is_empty(),
            "score": lesson.points,
            "max-score": lesson.max,
            "message": clean(&lesson.why),
        })
    });
    object.insert("tests".into(), tests.collect());
    object.insert("message".into(), json!(clean_lines(&record.words())));
    json_text(&object)
}

/// The time, by ISO 8601, in UTC.
fn now() -> String {
    let now = time::OffsetDateTime::now_utc();
    let (hour, minute, second) = now.to_hms();
    format!("{}T{hour:02}:{minute:02}:{second:02}Z", now.date())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::formats::{points::tests::scale, record::tests::*};

    #[test]
    fn whole_numbers_and_nothing_where_it_could_not_be_told() {
        let environment = |name: &str| (name == "CLASSROOM").then(|| "debugging".to_owned());
        let value: Value = serde_json::from_str(&render(&works(), &scale(), &environment)).unwrap();
        assert_eq!(value["schema"], "classroom50/result/v1");
        assert_eq!((&value["score"], &value["max-score"]), (&json!(3), &json!(3)));
        assert_eq!(value["classroom"], "debugging");
        assert_eq!(value["assignment"], Value::Null);
        assert_eq!(value["tests"][1]["test-name"], "app-port");
        assert!(value["datetime"].as_str().unwrap().ends_with('Z'));
        assert_eq!(render(&unknown(), &scale(), &environment), "");
    }
}
