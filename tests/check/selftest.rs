//! `breakfix selftest` on real containers: the course proves itself, a course that is wrong is found out, and nothing of one
//! case reaches the next.
//!
//! Where no engine answers, these tests fail and say what to start; `BREAKFIX_SKIP_DOCKER=1` leaves them out.

use std::{
    fs,
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use crate::common::{containers, left_by, one_of};
use serde_json::Value;

fn start(args: &[&str]) -> Child {
    Command::new(env!("CARGO_BIN_EXE_breakfix"))
        .arg("selftest")
        .args(args)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

struct Ran {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

/// Runs it to its end, and sees to it that it leaves nothing behind.
fn run(args: &[&str]) -> Ran {
    let child = start(args);
    let pid = child.id();
    let output = child.wait_with_output().unwrap();
    assert_eq!(left_by(pid), Vec::<String>::new());
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Ran { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
}

fn proved(args: &[&str]) -> (Option<i32>, Vec<Value>, String) {
    let ran = run(&[&["--format", "json"], args].concat());
    let report: Value =
        serde_json::from_str(&ran.stdout).unwrap_or_else(|_| panic!("no JSON: {}\n{}", ran.stdout, ran.stderr));
    assert_eq!(report["format"], 1);
    (ran.code, report["cases"].as_array().unwrap().clone(), ran.stderr)
}

fn text<'a>(case: &'a Value, key: &str) -> &'a str {
    case[key].as_str().unwrap()
}

/// The course of this repository, in a directory where it can be changed.
fn copy_of_the_course() -> tempfile::TempDir {
    fn copy(from: &Path, to: &Path) {
        fs::create_dir_all(to).unwrap();
        for entry in fs::read_dir(from).unwrap() {
            let entry = entry.unwrap();
            match entry.file_type().unwrap().is_dir() {
                true => copy(&entry.path(), &to.join(entry.file_name())),
                false => drop(fs::copy(entry.path(), to.join(entry.file_name())).unwrap()),
            }
        }
    }
    let home = tempfile::tempdir().unwrap();
    for part in ["lessons", "broken-stack", "fixed-stack"] {
        copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join(part), &home.path().join(part));
    }
    home
}

fn append(home: &Path, lesson: &str, more: &str) {
    let path = home.join("lessons").join(lesson);
    fs::write(&path, fs::read_to_string(&path).unwrap() + more).unwrap();
}

/// The bugs, the fixes, and one in forty of the rest; `BREAKFIX_ALL=1` takes all, as `breakfix selftest` does.
fn cases_to_prove(course: &breakfix::course::Course) -> Vec<(String, String)> {
    let mut ids = Vec::new();
    for lesson in &course.lessons {
        let mut case = |id: &str| ids.push((lesson.id.clone(), id.to_owned()));
        if !lesson.fix.is_empty() {
            case("bug");
            case("fix");
        }
        let variants = lesson.variants.iter().map(|variant| &variant.id);
        let turns = lesson.wrong_turns.iter().filter(|turn| turn.not_made.is_none()).map(|turn| &turn.id);
        variants.chain(turns).step_by(one_of(40)).for_each(|id| case(id));
    }
    ids
}

#[test]
fn the_course_proves_itself() {
    if !containers() {
        return;
    }
    let wanted = cases_to_prove(&breakfix::course::Course::embedded().unwrap());
    let args: Vec<&str> = wanted.iter().flat_map(|(_, id)| ["--case", id.as_str()]).collect();
    let (code, cases, stderr) = proved(&args);
    let wrong: Vec<&Value> = cases.iter().filter(|case| case["ok"] != true).collect();
    assert!(wrong.is_empty(), "{wrong:#?}\n{stderr}");
    assert_eq!(code, Some(0), "{stderr}");
    for kind in ["bug", "variant", "wrong_turn"] {
        assert!(cases.iter().any(|case| case["kind"] == kind), "no {kind} was proved");
    }
    for (lesson, id) in &wanted {
        let is_it = |case: &Value| case["lesson"] == *lesson.as_str() && case["id"] == *id.as_str();
        assert!(cases.iter().any(is_it), "{id} of {lesson} was not proved");
    }
}

#[test]
fn a_course_that_is_wrong_is_found_out() {
    if !containers() {
        return;
    }
    let home = copy_of_the_course();
    let lesson = home.path().join("lessons/01-host-port.toml");
    let right = fs::read_to_string(&lesson).unwrap();
    let seen = r#"seen = { saw = { evidence = "browser-nginx", kind = "refused" } }"#;
    assert!(right.contains(seen));
    fs::write(&lesson, right.replace(seen, r#"seen = { saw = { evidence = "page", status = "404" } }"#)).unwrap();
    append(
        home.path(),
        "01-host-port.toml",
        r#"
[[variants]]
id = "not-a-fix"
title = "The other number"
edits = [{ file = "docker-compose.yml", replace = '"80:8080"', with = '"8080:81"' }]

[[wrong_turns]]
id = "takes-all"
title = "Named whatever happens"
belief = "-"
question = "-"
explain = "-"
weight = 1000
when = { all = [
    { hop = { id = "browser-nginx", is = "fail" } },
    { file = { path = "docker-compose.yml", matches = "nginx" } },
] }
edits = [{ file = "docker-compose.yml", replace = '"80:8080"', with = '"8080:80"' }]
"#,
    );
    let course = home.path().to_str().unwrap();
    let asked = ["bug", "fix", "not-a-fix", "listen-only", "takes-all"];
    let args: Vec<&str> = asked.iter().step_by(one_of(2)).flat_map(|id| ["--case", *id]).collect();
    let (code, cases, stderr) = proved(&[&["host-port", "--course", course], args.as_slice()].concat());
    assert_eq!(code, Some(1), "{stderr}");
    let told: Vec<_> = cases.iter().map(|case| (text(case, "id"), case["ok"] == true, text(case, "got"))).collect();
    let expected = [
        ("bug", false, "broken at host-port, symptom could not be looked for"),
        ("fix", true, "works"),
        ("not-a-fix", false, "broken"),
        ("listen-only", false, "broken, named: takes-all, listen-only"),
        ("takes-all", false, "works, nothing named"),
    ];
    assert_eq!(told, expected.into_iter().step_by(one_of(2)).collect::<Vec<_>>());
}

/// A lesson whose variants each leave something behind, and fail where it is there already.
const DIRTY: &str = r#"
[[variants]]
id = "ID"
title = "Leaves something behind"

[[variants.edits]]
file = "src/database.py"
replace = "    Base.metadata.create_all(engine)"
with = '''
    # ID: no other case's tables are made from this.
    import sqlalchemy

    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(sqlalchemy.text("SQL"))
    Base.metadata.create_all(engine)'''
"#;

#[test]
#[ignore = "longer than others: cargo test -- --include-ignored"]
fn nothing_of_one_case_reaches_the_next() {
    if !containers() {
        return;
    }
    let home = copy_of_the_course();
    let statements = [
        // What a database holds is gone; what databases share makes the server one that is not used again.
        ("table", "CREATE TABLE leftover (id int)", true),
        ("database", "CREATE DATABASE leftover", true),
        ("role", "CREATE ROLE leftover", false),
        (
            "setting",
            "DO $$ BEGIN IF current_setting('work_mem') = '5MB' THEN RAISE 'leftover'; END IF; END $$; ALTER ROLE docker SET work_mem = '5MB'",
            false,
        ),
        ("log", "DO $$ BEGIN RAISE LOG 'leftover'; END $$", false),
    ];
    for (id, sql, _) in &statements {
        for twin in ["one", "two"] {
            append(
                home.path(),
                "00-the-system.toml",
                &DIRTY.replace("ID", &format!("{id}-{twin}")).replace("SQL", sql),
            );
        }
    }
    // Where the tables of the case before were still there, this would work.
    let course = home.path().to_str().unwrap();
    for (id, _, again) in statements.into_iter().step_by(one_of(3)) {
        let (one, two) = (format!("{id}-one"), format!("{id}-two"));
        let cases = ["--case", &one, "--case", &two, "--case", "not-bootstrapped"];
        let ran = run(&[&["the-system", "--course", course, "-j", "1", "-v"], &cases[..]].concat());
        assert_eq!(ran.code, Some(0), "{id}: {}\n{}", ran.stdout, ran.stderr);
        assert!(ran.stdout.contains("variants 2 of 2, wrong turns 1 of 1"), "{}", ran.stdout);
        let kept = ran.stderr.matches("db  keep  emptied").count();
        assert_eq!(
            kept,
            if again { 2 } else { 0 },
            "{id}: how often the database server was used again\n{}",
            ran.stderr
        );
    }
}

#[test]
fn ctrl_c_removes_everything() {
    if !containers() {
        return;
    }
    let child = start(&["host-port", "-j", "2"]);
    let pid = child.id();
    let begun = Instant::now();
    while left_by(pid).len() < 6 {
        assert!(begun.elapsed() < Duration::from_secs(120), "it starts nothing");
        std::thread::sleep(Duration::from_millis(100));
    }
    assert!(Command::new("kill").args(["-INT", &pid.to_string()]).status().unwrap().success());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(left_by(pid), Vec::<String>::new());
}

#[test]
fn what_is_not_there_cannot_be_asked_for() {
    for (args, said) in [
        (&["nonsense"][..], "there is no lesson nonsense"),
        (&["host-port", "--case", "nonsense"], "there is no case nonsense"),
        (&["hindsight"], "nothing to prove"),
        (&["--course", "/nowhere"], "/nowhere"),
    ] {
        let ran = run(args);
        assert_eq!(ran.code, Some(2), "{args:?}: {}", ran.stderr);
        assert!(ran.stderr.contains(said), "{args:?}: {}", ran.stderr);
    }
}
