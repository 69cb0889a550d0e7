//! What was seen, in words.

use breakfix::{
    course::Course,
    diagnosis::{filled, observed, transcript},
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
            Observation::Rows(Rows { table: "items".into(), rows: vec![vec![]], ..Rows::default() }),
            "the row is in items",
        ),
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
fn what_a_person_gets_who_types_the_command() {
    let mut scene = Scene::works();
    let told = |scene: &Scene, id: &str| transcript(&scene.survey.evidence[id]);
    assert_eq!(
        told(&scene, "browser-nginx").as_deref(),
        Some("HTTP/1.1 200 OK\nServer: nginx/1.28.0\n\nSell something")
    );
    let rows = format!(
        " id | name         | quantity | description\n----+--------------+----------+------------------\n 1  | {MARKER} | 42       | sent by breakfix\n(1 row)"
    );
    assert_eq!(told(&scene, "rows"), Some(rows));
    // What nobody gets who types it now, or gets in other words, is told in sentences.
    assert_eq!(told(&scene, "submit"), None);
    let exit = Observation::Exit { code: 1, output: "FATAL: no".into() };
    let connected = Observation::Connected { what: "PostgreSQL 17.5".into() };
    for seen in [Observation::Refused, Observation::Reset, Observation::Rows(Rows::default()), exit, connected] {
        scene.saw("browser-nginx", seen);
        assert_eq!(told(&scene, "browser-nginx"), None);
    }
}

#[test]
fn a_course_s_words_take_what_was_seen() {
    let facts =
        [("nginx.listen", "80,8080"), ("db.port", "5433")].map(|(name, value)| (name.to_owned(), value.to_owned()));
    let course = Course::embedded().unwrap();
    let said = |words: &str| filled(words, &facts.clone().into(), &course).into_owned();
    assert_eq!(said("nginx listens on {nginx.listen}."), "nginx listens on 80 and 8080.");
    assert_eq!(
        said("It calls {db.port}, and not {live.db.listens}: `{self.name}`"),
        "It calls 5433, and not …: `{self.name}`"
    );
    assert!(matches!(filled("no fact at all", &facts.into(), &course), std::borrow::Cow::Borrowed(_)));
}
