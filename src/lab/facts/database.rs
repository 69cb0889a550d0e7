//! Where the app's files and environment say that the database is.

use super::{
    Facts,
    app::App,
    place,
    python::{Call, Module, split},
    python_tokens::{Kind, Token},
    python_value::{UNKNOWN, Value},
};
use crate::compose::Place;

/// The port of Postgres, where an address has none.
const DEFAULT_PORT: &str = "5432";

/// What a program knows about its database's address; each part as far as it can be told.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Address {
    host: Option<String>,
    port: Option<String>,
}

pub(super) fn read(app: &App<'_>, facts: &mut Facts) {
    let Some((address, stands)) = in_code(app).or_else(|| in_environment(app)) else { return };
    if let Some(host) = address.host {
        facts.put("database.host", host, stands.clone());
    }
    if let Some(port) = address.port {
        facts.put("database.port", port, stands);
    }
}

fn in_code(app: &App<'_>) -> Option<(Address, Option<Place>)> {
    let mut found: Option<(Address, Option<Place>)> = None;
    for module in app.modules.iter() {
        for (address, line) in addresses(app, module) {
            match &found {
                // Two programs with two addresses: which one counts cannot be told.
                Some((other, _)) if *other != address => return None,
                Some(_) => {}
                None => {
                    let line = line_of_port(app, module, &address).unwrap_or(line);
                    found = Some((address, Some(place(&module.path, line))));
                }
            }
        }
    }
    found
}

/// All addresses of a database in a module, with their lines.
fn addresses(app: &App<'_>, module: &Module) -> Vec<(Address, usize)> {
    let evaluator = app.evaluator();
    let mut found = Vec::new();
    for call in module.calls(&["create_engine", "create_async_engine", "connect"]) {
        if let Some(url) = call.argument("url", Some(0)).or_else(|| call.argument("dsn", None))
            && let Value::Text(url) = evaluator.value(module, url)
            && let Some(address) = parse(&url, app)
        {
            found.push((address, call.line()));
        }
    }
    for call in module.calls(&["create", "URL", "connect", "dict"]) {
        if let Some(address) = by_parts(app, &call) {
            found.push((address, call.line()));
        }
    }
    for name in ["SQLALCHEMY_DATABASE_URI", "DATABASE_URL", "DATABASE_URI"] {
        if let Some(expression) = module.assigned(name)
            && let Value::Text(url) = evaluator.value(module, expression)
            && let Some(address) = parse(&url, app)
        {
            found.push((address, expression.first().map_or(1, |token| token.line)));
        }
    }
    found.extend(literals(app, module));
    found
}

/// `URL.create("postgresql", user, password, host, port, database)`, `connect(host=…, port=…)`, `dict(host=…, user=…)`.
fn by_parts(app: &App<'_>, call: &Call<'_>) -> Option<Address> {
    let evaluator = app.evaluator();
    let is_url = call.path.iter().any(|token| token.name() == Some("URL"));
    let (host_at, port_at) = if is_url { (Some(3), Some(4)) } else { (None, None) };
    let host = call.argument("host", host_at)?;
    let others = ["database", "dbname", "user", "username", "drivername"];
    if !is_url && !others.iter().any(|name| call.argument(name, None).is_some()) {
        return None;
    }
    let host = evaluator.value(call.module, host).known();
    let port = match call.argument("port", port_at) {
        None if call.spreads() => None,
        None => Some(default_port(app)),
        Some(expression) => match evaluator.value(call.module, expression) {
            Value::Nothing => Some(default_port(app)),
            value => value.known(),
        },
    };
    Some(Address { host, port })
}

/// `{"drivername": "postgresql", "host": "…", "port": 5432}`
fn literals(app: &App<'_>, module: &Module) -> Vec<(Address, usize)> {
    let evaluator = app.evaluator();
    let mut found = Vec::new();
    for (at, token) in module.tokens.iter().enumerate() {
        if !token.is("{") {
            continue;
        }
        let Some(end) = super::python::matching(&module.tokens, at) else { break };
        let entries = split(&module.tokens[at + 1..end], |token| token.is(","));
        let value = |key: &str| {
            entries.iter().find_map(|entry| match entry {
                [name, sign, value @ ..] if name.text() == Some(key) && sign.is(":") => Some(value),
                _ => None,
            })
        };
        let Some(host) = value("host") else { continue };
        if !["drivername", "database", "dbname", "user", "username"].iter().any(|key| value(key).is_some()) {
            continue;
        }
        let port = value("port");
        let port = port.map_or_else(|| Some(default_port(app)), |port| evaluator.value(module, port).known());
        found.push((Address { host: evaluator.value(module, host).known(), port }, token.line));
    }
    found
}

fn in_environment(app: &App<'_>) -> Option<(Address, Option<Place>)> {
    let env = app.env.as_ref()?;
    let set = |name: &str| env.get(name).cloned().flatten().filter(|value| !value.is_empty());
    let named = ["DATABASE_URL", "SQLALCHEMY_DATABASE_URI", "DATABASE_URI", "DB_URL", "POSTGRES_URL"];
    if let Some((name, address)) = named.iter().find_map(|name| Some((*name, parse(&set(name)?, app)?))) {
        return Some((address, place_of_variable(app, name)));
    }
    let hosts = ["POSTGRES_HOST", "DB_HOST", "DATABASE_HOST", "PGHOST"];
    let ports = ["POSTGRES_PORT", "DB_PORT", "DATABASE_PORT", "PGPORT"];
    let (name, host) = hosts.iter().find_map(|name| Some((*name, set(name)?)))?;
    let port = ports.iter().find_map(|name| set(name)).unwrap_or_else(|| DEFAULT_PORT.to_owned());
    Some((Address { host: Some(host), port: Some(port) }, place_of_variable(app, name)))
}

/// The line of the stack's files that gives a variable of the app's environment.
fn place_of_variable(app: &App<'_>, name: &str) -> Option<Place> {
    let stack = app.sources.stack?;
    let files = app.service.iter().flat_map(|service| service.env_files.iter().rev()).chain(&stack.files);
    files.filter_map(|file| app.sources.inside(file)).find_map(|path| {
        let text = app.sources.texts.get(&path)?;
        let sets =
            |line: &str| line.trim_start().trim_start_matches("- ").trim_start_matches(['"', '\'']).starts_with(name);
        let line = text.lines().position(sets)?;
        Some(place(&path, line + 1))
    })
}

/// The line of a module on which the port's number stands, when that is one line only.
fn line_of_port(app: &App<'_>, module: &Module, address: &Address) -> Option<usize> {
    let port = address.port.as_deref()?;
    let text = app.sources.texts.get(&module.path)?;
    let number = |token: &&Token| match &token.kind {
        Kind::Number(number) => number == port,
        Kind::Text { value, .. } => value == port || value.contains(&format!(":{port}")),
        _ => false,
    };
    let mut lines = module.tokens.iter().filter(number).map(|token| token.line);
    let only = lines.next().filter(|line| lines.all(|other| other == *line))?;
    (only <= text.lines().count()).then_some(only)
}

/// Host and port of `postgresql://user:password@host:port/name` or `host=db port=5432`.
fn parse(text: &str, app: &App<'_>) -> Option<Address> {
    let known = |part: &str| (!part.is_empty() && !part.contains(UNKNOWN)).then(|| part.to_owned());
    if let Some((scheme, rest)) = text.split_once("://") {
        if !scheme.starts_with("postgres") && !scheme.contains(UNKNOWN) {
            return None;
        }
        let authority = rest.split(['/', '?']).next()?;
        // A password may hold an `@` of its own.
        let address = authority.rsplit_once('@').map_or(authority, |(_, address)| address);
        let (host, port) = match address.rsplit_once(':') {
            Some((host, port)) => (host, known(port)),
            None if address.contains(UNKNOWN) && address.chars().count() > 1 => (address, None),
            None => (address, Some(default_port(app))),
        };
        return Some(Address { host: known(host), port });
    }
    let field =
        |name: &str| text.split_whitespace().find_map(|pair| pair.strip_prefix(name)?.strip_prefix('=')).map(known);
    let host = field("host")?;
    Some(Address { host, port: field("port").unwrap_or_else(|| Some(default_port(app))) })
}

fn default_port(app: &App<'_>) -> String {
    let own = app.env.as_ref().and_then(|env| env.get("PGPORT").cloned().flatten());
    own.unwrap_or_else(|| DEFAULT_PORT.to_owned())
}
