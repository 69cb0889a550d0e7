//! The layers of a stack's files: documents over each other, variables filled in, extended services below those that
//! extend them, included files below those that include them. In the order in which compose does it, since what is
//! refused depends on it.

use std::path::{Path, PathBuf};

use super::{
    conform::conform,
    diagnostics::Diagnostics,
    door::Found,
    dotenv,
    files::read_text,
    interpolate::{Variables, expand_node},
    merge,
    model::Asked,
    scalar::Scalar,
    source_map::{Spot, absolute},
    unique,
    yaml::{self, Entry, Node, Value},
};

/// `include:` and `extends:` lead to at most this many files.
const MAX_FILES: usize = 32;
/// Sections that an included file brings in.
const SECTIONS: [&str; 5] = ["services", "volumes", "networks", "secrets", "configs"];

/// Where the content of an included file's secret or config stands, once its variable is filled in.
pub(super) const RESOLVED: &str = "x-#value";

/// One file's documents, as they are written.
pub(super) struct Documents {
    pub documents: Vec<Node>,
    path: PathBuf,
    whole: Spot,
}

/// A service that is extended by another, and the file that it stands in.
type Reference = (PathBuf, String);

pub(super) struct Layers<'desk> {
    desk: &'desk mut Diagnostics,
    opened: usize,
}

impl<'desk> Layers<'desk> {
    pub fn new(desk: &'desk mut Diagnostics) -> Self {
        Self { desk, opened: 0 }
    }

    /// Reads the documents of a file; `from` is what asks for it, and relative paths in it start at `base`.
    pub fn documents(&mut self, path: &Path, base: &Path, from: Spot) -> Option<Documents> {
        let name = path.strip_prefix(&self.desk.files.dir).unwrap_or(path).display().to_string();
        self.opened += 1;
        if self.opened > MAX_FILES {
            self.desk.error(from, format!("`{name}` is read over and over"), "files that do not include each other");
            return None;
        }
        let text = match read_text(&self.desk.door, path) {
            Ok(text) => text,
            Err(unreadable) => {
                let whole = self.desk.files.add(path, base, String::new());
                let (spot, name) = match unreadable.at {
                    Some((line, column)) => (Spot { line, column, ..whole }, "the file".to_string()),
                    None if from.line > 0 => (from, format!("`{name}`")),
                    None => (whole, "the file".to_string()),
                };
                self.desk.ask(Asked::ComposeFile, path, spot);
                self.desk.unreadable(spot, &name, unreadable);
                return None;
            }
        };
        let whole = self.desk.files.add(path, base, text.clone());
        self.desk.ask(Asked::ComposeFile, path, if from.line > 0 { from } else { whole });
        let documents = yaml::parse(&text, whole, self.desk)?;
        Some(Documents { documents, path: path.to_path_buf(), whole })
    }

    /// The files over each other, with all that they include and extend. `above` are the files that include them.
    pub fn model(
        &mut self,
        files: Vec<Documents>,
        variables: &Variables,
        above: &mut Vec<PathBuf>,
    ) -> Option<(Node, Spot)> {
        let mut below: Option<Node> = None;
        let mut first = None;
        for Documents { documents, path, whole } in files {
            first.get_or_insert(whole);
            above.push(path.clone());
            for document in documents {
                let mut tree = self.filled(document, variables)?;
                self.extends(&mut tree, &path, variables);
                let mut tree = self.includes(tree, variables, above)?;
                if let Some(below) = below.take() {
                    tree = merge::merge(below, tree, &[], self.desk);
                }
                merge::settle(&mut tree);
                unique::keep_last(&mut tree);
                conform(&tree, self.desk);
                below = Some(tree);
            }
            above.pop();
        }
        let first = first?;
        match below.filter(|tree| tree.value != Value::Map(vec![])) {
            Some(tree) => Some((tree, first)),
            None => {
                let expected = "`services:`, and below it a name for each container";
                self.desk.error(first, "the file is empty", expected);
                None
            }
        }
    }

    /// A document with its variables filled in.
    fn filled(&mut self, mut document: Node, variables: &Variables) -> Option<Node> {
        match &document.value {
            Value::Map(_) => {}
            Value::Null => {
                let expected = "something below `---`, or no `---`";
                self.desk.error(document.spot, "this document of the file is empty", expected);
                return None;
            }
            _ => {
                self.desk.wrong_kind(&document, "the file", "a map", "`services:` at the left margin");
                return None;
            }
        }
        expand_node(&mut document, &mut vec![], variables, self.desk);
        (!self.desk.outgrown()).then_some(document)
    }

    /// Lays a file over those that it includes. What both declare is an error, unless it is the same.
    fn includes(&mut self, mut tree: Node, variables: &Variables, above: &mut Vec<PathBuf>) -> Option<Node> {
        let Value::Map(entries) = &mut tree.value else { return Some(tree) };
        let Some(at) = entries.iter().position(|entry| entry.key == "include") else { return Some(tree) };
        let include = entries.remove(at).node;
        if include.value == Value::Null {
            return Some(tree);
        }
        for item in self.desk.list(&include, "include", "`- other.yml` on a line of its own").to_vec() {
            let included = self.include(&item, variables, above)?;
            self.import(included, &mut tree, item.spot);
        }
        Some(tree)
    }

    fn include(&mut self, item: &Node, variables: &Variables, above: &mut Vec<PathBuf>) -> Option<Node> {
        let base = self.desk.files.base(item.spot);
        let (mut paths, mut env_files, mut project) = (vec![], vec![], None);
        match &item.value {
            Value::Map(entries) => {
                for entry in entries {
                    match entry.key.as_str() {
                        "path" => paths = self.desk.string_or_list(&entry.node, "path"),
                        "env_file" => env_files = self.desk.string_or_list(&entry.node, "env_file"),
                        "project_directory" => project = self.desk.string(&entry.node, "project_directory"),
                        other => {
                            let message = format!("`{other}` of an entry of `include` means nothing to compose");
                            self.desk.warn(entry.spot, message, "`path`, `env_file` or `project_directory`");
                        }
                    }
                }
            }
            _ => paths.extend(self.desk.string(item, "an entry of include")),
        }
        let paths: Vec<PathBuf> = paths.iter().map(|path| absolute(&base, path)).collect();
        let Some(first) = paths.first() else {
            self.desk.warn(item.mark(), "this entry of `include` names no file", "`path: other.yml`");
            return Some(Node::new(item.spot, Value::Map(vec![])));
        };
        let home = match project.filter(|project| !project.is_empty()) {
            Some(project) => absolute(&base, &project),
            None => first.parent().map(Path::to_path_buf).unwrap_or_default(),
        };
        if above.contains(first) {
            let name = first.strip_prefix(&self.desk.files.dir).unwrap_or(first).display().to_string();
            let expected = "files that do not include each other";
            self.desk.error(item.spot, format!("`{name}` is read over and over"), expected);
            return None;
        }
        let variables = self.included_variables(item.spot, &env_files, &base, &home, variables);
        let mut files = vec![];
        for path in &paths {
            files.push(self.documents(path, &home, item.spot)?);
        }
        let (mut tree, _) = self.model(files, &variables, above)?;
        take_variables(&mut tree, &variables);
        Some(tree)
    }

    /// The variables that an included file sees: those of the file above it, and those of its own env files.
    fn included_variables(
        &mut self,
        spot: Spot,
        named: &[String],
        base: &Path,
        home: &Path,
        outer: &Variables,
    ) -> Variables {
        let own = home.join(".env");
        let paths = match named {
            [] if matches!(self.desk.door.look(&own), Found::File | Found::Outside) => vec![own],
            named => named.iter().map(|name| absolute(base, name)).collect(),
        };
        let mut variables = outer.clone();
        for path in paths {
            self.desk.ask(Asked::EnvFile, &path, spot);
            match read_text(&self.desk.door, &path) {
                Ok(text) => {
                    let whole = self.desk.files.add(&path, home, text.clone());
                    let known = variables.clone();
                    for (name, value) in dotenv::parse(&text, whole, &|name| known.get(name), self.desk) {
                        // Of two env files the later one counts, and the variables from above count most.
                        if outer.get(&name).is_none() {
                            variables.values.insert(name, value);
                        }
                    }
                }
                Err(unreadable) => {
                    let shown = path.strip_prefix(&self.desk.files.dir).unwrap_or(&path).display().to_string();
                    self.desk.unreadable(spot, &format!("the env file `{shown}`"), unreadable);
                }
            }
        }
        variables
    }

    fn import(&mut self, included: Node, tree: &mut Node, spot: Spot) {
        let (Value::Map(included), Value::Map(tree)) = (included.value, &mut tree.value) else { return };
        for section in included.into_iter().filter(|entry| SECTIONS.contains(&entry.key.as_str())) {
            let Some(known) = tree.iter_mut().find(|entry| entry.key == section.key) else {
                tree.push(section);
                continue;
            };
            let (Value::Map(ours), Value::Map(theirs)) = (&mut known.node.value, section.node.value) else { continue };
            let mut brought = vec![];
            for entry in theirs {
                match ours.iter().find(|known| known.key == entry.key) {
                    None => brought.push(entry),
                    Some(known) if known.node.says_the_same(&entry.node) => {}
                    Some(known) => {
                        let message = format!("`{}` of `{}` is in an included file, too", entry.key, section.key);
                        let expected = "another name, or the change in an override file";
                        self.desk.error(if known.spot.line > 0 { known.spot } else { spot }, message, expected);
                    }
                }
            }
            // What is included stands below, and so comes first.
            ours.splice(..0, brought);
        }
    }

    /// Lays each service over the one that it extends.
    fn extends(&mut self, tree: &mut Node, path: &Path, variables: &Variables) {
        let Some(line) = tree.entry("services").cloned() else { return };
        let services = line.node;
        let Value::Map(entries) = &services.value else {
            let expected = "a name for each container, indented below it";
            self.desk.general_error(line.spot, "`services` holds no services", expected);
            return;
        };
        if entries.iter().all(|entry| entry.node.entry("extends").is_none()) {
            return;
        }
        let names: Vec<String> = entries.iter().map(|entry| entry.key.clone()).collect();
        for name in names {
            let extended = self.extended(&services, &name, path, variables, &mut vec![]);
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
        variables: &Variables,
        seen: &mut Vec<Reference>,
    ) -> Option<Node> {
        let node = services.get(name)?.clone();
        let Some(extends) = node.entry("extends").cloned() else { return Some(node) };
        let reference = (path.to_path_buf(), name.to_string());
        if seen.contains(&reference) || seen.len() > MAX_FILES {
            self.desk.error(extends.spot, format!("service `{name}` extends itself"), "a service that does not");
            return None;
        }
        seen.push(reference);
        let (file, base) = match &extends.node.value {
            Value::Map(_) => (extends.node.get("file").cloned(), extends.node.get("service").cloned()),
            _ => (None, Some(extends.node.clone())),
        };
        let Some(base) = base else {
            self.desk.error(extends.spot, "`extends` names no `service`", "`service: name`");
            return None;
        };
        let base_name = self.desk.string(&base, "service")?;
        let below = match file.and_then(|file| self.desk.string(&file, "file")) {
            None => match services.get(&base_name) {
                Some(_) => self.extended(services, &base_name, path, variables, seen)?,
                None => return self.not_there(&extends, &base_name),
            },
            Some(file) => {
                let file = absolute(&self.desk.files.base(extends.spot), &file);
                let dir = file.parent().map(Path::to_path_buf).unwrap_or_default();
                let tree = self.extended_file(&file, &dir, extends.spot, variables)?;
                match tree.get("services") {
                    Some(services) if services.get(&base_name).is_some() => {
                        self.extended(services, &base_name, &file, variables, seen)?
                    }
                    _ => return self.not_there(&extends, &base_name),
                }
            }
        };
        let mut merged = match below.value {
            Value::Null => node,
            _ => merge::merge(below, node, &["services", name], self.desk),
        };
        if let Value::Map(entries) = &mut merged.value {
            entries.retain(|entry| entry.key != "extends");
        }
        Some(merged)
    }

    /// The documents of a file that a service is taken from, over each other.
    fn extended_file(&mut self, file: &Path, dir: &Path, spot: Spot, variables: &Variables) -> Option<Node> {
        let mut below: Option<Node> = None;
        for document in self.documents(file, dir, spot)?.documents {
            let tree = self.filled(document, variables)?;
            below = Some(match below {
                Some(below) => merge::merge(below, tree, &[], self.desk),
                None => tree,
            });
        }
        below
    }

    fn not_there(&mut self, extends: &Entry, name: &str) -> Option<Node> {
        self.desk.error(
            extends.spot,
            format!("`extends` names the service `{name}`, which is not there"),
            "a service that is",
        );
        None
    }
}

/// Fills in the variables that an included file's services name without a value: nobody above sees that file's own.
fn take_variables(tree: &mut Node, variables: &Variables) {
    let Value::Map(top) = &mut tree.value else { return };
    let sections = top.iter_mut().filter(|entry| matches!(entry.key.as_str(), "services" | "secrets" | "configs"));
    for section in sections {
        let Value::Map(entries) = &mut section.node.value else { continue };
        for entry in entries {
            let Value::Map(keys) = &mut entry.node.value else { continue };
            let Some(environment) = keys.iter_mut().find(|key| key.key == "environment") else { continue };
            if section.key != "services" {
                let value = match &environment.node.value {
                    Value::Text(text) => variables.get(&text.text),
                    _ => None,
                };
                if let Some(value) = value {
                    environment.key = RESOLVED.into();
                    environment.node = Node::text(environment.node.spot, value);
                }
                continue;
            }
            let Value::List(items) = &mut environment.node.value else { continue };
            for item in items {
                if let Value::Text(text) = &mut item.value
                    && text.scalar() == Scalar::Text
                    && let Some(value) = variables.get(&text.text)
                {
                    text.text = format!("{}={value}", text.text);
                }
            }
        }
    }
}
