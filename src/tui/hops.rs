//! The map of the chain as data: who calls whom, on which number, and whether that works.

use std::collections::BTreeMap;

use super::model::Model;
use crate::{
    conductor::ContainerView,
    course::Course,
    diagnosis::Status,
    engine::ServiceState::{Exited, Missing, Restarting},
    journal::{Progress, WorkKind},
};

/// Whether a link works.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkState {
    /// It works.
    Works,
    /// It does not.
    Broken,
    /// It is asked right now.
    Asking,
    /// Nobody has asked yet, or it could not be asked.
    NotAsked,
}

/// One link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// Whether it works.
    pub state: LinkState,
    /// The number that is called, e.g. `:8080`; empty when no file says one.
    pub port: String,
    /// What was seen, in a few words.
    pub word: String,
    /// Two numbers that should agree and do not, as the two ends say them.
    pub facing: Option<(String, String)>,
    /// The stack has changed since this was seen.
    pub old: bool,
}

/// The chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HopMap {
    /// The names along the chain; one more than there are links.
    pub nodes: Vec<String>,
    /// The links.
    pub links: Vec<Link>,
    /// What the last one keeps its data on.
    pub volume: String,
}

/// What the map is made of.
#[derive(Debug, Clone, Copy)]
pub struct Seen<'a> {
    /// The course.
    pub course: &'a Course,
    /// What files and containers say, by name.
    pub facts: &'a BTreeMap<String, String>,
    /// The last verification, and the ports that were moved.
    pub progress: &'a Progress,
    /// The containers.
    pub containers: &'a [ContainerView],
    /// It is asked right now.
    pub asking: bool,
    /// The stack has changed since it was asked.
    pub old: bool,
}

/// The learner's map as it stands now.
pub fn map(model: &Model) -> HopMap {
    map_of(seen(model))
}

fn seen(model: &Model) -> Seen<'_> {
    Seen {
        course: &model.course,
        facts: &model.facts,
        progress: &model.progress,
        containers: &model.containers,
        asking: model.work.as_ref().is_some_and(|work| work.work.kind == WorkKind::Verify),
        old: !model.asked,
    }
}

/// The map of what was seen.
pub fn map_of(model: Seen<'_>) -> HopMap {
    let hops = &model.course.hops;
    let mut nodes: Vec<String> = hops.first().map(|hop| hop.from.clone()).into_iter().collect();
    nodes.extend(hops.iter().map(|hop| hop.to.clone()));
    let report = model.progress.last_report.as_ref();
    let mut broken_before = false;
    let links = hops
        .iter()
        .enumerate()
        .map(|(index, hop)| {
            let verdict = report.and_then(|report| report.hops.iter().find(|verdict| verdict.id == hop.id));
            // The engine tells of a death at once; the stack need not be asked for that.
            let dead = dead(model.containers, &hop.to);
            let state = match verdict.map(|verdict| verdict.status) {
                _ if model.asking => LinkState::Asking,
                _ if dead.is_some() => LinkState::Broken,
                Some(Status::Pass) => LinkState::Works,
                Some(Status::Fail) => LinkState::Broken,
                Some(Status::Unknown) | None => LinkState::NotAsked,
            };
            let word = match state {
                LinkState::Asking => "asking …".to_owned(),
                LinkState::NotAsked => "not asked".to_owned(),
                _ if dead.is_some() => dead.map(ended).unwrap_or_default(),
                _ => verdict.map(|verdict| short(&verdict.observed)).unwrap_or_default(),
            };
            // One break at a time: what lies behind the first one is another lesson's.
            let facing = if state == LinkState::Broken && !broken_before { facing(model, index) } else { None };
            broken_before |= state == LinkState::Broken;
            Link { state, port: port(model, index), word, facing, old: model.old && dead.is_none() }
        })
        .collect();
    let volume = model.facts.get("db.volume").cloned().unwrap_or_else(|| "volume".to_owned());
    HopMap { nodes, links, volume }
}

/// The container of this service, where it ran and no longer does.
fn dead<'a>(containers: &'a [ContainerView], service: &str) -> Option<&'a ContainerView> {
    let mut of_it = containers.iter().filter(|container| container.service == service).peekable();
    of_it.peek()?;
    let mut last = None;
    for container in of_it {
        if !matches!(container.state, Exited | Restarting) {
            return None;
        }
        last = Some(container);
    }
    last
}

/// How a container ended, in a few words.
fn ended(container: &ContainerView) -> String {
    match (container.state, container.exit_code) {
        (Restarting, _) => format!("{} dies again and again", container.service),
        (_, Some(0) | None) => format!("{} has ended", container.service),
        (_, Some(code)) => format!("{} died ({code})", container.service),
    }
}

/// One end of a link, as a row of numbers that should stand one above the other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct End {
    /// Who, and what it does: `nginx listens on`.
    pub who: String,
    /// The number on the caller's side; empty where this end has none there.
    pub left: String,
    /// The number on the other side; empty likewise.
    pub right: String,
    /// Where it is written, or why it is known.
    pub from: String,
}

/// The ends of a link, as the learner's files say them; what a container says that runs now, where that is another number.
pub fn ends(model: &Model, link: usize) -> Vec<End> {
    let fact = |name: &str| model.facts.get(name).map(String::as_str).filter(|value| !value.is_empty());
    let place = |name: &str| {
        let place = model.places.get(name);
        place.map(|place| format!("{}:{}", place.file.display(), place.line)).unwrap_or_default()
    };
    let end = |who: String, left: &str, right: &str, from: String| End {
        who,
        left: left.to_owned(),
        right: right.to_owned(),
        from,
    };
    let roles = &model.course.roles;
    let mut ends = Vec::new();
    // A number that runs and that the files no longer say (or not yet).
    let live = |ends: &mut Vec<End>, name: &str, role: &str, file: Option<&str>| {
        let runs = model.containers.iter().any(|one| one.service == role && !matches!(one.state, Exited | Missing));
        if let Some(now) = fact(&format!("live.{name}.listens")).filter(|now| runs && Some(*now) != file) {
            let who = format!("{role} was seen on");
            ends.push(if link == 0 {
                end(who, "", now, "when last asked".into())
            } else {
                end(who, now, "", "when last asked".into())
            });
        }
    };
    match link {
        0 => {
            let story = story_port(&model.course.stack.url);
            let called = port(seen(model), 0).trim_start_matches(':').to_owned();
            let why = if called == story.to_string() {
                String::new()
            } else {
                format!("in place of {story}, which is taken")
            };
            ends.push(end("the browser calls".into(), &called, "", why));
            for mapping in fact("nginx.published").or(fact("front.published")).unwrap_or("").split(',') {
                if let Some((host, container)) = mapping.rsplit_once(':') {
                    let host = host.rsplit(':').next().unwrap_or(host);
                    ends.push(end("compose joins".into(), host, container, place("nginx.published")));
                }
            }
            let listens = fact("nginx.listen");
            if let Some(listens) = listens {
                ends.push(end(format!("{} listens on", roles.proxy), "", listens, place("nginx.listen")));
            }
            live(&mut ends, "nginx", &roles.proxy, listens);
        }
        1 => {
            if let Some(asked) = fact("nginx.upstream_port") {
                let host = fact("nginx.upstream_host").filter(|host| *host != roles.app);
                let of = host.map(|host| format!(" {host}")).unwrap_or_default();
                ends.push(end(format!("{} calls{of}", roles.proxy), asked, "", place("nginx.upstream_port")));
            }
            let listens = fact("flaskapp.port");
            if let Some(listens) = listens {
                let from = Some(place("flaskapp.port")).filter(|place| !place.is_empty());
                let from = from.unwrap_or_else(|| "no file names one".into());
                ends.push(end(format!("{} listens on", roles.app), listens, "", from));
            }
            live(&mut ends, "flaskapp", &roles.app, listens);
        }
        2 => {
            if let Some(asked) = fact("db.port") {
                let host = fact("db.host").filter(|host| *host != roles.database);
                let of = host.map(|host| format!(" {host}")).unwrap_or_default();
                ends.push(end(format!("{} calls{of}", roles.app), asked, "", place("db.port")));
            }
            ends.push(end(format!("{} listens on", roles.database), "5432", "", "Postgres' own number".into()));
            live(&mut ends, "db", &roles.database, Some("5432"));
        }
        _ => {}
    }
    ends
}

/// An observation made to fit under a link.
fn short(observed: &str) -> String {
    let first = observed.split_once(": ").map_or(observed, |(first, _)| first);
    let first = first.strip_prefix("connection ").unwrap_or(first);
    // Who answers is on the map already.
    if first.ends_with(" answers") { "answers".to_owned() } else { first.to_owned() }
}

/// The port that the story's address calls.
pub fn story_port(url: &str) -> u16 {
    let authority = url.split_once("://").map_or(url, |(_, rest)| rest).split('/').next().unwrap_or("");
    authority.rsplit_once(':').and_then(|(_, port)| port.parse().ok()).unwrap_or(80)
}

fn port(model: Seen<'_>, link: usize) -> String {
    let fact = |name: &str| model.facts.get(name).map(|port| format!(":{port}")).unwrap_or_default();
    match link {
        0 => {
            let story = story_port(&model.course.stack.url);
            let moved = model.progress.moved_ports.iter().find(|((_, from), _)| *from == story);
            format!(":{}", moved.map_or(story, |(_, to)| *to))
        }
        1 => fact("nginx.upstream_port"),
        2 => fact("db.port"),
        _ => String::new(),
    }
}

/// The ports that the proxy's container really joins, as `8080:80`; nothing where it has none, or where they were moved.
fn joined(model: Seen<'_>) -> Option<String> {
    let proxy = &model.course.roles.proxy;
    let moved = model.progress.moved_ports.keys().any(|(service, _)| service == proxy);
    let ports = model.containers.iter().filter(|one| one.service == *proxy && !moved).flat_map(|one| &one.ports);
    let mut mappings: Vec<String> = ports
        .filter_map(|port| {
            let (host, container) = port.split_once("->")?;
            Some(format!("{}:{}", host.rsplit(':').next()?, container.split('/').next()?))
        })
        .collect();
    mappings.dedup();
    (!mappings.is_empty()).then(|| mappings.join(","))
}

/// The two ends of a link, where they do not agree.
fn facing(model: Seen<'_>, link: usize) -> Option<(String, String)> {
    let fact = |name: &str| model.facts.get(name).map(String::as_str).filter(|value| !value.is_empty());
    match link {
        0 => {
            // What was saved and is not live joins nothing yet: the container's own mapping counts, where there is one.
            let joined = joined(model);
            let published =
                joined.as_deref().or_else(|| fact("front.published")).or_else(|| fact("nginx.published"))?;
            let listen = fact("live.nginx.listens").or_else(|| fact("nginx.listen"))?;
            let story = story_port(&model.course.stack.url).to_string();
            let agrees = published.split(',').any(|mapping| {
                let mut numbers = mapping.rsplit(':');
                let (container, host) = (numbers.next().unwrap_or(""), numbers.next().unwrap_or(""));
                host == story && listen.split(',').any(|port| port == container)
            });
            (!agrees).then(|| (format!("publishes {published}"), format!("listens :{listen}")))
        }
        1 => {
            let asked = fact("nginx.upstream_port")?;
            let host = fact("nginx.upstream_host").unwrap_or("flaskapp");
            let listens = fact("live.flaskapp.listens").or_else(|| fact("flaskapp.port"))?;
            let address = fact("live.flaskapp.address").or_else(|| fact("flaskapp.host")).unwrap_or("");
            let right_port = listens.split(',').any(|port| port == asked);
            let right_host = host == model.course.roles.app;
            let reachable = !matches!(address, "127.0.0.1" | "localhost" | "::1");
            let asks = if right_host { format!("asks :{asked}") } else { format!("asks {host}:{asked}") };
            let answers =
                if reachable { format!("listens :{listens}") } else { format!("listens {address}:{listens}") };
            (!(right_port && right_host && reachable)).then_some((asks, answers))
        }
        2 => {
            let asked = fact("db.port")?;
            let host = fact("db.host").unwrap_or("db");
            let listens = fact("live.db.listens").unwrap_or("5432");
            let right_port = listens.split(',').any(|port| port == asked);
            let right_host = host == model.course.roles.database;
            let asks = if right_host { format!("asks :{asked}") } else { format!("asks {host}:{asked}") };
            (!(right_port && right_host)).then(|| (asks, format!("listens :{listens}")))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_storys_port_is_read_from_its_address() {
        assert_eq!(story_port("http://localhost:8080/"), 8080);
        assert_eq!(story_port("http://shop.example/x:1"), 80);
    }

    #[test]
    fn observations_are_shortened() {
        assert_eq!(short("connection refused"), "refused");
        assert_eq!(short("connection refused: nothing is published on 8080"), "refused");
        assert_eq!(short("PostgreSQL 17.12 answers"), "answers");
        assert_eq!(short("502 Bad Gateway"), "502 Bad Gateway");
    }
}
