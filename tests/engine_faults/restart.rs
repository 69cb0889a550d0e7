//! The engine is started again in the middle of a class: two seconds in which nobody answers.

use std::{
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use serde_json::Value;

use crate::{
    common::{containers, engine_proxy::EngineProxy, left_by},
    grading::{left_after_sweep, stacks},
};

#[test]
fn a_class_goes_on_when_the_engine_is_back() {
    if !containers() {
        return;
    }
    let home = tempfile::tempdir().unwrap();
    let stacks = stacks(home.path());
    let proxy = EngineProxy::start(home.path(), "engine.sock", None);
    let child = Command::new(env!("CARGO_BIN_EXE_breakfix"))
        .args(["check", "--format", "json", "-j", "2", "--engine", &proxy.url()])
        .args(stacks.iter().map(|stack| &stack.dir))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let (pid, began) = (child.id(), Instant::now());
    while left_by(pid).len() < 3 {
        assert!(began.elapsed() < Duration::from_secs(120), "the check starts nothing");
        std::thread::sleep(Duration::from_millis(100));
    }
    proxy.shut();
    std::thread::sleep(Duration::from_secs(2));
    proxy.reopen();
    let output = child.wait_with_output().unwrap();
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let verdicts: Vec<&str> =
        report["submissions"].as_array().unwrap().iter().filter_map(|one| one["verdict"].as_str()).collect();
    assert_eq!(verdicts, ["works", "broken", "broken"], "{report:#}");
    assert_eq!(left_by(pid), Vec::<String>::new());
    assert_eq!(left_after_sweep(home.path(), &[pid]), Vec::<String>::new());
}
