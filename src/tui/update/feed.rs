//! What the conductor tells.

use std::collections::BTreeSet;

use super::going;
use crate::{
    conductor::{Action, ContainerView, EngineStatus, Update},
    engine::ServiceState::{Restarting, Running},
    error::Blame,
    journal::{Entry, Event, Outcome, WorkKind},
    tui::{
        model::{Focus, Leaving, Model, Page, Screen, Tab, WorkView},
        msg::Effect,
        view,
    },
};

/// Takes one of the conductor's updates in.
pub fn take(model: &mut Model, update: Update, effects: &mut Vec<Effect>) {
    match update {
        Update::Event(entry) => event(model, *entry),
        Update::Engine(status) => {
            model.engine = status;
            if matches!(model.engine, EngineStatus::Here(_)) {
                going::begin_if_possible(model, effects);
            }
        }
        Update::Images(images) => {
            model.images = Some(images);
            going::begin_if_possible(model, effects);
        }
        Update::Work(work) => set_work(model, work, effects),
        Update::Step(step) => {
            if let Some(view) = &mut model.work {
                match view.steps.iter_mut().find(|known| known.subject == step.subject) {
                    Some(known) => *known = step,
                    None => view.steps.push(step),
                }
            }
        }
        Update::Log(line) => model.logs.push(&line),
        Update::Containers(containers) => {
            let alive = |containers: &[ContainerView]| {
                let alive = |one: &&ContainerView| matches!(one.state, Running | Restarting);
                containers.iter().filter(alive).map(|one| one.service.clone()).collect::<BTreeSet<_>>()
            };
            // What was seen before a container came or went is no longer how things stand.
            if model.screen == Screen::Lesson && model.work.is_none() && alive(&model.containers) != alive(&containers)
            {
                model.asked = false;
            }
            model.containers = containers;
        }
        Update::Files { findings, stale } => {
            model.findings = findings;
            model.stale = stale;
            effects.push(Effect::ReadLab);
        }
        Update::Places(places) => model.places = places,
        Update::Facts(facts) => {
            if model.facts_asked.is_empty() {
                model.facts_asked.clone_from(&facts);
            }
            model.facts = facts;
        }
        Update::Failed(error) if error.blame == Blame::Cancelled => {
            stop_waiting(model);
            model.notice = Some("Stopped.".to_owned());
        }
        Update::Failed(error) => {
            stop_waiting(model);
            model.last_error = Some(error.clone());
            model.errors.push(error);
        }
        Update::Notice(notice) => model.notice = Some(notice),
        // It is never asked here.
        Update::PortHeld { .. } => {}
        Update::Closed => {
            // It may be told twice: by the conductor, and by its channel's end.
            if model.leaving.is_none() && model.fatal.is_none() {
                model.fatal = model.last_error.take();
            }
            effects.push(Effect::Exit);
        }
    }
}

/// What was to come next does not come.
fn stop_waiting(model: &mut Model) {
    model.queue.clear();
    if model.between {
        model.between = false;
        model.work = None;
    }
}

fn set_work(model: &mut Model, work: Option<crate::conductor::Work>, effects: &mut Vec<Effect>) {
    match work {
        Some(work) => {
            let known = model.work.take().filter(|view| view.work.id == work.id);
            if known.is_none() && !model.between {
                // What was said of the work before is over, unless that was the first part of this one.
                model.notice = None;
            }
            let (since, steps) = known.map_or((model.now, Vec::new()), |view| (view.since, view.steps));
            model.between = false;
            model.work = Some(WorkView { work, since, steps });
        }
        None => {
            // Between two works of a row the screen goes on waiting, and does not name another step for a moment.
            model.between = !model.queue.is_empty();
            if !model.between {
                model.work = None;
            }
            if model.leaving == Some(Leaving::TakingDown) {
                model.leaving = Some(Leaving::Closing);
                effects.push(Effect::Conduct(Action::Quit));
            } else if let Some(next) = model.queue.pop_front() {
                effects.push(Effect::Conduct(next));
            } else {
                going::begin_if_possible(model, effects);
            }
        }
    }
}

fn event(model: &mut Model, mut entry: Entry) {
    // The journal of earlier sessions comes first; it tells where the learner stands, and moves nothing.
    let live = entry.at >= model.started;
    model.progress.apply(&entry);
    match &entry.event {
        Event::LessonOpened { lesson } if !model.lesson_chosen => {
            if let Some(at) = model.course.position(lesson) {
                model.lesson = at;
            }
        }
        Event::Verified { .. } => {
            model.asked = true;
            model.facts_asked.clone_from(&model.facts);
            let acted = std::mem::take(&mut model.edited);
            if live {
                verified(model, acted);
            }
        }
        Event::FileChanged { file, while_closed, .. } => {
            model.asked = false;
            model.edited = live;
            model.hypothesis_asked = false;
            // When it was really saved, nobody saw.
            if !while_closed {
                model.saved.insert(file.clone(), entry.at);
            }
        }
        // What was seen in an earlier session may long be otherwise.
        Event::SessionStarted { .. } | Event::Reset { .. } | Event::Revealed { .. } | Event::TakenDown { .. } => {
            model.asked = false;
        }
        Event::WorkEnded { work, outcome, .. } => {
            if !matches!(work, WorkKind::Verify | WorkKind::Images) {
                model.asked = false;
            }
            // The question's answer speaks for itself.
            let quiet = matches!(work, WorkKind::Verify | WorkKind::Images | WorkKind::Down { .. });
            if *outcome == Outcome::Done && live && !quiet {
                model.done = view::journal::words(&model.course, &entry);
            }
            if *outcome != Outcome::Done && live {
                model.queue.clear();
                if model.leaving == Some(Leaving::TakingDown) {
                    model.leaving = None;
                }
            }
        }
        Event::LessonSolved { lesson, .. } if live && lesson == model.lesson_id() => {
            // A question that the story has still to ask comes first: the end would tell its answer.
            let next = model.pages().get(model.page_index() + 1).copied();
            let asks = model.page == Page::Question || next == Some(Page::Question);
            let open = asks && model.here().prediction.is_none();
            model.page = if open { Page::Question } else { model.closing_page() };
            model.focus = Focus::Lesson;
            model.hop = None;
            model.scrolls.lesson = Default::default();
            going::arrive(model);
        }
        Event::LessonRegressed { lesson } if live => {
            let title = model.course.lesson(lesson).map_or(lesson.as_str(), |lesson| lesson.title.as_str());
            model.notice = Some(format!("Solved before, and broken again: {title}"));
        }
        _ => {}
    }
    if let Event::Verified { survey, .. } = &mut entry.event {
        // What was seen is kept once, in the progress: a hundred verifications would be megabytes.
        *survey = Default::default();
    }
    model.entries.push(entry);
    if !live && !model.lesson_chosen {
        model.page = model.first_page();
    }
}

/// The stack was asked just now, by a learner who has `acted` or only looks: show what was seen.
fn verified(model: &mut Model, acted: bool) {
    if model.screen != Screen::Lesson {
        return;
    }
    model.reflecting = None;
    model.hint_insisted = false;
    model.tab = Tab::Evidence;
    model.scrolls.evidence = Default::default();
    model.evidence_at = 0;
    if model.focus == Focus::Map {
        // Who watches a link goes on watching it.
        return;
    }
    model.hop = None;
    let after = model.pages().get(model.page_index() + 1).copied();
    let more_to_read = matches!(after, Some(Page::Beat(_) | Page::Question));
    let in_story = matches!(model.page, Page::Beat(_)) && more_to_read;
    // Who has changed something is past the story, and wants to know what came of it.
    let reads_on = in_story && !acted || model.question_open();
    if reads_on {
        // A learner in the middle of the story looks beside it, and reads on.
        if !model.is_wide() {
            model.focus = Focus::Side;
        }
        return;
    }
    if model.pages().contains(&Page::Work) {
        model.page = Page::Work;
        model.scrolls.lesson = Default::default();
    }
    if !model.is_wide() {
        model.focus = Focus::Lesson;
    }
}
