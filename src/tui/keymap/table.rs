//! The table itself.

use crossterm::event::KeyCode;

use super::{
    Binding, Chord, Command,
    Place::{
        self, Asking, Chooser, Diff, Editor, Evidence, Files, Journal, Jumping, Leaving, Lessons, Logs, Map, Question,
        Reading, Resetting, Story, Unsaved, Welcome, Writing,
    },
    row,
};

const PANES: &[Place] = &[Story, Question, Map, Evidence, Logs, Files, Diff, Journal];
/// In the map, `h` and `l` go along the chain.
const PAGES: &[Place] = &[Story, Question, Evidence, Logs, Files, Diff, Journal];
const DIGIT_TABS: &[Place] = &[Story, Map, Evidence, Logs, Files, Diff, Journal];
const TABS: &[Place] = &[Story, Evidence, Logs, Files, Diff, Journal];
const SCROLLS: &[Place] = &[Story, Question, Map, Evidence, Logs, Files, Diff, Journal, Reading, Chooser, Lessons];
const SIDEWAYS: &[Place] = &[Evidence, Logs, Files, Diff, Journal, Reading, Chooser, Lessons];
const CHAIN: &[Place] = &[Story, Question];
const SCREENS: &[Place] = &[Welcome, Story, Question, Map, Evidence, Logs, Files, Diff, Journal];
const LISTS: &[Place] = &[Welcome, Story, Question, Evidence, Logs, Files, Diff, Journal];
/// What a key opens, the same key closes.
const OPENS_A_TEXT: &[Place] = &[Story, Question, Map, Evidence, Logs, Files, Diff, Journal, Reading];
/// All places.
pub(super) const EVERYWHERE: &[Place] = &[
    Welcome, Story, Question, Map, Evidence, Logs, Files, Diff, Journal, Chooser, Lessons, Jumping, Reading, Leaving,
    Resetting, Asking, Writing, Editor, Unsaved,
];

const DIGITS: &[Chord] =
    keys![Chord::char('1'), Chord::char('2'), Chord::char('3'), Chord::char('4'), Chord::char('5')];
const TAB_DIGITS: &[Chord] =
    keys![Chord::char('1'), Chord::char('2'), Chord::char('3'), Chord::char('4'), Chord::char('5'), Chord::char('0')];
const ENTER: &[Chord] = keys![Chord::plain(KeyCode::Enter)];
pub(super) const ESC: &[Chord] = keys![Chord::plain(KeyCode::Esc)];
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
    row(keys![Chord::char('x')], Command::Shell, "shell", "try it yourself: a shell in a container (exec)", PANES, 0),
    row(keys![Chord::char('h')], Command::Hint, "hint", "the next hint: where, what, how, show", PAGES, 14),
    row(
        keys![Chord::char('w')],
        Command::Explain,
        "explain",
        "why a wrong turn is one; again: close it",
        OPENS_A_TEXT,
        0,
    ),
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
    row(
        keys![Chord::char('F')],
        Command::FastTrack,
        "fast track",
        "for those who know Docker: only the symptoms; again: the stories",
        &[Welcome],
        3,
    ),
    row(keys![Chord::char('f')], Command::Fix, "engine", "get an engine where none answers (asks)", &[Welcome], 0),
    row(
        keys![Chord::char('p')],
        Command::Recorded,
        "practice",
        "an incident that nobody has seen; without an engine: the recorded course",
        &[Welcome],
        0,
    ),
    row(
        keys![Chord::char('p')],
        Command::Practice,
        "practice",
        "after the last lesson: an incident that nobody has seen",
        &[Story],
        0,
    ),
    row(keys![Chord::char('c')], Command::Courses, "courses", "choose another course", &[Welcome], 0),
    row(ENTER, Command::Forward, "skip", "go on without an answer", &[Question], 8),
    row(ENTER, Command::Forward, "on", "the next page", TABS, 0),
    row(ENTER, Command::Forward, "its evidence", "the evidence of this link", &[Map], 1),
    row(ENTER, Command::Forward, "open", "open this lesson", &[Lessons], 1),
    row(
        keys![Chord::char('r')],
        Command::Repeat,
        "repeat",
        "put the bug of a solved lesson back, and find it once more (asks)",
        &[Lessons],
        2,
    ),
    row(
        keys![Chord::char('f')],
        Command::FastTrack,
        "fast track",
        "for those who know Docker: only the symptoms; again: the stories",
        &[Lessons],
        3,
    ),
    row(
        keys![Chord::char('m'), Chord::plain(KeyCode::Enter)],
        Command::Mend,
        "mend them",
        "mend the bugs before this lesson for you",
        &[Jumping],
        1,
    ),
    row(keys![Chord::char('o')], Command::Forward, "open as it is", "open it, and leave the bugs", &[Jumping], 2),
    row(ENTER, Command::Forward, "choose", "choose", &[Chooser], 1),
    row(ENTER, Command::Forward, "keep", "keep what is written", &[Writing], 1),
    row(ENTER, Command::Forward, "yes", "yes", &[Asking], 1),
    row(ENTER, Command::Forward, "close", "close", &[Reading], 2),
    row(keys![Chord::plain(KeyCode::Backspace)], Command::Back, "back", "the page before", &[Story, Question], 0),
    // Looking around.
    row(keys![Chord::char('l')], Command::Lessons, "lessons", "all lessons; go to any", LISTS, 17),
    row(keys![Chord::char('t')], Command::Tour, "tour", "the half-minute tour of this screen", SCREENS, 18),
    row(
        keys![Chord::char('m')],
        Command::Map,
        "map",
        "the chain at the top: choose a link, see its evidence",
        PAGES,
        0,
    ),
    row(keys![Chord::plain(KeyCode::Right)], Command::NextLink, "map", "to the chain", CHAIN, 0),
    row(keys![Chord::plain(KeyCode::Left)], Command::PreviousLink, "map", "to the chain", CHAIN, 0),
    row(
        keys![Chord::plain(KeyCode::Right), Chord::char('l')],
        Command::NextLink,
        "next link",
        "the next link",
        &[Place::Map],
        2,
    ),
    row(
        keys![Chord::plain(KeyCode::Left), Chord::char('h')],
        Command::PreviousLink,
        "link before",
        "the link before",
        &[Place::Map],
        3,
    ),
    row(keys![Chord::plain(KeyCode::Tab)], Command::NextPane, "pane", "the other pane", PANES, 0),
    row(keys![Chord::plain(KeyCode::BackTab)], Command::PreviousPane, "pane", "the pane before", PANES, 0),
    row(TAB_DIGITS, Command::Tab, "tab", "Evidence, Logs, Files, Diff, Journal; 0 the lesson", DIGIT_TABS, 0),
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
    row(keys![Chord::char('Y')], Command::CopyOutput, "copy output", "copy what it said, or the pane", PANES, 0),
    row(keys![Chord::char('o')], Command::Open, "open", "read the pane in your pager ($PAGER)", PANES, 0),
    row(keys![Chord::ctrl('z')], Command::Undo, "undo", "take the last change back", &[Editor], 3),
    row(keys![Chord::ctrl('y')], Command::Redo, "redo", "make it again", &[Editor], 0),
    row(keys![Chord::ctrl('s')], Command::Save, "save", "save the file", &[Editor], 1),
    row(keys![Chord::ctrl('f')], Command::Search, "search", "find a word", &[Editor], 4),
    row(UP, Command::LineUp, "up", "one line up", SCROLLS, 0),
    row(DOWN, Command::LineDown, "down", "one line down", SCROLLS, 0),
    row(keys![Chord::plain(KeyCode::Left)], Command::Left, "left", "to the left", SIDEWAYS, 0),
    row(keys![Chord::plain(KeyCode::Right)], Command::Right, "right", "to the right", SIDEWAYS, 0),
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
    row(keys![Chord::char('q')], Command::Cancel, "close", "close", &[Reading, Chooser, Lessons], 0),
    row(keys![Chord::char('q')], Command::Quit, "quit", "leave (asks what becomes of the shop)", SCREENS, 19),
    row(
        keys![Chord::ctrl('c')],
        Command::Interrupt,
        "quit",
        "leave; twice: at once",
        &[
            Welcome, Story, Question, Map, Evidence, Logs, Files, Diff, Journal, Chooser, Lessons, Jumping, Reading,
            Leaving, Resetting, Asking, Writing,
        ],
        0,
    ),
    row(keys![Chord::ctrl('z')], Command::Suspend, "suspend", "back to the shell; fg returns", EVERYWHERE, 0),
    row(keys![Chord::char('M')], Command::Mouse, "mouse", "take the mouse, or leave it to the terminal", SCREENS, 0),
    row(keys![Chord::ctrl('r')], Command::Refresh, "look again", "look at the files and containers again", SCREENS, 0),
    row(keys![Chord::ctrl('l')], Command::Redraw, "redraw", "draw everything anew", EVERYWHERE, 0),
];
