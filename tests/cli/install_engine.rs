//! `breakfix doctor --fix`, on a machine whose Podman is played by this test: it is started as the plan says, found where it
//! then answers, and goes on after us.

#![cfg(target_os = "linux")]
use std::{
    io::{BufRead, BufReader, Write},
    os::unix::{
        fs::PermissionsExt,
        net::{UnixListener, UnixStream},
    },
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use assert_cmd::{Command, assert::Assert};

/// A place with a `podman` of this script, and nothing else of the kind.
struct Place {
    dir: tempfile::TempDir,
}

impl Place {
    fn new(podman: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let program = dir.path().join("podman");
        std::fs::write(&program, format!("#!/bin/sh\n{podman}\n")).unwrap();
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
        Self { dir }
    }

    fn socket(&self) -> PathBuf {
        self.dir.path().join("breakfix/podman.sock")
    }

    fn file(&self, name: &str) -> Option<String> {
        std::fs::read_to_string(self.dir.path().join(name)).ok()
    }

    /// The engine is named: whatever else this machine has stays out of it.
    fn fix(&self, arguments: &[&str]) -> Assert {
        let path = format!("{}:/usr/bin:/bin", self.dir.path().display());
        let mut command = Command::cargo_bin("breakfix").unwrap();
        command.current_dir(&self.dir).env("PATH", path).env("XDG_RUNTIME_DIR", self.dir.path());
        command.env("HERE", self.dir.path()).env_remove("DOCKER_HOST").timeout(Duration::from_secs(60));
        command.args(["--engine", &format!("unix://{}", self.socket().display()), "doctor", "--fix"]).args(arguments);
        command.assert()
    }
}

fn said(assert: &Assert) -> String {
    String::from_utf8(assert.get_output().stdout.clone()).unwrap()
}

/// As much of an engine as is asked whether it is there.
fn answer(stream: UnixStream) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut stream = stream;
    loop {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if reader.read_line(&mut head).unwrap_or(0) == 0 {
                return;
            }
        }
        let (status, body) = match head.split(' ').nth(1).unwrap_or_default() {
            path if path.ends_with("/_ping") => ("200 OK", "OK"),
            path if path.ends_with("/version") => (
                "200 OK",
                r#"{"Version":"4.3.1","ApiVersion":"1.41","Components":[{"Name":"Podman Engine","Version":"4.3.1"}]}"#,
            ),
            path if path.ends_with("/info") => ("200 OK", r#"{"OSType":"linux","NCPU":2,"MemTotal":4294967296}"#),
            _ => ("404 Not Found", r#"{"message":"no such thing here"}"#),
        };
        let head =
            format!("HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n", body.len());
        if stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body.as_bytes())).is_err() {
            return;
        }
    }
}

/// Listens as soon as the service was started.
fn listen_when_started(started: &Path, socket: &Path) -> std::thread::JoinHandle<()> {
    let (started, socket) = (started.to_owned(), socket.to_owned());
    std::thread::spawn(move || {
        let until = Instant::now() + Duration::from_secs(30);
        while !started.is_file() {
            assert!(Instant::now() < until, "podman was not started");
            std::thread::sleep(Duration::from_millis(20));
        }
        let listener = UnixListener::bind(&socket).unwrap();
        std::thread::spawn(move || {
            listener.incoming().flatten().for_each(|stream| drop(std::thread::spawn(|| answer(stream))))
        });
    })
}

const SERVICE: &str =
    r#"echo "$@" > "$HERE/arguments"; echo $$ > "$HERE/pid"; mv "$HERE/arguments" "$HERE/started"; exec sleep 60"#;

#[test]
fn podman_is_started_on_a_private_socket_and_found_there() {
    let place = Place::new(SERVICE);
    let listening = listen_when_started(&place.dir.path().join("started"), &place.socket());
    let fixed = place.fix(&["--yes"]);
    listening.join().unwrap();
    let pid = place.file("pid").unwrap().trim().to_owned();
    let alive = Path::new("/proc").join(&pid).is_dir();
    // It is ours to end, however the rest of this test goes.
    std::process::Command::new("kill").arg(&pid).status().unwrap();
    let text = said(&fixed);
    assert!(alive, "it ended with us\n{text}");
    let arguments = format!("system service --time=0 unix://{}", place.socket().display());
    assert_eq!(place.file("started").unwrap().trim(), arguments);
    assert!(text.contains(&format!("$ podman {arguments}\n")), "{text}");
    assert!(text.contains("engine  Podman 4.3.1"), "{text}");
    assert!(text.contains(&format!("kill {pid}\n")), "{text}");
    let mode = std::fs::metadata(place.socket().parent().unwrap()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o700, "only this user enters");
    // Now that it answers, there is nothing to do, and nothing is started.
    std::fs::remove_file(place.dir.path().join("started")).unwrap();
    assert!(said(&place.fix(&["--yes"])).starts_with("An engine answers."));
    assert_eq!(place.file("started"), None);
}

#[test]
fn without_a_yes_the_plan_is_told_and_nothing_is_done() {
    let place = Place::new(SERVICE);
    let text = said(&place.fix(&[]).code(3));
    assert!(text.contains("$ podman system service") && text.contains("breakfix doctor --fix --yes"), "{text}");
    assert_eq!(place.file("started"), None);
    assert!(!place.socket().parent().unwrap().exists());
}

#[test]
fn a_podman_that_ends_is_told_with_its_last_words() {
    let place = Place::new("echo 'Error: no subuid ranges found' >&2; exit 125");
    let text = said(&place.fix(&["--yes"]).code(3));
    assert!(text.contains("no subuid ranges found"), "{text}");
    assert!(text.contains("That gave no engine. By hand:\n  "), "{text}");
}

#[test]
fn where_another_engine_is_named_none_is_started() {
    let place = Place::new(SERVICE);
    let mut command = Command::cargo_bin("breakfix").unwrap();
    let path = format!("{}:/usr/bin:/bin", place.dir.path().display());
    command.current_dir(&place.dir).env("PATH", path).env("HERE", place.dir.path());
    let fixed = command.args(["--engine", "unix:///nowhere/docker.sock", "doctor", "--fix", "--yes"]).assert().code(3);
    assert!(said(&fixed).contains("leave --engine away"), "{}", said(&fixed));
    assert_eq!(place.file("started"), None);
}
