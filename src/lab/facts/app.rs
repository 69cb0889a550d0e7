//! Where the app's own files say that it listens.

use std::collections::BTreeMap;

use super::{
    Facts, Sources,
    command::{Program, Script, flag, flags, program},
    dockerfile::{Dockerfile, Start},
    joined, place,
    python::{Call, Module, Modules},
    python_value::{Evaluator, Value},
};
use crate::compose::{Place, Service};

/// The app's service and files.
pub(super) struct App<'a> {
    pub sources: &'a Sources<'a>,
    pub service: Option<&'a Service>,
    pub modules: Modules,
    /// The environment of its container; absent when the compose file cannot be used.
    pub env: Option<BTreeMap<String, Option<String>>>,
    pub(super) dockerfile: Option<(String, Dockerfile)>,
    /// Directory of the build context inside the stack.
    prefix: String,
}

/// Where a server listens; a part that is not sure is absent.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Listens {
    host: Option<String>,
    port: Option<String>,
}

/// How a server in Python is called: its name, the positions of host and port, and what it takes for absent ones.
struct Style {
    name: &'static str,
    host: Option<usize>,
    port: Option<usize>,
    default_host: &'static str,
    default_port: &'static str,
}

const STYLES: [Style; 5] = [
    Style { name: "run", host: Some(0), port: Some(1), default_host: "127.0.0.1", default_port: "5000" },
    Style { name: "serve", host: None, port: None, default_host: "0.0.0.0", default_port: "8080" },
    Style { name: "run_simple", host: Some(0), port: Some(1), default_host: "", default_port: "" },
    Style { name: "make_server", host: Some(0), port: Some(1), default_host: "", default_port: "" },
    Style { name: "run_app", host: None, port: None, default_host: "0.0.0.0", default_port: "8080" },
];
const SERVER_CALLS: [&str; 5] = ["run", "serve", "run_simple", "make_server", "run_app"];

impl<'a> App<'a> {
    pub fn of(sources: &'a Sources<'a>) -> Self {
        let service = sources.app();
        let build = service.and_then(|service| service.build.as_ref());
        let prefix = build.and_then(|build| sources.inside(&build.context)).unwrap_or_default();
        let dockerfile = match service {
            Some(service) => sources.dockerfile(service).map(|(path, text)| (path.unwrap_or_default(), text)),
            // Without a compose file, the only Dockerfile is meant.
            None => {
                let mut all = sources.texts.iter().filter(|(path, _)| path.rsplit('/').next() == Some("Dockerfile"));
                match (all.next(), all.next()) {
                    (Some((path, text)), None) => Some((path.clone(), text.as_str())),
                    _ => None,
                }
            }
        };
        let target = build.and_then(|build| build.target.as_deref());
        let dockerfile = dockerfile.map(|(path, text)| (path, Dockerfile::parse(text, target)));
        let env = service.map(|service| {
            let image = dockerfile.iter().flat_map(|(_, dockerfile)| &dockerfile.env);
            let mut env: BTreeMap<_, _> = image.map(|(name, value)| (name.clone(), Some(value.clone()))).collect();
            env.extend(service.environment.clone());
            env
        });
        Self { sources, service, modules: Modules::of(sources.texts, &prefix), env, dockerfile, prefix }
    }

    pub fn read(&self, facts: &mut Facts) {
        if let Some((path, dockerfile)) = &self.dockerfile
            && let Some((_, line)) = dockerfile.expose.first()
        {
            let ports = joined(dockerfile.expose.iter().map(|(port, _)| port.clone()));
            facts.put("app.expose", ports, Some(place(path, *line)));
        }
        let Some((listens, stands)) = self.listens() else { return };
        if let Some(port) = listens.port.filter(|port| port.split(',').all(|port| port.parse::<u16>().is_ok())) {
            facts.put("app.port", port, Some(stands.clone()));
        }
        if let Some(host) = listens.host {
            facts.put("app.host", host, Some(stands));
        }
    }

    pub fn evaluator(&self) -> Evaluator<'_> {
        Evaluator::new(&self.modules, self.env.as_ref())
    }

    fn listens(&self) -> Option<(Listens, Place)> {
        let Some((words, stands)) = self.command() else {
            // No command to read: only a program that can be meant by no other is believed.
            return self.served_by(self.modules.iter());
        };
        let env = self.known_env();
        let (program, script) = program(&words, &env, |word| self.script(word))?;
        let stands = script.map_or(stands, |(path, line)| place(path, line));
        let or_env = |value: Option<String>, name: &str| value.or_else(|| env.get(name).cloned());
        let listens = match &program {
            Program::Python(file) => {
                let main = self.modules.meant(file)?;
                return self.served_by(std::iter::once(main)).or_else(|| {
                    // `main.py` may only import what serves.
                    self.served_by(self.modules.iter().filter(|module| module.path != main.path))
                });
            }
            Program::Code(code) => {
                let module = Module::new("", code);
                let (listens, _) = self.served_by(std::iter::once(&module))?;
                listens
            }
            Program::Flask(arguments) => Listens {
                host: or_env(flag(arguments, &["-h", "--host"]), "FLASK_RUN_HOST").or(Some("127.0.0.1".into())),
                port: or_env(flag(arguments, &["-p", "--port"]), "FLASK_RUN_PORT").or(Some("5000".into())),
            },
            Program::Gunicorn(arguments) => self.gunicorn(arguments, &env),
            Program::Hypercorn(arguments) => bound(&flags(arguments, &["-b", "--bind"]), "127.0.0.1:8000"),
            Program::Waitress(arguments) => {
                let listen = flags(arguments, &["--listen"]);
                let host = flag(arguments, &["--host"]).unwrap_or_else(|| "0.0.0.0".into());
                let port = flag(arguments, &["--port"]).unwrap_or_else(|| "8080".into());
                bound(&listen, &format!("{host}:{port}"))
            }
            Program::Uvicorn(arguments) => Listens {
                host: flag(arguments, &["--host"]).or(Some("127.0.0.1".into())),
                port: flag(arguments, &["--port"]).or(Some("8000".into())),
            },
            Program::Uwsgi(arguments) => {
                let sockets = flags(arguments, &["--http", "--http-socket", "--socket", "-s"]);
                if sockets.is_empty() {
                    return None;
                }
                bound(&sockets, "")
            }
        };
        Some((listens, stands))
    }

    /// What the container is started with, and where that stands.
    pub(super) fn command(&self) -> Option<(Vec<String>, Place)> {
        let dockerfile = self.dockerfile.as_ref();
        let in_dockerfile = |part: fn(&Dockerfile) -> Option<&Start>| {
            let (path, dockerfile) = dockerfile?;
            part(dockerfile).map(|(words, line)| (words.clone(), place(path, *line)))
        };
        let in_compose = |words: &Option<Vec<String>>, key: &str| {
            let service = self.service?;
            words.clone().map(|words| (words, self.sources.place_of(service, key)))
        };
        let own_entrypoint = self.service.and_then(|service| in_compose(&service.entrypoint, "entrypoint:"));
        let own_command = self.service.and_then(|service| in_compose(&service.command, "command:"));
        // Another entrypoint takes the image's command away.
        let image_command = if own_entrypoint.is_some() { None } else { in_dockerfile(|file| file.cmd.as_ref()) };
        let entrypoint = own_entrypoint.or_else(|| in_dockerfile(|file| file.entrypoint.as_ref()));
        let command = own_command.or(image_command);
        match (entrypoint, command) {
            (Some((mut words, _)), Some((more, stands))) if !words.is_empty() => {
                words.extend(more);
                Some((words, stands))
            }
            (Some(entrypoint), None) => Some(entrypoint),
            (_, command) => command,
        }
    }

    pub(super) fn known_env(&self) -> BTreeMap<String, String> {
        let env = self.env.iter().flatten();
        env.filter_map(|(name, value)| Some((name.clone(), value.clone()?))).collect()
    }

    /// The stack's file that a word of a command names, as far as that is a script.
    pub(super) fn script(&self, word: &str) -> Option<Script<'_>> {
        let name = word.rsplit('/').next().filter(|name| name.ends_with(".sh"))?;
        let below = |path: &&String| self.prefix.is_empty() || path.starts_with(&format!("{}/", self.prefix));
        let path = self.sources.texts.keys().filter(below).find(|path| path.rsplit('/').next() == Some(name))?;
        Some(Script { path, text: &self.sources.texts[path] })
    }

    fn gunicorn(&self, arguments: &[String], env: &BTreeMap<String, String>) -> Listens {
        let mut binds = flags(arguments, &["-b", "--bind"]);
        if binds.is_empty() {
            let more = env.get("GUNICORN_CMD_ARGS").and_then(|line| shell_words::split(line).ok()).unwrap_or_default();
            binds = flags(&more, &["-b", "--bind"]);
        }
        if binds.is_empty() {
            let config = flag(arguments, &["-c", "--config"]).unwrap_or_else(|| "gunicorn.conf.py".into());
            let config = config.trim_start_matches("python:");
            if let Some(module) = self.modules.meant(config)
                && let Some(expression) = module.assigned("bind")
            {
                return match self.evaluator().value(module, expression).known() {
                    Some(bind) => bound(&[bind], ""),
                    None => Listens { host: None, port: None },
                };
            }
        }
        let default = env.get("PORT").map_or_else(|| "127.0.0.1:8000".to_owned(), |port| format!("0.0.0.0:{port}"));
        bound(&binds, &default)
    }

    /// Where the server calls of these modules listen, if they all say the same.
    fn served_by<'m>(&self, modules: impl Iterator<Item = &'m Module>) -> Option<(Listens, Place)> {
        let evaluator = self.evaluator();
        let mut found: Option<(Listens, Place)> = None;
        for module in modules {
            for call in module.calls(&SERVER_CALLS) {
                let Some(listens) = served(&evaluator, &call) else { continue };
                match &found {
                    Some((other, _)) if *other != listens => return None,
                    Some(_) => {}
                    None => found = Some((listens, place(&module.path, port_line(&call)))),
                }
            }
        }
        found
    }
}

/// The line on which the port stands, in a call over several.
fn port_line(call: &Call<'_>) -> usize {
    call.argument("port", None).and_then(|port| port.first()).map_or(call.line(), |token| token.line)
}

/// Where a call makes a server listen; nothing when it is none.
fn served(evaluator: &Evaluator<'_>, call: &Call<'_>) -> Option<Listens> {
    let names: Vec<&str> = call.path.iter().filter_map(super::python_tokens::Token::name).collect();
    let (last, before) = names.split_last()?;
    let style = STYLES.iter().find(|style| style.name == *last)?;
    let (mut shift, mut host, mut port) = (0, style.default_host, style.default_port);
    match (*last, before) {
        ("run", ["uvicorn"]) => (shift, host, port) = (1, "127.0.0.1", "8000"),
        // `socketio.run(app, host, port)`
        ("run", ["socketio"]) => shift = 1,
        ("run", []) if call.path.len() == 1 => return None,
        ("run", [object]) if !is_flask(call.module, object) => return None,
        ("run", [_, _, ..]) => return None,
        ("serve" | "run_app", _)
            if !call.module.tokens.iter().any(|token| matches!(token.name(), Some("waitress" | "web"))) =>
        {
            return None;
        }
        _ => {}
    }
    let value = |name: &str, position: Option<usize>, default: &str| match call
        .argument(name, position.map(|position| position + shift))
    {
        None if call.spreads() || default.is_empty() => None,
        None => Some(default.to_owned()),
        Some(expression) => match evaluator.value(call.module, expression) {
            Value::Nothing => Some(default.to_owned()),
            value => value.known(),
        },
    };
    if let Some(listen) = call.argument("listen", None).filter(|_| *last == "serve") {
        return Some(match evaluator.value(call.module, listen).known() {
            Some(listen) => bound(&listen.split_whitespace().map(str::to_owned).collect::<Vec<_>>(), ""),
            None => Listens { host: None, port: None },
        });
    }
    Some(Listens { host: value("host", style.host, host), port: value("port", style.port, port) })
}

/// Whether a name is a Flask app: called so, or made by Flask or a factory.
fn is_flask(module: &Module, name: &str) -> bool {
    if matches!(name, "app" | "application" | "flask_app") {
        return true;
    }
    // `create_app().run()` leaves no name, and `create_app` as one.
    module.assigned(name).is_some_and(|made| {
        made.first()
            .and_then(|token| token.name())
            .is_some_and(|maker| maker == "Flask" || maker.contains("create_app"))
    })
}

/// Host and port of addresses to bind to: `0.0.0.0:80`, `:80`, `[::]:80`, `*:80`; sockets of files are passed over.
fn bound(addresses: &[String], default: &str) -> Listens {
    let written: Vec<&str> =
        if addresses.is_empty() { vec![default] } else { addresses.iter().map(String::as_str).collect() };
    let pairs: Vec<(String, String)> = written
        .iter()
        .flat_map(|address| address.split(','))
        .filter(|address| !address.starts_with("unix:") && !address.starts_with("fd:") && !address.contains('/'))
        .filter_map(|address| match address.trim().rsplit_once(':') {
            Some((host, port)) => Some((host.to_owned(), port.to_owned())),
            None if address.parse::<u16>().is_ok() => Some((String::new(), address.trim().to_owned())),
            None => None,
        })
        .map(|(host, port)| (if host.is_empty() || host == "*" { "0.0.0.0".to_owned() } else { host }, port))
        .collect();
    if pairs.is_empty() {
        return Listens { host: None, port: None };
    }
    let (hosts, ports): (Vec<_>, Vec<_>) = pairs.into_iter().unzip();
    Listens { host: Some(joined(hosts)), port: Some(joined(ports)) }
}
