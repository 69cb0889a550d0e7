//! What the services are told that has to fit together: passwords, and how their health is asked for.

use super::{Facts, app::App, joined};
use crate::compose::Service;

/// What the app and the database are both told.
const SHARED: [&str; 3] = ["POSTGRES_USER", "POSTGRES_PASSWORD", "POSTGRES_DB"];
/// Variables that hold the database's whole address.
const ADDRESSES: [&str; 4] = ["DATABASE_URL", "SQLALCHEMY_DATABASE_URI", "DATABASE_URI", "DB_URL"];

pub(super) fn read(app: &App<'_>, facts: &mut Facts) {
    let sources = app.sources;
    for (part, service) in [("proxy", sources.proxy()), ("app", sources.app()), ("database", sources.database())] {
        if let Some(service) = service
            && let Some(check) = service.healthcheck.as_ref().filter(|check| !check.test.is_empty())
        {
            let test = sources.place_of(service, "test:");
            let stands = if test == service.place { sources.place_of(service, "healthcheck:") } else { test };
            facts.put(&format!("{part}.healthcheck"), check.test.join(" "), Some(stands));
        }
    }
    if let (Some(one), Some(other)) = (sources.app(), sources.database()) {
        let differs = |name: &&&str| matches!((told(one, name), told(other, name)), (Some(a), Some(b)) if a != b);
        let names = SHARED.iter().filter(differs).map(|name| (*name).to_owned());
        facts.put("database.told_otherwise", joined(names), None);
    }
    if let Some(signs) = password_signs(app) {
        facts.put("database.password_signs", signs, None);
    }
}

fn told<'a>(service: &'a Service, name: &str) -> Option<&'a String> {
    service.environment.get(name)?.as_ref()
}

/// The characters of the database's password that mean something else in an address.
fn password_signs(app: &App<'_>) -> Option<String> {
    let service = app.service?;
    let of_address = |name: &&str| {
        let (_, rest) = told(service, name)?.split_once("://")?;
        let (login, _) = rest.rsplit_once('@')?;
        Some(login.split_once(':')?.1.to_owned())
    };
    let password = told(service, "POSTGRES_PASSWORD").cloned().or_else(|| ADDRESSES.iter().find_map(of_address))?;
    Some(password.chars().filter(|c| "@:/?#%[]".contains(*c)).collect())
}
