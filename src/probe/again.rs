//! The form, filled in a second time: a page that shows one item need not show the next, nor what the database holds.
//!
//! Before that, the first row gets another name by SQL, in the same breath in which it is looked for. A page that lists the first
//! item by its former name does not read the database: it would be empty after a restart. Afterwards the row has its own name
//! again.

use std::time::Duration;

use super::{
    Evidence, Observation,
    browser::{Browser, Visit},
    evidence_id::SUBMIT_AGAIN,
    form::{self, Item},
    http::Failure,
    look::Look,
    prober::{Prober, evidence, not_asked},
    survey::submit_command,
};

/// How long each page is waited for.
const WITHIN: Duration = Duration::from_secs(10);

impl Prober {
    /// Sends a second item, once the first was taken and is in the database.
    pub(super) async fn submit_again(
        &self,
        look: &Look,
        browser: &mut Browser,
        (path, address): (&str, &str),
        submit: &Evidence,
        rows: &Evidence,
        renamed: Option<&str>,
    ) -> Evidence {
        let (Observation::Http(first), Observation::Rows(found)) = (&submit.observation, &rows.observation) else {
            return not_asked(SUBMIT_AGAIN, submit_command("", address), "host", "the first item did not get through");
        };
        let marker = match &first.marker {
            Some(marker) if first.status < 400 && first.astray.is_none() && !found.rows.is_empty() => marker,
            _ => return not_asked(SUBMIT_AGAIN, submit_command("", address), "host", "the first item was not stored"),
        };
        let begun = tokio::time::Instant::now();
        let within = look.patience(WITHIN);
        let page = browser.visit(path, within).await;
        let item = Item::new();
        let (sent, visit) = match page {
            Ok(page) => match form::choose(&page.forms).cloned() {
                Some(form) => browser.submit(&page, &form, &item, within).await,
                None => (Vec::new(), Ok(without_form(page, &item))),
            },
            Err(failure) => (Vec::new(), Err(failure)),
        };
        let observation = match visit {
            Ok(mut visit) => {
                let shows = |name: &str| visit.answer.visible.contains(name);
                visit.answer.from_database = match renamed.map(|name| (shows(name), shows(marker))) {
                    Some((true, _)) => Some(true),
                    Some((false, true)) => Some(false),
                    // It shows other items, or it cannot be told.
                    _ => None,
                };
                Observation::Http(visit.answer)
            }
            Err(failure) => Failure::observation(failure),
        };
        evidence(
            SUBMIT_AGAIN,
            submit_command(&fields(&sent), address),
            "host",
            observation,
            begun.elapsed().as_secs_f64(),
        )
    }
}

/// The page on which there was nothing to fill in.
fn without_form(mut page: Visit, item: &Item) -> Visit {
    page.answer.marker = Some(item.marker.clone());
    page
}

/// What was sent, as arguments of curl.
pub(super) fn fields(sent: &[(String, String)]) -> String {
    let mut fields = String::new();
    for (name, value) in sent {
        let value = if name.contains("csrf") { "…" } else { value };
        fields.push_str(&format!(" -d {}", super::clean::line(&shell_words::quote(&format!("{name}={value}")))));
    }
    fields
}
