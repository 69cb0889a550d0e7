//! What a course must not contradict: ids, references, the ladder of hints, the one right answer, conditions.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Beat, Course, CourseFinding, FactReader, Lesson, Prediction, Probe, ProbeKey, ProbeKind, Shown,
    practice::FOLDER,
    vocabulary::{EVIDENCE, FACTS, HOPS},
};
use crate::compose::Severity;

/// Everything in which a course contradicts itself or names what does not exist; empty when there is nothing.
pub fn validate(course: &Course) -> Vec<CourseFinding> {
    let mut validator = Validator::new(course);
    validator.course();
    for (index, lesson) in course.lessons.iter().enumerate() {
        validator.file = course.lesson_files.get(index).cloned().unwrap_or_default();
        validator.lesson(lesson);
    }
    validator.circles();
    validator.talk();
    validator.practice();
    validator.findings
}

/// Collects findings, with the file that is looked at.
pub(super) struct Validator<'a> {
    pub course: &'a Course,
    pub file: String,
    pub findings: Vec<CourseFinding>,
    pub hops: BTreeSet<&'a str>,
    pub checks: BTreeSet<&'a str>,
    /// Names of facts, as the course has them.
    pub facts: Vec<String>,
}

impl<'a> Validator<'a> {
    pub fn new(course: &'a Course) -> Self {
        Self {
            course,
            file: "course.toml".to_owned(),
            findings: Vec::new(),
            hops: course.hops.iter().map(|hop| hop.id.as_str()).collect(),
            checks: course.lessons.iter().flat_map(|lesson| &lesson.checks).map(|check| check.id.as_str()).collect(),
            facts: FACTS
                .iter()
                .map(|name| course.roles.fact(name))
                .chain(course.facts.iter().map(|own| own.name.clone()))
                .collect(),
        }
    }

    pub fn error(&mut self, path: &str, message: impl Into<String>) {
        self.say(Severity::Error, path, message);
    }

    pub fn warn(&mut self, path: &str, message: impl Into<String>) {
        self.say(Severity::Warning, path, message);
    }

    /// A warning at the line of a text of several lines.
    pub fn warn_at_line(&mut self, path: &str, line: &str, message: impl Into<String>) {
        let place = self.course.sources.place_of_line(&self.file, path, line);
        self.findings.push(CourseFinding { place, severity: Severity::Warning, message: message.into() });
    }

    fn say(&mut self, severity: Severity, path: &str, message: impl Into<String>) {
        let place = self.course.sources.place(&self.file, path);
        self.findings.push(CourseFinding { place, severity, message: message.into() });
    }

    fn course(&mut self) {
        let course = self.course;
        self.unique("hop", course.hops.iter().enumerate().map(|(i, hop)| (format!("hops.{i}.id"), hop.id.as_str())));
        for (index, hop) in course.hops.iter().enumerate() {
            match &hop.probe {
                None if !HOPS.contains(&hop.id.as_str()) => {
                    let known = HOPS.join(", ");
                    let message = format!("no hop {}: one of {known}, or one with a probe of the course's", hop.id);
                    self.error(&format!("hops.{index}.id"), message);
                }
                Some(probe) if !course.probes.iter().any(|known| known.id == *probe) => {
                    self.error(&format!("hops.{index}.probe"), format!("there is no probe {probe}"));
                }
                _ => {}
            }
        }
        let files = course.lesson_files.iter().enumerate().map(|(i, file)| (format!("lessons.{i}"), file.as_str()));
        self.unique("lesson file", files);
        let looks_like_a_lesson = |file: &&String| {
            file.ends_with(".toml")
                && *file != "course.toml"
                && !file.starts_with(FOLDER)
                && !course.lesson_files.contains(*file)
                && course.talk_file.as_ref() != Some(*file)
        };
        for file in course.sources.texts.keys().filter(looks_like_a_lesson).cloned().collect::<Vec<_>>() {
            self.warn("lessons", format!("{file} is not in the list of lessons"));
        }
        self.services_and_probes();
        self.own_facts();
        if course.stack.bootstrap.as_ref().is_some_and(|bootstrap| bootstrap.command.is_empty()) {
            self.error("stack.bootstrap.command", "the command that prepares the database is empty");
        }
        let mut ids = BTreeSet::new();
        let mut check_ids = BTreeSet::new();
        let mut wrong_turn_ids = BTreeSet::new();
        for (index, lesson) in course.lessons.iter().enumerate() {
            self.file = course.lesson_files.get(index).cloned().unwrap_or_default();
            self.once("lesson", "id", &lesson.id, &mut ids);
            for (index, check) in lesson.checks.iter().enumerate() {
                self.once("check", &format!("checks.{index}.id"), &check.id, &mut check_ids);
            }
            for (index, turn) in lesson.wrong_turns.iter().enumerate() {
                self.once("wrong turn", &format!("wrong_turns.{index}.id"), &turn.id, &mut wrong_turn_ids);
            }
            let variants = lesson.variants.iter().enumerate();
            self.unique("variant", variants.map(|(i, variant)| (format!("variants.{i}.id"), variant.id.as_str())));
        }
    }

    /// What a course has of its own beside the three parts and the three links.
    fn services_and_probes(&mut self) {
        let course = self.course;
        let own = !course.services.is_empty() || !course.probes.is_empty() || !course.facts.is_empty();
        if own && course.format < 2 {
            self.error("format", "services, probes and facts of a course's own need format = 2");
        }
        let services = course.services.iter().enumerate();
        self.unique("service", services.clone().map(|(i, one)| (format!("services.{i}.role"), one.role.as_str())));
        for (index, service) in services {
            if let Some(pattern) = &service.command {
                self.pattern(&format!("services.{index}.command"), pattern);
            }
        }
        let probes = course.probes.iter().enumerate();
        self.unique("probe", probes.clone().map(|(i, probe)| (format!("probes.{i}.id"), probe.id.as_str())));
        for (index, probe) in probes {
            let path = |key: &str| format!("probes.{index}.{key}");
            if HOPS.contains(&probe.id.as_str()) || EVIDENCE.contains(&probe.id.as_str()) {
                self.error(&path("id"), format!("{} is evidence that the program itself gathers", probe.id));
            }
            if let Some(pattern) = &probe.shows {
                self.pattern(&path("shows"), pattern);
            }
            self.probe_keys(index, probe);
        }
    }

    /// A fact of the course's own has a name that is nobody else's, and says where it is read.
    fn own_facts(&mut self) {
        let course = self.course;
        let names: Vec<String> = FACTS.iter().map(|name| course.roles.fact(name)).collect();
        self.unique(
            "fact",
            course.facts.iter().enumerate().map(|(i, own)| (format!("facts.{i}.name"), own.name.as_str())),
        );
        for (index, own) in course.facts.iter().enumerate() {
            let path = |key: &str| format!("facts.{index}.{key}");
            if names.contains(&own.name) || !own.name.contains('.') || own.name.starts_with("live.") {
                self.error(&path("name"), format!("{} is the program's own, or not of two words", own.name));
            }
            match (own.reader, &own.service, &own.file) {
                (FactReader::Environment, Some(service), None) => self.role(&path("service"), service),
                (FactReader::Text, None, Some(_)) => self.pattern(&path("what"), &own.what),
                _ => self
                    .error(&path("reader"), "environment needs a service, text needs a file, and neither takes both"),
            }
        }
    }

    /// A probe has the keys that its kind takes, and what it names is there.
    fn probe_keys(&mut self, index: usize, probe: &Probe) {
        let path = |key: &str| format!("probes.{index}.{key}");
        let kind = format!("{:?}", probe.kind).to_lowercase();
        let (needed, allowed) = probe.kind.keys();
        for key in ProbeKey::ALL {
            let name = key.name();
            match key.is_in(probe) {
                false if needed.contains(&key) => self.error(&path("kind"), format!("{kind} needs {name}")),
                true if !needed.contains(&key) && !allowed.contains(&key) => {
                    self.error(&path(name), format!("{kind} takes no {name}"));
                }
                _ => {}
            }
        }
        if let Some(service) = &probe.service {
            self.role(&path("service"), service);
        }
        if probe.path.as_deref().is_some_and(|path| !path.starts_with('/')) {
            self.error(&path("path"), "a path begins with /");
        }
        if probe.kind == ProbeKind::Http && probe.host.is_some() != probe.service.is_some() {
            self.error(
                &path("host"),
                "http asks from a service's networks with service, host and port, else through the front door",
            );
        }
        // One after the other: what is asked later cannot come first.
        let earlier: Vec<&str> = self.course.probes[..index].iter().map(|one| one.id.as_str()).collect();
        let named = probe.needs.iter().enumerate().map(|(at, id)| (format!("needs.{at}"), id));
        for (key, id) in named.chain(probe.of.iter().map(|id| ("of".to_owned(), id))) {
            if !earlier.contains(&id.as_str()) {
                self.error(&path(&key), format!("there is no probe {id} before this one"));
            }
        }
    }

    pub(super) fn unique<'b>(&mut self, what: &str, ids: impl Iterator<Item = (String, &'b str)>) {
        let mut seen = BTreeSet::new();
        for (path, id) in ids {
            self.once(what, &path, id, &mut seen);
        }
    }

    fn once<'b>(&mut self, what: &str, path: &str, id: &'b str, seen: &mut BTreeSet<&'b str>) {
        if !seen.insert(id) {
            self.error(path, format!("a second {what} with the id {id}"));
        }
    }

    fn lesson(&mut self, lesson: &'a Lesson) {
        if !lesson.fix.is_empty() && lesson.checks.is_empty() {
            self.error("fix", "a lesson with a bug needs a check that fails while it is there");
        }
        if let Some(seen) = &lesson.seen {
            self.condition("seen", seen);
        }
        for (index, beat) in lesson.beats.iter().enumerate() {
            self.beat(index, beat);
        }
        if let Some(prediction) = &lesson.prediction {
            self.prediction(prediction);
        }
        for (index, check) in lesson.checks.iter().enumerate() {
            if !self.evidence_is_known(&check.evidence) {
                self.unknown_evidence(&format!("checks.{index}.evidence"), &check.evidence);
            }
            for (position, needed) in check.needs.iter().enumerate() {
                if !self.hops.contains(needed.as_str()) && !self.checks.contains(needed.as_str()) {
                    let path = format!("checks.{index}.needs.{position}");
                    self.error(&path, format!("there is no hop and no check {needed}"));
                }
            }
            self.condition(&format!("checks.{index}.pass"), &check.pass);
        }
        if let Some(index) = lesson.hints.windows(2).position(|pair| pair[0].rung >= pair[1].rung) {
            let path = format!("hints.{}.rung", index + 1);
            self.error(&path, "hints climb from where to what to how to show, each rung once");
        }
        for (index, turn) in lesson.wrong_turns.iter().enumerate() {
            self.condition(&format!("wrong_turns.{index}.when"), &turn.when);
            for (position, test) in turn.place.iter().flatten().enumerate() {
                self.place(&format!("wrong_turns.{index}.place.{position}"), test);
            }
            for (key, set) in [("saved_only", turn.saved_only), ("while_running", turn.while_running)] {
                if set && turn.edits.is_empty() {
                    self.error(&format!("wrong_turns.{index}.{key}"), "nothing is saved: there are no edits");
                }
            }
            if turn.saved_only && turn.while_running {
                let message = "edits that are not made live cannot be made live while the stack runs";
                self.error(&format!("wrong_turns.{index}.while_running"), message);
            }
            for (key, services) in [("start", &turn.start), ("moved", &turn.moved)] {
                for (position, service) in services.iter().enumerate() {
                    self.role(&format!("wrong_turns.{index}.{key}.{position}"), service);
                }
            }
        }
        self.edit_paths(lesson);
    }

    fn beat(&mut self, index: usize, beat: &Beat) {
        if !beat.step.is_empty() && !self.course.method.contains(&beat.step) {
            let method = self.course.method.join(", ");
            self.error(&format!("beats.{index}.step"), format!("no step {} in the method: {method}", beat.step));
        }
        let path = format!("beats.{index}.show");
        match beat.shown() {
            None => {}
            Some(Shown::File { path: file, at }) => match (self.course.broken_stack().get(file), at) {
                (None, _) => self.error(&path, format!("the broken stack has no file {file}")),
                (Some(text), Some(at)) if at.is_empty() || !text.lines().any(|line| line.contains(at)) => {
                    self.error(&path, format!("no line of {file} holds {at:?}"));
                }
                _ => {}
            },
            Some(Shown::Logs(service)) => self.role(&path, service),
            Some(Shown::Evidence(id)) if !self.evidence_is_known(id) => {
                self.error(&path, format!("{id} is neither an evidence id nor file:PATH nor logs:SERVICE"));
            }
            Some(Shown::Evidence(_)) => {}
        }
    }

    fn prediction(&mut self, prediction: &Prediction) {
        if !(2..=5).contains(&prediction.choices.len()) {
            self.error("prediction.choices", "a question has two to five answers");
        }
        let right = prediction.choices.iter().filter(|choice| choice.right).count();
        if right != 1 {
            self.error("prediction.choices", format!("exactly one answer is right, and here {right} are"));
        }
    }

    fn edit_paths(&mut self, lesson: &Lesson) {
        let fix = lesson.fix.iter().enumerate().map(|(i, edit)| (format!("fix.{i}"), edit));
        let variants = lesson.variants.iter().enumerate().flat_map(|(v, variant)| {
            variant.edits.iter().enumerate().map(move |(i, edit)| (format!("variants.{v}.edits.{i}"), edit))
        });
        let turns = lesson.wrong_turns.iter().enumerate().flat_map(|(t, turn)| {
            turn.edits.iter().enumerate().map(move |(i, edit)| (format!("wrong_turns.{t}.edits.{i}"), edit))
        });
        for (path, edit) in fix.chain(variants).chain(turns) {
            if !stays_inside(edit.file()) {
                self.error(&path, format!("{} is not a path inside the stack", edit.file()));
            }
        }
    }

    pub fn evidence_is_known(&self, id: &str) -> bool {
        self.hops.contains(id) || EVIDENCE.contains(&id) || self.course.probes.iter().any(|probe| probe.id == id)
    }

    pub fn unknown_evidence(&mut self, path: &str, id: &str) {
        let own = self.course.probes.iter().map(|probe| probe.id.as_str());
        let known: Vec<&str> = self.hops.iter().copied().chain(EVIDENCE).chain(own).collect();
        self.error(path, format!("no evidence {id}: one of {}", known.join(", ")));
    }

    pub fn role(&mut self, path: &str, service: &str) {
        let roles = &self.course.roles;
        let others = self.course.services.iter().map(|one| &one.role);
        let known: Vec<&String> = [&roles.proxy, &roles.app, &roles.database].into_iter().chain(others).collect();
        if !known.iter().any(|role| *role == service) {
            let known: Vec<&str> = known.into_iter().map(String::as_str).collect();
            self.error(path, format!("no service {service}: one of {}", known.join(", ")));
        }
    }

    /// A check that needs itself, over however many corners, could never be asked.
    fn circles(&mut self) {
        let course = self.course;
        let all = || course.lessons.iter().flat_map(|lesson| &lesson.checks);
        let needs: BTreeMap<&str, &[String]> = all().map(|check| (check.id.as_str(), check.needs.as_slice())).collect();
        for (lesson, file) in course.lessons.iter().zip(&course.lesson_files) {
            self.file.clone_from(file);
            for (index, check) in lesson.checks.iter().enumerate() {
                let mut reached = BTreeSet::new();
                let mut waiting: Vec<&str> = check.needs.iter().map(String::as_str).collect();
                while let Some(id) = waiting.pop() {
                    if reached.insert(id) {
                        waiting.extend(needs.get(id).into_iter().copied().flatten().map(String::as_str));
                    }
                }
                if reached.contains(check.id.as_str()) {
                    self.error(&format!("checks.{index}.needs"), format!("check {} needs itself", check.id));
                }
            }
        }
    }
}

/// Whether this is a plain path inside a stack, with forward slashes.
pub(super) fn stays_inside(path: &str) -> bool {
    !path.is_empty()
        && !path.contains('\\')
        && path.split('/').all(|part| !matches!(part, "" | "." | ".." | ".git" | ".breakfix"))
}
