//! A browser in front of one door: cookies, redirects, forms, and what is shown.

use std::time::Duration;

use tokio::time::Instant;

use super::{
    HttpAnswer, clean,
    cookies::CookieJar,
    form::{Form, Item, encode},
    http::{Answer, Door, Failure, Request},
    page::{self, Page},
    url::{self, Target},
};

/// Redirects that are followed.
const MOST_REDIRECTS: usize = 10;
/// A page that sends the browser on later than this many seconds is where a visitor stays.
const LONGEST_REFRESH: u32 = 30;
/// Bytes of a body that are kept in the evidence.
const KEPT: usize = 64 * 1024;
/// Pages up to this size are read at once; larger ones beside other work, and bounded in time.
const SMALL_PAGE: usize = 64 * 1024;
/// How long a large page may take to be read.
const READING: Duration = Duration::from_secs(3);

/// One visitor's browser.
#[derive(Debug, Clone)]
pub(crate) struct Browser {
    door: Door,
    /// What stands in the address bar: `localhost:8080`.
    authority: String,
    jar: CookieJar,
}

/// The page on which a visit ended.
#[derive(Debug, Clone, Default)]
pub(crate) struct Visit {
    /// What was answered and shown.
    pub(crate) answer: HttpAnswer,
    /// Its path.
    pub(crate) path: String,
    /// Its forms.
    pub(crate) forms: Vec<Form>,
    /// Where its links lead, as written.
    pub(crate) links: Vec<String>,
}

impl Browser {
    /// A browser that reaches `authority` through this door.
    pub(crate) fn new(door: Door, authority: impl Into<String>) -> Self {
        Self { door, authority: authority.into(), jar: CookieJar::default() }
    }

    /// Goes to this path, following redirects.
    pub(crate) async fn visit(&mut self, path: &str, within: Duration) -> Result<Visit, Failure> {
        self.navigate(path.to_string(), None, None, None, within).await
    }

    /// Fills in a form of the page and sends it, following redirects. Also gives what was entered.
    pub(crate) async fn submit(
        &mut self,
        page: &Visit,
        form: &Form,
        item: &Item,
        within: Duration,
    ) -> (Vec<(String, String)>, Result<Visit, Failure>) {
        let sent = form.fill(item);
        let mut path = match url::resolve(&self.authority, &page.path, &form.action) {
            Target::Here(path) => path,
            Target::Astray(why) => {
                let mut stays = page.clone();
                stays.answer.astray = Some(format!("the form cannot be sent: {}", clean::line(&why)));
                stays.answer.marker = Some(item.marker.clone());
                return (sent, Ok(stays));
            }
        };
        let referer = format!("http://{}{}", self.authority, page.path);
        let mut posted = Some(encode(&sent));
        if !form.posts {
            // What is sent by GET takes the place of the address's own query.
            path.truncate(path.find('?').unwrap_or(path.len()));
            path = format!("{path}?{}", posted.take().unwrap_or_default());
        }
        let visit = self.navigate(path, posted, Some(referer), Some(item.marker.clone()), within).await;
        (sent, visit)
    }

    async fn navigate(
        &mut self,
        mut path: String,
        mut form: Option<String>,
        referer: Option<String>,
        marker: Option<String>,
        within: Duration,
    ) -> Result<Visit, Failure> {
        let deadline = Instant::now() + within;
        let (host, _) = url::host_and_port(&self.authority);
        let mut redirects: Vec<(u16, String)> = Vec::new();
        let (answer, page, astray) = loop {
            let request = Request {
                form: form.clone(),
                path: path.clone(),
                host: self.authority.clone(),
                cookie: self.jar.header(&path),
                referer: referer.clone(),
            };
            let left = deadline.saturating_duration_since(Instant::now());
            let answer = self.door.ask(&request, left).await.map_err(|failure| match failure {
                Failure::TimedOut(_) => Failure::TimedOut(within.as_secs_f64()),
                other => other,
            })?;
            for (name, value) in &answer.headers {
                if name.eq_ignore_ascii_case("set-cookie") {
                    self.jar.take(value, &host, &path);
                }
            }
            let location = match answer.status {
                301 | 302 | 303 | 307 | 308 => answer.header("location").map(str::to_string),
                _ => None,
            };
            let mut page = Page::default();
            let next = match location {
                Some(location) => location,
                None => {
                    page = read(&answer).await;
                    match sends_on(&answer, &page, marker.as_deref()) {
                        Some(address) if redirects.len() < MOST_REDIRECTS => address,
                        _ => break (answer, page, None),
                    }
                }
            };
            let target = url::resolve(&self.authority, &path, &next);
            // A page that shows itself again and again leads nowhere.
            if !matches!(answer.status, 300..=399) && target == Target::Here(path.clone()) {
                break (answer, page, None);
            }
            redirects.push((answer.status, clean::line(&next)));
            match target {
                Target::Astray(why) => break (answer, page, Some(clean::line(&why))),
                Target::Here(_) if redirects.len() > MOST_REDIRECTS => {
                    break (answer, page, Some(format!("redirected more than {MOST_REDIRECTS} times")));
                }
                Target::Here(next) => path = next,
            }
            // A browser sends the form again for 307 and 308 only.
            if !matches!(answer.status, 307 | 308) {
                form = None;
            }
        };
        let links = page.links.clone();
        let (answer, forms) = show(answer, page, redirects, astray, marker);
        Ok(Visit { answer, path, forms, links })
    }
}

/// Where a page sends the browser by itself, unless it already shows what is looked for.
fn sends_on(answer: &Answer, page: &Page, marker: Option<&str>) -> Option<String> {
    let header = answer.header("refresh").and_then(page::read_refresh);
    let (seconds, address) = header.or_else(|| page.refresh.clone())?;
    let shows = marker.is_some_and(|marker| page.visible.contains(marker));
    (answer.status < 400 && seconds <= LONGEST_REFRESH && !shows).then_some(address)
}

/// The answer as evidence.
fn show(
    answer: Answer,
    page: Page,
    redirects: Vec<(u16, String)>,
    astray: Option<String>,
    marker: Option<String>,
) -> (HttpAnswer, Vec<Form>) {
    let body = String::from_utf8_lossy(&answer.body);
    let around = marker.as_deref();
    let (kept, cut) = clean::keep(clean::text(&body), KEPT, around);
    let (visible, _) = clean::keep(clean::text(&page.visible).trim_end().to_string(), KEPT, around);
    let headers: Vec<(String, String)> =
        answer.headers.iter().take(100).map(|(name, value)| (clean::line(name), clean::line(value))).collect();
    let shown = HttpAnswer {
        status: answer.status,
        reason: clean::line(&answer.reason),
        server: answer.header("server").map(clean::line),
        headers,
        body: kept,
        cut: cut || answer.cut,
        visible,
        redirects,
        form: posted_fields(&page.forms),
        marker,
        astray,
        scripted: page.scripted,
        from_database: None,
    };
    (shown, page.forms)
}

/// Field names of the form that a visitor would fill in.
fn posted_fields(forms: &[Form]) -> Vec<String> {
    super::form::choose(forms)
        .map(|form| form.field_names().iter().map(|name| clean::line(name)).collect())
        .unwrap_or_default()
}

async fn read(answer: &Answer) -> Page {
    let body = String::from_utf8_lossy(&answer.body).into_owned();
    let attached = answer
        .header("content-disposition")
        .is_some_and(|how| how.trim().to_ascii_lowercase().starts_with("attachment"));
    if attached {
        return Page::default();
    }
    let kind = answer.header("content-type").map(str::to_string);
    if body.len() <= SMALL_PAGE {
        return page::read(kind.as_deref(), &body);
    }
    let reading = tokio::task::spawn_blocking(move || page::read(kind.as_deref(), &body));
    match tokio::time::timeout(READING, reading).await {
        Ok(Ok(page)) => page,
        // A page that is made to be slow to read shows nothing.
        _ => Page::default(),
    }
}

#[cfg(test)]
mod tests;
