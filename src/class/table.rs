//! The figures as a table for a spreadsheet (RFC 4180): a line for each count, with who is meant.

use super::figures::Figures;
use crate::sanitize::spreadsheet_cell as cell;

/// The table, with a head line. Names are separated by `; `.
pub fn table(figures: &Figures) -> String {
    let mut rows = Rows(csv::Writer::from_writer(Vec::new()));
    rows.write(["figure", "about", "what", "value", "who"].map(str::to_owned));
    for lesson in &figures.lessons {
        let mut add = |figure: &str, what: &str, who: &[String]| rows.count(figure, &lesson.id, what, who);
        add("started and solved", "started", &lesson.started);
        add("started and solved", "solved", &lesson.solved);
        add("started and solved", "shown the fix", &lesson.shown);
        add("started and solved", "submission works", &lesson.passes);
        add("started and solved", "submission broken", &lesson.fails);
    }
    for hop in &figures.hops {
        let mut value = |what: &str, value: Option<f64>| rows.value("tries per link", &hop.id, what, value, "");
        value("first-try rate", hop.first_try_rate);
        value("median tries", hop.median_tries);
        rows.count("tries per link", &hop.id, "met", &hop.met);
        rows.count("tries per link", &hop.id, "mended at the first try", &hop.first_try);
        rows.count("tries per link", &hop.id, "mended later", &hop.later);
    }
    for turn in &figures.wrong_turns {
        rows.count("wrong turns", &turn.lesson, &turn.id, &turn.who);
    }
    for lesson in &figures.lessons {
        rows.value("seconds to the live fix", &lesson.id, "median", lesson.seconds.median, "");
        for (name, seconds) in &lesson.seconds.each {
            rows.value("seconds to the live fix", &lesson.id, "one", Some(*seconds), name);
        }
    }
    for lesson in &figures.lessons {
        for hint in &lesson.hints {
            for (end, who) in [("solved", &hint.solved), ("shown the fix", &hint.shown), ("open", &hint.open)] {
                if !who.is_empty() {
                    rows.count("deepest hint", &lesson.id, &format!("{}: {end}", hint.words()), who);
                }
            }
        }
    }
    let looks = &figures.looks;
    for (what, value) in
        [("verifications", looks.all), ("not live yet", looks.not_live), ("could not tell", looks.could_not_tell)]
    {
        rows.value("looks", "all", what, Some(value as f64), "");
    }
    for (name, all, not_live, could_not_tell) in &looks.each {
        for (what, value) in [("verifications", all), ("not live yet", not_live), ("could not tell", could_not_tell)] {
            rows.value("looks", "one", what, Some(*value as f64), name);
        }
    }
    rows.count("looks", "submissions", "could not tell", &looks.submissions_not_told);
    rows.text()
}

struct Rows(csv::Writer<Vec<u8>>);

impl Rows {
    fn count(&mut self, figure: &str, about: &str, what: &str, who: &[String]) {
        self.value(figure, about, what, Some(who.len() as f64), &who.join("; "));
    }

    fn value(&mut self, figure: &str, about: &str, what: &str, value: Option<f64>, who: &str) {
        let value = value.map_or_else(String::new, |value| format!("{}", (value * 100.0).round() / 100.0));
        self.write([figure.to_owned(), cell(about), cell(what), value, cell(who)]);
    }

    fn write(&mut self, row: [String; 5]) {
        self.0.write_record(row).expect("memory takes it, and all rows are as long as the head");
    }

    fn text(self) -> String {
        let bytes = self.0.into_inner().expect("memory takes it");
        String::from_utf8(bytes).expect("text was written")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{class::figures::tests::class, course::Course};

    #[test]
    fn each_count_is_as_long_as_its_names_and_no_name_is_a_formula() {
        let text = table(&Figures::of(&Course::embedded().unwrap(), &class()));
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
        assert!(rows.len() > 20, "{text}");
        for row in rows.iter().filter(|row| row[4].contains("; ")) {
            assert_eq!(row[4].split("; ").count().to_string(), row[3], "{row:?}");
        }
        assert!(text.contains("wrong turns,host-port,expose-only,2,ben; <cleo>\n"), "{text}");
        assert!(text.contains(",submission broken,1,'=dan\n"), "{text}");
    }
}
