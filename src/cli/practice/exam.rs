//! `breakfix practice --exam N --minutes M`: incidents in a row, and a sheet of what became of them.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use super::{
    Desk,
    hand_out::free_dir,
    play::{Rules, begin, lines},
    seed,
    table::Table,
};
use crate::{
    cli::{
        args::PracticeArgs,
        terminal::{json_text, note, print},
    },
    error::{Error, Result},
    practice::{Seed, sheet::Sheet},
};

/// Plays so many incidents, one after the other, until the time is over; then writes the sheet.
///
/// # Errors
/// Whatever drawing, proving and making meet; environment where the sheet cannot be written.
pub async fn exam(desk: &Desk<'_>, args: &PracticeArgs, incidents: usize) -> Result<u8> {
    let first = seed(args);
    let file = args.sheet.clone().unwrap_or_else(|| format!("exam-{}.json", first.0).into());
    let mut lines = lines();
    let mut left = Duration::from_secs(u64::from(args.minutes) * 60);
    let mut sheet = Sheet {
        format: 1,
        name: args.seed_from.clone().unwrap_or_default(),
        course: desk.course.id.clone(),
        seed: first.0,
        minutes: args.minutes,
        incidents,
        results: Vec::new(),
    };
    for number in 0..incidents {
        print(&format!("\nIncident {} of {incidents}, {} min left\n", number + 1, left.as_secs().div_ceil(60)))?;
        let seed = Seed(first.0.wrapping_add(u64::try_from(number).unwrap_or_default()));
        let dir = free_dir("exam");
        let (proved, out) = begin(desk, args, seed, &dir).await?;
        let mut table = Table::open(desk, &proved.incident, out.lab, out.course)?;
        table.make().await?;
        // What is proved and made is the machine's time, not the player's.
        let began = Instant::now();
        let (played, _) = table.played(&mut lines, Rules { until: Some(began + left) }).await?;
        left = left.saturating_sub(began.elapsed());
        sheet.results.push(table.record(&played));
        table.close().await?;
        write(&sheet, &file)?;
        if left.is_zero() {
            note("the time is over");
            break;
        }
    }
    print(&format!("\n{} of {incidents} solved. The sheet: {}\n", sheet.solved(), file.display()))?;
    for (number, one) in sheet.results.iter().enumerate() {
        let ended = if one.solved { "solved" } else { "not solved" };
        print(&format!("  {}  {:<10} {:<28} {ended}\n", number + 1, one.class.word(), one.fault))?;
        desk.store.add(one)?;
    }
    Ok(u8::from(sheet.solved() < incidents))
}

/// Writes the sheet, and beside it the page for people.
fn write(sheet: &Sheet, file: &Path) -> Result<()> {
    for (file, text) in [(file.to_owned(), json_text(sheet)), (file.with_extension("html"), sheet.html())] {
        std::fs::write(&file, text)
            .map_err(|cause| Error::environment(format!("{} cannot be written", file.display())).because(cause))?;
    }
    Ok(())
}
