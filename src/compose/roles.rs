//! Who is who in a stack: proxy, app and database, by what they are rather than by what they are called.

use super::{
    dockerfile,
    model::{MountKind, Service, Stack},
};

/// The services that play the three parts of the story.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FoundRoles {
    /// The web server in front.
    pub proxy: Option<String>,
    /// The application.
    pub app: Option<String>,
    /// The database.
    pub database: Option<String>,
}

const DATABASES: [&str; 7] = ["postgres", "postgresql", "postgis", "pgvector", "timescaledb", "mysql", "mariadb"];
const PROXIES: [&str; 9] =
    ["nginx", "nginx-unprivileged", "openresty", "httpd", "apache", "caddy", "traefik", "haproxy", "envoy"];
/// Where a proxy keeps its configuration.
const PROXY_FILES: [&str; 7] = [
    "/etc/nginx",
    "/usr/share/nginx",
    "/usr/local/apache2",
    "/etc/caddy",
    "/etc/traefik",
    "/usr/local/etc/haproxy",
    "/usr/local/openresty",
];
/// Guests that are none of the three, whatever else speaks for them.
const GUESTS: [&str; 16] = [
    "adminer",
    "pgadmin",
    "pgadmin4",
    "pgweb",
    "redis",
    "memcached",
    "mailhog",
    "mailpit",
    "rabbitmq",
    "prometheus",
    "grafana",
    "portainer",
    "watchtower",
    "phpmyadmin",
    "exporter",
    "certbot",
];
/// A part needs at least this much evidence.
const ENOUGH: i32 = 3;

/// A service with what its image tells.
struct Candidate<'s> {
    service: &'s Service,
    /// Name of its image, or of the one that it is built on, without registry and tag.
    image: String,
    /// What its Dockerfile runs.
    runs: String,
    guest: bool,
}

/// Finds the three services. A part that nobody plays stays empty.
pub fn roles(stack: &Stack) -> FoundRoles {
    let candidates: Vec<Candidate> = stack.services.iter().map(candidate).collect();
    let database = best(&candidates, self::database);
    let proxy = best(&candidates, |candidate| {
        let taken = database.as_deref() == Some(candidate.service.name.as_str());
        if taken { 0 } else { self::proxy(candidate) }
    });
    let front = proxy.as_deref().and_then(|name| stack.service(name));
    let front_files = front.map(mounted_text).unwrap_or_default();
    let app = best(&candidates, |candidate| {
        let name = Some(candidate.service.name.as_str());
        if name == database.as_deref() || name == proxy.as_deref() {
            0
        } else {
            self::app(candidate, front, &front_files, database.as_deref())
        }
    });
    FoundRoles { proxy, app, database }
}

/// The service that plays a part beside these three: called so, else on this image, else started with what `starts` tells.
pub fn other(stack: &Stack, name: &str, image: Option<&str>, starts: impl Fn(&str) -> bool) -> Option<String> {
    let candidates: Vec<Candidate> = stack.services.iter().map(candidate).collect();
    let called = candidates.iter().find(|one| one.service.name == name);
    let on_image = || candidates.iter().find(|one| image.is_some_and(|image| one.image == image));
    let started = || {
        candidates.iter().find(|one| {
            let own: Vec<&str> =
                one.service.entrypoint.iter().chain(&one.service.command).flatten().map(String::as_str).collect();
            starts(&if own.is_empty() { one.runs.clone() } else { own.join(" ") })
        })
    };
    called.or_else(on_image).or_else(started).map(|one| one.service.name.clone())
}

fn candidate(service: &Service) -> Candidate<'_> {
    let text = service.build.as_ref().and_then(|build| build.dockerfile_text().ok()).unwrap_or_default();
    let target = service.build.as_ref().and_then(|build| build.target.as_deref());
    let text = dockerfile::Text::of(&text);
    let dockerfile = text.read();
    let image = match &service.build {
        Some(_) => dockerfile.base(target),
        None => service.image.clone(),
    };
    let image = base_name(image.as_deref().unwrap_or_default());
    let guest = GUESTS.iter().any(|guest| image.split(['-', '_']).any(|part| part == *guest));
    Candidate { service, image, runs: dockerfile.runs(), guest }
}

/// `docker.io/library/postgres:17@sha256:…` as `postgres`.
fn base_name(image: &str) -> String {
    let name = image.rsplit('/').next().unwrap_or_default();
    name.split([':', '@']).next().unwrap_or_default().to_lowercase()
}

/// The first of those with the most evidence.
fn best(candidates: &[Candidate], score: impl Fn(&Candidate) -> i32) -> Option<String> {
    let mut best: Option<(i32, &str)> = None;
    for candidate in candidates {
        let mut points = score(candidate);
        if points > 0 && (candidate.service.scale == 0 || !candidate.service.profiles.is_empty()) {
            points -= 5;
        }
        if points >= ENOUGH && best.is_none_or(|(most, _)| points > most) {
            best = Some((points, &candidate.service.name));
        }
    }
    best.map(|(_, name)| name.to_string())
}

fn points(rules: &[(bool, i32)]) -> i32 {
    rules.iter().filter(|(holds, _)| *holds).map(|(_, points)| points).sum()
}

fn called(service: &Service, names: &[&str]) -> bool {
    names.iter().any(|name| service.name.to_lowercase().split(['-', '_', '.']).any(|part| part == *name))
}

fn mounts_at(service: &Service, roots: &[&str]) -> bool {
    service.mounts.iter().any(|mount| roots.iter().any(|root| std::path::Path::new(&mount.target).starts_with(root)))
}

fn speaks(service: &Service, port: u16) -> bool {
    service.ports.iter().any(|known| known.target == port) || service.expose.contains(&format!("{port}/tcp"))
}

fn database(candidate: &Candidate) -> i32 {
    let service = candidate.service;
    if candidate.guest {
        return 0;
    }
    let sets = |name: &str| service.environment.contains_key(name);
    points(&[
        (DATABASES.contains(&candidate.image.as_str()), 10),
        (mounts_at(service, &["/var/lib/postgresql", "/var/lib/mysql", "/docker-entrypoint-initdb.d"]), 6),
        (speaks(service, 5432) || speaks(service, 3306), 4),
        // An app may share these variables with its database.
        (service.build.is_none() && (sets("POSTGRES_PASSWORD") || sets("POSTGRES_DB") || sets("POSTGRES_USER")), 2),
        (called(service, &["db", "database", "postgres", "postgresql", "pg", "sql"]), 1),
    ])
}

fn proxy(candidate: &Candidate) -> i32 {
    let service = candidate.service;
    if candidate.guest {
        return 0;
    }
    points(&[
        (PROXIES.contains(&candidate.image.as_str()), 10),
        (mounts_at(service, &PROXY_FILES), 8),
        (candidate.runs.contains("nginx"), 6),
        (!service.ports.is_empty(), 2),
        (called(service, &["nginx", "proxy", "gateway", "webserver"]), 2),
        (called(service, &["web", "front", "frontend"]), 1),
    ])
}

fn app(candidate: &Candidate, front: Option<&Service>, front_files: &str, database: Option<&str>) -> i32 {
    let service = candidate.service;
    if candidate.guest || DATABASES.contains(&candidate.image.as_str()) {
        return 0;
    }
    let command: Vec<&String> = service.command.iter().chain(&service.entrypoint).flatten().collect();
    let runs = |word: &str| command.iter().any(|part| part.contains(word)) || candidate.runs.contains(word);
    let python = ["python", "flask", "gunicorn", "uwsgi", "uvicorn", "waitress"].into_iter().any(runs);
    let depends = |service: &Service, on: &str| service.depends_on.iter().any(|dependency| dependency.service == on);
    let named = [Some(service.name.as_str()), service.container_name.as_deref(), service.hostname.as_deref()];
    let in_front_files = named
        .into_iter()
        .flatten()
        .any(|name| front_files.contains(&format!("//{name}")) || front_files.contains(&format!(" {name}:")));
    points(&[
        (service.build.is_some(), 4),
        (candidate.image == "python" || candidate.image.contains("flask"), 3),
        (python, 3),
        (in_front_files, 6),
        (front.is_some_and(|front| depends(front, &service.name)), 4),
        (database.is_some_and(|database| depends(service, database)), 2),
        (called(service, &["flaskapp", "flask", "app", "web", "backend", "api", "server"]), 1),
        (service.image.is_some(), 1),
    ])
}

/// The text of the small files that a proxy is configured with.
fn mounted_text(service: &Service) -> String {
    const MAX_FILES: usize = 50;
    let mut text = String::new();
    for mount in &service.mounts {
        let MountKind::Bind(path) = &mount.kind else { continue };
        let files: Vec<_> = match service.door.entries(path) {
            Ok(entries) => entries.into_iter().map(|entry| path.join(entry.name)).take(MAX_FILES).collect(),
            Err(_) => vec![path.clone()],
        };
        // What is no small text does not configure a proxy.
        text.extend(files.iter().filter_map(|file| super::files::read_text(&service.door, file).ok()));
    }
    text
}
