//! The works of a session: one after the other, each ended by dropping its future.

use std::{collections::BTreeMap, future::Future, pin::Pin, sync::Arc, time::Instant};

use super::{
    Session,
    observe::{LOOK_WITHIN, Seen},
};
use crate::conductor::{
    Asking, Update, Work, Works,
    job::{Finish, Question, bounded, label},
    jobs::moved_ports,
    plan::plan,
};
use crate::{
    course::Course,
    diagnosis::{LessonVerdict, Report, Status, Verdict},
    engine::{Engine, Progress},
    error::{Blame, Error, Result},
    journal::{self, Event, Outcome, WorkKind},
    probe::{Observation, Survey},
};

/// What waits for its turn.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Task {
    Work(WorkKind),
    Verify { lesson: String, asking: Asking },
    MakeLive,
    Stage { name: String, files: BTreeMap<String, String> },
}

/// A work that is going on.
pub(super) struct Running {
    work: Work,
    started: Instant,
    future: Pin<Box<dyn Future<Output = Result<Finish>> + Send>>,
}

impl Session {
    pub(super) async fn queue(&mut self, task: Task) {
        // A key pressed twice asks for the same thing once.
        if self.queue.back() != Some(&task) {
            self.queue.push_back(task);
        }
        self.next().await;
    }

    /// Starts what waits first, when nothing is going on.
    async fn next(&mut self) {
        while self.running.is_none() {
            let Some(task) = self.queue.pop_front() else { return };
            // Files are put in place with or without an engine.
            if let Task::Stage { name, files } = task {
                self.stage(name, &files).await;
                continue;
            }
            let Some(engine) = self.engine.clone() else {
                self.queue.clear();
                let error =
                    self.missing.clone().unwrap_or_else(|| Error::environment("no container engine was found yet"));
                self.update(Update::Failed(error)).await;
                return;
            };
            match task {
                Task::MakeLive => self.plan(&engine).await,
                Task::Stage { .. } => {}
                Task::Verify { lesson, asking } => self.start(engine, WorkKind::Verify, (lesson, asking)).await,
                Task::Work(kind) => self.start(engine, kind, Question::default()).await,
            }
        }
    }

    async fn plan(&mut self, engine: &Engine) {
        self.look_at_files().await;
        match tokio::time::timeout(LOOK_WITHIN, engine.containers(&self.project())).await {
            Ok(containers) => self.see(Seen::Containers(containers)).await,
            Err(_) => return self.update(Update::Failed(Error::environment("the engine does not answer"))).await,
        }
        let works = plan(self.files.stale(), &self.files.services(), &self.containers);
        if works.is_empty() {
            self.update(Update::Notice("Everything that was saved is live.".to_owned())).await;
        }
        for work in works.into_iter().rev() {
            self.queue.push_front(Task::Work(work));
        }
    }

    async fn start(&mut self, engine: Engine, kind: WorkKind, question: Question) {
        self.last_id += 1;
        let works = Works {
            engine,
            course: Arc::clone(&self.options.course),
            dir: self.lab.dir().to_owned(),
            images: self.options.images,
            told: self.told.0.clone(),
            moved: moved_ports(&self.progress, &self.containers),
            reloaded: self.files.reloaded.clone(),
        };
        let work = Work { id: self.last_id, label: label(&kind), kind: kind.clone() };
        let future = bounded(works, kind.clone(), question, Progress::to(self.steps.0.clone()));
        self.running = Some(Running { work: work.clone(), started: Instant::now(), future: Box::pin(future) });
        self.record(Event::WorkStarted { id: work.id, work: kind }).await;
        self.update(Update::Work(Some(work))).await;
    }

    pub(super) async fn work_ended(&mut self, result: Result<Finish>) {
        let Some(running) = self.running.take() else { return };
        self.drain().await;
        let seconds = running.started.elapsed().as_secs_f64();
        let outcome = match &result {
            Ok(_) => Outcome::Done,
            Err(error) if error.blame == Blame::Cancelled => Outcome::Cancelled,
            Err(error) => Outcome::Failed { error: error.to_string() },
        };
        self.record(Event::WorkEnded { id: running.work.id, work: running.work.kind, outcome, seconds }).await;
        match result {
            Ok(Finish::Done) => {}
            Ok(Finish::Images(images)) => self.update(Update::Images(images)).await,
            Ok(Finish::Verified { lesson, report, survey }) => self.verified(lesson, *report, *survey).await,
            Err(error) => self.update(Update::Failed(error)).await,
        }
        self.update(Update::Work(None)).await;
        self.look_at_engine();
        self.next().await;
    }

    /// What the work said until its end belongs before its end.
    pub(super) async fn drain(&mut self) {
        while let Ok(step) = self.steps.1.try_recv() {
            self.update(Update::Step(step)).await;
        }
        while let Ok(told) = self.told.1.try_recv() {
            self.tell(told).await;
        }
    }

    pub(super) async fn cancel(&mut self) {
        self.queue.clear();
        let Some(running) = self.running.take() else { return };
        let (work, seconds) = (running.work, running.started.elapsed().as_secs_f64());
        // Dropping the future ends the work where it stands; what it would still have told is of no interest.
        drop(running.future);
        self.drain().await;
        let event = Event::WorkEnded { id: work.id, work: work.kind, outcome: Outcome::Cancelled, seconds };
        self.record(event).await;
        self.update(Update::Work(None)).await;
        self.look_at_engine();
    }

    async fn verified(&mut self, lesson: String, report: Report, survey: Survey) {
        let changes = changed_lessons(&self.options.course, &self.progress, &lesson, &report, &survey);
        self.record(Event::Verified { lesson, report, survey }).await;
        self.show_facts().await;
        for event in changes {
            self.record(event).await;
        }
    }
}

/// Waits for the end of the work that is going on; for ever when there is none.
pub(super) async fn finished(running: &mut Option<Running>) -> Result<Finish> {
    match running {
        Some(running) => running.future.as_mut().await,
        None => std::future::pending().await,
    }
}

/// The lessons that this report solves for the first time (or again), and those that it takes back. A lesson without checks is
/// solved by being the one that was verified, while everything works. What came too late to be seen takes nothing back.
fn changed_lessons(
    course: &Course,
    progress: &journal::Progress,
    open: &str,
    report: &Report,
    survey: &Survey,
) -> Vec<Event> {
    let has_checks = |id: &str| course.lesson(id).is_some_and(|lesson| !lesson.checks.is_empty());
    let can_be_solved = |id: &str| has_checks(id) || id == open && report.verdict() == Verdict::Works;
    let too_late = |id: &str| {
        let seen = survey.evidence.get(id).map(|evidence| &evidence.observation);
        matches!(seen, Some(Observation::TimedOut { .. }))
    };
    let asked_of = |id: &str| course.lessons.iter().flat_map(|lesson| &lesson.checks).find(|check| check.id == id);
    let seen_to_fail = |lesson: &str| {
        let mut failed = report.checks.iter().filter(|check| check.lesson == lesson && check.status == Status::Fail);
        failed.any(|check| !asked_of(&check.id).is_some_and(|check| too_late(&check.evidence)))
    };
    let change = |verdict: &LessonVerdict| {
        let before = progress.lesson(&verdict.id);
        let lesson = verdict.id.clone();
        match verdict.status {
            Status::Pass if !before.is_solved() => Some(Event::LessonSolved { lesson, revealed: before.revealed }),
            Status::Fail if before.is_solved() && (seen_to_fail(&verdict.id) || !has_checks(&verdict.id)) => {
                Some(Event::LessonRegressed { lesson })
            }
            _ => None,
        }
    };
    report.lessons.iter().filter(|verdict| can_be_solved(&verdict.id)).filter_map(change).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        diagnosis::{CheckVerdict, Judgement},
        journal::Entry,
        probe::Evidence,
    };

    /// The lessons stand like this; of one that fails, each check does.
    fn report(statuses: &[(&str, Status)]) -> Report {
        let course = course();
        let failed = statuses.iter().filter(|(_, status)| *status == Status::Fail);
        let checks = failed.flat_map(|(id, status)| {
            course.lesson(id).unwrap().checks.iter().map(|check| CheckVerdict {
                id: check.id.clone(),
                lesson: (*id).into(),
                status: *status,
                command: String::new(),
                observed: String::new(),
                label: String::new(),
                words: String::new(),
            })
        });
        Report {
            judgement: Judgement::seen_broken(),
            checks: checks.collect(),
            lessons: statuses.iter().map(|(id, status)| LessonVerdict { id: (*id).into(), status: *status }).collect(),
            ..Report::default()
        }
    }

    fn course() -> Course {
        Course::load(std::path::Path::new("tests/fixtures/course")).unwrap()
    }

    #[test]
    fn what_came_too_late_takes_no_lesson_back() {
        let course = course();
        let lesson = course.lessons.iter().find(|lesson| !lesson.checks.is_empty()).unwrap();
        let mut progress = journal::Progress::default();
        progress.apply(&Entry { at: 1, event: Event::LessonSolved { lesson: lesson.id.clone(), revealed: false } });
        let seen = |observation: Observation| {
            let mut survey = Survey::default();
            for check in &lesson.checks {
                let (id, command, vantage) = (check.evidence.clone(), String::new(), String::new());
                let evidence = Evidence { id, command, vantage, observation: observation.clone(), seconds: 1.0 };
                survey.evidence.insert(check.evidence.clone(), evidence);
            }
            changed_lessons(&course, &progress, "another", &report(&[(&lesson.id, Status::Fail)]), &survey)
        };
        assert_eq!(seen(Observation::TimedOut { seconds: 10.0 }), []);
        assert_eq!(seen(Observation::Refused), [Event::LessonRegressed { lesson: lesson.id.clone() }]);
    }

    #[test]
    fn a_lesson_is_solved_once_and_again_after_it_was_not() {
        let course = course();
        let id = course.lessons.iter().find(|lesson| !lesson.checks.is_empty()).unwrap().id.clone();
        let mut progress = journal::Progress::default();
        let mut told = |status| {
            let events = changed_lessons(&course, &progress, "another", &report(&[(&id, status)]), &Survey::default());
            for event in events.clone() {
                progress.apply(&Entry { at: 1, event });
            }
            events
        };
        let solved = || vec![Event::LessonSolved { lesson: id.clone(), revealed: false }];
        assert_eq!(told(Status::Fail), []);
        assert_eq!(told(Status::Pass), solved());
        assert_eq!(told(Status::Pass), []);
        // What could not be asked takes nothing back.
        assert_eq!(told(Status::Unknown), []);
        assert_eq!(told(Status::Fail), [Event::LessonRegressed { lesson: id.clone() }]);
        assert_eq!(told(Status::Pass), solved());
    }

    #[test]
    fn a_lesson_without_checks_is_solved_only_by_itself() {
        let mut course = course();
        course.lessons[0].checks.clear();
        let id = course.lessons[0].id.clone();
        let (progress, mut passed) = (journal::Progress::default(), report(&[(&id, Status::Pass)]));
        let told =
            |open: &str, report: &Report| changed_lessons(&course, &progress, open, report, &Survey::default()).len();
        assert_eq!(told(&id, &passed), 0, "something is broken");
        passed.judgement = Judgement::Works;
        assert_eq!((told("another", &passed), told(&id, &passed)), (0, 1));
    }
}
