//! `breakfix merge`: the parts of a check that was spread over machines, put together; and what is missing.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
};

use super::{
    Context,
    args::{Format, MergeArgs},
    check,
    formats::{Record, Scale},
    results::{self, Head},
    terminal::{Paint, clean, note, print},
    verdicts,
};
use crate::{diagnosis::Verdict, error::Result};

/// Runs the command; gives the exit code, of all verdicts together: 3 where one is missing and none is broken.
///
/// # Errors
/// Environment: a file cannot be read or written. Usage: points for a lesson that is not there.
pub fn merge(context: &Context, args: &MergeArgs) -> Result<u8> {
    let scale = Scale::new(&context.course, None, &args.output.points)?;
    let mut all = Vec::new();
    let mut heads = Vec::new();
    for file in &args.files {
        let found = results::read(file)?;
        for line in found.odd {
            note(&format!("{}:{line} is no verdict, and is left out", file.display()));
        }
        all.extend(found.records);
        heads.extend(found.head);
    }
    let (records, missing) = together(all, &heads);
    for text in &missing {
        note(&format!("missing: {}", clean(text)));
    }
    let out = Paint::stdout(context.color);
    if args.output.format == Format::Human {
        print(&verdicts::table(&records, out))?;
    }
    check::write(&records, args.output.format, &args.output.reports, &scale)?;
    Ok(check::exit_code(records.iter().map(|record| record.verdict)))
}

/// One record a directory, by name, and in words what is missing. Of two verdicts on one directory the one that could be told counts,
/// else the later one.
fn together(all: Vec<Record>, heads: &[Head]) -> (Vec<Record>, Vec<String>) {
    let mut records: BTreeMap<PathBuf, Record> = BTreeMap::new();
    for record in all {
        let dir = PathBuf::from(&record.dir);
        if record.verdict != Verdict::Unknown || records.get(&dir).is_none_or(|old| old.verdict == Verdict::Unknown) {
            records.insert(dir, record);
        }
    }
    let mut missing = Vec::new();
    let of = heads.iter().map(|head| head.shard.1).max().unwrap_or(0);
    let here: BTreeSet<usize> = heads.iter().map(|head| head.shard.0).collect();
    missing.extend((1..=of).filter(|part| !here.contains(part)).map(|part| format!("part {part} of {of}")));
    let expected: BTreeSet<&String> = heads.iter().flat_map(|head| &head.directories).collect();
    for dir in expected {
        records.entry(PathBuf::from(dir)).or_insert_with(|| {
            missing.push(format!("a verdict on {dir}"));
            Record::missing(dir)
        });
    }
    (records.into_values().collect(), missing)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(dir: &str, verdict: Verdict) -> Record {
        Record { verdict, ..Record::missing(dir) }
    }

    #[test]
    fn parts_come_together_and_what_is_missing_is_named() {
        let directories: Vec<String> = ["a", "b", "c", "d"].map(str::to_owned).into();
        let head = |number| Head { shard: (number, 3), directories: directories.clone() };
        let all = vec![
            record("a", Verdict::Works),
            record("a", Verdict::Unknown),
            record("b", Verdict::Unknown),
            record("b", Verdict::Broken),
        ];
        let (records, missing) = together(all, &[head(1), head(2)]);
        let told: Vec<(&str, Verdict)> = records.iter().map(|one| (one.dir.as_str(), one.verdict)).collect();
        use Verdict::{Broken, Unknown, Works};
        assert_eq!(told, [("a", Works), ("b", Broken), ("c", Unknown), ("d", Unknown)]);
        assert_eq!(missing, ["part 3 of 3", "a verdict on c", "a verdict on d"]);
        assert!(records[2].why().contains("no verdict"), "{}", records[2].why());
    }
}
