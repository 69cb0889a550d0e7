//! What keys do.

use crossterm::event::{KeyEvent, KeyEventKind};

use super::{course_flow, editing, hints, scroll};
use crate::{
    compose::Severity,
    conductor::{Action, Asking, EngineStatus},
    tui::{
        content,
        keymap::{self, Command, Place},
        model::{Focus, Leaving, Model, Overlay, Screen, Tab},
        msg::Effect,
        next_step,
        work_words::doing,
    },
};

/// Takes a key in.
pub fn press(model: &mut Model, key: KeyEvent, effects: &mut Vec<Effect>) {
    if key.kind == KeyEventKind::Release {
        return;
    }
    model.dialog.notice = None;
    model.dialog.done = None;
    let place = model.place();
    if matches!(model.dialog.overlay, Some(Overlay::Tour))
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
        model.dialog.overlay = None;
        return;
    }
    let place = step_aside(model, key, effects).unwrap_or(place);
    if matches!(place, Place::Editor | Place::Unsaved) && editing::press_in_editor(model, key, effects) {
        return;
    }
    match keymap::command(key, place) {
        Some((command, digit)) => obey(model, command, digit, effects),
        None if place == Place::Writing => editing::write(model, key),
        None => {}
    }
    scroll::clamp(model);
}

/// What waits for nothing but to be closed steps aside for the key that goes on: an error once its file is mended, and a line
/// of which nothing was written. Gives the place to which the key goes then.
fn step_aside(model: &mut Model, key: KeyEvent, effects: &mut Vec<Effect>) -> Option<Place> {
    let goes_on = matches!(keymap::command(key, Place::Story), Some((Command::Verify | Command::Up, _)));
    let mended = !model.lab.findings.iter().any(|finding| finding.severity != Severity::Warning);
    match &model.dialog.overlay {
        Some(Overlay::Error(_)) if goes_on && mended => model.dialog.overlay = None,
        Some(Overlay::Hypothesis { input, .. }) if goes_on && input.text().is_empty() => {
            // The one goes on as an empty line does; the other looks once more before that.
            if matches!(keymap::command(key, Place::Story), Some((Command::Up, _))) {
                forward(model, effects);
                return Some(Place::Reading);
            }
            model.dialog.overlay = None;
        }
        None if goes_on && model.place() == Place::Writing => {
            model.dialog.reflecting.take_if(|input| input.text().is_empty())?;
        }
        _ => return None,
    }
    Some(model.place())
}

fn obey(model: &mut Model, command: Command, digit: Option<usize>, effects: &mut Vec<Effect>) {
    match command {
        Command::Forward => forward(model, effects),
        Command::Back => course_flow::back(model, effects),
        Command::Answer => course_flow::answer(model, digit.unwrap_or(0), effects),
        Command::Verify if course_flow::guess_first(model, effects) => {}
        Command::Verify => {
            let lesson = model.lesson_id().to_owned();
            conduct(model, vec![Action::Verify { lesson, asking: Asking::Patient }], effects);
        }
        Command::Up => {
            let actions = next_step::up_actions(model);
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
            if let Some(Overlay::Lessons(at)) = model.dialog.overlay {
                course_flow::ask_to_repeat(model, at);
            }
        }
        Command::Mend => {
            if let Some(Overlay::Jumping(at)) = model.dialog.overlay {
                course_flow::jump(model, at, effects);
            }
        }
        Command::FastTrack => {
            model.config.fast_track = !model.config.fast_track;
            model.nav.page = model.first_page();
            let words = if model.config.fast_track {
                "Fast track: the symptoms, the evidence and the hints; no stories, no questions."
            } else {
                "The stories and the questions are back."
            };
            model.dialog.notice = Some(words.to_owned());
        }
        Command::Fix => without_engine(model, Effect::GetEngine, effects),
        Command::Courses if model.others.is_empty() => {
            model.dialog.notice =
                Some("There is no other course here. breakfix courses   says where one is looked for.".to_owned());
        }
        Command::Courses => open(model, Overlay::Courses(0)),
        Command::Recorded if matches!(model.lab.engine, EngineStatus::Here(_)) => practise(model, effects),
        Command::Recorded => without_engine(model, Effect::PlayRecorded, effects),
        Command::Practice if model.nav.lesson + 1 < model.course.lessons.len() => {
            model.dialog.notice =
                Some("Practice comes after the last lesson; or in another terminal: breakfix practice.".to_owned());
        }
        Command::Practice => practise(model, effects),
        Command::Shell => shell(model),
        Command::Hint => hints::hint(model, effects),
        // Over the explanation the key closes it; over another text it does nothing.
        Command::Explain if matches!(model.dialog.overlay, Some(Overlay::Reading { .. })) => {
            model.dialog.overlay = None
        }
        Command::Explain if model.dialog.overlay.is_some() => {}
        Command::Explain => hints::explain(model, effects),
        Command::Note => model.dialog.overlay = Some(Overlay::Note(Default::default())),
        Command::Diff => scroll::open_tab(model, Tab::Diff),
        Command::Reset => open(model, Overlay::Resetting),
        Command::Reveal => reveal(model),
        Command::Lessons => open(model, Overlay::Lessons(model.nav.lesson)),
        Command::Tour => {
            open(model, Overlay::Tour);
            // Who has asked for it does not get it at the start once more.
            model.config.tour = false;
        }
        Command::Help => open(model, Overlay::Help),
        Command::Copy => match content::copyable(model) {
            Some(text) => {
                model.dialog.notice = Some(format!("Copied: {text}"));
                effects.push(Effect::Copy(text));
            }
            None => model.dialog.notice = Some("There is no command here to copy.".to_owned()),
        },
        Command::CopyOutput => {
            let text = content::copyable_output(model);
            let lines = text.lines().count();
            model.dialog.notice = Some(format!("Copied {lines} {}.", if lines == 1 { "line" } else { "lines" }));
            effects.push(Effect::Copy(text));
        }
        Command::Open => effects.push(Effect::OpenPager(content::as_text(model))),
        Command::Search => model.dialog.overlay = Some(Overlay::Search(Default::default())),
        Command::Service => {
            model.lab.logs.next_service();
            model.lab.logs.follow();
        }
        Command::NextItem => scroll::next_item(model, true),
        Command::PreviousItem => scroll::next_item(model, false),
        Command::NextPane => scroll::next_pane(model, true),
        Command::PreviousPane => scroll::next_pane(model, false),
        Command::Tab => match digit.and_then(|digit| digit.checked_sub(1)).and_then(|at| Tab::ALL.get(at)) {
            Some(tab) => {
                model.nav.hop = None;
                // "Its last words are in the logs (2)": in those, and not among all others'.
                if *tab == Tab::Logs && (model.nav.tab, model.nav.focus) != (Tab::Logs, Focus::Side) {
                    let spoken_of = content::dead(model).map(|dead| dead.service.clone());
                    spoken_of.inspect(|service| model.lab.logs.show_only(service));
                }
                scroll::open_tab(model, *tab);
            }
            None => model.nav.focus = Focus::Lesson,
        },
        Command::Map => scroll::go_to_map(model),
        Command::NextLink => scroll::along(model, true),
        Command::PreviousLink => scroll::along(model, false),
        Command::LineUp => scroll::by_lines(model, -1),
        Command::LineDown => scroll::by_lines(model, 1),
        Command::PageUp => scroll::by_pages(model, -1),
        Command::PageDown => scroll::by_pages(model, 1),
        Command::Left => scroll::sideways(model, -8),
        Command::Right => scroll::sideways(model, 8),
        Command::Top => scroll::to_top(model),
        Command::Bottom => scroll::to_bottom(model),
        Command::Cancel => cancel(model, effects),
        Command::Quit => quit(model, effects),
        Command::Interrupt => {
            if model.work.leaving.is_some() || matches!(model.dialog.overlay, Some(Overlay::Leaving)) {
                effects.push(Effect::Exit);
            } else {
                quit(model, effects);
            }
        }
        Command::Keep => {
            model.dialog.overlay = None;
            leave(model, effects);
        }
        Command::TakeDown => {
            model.dialog.overlay = None;
            model.work.leaving = Some(Leaving::TakingDown);
            model.work.queue.clear();
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
            model.dialog.notice = Some(words.to_owned());
        }
        Command::Refresh => {
            effects.extend([Effect::Conduct(Action::Refresh), Effect::ReadLab]);
            model.dialog.notice = Some("Looked at the files and the containers again.".to_owned());
        }
        Command::Redraw => effects.push(Effect::Redraw),
        // The editor takes these itself.
        Command::Save | Command::Undo | Command::Redo | Command::Discard => {}
    }
}

fn open(model: &mut Model, overlay: Overlay) {
    model.nav.scrolls.overlay = Default::default();
    model.dialog.overlay = Some(overlay);
}

/// Enter: yes, on, choose, close.
fn forward(model: &mut Model, effects: &mut Vec<Effect>) {
    let at_lesson = model.nav.screen == Screen::Lesson && model.nav.focus == Focus::Lesson;
    match model.dialog.overlay.take() {
        None if model.nav.screen == Screen::Welcome => course_flow::begin(model, effects),
        None if at_lesson && model.dialog.reflecting.is_some() => editing::reflect(model, effects),
        None if model.nav.focus == Focus::Map => scroll::enter_link(model),
        None => course_flow::forward(model, effects),
        Some(Overlay::Lessons(at)) => course_flow::choose_lesson(model, at, effects),
        Some(Overlay::Jumping(at)) => course_flow::open_lesson(model, at, effects),
        Some(Overlay::Repeating(at)) => course_flow::repeat(model, at, effects),
        Some(Overlay::Files { at, here }) => {
            if let Some(file) = model.files_to_edit().get(at).map(|file| (*file).to_owned()) {
                edit(model, file, here, effects);
            }
        }
        Some(Overlay::Courses(at)) => {
            if let Some(other) = model.others.get(at) {
                effects.push(Effect::BeginCourse(other.name.clone()));
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
        Some(other) => model.dialog.overlay = Some(other),
    }
}

/// Esc: closes what lies over the screen, else ends the work, else gives the keys back to the lesson.
fn cancel(model: &mut Model, effects: &mut Vec<Effect>) {
    if model.dialog.overlay.is_some() {
        if matches!(model.dialog.overlay, Some(Overlay::Images)) {
            model.work.beginning = None;
            if model.nav.screen == Screen::Welcome {
                course_flow::enter_lesson(model, effects);
            }
        }
        model.dialog.overlay = None;
    } else if model.work.current.is_some() {
        model.work.queue.clear();
        effects.push(Effect::Conduct(Action::Cancel));
        model.dialog.notice = Some("Stopping …".to_owned());
    } else if model.dialog.reflecting.take().is_none() {
        model.work.beginning = None;
        model.lab.logs.search.clear();
        model.nav.hop = None;
        model.nav.focus = Focus::Lesson;
    }
}

/// Asks the conductor for these, one after the other, unless something stands in the way.
fn conduct(model: &mut Model, actions: Vec<Action>, effects: &mut Vec<Effect>) {
    match &model.lab.engine {
        EngineStatus::Here(_) => {}
        EngineStatus::Looking => {
            model.dialog.notice = Some("Docker is still looked for.".to_owned());
            return;
        }
        EngineStatus::Missing(error) => {
            let error = error.clone();
            open(model, Overlay::Error(error));
            return;
        }
    }
    if let Some(work) = &model.work.current {
        model.dialog.notice = Some(format!("First the work that goes on: {}. Esc stops it.", doing(&work.work.kind)));
        return;
    }
    if model.missing_images().next().is_some() {
        open(model, Overlay::Images);
        return;
    }
    let mut actions = actions.into_iter();
    if let Some(first) = actions.next() {
        effects.push(Effect::Conduct(first));
    }
    model.work.queue = actions.collect();
}

/// What is offered where there is no engine.
fn without_engine(model: &mut Model, effect: Effect, effects: &mut Vec<Effect>) {
    match model.lab.engine {
        EngineStatus::Missing(_) => effects.push(effect),
        EngineStatus::Looking => model.dialog.notice = Some("Docker is still looked for.".to_owned()),
        EngineStatus::Here(_) => {
            model.dialog.notice = Some("An engine answers: Enter begins with the real thing.".to_owned())
        }
    }
}

/// An incident, where the course has something to draw it from.
fn practise(model: &mut Model, effects: &mut Vec<Effect>) {
    if model.course.practice.faults.is_empty() {
        model.dialog.notice = Some("This course has nothing to practise; an engine answers: Enter begins.".to_owned());
    } else {
        effects.push(Effect::Practise);
    }
}

/// The containers to open a shell in, at the one that the page or the link speaks of.
fn shell(model: &mut Model) {
    let running = model.running();
    if running.is_empty() {
        model.dialog.notice = Some("No container runs, so there is none to look into. u starts them.".to_owned());
        return;
    }
    let meant = model.nav.hop.and_then(|at| model.course.hops.get(at)).map(|hop| hop.to.as_str());
    let meant =
        meant.or_else(|| model.lab.logs.only.and_then(|only| model.lab.logs.services.get(only)).map(String::as_str));
    let at = meant.and_then(|meant| running.iter().position(|service| *service == meant)).unwrap_or(0);
    open(model, Overlay::Shell(at));
}

fn images(model: &mut Model, effects: &mut Vec<Effect>) {
    if model.missing_images().next().is_some() {
        open(model, Overlay::Images);
    } else if matches!(model.lab.engine, EngineStatus::Here(_)) && model.lab.images.is_none() {
        effects.push(Effect::Conduct(Action::Images));
    } else {
        model.dialog.notice = Some("All base images are here.".to_owned());
    }
}

fn choose_file(model: &mut Model, here: bool, effects: &mut Vec<Effect>) {
    if model.lab.files.files.is_empty() {
        model.dialog.notice = Some("The lab's files are not read yet.".to_owned());
        effects.push(Effect::ReadLab);
        return;
    }
    // A file whose compose finding stops everything is the one that is meant.
    let wrong = model.lab.findings.iter().find(|finding| finding.severity != crate::compose::Severity::Warning);
    let meant = wrong.map(|finding| finding.place.file.to_string_lossy().into_owned());
    let files = model.files_to_edit();
    let shown = if model.nav.tab == Tab::Files && (model.nav.focus == Focus::Side || model.is_wide()) {
        model.lab.files.files.get(model.nav.file_at).map(|(path, _)| path.clone())
    } else {
        None
    };
    let at = meant.or(shown).and_then(|file| files.iter().position(|known| *known == file)).unwrap_or(0);
    open(model, Overlay::Files { at, here });
}

fn edit(model: &mut Model, file: String, here: bool, effects: &mut Vec<Effect>) {
    if let Some(at) = model.lab.files.files.iter().position(|(path, _)| *path == file) {
        model.nav.file_at = at;
        model.nav.scrolls.files = Default::default();
        scroll::show_pointed(model);
    }
    effects.push(if here { Effect::ReadFile(file) } else { Effect::OpenEditor(file) });
}

fn reveal(model: &mut Model) {
    if model.lesson().is_some_and(|lesson| !lesson.fix.is_empty()) {
        open(model, Overlay::Revealing);
    } else {
        model.dialog.notice = Some("There is nothing to fix in this lesson.".to_owned());
    }
}

fn reset(model: &mut Model, all: bool, effects: &mut Vec<Effect>) {
    model.dialog.overlay = None;
    let shown = model.lab.files.files.get(model.nav.file_at).map(|(path, _)| path.into());
    let files = if all { Vec::new() } else { shown.into_iter().collect() };
    if all || !files.is_empty() {
        effects.push(Effect::Conduct(Action::Reset { files }));
    }
}

fn quit(model: &mut Model, effects: &mut Vec<Effect>) {
    use crate::engine::ServiceState::{Created, Exited, Missing};
    let runs = model.lab.containers.iter().any(|container| !matches!(container.state, Missing | Exited | Created));
    if runs && model.work.leaving.is_none() {
        open(model, Overlay::Leaving);
    } else {
        leave(model, effects);
    }
}

fn leave(model: &mut Model, effects: &mut Vec<Effect>) {
    model.work.leaving = Some(Leaving::Closing);
    effects.push(Effect::Conduct(Action::Quit));
}
