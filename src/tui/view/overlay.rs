//! What lies over the screen: lists, questions, texts, errors, and the built-in editor.

use ratatui::{
    buffer::Buffer,
    layout::Rect,
    style::Style,
    text::{Line, Span},
    widgets::{Block, Clear, Widget},
};

use super::{diff, header, layout, panes, panes::Extent};
use crate::{
    error::{Blame, Error},
    tui::{
        editor::Editor,
        highlight::{Highlighter, Language},
        input::Input,
        keymap, markdown,
        model::{Model, Overlay, Screen},
        need,
        text::{self, Break},
    },
};

/// A title, lines, and the line that has to be seen.
struct Content {
    title: String,
    lines: Vec<Line<'static>>,
    selected: Option<usize>,
}

/// Draws it, if anything lies over the screen.
pub fn draw(model: &Model, area: Rect, buffer: &mut Buffer) {
    let area = place(model, area);
    let Some(Content { title, mut lines, selected }) = content(model, columns(area)) else { return };
    let inside = panes::inner(area);
    let height = usize::from(inside.height);
    let top = match selected {
        // The chosen line stays in sight, in the middle where possible.
        Some(selected) => selected.saturating_sub(height / 2),
        None => model.scrolls.overlay.top,
    };
    let (first, last, total) = panes::window(&mut lines, top, height);
    Clear.render(area, buffer);
    let title = Line::styled(format!(" {} ", text::cut(&title, columns(area))), model.theme.strong());
    panes::where_we_are(model, Block::bordered().title(title), first, last, total).render(area, buffer);
    panes::draw_lines(buffer, inside, &lines, 0);
}

/// It takes the lesson's place, so that no box stands in another, and the evidence stays in sight where it was.
fn place(model: &Model, area: Rect) -> Rect {
    if model.screen == Screen::Welcome {
        let width = area.width.min(90);
        return Rect { y: area.y + 4, height: area.height.saturating_sub(7), width, ..area };
    }
    let layout = layout(model, area);
    layout.lesson.filter(|_| model.is_wide()).unwrap_or(layout.panes)
}

fn columns(area: Rect) -> usize {
    usize::from(panes::inner(area).width)
}

/// How much there is to see of it.
pub fn extent(model: &Model, area: Rect) -> Extent {
    let area = place(model, area);
    match content(model, columns(area)) {
        Some(content) => {
            Extent { total: content.lines.len(), height: usize::from(panes::inner(area).height), widest: 0 }
        }
        None => Extent::default(),
    }
}

/// Its title and its lines, for where nothing is drawn.
pub fn as_lines(model: &Model, columns: usize) -> Option<(String, Vec<Line<'static>>)> {
    content(model, columns).map(|content| (content.title, content.lines))
}

fn content(model: &Model, columns: usize) -> Option<Content> {
    let prose = |words: &str| markdown::render(words, model.theme, columns);
    let plain = |title: &str, lines| Some(Content { title: title.to_owned(), lines, selected: None });
    match model.overlay.as_ref()? {
        Overlay::Help => plain("All keys", help(model, columns)),
        Overlay::Tour => plain("The tour", prose(include_str!("../words/tour.md"))),
        Overlay::Jumping(at) => plain("Further on", jumping(model, *at, columns)),
        Overlay::Repeating(at) => plain("Once more", repeating(model, *at, columns)),
        Overlay::Reading { title, words } => plain(title, prose(words)),
        Overlay::Error(error) => plain(error_title(error), error_lines(model, error, columns)),
        Overlay::Lessons(at) => Some(lessons(model, *at, columns)),
        Overlay::Files { at, here } => Some(files(model, *at, *here)),
        Overlay::Shell(at) => Some(shells(model, *at)),
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

fn help(model: &Model, columns: usize) -> Vec<Line<'static>> {
    let theme = model.theme;
    let mut lines = Vec::new();
    for (title, rows) in keymap::groups() {
        if !lines.is_empty() {
            lines.push(Line::default());
        }
        lines.push(Line::styled(title, theme.strong()));
        for row in rows {
            let line = Line::from(vec![
                Span::styled(text::pad(&keymap::names(row), 12), theme.command()),
                Span::raw(row.help),
            ]);
            lines.extend(text::wrap(&line, columns, 12, Break::Words));
        }
    }
    lines
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

fn lessons(model: &Model, at: usize, columns: usize) -> Content {
    let theme = model.theme;
    let mut lines = Vec::new();
    for (index, lesson) in model.course.lessons.iter().enumerate() {
        let (symbol, word) = header::standing(model, index);
        let number = model.bug_number(index).map_or("   ".to_owned(), |number| format!("{number}  "));
        let head = format!("{symbol} {word:<13} {number}{}", lesson.title);
        let style = if index == at { theme.selected() } else { Style::new() };
        lines.push(Line::styled(text::pad(&head, columns), style));
        lines.push(Line::styled(text::cut(&format!("                   {}", lesson.symptom), columns), theme.faint()));
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
            let changed = model.files.diffs.iter().any(|(changed, _)| changed == file);
            let mark = if changed { "  (changed)" } else { "" };
            let style = if index == at { theme.selected() } else { Style::new() };
            Line::styled(format!(" {}{mark} ", text::clean(file)), style)
        })
        .collect();
    let title = if here { "Edit here" } else { "Edit in your editor" };
    Content { title: title.to_owned(), lines, selected: Some(at) }
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
    let file = model.files.files.get(model.file_at).map_or("(none)", |(path, _)| path.as_str());
    let words = format!(
        "Files go back to what they were at the start. What they hold now is kept as a copy in `.breakfix`.\n\n`a`  all files\n\n`f`  only `{}`\n\nEsc  change nothing",
        text::clean(file)
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
    let missing: Vec<&str> = need::missing_images(model).collect();
    let words = format!(
        "The shop is built on images that are not on this machine yet: `{}`.\n\nThey are pulled from their registry. Where none answers, **stand-ins** with the same programs are built from Debian's packages: they serve this course well, and `breakfix images pull` replaces them later.\n\n**Enter** gets them. **Esc** goes on without: you can read the story, and start nothing.",
        missing.join("`, `")
    );
    markdown::render(&words, model.theme, columns)
}

/// A line that is written, with the place in it.
pub fn input_line(model: &Model, lead: &str, input: &Input, columns: usize) -> Line<'static> {
    let room = columns.saturating_sub(text::width(lead) + 1);
    let (before, under, after) = input.shown(room);
    Line::from(vec![
        Span::styled(lead.to_owned(), model.theme.attention()),
        Span::raw(before),
        Span::styled(under, model.theme.selected()),
        Span::raw(after),
    ])
}

/// The built-in editor, in place of the panes.
pub fn draw_editor(model: &Model, editor: &Editor, area: Rect, buffer: &mut Buffer) {
    let changed = if editor.is_changed() { " · not saved" } else { "" };
    let title = Line::styled(format!(" {}{changed} ", text::clean(&editor.file)), model.theme.strong());
    let cursor = editor.area.cursor();
    let place = format!(" line {} of {} ", cursor.0 + 1, editor.area.lines().len());
    let block = Block::bordered().title(title).title_bottom(Line::styled(place, model.theme.faint()).right_aligned());
    let inside = block.inner(area);
    Clear.render(area, buffer);
    block.render(area, buffer);
    if inside.width > 0 && inside.height > 0 {
        Widget::render(&editor.area, inside, buffer);
        colour(model, editor, inside, buffer);
    }
}

/// Colours for what the editor shows. Which lines those are is told by their numbers; a line that is scrolled sideways
/// stays as it is.
fn colour(model: &Model, editor: &Editor, area: Rect, buffer: &mut Buffer) {
    let lines = editor.area.lines();
    // The numbers stand right-aligned in a column, with a blank on either side.
    let gutter = u16::try_from(lines.len().to_string().len()).unwrap_or(0) + 2;
    let number = |buffer: &Buffer, row: u16| {
        let digits: String = (0..gutter).map(|x| buffer[(area.x + x, row)].symbol()).collect();
        digits.trim().parse::<usize>().ok()
    };
    if area.width <= gutter {
        return;
    }
    let Some(first) = number(buffer, area.y) else { return };
    let mut highlighter = Highlighter::new(Language::of(&editor.file), model.theme);
    for (index, line) in lines.iter().enumerate().take(first + usize::from(area.height)) {
        let spans = highlighter.line(line);
        let Some(row) = (index + 1).checked_sub(first).and_then(|row| u16::try_from(row).ok()) else { continue };
        if row >= area.height {
            break;
        }
        let (row, mut x) = (area.y + row, area.x + gutter);
        'line: for span in spans {
            for c in span.content.chars() {
                let wide = u16::try_from(text::width(c.encode_utf8(&mut [0; 4]))).unwrap_or(1);
                if x >= area.right() || buffer[(x, row)].symbol() != c.to_string() {
                    break 'line;
                }
                buffer[(x, row)].set_style(span.style);
                x += wide.max(1);
            }
        }
    }
}
