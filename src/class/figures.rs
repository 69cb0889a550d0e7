//! The six figures, each with who is meant: plain data, the fold of all learners.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::learner::{Learner, PAGE, Work};
use crate::{
    course::{Course, Rung},
    diagnosis::Verdict,
};

/// What a teacher wants to know.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Figures {
    /// Version of this form.
    pub format: u32,
    /// How many labs were read.
    pub labs: usize,
    /// On how many submissions there is a verdict.
    pub submissions: usize,
    /// Figures 1, 4 and 5, in the course's order; lessons of other courses behind it, by id.
    pub lessons: Vec<LessonFigure>,
    /// Figure 2, from the browser on.
    pub hops: Vec<HopFigure>,
    /// Figure 3, those that most met first.
    pub wrong_turns: Vec<TurnFigure>,
    /// Figure 6.
    pub looks: Looks,
}

/// What came of one lesson.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LessonFigure {
    /// Its id.
    pub id: String,
    /// Its title; its id, where the course is not known here.
    pub title: String,
    /// Whether it has a bug to mend.
    pub has_bug: bool,
    /// Who opened it in a lab.
    pub started: Vec<String>,
    /// Who solved it there, without being shown the fix.
    pub solved: Vec<String>,
    /// Who had the fix shown.
    pub shown: Vec<String>,
    /// In whose submission it holds.
    pub passes: Vec<String>,
    /// In whose submission it does not.
    pub fails: Vec<String>,
    /// From the symptom to the live fix.
    pub seconds: Seconds,
    /// What came of the deepest hint; `None` first, for who needed none.
    pub hints: Vec<HintFigure>,
}

/// Seconds of work from the look that first saw a lesson fail to the one that saw it hold.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Seconds {
    /// Half of them took no longer.
    pub median: Option<f64>,
    /// Each, the quickest first.
    pub each: Vec<(String, f64)>,
}

/// Those whose deepest hint in a lesson was this one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HintFigure {
    /// The rung; `None` for no hint at all.
    pub rung: Option<Rung>,
    /// Who solved it then.
    pub solved: Vec<String>,
    /// Who had the fix shown then.
    pub shown: Vec<String>,
    /// Who has not solved it.
    pub open: Vec<String>,
}

/// How a broken link was mended.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct HopFigure {
    /// Its id; `page` for what is broken behind all links.
    pub id: String,
    /// Its two ends.
    pub title: String,
    /// Who saw it broken first of all links.
    pub met: Vec<String>,
    /// Who mended it with the first edit that was live.
    pub first_try: Vec<String>,
    /// Who mended it with more.
    pub later: Vec<String>,
    /// Share of those who mended it that did so with the first edit.
    pub first_try_rate: Option<f64>,
    /// Edits that were live until it held: half of those who mended it needed no more.
    pub median_tries: Option<f64>,
}

/// A wrong turn and who took it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TurnFigure {
    /// Its id.
    pub id: String,
    /// Its lesson.
    pub lesson: String,
    /// In a few words.
    pub title: String,
    /// Who met it.
    pub who: Vec<String>,
}

/// What verifications and verdicts could say at all.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Looks {
    /// Verifications in all labs.
    pub all: usize,
    /// Those that asked containers older than the files: *not live yet*.
    pub not_live: usize,
    /// Those that could not tell.
    pub could_not_tell: usize,
    /// Submissions of which it could not be told whether they work.
    pub submissions_not_told: Vec<String>,
    /// Each learner with a lab: name, verifications, *not live yet*, *could not tell*.
    pub each: Vec<(String, usize, usize, usize)>,
}

impl Figures {
    /// The figures of these learners.
    pub fn of(course: &Course, learners: &[Learner]) -> Self {
        Self {
            format: 1,
            labs: learners.iter().filter(|one| one.has_lab).count(),
            submissions: learners.iter().filter(|one| one.handed_in.is_some()).count(),
            lessons: lessons(course, learners),
            hops: hops(course, learners),
            wrong_turns: wrong_turns(course, learners),
            looks: looks(learners),
        }
    }

    /// The wrong turns of a lesson, those that most met first.
    pub fn turns_of(&self, lesson: &str) -> impl Iterator<Item = &TurnFigure> {
        self.wrong_turns.iter().filter(move |turn| turn.lesson == lesson)
    }
}

impl HintFigure {
    /// The rung in words.
    pub fn words(&self) -> String {
        self.rung.map_or_else(|| "no hint".to_owned(), |rung| format!("hint “{}”", format!("{rung:?}").to_lowercase()))
    }
}

/// The names of those of whom it is so.
fn who(learners: &[Learner], is: impl Fn(&Learner) -> bool) -> Vec<String> {
    learners.iter().filter(|one| is(one)).map(|one| one.name.clone()).collect()
}

fn lessons(course: &Course, learners: &[Learner]) -> Vec<LessonFigure> {
    let met: BTreeSet<&String> = learners.iter().flat_map(|one| one.lessons.keys()).collect();
    let known = course.lessons.iter().map(|lesson| &lesson.id).filter(|id| met.contains(id));
    let foreign = met.iter().copied().filter(|id| course.lesson(id).is_none());
    known.chain(foreign).map(|id| lesson(course, learners, id)).collect()
}

fn lesson(course: &Course, learners: &[Learner], id: &str) -> LessonFigure {
    let known = course.lesson(id);
    let who = |is: fn(&Work) -> bool| who(learners, |one| one.lessons.get(id).is_some_and(is));
    let mut each: Vec<(String, f64)> = learners
        .iter()
        .filter_map(|one| Some((one.name.clone(), one.lessons.get(id)?.fix_ms? as f64 / 1000.0)))
        .collect();
    each.sort_by(|one, other| one.1.total_cmp(&other.1));
    let seconds = Seconds { median: median(each.iter().map(|(_, seconds)| *seconds)), each };
    let rungs = [None, Some(Rung::Where), Some(Rung::What), Some(Rung::How), Some(Rung::Show)];
    let hint = |rung: Option<Rung>| {
        let of = |is: fn(&Work) -> bool| {
            let at_rung = |work: &Work| work.opened && work.deepest == rung && is(work);
            self::who(learners, |one| one.lessons.get(id).is_some_and(at_rung))
        };
        HintFigure {
            rung,
            solved: of(|work| work.solved && !work.shown),
            shown: of(|work| work.shown),
            open: of(|work| !work.solved && !work.shown),
        }
    };
    LessonFigure {
        id: id.to_owned(),
        title: known.map_or_else(|| id.to_owned(), |lesson| lesson.title.clone()),
        has_bug: known.is_none_or(|lesson| !lesson.fix.is_empty()),
        started: who(|work| work.opened),
        solved: who(|work| work.solved && !work.shown),
        shown: who(|work| work.shown),
        passes: who(|work| work.passes == Some(true)),
        fails: who(|work| work.passes == Some(false)),
        seconds,
        hints: rungs.into_iter().map(hint).collect(),
    }
}

fn hops(course: &Course, learners: &[Learner]) -> Vec<HopFigure> {
    let met: BTreeSet<&str> = learners.iter().flat_map(|one| one.hops.keys()).map(String::as_str).collect();
    let known = course.hops.iter().map(|hop| hop.id.as_str()).chain([PAGE]);
    let foreign = met.iter().copied().filter(|id| *id != PAGE && !course.hops.iter().any(|hop| hop.id == *id));
    known.filter(|id| met.contains(id)).chain(foreign).map(|id| hop(course, learners, id)).collect()
}

fn hop(course: &Course, learners: &[Learner], id: &str) -> HopFigure {
    let mut tries = Vec::new();
    let (mut first_try, mut later) = (Vec::new(), Vec::new());
    for one in learners {
        if let Some(link) = one.hops.get(id).filter(|link| link.mended) {
            // What held again without an edit (a container that was started again) is one try as well.
            tries.push(link.tries.max(1) as f64);
            if link.tries <= 1 { &mut first_try } else { &mut later }.push(one.name.clone());
        }
    }
    let known = course.hops.iter().find(|hop| hop.id == id);
    HopFigure {
        id: id.to_owned(),
        title: match known {
            Some(hop) => format!("{} → {}", hop.from, hop.to),
            None if id == PAGE => "what the page shows".to_owned(),
            None => id.to_owned(),
        },
        met: who(learners, |one| one.hops.contains_key(id)),
        first_try_rate: (!tries.is_empty()).then(|| first_try.len() as f64 / tries.len() as f64),
        median_tries: median(tries.into_iter()),
        first_try,
        later,
    }
}

fn wrong_turns(course: &Course, learners: &[Learner]) -> Vec<TurnFigure> {
    let mut turns: BTreeMap<&String, TurnFigure> = BTreeMap::new();
    for learner in learners {
        for (id, (lesson, title)) in &learner.turns {
            let known = course.lesson(lesson).and_then(|one| one.wrong_turns.iter().find(|turn| turn.id == *id));
            let title = known.map_or(title, |turn| &turn.title);
            let turn = turns.entry(id).or_insert_with(|| TurnFigure {
                id: id.clone(),
                lesson: lesson.clone(),
                title: title.trim().trim_end_matches('.').to_owned(),
                who: vec![],
            });
            turn.who.push(learner.name.clone());
        }
    }
    let mut turns: Vec<TurnFigure> = turns.into_values().collect();
    turns.sort_by_key(|turn| std::cmp::Reverse(turn.who.len()));
    turns
}

fn looks(learners: &[Learner]) -> Looks {
    let mut looks = Looks {
        submissions_not_told: who(learners, |one| one.handed_in == Some(Verdict::Unknown)),
        ..Looks::default()
    };
    for one in learners.iter().filter(|one| one.has_lab) {
        looks.all += one.looks;
        looks.not_live += one.not_live;
        looks.could_not_tell += one.could_not_tell;
        looks.each.push((one.name.clone(), one.looks, one.not_live, one.could_not_tell));
    }
    looks
}

/// The middle one; of two middle ones the mean.
fn median(values: impl Iterator<Item = f64>) -> Option<f64> {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.len() {
        0 => None,
        odd if odd % 2 == 1 => Some(values[middle]),
        _ => Some(f64::midpoint(values[middle - 1], values[middle])),
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::{
        class::learner::tests::{Told, broken, works},
        journal::Event,
    };

    /// A class of four: at first try, at second, with the fix shown, and one who has only handed in.
    pub fn class() -> Vec<Learner> {
        let begun = |name: &str, turn| {
            Told::new(name).opens("host-port").sees(broken("browser-nginx", "host-port", turn)).edits()
        };
        let ana = begun("ana", None).sees(works("browser-nginx")).solves("host-port");
        let ben = begun("ben", Some("expose-only"))
            .sees(broken("browser-nginx", "host-port", Some("expose-only")))
            .then(Event::HintShown { lesson: "host-port".into(), rung: Rung::Where })
            .edits()
            .sees(works("browser-nginx"))
            .solves("host-port");
        let cleo = begun("<cleo>", Some("expose-only"))
            .then(Event::HintShown { lesson: "host-port".into(), rung: Rung::Show })
            .then(Event::Revealed { lesson: "host-port".into(), diff: String::new() })
            .then(Event::LessonSolved { lesson: "host-port".into(), revealed: true });
        let mut dan = Learner::new("=dan");
        dan.hand_in(Verdict::Broken, &BTreeMap::from([("app-port".to_owned(), false)]), &[]);
        vec![ana.learner, ben.learner, cleo.learner, dan]
    }

    #[test]
    fn each_figure_names_who_is_meant() {
        let course = Course::embedded().unwrap();
        let figures = Figures::of(&course, &class());
        assert_eq!((figures.labs, figures.submissions), (3, 1));
        let ids: Vec<&str> = figures.lessons.iter().map(|lesson| lesson.id.as_str()).collect();
        assert_eq!(ids, ["host-port", "app-port"]);
        let first = &figures.lessons[0];
        assert_eq!(first.started, ["ana", "ben", "<cleo>"]);
        assert_eq!((&first.solved[..], &first.shown[..]), (&["ana".into(), "ben".into()][..], &["<cleo>".into()][..]));
        assert_eq!(first.seconds.each, [("ana".to_owned(), 180.0), ("ben".to_owned(), 360.0)]);
        assert_eq!(first.seconds.median, Some(270.0));
        assert_eq!(first.hints[0].solved, ["ana"]);
        assert_eq!(first.hints[1].solved, ["ben"]);
        assert_eq!(first.hints[4].shown, ["<cleo>"]);
        assert_eq!(figures.lessons[1].fails, ["=dan"]);
        let hop = &figures.hops[0];
        assert_eq!((hop.id.as_str(), hop.first_try_rate, hop.median_tries), ("browser-nginx", Some(0.5), Some(1.5)));
        assert_eq!((&hop.first_try[..], &hop.later[..]), (&["ana".into()][..], &["ben".into()][..]));
        assert_eq!(figures.wrong_turns[0].who, ["ben", "<cleo>"]);
        assert_eq!(figures.looks.all, 6);
    }

    #[test]
    fn lessons_of_other_courses_stand_behind() {
        let course = Course::embedded().unwrap();
        let told = Told::new("ana").opens("zz").opens("representation").opens("aa").learner;
        let ids: Vec<String> = Figures::of(&course, &[told]).lessons.into_iter().map(|lesson| lesson.id).collect();
        assert_eq!(ids, ["representation", "aa", "zz"]);
    }

    #[test]
    fn the_middle_one() {
        assert_eq!(median([].into_iter()), None);
        assert_eq!(median([3.0, 1.0, 2.0].into_iter()), Some(2.0));
        assert_eq!(median([4.0, 1.0].into_iter()), Some(2.5));
    }
}
