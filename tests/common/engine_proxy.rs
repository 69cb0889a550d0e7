//! A way to the engine that does not always behave: it passes every request on, but for those that it is told to spoil.
//!
//! One connection carries one request: the engine is asked to close it after its answer. That makes each request one place
//! where something can go wrong.

use std::{
    io::{self, Read, Write},
    net::Shutdown,
    os::unix::net::{UnixListener, UnixStream},
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

/// The most that the head of a request or an answer may take.
const MOST_HEAD: usize = 64 << 10;

/// What goes wrong with a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The engine hears of it so much later.
    Late(Duration),
    /// It is taken, and nothing ever comes back.
    Silent,
    /// The connection is closed, and the engine has not heard of it.
    Closed,
    /// The engine does it, and the connection is closed before its answer.
    Lost,
    /// The answer's head comes, and then the connection is closed.
    HeadOnly,
    /// The answer's head comes with half of what was sent first after it, and then the connection is closed.
    Cut,
    /// This answer comes, and the engine has not heard of it: status, type and body.
    Says(u16, &'static str, &'static str),
    /// The engine does it, and this answer comes.
    DoneAndSays(u16, &'static str, &'static str),
    /// What comes is no HTTP.
    NotHttp,
}

/// A kind of request, told by its method and its path, in which `*` stands for one part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kind {
    pub name: &'static str,
    method: &'static str,
    path: &'static str,
}

/// All kinds of requests that this program makes.
pub const KINDS: &[Kind] = &[
    kind("ping", "GET", "_ping"),
    kind("version", "GET", "version"),
    kind("info", "GET", "info"),
    kind("events", "GET", "events"),
    kind("list containers", "GET", "containers/json"),
    kind("inspect container", "GET", "containers/*/json"),
    kind("create container", "POST", "containers/create"),
    kind("copy in", "PUT", "containers/*/archive"),
    kind("start", "POST", "containers/*/start"),
    kind("attach", "POST", "containers/*/attach"),
    kind("wait", "POST", "containers/*/wait"),
    kind("logs", "GET", "containers/*/logs"),
    kind("pause", "POST", "containers/*/pause"),
    kind("unpause", "POST", "containers/*/unpause"),
    kind("kill", "POST", "containers/*/kill"),
    kind("remove container", "DELETE", "containers/*"),
    kind("create exec", "POST", "containers/*/exec"),
    kind("start exec", "POST", "exec/*/start"),
    kind("inspect exec", "GET", "exec/*/json"),
    kind("list networks", "GET", "networks"),
    kind("create network", "POST", "networks/create"),
    kind("inspect network", "GET", "networks/*"),
    kind("connect", "POST", "networks/*/connect"),
    kind("disconnect", "POST", "networks/*/disconnect"),
    kind("remove network", "DELETE", "networks/*"),
    kind("list volumes", "GET", "volumes"),
    kind("create volume", "POST", "volumes/create"),
    kind("inspect volume", "GET", "volumes/*"),
    kind("remove volume", "DELETE", "volumes/*"),
    kind("list images", "GET", "images/json"),
    kind("inspect image", "GET", "images/*/json"),
    kind("image history", "GET", "images/*/history"),
    kind("export image", "GET", "images/*/get"),
    kind("load image", "POST", "images/load"),
    kind("remove image", "DELETE", "images/*"),
    kind("build", "POST", "build"),
];

const fn kind(name: &'static str, method: &'static str, path: &'static str) -> Kind {
    Kind { name, method, path }
}

impl Kind {
    /// The kind of this name.
    pub fn named(name: &str) -> Self {
        *KINDS.iter().find(|kind| kind.name == name).unwrap_or_else(|| panic!("no kind of request named {name}"))
    }

    /// Whether a request line is of this kind: `GET /v1.41/containers/json?all=true`.
    fn is(self, method: &str, target: &str) -> bool {
        let path = target.split('?').next().unwrap_or_default().trim_start_matches('/');
        let path = match path.split_once('/') {
            Some((version, rest)) if version.starts_with("v1.") => rest,
            _ => path,
        };
        // Names of images may hold slashes.
        let path = path.replace("%2F", "_");
        let mut wanted = self.path.split('/');
        let mut parts = path.split('/');
        let fits = wanted.by_ref().all(|wanted| parts.next().is_some_and(|part| wanted == "*" || wanted == part));
        method == self.method && fits && parts.next().is_none()
    }
}

/// Which requests of a kind are spoilt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// The one of this number, from 0.
    Once(usize),
    /// Each from this number on.
    From(usize),
}

/// What goes wrong, and with which requests.
#[derive(Debug, Clone, Copy)]
pub struct Rule {
    pub kind: Kind,
    pub when: When,
    pub fault: Fault,
}

/// The proxy. Its connections are closed when it is dropped.
pub struct EngineProxy {
    socket: PathBuf,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    rule: Option<Rule>,
    seen: AtomicUsize,
    shut: AtomicBool,
    hits: AtomicUsize,
    open: Mutex<Vec<UnixStream>>,
}

/// The socket of the engine that the tests use.
pub fn engine_socket() -> String {
    let host = std::env::var("DOCKER_HOST").unwrap_or_default();
    host.strip_prefix("unix://").unwrap_or("/var/run/docker.sock").to_owned()
}

impl EngineProxy {
    /// A proxy in front of the tests' engine, on a socket in this directory.
    pub fn start(home: &Path, name: &str, rule: Option<Rule>) -> Self {
        let socket = home.join(name);
        let listener = UnixListener::bind(&socket).unwrap();
        let shared = Arc::new(Shared { rule, ..Shared::default() });
        let of_all = Arc::clone(&shared);
        thread::spawn(move || {
            for near in listener.incoming().flatten() {
                if of_all.shut.load(Ordering::SeqCst) {
                    continue;
                }
                let shared = Arc::clone(&of_all);
                // A side that hangs up in the middle is what this is for.
                thread::spawn(move || drop(serve(near, &shared)));
            }
        });
        Self { socket, shared }
    }

    /// Its address.
    pub fn url(&self) -> String {
        format!("unix://{}", self.socket.display())
    }

    /// How many requests were spoilt.
    pub fn hits(&self) -> usize {
        self.shared.hits.load(Ordering::SeqCst)
    }

    /// Closes all connections, and each new one until [`Self::reopen`], as an engine that is started again does.
    pub fn shut(&self) {
        self.shared.shut.store(true, Ordering::SeqCst);
        for connection in lock(&self.shared.open).drain(..) {
            let _ = connection.shutdown(Shutdown::Both);
        }
    }

    /// Lets connections through again.
    pub fn reopen(&self) {
        self.shared.shut.store(false, Ordering::SeqCst);
    }
}

impl Drop for EngineProxy {
    fn drop(&mut self) {
        self.shut();
        let _ = std::fs::remove_file(&self.socket);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

impl Shared {
    /// What goes wrong with this request, if anything.
    fn fault(&self, head: &str) -> Option<Fault> {
        let rule = self.rule?;
        let mut words = head.split_whitespace();
        let (method, target) = (words.next()?, words.next()?);
        if !rule.kind.is(method, target) {
            return None;
        }
        let number = self.seen.fetch_add(1, Ordering::SeqCst);
        let is_meant = match rule.when {
            When::Once(one) => number == one,
            When::From(first) => number >= first,
        };
        if !is_meant {
            return None;
        }
        self.hits.fetch_add(1, Ordering::SeqCst);
        Some(rule.fault)
    }

    fn keep(&self, stream: &UnixStream) -> io::Result<()> {
        lock(&self.open).push(stream.try_clone()?);
        Ok(())
    }
}

fn serve(mut near: UnixStream, shared: &Shared) -> io::Result<()> {
    shared.keep(&near)?;
    let (head, rest) = read_head(&mut near)?;
    let fault = shared.fault(&head);
    match fault {
        Some(Fault::Late(time)) => thread::sleep(time),
        Some(Fault::Silent) => return wait_for_end(near),
        Some(Fault::Closed) => return near.shutdown(Shutdown::Both),
        Some(Fault::NotHttp) => return near.write_all(b"\x15\x03\x01\x00\x02\x02\x0a not what was asked for\n\n"),
        Some(Fault::Says(status, kind, body)) => return answer(&mut near, status, kind, body),
        _ => {}
    }
    let mut far = UnixStream::connect(engine_socket())?;
    shared.keep(&far)?;
    far.write_all(one_only(&head).as_bytes())?;
    far.write_all(&rest)?;
    let (mut from, mut to) = (near.try_clone()?, far.try_clone()?);
    thread::spawn(move || {
        let _ = io::copy(&mut from, &mut to);
        let _ = to.shutdown(Shutdown::Write);
    });
    match fault {
        Some(Fault::Lost) => {
            read_head(&mut far)?;
        }
        Some(Fault::HeadOnly) => {
            let (head, _) = read_head(&mut far)?;
            near.write_all(head.as_bytes())?;
        }
        Some(Fault::Cut) => {
            let (head, mut first) = read_head(&mut far)?;
            if first.is_empty() {
                let mut piece = [0; 4096];
                let length = far.read(&mut piece)?;
                first.extend_from_slice(&piece[..length]);
            }
            near.write_all(head.as_bytes())?;
            near.write_all(&first[..first.len() / 2])?;
        }
        Some(Fault::DoneAndSays(status, kind, body)) => {
            read_head(&mut far)?;
            answer(&mut near, status, kind, body)?;
        }
        _ => {
            io::copy(&mut far, &mut near)?;
            return near.shutdown(Shutdown::Write);
        }
    }
    let _ = far.shutdown(Shutdown::Both);
    near.shutdown(Shutdown::Both)
}

/// The head, and what came after it in the same piece.
fn read_head(stream: &mut UnixStream) -> io::Result<(String, Vec<u8>)> {
    let mut bytes = Vec::new();
    let mut piece = [0; 4096];
    loop {
        let length = stream.read(&mut piece)?;
        if length == 0 || bytes.len() > MOST_HEAD {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        bytes.extend_from_slice(&piece[..length]);
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            let rest = bytes.split_off(end + 4);
            return Ok((String::from_utf8_lossy(&bytes).into_owned(), rest));
        }
    }
}

/// The request with the wish that its answer be the connection's last; one that becomes a stream is so anyway.
fn one_only(head: &str) -> String {
    let is_connection = |line: &&str| line.to_lowercase().starts_with("connection:");
    if head.lines().any(|line| line.to_lowercase().starts_with("upgrade:")) {
        return head.to_owned();
    }
    let lines: Vec<&str> = head.trim_end().lines().filter(|line| !is_connection(line)).collect();
    format!("{}\r\nConnection: close\r\n\r\n", lines.join("\r\n"))
}

fn answer(near: &mut UnixStream, status: u16, kind: &str, body: &str) -> io::Result<()> {
    let length = body.len();
    let head = format!("HTTP/1.1 {status} Said\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\n");
    near.write_all(format!("{head}Connection: close\r\n\r\n{body}").as_bytes())?;
    // What the other side still sends is taken: a reset would take the answer away from it.
    near.shutdown(Shutdown::Write)?;
    wait_for_end(near.try_clone()?)
}

fn wait_for_end(mut near: UnixStream) -> io::Result<()> {
    io::copy(&mut near, &mut io::sink()).map(drop)
}
