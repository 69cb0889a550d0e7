//! What a browser makes of a page: the text that it shows, and its forms.
//!
//! `dom` builds the tree, `css` reads the style sheets, `selector` and `style` apply them, `text` and `forms` read what comes
//! of it; `ways` finds what leads elsewhere.

mod css;
mod dom;
mod forms;
mod selector;
mod style;
mod text;
mod ways;

use std::collections::BTreeMap;

use super::form::Form;
use dom::Document;
pub(crate) use ways::read_refresh;

/// Bytes of a page that are looked at.
const MOST_BYTES: usize = 1024 * 1024;
/// Style sheets and frames that are fetched for one page.
const MOST_RESOURCES: usize = 8;

/// What a browser makes of an answer's body.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Page {
    /// The text that it shows, one line per block.
    pub(crate) visible: String,
    /// The text that is in it and out of sight: hidden by a style, or until a visitor opens something.
    pub(crate) concealed: String,
    /// The forms, in order.
    pub(crate) forms: Vec<Form>,
    /// Where its links lead, as written.
    pub(crate) links: Vec<String>,
    /// What its addresses start from, as written, where it says so itself.
    pub(crate) base: Option<String>,
    /// Where it sends the browser by itself, and after how many seconds.
    pub(crate) refresh: Option<(u32, String)>,
    /// Its scripts may show more than it holds, or send the browser elsewhere.
    pub(crate) scripted: bool,
    /// What it allows itself, as in the header `Content-Security-Policy`.
    pub(crate) policies: Vec<String>,
    /// Style sheets that it asks for, as written.
    pub(crate) sheets: Vec<String>,
    /// Frames that it asks for, as written.
    pub(crate) frames: Vec<String>,
    /// The frames that have a name, and whether they are seen.
    pub(crate) named_frames: Vec<(String, bool)>,
}

/// What a page asks for beside itself, by its address as written.
#[derive(Debug, Clone, Default)]
pub(crate) struct Resources {
    /// Style sheets.
    pub(crate) sheets: BTreeMap<String, String>,
    /// What is shown in frames.
    pub(crate) frames: BTreeMap<String, Page>,
}

/// Reads a body of this `Content-Type`, without what it asks for beside itself.
#[cfg(test)]
pub(crate) fn read(content_type: Option<&str>, body: &str) -> Page {
    read_with(content_type, body, &Resources::default())
}

/// Reads a body of this `Content-Type` as a browser would, together with what it asked for beside itself.
pub(crate) fn read_with(content_type: Option<&str>, body: &str, resources: &Resources) -> Page {
    let kind = content_type.unwrap_or_default().split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let html = match kind.as_str() {
        "text/html" | "application/xhtml+xml" => true,
        // Without a type a browser looks at the first characters.
        "" => body.trim_start().starts_with('<'),
        _ => false,
    };
    if html {
        return read_html(body, resources, 0);
    }
    let shown = kind.is_empty() || kind.starts_with("text/") || kind.ends_with("json") || kind.ends_with("xml");
    // Everything else is drawn as a picture or saved as a file.
    Page { visible: if shown { body.trim_end().to_string() } else { String::new() }, ..Page::default() }
}

/// Reads a page that stands so deep in frames.
fn read_html(body: &str, resources: &Resources, depth: u8) -> Page {
    let end = (0..=MOST_BYTES.min(body.len())).rev().find(|&at| body.is_char_boundary(at)).unwrap_or(0);
    let document = Document::parse(&body[..end]);
    let mut rules = Vec::new();
    let mut sheets: Vec<String> = Vec::new();
    let mut frames: Vec<String> = Vec::new();
    for node in document.elements() {
        let Some(element) = document.element(node) else { continue };
        let media = element.attr("media").unwrap_or_default();
        match element.name() {
            "style" if css::is_for_screen(media) => css::sheet(&document.text_of(node), &mut rules),
            "link" if ways::is_style_sheet(element) && css::is_for_screen(media) => {
                if let Some(href) = element.attr("href") {
                    match resources.sheets.get(href) {
                        Some(sheet) => css::sheet(sheet, &mut rules),
                        None => sheets.push(href.to_owned()),
                    }
                }
            }
            _ => {
                let wanted = text::source(element).filter(|from| !resources.frames.contains_key(*from));
                frames.extend(wanted.filter(|_| !element.has("srcdoc")).map(str::to_owned));
            }
        }
    }
    sheets.truncate(MOST_RESOURCES);
    frames.truncate(MOST_RESOURCES);
    let styles = style::of(&document, &rules);
    let named_frames = text::named_frames(&document, &styles);
    let texts = text::of(&document, &styles, resources, depth);
    let mut forms = forms::of(&document, &styles);
    forms.extend(resources.frames.values().flat_map(|page| page.forms.iter().cloned()));
    let found = ways::of(&document, &styles);
    Page {
        visible: texts.visible,
        concealed: texts.concealed,
        forms,
        links: found.links,
        base: found.base,
        refresh: found.refresh,
        scripted: found.scripted || resources.frames.values().any(|page| page.scripted),
        policies: found.policies,
        sheets,
        frames,
        named_frames,
    }
}

#[cfg(test)]
mod tests;
