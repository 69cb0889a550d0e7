//! `breakfix doctor --room`: is this machine ready to stand before a room, perhaps without internet? Finding out is here;
//! what it means is [`judge`], which asks nothing.

use std::{
    net::{IpAddr, SocketAddr, TcpListener},
    path::{Path, PathBuf},
};

use super::{
    Context,
    doctor::free_bytes,
    terminal::{Paint, clean, print},
};
use crate::{
    conductor::{images_of, project},
    engine::{Engine, EngineInfo, ImageOrigin, ImageStatus},
    error::{Error, Result},
};

/// Ports that the story publishes.
const PORTS: [u16; 2] = [80, 8080];
/// With less free space than this, a build may fail in the middle.
const DISK_BYTES: u64 = 3 << 30;
/// With less memory than this the three containers are slow, or are killed.
const MEMORY_BYTES: u64 = 1 << 30;
/// The size of a projector's terminal.
const SIZE: (u16, u16) = (100, 30);

/// What a port is to us.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Port {
    Free,
    Ours,
    /// By whom.
    Taken(String),
    /// Ports below 1024 are not given to everybody.
    Forbidden,
}

/// What was found.
#[derive(Debug, Clone)]
struct Found {
    engine: Result<EngineInfo>,
    images: Vec<ImageStatus>,
    /// The app's own image, with what it installs from the internet.
    app: Option<ImageStatus>,
    /// Whether an image is here that carries what the app's build takes from the internet.
    carried: bool,
    ports: Vec<(u16, Port)>,
    disk: Option<u64>,
    /// The variable that names a proxy.
    proxy: Option<String>,
    /// A bundle of certificates that a variable names, and whether it is there.
    certificates: Option<(PathBuf, bool)>,
    size: Option<(u16, u16)>,
}

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Weight {
    Good,
    Remark,
    Missing,
}

/// One finding, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Finding {
    weight: Weight,
    line: String,
    todo: Option<String>,
}

/// Runs the command; gives the exit code: 3 when something is missing.
///
/// # Errors
/// Environment: standard output cannot be written.
pub async fn room(context: &Context, lab: &Path) -> Result<u8> {
    let found = look(context, lab).await;
    let findings = judge(&found);
    let paint = Paint::stdout(context.color);
    for finding in &findings {
        let symbol = match finding.weight {
            Weight::Good => paint.good("✓"),
            Weight::Remark => paint.attention("·"),
            Weight::Missing => paint.bad("✗"),
        };
        print(&format!("{symbol} {}\n", clean(&finding.line)))?;
        if let Some(todo) = &finding.todo {
            print(&format!("            {}\n", clean(todo)))?;
        }
    }
    let missing = findings.iter().filter(|finding| finding.weight == Weight::Missing).count();
    print(&match missing {
        0 => "\nReady for the room.\n".to_owned(),
        1 => "\nOne thing is missing.\n".to_owned(),
        more => format!("\n{more} things are missing.\n"),
    })?;
    Ok(if missing > 0 { 3 } else { 0 })
}

async fn look(context: &Context, lab: &Path) -> Found {
    let engine = Engine::find(context.engine.as_deref()).await;
    let project = project(lab, &context.course);
    let app = vec![format!("{project}-{}:latest", context.course.roles.app)];
    let (mut images, mut own, mut ours, mut carried) = (Vec::new(), Vec::new(), Vec::new(), false);
    if let Ok(engine) = &engine {
        images = engine.image_status(&images_of(&context.course).unwrap_or_default()).await.unwrap_or_default();
        own = engine.image_status(&app).await.unwrap_or_default();
        carried = engine.carried(&context.course.id).await.is_ok_and(|names| !names.is_empty());
        ours = engine.containers(&project).await.unwrap_or_default();
    }
    let mut ports = Vec::new();
    for port in PORTS {
        let by_us = ours.iter().any(|container| container.ports.iter().any(|published| published.host == port));
        let Ok(engine) = &engine else { continue };
        let state = match engine.holder(&project, port).await {
            _ if by_us => Port::Ours,
            Some(who) => Port::Taken(who),
            None => port_for_us(port, engine.info.rootless),
        };
        ports.push((port, state));
    }
    let variable = |name: &&str| std::env::var(name).is_ok_and(|value| !value.is_empty());
    let proxies = ["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY"];
    let bundles = ["PIP_CERT", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"];
    let bundle = bundles.iter().find(|name| variable(name)).and_then(std::env::var_os).map(PathBuf::from);
    Found {
        engine: engine.map(|engine| engine.info),
        images,
        app: own.into_iter().next(),
        carried,
        ports,
        disk: free_bytes(lab),
        proxy: proxies.iter().find(|name| variable(name)).map(|name| (*name).to_owned()),
        certificates: bundle.map(|path| {
            let there = path.is_file();
            (path, there)
        }),
        size: crossterm::terminal::size().ok().filter(|_| std::io::IsTerminal::is_terminal(&std::io::stdout())),
    }
}

/// Whether an engine that runs as this user may take the port. One that runs as root may take any.
fn port_for_us(port: u16, rootless: bool) -> Port {
    let address = SocketAddr::from((IpAddr::from([127, 0, 0, 1]), port));
    match TcpListener::bind(address) {
        Err(error) if rootless && error.kind() == std::io::ErrorKind::PermissionDenied => Port::Forbidden,
        _ => Port::Free,
    }
}

/// What it means.
fn judge(found: &Found) -> Vec<Finding> {
    let good = |line: String| Finding { weight: Weight::Good, line, todo: None };
    let remark = |line: String, todo: &str| Finding { weight: Weight::Remark, line, todo: Some(todo.to_owned()) };
    let missing = |line: String, todo: &str| Finding { weight: Weight::Missing, line, todo: Some(todo.to_owned()) };
    let mut findings = Vec::new();
    match &found.engine {
        Ok(info) => findings.push(good(format!("engine    {:?} {} at {}", info.kind, info.version, info.url))),
        Err(error) => findings.push(engine_missing(error)),
    }
    if found.engine.is_ok() {
        for image in &found.images {
            findings.push(match image.origin {
                ImageOrigin::Registry => good(format!("image     {}", image.name)),
                ImageOrigin::StandIn => good(format!("image     {} (a stand-in)", image.name)),
                ImageOrigin::Absent => missing(
                    format!("image     {} is absent", image.name),
                    "breakfix images pull   or, from a file of another machine: breakfix images load FILE",
                ),
            });
        }
        match &found.app {
            Some(app) if app.origin != ImageOrigin::Absent => {
                findings
                    .push(good("app       its image was built here: changes of the code need no internet".to_owned()));
            }
            _ if found.carried => findings.push(good(
                "app       what its build takes from the internet is here, carried along with the images".to_owned(),
            )),
            _ => findings.push(missing(
                "app       its image was never built here, and the first build asks the internet for Flask".to_owned(),
                "breakfix demo   once, where there is internet; or, from a file of another machine: breakfix images load FILE",
            )),
        }
        for (port, state) in &found.ports {
            findings.push(match state {
                Port::Free => good(format!("port {port:<4} free")),
                Port::Ours => good(format!("port {port:<4} the demo's own")),
                Port::Taken(who) => missing(
                    format!("port {port:<4} taken by {who}: the room would see another number than the story's"),
                    &format!(
                        "end it, and look again: ss -ltnp 'sport = :{port}'   or: docker ps --filter publish={port}"
                    ),
                ),
                Port::Forbidden => missing(
                    format!("port {port:<4} not given to this user's engine"),
                    &format!("sudo sysctl net.ipv4.ip_unprivileged_port_start={port}"),
                ),
            });
        }
    }
    match found.disk {
        Some(free) if free < DISK_BYTES => findings.push(missing(
            format!("disk      only {} MB free", free >> 20),
            "free some: docker system df says what lies there",
        )),
        Some(free) => findings.push(good(format!("disk      {} GB free", free >> 30))),
        None => {}
    }
    if let Ok(info) = &found.engine {
        let line = format!("memory    the engine has {} MB", info.memory >> 20);
        findings.push(if info.memory < MEMORY_BYTES {
            missing(line, "give it 1 GB or more (Docker Desktop: Settings, Resources)")
        } else {
            good(line)
        });
    }
    findings.extend(network(found));
    match found.size {
        Some((columns, rows)) if columns < 80 || rows < 24 => {
            findings.push(remark(
                format!("terminal  {columns}×{rows}"),
                "make the letters smaller: the talk wants 100×30, and 80×24 at least",
            ));
        }
        Some((columns, rows)) if columns > SIZE.0 + 60 => {
            findings.push(remark(
                format!("terminal  {columns}×{rows}"),
                "make the letters larger, to about 100×30: the last row reads along",
            ));
        }
        Some((columns, rows)) => findings.push(good(format!("terminal  {columns}×{rows}"))),
        None => {}
    }
    findings
}

fn engine_missing(error: &Error) -> Finding {
    let todo = error.try_next.first().cloned().unwrap_or_else(|| "install Docker or Podman, and start it".to_owned());
    let todo = format!("{todo}   (until then, breakfix demo shows the recorded run)");
    Finding { weight: Weight::Missing, line: format!("engine    {}", error.what), todo: Some(todo) }
}

/// A proxy with a certificate of its own stops builds, unless they are given it.
fn network(found: &Found) -> Option<Finding> {
    let built = found.carried || found.app.as_ref().is_some_and(|app| app.origin != ImageOrigin::Absent);
    let through = found.proxy.as_ref().map(|name| format!("a proxy ({name})"));
    match (&through, &found.certificates) {
        (_, Some((path, false))) => Some(Finding {
            weight: Weight::Missing,
            line: format!("network   the certificates {} are not there", path.display()),
            todo: Some("put the file there, or unset the variable that names it".to_owned()),
        }),
        (_, Some((path, true))) if !built => Some(Finding {
            weight: Weight::Remark,
            line: format!(
                "network   {} with certificates of its own: {}",
                through.as_deref().unwrap_or("something"),
                path.display()
            ),
            todo: Some("if a build fails at pip install, the image needs them: the build's error says how".to_owned()),
        }),
        (Some(through), None) if !built => Some(Finding {
            weight: Weight::Remark,
            line: format!("network   through {through}"),
            todo: Some("the engine has a proxy setting of its own: docker info | grep -i proxy".to_owned()),
        }),
        (Some(through), _) => Some(Finding {
            weight: Weight::Good,
            line: format!("network   through {through}; not needed any more"),
            todo: None,
        }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::EngineKind;

    fn image(name: &str, origin: ImageOrigin) -> ImageStatus {
        ImageStatus { name: name.into(), origin, id: None, size: None }
    }

    fn ready() -> Found {
        Found {
            engine: Ok(EngineInfo {
                url: "unix:///x".into(),
                found_by: "known socket".into(),
                kind: EngineKind::Docker,
                version: "28".into(),
                rootless: false,
                host: "127.0.0.1".into(),
                cpus: 4,
                memory: 8 << 30,
                clock_ahead: 0.0,
            }),
            images: vec![image("nginx:1.28", ImageOrigin::Registry), image("postgres:17", ImageOrigin::StandIn)],
            app: Some(image("x-flaskapp", ImageOrigin::Registry)),
            carried: false,
            ports: vec![(80, Port::Free), (8080, Port::Ours)],
            disk: Some(20 << 30),
            proxy: None,
            certificates: None,
            size: Some(SIZE),
        }
    }

    fn missing(found: &Found) -> Vec<Finding> {
        judge(found).into_iter().filter(|finding| finding.weight == Weight::Missing).collect()
    }

    #[test]
    fn a_machine_that_has_everything_is_ready() {
        assert_eq!(missing(&ready()), []);
        assert!(judge(&ready()).iter().all(|finding| finding.weight == Weight::Good));
    }

    #[test]
    fn each_thing_that_is_missing_is_told_with_what_to_do() {
        type Case = (&'static str, &'static str, fn(&mut Found));
        let cases: [Case; 9] = [
            ("engine", "recorded run", |found| found.engine = Err(Error::environment("nobody answers"))),
            ("nginx:1.28 is absent", "images load", |found| found.images[0].origin = ImageOrigin::Absent),
            ("never built", "breakfix demo", |found| found.app = None),
            ("port 80   taken by nginx (process 7)", "ss -ltnp", |found| {
                found.ports[0].1 = Port::Taken("nginx (process 7)".into())
            }),
            ("port 80", "sysctl", |found| found.ports[0].1 = Port::Forbidden),
            ("disk", "docker system df", |found| found.disk = Some(100 << 20)),
            ("memory", "1 GB", |found| {
                if let Ok(info) = &mut found.engine {
                    info.memory = 512 << 20;
                }
            }),
            ("certificates", "put the file there", |found| found.certificates = Some(("/x.pem".into(), false))),
            ("postgres:17 is absent", "images pull", |found| found.images[1].origin = ImageOrigin::Absent),
        ];
        for (line, todo, spoil) in cases {
            let mut found = ready();
            spoil(&mut found);
            let told = missing(&found);
            assert_eq!(told.len(), 1, "{told:?}");
            assert!(told[0].line.contains(line), "{told:?}");
            assert!(told[0].todo.as_ref().unwrap().contains(todo), "{told:?}");
        }
    }

    #[test]
    fn what_was_carried_along_does_for_an_app_that_was_never_built() {
        let mut found = ready();
        found.app = None;
        assert_eq!(missing(&found).len(), 1);
        found.carried = true;
        assert_eq!(missing(&found), []);
    }

    #[test]
    fn a_proxy_matters_until_the_app_is_built() {
        let mut found = ready();
        found.proxy = Some("HTTPS_PROXY".into());
        found.certificates = Some(("/ca.pem".into(), true));
        assert_eq!(network(&found).unwrap().weight, Weight::Good);
        found.app = None;
        let told = network(&found).unwrap();
        assert_eq!(told.weight, Weight::Remark);
        assert!(told.line.contains("HTTPS_PROXY") && told.line.contains("/ca.pem"));
    }
}
