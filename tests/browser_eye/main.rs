//! Our eye against a real browser: the same sales on the same pages, asked by both. Neither may send, or see, what the other
//! does not, but for the few differences that are listed with their reasons.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[path = "../common/mod.rs"]
mod common;
mod differences;
mod pages;
mod shop;

use std::{path::Path, time::Duration};

use breakfix::probe::{BrowserProgram, HttpAnswer, Item, Observation, RealBrowser, sell_by_eye};
use pages::{After, Page, Parts};
use shop::{AUTHORITY, Server};

/// Pages that are tried; with BREAKFIX_ALL=1, as many as BREAKFIX_PAGES says.
const SAMPLE: u64 = 20;
const ALL: u64 = 1_000;
/// How long a page may take to show what was sold.
const SETTLES: Duration = Duration::from_millis(400);

/// What a visitor finds.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Found {
    /// What the shop was asked.
    asked: Vec<String>,
    stored: usize,
    seen: Seen,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Seen {
    Shown,
    Concealed,
    Absent,
}

fn seen(answer: &HttpAnswer) -> Seen {
    match &answer.marker {
        Some(marker) if answer.shows(marker) => Seen::Shown,
        Some(marker) if answer.conceals(marker) => Seen::Concealed,
        _ => Seen::Absent,
    }
}

struct Room {
    server: Server,
    browser: RealBrowser,
}

impl Room {
    /// Nothing where `BREAKFIX_SKIP_BROWSER=1` leaves these tests out; then it is said.
    async fn open() -> Option<Self> {
        if std::env::var_os("BREAKFIX_SKIP_BROWSER").is_some_and(|value| value == "1") {
            eprintln!("SKIPPED, for BREAKFIX_SKIP_BROWSER=1: this test needs a browser");
            return None;
        }
        let program = BrowserProgram::find(Path::new("chromium")).expect(
            "a browser: install chromium and chromium-driver, or set BREAKFIX_SKIP_BROWSER=1 to leave these tests out",
        );
        let server = Server::start();
        let browser = RealBrowser::open(&program, AUTHORITY, "127.0.0.1", server.port).await.unwrap();
        Some(Self { server, browser })
    }

    /// What the eye and the browser find on this page.
    async fn both(&self, page: &Page) -> (Found, Found) {
        let item = Item::new();
        let path = self.server.open("eye", page);
        let answer = match sell_by_eye(self.server.port, AUTHORITY, &path, &item, Duration::from_secs(20)).await {
            Observation::Http(answer) => answer,
            other => panic!("the eye got no answer: {other:?}"),
        };
        let shop = self.server.close("eye");
        let by_eye = Found { asked: shop.asked, stored: shop.stored.len(), seen: seen(&answer) };
        let path = self.server.open("own", page);
        self.browser.forget().await.unwrap();
        let sold = self.browser.sell(&path, &item, SETTLES).await.unwrap();
        let shop = self.server.close("own");
        let by_browser = Found { asked: shop.asked, stored: shop.stored.len(), seen: seen(&sold.answer) };
        (by_eye, by_browser)
    }
}

#[tokio::test]
async fn the_eye_finds_what_a_browser_finds() {
    let Some(room) = Room::open().await else { return };
    let number = |name: &str| std::env::var(name).ok().and_then(|number| number.parse().ok());
    let count = if common::all() { number("BREAKFIX_PAGES").unwrap_or(ALL) } else { SAMPLE };
    let from = number("BREAKFIX_SEED").unwrap_or(0);
    let (mut differ, mut on_purpose) = (Vec::new(), 0);
    for seed in from..from + count {
        let page = pages::page(seed);
        let (by_eye, by_browser) = room.both(&page).await;
        if by_eye == by_browser {
            continue;
        }
        match differences::reason(&page.traits, by_eye.asked == by_browser.asked && by_eye.stored == by_browser.stored)
        {
            Some(_) => on_purpose += 1,
            None => {
                differ.push(format!("page {seed} {:?}\n  eye     {by_eye:?}\n  browser {by_browser:?}", page.traits))
            }
        }
    }
    room.browser.close().await;
    eprintln!("{count} pages: {} differ, {on_purpose} more as they are meant to", differ.len());
    assert!(differ.is_empty(), "{}", differ.join("\n"));
}

/// Pages as they are met, with what a person finds on them.
fn met() -> Vec<(&'static str, Parts, usize, Seen)> {
    let plain = Parts::default;
    let listed = |list: &str, row: &'static str| Parts { list: list.into(), row, ..plain() };
    let with_buttons = |buttons: &str| Parts { buttons: buttons.into(), ..plain() };
    let hidden = |form: &'static str| Parts { around: ("<template>", "</template>"), form: form.into(), ..plain() };
    let mut by_attribute = Parts { wants: vec![("csrf_token", "t")], ..plain() };
    by_attribute.form.push_str(" id=f");
    by_attribute.outside.0 = "<input type=hidden form=f name=csrf_token value=t>".into();
    let mut pattern = plain();
    pattern.fields[0] = "<input name=name required pattern='[0-9]+'>".into();
    let mut elsewhere = with_buttons("<button type=submit formaction='{base}/sell'>Enter</button>");
    elsewhere.form = " method=post action='/nowhere'".into();
    let mut as_text = plain();
    as_text.form.push_str(" enctype=text/plain");
    vec![
        ("plain", plain(), 1, Seen::Shown),
        ("button-formaction", elsewhere, 1, Seen::Shown),
        ("button-type-button", with_buttons("<button type=button>Enter</button>"), 0, Seen::Absent),
        ("enctype-text-plain", as_text, 0, Seen::Absent),
        ("form-in-template", hidden(" method=post action='{base}/sell'"), 0, Seen::Absent),
        ("iframe-list", listed("<iframe width=900 height=400 src='{base}/frame'></iframe>", ""), 1, Seen::Shown),
        ("list-in-details", listed("<details><summary>list</summary>{items}</details>", "{name}"), 1, Seen::Concealed),
        ("list-in-textarea", listed("<textarea rows=20 cols=80>{items}</textarea>", "{name}"), 1, Seen::Shown),
        ("required-pattern", pattern, 0, Seen::Absent),
        ("token-by-form-attribute", by_attribute, 1, Seen::Shown),
        ("page-instead", Parts { after: After::Page(200, "<p>{items}".into()), ..plain() }, 1, Seen::Shown),
    ]
}

#[tokio::test]
async fn pages_as_they_are_met() {
    let Some(room) = Room::open().await else { return };
    let mut wrong = Vec::new();
    for (name, parts, stored, seen) in met() {
        let (by_eye, by_browser) = room.both(&parts.page()).await;
        for (who, found) in [("eye", &by_eye), ("browser", &by_browser)] {
            if (found.stored, found.seen) != (stored, seen) {
                wrong.push(format!("{name}: {who} {found:?}"));
            }
        }
    }
    room.browser.close().await;
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
