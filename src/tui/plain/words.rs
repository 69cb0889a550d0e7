//! What the screen shows, as lines to be read from top to bottom: states as words, nothing by place or colour alone.

use ratatui::text::Line;

use crate::tui::{
    hops::{self, LinkState},
    keymap::{self, Place},
    model::{Focus, Model, Overlay, Screen, Tab},
    need, text, view,
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
    fresh: bool,
}

impl Said {
    /// The learner has typed something: the page may be asked for again.
    pub fn heard(&mut self) {
        self.fresh = true;
    }

    /// Whether something has happened that nobody typed: a file was saved, a container died.
    pub fn is_old(&self, model: &Model) -> bool {
        self.map != chain(model) || self.not_live != not_live(model)
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
        part(&mut self.map, chain(model));
        part(&mut self.body, body(model));
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
    if model.screen == Screen::Welcome {
        return Vec::new();
    }
    let map = hops::map(model);
    let mut lines = Vec::new();
    for (index, link) in map.links.iter().enumerate() {
        let (from, to) = (&map.nodes[index], &map.nodes[index + 1]);
        let state = match link.state {
            LinkState::Works => "works",
            LinkState::Broken => "broken",
            LinkState::Asking => "is being asked",
            LinkState::NotAsked => "not asked",
        };
        let port = if link.port.is_empty() { String::new() } else { format!(", {}", link.port) };
        let word = match link.state {
            LinkState::Works | LinkState::Broken if !link.word.is_empty() => format!(" ({})", link.word),
            _ => String::new(),
        };
        lines.push(format!("{from} to {to}{port}: {state}{word}"));
        if let Some((one, other)) = &link.facing {
            lines.push(format!("  these do not agree: {one}, {other}"));
        }
    }
    lines
}

/// What was saved and does not run, without how long ago that was.
fn not_live(model: &Model) -> Vec<String> {
    model.stale.iter().map(|stale| format!("{} {:?}", stale.service, stale.files)).collect()
}

fn body(model: &Model) -> Vec<String> {
    if let Some((title, lines)) = view::overlay_lines(model, COLUMNS) {
        let mut said = vec![format!("— {title} —")];
        let mut lines = worded(&lines);
        if matches!(model.place(), Place::Chooser | Place::Lessons) {
            // A lesson has a second line, its symptom.
            let each = if matches!(model.overlay, Some(Overlay::Lessons(_))) { 2 } else { 1 };
            for (index, line) in lines.iter_mut().enumerate().filter(|(index, _)| index % each == 0) {
                *line = format!("{}. {}", index / each + 1, line.trim_start());
            }
        }
        said.extend(lines);
        return said;
    }
    if model.screen == Screen::Welcome {
        let lines = view::welcome_lines(model, COLUMNS);
        return lines.iter().map(|line| in_words(&text::clean(&line.to_string()), HERE)).collect();
    }
    let title = match (model.focus, model.tab) {
        (Focus::Lesson, _) => {
            let lesson = model.lesson().map_or("", |lesson| lesson.title.as_str());
            format!("— {lesson}, page {} of {} —", model.page_index() + 1, model.pages().len())
        }
        (Focus::Map, _) => "— The chain —".to_owned(),
        (Focus::Side, tab) => format!("— {} —", tab.title()),
    };
    let lines = view::as_text(model);
    let lines: Vec<&str> = lines.lines().collect();
    let skipped =
        if model.tab == Tab::Logs && model.focus == Focus::Side { lines.len().saturating_sub(MOST) } else { 0 };
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
    let lines = view::status_lines(model, u16::MAX / 4);
    lines.iter().map(|line| in_words(&text::clean(&line.to_string()), SAID)).collect()
}

/// `next: v, ask the running stack`, and where words are asked for, that they are.
fn next(model: &Model) -> String {
    let place = model.place();
    let keys = |place| {
        let rows = keymap::bar(place);
        let names: Vec<_> = rows.iter().map(|row| format!("{} {}", keymap::names(row), row.label)).collect();
        names.join(", ")
    };
    match place {
        Place::Writing => "(type a line; an empty one skips)\n".to_owned(),
        Place::Welcome | Place::Story | Place::Question => {
            let step = need::next_step(model);
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
