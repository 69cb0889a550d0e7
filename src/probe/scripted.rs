//! The form, filled in and sent by a real browser: for pages whose scripts send it, or show what came of it.

use std::time::Duration;

use tokio::time::Instant;

use super::{
    BrowserProgram, Evidence, Observation, RealBrowser, Sold,
    evidence_id::{FLASKAPP_DB, ROWS, SUBMIT, SUBMIT_AGAIN},
    front_door::Front,
    item::Item,
    prober::{Part, Prober, evidence, not_asked},
    resubmit::fields,
    settle::Look,
    survey::{Journey, submit_command},
};
use crate::error::Result;

/// How long scripts may take to show what was sold, on a machine with nothing else to do.
const SETTLES: Duration = Duration::from_secs(3);

impl Prober {
    /// Sells two items with a real browser, and looks for the first one's row.
    pub(super) async fn journey_by_browser(
        &self,
        program: &BrowserProgram,
        look: &Look,
        (path, address): (&str, &str),
    ) -> Journey {
        let begun = Instant::now();
        let at = match look.front {
            Front::Published { at, .. } => at,
            Front::Down(_) | Front::Nobody(_) => self.port,
        };
        let item = Item::new();
        let opened = RealBrowser::open(program, &self.authority, &self.engine.info.host, at).await;
        let (browser, sold) = match opened {
            Ok(browser) => {
                let sold = browser.sell(path, &item, look.patience(SETTLES)).await;
                (Some(browser), sold)
            }
            Err(error) => (None, Err(error)),
        };
        let seconds = begun.elapsed().as_secs_f64();
        let submit = sale(SUBMIT, address, &sold, seconds);
        let nothing = |id, command, vantage: &str| not_asked(id, command, vantage, "the form was not sent");
        let (mut rows, mut once_more) = (nothing(ROWS, self.rows_command("…"), self.service(Part::Database)), None);
        let mut again = nothing(SUBMIT_AGAIN, submit_command("", address), "host");
        let mut database = None;
        if let Ok(Sold { item: Some(item), form: Some(form), sent, answer }) = &sold {
            let other = Item::new().marker;
            (rows, once_more) = self.find_row(look, &item.marker, &other, form.by_name(sent)).await;
            let stored = matches!(&rows.observation, Observation::Rows(found) if !found.rows.is_empty());
            if stored {
                database = Some(Evidence { id: FLASKAPP_DB.into(), ..rows.clone() });
            }
            if let Some(browser) = browser.as_ref().filter(|_| stored && answer.status < 400 && answer.astray.is_none())
            {
                let renamed = once_more.as_ref().is_some_and(|row| row.renamed).then_some(other.as_str());
                let mut second = browser.sell(path, &Item::new(), look.patience(SETTLES)).await;
                if let Ok(Sold { answer, .. }) = &mut second {
                    let holds = |name: &str| answer.shows(name) || answer.conceals(name);
                    let (by_new_name, by_former) = (renamed.map(holds), holds(&item.marker));
                    answer.lists_earlier = Some(by_former || by_new_name == Some(true));
                    answer.from_database = match (by_new_name, by_former) {
                        (Some(true), _) => Some(true),
                        (Some(false), true) => Some(false),
                        _ => None,
                    };
                }
                again = sale(SUBMIT_AGAIN, address, &second, begun.elapsed().as_secs_f64() - seconds);
            }
        }
        if let Some(browser) = browser {
            browser.close().await;
        }
        Journey { submit, rows, again, database, once_more }
    }
}

/// What came of one sale.
fn sale(id: &str, address: &str, sold: &Result<Sold>, seconds: f64) -> Evidence {
    match sold {
        Ok(Sold { sent, answer, form: Some(_), .. }) => {
            let command = submit_command(&fields(sent), address);
            evidence(id, command, "host", Observation::Http(answer.clone()), seconds)
        }
        Ok(_) => not_asked(id, submit_command("", address), "host", "the page has no form to fill in"),
        Err(error) => {
            let seen = Observation::Unknown { because: error.told(": ") };
            evidence(id, submit_command("", address), "host", seen, seconds)
        }
    }
}
