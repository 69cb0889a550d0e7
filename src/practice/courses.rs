//! The courses by which an incident is proved, played and judged.

use super::{debrief::debrief_lines, incident::Incident};
use crate::course::{Beat, Condition, Course, Hint, Lesson, Rung, WrongTurn};

/// The id of the one lesson of an incident.
pub const LESSON: &str = "incident";

/// A lesson of the proof, in which the faults without a story are.
const FAULTS: &str = "practice";

impl Incident {
    /// The course by which it is proved: all lessons in this costume, and what recognises the faults without a story.
    pub fn to_prove(&self, course: &Course) -> Course {
        let mut dressed = self.costume.course(course).over(self.making.files.clone(), self.working.clone());
        let own = course.practice.faults.iter().filter_map(|fault| fault.own.as_ref());
        let wrong_turns = own.map(|turn| self.dressed(turn)).collect();
        dressed.lessons.push(Lesson { id: FAULTS.to_owned(), wrong_turns, ..Lesson::default() });
        dressed
    }

    fn dressed(&self, turn: &WrongTurn) -> WrongTurn {
        WrongTurn { when: self.costume.condition(&turn.when), ..turn.clone() }
    }

    /// What the fault's symptom looks like, in this costume.
    pub fn symptom(&self, course: &Course) -> Option<Condition> {
        course.practice.symptom(&self.faults[0].symptom).map(|symptom| self.costume.condition(&symptom.when))
    }

    /// The course by which it is played and judged: one lesson with all that has to hold. Of the wrong turns, those are left out
    /// that the proof recognised (`named`): they are the answer.
    pub fn to_play(&self, course: &Course, named: &[String]) -> Course {
        let mut dressed = self.costume.course(course).over(self.making.files.clone(), self.working.clone());
        let lessons = std::mem::take(&mut dressed.lessons);
        let mut checks = Vec::new();
        let mut wrong_turns = Vec::new();
        for lesson in lessons {
            checks.extend(lesson.checks);
            wrong_turns.extend(lesson.wrong_turns.into_iter().filter(|turn| !named.contains(&turn.id)));
        }
        let fault = &self.faults[0];
        let line = |text: &str| self.costume.sentence(text);
        let hint = |rung, text: String| Hint { rung, text };
        dressed.lessons = vec![Lesson {
            id: LESSON.to_owned(),
            title: "An incident".to_owned(),
            symptom: self.ticket.said.lines().next().unwrap_or_default().to_owned(),
            beats: vec![Beat { step: String::new(), text: self.ticket.text(), show: None }],
            checks,
            hints: vec![
                hint(Rung::Where, self.where_to_look(course)),
                hint(Rung::What, line(&fault.tell)),
                hint(Rung::How, line(&fault.way)),
                hint(Rung::Show, format!("{}\n", line(&fault.cause))),
            ],
            debrief: self.debrief_page(course),
            golden: line(&fault.way),
            fix: self.undo(),
            wrong_turns,
            ..Lesson::default()
        }];
        dressed.title = "practice".to_owned();
        dressed.welcome =
            "Something that worked does not work any more.\nYou have a terminal, and a ticket.\n".to_owned();
        dressed.minutes = None;
        dressed.talk = Default::default();
        dressed.takeaways = Vec::new();
        // Nothing of the answer goes along with what is played.
        dressed.practice.faults.clear();
        dressed
    }

    /// Where the first hint leads.
    fn where_to_look(&self, course: &Course) -> String {
        let link = self.faults[0].link.as_deref().and_then(|id| course.hops.iter().find(|hop| hop.id == id));
        match link {
            Some(hop) => {
                format!("Between {} and {}.\n", self.costume.sentence(&hop.from), self.costume.sentence(&hop.to))
            }
            None => format!("In {} itself.\n", self.costume.sentence(&course.roles.app)),
        }
    }

    fn debrief_page(&self, course: &Course) -> String {
        let lines = debrief_lines(self, course);
        let herring = self.ticket.changes.iter().filter(|change| change.red_herring);
        let herring: String = herring.map(|change| format!("- a red herring: {}\n", change.text)).collect();
        lines.into_iter().map(|(name, line)| format!("- **{name}**: {line}\n")).chain([herring]).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::practice::{Seed, Wanted, draw};

    #[test]
    fn what_is_played_names_no_turn_that_is_the_answer() {
        let course = Course::embedded().unwrap();
        let incident = draw(&course, Seed(3), 0, &Wanted::default()).unwrap();
        let named = vec!["unknown-upstream".to_owned(), "loopback-only".to_owned()];
        let play = incident.to_play(&course, &named);
        assert!(play.lessons[0].wrong_turns.iter().all(|turn| !named.contains(&turn.id)));
        assert_eq!(play.lessons.len(), 1);
        let all: usize = course.lessons.iter().map(|lesson| lesson.checks.len()).sum();
        assert_eq!(play.lessons[0].checks.len(), all, "all that has to hold is asked for");
        assert_eq!(play.broken_stack(), &incident.making.files);
    }
}
