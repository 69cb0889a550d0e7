//! `breakfix check` on real containers: broken and right stacks, what it leaves behind, and what it does when it is ended.
//!
//! Where no engine answers, these tests fail and say what to start; `BREAKFIX_SKIP_DOCKER=1` leaves them out.

use std::{
    collections::BTreeMap,
    io::Read,
    net::Shutdown,
    os::unix::net::{UnixListener, UnixStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use crate::common::{containers, docker, left_by, write_files};
use breakfix::course::Course;
use serde_json::Value;

fn course() -> Course {
    Course::embedded().unwrap()
}

/// Writes a stack into a directory below `home`.
fn write(home: &Path, name: &str, texts: &BTreeMap<String, String>) -> PathBuf {
    let dir = home.join(name);
    write_files(&dir, texts);
    dir
}

fn breakfix(home: &Path, args: &[&str]) -> Child {
    Command::new(env!("CARGO_BIN_EXE_breakfix"))
        .args(args)
        .current_dir(home)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

/// Runs it to its end: exit code, standard output, standard error, process id.
fn run(home: &Path, args: &[&str]) -> (Option<i32>, String, String, u32) {
    let child = breakfix(home, args);
    let pid = child.id();
    let output = child.wait_with_output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr), pid)
}

fn check(home: &Path, args: &[&str]) -> (Option<i32>, Vec<Value>, u32) {
    let (code, stdout, stderr, pid) = run(home, &[&["check", "--format", "json"], args].concat());
    let report: Value = serde_json::from_str(&stdout).unwrap_or_else(|_| panic!("no JSON: {stdout}\n{stderr}"));
    assert_eq!(report["format"], 1);
    (code, report["submissions"].as_array().unwrap().clone(), pid)
}

fn images_of_checks() -> Vec<String> {
    docker(&["images", "--filter", "reference=breakfix-check-*", "--format", "{{.Repository}}"])
}

#[test]
fn every_prefix_of_fixes_gets_as_far_as_it_is_right() {
    if !containers() {
        return;
    }
    let (course, home) = (course(), tempfile::tempdir().unwrap());
    let bugs: Vec<&str> = course.lessons.iter().filter(|one| !one.fix.is_empty()).map(|one| one.id.as_str()).collect();
    assert_eq!(bugs, ["host-port", "app-port", "constructor", "representation"]);
    for fixed in 0..=bugs.len() {
        write(home.path(), &format!("fixed-{fixed}"), &course.stack_with(&bugs[..fixed]).unwrap());
    }
    let (code, submissions, pid) =
        check(home.path(), &["-j", "2", "fixed-0", "fixed-1", "fixed-2", "fixed-3", "fixed-4"]);
    assert_eq!(code, Some(1));
    assert_eq!(submissions.len(), 5);
    for (fixed, submission) in submissions.iter().enumerate() {
        assert_eq!(submission["dir"], format!("fixed-{fixed}"), "in the order in which they were named");
        assert_eq!(submission["verdict"], if fixed == 4 { "works" } else { "broken" }, "{submission:#}");
        assert_eq!(submission["first_failed_lesson"].as_str(), bugs.get(fixed).copied(), "{submission:#}");
        let hop = [Some("browser-nginx"), Some("nginx-flaskapp"), None, None, None][fixed];
        assert_eq!(submission["first_broken_hop"].as_str(), hop, "{submission:#}");
        let ids: Vec<&str> =
            submission["hops"].as_array().unwrap().iter().map(|hop| hop["id"].as_str().unwrap()).collect();
        assert_eq!(ids, ["browser-nginx", "nginx-flaskapp", "flaskapp-db"]);
        for part in submission["hops"].as_array().unwrap().iter().chain(submission["checks"].as_array().unwrap()) {
            assert!(matches!(part["status"].as_str(), Some("pass" | "fail" | "unknown")), "{part}");
            assert!(part["command"].is_string() && part["observed"].as_str().is_some_and(|seen| !seen.is_empty()));
        }
        assert!(submission["seconds"].as_f64().unwrap() > 0.0);
    }
    assert_eq!(left_by(pid), Vec::<String>::new());
}

#[test]
fn other_right_fixes_work_too() {
    if !containers() {
        return;
    }
    let (course, home) = (course(), tempfile::tempdir().unwrap());
    let mut dirs = Vec::new();
    for lesson in ["app-port", "constructor", "representation"] {
        let variant = course.lesson(lesson).unwrap().variants.first().unwrap();
        let mut texts = course.stack_without(lesson).unwrap();
        for edit in &variant.edits {
            edit.apply(&mut texts).unwrap();
        }
        write(home.path(), &variant.id, &texts);
        dirs.push(variant.id.as_str());
    }
    let (code, submissions, _) = check(home.path(), &dirs);
    assert_eq!(code, Some(0), "{submissions:#?}");
}

#[test]
fn what_cannot_start_is_told_apart_from_what_may_not() {
    if !containers() {
        return;
    }
    let (course, home) = (course(), tempfile::tempdir().unwrap());
    let edited = |name: &str, file: &str, from: &str, to: &str| {
        let mut texts = course.fixed_stack().clone();
        let text = texts.get_mut(file).unwrap();
        assert!(text.contains(from), "{file} has no {from}");
        *text = text.replace(from, to);
        write(home.path(), name, &texts);
    };
    edited("yaml", "docker-compose.yml", "services:", "services:\n  db: [");
    edited("build", "Dockerfile", "COPY src", "COPY source");
    edited("refused", "docker-compose.yml", "    image: nginx:1.28", "    image: nginx:1.28\n    privileged: true");
    let (code, submissions, pid) = check(home.path(), &["yaml", "build", "refused"]);
    assert_eq!(code, Some(1));
    let [yaml, build, refused] = &submissions[..] else { panic!("{submissions:#?}") };
    assert_eq!(yaml["verdict"], "broken");
    assert!(yaml["reason"].as_str().unwrap().contains("docker-compose.yml:"), "{yaml:#}");
    assert_eq!(build["verdict"], "broken");
    assert!(build["reason"].as_str().unwrap().contains("COPY source"), "{build:#}");
    assert_eq!(refused["verdict"], "unknown");
    assert!(refused["reason"].as_str().unwrap().starts_with("refused: docker-compose.yml:"), "{refused:#}");
    let (code, ..) = check(home.path(), &["refused"]);
    assert_eq!(code, Some(3));
    assert_eq!(left_by(pid), Vec::<String>::new());
}

#[test]
fn one_lesson_alone_can_be_judged() {
    if !containers() {
        return;
    }
    let (course, home) = (course(), tempfile::tempdir().unwrap());
    write(home.path(), "first-two", &course.stack_with(&["host-port", "app-port"]).unwrap());
    let (code, submissions, _) = check(home.path(), &["--lesson", "app-port", "first-two"]);
    assert_eq!(code, Some(0), "{submissions:#?}");
}

#[test]
fn a_deadline_ends_in_no_verdict_and_nothing_left() {
    if !containers() {
        return;
    }
    let home = tempfile::tempdir().unwrap();
    // A second of a quiet machine: on a busy one it is longer, so that this one never comes to its end.
    let mut texts = course().fixed_stack().clone();
    texts.entry("Dockerfile".to_owned()).or_default().push_str("\nRUN sleep 3611\n");
    write(home.path(), "shop", &texts);
    let (code, submissions, pid) = check(home.path(), &["--timeout", "1", "shop"]);
    assert_eq!((code, submissions[0]["verdict"].as_str()), (Some(3), Some("unknown")));
    assert!(submissions[0]["reason"].as_str().unwrap().contains("no verdict within 1 s"));
    assert_eq!(left_by(pid), Vec::<String>::new());
}

/// Waits until the check has containers.
fn until_it_has_containers(pid: u32) {
    let begun = Instant::now();
    while left_by(pid).len() < 3 {
        assert!(begun.elapsed() < Duration::from_secs(60), "the check starts nothing");
        std::thread::sleep(Duration::from_millis(100));
    }
}

#[test]
fn ctrl_c_removes_everything() {
    if !containers() {
        return;
    }
    let home = tempfile::tempdir().unwrap();
    write(home.path(), "shop", course().fixed_stack());
    let mut child = breakfix(home.path(), &["check", "shop"]);
    until_it_has_containers(child.id());
    let killed = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(killed.success());
    let status = child.wait().unwrap();
    let mut stderr = String::new();
    child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
    assert_eq!(status.code(), Some(130), "{stderr}");
    assert_eq!(left_by(child.id()), Vec::<String>::new());
}

#[test]
fn what_a_killed_check_left_goes_with_the_next_one() {
    if !containers() {
        return;
    }
    let home = tempfile::tempdir().unwrap();
    write(home.path(), "shop", course().fixed_stack());
    let mut child = breakfix(home.path(), &["check", "shop"]);
    until_it_has_containers(child.id());
    child.kill().unwrap();
    child.wait().unwrap();
    let left = left_by(child.id());
    assert!(!left.is_empty(), "a killed process cannot tidy up");
    let project = left[0].split_whitespace().last().unwrap().to_owned();
    write(home.path(), "not-a-stack", &BTreeMap::from([("readme".to_owned(), String::new())]));
    run(home.path(), &["check", "not-a-stack"]);
    assert_eq!(left_by(child.id()), Vec::<String>::new());
    assert!(!images_of_checks().iter().any(|image| image.starts_with(&project)));
}

/// A way to the engine that can be shut, as when its machine dies.
struct Way {
    socket: PathBuf,
    connections: Arc<Mutex<Vec<UnixStream>>>,
}

impl Way {
    fn open(home: &Path, name: &str) -> Self {
        let host = std::env::var("DOCKER_HOST").unwrap_or_default();
        let engine = host.strip_prefix("unix://").unwrap_or("/var/run/docker.sock").to_owned();
        let socket = home.join(name);
        let listener = UnixListener::bind(&socket).unwrap();
        let connections = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&connections);
        std::thread::spawn(move || {
            for near in listener.incoming() {
                let (Ok(near), Ok(far)) = (near, UnixStream::connect(&engine)) else { return };
                for (from, to) in [(&near, &far), (&far, &near)] {
                    kept.lock().unwrap().push(from.try_clone().unwrap());
                    let (mut from, mut to) = (from.try_clone().unwrap(), to.try_clone().unwrap());
                    std::thread::spawn(move || {
                        let _ = std::io::copy(&mut from, &mut to);
                        let _ = to.shutdown(Shutdown::Write);
                    });
                }
            }
        });
        Self { socket, connections }
    }

    fn url(&self) -> String {
        format!("unix://{}", self.socket.display())
    }

    fn shut(&self) {
        std::fs::remove_file(&self.socket).unwrap();
        for connection in self.connections.lock().unwrap().iter() {
            let _ = connection.shutdown(Shutdown::Both);
        }
    }
}

#[test]
fn of_an_image_that_stands_alone_nothing_else_goes() {
    if !containers() {
        return;
    }
    // As seen by one check of another that lives, between two stacks of one name: what it makes meanwhile is its own.
    let project = format!("breakfix-check-{:08x}", std::process::id());
    let (image, label) = (format!("{project}-app:latest"), format!("com.docker.compose.project={project}"));
    docker(&["tag", "postgres:17", &image]);
    let made = docker(&["create", "--label", &label, "--volume", &format!("{project}_data:/data"), "postgres:17"]);
    let home = tempfile::tempdir().unwrap();
    write(home.path(), "not-a-stack", &BTreeMap::from([("readme".to_owned(), String::new())]));
    run(home.path(), &["check", "not-a-stack"]);
    let filter = format!("label={label}");
    let (images, there) =
        (docker(&["images", "-q", &image]), docker(&["ps", "-aq", "--no-trunc", "--filter", &filter]));
    docker(&["rm", "--volumes", "--force", &made[0]]);
    docker(&["volume", "rm", "--force", &format!("{project}_data")]);
    docker(&["rmi", "--no-prune", &image]);
    assert_eq!(images, Vec::<String>::new(), "the image was left behind");
    assert_eq!(there, made, "and the container was not");
}

#[test]
#[ignore = "longer than others: cargo test -- --include-ignored"]
fn a_class_is_spread_over_engines_and_survives_the_death_of_one() {
    if !containers() {
        return;
    }
    let home = tempfile::tempdir().unwrap();
    let names = ["first", "second", "third"];
    for name in names {
        write(home.path(), name, course().fixed_stack());
    }
    let ways = [Way::open(home.path(), "a.sock"), Way::open(home.path(), "b.sock")];
    let urls = [ways[0].url(), ways[1].url()];
    let engines = ["--engine", &urls[0], "--engine", "unix:///nowhere/docker.sock", "--engine", &urls[1]];
    let child = breakfix(home.path(), &[&["check", "--format", "json", "-j", "2"], &engines[..], &names[..]].concat());
    let pid = child.id();
    until_it_has_containers(pid);
    ways[0].shut();
    let output = child.wait_with_output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(stderr.contains("/nowhere/docker.sock"), "the one that does not answer is told: {stderr}");
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let verdicts: Vec<_> =
        report["submissions"].as_array().unwrap().iter().map(|one| (&one["dir"], &one["verdict"])).collect();
    assert_eq!(output.status.code(), Some(0), "{report:#}\n{stderr}");
    for ((dir, verdict), name) in verdicts.into_iter().zip(names) {
        assert_eq!((dir.as_str(), verdict.as_str()), (Some(name), Some("works")));
    }
    // What was on the dead engine goes with the next check.
    write(home.path(), "not-a-stack", &BTreeMap::from([("readme".to_owned(), String::new())]));
    run(home.path(), &["check", "not-a-stack"]);
    assert_eq!(left_by(pid), Vec::<String>::new());
}

#[test]
fn annotations_stand_at_the_line_that_is_wrong() {
    if !containers() {
        return;
    }
    let (course, home) = (course(), tempfile::tempdir().unwrap());
    write(home.path(), "port", course.broken_stack());
    write(home.path(), "crash", &course.stack_with(&["host-port", "app-port"]).unwrap());
    let mut yaml = course.fixed_stack().clone();
    yaml.insert("docker-compose.yml".into(), "services:\n  db:\n   image: postgres:17\n    ports: 1\n".into());
    write(home.path(), "yaml", &yaml);
    let (code, stdout, stderr, _) = run(home.path(), &["check", "--format", "github", "port", "./crash/", "yaml"]);
    assert_eq!(code, Some(1), "{stderr}");
    let line_of = |file: &str, text: &str| {
        let dir = if file.ends_with("app.py") { "crash" } else { "port" };
        let whole = std::fs::read_to_string(home.path().join(dir).join(file)).unwrap();
        whole.lines().position(|line| line.contains(text)).unwrap() + 1
    };
    let port = line_of("docker-compose.yml", "80:8080");
    let call = line_of("src/app.py", "item = Items(");
    for start in [
        format!("::error file=port/docker-compose.yml,line={port},title=port::broken at browser-nginx: "),
        format!("::error file=crash/src/app.py,line={call},title=./crash/::broken: "),
        "::error file=yaml/docker-compose.yml,line=".to_owned(),
    ] {
        assert!(stdout.lines().any(|line| line.starts_with(&start)), "no {start}\n{stdout}");
    }
}

#[test]
fn kept_containers_are_named_and_removed_by_compose() {
    if !containers() {
        return;
    }
    let home = tempfile::tempdir().unwrap();
    write(home.path(), "shop", course().fixed_stack());
    let (code, _, stderr, pid) = run(home.path(), &["check", "--keep", "shop"]);
    assert_eq!(code, Some(0), "{stderr}");
    let command = stderr.lines().find_map(|line| line.split_once("to remove it: ")).unwrap().1;
    assert!(!left_by(pid).is_empty());
    let project = command.split_whitespace().nth(3).unwrap();
    // What is kept on purpose is not what a killed check left behind.
    run(home.path(), &["check", "no-stack-here"]);
    assert!(!left_by(pid).is_empty());
    for list in [&["ps", "-aq"][..], &["network", "ls", "-q"], &["volume", "ls", "-q"]] {
        let label = format!("label=com.docker.compose.project={project}");
        let remove: &[&str] = match list[0] {
            "ps" => &["rm", "-fv"],
            "network" => &["network", "rm"],
            _ => &["volume", "rm"],
        };
        for id in docker(&[list, &["--filter", &label]].concat()) {
            docker(&[remove, &[id.as_str()]].concat());
        }
    }
    for image in images_of_checks().into_iter().filter(|image| image.starts_with(project)) {
        docker(&["rmi", "--no-prune", &image]);
    }
    assert_eq!(left_by(pid), Vec::<String>::new());
}
