//! `breakfix practice --stats`: how it went so far, class by class, and what is due.

use crate::{
    cli::terminal::print,
    error::Result,
    practice::{
        schedule::{self, ClassStats, How, Record},
        store::Store,
    },
};

/// Milliseconds of a day.
const DAY: u64 = 24 * 60 * 60 * 1000;
/// How many incidents of a class the plot shows: the newest.
const PLOT: usize = 20;

/// Prints the table.
///
/// # Errors
/// Environment: the history cannot be read.
pub fn stats(store: &Store, now: u64) -> Result<u8> {
    print(&table(&store.history()?, now)).map(|()| 0)
}

/// The table, with a small plot for each class.
fn table(history: &[Record], now: u64) -> String {
    let stats = schedule::stats(history);
    if stats.is_empty() {
        return "Nothing was practised yet: breakfix practice\n".to_owned();
    }
    let mut text = format!(
        "{:<10} {:<PLOT$}  {:>7}  {:>6}  {:>5}  {:>12}  due\n",
        "class", "the newest last", "solved", "median", "hints", "false starts"
    );
    for one in &stats {
        text.push_str(&format!(
            "{:<10} {:<PLOT$}  {:>7}  {:>6}  {:>5}  {:>12}  {}\n",
            one.class.word(),
            plot(one),
            format!("{} of {}", one.solved, one.played),
            one.median.map_or("-".to_owned(), |seconds| format!("{}:{:02}", seconds / 60, seconds % 60)),
            one.hints,
            one.false_starts,
            one.due.map_or_else(String::new, |due| told_due(due, now))
        ));
    }
    text.push_str("\n● solved alone   ◐ with hints   ○ not solved\n");
    text
}

fn plot(stats: &ClassStats) -> String {
    let newest = stats.course.len().saturating_sub(PLOT);
    let sign = |how: &How| match how {
        How::Alone => '●',
        How::Helped => '◐',
        How::Unsolved => '○',
    };
    stats.course[newest..].iter().map(sign).collect()
}

fn told_due(due: u64, now: u64) -> String {
    match due.checked_sub(now).map(|left| left.div_ceil(DAY)) {
        None | Some(0) => "now".to_owned(),
        Some(1) => "tomorrow".to_owned(),
        Some(days) => format!("in {days} days"),
    }
}

/// What is said where `--due` finds nothing.
pub fn nothing_due(history: &[Record], now: u64) -> String {
    let next = schedule::due(history).into_iter().min_by_key(|(_, at)| *at);
    match next {
        None => "Nothing is due: nothing was practised yet. breakfix practice\n".to_owned(),
        Some((class, at)) => format!("Nothing is due. The next is {class}, {}.\n", told_due(at, now)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::course::Class;

    #[test]
    fn the_plot_says_how_each_ended_and_what_is_due() {
        let record = |at, solved, hints| Record {
            at,
            course: "c".into(),
            fault: "f".into(),
            class: Class::Address,
            seed: 1,
            solved,
            bet_right: false,
            hints,
            false_starts: 1,
            seconds: 125,
        };
        let history = [record(DAY, true, 0), record(2 * DAY, true, 1), record(3 * DAY, false, 2)];
        let text = table(&history, 100 * DAY);
        let line = text.lines().nth(1).unwrap();
        assert!(line.starts_with("address    ●◐○ ") && line.contains("2 of 3") && line.contains("2:05"), "{text}");
        assert!(line.ends_with("now"), "{text}");
        assert!(nothing_due(&history[..1], DAY).starts_with("Nothing is due. The next is address, in "));
        assert!(table(&[], 0).contains("Nothing was practised yet"));
    }
}
