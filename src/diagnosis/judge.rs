//! From what was seen to what it means.

use std::collections::BTreeMap;

use super::{
    CheckVerdict, HopVerdict, Judgement, LessonVerdict, NamedWrongTurn, Reason, Report, Status, Verdict, anomalies,
    condition::{Scene, Truth},
    rank, runtime_facts,
    words::observed,
};
use crate::{
    course::{Check, Condition, Course, Lesson},
    engine::ServiceState,
    lab::Facts,
    probe::{Evidence, HttpAnswer, Observation, Survey, evidence_id, is_met},
};

/// Judges a survey. With `only` (a lesson's id) the verdict is on that lesson; hops, checks and lessons are told all the same.
pub fn diagnose(course: &Course, survey: &Survey, facts: &Facts, only: Option<&str>) -> Report {
    let hops: Vec<HopVerdict> = course.hops.iter().map(|hop| judge_hop(course, survey, &hop.id)).collect();
    let mut scene = Scene {
        survey,
        course,
        facts: runtime_facts::with_live(&facts.values, survey, &course.roles),
        texts: &facts.texts,
        hops: hops.iter().map(|hop| (hop.id.clone(), hop.status)).collect(),
        checks: BTreeMap::new(),
    };
    let mut checks = Vec::new();
    for lesson in &course.lessons {
        for check in &lesson.checks {
            let verdict = judge_check(course, &scene, lesson, check);
            scene.checks.insert(check.id.clone(), verdict.status);
            checks.push(verdict);
        }
    }
    let lessons: Vec<LessonVerdict> = course
        .lessons
        .iter()
        .map(|lesson| {
            let statuses = checks.iter().filter(|check| check.lesson == lesson.id).map(|check| check.status);
            LessonVerdict { id: lesson.id.clone(), status: together(statuses) }
        })
        .collect();
    let broken_hop = hops.iter().find(|hop| hop.status == Status::Fail).map(|hop| hop.id.clone());
    let judgement = judgement(survey, &hops, &checks, &lessons, only);
    let first_failed_lesson = match (judgement.verdict(), only) {
        (Verdict::Broken, Some(id)) if course.lesson(id).is_some() => Some(id.to_string()),
        (Verdict::Broken, _) => lessons.iter().find(|lesson| lesson.status != Status::Pass).map(|l| l.id.clone()),
        _ => None,
    };
    let failures = rank::failures(course, &hops, &checks);
    let (wrong_turns, unexplained) = rank::wrong_turns(course, &scene, &lessons, &failures);
    Report {
        judgement,
        first_broken_hop: broken_hop,
        first_failed_lesson,
        odd: anomalies::odd(survey, &unexplained),
        wrong_turns,
        hops,
        checks,
        lessons,
        stale: survey.stale.clone(),
    }
}

/// The fact that holds why a stack could not be started: a compose file that cannot be used, an image that cannot be built.
pub const STACK_ERROR: &str = "stack.error";

/// The wrong turns that show in the files and the error of a stack that could not be started at all.
pub fn unstarted(course: &Course, texts: BTreeMap<String, String>, error: &str) -> Vec<NamedWrongTurn> {
    let values = BTreeMap::from([(STACK_ERROR.to_owned(), error.to_owned())]);
    let facts = Facts { values, texts, ..Facts::default() };
    diagnose(course, &Survey::default(), &facts, None).wrong_turns
}

fn judge_hop(course: &Course, survey: &Survey, id: &str) -> HopVerdict {
    let Some(evidence) = survey.evidence.get(id) else {
        return HopVerdict {
            id: id.into(),
            status: Status::Unknown,
            command: String::new(),
            observed: "not asked".into(),
        };
    };
    let mut words = observed(&evidence.observation);
    if let Some(probe) = course.probe_of(id) {
        let status = match is_met(probe, &evidence.observation) {
            Some(true) => Status::Pass,
            Some(false) => Status::Fail,
            None => Status::Unknown,
        };
        return HopVerdict { id: id.into(), status, command: evidence.command.clone(), observed: words };
    }
    let status = match (&evidence.observation, id) {
        (Observation::NotAsked { .. } | Observation::Unknown { .. }, _) => Status::Unknown,
        (Observation::Http(_), evidence_id::BROWSER_NGINX) => match past_the_proxy(course, survey) {
            Some(service) => {
                words = format!("{words}, but past {}: {service} answers", course.roles.proxy);
                Status::Fail
            }
            None => Status::Pass,
        },
        (Observation::TimedOut { .. }, evidence_id::BROWSER_NGINX) if waits_behind_the_proxy(course, survey) => {
            words = format!("{words}: {} waits for {}", course.roles.proxy, course.roles.app);
            Status::Pass
        }
        (Observation::Http(answer), evidence_id::NGINX_FLASKAPP) => {
            if comes_from_nginx_itself(answer) {
                Status::Fail
            } else {
                Status::Pass
            }
        }
        (Observation::Http(answer), other) if other != evidence_id::FLASKAPP_DB && answer.status < 500 => Status::Pass,
        (Observation::Connected { .. }, _) => Status::Pass,
        // What the app has stored has passed this way.
        (Observation::Rows(rows), evidence_id::FLASKAPP_DB) if !rows.rows.is_empty() => {
            words = format!("{words}, put there by {}", runtime_facts::service_of(survey, &course.roles.app));
            Status::Pass
        }
        _ => Status::Fail,
    };
    HopVerdict { id: id.into(), status, command: evidence.command.clone(), observed: words }
}

/// The service that answers at the front door, when it is not the one in front.
fn past_the_proxy(course: &Course, survey: &Survey) -> Option<String> {
    let front = survey.front.as_ref()?;
    let role = runtime_facts::role_of(survey, &front.service);
    (role != course.roles.proxy).then(|| front.service.clone())
}

/// Whether a call that was not answered got as far as the proxy: it listens behind the front door, and what it asks in turn
/// gives no answer. (To a container that is gone, nginx may wait for many seconds before it says 502.)
fn waits_behind_the_proxy(course: &Course, survey: &Survey) -> bool {
    let Some(front) = &survey.front else { return false };
    let listens = survey.services.get(&course.roles.proxy).is_some_and(|proxy| {
        proxy.service == front.service
            && proxy.state == ServiceState::Running
            && proxy.listens.iter().any(|socket| socket.port == front.target)
    });
    let behind = survey.evidence.get(evidence_id::NGINX_FLASKAPP).map(|evidence| &evidence.observation);
    let silent = match behind {
        None | Some(Observation::NotAsked { .. } | Observation::Unknown { .. }) => false,
        Some(Observation::Http(answer)) => comes_from_nginx_itself(answer),
        Some(_) => true,
    };
    listens && silent
}

/// Whether nginx speaks for itself: it could not reach the app, or did not ask it.
fn comes_from_nginx_itself(answer: &HttpAnswer) -> bool {
    let own_error_page = answer.status >= 400 && answer.body.contains("<hr><center>nginx");
    matches!(answer.status, 502..=504) || own_error_page || answer.body.contains("<title>Welcome to nginx!</title>")
}

/// Said of a check whose answer never came: what the course says of a wrong one was not seen.
const NO_ANSWER: &str = "No answer came in time. Who is still at work, or waits for somebody? Then ask once more.";

/// A hop or a check, as a reader knows it.
fn in_words(course: &Course, id: &str) -> String {
    let hop = course.hops.iter().find(|hop| hop.id == id).map(|hop| format!("the link {} → {}", hop.from, hop.to));
    let mut checks = course.lessons.iter().flat_map(|lesson| &lesson.checks);
    hop.or_else(|| checks.find(|check| check.id == id).map(|check| format!("“{}”", check.label)))
        .unwrap_or_else(|| id.to_owned())
}

fn judge_check(course: &Course, scene: &Scene<'_>, lesson: &Lesson, check: &Check) -> CheckVerdict {
    let evidence = scene.survey.evidence.get(&check.evidence);
    let unmet = check.needs.iter().find(|need| {
        let status = scene.hops.get(*need).or_else(|| scene.checks.get(*need));
        status != Some(&Status::Pass)
    });
    let status = match (unmet, scene.holds(&check.pass)) {
        (Some(_), _) | (None, Truth::Unknown) => Status::Unknown,
        (None, Truth::True) => Status::Pass,
        (None, Truth::False) => Status::Fail,
    };
    let seen = evidence.map_or_else(|| "not asked".to_string(), |evidence| observed(&evidence.observation));
    let mut command = evidence.map(|evidence| evidence.command.clone()).unwrap_or_default();
    let mut seen = seen;
    if let (Status::Fail | Status::Pass, Some(states)) = (status, states(scene.survey, &check.pass)) {
        (command, seen) = ("docker compose ps -a".into(), states);
    }
    CheckVerdict {
        id: check.id.clone(),
        lesson: lesson.id.clone(),
        status,
        command,
        observed: match unmet {
            Some(need) => format!("not asked: {} comes first", in_words(course, need)),
            None => seen,
        },
        label: check.label.clone(),
        words: match evidence.map(|evidence| &evidence.observation) {
            _ if status != Status::Fail => String::new(),
            Some(Observation::TimedOut { .. }) if !scene.hops.contains_key(&check.evidence) => NO_ANSWER.to_owned(),
            _ => check.fail.clone(),
        },
    }
}

/// The states of the containers, where a condition asks for nothing else.
fn states(survey: &Survey, condition: &Condition) -> Option<String> {
    fn roles<'a>(condition: &'a Condition, found: &mut Vec<&'a str>) -> bool {
        match condition {
            Condition::All(several) | Condition::Any(several) => several.iter().all(|one| roles(one, found)),
            Condition::Not(one) => roles(one, found),
            Condition::State(test) => {
                found.push(&test.service);
                true
            }
            _ => false,
        }
    }
    let mut found = Vec::new();
    if !roles(condition, &mut found) {
        return None;
    }
    let reports = found.into_iter().filter_map(|role| survey.services.get(role));
    let states: Vec<String> =
        reports.map(|one| format!("{} {}", one.service, runtime_facts::state_name(one))).collect();
    Some(states.join(", "))
}

/// Pass when all pass, fail when one fails.
fn together(statuses: impl Iterator<Item = Status>) -> Status {
    let mut result = Status::Pass;
    for status in statuses {
        match status {
            Status::Fail => return Status::Fail,
            Status::Unknown => result = Status::Unknown,
            Status::Pass => {}
        }
    }
    result
}

fn judgement(
    survey: &Survey,
    hops: &[HopVerdict],
    checks: &[CheckVerdict],
    lessons: &[LessonVerdict],
    only: Option<&str>,
) -> Judgement {
    let unknown = || Judgement::unknown(reason(survey, checks));
    let fails = Reason::seen(hops, checks);
    let asked = only.filter(|id| checks.iter().any(|check| check.lesson == *id));
    let holds = match asked.and_then(|id| lessons.iter().find(|lesson| lesson.id == id)) {
        // One that could not be asked because something before it is broken, is broken as well.
        Some(lesson) => lesson.status == Status::Pass,
        None => fails.is_none() && !checks.is_empty() && checks.iter().all(|check| check.status == Status::Pass),
    };
    if holds { Judgement::Works } else { fails.map_or_else(unknown, Judgement::Broken) }
}

/// Why nothing can be said: the first question that could not be put.
fn reason(survey: &Survey, checks: &[CheckVerdict]) -> String {
    let because = |evidence: &Evidence| match &evidence.observation {
        Observation::Unknown { because } => Some(because.clone()),
        _ => None,
    };
    survey
        .evidence
        .values()
        .find_map(because)
        .or_else(|| checks.iter().find(|check| check.status == Status::Unknown).map(|check| check.observed.clone()))
        .unwrap_or_else(|| "nothing was asked".into())
}
