//! A browser in front of one door: cookies, redirects, forms, frames, and what is shown.

use std::time::Duration;

use tokio::time::Instant;

use super::{
    HttpAnswer, clean,
    cookies::CookieJar,
    encode::{self, Body},
    form::{Attempt, Form},
    http::{Answer, Door, Failure, Request},
    item::Item,
    page::{self, Page, Resources},
    policy,
    url::{self, Target, Url},
};

/// Redirects that are followed: Chromium gives up at the twentieth.
const MOST_REDIRECTS: usize = 19;
/// A page that sends the browser on later than this many seconds is where a visitor stays.
const LONGEST_REFRESH: u32 = 30;
/// Bytes of a body that are kept in the evidence.
const KEPT: usize = 64 * 1024;
/// Pages up to this size are read at once; larger ones beside other work, and bounded in time.
const SMALL_PAGE: usize = 64 * 1024;
/// How long a large page may take to be read.
const READING: Duration = Duration::from_secs(3);
/// Frames in frames that are fetched.
const MOST_FRAMES_DEEP: u8 = 3;

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
    /// Where its links lead, as whole addresses.
    pub(crate) links: Vec<String>,
    /// What it allows itself.
    pub(super) policies: Vec<String>,
    /// Its frames that have a name, and whether they are seen.
    pub(super) frames: Vec<(String, bool)>,
    /// Its address, once there is one.
    pub(super) url: Option<Url>,
}

/// A request that a browser is about to make.
#[derive(Debug, Clone)]
struct Going {
    url: Url,
    body: Option<Body>,
    referer: Option<String>,
    /// The name that is looked for.
    marker: Option<String>,
    deadline: Instant,
    frames_deep: u8,
}

/// Where it ended.
struct Arrived {
    answer: Answer,
    page: Page,
    url: Url,
    redirects: Vec<(u16, String)>,
    astray: Option<String>,
}

impl Browser {
    /// A browser that reaches `authority` through this door.
    pub(crate) fn new(door: Door, authority: impl Into<String>) -> Self {
        Self { door, authority: authority.into(), jar: CookieJar::default() }
    }

    /// The browser of another visitor, who was never here.
    pub(crate) fn of_another_visitor(&self) -> Self {
        Self { jar: CookieJar::default(), ..self.clone() }
    }

    /// Goes to this path, following redirects.
    pub(crate) async fn visit(&mut self, path: &str, within: Duration) -> Result<Visit, Failure> {
        let Some(url) = url::at_door(&self.authority, path) else {
            return Err(Failure::NameUnknown(self.authority.clone()));
        };
        let deadline = Instant::now() + within;
        self.go(Going { url, body: None, referer: None, marker: None, deadline, frames_deep: 0 }, within).await
    }

    /// Fills in a form of the page and sends it, following redirects. Also gives what was entered.
    pub(crate) async fn submit(
        &mut self,
        page: &Visit,
        form: &Form,
        item: &Item,
        within: Duration,
    ) -> (Vec<(String, String)>, Result<Visit, Failure>) {
        let stays = |why: String| {
            let mut stays = page.clone();
            stays.answer.astray = Some(clean::line(&why));
            stays.answer.marker = Some(item.marker.clone());
            (form.fill(item), Ok(stays))
        };
        let submission = match form.submit(item) {
            Attempt::Refused(why) => return stays(format!("the browser does not send the form: {why}")),
            Attempt::Sent(submission) => submission,
        };
        let Some(from) = page.url.clone().or_else(|| url::at_door(&self.authority, &page.path)) else {
            return stays(format!("the form cannot be sent: `{}` is no address", self.authority));
        };
        let mut to = match url::resolve(&self.authority, &from, &submission.action) {
            Target::Here(to) => to,
            Target::Astray(why) => return stays(format!("the form cannot be sent: {why}")),
        };
        if !policy::allows_form(&page.policies, &from, &to) {
            return stays("the browser does not send the form: the page's Content-Security-Policy forbids it".into());
        }
        let mut body = None;
        if submission.posts {
            body = Some(encode::body(&submission));
        } else {
            // What is sent by GET takes the place of the address's own query.
            to.set_query(Some(&encode::url_encoded(&submission.entries)));
        }
        to.set_fragment(None);
        let going = Going {
            url: to,
            body,
            referer: Some(from.to_string()),
            marker: Some(item.marker.clone()),
            deadline: Instant::now() + within,
            frames_deep: 0,
        };
        let visit = self.go(going, within).await.map(|answer| match page.frame_of(form) {
            Some(shown) => page.with_framed(answer, shown),
            None => answer,
        });
        (submission.entries, visit)
    }

    async fn go(&mut self, going: Going, within: Duration) -> Result<Visit, Failure> {
        let marker = going.marker.clone();
        let arrived = self.arrive(going).await.map_err(|failure| match failure {
            Failure::TimedOut(_) => Failure::TimedOut(within.as_secs_f64()),
            other => other,
        })?;
        Ok(show(arrived, marker))
    }

    /// Follows redirects, and pages that send the browser on, to where a visitor stays.
    async fn arrive(&mut self, mut going: Going) -> Result<Arrived, Failure> {
        let mut redirects: Vec<(u16, String)> = Vec::new();
        loop {
            let answer = self.ask(&going).await?;
            let location = match answer.status {
                301 | 302 | 303 | 307 | 308 => answer.header("location").map(str::to_string),
                _ => None,
            };
            let url = going.url.clone();
            let mut page = Page::default();
            let next = match location {
                Some(location) => location,
                None => {
                    page = self.read(&answer, &going).await;
                    match sends_on(&answer, &page, going.marker.as_deref()) {
                        Some(address) if redirects.len() < MOST_REDIRECTS => address,
                        _ => return Ok(Arrived { answer, page, url, redirects, astray: None }),
                    }
                }
            };
            let base = page.base.as_deref().and_then(|base| url.join(base).ok());
            let target = url::resolve(&self.authority, base.as_ref().unwrap_or(&url), &next);
            // A page that shows itself again and again leads nowhere.
            if !matches!(answer.status, 300..=399) && target == Target::Here(url.clone()) {
                return Ok(Arrived { answer, page, url, redirects, astray: None });
            }
            redirects.push((answer.status, clean::line(&next)));
            let astray = match target {
                Target::Astray(why) => clean::line(&why),
                Target::Here(_) if redirects.len() > MOST_REDIRECTS => {
                    format!("redirected more than {MOST_REDIRECTS} times")
                }
                Target::Here(next) => {
                    going.url = next;
                    // A browser sends the form again for 307 and 308 only.
                    if !matches!(answer.status, 307 | 308) {
                        going.body = None;
                    }
                    continue;
                }
            };
            return Ok(Arrived { answer, page, url, redirects, astray: Some(astray) });
        }
    }

    /// One request, with the cookies that belong to it.
    async fn ask(&mut self, going: &Going) -> Result<Answer, Failure> {
        let request = Request {
            body: going.body.clone(),
            path: url::path_of(&going.url),
            host: url::authority_of(&going.url),
            cookie: self.jar.header(&going.url),
            referer: going.referer.clone(),
            framed: going.frames_deep > 0,
        };
        let left = going.deadline.saturating_duration_since(Instant::now());
        let answer = self.door.ask(&request, left).await?;
        for (name, value) in &answer.headers {
            if name.eq_ignore_ascii_case("set-cookie") {
                self.jar.take(value, &going.url);
            }
        }
        Ok(answer)
    }

    /// What a page shows, with the style sheets and frames that it asks for.
    async fn read(&mut self, answer: &Answer, going: &Going) -> Page {
        let mut resources = Resources::default();
        let mut page = read(answer, resources.clone()).await;
        if !page.sheets.is_empty() || !page.frames.is_empty() && going.frames_deep < MOST_FRAMES_DEEP {
            let base = page.base.as_deref().and_then(|base| going.url.join(base).ok()).unwrap_or(going.url.clone());
            for href in &page.sheets {
                if let Some(going) = self.beside(going, &base, href)
                    && let Ok(answer) = self.ask(&going).await
                    && answer.status < 300
                {
                    let sheet = String::from_utf8_lossy(&answer.body).into_owned();
                    resources.sheets.insert(href.clone(), sheet);
                }
            }
            for href in &page.frames {
                if let Some(going) = self.beside(going, &base, href).filter(|_| going.frames_deep < MOST_FRAMES_DEEP)
                    && let Ok(arrived) = Box::pin(self.arrive(going)).await
                    && arrived.astray.is_none()
                    && policy::allows_framing(
                        &policies(&arrived),
                        arrived.answer.header("x-frame-options"),
                        &arrived.url,
                    )
                {
                    resources.frames.insert(href.clone(), with_whole_addresses(arrived.page, &arrived.url));
                }
            }
            page = read(answer, resources).await;
        }
        page
    }

    /// The request for what a page asks for beside itself, where that is behind the same door.
    fn beside(&self, going: &Going, base: &Url, href: &str) -> Option<Going> {
        match url::resolve(&self.authority, base, href) {
            Target::Here(url) if url != going.url => Some(Going {
                url,
                body: None,
                referer: Some(going.url.to_string()),
                marker: None,
                deadline: going.deadline,
                frames_deep: going.frames_deep + 1,
            }),
            _ => None,
        }
    }
}

impl Visit {
    /// Whether the answer to a form is shown in a frame of this page; then, whether that is seen.
    fn frame_of(&self, form: &Form) -> Option<bool> {
        let target = form.target()?;
        self.frames.iter().find(|(name, _)| *name == target).map(|(_, shown)| *shown)
    }

    /// This page, with an answer in one of its frames.
    fn with_framed(&self, mut answer: Visit, shown: bool) -> Visit {
        let framed = std::mem::take(&mut answer.answer.visible);
        let (visible, concealed) = (&mut answer.answer.visible, &mut answer.answer.concealed);
        *visible = self.answer.visible.clone();
        let place = if shown { visible } else { concealed };
        place.push('\n');
        place.push_str(&framed);
        answer
    }
}

/// Where a page sends the browser by itself, unless it already shows what is looked for.
fn sends_on(answer: &Answer, page: &Page, marker: Option<&str>) -> Option<String> {
    let header = answer.header("refresh").and_then(page::read_refresh);
    let (seconds, address) = header.or_else(|| page.refresh.clone())?;
    let shows = marker.is_some_and(|marker| page.visible.contains(marker));
    (answer.status < 400 && seconds <= LONGEST_REFRESH && !shows).then_some(address)
}

/// What a page and its headers allow.
fn policies(arrived: &Arrived) -> Vec<String> {
    let headers =
        arrived.answer.headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case("content-security-policy"));
    headers.map(|(_, value)| value.clone()).chain(arrived.page.policies.iter().cloned()).collect()
}

/// The page with the addresses of its forms and links as seen from anywhere.
fn with_whole_addresses(mut page: Page, url: &Url) -> Page {
    let base = page.base.as_deref().and_then(|base| url.join(base).ok()).unwrap_or(url.clone());
    // An empty address is the page itself, whatever its base is.
    let whole = |address: &str| match address.trim() {
        "" => url.to_string(),
        address => base.join(address).map_or_else(|_| address.to_owned(), |whole| whole.to_string()),
    };
    for form in &mut page.forms {
        form.press.action = Some(whole(form.press.action.as_deref().unwrap_or_default()));
        for action in form.fields.iter_mut().filter_map(|field| field.press.action.as_mut()) {
            *action = whole(action);
        }
    }
    for link in &mut page.links {
        *link = whole(link);
    }
    page
}

/// The answer as evidence.
fn show(arrived: Arrived, marker: Option<String>) -> Visit {
    let policies = policies(&arrived);
    let Arrived { answer, page, url, redirects, astray } = arrived;
    let page = with_whole_addresses(page, &url);
    let body = String::from_utf8_lossy(&answer.body);
    let around = marker.as_deref();
    let (kept, cut) = clean::keep(clean::text(&body), KEPT, around);
    let keep = |text: &str| clean::keep(clean::text(text).trim_end().to_string(), KEPT, around).0;
    let headers: Vec<(String, String)> =
        answer.headers.iter().take(100).map(|(name, value)| (clean::line(name), clean::line(value))).collect();
    let shown = HttpAnswer {
        status: answer.status,
        reason: clean::line(&answer.reason),
        server: answer.header("server").map(clean::line),
        headers,
        body: kept,
        cut: cut || answer.cut,
        visible: keep(&page.visible),
        concealed: keep(&page.concealed),
        redirects,
        form: posted_fields(&page.forms),
        marker,
        astray,
        scripted: page.scripted,
        from_database: None,
        lists_earlier: None,
        shows_third: None,
    };
    Visit {
        answer: shown,
        path: url::path_of(&url),
        forms: page.forms,
        links: page.links,
        policies,
        frames: page.named_frames,
        url: Some(url),
    }
}

/// Field names of the form that a visitor would fill in.
fn posted_fields(forms: &[Form]) -> Vec<String> {
    super::form::choose(forms)
        .map(|form| form.field_names().iter().map(|name| clean::line(name)).collect())
        .unwrap_or_default()
}

async fn read(answer: &Answer, resources: Resources) -> Page {
    let body = String::from_utf8_lossy(&answer.body).into_owned();
    let attached = answer
        .header("content-disposition")
        .is_some_and(|how| how.trim().to_ascii_lowercase().starts_with("attachment"));
    if attached {
        return Page::default();
    }
    let kind = answer.header("content-type").map(str::to_string);
    if body.len() <= SMALL_PAGE {
        return page::read_with(kind.as_deref(), &body, &resources);
    }
    let reading = tokio::task::spawn_blocking(move || page::read_with(kind.as_deref(), &body, &resources));
    match tokio::time::timeout(READING, reading).await {
        Ok(Ok(page)) => page,
        // A page that is made to be slow to read shows nothing.
        _ => Page::default(),
    }
}

#[cfg(test)]
mod tests;
