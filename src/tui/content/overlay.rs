//! What lies over the screen: lists, questions, texts and errors. The built-in editor draws itself.

use ratatui::{
    style::Style,
    text::{Line, Span},
};

use super::{diff, lines::input_line, standing::standing};
use crate::{
    error::{Blame, Error},
    tui::{
        input::Input,
        keymap, markdown,
        model::{Model, Overlay},
        text::{self, Break},
        withheld,
    },
};

/// A title, lines, and the line that has to be seen.
#[derive(Debug, Clone)]
pub struct Content {
    /// Its title.
    pub title: String,
    /// Its lines.
    pub lines: Vec<Line<'static>>,
    /// Index of the line that has to be seen, in a list.
    pub selected: Option<usize>,
}

/// What lies over the screen, if anything does.
pub fn content(model: &Model, columns: usize) -> Option<Content> {
    let prose = |words: &str| markdown::render(words, model.theme, columns);
    let plain = |title: &str, lines| Some(Content { title: title.to_owned(), lines, selected: None });
    match model.dialog.overlay.as_ref()? {
        Overlay::Help => plain("All keys", help(model, columns)),
        Overlay::Tour => plain("The tour", prose(include_str!("../words/tour.md"))),
        Overlay::Jumping(at) => plain("Further on", jumping(model, *at, columns)),
        Overlay::Repeating(at) => plain("Once more", repeating(model, *at, columns)),
        Overlay::Reading { title, words } => plain(title, prose(words)),
        Overlay::Error(error) => plain(error_title(error), error_lines(model, error, columns)),
        Overlay::Lessons(at) => Some(lessons(model, *at, columns)),
        Overlay::Files { at, here } => Some(files(model, *at, *here)),
        Overlay::Shell(at) => Some(shells(model, *at)),
        Overlay::Courses(at) => Some(courses(model, *at, columns)),
        Overlay::Leaving => plain(
            "Leave",
            prose(
                "The shop is running.\n\n`k` or Enter  leave it running; `breakfix` finds it again\n\n`d`  take it down: its containers go, the database's volume stays\n\nEsc  stay here",
            ),
        ),
        Overlay::Resetting => plain("Put files back", resetting(model, columns)),
        Overlay::Revealing => plain("The fix", revealing(model, columns)),
        Overlay::Images => plain("Base images", images(model, columns)),
        Overlay::Hypothesis { input, changes, .. } => {
            plain("One line first", hypothesis(model, input, changes, columns))
        }
        Overlay::Note(_) | Overlay::Search(_) | Overlay::Editor(_) => None,
    }
}

fn hypothesis(model: &Model, input: &Input, changes: &[String], columns: usize) -> Vec<Line<'static>> {
    let mut lines = Vec::new();
    if !changes.is_empty() {
        let words = include_str!("../words/many-changes.md").replace("{changes}", &listed(changes));
        lines.extend(markdown::render(&words, model.theme, columns));
        lines.push(Line::default());
    }
    lines.extend(markdown::render(include_str!("../words/hypothesis.md"), model.theme, columns));
    lines.push(Line::default());
    lines.push(input_line(model, "▸ ", input, columns));
    lines
}

/// `a`, `a and b`, `a, b and c`.
fn listed(words: &[String]) -> String {
    match words.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        Some((last, _)) => last.clone(),
        None => String::new(),
    }
}

/// From so many columns on, the keys stand in two columns.
const TWO_COLUMNS_FROM: usize = 96;
/// Between two columns.
const GAP: usize = 4;

/// All keys, grouped by where they hold; in two columns where there is room.
fn help(model: &Model, columns: usize) -> Vec<Line<'static>> {
    if columns < TWO_COLUMNS_FROM {
        return help_groups(model, columns).join(&Line::default());
    }
    let wide = (columns - GAP) / 2;
    let groups = help_groups(model, wide);
    let total: usize = groups.iter().map(|group| group.len() + 1).sum();
    let mut sides = [Vec::new(), Vec::new()];
    let mut taken = 0;
    for group in groups {
        let side = &mut sides[usize::from(taken + group.len() / 2 > total / 2)];
        taken += group.len() + 1;
        if !side.is_empty() {
            side.push(Line::default());
        }
        side.extend(group);
    }
    let [left, right] = sides;
    let line = |at: usize| {
        let mut line = left.get(at).cloned().unwrap_or_default();
        let pad = (wide + GAP).saturating_sub(line.width());
        let mut spans: Vec<Span<'static>> =
            line.spans.drain(..).map(|span| span.patch_style(line.style)).chain([Span::raw(" ".repeat(pad))]).collect();
        if let Some(right) = right.get(at) {
            spans.extend(right.spans.iter().map(|span| span.clone().patch_style(right.style)));
        }
        Line::from(spans)
    };
    (0..left.len().max(right.len())).map(line).collect()
}

/// The keys, group by group.
fn help_groups(model: &Model, columns: usize) -> Vec<Vec<Line<'static>>> {
    let theme = model.theme;
    let groups = keymap::groups();
    let names = groups.iter().flat_map(|(_, rows)| rows).map(|row| text::width(&keymap::names(row))).max();
    let names = names.unwrap_or(0) + 2;
    let group = |(title, rows): (&'static str, Vec<&'static keymap::Binding>)| {
        let mut lines = vec![Line::styled(title, theme.strong())];
        for row in rows {
            let line = Line::from(vec![
                Span::styled(text::pad(&keymap::names(row), names), theme.command()),
                Span::raw(row.help),
            ]);
            lines.extend(text::wrap(&line, columns, names, Break::Words));
        }
        lines
    };
    groups.into_iter().map(group).collect()
}

fn error_title(error: &Error) -> &'static str {
    match error.blame {
        Blame::Environment => "✗ This machine",
        Blame::Stack => "✗ The stack",
        Blame::Usage => "✗ That cannot be done",
        Blame::Cancelled => "Stopped",
    }
}

/// What happened, why, what to try.
fn error_lines(model: &Model, error: &Error, columns: usize) -> Vec<Line<'static>> {
    let theme = model.theme;
    let mut lines = Vec::new();
    let part = |lines: &mut Vec<Line<'static>>, words: &str, style: Style| {
        for line in text::clean(words).lines() {
            lines.extend(text::wrap(&Line::styled(line.to_owned(), style), columns, 0, Break::Words));
        }
    };
    part(&mut lines, &error.what, theme.bad());
    if !error.why.is_empty() {
        lines.push(Line::default());
        lines.push(Line::styled("Why", theme.strong()));
        for why in &error.why {
            part(&mut lines, why, Style::new());
        }
    }
    if !error.try_next.is_empty() {
        lines.push(Line::default());
        lines.push(Line::styled("What to try", theme.strong()));
        for suggestion in &error.try_next {
            part(&mut lines, suggestion, theme.command());
        }
    }
    if error.blame == Blame::Environment {
        lines.push(Line::default());
        part(&mut lines, "This is no fault of your fix.", theme.faint());
    }
    lines
}

/// Stands for a title that would answer a question of this lesson.
const NOT_YET: &str = "(you will see)";

fn lessons(model: &Model, at: usize, columns: usize) -> Content {
    let theme = model.theme;
    let mut lines = Vec::new();
    for (index, lesson) in model.course.lessons.iter().enumerate() {
        let (symbol, word) = standing(model, index);
        let number = model.bug_number(index).map_or("   ".to_owned(), |number| format!("{number}  "));
        // What lies ahead may tell what is asked here.
        let ahead = index > model.nav.lesson && model.lab.progress.lesson(&lesson.id).opened_at.is_none();
        let hidden = ahead && (withheld::holds(model, &lesson.title) || withheld::holds(model, &lesson.symptom));
        let (title, symptom) = if hidden { (NOT_YET, "") } else { (lesson.title.as_str(), lesson.symptom.as_str()) };
        let head = format!("{symbol} {word:<13} {number}{title}");
        let style = if index == at { theme.selected() } else { Style::new() };
        lines.push(Line::styled(text::pad(&head, columns), style));
        lines.push(Line::styled(text::cut(&format!("                   {symptom}"), columns), theme.faint()));
    }
    let track = if model.config.fast_track { "Lessons · fast track: only the symptoms" } else { "Lessons" };
    Content { title: track.to_owned(), lines, selected: Some(at * 2) }
}

fn jumping(model: &Model, at: usize, columns: usize) -> Vec<Line<'static>> {
    let list: String = model.unsolved_before(at).iter().map(|lesson| format!("- {}\n", lesson.title)).collect();
    let title = model.course.lessons.get(at).map_or("", |lesson| lesson.title.as_str());
    let words = include_str!("../words/jump.md").replace("{lesson}", title).replace("{before}", &list);
    markdown::render(&words, model.theme, columns)
}

fn repeating(model: &Model, at: usize, columns: usize) -> Vec<Line<'static>> {
    let lesson = model.course.lessons.get(at);
    let mut files: Vec<String> =
        lesson.iter().flat_map(|lesson| &lesson.fix).map(|edit| format!("`{}`", edit.file())).collect();
    files.dedup();
    let words = include_str!("../words/repeat.md")
        .replace("{lesson}", lesson.map_or("", |lesson| lesson.title.as_str()))
        .replace("{files}", &listed(&files));
    markdown::render(&words, model.theme, columns)
}

fn files(model: &Model, at: usize, here: bool) -> Content {
    let theme = model.theme;
    let lines = model
        .files_to_edit()
        .iter()
        .enumerate()
        .map(|(index, file)| {
            let changed = model.lab.files.diffs.iter().any(|(changed, _)| changed == file);
            let mark = if changed { "  (changed)" } else { "" };
            let style = if index == at { theme.selected() } else { Style::new() };
            Line::styled(format!(" {}{mark} ", text::clean(file)), style)
        })
        .collect();
    let title = if here { "Edit here" } else { "Edit in your editor" };
    Content { title: title.to_owned(), lines, selected: Some(at) }
}

fn courses(model: &Model, at: usize, columns: usize) -> Content {
    let (mut lines, mut selected) = (Vec::new(), 0);
    for (index, other) in model.others.iter().enumerate() {
        if index == at {
            selected = lines.len();
        }
        let style = if index == at { model.theme.selected() } else { Style::new() };
        lines.push(Line::styled(text::pad(&format!(" {}", text::clean(&other.name)), columns), style));
        let words = Line::styled(format!("   {}", text::clean(&other.words)), model.theme.faint());
        lines.extend(text::wrap(&words, columns, 3, Break::Words));
    }
    Content { title: "Another course".to_owned(), lines, selected: Some(selected) }
}

fn shells(model: &Model, at: usize) -> Content {
    let theme = model.theme;
    let running = model.running();
    let lines = running.iter().enumerate().map(|(index, service)| {
        let style = if index == at { theme.selected() } else { Style::new() };
        Line::from(vec![
            Span::styled(format!(" {} ", text::pad(&text::clean(service), 14)), style),
            Span::styled(format!("  $ docker compose exec {} sh", text::clean(service)), theme.faint()),
        ])
    });
    Content { title: "A shell in a container".to_owned(), lines: lines.collect(), selected: Some(at) }
}

fn resetting(model: &Model, columns: usize) -> Vec<Line<'static>> {
    let file = model.lab.files.files.get(model.nav.file_at).map_or("(none)", |(path, _)| path.as_str());
    let changed: Vec<String> = model.lab.files.diffs.iter().map(|(file, _)| format!("`{file}`")).collect();
    if changed.is_empty() {
        return markdown::render("All files are as they were at the start.\n\nEsc  close", model.theme, columns);
    }
    // A lesson is undone where a file goes back that its fix stands in.
    let undone = |only: Option<&str>| {
        let solved = |lesson: &&crate::course::Lesson| model.lab.progress.lesson(&lesson.id).is_solved();
        let lessons = model.course.lessons.iter().filter(solved).filter(|lesson| {
            let mut files = lesson.fix.iter().map(|edit| edit.file());
            files.any(|file| only.is_none_or(|only| only == file) && changed.contains(&format!("`{file}`")))
        });
        let titles: Vec<String> = lessons.map(|lesson| format!("**{}**", lesson.title)).collect();
        if titles.is_empty() { String::new() } else { format!("; solved no longer: {}", listed(&titles)) }
    };
    let only = if changed.contains(&format!("`{file}`")) {
        format!("`f`  only `{}`{}\n\n", text::clean(file), undone(Some(file)))
    } else {
        String::new()
    };
    let words = format!(
        "Files go back to what they were at the start. What they hold now is kept as a copy in `.breakfix`.\n\n`a`  all that you changed: {}{}\n\n{only}Esc  change nothing",
        listed(&changed),
        undone(None),
    );
    markdown::render(&words, model.theme, columns)
}

fn revealing(model: &Model, columns: usize) -> Vec<Line<'static>> {
    let Some(lesson) = model.lesson() else { return Vec::new() };
    let theme = model.theme;
    let mut lines: Vec<Line<'static>> = diff::edits(&lesson.fix, theme)
        .into_iter()
        .flat_map(|line| text::wrap(&line, columns, 4, Break::Anywhere))
        .collect();
    lines.extend(markdown::render(&lesson.golden, theme, columns));
    lines.push(Line::default());
    let words = "**Enter** applies this to your files. Then `u` makes it live, and `v` asks. **Esc** changes nothing, and you go on yourself.";
    lines.extend(markdown::render(words, theme, columns));
    lines
}

fn images(model: &Model, columns: usize) -> Vec<Line<'static>> {
    let missing: Vec<&str> = model.missing_images().collect();
    let words = format!(
        "The shop is built on images that are not on this machine yet: `{}`.\n\nThey are pulled from their registry. Where none answers, **stand-ins** with the same programs are built from Debian's packages: they serve this course well, and `breakfix images pull` replaces them later.\n\n**Enter** gets them. **Esc** goes on without: you can read the story, and start nothing.",
        missing.join("`, `")
    );
    markdown::render(&words, model.theme, columns)
}
