//! A class: what its labs and its verdicts say together, as six figures, each with who is meant.
//!
//! Why it is a room of its own: it reads what others have written, journals and verdicts, and asks nobody. A [`Learner`] is the fold
//! of one lab's journal (read `learner.rs` first), [`Figures`] is the fold of all learners, and the page, the tables and the screen
//! only lay figures out.

mod figures;
mod learner;
mod page;
mod plots;
mod read;
mod stuck;
mod table;

pub use figures::{Figures, HintFigure, HopFigure, LessonFigure, Looks, Seconds, TurnFigure};
pub use learner::{Learner, Tries};
pub use page::page;
pub use read::{Class, Unread};
pub use stuck::{Stuck, stuck};
pub use table::table;

#[cfg(test)]
pub(crate) mod tests {
    pub use super::figures::tests::class;
}
