//! The text of a page: what a visitor sees, and what is there and out of sight.
//!
//! As `innerText` says, and beyond it: the values of inputs, what style sheets generate, what frames show.

use super::{
    Resources,
    dom::{Document, Element, Kind, NodeId, ROOT},
    style::{Display, Sight, Style, Transform},
};

/// Frames in frames that are read.
pub(super) const MOST_FRAMES_DEEP: u8 = 3;

/// Both texts, one line per block.
#[derive(Debug, Default)]
pub(super) struct Texts {
    pub(super) visible: String,
    pub(super) concealed: String,
}

/// Reads the texts of a page.
pub(super) fn of(document: &Document, styles: &[Style], resources: &Resources, depth: u8) -> Texts {
    let mut reader = Reader { document, styles, resources, depth, shown: Writer::default(), hidden: Writer::default() };
    reader.children(ROOT, &Style::default());
    Texts { visible: reader.shown.finish(), concealed: reader.hidden.finish() }
}

struct Reader<'a> {
    document: &'a Document,
    styles: &'a [Style],
    resources: &'a Resources,
    depth: u8,
    shown: Writer,
    hidden: Writer,
}

impl Reader<'_> {
    fn writer(&mut self, sight: Sight) -> Option<&mut Writer> {
        match sight {
            Sight::Shown => Some(&mut self.shown),
            Sight::Concealed => Some(&mut self.hidden),
            Sight::Never => None,
        }
    }

    fn children(&mut self, node: NodeId, style: &Style) {
        for at in 0..self.document.children(node).len() {
            let child = self.document.children(node)[at];
            match self.document.kind(child) {
                Kind::Text(text) => {
                    let text = transformed(text, style.transform);
                    let closed = self.is_closed_text(node);
                    let sight = if closed { style.sight.max(Sight::Concealed) } else { style.sight };
                    if let Some(writer) = self.writer(sight) {
                        if style.preformatted { writer.pre(&text) } else { writer.flow(&text) }
                    }
                }
                Kind::Element(element) => {
                    let style = &self.styles[child];
                    if !style.skipped {
                        self.element(child, element, style);
                    }
                }
                Kind::Other => {}
            }
        }
    }

    /// Text that stands in a closed `<details>` itself.
    fn is_closed_text(&self, node: NodeId) -> bool {
        self.document.element(node).is_some_and(|element| element.name() == "details" && !element.has("open"))
    }

    fn element(&mut self, node: NodeId, element: &Element, style: &Style) {
        let Some(writer) = self.writer(style.sight) else { return };
        match (element.name(), style.display) {
            ("br", _) => writer.line_break(),
            (_, Display::Block) => writer.new_line(),
            (_, Display::Cell) => writer.gap = true,
            (_, Display::Inline) => {}
        }
        let inner = match element.name() {
            "input" => Some(value_of(element).unwrap_or_default()),
            "textarea" => {
                let text = self.document.text_of(node);
                let shown =
                    if text.is_empty() { element.attr("placeholder").unwrap_or_default().to_owned() } else { text };
                Some(shown)
            }
            "iframe" | "frame" | "embed" => Some(String::new()),
            "object" if element.has("data") => Some(String::new()),
            _ => None,
        };
        if matches!(element.name(), "iframe" | "frame" | "embed" | "object") {
            self.frame(element, style.sight);
        }
        match inner {
            Some(text) => {
                if let Some(writer) = self.writer(style.sight).filter(|_| !text.is_empty()) {
                    writer.gap = true;
                    if element.name() == "textarea" {
                        writer.pre(&text)
                    } else {
                        writer.flow(&text)
                    }
                    writer.gap = true;
                }
            }
            None => {
                let around = |reader: &mut Self, at: usize| {
                    if let Some(writer) = reader.writer(style.sight)
                        && !style.generated[at].is_empty()
                    {
                        writer.pre(&transformed(&style.generated[at], style.transform));
                    }
                };
                around(self, 0);
                self.children(node, style);
                around(self, 1);
            }
        }
        if style.display == Display::Block
            && let Some(writer) = self.writer(style.sight)
        {
            writer.new_line();
        }
    }

    /// What a frame shows.
    fn frame(&mut self, element: &Element, sight: Sight) {
        let sight = if has_no_size(element) { sight.max(Sight::Concealed) } else { sight };
        let page;
        let framed = match (element.attr("srcdoc"), source(element)) {
            (Some(html), _) if element.name() == "iframe" => {
                if self.depth >= MOST_FRAMES_DEEP {
                    return;
                }
                page = super::read_html(html, self.resources, self.depth + 1);
                Some(&page)
            }
            (_, Some(from)) => self.resources.frames.get(from),
            _ => None,
        };
        let Some(framed) = framed else { return };
        let (visible, concealed) = (framed.visible.clone(), framed.concealed.clone());
        if let Some(writer) = self.writer(sight) {
            writer.new_line();
            writer.pre(&visible);
            writer.new_line();
        }
        self.hidden.new_line();
        self.hidden.pre(&concealed);
        self.hidden.new_line();
    }
}

/// Where a frame's page comes from, as written.
pub(super) fn source(element: &Element) -> Option<&str> {
    let from = match element.name() {
        "iframe" | "frame" | "embed" => element.attr("src"),
        "object" => element.attr("data"),
        _ => None,
    };
    from.filter(|from| !from.trim().is_empty())
}

/// Whether a frame is a point or a line.
fn has_no_size(element: &Element) -> bool {
    let is_zero = |name: &str| element.attr(name).is_some_and(|size| matches!(size.trim(), "0" | "0px" | "0%"));
    is_zero("width") || is_zero("height")
}

/// The frames that have a name, and whether they are seen.
pub(super) fn named_frames(document: &Document, styles: &[Style]) -> Vec<(String, bool)> {
    let frame = |node: NodeId| {
        let element = document.element(node).filter(|one| matches!(one.name(), "iframe" | "frame" | "object"))?;
        let name = element.attr("name").filter(|name| !name.is_empty())?;
        Some((name.to_owned(), styles[node].sight == Sight::Shown && !has_no_size(element)))
    };
    document.elements().into_iter().filter_map(frame).collect()
}

/// What an input shows of its value.
fn value_of(element: &Element) -> Option<String> {
    let kind = element.keyword("type");
    let value = element.attr("value").unwrap_or_default();
    match kind.as_str() {
        "submit" | "button" | "reset" => {
            let default = match (kind.as_str(), element.has("value")) {
                ("submit", false) => "Submit",
                ("reset", false) => "Reset",
                _ => value,
            };
            Some(format!("[{default}]"))
        }
        "image" => element.attr("alt").map(str::to_owned),
        "hidden" | "password" | "checkbox" | "radio" | "file" | "range" | "color" => None,
        "number" if !value.is_empty() => super::super::validity::is_number(value).then(|| value.to_owned()),
        // What is no date is not shown.
        "date" | "time" | "month" | "week" | "datetime-local" => {
            value.starts_with(|char: char| char.is_ascii_digit()).then(|| value.to_owned())
        }
        _ if value.is_empty() => element.attr("placeholder").map(str::to_owned),
        _ => Some(value.to_owned()),
    }
}

fn transformed(text: &str, transform: Transform) -> String {
    match transform {
        Transform::None => text.to_owned(),
        Transform::Upper => text.to_uppercase(),
        Transform::Lower => text.to_lowercase(),
        Transform::Capital => {
            let mut inside = false;
            text.chars()
                .map(|char| {
                    let first = char.is_alphanumeric() && !std::mem::replace(&mut inside, char.is_alphanumeric());
                    if first { char.to_uppercase().next().unwrap_or(char) } else { char }
                })
                .collect()
        }
    }
}

/// Writes text as a browser lays it out.
#[derive(Debug, Default)]
struct Writer {
    text: String,
    /// A space that is shown only if more text follows on the line.
    gap: bool,
}

impl Writer {
    fn flow(&mut self, text: &str) {
        for char in text.chars() {
            if char.is_ascii_whitespace() {
                self.gap = true;
            } else {
                self.flush_gap();
                self.text.push(char);
            }
        }
    }

    fn pre(&mut self, text: &str) {
        self.flush_gap();
        self.text.push_str(text);
    }

    fn flush_gap(&mut self) {
        if std::mem::take(&mut self.gap) && !self.text.is_empty() && !self.text.ends_with('\n') {
            self.text.push(' ');
        }
    }

    fn line_break(&mut self) {
        self.gap = false;
        self.text.push('\n');
    }

    /// Starts a new line, unless one is just starting.
    fn new_line(&mut self) {
        self.gap = false;
        if !self.text.is_empty() && !self.text.ends_with('\n') {
            self.text.push('\n');
        }
    }

    fn finish(self) -> String {
        let mut text = String::with_capacity(self.text.len());
        for line in self.text.lines().map(str::trim_end) {
            // One empty line says as much as many.
            if !(line.is_empty() && (text.is_empty() || text.ends_with("\n\n"))) {
                text.push_str(line);
                text.push('\n');
            }
        }
        text.truncate(text.trim_end().len());
        text
    }
}
