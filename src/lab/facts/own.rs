//! Facts of a course's own: the course says what is read, and where.

use regex::RegexBuilder;

use super::{Facts, Sources, place};
use crate::{
    compose::{FoundRoles, Service},
    course::{Course, FactReader, OwnFact},
};

pub(super) fn read(sources: &Sources<'_>, course: &Course, facts: &mut Facts) {
    for own in &course.facts {
        let read = match own.reader {
            FactReader::Environment => variable(sources, course, own),
            FactReader::Text => group(sources, own),
        };
        match (read, &own.default) {
            (Some((value, place)), _) => facts.put(&own.name, value, Some(place)),
            (None, Some(default)) => facts.put(&own.name, default, None),
            (None, None) => {}
        }
    }
}

/// A variable that the compose file gives to a service.
fn variable(sources: &Sources<'_>, course: &Course, own: &OwnFact) -> Option<(String, crate::compose::Place)> {
    let service = playing(sources.stack?, sources.roles, course, own.service.as_deref()?)?;
    let value = service.environment.get(&own.what)?.clone()?;
    Some((value, sources.place_of(service, &own.what)))
}

/// What the first group of the pattern takes from the file, or all that it matches.
fn group(sources: &Sources<'_>, own: &OwnFact) -> Option<(String, crate::compose::Place)> {
    let file = own.file.as_deref()?;
    let text = sources.texts.get(file)?;
    let found = RegexBuilder::new(&own.what).multi_line(true).build().ok()?.captures(text)?;
    let taken = found.get(1).or(found.get(0))?;
    let line = text[..taken.start()].matches('\n').count() + 1;
    Some((taken.as_str().to_owned(), place(file, line)))
}

/// The service that plays this role.
fn playing<'a>(
    stack: &'a crate::compose::Stack,
    roles: &FoundRoles,
    course: &Course,
    role: &str,
) -> Option<&'a Service> {
    let parts = [
        (&course.roles.proxy, &roles.proxy),
        (&course.roles.app, &roles.app),
        (&course.roles.database, &roles.database),
    ];
    match parts.into_iter().find(|(name, _)| *name == role) {
        Some((_, found)) => stack.service(found.as_ref()?),
        None => stack.service(&course.services.iter().find(|one| one.role == role)?.found_in(stack)),
    }
}
