//! `up`, `status` and `down` on a lab, with one thing that goes wrong between them and the engine: what the engine did is never
//! told as the stack's fault, and the same command without the fault goes well.

use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use crate::{
    cases::{Case, case, matrix, side_by_side},
    common::{
        all, containers, docker,
        engine_proxy::{EngineProxy, When, engine_socket},
        left_of_lab, write_shop_at_own_port,
    },
    table::{Outcome, tell},
};

/// How long one command may take. It has no deadline of its own; each of its questions has one.
const MOST: Duration = Duration::from_secs(300);

/// A lab whose project nobody else has; its containers go with it.
struct Lab {
    home: tempfile::TempDir,
    dir: PathBuf,
}

impl Lab {
    fn new(number: usize) -> Self {
        let home = tempfile::tempdir().unwrap();
        let dir = home.path().join(format!("bff-{}-{number}", std::process::id()));
        write_shop_at_own_port(&dir);
        Self { home, dir }
    }

    /// Runs a command on it: its exit code, `None` where it had to be ended, and what it said.
    fn run(&self, url: &str, args: &[&str]) -> (Option<i32>, String) {
        let log = self.home.path().join("said");
        let file = std::fs::File::create(&log).unwrap();
        let mut child = Command::new(env!("CARGO_BIN_EXE_breakfix"))
            .args(args)
            .args(["--engine", url, "--lab"])
            .arg(&self.dir)
            .stdin(Stdio::null())
            .stdout(file.try_clone().unwrap())
            .stderr(file)
            .spawn()
            .unwrap();
        let began = Instant::now();
        let code = loop {
            if let Some(status) = child.try_wait().unwrap() {
                break status.code();
            }
            if began.elapsed() > MOST {
                child.kill().unwrap();
                child.wait().unwrap();
                break None;
            }
            std::thread::sleep(Duration::from_millis(50));
        };
        (code, std::fs::read_to_string(log).unwrap_or_default())
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        self.run(&straight(), &["down", "--volumes"]);
        let image = format!("{}-flaskapp", self.dir.file_name().unwrap().to_str().unwrap());
        docker(&["rmi", "-f", &image]);
    }
}

/// The engine's own address.
fn straight() -> String {
    format!("unix://{}", engine_socket())
}

/// One command with the fault, and the same without: the first ends well or says that it could not, and the second ends well.
fn run(home: &Path, number: usize, command: &'static str, case: Case) -> Outcome {
    let lab = Lab::new(number);
    let mut wrong = Vec::new();
    let args: &[&str] = if command == "down" { &["down", "--volumes"] } else { &[command] };
    if command != "up" {
        let (code, said) = lab.run(&straight(), &["up"]);
        assert_eq!(code, Some(0), "{said}");
    }
    let proxy = EngineProxy::start(home, &format!("{command}-{number}.sock"), Some(case.rule));
    let (code, said) = lab.run(&proxy.url(), args);
    match code {
        Some(0) => {}
        Some(3) if !said.trim().is_empty() => {}
        None => wrong.push(format!("still there after {} s", MOST.as_secs())),
        _ => wrong.push(format!("it ended with {code:?}: {said}")),
    }
    let letter = match (proxy.hits(), code) {
        (0, _) => '.',
        (_, Some(0)) => 'r',
        _ => '?',
    };
    drop(proxy);
    let (again, said) = lab.run(&straight(), args);
    if again != Some(0) {
        wrong.push(format!("without the fault it ended with {again:?}: {said}"));
    }
    if command == "down" && !left_of_lab(&lab.dir).is_empty() {
        wrong.push(format!("left: {:?}", left_of_lab(&lab.dir)));
    }
    if all() {
        println!("{letter} {command}: {case} {wrong:?}");
    }
    Outcome { of: command.into(), case, letter, wrong, pid: 0 }
}

fn sample() -> Vec<(&'static str, Case)> {
    vec![("up", case("start", "500", When::Once(0))), ("down", case("remove container", "lost", When::Once(0)))]
}

#[test]
#[ignore = "longer than others: cargo test -- --include-ignored"]
fn up_status_and_down_recover() {
    if !containers() {
        return;
    }
    let home = tempfile::tempdir().unwrap();
    let cases: Vec<(&str, Case)> = if all() {
        matrix().into_iter().flat_map(|case| ["up", "status", "down"].map(|command| (command, case))).collect()
    } else {
        sample()
    };
    let numbered: Vec<(usize, (&str, Case))> = cases.into_iter().enumerate().collect();
    let outcomes = side_by_side(&numbered, |(number, (command, case))| run(home.path(), *number, command, *case));
    let wrong = tell("up, status, down", &outcomes);
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}
