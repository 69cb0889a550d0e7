//! Another probe, until it holds or time is up; of a form, the page that it led to.

use std::collections::BTreeMap;

use super::Asked;
use crate::{
    course::{Probe, ProbeKind},
    probe::{
        Evidence, Observation,
        prober::{HostPorts, Prober, not_asked},
        settle::Look,
    },
};

impl Prober {
    /// One look; the caller looks again. Of what was asked before, it takes where a form ended.
    pub(super) async fn look_again(
        &self,
        probe: &Probe,
        asked: &BTreeMap<String, Asked>,
        look: &Look,
        ports: &HostPorts,
    ) -> Evidence {
        let of = probe.of.as_deref().unwrap_or_default();
        let other = self.probes.iter().find(|one| one.id == of);
        let (Some(other), Some(before)) = (other, asked.get(of)) else {
            return not_asked(&probe.id, "", "host", &format!("{of} was not asked"));
        };
        let seen = match (other.kind, &before.ends_at) {
            (ProbeKind::Form, Some(path)) => self.visit_at_front(&probe.id, path, look, ports).await,
            (ProbeKind::Form, None) => {
                let because = match &before.evidence.observation {
                    Observation::NotAsked { because } => because.clone(),
                    _ => "the form led to no page".to_owned(),
                };
                not_asked(&probe.id, "", "host", &because)
            }
            _ => self.put(other, asked, look, ports).await.evidence,
        };
        Evidence { id: probe.id.clone(), ..seen }
    }
}
