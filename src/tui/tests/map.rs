//! The chain at the top: choosing a link, reading its two ends, and following the engine.

use super::stage::{Stage, containers, facts, wrong_turn};
use crate::{
    conductor::{ContainerView, Update},
    engine::ServiceState,
    tui::{Focus, LinkState, Msg, Tab, chain},
};

fn asked() -> Stage {
    let mut stage = Stage::at_work(80, 24, "app-port");
    stage.verified("app-port", wrong_turn());
    stage
}

#[test]
fn arrows_choose_a_link_and_enter_opens_its_evidence() {
    let mut stage = asked();
    stage.press("Right");
    assert_eq!((stage.model.nav.focus, stage.model.nav.hop), (Focus::Map, Some(1)), "the first that is broken");
    insta::assert_snapshot!("map-link@80x24", stage.screen());
    stage.press("h h");
    assert_eq!(stage.model.nav.hop, Some(0));
    stage.press("l l l l");
    assert_eq!(stage.model.nav.hop, Some(2), "the chain has an end");
    stage.press("Left Enter");
    assert_eq!(
        (stage.model.nav.focus, stage.model.nav.tab, stage.model.nav.hop),
        (Focus::Side, Tab::Evidence, Some(1))
    );
    assert!(stage.shows("nginx → flaskapp"));
    stage.press("Esc");
    assert_eq!((stage.model.nav.focus, stage.model.nav.hop), (Focus::Lesson, None));
    stage.press("1");
    assert!(!stage.shows("nginx → flaskapp"), "the tab shows everything again");
}

#[test]
fn numbers_that_are_saved_and_not_live_change_nothing_on_the_map() {
    let mut stage = asked();
    let publishes = |published: &str, ports: &[&str]| {
        let mut all = containers();
        all[2].ports = ports.iter().map(|port| port.parse().unwrap()).collect();
        let mut facts = facts();
        for name in ["front.published", "nginx.published"] {
            facts.insert(name.into(), published.into());
        }
        [Update::Containers(all), Update::Facts(facts)]
    };
    let mut shut = wrong_turn();
    shut.hops[0].status = crate::diagnosis::Status::Fail;
    stage.verified("app-port", shut);
    let facing = |stage: &Stage| chain::map(&stage.model).links[0].facing.clone().map(|(left, _)| left);
    stage.send(Msg::Updates(publishes("80:8080", &["0.0.0.0:80->8080/tcp", "[::]:80->8080/tcp"]).into()));
    assert_eq!(facing(&stage).as_deref(), Some("publishes 80:8080"));
    stage.send(Msg::Updates(publishes("8080:80", &["0.0.0.0:80->8080/tcp"]).into()));
    assert_eq!(facing(&stage).as_deref(), Some("publishes 80:8080"), "the container still joins the old ones");
    stage.send(Msg::Updates(publishes("8080:80", &["0.0.0.0:8080->80/tcp"]).into()));
    assert_eq!(facing(&stage), None);
}

#[test]
fn the_numbers_of_a_link_stand_one_above_the_other() {
    let mut stage = Stage::at_work(140, 45, "app-port");
    stage.verified("app-port", wrong_turn());
    stage.press("m");
    insta::assert_snapshot!("map-link@140x45", stage.screen());
    stage.press("Left");
    insta::assert_snapshot!("map-first-link@140x45", stage.screen());
}

fn with(stage: &mut Stage, service: &str, state: ServiceState, exit_code: Option<i64>) {
    let change = |one: ContainerView| {
        if one.service == service { ContainerView { state, exit_code, started_at: None, ..one } } else { one }
    };
    stage.tell(Update::Containers(containers().into_iter().map(change).collect()));
}

#[test]
fn a_container_that_dies_turns_its_link_at_once() {
    let mut stage = asked();
    let link = |stage: &Stage, at: usize| chain::map(&stage.model).links[at].clone();
    assert_eq!(link(&stage, 0).state, LinkState::Works);
    with(&mut stage, "nginx", ServiceState::Exited, Some(1));
    assert_eq!((link(&stage, 0).state, link(&stage, 0).word.as_str()), (LinkState::Broken, "nginx died (1)"));
    assert_eq!(link(&stage, 1).state, LinkState::Old, "the rest was seen before");
    with(&mut stage, "nginx", ServiceState::Restarting, Some(1));
    assert_eq!(link(&stage, 0).word, "nginx dies again and again");
    with(&mut stage, "nginx", ServiceState::Running, None);
    assert_eq!(link(&stage, 0).state, LinkState::Old, "nobody has asked since");
}

#[test]
fn asking_again_stays_in_the_map() {
    let mut stage = asked();
    stage.press("m v");
    stage.verified("app-port", wrong_turn());
    assert_eq!((stage.model.nav.focus, stage.model.nav.hop), (Focus::Map, Some(1)));
}
