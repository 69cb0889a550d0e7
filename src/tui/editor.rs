//! The built-in editor, for a machine where none is set: small, and enough to fix a line.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::style::Style;
use ratatui_textarea::{CursorMove, TextArea};

use super::{input::Input, theme::Theme};

/// A file that is edited.
#[derive(Debug)]
pub struct Editor {
    /// Path inside the lab.
    pub file: String,
    /// The text and the place in it.
    pub area: TextArea<'static>,
    /// The word that was found last.
    pub sought: String,
    /// What the file holds, as far as is known.
    saved: String,
    /// What is being written, until that is known to be done.
    writing: Option<String>,
    /// What the file held before it was last written here: a look that began before then still sees that.
    before: Option<String>,
    /// Whether the file's last line has an end.
    ends_with_newline: bool,
    /// Whether the file's lines end as on Windows.
    crlf: bool,
    /// The word to find, while it is written.
    pub search: Option<Input>,
    /// Something is not saved and the learner wants to leave: the next key decides.
    pub asks: bool,
    /// The editor closes once the file is written.
    pub leaves: bool,
    /// The line that holds nothing but the indentation that was put there for the learner: blanks that nobody typed are not
    /// kept.
    indented: Option<usize>,
}

impl Editor {
    /// Opens a text. Tabs or spaces are inserted as the file has them.
    pub fn new(file: String, text: &str, theme: Theme) -> Self {
        let crlf = text.contains("\r\n");
        let unix = text.replace("\r\n", "\n");
        let lines: Vec<String> = unix.strip_suffix('\n').unwrap_or(&unix).split('\n').map(str::to_owned).collect();
        let mut area = TextArea::new(lines);
        match indentation(&unix) {
            Indentation::Tabs => area.set_hard_tab_indent(true),
            Indentation::Spaces(columns) => area.set_tab_length(columns),
        }
        area.set_cursor_line_style(Style::new());
        area.set_line_number_style(theme.faint());
        area.set_selection_style(theme.selected());
        area.set_cursor_style(theme.selected());
        Self {
            file,
            area,
            sought: String::new(),
            saved: text.to_owned(),
            writing: None,
            before: None,
            ends_with_newline: unix.is_empty() || unix.ends_with('\n'),
            crlf,
            search: None,
            asks: false,
            leaves: false,
            indented: None,
        }
    }

    /// All of the text, with the line ends that the file had.
    pub fn text(&self) -> String {
        let end = if self.crlf { "\r\n" } else { "\n" };
        let blank = self.blank_line();
        let lines = self.area.lines().iter().enumerate();
        let lines: Vec<&str> = lines.map(|(row, line)| if Some(row) == blank { "" } else { line.as_str() }).collect();
        let mut text = lines.join(end);
        if self.ends_with_newline && !(text.is_empty()) {
            text.push_str(end);
        }
        text
    }

    /// Whether something is not saved.
    pub fn is_changed(&self) -> bool {
        self.text() != self.saved
    }

    /// The text, which is about to be written.
    pub fn text_to_save(&mut self) -> String {
        let text = self.text();
        self.writing = Some(text.clone());
        text
    }

    /// Notes that it was written.
    pub fn was_saved(&mut self) {
        let written = self.writing.take().unwrap_or_else(|| self.text());
        self.before = Some(std::mem::replace(&mut self.saved, written));
    }

    /// Whether the file holds what was not written here.
    pub fn differs_outside(&self, now: &str) -> bool {
        now != self.saved && ![&self.writing, &self.before].iter().any(|ours| ours.as_deref() == Some(now))
    }

    /// Notes what the file holds now, and keeps what is written here.
    pub fn saw(&mut self, now: &str) {
        self.saved = now.to_owned();
    }

    /// To this line and column, from 1.
    pub fn go_to(&mut self, line: usize, column: usize) {
        let clip = |number: usize| u16::try_from(number.saturating_sub(1)).unwrap_or(u16::MAX);
        self.area.move_cursor(CursorMove::Jump(clip(line), clip(column)));
    }

    /// Takes a key in that is for writing.
    pub fn press(&mut self, key: KeyEvent) {
        let ctrl = key.modifiers.contains(KeyModifiers::CONTROL);
        match key.code {
            KeyCode::Enter => self.new_line(),
            KeyCode::Char('c') if ctrl => self.area.copy(),
            KeyCode::Char('x') if ctrl => {
                self.area.cut();
            }
            KeyCode::Char('v') if ctrl => {
                self.area.paste();
            }
            KeyCode::Char('a') if ctrl => self.area.select_all(),
            KeyCode::Home if ctrl => self.area.move_cursor(CursorMove::Top),
            KeyCode::End if ctrl => {
                self.area.move_cursor(CursorMove::Bottom);
                self.area.move_cursor(CursorMove::End);
            }
            _ => {
                self.area.input(key);
            }
        }
        self.drop_indentation();
    }

    /// Takes pasted text in.
    pub fn paste(&mut self, text: &str) {
        self.area.insert_str(text.replace("\r\n", "\n").replace('\r', "\n"));
    }

    /// A new line begins where the last one did, one step deeper after `:` or `{`.
    fn new_line(&mut self) {
        let cursor = self.area.cursor();
        let line: String = self.area.lines().get(cursor.0).map_or("", String::as_str).chars().take(cursor.1).collect();
        let mut indent: String = line.chars().take_while(|c| *c == ' ' || *c == '\t').collect();
        if line.trim_end().ends_with([':', '{']) {
            indent.push_str(self.area.indent());
        }
        self.area.insert_newline();
        self.drop_indentation();
        if !indent.is_empty() {
            self.area.insert_str(indent);
            self.indented = Some(self.area.cursor().0);
        }
    }

    /// The indented line, as long as nothing was written there.
    fn blank_line(&self) -> Option<usize> {
        let blank = |line: &String| !line.is_empty() && line.trim().is_empty();
        self.indented.filter(|row| self.area.lines().get(*row).is_some_and(blank))
    }

    /// Takes the indentation away from a line that was left without a word.
    fn drop_indentation(&mut self) {
        let (row, column) = (self.area.cursor().0, self.area.cursor().1);
        if self.indented == Some(row) {
            return;
        }
        if let Some(blank) = self.blank_line() {
            self.go_to(blank + 1, 1);
            self.area.delete_line_by_end();
            self.go_to(row + 1, column + 1);
        }
        self.indented = None;
    }

    /// Goes to the next place that holds the word, and round at the end.
    pub fn find(&mut self, word: &str) -> bool {
        let lines = self.area.lines();
        let cursor = self.area.cursor();
        let needle = word.to_lowercase();
        if needle.is_empty() || lines.is_empty() {
            return false;
        }
        let count = lines.len();
        let found = (0..=count).find_map(|step| {
            let row = (cursor.0 + step) % count;
            let from = if step == 0 { cursor.1 + 1 } else { 0 };
            let line: Vec<char> = lines[row].chars().collect();
            let rest: String = line.get(from..)?.iter().collect();
            let at = rest.to_lowercase().find(&needle)?;
            let column = from + rest.to_lowercase()[..at].chars().count();
            Some((row, column))
        });
        if let Some((row, column)) = found {
            let clip = |number: usize| u16::try_from(number).unwrap_or(u16::MAX);
            self.area.move_cursor(CursorMove::Jump(clip(row), clip(column)));
        }
        found.is_some()
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Indentation {
    Tabs,
    Spaces(u8),
}

/// How the file indents: tabs, or the smallest step of spaces that it has.
fn indentation(text: &str) -> Indentation {
    let mut step = 0;
    for line in text.lines() {
        if line.starts_with('\t') {
            return Indentation::Tabs;
        }
        let spaces = line.len() - line.trim_start_matches(' ').len();
        if spaces >= 2 && spaces < line.len() && (step == 0 || spaces < step) {
            step = spaces;
        }
    }
    Indentation::Spaces(match step {
        2 | 3 => 2,
        8 => 8,
        _ => 4,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn press(editor: &mut Editor, code: KeyCode) {
        editor.press(KeyEvent::new(code, KeyModifiers::NONE));
    }

    #[test]
    fn an_untouched_file_comes_out_as_it_went_in() {
        for text in ["", "a", "a\n", "a\n\n", "a\r\nb\r\n", "\tx\n"] {
            let editor = Editor::new("f".into(), text, Theme::COLOUR);
            assert_eq!(editor.text(), text);
            assert!(!editor.is_changed());
        }
    }

    #[test]
    fn new_lines_follow_the_indentation() {
        let mut editor = Editor::new("f.py".into(), "class A:\n    x = 1\n", Theme::COLOUR);
        press(&mut editor, KeyCode::End);
        press(&mut editor, KeyCode::Enter);
        press(&mut editor, KeyCode::Char('y'));
        assert_eq!(editor.text(), "class A:\n    y\n    x = 1\n");
        assert!(editor.is_changed());
        editor.was_saved();
        assert!(!editor.is_changed());
    }

    #[test]
    fn blanks_that_nobody_typed_are_not_kept() {
        let mut editor = Editor::new("f.py".into(), "class A:\n    x = 1\n", Theme::COLOUR);
        press(&mut editor, KeyCode::Down);
        press(&mut editor, KeyCode::End);
        press(&mut editor, KeyCode::Enter);
        assert_eq!(editor.text(), "class A:\n    x = 1\n\n", "saved here, the line is empty");
        press(&mut editor, KeyCode::Enter);
        press(&mut editor, KeyCode::Char('y'));
        assert_eq!(editor.text(), "class A:\n    x = 1\n\n    y\n", "and the next one is indented all the same");
        press(&mut editor, KeyCode::Enter);
        press(&mut editor, KeyCode::Up);
        assert_eq!(editor.area.lines(), ["class A:", "    x = 1", "", "    y", ""], "left with an arrow, too");
        assert_eq!(editor.area.cursor().0, 3);
        // Blanks that were typed, or were there, are the learner's.
        let mut editor = Editor::new("f.py".into(), "    \nx\n", Theme::COLOUR);
        press(&mut editor, KeyCode::Down);
        press(&mut editor, KeyCode::Char(' '));
        press(&mut editor, KeyCode::Up);
        assert_eq!(editor.text(), "    \n x\n");
    }

    #[test]
    fn indentation_is_the_files_own() {
        assert_eq!(indentation("services:\n  db:\n    image: x\n"), Indentation::Spaces(2));
        assert_eq!(indentation("a {\n\tb;\n}\n"), Indentation::Tabs);
        assert_eq!(indentation("x\n"), Indentation::Spaces(4));
    }

    #[test]
    fn a_word_is_found_and_round_again() {
        let mut editor = Editor::new("f".into(), "port = 1\nx\nPORT é port\n", Theme::COLOUR);
        assert!(editor.find("port"));
        assert_eq!((editor.area.cursor().0, editor.area.cursor().1), (2, 0));
        assert!(editor.find("port"));
        assert_eq!((editor.area.cursor().0, editor.area.cursor().1), (2, 7));
        assert!(editor.find("port"));
        assert_eq!((editor.area.cursor().0, editor.area.cursor().1), (0, 0));
        assert!(!editor.find("nowhere"));
    }
}
