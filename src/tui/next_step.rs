//! What the learner's next step is, derived from the state: the one "next" line, and what `u` does.

use super::{
    keymap::Command,
    layout,
    model::{Focus, Leaving, Model, Overlay, Page, Screen},
    text, withheld,
    work_words::doing,
};
use crate::{
    compose::Severity,
    conductor::{Action, ContainerView, EngineStatus},
    diagnosis::Status,
    engine::ServiceState,
    lab::MakeLive,
};

/// What is missing before the learner can go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Need {
    /// The engine is looked for.
    Looking,
    /// There is no engine.
    Engine,
    /// Base images are missing.
    Images,
    /// The compose file cannot be used; index of the finding.
    Compose(usize),
    /// Nothing was started yet: the database, its tables, the rest.
    Start,
    /// The database runs and has no tables.
    Bootstrap,
    /// Something that should run does not, or was never made.
    Up,
    /// Something was saved and does not run.
    MakeLive,
    /// Something changed since the stack was last asked.
    Verify,
    /// The stack was asked, and the lesson is not solved.
    Think,
    /// The lesson is solved.
    Nothing,
}

/// What is missing now.
pub fn need(model: &Model) -> Need {
    match &model.lab.engine {
        EngineStatus::Looking => return Need::Looking,
        EngineStatus::Missing(_) => return Need::Engine,
        EngineStatus::Here(_) => {}
    }
    if model.missing_images().next().is_some() {
        return Need::Images;
    }
    if let Some(at) = model.lab.findings.iter().position(|finding| finding.severity != Severity::Warning) {
        return Need::Compose(at);
    }
    let there = |service: &str| model.lab.containers.iter().any(|container| exists(container, service));
    let roles = &model.course.roles;
    if asks_for_tables(model) {
        return if there(&roles.database) { Need::Bootstrap } else { Need::Start };
    }
    let runs = model.lab.containers.iter().any(|container| container.state == ServiceState::Running);
    let all_there =
        model.lab.containers.iter().filter(|container| container.state != ServiceState::Missing).count() >= 3;
    if !runs || !all_there || model.lab.containers.iter().any(|container| container.state == ServiceState::Created) {
        return Need::Up;
    }
    if model.shows_stale() {
        return Need::MakeLive;
    }
    if !model.lab.asked {
        return if model.here().is_solved() { Need::Nothing } else { Need::Verify };
    }
    if model.here().is_solved() { Need::Nothing } else { Need::Think }
}

fn exists(container: &ContainerView, service: &str) -> bool {
    container.service == service && container.state != ServiceState::Missing
}

/// Whether the course has its tables made by hand, and they were not yet.
fn asks_for_tables(model: &Model) -> bool {
    model.course.stack.bootstrap.is_some() && !model.lab.progress.bootstrapped
}

/// What `u` asks for, in order: the smallest thing that helps.
pub fn up_actions(model: &Model) -> Vec<Action> {
    let up = |services: Vec<String>| Action::Up { services, build: false };
    let runs = model.lab.containers.iter().any(|container| container.state == ServiceState::Running);
    let live = (runs && !model.lab.stale.is_empty()).then_some(Action::MakeLive);
    if asks_for_tables(model) {
        // The developer's three commands, in their order; and what was edited while somebody else had started it.
        let first = [up(vec![model.course.roles.database.clone()]), Action::Bootstrap, up(vec![])];
        return first.into_iter().chain(live).collect();
    }
    vec![live.unwrap_or_else(|| up(vec![]))]
}

/// What `u` would type, in words: `docker compose up -d`.
pub fn up_command(model: &Model) -> String {
    match model.lab.stale.as_slice() {
        [] => "docker compose up -d".to_owned(),
        [one] => one.command(),
        [one, ..] => format!("{} …", one.command()),
    }
}

/// What making this live means, in words.
pub fn make_live_words(action: MakeLive, service: &str) -> String {
    match action {
        MakeLive::Reload => format!("let {service} read its files again"),
        MakeLive::Restart => format!("restart {service}"),
        MakeLive::Recreate => format!("make {service} anew"),
        MakeLive::Rebuild => format!("build {service} anew"),
    }
}

/// The one line that says what to do next.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Next {
    /// The key for it, where one is enough.
    pub key: Option<Command>,
    /// What it does, as a verb.
    pub words: String,
    /// The command that a person would type for the same.
    pub types: Option<String>,
    /// Another thing that can be done as well.
    pub also: Option<(Command, String)>,
}

impl Next {
    fn press(key: Command, words: impl Into<String>) -> Self {
        Self { key: Some(key), words: words.into(), types: None, also: None }
    }

    fn wait(words: impl Into<String>) -> Self {
        Self { key: None, words: words.into(), types: None, also: None }
    }

    fn typed(mut self, command: impl Into<String>) -> Self {
        self.types = Some(command.into());
        self
    }

    fn also(mut self, key: Command, words: impl Into<String>) -> Self {
        self.also = Some((key, words.into()));
        self
    }
}

/// What to do next.
pub fn next_step(model: &Model) -> Next {
    if let Some(leaving) = model.work.leaving {
        return Next::wait(match leaving {
            Leaving::TakingDown => "taking the shop down, then good-bye",
            Leaving::Closing => "good-bye",
        });
    }
    if let Some(next) = over_the_screen(model) {
        return next;
    }
    if model.nav.screen == Screen::Welcome {
        return welcome(model);
    }
    if let Some(work) = &model.work.current {
        return Next::wait(format!("wait for {}", doing(&work.work.kind))).also(Command::Cancel, "stop");
    }
    if model.dialog.reflecting.is_some() && model.nav.focus == Focus::Lesson {
        return Next::press(Command::Forward, "keep this line; an empty one skips the question");
    }
    let need = need(model);
    match (&need, reading(model, &need)) {
        // What stops everything comes before the story; else the story leads.
        (Need::Images | Need::Compose(_), _) | (_, None) => by_need(model, &need),
        (_, Some(next)) => next,
    }
}

fn over_the_screen(model: &Model) -> Option<Next> {
    Some(match model.dialog.overlay.as_ref()? {
        Overlay::Jumping(_) => Next::press(Command::Mend, "mend them for me").also(Command::Cancel, "stay"),
        Overlay::Repeating(_) => Next::press(Command::Forward, "put the bug back").also(Command::Cancel, "stay"),
        Overlay::Help | Overlay::Tour | Overlay::Reading { .. } | Overlay::Error(_) => {
            Next::press(Command::Forward, "close")
        }
        Overlay::Lessons(_) => Next::press(Command::Forward, "open this lesson").also(Command::Cancel, "stay"),
        Overlay::Courses(_) => Next::press(Command::Forward, "begin this course").also(Command::Cancel, "stay"),
        Overlay::Shell(_) => {
            Next::press(Command::Forward, "open a shell in it; exit comes back").also(Command::Cancel, "stay")
        }
        Overlay::Files { .. } => Next::press(Command::Forward, "edit this file").also(Command::Cancel, "stay"),
        Overlay::Hypothesis { input, .. } if input.is_blank() => {
            Next::press(Command::Forward, "make it live; an empty line skips this").also(Command::Cancel, "not yet")
        }
        Overlay::Hypothesis { .. } => Next::press(Command::Forward, "keep it, and make it live"),
        Overlay::Note(_) => Next::press(Command::Forward, "keep the note").also(Command::Cancel, "drop it"),
        Overlay::Search(_) => Next::press(Command::Forward, "find it").also(Command::Cancel, "stop"),
        Overlay::Leaving => {
            Next::press(Command::Keep, "leave the shop running").also(Command::TakeDown, "take it down")
        }
        Overlay::Resetting => Next::press(Command::All, "put all files back").also(Command::Cancel, "change nothing"),
        Overlay::Revealing => {
            Next::press(Command::Forward, "apply this").also(Command::Cancel, "keep looking yourself")
        }
        Overlay::Images => Next::press(Command::Forward, "get them").also(Command::Cancel, "not now"),
        Overlay::Editor(editor) if editor.asks => Next::press(Command::Save, "save and leave"),
        Overlay::Editor(editor) if editor.is_changed() => {
            Next::press(Command::Save, "save").also(Command::Cancel, "leave")
        }
        Overlay::Editor(_) => Next::press(Command::Cancel, "leave").also(Command::Save, "save"),
    })
}

fn welcome(model: &Model) -> Next {
    if let Some(work) = &model.work.current {
        return Next::wait(format!("wait for {}", doing(&work.work.kind))).also(Command::Cancel, "stop");
    }
    match need(model) {
        Need::Looking if model.work.beginning.is_some() => Next::wait("it begins as soon as Docker answers"),
        _ if model.work.beginning.is_some() && model.lab.images.is_none() => {
            Next::wait("it begins as soon as the images are looked at")
        }
        Need::Engine => Next::press(Command::Forward, "read the story meanwhile").also(Command::Fix, "get an engine"),
        _ if model.lab.progress.current_lesson.is_some() => Next::press(Command::Forward, "go on where you were"),
        _ => Next::press(Command::Forward, "begin"),
    }
}

/// The story's own next step, where the learner is still in it.
fn reading(model: &Model, need: &Need) -> Option<Next> {
    let pages = model.pages();
    let at = model.page_index();
    let after = pages.get(at + 1);
    let count = pages.len();
    // Who has edited a file is past the story, wherever it stands.
    let acted = *need == Need::MakeLive || model.lab.edited && *need == Need::Verify;
    match model.nav.page {
        Page::Beat(_) if acted => {
            let next = by_need(model, need);
            Some(if after.is_some() { next.also(Command::Forward, "read on") } else { next })
        }
        Page::Question if model.question_open() => {
            Some(Next::press(Command::Answer, "answer").also(Command::Forward, "skip the question"))
        }
        Page::Beat(_) | Page::Solved | Page::Hindsight if layout::more_below(model) => {
            Some(Next::press(Command::Forward, "read on"))
        }
        Page::Beat(beat) => {
            let step = model.lesson()?.beats.get(beat)?.step.as_str();
            let acts = matches!(step, "change one thing" | "look again");
            // Before the look comes the question.
            let asks_next = after == Some(&Page::Question) && model.here().prediction.is_none();
            let ready = match need {
                Need::Start | Need::Bootstrap | Need::Up => acts,
                Need::Verify => step == "look again" && !asks_next,
                _ => false,
            };
            if ready {
                let next = by_need(model, need);
                return Some(if after.is_some() { next.also(Command::Forward, "read on") } else { next });
            }
            let on = format!("read on ({} of {count})", at + 1);
            after?;
            if asks_next {
                return Some(Next::press(Command::Forward, on));
            }
            Some(match (need, step) {
                (Need::Verify, "look") => Next::press(Command::Forward, on).also(Command::Verify, "look for yourself"),
                (Need::Think, "change one thing") => {
                    Next::press(Command::Edit, "edit a file").also(Command::Forward, on)
                }
                _ => Next::press(Command::Forward, on),
            })
        }
        Page::Question => after.map(|_| Next::press(Command::Forward, format!("read on ({} of {count})", at + 1))),
        Page::Solved | Page::Hindsight => None,
        Page::Work => None,
    }
}

fn by_need(model: &Model, need: &Need) -> Next {
    match need {
        Need::Looking => Next::wait("looking for Docker …"),
        Need::Engine => match &model.lab.engine {
            EngineStatus::Missing(error) => Next::wait(match error.try_next.first() {
                Some(suggestion) => format!("no engine answers; try: {suggestion}"),
                None => "no engine answers; it is noticed here as soon as it does".to_owned(),
            }),
            _ => Next::wait("looking for Docker …"),
        },
        Need::Images => Next::press(Command::Images, "get the base images"),
        Need::Compose(at) => {
            let place = &model.lab.findings[*at].place;
            Next::press(Command::Edit, format!("put {} right, line {}", place.file.display(), place.line))
        }
        Need::Start => Next::press(Command::Up, "start the shop, in the developer's order"),
        Need::Bootstrap => {
            let next = Next::press(Command::Bootstrap, "give the database its tables");
            next.also(Command::Up, "do that and start the rest")
        }
        Need::Up => Next::press(Command::Up, "start what does not run").typed("docker compose up -d"),
        Need::MakeLive => {
            let words = match model.lab.stale.as_slice() {
                [one] => Some(make_live_words(one.action, &one.service))
                    .filter(|words| !withheld::holds(model, words))
                    .unwrap_or_else(|| "make it live".to_owned()),
                _ => "make it live".to_owned(),
            };
            Next::press(Command::Up, words).typed(up_command(model))
        }
        Need::Verify => Next::press(Command::Verify, "ask the running stack"),
        Need::Think => think(model),
        Need::Nothing => solved(model),
    }
}

/// Asked, and not solved: look at the evidence, then change one thing.
fn think(model: &Model) -> Next {
    if let Some(turn) = unexplained_turn(model) {
        return Next::press(Command::Explain, format!("explain: {}", text::cut(&turn, 40)))
            .also(Command::Edit, "edit a file");
    }
    // What could not be told is no reason to change anything.
    let report = model.lab.progress.last_report.as_ref();
    let here = model.lesson_id();
    let of_here =
        |status| report.is_some_and(|report| report.checks.iter().any(|c| c.lesson == here && c.status == status));
    if !of_here(Status::Fail) && report.is_some_and(|report| report.reason().is_some()) {
        return Next::press(Command::Verify, "ask once more: it could not be told").also(Command::Hint, "a hint");
    }
    Next::press(Command::Edit, "change one thing").also(Command::Hint, "a hint")
}

fn solved(model: &Model) -> Next {
    if model.nav.page != model.closing_page() {
        return Next::press(Command::Forward, "go on");
    }
    match model.course.lessons.get(model.nav.lesson + 1) {
        Some(lesson) => Next::press(Command::Forward, format!("go on to: {}", lesson.title)),
        None if model.course.practice.faults.is_empty() => Next::press(Command::Quit, "that was all: well done"),
        None => Next::press(Command::Practice, "that was all: well done. An incident that nobody has seen?"),
    }
}

/// The title of the wrong turn that was recognised and not explained yet.
pub fn unexplained_turn(model: &Model) -> Option<String> {
    let here = model.here();
    let turn = model.wrong_turn()?;
    (!here.explained.contains(&turn.id)).then(|| turn.title.clone())
}
