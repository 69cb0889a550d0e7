//! The forms of a page, and which fields belong to which.

use std::collections::BTreeMap;

use super::{
    dom::{Document, Element, NodeId},
    style::{Sight, Style},
};
use crate::probe::form::{Control, Field, Form, Press, Rules, Select};

/// Fields and forms that are kept of one page.
const MOST_FIELDS: usize = 500;

/// The forms, in order.
pub(super) fn of(document: &Document, styles: &[Style]) -> Vec<Form> {
    let elements = document.elements();
    let mut ids: BTreeMap<&str, NodeId> = BTreeMap::new();
    for node in &elements {
        if let Some(id) = document.element(*node).and_then(|element| element.attr("id")) {
            ids.entry(id).or_insert(*node);
        }
    }
    let is_form =
        |node: NodeId| document.element(node).is_some_and(|element| element.is_html() && element.name() == "form");
    let mut forms: Vec<(NodeId, Form)> = Vec::new();
    for node in elements.iter().copied().filter(|node| is_form(*node)).take(MOST_FIELDS) {
        if let Some(element) = document.element(node) {
            forms.push((node, new_form(element)));
        }
    }
    let mut fields = 0;
    for node in elements {
        let Some(element) = document.element(node).filter(|element| element.is_html()) else { continue };
        let Some(control) = control(document, node, element) else { continue };
        let owner = match element.attr("form") {
            Some(id) => ids.get(id).copied().filter(|node| is_form(*node)),
            None => document.parsed_form(node).or_else(|| document.ancestors(node).find(|node| is_form(*node))),
        };
        if let Some((_, form)) = forms.iter_mut().find(|(form, _)| Some(*form) == owner)
            && fields < MOST_FIELDS
        {
            fields += 1;
            form.fields.push(field(document, node, element, control, &styles[node]));
        }
    }
    forms.into_iter().map(|(_, form)| form).collect()
}

fn new_form(element: &Element) -> Form {
    let attr = |name: &str| element.attr(name).map(str::to_owned);
    Form {
        press: Press {
            action: attr("action"),
            method: attr("method"),
            enctype: attr("enctype"),
            target: attr("target"),
            novalidate: element.has("novalidate"),
        },
        handler: attr("onsubmit").unwrap_or_default(),
        fields: Vec::new(),
    }
}

fn control(document: &Document, node: NodeId, element: &Element) -> Option<Control> {
    Some(match element.name() {
        "input" => Control::Input(input_kind(&element.keyword("type")).to_owned()),
        "button" => Control::Button(
            match element.keyword("type").as_str() {
                "button" => "button",
                "reset" => "reset",
                _ => "submit",
            }
            .to_owned(),
        ),
        "textarea" => Control::TextArea,
        "select" => Control::Select(select(document, node, element)),
        _ => return None,
    })
}

/// An input's type; one that no browser knows is text.
fn input_kind(kind: &str) -> &str {
    match kind {
        "hidden" | "search" | "tel" | "url" | "email" | "password" | "date" | "month" | "week" | "time"
        | "datetime-local" | "number" | "range" | "color" | "checkbox" | "radio" | "file" | "submit" | "image"
        | "reset" | "button" => kind,
        _ => "text",
    }
}

fn select(document: &Document, node: NodeId, element: &Element) -> Select {
    let multiple = element.has("multiple");
    let mut select = Select { multiple, ..Select::default() };
    let mut chosen: Vec<(String, bool)> = Vec::new();
    let mut open: Vec<(NodeId, bool)> = document.children(node).iter().rev().map(|child| (*child, false)).collect();
    let mut all: Vec<(String, bool)> = Vec::new();
    while let Some((child, group_disabled)) = open.pop() {
        let Some(option) = document.element(child) else { continue };
        let disabled = group_disabled || option.has("disabled");
        if option.name() != "option" {
            let below = document.children(child).iter().rev();
            open.extend(below.map(|below| (*below, disabled && option.name() == "optgroup" || group_disabled)));
            continue;
        }
        let label = document.text_of(child);
        let label = label.split_ascii_whitespace().collect::<Vec<_>>().join(" ");
        let value = option.attr("value").map_or(label, str::to_owned);
        if all.len() >= MOST_FIELDS {
            break;
        }
        if option.has("selected") {
            chosen.push((value.clone(), disabled));
        }
        all.push((value, disabled));
    }
    let drop_down =
        !multiple && element.attr("size").and_then(|size| size.trim().parse::<u32>().ok()).unwrap_or(1) <= 1;
    select.placeholder = drop_down && all.first().is_some_and(|(value, _)| value.is_empty());
    if !multiple {
        // The last that is marked counts, else the first that can be chosen.
        let one =
            chosen.pop().or_else(|| drop_down.then(|| all.iter().find(|(_, disabled)| !disabled).cloned()).flatten());
        chosen = one.into_iter().collect();
    }
    select.is_empty =
        chosen.is_empty() || select.placeholder && chosen.first().is_some_and(|(value, _)| value.is_empty());
    select.selected = chosen.into_iter().filter(|(_, disabled)| !disabled).map(|(value, _)| value).collect();
    select.options = all.into_iter().filter(|(_, disabled)| !disabled).map(|(value, _)| value).collect();
    select
}

fn field(document: &Document, node: NodeId, element: &Element, control: Control, style: &Style) -> Field {
    let attr = |name: &str| element.attr(name).map(str::to_owned);
    let number = |name: &str| element.attr(name).and_then(|value| value.trim().parse::<usize>().ok());
    let label = match &control {
        Control::Button(_) => document.text_of(node),
        _ => element.attr("value").or_else(|| element.attr("alt")).unwrap_or_default().to_owned(),
    };
    let disabled = element.has("disabled") || is_in_disabled_fieldset(document, node);
    Field {
        name: attr("name").unwrap_or_default(),
        value: match &control {
            Control::TextArea => document.text_of(node),
            _ => attr("value").unwrap_or_default(),
        },
        checked: element.has("checked"),
        disabled,
        readonly: element.has("readonly"),
        barred: document
            .ancestors(node)
            .any(|above| document.element(above).is_some_and(|one| one.name() == "datalist")),
        shown: style.sight == Sight::Shown && !style.inert,
        label: label.split_whitespace().collect::<Vec<_>>().join(" "),
        handler: attr("onclick").unwrap_or_default(),
        rules: Rules {
            required: element.has("required"),
            pattern: attr("pattern"),
            min: attr("min"),
            max: attr("max"),
            step: attr("step"),
            min_length: number("minlength"),
            max_length: number("maxlength"),
            multiple: element.has("multiple"),
        },
        dirname: attr("dirname").filter(|name| !name.is_empty()),
        press: Press {
            action: attr("formaction"),
            method: attr("formmethod"),
            enctype: attr("formenctype"),
            target: attr("formtarget"),
            novalidate: element.has("formnovalidate"),
        },
        control,
    }
}

/// Whether a fieldset around it is disabled, in whose first legend it does not stand.
fn is_in_disabled_fieldset(document: &Document, node: NodeId) -> bool {
    let mut below = node;
    let mut legend: Option<NodeId> = None;
    for above in document.ancestors(node) {
        let Some(element) = document.element(above) else { break };
        if element.name() == "fieldset" && element.has("disabled") {
            let first = document
                .children(above)
                .iter()
                .find(|child| document.element(**child).is_some_and(|one| one.name() == "legend"));
            if legend.is_none() || first != Some(&below) {
                return true;
            }
        }
        if element.name() == "legend" {
            legend = Some(above);
        }
        below = above;
    }
    false
}
