//! The one function that changes the demo's model. It never waits: what takes time comes back as a message.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::{
    difference::Difference,
    keymap::{self, Command},
    model::{At, Model, Overlay, Pick, Source},
    scene::Way,
    shop::{Phase, Shop, Wanted},
};
use crate::{
    conductor::{Action, EngineStatus, Update},
    diagnosis,
    journal::Event,
    practice::Seed,
    tui::msg::Msg,
};

/// Milliseconds until it is asked again who holds the shop's port.
const ASK_PORT_AGAIN: u64 = 1_000;

/// More lines than this the list of keys does not have.
const HELP_LINES: usize = 60;

/// Something to do that the model cannot.
#[expect(clippy::large_enum_variant, reason = "a few effects a minute: a plain value is worth more than the bytes")]
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Ask the conductor.
    Conduct(Action),
    /// Stop until the shell's `fg`.
    Suspend,
    /// Draw every cell anew.
    Redraw,
    /// Leave.
    Exit,
}

/// Takes a message in.
pub fn update(model: &mut Model, msg: Msg) -> Vec<Effect> {
    let mut effects = Vec::new();
    match msg {
        Msg::Key(key) => press(model, key, &mut effects),
        Msg::Updates(updates) => {
            for update in updates {
                take(model, update, &mut effects);
            }
        }
        Msg::Tick => tick(model, &mut effects),
        _ => {}
    }
    plan_auto(model);
    effects
}

/// Begins: the first beat's state is wanted.
pub fn begin(model: &mut Model) -> Vec<Effect> {
    let mut effects = Vec::new();
    if model.source == Source::Journal {
        step_replay(model);
    } else {
        enter(model, model.at, false, &mut effects);
    }
    effects
}

fn take(model: &mut Model, update: Update, effects: &mut Vec<Effect>) {
    match &update {
        Update::Closed => {
            effects.push(Effect::Exit);
            return;
        }
        Update::Event(entry) if model.taking_down => {
            if matches!(entry.event, Event::TakenDown { .. }) {
                effects.push(Effect::Conduct(Action::Quit));
            }
        }
        Update::Failed(_) if model.taking_down => effects.push(Effect::Conduct(Action::Quit)),
        _ => {}
    }
    if let Update::PortHeld { by, .. } = update {
        return port_held(model, by);
    }
    if model.source == Source::Recorded && !matches!(update, Update::Engine(_) | Update::Images(_) | Update::Facts(_)) {
        return;
    }
    let missing = matches!(&update, Update::Engine(EngineStatus::Missing(_)));
    let port = model.course.front_port();
    let moved = |event: &Event| matches!(event, Event::PortMoved { from, .. } if *from == port);
    if match &update {
        Update::Engine(EngineStatus::Here(_)) => true,
        Update::Event(entry) => entry.at >= model.started && moved(&entry.event),
        _ => false,
    } {
        effects.push(Effect::Conduct(Action::AskPort { port }));
    }
    let looking = model.shop.engine == EngineStatus::Looking;
    let is_facts = matches!(update, Update::Facts(_));
    let was_settled = model.shop.is_settled();
    let actions = model.shop.take(&model.course, update, model.now, model.started);
    if let (false, Some(Wanted { phase: Phase::Settled { took, .. }, scene, .. })) = (was_settled, &model.shop.wanted) {
        model.measured.push((scene.key.clone(), *took));
    }
    if model.source == Source::Live {
        effects.extend(actions.into_iter().map(Effect::Conduct));
    }
    if let (true, Source::Recorded, Some(survey)) = (is_facts, model.source, &model.shop.progress.last_survey) {
        model.shop.facts = diagnosis::with_live(&model.shop.facts, survey, &model.course.roles);
    }
    // Nothing has been shown yet, so nothing is lost: the recorded run takes over.
    if missing && looking && model.source == Source::Live && !model.recording.is_empty() {
        switch(model, Source::Recorded, effects);
    }
}

/// The story's port is somebody else's: the room would see that, and not the shop. Told once for each who holds it, and
/// asked again until it is free; where nobody is at the keys, the shop takes another number by itself.
fn port_held(model: &mut Model, by: Option<String>) {
    let told = matches!(model.overlay, Some(Overlay::Port { .. }));
    let may_tell = told || (model.overlay.is_none() && model.port_told != by);
    match by {
        None if told => model.overlay = None,
        Some(by) if may_tell && model.source == Source::Live && model.auto.is_none() => {
            model.port_told = Some(by.clone());
            model.overlay = Some(Overlay::Port { by });
            model.port_at = Some(model.now + ASK_PORT_AGAIN);
        }
        _ => {}
    }
}

fn switch(model: &mut Model, source: Source, effects: &mut Vec<Effect>) {
    model.source = source;
    let (engine, images, facts) =
        (model.shop.engine.clone(), std::mem::take(&mut model.shop.images), std::mem::take(&mut model.shop.facts));
    let mut progress = std::mem::take(&mut model.shop.progress);
    progress.last_report = None;
    progress.last_survey = None;
    if source == Source::Live {
        // What the recorded run did, this machine did not: its tables are made again, which does no harm.
        progress.bootstrapped = false;
        progress.moved_ports.clear();
    }
    model.shop = Shop { engine, images, facts, progress, ..Shop::default() };
    effects.push(Effect::Conduct(Action::Cancel));
    enter(model, model.at, false, effects);
}

/// Turns to a beat or an aside. The difference types itself when the talk goes on, and stands there when it is jumped to.
fn enter(model: &mut Model, at: At, types: bool, effects: &mut Vec<Effect>) {
    model.at = at;
    model.sealed = false;
    model.since = model.now;
    model.auto_at = None;
    if let Some(beat) = model.beat() {
        effects.push(Effect::Conduct(Action::Record(Event::Presented { beat: beat.id.clone() })));
    }
    model.made = None;
    if let (Some(before), Some(after)) = (model.shop.wanted.as_ref().map(|wanted| &wanted.scene), model.scene())
        && (types || matches!(at, At::Aside { .. }))
    {
        model.made = Some(match at {
            At::Aside { .. } => {
                let also = model.also_mended(before, after).into_iter().map(|lesson| lesson.title.clone());
                (model.difference_to(before, after), also.collect())
            }
            At::Beat(_) => (Difference::between(before.texts(), after.texts()), Vec::new()),
        });
    }
    let difference = model.difference();
    model.typing = (types && !difference.is_empty()).then_some(model.now);
    let Some(scene) = model.scene().cloned() else { return };
    if model.shop.wants(&scene.key) {
        if let Some(wanted) = &mut model.shop.wanted {
            // The same stack, asked for another lesson: the verdict is on all of it.
            wanted.scene = scene;
        }
        return;
    }
    // An aside is called by the room, which waits: it is done while it types.
    let waits = model.typing.is_some() && matches!(at, At::Beat(_));
    let phase = if waits { Phase::Typing { until: model.now + difference.duration() } } else { Phase::Waiting };
    model.shop.wanted = Some(Wanted { scene, phase, since: model.now, anew: false, trouble: None });
    if !waits {
        set_out(model, effects);
    }
}

fn set_out(model: &mut Model, effects: &mut Vec<Effect>) {
    match model.source {
        Source::Live => {
            let actions = model.shop.set_out(model.now);
            effects.extend(actions.into_iter().map(Effect::Conduct));
        }
        Source::Recorded => play(model, effects),
        Source::Journal => {}
    }
}

/// Lets the recorded run tell how it was.
fn play(model: &mut Model, effects: &mut Vec<Effect>) {
    let now = model.now;
    let Some(wanted) = &mut model.shop.wanted else { return };
    wanted.since = now;
    // The files are put in place all the same: what they say is on the map.
    let files = wanted.scene.texts().clone();
    effects.push(Effect::Conduct(Action::Stage { name: wanted.scene.key.clone(), files }));
    model.shop.old = true;
    model.shop.doing = None;
    model.shop.pending = model.recording.play(&wanted.scene.key, now);
    wanted.phase = Phase::Staging;
    // A recorded run that did not go as declared is told as it was.
    wanted.anew = true;
    model.shop.notice = None;
    if model.shop.pending.is_empty() {
        model.shop.notice = Some("This state is not in the recorded run.".to_owned());
        model.shop.progress.last_report = None;
        model.shop.progress.last_survey = None;
    }
}

fn tick(model: &mut Model, effects: &mut Vec<Effect>) {
    let now = model.now;
    if let Some(Wanted { phase: Phase::Typing { until }, .. }) = &model.shop.wanted
        && now >= *until
    {
        set_out(model, effects);
    }
    while model.shop.pending.front().is_some_and(|(due, _)| *due <= now) {
        let Some((_, entry)) = model.shop.pending.pop_front() else { break };
        drop(model.shop.event(&model.course, &entry, now, true));
        if let Event::Verified { survey, .. } = &entry.event {
            model.shop.facts = diagnosis::with_live(&model.shop.facts, survey, &model.course.roles);
        }
    }
    if model.replay.as_ref().is_some_and(|replay| replay.due().is_some_and(|due| due <= now)) {
        step_replay(model);
    }
    if model.port_at.is_some_and(|at| now >= at) {
        model.port_at = None;
        if matches!(model.overlay, Some(Overlay::Port { .. })) {
            effects.push(Effect::Conduct(Action::AskPort { port: model.course.front_port() }));
        }
    }
    if model.auto_at.is_some_and(|at| now >= at) {
        model.auto_at = None;
        go_on(model, effects);
    }
}

/// By itself it goes on once what is shown has come to rest, and been there for a while.
fn plan_auto(model: &mut Model) {
    let Some(pause) = model.auto else { return };
    if model.auto_at.is_some() || model.overlay.is_some() || model.source == Source::Journal {
        return;
    }
    let unknown = model.shop.pending.is_empty() && model.source == Source::Recorded;
    if model.shop.is_at_rest() || unknown {
        model.auto_at = Some(model.now + pause);
    }
}

fn go_on(model: &mut Model, effects: &mut Vec<Effect>) {
    let next = model.beat_index() + 1;
    if model.once && next >= model.beats.len() {
        // What was not yet shown of the menu belongs into a recorded run, too.
        let asks = model.all && model.is_watched && matches!(model.at, At::Beat(_));
        if asks {
            model.overlay = Some(Overlay::GoOn);
            return;
        }
        return record_next(model, effects);
    }
    let next = if next >= model.beats.len() { 0 } else { next };
    enter(model, At::Beat(next), next > 0, effects);
}

/// The next state that is still to be recorded; the end where there is none.
fn record_next(model: &mut Model, effects: &mut Vec<Effect>) {
    let item = if let At::Aside { item, .. } = model.at { item + 1 } else { 0 };
    if model.all && item < model.menu.len() {
        let from = model.beat_index();
        return enter(model, At::Aside { item, from }, true, effects);
    }
    leave(model, effects);
}

fn leave(model: &mut Model, effects: &mut Vec<Effect>) {
    if !model.leaving {
        model.leaving = true;
        effects.push(Effect::Conduct(Action::Quit));
    } else {
        effects.push(Effect::Exit);
    }
}

fn step_replay(model: &mut Model) {
    let Some(replay) = &mut model.replay else { return };
    let told = replay.step(model.now);
    let facts = replay.facts_now();
    tell(model, &told, true);
    if let Some(survey) = &model.shop.progress.last_survey {
        model.shop.facts = diagnosis::with_live(&facts, survey, &model.course.roles);
    } else {
        model.shop.facts = facts;
    }
}

fn tell(model: &mut Model, entries: &[crate::journal::Entry], types: bool) {
    for entry in entries {
        drop(model.shop.event(&model.course, entry, model.now, true));
        match &entry.event {
            Event::Presented { beat } => {
                model.made = None;
                if let Some(index) = model.beats.iter().position(|known| known.id == *beat) {
                    model.at = At::Beat(index);
                    model.typing = None;
                }
            }
            Event::Staged { name, .. } => {
                let aside = model.menu.iter().position(|item| item.scene.key == *name);
                let declared = model.scene().is_some_and(|scene| scene.key == *name);
                if let (Some(item), false) = (aside, declared) {
                    model.made = None;
                    model.at = At::Aside { item, from: model.beat_index() };
                }
                model.typing = types.then_some(model.now);
            }
            Event::FileChanged { .. } | Event::Revealed { .. } => model.typing = types.then_some(model.now),
            _ => {}
        }
    }
}

fn press(model: &mut Model, key: KeyEvent, effects: &mut Vec<Effect>) {
    let interrupts = key.code == KeyCode::Char('c') && key.modifiers.contains(KeyModifiers::CONTROL);
    if model.overlay == Some(Overlay::Blank) && !interrupts {
        // Whatever a hand meets in the dark.
        model.overlay = None;
        model.auto_at = None;
        return;
    }
    let Some((command, digit)) = keymap::command(key, model.place()) else {
        if let (Some(Overlay::Menu { filter, at, .. }), KeyCode::Char(c)) = (&mut model.overlay, key.code)
            && !key.modifiers.contains(KeyModifiers::CONTROL)
        {
            filter.push(c);
            *at = 0;
        }
        return;
    };
    // A hand on the keys: it goes on by itself only after a new pause.
    model.auto_at = None;
    match command {
        Command::Next => next(model, effects),
        Command::Previous => {
            let at = match model.at {
                At::Aside { from, .. } => from,
                At::Beat(beat) => beat.saturating_sub(1),
            };
            enter(model, At::Beat(at), false, effects);
        }
        Command::Lesson => {
            let lesson = digit.and_then(|digit| model.course.lessons.get(digit)).map(|lesson| lesson.id.clone());
            let beat = lesson.and_then(|id| model.beats.iter().position(|beat| beat.lesson == id));
            if let Some(beat) = beat {
                enter(model, At::Beat(beat), false, effects);
            }
        }
        Command::Break => model.overlay = Some(Overlay::Menu { way: Way::Break, filter: String::new(), at: 0 }),
        Command::Mend => model.overlay = Some(Overlay::Menu { way: Way::Mend, filter: String::new(), at: 0 }),
        Command::Again => {
            model.shop.wanted = None;
            enter(model, model.at, false, effects);
        }
        Command::Source if model.source == Source::Live && !model.recording.is_empty() => {
            model.overlay = None;
            switch(model, Source::Recorded, effects);
        }
        Command::Source if model.source == Source::Recorded => switch(model, Source::Live, effects),
        Command::Source => {}
        Command::Blank => model.overlay = Some(Overlay::Blank),
        Command::Help => model.overlay = Some(Overlay::Help(0)),
        Command::Quit if model.source == Source::Live => model.overlay = Some(Overlay::Leaving),
        Command::Quit | Command::Keep => leave(model, effects),
        Command::Interrupt if model.source == Source::Live && model.overlay != Some(Overlay::Leaving) => {
            model.overlay = Some(Overlay::Leaving);
        }
        Command::Interrupt => leave(model, effects),
        Command::TakeDown => {
            model.overlay = None;
            model.leaving = true;
            model.taking_down = true;
            effects.push(Effect::Conduct(Action::Down { volumes: true }));
        }
        Command::Rest => {
            model.overlay = None;
            record_next(model, effects);
        }
        Command::Suspend => effects.push(Effect::Suspend),
        Command::Redraw => effects.push(Effect::Redraw),
        Command::Close => model.overlay = None,
        Command::Up | Command::Down | Command::Erase => in_menu(model, command),
        Command::Take => {
            let Some(Overlay::Menu { at, .. }) = &model.overlay else { return };
            let Some(pick) = model.found().get(*at).copied() else { return };
            model.overlay = None;
            let from = model.beat_index();
            match pick {
                Pick::Item(item) => enter(model, At::Aside { item, from }, true, effects),
                Pick::Surprise => surprise(model, from, effects),
            }
        }
        Command::Pause | Command::Step | Command::StepBack | Command::Faster | Command::Slower => {
            in_journal(model, command)
        }
    }
}

fn next(model: &mut Model, effects: &mut Vec<Effect>) {
    // While it types, one press shows it whole, and the work begins.
    let typing = model.typing.is_some_and(|since| model.now < since + model.difference().duration());
    if typing {
        model.typing = None;
        if let Some(Wanted { phase: phase @ Phase::Typing { .. }, .. }) = &mut model.shop.wanted {
            *phase = Phase::Waiting;
            set_out(model, effects);
        }
        return;
    }
    match model.at {
        At::Aside { .. } if model.sealed => {
            model.sealed = false;
            model.typing = Some(model.now);
        }
        At::Aside { from, .. } => enter(model, At::Beat(from), false, effects),
        At::Beat(beat) if beat + 1 < model.beats.len() => enter(model, At::Beat(beat + 1), true, effects),
        At::Beat(_) => {}
    }
}

/// Breaks the shop in a way that the notes tell, and the screen does not.
fn surprise(model: &mut Model, from: usize, effects: &mut Vec<Effect>) {
    let all = model.to_draw();
    // The hand that pressed the key is the dice.
    let Some(item) = all.get(Seed(model.now).pick("surprise", all.len())).copied() else { return };
    if model.drawn.contains(&item) {
        model.drawn.clear();
    }
    model.drawn.push(item);
    enter(model, At::Aside { item, from }, false, effects);
    model.sealed = true;
}

fn in_menu(model: &mut Model, command: Command) {
    if let Some(Overlay::Help(top)) = &mut model.overlay {
        // The picture stops at the last line.
        *top = if command == Command::Up { top.saturating_sub(1) } else { (*top + 1).min(HELP_LINES) };
        return;
    }
    let found = model.found().len();
    let Some(Overlay::Menu { filter, at, .. }) = &mut model.overlay else { return };
    match command {
        Command::Up => *at = at.saturating_sub(1),
        Command::Down => *at = (*at + 1).min(found.saturating_sub(1)),
        _ => {
            filter.pop();
            *at = 0;
        }
    }
}

fn in_journal(model: &mut Model, command: Command) {
    let Some(replay) = &mut model.replay else { return };
    match command {
        Command::Pause => replay.pause(model.now),
        Command::Faster => replay.change_speed(true),
        Command::Slower => replay.change_speed(false),
        Command::Step => {
            replay.playing = false;
            step_replay(model);
        }
        _ => {
            replay.back();
            let told = replay.entries[..replay.at].to_vec();
            let facts = replay.facts_now();
            model.shop = Shop::default();
            tell(model, &told, false);
            model.shop.facts = match &model.shop.progress.last_survey {
                Some(survey) => diagnosis::with_live(&facts, survey, &model.course.roles),
                None => facts,
            };
        }
    }
}
