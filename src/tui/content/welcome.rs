//! The first screen's facts: what is here, and what is missing.

use ratatui::{
    style::Style,
    text::{Line, Span},
};

use super::status;
use crate::{
    conductor::EngineStatus,
    engine::{EngineKind, ImageOrigin},
    tui::{
        keymap::{self, Command, Place},
        markdown,
        model::Model,
        text::{self, Break},
    },
};

/// What is offered at a key where there is no engine.
const WITHOUT_ENGINE: &str = include_str!("../words/without-engine.txt");

/// A suggestion for which there is a key.
const DONE_BY_KEY: &str = "breakfix doctor --fix";
/// Lines of why no engine answers: all that was tried is a long list.
const MOST_WHYS: usize = 4;

/// What the course says, and what is here and what is missing.
pub fn facts(model: &Model, columns: usize) -> Vec<Line<'static>> {
    let mut lines = Vec::new();
    for line in markdown::render(&model.course.welcome.replace('\n', "\n\n"), model.theme, columns.saturating_sub(6)) {
        if line.width() > 0 {
            lines.push(indented(line, 3));
        }
    }
    lines.push(Line::default());
    lines.extend(others(model));
    lines.extend(lab(model));
    lines.extend(engine(model, columns));
    lines.extend(images(model, columns));
    lines
}

fn indented(mut line: Line<'static>, columns: usize) -> Line<'static> {
    line.spans.insert(0, Span::raw(" ".repeat(columns)));
    line
}

fn fact(symbol: &str, style: Style, name: &str, words: String) -> Line<'static> {
    Line::from(vec![
        Span::raw("   "),
        Span::styled(symbol.to_owned(), style),
        Span::raw(format!(" {name:<8} ")),
        Span::raw(text::clean(&words)),
    ])
}

/// More lines under a fact, at its words.
fn more(words: &str, columns: usize, style: Style) -> Vec<Line<'static>> {
    let room = columns.saturating_sub(16);
    text::wrap(&Line::styled(text::clean(words), style), room, 0, Break::Words)
        .into_iter()
        .map(|line| indented(line, 14))
        .collect()
}

/// That there are other courses to choose, where there are.
fn others(model: &Model) -> Option<Line<'static>> {
    let count = model.others.len();
    let key = keymap::key_name(Command::Courses, Place::Welcome);
    let words = match model.others.as_slice() {
        [] => return None,
        [other] => format!("{}   {key} chooses {}", model.course.id, other.name),
        _ => format!("{}   {key} chooses one of {count} others", model.course.id),
    };
    Some(fact("✓", model.theme.good(), "course", words))
}

fn lab(model: &Model) -> Vec<Line<'static>> {
    let theme = model.theme;
    let known = !model.lab.entries.is_empty();
    let words = match &model.lab.progress.current_lesson {
        Some(_) => {
            let place = model.lesson().map_or("", |lesson| lesson.title.as_str());
            match model.bug_number(model.nav.lesson) {
                Some(number) => format!("{}   you were at {number} of {}: {place}", model.lab.dir, model.bugs()),
                None => format!("{}   you were at: {place}", model.lab.dir),
            }
        }
        None if known => format!("{}   (new, made from {})", model.lab.dir, model.course.stack.broken),
        None => model.lab.dir.clone(),
    };
    vec![fact(if known { "✓" } else { "…" }, if known { theme.good() } else { theme.faint() }, "lab", words)]
}

fn engine(model: &Model, columns: usize) -> Vec<Line<'static>> {
    let theme = model.theme;
    match &model.lab.engine {
        EngineStatus::Looking => vec![fact("…", theme.attention(), "engine", "asking Docker".to_owned())],
        EngineStatus::Here(info) => {
            let make = match info.kind {
                EngineKind::Docker => "Docker",
                EngineKind::DockerDesktop => "Docker Desktop",
                EngineKind::Podman => "Podman",
            };
            vec![fact("✓", theme.good(), "engine", format!("{make} {}   {}", info.version, info.url))]
        }
        EngineStatus::Missing(error) => {
            let mut lines = vec![
                Line::default(),
                fact("✗", theme.bad(), "engine", text::cut(&error.what, columns.saturating_sub(15))),
            ];
            // On a small screen what can be done comes before why.
            for (command, words) in [Command::Fix, Command::Recorded].into_iter().zip(WITHOUT_ENGINE.lines()) {
                let key = keymap::key_name(command, Place::Welcome);
                lines.extend(more(&format!("{key}  {words}"), columns, Style::new()));
            }
            lines.push(Line::default());
            let whys = error.why.iter().flat_map(|why| more(why, columns, theme.faint()));
            lines.extend(whys.take(MOST_WHYS));
            lines.push(Line::default());
            let others = error.try_next.iter().filter(|command| !command.starts_with(DONE_BY_KEY));
            for (index, suggestion) in others.take(3).enumerate() {
                let lead = if index == 0 { "Try:  " } else { "      " };
                let mut line = format!("{lead}{suggestion}");
                // A remark goes before a command is broken in two.
                if text::width(&line) > columns.saturating_sub(16)
                    && let Some((command, _)) = line.split_once("   #")
                {
                    line = command.trim_end().to_owned();
                }
                lines.extend(more(&line, columns, theme.command()));
            }
            lines.extend(more("It is noticed here as soon as it answers.", columns, Style::new()));
            lines.push(Line::default());
            lines
        }
    }
}

fn images(model: &Model, columns: usize) -> Vec<Line<'static>> {
    let theme = model.theme;
    let Some(images) = &model.lab.images else {
        if matches!(model.lab.engine, EngineStatus::Missing(_)) {
            return Vec::new();
        }
        let here = matches!(model.lab.engine, EngineStatus::Here(_));
        let words = if here { "being looked at" } else { "looked at once Docker answers" };
        return vec![fact("·", theme.faint(), "images", words.to_owned())];
    };
    let mut lines = Vec::new();
    for (index, image) in images.iter().enumerate() {
        let name = if index == 0 { "images" } else { "" };
        let step = model
            .work
            .current
            .as_ref()
            .and_then(|work| work.steps.iter().rev().find(|step| step.subject == image.name));
        let (symbol, style, words) = match (image.origin, step) {
            (ImageOrigin::Registry, _) => ("✓", theme.good(), "here".to_owned()),
            (ImageOrigin::StandIn, _) => ("✓", theme.good(), "here, a stand-in from Debian's packages".to_owned()),
            (ImageOrigin::Absent, Some(step)) if step.finished => {
                ("✓", theme.good(), text::cut(&text::clean(&step.detail), columns.saturating_sub(38)))
            }
            (ImageOrigin::Absent, Some(step)) => ("…", theme.attention(), doing(step, columns.saturating_sub(38))),
            (ImageOrigin::Absent, None) => ("○", theme.attention(), "not here yet".to_owned()),
        };
        lines.push(fact(symbol, style, name, format!("{:<18} {words}", image.name)));
    }
    if let Some(work) = &model.work.current {
        lines.push(Line::default());
        lines.extend(status::work_lines(model, work, columns).into_iter().take(1));
    } else if model.missing_images().next().is_some() && columns >= 80 {
        lines.extend(more("i gets them; without a registry, stand-ins are built.", columns, theme.faint()));
    }
    lines
}

fn doing(step: &crate::engine::Step, room: usize) -> String {
    let words = match step.amount {
        Some((done, total)) if total > 0 => {
            let percent = done.min(total).saturating_mul(100) / total;
            format!("{}  {percent} %  {} of {}", step.verb, text::bytes(done), text::bytes(total))
        }
        _ => format!("{}  {}", step.verb, step.detail),
    };
    text::cut(&words, room)
}
