//! `volumes:` of a service, its `secrets:` and `configs:`.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use super::{
    diagnostics::Diagnostics,
    door::Found,
    interpolate::Variables,
    model::{Asked, InlineFile, Mount, MountKind, MountOptions, Service},
    schema,
    secret_source::SecretSource,
    source_map::{Spot, absolute},
    yaml::{Entry, Node, Value},
};

/// `volumes:` of a service. A later mount on the same target takes the place of an earlier one.
pub(super) fn mounts(node: &Node, variables: &Variables, desk: &mut Diagnostics) -> Vec<Mount> {
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

/// `[SOURCE:]TARGET[:OPTIONS]`
fn short(text: &str, spot: Spot, variables: &Variables, desk: &mut Diagnostics) -> Option<Mount> {
    let wrong = |desk: &mut Diagnostics, what: &str| {
        let expected =
            "write `name:/path/in/container` or `./directory:/path/in/container`, `:ro` behind it if need be";
        desk.error(spot, format!("`{text}` is not a mount: {what}"), expected);
        None
    };
    let parts = parts(text);
    if parts.iter().any(|part| part.is_empty()) {
        let what = if text.is_empty() { "it is empty" } else { "something is missing beside a colon" };
        return wrong(desk, what);
    }
    let (source, target, words) = match parts.as_slice() {
        [target] => (None, *target, ""),
        [source, target] => (Some(*source), *target, ""),
        [source, target, words] => (Some(*source), *target, *words),
        _ => return wrong(desk, "too many colons"),
    };
    let (mut read_only, mut options) = (false, MountOptions { create_host_path: true, ..MountOptions::default() });
    for word in words.split(',') {
        match word {
            "ro" => read_only = true,
            "rw" => read_only = false,
            "nocopy" => options.nocopy = true,
            "z" | "Z" => options.selinux = Some(word.to_string()),
            "private" | "rprivate" | "shared" | "rshared" | "slave" | "rslave" => {
                options.propagation = Some(word.to_string());
            }
            "" => {}
            other => {
                let message = format!("the option `{other}` of a mount does nothing, to compose neither");
                desk.warn(desk.files.spot_of(spot, other), message, "`ro`, `rw`, `z`, `Z` or `nocopy`");
            }
        }
    }
    let kind = match source {
        None => MountKind::Anonymous,
        Some(source) if is_path(source) => bind(source, spot, &options, variables, desk),
        Some(name) => MountKind::Volume(name.to_string()),
    };
    let target = clean(target);
    checked(Mount { kind, target, read_only, options, place: desk.files.place(spot) }, spot, desk)
}

/// What stands between the colons; the one behind a single letter is that of a drive of Windows.
fn parts(text: &str) -> Vec<&str> {
    if text.len() <= 2 {
        return vec![text];
    }
    let mut parts = vec![];
    let mut start = 0;
    for (at, _) in text.match_indices(':') {
        let part = &text[start..at];
        if part.chars().count() == 1 && part.chars().all(char::is_alphabetic) {
            continue;
        }
        parts.push(part);
        start = at + 1;
    }
    parts.push(&text[start..]);
    parts
}

fn is_path(source: &str) -> bool {
    let drive = source.as_bytes().get(1) == Some(&b':');
    source.starts_with(['.', '/', '~']) || source.starts_with("\\\\") || drive
}

/// A path in the container without `.`, `..` and doubled slashes.
fn clean(target: &str) -> String {
    if !target.starts_with('/') {
        return target.to_string();
    }
    absolute(Path::new("/"), target).to_string_lossy().into_owned()
}

/// A bind mount: its path is noted, and told when it is not there.
fn bind(source: &str, spot: Spot, options: &MountOptions, variables: &Variables, desk: &mut Diagnostics) -> MountKind {
    let path = host_path(source, spot, variables, desk);
    desk.ask(Asked::Bind, &path, spot);
    let nothing = desk.door.look(&path) == Found::Nothing;
    if nothing && !options.create_host_path {
        let expected = "the path of a file or directory that exists, or `bind: {create_host_path: true}`";
        desk.error(spot, format!("`{source}` is not there, and Docker makes none for this form of a mount"), expected);
    } else if nothing {
        let message = format!("`{source}` is not there: Docker makes an empty directory in its place");
        desk.warn(spot, message, "the path of a file or directory that exists");
    }
    MountKind::Bind(path)
}

/// A path of the host, absolute, with `~` unfolded.
pub(super) fn host_path(source: &str, spot: Spot, variables: &Variables, desk: &Diagnostics) -> PathBuf {
    let home = || variables.get("HOME").map(PathBuf::from).or_else(std::env::home_dir);
    match source.strip_prefix('~') {
        Some(rest) if rest.is_empty() || rest.starts_with('/') => match home() {
            Some(home) => absolute(&home, rest.trim_start_matches('/')),
            None => absolute(&desk.files.base(spot), source),
        },
        _ => absolute(&desk.files.base(spot), source),
    }
}

fn checked(mount: Mount, spot: Spot, desk: &mut Diagnostics) -> Option<Mount> {
    if !mount.target.starts_with('/') {
        let message = format!("`{}` is not an absolute path in the container", mount.target);
        desk.error(spot, message, format!("write `/{}`", mount.target.trim_start_matches("./")));
        return None;
    }
    Some(mount)
}

fn long(node: &Node, variables: &Variables, desk: &mut Diagnostics) -> Option<Mount> {
    // `- dbdata: /var/lib`: the space makes it a map.
    if let Value::Map(entries) = &node.value
        && let [entry] = entries.as_slice()
        && let Value::Text(text) = &entry.node.value
        && text.text.starts_with('/')
        && schema::treatment(schema::MOUNT, &entry.key).is_none()
    {
        let message = format!("`{}: {}` is a map, because a space follows the colon", entry.key, text.text);
        desk.error(entry.spot, message, format!("write `{}:{}`", entry.key, text.text));
        return None;
    }
    let (mut kind, mut source, mut target, mut read_only) = (None, None, None, false);
    let mut options = MountOptions::default();
    for entry in desk.entries(node, "a mount", schema::MOUNT) {
        let value = &entry.node;
        match entry.key.as_str() {
            "type" => kind = desk.string(value, "type"),
            "source" => source = desk.string(value, "source").map(|source| (source, value.spot)),
            "target" => target = desk.string(value, "target"),
            "read_only" => read_only = desk.boolean(value, "read_only").unwrap_or(false),
            _ => options_of(entry, &mut options, desk),
        }
    }
    let Some(target) = target else {
        desk.error(node.spot, "this mount has no `target`", "`target: /path/in/container`");
        return None;
    };
    let kind = match (kind.as_deref(), source) {
        (Some("bind"), Some((source, spot))) => bind(&source, spot, &options, variables, desk),
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
    let target = clean(&target);
    checked(Mount { kind, target, read_only, options, place: desk.files.place(node.spot) }, node.spot, desk)
}

/// `bind:`, `volume:` and `tmpfs:` of a long mount.
fn options_of(section: &Entry, options: &mut MountOptions, desk: &mut Diagnostics) {
    let known = match section.key.as_str() {
        "bind" => schema::BIND,
        "volume" => schema::MOUNTED_VOLUME,
        _ => schema::MOUNTED_TMPFS,
    };
    for entry in desk.entries(&section.node, &section.key, known) {
        let (key, value) = (entry.key.as_str(), &entry.node);
        match key {
            "propagation" => options.propagation = desk.string(value, key).filter(|word| !word.is_empty()),
            "create_host_path" => options.create_host_path = desk.boolean(value, key).unwrap_or(false),
            "selinux" => options.selinux = desk.string(value, key),
            "recursive" => options.recursive = desk.string(value, key),
            "nocopy" => options.nocopy = desk.boolean(value, key).unwrap_or(false),
            "subpath" => options.subpath = desk.string(value, key).filter(|path| !path.is_empty()),
            "size" => options.size = desk.bytes(value, key).filter(|bytes| *bytes != 0),
            _ if value.type_name() == "string" => desk.error(value.spot, "`mode` is text", "a number: `0700`"),
            _ => options.mode = desk.integer(value, key, 0, i64::from(u32::MAX)),
        }
    }
}

/// `secrets:` or `configs:` of a service: read-only binds of what comes from a file, small files of what comes from
/// elsewhere. `known` are those of the file's own section; a bare name lands in `/run/secrets`, or at the root.
pub(super) fn secrets(
    node: &Node,
    section: &str,
    known: &BTreeMap<String, SecretSource>,
    read: &mut Service,
    desk: &mut Diagnostics,
) {
    let root = if section == "secrets" { Path::new("/run/secrets") } else { Path::new("/") };
    for item in desk.list(node, section, "`- name` on a line of its own") {
        let (mut source, mut target, mut owner, mut mode) = (None, None, [None, None], None);
        match &item.value {
            Value::Map(_) => {
                for entry in desk.entries(item, &format!("an entry of {section}"), schema::SECRET_USE) {
                    let (key, value) = (entry.key.as_str(), &entry.node);
                    match key {
                        "source" => source = desk.string(value, key),
                        "target" => target = desk.string(value, key).filter(|target| !target.is_empty()),
                        "uid" => owner[0] = desk.string(value, key),
                        "gid" => owner[1] = desk.string(value, key),
                        _ => mode = desk.integer(value, key, 0, 0o7777),
                    }
                }
            }
            _ => source = desk.string(item, &format!("an entry of {section}")),
        }
        let Some(source) = source else {
            desk.general_error(item.mark(), format!("an entry of `{section}` names no `source`"), "`source: name`");
            continue;
        };
        let place = desk.files.place(item.mark());
        let target = root.join(target.as_ref().unwrap_or(&source)).to_string_lossy().into_owned();
        match known.get(&source) {
            Some(SecretSource::File(path, spot)) => {
                if desk.door.look(path) == Found::Nothing {
                    let message = format!("the file `{}` is not there", path.display());
                    desk.lacking(*spot, message, "a file at that path");
                }
                let kind = MountKind::Bind(path.clone());
                read.mounts.push(Mount { kind, target, read_only: true, options: MountOptions::default(), place });
            }
            Some(SecretSource::Text(content)) => {
                let [uid, gid] = owner.map(|id| id.and_then(|id| id.parse().ok()).unwrap_or(0));
                let mode = mode.and_then(|mode| u32::try_from(mode).ok()).unwrap_or(0o444);
                read.files.push(InlineFile { target, content: content.clone(), uid, gid, mode, place });
            }
            Some(SecretSource::Unset(variable)) => {
                let message = format!("`{source}` of {section} comes from the variable `{variable}`, which is not set");
                desk.lacking(item.mark(), message, format!("`{variable}=…` in `.env`, or in the shell"));
            }
            Some(SecretSource::Elsewhere) => {
                let message = format!("`{source}` of {section} comes from elsewhere: only a swarm has such");
                desk.lacking(item.mark(), message, "`file:`, `environment:` or, for a config, `content:`");
            }
            None => {
                let expected = format!("`{source}:` under `{section}:` at the left margin, with its `file:`");
                desk.lacking(item.spot, format!("`{source}` is not declared in `{section}`"), expected);
            }
        }
    }
}
