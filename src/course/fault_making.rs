//! How a fault of practice is made, and mended, from a course's stacks.

use std::collections::BTreeMap;

use super::{
    Course, Edit, Making,
    practice::Fault,
    stack::{StackFiles, apply_all},
};
use crate::error::{Error, Result};

impl Course {
    /// How a fault is made, from the stack that works.
    ///
    /// # Errors
    /// Usage: it names what the course does not have, or its edits do not apply (which `lint` tells beforehand).
    pub fn making_of(&self, fault: &Fault) -> Result<Making> {
        let nothing = || Error::usage(format!("the fault {} is nothing that this course has", fault.id()));
        if let Some(lesson) = &fault.bug {
            return self.stack_without(lesson).map(Making::plain);
        }
        if let Some(own) = &fault.own {
            return Making::of_turn(own, self.fixed_stack());
        }
        let (lesson, turn) = fault.turn.as_deref().and_then(|id| self.turn(id)).ok_or_else(nothing)?;
        Making::of_turn(turn, &self.stack_without(&lesson.id)?)
    }

    /// The files of a fault with more edits on top: a right fix, or one that only seems to be.
    ///
    /// # Errors
    /// Usage: as for [`Course::making_of`].
    pub fn mended(&self, fault: &Fault, edits: &[Edit]) -> Result<BTreeMap<String, String>> {
        let mut files = self.making_of(fault)?.files;
        apply_all(edits, &mut files)?;
        Ok(files)
    }

    /// The same course over two other stacks.
    #[must_use]
    pub fn over(&self, broken: BTreeMap<String, String>, fixed: BTreeMap<String, String>) -> Self {
        Self { stack_files: StackFiles { broken, fixed }, ..self.clone() }
    }
}
