//! The few instructions of a Dockerfile that say how the image starts and what it documents.

use std::collections::BTreeMap;

/// Words of a command, and the line on which it stands.
pub(super) type Start = (Vec<String>, usize);

/// What the last stage (or the `target`) says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Dockerfile {
    /// `CMD`, with its line.
    pub cmd: Option<Start>,
    /// `ENTRYPOINT`, with its line.
    pub entrypoint: Option<Start>,
    /// `ENV`, and the defaults of `ARG`.
    pub env: BTreeMap<String, String>,
    /// `EXPOSE`: ports with their lines.
    pub expose: Vec<(String, usize)>,
    /// `COPY` and `ADD` from the context: sources and destination.
    pub copies: Vec<(Vec<String>, String)>,
}

impl Dockerfile {
    /// Reads a Dockerfile up to the end of the `target` stage, or the last one.
    pub fn parse(text: &str, target: Option<&str>) -> Self {
        let mut stages: BTreeMap<String, Self> = BTreeMap::new();
        let mut current = Self::default();
        let mut name = String::new();
        for (line, instruction) in instructions(text) {
            let Some((keyword, rest)) = instruction.split_once(char::is_whitespace) else { continue };
            let rest = rest.trim();
            match keyword.to_ascii_uppercase().as_str() {
                "FROM" => {
                    if target.is_some_and(|target| target.eq_ignore_ascii_case(&name)) {
                        return current;
                    }
                    let words: Vec<String> = rest.split_whitespace().map(str::to_lowercase).collect();
                    stages.insert(name, current);
                    current = words.first().and_then(|base| stages.get(base)).cloned().unwrap_or_default();
                    name = match words.as_slice() {
                        [_, word, stage, ..] if word == "as" => stage.clone(),
                        _ => format!("stage {line}"),
                    };
                }
                "CMD" => current.cmd = Some((words(rest), line)),
                "ENTRYPOINT" => {
                    current.entrypoint = Some((words(rest), line));
                }
                "ENV" | "ARG" => current.variables(rest),
                "EXPOSE" => {
                    let ports = rest.split_whitespace().map(|port| current.port(port)).collect::<Vec<_>>();
                    current.expose.extend(ports.into_iter().map(|port| (port, line)));
                }
                "COPY" | "ADD" => current.copy(rest),
                _ => {}
            }
        }
        current
    }

    fn variables(&mut self, rest: &str) {
        let words = shell_words::split(rest).unwrap_or_default();
        match words.as_slice() {
            // The old form has one variable and no sign.
            [name, value @ ..] if !name.contains('=') && !value.is_empty() => {
                self.env.insert(name.clone(), value.join(" "));
            }
            words => {
                for (name, value) in words.iter().filter_map(|word| word.split_once('=')) {
                    self.env.insert(name.to_owned(), value.to_owned());
                }
            }
        }
    }

    fn port(&self, written: &str) -> String {
        let port = written.split('/').next().unwrap_or(written);
        let name = port.trim_start_matches('$').trim_start_matches('{').trim_end_matches('}');
        if port.starts_with('$') {
            self.env.get(name).cloned().unwrap_or_else(|| port.to_owned())
        } else {
            port.to_owned()
        }
    }

    fn copy(&mut self, rest: &str) {
        if rest.contains("--from=") {
            return;
        }
        let mut paths: Vec<String> = words_of_copy(rest).into_iter().filter(|word| !word.starts_with("--")).collect();
        if let (Some(target), false) = (paths.pop(), paths.is_empty()) {
            self.copies.push((paths, target));
        }
    }
}

/// What any stage copies from the context, as plain beginnings of paths: empty for the whole context.
pub(in crate::lab) fn copied_sources(text: &str) -> Vec<String> {
    let mut all = Dockerfile::default();
    for (_, instruction) in instructions(text) {
        if let Some((keyword, rest)) = instruction.split_once(char::is_whitespace)
            && (keyword.eq_ignore_ascii_case("COPY") || keyword.eq_ignore_ascii_case("ADD"))
        {
            all.copy(rest.trim());
        }
    }
    let sources = all.copies.into_iter().flat_map(|(sources, _)| sources);
    sources
        .map(|source| {
            let source = source.trim_start_matches("./").trim_matches('/');
            if source == "." { String::new() } else { source.to_owned() }
        })
        .collect()
}

fn words_of_copy(rest: &str) -> Vec<String> {
    serde_json::from_str(rest).unwrap_or_else(|_| rest.split_whitespace().map(str::to_owned).collect())
}

/// The arguments of `CMD` or `ENTRYPOINT`: a JSON list, or a line for the shell.
fn words(rest: &str) -> Vec<String> {
    serde_json::from_str(rest).unwrap_or_else(|_| vec!["/bin/sh".to_owned(), "-c".to_owned(), rest.to_owned()])
}

/// The instructions with the line on which each begins; comments are left out and continued lines joined.
fn instructions(text: &str) -> Vec<(usize, String)> {
    let mut found: Vec<(usize, String)> = Vec::new();
    let mut continued = false;
    for (index, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.starts_with('#') || line.is_empty() {
            continue;
        }
        let (body, goes_on) = match line.strip_suffix('\\') {
            Some(body) => (body.trim_end(), true),
            None => (line, false),
        };
        match found.last_mut() {
            Some((_, instruction)) if continued => {
                instruction.push(' ');
                instruction.push_str(body);
            }
            _ => found.push((index + 1, body.to_owned())),
        }
        continued = goes_on;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_stage_counts_with_what_it_is_based_on() {
        let text = "FROM python AS base\nENV PORT=5001 A=\"b c\"\nEXPOSE 1\nCMD python old.py\n# EXPOSE 2\nFROM base\nEXPOSE $PORT/tcp \\\n  80\nCOPY --chown=a conf.d /etc/nginx/conf.d\nENTRYPOINT [\"flask\", \"run\"]\n";
        let last = Dockerfile::parse(text, None);
        assert_eq!(last.expose, [("1".to_owned(), 3), ("5001".to_owned(), 7), ("80".to_owned(), 7)]);
        assert_eq!(last.cmd, Some((vec!["/bin/sh".into(), "-c".into(), "python old.py".into()], 4)));
        assert_eq!(last.entrypoint, Some((vec!["flask".into(), "run".into()], 10)));
        assert_eq!(last.copies, [(vec!["conf.d".to_owned()], "/etc/nginx/conf.d".to_owned())]);
        assert_eq!(last.env["A"], "b c");
        let base = Dockerfile::parse(text, Some("base"));
        assert_eq!((base.expose.len(), base.entrypoint), (1, None));
    }
}
