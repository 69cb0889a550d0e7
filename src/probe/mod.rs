//! One question to the running stack, one [`Evidence`] back.
//!
//! Each hop is asked from where it starts: the host for the browser, a toolbox container inside the stack's networks for
//! the rest. No verdicts here and no words for learners: only what was asked, and what was seen.

mod as_app;
mod browser;
mod clean;
mod container_state;
mod cookies;
mod encode;
mod evidence;
mod field_meaning;
mod form;
mod front_door;
mod hops;
mod http;
mod item;
mod kind;
mod last_words;
mod page;
mod page_with_form;
mod policy;
mod prober;
mod resubmit;
mod rows;
mod scripted;
mod settle;
mod sockets;
mod survey;
mod url;
mod validity;
mod webdriver;

pub use crate::engine::slowness;
pub use as_app::SLOW_MODULES;
pub use evidence::{
    Evidence, FrontDoor, HealthReport, HttpAnswer, ListenSocket, Observation, Rows, ServiceReport, Survey, evidence_id,
};
pub use item::Item;
pub use kind::is_met;
pub use prober::{HostPorts, Prober, SurveyOptions};
pub use resubmit::sell_by_eye;
pub use webdriver::{BrowserProgram, RealBrowser, Sold};

/// See [`crate::fuzz`].
#[cfg(any(test, fuzzing))]
pub(crate) fn fuzz(html: &str) {
    let page = page::read_with(Some("text/html"), html, &page::Resources::default());
    let item = Item::new();
    for form in &page.forms {
        form.submit(&form.fit(&item));
        form.by_name(&form.fill(&item));
    }
    if let Some(base) = url::at_door("localhost:8080", "/a/b") {
        for way in page.links.iter().chain(&page.base).chain(&page.sheets).chain(&page.frames) {
            url::resolve("localhost:8080", &base, way);
        }
    }
}
