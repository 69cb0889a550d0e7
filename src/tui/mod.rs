//! The learner's screen: a model, one function that changes it, one that draws it, and a runtime that waits.
//!
//! ```text
//! keys, resize, signals ─┐
//! the conductor's updates┼─▶ Msg ─▶ update(&mut Model) ─▶ Effect ─▶ runtime ─▶ conductor, files, editor
//! files read and written ┘               │
//!                                        └─▶ view(&Model)
//! ```
//!
//! [`update()`] never waits, [`view()`] never changes anything, and whatever takes time comes back as a [`Msg`].
//!
//! Why it is a room of its own: what a learner sees and presses is the whole product for them, and nothing here may know
//! how an engine is asked. Read `model` and `model_parts` first, then `update` and `next_step`; `content` is the text of
//! each part, `layout` says where it stands, `view` draws it. `demo` and `plain` are the same course for a room and for a
//! line at a time; all three wait in `event_loop`.

mod chain;
mod changes;
pub mod class;
mod config;
mod content;
pub mod demo;
mod editor;
mod event_loop;
mod events;
mod highlight;
mod input;
pub mod keymap;
mod lab_files;
mod layout;
mod logs;
mod markdown;
mod model;
mod model_parts;
mod model_types;
mod msg;
mod next_step;
mod plain;
pub mod preview;
mod runtime;
mod terminal;
mod text;
mod theme;
mod update;
mod view;
mod withheld;
mod work_words;

#[cfg(test)]
mod tests;

use std::{path::Path, sync::Arc};

pub use chain::{HopMap, Link, LinkState};
pub use config::Config;
pub use model::{Focus, Model, OtherCourse, Overlay, Page, Screen, Start, Tab};
pub use msg::{Effect, LabTexts, Msg};
pub use next_step::{Next, next_step};
pub use theme::{ColorChoice, Palette, Theme};
pub use update::update;
pub use view::view;

use crate::{
    conductor,
    error::{Error, Result},
    journal::now_ms,
};

/// What the screen is started with.
#[derive(Debug, Clone)]
pub struct Options {
    /// What the conductor is started with.
    pub conductor: conductor::Options,
    /// The other courses that there are to choose from.
    pub others: Vec<OtherCourse>,
    /// The lesson to open; else the one that was open last, or the first.
    pub lesson: Option<String>,
    /// Whether colours are used.
    pub color: ColorChoice,
    /// The learner's settings.
    pub config: Config,
    /// Line by line instead of on a screen of its own.
    pub plain: bool,
}

/// Runs the learner's screen until it is left, and gives the exit code: 0, or 128 and the number of the signal that ended it.
/// The first picture comes before anything else is asked or read.
///
/// A panic ends the process, with 101, once the terminal is given back.
///
/// # Errors
/// Usage: standard input or output is no terminal, no such lesson, or no such lab. Environment: the terminal is gone, or
/// the lab cannot be worked in.
pub async fn run(options: Options) -> Result<u8> {
    if let Some(lesson) = &options.lesson {
        options.conductor.course.lesson_or_error(lesson)?;
    }
    if options.plain {
        return run_plain(options).await;
    }
    let mut terminal = terminal::Terminal::take()?;
    terminal::end_on_panic(options.conductor.lab.join(".breakfix"));
    let variable = |name: &str| std::env::var(name).ok();
    let theme = Theme::choose(options.color, variable("NO_COLOR").as_deref(), variable("TERM").as_deref());
    let theme = theme.shown_by(variable("TERM").as_deref(), variable("COLORTERM").as_deref());
    let theme = theme.with(options.config.theme, variable("COLORFGBG").as_deref());
    if theme.is_coloured() {
        // Asked for on the command line, colour wins over NO_COLOR.
        crossterm::style::force_color_output(true);
    }
    let start = Start {
        course: Arc::clone(&options.conductor.course),
        others: options.others,
        lab: shown_path(&options.conductor.lab),
        theme,
        own_editor: runtime::own_editor(&options.config).is_some(),
        lesson: options.lesson,
        now: now_ms(),
        size: terminal.size(),
        config: options.config.clone(),
    };
    let model = Model::new(start);
    terminal
        .draw(|frame| view(&model, frame))
        .map_err(|error| Error::environment("the terminal is gone").because(error))?;
    let dir = options.conductor.lab.clone();
    let engine = options.conductor.engine.clone();
    let (remote, told) = conductor::spawn(options.conductor);
    let mut runtime = runtime::Runtime::new(terminal, model, remote, told, runtime::Place { dir, engine })?;
    runtime.take_mouse(options.config.mouse)?;
    let ended = runtime.run().await;
    terminal::give_back();
    if let Some(signal) = ended? {
        runtime.wait_for_the_conductor().await;
        return Ok(terminal::ended_by(signal));
    }
    runtime.fatal().map_or(Ok(0), Err)
}

/// The same, line by line.
async fn run_plain(options: Options) -> Result<u8> {
    let start = Start {
        course: Arc::clone(&options.conductor.course),
        others: options.others,
        lab: shown_path(&options.conductor.lab),
        theme: Theme::MONO,
        // There is no editor of ours without a screen.
        own_editor: true,
        lesson: options.lesson,
        now: now_ms(),
        size: (80, u16::MAX),
        // The tour is one of the screen.
        config: Config { tour: false, mouse: false, ..options.config },
    };
    let dir = options.conductor.lab.clone();
    let (remote, told) = conductor::spawn(options.conductor);
    let ended = plain::run(Model::new(start), remote, told, dir).await?;
    Ok(ended.map_or(0, terminal::ended_by))
}

/// A path as the learner would write it: relative to here where that is shorter.
fn shown_path(path: &Path) -> String {
    let here = std::env::current_dir().ok();
    let inside = here.and_then(|here| path.strip_prefix(here).ok().map(|path| format!("./{}", path.display())));
    inside.unwrap_or_else(|| path.display().to_string())
}

/// See [`crate::fuzz`].
#[cfg(any(test, fuzzing))]
pub(crate) fn fuzz_log(lines: impl Iterator<Item = crate::engine::LogLine>) {
    let mut logs = logs::Logs::default();
    lines.for_each(|line| logs.push(&line));
    for (columns, theme) in [(60, Theme::COLOUR), (7, Theme::MONO)] {
        logs.window(columns, 10, theme);
    }
    assert!(!logs.as_text().contains('\u{1b}'), "a container's escape sequence is handed on");
}
