//! `check --explain`: what a student who disagrees gets. For each link and each check: what was asked, what came, what was wanted, and
//! the command with which to see it oneself.

use std::collections::BTreeSet;

use regex::Regex;

use super::terminal::{Paint, clean, symbol};
use crate::{
    conductor::SubmissionReport,
    course::{Check, Course, Hop},
    diagnosis::{CheckVerdict, HopVerdict, Status, transcript},
    probe::{Evidence, evidence_id},
};

/// Lines of an answer that are shown.
const MOST_LINES: usize = 12;
/// Characters of such a line that are shown.
const MOST_CHARACTERS: usize = 160;
/// What starts a submission as a person would.
const UP: &str = "docker compose up -d --build";

/// Each question about a submission.
pub fn explain(course: &Course, submission: &SubmissionReport, paint: Paint) -> String {
    let mut story = Story { course, submission, paint, typed: BTreeSet::new() };
    let mut text = story.setting_up();
    for verdict in &submission.report.hops {
        if let Some(hop) = course.hops.iter().find(|hop| hop.id == verdict.id) {
            text.push_str(&story.hop(hop, verdict));
        }
    }
    for verdict in &submission.report.checks {
        let lesson = course.lesson(&verdict.lesson);
        if let Some(check) = lesson.and_then(|lesson| lesson.checks.iter().find(|check| check.id == verdict.id)) {
            text.push_str(&story.check(check, verdict));
        }
    }
    text.push('\n');
    text
}

/// One question, told.
struct Told<'t> {
    title: String,
    status: Status,
    asked: String,
    came: &'t str,
    answer: Option<String>,
    wanted: &'t str,
    /// What it means that it is not so.
    means: &'t str,
    command: &'t str,
}

struct Story<'a> {
    course: &'a Course,
    submission: &'a SubmissionReport,
    paint: Paint,
    /// Commands that were shown.
    typed: BTreeSet<String>,
}

impl Story<'_> {
    /// How a person gets the stack that was asked.
    fn setting_up(&mut self) -> String {
        let prompt = |command: &str| format!("    {}\n", self.paint.faint(&format!("$ {}", clean(command))));
        let dir = shell_words::quote(&self.submission.dir.to_string_lossy()).into_owned();
        let mut text = format!("  to see it yourself, start it first:\n{}{}", prompt(&format!("cd {dir}")), prompt(UP));
        let bootstrap = self.course.stack.bootstrap.as_ref();
        let services = self.submission.survey.as_ref().map(|survey| &survey.services);
        let app = services.and_then(|services| services.get(&self.course.roles.app));
        if let (Some(bootstrap), Some(app)) = (bootstrap, app.filter(|app| !app.service.is_empty())) {
            text.push_str("  and give the database its tables, where the files do not do that themselves:\n");
            let words = shell_words::join(&bootstrap.command);
            text.push_str(&prompt(&format!("docker compose run --rm {} {words}", app.service)));
        }
        // The database is asked for what was entered: entered it has to be, before anything is asked.
        if let Some(sent) = self.evidence(evidence_id::SUBMIT).filter(|sent| !sent.command.is_empty()) {
            text.push_str("  and send the form once, with the words that were used here:\n");
            let command = sent.command.clone();
            typed(&command).iter().for_each(|line| text.push_str(&prompt(line)));
            self.typed.insert(command);
        }
        text
    }

    fn hop(&mut self, hop: &Hop, verdict: &HopVerdict) -> String {
        let evidence = self.evidence(&hop.id);
        self.told(&Told {
            title: format!("link {} → {}", hop.from, hop.to),
            status: verdict.status,
            asked: self.asked(&hop.id, evidence),
            came: &verdict.observed,
            answer: answer(evidence, &verdict.command),
            wanted: &hop.needs,
            means: "",
            command: &verdict.command,
        })
    }

    fn check(&mut self, check: &Check, verdict: &CheckVerdict) -> String {
        let evidence = self.evidence(&check.evidence);
        let was_asked = !verdict.observed.starts_with("not asked");
        self.told(&Told {
            title: format!("{} ({})", check.label, verdict.lesson),
            status: verdict.status,
            asked: self.asked(&check.evidence, evidence),
            came: &verdict.observed,
            answer: answer(evidence, &verdict.command).filter(|_| was_asked),
            wanted: &check.label,
            means: &verdict.words,
            // A question that waits for another has no command before that one holds.
            command: if was_asked { &verdict.command } else { "" },
        })
    }

    fn told(&mut self, told: &Told<'_>) -> String {
        let label = |name: &str| self.paint.faint(&format!("{name:<7}"));
        let mut text = format!("\n  {} {}\n", symbol(told.status, self.paint), self.paint.strong(&clean(&told.title)));
        text.push_str(&format!("    {} {}\n", label("asked"), clean(&told.asked)));
        text.push_str(&format!("    {} {}\n", label("came"), clean(told.came)));
        let again = !told.command.is_empty() && !self.typed.insert(told.command.to_owned());
        for line in told.answer.iter().filter(|_| !again).flat_map(|answer| shown(answer)) {
            text.push_str(&format!("            {}\n", self.paint.faint(&format!("| {line}"))));
        }
        text.push_str(&format!("    {} {}\n", label("wanted"), clean(told.wanted)));
        if !told.means.is_empty() {
            text.push_str(&format!("    {} {}\n", label("means"), clean(told.means)));
        }
        if again {
            text.push_str(&format!("    {} the same command, above\n", label("see it")));
            return text;
        }
        for (at, command) in typed(told.command).iter().enumerate() {
            let name = if at == 0 { "see it" } else { "" };
            text.push_str(&format!("    {} {}\n", label(name), clean(&format!("$ {command}"))));
        }
        text
    }

    fn evidence(&self, id: &str) -> Option<&Evidence> {
        self.submission.survey.as_ref()?.evidence.get(id)
    }

    /// The question in words, and from where it was put.
    fn asked(&self, id: &str, evidence: Option<&Evidence>) -> String {
        let question = question(id, self.course);
        match evidence.map(|evidence| evidence.vantage.as_str()) {
            None => question,
            Some("host") => format!("{question} (from outside, as a visitor)"),
            Some(service) => format!("{question} (from the container of {service})"),
        }
    }
}

fn question(id: &str, course: &Course) -> String {
    let roles = &course.roles;
    match id {
        evidence_id::BROWSER_NGINX => format!("does anybody answer at {}?", course.stack.url),
        evidence_id::NGINX_FLASKAPP => format!("does {} get an answer from {}?", roles.proxy, roles.app),
        evidence_id::FLASKAPP_DB => format!("does {} get through to {}?", roles.app, roles.database),
        evidence_id::UPSTREAM => format!("does the address answer that {} is given?", roles.proxy),
        evidence_id::PAGE => "what does the front page show?".to_owned(),
        evidence_id::SUBMIT => "the form is filled in and sent: what does the visitor see then?".to_owned(),
        evidence_id::SUBMIT_AGAIN => {
            "the form is sent once more, with another item: what does the visitor see?".to_owned()
        }
        evidence_id::ROWS => "which rows of the database hold the item that was entered?".to_owned(),
        other => other.to_owned(),
    }
}

/// A command as a person types it. A form's hidden field changes with each visit: it is looked up first.
fn typed(command: &str) -> Vec<String> {
    let hidden = Regex::new(r"-d '([\w.\-\[\]]+)=…'").expect("it is one");
    let Some(name) = hidden.captures(command).map(|found| found[1].to_owned()) else {
        return Some(command.to_owned()).filter(|command| !command.is_empty()).into_iter().collect();
    };
    let address = command.rsplit(' ').next().unwrap_or_default();
    let look = format!(
        "hidden=$(curl -sL -c cookies {address} | grep -o '<input[^>]*{name}[^>]*>' | sed 's/.*value=[\"'\\'']\\([^\"'\\'']*\\).*/\\1/')"
    );
    vec![look, hidden.replace(command, "--data-urlencode \"$1=$$hidden\"").into_owned()]
}

/// What came, as the typed command prints it; nothing where another command says it, or it prints something else.
fn answer(evidence: Option<&Evidence>, command: &str) -> Option<String> {
    transcript(evidence.filter(|evidence| evidence.command == command)?)
}

/// The first lines of an answer, none of them long.
fn shown(answer: &str) -> Vec<String> {
    let cut = |line: &str| match line.char_indices().nth(MOST_CHARACTERS) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line.to_owned(),
    };
    let mut lines: Vec<String> = answer.lines().take(MOST_LINES).map(|line| clean(&cut(line))).collect();
    let more = answer.lines().count().saturating_sub(MOST_LINES);
    if more > 0 {
        lines.push(format!("… and {more} more lines"));
    }
    lines
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::{
        conductor::not_checked,
        course::vocabulary::{EVIDENCE, HOPS},
        error::Error,
        probe::{Observation, Survey},
    };

    #[test]
    fn every_question_has_words() {
        let course = Course::embedded().unwrap();
        for id in HOPS.iter().chain(&EVIDENCE) {
            assert!(question(id, &course).contains('?'), "{id}");
        }
    }

    #[test]
    fn a_hidden_field_is_looked_up_first() {
        let command = "curl -iL -b cookies -c cookies -d 'csrf_token=…' -d name=x http://localhost:8080/";
        let typed = typed(command);
        assert!(typed[0].starts_with("hidden=$(curl -sL -c cookies http://localhost:8080/ | "), "{typed:?}");
        assert_eq!(
            typed[1],
            "curl -iL -b cookies -c cookies --data-urlencode \"csrf_token=$hidden\" -d name=x http://localhost:8080/"
        );
        assert_eq!(super::typed("curl -i x"), ["curl -i x"]);
    }

    #[test]
    fn what_could_not_be_asked_is_told_for_each_link_and_check() {
        let course = Course::embedded().unwrap();
        let error = Error::environment("no engine");
        let submission = not_checked(std::path::Path::new("a b"), &course, &error);
        let text = explain(&course, &submission, Paint::none());
        let blocks = course.hops.len() + course.lessons.iter().map(|lesson| lesson.checks.len()).sum::<usize>();
        assert_eq!(text.matches("    wanted ").count(), blocks, "{text}");
        assert_eq!(text.matches("not asked: no engine").count(), blocks, "{text}");
        assert!(text.contains("$ cd 'a b'\n") && !text.contains("\n    see it "), "{text}");
    }

    #[test]
    fn what_a_page_says_is_shown_and_obeyed_by_nobody() {
        let course = Course::embedded().unwrap();
        let mut submission = not_checked(std::path::Path::new("x"), &course, &Error::environment("-"));
        let command = "curl -i http://localhost:8080/".to_owned();
        let body = format!("\u{1b}[2Jred\n{}\n{}", "long".repeat(100), "line\n".repeat(40));
        let answer = crate::probe::HttpAnswer { status: 200, reason: "OK".into(), body, ..Default::default() };
        let evidence = Evidence {
            id: HOPS[0].into(),
            command: command.clone(),
            vantage: "host".into(),
            observation: Observation::Http(answer),
            seconds: 0.1,
        };
        submission.report.hops[0].command = command;
        submission.survey =
            Some(Box::new(Survey { evidence: BTreeMap::from([(HOPS[0].to_owned(), evidence)]), ..Survey::default() }));
        let text = explain(&course, &submission, Paint::none());
        assert!(text.contains("| HTTP/1.1 200 OK\n") && text.contains("more lines"), "{text}");
        assert!(!text.contains('\u{1b}') && text.lines().all(|line| line.chars().count() < 400), "{text}");
        assert!(text.contains("see it  $ curl -i http://localhost:8080/\n"), "{text}");
    }
}
