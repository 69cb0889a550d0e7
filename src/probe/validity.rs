//! What a browser refuses to send: HTML's constraint validation.

use super::form::{Control, Field};

/// Bytes of a pattern that are tried.
const MOST_PATTERN: usize = 1000;

/// Why a browser does not send a field with this value, if it does not. `typed` says that a visitor entered it.
pub(crate) fn refuses(field: &Field, value: &str, typed: bool) -> Option<String> {
    let rules = &field.rules;
    let kind = match &field.control {
        Control::Input(kind) => kind.as_str(),
        Control::TextArea => "textarea",
        Control::Select(_) | Control::Button(_) => return None,
    };
    let text = matches!(kind, "text" | "search" | "tel" | "url" | "email" | "password");
    let name = if field.name.is_empty() { "a field without a name" } else { &field.name };
    if matches!(kind, "hidden" | "range" | "color" | "checkbox" | "radio" | "submit" | "image" | "reset" | "button") {
        return None;
    }
    if value.is_empty() {
        return rules.required.then(|| format!("`{name}` is required and empty"));
    }
    if kind == "email" && !emails(value, rules.multiple) {
        return Some(format!("`{name}` has to be an e-mail address"));
    }
    if kind == "url" && url::Url::parse(value).is_err() {
        return Some(format!("`{name}` has to be an address of the web"));
    }
    if text
        && let Some(pattern) = &rules.pattern
        && !matches_pattern(pattern, value)
    {
        return Some(format!("`{name}` does not match its pattern {pattern}"));
    }
    let length = value.encode_utf16().count();
    if typed && (text || kind == "textarea") {
        if let Some(least) = rules.min_length.filter(|least| length < *least) {
            return Some(format!("`{name}` has to have {least} letters at least"));
        }
        if let Some(most) = rules.max_length.filter(|most| length > *most) {
            return Some(format!("`{name}` has to have {most} letters at most"));
        }
    }
    if kind == "number" {
        return number(field, value).map(|why| format!("`{name}` {why}"));
    }
    let is_time = matches!(kind, "date" | "month" | "week" | "time" | "datetime-local");
    let outside = is_time
        && (rules.min.as_deref().is_some_and(|min| value < min) || rules.max.as_deref().is_some_and(|max| value > max));
    outside.then(|| format!("`{name}` is out of its range"))
}

/// Why a number does not fit the bounds and the step of its field.
pub(crate) fn number(field: &Field, value: &str) -> Option<String> {
    let value = parse_number(value)?;
    let bound = |text: &Option<String>| text.as_deref().and_then(parse_number);
    let (min, max) = (bound(&field.rules.min), bound(&field.rules.max));
    if let Some(min) = min.filter(|min| value < *min) {
        return Some(format!("has to be {min} at least"));
    }
    if let Some(max) = max.filter(|max| value > *max) {
        return Some(format!("has to be {max} at most"));
    }
    let step = match field.rules.step.as_deref().map(str::trim) {
        Some(step) if step.eq_ignore_ascii_case("any") => return None,
        step => step.and_then(parse_number).filter(|step| *step > 0.0).unwrap_or(1.0),
    };
    let base = min.or_else(|| bound(&Some(field.value.clone()))).unwrap_or(0.0);
    let steps = (value - base) / step;
    ((steps - steps.round()).abs() > 1e-6).then(|| format!("has to be a multiple of {step}, counted from {base}"))
}

/// Whether it is a number as HTML writes it.
pub(crate) fn is_number(text: &str) -> bool {
    parse_number(text).is_some()
}

/// HTML's floating-point numbers: no spaces, no plus sign, a digit after the point.
fn parse_number(text: &str) -> Option<f64> {
    let plain = text.chars().all(|char| char.is_ascii_digit() || "-+.eE".contains(char));
    let fits =
        plain && !text.starts_with('+') && !text.ends_with('.') && text.contains(|char: char| char.is_ascii_digit());
    text.parse::<f64>().ok().filter(|number| fits && number.is_finite())
}

/// Whether the whole value matches; a pattern that no browser can read is none.
fn matches_pattern(pattern: &str, value: &str) -> bool {
    if pattern.len() > MOST_PATTERN {
        return true;
    }
    let flags = regress::Flags { unicode_sets: true, ..regress::Flags::default() };
    let alone = regress::Regex::with_flags(pattern, flags).is_ok();
    match regress::Regex::with_flags(&format!("^(?:{pattern})$"), flags) {
        Ok(regex) if alone => regex.find(value).is_some(),
        _ => true,
    }
}

fn emails(value: &str, multiple: bool) -> bool {
    if multiple { value.split(',').all(|one| is_email(one.trim())) } else { is_email(value.trim()) }
}

/// As HTML's own expression says.
fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.split_once('@') else { return false };
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.chars().all(|char| char.is_ascii_alphanumeric() || char == '-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    !local.is_empty()
        && local.chars().all(|char| char.is_ascii_alphanumeric() || ".!#$%&'*+/=?^_`{|}~-".contains(char))
        && domain.split('.').all(label)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::probe::page;

    fn refusal(input: &str, value: &str) -> Option<String> {
        let page = page::read(Some("text/html"), &format!("<form>{input}</form>"));
        refuses(&page.forms[0].fields[0], value, true)
    }

    #[test]
    fn patterns_are_those_of_the_browser() {
        for (pattern, value, fits) in [
            ("[0-9]+", "lamp", false),
            ("[a-z]+", "lamp", true),
            ("lam", "lamp", false),
            ("a|lamp", "lamp", true),
            ("(?=.*m).{3,}", "lamp", true),
            // Not readable with the flag that browsers set: no pattern.
            ("[\\w-]+x", "lamp", true),
            ("(", "lamp", true),
            ("a)|(b", "lamp", true),
        ] {
            assert_eq!(refusal(&format!("<input pattern='{pattern}'>"), value).is_none(), fits, "{pattern}");
        }
        assert!(refusal("<input type=number pattern=x>", "3").is_none());
    }

    #[test]
    fn kinds_lengths_and_bounds() {
        assert!(refusal("<input required>", "").is_some());
        assert!(refusal("<input>", "").is_none());
        assert!(refusal("<input type=email>", "lamp").is_some());
        assert!(refusal("<input type=email>", "a@b").is_none());
        assert!(refusal("<input type=url>", "lamp").is_some());
        assert!(refusal("<input type=url>", "lamp:x").is_none());
        assert!(refusal("<input minlength=12>", "lamp").is_some());
        assert!(refusal("<input type=number min=5>", "3").is_some());
        assert!(refusal("<input type=number max=2>", "3").is_some());
        assert!(refusal("<input type=number step=2>", "3").is_some());
        assert!(refusal("<input type=number min=1 step=2>", "3").is_none());
        assert!(refusal("<input type=number step=any>", "3.5").is_none());
        assert!(refusal("<input type=number>", "3.5").is_some());
    }
}
