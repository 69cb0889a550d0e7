//! The demo's one table of keys. Presenter remotes send PageDown and PageUp, and `.` for a blank screen.

use crossterm::event::{KeyCode, KeyEvent};

use crate::tui::keymap::{self, Chord, bar_of, command_in, keys, row};

/// One row of the table.
pub type Binding = keymap::Binding<Command, Place>;

/// What a key asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Command {
    /// The next beat; back from an aside.
    Next,
    /// The beat before.
    Previous,
    /// The lesson of this key's digit.
    Lesson,
    /// The ways to break.
    Break,
    /// The ways to mend.
    Mend,
    /// Asks again, on a stack made anew if need be.
    Again,
    /// Live, or the recorded run.
    Source,
    /// Nothing is shown.
    Blank,
    /// All keys.
    Help,
    /// Leaves.
    Quit,
    /// Leaves, the second time at once.
    Interrupt,
    /// To the shell.
    Suspend,
    /// Draws everything anew.
    Redraw,
    /// Closes what is open.
    Close,
    /// Up in the menu.
    Up,
    /// Down in the menu.
    Down,
    /// Takes the menu's item.
    Take,
    /// Takes the last letter back.
    Erase,
    /// Leaves the shop running.
    Keep,
    /// Takes the shop down.
    TakeDown,
    /// Stops a journal, or plays on.
    Pause,
    /// Goes on with what is left to record.
    Rest,
    /// One step on in a journal.
    Step,
    /// One step back in a journal.
    StepBack,
    /// Faster.
    Faster,
    /// Slower.
    Slower,
}

/// Where the keys go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// The talk.
    Talk,
    /// The menu, in which letters are a filter.
    Menu,
    /// A journal that is played.
    Journal,
    /// Something over the screen.
    Reading,
    /// The question on leaving.
    Leaving,
    /// Somebody else holds the shop's port.
    Port,
    /// The question whether the menus are recorded, too.
    GoOn,
}

const DIGITS: &[Chord] = keys![
    Chord::char('0'),
    Chord::char('1'),
    Chord::char('2'),
    Chord::char('3'),
    Chord::char('4'),
    Chord::char('5'),
    Chord::char('6'),
    Chord::char('7'),
    Chord::char('8'),
    Chord::char('9'),
];

use Place::{GoOn, Journal, Leaving, Menu, Port, Reading, Talk};

/// The table.
pub const TABLE: &[Binding] = &[
    row(
        keys![
            Chord::char(' '),
            Chord::plain(KeyCode::Right),
            Chord::plain(KeyCode::PageDown),
            Chord::plain(KeyCode::Enter)
        ],
        Command::Next,
        "next",
        "the next beat; while it types: all at once; from an aside: back to the talk",
        &[Talk],
        1,
    ),
    row(
        keys![Chord::plain(KeyCode::Left), Chord::plain(KeyCode::PageUp), Chord::plain(KeyCode::Backspace)],
        Command::Previous,
        "back",
        "the beat before, with the shop as it was there",
        &[Talk],
        1,
    ),
    row(DIGITS, Command::Lesson, "a lesson", "the lesson with this number", &[Talk], 0),
    row(keys![Chord::char('b')], Command::Break, "break", "break it, in a way of your choice", &[Talk], 1),
    row(keys![Chord::char('m')], Command::Mend, "mend", "mend it, in a way of your choice", &[Talk], 1),
    row(keys![Chord::char('a')], Command::Again, "again", "put the shop into this state again, and ask", &[Talk], 1),
    row(
        keys![Chord::char('r')],
        Command::Source,
        "recording",
        "to the recorded run, and back to the containers",
        &[Talk, Port],
        0,
    ),
    row(keys![Chord::char(' ')], Command::Pause, "pause", "stop, and play on", &[Journal], 1),
    row(
        keys![Chord::plain(KeyCode::Right), Chord::plain(KeyCode::PageDown)],
        Command::Step,
        "step",
        "one step on",
        &[Journal],
        1,
    ),
    row(
        keys![Chord::plain(KeyCode::Left), Chord::plain(KeyCode::PageUp)],
        Command::StepBack,
        "step back",
        "one step back",
        &[Journal],
        1,
    ),
    row(keys![Chord::char('+'), Chord::char('=')], Command::Faster, "faster", "play faster", &[Journal], 1),
    row(keys![Chord::char('-')], Command::Slower, "slower", "play slower", &[Journal], 1),
    row(keys![Chord::char('.')], Command::Blank, "blank", "show nothing, until any key", &[Talk, Journal], 0),
    row(keys![Chord::char('?')], Command::Help, "keys", "this list", &[Talk, Journal], 1),
    row(
        keys![
            Chord::plain(KeyCode::Enter),
            Chord::char(' '),
            Chord::plain(KeyCode::PageDown),
            Chord::plain(KeyCode::Right),
            Chord::plain(KeyCode::Esc)
        ],
        Command::Close,
        "go on",
        "go on: the shop takes another number, and says which",
        &[Port],
        1,
    ),
    row(
        keys![Chord::char('q')],
        Command::Quit,
        "quit",
        "leave (asks what becomes of the shop)",
        &[Talk, Journal, Port],
        1,
    ),
    row(keys![Chord::plain(KeyCode::Up)], Command::Up, "up", "up", &[Menu, Reading], 0),
    row(keys![Chord::plain(KeyCode::Down)], Command::Down, "down", "down", &[Menu, Reading], 0),
    row(
        keys![Chord::plain(KeyCode::Enter), Chord::char(' ')],
        Command::Rest,
        "record them",
        "record the ways to break and to mend as well",
        &[GoOn],
        1,
    ),
    row(
        keys![Chord::char('q'), Chord::plain(KeyCode::Esc)],
        Command::Keep,
        "that is all",
        "the talk is enough: write the recording, and leave",
        &[GoOn],
        1,
    ),
    row(keys![Chord::plain(KeyCode::Enter)], Command::Take, "do it", "do what is marked", &[Menu], 1),
    row(keys![Chord::plain(KeyCode::Backspace)], Command::Erase, "erase", "take the last letter back", &[Menu], 0),
    row(keys![Chord::plain(KeyCode::Esc)], Command::Close, "close", "close what is open", &[Menu, Reading], 1),
    row(
        keys![
            Chord::char('q'),
            Chord::char(' '),
            Chord::plain(KeyCode::Enter),
            Chord::char('.'),
            Chord::plain(KeyCode::PageDown),
            Chord::plain(KeyCode::PageUp)
        ],
        Command::Close,
        "close",
        "close",
        &[Reading],
        0,
    ),
    row(keys![Chord::plain(KeyCode::Esc)], Command::Close, "stay", "go on with the talk", &[Leaving], 1),
    row(
        keys![Chord::char('t')],
        Command::TakeDown,
        "take it down",
        "remove the demo's containers and volume, and leave",
        &[Leaving],
        1,
    ),
    row(keys![Chord::char('k')], Command::Keep, "keep it", "leave the shop running", &[Leaving], 1),
    row(
        keys![Chord::ctrl('c')],
        Command::Interrupt,
        "quit",
        "leave; twice: at once",
        &[Talk, Menu, Journal, Reading, Leaving, Port, GoOn],
        0,
    ),
    row(
        keys![Chord::ctrl('z')],
        Command::Suspend,
        "suspend",
        "back to the shell; fg returns",
        &[Talk, Menu, Journal, Reading, Leaving, Port, GoOn],
        0,
    ),
    row(
        keys![Chord::ctrl('l')],
        Command::Redraw,
        "redraw",
        "draw everything anew",
        &[Talk, Menu, Journal, Reading, Leaving, Port, GoOn],
        0,
    ),
];

/// What this key asks for in this place, with the key's digit where it is one.
pub fn command(key: KeyEvent, place: Place) -> Option<(Command, Option<usize>)> {
    command_in(TABLE, key, place)
}

/// The rows that hold in this place and have words for the bar.
pub fn bar(place: Place) -> Vec<&'static Binding> {
    bar_of(TABLE, place)
}

#[cfg(test)]
mod tests {
    use crossterm::event::KeyModifiers;

    use super::*;

    #[test]
    fn a_key_means_one_thing_in_one_place() {
        for place in [Talk, Menu, Journal, Reading, Leaving, Port, GoOn] {
            let mut seen: Vec<Chord> = Vec::new();
            for row in TABLE.iter().filter(|row| row.holds.contains(&place)) {
                for key in row.keys {
                    assert!(!seen.contains(key), "{} means two things in {place:?}", key.name());
                    seen.push(*key);
                }
            }
        }
    }

    #[test]
    fn a_presenters_remote_goes_on_and_back() {
        let press = |code| command(KeyEvent::new(code, KeyModifiers::NONE), Talk).map(|(command, _)| command);
        assert_eq!(press(KeyCode::PageDown), Some(Command::Next));
        assert_eq!(press(KeyCode::PageUp), Some(Command::Previous));
        assert_eq!(press(KeyCode::Char('.')), Some(Command::Blank));
    }
}
