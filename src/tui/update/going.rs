//! Going through the course: beginning, turning pages, opening lessons, answering.

use super::moving;
use crate::{
    conductor::{Action, EngineStatus},
    course::{Rung, Shown},
    journal::Event,
    tui::{
        model::{Focus, Model, Overlay, Page, Screen, Tab, is_named},
        msg::Effect,
        need, view,
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
    match model.engine {
        EngineStatus::Missing(_) => enter_lesson(model, effects),
        // Who presses twice does not want to wait for what is looked at.
        _ if model.beginning.is_some() && model.work.is_none() => enter_lesson(model, effects),
        _ => {
            model.beginning = Some(model.now);
            begin_if_possible(model, effects);
        }
    }
}

/// Goes on to the lesson as soon as the engine and the images are there, when the learner wanted to.
pub fn begin_if_possible(model: &mut Model, effects: &mut Vec<Effect>) {
    let Some(since) = model.beginning else { return };
    let here = matches!(model.engine, EngineStatus::Here(_));
    let looked = here && (model.images.is_some() || model.now.saturating_sub(since) > IMAGES_WITHIN);
    if !looked || model.screen != Screen::Welcome || model.work.is_some() {
        return;
    }
    if need::missing_images(model).next().is_some() {
        model.overlay = Some(Overlay::Images);
        return;
    }
    enter_lesson(model, effects);
}

/// From the first screen into the lesson.
pub fn enter_lesson(model: &mut Model, effects: &mut Vec<Effect>) {
    model.beginning = None;
    let first = model.progress.current_lesson.is_none();
    open_lesson(model, model.lesson, effects);
    if first && model.config.tour {
        model.scrolls.overlay = Default::default();
        model.overlay = Some(Overlay::Tour);
    }
}

/// Turns to a lesson from the list: where bugs before it are still there, asks first what becomes of them.
pub fn choose_lesson(model: &mut Model, lesson: usize, effects: &mut Vec<Effect>) {
    let is_bug = model.course.lessons.get(lesson).is_some_and(|lesson| !lesson.checks.is_empty());
    let further = lesson > model.lesson && is_bug && !model.unsolved_before(lesson).is_empty();
    if further {
        model.scrolls.overlay = Default::default();
        model.overlay = Some(Overlay::Jumping(lesson));
    } else {
        open_lesson(model, lesson, effects);
    }
}

/// Mends what lies before the lesson, turns to it, and makes all of it live.
pub fn jump(model: &mut Model, lesson: usize, effects: &mut Vec<Effect>) {
    let before: Vec<String> = model.unsolved_before(lesson).into_iter().map(|lesson| lesson.id.clone()).collect();
    effects.extend(before.into_iter().map(|lesson| Effect::Conduct(Action::Reveal { lesson })));
    open_lesson(model, lesson, effects);
    model.notice = Some("Mended, with a copy of what was yours. u makes it live, v asks.".to_owned());
}

/// Asks whether a solved lesson's bug is to be put back.
pub fn ask_to_repeat(model: &mut Model, lesson: usize) {
    let there = model.course.lessons.get(lesson);
    if there.is_some_and(|there| !there.fix.is_empty() && model.progress.lesson(&there.id).solved_at.is_some()) {
        model.scrolls.overlay = Default::default();
        model.overlay = Some(Overlay::Repeating(lesson));
    } else {
        model.notice = Some("Only a lesson whose bug was mended can be repeated.".to_owned());
    }
}

/// Puts the lesson's bug back, and begins it anew.
pub fn repeat(model: &mut Model, lesson: usize, effects: &mut Vec<Effect>) {
    let Some(id) = model.course.lessons.get(lesson).map(|lesson| lesson.id.clone()) else { return };
    effects.push(Effect::Conduct(Action::Repeat { lesson: id.clone() }));
    open_lesson(model, lesson, effects);
    model.questioned.remove(&id);
    model.page = model.pages().first().copied().unwrap_or(Page::Beat(0));
    model.notice = Some("The bug is back, with a copy of what was yours. u makes it live.".to_owned());
}

/// Turns to a lesson.
pub fn open_lesson(model: &mut Model, lesson: usize, effects: &mut Vec<Effect>) {
    let Some(id) = model.course.lessons.get(lesson).map(|lesson| lesson.id.clone()) else { return };
    let known = model.progress.current_lesson.as_deref() == Some(&id);
    model.screen = Screen::Lesson;
    model.overlay = None;
    model.reflecting = None;
    model.hint_insisted = false;
    model.lesson_chosen = true;
    model.focus = Focus::Lesson;
    if model.lesson != lesson {
        // The last verification may not have asked for this lesson.
        let report = model.progress.last_report.as_ref();
        model.asked &= report.is_some_and(|report| report.checks.iter().any(|check| check.lesson == id));
    }
    model.lesson = lesson;
    model.page = model.first_page();
    model.scrolls = Default::default();
    model.hop = None;
    if !known {
        record(Event::LessonOpened { lesson: id }, effects);
    }
    show_beside(model);
}

/// Enter on a lesson's page. From the other pane it comes back first where the page waits for an answer.
pub fn forward(model: &mut Model, effects: &mut Vec<Effect>) {
    let from_beside = std::mem::replace(&mut model.focus, Focus::Lesson) != Focus::Lesson;
    if from_beside && (model.question_open() || model.reflecting.is_some()) {
        return;
    }
    if model.question_open() {
        let lesson = model.lesson_id().to_owned();
        record(Event::Predicted { lesson, choice: None }, effects);
        turn(model, 1, effects);
        return;
    }
    let read = matches!(model.page, Page::Beat(_) | Page::Solved | Page::Hindsight);
    if read && view::more_below(model) {
        moving::by_pages(model, 1);
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
        if model.lesson + 1 < model.course.lessons.len() {
            open_lesson(model, model.lesson + 1, effects);
        }
    } else {
        model.notice = Some("This page goes on when the stack says so: v asks it. (l opens any lesson.)".to_owned());
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
    model.page = *page;
    model.scrolls.lesson = Default::default();
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
    if model.page == model.closing_page() && asks && model.questioned.insert(model.lesson_id().to_owned()) {
        model.reflecting = Some(Default::default());
    }
}

/// Before the look comes the question, where it is the story's next page: then that page is opened instead.
pub fn guess_first(model: &mut Model, effects: &mut Vec<Effect>) -> bool {
    let next = model.pages().get(model.page_index() + 1).copied();
    let asks = next == Some(Page::Question) && model.here().prediction.is_none() && !model.here().is_solved();
    if asks {
        turn(model, 1, effects);
        model.focus = Focus::Lesson;
        model.notice = Some("First your guess. Then v looks.".to_owned());
    }
    asks
}

/// A digit on the question's page.
pub fn answer(model: &mut Model, digit: usize, effects: &mut Vec<Effect>) {
    let choices = model.lesson().and_then(|lesson| lesson.prediction.as_ref()).map_or(0, |asked| asked.choices.len());
    if digit == 0 || digit > choices {
        model.notice = Some(format!("1 to {choices} answers the question; Enter goes on without."));
        return;
    }
    let lesson = model.lesson_id().to_owned();
    record(Event::Predicted { lesson, choice: Some(digit - 1) }, effects);
    model.notice = Some("Noted. You will see.".to_owned());
    turn(model, 1, effects);
}

/// Shows beside the story's page what the page names.
pub fn show_beside(model: &mut Model) {
    match model.shown() {
        None => {}
        Some(Shown::File { path, .. }) => {
            if let Some(at) = model.files.files.iter().position(|(file, _)| is_named(file, path)) {
                model.file_at = at;
                model.scrolls.files = Default::default();
                model.tab = Tab::Files;
                moving::show_pointed(model);
            }
        }
        Some(Shown::Logs(service)) => {
            let service = service.to_owned();
            model.logs.show_only(&service);
            model.tab = Tab::Logs;
        }
        Some(Shown::Evidence(id)) => {
            let id = id.to_owned();
            model.tab = Tab::Evidence;
            model.hop = None;
            moving::show_evidence(model, &id);
        }
    }
}

/// The next hint. Without an attempt since the last one it has to be asked for twice.
pub fn hint(model: &mut Model, effects: &mut Vec<Effect>) {
    let here = model.here();
    let Some(lesson) = model.lesson() else { return };
    let id = lesson.id.clone();
    if lesson.hints.is_empty() {
        model.notice = Some("This lesson needs no hints: the story tells it all.".to_owned());
        return;
    }
    // What was seen speaks first: a wrong turn that was recognised is the best hint there is.
    let recognised = model.wrong_turn().is_some_and(|turn| !turn.remark);
    if recognised && need::unexplained_turn(model).is_some() && model.asked {
        explain(model, effects);
        model.notice = Some("That comes before any hint. Close it, and h gives the next one.".to_owned());
        return;
    }
    let Some(lesson) = model.lesson() else { return };
    let next = lesson.hints.get(here.hints.len()).map(|hint| hint.rung);
    let waits = !here.hints.is_empty() && here.attempts_since_hint == 0 && !here.is_solved();
    match next {
        None => model.notice = Some("These are all the hints. R shows the fix itself.".to_owned()),
        Some(_) if waits && !model.hint_insisted => {
            model.hint_insisted = true;
            model.notice =
                Some("One attempt in between? v asks the stack. h again gives the next hint now.".to_owned());
            return;
        }
        Some(rung) => {
            model.hint_insisted = false;
            record(Event::HintShown { lesson: id, rung }, effects);
            if rung == Rung::Show && !here.is_solved() {
                // The last rung shows the fix itself, and applies it on request.
                model.scrolls.overlay = Default::default();
                model.overlay = Some(Overlay::Revealing);
            }
        }
    }
    if model.pages().contains(&Page::Work) {
        model.page = Page::Work;
    }
    model.focus = Focus::Lesson;
    moving::to_bottom_of_lesson(model);
}

/// The explanation of the wrong turn that was recognised.
pub fn explain(model: &mut Model, effects: &mut Vec<Effect>) {
    let turn = model.wrong_turn().map(|turn| (turn.id.clone(), turn.lesson.clone()));
    let Some((id, lesson)) = turn else {
        model.notice = Some("No wrong turn is recognised. Read the evidence, or h for a hint.".to_owned());
        return;
    };
    let told = model.course.lesson(&lesson).and_then(|lesson| lesson.wrong_turns.iter().find(|turn| turn.id == id));
    let Some(turn) = told else { return };
    let words = format!("**The belief behind it:** {}\n\n{}\n\n{}", turn.belief, turn.question, turn.explain);
    let title = turn.title.clone();
    if !model.here().explained.contains(&id) {
        record(Event::WrongTurnExplained { id }, effects);
    }
    model.scrolls.overlay = Default::default();
    model.overlay = Some(Overlay::Reading { title, words });
}
