//! What stands between an engine and its registry, and does not always behave.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

/// How it behaves.
#[derive(Debug, Clone)]
pub enum Manner {
    /// Passes everything on.
    Faithful,
    /// Sends layers in small pieces with pauses.
    Slow,
    /// Ends a layer half-way, so many times.
    CutOff(usize),
    /// Accepts, and says nothing.
    Silent,
    /// Answers everything so: status line with headers, and body.
    Says(&'static str, &'static str),
}

/// The proxy; it ends with this value.
pub struct Proxy {
    pub port: u16,
    manner: Arc<Mutex<Manner>>,
    asked: Arc<AtomicUsize>,
    task: JoinHandle<()>,
}

impl Proxy {
    /// In front of a registry.
    pub async fn start(upstream: u16, manner: Manner) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let manner = Arc::new(Mutex::new(manner));
        let asked = Arc::new(AtomicUsize::new(0));
        let (shared, counted) = (Arc::clone(&manner), Arc::clone(&asked));
        let task = tokio::spawn(async move {
            // They end with the task.
            let mut served = tokio::task::JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                counted.fetch_add(1, Ordering::Relaxed);
                let manner = Arc::clone(&shared);
                // A side that hangs up in the middle is what this is for.
                served.spawn(async move { drop(serve(stream, upstream, &manner).await) });
            }
        });
        Self { port, manner, asked, task }
    }

    pub fn behave(&self, manner: Manner) {
        *self.manner.lock().unwrap() = manner;
    }

    /// How many connections there were.
    pub fn asked(&self) -> usize {
        self.asked.load(Ordering::Relaxed)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(mut down: TcpStream, upstream: u16, manner: &Mutex<Manner>) -> std::io::Result<()> {
    let now = manner.lock().unwrap().clone();
    if matches!(now, Manner::Silent) {
        std::future::pending::<()>().await;
    }
    let mut first = [0];
    if down.peek(&mut first).await? == 0 || first[0] == 0x16 {
        // TLS is tried first. As registries that speak only HTTP do:
        return down.write_all(b"HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request.\n").await;
    }
    let request = head(&mut down).await?;
    if let Manner::Says(status, body) = now {
        let answer = format!("HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}", body.len());
        return down.write_all(answer.as_bytes()).await;
    }
    let mut up = TcpStream::connect(("127.0.0.1", upstream)).await?;
    let lines = request.trim_end().lines().filter(|line| !line.starts_with("Connection:"));
    let passed_on: Vec<&str> = lines.chain(["Connection: close", "", ""]).collect();
    up.write_all(passed_on.join("\r\n").as_bytes()).await?;
    let answer = head(&mut up).await?;
    let size = answer.lines().find_map(|line| line.strip_prefix("Content-Length: ")?.trim().parse::<usize>().ok());
    let is_layer =
        request.starts_with("GET ") && request.contains("/blobs/") && size.is_some_and(|size| size > 100_000);
    down.write_all(answer.as_bytes()).await?;
    let mut left = usize::MAX;
    if is_layer
        && let Manner::CutOff(times) = &mut *manner.lock().unwrap()
        && *times > 0
    {
        *times -= 1;
        left = size.unwrap_or(0) / 2;
    }
    let mut piece = vec![0; 1 << 16];
    while left > 0 {
        let room = piece.len().min(left);
        let count = up.read(&mut piece[..room]).await?;
        if count == 0 {
            break;
        }
        down.write_all(&piece[..count]).await?;
        left -= count;
        if is_layer && matches!(now, Manner::Slow) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
    Ok(())
}

/// Up to the empty line.
async fn head(from: &mut (impl AsyncRead + Unpin)) -> std::io::Result<String> {
    let mut text = Vec::new();
    while !text.ends_with(b"\r\n\r\n") {
        text.push(from.read_u8().await?);
    }
    Ok(String::from_utf8_lossy(&text).into_owned())
}
