//! The fold of one lab's journal into what a class is asked about.

use std::collections::BTreeMap;

use crate::{
    course::Rung,
    diagnosis::{NamedWrongTurn, Report, Status, Verdict},
    journal::{Entry, Event, worked_ms},
};

/// What is broken behind all links, where links are counted.
pub const PAGE: &str = "page";

/// One learner: a lab, a submission, or both under the same name.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Learner {
    /// The directory's name.
    pub name: String,
    /// Whether there is a lab.
    pub has_lab: bool,
    /// Per lesson id.
    pub lessons: BTreeMap<String, Work>,
    /// Per hop id, or [`PAGE`].
    pub hops: BTreeMap<String, Tries>,
    /// Wrong turns that were met, by id: lesson and title.
    pub turns: BTreeMap<String, (String, String)>,
    /// Verifications.
    pub looks: usize,
    /// Those that asked containers older than the files.
    pub not_live: usize,
    /// Those that could not tell.
    pub could_not_tell: usize,
    /// The verdict on what was handed in: whether it could be told.
    pub handed_in: Option<Verdict>,
    /// Where the learner is.
    pub now: Now,
    active_ms: u64,
    edited: bool,
}

/// Where a learner is at the end of the journal.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Now {
    /// The tutor is open, or was killed.
    pub session_open: bool,
    /// The lesson that is open.
    pub lesson: Option<String>,
    /// The first link that was broken at the last look; [`PAGE`] where it is none of them.
    pub broken_at: Option<String>,
    /// The wrong turn that was named at the last look.
    pub turn: Option<String>,
    /// When the last entry was made, in milliseconds since the Unix epoch.
    pub last_at: u64,
    /// When there was headway: a lesson was opened or solved, a link mended.
    pub headway_at: u64,
}

/// What was done in one lesson.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Work {
    /// It was opened.
    pub opened: bool,
    /// It was solved, once at least.
    pub solved: bool,
    /// The tutor applied the fix.
    pub shown: bool,
    /// The deepest hint before it was solved.
    pub deepest: Option<Rung>,
    /// Milliseconds of work from the look that first saw it fail to the one that saw it hold, where nobody showed the fix.
    pub fix_ms: Option<u64>,
    /// Whether it holds in what was handed in.
    pub passes: Option<bool>,
    symptom_ms: Option<u64>,
}

/// How a broken link was mended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tries {
    /// Edits that were live, and looked at, while it was the first broken one.
    pub tries: usize,
    /// It held then.
    pub mended: bool,
}

impl Learner {
    /// A learner of whom nothing is known.
    pub fn new(name: &str) -> Self {
        Self { name: name.to_owned(), ..Self::default() }
    }

    /// Takes one more entry of the lab's journal in.
    pub fn apply(&mut self, entry: &Entry) {
        self.has_lab = true;
        self.active_ms += worked_ms(self.now.last_at, entry);
        self.now.last_at = entry.at;
        match &entry.event {
            Event::SessionStarted { .. } => {
                (self.now.session_open, self.now.headway_at) = (true, entry.at);
            }
            Event::SessionEnded => self.now.session_open = false,
            Event::LessonOpened { lesson } => {
                self.work(lesson).opened = true;
                if self.now.lesson.as_ref() != Some(lesson) {
                    (self.now.lesson, self.now.headway_at) = (Some(lesson.clone()), entry.at);
                }
            }
            Event::FileChanged { .. } | Event::Reset { .. } | Event::Revealed { .. } => {
                self.edited = true;
                if let Event::Revealed { lesson, .. } = &entry.event {
                    self.work(lesson).shown = true;
                }
            }
            Event::Verified { report, .. } => self.look(report, entry.at),
            Event::HintShown { lesson, rung } => {
                let work = self.work(lesson);
                if !work.solved {
                    work.deepest = work.deepest.max(Some(*rung));
                }
            }
            Event::LessonSolved { lesson, revealed } => {
                self.now.headway_at = entry.at;
                let active_ms = self.active_ms;
                let work = self.work(lesson);
                if !work.solved {
                    work.solved = true;
                    work.shown |= revealed;
                    work.fix_ms = work.symptom_ms.filter(|_| !work.shown).map(|since| active_ms.saturating_sub(since));
                }
            }
            _ => {}
        }
    }

    fn look(&mut self, report: &Report, at: u64) {
        self.looks += 1;
        self.could_not_tell += usize::from(report.verdict() == Verdict::Unknown);
        self.not_live += usize::from(!report.stale.is_empty());
        self.meet(&report.wrong_turns);
        if report.verdict() == Verdict::Unknown {
            return;
        }
        self.now.turn = report.wrong_turns.iter().find(|turn| !turn.remark).map(|turn| turn.id.clone());
        for lesson in report.lessons.iter().filter(|lesson| lesson.status == Status::Fail) {
            let active_ms = self.active_ms;
            self.work(&lesson.id).symptom_ms.get_or_insert(active_ms);
        }
        let page = (report.verdict() == Verdict::Broken).then(|| PAGE.to_owned());
        let broken_at = report.first_broken_hop.clone().or(page);
        let mended = self.now.broken_at.as_ref().is_some_and(|before| holds(report, before));
        // What does not run yet was not tried yet.
        let is_live = report.stale.is_empty();
        if let Some(before) = self.now.broken_at.clone() {
            let link = self.hops.entry(before).or_default();
            link.tries += usize::from(self.edited && is_live && !link.mended);
            link.mended |= mended;
        }
        self.edited &= !is_live;
        if mended {
            self.now.headway_at = at;
        }
        if let Some(link) = &broken_at {
            self.hops.entry(link.clone()).or_default();
        }
        self.now.broken_at = broken_at;
    }

    /// Takes in the verdict on what was handed in: per lesson whether it holds.
    pub fn hand_in(&mut self, verdict: Verdict, lessons: &BTreeMap<String, bool>, turns: &[NamedWrongTurn]) {
        self.handed_in = Some(verdict);
        self.meet(turns);
        if verdict != Verdict::Unknown {
            for (lesson, passes) in lessons {
                self.work(lesson).passes = Some(*passes);
            }
        }
    }

    fn meet(&mut self, turns: &[NamedWrongTurn]) {
        for turn in turns.iter().filter(|turn| !turn.remark) {
            self.turns.entry(turn.id.clone()).or_insert_with(|| (turn.lesson.clone(), turn.title.clone()));
        }
    }

    fn work(&mut self, lesson: &str) -> &mut Work {
        self.lessons.entry(lesson.to_owned()).or_default()
    }
}

/// Whether a link that was the first broken one holds now.
fn holds(report: &Report, link: &str) -> bool {
    match link {
        PAGE => report.verdict() == Verdict::Works,
        _ => report.hops.iter().any(|hop| hop.id == link && hop.status == Status::Pass),
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::{
        diagnosis::{HopVerdict, Judgement, LessonVerdict},
        lab::Stale,
        probe::Survey,
    };

    /// A journal that is written by hand: a minute between two entries.
    #[derive(Default)]
    pub struct Told {
        pub learner: Learner,
        pub at: u64,
    }

    impl Told {
        pub fn new(name: &str) -> Self {
            Self { learner: Learner::new(name), at: 1_000_000 }
        }

        pub fn then(mut self, event: Event) -> Self {
            self.at += 60_000;
            self.learner.apply(&Entry { at: self.at, event });
            self
        }

        pub fn opens(self, lesson: &str) -> Self {
            self.then(Event::LessonOpened { lesson: lesson.into() })
        }

        pub fn edits(self) -> Self {
            self.then(Event::FileChanged { file: "a".into(), diff: String::new(), while_closed: false })
        }

        pub fn solves(self, lesson: &str) -> Self {
            self.then(Event::LessonSolved { lesson: lesson.into(), revealed: false })
        }

        pub fn sees(self, report: Report) -> Self {
            self.then(Event::Verified { lesson: String::new(), report, survey: Survey::default() })
        }
    }

    /// A look at which this link is the first broken one, so that the lesson fails.
    pub fn broken(link: &str, lesson: &str, turn: Option<&str>) -> Report {
        let turn = turn.map(|id| NamedWrongTurn {
            id: id.into(),
            lesson: lesson.into(),
            title: format!("about {id}"),
            question: String::new(),
            explain: None,
            remark: false,
        });
        let hop = |status| HopVerdict { id: link.into(), status, command: String::new(), observed: String::new() };
        Report {
            judgement: Judgement::seen_broken(),
            first_broken_hop: Some(link.into()),
            hops: vec![hop(Status::Fail)],
            lessons: vec![LessonVerdict { id: lesson.into(), status: Status::Fail }],
            wrong_turns: turn.into_iter().collect(),
            ..Report::default()
        }
    }

    /// A look at which this link holds.
    pub fn works(link: &str) -> Report {
        let hop = HopVerdict { id: link.into(), status: Status::Pass, command: String::new(), observed: String::new() };
        Report { judgement: Judgement::Works, hops: vec![hop], ..Report::default() }
    }

    pub fn stale(report: Report) -> Report {
        let stale: Stale = serde_json::from_value(serde_json::json!({
            "service": "flaskapp", "files": ["src/app.py"], "action": "rebuild"
        }))
        .unwrap();
        Report { stale: vec![stale], ..report }
    }

    #[test]
    fn a_try_is_an_edit_that_is_live() {
        let told = Told::new("ana")
            .opens("host-port")
            .sees(broken("browser-nginx", "host-port", None))
            // Looking again tries nothing.
            .sees(broken("browser-nginx", "host-port", None))
            .edits()
            .sees(stale(broken("browser-nginx", "host-port", None)))
            .sees(broken("browser-nginx", "host-port", Some("expose-only")))
            .edits()
            .sees(works("browser-nginx"))
            .solves("host-port");
        let learner = &told.learner;
        assert_eq!(learner.hops["browser-nginx"], Tries { tries: 2, mended: true });
        assert_eq!((learner.looks, learner.not_live, learner.could_not_tell), (5, 1, 0));
        assert_eq!(learner.turns["expose-only"].0, "host-port");
        let work = &learner.lessons["host-port"];
        // From the first of five looks, with two edits between, to what is solved a minute after the last.
        assert_eq!((work.solved, work.fix_ms), (true, Some(7 * 60_000)));
        assert_eq!(learner.now.headway_at, told.at);
    }

    #[test]
    fn what_was_shown_has_no_time() {
        let told = Told::new("ana")
            .opens("host-port")
            .sees(broken("browser-nginx", "host-port", None))
            .then(Event::HintShown { lesson: "host-port".into(), rung: Rung::What })
            .then(Event::Revealed { lesson: "host-port".into(), diff: String::new() })
            .sees(works("browser-nginx"))
            .then(Event::LessonSolved { lesson: "host-port".into(), revealed: true });
        let work = &told.learner.lessons["host-port"];
        assert_eq!((work.shown, work.fix_ms, work.deepest), (true, None, Some(Rung::What)));
    }

    #[test]
    fn what_could_not_be_told_moves_nothing() {
        let unknown = Report { judgement: Judgement::unknown("no answer"), ..Report::default() };
        let told = Told::new("ana").sees(broken("browser-nginx", "host-port", None)).edits().sees(unknown);
        assert_eq!(told.learner.hops["browser-nginx"], Tries { tries: 0, mended: false });
        assert_eq!(told.learner.now.broken_at.as_deref(), Some("browser-nginx"));
        assert_eq!(told.learner.could_not_tell, 1);
    }
}
