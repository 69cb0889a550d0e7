//! What the fields of a form stand for: a shop asks for a name, a quantity and a description, and calls them as it likes.

use super::form::{Control, Field, Form};

/// What a field stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Meaning {
    /// The item's name.
    Name,
    /// How many there are.
    Quantity,
    /// What is said of it.
    Description,
}

use Meaning::{Description, Name, Quantity};

impl Meaning {
    /// All three, in the order in which a shop asks for them.
    pub(crate) const ALL: [Self; 3] = [Name, Quantity, Description];

    /// The field's name in the lessons.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Name => "name",
            Quantity => "quantity",
            Description => "description",
        }
    }

    /// Words that speak for it, the surest first.
    fn words(self) -> &'static [&'static str] {
        match self {
            Name => &["name", "item", "product", "title", "label", "thing", "article", "what"],
            Quantity => &["quantity", "qty", "amount", "count", "many", "number", "num", "stock", "pieces", "n"],
            Description => &["description", "desc", "detail", "details", "about", "info", "comment", "note", "text"],
        }
    }
}

/// What each field of the form stands for, at the field's place.
pub(crate) fn meanings(form: &Form) -> Vec<Option<Meaning>> {
    let mut found: Vec<Option<Meaning>> = vec![None; form.fields.len()];
    let free = |found: &[Option<Meaning>], at: usize| found[at].is_none() && is_asked(&form.fields[at]);
    for meaning in Meaning::ALL {
        let exact = form.fields.iter().position(|field| field.name.eq_ignore_ascii_case(meaning.word()));
        if let Some(at) = exact.filter(|at| free(&found, *at)) {
            found[at] = Some(meaning);
        }
    }
    // `item_quantity` is about the quantity: a name claims what the others leave.
    for meaning in [Quantity, Description, Name] {
        if found.contains(&Some(meaning)) {
            continue;
        }
        let says = |word: &&&str, at: usize| speaks_of(&form.fields[at].name, word);
        let best = meaning.words().iter().find_map(|word| {
            (0..form.fields.len())
                .find(|at| free(&found, *at) && says(&word, *at) && (meaning != Name || is_text(&form.fields[*at])))
        });
        if let Some(at) = best {
            found[at] = Some(meaning);
        }
    }
    // Three fields, and no words that are known: then in the order in which a shop asks.
    let asked: Vec<usize> = (0..form.fields.len()).filter(|at| is_asked(&form.fields[*at])).collect();
    if asked.len() == Meaning::ALL.len() {
        let rest: Vec<Meaning> = Meaning::ALL.into_iter().filter(|meaning| !found.contains(&Some(*meaning))).collect();
        let open: Vec<usize> = asked.into_iter().filter(|at| found[*at].is_none()).collect();
        for (at, meaning) in open.into_iter().zip(rest) {
            found[at] = Some(meaning);
        }
    }
    found
}

/// Whether a visitor is asked to enter something.
fn is_asked(field: &Field) -> bool {
    let for_entering = match &field.control {
        Control::TextArea | Control::Select(_) => true,
        Control::Button(_) => false,
        Control::Input(kind) => {
            matches!(kind.as_str(), "text" | "number" | "range" | "tel" | "search" | "email" | "url")
        }
    };
    for_entering && field.is_open() && !field.name.is_empty()
}

/// Whether any text can be entered.
pub(crate) fn is_text(field: &Field) -> bool {
    let for_text = match &field.control {
        Control::TextArea => true,
        Control::Select(_) | Control::Button(_) => false,
        Control::Input(kind) => matches!(kind.as_str(), "text" | "search" | "tel" | "email" | "url"),
    };
    for_text && field.is_open() && !field.name.is_empty()
}

/// Whether a word is part of a field's name: `itemName`, `item-name`, `item[name]`, and `itemname` for words that are long enough.
fn speaks_of(name: &str, word: &str) -> bool {
    let mut parts: Vec<String> = vec![String::new()];
    let mut was_lower = false;
    for char in name.chars() {
        if !char.is_alphanumeric() || char.is_uppercase() && was_lower {
            parts.push(String::new());
        }
        if let Some(part) = parts.last_mut().filter(|_| char.is_alphanumeric()) {
            part.extend(char.to_lowercase());
        }
        was_lower = char.is_lowercase();
    }
    parts.iter().any(|part| part == word) || word.len() >= 4 && name.to_lowercase().contains(word)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::probe::page;

    fn read(fields: &str) -> Vec<Option<Meaning>> {
        let page = page::read(Some("text/html"), &format!("<form method=post>{fields}</form>"));
        meanings(&page.forms[0])
    }

    fn inputs(names: &[&str]) -> Vec<Option<Meaning>> {
        read(&names.iter().map(|name| format!("<input name='{name}'>")).collect::<String>())
    }

    #[test]
    fn names_that_people_give() {
        let in_order = [Some(Name), Some(Quantity), Some(Description)];
        for names in [
            ["name", "quantity", "description"],
            ["Name", "Quantity", "Description"],
            ["item_name", "item_quantity", "item_description"],
            ["itemName", "qty", "desc"],
            ["item", "howMany", "about"],
            ["product-title", "num", "comments"],
            ["a", "b", "c"],
            ["naam", "quantity", "omschrijving"],
        ] {
            assert_eq!(inputs(&names), in_order, "{names:?}");
        }
        assert_eq!(inputs(&["description", "name", "quantity"]), [Some(Description), Some(Name), Some(Quantity)]);
        assert_eq!(inputs(&["naam", "prijs"]), [None, None], "two fields are not three");
    }

    #[test]
    fn what_nobody_is_asked_for_has_no_meaning() {
        let fields = "<input type=hidden name=name value=x><input name=title><select name=quantity><option>1</select>
                      <textarea name=text></textarea><input type=submit name=description>";
        assert_eq!(read(fields), [None, Some(Name), Some(Quantity), Some(Description), None]);
    }
}
