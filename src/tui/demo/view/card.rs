//! A journal that is played: the beat where the demo told one, else what happened last, in big.

use ratatui::text::Line;

use super::{
    body::{self, fitting},
    status::headline,
};
use crate::{
    journal::{Entry, Event},
    tui::{
        content::{
            answer::{self, Beside},
            journal,
        },
        demo::model::Model,
        markdown,
    },
};

/// The picture, in so many columns and rows.
pub fn lines(model: &Model, columns: usize, rows: usize) -> Vec<Line<'static>> {
    let Some(replay) = &model.replay else { return Vec::new() };
    if replay.is_talk() {
        return body::lines(model, columns, rows);
    }
    let telling = replay.told().iter().rev().find_map(|entry| Some((entry, journal::words(&model.course, entry)?)));
    let Some((entry, words)) = telling else { return Vec::new() };
    fitting(columns, rows, |size| {
        let mut blocks = vec![body::title(&words, model.theme, columns, size)];
        blocks.extend(more(model, entry, columns));
        blocks
    })
}

fn more(model: &Model, entry: &Entry, columns: usize) -> Vec<Vec<Line<'static>>> {
    let theme = model.theme;
    match &entry.event {
        Event::FileChanged { .. } | Event::Revealed { .. } => {
            vec![body::diff(&model.difference(), model.typed_for(), theme, columns)]
        }
        Event::Verified { lesson, report, survey } => {
            let failed = report.checks.iter().find(|check| check.lesson == *lesson && !check.command.is_empty());
            let seen = report.hops.iter().find(|hop| Some(&hop.id) == report.first_broken_hop.as_ref());
            let seen = seen.and_then(|hop| survey.evidence.get(&hop.id)).or_else(|| {
                let check = failed?;
                survey.evidence.values().find(|evidence| evidence.command == check.command)
            });
            let mut blocks = vec![vec![Line::styled(headline(&model.course, report), theme.strong())]];
            blocks.extend(seen.map(|seen| answer::piece(seen, theme, columns, Beside::Nothing)));
            blocks
        }
        Event::LessonOpened { lesson } => {
            let symptom = model.course.lesson(lesson).map(|lesson| lesson.symptom.clone()).unwrap_or_default();
            vec![markdown::render(&symptom, theme, columns)]
        }
        Event::HintShown { lesson, rung } => {
            let lesson = model.course.lesson(lesson);
            let hint = lesson.and_then(|lesson| lesson.hints.iter().find(|hint| hint.rung == *rung));
            vec![hint.map(|hint| markdown::render(&hint.text, theme, columns)).unwrap_or_default()]
        }
        _ => Vec::new(),
    }
}
