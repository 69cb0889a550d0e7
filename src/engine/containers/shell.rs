//! A shell in a running container, joined to the terminal of this process.

use std::io::Write as _;

use bollard::exec::{CreateExecOptions, ResizeExecOptions, StartExecOptions, StartExecResults};
use futures_util::StreamExt;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::engine::{
    Engine,
    request::{Fault, QUICK, ask},
};
use crate::error::{Error, Result};

/// The best shell that the image has.
const SHELL: [&str; 3] = ["sh", "-c", "if command -v bash >/dev/null 2>&1; then exec bash; else exec sh; fi"];

impl Engine {
    /// Runs a shell in this container until it ends. The terminal has to be raw: every key goes to the shell, and what it
    /// prints goes to standard output as it is. `size` tells the columns and rows of the terminal, now and after each change.
    ///
    /// # Errors
    /// Environment: the container does not run, or the engine goes away.
    pub async fn shell(&self, container: &str, size: impl Fn() -> (u16, u16)) -> Result<()> {
        let failed = |fault: Fault| fault.environment(format!("no shell in {container}"));
        let options = CreateExecOptions {
            cmd: Some(SHELL.map(str::to_owned).to_vec()),
            env: Some(vec![format!("TERM={}", std::env::var("TERM").unwrap_or_else(|_| "xterm".to_owned()))]),
            attach_stdin: Some(true),
            attach_stdout: Some(true),
            attach_stderr: Some(true),
            tty: Some(true),
            ..Default::default()
        };
        let created = ask(QUICK, self.docker.create_exec(container, options)).await.map_err(failed)?;
        let start = StartExecOptions { detach: false, tty: true, output_capacity: None };
        let StartExecResults::Attached { mut output, mut input } =
            ask(QUICK, self.docker.start_exec(&created.id, Some(start))).await.map_err(failed)?
        else {
            return Err(Error::environment(format!("no shell in {container}")).why("the engine did not attach to it"));
        };
        let fit = async || {
            let (width, height) = size();
            // A shell of the wrong size is still a shell.
            let _ = ask(QUICK, self.docker.resize_exec(&created.id, ResizeExecOptions { height, width })).await;
        };
        fit().await;
        let mut resized = Resized::new();
        let mut keys = tokio::io::stdin();
        let mut pressed = [0; 4096];
        let mut open = true;
        loop {
            tokio::select! {
                piece = output.next() => match piece {
                    Some(Ok(piece)) => {
                        let mut out = std::io::stdout();
                        let written = out.write_all(&piece.into_bytes()).and_then(|()| out.flush());
                        written.map_err(|error| Error::environment("the terminal is gone").because(error))?;
                    }
                    Some(Err(error)) => return Err(failed(error.into())),
                    None => return Ok(()),
                },
                read = keys.read(&mut pressed), if open => match read {
                    Ok(0) | Err(_) => open = false,
                    Ok(count) => {
                        if input.write_all(&pressed[..count]).await.is_err() || input.flush().await.is_err() {
                            open = false;
                        }
                    }
                },
                () = resized.next() => fit().await,
            }
        }
    }
}

/// Tells when the terminal has another size.
struct Resized(#[cfg(unix)] Option<tokio::signal::unix::Signal>);

impl Resized {
    #[cfg(unix)]
    fn new() -> Self {
        Self(tokio::signal::unix::signal(tokio::signal::unix::SignalKind::window_change()).ok())
    }

    #[cfg(not(unix))]
    fn new() -> Self {
        Self()
    }

    async fn next(&mut self) {
        #[cfg(unix)]
        if let Some(signal) = &mut self.0
            && signal.recv().await.is_some()
        {
            return;
        }
        std::future::pending::<()>().await;
    }
}
