//! Whatever stands in the files, reading them ends, and ends in a stack or in findings with true places.
use std::path::{Path, PathBuf};

use breakfix::compose::{Finding, LoadOptions, load, refusals, roles};
use proptest::prelude::*;

fn read(files: &[(&str, &[u8])]) -> Result<(), TestCaseError> {
    let dir = tempfile::tempdir().unwrap();
    for (name, bytes) in files {
        std::fs::write(dir.path().join(name), bytes).unwrap();
    }
    let judge = |findings: &[Finding]| -> Result<(), TestCaseError> {
        for finding in findings {
            let told = finding.render();
            prop_assert!(!told.contains(|c: char| c.is_control() && c != '\n'), "{told:?}");
            prop_assert!(!finding.message.is_empty());
            let Some((_, bytes)) = files.iter().find(|(name, _)| finding.place.file == Path::new(name)) else {
                continue;
            };
            let text = String::from_utf8_lossy(bytes);
            let lines = text.lines().count() + text.matches('\r').count() + 1;
            prop_assert!(finding.place.line <= lines, "line {} of {lines}: {told}", finding.place.line);
        }
        Ok(())
    };
    match load(dir.path(), &LoadOptions::default()) {
        Ok(stack) => {
            judge(&stack.warnings)?;
            judge(&refusals(&stack))?;
            let found = roles(&stack);
            for name in [found.proxy, found.app, found.database].into_iter().flatten() {
                prop_assert!(stack.service(&name).is_some());
            }
            for service in &stack.services {
                prop_assert_eq!(service.config_hash(), service.clone().config_hash());
            }
        }
        Err(findings) => {
            prop_assert!(!findings.is_empty());
            judge(&findings)?;
        }
    }
    Ok(())
}

/// The compose files of all fixtures.
fn real_files() -> Vec<Vec<u8>> {
    let mut open = vec![PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/compose")];
    let mut files = vec![];
    while let Some(dir) = open.pop() {
        for entry in std::fs::read_dir(dir).unwrap().flatten() {
            let path = entry.path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|end| end == "yml" || end == "yaml") {
                files.push(std::fs::read(path).unwrap());
            }
        }
    }
    files.sort();
    files
}

/// What an editor, a bad connection or a tired person does to a file.
#[derive(Debug, Clone)]
enum Change {
    Remove { at: usize, length: usize },
    Insert { at: usize, bytes: Vec<u8> },
    Move { from: usize, to: usize },
    Repeat { line: usize },
    Indent { line: usize, spaces: usize },
}

fn change() -> impl Strategy<Value = Change> {
    let bits = [
        "\t", ":", ": ", "\n", "- ", "\"", "'", "[", "{", "}", "]", "#", "&a ", "*a", "<<: *a", "$", "${", "!reset ",
        "%", "\r", "|", "> ", "\u{feff}", "\0", "\u{2028}", "---\n", "? ", "\\",
    ];
    prop_oneof![
        (any::<usize>(), 1..20usize).prop_map(|(at, length)| Change::Remove { at, length }),
        (any::<usize>(), prop::sample::select(bits.to_vec()))
            .prop_map(|(at, text)| Change::Insert { at, bytes: text.as_bytes().to_vec() }),
        (any::<usize>(), prop::collection::vec(any::<u8>(), 1..4)).prop_map(|(at, bytes)| Change::Insert { at, bytes }),
        (any::<usize>(), any::<usize>()).prop_map(|(from, to)| Change::Move { from, to }),
        any::<usize>().prop_map(|line| Change::Repeat { line }),
        (any::<usize>(), 0..12usize).prop_map(|(line, spaces)| Change::Indent { line, spaces }),
    ]
}

fn apply(bytes: &mut Vec<u8>, change: &Change) {
    let mut lines: Vec<Vec<u8>> = bytes.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect();
    match change {
        Change::Remove { at, length } => {
            let at = at % (bytes.len() + 1);
            bytes.drain(at..(at + length).min(bytes.len()));
            return;
        }
        Change::Insert { at, bytes: new } => {
            let at = at % (bytes.len() + 1);
            bytes.splice(at..at, new.iter().copied());
            return;
        }
        _ if lines.is_empty() => return,
        Change::Move { from, to } => {
            let line = lines.remove(from % lines.len());
            let to = to % (lines.len() + 1);
            lines.insert(to, line);
        }
        Change::Repeat { line } => {
            let at = line % lines.len();
            lines.insert(at, lines[at].clone());
        }
        Change::Indent { line, spaces } => {
            let at = line % lines.len();
            let text = lines[at].trim_ascii_start().to_vec();
            lines[at] = [vec![b' '; *spaces], text].concat();
        }
    }
    *bytes = lines.concat();
}

/// What a library panicked on is a file that cannot be read.
#[test]
fn texts_that_were_once_found() {
    for text in ["[\t{!,", "a: [!x, b]", "a: |\n  b"] {
        read(&[("docker-compose.yml", text.as_bytes())]).unwrap();
    }
}

proptest! {
    #[test]
    fn any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        read(&[("docker-compose.yml", &bytes)])?;
    }

    #[test]
    fn any_text(text in "(services|web|image|ports|[a-z]|:|: |\n|  |- |\"|'|\\[|\\]|\\{|\\}|,|#|&a|\\*a|<<|\\$|\\$\\{|!|\\||>|%|\t|[0-9]|-){0,80}") {
        read(&[("docker-compose.yml", text.as_bytes())])?;
    }

    #[test]
    fn any_change_of_a_real_file(
        which in any::<prop::sample::Index>(),
        over in any::<prop::sample::Index>(),
        changes in prop::collection::vec(change(), 1..6),
    ) {
        let files = real_files();
        let mut bytes = files[which.index(files.len())].clone();
        for change in &changes {
            apply(&mut bytes, change);
        }
        read(&[
            ("docker-compose.yml", &bytes),
            ("docker-compose.override.yml", &files[over.index(files.len())]),
            ("Dockerfile", b"FROM scratch\n"),
        ])?;
    }

    #[test]
    fn any_env_file(text in "(A|B|export |=|:|\"|'|\n|\r\n| |#|\\$|\\$\\{|\\}|\\\\|[^\\x00]){0,60}") {
        read(&[
            ("docker-compose.yml", b"services:\n  a:\n    image: x\n    env_file: a.env\n"),
            ("a.env", text.as_bytes()),
            (".env", text.as_bytes()),
        ])?;
    }

    #[test]
    fn any_port(text in "[0-9:.\\-/a-z\\[\\] ]{0,20}") {
        let file = format!("services:\n  a:\n    image: x\n    ports: ['{text}']\n    volumes: ['{text}']\n    expose: ['{text}']\n");
        read(&[("docker-compose.yml", file.as_bytes())])?;
    }

    #[test]
    fn any_dockerfile_and_ignore_file(dockerfile in "(FROM|COPY|ADD|RUN|--from=|--mount=|\\[|\\]|\"|\\\\|\n| |a|\\$|<<|,|\\*|[^\\x00]){0,60}", ignore in "(!|\\*|\\*\\*|/|\\?|\\[|\\]|-|\\^|a|\\\\|\n|#|\\.){0,30}") {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("docker-compose.yml"), "services:\n  a:\n    build: .\n").unwrap();
        std::fs::write(dir.path().join("Dockerfile"), &dockerfile).unwrap();
        std::fs::write(dir.path().join(".dockerignore"), &ignore).unwrap();
        let stack = load(dir.path(), &LoadOptions::default()).unwrap();
        let build = stack.services[0].build.as_ref().unwrap();
        if let Ok(files) = build.context_files() {
            let has = |name: &str| files.iter().any(|file| file.path == Path::new(name));
            prop_assert!(has("Dockerfile") && has(".dockerignore"));
            prop_assert_eq!(build.context_hash().ok(), build.context_hash().ok());
        }
    }
}
