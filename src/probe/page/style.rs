//! What the cascade makes of a page's elements, as far as it decides whether their text is seen.

use std::time::{Duration, Instant};

use selectors::{
    context::{MatchingContext, MatchingForInvalidation, MatchingMode, NeedsSelectorFlags, QuirksMode, SelectorCaches},
    matching::matches_selector,
    parser::Selector,
};

use super::{
    css::{self, Declaration, OutOfSight, Piece, Property, Rule, Size},
    dom::{Document, Element, NodeId},
    selector::{Generated, Html, InTree},
};

/// How long the style sheets of a page may take to be applied; what comes later has no style of its own.
const MOST_TIME: Duration = Duration::from_secs(1);

/// Whether a visitor sees an element's text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(super) enum Sight {
    /// Yes.
    #[default]
    Shown,
    /// It is in the page, and out of sight: by CSS, or until a visitor opens something.
    Concealed,
    /// It is no text of the page.
    Never,
}

/// How an element stands among others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Display {
    #[default]
    Inline,
    Block,
    Cell,
}

/// What is known of one element.
#[derive(Debug, Clone, Default)]
pub(super) struct Style {
    pub(super) sight: Sight,
    pub(super) display: Display,
    pub(super) preformatted: bool,
    pub(super) transform: Transform,
    /// Text that the style sheets put before and after its own.
    pub(super) generated: [String; 2],
    /// A visitor can neither type nor press there.
    pub(super) inert: bool,
    /// Its contents are of no concern: a browser does not lay them out.
    pub(super) skipped: bool,
    invisible: bool,
    no_letters: bool,
    no_colour: bool,
    closed: bool,
    faded: bool,
}

/// What becomes of its letters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Transform {
    #[default]
    None,
    Upper,
    Lower,
    Capital,
}

/// One selector of a rule, with its place in the cascade.
struct Candidate<'a> {
    selector: &'a Selector<Html>,
    order: usize,
    declarations: &'a [Declaration],
}

/// A declaration's rank: important ones first, then those of the element itself, the more specific, the later.
type Rank = (bool, bool, u32, usize);

/// The styles of all elements, by node.
pub(super) fn of(document: &Document, rules: &[Rule]) -> Vec<Style> {
    let mut cascade = Cascade::new(document, rules);
    let mut styles = vec![Style::default(); document.len()];
    for node in document.elements() {
        let Some(element) = document.element(node) else { continue };
        let parent = document.parent(node).map(|parent| styles[parent].clone()).unwrap_or_default();
        styles[node] = cascade.style(node, element, &parent);
    }
    styles
}

struct Cascade<'a> {
    document: &'a Document,
    normal: Vec<Candidate<'a>>,
    generated: [Vec<Candidate<'a>>; 2],
    caches: SelectorCaches,
    until: Instant,
}

impl<'a> Cascade<'a> {
    fn new(document: &'a Document, rules: &'a [Rule]) -> Self {
        let mut normal = Vec::new();
        let mut generated = [Vec::new(), Vec::new()];
        for (order, rule) in rules.iter().enumerate() {
            for selector in rule.selectors.slice() {
                let candidate = Candidate { selector, order, declarations: &rule.declarations };
                match selector.pseudo_element() {
                    None => normal.push(candidate),
                    Some(Generated::Before) => generated[0].push(candidate),
                    Some(Generated::After) => generated[1].push(candidate),
                    Some(Generated::Other) => {}
                }
            }
        }
        Self { document, normal, generated, caches: SelectorCaches::default(), until: Instant::now() + MOST_TIME }
    }

    /// The declarations that hold for an element, the strongest last.
    fn declared(&mut self, node: NodeId, which: Option<usize>) -> Vec<Property> {
        let (candidates, mode) = match which {
            None => (&self.normal, MatchingMode::Normal),
            Some(at) => (&self.generated[at], MatchingMode::ForStatelessPseudoElement),
        };
        let quirks = if self.document.quirks { QuirksMode::Quirks } else { QuirksMode::NoQuirks };
        let element = InTree { document: self.document, node };
        let mut found: Vec<(Rank, Property)> = Vec::new();
        for candidate in candidates {
            if Instant::now() > self.until {
                break;
            }
            let mut context = MatchingContext::new(
                mode,
                None,
                &mut self.caches,
                quirks,
                NeedsSelectorFlags::No,
                MatchingForInvalidation::No,
            );
            if matches_selector(candidate.selector, 0, None, element, &mut context) {
                let rank = (candidate.selector.specificity(), candidate.order);
                found.extend(
                    candidate
                        .declarations
                        .iter()
                        .map(|one| ((one.important, false, rank.0, rank.1), one.property.clone())),
                );
            }
        }
        if which.is_none()
            && let Some(own) = self.document.element(node).and_then(|element| element.attr("style"))
        {
            found.extend(css::inline(own).into_iter().map(|one| ((one.important, true, 0, 0), one.property)));
        }
        found.sort_by_key(|(rank, _)| *rank);
        found.into_iter().map(|(_, property)| property).collect()
    }

    fn style(&mut self, node: NodeId, element: &Element, parent: &Style) -> Style {
        if parent.skipped || is_never_shown(element) {
            return Style { sight: Sight::Never, skipped: true, inert: true, ..Style::default() };
        }
        let mut display = default_display(element);
        let mut style = Style {
            preformatted: parent.preformatted || matches!(element.name(), "pre" | "xmp" | "listing" | "plaintext"),
            transform: parent.transform,
            inert: parent.inert || element.has("inert"),
            invisible: parent.invisible,
            no_letters: parent.no_letters,
            no_colour: parent.no_colour,
            closed: parent.closed || is_closed(self.document, node),
            faded: parent.faded,
            ..Style::default()
        };
        if matches!(element.name(), "input" | "textarea" | "select" | "button") {
            // A browser gives them letters of their own size and colour.
            (style.no_letters, style.no_colour, style.transform) = (false, false, Transform::None);
        }
        let mut out = Vec::new();
        let mut content_skipped = false;
        let declared = self.declared(node, None);
        for property in declared {
            match property {
                Property::Display(word) => display = word,
                Property::Visibility(word) => {
                    style.invisible = match word.as_str() {
                        "hidden" | "collapse" => true,
                        "visible" | "initial" => false,
                        "inherit" | "unset" | "revert" => parent.invisible,
                        _ => style.invisible,
                    };
                }
                Property::FontSize(size) => {
                    style.no_letters = match size {
                        Size::Zero => true,
                        Size::OfParent => parent.no_letters,
                        Size::Some => false,
                    };
                }
                Property::Opacity(none) => style.faded = parent.faded || none,
                Property::Color(none) => style.no_colour = none,
                Property::ContentVisibility(skipped) => content_skipped = skipped,
                Property::TextTransform(word) => {
                    style.transform = match word.as_str() {
                        "uppercase" => Transform::Upper,
                        "lowercase" => Transform::Lower,
                        "capitalize" => Transform::Capital,
                        "none" | "initial" => Transform::None,
                        _ => style.transform,
                    };
                }
                Property::WhiteSpace(word) => {
                    style.preformatted = matches!(word.as_str(), "pre" | "pre-wrap" | "pre-line" | "break-spaces")
                }
                Property::OutOfSight(what, is) => {
                    out.retain(|one| *one != what);
                    if is {
                        out.push(what);
                    }
                }
                Property::Content(_) => {}
            }
        }
        if display == "contents" && is_replaced(element) {
            display = "none".to_owned();
        }
        if display == "none" && is_not_for_showing(element) {
            return Style { sight: Sight::Never, skipped: true, inert: true, ..Style::default() };
        }
        style.closed |= display == "none" || is_out_of_sight(&out);
        style.display = match display.as_str() {
            "none" | "contents" | "inline" | "inline-block" | "inline-flex" | "inline-grid" | "inline-table"
            | "ruby" => Display::Inline,
            "table-cell" => Display::Cell,
            "initial" | "unset" | "inherit" | "revert" => Display::Inline,
            _ => Display::Block,
        };
        style.sight = if style.invisible || style.no_letters || style.no_colour || style.closed || style.faded {
            Sight::Concealed
        } else {
            Sight::Shown
        };
        style.inert |= style.invisible || style.closed;
        for at in 0..2 {
            if !self.generated[at].is_empty() && !is_replaced(element) {
                style.generated[at] = self.generated_text(node, element, at);
            }
        }
        style.closed |= content_skipped;
        style
    }

    fn generated_text(&mut self, node: NodeId, element: &Element, at: usize) -> String {
        let mut text = String::new();
        for property in self.declared(node, Some(at)) {
            match property {
                Property::Content(pieces) => {
                    text = pieces
                        .iter()
                        .map(|piece| match piece {
                            Piece::Text(text) => text.as_str(),
                            Piece::Attribute(name) => element.attr(name).unwrap_or_default(),
                        })
                        .collect();
                }
                Property::Display(word) if word == "none" => return String::new(),
                _ => {}
            }
        }
        text
    }
}

fn is_out_of_sight(found: &[OutOfSight]) -> bool {
    let has = |one: OutOfSight| found.contains(&one);
    has(OutOfSight::Positioned) && (has(OutOfSight::Left) || has(OutOfSight::Top))
        || has(OutOfSight::Indent)
        || has(OutOfSight::Cut) && (has(OutOfSight::NoHeight) || has(OutOfSight::NoWidth))
        || has(OutOfSight::Scaled)
        || has(OutOfSight::Clipped)
        || has(OutOfSight::Margin)
        || has(OutOfSight::Moved)
}

/// Elements whose contents are no text of the page, whatever the style sheets say; what frames show is read on its own.
fn is_never_shown(element: &Element) -> bool {
    matches!(
        element.name(),
        "template"
            | "noscript"
            | "noembed"
            | "noframes"
            | "video"
            | "audio"
            | "canvas"
            | "param"
            | "meter"
            | "progress"
    ) && element.is_html()
        || matches!(element.name(), "title" | "desc" | "metadata" | "defs" | "style" | "script") && !element.is_html()
}

/// Elements whose contents are no text of the page, unless a style sheet makes them some.
fn is_not_for_showing(element: &Element) -> bool {
    matches!(element.name(), "head" | "title" | "style" | "script" | "datalist" | "rp") && element.is_html()
}

/// Elements whose inside is their own affair: nothing is generated there.
fn is_replaced(element: &Element) -> bool {
    matches!(
        element.name(),
        "input" | "textarea" | "select" | "iframe" | "frame" | "object" | "embed" | "img" | "br" | "hr" | "option"
    )
}

/// Whether it is in a part that a visitor has to open first.
fn is_closed(document: &Document, node: NodeId) -> bool {
    let Some(details) = document.parent(node) else { return false };
    let Some(parent) = document.element(details) else { return false };
    if parent.name() != "details" || parent.has("open") {
        return false;
    }
    let summary = document
        .children(details)
        .iter()
        .find(|child| document.element(**child).is_some_and(|one| one.name() == "summary"));
    summary != Some(&node)
}

fn default_display(element: &Element) -> String {
    let name = element.name();
    let word = if element.has("hidden") && element.is_html()
        || is_not_for_showing(element)
        || name == "dialog" && !element.has("open")
        || element.has("popover")
        || name == "input" && element.keyword("type") == "hidden"
    {
        "none"
    } else if !element.is_html() {
        "inline"
    } else if matches!(name, "td" | "th") {
        "table-cell"
    } else if is_block(name) {
        "block"
    } else {
        "inline"
    };
    word.to_owned()
}

fn is_block(name: &str) -> bool {
    matches!(
        name,
        "address"
            | "article"
            | "aside"
            | "blockquote"
            | "body"
            | "caption"
            | "center"
            | "dd"
            | "details"
            | "dialog"
            | "dir"
            | "div"
            | "dl"
            | "dt"
            | "fieldset"
            | "figcaption"
            | "figure"
            | "footer"
            | "form"
            | "frameset"
            | "h1"
            | "h2"
            | "h3"
            | "h4"
            | "h5"
            | "h6"
            | "header"
            | "hgroup"
            | "hr"
            | "html"
            | "legend"
            | "li"
            | "listing"
            | "main"
            | "menu"
            | "nav"
            | "ol"
            | "optgroup"
            | "option"
            | "p"
            | "plaintext"
            | "pre"
            | "search"
            | "section"
            | "summary"
            | "table"
            | "tbody"
            | "tfoot"
            | "thead"
            | "tr"
            | "ul"
            | "xmp"
    )
}
