//! The two stacks of a course, and all that lies between them: some lessons' fixes applied, others not.

use std::collections::BTreeMap;

use include_dir::{Dir, DirEntry};

use super::{Course, Edit, Lesson};
use crate::error::{Error, Result};

/// The files of a course's stacks, by path inside the stack with forward slashes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct StackFiles {
    /// The stack that a lab starts from.
    pub broken: BTreeMap<String, String>,
    /// The stack with every lesson's fix applied.
    pub fixed: BTreeMap<String, String>,
}

impl Course {
    /// The files of the broken stack.
    pub fn broken_stack(&self) -> &BTreeMap<String, String> {
        &self.stack_files.broken
    }

    /// The files of the stack with every lesson's fix applied.
    pub fn fixed_stack(&self) -> &BTreeMap<String, String> {
        &self.stack_files.fixed
    }

    /// The broken stack with the fixes of these lessons applied, in the course's order.
    ///
    /// # Errors
    /// Usage: there is no such lesson, or its fix does not apply (which `lint` tells beforehand).
    pub fn stack_with(&self, solved: &[&str]) -> Result<BTreeMap<String, String>> {
        for id in solved {
            self.lesson_or_error(id)?;
        }
        let mut texts = self.broken_stack().clone();
        for lesson in self.lessons.iter().filter(|lesson| solved.contains(&lesson.id.as_str())) {
            apply_all(&lesson.fix, &mut texts).map_err(|error| fix_error(lesson, &error))?;
        }
        Ok(texts)
    }

    /// The stack in which this lesson alone is broken: where its variants and wrong turns start from.
    ///
    /// # Errors
    /// Usage: there is no such lesson, or another's fix does not apply without this one's.
    pub fn stack_without(&self, lesson: &str) -> Result<BTreeMap<String, String>> {
        self.lesson_or_error(lesson)?;
        let others: Vec<&str> = self.lessons.iter().map(|other| other.id.as_str()).filter(|id| *id != lesson).collect();
        self.stack_with(&others)
    }

    /// The lesson with this id.
    ///
    /// # Errors
    /// Usage: there is none; the error names those that there are.
    pub fn lesson_or_error(&self, id: &str) -> Result<&Lesson> {
        self.lesson(id).ok_or_else(|| {
            let known: Vec<&str> = self.lessons.iter().map(|lesson| lesson.id.as_str()).collect();
            Error::usage(format!("there is no lesson {id}")).suggest(format!("one of: {}", known.join(", ")))
        })
    }
}

/// Applies edits in order.
///
/// # Errors
/// Stack: one of them does not apply; those before it are applied.
pub fn apply_all(edits: &[Edit], texts: &mut BTreeMap<String, String>) -> Result<()> {
    edits.iter().try_for_each(|edit| edit.apply(texts))
}

fn fix_error(lesson: &Lesson, cause: &Error) -> Error {
    let mut error = Error::usage(format!("the fix of lesson {} does not apply", lesson.id)).why(&cause.what);
    error.why.extend(cause.why.iter().cloned());
    error
}

/// Whether a file in a stack's directory is part of the stack, and not a leftover of having run it.
pub(super) fn is_part(path: &str) -> bool {
    !path.split('/').any(|part| {
        matches!(part, "__pycache__" | ".git" | ".gitkeep" | ".breakfix" | ".DS_Store") || part.ends_with(".pyc")
    })
}

/// The texts of an embedded stack.
pub(super) fn embedded_texts(dir: &Dir<'_>) -> BTreeMap<String, String> {
    let mut texts = BTreeMap::new();
    collect(dir, dir, &mut texts);
    texts
}

fn collect(root: &Dir<'_>, dir: &Dir<'_>, texts: &mut BTreeMap<String, String>) {
    for entry in dir.entries() {
        match entry {
            DirEntry::Dir(inner) => collect(root, inner, texts),
            DirEntry::File(file) => {
                let path = file.path().strip_prefix(root.path()).unwrap_or(file.path());
                let path = path.to_string_lossy().replace('\\', "/");
                if let (true, Some(text)) = (is_part(&path), file.contents_utf8()) {
                    texts.insert(path, text.to_owned());
                }
            }
        }
    }
}
