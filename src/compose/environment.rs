//! `env_file:` and `environment:` of a service.

use super::{
    desk::{Desk, Spot},
    dotenv,
    expand::Variables,
    files::read_text,
    keys,
    model::{Asked, Service},
    mounts::host_path,
    yaml::{Node, Value},
};

/// Fills in the environment: the env files in their order, then `environment:`.
pub(super) fn environment(service: &Node, variables: &Variables, out: &mut Service, desk: &mut Desk) {
    for file in service.get("env_file").map(|node| env_files(node, desk)).unwrap_or_default() {
        env_file(&file, variables, out, desk);
    }
    let Some(node) = service.get("environment") else { return };
    for (name, value, _) in desk.pairs(node, "environment") {
        let inherited = || variables.get(&name).or_else(|| out.environment.get(&name).cloned().flatten());
        let value = value.or_else(inherited);
        out.environment.insert(name, value);
    }
}

struct EnvFile {
    path: String,
    spot: Spot,
    required: bool,
    raw: bool,
}

fn env_files(node: &Node, desk: &mut Desk) -> Vec<EnvFile> {
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
        for entry in desk.entries(item, "an entry of env_file", keys::ENV_FILE) {
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

fn env_file(file: &EnvFile, variables: &Variables, out: &mut Service, desk: &mut Desk) {
    let path = host_path(&file.path, file.spot, variables, desk);
    desk.ask(Asked::EnvFile, &path, file.spot);
    if !path.exists() {
        if file.required {
            let expected = "a file at that path, or `path:` and `required: false`";
            desk.error(file.spot, format!("the env file `{}` is not there", file.path), expected);
        }
        return;
    }
    let text = match read_text(&path) {
        Ok(text) => text,
        Err(unreadable) => {
            desk.error(file.spot, format!("the env file `{}` {}", file.path, unreadable.message), unreadable.expected);
            return;
        }
    };
    out.env_files.push(path.clone());
    // The same file may be named any number of times.
    desk.grown(file.spot, text.len());
    if desk.outgrown() {
        return;
    }
    let base = desk.base(file.spot);
    let whole = desk.add_source(&path, &base, text.clone());
    let values = if file.raw {
        text.lines()
            .filter(|line| !line.trim_start().starts_with('#'))
            .filter_map(|line| line.split_once('='))
            .map(|(name, value)| (name.trim().to_string(), value.to_string()))
            .collect()
    } else {
        dotenv::parse(&text, whole, &|name| variables.get(name), desk)
    };
    out.environment.extend(values.into_iter().map(|(name, value)| (name, Some(value))));
}
