//! `env_file:` and `environment:` of a service.

use super::{
    diagnostics::Diagnostics,
    door::Found,
    dotenv,
    files::read_text,
    interpolate::Variables,
    model::{Asked, Service},
    mounts::host_path,
    schema,
    source_map::Spot,
    yaml::{Node, Value},
};

/// Fills in the environment: the env files in their order, then `environment:`.
pub(super) fn environment(service: &Node, variables: &Variables, out: &mut Service, desk: &mut Diagnostics) {
    for file in service.get("env_file").map(|node| env_files(node, desk)).unwrap_or_default() {
        env_file(&file, variables, out, desk);
    }
    let Some(node) = service.get("environment") else { return };
    for (name, value, _) in desk.pairs(node, "environment") {
        // A name alone takes the shell's value, or none: not that of an env file.
        let value = value.or_else(|| variables.get(&name));
        out.environment.insert(name, value);
    }
}

/// The labels: the label files in their order, then `labels:`.
pub(super) fn labels(service: &Node, variables: &Variables, out: &mut Service, desk: &mut Diagnostics) {
    for file in service.get("label_file").map(|node| env_files(node, desk)).unwrap_or_default() {
        let Some((text, whole)) = read(&file, "label file", variables, desk) else { continue };
        let known = out.labels.clone();
        out.labels.extend(dotenv::parse(&text, whole, &|name| known.get(name).cloned(), desk));
    }
    if let Some(node) = service.get("labels") {
        out.labels.extend(desk.labels(node, "labels"));
    }
}

struct EnvFile {
    path: String,
    spot: Spot,
    required: bool,
    raw: bool,
}

fn env_files(node: &Node, desk: &mut Diagnostics) -> Vec<EnvFile> {
    let short = |path: String, spot| EnvFile { path, spot, required: true, raw: false };
    let items = match &node.value {
        Value::List(items) => items.as_slice(),
        _ => std::slice::from_ref(node),
    };
    let mut files = vec![];
    for item in items {
        if !matches!(item.value, Value::Map(_)) {
            files.extend(desk.string(item, "env_file").map(|path| short(path, item.spot)));
            continue;
        }
        let mut file = short(String::new(), item.spot);
        for entry in desk.entries(item, "an entry of env_file", schema::ENV_FILE) {
            match entry.key.as_str() {
                "path" => {
                    file.path = desk.string(&entry.node, "path").unwrap_or_default();
                    file.spot = entry.node.spot;
                }
                "required" => file.required = desk.boolean(&entry.node, "required").unwrap_or(true),
                _ => file.raw = desk.string(&entry.node, "format").as_deref() == Some("raw"),
            }
        }
        if file.path.is_empty() {
            desk.error(item.spot, "this env file has no `path`", "`path: ./app.env`");
            continue;
        }
        files.push(file);
    }
    files
}

fn env_file(file: &EnvFile, variables: &Variables, out: &mut Service, desk: &mut Diagnostics) {
    let Some((text, whole)) = read(file, "env file", variables, desk) else { return };
    out.env_files.push(host_path(&file.path, file.spot, variables, desk));
    let values = if file.raw {
        text.lines()
            .filter(|line| !line.trim_start().starts_with('#'))
            .filter_map(|line| line.split_once('='))
            .map(|(name, value)| (name.trim().to_string(), value.to_string()))
            .collect()
    } else {
        // What earlier files say counts more than what the shell says.
        let known = out.environment.clone();
        let outer = |name: &str| known.get(name).cloned().flatten().or_else(|| variables.get(name));
        dotenv::parse(&text, whole, &outer, desk)
    };
    out.environment.extend(values.into_iter().map(|(name, value)| (name, Some(value))));
}

/// The text of a file of variables, and the position that stands for the whole of it.
fn read(file: &EnvFile, what: &str, variables: &Variables, desk: &mut Diagnostics) -> Option<(String, Spot)> {
    let path = host_path(&file.path, file.spot, variables, desk);
    desk.ask(Asked::EnvFile, &path, file.spot);
    if desk.door.look(&path) == Found::Nothing {
        if file.required {
            let expected = "a file at that path, or `path:` and `required: false`";
            desk.lacking(file.spot, format!("the {what} `{}` is not there", file.path), expected);
        }
        return None;
    }
    let text = match read_text(&desk.door, &path) {
        Ok(text) => text,
        // Its path is refused.
        Err(unreadable) if unreadable.outside => return None,
        Err(unreadable) => {
            let message = format!("the {what} `{}` {}", file.path, unreadable.message);
            if unreadable.special && desk.door.is_narrow() {
                desk.refuse(file.spot, message, unreadable.expected);
                return None;
            }
            desk.lacking(file.spot, message, unreadable.expected);
            return None;
        }
    };
    // The same file may be named any number of times.
    desk.grown(file.spot, text.len());
    if desk.outgrown() {
        return None;
    }
    let base = desk.files.base(file.spot);
    let whole = desk.files.add(&path, &base, text.clone());
    Some((text, whole))
}
