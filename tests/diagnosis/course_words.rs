//! The course in the binary: what is saved and not live, what the files cannot show, which of several wrong turns is named,
//! and what none explains.

use breakfix::{
    course::Course,
    diagnosis::{Report, Status, Verdict, diagnose, unstarted},
    engine::ServiceState,
    lab::{MakeLive, Stale},
    probe::{HttpAnswer, ListenSocket, Observation, Rows},
};

use crate::scene::*;

fn judge(scene: &Scene) -> Report {
    diagnose(&Course::embedded().unwrap(), &scene.survey, &scene.facts, None)
}

fn named(scene: &Scene) -> Vec<String> {
    judge(scene).wrong_turns.into_iter().map(|turn| turn.id).collect()
}

fn works() -> Scene {
    let mut scene = Scene::works();
    for (name, value) in [
        ("nginx.target", "80"),
        ("nginx.upstream_host", "flaskapp"),
        ("nginx.upstream_port", "80"),
        ("flaskapp.host", "0.0.0.0"),
        ("db.host", "db"),
        ("db.volume", "dbdata"),
    ] {
        scene.fact(name, value);
    }
    for (path, text) in Course::embedded().unwrap().fixed_stack() {
        scene.file(path, text);
    }
    scene
}

fn stale(scene: &mut Scene, service: &str, file: &str, action: MakeLive) {
    scene.survey.stale.push(Stale { service: service.into(), files: vec![file.into()], action });
}

fn error_page(status: u16, reason: &str) -> HttpAnswer {
    let mut answer = http(status, reason, "nginx/1.28.0", reason);
    answer.marker = Some(MARKER.into());
    answer
}

fn fails_to_store(scene: &mut Scene) {
    scene.submit(|answer| *answer = error_page(500, "INTERNAL SERVER ERROR")).rows(|rows| *rows = Rows::default());
    scene.not_asked(&["submit-again"]);
}

fn shows_nothing(scene: &mut Scene) {
    scene.submit(|answer| {
        answer.body = "[<models.Items object at 0x7f>]".into();
        answer.visible = "[]".into();
    });
}

#[test]
fn a_representation_that_a_browser_takes_for_a_tag_is_named_whatever_it_says() {
    for body in ["[<Item NAME>]", "[<Items(NAME, 3)>]", "[<NAME: 3 x blue>]", "<p>[<Items(name='NAME')>]</p>"] {
        let mut scene = works();
        shows_nothing(&mut scene);
        scene.submit(|answer| {
            let marker = answer.marker.clone().unwrap();
            answer.body = body.replace("NAME", &marker);
        });
        scene.not_asked(&["submit-again"]);
        assert_eq!(named(&scene), ["angle-bracket-repr"], "{body}");
    }
    let mut scene = works();
    shows_nothing(&mut scene);
    scene.not_asked(&["submit-again"]);
    assert!(!named(&scene).contains(&"angle-bracket-repr".to_owned()), "what Python says by itself");
}

#[test]
fn the_fixed_stack_needs_no_word() {
    let report = judge(&works());
    assert_eq!(report.verdict(), Verdict::Works, "{:?}", report.checks);
    assert_eq!((report.wrong_turns.len(), report.odd.len()), (0, 0));
}

#[test]
fn a_right_fix_that_is_not_live_is_named_for_every_kind_of_file() {
    type Make = fn(&mut Scene);
    let table: Vec<(&str, Make, &str)> = vec![
        (
            "docker-compose.yml: the mapping",
            |s| {
                s.shut(Observation::Refused);
                stale(s, "nginx", "docker-compose.yml", MakeLive::Recreate);
            },
            "mapping-not-live",
        ),
        (
            "conf.d, mounted",
            |s| {
                s.gateway(502, "Bad Gateway", Observation::Refused);
                stale(s, "nginx", "conf.d/flaskapp.conf", MakeLive::Reload);
            },
            "conf-not-live",
        ),
        (
            "app.py, in the image",
            |s| {
                s.gateway(502, "Bad Gateway", Observation::Refused);
                stale(s, "flaskapp", "src/app.py", MakeLive::Rebuild);
            },
            "app-not-built",
        ),
        (
            "the Dockerfile",
            |s| {
                s.gateway(502, "Bad Gateway", Observation::Refused);
                stale(s, "flaskapp", "Dockerfile", MakeLive::Rebuild);
            },
            "app-not-built",
        ),
        (
            "app.py, mounted",
            |s| {
                s.gateway(502, "Bad Gateway", Observation::Refused);
                stale(s, "flaskapp", "src/app.py", MakeLive::Restart);
            },
            "app-not-restarted",
        ),
        (
            "the env file or the command",
            |s| {
                s.gateway(502, "Bad Gateway", Observation::Refused);
                stale(s, "flaskapp", "env_file", MakeLive::Recreate);
            },
            "settings-not-live",
        ),
        (
            "models.py: the constructor",
            |s| {
                fails_to_store(s);
                stale(s, "flaskapp", "src/models.py", MakeLive::Rebuild);
            },
            "model-not-built",
        ),
        (
            "models.py: the representation",
            |s| {
                shows_nothing(s);
                stale(s, "flaskapp", "src/models.py", MakeLive::Rebuild);
            },
            "repr-not-built",
        ),
        (
            "a template",
            |s| {
                shows_nothing(s);
                stale(s, "flaskapp", "src/templates/success.html", MakeLive::Rebuild);
            },
            "repr-not-built",
        ),
        (
            "an image from another directory: it differs, and no file is newer",
            |s| {
                s.gateway(502, "Bad Gateway", Observation::Refused);
                stale(s, "flaskapp", ".", MakeLive::Rebuild);
            },
            "image-from-elsewhere",
        ),
    ];
    for (name, make, expected) in table {
        let mut scene = works();
        make(&mut scene);
        assert_eq!(named(&scene).first().map(String::as_str), Some(expected), "{name}: {:?}", named(&scene));
    }
}

#[test]
fn what_the_files_do_not_show_is_seen_in_what_runs() {
    let mut scene = works();
    let own = http(502, "Bad Gateway", "nginx/1.28.0", "<hr><center>nginx/1.28.0</center>");
    let answers = Observation::Http(http(200, "OK", "Werkzeug", "Sell something"));
    scene.gateway(502, "Bad Gateway", answers).saw("nginx-flaskapp", Observation::Http(own));
    scene.survey.services.get_mut("flaskapp").unwrap().addresses = vec!["10.0.0.3".into()];
    for (line, turns) in [
        (
            "[error] 7#7: *1 connect() failed (113: No route to host), upstream: \"http://10.0.0.2:80/\"",
            &["nginx-keeps-old-address"][..],
        ),
        ("[error] 7#7: *1 connect() failed (111: Connection refused), upstream: \"http://10.0.0.3:80/\"", &[]),
        ("[error] 7#7: *1 no resolver defined to resolve flaskapp, client: 10.0.0.1", &["no-resolver"]),
        ("[error] 7#7: *1 upstream sent too big header, upstream: \"http://10.0.0.3:80/\"", &["header-too-big"]),
    ] {
        scene.survey.services.get_mut("nginx").unwrap().log = vec![line.into()];
        assert_eq!(named(&scene), turns, "{line}");
    }

    let mut scene = works();
    let output = "FATAL:  password authentication failed for user \"docker\"".to_owned();
    scene.saw("flaskapp-db", Observation::Exit { code: 1, output });
    scene.fact("db.told_otherwise", "");
    fails_to_store(&mut scene);
    assert_eq!(named(&scene), Vec::<String>::new(), "a new volume remembers nothing");
    scene.log("db", "PostgreSQL Database directory appears to contain a database; Skipping initialization");
    assert_eq!(named(&scene), ["volume-keeps-old-settings"], "the files agree, so the volume does not");
    scene.fact("db.told_otherwise", "POSTGRES_PASSWORD");
    assert_eq!(named(&scene), ["passwords-differ"], "the files do not agree, whatever the volume holds");

    let mut scene = works();
    scene.saw("flaskapp-db", Observation::Connected { what: "PostgreSQL 17.5 (no tables yet)".into() });
    scene.fact("db.volume", "shopdata");
    fails_to_store(&mut scene);
    assert_eq!(named(&scene), ["not-bootstrapped", "another-volume"]);
}

#[test]
fn a_database_that_ended_is_told_by_its_own_last_words() {
    for (line, turns) in [
        (
            "initdb: error: directory \"/var/lib/postgresql/data\" exists but is not empty",
            &["data-directory-not-empty"][..],
        ),
        ("initdb: could not look up effective user ID 1000: user does not exist", &["db-user-unknown"]),
        ("docker-entrypoint.sh: line 17: /run/secrets/pw: No such file or directory", &["secret-never-came"]),
        ("Error: Database is uninitialized and superuser password is not specified.", &["database-without-password"]),
        (
            "error: both POSTGRES_PASSWORD and POSTGRES_PASSWORD_FILE are set (but are exclusive)",
            &["password-told-twice"],
        ),
        ("FATAL:  database files are incompatible with server", &["other-postgres-version"]),
        ("FATAL:  could not create lock file \"postmaster.pid\": Read-only file system", &["volume-read-only"]),
        ("FATAL:  could not extend file \"base/1\": No space left on device", &["database-disk-full"]),
        ("FATAL:  unrecognized configuration parameter \"max_conections\"", &[]),
    ] {
        let mut scene = works();
        let gone = Observation::NotRunning { service: "db".into(), exit_code: Some(1), last_line: Some(line.into()) };
        scene.saw("flaskapp-db", gone).log("db", line);
        let db = scene.survey.services.get_mut("db").unwrap();
        (db.state, db.exit_code) = (ServiceState::Exited, Some(1));
        fails_to_store(&mut scene);
        assert_eq!(named(&scene), turns, "{line}");
    }
}

#[test]
fn a_name_that_nginx_misses_is_told_by_who_has_it() {
    let line = "nginx: [emerg] host not found in upstream \"flaskapp\" in /etc/nginx/conf.d/flaskapp.conf:6";
    for (means, turns) in [
        ("of nobody", &["unknown-upstream"][..]),
        ("of a service on other networks", &["nginx-on-another-network"]),
        ("known on another network only", &["alias-on-another-network"]),
        ("known", &[]),
    ] {
        let mut scene = works();
        let gone =
            Observation::NotRunning { service: "nginx".into(), exit_code: Some(1), last_line: Some(line.into()) };
        scene.shut(Observation::Refused).saw("nginx-flaskapp", gone).not_asked(&["upstream"]).log("nginx", line);
        scene.survey.services.get_mut("nginx").unwrap().state = ServiceState::Exited;
        scene.fact("nginx.upstream_name", means);
        assert_eq!(named(&scene), turns, "{means}");
    }
}

#[test]
fn a_page_that_shows_one_item_need_not_show_the_next() {
    let again = |change: fn(&mut HttpAnswer)| {
        let mut scene = works();
        if let Observation::Http(answer) = &mut scene.survey.evidence.get_mut("submit-again").unwrap().observation {
            change(answer);
        }
        let report = judge(&scene);
        let failed = report.checks.iter().filter(|check| check.status == Status::Fail);
        (report.verdict(), failed.map(|check| check.id.clone()).collect::<Vec<_>>())
    };
    assert_eq!(again(|_| {}), (Verdict::Works, vec![]));
    assert_eq!(again(|answer| answer.visible = "another".into()), (Verdict::Broken, vec!["second-row-shown".into()]));
    assert_eq!(again(|answer| answer.status = 500), (Verdict::Broken, vec!["enter-again".into()]));
    assert_eq!(again(|answer| answer.from_database = Some(true)), (Verdict::Works, vec![]));
    assert_eq!(
        again(|answer| answer.from_database = Some(false)),
        (Verdict::Broken, vec!["page-reads-database".into()])
    );
}

#[test]
fn the_first_broken_link_is_explained_first_whatever_the_weights() {
    let mut scene = works();
    // Weight 50 at the front door, 65 at the database.
    scene.shut(Observation::Reset).fact("front.target", "8080").fact("nginx.target", "8080");
    scene.saw("flaskapp-db", Observation::Refused).fact("db.port", "80");
    assert_eq!(named(&scene), ["both-8080", "db-port-changed"]);
    assert!(judge(&scene).odd.is_empty(), "all is explained");
}

#[test]
fn what_nothing_explains_is_shown_as_odd() {
    let mut scene = works();
    scene.gateway(502, "Bad Gateway", Observation::Reset);
    scene.log("flaskapp", "all is well").log("flaskapp", "Fatal Python Error: gremlins").log("flaskapp", "bye");
    scene.survey.services.get_mut("flaskapp").unwrap().restarts = 2;
    let report = judge(&scene);
    assert_eq!(report.wrong_turns, []);
    let told: Vec<(&str, &str, bool)> =
        report.odd.iter().map(|odd| (odd.about.as_str(), odd.observed.as_str(), odd.expected.is_empty())).collect();
    assert_eq!(
        told,
        [
            ("nginx-flaskapp", "empty reply: the connection was closed without an answer", false),
            ("flaskapp", "running, after 2 restarts", true),
            ("flaskapp", "Fatal Python Error: gremlins", true),
        ]
    );
    assert_eq!(report.odd[2].command, "docker compose logs flaskapp");

    let mut scene = works();
    fails_to_store(&mut scene);
    let report = judge(&scene);
    assert_eq!(
        (report.odd[0].about.as_str(), report.odd[0].expected.as_str()),
        ("form-accepted", "Enter stores a row")
    );
}

#[test]
fn the_bugs_of_the_story_are_not_odd_as_long_as_nobody_touched_them() {
    let course = Course::embedded().unwrap();
    let odd = |scene: &Scene| judge(scene).odd.into_iter().map(|odd| odd.about).collect::<Vec<_>>();
    let mut scene = works();
    for (path, text) in course.broken_stack() {
        scene.file(path, text);
    }
    scene.shut(Observation::Refused).saw("nginx-flaskapp", Observation::Refused).saw("upstream", Observation::Refused);
    assert_eq!(odd(&scene), [""; 0], "as it came");
    scene.saw("flaskapp-db", Observation::Unreachable);
    assert_eq!(odd(&scene), ["flaskapp-db"], "nothing of the story breaks this link: {:?}", named(&scene));

    let mut scene = works();
    for (path, text) in course.stack_with(&["host-port", "app-port"]).unwrap() {
        scene.file(&path, &text);
    }
    fails_to_store(&mut scene);
    scene.submit(|answer| answer.visible = "Internal Server Error".into());
    scene.log("flaskapp", "TypeError: __init__() takes 1 positional argument but 5 were given");
    assert_eq!(odd(&scene), [""; 0], "the third bug, as it came");
    let mut scene = works();
    for (path, text) in course.broken_stack() {
        scene.file(path, &text.replace("80:8080", "8081:8081"));
    }
    scene.shut(Observation::Refused);
    assert_eq!(odd(&scene), ["browser-nginx"], "what was touched is looked at: {:?}", named(&scene));
}

#[test]
fn half_explained_is_half_odd() {
    let mut scene = works();
    scene.shut(Observation::Reset).fact("front.target", "8080");
    scene.saw("flaskapp-db", Observation::Reset);
    scene.survey.services.get_mut("db").unwrap().state = ServiceState::Paused;
    scene.survey.services.get_mut("db").unwrap().listens = vec![ListenSocket { address: "0.0.0.0".into(), port: 5432 }];
    scene.log("db", "listening on IPv4 address \"0.0.0.0\", port 5432");
    let report = judge(&scene);
    assert_eq!(report.wrong_turns.iter().map(|turn| turn.id.as_str()).collect::<Vec<_>>(), ["both-8080"]);
    let about: Vec<&str> = report.odd.iter().map(|odd| odd.about.as_str()).collect();
    assert_eq!(about, ["flaskapp-db", "db"]);
}

#[test]
fn a_stack_that_cannot_be_started_has_wrong_turns_too() {
    let course = Course::embedded().unwrap();
    let named = |error: &str| -> Vec<String> {
        unstarted(&course, course.broken_stack().clone(), error).into_iter().map(|turn| turn.id).collect()
    };
    assert_eq!(named("a tab indents this line, and YAML allows none there"), ["compose-tab"]);
    assert_eq!(named("service `nginx` has no key `port`"), ["compose-key-misspelt"]);
    assert_eq!(named("something else"), [] as [&str; 0]);
}

#[test]
fn two_mistakes_together_are_each_named_and_in_what_runs_words() {
    // 80 on both sides of the mapping, nginx on 8080, and the database's port changed as well.
    let mut scene = works();
    scene.saw("browser-nginx", Observation::NotPublished { port: 8080, published: vec!["80->80/tcp (nginx)".into()] });
    scene.fact("nginx.published", "80:80").fact("nginx.listen", "8080").fact("front.published", "");
    scene.saw("flaskapp-db", Observation::Refused);
    scene.fact("db.port", "5433").fact("db.host", "db");
    fails_to_store(&mut scene);
    let names = named(&scene);
    assert!(
        names.iter().any(|id| id == "neither-end-fits") && names.iter().any(|id| id == "db-port-changed"),
        "{names:?}"
    );
    assert!(!names.iter().any(|id| id == "both-80"), "nginx does not listen on 80: {names:?}");
    let report = judge(&scene);
    let told =
        |id: &str| report.wrong_turns.iter().find(|turn| turn.id == id).and_then(|turn| turn.explain.clone()).unwrap();
    assert!(told("neither-end-fits").contains("nginx listens on 8080"), "{}", told("neither-end-fits"));
    assert!(told("db-port-changed").contains("The app calls 5433"), "{}", told("db-port-changed"));
}
