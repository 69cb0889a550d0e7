//! Going through the course: beginning, turning pages, opening lessons, answering.

use super::scroll;
use crate::{
    conductor::{Action, EngineStatus},
    course::{Lesson, Shown},
    journal::Event,
    tui::{
        layout,
        model::{Focus, Model, Overlay, Page, Screen, Tab, is_named},
        msg::Effect,
    },
};

/// How long the story waits for a look at the images, in milliseconds.
const IMAGES_WITHIN: u64 = 3_000;

/// Writes an event into the journal.
pub fn record(event: Event, effects: &mut Vec<Effect>) {
    effects.push(Effect::Conduct(Action::Record(event)));
}

/// Enter on the first screen.
pub fn begin(model: &mut Model, effects: &mut Vec<Effect>) {
    match model.lab.engine {
        EngineStatus::Missing(_) => enter_lesson(model, effects),
        // Who presses twice does not want to wait for what is looked at.
        _ if model.work.beginning.is_some() && model.work.current.is_none() => enter_lesson(model, effects),
        _ => {
            model.work.beginning = Some(model.now);
            begin_if_possible(model, effects);
        }
    }
}

/// Goes on to the lesson as soon as the engine and the images are there, when the learner wanted to.
pub fn begin_if_possible(model: &mut Model, effects: &mut Vec<Effect>) {
    let Some(since) = model.work.beginning else { return };
    let here = matches!(model.lab.engine, EngineStatus::Here(_));
    let looked = here && (model.lab.images.is_some() || model.now.saturating_sub(since) > IMAGES_WITHIN);
    if !looked || model.nav.screen != Screen::Welcome || model.work.current.is_some() {
        return;
    }
    if model.missing_images().next().is_some() {
        model.dialog.overlay = Some(Overlay::Images);
        return;
    }
    enter_lesson(model, effects);
}

/// From the first screen into the lesson.
pub fn enter_lesson(model: &mut Model, effects: &mut Vec<Effect>) {
    model.work.beginning = None;
    let first = model.lab.progress.current_lesson.is_none();
    // Who is in a hurry, and has nothing left to mend, wants to know how it went.
    let solved = |lesson: &Lesson| lesson.checks.is_empty() || model.lab.progress.lesson(&lesson.id).is_solved();
    let all_solved = !first && model.course.lessons.iter().all(solved);
    if model.config.fast_track && all_solved {
        model.nav.lesson = model.course.lessons.len().saturating_sub(1);
    }
    open_lesson(model, model.nav.lesson, effects);
    if first && model.config.tour {
        model.nav.scrolls.overlay = Default::default();
        model.dialog.overlay = Some(Overlay::Tour);
    }
}

/// Turns to a lesson from the list: where bugs before it are still there, asks first what becomes of them.
pub fn choose_lesson(model: &mut Model, lesson: usize, effects: &mut Vec<Effect>) {
    let is_bug = model.course.lessons.get(lesson).is_some_and(|lesson| !lesson.checks.is_empty());
    let further = lesson > model.nav.lesson && is_bug && !model.unsolved_before(lesson).is_empty();
    if further {
        model.nav.scrolls.overlay = Default::default();
        model.dialog.overlay = Some(Overlay::Jumping(lesson));
    } else {
        open_lesson(model, lesson, effects);
    }
}

/// Mends what lies before the lesson, turns to it, and makes all of it live.
pub fn jump(model: &mut Model, lesson: usize, effects: &mut Vec<Effect>) {
    let before: Vec<String> = model.unsolved_before(lesson).into_iter().map(|lesson| lesson.id.clone()).collect();
    effects.extend(before.into_iter().map(|lesson| Effect::Conduct(Action::Reveal { lesson })));
    open_lesson(model, lesson, effects);
    model.dialog.notice = Some("Mended, with a copy of what was yours. u makes it live, v asks.".to_owned());
}

/// Asks whether a solved lesson's bug is to be put back.
pub fn ask_to_repeat(model: &mut Model, lesson: usize) {
    let there = model.course.lessons.get(lesson);
    if there.is_some_and(|there| !there.fix.is_empty() && model.lab.progress.lesson(&there.id).solved_at.is_some()) {
        model.nav.scrolls.overlay = Default::default();
        model.dialog.overlay = Some(Overlay::Repeating(lesson));
    } else {
        model.dialog.notice = Some("Only a lesson whose bug was mended can be repeated.".to_owned());
    }
}

/// Puts the lesson's bug back, and begins it anew.
pub fn repeat(model: &mut Model, lesson: usize, effects: &mut Vec<Effect>) {
    let Some(id) = model.course.lessons.get(lesson).map(|lesson| lesson.id.clone()) else { return };
    effects.push(Effect::Conduct(Action::Repeat { lesson: id.clone() }));
    open_lesson(model, lesson, effects);
    model.dialog.questioned.remove(&id);
    model.nav.page = model.pages().first().copied().unwrap_or(Page::Beat(0));
    model.dialog.notice = Some("The bug is back, with a copy of what was yours. u makes it live.".to_owned());
}

/// Turns to a lesson.
pub fn open_lesson(model: &mut Model, lesson: usize, effects: &mut Vec<Effect>) {
    let Some(id) = model.course.lessons.get(lesson).map(|lesson| lesson.id.clone()) else { return };
    let known = model.lab.progress.current_lesson.as_deref() == Some(&id);
    model.nav.screen = Screen::Lesson;
    model.dialog.overlay = None;
    model.dialog.reflecting = None;
    model.dialog.hint_insisted = false;
    model.nav.lesson_chosen = true;
    model.nav.focus = Focus::Lesson;
    if model.nav.lesson != lesson {
        // The last verification may not have asked for this lesson.
        let report = model.lab.progress.last_report.as_ref();
        model.lab.asked &= report.is_some_and(|report| report.checks.iter().any(|check| check.lesson == id));
    }
    model.nav.lesson = lesson;
    model.nav.page = model.first_page();
    model.nav.scrolls = Default::default();
    model.nav.hop = None;
    if !known {
        record(Event::LessonOpened { lesson: id }, effects);
    }
    show_beside(model);
}

/// Enter on a lesson's page. From the other pane it comes back first where the page waits for an answer.
pub fn forward(model: &mut Model, effects: &mut Vec<Effect>) {
    let from_beside = std::mem::replace(&mut model.nav.focus, Focus::Lesson) != Focus::Lesson;
    if from_beside && (model.question_open() || model.dialog.reflecting.is_some()) {
        return;
    }
    if model.question_open() {
        let lesson = model.lesson_id().to_owned();
        record(Event::Predicted { lesson, choice: None }, effects);
        turn(model, 1, effects);
        return;
    }
    let read = matches!(model.nav.page, Page::Beat(_) | Page::Solved | Page::Hindsight);
    if read && layout::more_below(model) {
        scroll::by_pages(model, 1);
        return;
    }
    let last = model.page_index() + 1 >= model.pages().len();
    if !last {
        turn(model, 1, effects);
        return;
    }
    let solved = model.here().is_solved();
    let nothing_to_solve = model.lesson().is_some_and(|lesson| lesson.checks.is_empty());
    if solved || nothing_to_solve {
        if !solved {
            record(Event::LessonSolved { lesson: model.lesson_id().to_owned(), revealed: false }, effects);
        }
        if model.nav.lesson + 1 < model.course.lessons.len() {
            open_lesson(model, model.nav.lesson + 1, effects);
        }
    } else {
        model.dialog.notice =
            Some("This page goes on when the stack says so: v asks it. (l opens any lesson.)".to_owned());
    }
}

/// Backspace on a lesson's page.
pub fn back(model: &mut Model, effects: &mut Vec<Effect>) {
    if model.page_index() > 0 {
        turn(model, -1, effects);
    }
}

fn turn(model: &mut Model, by: isize, effects: &mut Vec<Effect>) {
    let pages = model.pages();
    let to = model.page_index().saturating_add_signed(by).min(pages.len().saturating_sub(1));
    let Some(page) = pages.get(to) else { return };
    model.nav.page = *page;
    model.nav.scrolls.lesson = Default::default();
    if let Page::Beat(beat) = *page {
        let lesson = model.lesson_id().to_owned();
        record(Event::BeatShown { lesson, beat }, effects);
    }
    show_beside(model);
    arrive(model);
}

/// On the closing page of a solved lesson, the closing question is put, once.
pub fn arrive(model: &mut Model) {
    let here = model.here();
    let asks = model.lesson().is_some_and(|lesson| lesson.reflection.is_some())
        && here.is_solved()
        && here.reflection.is_none();
    if model.nav.page == model.closing_page() && asks && model.dialog.questioned.insert(model.lesson_id().to_owned()) {
        model.dialog.reflecting = Some(Default::default());
    }
}

/// Before the look comes the question, where it is the story's next page: then that page is opened instead.
pub fn guess_first(model: &mut Model, effects: &mut Vec<Effect>) -> bool {
    let next = model.pages().get(model.page_index() + 1).copied();
    let asks = next == Some(Page::Question) && model.here().prediction.is_none() && !model.here().is_solved();
    if asks {
        turn(model, 1, effects);
        model.nav.focus = Focus::Lesson;
        model.dialog.notice = Some("First your guess. Then v looks.".to_owned());
    }
    asks
}

/// A digit on the question's page.
pub fn answer(model: &mut Model, digit: usize, effects: &mut Vec<Effect>) {
    let choices = model.lesson().and_then(|lesson| lesson.prediction.as_ref()).map_or(0, |asked| asked.choices.len());
    if digit == 0 || digit > choices {
        model.dialog.notice = Some(format!("1 to {choices} answers the question; Enter goes on without."));
        return;
    }
    let lesson = model.lesson_id().to_owned();
    record(Event::Predicted { lesson, choice: Some(digit - 1) }, effects);
    model.dialog.notice = Some("Noted. You will see.".to_owned());
    turn(model, 1, effects);
}

/// Shows beside the story's page what the page names.
pub fn show_beside(model: &mut Model) {
    match model.shown() {
        None => {}
        Some(Shown::File { path, .. }) => {
            if let Some(at) = model.lab.files.files.iter().position(|(file, _)| is_named(file, path)) {
                model.nav.file_at = at;
                model.nav.scrolls.files = Default::default();
                model.nav.tab = Tab::Files;
                scroll::show_pointed(model);
            }
        }
        Some(Shown::Logs(service)) => {
            let service = service.to_owned();
            model.lab.logs.show_only(&service);
            model.nav.tab = Tab::Logs;
        }
        Some(Shown::Evidence(id)) => {
            let id = id.to_owned();
            model.nav.tab = Tab::Evidence;
            model.nav.hop = None;
            scroll::show_evidence(model, &id);
        }
    }
}
