//! What happened so far, newest first; and one lesson's own way.

use ratatui::text::{Line, Span};

use crate::{
    course::Course,
    diagnosis::{Report, Status},
    journal::{Entry, Event, Outcome, WorkKind},
    tui::{
        model::Model,
        text::{self, Break},
        withheld,
        work_words::{doing, done},
    },
};

/// The pane.
pub fn lines(model: &Model, columns: usize) -> Vec<Line<'static>> {
    let theme = model.theme;
    let begun = model.lab.entries.first().map_or(0, |entry| entry.at);
    let mut lines = Vec::new();
    for entry in model.lab.entries.iter().rev() {
        let Some(words) = words(&model.course, entry) else { continue };
        let minutes = entry.at.saturating_sub(begun) / 60_000;
        let when = format!("{:>3}:{:02}  ", minutes / 60, minutes % 60);
        let line = Line::from(vec![Span::styled(when, theme.faint()), Span::raw(words)]);
        lines.extend(text::wrap(&line, columns, 8, Break::Words));
    }
    if lines.is_empty() {
        return super::lines::quiet(model, "Nothing has happened yet.");
    }
    withheld::lines(model, lines)
}

/// What the learner did in one lesson, in order.
pub fn way(model: &Model, lesson: &str) -> Vec<String> {
    let mut here = false;
    let mut solved = false;
    let mut steps: Vec<String> = Vec::new();
    for entry in &model.lab.entries {
        match &entry.event {
            Event::LessonOpened { lesson: opened } => here = opened == lesson,
            Event::LessonSolved { lesson: done, .. } if done == lesson => {
                steps.push("it works ✓".to_owned());
                solved = true;
            }
            Event::FileChanged { .. }
            | Event::Hypothesis { .. }
            | Event::Verified { .. }
            | Event::HintShown { .. }
            | Event::Revealed { .. }
                if here && !solved =>
            {
                let Some(words) = words(&model.course, entry) else { continue };
                // Ten saves of one file in a row are one step of a story.
                if steps.last() != Some(&words) {
                    steps.push(words);
                }
            }
            _ => {}
        }
    }
    steps
}

/// What a verification saw of a lesson none of whose checks failed: only where all passed, it holds.
fn seen_of(report: &Report, lesson: &str) -> String {
    let status = report.lessons.iter().find(|verdict| verdict.id == lesson).map(|verdict| verdict.status);
    let all_pass =
        report.checks.iter().filter(|check| check.lesson == lesson).all(|check| check.status == Status::Pass);
    let broken = report.hops.iter().find(|hop| hop.status == Status::Fail);
    match (status, broken) {
        (Some(Status::Pass), _) if all_pass => "it holds".to_owned(),
        (_, Some(hop)) if report.reason().is_none() => hop.observed.clone(),
        _ => "could not tell".to_owned(),
    }
}

/// An entry in words; nothing where it is of no interest to a reader.
pub fn words(course: &Course, entry: &Entry) -> Option<String> {
    let title = |id: &str| course.lesson(id).map_or(id.to_owned(), |lesson| lesson.title.clone());
    let words = match &entry.event {
        Event::LabMade { .. } => "the lab was made".to_owned(),
        Event::SessionStarted { .. } => "— opened —".to_owned(),
        Event::SessionEnded => "— left —".to_owned(),
        Event::LessonOpened { lesson } => format!("turned to: {}", title(lesson)),
        Event::Predicted { lesson, choice: Some(choice) } => {
            let asked = course.lesson(lesson).and_then(|lesson| lesson.prediction.as_ref());
            let text = asked.and_then(|asked| asked.choices.get(*choice)).map_or("", |choice| choice.text.as_str());
            format!("predicted: {text}")
        }
        Event::FileChanged { file, while_closed: true, .. } => {
            format!("edited {}, while this was closed", file.display())
        }
        Event::FileChanged { file, .. } => format!("edited {}", file.display()),
        Event::Verified { lesson, report, .. } => {
            let failed = report.checks.iter().find(|check| check.lesson == *lesson && check.status == Status::Fail);
            let turn = report.wrong_turns.iter().find(|turn| !turn.remark && turn.lesson == *lesson);
            match (failed, turn) {
                (Some(check), Some(turn)) => format!("asked: {} ({})", check.observed, turn.title),
                (Some(check), None) => format!("asked: {}", check.observed),
                (None, _) => format!("asked: {}", seen_of(report, lesson)),
            }
        }
        Event::LessonSolved { lesson, revealed: false } => format!("✓ solved: {}", title(lesson)),
        Event::LessonSolved { lesson, revealed: true } => format!("✓ solved, the fix was shown: {}", title(lesson)),
        Event::LessonRegressed { lesson } => format!("✗ broken again: {}", title(lesson)),
        Event::HintShown { .. } => "took a hint".to_owned(),
        Event::WrongTurnExplained { id } => {
            let turns = course.lessons.iter().flat_map(|lesson| &lesson.wrong_turns);
            let title = turns.into_iter().find(|turn| turn.id == *id).map_or(id.as_str(), |turn| turn.title.as_str());
            format!("read why: {title}")
        }
        Event::Revealed { lesson, .. } => format!("had the fix applied: {}", title(lesson)),
        Event::Repeated { lesson, .. } => format!("had the bug put back: {}", title(lesson)),
        Event::Hypothesis { text, .. } => format!("you thought: {text}"),
        Event::Noted { text, .. } => format!("note: {text}"),
        Event::Reflected { text, .. } => format!("in your words: {text}"),
        Event::Reset { files, .. } if files.is_empty() => "put all files back".to_owned(),
        Event::Reset { files, .. } => {
            let files: Vec<String> = files.iter().map(|file| file.display().to_string()).collect();
            format!("put back {}", files.join(", "))
        }
        Event::PortMoved { service, from, to, .. } => format!("{service}: {to} instead of {from}"),
        Event::Reloaded { service, .. } => format!("{service} read its files again"),
        Event::TakenDown { volumes: true } => "took everything down, with the data".to_owned(),
        Event::TakenDown { volumes: false } => "took the containers down".to_owned(),
        Event::WorkEnded { work: WorkKind::Verify, .. } => return None,
        Event::WorkEnded { work, outcome, seconds, .. } => {
            let what = done(work);
            match outcome {
                Outcome::Done => format!("{what} ({seconds:.1} s)"),
                Outcome::Failed { error } => {
                    format!("waited for {}: {}", doing(work), error.lines().next().unwrap_or("failed"))
                }
                Outcome::Cancelled => format!("waited for {}, and stopped that", doing(work)),
            }
        }
        Event::Staged { name, .. } => format!("the demo's state: {name}"),
        Event::Presented { beat } => format!("the talk's beat: {beat}"),
        Event::BeatShown { .. } | Event::WorkStarted { .. } | Event::Predicted { choice: None, .. } => return None,
    };
    Some(text::clean(&words).replace('\n', " "))
}
