//! A small container inside the stack's network, through which questions are asked from where a hop starts.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::Engine;
use crate::error::{Error, Result};

/// A byte stream to a service, dialled from inside a network.
pub struct DialStream {
    _private: (),
}

impl AsyncRead for DialStream {
    fn poll_read(self: Pin<&mut Self>, _: &mut Context<'_>, _: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for DialStream {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Poll::Ready(Ok(buf.len()))
    }
    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

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

/// The toolbox, attached to one network of a stack. Carries none of compose's labels; goes with [`Toolbox::close`] and with `down`.
#[derive(Debug, Clone)]
pub struct Toolbox {
    _private: (),
}

impl Engine {
    /// A toolbox on this network (full name) of this project.
    ///
    /// # Errors
    /// Environment: the image is absent, or the engine refuses.
    pub async fn toolbox(&self, _project: &str, _network: &str) -> Result<Toolbox> {
        Err(Error::environment("stub"))
    }
}

impl Toolbox {
    /// A connection to `host:port` as seen from inside the network.
    ///
    /// # Errors
    /// See [`DialError`].
    pub async fn dial(&self, _host: &str, _port: u16, _within: Duration) -> Result<DialStream, DialError> {
        Err(DialError::Engine(Error::environment("stub")))
    }

    /// Takes the toolbox off the network, so that `docker compose down` can remove it.
    ///
    /// # Errors
    /// Environment: the engine does not answer.
    pub async fn close(&self) -> Result<()> {
        Err(Error::environment("stub"))
    }
}
