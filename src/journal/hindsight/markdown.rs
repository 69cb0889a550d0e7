//! The story as Markdown, ready for a README.

use std::fmt::Write as _;

use super::{Actual, Bets, Chapter, GOLDEN, Reflection, Story, clock, duration};
use crate::{course::Course, journal::Entry};

/// The hindsight report as Markdown, ready for a README: the golden narrative, the actual process, the takeaways.
pub fn hindsight_markdown(course: &Course, entries: &[Entry]) -> String {
    let story = Story::tell(course, entries);
    format!("# {}\n\n{}", story.title, narrative(&story, 2))
}

/// The same without its title, its headings one level further down: a part of somebody's own README.
pub fn narrative_markdown(course: &Course, entries: &[Entry]) -> String {
    narrative(&Story::tell(course, entries), 3)
}

fn narrative(story: &Story, level: usize) -> String {
    let heading = "#".repeat(level);
    let mut out = format!("{heading} A golden narrative\n\n");
    let _ = writeln!(out, "{GOLDEN}\n");
    for chapter in story.chapters.iter().filter(|chapter| !chapter.golden.is_empty()) {
        let _ = writeln!(out, "**{}.** {}\n", chapter.title, chapter.golden);
    }
    let _ = writeln!(out, "{heading} The actual process\n\n{}\n", story.tally.sentence());
    write_figures(&mut out, story);
    for chapter in &story.chapters {
        if let Some(actual) = &chapter.actual {
            write_chapter(&mut out, &heading, chapter, actual);
        }
    }
    write_takeaways(&mut out, &heading, story);
    out
}

fn write_figures(out: &mut String, story: &Story) {
    if !story.links.is_empty() {
        out.push_str("| first broken | time |\n|---|---|\n");
        for link in &story.links {
            let _ = writeln!(out, "| {} | {} |", link.label, duration(link.ms));
        }
        out.push('\n');
    }
    let bets = story.bets;
    if bets != Bets::default() {
        let _ = writeln!(out, "Predictions: {} right, {} wrong, {} skipped.\n", bets.right, bets.wrong, bets.skipped);
    }
}

fn write_chapter(out: &mut String, heading: &str, chapter: &Chapter, actual: &Actual) {
    let _ = writeln!(out, "{heading}# {} · {} ({})\n", chapter.number, chapter.title, actual.sentence());
    if let Some(bet) = &actual.bet {
        let _ = writeln!(out, "{}\n", bet.words());
    }
    for moment in &actual.moments {
        let _ = writeln!(out, "- `{}` {}", clock(moment.at_ms), moment.words);
        if let Some(diff) = &moment.diff {
            let _ = write!(out, "\n  ```diff\n{}  ```\n\n", indent(diff));
        }
    }
    if let Some(Reflection { question, answer }) = &actual.reflection {
        let _ = writeln!(out, "\n{question}\n\n> {answer}");
    }
    out.push('\n');
}

fn write_takeaways(out: &mut String, heading: &str, story: &Story) {
    let takeaways = &story.takeaways;
    if !(takeaways.turns.is_empty() && takeaways.notes.is_empty()) {
        let _ = writeln!(out, "{heading} What I take away\n");
        for words in takeaways.turns.iter().chain(&takeaways.notes) {
            let _ = writeln!(out, "- {words}");
        }
        out.push('\n');
    }
    if !takeaways.course.is_empty() {
        let _ = writeln!(out, "{heading} What the course asks in return\n");
        for question in &takeaways.course {
            let _ = writeln!(out, "- {}", question.replace('\n', " "));
        }
    }
}

fn indent(text: &str) -> String {
    text.lines().fold(String::new(), |mut out, line| {
        let _ = writeln!(out, "  {line}");
        out
    })
}
