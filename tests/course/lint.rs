//! Loading and linting a course: the tiny one of the fixtures, ruined in one way per test, and the one in the binary.

use std::{
    fs,
    path::{Path, PathBuf},
};

use breakfix::{
    compose::Severity,
    course::{Condition, Course, Edit, Origin, Rung, lint, vocabulary},
};

fn fixture() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/course")
}

/// A copy of the tiny course in which one text of one file is replaced.
fn ruined(file: &str, old: &str, new: &str) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    copy(&fixture(), dir.path());
    let path = dir.path().join(file);
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.contains(old), "{file} has no {old}");
    fs::write(path, text.replacen(old, new, 1)).unwrap();
    dir
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// The findings of the course ruined in this way, as lines without the directory.
fn findings(file: &str, old: &str, new: &str) -> Vec<String> {
    let dir = ruined(file, old, new);
    let prefix = format!("{}/", dir.path().display());
    lint(&Origin::Directory(dir.path().to_owned()))
        .iter()
        .map(|finding| finding.to_string().replace(&prefix, ""))
        .collect()
}

#[track_caller]
fn says(file: &str, old: &str, new: &str, place: &str, message: &str) {
    let findings = findings(file, old, new);
    assert!(
        findings.iter().any(|finding| finding.starts_with(place) && finding.contains(message)),
        "expected {place} … {message} in {findings:#?}"
    );
}

#[test]
fn the_tiny_course_is_read_as_written() {
    let course = Course::load(&fixture()).unwrap();
    assert_eq!(course.id, "tiny-puzzle");
    assert_eq!(course.lessons.len(), 2);
    assert_eq!(course.position("app-port"), Some(1));
    let lesson = course.lesson("host-port").unwrap();
    assert_eq!(lesson.hints.iter().map(|hint| hint.rung).collect::<Vec<_>>(), [Rung::Where, Rung::Show]);
    assert!(matches!(lesson.fix[0], Edit::Replace { .. }));
    assert!(matches!(&lesson.wrong_turns[0].when, Condition::All(several) if several.len() == 2));
    assert_eq!(lint(&Origin::Directory(fixture())), []);
}

#[test]
fn toml_mistakes_are_told_with_their_place() {
    says("01-host-port.toml", "symptom = ", "symptom ", "01-host-port.toml:3:", "");
    says("01-host-port.toml", "symptom = ", "symptoms = ", "01-host-port.toml:3:1", "unknown field `symptoms`");
    says(
        "01-host-port.toml",
        "rung = \"where\"",
        "rung = \"here\"",
        "01-host-port.toml:32:8",
        "unknown variant `here`",
    );
    says("01-host-port.toml", "{ hop = ", "{ hopp = ", "01-host-port.toml:58", "unknown variant `hopp`");
    says("01-host-port.toml", "with = \"8080:80\"", "", "01-host-port.toml:39", "an edit has either");
    says("course.toml", "title = ", "# title = ", "course.toml:1", "missing field `title`");
    says("course.toml", "02-app-port.toml", "03-none.toml", "course.toml:6:33", "there is no file 03-none.toml");
}

#[test]
fn a_newer_format_is_told_as_such() {
    let dir = ruined("course.toml", "format = 1", "format = 3\nwhatever = true");
    let error = Course::load(dir.path()).unwrap_err();
    assert!(error.to_string().contains("course.toml:1:10"), "{error}");
    assert!(error.to_string().contains("version 3 of the format"), "{error}");
    assert!(!error.to_string().contains("whatever"), "{error}");
    assert_eq!(error.exit_code(), 2);
}

#[test]
fn a_directory_without_a_course_is_told_as_such() {
    let dir = tempfile::tempdir().unwrap();
    let error = Course::load(dir.path()).unwrap_err().to_string();
    assert!(error.contains("course.toml"), "{error}");
    assert!(error.contains("there is no such file"), "{error}");
}

#[test]
fn ids_that_are_doubled_or_unknown_are_found() {
    let one = "01-host-port.toml";
    let two = "02-app-port.toml";
    says(two, "id = \"app-port\"", "id = \"host-port\"", "02-app-port.toml:1:6", "a second lesson");
    says(two, "id = \"app-answers\"", "id = \"site-answers\"", "02-app-port.toml:8:6", "a second check");
    says(two, "id = \"exposed\"", "id = \"both-8080\"", two, "a second wrong turn");
    says(two, "\"site-answers\"]", "\"site-answer\"]", "02-app-port.toml:11:27", "no hop and no check site-answer");
    says("course.toml", "\"nginx-flaskapp\"", "\"nginx-app\"", "course.toml:30:6", "no hop nginx-app");
    says(one, "name = \"front.published\"", "name = \"front.publish\"", one, "no fact front.publish");
    says(one, "is = \"pass\"", "is = \"green\"", one, "no status green");
    says(one, "show = \"browser-nginx\"", "show = \"browser\"", "01-host-port.toml:10:8", "neither an evidence id");
    says(one, "file:docker-compose.yml", "file:compose.yml", one, "no file compose.yml");
    says(one, "step = \"look\"", "step = \"stare\"", "01-host-port.toml:8:8", "no step stare");
    says(one, "kind = \"http\"", "kind = \"https\"", one, "no kind https");
    says(two, "service = \"nginx\"", "service = \"ngnix\"", two, "no service ngnix");
    says(two, "evidence = \"nginx-flaskapp\"\n", "evidence = \"nginx\"\n", two, "no evidence nginx");
}

#[test]
fn contradictions_are_found() {
    let one = "01-host-port.toml";
    let two = "02-app-port.toml";
    says(one, "text = \"502\", because", "text = \"502\", right = true, because", one, "here 2 are");
    says(one, "right = true, ", "", one, "here 0 are");
    says(one, "rung = \"where\"", "rung = \"show\"", one, "hints climb");
    says(two, "'connect\\(\\) failed'", "'connect( failed'", two, "cannot be used");
    says(two, "200|3xx", "200|3x", two, "is not like 200");
    says(two, "\"browser-nginx\", \"site-answers\"", "\"app-answers\"", two, "needs itself");
    let edits = "edits = [{ file = \"docker-compose.yml\", replace = \"80:8080\", with = \"8080:8080\" }]";
    says(one, edits, "saved_only = true", one, "nothing is saved");
    says(one, ", is = \"8080:8080\"", "", one, "nothing is asked of this fact");
    says(one, ", kind = \"http\"", "", one, "nothing is asked of this evidence");
    says(one, "replace = \"80:8080\"\nwith", "replace = \"80:8081\"\nwith", one, "nowhere");
    says(one, "file = \"docker-compose.yml\"", "file = \"../docker-compose.yml\"", one, "not a path inside the stack");
}

#[test]
fn edits_texts_and_pages_are_linted() {
    let one = "01-host-port.toml";
    let two = "02-app-port.toml";
    says("fixed/app.py", "app.run()", "app.run(port=80)", "course.toml:10:9", "app.py differs");
    says(two, "replace = \"app.run()\"", "replace = \"app.start()\"", two, "nowhere");
    says(two, "with = \"app.run(port=5001)\"", "with = \"app.run()\"", two, "changes nothing");
    says(one, "belief = \"Both numbers have to be the browser's.\"", "belief = \" \"", one, "this text is missing");
    says(
        one,
        "Which file publishes ports?",
        "Write 8080:80 into it.",
        "01-host-port.toml:33",
        "this hint holds the fix",
    );
    let long = format!("text = \"{}", "many words ".repeat(120));
    says(one, "text = \"You", &long, "01-host-port.toml:9:8: warning", "this page takes");
    says("course.toml", "broken = \"broken\"", "broken = \"nowhere\"", "course.toml:9:10", "has no files");
    says("course.toml", ", \"02-app-port.toml\"", "", "course.toml", "is not in the list of lessons");
}

const WHEN: &str = "when = { fact = { name = \"flaskapp.expose\", same_as = \"nginx.upstream_port\" } }";

#[test]
fn wrong_turns_that_nothing_tells_apart_are_found() {
    let one = "01-host-port.toml";
    let two = "02-app-port.toml";
    let when = WHEN;
    let twin = |edits: &str, when: &str| {
        let words = "title = \"t\"\nbelief = \"b\"\nquestion = \"q\"\nexplain = \"e\"";
        format!("{WHEN}\n\n[[wrong_turns]]\nid = \"twin\"\n{words}\n{edits}\n{when}\n")
    };
    says(two, when, &twin("", when), "02-app-port.toml:44:8: error", "nothing tells twin from exposed");
    let nested = "when = { all = [{ fact = { name = \"flaskapp.expose\", same_as = \"nginx.upstream_port\" } }] }";
    says(two, when, &twin("", nested), "02-app-port.toml:44:8: error", "nothing tells twin from exposed");
    let other = "when = { stale = \"nginx\" }";
    let edits = |with: &str| format!("edits = [{{ file = \"app.py\", replace = \"app.run()\", with = \"{with}\" }}]");
    says(two, when, &twin(&edits("app.run()"), other), two, "this wrong turn changes nothing");
    says(two, when, &twin(&edits("app.run(port=5001)"), other), two, "the same as variant app-moves, which is right");
    let same = "edits = [{ file = \"Dockerfile\", contents = \"FROM python:3.13-slim\\nEXPOSE 5001\\n\" }]";
    says(two, when, &twin(same, other), two, "makes the same files as exposed");
    let never = "when = { all = [{ stale = \"nginx\" }, { not = { stale = \"nginx\" } }] }";
    says(two, when, never, "02-app-port.toml:35:38: error", "this can never hold");
    let no_file = "when = { file = { path = \"Dockerfile\", matches = \"EXPOSE 80$\" } }";
    says(two, when, no_file, "02-app-port.toml:35:8: error", "make its own condition false");
    says(two, when, "when = { stale = { service = \"nginx\", action = \"rerun\" } }", two, "no action rerun");
    says(two, when, "when = { stale = { service = \"ngnix\" } }", two, "no service ngnix");
    let loopback = "edits = [{ file = \"docker-compose.yml\", replace = \"80:8080\", with = \"127.0.0.1:8080:80\" }]";
    says(one, loopback, &loopback.replace("127.0.0.1:", ""), one, "variant loopback does the same as the fix");
}

#[test]
fn a_condition_follows_from_another_where_that_shows() {
    let parse =
        |text: &str| toml::from_str::<std::collections::BTreeMap<String, Condition>>(text).unwrap()["c"].clone();
    let fails = "{ hop = { id = \"a\", is = \"fail\" } }";
    let stale = "{ stale = \"nginx\" }";
    let precise = "{ stale = { service = \"nginx\", action = \"reload\" } }";
    let saw = "{ saw = { evidence = \"page\", status = \"5xx\" } }";
    let saw_more = "{ saw = { evidence = \"page\", status = \"5xx\", body = \"x\" } }";
    let is = "{ fact = { name = \"db.port\", is = \"80\" } }";
    let is_not = "{ fact = { name = \"db.port\", is_not = \"5432\" } }";
    let all = |parts: &[&str]| format!("{{ all = [{}] }}", parts.join(", "));
    let any = |parts: &[&str]| format!("{{ any = [{}] }}", parts.join(", "));
    let not = |part: &str| format!("{{ not = {part} }}");
    let follows = |one: &str, other: &str| parse(&format!("c = {one}")).implies(&parse(&format!("c = {other}")));
    for (one, other) in [
        (all(&[fails, stale]), fails.to_owned()),
        (all(&[fails, stale, is]), all(&[stale, fails])),
        (fails.to_owned(), any(&[stale, fails])),
        (precise.to_owned(), stale.to_owned()),
        (saw_more.to_owned(), saw.to_owned()),
        (is.to_owned(), is_not.to_owned()),
        (not(saw), not(saw_more)),
    ] {
        assert!(follows(&one, &other), "{one} → {other}");
        assert!(!follows(&other, &one), "{other} → {one}");
    }
    assert!(follows(&any(&[saw_more, saw]), saw), "whichever of the two holds");
}

#[test]
fn code_wider_than_the_pane_is_found_at_its_line() {
    let wide = format!("text = '''\nRun:\n\n```\nshort\n{}\n```\n'''", "x".repeat(45));
    let beat = "text = \"You open the site, and nobody answers.\"";
    says("01-host-port.toml", beat, &wide, "01-host-port.toml:14:1: warning", "45 columns wide");
}

#[test]
fn fixes_that_hang_on_each_other_are_found() {
    let chained =
        "\n[[fix]]\nfile = \"docker-compose.yml\"\nreplace = \"8080:80\"\nwith = \"8080:80 \"\n\n[[variants]]";
    says("02-app-port.toml", "\n[[variants]]", chained, "course.toml:6", "the fixes of app-port do not apply without");
}

#[test]
fn a_contradiction_keeps_a_course_from_loading_but_a_warning_does_not() {
    let dir = ruined("01-host-port.toml", "is = \"pass\"", "is = \"green\"");
    let error = Course::load(dir.path()).unwrap_err();
    assert!(error.why.iter().any(|why| why.contains("01-host-port.toml:58")), "{error}");
    let dir = ruined("course.toml", ", \"02-app-port.toml\"", "");
    Course::load(dir.path()).unwrap();
    assert!(
        lint(&Origin::Directory(dir.path().to_owned())).iter().any(|finding| finding.severity == Severity::Warning)
    );
}

#[test]
fn stacks_between_broken_and_fixed_can_be_made_in_any_order() {
    let course = Course::load(&fixture()).unwrap();
    assert_eq!(&course.stack_with(&[]).unwrap(), course.broken_stack());
    assert_eq!(&course.stack_with(&["app-port", "host-port"]).unwrap(), course.fixed_stack());
    let one = course.stack_with(&["app-port"]).unwrap();
    assert_eq!(one, course.stack_without("host-port").unwrap());
    assert!(one["docker-compose.yml"].contains("80:8080") && one["conf.d/site.conf"].contains("flaskapp:5000"));
    let error = course.stack_with(&["nothing"]).unwrap_err();
    assert!(error.to_string().contains("one of: host-port, app-port"), "{error}");
}

#[test]
fn the_vocabulary_is_what_the_probe_and_the_lab_can_tell() {
    use breakfix::probe::evidence_id as id;
    for hop in [id::BROWSER_NGINX, id::NGINX_FLASKAPP, id::FLASKAPP_DB] {
        assert!(vocabulary::HOPS.contains(&hop), "{hop}");
    }
    for evidence in [id::UPSTREAM, id::PAGE, id::SUBMIT, id::ROWS] {
        assert!(vocabulary::EVIDENCE.contains(&evidence), "{evidence}");
    }
}

/// Who sends a course has no business with the other files of who reads it, and keeps nobody waiting.
#[test]
fn a_course_in_a_directory_is_ordinary_files_of_its_own() {
    let dir = tempfile::tempdir().unwrap();
    copy(&fixture(), dir.path());
    let elsewhere = tempfile::tempdir().unwrap();
    let secret = elsewhere.path().join("secret.txt");
    fs::write(&secret, "hunter2").unwrap();
    let files_of = |at: &Path| {
        let (sender, read) = std::sync::mpsc::channel();
        let at = at.to_owned();
        std::thread::spawn(move || sender.send(Course::load(&at).map(|course| course.broken_stack().clone())));
        read.recv_timeout(std::time::Duration::from_secs(20)).expect("it is read without waiting for anybody")
    };
    let before = files_of(dir.path()).unwrap();
    std::os::unix::fs::symlink(&secret, dir.path().join("broken/leak.txt")).unwrap();
    std::os::unix::fs::symlink(elsewhere.path(), dir.path().join("broken/leak")).unwrap();
    for pipe in ["talk.toml", "broken/pipe"] {
        assert!(std::process::Command::new("mkfifo").arg(dir.path().join(pipe)).status().unwrap().success());
    }
    assert_eq!(files_of(dir.path()).unwrap(), before);
    let outside = format!("../{}", elsewhere.path().file_name().unwrap().to_string_lossy());
    for stack in [outside, elsewhere.path().display().to_string()] {
        let away = ruined("course.toml", "broken = \"broken\"", &format!("broken = {stack:?}"));
        assert!(files_of(away.path()).map_or(true, |files| files.is_empty()), "{stack} is no part of it");
    }
}

const TALK: &str = "[[beats]]\nid = \"a\"\nlesson = \"host-port\"\nstack = { fixed = [\"host-port\"] }\n";

#[test]
fn a_talk_that_never_mends_a_lesson_is_found() {
    let dir = ruined("course.toml", "lessons = [", "talk = \"talk.toml\"\nlessons = [");
    let says = |talk: &str| {
        fs::write(dir.path().join("talk.toml"), talk).unwrap();
        lint(&Origin::Directory(dir.path().to_owned())).iter().map(ToString::to_string).collect::<String>()
    };
    let found = says(TALK);
    assert!(
        found.contains("never mends the lesson app-port") && !found.contains("mends the lesson host-port"),
        "{found}"
    );
    let found = says(&TALK.replace("[\"host-port\"]", "[\"host-port\", \"app-port\"]"));
    assert!(!found.contains("never mends"), "{found}");
}

#[test]
fn a_condition_on_a_file_that_is_nowhere_is_found() {
    let when = "{ fact = { name = \"front.published\", is = \"8080:8080\" } },";
    let nowhere = "{ file = { path = \"src/nowhere.py\", matches = \"x\" } },";
    says("01-host-port.toml", when, nowhere, "01-host-port.toml", "no stack and no edit has the file src/nowhere.py");
}

#[test]
fn what_a_wrong_turn_says_of_what_runs_comes_from_what_runs() {
    let explain = "The right number is nginx's own.";
    let file = "01-host-port.toml";
    says(file, explain, "nginx listens on 9999.", file, "does not ask for 9999");
    says(file, explain, "nginx listens on {nginx.lisen}.", file, "there is no fact nginx.lisen");
    says(file, "8080 on both sides", "{nginx.listen} on both sides", file, "only the question and the explanation");
    let found = findings(file, explain, "nginx listens on {nginx.listen}, and the browser calls 8080.");
    assert_eq!(found, Vec::<String>::new());
}

/// What a course has of its own is held to what its format and its kinds can mean.
#[test]
fn services_and_probes_of_its_own_are_held_to_what_they_can_mean() {
    let own =
        |more: &str| format!("format = 2\nservices = [{{ role = \"queue\", image = \"redis\" }}]\nprobes = [{more}]\n");
    let length =
        "{ id = \"length\", kind = \"exec\", service = \"queue\", command = [\"redis-cli\", \"llen\", \"q\"] }";
    assert_eq!(findings("course.toml", "format = 1\n", &own(length)), Vec::<String>::new());
    says("course.toml", "format = 1\n", &own(length).replace("= 2", "= 1"), "course.toml:1:", "need format = 2");
    for (probe, message) in [
        (length.replace("\"queue\"", "\"cache\""), "no service cache: one of nginx, flaskapp, db, queue"),
        (length.replace(", service = \"queue\"", ""), "exec needs service"),
        (length.replace("[\"redis-cli\", \"llen\", \"q\"]", "[]"), "exec needs command"),
        (length.replace("length", "page"), "page is evidence that the program itself gathers"),
        (length.replace(" }", ", shows = \"(\" }"), "the pattern ( cannot be used"),
        ("{ id = \"menu\", kind = \"http\" }".to_owned(), "http needs path"),
        ("{ id = \"menu\", kind = \"http\", path = \"menu\" }".to_owned(), "a path begins with /"),
        ("{ id = \"open\", kind = \"tcp\", service = \"db\", host = \"db\" }".to_owned(), "tcp needs port"),
        ("{ id = \"ends\", kind = \"stops\", service = \"db\" }".to_owned(), "stops needs shows"),
        (length.replace(" }", ", query = \"select 1\" }"), "exec takes no query"),
        (length.replace(" }", ", needs = [\"page\"] }"), "there is no probe page before this one"),
        (format!("{length}, {length}"), "a second probe with the id length"),
        (length.replace("exec", "telepathy"), "unknown variant `telepathy`"),
    ] {
        says("course.toml", "format = 1\n", &own(&probe), "course.toml:3:", message);
    }
    let fact = |more: &str| format!("format = 2\nfacts = [{{ name = \"queue.name\", {more} }}]\n");
    let read = "reader = \"environment\", service = \"db\", what = \"QUEUE\"";
    assert_eq!(findings("course.toml", "format = 1\n", &fact(read)), Vec::<String>::new());
    for (fact, message) in [
        (fact(read).replace("queue.name", "nginx.listen"), "nginx.listen is the program's own"),
        (fact(&read.replace("\"db\"", "\"cache\"")), "no service cache"),
        (fact("reader = \"text\", what = \"QUEUE\""), "text needs a file"),
        (fact("reader = \"text\", file = \"src/app.py\", what = \"(\""), "the pattern ( cannot be used"),
    ] {
        says("course.toml", "format = 1\n", &fact, "course.toml:2:", message);
    }
    let hop = "id = \"nginx-flaskapp\"";
    says("course.toml", hop, "id = \"front-app\"", "course.toml:", "or one with a probe of the course's");
    says("course.toml", hop, &format!("{hop}\nprobe = \"nobody\""), "course.toml:", "there is no probe nobody");
}
