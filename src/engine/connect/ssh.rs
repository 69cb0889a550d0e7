//! An engine on another machine, reached by the `ssh` program: one connection with the user's own keys, agent and configuration, through
//! which the engine's socket comes here, and on which its published ports are dialled.
//!
//! bollard's `ssh` feature logs in anew for each connection, and leads to no published port.

use std::{
    path::PathBuf,
    process::Stdio,
    sync::Arc,
    time::{Duration, Instant},
};

use tempfile::TempDir;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, Join},
    process::{Child, ChildStdin, ChildStdout, Command},
    sync::Mutex,
};

/// How long a login may take.
const LOGIN_WITHIN: Duration = Duration::from_secs(20);
/// Between two looks whether the socket is there.
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// How long `ssh` may take to say why a port is not reached, once the connection has ended.
const SAY_WITHIN: Duration = Duration::from_secs(2);
/// Where engines listen, unless the address says otherwise.
const SOCKET: &str = "/var/run/docker.sock";

/// `ssh://USER@HOST:PORT/SOCKET`, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Target {
    /// `USER@HOST`, as `ssh` takes it.
    pub login: String,
    /// The port of its ssh server, where it is not the usual one.
    pub port: Option<u16>,
    /// The engine's socket there.
    pub socket: String,
}

impl Target {
    /// Reads an address; `None` where it is none of this kind.
    pub(crate) fn parse(url: &str) -> Option<Self> {
        let url = url::Url::parse(url).ok().filter(|url| url.scheme() == "ssh" && url.password().is_none())?;
        // What begins with a dash would be an option of ssh's.
        let host = url.host_str().filter(|host| !host.is_empty() && !host.starts_with('-'))?;
        let host = host.trim_matches(['[', ']']);
        let login = match url.username() {
            "" => host.to_owned(),
            user if user.starts_with('-') => return None,
            user => format!("{user}@{host}"),
        };
        let socket = if matches!(url.path(), "" | "/") { SOCKET.to_owned() } else { url.path().to_owned() };
        Some(Self { login, port: url.port(), socket })
    }

    /// The machine's name.
    pub(crate) fn host(&self) -> &str {
        self.login.rsplit_once('@').map_or(&self.login, |(_, host)| host)
    }
}

/// A connection to another machine, as long as it stands. Dropping it ends it.
#[derive(Debug)]
pub struct Tunnel {
    target: Target,
    dir: TempDir,
    master: Mutex<Child>,
}

/// A port of the other machine.
pub type Dialled = Join<ChildStdout, TunnelEnd>;

/// The side of a dialled port that is written to; it holds the program that carries it.
#[derive(Debug)]
pub struct TunnelEnd {
    input: ChildStdin,
    _carrier: Child,
}

impl Tunnel {
    /// Logs in, and brings the engine's socket here.
    ///
    /// # Errors
    /// In words: what `ssh` said.
    pub(crate) async fn open(target: Target) -> Result<Arc<Self>, String> {
        let dir = tempfile::Builder::new().prefix("breakfix-ssh-").tempdir().map_err(|error| error.to_string())?;
        let master = log_in(&target, &dir).await?;
        Ok(Arc::new(Self { target, dir, master: Mutex::new(master) }))
    }

    /// The engine's socket on this side.
    pub(crate) fn url(&self) -> String {
        format!("unix://{}", self.dir.path().join("engine").display())
    }

    /// Logs in once more where the connection has ended.
    pub(crate) async fn keep_up(&self) {
        let mut master = self.master.lock().await;
        if !matches!(master.try_wait(), Ok(None)) {
            match log_in(&self.target, &self.dir).await {
                Ok(again) => *master = again,
                Err(said) => tracing::debug!(said, "not logged in again"),
            }
        }
    }

    /// Dials a port that is published on the other machine.
    ///
    /// # Errors
    /// Its kind is that of a dial from there: refused, or whatever else `ssh` said.
    pub async fn dial(&self, port: u16) -> std::io::Result<Dialled> {
        let mut carrier = Command::new("ssh")
            .args(["-o", "BatchMode=yes", "-S"])
            .arg(self.dir.path().join("control"))
            .args(["-W", &format!("127.0.0.1:{port}"), "--", &self.target.login])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let (input, output) = (carrier.stdin.take(), carrier.stdout.take());
        let (Some(input), Some(output)) = (input, output) else {
            return Err(std::io::Error::other("ssh was started without pipes"));
        };
        // A port on which nobody listens ends it at once.
        tokio::select! {
            ended = carrier.wait() => {
                ended?;
                let said = said(&mut carrier).await;
                let kind = if said.contains("refused") { std::io::ErrorKind::ConnectionRefused } else { std::io::ErrorKind::Other };
                Err(std::io::Error::new(kind, said))
            }
            () = tokio::time::sleep(LOOK_EVERY * 2) => {
                Ok(tokio::io::join(output, TunnelEnd { input, _carrier: carrier }))
            }
        }
    }
}

/// Starts `ssh`, and waits until the engine's socket is here. It ends with this process, whatever ends that: its own command over there
/// reads what never comes.
async fn log_in(target: &Target, dir: &TempDir) -> Result<Child, String> {
    let socket: PathBuf = dir.path().join("engine");
    let _ = std::fs::remove_file(&socket);
    let _ = std::fs::remove_file(dir.path().join("control"));
    let mut command = Command::new("ssh");
    command.args(["-T", "-M", "-S"]).arg(dir.path().join("control"));
    let options = [
        "BatchMode=yes",
        "ControlPersist=no",
        "ExitOnForwardFailure=yes",
        "ServerAliveInterval=5",
        "ServerAliveCountMax=3",
    ];
    for option in options {
        command.args(["-o", option]);
    }
    if let Some(port) = target.port {
        command.args(["-p", &port.to_string()]);
    }
    command.arg("-L").arg(format!("{}:{}", socket.display(), target.socket));
    command.args(["--", &target.login, "cat"]);
    command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped()).kill_on_drop(true);
    let mut master = command.spawn().map_err(|error| format!("ssh cannot be started: {error}"))?;
    let begun = Instant::now();
    while begun.elapsed() < LOGIN_WITHIN {
        if let Ok(Some(_)) = master.try_wait() {
            return Err(said(&mut master).await);
        }
        if socket.exists() {
            return Ok(master);
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
    Err(format!("ssh {} has not logged in within {} s", target.login, LOGIN_WITHIN.as_secs()))
}

/// What a program said before it ended.
async fn said(child: &mut Child) -> String {
    let mut text = Vec::new();
    if let Some(stderr) = &mut child.stderr {
        let mut head = stderr.take(4096);
        let _ = tokio::time::timeout(SAY_WITHIN, head.read_to_end(&mut text)).await;
    }
    let text = String::from_utf8_lossy(&text);
    let last = text.lines().rev().map(str::trim).find(|line| !line.is_empty());
    crate::sanitize::stripped(last.unwrap_or("ssh ended without a word"))
}

impl AsyncWrite for TunnelEnd {
    fn poll_write(
        mut self: std::pin::Pin<&mut Self>,
        context: &mut std::task::Context<'_>,
        bytes: &[u8],
    ) -> std::task::Poll<std::io::Result<usize>> {
        std::pin::Pin::new(&mut self.input).poll_write(context, bytes)
    }

    fn poll_flush(
        mut self: std::pin::Pin<&mut Self>,
        context: &mut std::task::Context<'_>,
    ) -> std::task::Poll<std::io::Result<()>> {
        std::pin::Pin::new(&mut self.input).poll_flush(context)
    }

    fn poll_shutdown(
        mut self: std::pin::Pin<&mut Self>,
        context: &mut std::task::Context<'_>,
    ) -> std::task::Poll<std::io::Result<()>> {
        std::pin::Pin::new(&mut self.input).poll_shutdown(context)
    }
}

/// What is dialled is a stream like any other.
const fn _is_a_stream<T: AsyncRead + AsyncWrite + Unpin + Send + 'static>() {}
const _: () = _is_a_stream::<Dialled>();

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_taken_apart() {
        let target =
            |login: &str, port, socket: &str| Some(Target { login: login.into(), port, socket: socket.into() });
        assert_eq!(Target::parse("ssh://box"), target("box", None, SOCKET));
        assert_eq!(Target::parse("ssh://me@box:2222/"), target("me@box", Some(2222), SOCKET));
        assert_eq!(
            Target::parse("ssh://me@10.0.0.7/run/user/1000/podman/podman.sock"),
            target("me@10.0.0.7", None, "/run/user/1000/podman/podman.sock")
        );
        assert_eq!(Target::parse("ssh://me@[::1]:22").unwrap().login, "me@::1");
        assert_eq!(Target::parse("ssh://me@box").unwrap().host(), "box");
        for bad in ["ssh://", "ssh://me:secret@box", "ssh://-oProxyCommand=x@box", "ssh://-box", "tcp://box:1", "box"] {
            assert_eq!(Target::parse(bad), None, "{bad}");
        }
    }
}
