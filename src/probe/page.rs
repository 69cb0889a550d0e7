//! What a browser makes of a page: the text that it shows, and its forms.
//!
//! The page is read token by token, without building a tree: hostile pages can make a tree grow beyond all bounds.

use std::cell::RefCell;

use html5ever::{
    Attribute,
    tendril::StrTendril,
    tokenizer::{
        BufferQueue, Tag, TagKind, Token, TokenSink, TokenSinkResult, Tokenizer, TokenizerOpts, states::RawKind,
    },
};

use super::form::{Control, Field, Form};

/// Bytes of a page that are looked at.
const MOST_BYTES: usize = 1024 * 1024;
/// As deep as browsers nest elements.
const MOST_DEPTH: usize = 512;
/// Fields and forms that are kept of one page.
const MOST_FIELDS: usize = 200;

/// What a browser makes of an answer's body.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Page {
    /// The text that it shows, one line per block.
    pub(crate) visible: String,
    /// The forms, in order.
    pub(crate) forms: Vec<Form>,
    /// Where its links lead, as written.
    pub(crate) links: Vec<String>,
    /// Where it sends the browser by itself, and after how many seconds.
    pub(crate) refresh: Option<(u32, String)>,
    /// Its scripts may show more than it holds, or send the browser elsewhere.
    pub(crate) scripted: bool,
}

/// Reads a body of this `Content-Type` as a browser would.
pub(crate) fn read(content_type: Option<&str>, body: &str) -> Page {
    let kind = content_type.unwrap_or_default().split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let html = match kind.as_str() {
        "text/html" | "application/xhtml+xml" => true,
        // Without a type a browser looks at the first characters.
        "" => body.trim_start().starts_with('<'),
        _ => false,
    };
    if html {
        return read_html(body);
    }
    let shown = kind.is_empty() || kind.starts_with("text/") || kind.ends_with("json") || kind.ends_with("xml");
    // Everything else is drawn as a picture or saved as a file.
    Page { visible: if shown { body.trim_end().to_string() } else { String::new() }, ..Page::default() }
}

fn read_html(body: &str) -> Page {
    let end = (0..=MOST_BYTES.min(body.len())).rev().find(|&at| body.is_char_boundary(at)).unwrap_or(0);
    let queue = BufferQueue::default();
    queue.push_back(StrTendril::from_slice(&body[..end]));
    let tokenizer = Tokenizer::new(Reader::default(), TokenizerOpts::default());
    // The tokenizer stops only for scripts that are to be run; the reader asks for none.
    let _ = tokenizer.feed(&queue);
    tokenizer.end();
    tokenizer.sink.state.into_inner().finish()
}

/// Gathers text and forms from the tokens.
#[derive(Default)]
struct Reader {
    state: RefCell<State>,
}

#[derive(Default)]
struct State {
    text: String,
    /// A space that is shown only if more text follows on the line.
    gap: bool,
    open: Vec<Open>,
    forms: Vec<Form>,
    links: Vec<String>,
    refresh: Option<(u32, String)>,
    scripted: bool,
    in_form: bool,
    /// The select, textarea or option that is being read.
    textarea: Option<Field>,
    select: Option<Field>,
    option: Option<(Option<String>, String, bool)>,
    fields: usize,
}

struct Open {
    name: String,
    hidden: bool,
    pre: bool,
}

impl TokenSink for Reader {
    type Handle = ();

    fn process_token(&self, token: Token, _line: u64) -> TokenSinkResult<()> {
        let mut state = self.state.borrow_mut();
        match token {
            Token::CharacterTokens(text) => state.characters(&text),
            Token::TagToken(tag) if tag.kind == TagKind::StartTag => {
                state.start(&tag);
                return match &*tag.name {
                    "title" | "textarea" => TokenSinkResult::RawData(RawKind::Rcdata),
                    "style" | "xmp" | "iframe" | "noembed" | "noframes" | "noscript" => {
                        TokenSinkResult::RawData(RawKind::Rawtext)
                    }
                    "script" => TokenSinkResult::RawData(RawKind::ScriptData),
                    "plaintext" => TokenSinkResult::Plaintext,
                    _ => TokenSinkResult::Continue,
                };
            }
            Token::TagToken(tag) => state.end(&tag.name),
            _ => {}
        }
        TokenSinkResult::Continue
    }
}

impl State {
    fn characters(&mut self, text: &str) {
        if let Some(area) = &mut self.textarea {
            area.value.push_str(text);
            return;
        }
        if let Some((_, label, _)) = &mut self.option {
            label.push_str(text);
        }
        let innermost = self.open.last();
        if innermost.is_some_and(|open| open.name == "script") {
            self.scripted |= changes_pages(text);
        }
        if innermost.is_some_and(|open| open.hidden) {
            return;
        }
        if innermost.is_some_and(|open| open.pre) {
            self.flush_gap();
            self.text.push_str(text);
            return;
        }
        for char in text.chars() {
            if char.is_ascii_whitespace() {
                self.gap = true;
            } else {
                self.flush_gap();
                self.text.push(char);
            }
        }
    }

    fn flush_gap(&mut self) {
        if std::mem::take(&mut self.gap) && !self.text.is_empty() && !self.text.ends_with('\n') {
            self.text.push(' ');
        }
    }

    /// Starts a new line, unless one is just starting.
    fn new_line(&mut self) {
        self.gap = false;
        if !self.text.is_empty() && !self.text.ends_with('\n') {
            self.text.push('\n');
        }
    }

    fn start(&mut self, tag: &Tag) {
        let name = &*tag.name;
        self.close_implied(name);
        let parent = self.open.last();
        let hidden = parent.is_some_and(|open| open.hidden) || is_hidden(name, &tag.attrs);
        let pre = matches!(name, "pre" | "xmp" | "listing" | "plaintext") || parent.is_some_and(|open| open.pre);
        if !hidden {
            match name {
                "br" => {
                    self.gap = false;
                    self.text.push('\n');
                }
                "td" | "th" => self.gap = true,
                _ if is_block(name) => self.new_line(),
                _ => {}
            }
        }
        self.start_control(name, &tag.attrs, hidden);
        self.start_of_a_way(name, &tag.attrs);
        if !is_void(name) && self.open.len() < MOST_DEPTH {
            self.open.push(Open { name: name.to_string(), hidden, pre });
        }
    }

    /// What leads a browser elsewhere.
    fn start_of_a_way(&mut self, name: &str, attrs: &[Attribute]) {
        let attr = |name: &str| attribute(attrs, name);
        let leads = match name {
            "a" | "area" => attr("href"),
            // `<button onclick="location.href='/add'">`
            _ => attr("onclick").as_deref().and_then(assigned_location),
        };
        if let Some(leads) = leads.filter(|leads| !leads.is_empty() && self.links.len() < MOST_FIELDS) {
            self.links.push(leads);
        }
        match name {
            "meta" if attr("http-equiv").is_some_and(|what| what.trim().eq_ignore_ascii_case("refresh")) => {
                self.refresh = self.refresh.take().or_else(|| read_refresh(&attr("content")?));
            }
            // A script of the shop's own may do anything; one from elsewhere is a library.
            "script" => self.scripted |= attr("src").is_some_and(|from| !from.contains("//")),
            "body" => self.scripted |= attr("onload").is_some(),
            _ => {}
        }
    }

    fn start_control(&mut self, name: &str, attrs: &[Attribute], hidden: bool) {
        let attr = |name: &str| attribute(attrs, name);
        match name {
            "form" if !self.in_form && self.forms.len() < MOST_FIELDS => {
                self.in_form = true;
                self.forms.push(Form {
                    posts: attr("method").is_some_and(|method| method.trim().eq_ignore_ascii_case("post")),
                    action: attr("action").unwrap_or_default(),
                    fields: Vec::new(),
                });
            }
            "input" => {
                let kind = attr("type").unwrap_or_default().trim().to_ascii_lowercase();
                let value = attr("value").unwrap_or_default();
                if matches!(kind.as_str(), "submit" | "button" | "reset") && !hidden {
                    let label = if value.is_empty() && kind == "submit" { "Submit" } else { &value };
                    self.characters(&format!(" [{label}] "));
                }
                self.field(attrs, Control::Input(kind), value);
            }
            "button" => {
                let kind = attr("type").map_or_else(|| "submit".into(), |kind| kind.trim().to_ascii_lowercase());
                self.field(attrs, Control::Input(kind), attr("value").unwrap_or_default());
            }
            "textarea" => self.textarea = Some(new_field(attrs, Control::TextArea, String::new())),
            "select" => self.select = Some(new_field(attrs, Control::Select(Vec::new()), String::new())),
            "option" => {
                self.end_option();
                let disabled = attr("disabled").is_some();
                self.option = (!disabled).then(|| (attr("value"), String::new(), attr("selected").is_some()));
            }
            _ => {}
        }
    }

    fn field(&mut self, attrs: &[Attribute], control: Control, value: String) {
        let field = new_field(attrs, control, value);
        self.add_field(field);
    }

    fn add_field(&mut self, field: Field) {
        if self.in_form
            && !field.name.is_empty()
            && !field.disabled
            && self.fields < MOST_FIELDS
            && let Some(form) = self.forms.last_mut()
        {
            self.fields += 1;
            form.fields.push(field);
        }
    }

    fn end_option(&mut self) {
        let Some((value, label, selected)) = self.option.take() else { return };
        let Some(select) = &mut self.select else { return };
        let value = value.unwrap_or_else(|| label.split_whitespace().collect::<Vec<_>>().join(" "));
        if selected {
            select.value.clone_from(&value);
        }
        if let Control::Select(options) = &mut select.control
            && options.len() < MOST_FIELDS
        {
            options.push(value);
        }
    }

    fn end(&mut self, name: &str) {
        match name {
            "br" | "p" if !self.open.iter().any(|open| open.name == name) => self.new_line(),
            "textarea" => {
                if let Some(area) = self.textarea.take() {
                    self.add_field(area);
                }
            }
            "option" => self.end_option(),
            "select" => {
                self.end_option();
                if let Some(select) = self.select.take() {
                    self.add_field(select);
                }
            }
            "form" => self.in_form = false,
            _ => {}
        }
        let Some(at) = self.open.iter().rposition(|open| open.name == name) else { return };
        if is_block(name) && !self.open[at].hidden {
            self.new_line();
        }
        self.open.truncate(at);
    }

    /// Closes the elements that a start tag of this name ends without an end tag.
    fn close_implied(&mut self, name: &str) {
        let (closes, within): (&[&str], &[&str]) = match name {
            "li" => (&["li"], &["ul", "ol", "menu"]),
            "dd" | "dt" => (&["dd", "dt"], &["dl"]),
            "option" | "optgroup" => (&["option"], &["select", "datalist"]),
            "td" | "th" => (&["td", "th"], &["tr", "table"]),
            "tr" => (&["tr"], &["table", "tbody", "thead", "tfoot"]),
            "tbody" | "thead" | "tfoot" => (&["tbody", "thead", "tfoot"], &["table"]),
            "body" => (&["head"], &[]),
            _ if is_block(name) => (&["p"], &["table", "td", "th", "button", "caption", "object", "template"]),
            _ => return,
        };
        for at in (0..self.open.len()).rev() {
            let open = self.open[at].name.as_str();
            if closes.contains(&open) {
                self.open.truncate(at);
                return;
            }
            if within.contains(&open) {
                return;
            }
        }
    }

    fn finish(self) -> Page {
        let lines: Vec<&str> = self.text.lines().map(str::trim_end).collect();
        let mut visible = String::with_capacity(self.text.len());
        for line in lines {
            // One empty line says as much as many.
            if !(line.is_empty() && (visible.is_empty() || visible.ends_with("\n\n"))) {
                visible.push_str(line);
                visible.push('\n');
            }
        }
        visible.truncate(visible.trim_end().len());
        Page { visible, forms: self.forms, links: self.links, refresh: self.refresh, scripted: self.scripted }
    }
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
    const SIGNS: [&str; 16] = [
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
        "import(",
    ];
    SIGNS.iter().any(|sign| script.contains(sign))
}

fn new_field(attrs: &[Attribute], control: Control, value: String) -> Field {
    Field {
        name: attribute(attrs, "name").unwrap_or_default(),
        control,
        value,
        checked: attribute(attrs, "checked").is_some(),
        required: attribute(attrs, "required").is_some(),
        disabled: attribute(attrs, "disabled").is_some(),
        min: attribute(attrs, "min"),
        max: attribute(attrs, "max"),
    }
}

fn attribute(attrs: &[Attribute], name: &str) -> Option<String> {
    attrs.iter().find(|attr| &*attr.name.local == name).map(|attr| attr.value.to_string())
}

/// Whether a browser shows nothing of an element.
fn is_hidden(name: &str, attrs: &[Attribute]) -> bool {
    match name {
        "script" | "style" | "template" | "noscript" | "title" | "textarea" | "datalist" | "iframe" | "noembed"
        | "noframes" | "object" | "video" | "audio" | "canvas" | "rp" => return true,
        "dialog" if attribute(attrs, "open").is_none() => return true,
        _ => {}
    }
    attrs.iter().any(|attr| match &*attr.name.local {
        "hidden" => true,
        "style" => {
            let style: String = attr.value.chars().filter(|char| !char.is_whitespace()).collect();
            let style = style.to_ascii_lowercase();
            style.contains("display:none") || style.contains("visibility:hidden")
        }
        _ => false,
    })
}

fn is_void(name: &str) -> bool {
    matches!(
        name,
        "area"
            | "base"
            | "br"
            | "col"
            | "embed"
            | "hr"
            | "img"
            | "input"
            | "link"
            | "meta"
            | "source"
            | "track"
            | "wbr"
    )
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
            | "div"
            | "dl"
            | "dt"
            | "fieldset"
            | "figcaption"
            | "figure"
            | "footer"
            | "form"
            | "h1"
            | "h2"
            | "h3"
            | "h4"
            | "h5"
            | "h6"
            | "header"
            | "hr"
            | "html"
            | "legend"
            | "li"
            | "main"
            | "menu"
            | "nav"
            | "ol"
            | "optgroup"
            | "option"
            | "p"
            | "pre"
            | "section"
            | "summary"
            | "table"
            | "tbody"
            | "tfoot"
            | "thead"
            | "tr"
            | "ul"
    )
}

#[cfg(test)]
mod tests;
