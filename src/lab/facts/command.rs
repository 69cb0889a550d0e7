//! What a container's command starts: which server, with which flags.

use std::collections::BTreeMap;

/// Words of one command that are looked at; no command is longer.
const MOST_WORDS: usize = 1_000;

/// A program that serves, with its arguments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Program {
    /// `python app.py`
    Python(String),
    /// `python -c '…'`
    Code(String),
    /// `flask run`
    Flask(Vec<String>),
    /// `gunicorn`
    Gunicorn(Vec<String>),
    /// `waitress-serve`
    Waitress(Vec<String>),
    /// `uvicorn`
    Uvicorn(Vec<String>),
    /// `hypercorn`
    Hypercorn(Vec<String>),
    /// `uwsgi`
    Uwsgi(Vec<String>),
}

/// A script named by a command, and whether it hands over to the rest of the command.
pub(super) struct Script<'a> {
    pub path: &'a str,
    pub text: &'a str,
}

impl Script<'_> {
    pub fn hands_over(&self) -> bool {
        self.text.contains("\"$@\"")
    }
}

/// The program that a command ends up running, and the line of the script on which it stands, if it is in one.
pub(super) fn program<'a>(
    words: &[String],
    env: &BTreeMap<String, String>,
    script: impl Fn(&str) -> Option<Script<'a>>,
) -> Option<(Program, Option<(&'a str, usize)>)> {
    let words: Vec<String> = words.iter().map(|word| expanded(word, env)).collect();
    if let Some(line) = shell_line(&words) {
        return in_line(line, env, &script);
    }
    if let Some((at, script)) = words.iter().enumerate().take(3).find_map(|(at, word)| Some((at, script(word)?))) {
        if let Some((program, line)) = in_script(&script, env) {
            return Some((program, Some((script.path, line))));
        }
        return if script.hands_over() { known(&words[at + 1..]).map(|program| (program, None)) } else { None };
    }
    known(&words).map(|program| (program, None))
}

fn in_line<'a>(
    line: &str,
    env: &BTreeMap<String, String>,
    script: &impl Fn(&str) -> Option<Script<'a>>,
) -> Option<(Program, Option<(&'a str, usize)>)> {
    let segments = segments(line, env);
    if let Some(program) = segments.iter().rev().find_map(|segment| known(segment)) {
        return Some((program, None));
    }
    let script = segments.iter().flatten().find_map(|word| script(word))?;
    let (program, line) = in_script(&script, env)?;
    Some((program, Some((script.path, line))))
}

fn in_script(script: &Script<'_>, env: &BTreeMap<String, String>) -> Option<(Program, usize)> {
    let mut lines: Vec<(usize, String)> = Vec::new();
    let mut continued = false;
    for (index, line) in script.text.lines().enumerate() {
        let body = line.trim_end().strip_suffix('\\');
        match lines.last_mut() {
            Some((_, last)) if continued => last.extend([" ", body.unwrap_or(line)]),
            _ => lines.push((index + 1, body.unwrap_or(line).to_owned())),
        }
        continued = body.is_some();
    }
    let real = lines.iter().filter(|(_, line)| !line.trim_start().starts_with('#'));
    let mut found = real.filter_map(|(number, line)| {
        Some((segments(line, env).iter().rev().find_map(|segment| known(segment))?, *number))
    });
    found.next_back()
}

/// The line that a shell is given: `sh -c '…'`.
fn shell_line(words: &[String]) -> Option<&str> {
    let at = words.iter().position(|word| matches!(base(word), "sh" | "bash" | "ash" | "dash"))?;
    let flag = words[at + 1..]
        .iter()
        .position(|word| word.starts_with('-') && !word.starts_with("--") && word.ends_with('c'))?;
    words.get(at + flag + 2).map(String::as_str)
}

/// The commands of a shell line, as words.
fn segments(line: &str, env: &BTreeMap<String, String>) -> Vec<Vec<String>> {
    let line = expanded(line, env);
    let Ok(words) = shell_words::split(&line) else { return Vec::new() };
    let mut segments = vec![Vec::new()];
    for word in words {
        let (word, ends) = match word.strip_suffix(';') {
            Some(word) => (word.to_owned(), true),
            None => (word, false),
        };
        let separates = matches!(word.as_str(), "&&" | "||" | "|" | "&" | ";");
        if let (Some(segment), false) = (segments.last_mut(), separates || word.is_empty()) {
            segment.push(word);
        }
        if separates || ends {
            segments.push(Vec::new());
        }
    }
    segments
}

/// The server that these words start, whatever stands before it (`exec`, `tini --`, `wait-for-it db:5432 --`, `A=b`).
fn known(words: &[String]) -> Option<Program> {
    let words = &words[..words.len().min(MOST_WORDS)];
    words.iter().enumerate().find_map(|(at, word)| {
        let rest = &words[at + 1..];
        match base(word) {
            name if is_python(name) => python(rest),
            name => server(name, rest),
        }
    })
}

fn server(name: &str, rest: &[String]) -> Option<Program> {
    match name {
        "flask" => {
            let run = rest.iter().position(|word| word == "run")?;
            Some(Program::Flask(rest[run + 1..].to_vec()))
        }
        "gunicorn" => Some(Program::Gunicorn(rest.to_vec())),
        "waitress-serve" | "waitress" => Some(Program::Waitress(rest.to_vec())),
        "uvicorn" => Some(Program::Uvicorn(rest.to_vec())),
        "hypercorn" => Some(Program::Hypercorn(rest.to_vec())),
        "uwsgi" => Some(Program::Uwsgi(rest.to_vec())),
        _ => None,
    }
}

fn python(rest: &[String]) -> Option<Program> {
    let mut words = rest.iter();
    while let Some(word) = words.next() {
        match word.as_str() {
            "-c" => return words.next().map(|code| Program::Code(code.clone())),
            "-m" => {
                let module = words.next()?;
                return server(module, words.as_slice())
                    .or_else(|| Some(Program::Python(format!("{}.py", module.replace('.', "/")))));
            }
            "-W" | "-X" => drop(words.next()),
            flag if flag.starts_with('-') => {}
            file => return Some(Program::Python(file.to_owned())),
        }
    }
    None
}

fn is_python(name: &str) -> bool {
    name.strip_prefix("python").is_some_and(|version| version.chars().all(|c| c.is_ascii_digit() || c == '.'))
}

fn base(word: &str) -> &str {
    word.rsplit('/').next().unwrap_or(word)
}

/// The value of a flag in one of its forms: `-p 80`, `-p80`, `--port 80`, `--port=80`; the last one counts.
pub(super) fn flag(arguments: &[String], names: &[&str]) -> Option<String> {
    flags(arguments, names).pop()
}

/// All values of a flag.
pub(super) fn flags(arguments: &[String], names: &[&str]) -> Vec<String> {
    let mut values = Vec::new();
    for (at, word) in arguments.iter().enumerate() {
        for name in names {
            let Some(rest) = word.strip_prefix(name) else { continue };
            if rest.is_empty() {
                values.extend(arguments.get(at + 1).cloned());
            } else if let Some(value) = rest.strip_prefix('=') {
                values.push(value.to_owned());
            } else if !name.starts_with("--") {
                values.push(rest.to_owned());
            }
        }
    }
    values
}

/// Puts variables into a word of a shell: `$PORT`, `${PORT}`, `${PORT:-5000}`. Unknown ones stay as they are.
fn expanded(word: &str, env: &BTreeMap<String, String>) -> String {
    let mut out = String::new();
    let mut rest = word;
    // Behind the last one, no brace is closed any more.
    let last = word.rfind('}');
    while let Some(at) = rest.find('$') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let braced = rest[1..].starts_with('{');
        let name_at = 1 + usize::from(braced);
        let name: String = rest[name_at..].chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
        let after = &rest[name_at + name.len()..];
        let is_closed = braced && last.is_some_and(|last| last >= word.len() - after.len());
        let (default, length) = match is_closed.then(|| after.find('}')).flatten() {
            Some(close) => (after[..close].strip_prefix(":-"), name_at + name.len() + close + 1),
            None => (None, name_at + name.len()),
        };
        match env.get(&name).map(String::as_str).filter(|value| !value.is_empty()).or(default) {
            Some(value) if !name.is_empty() => out.push_str(value),
            _ => out.push_str(&rest[..length]),
        }
        rest = &rest[length..];
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    fn started(command: &str) -> Option<Program> {
        let env = BTreeMap::from([("PORT".to_owned(), "5001".to_owned())]);
        let script = |name: &str| {
            let text = match name {
                "./entrypoint.sh" => "#!/bin/sh\n# flask run -p 1\nset -e\nexec \"$@\"\n",
                "run.sh" => "cd src\npython init.py\nexec gunicorn app:app \\\n  -b :$PORT\n",
                _ => return None,
            };
            Some(Script { path: "x.sh", text })
        };
        program(&shell_words::split(command).unwrap(), &env, script).map(|(program, _)| program)
    }

    fn words(text: &str) -> Vec<String> {
        text.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn the_server_is_found_behind_what_stands_before_it() {
        let python = |file: &str| Some(Program::Python(file.to_owned()));
        assert_eq!(started("python -u src/app.py"), python("src/app.py"));
        assert_eq!(started("/usr/bin/python3.13 -X dev -m shop.main"), python("shop/main.py"));
        assert_eq!(started("sh -c 'cd src && exec python app.py'"), python("app.py"));
        assert_eq!(started("sh -c 'python init.py; python app.py'"), python("app.py"));
        assert_eq!(started("./entrypoint.sh python app.py"), python("app.py"));
        assert_eq!(started("wait-for-it db:5432 -- flask --app a run -p 80"), Some(Program::Flask(words("-p 80"))));
        assert_eq!(started("python -m flask run"), Some(Program::Flask(Vec::new())));
        assert_eq!(started("bash run.sh"), Some(Program::Gunicorn(words("app:app -b :5001"))));
        assert_eq!(
            started("sh -c 'gunicorn -b 0.0.0.0:${PORT:-80} a:b'"),
            Some(Program::Gunicorn(words("-b 0.0.0.0:5001 a:b")))
        );
        assert_eq!(started("python -c 'import app'"), Some(Program::Code("import app".into())));
        assert_eq!(started("flask shell"), None);
        assert_eq!(started("sleep infinity"), None);
    }

    #[test]
    fn flags_have_four_forms() {
        for form in ["-p 80", "-p80", "--port 80", "--port=80", "-p 1 --port=80"] {
            assert_eq!(flag(&words(form), &["-p", "--port"]).as_deref(), Some("80"), "{form}");
        }
        assert_eq!(flag(&words("--ports 80"), &["-p", "--port"]), None);
        let env = BTreeMap::new();
        assert_eq!(expanded("a$B ${C} ${D:-e} $", &env), "a$B ${C} e $");
    }
}
