//! What was seen, in words.

use breakfix::{
    diagnosis::{observed, transcript},
    probe::{Observation, Rows},
};

use crate::scene::*;

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
        (Observation::Http(refused_form), "200 OK, shows the form again"),
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
