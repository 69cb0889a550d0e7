//! The form of a page, filled in with fresh words and sent; then the page that it leads to, again and again until it shows what is
//! asked for.

use std::time::Duration;

use tokio::time::Instant;

use super::{Asked, PAUSE, is_met};
use crate::{
    course::Probe,
    probe::{
        Observation,
        browser::Browser,
        form,
        front_door::Front,
        http::{Door, Failure},
        item::Item,
        prober::{HostPorts, Prober, evidence, not_asked},
        resubmit::fields,
        settle::Look,
        slowness,
        survey::submit_command,
    },
};

/// How long a page is waited for.
const ANSWER: Duration = Duration::from_secs(10);

impl Prober {
    pub(super) async fn fill_in(&self, probe: &Probe, look: &Look, ports: &HostPorts) -> Asked {
        let path = probe.path.as_deref().unwrap_or("/");
        let address = self.address(look, ports, path);
        let Front::Published { at, .. } = &look.front else {
            let command = submit_command("", &address);
            return not_asked(&probe.id, command, "host", "nothing answers at the front door").into();
        };
        let begun = Instant::now();
        let within = look.patience(ANSWER);
        let mut browser = Browser::new(Door::Host(self.engine.info.host.clone(), *at), self.authority.clone());
        let page = match browser.visit(path, within).await {
            Ok(page) => page,
            Err(failure) => {
                let seconds = begun.elapsed().as_secs_f64();
                return evidence(&probe.id, format!("curl -i {address}"), "host", failure.observation(), seconds)
                    .into();
            }
        };
        let Some(form) = form::choose(&page.forms) else {
            let command = format!("curl -i {address}");
            return not_asked(&probe.id, command, "host", "the page has no form to fill in").into();
        };
        let (sent, mut visit) = browser.submit(&page, form, &form.fit(&Item::new()), within).await;
        let command = submit_command(&fields(&sent), &address);
        let deadline = Instant::now() + Duration::from_secs(probe.within.into()).mul_f64(slowness());
        loop {
            let ends_at = visit.as_ref().ok().map(|visit| visit.path.clone());
            let seen = visit.map_or_else(Failure::observation, |visit| Observation::Http(visit.answer));
            let again = is_met(probe, &seen) != Some(true) && Instant::now() < deadline;
            match ends_at {
                Some(path) if again => {
                    tokio::time::sleep(PAUSE).await;
                    visit = browser.visit(&path, within).await;
                }
                ends_at => {
                    let seconds = begun.elapsed().as_secs_f64();
                    return Asked { evidence: evidence(&probe.id, command, "host", seen, seconds), ends_at };
                }
            }
        }
    }
}
