//! The one table of keys: the bar, the `?` screen and what a key does all come from it.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// A key as it is pressed. Shift is part of the character (`R`), never told apart from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Chord {
    code: KeyCode,
    ctrl: bool,
}

impl Chord {
    const fn plain(code: KeyCode) -> Self {
        Self { code, ctrl: false }
    }

    const fn char(c: char) -> Self {
        Self::plain(KeyCode::Char(c))
    }

    const fn ctrl(c: char) -> Self {
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

use Place::{
    Asking, Chooser, Diff, Editor, Evidence, Files, Journal, Leaving, Logs, Question, Reading, Resetting, Story,
    Unsaved, Welcome, Writing,
};

const PANES: &[Place] = &[Story, Question, Evidence, Logs, Files, Diff, Journal];
const TABS: &[Place] = &[Story, Evidence, Logs, Files, Diff, Journal];
const SCROLLS: &[Place] = &[Story, Question, Evidence, Logs, Files, Diff, Journal, Reading, Chooser];
const SCREENS: &[Place] = &[Welcome, Story, Question, Evidence, Logs, Files, Diff, Journal];
const EVERYWHERE: &[Place] = &[
    Welcome, Story, Question, Evidence, Logs, Files, Diff, Journal, Chooser, Reading, Leaving, Resetting, Asking,
    Writing, Editor, Unsaved,
];

/// One row of the table.
#[derive(Debug)]
pub struct Binding {
    /// The keys; the first is the one that is shown.
    pub keys: &'static [Chord],
    /// What they ask for.
    pub command: Command,
    /// One or two words, for the bar.
    pub label: &'static str,
    /// A few words more, for the `?` screen.
    pub help: &'static str,
    /// Where it holds.
    pub holds: &'static [Place],
    /// Its rank in the bar; 0 keeps it out.
    pub bar: u8,
}

macro_rules! keys {
    ($($key:expr),+) => {{ const KEYS: &[Chord] = &[$($key),+]; KEYS }};
}

const fn row(
    keys: &'static [Chord],
    command: Command,
    label: &'static str,
    help: &'static str,
    holds: &'static [Place],
    bar: u8,
) -> Binding {
    Binding { keys, command, label, help, holds, bar }
}

const DIGITS: &[Chord] =
    keys![Chord::char('1'), Chord::char('2'), Chord::char('3'), Chord::char('4'), Chord::char('5')];
const TAB_DIGITS: &[Chord] =
    keys![Chord::char('1'), Chord::char('2'), Chord::char('3'), Chord::char('4'), Chord::char('5'), Chord::char('0')];
const ENTER: &[Chord] = keys![Chord::plain(KeyCode::Enter)];
const ESC: &[Chord] = keys![Chord::plain(KeyCode::Esc)];
const SCROLL_KEYS: [&[Chord]; 4] = [
    keys![Chord::plain(KeyCode::Up)],
    keys![Chord::plain(KeyCode::Down)],
    keys![Chord::plain(KeyCode::PageUp)],
    keys![Chord::plain(KeyCode::PageDown)],
];
const UP: &[Chord] = keys![Chord::plain(KeyCode::Up), Chord::char('k')];
const DOWN: &[Chord] = keys![Chord::plain(KeyCode::Down), Chord::char('j')];

/// The table. The first row that fits wins, so a narrower place stands above a wider one.
pub const TABLE: &[Binding] = &[
    // What a lesson is made of.
    row(keys![Chord::char('v')], Command::Verify, "verify", "ask the running stack whether it works", PANES, 10),
    row(keys![Chord::char('u')], Command::Up, "up", "start what does not run; make live what was saved", PANES, 11),
    row(keys![Chord::char('b')], Command::Build, "build", "build the app's image anew, and start it", PANES, 12),
    row(keys![Chord::char('B')], Command::Bootstrap, "bootstrap", "give the database its tables", PANES, 0),
    row(keys![Chord::char('e')], Command::Edit, "edit", "edit a file ($VISUAL, $EDITOR, or here)", PANES, 13),
    row(keys![Chord::char('E')], Command::EditHere, "edit here", "edit a file in the built-in editor", PANES, 0),
    row(keys![Chord::char('h')], Command::Hint, "hint", "the next hint: where, what, how, show", PANES, 14),
    row(keys![Chord::char('w')], Command::Explain, "explain", "why a wrong turn is one", PANES, 0),
    row(keys![Chord::char('n')], Command::Note, "note", "a note of your own, for the report at the end", PANES, 15),
    row(keys![Chord::char('d')], Command::Diff, "diff", "what you changed since the start", PANES, 16),
    row(keys![Chord::char('r')], Command::Reset, "reset", "put files back as they were (asks)", PANES, 0),
    row(
        keys![Chord::char('R')],
        Command::Reveal,
        "reveal",
        "see this lesson's fix; apply it if you like (asks)",
        PANES,
        0,
    ),
    row(keys![Chord::char('i')], Command::Images, "images", "get the base images", SCREENS, 0),
    row(DIGITS, Command::Answer, "answer", "answer the question", &[Question], 9),
    row(ENTER, Command::Forward, "begin", "begin, or go on where you were", &[Welcome], 1),
    row(ENTER, Command::Forward, "skip", "go on without an answer", &[Question], 8),
    row(ENTER, Command::Forward, "on", "the next page", TABS, 0),
    row(ENTER, Command::Forward, "choose", "choose", &[Chooser], 1),
    row(ENTER, Command::Forward, "keep", "keep what is written", &[Writing], 1),
    row(ENTER, Command::Forward, "yes", "yes", &[Asking], 1),
    row(ENTER, Command::Forward, "close", "close", &[Reading], 2),
    row(keys![Chord::plain(KeyCode::Backspace)], Command::Back, "back", "the page before", &[Story, Question], 0),
    // Looking around.
    row(keys![Chord::char('l')], Command::Lessons, "lessons", "all lessons; go to any", SCREENS, 17),
    row(keys![Chord::char('t')], Command::Tour, "tour", "the half-minute tour of this screen", SCREENS, 18),
    row(keys![Chord::plain(KeyCode::Tab)], Command::NextPane, "pane", "the other pane", PANES, 0),
    row(keys![Chord::plain(KeyCode::BackTab)], Command::PreviousPane, "pane", "the pane before", PANES, 0),
    row(TAB_DIGITS, Command::Tab, "tab", "Evidence, Logs, Files, Diff, Journal; 0 the lesson", TABS, 0),
    row(keys![Chord::char('/')], Command::Search, "search", "find a word; / and Enter again: the next", &[Logs], 5),
    row(keys![Chord::char('s')], Command::Service, "service", "all logs together, or one service's", &[Logs], 4),
    row(
        keys![Chord::char(']')],
        Command::NextItem,
        "next",
        "the next file, answer or match",
        &[Evidence, Files, Diff, Logs],
        6,
    ),
    row(
        keys![Chord::char('[')],
        Command::PreviousItem,
        "previous",
        "the one before",
        &[Evidence, Files, Diff, Logs],
        0,
    ),
    row(keys![Chord::char('y')], Command::Copy, "copy", "copy the command that is shown", PANES, 0),
    row(keys![Chord::char('o')], Command::Open, "open", "read the pane in your pager ($PAGER)", PANES, 0),
    row(keys![Chord::ctrl('z')], Command::Undo, "undo", "take the last change back", &[Editor], 3),
    row(keys![Chord::ctrl('y')], Command::Redo, "redo", "make it again", &[Editor], 0),
    row(keys![Chord::ctrl('s')], Command::Save, "save", "save the file", &[Editor], 1),
    row(keys![Chord::ctrl('f')], Command::Search, "search", "find a word", &[Editor], 4),
    row(UP, Command::LineUp, "up", "one line up", SCROLLS, 0),
    row(DOWN, Command::LineDown, "down", "one line down", SCROLLS, 0),
    row(keys![Chord::plain(KeyCode::Left)], Command::Left, "left", "to the left", SCROLLS, 0),
    row(keys![Chord::plain(KeyCode::Right)], Command::Right, "right", "to the right", SCROLLS, 0),
    row(keys![Chord::plain(KeyCode::PageUp), Chord::ctrl('b')], Command::PageUp, "page up", "one page up", SCROLLS, 0),
    row(
        keys![Chord::plain(KeyCode::PageDown), Chord::char(' ')],
        Command::PageDown,
        "page down",
        "one page down",
        SCROLLS,
        0,
    ),
    // While a line is written, letters are letters.
    row(SCROLL_KEYS[0], Command::LineUp, "up", "the page above the line, one line up", &[Writing], 0),
    row(SCROLL_KEYS[1], Command::LineDown, "down", "one line down", &[Writing], 0),
    row(SCROLL_KEYS[2], Command::PageUp, "page up", "one page up", &[Writing], 0),
    row(SCROLL_KEYS[3], Command::PageDown, "page down", "one page down", &[Writing], 0),
    row(keys![Chord::char('g'), Chord::plain(KeyCode::Home)], Command::Top, "top", "the first line", SCROLLS, 0),
    row(
        keys![Chord::char('G'), Chord::plain(KeyCode::End)],
        Command::Bottom,
        "end",
        "the last line; logs follow again",
        SCROLLS,
        0,
    ),
    row(
        keys![Chord::char('s'), Chord::plain(KeyCode::Enter), Chord::ctrl('s')],
        Command::Save,
        "save and leave",
        "save, then leave the editor",
        &[Unsaved],
        1,
    ),
    row(keys![Chord::char('d')], Command::Discard, "drop it", "leave without saving", &[Unsaved], 2),
    // Leaving.
    row(
        keys![Chord::char('k'), Chord::plain(KeyCode::Enter)],
        Command::Keep,
        "keep running",
        "leave the shop running",
        &[Leaving],
        1,
    ),
    row(
        keys![Chord::char('d')],
        Command::TakeDown,
        "take down",
        "remove its containers; the database stays",
        &[Leaving],
        2,
    ),
    row(keys![Chord::char('a')], Command::All, "all files", "put all files back", &[Resetting], 1),
    row(
        keys![Chord::char('f')],
        Command::OnlyThis,
        "this file",
        "put back the file of the Files pane",
        &[Resetting],
        2,
    ),
    row(ESC, Command::Cancel, "leave", "leave the editor (asks when something is not saved)", &[Editor], 2),
    row(ESC, Command::Cancel, "stop", "end the work that goes on; close what is open", EVERYWHERE, 0),
    row(keys![Chord::char('?')], Command::Help, "all keys", "this list", SCREENS, 20),
    row(keys![Chord::char('q')], Command::Cancel, "close", "close", &[Reading, Chooser], 0),
    row(keys![Chord::char('q')], Command::Quit, "quit", "leave (asks what becomes of the shop)", SCREENS, 19),
    row(
        keys![Chord::ctrl('c')],
        Command::Interrupt,
        "quit",
        "leave; twice: at once",
        &[
            Welcome, Story, Question, Evidence, Logs, Files, Diff, Journal, Chooser, Reading, Leaving, Resetting,
            Asking, Writing,
        ],
        0,
    ),
    row(keys![Chord::ctrl('z')], Command::Suspend, "suspend", "back to the shell; fg returns", EVERYWHERE, 0),
    row(keys![Chord::ctrl('l')], Command::Redraw, "redraw", "draw everything anew", EVERYWHERE, 0),
];

/// What this key asks for in this place, with the key's digit where it is one.
pub fn command(key: KeyEvent, place: Place) -> Option<(Command, Option<usize>)> {
    if key.modifiers.intersects(KeyModifiers::ALT | KeyModifiers::SUPER | KeyModifiers::META) {
        return None;
    }
    let chord = Chord::from(key);
    let binding = TABLE.iter().find(|row| row.holds.contains(&place) && row.keys.contains(&chord))?;
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
    let mut rows: Vec<_> = TABLE.iter().filter(|row| row.bar > 0 && row.holds.contains(&place)).collect();
    rows.sort_by_key(|row| row.bar);
    rows
}

/// The `?` screen's groups: a title, and the rows that hold in one of its places.
pub fn groups() -> Vec<(&'static str, Vec<&'static Binding>)> {
    let mut seen: Vec<*const Binding> = Vec::new();
    let groups: [(&str, &[Place]); 6] = [
        ("The lesson", &[Story, Question]),
        ("Evidence, logs, files, diff", &[Evidence, Logs, Files, Diff, Journal]),
        ("The built-in editor", &[Editor, Unsaved]),
        ("On leaving", &[Leaving]),
        ("On putting files back", &[Resetting]),
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
    use super::*;

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
