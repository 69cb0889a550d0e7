//! The last two lines: the one thing to do now, and the keys.

use ratatui::{
    buffer::Buffer,
    layout::Rect,
    text::{Line, Span},
};

use crate::tui::{
    content,
    keymap::{self, Binding, Command, Place},
    model::{Focus, Model, Overlay},
    next_step::{self, Next},
    text,
};
use crate::{conductor::EngineStatus, engine::EngineKind, engine::ServiceState};

/// The line that says what to do next.
pub fn draw_next(model: &Model, area: Rect, buffer: &mut Buffer) {
    super::put(buffer, area, 0, &next_line(model, usize::from(area.width)));
}

/// The same, as a line.
pub fn next_line(model: &Model, columns: usize) -> Line<'static> {
    let theme = model.theme;
    let Next { key, words, types, also } = next_step::next_step(model);
    let place = model.place();
    let mut spans = vec![Span::styled(" ▸ next: ", theme.attention())];
    if let Some(command) = key {
        spans.push(Span::styled(key_of(model, command, place), theme.command()));
        spans.push(Span::raw("  "));
    }
    let width = |spans: &[Span<'_>]| spans.iter().map(Span::width).sum::<usize>();
    spans.push(Span::raw(text::cut(&words, columns.saturating_sub(width(&spans)))));
    let typed = types.map(|command| Span::styled(format!("  ($ {command})"), theme.faint()));
    let also = also.into_iter().flat_map(|(command, words)| {
        [
            Span::styled("   ·   ", theme.faint()),
            Span::styled(key_of(model, command, place), theme.command()),
            Span::raw(format!("  {words}")),
        ]
    });
    let also: Vec<Span<'static>> = also.collect();
    // The command is the first to go where there is no room, then the other thing to do: no word of it is cut.
    let taken = width(&spans) + width(&also);
    spans.extend(typed.filter(|typed| taken + typed.width() <= columns));
    let fits = width(&spans) + width(&also) <= columns;
    spans.extend(also.into_iter().filter(|_| fits));
    Line::from(spans)
}

/// The key of a command; answers are given by any of the choices' digits.
fn key_of(model: &Model, command: Command, place: Place) -> String {
    if command == Command::Answer {
        let lesson = model.lesson().and_then(|lesson| lesson.prediction.as_ref());
        return format!("1–{}", lesson.map_or(1, |asked| asked.choices.len()));
    }
    keymap::key_name(command, place)
}

/// The bar of keys.
pub fn draw_keys(model: &Model, area: Rect, buffer: &mut Buffer) {
    let columns = usize::from(area.width);
    let right = running(model, columns);
    let rows = keymap::bar(model.place());
    let mut shown: Vec<&Binding> = rows;
    let searching = matches!(&model.dialog.overlay, Some(Overlay::Editor(editor)) if editor.search.is_some());
    if searching {
        shown = keymap::bar(Place::Writing);
    }
    // The least important go first; help and quitting stay.
    while shown.len() > 2 && keys_width(model, &shown) + text::width(&right) + 3 > columns {
        let last = shown.iter().rposition(|row| row.bar < 20).unwrap_or(shown.len() - 1);
        shown.remove(last);
    }
    let mut spans = Vec::new();
    for row in shown {
        spans.push(Span::raw(" "));
        spans.push(Span::styled(key_of(model, row.command, model.place()), model.theme.command()));
        spans.push(Span::raw(format!(" {} ", label(model, row))));
    }
    super::put(buffer, area, 0, &Line::from(spans));
    let wide = u16::try_from(text::width(&right)).unwrap_or(u16::MAX);
    let x = area.width.saturating_sub(wide + 1);
    buffer.set_line(area.x + x, area.y, &Line::styled(right, model.theme.faint()), wide);
}

fn keys_width(model: &Model, rows: &[&Binding]) -> usize {
    rows.iter()
        .map(|row| text::width(&key_of(model, row.command, model.place())) + text::width(&label(model, row)) + 3)
        .sum()
}

fn label(model: &Model, row: &Binding) -> String {
    match row.command {
        Command::Hint => {
            let all = model.lesson().map_or(0, |lesson| lesson.hints.len());
            let shown = model.here().hints.len();
            if all > 0 && shown < all { format!("hint ({} of {all})", shown + 1) } else { "hint".to_owned() }
        }
        Command::Up if model.shows_stale() => "make live".to_owned(),
        Command::NextItem if model.nav.focus == Focus::Side => match model.place() {
            Place::Files => "next file".to_owned(),
            Place::Evidence => "next answer".to_owned(),
            _ => "next".to_owned(),
        },
        _ => row.label.to_owned(),
    }
}

/// What runs, in a few words.
fn running(model: &Model, columns: usize) -> String {
    let engine = match &model.lab.engine {
        EngineStatus::Here(info) if info.kind == EngineKind::Podman => "podman",
        EngineStatus::Here(_) => "docker",
        EngineStatus::Looking => return "looking for Docker …".to_owned(),
        EngineStatus::Missing(_) => return "✗ no engine".to_owned(),
    };
    let running = model.lab.containers.iter().filter(|container| container.state == ServiceState::Running).count();
    let dead = model.lab.containers.iter().filter(|container| content::has_died(model, container));
    match dead.count() {
        0 if columns < 100 => format!("{running} running"),
        0 => format!("{engine} · {running} running"),
        dead => format!("{running} running, ✗ {dead} died"),
    }
}
