//! The one reader of Dockerfiles. The grammar is the crate `parse-dockerfile`'s; here stands what the rooms ask of it.

use std::{collections::BTreeMap, ops::Range};

use parse_dockerfile::{Command, RunInstruction, parse_iter};
pub(crate) use parse_dockerfile::{Flag, Instruction, Source, UnescapedString};

/// The text of a Dockerfile, ready to be read.
#[derive(Debug)]
pub(crate) struct Text {
    /// As it is written, without a mark of its encoding.
    pub written: String,
    /// The same, of the same length, but for texts that a `RUN` holds behind its first word (`RUN python <<EOF`): the grammar does not
    /// know those, and finds comments in their place.
    readable: String,
    /// Where those texts are, each with the line that ends it.
    texts: Vec<Range<usize>>,
}

/// The instructions of a Dockerfile.
#[derive(Debug)]
pub(crate) struct Dockerfile<'t> {
    source: &'t Text,
    /// All of them, or those before the first that cannot be read.
    pub instructions: Vec<Instruction<'t>>,
    /// Whether every instruction could be read: what is in the rest nobody can tell.
    pub is_whole: bool,
}

/// The words of a `CMD` or `ENTRYPOINT`, and the line on which it stands.
pub(crate) type Start = (Vec<String>, usize);

impl Text {
    /// Takes a Dockerfile's text.
    pub fn of(text: &str) -> Self {
        let written = text.trim_start_matches('\u{feff}').to_owned();
        let texts = inner_texts(&written);
        let mut readable = written.clone();
        for range in &texts {
            let comment = |line: &str| match line.strip_suffix('\n') {
                Some(line) => format!("{}\n", "#".repeat(line.len())),
                None => "#".repeat(line.len()),
            };
            let masked: String = written[range.clone()].split_inclusive('\n').map(comment).collect();
            readable.replace_range(range.clone(), &masked);
        }
        Self { written, readable, texts }
    }

    /// Reads it, as far as it can be read.
    pub fn read(&self) -> Dockerfile<'_> {
        let mut instructions = Vec::new();
        let mut is_whole = true;
        match parse_iter(&self.readable) {
            Ok(found) => {
                for instruction in found {
                    match instruction {
                        Ok(instruction) => instructions.push(instruction),
                        Err(_) => is_whole = false,
                    }
                }
            }
            Err(_) => is_whole = false,
        }
        Dockerfile { source: self, instructions, is_whole }
    }
}

/// The texts that a `RUN` holds behind its first word. One without an end is none: the builder takes the sign for the shell's.
fn inner_texts(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let (mut at, mut in_run, mut waits) = (0, false, Vec::<&str>::new());
    let mut lines = text.split_inclusive('\n').peekable();
    while let Some(line) = lines.next() {
        at += line.len();
        let words: Vec<&str> = line.split_whitespace().collect();
        let begins = words.first().is_some_and(|word| word.eq_ignore_ascii_case("RUN"));
        let words = if begins {
            words.iter().skip(1).skip_while(|word| word.starts_with("--")).copied().collect()
        } else {
            words
        };
        // The grammar knows one that comes first.
        let known = begins && words.first().is_some_and(|word| word.starts_with("<<"));
        in_run |= begins && !known;
        if !in_run {
            continue;
        }
        waits.extend(words.iter().filter_map(|word| delimiter(word)));
        if line.trim_end().ends_with('\\') {
            continue;
        }
        let start = at;
        let mut end = at;
        let mut rest = text[at..].split_inclusive('\n');
        let closed = waits.iter().all(|delimiter| {
            rest.by_ref().any(|line| {
                end += line.len();
                line.trim() == *delimiter
            })
        });
        if closed && end > start {
            found.push(start..end);
            while at < end
                && let Some(line) = lines.next()
            {
                at += line.len();
            }
        }
        in_run = false;
        waits.clear();
    }
    found
}

/// The word that ends the text that `<<EOF`, `<<-EOF` or `<<"EOF"` begins.
fn delimiter(word: &str) -> Option<&str> {
    let name = word.trim_start_matches(|c: char| c.is_ascii_digit()).strip_prefix("<<")?;
    let name = name.strip_prefix('-').unwrap_or(name).trim_matches(['"', '\'']);
    (!name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')).then_some(name)
}

impl<'t> Dockerfile<'t> {
    /// The line, counted from one, on which something stands that begins at this byte.
    pub fn line(&self, start: usize) -> usize {
        self.source.written.bytes().take(start).filter(|byte| *byte == b'\n').count() + 1
    }

    /// What a `RUN` holds as a text, from its command to the line that ends the text; nothing for one that holds none.
    pub fn run_text(&self, run: &RunInstruction<'t>) -> Option<Range<usize>> {
        let written = &self.source.written;
        let after = run.options.last().map_or(run.run.span.end, |option| option.span().end);
        let line_end = |at: usize| written[at..].find('\n').map_or(written.len(), |end| at + end);
        let end = match run.here_docs.last() {
            Some(known) => line_end(known.span.end),
            None => {
                let command = match &run.arguments {
                    Command::Shell(line) => line.span.end,
                    _ => return None,
                };
                let follows =
                    |text: &&Range<usize>| text.start >= command && written[command..text.start].trim().is_empty();
                let text = self.source.texts.iter().find(follows)?;
                text.start + written[text.clone()].trim_end().len()
            }
        };
        Some(after + written[after..].find(|c: char| !c.is_whitespace())?..end)
    }

    /// The paths, written as they are, that any stage takes from the context; nothing where that cannot be told.
    pub fn sources(&self) -> Option<Vec<String>> {
        let mut sources = Vec::new();
        for instruction in &self.instructions {
            match instruction {
                Instruction::Copy(copy) => sources.extend(copied(&copy.options, &copy.src)?),
                Instruction::Add(add) => sources.extend(copied(&add.options, &add.src)?),
                Instruction::Run(run) => {
                    for mount in mounts(&run.options) {
                        sources.extend(bound(mount)?);
                    }
                }
                // Such an image brings steps of its own, which copy.
                Instruction::From(from) if from.image.value.ends_with("onbuild") => return None,
                _ => {}
            }
        }
        self.is_whole.then_some(sources)
    }

    /// The image that the last stage, or the one asked for, stands on; nothing where a variable names it.
    pub fn base(&self, target: Option<&str>) -> Option<String> {
        let mut bases: BTreeMap<String, Option<String>> = BTreeMap::new();
        let mut last = None;
        for instruction in &self.instructions {
            let Instruction::From(from) = instruction else { continue };
            let named = &from.image.value;
            let image = || (!named.contains('$')).then(|| named.to_string());
            last = bases.get(&named.to_lowercase()).cloned().unwrap_or_else(image);
            if let Some((_, name)) = &from.as_ {
                bases.insert(name.value.to_lowercase(), last.clone());
            }
        }
        target.and_then(|target| bases.get(&target.to_lowercase()).cloned()).unwrap_or(last)
    }

    /// The words of `CMD` and `ENTRYPOINT` of the last stage, in one text.
    pub fn runs(&self) -> String {
        let mut runs = String::new();
        for instruction in &self.instructions {
            let words = match instruction {
                Instruction::From(_) => {
                    runs.clear();
                    continue;
                }
                Instruction::Cmd(cmd) => words(&cmd.arguments),
                Instruction::Entrypoint(entrypoint) => words(&entrypoint.arguments),
                _ => continue,
            };
            runs.push(' ');
            runs.push_str(&words.join(" "));
        }
        runs
    }
}

/// Where an instruction begins.
pub(crate) fn start(instruction: &Instruction<'_>) -> usize {
    let keyword = match instruction {
        Instruction::Add(one) => &one.add,
        Instruction::Arg(one) => &one.arg,
        Instruction::Cmd(one) => &one.cmd,
        Instruction::Copy(one) => &one.copy,
        Instruction::Entrypoint(one) => &one.entrypoint,
        Instruction::Env(one) => &one.env,
        Instruction::Expose(one) => &one.expose,
        Instruction::From(one) => &one.from,
        Instruction::Healthcheck(one) => &one.healthcheck,
        Instruction::Label(one) => &one.label,
        Instruction::Maintainer(one) => &one.maintainer,
        Instruction::Onbuild(one) => &one.onbuild,
        Instruction::Run(one) => &one.run,
        Instruction::Shell(one) => &one.shell,
        Instruction::Stopsignal(one) => &one.stopsignal,
        Instruction::User(one) => &one.user,
        Instruction::Volume(one) => &one.volume,
        Instruction::Workdir(one) => &one.workdir,
        // The grammar may grow; what is not known yet is taken for the file's beginning.
        _ => return 0,
    };
    keyword.span.start
}

/// What a `COPY` or `ADD` takes from the context: no path for one that takes from elsewhere. Nothing where it cannot be told.
pub(crate) fn copied(options: &[Flag<'_>], sources: &[Source<'_>]) -> Option<Vec<String>> {
    if option(options, "from").is_some() {
        return Some(Vec::new());
    }
    let mut paths = Vec::new();
    for source in sources {
        match source {
            Source::Path(path) if path.value.contains("://") || path.value.starts_with("git@") => {}
            Source::Path(path) if path.value.contains('$') => return None,
            Source::Path(path) => paths.push(path.value.to_string()),
            // Its text stands in the Dockerfile.
            _ => {}
        }
    }
    Some(paths)
}

/// The value of an option, `--name=value`.
pub(crate) fn option<'o>(options: &'o [Flag<'_>], name: &str) -> Option<&'o UnescapedString<'o>> {
    options.iter().find(|flag| flag.name.value.eq_ignore_ascii_case(name)).and_then(|flag| flag.value.as_ref())
}

/// The values of all `--mount` of a `RUN`.
pub(crate) fn mounts<'o>(options: &'o [Flag<'_>]) -> impl Iterator<Item = &'o str> {
    let mounts = options.iter().filter(|flag| flag.name.value.eq_ignore_ascii_case("mount"));
    mounts.filter_map(|flag| flag.value.as_ref()).map(|value| value.value.as_ref())
}

/// A field of a mount: `type`, `source`, `from` …
pub(crate) fn mount_field<'m>(mount: &'m str, names: &[&str]) -> Option<&'m str> {
    let mut fields = mount.split(',').filter_map(|field| field.split_once('='));
    fields.find(|(name, _)| names.iter().any(|wanted| name.eq_ignore_ascii_case(wanted))).map(|(_, value)| value)
}

/// What a mount takes from the context.
fn bound(mount: &str) -> Option<Vec<String>> {
    let is_bind = mount_field(mount, &["type"]).is_none_or(|kind| kind.eq_ignore_ascii_case("bind"));
    if !is_bind || mount_field(mount, &["from"]).is_some() {
        return Some(Vec::new());
    }
    let source = mount_field(mount, &["source", "src"]).unwrap_or(".");
    (!source.contains(['$', '"'])).then(|| vec![source.to_owned()])
}

/// The arguments of a command: a list, or a line for the shell.
pub(crate) fn words(command: &Command<'_>) -> Vec<String> {
    match command {
        Command::Exec(words) => words.value.iter().map(|word| word.value.to_string()).collect(),
        Command::Shell(line) => vec!["/bin/sh".to_owned(), "-c".to_owned(), one_line(line.value)],
        _ => Vec::new(),
    }
}

/// A command that the grammar leaves as it is written, on one line: what goes on is joined, comments in between are left out.
pub(crate) fn one_line(command: &str) -> String {
    let lines = command.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    let parts = lines.map(|line| line.trim_end_matches(['\\', '`']).trim_end());
    parts.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn base(text: &str, target: Option<&str>) -> Option<String> {
        Text::of(text).read().base(target)
    }

    fn sources(text: &str) -> Option<Vec<String>> {
        Text::of(text).read().sources()
    }

    #[test]
    fn the_image_is_found_through_stages() {
        let text = "FROM --platform=linux/amd64 python:3.13 AS base\nFROM nginx:1.28 as web\nFROM Base\nRUN x\n";
        assert_eq!(base(text, None).as_deref(), Some("python:3.13"));
        assert_eq!(base(text, Some("web")).as_deref(), Some("nginx:1.28"));
        assert_eq!(base("ARG V\nFROM python:${V}\n", None), None);
        assert_eq!(base("", None), None);
        assert_eq!(base("FROM a AS a\n", None).as_deref(), Some("a"));
    }

    #[test]
    fn the_copied_paths_are_told() {
        let text = "\u{feff}FROM x\nCOPY --chown=a:b requirements.txt .\n# COPY no no\nADD [\"a b\", \"c\", \"/x/\"]\n\
                    COPY --from=build /out /in\ncopy src \\\n\n  # more\n  conf \\\n  /app\nADD https://x/y /z\n\
                    COPY <<EOF /x\nCOPY not this\nEOF\nRUN --mount=type=cache,target=/root/.cache \\\n \
                    --mount=type=bind,source=lock,target=/lock pip install\nCMD [\"flask\", \"run\"]\n";
        let text = Text::of(text);
        let read = text.read();
        assert_eq!(read.sources().unwrap(), ["requirements.txt", "a b", "c", "src", "conf", "lock"]);
        assert_eq!(read.runs(), " flask run");
    }

    #[test]
    fn what_cannot_be_told_is_not_guessed() {
        for line in [
            "COPY $FILES /x",
            "RUN --mount=type=bind,source=$S,target=/s make",
            "COPPY a /x",
            "COPY <<EOF /x",
            "RUN <<EOF\nno end",
            "FROM python:3-onbuild",
        ] {
            assert_eq!(sources(&format!("FROM x\n{line}\n")), None, "{line}");
        }
        assert_eq!(sources(""), None);
        assert_eq!(sources("FROM x\nRUN --mount=target=/s make\n"), Some(vec![".".into()]));
    }

    #[test]
    fn what_an_old_builder_takes_is_read() {
        for line in [
            "RUN echo $((1<<2)) && cat <<< x",
            "run a \\\n\n  && b \\\n  # c\n  && d",
            "MAINTAINER x",
            "ENV a b c",
            "EXPOSE $PORT/tcp 80",
            "HEALTHCHECK NONE",
            "ONBUILD COPY a b",
            "CMD flask run\r",
            "CMD [flask, run]",
            "RUN ls \\",
            "VOLUME /a /b",
        ] {
            assert!(Text::of(&format!("FROM x\r\n{line}\nWORKDIR /x\n")).read().is_whole, "{line}");
        }
    }

    #[test]
    fn texts_in_a_run_are_no_instructions() {
        let text = "FROM x\nRUN --mount=type=cache,target=/c python <<EOF > /out\nCOPY a b\nEOF\nRUN <<EOF\nADD c d\nEOF\n\
                    RUN a && \\\n cat <<-'E' <<F\nx\n\tE\nF\nCOPY e f\nRUN cat <<EOF\nCMD g\n";
        let text = Text::of(text);
        let read = text.read();
        assert!(read.is_whole);
        assert_eq!(read.sources().unwrap(), ["e"]);
        let texts = read.instructions.iter().filter_map(|one| match one {
            Instruction::Run(run) => Some(read.run_text(run).map(|range| &text.written[range])),
            _ => None,
        });
        let texts: Vec<_> = texts.collect();
        assert_eq!(texts[0], Some("python <<EOF > /out\nCOPY a b\nEOF"));
        assert_eq!(texts[1], Some("<<EOF\nADD c d\nEOF"));
        assert_eq!(texts[2], Some("a && \\\n cat <<-'E' <<F\nx\n\tE\nF"));
        assert_eq!(texts[3], None);
        assert_eq!(read.runs(), " /bin/sh -c g");
    }
}
