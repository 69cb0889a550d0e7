//! Nobody is told the answer before the question: every screen that can be on before it is drawn and searched.

use std::sync::Arc;

use super::stage::{DAWN, Stage, containers, facts, survey};
use crate::{
    conductor::Update,
    course::{Course, Prediction},
    diagnosis::{HopVerdict, Judgement, Report, Status},
    journal::Event,
    lab::{MakeLive, Stale},
    probe::{Evidence, Observation},
    tui::{Config, LinkState, Model, Page, Start, Theme, chain, layout},
};

/// A secret for each piece of evidence; none of the ids' secrets may be seen that the question keeps back.
fn secret(id: &str) -> String {
    format!("secret-of-{id}")
}

/// The real course at a lesson, everything asked already, and each answer holding what the question keeps back.
fn before(lesson: &str, asked: &Prediction, columns: u16, rows: u16) -> Stage {
    let mut stage = Stage::new(columns, rows);
    stage.model = Model::new(Start {
        course: Arc::new(Course::embedded().unwrap()),
        others: Vec::new(),
        lab: "./systems-puzzle".into(),
        theme: Theme::MONO,
        own_editor: false,
        lesson: None,
        now: DAWN,
        size: (columns, rows),
        config: Config { tour: false, ..Config::default() },
    });
    stage.made();
    stage.tell(Update::Engine(crate::conductor::EngineStatus::Here(super::stage::engine())));
    stage.tell(Update::Images(super::stage::images(crate::engine::ImageOrigin::Registry)));
    stage.shop_runs();
    let course = Arc::clone(&stage.model.course);
    stage.press("Enter");
    for earlier in course.lessons.iter().take_while(|earlier| earlier.id != lesson) {
        stage.event(Event::Predicted { lesson: earlier.id.clone(), choice: None });
        stage.event(Event::LessonSolved { lesson: earlier.id.clone(), revealed: false });
    }
    stage.model.nav.lesson = course.position(lesson).unwrap();
    stage.model.nav.page = Page::Beat(0);
    stage.event(Event::LessonOpened { lesson: lesson.into() });
    let words: Vec<String> = asked.reveals.iter().filter(|word| asked.is_revealed_in(word)).cloned().collect();
    let mut survey = survey();
    for id in ["browser-nginx", "nginx-flaskapp", "flaskapp-db", "page", "submit", "rows", "upstream"] {
        let output = format!("{} {}", secret(id), words.join(" "));
        let observation = Observation::Exit { code: 0, output };
        let evidence =
            Evidence { id: id.into(), command: format!("ask {id}"), vantage: "host".into(), observation, seconds: 0.1 };
        survey.evidence.insert(id.into(), evidence);
    }
    let hops = course.hops.iter().map(|hop| HopVerdict {
        id: hop.id.clone(),
        status: Status::Fail,
        command: String::new(),
        observed: format!("{} {}", secret(&hop.id), words.join(" ")),
    });
    let report = Report { judgement: Judgement::seen_broken(), hops: hops.collect(), ..Report::default() };
    stage.event(Event::Verified { lesson: lesson.into(), report, survey });
    stage.event(Event::Noted { lesson: lesson.into(), text: words.join(" ") });
    stage.tell(Update::Containers(containers()));
    stage.tell(Update::Facts(facts()));
    stage.stale(vec![Stale {
        service: "nginx".into(),
        files: vec!["docker-compose.yml".into()],
        action: MakeLive::Recreate,
    }]);
    stage
}

#[test]
fn no_screen_before_a_question_holds_its_answer() {
    let course = Course::embedded().unwrap();
    let mut searched = 0;
    for lesson in course.lessons.iter() {
        let Some(asked) = &lesson.prediction else { continue };
        assert!(!asked.reveals.is_empty(), "{}: what reveals the answer is not said", lesson.id);
        for (columns, rows) in [(80, 24), (100, 30), (200, 60)] {
            let mut stage = before(&lesson.id, asked, columns, rows);
            for page in 0..=lesson.pages_before_question() {
                stage.model.nav.page = stage.model.pages()[page];
                // A digit answers the question.
                let on_question = stage.model.nav.page == Page::Question;
                let keys: &[&str] =
                    if on_question { &["l", "Esc ?", "Esc"] } else { &["0", "1", "5", "0 l", "Esc ?", "Esc 0"] };
                for keys in keys {
                    stage.press(keys);
                    loop {
                        let screen = stage.screen();
                        // The choices are the question's own.
                        let own = stage.model.nav.page == Page::Question
                            && stage.model.nav.focus == crate::tui::Focus::Lesson;
                        if !own {
                            assert!(!asked.is_revealed_in(&screen), "{} page {page}, {keys}:\n{screen}", lesson.id);
                        }
                        for id in ["browser-nginx", "nginx-flaskapp", "page", "submit", "rows", "upstream"] {
                            let kept = asked.is_revealed_by(id);
                            assert!(!kept || !screen.contains(&secret(id)), "{} {id}, {keys}:\n{screen}", lesson.id);
                        }
                        searched += 1;
                        let more = layout::focused_extent(&stage.model);
                        let top = stage.model.scroll_mut().top;
                        stage.press("PgDn");
                        if more.total <= more.height || stage.model.scroll_mut().top == top {
                            break;
                        }
                    }
                }
            }
        }
    }
    assert!(searched > 100);
}

#[test]
fn the_map_is_drawn_by_the_learner() {
    let mut stage = Stage::ready(100, 30);
    stage.shop_runs();
    stage.press("Enter");
    let links = |stage: &Stage| chain::map(&stage.model).links;
    assert!(
        links(&stage).iter().all(|link| link.state == LinkState::NotAsked && link.port.is_empty()),
        "nobody has asked"
    );
    // The first lesson with a bug, its question still open: marked, and without numbers.
    stage.model.nav.lesson = 1;
    stage.model.nav.page = Page::Beat(0);
    let mut report = super::stage::bad_gateway();
    report.hops[0].status = Status::Fail;
    report.hops[0].observed = "connection refused".into();
    stage.event(Event::Verified { lesson: "host-port".into(), report, survey: survey() });
    let mut wrong = facts();
    wrong.insert("front.published".into(), "80:8080".into());
    stage.tell(Update::Facts(wrong));
    let first = &links(&stage)[0];
    assert_eq!((first.state, first.word.as_str()), (LinkState::Broken, "refused"));
    assert_eq!((first.port.as_str(), &first.facing), ("", &None), "the numbers wait");
    assert!(links(&stage)[1..].iter().all(|link| link.state == LinkState::NotReached && link.port.is_empty()));
    // Who turns to it has asked.
    stage.press("m Enter");
    assert_eq!(links(&stage)[0].port, ":8080");
    assert!(links(&stage)[0].facing.is_some());
    assert_eq!(links(&stage)[1].state, LinkState::NotReached);
    // So has who answers or skips the question.
    stage.model.nav.opened.clear();
    assert_eq!(links(&stage)[0].facing, None);
    stage.event(Event::Predicted { lesson: "host-port".into(), choice: None });
    assert!(links(&stage)[0].facing.is_some());
    stage.press("m Right");
    assert_ne!(links(&stage)[1].state, LinkState::NotReached, "it was turned to");
}
