//! What a command prints: cleaned of control characters, coloured where wanted, progress on one line of a terminal.

use std::io::{self, IsTerminal, Write};

use tokio::{sync::mpsc, task::JoinHandle};

use super::args::ColorChoice;
use crate::{Error, diagnosis::Status, engine};

/// Colours, or none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Paint(bool);

impl Paint {
    /// Colours for what goes to standard output.
    pub fn stdout(choice: ColorChoice) -> Self {
        Self::new(choice, io::stdout().is_terminal())
    }

    /// Colours for what goes to standard error.
    pub fn stderr(choice: ColorChoice) -> Self {
        Self::new(choice, io::stderr().is_terminal())
    }

    /// No colours.
    pub fn none() -> Self {
        Self(false)
    }

    fn new(choice: ColorChoice, terminal: bool) -> Self {
        Self(match choice {
            ColorChoice::Always => true,
            ColorChoice::Never => false,
            ColorChoice::Auto => terminal && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty()),
        })
    }

    /// Works.
    pub fn good(self, text: &str) -> String {
        self.with("32", text)
    }

    /// Broken.
    pub fn bad(self, text: &str) -> String {
        self.with("31", text)
    }

    /// Worth a look.
    pub fn attention(self, text: &str) -> String {
        self.with("33", text)
    }

    /// Heavy.
    pub fn strong(self, text: &str) -> String {
        self.with("1", text)
    }

    /// Light.
    pub fn faint(self, text: &str) -> String {
        self.with("2", text)
    }

    fn with(self, code: &str, text: &str) -> String {
        if self.0 { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }
}

/// ✓, ✗ or ? in its colour.
pub fn symbol(status: Status, paint: Paint) -> String {
    match status {
        Status::Pass => paint.good("✓"),
        Status::Fail => paint.bad("✗"),
        Status::Unknown => paint.attention("?"),
    }
}

/// The text with every control character (and what turns text round or hides in it) written out, line ends included.
pub fn clean(text: &str) -> String {
    crate::sanitize::written_out(&text.replace('\t', " "))
}

/// Text for XML 1.0, cleaned: characters that cannot stand in it, not even escaped, are written out.
pub fn xml(text: &str) -> String {
    let mut xml = String::with_capacity(text.len());
    for c in clean(text).chars() {
        match c {
            '&' => xml.push_str("&amp;"),
            '<' => xml.push_str("&lt;"),
            '>' => xml.push_str("&gt;"),
            '"' => xml.push_str("&quot;"),
            c => xml.push(c),
        }
    }
    crate::sanitize::without_hashes(&xml, "&#35;")
}

/// A line of a program's log, without the sequences by which it colours itself, and [`clean`].
pub fn plain(line: &str) -> String {
    let mut parts = line.split("\x1b[");
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        match part.find(|c: char| !matches!(c, '0'..='9' | ';')) {
            Some(end) if part[end..].starts_with('m') => plain.push_str(&part[end + 1..]),
            // Any other sequence would move or erase: it is shown for what it is.
            _ => plain.push_str(&format!("\x1b[{part}")),
        }
    }
    clean(&plain)
}

/// Like [`clean`], for each line of the text.
pub fn clean_lines(text: &str) -> String {
    text.lines().map(clean).collect::<Vec<_>>().join("\n")
}

/// Writes to standard output. A reader that went away (`| head`) is no error.
///
/// # Errors
/// Environment: standard output cannot be written, e.g. a full disk.
pub fn print(text: &str) -> crate::Result<()> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(cause) if cause.kind() != io::ErrorKind::BrokenPipe => {
            Err(Error::environment("standard output cannot be written").because(cause))
        }
        _ => Ok(()),
    }
}

/// Plain data as indented JSON, with a line's end.
pub fn json_text(data: &impl serde::Serialize) -> String {
    let mut text = serde_json::to_string_pretty(data).expect("plain data with string keys always serializes");
    text.push('\n');
    crate::sanitize::json(&text)
}

/// The error in its three parts: what happened, why, what to try.
pub fn render_error(error: &Error, paint: Paint) -> String {
    let mut text = format!("{} {}\n", paint.bad("error:"), clean_lines(&error.what));
    for why in &error.why {
        text.push_str(&format!("  because {}\n", clean_lines(why).replace('\n', "\n          ")));
    }
    for (index, suggestion) in error.try_next.iter().enumerate() {
        text.push_str(if index == 0 { "  try     " } else { "  or      " });
        text.push_str(&format!("{}\n", clean_lines(suggestion).replace('\n', "\n          ")));
    }
    text
}

/// Writes one line to standard error; nobody to read it is no error.
pub fn note(text: &str) {
    let _ = writeln!(io::stderr(), "{}", crate::sanitize::without_commands(text));
}

/// Shows the steps of a work on the last line of a terminal, and nothing in a pipe.
#[derive(Debug)]
pub struct ProgressLine {
    progress: engine::Progress,
    shown: Option<JoinHandle<()>>,
    /// Steps are written one below the other.
    lines: bool,
}

impl ProgressLine {
    /// Begins to show steps. With `always`, they are written as lines even where standard error is no terminal (`-v`).
    pub fn start(always: bool) -> Self {
        let terminal = io::stderr().is_terminal();
        if !terminal && !always {
            return Self { progress: engine::Progress::silent(), shown: None, lines: false };
        }
        let lines = always || !terminal;
        let (sender, mut steps) = mpsc::channel::<engine::Step>(256);
        let shown = tokio::spawn(async move {
            while let Some(step) = steps.recv().await {
                let line = step_line(&step);
                if lines {
                    note(&line);
                } else {
                    show(&line);
                }
            }
            if !lines {
                show("");
            }
        });
        Self { progress: engine::Progress::to(sender), shown: Some(shown), lines }
    }

    /// Where the steps go.
    pub fn progress(&self) -> &engine::Progress {
        &self.progress
    }

    /// Takes the line away for now, so that something can be printed.
    pub fn clear(&self) {
        if self.shown.is_some() && !self.lines {
            show("");
        }
    }

    /// Takes the line away. Every clone of the progress has to be gone by then.
    pub async fn finish(self) {
        drop(self.progress);
        if let Some(shown) = self.shown {
            // The task ends with the last sender; it has no way to fail.
            let _ = shown.await;
        }
    }
}

fn show(line: &str) {
    let width = crossterm::terminal::size().map_or(80, |(columns, _)| usize::from(columns)).saturating_sub(1);
    let line: String = line.chars().take(width).collect();
    let mut err = io::stderr().lock();
    let _ = write!(err, "\r\x1b[K{line}");
    let _ = err.flush();
}

fn step_line(step: &engine::Step) -> String {
    let amount = match step.amount {
        Some((done, total)) if total > 0 => format!("  {} %", done.saturating_mul(100) / total),
        _ => String::new(),
    };
    format!("{}  {}  {}{amount}", clean(&step.subject), step.verb, clean(&step.detail))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_submission_prints_cannot_drive_the_terminal() {
        assert_eq!(clean("a\x1b[2Jb\r\n\u{202e}c\u{9b}"), "a\\u{1b}[2Jb\\r\\n\\u{202e}c\\u{9b}");
        assert_eq!(clean_lines("one\ntwo\x07"), "one\ntwo\\u{7}");
    }

    #[test]
    fn a_log_line_loses_its_colours_and_nothing_else() {
        assert_eq!(plain("\x1b[33mPress CTRL+C\x1b[0m to \x1b[1;31mquit\x1b[m"), "Press CTRL+C to quit");
        assert_eq!(plain("\x1b[2Jgone\x1b["), "\\u{1b}[2Jgone\\u{1b}[");
    }

    #[test]
    fn an_error_has_three_parts() {
        let error = Error::environment("nobody answers").why("refused").suggest("start it").suggest("ask");
        assert_eq!(
            render_error(&error, Paint::none()),
            "error: nobody answers\n  because refused\n  try     start it\n  or      ask\n"
        );
    }
}
