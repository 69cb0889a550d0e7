//! The demo's picture: the chain above, few big words below, and what goes on at the bottom. Pure.
//!
//! ```text
//! header      which lesson, which beat, and whether it is a recording
//! map         the chain, in big
//! body        words, question, difference, evidence: as big as fits
//! status      what goes on, or what it came to
//! keys
//! ```

mod big;
mod body;
mod card;
mod map;
mod overlay;
mod status;

pub use status::headline;

use ratatui::{Frame, buffer::Buffer, layout::Rect, text::Line};

use super::model::{Model, Overlay, Source};
use crate::{
    journal,
    tui::{text, theme::Theme},
};

/// White at the left and at the right.
pub const MARGIN: u16 = 3;

/// Draws the whole screen.
pub fn view(model: &Model, frame: &mut Frame<'_>) {
    let area = frame.area();
    let buffer = frame.buffer_mut();
    if model.overlay == Some(Overlay::Blank) {
        return;
    }
    if area.width < 60 || area.height < 15 {
        put(buffer, area, 0, &Line::styled("make the window larger", model.theme.strong()));
        put(buffer, area, 1, &Line::raw(format!("(now {}×{}, needs 60×15)", area.width, area.height)));
        return;
    }
    put(buffer, area, 0, &header(model, usize::from(area.width)));
    let inner = Rect { x: area.x + MARGIN, width: area.width - 2 * MARGIN, ..area };
    let roomy = area.height >= 24;
    let map_top = if roomy { 2 } else { 1 };
    let map = map::lines(&model.map(), usize::from(inner.width), model.theme);
    for (row, line) in (map_top..).zip(&map) {
        put(buffer, inner, row, line);
    }
    let top = map_top + u16::try_from(map::ROWS).unwrap_or(5) + u16::from(roomy);
    let body = Rect { y: area.y + top, height: area.height.saturating_sub(top + 3), ..inner };
    draw_body(model, body, buffer);
    let bottom = |row: u16| Rect { y: area.bottom().saturating_sub(row), height: 1, ..area };
    put(buffer, bottom(2), 0, &status::line(model, usize::from(area.width)));
    put(buffer, bottom(1), 0, &status::keys(model, usize::from(area.width)));
    overlay::draw(model, area, buffer);
}

fn draw_body(model: &Model, area: Rect, buffer: &mut Buffer) {
    let lines = if model.source == Source::Journal {
        card::lines(model, usize::from(area.width), usize::from(area.height))
    } else {
        body::lines(model, usize::from(area.width), usize::from(area.height))
    };
    // What is short stands a little above the middle, where eyes rest.
    let above = u16::try_from(usize::from(area.height).saturating_sub(lines.len()) / 3).unwrap_or(0);
    for (row, line) in (above..area.height).zip(&lines) {
        put(buffer, area, row, line);
    }
}

fn header(model: &Model, columns: usize) -> Line<'static> {
    let theme = model.theme;
    let beat = model.beat_index();
    let opened = model.replay.as_ref().filter(|replay| !replay.is_talk());
    let opened = opened.and(model.shop.progress.current_lesson.as_deref());
    let lesson = match (model.aside(), opened) {
        (_, Some(opened)) => opened,
        (Some(item), None) => item.scene.lesson.as_str(),
        (None, None) => model.beats.get(beat).map_or("", |beat| beat.lesson.as_str()),
    };
    let title = model.course.lesson(lesson).map_or("", |lesson| lesson.title.as_str());
    let number = model.bug_number(lesson).map(|(number, of)| format!("{number} of {of}  ")).unwrap_or_default();
    let left = if model.sealed { " A surprise".to_owned() } else { format!(" {number}{title}") };
    let place = match model.aside() {
        Some(_) => "an aside".to_owned(),
        None => format!("{} / {}", beat + 1, model.beats.len()),
    };
    let (mark, right) = match model.source {
        Source::Live => match model.recorded_so_far() {
            Some((at, of, minutes)) => {
                let left = minutes.map(|minutes| format!(", about {minutes} min left")).unwrap_or_default();
                (format!(" RECORDS {at} of {of}{left} "), format!("  {place}"))
            }
            None => (String::new(), place),
        },
        Source::Recorded => {
            let made = model.recording.made_at.map(journal::date).unwrap_or_default();
            (format!(" RECORDING of {made} "), format!("  {place}"))
        }
        Source::Journal => {
            let entries = model.replay.as_ref().map(|replay| replay.entries.as_slice()).unwrap_or_default();
            let made = entries.first().map(|entry| journal::date(entry.at)).unwrap_or_default();
            (format!(" RECORDING of {made} "), format!("  {}", model.replay.as_ref().map(place_of).unwrap_or_default()))
        }
    };
    two_sides(&left, &mark, &format!("{right} "), columns, theme)
}

fn place_of(replay: &super::replay::Replay) -> String {
    format!("{} / {}", replay.at, replay.entries.len())
}

fn two_sides(left: &str, mark: &str, right: &str, columns: usize, theme: Theme) -> Line<'static> {
    use ratatui::text::Span;
    let left = text::cut(left, columns.saturating_sub(text::width(mark) + text::width(right) + 2));
    let gap = columns.saturating_sub(text::width(&left) + text::width(mark) + text::width(right));
    Line::from(vec![
        Span::styled(left, theme.strong()),
        Span::raw(" ".repeat(gap)),
        Span::styled(mark.to_owned(), theme.attention().patch(theme.selected())),
        Span::styled(right.to_owned(), theme.faint()),
    ])
}

/// Draws one line, cut at the area's right edge.
fn put(buffer: &mut Buffer, area: Rect, row: u16, line: &Line<'_>) {
    if row < area.height {
        buffer.set_line(area.x, area.y + row, line, area.width);
    }
}
