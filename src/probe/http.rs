//! One HTTP/1.1 request over any byte stream: a TCP connection of the host, or a dial from inside a network.

#[cfg(unix)]
use std::sync::Arc;
use std::{
    io::{self, Read as _},
    time::Duration,
};

use http_body_util::{BodyExt, Full};
use hyper::{Method, body::Bytes, client::conn::http1, ext::ReasonPhrase, header};
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    time::Instant,
};

use super::{Observation, encode::Body};
#[cfg(unix)]
use crate::engine::Tunnel;
use crate::{
    engine::{DialError, Engine, Toolbox},
    error::Error,
};

/// How the browser calls itself: as an ordinary one does, since an app may answer others otherwise.
pub(crate) const USER_AGENT: &str =
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36";
/// Bytes of a body that are read; what comes after is not waited for.
const MOST_BODY: usize = 2 * 1024 * 1024;

/// Where requests go in.
#[derive(Debug, Clone)]
pub(crate) enum Door {
    /// A port reached from this machine.
    Host(String, u16),
    /// A port of the machine to which this way leads.
    #[cfg(unix)]
    Beyond(Arc<Tunnel>, u16),
    /// A host and port seen from inside a network.
    Inside(Toolbox, String, u16),
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Failure {
    /// Nobody listens.
    Refused,
    /// Closed without an answer.
    Reset,
    /// No (whole) answer within these seconds.
    TimedOut(f64),
    /// The name cannot be resolved.
    NameUnknown(String),
    /// No route.
    Unreachable,
    /// Something answered that does not speak HTTP.
    NotHttp,
    /// The question could not be put.
    Environment(Error),
}

/// What is sent.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    /// What is posted; a GET without one.
    pub(crate) body: Option<Body>,
    /// Path and query.
    pub(crate) path: String,
    /// The `Host` header.
    pub(crate) host: String,
    /// The `Cookie` header.
    pub(crate) cookie: Option<String>,
    /// The `Referer` header.
    pub(crate) referer: Option<String>,
    /// It is for a part of a page.
    pub(crate) framed: bool,
}

/// What came back.
#[derive(Debug, Clone, Default)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) reason: String,
    /// Names as most servers write them: `Content-Type`.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    /// The body was longer than is read.
    pub(crate) cut: bool,
}

impl Answer {
    /// The first header of this name.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }
}

impl Failure {
    /// As an observation.
    pub(crate) fn observation(self) -> Observation {
        match self {
            Self::Refused => Observation::Refused,
            Self::Reset => Observation::Reset,
            Self::TimedOut(seconds) => Observation::TimedOut { seconds },
            Self::NameUnknown(name) => Observation::NameUnknown { name },
            Self::Unreachable => Observation::Unreachable,
            Self::NotHttp => Observation::Exit { code: 1, output: "Received HTTP/0.9 when not allowed".into() },
            Self::Environment(error) => Observation::Unknown { because: error.told(": ") },
        }
    }
}

impl Door {
    /// A port that the engine publishes.
    pub(crate) fn published(engine: &Engine, port: u16) -> Self {
        #[cfg(unix)]
        if let Some(tunnel) = &engine.tunnel {
            return Self::Beyond(Arc::clone(tunnel), port);
        }
        Self::Host(engine.info.host.clone(), port)
    }

    /// Whether the machine says that nobody listens there.
    pub(crate) async fn is_refused(&self) -> bool {
        let trying = async {
            match self {
                Self::Host(host, port) => connect(host, *port).await.err(),
                #[cfg(unix)]
                Self::Beyond(tunnel, port) => {
                    tunnel.dial(*port).await.err().map(|error| from_connect(&error, "127.0.0.1", *port))
                }
                Self::Inside(..) => None,
            }
        };
        matches!(tokio::time::timeout(Duration::from_secs(2), trying).await, Ok(Some(Failure::Refused)))
    }

    /// Sends one request and reads its answer, all within this time.
    pub(crate) async fn ask(&self, request: &Request, within: Duration) -> Result<Answer, Failure> {
        let begun = Instant::now();
        let work = async {
            match self {
                Self::Host(host, port) => exchange(connect(host, *port).await?, build(request)?).await,
                #[cfg(unix)]
                Self::Beyond(tunnel, port) => {
                    let stream = tunnel.dial(*port).await.map_err(|error| from_connect(&error, "127.0.0.1", *port))?;
                    exchange(stream, build(request)?).await
                }
                Self::Inside(toolbox, host, port) => {
                    let stream =
                        toolbox.dial(host, *port, within).await.map_err(|error| from_dial(error, host, within))?;
                    let answer = exchange(stream, build(request)?).await;
                    let broke = answer.as_ref().map_or_else(|failure| matches!(failure, Failure::Reset), |one| one.cut);
                    if broke && !toolbox.is_alive() {
                        return Err(went_away());
                    }
                    answer
                }
            }
        };
        match tokio::time::timeout(within, work).await {
            Ok(result) => result,
            Err(_) => Err(Failure::TimedOut(begun.elapsed().as_secs_f64())),
        }
    }
}

/// The toolbox ended in the middle of an answer.
fn went_away() -> Failure {
    Failure::Environment(Error::environment("the toolbox went away while a question was put"))
}

/// A question in JSON to a program of ours on this machine.
pub(crate) async fn json(
    port: u16,
    method: Method,
    path: &str,
    body: String,
    within: Duration,
) -> Result<Answer, Failure> {
    let question = hyper::Request::builder()
        .method(method)
        .uri(path)
        .header(header::HOST, format!("127.0.0.1:{port}"))
        .header(header::CONTENT_TYPE, "application/json")
        .body(Full::new(Bytes::from(body)))
        .map_err(|error| Failure::Environment(Error::environment("cannot put the request together").because(error)))?;
    let work = async { exchange(connect("127.0.0.1", port).await?, question).await };
    tokio::time::timeout(within, work).await.unwrap_or(Err(Failure::TimedOut(within.as_secs_f64())))
}

/// A TCP connection from this machine.
async fn connect(host: &str, port: u16) -> Result<TcpStream, Failure> {
    TcpStream::connect((host, port)).await.map_err(|error| match from_connect(&error, host, port) {
        // Only a lookup fails without an error number.
        Failure::Environment(_) if error.raw_os_error().is_none() => Failure::NameUnknown(host.to_string()),
        told => told,
    })
}

/// An error of connecting, as this client tells it.
fn from_connect(error: &io::Error, host: &str, port: u16) -> Failure {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => Failure::Refused,
        io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionAborted => Failure::Reset,
        io::ErrorKind::TimedOut => Failure::TimedOut(0.0),
        io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable => Failure::Unreachable,
        _ => Failure::Environment(Error::environment(format!("cannot connect to {host}:{port}")).because(error)),
    }
}

/// A dial's error, as this client tells it.
pub(crate) fn from_dial(error: DialError, host: &str, within: Duration) -> Failure {
    match error {
        DialError::Refused => Failure::Refused,
        DialError::TimedOut => Failure::TimedOut(within.as_secs_f64()),
        DialError::NameUnknown => Failure::NameUnknown(host.to_string()),
        DialError::Unreachable => Failure::Unreachable,
        DialError::Engine(error) => Failure::Environment(error),
    }
}

/// One request and its answer on a fresh stream.
async fn exchange<S>(stream: S, request: hyper::Request<Full<Bytes>>) -> Result<Answer, Failure>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(|error| from_hyper(&error))?;
    let driver = async {
        // Its errors arrive at the sender as well.
        let _ = connection.await;
        std::future::pending::<()>().await;
    };
    let question = async {
        let answer = sender.send_request(request).await.map_err(|error| from_hyper(&error))?;
        receive(answer).await
    };
    tokio::select! {
        result = question => result,
        () = driver => Err(Failure::Reset),
    }
}

/// As a browser of today asks, header by header.
fn build(request: &Request) -> Result<hyper::Request<Full<Bytes>>, Failure> {
    let mut builder = hyper::Request::builder()
        .method(if request.body.is_some() { Method::POST } else { Method::GET })
        .uri(&request.path)
        .header(header::HOST, &request.host)
        .header(header::CONNECTION, "keep-alive")
        .header(header::UPGRADE_INSECURE_REQUESTS, "1")
        .header(header::USER_AGENT, USER_AGENT)
        .header(header::ACCEPT, "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8")
        .header("sec-fetch-site", if request.referer.is_some() { "same-origin" } else { "none" })
        .header("sec-fetch-mode", "navigate")
        .header("sec-fetch-dest", if request.framed { "iframe" } else { "document" })
        .header(header::ACCEPT_ENCODING, "gzip, deflate")
        .header(header::ACCEPT_LANGUAGE, "en-US,en;q=0.9");
    if let Some(cookie) = &request.cookie {
        builder = builder.header(header::COOKIE, cookie);
    }
    if let Some(referer) = &request.referer {
        builder = builder.header(header::REFERER, referer);
    }
    if let Some(body) = &request.body {
        builder = builder
            .header(header::CONTENT_TYPE, &body.content_type)
            .header(header::ORIGIN, format!("http://{}", request.host));
    }
    let body = request.body.as_ref().map(|body| body.text.clone()).unwrap_or_default();
    builder
        .body(Full::new(Bytes::from(body)))
        .map_err(|error| Failure::Environment(Error::environment("cannot put the request together").because(error)))
}

async fn receive(answer: hyper::Response<hyper::body::Incoming>) -> Result<Answer, Failure> {
    let (head, mut body) = answer.into_parts();
    let reason = match head.extensions.get::<ReasonPhrase>() {
        Some(phrase) => String::from_utf8_lossy(phrase.as_bytes()).into_owned(),
        None => head.status.canonical_reason().unwrap_or_default().to_string(),
    };
    let headers = head
        .headers
        .iter()
        .map(|(name, value)| (title_case(name.as_str()), String::from_utf8_lossy(value.as_bytes()).into_owned()))
        .collect();
    let mut received = Answer { status: head.status.as_u16(), reason, headers, body: Vec::new(), cut: false };
    while let Some(frame) = body.frame().await {
        match frame {
            Ok(frame) => {
                let Some(data) = frame.data_ref() else { continue };
                let room = MOST_BODY - received.body.len();
                received.body.extend_from_slice(&data[..data.len().min(room)]);
                if data.len() > room {
                    received.cut = true;
                    break;
                }
            }
            // A browser shows what came before the connection broke.
            Err(_) => {
                received.cut = true;
                break;
            }
        }
    }
    if let Some(plain) = unpacked(&received) {
        received.body = plain;
    }
    Ok(received)
}

/// The body of an answer that came compressed.
fn unpacked(answer: &Answer) -> Option<Vec<u8>> {
    let packed = answer.body.as_slice();
    let most = u64::try_from(MOST_BODY).unwrap_or(u64::MAX);
    let mut plain = Vec::new();
    // What comes before a broken end is shown.
    let _ = match answer.header("content-encoding")?.trim().to_ascii_lowercase().as_str() {
        "gzip" | "x-gzip" => flate2::read::MultiGzDecoder::new(packed).take(most).read_to_end(&mut plain),
        "deflate" if packed.first() == Some(&0x78) => {
            flate2::read::ZlibDecoder::new(packed).take(most).read_to_end(&mut plain)
        }
        "deflate" => flate2::read::DeflateDecoder::new(packed).take(most).read_to_end(&mut plain),
        _ => return None,
    };
    Some(plain)
}

fn from_hyper(error: &hyper::Error) -> Failure {
    if error.is_parse() { Failure::NotHttp } else { Failure::Reset }
}

/// `content-type` → `Content-Type`
fn title_case(name: &str) -> String {
    let words: Vec<String> = name
        .split('-')
        .map(|word| {
            let mut chars = word.chars();
            chars.next().map(|first| first.to_ascii_uppercase().to_string() + chars.as_str()).unwrap_or_default()
        })
        .collect();
    words.join("-")
}
