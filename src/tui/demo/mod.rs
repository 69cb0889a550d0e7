//! The course as a talk before a room: `breakfix demo`.
//!
//! Each beat declares the state in which it wants the stack, as data of the course: files, what is saved beside them, and
//! what the verdict has to be. Entering a beat, from wherever, makes it so: the files are put in place in a lab of the
//! demo's own, the smallest works make them live, and the stack is asked. A recorded run tells the same where there is no
//! engine; any journal plays through the same screen. Read `scene` first, then `shop` and `update`.

mod cast;
mod difference;
mod keymap;
mod model;
mod notes;
mod own_slide;
mod recording;
mod replay;
mod runtime;
mod scene;
mod shop;
mod update;
mod view;

#[cfg(test)]
mod tests;

use std::{
    collections::BTreeMap,
    io::IsTerminal as _,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

pub use model::{At, Model, Overlay, Pick, Source, Start};
pub use notes::Place;
pub use own_slide::OwnSlide;
pub use recording::Recording;
pub use replay::Replay;
pub use scene::{Item, Scene, Way, menu};
pub use shop::{Phase, Shop, Wanted};
pub use update::{Effect, begin, update};
pub use view::view;

use super::{
    ColorChoice, shown_path,
    terminal::{self, Terminal},
    theme::Theme,
};
use crate::{
    conductor,
    course::Course,
    error::{Error, Result},
    journal::{Entry, Event, Journal, KnownTexts, now_ms},
    lab::Lab,
};

/// The size of a recording without a terminal.
const SIZE: (u16, u16) = (100, 30);

/// What the demo is started with.
#[derive(Debug, Clone)]
pub struct Options {
    /// What the conductor is started with; its lab is the demo's own.
    pub conductor: conductor::Options,
    /// The lesson to begin with.
    pub lesson: Option<String>,
    /// Goes on by itself after so long.
    pub auto: Option<Duration>,
    /// A journal to play.
    pub replay: Option<PathBuf>,
    /// How fast, in hundredths.
    pub speed: u64,
    /// An asciinema recording to write.
    pub cast: Option<PathBuf>,
    /// A run to keep, for playing it later.
    pub record: Option<PathBuf>,
    /// Whether colours are used.
    pub color: ColorChoice,
}

/// Runs the demo until it is left, and gives the exit code: 0, or 128 and the number of the signal that ended it.
///
/// # Errors
/// Usage: no terminal and nothing that would run without one; no such lesson or journal; a lab in which somebody has worked.
/// Environment: the terminal is gone, a file cannot be written.
pub async fn run(options: Options) -> Result<u8> {
    let course = Arc::clone(&options.conductor.course);
    let lab = options.conductor.lab.clone();
    refuse_a_learners_lab(&lab)?;
    if options.replay.is_none() {
        refuse_a_lab_in_use(&lab)?;
    }
    let last = OwnSlide::read(Path::new("."))?;
    let replay = options.replay.as_deref().map(|path| load(path, &course, options.speed)).transpose()?;
    let is_terminal = std::io::stdout().is_terminal() && std::io::stdin().is_terminal();
    let by_itself = options.auto.is_some() || replay.is_some();
    let unseen = !is_terminal && by_itself && (options.cast.is_some() || options.record.is_some());
    let theme = theme(options.color, unseen);
    let terminal = if unseen { None } else { Some(Terminal::take()?) };
    let size = terminal.as_ref().map_or(SIZE, Terminal::size);
    if terminal.is_some() {
        terminal::end_on_panic(lab.join(".breakfix"));
    }
    let now = now_ms();
    let title = format!("Breakfix: {}", course.title);
    let cast = options.cast.as_deref().map(|path| cast::Cast::begin(path, &title, size, now)).transpose()?;
    let is_replay = replay.is_some();
    let model = Model::new(Start {
        recording: if course.is_ours() { Recording::embedded() } else { Recording::default() },
        lesson: options.lesson,
        replay,
        theme,
        lab: shown_path(&lab),
        auto: options.auto.map(|pause| u64::try_from(pause.as_millis()).unwrap_or(u64::MAX)),
        once: options.cast.is_some() || options.record.is_some(),
        all: options.record.is_some(),
        is_watched: terminal.is_some(),
        last,
        now,
        course,
    })?;
    let conductor = (!is_replay).then(|| conductor::spawn(options.conductor));
    let notes = (!is_replay).then(|| lab.clone());
    let mut runtime = runtime::Runtime::new(model, terminal, cast, conductor, notes)?;
    let ended = runtime.run().await;
    terminal::give_back();
    let measured = std::mem::take(&mut runtime.model.measured);
    drop(runtime);
    if let Some(signal) = ended? {
        return Ok(terminal::ended_by(signal));
    }
    for (name, ms) in &measured {
        tracing::info!(name, ms, "from the key to the verdict");
    }
    match options.record {
        Some(path) => keep(&lab, now, &path).map(|()| 0),
        None => Ok(0),
    }
}

/// Shows the speaker's notes of a demo in this lab.
///
/// # Errors
/// Usage: no terminal. Environment: it is gone.
pub async fn run_notes(course: Arc<Course>, lab: PathBuf, color: ColorChoice) -> Result<()> {
    let mut beats = course.talk_beats();
    if let Some(own) = OwnSlide::read(Path::new("."))? {
        own.put_last(&mut beats);
    }
    notes::run(course, beats, lab, theme(color, false)).await
}

fn theme(choice: ColorChoice, unseen: bool) -> Theme {
    let variable = |name: &str| std::env::var(name).ok().filter(|_| !unseen);
    let theme = Theme::choose(choice, variable("NO_COLOR").as_deref(), variable("TERM").as_deref());
    if theme.is_coloured() {
        crossterm::style::force_color_output(true);
    }
    theme
}

/// The demo puts files in place without asking: it does so only in a lab that is its own.
fn refuse_a_learners_lab(lab: &Path) -> Result<()> {
    let journal = lab.join(".breakfix").join("journal.jsonl");
    if !journal.is_file() {
        return Ok(());
    }
    let entries = Journal::read(&journal)?;
    let own = entries.iter().any(|entry| matches!(entry.event, Event::Staged { .. } | Event::Presented { .. }));
    let worked = entries.iter().any(|entry| {
        matches!(entry.event, Event::LessonOpened { .. } | Event::FileChanged { .. } | Event::Verified { .. })
    });
    if own || !worked {
        return Ok(());
    }
    Err(Error::usage(format!("{} is a lab in which somebody has worked", lab.display()))
        .why("the demo puts the files of a lab into other states, and would undo that work")
        .suggest("breakfix demo --lab DIR   with a directory of its own"))
}

/// Another demo, or a tutor, that has this lab is told before the screen is taken. (The conductor takes the lab, and would only end.)
fn refuse_a_lab_in_use(lab: &Path) -> Result<()> {
    if !lab.join(".breakfix").is_dir() {
        return Ok(());
    }
    Lab::open(lab)?.lock().map(drop).map_err(|error| {
        let told = Error::usage(format!("another demo runs in {}", lab.display()));
        let told = error.why.into_iter().fold(told, Error::why);
        told.suggest("go on in its window; its notes are shown by: breakfix demo --notes")
            .suggest("breakfix demo --lab DIR   with a directory of its own")
    })
}

/// Keeps what this run wrote into the lab's journal, without what only this machine knows.
fn keep(lab: &Path, since: u64, path: &Path) -> Result<()> {
    let entries = Journal::read(&lab.join(".breakfix").join("journal.jsonl"))?;
    let from = entries.partition_point(|entry| entry.at < since);
    let failed = |cause: std::io::Error| Error::environment(format!("cannot write {}", path.display())).because(cause);
    let mut text = String::new();
    for entry in recording::keep(&entries[from..]) {
        let line = serde_json::to_string(&entry).map_err(|cause| failed(cause.into()))?;
        text.push_str(&line);
        text.push('\n');
    }
    std::fs::write(path, text).map_err(failed)
}

/// A journal to play, with what the files said at each point of it.
fn load(path: &Path, course: &Course, speed: u64) -> Result<Replay> {
    let entries = Journal::read(path)?;
    if entries.is_empty() {
        return Err(Error::usage(format!("{} is not the journal of a lab", path.display()))
            .suggest("a lab keeps its journal in .breakfix/journal.jsonl"));
    }
    let facts = facts_along(&entries, course).unwrap_or_default();
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    Ok(Replay::new(name, entries, facts, speed))
}

/// What the files said, from which entry on: the journal's differences, applied one after the other in a place of their own.
fn facts_along(entries: &[Entry], course: &Course) -> Result<Vec<(usize, BTreeMap<String, String>)>> {
    let dir =
        tempfile::tempdir().map_err(|error| Error::environment("no room for a copy of the files").because(error))?;
    let (lab, _) = crate::lab::Lab::open_or_make(&dir.path().join(&course.id), course)?;
    let mut known = KnownTexts::new(course);
    let mut facts = vec![(0, conductor::facts_of(lab.dir(), course))];
    for (index, entry) in entries.iter().enumerate() {
        if known.apply(&entry.event) {
            lab.put(known.texts())?;
            facts.push((index + 1, conductor::facts_of(lab.dir(), course)));
        }
    }
    Ok(facts)
}
