//! A small stack of one's own for each test, and its removal whatever happens.

use std::{
    collections::{BTreeMap, HashMap},
    path::{Path, PathBuf},
    sync::atomic::{AtomicU32, Ordering},
};

use bollard::{Docker, query_parameters::*};
use breakfix::{
    compose::{LoadOptions, Stack, load},
    engine::{Change, ChangeKind, Engine, Progress, UpOptions, UpReport},
};

/// A web server in front of a page, both small: what most tests need.
pub const COMPOSE: &str = "
services:
  web:
    image: nginx:1.28
    ports: [\"PORT:80\"]
    volumes: [\"./conf.d:/etc/nginx/conf.d\"]
    depends_on: [app]
  app:
    image: python:3.13-slim
    init: true
    command: python -u -m http.server 5000 --directory /srv
";

/// Its nginx.
pub const CONF: &str = "server { listen 80; location / { proxy_pass http://app:5000; } }\n";

/// The engine, or `None` when tests on containers are to be skipped.
pub async fn engine() -> Option<Engine> {
    if crate::common::left_out() {
        return None;
    }
    let engine = Engine::find(None).await;
    Some(engine.unwrap_or_else(|error| panic!("these tests need a container engine: {error}")))
}

/// A stack in a directory of its own, under a project name of its own.
pub struct Lab {
    pub engine: Engine,
    pub docker: Docker,
    pub project: String,
    dir: tempfile::TempDir,
}

impl Lab {
    /// With these files. `PORT` in them becomes a number that is free now.
    pub async fn new(files: &[(&str, &str)]) -> Option<Self> {
        let engine = engine().await?;
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let project = format!("bfe-{}-{number}-x", std::process::id());
        let lab = Self {
            engine,
            docker: Docker::connect_with_defaults().unwrap(),
            project,
            dir: tempfile::tempdir().unwrap(),
        };
        let port = free_port().to_string();
        for (name, text) in files {
            lab.write(name, &text.replace("PORT", &port));
        }
        Some(lab)
    }

    /// The usual stack.
    pub async fn usual() -> Option<Self> {
        Self::new(&[("docker-compose.yml", COMPOSE), ("conf.d/app.conf", CONF)]).await
    }

    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir().join(name)
    }

    pub fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    pub fn replace(&self, name: &str, from: &str, to: &str) {
        let text = std::fs::read_to_string(self.path(name)).unwrap();
        assert!(text.contains(from), "{name} holds no {from}");
        self.write(name, &text.replace(from, to));
    }

    pub fn stack(&self) -> Stack {
        let options = LoadOptions { project: Some(self.project.clone()), env: BTreeMap::new() };
        load(self.dir(), &options).unwrap_or_else(|findings| panic!("{findings:#?}"))
    }

    pub async fn up(&self) -> UpReport {
        self.up_with(&UpOptions::default()).await
    }

    pub async fn up_with(&self, options: &UpOptions) -> UpReport {
        let report = self.engine.up(&self.stack(), options, &Progress::silent()).await;
        report.unwrap_or_else(|error| panic!("{error}"))
    }

    pub async fn id(&self, service: &str) -> String {
        let containers = self.engine.containers(&self.project).await.unwrap();
        containers.into_iter().find(|container| container.service == service).expect("a container").id
    }

    /// Everything on the engine that carries the project's name or label.
    pub async fn leftovers(&self) -> Vec<String> {
        let mut left = Vec::new();
        let all = ListContainersOptionsBuilder::default().all(true).build();
        for container in self.docker.list_containers(Some(all)).await.unwrap() {
            left.extend(container.names.into_iter().flatten().filter(|name| name.contains(&self.project)));
        }
        for network in self.docker.list_networks(None::<ListNetworksOptions>).await.unwrap() {
            left.extend(network.name.filter(|name| name.contains(&self.project)));
        }
        let volumes = self.docker.list_volumes(None::<ListVolumesOptions>).await.unwrap();
        left.extend(
            volumes.volumes.into_iter().flatten().map(|volume| volume.name).filter(|name| name.contains(&self.project)),
        );
        left
    }

    /// The page behind a port of the host; waits for the stack to come to its feet.
    pub async fn page(&self, port: u16) -> String {
        let mut last = String::new();
        for _ in 0..200 {
            match get(port).await {
                Ok(text) if text.starts_with("HTTP/1.1 200") => return text,
                Ok(text) => last = text,
                Err(error) => last = error.to_string(),
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        panic!("no page on port {port}: {last}");
    }

    /// A container that is nobody's of ours.
    pub async fn stranger(&self, name: &str, labels: &[(&str, &str)]) -> Stranger {
        let name = format!("{}-{name}", self.project.replacen("bfe", "bfs", 1));
        let labels: HashMap<String, String> = labels.iter().map(|(k, v)| ((*k).into(), (*v).into())).collect();
        let body = bollard::models::ContainerCreateBody {
            image: Some("python:3.13-slim".into()),
            cmd: Some(vec!["sleep".into(), "600".into()]),
            labels: Some(labels),
            ..Default::default()
        };
        let options = CreateContainerOptionsBuilder::default().name(&name).build();
        self.docker.create_container(Some(options), body).await.unwrap();
        self.docker.start_container(&name, None::<StartContainerOptions>).await.unwrap();
        Stranger(name)
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        let project = self.project.clone();
        clean_up(async move {
            // A connection of the test's own would wait for the test's runtime, which waits here.
            let Ok(engine) = Engine::find(None).await else { return };
            let _ = engine.down(&project, None, true, &Progress::silent()).await;
            // No other test has a project that begins so.
            if let Ok(names) = engine.images_named(&format!("{project}-")).await {
                let _ = engine.remove_images(&names).await;
            }
        });
    }
}

/// Somebody else's container.
pub struct Stranger(pub String);

impl Drop for Stranger {
    fn drop(&mut self) {
        let name = self.0.clone();
        clean_up(async move {
            let options = RemoveContainerOptionsBuilder::default().force(true).build();
            let _ = Docker::connect_with_defaults().unwrap().remove_container(&name, Some(options)).await;
        });
    }
}

/// On a thread with its own runtime: the test's may be ending in a panic.
fn clean_up(work: impl Future<Output = ()> + Send + 'static) {
    let thread = std::thread::spawn(|| {
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work);
    });
    let _ = thread.join();
}

pub fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

pub async fn get(port: u16) -> std::io::Result<String> {
    http(tokio::net::TcpStream::connect(("127.0.0.1", port)).await?).await
}

pub async fn http(mut stream: impl tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin) -> std::io::Result<String> {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    stream.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").await?;
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).await?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// What was done to each service, by name.
pub fn kinds(report: &UpReport) -> BTreeMap<&str, ChangeKind> {
    report.changes.iter().map(|change| (change.service.as_str(), change.kind)).collect()
}

pub fn change<'a>(report: &'a UpReport, service: &str) -> &'a Change {
    report.changes.iter().find(|change| change.service == service).expect("a change of the service")
}

/// The port of the host behind a service's container port.
pub async fn published(lab: &Lab, service: &str, target: u16) -> u16 {
    let containers = lab.engine.containers(&lab.project).await.unwrap();
    let container = containers.into_iter().find(|container| container.service == service).expect("a container");
    container.ports.iter().find(|port| port.target == target).expect("a published port").host
}
