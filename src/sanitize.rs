//! Text of strangers made fit to be shown: nothing in it moves a cursor, hides, turns round what stands beside it, or commands the
//! machine that keeps the log. One set of characters for all rooms.

use std::iter::Peekable;
use std::str::Chars;

/// Whether a character is obeyed rather than shown, or is seen by nobody: control characters, marks of direction, characters without
/// width, separators of lines that are no line's end, annotations, tags, and what is no character in Unicode (and so in XML).
pub(crate) fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{61c}'
                | '\u{180e}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{feff}'
                | '\u{fff9}'..='\u{fffb}'
                | '\u{fdd0}'..='\u{fdef}'
                | '\u{e0000}'..='\u{e0fff}'
        )
        || u32::from(c) & 0xfffe == 0xfffe
}

/// The text with what is hidden written out, `\u{1b}`; line ends and tabs included.
pub(crate) fn written_out(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    text.chars().for_each(|c| write_out(&mut out, c));
    out
}

/// Text that no spreadsheet takes for a formula (OWASP, *CSV Injection*), on one line, with what is hidden written out.
pub(crate) fn spreadsheet_cell(text: &str) -> String {
    let text = written_out(&text.replace('\t', " "));
    if text.trim_start().starts_with(['=', '+', '-', '@']) { format!("'{text}") } else { text }
}

/// Text that no browser takes for markup, between tags or in a quoted attribute, with what is hidden written out.
pub(crate) fn html(text: &str) -> String {
    written_out(text).replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// One character of [`written_out`].
pub(crate) fn write_out(out: &mut String, c: char) {
    if is_hidden(c) { out.extend(c.escape_default()) } else { out.push(c) }
}

/// The text without terminal sequences and without what is hidden; line ends and tabs stay.
pub(crate) fn stripped(text: &str) -> String {
    strip(text, false)
}

/// Like [`stripped`], but colour and weight (`ESC [ … m`) stay.
pub(crate) fn stripped_to_colour(text: &str) -> String {
    strip(text, true)
}

fn strip(text: &str, keeps_colour: bool) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\u{1b}' => skip_escape(&mut chars, keeps_colour, &mut out),
            '\u{9b}' => drop(control_sequence(&mut chars)),
            '\n' | '\t' => out.push(c),
            c if is_hidden(c) => {}
            c => out.push(c),
        }
    }
    out
}

/// Skips what follows an escape character: a control sequence, a string such as a title, or a single character.
fn skip_escape(chars: &mut Peekable<Chars<'_>>, keeps_colour: bool, out: &mut String) {
    match chars.peek() {
        Some('[') => {
            chars.next();
            let (parameters, end) = control_sequence(chars);
            let is_colour = end == Some('m') && parameters.chars().all(|c| c.is_ascii_digit() || c == ';');
            if keeps_colour && is_colour && parameters.len() <= 32 {
                out.push_str(&format!("\u{1b}[{parameters}m"));
            }
        }
        // The string ends with BEL or ESC \; one that never ends does so with its line.
        Some(']' | 'P' | 'X' | '^' | '_') => {
            while let Some(c) = chars.next_if(|c| *c != '\n') {
                match c {
                    '\u{7}' | '\u{9c}' => return,
                    '\u{1b}' => {
                        chars.next_if_eq(&'\\');
                        return;
                    }
                    _ => {}
                }
            }
        }
        // Intermediate bytes, then a final one: `ESC ( B`.
        Some(' '..='/') => {
            while chars.next_if(|c| (' '..='/').contains(c)).is_some() {}
            chars.next_if(|c| !c.is_control());
        }
        Some(c) if !c.is_control() => drop(chars.next()),
        _ => {}
    }
}

/// Takes the parameters and the final character of a control sequence.
fn control_sequence(chars: &mut Peekable<Chars<'_>>) -> (String, Option<char>) {
    let mut parameters = String::new();
    while let Some(c) = chars.next_if(|c| (' '..='?').contains(c)) {
        parameters.push(c);
    }
    (parameters, chars.next_if(|c| ('@'..='~').contains(c)))
}

/// The text without commands to the machine that keeps the log: lines that begin with `::name …::` (GitHub) and `##[…]`,
/// `##vso[…]`, `##teamcity[…]` anywhere (GitHub, Azure, TeamCity).
pub(crate) fn without_commands(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        let begun = line.trim_start();
        let is_command = begun
            .strip_prefix("::")
            .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_alphabetic()) && rest.contains("::"));
        match is_command {
            true => out.push_str(&format!("{}\\u{{3a}}{}", &line[..line.len() - begun.len()], &begun[1..])),
            false => out.push_str(line),
        }
    }
    without_hashes(&out, "\\u{23}")
}

/// The text with another spelling of the second `#` in `##[`, `##vso[` and the like.
pub(crate) fn without_hashes(text: &str, hash: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("##") {
        let (before, from) = rest.split_at(at + 1);
        out.push_str(before);
        let word = from[1..].trim_start_matches(|c: char| c.is_ascii_alphabetic());
        let is_command = word.starts_with('[') && from.len() - word.len() <= 16;
        match is_command {
            true => {
                out.push_str(hash);
                rest = &from[1..];
            }
            // The second one may be the first of a pair.
            false => rest = from,
        }
    }
    out + rest
}

/// The text of a JSON document with what is hidden in it, and commands, spelt as JSON spells them.
pub(crate) fn json(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' => out.push(c),
            c if is_hidden(c) => {
                let mut units = [0; 2];
                c.encode_utf16(&mut units).iter().for_each(|unit| out.push_str(&format!("\\u{unit:04x}")));
            }
            c => out.push(c),
        }
    }
    without_hashes(&out, "\\u0023")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sequences_and_what_is_hidden_do_not_pass() {
        for (text, wanted) in [
            ("a\u{1b}[31mred\u{1b}[0m\u{1b}]0;title\u{7}b\rc\u{202e}d", "aredbcd"),
            ("tab\there\nnext", "tab\there\nnext"),
            ("open\u{1b}]52;c;AAAA", "open"),
            ("a\u{1b}]8;;http://x\u{1b}\\b", "ab"),
            ("a\u{1b}(Bb\u{8}\u{0}c\u{9b}2Jd", "abcd"),
            ("never\u{1b}]0;ended\nnext", "never\nnext"),
            ("tail\u{1b}", "tail"),
            ("\u{200e}\u{200f}\u{61c}\u{2066}\u{feff}\u{2028}\u{fffe}\u{e0041}\u{1ffff}größer ✓ 漢字", "größer ✓ 漢字"),
        ] {
            assert_eq!(stripped(text), wanted, "{text:?}");
            assert!(!written_out(text).chars().any(is_hidden), "{text:?}");
        }
        assert_eq!(stripped_to_colour("\u{1b}[1;31mred\u{1b}[2J\u{1b}[?25l"), "\u{1b}[1;31mred");
        assert_eq!(written_out("a\u{1b}\n\u{ffff}\u{200e}"), "a\\u{1b}\\n\\u{ffff}\\u{200e}");
    }

    #[test]
    fn nothing_commands_the_keeper_of_the_log() {
        for (text, wanted) in [
            ("ok\n  ::set-output name=x::y\n", "ok\n  \\u{3a}:set-output name=x::y\n"),
            ("::add-mask::a", "\\u{3a}:add-mask::a"),
            ("a ::1 b\n::1\n::ffff:1.2.3.4\nstd::fmt::x", "a ::1 b\n::1\n::ffff:1.2.3.4\nstd::fmt::x"),
            ("x ##[group]a ##vso[task.complete]b", "x #\\u{23}[group]a #\\u{23}vso[task.complete]b"),
            ("##teamcity[buildStatus] ###[x] ## title", "#\\u{23}teamcity[buildStatus] ##\\u{23}[x] ## title"),
        ] {
            assert_eq!(without_commands(text), wanted);
        }
        let value = serde_json::json!({"a": "##[x] \u{202e}\u{9b}\u{1f600}\u{1fffe}\n"});
        let told = json(&value.to_string());
        assert!(!told.contains("##[") && !told.chars().any(is_hidden), "{told}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&told).unwrap(), value);
    }

    #[test]
    fn long_text_takes_its_length() {
        for text in ["##", "\u{1b}[", "\u{1b}]", "::a", "\u{9b}1", "##a"].map(|part| part.repeat(100_000)) {
            let begun = std::time::Instant::now();
            drop((stripped(&text), written_out(&text), without_commands(&text), json(&text)));
            assert!(begun.elapsed().as_secs() < 5, "{}: {:?}", &text[..4], begun.elapsed());
        }
    }
}
