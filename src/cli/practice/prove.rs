//! `breakfix practice --prove N` and `--prove-faults`: that what practice hands out is fair, on containers.

use std::collections::BTreeMap;

use super::Desk;
use crate::{
    cli::{
        args::PracticeArgs,
        terminal::{Paint, ProgressLine, clean, print, symbol},
    },
    conductor::{Disproof, Proof, prove_incident, prove_mending},
    course::Fault,
    diagnosis::Status,
    error::{Error, Result},
    practice::{Seed, Wanted, draw, redraw},
};

/// Proves so many seeds, one after the other; gives 0 where each came to an incident that is fair, without one thrown away.
///
/// # Errors
/// Environment: the engine does not do what it should. Usage: nothing of that kind to draw.
pub async fn seeds(desk: &Desk<'_>, args: &PracticeArgs, seeds: u32) -> Result<u8> {
    let first = args.seed.unwrap_or_default();
    let wanted = Wanted { class: args.class, level: args.level, two: args.faults > 1, ..Wanted::default() };
    let paint = Paint::stdout(desk.context.color);
    let line = ProgressLine::start(desk.context.verbose > 0);
    let (mut times, mut thrown, mut unknown) = (Vec::new(), BTreeMap::<String, usize>::new(), 0);
    for seed in first..first + u64::from(seeds) {
        let incident = draw(&desk.course, Seed(seed), 0, &wanted)?;
        if draw(&desk.course, Seed(seed), 0, &wanted)? != incident {
            return Err(Error::usage(format!("the seed {seed} gives other bytes each time")));
        }
        let ids: Vec<&str> = incident.faults.iter().map(|fault| fault.id()).collect();
        let what = format!("{seed:>6}  {:<10} {}", incident.class().word(), clean(&ids.join(" + ")));
        let proved = prove_incident(&incident, &desk.course, &desk.proof, line.progress()).await?;
        let (status, told) = outcome(&proved);
        match proved {
            Ok(proof) => times.push(proof.seconds),
            Err(disproof) => {
                unknown += usize::from(status == Status::Unknown);
                *thrown.entry(format!("{}: {disproof}", ids.join(" + "))).or_default() += 1;
            }
        }
        line.clear();
        print(&format!("{} {what:<52} {}\n", symbol(status, paint), paint.faint(&clean(&told))))?;
    }
    line.finish().await;
    times.sort_by(f64::total_cmp);
    let median = times.get(times.len() / 2).copied().unwrap_or_default();
    let worst = times.last().copied().unwrap_or_default();
    print(&format!("{} of {seeds} proved; median {median:.1} s, worst {worst:.1} s\n", times.len()))?;
    for (why, times) in &thrown {
        print(&format!("  {times} × {}\n", clean(why)))?;
    }
    Ok(match (thrown.is_empty(), unknown) {
        (true, _) => 0,
        (false, 0) => 1,
        (false, _) => 3,
    })
}

/// What a proof came to: a sign, and its seconds or why not.
fn outcome(proved: &Result<Proof, Disproof>) -> (Status, String) {
    match proved {
        Ok(proof) => (Status::Pass, format!("{:.1} s", proof.seconds)),
        Err(disproof @ Disproof::Unknown(_)) => (Status::Unknown, disproof.to_string()),
        Err(disproof) => (Status::Fail, disproof.to_string()),
    }
}

fn count(status: Status, good: &mut usize, wrong: &mut usize, unknown: &mut usize) {
    match status {
        Status::Pass => *good += 1,
        Status::Fail => *wrong += 1,
        Status::Unknown => *unknown += 1,
    }
}

/// Proves these faults, or all, each in a costume: that it is fair, that its right fixes mend it, and that its slips do not. Gives 0
/// where each is what it claims to be.
///
/// # Errors
/// Usage: there is no such fault. Environment: the engine does not do what it should.
pub async fn faults(desk: &Desk<'_>, ids: &[String]) -> Result<u8> {
    let all = &desk.course.practice.faults;
    if let Some(unknown) = ids.iter().find(|id| desk.course.practice.fault(id).is_none()) {
        let known: Vec<&str> = all.iter().map(Fault::id).collect();
        return Err(
            Error::usage(format!("there is no fault {unknown}")).suggest(format!("one of: {}", known.join(", ")))
        );
    }
    let paint = Paint::stdout(desk.context.color);
    let line = ProgressLine::start(desk.context.verbose > 0);
    let (mut good, mut wrong, mut unknown) = (0, 0, 0);
    for fault in all.iter().filter(|fault| ids.is_empty() || ids.iter().any(|id| id == fault.id())) {
        let incident = redraw(&desk.course, Seed(0), &[fault.id().to_owned()])?;
        let proved = prove_incident(&incident, &desk.course, &desk.proof, line.progress()).await?;
        let (status, told) = outcome(&proved);
        count(status, &mut good, &mut wrong, &mut unknown);
        line.clear();
        let what = format!("{} {:<28} {:<4} {:<28}", symbol(status, paint), fault.id(), "", "the fault itself");
        print(&format!("{what} {}\n", paint.faint(&clean(&told))))?;
        let mended = prove_mending(fault, &desk.course, &desk.proof, line.progress(), |mending| {
            let status = match mending.works {
                None => Status::Unknown,
                Some(works) if works == mending.right => Status::Pass,
                Some(_) => Status::Fail,
            };
            count(status, &mut good, &mut wrong, &mut unknown);
            let kind = if mending.right { "fix" } else { "slip" };
            let told = if status == Status::Pass { String::new() } else { format!("  {}", clean(&mending.told)) };
            line.clear();
            let what = format!("{} {:<28} {kind:<4} {:<28}", symbol(status, paint), mending.fault, mending.id);
            print(&format!("{what} {}{told}\n", paint.faint(&format!("{:.1} s", mending.seconds))))
        });
        mended.await?;
    }
    line.finish().await;
    print(&format!("{good} as they should be, {wrong} not, {unknown} could not be told\n"))?;
    Ok(match (wrong, unknown) {
        (0, 0) => 0,
        (0, _) => 3,
        _ => 1,
    })
}
