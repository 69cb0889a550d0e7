//! What is shown of a class, and where in it we are.

use std::sync::Arc;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use crate::{
    class::{Figures, Stuck},
    course::Course,
    tui::theme::Theme,
};

/// What a key comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// The screen shows something else, or the same.
    Stay,
    /// The screen is left.
    Leave,
}

/// Which of the two pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Page {
    /// Lesson, wrong turn, who.
    Figures,
    /// Who is stuck now.
    Stuck,
}

/// What somebody came to in a lesson, with who.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// Its mark: solved, shown, open, wrong turn.
    pub mark: char,
    /// In words.
    pub words: String,
    /// Who.
    pub who: Vec<String>,
}

/// The keys, as the bar shows them.
pub const KEYS: &[(&str, &str)] =
    &[("↑↓", "choose"), ("←→", "lesson · what · who"), ("Tab", "figures / stuck now"), ("q", "leave")];

/// What is shown.
#[derive(Debug)]
pub struct Model {
    /// The course.
    pub course: Arc<Course>,
    /// How it is painted.
    pub theme: Theme,
    /// Whether the labs are read again and again.
    pub watch: bool,
    /// The figures.
    pub figures: Figures,
    /// Who is stuck.
    pub stuck: Vec<Stuck>,
    /// Which page.
    pub page: Page,
    /// The column that has the keys: 0 lessons, 1 outcomes, 2 who.
    pub column: usize,
    /// What is chosen in each column.
    pub chosen: [usize; 3],
}

impl Model {
    /// Of a class that is not read yet.
    pub fn new(course: Arc<Course>, theme: Theme, watch: bool) -> Self {
        let figures = Figures::of(&course, &[]);
        let page = if watch { Page::Stuck } else { Page::Figures };
        Self { course, theme, watch, figures, stuck: vec![], page, column: 0, chosen: [0; 3] }
    }

    /// Shows these figures; what was chosen stays so where it is still there.
    pub fn show(&mut self, figures: Figures, stuck: Vec<Stuck>) {
        let lesson = self.figures.lessons.get(self.chosen[0]).map(|lesson| lesson.id.clone());
        let words = self.outcomes().get(self.chosen[1]).map(|one| one.words.clone());
        (self.figures, self.stuck) = (figures, stuck);
        let at = self.figures.lessons.iter().position(|one| Some(&one.id) == lesson.as_ref());
        self.chosen[0] = at.unwrap_or(0);
        self.chosen[1] = self.outcomes().iter().position(|one| Some(&one.words) == words.as_ref()).unwrap_or(0);
        self.chosen[2] = self.chosen[2].min(self.length(2).saturating_sub(1));
    }

    /// What the chosen lesson came to.
    pub fn outcomes(&self) -> Vec<Outcome> {
        let Some(lesson) = self.figures.lessons.get(self.chosen[0]) else { return vec![] };
        let outcome = |mark, words: &str, who: &[String]| Outcome { mark, words: words.to_owned(), who: who.to_vec() };
        let open: Vec<String> = lesson.hints.iter().flat_map(|hint| hint.open.iter().cloned()).collect();
        let mut all = vec![outcome('·', "started", &lesson.started)];
        if lesson.has_bug {
            all.push(outcome('✓', "solved", &lesson.solved));
            all.push(outcome('?', "shown the fix", &lesson.shown));
            all.push(outcome('…', "not solved", &open));
        }
        all.push(outcome('✓', "submission works", &lesson.passes));
        all.push(outcome('✗', "submission broken", &lesson.fails));
        all.extend(self.figures.turns_of(&lesson.id).map(|turn| outcome('↯', &turn.title, &turn.who)));
        all.retain(|one| !one.who.is_empty());
        all
    }

    /// Who is meant by the chosen outcome.
    pub fn who(&self) -> Vec<String> {
        self.outcomes().get(self.chosen[1]).map(|one| one.who.clone()).unwrap_or_default()
    }

    fn length(&self, column: usize) -> usize {
        match column {
            0 => self.figures.lessons.len(),
            1 => self.outcomes().len(),
            _ => self.who().len(),
        }
    }

    /// Takes a key.
    pub fn press(&mut self, key: KeyEvent) -> Change {
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        match key.code {
            KeyCode::Char('c') if control => return Change::Leave,
            KeyCode::Char('q') | KeyCode::Esc => return Change::Leave,
            KeyCode::Tab => {
                self.page = if self.page == Page::Figures { Page::Stuck } else { Page::Figures };
            }
            _ if self.page == Page::Stuck => {}
            KeyCode::Up | KeyCode::Char('k') => self.choose(self.chosen[self.column].saturating_sub(1)),
            KeyCode::Down | KeyCode::Char('j') => self.choose(self.chosen[self.column] + 1),
            KeyCode::PageUp => self.choose(self.chosen[self.column].saturating_sub(10)),
            KeyCode::PageDown => self.choose(self.chosen[self.column] + 10),
            KeyCode::Home => self.choose(0),
            KeyCode::End => self.choose(usize::MAX),
            KeyCode::Left | KeyCode::Char('h') => self.column = self.column.saturating_sub(1),
            KeyCode::Right | KeyCode::Enter | KeyCode::Char('l') if self.length(self.column) > 0 => {
                self.column = (self.column + 1).min(2);
            }
            _ => {}
        }
        Change::Stay
    }

    fn choose(&mut self, at: usize) {
        self.chosen[self.column] = at.min(self.length(self.column).saturating_sub(1));
        // What stands right of it is another thing's.
        self.chosen[self.column + 1..].fill(0);
    }
}
