//! The form, filled in a second time: a page that shows one item need not show the next, nor what the database holds.
//!
//! Before that, the first row gets another name by SQL, in the same breath in which it is looked for. A page that lists the first
//! item by its former name does not read the database: it would be empty after a restart. Afterwards the row has its own name
//! again.

use std::{collections::BTreeMap, time::Duration};

use regex::RegexBuilder;

use super::{
    Evidence, Observation,
    browser::{Browser, Visit},
    evidence_id::SUBMIT_AGAIN,
    form,
    http::{Door, Failure},
    item::Item,
    prober::{Part, Prober, evidence, not_asked},
    settle::Look,
    survey::submit_command,
};
use crate::engine::{Container, ServiceState};

/// How long each page is waited for.
const WITHIN: Duration = Duration::from_secs(10);
/// New visitors who sell something where several processes may answer. Where two have keys of their own, one visitor in two is
/// refused: all of these pass by luck once in two thousand times. No number of processes up to ten divides it: workers that take turns
/// would else get each form back that they have made.
const MORE_VISITORS: usize = 11;
/// How long after a request an app may take to end itself.
const ENDS_WITHIN: Duration = Duration::from_secs(8);
/// What ends a program …
const ENDS: &str = r"^[^#\n]*(os\._exit|os\.kill|os\.abort|sys\.exit|raise SystemExit|\bexit\(|\bquit\(|signal\.raise_signal|\bkill\b)|max[-_]requests";
/// … and what does so later.
const LATER: &str = r"^[^#\n]*(Timer|Thread|alarm|call_later|Popen|os\.fork|\bsleep\b|after_request|teardown_|atexit|schedule)|max[-_]requests";
/// What takes only some of the rows.
const SO_MANY: &str = r"^[^#\n]*(\.limit\(|\.slice\(|\bLIMIT\b|\[-?\d*:-?\d*\]|fetchmany|paginate|islice)";
/// What starts several processes of an app.
const WORKERS: &str = r#"(?i)^[^#\n]*((\s|["'])-w["',\s=]*[2-9]|workers?["',\s=:]+[^\s"',]*[1-9(]|web_concurrency|processes["',\s=:]+[2-9]|replicas:\s*[2-9]|scale:\s*[2-9]|\bprefork\b)"#;

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
        let signs = Signs::of(&self.facts.texts);
        if signs.ends_itself {
            self.watch_app(look).await;
        }
        let sale = sell(browser.clone(), path, Item::new(), within).await;
        *browser = sale.browser.clone();
        let (sent, third) = (sale.sent.clone(), sale.is_shown() && signs.shows_so_many);
        let mut observation = match sale.visit {
            Ok(mut visit) => {
                let holds = |name: &str| visit.answer.shows(name) || visit.answer.conceals(name);
                let (by_new_name, by_former) = (renamed.map(holds), holds(marker));
                visit.answer.from_database = match (by_new_name, by_former) {
                    (Some(true), _) => Some(true),
                    (Some(false), true) => Some(false),
                    // It shows other items, or it cannot be told.
                    _ => None,
                };
                visit.answer.lists_earlier = Some(by_former || by_new_name == Some(true));
                Observation::Http(visit.answer)
            }
            Err(failure) => Failure::observation(failure),
        };
        if third && let Observation::Http(answer) = &mut observation {
            answer.shows_third = Some(sell(browser.clone(), path, Item::new(), within).await.is_shown());
        }
        if signs.several_workers && matches!(&observation, Observation::Http(answer) if answer.status < 400) {
            // Each as a new visitor, side by side: another worker may answer, and it may know nothing of this one.
            let visitors = (0..MORE_VISITORS).map(|_| sell(browser.of_another_visitor(), path, Item::new(), within));
            let sales = futures_util::future::join_all(visitors).await;
            if let Some(refused) = sales.into_iter().find(|sale| !sale.is_shown() && sale.visit.is_ok()) {
                observation = refused.visit.map_or_else(Failure::observation, |visit| Observation::Http(visit.answer));
            }
        }
        let command = submit_command(&fields(&sent), address);
        evidence(SUBMIT_AGAIN, command, "host", observation, begun.elapsed().as_secs_f64())
    }

    /// Waits until the app has ended, or for as long as it may take to.
    async fn watch_app(&self, look: &Look) {
        let Some(before) = look.parts.get(Part::App) else { return };
        let until = tokio::time::Instant::now() + ENDS_WITHIN;
        while tokio::time::Instant::now() < until {
            let Ok(containers) = self.engine.containers(&self.stack.project).await else { return };
            let now = self.parts(&containers);
            let app = now.get(Part::App);
            let as_before = |app: &Container| app.state == ServiceState::Running && app.started_at == before.started_at;
            if !app.is_some_and(as_before) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(250)).await;
        }
    }
}

/// Sells an item at a page as the eye does that runs no scripts, which is `authority` (`localhost:8080`) to it and stands at this
/// port of this machine.
pub async fn sell_by_eye(port: u16, authority: &str, path: &str, item: &Item, within: Duration) -> Observation {
    let browser = Browser::new(Door::Host("127.0.0.1".into(), port), authority);
    sell(browser, path, item.clone(), within)
        .await
        .visit
        .map_or_else(Failure::observation, |visit| Observation::Http(visit.answer))
}

/// One more item.
struct Sale {
    browser: Browser,
    item: Item,
    sent: Vec<(String, String)>,
    visit: Result<Visit, Failure>,
}

impl Sale {
    /// Whether the page that came of it holds the item.
    fn is_shown(&self) -> bool {
        let holds = |visit: &Visit| visit.answer.shows(&self.item.marker) || visit.answer.conceals(&self.item.marker);
        self.visit.as_ref().is_ok_and(holds)
    }
}

/// Sells an item at the page with the form.
async fn sell(mut browser: Browser, path: &str, mut item: Item, within: Duration) -> Sale {
    let page = browser.visit(path, within).await;
    let (sent, visit) = match page {
        Ok(page) => match form::choose(&page.forms).cloned() {
            Some(form) => {
                item = form.fit(&item);
                browser.submit(&page, &form, &item, within).await
            }
            None => (Vec::new(), Ok(without_form(page, &item))),
        },
        Err(failure) => (Vec::new(), Err(failure)),
    };
    Sale { browser, item, sent, visit }
}

/// The page on which there was nothing to fill in.
fn without_form(mut page: Visit, item: &Item) -> Visit {
    page.answer.marker = Some(item.marker.clone());
    page
}

/// What in a stack's files gives reason to look longer than usual.
#[derive(Debug, Default, PartialEq, Eq)]
struct Signs {
    /// Something may end the app a while after a request.
    ends_itself: bool,
    /// Only so many rows may be shown.
    shows_so_many: bool,
    /// Several processes may answer in turn.
    several_workers: bool,
}

impl Signs {
    fn of(texts: &BTreeMap<String, String>) -> Self {
        let any = |pattern: &str, python: bool| {
            let Ok(pattern) = RegexBuilder::new(pattern).multi_line(true).build() else { return false };
            texts.iter().any(|(path, text)| (!python || path.ends_with(".py")) && pattern.is_match(text))
        };
        Self {
            ends_itself: any(ENDS, false) && any(LATER, false),
            shows_so_many: any(SO_MANY, true),
            several_workers: any(WORKERS, false),
        }
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn signs(path: &str, text: &str) -> Signs {
        Signs::of(&BTreeMap::from([(path.to_owned(), text.to_owned())]))
    }

    #[test]
    fn the_golden_stack_gives_no_reason_to_look_longer() {
        let course = crate::course::Course::embedded().unwrap();
        assert_eq!(Signs::of(course.fixed_stack()), Signs::default());
    }

    #[test]
    fn signs_in_the_files() {
        for command in [
            "CMD [\"gunicorn\", \"-w\", \"2\", \"app:app\"]",
            "command: gunicorn -w 4 app:app",
            "command: gunicorn --workers=3 app:app",
            "WEB_CONCURRENCY=2",
            "workers = 2",
            "processes = 4",
            "      replicas: 2",
        ] {
            assert!(signs("x", command).several_workers, "{command}");
        }
        for command in ["gunicorn -b 0.0.0.0:80 app:app", "# workers = 2", "gunicorn -w 1 app:app"] {
            assert!(!signs("x", command).several_workers, "{command}");
        }
        assert!(signs("a.py", "items = query(Items).limit(2).all()").shows_so_many);
        assert!(signs("a.py", "str(query(Items).all()[:2])").shows_so_many);
        assert!(signs("a.py", "threading.Timer(3, os._exit, [1]).start()").ends_itself);
        assert!(!signs("a.py", "sys.exit('no key')").ends_itself);
    }
}
