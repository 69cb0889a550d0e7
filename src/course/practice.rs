//! What practice draws from, as `practice/*.toml` beside the lessons says it: faults without a story, what people say of them, and
//! the words that change from one incident to the next.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{
    Condition, Edit,
    turn::{Variant, WrongTurn},
};

/// Where these files lie, in the course's directory.
pub(super) const FOLDER: &str = "practice/";

/// The eight classes of cause.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Class {
    /// Something is called by a name that means nothing there, or something else.
    Name,
    /// Two ends do not agree on a number.
    Port,
    /// It listens, or is called, at an address that the other side does not share.
    Address,
    /// Something is done before what it needs is there.
    Order,
    /// A value comes from another place than the one that was edited, or is read differently.
    Value,
    /// Something runs as, or is taken for, something else: a user, a kind of file, a type.
    Identity,
    /// What runs is older than what was saved.
    Staleness,
    /// Something lives longer, or shorter, than was thought: a volume, a mount, a process.
    Lifetime,
}

impl Class {
    /// All of them, in the order in which they are asked for.
    pub const ALL: [Self; 8] = [
        Self::Name,
        Self::Port,
        Self::Address,
        Self::Order,
        Self::Value,
        Self::Identity,
        Self::Staleness,
        Self::Lifetime,
    ];

    /// Its word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Port => "port",
            Self::Address => "address",
            Self::Order => "order",
            Self::Value => "value",
            Self::Identity => "identity",
            Self::Staleness => "staleness",
            Self::Lifetime => "lifetime",
        }
    }
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// All that practice has to draw from; of a course without such files, nothing.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct Practice {
    /// The words that change with the seed.
    pub costume: Vec<CostumeWord>,
    /// Names in the compose file that stay, and why.
    pub kept: Vec<KeptName>,
    /// What is wrong in the eyes of who reports it.
    pub symptoms: Vec<Symptom>,
    /// Since when it may be so, as somebody says it.
    pub since: Vec<String>,
    /// Changes that are told beside the true one, and have nothing to do with it.
    pub red_herrings: Vec<String>,
    /// What can be broken.
    pub faults: Vec<Fault>,
    /// For each class, what it is called in the question.
    pub classes: Vec<ClassWords>,
}

/// A class in words.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ClassWords {
    /// The class.
    pub class: Class,
    /// What it means, in one short line.
    pub means: String,
}

/// A word of the stack's files, and what may stand in its place.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct CostumeWord {
    /// The word, in contents and in paths. It is replaced where it stands as a whole word.
    pub word: String,
    /// What may stand in its place; the word itself is one more.
    pub takes: Vec<String>,
    /// Text around the word in which it stays.
    #[serde(default)]
    pub keep: Vec<String>,
    /// The word is a name of the stack's own, also in sentences about it.
    #[serde(default)]
    pub in_sentences: bool,
}

/// A name in the compose file that no costume changes.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct KeptName {
    /// The name.
    pub word: String,
    /// Why it stays.
    pub because: String,
}

/// What is wrong in the eyes of who reports it: three voices, none of which knows more than such a person can.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Symptom {
    /// What faults call it.
    pub id: String,
    /// What the questions see where it is so.
    pub when: Condition,
    /// What a customer says.
    pub customer: String,
    /// What a colleague says.
    pub colleague: String,
    /// What the monitoring says.
    pub monitoring: String,
}

/// Something that can be broken, without a story: a lesson's bug, a lesson's wrong turn, or one of its own.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// The lesson whose bug it is.
    pub bug: Option<String>,
    /// The lesson's wrong turn that it is.
    pub turn: Option<String>,
    /// One of its own, made from the fixed stack and recognised by its `when`.
    pub own: Option<WrongTurn>,
    /// Its class of cause.
    pub class: Class,
    /// How hard it is: 1 to 3.
    pub level: u8,
    /// The link at which the cause lies. Without it, it lies in the app itself.
    pub link: Option<String>,
    /// What the one who reports it sees: the id of a symptom.
    pub symptom: String,
    /// What was changed last, as somebody would mention it.
    pub changed: String,
    /// The cause, in one line.
    pub cause: String,
    /// The belief behind it, as one sentence. A wrong turn has its own.
    pub belief: Option<String>,
    /// What tells it first, in one line.
    pub tell: String,
    /// The shortest way to it, in one line.
    pub way: String,
    /// Where the same is met in real projects, in one line.
    pub met: String,
    /// Right fixes, made from the broken stack, beside taking the fault back.
    #[serde(default)]
    pub fixes: Vec<Variant>,
    /// Fixes that suggest themselves, and leave it broken.
    #[serde(default)]
    pub slips: Vec<Slip>,
}

/// A fix that suggests itself, and leaves it broken.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Slip {
    /// Unique within the fault.
    pub id: String,
    /// In a few words.
    pub title: String,
    /// The belief behind it, as one sentence.
    pub belief: String,
    /// How it is made, from the broken stack.
    pub edits: Vec<Edit>,
}

impl Practice {
    /// Takes in what another file says.
    pub(super) fn add(&mut self, more: Self) {
        self.costume.extend(more.costume);
        self.kept.extend(more.kept);
        self.symptoms.extend(more.symptoms);
        self.since.extend(more.since);
        self.red_herrings.extend(more.red_herrings);
        self.faults.extend(more.faults);
        self.classes.extend(more.classes);
    }

    /// The fault with this id.
    pub fn fault(&self, id: &str) -> Option<&Fault> {
        self.faults.iter().find(|fault| fault.id() == id)
    }

    /// The symptom with this id.
    pub fn symptom(&self, id: &str) -> Option<&Symptom> {
        self.symptoms.iter().find(|symptom| symptom.id == id)
    }
}

impl Fault {
    /// Its id: that of the lesson, of the wrong turn, or its own.
    pub fn id(&self) -> &str {
        let own = self.own.as_ref().map(|own| own.id.as_str());
        self.bug.as_deref().or(self.turn.as_deref()).or(own).unwrap_or_default()
    }
}
