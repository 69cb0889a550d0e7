//! Submissions that mean harm, on real containers: each gets its verdict or its refusal in time, the engine and the honest ones
//! beside them see nothing of it, and nothing of them stays.
//!
//! A binary of its own: what eats the machine would take it from every test beside it.
//!
//! Where no engine answers, these tests fail and say what to start; `BREAKFIX_SKIP_DOCKER=1` leaves them out. `BREAKFIX_ALL=1` takes
//! the rarer cases as well.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[path = "../common/mod.rs"]
mod common;

use std::{
    collections::BTreeMap,
    net::TcpListener,
    os::unix::{fs::symlink, net::UnixListener},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use breakfix::{course::Course, probe::slowness};
use common::{all, containers, docker, left_by};
use serde_json::Value;

/// A submission in the making: the right stack, to be spoilt.
struct Spoilt {
    home: PathBuf,
    texts: BTreeMap<String, String>,
}

impl Spoilt {
    fn new(home: &Path) -> Self {
        Self { home: home.to_owned(), texts: Course::embedded().unwrap().fixed_stack().clone() }
    }

    fn edit(mut self, file: &str, from: &str, to: &str) -> Self {
        let text = self.texts.get_mut(file).unwrap();
        assert!(text.contains(from), "{file} has no {from}");
        *text = text.replacen(from, to, 1);
        self
    }

    fn put(mut self, file: &str, text: impl Into<String>) -> Self {
        self.texts.insert(file.to_owned(), text.into());
        self
    }

    /// Another app: this program, in place of the shop.
    fn app(self, program: &str) -> Self {
        self.put("src/app.py", program)
    }

    /// The right app, and this before it.
    fn beside_app(self, program: &str) -> Self {
        let app = self.texts["src/app.py"].clone();
        self.put("src/app.py", format!("{program}\n{app}"))
    }

    /// Lines of the compose file at a service.
    fn service(self, service: &str, lines: &str) -> Self {
        let head = format!("  {service}:\n");
        let below: String = lines.lines().map(|line| format!("    {line}\n")).collect();
        self.edit("docker-compose.yml", &head, &format!("{head}{below}"))
    }

    /// Lines at the end of the Dockerfile.
    fn dockerfile(mut self, lines: &str) -> Self {
        self.texts.get_mut("Dockerfile").unwrap().push_str(&format!("{lines}\n"));
        self
    }

    /// Writes it down under this name.
    fn write(self, name: &str) -> PathBuf {
        let dir = self.home.join(name);
        common::write_files(&dir, self.texts);
        dir
    }
}

/// What a submission has to come to.
struct Case {
    name: &'static str,
    verdicts: &'static [&'static str],
    /// What its reason says, where that is known.
    reason: &'static str,
}

/// The label by which layers of a test's builds are found.
const MARK: &str = "dev.breakfix.hostile-test";

/// Cases that are much like others; `BREAKFIX_ALL=1` takes them, too.
const RARE: [&str; 34] = [
    "never-listens",
    "never-answers",
    "attacks-its-neighbour",
    "drips-headers",
    "drips-body",
    "page-of-100-mb",
    "nested-page",
    "continue-without-end",
    "redirects-for-ever",
    "echoes-the-form",
    "memory-hog",
    "fills-a-volume",
    "fills-no-ones-volume",
    "crash-loop",
    "build-adds-the-net",
    "build-binds",
    "build-copies-from-outside",
    "project-of-another",
    "volume-of-another",
    "bridge-of-the-host",
    "good-at-last",
    "gzip-bomb",
    "redirects-to-the-host",
    "escapes-in-builds",
    "fills-memory-disks",
    "deaf-to-signals",
    "build-prints-for-ever",
    "build-of-the-unknown",
    "compose-file-is-a-pipe",
    "env-file-is-a-link",
    "fork-bomb",
    "build-forks-for-ever",
    "tables-never-made",
    "name-of-another",
];

/// Cases, by what is expected of them.
#[derive(Default)]
struct Cases(Vec<Case>);

impl Cases {
    fn add(
        &mut self,
        name: &'static str,
        spoilt: Spoilt,
        verdicts: &'static [&'static str],
        reason: &'static str,
    ) -> PathBuf {
        if all() || !RARE.contains(&name) {
            self.0.push(Case { name, verdicts, reason });
        }
        let mark = format!("LABEL {MARK}={}\nCOPY src .", std::process::id());
        spoilt.edit("Dockerfile", "COPY src .", &mark).write(name)
    }

    /// Layers of their builds that are still on the engine.
    fn layers(&self) -> Vec<String> {
        docker(&["images", "-aq", "--filter", &format!("label={MARK}={}", std::process::id())])
    }
}

/// A server in one line of Python: answers what `answer` gives to every connection on port 80.
fn server(answer: &str) -> String {
    format!(
        r#"
import socket, threading, time, gzip
def answer(peer):
    try:
        peer.recv(65536)
{answer}
    except OSError:
        pass
    finally:
        peer.close()
listener = socket.create_server(("0.0.0.0", 80), backlog=64)
while True:
    threading.Thread(target=answer, args=(listener.accept()[0],), daemon=True).start()
"#,
        answer = answer.lines().map(|line| format!("        {line}\n")).collect::<String>(),
    )
}

/// Broken, or on a busy machine not asked in time.
const SLOW: &[&str] = &["broken", "unknown"];

const FORM: &str = "<form method=post><input name=name><input name=quantity type=number><input name=description><input type=submit></form>";

/// The escape that sets a window's title, and one that moves the cursor.
const ESCAPE: &str = "\\x1b]0;owned\\x07\\x1b[2J\\x9b31m";

/// One at a time: they would take the processors from each other.
static TURN: Mutex<()> = Mutex::new(());

/// Seconds until a deadline: a machine that does other things as well needs longer.
fn within(seconds: f64) -> f64 {
    seconds * slowness().min(4.0)
}

/// Runs a check over all cases, so many at the same time, and compares; nothing may be left, no submission may take longer than its
/// deadline and its removal. One for which the machine had no time, because it got busy meanwhile, is tried once more.
fn check(home: &Path, cases: &Cases, jobs: u8, seconds: f64) {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let begun = Instant::now();
    let all: Vec<&Case> = cases.0.iter().collect();
    let wrong = wrong_of(home, cases, &all, jobs, seconds);
    // Their deadline may have been right for the machine as it was before.
    let late: Vec<&Case> =
        wrong.iter().filter(|(_, seen)| seen.contains("no verdict within")).map(|(case, _)| *case).collect();
    let wrong = if late.len() == wrong.len() && !late.is_empty() {
        wrong_of(home, cases, &late, 1, seconds * 2.0)
    } else {
        wrong
    };
    eprintln!("{:.1} s in all", begun.elapsed().as_secs_f64());
    assert!(wrong.is_empty(), "{}", wrong.iter().map(|(_, seen)| seen.as_str()).collect::<Vec<_>>().join("\n"));
}

/// The cases that do not come to what they have to, with what was seen of them.
fn wrong_of<'c>(home: &Path, of: &Cases, cases: &[&'c Case], jobs: u8, seconds: f64) -> Vec<(&'c Case, String)> {
    let child = Command::new(env!("CARGO_BIN_EXE_breakfix"))
        .args(["check", "--format", "json", "-j", &jobs.to_string(), "--timeout", &format!("{seconds:.0}")])
        .args(cases.iter().map(|case| case.name))
        .current_dir(home)
        .env("NOT_FOR_STRANGERS", "hunter2")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let pid = child.id();
    let over = Arc::new(AtomicBool::new(false));
    let slowest = std::thread::spawn({
        let over = Arc::clone(&over);
        move || {
            let mut slowest = 1.0_f64;
            while !over.load(Ordering::SeqCst) {
                slowest = slowest.max(slowness());
                std::thread::sleep(Duration::from_millis(200));
            }
            slowest
        }
    });
    let output = child.wait_with_output().unwrap();
    over.store(true, Ordering::SeqCst);
    // A deadline counts the time that a submission had: at most four times as long by the clock.
    let most = seconds * slowest.join().unwrap().min(4.0);
    let (stdout, stderr) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    for text in [&stdout, &stderr] {
        let control = text.chars().find(|c| c.is_control() && !matches!(c, '\n' | '\t'));
        assert_eq!(control, None, "what a submission says reaches the terminal");
        assert!(!text.contains("hunter2"), "a variable of the grader's reached a submission");
    }
    assert!(stdout.len() < 200_000 * cases.len(), "the report is {} bytes long", stdout.len());
    let report: Value = serde_json::from_str(&stdout).unwrap_or_else(|_| panic!("no JSON: {stdout}\n{stderr}"));
    let mut wrong = Vec::new();
    for (case, seen) in cases.iter().zip(report["submissions"].as_array().unwrap()) {
        let (verdict, reason) = (seen["verdict"].as_str().unwrap(), seen["reason"].as_str().unwrap_or_default());
        let took = seen["seconds"].as_f64().unwrap();
        let first = reason.lines().next().unwrap_or_default();
        eprintln!("{:<24} {verdict:<8} {took:>5.1} s  {}", case.name, first.chars().take(110).collect::<String>());
        let as_expected = case.verdicts.contains(&verdict) && reason.contains(case.reason);
        if !as_expected || took > most * 1.5 {
            wrong.push((*case, format!("{}, of {most:.0} s at most: {seen:#}", case.name)));
        }
    }
    assert_eq!(left_by(pid), Vec::<String>::new(), "something stays");
    assert_eq!(of.layers(), Vec::<String>::new(), "layers of builds stay");
    wrong
}

/// A right stack that stays while others are checked; dropped, it goes away with all that is its own.
struct Neighbour {
    project: String,
}

impl Neighbour {
    fn settle(home: &Path) -> Self {
        Spoilt::new(home).write("neighbour");
        let kept = Command::new(env!("CARGO_BIN_EXE_breakfix"))
            .args(["check", "--keep", "neighbour"])
            .current_dir(home)
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&kept.stderr).into_owned();
        let told = said.lines().find_map(|line| line.split_once("to remove it: docker compose -p ")).unwrap().1;
        Self { project: told.split_whitespace().next().unwrap().to_owned() }
    }
}

impl Drop for Neighbour {
    fn drop(&mut self) {
        let of_project = format!("label=com.docker.compose.project={}", self.project);
        let lists: [(&[&str], &[&str]); 3] = [
            (&["ps", "-aq"], &["rm", "-fv"]),
            (&["network", "ls", "-q"], &["network", "rm"]),
            (&["volume", "ls", "-q"], &["volume", "rm"]),
        ];
        for (list, remove) in lists {
            for id in docker(&[list, &["--filter", &of_project]].concat()) {
                docker(&[remove, &[id.as_str()]].concat());
            }
        }
        let reference = format!("reference={}-*", self.project);
        for image in docker(&["images", "--filter", &reference, "--format", "{{.Repository}}"]) {
            docker(&["rmi", "--no-prune", &image]);
        }
    }
}

/// Containers that are builds of a test's own: they run a command with this word in it.
fn builds_with(word: &str) -> Vec<String> {
    docker(&["ps", "--no-trunc", "--format", "{{.Command}}"]).into_iter().filter(|line| line.contains(word)).collect()
}

#[test]
fn apps_that_answer_badly() {
    if !containers() {
        return;
    }
    let home = tempfile::tempdir().unwrap();
    let at = || Spoilt::new(home.path());
    let mut cases = Cases::default();
    cases.add("good", at(), &["works"], "");
    // A door on the host that nobody may be sent to.
    let canary = TcpListener::bind("127.0.0.1:0").unwrap();
    let (port, visits) = (canary.local_addr().unwrap().port(), Arc::new(AtomicUsize::new(0)));
    let count = Arc::clone(&visits);
    std::thread::spawn(move || {
        canary.incoming().for_each(|_| {
            count.fetch_add(1, Ordering::SeqCst);
        })
    });
    let http = |head: &str, body: &str| {
        server(&format!("peer.sendall(b'HTTP/1.1 {head}\\r\\nConnection: close\\r\\n\\r\\n')\n{body}"))
    };
    cases.add("never-listens", at().app("import time\ntime.sleep(3600)\n"), SLOW, "");
    cases.add("never-answers", at().app(&server("time.sleep(3600)")), SLOW, "");
    let drip = server(
        "for byte in b'HTTP/1.1 200 OK\\r\\nX: ' + b'a' * 100000:\n    peer.sendall(bytes([byte]))\n    time.sleep(1)",
    );
    cases.add("drips-headers", at().app(&drip), SLOW, "");
    let drip = http("200 OK\\r\\nContent-Type: text/html", "while True:\n    peer.sendall(b'<p>')\n    time.sleep(1)");
    cases.add("drips-body", at().app(&drip), SLOW, "");
    let large =
        http("200 OK\\r\\nContent-Type: text/html", "for _ in range(1600):\n    peer.sendall(b'<p>' + b'a' * 65533)");
    cases.add("page-of-100-mb", at().app(&large), &["broken"], "");
    let bomb = http(
        "200 OK\\r\\nContent-Type: text/html\\r\\nContent-Encoding: gzip",
        "peer.sendall(gzip.compress(b'a' * (64 << 20)))",
    );
    cases.add("gzip-bomb", at().app(&bomb), &["broken"], "");
    let nest = http("200 OK\\r\\nContent-Type: text/html", "peer.sendall(b'<form><div><table><b>' * 90000)");
    cases.add("nested-page", at().app(&nest), &["broken"], "");
    let headers = server(
        "peer.sendall(b'HTTP/1.1 200 OK\\r\\n')\nwhile True:\n    peer.sendall(b'Set-Cookie: a=' + b'b' * 60000 + b'\\r\\n')",
    );
    cases.add("headers-without-end", at().app(&headers), &["broken"], "");
    let soon = server("while True:\n    peer.sendall(b'HTTP/1.1 100 Continue\\r\\n\\r\\n' * 100)");
    cases.add("continue-without-end", at().app(&soon), SLOW, "");
    cases.add("redirects-for-ever", at().app(&http("302 Found\\r\\nLocation: /again", "")), &["broken"], "");
    let away = http(&format!("302 Found\\r\\nLocation: http://127.0.0.1:{port}/"), "");
    cases.add("redirects-to-the-host", at().app(&away), &["broken"], "");
    let post_away = format!("action=\"http://localhost:{port}/\" method=post");
    let away = format!("peer.sendall(b'{}')", FORM.replace("method=post", &post_away));
    cases.add("form-to-the-host", at().app(&http("200 OK\\r\\nContent-Type: text/html", &away)), &["broken"], "");
    // Shows what was sent, and keeps nothing.
    let echo = at().edit(
        "src/app.py",
        "        item = Items(",
        "        return f'Item 1: {form.name.data}, {form.quantity.data}, {form.description.data}'\n        item = Items(",
    );
    cases.add("echoes-the-form", echo, &["broken"], "");
    let escapes = format!(
        "peer.sendall(b'HTTP/1.1 500 {ESCAPE}\\r\\nServer: {ESCAPE}\\r\\nX-{ESCAPE}: 1\\r\\nContent-Type: text/html\\r\\nConnection: close\\r\\n\\r\\n<p>{ESCAPE}')\n\
         print('{ESCAPE} Traceback', flush=True)"
    );
    cases.add("escapes-in-answers", at().app(&server(&escapes)), &["broken"], "");
    let escapes = at().app(&format!("raise SystemExit('{ESCAPE}')"));
    let dir = cases.add("escapes-in-logs", escapes, &["broken"], "");
    std::fs::write(dir.join("src/\u{1b}[31m\u{7}.py"), "").unwrap();
    cases.add("escapes-in-builds", at().dockerfile(&format!("RUN printf '{ESCAPE}' && exit 3")), &["broken"], "");
    cases.add("good-at-last", at(), &["works"], "");
    check(home.path(), &cases, 4, within(if all() { 40.0 } else { 25.0 }));
    assert_eq!(visits.load(Ordering::SeqCst), 0, "a submission sent the grader to a door of the host");
}

#[test]
fn stacks_that_eat_the_machine() {
    if !containers() {
        return;
    }
    let home = tempfile::tempdir().unwrap();
    let at = || Spoilt::new(home.path());
    let mut cases = Cases::default();
    cases.add("good", at(), &["works"], "");
    cases.add("memory-hog", at().app("hog = []\nwhile True:\n    hog.append(bytearray(1 << 20))\n"), &["broken"], "");
    let fill = |path: &str| {
        format!(
            "import itertools\nfor number in itertools.count():\n    with open(f'{path}/{{number}}', 'wb') as file:\n        \
             for _ in range(64):\n            file.write(bytes(1 << 20))\n"
        )
    };
    cases.add("fills-its-layer", at().app(&fill("/var/tmp")), &["broken"], "writes more than");
    cases.add(
        "fills-a-volume",
        at().service("flaskapp", "volumes: [\"dbdata:/fill\"]").app(&fill("/fill")),
        &["broken"],
        "",
    );
    cases.add(
        "fills-no-ones-volume",
        at().service("flaskapp", "volumes: [/fill]").app(&fill("/fill")),
        &["broken"],
        "writes more than",
    );
    cases.add(
        "fills-memory-disks",
        at().service("flaskapp", "tmpfs: [\"/fill:size=100g\"]\nshm_size: 100g").app(&fill("/fill")),
        &["broken"],
        "",
    );
    let flood = "import threading\ndef flood():\n    while True:\n        print('y' * 1000 + '\\n' + 'z' * 1000)\nthreading.Thread(target=flood, daemon=True).start()\n";
    cases.add("floods-its-log", at().beside_app(flood), &["works", "broken"], "");
    let deaf =
        "import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\n";
    cases.add(
        "deaf-to-signals",
        at().service("flaskapp", "stop_grace_period: 1h")
            .edit("docker-compose.yml", "    init: true\n", "")
            .beside_app(deaf),
        &["works"],
        "",
    );
    cases.add("crash-loop", at().service("flaskapp", "restart: always").app("raise SystemExit(1)\n"), &["broken"], "");
    cases.add(
        "check-without-pause",
        at().dockerfile("HEALTHCHECK --interval=1ms CMD python -c 'print(\"x\" * 100000)'"),
        &["works"],
        "",
    );
    cases.add("good-at-last", at(), &["works"], "");
    check(home.path(), &cases, 2, within(60.0));
}

#[test]
fn builds_that_mean_harm() {
    if !containers() {
        return;
    }
    let home = tempfile::tempdir().unwrap();
    let at = || Spoilt::new(home.path());
    let mut cases = Cases::default();
    cases.add("good", at(), &["works"], "");
    cases.add("build-prints-for-ever", at().dockerfile("RUN yes 3608"), &["broken"], "prints more than");
    // Killed from outside: by the bound on it, or by the machine. Which of the two cannot be seen.
    cases.add(
        "build-takes-all-memory",
        at().dockerfile("RUN python -c 'bytearray(4 << 30)'"),
        &["unknown"],
        "killed from outside",
    );
    cases.add(
        "build-fills-the-disk",
        // A label of the Dockerfile's own makes it nobody else's.
        at().dockerfile("LABEL com.docker.compose.project=other\nRUN i=0; while :; do i=$((i+1)); head -c 67108864 /dev/zero > /var/tmp/$i; done"),
        &["broken", "unknown"],
        "",
    );
    cases.add("build-adds-the-net", at().dockerfile("ADD http://192.0.2.1/x /x"), &["broken", "unknown"], "");
    cases.add(
        "build-binds",
        at().dockerfile("RUN --mount=type=bind,source=/etc,target=/mnt ls /mnt"),
        &["unknown"],
        "needs BuildKit",
    );
    cases.add(
        "build-of-the-unknown",
        at().edit("Dockerfile", "FROM python:3.13-slim", "FROM example.invalid/huge:1"),
        &["unknown"],
        "",
    );
    cases.add("build-copies-from-outside", at().dockerfile("COPY ../../../etc/passwd /x"), &["broken"], "");
    cases.add(
        "build-secrets",
        at().edit("docker-compose.yml", "    build: .\n", "    build: {context: ., args: [NOT_FOR_STRANGERS]}\n")
            .dockerfile("ARG NOT_FOR_STRANGERS\nRUN echo \"got $NOT_FOR_STRANGERS\" && exit 3"),
        &["broken"],
        "",
    );
    let dir = cases.add("giant-file", at(), &["unknown"], "too large");
    std::fs::File::create(dir.join("giant")).unwrap().set_len(10 << 30).unwrap();
    let dir = cases.add("pipes-and-sockets", at(), &["works"], "");
    for name in ["src/pipe", "conf.d/pipe"] {
        assert!(Command::new("mkfifo").arg(dir.join(name)).status().unwrap().success());
    }
    let _socket = UnixListener::bind(dir.join("src/socket")).unwrap();
    for (name, file) in [
        ("dockerfile-is-a-pipe", "Dockerfile"),
        ("compose-file-is-a-pipe", "docker-compose.yml"),
        ("env-file-is-a-pipe", "env_file"),
    ] {
        let dir = cases.add(name, at(), &["unknown"], "is not an ordinary file");
        std::fs::remove_file(dir.join(file)).unwrap();
        assert!(Command::new("mkfifo").arg(dir.join(file)).status().unwrap().success());
    }
    cases.add(
        "fetches-beside-a-mistake",
        at().dockerfile("ADD http://127.0.0.1:9/x /x").edit(
            "docker-compose.yml",
            "    init: true\n",
            "    inti: true\n",
        ),
        &["unknown"],
        "refused: Dockerfile:",
    );
    let dir = cases.add("names-with-line-ends", at(), &["works"], "");
    for name in ["src/a\nb.py", "src/\nc", "conf.d/d\n.conf.bak", "\n"] {
        std::fs::write(dir.join(name), "x = 1\n").unwrap();
    }
    let dir = cases.add("link-out-of-context", at(), &["unknown"], "refused: docker-compose.yml:");
    symlink("/etc", dir.join("src/etc")).unwrap();
    let dir = cases.add("env-file-is-a-link", at(), &["unknown"], "refused: docker-compose.yml:");
    std::fs::remove_file(dir.join("env_file")).unwrap();
    symlink("/etc/hostname", dir.join("env_file")).unwrap();
    let dir = cases.add("conf-is-a-link", at(), &["unknown"], "refused: docker-compose.yml:");
    symlink("/etc/passwd", dir.join("conf.d/x.conf")).unwrap();
    cases.add("good-at-last", at(), &["works"], "");
    check(home.path(), &cases, 4, within(40.0));
    assert_eq!(builds_with("yes 3608"), Vec::<String>::new(), "a build goes on");
}

/// Whatever the machine does: there is an end to each when its time is over.
#[test]
fn what_never_ends() {
    if !containers() {
        return;
    }
    let home = tempfile::tempdir().unwrap();
    let at = || Spoilt::new(home.path());
    let mut cases = Cases::default();
    cases.add("build-never-ends", at().dockerfile("RUN sleep 3607"), &["unknown"], "no verdict within");
    let bomb = "import os\\nwhile True:\\n  try: os.fork()\\n  except OSError: pass\\n";
    cases.add(
        "build-forks-for-ever",
        at().dockerfile(&format!("RUN printf '{bomb}' > /bomb.py && python /bomb.py")),
        &["unknown", "broken"],
        "",
    );
    let app = "import os\nwhile True:\n    try:\n        os.fork()\n    except OSError:\n        pass\n";
    cases.add("fork-bomb", at().app(app), SLOW, "");
    let endless = "def init_db():\n    import time\n    while True:\n        print('x' * 10000, flush=True)\n";
    cases.add(
        "tables-never-made",
        at().edit("src/database.py", "def init_db():\n", endless),
        &["unknown", "broken"],
        "",
    );
    cases.add(
        "check-that-hangs",
        at().service("db", "healthcheck: {test: [CMD, sleep, \"3600\"], interval: 1s, timeout: 1h}").edit(
            "docker-compose.yml",
            "    depends_on:\n      - db\n",
            "    depends_on:\n      db: {condition: service_healthy}\n",
        ),
        &["unknown", "broken"],
        "",
    );
    check(home.path(), &cases, 4, 12.0);
    assert_eq!([builds_with("sleep 3607"), builds_with("/bomb.py")].concat(), Vec::<String>::new(), "a build goes on");
}

#[test]
fn stacks_that_take_what_is_others() {
    if !containers() {
        return;
    }
    let home = tempfile::tempdir().unwrap();
    let at = || Spoilt::new(home.path());
    let neighbour = Neighbour::settle(home.path());
    let project = &neighbour.project;
    let of_project = format!("label=com.docker.compose.project={project}");
    let there = || {
        let mut ids = docker(&["ps", "-q", "--no-trunc", "--filter", &of_project]);
        ids.sort();
        ids
    };
    let before = there();
    let inspect = |format: &str| -> Vec<String> {
        before.iter().flat_map(|id| docker(&["inspect", "--format", format, id])).collect()
    };
    let addresses = inspect("{{range .NetworkSettings.Networks}}{{.IPAddress}} {{.Gateway}} {{end}}").join(" ");
    let ports = inspect("{{range .NetworkSettings.Ports}}{{range .}}{{.HostPort}} {{end}}{{end}}").join(" ");
    assert!(addresses.split_whitespace().count() >= 6 && !ports.trim().is_empty(), "{addresses} {ports}");
    let attack = format!(
        "import socket\nfor host in '{addresses}'.split():\n    for port in '80 5432 2375 {ports}'.split():\n        \
         try:\n            socket.create_connection((host, int(port)), timeout=0.3)\n        except OSError:\n            \
         continue\n        raise SystemExit(f'reached {{host}}:{{port}}')\n"
    );
    let mut cases = Cases::default();
    cases.add("attacks-its-neighbour", at().beside_app(&attack), &["works"], "");
    let name = docker(&["inspect", "--format", "{{.Name}}", &before[0]])[0].trim_start_matches('/').to_owned();
    let taken = at().service("nginx", &format!("container_name: {name}"));
    cases.add("name-of-another", taken, &["works"], "");
    let named = at().edit("docker-compose.yml", "services:\n", &format!("name: {project}\nservices:\n"));
    cases.add("project-of-another", named, &["works"], "");
    let labels = format!(
        "labels: {{com.docker.compose.project: {project}, dev.breakfix.check: \"kept:x\", dev.breakfix.toolbox: {project}, com.docker.compose.oneoff: \"True\"}}"
    );
    let labelled = at()
        .service("flaskapp", &labels)
        .dockerfile(&format!("LABEL com.docker.compose.project={project} dev.breakfix.check=kept:x"));
    cases.add("labels-of-another", labelled, &["works"], "");
    let volume = at().edit("docker-compose.yml", "  dbdata:\n", &format!("  dbdata: {{name: {project}_dbdata}}\n"));
    cases.add("volume-of-another", volume, &["works"], "");
    let image = at().edit("docker-compose.yml", "    build: .\n", "    build: .\n    image: postgres:17\n");
    cases.add("image-of-all", image, &["broken"], "");
    let joined = at().service("flaskapp", &format!("network_mode: container:{name}"));
    let joined = joined.edit("docker-compose.yml", "    networks:\n      - front\n      - back\n", "");
    cases.add("network-of-another", joined, &["unknown"], "refused: docker-compose.yml:");
    let named = at().service("flaskapp", &format!("network_mode: {project}_front"));
    let named = named.edit("docker-compose.yml", "    networks:\n      - front\n      - back\n", "");
    cases.add("network-by-its-name", named, &["unknown"], "refused: docker-compose.yml:");
    let bound = "  dbdata: {driver_opts: {type: tmpfs, o: bind, device: /etc}}\n";
    cases.add(
        "volume-of-the-host",
        at().edit("docker-compose.yml", "  dbdata:\n", bound),
        &["unknown"],
        "refused: docker-compose.yml:",
    );
    let bridge = "  back: {driver_opts: {com.docker.network.bridge.name: docker0}}\n";
    cases.add("bridge-of-the-host", at().edit("docker-compose.yml", "  back:\n", bridge), &["works", "unknown"], "");
    cases.add("good-at-last", at(), &["works"], "");
    check(home.path(), &cases, 4, within(40.0));
    assert_eq!(there(), before, "the neighbour is not what it was");
    assert!(!docker(&["images", "-q", "postgres:17"]).is_empty());
}
