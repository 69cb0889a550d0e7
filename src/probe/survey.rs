//! A whole survey: the front door, the form, the row, and the hops behind, as much side by side as possible.

use std::{collections::BTreeMap, time::Duration};

use futures_util::future::join_all;
use tokio::time::Instant;

use super::{
    Evidence, HealthReport, ListenSocket, Observation, Rows, ServiceReport, Survey,
    browser::Visit,
    container_state::{INSIDE, Inside},
    evidence_id::{BROWSER_NGINX, FLASKAPP_DB, NGINX_FLASKAPP, PAGE, ROWS, SUBMIT, SUBMIT_AGAIN, UPSTREAM},
    form,
    front_door::Front,
    hops::{POSTGRES, running},
    http::Failure,
    item::Item,
    prober::{HostPorts, Part, Prober, SurveyOptions, evidence, not_asked},
    resubmit::fields,
    rows,
    settle::{Look, is_gateway_error},
    slowness,
};
use crate::{
    engine::{Container, KEPT_BYTES, Progress, ServiceState},
    error::Result,
};

/// How long the answer to a form is waited for at most.
const SUBMIT_WITHIN: Duration = Duration::from_secs(20);
/// How long it is waited for before the database is asked why.
const PATIENCE: Duration = Duration::from_secs(2);
/// How much longer it is waited for when the database cannot be reached.
const LAST_CHANCE: Duration = Duration::from_secs(2);

/// What came of the form.
pub(super) struct Journey {
    pub(super) submit: Evidence,
    pub(super) rows: Evidence,
    pub(super) again: Evidence,
    /// The database as the app asks it, where that is known by now.
    pub(super) database: Option<Evidence>,
    /// Looks for the row once more, and gives it its own name again where it has another.
    pub(super) once_more: Option<OnceMore>,
}

/// The row, looked for by the name that it has now.
pub(super) struct OnceMore {
    container: String,
    name: String,
    environment: BTreeMap<String, String>,
    /// It has another name than its own.
    pub(super) renamed: bool,
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
            let command = curl("-i", &behind.answer, &self.address(&look, &options.ports, &behind.path));
            page[1] = evidence(PAGE, command, "host", Observation::Http(behind.answer.clone()), look.knock.seconds);
            visit = Some(behind);
        }
        // A page that came through nginx proves what a question from inside would.
        let proof = || {
            let seen = Evidence { id: NGINX_FLASKAPP.into(), ..page[0].clone() };
            [seen, not_asked(UPSTREAM, "", proxy, "the page proves that it answers")]
        };
        let behind = async {
            if !self.asks(NGINX_FLASKAPP) {
                let because = "the course asks of other links";
                return [NGINX_FLASKAPP, UPSTREAM].map(|id| not_asked(id, "", proxy, because));
            }
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
        let own = self.ask_probes(&look, options).await;
        let (database, services, kept) = tokio::join!(
            async {
                match journey.database {
                    Some(database) => database,
                    None => self.ask_database(&look).await,
                }
            },
            self.reports(&look, &inside, &options.ports),
            self.look_once_more(journey.once_more)
        );
        survey.services = services;
        let mut rows = journey.rows;
        if let Observation::Rows(found) = &mut rows.observation {
            found.kept = kept;
        }
        for evidence in page.into_iter().chain(behind).chain([journey.submit, rows, journey.again, database]).chain(own)
        {
            survey.evidence.insert(evidence.id.clone(), evidence);
        }
        survey.seconds = begun.elapsed().as_secs_f64();
        Ok(survey)
    }

    /// The address that a person would type for a path.
    pub(super) fn address(&self, look: &Look, ports: &HostPorts, path: &str) -> String {
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
        let address = self.address(look, ports, &self.path);
        let command = format!("curl -i {address}");
        let seconds = look.knock.seconds;
        match &look.knock.page {
            Ok(visit) => {
                let command = curl("-i", &visit.answer, &address);
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
        if let (Some(program), Some(page)) = (&self.browser, &page)
            && page.answer.scripted
            && page.answer.status < 400
            && options.submit
            && self.sells
        {
            return self.journey_by_browser(program, look, (&page.path, &address)).await;
        }
        let form = page.as_ref().filter(|_| options.submit && self.sells).and_then(|page| form::choose(&page.forms));
        let (Some(page), Some(form)) = (&page, form) else {
            let because = match &page {
                None => "nothing answers at the front door".to_string(),
                Some(page) if page.answer.status >= 400 => format!("the page is a {}", page.answer.status),
                Some(_) if !self.sells => "the course sells nothing here".to_string(),
                Some(_) if !options.submit => "nothing is to be written into the database".to_string(),
                Some(_) => "the page has no form to fill in".to_string(),
            };
            return Journey {
                submit: not_asked(SUBMIT, submit_command("", &address), "host", &because),
                again: not_asked(SUBMIT_AGAIN, submit_command("", &address), "host", "nothing was submitted"),
                rows: not_asked(ROWS, self.rows_command("…"), self.service(Part::Database), "nothing was submitted"),
                // Nothing else has to be waited for.
                database: Some(self.ask_database(look).await),
                once_more: None,
            };
        };
        if !form.posts() && page.answer.scripted {
            let because = "the form is sent by a script, which only a browser runs: breakfix check --browser chromium"
                .to_string();
            let unknown = |id, command, vantage| {
                evidence(id, command, vantage, Observation::Unknown { because: because.clone() }, 0.0)
            };
            return Journey {
                submit: unknown(SUBMIT, submit_command("", &address), "host"),
                again: unknown(SUBMIT_AGAIN, submit_command("", &address), "host"),
                rows: unknown(ROWS, self.rows_command("…"), self.service(Part::Database)),
                database: Some(self.ask_database(look).await),
                once_more: None,
            };
        }
        let item = form.fit(&Item::new());
        let begun = Instant::now();
        let mut database = None;
        let (sent, visit) = {
            let within = look.patience(SUBMIT_WITHIN);
            let submitting = browser.submit(page, form, &item, SUBMIT_WITHIN.mul_f64(slowness()));
            tokio::pin!(submitting);
            match tokio::time::timeout(PATIENCE, &mut submitting).await {
                Ok(done) => done,
                Err(_) => {
                    let asked = self.ask_database(look).await;
                    let reachable =
                        matches!(asked.observation, Observation::Connected { .. } | Observation::Unknown { .. });
                    database = Some(asked);
                    let wait = if reachable { within } else { LAST_CHANCE.mul_f64(slowness()) };
                    match tokio::time::timeout(wait, &mut submitting).await {
                        Ok(done) => done,
                        Err(_) => (form.fill(&item), Err(Failure::TimedOut(begun.elapsed().as_secs_f64()))),
                    }
                }
            }
        };
        let leaves_it_to_scripts =
            |visit: &Visit| visit.answer.scripted && visit.answer.status < 400 && !visit.answer.shows(&item.marker);
        if let Some(program) = self.browser.as_ref().filter(|_| visit.as_ref().is_ok_and(leaves_it_to_scripts)) {
            return self.journey_by_browser(program, look, (&page.path, &address)).await;
        }
        let observation = visit.map_or_else(Failure::observation, |visit| Observation::Http(visit.answer));
        let seconds = begun.elapsed().as_secs_f64();
        let submit = evidence(SUBMIT, submit_command(&fields(&sent), &address), "host", observation, seconds);
        let other = Item::new().marker;
        let (rows, once_more) = self.find_row(look, &item.marker, &other, form.by_name(&sent)).await;
        if matches!(&rows.observation, Observation::Rows(found) if !found.rows.is_empty()) {
            // The app has just put a row into this database: no better proof that it gets through.
            database = Some(Evidence { id: FLASKAPP_DB.into(), ..rows.clone() });
        }
        let renamed = once_more.as_ref().is_some_and(|row| row.renamed).then_some(other.as_str());
        let again = self.submit_again(look, browser, (&page.path, &address), &submit, &rows, renamed).await;
        Journey { submit, rows, again, database, once_more }
    }

    /// The row with this marker, which gets the `other` name when it is found.
    pub(super) async fn find_row(
        &self,
        look: &Look,
        marker: &str,
        other: &str,
        sent: BTreeMap<String, String>,
    ) -> (Evidence, Option<OnceMore>) {
        let begun = Instant::now();
        let service = self.service(Part::Database);
        let command = self.rows_command(marker);
        let Some(container) = running(look, Part::Database) else {
            let seen = self.not_running(&look.parts, Part::Database).await;
            return (evidence(ROWS, command, service, seen, 0.0), None);
        };
        let ask = async |port: Option<u16>| {
            let environment = rows::environment(marker, other, port);
            let within = (3 * INSIDE).mul_f64(slowness());
            self.engine.exec(&container.id, &["sh", "-c", rows::SCRIPT], &environment, within).await
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
        let observation = match asked {
            Err(error) => Failure::Environment(error).observation(),
            Ok(output) if output.code != 0 => {
                let said = if output.stderr.trim().is_empty() { &output.stdout } else { &output.stderr };
                let because = format!("psql in {service}: {}", super::clean::line(said));
                Observation::Unknown { because }
            }
            Ok(output) if !rows::is_whole(&output.stdout, KEPT_BYTES) => {
                Observation::Unknown { because: format!("the answer of psql in {service} was cut off") }
            }
            Ok(output) => Observation::Rows(rows::read(&output.stdout, marker, &self.table, sent)),
        };
        let command = match &observation {
            Observation::Rows(found) if !found.rows.is_empty() => {
                // An empty text is something else than no value, and psql shows both as nothing.
                let null = if found.rows.iter().flatten().any(Option::is_none) { " -P null=NULL" } else { "" };
                let at = port.map(|port| format!(" -p {port}")).unwrap_or_default();
                let table = quoted(&found.table);
                self.psql(&format!("{at}{null}"), &format!("SELECT * FROM {table} WHERE {}", only_with(marker, found)))
            }
            _ => command,
        };
        let found = matches!(&observation, Observation::Rows(found) if !found.rows.is_empty());
        let name = if renamed { other } else { marker };
        let once_more = found.then(|| OnceMore {
            container: container.id.clone(),
            name: name.to_owned(),
            environment: rows::environment(name, marker, port),
            renamed,
        });
        (evidence(ROWS, command, service, observation, begun.elapsed().as_secs_f64()), once_more)
    }

    /// Whether the row is still there, which gets its own name again.
    async fn look_once_more(&self, row: Option<OnceMore>) -> Option<bool> {
        let OnceMore { container, name, environment, .. } = row?;
        let asked = self.engine.exec(&container, &["sh", "-c", rows::SCRIPT], &environment, 3 * INSIDE).await;
        let output = asked.ok().filter(|output| output.code == 0)?;
        Some(!rows::read(&output.stdout, &name, &self.table, BTreeMap::new()).rows.is_empty())
    }

    pub(super) fn rows_command(&self, marker: &str) -> String {
        self.psql("", &format!("SELECT * FROM {} WHERE name = '{marker}'", self.table))
    }

    fn psql(&self, how: &str, sql: &str) -> String {
        let user = self.database_variable("POSTGRES_USER").unwrap_or("postgres");
        let database = self.database_variable("POSTGRES_DB").unwrap_or(user);
        let on = if database == user { String::new() } else { format!(" -d {database}") };
        let sql = sql.replace('"', "\\\"");
        format!("docker compose exec {} psql -U {user}{on}{how} -c \"{sql}\"", self.service(Part::Database))
    }

    /// What is known of each part's container, as it is now: the questions may have changed it.
    async fn reports(&self, look: &Look, inside: &Inside, ports: &HostPorts) -> BTreeMap<String, ServiceReport> {
        let now = self.engine.containers(&self.stack.project).await;
        let others = now.as_deref().unwrap_or_default();
        let now = now.as_ref().map(|containers| self.parts(containers));
        let parts = now.as_ref().unwrap_or(&look.parts);
        let report = async |service: &str, container: Option<&Container>, listens: &[ListenSocket]| {
            let service = service.to_owned();
            let Some(container) = container else {
                return ServiceReport { service, ..ServiceReport::default() };
            };
            let stopped = matches!(container.state, ServiceState::Exited | ServiceState::Restarting);
            ServiceReport {
                edited: Vec::new(),
                service,
                state: container.state,
                exit_code: container.exit_code.filter(|_| stopped),
                ports: self.ports_of(container, ports),
                listens: if container.state == ServiceState::Running { listens.to_vec() } else { Vec::new() },
                log: self.log(container).await,
                restarts: container.restarts,
                networks: container.networks.clone(),
                addresses: container.addresses.clone(),
                health: health_of(container),
                out_of_memory: container.out_of_memory,
                start_error: super::clean::line(&container.start_error),
            }
        };
        let of_part = async |part: Part| {
            (self.role(part).to_owned(), report(self.service(part), parts.get(part), inside.of(part)).await)
        };
        let of_other = async |(role, service): &(String, String)| {
            let container = others.iter().find(|container| container.service == *service);
            (role.clone(), report(service, container, &[]).await)
        };
        let (parts, others) =
            tokio::join!(join_all(Part::ALL.map(of_part)), join_all(self.others.iter().map(of_other)));
        parts.into_iter().chain(others).collect()
    }
}

/// For psql: just these rows of all that their table holds.
fn only_with(marker: &str, found: &Rows) -> String {
    let name = found.columns.iter().position(|column| column == "name");
    let is_named = |row: &Vec<Option<String>>| {
        let cell = name.and_then(|at| row.get(at)?.as_deref());
        cell == Some(marker)
    };
    if found.rows.iter().all(is_named) {
        return format!("name = '{marker}'");
    }
    // In whatever columns they stand.
    let table = found.table.rsplit('.').next().unwrap_or(&found.table);
    format!("{}::text LIKE '%{marker}%'", quoted(table))
}

/// A table's name as SQL has it: what is not all small letters stands between quotes.
fn quoted(table: &str) -> String {
    let plain = |name: &str| name.chars().all(|char| matches!(char, 'a'..='z' | '0'..='9' | '_'));
    let names = table.split('.').map(|name| if plain(name) { name.to_owned() } else { format!("\"{name}\"") });
    names.collect::<Vec<_>>().join(".")
}

/// The question for a page, which is followed where it leads elsewhere.
pub(super) fn curl(flags: &str, answer: &crate::probe::HttpAnswer, address: &str) -> String {
    let follow = if answer.redirects.is_empty() { "" } else { "L" };
    format!("curl {flags}{follow} {address}")
}

/// What a container's health check came to.
fn health_of(container: &Container) -> Option<HealthReport> {
    let (status, (exit_code, output)) = (container.health.clone()?, container.last_check.clone()?);
    let lines: Vec<String> = output.lines().map(super::clean::line).collect();
    Some(HealthReport { status, exit_code, output: lines.join("\n") })
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
    format!("curl -iL -b cookies -c cookies{fields} {address}")
}
