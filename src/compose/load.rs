//! From a directory to a stack: which files count, what they are read with, and what they ask for together.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use super::{
    diagnostics::Diagnostics,
    door::{Closed, Door, FileKind, Found},
    dotenv,
    files::{BASES, discover, read_text},
    interpolate::{Variables, expand},
    layers::Layers,
    model::{Asked, Finding, Severity, Stack},
    resources,
    scalar::Scalar,
    service::{self, Around},
    source_map::{Spot, absolute},
    untrusted, untrusted_build, validate,
    yaml::{Entry, Node, Value},
};

/// Names that are separated in a variable when `COMPOSE_PATH_SEPARATOR` does not say otherwise.
const SEPARATOR: &str = ":";

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
    through(Door::default(), dir, options)
}

/// Reads a stranger's stack: nothing outside its directory is opened, neither now nor by what is made of the stack later.
///
/// # Errors
/// As [`load`]; what is refused comes before what is wrong.
pub fn load_beneath(dir: &Path, options: &LoadOptions) -> Result<Stack, Vec<Finding>> {
    through(Door::beneath(dir), dir, options)
}

fn through(door: Door, dir: &Path, options: &LoadOptions) -> Result<Stack, Vec<Finding>> {
    let dir = std::path::absolute(dir).map_or_else(|_| dir.to_path_buf(), |dir| absolute(&dir, "."));
    let mut desk = Diagnostics::new(&dir, door);
    let stack = Loader { desk: &mut desk, variables: Variables::default() }.load(&dir, options);
    desk.settle();
    let mut findings = std::mem::take(&mut desk.findings);
    findings.sort_by(|a, b| b.severity.cmp(&a.severity).then_with(|| a.place.cmp(&b.place)));
    match stack {
        Some(mut stack) if findings.iter().all(|finding| finding.severity != Severity::Error) => {
            stack.warnings = findings;
            stack.passed_over = desk.passed_over;
            stack.refused = desk.refused;
            stack.paths = desk.paths;
            Ok(stack)
        }
        _ => {
            if desk.door.is_narrow() {
                let mut refused = untrusted::refused_paths(&desk.paths, &dir);
                refused.append(&mut desk.refused);
                refused.extend(untrusted_build::of_builds(&desk.builds, &dir));
                refused.sort_by(|a, b| a.place.cmp(&b.place));
                findings.splice(..0, refused);
            }
            Err(findings)
        }
    }
}

/// The project's name that a directory gives: its own name in lower case, with only `a-z`, `0-9`, `_` and `-`.
pub fn project_name(dir: &Path) -> String {
    let dir = std::path::absolute(dir).map_or_else(|_| dir.to_path_buf(), |dir| absolute(&dir, "."));
    match normalized(&dir.file_name().map(|name| name.to_string_lossy()).unwrap_or_default()) {
        name if name.is_empty() => "stack".to_string(),
        name => name,
    }
}

/// A name as compose makes it one of a project.
fn normalized(name: &str) -> String {
    let kept: String = name.to_lowercase().chars().filter(|c| matches!(c, 'a'..='z' | '0'..='9' | '_' | '-')).collect();
    kept.trim_start_matches(['_', '-']).to_string()
}

/// What may be meant where no compose file is: one that is called otherwise, or one in a directory below, where there is one only.
fn nearest(dir: &Path, door: &Door) -> Option<String> {
    let (mut misnamed, mut below) = (vec![], vec![]);
    for entry in door.entries(dir).ok()? {
        let name = entry.name.to_string_lossy().into_owned();
        let path = dir.join(&entry.name);
        if entry.kind == FileKind::Directory && BASES.iter().any(|base| door.look(&path.join(base)) == Found::File) {
            below.push(format!("`{name}` holds one: name that directory"));
        }
        let yaml = [".yml", ".yaml"].iter().any(|ending| name.to_ascii_lowercase().ends_with(ending));
        if yaml
            && !name.contains(".override.")
            && entry.kind == FileKind::File
            && read_text(door, &path).is_ok_and(|text| text.lines().any(|line| line.starts_with("services:")))
        {
            misnamed.push(format!("`{name}` looks like one: compose finds it when it is called `docker-compose.yml`"));
        }
    }
    misnamed.append(&mut below);
    misnamed.pop().filter(|_| misnamed.is_empty())
}

struct Loader<'desk> {
    desk: &'desk mut Diagnostics,
    variables: Variables,
}

impl Loader<'_> {
    fn load(&mut self, dir: &Path, options: &LoadOptions) -> Option<Stack> {
        self.variables.values.clone_from(&options.env);
        let whole = self.desk.files.add(dir, dir, String::new());
        if let Err(error) = self.desk.door.entries(dir).map_err(Closed::into_io) {
            let expected = "a directory that holds a compose file";
            self.desk.error(whole, format!("the directory cannot be read: {error}"), expected);
            return None;
        }
        // `.env` may name the compose files, and lies beside the first of them: compose looks twice.
        let home = |files: &[PathBuf]| files.first().and_then(|file| file.parent()).unwrap_or(dir).to_path_buf();
        let first = self.files(dir);
        self.dotenv(dir, &home(&first), whole);
        let files = self.files(dir);
        if home(&files) != home(&first) {
            self.dotenv(dir, &home(&files), whole);
        }
        if files.is_empty() {
            let expected = nearest(dir, &self.desk.door)
                .unwrap_or_else(|| "`docker-compose.yml` or `compose.yaml` in this directory".into());
            self.desk.error(whole, "there is no compose file", expected);
            return None;
        }
        let base = home(&files);
        let mut layers = Layers::new(self.desk);
        let mut read = vec![];
        for file in &files {
            read.push(layers.documents(file, &base, whole)?);
        }
        let named = read.iter().flat_map(|read| &read.documents).rev().find_map(|document| document.get("name"));
        let project = self.project(named.cloned(), &base, options, whole);
        self.variables.values.insert("COMPOSE_PROJECT_NAME".into(), project.clone());
        let (tree, whole) = Layers::new(self.desk).model(read, &self.variables, &mut vec![])?;
        self.stack(&tree, whole, dir, files, project)
    }

    /// Takes in the variables of `.env`, or of the files that the shell names instead. Those that are set stay.
    fn dotenv(&mut self, dir: &Path, home: &Path, whole: Spot) {
        let shell = |name: &str| self.variables.values.get(name).filter(|value| !value.is_empty()).cloned();
        let named = shell("COMPOSE_ENV_FILES");
        if named.is_none()
            && let Some(off) = shell("COMPOSE_DISABLE_ENV_FILE")
        {
            match off.as_str() {
                "1" | "t" | "T" | "true" | "True" | "TRUE" => return,
                "0" | "f" | "F" | "false" | "False" | "FALSE" => {}
                _ => {
                    let message = format!("the variable `COMPOSE_DISABLE_ENV_FILE` is `{off}`");
                    self.desk.error(whole, message, "`true` or `false`");
                    return;
                }
            }
        }
        let paths: Vec<PathBuf> = match &named {
            Some(names) => names.split(',').map(|name| absolute(dir, name)).collect(),
            None => [home.join(".env")].into_iter().filter(|path| path.symlink_metadata().is_ok()).collect(),
        };
        let mut all = BTreeMap::new();
        for path in paths {
            match read_text(&self.desk.door, &path) {
                Ok(text) => {
                    let whole = self.desk.files.add(&path, dir, text.clone());
                    self.desk.ask(Asked::EnvFile, &path, whole);
                    let known = |name: &str| self.variables.get(name).or_else(|| all.get(name).cloned());
                    let values = dotenv::parse(&text, whole, &known, self.desk);
                    if values.contains_key("") {
                        let expected = "`NAME=value`, and a line break at the end of the file";
                        self.desk.error(whole, "a value without a name stands in the file", expected);
                    }
                    all.extend(values);
                }
                // A directory of that name is no env file to compose either.
                Err(_) if named.is_none() && self.desk.door.look(&path) == Found::Directory => {}
                Err(unreadable) => {
                    let whole = self.desk.files.add(&path, dir, String::new());
                    self.desk.ask(Asked::EnvFile, &path, whole);
                    self.desk.unreadable(whole, "the file", unreadable);
                }
            }
        }
        for (name, value) in all {
            self.variables.values.entry(name).or_insert(value);
        }
    }

    /// The files that `COMPOSE_FILE` names, or those with the usual names.
    fn files(&mut self, dir: &Path) -> Vec<PathBuf> {
        let Some(names) = self.variables.get("COMPOSE_FILE") else { return discover(dir, self.desk) };
        let separator = self.variables.get("COMPOSE_PATH_SEPARATOR").filter(|separator| !separator.is_empty());
        let separator = separator.as_deref().unwrap_or(SEPARATOR);
        names.split(separator).map(|name| absolute(dir, name)).collect()
    }

    /// The project's name: asked for, of the variables, of the files, of the directory.
    fn project(&mut self, named: Option<Node>, dir: &Path, options: &LoadOptions, whole: Spot) -> String {
        if let Some(project) = &options.project {
            return project.clone();
        }
        if let Some(name) = self.variables.get("COMPOSE_PROJECT_NAME").filter(|name| !name.is_empty()) {
            if normalized(&name) != name {
                let expected = "lower-case letters, digits, `-` and `_`, a letter or digit first";
                let message = format!("the variable `COMPOSE_PROJECT_NAME` is `{name}`, which cannot name a project");
                self.desk.error(whole, message, expected);
            }
            return name;
        }
        let Some(node) = named.filter(|node| node.value != Value::Null) else { return project_name(dir) };
        let Value::Text(text) = &node.value else { return project_name(dir) };
        if text.scalar() != Scalar::Text || text.text.is_empty() {
            return project_name(dir);
        }
        // What is wrong with its variables is told where the whole file is filled in.
        let name = expand(&text.text, &|name| self.variables.get(name)).map(|expanded| expanded.text);
        let name = name.unwrap_or_default();
        if normalized(&name).is_empty() {
            let expected = "letters, digits, `-` and `_`, a letter or digit first";
            self.desk.error(node.spot, format!("`{name}` cannot name a project"), expected);
        }
        normalized(&name)
    }

    fn stack(&mut self, tree: &Node, whole: Spot, dir: &Path, files: Vec<PathBuf>, project: String) -> Option<Stack> {
        let mut stack = Stack { project, dir: dir.to_path_buf(), files, ..Stack::default() };
        let mut around = Around { variables: &self.variables, secrets: BTreeMap::new(), configs: BTreeMap::new() };
        let mut services: &[Entry] = &[];
        for entry in validate::top_entries(tree, self.desk) {
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
                "volumes" => {
                    stack.volumes = resources::volumes(&entry.node, &stack.project, &self.variables, self.desk)
                }
                "secrets" => around.secrets = resources::secrets(&entry.node, "secrets", &self.variables, self.desk),
                "configs" => around.configs = resources::secrets(&entry.node, "configs", &self.variables, self.desk),
                _ => {}
            }
        }
        if services.is_empty() && !self.desk.failed() {
            let spot = tree.entry("services").map_or(whole, |entry| entry.spot);
            self.desk.error(spot, "there are no services", "`services:`, and below it a name for each container");
        }
        let switched_on = self.variables.get("COMPOSE_PROFILES").unwrap_or_default();
        let on = |profile: &str| switched_on.split(',').any(|on| on.trim() == profile || on.trim() == "*");
        let mut read = vec![];
        for entry in services {
            let woken = profiles(&entry.node).into_iter().any(on);
            self.desk.asleep = !woken && !profiles(&entry.node).is_empty();
            let mut one = service::service(entry, &around, self.desk);
            if woken {
                one.service.profiles.clear();
            }
            read.push(one);
        }
        self.desk.asleep = false;
        validate::together(read, &mut stack, self.desk);
        Some(stack)
    }
}

/// The profiles of a service, as far as they are texts.
fn profiles(service: &Node) -> Vec<&str> {
    let Some(Value::List(profiles)) = service.get("profiles").map(|node| &node.value) else { return vec![] };
    let texts = profiles.iter().map(|profile| match &profile.value {
        Value::Text(text) => text.text.as_str(),
        _ => "",
    });
    texts.collect()
}
