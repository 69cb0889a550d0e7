//! Small work on text that comes from the engine or from containers.

/// Without terminal sequences and control characters (line ends and tabs stay): containers' words are shown to people.
pub(crate) fn clean(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\u{1b}' => skip_sequence(&mut chars),
            '\n' | '\t' => out.push(c),
            c if c.is_control() || is_bidi(c) => {}
            c => out.push(c),
        }
    }
    out
}

fn skip_sequence(chars: &mut std::iter::Peekable<std::str::Chars<'_>>) {
    match chars.next() {
        // CSI: parameters, then one final byte.
        Some('[') => while chars.next().is_some_and(|c| !('@'..='~').contains(&c)) {},
        // OSC, DCS, APC, PM, SOS: text up to BEL or ST.
        Some(']' | 'P' | '_' | '^' | 'X') => {
            while let Some(c) = chars.next() {
                if c == '\u{7}' || (c == '\u{1b}' && chars.next_if_eq(&'\\').is_some()) {
                    break;
                }
            }
        }
        _ => {}
    }
}

/// Characters that reorder what follows them on the screen.
fn is_bidi(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// A time in seconds since the Unix epoch as engines write it: `2026-01-02T03:04:05Z`.
/// (The days are Howard Hinnant's `civil_from_days`, <https://howardhinnant.github.io/date_algorithms.html>.)
pub(crate) fn rfc3339(seconds: u64) -> String {
    let (days, time) = (seconds / 86_400 + 719_468, seconds % 86_400);
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z", time / 3_600, time % 3_600 / 60, time % 60)
}

/// Milliseconds since the Unix epoch of a time as engines write it (`2026-01-02T03:04:05.678901234Z`, or with `+02:00`).
/// 0 for what is no time, and for the engine's "never" (year 1).
pub(crate) fn epoch_ms(text: &str) -> u64 {
    parse_time(text).map_or(0, |nanos| (nanos / 1_000_000).max(0) as u64)
}

/// Nanoseconds since the Unix epoch, for an order finer than milliseconds.
pub(crate) fn parse_time(text: &str) -> Option<i128> {
    let number = |range: std::ops::Range<usize>| text.get(range)?.parse::<i64>().ok();
    let (year, month, day) = (number(0..4)?, number(5..7)?, number(8..10)?);
    let (hour, minute, second) = (number(11..13)?, number(14..16)?, number(17..19)?);
    let rest = text.get(19..)?;
    let (fraction, zone) = match rest.strip_prefix('.') {
        Some(rest) => rest.split_at(rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len())),
        None => ("", rest),
    };
    let nanos = format!("{fraction:0<9}").get(..9)?.parse::<i64>().ok()?;
    let offset = match zone.as_bytes().first() {
        Some(sign @ (b'+' | b'-')) => {
            let seconds = zone.get(1..3)?.parse::<i64>().ok()? * 3600 + zone.get(4..6)?.parse::<i64>().ok()? * 60;
            if *sign == b'+' { seconds } else { -seconds }
        }
        _ => 0,
    };
    // Days from civil date (Howard Hinnant's algorithm): the calendar repeats every 400 years.
    let y = if month <= 2 { year - 1 } else { year };
    let era = y.div_euclid(400);
    let year_of_era = y - era * 400;
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let days = era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468;
    let seconds = days * 86_400 + hour * 3600 + minute * 60 + second - offset;
    Some(i128::from(seconds) * 1_000_000_000 + i128::from(nanos))
}

/// Cut at this many bytes, on a character's border.
pub(crate) fn cut(text: &mut String, bytes: usize) {
    if text.len() > bytes {
        let mut end = bytes;
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        text.truncate(end);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terminal_sequences_do_not_pass() {
        assert_eq!(clean("a\u{1b}[31mred\u{1b}[0m\u{1b}]0;title\u{7}b\rc\u{202e}d"), "aredbcd");
        assert_eq!(clean("tab\there\nnext"), "tab\there\nnext");
        assert_eq!(clean("open\u{1b}]52;c;AAAA"), "open");
    }

    #[test]
    fn engine_times_are_read() {
        assert_eq!(epoch_ms("1970-01-01T00:00:01.5Z"), 1500);
        assert_eq!(epoch_ms("2024-02-29T12:00:00.123456789Z"), 1_709_208_000_123);
        assert_eq!(epoch_ms("2024-02-29T14:00:00.123456789+02:00"), 1_709_208_000_123);
        assert_eq!(epoch_ms("0001-01-01T00:00:00Z"), 0);
        assert_eq!(epoch_ms("nonsense"), 0);
    }

    #[test]
    fn a_cut_keeps_characters_whole() {
        let mut text = "aäöü".to_owned();
        cut(&mut text, 4);
        assert_eq!(text, "aä");
    }

    #[test]
    fn a_time_is_written_as_it_is_read() {
        assert_eq!(rfc3339(0), "1970-01-01T00:00:00Z");
        assert_eq!(rfc3339(1_709_210_096), "2024-02-29T12:34:56Z");
        for seconds in (0..5_000_000_000).step_by(86_399 * 7) {
            assert_eq!(epoch_ms(&rfc3339(seconds)), seconds * 1_000);
        }
    }
}
