//! Where in a submission's files what is broken can be seen: the line that a reader looks at first.

use std::{collections::BTreeMap, path::PathBuf};

use crate::{
    compose::Place,
    diagnosis::Report,
    error::Error,
    lab::Facts,
    probe::{Survey, evidence_id},
};

/// The place that an error names at the start of one of its lines (`docker-compose.yml:12:7: …`), or the line of the Dockerfile
/// whose step failed.
pub(super) fn of_error(error: &Error, texts: &BTreeMap<String, String>) -> Option<Place> {
    let said = || std::iter::once(&error.what).chain(&error.why);
    let step = || said().flat_map(|text| text.lines()).find_map(|line| of_step(line, texts));
    said().find_map(|text| place_at_start(text)).or_else(step)
}

/// The line of a Dockerfile on which the step begins that an error names: `building x failed at step 3 of 7: RUN make`.
fn of_step(error: &str, texts: &BTreeMap<String, String>) -> Option<Place> {
    let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    let step = words(error.strip_prefix("building ")?.split_once(" failed at step ")?.1.split_once(": ")?.1);
    let begins = |line: &str| {
        let line = words(line.trim_end().trim_end_matches('\\'));
        !line.is_empty() && step.starts_with(&line)
    };
    texts.iter().filter(|(path, _)| path.contains("Dockerfile")).find_map(|(path, text)| {
        let line = text.lines().position(begins)? + 1;
        Some(Place { file: PathBuf::from(path), line, column: 1 })
    })
}

fn place_at_start(text: &str) -> Option<Place> {
    let mut parts = text.trim_start_matches("refused: ").splitn(4, ':');
    let (file, line) = (parts.next()?, parts.next()?);
    let plain = !file.is_empty() && !file.contains(char::is_whitespace);
    let line = line.parse().ok().filter(|line| *line > 0 && plain)?;
    let column = parts.next().and_then(|column| column.parse().ok()).unwrap_or(1);
    Some(Place { file: PathBuf::from(file), line, column })
}

/// The place that belongs to the first thing that is broken: the line that nginx or Python complains of, else the numbers that
/// have to agree, else the model.
pub(super) fn of_report(report: &Report, survey: &Survey, facts: &Facts) -> Option<Place> {
    let failed = |id: &str| report.first_broken_hop.as_deref() == Some(id);
    let fact = |names: &[&str]| names.iter().find_map(|name| facts.places.get(*name).cloned());
    report.first_failed_lesson.as_ref()?;
    // Nothing gets to the app while its front door is shut: what its log complains of is another matter.
    let of_python = !failed(evidence_id::BROWSER_NGINX);
    if let Some(complaint) = complaint(survey, facts, of_python) {
        return Some(complaint);
    }
    if failed(evidence_id::BROWSER_NGINX) {
        fact(&["front.published", "nginx.published", "nginx.listen"])
    } else if failed(evidence_id::NGINX_FLASKAPP) {
        fact(&["nginx.upstream", "flaskapp.port", "flaskapp.host"])
    } else if failed(evidence_id::FLASKAPP_DB) {
        fact(&["db.port", "db.host"])
    } else {
        model(facts)
    }
}

/// The newest line of one of the stack's own files that a log complains of.
fn complaint(survey: &Survey, facts: &Facts, of_python: bool) -> Option<Place> {
    let logs = survey.services.values().map(|service| &service.log);
    logs.filter_map(|log| {
        // Of a traceback, the last line of a file of ours is the one where it went wrong.
        log.iter().rev().find_map(|line| {
            let (path, number) = match line.trim_start().strip_prefix("File \"") {
                Some(rest) if of_python => {
                    let (path, rest) = rest.split_once("\", line ")?;
                    (path, rest)
                }
                None if line.contains("[emerg]") => line.rsplit_once(" in ")?.1.rsplit_once(':')?,
                _ => return None,
            };
            let digits: String = number.chars().take_while(char::is_ascii_digit).collect();
            let line = digits.parse().ok().filter(|line| *line > 0)?;
            Some(Place { file: PathBuf::from(ours(path, facts)?), line, column: 1 })
        })
    })
    .next()
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
    use super::*;
    use crate::{engine::ServiceState, probe::ServiceReport};

    fn place(file: &str, line: usize) -> Option<Place> {
        Some(Place { file: file.into(), line, column: 1 })
    }

    fn seen(log: &[&str], first_broken_hop: Option<&str>) -> Option<Place> {
        let mut facts = Facts::default();
        for (path, text) in [
            ("src/app.py", "import models"),
            ("src/models.py", "\nclass Items(Base):\n  __tablename__ = 'items'\n"),
            ("conf.d/flaskapp.conf", ""),
        ] {
            facts.texts.insert(path.into(), text.into());
        }
        facts.places.insert("nginx.published".into(), place("docker-compose.yml", 25).unwrap());
        let service = ServiceReport {
            service: "app".into(),
            state: ServiceState::Running,
            exit_code: None,
            ports: vec![],
            listens: vec![],
            log: log.iter().map(|line| (*line).to_owned()).collect(),
            restarts: 0,
        };
        let survey = Survey { services: [("flaskapp".to_owned(), service)].into(), ..Survey::default() };
        let report = Report {
            first_broken_hop: first_broken_hop.map(str::to_owned),
            first_failed_lesson: Some("any".into()),
            ..Report::default()
        };
        of_report(&report, &survey, &facts)
    }

    #[test]
    fn the_line_that_is_complained_of_comes_first() {
        let traceback = [
            "Traceback (most recent call last):",
            "  File \"/opt/services/flaskapp/src/app.py\", line 22, in sell",
            "    item = Items(form.name.data)",
            "  File \"/usr/local/lib/python3.13/site-packages/sqlalchemy/app.py\", line 4, in _f",
            "TypeError: __init__() takes 1 positional argument but 5 were given",
        ];
        assert_eq!(seen(&traceback, None), place("src/app.py", 22));
        let emerg = ["nginx: [emerg] unknown directive \"prox\" in /etc/nginx/conf.d/flaskapp.conf:6"];
        assert_eq!(seen(&emerg, Some("browser-nginx")), place("conf.d/flaskapp.conf", 6));
    }

    #[test]
    fn then_the_numbers_that_have_to_agree_and_then_the_model() {
        assert_eq!(seen(&["Running on http://0.0.0.0:5000"], Some("browser-nginx")), place("docker-compose.yml", 25));
        assert_eq!(seen(&[], None), place("src/models.py", 2));
    }

    #[test]
    fn errors_name_places() {
        let error = |why: &str| Error::stack("the file cannot be used").why(why);
        let dockerfile = "FROM x\n# RUN pip\nRUN pip install \\\n  -r y\n".to_owned();
        let texts = BTreeMap::from([("app/Dockerfile".to_owned(), dockerfile)]);
        let step = "building app failed at step 2 of 2: RUN pip install   -r y";
        assert_eq!(of_error(&error(&format!("no proof\n{step}")), &texts), place("app/Dockerfile", 3));
        let found = of_error(&error("docker-compose.yml:12:7: error: tabs\n |"), &texts).unwrap();
        assert_eq!((found.file.to_str(), found.line, found.column), (Some("docker-compose.yml"), 12, 7));
        assert_eq!(of_error(&error("error: 1: 2"), &texts), None);
        assert_eq!(of_error(&error("a sentence: with 12: colons"), &texts), None);
    }
}
