//! A table for a spreadsheet (RFC 4180): a line a directory, a column a lesson.

use super::{Record, Scale};
use crate::{diagnosis::Verdict, sanitize::spreadsheet_cell as cell};

/// The table, with a head line. Lessons hold points; where it could not be told they are empty, since an empty cell is no zero.
pub fn render(records: &[Record], scale: &Scale) -> String {
    let mut writer = ::csv::Writer::from_writer(Vec::new());
    let mut write =
        |row: &[String]| writer.write_record(row).expect("memory takes it, and all rows are as long as the head");
    let head = ["directory", "verdict"].into_iter().chain(scale.lessons());
    let head = head.chain(["points", "max", "first_broken_hop", "wrong_turns", "seconds", "why"]);
    write(&head.map(str::to_owned).collect::<Vec<_>>());
    for record in records {
        let earned = scale.earned(record);
        let verdict = match record.verdict {
            Verdict::Works => "works",
            Verdict::Broken => "broken",
            Verdict::Unknown => "unknown",
        };
        let mut row = vec![cell(&record.dir), verdict.to_owned()];
        match &earned {
            Some(lessons) => {
                row.extend(lessons.iter().map(|lesson| lesson.points.to_string()));
                row.push(lessons.iter().map(|lesson| lesson.points).sum::<u32>().to_string());
            }
            None => row.extend(std::iter::repeat_n(String::new(), scale.lessons().count() + 1)),
        }
        let turns: Vec<&str> = record.wrong_turns.iter().map(|turn| turn.id.as_str()).collect();
        row.push(scale.max().to_string());
        row.push(cell(record.first_broken_hop.as_deref().unwrap_or_default()));
        row.push(cell(&turns.join(" ")));
        row.push(format!("{:.2}", record.seconds));
        row.push(cell(&record.why()));
        write(&row);
    }
    let bytes = writer.into_inner().expect("memory takes it");
    String::from_utf8(bytes).expect("text was written")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::formats::{points::tests::scale, record::tests::*};

    #[test]
    fn a_table_that_another_reader_reads_and_no_formula_in_it() {
        let text = render(&[works(), broken(), unknown()], &scale());
        let mut reader = ::csv::Reader::from_reader(text.as_bytes());
        let head = reader.headers().unwrap().clone();
        assert_eq!(
            head.iter().take(5).collect::<Vec<_>>(),
            ["directory", "verdict", "host-port", "app-port", "points"]
        );
        let rows: Vec<::csv::StringRecord> = reader.records().collect::<Result<_, _>>().unwrap();
        let row = |at: usize| rows[at].iter().take(6).map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(row(0), ["ana", "works", "2", "1", "3", "3"]);
        assert_eq!(row(1)[1..], ["broken", "0", "0", "0", "3"]);
        assert_eq!(row(2)[1..], ["unknown", "", "", "", "3"], "an empty cell is no zero");
        for cell in rows.iter().flatten() {
            assert!(!cell.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']), "{cell}");
            assert!(!cell.contains(['\u{1b}', '\n', '\u{202e}']), "{cell}");
        }
    }
}
