//! Where nginx listens, and whom it asks.

use std::collections::BTreeMap;

use super::{Facts, Sources, dockerfile::Dockerfile, joined, nginx_syntax::Directive, nginx_syntax::parse, place};
use crate::compose::{MountKind, Service};

/// Variables that stand for the rest of the address, never for host or port.
const URI_VARIABLES: [&str; 5] = ["request_uri", "uri", "document_uri", "is_args", "args"];

pub(super) fn read(sources: &Sources<'_>, facts: &mut Facts) {
    let files = files(sources);
    let configs: Vec<(&str, Directive)> = files
        .iter()
        .filter_map(|path| sources.texts.get_key_value(path.as_str()))
        .map(|(path, text)| (path.as_str(), parse(&filled_in(sources, path, text))))
        .collect();
    if sources.proxy().is_some() && is_brought_in_known(sources) {
        facts.put("proxy.conf_files", included(sources).to_string(), None);
    }
    let mut servers: Vec<(&str, &Directive)> = Vec::new();
    for (path, config) in &configs {
        let mut found = Vec::new();
        config.all("server", &mut found);
        // Inside `upstream`, a server is a line and not a block.
        servers.extend(found.into_iter().filter(|server| !server.block.is_empty()).map(|server| (*path, server)));
    }
    let listens: Vec<(u16, &str, usize)> =
        servers.iter().flat_map(|(path, server)| ports(server).map(move |(port, line)| (port, *path, line))).collect();
    if let Some((_, path, line)) = listens.first() {
        let value = joined(listens.iter().map(|(port, ..)| port.to_string()));
        facts.put("proxy.listen", value, Some(place(path, *line)));
    }
    let target = facts.get("front.target").and_then(|target| target.parse::<u16>().ok());
    let answers = |server: &Directive| ports(server).any(|(port, _)| Some(port) == target);
    let chosen = servers
        .iter()
        .find(|(_, server)| answers(server) && proxy_pass(server).is_some())
        .or_else(|| servers.iter().find(|(_, server)| proxy_pass(server).is_some()));
    let Some((path, server)) = chosen else { return };
    if let Some(asked) = target.and_then(|target| asked(&servers, target)) {
        if std::ptr::eq(asked.1, *server) {
            facts.put("proxy.answers", "the one that passes on", None);
        } else {
            facts.put("proxy.answers", "another", Some(place(asked.0, asked.1.line)));
        }
    }
    if let Some((location, pass)) = proxy_pass(server) {
        facts.put("proxy.location", location.args.join(" "), Some(place(path, location.line)));
        let scheme = pass.args.first().and_then(|address| address.split_once("://")).map_or("", |(scheme, _)| scheme);
        facts.put("proxy.pass", format!("{} {scheme}", pass.name).trim_end(), Some(place(path, pass.line)));
    }
    let mut resolvers = Vec::new();
    configs.iter().for_each(|(_, config)| config.all("resolver", &mut resolvers));
    match resolvers.first() {
        Some(resolver) => {
            let address = resolver.args.first().cloned().unwrap_or_default();
            facts.put("proxy.resolver", address, Some(place(path, resolver.line)));
        }
        None => facts.put("proxy.resolver", "none", None),
    }
    let Some((host, port, path, line)) = upstream(path, server, &configs) else { return };
    if let Some(known) = super::names::known_to_proxy(sources, &host) {
        facts.put("proxy.upstream_name", known, Some(place(path, line)));
    }
    facts.put("proxy.upstream", format!("{host}:{port}"), Some(place(path, line)));
    facts.put("proxy.upstream_host", host, Some(place(path, line)));
    facts.put("proxy.upstream_port", port.to_string(), Some(place(path, line)));
}

/// The server that nginx chooses for a browser that asks `localhost` at this port: the first of that name, else the default
/// one, else the first. Files are read in the order of their names.
fn asked<'a>(servers: &[(&'a str, &'a Directive)], target: u16) -> Option<(&'a str, &'a Directive)> {
    let listening = || servers.iter().filter(|(_, server)| ports(server).any(|(port, _)| port == target));
    let named =
        |server: &Directive| server.named("server_name").any(|names| names.args.iter().any(|name| name == "localhost"));
    let default = |server: &Directive| {
        server.named("listen").any(|listen| listen.args.iter().any(|word| word == "default_server"))
    };
    listening()
        .find(|(_, server)| named(server))
        .or_else(|| listening().find(|(_, server)| default(server)))
        .or_else(|| listening().next())
        .copied()
}

/// Whether the files that come into the proxy's container are all told by the compose file and a Dockerfile that can be read.
fn is_brought_in_known(sources: &Sources<'_>) -> bool {
    sources.proxy().is_some_and(|proxy| proxy.build.is_none() || sources.dockerfile(proxy).is_some())
}

/// The configuration files that the proxy reads: mounted, or copied by its Dockerfile; else whatever looks like one.
fn files(sources: &Sources<'_>) -> Vec<String> {
    let (files, any) = brought_in(sources);
    if any {
        return files;
    }
    let looks_like_one = |text: &str| text.contains("proxy_pass") || text.contains("listen");
    let conf = |path: &str| path.ends_with(".conf") || path.ends_with(".template");
    let all = sources.texts.iter().filter(|(path, text)| conf(path) && looks_like_one(text));
    all.map(|(path, _)| path.clone()).collect()
}

/// How many of the stack's files lie where nginx reads them by itself: its own `nginx.conf` includes two directories.
fn included(sources: &Sources<'_>) -> usize {
    let ways = ways(sources);
    if ways.iter().any(|(_, target)| target.ends_with("/nginx.conf") || target == "/etc/nginx") {
        return brought_in(sources).0.len();
    }
    let is_included = |path: &str, (from, target): &(String, String)| {
        let target = target.trim_end_matches('/');
        let folder = if path == from { target.rsplit_once('/').map_or("", |(folder, _)| folder) } else { target };
        let read = ["/etc/nginx/conf.d", "/etc/nginx/sites-enabled", "/etc/nginx/templates"];
        is_read(path, &(from.clone(), target.to_owned())) && (read.contains(&folder) || read.contains(&target))
    };
    sources.texts.keys().filter(|path| ways.iter().any(|way| is_included(path, way))).count()
}

/// The stack's files that nginx reads in its container, and whether any way leads files there at all.
fn brought_in(sources: &Sources<'_>) -> (Vec<String>, bool) {
    let ways = ways(sources);
    let files = sources.texts.keys().filter(|path| ways.iter().any(|way| is_read(path, way))).cloned().collect();
    (files, !ways.is_empty())
}

/// What is mounted or copied into the proxy's configuration: a path of the stack, and where it lies in the container.
fn ways(sources: &Sources<'_>) -> Vec<(String, String)> {
    let mut brought_in: Vec<(String, String)> = Vec::new();
    if let Some(proxy) = sources.proxy() {
        for mount in &proxy.mounts {
            if let (MountKind::Bind(from), true) = (&mount.kind, mount.target.starts_with("/etc/nginx"))
                && let Some(from) = sources.inside(from)
            {
                brought_in.push((from, mount.target.clone()));
            }
        }
        brought_in.extend(copied(sources, proxy));
    }
    brought_in
}

/// Whether nginx reads this file when `from` (a file, or a directory, of the stack) lies at `target` in its container.
fn is_read(path: &str, (from, target): &(String, String)) -> bool {
    if path == from {
        // A single file, mounted or copied: under its name in the container, or into a directory.
        return match target.rsplit_once('/') {
            Some(("/etc/nginx/conf.d", name)) if !name.is_empty() => name.ends_with(".conf"),
            Some(("/etc/nginx/templates", name)) if !name.is_empty() => name.ends_with(".template"),
            _ => true,
        };
    }
    let below =
        if from.is_empty() { Some(path) } else { path.strip_prefix(from).and_then(|rest| rest.strip_prefix('/')) };
    let Some(below) = below else { return false };
    let full = format!("{}/{below}", target.trim_end_matches('/'));
    let Some((folder, name)) = full.rsplit_once('/') else { return false };
    match folder {
        // The image's own nginx.conf includes `conf.d/*.conf`, without what lies deeper.
        "/etc/nginx/conf.d" => name.ends_with(".conf"),
        deeper if deeper.starts_with("/etc/nginx/conf.d/") => false,
        "/etc/nginx/templates" => name.ends_with(".template"),
        _ => name.ends_with(".conf") || folder.ends_with("/sites-enabled"),
    }
}

fn copied<'a>(sources: &Sources<'a>, proxy: &'a Service) -> Vec<(String, String)> {
    let (Some(build), Some((_, text))) = (&proxy.build, sources.dockerfile(proxy)) else { return Vec::new() };
    let Some(context) = sources.inside(&build.context) else { return Vec::new() };
    let dockerfile = Dockerfile::parse(text, build.target.as_deref());
    let copies = dockerfile.copies.into_iter().filter(|(_, target)| target.starts_with("/etc/nginx"));
    copies
        .flat_map(|(sources, target)| sources.into_iter().map(move |source| (source, target.clone())))
        .map(|(source, target)| {
            let source = source.trim_start_matches("./").trim_matches('/');
            let source = source.strip_suffix("/*").or_else(|| source.strip_suffix("/*.conf")).unwrap_or(source);
            let source = if source == "." { "" } else { source };
            (format!("{context}/{source}").trim_matches('/').to_owned(), target)
        })
        .collect()
}

/// The image puts the environment into templates before nginx reads them.
fn filled_in(sources: &Sources<'_>, path: &str, text: &str) -> String {
    let mut text = text.to_owned();
    if let (true, Some(proxy)) = (path.ends_with(".template"), sources.proxy()) {
        for (name, value) in &proxy.environment {
            if let Some(value) = value {
                text = text.replace(&format!("${{{name}}}"), value);
            }
        }
    }
    text
}

/// The ports on which a server listens, with their lines; 80 where it does not say.
fn ports(server: &Directive) -> impl Iterator<Item = (u16, usize)> {
    let mut ports: Vec<(u16, usize)> =
        server.named("listen").filter_map(|listen| Some((listen_port(listen.args.first()?)?, listen.line))).collect();
    if server.named("listen").next().is_none() {
        ports.push((80, server.line));
    }
    ports.into_iter()
}

/// `80`, `*:80`, `127.0.0.1:80`, `[::]:80`, `localhost`.
fn listen_port(argument: &str) -> Option<u16> {
    if argument.starts_with("unix:") {
        return None;
    }
    if let Ok(port) = argument.parse() {
        return Some(port);
    }
    match argument.rsplit_once(':') {
        Some((_, rest)) if !rest.contains(']') => rest.parse().ok(),
        _ => Some(80),
    }
}

/// The line that says where the requests for `/` go, with the blocks that it stands in.
fn proxy_pass(server: &Directive) -> Option<(&Directive, &Directive)> {
    let passes = |location: &&Directive| passed(location).is_some();
    let mut locations = Vec::new();
    server.all("location", &mut locations);
    let root =
        locations.iter().find(|location| location.args.last().is_some_and(|path| path == "/") && passes(location));
    let mut passing = locations.iter().filter(|location| passes(location));
    // Without a location for `/`, a single one that passes on is meant; of several, none can be told.
    let location = root.or_else(|| match (passing.next(), passing.next()) {
        (Some(only), None) => Some(only),
        _ => None,
    })?;
    Some((location, passed(location)?))
}

fn passed(location: &Directive) -> Option<&Directive> {
    ["proxy_pass", "uwsgi_pass", "fastcgi_pass", "scgi_pass", "grpc_pass"].iter().find_map(|name| {
        let mut found = Vec::new();
        location.all(name, &mut found);
        found.first().copied()
    })
}

/// Host and port behind a server's `/`, and the file and line where the port stands.
fn upstream<'a>(
    path: &'a str,
    server: &'a Directive,
    configs: &[(&'a str, Directive)],
) -> Option<(String, u16, &'a str, usize)> {
    let (_, pass) = proxy_pass(server)?;
    let mut sets = Vec::new();
    server.all("set", &mut sets);
    let variables: BTreeMap<&str, (&str, usize)> = sets
        .iter()
        .filter_map(|set| Some((set.args.first()?.strip_prefix('$')?, (set.args.get(1)?.as_str(), set.line))))
        .collect();
    let written = pass.args.first()?;
    let (address, set_line) = expanded(written, &variables)?;
    let (scheme, rest) = address.split_once("://").unwrap_or(("", &address));
    let authority = rest.split(['/', '?', '$']).next()?;
    let default = match scheme {
        "https" => 443,
        _ => 80,
    };
    let line = set_line.unwrap_or(pass.line);
    let Some((host, port)) = authority.split_once(':') else {
        let mut blocks = configs.iter().flat_map(|(path, config)| {
            let mut found = Vec::new();
            config.all("upstream", &mut found);
            found.into_iter().map(move |block| (*path, block))
        });
        let block = blocks.find(|(_, block)| block.args.first().is_some_and(|name| name == authority));
        if let Some((path, block)) = block {
            let (host, port, line) = first_server(block)?;
            return Some((host, port, path, line));
        }
        return (!authority.is_empty()).then(|| (authority.to_owned(), default, path, line));
    };
    (scheme != "unix" && host != "unix").then_some(())?;
    Some((host.to_owned(), port.parse().ok()?, path, line))
}

fn first_server(block: &Directive) -> Option<(String, u16, usize)> {
    let server =
        block.named("server").find(|server| !server.args.iter().any(|arg| arg == "down" || arg == "backup"))?;
    let address = server.args.first()?;
    if address.starts_with("unix:") {
        return None;
    }
    match address.rsplit_once(':') {
        Some((host, port)) => Some((host.to_owned(), port.parse().ok()?, server.line)),
        None => Some((address.clone(), 80, server.line)),
    }
}

/// Puts the values of `set` variables in, and gives the line of the last one used. Unknown ones that can only stand for the
/// request's address are cut off; any other makes the whole unknown.
fn expanded(written: &str, variables: &BTreeMap<&str, (&str, usize)>) -> Option<(String, Option<usize>)> {
    let mut text = written.to_owned();
    let mut line = None;
    // Each round replaces one variable; a circle ends with the rounds.
    for _ in 0..16 {
        let Some(start) = text.find('$') else { break };
        let rest = &text[start + 1..];
        let braced = rest.starts_with('{');
        let name: String =
            rest.chars().skip(usize::from(braced)).take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
        if braced && !rest[1 + name.len()..].starts_with('}') {
            return None;
        }
        let end = start + 1 + name.len() + 2 * usize::from(braced);
        match variables.get(name.as_str()) {
            Some((value, set_line)) => {
                text.replace_range(start..end, value);
                line = Some(*set_line);
            }
            None if URI_VARIABLES.contains(&name.as_str()) || in_path(&text[..start]) => text.truncate(start),
            None => return None,
        }
    }
    (!text.contains('$')).then_some((text, line))
}

/// Whether the address has come as far as its path, where a variable no longer matters.
fn in_path(before: &str) -> bool {
    before.split_once("://").is_some_and(|(_, rest)| rest.contains('/'))
}
