//! What `course.toml` and the lesson files say, as types.

use serde::{Deserialize, Serialize};

use super::{
    Condition, Edit, Talk,
    finding::Sources,
    origin::Origin,
    own_fact::OwnFact,
    practice::Practice,
    probe::{OtherService, Probe},
    stack::StackFiles,
    turn::{Variant, WrongTurn},
    vocabulary::{EVIDENCE, HOPS},
};

/// A whole course.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Course {
    /// Version of the file format: 1, or 2 where the course has services or probes of its own.
    pub format: u32,
    /// Short name, e.g. `systems-puzzle`; also the default name of the lab's directory.
    pub id: String,
    /// Title on the screen, e.g. `the systems puzzle`.
    pub title: String,
    /// What the first screen says, two or three short lines.
    pub welcome: String,
    /// How many minutes a learner takes, about.
    pub minutes: Option<u32>,
    /// The method in five words, in order.
    pub method: Vec<String>,
    /// The two stacks and how they are started.
    pub stack: Stacks,
    /// Which service plays which part in our own stacks.
    pub roles: Roles,
    /// More services, from format 2 on.
    #[serde(default)]
    pub services: Vec<OtherService>,
    /// Questions of the course's own, from format 2 on.
    #[serde(default)]
    pub probes: Vec<Probe>,
    /// Facts of the course's own, read from the stack's files, from format 2 on.
    #[serde(default)]
    pub facts: Vec<OwnFact>,
    /// The links of the chain, in order.
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
    /// What practice draws from, loaded from the `practice` folder.
    #[serde(skip)]
    pub practice: Practice,
    /// Where it comes from.
    #[serde(skip)]
    pub origin: Origin,
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
    /// How the database gets its tables, where that is asked for by hand; the sale is looked for in the table that it makes.
    /// Without it nothing is sold, and the course's own probes are all that is asked behind the front door.
    pub bootstrap: Option<Bootstrap>,
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

impl Roles {
    /// What this course calls a fact that the program reads: `proxy.listen` is `nginx.listen` where the proxy is called nginx,
    /// `live.app.port` is `live.flaskapp.port`.
    pub fn fact(&self, name: &str) -> String {
        let (live, rest) = name.strip_prefix("live.").map_or(("", name), |rest| ("live.", rest));
        let (part, what) = rest.split_once('.').unwrap_or((rest, ""));
        let role = match part {
            "proxy" => &self.proxy,
            "app" => &self.app,
            "database" => &self.database,
            other => other,
        };
        format!("{live}{role}.{what}")
    }
}

/// One link of the chain.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Hop {
    /// `browser-nginx`, `nginx-flaskapp` or `flaskapp-db`; any other, where it names a probe.
    pub id: String,
    /// Where the question starts, as named on the map.
    pub from: String,
    /// Where it arrives, as named on the map.
    pub to: String,
    /// One sentence: what this link needs at both ends.
    pub needs: String,
    /// The id of the probe that says whether the link works, from format 2 on.
    pub probe: Option<String>,
}

/// One lesson.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
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
    /// What gives the answer away: ids of evidence, and words. None of it is shown before the question is answered or
    /// skipped.
    #[serde(default)]
    pub reveals: Vec<String>,
}

impl Prediction {
    /// The word before whose first page a question is asked that names none.
    const BEFORE: &str = "locate";

    /// Whether the answer to this question to the stack would answer it.
    pub fn is_revealed_by(&self, evidence: &str) -> bool {
        self.reveals.iter().any(|reveals| reveals == evidence)
    }

    /// Whether these words would answer it; large and small letters are one.
    pub fn is_revealed_in(&self, words: &str) -> bool {
        let words = words.to_lowercase();
        let is_id = |reveals: &str| HOPS.contains(&reveals) || EVIDENCE.contains(&reveals);
        self.reveals.iter().any(|reveals| !is_id(reveals) && words.contains(&reveals.to_lowercase()))
    }
}

impl Lesson {
    /// How many pages of the story come before its question.
    pub fn pages_before_question(&self) -> usize {
        let step = self.prediction.as_ref().and_then(|asked| asked.before.as_deref()).unwrap_or(Prediction::BEFORE);
        self.beats.iter().position(|beat| beat.step == step).unwrap_or(self.beats.len())
    }
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

impl Course {
    /// Whether the program holds it. What any other course asks for is asked for by a stranger.
    pub fn is_ours(&self) -> bool {
        matches!(self.origin, Origin::BuiltIn(_))
    }

    /// Whether this service of our own stacks has done what it is for when it ends so.
    pub fn may_end(&self, service: &str, exit_code: Option<i64>) -> bool {
        exit_code == Some(0) && self.services.iter().any(|one| one.ends && one.role == service)
    }

    /// Whether the names of facts begin so.
    pub fn begins_a_fact(&self, word: &str) -> bool {
        let Roles { proxy, app, database } = &self.roles;
        ["front", "live", "stale", proxy, app, database].contains(&word)
            || self.facts.iter().any(|own| own.name.split('.').next() == Some(word))
    }

    /// The port at which the story says the site is.
    pub fn front_port(&self) -> u16 {
        let authority = self.stack.url.split('/').nth(2).unwrap_or_default();
        authority.rsplit_once(':').and_then(|(_, port)| port.parse().ok()).unwrap_or(80)
    }

    /// The probe that says whether this link works, where the course has one of its own for it.
    pub fn probe_of(&self, hop: &str) -> Option<&Probe> {
        let named = self.hops.iter().find(|one| one.id == hop)?.probe.as_ref()?;
        self.probes.iter().find(|probe| probe.id == *named)
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
