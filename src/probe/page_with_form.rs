//! The page with the form: the front page, or one that it links to.

use std::time::Duration;

use super::{
    browser::{Browser, Visit},
    form,
    prober::Prober,
    settle::Look,
    url::{self, Target, Url},
};

/// Links that are followed.
const MOST_LINKS: usize = 8;
/// How long a page may take.
const ANSWER: Duration = Duration::from_secs(5);
/// How long all of them may take.
const ALL: Duration = Duration::from_secs(15);
/// Words of links that lead to a form, the likeliest first.
const LIKELY: [&str; 9] = ["add", "new", "sell", "create", "form", "submit", "enter", "item", "product"];
/// Words of links that change something.
const HARMFUL: [&str; 7] = ["delete", "remove", "drop", "reset", "clear", "logout", "destroy"];

impl Prober {
    /// A page behind the front page's links whose form asks for name, quantity and description, where the front page has no
    /// such form itself.
    pub(super) async fn page_with_form(&self, look: &Look, front: &Visit, browser: &mut Browser) -> Option<Visit> {
        if front.answer.status >= 400 || form::choose_whole(&front.forms).is_some() {
            return None;
        }
        let search = async {
            for path in worth_following(&self.authority, front) {
                if let Ok(visit) = browser.visit(&path, look.patience(ANSWER)).await
                    && visit.answer.status < 400
                    && form::choose_whole(&visit.forms).is_some()
                {
                    return Some(visit);
                }
            }
            None
        };
        tokio::time::timeout(look.patience(ALL), search).await.ok().flatten()
    }
}

/// The paths behind the same door to which a page links, the likeliest first.
fn worth_following(authority: &str, page: &Visit) -> Vec<String> {
    let mut paths: Vec<String> = Vec::new();
    let base = url::at_door(authority, &page.path);
    for link in &page.links {
        if let Some(Target::Here(url)) = base.as_ref().map(|base: &Url| url::resolve(authority, base, link))
            && let path = url::path_of(&url)
            && path != page.path
            && !paths.contains(&path)
            && !HARMFUL.iter().any(|word| path.to_lowercase().contains(word))
        {
            paths.push(path);
        }
    }
    paths.sort_by_key(|path| {
        let path = path.to_lowercase();
        LIKELY.iter().position(|word| path.contains(word)).unwrap_or(LIKELY.len())
    });
    paths.truncate(MOST_LINKS);
    paths
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_that_may_lead_to_a_form_come_first_and_harmful_ones_never() {
        let links =
            ["https://example.org/add", "/about", "/items/delete/1", "sell/new", "#top", "/", "/items", "sell/new"];
        let page = Visit { path: "/".into(), links: links.map(str::to_owned).to_vec(), ..Visit::default() };
        assert_eq!(worth_following("localhost:8080", &page), ["/sell/new", "/items", "/about"]);
    }
}
