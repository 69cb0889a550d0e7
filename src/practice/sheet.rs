//! The sheet of an exam: incidents in a row, and what became of each.

use serde::{Deserialize, Serialize};

use super::schedule::Record;
use crate::sanitize;

/// The results of an exam, as a file holds them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sheet {
    /// Version of this format.
    pub format: u32,
    /// Who it is of: the name that the seed was made from, or empty.
    pub name: String,
    /// The course's id.
    pub course: String,
    /// The seed of the first incident; the others follow it.
    pub seed: u64,
    /// How many minutes there were.
    pub minutes: u32,
    /// How many incidents there were to be.
    pub incidents: usize,
    /// What became of those that were begun, in order.
    pub results: Vec<Record>,
}

impl Sheet {
    /// How many were solved.
    pub fn solved(&self) -> usize {
        self.results.iter().filter(|result| result.solved).count()
    }

    /// One page, for people.
    pub fn html(&self) -> String {
        let mut rows = String::new();
        for (index, one) in self.results.iter().enumerate() {
            let ended = if one.solved { "solved" } else { "not solved" };
            let bet = if one.bet_right { "right" } else { "wrong" };
            rows.push_str(&format!(
                "<tr><td>{}<td>{}<td>{}<td>{ended}<td>{bet}<td>{}<td>{}<td>{}:{:02}\n",
                index + 1,
                sanitize::html(&one.fault),
                one.class,
                one.hints,
                one.false_starts,
                one.seconds / 60,
                one.seconds % 60
            ));
        }
        let name = if self.name.is_empty() { format!("seed {}", self.seed) } else { sanitize::html(&self.name) };
        format!(
            "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<title>{name}</title>\n<style>\nbody {{ font: 1rem/1.5 system-ui, sans-serif; \
             max-width: 50rem; margin: 2rem auto; padding: 0 1rem }}\ntable {{ border-collapse: collapse }}\ntd, th {{ text-align: left; padding: .2rem .8rem .2rem 0 }}\n\
             </style>\n<h1>{name}: {} of {}</h1>\n<p>Course {}, {} minutes.\n<table>\n<tr><th>#<th>fault<th>class<th>ended<th>bet<th>hints<th>false starts<th>time\n{rows}</table>\n",
            self.solved(),
            self.incidents,
            sanitize::html(&self.course),
            self.minutes
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::course::Class;

    #[test]
    fn a_sheet_says_what_became_of_each_and_cannot_be_written_into() {
        let record = |solved| Record {
            at: 1,
            course: "c".into(),
            fault: "f".into(),
            class: Class::Value,
            seed: 4,
            solved,
            bet_right: solved,
            hints: 1,
            false_starts: 0,
            seconds: 61,
        };
        let sheet = Sheet {
            format: 1,
            name: "<b>Ada".into(),
            course: "c".into(),
            seed: 4,
            minutes: 30,
            incidents: 3,
            results: vec![record(true), record(false)],
        };
        let page = sheet.html();
        assert!(
            page.contains("&lt;b&gt;Ada: 1 of 3") && page.contains("not solved") && page.contains("1:01"),
            "{page}"
        );
        let text = serde_json::to_string(&sheet).unwrap();
        assert_eq!(serde_json::from_str::<Sheet>(&text).unwrap(), sheet);
    }
}
