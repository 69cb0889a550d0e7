//! What came of the runs, as a table: a row for each kind of request, a column for each fault.

use std::collections::{BTreeMap, BTreeSet};

use crate::cases::{Case, FAULTS};

/// What came of one run.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// The stack, or what was done with it.
    pub of: String,
    pub case: Case,
    /// One letter: `.` the fault was never met, `r` the right answer, `?` could not tell.
    pub letter: char,
    /// What is wrong with it; empty where nothing is.
    pub wrong: Vec<String>,
    /// The process that ran.
    pub pid: u32,
}

/// Prints the table; what is wrong, in words.
pub fn tell(title: &str, outcomes: &[Outcome]) -> Vec<String> {
    let kinds: Vec<&str> = outcomes.iter().map(|one| one.case.rule.kind.name).fold(Vec::new(), |mut kinds, kind| {
        if !kinds.contains(&kind) {
            kinds.push(kind);
        }
        kinds
    });
    let met: BTreeSet<&str> = outcomes.iter().map(|one| one.case.fault).collect();
    let faults: Vec<&str> = FAULTS.iter().map(|fault| fault.0).filter(|fault| met.contains(fault)).collect();
    let mut cells: BTreeMap<(&str, &str), String> = BTreeMap::new();
    for one in outcomes {
        let letter = if one.wrong.is_empty() { one.letter } else { '!' };
        cells.entry((one.case.rule.kind.name, one.case.fault)).or_default().push(letter);
    }
    println!("\n{title}\n  . never met   r right   ? could not tell   ! wrong");
    for (number, fault) in faults.iter().enumerate() {
        println!("  {:>2} {fault}", number + 1);
    }
    let width = cells.values().map(String::len).max().unwrap_or(1).max(2);
    let head: Vec<String> = (1..=faults.len()).map(|number| format!("{number:<width$}")).collect();
    println!("{:<18} {}", "", head.join(" "));
    for kind in kinds {
        let of = |fault: &&str| format!("{:<width$}", cells.get(&(kind, *fault)).map_or("", String::as_str));
        println!("{kind:<18} {}", faults.iter().map(of).collect::<Vec<_>>().join(" "));
    }
    let count = |letter| outcomes.iter().filter(|one| one.wrong.is_empty() && one.letter == letter).count();
    let wrong: Vec<String> = outcomes
        .iter()
        .filter(|one| !one.wrong.is_empty())
        .map(|one| format!("{}, {}: {}", one.of, one.case, one.wrong.join("; ")))
        .collect();
    let (all, right, unknown) = (outcomes.len(), count('r'), count('?'));
    println!("{all} runs: {right} right, {unknown} could not tell, {} wrong, {} never met", wrong.len(), count('.'));
    wrong
}
