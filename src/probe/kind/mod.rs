//! The kinds of question that a course may put: a file each. Each says the command that a person would type.
//!
//! A new kind is a file here, its line in [`Prober::put`], and its row in the table of `course::probe`.

mod dns;
mod eventually;
mod exec;
mod form;
mod http;
mod log;
mod redis;
mod sql;
mod state;
mod stops;
mod tcp;

use std::{collections::BTreeMap, time::Duration};

use regex::RegexBuilder;
use tokio::time::Instant;

use super::{
    Evidence, Observation,
    prober::{HostPorts, Prober, SurveyOptions, not_asked},
    settle::Look,
    slowness,
};
use crate::course::{Probe, ProbeKind};

/// Between two tries.
const PAUSE: Duration = Duration::from_millis(250);

/// Whether an answer is what the question asks for; `None` where that cannot be told.
pub fn is_met(probe: &Probe, observation: &Observation) -> Option<bool> {
    let shows = |text: &str| {
        let Some(pattern) = &probe.shows else { return Some(true) };
        RegexBuilder::new(pattern).multi_line(true).build().ok().map(|regex| regex.is_match(text))
    };
    match observation {
        Observation::NotAsked { .. } | Observation::Unknown { .. } => None,
        Observation::Exit { code: 0, output } => shows(output),
        Observation::Connected { what } => shows(what),
        Observation::Http(answer) if answer.status < 400 => shows(&answer.visible),
        _ => Some(false),
    }
}

/// What a probe saw.
struct Asked {
    evidence: Evidence,
    /// Of a form: the path of the page that it led to.
    ends_at: Option<String>,
}

impl From<Evidence> for Asked {
    fn from(evidence: Evidence) -> Self {
        Self { evidence, ends_at: None }
    }
}

impl Prober {
    /// Asks what the course asks beside its chain, in its order; again and again while it does not hold and there is time.
    pub(super) async fn ask_probes(&self, look: &Look, options: &SurveyOptions) -> Vec<Evidence> {
        // One after the other: an order has to be placed before its end can be seen.
        let mut asked: BTreeMap<String, Asked> = BTreeMap::new();
        for probe in &self.probes {
            let seen = match self.not_to_ask(probe, &asked, options) {
                Some(because) => not_asked(&probe.id, "", "host", &because).into(),
                None => self.ask_probe(probe, &asked, look, &options.ports).await,
            };
            asked.insert(probe.id.clone(), seen);
        }
        // A link that has a probe is what that probe saw.
        let link = |(hop, probe): &(String, Option<String>)| {
            let seen = asked.get(probe.as_ref()?)?;
            Some(Evidence { id: hop.clone(), ..seen.evidence.clone() })
        };
        let links: Vec<Evidence> = self.hops.iter().filter_map(link).collect();
        asked.into_values().map(|seen| seen.evidence).chain(links).collect()
    }

    /// Why this probe is not asked now, if it is not.
    fn not_to_ask(&self, probe: &Probe, asked: &BTreeMap<String, Asked>, options: &SurveyOptions) -> Option<String> {
        if probe.writes && !options.submit {
            return Some("nothing is to be written into the database".to_owned());
        }
        let holds = |id: &String| {
            let of = self.probes.iter().find(|one| one.id == *id)?;
            is_met(of, &asked.get(id)?.evidence.observation)
        };
        let unmet = probe.needs.iter().find(|id| holds(id) != Some(true))?;
        Some(format!("{unmet} comes first"))
    }

    async fn ask_probe(&self, probe: &Probe, asked: &BTreeMap<String, Asked>, look: &Look, ports: &HostPorts) -> Asked {
        let deadline = Instant::now() + Duration::from_secs(probe.within.into()).mul_f64(slowness());
        loop {
            let seen = self.put(probe, asked, look, ports).await;
            // A form has been looked at again already: a second one would be a second order.
            let once = probe.kind == ProbeKind::Form;
            if once || is_met(probe, &seen.evidence.observation) == Some(true) || Instant::now() >= deadline {
                return seen;
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Puts a question once.
    async fn put(&self, probe: &Probe, asked: &BTreeMap<String, Asked>, look: &Look, ports: &HostPorts) -> Asked {
        match probe.kind {
            ProbeKind::Exec => self.run_in_service(probe).await.into(),
            ProbeKind::Http => self.visit_path(probe, look, ports).await.into(),
            ProbeKind::Form => self.fill_in(probe, look, ports).await,
            ProbeKind::Sql => self.run_statement(probe).await.into(),
            ProbeKind::Redis => self.ask_redis(probe).await.into(),
            ProbeKind::Tcp => self.dial_from_service(probe, look).await.into(),
            ProbeKind::Dns => self.resolve(probe).await.into(),
            ProbeKind::State => self.inspect_service(probe).await.into(),
            ProbeKind::Log => self.read_log(probe).await.into(),
            ProbeKind::Stops => self.stop_service(probe).await.into(),
            // It may itself put any of the others.
            ProbeKind::Eventually => Box::pin(self.look_again(probe, asked, look, ports)).await.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::probe::HttpAnswer;

    fn probe(shows: Option<&str>) -> Probe {
        Probe { shows: shows.map(str::to_owned), ..toml::from_str("id = 'queue'\nkind = 'exec'").unwrap() }
    }

    #[test]
    fn an_answer_holds_where_it_ended_well_and_shows_what_is_asked_for() {
        let printed = |code, output: &str| Observation::Exit { code, output: output.into() };
        assert_eq!(is_met(&probe(None), &printed(0, "3\n")), Some(true));
        assert_eq!(is_met(&probe(Some("^0$")), &printed(0, "3\n0\n")), Some(true), "a line of several");
        assert_eq!(is_met(&probe(Some("^0$")), &printed(0, "10\n")), Some(false));
        assert_eq!(is_met(&probe(Some("^0$")), &printed(1, "0\n")), Some(false));
        let page = |status, visible: &str| {
            Observation::Http(HttpAnswer { status, visible: visible.into(), ..HttpAnswer::default() })
        };
        assert_eq!(is_met(&probe(Some("done")), &page(200, "order 7: done")), Some(true));
        assert_eq!(is_met(&probe(None), &page(502, "")), Some(false));
        assert_eq!(is_met(&probe(None), &Observation::Unknown { because: "busy".into() }), None);
        assert_eq!(is_met(&probe(None), &Observation::Refused), Some(false));
    }
}
