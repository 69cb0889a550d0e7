//! What keys do.

use crossterm::event::{KeyEvent, KeyEventKind};

use super::{editing, going, moving};
use crate::{
    conductor::{Action, Asking, EngineStatus},
    tui::{
        keymap::{self, Command, Place},
        model::{Focus, Leaving, Model, Overlay, Screen, Tab},
        msg::Effect,
        need, view,
    },
};

/// Takes a key in.
pub fn press(model: &mut Model, key: KeyEvent, effects: &mut Vec<Effect>) {
    if key.kind == KeyEventKind::Release {
        return;
    }
    model.notice = None;
    model.done = None;
    let place = model.place();
    if matches!(model.overlay, Some(Overlay::Tour))
        && !matches!(
            keymap::command(key, place),
            Some((
                Command::LineUp
                    | Command::LineDown
                    | Command::PageUp
                    | Command::PageDown
                    | Command::Suspend
                    | Command::Redraw,
                _
            ))
        )
    {
        model.overlay = None;
        return;
    }
    if matches!(place, Place::Editor | Place::Unsaved) && editing::press_in_editor(model, key, effects) {
        return;
    }
    match keymap::command(key, place) {
        Some((command, digit)) => obey(model, command, digit, effects),
        None if place == Place::Writing => editing::write(model, key),
        None => {}
    }
    moving::clamp(model);
}

fn obey(model: &mut Model, command: Command, digit: Option<usize>, effects: &mut Vec<Effect>) {
    match command {
        Command::Forward => forward(model, effects),
        Command::Back => going::back(model, effects),
        Command::Answer => going::answer(model, digit.unwrap_or(0), effects),
        Command::Verify if going::guess_first(model, effects) => {}
        Command::Verify => {
            let lesson = model.lesson_id().to_owned();
            conduct(model, vec![Action::Verify { lesson, asking: Asking::Patient }], effects);
        }
        Command::Up => {
            let actions = need::up_actions(model);
            if !editing::ask_first(model, &actions) {
                conduct(model, actions, effects);
            }
        }
        Command::Build => {
            let actions = vec![Action::Up { services: vec![], build: true }];
            if !editing::ask_first(model, &actions) {
                conduct(model, actions, effects);
            }
        }
        Command::Bootstrap => conduct(model, vec![Action::Bootstrap], effects),
        Command::Images => images(model, effects),
        Command::Edit => choose_file(model, !model.own_editor, effects),
        Command::EditHere => choose_file(model, true, effects),
        Command::Repeat => {
            if let Some(Overlay::Lessons(at)) = model.overlay {
                going::ask_to_repeat(model, at);
            }
        }
        Command::Mend => {
            if let Some(Overlay::Jumping(at)) = model.overlay {
                going::jump(model, at, effects);
            }
        }
        Command::FastTrack => {
            model.config.fast_track = !model.config.fast_track;
            model.page = model.first_page();
        }
        Command::Fix => without_engine(model, Effect::GetEngine, effects),
        Command::Recorded => without_engine(model, Effect::PlayRecorded, effects),
        Command::Shell => shell(model),
        Command::Hint => going::hint(model, effects),
        // Over the explanation the key closes it; over another text it does nothing.
        Command::Explain if matches!(model.overlay, Some(Overlay::Reading { .. })) => model.overlay = None,
        Command::Explain if model.overlay.is_some() => {}
        Command::Explain => going::explain(model, effects),
        Command::Note => model.overlay = Some(Overlay::Note(Default::default())),
        Command::Diff => moving::open_tab(model, Tab::Diff),
        Command::Reset => open(model, Overlay::Resetting),
        Command::Reveal => reveal(model),
        Command::Lessons => open(model, Overlay::Lessons(model.lesson)),
        Command::Tour => {
            open(model, Overlay::Tour);
        }
        Command::Help => open(model, Overlay::Help),
        Command::Copy => match view::copyable(model) {
            Some(text) => {
                model.notice = Some(format!("Copied: {text}"));
                effects.push(Effect::Copy(text));
            }
            None => model.notice = Some("There is no command here to copy.".to_owned()),
        },
        Command::CopyOutput => {
            let text = view::copyable_output(model);
            let lines = text.lines().count();
            model.notice = Some(format!("Copied {lines} {}.", if lines == 1 { "line" } else { "lines" }));
            effects.push(Effect::Copy(text));
        }
        Command::Open => effects.push(Effect::OpenPager(view::as_text(model))),
        Command::Search => model.overlay = Some(Overlay::Search(Default::default())),
        Command::Service => {
            model.logs.next_service();
            model.logs.follow();
        }
        Command::NextItem => moving::next_item(model, true),
        Command::PreviousItem => moving::next_item(model, false),
        Command::NextPane => moving::next_pane(model, true),
        Command::PreviousPane => moving::next_pane(model, false),
        Command::Tab => match digit.and_then(|digit| digit.checked_sub(1)).and_then(|at| Tab::ALL.get(at)) {
            Some(tab) => {
                model.hop = None;
                moving::open_tab(model, *tab);
            }
            None => model.focus = Focus::Lesson,
        },
        Command::Map => moving::go_to_map(model),
        Command::NextLink => moving::along(model, true),
        Command::PreviousLink => moving::along(model, false),
        Command::LineUp => moving::by_lines(model, -1),
        Command::LineDown => moving::by_lines(model, 1),
        Command::PageUp => moving::by_pages(model, -1),
        Command::PageDown => moving::by_pages(model, 1),
        Command::Left => moving::sideways(model, -8),
        Command::Right => moving::sideways(model, 8),
        Command::Top => moving::to_top(model),
        Command::Bottom => moving::to_bottom(model),
        Command::Cancel => cancel(model, effects),
        Command::Quit => quit(model, effects),
        Command::Interrupt => {
            if model.leaving.is_some() || matches!(model.overlay, Some(Overlay::Leaving)) {
                effects.push(Effect::Exit);
            } else {
                quit(model, effects);
            }
        }
        Command::Keep => {
            model.overlay = None;
            leave(model, effects);
        }
        Command::TakeDown => {
            model.overlay = None;
            model.leaving = Some(Leaving::TakingDown);
            model.queue.clear();
            effects.push(Effect::Conduct(Action::Down { volumes: false }));
        }
        Command::All | Command::OnlyThis => reset(model, command == Command::All, effects),
        Command::Suspend => effects.push(Effect::Suspend),
        Command::Mouse => {
            model.config.mouse = !model.config.mouse;
            effects.push(Effect::Mouse(model.config.mouse));
            let words = if model.config.mouse {
                "The mouse is taken: wheel, panes, the chain. Shift selects text in most terminals. M leaves it again."
            } else {
                "The mouse is the terminal's again."
            };
            model.notice = Some(words.to_owned());
        }
        Command::Refresh => {
            effects.extend([Effect::Conduct(Action::Refresh), Effect::ReadLab]);
            model.notice = Some("Looked at the files and the containers again.".to_owned());
        }
        Command::Redraw => effects.push(Effect::Redraw),
        // The editor takes these itself.
        Command::Save | Command::Undo | Command::Redo | Command::Discard => {}
    }
}

fn open(model: &mut Model, overlay: Overlay) {
    model.scrolls.overlay = Default::default();
    model.overlay = Some(overlay);
}

/// Enter: yes, on, choose, close.
fn forward(model: &mut Model, effects: &mut Vec<Effect>) {
    let at_lesson = model.screen == Screen::Lesson && model.focus == Focus::Lesson;
    match model.overlay.take() {
        None if model.screen == Screen::Welcome => going::begin(model, effects),
        None if at_lesson && model.reflecting.is_some() => editing::reflect(model, effects),
        None if model.focus == Focus::Map => moving::enter_link(model),
        None => going::forward(model, effects),
        Some(Overlay::Lessons(at)) => going::choose_lesson(model, at, effects),
        Some(Overlay::Jumping(at)) => going::open_lesson(model, at, effects),
        Some(Overlay::Repeating(at)) => going::repeat(model, at, effects),
        Some(Overlay::Files { at, here }) => {
            if let Some(file) = model.files_to_edit().get(at).map(|file| (*file).to_owned()) {
                edit(model, file, here, effects);
            }
        }
        Some(Overlay::Shell(at)) => {
            if let Some(service) = model.running().get(at) {
                effects.push(Effect::OpenShell((*service).to_owned()));
            }
        }
        Some(Overlay::Note(input)) => editing::keep_note(model, &input, effects),
        Some(Overlay::Hypothesis { input, actions, .. }) => {
            editing::keep_hypothesis(model, &input, effects);
            conduct(model, actions, effects);
        }
        Some(Overlay::Search(input)) => editing::search_logs(model, &input),
        Some(Overlay::Revealing) => {
            let lesson = model.lesson_id().to_owned();
            effects.push(Effect::Conduct(Action::Reveal { lesson }));
        }
        Some(Overlay::Images) => effects.push(Effect::Conduct(Action::Images)),
        Some(Overlay::Help | Overlay::Tour | Overlay::Reading { .. } | Overlay::Error(_)) => {}
        Some(other) => model.overlay = Some(other),
    }
}

/// Esc: closes what lies over the screen, else ends the work, else gives the keys back to the lesson.
fn cancel(model: &mut Model, effects: &mut Vec<Effect>) {
    if model.overlay.is_some() {
        if matches!(model.overlay, Some(Overlay::Images)) {
            model.beginning = None;
            if model.screen == Screen::Welcome {
                going::enter_lesson(model, effects);
            }
        }
        model.overlay = None;
    } else if model.work.is_some() {
        model.queue.clear();
        effects.push(Effect::Conduct(Action::Cancel));
        model.notice = Some("Stopping …".to_owned());
    } else if model.reflecting.take().is_none() {
        model.beginning = None;
        model.logs.search.clear();
        model.hop = None;
        model.focus = Focus::Lesson;
    }
}

/// Asks the conductor for these, one after the other, unless something stands in the way.
fn conduct(model: &mut Model, actions: Vec<Action>, effects: &mut Vec<Effect>) {
    match &model.engine {
        EngineStatus::Here(_) => {}
        EngineStatus::Looking => {
            model.notice = Some("Docker is still looked for.".to_owned());
            return;
        }
        EngineStatus::Missing(error) => {
            let error = error.clone();
            open(model, Overlay::Error(error));
            return;
        }
    }
    if let Some(work) = &model.work {
        model.notice = Some(format!("First the work that goes on: {}. Esc stops it.", need::doing(&work.work.kind)));
        return;
    }
    if need::missing_images(model).next().is_some() {
        open(model, Overlay::Images);
        return;
    }
    let mut actions = actions.into_iter();
    if let Some(first) = actions.next() {
        effects.push(Effect::Conduct(first));
    }
    model.queue = actions.collect();
}

/// What is offered where there is no engine.
fn without_engine(model: &mut Model, effect: Effect, effects: &mut Vec<Effect>) {
    match model.engine {
        EngineStatus::Missing(_) => effects.push(effect),
        EngineStatus::Looking => model.notice = Some("Docker is still looked for.".to_owned()),
        EngineStatus::Here(_) => model.notice = Some("An engine answers: Enter begins with the real thing.".to_owned()),
    }
}

/// The containers to open a shell in, at the one that the page or the link speaks of.
fn shell(model: &mut Model) {
    let running = model.running();
    if running.is_empty() {
        model.notice = Some("No container runs, so there is none to look into. u starts them.".to_owned());
        return;
    }
    let meant = model.hop.and_then(|at| model.course.hops.get(at)).map(|hop| hop.to.as_str());
    let meant = meant.or_else(|| model.logs.only.and_then(|only| model.logs.services.get(only)).map(String::as_str));
    let at = meant.and_then(|meant| running.iter().position(|service| *service == meant)).unwrap_or(0);
    open(model, Overlay::Shell(at));
}

fn images(model: &mut Model, effects: &mut Vec<Effect>) {
    if need::missing_images(model).next().is_some() {
        open(model, Overlay::Images);
    } else if matches!(model.engine, EngineStatus::Here(_)) && model.images.is_none() {
        effects.push(Effect::Conduct(Action::Images));
    } else {
        model.notice = Some("All base images are here.".to_owned());
    }
}

fn choose_file(model: &mut Model, here: bool, effects: &mut Vec<Effect>) {
    if model.files.files.is_empty() {
        model.notice = Some("The lab's files are not read yet.".to_owned());
        effects.push(Effect::ReadLab);
        return;
    }
    // A file whose compose finding stops everything is the one that is meant.
    let wrong = model.findings.iter().find(|finding| finding.severity != crate::compose::Severity::Warning);
    let meant = wrong.map(|finding| finding.place.file.to_string_lossy().into_owned());
    let files = model.files_to_edit();
    let shown = if model.tab == Tab::Files && (model.focus == Focus::Side || model.is_wide()) {
        model.files.files.get(model.file_at).map(|(path, _)| path.clone())
    } else {
        None
    };
    let at = meant.or(shown).and_then(|file| files.iter().position(|known| *known == file)).unwrap_or(0);
    open(model, Overlay::Files { at, here });
}

fn edit(model: &mut Model, file: String, here: bool, effects: &mut Vec<Effect>) {
    if let Some(at) = model.files.files.iter().position(|(path, _)| *path == file) {
        model.file_at = at;
        model.scrolls.files = Default::default();
        moving::show_pointed(model);
    }
    effects.push(if here { Effect::ReadFile(file) } else { Effect::OpenEditor(file) });
}

fn reveal(model: &mut Model) {
    if model.lesson().is_some_and(|lesson| !lesson.fix.is_empty()) {
        open(model, Overlay::Revealing);
    } else {
        model.notice = Some("There is nothing to fix in this lesson.".to_owned());
    }
}

fn reset(model: &mut Model, all: bool, effects: &mut Vec<Effect>) {
    model.overlay = None;
    let shown = model.files.files.get(model.file_at).map(|(path, _)| path.into());
    let files = if all { Vec::new() } else { shown.into_iter().collect() };
    if all || !files.is_empty() {
        effects.push(Effect::Conduct(Action::Reset { files }));
    }
}

fn quit(model: &mut Model, effects: &mut Vec<Effect>) {
    use crate::engine::ServiceState::{Created, Exited, Missing};
    let runs = model.containers.iter().any(|container| !matches!(container.state, Missing | Exited | Created));
    if runs && model.leaving.is_none() {
        open(model, Overlay::Leaving);
    } else {
        leave(model, effects);
    }
}

fn leave(model: &mut Model, effects: &mut Vec<Effect>) {
    model.leaving = Some(Leaving::Closing);
    effects.push(Effect::Conduct(Action::Quit));
}
