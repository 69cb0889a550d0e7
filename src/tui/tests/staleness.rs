//! What is shown as now is now: after each way in which a stack can change, no screen shows an older answer as present.

use super::stage::{Stage, containers, no_engine, rebuild_app, works};
use crate::{
    conductor::{ContainerView, EngineStatus, Update},
    engine::ServiceState,
    journal::Event,
    tui::{LinkState, chain},
};

/// A solved lesson whose last answer is a minute old.
fn solved() -> Stage {
    let mut stage = Stage::at_work(120, 40, "app-port");
    stage.verified("app-port", works());
    stage.model.now += 60_000;
    stage
}

fn one(stage: &mut Stage, change: impl Fn(&mut ContainerView)) {
    let mut all = containers();
    change(&mut all[2]);
    stage.tell(Update::Containers(all));
}

type Change = (&'static str, fn(&mut Stage));

const CHANGES: &[Change] = &[
    ("all removed by hand", |stage| stage.tell(Update::Containers(vec![]))),
    ("one removed by hand", |stage| stage.tell(Update::Containers(containers()[..2].to_vec()))),
    ("one stopped by hand", |stage| one(stage, |nginx| nginx.state = ServiceState::Exited)),
    ("one started again by hand", |stage| {
        let now = stage.model.now;
        one(stage, |nginx| nginx.started_at = Some(now));
    }),
    ("a port remapped by hand", |stage| one(stage, |nginx| nginx.ports = vec!["0.0.0.0:81->80/tcp".parse().unwrap()])),
    ("a file saved", |stage| {
        stage.edited("app.py");
        stage.stale(rebuild_app());
    }),
    ("the engine gone", |stage| stage.tell(Update::Engine(EngineStatus::Missing(no_engine())))),
    ("a new session", |stage| stage.event(Event::SessionStarted { version: "0".into() })),
    ("taken down", |stage| stage.event(Event::TakenDown { volumes: false })),
];

#[test]
fn an_older_answer_is_never_shown_as_a_present_one() {
    for (name, change) in CHANGES {
        let mut stage = solved();
        assert_eq!(chain::map(&stage.model).links[0].state, LinkState::Works, "{name}");
        change(&mut stage);
        let map = chain::map(&stage.model);
        assert!(map.links.iter().all(|link| link.state != LinkState::Works), "{name}: {map:?}");
        for size in [(80, 24), (120, 40)] {
            stage.model.size = size;
            stage.press("Esc");
            let map: String = stage.screen().lines().take(5).skip(1).collect();
            assert!(!map.contains('✓'), "{name}: {map}");
            for page in [crate::tui::Page::Work, crate::tui::Page::Solved] {
                stage.model.nav.page = page;
                let screen = stage.screen();
                assert!(!screen.contains("Verify: it works"), "{name}:\n{screen}");
                assert!(!screen.contains("✓ nginx reaches"), "{name}:\n{screen}");
            }
            stage.press("1");
            assert!(stage.shows("v looks again"), "{name}:\n{}", stage.screen());
            stage.press("0");
        }
    }
}

#[test]
fn an_older_answer_has_its_age_and_the_age_grows() {
    let mut stage = solved();
    stage.tell(Update::Containers(containers()[..2].to_vec()));
    assert!(stage.shows("1 min ago: 200 OK"), "{}", stage.screen());
    let wait = stage.model.moves().unwrap();
    assert!(wait <= std::time::Duration::from_secs(60));
    stage.later(u64::try_from(wait.as_millis()).unwrap());
    assert!(stage.shows("2 min ago: 200 OK"), "{}", stage.screen());
}

#[test]
fn what_changed_while_it_was_asked_is_not_known_afterwards() {
    let mut stage = solved();
    stage.work_starts(crate::journal::WorkKind::Verify);
    stage.tell(Update::Containers(containers()));
    stage.tell(Update::Containers(containers()[..2].to_vec()));
    stage.event(Event::Verified { lesson: "app-port".into(), report: works(), survey: super::stage::survey() });
    stage.work_ends(crate::journal::WorkKind::Verify, crate::journal::Outcome::Done);
    assert!(chain::map(&stage.model).links.iter().all(|link| link.state != LinkState::Works));
}

#[test]
fn what_a_question_stops_and_starts_again_is_no_change() {
    let mut stage = solved();
    stage.work_starts(crate::journal::WorkKind::Verify);
    stage.tell(Update::Containers(containers()));
    let now = stage.model.now;
    let ours = |state, started_at| {
        let mut all = containers();
        all[2] = ContainerView { state, started_at, by_us: true, ..all[2].clone() };
        Update::Containers(all)
    };
    stage.tell(ours(ServiceState::Exited, None));
    stage.tell(ours(ServiceState::Running, Some(now)));
    stage.event(Event::Verified { lesson: "app-port".into(), report: works(), survey: super::stage::survey() });
    stage.work_ends(crate::journal::WorkKind::Verify, crate::journal::Outcome::Done);
    // What the engine tells of it may come after the answer.
    stage.tell(ours(ServiceState::Running, Some(now + 1_000)));
    assert_eq!(chain::map(&stage.model).links[0].state, LinkState::Works);
    one(&mut stage, |nginx| nginx.started_at = Some(now + 60_000));
    assert!(chain::map(&stage.model).links.iter().all(|link| link.state != LinkState::Works), "that was another's");
}

#[test]
fn a_number_of_a_file_that_is_not_live_stands_on_no_link() {
    let mut stage = solved();
    let mut facts = super::stage::facts();
    facts.insert("nginx.upstream_port".into(), "9999".into());
    stage.stale(vec![crate::lab::Stale {
        service: "nginx".into(),
        files: vec!["conf.d/flaskapp.conf".into()],
        action: crate::lab::MakeLive::Reload,
    }]);
    stage.tell(Update::Facts(facts.clone()));
    assert_eq!(chain::map(&stage.model).links[1].port, ":5001", "what runs");
    stage.stale(vec![]);
    stage.tell(Update::Facts(facts));
    assert_eq!(chain::map(&stage.model).links[1].port, ":9999");
}

#[test]
fn the_newest_of_several_saved_files_is_named_and_an_age_starts_anew_with_each_save() {
    let mut stage = Stage::at_work(120, 40, "app-port");
    let mut stale = rebuild_app();
    stale[0].files = ["Dockerfile", "app.py", "models.py"].map(Into::into).to_vec();
    stage.edited("Dockerfile");
    stage.later(61_000);
    stage.edited("models.py");
    stage.stale(stale);
    assert!(stage.shows("models.py and 2 more files were saved a moment ago"), "{}", stage.screen());
    stage.later(30_000);
    assert!(stage.shows("saved 30 s ago"));
    stage.edited("models.py");
    assert!(stage.shows("saved a moment ago"));
}
