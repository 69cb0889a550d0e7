//! Verdicts as other programs read them: one file each. Read `record.rs` first: all formats are made of records, so that what was
//! graded elsewhere, or before, is written in the same way.

mod autolab;
mod classroom50;
mod csv;
mod ctrf;
mod github;
mod gradescope;
mod json;
mod junit;
mod points;
mod prairielearn;
mod record;
mod tap;

pub use json::line;
pub use points::Scale;
pub use record::{Place, Record};

use super::args::Format;
use crate::error::{Error, Result};

/// The records in one format, with a line end at the end. A gradebook that takes one submission gets one; where it could not be
/// told, the text is what that gradebook takes for *no mark*, and never a zero.
///
/// # Errors
/// Usage: several records for a gradebook that takes one.
pub fn render(format: Format, records: &[Record], scale: &Scale) -> Result<String> {
    let one = || match records {
        [record] => Ok(record),
        _ => Err(one_only(format, records.len())),
    };
    Ok(match format {
        Format::Json => json::object(records),
        Format::Jsonl => json::lines(records),
        Format::Junit => junit::render(records),
        Format::Tap => tap::render(records),
        Format::Github => github::render(records),
        Format::Ctrf => ctrf::render(records),
        Format::Csv => csv::render(records, scale),
        Format::Classroom50 => classroom50::render(one()?, scale, &|name| std::env::var(name).ok()),
        Format::Gradescope => gradescope::render(one()?, scale),
        Format::Prairielearn => prairielearn::render(one()?, scale),
        Format::Autolab => autolab::render(one()?, scale),
        // People get each verdict when it is there.
        Format::Human => String::new(),
    })
}

/// A gradebook that takes one directory was given several.
pub fn one_only(format: Format, named: usize) -> Error {
    Error::usage(format!("{} takes one directory, and {named} were named", format.name()))
        .suggest("one run a directory; or a format for many: csv, jsonl, json, junit, ctrf")
}
