//! `volumes:` of a service, its `secrets:` and `configs:`.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use super::{
    desk::{Desk, Spot, absolute},
    expand::Variables,
    keys,
    model::{Asked, Mount, MountKind},
    yaml::{Node, Value},
};

/// `volumes:` of a service. A later mount on the same target takes the place of an earlier one.
pub(super) fn mounts(node: &Node, variables: &Variables, desk: &mut Desk) -> Vec<Mount> {
    let mut mounts: Vec<Mount> = vec![];
    for item in desk.list(node, "volumes", "`- ./directory:/path/in/container` on a line of its own") {
        let mount = match &item.value {
            Value::Map(_) => long(item, variables, desk),
            Value::Null => {
                desk.error(item.spot, "an entry of `volumes` is empty", "write `- name:/path/in/container`");
                None
            }
            _ => match desk.string(item, "an entry of volumes") {
                Some(text) => short(&text, item.spot, variables, desk),
                None => None,
            },
        };
        let Some(mount) = mount else { continue };
        match mounts.iter_mut().find(|known| known.target == mount.target) {
            Some(known) => *known = mount,
            None => mounts.push(mount),
        }
    }
    mounts
}

/// `[SOURCE:]TARGET[:MODE]`
fn short(text: &str, spot: Spot, variables: &Variables, desk: &mut Desk) -> Option<Mount> {
    let parts: Vec<&str> = text.split(':').collect();
    let wrong = |desk: &mut Desk, what: &str| {
        let expected =
            "write `name:/path/in/container` or `./directory:/path/in/container`, `:ro` behind it if need be";
        desk.error(spot, format!("`{text}` is not a mount: {what}"), expected);
        None
    };
    if parts.iter().any(|part| part.is_empty()) {
        return wrong(desk, "something is missing beside a colon");
    }
    let (source, target, mode) = match parts.as_slice() {
        [target] => (None, *target, ""),
        [source, target] => (Some(*source), *target, ""),
        [source, target, mode] => (Some(*source), *target, *mode),
        _ => return wrong(desk, "too many colons"),
    };
    let kind = match source {
        None => MountKind::Anonymous,
        Some(source) if is_path(source) => bind(source, spot, variables, desk),
        Some(name) => MountKind::Volume(name.to_string()),
    };
    let read_only = mode.split(',').any(|option| option == "ro");
    checked(Mount { kind, target: target.to_string(), read_only, place: desk.place(spot) }, spot, desk)
}

fn is_path(source: &str) -> bool {
    source.starts_with(['.', '/', '~'])
}

/// A bind mount: its path is noted, and told when it is not there.
fn bind(source: &str, spot: Spot, variables: &Variables, desk: &mut Desk) -> MountKind {
    let path = host_path(source, spot, variables, desk);
    desk.ask(Asked::Bind, &path, spot);
    if !path.exists() {
        let message = format!("`{source}` is not there: Docker makes an empty directory in its place");
        desk.warn(spot, message, "the path of a file or directory that exists");
    }
    MountKind::Bind(path)
}

/// A path of the host, absolute, with `~` unfolded.
pub(super) fn host_path(source: &str, spot: Spot, variables: &Variables, desk: &Desk) -> PathBuf {
    let home = || variables.get("HOME").map(PathBuf::from).or_else(std::env::home_dir);
    match source.strip_prefix('~') {
        Some(rest) if rest.is_empty() || rest.starts_with('/') => match home() {
            Some(home) => absolute(&home, rest.trim_start_matches('/')),
            None => absolute(&desk.base(spot), source),
        },
        _ => absolute(&desk.base(spot), source),
    }
}

fn checked(mount: Mount, spot: Spot, desk: &mut Desk) -> Option<Mount> {
    if !mount.target.starts_with('/') {
        let message = format!("`{}` is not an absolute path in the container", mount.target);
        desk.error(spot, message, format!("write `/{}`", mount.target.trim_start_matches("./")));
        return None;
    }
    Some(mount)
}

fn long(node: &Node, variables: &Variables, desk: &mut Desk) -> Option<Mount> {
    // `- dbdata: /var/lib`: the space makes it a map.
    if let Value::Map(entries) = &node.value
        && let [entry] = entries.as_slice()
        && let Value::Text(text) = &entry.node.value
        && text.text.starts_with('/')
        && keys::treatment(keys::MOUNT, &entry.key).is_none()
    {
        let message = format!("`{}: {}` is a map, because a space follows the colon", entry.key, text.text);
        desk.error(entry.spot, message, format!("write `{}:{}`", entry.key, text.text));
        return None;
    }
    let (mut kind, mut source, mut target, mut read_only) = (None, None, None, false);
    for entry in desk.entries(node, "a mount", keys::MOUNT) {
        match entry.key.as_str() {
            "type" => kind = desk.string(&entry.node, "type"),
            "source" => source = desk.string(&entry.node, "source").map(|source| (source, entry.node.spot)),
            "target" => target = desk.string(&entry.node, "target"),
            "read_only" => read_only = desk.boolean(&entry.node, "read_only").unwrap_or(false),
            // Options of a bind mount or a volume: nothing that this stack is run with.
            _ => {}
        }
    }
    let Some(target) = target else {
        desk.error(node.spot, "this mount has no `target`", "`target: /path/in/container`");
        return None;
    };
    let kind = match (kind.as_deref(), source) {
        (Some("bind"), Some((source, spot))) => bind(&source, spot, variables, desk),
        (Some("bind"), None) => {
            desk.error(node.spot, "this bind mount has no `source`", "`source: ./directory`");
            return None;
        }
        (Some("volume"), Some((source, _))) => MountKind::Volume(source),
        (Some("volume"), None) => MountKind::Anonymous,
        (Some("tmpfs"), _) => MountKind::Tmpfs,
        (Some(other @ ("npipe" | "cluster" | "image")), _) => {
            desk.warn(
                node.spot,
                format!("a mount of type `{other}` is passed over"),
                "Breakfix runs the stack without it",
            );
            return None;
        }
        (other, _) => {
            let message = match other {
                Some(other) => format!("`{other}` is not a type of mount"),
                None => "this mount has no `type`".to_string(),
            };
            desk.error(node.spot, message, "`type: bind`, `type: volume` or `type: tmpfs`");
            return None;
        }
    };
    checked(Mount { kind, target, read_only, place: desk.place(node.spot) }, node.spot, desk)
}

/// `secrets:` or `configs:` of a service, as the read-only binds that compose makes of them. `known` are those of the
/// file's own section that come from a file; `root` is where a bare name lands.
pub(super) fn secrets(
    node: &Node,
    section: &str,
    known: &BTreeMap<String, Option<PathBuf>>,
    desk: &mut Desk,
) -> Vec<Mount> {
    let root = if section == "secrets" { Path::new("/run/secrets") } else { Path::new("/") };
    let mut mounts = vec![];
    for item in desk.list(node, section, "`- name` on a line of its own") {
        let (source, target) = match &item.value {
            Value::Map(_) => {
                let (mut source, mut target) = (None, None);
                for entry in desk.entries(item, &format!("an entry of {section}"), keys::SECRET_USE) {
                    match entry.key.as_str() {
                        "source" => source = desk.string(&entry.node, "source"),
                        _ => target = desk.string(&entry.node, "target"),
                    }
                }
                (source, target)
            }
            _ => (desk.string(item, &format!("an entry of {section}")), None),
        };
        let Some(source) = source else { continue };
        match known.get(&source) {
            Some(Some(path)) => mounts.push(Mount {
                kind: MountKind::Bind(path.clone()),
                target: root.join(target.unwrap_or(source)).to_string_lossy().into_owned(),
                read_only: true,
                place: desk.place(item.spot),
            }),
            Some(None) => {}
            None => {
                let expected = format!("`{source}:` under `{section}:` at the left margin, with its `file:`");
                desk.error(item.spot, format!("`{source}` is not declared in `{section}`"), expected);
            }
        }
    }
    mounts
}
