//! The little that has to be known of a Dockerfile before it is built: the images that it stands on, and what no step needs.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Component, Path, PathBuf},
};

/// The images that a Dockerfile names in `FROM` and `COPY --from`, without its own stages and `scratch`.
/// Arguments of the first lines are put in; a name that stays open is left to the builder.
pub(crate) fn base_images(text: &str, arguments: &BTreeMap<String, Option<String>>) -> Vec<String> {
    let mut values: BTreeMap<String, String> = BTreeMap::new();
    let mut stages: BTreeSet<String> = BTreeSet::new();
    let mut images = Vec::new();
    for line in logical_lines(text) {
        let mut words = line.split_whitespace();
        match words.next().map(str::to_ascii_uppercase).as_deref() {
            // Only arguments before the first stage count in `FROM`.
            Some("ARG") if stages.is_empty() && images.is_empty() => {
                for word in words {
                    let (name, default) = word.split_once('=').unwrap_or((word, ""));
                    let given = arguments.get(name).cloned().flatten();
                    let value = given.unwrap_or_else(|| default.trim_matches(['"', '\'']).to_owned());
                    values.insert(name.to_owned(), value);
                }
            }
            Some("FROM") => {
                let mut words = words.filter(|word| !word.starts_with("--"));
                let Some(name) = words.next().and_then(|name| expand(name, &values)) else { continue };
                if name != "scratch" && !stages.contains(&name.to_lowercase()) {
                    images.push(name);
                }
                if let (Some(keyword), Some(stage)) = (words.next(), words.next())
                    && keyword.eq_ignore_ascii_case("as")
                {
                    stages.insert(stage.to_lowercase());
                }
            }
            Some("COPY") => {
                let from =
                    words.take_while(|word| word.starts_with("--")).find_map(|word| word.strip_prefix("--from="));
                if let Some(name) = from
                    && !stages.contains(&name.to_lowercase())
                    && name.parse::<usize>().is_err()
                    && !name.contains('$')
                {
                    images.push(name.to_owned());
                }
            }
            _ => {}
        }
    }
    let mut seen = BTreeSet::new();
    images.retain(|image| seen.insert(image.clone()));
    images
}

/// A Dockerfile with other images in the place of those that it names; what an `onbuild` image would have added is written out.
pub(crate) fn rebased(
    text: &str,
    arguments: &BTreeMap<String, Option<String>>,
    by: &BTreeMap<String, String>,
) -> String {
    let mut lines: Vec<String> = Vec::new();
    let mut known = String::new();
    for line in text.lines() {
        let mut words = line.split_whitespace();
        let keyword = words.next().unwrap_or_default().to_ascii_uppercase();
        let named = match keyword.as_str() {
            "FROM" => words.find(|word| !word.starts_with("--")),
            "COPY" => words.find_map(|word| word.strip_prefix("--from=")),
            _ => None,
        };
        // The name as it stands here, and the image that it means.
        let meant = named.and_then(|named| {
            let image = match keyword.as_str() {
                "FROM" => base_images(&format!("{known}FROM {named}\n"), arguments).pop()?,
                _ => named.to_owned(),
            };
            Some((named, by.get(&image)?, image))
        });
        if keyword == "ARG" {
            known.push_str(line);
            known.push('\n');
        }
        let Some((named, other, image)) = meant else {
            lines.push(line.to_owned());
            continue;
        };
        lines.push(line.replacen(named, other, 1));
        if image.ends_with("onbuild") {
            lines.extend(ONBUILD.map(str::to_owned));
        }
    }
    lines.join("\n") + "\n"
}

/// Which of the instructions that only tell how an image is run (`EXPOSE`, `CMD` …) take another place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Metadata {
    /// All: a change of these leaves what was run what it was, and a builder finds it in its cache.
    AfterRun,
    /// Those after the last `RUN`: what is copied later is then on top. A builder that compares whole trees does so at each step.
    BeforeCopy,
}

/// Whether an instruction of this kind only tells how an image is run.
pub(crate) fn is_metadata(keyword: &str) -> bool {
    ["CMD", "ENTRYPOINT", "EXPOSE", "STOPSIGNAL"].contains(&keyword)
}

/// A Dockerfile that makes the same image, with what only tells how it is run right after the last `RUN` of each stage.
pub(crate) fn metadata_moved(text: &str, which: Metadata) -> String {
    let keyword = |line: &str| line.split_whitespace().next().unwrap_or_default().to_ascii_uppercase();
    // A shell of its own, or another sign for a line that goes on, makes a line mean something else where it stands.
    if text
        .lines()
        .any(|line| keyword(line) == "SHELL" || line.trim_start().starts_with("# escape") || line.contains("<<"))
    {
        return text.to_owned();
    }
    let mut stages: Vec<Vec<String>> = vec![vec![]];
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let mut instruction = format!("{line}\n");
        let goes_on = |line: &str| line.trim_end().ends_with('\\') || line.trim_start().starts_with('#');
        let mut open = line.trim_end().ends_with('\\') && !line.trim_start().starts_with('#');
        while open && let Some(next) = lines.next() {
            instruction.push_str(next);
            instruction.push('\n');
            open = goes_on(next);
        }
        if keyword(line) == "FROM" {
            stages.push(vec![]);
        }
        stages.last_mut().expect("there is one").push(instruction);
    }
    let moves = |instruction: &String| {
        let keyword = keyword(instruction);
        // A variable in the others has the value that it has where it stands.
        is_metadata(&keyword) && (["CMD", "ENTRYPOINT"].contains(&keyword.as_str()) || !instruction.contains('$'))
    };
    let mut moved = String::new();
    for stage in stages {
        let fixed =
            stage.iter().rposition(|one| ["FROM", "RUN"].contains(&keyword(one).as_str())).map_or(0, |at| at + 1);
        let (before, after) = stage.split_at(fixed);
        let (taken, stay): (Vec<_>, Vec<_>) = before.iter().partition(|one| which == Metadata::AfterRun && moves(one));
        let (metadata, rest): (Vec<_>, Vec<_>) = after.iter().partition(|one| moves(one));
        moved.extend([stay, taken, metadata, rest].into_iter().flatten().map(String::as_str));
    }
    moved
}

/// The last `COPY` of a Dockerfile, where nothing after it makes a layer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LastCopy {
    /// Its two words, as written.
    pub words: String,
    /// A path in the context; empty for all of it.
    pub source: PathBuf,
    /// The directory in the image, from its root.
    pub target: PathBuf,
    /// The Dockerfile without it, and without comments.
    pub below: String,
}

/// Finds the last `COPY`; `None` where it is not plain what it brings, or where more than it decides what is on top: several stages,
/// volumes, owners and modes of files, links.
pub(crate) fn last_copy(text: &str) -> Option<LastCopy> {
    if text.contains("<<") || text.lines().any(|line| line.trim_start().starts_with("# escape")) {
        return None;
    }
    let mut lines = logical_lines(text);
    let split = |line: &str| -> Option<(String, String)> {
        let (keyword, rest) = line.trim().split_once(char::is_whitespace)?;
        Some((keyword.to_ascii_uppercase(), rest.trim().to_owned()))
    };
    let (mut stages, mut dir, mut copy) = (0, None, None);
    for (at, line) in lines.iter().enumerate() {
        let (keyword, rest) = split(line)?;
        match keyword.as_str() {
            "FROM" => stages += 1,
            "WORKDIR" => {
                dir = inside(dir.as_deref(), &rest);
                copy = None;
            }
            "COPY" => copy = Some((at, dir.clone(), rest)),
            "RUN" => {
                if gives_away(&rest) {
                    return None;
                }
                copy = None;
            }
            "ADD" => copy = None,
            "VOLUME" | "ONBUILD" | "USER" => return None,
            _ => {}
        }
    }
    let (at, dir, words) = copy.filter(|_| stages == 1)?;
    let (source, target) = words.split_once(char::is_whitespace)?;
    let target = target.trim();
    let is_plain =
        |word: &str| !word.is_empty() && !word.contains(|c: char| c.is_whitespace() || "*?[]$\"'\\".contains(c));
    if !is_plain(source) || !is_plain(target) || source.starts_with("--") || source.contains("://") {
        return None;
    }
    let target = inside(dir.as_deref(), target)?;
    let source: PathBuf = inside(Some(Path::new("/")), source.trim_start_matches('/'))?.components().skip(1).collect();
    lines.remove(at);
    Some(LastCopy { source, target, below: lines.join("\n"), words })
}

/// Whether a `RUN` may give a directory to somebody else, or make it a link.
fn gives_away(run: &str) -> bool {
    const ANYWHERE: [&str; 6] = ["ln", "chown", "chmod", "chgrp", "umask", "setfacl"];
    let word = |word: &str| {
        word.rsplit('/').next().is_some_and(|name| ANYWHERE.contains(&name.trim_matches(['"', '\'', ','])))
    };
    let first = |command: &str| command.split_whitespace().next().is_some_and(|name| name.ends_with("install"));
    run.split_whitespace().any(word) || run.split(['&', '|', ';', '(']).any(first)
}

/// A path of an image from its root; `None` where it cannot be told.
fn inside(dir: Option<&Path>, path: &str) -> Option<PathBuf> {
    if path.contains(['$', '"']) || !(path.starts_with('/') || dir.is_some()) {
        return None;
    }
    let mut whole = PathBuf::new();
    for part in dir.unwrap_or(Path::new("/")).join(path).components() {
        match part {
            Component::ParentDir => drop(whole.pop()),
            Component::CurDir => {}
            part => whole.push(part),
        }
    }
    Some(whole)
}

/// What `python:3-onbuild` adds to the Dockerfile that stands on it.
const ONBUILD: [&str; 4] = [
    "WORKDIR /usr/src/app",
    "COPY requirements.txt /usr/src/app/",
    "RUN pip install --no-cache-dir -r requirements.txt",
    "COPY . /usr/src/app",
];

/// Lines without comments, continued ones joined.
fn logical_lines(text: &str) -> Vec<String> {
    let mut lines = Vec::new();
    let mut open = String::new();
    for line in text.lines() {
        let line = line.trim();
        if line.starts_with('#') || (line.is_empty() && open.is_empty()) {
            continue;
        }
        match line.strip_suffix('\\') {
            Some(part) => {
                open.push_str(part);
                open.push(' ');
            }
            None => {
                open.push_str(line);
                lines.push(std::mem::take(&mut open));
            }
        }
    }
    if !open.is_empty() {
        lines.push(open);
    }
    lines
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
    fn what_only_tells_how_an_image_is_run_comes_after_what_is_run() {
        let text = "FROM a AS one\nCMD [\"x\"]\nRUN y\n\n# z\nFROM b\nEXPOSE 5001\nENTRYPOINT a \\\n  # c\n  b\nRUN e\nCOPY . .\nCMD d\n";
        let wanted = "FROM a AS one\nRUN y\nCMD [\"x\"]\n\n# z\nFROM b\nRUN e\nEXPOSE 5001\nENTRYPOINT a \\\n  # c\n  b\nCMD d\nCOPY . .\n";
        assert_eq!(metadata_moved(text, Metadata::AfterRun), wanted);
        assert_eq!(metadata_moved(wanted, Metadata::AfterRun), wanted);
        for stays in [
            "FROM a\nCMD x\nSHELL [\"y\"]\nRUN z\n",
            "FROM a\nEXPOSE $PORT\nENV PORT=1\n",
            "FROM a\nRUN <<E\nCMD x\nE\nCOPY . .\nCMD y\n",
        ] {
            assert_eq!(metadata_moved(stays, Metadata::AfterRun), stays);
        }
    }

    #[test]
    fn what_is_copied_last_comes_last() {
        let text = "ARG V=1\nFROM a:$V\nCMD [\"x\"]\nCOPY r .\nRUN y\nCOPY . .\nEXPOSE 5001\n# how\nCMD [\"z\"]\n";
        let wanted = "ARG V=1\nFROM a:$V\nCMD [\"x\"]\nCOPY r .\nRUN y\nEXPOSE 5001\nCMD [\"z\"]\nCOPY . .\n# how\n";
        assert_eq!(metadata_moved(text, Metadata::BeforeCopy), wanted);
        assert_eq!(metadata_moved(wanted, Metadata::BeforeCopy), wanted);
    }

    #[test]
    fn the_last_copy_is_found_where_it_alone_is_on_top() {
        let head = "FROM python:3.13-slim\nWORKDIR /opt/shop/src\nCOPY requirements.txt ../\nRUN apt-get install -y x && pip install -r ../requirements.txt\n";
        let found = |rest: &str| last_copy(&format!("{head}{rest}"));
        let copy = found("COPY src .\nCMD [\"python\", \"app.py\"]\n").unwrap();
        assert_eq!((copy.source, copy.target, copy.words), ("src".into(), "/opt/shop/src".into(), "src .".into()));
        assert!(
            copy.below.contains("requirements.txt") && copy.below.contains("CMD") && !copy.below.contains("COPY src")
        );
        let all = found("# all\nCOPY ./ /app/x/../\n").unwrap();
        assert_eq!((all.source, all.target), (PathBuf::new(), "/app".into()));
        for rest in [
            "COPY src .\nRUN x",
            "COPY src .\nWORKDIR /x",
            "COPY src .\nADD a b",
            "COPY --chown=1 src .",
            "COPY a b .",
            "COPY *.py .",
            "COPY [\"src\", \".\"]",
            "COPY $SRC .",
            "COPY <<E /x\nE",
            "RUN chmod 700 .\nCOPY src .",
            "RUN a && ln -s /x /app\nCOPY src /app",
            "RUN a && install -d -o 1 /app\nCOPY src /app",
            "USER x\nCOPY src .",
            "VOLUME /x\nCOPY src .",
            "FROM b\nCOPY src .",
            "WORKDIR $X\nCOPY src .",
            "CMD x",
        ] {
            assert_eq!(found(rest), None, "{rest}");
        }
        assert_eq!(last_copy("FROM a\nCOPY src ."), None, "the base image knows where");
    }

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
    fn arguments_of_the_first_lines() {
        assert_eq!(images("ARG GIVEN=2\nFROM python:${GIVEN}"), ["python:3.13-slim"]);
        assert_eq!(images("ARG V=\"3.12\"\nFROM python:$V-slim"), ["python:3.12-slim"]);
        assert_eq!(images("ARG UNSET\nFROM python:${UNSET:-3.11}"), ["python:3.11"]);
        assert_eq!(images("ARG UNSET\nFROM python:$UNSET"), [] as [&str; 0]);
    }
}
