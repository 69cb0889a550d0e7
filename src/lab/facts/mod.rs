//! What the stack's files say about ports, names and addresses: the numbers that have to agree, each with its place.
//!
//! The readers are small and careful: what they are not sure of is absent, and an absent fact makes a condition unknown.

mod app;
mod command;
mod database;
mod dockerfile;
mod names;
mod nginx;
mod nginx_syntax;
mod own;
mod published;
mod python;
mod python_tokens;
mod python_value;
mod settings;
mod start;

pub(super) use dockerfile::copied_sources;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use crate::{
    compose::{FoundRoles, Place, Service, Stack},
    course::Course,
};

/// What was read, see [`facts`].
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Facts {
    /// By name, e.g. `nginx.listen` → `80`. A fact that cannot be read is absent.
    pub values: BTreeMap<String, String>,
    /// Where each fact stands, as far as that is one place.
    pub places: BTreeMap<String, Place>,
    /// The stack's text files, by path.
    pub texts: BTreeMap<String, String>,
}

impl Facts {
    /// The value of a fact.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(String::as_str)
    }

    fn put(&mut self, name: &str, value: impl Into<String>, place: Option<Place>) {
        self.values.insert(name.to_owned(), value.into());
        if let Some(place) = place {
            self.places.insert(name.to_owned(), place);
        }
    }
}

/// Reads the facts of a stack. `stack` is absent where the compose file cannot be used; `texts` are its files by path.
///
/// Their names begin with what the course calls the part ; here those of the shop: `front.published`, `front.service`, `front.target`; `nginx.published`, `nginx.target`, `nginx.listen`,
/// `nginx.upstream`, `nginx.upstream_host`, `nginx.upstream_port`, `nginx.upstream_name` (what that host means on nginx's networks),
/// `nginx.pass` (`proxy_pass http`), `nginx.location`, `nginx.resolver`, `nginx.conf_files` (how many files of the stack nginx reads),
/// `nginx.answers` (which server a browser gets); `flaskapp.port`, `flaskapp.host`, `flaskapp.expose`, `flaskapp.published`,
/// `flaskapp.command_module`, `flaskapp.modules`, `flaskapp.script`, `flaskapp.script_ends`, `flaskapp.script_shebang`,
/// `flaskapp.mounted_over`; `db.host`, `db.port`, `db.published`, `db.volume`, `db.kept_on`, `db.told_otherwise`, `db.password_signs`;
/// `ROLE.healthcheck`. Several values are joined by commas.
pub fn facts(stack: Option<&Stack>, roles: &FoundRoles, course: &Course, texts: BTreeMap<String, String>) -> Facts {
    let mut facts = Facts::default();
    let sources = Sources { stack, roles, texts: &texts };
    published::read(&sources, course.front_port(), &mut facts);
    published::read_volume(&sources, &mut facts);
    nginx::read(&sources, &mut facts);
    let app = app::App::of(&sources);
    app.read(&mut facts);
    app.read_start(&mut facts);
    settings::read(&app, &mut facts);
    database::read(&app, &mut facts);
    let named = |name: String| course.roles.fact(&name);
    let mut facts = Facts {
        values: facts.values.into_iter().map(|(name, value)| (named(name), value)).collect(),
        places: facts.places.into_iter().map(|(name, place)| (named(name), place)).collect(),
        ..Facts::default()
    };
    own::read(&sources, course, &mut facts);
    Facts { texts, ..facts }
}

/// What there is to read.
struct Sources<'a> {
    stack: Option<&'a Stack>,
    roles: &'a FoundRoles,
    texts: &'a BTreeMap<String, String>,
}

impl<'a> Sources<'a> {
    fn service(&self, role: Option<&String>) -> Option<&'a Service> {
        self.stack?.service(role?)
    }

    fn proxy(&self) -> Option<&'a Service> {
        self.service(self.roles.proxy.as_ref())
    }

    fn database(&self) -> Option<&'a Service> {
        self.service(self.roles.database.as_ref())
    }

    /// The line of a service's key in the compose file that it stands in.
    fn place_of(&self, service: &Service, key: &str) -> Place {
        let mut stands = service.place.clone();
        if let Some(text) = stands.file.to_str().and_then(|file| self.texts.get(file)) {
            let indent = |line: &str| line.len() - line.trim_start().len();
            let own = text.lines().nth(stands.line.saturating_sub(1)).map_or(0, indent);
            let lines = text.lines().enumerate().skip(stands.line);
            // Up to the next key that stands as far to the left.
            let mut inside = lines.take_while(|(_, line)| line.trim().is_empty() || indent(line) > own);
            if let Some((index, _)) = inside.find(|(_, line)| line.trim_start().starts_with(key)) {
                stands.line = index + 1;
            }
        }
        stands
    }

    fn app(&self) -> Option<&'a Service> {
        self.service(self.roles.app.as_ref())
    }

    /// An absolute path as a path inside the stack; empty for the stack's own directory.
    fn inside(&self, path: &Path) -> Option<String> {
        let relative = path.strip_prefix(&self.stack?.dir).ok()?;
        let parts: Vec<&str> = relative
            .components()
            .filter(|part| !matches!(part, std::path::Component::CurDir))
            .map(|part| part.as_os_str().to_str())
            .collect::<Option<_>>()?;
        Some(parts.join("/"))
    }

    /// The Dockerfile of a service: its path (absent for an inline one) and text.
    fn dockerfile(&self, service: &'a Service) -> Option<(Option<String>, &'a str)> {
        let build = service.build.as_ref()?;
        if let Some(inline) = &build.dockerfile_inline {
            return Some((None, inline));
        }
        let path = self.inside(&build.context.join(&build.dockerfile))?;
        let text = self.texts.get(&path)?;
        Some((Some(path), text))
    }
}

fn place(file: &str, line: usize) -> Place {
    Place { file: PathBuf::from(file), line, column: 1 }
}

fn joined(values: impl IntoIterator<Item = String>) -> String {
    let mut seen: Vec<String> = Vec::new();
    for value in values {
        if !seen.contains(&value) {
            seen.push(value);
        }
    }
    seen.join(",")
}
