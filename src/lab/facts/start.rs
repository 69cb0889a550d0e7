//! What the app's container is started with: a script of the stack, a module that the command names, what is mounted over it.

use super::{
    Facts,
    app::App,
    command::{Program, flag, program},
    joined, place,
};
use crate::compose::MountKind;

/// Options of gunicorn that are followed by a value of their own.
const WITH_VALUE: [&str; 14] =
    ["-b", "-w", "-k", "-c", "-t", "-n", "-u", "-g", "-p", "-m", "-e", "-s", "-R", "--worker-tmp-dir"];

impl App<'_> {
    pub(super) fn read_start(&self, facts: &mut Facts) {
        facts.put("app.modules", joined(self.modules.iter().filter_map(|module| own_name(&module.path))), None);
        self.read_mounts(facts);
        let Some((words, stands)) = self.command() else { return };
        if let Some((module, attribute)) = self.named_module(&words) {
            facts.put("app.command_module", module, Some(stands.clone()));
            if let Some(attribute) = attribute {
                facts.put("app.command_attribute", attribute, Some(stands.clone()));
            }
        }
        let Some(first) = words.first() else { return };
        // `sh /start.sh` and `tini -- /start.sh` name it later.
        match words.iter().take(3).find_map(|word| self.script(word)) {
            Some(script) => {
                let ends = if script.text.contains("\r\n") { "CRLF" } else { "LF" };
                let shebang = script.text.lines().next().and_then(|line| line.strip_prefix("#!")).map(str::trim);
                let here = place(script.path, 1);
                facts.put("app.script", script.path, Some(here.clone()));
                facts.put("app.script_ends", ends, Some(here.clone()));
                facts.put("app.script_shebang", shebang.unwrap_or("none"), Some(here));
            }
            None if first.ends_with(".sh") => {
                facts.put("app.script_ends", "none", None);
                facts.put("app.script", "none", Some(stands));
            }
            None => facts.put("app.command", words.join(" "), Some(stands)),
        }
    }

    /// The module and the name in it that a server is told to serve: `gunicorn app:app`, `flask --app app run`.
    fn named_module(&self, words: &[String]) -> Option<(String, Option<String>)> {
        let env = self.known_env();
        let (program, _) = program(words, &env, |word| self.script(word))?;
        let named = match &program {
            Program::Gunicorn(arguments) => {
                let value_of_option = |at: usize| {
                    at > 0
                        && (WITH_VALUE.contains(&arguments[at - 1].as_str())
                            || arguments[at - 1].starts_with("--")
                                && !arguments[at - 1].contains('=')
                                && !arguments[at].contains(':'))
                };
                let mut plain = arguments.iter().enumerate().filter(|(_, word)| !word.starts_with('-'));
                plain.find(|(at, _)| !value_of_option(*at)).map(|(_, word)| word.clone())?
            }
            Program::Flask(_) => flag(words, &["--app", "-A"]).or_else(|| env.get("FLASK_APP").cloned())?,
            _ => return None,
        };
        let (module, attribute) = match named.split_once(':') {
            Some((module, attribute)) => (module, Some(attribute.to_owned())),
            None => (named.as_str(), None),
        };
        let module = module.trim_end_matches(".py").trim_start_matches("./").replace('/', ".");
        Some((module, attribute))
    }

    /// A mount that hides the directory in which the image has the program.
    fn read_mounts(&self, facts: &mut Facts) {
        let Some(service) = self.service else { return };
        let of_image = self.dockerfile.as_ref().and_then(|(_, file)| file.workdir.clone());
        let Some(workdir) = service.working_dir.clone().or(of_image) else { return };
        let covers = |target: &str| {
            let target = target.trim_end_matches('/');
            workdir == target || workdir.strip_prefix(target).is_some_and(|rest| rest.starts_with('/'))
        };
        let mount =
            service.mounts.iter().find(|mount| covers(&mount.target) && !matches!(mount.kind, MountKind::Tmpfs));
        match mount {
            Some(mount) => facts.put("app.mounted_over", &mount.target, Some(mount.place.clone())),
            None => facts.put("app.mounted_over", "none", None),
        }
    }
}

/// By which name a module of the stack is imported.
fn own_name(path: &str) -> Option<String> {
    let path = path.strip_suffix("/__init__.py").or_else(|| path.strip_suffix(".py"))?;
    path.rsplit('/').next().map(str::to_owned)
}
