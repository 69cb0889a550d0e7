//! The states into which the demo brings the stack, and the menu of ways to break and to mend it. All of it is the course's data.

use std::collections::BTreeMap;

use crate::{
    course::{Course, Making, Staging},
    diagnosis::{Report, Status, Verdict},
    error::Result,
};

/// A state of the stack that the demo declares.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scene {
    /// Its name; two scenes share it exactly if they are the same.
    pub key: String,
    /// The lesson for which the stack is asked.
    pub lesson: String,
    /// What is in.
    pub staging: Staging,
    /// How it is made.
    pub making: Making,
}

impl Scene {
    /// The scene of this state.
    ///
    /// # Errors
    /// Usage: the course does not know what it names.
    pub fn new(course: &Course, lesson: &str, staging: &Staging) -> Result<Self> {
        let making = course.making(staging)?;
        Ok(Self { key: staging.key(course), lesson: lesson.to_owned(), staging: staging.clone(), making })
    }

    /// Whether nothing but golden fixes is in.
    pub fn is_as_it_came(&self) -> bool {
        self.staging.turn.is_none() && self.staging.variant.is_none()
    }

    /// What stands in the files.
    pub fn texts(&self) -> &BTreeMap<String, String> {
        &self.making.files
    }

    /// Whether the stack says what this scene declares: what is fixed holds, the first bug that is left shows, and a
    /// wrong turn is known by its name.
    pub fn is_declared(&self, course: &Course, report: &Report) -> bool {
        let status = |id: &str| report.lessons.iter().find(|lesson| lesson.id == id).map(|lesson| lesson.status);
        if let Some(id) = &self.staging.turn {
            let Some((lesson, turn)) = course.turn(id) else { return false };
            // Where another one explains more, something is left of an earlier state.
            let named = match turn.remark {
                true => report.wrong_turns.iter().any(|turn| turn.id == *id),
                false => named_first(report) == Some(id.as_str()),
            };
            // A wrong turn of a lesson without a bug of its own breaks what it breaks.
            let fails = if lesson.fix.is_empty() {
                report.verdict() == Verdict::Broken
            } else {
                status(&lesson.id) == Some(Status::Fail)
            };
            return named && fails != turn.remark;
        }
        let with_variant = self.staging.variant.as_ref().and_then(|name| name.split('/').next());
        let is_in = |id: &str| self.staging.fixed.iter().any(|fixed| fixed == id) || with_variant == Some(id);
        let mut bugs = course.lessons.iter().filter(|lesson| !lesson.fix.is_empty());
        match bugs.find(|lesson| !is_in(&lesson.id)) {
            None => works(course, report),
            Some(first) => {
                let before = course.lessons.iter().take_while(|lesson| lesson.id != first.id);
                let mut fixed = before.filter(|lesson| !lesson.fix.is_empty());
                status(&first.id) == Some(Status::Fail)
                    && fixed.all(|lesson| status(&lesson.id) == Some(Status::Pass))
                    && named_first(report).is_none()
            }
        }
    }
}

/// The wrong turn that explains most.
fn named_first(report: &Report) -> Option<&str> {
    report.wrong_turns.iter().find(|turn| !turn.remark).map(|turn| turn.id.as_str())
}

/// Whether all lessons hold, whichever was asked for.
pub fn works(course: &Course, report: &Report) -> bool {
    let holds = |id: &str| report.lessons.iter().any(|lesson| lesson.id == id && lesson.status == Status::Pass);
    report.verdict() == Verdict::Works
        && course.lessons.iter().filter(|lesson| !lesson.checks.is_empty()).all(|lesson| holds(&lesson.id))
}

/// What a menu entry does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// Breaks the stack.
    Break,
    /// Mends it.
    Mend,
}

/// One way to break or to mend the stack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// Whether it breaks or mends.
    pub way: Way,
    /// In a few words.
    pub title: String,
    /// The lesson that it belongs to, as on the screen.
    pub about: String,
    /// The state.
    pub scene: Scene,
    /// What the files held before, for the difference that is typed out.
    pub before: BTreeMap<String, String>,
    /// The wrong turn, for what is said of it.
    pub turn: Option<String>,
}

impl Item {
    /// Whether this is meant by what was typed: each word is in its title, its lesson's title or its id.
    pub fn matches(&self, filter: &str) -> bool {
        let Staging { turn, variant, .. } = &self.scene.staging;
        let ids = [turn, variant].map(|id| id.as_deref().unwrap_or(""));
        let text = format!("{} {} {}", self.title, self.about, ids.join(" ")).to_lowercase();
        filter.to_lowercase().split_whitespace().all(|word| text.contains(word))
    }
}

/// Every way to break and to mend that the course knows.
///
/// # Errors
/// Usage: the course's edits do not apply, which `lint` tells beforehand.
pub fn menu(course: &Course) -> Result<Vec<Item>> {
    let mut items = Vec::new();
    let all: Vec<String> = course.lessons.iter().filter(|l| !l.fix.is_empty()).map(|l| l.id.clone()).collect();
    let mended = Staging { fixed: all, ..Staging::default() };
    let works = course.making(&mended)?.files;
    let last = course.lessons.last().map_or("", |lesson| lesson.id.as_str());
    items.push(Item {
        way: Way::Mend,
        title: "Everything, the golden way".to_owned(),
        about: "all lessons".to_owned(),
        scene: Scene::new(course, last, &mended)?,
        before: course.broken_stack().clone(),
        turn: None,
    });
    for lesson in &course.lessons {
        let base = Staging::only_bug(course, &lesson.id);
        let bug = course.making(&base)?.files;
        let item = |way, title: &str, staging: &Staging, turn: Option<&str>| -> Result<Item> {
            let scene = Scene::new(course, &lesson.id, staging)?;
            // What breaks is told from the working shop on; what mends, or comes to a running shop, from the bug on.
            let from_bug = way == Way::Mend || scene.making.before.is_some();
            Ok(Item {
                way,
                title: title.to_owned(),
                about: lesson.title.clone(),
                scene,
                before: if from_bug { bug.clone() } else { works.clone() },
                turn: turn.map(str::to_owned),
            })
        };
        if !lesson.fix.is_empty() {
            items.push(item(Way::Break, &format!("The bug: {}", lesson.title), &base, None)?);
        }
        for turn in lesson.wrong_turns.iter().filter(|turn| turn.not_made.is_none()) {
            let way = if turn.remark { Way::Mend } else { Way::Break };
            let staging = Staging { turn: Some(turn.id.clone()), ..base.clone() };
            items.push(item(way, &turn.title, &staging, Some(&turn.id))?);
        }
        for variant in &lesson.variants {
            let staging = Staging { variant: Some(format!("{}/{}", lesson.id, variant.id)), ..base.clone() };
            items.push(item(Way::Mend, &variant.title, &staging, None)?);
        }
    }
    Ok(items)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_menu_holds_every_variant_and_every_wrong_turn_that_can_be_made() {
        let course = Course::embedded().unwrap();
        let menu = menu(&course).unwrap();
        let count = |way| menu.iter().filter(|item| item.way == way).count();
        let turns =
            || course.lessons.iter().flat_map(|lesson| &lesson.wrong_turns).filter(|turn| turn.not_made.is_none());
        let bugs = course.lessons.iter().filter(|lesson| !lesson.fix.is_empty()).count();
        let variants: usize = course.lessons.iter().map(|lesson| lesson.variants.len()).sum();
        assert_eq!(count(Way::Break), turns().filter(|turn| !turn.remark).count() + bugs);
        assert_eq!(count(Way::Mend), variants + turns().filter(|turn| turn.remark).count() + 1);
        for item in &menu {
            let other_files = &item.before != item.scene.texts();
            assert!(other_files || !item.scene.making.start.is_empty(), "{} changes nothing", item.title);
        }
    }

    #[test]
    fn typing_finds_by_words_of_title_and_lesson() {
        let course = Course::embedded().unwrap();
        let menu = menu(&course).unwrap();
        let found: Vec<&Item> = menu.iter().filter(|item| item.matches("database PORT changed")).collect();
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].turn.as_deref(), Some("db-port-changed"));
    }
}
