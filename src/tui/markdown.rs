//! Markdown in its plainest form, as lessons use it: paragraphs, `code`, **strong**, *emphasis*, lists, headings, fences.

use ratatui::{
    style::Style,
    text::{Line, Span},
};

use super::{
    text::{self, Break},
    theme::Theme,
};

/// The text as styled lines of at most `columns`.
pub fn render(source: &str, theme: Theme, columns: usize) -> Vec<Line<'static>> {
    let mut page = Page { theme, columns, lines: Vec::new(), paragraph: String::new() };
    let source = text::clean(source);
    let mut fenced = false;
    for line in source.lines() {
        let trimmed = line.trim();
        if trimmed.starts_with("```") {
            page.end_paragraph();
            page.gap();
            fenced = !fenced;
        } else if fenced {
            page.as_it_is(line);
        } else if trimmed.is_empty() {
            page.end_paragraph();
            page.gap();
        } else if let Some((mark, words)) = list_item(trimmed) {
            page.end_paragraph();
            page.paragraph = format!("{mark}\u{0}{words}");
        } else if trimmed.starts_with('|') || line.starts_with("    ") && page.paragraph.is_empty() {
            page.end_paragraph();
            page.as_it_is(line);
        } else if let Some(heading) = trimmed.strip_prefix('#') {
            page.end_paragraph();
            page.gap();
            page.lines.push(Line::styled(heading.trim_start_matches('#').trim().to_owned(), theme.strong()));
        } else {
            if !page.paragraph.is_empty() {
                page.paragraph.push(' ');
            }
            page.paragraph.push_str(trimmed);
        }
    }
    page.end_paragraph();
    while page.lines.last().is_some_and(|line| line.width() == 0) {
        page.lines.pop();
    }
    page.lines
}

struct Page {
    theme: Theme,
    columns: usize,
    lines: Vec<Line<'static>>,
    /// The paragraph that is being gathered; a list item carries its mark before a NUL, which clean text never holds.
    paragraph: String,
}

impl Page {
    fn end_paragraph(&mut self) {
        let paragraph = std::mem::take(&mut self.paragraph);
        if paragraph.is_empty() {
            return;
        }
        let (mark, words) = paragraph.split_once('\u{0}').unwrap_or(("", &paragraph));
        let mut spans = Vec::new();
        if !mark.is_empty() {
            spans.push(Span::raw(format!("{mark} ")));
        }
        spans.extend(inline(words, self.theme));
        let hang = if mark.is_empty() { 0 } else { text::width(mark) + 1 };
        self.lines.extend(text::wrap(&Line::from(spans), self.columns, hang, Break::Words));
    }

    fn gap(&mut self) {
        if self.lines.last().is_some_and(|line| line.width() > 0) {
            self.lines.push(Line::default());
        }
    }

    fn as_it_is(&mut self, line: &str) {
        let line = Line::styled(format!("  {}", line.trim_end()), self.theme.code());
        // Underlining a whole block would be louder than the prose around it.
        let line = if self.theme.is_coloured() { line } else { line.style(Style::new()) };
        self.lines.extend(text::wrap(&line, self.columns, 4, Break::Anywhere));
    }
}

fn list_item(line: &str) -> Option<(String, &str)> {
    if let Some(words) = line.strip_prefix("- ").or_else(|| line.strip_prefix("* ")) {
        return Some(("•".to_owned(), words));
    }
    let (number, words) = line.split_once(". ")?;
    let short = number.len() <= 2 && !number.is_empty() && number.chars().all(|c| c.is_ascii_digit());
    short.then(|| (format!("{number}."), words))
}

/// Words with `code`, **strong** and *emphasis* as styled spans. A mark without its partner is an ordinary character.
pub fn inline(words: &str, theme: Theme) -> Vec<Span<'static>> {
    let mut spans = Vec::new();
    let mut plain = String::new();
    let mut rest = words;
    while let Some(first) = rest.chars().next() {
        let marks: [(&str, Style); 3] = [("`", theme.code()), ("**", theme.strong()), ("*", theme.emphasis())];
        let found = marks.iter().find_map(|(mark, style)| {
            let inside = rest.strip_prefix(mark)?;
            let end = inside.find(mark).filter(|end| *end > 0)?;
            let text = &inside[..end];
            let hugged = *mark == "`" || !text.starts_with(' ') && !text.ends_with(' ');
            hugged.then_some((text, *style, &inside[end + mark.len()..]))
        });
        match found {
            Some((text, style, after)) => {
                if !plain.is_empty() {
                    spans.push(Span::raw(std::mem::take(&mut plain)));
                }
                if style == theme.code() {
                    spans.push(Span::styled(text.to_owned(), style));
                } else {
                    spans.extend(
                        inline(text, theme).into_iter().map(|span| Span::styled(span.content, style.patch(span.style))),
                    );
                }
                rest = after;
            }
            None => {
                plain.push(first);
                rest = &rest[first.len_utf8()..];
            }
        }
    }
    if !plain.is_empty() {
        spans.push(Span::raw(plain));
    }
    spans
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(source: &str, columns: usize) -> String {
        render(source, Theme::COLOUR, columns).iter().map(|line| format!("{line}\n")).collect()
    }

    #[test]
    fn paragraphs_are_joined_and_wrapped_lists_hang() {
        let source = "One\ntwo three.\n\n\n- first item is long\n- second\n\n1. one\n";
        assert_eq!(plain(source, 14), "One two three.\n\n• first item\n  is long\n• second\n\n1. one\n");
    }

    #[test]
    fn fences_stay_as_they_are() {
        assert_eq!(plain("a\n```\nx  y\n  z\n```\nb", 20), "a\n\n  x  y\n    z\n\nb\n");
    }

    #[test]
    fn marks_become_styles_and_lonely_marks_stay() {
        let theme = Theme::COLOUR;
        let spans = inline("say `a*b` and **this** *now* 2 * 3 ` x", theme);
        let styled: Vec<(&str, Style)> = spans.iter().map(|span| (span.content.as_ref(), span.style)).collect();
        assert_eq!(
            styled,
            [
                ("say ", Style::new()),
                ("a*b", theme.code()),
                (" and ", Style::new()),
                ("this", theme.strong()),
                (" ", Style::new()),
                ("now", theme.emphasis()),
                (" 2 * 3 ` x", Style::new()),
            ]
        );
    }

    #[test]
    fn code_inside_strong_words_is_both() {
        let theme = Theme::COLOUR;
        let spans = inline("**read `ports:`**", theme);
        assert_eq!(spans[1].content, "ports:");
        assert_eq!(spans[1].style, theme.strong().patch(theme.code()));
    }

    #[test]
    fn a_narrow_column_and_hostile_text_do_no_harm() {
        assert!(render("a \u{1b}[2J **b** - c\n\n1. x", Theme::MONO, 0).len() > 1);
    }
}
