//! The few instructions of a Dockerfile that say how the image starts and what it documents.

use std::collections::BTreeMap;

pub(super) use crate::compose::dockerfile::Start;
use crate::compose::dockerfile::{Flag, Instruction, Source, Text, UnescapedString, copied, words};

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
    /// `WORKDIR`.
    pub workdir: Option<String>,
    /// `COPY` and `ADD` from the context: sources and destination.
    pub copies: Vec<(Vec<String>, String)>,
}

impl Dockerfile {
    /// Reads a Dockerfile up to the end of the `target` stage, or the last one.
    pub fn parse(text: &str, target: Option<&str>) -> Self {
        let text = Text::of(text);
        let read = text.read();
        let mut stages: BTreeMap<String, Self> = BTreeMap::new();
        let mut current = Self::default();
        let mut name = String::new();
        for instruction in &read.instructions {
            match instruction {
                Instruction::From(from) => {
                    if target.is_some_and(|target| target.eq_ignore_ascii_case(&name)) {
                        return current;
                    }
                    stages.insert(name, current);
                    current = stages.get(&from.image.value.to_lowercase()).cloned().unwrap_or_default();
                    name = match &from.as_ {
                        Some((_, stage)) => stage.value.to_lowercase(),
                        None => format!("stage {}", stages.len()),
                    };
                }
                Instruction::Cmd(cmd) => {
                    current.cmd = Some((words(&cmd.arguments), read.line(cmd.cmd.span.start)));
                }
                Instruction::Entrypoint(entrypoint) => {
                    let line = read.line(entrypoint.entrypoint.span.start);
                    current.entrypoint = Some((words(&entrypoint.arguments), line));
                }
                Instruction::Env(env) => current.variables(&env.arguments.value),
                Instruction::Arg(arg) => current.variables(&arg.arguments.value),
                Instruction::Expose(expose) => {
                    let line = read.line(expose.expose.span.start);
                    let ports = expose.arguments.iter().map(|port| (current.port(&port.value), line));
                    let ports: Vec<_> = ports.collect();
                    current.expose.extend(ports);
                }
                Instruction::Copy(copy) => current.copy(&copy.options, &copy.src, &copy.dest),
                Instruction::Add(add) => current.copy(&add.options, &add.src, &add.dest),
                Instruction::Workdir(workdir) => current.workdir = Some(current.below(&workdir.arguments.value)),
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

    /// A directory that may be told relative to the one before.
    fn below(&self, rest: &str) -> String {
        let path = rest.trim_matches(['"', '\'']).trim_end_matches('/');
        match &self.workdir {
            Some(before) if !path.starts_with('/') => format!("{before}/{path}"),
            _ => path.to_owned(),
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

    fn copy(&mut self, options: &[Flag<'_>], sources: &[Source<'_>], target: &UnescapedString<'_>) {
        let paths = copied(options, sources).unwrap_or_default();
        if !paths.is_empty() {
            self.copies.push((paths, target.value.to_string()));
        }
    }
}

/// What any stage takes from the context, as plain beginnings of paths: empty for the whole context.
pub(in crate::lab) fn copied_sources(text: &str) -> Vec<String> {
    let sources = Text::of(text).read().sources().unwrap_or_else(|| vec![".".to_owned()]);
    let plain = |source: String| {
        let source = source.trim_start_matches("./").trim_matches('/');
        if source == "." { String::new() } else { source.to_owned() }
    };
    sources.into_iter().map(plain).collect()
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
