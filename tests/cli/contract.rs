//! The command line's contract: exit codes, what goes to which stream, what is refused. No container is needed.

use assert_cmd::{Command, assert::Assert};

const NOBODY: &str = "unix:///nowhere/docker.sock";

fn breakfix(args: &[&str]) -> Assert {
    breakfix_in(std::path::Path::new(env!("CARGO_MANIFEST_DIR")), args)
}

fn breakfix_in(dir: &std::path::Path, args: &[&str]) -> Assert {
    let mut command = Command::cargo_bin("breakfix").unwrap();
    command.current_dir(dir).env_remove("DOCKER_HOST").env_remove("NO_COLOR").args(args).assert()
}

fn stdout(assert: &Assert) -> String {
    String::from_utf8(assert.get_output().stdout.clone()).unwrap()
}

fn stderr(assert: &Assert) -> String {
    String::from_utf8(assert.get_output().stderr.clone()).unwrap()
}

#[test]
fn help_and_version_are_no_failures() {
    let help = stdout(&breakfix(&["--help"]).code(0));
    for command in
        ["learn", "check", "up", "down", "status", "logs", "shell", "reset", "hindsight", "images", "doctor", "lint"]
    {
        assert!(help.contains(command), "{command} is not in the help");
    }
    assert!(stdout(&breakfix(&["--version"]).code(0)).starts_with("breakfix "));
}

#[test]
fn the_settings_are_printed_even_where_one_is_wrong_and_that_is_told_with_its_line() {
    let home = tempfile::tempdir().unwrap();
    let settings = |args: &[&str]| {
        let mut command = Command::cargo_bin("breakfix").unwrap();
        command.current_dir(home.path()).env("XDG_CONFIG_HOME", home.path()).args(args).assert()
    };
    assert!(stdout(&settings(&["--print-config"]).code(0)).contains("theme = \"auto\""));
    let file = home.path().join("breakfix/config.toml");
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    std::fs::write(&file, "theme = \"light\"\n").unwrap();
    let printed = stdout(&settings(&["--print-config"]).code(0));
    assert!(printed.contains("theme = \"light\"") && printed.contains(file.to_str().unwrap()));
    std::fs::write(&file, "mouse = true\ntheem = \"light\"\n").unwrap();
    let wrong = stderr(&settings(&["--print-config"]).code(0));
    assert!(wrong.contains("config.toml:2: unknown field `theem`"), "{wrong}");
}

#[test]
fn usage_errors_end_with_2() {
    for args in [
        &["check", "--format", "nope"][..],
        &["check", "no/such/directory"],
        &["check", "--lesson", "nope", "broken-stack"],
        &["check", "--timeout", "0", "broken-stack"],
        &["status", "--engine", NOBODY, "--engine", NOBODY],
        &["check", "-j", "0", "broken-stack"],
        &["--no-such-flag"],
        &["no-such-lesson"],
        &["host-port", "check"],
        &["lint", "no/such/directory"],
        &["status", "--lab", "no/such/lab"],
        &["hindsight", "--lab", "no/such/lab"],
        &["reset", "--lab", "no/such/lab"],
        &["images", "nope"],
    ] {
        let assert = breakfix(args);
        assert_eq!(assert.get_output().status.code(), Some(2), "{args:?}\n{}", stderr(&assert));
        assert!(stdout(&assert).is_empty(), "{args:?} printed to standard output");
        assert!(stderr(&assert).starts_with("error:"), "{args:?}: {}", stderr(&assert));
    }
}

#[test]
fn an_engine_that_does_not_answer_is_nobodys_bug() {
    let assert = breakfix(&["check", "--engine", NOBODY, "--format", "json", "broken-stack", "fixed-stack"]).code(3);
    let report: serde_json::Value = serde_json::from_str(&stdout(&assert)).unwrap();
    let submissions = report["submissions"].as_array().unwrap();
    assert_eq!(submissions.len(), 2);
    for (submission, dir) in submissions.iter().zip(["broken-stack", "fixed-stack"]) {
        assert_eq!(submission["dir"], dir);
        assert_eq!(submission["verdict"], "unknown");
        assert!(submission["reason"].as_str().is_some_and(|reason| reason.contains("nowhere")), "{submission}");
        assert!(submission["hops"].as_array().unwrap().iter().all(|hop| hop["status"] == "unknown"));
        assert!(submission["first_broken_hop"].is_null());
    }
}

#[test]
fn every_command_that_needs_the_engine_says_what_to_try() {
    let lab = tempfile::tempdir().unwrap();
    std::fs::write(lab.path().join("docker-compose.yml"), "services:\n  db:\n    image: postgres:17\n").unwrap();
    let dir = lab.path().to_str().unwrap();
    for args in [
        &["up", "--lab", dir][..],
        &["down", "--lab", dir],
        &["status", "--lab", dir],
        &["logs", "--lab", dir],
        &["images"],
    ] {
        let assert = breakfix(&[&["--engine", NOBODY], args].concat()).code(3);
        assert!(stderr(&assert).contains("  try "), "{args:?}: {}", stderr(&assert));
        assert!(stdout(&assert).is_empty(), "{args:?}");
    }
    let doctor = breakfix(&["--engine", NOBODY, "doctor", "--lab", dir]).code(3);
    assert!(stdout(&doctor).starts_with("✗ "), "{}", stdout(&doctor));
}

#[test]
fn machine_readable_formats_are_well_formed_even_without_an_engine() {
    let in_format =
        |format: &str| stdout(&breakfix(&["check", "--engine", NOBODY, "--format", format, "broken-stack"]).code(3));
    assert!(in_format("tap").starts_with("TAP version 14\n1.."));
    assert!(in_format("junit").starts_with("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n"));
    assert!(in_format("github").starts_with("::warning title=broken-stack::could not tell: "));
}

#[test]
fn colour_only_where_it_is_wanted() {
    let human =
        |extra: &[&str]| stdout(&breakfix(&[&["check", "--engine", NOBODY, "broken-stack"], extra].concat()).code(3));
    assert!(!human(&[]).contains('\x1b'), "a pipe gets no colour");
    assert!(human(&["--color", "always"]).contains("\x1b[33mcould not tell\x1b[0m"));
    assert!(!human(&["--color", "never"]).contains('\x1b'));
}

#[test]
fn completions_and_the_manual_come_from_the_same_definition() {
    for shell in ["bash", "zsh", "fish"] {
        assert!(stdout(&breakfix(&["completions", shell]).code(0)).contains("hindsight"), "{shell}");
    }
    assert!(stdout(&breakfix(&["man"]).code(0)).contains(".SH SYNOPSIS"));
}

#[test]
fn lint_has_nothing_against_a_right_course() {
    breakfix(&["lint", "tests/fixtures/course"]).code(0);
}

#[test]
fn a_lab_is_reset_and_keeps_what_was_replaced() {
    let home = tempfile::tempdir().unwrap();
    let course = breakfix::course::Course::embedded().unwrap();
    let (lab, _) = breakfix::lab::Lab::open_or_make(&home.path().join(&course.id), &course).unwrap();
    let file = lab.dir().join("docker-compose.yml");
    let start = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, "mine").unwrap();
    let assert = breakfix_in(home.path(), &["reset", "docker-compose.yml"]).code(0);
    assert_eq!(std::fs::read_to_string(&file).unwrap(), start);
    let backup = lab.state_dir().join("before-reset-1/docker-compose.yml");
    assert_eq!(std::fs::read_to_string(backup).unwrap(), "mine");
    assert!(stdout(&assert).contains("before-reset-1"));
    // What happened is in the story, and the story can be read.
    breakfix_in(lab.dir(), &["hindsight"]).code(0);
}

#[test]
fn the_work_and_its_story_are_handed_in_even_when_no_engine_can_judge_them() {
    let home = tempfile::tempdir().unwrap();
    let course = breakfix::course::Course::embedded().unwrap();
    let (lab, _) = breakfix::lab::Lab::open_or_make(&home.path().join(&course.id), &course).unwrap();
    std::fs::write(lab.dir().join("src/app.py"), "mine").unwrap();
    let args = ["hand-in", "mine", "--engine", "unix:///nowhere"];
    let assert = breakfix_in(home.path(), &args).code(3);
    assert!(stdout(&assert).contains("could not tell"), "{}", stdout(&assert));
    let read = |file: &str| std::fs::read_to_string(home.path().join("mine").join(file)).unwrap();
    assert_eq!(read("src/app.py"), "mine");
    let readme = read("README.md");
    assert!(readme.starts_with("# The shop\n") && readme.contains("\n## How I debugged it\n"), "{readme}");
    assert!(!home.path().join("mine/.breakfix").exists());
    // A second time there is something in the folder.
    breakfix_in(home.path(), &args).code(2);
}
