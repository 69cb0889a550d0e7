//! What an unquoted scalar of YAML is taken for, and how compose writes it as text.

/// What a scalar is taken for.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Scalar {
    Bool(bool),
    Integer(i64),
    Float(f64),
    /// A date, with the text that compose makes of it.
    Date(String),
    Text,
}

/// What an unquoted scalar is taken for, as the YAML library of compose does: YAML 1.2, with the octal numbers of 1.1.
pub(super) fn resolve(text: &str) -> Scalar {
    match text {
        "true" | "True" | "TRUE" => return Scalar::Bool(true),
        "false" | "False" | "FALSE" => return Scalar::Bool(false),
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => return Scalar::Float(f64::INFINITY),
        "-.inf" | "-.Inf" | "-.INF" => return Scalar::Float(f64::NEG_INFINITY),
        ".nan" | ".NaN" | ".NAN" => return Scalar::Float(f64::NAN),
        _ => {}
    }
    if !text.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '+' | '-' | '.')) {
        return Scalar::Text;
    }
    if let Some(date) = date(text) {
        return Scalar::Date(date);
    }
    let plain = if text.starts_with('.') { text.to_string() } else { text.replace('_', "") };
    let (negative, digits) = match plain.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, plain.strip_prefix('+').unwrap_or(&plain)),
    };
    if let Some(value) = integer(digits)
        && let Ok(value) = i64::try_from(if negative { -value } else { value })
    {
        return Scalar::Integer(value);
    }
    if is_float(digits)
        && let Ok(value) = plain.parse()
    {
        return Scalar::Float(value);
    }
    Scalar::Text
}

/// `80`, `0x50`, `0o120`, `0120`, `0b1010000`, without a sign.
fn integer(digits: &str) -> Option<i128> {
    let (radix, digits) = match digits.as_bytes() {
        [b'0', b'x' | b'X', ..] => (16, &digits[2..]),
        [b'0', b'o' | b'O', ..] => (8, &digits[2..]),
        [b'0', b'b' | b'B', ..] => (2, &digits[2..]),
        [b'0', _, ..] => (8, &digits[1..]),
        _ => (10, digits),
    };
    let good = digits.bytes().next().is_some_and(|byte| byte.is_ascii_hexdigit());
    if good { i128::from_str_radix(digits, radix).ok() } else { None }
}

/// `1.5`, `.5`, `1.`, `1e3`, without a sign.
fn is_float(digits: &str) -> bool {
    let (number, exponent) = match digits.split_once(['e', 'E']) {
        Some((number, exponent)) => (number, Some(exponent)),
        None => (digits, None),
    };
    let (whole, part) = number.split_once('.').unwrap_or((number, ""));
    let all_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    all_digits(whole)
        && all_digits(part)
        && !(whole.is_empty() && part.is_empty())
        && exponent.is_none_or(|exponent| {
            let digits = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
            !digits.is_empty() && all_digits(digits)
        })
}

/// `2024-01-31` and `2024-01-31 12:00:00` are points in time, which Go writes in its own way.
fn date(text: &str) -> Option<String> {
    let (day, time) = match text.split_once([' ', 'T', 't']) {
        Some((day, time)) => (day, Some(time.trim_start())),
        None => (text, None),
    };
    let mut parts = day.splitn(3, '-');
    let number = |part: Option<&str>, most_digits: usize, least: u32, most: u32| {
        let part = part?;
        let fits = !part.is_empty() && part.len() <= most_digits && part.bytes().all(|byte| byte.is_ascii_digit());
        part.parse::<u32>().ok().filter(|number| fits && (least..=most).contains(number))
    };
    let year = parts.next().filter(|year| year.len() == 4)?;
    let year = number(Some(year), 4, 0, 9999)?;
    let month = number(parts.next(), 2, 1, 12)?;
    let day = number(parts.next(), 2, 1, 31)?;
    let time = match time {
        None => "00:00:00".to_string(),
        Some(time) => {
            let time = time.strip_suffix('Z').unwrap_or(time);
            let (clock, part) = time.split_once('.').unwrap_or((time, ""));
            let mut parts = clock.splitn(3, ':');
            let hour = number(parts.next(), 2, 0, 23)?;
            let minute = number(parts.next(), 2, 0, 59)?;
            let second = number(parts.next(), 2, 0, 59)?;
            let part = part.trim_end_matches('0');
            let part = if part.is_empty() { String::new() } else { format!(".{part}") };
            format!("{hour:02}:{minute:02}:{second:02}{part}")
        }
    };
    Some(format!("{year:04}-{month:02}-{day:02} {time} +0000 UTC"))
}

/// A number with a point as Go writes it: an exponent for the very large and the very small.
pub(super) fn float_text(value: f64) -> String {
    if !value.is_finite() {
        let sign = if value.is_nan() || value < 0.0 { "" } else { "+" };
        return if value.is_nan() { "NaN".into() } else { format!("{sign}{}Inf", if value < 0.0 { "-" } else { "" }) };
    }
    let scientific = format!("{value:e}");
    let (digits, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if value != 0.0 && !(-4..6).contains(&exponent) {
        return format!("{digits}e{}{:02}", if exponent < 0 { '-' } else { '+' }, exponent.abs());
    }
    value.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scalars_as_the_library_takes_them() {
        for (text, wanted) in [
            ("80", Scalar::Integer(80)),
            ("0x50", Scalar::Integer(80)),
            ("0o120", Scalar::Integer(80)),
            ("0120", Scalar::Integer(80)),
            ("-0b11", Scalar::Integer(-3)),
            ("1_000", Scalar::Integer(1000)),
            ("08", Scalar::Float(8.0)),
            ("1e3", Scalar::Float(1000.0)),
            (".5", Scalar::Float(0.5)),
            ("-1.", Scalar::Float(-1.0)),
            ("yes", Scalar::Text),
            ("1.2.3", Scalar::Text),
            ("0x", Scalar::Text),
            ("+", Scalar::Text),
            ("80:80", Scalar::Text),
            ("2024-1-31", Scalar::Date("2024-01-31 00:00:00 +0000 UTC".into())),
            ("2024-01-31 7:05:09.50", Scalar::Date("2024-01-31 07:05:09.5 +0000 UTC".into())),
            ("2024-13-31", Scalar::Text),
            ("TRUE", Scalar::Bool(true)),
        ] {
            assert_eq!(resolve(text), wanted, "{text}");
        }
    }

    #[test]
    fn floats_as_go_writes_them() {
        let written = |value| float_text(value);
        assert_eq!(
            [1.0, 1.5, 1e5, 1e6, 12345678.5, 1e-5].map(written),
            ["1", "1.5", "100000", "1e+06", "1.23456785e+07", "1e-05"]
        );
    }
}
