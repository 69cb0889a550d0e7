//! The Test Anything Protocol, version 14: every check of every directory is a line.

use super::Record;
use crate::{
    cli::terminal::clean,
    diagnosis::{Status, Verdict},
    sanitize,
};

/// The lines. A directory without checks is one line: whether it works.
pub fn render(records: &[Record]) -> String {
    let mut lines = Vec::new();
    for record in records {
        let dir = escaped(&record.dir);
        if record.checks.is_empty() {
            let why = (record.verdict != Verdict::Works).then(|| clean(&record.why()));
            lines.push((record.verdict == Verdict::Works, format!("{dir}: works"), why));
        }
        for check in &record.checks {
            let name = format!("{dir}: {} {}", escaped(&check.lesson), escaped(&check.id));
            let passes = check.status == Status::Pass;
            lines.push((passes, name, (!passes).then(|| clean(&check.observed))));
        }
    }
    let mut text = format!("TAP version 14\n1..{}\n", lines.len());
    for (index, (ok, name, why)) in lines.into_iter().enumerate() {
        text.push_str(&format!("{}ok {} - {name}\n", if ok { "" } else { "not " }, index + 1));
        if let Some(why) = why {
            let why = sanitize::json(&serde_json::Value::from(why).to_string());
            text.push_str(&format!("  ---\n  message: {why}\n  ...\n"));
        }
    }
    text
}

fn escaped(text: &str) -> String {
    clean(text).replace('\\', "\\\\").replace('#', "\\#")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::formats::record::tests::*;

    #[test]
    fn a_line_a_check_whatever_a_directory_is_called() {
        let text = render(&[broken(), works(), unknown()]);
        assert!(text.starts_with("TAP version 14\n1..5\nnot ok 1 - =cmd|"), "{text}");
        assert_eq!(text.lines().filter(|line| line.starts_with("ok ") || line.starts_with("not ok ")).count(), 5);
        assert!(!text.contains('\u{1b}') && !text.contains("\n::error"), "{text}");
    }
}
