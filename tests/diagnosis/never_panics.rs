//! Whatever was seen, a verdict comes, and it blames nobody without a failure.

use std::collections::BTreeMap;

use breakfix::{
    diagnosis::{Status, Verdict, transcript},
    lab::Facts,
    probe::{Observation, Rows, Survey},
};
use proptest::prelude::*;

use crate::scene::*;

fn observation() -> impl Strategy<Value = Observation> {
    let text = "[ -~äß\n<>]{0,30}";
    prop_oneof![
        Just(Observation::Refused),
        Just(Observation::Reset),
        any::<f64>().prop_map(|seconds| Observation::TimedOut { seconds }),
        text.prop_map(|name| Observation::NameUnknown { name }),
        (any::<u16>(), text, text, proptest::option::of(text)).prop_map(|(status, body, visible, marker)| {
            let mut answer = http(status, "x", "y", &body);
            answer.visible = visible;
            answer.astray = marker.clone();
            answer.marker = marker;
            Observation::Http(answer)
        }),
        (text, proptest::collection::vec(text, 0..4), proptest::collection::vec(proptest::option::of(text), 0..6))
            .prop_map(|(table, columns, row)| {
                Observation::Rows(Rows {
                    database: None,
                    table,
                    columns,
                    rows: vec![row],
                    submitted: BTreeMap::new(),
                    total: 1,
                    kept: None,
                })
            }),
        (any::<i64>(), text).prop_map(|(code, output)| Observation::Exit { code, output }),
        text.prop_map(|because| Observation::NotAsked { because }),
        text.prop_map(|because| Observation::Unknown { because }),
    ]
}

proptest! {
    #[test]
    fn whatever_was_seen(
        seen in proptest::collection::btree_map("(browser-nginx|nginx-flaskapp|flaskapp-db|page|submit|rows)", observation(), 0..7),
        command in "[ -~]{0,20}(http://)?[ -~ä]{0,20}",
    ) {
        let mut scene = Scene { survey: Survey::default(), facts: Facts::default() };
        for (id, observation) in seen {
            scene.saw(&id, observation);
            let evidence = scene.survey.evidence.get_mut(&id).unwrap();
            evidence.command = command.clone();
            transcript(evidence);
        }
        let report = scene.report();
        // Without a failure, no one is blamed.
        let fails = report.hops.iter().any(|hop| hop.status == Status::Fail)
            || report.checks.iter().any(|check| check.status == Status::Fail);
        prop_assert_eq!(report.verdict() == Verdict::Broken, fails);
    }
}
