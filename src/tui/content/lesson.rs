//! The lesson's page: the story, the question, what must hold, and what is said when it is solved.

use ratatui::text::{Line, Span};

use super::journal;
use crate::{
    course::{Check, Lesson, Rung},
    diagnosis::{self, CheckVerdict, Status},
    journal::hindsight_markdown,
    lab::Facts,
    tui::{
        markdown,
        model::{Model, Page},
        text::{self, Break},
    },
};

/// The page that is open, wrapped to so many columns.
pub fn lines(model: &Model, columns: usize) -> Vec<Line<'static>> {
    let Some(lesson) = model.lesson() else {
        return super::lines::quiet(model, "This course has no lessons.");
    };
    match model.nav.page {
        Page::Beat(beat) => {
            let words = lesson.beats.get(beat).map_or("", |beat| beat.text.as_str());
            markdown::render(words, model.theme, columns)
        }
        Page::Question => question(model, lesson, columns),
        Page::Work => work(model, lesson, columns),
        Page::Solved => solved(model, lesson, columns),
        Page::Hindsight => hindsight(model, lesson, columns),
    }
}

/// The end of the course: its last words, and the two narratives.
fn hindsight(model: &Model, lesson: &Lesson, columns: usize) -> Vec<Line<'static>> {
    let mut lines = Vec::new();
    if model.dialog.reflecting.is_some() {
        lines.extend(reflection(model, lesson, columns));
    }
    if model.here().is_solved() {
        lines.extend(markdown::render(&lesson.debrief, model.theme, columns));
        lines.push(Line::default());
    }
    lines.extend(markdown::render(&hindsight_markdown(&model.course, &model.lab.entries), model.theme, columns));
    lines
}

fn question(model: &Model, lesson: &Lesson, columns: usize) -> Vec<Line<'static>> {
    let theme = model.theme;
    let Some(asked) = &lesson.prediction else { return Vec::new() };
    let here = model.here();
    let mut lines = markdown::render(&format!("**{}**", asked.question), theme, columns);
    lines.push(Line::default());
    for (index, choice) in asked.choices.iter().enumerate() {
        let chosen = here.prediction == Some(Some(index));
        let mut spans = vec![
            Span::styled(if chosen { " ▸ " } else { "   " }, theme.attention()),
            Span::styled(format!("{}  ", index + 1), theme.command()),
        ];
        spans.extend(markdown::inline(&choice.text, theme));
        lines.extend(text::wrap(&Line::from(spans), columns, 6, Break::Words));
        lines.push(Line::default());
    }
    let words = match here.prediction {
        None => "There is no wrong answer before the look. What do you expect, and why?",
        Some(None) => "You went on without an answer.",
        Some(Some(_)) => "That is your bet. It stands here until the end of the lesson.",
    };
    lines.extend(text::wrap(&Line::styled(words, theme.faint()), columns, 0, Break::Words));
    lines
}

fn work(model: &Model, lesson: &Lesson, columns: usize) -> Vec<Line<'static>> {
    let theme = model.theme;
    let report = model.lab.progress.last_report.as_ref();
    let mut lines = Vec::new();
    if !is_past(model, lesson) {
        lines.extend(text::wrap(&Line::styled(lesson.symptom.clone(), theme.faint()), columns, 0, Break::Words));
        lines.push(Line::default());
    }
    for check in &lesson.checks {
        let verdict = report.and_then(|report| report.checks.iter().find(|verdict| verdict.id == check.id));
        lines.extend(check_lines(model, check, verdict, columns));
    }
    if let Some(reason) = report.and_then(|report| report.reason()) {
        lines.push(Line::default());
        let words = format!("Nothing can be said: {}", text::clean(reason));
        lines.extend(text::wrap(&Line::styled(words, theme.attention()), columns, 0, Break::Words));
    }
    if model.here().attempts > 0 || model.here().is_solved() {
        lines.extend(turn_lines(model, columns));
    }
    if !model.lab.asked && report.is_some() {
        lines.push(Line::default());
        let words = "Something has changed since this was asked.";
        lines.extend(text::wrap(&Line::styled(words, theme.faint()), columns, 0, Break::Words));
    }
    let shown = model.here().hints.len();
    for (index, hint) in lesson.hints.iter().take(shown).enumerate() {
        lines.push(Line::default());
        lines.push(Line::styled(format!("Hint {} · {}", index + 1, rung(hint.rung)), theme.strong()));
        lines.extend(markdown::render(&hint.text, theme, columns));
    }
    lines
}

/// The line of the working page on which the newest hint begins.
pub fn last_hint(model: &Model, columns: usize) -> Option<usize> {
    let count = model.here().hints.len().min(model.lesson()?.hints.len());
    let title = format!("Hint {count} · ");
    lines(model, columns).iter().rposition(|line| line.to_string().starts_with(&title)).filter(|_| count > 0)
}

/// Whether something else was seen than the symptom with which the lesson began.
fn is_past(model: &Model, lesson: &Lesson) -> bool {
    let (Some(seen), Some(survey), Some(report)) =
        (&lesson.seen, &model.lab.progress.last_survey, &model.lab.progress.last_report)
    else {
        return false;
    };
    diagnosis::holds(&model.course, seen, survey, &Facts::default(), report) == Some(false)
}

fn rung(rung: Rung) -> &'static str {
    match rung {
        Rung::Where => "where",
        Rung::What => "what",
        Rung::How => "how",
        Rung::Show => "show",
    }
}

/// `✗ nginx reaches the app      refused on 5001`, and the lesson's words when it does not hold.
fn check_lines(model: &Model, check: &Check, verdict: Option<&CheckVerdict>, columns: usize) -> Vec<Line<'static>> {
    let theme = model.theme;
    let (symbol, style) = match verdict.map(|verdict| verdict.status) {
        // An older answer is never shown as a present one.
        _ if !model.lab.asked => ("·", theme.faint()),
        Some(Status::Pass) => ("✓", theme.good()),
        Some(Status::Fail) => ("✗", theme.bad()),
        Some(Status::Unknown) | None => ("·", theme.faint()),
    };
    let observed = match verdict {
        None => "not asked yet".to_owned(),
        Some(verdict) if !model.lab.asked => {
            let word = match verdict.status {
                Status::Pass => "held",
                Status::Fail => "did not hold",
                Status::Unknown => "not asked",
            };
            match model.lab.asked_at {
                Some(at) => format!("{word} {} ago", text::span(model.now.saturating_sub(at))),
                None => word.to_owned(),
            }
        }
        Some(verdict) if verdict.observed.is_empty() && verdict.status == Status::Pass => "it holds".to_owned(),
        Some(verdict) => text::clean(&verdict.observed).replace('\n', " "),
    };
    let label = format!("{symbol} {}", check.label);
    let gap = columns.saturating_sub(text::width(&label) + text::width(&observed));
    let mut lines = Vec::new();
    if gap >= 2 {
        lines.push(Line::from(vec![
            Span::styled(label, style),
            Span::raw(" ".repeat(gap)),
            Span::styled(observed, theme.faint()),
        ]));
    } else {
        lines.extend(text::wrap(&Line::styled(label, style), columns, 2, Break::Words));
        let seen = Line::styled(format!("  {observed}"), theme.faint());
        lines.extend(text::wrap(&seen, columns, 2, Break::Words));
    }
    if let Some(verdict) = verdict.filter(|verdict| model.lab.asked && verdict.status == Status::Fail) {
        // A recording does not keep the course's own words.
        let words = if verdict.words.is_empty() { &check.fail } else { &verdict.words };
        for line in markdown::render(words, theme, columns.saturating_sub(2)) {
            let mut line = line;
            line.spans.insert(0, Span::raw("  "));
            lines.push(line);
        }
    }
    lines
}

/// The wrong turn that was recognised, as a colleague would put it; or a remark.
fn turn_lines(model: &Model, columns: usize) -> Vec<Line<'static>> {
    let theme = model.theme;
    let Some(turn) = model.wrong_turn() else { return Vec::new() };
    let mut lines = vec![Line::default()];
    let title = if turn.remark { format!("By the way: {}", turn.title) } else { turn.title.clone() };
    lines.extend(text::wrap(&Line::styled(title, theme.strong()), columns, 0, Break::Words));
    lines.extend(markdown::render(&turn.question, theme, columns));
    // Two mistakes are two, and neither is the other's reason.
    for other in model.other_turns().filter(|_| !turn.remark) {
        let words = format!("And also: {}", other.title);
        lines.extend(text::wrap(&Line::styled(words, theme.strong()), columns, 2, Break::Words));
    }
    let key = Line::from(vec![Span::styled("w", theme.command()), Span::raw("  explain")]);
    let pad = columns.saturating_sub(key.width());
    let mut spans = vec![Span::raw(" ".repeat(pad))];
    spans.extend(key.spans);
    lines.push(Line::from(spans));
    lines
}

fn solved(model: &Model, lesson: &Lesson, columns: usize) -> Vec<Line<'static>> {
    let theme = model.theme;
    let here = model.here();
    let mut lines = Vec::new();
    if here.regressed {
        let words = "It was solved, and it no longer is: something that came later broke it again.";
        lines.extend(text::wrap(&Line::styled(words, theme.bad()), columns, 0, Break::Words));
        lines.push(Line::default());
    } else if here.solved_at.is_some() {
        let words = format!("✓ {}: solved.", lesson.title);
        lines.extend(text::wrap(&Line::styled(words, theme.good()), columns, 2, Break::Words));
        lines.push(Line::default());
    }
    if let Some(compared) = compared(model, lesson) {
        lines.extend(markdown::render(&compared, theme, columns));
        lines.push(Line::default());
    }
    if model.dialog.reflecting.is_some() {
        lines.extend(reflection(model, lesson, columns));
    }
    lines.extend(markdown::render(&lesson.debrief, theme, columns));
    let way = journal::way(model, &lesson.id);
    if !way.is_empty() {
        lines.push(Line::default());
        let minutes = text::span(here.active_ms);
        let attempts = match here.attempts {
            1 => "1 attempt".to_owned(),
            attempts => format!("{attempts} attempts"),
        };
        lines.push(Line::styled(format!("Your way ({minutes}, {attempts})"), theme.strong()));
        for step in way {
            lines.extend(text::wrap(&Line::raw(format!("• {step}")), columns, 2, Break::Words));
        }
    }
    if !lesson.golden.is_empty() {
        lines.push(Line::default());
        lines.push(Line::styled("The golden narrative", theme.strong()));
        lines.extend(markdown::render(&lesson.golden, theme, columns));
    }
    if let Some(kept) = &here.reflection {
        lines.push(Line::default());
        if let Some(question) = &lesson.reflection {
            lines.extend(markdown::render(question, theme, columns));
        }
        lines.extend(text::wrap(&Line::raw(format!("“{}”", text::clean(kept))), columns, 0, Break::Words));
    }
    lines
}

/// The prediction beside what happened.
fn compared(model: &Model, lesson: &Lesson) -> Option<String> {
    let asked = lesson.prediction.as_ref()?;
    let chosen = model.here().prediction.flatten()?;
    let choice = asked.choices.get(chosen)?;
    let right = asked.choices.iter().find(|choice| choice.right)?;
    Some(if choice.right {
        format!("You predicted “{}”, and so it was. {}", choice.text, choice.because)
    } else {
        format!("You predicted “{}”. {}\n\nIt was “{}”: {}", choice.text, choice.because, right.text, right.because)
    })
}

/// The closing question and the line for its answer.
fn reflection(model: &Model, lesson: &Lesson, columns: usize) -> Vec<Line<'static>> {
    let (Some(question), Some(input)) = (&lesson.reflection, &model.dialog.reflecting) else { return Vec::new() };
    let mut lines = markdown::render(&format!("**In your words.** {question}"), model.theme, columns);
    lines.push(super::lines::input_line(model, "▸ ", input, columns));
    lines.push(Line::styled("Enter keeps it; Enter alone skips it.", model.theme.faint()));
    lines.push(Line::default());
    lines
}
