//! The terminal, taken and given back: on purpose, on a panic, for an editor, and for the shell.

use std::{
    backtrace::Backtrace,
    io::{self, IsTerminal, Stdout, Write, stdout},
    mem::ManuallyDrop,
    panic::PanicHookInfo,
    path::{Path, PathBuf},
    sync::atomic::{AtomicBool, Ordering},
};

use crossterm::{
    cursor,
    event::{DisableBracketedPaste, EnableBracketedPaste},
    execute, queue,
    terminal::{
        BeginSynchronizedUpdate, EndSynchronizedUpdate, EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode,
        enable_raw_mode,
    },
};
use ratatui::{Frame, backend::CrosstermBackend, layout::Rect};

use crate::{
    compose::panic_is_caught,
    error::{Error, Result},
};

/// Whether the terminal is ours at the moment.
static TAKEN: AtomicBool = AtomicBool::new(false);

/// The terminal, as long as it is ours. Dropping it gives it back.
///
/// ratatui's own end would show the cursor, which [`give_back`] does, and tell standard error where it cannot: where the terminal
/// has vanished, that is a panic. So it is never dropped.
pub struct Terminal(ManuallyDrop<ratatui::Terminal<CrosstermBackend<Stdout>>>);

impl Terminal {
    /// Takes the terminal: raw keys, a screen of our own, pasted text as text.
    ///
    /// # Errors
    /// Usage: standard output or input is no terminal. Environment: it does not do what it is told.
    pub fn take() -> Result<Self> {
        if !stdout().is_terminal() || !io::stdin().is_terminal() {
            return Err(Error::usage("the tutorial needs a terminal, and standard input or output is none")
                .suggest("breakfix learn --plain   (the same course, line by line: a pipe will do)")
                .suggest("breakfix check DIR   (asks a stack, and prints what it finds)")
                .suggest("breakfix up, breakfix status   (the stack without the screen)"));
        }
        enter().map_err(|error| Error::environment("the terminal cannot be used").because(error))?;
        let terminal = ratatui::Terminal::new(CrosstermBackend::new(stdout()));
        terminal.map(ManuallyDrop::new).map(Self).map_err(|error| {
            give_back();
            Error::environment("the terminal cannot be used").because(error)
        })
    }

    /// Draws, as one update of the terminal where it knows how.
    ///
    /// # Errors
    /// The terminal is gone.
    pub fn draw(&mut self, picture: impl FnOnce(&mut Frame<'_>)) -> io::Result<()> {
        queue!(stdout(), BeginSynchronizedUpdate)?;
        let drawn = self.0.draw(picture).map(|_| ());
        execute!(stdout(), EndSynchronizedUpdate)?;
        drawn
    }

    /// Forgets what is on the screen, so that the next draw draws all of it.
    ///
    /// # Errors
    /// The terminal is gone.
    pub fn forget(&mut self) -> io::Result<()> {
        // `Terminal::clear` asks the terminal where its cursor is, and not every terminal answers. This asks nothing.
        let size = self.0.size()?;
        self.0.resize(Rect::new(0, 0, size.width, size.height))
    }

    /// Columns and rows.
    pub fn size(&self) -> (u16, u16) {
        crossterm::terminal::size().unwrap_or((80, 24))
    }

    /// Takes the terminal again after [`give_back`].
    ///
    /// # Errors
    /// The terminal is gone.
    pub fn take_again(&mut self) -> io::Result<()> {
        enter()?;
        self.forget()
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        give_back();
    }
}

fn enter() -> io::Result<()> {
    enable_raw_mode()?;
    TAKEN.store(true, Ordering::SeqCst);
    execute!(stdout(), EnterAlternateScreen, EnableBracketedPaste, cursor::Hide)
}

/// Whether the mouse is ours.
static MOUSE: AtomicBool = AtomicBool::new(false);

/// Takes the mouse: clicks and the wheel, not every movement, which would wake us a hundred times a second. Or leaves it to
/// the terminal, whose own selecting then works.
///
/// # Errors
/// The terminal is gone.
pub fn take_mouse(take: bool) -> io::Result<()> {
    if MOUSE.swap(take, Ordering::SeqCst) == take {
        return Ok(());
    }
    let mut out = stdout();
    let words: &[u8] = if take { b"\x1b[?1000h\x1b[?1006h" } else { b"\x1b[?1006l\x1b[?1000l" };
    out.write_all(words)?;
    out.flush()
}

/// Gives the terminal back as it was. Does nothing when it is not ours, and never fails: it is called when all else has.
pub fn give_back() {
    if TAKEN.swap(false, Ordering::SeqCst) {
        let _ = take_mouse(false);
        let _ = execute!(stdout(), EndSynchronizedUpdate, DisableBracketedPaste, LeaveAlternateScreen, cursor::Show);
        let _ = disable_raw_mode();
    }
}

/// From now on a panic in any thread or task gives the terminal back, writes a report, says where it is, and ends the
/// program with code 101. The stack is left as it is: the next start finds it.
#[expect(clippy::disallowed_methods, reason = "a panic in one task does not come back to `main`")]
pub fn end_on_panic(reports: PathBuf) {
    std::panic::set_hook(Box::new(move |info| {
        if panic_is_caught() {
            return;
        }
        give_back();
        let trace = Backtrace::force_capture();
        let words = words(info);
        let report = write_report(&reports, &words, &trace);
        let mut err = io::stderr();
        let _ = writeln!(err, "breakfix has met a bug of its own: {words}");
        let _ = match report {
            Some(path) => writeln!(
                err,
                "The report is in {}. The shop is left as it is; start breakfix again to go on.",
                path.display()
            ),
            None => writeln!(err, "{trace}"),
        };
        // Other tasks would go on and draw over the message.
        std::process::exit(101);
    }));
}

/// The exit code of a program that this signal has ended.
pub fn ended_by(signal: i32) -> u8 {
    u8::try_from(128 + signal).unwrap_or(u8::MAX)
}

fn words(info: &PanicHookInfo<'_>) -> String {
    let payload = info.payload();
    let what = payload.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let what = what.or_else(|| payload.downcast_ref::<String>().cloned()).unwrap_or_else(|| "panic".to_owned());
    match info.location() {
        Some(place) => format!("{what} ({}:{})", place.file(), place.line()),
        None => what,
    }
}

fn write_report(reports: &Path, words: &str, trace: &Backtrace) -> Option<PathBuf> {
    let name = format!("panic-{}.txt", crate::journal::now_ms());
    let report = format!("breakfix {}\n{words}\n\n{trace}\n", env!("CARGO_PKG_VERSION"));
    [reports.to_owned(), std::env::temp_dir()].into_iter().find_map(|dir| {
        let path = dir.join(&name);
        std::fs::write(&path, &report).ok().map(|()| path)
    })
}
