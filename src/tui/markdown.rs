//! Markdown as styled lines. What is Markdown is the library's business, as in the report's HTML; here is how it looks in a
//! terminal: prose wrapped between words, lists that hang, code and tables as they are.

use std::ops::Range;

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};
use ratatui::{
    style::Style,
    text::{Line, Span},
};

use super::{
    text::{self, Break},
    theme::Theme,
};

fn parser(source: &str) -> Parser<'_> {
    Parser::new_ext(source, Options::ENABLE_TABLES)
}

/// The text as styled lines of at most `columns`.
pub fn render(source: &str, theme: Theme, columns: usize) -> Vec<Line<'static>> {
    let source = text::clean(source);
    let mut page =
        Page { source: &source, columns, lines: Vec::new(), inline: Inline::new(theme), marks: Vec::new(), mark: None };
    for (event, at) in parser(&source).into_offset_iter() {
        page.take(event, at);
    }
    page.end_paragraph();
    while page.lines.last().is_some_and(|line| line.width() == 0) {
        page.lines.pop();
    }
    page.lines
}

/// Words with `code`, **strong** and *emphasis* as styled spans. A mark without its partner is an ordinary character, and
/// so is one that would make more of the words than a sentence.
pub fn inline(words: &str, theme: Theme) -> Vec<Span<'static>> {
    let mut inline = Inline::new(theme);
    let mut events = parser(words);
    if !matches!(events.next(), Some(Event::Start(Tag::Paragraph))) {
        return vec![Span::raw(words.to_owned())];
    }
    events.for_each(|event| inline.take(event));
    inline.spans
}

/// Spans that are being gathered.
struct Inline {
    theme: Theme,
    spans: Vec<Span<'static>>,
    styles: Vec<Style>,
}

impl Inline {
    fn new(theme: Theme) -> Self {
        Self { theme, spans: Vec::new(), styles: Vec::new() }
    }

    fn take(&mut self, event: Event<'_>) {
        match event {
            Event::Text(words) | Event::Html(words) | Event::InlineHtml(words) => self.push(&words, Style::new()),
            Event::Code(words) => self.push(&words, self.theme.code()),
            Event::SoftBreak | Event::HardBreak => self.push(" ", Style::new()),
            Event::Start(Tag::Strong) => self.styles.push(self.theme.strong()),
            Event::Start(Tag::Emphasis) => self.styles.push(self.theme.emphasis()),
            Event::End(TagEnd::Strong | TagEnd::Emphasis) => {
                self.styles.pop();
            }
            _ => {}
        }
    }

    fn push(&mut self, words: &str, style: Style) {
        let style = self.styles.iter().fold(Style::new(), |all, one| all.patch(*one)).patch(style);
        match self.spans.last_mut() {
            Some(last) if last.style == style => last.content.to_mut().push_str(words),
            _ => self.spans.push(Span::styled(words.to_owned(), style)),
        }
    }
}

struct Page<'a> {
    source: &'a str,
    columns: usize,
    lines: Vec<Line<'static>>,
    inline: Inline,
    /// The lists that are open: the number of the next item where they are numbered.
    marks: Vec<Option<u64>>,
    /// What stands before the paragraph that is being gathered.
    mark: Option<String>,
}

impl Page<'_> {
    fn take(&mut self, event: Event<'_>, at: Range<usize>) {
        match event {
            Event::Start(Tag::Paragraph) => self.gap_as_written(at.start),
            Event::Start(Tag::Heading { .. }) => {
                self.gap();
                self.inline.styles.push(self.inline.theme.strong());
            }
            Event::End(TagEnd::Heading(_)) => {
                self.end_paragraph();
                self.inline.styles.pop();
            }
            Event::Start(Tag::List(first)) => {
                self.end_paragraph();
                self.gap_as_written(at.start);
                self.marks.push(first);
            }
            Event::End(TagEnd::List(_)) => {
                self.marks.pop();
            }
            Event::Start(Tag::Item) => {
                self.gap_as_written(at.start);
                self.mark = Some(match self.marks.last_mut() {
                    Some(Some(number)) => {
                        *number += 1;
                        format!("{}.", *number - 1)
                    }
                    _ => "•".to_owned(),
                });
            }
            Event::End(TagEnd::Paragraph | TagEnd::Item) => self.end_paragraph(),
            Event::Start(Tag::CodeBlock(_)) => {
                self.end_paragraph();
                self.gap();
            }
            Event::End(TagEnd::CodeBlock) => {
                let code: String =
                    std::mem::take(&mut self.inline.spans).into_iter().map(|span| span.content).collect();
                code.lines().for_each(|line| self.as_it_is(line));
                self.gap();
            }
            Event::Start(Tag::Table(_)) => {
                self.gap_as_written(at.start);
                let source = self.source;
                source[at].lines().for_each(|line| self.as_it_is(line));
            }
            Event::End(TagEnd::Table) => self.inline.spans.clear(),
            other => self.inline.take(other),
        }
    }

    fn end_paragraph(&mut self) {
        let mut spans = std::mem::take(&mut self.inline.spans);
        let mark = if spans.is_empty() { None } else { self.mark.take() };
        let hang = mark.as_ref().map_or(0, |mark| text::width(mark) + 1);
        if spans.is_empty() {
            return;
        }
        if let Some(mark) = mark {
            spans.insert(0, Span::raw(format!("{mark} ")));
        }
        self.lines.extend(text::wrap(&Line::from(spans), self.columns, hang, Break::Words));
    }

    fn gap(&mut self) {
        if self.lines.last().is_some_and(|line| line.width() > 0) {
            self.lines.push(Line::default());
        }
    }

    /// A blank line where there is one in the source before this place.
    fn gap_as_written(&mut self, at: usize) {
        let before = &self.source[..at];
        let line = before.rfind('\n').map_or("", |end| &before[..end]);
        if line.ends_with('\n')
            || line.rsplit('\n').next().is_some_and(|last| last.trim().is_empty()) && !line.is_empty()
        {
            self.gap();
        }
    }

    fn as_it_is(&mut self, line: &str) {
        let theme = self.inline.theme;
        let line = Line::styled(format!("  {}", line.trim_end()), theme.code());
        // Underlining a whole block would be louder than the prose around it.
        let line = if theme.is_coloured() { line } else { line.style(Style::new()) };
        self.lines.extend(text::wrap(&line, self.columns, 4, Break::Anywhere));
    }
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
