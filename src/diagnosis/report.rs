//! What a verification comes to: nothing but *works* is said without a reason.

use serde::{Deserialize, Serialize};

use crate::{
    error::{Blame, Error},
    lab::Stale,
};

/// The three verdicts on a stack.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Everything that was asked holds.
    Works,
    /// Something does not.
    Broken,
    /// The environment failed, or nothing was asked: nothing can be said.
    Unknown,
}

/// Status of one hop or check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// It holds.
    Pass,
    /// It does not.
    Fail,
    /// It was not asked, or could not be.
    Unknown,
}

/// One hop.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HopVerdict {
    /// `browser-nginx`, `nginx-flaskapp`, `flaskapp-db`.
    pub id: String,
    /// Whether it works.
    pub status: Status,
    /// What a person would type.
    pub command: String,
    /// What was seen, in a few words: `connection refused`, `502 Bad Gateway`.
    pub observed: String,
}

/// One check of a lesson.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckVerdict {
    /// The check's id.
    pub id: String,
    /// The lesson that it belongs to.
    pub lesson: String,
    /// Whether it holds.
    pub status: Status,
    /// What a person would type.
    pub command: String,
    /// What was seen, or why it was not asked.
    pub observed: String,
    /// The check in words.
    #[serde(skip_serializing_if = "String::is_empty", default)]
    pub label: String,
    /// The lesson's words, when it fails.
    #[serde(skip_serializing_if = "String::is_empty", default)]
    pub words: String,
}

/// One lesson.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LessonVerdict {
    /// The lesson's id.
    pub id: String,
    /// Pass when all its checks pass, fail when one fails, unknown otherwise.
    pub status: Status,
}

/// A wrong turn that was recognised.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NamedWrongTurn {
    /// Its id.
    pub id: String,
    /// The lesson that it belongs to.
    pub lesson: String,
    /// In a few words.
    pub title: String,
    /// One question to think about.
    pub question: String,
    /// The course's explanation, where it names what was seen: with that filled in.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub explain: Option<String>,
    /// It works, but is worth a word.
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub remark: bool,
}

/// Something that differs from a working stack, where no wrong turn explains it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Odd {
    /// The hop, check or service that it is about.
    pub about: String,
    /// What a person would type to see it.
    pub command: String,
    /// What was seen.
    pub observed: String,
    /// What a working stack has there, in the course's words; empty where the observation speaks for itself.
    #[serde(skip_serializing_if = "String::is_empty", default)]
    pub expected: String,
}

/// What a verification comes to; the default is one in which nothing was asked.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Report {
    /// The verdict over everything, and why.
    #[serde(flatten)]
    pub judgement: Judgement,
    /// The first hop that does not work, from the browser on.
    pub first_broken_hop: Option<String>,
    /// The first lesson that is not solved.
    pub first_failed_lesson: Option<String>,
    /// Per hop.
    pub hops: Vec<HopVerdict>,
    /// Per check.
    pub checks: Vec<CheckVerdict>,
    /// Per lesson.
    pub lessons: Vec<LessonVerdict>,
    /// The one that explains most first; remarks last.
    pub wrong_turns: Vec<NamedWrongTurn>,
    /// The evidence behind failures that none of the wrong turns explains; empty when all is explained or works.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub odd: Vec<Odd>,
    /// What was saved and does not run yet, with the smallest action.
    pub stale: Vec<Stale>,
}

impl Report {
    /// The verdict over everything.
    pub fn verdict(&self) -> Verdict {
        self.judgement.verdict()
    }

    /// Why it is not *works*, where no hop or check says it.
    pub fn reason(&self) -> Option<&str> {
        self.judgement.told()
    }
}

/// A verdict, with the reason that it has when it is not *works*.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Written", into = "Written")]
pub enum Judgement {
    /// Everything that was asked holds.
    Works,
    /// Something does not.
    Broken(Reason),
    /// Nothing can be said.
    Unknown(Reason),
}

/// Why a stack is not said to work: never without words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    words: String,
    /// A hop or a check of the report says the same.
    seen: bool,
}

impl Reason {
    /// A reason in words of its own, unless there are none.
    pub fn told(words: impl Into<String>) -> Option<Self> {
        Some(words.into()).filter(|words| !words.trim().is_empty()).map(|words| Self { words, seen: false })
    }

    /// The first hop, else the first check, that fails, if any does.
    pub fn seen(hops: &[HopVerdict], checks: &[CheckVerdict]) -> Option<Self> {
        let hop = hops.iter().find(|hop| hop.status == Status::Fail).map(|hop| (&hop.id, &hop.observed));
        let check = || checks.iter().find(|check| check.status == Status::Fail).map(|one| (&one.id, &one.observed));
        hop.or_else(check).map(|(id, observed)| Self { words: format!("{id}: {observed}"), seen: true })
    }

    /// In words.
    pub fn words(&self) -> &str {
        &self.words
    }
}

impl Judgement {
    /// Broken for a reason that is told; where none is, that is not known.
    pub fn broken(words: impl Into<String>) -> Self {
        Reason::told(words).map_or_else(Self::without_reason, Self::Broken)
    }

    /// Nothing can be said, for this reason.
    pub fn unknown(words: impl Into<String>) -> Self {
        Reason::told(words).map_or_else(Self::without_reason, Self::Unknown)
    }

    /// What an error that ended it all comes to.
    pub fn of_error(error: &Error) -> Self {
        let words = error.told("\n");
        if error.blame == Blame::Stack { Self::broken(words) } else { Self::unknown(words) }
    }

    /// Broken, as a hop or a check of the report says.
    #[cfg(test)]
    pub fn seen_broken() -> Self {
        Self::Broken(Reason { words: "browser-nginx: connection refused".into(), seen: true })
    }

    /// What does not work and says nothing may have any cause.
    fn without_reason() -> Self {
        let words = "something does not work, and nothing says why".to_owned();
        Self::Unknown(Reason { words, seen: false })
    }

    /// The verdict.
    pub fn verdict(&self) -> Verdict {
        match self {
            Self::Works => Verdict::Works,
            Self::Broken(_) => Verdict::Broken,
            Self::Unknown(_) => Verdict::Unknown,
        }
    }

    /// Why it is not *works*.
    pub fn reason(&self) -> Option<&Reason> {
        match self {
            Self::Works => None,
            Self::Broken(reason) | Self::Unknown(reason) => Some(reason),
        }
    }

    /// The reason, where no hop or check says it.
    pub fn told(&self) -> Option<&str> {
        self.reason().filter(|reason| !reason.seen).map(Reason::words)
    }
}

impl Default for Judgement {
    fn default() -> Self {
        Self::unknown("nothing was asked")
    }
}

/// As it stands in a journal.
#[derive(Serialize, Deserialize)]
struct Written {
    verdict: Verdict,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    reason: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    seen: Option<String>,
}

impl From<Judgement> for Written {
    fn from(judgement: Judgement) -> Self {
        let seen = judgement.reason().filter(|reason| reason.seen);
        Self {
            verdict: judgement.verdict(),
            reason: judgement.told().map(str::to_owned),
            seen: seen.map(|reason| reason.words.clone()),
        }
    }
}

impl From<Written> for Judgement {
    fn from(Written { verdict, reason, seen }: Written) -> Self {
        let told = reason.and_then(Reason::told);
        match verdict {
            Verdict::Works => Self::Works,
            // Older journals leave it to the hops and checks beside it.
            Verdict::Broken => Self::Broken(told.unwrap_or_else(|| Reason {
                words: seen.unwrap_or_else(|| "something that was asked does not hold".to_owned()),
                seen: true,
            })),
            Verdict::Unknown => told.map_or_else(Self::without_reason, Self::Unknown),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failing(id: &str) -> HopVerdict {
        HopVerdict { id: id.into(), status: Status::Fail, command: String::new(), observed: "refused".into() }
    }

    #[test]
    fn nothing_is_broken_without_a_reason() {
        assert_eq!(Judgement::broken(" \n").verdict(), Verdict::Unknown);
        assert_eq!(Judgement::of_error(&Error::stack("")).verdict(), Verdict::Unknown);
        assert_eq!(Reason::seen(&[], &[]), None);
        for judgement in [Judgement::broken(""), Judgement::unknown(""), Judgement::default()] {
            assert!(judgement.reason().is_some_and(|reason| !reason.words().is_empty()));
        }
    }

    #[test]
    fn read_again_it_is_the_same() {
        let seen = Judgement::Broken(Reason::seen(&[failing("a-b")], &[]).unwrap());
        assert_eq!((seen.reason().unwrap().words(), seen.told()), ("a-b: refused", None));
        for judgement in [Judgement::Works, Judgement::broken("x"), Judgement::unknown("y"), seen] {
            let text = serde_json::to_string(&judgement).unwrap();
            assert_eq!(serde_json::from_str::<Judgement>(&text).unwrap(), judgement);
        }
        let old: Judgement = serde_json::from_str(r#"{"verdict":"broken"}"#).unwrap();
        assert_eq!((old.verdict(), old.told()), (Verdict::Broken, None));
    }
}
