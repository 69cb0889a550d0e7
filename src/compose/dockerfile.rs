//! The little that is read in a Dockerfile: which image it stands on, and which files of the context it takes.

use std::collections::BTreeMap;

/// What a Dockerfile says about these two.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Dockerfile {
    /// The image that the last stage, or the one asked for, stands on; nothing where a variable names it.
    pub from: Option<String>,
    /// The paths that `COPY` and `ADD` take from the context; nothing when they cannot be told.
    pub sources: Option<Vec<String>>,
    /// The words of `CMD` and `ENTRYPOINT`, in one text.
    pub runs: String,
}

struct Stage {
    name: Option<String>,
    /// The image below it, through the stages that it stands on.
    base: Option<String>,
}

/// Reads the text of a Dockerfile.
pub(super) fn read(text: &str, target: Option<&str>) -> Dockerfile {
    let mut stages: Vec<Stage> = vec![];
    let mut bases: BTreeMap<String, Option<String>> = BTreeMap::new();
    let mut sources = Some(vec![]);
    let mut runs = String::new();
    for line in instructions(text) {
        let Some((word, rest)) = line.trim_start().split_once(char::is_whitespace) else { continue };
        match word.to_ascii_uppercase().as_str() {
            "FROM" => {
                let words: Vec<&str> = rest.split_whitespace().filter(|word| !word.starts_with("--")).collect();
                let name = match words.as_slice() {
                    [_, by, name, ..] if by.eq_ignore_ascii_case("as") => Some((*name).to_string()),
                    _ => None,
                };
                let from = words.first().copied().unwrap_or_default();
                let image = || (!from.is_empty() && !from.contains('$')).then(|| from.to_string());
                let base = bases.get(from).cloned().unwrap_or_else(image);
                bases.extend(name.clone().map(|name| (name, base.clone())));
                stages.push(Stage { name, base });
                runs.clear();
            }
            "COPY" | "ADD" => match (copied(rest), &mut sources) {
                (Some(paths), Some(known)) => known.extend(paths),
                _ => sources = None,
            },
            // A bind mount of the context can read anything.
            "RUN" if rest.contains("--mount=") => sources = None,
            "CMD" | "ENTRYPOINT" => {
                runs.push(' ');
                runs.push_str(rest.trim());
            }
            _ => {}
        }
    }
    let wanted = target.and_then(|target| stages.iter().rposition(|stage| stage.name.as_deref() == Some(target)));
    let last = wanted.or(stages.len().checked_sub(1));
    Dockerfile { from: last.and_then(|at| stages[at].base.clone()), sources, runs }
}

/// Instructions with their continuation lines, without comments.
pub(super) fn instructions(text: &str) -> Vec<String> {
    let mut instructions = vec![];
    let mut current = String::new();
    for line in text.lines() {
        let line = line.trim_end();
        if line.trim_start().starts_with('#') || (line.is_empty() && current.is_empty()) {
            continue;
        }
        match line.strip_suffix('\\') {
            Some(part) => {
                current.push_str(part);
                current.push(' ');
            }
            None => {
                current.push_str(line);
                instructions.push(std::mem::take(&mut current));
            }
        }
    }
    instructions.push(current);
    instructions
}

/// The context's paths in the arguments of one `COPY`: none for one that takes from another stage. Nothing when they
/// cannot be told.
fn copied(rest: &str) -> Option<Vec<String>> {
    let mut rest = rest.trim();
    while let Some(flag) = rest.strip_prefix("--") {
        let (flag, after) = flag.split_once(char::is_whitespace)?;
        if flag.starts_with("from=") {
            return Some(vec![]);
        }
        rest = after.trim_start();
    }
    if rest.contains("<<") || rest.contains('$') {
        return None;
    }
    let words: Vec<String> = match rest.starts_with('[') {
        true => serde_json::from_str(rest).ok()?,
        false => rest.split_whitespace().map(str::to_string).collect(),
    };
    let (_, sources) = words.split_last()?;
    Some(sources.iter().filter(|source| !source.contains("://")).cloned().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_image_is_found_through_stages() {
        let text = "FROM --platform=linux/amd64 python:3.13 AS base\nFROM nginx:1.28 as web\nFROM base\nRUN x\n";
        assert_eq!(read(text, None).from.as_deref(), Some("python:3.13"));
        assert_eq!(read(text, Some("web")).from.as_deref(), Some("nginx:1.28"));
        assert_eq!(read("ARG V\nFROM python:${V}\n", None).from, None);
        assert_eq!(read("", None), Dockerfile { sources: Some(vec![]), ..Dockerfile::default() });
        assert_eq!(read("FROM a AS a\n", None).from.as_deref(), Some("a"));
    }

    #[test]
    fn the_copied_paths_are_told() {
        let text = "FROM x\nCOPY --chown=a:b requirements.txt .\n# COPY no no\nADD [\"a b\", \"c\", \"/x/\"]\n\
                    COPY --from=build /out /in\ncopy src \\\n  conf \\\n  /app\nADD https://x/y /z\nCMD [\"flask\", \"run\"]\n";
        let read = read(text, None);
        assert_eq!(read.sources.unwrap(), ["requirements.txt", "a b", "c", "src", "conf"]);
        assert!(read.runs.contains("flask"));
    }

    #[test]
    fn what_cannot_be_told_is_not_guessed() {
        for line in ["COPY $FILES /x", "COPY <<EOF /x", "RUN --mount=type=bind,target=/src make"] {
            assert_eq!(read(&format!("FROM x\n{line}\n"), None).sources, None, "{line}");
        }
    }
}
