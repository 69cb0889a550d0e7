//! The map of the chain as data: who calls whom, on which number, and whether that works.

use std::collections::BTreeMap;

use super::{model::Model, text, withheld};
use crate::{
    compose::PublishedPort,
    conductor::ContainerView,
    course::{Course, Rung},
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
    /// It was asked, and the stack has changed since, or may have: an older answer, never shown as a present one.
    Old,
    /// Nobody has asked yet, or it could not be asked.
    NotAsked,
    /// It lies beyond the first link that is broken, and the learner has not turned to it.
    NotReached,
}

/// One link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// Whether it works.
    pub state: LinkState,
    /// The number that is called, e.g. `:8080`; empty when none is known, or the learner has not asked for it.
    pub port: String,
    /// What was seen, in a few words; of an older answer with its age.
    pub word: String,
    /// Two numbers that should agree and do not, as the two ends say them.
    pub facing: Option<(String, String)>,
}

/// The chain, and what branches off it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HopMap {
    /// The names, each once, in the order in which the links come to them.
    pub nodes: Vec<String>,
    /// The links, in the course's order.
    pub links: Vec<Link>,
    /// From which name to which each of them leads.
    pub ends: Vec<(usize, usize)>,
    /// What the last one keeps its data on.
    pub volume: String,
}

/// What the map is made of.
#[derive(Debug, Clone, Copy)]
pub struct Seen<'a> {
    /// The course.
    pub course: &'a Course,
    /// What runs, by name: of what is saved and not live, nothing.
    pub facts: &'a BTreeMap<String, String>,
    /// The last verification, and the ports that were moved.
    pub progress: &'a Progress,
    /// The containers.
    pub containers: &'a [ContainerView],
    /// It is asked right now.
    pub asking: bool,
    /// How long ago it was asked, in milliseconds, where the stack has changed since.
    pub old: Option<u64>,
}

/// The learner's map as it stands now: as far as the learner has drawn it.
pub fn map(model: &Model) -> HopMap {
    let mut map = map_of(seen(model));
    let verdict = |at: usize| {
        let hop = model.course.hops.get(at)?;
        let report = model.lab.progress.last_report.as_ref()?;
        report.hops.iter().find(|verdict| verdict.id == hop.id).map(|verdict| verdict.status)
    };
    let mut broken_before = false;
    for (at, link) in map.links.iter_mut().enumerate() {
        // A lesson that asks of this link asks it for the learner.
        let of_lesson = model.lesson().is_some_and(|lesson| {
            lesson.checks.iter().any(|check| model.course.hops.get(at).is_some_and(|hop| hop.id == check.evidence))
        });
        let opened = model.nav.opened.contains(&at);
        let dead = link.state == LinkState::Broken && verdict(at) != Some(Status::Fail);
        let hop = model.course.hops.get(at).map_or("", |hop| hop.id.as_str());
        if broken_before && !opened && !dead && !of_lesson {
            let state = if link.state == LinkState::Asking { link.state } else { LinkState::NotReached };
            *link = Link {
                word: if state == link.state { link.word.clone() } else { "not reached yet".to_owned() },
                ..Link::unknown(state)
            };
        } else if verdict(at).is_some() && (withheld::id(model, hop) || withheld::holds(model, &link.word)) {
            // Seen, and no word of it before the question that it answers.
            link.keep_back();
        } else if !(opened || verdict(at) == Some(Status::Pass) || numbers_asked_for(model))
            || verdict(at).is_none() && !opened
        {
            link.port.clear();
            link.facing = None;
        }
        broken_before |= verdict(at) == Some(Status::Fail);
    }
    map
}

/// Whether the learner is past the question of a lesson with a bug, or has taken its first hint: then the numbers of the
/// first broken link may face each other.
fn numbers_asked_for(model: &Model) -> bool {
    let here = model.here();
    let Some(lesson) = model.lesson().filter(|lesson| !lesson.fix.is_empty()) else { return false };
    lesson.prediction.is_none()
        || here.prediction.is_some()
        || here.opened_at.is_some() && here.is_solved()
        || here.hints.contains(&Rung::Where)
}

impl Link {
    /// What was seen of it, and its numbers, come after the question that they would answer.
    pub fn keep_back(&mut self) {
        let (state, word) = match self.state {
            LinkState::NotAsked | LinkState::Asking => (self.state, std::mem::take(&mut self.word)),
            _ => (LinkState::NotAsked, withheld::SHORT.to_owned()),
        };
        *self = Self { word, ..Self::unknown(state) };
    }

    fn unknown(state: LinkState) -> Self {
        Self { state, port: String::new(), word: String::new(), facing: None }
    }
}

fn seen(model: &Model) -> Seen<'_> {
    Seen {
        course: &model.course,
        facts: &model.lab.live,
        progress: &model.lab.progress,
        containers: &model.lab.containers,
        asking: model.work.current.as_ref().is_some_and(|work| work.work.kind == WorkKind::Verify),
        old: (!model.lab.asked).then(|| model.lab.asked_at.map_or(0, |at| model.now.saturating_sub(at))),
    }
}

/// The map of what was seen.
pub fn map_of(seen: Seen<'_>) -> HopMap {
    let hops = &seen.course.hops;
    let mut nodes: Vec<String> = Vec::new();
    let mut place = |name: &String| {
        let known = nodes.iter().position(|node| node == name);
        known.unwrap_or_else(|| {
            nodes.push(name.clone());
            nodes.len() - 1
        })
    };
    let ends = hops.iter().map(|hop| (place(&hop.from), place(&hop.to))).collect();
    let report = seen.progress.last_report.as_ref();
    let mut broken_before = false;
    let links = hops
        .iter()
        .enumerate()
        .map(|(index, hop)| {
            let verdict = report.and_then(|report| report.hops.iter().find(|verdict| verdict.id == hop.id));
            // The engine tells of a death at once; the stack need not be asked for that.
            let dead = dead(seen.containers, &hop.to);
            let state = match verdict.map(|verdict| verdict.status) {
                _ if seen.asking => LinkState::Asking,
                _ if dead.is_some() => LinkState::Broken,
                Some(Status::Pass | Status::Fail) if seen.old.is_some() => LinkState::Old,
                Some(Status::Pass) => LinkState::Works,
                Some(Status::Fail) => LinkState::Broken,
                Some(Status::Unknown) | None => LinkState::NotAsked,
            };
            let word = match state {
                LinkState::Asking => "asking …".to_owned(),
                LinkState::NotAsked | LinkState::NotReached => "not asked".to_owned(),
                LinkState::Old => {
                    let word = verdict.map(|verdict| short(&verdict.observed)).unwrap_or_default();
                    let age = seen.old.unwrap_or_default();
                    // There is little room: a moment is a second.
                    let age = if age < 2_000 { "1 s".to_owned() } else { text::span(age) };
                    format!("{age} ago: {word}")
                }
                _ if dead.is_some() => dead.map(ended).unwrap_or_default(),
                _ => verdict.map(|verdict| short(&verdict.observed)).unwrap_or_default(),
            };
            // One break at a time: what lies behind the first one is another lesson's.
            let broken = state == LinkState::Broken
                || verdict.is_some_and(|verdict| verdict.status == Status::Fail) && !seen.asking;
            let facing = if broken && !broken_before { facing(seen, index) } else { None };
            broken_before |= broken;
            Link { state, port: port(seen, index), word, facing }
        })
        .collect();
    let volume =
        seen.facts.get(&seen.course.roles.fact("database.volume")).cloned().unwrap_or_else(|| "volume".to_owned());
    HopMap { nodes, links, ends, volume }
}

/// The container of this service, where it ran and no longer does.
fn dead<'a>(containers: &'a [ContainerView], service: &str) -> Option<&'a ContainerView> {
    let ended = |container: &ContainerView| matches!(container.state, Exited | Missing);
    // Where nothing runs any more, somebody stopped the shop, or the engine: that is no part's death.
    if containers.len() > 1 && containers.iter().all(ended) {
        return None;
    }
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

/// A link of whose ends the files say something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Known {
    /// To the proxy, from outside.
    Front,
    /// From the proxy to the app.
    Upstream,
    /// From the app to the database.
    Database,
}

impl Known {
    fn of(course: &Course, link: usize) -> Option<Self> {
        let (hop, roles) = (course.hops.get(link)?, &course.roles);
        let known = [
            (Self::Front, course.hops.first().map_or("", |first| first.from.as_str()), &roles.proxy),
            (Self::Upstream, roles.proxy.as_str(), &roles.app),
            (Self::Database, roles.app.as_str(), &roles.database),
        ];
        known.into_iter().find(|(_, from, to)| hop.from == *from && hop.to == **to).map(|(known, ..)| known)
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
    let of_part = |name: &str| model.course.roles.fact(name);
    let fact = |name: &str| model.lab.facts.get(&of_part(name)).map(String::as_str).filter(|value| !value.is_empty());
    let place = |name: &str| {
        let place = model.lab.places.get(&of_part(name));
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
    let Some(known) = Known::of(&model.course, link) else { return ends };
    // A number that runs and that the files no longer say (or not yet).
    let live = |ends: &mut Vec<End>, name: &str, role: &str, file: Option<&str>| {
        let runs = model.lab.containers.iter().any(|one| one.service == role && !matches!(one.state, Exited | Missing));
        if let Some(now) = fact(&format!("live.{name}.listens")).filter(|now| runs && Some(*now) != file) {
            let who = format!("{role} was seen on");
            ends.push(if known == Known::Front {
                end(who, "", now, "when last asked".into())
            } else {
                end(who, now, "", "when last asked".into())
            });
        }
    };
    match known {
        Known::Front => {
            let story = story_port(&model.course.stack.url);
            let called = port(seen(model), link).trim_start_matches(':').to_owned();
            let why = if called == story.to_string() {
                String::new()
            } else {
                format!("in place of {story}, which is taken")
            };
            ends.push(end("the browser calls".into(), &called, "", why));
            for mapping in fact("proxy.published").or(fact("front.published")).unwrap_or("").split(',') {
                if let Some((host, container)) = mapping.rsplit_once(':') {
                    let host = host.rsplit(':').next().unwrap_or(host);
                    ends.push(end("compose joins".into(), host, container, place("proxy.published")));
                }
            }
            let listens = fact("proxy.listen");
            if let Some(listens) = listens {
                ends.push(end(format!("{} listens on", roles.proxy), "", listens, place("proxy.listen")));
            }
            live(&mut ends, "proxy", &roles.proxy, listens);
        }
        Known::Upstream => {
            if let Some(asked) = fact("proxy.upstream_port") {
                let host = fact("proxy.upstream_host").filter(|host| *host != roles.app);
                let of = host.map(|host| format!(" {host}")).unwrap_or_default();
                ends.push(end(format!("{} calls{of}", roles.proxy), asked, "", place("proxy.upstream_port")));
            }
            let listens = fact("app.port");
            if let Some(listens) = listens {
                let from = Some(place("app.port")).filter(|place| !place.is_empty());
                let from = from.unwrap_or_else(|| "no file names one".into());
                ends.push(end(format!("{} listens on", roles.app), listens, "", from));
            }
            live(&mut ends, "app", &roles.app, listens);
        }
        Known::Database => {
            if let Some(asked) = fact("database.port") {
                let host = fact("database.host").filter(|host| *host != roles.database);
                let of = host.map(|host| format!(" {host}")).unwrap_or_default();
                ends.push(end(format!("{} calls{of}", roles.app), asked, "", place("database.port")));
            }
            ends.push(end(format!("{} listens on", roles.database), "5432", "", "Postgres' own number".into()));
            live(&mut ends, "database", &roles.database, Some("5432"));
        }
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

fn port(seen: Seen<'_>, link: usize) -> String {
    let fact =
        |name: &str| seen.facts.get(&seen.course.roles.fact(name)).map(|port| format!(":{port}")).unwrap_or_default();
    match Known::of(seen.course, link) {
        Some(Known::Front) => {
            let story = story_port(&seen.course.stack.url);
            format!(":{}", moved(seen).map_or(story, |(_, to)| to))
        }
        Some(Known::Upstream) => fact("proxy.upstream_port"),
        Some(Known::Database) => fact("database.port"),
        None => String::new(),
    }
}

/// The story's port and the one in its place. Moved once is not moved for ever: it counts while a container stands there.
fn moved(seen: Seen<'_>) -> Option<(u16, u16)> {
    let story = story_port(&seen.course.stack.url);
    let proxy = &seen.course.roles.proxy;
    let there = |port: u16| {
        let of_it = seen.containers.iter().filter(|container| container.service == *proxy);
        of_it.flat_map(|container| &container.ports).any(|published| published.host == port)
    };
    let moved = seen.progress.moved_ports.iter().find(|((_, from), to)| *from == story && there(**to));
    moved.map(|(_, to)| (story, *to))
}

/// The same for the learner's screen.
pub fn moved_front_port(model: &Model) -> Option<(u16, u16)> {
    moved(seen(model))
}

/// The ports that the proxy's container really joins, as `8080:80`; nothing where it has none, or where they were moved.
fn joined(seen: Seen<'_>) -> Option<String> {
    let proxy = &seen.course.roles.proxy;
    let moved = seen.progress.moved_ports.keys().any(|(service, _)| service == proxy);
    let ports = seen.containers.iter().filter(|one| one.service == *proxy && !moved).flat_map(|one| &one.ports);
    let mut mappings: Vec<String> = ports.map(PublishedPort::mapping).collect();
    mappings.dedup();
    (!mappings.is_empty()).then(|| mappings.join(","))
}

/// The two ends of a link, where they do not agree.
fn facing(seen: Seen<'_>, link: usize) -> Option<(String, String)> {
    let fact = |name: &str| {
        seen.facts.get(&seen.course.roles.fact(name)).map(String::as_str).filter(|value| !value.is_empty())
    };
    match Known::of(seen.course, link)? {
        Known::Front => {
            // What was saved and is not live joins nothing yet: the container's own mapping counts, where there is one.
            let joined = joined(seen);
            let published =
                joined.as_deref().or_else(|| fact("front.published")).or_else(|| fact("proxy.published"))?;
            let listen = fact("live.proxy.listens").or_else(|| fact("proxy.listen"))?;
            let story = story_port(&seen.course.stack.url).to_string();
            let agrees = published.split(',').any(|mapping| {
                let mut numbers = mapping.rsplit(':');
                let (container, host) = (numbers.next().unwrap_or(""), numbers.next().unwrap_or(""));
                host == story && listen.split(',').any(|port| port == container)
            });
            (!agrees).then(|| (format!("publishes {published}"), format!("listens :{listen}")))
        }
        Known::Upstream => {
            let asked = fact("proxy.upstream_port")?;
            let host = fact("proxy.upstream_host").unwrap_or(&seen.course.roles.app);
            let listens = fact("live.app.listens").or_else(|| fact("app.port"))?;
            let address = fact("live.app.address").or_else(|| fact("app.host")).unwrap_or("");
            let right_port = listens.split(',').any(|port| port == asked);
            let right_host = host == seen.course.roles.app;
            let reachable = !matches!(address, "127.0.0.1" | "localhost" | "::1");
            let asks = if right_host { format!("asks :{asked}") } else { format!("asks {host}:{asked}") };
            let answers =
                if reachable { format!("listens :{listens}") } else { format!("listens {address}:{listens}") };
            (!(right_port && right_host && reachable)).then_some((asks, answers))
        }
        Known::Database => {
            let asked = fact("database.port")?;
            let host = fact("database.host").unwrap_or(&seen.course.roles.database);
            let listens = fact("live.database.listens").unwrap_or("5432");
            let right_port = listens.split(',').any(|port| port == asked);
            let right_host = host == seen.course.roles.database;
            let asks = if right_host { format!("asks :{asked}") } else { format!("asks {host}:{asked}") };
            (!(right_port && right_host)).then(|| (asks, format!("listens :{listens}")))
        }
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
