//! One HTTP/1.1 request over any byte stream: a TCP connection of the host, or a dial from inside a network.

use std::{io, time::Duration};

use http_body_util::{BodyExt, Full};
use hyper::{Method, body::Bytes, client::conn::http1, ext::ReasonPhrase, header};
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    time::Instant,
};

use super::Observation;
use crate::{
    engine::{DialError, Toolbox},
    error::Error,
};

/// Bytes of a body that are read; what comes after is not waited for.
const MOST_BODY: usize = 2 * 1024 * 1024;

/// Where requests go in.
#[derive(Debug, Clone)]
pub(crate) enum Door {
    /// A port reached from this machine.
    Host(String, u16),
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
    /// The form that is posted, encoded; a GET without one.
    pub(crate) form: Option<String>,
    /// Path and query.
    pub(crate) path: String,
    /// The `Host` header.
    pub(crate) host: String,
    /// The `Cookie` header.
    pub(crate) cookie: Option<String>,
    /// The `Referer` header.
    pub(crate) referer: Option<String>,
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
            Self::Environment(error) => {
                let because = std::iter::once(error.what).chain(error.why).collect::<Vec<_>>().join(": ");
                Observation::Unknown { because }
            }
        }
    }
}

impl Door {
    /// Sends one request and reads its answer, all within this time.
    pub(crate) async fn ask(&self, request: &Request, within: Duration) -> Result<Answer, Failure> {
        let begun = Instant::now();
        let work = async {
            match self {
                Self::Host(host, port) => exchange(connect(host, *port).await?, request).await,
                Self::Inside(toolbox, host, port) => {
                    let stream =
                        toolbox.dial(host, *port, within).await.map_err(|error| from_dial(error, host, within))?;
                    exchange(stream, request).await
                }
            }
        };
        match tokio::time::timeout(within, work).await {
            Ok(result) => result,
            Err(_) => Err(Failure::TimedOut(begun.elapsed().as_secs_f64())),
        }
    }
}

/// A TCP connection from this machine.
async fn connect(host: &str, port: u16) -> Result<TcpStream, Failure> {
    TcpStream::connect((host, port)).await.map_err(|error| match error.kind() {
        io::ErrorKind::ConnectionRefused => Failure::Refused,
        io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionAborted => Failure::Reset,
        io::ErrorKind::TimedOut => Failure::TimedOut(0.0),
        io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable => Failure::Unreachable,
        // Only a lookup fails without an error number.
        _ if error.raw_os_error().is_none() => Failure::NameUnknown(host.to_string()),
        _ => Failure::Environment(Error::environment(format!("cannot connect to {host}:{port}")).because(error)),
    })
}

/// Whether this machine says that nobody listens there.
pub(crate) async fn is_refused(host: &str, port: u16) -> bool {
    let trying = tokio::time::timeout(Duration::from_secs(2), connect(host, port)).await;
    matches!(trying, Ok(Err(Failure::Refused)))
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
async fn exchange<S>(stream: S, request: &Request) -> Result<Answer, Failure>
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
        let answer = sender.send_request(build(request)?).await.map_err(|error| from_hyper(&error))?;
        receive(answer).await
    };
    tokio::select! {
        result = question => result,
        () = driver => Err(Failure::Reset),
    }
}

fn build(request: &Request) -> Result<hyper::Request<Full<Bytes>>, Failure> {
    let mut builder = hyper::Request::builder()
        .method(if request.form.is_some() { Method::POST } else { Method::GET })
        .uri(&request.path)
        .header(header::HOST, &request.host)
        .header(header::USER_AGENT, concat!("Mozilla/5.0 (compatible; breakfix/", env!("CARGO_PKG_VERSION"), ")"))
        .header(header::ACCEPT, "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8")
        .header(header::ACCEPT_LANGUAGE, "en")
        .header(header::CONNECTION, "close");
    if let Some(cookie) = &request.cookie {
        builder = builder.header(header::COOKIE, cookie);
    }
    if let Some(referer) = &request.referer {
        builder = builder.header(header::REFERER, referer);
    }
    if request.form.is_some() {
        builder = builder
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(header::ORIGIN, format!("http://{}", request.host));
    }
    let body = request.form.clone().unwrap_or_default();
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
    Ok(received)
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
