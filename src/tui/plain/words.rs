//! What the screen shows, as lines to be read from top to bottom: states as words, nothing by place or colour alone.

use ratatui::text::Line;

use crate::tui::{
    chain::{self, LinkState},
    content,
    keymap::{self, Command, Place},
    markdown,
    model::{Focus, Model, Overlay, Screen, Tab},
    next_step, text,
};

/// Columns of the text; a screen reader does not mind, and a narrow terminal wraps.
const COLUMNS: usize = 76;
/// More lines of a log are not said at once; the pager has them all.
const MOST: usize = 60;

/// What was said last, so that nothing is said twice in a row.
#[derive(Debug, Default)]
pub struct Said {
    map: Vec<String>,
    body: Vec<String>,
    status: Vec<String>,
    not_live: Vec<String>,
    hints: usize,
    fresh: bool,
}

impl Said {
    /// The learner has typed something: the page may be asked for again.
    pub fn heard(&mut self) {
        self.fresh = true;
    }

    /// Everything is to be said once more.
    pub fn again(&mut self) {
        *self = Self::default();
    }

    /// Whether something has happened since: a file was saved, a container died, a hint came.
    pub fn is_old(&self, model: &Model) -> bool {
        self.map != chain(model) || self.not_live != not_live(model) || self.hints != hints(model)
    }

    /// What is new since the last time: the chain, the page or the list, what was said, and the next step.
    pub fn anew(&mut self, model: &Model) -> String {
        let mut out = String::new();
        let mut part = |last: &mut Vec<String>, now: Vec<String>| {
            if *last != now {
                for line in &now {
                    out.push_str(line);
                    out.push('\n');
                }
                if !now.is_empty() {
                    out.push('\n');
                }
                *last = now;
            }
        };
        self.not_live = not_live(model);
        self.hints = hints(model);
        part(&mut self.map, chain(model));
        let now = body(model);
        // Of a page that was read, what is new in it; a list is read as a whole.
        let same_page = self.body.first() == now.first() && model.dialog.overlay.is_none();
        if same_page && self.body != now {
            let news = new_lines(&self.body, &now);
            self.body = now;
            part(&mut Vec::new(), news);
        } else {
            part(&mut self.body, now);
        }
        let status = status(model);
        if self.fresh {
            self.status.clear();
        }
        part(&mut self.status, status);
        self.fresh = false;
        out.push_str(&next(model));
        out
    }
}

/// One line a link: `browser to nginx, :8080: broken (refused)`.
fn chain(model: &Model) -> Vec<String> {
    if model.nav.screen == Screen::Welcome {
        return Vec::new();
    }
    let map = chain::map(model);
    let mut lines = Vec::new();
    for (link, (from, to)) in map.links.iter().zip(&map.ends) {
        let (from, to) = (&map.nodes[*from], &map.nodes[*to]);
        let state = match link.state {
            LinkState::Works => "works",
            LinkState::Broken => "broken",
            LinkState::Asking => "is being asked",
            LinkState::Old => "not asked since the last change",
            LinkState::NotAsked => "not asked",
            LinkState::NotReached => "not reached yet",
        };
        let port = if link.port.is_empty() { String::new() } else { format!(", {}", link.port) };
        let word = match link.state {
            LinkState::Works | LinkState::Broken | LinkState::Old if !link.word.is_empty() => {
                format!(" ({})", link.word)
            }
            _ => String::new(),
        };
        lines.push(format!("{from} to {to}{port}: {state}{word}"));
        if let Some((one, other)) = &link.facing {
            lines.push(format!("  these do not agree: {one}, {other}"));
        }
    }
    lines
}

/// The lines that were not there before, in their order; more than half of them are as good as a new page.
fn new_lines(before: &[String], now: &[String]) -> Vec<String> {
    let diff = similar::TextDiff::from_slices(
        &before.iter().map(String::as_str).collect::<Vec<_>>(),
        &now.iter().map(String::as_str).collect::<Vec<_>>(),
    )
    .iter_all_changes()
    .filter(|change| change.tag() == similar::ChangeTag::Insert)
    .map(|change| change.value().to_owned())
    .collect::<Vec<_>>();
    if diff.len() * 2 > now.len() { now.to_vec() } else { diff }
}

fn hints(model: &Model) -> usize {
    model.here().hints.len()
}

/// The lines of the open page that hold these words, with their numbers where it is a file.
pub fn found(model: &Model, wanted: &str) -> String {
    let needle = wanted.to_lowercase();
    let lines = match model.nav.tab {
        Tab::Files => numbered(model),
        _ => content::as_text(model).lines().map(str::to_owned).collect(),
    };
    let held: Vec<String> = lines
        .into_iter()
        .filter(|line| line.to_lowercase().contains(&needle))
        .map(|line| format!("{line}\n"))
        .collect();
    if held.is_empty() { format!("No line holds: {}\n", text::clean(wanted)) } else { held.concat() }
}

/// The open file: each line behind its number.
fn numbered(model: &Model) -> Vec<String> {
    let file = model.lab.files.files.get(model.nav.file_at).map_or("", |(_, file)| file.as_str());
    text::clean(file).lines().enumerate().map(|(index, line)| format!("{}: {line}", index + 1)).collect()
}

/// The Files page: which there are, which this is, and its lines.
fn files(model: &Model) -> Vec<String> {
    let names: Vec<&str> = model.lab.files.files.iter().map(|(path, _)| path.as_str()).collect();
    let mut lines = vec![format!("There are: {}. A name reads that one.", names.join(", ")), String::new()];
    if let Some(name) = names.get(model.nav.file_at) {
        lines.push(format!("{name}, line by line:"));
        lines.extend(numbered(model));
    }
    lines
}

/// Keys that move a picture, which there is none of here.
fn is_of_a_picture(command: Command) -> bool {
    use Command::{
        Bottom, EditHere, Left, LineDown, LineUp, Mouse, NextPane, PageDown, PageUp, PreviousPane, Redraw, Right,
        Search, Suspend, Top,
    };
    matches!(
        command,
        LineUp
            | LineDown
            | PageUp
            | PageDown
            | Left
            | Right
            | Top
            | Bottom
            | Mouse
            | NextPane
            | PreviousPane
            | Redraw
            | Suspend
            | EditHere
            | Search
    )
}

/// What can be typed as a line, on the page behind this list.
fn what_can_be_typed(model: &Model) -> Vec<String> {
    let place = model.place_behind();
    let mut lines = vec!["A key's name or its word is typed as a line:".to_owned(), String::new()];
    for row in keymap::TABLE.iter().filter(|row| row.holds.contains(&place) && !is_of_a_picture(row.command)) {
        // An arrow is no line.
        let names: Vec<String> = row.keys.iter().map(|key| key.name()).filter(|name| name.is_ascii()).collect();
        if names.is_empty() {
            continue;
        }
        lines.push(format!("{}, or {}: {}", names.join(" or "), row.label, row.help));
    }
    lines.push(String::new());
    lines.push("An empty line is Enter.".to_owned());
    lines.push("again, or a dot: the page once more, from its beginning".to_owned());
    lines.push("In a list: a number chooses.".to_owned());
    lines.push(
        "In the files: a name reads that file. In files and logs: /word reads the lines with that word.".to_owned(),
    );
    lines
}

/// What was saved and does not run, without how long ago that was.
fn not_live(model: &Model) -> Vec<String> {
    model.lab.stale.iter().map(|stale| format!("{} {:?}", stale.service, stale.files)).collect()
}

fn body(model: &Model) -> Vec<String> {
    match model.dialog.overlay {
        Some(Overlay::Help) => {
            let title = "— What can be typed —".to_owned();
            return std::iter::once(title).chain(what_can_be_typed(model)).collect();
        }
        Some(Overlay::Tour) => {
            let words = markdown::render(include_str!("../words/tour-plain.md"), model.theme, COLUMNS);
            return std::iter::once("— The tour —".to_owned()).chain(worded(&words)).collect();
        }
        _ => {}
    }
    if let Some(content::Content { title, lines, .. }) = content::overlay(model, COLUMNS) {
        let mut said = vec![format!("— {title} —")];
        let mut lines = worded(&lines);
        if matches!(model.place(), Place::Chooser | Place::Lessons) {
            // A lesson has a second line, its symptom.
            let each = if matches!(model.dialog.overlay, Some(Overlay::Lessons(_))) { 2 } else { 1 };
            for (index, line) in lines.iter_mut().enumerate().filter(|(index, _)| index % each == 0) {
                *line = format!("{}. {}", index / each + 1, line.trim_start());
            }
        }
        said.extend(lines);
        return said;
    }
    if model.nav.screen == Screen::Welcome {
        let lines = content::welcome(model, COLUMNS);
        return lines.iter().map(|line| in_words(&text::clean(&line.to_string()), HERE)).collect();
    }
    let title = match (model.nav.focus, model.nav.tab) {
        (Focus::Lesson, _) => {
            let lesson = model.lesson().map_or("", |lesson| lesson.title.as_str());
            format!("— {lesson}, page {} of {} —", model.page_index() + 1, model.pages().len())
        }
        (Focus::Map, _) => "— The chain —".to_owned(),
        (Focus::Side, tab) => format!("— {} —", tab.title()),
    };
    let lines = match (model.nav.focus, model.nav.tab) {
        (Focus::Side, Tab::Files) => files(model),
        _ => content::as_text(model).lines().map(str::to_owned).collect(),
    };
    let skipped =
        if model.nav.tab == Tab::Logs && model.nav.focus == Focus::Side { lines.len().saturating_sub(MOST) } else { 0 };
    let mut said = vec![title];
    if skipped > 0 {
        said.push(format!("({skipped} lines before these; o opens all)"));
    }
    if lines.iter().all(|line| line.trim().is_empty()) {
        said.push("(nothing yet)".to_owned());
    }
    said.extend(lines[skipped..].iter().map(|line| in_words(line, HOLDS)));
    said
}

fn status(model: &Model) -> Vec<String> {
    let lines = content::status_lines(model, u16::MAX / 4);
    lines.iter().map(|line| in_words(&text::clean(&line.to_string()), SAID)).collect()
}

/// `next: v, ask the running stack`, and where words are asked for, that they are.
fn next(model: &Model) -> String {
    let place = model.place();
    let keys = |place| {
        let rows = keymap::bar(place).into_iter().filter(|row| !is_of_a_picture(row.command));
        let names: Vec<_> = rows.map(|row| format!("{} {}", keymap::names(row), row.label)).collect();
        names.join(", ")
    };
    match place {
        Place::Writing => "(type a line; an empty one skips)\n".to_owned(),
        Place::Welcome | Place::Story | Place::Question => {
            let step = next_step::next_step(model);
            let key = step.key.map(|key| format!("{}, ", keymap::key_name(key, place))).unwrap_or_default();
            let types = step.types.map(|types| format!(" ($ {types})")).unwrap_or_default();
            let also = step.also.map(|(key, words)| format!("; or {}, {words}", keymap::key_name(key, place)));
            format!("next: {key}{}{types}{}\n", step.words, also.unwrap_or_default())
        }
        _ => format!("keys: {}\n", keys(place)),
    }
}

fn worded(lines: &[Line<'_>]) -> Vec<String> {
    lines.iter().map(|line| in_words(&text::clean(&line.to_string()), HOLDS)).collect()
}

/// What a symbol at the beginning of a line means on most pages.
const HOLDS: &[(&str, &str)] =
    &[("✓ ", "works: "), ("✗ ", "broken: "), ("· ", "not asked: "), ("▸ ", "> "), ("! ", "note: ")];
/// What it means where something is said about the stack.
const SAID: &[(&str, &str)] = &[("✗ ", "broken: "), ("· ", "note: "), ("! ", "note: ")];
/// What it means on the first screen.
const HERE: &[(&str, &str)] = &[("✓ ", "here: "), ("✗ ", "missing: "), ("○ ", "missing: "), ("… ", "not yet known: ")];

/// A line whose state stands as a symbol at its beginning, with the state as a word.
fn in_words(line: &str, symbols: &[(&str, &str)]) -> String {
    let line = line.trim_end();
    let rest = line.trim_start();
    let indent = &line[..line.len() - rest.len()];
    let worded =
        symbols.iter().find_map(|(symbol, word)| Some(format!("{indent}{word}{}", rest.strip_prefix(symbol)?)));
    worded.unwrap_or_else(|| line.to_owned())
}
