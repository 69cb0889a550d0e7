//! The language of conditions.

use breakfix::{
    diagnosis::{Status, diagnose},
    engine::ServiceState,
    lab::MakeLive,
    probe::Observation,
};

use crate::scene::*;

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
