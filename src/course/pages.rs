//! Whether a page of a lesson's story fits a terminal of 80 by 24 without scrolling.

use unicode_width::UnicodeWidthStr;

use super::Course;

/// Columns that a page's text has at 80 columns, beside its border.
pub(super) const COLUMNS: usize = 76;
/// Lines that a page's text has at 24 lines, beside the map, the border and the keys.
const LINES: usize = 15;
/// Rows of the map at most that such a terminal gives to what branches off the chain.
const BRANCHES: usize = 2;

/// Lines that a page's text has in a course with these links.
pub(super) fn lines_beside_map(course: &Course) -> usize {
    let branches = course.hops.windows(2).filter(|pair| pair[0].to != pair[1].from).count();
    LINES - branches.min(BRANCHES)
}

/// Lines that this text takes when it is wrapped at words.
pub(super) fn lines(text: &str, columns: usize) -> usize {
    let mut total = 0;
    let mut paragraph = String::new();
    let mut in_fence = false;
    for line in text.trim_end().lines() {
        let bare = line.trim_start();
        let fence = bare.starts_with("```");
        if fence || in_fence || line.starts_with("    ") || bare.is_empty() {
            total += wrapped(&std::mem::take(&mut paragraph), columns);
            // The fences themselves are not shown.
            total += usize::from(!fence) * line.width().div_ceil(columns).max(1);
            in_fence ^= fence;
            continue;
        }
        if is_item(bare) {
            total += wrapped(&std::mem::take(&mut paragraph), columns);
        }
        if !paragraph.is_empty() {
            paragraph.push(' ');
        }
        paragraph.push_str(bare);
    }
    total + wrapped(&paragraph, columns)
}

/// Columns that the pane of a lesson has where it stands beside another, in a terminal of 100 columns.
pub(super) const CODE_COLUMNS: usize = 44;

/// The lines of code in this text that are wider than the pane, which would break them in the middle of a word.
pub(super) fn wide_code(text: &str) -> impl Iterator<Item = &str> {
    let mut in_fence = false;
    text.lines().filter(move |line| {
        let fence = line.trim_start().starts_with("```");
        in_fence ^= fence;
        in_fence && !fence && line.width() > CODE_COLUMNS
    })
}

fn is_item(line: &str) -> bool {
    let number = line.trim_start_matches(|c: char| c.is_ascii_digit());
    line.starts_with("- ") || line.starts_with("* ") || (number.len() < line.len() && number.starts_with(". "))
}

fn wrapped(paragraph: &str, columns: usize) -> usize {
    // Marks of emphasis and code take no room on the screen.
    let shown = paragraph.replace("**", "").replace('`', "");
    let mut lines = 0;
    let mut used = 0;
    for word in shown.split_whitespace() {
        let width = word.width();
        if used > 0 && used + 1 + width <= columns {
            used += 1 + width;
        } else {
            lines += width.div_ceil(columns).max(1);
            used = width;
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_wrap_and_lists_and_code_keep_their_lines() {
        assert_eq!(lines("", 10), 0);
        assert_eq!(lines("one two three", 10), 2);
        assert_eq!(lines("one\ntwo", 10), 1, "a paragraph's own line breaks do not count");
        assert_eq!(lines("one\n\ntwo\n", 10), 3);
        assert_eq!(lines("- one\n- two\n1. three", 10), 3);
        assert_eq!(lines("a\n```\nb\nc\n```\nd", 10), 4);
        assert_eq!(lines("**0123** `5678`", 10), 1, "marks take no room");
        assert_eq!(lines("0123456789abc", 10), 2);
    }

    #[test]
    fn code_is_wide_where_it_would_be_broken() {
        let wide = "x".repeat(CODE_COLUMNS + 1);
        let text = format!("{wide}\n```\nshort\n{wide}\n```\n{wide}\n");
        assert_eq!(wide_code(&text).collect::<Vec<_>>(), [wide.as_str()]);
    }
}
