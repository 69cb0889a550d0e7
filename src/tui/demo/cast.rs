//! What the screen shows, written as an asciinema recording (version 2): a header, then one line for each picture.

use std::{
    fs::File,
    io::{self, BufWriter, Write},
    path::Path,
    time::Instant,
};

use ratatui::{Frame, Terminal, TerminalOptions, Viewport, backend::CrosstermBackend, layout::Rect};

use crate::error::{Error, Result};

/// A recording that is being written.
pub struct Cast {
    terminal: Terminal<CrosstermBackend<Pictures>>,
}

impl Cast {
    /// Begins a recording of so many columns and rows.
    ///
    /// # Errors
    /// Environment: the file cannot be written.
    pub fn begin(path: &Path, title: &str, size: (u16, u16), now: u64) -> Result<Self> {
        let failed = |cause: io::Error| {
            Error::environment(format!("cannot write the recording {}", path.display())).because(cause)
        };
        let mut file = BufWriter::new(File::create(path).map_err(failed)?);
        let header = serde_json::json!({
            "version": 2, "width": size.0, "height": size.1, "timestamp": now / 1000, "title": title,
            "env": { "TERM": "xterm-256color" },
        });
        writeln!(file, "{header}").map_err(failed)?;
        let mut pictures = Pictures { file, begun: Instant::now(), bytes: Vec::new() };
        // Without a cursor, on an empty screen.
        pictures.bytes.extend_from_slice(b"\x1b[?25l\x1b[2J\x1b[H");
        let area = Rect::new(0, 0, size.0, size.1);
        let options = TerminalOptions { viewport: Viewport::Fixed(area) };
        let terminal = Terminal::with_options(CrosstermBackend::new(pictures), options).map_err(failed)?;
        Ok(Self { terminal })
    }

    /// Writes one picture: what is other than on the one before.
    ///
    /// # Errors
    /// Environment: the disk is full.
    pub fn draw(&mut self, picture: impl FnOnce(&mut Frame<'_>)) -> Result<()> {
        let failed = |cause: io::Error| Error::environment("cannot write the recording").because(cause);
        // Each picture ends with a flush of the backend.
        self.terminal.draw(picture).map(|_| ()).map_err(failed)
    }
}

/// Gathers what the terminal would have been sent, picture by picture.
struct Pictures {
    file: BufWriter<File>,
    begun: Instant,
    bytes: Vec<u8>,
}

impl Pictures {
    fn end_picture(&mut self) -> io::Result<()> {
        if self.bytes.is_empty() {
            return Ok(());
        }
        let text = String::from_utf8_lossy(&self.bytes).into_owned();
        self.bytes.clear();
        let at = (self.begun.elapsed().as_secs_f64() * 1e6).round() / 1e6;
        writeln!(self.file, "{}", serde_json::json!([at, "o", text]))
    }
}

impl Write for Pictures {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.end_picture()
    }
}

impl Drop for Pictures {
    fn drop(&mut self) {
        // The recording is whole without its last line.
        let _ = self.end_picture();
        let _ = self.file.flush();
    }
}

#[cfg(test)]
mod tests {
    use ratatui::widgets::Paragraph;

    use super::*;

    #[test]
    fn a_header_and_a_line_for_each_picture_that_differs() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.cast");
        let mut cast = Cast::begin(&path, "t", (20, 3), 5_000).unwrap();
        for text in ["one", "two ✓"] {
            cast.draw(|frame| frame.render_widget(Paragraph::new(text), frame.area())).unwrap();
        }
        drop(cast);
        let text = std::fs::read_to_string(&path).unwrap();
        let lines: Vec<serde_json::Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(
            (&lines[0]["version"], &lines[0]["width"], &lines[0]["timestamp"]),
            (&2.into(), &20.into(), &5.into())
        );
        assert!(lines[1][2].as_str().unwrap().contains("one"));
        assert!(lines[2][2].as_str().unwrap().contains('✓'));
        assert!(lines.iter().skip(1).all(|line| line[1] == "o"));
        // A terminal that is sent all of it shows the last picture.
        let mut screen = vt100::Parser::new(3, 20, 0);
        for line in &lines[1..] {
            screen.process(line[2].as_str().unwrap().as_bytes());
        }
        assert_eq!(screen.screen().contents().trim(), "two ✓");
    }
}
