//! A whole survey: the front door, the form, the row, and the hops behind, as much side by side as possible.

use std::{collections::BTreeMap, time::Duration};

use tokio::time::Instant;

use super::{
    Evidence, Observation, Rows, ServiceReport, Survey,
    again::fields,
    browser::Visit,
    evidence_id::{BROWSER_NGINX, FLASKAPP_DB, NGINX_FLASKAPP, PAGE, ROWS, SUBMIT, SUBMIT_AGAIN, UPSTREAM},
    form::{self, Item},
    front::Front,
    hops::{POSTGRES, running},
    http::Failure,
    inside::{INSIDE, Inside},
    look::{Look, is_gateway_error},
    prober::{HostPorts, Part, Prober, SurveyOptions, evidence, not_asked},
    rows,
};
use crate::{engine::Progress, engine::ServiceState, error::Result};

/// How long the answer to a form is waited for at most.
const SUBMIT_WITHIN: Duration = Duration::from_secs(20);
/// How long it is waited for before the database is asked why.
const PATIENCE: Duration = Duration::from_secs(2);
/// How much longer it is waited for when the database cannot be reached.
const LAST_CHANCE: Duration = Duration::from_secs(2);

/// What came of the form.
struct Journey {
    submit: Evidence,
    rows: Evidence,
    again: Evidence,
    /// The database as the app asks it, where that is known by now.
    database: Option<Evidence>,
    /// What gives the row its own name again, where it has another.
    put_back: Option<PutBack>,
}

/// The row's own name, given to it again.
struct PutBack {
    container: String,
    environment: BTreeMap<String, String>,
}

impl Prober {
    /// Asks everything, and waits before that until the stack has come to rest. Never blames the stack for what the engine does not say.
    ///
    /// # Errors
    /// Environment: the engine does not answer.
    pub async fn survey(&self, options: &SurveyOptions, progress: &Progress) -> Result<Survey> {
        let survey = self.survey_once(options, progress).await?;
        if app_came_up_meanwhile(&survey) { self.survey_once(options, progress).await } else { Ok(survey) }
    }

    async fn survey_once(&self, options: &SurveyOptions, progress: &Progress) -> Result<Survey> {
        let begun = Instant::now();
        drop(self.putting_back.lock().await);
        let look = self.look(options, progress).await?;
        progress.step(&self.stack.project, "ask", &self.authority);
        let proxy = self.service(Part::Proxy);
        let through_proxy = matches!(&look.front, Front::Published { door, .. } if door.service == proxy);
        let proved = look.knock.is_page() && through_proxy;
        let mut page = self.tell_page(&look, &options.ports);
        let mut visit = look.knock.page.clone().ok();
        let mut browser = look.knock.browser.clone();
        if let Some(front) = &visit
            && let Some(behind) = self.page_with_form(&look, front, &mut browser).await
        {
            let command = format!("curl -i {}", self.address(&look, &options.ports, &behind.path));
            page[1] = evidence(PAGE, command, "host", Observation::Http(behind.answer.clone()), look.knock.seconds);
            visit = Some(behind);
        }
        // A page that came through nginx proves what a question from inside would.
        let proof = || {
            let seen = Evidence { id: NGINX_FLASKAPP.into(), ..page[0].clone() };
            [seen, not_asked(UPSTREAM, "", proxy, "the page proves that it answers")]
        };
        let behind = async {
            if proved && !options.thorough {
                return proof();
            }
            let asked = self.ask_proxy(&look).await;
            if proved && !matches!(asked[0].observation, Observation::Http(_)) { proof() } else { asked }
        };
        // What listens is told beside the other questions, or when it may explain something.
        let mut inside = look.inside.clone();
        let (journey, behind, ()) = tokio::join!(self.journey(&look, visit, &mut browser, options), behind, async {
            if options.thorough {
                self.look_inside(&look.parts, &Part::ALL, &mut inside).await;
            }
        });
        let gets_through =
            |seen: &Evidence| matches!(seen.observation, Observation::Connected { .. } | Observation::Rows(_));
        if !journey.database.as_ref().is_some_and(gets_through) {
            self.look_inside(&look.parts, &Part::ALL, &mut inside).await;
        }
        let mut survey = Survey {
            front: match &look.front {
                Front::Published { door, .. } | Front::Down(door) => Some(door.clone()),
                Front::Nobody(_) => None,
            },
            ..Survey::default()
        };
        let (database, services) = tokio::join!(
            async {
                match journey.database {
                    Some(database) => database,
                    None => self.ask_database(&look).await,
                }
            },
            self.reports(&look, &inside, &options.ports)
        );
        survey.services = services;
        if let Some(PutBack { container, environment }) = journey.put_back {
            // What was seen is seen: the verdict does not wait for it.
            let engine = self.engine.clone();
            let turn = self.putting_back.clone().lock_owned().await;
            tokio::spawn(async move {
                let _turn = turn;
                engine.exec(&container, &["sh", "-c", rows::RUN], &environment, INSIDE).await
            });
        }
        for evidence in page.into_iter().chain(behind).chain([journey.submit, journey.rows, journey.again, database]) {
            survey.evidence.insert(evidence.id.clone(), evidence);
        }
        survey.seconds = begun.elapsed().as_secs_f64();
        Ok(survey)
    }

    /// The address that a person would type for a path.
    fn address(&self, look: &Look, ports: &HostPorts, path: &str) -> String {
        let (host, _) = super::url::host_and_port(&self.authority);
        match &look.front {
            Front::Published { at, .. } if *ports != HostPorts::Free && *at != self.port => {
                format!("http://{host}:{at}{path}")
            }
            _ => format!("http://{}{path}", self.authority),
        }
    }

    /// The front door as the first hop, and as a page.
    fn tell_page(&self, look: &Look, ports: &HostPorts) -> [Evidence; 2] {
        let command = format!("curl -i {}", self.address(look, ports, &self.path));
        let seconds = look.knock.seconds;
        match &look.knock.page {
            Ok(visit) => {
                let seen = Observation::Http(visit.answer.clone());
                [
                    evidence(BROWSER_NGINX, command.clone(), "host", seen.clone(), seconds),
                    evidence(PAGE, command, "host", seen, seconds),
                ]
            }
            Err(seen) => [
                evidence(BROWSER_NGINX, command.clone(), "host", seen.clone(), seconds),
                not_asked(PAGE, command, "host", "nothing answers at the front door"),
            ],
        }
    }

    /// Fills in the form, follows where it leads, and looks for the row.
    async fn journey(
        &self,
        look: &Look,
        page: Option<Visit>,
        browser: &mut super::browser::Browser,
        options: &SurveyOptions,
    ) -> Journey {
        let path = page.as_ref().map_or(self.path.as_str(), |page| page.path.as_str());
        let address = self.address(look, &options.ports, path);
        let form = page.as_ref().filter(|_| options.submit).and_then(|page| form::choose(&page.forms));
        let (Some(page), Some(form)) = (&page, form) else {
            let because = match &page {
                None => "nothing answers at the front door".to_string(),
                Some(page) if page.answer.status >= 400 => format!("the page is a {}", page.answer.status),
                Some(_) if !options.submit => "nothing is to be written into the database".to_string(),
                Some(_) => "the page has no form to fill in".to_string(),
            };
            return Journey {
                submit: not_asked(SUBMIT, submit_command("", &address), "host", &because),
                again: not_asked(SUBMIT_AGAIN, submit_command("", &address), "host", "nothing was submitted"),
                rows: not_asked(ROWS, self.rows_command("…"), self.service(Part::Database), "nothing was submitted"),
                // Nothing else has to be waited for.
                database: Some(self.ask_database(look).await),
                put_back: None,
            };
        };
        if !form.posts && page.answer.scripted {
            let because = "the form is sent by a script, and scripts are not run here".to_string();
            let unknown = |id, command, vantage| {
                evidence(id, command, vantage, Observation::Unknown { because: because.clone() }, 0.0)
            };
            return Journey {
                submit: unknown(SUBMIT, submit_command("", &address), "host"),
                again: unknown(SUBMIT_AGAIN, submit_command("", &address), "host"),
                rows: unknown(ROWS, self.rows_command("…"), self.service(Part::Database)),
                database: Some(self.ask_database(look).await),
                put_back: None,
            };
        }
        let item = Item::new();
        let begun = Instant::now();
        let mut database = None;
        let (sent, visit) = {
            let within = look.patience(SUBMIT_WITHIN);
            let submitting = browser.submit(page, form, &item, SUBMIT_WITHIN);
            tokio::pin!(submitting);
            match tokio::time::timeout(PATIENCE, &mut submitting).await {
                Ok(done) => done,
                Err(_) => {
                    let asked = self.ask_database(look).await;
                    let reachable =
                        matches!(asked.observation, Observation::Connected { .. } | Observation::Unknown { .. });
                    database = Some(asked);
                    let wait = if reachable { within } else { LAST_CHANCE };
                    match tokio::time::timeout(wait, &mut submitting).await {
                        Ok(done) => done,
                        Err(_) => (form.fill(&item), Err(Failure::TimedOut(begun.elapsed().as_secs_f64()))),
                    }
                }
            }
        };
        let observation = visit.map_or_else(Failure::observation, |visit| Observation::Http(visit.answer));
        let seconds = begun.elapsed().as_secs_f64();
        let submit = evidence(SUBMIT, submit_command(&fields(&sent), &address), "host", observation, seconds);
        let other = Item::new().marker;
        let (rows, put_back) = self.find_row(look, &item.marker, &other, form.by_name(&sent)).await;
        if matches!(&rows.observation, Observation::Rows(found) if !found.rows.is_empty()) {
            // The app has just put a row into this database: no better proof that it gets through.
            database = Some(Evidence { id: FLASKAPP_DB.into(), ..rows.clone() });
        }
        let renamed = put_back.is_some().then_some(other.as_str());
        let again = self.submit_again(look, browser, (&page.path, &address), &submit, &rows, renamed).await;
        Journey { submit, rows, again, database, put_back }
    }

    /// The row with this marker, which gets the `other` name when it is found.
    async fn find_row(
        &self,
        look: &Look,
        marker: &str,
        other: &str,
        sent: BTreeMap<String, String>,
    ) -> (Evidence, Option<PutBack>) {
        let begun = Instant::now();
        let service = self.service(Part::Database);
        let command = self.rows_command(marker);
        let Some(container) = running(look, Part::Database) else {
            let seen = self.not_running(&look.parts, Part::Database).await;
            return (evidence(ROWS, command, service, seen, 0.0), None);
        };
        let ask = async |port: Option<u16>| {
            let environment = rows::environment(marker, other, port);
            self.engine.exec(&container.id, &["sh", "-c", rows::SCRIPT], &environment, 3 * INSIDE).await
        };
        let mut port = None;
        let mut asked = ask(port).await;
        if asked.as_ref().is_ok_and(|output| output.code != 0) {
            // Its socket is named after its port.
            let listens = self.listening(container).await.unwrap_or_default();
            if let Some(socket) = listens.first().filter(|_| listens.iter().all(|socket| socket.port != POSTGRES)) {
                port = Some(socket.port);
                asked = ask(port).await;
            }
        }
        let renamed = asked.as_ref().is_ok_and(|output| rows::was_renamed(&output.stdout));
        let put_back = renamed.then(|| PutBack {
            container: container.id.clone(),
            environment: rows::run_environment(rows::rename(other, marker), port),
        });
        let observation = match asked {
            Err(error) => Failure::Environment(error).observation(),
            Ok(output) if output.code != 0 => {
                let said = if output.stderr.trim().is_empty() { &output.stdout } else { &output.stderr };
                let because = format!("psql in {service}: {}", super::clean::line(said));
                Observation::Unknown { because }
            }
            Ok(output) => Observation::Rows(rows::read(&output.stdout, marker, &self.table, sent)),
        };
        let command = match &observation {
            Observation::Rows(Rows { table, columns, .. })
                if !table.is_empty() && !columns.iter().any(|name| name == "name") =>
            {
                self.psql(&format!("SELECT * FROM {table}"))
            }
            Observation::Rows(Rows { table, .. }) if !table.is_empty() && *table != self.table => {
                self.psql(&format!("SELECT * FROM {table} WHERE name = '{marker}'"))
            }
            _ => command,
        };
        (evidence(ROWS, command, service, observation, begun.elapsed().as_secs_f64()), put_back)
    }

    fn rows_command(&self, marker: &str) -> String {
        self.psql(&format!("SELECT * FROM {} WHERE name = '{marker}'", self.table))
    }

    fn psql(&self, sql: &str) -> String {
        let user = self.database_variable("POSTGRES_USER").unwrap_or("postgres");
        let database = self.database_variable("POSTGRES_DB").unwrap_or(user);
        let on = if database == user { String::new() } else { format!(" -d {database}") };
        format!("docker compose exec {} psql -U {user}{on} -c \"{sql}\"", self.service(Part::Database))
    }

    /// What is known of each part's container, as it is now: the questions may have changed it.
    async fn reports(&self, look: &Look, inside: &Inside, ports: &HostPorts) -> BTreeMap<String, ServiceReport> {
        let now = self.engine.containers(&self.stack.project).await.map(|containers| self.parts(&containers));
        let parts = now.as_ref().unwrap_or(&look.parts);
        let report = |part: Part| async move {
            let service = self.service(part).to_string();
            let Some(container) = parts.get(part) else {
                let missing = ServiceState::Missing;
                let nothing = (Vec::new(), Vec::new(), Vec::new());
                let (ports, listens, log) = nothing;
                return ServiceReport { service, state: missing, exit_code: None, ports, listens, log, restarts: 0 };
            };
            let stopped = matches!(container.state, ServiceState::Exited | ServiceState::Restarting);
            ServiceReport {
                service,
                state: container.state,
                exit_code: container.exit_code.filter(|_| stopped),
                ports: self.ports_of(container, ports),
                listens: if container.state == ServiceState::Running { inside.of(part).to_vec() } else { Vec::new() },
                log: self.log(container).await,
                restarts: container.restarts,
            }
        };
        let (proxy, app, database) = tokio::join!(report(Part::Proxy), report(Part::App), report(Part::Database));
        let names = Part::ALL.map(|part| self.role(part).to_string());
        names.into_iter().zip([proxy, app, database]).collect()
    }
}

/// Whether nginx could not reach the app at first, and could a moment later: an app that starts slowly, on a busy machine.
fn app_came_up_meanwhile(survey: &Survey) -> bool {
    let answered = |id: &str, gateway_error: bool| {
        matches!(
            survey.evidence.get(id).map(|evidence| &evidence.observation),
            Some(Observation::Http(answer)) if is_gateway_error(answer.status) == gateway_error
        )
    };
    answered(PAGE, true) && answered(NGINX_FLASKAPP, false)
}

/// The form as curl would send it, with these arguments.
pub(super) fn submit_command(fields: &str, address: &str) -> String {
    let fields = if fields.is_empty() { " -d name=… -d quantity=… -d description=…" } else { fields };
    format!("curl -siL -b cookies -c cookies{fields} {address}")
}
