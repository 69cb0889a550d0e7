//! The stack that a directory asks for, with what its services are for.

use std::{collections::BTreeMap, path::Path};

use super::isolate::{Data, isolate};
use crate::{
    compose::{self, Finding, FoundRoles, LoadOptions, Stack},
    course::Course,
    error::{Blame, Error, Result, tells_of_the_machine},
};

/// The stack that a directory asks for, with what its services are for.
#[derive(Debug, Clone)]
pub struct Desired {
    /// The stack.
    pub stack: Stack,
    /// Which service plays which part.
    pub roles: FoundRoles,
}

impl Desired {
    /// Reads the compose file of a lab's directory as it is started there.
    ///
    /// # Errors
    /// Stack: the compose file cannot be used, with each finding rendered.
    pub fn of_lab(dir: &Path, course: &Course) -> Result<Self> {
        let mut desired = read(dir, course).map_err(|findings| unusable(&findings))?;
        desired.isolate_for(course);
        Ok(desired)
    }

    /// Keeps a stack to itself that comes with a course which is not ours.
    pub(super) fn isolate_for(&mut self, course: &Course) {
        if !course.is_ours() {
            isolate(&mut self.stack, Data::Kept);
        }
    }
}

/// The stack of a lab as its files say it, or what is wrong with it. That of a course which is not ours is read as a stranger's,
/// and is wrong where it asks for what a stranger does not get.
pub(super) fn read(dir: &Path, course: &Course) -> Result<Desired, Vec<Finding>> {
    if course.is_ours() {
        return with_roles(compose::load(dir, &LoadOptions { project: None, env: shell_variables() }));
    }
    // A name of its own choice could be that of somebody else's project.
    let desired = read_alone(dir, compose::project_name(dir))?;
    match compose::refusals(&desired.stack) {
        refused if refused.is_empty() => Ok(desired),
        refused => Err(refused),
    }
}

/// A stranger's stack: its files see nothing of this process's environment but where they lie, so that a grade does not depend
/// on who grades, and no secret of theirs ends up in a container.
pub(super) fn read_alone(dir: &Path, project: String) -> Result<Desired, Vec<Finding>> {
    let here = std::path::absolute(dir).unwrap_or_else(|_| dir.to_owned());
    let env = [("PWD".to_owned(), here.display().to_string())].into();
    with_roles(compose::load_beneath(dir, &LoadOptions { project: Some(project), env }))
}

fn with_roles(stack: Result<Stack, Vec<Finding>>) -> Result<Desired, Vec<Finding>> {
    let stack = stack?;
    let roles = compose::roles(&stack);
    Ok(Desired { stack, roles })
}

/// The variables of this process that are text, for `${…}` in compose files.
fn shell_variables() -> BTreeMap<String, String> {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect()
}

/// The error for a compose file that cannot be used.
pub(super) fn unusable(findings: &[Finding]) -> Error {
    let of_the_machine = findings.iter().any(|finding| tells_of_the_machine(&finding.message));
    let blame = if of_the_machine { Blame::Environment } else { Blame::Stack };
    findings
        .iter()
        .fold(Error::new(blame, "the compose file cannot be used"), |error, finding| error.why(finding.render()))
        .suggest("docker compose config   says what compose itself thinks of it")
}
