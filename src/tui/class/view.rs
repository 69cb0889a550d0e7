//! Draws the class.

use ratatui::{
    Frame,
    buffer::Buffer,
    layout::{Constraint, Layout, Rect},
    style::Style,
    text::{Line, Span},
    widgets::{Block, Padding, Paragraph, Widget},
};

use super::{
    minutes,
    model::{KEYS, Model, Page},
};
use crate::tui::text::{clean, cut, pad};

/// Draws all of it.
pub fn view(model: &Model, frame: &mut Frame<'_>) {
    let area = frame.area();
    let [head, body, foot] =
        Layout::vertical([Constraint::Length(1), Constraint::Min(4), Constraint::Length(1)]).areas(area);
    let buffer = frame.buffer_mut();
    header(model, head, buffer);
    match model.page {
        Page::Figures => figures(model, body, buffer),
        Page::Stuck => stuck(model, body, buffer),
    }
    bar(model, foot, buffer);
}

fn header(model: &Model, area: Rect, buffer: &mut Buffer) {
    let (theme, figures) = (model.theme, &model.figures);
    let looks = &figures.looks;
    let mut words = format!(
        "  {} labs · {} submissions · {} looks, {} not live yet, {} could not tell",
        figures.labs, figures.submissions, looks.all, looks.not_live, looks.could_not_tell
    );
    if !model.stuck.is_empty() {
        words.push_str(&format!(" · {} stuck", model.stuck.len()));
    }
    let columns = usize::from(area.width).saturating_sub(6);
    let line =
        Line::from(vec![Span::styled(" class", theme.strong()), Span::styled(cut(&words, columns), theme.faint())]);
    line.render(area, buffer);
}

fn bar(model: &Model, area: Rect, buffer: &mut Buffer) {
    let mut spans = vec![Span::raw(" ")];
    for (keys, what) in KEYS {
        spans.push(Span::styled(*keys, model.theme.command()));
        spans.push(Span::styled(format!(" {what}   "), model.theme.faint()));
    }
    Line::from(spans).render(area, buffer);
}

fn figures(model: &Model, area: Rect, buffer: &mut Buffer) {
    let below = details(model, usize::from(area.width).saturating_sub(4));
    let height = u16::try_from(below.len()).unwrap_or(0) + 2;
    let [lists, rest] = Layout::vertical([Constraint::Min(6), Constraint::Length(height)]).areas(area);
    let [lessons, outcomes, who] =
        Layout::horizontal([Constraint::Percentage(34), Constraint::Percentage(40), Constraint::Percentage(26)])
            .areas(lists);
    let theme = model.theme;
    let rows = model.figures.lessons.iter().map(|lesson| {
        let count = match (lesson.has_bug, lesson.started.len()) {
            (true, started) => format!("{}/{started}", lesson.solved.len()),
            (false, started) => format!("{started}"),
        };
        (count, Style::new(), clean(&lesson.title))
    });
    list(model, 0, "solved of started", &rows.collect::<Vec<_>>(), lessons, buffer);
    let rows = model.outcomes().into_iter().map(|one| {
        let style = match one.mark {
            '✓' => theme.good(),
            '✗' | '↯' => theme.bad(),
            '?' | '…' => theme.attention(),
            _ => Style::new(),
        };
        (one.who.len().to_string(), style, format!("{} {}", one.mark, clean(&one.words)))
    });
    list(model, 1, "what came of it", &rows.collect::<Vec<_>>(), outcomes, buffer);
    let rows = model.who().into_iter().map(|name| (String::new(), Style::new(), clean(&name)));
    list(model, 2, "who", &rows.collect::<Vec<_>>(), who, buffer);
    let block = Block::bordered().border_style(theme.border(false)).padding(Padding::horizontal(1));
    Paragraph::new(below).block(block).render(rest, buffer);
}

/// A column: a count before each row, the chosen one marked, scrolled so that it is seen.
fn list(model: &Model, column: usize, title: &str, rows: &[(String, Style, String)], area: Rect, buffer: &mut Buffer) {
    let focused = model.column == column;
    let title_style = if focused { model.theme.strong() } else { model.theme.faint() };
    let block = Block::bordered()
        .border_style(model.theme.border(focused))
        .title(Line::styled(format!(" {} ", cut(title, usize::from(area.width).saturating_sub(4))), title_style));
    let inside = block.inner(area);
    block.render(area, buffer);
    let (height, chosen) = (usize::from(inside.height), model.chosen[column]);
    let top = (chosen + 1).saturating_sub(height);
    let wide = rows.iter().map(|(count, ..)| count.chars().count()).max().unwrap_or(0);
    for (at, (count, style, words)) in rows.iter().enumerate().skip(top).take(height) {
        let room = usize::from(inside.width).saturating_sub(wide + 3);
        let text = format!(" {count:>wide$} {}", cut(words, room));
        let style = if at == chosen && focused {
            model.theme.selected()
        } else if at == chosen && column < model.column {
            model.theme.strong()
        } else {
            *style
        };
        let y = inside.y + u16::try_from(at - top).unwrap_or(0);
        buffer.set_stringn(inside.x, y, pad(&text, usize::from(inside.width)), usize::from(inside.width), style);
    }
}

/// What is known of the chosen lesson besides.
fn details(model: &Model, columns: usize) -> Vec<Line<'static>> {
    let theme = model.theme;
    let mut lines = Vec::new();
    let mut line = |name: &str, words: String| {
        let words = cut(&clean(&words), columns.saturating_sub(13));
        lines.push(Line::from(vec![Span::styled(pad(name, 13), theme.faint()), Span::raw(words)]));
    };
    if let Some(lesson) = model.figures.lessons.get(model.chosen[0]) {
        let seconds = &lesson.seconds;
        let time = match (seconds.median, seconds.each.first(), seconds.each.last()) {
            (Some(median), Some((_, least)), Some((_, most))) => format!(
                "median {} from the symptom to the live fix ({} to {})",
                minutes(median),
                minutes(*least),
                minutes(*most)
            ),
            _ => "nobody has gone from the symptom to a live fix yet".to_owned(),
        };
        line("time", time);
        let hints: Vec<String> = lesson
            .hints
            .iter()
            .map(|hint| (hint, hint.solved.len() + hint.shown.len() + hint.open.len()))
            .filter(|(_, all)| *all > 0)
            .map(|(hint, all)| format!("{} {}/{all}", hint.words(), hint.solved.len()))
            .collect();
        line("solved after", if hints.is_empty() { "nobody has begun".into() } else { hints.join(" · ") });
    }
    let hops: Vec<String> = model
        .figures
        .hops
        .iter()
        .filter_map(|hop| Some((hop, hop.first_try_rate?, hop.median_tries?)))
        .map(|(hop, rate, median)| format!("{} {:.0} % (median {median})", hop.title, rate * 100.0))
        .collect();
    line("first try", if hops.is_empty() { "no link was mended yet".into() } else { hops.join(" · ") });
    lines
}

fn stuck(model: &Model, area: Rect, buffer: &mut Buffer) {
    let theme = model.theme;
    let title = if model.watch {
        " stuck now: no headway for five minutes "
    } else {
        " stuck when this was read (--watch looks again) "
    };
    let block = Block::bordered().border_style(theme.border(true)).title(Line::styled(title, theme.strong()));
    let inside = block.inner(area);
    block.render(area, buffer);
    let columns = usize::from(inside.width);
    // Who, minutes, lesson, link, and the rest for the wrong turn.
    let (who, lesson, link) = ((columns / 5).max(8), (columns / 4).max(10), 16);
    let rest = columns.saturating_sub(who + lesson + link + 11);
    let row = |name: &str, minutes: &str, title: &str, broken_at: &str, turn: &str| {
        let cell = |text: &str, wide: usize| pad(&cut(&clean(text), wide), wide);
        format!(
            " {} {minutes:>4}  {} {} {}",
            cell(name, who),
            cell(title, lesson),
            cell(broken_at, link),
            cell(turn, rest)
        )
    };
    let mut lines = vec![Line::styled(row("who", "min", "lesson", "broken at", "after the wrong turn"), theme.faint())];
    for one in &model.stuck {
        let title = model.course.lesson(&one.lesson).map_or(one.lesson.as_str(), |lesson| &lesson.title);
        let broken_at = one.broken_at.as_deref().unwrap_or("not looked yet");
        let text =
            row(&one.name, &one.minutes.to_string(), title, broken_at, one.turn.as_deref().unwrap_or("–").trim());
        lines.push(Line::raw(text));
    }
    if model.stuck.is_empty() {
        lines.push(Line::styled(" Nobody.", theme.good()));
    }
    Paragraph::new(lines).render(inside, buffer);
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
    use ratatui::{Terminal, backend::TestBackend};

    use super::*;
    use crate::{
        class::{Figures, Stuck, tests::class},
        course::Course,
        tui::{class::model::Change, theme::Theme},
    };

    fn model(watch: bool) -> Model {
        let course = Arc::new(Course::embedded().unwrap());
        let mut model = Model::new(Arc::clone(&course), Theme::MONO, watch);
        let stuck = Stuck {
            name: "ana\u{1b}[31m".into(),
            lesson: "host-port".into(),
            broken_at: Some("browser-nginx".into()),
            turn: Some("EXPOSE 8080".into()),
            minutes: 12,
            idle_minutes: 1,
        };
        model.show(Figures::of(&course, &class()), vec![stuck]);
        model
    }

    fn seen(model: &Model, columns: u16, rows: u16) -> String {
        let mut terminal = Terminal::new(TestBackend::new(columns, rows)).unwrap();
        terminal.draw(|frame| view(model, frame)).unwrap();
        terminal.backend().to_string()
    }

    fn press(model: &mut Model, code: KeyCode) -> Change {
        model.press(KeyEvent::new(code, KeyModifiers::NONE))
    }

    #[test]
    fn it_is_walked_through_from_the_lesson_to_who() {
        let mut model = model(false);
        let text = seen(&model, 80, 24);
        assert!(text.contains("2/3 Nobody answers"), "{text}");
        press(&mut model, KeyCode::Right);
        press(&mut model, KeyCode::End);
        let text = seen(&model, 80, 24);
        assert!(text.contains("2 ↯ ") && text.contains("ben") && text.contains("<cleo>"), "{text}");
        assert_eq!(model.who(), ["ben", "<cleo>"]);
        press(&mut model, KeyCode::Right);
        press(&mut model, KeyCode::Down);
        assert_eq!(model.chosen[2], 1);
        // Another lesson has others.
        press(&mut model, KeyCode::Left);
        press(&mut model, KeyCode::Left);
        press(&mut model, KeyCode::Down);
        assert_eq!(model.chosen, [1, 0, 0]);
        assert_eq!(model.who(), ["=dan"]);
        assert_eq!(press(&mut model, KeyCode::Char('q')), Change::Leave);
    }

    #[test]
    fn what_was_chosen_stays_so_when_it_is_read_again() {
        let mut model = model(false);
        press(&mut model, KeyCode::Right);
        press(&mut model, KeyCode::Down);
        let words = model.outcomes()[1].words.clone();
        let course = Arc::clone(&model.course);
        model.show(Figures::of(&course, &class()[..2]), vec![]);
        assert_eq!(model.outcomes()[model.chosen[1]].words, words);
    }

    #[test]
    fn who_is_stuck_is_seen_first_where_it_is_watched() {
        let model = model(true);
        let text = seen(&model, 80, 24);
        assert!(text.contains("12  Nobody answers") && text.contains("browser-nginx"), "{text}");
        assert!(!text.contains('\u{1b}'), "{text:?}");
    }

    #[test]
    fn no_size_is_too_small_and_nobody_is_shown_too() {
        let course = Arc::new(Course::embedded().unwrap());
        for mut model in [model(false), model(true), Model::new(course, Theme::COLOUR, false)] {
            for (columns, rows) in [(1, 1), (20, 6), (40, 12), (80, 24), (200, 60)] {
                seen(&model, columns, rows);
                for code in [KeyCode::Right, KeyCode::Down, KeyCode::PageUp, KeyCode::Enter, KeyCode::End] {
                    press(&mut model, code);
                    seen(&model, columns, rows);
                }
            }
        }
    }
}
