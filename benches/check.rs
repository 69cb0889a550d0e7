//! `check` of one directory beside its floor and beside a shell script on `docker compose`: `cargo bench --bench check`.
//!
//! The floor is what nobody can do without, asked of the engine directly and side by side where that is possible: one build, two
//! networks, three containers, Postgres' own first start, the tables, one sale, and the removal. The three take turns, so that
//! all meet the same noise.
//!
//! `BREAKFIX_BIN` names another program than the one that was just built. A number after `--` says how many rounds.

#![allow(clippy::unwrap_used, reason = "a measurement that cannot go on ends")]

mod bare;

use std::{
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use bare::{Container, build, sell};
use bollard::{
    Docker,
    models::{HostConfig, NetworkCreateRequest, PortBinding, PortMap},
    query_parameters::{RemoveContainerOptionsBuilder, RemoveImageOptions},
};
use breakfix::course::Course;
use futures_util::TryStreamExt;
use tokio::net::TcpStream;

/// Unless another number is given.
const ROUNDS: usize = 5;

#[tokio::main]
async fn main() {
    let rounds = std::env::args().skip(1).find_map(|word| word.parse().ok()).unwrap_or(ROUNDS);
    let compose = Command::new("docker").args(["compose", "version"]).output().is_ok_and(|out| out.status.success());
    println!(
        "check of the fixed stack, {rounds} rounds; the build's layers are in the engine's cache but for the last one"
    );
    let docker = Docker::connect_with_defaults().unwrap();
    let (mut checks, mut floors, mut scripts) = (vec![], vec![], vec![]);
    // The first round fills the engine's cache and is not counted.
    for round in 0..=rounds {
        let took = [check(round), floor(&docker, round).await, if compose { script(round) } else { Duration::ZERO }];
        if round > 0 {
            checks.push(took[0]);
            floors.push(took[1]);
            scripts.push(took[2]);
        }
    }
    let show = |name: &str, took: &[Duration]| {
        let mut sorted = took.to_vec();
        sorted.sort();
        println!(
            "{name:<28} least {:>5.2} s   median {:>5.2} s   most {:>5.2} s",
            sorted[0].as_secs_f64(),
            sorted[sorted.len() / 2].as_secs_f64(),
            sorted[sorted.len() - 1].as_secs_f64()
        );
        sorted[sorted.len() / 2].as_secs_f64()
    };
    let (check, floor) = (show("breakfix check", &checks), show("floor: the engine's API", &floors));
    println!("check is {:.2} × the floor", check / floor);
    if compose {
        let script = show("script on docker compose", &scripts);
        println!("check is {:.2} × as fast as the script", script / check);
    } else {
        println!("no script: the Compose plugin is not installed");
    }
}

/// The fixed stack in a directory of its own, on a port of its own, its last layer never built before.
fn stack(round: usize) -> (tempfile::TempDir, PathBuf, u16) {
    let home = tempfile::Builder::new().prefix("breakfix-bench-").tempdir().unwrap();
    let dir = home.path().join(home.path().file_name().unwrap().to_str().unwrap().to_lowercase());
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    for (path, text) in Course::embedded().unwrap().fixed_stack() {
        let path = dir.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text.replace("8080:80", &format!("127.0.0.1:{port}:80"))).unwrap();
    }
    let source = dir.join("src/models.py");
    let text = std::fs::read_to_string(&source).unwrap();
    std::fs::write(&source, format!("{text}# {round} {port} {}\n", std::process::id())).unwrap();
    (home, dir, port)
}

fn check(round: usize) -> Duration {
    let (_home, dir, port) = stack(round);
    // The check looks at the port that the course names.
    let file = dir.join("docker-compose.yml");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, text.replace(&format!("127.0.0.1:{port}:80"), "8080:80")).unwrap();
    let program = std::env::var_os("BREAKFIX_BIN").map_or_else(|| env!("CARGO_BIN_EXE_breakfix").into(), PathBuf::from);
    let began = Instant::now();
    let output = Command::new(program).arg("check").arg(&dir).output().unwrap();
    let took = began.elapsed();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    took
}

fn script(round: usize) -> Duration {
    let (_home, dir, port) = stack(round);
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/by-hand.sh");
    let began = Instant::now();
    let status = Command::new(script).arg(&dir).arg(port.to_string()).stdin(Stdio::null()).status().unwrap();
    assert!(status.success(), "the script says that the stack does not work");
    began.elapsed()
}

async fn floor(docker: &Docker, round: usize) -> Duration {
    let (_home, dir, port) = stack(round);
    let name = dir.file_name().unwrap().to_str().unwrap().to_owned();
    let _whatever_happens = Leftovers(name.clone());
    let began = Instant::now();
    let (front, back) = (format!("{name}-front"), format!("{name}-back"));
    let network = |name: &str| {
        let request = NetworkCreateRequest { name: name.into(), ..NetworkCreateRequest::default() };
        async move { docker.create_network(request).await.unwrap() }
    };
    let image = format!("{name}-app");
    let database = async {
        network(&back).await;
        let db = Container { name: &format!("{name}-db"), image: "postgres:17", networks: &[(&back, "db")] };
        db.start(docker, HostConfig::default()).await;
        let address = db.address(docker, &back).await;
        // Its first start listens on no network until it is ready.
        while TcpStream::connect((address.as_str(), 5432)).await.is_err() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let build = async {
        tokio::join!(build(docker, &dir, &image), network(&front));
    };
    tokio::join!(database, build);
    let app = Container {
        name: &format!("{name}-flaskapp"),
        image: &image,
        networks: &[(&front, "flaskapp"), (&back, "flaskapp")],
    };
    let tables = Container { name: &format!("{name}-tables"), image: &image, networks: &[(&back, "tables")] };
    let proxy = Container { name: &format!("{name}-nginx"), image: "nginx:1.28", networks: &[(&front, "nginx")] };
    let published = PortMap::from([(
        "80/tcp".to_owned(),
        Some(vec![PortBinding { host_ip: Some("127.0.0.1".into()), host_port: Some(port.to_string()) }]),
    )]);
    let web = async {
        app.start(docker, HostConfig { init: Some(true), ..HostConfig::default() }).await;
        let host = HostConfig {
            port_bindings: Some(published),
            binds: Some(vec![format!("{}/conf.d:/etc/nginx/conf.d:ro", dir.display())]),
            ..HostConfig::default()
        };
        proxy.start(docker, host).await;
    };
    let made = async {
        tables.start(docker, HostConfig::default()).await;
        let ended = docker.wait_container(tables.name, None::<bollard::query_parameters::WaitContainerOptions>);
        ended.try_collect::<Vec<_>>().await.unwrap();
    };
    tokio::join!(web, made);
    sell(port).await;
    let force = RemoveContainerOptionsBuilder::default().force(true).v(true).build();
    let removals =
        [&app, &proxy, &tables].map(|container| docker.remove_container(container.name, Some(force.clone())));
    let database = format!("{name}-db");
    let last = docker.remove_container(&database, Some(force.clone()));
    let (removed, last) = tokio::join!(futures_util::future::try_join_all(removals), last);
    removed.unwrap();
    last.unwrap();
    let (one, other) = tokio::join!(docker.remove_network(&front), docker.remove_network(&back));
    one.unwrap();
    other.unwrap();
    docker.remove_image(&image, None::<RemoveImageOptions>, None).await.unwrap();
    began.elapsed()
}

/// What a floor that ends half-way leaves behind.
struct Leftovers(String);

impl Drop for Leftovers {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let name = &self.0;
            let all = ["db", "flaskapp", "tables", "nginx"].map(|service| format!("{name}-{service}"));
            let _ = Command::new("docker").args(["rm", "-fv"]).args(all).output();
            let _ = Command::new("docker")
                .args(["network", "rm", &format!("{name}-front"), &format!("{name}-back")])
                .output();
            let _ = Command::new("docker").args(["rmi", &format!("{name}-app")]).output();
        }
    }
}
