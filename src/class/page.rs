//! The figures as one HTML page that needs nothing else. Names are text, whatever they contain.

use std::fmt::Write as _;

use super::{figures::Figures, plots};
use crate::{course::Course, journal::plural, sanitize};

/// The page, with a section for each figure: what is counted, a plot, and who is meant.
pub fn page(course: &Course, figures: &Figures) -> String {
    let title = format!("How the class worked: {}", sanitize::html(course.title.trim()));
    let mut out = String::from("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
    out.push_str("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n");
    let _ = writeln!(out, "<title>{title}</title>\n<style>\n{}</style>\n</head>\n<body>", include_str!("page.css"));
    let (labs, submissions) = (plural(figures.labs, "lab"), plural(figures.submissions, "submission"));
    let _ = writeln!(out, "<h1>{title}</h1>\n<p class=\"soft\">{labs}, {submissions}</p>");
    for section in
        [lessons(figures), hops(figures), wrong_turns(figures), seconds(figures), hints(figures), looks(figures)]
    {
        section.write(&mut out);
    }
    out.push_str("</body>\n</html>\n");
    out
}

/// One figure.
struct Section {
    title: &'static str,
    /// What is counted.
    counted: &'static str,
    plot: String,
    head: &'static [&'static str],
    rows: Vec<Vec<Cell>>,
}

enum Cell {
    Words(String),
    Figure(String),
    Who(Vec<String>),
}

impl Section {
    fn write(&self, out: &mut String) {
        let _ = writeln!(out, "<section>\n<h2>{}</h2>\n<p class=\"soft\">{}</p>", self.title, self.counted);
        if self.rows.is_empty() {
            out.push_str("<p>Nothing yet.</p>\n</section>\n");
            return;
        }
        if !self.plot.is_empty() {
            let _ =
                writeln!(out, "<figure role=\"img\" aria-label=\"{}\">\n{}\n</figure>", self.title, self.plot.trim());
        }
        out.push_str("<details><summary>in figures, and who</summary>\n<table>\n<thead><tr>");
        for name in self.head {
            let _ = write!(out, "<th scope=\"col\">{name}</th>");
        }
        out.push_str("</tr></thead>\n<tbody>\n");
        for row in &self.rows {
            out.push_str("<tr>");
            for cell in row {
                let _ = match cell {
                    Cell::Words(words) => write!(out, "<td>{}</td>", sanitize::html(words)),
                    Cell::Figure(figure) => write!(out, "<td class=\"figure\">{figure}</td>"),
                    Cell::Who(who) if who.is_empty() => write!(out, "<td>–</td>"),
                    Cell::Who(who) => write!(out, "<td>{}: {}</td>", who.len(), sanitize::html(&who.join(", "))),
                };
            }
            out.push_str("</tr>\n");
        }
        out.push_str("</tbody>\n</table></details>\n</section>\n");
    }
}

fn lessons(figures: &Figures) -> Section {
    let row = |lesson: &super::LessonFigure| {
        let who = [&lesson.started, &lesson.solved, &lesson.shown, &lesson.passes, &lesson.fails];
        [Cell::Words(lesson.title.clone())].into_iter().chain(who.map(|who| Cell::Who(who.clone()))).collect()
    };
    Section {
        title: "1 · Started and solved",
        counted: "Started: the lesson was opened in a lab. Solved: the containers proved it, and the fix was not shown. \
            Submissions are what <code>check</code> found.",
        plot: plots::lessons(figures),
        head: &["lesson", "started", "solved", "shown the fix", "submission works", "submission broken"],
        rows: figures.lessons.iter().map(row).collect(),
    }
}

fn hops(figures: &Figures) -> Section {
    let row = |hop: &super::HopFigure| {
        let rate = hop.first_try_rate.map_or_else(|| "–".to_owned(), |rate| format!("{:.0} %", rate * 100.0));
        let tries = hop.median_tries.map_or_else(|| "–".to_owned(), |tries| tries.to_string());
        let figures = [Cell::Words(hop.title.clone()), Cell::Figure(rate), Cell::Figure(tries)];
        figures.into_iter().chain([&hop.met, &hop.first_try, &hop.later].map(|who| Cell::Who(who.clone()))).collect()
    };
    Section {
        title: "2 · Tries per link",
        counted: "A try is an edit that was live when the stack was looked at, while this link was the first broken one. \
            The rate is of those who mended it.",
        plot: plots::hops(figures),
        head: &["link", "first-try rate", "median tries", "met", "at the first try", "with more"],
        rows: figures.hops.iter().map(row).collect(),
    }
}

fn wrong_turns(figures: &Figures) -> Section {
    let title = |id: &str| {
        let known = figures.lessons.iter().find(|lesson| lesson.id == id);
        known.map_or_else(|| id.to_owned(), |lesson| lesson.title.clone())
    };
    let row = |turn: &super::TurnFigure| {
        vec![Cell::Words(turn.title.clone()), Cell::Words(title(&turn.lesson)), Cell::Who(turn.who.clone())]
    };
    Section {
        title: "3 · Wrong turns",
        counted: "How many met each one, in a lab or in what they handed in.",
        plot: plots::wrong_turns(figures),
        head: &["wrong turn", "lesson", "who"],
        rows: figures.wrong_turns.iter().map(row).collect(),
    }
}

fn seconds(figures: &Figures) -> Section {
    let minutes = |seconds: f64| format!("{:.1}", seconds / 60.0);
    let row = |lesson: &super::LessonFigure| {
        let each: Vec<String> =
            lesson.seconds.each.iter().map(|(name, seconds)| format!("{name} {}", minutes(*seconds))).collect();
        let median = lesson.seconds.median.map_or_else(|| "–".to_owned(), minutes);
        vec![Cell::Words(lesson.title.clone()), Cell::Figure(median), Cell::Words(each.join(", "))]
    };
    Section {
        title: "4 · From the symptom to the live fix",
        counted: "Minutes of work from the look that first saw the lesson fail to the one that saw it hold. Pauses of more than ten \
            minutes, and fixes that were shown, are left out.",
        plot: plots::seconds(figures),
        head: &["lesson", "median minutes", "each, the quickest first"],
        rows: figures.lessons.iter().filter(|lesson| !lesson.seconds.each.is_empty()).map(row).collect(),
    }
}

fn hints(figures: &Figures) -> Section {
    let rows = figures.lessons.iter().filter(|lesson| lesson.has_bug).flat_map(|lesson| {
        let met = lesson
            .hints
            .iter()
            .filter(|hint| !(hint.solved.is_empty() && hint.shown.is_empty() && hint.open.is_empty()));
        met.map(move |hint| {
            let names = [Cell::Words(lesson.title.clone()), Cell::Words(hint.words())];
            let who = [&hint.solved, &hint.shown, &hint.open].map(|who| Cell::Who(who.clone()));
            names.into_iter().chain(who).collect()
        })
    });
    Section {
        title: "5 · The deepest hint, and what came of it",
        counted: "The deepest hint that somebody asked for before the lesson was solved.",
        plot: plots::hints(figures),
        head: &["lesson", "deepest hint", "solved", "shown the fix", "not solved"],
        rows: rows.collect(),
    }
}

fn looks(figures: &Figures) -> Section {
    let looks = &figures.looks;
    let row = |name: &str, all: usize, not_live: usize, could_not_tell: usize| {
        let share = |part: usize| match all {
            0 => "–".to_owned(),
            all => format!("{part} ({:.0} %)", part as f64 * 100.0 / all as f64),
        };
        let figures = [all.to_string(), share(not_live), share(could_not_tell)].map(Cell::Figure);
        [Cell::Words(name.to_owned())].into_iter().chain(figures).collect()
    };
    let mut rows = Vec::new();
    if looks.all > 0 {
        rows.push(row("all", looks.all, looks.not_live, looks.could_not_tell));
        rows.extend(looks.each.iter().map(|(name, all, not_live, not_told)| row(name, *all, *not_live, *not_told)));
    }
    if !looks.submissions_not_told.is_empty() {
        let who = looks.submissions_not_told.join(", ");
        let words = [Cell::Words(format!("submissions that could not be told: {who}")), Cell::Figure("–".into())];
        let count = [Cell::Figure("–".into()), Cell::Figure(looks.submissions_not_told.len().to_string())];
        rows.push(words.into_iter().chain(count).collect());
    }
    Section {
        title: "6 · Not live yet, could not tell",
        counted: "How often the stack was looked at while its containers were older than the files, and how often nothing could be said.",
        plot: plots::looks(figures),
        head: &["who", "looks", "not live yet", "could not tell"],
        rows,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::class::figures::tests::class;

    #[test]
    fn all_six_stand_on_one_page_that_needs_nothing_else() {
        let course = Course::embedded().unwrap();
        let figures = Figures::of(&course, &class());
        let text = page(&course, &figures);
        assert_eq!(text.matches("<h2>").count(), 6, "{text}");
        assert_eq!(text.matches("<svg").count(), 6, "{text}");
        assert!(!text.contains("src=") && !text.contains("href=") && !text.contains("<script"), "{text}");
        assert!(text.contains("&lt;cleo&gt;") && !text.contains("<cleo>"), "{text}");
        assert!(text.contains("50 %") && text.contains("1.5"), "{text}");
        assert_eq!(text, page(&course, &figures), "the same figures give the same page");
    }

    #[test]
    fn nobody_is_a_page_too() {
        let course = Course::embedded().unwrap();
        let text = page(&course, &Figures::of(&course, &[]));
        assert_eq!(text.matches("Nothing yet.").count(), 6, "{text}");
    }
}
