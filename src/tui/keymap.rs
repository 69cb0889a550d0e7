//! The one table of keys: the bar, the `?` screen and what a key does all come from it.

/// Keys, as a row of a table wants them.
macro_rules! keys {
    ($($key:expr),+ $(,)?) => {{
        const KEYS: &[$crate::tui::keymap::Chord] = &[$($key),+];
        KEYS
    }};
}
pub(in crate::tui) use keys;

mod table;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
pub use table::TABLE;

/// A key as it is pressed. Shift is part of the character (`R`), never told apart from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Chord {
    code: KeyCode,
    ctrl: bool,
}

impl Chord {
    pub(super) const fn plain(code: KeyCode) -> Self {
        Self { code, ctrl: false }
    }

    pub(super) const fn char(c: char) -> Self {
        Self::plain(KeyCode::Char(c))
    }

    pub(super) const fn ctrl(c: char) -> Self {
        Self { code: KeyCode::Char(c), ctrl: true }
    }

    /// As written on the screen: `v`, `Enter`, `Ctrl-C`.
    pub fn name(self) -> String {
        let name = match self.code {
            KeyCode::Char(' ') => "Space".to_owned(),
            KeyCode::Char(c) if self.ctrl => c.to_ascii_uppercase().to_string(),
            KeyCode::Char(c) => c.to_string(),
            KeyCode::Up => "↑".to_owned(),
            KeyCode::Down => "↓".to_owned(),
            KeyCode::Left => "←".to_owned(),
            KeyCode::Right => "→".to_owned(),
            KeyCode::PageUp => "PgUp".to_owned(),
            KeyCode::PageDown => "PgDn".to_owned(),
            KeyCode::BackTab => "Shift-Tab".to_owned(),
            code => format!("{code:?}"),
        };
        if self.ctrl { format!("Ctrl-{name}") } else { name }
    }

    /// This key, as if it were pressed.
    pub fn pressed(self) -> KeyEvent {
        KeyEvent::new(self.code, if self.ctrl { KeyModifiers::CONTROL } else { KeyModifiers::NONE })
    }
}

impl From<KeyEvent> for Chord {
    fn from(key: KeyEvent) -> Self {
        let ctrl = key.modifiers.contains(KeyModifiers::CONTROL);
        let code = match key.code {
            KeyCode::Char(c) if ctrl => KeyCode::Char(c.to_ascii_lowercase()),
            code => code,
        };
        Self { code, ctrl }
    }
}

/// What a key asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Command {
    /// Goes on: next page, begin, next lesson, yes.
    Forward,
    /// Goes back one page.
    Back,
    /// Answers the question with the choice of this key's digit.
    Answer,
    /// Asks the running stack.
    Verify,
    /// The smallest thing that starts what does not run, or makes live what was saved.
    Up,
    /// Builds images anew and starts.
    Build,
    /// Gives the database its tables.
    Bootstrap,
    /// Gets the base images.
    Images,
    /// Edits a file in the learner's own editor.
    Edit,
    /// Edits a file here.
    EditHere,
    /// Opens a shell in a container.
    Shell,
    /// Gets an engine where none answers.
    Fix,
    /// Plays the recorded course.
    Recorded,
    /// An incident to practise on, in this course.
    Practice,
    /// Choose another course.
    Courses,
    /// Puts a solved lesson's bug back.
    Repeat,
    /// Leaves the stories out, or tells them again.
    FastTrack,
    /// Mends the bugs before a lesson.
    Mend,
    /// Shows the next hint.
    Hint,
    /// Explains the wrong turn that was recognised.
    Explain,
    /// Takes a note.
    Note,
    /// Shows what was changed since the start.
    Diff,
    /// Puts files back.
    Reset,
    /// Shows the fix, and applies it on request.
    Reveal,
    /// The list of lessons.
    Lessons,
    /// The half-minute tour.
    Tour,
    /// Copies the command.
    Copy,
    /// Copies what was said.
    CopyOutput,
    /// Opens the pane's text in the pager.
    Open,
    /// Searches the logs.
    Search,
    /// Shows another service's log.
    Service,
    /// The next or previous thing of the pane: file, answer, match.
    NextItem,
    /// See [`Command::NextItem`].
    PreviousItem,
    /// The chain at the top.
    Map,
    /// The next link of it.
    NextLink,
    /// The link before.
    PreviousLink,
    /// The other pane, or the next one.
    NextPane,
    /// The pane before.
    PreviousPane,
    /// The tab of this key's digit; 0 is the lesson.
    Tab,
    /// One line up.
    LineUp,
    /// One line down.
    LineDown,
    /// To the left.
    Left,
    /// To the right.
    Right,
    /// One page up.
    PageUp,
    /// One page down.
    PageDown,
    /// To the first line.
    Top,
    /// To the last line; logs follow.
    Bottom,
    /// Ends the work that goes on, or closes what is open.
    Cancel,
    /// All keys.
    Help,
    /// Leaves, after a question.
    Quit,
    /// Ctrl-C: leaves after a question, the second time at once.
    Interrupt,
    /// Ctrl-Z: back to the shell.
    Suspend,
    /// Takes the mouse, or leaves it to the terminal.
    Mouse,
    /// Looks at files and containers again.
    Refresh,
    /// Draws everything anew.
    Redraw,
    /// Saves the file.
    Save,
    /// Takes the last change back.
    Undo,
    /// Makes it again.
    Redo,
    /// Keeps the stack running (when leaving), or the answer yes.
    Keep,
    /// Takes the stack down (when leaving).
    TakeDown,
    /// Only the file in the Files pane.
    OnlyThis,
    /// All files.
    All,
    /// Leaves the editor without saving.
    Discard,
}

/// Where the keys go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// The first screen.
    Welcome,
    /// The lesson's page.
    Story,
    /// The lesson's page while it asks for a prediction.
    Question,
    /// The chain at the top.
    Map,
    /// Tab 1.
    Evidence,
    /// Tab 2.
    Logs,
    /// Tab 3.
    Files,
    /// Tab 4.
    Diff,
    /// Tab 5.
    Journal,
    /// The list of lessons.
    Lessons,
    /// The question what becomes of the bugs before a lesson.
    Jumping,
    /// A list to choose from.
    Chooser,
    /// A text over the screen.
    Reading,
    /// The question on leaving.
    Leaving,
    /// The question on putting files back.
    Resetting,
    /// Another question: yes, or Esc.
    Asking,
    /// A line that is written.
    Writing,
    /// The editor.
    Editor,
    /// The editor's question on leaving with something not saved.
    Unsaved,
}

/// One row of a table of keys: of the learner's screen, unless other commands and places are named.
#[derive(Debug)]
pub struct Binding<C: 'static = Command, P: 'static = Place> {
    /// The keys; the first is the one that is shown.
    pub keys: &'static [Chord],
    /// What they ask for.
    pub command: C,
    /// One or two words, for the bar.
    pub label: &'static str,
    /// A few words more, for the `?` screen.
    pub help: &'static str,
    /// Where it holds.
    pub holds: &'static [P],
    /// Its rank in the bar; 0 keeps it out.
    pub bar: u8,
}

/// A row, as tables are written.
pub(in crate::tui) const fn row<C: Copy, P>(
    keys: &'static [Chord],
    command: C,
    label: &'static str,
    help: &'static str,
    holds: &'static [P],
    bar: u8,
) -> Binding<C, P> {
    Binding { keys, command, label, help, holds, bar }
}

/// What this key asks for in this place, with the key's digit where it is one.
pub fn command(key: KeyEvent, place: Place) -> Option<(Command, Option<usize>)> {
    command_in(TABLE, key, place)
}

/// The same, in any table: the first row that fits wins.
pub(in crate::tui) fn command_in<C: Copy, P: PartialEq>(
    table: &[Binding<C, P>],
    key: KeyEvent,
    place: P,
) -> Option<(C, Option<usize>)> {
    if key.modifiers.intersects(KeyModifiers::ALT | KeyModifiers::SUPER | KeyModifiers::META) {
        return None;
    }
    let chord = Chord::from(key);
    let binding = table.iter().find(|row| row.holds.contains(&place) && row.keys.contains(&chord))?;
    let digit = match chord.code {
        KeyCode::Char(c) => c.to_digit(10).map(|digit| digit as usize),
        _ => None,
    };
    Some((binding.command, digit))
}

/// The row that a command has in this place.
pub fn binding(command: Command, place: Place) -> Option<&'static Binding> {
    TABLE.iter().find(|row| row.command == command && row.holds.contains(&place))
}

/// The key of a command, as written on the screen: in this place, else wherever it has one.
pub fn key_name(command: Command, place: Place) -> String {
    binding(command, place)
        .or_else(|| TABLE.iter().find(|row| row.command == command))
        .map(|row| row.keys[0].name())
        .unwrap_or_default()
}

/// The rows that the bar shows in this place, in order.
pub fn bar(place: Place) -> Vec<&'static Binding> {
    bar_of(TABLE, place)
}

/// The same, of any table.
pub(in crate::tui) fn bar_of<C, P: PartialEq>(
    table: &'static [Binding<C, P>],
    place: P,
) -> Vec<&'static Binding<C, P>> {
    let mut rows: Vec<_> = table.iter().filter(|row| row.bar > 0 && row.holds.contains(&place)).collect();
    rows.sort_by_key(|row| row.bar);
    rows
}

/// The `?` screen's groups: a title, and the rows that hold in one of its places.
pub fn groups() -> Vec<(&'static str, Vec<&'static Binding>)> {
    let mut seen: Vec<*const Binding> = Vec::new();
    use Place::{
        Asking, Chooser, Diff, Editor, Evidence, Files, Journal, Jumping, Leaving, Lessons, Logs, Map, Question,
        Reading, Resetting, Story, Unsaved, Welcome, Writing,
    };
    let groups: [(&str, &[Place]); 8] = [
        ("The lesson", &[Story, Question]),
        ("The chain at the top", &[Map]),
        ("Evidence, logs, files, diff", &[Evidence, Logs, Files, Diff, Journal]),
        ("The built-in editor", &[Editor, Unsaved]),
        ("On leaving", &[Leaving]),
        ("On putting files back", &[Resetting]),
        ("The list of lessons", &[Lessons, Jumping]),
        ("Lists and questions", &[Chooser, Writing, Asking, Reading, Welcome]),
    ];
    groups
        .into_iter()
        .map(|(title, places)| {
            let rows: Vec<_> = TABLE
                .iter()
                .filter(|row| {
                    let here = row.holds.iter().any(|place| places.contains(place));
                    let new = here && !seen.contains(&std::ptr::from_ref(*row));
                    if new {
                        seen.push(std::ptr::from_ref(*row));
                    }
                    new
                })
                .collect();
            (title, rows)
        })
        .collect()
}

/// All keys of a row as written: `↑ k`, `1–5`.
pub fn names(row: &Binding) -> String {
    if row.keys.len() >= 5 {
        return "1–5".to_owned();
    }
    row.keys.iter().map(|key| key.name()).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::{
        Place::{Editor, Evidence, Question, Story, Writing},
        table::{ESC, EVERYWHERE},
        *,
    };

    fn press(code: KeyCode) -> KeyEvent {
        KeyEvent::new(code, KeyModifiers::NONE)
    }

    #[test]
    fn no_key_is_given_away_twice_in_one_place() {
        for place in EVERYWHERE {
            let mut taken: Vec<Chord> = Vec::new();
            for row in TABLE.iter().filter(|row| row.holds.contains(place)) {
                for key in row.keys {
                    // Ctrl-Z undoes in the editor, and Esc has its own words there: the first row wins.
                    let known = *place == Editor && (*key == Chord::ctrl('z') || ESC.contains(key));
                    assert!(known || !taken.contains(key), "{} twice in {place:?}", key.name());
                    taken.push(*key);
                }
            }
        }
    }

    #[test]
    fn digits_answer_a_question_and_else_choose_a_tab() {
        assert_eq!(command(press(KeyCode::Char('2')), Question), Some((Command::Answer, Some(2))));
        assert_eq!(command(press(KeyCode::Char('2')), Story), Some((Command::Tab, Some(2))));
        assert_eq!(command(press(KeyCode::Char('0')), Evidence), Some((Command::Tab, Some(0))));
    }

    #[test]
    fn capitals_are_other_keys_and_control_is_not_the_letter() {
        let shifted = KeyEvent::new(KeyCode::Char('R'), KeyModifiers::SHIFT);
        assert_eq!(command(shifted, Story), Some((Command::Reveal, None)));
        let control = KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL);
        assert_eq!(command(control, Story), Some((Command::Interrupt, None)));
        assert_eq!(command(press(KeyCode::Char('v')), Writing), None);
    }

    #[test]
    fn help_lists_each_row_once() {
        let listed: usize = groups().iter().map(|(_, rows)| rows.len()).sum();
        assert_eq!(listed, TABLE.len());
    }
}
