//! Somebody else works on the same engine, and takes away what a check has made, or stops it: that is never the stack's fault.

use std::{
    path::Path,
    process::Child,
    time::{Duration, Instant},
};

use crate::{
    cases::side_by_side,
    common::{all, containers, docker, engine_proxy::engine_socket},
    grading::{Graded, judge, left_after_sweep, stacks, start},
};

/// How often the same is done again: a second look meets it, too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Often {
    Once,
    EachTime,
}

/// What somebody does, once the check has a running container of this service. `ID` stands for it, `NET` for its network,
/// `IMAGE` for its image.
#[derive(Debug, Clone, Copy)]
struct Deed {
    service: &'static str,
    docker: &'static [&'static [&'static str]],
    often: Often,
}

const fn once(service: &'static str, docker: &'static [&'static [&'static str]]) -> Deed {
    Deed { service, docker, often: Often::Once }
}

const fn each_time(service: &'static str, docker: &'static [&'static [&'static str]]) -> Deed {
    Deed { service, docker, often: Often::EachTime }
}

const DEEDS: &[Deed] = &[
    once("db", &[&["rm", "-f", "ID"]]),
    once("flaskapp", &[&["rm", "-f", "ID"]]),
    once("nginx", &[&["rm", "-f", "ID"]]),
    each_time("db", &[&["rm", "-f", "ID"]]),
    each_time("nginx", &[&["kill", "ID"]]),
    once("db", &[&["kill", "ID"]]),
    once("flaskapp", &[&["kill", "ID"]]),
    each_time("flaskapp", &[&["stop", "-t", "0", "ID"]]),
    once("db", &[&["restart", "-t", "0", "ID"]]),
    once("flaskapp", &[&["restart", "-t", "0", "ID"]]),
    once("nginx", &[&["restart", "-t", "0", "ID"]]),
    each_time("db", &[&["pause", "ID"]]),
    each_time("flaskapp", &[&["pause", "ID"]]),
    once("nginx", &[&["pause", "ID"]]),
    once("db", &[&["network", "disconnect", "NET", "ID"]]),
    once("flaskapp", &[&["network", "disconnect", "NET", "ID"]]),
    each_time("nginx", &[&["network", "disconnect", "NET", "ID"]]),
    // What a `docker system prune` of somebody else removes: what does not run.
    once(
        "db",
        &[
            &["container", "prune", "-f", "--filter", "label=dev.breakfix.check"],
            &["network", "prune", "-f", "--filter", "label=dev.breakfix.check"],
        ],
    ),
    once("db", &[&["rmi", "-f", "IMAGE"]]),
    once("flaskapp", &[&["rename", "ID", "somebody-elses-name-ID"], &["rm", "-f", "ID"]]),
];

/// The id, network and project of a running container of this service that this process's check has made, and none of those that
/// were met before.
fn running(pid: u32, service: &str, met: &[String]) -> Option<(String, String)> {
    let filter = format!("label=com.docker.compose.service={service}");
    let format = r#"{{.ID}} {{.Label "com.docker.compose.project"}} {{.Label "dev.breakfix.check"}}"#;
    let found = docker(&["ps", "--no-trunc", "--filter", &filter, "--format", format]);
    let ours =
        found.iter().find(|line| line.contains(&format!("/{pid}/")) && !met.iter().any(|id| line.starts_with(id)))?;
    let mut words = ours.split_whitespace();
    Some((words.next()?.to_owned(), words.next()?.to_owned()))
}

fn act(child: &mut Child, deed: Deed) -> usize {
    let (pid, began, mut met) = (child.id(), Instant::now(), Vec::new());
    while child.try_wait().unwrap().is_none() && began.elapsed() < Duration::from_secs(120) {
        if let Some((id, project)) = running(pid, deed.service, &met) {
            for command in deed.docker {
                let words: Vec<String> = command
                    .iter()
                    .map(|word| {
                        let network = format!("{project}_default");
                        let network = docker(&[
                            "network",
                            "ls",
                            "--filter",
                            &format!("label=com.docker.compose.project={project}"),
                            "--format",
                            "{{.Name}}",
                        ])
                        .into_iter()
                        .next()
                        .unwrap_or(network);
                        word.replace("ID", &id)
                            .replace("NET", &network)
                            .replace("IMAGE", &format!("{project}-flaskapp"))
                    })
                    .collect();
                docker(&words.iter().map(String::as_str).collect::<Vec<_>>());
            }
            met.push(id);
            if deed.often == Often::Once {
                break;
            }
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    met.len()
}

fn run(stacks: &[Graded], deed: Deed) -> (String, u32) {
    let mut wrong = Vec::new();
    let mut child = start(&format!("unix://{}", engine_socket()), &stacks[0].dir);
    let pid = child.id();
    let met = act(&mut child, deed);
    let (letter, said) = judge(child, &stacks[0]);
    wrong.extend(said);
    if met == 0 {
        wrong.push("nothing was there to be changed".to_owned());
    }
    println!(
        "{} {:?} {} ({:?}, {met}) {wrong:?}",
        if wrong.is_empty() { letter } else { '!' },
        deed.docker,
        deed.service,
        deed.often
    );
    (wrong.join("; "), pid)
}

fn tried(home: &Path, deeds: &[Deed]) {
    let stacks = stacks(home);
    let told = side_by_side(deeds, |deed| run(&stacks, *deed));
    let pids: Vec<u32> = told.iter().map(|one| one.1).collect();
    assert_eq!(left_after_sweep(home, &pids), Vec::<String>::new());
    let wrong: Vec<String> = deeds
        .iter()
        .zip(told)
        .filter(|one| !one.1.0.is_empty())
        .map(|one| format!("{:?}: {}", one.0, one.1.0))
        .collect();
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn what_somebody_else_does_is_not_the_stacks_fault() {
    if !containers() {
        return;
    }
    let home = tempfile::tempdir().unwrap();
    if all() {
        tried(home.path(), DEEDS);
    } else {
        tried(home.path(), &[DEEDS[0], DEEDS[4]]);
    }
}
