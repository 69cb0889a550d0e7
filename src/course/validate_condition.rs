//! What conditions may say: known names, patterns that compile, tests that test something.

use regex::Regex;

use super::{
    Condition, EvidenceTest, FactTest, MARKER, PlaceTest, StaleTest,
    validate::Validator,
    vocabulary::{ACTIONS, KINDS, STATES, STATUSES},
};

impl Validator<'_> {
    pub fn condition(&mut self, path: &str, condition: &Condition) {
        match condition {
            Condition::All(several) => self.conditions(&format!("{path}.all"), several),
            Condition::Any(several) => self.conditions(&format!("{path}.any"), several),
            Condition::Not(inner) => self.condition(&format!("{path}.not"), inner),
            Condition::Hop(test) => {
                if !self.hops.contains(test.id.as_str()) {
                    self.error(&format!("{path}.hop.id"), format!("there is no hop {}", test.id));
                }
                self.one_of(&format!("{path}.hop.is"), "status", &test.is, &STATUSES);
            }
            Condition::Check(test) => {
                if !self.checks.contains(test.id.as_str()) {
                    self.error(&format!("{path}.check.id"), format!("there is no check {}", test.id));
                }
                self.one_of(&format!("{path}.check.is"), "status", &test.is, &STATUSES);
            }
            Condition::Saw(test) => self.saw(&format!("{path}.saw"), test),
            Condition::Log(test) => {
                self.role(&format!("{path}.log.service"), &test.service);
                self.pattern(&format!("{path}.log.matches"), &test.matches);
            }
            Condition::File(test) => self.pattern(&format!("{path}.file.matches"), &test.matches),
            Condition::Fact(test) => self.fact(&format!("{path}.fact"), test),
            Condition::State(test) => {
                self.role(&format!("{path}.state.service"), &test.service);
                self.one_of(&format!("{path}.state.is"), "state", &test.is, &STATES);
            }
            Condition::Stale(StaleTest::Service(service)) => self.role(&format!("{path}.stale"), service),
            Condition::Stale(StaleTest::Precise(test)) => {
                self.role(&format!("{path}.stale.service"), &test.service);
                if let Some(action) = &test.action {
                    self.one_of(&format!("{path}.stale.action"), "action", action, &ACTIONS);
                }
                if let Some(file) = &test.file {
                    self.pattern(&format!("{path}.stale.file"), file);
                }
            }
        }
    }

    /// One way to say where something stands: a text in a file, a fact, or what a log complains of.
    pub fn place(&mut self, path: &str, test: &PlaceTest) {
        match (&test.file, &test.matches, &test.fact, &test.complaint) {
            (Some(_), Some(pattern), None, None) => self.pattern(&format!("{path}.matches"), pattern),
            (None, None, Some(fact), None) => self.is_fact(&format!("{path}.fact"), fact),
            (None, None, None, Some(role)) => self.role(&format!("{path}.complaint"), role),
            _ => self.error(path, "a place is a file with matches, or a fact, or a complaint"),
        }
    }

    fn conditions(&mut self, path: &str, several: &[Condition]) {
        if several.is_empty() {
            self.error(path, "an empty list of conditions says nothing");
        }
        for (index, condition) in several.iter().enumerate() {
            self.condition(&format!("{path}.{index}"), condition);
        }
    }

    fn saw(&mut self, path: &str, test: &EvidenceTest) {
        if !self.evidence_is_known(&test.evidence) {
            self.unknown_evidence(&format!("{path}.evidence"), &test.evidence);
        }
        if *test == (EvidenceTest { evidence: test.evidence.clone(), ..EvidenceTest::default() }) {
            self.error(path, "nothing is asked of this evidence: add kind, status, visible, …");
        }
        if let Some(kind) = &test.kind {
            self.one_of(&format!("{path}.kind"), "kind", kind, &KINDS);
        }
        if let Some(status) = &test.status
            && !status.split('|').all(is_status_pattern)
        {
            self.error(&format!("{path}.status"), format!("{status} is not like 200, 2xx or 502|504"));
        }
        let body = test.body.as_ref().map(|body| body.replace(MARKER, "name"));
        let patterns = [
            ("server", &test.server),
            ("header", &test.header),
            ("visible", &test.visible),
            ("body", &body),
            ("text", &test.text),
        ];
        for (key, pattern) in patterns {
            if let Some(pattern) = pattern {
                self.pattern(&format!("{path}.{key}"), pattern);
            }
        }
    }

    fn fact(&mut self, path: &str, test: &FactTest) {
        for (key, name) in [
            ("name", Some(&test.name)),
            ("same_as", test.same_as.as_ref()),
            ("differs_from", test.differs_from.as_ref()),
        ] {
            if let Some(name) = name
                && !name.starts_with("live.")
            {
                self.is_fact(&format!("{path}.{key}"), name);
            }
        }
        if *test == (FactTest { name: test.name.clone(), ..FactTest::default() }) {
            self.error(path, "nothing is asked of this fact: add is, is_not, matches, same_as or differs_from");
        }
        if let Some(pattern) = &test.matches {
            self.pattern(&format!("{path}.matches"), pattern);
        }
    }

    fn is_fact(&mut self, path: &str, name: &str) {
        let known: Vec<String> = self.facts.clone();
        self.one_of(path, "fact", name, &known.iter().map(String::as_str).collect::<Vec<_>>());
    }

    fn one_of(&mut self, path: &str, what: &str, name: &str, known: &[&str]) {
        if !known.contains(&name) {
            self.error(path, format!("no {what} {name}: one of {}", known.join(", ")));
        }
    }

    pub(super) fn pattern(&mut self, path: &str, pattern: &str) {
        if let Err(error) = Regex::new(pattern) {
            let last = error.to_string().lines().last().unwrap_or_default().trim().to_owned();
            self.error(path, format!("the pattern {pattern} cannot be used: {last}"));
        }
    }
}

fn is_status_pattern(pattern: &str) -> bool {
    let bytes = pattern.as_bytes();
    matches!(bytes, [b'1'..=b'5', b'x', b'x']) || matches!(bytes, [b'1'..=b'5', b'0'..=b'9', b'0'..=b'9'])
}
