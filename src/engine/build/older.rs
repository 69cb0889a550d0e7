//! What a newer Dockerfile says, in the words that an older builder knows: texts in the file, linked copies, caches of a step. What
//! an older builder makes of it is the same; what has no such words stays as it is.

use std::ops::Range;

use crate::compose::dockerfile::{Flag, Instruction, Source, Text, UnescapedString, mount_field, start};

/// The same Dockerfile for a builder that knows neither texts nor links: BuildKit before 0.10.
pub(super) fn for_old_buildkit(text: &str) -> String {
    rewritten(text, false)
}

/// The same Dockerfile for the classic builder, which has no caches for a step either: each time, it begins with an empty one.
pub(super) fn for_classic(text: &str) -> String {
    rewritten(text, true)
}

fn rewritten(text: &str, classic: bool) -> String {
    let source = Text::of(text);
    let read = source.read();
    let mut edits: Vec<(Range<usize>, String)> = Vec::new();
    let mut shell = vec!["/bin/sh".to_owned(), "-c".to_owned()];
    let mut is_root = true;
    for instruction in &read.instructions {
        match instruction {
            Instruction::From(_) => {
                shell = vec!["/bin/sh".to_owned(), "-c".to_owned()];
                // Who an image is run as stands in the image.
                is_root = true;
            }
            Instruction::Shell(own) => shell = own.arguments.iter().map(|word| word.value.to_string()).collect(),
            Instruction::User(_) => is_root = false,
            Instruction::Run(run) => {
                if classic {
                    edits.extend(
                        run.options
                            .iter()
                            .filter(|option| is_cache(option))
                            .map(|option| (option.span(), String::new())),
                    );
                }
                if let Some(range) = read.run_text(run) {
                    edits.extend(
                        script(
                            &source.written[range.clone()],
                            run.here_docs.first().map(|text| text.value.as_ref()),
                            &shell,
                        )
                        .map(|line| (range, line)),
                    );
                }
            }
            Instruction::Copy(copy) => {
                let link = |option: &&Flag<'_>| option.name.value.eq_ignore_ascii_case("link");
                edits.extend(copy.options.iter().filter(link).map(|option| (option.span(), String::new())));
                let others = copy.options.iter().any(|option| !link(&option));
                if let ([Source::HereDoc(text)], false, true) = (copy.src.as_slice(), others, is_root)
                    && let Some(line) = written_file(&source.written, text.expand, &text.value, &copy.dest)
                {
                    let end = source.written[text.span.end..]
                        .find('\n')
                        .map_or(source.written.len(), |at| text.span.end + at);
                    edits.retain(|(range, _)| range.start < copy.copy.span.start);
                    edits.push((copy.copy.span.start..end, line));
                }
            }
            _ => {}
        }
    }
    let mut rewritten = source.written.clone();
    for (range, line) in edits.into_iter().rev() {
        // What comes after stays on its line.
        let lines = source.written[range.clone()].matches('\n').count();
        rewritten.replace_range(range, &format!("{line}{}", "\n".repeat(lines)));
    }
    rewritten
}

/// The same Dockerfile with what only tells how an image is run (`CMD`, `EXPOSE` …) right after the last `RUN` of each stage: where a
/// room has no internet, what that `RUN` fetched is found in an image that was built elsewhere, also when a port was added above it.
pub(super) fn settings_last(text: &str) -> String {
    let source = Text::of(text);
    let read = source.read();
    // In a shell of its own a command means something else.
    if !read.is_whole || read.instructions.iter().any(|one| matches!(one, Instruction::Shell(_))) {
        return source.written.clone();
    }
    let starts: Vec<usize> = read.instructions.iter().map(start).collect();
    let ends = starts.iter().skip(1).copied().chain([source.written.len()]);
    let parts: Vec<&str> = starts.iter().zip(ends).map(|(&start, end)| &source.written[start..end]).collect();
    let moves = |at: usize| match &read.instructions[at] {
        Instruction::Cmd(_) | Instruction::Entrypoint(_) => true,
        // A variable has the value that it has where it stands.
        Instruction::Expose(_) | Instruction::Stopsignal(_) => !parts[at].contains('$'),
        _ => false,
    };
    let mut moved = source.written[..starts.first().copied().unwrap_or_default()].to_owned();
    let mut at = 0;
    while at < parts.len() {
        let is_from = |at: &usize| matches!(read.instructions[*at], Instruction::From(_));
        let end = (at + 1..parts.len()).find(is_from).unwrap_or(parts.len());
        let last_run = (at..end).rev().find(|&at| matches!(read.instructions[at], Instruction::Run(_)));
        let border = last_run.unwrap_or(at) + 1;
        let stay = (at..border).filter(|&at| !moves(at));
        let settings = (at..end).filter(|&at| moves(at));
        let rest = (border..end).filter(|&at| !moves(at));
        for part in stay.chain(settings).chain(rest) {
            moved.push_str(parts[part].trim_end());
            moved.push('\n');
        }
        at = end;
    }
    moved
}

fn is_cache(option: &Flag<'_>) -> bool {
    let mount = option.value.as_ref().map(|value| value.value.as_ref()).unwrap_or_default();
    option.name.value.eq_ignore_ascii_case("mount")
        && mount_field(mount, &["type"]).is_some_and(|kind| kind.eq_ignore_ascii_case("cache"))
}

/// A command with its text as a list of words; nothing for a text that is a program of its own (`#!`).
fn script(written: &str, text: Option<&str>, shell: &[String]) -> Option<String> {
    let first = written.lines().next().unwrap_or_default();
    let alone = first.split_whitespace().count() == 1;
    let script = match text {
        Some(text) if alone => text,
        _ => written,
    };
    let words: Vec<&str> = shell.iter().map(String::as_str).chain([script]).collect();
    let line = serde_json::to_string(&words).ok()?;
    (!script.starts_with("#!")).then_some(line)
}

/// A step that writes the text of a `COPY` into its file; nothing where the builder would put values into the text or the name.
fn written_file(written: &str, expands: bool, text: &str, target: &UnescapedString<'_>) -> Option<String> {
    if target.value.contains('$') || (expands && text.contains(['$', '\\'])) {
        return None;
    }
    let before = &written[..target.span.start];
    let name = before[before.rfind("<<")? + 2..].trim().trim_start_matches('-').trim_matches(['"', '\'']);
    let target = if target.value.ends_with('/') { format!("{}{name}", target.value) } else { target.value.to_string() };
    const WRITE: &str = "mkdir -p \"$(dirname \"$1\")\" && printf %s \"$0\" > \"$1\"";
    let words = serde_json::to_string(&["/bin/sh", "-c", WRITE, text, &target]).ok()?;
    Some(format!("RUN {words}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_links_and_caches_have_older_words() {
        let text = "FROM x\nRUN --mount=type=cache,target=/c <<EOF\necho \"a\"\nb\nEOF\nSHELL [\"/bin/bash\", \"-c\"]\nRUN python <<EOF\nprint()\nEOF\nCOPY --link --chown=1 a b\nCOPY <<EOF /etc/x.conf\nport 80\nEOF\nCMD c\n";
        let old = for_old_buildkit(text);
        let lines: Vec<&str> = old.lines().collect();
        assert_eq!(lines[1], r#"RUN --mount=type=cache,target=/c ["/bin/sh","-c","echo \"a\"\nb\n"]"#);
        assert_eq!(lines[6], r#"RUN ["/bin/bash","-c","python <<EOF\nprint()\nEOF"]"#);
        assert_eq!(lines[9].split_whitespace().collect::<Vec<_>>(), ["COPY", "--chown=1", "a", "b"]);
        assert!(lines[10].starts_with("RUN [\"/bin/sh\",\"-c\",\"mkdir"), "{}", lines[10]);
        assert!(lines[10].ends_with(r#""port 80\n","/etc/x.conf"]"#), "{}", lines[10]);
        assert_eq!((lines.len(), lines[13]), (text.lines().count(), "CMD c"));
        assert!(for_classic(text).lines().nth(1).unwrap().starts_with("RUN  [\"/bin/sh\""));
    }

    #[test]
    fn what_tells_how_an_image_is_run_comes_after_what_is_run() {
        let text = "ARG V=1\nFROM a:$V AS one\nCMD [\"x\"]\nRUN y\n\n# z\nFROM b\nEXPOSE 5001\nENTRYPOINT a \\\n  # c\n  b\nRUN e\nCOPY . .\nCMD d";
        let wanted = "ARG V=1\nFROM a:$V AS one\nRUN y\n\n# z\nCMD [\"x\"]\nFROM b\nRUN e\nEXPOSE 5001\nENTRYPOINT a \\\n  # c\n  b\nCMD d\nCOPY . .\n";
        assert_eq!(settings_last(text), wanted);
        assert_eq!(settings_last(wanted), wanted);
        for stays in [
            "FROM a\nCMD x\nSHELL [\"y\"]\nRUN z\n",
            "FROM a\nEXPOSE $PORT\nENV PORT=1\n",
            "FROM a\nRUN <<E\nCMD x\nE\nCMD y\nCOPY . .\n",
        ] {
            assert_eq!(settings_last(stays), stays);
        }
    }

    #[test]
    fn what_has_no_older_words_stays() {
        for text in [
            "FROM x\nRUN <<EOF\n#!/usr/bin/python3\nprint()\nEOF\n",
            "FROM x\nCOPY <<EOF /x\n$PORT\nEOF\n",
            "FROM x\nUSER a\nCOPY <<EOF /x\ny\nEOF\n",
            "FROM x\nCOPY --chmod=755 a b\nRUN --mount=type=bind,target=/x make\n",
        ] {
            assert_eq!(for_classic(text), text);
        }
    }
}
