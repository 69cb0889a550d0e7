//! Faults as they are met: each with the right verdict, the first broken link, the true wrong turns and no false one, the place that
//! holds the fault, and a reason in the stack's own words.
//!
//! `tests/fixtures/stack/` holds the files of each, to be laid over `fixed-stack`.

use std::{collections::BTreeMap, path::Path, process::Stdio};

use breakfix::course::Course;
use serde_json::Value;

use crate::common::{containers, one_of};

struct Case {
    name: &'static str,
    hop: Option<&'static str>,
    /// All wrong turns, in order, remarks left out.
    turns: &'static [&'static str],
    place: Option<(&'static str, u64)>,
    /// Stands in the reason, or in what was observed of a link or check that fails.
    said: &'static str,
}

const BROKEN: [Case; 11] = [
    Case {
        name: "app-healthcheck-curl-missing",
        hop: Some("browser-nginx"),
        turns: &["health-check-without-program", "health-check-fails"],
        place: Some(("docker-compose.yml", 17)),
        said: "exec: \"curl\": executable file not found in $PATH",
    },
    Case {
        name: "csrf-cookie-domain",
        hop: None,
        turns: &["cookie-for-another-address"],
        place: Some(("src/app.py", 14)),
        said: "shows the form again",
    },
    Case {
        name: "db-dir-not-empty",
        hop: Some("flaskapp-db"),
        turns: &["data-directory-not-empty"],
        place: Some(("docker-compose.yml", 6)),
        said: "exists but is not empty",
    },
    Case {
        name: "db-healthcheck-role-root",
        hop: Some("browser-nginx"),
        turns: &["health-check-as-nobody", "health-check-fails"],
        place: Some(("docker-compose.yml", 8)),
        said: "role \"root\" does not exist",
    },
    Case {
        name: "db-url-password-at",
        hop: Some("flaskapp-db"),
        turns: &["password-splits-the-url"],
        place: Some(("env_file", 2)),
        said: "unknown host name ss",
    },
    Case {
        name: "entrypoint-crlf",
        hop: Some("browser-nginx"),
        turns: &["script-with-crlf"],
        place: Some(("entrypoint.sh", 1)),
        said: "exec /entrypoint.sh failed: No such file or directory",
    },
    Case {
        name: "form-action-elsewhere",
        hop: None,
        turns: &["form-sent-elsewhere"],
        place: Some(("src/templates/index.html", 9)),
        said: "port 5000",
    },
    Case {
        name: "gunicorn-wrong-module",
        hop: Some("nginx-flaskapp"),
        turns: &["command-names-no-app", "app-died"],
        place: Some(("Dockerfile", 11)),
        said: "No module named 'main'",
    },
    Case {
        name: "nginx-location-prefix",
        hop: Some("nginx-flaskapp"),
        turns: &["location-without-root"],
        place: Some(("conf.d/flaskapp.conf", 5)),
        said: "200 OK",
    },
    Case {
        name: "upstream-renamed-service",
        hop: Some("browser-nginx"),
        turns: &["unknown-upstream"],
        place: Some(("conf.d/flaskapp.conf", 6)),
        said: "host not found in upstream \"flaskapp\"",
    },
    Case {
        name: "uwsgi-pass-to-http",
        hop: Some("nginx-flaskapp"),
        turns: &["uwsgi-to-http"],
        place: Some(("conf.d/flaskapp.conf", 7)),
        said: "502 Bad Gateway",
    },
];

/// Stacks that compose starts and that work, whatever they look like.
const WORKS: [&str; 5] = [
    "cmd-background-ampersand",
    "env-dollar-digit",
    "env-two-files-chain",
    "override-commented-out",
    "secret-from-environment",
];

/// Lays the files of a case over the fixed stack.
fn write(home: &Path, name: &str) {
    let (dir, fixed) = (home.join(name), Course::embedded().unwrap().fixed_stack().clone());
    let put = |path: &str, bytes: &[u8]| {
        let path = dir.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    };
    fixed.iter().for_each(|(path, text)| put(path, text.as_bytes()));
    let over = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/stack").join(name);
    let mut open = vec![over.clone()];
    while let Some(dir) = open.pop() {
        for entry in std::fs::read_dir(&dir).unwrap() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true => open.push(path),
                false => put(path.strip_prefix(&over).unwrap().to_str().unwrap(), &std::fs::read(&path).unwrap()),
            }
        }
    }
}

fn check(home: &Path, names: &[&str]) -> BTreeMap<String, Value> {
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_breakfix"))
        .args(["check", "-j", "2", "--format", "json"])
        .args(names)
        .current_dir(home)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let report: Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&output.stderr)));
    let all = report["submissions"].as_array().unwrap().iter();
    all.map(|one| (one["dir"].as_str().unwrap().to_owned(), one.clone())).collect()
}

fn differences(case: &Case, got: &Value) -> Vec<String> {
    let mut found = Vec::new();
    let mut same = |what: &str, wanted: &Value, seen: &Value| {
        if wanted != seen {
            found.push(format!("{what}: wanted {wanted}, got {seen}"));
        }
    };
    same("verdict", &"broken".into(), &got["verdict"]);
    same("hop", &case.hop.into(), &got["first_broken_hop"]);
    let place = case.place.map_or(Value::Null, |(file, line)| serde_json::json!({"file": file, "line": line}));
    same("place", &place, got.get("place").unwrap_or(&Value::Null));
    let turns = got["wrong_turns"].as_array().unwrap().iter().filter(|turn| turn["remark"] != true);
    same("wrong turns", &case.turns.to_vec().into(), &turns.map(|turn| turn["id"].clone()).collect());
    let parts = |list: &str| got[list].as_array().unwrap().clone();
    let failed = [parts("hops"), parts("checks")].concat().into_iter().filter(|part| part["status"] == "fail");
    let mut said: Vec<String> = failed.map(|part| part["observed"].as_str().unwrap().to_owned()).collect();
    said.extend(got["reason"].as_str().map(str::to_owned));
    if !said.iter().any(|said| said.contains(case.said)) {
        found.push(format!("nothing says {}: {said:#?}", case.said));
    }
    for said in &said {
        if said.contains("breakfix-check") {
            found.push(format!("a name of our own is told: {said}"));
        }
    }
    found
}

#[test]
fn what_works_for_compose_works() {
    if !containers() {
        return;
    }
    let home = tempfile::tempdir().unwrap();
    let works: Vec<&str> = WORKS.into_iter().step_by(one_of(2)).collect();
    works.iter().for_each(|name| write(home.path(), name));
    let got = check(home.path(), &works);
    let right = |one: &Value| one["verdict"] == "works" && one["wrong_turns"] == serde_json::json!([]);
    let wrong: Vec<String> =
        got.iter().filter(|(_, one)| !right(one)).map(|(name, one)| format!("{name}: {one:#}")).collect();
    assert_eq!((got.len(), wrong.len()), (works.len(), 0), "{}", wrong.join("\n"));
}

#[test]
fn what_compose_refuses_is_not_started() {
    if !containers() {
        return;
    }
    let home = tempfile::tempdir().unwrap();
    write(home.path(), "tab-on-blank-line");
    let got = check(home.path(), &["tab-on-blank-line"]).remove("tab-on-blank-line").unwrap();
    let reason = got["reason"].as_str().unwrap();
    assert!(got["verdict"] == "broken" && reason.contains("a tab stands on an otherwise empty line"), "{got:#}");
    assert_eq!(got["place"]["file"], "docker-compose.yml");
    assert!(got["hops"].as_array().unwrap().iter().all(|hop| hop["status"] == "unknown"), "{got:#}");
}

#[test]
fn each_fault_has_its_verdict_its_words_and_its_place() {
    if !containers() {
        return;
    }
    let home = tempfile::tempdir().unwrap();
    let only = std::env::var("BREAKFIX_SUBMISSION").unwrap_or_default();
    let every = if only.is_empty() { one_of(3) } else { 1 };
    let cases: Vec<&Case> = BROKEN.iter().filter(|case| case.name.contains(&only)).step_by(every).collect();
    cases.iter().for_each(|case| write(home.path(), case.name));
    let names: Vec<&str> = cases.iter().map(|case| case.name).collect();
    if names.is_empty() {
        return;
    }
    let got = check(home.path(), &names);
    let wrong: Vec<String> = cases
        .iter()
        .map(|case| (case, differences(case, &got[case.name])))
        .filter(|(_, differences)| !differences.is_empty())
        .map(|(case, differences)| format!("{}: {}\n{:#}", case.name, differences.join("; "), got[case.name]))
        .collect();
    assert!(wrong.is_empty(), "{} of {} are wrong:\n{}", wrong.len(), cases.len(), wrong.join("\n\n"));
}
