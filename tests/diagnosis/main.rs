//! From evidence to verdict, for every row of the list of faults, without Docker.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod conditions;
mod course_words;
mod never_panics;
mod scene;
mod words;

use breakfix::{
    diagnosis::{Status, Verdict, diagnose},
    engine::ServiceState,
    lab::{Facts, MakeLive},
    probe::{FrontDoor, HttpAnswer, Observation, Rows, Survey},
};

use crate::scene::*;

fn refused() -> Observation {
    Observation::Refused
}

fn error_page() -> HttpAnswer {
    let mut answer = http(500, "INTERNAL SERVER ERROR", "nginx/1.28.0", "Internal Server Error");
    answer.marker = Some(MARKER.into());
    answer
}

#[test]
fn every_row_of_the_list_of_faults() {
    type Make = fn(&mut Scene);
    let table: Vec<(&str, Make, &str)> = vec![
        ("works", |_| {}, "Works - - []"),
        (
            "the broken stack",
            |s| {
                s.shut(refused()).saw("nginx-flaskapp", refused()).saw("upstream", refused());
                s.fact("nginx.published", "80:8080").fact("front.target", "8080").survey.front = None;
            },
            "Broken browser-nginx host-port []",
        ),
        (
            "the broken stack where ports are free ones",
            |s| {
                let published = vec!["80->8080/tcp (nginx)".into()];
                s.shut(Observation::NotPublished { port: 8080, published }).survey.front = None;
            },
            "Broken browser-nginx host-port []",
        ),
        (
            "only listen 8080",
            |s| {
                s.shut(refused()).fact("nginx.listen", "8080").fact("nginx.published", "80:8080");
            },
            "Broken browser-nginx host-port [listen-only]",
        ),
        (
            "8080:8080 and listen 80",
            |s| {
                s.shut(Observation::Reset).fact("front.target", "8080");
            },
            "Broken browser-nginx host-port [both-8080]",
        ),
        (
            "flaskapp published on 8080",
            |s| {
                let page = http(200, "OK", "Werkzeug/3.1.9 Python/3.13", "Sell something");
                s.saw("browser-nginx", Observation::Http(page)).survey.front =
                    Some(FrontDoor { service: "flaskapp".into(), target: 80 });
            },
            "Broken browser-nginx host-port [past-nginx]",
        ),
        (
            "restarted after an edit of the compose file",
            |s| {
                s.shut(refused()).stale("nginx", MakeLive::Recreate);
            },
            "Broken browser-nginx host-port [mapping-not-live]",
        ),
        (
            "app on another port",
            |s| {
                s.gateway(502, "Bad Gateway", refused());
            },
            "Broken nginx-flaskapp app-port []",
        ),
        (
            "only EXPOSE",
            |s| {
                s.gateway(502, "Bad Gateway", refused())
                    .fact("flaskapp.expose", "80,5001")
                    .fact("flaskapp.port", "5000");
            },
            "Broken nginx-flaskapp app-port [expose-5001]",
        ),
        (
            "an unknown upstream name",
            |s| {
                let line = "nginx: [emerg] host not found in upstream \"flask\" in /etc/nginx/conf.d/flaskapp.conf:6";
                let gone = Observation::NotRunning {
                    service: "nginx".into(),
                    exit_code: Some(1),
                    last_line: Some(line.into()),
                };
                s.shut(refused()).saw("nginx-flaskapp", gone).not_asked(&["upstream"]).log("nginx", line);
                s.survey.services.get_mut("nginx").unwrap().state = ServiceState::Exited;
            },
            "Broken browser-nginx host-port [unknown-upstream]",
        ),
        (
            "bound to 127.0.0.1 in the container",
            |s| {
                s.gateway(502, "Bad Gateway", refused());
                s.survey.services.insert("flaskapp".into(), service("flaskapp", &[("127.0.0.1", 80)]));
            },
            "Broken nginx-flaskapp app-port [loopback-only]",
        ),
        (
            "nginx holds an old address",
            |s| {
                let upstream = Observation::Http(http(200, "OK", "Werkzeug", "Sell something"));
                let own = http(502, "Bad Gateway", "nginx/1.28.0", "<hr><center>nginx/1.28.0</center>");
                s.gateway(502, "Bad Gateway", upstream).saw("nginx-flaskapp", Observation::Http(own));
            },
            "Broken nginx-flaskapp app-port [old-address]",
        ),
        (
            "the app is gone, and nginx waits for its address",
            |s| {
                let gone = Observation::NotRunning { service: "flaskapp".into(), exit_code: Some(1), last_line: None };
                let silent = Observation::TimedOut { seconds: 10.0 };
                s.saw("browser-nginx", silent).saw("nginx-flaskapp", gone).not_asked(&["page", "submit", "rows"]);
            },
            "Broken nginx-flaskapp app-port []",
        ),
        (
            "nginx without its conf",
            |s| {
                let own = http(200, "OK", "nginx/1.28.0", "<title>Welcome to nginx!</title>");
                for id in ["browser-nginx", "page", "nginx-flaskapp"] {
                    s.saw(id, Observation::Http(own.clone()));
                }
                s.not_asked(&["submit", "rows"]);
            },
            "Broken nginx-flaskapp app-port []",
        ),
        (
            "database's port changed",
            |s| {
                s.saw("flaskapp-db", refused()).fact("db.port", "5433");
                s.submit(|answer| *answer = error_page()).rows(|rows| *rows = Rows::default());
            },
            "Broken flaskapp-db constructor [db-port-changed]",
        ),
        (
            "the app talks to itself instead of the database",
            |s| {
                s.saw("flaskapp-db", Observation::TimedOut { seconds: 3.0 }).fact("db.port", "80");
                s.saw("submit", Observation::TimedOut { seconds: 5.0 }).rows(|rows| *rows = Rows::default());
            },
            "Broken flaskapp-db constructor [db-port-changed]",
        ),
        (
            "unknown database host",
            |s| {
                s.saw("flaskapp-db", Observation::NameUnknown { name: "postgres".into() });
                s.submit(|answer| *answer = error_page()).rows(|rows| *rows = Rows::default());
            },
            "Broken flaskapp-db constructor []",
        ),
        (
            "constructor",
            |s| {
                s.submit(|answer| *answer = error_page()).rows(|rows| *rows = Rows::default());
                s.log("flaskapp", "TypeError: __init__() takes 1 positional argument but 5 were given");
            },
            "Broken - constructor []",
        ),
        (
            "__init__ outside the class",
            |s| {
                s.submit(|answer| *answer = error_page()).rows(|rows| *rows = Rows::default());
                s.file("src/models.py", "class Items(Base):\n    pass\n\ndef __init__(self, name):\n    pass\n");
            },
            "Broken - constructor [init-outside-class]",
        ),
        (
            "attributes not assigned: a row of NULLs, which nobody can find",
            |s| {
                s.submit(|answer| answer.visible = "[Item 1: None]".into()).rows(|rows| *rows = Rows::default());
            },
            "Broken - constructor []",
        ),
        (
            "wrong order: values in the wrong columns",
            |s| {
                s.rows(|rows| rows.rows[0].swap(1, 3));
            },
            "Broken - constructor []",
        ),
        (
            "columns that are called otherwise",
            |s| {
                s.rows(|rows| rows.columns = ["id", "title", "amount", "text"].map(String::from).to_vec());
            },
            "Works - - []",
        ),
        (
            "representation",
            |s| {
                s.submit(|answer| {
                    answer.body = "[<models.Items object at 0x7f>, <models.Items object at 0x7e>]".into();
                    answer.visible = "[, ]".into();
                });
            },
            "Broken - representation [hidden-tags]",
        ),
        (
            "the form is refused",
            |s| {
                s.submit(|answer| {
                    answer.redirects.clear();
                    answer.form = vec!["name".into()];
                    answer.visible = "Sell something".into();
                })
                .rows(|rows| *rows = Rows::default());
            },
            "Broken - constructor []",
        ),
        (
            "Host set twice: the redirect leads nowhere",
            |s| {
                s.submit(|answer| {
                    answer.status = 302;
                    answer.reason = "FOUND".into();
                    answer.astray = Some("`localhost,localhost:8080` is no host name".into());
                    answer.visible = "Redirecting...".into();
                });
            },
            "Broken - constructor []",
        ),
        (
            "published too: a remark on a working stack",
            |s| {
                s.fact("flaskapp.published", "5001:80");
            },
            "Works - - [app-published-too]",
        ),
        (
            "the most telling first, remarks last",
            |s| {
                s.gateway(502, "Bad Gateway", refused()).fact("flaskapp.published", "5001:80");
                s.fact("flaskapp.expose", "5001").fact("flaskapp.port", "5000");
                s.survey.services.insert("flaskapp".into(), service("flaskapp", &[("127.0.0.1", 5000)]));
            },
            "Broken nginx-flaskapp app-port [loopback-only expose-5001 app-published-too]",
        ),
        (
            "no app: its database can still be there",
            |s| {
                s.gateway(502, "Bad Gateway", Observation::NameUnknown { name: "flaskapp".into() });
                s.survey.services.get_mut("flaskapp").unwrap().state = ServiceState::Exited;
            },
            "Broken nginx-flaskapp app-port []",
        ),
        (
            "the engine fails in the middle",
            |s| {
                for id in ["nginx-flaskapp", "submit", "rows", "flaskapp-db"] {
                    s.saw(id, Observation::Unknown { because: "the engine does not answer".into() });
                }
            },
            "Unknown - - []",
        ),
        (
            "psql is missing",
            |s| {
                s.saw("rows", Observation::Unknown { because: "there is no psql in this container".into() });
            },
            "Unknown - - []",
        ),
    ];
    for (name, make, expected) in table {
        let mut scene = Scene::works();
        make(&mut scene);
        assert_eq!(summary(&scene.report()), expected, "{name}");
    }
}

#[test]
fn what_comes_later_is_unknown_with_the_reason() {
    let mut scene = Scene::works();
    scene.gateway(502, "Bad Gateway", refused());
    let report = scene.report();
    let check = |id: &str| report.checks.iter().find(|check| check.id == id).unwrap();
    assert_eq!(check("site-answers").status, Status::Pass);
    assert_eq!(check("app-reached").status, Status::Fail);
    assert_eq!(check("app-reached").words, "it does not");
    assert_eq!(check("form-there").status, Status::Unknown);
    assert!(check("form-there").observed.contains("nginx → flaskapp"), "{}", check("form-there").observed);
    assert_eq!(check("row-shown").status, Status::Unknown);
    let statuses: Vec<Status> = report.lessons.iter().map(|lesson| lesson.status).collect();
    assert_eq!(statuses, [Status::Pass, Status::Pass, Status::Fail, Status::Unknown, Status::Unknown]);
    assert_eq!(report.hops[1].observed, "connection refused");
}

#[test]
fn the_verdict_on_one_lesson() {
    let verdict = |make: fn(&mut Scene), lesson: &str| {
        let mut scene = Scene::works();
        make(&mut scene);
        let report = diagnose(&course(), &scene.survey, &scene.facts, Some(lesson));
        (report.verdict(), report.first_failed_lesson)
    };
    let gateway: fn(&mut Scene) = |scene| {
        scene.gateway(502, "Bad Gateway", Observation::Refused);
    };
    assert_eq!(verdict(gateway, "host-port"), (Verdict::Works, None));
    assert_eq!(verdict(gateway, "app-port"), (Verdict::Broken, Some("app-port".into())));
    assert_eq!(verdict(gateway, "representation"), (Verdict::Broken, Some("representation".into())));
    assert_eq!(verdict(|_| {}, "representation"), (Verdict::Works, None));
    // A lesson that asks nothing has the verdict of the whole.
    assert_eq!(verdict(gateway, "the-system").0, Verdict::Broken);
}

#[test]
fn an_unknown_verdict_says_why() {
    let mut scene = Scene::works();
    scene.saw("rows", Observation::Unknown { because: "no psql".into() });
    assert_eq!(scene.report().reason(), Some("no psql"));
    let empty = diagnose(&course(), &Survey::default(), &Facts::default(), None);
    assert_eq!(empty.verdict(), Verdict::Unknown);
    assert!(empty.reason().is_some());
}

#[test]
fn stale_is_passed_on() {
    let mut scene = Scene::works();
    scene.stale("flaskapp", MakeLive::Rebuild);
    assert_eq!(scene.report().stale, scene.survey.stale);
}
