//! The containers' logs: a ring per service and one of all, of which a view gets a window and never the whole.

use std::{collections::VecDeque, sync::Arc};

use ansi_to_tui::IntoText as _;
use ratatui::text::{Line, Span};

use super::{
    text::{self, Break},
    theme::Theme,
};
use crate::engine::LogLine;

/// Lines that are kept per service, and of all together.
pub const KEPT_LINES: usize = 5_000;
/// Bytes that are kept of one line.
pub const KEPT_BYTES: usize = 4 * 1024;

/// One line, or the mark of lines that were not kept up with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Counts up over all services.
    pub number: u64,
    /// Index of the service in [`Logs::services`].
    pub service: usize,
    /// The line, cleaned of all but colours.
    pub text: String,
    /// Set on a mark: so many lines came too fast to be shown.
    pub skipped: u64,
    /// A request that was logged while Breakfix asked the stack.
    pub asked: bool,
}

/// Stands behind a request that was logged while Breakfix asked.
const ASKED: &str = "  ← while Breakfix asked";
/// A moment later, in milliseconds, a question may still be logged.
const LOGGED_WITHIN: u64 = 250;

/// All logs, and where the reader is in them.
#[derive(Debug, Clone, Default)]
pub struct Logs {
    /// The services, in order of appearance.
    pub services: Vec<String>,
    rings: Vec<VecDeque<Arc<Entry>>>,
    all: VecDeque<Arc<Entry>>,
    next_number: u64,
    /// The one service that is shown; `None` shows all.
    pub only: Option<usize>,
    /// The number of the last line on the screen; `None` follows.
    pub anchor: Option<u64>,
    /// What is searched for; empty when nothing is.
    pub search: String,
    /// From when to when Breakfix asked the stack, in milliseconds since the Unix epoch.
    asking: Vec<(u64, u64)>,
}

impl Logs {
    /// Breakfix begins to ask the stack.
    pub fn asking_from(&mut self, at: u64) {
        self.asking.push((at, u64::MAX));
    }

    /// It has asked.
    pub fn asking_until(&mut self, at: u64) {
        if let Some((_, until)) = self.asking.last_mut() {
            *until = at.saturating_add(LOGGED_WITHIN);
        }
    }

    /// Takes a line in.
    pub fn push(&mut self, line: &LogLine) {
        let cut = line.text.len() > KEPT_BYTES;
        let mut end = line.text.len().min(KEPT_BYTES);
        while !line.text.is_char_boundary(end) {
            end -= 1;
        }
        let mut words = text::clean_keeping_colour(&line.text[..end]);
        words.retain(|c| c != '\n');
        if cut {
            words.push('…');
        }
        let service = self.index_of(&line.service);
        let request = ["\"GET ", "\"POST ", "\"HEAD "].iter().any(|method| words.contains(method));
        let asked = request && self.asking.iter().any(|(from, until)| (*from..=*until).contains(&line.at));
        self.add(Entry { number: 0, service, text: words, skipped: 0, asked });
    }

    /// Notes that lines of a service came too fast to be kept up with. Marks without a line between them are one.
    pub fn skip(&mut self, service: &str, lines: u64) {
        let service = self.index_of(service);
        let before = self.rings[service].back().filter(|last| last.skipped > 0).cloned();
        if let Some(mark) = before {
            let wider = Arc::new(Entry { skipped: mark.skipped + lines, ..(*mark).clone() });
            for ring in [&mut self.rings[service], &mut self.all] {
                if let Some(slot) = ring.iter_mut().rev().find(|entry| entry.number == mark.number) {
                    *slot = Arc::clone(&wider);
                }
            }
            return;
        }
        self.add(Entry { number: 0, service, text: String::new(), skipped: lines, asked: false });
    }

    fn add(&mut self, entry: Entry) {
        let service = entry.service;
        let entry = Arc::new(Entry { number: self.next_number, ..entry });
        self.next_number += 1;
        for ring in [&mut self.rings[service], &mut self.all] {
            if ring.len() == KEPT_LINES {
                ring.pop_front();
            }
            ring.push_back(Arc::clone(&entry));
        }
    }

    fn index_of(&mut self, service: &str) -> usize {
        self.services.iter().position(|known| known == service).unwrap_or_else(|| {
            self.services.push(service.to_owned());
            self.rings.push(VecDeque::new());
            self.services.len() - 1
        })
    }

    fn shown(&self) -> &VecDeque<Arc<Entry>> {
        self.only.and_then(|service| self.rings.get(service)).unwrap_or(&self.all)
    }

    /// Lines that could be shown now.
    pub fn len(&self) -> usize {
        self.shown().len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Shows the next service's log; after the last one, all.
    pub fn next_service(&mut self) {
        self.only = match self.only {
            None if self.services.is_empty() => None,
            None => Some(0),
            Some(last) if last + 1 >= self.services.len() => None,
            Some(index) => Some(index + 1),
        };
    }

    /// Shows this service alone, also before it has said anything.
    pub fn show_only(&mut self, service: &str) {
        self.only = Some(self.index_of(service));
        self.anchor = None;
    }

    /// Index of the last line on the screen.
    fn anchor_index(&self) -> usize {
        let ring = self.shown();
        match self.anchor {
            None => ring.len().saturating_sub(1),
            Some(number) => ring.partition_point(|entry| entry.number <= number).saturating_sub(1),
        }
    }

    /// Moves by so many lines, down where positive. At the last line it follows again.
    pub fn scroll(&mut self, lines: isize) {
        let ring = self.shown();
        let to = self.anchor_index().saturating_add_signed(lines);
        self.anchor = if to + 1 >= ring.len() { None } else { ring.get(to).map(|entry| entry.number) };
    }

    /// To the first line.
    pub fn go_to_top(&mut self) {
        self.anchor = self.shown().front().map(|entry| entry.number);
    }

    /// To the last line, and follow.
    pub fn follow(&mut self) {
        self.anchor = None;
    }

    /// To the nearest older line (or newer one) that holds the searched words. Goes round at the end; tells whether one was found.
    pub fn find(&mut self, older: bool) -> bool {
        let needle = self.search.to_lowercase();
        let ring = self.shown();
        if needle.is_empty() || ring.is_empty() {
            return false;
        }
        let here = self.anchor_index();
        let count = ring.len();
        let found = (1..=count)
            .map(|step| if older { (here + count - step) % count } else { (here + step) % count })
            .find(|index| plain(&ring[*index].text).to_lowercase().contains(&needle));
        if let Some(index) = found {
            self.anchor = Some(ring[index].number);
        }
        found.is_some()
    }

    /// The lines for a pane of this size, with the numbers (from 1) of the first and last entry shown.
    pub fn window(&self, columns: usize, height: usize, theme: Theme) -> (Vec<Line<'static>>, usize, usize) {
        let ring = self.shown();
        if ring.is_empty() || height == 0 {
            return (Vec::new(), 0, 0);
        }
        let last = self.anchor_index();
        let mut first = last + 1;
        let mut blocks: VecDeque<Vec<Line<'static>>> = VecDeque::new();
        let mut rows = 0;
        while first > 0 && rows < height {
            first -= 1;
            let block = self.draw(&ring[first], columns, theme);
            rows += block.len();
            blocks.push_front(block);
        }
        let mut end = last + 1;
        // Near the top the rest of the pane belongs to newer lines.
        while rows < height && end < ring.len() {
            let block = self.draw(&ring[end], columns, theme);
            rows += block.len();
            blocks.push_back(block);
            end += 1;
        }
        let mut lines: Vec<Line<'static>> = blocks.into_iter().flatten().collect();
        if lines.len() > height {
            let surplus = lines.len() - height;
            if end == last + 1 {
                lines.drain(..surplus);
            } else {
                lines.truncate(height);
            }
        }
        (lines, first + 1, end)
    }

    fn draw(&self, entry: &Entry, columns: usize, theme: Theme) -> Vec<Line<'static>> {
        let names = self.services.iter().map(|name| text::width(name)).max().unwrap_or(0).min(14);
        let name = self.services.get(entry.service).map_or("", String::as_str);
        let mut spans = vec![
            Span::styled(text::pad(name, names), theme.service(entry.service)),
            Span::styled(" │ ", theme.faint()),
        ];
        if entry.skipped > 0 {
            spans.push(Span::styled(format!("… {} lines skipped", text::thousands(entry.skipped)), theme.attention()));
        } else {
            spans.extend(self.mark(coloured(&entry.text, theme), theme));
            spans.extend(entry.asked.then(|| Span::styled(ASKED, theme.faint())));
        }
        text::wrap(&Line::from(spans), columns, names + 3, Break::Words)
    }

    /// Marks what is searched for.
    fn mark(&self, spans: Vec<Span<'static>>, theme: Theme) -> Vec<Span<'static>> {
        let needle = self.search.to_lowercase();
        if needle.is_empty() {
            return spans;
        }
        let mut marked = Vec::new();
        for span in spans {
            let words = span.content.to_lowercase();
            // Lower case may have other lengths than the original: then nothing is marked.
            if words.len() != span.content.len() || !words.contains(&needle) {
                marked.push(span);
                continue;
            }
            let mut from = 0;
            for (at, found) in words.match_indices(&needle) {
                marked.push(Span::styled(span.content[from..at].to_owned(), span.style));
                let end = at + found.len();
                marked.push(Span::styled(span.content[at..end].to_owned(), span.style.patch(theme.selected())));
                from = end;
            }
            marked.push(Span::styled(span.content[from..].to_owned(), span.style));
        }
        marked
    }

    /// The shown lines as plain text, for a pager.
    pub fn as_text(&self) -> String {
        let mut all = String::new();
        for entry in self.shown() {
            let name = self.services.get(entry.service).map_or("", String::as_str);
            if entry.skipped > 0 {
                all.push_str(&format!("{name} | … {} lines skipped\n", text::thousands(entry.skipped)));
            } else {
                let asked = if entry.asked { ASKED } else { "" };
                all.push_str(&format!("{name} | {}{asked}\n", plain(&entry.text)));
            }
        }
        all
    }
}

fn plain(line: &str) -> String {
    text::clean(line)
}

/// A line's own colours, made to fit the theme.
fn coloured(line: &str, theme: Theme) -> Vec<Span<'static>> {
    if !line.contains('\u{1b}') {
        return vec![Span::raw(line.to_owned())];
    }
    match line.into_text() {
        Ok(parsed) => parsed
            .lines
            .into_iter()
            .flat_map(|line| line.spans)
            .map(|span| Span::styled(span.content.into_owned(), theme.tame(span.style)))
            .collect(),
        Err(_) => vec![Span::raw(plain(line))],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Stream;

    fn line(service: &str, text: &str) -> LogLine {
        LogLine { service: service.into(), stream: Stream::Out, text: text.into(), at: 0 }
    }

    fn filled(lines: usize) -> Logs {
        let mut logs = Logs::default();
        for number in 0..lines {
            logs.push(&line(if number % 2 == 0 { "nginx" } else { "flaskapp" }, &format!("line {number}")));
        }
        logs
    }

    fn shown(logs: &Logs, height: usize) -> Vec<String> {
        logs.window(60, height, Theme::COLOUR).0.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn rings_forget_the_oldest() {
        let logs = filled(3 * KEPT_LINES);
        assert_eq!(logs.all.len(), KEPT_LINES);
        assert!(logs.rings.iter().all(|ring| ring.len() == KEPT_LINES));
        assert_eq!(shown(&logs, 1), [format!("flaskapp │ line {}", 3 * KEPT_LINES - 1)]);
    }

    #[test]
    fn breakfix_s_own_questions_are_marked() {
        let mut logs = Logs::default();
        logs.asking_from(1_000);
        logs.asking_until(2_000);
        for (at, text) in [(900, "\"GET / HTTP/1.1\" 200"), (1_500, "\"GET / HTTP/1.1\" 200"), (1_500, "Booting")] {
            logs.push(&LogLine { at, ..line("nginx", text) });
        }
        let marked: Vec<bool> = shown(&logs, 9).iter().map(|line| line.contains("while Breakfix asked")).collect();
        assert_eq!(marked, [false, true, false]);
        assert_eq!(logs.as_text().matches("while Breakfix asked").count(), 1);
    }

    #[test]
    fn a_reader_in_the_middle_stays_where_he_is() {
        let mut logs = filled(100);
        logs.scroll(-50);
        let before = shown(&logs, 5);
        assert_eq!(before[4], "flaskapp │ line 49");
        logs.push(&line("nginx", "new"));
        assert_eq!(shown(&logs, 5), before);
        logs.follow();
        assert_eq!(shown(&logs, 1), ["nginx    │ new"]);
    }

    #[test]
    fn the_top_fills_the_pane() {
        let mut logs = filled(10);
        logs.go_to_top();
        let (lines, first, last) = logs.window(60, 4, Theme::COLOUR);
        assert_eq!((lines.len(), first, last), (4, 1, 4));
        logs.scroll(-5);
        assert_eq!(shown(&logs, 4).len(), 4);
    }

    #[test]
    fn one_service_alone_and_round_again() {
        let mut logs = filled(4);
        logs.next_service();
        assert_eq!(shown(&logs, 9), ["nginx    │ line 0", "nginx    │ line 2"]);
        logs.next_service();
        logs.next_service();
        assert_eq!(logs.only, None);
    }

    #[test]
    fn a_flood_is_counted_and_long_lines_are_cut() {
        let mut logs = Logs::default();
        logs.skip("nginx", 1_000);
        logs.skip("nginx", 234);
        logs.push(&line("nginx", &"é".repeat(KEPT_BYTES)));
        assert_eq!(logs.len(), 2);
        assert_eq!(shown(&logs, 90)[0], "nginx │ … 1,234 lines skipped");
        assert!(logs.all[1].text.ends_with('…') && logs.all[1].text.len() <= KEPT_BYTES + 3);
    }

    #[test]
    fn search_goes_to_older_lines_and_round() {
        let mut logs = filled(20);
        logs.search = "LINE 3".into();
        assert!(logs.find(true));
        assert_eq!(logs.anchor, Some(3));
        assert!(logs.find(true));
        assert_eq!(logs.anchor, Some(3));
        logs.search = "nowhere".into();
        assert!(!logs.find(true));
    }

    #[test]
    fn colours_stay_inside_the_sixteen() {
        let mut logs = Logs::default();
        logs.push(&line("db", "\u{1b}[31mred\u{1b}[48;2;1;2;3m on blue\u{1b}[0m \u{1b}[2Jgone"));
        let (lines, ..) = logs.window(60, 1, Theme::COLOUR);
        assert_eq!(lines[0].to_string(), "db │ red on blue gone");
        assert!(lines[0].spans.iter().all(|span| span.style.bg.is_none()));
        assert!(lines[0].spans.iter().any(|span| span.style.fg == Some(ratatui::style::Color::Red)));
    }
}
