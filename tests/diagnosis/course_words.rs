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
    assert_eq!(report.verdict, Verdict::Works, "{:?}", report.checks);
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
    assert_eq!(named(&scene), ["nginx-keeps-old-address"]);

    let mut scene = works();
    let output = "FATAL:  password authentication failed for user \"docker\"".to_owned();
    scene.saw("flaskapp-db", Observation::Exit { code: 1, output });
    fails_to_store(&mut scene);
    assert_eq!(named(&scene), ["volume-keeps-old-settings"], "the files agree, so the volume does not");
    let compose =
        scene.facts.texts["docker-compose.yml"].replace("init: true", "environment:\n      POSTGRES_PASSWORD: x");
    scene.file("docker-compose.yml", &compose);
    assert_eq!(named(&scene), ["passwords-differ", "volume-keeps-old-settings"], "what says more comes first");

    let mut scene = works();
    scene.saw("flaskapp-db", Observation::Connected { what: "PostgreSQL 17.5 (no tables yet)".into() });
    scene.fact("db.volume", "shopdata");
    fails_to_store(&mut scene);
    assert_eq!(named(&scene), ["not-bootstrapped", "another-volume"]);
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
        (report.verdict, failed.map(|check| check.id.clone()).collect::<Vec<_>>())
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
