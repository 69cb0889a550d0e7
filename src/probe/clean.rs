//! What containers print is not trusted: escapes and control characters never reach a terminal or a report.

/// Longest line that is kept, in characters.
const LINE: usize = 500;

/// The text without escape sequences and what is hidden; line ends and tabs stay, `\r\n` becomes `\n`.
pub(crate) fn text(raw: &str) -> String {
    // A lone carriage return would let a later text stand over an earlier one.
    crate::sanitize::stripped(&raw.replace("\r\n", "\n").replace('\r', "\n"))
}

/// One line of text, cleaned and cut to a length that fits a report.
pub(crate) fn line(raw: &str) -> String {
    let one_line: String = text(raw).chars().map(|char| if char == '\n' { ' ' } else { char }).collect();
    let one_line = one_line.trim_end();
    match one_line.char_indices().nth(LINE) {
        Some((end, _)) => format!("{}…", &one_line[..end]),
        None => one_line.to_string(),
    }
}

/// Keeps at most `cap` bytes: the start, and the surroundings of `around` where that stands further on. Tells whether it was cut.
pub(crate) fn keep(text: String, cap: usize, around: Option<&str>) -> (String, bool) {
    if text.len() <= cap {
        return (text, false);
    }
    let place = around.and_then(|needle| text.find(needle));
    let kept = match place {
        Some(place) if place >= cap / 2 => {
            let head = floor(&text, cap / 2);
            let from = floor(&text, place.saturating_sub(cap / 8).max(head));
            let to = floor(&text, (from + cap / 2 - "\n…\n".len()).min(text.len()));
            format!("{}\n…\n{}", &text[..head], &text[from..to])
        }
        _ => text[..floor(&text, cap)].to_string(),
    };
    (kept, true)
}

/// The nearest character boundary at or below `index`.
fn floor(text: &str, index: usize) -> usize {
    (0..=index.min(text.len())).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strips_colours_titles_and_control_characters() {
        assert_eq!(text("\u{1b}[31mred\u{1b}[0m"), "red");
        assert_eq!(text("a\u{1b}]0;title\u{7}b"), "ab");
        assert_eq!(text("a\u{1b}]8;;http://x\u{1b}\\b"), "ab");
        assert_eq!(text("a\u{1b}(Bb\u{8}\u{0}c"), "abc");
        assert_eq!(text("a\u{9b}2Jb"), "ab");
        assert_eq!(text("one\r\ntwo\tthree"), "one\ntwo\tthree");
        assert_eq!(text("shown\rover"), "shown\nover");
        assert_eq!(text("user\u{202e}gnp.exe"), "usergnp.exe");
        assert_eq!(text("cut off \u{1b}]0;never ended\nnext"), "cut off \nnext");
        assert_eq!(text("tail\u{1b}"), "tail");
        assert_eq!(text("größer ✓"), "größer ✓");
    }

    #[test]
    fn cuts_long_lines() {
        let long = line(&"ä".repeat(600));
        assert_eq!(long.chars().count(), 501);
        assert!(long.ends_with('…'));
        assert_eq!(line("two\nlines\n"), "two lines");
    }

    #[test]
    fn keeps_the_start_and_the_marker() {
        assert_eq!(keep("short".into(), 10, None), ("short".into(), false));
        let text = format!("{}MARK{}", "ä".repeat(1000), "z".repeat(1000));
        let (kept, cut) = keep(text.clone(), 400, Some("MARK"));
        assert!(cut && kept.len() <= 400 && kept.contains("MARK") && kept.starts_with('ä'), "{kept}");
        let (kept, _) = keep(text, 401, None);
        assert_eq!(kept, "ä".repeat(200));
    }
}
