//! The class on a screen, to walk through: lesson, then wrong turn (or solved, shown, open), then who. With `--watch` it looks
//! again and again, and shows who is stuck now.

mod model;
mod view;

use std::{sync::Arc, time::Duration};

use tokio::{task::JoinHandle, time::Instant};

use self::{
    model::{Change, Model},
    view::view,
};
use super::{
    event_loop::{EventLoop, Woken},
    events::read_keys,
    msg::Msg,
    terminal::{self, Terminal},
    theme::{ColorChoice, Theme},
};
use crate::{
    class::{Class, Figures, stuck},
    course::Course,
    error::{Error, Result},
    journal::now_ms,
};

/// Between two looks at the labs.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// Between two looks whether reading has ended.
const SOON: Duration = Duration::from_millis(100);

/// What the screen is started with.
#[derive(Debug)]
pub struct Options {
    /// The course.
    pub course: Arc<Course>,
    /// What was read.
    pub class: Class,
    /// Whether it is looked again and again.
    pub watch: bool,
    /// Whether colours are used.
    pub color: ColorChoice,
}

/// Shows the class until the screen is left, and gives the exit code.
///
/// # Errors
/// Usage: there is no terminal. Environment: it is gone.
pub async fn run(options: Options) -> Result<u8> {
    let Options { course, class, watch, color } = options;
    let variable = |name: &str| std::env::var(name).ok();
    let theme = Theme::choose(color, variable("NO_COLOR").as_deref(), variable("TERM").as_deref());
    let mut terminal = Terminal::take()?;
    terminal::end_on_panic(std::env::temp_dir());
    if theme.is_coloured() {
        crossterm::style::force_color_output(true);
    }
    let mut model = Model::new(Arc::clone(&course), theme, watch);
    show(&course, &mut model, &class);
    let ended = follow(&course, &mut terminal, &mut model, class).await;
    terminal::give_back();
    ended.map(|signal| signal.map_or(0, terminal::ended_by))
}

fn show(course: &Course, model: &mut Model, class: &Class) {
    let learners = class.learners();
    model.show(Figures::of(course, &learners), stuck(course, &learners, now_ms()));
}

/// Labs that are being read, on a thread of their own.
type Reading = JoinHandle<(Class, Result<bool>)>;

async fn follow(course: &Course, terminal: &mut Terminal, model: &mut Model, class: Class) -> Result<Option<i32>> {
    let mut events = EventLoop::new(None)?;
    let input = tokio::spawn(read_keys(events.sender()));
    let mut here = Some(class);
    let mut reading: Option<Reading> = None;
    let mut looked = Instant::now();
    let ended = loop {
        if events.draws(true) {
            terminal
                .draw(|frame| view(model, frame))
                .map_err(|error| Error::environment("the terminal is gone").because(error))?;
            events.drawn();
        }
        let next = looked + if reading.is_some() { SOON } else { LOOK_EVERY };
        match events.next(model.watch.then_some(next)).await {
            Woken::Signal(signal) => break Some(signal),
            Woken::Over => break None,
            Woken::Messages(messages) => {
                let mut over = false;
                for message in messages {
                    if let Msg::Key(key) = message {
                        over |= model.press(key) == Change::Leave;
                    }
                }
                if over {
                    break None;
                }
                events.changed();
            }
            Woken::Due if Instant::now() < next => {}
            Woken::Due => {
                looked = Instant::now();
                if let Some(mut class) = here.take() {
                    reading = Some(tokio::task::spawn_blocking(move || {
                        let read = class.refresh();
                        (class, read)
                    }));
                } else if let Some(task) = reading.take_if(|task| task.is_finished()) {
                    let ended = task.await.map_err(|error| Error::environment("a reader ended").because(error))?;
                    // What cannot be read now may be read the next time; what was read stays.
                    show(course, model, &ended.0);
                    here = Some(ended.0);
                    events.changed();
                }
            }
        }
    };
    input.abort();
    Ok(ended)
}

/// Seconds as people say them: `45 s`, `12.5 min`.
pub fn minutes(seconds: f64) -> String {
    if seconds < 60.0 { format!("{seconds:.0} s") } else { format!("{:.1} min", seconds / 60.0) }
}
