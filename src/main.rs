//! The `breakfix` binary: reads the command line, runs the command, turns its end into an exit code.

use std::process::ExitCode;

use breakfix::headless::{self, cli::Cli};

fn main() -> ExitCode {
    let cli = Cli::from_args();
    let color = cli.global.color;
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(cause) => {
            eprintln!("error: threads cannot be started: {cause}");
            return ExitCode::from(3);
        }
    };
    let code = runtime.block_on(headless::run(cli)).unwrap_or_else(|error| {
        eprint!("{}", headless::render_error(&error, headless::Paint::stderr(color)));
        error.exit_code()
    });
    // A blocking thread (a name look-up, a slow disk) is not waited for.
    runtime.shutdown_background();
    ExitCode::from(code)
}
