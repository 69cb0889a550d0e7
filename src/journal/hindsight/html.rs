//! The story as one HTML page that needs nothing else: the golden narrative and the actual process side by side.

use std::fmt::Write as _;

use pulldown_cmark::{Event as Piece, Parser, Tag, TagEnd, html};

use super::{
    Actual, Chapter, GOLDEN, Reflection, Story, clock, date, duration, moments::Kind, moments::Moment, plural,
};
use crate::{course::Course, journal::Entry, sanitize};

/// The hindsight report as one self-contained HTML page. What programs and learners said is text, whatever it contains.
pub fn hindsight_html(course: &Course, entries: &[Entry]) -> String {
    let story = Story::tell(course, entries);
    let mut out = String::from("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
    out.push_str("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n");
    let _ = writeln!(out, "<title>{}</title>", sanitize::html(&story.title));
    let _ = writeln!(out, "<style>\n{}</style>\n</head>\n<body>", include_str!("hindsight.css"));
    let _ = writeln!(out, "<h1>{}</h1>", sanitize::html(&story.title));
    if let Some(at) = story.ended_at {
        let _ = writeln!(out, "<p class=\"soft\">{}</p>", date(at));
    }
    write_tally(&mut out, &story);
    write_links(&mut out, &story);
    out.push_str("<h2>Two stories</h2>\n");
    let _ = writeln!(out, "<p class=\"soft\">{GOLDEN}</p>");
    for chapter in &story.chapters {
        write_chapter(&mut out, chapter);
    }
    write_takeaways(&mut out, &story);
    out.push_str("</body>\n</html>\n");
    out
}

fn write_tally(out: &mut String, story: &Story) {
    let tally = &story.tally;
    let mut figures = vec![
        (duration(tally.active_ms), "of work".to_owned()),
        (format!("{} of {}", tally.solved, tally.lessons), "lessons solved".to_owned()),
        counted(tally.verifications, "verification"),
        counted(tally.wrong_turns, "wrong turn"),
        counted(tally.hints, "hint"),
    ];
    let bets = story.bets;
    if bets.right + bets.wrong > 0 {
        figures.push((format!("{} of {}", bets.right, bets.right + bets.wrong), "predictions right".to_owned()));
    }
    out.push_str("<ul class=\"tally\">\n");
    for (figure, label) in figures {
        let _ = writeln!(out, "<li><b>{figure}</b>{label}</li>");
    }
    out.push_str("</ul>\n");
}

/// The figure and its noun, which may be one.
fn counted(count: usize, noun: &str) -> (String, String) {
    let words = plural(count, noun);
    (count.to_string(), words.split_once(' ').map_or(words.clone(), |(_, noun)| noun.to_owned()))
}

fn write_links(out: &mut String, story: &Story) {
    let Some(longest) = story.links.iter().map(|link| link.ms).max() else { return };
    out.push_str("<h2>Where the chain was broken, and for how long</h2>\n<table class=\"links\">\n");
    for link in &story.links {
        let width = link.ms * 60 / longest.max(1);
        let _ = writeln!(
            out,
            "<tr><th>{}</th><td><i style=\"width:{width}%\"></i>{}</td></tr>",
            sanitize::html(&link.label),
            duration(link.ms)
        );
    }
    out.push_str("</table>\n");
}

fn write_chapter(out: &mut String, chapter: &Chapter) {
    let Chapter { number, title, golden, actual, .. } = chapter;
    let _ = writeln!(out, "<section class=\"chapter\">\n<h3>{number} · {}</h3>", sanitize::html(title));
    let state = actual.as_ref().map_or_else(|| "not begun".to_owned(), Actual::sentence);
    let _ = writeln!(out, "<p class=\"soft\">{state}</p>");
    let _ = writeln!(out, "<div class=\"golden\"><p class=\"eyebrow\">golden narrative</p>{}</div>", rendered(golden));
    out.push_str("<div><p class=\"eyebrow\">actual process</p>\n");
    if let Some(actual) = actual {
        write_actual(out, actual);
    }
    out.push_str("</div>\n</section>\n");
}

fn write_actual(out: &mut String, actual: &Actual) {
    if let Some(bet) = &actual.bet {
        let _ = writeln!(out, "<div class=\"bet\">{}</div>", rendered(&bet.words()));
    }
    out.push_str("<ol class=\"moments\">\n");
    for moment in &actual.moments {
        write_moment(out, moment);
    }
    out.push_str("</ol>\n");
    if let Some(Reflection { question, answer }) = &actual.reflection {
        let _ = writeln!(out, "<p>{}</p><blockquote>{}</blockquote>", rendered(question), rendered(answer));
    }
}

fn write_moment(out: &mut String, moment: &Moment) {
    let class = match moment.kind {
        Kind::Change => "change",
        Kind::Work => "work",
        Kind::Holds => "holds",
        Kind::Fails => "fails",
        Kind::Unknown => "unknown",
        Kind::Help => "help",
        Kind::Words => "words",
        Kind::Solved => "solved",
    };
    let _ = write!(
        out,
        "<li class=\"{class}\"><time>{}</time><span class=\"mark\">{}</span><div>{}",
        clock(moment.at_ms),
        moment.kind.symbol(),
        rendered(&moment.words)
    );
    if let Some(diff) = &moment.diff {
        out.push_str("<pre>");
        for line in diff.lines() {
            let tag = if line.starts_with('+') { "ins" } else { "del" };
            let _ = write!(out, "<{tag}>{}</{tag}>", sanitize::html(&line.replace('\t', "    ")));
        }
        out.push_str("</pre>");
    }
    out.push_str("</div></li>\n");
}

fn write_takeaways(out: &mut String, story: &Story) {
    let takeaways = &story.takeaways;
    let mut own = String::new();
    for words in takeaways.turns.iter().chain(&takeaways.notes) {
        let _ = write!(own, "<li>{}</li>", rendered(words));
    }
    let course: String = takeaways.course.iter().fold(String::new(), |mut list, question| {
        let _ = write!(list, "<li>{}</li>", rendered(question));
        list
    });
    if own.is_empty() && course.is_empty() {
        return;
    }
    out.push_str("<h2>What stays</h2>\n<div class=\"two\">\n");
    for (title, list) in [("my own", own), ("what the course asks in return", course)] {
        if !list.is_empty() {
            let _ = writeln!(out, "<div><p class=\"eyebrow\">{title}</p><ul>{list}</ul></div>");
        }
    }
    out.push_str("</div>\n");
}

/// Markdown as HTML. Raw HTML in it is shown as text, and only links to the web stay links: some of the words are the learner's,
/// and some are what a broken page said.
fn rendered(markdown: &str) -> String {
    let mut link_dropped = false;
    let pieces = Parser::new(markdown).filter_map(|piece| match piece {
        Piece::Html(text) | Piece::InlineHtml(text) => Some(Piece::Text(text)),
        Piece::Start(Tag::Link { ref dest_url, .. }) if !is_web(dest_url) => {
            link_dropped = true;
            None
        }
        Piece::End(TagEnd::Link) if std::mem::take(&mut link_dropped) => None,
        Piece::Start(Tag::Image { .. }) | Piece::End(TagEnd::Image) => None,
        other => Some(other),
    });
    let mut out = String::new();
    html::push_html(&mut out, pieces);
    out.trim_end().to_owned()
}

fn is_web(url: &str) -> bool {
    url.starts_with("http://") || url.starts_with("https://")
}
