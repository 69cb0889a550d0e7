//! What each lesson is worth, and what a verdict earns.

use super::Record;
use crate::{
    course::Course,
    diagnosis::{Status, Verdict},
    error::{Error, Result},
};

/// What the lessons of a course are worth, in its order; only those that have a bug to mend.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scale(Vec<(String, u32)>);

/// What one lesson earned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lesson {
    /// The lesson's id.
    pub id: String,
    /// Points earned: all, or none.
    pub points: u32,
    /// Points to be had.
    pub max: u32,
    /// Why none were earned; empty where all were.
    pub why: String,
}

impl Scale {
    /// One point for each lesson (of those, when only one is judged), but as `points` says: `host-port=2,app-port=3`.
    ///
    /// # Errors
    /// Usage: not `lesson=number`, or a lesson that the course has not, or that has nothing to mend.
    pub fn new(course: &Course, only: Option<&str>, points: &[String]) -> Result<Self> {
        let judged = course.lessons.iter().filter(|lesson| !lesson.fix.is_empty());
        let judged = judged.filter(|lesson| only.is_none_or(|id| lesson.id == id));
        let mut scale: Vec<(String, u32)> = judged.map(|lesson| (lesson.id.clone(), 1)).collect();
        for text in points.iter().flat_map(|list| list.split(',')).filter(|text| !text.trim().is_empty()) {
            let (id, worth) = text.split_once('=').unwrap_or((text, ""));
            let (id, worth) = (id.trim(), worth.trim().parse().ok());
            let lessons = scale.iter().map(|(id, _)| id.as_str()).collect::<Vec<_>>().join(", ");
            let Some(entry) = scale.iter_mut().find(|(known, _)| known == id) else {
                return Err(Error::usage(format!("--points names `{id}`, which is no lesson that is judged"))
                    .suggest(format!("one of: {lessons}")));
            };
            entry.1 = worth.ok_or_else(|| {
                Error::usage(format!("--points has `{text}`")).suggest("a lesson and a whole number: host-port=2")
            })?;
        }
        Ok(Self(scale))
    }

    /// The lessons, in the course's order.
    pub fn lessons(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(id, _)| id.as_str())
    }

    /// Points to be had in all.
    pub fn max(&self) -> u32 {
        self.0.iter().map(|(_, worth)| worth).sum()
    }

    /// What a verdict earned, per lesson; `None` where it could not be told, which is no zero.
    pub fn earned(&self, record: &Record) -> Option<Vec<Lesson>> {
        if record.verdict == Verdict::Unknown {
            return None;
        }
        let lesson = |(id, max): &(String, u32)| {
            let why = self.missing(record, id);
            Lesson { id: id.clone(), points: if why.is_empty() { *max } else { 0 }, max: *max, why }
        };
        Some(self.0.iter().map(lesson).collect())
    }

    /// Why a lesson earned nothing; empty where it did.
    fn missing(&self, record: &Record, lesson: &str) -> String {
        if record.verdict == Verdict::Works {
            return String::new();
        }
        let mut checks = record.checks.iter().filter(|check| check.lesson == lesson).peekable();
        if checks.peek().is_none() {
            return record.why();
        }
        let open = checks.find(|check| check.status != Status::Pass);
        open.map(|check| format!("{}: {}", check.id, check.observed)).unwrap_or_default()
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::cli::formats::record::tests::{broken, unknown, works};

    pub fn scale() -> Scale {
        Scale(vec![("host-port".into(), 2), ("app-port".into(), 1)])
    }

    #[test]
    fn points_are_read() {
        let course = Course::embedded().unwrap();
        let scale = |points: &str| Scale::new(&course, None, &[points.to_owned()]);
        let ids: Vec<String> = scale("").unwrap().lessons().map(str::to_owned).collect();
        assert_eq!(ids, ["host-port", "app-port", "constructor", "representation"]);
        assert_eq!(scale("").unwrap().max(), 4);
        assert_eq!(scale("host-port=2, app-port=0").unwrap().max(), 4);
        for wrong in ["host-port", "host-port=x", "host-port=-1", "nothing=1", "hindsight=1"] {
            assert!(scale(wrong).is_err(), "{wrong}");
        }
        assert_eq!(Scale::new(&course, Some("app-port"), &[]).unwrap().max(), 1);
    }

    #[test]
    fn what_could_not_be_told_is_no_zero() {
        assert_eq!(scale().earned(&unknown()), None);
        let earned = scale().earned(&broken()).unwrap();
        assert_eq!(earned.iter().map(|lesson| lesson.points).collect::<Vec<_>>(), [0, 0]);
        assert!(earned[1].why.contains("not asked"), "{}", earned[1].why);
        assert_eq!(scale().earned(&works()).unwrap().iter().map(|lesson| lesson.points).sum::<u32>(), 3);
    }
}
