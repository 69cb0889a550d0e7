//! Our own JSON: one object (the contract of `check --format json`), or a line for each verdict.

use serde::Serialize;

use super::Record;
use crate::cli::terminal::json_text;

#[derive(Serialize)]
struct Object<'a> {
    format: u32,
    submissions: &'a [Record],
}

/// One object with all submissions, for people too: with line ends inside.
pub fn object(records: &[Record]) -> String {
    json_text(&Object { format: 1, submissions: records })
}

/// A line for each.
pub fn lines(records: &[Record]) -> String {
    records.iter().map(line).collect()
}

/// Plain data as one line, with its end.
pub fn line(data: &impl Serialize) -> String {
    let mut text = serde_json::to_string(data).expect("plain data with string keys always serializes");
    text.push('\n');
    crate::sanitize::json(&text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::formats::record::tests::{broken, unknown, works};

    #[test]
    fn json_holds_exactly_the_contract() {
        let mut first = broken();
        (first.notes, first.place) = (vec![], None);
        let value: serde_json::Value = serde_json::from_str(&object(&[first, unknown()])).unwrap();
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
    fn a_record_is_a_line_whatever_it_holds() {
        assert_eq!(lines(&[broken(), works(), unknown()]).lines().count(), 3);
    }
}
