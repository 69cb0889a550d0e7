//! A costume: other words in the same files, so that an incident looks like none before it.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{Bootstrap, Condition, Course, Making, Practice};

type Texts = BTreeMap<String, String>;

/// Keys of a condition that hold words of the stack's files; all others hold words of the program's.
const FROM_FILES: [&str; 10] =
    ["matches", "is", "is_not", "path", "file", "visible", "text", "body", "header", "row_holds"];

/// Which word stands in whose place.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Costume {
    words: Vec<Word>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Word {
    from: String,
    to: String,
    keep: Vec<String>,
    in_sentences: bool,
}

impl Costume {
    /// Chooses for each word of a course what stands in its place: `pick` gives a number below that of the choices, for the word.
    pub fn choose(practice: &Practice, mut pick: impl FnMut(&str, usize) -> usize) -> Self {
        let words = practice.costume.iter().map(|word| {
            // The word as it is, is a choice, too.
            let at = pick(&word.word, word.takes.len() + 1);
            let to = word.takes.get(at).unwrap_or(&word.word).clone();
            Word { from: word.word.clone(), to, keep: word.keep.clone(), in_sentences: word.in_sentences }
        });
        let mut words: Vec<Word> = words.filter(|word| word.from != word.to).collect();
        words.sort_by_key(|word| std::cmp::Reverse(word.from.len()));
        Self { words }
    }

    /// The costume that takes this one off.
    #[must_use]
    pub(super) fn back(&self) -> Self {
        let back =
            |word: &Word| Word { from: word.to.clone(), to: word.from.clone(), keep: vec![], in_sentences: true };
        let mut words: Vec<Word> = self.words.iter().map(back).collect();
        words.sort_by_key(|word| std::cmp::Reverse(word.from.len()));
        Self { words }
    }

    /// A text of the stack's files.
    pub fn text(&self, text: &str) -> String {
        replaced(text, &self.words.iter().collect::<Vec<_>>())
    }

    /// A sentence about the stack: only the names that are its own change.
    pub fn sentence(&self, text: &str) -> String {
        replaced(text, &self.words.iter().filter(|word| word.in_sentences).collect::<Vec<_>>())
    }

    /// The stack's files, paths and contents.
    pub fn files(&self, files: &Texts) -> Texts {
        files.iter().map(|(path, text)| (self.text(path), self.text(text))).collect()
    }

    /// How a state of the stack is made.
    pub fn making(&self, making: &Making) -> Making {
        Making {
            before: making.before.as_ref().map(|files| self.files(files)),
            files: self.files(&making.files),
            live: making.live,
            start: making.start.iter().map(|service| self.text(service)).collect(),
            at_once: making.at_once,
            moved: making.moved.iter().map(|service| self.text(service)).collect(),
        }
    }

    /// A condition over the stack's files, logs and answers.
    pub fn condition(&self, condition: &Condition) -> Condition {
        let Ok(mut value) = serde_json::to_value(condition) else { return condition.clone() };
        self.value(&mut value, false);
        serde_json::from_value(value).unwrap_or_else(|_| condition.clone())
    }

    fn value(&self, value: &mut Value, from_files: bool) {
        match value {
            Value::String(text) if from_files => *text = self.text(text),
            Value::Array(several) => several.iter_mut().for_each(|one| self.value(one, from_files)),
            Value::Object(table) => {
                // A condition on a file is a table by the name of a key that elsewhere holds a pattern.
                for (key, inner) in table.iter_mut() {
                    let from_files = FROM_FILES.contains(&key.as_str()) && !inner.is_object();
                    self.value(inner, from_files);
                }
            }
            _ => {}
        }
    }

    /// The course with its stacks, its questions and its conditions in this costume. What its stories say stays.
    pub fn course(&self, course: &Course) -> Course {
        let mut dressed = course.over(self.files(course.broken_stack()), self.files(course.fixed_stack()));
        dressed.stack.url = self.text(&course.stack.url);
        dressed.stack.bootstrap = course.stack.bootstrap.as_ref().map(|bootstrap| Bootstrap {
            service: self.text(&bootstrap.service),
            command: bootstrap.command.iter().map(|word| self.text(word)).collect(),
            table: self.text(&bootstrap.table),
        });
        for probe in &mut dressed.probes {
            probe.command = probe.command.iter().map(|word| self.text(word)).collect();
            probe.path = probe.path.as_ref().map(|path| self.text(path));
            probe.shows = probe.shows.as_ref().map(|shows| self.text(shows));
        }
        for service in &mut dressed.services {
            service.command = service.command.as_ref().map(|command| self.text(command));
        }
        for hop in &mut dressed.hops {
            hop.needs = self.sentence(&hop.needs);
        }
        for lesson in &mut dressed.lessons {
            lesson.seen = lesson.seen.as_ref().map(|seen| self.condition(seen));
            for check in &mut lesson.checks {
                check.pass = self.condition(&check.pass);
                check.label = self.sentence(&check.label);
                check.fail = self.sentence(&check.fail);
            }
            for turn in &mut lesson.wrong_turns {
                turn.when = self.condition(&turn.when);
                for text in [&mut turn.title, &mut turn.belief, &mut turn.question, &mut turn.explain] {
                    *text = self.sentence(text);
                }
                for place in turn.place.iter_mut().flatten() {
                    place.file = place.file.as_ref().map(|file| self.text(file));
                    place.matches = place.matches.as_ref().map(|pattern| self.text(pattern));
                }
            }
        }
        dressed
    }
}

/// Replaces all words at once, where they stand whole and in no text that keeps them.
fn replaced(text: &str, words: &[&Word]) -> String {
    let mut out = String::with_capacity(text.len());
    let mut before = None;
    let mut at = 0;
    while let Some(char) = text[at..].chars().next() {
        let whole = |word: &&&Word| {
            text[at..].strip_prefix(word.from.as_str()).is_some_and(|rest| !rest.starts_with(is_word))
                && !word.keep.iter().any(|keep| covers(text, at, keep, &word.from))
        };
        let found = if before.is_some_and(is_word) { None } else { words.iter().find(whole) };
        if let Some(word) = found {
            out.push_str(&word.to);
            at += word.from.len();
            before = word.from.chars().next_back();
        } else {
            out.push(char);
            at += char.len_utf8();
            before = Some(char);
        }
    }
    out
}

/// Whether the word at this place is a part of that text.
fn covers(text: &str, at: usize, keep: &str, word: &str) -> bool {
    keep.match_indices(word).any(|(offset, _)| {
        at.checked_sub(offset).and_then(|start| text.get(start..)).is_some_and(|rest| rest.starts_with(keep))
    })
}

/// Whether this is a part of a word.
pub(super) fn is_word(char: char) -> bool {
    char.is_alphanumeric() || char == '_'
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::course::CostumeWord;

    fn word(word: &str, to: &str, keep: &[&str]) -> CostumeWord {
        CostumeWord {
            word: word.into(),
            takes: vec![to.into()],
            keep: keep.iter().map(|keep| (*keep).to_owned()).collect(),
            in_sentences: word == "db",
        }
    }

    fn costume() -> Costume {
        let words =
            [word("db", "store", &[]), word("nginx", "gate", &["nginx:1", "/etc/nginx"]), word("80", "8000", &[])];
        Costume::choose(&Practice { costume: words.into(), ..Practice::default() }, |_, _| 0)
    }

    #[test]
    fn whole_words_change_and_what_keeps_them_does_not() {
        let text = "nginx: image: nginx:1.28 /etc/nginx/conf.d; db_session db 80 8080:80\n- nginx";
        let dressed = costume().text(text);
        assert_eq!(dressed, "gate: image: nginx:1.28 /etc/nginx/conf.d; db_session store 8000 8080:8000\n- gate");
        assert_eq!(costume().back().text(&dressed), text);
        assert_eq!(costume().sentence("nginx asks db on 80"), "nginx asks store on 80");
    }

    #[test]
    fn a_condition_changes_where_it_speaks_of_files_and_nowhere_else() {
        let toml = "c = { all = [{ log = { service = 'db', matches = 'host \"db\"' } }, { file = { path = 'db/80.sql', matches = '80' } }] }";
        let read = |text: &str| toml::from_str::<BTreeMap<String, Condition>>(text).unwrap().remove("c").unwrap();
        let wanted = "c = { all = [{ log = { service = 'db', matches = 'host \"store\"' } }, { file = { path = 'store/8000.sql', matches = '8000' } }] }";
        assert_eq!(costume().condition(&read(toml)), read(wanted));
    }

    #[test]
    fn all_of_a_course_wears_it() {
        let course = Course::embedded().unwrap();
        let words = [word("flaskapp", "boutique", &[]), word("8080", "9191", &[])];
        let costume = Costume::choose(&Practice { costume: words.into(), ..Practice::default() }, |_, _| 0);
        let dressed = costume.course(&course);
        assert_eq!(dressed.front_port(), 9191);
        assert!(dressed.fixed_stack()["conf.d/boutique.conf"].contains("http://boutique:80;"));
        assert_eq!(costume.back().files(dressed.fixed_stack()), *course.fixed_stack());
        assert_eq!(dressed.roles, course.roles, "the parts are called in conditions as they always are");
    }
}
