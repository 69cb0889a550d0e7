//! Courses to choose from, and making one: no container is needed.

use std::{fs, path::Path};

use assert_cmd::Command;
use tempfile::TempDir;

const NOBODY: &str = "unix:///nowhere/docker.sock";

/// A place with a library of courses in it.
struct Place {
    home: TempDir,
}

impl Place {
    fn new() -> Self {
        Self { home: tempfile::tempdir().unwrap() }
    }

    fn path(&self) -> &Path {
        self.home.path()
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::cargo_bin("breakfix").unwrap();
        command.current_dir(self.path()).env("XDG_DATA_HOME", self.path()).env("XDG_CONFIG_HOME", self.path());
        command.env_remove("DOCKER_HOST").env_remove("BREAKFIX_COURSE").env_remove("NO_COLOR").args(args);
        command
    }

    /// What it prints, on both streams.
    fn says(&self, code: i32, args: &[&str]) -> String {
        told(self.command(args), code)
    }

    /// A course in the library.
    fn with_course(name: &str) -> Self {
        let place = Self::new();
        fs::create_dir_all(place.path().join("breakfix/courses")).unwrap();
        place.says(0, &["course", "new", &format!("breakfix/courses/{name}")]);
        place
    }
}

fn told(mut command: Command, code: i32) -> String {
    let output = command.assert().code(code).get_output().clone();
    String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap()
}

#[test]
fn the_courses_are_listed_with_what_they_need() {
    let place = Place::with_course("harbour");
    let listed = place.says(0, &["courses"]);
    for words in ["systems-puzzle", "6 lessons", "built in", "harbour: 1 lesson, about 10 minutes", "postgres:17"] {
        assert!(listed.contains(words), "{words} is not in\n{listed}");
    }
    let broken = place.path().join("breakfix/courses/harbour/01-first.toml");
    fs::write(&broken, "id = 1").unwrap();
    let listed = place.says(0, &["courses"]);
    assert!(listed.contains("01-first.toml:1:6"), "why it cannot be used:\n{listed}");
}

#[test]
fn a_course_is_named_by_its_name_its_directory_its_file_or_the_environment() {
    let place = Place::with_course("harbour");
    let known = "one of: first";
    for course in ["harbour", "./breakfix/courses/harbour", "breakfix/courses/harbour"] {
        let told = place.says(2, &["check", "--course", course, "--lesson", "nope", "."]);
        assert!(told.contains(known), "{course}: {told}");
    }
    let packed = place.says(0, &["course", "pack", "breakfix/courses/harbour", "h.tar.gz"]);
    assert!(packed.contains("--course h.tar.gz"), "{packed}");
    let told_of = place.says(2, &["check", "--course", "h.tar.gz", "--lesson", "nope", "."]);
    assert!(told_of.contains(known), "{told_of}");
    assert!(place.says(0, &["lint", "h.tar.gz"]).contains("nothing to complain about"));
    assert!(place.says(0, &["lint", "--course", "harbour"]).contains("nothing to complain about"));
    let mut command = place.command(&["check", "--lesson", "nope", "."]);
    command.env("BREAKFIX_COURSE", "harbour");
    assert!(told(command, 2).contains(known));
    let unknown = place.says(2, &["check", "--course", "port", "."]);
    assert!(unknown.contains("there is no course port") && unknown.contains("breakfix courses"), "{unknown}");
}

#[test]
fn a_lab_knows_its_course_and_what_a_strangers_course_runs_is_said_before() {
    let place = Place::with_course("harbour");
    // No engine answers: the lab is made all the same.
    let up = place.says(3, &["up", "--course", "harbour", "--lab", "lab", "--engine", NOBODY]);
    for words in ["breakfix/courses/harbour", "It will run:", "the image postgres:17", "RUN pip install", "port 8080"] {
        assert!(up.contains(words), "{words} is not told:\n{up}");
    }
    let app = place.path().join("lab/src/app.py");
    assert!(fs::read_to_string(&app).unwrap().contains("127.0.0.1"), "the course's own bug");
    fs::write(&app, "").unwrap();
    place.says(0, &["reset", "--lab", "lab", "src/app.py"]);
    assert!(fs::read_to_string(&app).unwrap().contains("127.0.0.1"), "put back to another course's stack");
    let again = place.says(3, &["up", "--lab", "lab", "--engine", NOBODY]);
    assert!(!again.contains("It will run:"), "said twice:\n{again}");
    let other = place.says(2, &["up", "--course", "systems-puzzle", "--lab", "lab", "--engine", NOBODY]);
    assert!(other.contains("is a lab of the course harbour"), "{other}");

    fs::rename(place.path().join("breakfix/courses/harbour"), place.path().join("moved")).unwrap();
    let gone = place.says(2, &["reset", "--lab", "lab"]);
    assert!(gone.contains("which is gone") && gone.contains("--course DIR"), "{gone}");
}

/// What a stranger's course asks for and does not get, nothing is made for.
#[test]
fn a_strangers_course_that_reaches_for_the_host_is_refused() {
    let place = Place::with_course("harbour");
    for stack in ["broken", "fixed"] {
        let file = place.path().join("breakfix/courses/harbour").join(stack).join("docker-compose.yml");
        let text =
            fs::read_to_string(&file).unwrap().replace("    init: true\n", "    init: true\n    privileged: true\n");
        fs::write(&file, text).unwrap();
    }
    let refused = place.says(1, &["up", "--course", "harbour", "--lab", "lab", "--engine", NOBODY]);
    assert!(refused.contains("privileged"), "{refused}");
    assert!(!place.path().join("lab").exists());
}

#[test]
fn a_new_course_is_looked_at_without_an_engine() {
    let place = Place::new();
    let new = place.says(0, &["course", "new", "harbour"]);
    assert!(new.contains("breakfix course prove harbour"), "{new}");
    let pages = place.says(0, &["course", "preview", "harbour"]);
    for words in ["Running, and out of reach", "What would you bet on?", "Hint 4", "browser", "502 Bad Gateway"] {
        assert!(pages.contains(words), "{words} is not on a page:\n{pages}");
    }
    let lesson = place.path().join("harbour/01-first.toml");
    let text = fs::read_to_string(&lesson).unwrap().replace("What would you bet on?", "What do you expect?");
    fs::write(&lesson, text).unwrap();
    assert!(place.says(0, &["course", "preview", "harbour"]).contains("What do you expect?"));
    fs::write(&lesson, "").unwrap();
    let wrong = place.says(2, &["course", "preview", "harbour"]);
    assert!(wrong.contains("01-first.toml"), "{wrong}");
    let unproved = place.says(1, &["course", "prove", "harbour", "--engine", NOBODY]);
    assert!(unproved.contains("01-first.toml:1:1: error"), "{unproved}");
}

/// What the tutorial says to write is a course with nothing to complain about.
#[test]
fn the_tutorials_lesson_is_one() {
    let place = Place::new();
    place.says(0, &["course", "new", "harbour"]);
    let tutorial = include_str!("../../docs/authoring/tutorial.md");
    let blocks: Vec<&str> = tutorial.split("```toml\n").skip(1).map(|rest| rest.split("```").next().unwrap()).collect();
    // The first one stands indented, in a list.
    let [fix, symptom, variant, turn] = blocks.as_slice() else { panic!("{} blocks", blocks.len()) };
    let dir = place.path().join("harbour");
    let lesson = fs::read_to_string(dir.join("01-first.toml")).unwrap();
    let (head, _) = lesson.split_once("[[fix]]").unwrap();
    let is_symptom = |line: &&str| line.starts_with("symptom = ") || line.starts_with("seen = ");
    let head: String = head.lines().filter(|line| !is_symptom(line)).map(|line| format!("{line}\n")).collect();
    let head = head.replacen("debrief = ", &format!("{symptom}\ndebrief = "), 1);
    fs::write(dir.join("01-first.toml"), format!("{head}{fix}\n{variant}\n{turn}")).unwrap();
    fs::copy(dir.join("fixed/src/app.py"), dir.join("broken/src/app.py")).unwrap();
    let conf = dir.join("broken/conf.d/flaskapp.conf");
    let broken = fs::read_to_string(&conf).unwrap().replace("http://flaskapp:80;", "http://shop:80;");
    fs::write(&conf, broken).unwrap();
    let said = place.says(0, &["lint", "harbour"]);
    assert!(said.contains("nothing to complain about"), "{said}");
}
