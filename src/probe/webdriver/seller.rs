//! Somebody who sells an item with a real browser: fills in the form, presses the button, reads what comes.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::Instant;

use super::RealBrowser;
use crate::{
    error::{Error, Result},
    probe::{
        HttpAnswer, clean,
        form::{self, Control, Entered, Form},
        item::Item,
        page,
        url::{self, Target},
    },
};

/// Reads the page.
const SEE: &str = include_str!("see.js");
/// Finds the fields of a form.
const FIELDS: &str = include_str!("fields.js");
/// Between two looks at a page that may still change.
const PAUSE: Duration = Duration::from_millis(50);
/// How long a page has to be as it is until it counts as whole.
const STILL: Duration = Duration::from_millis(150);
/// What a key on the keyboard is called: <https://www.w3.org/TR/webdriver2/#keyboard-actions>.
const ENTER: &str = "\u{e007}";
/// Bytes of a page that are kept.
const KEPT: usize = 64 * 1024;
/// What WebDriver calls the reference of an element.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// What came of it.
#[derive(Debug, Clone, Default)]
pub struct Sold {
    /// What was entered, by field; nothing where there is no form.
    pub sent: Vec<(String, String)>,
    /// The item, as the form takes it.
    pub(crate) item: Option<Item>,
    /// The page at the end.
    pub answer: HttpAnswer,
    /// The form, as it was filled in.
    pub(crate) form: Option<Form>,
}

/// A field as the browser has it.
struct Live {
    element: String,
    kind: String,
    value: String,
    label: String,
    open: bool,
    fixed: bool,
}

impl RealBrowser {
    /// Goes to a path, fills in the form there and sends it. What the page's scripts do until `settles` has passed counts.
    ///
    /// # Errors
    /// Environment: the browser does not do what it is asked for.
    pub async fn sell(&self, path: &str, item: &Item, settles: Duration) -> Result<Sold> {
        let first = self.visit(path, settles).await?;
        let page = page::read_with(Some("text/html"), &first.body, &page::Resources::default());
        let Some(form) = form::choose(&page.forms) else { return Ok(Sold { answer: first, ..Sold::default() }) };
        let at = page.forms.iter().position(|one| std::ptr::eq(one, form)).unwrap_or_default();
        let item = form.fit(item);
        let fields = self.fields(at).await?;
        if fields.len() != form.fields.len() {
            return Err(Error::environment("the browser has other fields than its page holds"));
        }
        let typed = self.fill(form, &fields, &item).await?;
        let (refusal, origin) = (self.refusal(at).await?, self.origin().await?);
        let pressed = self.press(form, &fields, &typed).await?;
        let mut answer = match pressed {
            None => HttpAnswer {
                astray: Some("the browser does not send the form: there is no button that sends it".into()),
                ..self.see().await?
            },
            Some(()) => self.until_still(Some(&item.marker), settles).await?,
        };
        answer.marker = Some(item.marker.clone());
        if answer.astray.is_none() && refusal.is_some() && self.origin().await? == origin {
            answer.astray = refusal;
        }
        Ok(Sold { sent: form.fill(&item), form: Some(form.clone()), item: Some(item), answer })
    }

    /// Goes to a path.
    ///
    /// # Errors
    /// Environment: it does not get there.
    pub(crate) async fn visit(&self, path: &str, settles: Duration) -> Result<HttpAnswer> {
        self.ask("url", &json!({"url": format!("http://{}{path}", self.authority)})).await?;
        self.until_still(None, settles).await
    }

    /// The page, once it shows this or no longer changes.
    async fn until_still(&self, marker: Option<&str>, settles: Duration) -> Result<HttpAnswer> {
        let begun = Instant::now();
        let mut last = self.see().await;
        let mut since = Instant::now();
        loop {
            let shows = |answer: &HttpAnswer| marker.is_some_and(|marker| answer.shows(marker));
            let still = since.elapsed() >= STILL && (marker.is_none() || begun.elapsed() >= settles);
            if last.as_ref().is_ok_and(shows) || still || begun.elapsed() >= 2 * settles {
                return last;
            }
            tokio::time::sleep(PAUSE).await;
            let now = self.see().await;
            if now.as_ref().ok() != last.as_ref().ok() {
                since = Instant::now();
            }
            last = now;
        }
    }

    /// The page as it is.
    async fn see(&self) -> Result<HttpAnswer> {
        let seen = self.run(SEE, json!([])).await?;
        let text = |key: &str| seen[key].as_str().unwrap_or_default();
        let keep = |text: &str| clean::keep(clean::text(text).trim().to_owned(), KEPT, None);
        let (body, cut) = keep(text("html"));
        let status = seen["status"].as_u64().and_then(|status| u16::try_from(status).ok()).unwrap_or_default();
        let home = url::at_door(&self.authority, "/");
        let astray = home.and_then(|home| match url::resolve(&self.authority, &home, text("url")) {
            Target::Here(_) => None,
            Target::Astray(why) => Some(clean::line(&why)),
        });
        let reason = hyper::StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason());
        Ok(HttpAnswer {
            status,
            reason: reason.unwrap_or_default().to_owned(),
            body,
            cut,
            visible: keep(text("visible")).0,
            concealed: keep(text("concealed")).0,
            astray,
            ..HttpAnswer::default()
        })
    }

    async fn fields(&self, form: usize) -> Result<Vec<Live>> {
        let told = self.run(FIELDS, json!([form])).await?;
        let live = |one: &Value| {
            let text = |key: &str| one[key].as_str().unwrap_or_default().to_owned();
            Live {
                element: one["element"][ELEMENT].as_str().unwrap_or_default().to_owned(),
                kind: text("kind"),
                value: text("value"),
                label: text("label"),
                open: one["open"] == true,
                fixed: one["fixed"] == true,
            }
        };
        Ok(told.as_array().map(|all| all.iter().map(live).collect()).unwrap_or_default())
    }

    /// Types, ticks and chooses. Gives the places where something was typed.
    async fn fill(&self, form: &Form, fields: &[Live], item: &Item) -> Result<Vec<usize>> {
        let mut typed = Vec::new();
        for (at, (live, entered)) in fields.iter().zip(form.values(item)).enumerate() {
            if !live.open || live.fixed {
                continue;
            }
            let element = |what: &str| format!("element/{}/{what}", live.element);
            match (&form.fields[at].control, entered) {
                (_, Entered::Text { value, typed: true }) => {
                    typed.push(at);
                    if is_picked(&live.kind) {
                        let script = "arguments[0].value = arguments[1]; arguments[0].dispatchEvent(new Event('change', {bubbles: true}));";
                        self.run(script, json!([{ELEMENT: live.element}, value])).await?;
                        continue;
                    }
                    if !live.value.is_empty() {
                        self.ask(&element("clear"), &json!({})).await?;
                    }
                    if !value.is_empty() {
                        self.ask(&element("value"), &json!({"text": value})).await?;
                    }
                }
                (Control::Select(_), Entered::Chosen(chosen)) => {
                    let script = "for (const option of arguments[0].options) option.selected = arguments[1].includes(option.value);
                        arguments[0].dispatchEvent(new Event('change', {bubbles: true}));";
                    self.run(script, json!([{ELEMENT: live.element}, chosen])).await?;
                }
                (Control::Input(kind), Entered::Ticked)
                    if matches!(kind.as_str(), "checkbox" | "radio") && !form.fields[at].checked =>
                {
                    self.ask(&element("click"), &json!({})).await?;
                }
                _ => {}
            }
        }
        Ok(typed)
    }

    /// Presses the button, or the Enter key in what was typed last where no button is seen.
    async fn press(&self, form: &Form, fields: &[Live], typed: &[usize]) -> Result<Option<()>> {
        let sends = |at: &usize| form.fields[*at].submits() && fields[*at].open;
        let buttons: Vec<usize> = (0..fields.len()).filter(sends).collect();
        let meant = buttons.iter().find(|at| !form::is_another_button(&fields[**at].label)).or_else(|| buttons.first());
        // A button that a script acts upon may be of any type.
        let scripted = || (0..fields.len()).find(|at| fields[*at].open && fields[*at].kind == "button");
        let nothing = json!({});
        let (what, with) = match (meant.copied().or_else(scripted), typed.last()) {
            (Some(at), _) => (format!("element/{}/click", fields[at].element), nothing),
            (None, Some(at)) => (format!("element/{}/value", fields[*at].element), json!({"text": ENTER})),
            (None, None) => return Ok(None),
        };
        self.ask(&what, &with).await.map(|_| Some(()))
    }

    /// When the page was made: another page has another time.
    async fn origin(&self) -> Result<Value> {
        self.run("return performance.timeOrigin;", json!([])).await
    }

    /// Why the form as it is filled in cannot be sent, if its fields say so.
    async fn refusal(&self, form: usize) -> Result<Option<String>> {
        let script = "const form = document.forms[arguments[0]];
            if (!form || form.noValidate || form.checkValidity()) return null;
            const field = form.querySelector(':invalid:not(fieldset)') || {};
            return `${field.name || 'a field'}: ${field.validationMessage || 'not valid'}`;";
        let told = self.run(script, json!([form])).await?;
        Ok(told.as_str().map(|why| clean::line(&format!("the browser does not send the form: {why}"))))
    }
}

/// Whether its value is picked from a calendar, a clock or a palette, and not typed letter by letter.
fn is_picked(kind: &str) -> bool {
    matches!(kind, "date" | "month" | "week" | "time" | "datetime-local" | "color" | "range")
}
