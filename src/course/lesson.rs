//! What `course.toml` and the lesson files say, as types.

use serde::{Deserialize, Serialize};

use super::{Condition, Edit, Talk, finding::Sources, stack::StackFiles};

/// A whole course.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Course {
    /// Version of the file format, 1.
    pub format: u32,
    /// Short name, e.g. `systems-puzzle`; also the default name of the lab's directory.
    pub id: String,
    /// Title on the screen, e.g. `the systems puzzle`.
    pub title: String,
    /// What the first screen says, two or three short lines.
    pub welcome: String,
    /// The method in five words, in order.
    pub method: Vec<String>,
    /// The two stacks and how they are started.
    pub stack: Stacks,
    /// Which service plays which part in our own stacks.
    pub roles: Roles,
    /// The links of the chain, from the browser to the database.
    pub hops: Vec<Hop>,
    /// What the course would like to be taken home, as questions; they close the hindsight report.
    #[serde(default)]
    pub takeaways: Vec<String>,
    /// File names of the lessons, in order.
    #[serde(rename = "lessons")]
    pub lesson_files: Vec<String>,
    /// The lessons themselves, loaded from `lesson_files`.
    #[serde(skip)]
    pub lessons: Vec<Lesson>,
    /// File name of the talk, if the course has one of its own.
    #[serde(rename = "talk")]
    pub talk_file: Option<String>,
    /// The talk itself, loaded from `talk_file`.
    #[serde(skip)]
    pub talk: Talk,
    /// Where it was read from, for telling places.
    #[serde(skip)]
    pub(super) sources: Sources,
    /// The files of its two stacks.
    #[serde(skip)]
    pub(super) stack_files: StackFiles,
}

/// The stacks that a course starts from and arrives at.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Stacks {
    /// Directory of the broken stack.
    pub broken: String,
    /// Directory of the stack with every lesson's fix applied.
    pub fixed: String,
    /// Where the story says the site is, e.g. `http://localhost:8080/`.
    pub url: String,
    /// How the database gets its tables.
    pub bootstrap: Bootstrap,
}

/// The one-off command that prepares the database.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Bootstrap {
    /// Service whose image runs the command.
    pub service: String,
    /// The command and its arguments.
    pub command: Vec<String>,
    /// A relation that exists once the command has worked.
    pub table: String,
}

/// Which service plays which part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Roles {
    /// The web server in front (nginx).
    pub proxy: String,
    /// The application server (flaskapp).
    pub app: String,
    /// The database (db).
    pub database: String,
}

/// One link of the chain.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Hop {
    /// `browser-nginx`, `nginx-flaskapp` or `flaskapp-db`.
    pub id: String,
    /// Where the question starts, as named on the map.
    pub from: String,
    /// Where it arrives, as named on the map.
    pub to: String,
    /// One sentence: what this link needs at both ends.
    pub needs: String,
}

/// One lesson.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Lesson {
    /// `the-system`, `host-port`, …
    pub id: String,
    /// Title on the screen, e.g. `Nobody answers on 8080`.
    pub title: String,
    /// One line: what the user of the shop sees.
    pub symptom: String,
    /// The symptom as a condition: what the questions see while the bug is there.
    pub seen: Option<Condition>,
    /// The story, page by page.
    #[serde(default)]
    pub beats: Vec<Beat>,
    /// The question before the look.
    pub prediction: Option<Prediction>,
    /// What must hold for this lesson to be solved.
    #[serde(default)]
    pub checks: Vec<Check>,
    /// Where → what → how → show.
    #[serde(default)]
    pub hints: Vec<Hint>,
    /// What is said when it is solved.
    pub debrief: String,
    /// This lesson's part of the golden narrative, as Markdown.
    pub golden: String,
    /// The question whose answer goes into the hindsight report.
    pub reflection: Option<String>,
    /// The edits that turn this lesson's bug into the golden fix.
    #[serde(default)]
    pub fix: Vec<Edit>,
    /// Other right fixes.
    #[serde(default)]
    pub variants: Vec<Variant>,
    /// Mistakes with a name.
    #[serde(default)]
    pub wrong_turns: Vec<WrongTurn>,
}

/// One page of a lesson's story.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Beat {
    /// One of the method's words (`look`, `locate`, …) or empty.
    #[serde(default)]
    pub step: String,
    /// The words, in Markdown's plainest form: paragraphs, `code`, **strong**, lists.
    pub text: String,
    /// What the right pane shows beside it: an evidence id (`page`), `file:PATH`, `file:PATH#TEXT` (at the first line that
    /// holds this text), `logs:SERVICE`, or nothing.
    pub show: Option<String>,
}

/// What a page of the story shows beside it, taken apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shown<'a> {
    /// A file of the lab.
    File {
        /// Its path, or the end of it.
        path: &'a str,
        /// What stands on the line that matters.
        at: Option<&'a str>,
    },
    /// A service's log.
    Logs(&'a str),
    /// The evidence with this id.
    Evidence(&'a str),
}

impl Beat {
    /// What it shows beside it, if anything.
    pub fn shown(&self) -> Option<Shown<'_>> {
        let show = self.show.as_deref()?;
        Some(match show.split_once(':') {
            Some(("file", file)) => match file.split_once('#') {
                Some((path, at)) => Shown::File { path, at: Some(at) },
                None => Shown::File { path: file, at: None },
            },
            Some(("logs", service)) => Shown::Logs(service),
            _ => Shown::Evidence(show),
        })
    }
}

/// A question to answer before looking.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Prediction {
    /// The question.
    pub question: String,
    /// The word of the method before whose first page it is asked; without one, before the first `locate`. A word that no
    /// page has puts it after the last page.
    pub before: Option<String>,
    /// Two to five answers; exactly one is right.
    pub choices: Vec<Choice>,
}

/// One possible answer.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Choice {
    /// The answer in a few words.
    pub text: String,
    /// Whether it is the right one.
    #[serde(default)]
    pub right: bool,
    /// Why it is right, or why it is tempting.
    pub because: String,
}

/// One thing that must hold.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Check {
    /// e.g. `site-answers`.
    pub id: String,
    /// In words, as a fact: `somebody answers on 8080`.
    pub label: String,
    /// The evidence that is shown with it, e.g. `browser-nginx`, `page`, `submit`, `rows`.
    pub evidence: String,
    /// Hop ids and check ids that must pass before this can be asked.
    #[serde(default)]
    pub needs: Vec<String>,
    /// What must be true of the evidence.
    pub pass: Condition,
    /// In words, when it does not hold: what that means.
    pub fail: String,
}

/// One rung of the ladder.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Hint {
    /// Which rung.
    pub rung: Rung,
    /// The words.
    pub text: String,
}

/// How much a hint gives away. The command itself comes with the last rung only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Rung {
    /// Where to look.
    Where,
    /// What to look for.
    What,
    /// How it can be put right.
    How,
    /// The edit itself.
    Show,
}

/// Another right fix.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Variant {
    /// Unique within the lesson.
    pub id: String,
    /// In a few words.
    pub title: String,
    /// From this lesson's bug (earlier and later lessons fixed) to the fix.
    pub edits: Vec<Edit>,
}

/// A mistake with a name: how it is made, how it is recognised, and the belief behind it.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct WrongTurn {
    /// Unique within the course.
    pub id: String,
    /// In a few words.
    pub title: String,
    /// The belief behind it, as one sentence.
    pub belief: String,
    /// One question to think about.
    pub question: String,
    /// The explanation, shown on a further key.
    pub explain: String,
    /// How it is made, from this lesson's bug (the other lessons fixed).
    #[serde(default)]
    pub edits: Vec<Edit>,
    /// The edits are saved beside a running stack and not made live: the wrong turn is just that.
    #[serde(default)]
    pub saved_only: bool,
    /// The edits come to a stack that runs already, and `up` makes live what they change: the volume and all else stay.
    #[serde(default)]
    pub while_running: bool,
    /// Only these services are started.
    #[serde(default)]
    pub start: Vec<String>,
    /// It is met right after the start, before anything has come to rest.
    #[serde(default)]
    pub at_once: bool,
    /// These services' containers are made anew at another address, while the others run on.
    #[serde(default)]
    pub moved: Vec<String>,
    /// Why `selftest` does not make it: what it needs lies outside of what a course can say.
    pub not_made: Option<String>,
    /// How it is recognised.
    pub when: Condition,
    /// It works, but is worth a word: never fails a lesson.
    #[serde(default)]
    pub remark: bool,
    /// Higher explains more: the highest of several that match is named first.
    #[serde(default)]
    pub weight: i32,
}

impl Course {
    /// The port at which the story says the site is.
    pub fn front_port(&self) -> u16 {
        let authority = self.stack.url.split('/').nth(2).unwrap_or_default();
        authority.rsplit_once(':').and_then(|(_, port)| port.parse().ok()).unwrap_or(80)
    }

    /// The lesson with this id.
    pub fn lesson(&self, id: &str) -> Option<&Lesson> {
        self.lessons.iter().find(|lesson| lesson.id == id)
    }

    /// Position of the lesson with this id.
    pub fn position(&self, id: &str) -> Option<usize> {
        self.lessons.iter().position(|lesson| lesson.id == id)
    }
}
