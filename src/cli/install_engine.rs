//! `breakfix doctor --fix`: gets this machine an engine. What would do so is planned by [`crate::engine::connect::install_plan`]; here it is
//! told, asked for, and done.

use std::{
    fs::File,
    io::IsTerminal,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use serde::Deserialize;
use tokio::{
    process::{Child, Command},
    time::{Instant, sleep},
};

use super::{
    Context,
    args::DoctorArgs,
    doctor::doctor,
    terminal::{Paint, clean, print, render_error},
};
use crate::{
    engine::{
        Engine,
        install_plan::{self, Cure, Machine, Plan, Remedy, Run, Step},
    },
    error::{Blame, Error, Result},
};

/// How long an engine that was started may take to answer.
const ANSWERS_WITHIN: Duration = Duration::from_secs(30);
/// Between two looks whether it does.
const LOOK_EVERY: Duration = Duration::from_millis(200);
/// So much of what a service wrote is told when it ended.
const LAST_LINES: usize = 5;

/// The sentences.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Words {
    here: String,
    plan: String,
    podman: String,
    start_docker: String,
    install_docker: String,
    next: String,
    nothing: String,
    ask: String,
    yes: String,
    refused: String,
    stays: String,
    failed: String,
    recorded: String,
    back: String,
}

impl Words {
    fn load() -> Result<Self> {
        toml::from_str(include_str!("words/fix.toml"))
            .map_err(|error| Error::environment("this program's words cannot be read").because(error))
    }

    fn of(&self, cure: Cure) -> &str {
        match cure {
            Cure::Podman => &self.podman,
            Cure::StartDocker => &self.start_docker,
            Cure::InstallDocker => &self.install_docker,
        }
    }

    /// The plan, before anything of it is done.
    fn tell(&self, plan: &Plan) -> String {
        let mut text = format!("{}\n", self.plan);
        for (index, remedy) in plan.remedies.iter().enumerate() {
            if index > 0 {
                text.push_str(&format!("\n{}\n", self.next));
            }
            text.push_str(&format!("\n  {}\n", self.of(remedy.cure)));
            for step in &remedy.steps {
                text.push_str(&format!("  $ {}\n", clean(&step.typed())));
            }
        }
        text
    }

    /// What a person can do instead.
    fn by_hand(&self, lead: &str, plan: &Plan) -> String {
        let mut text = format!("\n{lead}\n");
        for line in &plan.by_hand {
            text.push_str(&format!("  {}\n", clean(line)));
        }
        text + &self.recorded + "\n"
    }
}

/// Runs the command; gives the exit code: 3 when there is no engine still.
///
/// # Errors
/// Usage: the engine's address is none. Environment: the terminal or standard output cannot be used.
pub async fn fix(context: &Context, lab: &Path, args: &DoctorArgs) -> Result<u8> {
    let words = Words::load()?;
    let code = get(context, lab, args, &words).await?;
    if !args.from_tutorial {
        return Ok(code);
    }
    print(&format!("\n{}", words.back))?;
    line().await;
    // It was told here, and read.
    Ok(0)
}

async fn get(context: &Context, lab: &Path, args: &DoctorArgs, words: &Words) -> Result<u8> {
    let named = context.engine.as_deref();
    let error = match Engine::find(named).await {
        Ok(_) => {
            print(&format!("{}\n\n", words.here))?;
            return doctor(context, lab).await;
        }
        Err(error) if error.blame == Blame::Usage => return Err(error),
        Err(error) => error,
    };
    let plan = install_plan::plan(&Machine::asked(named)?);
    let paint = Paint::stdout(context.color);
    if plan.remedies.is_empty() {
        let told = render_error(&Error { try_next: Vec::new(), ..error.clone() }, paint);
        let plan = Plan { by_hand: error.try_next, ..plan };
        print(&format!("{told}{}", words.by_hand(&words.nothing, &plan)))?;
        return Ok(3);
    }
    print(&format!("{} {}\n\n{}", paint.bad("✗"), clean(&error.what), words.tell(&plan)))?;
    if !args.yes {
        if !std::io::stdin().is_terminal() || !std::io::stdout().is_terminal() {
            print(&format!("\n{}\n", words.yes))?;
            return Ok(3);
        }
        print(&format!("\n{}", words.ask))?;
        if !matches!(line().await.trim(), "y" | "Y" | "yes") {
            print(&words.by_hand(&words.refused, &plan))?;
            return Ok(3);
        }
    }
    for remedy in &plan.remedies {
        match carry_out(remedy).await {
            Ok(stays) => {
                print("\n")?;
                let code = doctor(context, lab).await?;
                if let Some(pid) = stays {
                    print(&format!("\n{}\n", words.stays.replace("{pid}", &pid.to_string())))?;
                }
                return Ok(code);
            }
            Err(error) => print(&render_error(&error, paint))?,
        }
    }
    // What was done has changed the machine, and with it what is left to type.
    print(&words.by_hand(&words.failed, &install_plan::plan(&Machine::asked(named)?)))?;
    Ok(3)
}

/// What a person types, up to Enter. Nobody there is an empty line.
async fn line() -> String {
    let read = tokio::task::spawn_blocking(|| {
        let mut line = String::new();
        std::io::stdin().read_line(&mut line).map(|_| line)
    });
    read.await.ok().and_then(Result::ok).unwrap_or_default()
}

/// Does it, and waits until the engine answers; gives the process that goes on after us.
async fn carry_out(remedy: &Remedy) -> Result<Option<u32>> {
    let mut service = None;
    for step in &remedy.steps {
        print(&format!("\n$ {}\n", clean(&step.typed())))?;
        match step.run {
            Run::Stays => service = Some(Service::start(step, &remedy.url)?),
            Run::Needed => run(step).await?,
            // The next one fails if this was needed, and says why.
            Run::MayFail => drop(run(step).await),
        }
    }
    let until = Instant::now() + ANSWERS_WITHIN;
    loop {
        let silent = match Engine::find(Some(&remedy.url)).await {
            Ok(_) => return Ok(service.map(|service| service.pid)),
            Err(error) => error,
        };
        if let Some(service) = &mut service {
            service.still_there(&silent)?;
        }
        if Instant::now() > until {
            if let Some(mut service) = service {
                // What does not answer is of no use, and it is ours.
                let _ = service.child.kill().await;
            }
            return Err(silent);
        }
        sleep(LOOK_EVERY).await;
    }
}

async fn run(step: &Step) -> Result<()> {
    let status = command(step)?.stdin(Stdio::null()).status().await.map_err(|error| cannot_start(step, error))?;
    if status.success() { Ok(()) } else { Err(Error::environment(format!("{} ended with {status}", step.typed()))) }
}

fn command(step: &Step) -> Result<Command> {
    let (name, arguments) = step.words.split_first().ok_or_else(|| Error::environment("there is no command to run"))?;
    let mut command = Command::new(name);
    command.args(arguments);
    if name == "apt-get" {
        // Its questions were answered by the one that was asked here.
        command.env("DEBIAN_FRONTEND", "noninteractive");
    }
    Ok(command)
}

fn cannot_start(step: &Step, error: std::io::Error) -> Error {
    Error::environment(format!("cannot start {}", step.typed())).because(error)
}

/// An engine that goes on after us.
struct Service {
    child: Child,
    pid: u32,
    log: PathBuf,
}

impl Service {
    /// Starts it in a directory that only this user can enter, out of reach of this terminal's Ctrl-C.
    fn start(step: &Step, url: &str) -> Result<Self> {
        let cannot = |error| cannot_start(step, error);
        let socket = PathBuf::from(url.trim_start_matches("unix://"));
        let dir = socket.parent().unwrap_or(Path::new(".")).to_owned();
        std::fs::create_dir_all(&dir).map_err(cannot)?;
        crate::system::set_mode(&dir, 0o700).map_err(cannot)?;
        // Left there by one that ended: nobody answered on it.
        match std::fs::remove_file(&socket) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(cannot(error)),
            _ => {}
        }
        let log = socket.with_extension("log");
        let written = File::create(&log).map_err(cannot)?;
        let errors = written.try_clone().map_err(cannot)?;
        let mut command = command(step)?;
        command.stdin(Stdio::null()).stdout(written).stderr(errors).current_dir("/");
        #[cfg(unix)]
        command.process_group(0);
        let child = command.spawn().map_err(cannot)?;
        let pid = child.id().unwrap_or_default();
        Ok(Self { child, pid, log })
    }

    /// Complains when it has ended, with its last words.
    fn still_there(&mut self, silent: &Error) -> Result<()> {
        let Ok(Some(status)) = self.child.try_wait() else { return Ok(()) };
        let log = std::fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = log.lines().filter(|line| !line.trim().is_empty()).collect();
        let last = lines[lines.len().saturating_sub(LAST_LINES)..].join("\n");
        let error = Error::environment(format!("it ended with {status}")).why(silent.what.clone());
        Err(if last.is_empty() { error } else { error.why(last) })
    }
}
