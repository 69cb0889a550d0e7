//! A form, filled in as a friendly visitor would, and sent as HTML's form submission algorithm says.

use std::collections::BTreeMap;

use super::{
    field_meaning::{Meaning, is_text, meanings},
    item::Item,
    validity,
};

/// A form of a page.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Form {
    /// How it is sent when no button says otherwise.
    pub(crate) press: Press,
    /// Its `onsubmit`.
    pub(crate) handler: String,
    /// Its fields and buttons, in order, wherever they stand.
    pub(crate) fields: Vec<Field>,
}

/// How a form is sent: as the form says (`action`, …), or its button (`formaction`, …).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Press {
    /// Where it is sent, as written; empty is the page itself.
    pub(crate) action: Option<String>,
    /// `get`, `post` or `dialog`.
    pub(crate) method: Option<String>,
    /// How what is entered is written.
    pub(crate) enctype: Option<String>,
    /// The window in which the answer is shown.
    pub(crate) target: Option<String>,
    /// What was entered is sent as it is.
    pub(crate) novalidate: bool,
}

/// A field or button of a form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Field {
    /// Its name; what has none is not sent.
    pub(crate) name: String,
    /// What it is.
    pub(crate) control: Control,
    /// What it holds when the page comes.
    pub(crate) value: String,
    /// A box that is ticked.
    pub(crate) checked: bool,
    /// It is not sent.
    pub(crate) disabled: bool,
    /// It is sent as it is.
    pub(crate) readonly: bool,
    /// It stands in a list of suggestions: sent, as Chromium does, and not asked for anything.
    pub(crate) barred: bool,
    /// A visitor sees it, and can type or press there.
    pub(crate) shown: bool,
    /// What is written on a button.
    pub(crate) label: String,
    /// Its `onclick`.
    pub(crate) handler: String,
    /// What a browser asks of its value.
    pub(crate) rules: Rules,
    /// The name under which the direction of its text is sent.
    pub(crate) dirname: Option<String>,
    /// Of a button: how it sends the form.
    pub(crate) press: Press,
}

/// What a browser asks of a value.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Rules {
    pub(crate) required: bool,
    pub(crate) pattern: Option<String>,
    pub(crate) min: Option<String>,
    pub(crate) max: Option<String>,
    pub(crate) step: Option<String>,
    pub(crate) min_length: Option<usize>,
    pub(crate) max_length: Option<usize>,
    /// Several addresses may be given.
    pub(crate) multiple: bool,
}

/// What a field is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Control {
    /// An input of this type.
    Input(String),
    /// A text of several lines.
    TextArea,
    /// A choice.
    Select(Select),
    /// A button: `submit`, `reset` or `button`.
    Button(String),
}

/// A choice among values.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Select {
    /// Those that can be chosen.
    pub(crate) options: Vec<String>,
    /// Those that are chosen when the page comes.
    pub(crate) selected: Vec<String>,
    /// Several can be chosen.
    pub(crate) multiple: bool,
    /// The first one stands for none.
    pub(crate) placeholder: bool,
    /// Nothing is chosen when the page comes.
    pub(crate) is_empty: bool,
}

/// What comes of pressing the button.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Attempt {
    /// It is sent.
    Sent(Submission),
    /// The browser sends nothing, for this reason.
    Refused(String),
}

/// What is sent, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Submission {
    /// Names and values, in the order of the form.
    pub(crate) entries: Vec<(String, String)>,
    /// By POST.
    pub(crate) posts: bool,
    /// Where to, as written.
    pub(crate) action: String,
    /// As what.
    pub(crate) enctype: Enctype,
}

/// How entries are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Enctype {
    UrlEncoded,
    Multipart,
    Plain,
}

/// What a visitor presses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pressed {
    /// This button.
    Button(usize),
    /// The Enter key, in a form without a button that sends it.
    Enter,
}

/// Words on buttons that a visitor with something to sell does not press.
const OTHER_BUTTONS: [&str; 10] =
    ["cancel", "reset", "clear", "delete", "remove", "back", "search", "log out", "logout", "discard"];

/// The form to fill in: the first of those that ask for most of name, quantity and description. One that does not post is
/// only meant when it asks for all three.
pub(crate) fn choose(forms: &[Form]) -> Option<&Form> {
    let mut best: Option<(usize, &Form)> = None;
    for form in forms {
        let asks = meanings(form).iter().flatten().count();
        if (form.posts() || asks == Meaning::ALL.len()) && best.is_none_or(|(most, _)| asks > most) {
            best = Some((asks, form));
        }
    }
    best.map(|(_, form)| form)
}

/// The form that asks for name, quantity and description.
pub(crate) fn choose_whole(forms: &[Form]) -> Option<&Form> {
    choose(forms).filter(|form| meanings(form).iter().flatten().count() == Meaning::ALL.len())
}

/// Whether it says on a button that it is for something else than selling.
pub(crate) fn is_another_button(label: &str) -> bool {
    let label = label.to_lowercase();
    OTHER_BUTTONS.iter().any(|word| label.contains(word))
}

impl Field {
    /// Whether it sends the form.
    pub(crate) fn submits(&self) -> bool {
        match &self.control {
            Control::Input(kind) => matches!(kind.as_str(), "submit" | "image"),
            Control::Button(kind) => kind == "submit",
            _ => false,
        }
    }

    /// Whether a visitor can enter something there.
    pub(crate) fn is_open(&self) -> bool {
        self.shown && !self.disabled && !self.readonly && !self.barred
    }

    /// Whether it takes part in what is sent.
    fn is_sent(&self) -> bool {
        !self.disabled && !self.name.is_empty()
    }
}

impl Form {
    /// Whether it is sent by POST.
    pub(crate) fn posts(&self) -> bool {
        let button = match self.pressed() {
            Ok(Pressed::Button(at)) => self.fields[at].press.method.as_deref(),
            _ => None,
        };
        button.or(self.press.method.as_deref()).is_some_and(|method| method.trim().eq_ignore_ascii_case("post"))
    }

    /// The window in which its answer is shown, where that has a name.
    pub(crate) fn target(&self) -> Option<&str> {
        let button = match self.pressed() {
            Ok(Pressed::Button(at)) => self.fields[at].press.target.as_deref(),
            _ => None,
        };
        button.or(self.press.target.as_deref()).filter(|name| !name.is_empty() && !name.starts_with('_'))
    }

    /// Names of its fields, in order; then what they stand for, where that is called otherwise.
    pub(crate) fn field_names(&self) -> Vec<String> {
        let mut names: Vec<String> =
            self.fields.iter().filter(|field| field.is_sent()).map(|one| one.name.clone()).collect();
        for meaning in meanings(self).into_iter().flatten() {
            if !names.iter().any(|name| name == meaning.word()) {
                names.push(meaning.word().to_owned());
            }
        }
        names
    }

    /// What was sent by name; also by what the fields stand for, where that is called otherwise.
    pub(crate) fn by_name(&self, sent: &[(String, String)]) -> BTreeMap<String, String> {
        let mut values: BTreeMap<String, String> = BTreeMap::new();
        for (field, meaning) in self.fields.iter().zip(meanings(self)) {
            let value = sent.iter().find(|(name, _)| *name == field.name).map(|(_, value)| value.clone());
            if let (Some(meaning), Some(value)) = (meaning, value) {
                values.insert(meaning.word().to_owned(), value);
            }
        }
        values.extend(sent.iter().cloned());
        values
    }

    /// The item as this form takes it: a name that is too long for its field becomes a shorter word.
    pub(crate) fn fit(&self, item: &Item) -> Item {
        let most = self.name_field(&meanings(self)).and_then(|at| self.fields[at].rules.max_length);
        let pattern = self.name_field(&meanings(self)).filter(|at| self.fields[*at].rules.pattern.is_some());
        let mut item = item.clone();
        if let Some(most) = most {
            item.shorten(most);
        }
        if let Some(at) = pattern
            && validity::refuses(&self.fields[at], &item.marker, true).is_some()
        {
            let capital = item.capitalised();
            if validity::refuses(&self.fields[at], &capital.marker, true).is_none() {
                return capital;
            }
        }
        item
    }

    /// Presses the button, with this item entered.
    pub(crate) fn submit(&self, item: &Item) -> Attempt {
        let pressed = match self.pressed() {
            Ok(pressed) => pressed,
            Err(why) => return Attempt::Refused(why.to_owned()),
        };
        let button = match pressed {
            Pressed::Button(at) => Some(&self.fields[at]),
            Pressed::Enter => None,
        };
        let values = self.values(item);
        let of_button = button.map(|field| field.press.clone()).unwrap_or_default();
        if !self.press.novalidate && !of_button.novalidate {
            let refused = self
                .fields
                .iter()
                .zip(&values)
                .enumerate()
                .find_map(|(at, (_, entered))| self.refuses(at, entered, &values));
            if let Some(why) = refused {
                return Attempt::Refused(why);
            }
        }
        let blocks = |script: &str| {
            let script: String = script.chars().filter(|char| !char.is_whitespace()).collect();
            script.trim_end_matches(';') == "returnfalse" || script.contains("event.preventDefault()")
        };
        if blocks(&self.handler) || button.is_some_and(|button| blocks(&button.handler)) {
            return Attempt::Refused("a script of the page keeps the form from being sent".into());
        }
        let said = |button: Option<String>, form: &Option<String>| button.or_else(|| form.clone()).unwrap_or_default();
        let method = said(of_button.method, &self.press.method).trim().to_ascii_lowercase();
        if method == "dialog" {
            return Attempt::Refused("its method `dialog` sends nothing".into());
        }
        let enctype = match said(of_button.enctype, &self.press.enctype).trim().to_ascii_lowercase().as_str() {
            "multipart/form-data" => Enctype::Multipart,
            "text/plain" => Enctype::Plain,
            _ => Enctype::UrlEncoded,
        };
        Attempt::Sent(Submission {
            entries: self.entries(&values, button),
            posts: method == "post",
            action: said(of_button.action, &self.press.action),
            enctype,
        })
    }

    /// What a visitor presses; or why there is nothing that would send the form.
    fn pressed(&self) -> Result<Pressed, &'static str> {
        let buttons = || (0..self.fields.len()).filter(|at| self.fields[*at].submits());
        let can_be_pressed = |at: &usize| self.fields[*at].shown && !self.fields[*at].disabled;
        let is_other = |at: &usize| is_another_button(&self.fields[*at].label);
        let pressable: Vec<usize> = buttons().filter(can_be_pressed).collect();
        if let Some(at) = pressable.iter().find(|at| !is_other(at)).or_else(|| pressable.first()) {
            return Ok(Pressed::Button(*at));
        }
        let idle = self.fields.iter().any(|field| {
            let is_button = matches!(&field.control, Control::Button(kind) if kind == "button")
                || matches!(&field.control, Control::Input(kind) if kind == "button");
            is_button && field.shown
        });
        let is_line = |field: &Field| match &field.control {
            Control::Input(kind) => !matches!(
                kind.as_str(),
                "hidden" | "range" | "color" | "checkbox" | "radio" | "file" | "submit" | "image" | "reset" | "button"
            ),
            _ => false,
        };
        let why = if idle {
            "its button is of type `button`, which sends nothing"
        } else {
            "there is no button that sends it"
        };
        if !self.fields.iter().any(|field| is_line(field) && field.is_open()) {
            return Err(why);
        }
        // The Enter key presses the first button, seen or not.
        match buttons().next() {
            Some(at) if self.fields[at].disabled => Err("the button that sends it is disabled"),
            Some(at) => Ok(Pressed::Button(at)),
            None if self.fields.iter().filter(|field| is_line(field)).count() > 1 => Err(why),
            None => Ok(Pressed::Enter),
        }
    }

    /// Why a browser does not send a field as it is now.
    fn refuses(&self, at: usize, entered: &Entered, values: &[Entered]) -> Option<String> {
        let field = &self.fields[at];
        if field.disabled || field.barred {
            return None;
        }
        let name = if field.name.is_empty() { "a field without a name" } else { &field.name };
        let missing = || Some(format!("`{name}` is required, and nothing is chosen"));
        match (&field.control, entered) {
            (Control::Input(kind), _) if kind == "radio" => {
                let group =
                    || self.fields.iter().zip(values).filter(|(one, _)| is_radio(one) && one.name == field.name);
                let required = field.rules.required || group().any(|(one, _)| one.rules.required && !one.disabled);
                let chosen = group().any(|(_, entered)| *entered == Entered::Ticked);
                (required && !field.name.is_empty() && !chosen).then(missing).flatten()
            }
            (Control::Input(kind), entered) if kind == "checkbox" => {
                (field.rules.required && *entered != Entered::Ticked).then(missing).flatten()
            }
            (Control::Input(kind), _) if kind == "file" => field.rules.required.then(missing).flatten(),
            (Control::Select(select), Entered::Chosen(chosen)) => {
                let empty = chosen.is_empty() || select.placeholder && chosen.first().is_some_and(String::is_empty);
                (field.rules.required && empty).then(missing).flatten()
            }
            (_, Entered::Text { .. }) if field.readonly => None,
            (_, Entered::Text { value, typed }) => validity::refuses(field, value, *typed),
            _ => None,
        }
    }

    /// What stands in each field once this item was entered.
    pub(crate) fn values(&self, item: &Item) -> Vec<Entered> {
        let meanings = meanings(self);
        let name_field = self.name_field(&meanings);
        let mut radios: BTreeMap<&str, bool> = BTreeMap::new();
        let mut values = Vec::new();
        for (at, field) in self.fields.iter().enumerate() {
            let open = field.is_open();
            values.push(match &field.control {
                Control::Select(select) => {
                    Entered::Chosen(if open { select.choice() } else { select.selected.clone() })
                }
                Control::Button(_) => Entered::Nothing,
                Control::Input(kind) => match kind.as_str() {
                    "submit" | "image" | "button" | "reset" | "file" => Entered::Nothing,
                    "hidden" => kept(field),
                    "checkbox" => ticked(field.checked || field.rules.required && open),
                    "radio" => {
                        let others =
                            self.fields.iter().any(|one| is_radio(one) && one.name == field.name && one.checked);
                        let taken = radios.entry(&field.name).or_default();
                        let take = field.checked || open && !others && !*taken;
                        *taken |= take;
                        ticked(take)
                    }
                    "range" | "color" => kept(field),
                    _ if !open => kept(field),
                    _ if Some(at) == name_field => typed(field, &item.marker),
                    _ => fill(field, meanings[at], item),
                },
                Control::TextArea if open && Some(at) == name_field => typed(field, &item.marker),
                Control::TextArea if open => fill(field, meanings[at], item),
                Control::TextArea => kept(field),
            });
        }
        values
    }

    /// The entry list.
    fn entries(&self, values: &[Entered], button: Option<&Field>) -> Vec<(String, String)> {
        let mut sent: Vec<(String, String)> = Vec::new();
        for (field, entered) in self.fields.iter().zip(values) {
            let is_button = button.is_some_and(|button| std::ptr::eq(button, field));
            if is_button && matches!(&field.control, Control::Input(kind) if kind == "image") && !field.disabled {
                let dot = if field.name.is_empty() { String::new() } else { format!("{}.", field.name) };
                sent.extend(["x", "y"].map(|axis| (format!("{dot}{axis}"), "1".to_owned())));
                continue;
            }
            if !field.is_sent() {
                continue;
            }
            let mut push = |value: &str| sent.push((field.name.clone(), value.to_owned()));
            match entered {
                _ if is_button => push(&field.value),
                Entered::Text { value, .. } if field.name == "_charset_" && is_hidden(field) && value.is_empty() => {
                    push("UTF-8")
                }
                Entered::Text { value, .. } => push(value),
                Entered::Ticked => push(on(field)),
                Entered::Chosen(chosen) => chosen.iter().for_each(|value| push(value)),
                Entered::Nothing if matches!(&field.control, Control::Input(kind) if kind == "file") => push(""),
                Entered::Nothing => {}
            }
            if let (Some(name), Entered::Text { .. }) = (&field.dirname, entered) {
                sent.push((name.clone(), "ltr".into()));
            }
        }
        sent.into_iter().map(|(name, value)| (with_whole_line_ends(&name), with_whole_line_ends(&value))).collect()
    }

    /// What is sent when this item is entered, in the order of the form, whether a browser would send it or not.
    pub(crate) fn fill(&self, item: &Item) -> Vec<(String, String)> {
        let button = match self.pressed() {
            Ok(Pressed::Button(at)) => Some(&self.fields[at]),
            _ => None,
        };
        self.entries(&self.values(item), button)
    }

    /// The place of the field that takes the item's name: the one that stands for it, else the first for text that stands for
    /// nothing else.
    fn name_field(&self, meanings: &[Option<Meaning>]) -> Option<usize> {
        let named = meanings.iter().position(|meaning| *meaning == Some(Meaning::Name));
        let free = || (0..self.fields.len()).find(|at| meanings[*at].is_none() && is_text(&self.fields[*at]));
        named.filter(|at| is_text(&self.fields[*at])).or_else(free)
    }
}

/// What stands in a field when the button is pressed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Entered {
    Text {
        value: String,
        typed: bool,
    },
    Ticked,
    Chosen(Vec<String>),
    /// Nothing that would be sent.
    Nothing,
}

impl Select {
    /// What a visitor chooses: what is chosen already, else the first that says something.
    fn choice(&self) -> Vec<String> {
        let says_something = self.selected.iter().any(|value| !value.is_empty());
        if says_something || self.multiple {
            return self.selected.clone();
        }
        let first = self.options.iter().find(|option| !option.is_empty()).cloned();
        first.map_or_else(|| self.selected.clone(), |first| vec![first])
    }
}

fn ticked(is: bool) -> Entered {
    if is { Entered::Ticked } else { Entered::Nothing }
}

fn kept(field: &Field) -> Entered {
    let value = match &field.control {
        Control::Input(kind) => match kind.as_str() {
            "number" if !validity::is_number(&field.value) => String::new(),
            "range" if field.value.is_empty() => middle(field),
            "color" if field.value.is_empty() => "#000000".into(),
            "hidden" => field.value.clone(),
            _ => field.value.replace(['\n', '\r'], ""),
        },
        _ => field.value.clone(),
    };
    Entered::Text { value, typed: false }
}

/// Where the handle of a slider stands when nobody has moved it.
fn middle(field: &Field) -> String {
    let bound = |text: &Option<String>, default: f64| {
        text.as_deref().and_then(|one| one.trim().parse().ok()).unwrap_or(default)
    };
    let (min, max) = (bound(&field.rules.min, 0.0), bound(&field.rules.max, 100.0));
    let middle = if max < min { min } else { min + (max - min) / 2.0 };
    format!("{}", middle.round())
}

/// Types into a field, which takes no more letters than it has room for.
fn typed(field: &Field, text: &str) -> Entered {
    let text = match &field.control {
        // Letters do not go into a field for numbers, and are no date.
        Control::Input(kind) if kind == "number" && !validity::is_number(text) => "",
        Control::Input(kind)
            if matches!(kind.as_str(), "date" | "month" | "week" | "time" | "datetime-local")
                && !text.starts_with(|char: char| char.is_ascii_digit()) =>
        {
            ""
        }
        _ => text,
    };
    let room = field.rules.max_length.filter(|_| !matches!(&field.control, Control::Input(kind) if kind == "number"));
    Entered::Text { value: text.chars().take(room.unwrap_or(usize::MAX)).collect(), typed: true }
}

/// Fills in a field that is not for the name.
fn fill(field: &Field, meaning: Option<Meaning>, item: &Item) -> Entered {
    match meaning {
        Some(Meaning::Quantity) => return typed(field, &number(field, item)),
        Some(Meaning::Description) => return typed(field, &item.description),
        _ if !field.value.is_empty() => return kept(field),
        _ => {}
    }
    typed(field, &text_for(field, item))
}

/// Lines end with CR and LF in what is sent, however they ended in the page.
fn with_whole_line_ends(text: &str) -> String {
    if !text.contains(['\r', '\n']) {
        return text.to_owned();
    }
    text.replace("\r\n", "\n").replace('\r', "\n").replace('\n', "\r\n")
}

fn is_radio(field: &Field) -> bool {
    matches!(&field.control, Control::Input(kind) if kind == "radio")
}

fn is_hidden(field: &Field) -> bool {
    matches!(&field.control, Control::Input(kind) if kind == "hidden")
}

fn on(field: &Field) -> &str {
    if field.value.is_empty() { "on" } else { &field.value }
}

fn text_for(field: &Field, item: &Item) -> String {
    let name = field.name.to_lowercase();
    let kind = match &field.control {
        Control::Input(kind) => kind.as_str(),
        _ => "",
    };
    match kind {
        "number" | "range" => number(field, item),
        "email" => "visitor@example.org".into(),
        "url" => "http://example.org/".into(),
        "tel" => "5550100".into(),
        "date" => "2026-01-31".into(),
        "time" => "12:00".into(),
        "datetime-local" => "2026-01-31T12:00".into(),
        "month" => "2026-01".into(),
        "week" => "2026-W05".into(),
        _ if ["quantity", "amount", "count", "price", "qty", "number"].iter().any(|word| name.contains(word)) => {
            number(field, item)
        }
        _ if name.contains("email") => "visitor@example.org".into(),
        _ if name.contains("date") => "2026-01-31".into(),
        _ => item.description.clone(),
    }
}

/// The item's quantity, or an ordinary one that fits the field better; where none does, the browser says so.
fn number(field: &Field, item: &Item) -> String {
    let fits = |number: &u32| validity::number(field, &number.to_string()).is_none();
    let is_number = matches!(&field.control, Control::Input(kind) if kind == "number");
    let ordinary = (item.quantity..=99).chain((1..item.quantity).rev());
    let fitting = if is_number { ordinary.into_iter().find(fits) } else { None };
    fitting.unwrap_or(item.quantity).to_string()
}

#[cfg(test)]
mod tests;
