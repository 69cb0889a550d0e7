//! Where the program's own notes go: into the lab for the tutorial, to standard error with `-v`, and never to the screen.

use std::{fs::File, io, path::PathBuf};

use tracing_subscriber::EnvFilter;

/// With `-v`, notes go to standard error; with `-vv`, all of them.
pub fn to_stderr(verbose: u8) {
    if verbose > 0 {
        let subscriber = tracing_subscriber::fmt().with_env_filter(filter(verbose)).with_ansi(false).without_time();
        // Set once per process, before anything else is done.
        let _ = subscriber.with_writer(io::stderr).try_init();
    }
}

/// Notes go to `log` in the lab's state directory, as soon as that is there.
pub fn to_lab(state_dir: PathBuf, verbose: u8) {
    let file = state_dir.join("log");
    let writer = move || -> Box<dyn io::Write> {
        match File::options().append(true).create(true).open(&file) {
            Ok(file) => Box::new(file),
            Err(_) => Box::new(io::sink()),
        }
    };
    let subscriber = tracing_subscriber::fmt().with_env_filter(filter(verbose)).with_ansi(false);
    let _ = subscriber.with_writer(writer).try_init();
}

fn filter(verbose: u8) -> EnvFilter {
    EnvFilter::new(if verbose > 1 { "breakfix=trace,bollard=debug" } else { "breakfix=info" })
}
