//! The `breakfix` binary: reads the command line, runs the command, turns its end into an exit code.

// Printing panics where standard error has vanished, with its terminal.
#![warn(clippy::print_stdout, clippy::print_stderr)]

use std::{
    io::{Write, stderr},
    process::ExitCode,
};

use breakfix::cli::args::Cli;

fn main() -> ExitCode {
    let cli = Cli::from_args();
    let color = cli.global.color;
    open_as_many_files_as_allowed();
    breakfix::cli::show_only_own_panics();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(cause) => {
            let _ = writeln!(stderr(), "error: threads cannot be started: {cause}");
            return ExitCode::from(3);
        }
    };
    let code = runtime.block_on(breakfix::cli::run(cli)).unwrap_or_else(|error| {
        let _ = write!(stderr(), "{}", breakfix::cli::render_error(&error, breakfix::cli::Paint::stderr(color)));
        error.exit_code()
    });
    // A blocking thread (a name look-up, a slow disk) is not waited for.
    runtime.shutdown_background();
    ExitCode::from(code)
}

/// The limit that a shell hands down is often a fraction of what this user may have, and a class side by side needs many.
#[cfg(unix)]
fn open_as_many_files_as_allowed() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    // Where it stays as it is, whatever cannot be opened is told.
    let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit });
}

#[cfg(not(unix))]
fn open_as_many_files_as_allowed() {}
