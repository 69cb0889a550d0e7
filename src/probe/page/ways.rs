//! What in a page leads a browser elsewhere, and what may change the page.

use super::{
    dom::{Document, Element, NodeId},
    style::Style,
};

/// Links that are kept of one page.
const MOST_LINKS: usize = 200;

/// What was found.
#[derive(Debug, Default)]
pub(super) struct Ways {
    pub(super) links: Vec<String>,
    pub(super) base: Option<String>,
    pub(super) refresh: Option<(u32, String)>,
    pub(super) scripted: bool,
    pub(super) policies: Vec<String>,
}

/// Whether a link asks for a style sheet that is applied.
pub(super) fn is_style_sheet(element: &Element) -> bool {
    let rel = element.keyword("rel");
    let mut words = rel.split_ascii_whitespace();
    words.clone().any(|word| word == "stylesheet") && !words.any(|word| word == "alternate") && !element.has("disabled")
}

/// Looks through a page.
pub(super) fn of(document: &Document, styles: &[Style]) -> Ways {
    let mut found = Ways::default();
    for node in document.elements() {
        let Some(element) = document.element(node) else { continue };
        let attr = |name: &str| element.attr(name);
        let leads = match element.name() {
            "a" | "area" => attr("href").map(str::to_owned),
            // `<button onclick="location.href='/add'">`
            _ => attr("onclick").and_then(assigned_location),
        };
        let can_be_pressed = !styles[node].inert;
        if let Some(leads) = leads.filter(|leads| !leads.is_empty() && can_be_pressed && found.links.len() < MOST_LINKS)
        {
            found.links.push(leads);
        }
        match element.name() {
            "base" => found.base = found.base.take().or_else(|| attr("href").map(str::to_owned)),
            "meta" => match element.keyword("http-equiv").as_str() {
                "refresh" => found.refresh = found.refresh.take().or_else(|| read_refresh(attr("content")?)),
                // Only in the head of a page does a browser heed it.
                "content-security-policy" if is_in_head(document, node) => {
                    found.policies.extend(attr("content").map(str::to_owned))
                }
                _ => {}
            },
            // A script of the shop's own may do anything; one from elsewhere is a library.
            "script" if is_script(element) => {
                found.scripted |= attr("src").is_some_and(|from| !from.contains("//"))
                    || attr("src").is_none() && changes_pages(&document.text_of(node));
            }
            "body" => found.scripted |= attr("onload").is_some(),
            _ => {}
        }
    }
    found
}

fn is_in_head(document: &Document, node: NodeId) -> bool {
    document.ancestors(node).any(|above| document.element(above).is_some_and(|one| one.name() == "head"))
}

/// Whether a browser runs it: data and templates stand in scripts too.
fn is_script(element: &Element) -> bool {
    let kind = element.keyword("type");
    kind.is_empty() || kind == "module" || kind.ends_with("javascript") || kind.ends_with("ecmascript")
}

/// Seconds and address of a `Refresh` header, or of the `meta` element of that name: `1; url='/success'`. One without an
/// address shows the page again, and is none.
pub(crate) fn read_refresh(text: &str) -> Option<(u32, String)> {
    let (seconds, rest) = text.trim().split_once([';', ','])?;
    let rest = rest.trim();
    let address = match rest.get(..3) {
        Some(start) if start.eq_ignore_ascii_case("url") => rest[3..].trim_start().strip_prefix('=')?.trim(),
        _ => rest,
    };
    let address = address.trim_matches(['"', '\'']).trim();
    let whole = |seconds: &str| seconds.trim().split('.').next().and_then(|whole| whole.parse().ok()).unwrap_or(0);
    (!address.is_empty()).then(|| (whole(seconds), address.to_owned()))
}

/// The address in `location = '…'`, `location.href='…'`, `location.assign('…')`.
fn assigned_location(script: &str) -> Option<String> {
    let after = &script[script.find("location")?..];
    let from = after.find(['"', '\'', '`'])?;
    let quote = after[from..].chars().next()?;
    let text = &after[from + 1..];
    text.find(quote).map(|end| text[..end].to_owned())
}

/// Whether a script looks as if it fetches, shows, or leads elsewhere.
fn changes_pages(script: &str) -> bool {
    const SIGNS: [&str; 20] = [
        "location",
        "fetch(",
        "XMLHttpRequest",
        "axios",
        "$.get",
        "$.post",
        "$.ajax",
        ".load(",
        "innerHTML",
        "innerText",
        "textContent",
        "insertAdjacent",
        "append",
        "document.write",
        ".submit(",
        "requestSubmit",
        "import(",
        "preventDefault",
        ".style.",
        "classList",
    ];
    SIGNS.iter().any(|sign| script.contains(sign))
}
