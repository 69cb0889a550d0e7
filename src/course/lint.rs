//! `breakfix lint`: all that can be said about a course without Docker.

use std::collections::{BTreeMap, BTreeSet};

use unicode_width::UnicodeWidthStr;

use super::{
    Condition, CourseFinding, Edit, Lesson, Origin, Rung, Staging, load::parse_origin, pages, stack::apply_all,
    validate, validate::Validator,
};

/// Of more bugs than this, not every combination of fixes is tried.
const MOST_BUGS: usize = 8;

/// All that is wrong or odd with the course from there: what [`validate`] says, edits that do not apply, fixes that do not add
/// up to the fixed stack, missing texts, pages that do not fit.
pub fn lint(origin: &Origin) -> Vec<CourseFinding> {
    let course = match parse_origin(origin) {
        Ok(course) => course,
        Err(findings) => return findings,
    };
    let mut findings = validate(&course);
    let mut linter = Validator::new(&course);
    linter.course_texts();
    linter.fixes();
    for (lesson, file) in course.lessons.iter().zip(&course.lesson_files) {
        linter.file.clone_from(file);
        linter.lesson_texts(lesson);
        linter.pages(lesson);
        linter.spoilers(lesson);
        linter.hints(lesson);
        linter.other_ways(lesson);
        linter.turns_are_made(lesson);
        linter.words_of_turns(lesson);
    }
    linter.talk_mends();
    linter.files_are_somewhere();
    linter.told_apart();
    linter.costume();
    linter.practice_is_used();
    findings.extend(linter.findings);
    findings.sort_by(|a, b| a.place.cmp(&b.place));
    findings
}

impl Validator<'_> {
    fn filled(&mut self, path: &str, text: &str) {
        if text.trim().is_empty() {
            self.error(path, "this text is missing");
        }
    }

    /// What is on before a question may not hold its answer.
    fn spoilers(&mut self, lesson: &Lesson) {
        let Some(asked) = &lesson.prediction else { return };
        let mut before = vec![
            ("title".to_owned(), lesson.title.as_str()),
            ("symptom".to_owned(), &lesson.symptom),
            ("prediction.question".to_owned(), &asked.question),
        ];
        for (index, beat) in lesson.beats.iter().enumerate().take(lesson.pages_before_question()) {
            before.push((format!("beats.{index}.text"), &beat.text));
            if beat.show.as_deref().is_some_and(|shown| asked.is_revealed_by(shown)) {
                let what = "this page comes before the question, and shows beside it what answers it";
                self.error(&format!("beats.{index}.show"), what);
            }
        }
        for (path, words) in before {
            if asked.is_revealed_in(words) {
                self.error(&path, "this stands before the question, and holds what the course says reveals its answer");
            }
        }
    }

    /// A talk comes to each bug's end.
    fn talk_mends(&mut self) {
        let course = self.course;
        let Some(file) = &course.talk_file else { return };
        self.file.clone_from(file);
        let stacks = || course.talk.beats.iter().filter_map(|beat| beat.stack.as_ref());
        for lesson in course.lessons.iter().filter(|lesson| !lesson.fix.is_empty()) {
            let by_variant = |name: &String| name.split('/').next() == Some(lesson.id.as_str());
            let mends =
                |stack: &Staging| stack.fixed.contains(&lesson.id) || stack.variant.as_ref().is_some_and(by_variant);
            if !course.talk.beats.is_empty() && !stacks().any(mends) {
                self.error("beats", format!("the talk never mends the lesson {}", lesson.id));
            }
        }
    }

    /// A condition on a file that neither a stack nor an edit has is never true.
    fn files_are_somewhere(&mut self) {
        let course = self.course;
        let mut known: BTreeSet<&str> =
            course.broken_stack().keys().chain(course.fixed_stack().keys()).map(String::as_str).collect();
        for lesson in &course.lessons {
            let turns = lesson.wrong_turns.iter().flat_map(|turn| &turn.edits);
            let variants = lesson.variants.iter().flat_map(|variant| &variant.edits);
            known.extend(lesson.fix.iter().chain(turns).chain(variants).map(Edit::file));
        }
        for (lesson, file) in course.lessons.iter().zip(&course.lesson_files) {
            self.file.clone_from(file);
            for (index, turn) in lesson.wrong_turns.iter().enumerate() {
                let mut nowhere: Vec<String> = Vec::new();
                turn.when.each_positive(&mut |test| {
                    if let Condition::File(test) = test
                        && !known.contains(test.path.as_str())
                        && turn.not_made.is_none()
                    {
                        nowhere.push(test.path.clone());
                    }
                });
                // Of several that would do, one that is there is enough.
                let some_are_there = turn.when.tests() > nowhere.len() + 1;
                for path in nowhere.iter().filter(|_| !some_are_there) {
                    self.error(
                        &format!("wrong_turns.{index}.when"),
                        format!("no stack and no edit has the file {path}"),
                    );
                }
            }
        }
    }

    fn course_texts(&mut self) {
        let course = self.course;
        for (path, text) in [("id", &course.id), ("title", &course.title), ("welcome", &course.welcome)] {
            self.filled(path, text);
        }
        for (index, hop) in course.hops.iter().enumerate() {
            self.filled(&format!("hops.{index}.needs"), &hop.needs);
        }
        for (index, takeaway) in course.takeaways.iter().enumerate() {
            self.filled(&format!("takeaways.{index}"), takeaway);
        }
    }

    fn lesson_texts(&mut self, lesson: &Lesson) {
        for (path, text) in [
            ("id", &lesson.id),
            ("title", &lesson.title),
            ("symptom", &lesson.symptom),
            ("debrief", &lesson.debrief),
            ("golden", &lesson.golden),
        ] {
            self.filled(path, text);
        }
        if let Some(reflection) = &lesson.reflection {
            self.filled("reflection", reflection);
        }
        for (index, beat) in lesson.beats.iter().enumerate() {
            self.filled(&format!("beats.{index}.text"), &beat.text);
        }
        if let Some(prediction) = &lesson.prediction {
            self.filled("prediction.question", &prediction.question);
            for (index, choice) in prediction.choices.iter().enumerate() {
                self.filled(&format!("prediction.choices.{index}.text"), &choice.text);
                self.filled(&format!("prediction.choices.{index}.because"), &choice.because);
            }
        }
        for (index, check) in lesson.checks.iter().enumerate() {
            self.filled(&format!("checks.{index}.label"), &check.label);
            self.filled(&format!("checks.{index}.fail"), &check.fail);
        }
        for (index, hint) in lesson.hints.iter().enumerate() {
            self.filled(&format!("hints.{index}.text"), &hint.text);
        }
        for (index, variant) in lesson.variants.iter().enumerate() {
            self.filled(&format!("variants.{index}.title"), &variant.title);
        }
        for (index, turn) in lesson.wrong_turns.iter().enumerate() {
            for (key, text) in [
                ("title", &turn.title),
                ("belief", &turn.belief),
                ("question", &turn.question),
                ("explain", &turn.explain),
            ] {
                self.filled(&format!("wrong_turns.{index}.{key}"), text);
            }
        }
    }

    /// A hint that holds the fix itself is the last one.
    fn hints(&mut self, lesson: &Lesson) {
        for (index, hint) in lesson.hints.iter().enumerate().filter(|(_, hint)| hint.rung != Rung::Show) {
            let gives_away = lesson.fix.iter().any(|edit| match edit {
                Edit::Replace { with: text, .. } | Edit::Append { append: text, .. } => {
                    text.trim().len() >= 4 && hint.text.contains(text.trim())
                }
                Edit::Write { .. } | Edit::Delete { .. } => false,
            });
            if gives_away {
                self.warn(&format!("hints.{index}.text"), "this hint holds the fix, which only the last rung may");
            }
        }
    }

    fn pages(&mut self, lesson: &Lesson) {
        let most = pages::lines_beside_map(self.course);
        for (index, beat) in lesson.beats.iter().enumerate() {
            let lines = pages::lines(&beat.text, pages::COLUMNS);
            if lines > most {
                let message = format!(
                    "this page takes {lines} lines of {} columns, and a terminal of 80x24 shows {most}",
                    pages::COLUMNS
                );
                self.warn(&format!("beats.{index}.text"), message);
            }
        }
        let beats = lesson.beats.iter().enumerate().map(|(i, beat)| (format!("beats.{i}.text"), &beat.text));
        let hints = lesson.hints.iter().enumerate().map(|(i, hint)| (format!("hints.{i}.text"), &hint.text));
        let turns =
            lesson.wrong_turns.iter().enumerate().map(|(i, turn)| (format!("wrong_turns.{i}.explain"), &turn.explain));
        for (path, text) in beats.chain(hints).chain(turns).chain([("debrief".to_owned(), &lesson.debrief)]) {
            for line in pages::wide_code(text) {
                let most = pages::CODE_COLUMNS;
                let message =
                    format!("this line of code is {} columns wide, and the lesson's pane has {most}", line.width());
                self.warn_at_line(&path, line, message);
            }
        }
    }

    /// The fixes apply in the course's order, and add up to the fixed stack.
    fn fixes(&mut self) {
        let course = self.course;
        let mut texts = course.broken_stack().clone();
        if texts.is_empty() {
            return self.error("stack.broken", format!("the stack {} has no files", course.stack.broken));
        }
        let mut all_apply = true;
        for (lesson, file) in course.lessons.iter().zip(&course.lesson_files) {
            self.file.clone_from(file);
            all_apply &= self.edits_apply("fix", &lesson.fix, &mut texts);
        }
        self.file = "course.toml".to_owned();
        if !all_apply {
            return;
        }
        self.any_order();
        for path in different(&texts, course.fixed_stack()) {
            self.error("stack.fixed", format!("broken plus all fixes is not the fixed stack: {path} differs"));
        }
    }

    /// A learner fixes in any order, so the fixes of any lessons have to apply without those of the others.
    fn any_order(&mut self) {
        let course = self.course;
        let ids: Vec<&str> =
            course.lessons.iter().filter(|lesson| !lesson.fix.is_empty()).map(|lesson| lesson.id.as_str()).collect();
        for some in 0..1_usize << ids.len().min(MOST_BUGS) {
            let chosen: Vec<&str> =
                ids.iter().enumerate().filter(|(bit, _)| some >> bit & 1 == 1).map(|(_, id)| *id).collect();
            if let Err(error) = course.stack_with(&chosen) {
                let message = format!("the fixes of {} do not apply without the others", chosen.join(" and "));
                return self.error("lessons", format!("{message}: {}", error.why.join("; ")));
            }
        }
    }

    fn edits_apply(&mut self, path: &str, edits: &[Edit], texts: &mut BTreeMap<String, String>) -> bool {
        for (index, edit) in edits.iter().enumerate() {
            if let Err(error) = edit.apply(texts) {
                self.error(&format!("{path}.{index}"), error.told("; "));
                return false;
            }
        }
        true
    }

    /// Variants and wrong turns start from this lesson's bug alone.
    fn other_ways(&mut self, lesson: &Lesson) {
        // Where the other fixes do not apply without this one, that has been said.
        let Ok(start) = self.course.stack_without(&lesson.id) else { return };
        if !lesson.fix.is_empty() {
            let mut texts = start.clone();
            // Where it does not apply at all, the course's order has said so already.
            if apply_all(&lesson.fix, &mut texts).is_ok() && texts == start {
                self.error("fix", "the fix changes nothing");
            }
        }
        for (index, variant) in lesson.variants.iter().enumerate() {
            let mut texts = start.clone();
            if self.edits_apply(&format!("variants.{index}.edits"), &variant.edits, &mut texts) && texts == start {
                self.error(&format!("variants.{index}"), "this variant changes nothing");
            }
        }
        for (index, turn) in lesson.wrong_turns.iter().enumerate() {
            let made = !(turn.edits.is_empty() && turn.start.is_empty() && turn.moved.is_empty());
            match &turn.not_made {
                None if !made => {
                    let message = "nothing says how this wrong turn is made: add edits, start or moved, or in not_made why it is not";
                    self.error(&format!("wrong_turns.{index}"), message);
                }
                Some(_) if made => {
                    self.error(&format!("wrong_turns.{index}.not_made"), "it says how it is made, and why it is not");
                }
                Some(why) => self.filled(&format!("wrong_turns.{index}.not_made"), why),
                None => {}
            }
            self.edits_apply(&format!("wrong_turns.{index}.edits"), &turn.edits, &mut start.clone());
        }
    }
}

fn different(one: &BTreeMap<String, String>, other: &BTreeMap<String, String>) -> Vec<String> {
    let mut paths: Vec<&String> =
        one.keys().chain(other.keys()).filter(|path| one.get(*path) != other.get(*path)).collect();
    paths.sort();
    paths.dedup();
    paths.into_iter().cloned().collect()
}
