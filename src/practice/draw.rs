//! What a seed stands for: which faults, in which costume, told by whom. The same on every machine, for ever.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    incident::{Change, Incident, Ticket, Voice},
    seed::{Seed, number},
};
use crate::{
    course::{Class, Costume, Course, Fault, Making},
    error::{Error, Result},
};

/// Of two incidents, one is told a change that has nothing to do with it.
const HERRINGS: usize = 2;

/// What is asked of a draw.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Wanted {
    /// Only this class of cause.
    pub class: Option<Class>,
    /// Only this level.
    pub level: Option<u8>,
    /// Two faults at once.
    pub two: bool,
    /// Faults that are not to come.
    pub not: Vec<String>,
    /// Only faults that the files alone make: whatever starts the stack from them meets it.
    pub plain: bool,
}

/// Draws an incident. `attempt` counts from 0, and is higher where earlier ones could not be proved.
///
/// # Errors
/// Usage: the course has no fault of that kind.
pub fn draw(course: &Course, seed: Seed, attempt: u32, wanted: &Wanted) -> Result<Incident> {
    let fits = |fault: &&Fault| {
        wanted.class.is_none_or(|class| fault.class == class)
            && wanted.level.is_none_or(|level| fault.level == level)
            && !wanted.not.iter().any(|id| id == fault.id())
            && (!(wanted.plain || wanted.two) || is_plain(course, fault))
    };
    let mut pool: Vec<&Fault> = course.practice.faults.iter().filter(fits).collect();
    // What the files say first must not matter: a fault that is added changes as few draws as it can.
    pool.sort_by_key(|fault| number(&[&seed.0.to_le_bytes(), b"fault", fault.id().as_bytes()]));
    let nothing = || {
        let error = Error::usage(format!("the course {} has nothing of that kind to practise", course.id));
        match course.practice.faults.is_empty() {
            true => error.why("it has no folder `practice`").suggest("breakfix practice --course systems-puzzle"),
            false => error.suggest("breakfix practice, without --class and --level"),
        }
    };
    let attempt = usize::try_from(attempt).unwrap_or_default();
    let first = *pool.get(attempt % pool.len().max(1)).ok_or_else(nothing)?;
    let mut faults = vec![first];
    if wanted.two {
        // The second one may be of any class: two are harder than one in any case.
        let mut others: Vec<&Fault> = course
            .practice
            .faults
            .iter()
            .filter(|fault| is_plain(course, fault) && goes_with(course, first, fault))
            .collect();
        others.sort_by_key(|fault| number(&[&seed.0.to_le_bytes(), b"second", fault.id().as_bytes()]));
        let second = others.get(attempt % others.len().max(1));
        faults.push(second.ok_or_else(|| Error::usage(format!("no second fault goes with {}", first.id())))?);
    }
    incident(course, seed, &faults)
}

/// The incident with these faults and this seed, as it was drawn once.
///
/// # Errors
/// Usage: the course has no such faults any more.
pub fn redraw(course: &Course, seed: Seed, faults: &[String]) -> Result<Incident> {
    let found: Option<Vec<&Fault>> = faults.iter().map(|id| course.practice.fault(id)).collect();
    let gone = || {
        Error::usage(format!("the course {} has not all of these faults any more", course.id)).why(faults.join(", "))
    };
    incident(course, seed, &found.filter(|found| !found.is_empty()).ok_or_else(gone)?)
}

fn incident(course: &Course, seed: Seed, faults: &[&Fault]) -> Result<Incident> {
    let costume = Costume::choose(&course.practice, |word, among| seed.pick(&format!("word {word}"), among));
    let mut making = course.making_of(faults[0])?;
    for fault in &faults[1..] {
        let second = changed(course, &course.making_of(fault)?);
        for path in course.fixed_stack().keys().filter(|path| !second.1.contains_key(*path) && second.0.contains(*path))
        {
            making.files.remove(path);
        }
        making.files.extend(second.1.into_iter().filter(|(path, _)| second.0.contains(path)));
    }
    Ok(Incident {
        seed,
        faults: faults.iter().map(|fault| (*fault).clone()).collect(),
        ticket: ticket(course, seed, &costume, faults),
        working: costume.files(course.fixed_stack()),
        making: costume.making(&making),
        costume,
    })
}

fn ticket(course: &Course, seed: Seed, costume: &Costume, faults: &[&Fault]) -> Ticket {
    let practice = &course.practice;
    let voice = Voice::ALL[seed.pick("voice", Voice::ALL.len())];
    let symptom = practice.symptom(&faults[0].symptom);
    let said = symptom.map_or(String::new(), |symptom| match voice {
        Voice::Customer => costume.sentence(&symptom.customer),
        Voice::Colleague => costume.sentence(&symptom.colleague),
        Voice::Monitoring => costume.sentence(&symptom.monitoring),
    });
    let mut changes: Vec<Change> =
        faults.iter().map(|fault| Change { text: costume.sentence(&fault.changed), red_herring: false }).collect();
    let herrings = &practice.red_herrings;
    if !herrings.is_empty() && seed.pick("herring", HERRINGS) == 0 {
        let text = herrings[seed.pick("which herring", herrings.len())].clone();
        changes.insert(seed.pick("where herring", changes.len() + 1), Change { text, red_herring: true });
    }
    let since = practice.since.get(seed.pick("since", practice.since.len())).cloned().unwrap_or_default();
    Ticket { voice, said: said.trim().to_owned(), since, changes, address: costume.text(&course.stack.url) }
}

/// Whether a fault is in the files alone.
fn is_plain(course: &Course, fault: &Fault) -> bool {
    course.making_of(fault).is_ok_and(|making| making.is_plain())
}

/// Whether two faults are of two classes, and touch no file in common: then each can be there without the other.
fn goes_with(course: &Course, first: &Fault, second: &Fault) -> bool {
    let paths = |fault| course.making_of(fault).map(|making| changed(course, &making).0).unwrap_or_default();
    first.class != second.class && paths(first).is_disjoint(&paths(second))
}

/// The paths at which a fault's files are not those of the stack that works, and the files.
fn changed(course: &Course, making: &Making) -> (BTreeSet<String>, BTreeMap<String, String>) {
    let fixed = course.fixed_stack();
    let all: BTreeSet<&String> = fixed.keys().chain(making.files.keys()).collect();
    let other = all.into_iter().filter(|path| fixed.get(*path) != making.files.get(*path));
    (other.cloned().collect(), making.files.clone())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Read once: a hundred draws take less.
    fn shop() -> &'static Course {
        static SHOP: std::sync::LazyLock<Course> = std::sync::LazyLock::new(|| Course::embedded().unwrap());
        &SHOP
    }

    #[test]
    fn the_numbers_of_a_seed_are_known() {
        // A change here makes other puzzles of all seeds that were ever handed out.
        let picks: Vec<usize> = ["a", "b", "c"].iter().map(|question| Seed(7).pick(question, 1000)).collect();
        assert_eq!(picks, [775, 607, 618]);
        assert_eq!(Seed::of_name("ada"), Seed::of_name("ada"));
        assert_ne!(Seed::of_name("ada"), Seed::of_name("bob"));
        assert_eq!(Seed(7).pick("nothing", 0), 0);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn the_same_seed_gives_the_same_bytes(seed in any::<u64>(), two in any::<bool>()) {
            let wanted = Wanted { two, ..Wanted::default() };
            let (one, other) = (draw(shop(), Seed(seed), 0, &wanted), draw(shop(), Seed(seed), 0, &wanted));
            let (one, other) = (one.unwrap(), other.unwrap());
            prop_assert_eq!(&one, &other);
            let ids: Vec<String> = one.faults.iter().map(|fault| fault.id().to_owned()).collect();
            prop_assert_eq!(&redraw(shop(), Seed(seed), &ids).unwrap(), &one, "and it is found again by its faults");
            let stale = one.making.before.is_some() || !one.making.moved.is_empty();
            prop_assert!(stale || one.making.files != one.working);
            prop_assert_eq!(one.faults.len(), if two { 2 } else { 1 });
        }

        #[test]
        fn a_costume_can_be_taken_off(seed in any::<u64>()) {
            let incident = draw(shop(), Seed(seed), 0, &Wanted::default()).unwrap();
            let dressed = incident.costume.files(shop().fixed_stack());
            prop_assert_eq!(dressed, incident.working);
        }
    }

    #[test]
    fn what_is_asked_for_comes_and_what_is_not_does_not() {
        let course = shop();
        for class in Class::ALL {
            let wanted = Wanted { class: Some(class), ..Wanted::default() };
            for seed in 0..4 {
                let incident = draw(course, Seed(seed), 0, &wanted).unwrap();
                assert_eq!(incident.faults[0].class, class);
                let not = vec![incident.faults[0].id().to_owned()];
                match draw(course, Seed(seed), 0, &Wanted { not: not.clone(), ..wanted.clone() }) {
                    Ok(other) => assert_ne!(other.faults[0].id(), not[0]),
                    Err(error) => assert!(error.what.contains("nothing of that kind"), "{error}"),
                }
            }
        }
    }

    #[test]
    fn what_could_not_be_proved_is_followed_by_another() {
        let course = shop();
        let ids: BTreeSet<String> = (0..5)
            .map(|attempt| draw(course, Seed(1), attempt, &Wanted::default()).unwrap().faults[0].id().to_owned())
            .collect();
        assert_eq!(ids.len(), 5);
    }

    #[test]
    fn a_hundred_seeds_differ_in_their_costumes() {
        let course = shop();
        let files = |seed| draw(course, Seed(seed), 0, &Wanted::default()).unwrap().working;
        let different: BTreeSet<_> = (0..100).map(files).collect();
        assert!(different.len() > 95, "{} different ones", different.len());
    }
}
