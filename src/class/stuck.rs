//! Who is stuck now: no headway for a while, where, and after which wrong turn.

use serde::Serialize;

use super::learner::Learner;
use crate::course::Course;

/// Without headway for so long, somebody is stuck.
const STUCK_MS: u64 = 5 * 60 * 1000;
/// Whoever has done nothing for so long is not there.
const AWAY_MS: u64 = 60 * 60 * 1000;

/// Somebody who may want a word.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Stuck {
    /// Who.
    pub name: String,
    /// The lesson that is open.
    pub lesson: String,
    /// The first link that is broken, as far as was looked.
    pub broken_at: Option<String>,
    /// The wrong turn that was named last, in a few words.
    pub turn: Option<String>,
    /// Minutes since a lesson was opened or solved, or a link mended.
    pub minutes: u64,
    /// Minutes since anything was done.
    pub idle_minutes: u64,
}

/// Who is stuck at this time, in milliseconds since the Unix epoch: the longest first.
pub fn stuck(course: &Course, learners: &[Learner], now: u64) -> Vec<Stuck> {
    let mut all: Vec<Stuck> = learners.iter().filter_map(|one| is_stuck(course, one, now)).collect();
    all.sort_by(|one, other| other.minutes.cmp(&one.minutes).then_with(|| one.name.cmp(&other.name)));
    all
}

fn is_stuck(course: &Course, learner: &Learner, now: u64) -> Option<Stuck> {
    let place = &learner.now;
    let lesson = place.lesson.as_ref().filter(|_| place.session_open)?;
    // A lesson without a bug is read, and nobody is stuck in it.
    let has_bug = course.lesson(lesson).is_none_or(|lesson| !lesson.fix.is_empty());
    let solved = learner.lessons.get(lesson).is_some_and(|work| work.solved);
    let (since, idle) = (now.saturating_sub(place.headway_at), now.saturating_sub(place.last_at));
    (has_bug && !solved && since >= STUCK_MS && idle < AWAY_MS).then(|| Stuck {
        name: learner.name.clone(),
        lesson: lesson.clone(),
        broken_at: place.broken_at.clone(),
        turn: place.turn.as_ref().and_then(|id| learner.turns.get(id)).map(|(_, title)| title.clone()),
        minutes: since / 60_000,
        idle_minutes: idle / 60_000,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        class::learner::tests::{Told, broken, works},
        journal::Event,
    };

    #[test]
    fn who_makes_no_headway_is_named_with_the_place() {
        let course = Course::embedded().unwrap();
        let begun = |name: &str| {
            Told::new(name).then(Event::SessionStarted { version: "1".into() }).opens("host-port").sees(broken(
                "browser-nginx",
                "host-port",
                Some("expose-only"),
            ))
        };
        let stays = begun("ana");
        let mends = begun("ben").edits().edits().edits().sees(works("browser-nginx"));
        let leaves = begun("cleo").then(Event::SessionEnded);
        let now = stays.at + 5 * 60_000;
        let learners = [stays.learner, mends.learner, leaves.learner];
        let told = stuck(&course, &learners, now);
        assert_eq!(told.len(), 1, "{told:?}");
        assert_eq!((told[0].name.as_str(), told[0].minutes, told[0].idle_minutes), ("ana", 6, 5));
        assert_eq!(told[0].broken_at.as_deref(), Some("browser-nginx"));
        assert_eq!(told[0].turn.as_deref(), Some("about expose-only"));
        assert_eq!(stuck(&course, &learners, now - 3 * 60_000), []);
        assert_eq!(stuck(&course, &learners, now + AWAY_MS), []);
    }
}
