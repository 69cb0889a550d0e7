//! Many connections over one pair of pipes, whose other end is `relay.py` in the toolbox.

use std::{
    collections::HashMap,
    io,
    pin::Pin,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU32, AtomicUsize, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use futures_util::{Stream, StreamExt};
use hyper::body::{Buf, Bytes};
use tokio::{
    io::{AsyncRead, AsyncWrite, AsyncWriteExt, ReadBuf},
    sync::mpsc,
};

use crate::error::Error;

/// Why a dial did not connect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DialError {
    /// Nobody listens there.
    Refused,
    /// No answer in time.
    TimedOut,
    /// The name cannot be resolved from there.
    NameUnknown,
    /// No route to that host.
    Unreachable,
    /// The question could not be put.
    Engine(Error),
}

/// The program at the other end.
pub(crate) const PROGRAM: &str = include_str!("relay.py");

const OPEN: u8 = 0;
const DATA: u8 = 1;
const END: u8 = 2;
const CLOSE: u8 = 3;
const HEAD: usize = 9;
/// What one connection may have received and not read; one that goes beyond is closed.
const MOST_UNREAD: usize = 16 << 20;
/// How much longer than the dial itself its answer may take.
const GRACE: Duration = Duration::from_secs(5);

/// What the relay tells of one connection.
#[derive(Debug)]
enum Told {
    Opened,
    Data(Bytes),
    Ended,
    Closed(String),
}

struct Connection {
    told: mpsc::UnboundedSender<Told>,
    unread: Arc<AtomicUsize>,
}

/// Our end of the pipes.
#[derive(Clone)]
pub(crate) struct Relay {
    frames: mpsc::UnboundedSender<Vec<u8>>,
    connections: Arc<Mutex<HashMap<u32, Connection>>>,
    next: Arc<AtomicU32>,
}

impl std::fmt::Debug for Relay {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Relay").field("alive", &self.alive()).finish_non_exhaustive()
    }
}

impl Relay {
    /// Starts to carry frames; ends when either pipe ends or nobody holds the relay any more.
    pub(crate) fn start(
        mut output: impl Stream<Item = io::Result<Bytes>> + Send + Unpin + 'static,
        mut input: impl AsyncWrite + Send + Unpin + 'static,
    ) -> Self {
        let (frames, mut queue) = mpsc::unbounded_channel::<Vec<u8>>();
        let connections: Arc<Mutex<HashMap<u32, Connection>>> = Arc::default();
        let known = connections.clone();
        let closing = frames.downgrade();
        let carry_in = async move {
            while let Some(frame) = queue.recv().await {
                if input.write_all(&frame).await.is_err() || input.flush().await.is_err() {
                    return;
                }
            }
        };
        let carry_out = async move {
            let mut bytes = Vec::new();
            while let Some(Ok(piece)) = output.next().await {
                bytes.extend_from_slice(&piece);
                while let Some((number, kind, payload)) = split_frame(&mut bytes) {
                    if !deliver(&known, number, kind, payload)
                        && let Some(frames) = closing.upgrade()
                    {
                        let _ = frames.send(frame(number, CLOSE, &[]));
                    }
                }
            }
        };
        let dead = connections.clone();
        tokio::spawn(async move {
            tokio::select! {
                () = carry_in => {}
                () = carry_out => {}
            }
            // Every open connection learns of it by the end of its channel.
            lock(&dead).clear();
        });
        Self { frames, connections, next: Arc::default() }
    }

    /// Whether the other end is still there.
    pub(crate) fn alive(&self) -> bool {
        !self.frames.is_closed()
    }

    /// A connection to `host:port`.
    pub(crate) async fn dial(&self, host: &str, port: u16, within: Duration) -> Result<DialStream, DialError> {
        let gone = || DialError::Engine(Error::environment("the toolbox went away while a question was put"));
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let (told, mut hears) = mpsc::unbounded_channel();
        let unread = Arc::new(AtomicUsize::new(0));
        lock(&self.connections).insert(number, Connection { told, unread: unread.clone() });
        // From here on, dropping it closes the connection, also when this future is abandoned.
        let request = format!("{} {port} {host}", within.as_millis().max(1));
        let sent = self.frames.send(frame(number, OPEN, request.as_bytes()));
        let mut stream = DialStream {
            number,
            relay: self.clone(),
            hears: mpsc::unbounded_channel().1,
            unread,
            rest: Bytes::new(),
            over: false,
        };
        if sent.is_err() || !self.alive() {
            return Err(gone());
        }
        let answer = tokio::time::timeout(within + GRACE, hears.recv()).await;
        match answer {
            Ok(Some(Told::Opened)) => {
                stream.hears = hears;
                Ok(stream)
            }
            Ok(Some(Told::Closed(word))) => Err(match word.as_str() {
                "refused" => DialError::Refused,
                "timeout" => DialError::TimedOut,
                "name" => DialError::NameUnknown,
                "unreachable" => DialError::Unreachable,
                other => DialError::Engine(
                    Error::environment(format!("{host}:{port} cannot be asked"))
                        .why(other.trim_start_matches("other ").to_owned()),
                ),
            }),
            Ok(_) => Err(gone()),
            Err(_) => Err(DialError::Engine(Error::environment("the toolbox does not answer"))),
        }
    }
}

/// A byte stream to a service, dialled from inside a network. A reset by the other side is an error of kind
/// `ConnectionReset`; dropping it closes the connection.
pub struct DialStream {
    number: u32,
    relay: Relay,
    hears: mpsc::UnboundedReceiver<Told>,
    unread: Arc<AtomicUsize>,
    rest: Bytes,
    over: bool,
}

impl AsyncRead for DialStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        loop {
            if !self.rest.is_empty() {
                let length = self.rest.len().min(buffer.remaining());
                buffer.put_slice(&self.rest[..length]);
                self.rest.advance(length);
                self.unread.fetch_sub(length, Ordering::Relaxed);
                return Poll::Ready(Ok(()));
            }
            if self.over {
                return Poll::Ready(Ok(()));
            }
            match std::task::ready!(self.hears.poll_recv(context)) {
                Some(Told::Data(data)) => self.rest = data,
                Some(Told::Opened) => {}
                Some(Told::Ended) => self.over = true,
                Some(Told::Closed(why)) => {
                    return Poll::Ready(Err(io::Error::new(io::ErrorKind::ConnectionReset, why)));
                }
                None => return Poll::Ready(Err(io::Error::new(io::ErrorKind::BrokenPipe, "the toolbox went away"))),
            }
        }
    }
}

impl AsyncWrite for DialStream {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let length = bytes.len().min(64 * 1024);
        let sent = self.relay.frames.send(frame(self.number, DATA, &bytes[..length]));
        Poll::Ready(sent.map(|()| length).map_err(|_| io::ErrorKind::BrokenPipe.into()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        let sent = self.relay.frames.send(frame(self.number, END, &[]));
        Poll::Ready(sent.map_err(|_| io::ErrorKind::BrokenPipe.into()))
    }
}

impl Drop for DialStream {
    fn drop(&mut self) {
        lock(&self.relay.connections).remove(&self.number);
        let _ = self.relay.frames.send(frame(self.number, CLOSE, &[]));
    }
}

fn lock(connections: &Mutex<HashMap<u32, Connection>>) -> MutexGuard<'_, HashMap<u32, Connection>> {
    connections.lock().unwrap_or_else(PoisonError::into_inner)
}

fn frame(number: u32, kind: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = Vec::with_capacity(HEAD + payload.len());
    frame.extend_from_slice(&number.to_be_bytes());
    frame.push(kind);
    frame.extend_from_slice(&u32::try_from(payload.len()).unwrap_or(u32::MAX).to_be_bytes());
    frame.extend_from_slice(payload);
    frame
}

/// Takes the first whole frame off these bytes.
fn split_frame(bytes: &mut Vec<u8>) -> Option<(u32, u8, Bytes)> {
    let head: [u8; HEAD] = bytes.get(..HEAD)?.try_into().ok()?;
    let number = u32::from_be_bytes([head[0], head[1], head[2], head[3]]);
    let length = u32::from_be_bytes([head[5], head[6], head[7], head[8]]) as usize;
    if bytes.len() < HEAD + length {
        return None;
    }
    let payload = Bytes::copy_from_slice(&bytes[HEAD..HEAD + length]);
    bytes.drain(..HEAD + length);
    Some((number, head[4], payload))
}

/// Hands a frame to its connection; `false` when that one has too much unread and is given up.
fn deliver(connections: &Mutex<HashMap<u32, Connection>>, number: u32, kind: u8, payload: Bytes) -> bool {
    let mut connections = lock(connections);
    let Some(connection) = connections.get(&number) else { return true };
    let told = match kind {
        OPEN => Told::Opened,
        DATA => {
            if connection.unread.fetch_add(payload.len(), Ordering::Relaxed) + payload.len() > MOST_UNREAD {
                connections.remove(&number);
                return false;
            }
            Told::Data(payload)
        }
        END => Told::Ended,
        _ => Told::Closed(String::from_utf8_lossy(&payload).into_owned()),
    };
    let _ = connection.told.send(told);
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_survive_being_cut_anywhere() {
        let mut bytes = Vec::new();
        let all: Vec<u8> = [frame(7, DATA, b"hello"), frame(8, END, b"")].concat();
        let mut seen = Vec::new();
        for byte in all {
            bytes.push(byte);
            while let Some((number, kind, payload)) = split_frame(&mut bytes) {
                seen.push((number, kind, payload.to_vec()));
            }
        }
        assert_eq!(seen, [(7, DATA, b"hello".to_vec()), (8, END, Vec::new())]);
    }

    /// The relay's program itself, on this machine, where there is a Python.
    #[tokio::test]
    async fn the_program_tells_refused_reset_and_unknown_apart() {
        use tokio::io::AsyncReadExt;
        let python = tokio::process::Command::new("python3")
            .args(["-I", "-S", "-c", PROGRAM])
            .stdin(std::process::Stdio::piped())
            .stdout(std::process::Stdio::piped())
            .kill_on_drop(true)
            .spawn();
        let Ok(mut python) = python else {
            eprintln!("skipped: no python3 on this machine");
            return;
        };
        let output = tokio_util::io::ReaderStream::new(python.stdout.take().unwrap());
        let relay = Relay::start(output, python.stdin.take().unwrap());
        let within = Duration::from_secs(5);

        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let server = tokio::spawn(async move {
            let (mut echo, _) = listener.accept().await.unwrap();
            let mut text = String::new();
            echo.read_to_string(&mut text).await.unwrap();
            echo.write_all(text.to_uppercase().as_bytes()).await.unwrap();
            drop(echo);
            let (reset, _) = listener.accept().await.unwrap();
            reset.set_zero_linger().unwrap();
        });
        let mut stream = relay.dial("127.0.0.1", port, within).await.map_err(|e| format!("{e:?}")).unwrap();
        stream.write_all(&vec![b'a'; 300_000]).await.unwrap();
        stream.shutdown().await.unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).await.unwrap();
        assert_eq!(text, "A".repeat(300_000));

        let mut reset = relay.dial("127.0.0.1", port, within).await.map_err(|e| format!("{e:?}")).unwrap();
        let error = reset.read(&mut [0; 1]).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);
        server.await.unwrap();

        let refused = relay.dial("127.0.0.1", port, within).await.err();
        assert_eq!(refused, Some(DialError::Refused));
        let unknown = relay.dial("no-such-name.invalid", 80, Duration::from_millis(1500)).await.err();
        assert_eq!(unknown, Some(DialError::NameUnknown));

        python.kill().await.unwrap();
        let error = stream.read(&mut [0; 1]).await;
        assert!(matches!(error, Ok(0)), "an ended stream stays ended: {error:?}");
        assert!(matches!(relay.dial("127.0.0.1", port, within).await, Err(DialError::Engine(_))));
        assert!(!relay.alive());
    }
}
