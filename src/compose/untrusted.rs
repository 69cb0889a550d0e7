//! What an untrusted stack asks for and does not get.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    path::{Path, PathBuf},
};

use super::{
    build_context::entries,
    dockerfile,
    door::{Door, FileKind, real},
    model::{Asked, Finding, MountKind, PathRequest, Place, Service, Severity, Stack},
    untrusted_build,
};

/// Things in all bind mounts and contexts that are looked at for links; more are refused.
const MAX_ENTRIES: usize = 50_000;
/// Directories in directories; fewer than the door lets through.
const MAX_DEPTH: usize = 256;
/// Instructions of a Dockerfile: each is a layer or a container for the builder.
const MAX_INSTRUCTIONS: usize = 250;

/// Containers, networks, mounts and published ports of one stack: each takes something of the host, and limits on one do not bound
/// many.
const MAX_CONTAINERS: usize = 16;
const MAX_MOUNTS: usize = 256;
const MAX_NETWORKS: usize = 16;
const MAX_PORTS: usize = 64;

/// Everything for which a stack of a stranger is not run, each with the line that asks for it: rights over the host,
/// parts of other stacks, and paths outside the stack's directory, symbolic links followed. Empty for a stack that keeps
/// to itself.
pub fn refusals(stack: &Stack) -> Vec<Finding> {
    let mut refused = stack.refused.clone();
    refused.extend(too_many(stack));
    let root = real(&stack.dir);
    let mut links = Links { root: &root, door: Door::beneath(&stack.dir), walked: BTreeSet::new(), seen: 0 };
    for request in &stack.paths {
        if let Some(finding) = outside(request, &root) {
            refused.push(finding);
            continue;
        }
        if matches!(request.asked, Asked::Bind | Asked::Context) {
            refused.extend(links.inside(request));
        }
    }
    for service in &stack.services {
        // `volumes_from` and `extends` hand mounts on: each is noted where it stands, so this catches what is left.
        for mount in &service.mounts {
            if let MountKind::Bind(path) = &mount.kind
                && !stack.paths.iter().any(|request| request.path == *path)
            {
                let place = mount.place.clone();
                let request = PathRequest { asked: Asked::Bind, path: path.clone(), place, line_text: String::new() };
                refused.extend(outside(&request, &root));
            }
        }
    }
    refused.extend(stack.services.iter().filter_map(endless_dockerfile));
    refused.extend(untrusted_build::refusals(stack));
    refused.sort_by(|a, b| a.place.cmp(&b.place));
    refused.dedup();
    refused
}

/// The paths that lead out of a directory, each with the line that asks for it.
pub(super) fn refused_paths(paths: &[PathRequest], dir: &Path) -> Vec<Finding> {
    let root = real(dir);
    paths.iter().filter_map(|request| outside(request, &root)).collect()
}

fn refused(request: &PathRequest, message: String, expected: &str) -> Finding {
    Finding {
        severity: Severity::Refused,
        place: request.place.clone(),
        line_text: request.line_text.clone(),
        message,
        expected: expected.to_string(),
    }
}

/// The services that an `up` starts: those without a profile, and what they wait for, with one or without.
fn started(stack: &Stack) -> Vec<&Service> {
    let by_name: BTreeMap<&str, &Service> =
        stack.services.iter().map(|service| (service.name.as_str(), service)).collect();
    let mut open: VecDeque<&Service> =
        stack.services.iter().filter(|service| service.profiles.is_empty() && service.scale > 0).collect();
    let mut names: BTreeSet<&str> = open.iter().map(|service| service.name.as_str()).collect();
    let mut started = vec![];
    while let Some(service) = open.pop_front() {
        started.push(service);
        let needed = service.depends_on.iter().filter_map(|dependency| by_name.get(dependency.service.as_str()));
        open.extend(needed.filter(|service| names.insert(&service.name)));
    }
    started
}

/// A Dockerfile that would keep the builder busy for its own sake.
fn endless_dockerfile(service: &Service) -> Option<Finding> {
    let build = service.build.as_ref()?;
    // One that cannot be read is told by the build.
    let text = build.dockerfile_text().ok()?;
    let source = dockerfile::Text::of(&text);
    let read = source.read();
    // What cannot be read may be anything: each of its lines counts.
    let count = if read.is_whole { read.instructions.len() } else { text.lines().count() };
    (count > MAX_INSTRUCTIONS).then(|| Finding {
        severity: Severity::Refused,
        place: build.place.clone(),
        line_text: String::new(),
        message: format!("the Dockerfile holds more than {MAX_INSTRUCTIONS} instructions"),
        expected: "fewer of them".to_string(),
    })
}

/// More of something than a stack needs, with the first one that is too many.
fn too_many(stack: &Stack) -> Vec<Finding> {
    let started = started(stack);
    let ports = started.iter().flat_map(|service| &service.ports);
    let mounts = stack.services.iter().flat_map(|service| &service.mounts);
    let counted: [(&str, usize, Option<&Place>); 4] = [
        ("containers", MAX_CONTAINERS, started.get(MAX_CONTAINERS).map(|service| &service.place)),
        ("networks", MAX_NETWORKS, stack.networks.values().nth(MAX_NETWORKS).map(|network| &network.place)),
        ("mounts", MAX_MOUNTS, mounts.map(|mount| &mount.place).nth(MAX_MOUNTS)),
        ("published ports", MAX_PORTS, ports.map(|port| &port.place).nth(MAX_PORTS)),
    ];
    let told = |(what, most, place): (&str, usize, Option<&Place>)| {
        Some(Finding {
            severity: Severity::Refused,
            place: place?.clone(),
            line_text: String::new(),
            message: format!("the stack asks for more than {most} {what}"),
            expected: "fewer of them".to_string(),
        })
    };
    counted.into_iter().filter_map(told).collect()
}

fn what(asked: Asked) -> &'static str {
    match asked {
        Asked::Bind => "a mount",
        Asked::Context => "a build context",
        Asked::Dockerfile => "a Dockerfile",
        Asked::EnvFile => "an env file",
        Asked::ComposeFile => "a compose file",
        Asked::Secret => "a secret or config",
    }
}

fn outside(request: &PathRequest, root: &Path) -> Option<Finding> {
    let real = real(&request.path);
    if real.file_name().is_some_and(|name| name == "docker.sock") {
        let message = "a mount hands over Docker's own socket".to_string();
        return Some(refused(request, message, "it gives the whole host away"));
    }
    if real.starts_with(root) {
        return None;
    }
    let message = format!("{} lies outside the directory: {}", what(request.asked), request.path.display());
    let why =
        if request.path.starts_with(root) { "a symbolic link leads there" } else { "a path inside the directory" };
    Some(refused(request, message, why))
}

/// Looks for links that lead out of the directory.
struct Links<'r> {
    root: &'r Path,
    door: Door,
    /// Mounts and contexts that were looked at: the same one may be asked for any number of times.
    walked: BTreeSet<PathBuf>,
    /// Things in them.
    seen: usize,
}

impl Links<'_> {
    /// A link below a mount or context that leads out of the directory.
    fn inside(&mut self, request: &PathRequest) -> Option<Finding> {
        if !self.walked.insert(request.path.clone()) {
            return None;
        }
        let mut open = vec![PathBuf::new()];
        while let Some(dir) = open.pop() {
            if dir.components().count() > MAX_DEPTH {
                let message = format!("{} holds directories in directories, {MAX_DEPTH} deep", what(request.asked));
                return Some(refused(request, message, "fewer of them"));
            }
            // What cannot be read can't be sent either; the build says so.
            for (path, kind, _) in entries(&self.door, &request.path, &dir).unwrap_or_default() {
                self.seen += 1;
                let absolute = request.path.join(&path);
                match kind {
                    FileKind::Directory => open.push(path),
                    FileKind::Symlink if !real(&absolute).starts_with(self.root) => {
                        let shown = absolute.strip_prefix(self.root).unwrap_or(&absolute).display();
                        let message =
                            format!("{} holds a symbolic link that leaves the directory: {shown}", what(request.asked));
                        return Some(refused(request, message, "the file itself in its place"));
                    }
                    FileKind::Symlink | FileKind::File => {}
                }
                if self.seen > MAX_ENTRIES {
                    let message = format!("{} holds more than {MAX_ENTRIES} files", what(request.asked));
                    return Some(refused(request, message, "fewer of them"));
                }
            }
        }
        None
    }
}
