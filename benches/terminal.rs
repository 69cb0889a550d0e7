//! What a person at a terminal waits for, on a pseudo-terminal with the real program: `cargo bench --bench terminal`.
//!
//! 1. From `exec` to the first frame: with Docker up, and with an engine that is not there.
//! 2. From a key to its frame, and the memory, while a container logs as fast as it can; beside it the same with the stack at rest.
//!
//! `BREAKFIX_BIN` names another program than the one that was just built. Words after `--` choose: `first`, `flood`.

#![allow(clippy::unwrap_used, reason = "a measurement that cannot go on ends")]

use std::{
    io::{Read, Write},
    path::{Path, PathBuf},
    process::Command,
    sync::mpsc::{Receiver, channel},
    time::{Duration, Instant},
};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

const ROWS: u16 = 60;
const COLUMNS: u16 = 200;
const STARTS: usize = 40;
const KEYS: usize = 60;
const PATIENCE: Duration = Duration::from_secs(60);
/// No one there.
const NOWHERE: &str = "unix:///nowhere";

fn main() {
    let chosen: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    let wanted = |name: &str| chosen.is_empty() || chosen.iter().any(|word| word == name);
    println!("{}", program().display());
    if wanted("first") {
        first_frame();
    }
    if wanted("flood") {
        flood();
    }
}

fn program() -> PathBuf {
    std::env::var_os("BREAKFIX_BIN").map_or_else(|| env!("CARGO_BIN_EXE_breakfix").into(), PathBuf::from)
}

fn first_frame() {
    println!("\nexec → first frame, {COLUMNS}×{ROWS}, {STARTS} starts");
    // What a pseudo-terminal, a new process and one line of text take here, at this moment.
    let floor = times(STARTS, || {
        let mut command = CommandBuilder::new("/bin/sh");
        command.args(["-c", "echo Breakfix quit"]);
        let mut screen = Screen::start(command);
        screen.wait("a line", |screen| screen.contents().contains("quit"))
    });
    show("floor: sh and echo", &floor, None);
    for (name, engine) in [("Docker up", None), ("no engine", Some(NOWHERE))] {
        let took = times(STARTS, || {
            let dir = tempfile::tempdir().unwrap();
            let mut screen = Screen::start(learn(&dir.path().join("lab"), engine));
            // The first line and the last one: the frame is whole.
            let took = screen.wait("the first frame", |screen| {
                let text = screen.contents();
                text.starts_with(" Breakfix") && text.contains("q quit")
            });
            screen.press("q");
            screen.ended();
            took
        });
        show(name, &took, Some(&floor));
    }
}

fn flood() {
    let dir = tempfile::Builder::new().prefix("breakfix-flood-").tempdir().unwrap();
    let lab = dir.path().join(dir.path().file_name().unwrap().to_str().unwrap().to_lowercase());
    let compose = |command: &str| {
        format!(
            "services:\n  flaskapp:\n    image: python:3.13-slim\n    init: true\n    command: {command}\n    volumes: [\"./app:/opt/services/flaskapp/src\"]\n"
        )
    };
    // A lab of the course, with one service that does nothing yet.
    let mut making = Screen::start(learn(&lab, Some(NOWHERE)));
    making.wait("the lab", |screen| screen.contents().contains("made from broken-stack"));
    making.press("q");
    making.ended();
    std::fs::write(lab.join("docker-compose.yml"), compose("sleep 600")).unwrap();
    // What `up` gives tables with.
    std::fs::create_dir(lab.join("app")).unwrap();
    std::fs::write(lab.join("app/database.py"), "def init_db(): pass\n").unwrap();
    let _stack = Stack(lab.clone());
    breakfix(&["up"], &lab);
    println!("\nkey → frame, {COLUMNS}×{ROWS}, {KEYS} keys; `l` opens the list of lessons, Esc closes it");
    let rest = watched("the stack at rest", &lab, None);
    // 40 lines at a time: a pipe's worth.
    let program = "import sys\\nline = '%09d ' + 'x' * 60 + '\\\\n'\\nn = 0\\nwhile True:\\n    sys.stdout.write(''.join(line % i for i in range(n, n + 40)))\\n    n += 40\\n";
    std::fs::write(lab.join("docker-compose.yml"), compose(&format!("[python, -c, \"{program}\"]"))).unwrap();
    breakfix(&["up"], &lab);
    watched("a container that floods", &lab, Some(&rest));
}

/// Presses keys while the stack does what it does; gives how long each took.
fn watched(name: &str, lab: &Path, beside: Option<&[Duration]>) -> Vec<Duration> {
    let mut screen = Screen::start(learn(lab, None));
    screen.wait("the first frame", |screen| screen.contents().contains("q quit"));
    screen.wait("the engine", |screen| screen.contents().contains("1 running"));
    screen.press("\r");
    screen.wait("a lesson", |screen| screen.contents().contains("page 1 of"));
    screen.press("2");
    screen.drain(Duration::from_secs(2));
    let (lines, cpu, began) = (logged(lab), screen.cpu(), Instant::now());
    let took: Vec<Duration> = (0..KEYS / 2)
        .flat_map(|_| {
            let open = screen.key("l", |screen| screen.contents().contains("Lessons"));
            screen.drain(Duration::from_millis(150));
            let close = screen.key("\u{1b}", |screen| !screen.contents().contains("Lessons"));
            screen.drain(Duration::from_millis(150));
            [open, close]
        })
        .collect();
    let (seconds, cpu) = (began.elapsed().as_secs_f64(), screen.cpu() - cpu);
    let rate = logged(lab).zip(lines).map(|(now, before)| (now - before) as f64 / seconds);
    show(name, &took, beside);
    let (now, most) = screen.memory();
    let rate = rate.map_or(String::new(), |rate| format!("{rate:.0} lines/s written, "));
    println!("  {rate}memory {now:.1} MB (at most {most:.1}), {:.0} % of a core", cpu / seconds * 100.0);
    screen.press("\u{3}");
    screen.drain(Duration::from_millis(100));
    screen.press("\u{3}");
    screen.ended();
    took
}

/// The number of the container's last line.
fn logged(lab: &Path) -> Option<u64> {
    let name = lab.file_name().unwrap().to_str().unwrap();
    let output = Command::new("docker").args(["logs", "--tail", "1", &format!("{name}-flaskapp-1")]).output().unwrap();
    String::from_utf8_lossy(&output.stdout).split(' ').next()?.parse().ok()
}

fn learn(lab: &Path, engine: Option<&str>) -> CommandBuilder {
    let mut command = CommandBuilder::new(program());
    command.args(["learn", "--lab"]);
    command.arg(lab);
    if let Some(engine) = engine {
        command.args(["--engine", engine]);
    }
    command.cwd(lab.parent().unwrap());
    command
}

fn breakfix(args: &[&str], lab: &Path) {
    let output = Command::new(program()).args(args).arg("--lab").arg(lab).output().unwrap();
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// A lab whose stack is taken down in the end.
struct Stack(PathBuf);

impl Drop for Stack {
    fn drop(&mut self) {
        let _ = Command::new(program()).args(["down", "--volumes", "--lab"]).arg(&self.0).output();
    }
}

fn times(count: usize, mut once: impl FnMut() -> Duration) -> Vec<Duration> {
    (0..count).map(|_| once()).collect()
}

fn show(name: &str, took: &[Duration], beside: Option<&[Duration]>) {
    let at = |took: &[Duration], part: usize| {
        let mut sorted = took.to_vec();
        sorted.sort();
        sorted[(sorted.len() - 1) * part / 100].as_secs_f64() * 1000.0
    };
    let ratio = beside.map(|beside| format!("   {:.2} × the median beside it", at(took, 50) / at(beside, 50)));
    println!(
        "{name:<26} least {:>6.1} ms   median {:>6.1}   p95 {:>6.1}{}",
        at(took, 0),
        at(took, 50),
        at(took, 95),
        ratio.unwrap_or_default()
    );
}

/// A program on a pseudo-terminal.
struct Screen {
    child: Box<dyn Child + Send + Sync>,
    _master: Box<dyn MasterPty + Send>,
    keys: Box<dyn Write + Send>,
    /// What came, and when.
    output: Receiver<(Instant, Vec<u8>)>,
    parser: vt100::Parser,
    began: Instant,
}

impl Screen {
    fn start(mut command: CommandBuilder) -> Self {
        let pair = native_pty_system()
            .openpty(PtySize { rows: ROWS, cols: COLUMNS, pixel_width: 0, pixel_height: 0 })
            .unwrap();
        command.env("TERM", "xterm-256color");
        let mut reader = pair.master.try_clone_reader().unwrap();
        let keys = pair.master.take_writer().unwrap();
        let (sender, output) = channel();
        let began = Instant::now();
        let child = pair.slave.spawn_command(command).unwrap();
        std::thread::spawn(move || {
            let mut buffer = vec![0; 1 << 16];
            while let Ok(read @ 1..) = reader.read(&mut buffer) {
                if sender.send((Instant::now(), buffer[..read].to_vec())).is_err() {
                    break;
                }
            }
        });
        let parser = vt100::Parser::new(ROWS, COLUMNS, 0);
        Self { child, _master: pair.master, keys, output, parser, began }
    }

    /// Takes in what comes until the screen is as wanted; gives the time from the start to when the last of it came.
    fn wait(&mut self, what: &str, wanted: impl Fn(&vt100::Screen) -> bool) -> Duration {
        let mut last = Instant::now();
        while !wanted(self.parser.screen()) {
            let Ok((at, bytes)) = self.output.recv_timeout(PATIENCE) else {
                panic!("{what} never came; the screen is\n{}", self.parser.screen().contents());
            };
            self.parser.process(&bytes);
            last = at;
        }
        last.duration_since(self.began)
    }

    /// The time from a key to its frame.
    fn key(&mut self, key: &str, wanted: impl Fn(&vt100::Screen) -> bool) -> Duration {
        let pressed = self.began.elapsed();
        self.press(key);
        self.wait(key, wanted) - pressed
    }

    fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).unwrap();
        self.keys.flush().unwrap();
    }

    /// Takes in what comes in this time.
    fn drain(&mut self, time: Duration) {
        let until = Instant::now() + time;
        while let Ok((_, bytes)) = self.output.recv_timeout(until.saturating_duration_since(Instant::now())) {
            self.parser.process(&bytes);
        }
    }

    fn ended(mut self) {
        let until = Instant::now() + PATIENCE;
        while self.child.try_wait().unwrap().is_none() {
            self.drain(Duration::from_millis(10));
            if Instant::now() > until {
                self.child.kill().unwrap();
                panic!("it never ended; the screen is\n{}", self.parser.screen().contents());
            }
        }
    }

    /// Resident memory in MB: now, and at most.
    fn memory(&self) -> (f64, f64) {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.process_id().unwrap())).unwrap();
        let field = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
            line.trim().trim_end_matches(" kB").parse::<f64>().unwrap() / 1000.0
        };
        (field("VmRSS:"), field("VmHWM:"))
    }

    /// Seconds of a core used so far.
    fn cpu(&self) -> f64 {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.process_id().unwrap())).unwrap();
        let fields: Vec<f64> =
            stat.rsplit_once(')').unwrap().1.split_whitespace().skip(11).take(2).map(|f| f.parse().unwrap()).collect();
        // Linux counts in hundredths for everybody.
        fields.iter().sum::<f64>() / 100.0
    }
}
