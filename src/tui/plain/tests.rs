//! Line by line: what is said, once, and what can be typed.

use super::{
    keys::{Typed, typed},
    words::{Said, found},
};
use crate::{
    journal::{Event, WorkKind},
    tui::{
        Overlay, Page, Tab,
        model::{Focus, Model},
        tests::stage::{Stage, bad_gateway},
    },
};

fn asked() -> Stage {
    let mut stage = Stage::at_work(100, 30, "app-port");
    stage.verified("app-port", bad_gateway());
    stage
}

#[test]
fn a_hint_is_said_when_it_comes_and_the_page_is_not_read_again() {
    let mut stage = asked();
    let mut said = Said::default();
    let first = said.anew(&stage.model);
    assert!(first.contains("the form is there"), "{first}");
    stage.press("h");
    assert!(said.is_old(&stage.model), "it came after the prompt");
    let then = said.anew(&stage.model);
    assert!(then.contains("Hint 1") && !then.contains("the form is there"), "{then}");
    said.again();
    let again = said.anew(&stage.model);
    assert!(again.contains("Hint 1") && again.contains("the form is there"), "{again}");
}

fn files(stage: &mut Stage) {
    stage.model.nav.focus = Focus::Side;
    stage.model.nav.tab = Tab::Files;
}

#[test]
fn files_have_names_and_numbers_and_are_chosen_by_name() {
    let mut stage = asked();
    files(&mut stage);
    stage.model.nav.file_at = 0;
    let said = Said::default().anew(&stage.model);
    for words in ["Dockerfile, app.py, conf.d/flaskapp.conf", "Dockerfile, line by line:", "1: FROM python:3.13-slim"] {
        assert!(said.contains(words), "{words}\n{said}");
    }
    for name in ["conf.d/flaskapp.conf", "flaskapp.conf"] {
        let Some(Typed::Keys(keys)) = typed(&stage.model, name) else { panic!("{name} is nothing") };
        assert_eq!(keys.len(), 2, "{name}: two files on");
    }
    assert_eq!(typed(&stage.model, "nothing.py"), None);
    assert_eq!(typed(&stage.model, "/proxy"), Some(Typed::Find("proxy".into())));
    stage.model.nav.file_at = 2;
    assert_eq!(found(&stage.model, "PROXY"), "4:         proxy_pass http://flaskapp:5001;\n");
    assert!(found(&stage.model, "nowhere").contains("No line holds"));
}

#[test]
fn words_are_words_where_words_are_asked_for_but_for_the_key_that_goes_on() {
    let mut stage = asked();
    stage.model.dialog.overlay = Some(Overlay::Note(Default::default()));
    for line in ["use another port", "v", "Esc "] {
        let is_words = matches!(typed(&stage.model, line), Some(Typed::Words(_)));
        assert_eq!(is_words, line != "Esc ", "{line}");
    }
    stage.model.dialog.overlay =
        Some(Overlay::Hypothesis { input: Default::default(), actions: vec![], changes: vec![] });
    assert!(matches!(typed(&stage.model, "u"), Some(Typed::Keys(_))));
    assert_eq!(typed(&stage.model, "use 80"), Some(Typed::Words("use 80".into())));
}

#[test]
fn help_says_what_can_be_typed_and_nothing_of_a_picture() {
    let mut stage = asked();
    stage.press("?");
    let said = Said::default().anew(&stage.model);
    for words in ["v, or verify:", "again, or a dot", "An empty line is Enter", "/word"] {
        assert!(said.contains(words), "{words}\n{said}");
    }
    for words in ["PgUp", "one line down", "mouse", "Ctrl-L"] {
        assert!(!said.contains(words), "{words}\n{said}");
    }
}

#[test]
fn the_browser_s_eye_is_there_and_pages_speak_of_no_place_or_colour() {
    let mut stage = asked();
    let mut survey = crate::tui::tests::stage::survey();
    if let Some(crate::probe::Observation::Http(page)) =
        survey.evidence.get_mut("browser-nginx").map(|evidence| &mut evidence.observation)
    {
        (page.body, page.visible) =
            ("<h1>502 Bad <b>Gateway</b></h1>".into(), "502 Bad Gateway, in large letters".into());
    }
    stage.event(Event::Verified { lesson: "app-port".into(), report: bad_gateway(), survey });
    stage.model.nav.focus = Focus::Side;
    stage.model.nav.tab = Tab::Evidence;
    let said = Said::default().anew(&stage.model);
    assert!(said.contains("the browser shows:\n502 Bad Gateway, in large letters"), "{said}");

    stage.press("Esc t");
    let said = Said::default().anew(&stage.model);
    assert!(said.contains("The tour") && !said.contains("at the top") && !said.contains('✗'), "{said}");
    let course = crate::course::Course::embedded().unwrap();
    let pages =
        course.lessons.iter().flat_map(|lesson| lesson.beats.iter().map(|beat| &beat.text).chain([&lesson.debrief]));
    for page in pages {
        for words in ["green", "turns red", "on the left", "on the right", "at the top"] {
            assert!(!page.contains(words), "{words}: {page}");
        }
    }
}

#[test]
fn a_page_that_is_turned_to_is_read_as_a_whole() {
    let mut stage = asked();
    let mut said = Said::default();
    said.anew(&stage.model);
    stage.model.nav.page = Page::Beat(0);
    let page = said.anew(&stage.model);
    assert!(page.contains("page 1 of"), "{page}");
    stage.work_starts(WorkKind::Verify);
    let Model { .. } = &stage.model;
    assert!(!said.anew(&stage.model).contains("page 1 of"), "it was read");
}
