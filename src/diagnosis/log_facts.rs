//! Facts that logs and answers give once they are held against other facts: whose address nginx called, what kind of module
//! is missing, which name the app asked for.

use std::collections::BTreeMap;

use crate::course::Roles;
use crate::probe::{Observation, Survey, evidence_id};

/// Adds, under the names of the course's parts, here those of the shop: `live.nginx.called` (`the app`, `a former address`), `live.flaskapp.missing_module` with `.missing_module_is` (`own`, `named by the
/// command`, `of a package`), `live.flaskapp.asked_for`, and whether neighbours share a network: `live.flaskapp.shares_with_db`.
pub(super) fn read(facts: &mut BTreeMap<String, String>, survey: &Survey, roles: &Roles) {
    if let Some(called) = called(survey, roles) {
        facts.insert(roles.fact("live.proxy.called"), called.into());
    }
    if let Some(name) = missing_module(survey, roles) {
        let root = name.split('.').next().unwrap_or(&name);
        let is = |fact: &str| facts.get(fact).is_some_and(|all| all.split(',').any(|one| one == root));
        let of_command =
            facts.get(&roles.fact("app.command_module")).is_some_and(|module| module.split('.').next() == Some(root));
        let kind = match (is(&roles.fact("app.modules")), of_command) {
            (true, _) => "own",
            (false, true) => "named by the command",
            (false, false) => "of a package",
        };
        facts.insert(roles.fact("live.app.missing_module_is"), kind.into());
        facts.insert(roles.fact("live.app.missing_module"), name);
    }
    let networks = |role: &str| survey.services.get(role).map(|one| &one.networks).filter(|all| !all.is_empty());
    for (one, other) in [(&roles.proxy, &roles.app), (&roles.app, &roles.database)] {
        if let (Some(of_one), Some(of_other)) = (networks(one), networks(other)) {
            let shared = of_one.iter().any(|network| of_other.contains(network));
            facts.insert(format!("live.{one}.shares_with_{other}"), if shared { "yes" } else { "no" }.into());
        }
    }
    let database = survey.evidence.get(evidence_id::FLASKAPP_DB).map(|evidence| &evidence.observation);
    if let Some(Observation::NameUnknown { name }) = database {
        facts.insert(roles.fact("live.app.asked_for"), name.clone());
    }
}

/// Whom nginx called last without success, by the address in its log. Nothing where the app's addresses are not known.
fn called(survey: &Survey, roles: &Roles) -> Option<&'static str> {
    let (proxy, app) = (survey.services.get(&roles.proxy)?, survey.services.get(&roles.app)?);
    let address = proxy.log.iter().rev().filter(|line| line.contains("[error]")).find_map(|line| {
        let (_, rest) = line.split_once("upstream: \"")?;
        let rest = rest.split_once("://").map_or(rest, |(_, rest)| rest);
        let end = rest.find(['/', '"'])?;
        rest[..end].rsplit_once(':').map(|(address, _)| address.trim_matches(['[', ']']))
    })?;
    let own = address.starts_with("127.") || address == "::1" || proxy.addresses.iter().any(|one| one == address);
    match app.addresses.as_slice() {
        _ if own => Some("itself"),
        [] => None,
        addresses if addresses.iter().any(|one| one == address) => Some("the app"),
        _ => Some("a former address"),
    }
}

/// The module that Python did not find.
fn missing_module(survey: &Survey, roles: &Roles) -> Option<String> {
    let log = &survey.services.get(&roles.app)?.log;
    let line = log.iter().rev().find(|line| line.trim_start().starts_with("ModuleNotFoundError: No module named "))?;
    line.split('\'').nth(1).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::probe::ServiceReport;

    fn shop() -> Roles {
        crate::course::Course::embedded().unwrap().roles
    }

    fn survey(nginx: &str, app: &str) -> Survey {
        let report = |line: &str, address: &str| ServiceReport {
            log: vec![line.into()],
            addresses: vec![address.into()],
            ..ServiceReport::default()
        };
        let services = [("nginx".into(), report(nginx, "10.0.0.3")), ("flaskapp".into(), report(app, "10.0.0.2"))];
        Survey { services: services.into(), ..Survey::default() }
    }

    #[test]
    fn an_address_is_a_former_one_only_where_nobody_of_the_stack_has_it() {
        let line = |address: &str| {
            format!(
                "[error] 7#7: *1 connect() failed (111: Connection refused), upstream: \"http://{address}:80/\", host: \"x\""
            )
        };
        for (address, is) in [
            ("10.0.0.2", "the app"),
            ("10.0.0.9", "a former address"),
            ("10.0.0.3", "itself"),
            ("127.0.0.1", "itself"),
            ("[::1]", "itself"),
        ] {
            assert_eq!(called(&survey(&line(address), ""), &shop()), Some(is), "{address}");
        }
        assert_eq!(called(&survey("[error] 7#7: no resolver defined to resolve flaskapp", ""), &shop()), None);
    }

    #[test]
    fn a_missing_module_is_told_by_whose_it_is() {
        for (module, is) in [("main", "named by the command"), ("database", "own"), ("flask_wtf", "of a package")] {
            let mut facts = BTreeMap::from([
                ("flaskapp.modules".to_owned(), "app,database".to_owned()),
                ("flaskapp.command_module".to_owned(), "main".to_owned()),
            ]);
            read(&mut facts, &survey("", &format!("ModuleNotFoundError: No module named '{module}'")), &shop());
            assert_eq!(facts["live.flaskapp.missing_module_is"], is);
        }
    }
}
