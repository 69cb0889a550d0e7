//! The lab's files as the journal knows them: what the lab was made from, and each change that was written down.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use super::{Entry, Event};
use crate::{
    course::Course,
    lab::{FileChange, Snapshot, could_change_the_stack, patch},
};

/// The files after the entries that were taken in.
#[derive(Debug, Clone)]
pub struct KnownTexts<'a> {
    course: &'a Course,
    texts: BTreeMap<String, String>,
    solved: BTreeSet<String>,
}

impl<'a> KnownTexts<'a> {
    /// As the lab is made.
    pub fn new(course: &'a Course) -> Self {
        Self { course, texts: course.broken_stack().clone(), solved: BTreeSet::new() }
    }

    /// After all of these.
    pub fn fold(course: &'a Course, entries: &[Entry]) -> Self {
        let mut known = Self::new(course);
        for entry in entries {
            known.apply(&entry.event);
        }
        known
    }

    /// The texts by path.
    pub fn texts(&self) -> &BTreeMap<String, String> {
        &self.texts
    }

    /// Takes one more event in; gives whether it is one that writes files.
    pub fn apply(&mut self, event: &Event) -> bool {
        match event {
            Event::FileChanged { diff, .. } | Event::Revealed { diff, .. } | Event::Staged { diff, .. } => {
                patch(&mut self.texts, diff);
            }
            Event::Reset { files, .. } => {
                let put_back = |path: &str| {
                    files.iter().any(|file| file == Path::new(path)) || files.is_empty() && could_change_the_stack(path)
                };
                self.texts.retain(|path, _| !put_back(path));
                let start = self.course.broken_stack().iter();
                let start = start.filter(|(path, _)| files.is_empty() || put_back(path));
                self.texts.extend(start.map(|(path, text)| (path.clone(), text.clone())));
            }
            Event::Repeated { lesson, .. } => {
                self.solved.remove(lesson);
                let solved: Vec<&str> = self.solved.iter().map(String::as_str).collect();
                let fix = self.course.lesson(lesson).map_or(&[][..], |lesson| &lesson.fix);
                let stack = self.course.stack_with(&solved).unwrap_or_default();
                let touched = stack.into_iter().filter(|(path, _)| fix.iter().any(|edit| edit.file() == path));
                self.texts.extend(touched);
            }
            Event::LessonSolved { lesson, .. } => {
                self.solved.insert(lesson.clone());
                return false;
            }
            Event::LessonRegressed { lesson } => {
                self.solved.remove(lesson);
                return false;
            }
            _ => return false,
        }
        true
    }

    /// How the files now differ from these. What a journal cannot tell (a change too large to be written down) is left out.
    pub fn changes_to(&self, now: &Snapshot) -> Vec<FileChange> {
        let mut changes = Snapshot { texts: self.texts.clone() }.changes_to(now);
        changes.retain(|change| {
            let path = change.file.to_string_lossy();
            let mut told = self.texts.clone();
            patch(&mut told, &change.diff);
            told.get(&*path) == now.texts.get(&*path)
        });
        changes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab::Lab;

    /// A lab in which everything that writes files has happened, as it would be written down.
    #[test]
    fn the_journal_knows_what_the_files_hold() {
        let course = Course::embedded().unwrap();
        let dir = tempfile::tempdir().unwrap();
        let (lab, _) = Lab::open_or_make(&dir.path().join("lab"), &course).unwrap();
        let mut known = KnownTexts::new(&course);
        let same = |known: &KnownTexts<'_>, after: &str| assert_eq!(known.texts(), &lab.texts(), "after {after}");
        same(&known, "its making");

        let edit = |known: &mut KnownTexts<'_>, file: &str, text: &str| {
            std::fs::write(lab.dir().join(file), text).unwrap();
            for FileChange { file, diff } in known.changes_to(&lab.snapshot()) {
                assert!(known.apply(&Event::FileChanged { file, diff, while_closed: true }));
            }
        };
        edit(&mut known, "src/app.py", "print('mine')\n");
        edit(&mut known, "notes.md", "a note");
        edit(&mut known, "src/more.py", "");
        same(&known, "edits");

        let diff = lab.reveal(&course, "host-port", &[]).unwrap().diff;
        known.apply(&Event::Revealed { lesson: "host-port".into(), diff });
        for lesson in ["host-port", "app-port"] {
            known.apply(&Event::LessonSolved { lesson: lesson.into(), revealed: false });
        }
        same(&known, "a fix");

        let backup = lab.put_bug_back(&course, "app-port", &["host-port", "app-port"]).unwrap();
        known.apply(&Event::Repeated { lesson: "app-port".into(), backup });
        same(&known, "a bug that was put back");

        edit(&mut known, "Dockerfile", "FROM scratch\n");
        let files = vec!["Dockerfile".into()];
        let backup = lab.reset(&course, &files).unwrap();
        known.apply(&Event::Reset { backup, files });
        same(&known, "one file's way back");
        let backup = lab.reset(&course, &[]).unwrap();
        known.apply(&Event::Reset { backup, files: vec![] });
        same(&known, "everybody's way back");
        assert!(known.texts().contains_key("notes.md") && !known.texts().contains_key("src/more.py"));
        assert!(known.changes_to(&lab.snapshot()).is_empty());
    }

    #[test]
    fn what_cannot_be_written_down_is_not_told_at_every_start() {
        let course = Course::embedded().unwrap();
        let known = KnownTexts::new(&course);
        let mut now = Snapshot { texts: known.texts().clone() };
        now.texts.insert("huge.txt".into(), "line\n".repeat(50_000));
        now.texts.insert("small.txt".into(), "line\n".into());
        let files: Vec<_> = known.changes_to(&now).into_iter().map(|change| change.file).collect();
        assert_eq!(files, [Path::new("small.txt")]);
    }
}
