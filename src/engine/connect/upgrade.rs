//! A connection to the engine that stops being HTTP, so that both sides speak another protocol on it.

use http_body_util::Empty;
use hyper::{Request, StatusCode, body::Bytes, client::conn::http1, upgrade::Upgraded};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};

use crate::engine::request::{Fault, QUICK};

/// A stream of bytes to the engine.
trait Line: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Line for T {}

/// Asks the engine at this address to speak HTTP/2 on a connection of its own.
///
/// # Errors
/// The engine does not answer, or does not do it.
pub(crate) async fn upgrade(url: &str, path: &str, headers: &[(&str, &str)]) -> Result<Upgraded, Fault> {
    let mut request =
        Request::post(path).header("Host", "engine").header("Connection", "Upgrade").header("Upgrade", "h2c");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(Empty::<Bytes>::new()).map_err(|error| Fault::Other(error.to_string()))?;
    let gone = |error: hyper::Error| Fault::Gone(error.to_string());
    let asked = async {
        let line = dial(url).await?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(line)).await.map_err(gone)?;
        // Ends by itself once the connection is handed over, or is refused.
        tokio::spawn(connection.with_upgrades());
        let response = sender.send_request(request).await.map_err(gone)?;
        if response.status() != StatusCode::SWITCHING_PROTOCOLS {
            let status = response.status();
            return Err(Fault::Says { status: status.as_u16(), message: format!("{path}: {status}") });
        }
        hyper::upgrade::on(response).await.map_err(gone)
    };
    tokio::time::timeout(QUICK, asked).await.unwrap_or(Err(Fault::NoAnswer(QUICK)))
}

async fn dial(url: &str) -> Result<Box<dyn Line>, Fault> {
    let gone = |error: std::io::Error| Fault::Gone(error.to_string());
    #[cfg(unix)]
    if let Some(path) = url.strip_prefix("unix://") {
        return Ok(Box::new(tokio::net::UnixStream::connect(path).await.map_err(gone)?));
    }
    if let Some(address) = url.strip_prefix("tcp://").or_else(|| url.strip_prefix("http://")) {
        let address = address.trim_end_matches('/');
        let address = if address.contains(':') { address.to_owned() } else { format!("{address}:2375") };
        return Ok(Box::new(tokio::net::TcpStream::connect(address).await.map_err(gone)?));
    }
    Err(Fault::Other(format!("{url}: no second connection can be made to such an address")))
}
