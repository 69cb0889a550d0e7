//! From a saved edit to its verdict on the screen, and taking all down: the real program on a pseudo-terminal beside the floor and
//! beside what a person types: `cargo bench --bench edit`.
//!
//! All three work on the same shop, each on its own; they take turns, so that all meet the same noise. The floor asks the engine
//! directly for what nobody can do without: the build with one layer changed, the container made anew, the app's own start, one
//! request.
//!
//! `BREAKFIX_BIN` names another program than the one that was just built. A number after `--` says how many rounds.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a measurement that cannot go on ends")]

mod bare;
#[path = "../tests/common/pty.rs"]
mod pty;

use std::{
    net::TcpListener,
    path::PathBuf,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use bollard::{
    Docker,
    models::{HostConfig, PortBinding, PortMap},
    query_parameters::{
        RemoveContainerOptionsBuilder, RemoveVolumeOptions, RestartContainerOptions, StopContainerOptionsBuilder,
    },
};
use breakfix::{course::Course, lab::Lab};
use portable_pty::CommandBuilder;

const ROUNDS: usize = 5;
const MODELS: &str = "src/models.py";
const CONF: &str = "conf.d/flaskapp.conf";
/// What the key bar says as long as something that was saved does not run.
const NOT_LIVE: &str = "u make live";
const COMPOSE: &str = "docker-compose.yml";

#[tokio::main]
async fn main() {
    let rounds = std::env::args().skip(1).find_map(|word| word.parse().ok()).unwrap_or(ROUNDS);
    let compose = Command::new("docker").args(["compose", "version"]).output().is_ok_and(|out| out.status.success());
    assert!(compose, "the Compose plugin is not installed: there is nothing to compare with");
    let docker = Docker::connect_with_defaults().unwrap();
    for (app, init) in [("an app that ends when told to", true), ("an app that does not hear SIGTERM", false)] {
        println!("\n{app}, {rounds} rounds");
        let (ours, hand, floor) = (Shop::new("ours", init), Shop::new("hand", init), Shop::new("floor", init));
        let mut tutor = Tutor::start(&ours);
        hand.compose(&["up", "-d", "--build"]);
        hand.compose(&["exec", "-T", "flaskapp", "python", "-c", "import database; database.init_db()"]);
        hand.page().await;
        floor.compose(&["up", "-d", "--build"]);
        floor.page().await;
        let edits: &[&str] = if init { &[MODELS, CONF, COMPOSE] } else { &[MODELS] };
        for &file in edits {
            // Ours, by hand, floor. The first round warms what can be warm; then each is first in turn, since who comes first finds less
            // in the machine's caches.
            let mut took = [vec![], vec![], vec![]];
            for round in 0..=rounds {
                let mark = format!("# {round} {}\n", std::process::id());
                for turn in 0..took.len() {
                    let whose = (round + turn) % took.len();
                    let one = match whose {
                        0 => tutor.verdict_on(&ours, file, &mark),
                        1 => hand.by_hand(file, &mark).await,
                        _ => floor.without_detours(&docker, file, &mark).await,
                    };
                    if round > 0 {
                        took[whose].push(one);
                    }
                }
            }
            let [tutors, hands, floors] = took;
            show(&format!("{file} → verdict"), &tutors, &floors, &hands);
        }
        tutor.leave();
        let began = Instant::now();
        ours.breakfix(&["down", "--volumes"]);
        let down = began.elapsed();
        let began = Instant::now();
        hand.compose(&["down", "--volumes"]);
        let by_hand = began.elapsed();
        let began = Instant::now();
        floor.remove(&docker).await;
        show("down --volumes", &[down], &[began.elapsed()], &[by_hand]);
    }
}

fn show(name: &str, ours: &[Duration], floor: &[Duration], hand: &[Duration]) {
    let median = |took: &[Duration]| {
        let mut sorted = took.to_vec();
        sorted.sort();
        sorted[sorted.len() / 2].as_secs_f64()
    };
    let (ours, floor, hand) = (median(ours), median(floor), median(hand));
    println!(
        "{name:<34} breakfix {ours:>5.2} s   floor {floor:>5.2} s   by hand {hand:>5.2} s   {:.2} × the floor, {:.2} × as fast as by hand",
        ours / floor,
        hand / ours
    );
}

/// The fixed shop in a directory, and with a port, of its own.
struct Shop {
    _home: tempfile::TempDir,
    dir: PathBuf,
    project: String,
    port: u16,
}

impl Shop {
    fn new(name: &str, init: bool) -> Self {
        let home = tempfile::Builder::new().prefix("breakfix-edit-").tempdir().unwrap();
        let project = format!("{name}-{}", std::process::id());
        let dir = home.path().join(&project);
        // The tutor looks at the port that the course names.
        let port =
            if name == "ours" { 8080 } else { TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port() };
        let course = Course::embedded().unwrap();
        if name == "ours" {
            Lab::open_or_make(&dir, &course).unwrap();
        }
        for (path, text) in course.fixed_stack() {
            let path = dir.join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            let text = text.replace("8080:80", &format!("{port}:80"));
            std::fs::write(path, if init { text } else { text.replace("    init: true\n", "") }).unwrap();
        }
        Self { _home: home, dir, project, port }
    }

    /// Saves a change that changes nothing but what has to be made live: one more comment, or one more label.
    fn save(&self, file: &str, mark: &str) {
        let path = self.dir.join(file);
        let text = std::fs::read_to_string(&path).unwrap();
        let text = match file {
            COMPOSE => {
                let labelled = |line: &str| !line.trim_start().starts_with("labels: {round:");
                let lines: Vec<&str> = text.lines().filter(|line| labelled(line)).collect();
                let label = format!("  nginx:\n    labels: {{round: \"{}\"}}", mark.trim());
                lines.join("\n").replacen("  nginx:", &label, 1) + "\n"
            }
            _ => text + mark,
        };
        std::fs::write(path, text).unwrap();
    }

    fn compose(&self, args: &[&str]) {
        let mut command = Command::new("docker");
        command.args(["compose", "-p", &self.project, "--project-directory"]).arg(&self.dir).args(args);
        let output = command.stdin(Stdio::null()).output().unwrap();
        assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    }

    fn breakfix(&self, args: &[&str]) {
        let output = Command::new(program()).args(args).arg("--lab").arg(&self.dir).output().unwrap();
        assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    }

    /// Asks until the page comes.
    async fn page(&self) {
        let url = format!("http://127.0.0.1:{}/", self.port);
        while !Command::new("curl").args(["-fs", "-o", "/dev/null", &url]).status().unwrap().success() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// What a person types after an edit, without the typing.
    async fn by_hand(&self, file: &str, mark: &str) -> Duration {
        let began = Instant::now();
        self.save(file, mark);
        match file {
            CONF => self.compose(&["restart", "nginx"]),
            _ => self.compose(&["up", "-d", "--build"]),
        }
        bare::sell(self.port).await;
        began.elapsed()
    }

    async fn without_detours(&self, docker: &Docker, file: &str, mark: &str) -> Duration {
        let began = Instant::now();
        self.save(file, mark);
        let name = |service: &str| format!("{}-{service}-1", self.project);
        match file {
            CONF => {
                let at_once = RestartContainerOptions { t: Some(0), signal: None };
                docker.restart_container(&name("nginx"), Some(at_once)).await.unwrap();
            }
            COMPOSE => {
                self.replace(docker, &name("nginx"), "nginx:1.28", &["front"]).await;
            }
            _ => {
                let image = format!("{}-flaskapp", self.project);
                bare::build(docker, &self.dir, &image).await;
                self.replace(docker, &name("flaskapp"), &image, &["front", "back"]).await;
            }
        }
        self.page().await;
        began.elapsed()
    }

    /// Removes a container and makes it anew.
    async fn replace(&self, docker: &Docker, name: &str, image: &str, networks: &[&str]) {
        let force = RemoveContainerOptionsBuilder::default().force(true).build();
        docker.remove_container(name, Some(force)).await.unwrap();
        let service = name.trim_start_matches(&self.project).trim_matches(|c: char| c == '-' || c == '1');
        let networks: Vec<String> = networks.iter().map(|network| format!("{}_{network}", self.project)).collect();
        let named: Vec<(&String, &str)> = networks.iter().map(|network| (network, service)).collect();
        let port = PortBinding { host_ip: None, host_port: Some(self.port.to_string()) };
        let host = match service {
            "nginx" => HostConfig {
                port_bindings: Some(PortMap::from([("80/tcp".to_owned(), Some(vec![port]))])),
                binds: Some(vec![format!("{}/conf.d:/etc/nginx/conf.d:ro", self.dir.display())]),
                ..HostConfig::default()
            },
            _ => HostConfig { init: Some(true), ..HostConfig::default() },
        };
        bare::Container { name, image, networks: &named }.start(docker, host).await;
    }

    async fn remove(&self, docker: &Docker) {
        let force = RemoveContainerOptionsBuilder::default().force(true).v(true).build();
        let names = ["nginx", "flaskapp"].map(|service| format!("{}-{service}-1", self.project));
        let removals = names.iter().map(|name| docker.remove_container(name, Some(force.clone())));
        let database = format!("{}-db-1", self.project);
        let stop = async {
            let patient = StopContainerOptionsBuilder::default().t(10).build();
            docker.stop_container(&database, Some(patient)).await.unwrap();
            docker.remove_container(&database, Some(force.clone())).await.unwrap();
        };
        let (removed, ()) = tokio::join!(futures_util::future::try_join_all(removals), stop);
        removed.unwrap();
        for network in ["front", "back"] {
            docker.remove_network(&format!("{}_{network}", self.project)).await.unwrap();
        }
        docker.remove_volume(&format!("{}_dbdata", self.project), None::<RemoveVolumeOptions>).await.unwrap();
    }
}

impl Drop for Shop {
    fn drop(&mut self) {
        // What the floor has made carries no labels by which compose would find it.
        let names = ["nginx", "flaskapp", "db"].map(|service| format!("{}-{service}-1", self.project));
        let _ = Command::new("docker").args(["rm", "-fv"]).args(names).output();
        let mut command = Command::new("docker");
        command.args(["compose", "-p", &self.project, "--project-directory"]).arg(&self.dir);
        let _ = command.args(["down", "--volumes", "--rmi", "local", "-t", "0"]).output();
    }
}

fn program() -> PathBuf {
    std::env::var_os("BREAKFIX_BIN").map_or_else(|| env!("CARGO_BIN_EXE_breakfix").into(), PathBuf::from)
}

/// Whether nothing is being done.
fn at_rest(screen: &vt100::Screen) -> bool {
    !screen.contents().contains("next: wait for")
}

/// The program, open on a shop.
struct Tutor {
    screen: pty::Screen,
    journal: PathBuf,
}

impl Tutor {
    fn start(shop: &Shop) -> Self {
        let mut command = CommandBuilder::new(program());
        command.args(["learn", "the-system", "--lab"]);
        command.arg(&shop.dir);
        command.cwd(shop.dir.parent().unwrap());
        command.env("XDG_CONFIG_HOME", shop.dir.parent().unwrap());
        let mut screen = pty::Screen::start(command, 30, 100);
        screen.wait_for("q quit");
        screen.wait_for("next: Enter");
        screen.press("\r");
        screen.wait_for("The tour");
        screen.press("\u{1b}");
        screen.wait("the lesson", |screen| !screen.contents().contains("The tour"));
        screen.press("u");
        screen.wait("the start", |screen| screen.contents().contains("3 running") && at_rest(screen));
        Self { screen, journal: shop.dir.join(".breakfix/journal.jsonl") }
    }

    fn journaled(&self, event: &str) -> usize {
        let journal = std::fs::read_to_string(&self.journal).unwrap_or_default();
        journal.matches(&format!("\"event\":\"{event}\"")).count()
    }

    fn await_event(&mut self, event: &str, known: usize) {
        while self.journaled(event) == known {
            self.screen.take_in(Duration::from_millis(2));
        }
    }

    /// As a person does who presses the next key at the moment in which the screen asks for it.
    fn verdict_on(&mut self, shop: &Shop, file: &str, mark: &str) -> Duration {
        let (changes, verdicts) = (self.journaled("file-changed"), self.journaled("verified"));
        let began = Instant::now();
        shop.save(file, mark);
        self.await_event("file-changed", changes);
        self.screen.wait_for(NOT_LIVE);
        self.screen.press("u");
        self.screen.wait("what is live", |screen| !screen.contents().contains(NOT_LIVE) && at_rest(screen));
        self.screen.press("v");
        self.await_event("verified", verdicts);
        let took = began.elapsed();
        // What is asked at the end of a lesson is skipped.
        self.screen.wait("the end of the work", at_rest);
        while self.screen.parser.screen().contents().contains("skips the question") {
            self.screen.press("\r");
            self.screen.take_in(Duration::from_millis(200));
        }
        took
    }

    fn leave(mut self) {
        self.screen.press("\u{3}\u{3}");
        self.screen.take_in(Duration::from_millis(300));
        let _ = self.screen.child.kill();
    }
}
