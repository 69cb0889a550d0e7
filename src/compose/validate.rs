//! What only the whole of the files tells: names that lead nowhere, circles, keys under the wrong level.

use super::{
    diagnostics::Diagnostics,
    model::{Dependency, MountKind, Network, NetworkAttachment, Stack},
    resources::default_name,
    schema::{self, nearest},
    service::Read,
    yaml::{Entry, Node, Value},
};

/// The lines at the left margin. A service, or a service's key, that stands there is told as what it is.
pub(super) fn top_entries<'n>(tree: &'n Node, desk: &mut Diagnostics) -> Vec<&'n Entry> {
    let Value::Map(entries) = &tree.value else { return vec![] };
    let mut rest = vec![];
    for entry in entries {
        let service = entry.node.get("image").is_some() || entry.node.get("build").is_some();
        if schema::treatment(schema::TOP, &entry.key).is_some() || entry.key.starts_with("x-") {
            rest.push(entry.clone());
        } else if service {
            let message = format!("`{}` looks like a service, and stands at the left margin", entry.key);
            desk.error(entry.spot, message, "indented below `services:`");
        } else if schema::treatment(schema::SERVICE, &entry.key).is_some() {
            let message = format!("`{}` belongs to a service, and stands at the left margin", entry.key);
            desk.error(entry.spot, message, "indented below the name of its service");
        } else {
            rest.push(entry.clone());
        }
    }
    desk.entries(&Node::new(tree.spot, Value::Map(rest)), "the file", schema::TOP);
    entries.iter().filter(|entry| schema::treatment(schema::TOP, &entry.key) == Some(schema::Treatment::Read)).collect()
}

/// Judges the services together, and puts them into the stack. One whose profile is not switched on is there for nobody,
/// and what it lacks is no fault.
pub(super) fn together(mut read: Vec<Read>, stack: &mut Stack, desk: &mut Diagnostics) {
    let names: Vec<String> = read.iter().map(|read| read.service.name.clone()).collect();
    let awake: Vec<String> = read.iter().filter(|read| is_awake(read)).map(|read| read.service.name.clone()).collect();
    for read in &read {
        if !valid_name(&read.service.name) {
            let message = format!("`{}` cannot name a service", read.service.name);
            desk.error(read.spot, message, "letters, digits, `.`, `-` and `_`");
        }
    }
    for read in read.iter().filter(|read| is_awake(read)) {
        for (name, spot) in read.names.iter().filter(|(name, _)| !awake.contains(name)) {
            if names.contains(name) {
                let optional = |dependency: &Dependency| dependency.service == *name && !dependency.required;
                if !read.service.depends_on.iter().any(optional) {
                    let message = format!("service `{}` needs `{name}`, whose profile is off", read.service.name);
                    let expected = "no `profiles:` there, `required: false` here, or the profile in COMPOSE_PROFILES";
                    desk.error(*spot, message, expected);
                }
            } else {
                let message = format!("service `{}` names the service `{name}`, which is not there", read.service.name);
                desk.error(*spot, message, meant(name, names.iter().map(String::as_str), "services"));
            }
        }
        for (name, spot) in &read.networks {
            if name != "default" && !stack.networks.contains_key(name) {
                let message = format!("the network `{name}` is not declared");
                let expected = meant(name, stack.networks.keys().map(String::as_str), "networks");
                desk.error(*spot, message, expected);
            }
        }
    }
    let all = read.iter().filter(|read| is_awake(read));
    named_volumes(all, stack, desk);
    circles(&read, desk);
    take_over(&mut read);
    for read in &mut read {
        // `required: false`: a service that is not there is not waited for.
        read.service.depends_on.retain(|dependency| dependency.required || awake.contains(&dependency.service));
    }
    for read in &mut read {
        if read.service.network_mode.is_none() && read.service.networks.is_empty() {
            read.service.networks.push(NetworkAttachment { network: "default".into(), ..NetworkAttachment::default() });
        }
    }
    let uses_default = |read: &Read| read.service.networks.iter().any(|network| network.network == "default");
    if let Some(first) = read.iter().find(|read| uses_default(read))
        && !stack.networks.contains_key("default")
    {
        let name = default_name(&stack.project, "default", false);
        let network = Network { name, place: desk.files.place(first.spot), ..Network::default() };
        stack.networks.insert("default".into(), network);
    }
    container_names(&read, desk);
    stack.services = read.into_iter().map(|read| read.service).collect();
}

fn is_awake(read: &Read) -> bool {
    read.service.profiles.is_empty()
}

fn valid_name(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_'))
}

/// "Did you mean", or where such a name is declared.
fn meant<'k>(name: &str, known: impl IntoIterator<Item = &'k str> + Clone, section: &str) -> String {
    match nearest(name, known.clone()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => {
            let known: Vec<String> = known.into_iter().take(8).map(|name| format!("`{name}`")).collect();
            match known.as_slice() {
                [] => format!("`{name}:` under `{section}:` at the left margin"),
                _ => format!("one of {}, or `{name}:` under `{section}:`", known.join(", ")),
            }
        }
    }
}

fn named_volumes<'r>(read: impl Iterator<Item = &'r Read>, stack: &Stack, desk: &mut Diagnostics) {
    for read in read {
        for mount in &read.service.mounts {
            let MountKind::Volume(name) = &mount.kind else { continue };
            if stack.volumes.contains_key(name) {
                continue;
            }
            let expected = if name.contains('/') {
                format!("`./{name}` for a directory beside the compose file")
            } else {
                match nearest(name, stack.volumes.keys().map(String::as_str)) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("`{name}:` under `volumes:` at the left margin, or `./{name}` for a directory"),
                }
            };
            let message = format!("service `{}` uses the volume `{name}`, which is not declared", read.service.name);
            desk.error_at(&mount.place, message, expected);
        }
    }
}

/// Tells the first circle of dependencies.
fn circles(read: &[Read], desk: &mut Diagnostics) {
    let mut done: Vec<&str> = vec![];
    for start in read.iter().filter(|read| is_awake(read)) {
        let mut path: Vec<&str> = vec![];
        if let Some(circle) = circle(read, &start.service.name, &mut path, &mut done) {
            let message = match circle.as_slice() {
                [one, _] => format!("service `{one}` waits for itself"),
                _ => format!("the services wait for each other: {}", circle.join(" → ")),
            };
            desk.error(start.spot, message, "one dependency less");
            return;
        }
    }
}

fn circle<'r>(
    read: &'r [Read],
    name: &'r str,
    path: &mut Vec<&'r str>,
    done: &mut Vec<&'r str>,
) -> Option<Vec<String>> {
    if let Some(at) = path.iter().position(|known| *known == name) {
        return Some(path[at..].iter().copied().chain([name]).map(str::to_string).collect());
    }
    // A chain of this length is no stack of ours, and would only deepen the recursion.
    if done.contains(&name) || path.len() > 200 {
        return None;
    }
    path.push(name);
    let service = read.iter().find(|read| read.service.name == name);
    for dependency in service.map(|read| read.service.depends_on.as_slice()).unwrap_or_default() {
        if let Some(found) = circle(read, &dependency.service, path, done) {
            return Some(found);
        }
    }
    path.pop();
    done.push(name);
    None
}

/// `volumes_from:` takes over the mounts of another service.
fn take_over(read: &mut [Read]) {
    for at in 0..read.len() {
        for (name, read_only) in read[at].volumes_from.clone() {
            let mounts = read.iter().find(|other| other.service.name == name).map(|other| other.service.mounts.clone());
            let own = &mut read[at].service.mounts;
            for mut mount in mounts.unwrap_or_default() {
                mount.read_only |= read_only;
                if own.iter().all(|known| known.target != mount.target) {
                    own.push(mount);
                }
            }
        }
    }
}

fn container_names(read: &[Read], desk: &mut Diagnostics) {
    for (at, one) in read.iter().enumerate() {
        let Some(name) = one.service.container_name.as_ref().filter(|_| is_awake(one)) else { continue };
        if read[..at].iter().any(|other| is_awake(other) && other.service.container_name.as_ref() == Some(name)) {
            let message = format!("two services have the container name `{name}`");
            desk.error(one.spot, message, "a name for each, or no `container_name` at all");
        }
    }
}
