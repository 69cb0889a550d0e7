//! Commands inside running containers.

use std::{collections::BTreeMap, time::Duration};

use bollard::{
    container::LogOutput,
    exec::{CreateExecOptions, StartExecResults},
    query_parameters::TopOptionsBuilder,
};
use futures_util::{Stream as FuturesStream, StreamExt};
use tokio::time::Instant;

use crate::engine::{
    Engine, Output,
    request::{Fault, QUICK, ask},
};
use crate::error::{Error, Result};

/// What is kept of each stream of a command.
pub(crate) const KEPT_BYTES: usize = 256 * 1024;
/// How long after the end of its output a command may still be told as running.
const ENDS_WITHIN: Duration = Duration::from_secs(3);
/// Between two looks whether it has ended.
const LOOK_EVERY: Duration = Duration::from_millis(10);

impl Engine {
    /// Runs a command in a running container. The output is drained, capped, and bounded in time.
    ///
    /// A command that is not there is no error: its exit code is 126 or 127, and the engine's words are in the output.
    ///
    /// # Errors
    /// Environment: no such container, it does not run, or the command does not end in time.
    pub async fn exec(
        &self,
        container: &str,
        command: &[&str],
        env: &BTreeMap<String, String>,
        within: Duration,
    ) -> Result<Output> {
        let what = || format!("`{}` cannot be run in {container}", command.join(" "));
        let options = CreateExecOptions {
            cmd: Some(command.iter().map(|word| (*word).to_owned()).collect()),
            env: Some(env.iter().map(|(name, value)| format!("{name}={value}")).collect()),
            attach_stdout: Some(true),
            attach_stderr: Some(true),
            ..Default::default()
        };
        let run = async {
            let created = ask(QUICK, self.docker.create_exec(container, options)).await?;
            let mut output = Output::default();
            match ask(QUICK, self.docker.start_exec(&created.id, None)).await? {
                StartExecResults::Attached { output: stream, .. } => drain(stream, &mut output).await?,
                StartExecResults::Detached => {}
            }
            // The exit code is there once the output has ended; engines may need a moment more. One that goes on has more to say,
            // and what carried it broke.
            let ended = Instant::now();
            loop {
                let state = ask(QUICK, self.docker.inspect_exec(&created.id)).await?;
                if let Some(code) = state.exit_code.filter(|_| state.running != Some(true)) {
                    output.code = code;
                    return Ok::<_, Fault>(output);
                }
                if ended.elapsed() > ENDS_WITHIN {
                    return Err(Fault::Gone("the command's output was cut off".into()));
                }
                tokio::time::sleep(LOOK_EVERY).await;
            }
        };
        match tokio::time::timeout(within, run).await {
            Ok(outcome) => outcome.map_err(|fault| fault.environment(what())),
            Err(_) => Err(Error::environment(what()).why(format!("it did not end within {} s", within.as_secs_f64()))),
        }
    }
}

impl Engine {
    /// The processes of a running container: number and command line each, as the engine's machine sees them.
    ///
    /// # Errors
    /// Environment: it does not run, or the engine cannot tell.
    pub async fn processes(&self, container: &str) -> Result<Vec<(String, String)>> {
        let options = TopOptionsBuilder::default().ps_args("-eo pid,args").build();
        let told = ask(QUICK, self.docker.top_processes(container, Some(options))).await;
        let told = told.map_err(|fault| fault.environment(format!("the processes of {container} cannot be listed")))?;
        let line = |columns: Vec<String>| columns.split_first().map(|(pid, command)| (pid.clone(), command.join(" ")));
        Ok(told.processes.unwrap_or_default().into_iter().filter_map(line).collect())
    }
}

/// Reads a stream to its end and keeps the beginning of each of its two parts.
pub(crate) async fn drain(
    mut stream: impl FuturesStream<Item = Result<LogOutput, bollard::errors::Error>> + Unpin,
    output: &mut Output,
) -> Result<(), Fault> {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    while let Some(piece) = stream.next().await {
        let (kept, message) = match piece? {
            LogOutput::StdErr { message } => (&mut err, message),
            LogOutput::StdOut { message } | LogOutput::Console { message } => (&mut out, message),
            LogOutput::StdIn { .. } => continue,
        };
        let room = KEPT_BYTES - kept.len();
        kept.extend_from_slice(&message[..message.len().min(room)]);
    }
    output.stdout = String::from_utf8_lossy(&out).into_owned();
    output.stderr = String::from_utf8_lossy(&err).into_owned();
    Ok(())
}
