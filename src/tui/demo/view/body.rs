//! What a beat shows, as big as it fits: first everything in big letters, then the words plain, then all of it close together.

use ratatui::{
    style::Style,
    text::{Line, Span},
};

use super::big;
use crate::{
    course::{Lesson, Making, Prediction},
    practice::Voice,
    tui::{
        content::answer::{self, Beside},
        demo::{
            difference::{DiffLine, Difference},
            model::Model,
            scene::Item,
        },
        markdown,
        text::{self, Break},
        theme::Theme,
    },
};

/// Lines of a log that are shown at most.
const LOG_LINES: usize = 9;

/// How much room everything takes; the first that fits is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Size {
    /// Title and words in big letters.
    Big,
    /// The title in big letters.
    Title,
    /// No big letters, but white between the lines.
    Plain,
    /// As close as it goes.
    Close,
}

/// The beat or the aside, in so many columns and rows.
pub fn lines(model: &Model, columns: usize, rows: usize) -> Vec<Line<'static>> {
    fitting(columns, rows, |size| blocks(model, columns, size))
}

/// The biggest that fits; else the smallest, cut.
pub fn fitting(columns: usize, rows: usize, blocks: impl Fn(Size) -> Vec<Vec<Line<'static>>>) -> Vec<Line<'static>> {
    let all = [Size::Big, Size::Title, Size::Plain, Size::Close];
    let sizes = if columns < 70 { &all[2..] } else { &all[..] };
    let mut last = Vec::new();
    for size in sizes {
        last = joined(blocks(*size));
        if last.len() <= rows {
            return last;
        }
    }
    if rows > 0 {
        last.truncate(rows - 1);
        last.push(Line::raw("…"));
    }
    last
}

fn joined(blocks: Vec<Vec<Line<'static>>>) -> Vec<Line<'static>> {
    let mut lines: Vec<Line<'static>> = Vec::new();
    for block in blocks.into_iter().filter(|block| !block.is_empty()) {
        if !lines.is_empty() {
            lines.push(Line::default());
        }
        lines.extend(block);
    }
    lines
}

fn blocks(model: &Model, columns: usize, size: Size) -> Vec<Vec<Line<'static>>> {
    let theme = model.theme;
    let difference = model.difference();
    let mut blocks = Vec::new();
    if let Some(item) = model.aside().filter(|_| model.sealed) {
        return sealed(model, item, columns, size);
    }
    if let Some(item) = model.aside() {
        let mut head = title(&item.title, theme, columns, size.max(Size::Title));
        head.push(Line::styled(item.about.clone(), theme.faint()));
        blocks.push(head);
        blocks.push(diff(&difference, model.typed_for(), theme, columns));
        let mut more = beside_the_files(&item.scene.making);
        if let Some((_, also)) = model.made.as_ref().filter(|(_, also)| !also.is_empty()) {
            more.insert(0, format!("mended with it, so that this one can be seen: {}", also.join(", ")));
        }
        let more = more.into_iter().map(|line| Line::styled(line, theme.attention()));
        blocks.push(more.flat_map(|line| text::wrap(&line, columns, 0, Break::Words)).collect());
        blocks.push(turn(model, columns));
        return blocks;
    }
    let Some(beat) = model.beat() else { return blocks };
    let title_size = if !beat.text.is_empty() || difference.is_empty() { size } else { size.max(Size::Title) };
    blocks.push(title(&beat.title, theme, columns, title_size));
    blocks.push(words(&beat.text, theme, columns, size));
    if let Some(asked) = beat.ask.as_deref().and_then(|id| prediction(model, id)) {
        blocks.push(question(asked, theme, columns, size));
    }
    if !difference.is_empty() {
        blocks.push(diff(&difference, model.typed_for(), theme, columns));
    }
    if let Some(show) = &beat.show {
        blocks.push(shown(model, show, columns));
    }
    blocks.push(turn(model, columns));
    if let Some(asked) = beat.reveal.as_deref().and_then(|id| prediction(model, id)) {
        blocks.push(answer(asked, theme, columns));
    }
    blocks
}

/// What was drawn, as whoever meets it would tell it.
fn sealed(model: &Model, item: &Item, columns: usize, size: Size) -> Vec<Vec<Line<'static>>> {
    let theme = model.theme;
    let mut blocks = vec![title("Something is broken", theme, columns, size.max(Size::Title))];
    let symptom = model.fault(item).and_then(|fault| model.course.practice.symptom(&fault.symptom));
    if let Some(symptom) = symptom {
        for (voice, said) in [
            (Voice::Customer, &symptom.customer),
            (Voice::Colleague, &symptom.colleague),
            (Voice::Monitoring, &symptom.monitoring),
        ] {
            let line = Line::from(vec![
                Span::styled(format!("{}: ", voice.word()), theme.faint()),
                Span::raw(said.trim().to_owned()),
            ]);
            blocks.push(text::wrap(&line, columns, 3, Break::Words));
        }
    }
    blocks.push(vec![Line::styled("Which link, and which command would tell?", theme.attention())]);
    blocks.push(vec![Line::styled("Space opens it.", theme.faint())]);
    blocks
}

/// What it takes beside its files to make a state, in the order in which it is done.
fn beside_the_files(making: &Making) -> Vec<String> {
    let mut lines = Vec::new();
    if !making.start.is_empty() {
        lines.push(format!("only {} is started, and nothing else runs", making.start.join(", ")));
    }
    if making.at_once {
        lines.push("asked at once, while it still starts".to_owned());
    }
    if !making.moved.is_empty() {
        lines.push(format!("then {} is made anew, and gets another address", making.moved.join(", ")));
    }
    match (&making.before, making.live) {
        (Some(_), true) => lines.push("the shop runs already; then docker compose up -d".to_owned()),
        (Some(_), false) => lines.push("saved, and not made live".to_owned()),
        (None, _) => {}
    }
    lines
}

fn prediction<'a>(model: &'a Model, lesson: &str) -> Option<&'a Prediction> {
    model.course.lesson(lesson).and_then(|lesson: &Lesson| lesson.prediction.as_ref())
}

/// A few words, in big letters where they fit.
pub fn title(words: &str, theme: Theme, columns: usize, size: Size) -> Vec<Line<'static>> {
    if words.is_empty() {
        return Vec::new();
    }
    let styled = [(words.to_owned(), theme.strong())];
    match big::wrap(&styled, columns / big::COLUMNS) {
        Some(lines) if size <= Size::Title && lines.len() <= 2 => {
            lines.iter().flat_map(|line| big::line(line)).collect()
        }
        _ => vec![Line::styled(words.to_owned(), theme.strong())],
    }
}

fn words(source: &str, theme: Theme, columns: usize, size: Size) -> Vec<Line<'static>> {
    let mut lines: Vec<Line<'static>> = Vec::new();
    for paragraph in source.trim().split("\n\n").filter(|paragraph| !paragraph.trim().is_empty()) {
        let plain = markdown::inline(paragraph.trim(), theme);
        let styled: Vec<(String, Style)> =
            plain.iter().map(|span| (span.content.replace('\n', " "), span.style)).collect();
        let prose = !paragraph.contains("```") && !paragraph.trim_start().starts_with("- ");
        if !lines.is_empty() && size < Size::Close {
            lines.push(Line::default());
        }
        match big::wrap(&styled, columns / big::COLUMNS).filter(|_| prose && size == Size::Big) {
            Some(wrapped) => lines.extend(wrapped.iter().flat_map(|line| big::line(line))),
            None => lines.extend(markdown::render(paragraph, theme, columns)),
        }
    }
    lines
}

fn question(asked: &Prediction, theme: Theme, columns: usize, size: Size) -> Vec<Line<'static>> {
    let mut lines = text::wrap(&Line::styled(asked.question.clone(), theme.strong()), columns, 0, Break::Words);
    for (choice, letter) in asked.choices.iter().zip('A'..) {
        if size < Size::Close {
            lines.push(Line::default());
        }
        let line = Line::from(vec![
            Span::styled(format!("   {letter}   "), theme.attention()),
            Span::raw(choice.text.clone()),
        ]);
        lines.extend(text::wrap(&line, columns, 7, Break::Words));
    }
    lines
}

fn answer(asked: &Prediction, theme: Theme, columns: usize) -> Vec<Line<'static>> {
    let Some((choice, letter)) = asked.choices.iter().zip('A'..).find(|(choice, _)| choice.right) else {
        return Vec::new();
    };
    let line = Line::from(vec![
        Span::styled(format!("✓ {letter}   "), theme.good().patch(theme.strong())),
        Span::styled(choice.text.clone(), theme.strong()),
    ]);
    let mut lines = text::wrap(&line, columns, 6, Break::Words);
    lines.extend(markdown::render(&choice.because, theme, columns.saturating_sub(6)).into_iter().map(|mut line| {
        line.spans.insert(0, Span::raw("      "));
        line
    }));
    lines
}

/// A difference as far as it is typed.
pub fn diff(difference: &Difference, ms: u64, theme: Theme, columns: usize) -> Vec<Line<'static>> {
    let typed = difference.typed(ms);
    let indent = |text: &str| text.len() - text.trim_start_matches(' ').len();
    let least = typed.iter().filter_map(|line| match line {
        DiffLine::Same(text) | DiffLine::Gone(text) | DiffLine::New(text) if !text.trim().is_empty() => {
            Some(indent(text))
        }
        _ => None,
    });
    let least = least.min().unwrap_or(0);
    let inner = |text: &str| text::cut(&text::clean(text.get(least..).unwrap_or("")), columns.saturating_sub(6));
    let mut lines = Vec::new();
    for line in &typed {
        let is_file = matches!(line, DiffLine::File(_));
        let line = match line {
            DiffLine::File(name) => Line::styled(text::clean(name), theme.strong()),
            DiffLine::Gap => Line::styled("    ⋮", theme.faint()),
            DiffLine::Same(text) => Line::styled(format!("    {}", inner(text)), theme.faint()),
            DiffLine::Gone(text) => Line::styled(format!("  - {}", inner(text)), theme.bad()),
            DiffLine::New(text) => Line::styled(format!("  + {}", inner(text)), theme.good().patch(theme.strong())),
        };
        if !lines.is_empty() && is_file {
            lines.push(Line::default());
        }
        lines.push(line);
    }
    lines
}

/// What was seen, once the stack was asked in this state.
fn shown(model: &Model, show: &str, columns: usize) -> Vec<Line<'static>> {
    let theme = model.theme;
    let Some(survey) = model.shop.progress.last_survey.as_ref().filter(|_| model.shop.is_settled()) else {
        return vec![Line::styled("…", theme.faint())];
    };
    if let Some(service) = show.strip_prefix("logs:") {
        let Some(report) = survey.services.get(service) else { return Vec::new() };
        let mut lines = vec![Line::styled(format!("In the log of {}:", report.service), theme.command())];
        let log: Vec<&String> = report.log.iter().filter(|line| !line.trim().is_empty()).collect();
        let from = log.len().saturating_sub(LOG_LINES);
        for line in &log[from..] {
            lines.push(Line::raw(text::cut(&text::clean(line), columns)));
        }
        // The last line tells.
        if let Some(last) = lines.last_mut().filter(|_| from < log.len()) {
            *last = std::mem::take(last).style(theme.strong());
        }
        return lines;
    }
    survey.evidence.get(show).map(|seen| answer::piece(seen, theme, columns, Beside::Nothing)).unwrap_or_default()
}

/// The wrong turn that was recognised, where this state is one.
fn turn(model: &Model, columns: usize) -> Vec<Line<'static>> {
    let theme = model.theme;
    let declared = model.scene().and_then(|scene| scene.staging.turn.as_deref());
    let known = declared.filter(|_| model.shop.is_settled()).and_then(|id| {
        let report = model.shop.progress.last_report.as_ref()?;
        report.wrong_turns.iter().find(|turn| turn.id == id)
    });
    let Some(turn) = known else { return Vec::new() };
    let mut lines = Vec::new();
    if model.aside().is_none() {
        lines.push(Line::styled(turn.title.clone(), theme.strong()));
    }
    let question = Line::from(vec![Span::styled("▸ ", theme.attention()), Span::raw(turn.question.clone())]);
    lines.extend(text::wrap(&question, columns, 2, Break::Words));
    lines
}
