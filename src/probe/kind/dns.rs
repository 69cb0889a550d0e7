//! What a name means in a service's container.

use crate::{
    course::Probe,
    probe::{Evidence, Observation, prober::Prober},
};

/// `getent` ends with this where nobody has the name.
const NOBODY: i64 = 2;

impl Prober {
    pub(super) async fn resolve(&self, probe: &Probe) -> Evidence {
        let name = probe.host.as_deref().unwrap_or_default();
        let words = ["getent", "hosts", name];
        let mut seen = self.run_words(probe, &words, &shell_words::join(words)).await;
        match &seen.observation {
            Observation::Exit { code: NOBODY, .. } => {
                seen.observation = Observation::NameUnknown { name: name.to_owned() };
            }
            Observation::Exit { code: 126 | 127, .. } => {
                let because = format!("{} has no getent to ask with", seen.vantage);
                seen.observation = Observation::Unknown { because };
            }
            _ => {}
        }
        seen
    }
}
