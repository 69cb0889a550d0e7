//! From what was seen to what it means.

use std::collections::BTreeMap;

use super::{
    CheckVerdict, HopVerdict, LessonVerdict, NamedWrongTurn, Report, Status, Verdict,
    condition::{Scene, Truth},
    live, odd, rank,
    words::observed,
};
use crate::{
    course::{Check, Course, Lesson},
    engine::ServiceState,
    lab::Facts,
    probe::{Evidence, HttpAnswer, Observation, Survey, evidence_id},
};

/// Judges a survey. With `only` (a lesson's id) the verdict is on that lesson; hops, checks and lessons are told all the same.
pub fn diagnose(course: &Course, survey: &Survey, facts: &Facts, only: Option<&str>) -> Report {
    let hops: Vec<HopVerdict> = course.hops.iter().map(|hop| judge_hop(course, survey, &hop.id)).collect();
    let mut scene = Scene {
        survey,
        facts: live::with_live(&facts.values, survey),
        texts: &facts.texts,
        hops: hops.iter().map(|hop| (hop.id.clone(), hop.status)).collect(),
        checks: BTreeMap::new(),
    };
    let mut checks = Vec::new();
    for lesson in &course.lessons {
        for check in &lesson.checks {
            let verdict = judge_check(&scene, lesson, check);
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
    let verdict = verdict(&hops, &checks, &lessons, only);
    let first_failed_lesson = match (verdict, only) {
        (Verdict::Broken, Some(id)) if course.lesson(id).is_some() => Some(id.to_string()),
        (Verdict::Broken, _) => lessons.iter().find(|lesson| lesson.status != Status::Pass).map(|l| l.id.clone()),
        _ => None,
    };
    let failures = rank::failures(course, &hops, &checks);
    let (wrong_turns, unexplained) = rank::wrong_turns(course, &scene, &lessons, &failures);
    Report {
        verdict,
        reason: (verdict == Verdict::Unknown).then(|| reason(survey, &checks)),
        first_broken_hop: broken_hop,
        first_failed_lesson,
        odd: odd::odd(survey, &unexplained),
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
            words = format!("{words}, put there by {}", live::service_of(survey, &course.roles.app));
            Status::Pass
        }
        _ => Status::Fail,
    };
    HopVerdict { id: id.into(), status, command: evidence.command.clone(), observed: words }
}

/// The service that answers at the front door, when it is not the one in front.
fn past_the_proxy(course: &Course, survey: &Survey) -> Option<String> {
    let front = survey.front.as_ref()?;
    let role = live::role_of(survey, &front.service);
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

fn judge_check(scene: &Scene<'_>, lesson: &Lesson, check: &Check) -> CheckVerdict {
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
    CheckVerdict {
        id: check.id.clone(),
        lesson: lesson.id.clone(),
        status,
        command: evidence.map(|evidence| evidence.command.clone()).unwrap_or_default(),
        observed: match unmet {
            Some(need) => format!("not asked: {need} comes first"),
            None => seen,
        },
        label: check.label.clone(),
        words: if status == Status::Fail { check.fail.clone() } else { String::new() },
    }
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

fn verdict(hops: &[HopVerdict], checks: &[CheckVerdict], lessons: &[LessonVerdict], only: Option<&str>) -> Verdict {
    let something_fails =
        hops.iter().any(|hop| hop.status == Status::Fail) || checks.iter().any(|check| check.status == Status::Fail);
    if checks.is_empty() {
        return if something_fails { Verdict::Broken } else { Verdict::Unknown };
    }
    let asked = only.filter(|id| checks.iter().any(|check| check.lesson == *id));
    if let Some(lesson) = asked.and_then(|id| lessons.iter().find(|lesson| lesson.id == id)) {
        return match lesson.status {
            Status::Pass => Verdict::Works,
            Status::Fail => Verdict::Broken,
            // It could not be asked because something before it is broken.
            Status::Unknown if something_fails => Verdict::Broken,
            Status::Unknown => Verdict::Unknown,
        };
    }
    if something_fails {
        Verdict::Broken
    } else if checks.iter().all(|check| check.status == Status::Pass) {
        Verdict::Works
    } else {
        Verdict::Unknown
    }
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
