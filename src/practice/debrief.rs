//! What is said when it is over: five lines.

use serde::{Deserialize, Serialize};

use super::incident::Incident;
use crate::course::{Class, Course};

/// What somebody thought before they looked: at which link, of which class.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Guess {
    /// The link's id; none where they thought of the app itself.
    pub link: Option<String>,
    /// The class.
    pub class: Class,
}

/// How an incident was played.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Played {
    /// What was thought first.
    pub guess: Option<Guess>,
    /// It works again.
    pub solved: bool,
    /// How often it was asked while it did not work yet, after something was changed.
    pub false_starts: u32,
    /// How many hints were read.
    pub hints: u32,
    /// Files that were changed, in order.
    pub edited: Vec<String>,
    /// Seconds from the ticket to the end.
    pub seconds: u64,
}

/// The lines that do not depend on who plays: cause, what told it first, shortest way, misconception, where it is met.
pub fn debrief_lines(incident: &Incident, course: &Course) -> Vec<(&'static str, String)> {
    let fault = &incident.faults[0];
    let line = |text: &str| incident.costume.sentence(text);
    let causes: Vec<String> =
        incident.faults.iter().map(|fault| format!("{} ({})", line(&fault.cause), fault.class)).collect();
    vec![
        ("cause", causes.join(" And: ")),
        ("told first by", line(&fault.tell)),
        ("shortest way", line(&fault.way)),
        ("misconception", line(&misconception(incident, course))),
        ("met elsewhere", fault.met.clone()),
    ]
}

/// The belief behind it: the fault's own, the wrong turn's, or the lesson's, whose first wrong bet has its reason.
fn misconception(incident: &Incident, course: &Course) -> String {
    let fault = &incident.faults[0];
    let turn = fault.turn.as_deref().and_then(|id| course.turn(id)).map(|(_, turn)| turn);
    let own = fault.own.as_ref().or(turn).map(|turn| turn.belief.clone());
    own.or_else(|| fault.belief.clone()).unwrap_or_default()
}

/// All that is said, the player's own way among it.
pub fn debrief(incident: &Incident, course: &Course, played: &Played) -> Vec<(&'static str, String)> {
    let mut lines = debrief_lines(incident, course);
    lines.insert(3, ("your way", own_way(incident, played)));
    for change in incident.ticket.changes.iter().filter(|change| change.red_herring) {
        lines.push(("red herring", change.text.clone()));
    }
    lines
}

fn own_way(incident: &Incident, played: &Played) -> String {
    let fault = &incident.faults[0];
    let guess = match &played.guess {
        None => "no bet".to_owned(),
        Some(guess) => {
            let link = if guess.link == fault.link { "the right link" } else { "another link" };
            let class = if guess.class == fault.class { "the right class" } else { "another class" };
            format!("you bet on {link} and {class}")
        }
    };
    let files = if played.edited.is_empty() {
        "nothing was edited".to_owned()
    } else {
        format!("you edited {}", played.edited.join(", "))
    };
    let count = |count: u32, one: &str, several: &str| format!("{count} {}", if count == 1 { one } else { several });
    format!(
        "{guess}; {files}; {}, {}, {} min {:02} s",
        count(played.false_starts, "false start", "false starts"),
        count(played.hints, "hint", "hints"),
        played.seconds / 60,
        played.seconds % 60
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::practice::{Seed, Wanted, draw};

    #[test]
    fn every_fault_has_its_lines() {
        let course = Course::embedded().unwrap();
        for seed in 0..100 {
            let incident = draw(&course, Seed(seed), 0, &Wanted::default()).unwrap();
            let played = Played { solved: true, seconds: 65, false_starts: 1, ..Played::default() };
            let lines = debrief(&incident, &course, &played);
            assert!(lines.iter().all(|(_, line)| !line.trim().is_empty()), "{}: {lines:?}", incident.faults[0].id());
            assert!(lines[3].1.ends_with("1 false start, 0 hints, 1 min 05 s"), "{lines:?}");
        }
    }

    #[test]
    fn a_bet_is_compared_with_what_it_was() {
        let course = Course::embedded().unwrap();
        let incident = draw(&course, Seed(1), 0, &Wanted::default()).unwrap();
        let right = Guess { link: incident.faults[0].link.clone(), class: incident.class() };
        let way = |guess| own_way(&incident, &Played { guess: Some(guess), ..Played::default() });
        assert!(way(right.clone()).starts_with("you bet on the right link and the right class"));
        let other = Class::ALL.into_iter().find(|class| *class != incident.class()).unwrap();
        assert!(way(Guess { class: other, ..right }).contains("another class"));
    }
}
