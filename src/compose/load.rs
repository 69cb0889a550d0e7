//! From a directory to a stack.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use super::{
    check,
    desk::{Desk, Spot, absolute},
    dotenv,
    expand::{Variables, expand_node},
    files::{BASES, discover, read_text},
    keys, merge,
    model::{Asked, Finding, Severity, Stack},
    resources,
    service::{self, Around},
    yaml::{self, Entry, Node, Value},
};

/// `include:` and `extends:` lead to at most this many files.
const MAX_FILES: usize = 32;

/// What a stack is read with, beside its directory.
#[derive(Debug, Clone, Default)]
pub struct LoadOptions {
    /// The project's name, before any that the files or variables give.
    pub project: Option<String>,
    /// The shell's variables.
    pub env: BTreeMap<String, String>,
}

/// Reads the stack of a directory.
///
/// # Errors
/// Everything that is wrong, errors first, each with its place; never empty.
pub fn load(dir: &Path, options: &LoadOptions) -> Result<Stack, Vec<Finding>> {
    let dir = std::path::absolute(dir).map_or_else(|_| dir.to_path_buf(), |dir| absolute(&dir, "."));
    let mut desk = Desk::new(&dir);
    let stack = Loader { desk: &mut desk, variables: Variables::default(), opened: 0 }.load(&dir, options);
    let mut findings = std::mem::take(&mut desk.findings);
    findings.sort_by(|a, b| b.severity.cmp(&a.severity).then_with(|| a.place.cmp(&b.place)));
    match stack {
        Some(mut stack) if findings.iter().all(|finding| finding.severity != Severity::Error) => {
            stack.warnings = findings;
            stack.refused = desk.refused;
            stack.paths = desk.paths;
            Ok(stack)
        }
        _ => Err(findings),
    }
}

/// The project's name that a directory gives: its own name in lower case, with only `a-z`, `0-9`, `_` and `-`.
pub fn project_name(dir: &Path) -> String {
    let dir = std::path::absolute(dir).map_or_else(|_| dir.to_path_buf(), |dir| absolute(&dir, "."));
    let name = dir.file_name().map(|name| name.to_string_lossy().to_lowercase()).unwrap_or_default();
    let kept: String = name.chars().filter(|c| matches!(c, 'a'..='z' | '0'..='9' | '_' | '-')).collect();
    match kept.trim_start_matches(['_', '-']) {
        "" => "stack".to_string(),
        name => name.to_string(),
    }
}

/// What may be meant where no compose file is: one that is called otherwise, or one in a directory below, where there is one only.
fn nearest(dir: &Path) -> Option<String> {
    let (mut misnamed, mut below) = (vec![], vec![]);
    for entry in std::fs::read_dir(dir).ok()?.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let kind = entry.file_type().ok()?;
        if kind.is_dir() && BASES.iter().any(|base| entry.path().join(base).is_file()) {
            below.push(format!("`{name}` holds one: name that directory"));
        }
        let yaml = [".yml", ".yaml"].iter().any(|ending| name.to_ascii_lowercase().ends_with(ending));
        if yaml
            && !name.contains(".override.")
            && kind.is_file()
            && read_text(&entry.path()).is_ok_and(|text| text.lines().any(|line| line.starts_with("services:")))
        {
            misnamed.push(format!("`{name}` looks like one: compose finds it when it is called `docker-compose.yml`"));
        }
    }
    misnamed.append(&mut below);
    misnamed.pop().filter(|_| misnamed.is_empty())
}

struct Loader<'desk> {
    desk: &'desk mut Desk,
    variables: Variables,
    opened: usize,
}

impl Loader<'_> {
    fn load(&mut self, dir: &Path, options: &LoadOptions) -> Option<Stack> {
        self.variables.shell.clone_from(&options.env);
        let whole = self.desk.add_source(dir, dir, String::new());
        if let Err(error) = std::fs::read_dir(dir) {
            let expected = "a directory that holds a compose file";
            self.desk.error(whole, format!("the directory cannot be read: {error}"), expected);
            return None;
        }
        self.dotenv(dir);
        let files = self.files(dir);
        if files.is_empty() {
            let expected =
                nearest(dir).unwrap_or_else(|| "`docker-compose.yml` or `compose.yaml` in this directory".into());
            self.desk.error(whole, "there is no compose file", expected);
            return None;
        }
        let mut tree: Option<(Node, Spot)> = None;
        for file in &files {
            let (node, whole) = self.file(file, dir, whole, &mut vec![])?;
            tree = Some(match tree {
                Some((below, whole)) => (merge::merge(below, node, &[]), whole),
                None => (node, whole),
            });
        }
        let (mut tree, whole) = tree?;
        merge::settle(&mut tree);
        self.stack(&tree, whole, dir, files, options)
    }

    fn dotenv(&mut self, dir: &Path) {
        let path = dir.join(".env");
        if path.symlink_metadata().is_err() {
            return;
        }
        match read_text(&path) {
            Ok(text) => {
                let whole = self.desk.add_source(&path, dir, text.clone());
                self.desk.ask(Asked::EnvFile, &path, whole);
                let shell = &self.variables.shell;
                self.variables.dotenv = dotenv::parse(&text, whole, &|name| shell.get(name).cloned(), self.desk);
            }
            Err(unreadable) => {
                let whole = self.desk.add_source(&path, dir, String::new());
                self.desk.error(whole, format!("the file {}", unreadable.message), unreadable.expected);
            }
        }
    }

    /// The files that `COMPOSE_FILE` of `.env` names, or those with the usual names.
    fn files(&mut self, dir: &Path) -> Vec<PathBuf> {
        match self.variables.dotenv.get("COMPOSE_FILE").filter(|names| !names.is_empty()) {
            Some(names) => names.split(':').map(|name| absolute(dir, name)).collect(),
            None => discover(dir, self.desk),
        }
    }

    /// One file: its documents over each other, variables filled in, includes below, extensions worked in.
    fn file(&mut self, path: &Path, base: &Path, from: Spot, above: &mut Vec<PathBuf>) -> Option<(Node, Spot)> {
        let name = path.strip_prefix(&self.desk.dir).unwrap_or(path).display().to_string();
        self.opened += 1;
        if above.iter().any(|known| known == path) || self.opened > MAX_FILES {
            self.desk.error(from, format!("`{name}` is read over and over"), "files that do not include each other");
            return None;
        }
        let text = match read_text(path) {
            Ok(text) => text,
            Err(unreadable) => {
                let whole = self.desk.add_source(path, base, String::new());
                let (spot, name) = match unreadable.at {
                    Some((line, column)) => (Spot { line, column, ..whole }, "the file".to_string()),
                    None if from.line > 0 => (from, format!("`{name}`")),
                    None => (whole, "the file".to_string()),
                };
                self.desk.error(spot, format!("{name} {}", unreadable.message), unreadable.expected);
                return None;
            }
        };
        let whole = self.desk.add_source(path, base, text.clone());
        self.desk.ask(Asked::ComposeFile, path, if from.line > 0 { from } else { whole });
        above.push(path.to_path_buf());
        let mut tree: Option<Node> = None;
        for mut document in yaml::parse(&text, whole, self.desk)? {
            if document.value == Value::Null {
                continue;
            }
            if !matches!(document.value, Value::Map(_)) {
                self.desk.wrong_kind(&document, "the file", "a map", "`services:` at the left margin");
                return None;
            }
            expand_node(&mut document, &self.variables, self.desk);
            if self.desk.outgrown() {
                return None;
            }
            tree = Some(match tree {
                Some(below) => merge::merge(below, document, &[]),
                None => document,
            });
        }
        let Some(mut tree) = tree else {
            self.desk.error(whole, "the file is empty", "`services:`, and below it a name for each container");
            return None;
        };
        self.extends(&mut tree, path, above);
        let tree = self.includes(tree, above);
        above.pop();
        Some((tree, whole))
    }

    /// Lays a file over those that it includes.
    fn includes(&mut self, mut tree: Node, above: &mut Vec<PathBuf>) -> Node {
        let Value::Map(entries) = &mut tree.value else { return tree };
        let Some(at) = entries.iter().position(|entry| entry.key == "include") else { return tree };
        let include = entries.remove(at).node;
        for item in self.desk.list(&include, "include", "`- other.yml` on a line of its own").to_vec() {
            let paths = match &item.value {
                Value::Map(_) => {
                    item.get("path").map(|node| self.desk.string_or_list(node, "path")).unwrap_or_default()
                }
                _ => self.desk.string(&item, "an entry of include").into_iter().collect(),
            };
            for path in paths {
                let path = absolute(&self.desk.base(item.spot), &path);
                let base = path.parent().map(Path::to_path_buf).unwrap_or_default();
                if let Some((included, _)) = self.file(&path, &base, item.spot, above) {
                    tree = merge::merge(included, tree, &[]);
                }
            }
        }
        tree
    }

    /// Lays each service over the one that it extends.
    fn extends(&mut self, tree: &mut Node, path: &Path, above: &mut Vec<PathBuf>) {
        let Some(services) = tree.get("services").cloned() else { return };
        let Value::Map(entries) = &services.value else { return };
        if entries.iter().all(|entry| entry.node.entry("extends").is_none()) {
            return;
        }
        let names: Vec<String> = entries.iter().map(|entry| entry.key.clone()).collect();
        for name in names {
            let extended = self.extended(&services, &name, path, above, &mut vec![]);
            let Value::Map(top) = &mut tree.value else { return };
            let slot = top.iter_mut().find(|entry| entry.key == "services");
            if let (Some(node), Some(Entry { node: Node { value: Value::Map(services), .. }, .. })) = (extended, slot)
                && let Some(entry) = services.iter_mut().find(|entry| entry.key == name)
            {
                entry.node = node;
            }
        }
    }

    /// A service with all that it extends below it.
    fn extended(
        &mut self,
        services: &Node,
        name: &str,
        path: &Path,
        above: &mut Vec<PathBuf>,
        seen: &mut Vec<String>,
    ) -> Option<Node> {
        let node = services.get(name)?.clone();
        let Some(extends) = node.entry("extends").cloned() else { return Some(node) };
        if seen.iter().any(|known| known == name) || seen.len() > MAX_FILES {
            self.desk.error(extends.spot, format!("service `{name}` extends itself"), "a service that does not");
            return None;
        }
        seen.push(name.to_string());
        let (file, base) = match &extends.node.value {
            Value::Map(_) => (extends.node.get("file").cloned(), extends.node.get("service").cloned()),
            _ => (None, Some(extends.node.clone())),
        };
        let base_name = self.desk.string(&base?, "service")?;
        let below = match file.and_then(|file| self.desk.string(&file, "file")) {
            None => match services.get(&base_name) {
                Some(_) => self.extended(services, &base_name, path, above, seen)?,
                None => return self.not_there(&extends, &base_name),
            },
            Some(file) => {
                let file = absolute(&self.desk.base(extends.spot), &file);
                let dir = file.parent().map(Path::to_path_buf).unwrap_or_default();
                if file == path {
                    self.extended(services, &base_name, path, above, seen)?
                } else {
                    // That file's own extensions are worked in when it is read.
                    let (tree, _) = self.file(&file, &dir, extends.spot, above)?;
                    match tree.get("services").and_then(|services| services.get(&base_name)) {
                        Some(node) => node.clone(),
                        None => return self.not_there(&extends, &base_name),
                    }
                }
            }
        };
        Some(merge::merge(below, node, &["services", name]))
    }

    fn not_there(&mut self, extends: &Entry, name: &str) -> Option<Node> {
        self.desk.error(
            extends.spot,
            format!("`extends` names the service `{name}`, which is not there"),
            "a service that is",
        );
        None
    }

    fn stack(
        &mut self,
        tree: &Node,
        whole: Spot,
        dir: &Path,
        files: Vec<PathBuf>,
        options: &LoadOptions,
    ) -> Option<Stack> {
        let project = self.project(tree, dir, options);
        let mut stack = Stack { project, dir: dir.to_path_buf(), files, ..Stack::default() };
        let mut around = Around { variables: &self.variables, secrets: BTreeMap::new(), configs: BTreeMap::new() };
        let mut services: &[Entry] = &[];
        for entry in check::top_entries(tree, self.desk) {
            match entry.key.as_str() {
                "version" => {
                    self.desk.string(&entry.node, "version");
                }
                "services" => match &entry.node.value {
                    Value::Map(entries) => services = entries,
                    Value::Null => {}
                    _ => self.desk.wrong_kind(&entry.node, "services", "a map", "`name:` lines, indented below it"),
                },
                "networks" => stack.networks = resources::networks(&entry.node, &stack.project, self.desk),
                "volumes" => stack.volumes = resources::volumes(&entry.node, &stack.project, self.desk),
                "secrets" => around.secrets = resources::secrets(&entry.node, "secrets", &self.variables, self.desk),
                "configs" => around.configs = resources::secrets(&entry.node, "configs", &self.variables, self.desk),
                _ => {}
            }
        }
        if services.is_empty() && !self.desk.failed() {
            let spot = tree.entry("services").map_or(whole, |entry| entry.spot);
            self.desk.error(spot, "there are no services", "`services:`, and below it a name for each container");
        }
        let read = services
            .iter()
            .filter(|entry| !entry.key.starts_with("x-"))
            .map(|entry| service::service(entry, &around, self.desk))
            .collect();
        check::together(read, &mut stack, self.desk);
        let switched_on = self.variables.get("COMPOSE_PROFILES").unwrap_or_default();
        let on = |profile: &String| switched_on.split(',').any(|on| on.trim() == profile || on.trim() == "*");
        for service in stack.services.iter_mut().filter(|service| service.profiles.iter().any(on)) {
            service.profiles.clear();
        }
        Some(stack)
    }

    fn project(&mut self, tree: &Node, dir: &Path, options: &LoadOptions) -> String {
        if let Some(project) = &options.project {
            return project.clone();
        }
        if let Some(name) = self.variables.get("COMPOSE_PROJECT_NAME").filter(|name| !name.is_empty()) {
            return name;
        }
        let Some(entry) = tree.entry("name") else { return project_name(dir) };
        let name = self.desk.string(&entry.node, "name").unwrap_or_default();
        let starts = name.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit());
        if !starts || !name.chars().all(|c| matches!(c, 'a'..='z' | '0'..='9' | '_' | '-')) {
            let expected = "lower-case letters, digits, `-` and `_`, a letter or digit first";
            self.desk.error(entry.node.spot, format!("`{name}` cannot name a project"), expected);
        }
        name
    }
}

/// The keys that a file may have at its left margin, for those who tell what is misplaced.
pub(super) fn is_top_key(key: &str) -> bool {
    keys::treatment(keys::TOP, key).is_some()
}
