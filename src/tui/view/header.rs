//! The first line: where we are, and how the lessons stand.

use ratatui::{
    buffer::Buffer,
    layout::Rect,
    text::{Line, Span},
};

use crate::tui::{content::standing, model::Model, text};

/// Draws it.
pub fn draw(model: &Model, area: Rect, buffer: &mut Buffer) {
    let theme = model.theme;
    let columns = usize::from(area.width);
    let right = lessons(model, columns / 2);
    let room = columns.saturating_sub(right.width() + 3);
    let number = model.bug_number(model.nav.lesson).map(|number| format!("{number} of {}  ", model.bugs()));
    let title = model.lesson().map_or("", |lesson| lesson.title.as_str());
    let place = text::cut(&format!(" · {}{title}", number.unwrap_or_default()), room.saturating_sub(9));
    let left = Line::from(vec![Span::raw(" "), Span::styled("Breakfix", theme.strong()), Span::raw(place)]);
    super::put(buffer, area, 0, &left);
    let wide = u16::try_from(right.width()).unwrap_or(u16::MAX);
    let x = area.width.saturating_sub(wide + 1);
    buffer.set_line(area.x + x, area.y, &right, wide);
}

/// Each lesson with a bug by name where that fits, else counted.
fn lessons(model: &Model, room: usize) -> Line<'static> {
    let theme = model.theme;
    let bugs: Vec<usize> = (0..model.course.lessons.len()).filter(|at| model.bug_number(*at).is_some()).collect();
    let style = |symbol: &str| match symbol {
        "✓" => theme.good(),
        "✗" => theme.bad(),
        "▸" => theme.strong(),
        _ => theme.faint(),
    };
    let mut named = Vec::new();
    for (index, at) in bugs.iter().enumerate() {
        let (symbol, _) = standing(model, *at);
        if index > 0 {
            named.push(Span::raw("  "));
        }
        // A lesson's short name says what was wrong: it comes when that was found.
        let lesson = &model.course.lessons[*at];
        let solved = model.lab.progress.lesson(&lesson.id).solved_at.is_some();
        let name = if solved { lesson.id.clone() } else { (index + 1).to_string() };
        named.push(Span::styled(format!("{symbol} {name}"), style(symbol)));
    }
    let named = Line::from(named);
    if named.width() <= room {
        return named;
    }
    let count = |wanted: &str| bugs.iter().filter(|at| standing(model, **at).0 == wanted).count();
    let (solved, broken) = (count("✓"), count("✗"));
    let left = bugs.len() - solved - broken;
    // Before the first bug is found, "0 solved" would say of a solved lesson without one that it is not.
    let mut spans = Vec::new();
    if solved > 0 {
        spans.push(Span::styled(format!("✓ {solved} of {} bugs  ", bugs.len()), theme.good()));
    }
    if broken > 0 {
        spans.push(Span::styled(format!("✗ {broken} broken again  "), theme.bad()));
    }
    let words = match (left, solved + broken) {
        (0, _) => String::new(),
        (1, 0) => "○ 1 bug to find".to_owned(),
        (left, 0) => format!("○ {left} bugs to find"),
        (left, _) => format!("○ {left} to go"),
    };
    spans.push(Span::styled(words, theme.faint()));
    Line::from(spans)
}
