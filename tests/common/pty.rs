//! A program on a pseudo-terminal, and the screen that it draws there.
#![allow(dead_code, reason = "each test binary uses its part")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::{
    io::{Read, Write},
    sync::mpsc::{Receiver, RecvTimeoutError, channel},
    time::{Duration, Instant},
};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

/// Longer than any machine takes; a test that works never waits so long.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// The program, its keys, and its screen.
pub struct Screen {
    pub child: Box<dyn Child + Send + Sync>,
    master: Box<dyn MasterPty + Send>,
    keys: Box<dyn Write + Send>,
    output: Receiver<Vec<u8>>,
    pub parser: vt100::Parser,
    /// The last bytes of the output, in which the begin of a picture may stand.
    tail: Vec<u8>,
    /// A picture is being drawn, and is not whole yet.
    drawing: bool,
}

impl Screen {
    /// Starts the program.
    pub fn start(mut command: CommandBuilder, rows: u16, cols: u16) -> Self {
        let pair = native_pty_system().openpty(PtySize { rows, cols, pixel_width: 0, pixel_height: 0 }).unwrap();
        command.env("TERM", "xterm-256color");
        let child = pair.slave.spawn_command(command).unwrap();
        let mut reader = pair.master.try_clone_reader().unwrap();
        let (sender, output) = channel();
        std::thread::spawn(move || {
            let mut buffer = [0; 8192];
            while let Ok(read @ 1..) = reader.read(&mut buffer) {
                if sender.send(buffer[..read].to_vec()).is_err() {
                    break;
                }
            }
        });
        let keys = pair.master.take_writer().unwrap();
        Self {
            child,
            master: pair.master,
            keys,
            output,
            parser: vt100::Parser::new(rows, cols, 0),
            tail: Vec::new(),
            drawing: false,
        }
    }

    /// Takes in what comes until the screen is as wanted.
    pub fn wait(&mut self, what: &str, wanted: impl Fn(&vt100::Screen) -> bool) {
        let until = Instant::now() + PATIENCE;
        while self.drawing || !wanted(self.parser.screen()) {
            match self.output.recv_timeout(until.saturating_duration_since(Instant::now())) {
                Ok(bytes) => self.process(&bytes),
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
                    panic!("{what} never came; the screen is\n{}", self.parser.screen().contents())
                }
            }
        }
    }

    fn process(&mut self, bytes: &[u8]) {
        self.parser.process(bytes);
        self.tail.extend_from_slice(bytes);
        let last = |mark: &[u8]| self.tail.windows(mark.len()).rposition(|window| window == mark);
        let (begun, ended) = (last(b"\x1b[?2026h"), last(b"\x1b[?2026l"));
        if begun.is_some() || ended.is_some() {
            self.drawing = begun > ended;
        }
        let from = self.tail.len().saturating_sub(7);
        self.tail.drain(..from);
    }

    /// Whether the screen shows a whole picture.
    pub fn is_whole(&self) -> bool {
        !self.drawing
    }

    /// Takes in what comes, for so long at most.
    pub fn take_in(&mut self, within: Duration) {
        match self.output.recv_timeout(within) {
            Ok(bytes) => self.process(&bytes),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => {
                panic!("the program has ended; the screen is\n{}", self.parser.screen().contents())
            }
        }
    }

    /// Takes in what comes until these words are on the screen.
    pub fn wait_for(&mut self, words: &str) {
        self.wait(words, |screen| screen.contents().contains(words));
    }

    /// Presses keys, as the terminal sends them.
    pub fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).unwrap();
        self.keys.flush().unwrap();
    }

    /// Changes the window's size.
    pub fn resize(&mut self, rows: u16, cols: u16) {
        self.parser.screen_mut().set_size(rows, cols);
        self.master.resize(PtySize { rows, cols, pixel_width: 0, pixel_height: 0 }).unwrap();
    }

    /// The window is closed while the program draws; gives the exit code.
    pub fn vanish(self) -> u32 {
        let Self { mut child, master, mut keys, output, .. } = self;
        // Who reads for us ends with the next bytes, and with that nobody holds the terminal any more.
        drop(output);
        keys.write_all(b"?").unwrap();
        keys.flush().unwrap();
        std::thread::sleep(Duration::from_millis(500));
        drop((keys, master));
        let until = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = child.try_wait().unwrap() {
                return status.exit_code();
            }
            assert!(Instant::now() < until, "it never ended");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Waits for the end; gives the exit code, with the screen as it was left.
    pub fn end(mut self) -> (u32, vt100::Parser) {
        let until = Instant::now() + PATIENCE;
        let code = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status.exit_code();
            }
            if let Ok(bytes) = self.output.recv_timeout(Duration::from_millis(20)) {
                self.process(&bytes);
            }
            assert!(Instant::now() < until, "it never ended; the screen is\n{}", self.parser.screen().contents());
        };
        drop(self.keys);
        drop(self.master);
        while let Ok(bytes) = self.output.recv_timeout(PATIENCE) {
            self.parser.process(&bytes);
        }
        (code, self.parser)
    }
}
