//! Where in a stack's files that which is broken can be seen: the line that a reader looks at first. No place is better than a
//! wrong one.

use std::path::PathBuf;

use regex::RegexBuilder;

use super::{
    Report,
    condition::{Scene, Truth},
    holds::scene,
};
use crate::{
    compose::Place,
    course::{Condition, Course, PlaceTest},
    engine::ServiceState,
    lab::Facts,
    probe::{HttpAnswer, Observation, ServiceReport, Survey, evidence_id},
};

/// The place of the first wrong turn that was recognised; where there is none, the one that the evidence itself points at.
pub fn place(course: &Course, report: &Report, survey: &Survey, facts: &Facts) -> Option<Place> {
    report.first_failed_lesson.as_ref()?;
    let named = report.wrong_turns.iter().find(|turn| !turn.remark);
    let turn =
        named.and_then(|named| course.lesson(&named.lesson)?.wrong_turns.iter().find(|turn| turn.id == named.id));
    match turn {
        Some(turn) => match &turn.place {
            Some(tests) => {
                let places: Vec<Place> = tests.iter().filter_map(|test| of_test(test, survey, facts)).collect();
                changed(course, &places, facts).or(places.into_iter().next())
            }
            None => of_condition(&turn.when, &scene(course, survey, facts, report), facts),
        },
        None => of_evidence(course, report, survey, facts),
    }
}

/// The first of several places whose line is not one of the course's own: of two ends that do not agree, the one that was changed.
fn changed(course: &Course, places: &[Place], facts: &Facts) -> Option<Place> {
    let is_changed = |place: &&Place| {
        let file = place.file.to_string_lossy();
        let line = facts.texts.get(&*file).and_then(|text| text.lines().nth(place.line.saturating_sub(1)));
        let own = course.fixed_stack().get(&*file);
        line.is_some_and(|line| own.is_none_or(|own| own.lines().all(|one| one != line)))
    };
    places.iter().find(is_changed).cloned()
}

fn of_test(test: &PlaceTest, survey: &Survey, facts: &Facts) -> Option<Place> {
    if let (Some(file), Some(pattern)) = (&test.file, &test.matches) {
        return line_of(file, pattern, facts);
    }
    if let Some(role) = &test.complaint {
        return complaint(survey.services.get(role)?, facts);
    }
    facts.places.get(test.fact.as_ref()?).cloned()
}

/// Where the files and facts stand of which a condition speaks: a text first, then a fact, then what a log complains of.
fn of_condition(when: &Condition, scene: &Scene<'_>, facts: &Facts) -> Option<Place> {
    let mut places: [Option<Place>; 3] = [None, None, None];
    when.each_positive(&mut |test| {
        if scene.holds(test) != Truth::True {
            return;
        }
        let (rank, found) = match test {
            Condition::File(test) => (0, line_of(&test.path, &test.matches, facts)),
            Condition::Fact(test) => (1, facts.places.get(&test.name).cloned()),
            Condition::Log(test) => (2, scene.survey.services.get(&test.service).and_then(|one| complaint(one, facts))),
            _ => return,
        };
        let place: &mut Option<Place> = &mut places[rank];
        if place.is_none() {
            *place = found;
        }
    });
    places.into_iter().flatten().next()
}

fn line_of(file: &str, pattern: &str, facts: &Facts) -> Option<Place> {
    let text = facts.texts.get(file)?;
    let found = RegexBuilder::new(pattern).multi_line(true).build().ok()?.find(text)?;
    // Blank lines before it are not meant.
    let start = found.start() + found.as_str().len() - found.as_str().trim_start().len();
    Some(Place { file: PathBuf::from(file), line: text[..start].matches('\n').count() + 1, column: 1 })
}

/// What the evidence points at, where no mistake has a name: a line that a program complains of before it ends, numbers that do
/// not agree, an object that says nothing.
fn of_evidence(course: &Course, report: &Report, survey: &Survey, facts: &Facts) -> Option<Place> {
    let failed = |id: &str| report.first_broken_hop.as_deref() == Some(id);
    let role = |name: &str| survey.services.get(name);
    let (proxy, app, database) = (role(&course.roles.proxy), role(&course.roles.app), role(&course.roles.database));
    let runs = |one: Option<&ServiceReport>| one.is_some_and(|one| one.state == ServiceState::Running);
    let fact = |names: &[&str]| {
        let places: Vec<Place> =
            names.iter().filter_map(|name| facts.places.get(&course.roles.fact(name)).cloned()).collect();
        changed(course, &places, facts)
    };
    let seen = |id: &str| survey.evidence.get(id).map(|evidence| &evidence.observation);
    if let Some(ended) = [proxy, app].into_iter().flatten().find(|one| has_ended(one)) {
        return complaint(ended, facts);
    }
    if failed(evidence_id::BROWSER_NGINX) {
        let shut = matches!(
            seen(evidence_id::BROWSER_NGINX),
            Some(Observation::Refused | Observation::Reset | Observation::NotPublished { .. })
        );
        return if shut && runs(proxy) { fact(&["front.published", "proxy.published", "proxy.listen"]) } else { None };
    }
    if failed(evidence_id::NGINX_FLASKAPP) {
        let refused = matches!(seen(evidence_id::UPSTREAM), Some(Observation::Refused));
        let app = app.filter(|app| refused && app.state == ServiceState::Running && !app.listens.is_empty())?;
        let port = facts.get(&course.roles.fact("proxy.upstream_port"));
        let same = app.listens.iter().any(|socket| Some(socket.port.to_string().as_str()) == port);
        return if same { fact(&["app.host"]) } else { fact(&["proxy.upstream", "app.port"]) };
    }
    if failed(evidence_id::FLASKAPP_DB) {
        let database = database.filter(|one| one.state == ServiceState::Running)?;
        let host = facts.get(&course.roles.fact("database.host")).is_some_and(|host| host != database.service);
        let port = facts.get(&course.roles.fact("database.port"));
        let port = !database.listens.is_empty()
            && port.is_some_and(|port| database.listens.iter().all(|socket| socket.port.to_string() != port));
        return if host || port { fact(&["database.port", "database.host"]) } else { None };
    }
    let status = |id: &str| match seen(id) {
        Some(Observation::Http(answer)) => Some(answer),
        _ => None,
    };
    match status(evidence_id::SUBMIT).or(status(evidence_id::PAGE)) {
        Some(answer) if answer.status >= 500 => complaint(app?, facts),
        Some(answer) if says_nothing(answer) => model(facts),
        _ => None,
    }
}

fn has_ended(service: &ServiceReport) -> bool {
    matches!(service.state, ServiceState::Exited | ServiceState::Restarting) && service.exit_code != Some(0)
}

/// Whether a page holds objects that have no words of their own.
fn says_nothing(answer: &HttpAnswer) -> bool {
    answer.status < 400 && answer.body.contains("object at 0x")
}

/// The newest line of one of the stack's own files that a service's log complains of.
fn complaint(service: &ServiceReport, facts: &Facts) -> Option<Place> {
    // Of a traceback, the last line of a file of ours is the one where it went wrong.
    service.log.iter().rev().find_map(|line| {
        let (path, number) = match line.trim_start().strip_prefix("File \"") {
            Some(rest) => rest.split_once("\", line ")?,
            // A name that nobody has may be another container's fault.
            None if line.contains("[emerg]") && !line.contains("host not found") => {
                line.rsplit_once(" in ")?.1.rsplit_once(':')?
            }
            None => return None,
        };
        let digits: String = number.chars().take_while(char::is_ascii_digit).collect();
        let (file, mut at) = (ours(path, facts)?, digits.parse().ok().filter(|line| *line > 0)?);
        if line.contains("[emerg]") {
            at = begun_before(facts.texts.get(file)?, at);
        }
        Some(Place { file: PathBuf::from(file), line: at, column: 1 })
    })
}

/// The line of a conf on which the directive begins that nginx noticed on this one: a line above may lack its semicolon.
fn begun_before(text: &str, line: usize) -> usize {
    let is_whole = |line: &str| line.is_empty() || line.starts_with('#') || line.ends_with([';', '{', '}']);
    let above = text.lines().take(line.saturating_sub(1)).enumerate().last();
    match above {
        Some((index, before)) if !is_whole(before.trim()) => begun_before(text, index + 1),
        _ => line,
    }
}

/// The stack's file that is found in a container under this path: the one that ends in most of the same parts.
fn ours<'f>(path: &str, facts: &'f Facts) -> Option<&'f str> {
    if path.contains("site-packages") || path.contains("/usr/lib/python") || path.contains("/usr/local/lib/python") {
        return None;
    }
    let same = |known: &str| known.rsplit('/').zip(path.rsplit('/')).take_while(|(a, b)| a == b).count();
    let best = facts.texts.keys().max_by_key(|known| same(known))?;
    (same(best) > 0).then_some(best.as_str())
}

/// The line of the model's representation, else that of its class.
fn model(facts: &Facts) -> Option<Place> {
    let is_model = |text: &str| text.contains("__tablename__") || text.contains(".Model)");
    let (path, text) = facts.texts.iter().find(|(path, text)| path.ends_with(".py") && is_model(text))?;
    let line_of = |sign: &str| text.lines().position(|line| line.trim_start().starts_with(sign));
    let line = line_of("def __repr__").or_else(|| line_of("def __str__")).or_else(|| line_of("class "))? + 1;
    Some(Place { file: PathBuf::from(path), line, column: 1 })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::{
        diagnosis::NamedWrongTurn,
        probe::{Evidence, ListenSocket},
    };

    fn at(file: &str, line: usize) -> Option<Place> {
        Some(Place { file: file.into(), line, column: 1 })
    }

    struct Seen {
        facts: Facts,
        survey: Survey,
        report: Report,
    }

    fn seen(first_broken_hop: Option<&str>) -> Seen {
        let course = Course::embedded().unwrap();
        let places = [
            ("front.published", at("docker-compose.yml", 25)),
            ("nginx.upstream", at("conf.d/flaskapp.conf", 6)),
            ("flaskapp.host", at("src/app.py", 38)),
            ("db.port", at("src/database.py", 14)),
        ];
        let facts = Facts {
            values: [("nginx.upstream_port", "80"), ("db.host", "db"), ("db.port", "5432")]
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .into(),
            places: places.map(|(name, place)| (name.to_owned(), place.unwrap())).into(),
            // Each line is another than the course's.
            texts: course.fixed_stack().iter().map(|(path, text)| (path.clone(), text.replace('\n', " \n"))).collect(),
        };
        let service = |name: &str, port| ServiceReport {
            service: name.into(),
            state: ServiceState::Running,
            listens: vec![ListenSocket { address: "0.0.0.0".into(), port }],
            ..ServiceReport::default()
        };
        let services = [("nginx", 80), ("flaskapp", 80), ("db", 5432)];
        let survey = Survey {
            services: services.map(|(name, port)| (name.to_owned(), service(name, port))).into(),
            ..Survey::default()
        };
        let report = Report {
            first_broken_hop: first_broken_hop.map(str::to_owned),
            first_failed_lesson: Some("any".into()),
            ..Report::default()
        };
        Seen { facts, survey, report }
    }

    impl Seen {
        fn saw(mut self, id: &str, observation: Observation) -> Self {
            let evidence =
                Evidence { id: id.into(), command: String::new(), vantage: String::new(), observation, seconds: 0.0 };
            self.survey.evidence.insert(id.into(), evidence);
            self
        }

        fn with(mut self, role: &str, change: impl FnOnce(&mut ServiceReport)) -> Self {
            change(self.survey.services.get_mut(role).unwrap());
            self
        }

        fn place(&self) -> Option<Place> {
            place(&Course::embedded().unwrap(), &self.report, &self.survey, &self.facts)
        }
    }

    fn page(status: u16, body: &str) -> Observation {
        Observation::Http(HttpAnswer { status, body: body.into(), ..HttpAnswer::default() })
    }

    #[test]
    fn the_line_of_which_a_program_complains() {
        let traceback = [
            "Traceback (most recent call last):",
            "  File \"/opt/services/flaskapp/src/app.py\", line 22, in sell",
            "    item = Items(form.name.data)",
            "  File \"/usr/local/lib/python3.13/site-packages/sqlalchemy/app.py\", line 4, in _f",
            "TypeError: __init__() takes 1 positional argument but 5 were given",
        ];
        let log = |one: &mut ServiceReport| one.log = traceback.iter().map(|line| (*line).to_owned()).collect();
        let error = seen(None).saw("submit", page(500, ""));
        assert_eq!(error.with("flaskapp", log).place(), at("src/app.py", 22));
        let emerg = |line: &str| {
            let line = line.to_owned();
            let ended = seen(Some("browser-nginx")).with("nginx", |one| {
                one.state = ServiceState::Exited;
                one.log = vec![line];
            });
            ended.place()
        };
        assert_eq!(
            emerg("[emerg] unknown directive \"prox\" in /etc/nginx/conf.d/flaskapp.conf:6"),
            at("conf.d/flaskapp.conf", 6)
        );
        assert_eq!(emerg("[emerg] host not found in upstream \"x\" in /etc/nginx/conf.d/flaskapp.conf:6"), None);
    }

    #[test]
    fn numbers_that_do_not_agree_and_nothing_where_they_do() {
        let refused = |hop: &str| seen(Some(hop)).saw(hop, Observation::Refused);
        assert_eq!(refused("browser-nginx").place(), at("docker-compose.yml", 25));
        let upstream = || refused("nginx-flaskapp").saw("upstream", Observation::Refused);
        let elsewhere = |one: &mut ServiceReport| one.listens[0].port = 5000;
        assert_eq!(upstream().with("flaskapp", elsewhere).place(), at("conf.d/flaskapp.conf", 6));
        let loopback = |one: &mut ServiceReport| one.listens[0].address = "127.0.0.1".into();
        assert_eq!(upstream().with("flaskapp", loopback).place(), at("src/app.py", 38), "the address, not the number");
        assert_eq!(refused("flaskapp-db").place(), None);
        assert_eq!(
            refused("flaskapp-db").with("db", |one| one.listens[0].port = 5433).place(),
            at("src/database.py", 14)
        );
        let dead = |one: &mut ServiceReport| one.state = ServiceState::Exited;
        assert_eq!(refused("flaskapp-db").with("db", dead).place(), None, "nobody listens on any number");
    }

    #[test]
    fn the_model_only_where_its_objects_say_nothing() {
        assert_eq!(
            seen(None).saw("submit", page(200, "[&lt;models.Items object at 0x7f&gt;]")).place(),
            at("src/models.py", 23)
        );
        for (status, body) in [(200, "the form again"), (413, "too large"), (405, "not allowed"), (400, "not trusted")]
        {
            assert_eq!(seen(None).saw("submit", page(status, body)).place(), None, "{status}");
        }
    }

    #[test]
    fn of_two_ends_the_one_that_was_changed() {
        let course = Course::embedded().unwrap();
        let mut made = seen(Some("nginx-flaskapp"));
        let ends = [at("conf.d/flaskapp.conf", 6).unwrap(), at("src/app.py", 38).unwrap()];
        assert_eq!(changed(&course, &ends, &made.facts).as_ref(), Some(&ends[0]));
        let own = course.fixed_stack()["conf.d/flaskapp.conf"].clone();
        made.facts.texts.insert("conf.d/flaskapp.conf".into(), own);
        assert_eq!(changed(&course, &ends, &made.facts).as_ref(), Some(&ends[1]));
        made.facts.texts.clone_from(course.fixed_stack());
        assert_eq!(changed(&course, &ends, &made.facts), None);
    }

    #[test]
    fn a_conf_that_lacks_a_semicolon_lacks_it_above() {
        let text = "server {\n    proxy_pass x\n    # why\n    proxy_set_header a b;\n}\n";
        assert_eq!((begun_before(text, 2), begun_before(text, 4), begun_before(text, 5)), (2, 4, 5));
        assert_eq!(begun_before(&text.replace("    # why\n", ""), 3), 2);
    }

    #[test]
    fn a_wrong_turn_has_its_own_place() {
        let course = Course::embedded().unwrap();
        let mut made = seen(Some("nginx-flaskapp"));
        made.report.wrong_turns = vec![NamedWrongTurn {
            id: "expose-5001".into(),
            lesson: "app-port".into(),
            title: String::new(),
            explain: None,
            question: String::new(),
            remark: false,
        }];
        assert_eq!(made.place(), None, "nothing of what it speaks of holds");
        made.facts.values.insert("flaskapp.expose".into(), "5001".into());
        made.facts.places.insert("flaskapp.expose".into(), at("Dockerfile", 12).unwrap());
        assert_eq!(place(&course, &made.report, &made.survey, &made.facts), at("Dockerfile", 12));
        let texts = BTreeMap::from([("a".to_owned(), "one\n\n  two: 3\n".to_owned())]);
        let facts = Facts { texts, ..Facts::default() };
        assert_eq!(line_of("a", r"^\s+two:", &facts), at("a", 3));
    }
}
