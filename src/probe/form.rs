//! Filling in a form as a friendly visitor would.

use std::collections::BTreeMap;

use super::meaning::{Meaning, is_text, meanings};

/// A form of a page.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Form {
    /// Whether it is sent by POST.
    pub(crate) posts: bool,
    /// Where it is sent, as written; empty is the page itself.
    pub(crate) action: String,
    /// Its named fields that are not disabled.
    pub(crate) fields: Vec<Field>,
}

/// A field of a form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Field {
    /// Its name.
    pub(crate) name: String,
    /// What it is.
    pub(crate) control: Control,
    /// What it holds when the page comes.
    pub(crate) value: String,
    /// A box that is ticked.
    pub(crate) checked: bool,
    /// It may not stay empty.
    pub(crate) required: bool,
    /// It is not sent.
    pub(crate) disabled: bool,
    /// Smallest value of a number.
    pub(crate) min: Option<String>,
    /// Greatest value of a number.
    pub(crate) max: Option<String>,
}

/// What a field is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Control {
    /// An input of this type (empty is text), or a button.
    Input(String),
    /// A text of several lines.
    TextArea,
    /// A choice among these values.
    Select(Vec<String>),
}

/// What a visitor enters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Item {
    /// The unique name, letters and digits only.
    pub(crate) marker: String,
    /// A positive whole number.
    pub(crate) quantity: u32,
}

/// What was entered in `description`: plain words that no template has to escape.
const DESCRIPTION: &str = "sent by breakfix";

/// The form to fill in: the first of those that ask for most of name, quantity and description. One that does not post is
/// only meant when it asks for all three.
pub(crate) fn choose(forms: &[Form]) -> Option<&Form> {
    let mut best: Option<(usize, &Form)> = None;
    for form in forms {
        let asks = meanings(form).iter().flatten().count();
        if (form.posts || asks == Meaning::ALL.len()) && best.is_none_or(|(most, _)| asks > most) {
            best = Some((asks, form));
        }
    }
    best.map(|(_, form)| form)
}

/// The form that asks for name, quantity and description.
pub(crate) fn choose_whole(forms: &[Form]) -> Option<&Form> {
    choose(forms).filter(|form| meanings(form).iter().flatten().count() == Meaning::ALL.len())
}

impl Item {
    /// An item that nobody has entered before.
    pub(crate) fn new() -> Self {
        use std::hash::{BuildHasher, Hasher, RandomState};
        // Each RandomState has keys of its own.
        let mut random = RandomState::new().build_hasher().finish();
        let quantity = u32::try_from(random % 89).unwrap_or(0) + 11;
        let mut marker = String::from("teapot");
        for _ in 0..10 {
            let digit = u32::try_from(random % 36).unwrap_or(0);
            marker.extend(char::from_digit(digit, 36));
            random /= 36;
        }
        Self { marker, quantity }
    }
}

impl Form {
    /// Names of its fields, in order; then what they stand for, where that is called otherwise.
    pub(crate) fn field_names(&self) -> Vec<String> {
        let mut names: Vec<String> = self.fields.iter().map(|field| field.name.clone()).collect();
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

    /// What is sent when this item is entered, in the order of the form.
    pub(crate) fn fill(&self, item: &Item) -> Vec<(String, String)> {
        let meanings = meanings(self);
        let name_field = self.name_field(&meanings);
        let mut pressed = false;
        let mut radios: BTreeMap<&str, bool> = BTreeMap::new();
        let mut sent = Vec::new();
        for (at, field) in self.fields.iter().enumerate() {
            let value = match &field.control {
                _ if Some(at) == name_field => Some(item.marker.clone()),
                Control::Select(options) => Some(chosen(field, options)),
                _ if meanings[at] == Some(Meaning::Quantity) => Some(number(field, item)),
                Control::TextArea => Some(text_for(field, item)),
                Control::Input(kind) => match kind.as_str() {
                    "hidden" => Some(field.value.clone()),
                    "submit" | "image" => (!std::mem::replace(&mut pressed, true)).then(|| field.value.clone()),
                    "button" | "reset" | "file" => None,
                    "checkbox" => (field.checked || field.required).then(|| on(field)),
                    "radio" => {
                        let others_checked = self.fields.iter().any(|other| other.name == field.name && other.checked);
                        let taken = radios.entry(&field.name).or_default();
                        let take = field.checked || !others_checked && !*taken;
                        *taken |= take;
                        take.then(|| on(field))
                    }
                    _ => Some(text_for(field, item)),
                },
            };
            if let Some(value) = value {
                sent.push((field.name.clone(), value));
            }
        }
        sent
    }

    /// The place of the field that takes the item's name: the one that stands for it, else the first for text.
    fn name_field(&self, meanings: &[Option<Meaning>]) -> Option<usize> {
        let named = meanings.iter().position(|meaning| *meaning == Some(Meaning::Name));
        named.filter(|at| is_text(&self.fields[*at])).or_else(|| self.fields.iter().position(is_text))
    }
}

fn on(field: &Field) -> String {
    if field.value.is_empty() { "on".into() } else { field.value.clone() }
}

fn chosen(field: &Field, options: &[String]) -> String {
    let first = options.iter().find(|option| !option.is_empty()).cloned().unwrap_or_default();
    if field.value.is_empty() { first } else { field.value.clone() }
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
        "color" => "#336699".into(),
        _ if ["quantity", "amount", "count", "price", "qty", "number"].iter().any(|word| name.contains(word)) => {
            number(field, item)
        }
        _ if name.contains("email") => "visitor@example.org".into(),
        _ if name.contains("date") => "2026-01-31".into(),
        _ => DESCRIPTION.into(),
    }
}

fn number(field: &Field, item: &Item) -> String {
    let bound = |text: &Option<String>| text.as_deref().and_then(|text| text.trim().parse::<f64>().ok());
    let mut value = f64::from(item.quantity);
    if let Some(max) = bound(&field.max) {
        value = value.min(max.floor());
    }
    if let Some(min) = bound(&field.min) {
        value = value.max(min.ceil());
    }
    format!("{value:.0}")
}

/// `application/x-www-form-urlencoded`
pub(crate) fn encode(fields: &[(String, String)]) -> String {
    let pairs: Vec<String> = fields.iter().map(|(name, value)| format!("{}={}", escape(name), escape(value))).collect();
    pairs.join("&")
}

fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'*' | b'-' | b'.' | b'_' => escaped.push(char::from(byte)),
            b' ' => escaped.push('+'),
            _ => escaped.push_str(&format!("%{byte:02X}")),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::probe::page;

    fn filled(html: &str) -> Vec<(String, String)> {
        let page = page::read(Some("text/html"), html);
        let item = Item { marker: "teapot1".into(), quantity: 42 };
        choose(&page.forms).unwrap().fill(&item)
    }

    fn pairs(list: &[(&str, &str)]) -> Vec<(String, String)> {
        list.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect()
    }

    #[test]
    fn the_shops_form() {
        let sent = filled(
            "<form method='POST' action='/'><input id='csrf_token' name='csrf_token' type='hidden' value='IjA.x'>
             <input name='name' type='text' value=''><input name='quantity' type='text'>
             <input name='description' type='text'><input name='submit' type='submit' value='Enter'></form>",
        );
        assert_eq!(
            sent,
            pairs(&[
                ("csrf_token", "IjA.x"),
                ("name", "teapot1"),
                ("quantity", "42"),
                ("description", "sent by breakfix"),
                ("submit", "Enter")
            ])
        );
    }

    #[test]
    fn unknown_fields_get_sensible_values() {
        let sent = filled(
            "<form method=post><input name=item_name><input type=number name=n max=10><input type=email name=mail>
             <select name=size><option value=''>-<option>small</select><input type=checkbox name=terms required>
             <input type=checkbox name=news><input type=radio name=r value=a><input type=radio name=r value=b checked>
             <input type=date name=d><input type=submit name=one value=1><input type=submit name=two value=2></form>",
        );
        assert_eq!(
            sent,
            pairs(&[
                ("item_name", "teapot1"),
                ("n", "10"),
                ("mail", "visitor@example.org"),
                ("size", "small"),
                ("terms", "on"),
                ("r", "b"),
                ("d", "2026-01-31"),
                ("one", "1")
            ])
        );
    }

    #[test]
    fn the_form_with_a_name_is_chosen() {
        let page = page::read(
            Some("text/html"),
            "<form method=post action=/newsletter><input name=mail></form><form method=post action=/add><input name=name></form>",
        );
        assert_eq!(choose(&page.forms).unwrap().action, "/add");
        assert_eq!(choose(&[]), None);
    }

    #[test]
    fn a_form_that_does_not_post_counts_when_it_asks_for_all_three() {
        let page = |html| page::read(Some("text/html"), html);
        let search = page("<form><input name=q></form>");
        assert_eq!((choose(&search.forms), choose_whole(&search.forms)), (None, None));
        let both = page(
            "<form method=post action=/in><input name=name><input type=password name=pw></form>
             <form action=/add><input name=item><input name=qty><textarea name=text></textarea></form>",
        );
        assert_eq!(choose_whole(&both.forms).unwrap().action, "/add");
    }

    #[test]
    fn other_names_are_told_beside_what_they_stand_for() {
        let page = page::read(
            Some("text/html"),
            "<form method=post><input name=item><input name=qty><input name=description></form>",
        );
        let (form, item) = (&page.forms[0], Item { marker: "teapot1".into(), quantity: 42 });
        assert_eq!(form.field_names(), ["item", "qty", "description", "name", "quantity"]);
        let sent = form.fill(&item);
        assert_eq!(sent, pairs(&[("item", "teapot1"), ("qty", "42"), ("description", "sent by breakfix")]));
        let values = form.by_name(&sent);
        assert_eq!(
            (values["name"].as_str(), values["quantity"].as_str(), values["qty"].as_str()),
            ("teapot1", "42", "42")
        );
    }

    #[test]
    fn markers_are_unique_and_alphanumeric() {
        let (one, two) = (Item::new(), Item::new());
        assert_ne!(one.marker, two.marker);
        assert!(one.marker.chars().all(|char| char.is_ascii_alphanumeric()) && one.marker.len() == 16);
        assert!((11..=99).contains(&one.quantity));
    }

    #[test]
    fn encoding() {
        assert_eq!(encode(&pairs(&[("a b", "1+1=2"), ("ä", "~")])), "a+b=1%2B1%3D2&%C3%A4=%7E");
    }
}
