//! From evidence to verdict, for every row of the list of faults, without Docker.

use std::collections::BTreeMap;

use breakfix::{
    course::{Course, Lesson},
    diagnosis::{Report, Status, Verdict, diagnose, observed, transcript},
    lab::{Facts, MakeLive, Stale},
    probe::{Evidence, FrontDoor, HttpAnswer, ListenSocket, Observation, Rows, ServiceReport, ServiceState, Survey},
};

const MARKER: &str = "teapotabc123";

fn course() -> Course {
    #[derive(serde::Deserialize)]
    struct Lessons {
        lesson: Vec<Lesson>,
    }
    let mut course: Course = toml::from_str(include_str!("diagnosis/course.toml")).unwrap();
    let lessons: Lessons = toml::from_str(include_str!("diagnosis/lessons.toml")).unwrap();
    course.lessons = lessons.lesson;
    course
}

fn http(status: u16, reason: &str, server: &str, body: &str) -> HttpAnswer {
    HttpAnswer {
        status,
        reason: reason.into(),
        server: Some(server.into()),
        headers: vec![("Server".into(), server.into())],
        body: body.into(),
        visible: body.into(),
        ..HttpAnswer::default()
    }
}

/// A stack and what was seen of it.
struct Scene {
    survey: Survey,
    facts: Facts,
}

impl Scene {
    /// The shop with everything fixed.
    fn works() -> Self {
        let mut front = http(200, "OK", "nginx/1.28.0", "Sell something");
        front.form = ["csrf_token", "name", "quantity", "description"].map(String::from).to_vec();
        let mut submit = http(200, "OK", "nginx/1.28.0", &format!("[Item 1: {MARKER}, 42]"));
        submit.redirects = vec![(302, "/success".into())];
        submit.marker = Some(MARKER.into());
        let submitted = [("name", MARKER), ("quantity", "42"), ("description", "sent by breakfix")];
        let rows = Rows {
            table: "items".into(),
            columns: ["id", "name", "quantity", "description"].map(String::from).to_vec(),
            rows: vec![["1", MARKER, "42", "sent by breakfix"].map(|cell| Some(cell.to_string())).to_vec()],
            submitted: submitted.map(|(name, value)| (name.to_string(), value.to_string())).into(),
            total: 1,
        };
        let mut scene = Self { survey: Survey::default(), facts: Facts::default() };
        scene.saw("browser-nginx", Observation::Http(front.clone()));
        scene.saw("page", Observation::Http(front.clone()));
        scene.saw("nginx-flaskapp", Observation::Http(front.clone()));
        scene.saw("upstream", Observation::Http(front));
        scene.saw("flaskapp-db", Observation::Connected { what: "PostgreSQL 17.5".into() });
        scene.saw("submit", Observation::Http(submit));
        scene.saw("rows", Observation::Rows(rows));
        for (role, port) in [("nginx", 80), ("flaskapp", 80), ("db", 5432)] {
            scene.survey.services.insert(role.into(), service(role, &[("0.0.0.0", port)]));
        }
        scene.survey.front = Some(FrontDoor { service: "nginx".into(), target: 80 });
        for (name, value) in [
            ("front.service", "nginx"),
            ("front.target", "80"),
            ("nginx.published", "8080:80"),
            ("nginx.listen", "80"),
            ("nginx.upstream", "flaskapp:80"),
            ("flaskapp.port", "80"),
            ("db.port", "5432"),
        ] {
            scene.fact(name, value);
        }
        scene
    }

    fn saw(&mut self, id: &str, observation: Observation) -> &mut Self {
        let command = match id {
            "browser-nginx" | "page" => "curl -i http://localhost:8080/",
            "nginx-flaskapp" | "upstream" => "docker compose exec nginx curl -si http://flaskapp:5001/",
            "submit" => "curl -siL -d name=… http://localhost:8080/",
            _ => "docker compose exec db psql",
        };
        let evidence =
            Evidence { id: id.into(), command: command.into(), vantage: "host".into(), observation, seconds: 0.1 };
        self.survey.evidence.insert(id.into(), evidence);
        self
    }

    fn not_asked(&mut self, ids: &[&str]) -> &mut Self {
        for id in ids {
            self.saw(id, Observation::NotAsked { because: "something before it is broken".into() });
        }
        self
    }

    fn fact(&mut self, name: &str, value: &str) -> &mut Self {
        self.facts.values.insert(name.into(), value.into());
        self
    }

    fn log(&mut self, role: &str, line: &str) -> &mut Self {
        self.survey.services.get_mut(role).unwrap().log.push(line.into());
        self
    }

    fn file(&mut self, path: &str, text: &str) -> &mut Self {
        self.facts.texts.insert(path.into(), text.into());
        self
    }

    /// The front door is shut in this way.
    fn shut(&mut self, observation: Observation) -> &mut Self {
        self.saw("browser-nginx", observation).not_asked(&["page", "submit", "rows"])
    }

    /// nginx cannot reach the app.
    fn gateway(&mut self, status: u16, reason: &str, upstream: Observation) -> &mut Self {
        let page = http(status, reason, "nginx/1.28.0", "<hr><center>nginx/1.28.0</center>");
        self.saw("browser-nginx", Observation::Http(page.clone())).saw("page", Observation::Http(page));
        self.saw("nginx-flaskapp", upstream.clone()).saw("upstream", upstream).not_asked(&["submit", "rows"])
    }

    fn submit(&mut self, change: impl FnOnce(&mut HttpAnswer)) -> &mut Self {
        if let Observation::Http(answer) = &mut self.survey.evidence.get_mut("submit").unwrap().observation {
            change(answer);
        }
        self
    }

    fn rows(&mut self, change: impl FnOnce(&mut Rows)) -> &mut Self {
        if let Observation::Rows(rows) = &mut self.survey.evidence.get_mut("rows").unwrap().observation {
            change(rows);
        }
        self
    }

    fn stale(&mut self, service: &str, action: MakeLive) -> &mut Self {
        self.survey.stale.push(Stale { service: service.into(), files: vec!["file".into()], action });
        self
    }

    fn report(&self) -> Report {
        diagnose(&course(), &self.survey, &self.facts, None)
    }
}

fn service(role: &str, listens: &[(&str, u16)]) -> ServiceReport {
    ServiceReport {
        service: role.into(),
        state: ServiceState::Running,
        exit_code: None,
        ports: Vec::new(),
        listens: listens
            .iter()
            .map(|(address, port)| ListenSocket { address: (*address).into(), port: *port })
            .collect(),
        log: Vec::new(),
        restarts: 0,
    }
}

/// What a report comes to, in one line: verdict, first broken hop, first failed lesson, wrong turns.
fn summary(report: &Report) -> String {
    let turns: Vec<&str> = report.wrong_turns.iter().map(|turn| turn.id.as_str()).collect();
    format!(
        "{:?} {} {} [{}]",
        report.verdict,
        report.first_broken_hop.as_deref().unwrap_or("-"),
        report.first_failed_lesson.as_deref().unwrap_or("-"),
        turns.join(" ")
    )
}

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
    assert!(check("form-there").observed.contains("nginx-flaskapp"), "{}", check("form-there").observed);
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
        (report.verdict, report.first_failed_lesson)
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
    assert_eq!(scene.report().reason.as_deref(), Some("no psql"));
    let empty = diagnose(&course(), &Survey::default(), &Facts::default(), None);
    assert_eq!(empty.verdict, Verdict::Unknown);
    assert!(empty.reason.is_some());
}

#[test]
fn stale_is_passed_on() {
    let mut scene = Scene::works();
    scene.stale("flaskapp", MakeLive::Rebuild);
    assert_eq!(scene.report().stale, scene.survey.stale);
}

#[test]
fn in_a_few_words() {
    let mut refused_form = http(200, "OK", "nginx", "Sell something");
    refused_form.form = vec!["name".into()];
    refused_form.marker = Some(MARKER.into());
    let mut commas = http(200, "OK", "nginx", "[, , ]");
    commas.marker = Some(MARKER.into());
    let mut astray = http(302, "FOUND", "nginx", "");
    astray.astray = Some("the port is lost".into());
    let table = [
        (Observation::Refused, "connection refused"),
        (Observation::TimedOut { seconds: 5.0 }, "no answer within 5 s"),
        (Observation::NameUnknown { name: "flask".into() }, "unknown host name flask"),
        (
            Observation::NotPublished { port: 8080, published: vec!["80->8080/tcp (nginx)".into()] },
            "connection refused: nothing is published on 8080, only 80->8080/tcp (nginx)",
        ),
        (
            Observation::NotRunning {
                service: "nginx".into(),
                exit_code: Some(1),
                last_line: Some("[emerg] x".into()),
            },
            "nginx has exited (1): [emerg] x",
        ),
        (Observation::Http(http(502, "Bad Gateway", "nginx", "")), "502 Bad Gateway"),
        (Observation::Http(http(299, "", "nginx", "")), "299"),
        (Observation::Http(refused_form), "200 OK, the form was refused"),
        (Observation::Http(commas), "200 OK, shows [, , ]"),
        (Observation::Http(astray), "302 FOUND, but the port is lost"),
        (Observation::Connected { what: "PostgreSQL 17.5".into() }, "PostgreSQL 17.5 answers"),
        (Observation::Rows(Rows::default()), "the row is in no table"),
        (
            Observation::Exit { code: 1, output: "Traceback\nFATAL: password authentication failed\n".into() },
            "FATAL: password authentication failed",
        ),
    ];
    for (observation, expected) in table {
        assert_eq!(observed(&observation), expected);
    }
}

#[test]
fn as_the_command_would_have_printed_it() {
    let mut scene = Scene::works();
    let told = |scene: &Scene, id: &str| transcript(&scene.survey.evidence[id]);
    assert_eq!(told(&scene, "browser-nginx"), "HTTP/1.1 200 OK\nServer: nginx/1.28.0\n\nSell something");
    assert!(told(&scene, "submit").starts_with("HTTP/1.1 302\nLocation: /success\n\nHTTP/1.1 200 OK\n"));
    let rows = format!(
        " id | name         | quantity | description\n----+--------------+----------+------------------\n 1  | {MARKER} | 42       | sent by breakfix\n(1 row)"
    );
    assert_eq!(told(&scene, "rows"), rows);
    scene.saw("browser-nginx", Observation::Refused).saw("upstream", Observation::NameUnknown { name: "flask".into() });
    assert_eq!(told(&scene, "browser-nginx"), "curl: (7) Failed to connect to localhost port 8080: Connection refused");
    assert_eq!(told(&scene, "upstream"), "curl: (6) Could not resolve host: flask");
    scene.saw("browser-nginx", Observation::Reset).saw("flaskapp-db", Observation::Refused);
    assert_eq!(told(&scene, "browser-nginx"), "curl: (52) Empty reply from server");
    assert_eq!(told(&scene, "flaskapp-db"), "connection refused");
}

mod conditions {
    use super::*;

    /// Whether a condition holds: it is made a check's, and the check's status read.
    fn status(scene: &Scene, condition: &str) -> Status {
        let mut course = course();
        let check = format!("id = 'x'\nlabel = 'x'\nevidence = 'page'\nfail = 'x'\npass = {condition}");
        course.lessons[1].checks.push(toml::from_str(&check).unwrap_or_else(|error| panic!("{condition}: {error}")));
        let report = diagnose(&course, &scene.survey, &scene.facts, None);
        report.checks.iter().find(|check| check.id == "x").unwrap().status
    }

    #[test]
    fn three_valued() {
        use Status::{Fail, Pass, Unknown};
        let mut scene = Scene::works();
        scene.file("a.conf", "listen 80;\nserver_name x;\n").not_asked(&["rows"]);
        scene.log("nginx", "one").log("nginx", "two");
        scene.survey.services.get_mut("db").unwrap().state = ServiceState::Exited;
        let t = "{ fact = { name = 'nginx.listen', is = '80' } }";
        let f = "{ fact = { name = 'nginx.listen', is = '81' } }";
        let u = "{ fact = { name = 'nowhere', is = '81' } }";
        for (condition, expected) in [
            (t.to_string(), Pass),
            (f.to_string(), Fail),
            (u.to_string(), Unknown),
            (format!("{{ not = {t} }}"), Fail),
            (format!("{{ not = {u} }}"), Unknown),
            (format!("{{ all = [{t}, {u}] }}"), Unknown),
            (format!("{{ all = [{f}, {u}] }}"), Fail),
            (format!("{{ any = [{t}, {u}] }}"), Pass),
            (format!("{{ any = [{f}, {u}] }}"), Unknown),
            ("{ all = [] }".into(), Pass),
            ("{ any = [] }".into(), Fail),
            ("{ fact = { name = 'nginx.listen', is_not = '81', matches = '^8' } }".into(), Pass),
            ("{ fact = { name = 'nginx.listen', same_as = 'front.target' } }".into(), Pass),
            ("{ fact = { name = 'nginx.listen', differs_from = 'front.target' } }".into(), Fail),
            ("{ fact = { name = 'nginx.listen', same_as = 'nowhere' } }".into(), Unknown),
            ("{ fact = { name = 'nginx.listen', matches = '(' } }".into(), Unknown),
            ("{ fact = { name = 'live.nginx.listens', is = '80' } }".into(), Pass),
            ("{ file = { path = 'a.conf', matches = '^server_name' } }".into(), Pass),
            ("{ file = { path = 'a.conf', matches = '^upstream' } }".into(), Fail),
            ("{ not = { file = { path = 'gone.conf', matches = 'x' } } }".into(), Unknown),
            ("{ log = { service = 'nginx', matches = '^two$' } }".into(), Pass),
            ("{ log = { service = 'nginx', matches = 'three' } }".into(), Fail),
            ("{ log = { service = 'other', matches = 'x' } }".into(), Unknown),
            ("{ state = { service = 'db', is = 'exited' } }".into(), Pass),
            ("{ state = { service = 'db', is = 'running' } }".into(), Fail),
            ("{ stale = 'nginx' }".into(), Fail),
            ("{ hop = { id = 'browser-nginx', is = 'pass' } }".into(), Pass),
            ("{ hop = { id = 'browser-nginx', is = 'fail' } }".into(), Fail),
            ("{ check = { id = 'nothing', is = 'pass' } }".into(), Unknown),
            ("{ saw = { evidence = 'page', status = '2xx' } }".into(), Pass),
            ("{ saw = { evidence = 'page', status = '502|504' } }".into(), Fail),
            ("{ saw = { evidence = 'page', status = '404 | 200' } }".into(), Pass),
            ("{ saw = { evidence = 'page', server = '^nginx', visible = 'Sell' } }".into(), Pass),
            ("{ saw = { evidence = 'page', form = ['name', 'price'] } }".into(), Fail),
            ("{ saw = { evidence = 'page', shows_marker = true } }".into(), Unknown),
            ("{ saw = { evidence = 'submit', shows_marker = false } }".into(), Fail),
            ("{ saw = { evidence = 'rows', rows_at_least = 1 } }".into(), Unknown),
            ("{ saw = { evidence = 'rows', kind = 'not-asked' } }".into(), Pass),
            ("{ saw = { evidence = 'nothing', kind = 'http' } }".into(), Unknown),
            ("{ saw = { evidence = 'flaskapp-db', kind = 'connected', text = '17' } }".into(), Pass),
            ("{ saw = { evidence = 'flaskapp-db', status = '200' } }".into(), Fail),
        ] {
            assert_eq!(status(&scene, &condition), expected, "{condition}");
        }
        scene.stale("nginx", MakeLive::Recreate);
        assert_eq!(status(&scene, "{ stale = 'nginx' }"), Pass);
        let nobody = Observation::NotPublished { port: 8080, published: Vec::new() };
        scene.saw("page", nobody);
        assert_eq!(status(&scene, "{ saw = { evidence = 'page', kind = 'refused' } }"), Pass);
        assert_eq!(status(&scene, "{ saw = { evidence = 'page', kind = 'not-published' } }"), Pass);
    }
}

mod never_panics {
    use proptest::prelude::*;

    use super::*;

    fn observation() -> impl Strategy<Value = Observation> {
        let text = "[ -~äß\n<>]{0,30}";
        prop_oneof![
            Just(Observation::Refused),
            Just(Observation::Reset),
            any::<f64>().prop_map(|seconds| Observation::TimedOut { seconds }),
            text.prop_map(|name| Observation::NameUnknown { name }),
            (any::<u16>(), text, text, proptest::option::of(text)).prop_map(|(status, body, visible, marker)| {
                let mut answer = http(status, "x", "y", &body);
                answer.visible = visible;
                answer.astray = marker.clone();
                answer.marker = marker;
                Observation::Http(answer)
            }),
            (text, proptest::collection::vec(text, 0..4), proptest::collection::vec(proptest::option::of(text), 0..6))
                .prop_map(|(table, columns, row)| {
                    Observation::Rows(Rows { table, columns, rows: vec![row], submitted: BTreeMap::new(), total: 1 })
                }),
            (any::<i64>(), text).prop_map(|(code, output)| Observation::Exit { code, output }),
            text.prop_map(|because| Observation::NotAsked { because }),
            text.prop_map(|because| Observation::Unknown { because }),
        ]
    }

    proptest! {
        #[test]
        fn whatever_was_seen(
            seen in proptest::collection::btree_map("(browser-nginx|nginx-flaskapp|flaskapp-db|page|submit|rows)", observation(), 0..7),
            command in "[ -~]{0,20}(http://)?[ -~ä]{0,20}",
        ) {
            let mut scene = Scene { survey: Survey::default(), facts: Facts::default() };
            for (id, observation) in seen {
                scene.saw(&id, observation);
                let evidence = scene.survey.evidence.get_mut(&id).unwrap();
                evidence.command = command.clone();
                transcript(evidence);
            }
            let report = scene.report();
            // Without a failure, no one is blamed.
            let fails = report.hops.iter().any(|hop| hop.status == Status::Fail)
                || report.checks.iter().any(|check| check.status == Status::Fail);
            prop_assert_eq!(report.verdict == Verdict::Broken, fails);
        }
    }
}
