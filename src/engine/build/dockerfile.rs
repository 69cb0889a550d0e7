//! The little that has to be known of a Dockerfile before it is built: the images that it stands on, and which builder it needs.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Range,
};

use crate::compose::dockerfile::{Flag, Instruction, Source, Text, mount_field, mounts, option};

/// The images that a Dockerfile names in `FROM`, `COPY --from` and mounts, without its own stages and `scratch`.
/// Arguments of the first lines are put in; a name that stays open is left to the builder, as is what cannot be read.
pub(crate) fn base_images(text: &str, arguments: &BTreeMap<String, Option<String>>) -> Vec<String> {
    let mut images: Vec<String> = Vec::new();
    for (image, _) in named_images(&Text::of(text), arguments) {
        if !images.contains(&image) {
            images.push(image);
        }
    }
    images
}

/// A Dockerfile with other images in the place of those that it names; what an `onbuild` image would have added is written out.
pub(crate) fn rebased(
    text: &str,
    arguments: &BTreeMap<String, Option<String>>,
    by: &BTreeMap<String, String>,
) -> String {
    let text = Text::of(text);
    let mut rebased = text.written.clone();
    // From the end, so that the places before stay where they are.
    for (image, place) in named_images(&text, arguments).into_iter().rev() {
        let Some(other) = by.get(&image) else { continue };
        let line_end = rebased[place.end..].find('\n').map_or(rebased.len(), |at| place.end + at);
        if image.ends_with("onbuild") {
            rebased.insert_str(line_end, ONBUILD);
        }
        rebased.replace_range(place, other);
    }
    rebased
}

/// The images that are named, and where the name stands.
fn named_images(text: &Text, arguments: &BTreeMap<String, Option<String>>) -> Vec<(String, Range<usize>)> {
    let mut values: BTreeMap<String, String> = BTreeMap::new();
    let mut stages: BTreeSet<String> = BTreeSet::new();
    let mut images = Vec::new();
    let mut before_the_first = true;
    for instruction in &text.read().instructions {
        let from = match instruction {
            // Only arguments before the first stage count in `FROM`.
            Instruction::Arg(arg) if before_the_first => {
                for word in shell_words::split(&arg.arguments.value).unwrap_or_default() {
                    let (name, default) = word.split_once('=').unwrap_or((&word, ""));
                    let given = arguments.get(name).cloned().flatten();
                    values.insert(name.to_owned(), given.unwrap_or_else(|| default.to_owned()));
                }
                continue;
            }
            Instruction::From(from) => {
                before_the_first = false;
                let image = expand(&from.image.value, &values).filter(|image| image != "scratch");
                let image = image.filter(|image| !stages.contains(&image.to_lowercase()));
                images.extend(image.map(|image| (image, from.image.span.clone())));
                stages.extend(from.as_.as_ref().map(|(_, stage)| stage.value.to_lowercase()));
                continue;
            }
            Instruction::Copy(copy) => {
                option(&copy.options, "from").map(|from| (from.value.as_ref(), from.span.clone()))
            }
            Instruction::Run(run) => mounts(&run.options).find_map(|mount| {
                let from = mount_field(mount, &["from"])?;
                let value = option(&run.options, "mount")?;
                let at =
                    text.written[value.span.start..].find(&format!("from={from}"))? + value.span.start + "from=".len();
                Some((from, at..at + from.len()))
            }),
            _ => None,
        };
        if let Some((name, place)) = from
            && !stages.contains(&name.to_lowercase())
            && name.parse::<usize>().is_err()
            && !name.contains('$')
            && name != "scratch"
        {
            images.push((name.to_owned(), place));
        }
    }
    images
}

/// What `python:3-onbuild` adds to the Dockerfile that stands on it.
const ONBUILD: &str = "
WORKDIR /usr/src/app
COPY requirements.txt /usr/src/app/
RUN pip install --no-cache-dir -r requirements.txt
COPY . /usr/src/app";

/// Whether an instruction of this kind only tells how an image is run.
pub(crate) fn is_metadata(keyword: &str) -> bool {
    ["CMD", "ENTRYPOINT", "EXPOSE", "STOPSIGNAL"].contains(&keyword)
}

/// Whether a Dockerfile asks for what the classic builder does not have: mounts, texts in the file, modes and links of copies.
pub(crate) fn needs_buildkit(text: &str) -> bool {
    const OF_RUN: [&str; 3] = ["mount", "network", "security"];
    const OF_COPY: [&str; 6] = ["chmod", "link", "parents", "exclude", "checksum", "keep-git-dir"];
    let asks = |options: &[Flag<'_>], known: &[&str]| {
        options.iter().any(|option| known.iter().any(|name| option.name.value.eq_ignore_ascii_case(name)))
    };
    let copies = |options: &[Flag<'_>], sources: &[Source<'_>]| {
        asks(options, &OF_COPY) || sources.iter().any(|source| matches!(source, Source::HereDoc(_)))
    };
    let text = Text::of(text);
    let read = text.read();
    read.instructions.iter().any(|instruction| match instruction {
        Instruction::Run(run) => asks(&run.options, &OF_RUN) || read.run_text(run).is_some(),
        Instruction::Copy(copy) => copies(&copy.options, &copy.src),
        Instruction::Add(add) => copies(&add.options, &add.src),
        _ => false,
    })
}

/// Whether what a builder says it does not know is a text in the file, or an option of later years: no slip of the pen.
pub(crate) fn is_too_new(message: &str, text: &str) -> bool {
    const OF_COPY: [&str; 5] = ["link", "parents", "exclude", "checksum", "keep-git-dir"];
    if let Some((_, flag)) = message.split_once("nknown flag: ") {
        return OF_COPY.iter().any(|known| flag.trim().trim_start_matches('-').starts_with(known));
    }
    let told = message.split_once("parse error line ").and_then(|(_, rest)| rest.split_once(": unknown instruction"));
    let Some(line) = told.and_then(|(line, _)| line.parse::<usize>().ok()) else { return false };
    let text = Text::of(text);
    let read = text.read();
    let is_in = |range: Range<usize>| read.line(range.start) <= line && line <= read.line(range.end);
    let sources = |sources: &[Source<'_>]| {
        sources.iter().any(|source| matches!(source, Source::HereDoc(text) if is_in(text.span.clone())))
    };
    read.instructions.iter().any(|instruction| match instruction {
        Instruction::Run(run) => read.run_text(run).is_some_and(is_in),
        Instruction::Copy(copy) => sources(&copy.src),
        Instruction::Add(add) => sources(&add.src),
        _ => false,
    })
}

/// The same Dockerfile without the line that asks for a frontend of its own (`# syntax=…`); nothing where it has none.
pub(crate) fn without_frontend(text: &str) -> Option<String> {
    let name = |line: &str| Some(line.trim().strip_prefix('#')?.split_once('=')?.0.trim().to_ascii_lowercase());
    // Directives stand before all else.
    let at = text
        .lines()
        .take_while(|line| name(line).is_some())
        .position(|line| name(line).as_deref() == Some("syntax"))?;
    let lines = text.split('\n').enumerate().map(|(number, line)| if number == at { "#" } else { line });
    Some(lines.collect::<Vec<_>>().join("\n"))
}

/// `$NAME`, `${NAME}` and `${NAME:-default}`; `None` where a variable has no value.
fn expand(text: &str, values: &BTreeMap<String, String>) -> Option<String> {
    let mut out = String::new();
    let mut rest = text.trim_matches('"');
    while let Some(at) = rest.find('$') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        let (expression, after) = match rest.strip_prefix('{') {
            Some(inside) => inside.split_once('}')?,
            None => rest.split_at(rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len())),
        };
        let (name, default) = expression.split_once(":-").unwrap_or((expression, ""));
        let value = values.get(name).filter(|value| !value.is_empty()).map_or(default, String::as_str);
        if value.is_empty() {
            return None;
        }
        out.push_str(value);
        rest = after;
    }
    out.push_str(rest);
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_are_replaced_where_they_are_named() {
        let by = |image: &str| BTreeMap::from([(image.to_owned(), "python:3.13-slim".to_owned())]);
        let text = "# FROM python:3.6\nARG V=3.6\nFROM --platform=linux/amd64 python:$V AS app\nRUN x\nFROM app\nCOPY --from=python:3.6 /a /b\n";
        let rebased_text = rebased(text, &BTreeMap::new(), &by("python:3.6"));
        assert_eq!(
            rebased_text,
            "# FROM python:3.6\nARG V=3.6\nFROM --platform=linux/amd64 python:3.13-slim AS app\nRUN x\nFROM app\nCOPY --from=python:3.13-slim /a /b\n"
        );
        assert_eq!(rebased(text, &BTreeMap::new(), &by("python:3.7")), text);
        let onbuild = rebased("FROM python:3-onbuild\nCMD x\n", &BTreeMap::new(), &by("python:3-onbuild"));
        assert!(onbuild.starts_with("FROM python:3.13-slim\nWORKDIR /usr/src/app\nCOPY"), "{onbuild}");
        assert!(onbuild.ends_with("COPY . /usr/src/app\nCMD x\n"), "{onbuild}");
    }

    fn images(text: &str) -> Vec<String> {
        base_images(text, &BTreeMap::from([("GIVEN".into(), Some("3.13-slim".into())), ("UNSET".into(), None)]))
    }

    #[test]
    fn images_of_a_dockerfile() {
        assert_eq!(images("# c\nFROM python:3.13-slim\nCOPY . ."), ["python:3.13-slim"]);
        assert_eq!(
            images("from --platform=linux/amd64 \\\n  python:3 as a\nFROM a\nCOPY --from=a /x /x"),
            ["python:3"]
        );
        assert_eq!(
            images("FROM a AS Build\nFROM b\nCOPY --from=build . .\nCOPY --chown=1 --from=nginx:1 / /"),
            ["a", "b", "nginx:1"]
        );
        assert_eq!(images("FROM scratch\nCOPY --from=0 / /"), [] as [&str; 0]);
    }

    #[test]
    fn what_the_classic_builder_does_not_have_is_known() {
        for line in [
            "RUN --mount=type=cache,target=/root/.cache pip install flask",
            "RUN <<EOF\necho\nEOF",
            "COPY --chmod=755 a /a",
            "COPY --link a /a",
            "COPY <<EOF /a\nx\nEOF",
        ] {
            assert!(needs_buildkit(&format!("FROM x\n{line}\n")), "{line}");
        }
        assert!(!needs_buildkit("# syntax=docker/dockerfile:1\nFROM x\nCOPY --chown=1 a /a\nRUN echo $((1 << 2))\n"));
    }

    #[test]
    fn a_slip_is_told_from_what_is_too_new() {
        let text = "FROM x\nRUN <<EOF\n#!/bin/sh\necho\nEOF\nCOPPY a b\n";
        assert!(is_too_new("dockerfile parse error line 4: unknown instruction: ECHO", text));
        assert!(!is_too_new("dockerfile parse error line 6: unknown instruction: COPPY", text));
        assert!(is_too_new("dockerfile parse error line 2: Unknown flag: exclude", ""));
        assert!(!is_too_new("dockerfile parse error line 2: Unknown flag: chmodd", ""));
    }

    #[test]
    fn a_frontend_is_asked_for_in_the_first_lines() {
        let text = "# escape=`\n# syntax = docker/dockerfile:1\nFROM x\n";
        assert_eq!(without_frontend(text).as_deref(), Some("# escape=`\n#\nFROM x\n"));
        assert_eq!(without_frontend("FROM x\n# syntax=docker/dockerfile:1\n"), None);
        assert_eq!(without_frontend("# a comment\n# syntax=docker/dockerfile:1\nFROM x\n"), None);
    }

    #[test]
    fn arguments_of_the_first_lines() {
        assert_eq!(images("ARG GIVEN=2\nFROM python:${GIVEN}"), ["python:3.13-slim"]);
        assert_eq!(images("ARG V=\"3.12\"\nFROM python:$V-slim"), ["python:3.12-slim"]);
        assert_eq!(images("ARG UNSET\nFROM python:${UNSET:-3.11}"), ["python:3.11"]);
        assert_eq!(images("ARG UNSET\nFROM python:$UNSET"), [] as [&str; 0]);
    }
}
