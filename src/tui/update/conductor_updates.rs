//! What the conductor tells.

use std::collections::BTreeSet;

use super::{course_flow, scroll};
use crate::{
    conductor::{Action, ContainerView, EngineStatus, Update},
    engine::ServiceState::{Restarting, Running},
    error::Blame,
    journal::{Entry, Event, Outcome, WorkKind},
    tui::{
        content,
        model::{Focus, Leaving, Model, Page, Screen, Tab, WorkView},
        msg::Effect,
    },
};

/// Two starts of one container that are told this close to each other, in milliseconds, are one start.
const SAME_START: u64 = 500;

/// Takes one of the conductor's updates in.
pub fn take(model: &mut Model, update: Update, effects: &mut Vec<Effect>) {
    match update {
        Update::Event(entry) => event(model, *entry),
        Update::Engine(status) => {
            model.lab.engine = status;
            if matches!(model.lab.engine, EngineStatus::Missing(_)) {
                model.lab.asked = false;
            }
            if matches!(model.lab.engine, EngineStatus::Here(_)) {
                course_flow::begin_if_possible(model, effects);
            }
        }
        Update::Images(images) => {
            model.lab.images = Some(images);
            course_flow::begin_if_possible(model, effects);
        }
        Update::Work(work) => set_work(model, work, effects),
        Update::Step(step) => {
            if let Some(view) = &mut model.work.current {
                match view.steps.iter_mut().find(|known| known.subject == step.subject) {
                    Some(known) => *known = step,
                    None => view.steps.push(step),
                }
            }
        }
        Update::Log(line) => model.lab.logs.push(&line),
        Update::Containers(containers) => {
            stood_still(model, &containers);
            model.lab.containers = containers;
        }
        Update::Files { findings, stale } => {
            model.lab.findings = findings;
            model.lab.stale = stale;
            effects.push(Effect::ReadLab);
        }
        Update::Places(places) => model.lab.places = places,
        Update::Facts(facts) => {
            if model.lab.facts_asked.is_empty() {
                model.lab.facts_asked.clone_from(&facts);
            }
            model.lab.facts = facts;
            learn_what_runs(model);
        }
        Update::Failed(error) if error.blame == Blame::Cancelled => {
            stop_waiting(model);
            model.dialog.notice = Some("Stopped.".to_owned());
        }
        Update::Failed(error) => {
            stop_waiting(model);
            model.dialog.last_error = Some(error.clone());
            model.dialog.errors.push(error);
        }
        Update::Notice(notice) => model.dialog.notice = Some(notice),
        // It is never asked here.
        Update::PortHeld { .. } => {}
        Update::Closed => {
            // It may be told twice: by the conductor, and by its channel's end.
            if model.work.leaving.is_none() && model.work.fatal.is_none() {
                model.work.fatal = model.dialog.last_error.take();
            }
            effects.push(Effect::Exit);
        }
    }
}

/// What was seen before a container came, went, was started again or got other ports is no longer how things stand.
fn stood_still(model: &mut Model, now: &[ContainerView]) {
    match model.work.current.as_ref().map(|view| &view.work.kind) {
        None if differ(&but_for_ours(&model.lab.containers, now), now) => model.lab.asked = false,
        Some(WorkKind::Verify) => match &model.lab.asking_of {
            // The first look may still be that of the work before.
            None => model.lab.asking_of = Some(now.to_vec()),
            Some(before) => {
                let before = but_for_ours(before, now);
                model.lab.changed_meanwhile |= differ(&before, now);
                model.lab.asking_of = Some(before);
            }
        },
        // Each other work says itself that it has changed the stack.
        _ => {}
    }
}

/// The containers as they were, but for those that a question of ours has stopped or started since: that is no change.
fn but_for_ours(before: &[ContainerView], now: &[ContainerView]) -> Vec<ContainerView> {
    let ours = |one: &ContainerView| now.iter().find(|other| other.by_us && other.service == one.service).cloned();
    before.iter().map(|one| ours(one).unwrap_or_else(|| one.clone())).collect()
}

/// Whether these are other containers than those: a container that dies again and again is one all the time.
fn differ(before: &[ContainerView], now: &[ContainerView]) -> bool {
    let alive = |containers: &[ContainerView]| {
        let alive = |one: &&ContainerView| matches!(one.state, Running | Restarting);
        containers.iter().filter(alive).map(|one| one.service.clone()).collect::<BTreeSet<_>>()
    };
    let other = |one: &ContainerView| {
        let same = before.iter().find(|other| other.service == one.service);
        same.is_some_and(|other| {
            let started = (one.started_at, other.started_at);
            one.ports != other.ports || matches!(started, (Some(now), Some(then)) if now.abs_diff(then) > SAME_START)
        })
    };
    alive(before) != alive(now) || now.iter().any(other)
}

/// What files say counts as what runs, but for those of a service that does not have them yet.
fn learn_what_runs(model: &mut Model) {
    let roles = &model.course.roles;
    let volume = roles.fact("database.volume");
    let behind = |service: &str| model.lab.stale.iter().any(|stale| stale.service == service);
    for (name, value) in &model.lab.facts {
        let room = name.split_once('.').map_or("", |(room, _)| room);
        let service = match room {
            "front" => roles.proxy.as_str(),
            _ if room == roles.proxy => &roles.proxy,
            _ if room == roles.app || room == roles.database && *name != volume => &roles.app,
            _ => "",
        };
        if service.is_empty() || !behind(service) {
            model.lab.live.insert(name.clone(), value.clone());
        }
    }
    let facts = &model.lab.facts;
    model.lab.live.retain(|name, _| facts.contains_key(name));
}

/// What was to come next does not come.
fn stop_waiting(model: &mut Model) {
    model.work.queue.clear();
    if model.work.between {
        model.work.between = false;
        model.work.current = None;
    }
}

fn set_work(model: &mut Model, work: Option<crate::conductor::Work>, effects: &mut Vec<Effect>) {
    match work {
        Some(work) => {
            let known = model.work.current.take().filter(|view| view.work.id == work.id);
            if known.is_none() && !model.work.between {
                // What was said of the work before is over, unless that was the first part of this one.
                model.dialog.notice = None;
            }
            let (since, steps) = known.map_or((model.now, Vec::new()), |view| (view.since, view.steps));
            model.work.between = false;
            if work.kind == WorkKind::Verify {
                model.lab.asking_of = None;
                model.lab.changed_meanwhile = false;
            }
            model.work.current = Some(WorkView { work, since, steps });
        }
        None => {
            // Between two works of a row the screen goes on waiting, and does not name another step for a moment.
            model.work.between = !model.work.queue.is_empty();
            if !model.work.between {
                model.work.current = None;
            }
            if model.work.leaving == Some(Leaving::TakingDown) {
                model.work.leaving = Some(Leaving::Closing);
                effects.push(Effect::Conduct(Action::Quit));
            } else if let Some(next) = model.work.queue.pop_front() {
                effects.push(Effect::Conduct(next));
            } else {
                course_flow::begin_if_possible(model, effects);
            }
        }
    }
}

fn event(model: &mut Model, mut entry: Entry) {
    // The journal of earlier sessions comes first; it tells where the learner stands, and moves nothing.
    let live = entry.at >= model.started;
    model.lab.progress.apply(&entry);
    match &entry.event {
        Event::LessonOpened { lesson } if !model.nav.lesson_chosen => {
            if let Some(at) = model.course.position(lesson) {
                model.nav.lesson = at;
            }
        }
        Event::Verified { .. } => {
            model.lab.asked = !std::mem::take(&mut model.lab.changed_meanwhile);
            model.lab.asked_at = Some(entry.at);
            model.lab.facts_asked.clone_from(&model.lab.facts);
            let acted = std::mem::take(&mut model.lab.edited);
            if live {
                verified(model, acted);
            }
        }
        Event::FileChanged { file, while_closed, .. } => {
            model.lab.asked = false;
            model.lab.edited = live;
            model.dialog.hypothesis_asked = false;
            // When it was really saved, nobody saw.
            if !while_closed {
                model.lab.saved.insert(file.clone(), entry.at);
            }
        }
        // What was seen in an earlier session may long be otherwise.
        Event::SessionStarted { .. } | Event::Reset { .. } | Event::Revealed { .. } | Event::TakenDown { .. } => {
            model.lab.asked = false;
        }
        Event::WorkStarted { work: WorkKind::Verify, .. } => model.lab.logs.asking_from(entry.at),
        Event::WorkEnded { work, outcome, .. } => {
            if *work == WorkKind::Verify {
                model.lab.logs.asking_until(entry.at);
            }
            if !matches!(work, WorkKind::Verify | WorkKind::Images) {
                model.lab.asked = false;
            }
            // The question's answer speaks for itself.
            let quiet = matches!(work, WorkKind::Verify | WorkKind::Images | WorkKind::Down { .. });
            if *outcome == Outcome::Done && live && !quiet {
                model.dialog.done = content::journal::words(&model.course, &entry);
            }
            if *outcome != Outcome::Done && live {
                model.work.queue.clear();
                if model.work.leaving == Some(Leaving::TakingDown) {
                    model.work.leaving = None;
                }
            }
        }
        Event::LessonSolved { lesson, .. } if live && lesson == model.lesson_id() => {
            // A question that the story has still to ask comes first: the end would tell its answer.
            let open = model.question_is_ahead() && model.here().prediction.is_none();
            model.nav.page = if open { Page::Question } else { model.closing_page() };
            model.nav.focus = Focus::Lesson;
            model.nav.hop = None;
            model.nav.scrolls.lesson = Default::default();
            course_flow::arrive(model);
        }
        Event::HintShown { lesson, .. } if live && lesson == model.lesson_id() && model.nav.page == Page::Work => {
            scroll::to_last_hint(model);
        }
        Event::LessonRegressed { lesson } if live => {
            let title = model.course.lesson(lesson).map_or(lesson.as_str(), |lesson| lesson.title.as_str());
            model.dialog.notice = Some(format!("Solved before, and broken again: {title}"));
        }
        _ => {}
    }
    if let Event::Verified { survey, .. } = &mut entry.event {
        // What was seen is kept once, in the progress: a hundred verifications would be megabytes.
        *survey = Default::default();
    }
    model.lab.entries.push(entry);
    if !live && !model.nav.lesson_chosen {
        model.nav.page = model.first_page();
    }
}

/// The stack was asked just now, by a learner who has `acted` or only looks: show what was seen.
fn verified(model: &mut Model, acted: bool) {
    if model.nav.screen != Screen::Lesson {
        return;
    }
    model.dialog.reflecting = None;
    model.dialog.hint_insisted = false;
    model.nav.tab = Tab::Evidence;
    model.nav.scrolls.evidence = Default::default();
    model.nav.evidence_at = 0;
    if model.nav.focus == Focus::Map {
        // Who watches a link goes on watching it.
        return;
    }
    model.nav.hop = None;
    let after = model.pages().get(model.page_index() + 1).copied();
    let more_to_read = matches!(after, Some(Page::Beat(_) | Page::Question));
    let in_story = matches!(model.nav.page, Page::Beat(_)) && more_to_read;
    // Who has changed something is past the story, and wants to know what came of it.
    let reads_on = in_story && !acted || model.question_open();
    if reads_on {
        // A learner in the middle of the story looks beside it, and reads on.
        if !model.is_wide() {
            model.nav.focus = Focus::Side;
        }
        return;
    }
    if model.pages().contains(&Page::Work) {
        model.nav.page = Page::Work;
        model.nav.scrolls.lesson = Default::default();
    }
    if !model.is_wide() {
        model.nav.focus = Focus::Lesson;
    }
}
