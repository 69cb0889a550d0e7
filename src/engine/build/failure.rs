//! Why a build failed, and whose fault it is.

use std::collections::VecDeque;

use crate::engine::{blame::build_is_to_blame, output::keep, request::Fault, sanitize::clean};
use crate::error::Error;

/// Lines of a build's output that are kept.
pub(super) const KEPT_LINES: usize = 200;
/// Characters of a line of output that are told.
const LONGEST_LINE: usize = 160;

/// The newest lines of a build's output, and the step that it was in.
pub(crate) struct BuildLog {
    most: usize,
    lines: VecDeque<String>,
    open: String,
    step: Option<(usize, usize, String)>,
}

impl BuildLog {
    /// A log that keeps this many lines.
    pub(crate) fn new(most: usize) -> Self {
        Self { most, lines: VecDeque::new(), open: String::new(), step: None }
    }

    /// Takes a piece of output; the words for a step that begins with it.
    pub(crate) fn take(&mut self, piece: &str) -> Option<String> {
        let mut begun = None;
        self.open.push_str(piece);
        while let Some(end) = self.open.find(['\n', '\r']) {
            let rest = self.open.split_off(end + 1);
            let line = clean(self.open.trim_end());
            self.open = rest;
            if let Some(step) = parse_step(&line) {
                begun = Some(format!("step {} of {}  {}", step.0, step.1, step.2));
                self.step = Some(step);
            }
            if !line.trim().is_empty() {
                keep(&mut self.lines, line, self.most);
            }
        }
        // A program that never ends its line is not kept whole.
        crate::engine::sanitize::cut(&mut self.open, 64 * 1024);
        begun
    }

    /// The instruction of the step that it is in.
    pub(crate) fn instruction(&self) -> &str {
        self.step.as_ref().map_or("", |step| &step.2)
    }

    /// Output of the last step, its newest lines.
    fn last_lines(&self, most: usize) -> Vec<&str> {
        let start = self.lines.iter().rposition(|line| parse_step(line).is_some()).map_or(0, |at| at + 1);
        let lines: Vec<&str> = self
            .lines
            .iter()
            .skip(start)
            .map(String::as_str)
            .filter(|line| !line.starts_with(" ---> ") && !line.starts_with("Removing intermediate"))
            .collect();
        lines[lines.len().saturating_sub(most)..].to_vec()
    }
}

/// `Step 5/6 : COPY src src`; Podman writes `STEP 5/6: …`.
pub(crate) fn parse_step(line: &str) -> Option<(usize, usize, String)> {
    let (count, instruction) = line.strip_prefix("Step ").or_else(|| line.strip_prefix("STEP "))?.split_once(": ")?;
    let (number, total) = count.trim().split_once('/')?;
    Some((number.parse().ok()?, total.parse().ok()?, instruction.trim().to_owned()))
}

/// The error for a failed build.
pub(crate) fn explain(service: &str, fault: &Fault, log: &BuildLog, dockerfile: &str) -> Error {
    let what = match &log.step {
        Some((number, total, instruction)) => {
            format!("building {service} failed at step {number} of {total}: {instruction}")
        }
        None => format!("building {service} failed"),
    };
    if let Fault::Gone(_) | Fault::NoAnswer(_) = fault {
        return fault.environment(what);
    }
    let message = fault.message();
    let lines = log.last_lines(20);
    // Whose fault it is may stand at the end of a long line.
    let all = format!("{message}\n{}", lines.join("\n"));
    let output = lines.into_iter().map(readable).collect::<Vec<_>>().join("\n");
    let with_output = |error: Error| {
        let error = error.why(message.clone());
        if output.is_empty() { error } else { error.why(output.clone()) }
    };

    if needs_buildkit(&message, dockerfile) {
        return with_output(Error::environment(format!(
            "the Dockerfile of {service} needs BuildKit, and the classic builder is used here"
        )))
        .suggest(format!("docker compose build {service}    # then: breakfix up"))
        .suggest("or write the Dockerfile without RUN --mount, COPY --chmod and <<EOF");
    }
    if all.contains("no space left on device") || all.contains("No space left on device") {
        return with_output(Error::environment(what))
            .suggest("docker system df    # what takes the space")
            .suggest("docker builder prune    # frees build caches, of all projects");
    }
    if all.contains("CERTIFICATE_VERIFY_FAILED") || all.contains("certificate signed by unknown authority") {
        return with_output(Error::environment(what))
            .why("something between here and the package index (a company's proxy?) signs TLS with its own certificate")
            .suggest("give the build that certificate: COPY it into the image, then ENV PIP_CERT=/path/to/it.pem")
            .suggest("or use base images that carry it: breakfix images build");
    }
    if was_killed(&message) {
        return with_output(Error::environment(what))
            .why("the step was killed from outside: the machine's memory, the step's bound on it, or somebody")
            .suggest("docker system events --filter event=oom --since 10m    # whether it was for want of memory");
    }
    if fetches(log.instruction()) && is_network(&all) {
        return with_output(Error::environment(what))
            .suggest("look whether this machine, and containers on it, reach the internet")
            .suggest("behind a proxy: set HTTP_PROXY and HTTPS_PROXY, they are passed to the build");
    }
    if build_is_to_blame(fault) {
        return with_output(Error::stack(what));
    }
    with_output(Error::environment(what))
}

/// Whether a step ended by SIGKILL, which no program sends itself.
fn was_killed(message: &str) -> bool {
    message.ends_with("non-zero code: 137")
        || message.ends_with("exit code: 137")
        || message.ends_with("exit status 137")
}

/// A line of output as somebody reads it: a compiler's call may go on for thousands of characters.
fn readable(line: &str) -> String {
    match line.char_indices().nth(LONGEST_LINE) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line.to_owned(),
    }
}

fn needs_buildkit(message: &str, dockerfile: &str) -> bool {
    let heredoc = || dockerfile.lines().any(|line| line.contains("<<") && !line.trim_start().starts_with('#'));
    message.contains("requires BuildKit")
        || message.contains("the --mount option")
        || message.contains("the --chmod option")
        || (message.contains("nknown instruction") && heredoc())
        || (message.contains("nknown flag")
            && ["mount", "chmod", "link", "network", "security"].iter().any(|flag| message.ends_with(flag)))
}

/// Whether a step fetches from the network: a build that asks the stack's own database is the stack's fault.
fn fetches(instruction: &str) -> bool {
    let from = instruction.starts_with("FROM ") || instruction.starts_with("ADD http");
    let tools = ["pip", "apt", "apk", "curl", "wget", "npm", "yarn", "git ", "uv ", "poetry"];
    from || (instruction.starts_with("RUN ") && tools.iter().any(|tool| instruction.contains(tool)))
}

fn is_network(text: &str) -> bool {
    const SIGNS: [&str; 18] = [
        "Temporary failure in name resolution",
        "Temporary failure resolving",
        "Could not resolve",
        "Name or service not known",
        "Network is unreachable",
        "No route to host",
        "Failed to establish a new connection",
        "NewConnectionError",
        "ConnectTimeoutError",
        "ReadTimeoutError",
        "ProxyError",
        "Connection timed out",
        "i/o timeout",
        "TLS handshake timeout",
        "no such host",
        "dial tcp",
        "toomanyrequests",
        "Client.Timeout exceeded",
    ];
    SIGNS.iter().any(|sign| text.contains(sign))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Blame;

    fn failed(output: &str, message: &str) -> Error {
        let mut log = BuildLog::new(50);
        log.take(output);
        explain("flaskapp", &Fault::Says { status: 200, message: message.into() }, &log, "FROM x\nRUN cat <<EOF\n")
    }

    #[test]
    fn steps_are_told() {
        let mut log = BuildLog::new(3);
        assert_eq!(log.take("Step 5/6 : COPY src"), None);
        assert_eq!(log.take(" src\n ---> Using cache\n").as_deref(), Some("step 5 of 6  COPY src src"));
    }

    #[test]
    fn a_failing_command_is_the_stacks_fault_and_keeps_its_output() {
        let error = failed(
            "Step 3/6 : RUN pip install -r requirements.txt\n ---> Running in 1\nERROR: No matching distribution found for flaks==3\n",
            "The command '/bin/sh -c pip install' returned a non-zero code: 1",
        );
        assert_eq!(error.blame, Blame::Stack);
        assert_eq!(error.what, "building flaskapp failed at step 3 of 6: RUN pip install -r requirements.txt");
        assert_eq!(error.why[1], "ERROR: No matching distribution found for flaks==3");
    }

    #[test]
    fn the_machines_faults_are_not_the_stacks() {
        let pip = "Step 3/6 : RUN pip install flask\n";
        for sign in [
            "SSLCertVerificationError(1, '[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed')",
            "OSError: [Errno 28] No space left on device",
            "NewConnectionError: Failed to establish a new connection: Temporary failure in name resolution",
        ] {
            assert_eq!(
                failed(&format!("{pip}{sign}\n"), "returned a non-zero code: 1").blame,
                Blame::Environment,
                "{sign}"
            );
            // pip begins such a line with how often it will try again.
            let late = failed(&format!("{pip}{}{sign}\n", "WARNING: Retrying ".repeat(20)), "a non-zero code: 1");
            assert_eq!(late.blame, Blame::Environment, "{sign}");
            assert!(late.why.iter().all(|why| why.lines().all(|line| line.chars().count() <= LONGEST_LINE + 1)));
        }
        let lost = failed(
            "Step 6/7 : COPY src .\n",
            "failed to export image: failed to create image: failed to get layer sha256:1",
        );
        assert_eq!(lost.blame, Blame::Environment);
        let buildkit = failed("", "the --mount option requires BuildKit. Refer to https://docs.docker.com");
        assert_eq!(buildkit.blame, Blame::Environment);
        assert!(buildkit.what.contains("needs BuildKit"));
        assert_eq!(failed("", "dockerfile parse error line 3: unknown instruction: EOF").blame, Blame::Environment);
    }

    #[test]
    fn a_build_that_asks_the_stacks_database_is_the_stacks_fault() {
        let error = failed(
            "Step 6/6 : RUN python -c 'import database; database.init_db()'\nTemporary failure in name resolution\n",
            "returned a non-zero code: 1",
        );
        assert_eq!(error.blame, Blame::Stack);
    }

    #[test]
    fn output_without_line_ends_is_bounded() {
        let mut log = BuildLog::new(5);
        for _ in 0..100 {
            log.take(&"x".repeat(10_000));
        }
        assert!(log.open.len() <= 64 * 1024);
    }
}
