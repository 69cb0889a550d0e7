//! A second engine beside the machine's own: its socket, its data, its bridge (or a network of its own), and no way out to the world. All of it goes when the
//! value is dropped, also when a test panics.

use std::{
    os::unix::process::CommandExt,
    path::Path,
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicU32, Ordering},
    time::{Duration, Instant},
};

use bollard::Docker;
use breakfix::engine::Engine;

/// The engine, and what it needs around it.
pub struct Daemon {
    pub engine: Engine,
    pub docker: Docker,
    pub url: String,
    // Dropped in this order: the process, its bridge, its files.
    process: Process,
    _bridge: Option<Bridge>,
    dir: tempfile::TempDir,
}

impl Daemon {
    /// Starts it. Docker's own registry is asked for at these mirrors, e.g. `http://127.0.0.1:5000`, and nowhere else.
    pub async fn start(mirrors: &[String]) -> Self {
        Self::start_in(mirrors, true).await
    }

    /// Starts it in a network of its own, with nothing in it but the loopback and what the engine makes there: containers reach
    /// each other, and nobody reaches anything else. Programs that want to reach a published port go there, see [`Self::beside`].
    pub async fn start_apart() -> Self {
        Self::start_in(&[], false).await
    }

    async fn start_in(mirrors: &[String], with_the_machine: bool) -> Self {
        let dir = tempfile::Builder::new().prefix("bfp-").tempdir().unwrap();
        let bridge = with_the_machine.then(Bridge::new);
        let at = |name: &str| dir.path().join(name);
        // With a bridge of its own it leaves `docker0` alone; with none it would take that away from the machine's engine.
        let mut config = serde_json::json!({
            "storage-driver": "vfs", "data-root": at("data"), "exec-root": at("run"), "pidfile": at("pid"),
            "registry-mirrors": mirrors, "max-download-attempts": 2,
        });
        if let Some(bridge) = &bridge {
            for rules in ["iptables", "ip6tables", "ip-forward", "ip-masq"] {
                config[rules] = false.into();
            }
            config["bridge"] = bridge.0.as_str().into();
        }
        std::fs::write(at("daemon.json"), config.to_string()).unwrap();
        let url = format!("unix://{}", at("sock").display());
        let log = std::fs::File::create(at("log")).unwrap();
        let mut command = if with_the_machine {
            Command::new("dockerd")
        } else {
            let mut command = Command::new("unshare");
            command.args(["--net", "sh", "-c", "ip link set lo up && exec dockerd \"$@\"", "sh"]);
            command
        };
        command
            .arg("--config-file")
            .arg(at("daemon.json"))
            .args(["--host", &url])
            // Nothing listens there: whatever is not on this machine is out of reach, quickly.
            .envs([("HTTPS_PROXY", "http://127.0.0.1:9"), ("HTTP_PROXY", "http://127.0.0.1:9")])
            .env("NO_PROXY", "localhost,127.0.0.1")
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            // Ctrl-C in the terminal ends the tests; they end it.
            .process_group(0);
        for name in ["http_proxy", "https_proxy", "no_proxy", "DOCKER_HOST", "DOCKER_CONFIG"] {
            command.env_remove(name);
        }
        let mut process = Process { child: command.spawn().unwrap(), run: at("run") };
        let began = Instant::now();
        let engine = loop {
            match Engine::find(Some(&url)).await {
                Ok(engine) => break engine,
                Err(error) => {
                    let ended = process.child.try_wait().unwrap();
                    if ended.is_some() || began.elapsed() > Duration::from_secs(60) {
                        let log = std::fs::read_to_string(at("log")).unwrap_or_default();
                        panic!("the second engine does not start ({ended:?}): {error}\n{log}");
                    }
                }
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        };
        let docker = Docker::connect_with_unix(&url, 120, bollard::API_DEFAULT_VERSION).unwrap();
        Self { engine, docker, url, process, _bridge: bridge, dir }
    }

    /// A program in the engine's own network.
    pub fn beside(&self, program: &str) -> Command {
        let mut command = Command::new("nsenter");
        command.arg(format!("--net=/proc/{}/ns/net", self.process.child.id())).arg(program);
        command
    }

    /// What it says of itself.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.dir.path().join("log")).unwrap()
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // What Breakfix remembers of this engine's registries.
        let home = std::env::var_os("XDG_CACHE_HOME").map(std::path::PathBuf::from);
        let Some(cache) = home.or_else(|| Some(Path::new(&std::env::var_os("HOME")?).join(".cache"))) else { return };
        let name = self.dir.path().file_name().unwrap_or_default().to_string_lossy().into_owned();
        for entry in std::fs::read_dir(cache.join("breakfix")).into_iter().flatten().flatten() {
            if entry.file_name().to_string_lossy().contains(&name) {
                let _ = std::fs::remove_file(entry.path());
            }
        }
    }
}

struct Process {
    child: Child,
    run: std::path::PathBuf,
}

impl Drop for Process {
    fn drop(&mut self) {
        let end = |pid: u32, signal: &str| {
            let _ = Command::new("kill").args([signal, &pid.to_string()]).stderr(Stdio::null()).status();
        };
        end(self.child.id(), "-TERM");
        for _ in 0..200 {
            if !matches!(self.child.try_wait(), Ok(None)) {
                return;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        // It had its ten seconds. What it started itself has to go by hand then.
        let _ = self.child.kill();
        let _ = self.child.wait();
        let containerd = std::fs::read_to_string(self.run.join("containerd/containerd.pid"));
        if let Some(pid) = containerd.ok().and_then(|pid| pid.trim().parse().ok()) {
            end(pid, "-KILL");
        }
    }
}

struct Bridge(String);

impl Bridge {
    fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let pid = std::process::id();
        // At most 15 letters are allowed.
        let bridge = Self(format!("br-bf{}-{number}", pid % 1_000_000));
        let address = format!("10.77.{}.{}/29", pid % 250 + 1, (number % 31) * 8 + 1);
        for arguments in [
            vec!["link", "add", &bridge.0, "type", "bridge"],
            vec!["addr", "add", &address, "dev", &bridge.0],
            vec!["link", "set", &bridge.0, "up"],
        ] {
            assert!(Command::new("ip").args(&arguments).status().unwrap().success(), "ip {arguments:?}");
        }
        bridge
    }
}

impl Drop for Bridge {
    fn drop(&mut self) {
        let _ = Command::new("ip").args(["link", "del", &self.0]).status();
    }
}
