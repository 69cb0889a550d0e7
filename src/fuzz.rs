//! What bytes of strangers reach, one function for each kind: none of them panics, hangs, or takes memory without bound.
//!
//! `fuzz/` hands them bytes at random; the test below hands them what was found so, and stays. Built for these two alone.

use std::{
    collections::BTreeMap,
    fs,
    path::Path,
    sync::{Arc, LazyLock, Mutex, Once, PoisonError},
    time::Duration,
};

use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    runtime::Runtime,
};

use crate::{
    cli,
    compose::{LoadOptions, Stack, load_beneath, refusals, roles},
    course::{Course, embedded_stack, validate},
    engine::{self, Engine, LogLine},
    journal::{Entry, Journal, Progress, hindsight_html, hindsight_markdown, outline},
    lab::{facts, stale},
    probe, tui,
};

/// A function of this file.
pub type Target = fn(&[u8]);

/// All of them, by the names that they have in `fuzz/` and in `tests/fixtures/fuzz/`.
pub const TARGETS: [(&str, Target); 10] = [
    ("compose", compose),
    ("course", course),
    ("dockerfile", dockerfile),
    ("engine", engine),
    ("env_file", env_file),
    ("html", html),
    ("journal", journal),
    ("lesson", lesson),
    ("log", log),
    ("nginx", nginx),
];

static COURSE: LazyLock<Option<Course>> = LazyLock::new(|| Course::embedded().ok());

thread_local! {
    /// Where files are written that are read as files. Each thread has its own.
    static DIR: Option<TempDir> = TempDir::new().ok();
}

/// Hands on the directory of this thread with these files in it.
fn with_files(files: &[(&str, &[u8])], work: impl FnOnce(&Path)) {
    DIR.with(|dir| {
        let Some(dir) = dir else { return };
        if files.iter().all(|(name, bytes)| fs::write(dir.path().join(name), bytes).is_ok()) {
            work(dir.path());
        }
    });
}

/// A compose file: read, judged, and compared with what runs.
pub fn compose(data: &[u8]) {
    with_files(&[("compose.yaml", data)], read_stack);
}

/// The file `.env` beside a compose file that uses it in each way.
pub fn env_file(data: &[u8]) {
    const USES: &[u8] =
        b"services:\n  a:\n    image: \"${IMAGE:-x}\"\n    env_file: own.env\n    environment: [A, \"B=${A-}\"]\n";
    with_files(&[("compose.yaml", USES), (".env", data), ("own.env", data)], read_stack);
}

fn read_stack(dir: &Path) {
    static HUSH: Once = Once::new();
    HUSH.call_once(cli::show_only_own_panics);
    let env = BTreeMap::from([("HOST".to_owned(), "${A} $$".to_owned())]);
    match load_beneath(dir, &LoadOptions { project: None, env }) {
        Ok(stack) => {
            refusals(&stack);
            roles(&stack);
            stale(&stack, &[]);
        }
        Err(findings) => {
            assert!(!findings.is_empty(), "refused without a word");
            findings.iter().for_each(|finding| drop(finding.to_string()));
        }
    }
}

/// The file of a course, beside a lesson that is right.
pub fn course(data: &[u8]) {
    read_course(data, include_bytes!("../lessons/01-host-port.toml"));
}

/// A lesson, in a course that is right.
pub fn lesson(data: &[u8]) {
    read_course(include_bytes!("../lessons/course.toml"), data);
}

fn read_course(course: &[u8], lesson: &[u8]) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let texts =
        BTreeMap::from([("course.toml".to_owned(), text(course)), ("01-host-port.toml".to_owned(), text(lesson))]);
    if let Ok(course) = Course::from_texts(texts, files_of("broken-stack"), files_of("fixed-stack")) {
        validate(&course).iter().for_each(|finding| drop(finding.to_string()));
    }
}

/// The text files of a stack that the program holds.
fn files_of(stack: &str) -> BTreeMap<String, String> {
    fn add(dir: &include_dir::Dir<'_>, texts: &mut BTreeMap<String, String>) {
        for file in dir.files() {
            if let Some(text) = file.contents_utf8() {
                texts.insert(file.path().display().to_string(), text.to_owned());
            }
        }
        dir.dirs().for_each(|dir| add(dir, texts));
    }
    let mut texts = BTreeMap::new();
    add(embedded_stack(stack), &mut texts);
    texts
}

/// A lab's journal: read whole and entry by entry, folded, and told.
pub fn journal(data: &[u8]) {
    let Some(course) = COURSE.as_ref() else { return };
    with_files(&[("journal.jsonl", data)], |dir| {
        let path = dir.join("journal.jsonl");
        let _ = outline(&path, 0, |entry: &Entry| drop(entry.clone()));
        let Ok(entries) = Journal::read(&path) else { return };
        Progress::fold(&entries);
        hindsight_markdown(course, &entries);
        hindsight_html(course, &entries);
    });
}

/// A page: what a visitor sees of it, and what comes of filling its forms in.
pub fn html(data: &[u8]) {
    probe::fuzz(&String::from_utf8_lossy(data));
}

/// nginx's configuration, in the stack that the course mends.
pub fn nginx(data: &[u8]) {
    read_facts("conf.d/flaskapp.conf", data);
}

/// A Dockerfile: what is read from it, and what is made of it for other builders.
pub fn dockerfile(data: &[u8]) {
    engine::fuzz_dockerfile(&String::from_utf8_lossy(data));
    read_facts("Dockerfile", data);
}

fn read_facts(path: &str, data: &[u8]) {
    static STACK: LazyLock<Option<(TempDir, Stack)>> = LazyLock::new(|| {
        let dir = TempDir::new().ok()?;
        embedded_stack("broken-stack").extract(dir.path()).ok()?;
        let stack = load_beneath(dir.path(), &LoadOptions::default()).ok()?;
        Some((dir, stack))
    });
    let (Some((_, stack)), Some(course)) = (STACK.as_ref(), COURSE.as_ref()) else { return };
    let mut texts = files_of("broken-stack");
    texts.insert(path.to_owned(), String::from_utf8_lossy(data).into_owned());
    facts(Some(stack), &roles(stack), course, texts);
}

/// What a container logs, with all that a terminal would obey.
pub fn log(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let lines =
        text.lines().map(|text| LogLine { service: "a".into(), stream: engine::Stream::Out, text: text.into(), at: 0 });
    tui::fuzz_log(lines);
}

/// What an engine answers, to each question that is asked of it: the first byte chooses the status, the rest is the body.
pub fn engine(data: &[u8]) {
    static FAKE: LazyLock<Option<Fake>> = LazyLock::new(Fake::start);
    let (Some(fake), Some((status, body))) = (FAKE.as_ref(), data.split_first()) else { return };
    let status = [200, 201, 204, 304, 400, 404, 409, 500][usize::from(status % 8)];
    *fake.answer.lock().unwrap_or_else(PoisonError::into_inner) = (status, body.to_vec());
    let (engine, second) = (&fake.engine, Duration::from_secs(1));
    fake.runtime.block_on(async {
        let _ = engine.containers("p").await;
        let _ = engine.image_status(&["x".to_owned()]).await;
        let _ = engine.processes("a").await;
        let _ = engine.log_tail("a", "a", 10).await;
        let _ = engine.changed_paths("a").await;
        let _ = engine.exec("a", &["x"], &BTreeMap::new(), second).await;
        let mut events = engine.events("p");
        let end =
            async { while futures_util::StreamExt::next(&mut events).await.is_some_and(|event| event.is_ok()) {} };
        let _ = tokio::time::timeout(second, end).await;
    });
}

/// An engine that says who it is, and to all else what it is told.
struct Fake {
    runtime: Runtime,
    engine: Engine,
    answer: Arc<Mutex<(u16, Vec<u8>)>>,
}

impl Fake {
    fn start() -> Option<Self> {
        let answer = Arc::new(Mutex::new((200, vec![])));
        let runtime = Runtime::new().ok()?;
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).ok()?;
        let url = format!("tcp://{}", listener.local_addr().ok()?);
        let told = Arc::clone(&answer);
        runtime.spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(Self::serve(stream, Arc::clone(&told)));
            }
        });
        let engine = runtime.block_on(Engine::find(Some(&url))).ok()?;
        Some(Self { runtime, engine, answer })
    }

    /// One question for each connection.
    async fn serve(mut stream: TcpStream, told: Arc<Mutex<(u16, Vec<u8>)>>) {
        let mut asked = vec![0; 16 << 10];
        let Ok(length) = stream.read(&mut asked).await else { return };
        let asked = String::from_utf8_lossy(&asked[..length]);
        let path = asked.split_whitespace().nth(1).unwrap_or_default();
        let (status, body) = if path.ends_with("/_ping") {
            (200, b"OK".to_vec())
        } else if path.ends_with("/version") {
            (200, br#"{"Version":"27.0.0","ApiVersion":"1.46","Components":[]}"#.to_vec())
        } else if path.ends_with("/info") {
            (200, br#"{"OSType":"linux","NCPU":1,"MemTotal":1}"#.to_vec())
        } else {
            told.lock().unwrap_or_else(PoisonError::into_inner).clone()
        };
        let head = format!(
            "HTTP/1.1 {status} x\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
            body.len()
        );
        let _ = stream.write_all(&[head.as_bytes(), &body].concat()).await;
    }
}

#[cfg(test)]
mod tests {
    use std::{path::PathBuf, sync::mpsc, thread};

    use super::*;

    /// Bound on one input, on a busy machine; what hangs takes for ever.
    const WITHIN: Duration = Duration::from_secs(60);

    #[test]
    fn what_was_found_stays_mended() {
        let inputs = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/fuzz");
        for (name, target) in TARGETS {
            let entries: Vec<_> = fs::read_dir(inputs.join(name)).unwrap().map(|entry| entry.unwrap().path()).collect();
            assert!(!entries.is_empty(), "{name} has no inputs");
            for path in entries {
                let data = fs::read(&path).unwrap();
                let (done, is_done) = mpsc::channel();
                thread::spawn(move || {
                    target(&data);
                    let _ = done.send(());
                });
                assert!(is_done.recv_timeout(WITHIN).is_ok(), "{} panics or hangs", path.display());
            }
        }
    }
}
