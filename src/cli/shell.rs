//! A shell in one of the lab's containers.

use std::{io::IsTerminal, path::Path};

use super::{
    Context,
    terminal::{clean, print},
};
use crate::{
    conductor,
    engine::{Engine, ServiceState},
    error::{Error, Result},
    lab::Lab,
};

/// Opens a shell in the container of this service, and comes back when it ends.
///
/// # Errors
/// Usage: no lab there, no such service, or no terminal. Environment: the engine, or the container does not run.
pub async fn shell(context: &Context, dir: &Path, service: &str) -> Result<u8> {
    if !std::io::stdin().is_terminal() || !std::io::stdout().is_terminal() {
        return Err(Error::usage("a shell needs a terminal, and standard input or output is none")
            .suggest(format!("docker compose exec -T {service} COMMAND")));
    }
    let lab = Lab::open(dir)?;
    let engine = Engine::find(context.engine.as_deref()).await?;
    let all = engine.containers(&conductor::project(lab.dir(), &context.course)).await?;
    let runs = |state| state == ServiceState::Running;
    let Some(container) = all.iter().find(|one| one.service == service && runs(one.state)) else {
        let running: Vec<_> = all.iter().filter(|one| runs(one.state)).map(|one| one.service.as_str()).collect();
        let error = Error::usage(format!("no container of a service {} runs", clean(service)));
        return Err(match running.as_slice() {
            [] => error.suggest("breakfix up"),
            some => error.suggest(format!("one of: {}", some.join(", "))),
        });
    };
    print(&format!("$ docker compose exec {} sh      exit, or Ctrl-D, comes back\n", clean(service)))?;
    let raw = |on: bool| {
        let done = if on { crossterm::terminal::enable_raw_mode() } else { crossterm::terminal::disable_raw_mode() };
        done.map_err(|error| Error::environment("the terminal cannot be used").because(error))
    };
    raw(true)?;
    let ended = engine.shell(&container.id, || crossterm::terminal::size().unwrap_or((80, 24))).await;
    raw(false)?;
    ended.map(|()| 0)
}
